"""Reading an answer to a service's own question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from actions.departments.values import Question
from actions.words import is_unsure, plain, wants_to_skip, yes_or_no

_ALIKE = 0.8
_LONGEST = 1000  # characters


@dataclass(frozen=True)
class Told:
    """An answer: `value` is what the department gets, `shown` what is read back. Both are empty when it was left out."""

    value: str | list[str]
    shown: str


def read(text: str, question: Question) -> Told | None:
    """Return the answer that the text gives; None when it gives none that fits."""
    if question.options:
        picked = _picked(text, question)
        if picked and question.datatype == "multivaluelist":
            return Told([key for key, _ in picked], ", ".join(name for _, name in picked))
        if len(picked) == 1:
            return Told(*picked[0])
    if not question.required and (wants_to_skip(text) or is_unsure(text)):
        return Told("", "")
    if question.options or not text:
        return None
    if question.datatype == "number":
        number = re.search(r"\d+(?:[.,]\d+)?", text)
        return Told(number[0].replace(",", "."), number[0]) if number else None
    if question.required and is_unsure(text):
        return None
    return Told(text[:_LONGEST], text[:_LONGEST])


def _picked(text: str, question: Question) -> list[tuple[str, str]]:
    """Return the options that the text names: by number, by name or key, by a word or typo of theirs, by yes or no."""
    said = plain(text)
    exact = [option for option in question.options if said in (plain(option[1]), plain(option[0]))]
    if exact:
        return exact[:1]
    numbers = [int(number) for number in re.findall(r"\d+", said)]
    if numbers and not re.search(r"[^\W\d]", said):
        return [question.options[number - 1] for number in numbers if 1 <= number <= len(question.options)]
    named = [option for option in question.options if plain(option[1]) and f" {plain(option[1])} " in f" {said} "]
    if named:
        return named
    answer = yes_or_no(text)
    if answer is not None:
        meant = [o for o in question.options if yes_or_no(o[1]) is answer or yes_or_no(o[0]) is answer]
        if len(meant) == 1:
            return meant
    words = set(said.split())
    alike = [o for o in question.options if _shares_a_word(words, plain(o[1]).split())]
    return alike if len(alike) == 1 or question.datatype == "multivaluelist" else []


def _shares_a_word(words: set[str], name: list[str]) -> bool:
    return any(
        min(len(word), len(part)) >= 4 and SequenceMatcher(None, word, part).ratio() >= _ALIKE for word in words for part in name
    )
