"""The sandbox's provider: it keeps to Twilio's description, and the real channel takes it for Twilio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bot.messages import Inbound, Outgoing, Receipt
from bot.ports import OutcomeUnknown, Premises, ProviderDown
from bot.sandbox.provider import KEPT_MESSAGES, LocalProvider
from channels.sms import Sms
from tests.channels.harness import FakeCore
from tests.specs import problems, spec

ANN, BEN = "+12025550123", "+12025550124"
# The address that is signed is not the one that is posted to, as behind a proxy.
CITY = "https://city.example"
PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


class House:
    """One process as the gateway is: the channel's webhooks and the provider on one port, as the settings wire them."""

    def __init__(self, port: int) -> None:
        self.local = f"http://127.0.0.1:{port}"
        premises = Premises({"CIVICLINE_SECRET_KEY": "k" * 32, "CIVICLINE_LOCAL_URL": self.local}, CITY, production=False)
        sms = Sms.open(premises)
        assert sms is not None
        self.sms, self.core, self.provider = sms, FakeCore(), LocalProvider.of(premises)
        app = web.Application()
        app.add_routes([*self.sms.routes(self.core), *self.provider.routes("/sandbox/twilio")])
        self.server = TestServer(app, port=port)

    @property
    def api(self) -> str:
        """The address of the provider's messages."""
        return f"{self.local}/sandbox/twilio{PATH.replace('{AccountSid}', self.provider.sid)}"

    async def receipts(self, count: int) -> list[Receipt]:
        """Wait until so many receipts have come."""
        async with asyncio.timeout(5):
            return [await self.core.noted.get() for _ in range(count)]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House(unused_port())
    await house.server.start_server()
    yield house
    await house.provider.close()
    await house.sms.close()
    await house.server.close()


def to(number: str, text: str = "Your case is open.", id_: str = "out-1") -> Outgoing:
    return Outgoing(id_, "sms", number, text)


async def post(house: House, form: dict[str, str], login: tuple[str, str] | None = None) -> tuple[int, Any]:
    """Post to the REST API and return status and answer."""
    user = aiohttp.encode_basic_auth(*(login or (house.provider.sid, house.provider.token)))
    async with (
        aiohttp.ClientSession() as session,
        session.post(house.api, data=form, headers={"Authorization": user}) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_text_takes_the_real_road(house: House) -> None:
    assert await house.provider.text(ANN, "¿Dónde está mi caso? 💡", sid="SM" + "7" * 32) == 200
    expected = Inbound("sms", ANN, "¿Dónde está mi caso? 💡", "SM" + "7" * 32, house.provider.sid)
    assert house.core.messages == [expected]


async def test_each_text_has_its_own_id_and_a_redelivery_the_same(house: House) -> None:
    for sid in ("", "", "SM" + "7" * 32, "SM" + "7" * 32):
        assert await house.provider.text(ANN, "hello", sid) == 200
    assert len({message.id for message in house.core.messages}) == len(house.core.messages) == 3


async def test_a_text_signed_with_another_token_is_refused(house: House) -> None:
    stranger = LocalProvider(house.provider.sid, "another token", house.provider.number, CITY, house.local)
    assert await stranger.text(ANN, "hello") == 403
    assert house.core.messages == []
    await stranger.close()


async def test_a_text_signed_for_another_city_is_refused(house: House) -> None:
    stranger = LocalProvider(house.provider.sid, house.provider.token, "+12025550100", "https://x.example", house.local)
    assert await stranger.text(ANN, "hello") == 403
    await stranger.close()


async def test_half_a_character_does_no_harm(house: House) -> None:
    assert await house.provider.text(ANN, "a\ud83d") == 200
    assert [message.text for message in house.core.messages] == ["a?"]


async def test_a_gateway_that_is_down_is_said(house: House) -> None:
    await house.server.close()
    with pytest.raises(aiohttp.ClientError):
        await house.provider.text(ANN, "hello")


async def test_what_the_city_sends_reaches_its_phone_only(house: House) -> None:
    with house.provider.subscribe(ANN) as ann, house.provider.subscribe(BEN) as ben:
        sid = await house.sms.send(to(ANN))
        message = await asyncio.wait_for(ann.get(), 5)
        assert (message.sid, message.body, message.sender) == (sid, "Your case is open.", house.provider.number)
        assert ben.empty()
    await house.sms.send(to(ANN, id_="out-2"))
    assert ann.empty()


async def test_receipts_come_in_order(house: House) -> None:
    sid = await house.sms.send(to(ANN, id_="a:1/ñ &x"))
    expected = [Receipt("sms", "a:1/ñ &x", status, sid) for status in ("sent", "delivered")]
    assert await house.receipts(2) == expected
    assert [message.status for message in house.provider.messages(ANN)] == ["delivered"]


async def test_no_stranger_is_called_back(house: House) -> None:
    for callback in ("http://127.0.0.2:1/x", CITY + ".evil.example/x", "@evil.example/"):
        form = {"To": ANN, "From": house.provider.number, "Body": "hi", "StatusCallback": callback}
        assert (await post(house, form))[0] == 201
    await house.sms.send(to(BEN))
    await house.receipts(2)
    assert [m.status for m in house.provider.messages(ANN)] == ["queued"] * 3


async def test_its_answers_keep_to_twilios_description(house: House) -> None:
    document = spec("twilio_messages.json")
    operations = document["paths"][PATH]
    form = {"To": ANN, "From": house.provider.number, "Body": "Hello 👋", "StatusCallback": f"{CITY}/x"}
    status, made = await post(house, form)
    assert status == 201
    assert problems(document, operations["post"]["responses"]["201"]["content"]["application/json"]["schema"], made) == []
    await house.provider.text(ANN, "Hello back")
    user = aiohttp.encode_basic_auth(house.provider.sid, house.provider.token)
    async with (
        aiohttp.ClientSession() as session,
        session.get(house.api, params={"To": ANN, "PageSize": "5"}, headers={"Authorization": user}) as answer,
    ):
        listed = await answer.json()
    assert problems(document, operations["get"]["responses"]["200"]["content"]["application/json"]["schema"], listed) == []
    assert [message["sid"] for message in listed["messages"]] == [made["sid"]]


def test_the_description_tells_wrong_from_right() -> None:
    document = spec("twilio_messages.json")
    schema = {"$ref": "#/components/schemas/api.v2010.account.message"}
    wrong = {"sid": "SM1", "status": "gone", "error_code": "30003", "date": "today", "direction": None}
    assert problems(document, schema, wrong) == [
        "it has an unknown date",
        "it.direction is null",
        "it.status is none of " + str(document["components"]["schemas"]["message_enum_status"]["enum"]),
        "it.sid does not look like ^(SM|MM)[0-9a-fA-F]{32}$",
        "it.error_code is no integer",
    ]


NUMBER = "+12025550100"
REFUSALS = [
    ("no To", {"From": NUMBER, "Body": "x"}, 21604),
    ("no From", {"To": ANN, "Body": "x"}, 21603),
    ("no Body", {"To": ANN, "From": NUMBER}, 21602),
    ("no number", {"To": "Ann", "From": NUMBER, "Body": "x"}, 21211),
    ("too long", {"To": ANN, "From": NUMBER, "Body": "x" * 1601}, 21617),
]


@pytest.mark.parametrize(("form", "code"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
async def test_what_twilio_refuses_it_refuses(house: House, form: dict[str, str], code: int) -> None:
    status, answer = await post(house, form)
    assert (status, answer["code"]) == (400, code)
    assert house.provider.messages(ANN) == ()


async def test_it_asks_for_the_token(house: House) -> None:
    good = {"To": ANN, "From": NUMBER, "Body": "x"}
    for login in ((house.provider.sid, "guess"), ("AC" + "0" * 32, house.provider.token)):
        status, answer = await post(house, good, login)
        assert (status, answer["code"]) == (401, 20003)
    assert house.provider.messages(ANN) == ()


async def test_faults_come_once_and_in_order(house: House) -> None:
    house.provider.fail_next(503)
    house.provider.drop_next()
    with pytest.raises(ProviderDown):
        await house.sms.send(to(ANN))
    with pytest.raises(OutcomeUnknown):
        await house.sms.send(to(ANN))
    sid = await house.sms.send(to(ANN, id_="out-2"))
    assert [message.sid for message in house.provider.messages(ANN)][1:] == [sid]


async def test_it_remembers_so_much_and_no_more() -> None:
    provider = LocalProvider("AC" + "0" * 32, "token", NUMBER, CITY, f"http://127.0.0.1:{unused_port()}")
    for count in range(KEPT_MESSAGES + 5):
        with pytest.raises(aiohttp.ClientError):
            await provider.text(ANN, str(count))
    assert [message.body for message in provider.messages(ANN)] == [str(count) for count in range(5, KEPT_MESSAGES + 5)]
    await provider.close()


def test_its_repr_keeps_the_token() -> None:
    assert "s3cret-token" not in repr(LocalProvider("AC1", "s3cret-token", NUMBER, CITY, CITY))
