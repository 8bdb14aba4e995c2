"""Case references: nine digits, the last one a Damm check digit, spoken and written in three groups."""

from __future__ import annotations

import re

# The totally anti-symmetric quasigroup of order 10 of H. M. Damm's thesis (2004): it finds every single
# wrong digit and every two neighbours that changed places.
_TABLE = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
LENGTH = 9
_RUN = re.compile(r"\d(?:[\s.\-/]*\d)*")


def is_sound(reference: str) -> bool:
    """Say whether the reference has nine digits and its check digit agrees."""
    if len(reference) != LENGTH or not reference.isascii() or not reference.isdigit():
        return False
    interim = 0
    for digit in reference:
        interim = int(_TABLE[interim][int(digit)])
    return interim == 0


def grouped(reference: str) -> str:
    """Return the reference as it is read out: "482109376" is "482 109 376"."""
    if len(reference) != LENGTH or not reference.isdigit():
        return reference
    return " ".join((reference[:3], reference[3:6], reference[6:]))


def numbers_in(text: str) -> list[str]:
    """Return every run of digits in the text, with spaces, dots, dashes and slashes inside a run left out."""
    return [re.sub(r"\D", "", run) for run in _RUN.findall(text)]


def reference_in(text: str, at_least: int = 1) -> str:
    """Return the digits that the citizen most likely means as a reference, "" if none has `at_least` digits.

    A sound reference wins, then one of the right length, then the longest run. Nothing is corrected.
    """
    runs = [run for run in numbers_in(text) if len(run) >= at_least]
    return max(runs, key=lambda run: (is_sound(run), len(run) == LENGTH, len(run)), default="")
