"""Text messages over Twilio: what comes in, what goes out, and finding out what became of a message."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from bot.messages import STATUSES, Inbound, Outgoing, Receipt
from bot.ports import (
    CitizenGone,
    NotConfigured,
    OptedOut,
    OutcomeUnknown,
    Premises,
    ProviderDown,
    Refused,
    SendError,
    Throttled,
)
from bot.sandbox.provider import LocalProvider
from channels.sms import STATUS, Account, Sms
from tests.channels.harness import PATIENCE, ChannelTable, FakeCore, Peer, Receives, Request, Sends, serve
from tests.specs import problems, spec

SID, TOKEN, NUMBER = "AC" + "a1" * 16, "7f3c9e5b1d8a4f60b2c4d6e8f0a1b3c5", "+12025550199"
SECOND = Account("AC" + "b2" * 16, "0123456789abcdef0123456789abcdef", "+12025550198")
ANN = "+12025550123"
CITY = "https://city.example"
INBOUND, STATUS_PATH = "/channels/sms/inbound", "/channels/sms/status?message=out-1"
WORDS = "Where is my case 482 109 376?"

FORM = "application/x-www-form-urlencoded"
Fields = Sequence[tuple[str, str]]


def form(body: str | None = WORDS, **other: str) -> Fields:
    """Return the fields of a message as Twilio posts them; an empty `other` leaves its field out."""
    fields = {"AccountSid": SID, "From": ANN, "To": NUMBER, "MessageSid": "SM1", "NumMedia": "0", "Body": body} | other
    return [(name, value) for name, value in fields.items() if value is not None and (value or name == "Body")]


def signed(fields: Fields, path: str = INBOUND, token: str = TOKEN, city: str = CITY) -> dict[str, str]:
    """Return the headers that make `fields` Twilio's."""
    signature = RequestValidator(token).compute_signature(city + path, MultiDict(fields))
    return {"X-Twilio-Signature": signature, "Content-Type": FORM}


def message(says: str, fields: Fields, text: str = WORDS) -> Receives:
    """A signed message that is kept."""
    return Receives(says, INBOUND, encoded(fields), signed(fields), (Inbound("sms", ANN, text, "SM1", SID),))


def refused(says: str, status: int, fields: Fields, headers: dict[str, str] | None = None, path: str = INBOUND) -> Receives:
    """A message that is not kept."""
    return Receives(says, path, encoded(fields), signed(fields, path) if headers is None else headers, status=status)


def encoded(fields: Fields) -> bytes:
    return urlencode(fields).encode()


def receipt(status: str, became: str, code: str = "", error: str = "") -> Receives:
    """A signed receipt that is noted."""
    fields = [("AccountSid", SID), ("MessageSid", "SM9"), ("MessageStatus", status), *([("ErrorCode", code)] if code else [])]
    noted = (Receipt("sms", "out-1", became, "SM9", error),) if became else ()
    says = f"a receipt: {status} {code}"
    return Receives(says, STATUS_PATH, encoded(fields), signed(fields, STATUS_PATH), receipts=noted, status=204)


def multipart(fields: Fields, file: bool = False) -> bytes:
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields]
    if file:
        parts.append(
            '--b\r\nContent-Disposition: form-data; name="Media"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nx\r\n'
        )
    return "".join([*parts, "--b--\r\n"]).encode()


def as_multipart(headers: dict[str, str]) -> dict[str, str]:
    return headers | {"Content-Type": "multipart/form-data; boundary=b"}


GOOD = form()
UNSIGNED = {"Content-Type": FORM}
TWICE = [*form(), ("MediaUrl", "https://api.example/2"), ("MediaUrl", "https://api.example/1")]
SECOND_FORM = form(AccountSid=SECOND.sid)
HALF = encoded(GOOD) + rb"\ud83d"
RAW = b"AccountSid=" + SID.encode() + b"&From=%2B12025550123&MessageSid=SM1&Body=caf\xe9"

RECEIVES = [
    message("a text", GOOD),
    message("no Body (a photo)", form(body=None, NumMedia="1"), ""),
    message("an empty Body", form(""), ""),
    message("only spaces", form("   "), "   "),
    message("5,000 characters", form("a long story " * 384 + "end."), "a long story " * 384 + "end."),
    message("5,000 emoji", form("💡" * 5000), "💡" * 5000),
    message("emoji", form("the light 💡 is out 👍🏽"), "the light 💡 is out 👍🏽"),
    message("right to left", form("أين طلبي؟ ‮abc"), "أين طلبي؟ ‮abc"),
    message("a NUL", form("hello\0there"), "hello\0there"),
    message("a line break", form("one\r\ntwo"), "one\r\ntwo"),
    message("plus, ampersand, per cent", form("1+1 & 100% = ?"), "1+1 & 100% = ?"),
    message("an engine's command", form('/intent{"x":"y"}'), '/intent{"x":"y"}'),
    message("a field given twice", TWICE),
    Receives("a multipart form", INBOUND, multipart(GOOD), as_multipart(signed(GOOD)), (Inbound("sms", ANN, WORDS, "SM1", SID),)),
    Receives(
        "the second account",
        INBOUND,
        encoded(SECOND_FORM),
        signed(SECOND_FORM, token=SECOND.token),
        (Inbound("sms", ANN, WORDS, "SM1", SECOND.sid),),
    ),
    refused("no signature", 403, GOOD, UNSIGNED),
    refused("an empty signature", 403, GOOD, UNSIGNED | {"X-Twilio-Signature": ""}),
    refused("a wrong signature", 403, GOOD, UNSIGNED | {"X-Twilio-Signature": "AAAA"}),
    refused("a signature that is no ASCII", 403, GOOD, UNSIGNED | {"X-Twilio-Signature": "é" * 28}),
    refused("another token's signature", 403, GOOD, signed(GOOD, token="other")),
    refused("the second account's signature", 403, GOOD, signed(GOOD, token=SECOND.token)),
    refused("another text's signature", 403, GOOD, signed(form("Close my case"))),
    refused("another address's signature", 403, GOOD, signed(GOOD, "/channels/sms/status")),
    refused("a query that was not signed", 403, GOOD, signed(GOOD), INBOUND + "?a=b"),
    refused("signed for the host it came to", 403, GOOD, signed(GOOD, city="http://evil.example") | {"Host": "evil.example"}),
    refused("forwarded for another host", 403, GOOD, signed(GOOD, city="http://x.example") | {"X-Forwarded-Host": "x.example"}),
    message("no account named, signed by ours", form(AccountSid="")),
    refused("no account named, signed by nobody's", 403, form(AccountSid=""), signed(form(AccountSid=""), token="t" * 32)),
    refused("an unknown account", 403, form(AccountSid="AC" + "c3" * 16)),
    refused("nothing at all", 400, []),
    refused("JSON", 403, GOOD, signed(GOOD) | {"Content-Type": "application/json"}),
    refused("no MessageSid", 400, form(MessageSid="")),
    refused("no From", 400, form(From="")),
    refused("a blank From", 400, form(From="   ")),
    refused("a NUL in MessageSid", 400, form(MessageSid="SM\0")),
    refused("an endless From", 400, form(From="+1" + "5" * 5000)),
    refused("more than 64 kB", 413, form("x" * 70_000)),
    refused("a broken multipart form", 400, [], as_multipart(signed([]))),
    refused("multipart without a boundary", 400, GOOD, signed(GOOD) | {"Content-Type": "multipart/form-data"}),
    refused("an unknown charset", 400, GOOD, signed(GOOD) | {"Content-Type": FORM + "; charset=nope"}),
    Receives("a file in the form", INBOUND, multipart(GOOD, file=True), as_multipart(signed(GOOD)), status=400),
    Receives("not UTF-8", INBOUND, RAW, signed(GOOD), status=400),
    Receives("half a character", INBOUND, HALF, signed(GOOD) | {"Content-Type": FORM + "; charset=unicode_escape"}, status=400),
    Receives("bytes that are no gzip", INBOUND, encoded(GOOD), signed(GOOD) | {"Content-Encoding": "gzip"}, status=400),
    receipt("queued", "queued"),
    receipt("sending", "sending"),
    receipt("sent", "sent"),
    receipt("delivered", "delivered"),
    receipt("read", "delivered"),
    receipt("undelivered", "failed", "30003", "30003"),
    receipt("failed", "failed", "21610", "21610"),
    receipt("failed", "failed", "no number at all", ""),
    receipt("canceled", "failed"),
    receipt("received", ""),
    receipt("something new", ""),
    refused("a receipt without a signature", 403, GOOD, UNSIGNED, STATUS_PATH),
    refused("a receipt for another message", 403, GOOD, signed(GOOD, "/channels/sms/status?message=out-2"), STATUS_PATH),
    refused("a receipt without our id", 400, GOOD, path="/channels/sms/status"),
    refused("a receipt without theirs", 400, form(MessageSid=""), path=STATUS_PATH),
]

MADE = {"sid": "SM" + "0" * 32, "status": "queued", "body": WORDS, "date_created": "Mon, 23 Nov 2026 10:00:00 +0000"}


def no(code: int, status: int = 400) -> dict[str, Any]:
    """Twilio's answer to what it does not take; its sentence repeats number and text, as the real ones do."""
    return {"code": code, "message": f"The number {ANN} cannot get: {WORDS}", "status": status}


PROBLEM = {"type": "https://x.example", "title": f"No {ANN}", "status": 429, "code": 20429, "detail": WORDS}

SENDS = [
    Sends("accepted", 201, MADE),
    Sends("accepted with 200", 200, MADE),
    Sends("too fast", 429, no(20429, 429), Throttled, "20429"),
    Sends("too fast, and says no more", 429, b"slow down", Throttled),
    Sends("too fast, as a problem document", 429, PROBLEM, Throttled, "20429"),
    Sends("our queue is full", 400, no(21611), Throttled, "21611"),
    Sends("it failed", 500, b"<html>oops</html>", ProviderDown),
    Sends("it is down", 503, no(20503, 503), ProviderDown, "20503"),
    Sends("a gateway gave up", 504, b"", OutcomeUnknown),
    Sends("nobody listens", "gone", {}, ProviderDown),
    Sends("no answer in time", "hang", {}, OutcomeUnknown),
    Sends("the connection is lost", "drop", {}, OutcomeUnknown),
    Sends("accepted, unreadable", 201, b"<html>Welcome to the hotel</html>", OutcomeUnknown),
    Sends("accepted, cut short", 201, b'{"sid": "SM00', OutcomeUnknown),
    Sends("accepted, empty", 201, b"", OutcomeUnknown),
    Sends("accepted, a list", 201, b"[]", OutcomeUnknown),
    Sends("accepted, no sid", 201, {"status": "queued"}, OutcomeUnknown),
    Sends("accepted, impossible date", 201, MADE | {"date_created": 5}, OutcomeUnknown),
    Sends("opted out", 400, no(21610), OptedOut, "21610"),
    Sends("no such number", 400, no(21211), CitizenGone, "21211"),
    Sends("a landline", 400, no(21614), CitizenGone, "21614"),
    Sends("handset unreachable", 400, no(30003), CitizenGone, "30003"),
    Sends("wrong token", 401, no(20003, 401), Refused, "20003"),
    Sends("account suspended", 403, b"", Refused),
    Sends("too long", 400, no(21617), Refused, "21617"),
    Sends("no such account", 404, no(20404, 404), Refused, "20404"),
    Sends("elsewhere", 302, b"", Refused),
]


class TestSms(ChannelTable):
    """The tables above, and the cases that come free."""

    receives = RECEIVES
    sends = SENDS
    outgoing = Outgoing("out-1", "sms", ANN, WORDS, route=SID)
    provider_id = MADE["sid"]
    secrets: ClassVar[Sequence[str]] = (TOKEN, SECOND.token, ANN, ANN[1:], WORDS, "482 109 376", "482+109")

    def channel(self, provider: str) -> Sms:
        return Sms([Account(SID, TOKEN, NUMBER, provider), SECOND], CITY, patience=PATIENCE)

    def check_request(self, request: Request) -> None:
        document = spec("twilio_messages.json")
        path = f"/2010-04-01/Accounts/{SID}/Messages.json"
        schema = document["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"]["requestBody"]["content"]
        fields = dict(parse_qsl(request.body.decode(), strict_parsing=True))
        assert (request.method, request.path) == ("POST", path)
        assert problems(document, schema[request.headers["Content-Type"]]["schema"], fields) == []
        assert fields == {
            "To": ANN,
            "From": NUMBER,
            "Body": WORDS,
            "StatusCallback": "https://city.example/channels/sms/status?message=out-1",
        }


def test_every_status_is_one_that_the_core_and_twilio_know() -> None:
    known = spec("twilio_messages.json")["components"]["schemas"]["message_enum_status"]["enum"]
    assert set(STATUS.values()) <= set(STATUSES)
    assert set(STATUS) <= set(known)
    assert set(known) - set(STATUS) == {"receiving", "received", "partially_delivered"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
async def test_any_text_arrives_as_it_was_written(text: str) -> None:
    core = FakeCore()
    fields = form(text)
    async with TestClient(await serve(Sms([Account(SID, TOKEN, NUMBER)], CITY), core)) as phone:
        answer = await phone.post(INBOUND, data=encoded(fields), headers=signed(fields))
    assert (answer.status, [m.text for m in core.messages]) == (200, [text])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200), st.sampled_from([FORM, "multipart/form-data; boundary=b", "", "x"]))
async def test_no_bytes_break_it(body: bytes, kind: str) -> None:
    core = FakeCore()
    async with TestClient(await serve(Sms([Account(SID, TOKEN, NUMBER)], CITY), core)) as phone:
        answer = await phone.post(INBOUND, data=body, headers={"Content-Type": kind})
    assert 400 <= answer.status < 500
    assert core.messages == []


# Settings

TWILIO = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_FROM": NUMBER}
HOUSE = {"CIVICLINE_SECRET_KEY": "a" * 32, "CIVICLINE_LOCAL_URL": "http://127.0.0.1:8080"}


def premises(env: dict[str, str] | None = None, production: bool = False) -> Premises:
    return Premises(HOUSE | (env or {}), CITY, production)


def test_without_variables_it_is_off_in_production_and_local_elsewhere() -> None:
    assert Sms.open(premises(production=True)) is None
    sms = Sms.open(premises())
    assert sms is not None
    (local,) = sms.accounts.values()
    assert local.api_base == "http://127.0.0.1:8080/sandbox/twilio"


async def test_with_variables_the_citys_account_comes_first() -> None:
    production = Sms.open(premises(TWILIO, production=True))
    assert production is not None
    assert list(production.accounts.values()) == [Account(SID, TOKEN, NUMBER, "https://api.twilio.com")]
    elsewhere = Sms.open(premises(TWILIO | {"TWILIO_API_BASE": "http://127.0.0.1:9/x/"}))
    assert elsewhere is not None
    assert [account.api_base for account in elsewhere.accounts.values()] == [
        "http://127.0.0.1:9/x",
        "http://127.0.0.1:8080/sandbox/twilio",
    ]


@pytest.mark.parametrize("missing", TWILIO)
def test_a_missing_variable_is_named(missing: str) -> None:
    with pytest.raises(NotConfigured) as caught:
        Sms.open(premises(TWILIO | {missing: " "}))
    assert str(caught.value).startswith(f"{missing} missing")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("base", ["api.twilio.com", "ftp://api.twilio.com", "https://", "http://[", "http://x:y"])
def test_a_wrong_address_is_said(base: str) -> None:
    with pytest.raises(NotConfigured, match="TWILIO_API_BASE"):
        Sms.open(premises(TWILIO | {"TWILIO_API_BASE": base}))


def test_only_an_address_is_not_enough() -> None:
    with pytest.raises(NotConfigured, match="TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN and TWILIO_FROM missing"):
        Sms.open(premises({"TWILIO_API_BASE": "https://api.twilio.com"}))


# What became of a message: against the local provider


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Town:
    """The channel and the local provider over real sockets, and the core that hears of it."""

    def __init__(self) -> None:
        self.core, self.clock = FakeCore(), Clock()
        self.provider = LocalProvider("AC" + "d4" * 16, "local-token", NUMBER, CITY, "http://127.0.0.1:1", receipts=False)
        self.base = ""

    def sms(self) -> Sms:
        """Return a channel as a freshly started process has it."""
        account = Account(self.provider.sid, self.provider.token, NUMBER, self.base)
        return Sms([account], CITY, self.clock, PATIENCE)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    app = web.Application()
    app.add_routes(town.provider.routes("/sandbox/twilio"))
    server = TestServer(app)
    await server.start_server()
    town.base = str(server.make_url("/sandbox/twilio"))
    yield town
    await town.provider.close()
    await server.close()


def to_ann(id_: str, text: str = WORDS) -> Outgoing:
    return Outgoing(id_, "sms", ANN, text)


async def lose(sms: Sms, town: Town, outgoing: Outgoing) -> str:
    """Send a message whose answer is lost, and return the provider's id of it."""
    town.provider.drop_next()
    with pytest.raises(OutcomeUnknown):
        await sms.send(outgoing)
    return town.provider.messages(ANN)[-1].sid


@pytest.mark.parametrize("fault", ["drop_next", "hang_next", "garble_next"])
async def test_a_message_that_did_go_out_is_found(town: Town, fault: str) -> None:
    sms = town.sms()
    getattr(town.provider, fault)()
    with pytest.raises(OutcomeUnknown):
        await sms.send(to_ann("out-1"))
    assert await sms.find(to_ann("out-1")) == town.provider.messages(ANN)[0].sid
    await sms.close()


async def test_a_message_that_did_not_go_out_is_not_found(town: Town) -> None:
    sms = town.sms()
    town.provider.fail_next(504)
    with pytest.raises(OutcomeUnknown):
        await sms.send(to_ann("out-1"))
    assert await sms.find(to_ann("out-1")) is None
    await sms.close()


async def test_it_is_found_by_the_process_that_comes_after(town: Town) -> None:
    first, second = town.sms(), town.sms()
    sid = await lose(first, town, to_ann("out-1"))
    assert await second.find(to_ann("out-1")) == sid
    await first.close()
    await second.close()


async def test_an_equal_text_of_before_is_not_taken_for_it(town: Town) -> None:
    sms = town.sms()
    await sms.send(to_ann("out-1"))
    town.provider.fail_next(504)
    with pytest.raises(OutcomeUnknown):
        await sms.send(to_ann("out-2"))
    assert await sms.find(to_ann("out-2")) is None
    sid = await lose(sms, town, to_ann("out-3"))
    assert await sms.find(to_ann("out-3")) == sid
    await sms.close()


async def test_after_a_restart_an_old_equal_text_is_not_taken_for_it(town: Town) -> None:
    before, after = town.sms(), town.sms()
    await before.send(to_ann("out-1"))
    town.clock.ahead = timedelta(minutes=11)
    assert await after.find(to_ann("out-2")) is None
    await before.close()
    await after.close()


async def test_two_lost_equal_texts_are_two(town: Town) -> None:
    sms = town.sms()
    sids = [await lose(sms, town, to_ann(id_)) for id_ in ("out-1", "out-2")]
    assert [await sms.find(to_ann(id_)) for id_ in ("out-1", "out-2")] == sids
    await sms.close()


async def test_what_the_city_was_texted_is_not_taken_for_what_it_sent(town: Town) -> None:
    sms = town.sms()
    with pytest.raises(OSError, match="Cannot connect"):
        await town.provider.text(ANN, WORDS)
    assert await sms.find(Outgoing("out-1", "sms", NUMBER, WORDS)) is None
    await sms.close()


async def test_a_receipt_decides(town: Town) -> None:
    sms = town.sms()
    sid = await lose(sms, town, to_ann("out-1"))
    fields = [("AccountSid", town.provider.sid), ("MessageSid", sid), ("MessageStatus", "sent")]
    async with TestClient(await serve(sms, town.core)) as phone:
        await phone.post(STATUS_PATH, data=encoded(fields), headers=signed(fields, STATUS_PATH, town.provider.token))
    assert await sms.find(to_ann("out-1", "whatever it said")) == sid
    await sms.close()


FINDS: list[tuple[str, int | str, dict[str, Any] | bytes, type[SendError] | None]] = [
    ("an empty list", 200, {"messages": [], "page": 0}, None),
    ("no such account", 404, no(20404, 404), None),
    ("wrong token", 401, no(20003, 401), OutcomeUnknown),
    ("down", 503, b"", OutcomeUnknown),
    ("no list", 200, {"page": 0}, OutcomeUnknown),
    ("no JSON", 200, b"<html>", OutcomeUnknown),
    ("no answer", "hang", {}, OutcomeUnknown),
    ("lost", "drop", {}, OutcomeUnknown),
]


@pytest.mark.parametrize(("does", "answer", "raises"), [case[1:] for case in FINDS], ids=[case[0] for case in FINDS])
async def test_finding(does: int | str, answer: dict[str, Any] | bytes, raises: type[SendError] | None) -> None:
    peer = Peer(does, answer)
    async with peer.server() as server:
        with peer.ending():
            sms = Sms([Account(SID, TOKEN, NUMBER, str(server.make_url("")).rstrip("/"))], CITY, patience=PATIENCE)
            if raises is None:
                assert await sms.find(to_ann("out-1")) is None
            else:
                with pytest.raises(raises) as caught:
                    await sms.find(to_ann("out-1"))
                assert ANN not in f"{caught.value!r}"
            await sms.close()
    assert {request.query["To"] for request in peer.requests} == {ANN}


async def test_the_route_picks_the_account() -> None:
    peer = Peer(201, MADE)
    async with peer.server() as server:
        base = str(server.make_url("")).rstrip("/")
        sms = Sms([Account(SID, TOKEN, NUMBER, base), Account(SECOND.sid, SECOND.token, SECOND.number, base)], CITY)
        for route in (SECOND.sid, SID, "", "AC-unknown"):
            await sms.send(Outgoing(f"out-{route}", "sms", ANN, WORDS, route=route))
        await sms.close()
    senders = [(request.path.split("/")[3], dict(parse_qsl(request.body.decode()))["From"]) for request in peer.requests]
    assert senders == [(SECOND.sid, SECOND.number), (SID, NUMBER), (SID, NUMBER), (SID, NUMBER)]
