"""Where a case stands: the form that asks for its reference, and the one answer that reads it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from actions.asides import REPORTS, is_aside, is_cancelling
from actions.departments.base import DepartmentError, NotFound
from actions.departments.directory import Directory
from actions.departments.values import DETAILS, Case
from actions.references import LENGTH, grouped, is_sound, reference_in
from actions.turn import Answers, Message, Step, ask
from actions.words import has_no_number, short_date, wants_out

SLOT = "case_reference"
_TRIES = 3
# Fewer digits than this in a first message are a date, a house number or "3 weeks", not a reference.
_AT_LEAST = 6


class ReadCaseReference(Step):
    """Reads the reference out of a message and looks the case up.

    What to say is left in the slot `case_answer`, so that the form's end says it once.
    """

    title = "validate_case_status_form"

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        if message.passed_on:
            return {"case_hint": "", **ask(SLOT)}
        elsewhere = message.intent != "ask_case_status" and is_aside(message, also=REPORTS)
        reference = reference_in(message.text, at_least=1 if message.asked and not elsewhere else _AT_LEAST)
        if not reference:
            if not message.asked:
                return {"case_tries": 0, "case_hint": "", **ask(SLOT)}
            if wants_out(message.text):
                return _end("utter_case_left")
            if has_no_number(message.text):
                return _again(message, "lost")
            if is_cancelling(message):
                return _end("utter_case_left")
            if elsewhere:
                return {}
            return _again(message, "none")
        if len(reference) != LENGTH:
            return _again(message, "length")
        if not is_sound(reference):
            return _again(message, "typo")
        try:
            return await self._look_up(reference, message.language)
        except NotFound:
            return _again(message, "unknown", reference)
        except DepartmentError:
            return _end("utter_records_unavailable")

    async def _look_up(self, reference: str, language: str) -> dict[str, Any]:
        _, case = await self._directory.find_case(reference, language)
        return {SLOT: reference, **_end(*read_back(case, reference, language))}


class TellCase(Step):
    """Says what the form found, and forgets the case."""

    title = "action_tell_case"

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        found = message.slots.get("case_answer") or {"response": "utter_records_unavailable", "values": {}}
        answers.say(found["response"], **found["values"])
        return dict.fromkeys((SLOT, "case_answer", "case_tries", "case_tried", "case_hint"))


class AskCaseReference(Step):
    """Asks for the reference, the second time with what was wrong with the first."""

    title = "action_ask_case_reference"

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        hint = message.slots.get("case_hint") or ""
        answers.say(f"utter_ask_case_reference_{hint}" if hint else "utter_ask_case_reference")
        return {}


class CaseAside(Step):
    """Answers a question about a case in the middle of a report, which then goes on."""

    title = "action_case_aside"

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        reference = reference_in(message.text, at_least=_AT_LEAST)
        if not is_sound(reference):
            answers.say("utter_case_later")
            return {}
        response, values = await answer_for(self._directory, reference, message.language)
        answers.say(response, **values)
        return {}


async def answer_for(directory: Directory, reference: str, language: str) -> tuple[str, dict[str, str]]:
    """Return the response, with its values, that tells where a case with a sound reference stands."""
    try:
        _, case = await directory.find_case(reference, language)
    except NotFound:
        return "utter_case_unknown", {"reference": grouped(reference)}
    except DepartmentError:
        return "utter_records_unavailable", {}
    return read_back(case, reference, language)


def read_back(case: Case, reference: str, language: str) -> tuple[str, dict[str, str]]:
    """Return the response for a case's status, with what it says of the case."""
    status = case.detail if case.detail in DETAILS else "closed" if case.status == "closed" else "open"
    values = {
        "reference": grouped(reference),
        "what": ", ".join(part for part in (case.service, case.address) if part) or "-",
        "note": f" {case.note.strip()}" if case.note.strip() else "",
    }
    changed = case.updated or case.requested
    if changed is None:
        return f"utter_case_{status}_undated", values
    return f"utter_case_{status}", {**values, "since": short_date(changed, language, datetime.now(UTC).date())}


def _end(response: str, values: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"case_answer": {"response": response, "values": dict(values or {})}, **ask(None)}


def _again(message: Message, hint: str, reference: str = "") -> dict[str, Any]:
    tries = int(message.slots.get("case_tries") or 0) + 1 if message.asked else 1
    if tries >= _TRIES:
        return _end("utter_case_offer_person")
    return {"case_tries": tries, "case_hint": hint, "case_tried": grouped(reference), **ask(SLOT)}
