"""What is not understood, who wants a person, and office hours."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.catalogue import Catalogue
from actions.departments.values import Unavailable
from actions.fallback import Fallback
from actions.offices import BadOffices, OpeningHours, read_offices
from actions.people import HandOver
from tests.actions.city import Citizen, City, directory

OFFICES = Path(__file__).parents[2] / "data" / "offices.yml"
FELL_BACK = {"event": "action", "name": "action_fallback"}


def confused(city: City | None = None) -> Citizen:
    return Citizen([Fallback(Catalogue(directory(city or City())))])


async def test_rephrase_then_choices_then_a_person_then_anew() -> None:
    citizen = confused()
    heard = []
    for _ in range(4):
        heard.append(await citizen.tell("action_fallback", "zxcv", "nlu_fallback", 0.4))
        citizen.events.append(FELL_BACK)
    assert [one.said for one in heard] == [("utter_rephrase",), ("utter_choices",), (), ("utter_rephrase",)]
    assert heard[2].customs[0]["handover"]["reason"] == "confused"


async def test_being_understood_in_between_begins_anew() -> None:
    citizen = confused()
    await citizen.tell("action_fallback", "zxcv", "nlu_fallback", 0.4)
    citizen.events += [FELL_BACK, {"event": "user"}, {"event": "action", "name": "utter_greet"}]
    assert (await citizen.tell("action_fallback", "zxcv", "nlu_fallback", 0.4)).said == ("utter_rephrase",)


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "said", "then"),
    [
        ("order me a pizza", "out_of_scope", 0.9, "utter_out_of_scope", ""),
        ("zxcv uiop", "out_of_scope", 0.5, "utter_rephrase", ""),
        ("482 109 379", "nlu_fallback", 0.4, "", "case_status_form"),
        ("482109378", "out_of_scope", 0.5, "", "case_status_form"),
        ("12", "nlu_fallback", 0.4, "utter_rephrase", ""),
        ("farol", "nlu_fallback", 0.4, "", "report_form"),
        ("", "nlu_fallback", 0.4, "utter_rephrase", ""),
    ],
)
async def test_a_number_or_a_service_is_understood_all_the_same(
    text: str, intent: str, confidence: float, said: str, then: str
) -> None:
    heard = await confused().tell("action_fallback", text, intent, confidence)
    assert heard.said == ((said,) if said else ())
    assert heard.then == then


async def test_no_services_to_match_is_no_fault() -> None:
    city = City()
    city.down = Unavailable("down")
    assert (await confused(city).tell("action_fallback", "farol", "nlu_fallback", 0.4)).said == ("utter_rephrase",)


async def test_a_person_gets_what_is_known_and_the_form_is_forgotten() -> None:
    slots = {
        "report_what": "pothole",
        "report_where": "12 elm st",
        "report_draft": {"kind": "report", "label": "Pothole", "words": "big one", "told": {"size": "large"}},
        "case_tried": "111 111 111",
    }
    citizen = Citizen([HandOver()], slots=dict(slots))
    heard = await citizen.tell("action_hand_over", "a person please", "ask_person")
    assert heard.said == ()
    handover = heard.customs[0]["handover"]
    assert handover["reason"] == "asked"
    for known in ("Pothole (pothole)", "12 elm st", "big one", "large", "111 111 111"):
        assert known in handover["summary"]
    assert all(citizen.slots[slot] is None for slot in slots)


async def test_a_person_from_nowhere() -> None:
    heard = await Citizen([HandOver()]).tell("action_hand_over", "human", "ask_person")
    assert heard.customs[0]["handover"] == {"reason": "asked", "summary": ""}


@pytest.mark.parametrize(
    ("text", "language", "said", "office"),
    [
        ("when are you open", "en", "utter_general_hours", "City Hall"),
        ("library hours", "en", "utter_office_hours", "Public Library"),
        ("is the libary open", "en", "utter_office_hours", "Public Library"),
        ("water department hours", "en", "utter_office_hours", "Public Works"),
        ("a que hora abre la biblioteca", "es", "utter_office_hours", "Biblioteca Pública"),
        ("horario", "es", "utter_general_hours", "Ayuntamiento"),
        ("", "fr", "utter_general_hours", "City Hall"),
    ],
)
async def test_opening_hours(text: str, language: str, said: str, office: str) -> None:
    heard = await Citizen([OpeningHours(read_offices(OFFICES))], language).tell("action_opening_hours", text)
    assert heard.said == (said,)
    assert heard.values["office"] == office
    assert all(heard.values[name] for name in ("hours", "address", "phone"))


@pytest.mark.parametrize("content", ["", "offices: []", "offices: [{name: {en: A}}]", "offices: {", "offices: [1]"])
def test_offices_that_cannot_be_used(tmp_path: Path, content: str) -> None:
    path = tmp_path / "offices.yml"
    path.write_text(content)
    with pytest.raises(BadOffices, match=r"offices\.yml"):
        read_offices(path)
