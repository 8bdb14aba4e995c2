"""Cleaning a citizen's words, and finding danger in them: in every language, with typos' company, and not in hydrants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answers import Answers
from bot.safety import Phrases, clean, storable, words

ANSWERS = Answers.read({"city": "Riverton", "emergency": "911", "phone": "555-0100"})
# What makes trouble: marks that join, invisible characters, halves of pairs, every kind of line end.
TROUBLE = "ae\u0301\u0327\u200b\u200c\u200d\u202e\ud800\0\r\n\x0b\u2028 \t😀İß'´"
ODD = st.text(st.sampled_from(TROUBLE), max_size=40) | st.text(max_size=80)


@given(ODD)
def test_clean_is_done_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ODD)
def test_what_is_cleaned_or_storable_can_be_kept(text: str) -> None:
    for kept in (clean(text), storable(text), words(text)):
        kept.encode("utf-8")
        assert "\0" not in kept


@given(ODD)
def test_words_are_compared_alike_however_written(text: str) -> None:
    said = words(text)
    assert words(said) == said == words(f" {text}! ")


CLEANED = {
    "space around": ("  hello \n", "hello"),
    "NUL": ("hel\0lo", "hello"),
    "other controls": ("a\x1bb\x07", "ab"),
    "line ends": ("one\r\ntwo\rthree", "one\ntwo\nthree"),
    "right-to-left override": ("\u202eolleh", "olleh"),
    "composed": ("cafe\u0301", "café"),
    "composed across something invisible": ("cafe\u200b\u0301", "café"),
    "joined emoji stay joined": ("👩\u200d🚒", "👩\u200d🚒"),
    "only joiners and spaces": (" \u200d\u200c ", ""),
    "half a pair": ("a\ud83d", "a?"),
    "Arabic": ("مرحبا", "مرحبا"),
}


@pytest.mark.parametrize(("text", "cleaned"), CLEANED.values(), ids=CLEANED)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


DANGER = [
    ("there is a fire in my kitchen", "en"),
    ("HELP! My house is on FIRE!!!", "en"),
    ("theres a fire", "en"),
    ("there’s a fire", "en"),
    ("there´s a fire", "en"),
    ("there`s a fire next door", "en"),
    ("on\nfire", "en"),
    ("𝐨𝐧 𝐟𝐢𝐫𝐞", "en"),
    ("ＯＮ ＦＩＲＥ", "en"),
    ("on-fire!!", "en"),
    ("/report my car is on fire", "en"),
    ("i smell gas", "en"),
    ("he has a gun", "en"),
    ("not breathing", "en"),
    ("i want to kill myself", "en"),
    ("the fire hydrant is broken and the house is on fire", "en"),
    ("hay un incendio en mi casa", "es"),
    ("HAY UN INCENDIO!!", "es"),
    ("huele a gas", "es"),
    ("no respira", "es"),
    ("auxilio se quema la casa", "es"),
    ("quiero matarme", "es"),
    ("hay un hidrante de incendio y un incendio en mi casa, se quema la casa", "es"),
]
HARMLESS = [
    "the fire hydrant on Elm Street leaks",
    "who inspects the fire alarm in my building?",
    "is the fire station open on Sunday",
    "a car is parked in the fire lane",
    "fireworks every night",
    "I was fired from my job, can you help?",
    "what a gas bill",
    "my case 482 109 379",
    "a pothole as deep as a bathtub",
    "dead rat on the sidewalk",
    "el hidrante de incendio pierde agua",
    "la alarma de incendio de mi edificio suena",
    "¿a qué hora abre la estación de bomberos?",
    "hay un bache enorme en la calle",
    "el recibo del gas llegó mal",
    "",
    "🔥",
]


@pytest.mark.parametrize(("text", "language"), DANGER)
def test_danger_is_found(text: str, language: str) -> None:
    assert ANSWERS.danger_in(text) == language


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_danger(text: str) -> None:
    assert ANSWERS.danger_in(text) is None


@given(st.sampled_from([text for text, _ in DANGER]), st.sampled_from(["ok.", "Elm St 12,", "hola", "😀 ", "/x "]))
def test_danger_is_found_whatever_stands_around_it(text: str, around: str) -> None:
    assert ANSWERS.danger_in(f"{around} {text} {around}")


def test_what_stands_before_and_behind_a_harmless_phrase_does_not_meet() -> None:
    phrases = Phrases(["b c"])
    assert phrases.taken_out_of("a B, c! d") == "a xx d"


def test_no_phrases_find_nothing() -> None:
    assert not Phrases([]).found_in("anything")
    assert not Phrases(["!"]).found_in("!")
