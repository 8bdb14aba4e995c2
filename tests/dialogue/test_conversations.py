"""Every conversation of tests/dialogue/*.yml, held with the real engine and the real action server.

A conversation is a list of turns `citizen's line: what the answer holds`. What it holds is one text or a list:

    some words        the answer has these words, capitals or not
    not: some words   it does not have them
    choices: A | B    these and no other choices are offered
    handover: asked   a person is called, for this reason
    silence           nothing is said (a person is called, and the gateway finds the words)

A line that is the number of an offered choice picks it, as on a phone. `$case` is the last case number that was told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.messages import Choice, Reply
from bot.ports import Engine, State, Utterance

pytestmark = pytest.mark.asyncio(loop_scope="session")
_REFERENCE = re.compile(r"\b\d{3} \d{3} \d{3}\b")


@dataclass(frozen=True)
class Conversation:
    """One conversation: `turns` are the citizen's lines with what each answer must hold."""

    name: str
    language: str
    turns: tuple[tuple[str, tuple[str, ...]], ...]


def _read(path: Path) -> list[Conversation]:
    conversations = []
    for entry in yaml.safe_load(path.read_text("utf-8")):
        turns = []
        for turn in entry["turns"]:
            ((line, held),) = turn.items()
            turns.append((str(line), tuple(str(one) for one in (held if isinstance(held, list) else [held]))))
        conversations.append(Conversation(f"{path.stem}: {entry['name']}", entry["language"], tuple(turns)))
    return conversations


ALL = [conversation for path in sorted(Path(__file__).parent.glob("*.yml")) for conversation in _read(path)]


class Phone:
    """A citizen's end of a conversation with the engine."""

    def __init__(self, engine: Engine, conversation: Conversation) -> None:
        self._engine = engine
        self._conversation = conversation
        self._state: State = {}
        self._choices: tuple[Choice, ...] = ()
        self._case = ""
        self._sent = 0

    async def say(self, line: str) -> tuple[Reply, ...]:
        """Send a line, or pick a choice by its number, and return the answers."""
        self._sent += 1
        id = f"dialogue-{abs(hash(self._conversation.name))}-{self._sent}"
        turn = await self._engine.turn(
            self._conversation.name, self._state, self._utterance(line.replace("$case", self._case), id)
        )
        self._state = turn.state
        self._choices = tuple(choice for reply in turn.replies for choice in reply.choices)
        for reply in turn.replies:
            self._case = next(iter(_REFERENCE.findall(reply.text)), self._case)
        return turn.replies

    def _utterance(self, line: str, id: str) -> Utterance:
        if line.isdecimal() and 0 < int(line) <= len(self._choices):
            choice = self._choices[int(line) - 1]
            return Utterance(id, "sms", self._conversation.language, choice.text, choice.intent, choice.entities)
        return Utterance(id, "sms", self._conversation.language, line)

    def fill(self, held: str) -> str:
        return held.replace("$case", self._case)


@pytest.mark.parametrize("conversation", ALL, ids=[conversation.name for conversation in ALL])
async def test_conversation(engine: Engine, conversation: Conversation) -> None:
    phone = Phone(engine, conversation)
    for line, expected in conversation.turns:
        replies = await phone.say(line)
        for held in expected:
            wrong = _misses(replies, phone.fill(held))
            assert not wrong, f"{line!r}: {wrong} in {_shown(replies)}"


def _misses(replies: tuple[Reply, ...], held: str) -> str:
    """Return what is wrong with the answers, or ""."""
    text = "\n".join(reply.text for reply in replies)
    if held == "silence":
        return "not silent" if text.strip() else ""
    kind, _, rest = held.partition(": ")
    if kind == "not":
        return f"unwanted {rest!r}" if rest.casefold() in text.casefold() else ""
    if kind == "choices":
        titles = " | ".join(choice.title for reply in replies for choice in reply.choices)
        return "" if titles == rest else f"other choices than {rest!r}"
    if kind == "handover":
        reasons = [reply.handover.reason for reply in replies if reply.handover]
        return "" if reasons == [rest] else f"no handover {rest!r}"
    if kind == "known":
        summaries = [reply.handover.summary for reply in replies if reply.handover]
        return "" if any(rest in summary for summary in summaries) else f"a summary without {rest!r}"
    return "" if held.casefold() in text.casefold() else f"no {held!r}"


def _shown(replies: tuple[Reply, ...]) -> list[dict[str, Any]]:
    return [
        {"text": reply.text, "choices": [choice.title for choice in reply.choices], "handover": reply.handover}
        for reply in replies
    ]


async def test_there_are_conversations_in_both_languages() -> None:
    assert {conversation.language for conversation in ALL} == {"en", "es"}
    assert len(ALL) >= 30
