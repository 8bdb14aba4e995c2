"""Handing the conversation to a person, with what is known so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.draft import FORGOTTEN, Draft
from actions.turn import Answers, Message, Step

_CASE_SLOTS = ("case_reference", "case_answer", "case_tries", "case_tried", "case_hint")


class HandOver(Step):
    """Asks the gateway for a person. The gateway tells the citizen, because it knows who is there and when."""

    title = "action_hand_over"

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        answers.hand_over("asked", known(message))
        return forgotten()


def known(message: Message) -> str:
    """Return in plain English what a form has gathered, for the person who takes over."""
    draft = Draft.of(message.slots)
    said = draft.summary() if any((draft.what, draft.where, draft.details, draft.words)) else ""
    tried = message.slots.get("case_tried")
    return " ".join(part for part in (said, f"Asked about case {tried}, which no department knows." if tried else "") if part)


def forgotten() -> dict[str, Any]:
    """Return the slots that are emptied when a form ends early."""
    return {**FORGOTTEN, **dict.fromkeys(_CASE_SLOTS)}
