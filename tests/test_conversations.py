"""The stories of a conversation: who answers, who holds, and what is said when something fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.conversations import LONGEST, AlreadyTaken, NotHeld
from bot.messages import Inbound
from bot.ports import EngineDown, Turn, TurnFailed, Utterance
from bot.store.conversations import Outcome
from tests.desk import ANN, BEN, Desk, a_desk
from tests.fakes import FakeEngine


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as desk:
        yield desk


async def test_a_message_is_answered_and_the_state_kept(desk: Desk) -> None:
    await desk.hear("hello")
    await desk.hear("again")
    assert desk.channel.texts == ["You said hello", "You said again"]
    conversation = await desk.store.find("fake", ANN)
    assert conversation
    assert conversation.state == {"turns": 2}


async def test_a_redelivery_is_answered_once(desk: Desk) -> None:
    assert await desk.hear("hello", id="M1")
    assert not await desk.hear("hello", id="M1")
    assert desk.channel.texts == ["You said hello"]


async def test_five_deliveries_at_the_same_time_are_one_message(desk: Desk) -> None:
    new = await asyncio.gather(*(desk.hear("hello", id="M1") for _ in range(5)))
    assert sorted(new) == [False, False, False, False, True]
    assert desk.channel.texts == ["You said hello"]


async def test_quick_messages_are_answered_in_order(desk: Desk) -> None:
    desk.workflows.held_back = True
    for text in ("one", "two", "three"):
        await desk.hear(text)
    desk.workflows.held_back = False
    await asyncio.gather(*(desk.front.resume() for _ in range(3)))
    await desk.front.settled()
    assert desk.channel.texts == ["You said one", "You said two", "You said three"]


async def test_two_citizens_have_two_conversations(desk: Desk) -> None:
    await desk.hear("hello")
    await desk.hear("hola", address=BEN)
    assert [(sent.address, sent.text) for sent in desk.channel.sent] == [(ANN, "You said hello"), (BEN, "You said hola")]


async def test_staff_take_over_speak_and_give_back(desk: Desk) -> None:
    await desk.hear("human")
    assert await desk.holder() == "queue"
    await desk.conversations.take("fake", ANN, "bea")
    await desk.conversations.say("fake", ANN, "bea", "Hello, Bea here.")
    await desk.hear("hi Bea")
    await desk.conversations.release("fake", ANN)
    await desk.hear("thanks")
    assert desk.channel.texts == [desk.text("queued"), "Hello, Bea here.", desk.text("released"), "You said thanks"]
    assert [heard.text for heard in desk.engine.heard] == ["human", "thanks"]
    assert (await desk.store.find("fake", ANN)).state == {"turns": 1}  # type: ignore[union-attr]  # afresh


async def test_only_the_one_who_took_it_may_speak(desk: Desk) -> None:
    await desk.hear("human")
    await desk.conversations.take("fake", ANN, "bea")
    with pytest.raises(AlreadyTaken, match="bea"):
        await desk.conversations.take("fake", ANN, "cem")
    with pytest.raises(NotHeld):
        await desk.conversations.say("fake", ANN, "cem", "Hello")
    with pytest.raises(NotHeld):
        await desk.conversations.take("fake", BEN, "bea")
    assert desk.channel.texts == [desk.text("queued")]


async def test_two_clerks_reach_for_it_at_once(desk: Desk) -> None:
    await desk.hear("human")
    takes = [desk.conversations.take("fake", ANN, who) for who in ("bea", "cem")]
    ended = await asyncio.gather(*takes, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ended) == ["AlreadyTaken", "NoneType"]


class Overtaken(FakeEngine):
    """An engine so slow that staff take the conversation during its turn."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    async def turn(self, conversation: str, state: dict[str, int], utterance: Utterance) -> Turn:
        await self._desk.conversations.take("fake", ANN, "bea")
        return await super().turn(conversation, state, utterance)


async def test_an_answer_thought_of_while_staff_took_over_is_dropped(desk: Desk) -> None:
    desk.conversations._engine = Overtaken(desk)
    await desk.hear("hello")
    assert desk.channel.texts == []
    assert await desk.holder() == "staff"
    assert await desk.store.waiting() == []


async def test_a_reference_reaches_the_citizen_though_staff_took_over(desk: Desk) -> None:
    desk.conversations._engine = Overtaken(desk)
    await desk.hear("file")
    assert desk.channel.texts == ["Your report is case 482 109 379."]
    assert await desk.holder() == "staff"


async def test_a_form_that_ended_stays_ended_though_something_came_between(desk: Desk) -> None:
    class Crossed(FakeEngine):
        async def turn(self, conversation: str, state: dict[str, int], utterance: Utterance) -> Turn:
            if not self.heard:  # news of an earlier report is written down during this turn
                seen = await desk.store.find("fake", ANN)
                assert seen
                await desk.store.conclude(seen, Outcome())
            return await super().turn(conversation, state, utterance)

    desk.conversations._engine = Crossed()
    await desk.hear("file")
    assert desk.channel.texts == ["Your report is case 482 109 379."]
    conversation = await desk.store.find("fake", ANN)
    assert conversation
    assert conversation.state == {"turns": 1}


async def test_a_kept_report_is_kept_though_staff_took_over(desk: Desk) -> None:
    desk.conversations._engine = Overtaken(desk)
    await desk.hear("report")
    assert len(await desk.reports.unsettled()) == 1
    assert desk.channel.texts == ["Kept."]


async def test_one_turn_at_a_time_however_many_ask(desk: Desk) -> None:
    desk.workflows.held_back = True
    await desk.hear("hello")
    conversation = await desk.store.find("fake", ANN)
    assert conversation

    class Slow(FakeEngine):
        async def turn(self, conversation: str, state: dict[str, int], utterance: Utterance) -> Turn:
            await asyncio.sleep(0.05)
            return await super().turn(conversation, state, utterance)

    slow = desk.conversations._engine = Slow()
    await asyncio.gather(*(desk.front.answer(conversation.id) for _ in range(5)))
    assert [heard.text for heard in slow.heard] == ["hello"]


async def test_a_redelivery_starts_what_a_cut_had_prevented(desk: Desk) -> None:
    desk.workflows.held_back = True
    await desk.hear("hello", id="M1")
    desk.workflows.held_back = False
    assert not await desk.hear("hello", id="M1")
    assert desk.channel.texts == ["You said hello"]


async def test_the_answer_goes_by_the_road_of_the_last_message(desk: Desk) -> None:
    for number, route in enumerate(("first", "second")):
        await desk.front.receive(Inbound("fake", ANN, "hello", f"R{number}", route))
    assert [sent.route for sent in desk.channel.sent] == ["first", "second"]


async def test_an_answer_written_but_not_yet_sent_is_dropped_when_staff_take(desk: Desk) -> None:
    desk.workflows.held_back = True
    await desk.hear("hello")
    conversation = await desk.store.find("fake", ANN)
    assert conversation
    await desk.front.answer(conversation.id)
    await desk.conversations.take("fake", ANN, "bea")
    await desk.front.deliver(conversation.id)
    assert desk.channel.texts == []


async def test_a_waiting_citizen_is_told_now_and_then_and_may_leave(desk: Desk) -> None:
    await desk.hear("human")
    await desk.hear("hello?")
    desk.clock.pass_(minutes=11)
    await desk.hear("anyone?")
    await desk.hear("Bot!")
    await desk.hear("hello")
    expected = [desk.text("queued"), desk.text("still_queued"), desk.text("released"), "You said hello"]
    assert desk.channel.texts == expected


@pytest.mark.parametrize("fault", [EngineDown("down"), TurnFailed("502")])
async def test_a_short_fault_is_waited_out(desk: Desk, fault: Exception) -> None:
    desk.engine.faults.append(fault)
    await desk.hear("hello")
    assert desk.channel.texts == ["You said hello"]


@pytest.mark.parametrize("fault", [EngineDown("down"), TurnFailed("502")])
@pytest.mark.parametrize(("words", "language"), [("where is my case", "en"), ("dónde está mi caso", "es")])
async def test_a_lasting_fault_ends_in_an_apology_and_the_queue(desk: Desk, fault: Exception, words: str, language: str) -> None:
    desk.engine.faults.extend([fault] * 100)
    await desk.hear(words)
    assert desk.channel.texts == [desk.text("apology", language)]
    assert await desk.holder() == "queue"


async def test_a_message_that_breaks_something_is_no_dead_end(desk: Desk) -> None:
    desk.engine.faults.append(ValueError("a bug of ours"))
    await desk.hear("hello")
    await desk.hear("bot")
    await desk.hear("hello again")
    assert desk.channel.texts == [desk.text("apology"), desk.text("released"), "You said hello again"]


@pytest.mark.parametrize(
    ("words", "language"),
    [("help theres a fire in my kitchen", "en"), ("AUXILIO hay un incendio!!", "es"), ("/report huele a gas", "es")],
)
@pytest.mark.parametrize("holder", ["bot", "queue", "staff"])
async def test_danger_comes_before_everything(desk: Desk, words: str, language: str, holder: str) -> None:
    await desk.hear("hello" if holder == "bot" else "human")
    if holder == "staff":
        await desk.conversations.take("fake", ANN, "bea")
    before = (await desk.store.find("fake", ANN)).state  # type: ignore[union-attr]
    await desk.hear(words)
    after = await desk.store.find("fake", ANN)
    assert desk.channel.texts[-1] == desk.text("danger", language)
    assert "911" in desk.channel.texts[-1]
    assert after
    assert (after.state, after.holder, after.danger_at is not None) == (before, holder, True)
    assert len(desk.engine.heard) == 1


@pytest.mark.parametrize(
    ("text", "key"),
    [("", "empty"), ("   \n ", "empty"), ("\x00", "empty"), ("x" * 5000, "too_long"), ("\u202e\u200b", "empty")],
)
async def test_what_cannot_be_read_gets_a_polite_answer(desk: Desk, text: str, key: str) -> None:
    await desk.hear(text)
    assert desk.channel.texts == [desk.text(key, limit=LONGEST)]
    assert desk.engine.heard == []


@pytest.mark.parametrize("text", ["😀", "مرحبا", "a\x00b", '/greet{"level":"2"}', "\ud83d"])
async def test_odd_texts_reach_the_engine_clean(desk: Desk, text: str) -> None:
    await desk.hear(text)
    assert len(desk.engine.heard) == 1
    assert "\x00" not in desk.engine.heard[0].text


@pytest.mark.parametrize(("said", "intent"), [("2", "ask_person"), ("1.", "ask_case_status"), ("a PERSON", "ask_person")])
async def test_a_choice_is_picked_by_number_or_title(desk: Desk, said: str, intent: str) -> None:
    await desk.hear("menu")
    assert desk.channel.texts == ["Which one?\n1 Case status\n2 A person\nReply 1-2."]
    await desk.hear(said)
    assert desk.engine.heard[-1].intent == intent


@pytest.mark.parametrize("said", ["3", "0", "12 Oak St", "482 109 376"])
async def test_other_words_are_no_choice(desk: Desk, said: str) -> None:
    await desk.hear("menu")
    await desk.hear(said)
    assert (desk.engine.heard[-1].intent, desk.engine.heard[-1].text) == ("", said)


async def test_a_choice_is_offered_once(desk: Desk) -> None:
    await desk.hear("menu")
    await desk.hear("hello")
    await desk.hear("1")
    assert desk.engine.heard[-1].intent == ""


async def test_a_kept_report_is_handed_to_its_workflow_once_it_is_written_down(desk: Desk) -> None:
    await desk.hear("report")
    await desk.front.settled()
    [key] = await desk.reports.unsettled()
    assert desk.workflows.refiled == [key]


@pytest.mark.parametrize(
    ("said", "language"),
    [("STOP", "en"), ("stop.", "en"), (" Unsubscribe ", "en"), ("CANCEL", "en"), ("END", "en"), ("ALTO", "es"), ("baja", "es")],
)
async def test_stop_is_confirmed_once_and_then_there_is_silence(desk: Desk, said: str, language: str) -> None:
    await desk.hear("menu")  # something is open
    await desk.hear(said)
    for text in ("hello?", said, "1", "yes sir"):
        await desk.hear(text)
    assert desk.channel.texts[1:] == [desk.text("opted_out", language)]
    conversation = await desk.store.find("fake", ANN)
    assert conversation
    assert (conversation.opted_out_by, conversation.opted_out_at) == ("citizen", desk.clock.now)
    assert (conversation.state, conversation.offered) == ({}, [])


@pytest.mark.parametrize("said", ["stop this bill", "please stop the noise", "stop it", "the end", "no cancel"])
async def test_a_sentence_is_no_opt_out(desk: Desk, said: str) -> None:
    await desk.hear(said)
    assert desk.channel.texts == [f"You said {said}"]


@pytest.mark.parametrize(("said", "language"), [("START", "en"), ("yes", "en"), ("INICIO", "es"), ("Sí", "es")])
async def test_start_begins_afresh(desk: Desk, said: str, language: str) -> None:
    await desk.hear("menu")
    await desk.hear("STOP")
    await desk.hear(said)
    await desk.hear("hello")
    assert desk.channel.texts[2:] == [desk.text("opted_in", language), "You said hello"]
    conversation = await desk.store.find("fake", ANN)
    assert conversation
    assert (conversation.opted_out_by, conversation.opted_out_at, conversation.state) == ("", None, {"turns": 1})


@pytest.mark.parametrize("said", ["yes", "start", "sí"])
async def test_start_words_are_words_while_nothing_was_stopped(desk: Desk, said: str) -> None:
    await desk.hear(said)
    assert desk.channel.texts == [f"You said {said}"]


async def test_help_names_the_city_and_a_contact_and_changes_nothing(desk: Desk) -> None:
    await desk.hear("menu")
    await desk.hear("HELP")
    await desk.hear("2")
    assert desk.channel.texts[1] == desk.text("help")
    assert "Riverton" in desk.channel.texts[1]
    assert "555-0100" in desk.channel.texts[1]
    assert desk.engine.heard[-1].intent == "ask_person"


async def test_stop_ends_what_was_on_its_way_and_silences_staff(desk: Desk) -> None:
    desk.workflows.held_back = True
    await desk.hear("hello")
    conversation = await desk.store.find("fake", ANN)
    assert conversation
    await desk.front.answer(conversation.id)
    desk.workflows.held_back = False
    await desk.hear("STOP")
    await desk.conversations.take("fake", ANN, "bea")
    await desk.conversations.say("fake", ANN, "bea", "Hello, Bea here.")
    await desk.front.deliver(conversation.id)
    assert desk.channel.texts == [desk.text("opted_out")]


async def test_danger_is_answered_all_the_same(desk: Desk) -> None:
    await desk.hear("STOP")
    await desk.hear("theres a fire in my kitchen")
    assert desk.channel.texts == [desk.text("opted_out"), desk.text("danger")]


async def test_where_the_words_have_no_such_meaning_they_are_words(desk: Desk) -> None:
    desk.channel.keywords = False
    await desk.hear("cancel")
    assert desk.channel.texts == ["You said cancel"]
