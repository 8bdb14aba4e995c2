"""The short answers, in both languages."""

from __future__ import annotations

from datetime import date

import pytest

from actions.words import has_no_number, is_unsure, part_named, plain, short_date, wants_back, wants_out, wants_to_skip, yes_or_no


@pytest.mark.parametrize(
    "text", ["yes", "Y", "yep!", "ok", "sure thing", "yes please", "sí", "Si, por favor", "claro que sí", "está bien"]
)
def test_yes(text: str) -> None:
    assert yes_or_no(text) is True


@pytest.mark.parametrize("text", ["no", "nope", "No.", "no thats wrong", "not yet", "no, está mal", "don't"])
def test_no(text: str) -> None:
    assert yes_or_no(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "maybe",
        "yes but the street is wrong",
        "12 elm st",
        "sí pero cambie la calle",
        "yes well you know it is a long story really",
    ],
)
def test_neither(text: str) -> None:
    assert yes_or_no(text) is None


@pytest.mark.parametrize(
    "text", ["cancel", "Never mind!", "forget it please", "EXIT", "salir", "olvídelo", "ya no", "cancelar por favor"]
)
def test_leaving(text: str) -> None:
    assert wants_out(text)


@pytest.mark.parametrize("text", ["they cancelled my pickup", "exit 12 on the highway", "no", "skip", "la salida"])
def test_not_leaving(text: str) -> None:
    assert not wants_out(text)


def test_the_other_short_words() -> None:
    assert wants_to_skip("Skip")
    assert wants_to_skip("no, gracias")
    assert not wants_to_skip("skip the first house")
    assert wants_back("atrás")
    assert is_unsure("I don't know")
    assert is_unsure("no sé")
    assert not is_unsure("i dont know the number but its by the bank")
    assert has_no_number("i lost it")
    assert has_no_number("se me perdió")
    assert not has_no_number("482 109 379")


@pytest.mark.parametrize(
    ("text", "part"),
    [("where", "where"), ("the address is wrong", "where"), ("los detalles", "details"), ("what it is", "what"), ("hmm", "")],
)
def test_parts_of_a_report(text: str, part: str) -> None:
    assert part_named(text) == part


def test_texts_are_compared_without_accents_and_punctuation() -> None:
    assert plain("¡Sí, it's  MINE!") == "si its mine"


@pytest.mark.parametrize(
    ("language", "today", "expected"),
    [
        ("en", date(2026, 12, 1), "Nov 3"),
        ("en", date(2027, 1, 1), "Nov 3, 2026"),
        ("es", date(2026, 12, 1), "3 de noviembre"),
        ("es", date(2027, 1, 1), "3 de noviembre de 2026"),
        ("fr", date(2026, 12, 1), "Nov 3"),
    ],
)
def test_dates(language: str, today: date, expected: str) -> None:
    assert short_date(date(2026, 11, 3), language, today) == expected
