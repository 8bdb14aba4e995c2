"""The page's own words: one file in words/ for each language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

WORDS: Mapping[str, Mapping[str, str]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted((Path(__file__).parent / "words").glob("*.json"))
}
DEFAULT = "en"


def choose(asked: str | None, accepted: str) -> str:
    """Return the language to show: the one asked for, else the best of an Accept-Language header (RFC 9110, 12.5.4)."""
    if asked in WORDS:
        return str(asked)
    best, best_weight = DEFAULT, 0.0
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().split("-")[0].lower()
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if language in WORDS and weight > best_weight:
            best, best_weight = language, weight
    return best


def spoken(language: str, city: str, emergency: str) -> dict[str, str]:
    """Return a language's words with the city's name and its emergency number in them."""
    return {key: text.format(city=city, emergency=emergency) for key, text in WORDS[language].items()}
