"""Case references: nine digits made for speech and text messages, the last one a Damm check digit."""

from __future__ import annotations

import random as randomness

# The totally anti-symmetric quasigroup of order 10 from H. M. Damm's thesis (Marburg, 2004). It catches every
# single wrong digit and every swap of two neighbours.
_DAMM = (
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
_LENGTH = 9


def check_digit(number: str) -> str:
    """Return the Damm check digit of a string of the digits 0-9."""
    interim = "0"
    for digit in number:
        interim = _DAMM[int(interim)][int(digit)]
    return interim


def new_reference(random: randomness.Random | None = None) -> str:
    """Return a new reference, from the system's randomness unless another is given."""
    source = random or randomness.SystemRandom()
    number = str(source.randrange(10_000_000, 100_000_000))
    return number + check_digit(number)


def digits(text: str) -> str:
    """Return the digits 0-9 of a text: what remains of "482 109-376" when the rest is left out."""
    return "".join(character for character in text if character in "0123456789")


def is_reference(text: str) -> bool:
    """Tell whether a text is a reference; spaces, dots and hyphens between the digits do not count."""
    number = "".join(character for character in text if character not in " .-\u00a0\u2011\u2013")
    return len(number) == _LENGTH and digits(number) == number and number[0] != "0" and check_digit(number) == "0"


def grouped(reference: str) -> str:
    """Return a reference in the groups that it is read out in: "482 109 376"."""
    number = digits(reference)
    return " ".join(number[start : start + 3] for start in range(0, len(number), 3))
