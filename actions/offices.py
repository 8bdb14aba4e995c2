"""When the city's offices are open, as data/offices.yml tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import yaml

from actions.turn import Answers, Message, Step
from actions.words import plain

_ALIKE = 0.85
_LONG = 5


@dataclass(frozen=True)
class Office:
    """One office. `name` and `hours` go by language, `words` are what citizens call it."""

    name: Mapping[str, str]
    hours: Mapping[str, str]
    words: tuple[str, ...]
    address: str
    phone: str


class BadOffices(Exception):
    """data/offices.yml cannot be used; the message says why."""


def read_offices(path: Path) -> list[Office]:
    """Return the offices in the file, the general one first. Raises BadOffices."""
    try:
        entries: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))["offices"]
        offices = [
            Office(entry["name"], entry["hours"], tuple(entry["words"]), entry["address"], str(entry["phone"]))
            for entry in entries
        ]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise BadOffices(f"{path}: {type(error).__name__}: {error}") from error
    if not offices or any(set(office.name) != set(office.hours) or "en" not in office.name for office in offices):
        raise BadOffices(f"{path}: every office needs its name and its hours in the same languages, English among them")
    return offices


class OpeningHours(Step):
    """Says when the office that the citizen names is open, else the general one."""

    title = "action_opening_hours"

    def __init__(self, offices: Sequence[Office]) -> None:
        self._offices = offices

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        office = self._named(message.text)
        found = office or self._offices[0]
        language = message.language if message.language in found.name else "en"
        answers.say(
            "utter_office_hours" if office else "utter_general_hours",
            office=found.name[language],
            hours=found.hours[language],
            address=found.address,
            phone=found.phone,
        )
        return {}

    def _named(self, text: str) -> Office | None:
        """Return the office with the most telling name in the text: "water department" before "department"."""
        said = plain(text)
        found = [(len(word), office) for office in self._offices for word in office.words if _said(plain(word), said)]
        return max(found, key=lambda pair: pair[0])[1] if found else None


def _said(word: str, said: str) -> bool:
    if f" {word} " in f" {said} ":
        return True
    if " " in word or len(word) < _LONG:
        return False
    return any(len(part) >= _LONG and SequenceMatcher(None, word, part).ratio() >= _ALIKE for part in said.split())
