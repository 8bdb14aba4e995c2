"""A Reply within a channel's limits: choices written out where there are no buttons, long texts in parts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.messages import Choice, Reply
from bot.safety import words

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_NUMBER = re.compile(r"^\W*(\d{1,2})\W*$")


def rendered(reply: Reply, *, buttons: bool, limit: int, choose: str) -> list[tuple[str, tuple[Choice, ...]]]:
    """Return the messages that say `reply`, each at most `limit` characters, the choices with the last.

    `choose` asks for a number ("Reply {numbers}."), for channels without buttons.
    """
    text = reply.text
    if reply.choices and not buttons:
        listed = "\n".join(f"{number} {choice.title}" for number, choice in enumerate(reply.choices, 1))
        asked = choose.format(numbers=f"1-{len(reply.choices)}" if len(reply.choices) > 1 else "1")
        text = f"{text}\n{listed}\n{asked}"
    *before, last = split(text, limit)
    return [*((part, ()) for part in before), (last, reply.choices)]


def split(text: str, limit: int) -> list[str]:
    """Return `text` in parts of at most `limit` characters, cut after sentences, else words, else anywhere."""
    parts, text = [], text.strip()
    while len(text) > limit:
        ends = [match.start() for match in _SENTENCE.finditer(text, 0, limit + 1)]
        cut = ends[-1] if ends else text.rfind(" ", 1, limit + 1)
        cut = cut if cut > 0 else limit
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text]


def picked(offered: Sequence[Mapping[str, Any]], text: str) -> Choice | None:
    """Return the choice that `text` names, by its number ("2", "2.") or its title, of those last offered."""
    number = _NUMBER.match(text)
    if number and 1 <= int(number[1]) <= len(offered):
        return Choice(**offered[int(number[1]) - 1])
    said = words(text)
    return next((Choice(**choice) for choice in offered if words(choice["title"]) == said and said), None)
