"""The short words that citizens answer with, as data/words.yml lists them, and how texts are made comparable."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import Path

import yaml

_BOOK: dict[str, dict[str, str]] = yaml.safe_load((Path(__file__).parent.parent / "data" / "words.yml").read_text("utf-8"))
LANGUAGES = tuple(_BOOK)
_MOST_WORDS = 6  # of an answer that is surely a yes or a no


def plain(text: str) -> str:
    """Return the text in small letters without accents, apostrophes and punctuation: "¡Sí, it's!" is "si its"."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w\s]|_", " ", re.sub(r"['’`´]", "", letters)).split())


def _every(list_name: str) -> frozenset[str]:
    """Return a list's words in all languages: people mix them."""
    return frozenset(plain(word) for book in _BOOK.values() for word in book[list_name].split(",")) - {""}


SMALL = _every("small")
_YES, _NO, _BUT = _every("yes"), _every("no"), _every("but")
_SKIP, _LEAVE, _BACK, _UNSURE, _VAGUE, _LOST, _OTHER = map(_every, ("skip", "leave", "back", "unsure", "vague", "lost", "other"))
_PARTS = {part: _every(part) for part in ("where", "details", "what", "nothing")}
_POLITE = re.compile(r"^(please|por favor|pls) | (please|por favor|pls|porfa|porfavor|thanks|gracias)$")


def yes_or_no(text: str) -> bool | None:
    """Return what a short answer means; None when it is neither, or both, or too long to be sure."""
    words = plain(text).split()
    if not words or len(words) > _MOST_WORDS:
        return None
    agrees = words[0] in _YES or " ".join(words[:2]) in _YES
    if words[0] in _NO:
        return False
    if agrees and (_BUT & set(words) or _NO & set(words)):
        return None
    return True if agrees else None


def has_a_but(text: str) -> bool:
    """Say whether a no or a but stands anywhere in the text: it is then no plain yes."""
    return bool((_BUT | _NO) & set(plain(text).split()))


def wants_to_skip(text: str) -> bool:
    """Say whether the citizen leaves a question out."""
    return plain(text) in _SKIP


def wants_out(text: str) -> bool:
    """Say whether the citizen wants to leave what they are in the middle of."""
    said = plain(text)
    return said in _LEAVE or _POLITE.sub("", said) in _LEAVE


def wants_back(text: str) -> bool:
    """Say whether the citizen wants the question before this one."""
    return plain(text) in _BACK


def wants_other(text: str) -> bool:
    """Say whether the citizen picked none of the choices."""
    return plain(text) in _OTHER


def is_unsure(text: str) -> bool:
    """Say whether the whole answer is that they do not know."""
    return plain(text) in _UNSURE


def is_vague(text: str) -> bool:
    """Say whether the text is no place that anybody else could find: "here", "my house"."""
    return plain(text) in _VAGUE | _UNSURE


def has_no_number(text: str) -> bool:
    """Say whether the citizen tells us that they have no case number at hand."""
    said = f" {plain(text)} "
    return any(f" {lost} " in said for lost in _LOST)


def part_named(text: str) -> str:
    """Return the part of a report that the text names: where, details, what, nothing; "" for none."""
    said = plain(text)
    for part, names in _PARTS.items():
        if said in names or names & set(said.split()):
            return part
    return ""


def other(language: str) -> str:
    """Return the label of the choice that is none of the others."""
    return _BOOK.get(language, _BOOK["en"])["other"].split(",")[0]


def short_date(day: date, language: str, today: date) -> str:
    """Return "Nov 3" or "3 de noviembre"; with the year when it is not this one."""
    book = _BOOK.get(language, _BOOK["en"])
    month = book["months"].split(",")[day.month - 1].strip()
    return book["date" if day.year == today.year else "date_with_year"].format(day=day.day, month=month, year=day.year)


def letters(text: str) -> int:
    """Count the letters in a text."""
    return sum(c.isalpha() for c in text)
