// The phone comes alive: a counter, a keypad, and an inbox that looks for new texts every second.
"use strict";

const inbox = document.getElementById("inbox");
const write = document.getElementById("write");
const body = document.getElementById("body");
const counter = document.getElementById("counter");
const trouble = document.getElementById("trouble");
const number = inbox.dataset.number;

// GSM 03.38: one text has 160 of these characters (the second row counts twice), else 70 of any.
const GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_TWICE = "^{}\\[~]|€\f";

function size(text) {
  let septets = 0;
  for (const character of text) {
    if (GSM.includes(character)) septets += 1;
    else if (GSM_TWICE.includes(character)) septets += 2;
    else return { length: text.length, one: 70, more: 67 };
  }
  return { length: septets, one: 160, more: 153 };
}

function count() {
  const { length, one, more } = size(body.value);
  const parts = length <= one ? 1 : Math.ceil(length / more);
  counter.textContent = `${length}/${parts === 1 ? one : parts * more} · ${parts} ${parts === 1 ? "part" : "parts"}`;
}

function bubble(text) {
  const item = document.createElement("div");
  item.className = `text ${text.mine ? "mine" : "city"}`;
  const words = document.createElement("p");
  words.textContent = text.body;
  item.append(words, document.createElement("small"));
  return item;
}

function tick(item, text) {
  const state = `${text.at} ${text.status}`;
  if (item.dataset.state === state) return;
  item.dataset.state = state;
  const [sign, said] = [document.createElement("span"), document.createElement("span")];
  sign.ariaHidden = "true";
  sign.className = "tick";
  sign.textContent = text.tick;
  said.className = "unseen";
  said.textContent = text.status;
  const mark = document.createElement("span");
  mark.title = text.status;
  mark.append(sign, said);
  item.querySelector("small").replaceChildren(`${text.mine ? "You" : "City"} ${text.at} `, mark);
}

const known = new Map(); // sid -> its bubble

function show({ texts }) {
  const before = known.size;
  for (const text of texts) {
    if (!known.has(text.sid)) {
      if (known.size === 0) inbox.replaceChildren();
      const item = bubble(text);
      known.set(text.sid, item);
      inbox.append(item);
    }
    tick(known.get(text.sid), text);
  }
  if (known.size > before) inbox.scrollTop = inbox.scrollHeight;
}

async function look() {
  try {
    const answer = await fetch(`/sandbox/inbox?number=${encodeURIComponent(number)}`);
    if (answer.ok) show(await answer.json());
  } catch {
    // The gateway is being restarted: the next look finds it.
  }
  setTimeout(look, document.hidden ? 5000 : 1000);
}

async function send(text) {
  trouble.textContent = "";
  const fields = new URLSearchParams({ from: number, body: text });
  try {
    const answer = await fetch(write.action, { method: "POST", body: fields, headers: { Accept: "application/json" } });
    const said = await answer.json();
    if (answer.ok) return show(said), true;
    trouble.textContent = said.error;
  } catch {
    trouble.textContent = "The text could not be sent: the city’s system does not answer. Please try again.";
  }
  return false;
}

write.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = body.value;
  body.value = "";
  count();
  if (!(await send(text)) && body.value === "") body.value = text;
  count();
  body.focus();
});

document.getElementById("try")?.addEventListener("submit", (event) => {
  event.preventDefault();
  body.value = event.submitter.value;
  count();
  body.focus();
});

// Keys as on a basic phone: the digit first, pressed again at once the letters.
const LETTERS = { 1: "1.,?", 2: "2abc", 3: "3def", 4: "4ghi", 5: "5jkl", 6: "6mno", 7: "7pqrs", 8: "8tuv", 9: "9wxyz", 0: "0 ", "*": "*" };
let last = { key: "", at: 0, turn: 0 };

document.getElementById("keypad").addEventListener("click", (event) => {
  const key = event.target.closest("button")?.dataset.key;
  if (!key) return;
  const again = key === last.key && event.timeStamp - last.at < 900;
  last = { key, at: event.timeStamp, turn: again ? last.turn + 1 : 0 };
  if (key === "#") body.value = body.value.slice(0, -1);
  else body.value = (again ? body.value.slice(0, -1) : body.value) + LETTERS[key][last.turn % LETTERS[key].length];
  body.scrollTop = body.scrollHeight;
  count();
});

body.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  write.requestSubmit();
});
body.addEventListener("input", count);

counter.hidden = false;
document.getElementById("keypad").hidden = false;
count();
inbox.scrollTop = inbox.scrollHeight;
look();
