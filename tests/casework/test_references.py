"""References: every slip of one digit and every swap of neighbours is caught."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.casework.references import check_digit, digits, grouped, is_reference, new_reference

REFERENCES = st.integers(min_value=0).map(lambda seed: new_reference(random.Random(seed)))


@given(REFERENCES)
def test_a_new_reference_is_one(reference: str) -> None:
    assert is_reference(reference)
    assert len(reference) == 9
    assert reference[0] != "0"


@given(REFERENCES, st.integers(0, 8), st.integers(1, 9))
def test_a_wrong_digit_is_caught(reference: str, place: int, shift: int) -> None:
    wrong = str((int(reference[place]) + shift) % 10)
    assert not is_reference(reference[:place] + wrong + reference[place + 1 :])


@given(REFERENCES, st.integers(0, 7))
def test_swapped_neighbours_are_caught(reference: str, place: int) -> None:
    first, second = reference[place], reference[place + 1]
    swapped = reference[:place] + second + first + reference[place + 2 :]
    assert is_reference(swapped) == (first == second)


def test_the_published_example() -> None:
    assert check_digit("572") == "4"


TEXTS = [
    ("482109379", True),
    ("482 109 379", True),
    ("482-109-379", True),
    ("482.109.379", True),
    ("482109376", False),
    ("48210937", False),
    ("4821093790", False),
    ("", False),
    ("482109379\x00", False),
    ("٤٨٢١٠٩٣٧٩", False),
    ("case 482109379", False),
    ("012345672", False),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_what_is_a_reference(text: str, expected: bool) -> None:
    assert is_reference(text) is expected


def test_reading_and_writing() -> None:
    assert grouped("482109376") == "482 109 376"
    assert digits("Case 482-109 376, please") == "482109376"


def test_the_same_randomness_gives_the_same_reference() -> None:
    assert new_reference(random.Random(7)) == new_reference(random.Random(7))
    assert len({new_reference() for _ in range(50)}) == 50
