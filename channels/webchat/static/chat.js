// The chat as it happens: lines come over the socket; without it the forms work by themselves.
// The frames are described in channels/webchat/wire.py.
"use strict";

const words = document.body.dataset;
const log = document.getElementById("log");
const scroll = document.getElementById("scroll");
const choices = document.getElementById("choices");
const typing = document.getElementById("typing");
const connection = document.getElementById("connection");
const trouble = document.getElementById("trouble");
const compose = document.getElementById("compose");
const text = document.getElementById("text");

const waiting = new Map(); // id -> {text, item}: said here, not yet known to be kept
let socket = null;
let opened = false; // whether a socket has ever worked: if none has, the forms are sent as forms
let failures = 0;
let seen = Math.max(0, ...[...log.children].map((item) => Number(item.dataset.seq)));
let typingEnds = 0;

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the page came over https or from localhost
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bubble(author, said) {
  const item = document.createElement("div");
  item.className = `line ${author}`;
  const name = document.createElement("span");
  name.className = "author";
  name.textContent = words[author] || "";
  const body = document.createElement("p");
  body.className = "text";
  body.textContent = said;
  item.append(name, body);
  return item;
}

function state(item, shown) {
  item.querySelector(".state")?.remove();
  if (!shown) return;
  const note = document.createElement("p");
  note.className = "state";
  note.textContent = shown;
  item.append(note);
}

function down() {
  scroll.scrollTop = scroll.scrollHeight;
  if (getComputedStyle(scroll).overflowY !== "auto") compose.scrollIntoView({ block: "end" });
}

function offer(titles) {
  const pressed = choices.contains(document.activeElement);
  choices.querySelectorAll("button").forEach((button) => button.remove());
  for (const title of titles) {
    const button = document.createElement("button");
    button.name = "text";
    button.value = button.textContent = title;
    choices.append(button);
  }
  choices.hidden = titles.length === 0;
  if (pressed) text.focus(); // the focused button is gone: the keyboard goes on at the form
}

function think(on) {
  clearTimeout(typingEnds);
  typing.textContent = on ? words.typing : "";
  if (on) typingEnds = setTimeout(() => think(false), 60000);
}

function show(line) {
  if (line.seq <= seen) return;
  seen = line.seq;
  document.getElementById("pending")?.remove();
  const firstWaiting = [...log.children].find((item) => item.dataset.seq === undefined) || null;
  const own = [...waiting.values()].find((said) => line.author === "citizen" && said.text === line.text && !said.shown);
  if (own) {
    own.shown = true;
    own.item.classList.remove("waiting");
    state(own.item, "");
    own.item.dataset.seq = line.seq;
    if (own.item !== firstWaiting) log.insertBefore(own.item, firstWaiting);
  } else {
    const item = bubble(line.author, line.text);
    item.dataset.seq = line.seq;
    log.insertBefore(item, firstWaiting);
  }
  if (line.author !== "citizen") think(false);
  offer(line.author === "citizen" ? [] : line.choices);
  down();
}

function accepted(id) {
  const said = waiting.get(id);
  waiting.delete(id);
  // Every line was sent before: a message that is still unshown is there in the words the city kept.
  if (said && !said.shown) said.item.remove();
  if (waiting.size === 0) think(false);
}

function refused(frame) {
  trouble.textContent = frame.text;
  const said = waiting.get(frame.id);
  if (!said) return;
  waiting.delete(frame.id);
  if (waiting.size === 0) think(false);
  if (said.shown) return; // kept all the same: what failed came after
  if (text.value === "") {
    text.value = said.text; // back where it was written, to be sent again
    said.item.remove();
  } else {
    said.item.classList.replace("waiting", "unsent");
    said.item.dataset.seq = seen; // it keeps its place: what comes goes below
    state(said.item, words.unsent);
  }
}

function hear(event) {
  const frame = JSON.parse(event.data);
  if (frame.type === "line") show(frame);
  else if (frame.type === "accepted") accepted(frame.id);
  else if (frame.type === "typing") think(true), down();
  else if (frame.type === "error") refused(frame);
}

function transmit(id, said) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "message", id, text: said }));
}

function say(said) {
  said = said.trim();
  trouble.textContent = said ? "" : words.empty;
  if (!said) return false;
  const id = newId();
  const item = bubble("citizen", said);
  item.classList.add("waiting");
  state(item, words.sending);
  log.append(item);
  waiting.set(id, { text: said, item, shown: false });
  offer([]);
  transmit(id, said);
  down();
  return true;
}

function connect() {
  socket = new WebSocket(new URL(words.socket, location.href.replace(/^http/, "ws")));
  socket.onopen = () => {
    connection.textContent = failures && opened ? words.online : "";
    setTimeout(() => { if (failures === 0) connection.textContent = ""; }, 5000);
    document.getElementById("pending")?.remove();
    opened = true;
    failures = 0;
    socket.send(JSON.stringify({ type: "hello", after: seen }));
    // The same ids again: what had arrived already is not taken twice.
    for (const [id, said] of waiting) transmit(id, said.text);
  };
  socket.onmessage = hear;
  socket.onclose = () => {
    failures += 1;
    think(false);
    if (opened) connection.textContent = words.offline;
    setTimeout(connect, Math.min(30000, 500 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2));
  };
}

compose.addEventListener("submit", (event) => {
  if (!opened) return;
  event.preventDefault();
  if (say(text.value)) text.value = "";
  text.focus();
});

choices.addEventListener("submit", (event) => {
  if (!opened) return;
  event.preventDefault();
  if (event.submitter) say(event.submitter.value);
});

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  compose.requestSubmit();
});

connect();
down();
