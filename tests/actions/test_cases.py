"""Where a case stands: tables of a message against what is asked, looked up and said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from actions.cases import AskCaseReference, CaseAside, ReadCaseReference, TellCase
from actions.departments.values import Case, Unavailable
from tests.actions.city import Citizen, City, case, directory

FORM, ASKED = "case_status_form", {"requested_slot": "case_reference"}
KNOWN, UNKNOWN = "482109379", "111111111"


@dataclass(frozen=True)
class Reads:
    """A message to the form: `hint` says how it asks again, `ends` with what it ends, None for neither."""

    name: str
    text: str
    slots: dict[str, Any] = field(default_factory=lambda: dict(ASKED))
    intent: str = "ask_case_status"
    confidence: float = 0.95
    hint: str | None = None
    ends: str | None = None
    asked: list[str] = field(default_factory=list)


READS = [
    Reads("found at once", f"where is my case {KNOWN}", {}, ends="utter_case_in_progress", asked=[KNOWN]),
    Reads("found in groups", "482 109 379", ends="utter_case_in_progress", asked=[KNOWN]),
    Reads("no number in the question", "where is my case from 3 weeks ago", {}, hint=""),
    Reads("too short", "4821", hint="length"),
    Reads("too long", "48210937912", hint="length"),
    Reads("a typo is never looked up", "482109378", hint="typo"),
    Reads("a typo in the question", "my case 482109378", {}, hint="typo"),
    Reads("nobody knows it", UNKNOWN, hint="unknown", asked=[UNKNOWN]),
    Reads("no number", "well hmm", intent="nlu_fallback", confidence=0.4, hint="none"),
    Reads("lost", "i dont have it", hint="lost"),
    Reads("perdido", "se me perdió", hint="lost"),
    Reads("the third miss", UNKNOWN, {**ASKED, "case_tries": 2}, ends="utter_case_offer_person", asked=[UNKNOWN]),
    Reads("leaves", "never mind", intent="cancel", ends="utter_case_left"),
    Reads("leaves, says the classifier", "no quiero seguir", intent="cancel", ends="utter_case_left"),
    Reads("another question is left to the rules", "when do you open", intent="ask_opening_hours"),
    Reads("an unsure other question is no answer", "when", intent="ask_opening_hours", confidence=0.5, hint="none"),
    Reads("a report is left to the rules", "there is a pothole at 12 elm st", intent="report_issue"),
    Reads("a short report with a house number too", "pothole 12 elm st", intent="report_issue"),
]


@pytest.mark.parametrize("row", READS, ids=[row.name for row in READS])
async def test_reading(row: Reads) -> None:
    city = City()
    city.cases[KNOWN] = case(KNOWN)
    citizen = Citizen([ReadCaseReference(directory(city))], form=FORM, slots=dict(row.slots))
    heard = await citizen.tell("validate_case_status_form", row.text, row.intent, row.confidence)
    assert city.asked == row.asked
    if row.hint is None and row.ends is None:
        assert heard.slots == {}
    elif row.ends is not None:
        assert heard.slots["requested_slot"] is None
        assert heard.slots["case_answer"]["response"] == row.ends
    else:
        assert heard.slots["requested_slot"] == "case_reference"
        assert heard.slots["case_hint"] == row.hint


async def test_records_that_do_not_answer_end_the_form_honestly() -> None:
    city = City()
    city.down = Unavailable("down")
    citizen = Citizen([ReadCaseReference(directory(city)), TellCase()], form=FORM, slots=dict(ASKED))
    await citizen.tell("validate_case_status_form", KNOWN)
    assert (await citizen.tell("action_tell_case")).said == ("utter_records_unavailable",)


@pytest.mark.parametrize(
    ("found", "language", "said", "values"),
    [
        (
            case(KNOWN, note="Crew scheduled."),
            "en",
            "utter_case_in_progress",
            {"since": "Nov 3, 2020", "note": " Crew scheduled."},
        ),
        (case(KNOWN), "es", "utter_case_in_progress", {"since": "3 de noviembre de 2020", "note": ""}),
        (case(KNOWN, "received"), "en", "utter_case_received", {"what": "Pothole, 12 Elm St", "reference": "482 109 379"}),
        (case(KNOWN, "done", status="closed"), "en", "utter_case_done", {}),
        (case(KNOWN, "declined", status="closed"), "en", "utter_case_declined", {}),
        (case(KNOWN, "waiting"), "en", "utter_case_waiting", {}),
        (case(KNOWN, "in_review"), "en", "utter_case_in_review", {}),
        (case(KNOWN, "", status="closed"), "en", "utter_case_closed", {}),
        (case(KNOWN, "unheard of"), "en", "utter_case_open", {}),
        (case(KNOWN, address=""), "en", "utter_case_in_progress", {"what": "Pothole"}),
        (Case(KNOWN, "Pothole", "open"), "en", "utter_case_open_undated", {"what": "Pothole"}),
    ],
)
async def test_reading_back(found: Case, language: str, said: str, values: dict[str, str]) -> None:
    city = City()
    city.cases[KNOWN] = found
    citizen = Citizen([ReadCaseReference(directory(city)), TellCase()], language, form=FORM)
    await citizen.tell("validate_case_status_form", KNOWN)
    heard = await citizen.tell("action_tell_case")
    assert heard.said == (said,)
    assert values.items() <= heard.values.items()
    assert citizen.slots["case_reference"] is None
    assert citizen.slots["case_answer"] is None


@pytest.mark.parametrize("hint", ["", "none", "lost", "length", "typo", "unknown"])
async def test_asking_again_says_what_was_wrong(hint: str) -> None:
    heard = await Citizen([AskCaseReference()], slots={"case_hint": hint}).tell("action_ask_case_reference")
    assert heard.said == ("utter_ask_case_reference" + (f"_{hint}" if hint else ""),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"wheres {KNOWN}", "utter_case_in_progress"),
        (f"wheres {UNKNOWN}", "utter_case_unknown"),
        ("wheres 482109378", "utter_case_later"),
        ("wheres my case", "utter_case_later"),
    ],
)
async def test_in_the_middle_of_a_report(text: str, said: str) -> None:
    city = City()
    city.cases[KNOWN] = case(KNOWN)
    heard = await Citizen([CaseAside(directory(city))]).tell("action_case_aside", text)
    assert heard.said == (said,)


async def test_a_note_cannot_break_the_response() -> None:
    """Rasa takes "0[" in a value for a placeholder of its own and would then fill in nothing."""
    city = City()
    city.cases[KNOWN] = case(KNOWN, note="see 0[x] {y}")
    citizen = Citizen([ReadCaseReference(directory(city)), TellCase()], form=FORM)
    await citizen.tell("validate_case_status_form", KNOWN)
    assert (await citizen.tell("action_tell_case")).values["note"] == " see 0(x) (y)"


async def test_a_message_that_the_form_passed_on_is_not_read_again() -> None:
    city = City()
    citizen = Citizen([ReadCaseReference(directory(city))], form=FORM, slots=dict(ASKED))
    await citizen.tell("validate_case_status_form", "library hours", "ask_opening_hours")
    citizen.events.append({"event": "action_execution_rejected", "name": FORM})
    heard = await citizen.again("validate_case_status_form", "library hours", "ask_opening_hours")
    assert heard.slots == {"case_hint": "", "requested_slot": "case_reference"}
