"""The reviewed texts and word lists: complete in every language, short enough for one text message, and safe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
import yaml

from bot.answers import DEFAULT, ROOT, Answers

VALUES = {"city": "Riverton", "emergency": "911", "phone": "(555) 010-0311"}
ANSWERS = Answers.read(VALUES)
LANGUAGES = sorted(ANSWERS.languages)
OTHERS = [code for code in LANGUAGES if code != DEFAULT]
KEYS = sorted(ANSWERS.languages[DEFAULT].texts)
# What the code fills in, at its longest.
FILLED = {"limit": 1600, "reference": "482 109 379", "numbers": "1-10"}
# 3GPP TS 23.038, section 6.2.1: one more character than these and the whole text costs twice as much.
GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
LONGEST = 160
EXAMPLE = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def examples() -> Iterator[tuple[str, str]]:
    """Yield (intent, text) of every training example, as a citizen would type it."""
    for path in sorted((ROOT / "data").glob("*.yml")):
        content = yaml.safe_load(path.read_text("utf-8"))
        for entry in content.get("nlu", ()):
            for line in str(entry.get("examples", "")).splitlines():
                yield str(entry.get("intent")), EXAMPLE.sub(r"\1", line.strip().removeprefix("- "))


def test_there_is_english_and_spanish() -> None:
    assert {"en", "es"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_text_with_the_same_blanks(language: str) -> None:
    texts, english = ANSWERS.languages[language].texts, ANSWERS.languages[DEFAULT].texts
    assert {key: placeholders(text) for key, text in texts.items()} == {k: placeholders(t) for k, t in english.items()}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", KEYS)
def test_every_text_can_be_filled_and_is_not_a_copy_of_another(language: str, key: str) -> None:
    text = ANSWERS.text(language, key, **FILLED)
    assert text.strip() == text != ""
    assert "{" not in text
    assert [other for other in KEYS if ANSWERS.text(language, other, **FILLED) == text] == [key]


@pytest.mark.parametrize("key", KEYS)
def test_an_english_text_is_one_text_message(key: str) -> None:
    text = ANSWERS.text("en", key, **FILLED)
    assert set(text) <= GSM_7, set(text) - GSM_7
    assert len(text) <= LONGEST


SAYS = {"en": ("not monitored by emergency services", "no one has been sent"), "es": ("no leen", "nadie va en camino")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_to_danger_says_what_it_must(language: str) -> None:
    text = ANSWERS.text(language, "danger")
    assert all(said in text for said in SAYS[language]), "what a new language must say is to be added here"
    assert VALUES["emergency"] in text


def test_the_emergency_number_is_the_citys() -> None:
    assert "112" in Answers.read({"city": "Riverton", "emergency": "112"}).text("es", "danger")


def test_a_language_that_we_do_not_have_is_answered_in_english() -> None:
    assert ANSWERS.text("fr", "queued") == ANSWERS.text("en", "queued")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_word_that_brings_the_assistant_back_is_one_that_brings_it_back(language: str) -> None:
    words = {word.lower() for word in re.findall(r"\b[A-Z]{3,}\b", ANSWERS.text(language, "queued"))}
    assert words & ANSWERS.languages[language].bot_words


def test_everyday_messages_are_no_emergency() -> None:
    everyday = list(examples())
    assert len(everyday) > 1000, "the examples were not found"
    assert [(intent, text) for intent, text in everyday if ANSWERS.danger_in(text)] == []


def test_lists_hold_words_and_not_what_yaml_makes_of_them() -> None:
    for path in (ROOT / "data" / "answers").glob("*.yml"):
        content = yaml.safe_load(path.read_text("utf-8"))
        for name in ("danger_words", "harmless_words", "bot_words", "common_words"):
            assert all(isinstance(word, str) for word in content[name]), f"{path.name}: {name}"


def test_a_language_is_added_by_its_file_alone(tmp_path: Path) -> None:
    for code in ("en", "xx"):
        (tmp_path / f"{code}.yml").write_text((ROOT / "data" / "answers" / "en.yml").read_text("utf-8"), "utf-8")
    assert set(Answers.read(VALUES, tmp_path).languages) == {"en", "xx"}
