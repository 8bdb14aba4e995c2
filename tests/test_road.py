"""The whole road on the running system: a signed text message in, the true status out by REST; complaints; bad input."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import pytest

from bot.bench.system import ACCOUNT, System
from tests.road import Citizen

pytestmark = pytest.mark.asyncio(loop_scope="session")

POTHOLE, TRASH, LIGHT, GRAFFITI = "482 109 379", "730 514 824", "902 146 375", "315 480 268"
REFERENCE = re.compile(r"\b\d{3} \d{3} \d{3}\b")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (f"where is my case {POTHOLE}", [POTHOLE, "pothole", "in progress"]),
        (f"{TRASH} status?", [TRASH, "trash", "done, closed"]),
        ("cual es el estado de mi caso 482109379", [POTHOLE, "bache", "en curso|en progreso|en proceso"]),
        (f"como va mi caso {LIGHT}", [LIGHT, "luz|alumbrado|farol|poste", "espera"]),
        (f"whats up with case {GRAFFITI}", [GRAFFITI, "graffiti", "private"]),
    ],
)
async def test_the_status_of_a_case(city: System, asked: str, says: list[str]) -> None:
    with Citizen(city) as ann:
        answer = await ann.ask(asked)
        for part in says:
            assert re.search(part, answer, re.IGNORECASE), answer
        assert await ann.hears_nothing_more()


async def test_the_rest_call_is_one_that_twilio_would_take(city: System) -> None:
    with Citizen(city) as ann:
        await ann.ask("hello")
        sent = city.provider.messages(ann.number)[-1]
        assert (sent.direction, sent.to, sent.sender) == ("outbound-api", ann.number, city.provider.number)


async def test_a_mistyped_reference_is_asked_again_and_never_guessed(city: System) -> None:
    with Citizen(city) as ann:
        for wrong in ("482 109 378", "482 109", "100 000 009"):
            answer = await ann.ask(f"status of case {wrong}")
            assert "pothole" not in answer.lower()
        assert "pothole" in (await ann.ask(POTHOLE)).lower()


ENGLISH = {
    "about": "noise from a bar every night",
    "where": "corner of Mill Street and 4th Ave",
    "else": "until 3 am",
    "pick": "1",
    "yes": "yes",
}
SPANISH = {
    "about": "ruido de un bar todas las noches",
    "where": "esquina de Mill Street y 4th Ave",
    "else": "hasta las 3",
    "pick": "1",
    "yes": "sí",
}


@pytest.mark.parametrize(("says", "answers_to"), [("I want to file a complaint", ENGLISH), ("quiero poner una queja", SPANISH)])
async def test_a_complaint_by_text_appears_in_open311(city: System, says: str, answers_to: dict[str, str]) -> None:
    with Citizen(city) as ann:
        reference = await _file(ann, says, answers_to)
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{city.url}/open311/v2/requests.json", params={"status": "open"}) as response,
        ):
            listed = await response.json()
        [found] = [r for r in listed if r["service_request_id"] == reference.replace(" ", "")]
        assert "noise" in found["service_name"].lower()
        assert reference in await ann.ask(f"case {reference}")


async def _file(ann: Citizen, says: str, answers_to: dict[str, str]) -> str:
    """Go through the report form as a person would: answer what is asked, until a reference comes."""
    answer = await ann.ask(says)
    for _ in range(12):
        if found := REFERENCE.search(answer):
            return found[0]
        answer = await ann.ask(answers_to[_asked_for(answer)])
    raise AssertionError(answer)


def _asked_for(question: str) -> str:
    lower = question.lower()
    for key, words in {
        "yes": ("yes or no", "send it", "sí o no", "lo envío", "enviamos", "¿la envi", "¿lo envi"),
        "pick": ("reply 1", "responda 1"),
        "where": ("where", "address", "dónde", "donde", "dirección"),
        "about": ("what is it about", "about", "de qué se trata", "trata", "qué"),
    }.items():
        if any(word in lower for word in words):
            return key
    return "else"


async def test_the_same_webhook_five_times_at_once_is_one_answer(city: System) -> None:
    with Citizen(city) as ann:
        await asyncio.gather(*(ann.text("hello", "SM" + "5" * 32) for _ in range(5)))
        await ann.text("hello", "SM" + "5" * 32)
        await ann.read()
        assert await ann.hears_nothing_more(2)


async def test_two_quick_messages_are_answered_in_order(city: System) -> None:
    with Citizen(city) as ann:
        await asyncio.gather(ann.text(f"status of case {POTHOLE}"), _soon(ann, f"status of case {TRASH}"))
        assert POTHOLE in await ann.read()
        assert TRASH in await ann.read()


async def _soon(ann: Citizen, text: str) -> None:
    await asyncio.sleep(0.005)
    await ann.text(text)


@pytest.mark.parametrize("signature", ["", "AAAA", None])
async def test_a_wrong_signature_is_refused_and_nothing_kept(city: System, signature: str | None) -> None:
    form = {"AccountSid": ACCOUNT, "MessageSid": "SMforged", "From": "+15550109999", "To": city.provider.number, "Body": "hi"}
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{city.url}/channels/sms/inbound", data=form, headers=headers) as response,
    ):
        assert response.status == 403
    await asyncio.sleep(0.5)
    assert not [m for m in city.provider.messages("+15550109999") if m.direction != "inbound"]


COMMAND = '/ask_case_status{"case_reference":"482 109 379"}'
ODD = ["", "   ", "😀", "x" * 5000, "a\x00b", "\u202eהיכן התיק שלי", COMMAND, "/restart", "%", "' OR 1=1"]


@pytest.mark.parametrize("text", ODD)
async def test_whatever_comes_gets_an_answer(city: System, text: str) -> None:
    with Citizen(city) as ann:
        assert len(await ann.ask(text)) > 10


@pytest.mark.parametrize(
    ("text", "words"), [("there is a fire at my house!!", "no one has been sent"), ("mi casa huele a gas", "911")]
)
async def test_danger_is_answered_before_anything(city: System, text: str, words: str) -> None:
    with Citizen(city) as ann:
        await ann.ask("I want to report a pothole")
        assert words in await ann.ask(text)


async def test_stop_and_start(city: System) -> None:
    with Citizen(city) as ann:
        await ann.ask("I want to report a pothole")
        assert "no more texts from Riverton" in await ann.ask("STOP")
        await ann.text("12 Oak Street")
        assert await ann.hears_nothing_more()
        assert "again" in await ann.ask("START")
        assert POTHOLE in await ann.ask(f"where is my case {POTHOLE}")


async def test_every_page_says_what_it_is(city: System) -> None:
    async with aiohttp.ClientSession() as http:
        for path, status in {
            "/healthz": 200, "/readyz": 200, "/metrics": 200, "/chat": 200, "/sandbox/": 200, "/nothing": 404,
            "/open311/v2/discovery.json": 200, "/open311/v2/services.xml": 200,
        }.items():  # fmt: skip
            async with http.get(city.url + path) as response:
                assert response.status == status, path


async def test_the_log_holds_no_words_and_no_numbers(city: System) -> None:
    with Citizen(city) as ann:
        await ann.ask("my name is Zebediah Quux and I live at 99 Elm")
        await asyncio.sleep(0.5)
        log = await asyncio.to_thread(city.log.read_text)
        assert "received" in log
        assert ann.number not in log
        assert "Zebediah" not in log
