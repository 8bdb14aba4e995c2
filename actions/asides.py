"""Words in the middle of a form that are not an answer to it: a greeting, another question, the wish for a person."""

from __future__ import annotations

from actions.references import is_sound, reference_in
from actions.turn import Message

_ASIDES = frozenset({"greet", "goodbye", "thanks", "ask_person", "ask_case_status", "ask_opening_hours", "ask_capabilities"})
REPORTS = frozenset({"file_complaint", "report_issue"})
# How sure the classifier must be, and of how many words at most: "thanks to the rain the drain is full" is an answer.
_WHEN_CHOOSING = (0.8, 7)
_IN_FREE_TEXT = (0.9, 4)
_FOR_A_PERSON = (0.8, 9)
_WITH_A_REFERENCE = (0.5, 12)
_FOR_ANOTHER_FORM = (0.8, 30)


def is_aside(message: Message, *, free_text: bool = False, also: frozenset[str] = frozenset()) -> bool:
    """Say whether the message should be left to the rules of its own intent. `also` names further intents that may interrupt."""
    if message.intent not in _ASIDES | also:
        return False
    if not message.text:
        return True
    sure, most_words = _IN_FREE_TEXT if free_text else _WHEN_CHOOSING
    if message.intent == "ask_person":
        sure, most_words = _FOR_A_PERSON
    elif message.intent in also:
        sure, most_words = _FOR_ANOTHER_FORM
    elif message.intent == "ask_case_status" and is_sound(reference_in(message.text)):
        sure, most_words = _WITH_A_REFERENCE
    return message.confidence >= sure and len(message.text.split()) <= most_words


def is_cancelling(message: Message) -> bool:
    """Say whether the classifier is sure enough that a short message drops what is under way."""
    return message.intent == "cancel" and (not message.text or (message.confidence >= 0.8 and len(message.text.split()) <= 5))
