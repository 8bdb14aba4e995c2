"""The web chat over its form and its socket, with a core that remembers."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, FormData, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient, TestServer

from bot.ports import Premises
from channels import CHANNELS
from channels.webchat import MOST_SOCKETS, PATIENCE, WebChat, wire
from channels.webchat.session import COOKIE, Pace
from channels.webchat.words import WORDS, choose, spoken
from tests.channels.live import CHOICES, LiveCore

PUBLIC = "https://chat.riverton.example"
EN = spoken("en", "Riverton", "911")
ES = spoken("es", "Riverton", "911")


def premises(public_url: str = "http://127.0.0.1:8080", **env: str) -> Premises:
    return Premises({"CIVICLINE_SECRET_KEY": "k" * 32, **env}, public_url, False, "Riverton")


class Browser:
    """One citizen's browser: keeps its cookie, sends what browsers send."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client
        self.origin = str(client.make_url("")).rstrip("/")

    async def page(self, query: str = "", **headers: str) -> str:
        answer = await self.client.get("/chat" + query, headers=headers)
        assert answer.status == 200
        return await answer.text()

    async def post(self, text: str, once: str = "", **headers: str) -> Any:
        fields = {"text": text, "once": once} if once else {"text": text}
        headers = {"Origin": self.origin} | headers
        return await self.client.post("/chat", data=fields, headers=headers, allow_redirects=False)

    async def connect(self, after: int = 0) -> ClientWebSocketResponse:
        socket = await self.client.ws_connect("/chat/socket", headers={"Origin": self.origin})
        await socket.send_json({"type": "hello", "after": after})
        return socket

    @property
    def token(self) -> str:
        return str(self.client.session.cookie_jar.filter_cookies(self.client.make_url("/chat"))[COOKIE].value)

    @property
    def address(self) -> str:
        return sha256(self.token.encode()).hexdigest()


@dataclass
class Chat:
    core: LiveCore
    channel: WebChat
    browser: Browser


async def start(core: LiveCore, channel: WebChat) -> TestServer:
    core.channels[channel.name] = channel
    app = web.Application()
    app.add_routes(channel.routes(core))
    server = TestServer(app)
    await server.start_server()
    return server


@pytest.fixture
async def core() -> LiveCore:
    return LiveCore()


@pytest.fixture
async def chat(core: LiveCore) -> AsyncIterator[Chat]:
    channel = WebChat(premises(), patience=0.2)
    async with TestClient(await start(core, channel)) as client:
        yield Chat(core, channel, Browser(client))
        core.gate.set()
        await channel.close()


async def hear(socket: ClientWebSocketResponse, type: str) -> dict[str, Any]:
    """Return the next frame of a type, passing over the others."""
    while True:
        frame: dict[str, Any] = await socket.receive_json(timeout=5)
        if frame["type"] == type:
            return frame


def say(id: str, text: str) -> str:
    return json.dumps({"type": "message", "id": id, "text": text})


def shown(html: str) -> list[tuple[str, str]]:
    """Return the page's lines: who, and what."""
    found = re.findall(r'<div class="line (\w+)" data-seq="\d+".*?<p class="text">(.*?)</p>', html, re.DOTALL)
    return [(author, text) for author, text in found]


def once_of(html: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', html)
    assert found is not None
    return found[1]


# The channel


def test_it_is_in_the_list_and_needs_no_configuration() -> None:
    assert WebChat in CHANNELS
    channel = WebChat.open(premises())
    assert channel is not None
    assert (channel.name, channel.live, channel.buttons) == ("webchat", True, True)


# The page


async def test_first_contact(chat: Chat) -> None:
    answer = await chat.browser.client.get("/chat")
    html = await answer.text()
    assert '<html lang="en">' in html
    assert EN["intro"] in html
    assert "automated assistant of Riverton" in html
    assert "Not for emergencies. In an emergency, call 911." in html
    assert 'role="log" aria-live="polite"' in html
    assert '<label for="text">' in html
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", html), "something is written inline"


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("", "", "en"),
        ("", "es-MX,es;q=0.9,en;q=0.8", "es"),
        ("", "fr, es;q=0.5, en;q=0.3", "es"),
        ("", "en-US,es;q=0.9", "en"),
        ("", "es;q=0, en", "en"),
        ("", "es;q=x", "en"),
        ("?lang=es", "en", "es"),
        ("?lang=en", "es", "en"),
        ("?lang=xx", "es", "es"),
    ],
)
async def test_the_citizens_language(query: str, accept: str, language: str, chat: Chat) -> None:
    html = await chat.browser.page(query, **{"Accept-Language": accept})
    assert f'<html lang="{language}">' in html
    assert {"en": EN, "es": ES}[language]["intro"] in html
    other = {"en": "es", "es": "en"}[language]
    assert f'<a href="/chat?lang={other}" lang="{other}" hreflang="{other}">{WORDS[other]["language"]}</a>' in html


def test_every_language_has_every_word() -> None:
    for language, words in WORDS.items():
        assert words.keys() == WORDS["en"].keys(), language
        assert all(words.values()), language
        assert "911" in spoken(language, "Riverton", "911")["emergency"]
    assert choose(None, "es") == "es"


async def test_the_emergency_number_is_the_citys(core: LiveCore) -> None:
    channel = WebChat(replace(premises(), emergency="112"))
    async with TestClient(await start(core, channel)) as client:
        html = await Browser(client).page()
    assert "call 112." in html
    assert "911" not in html


@pytest.mark.parametrize(("public_url", "secure"), [(PUBLIC, True), ("http://127.0.0.1:8080", False)])
async def test_the_cookie(public_url: str, secure: bool, core: LiveCore) -> None:
    async with TestClient(await start(core, WebChat(premises(public_url)))) as client:
        cookies = [(await client.get("/chat")).cookies[COOKIE] for _ in range(2)]
    first = cookies[0]
    assert len(first.value) == 43
    assert (bool(first["httponly"]), first["samesite"], first["path"], bool(first["secure"])) == (True, "Lax", "/chat", secure)
    assert first["max-age"] == first["expires"] == ""
    # Over plain http the client keeps it and is given the same again; a Secure one it must not send back.
    assert (cookies[1].value == first.value) is not secure


async def test_the_core_never_sees_the_cookie(chat: Chat) -> None:
    await chat.browser.page()
    await chat.browser.post("hello", "once-1")
    (inbound,) = chat.core.inbound
    assert (inbound.channel, inbound.address, inbound.text) == ("webchat", chat.browser.address, "hello")
    assert chat.browser.token not in repr(inbound)
    assert "once-1" not in inbound.id


@pytest.mark.parametrize("cookie", ["", "short", "x" * 44, "../../etc/passwd" + "x" * 27, "é" * 43])
async def test_a_cookie_that_is_none_of_ours_is_replaced(cookie: str, core: LiveCore) -> None:
    async with TestClient(await start(core, WebChat(premises()))) as client:
        answer = await client.get("/chat", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert answer.status == 200
    assert re.fullmatch(r"[\w-]{43}", answer.cookies[COOKIE].value)


# The form


async def test_the_form_shows_the_whole_conversation(chat: Chat) -> None:
    once = once_of(await chat.browser.page())
    answer = await chat.browser.post("My street is dark", once)
    assert (answer.status, answer.headers["Location"]) == (303, "/chat?lang=en#latest")
    html = await chat.browser.page()
    assert shown(html) == [("citizen", "My street is dark"), ("bot", "You said: My street is dark")]
    assert once_of(html) != once
    assert EN["pending"] not in html


async def test_the_language_stays_over_the_form(chat: Chat) -> None:
    html = await chat.browser.page("?lang=es")
    assert 'action="/chat?lang=es"' in html
    answer = await chat.browser.client.post(
        "/chat?lang=es", data={"text": "hola"}, headers={"Origin": chat.browser.origin}, allow_redirects=False
    )
    assert answer.headers["Location"] == "/chat?lang=es#latest"


async def test_a_double_submit_is_one_message_and_going_back_another(chat: Chat) -> None:
    once = once_of(await chat.browser.page())
    answers = await asyncio.gather(*(chat.browser.post("hello", once) for _ in range(3)))
    assert [answer.status for answer in answers] == [303] * 3
    assert chat.core.texts == ["hello"]
    await chat.browser.post("hello again", once)
    assert chat.core.texts == ["hello", "hello again"]


async def test_an_answer_that_takes_long_is_waited_for_without_the_citizen(chat: Chat) -> None:
    await chat.browser.page()
    chat.core.gate.clear()
    assert (await chat.browser.post("hello")).status == 303
    html = await chat.browser.page()
    assert shown(html) == [("citizen", "hello")]
    assert EN["pending"] in html
    assert f'#latest">{EN["check"]}</a>' in html
    chat.core.gate.set()
    await until(lambda: chat.core.answered == 1)
    html = await chat.browser.page()
    assert shown(html)[-1] == ("bot", "You said: hello")
    assert EN["pending"] not in html


async def test_choices_are_buttons_while_they_are_the_last_word(chat: Chat) -> None:
    await chat.browser.page()
    await chat.browser.post(CHOICES)
    html = await chat.browser.page()
    assert '<button name="text" value="Report a problem">Report a problem</button>' in html
    await chat.browser.post("Report a problem")
    assert 'value="Report a problem"' not in await chat.browser.page()
    assert chat.core.texts == [CHOICES, "Report a problem"]


@dataclass(frozen=True)
class Posts:
    says: str
    text: str
    status: int
    word: str = ""
    kept: str = ""


POSTS = [
    Posts("5,000 characters", "a" * 5000, 303, kept="a" * 5000),
    Posts("5,001 characters", "a" * 5001, 400, "too_long"),
    Posts("nothing", "", 400, "empty"),
    Posts("only spaces", " \n\t ", 400, "empty"),
    Posts("only NUL", "\0\0", 400, "empty"),
    Posts("NUL inside", "a\0b", 303, kept="ab"),
    Posts("emoji", "🕳️ in my street 👍🏽", 303, kept="🕳️ in my street 👍🏽"),
    Posts("right to left", "\u202eשלום", 303, kept="\u202eשלום"),
    Posts("a command", '/intent{"x":"y"}', 303, kept='/intent{"x":"y"}'),
    Posts("markup", "<script>alert(1)</script>", 303, kept="<script>alert(1)</script>"),
]


@pytest.mark.parametrize("case", POSTS, ids=lambda case: case.says)
async def test_what_the_form_takes(case: Posts, chat: Chat) -> None:
    await chat.browser.page()
    answer = await chat.browser.post(case.text)
    assert answer.status == case.status
    assert chat.core.texts == ([case.kept] if case.kept else [])
    html = await answer.text() if case.word else await chat.browser.page()
    assert (not case.word) or f'role="alert">{EN[case.word]}</p>' in html
    assert "<script>alert" not in html


async def test_what_was_written_is_not_lost_with_an_error(chat: Chat) -> None:
    answer = await chat.browser.post("My street is dark")  # the browser has no cookie yet
    html = await answer.text()
    assert answer.status == 400
    assert EN["no_cookie"] in html
    assert ">My street is dark</textarea>" in html
    assert chat.core.inbound == []
    assert (await chat.browser.post("My street is dark")).status == 303
    chat.core.broken = True
    answer = await chat.browser.post("It is still dark")
    assert answer.status == 503
    html = await answer.text()
    assert EN["failed"] in html
    assert ">It is still dark</textarea>" in html
    chat.core.broken, chat.core.dumb = False, True
    answer = await chat.browser.post("Still dark")
    html = await answer.text()
    assert EN["failed"] in html
    assert shown(html)[-1] == ("citizen", "Still dark")
    assert "></textarea>" in html  # it was kept: sent again, it would be there twice


BROKEN = [
    ("a multipart form", FormData({"text": "hello"}), None, 303),
    (
        "a file for a text",
        b'--b\r\nContent-Disposition: form-data; name="text"; filename="a.txt"\r\n\r\nhi\r\n--b--\r\n',
        "b",
        400,
    ),
    ("a multipart form without an end", b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhi', "b", 400),
    ("no boundary", b"text=hello", "", 400),
]


@pytest.mark.parametrize(("body", "boundary", "status"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
async def test_forms_of_other_kinds(body: Any, boundary: str | None, status: int, chat: Chat) -> None:
    await chat.browser.page()
    headers = {"Origin": chat.browser.origin}
    if boundary is not None:
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}" if boundary else "multipart/form-data"
    elif isinstance(body, FormData):
        body = FormData({"text": "hello"}, default_to_multipart=True)
    answer = await chat.browser.client.post("/chat", data=body, headers=headers, allow_redirects=False)
    assert answer.status == status
    assert chat.core.texts == (["hello"] if status == 303 else [])


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded; charset=nonsense", "application/json", "text/plain"])
async def test_a_body_that_is_no_form(kind: str, chat: Chat) -> None:
    await chat.browser.page()
    headers = {"Origin": chat.browser.origin, "Content-Type": kind}
    answer = await chat.browser.client.post("/chat", data=b"text=%ff%fe", headers=headers)
    assert answer.status == 400
    assert chat.core.inbound == []


# Whose page it is


@dataclass(frozen=True)
class Comes:
    says: str
    headers: dict[str, str]
    form: int
    socket: int


# "HERE" stands for the origin under which the test's server is reached.
COMES = [
    Comes("our page", {"Origin": "HERE"}, 303, 101),
    Comes("the public address", {"Origin": PUBLIC}, 303, 101),
    Comes("behind a proxy that ends TLS", {"Origin": "HTTPS-HERE"}, 303, 101),
    Comes("another site", {"Origin": "https://evil.example"}, 403, 403),
    Comes("a look-alike", {"Origin": PUBLIC + ".evil.example"}, 403, 403),
    Comes("the public host without TLS", {"Origin": PUBLIC.replace("https", "http")}, 403, 403),
    Comes("a sandboxed frame", {"Origin": "null"}, 403, 403),
    Comes("garbage", {"Origin": "https://[::"}, 403, 403),
    Comes("another site, by fetch metadata", {"Sec-Fetch-Site": "cross-site"}, 403, 403),
    Comes("a sister site, by fetch metadata", {"Sec-Fetch-Site": "same-site"}, 403, 403),
    Comes("our page, by fetch metadata", {"Sec-Fetch-Site": "same-origin"}, 303, 101),
    Comes("an old browser that says nothing", {}, 303, 403),
]


@pytest.mark.parametrize("case", COMES, ids=lambda case: case.says)
async def test_whose_page_may_speak(case: Comes, core: LiveCore) -> None:
    channel = WebChat(premises(PUBLIC))
    async with TestClient(await start(core, channel)) as client:
        here = str(client.make_url("")).rstrip("/")
        names = {"HERE": here, "HTTPS-HERE": here.replace("http://", "https://")}
        # The cookie is Secure, so this client would not send it over http by itself.
        headers = {name: names.get(value, value) for name, value in case.headers.items()} | {"Cookie": f"{COOKIE}={'t' * 43}"}
        form = await client.post("/chat", data={"text": "hello"}, headers=headers, allow_redirects=False)
        try:
            async with client.ws_connect("/chat/socket", headers=headers):
                socket = 101
        except WSServerHandshakeError as error:
            socket = error.status
        assert (form.status, socket) == (case.form, case.socket)
        assert core.texts == (["hello"] if case.form == 303 else [])
        await channel.close()


async def test_a_socket_needs_the_pages_cookie(chat: Chat) -> None:
    with pytest.raises(WSServerHandshakeError) as caught:
        await chat.browser.connect()
    assert caught.value.status == 403
    await chat.browser.page()
    await chat.browser.connect()


async def test_a_plain_request_to_the_socket_is_refused(chat: Chat) -> None:
    await chat.browser.page()
    answer = await chat.browser.client.get("/chat/socket", headers={"Origin": chat.browser.origin})
    assert answer.status == 400


# The socket


async def test_a_message_and_its_answer(chat: Chat) -> None:
    await chat.browser.page()
    socket = await chat.browser.connect()
    await socket.send_str(say("m-1", "  My street is dark "))
    frames = [await socket.receive_json(timeout=5) for _ in range(4)]
    assert frames[0] == {"type": "typing"}
    assert frames[1:] == [
        {"type": "line", "seq": 1, "author": "citizen", "text": "My street is dark", "choices": []},
        {"type": "line", "seq": 2, "author": "bot", "text": "You said: My street is dark", "choices": []},
        {"type": "accepted", "id": "m-1"},
    ]


async def test_choices_come_with_their_line(chat: Chat) -> None:
    await chat.browser.page()
    socket = await chat.browser.connect()
    await socket.send_str(say("m-1", CHOICES))
    assert (await hear(socket, "line"))["choices"] == []
    assert (await hear(socket, "line"))["choices"] == ["Ask about a case", "Report a problem", "Talk to a person"]


async def test_reading_goes_on_while_an_answer_is_made(chat: Chat) -> None:
    await chat.browser.page()
    socket = await chat.browser.connect()
    chat.core.gate.clear()
    await socket.send_str(say("m-1", "one"))
    await hear(socket, "typing")
    await socket.send_str("nonsense")
    assert (await hear(socket, "error"))["text"] == EN["unreadable"]
    await socket.send_str(say("m-2", "two"))
    await until(lambda: chat.core.texts == ["one", "two"])
    chat.core.gate.set()
    assert {(await hear(socket, "accepted"))["id"] for _ in range(2)} == {"m-1", "m-2"}


async def test_hello_replays_what_was_missed(chat: Chat) -> None:
    await chat.browser.page()
    for number in range(1, 6):
        chat.core.put(chat.browser.address, "bot", f"line {number}")
    socket = await chat.browser.connect(after=3)
    assert [(await hear(socket, "line"))["seq"] for _ in range(2)] == [4, 5]
    assert await chat.core.say(chat.browser.address, "staff", "Bea here.") == "chat-m6"
    frame = await hear(socket, "line")
    assert (frame["seq"], frame["author"], frame["text"]) == (6, "staff", "Bea here.")


async def test_nothing_is_pushed_before_hello(chat: Chat) -> None:
    await chat.browser.page()
    socket = await chat.browser.client.ws_connect("/chat/socket", headers={"Origin": chat.browser.origin})
    await chat.core.say(chat.browser.address, "bot", "one")
    with pytest.raises(asyncio.TimeoutError):
        await socket.receive_json(timeout=0.2)


async def test_every_open_page_of_the_citizen_and_no_other_sees_it(chat: Chat) -> None:
    await chat.browser.page()
    sockets = [await chat.browser.connect() for _ in range(2)]
    stranger: TestClient[Any, Any] = TestClient(chat.browser.client.server)
    async with stranger:
        browser = Browser(stranger)
        await browser.page()
        other = await browser.connect()
        await sockets[0].send_str(say("m-1", "hello"))
        for socket in sockets:
            assert [(await hear(socket, "line"))["text"] for _ in range(2)] == ["hello", "You said: hello"]
        with pytest.raises(asyncio.TimeoutError):
            await other.receive_json(timeout=0.2)
        await chat.channel.close()  # a server waits for its open sockets


async def test_a_page_that_is_closed_cancels_nothing_and_the_resend_is_no_second_message(chat: Chat) -> None:
    await chat.browser.page()
    socket = await chat.browser.connect()
    chat.core.gate.clear()
    await socket.send_str(say("m-1", "hello"))
    await until(lambda: chat.core.texts == ["hello"])
    await socket.close()
    again = await chat.browser.connect()
    await hear(again, "typing")
    await again.send_str(say("m-1", "hello"))
    assert await hear(again, "accepted") == {"type": "accepted", "id": "m-1"}
    chat.core.gate.set()
    assert (await hear(again, "line"))["text"] == "You said: hello"
    assert chat.core.texts == ["hello"]


async def test_the_same_id_in_another_browser_is_another_message(chat: Chat) -> None:
    stranger: TestClient[Any, Any] = TestClient(chat.browser.client.server)
    async with stranger:
        for browser in (chat.browser, Browser(stranger)):
            await browser.page()
            socket = await browser.connect()
            await socket.send_str(say("m-1", "hello"))
            await hear(socket, "accepted")
        await chat.channel.close()  # a server waits for its open sockets
    assert chat.core.texts == ["hello", "hello"]


async def test_an_answer_to_nobody_waits_in_the_history(chat: Chat) -> None:
    await chat.browser.page()
    assert await chat.core.say(chat.browser.address, "staff", "Bea here.") == "chat-m1"
    assert shown(await chat.browser.page()) == [("staff", "Bea here.")]


FRAMES: list[tuple[str, str | bytes, str, str]] = [
    ("no JSON", "hello", "unreadable", ""),
    ("no object", "[]", "unreadable", ""),
    ("deep", "[" * 100_000, "unreadable", ""),
    ("a huge number", '{"type": "hello", "after": ' + "9" * 5000 + "}", "unreadable", ""),
    ("a number no database holds", '{"type": "hello", "after": 9223372036854775808}', "unreadable", ""),
    ("a negative number", '{"type": "hello", "after": -1}', "unreadable", ""),
    ("a truth", '{"type": "hello", "after": true}', "unreadable", ""),
    ("unknown type", '{"type": "shout"}', "unreadable", ""),
    ("no id", '{"type": "message", "text": "hi"}', "unreadable", ""),
    ("an id of odd characters", say("a b", "hi"), "unreadable", ""),
    ("a long id", say("a" * 65, "hi"), "unreadable", ""),
    ("a number for a text", '{"type": "message", "id": "m", "text": 5}', "unreadable", ""),
    ("only spaces", say("m", " \n "), "empty", "m"),
    ("5,001 characters", say("m", "a" * 5001), "too_long", "m"),
    ("300,000 characters", say("m", "a" * 300_000), "too_long", "m"),
    ("binary", b"\x00\x01", "unreadable", ""),
]


@pytest.mark.parametrize(("frame", "word", "id"), [case[1:] for case in FRAMES], ids=[case[0] for case in FRAMES])
async def test_a_bad_frame_gets_an_error_and_the_socket_stays(frame: str | bytes, word: str, id: str, chat: Chat) -> None:
    await chat.browser.page()
    socket = await chat.browser.connect()
    await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
    assert await hear(socket, "error") == {"type": "error", "text": EN[word]} | ({"id": id} if id else {})
    await socket.send_str(say("m-2", "still here"))
    await hear(socket, "accepted")
    assert chat.core.texts == ["still here"]


async def test_half_a_surrogate_pair_can_be_kept(chat: Chat) -> None:
    await chat.browser.page()
    socket = await chat.browser.connect()
    await socket.send_str(r'{"type": "message", "id": "m", "text": "a\ud83d b \ud83d\ude00"}')
    await hear(socket, "accepted")
    assert chat.core.texts == ["a? b 😀"]


async def test_too_many_messages(chat: Chat) -> None:
    await chat.browser.page()
    socket = await chat.browser.connect()
    for number in range(22):
        await socket.send_str(say(f"m-{number}", f"{number}"))
    error = await hear(socket, "error")
    assert error["text"] == EN["too_fast"]
    assert error["id"].startswith("m-2")
    form = await chat.browser.post("one more")
    assert form.status == 429
    assert ">one more</textarea>" in await form.text()
    assert "one more" not in chat.core.texts


def test_the_pace_recovers_and_is_each_citizens_own() -> None:
    now = [0.0]
    pace = Pace(burst=2, rate=0.5, clock=lambda: now[0])
    assert [pace.allows("ann") for _ in range(3)] == [True, True, False]
    assert pace.allows("bob")
    now[0] = 2.0
    assert [pace.allows("ann") for _ in range(2)] == [True, False]
    now[0] = 1000.0
    assert [pace.allows("ann") for _ in range(3)] == [True, True, False]


def test_the_pace_forgets_the_quiet() -> None:
    now = [0.0]
    pace = Pace(burst=1, rate=1, clock=lambda: now[0])
    for number in range(10_001):
        pace.allows(str(number))
    now[0] = 60.0
    assert pace.allows("ann")
    assert len(pace) == 1


async def test_too_many_open_pages(chat: Chat) -> None:
    await chat.browser.page()
    sockets = [await chat.browser.connect() for _ in range(MOST_SOCKETS)]
    with pytest.raises(WSServerHandshakeError) as caught:
        await chat.browser.connect()
    assert caught.value.status == 429
    await sockets[0].close()
    await chat.browser.connect()


async def test_what_cannot_be_kept_is_said_and_not_logged(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await chat.browser.page()
    socket = await chat.browser.connect()
    chat.core.broken = True
    await socket.send_str(say("m-1", "my secret words"))
    assert await hear(socket, "error") == {"type": "error", "text": EN["failed"], "id": "m-1"}
    assert "OSError" in caplog.text
    assert "secret words" not in caplog.text
    assert chat.browser.token not in caplog.text
    chat.core.broken = False
    await socket.send_str(say("m-1", "my secret words"))
    assert (await hear(socket, "accepted"))["id"] == "m-1"


async def test_a_page_that_does_not_read_does_not_hold_up_the_core(chat: Chat) -> None:
    await chat.browser.page()
    await chat.browser.connect()  # and never reads again
    async with asyncio.timeout(5):
        for _ in range(200):
            await chat.core.say(chat.browser.address, "bot", "a" * 50_000)


async def test_close_waits_for_turns_and_tells_the_pages(core: LiveCore) -> None:
    channel = WebChat(premises())
    async with TestClient(await start(core, channel)) as client:
        browser = Browser(client)
        await browser.page()
        socket = await browser.connect()
        core.gate.clear()
        await socket.send_str(say("m-1", "hello"))
        await until(lambda: core.texts == ["hello"])
        closing = asyncio.create_task(channel.close())
        async with asyncio.timeout(5):
            while not socket.closed:
                await socket.receive()
        assert socket.close_code == 1001
        assert not closing.done()
        core.gate.set()
        await closing
        assert core.answered == 1


async def test_close_does_not_wait_for_ever(chat: Chat) -> None:
    await chat.browser.page()
    socket = await chat.browser.connect()
    chat.core.gate.clear()
    await socket.send_str(say("m-1", "hello"))
    await until(lambda: chat.core.texts == ["hello"])
    async with asyncio.timeout(3):
        await chat.channel.close()
    chat.core.gate.set()
    await until(lambda: chat.core.answered == 1)  # nor was the turn cancelled


def test_the_limits() -> None:
    assert 1 < PATIENCE < 10
    assert wire.LONGEST == 5000


async def until(true: Any) -> None:
    """Wait for something to come about."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 (the core under test has no event to wait for)
            await asyncio.sleep(0.01)
