"""Which language an answer is in: what switches a conversation, and what only looks foreign."""

from __future__ import annotations

import pytest

from bot.answers import Answers
from bot.languages import Languages

LANGUAGES = Languages(Answers.read({"city": "Riverton", "emergency": "911", "phone": "555-0100"}))

FIRST = [
    ("where is my case 482 109 379", "en"),
    ("donde esta mi caso 482 109 379", "es"),
    ("hola", "es"),
    ("hello", "en"),
    ("thx", "en"),
    ("gracias", "es"),
    ("buenas tardes", "es"),
    ("quiero reportar un bache", "es"),
    ("pothole on elm street", "en"),
    ("482 109 379", "en"),
    ("😀", "en"),
    ("", "en"),
    ("???", "en"),
    ("привет", "en"),
    ("مرحبا", "en"),
    ("Rivera", "en"),
]
# (current, text, language)
LATER = [
    ("es", "123 Main Street", "es"),
    ("es", "Elm and 5th", "es"),
    ("es", "Riverside Park", "es"),
    ("es", "pothole", "es"),
    ("es", "ok", "es"),
    ("es", "482109379", "es"),
    ("es", "👍", "es"),
    ("es", "", "es"),
    ("es", "no", "es"),
    ("en", "no", "en"),
    ("en", "Calle de la Paz 12", "en"),
    ("en", "San Fernando", "en"),
    ("en", "12", "en"),
    ("en", "ok", "en"),
    ("en", "привет", "en"),
    ("en", "hola", "es"),
    ("en", "¡Gracias!", "es"),
    ("en", "hola, quiero saber donde esta mi caso", "es"),
    ("en", "necesito reportar bache grande", "es"),
    ("en", "necesito hablar con una persona", "es"),
    ("es", "hello", "en"),
    ("es", "thanks", "en"),
    ("es", "where is my case please", "en"),
    ("es", "I want to talk to a person please", "en"),
]


@pytest.mark.parametrize(("text", "language"), FIRST)
def test_a_first_message(text: str, language: str) -> None:
    assert LANGUAGES.of(text, "") == language


@pytest.mark.parametrize(("current", "text", "language"), LATER)
def test_a_later_message(current: str, text: str, language: str) -> None:
    assert LANGUAGES.of(text, current) == language
