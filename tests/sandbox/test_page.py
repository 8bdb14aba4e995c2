"""The sandbox's page over HTTP: whose phone it is, what it refuses, what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientConnectionError, web
from aiohttp.test_utils import TestClient, TestServer

from bot.sandbox.page import FIRST_NUMBER, LONGEST, NO_ANSWER, NO_TEXT, NOT_INVENTED, TOO_LONG, number_of, routes
from bot.sandbox.twilio_forms import Text

JSON = {"Accept": "application/json"}
Phone = TestClient[Any, Any]


@dataclass
class FakeProvider:
    """Remembers what is texted; `status` is what the city's webhook says, `down` loses the connection."""

    number: str = "+12025550100"
    status: int = 200
    down: bool = False
    texts: dict[str, list[Text]] = field(default_factory=dict)

    async def text(self, sender: str, body: str) -> int:
        if self.down:
            raise ClientConnectionError("refused")
        self.texts.setdefault(sender, []).append(
            Text(f"SM{len(self.texts)}", sender, self.number, body, "inbound", "received", datetime.now(UTC))
        )
        return self.status

    def messages(self, number: str) -> list[Text]:
        return self.texts.get(number, [])

    @property
    def bodies(self) -> list[tuple[str, str]]:
        return [(text.sender, text.body) for texts in self.texts.values() for text in texts]


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
async def phone(provider: FakeProvider) -> AsyncIterator[Phone]:
    app = web.Application()
    app.add_routes(routes(provider, try_these=("<Where is my case?>",), city="Riverton"))
    async with TestClient(TestServer(app)) as client:
        yield client


NUMBERS = [
    ("+1 202 555 0142", "+12025550142"),
    ("(202) 555-0142", "+12025550142"),
    ("12025550142", "+12025550142"),
    ("+1 555 010 0142", "+15550100142"),
    ("+1 212 867 5309", None),
    ("+44 20 7946 0555", None),
    ("911", None),
    ("", None),
    ("555", None),
    ("٢٠٢٥٥٥٠١٤٢", None),
    ("2" * 5000, None),
]


@pytest.mark.parametrize(("typed", "number"), NUMBERS)
def test_only_invented_numbers(typed: str, number: str | None) -> None:
    assert number_of(typed) == number


async def test_the_page(phone: Phone) -> None:
    answer = await phone.get("/sandbox/")
    html = await answer.text()
    assert answer.status == 200
    assert "+1 202 555 0142" in html
    assert "+1 202 555 0100" in html
    assert "&lt;Where is my case?&gt;" in html
    assert 'href="/chat"' in html
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_a_number_that_may_be_somebodys(phone: Phone) -> None:
    answer = await phone.get("/sandbox/", params={"number": "+12128675309"})
    html = await answer.text()
    assert answer.status == 400
    assert NOT_INVENTED in html
    assert 'value="+12128675309"' in html


async def test_a_text_by_form(provider: FakeProvider, phone: Phone) -> None:
    answer = await phone.post("/sandbox/text", data={"from": "+12025550143", "body": "hello"}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/sandbox/?number=%2B12025550143#latest")
    assert provider.bodies == [("+12025550143", "hello")]
    assert "hello" in await (await phone.get("/sandbox/", params={"number": "+12025550143"})).text()
    assert "hello" not in await (await phone.get("/sandbox/")).text()


async def test_a_text_by_script_and_the_inbox(phone: Phone) -> None:
    answer = await phone.post("/sandbox/text", data={"from": FIRST_NUMBER, "body": "<b>hi</b>"}, headers=JSON)
    assert answer.status == 200
    inbox = await (await phone.get("/sandbox/inbox", params={"number": FIRST_NUMBER})).json()
    assert inbox == await answer.json()
    (text,) = inbox["texts"]
    assert (text["mine"], text["body"], text["status"], text["tick"]) == (True, "<b>hi</b>", "received", "✓")
    assert (await phone.get("/sandbox/inbox", params={"number": "+12128675309"})).status == 400


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("no number", {"body": "hi"}, NOT_INVENTED),
    ("a number that may be somebody's", {"from": "+12128675309", "body": "hi"}, NOT_INVENTED),
    ("no text", {"from": FIRST_NUMBER}, NO_TEXT),
    ("a text that is too long", {"from": FIRST_NUMBER, "body": "a" * (LONGEST + 1)}, TOO_LONG),
]


@pytest.mark.parametrize(("fields", "error"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
async def test_what_is_refused(fields: dict[str, str], error: str, provider: FakeProvider, phone: Phone) -> None:
    by_script = await phone.post("/sandbox/text", data=fields, headers=JSON)
    assert (by_script.status, await by_script.json()) == (400, {"error": error})
    by_form = await phone.post("/sandbox/text", data=fields)
    assert by_form.status == 400
    assert error in await by_form.text()
    assert provider.bodies == []


ODD = ["", " ", "\0", "🕳️", "\u202eשלום", '/intent{"x":"y"}', "a" * LONGEST]


@pytest.mark.parametrize("body", ODD)
async def test_odd_texts_are_sent_as_they_are(body: str, provider: FakeProvider, phone: Phone) -> None:
    answer = await phone.post("/sandbox/text", data={"from": FIRST_NUMBER, "body": body}, headers=JSON)
    assert answer.status == 200
    assert provider.bodies == [(FIRST_NUMBER, body)]


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=b", "application/x-www-form-urlencoded; charset=x"]
)
async def test_a_form_that_is_broken(kind: str, provider: FakeProvider, phone: Phone) -> None:
    answer = await phone.post("/sandbox/text", data=b"--b\r\nfrom", headers={"Content-Type": kind})
    assert answer.status == 400
    assert provider.bodies == []


@pytest.mark.parametrize(("status", "down", "error"), [(403, False, "answered with error 403"), (200, True, NO_ANSWER)])
async def test_a_text_line_that_does_not_take_it(
    status: int, down: bool, error: str, provider: FakeProvider, phone: Phone
) -> None:
    provider.status, provider.down = status, down
    answer = await phone.post("/sandbox/text", data={"from": FIRST_NUMBER, "body": "hello"})
    html = await answer.text()
    assert answer.status == 502
    assert error in html.replace("&#39;", "'")
    assert ">hello</textarea>" in html


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "HERE"}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://[::"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
async def test_whose_page_may_text(headers: dict[str, str], status: int, provider: FakeProvider, phone: Phone) -> None:
    here = str(phone.make_url("")).rstrip("/")
    sent = {name: here if value == "HERE" else value for name, value in headers.items()}
    fields = {"from": FIRST_NUMBER, "body": "hello"}
    answer = await phone.post("/sandbox/text", data=fields, headers=sent, allow_redirects=False)
    assert answer.status == status
    assert len(provider.bodies) == (1 if status == 303 else 0)
