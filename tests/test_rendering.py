"""Replies within a channel's limits, and what a citizen's short answer picks."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Choice, Reply
from bot.rendering import picked, rendered, split

MENU = (Choice("Case status", "ask_case_status"), Choice("A person", "ask_person"), Choice("Año nuevo", text="fiestas"))
OFFERED = [asdict(choice) for choice in MENU]
WORDY = st.text(st.sampled_from("ab.!?ñ😀 \n\t"), max_size=300) | st.text(max_size=300)


@given(WORDY, st.integers(1, 60))
def test_nothing_is_lost_and_no_part_is_too_long(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(part.strip() for part in parts) or not text.strip()


SPLITS = {
    "short": ("Hello.", 10, ["Hello."]),
    "exactly as long": ("Hello you.", 10, ["Hello you."]),
    "after a sentence": ("One two. Three four.", 12, ["One two.", "Three four."]),
    "after a line": ("one two\nthree four", 14, ["one two", "three four"]),
    "else after a word": ("one two three four", 10, ["one two", "three four"]),
    "after a word that just fits": ("one two three", 7, ["one two", "three"]),
    "else anywhere": ("abcdefghijkl", 5, ["abcde", "fghij", "kl"]),
    "a number with a point is no sentence's end": ("It costs 2.50 today ok", 14, ["It costs 2.50", "today ok"]),
    "space in front": ("     one two", 6, ["one", "two"]),
}


@pytest.mark.parametrize(("text", "limit", "parts"), SPLITS.values(), ids=SPLITS)
def test_where_texts_are_cut(text: str, limit: int, parts: list[str]) -> None:
    assert split(text, limit) == parts


def test_choices_are_written_out_where_there_are_no_buttons() -> None:
    [(text, choices)] = rendered(Reply("Which one?", MENU[:2]), buttons=False, limit=160, choose="Reply {numbers}.")
    assert text == "Which one?\n1 Case status\n2 A person\nReply 1-2."
    assert choices == MENU[:2]


def test_one_choice_is_asked_for_by_its_number() -> None:
    [(text, _)] = rendered(Reply("Sure?", MENU[:1]), buttons=False, limit=160, choose="Reply {numbers}.")
    assert text == "Sure?\n1 Case status\nReply 1."


def test_choices_go_with_the_last_part_only() -> None:
    # One character a part: equal parts must not be taken for the last one.
    parts = rendered(Reply("a a a", MENU), buttons=True, limit=1, choose="")
    assert parts == [("a", ()), ("a", ()), ("a", MENU)]


PICKS = {
    "its number": ("2", MENU[1]),
    "with a point": (" 2. ", MENU[1]),
    "as an emoji": ("2️⃣", MENU[1]),
    "its title": ("a PERSON!", MENU[1]),
    "without accents": ("ano nuevo", MENU[2]),
    "a number not offered": ("4", None),
    "zero": ("0", None),
    "a long number": ("002", None),
    "a sentence with a number": ("I have 2 cases", None),
    "nothing": ("?!", None),
}


@pytest.mark.parametrize(("text", "choice"), PICKS.values(), ids=PICKS)
def test_what_is_picked(text: str, choice: Choice | None) -> None:
    assert picked(OFFERED, text) == choice


def test_nothing_offered_nothing_picked() -> None:
    assert picked([], "1") is None
