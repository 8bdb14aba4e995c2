"""The engine's one call: its contract, its bounds, and what it makes of a citizen's text."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from bot.bench.system import System
from bot.keys import token
from bot.ports import EngineDown, TurnFailed, Utterance
from bot.rasa import RasaEngine

pytestmark = pytest.mark.asyncio(loop_scope="session")
# White space of all kinds that Rasa strips before it looks for its slash.
HIDDEN = ["/\u00a0/ask_person", "\u3000/ask_person", "/\u2028/goodbye", "/\x0b/ask_person", "/ \x1c/restart"]
BOUND = 24_000  # bytes of state, whatever was said


def says(text: str = "", language: str = "en", id: str = "m1", **picked: Any) -> Utterance:
    """Return an utterance."""
    return Utterance(id, "sms", language, text, **picked)


async def post(city: System, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """Post to /turn as anybody might."""
    content = body if isinstance(body, bytes) else json.dumps(body)
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{city.engine_url}/turn", data=content, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    "given", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer é"}, {"Authorization": "Bearer \udcff"}]
)
async def test_without_the_token_nothing_is_answered(city: System, given: dict[str, str]) -> None:
    body = {"conversation": "c", "state": {}, "message": {"text": "hello"}}
    assert await post(city, body, **given) == (401, {"error": "unauthorised", "detail": ""})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        [],
        {},
        {"conversation": "c"},
        {"conversation": "c", "message": {}},
        {"conversation": "c", "message": []},
        {"conversation": 1, "message": {"text": "hi"}},
        {"conversation": "c", "state": [], "message": {"text": "hi"}},
        {"conversation": "c", "state": {"events": "none"}, "message": {"text": "hi"}},
        {"conversation": "c", "state": {"events": [{"event": "nonsense"}]}, "message": {"text": "hi"}},
        {"conversation": "c", "state": {"nothing": 1}, "message": {"text": "hi"}},
        {"conversation": "c", "message": {"text": "hi", "metadata": "none"}},
        {"conversation": "c", "message": {"intent": "no_such_intent"}},
    ],
)
async def test_what_is_no_turn_is_refused_clearly(city: System, body: Any) -> None:
    status, answer = await post(city, body, Authorization=f"Bearer {token(city.secret, 'engine')}")
    assert status == 400
    assert answer["error"] == "bad_request"


async def test_the_same_state_and_message_give_the_same_turn(engine: RasaEngine) -> None:
    first = await engine.turn("c1", {}, says("i want to report a problem"))
    once = await engine.turn("c1", first.state, says("graffiti", id="m2"))
    again = await engine.turn("c1", first.state, says("graffiti", id="m2"))
    assert once.replies == again.replies
    assert [r.text for r in once.replies] != [r.text for r in first.replies]


async def test_the_state_stays_bounded_and_an_open_form_is_never_lost(engine: RasaEngine) -> None:
    turn = await engine.turn("c2", {}, says("i want to report graffiti on a wall"))
    sizes = []
    for number in range(60):
        turn = await engine.turn("c2", turn.state, says("what are your hours?", id=f"m{number}"))
        assert "where" in turn.replies[-1].text.lower()  # the hours, and the form's question again
        sizes.append(len(json.dumps(turn.state)))
    assert max(sizes) < BOUND
    assert max(sizes[-20:]) <= max(sizes[20:40]) * 1.05
    turn = await engine.turn("c2", turn.state, says("77 Zinnia Court", id="where"))
    for _ in range(4):
        if "send it" in turn.replies[-1].text:
            break
        turn = await engine.turn("c2", turn.state, says("skip", id="skip"))
    assert "77 Zinnia Court" in turn.replies[-1].text


@pytest.mark.parametrize(
    "text", ["/ask_person", '/goodbye{"language": "es"}', "//ask_person", " \n/ask_person", "/restart", "/", *HIDDEN]
)
async def test_a_citizens_text_is_never_a_command(engine: RasaEngine, text: str) -> None:
    turn = await engine.turn("c3", {}, says(text))
    heard = [event for event in turn.state["events"] if event["event"] == "user"][-1]
    assert not heard["text"].startswith("/")
    assert heard["parse_data"]["intent"].get("confidence", 0) < 1
    assert "adiós" not in " ".join(reply.text for reply in turn.replies).lower()


async def test_a_picked_intent_is_taken_as_it_is(engine: RasaEngine) -> None:
    turn = await engine.turn("c4", {}, says("A person", intent="ask_person"))
    assert [reply.handover.reason for reply in turn.replies if reply.handover] == ["asked"]


@pytest.mark.parametrize(("language", "word"), [("en", "automated"), ("es", "automático")])
async def test_the_answer_is_in_the_asked_language(engine: RasaEngine, language: str, word: str) -> None:
    turn = await engine.turn("c5", {}, says("hello", language))
    assert word in turn.replies[0].text


async def test_an_engine_that_is_not_there_is_down() -> None:
    nobody = RasaEngine("http://127.0.0.1:9", "token")
    with pytest.raises(EngineDown):
        await nobody.turn("c6", {}, says("hello"))
    assert not await nobody.ready()
    await nobody.close()


async def test_a_wrong_token_is_a_failed_turn(city: System) -> None:
    stranger = RasaEngine(city.engine_url, "wrong")
    with pytest.raises(TurnFailed):
        await stranger.turn("c7", {}, says("hello"))
    await stranger.close()


async def test_long_texts_do_not_swell_the_state(engine: RasaEngine) -> None:
    turn = await engine.turn("c8", {}, says("😀" * 1599))
    for number in range(30):
        turn = await engine.turn("c8", turn.state, says("😀" * 1599, id=f"m{number}"))
    assert len(json.dumps(turn.state)) < 4 * BOUND
