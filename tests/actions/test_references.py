"""Case references: the check digit, reading them out of texts, and how they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.references import grouped, is_sound, reference_in

EIGHT = st.integers(10_000_000, 99_999_999).map(str)


def sound(eight: str) -> str:
    return next(eight + digit for digit in "0123456789" if is_sound(eight + digit))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("482109379", True),
        ("730514824", True),
        ("902146375", True),
        ("482109376", False),
        ("482109397", False),
        ("48210937", False),
        ("4821093790", False),
        ("٤٨٢١٠٩٣٧٩", False),
        ("48210937x", False),
        ("", False),
    ],
)
def test_check_digit(reference: str, expected: bool) -> None:
    assert is_sound(reference) is expected


@given(EIGHT, st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(eight: str, at: int, more: int) -> None:
    reference = sound(eight)
    wrong = reference[:at] + str((int(reference[at]) + more) % 10) + reference[at + 1 :]
    assert not is_sound(wrong)


@given(EIGHT, st.integers(0, 7))
def test_two_swapped_neighbours_are_always_found(eight: str, at: int) -> None:
    reference = sound(eight)
    swapped = reference[:at] + reference[at + 1] + reference[at] + reference[at + 2 :]
    assert swapped == reference or not is_sound(swapped)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("482 109 379", "482109379"),
        ("its 482-109-379 thx", "482109379"),
        ("4 8 2 1 0 9 3 7 9", "482109379"),
        ("#482.109.379?", "482109379"),
        ("i sent it 3 weeks ago, 482109379", "482109379"),
        ("call me at 555 0100, case 482 109 379", "482109379"),
        ("4821", "4821"),
        ("no digits here", ""),
    ],
)
def test_reading(text: str, expected: str) -> None:
    assert reference_in(text) == expected


def test_few_digits_are_no_reference_where_none_was_asked() -> None:
    assert reference_in("my report from march 4, 2024", at_least=6) == ""


def test_grouped() -> None:
    assert grouped("482109379") == "482 109 379"
    assert grouped("PW-17") == "PW-17"
