"""A report or complaint, message by message, against a city that remembers what it was sent."""

from __future__ import annotations

from typing import Any

import pytest

from actions.catalogue import Catalogue
from actions.departments.values import DepartmentError, NotFound, Refused, Unavailable
from actions.report_form import ReadReport
from actions.reports import AskConfirmed, AskDetails, AskWhat, AskWhere, EndReport
from tests.actions.city import FLICKERS, OUT, Citizen, City, Heard, directory

WHAT, WHERE, DETAILS, CONFIRMED, CHANGE = (
    "report_what",
    "report_where",
    "report_details",
    "report_confirmed",
    "report_change",
)


class Reporting:
    """The form as Rasa runs it: read the message, then ask for what is missing, or end."""

    def __init__(self, city: City, language: str = "en") -> None:
        all_of_them = directory(city)
        catalogue = Catalogue(all_of_them)
        steps = [ReadReport(catalogue), AskWhat(catalogue), AskWhere(), AskDetails(), AskConfirmed(), EndReport(all_of_them)]
        self.citizen = Citizen(steps, language, form="report_form")

    async def say(self, text: str, intent: str = "", confidence: float = 0.95, id: str = "m1") -> Heard:
        read = await self.citizen.tell("validate_report_form", text, intent, confidence, id)
        slot = read.slots.get("requested_slot", "")
        if slot == "":
            return read
        if slot is None:
            return await self.citizen.tell("action_end_report", text, intent, confidence, id)
        if slot == CHANGE:
            return read
        return await self.citizen.tell(f"action_ask_{slot}", text, intent, confidence, id)

    @property
    def asked(self) -> str | None:
        asked: str | None = self.citizen.slots.get("requested_slot")
        return asked


@pytest.fixture
def city() -> City:
    return City()


@pytest.fixture
def reporting(city: City) -> Reporting:
    return Reporting(city)


async def test_step_by_step(city: City, reporting: Reporting) -> None:
    assert (await reporting.say("i need to report something", "report_issue")).said == ("utter_ask_report_what_report",)
    heard = await reporting.say("street light")
    assert heard.said == ("utter_ask_report_where_report",)
    assert heard.values["service"] == "Streetlight"
    heard = await reporting.say("corner of 5th and oak")
    assert heard.said == ("utter_ask_report_choice",)
    assert heard.choices == (OUT["en"], FLICKERS["en"])
    assert (await reporting.say("2")).said == ("utter_ask_report_question_optional",)
    assert (await reporting.say("skip")).said == ("utter_ask_report_details",)
    heard = await reporting.say("since monday")
    assert heard.said == ("utter_ask_report_confirmed_details",)
    assert heard.values["details"] == "street light. since monday. It flickers"
    assert city.filed == {}
    heard = await reporting.say("yes please", id="m7")
    assert heard.said == ("utter_report_filed",)
    assert heard.values["reference"] == "482 109 379"
    report = city.filed["m7:report"]
    assert (report.service, report.address, report.details) == (
        "streetlight",
        "corner of 5th and oak",
        "street light\nsince monday",
    )
    assert report.answers == {"problem": "flickers"}
    assert all(value is None for slot, value in reporting.citizen.slots.items() if slot.startswith("report_"))


async def test_what_and_where_come_with_the_first_message(reporting: Reporting) -> None:
    heard = await reporting.say("theres a huge pothole on main st", "report_issue")
    assert heard.said == ("utter_ask_report_confirmed_details",)
    assert (heard.values["service"], heard.values["where"]) == ("Pothole", "main st")


async def test_in_spanish(city: City) -> None:
    reporting = Reporting(city, "es")
    heard = await reporting.say("quiero poner una queja", "file_complaint")
    assert heard.said == ("utter_ask_report_what_complaint",)
    heard = await reporting.say("la musica del vecino")
    assert heard.values["service"] == "Ruido"
    await reporting.say("calle 5")
    await reporting.say("no gracias")
    await reporting.say("sí", id="m5")
    assert city.filed["m5:report"].language == "es"


BEGINNINGS = [
    ("i want to report something", "report_issue", "utter_ask_report_what_report"),
    ("i have a complaint", "file_complaint", "utter_ask_report_what_complaint"),
    ("the window man laughed at my wrong form", "file_complaint", "utter_ask_report_what_described"),
    ("loud music next door", "file_complaint", "utter_ask_report_where_complaint_first"),
    ("loud music next door", "report_issue", "utter_ask_report_where_report"),
    ("the bar again", "file_complaint", "utter_ask_report_which"),
    ("", "report_issue", "utter_ask_report_what_report"),
]


@pytest.mark.parametrize(("text", "intent", "said"), BEGINNINGS)
async def test_beginnings(reporting: Reporting, text: str, intent: str, said: str) -> None:
    assert (await reporting.say(text, intent)).said == (said,)


async def test_several_services_are_a_choice(reporting: Reporting) -> None:
    heard = await reporting.say("the bar again", "file_complaint")
    assert heard.choices == ("Noise", "Business", "Something else")
    assert (await reporting.say("2")).values["service"] == "Business"


async def test_something_else_asks_for_other_words(reporting: Reporting) -> None:
    await reporting.say("the bar again", "file_complaint")
    assert (await reporting.say("something else")).said == ("utter_ask_report_what_again",)
    assert (await reporting.say("pothole")).values["service"] == "Pothole"


@pytest.mark.parametrize(("intent", "code"), [("report_issue", "other"), ("file_complaint", "complaint-other")])
async def test_words_that_fit_nothing_go_to_the_general_service(reporting: Reporting, intent: str, code: str) -> None:
    await reporting.say("i want to report something", intent)
    assert (await reporting.say("blorp")).said == ("utter_ask_report_what_again",)
    assert (await reporting.say("fnord")).said == ("utter_ask_report_where_general",)
    assert reporting.citizen.slots[WHAT] == code
    assert reporting.citizen.slots["report_draft"]["words"] == "blorp\nfnord"


@pytest.mark.parametrize("text", ["idk", "no sé", "12", "yes", "skip", "?", "my house", "aquí"])
async def test_a_place_that_is_none_is_asked_again(reporting: Reporting, text: str) -> None:
    await reporting.say("pothole", "report_issue")
    assert (await reporting.say(text)).said == ("utter_ask_report_where_nearest",)
    assert reporting.asked == WHERE


async def test_in_the_end_their_own_words_are_the_place(reporting: Reporting) -> None:
    await reporting.say("pothole", "report_issue")
    for _ in range(3):
        await reporting.say("i dont know")
    assert reporting.citizen.slots[WHERE] == "i dont know"


async def test_an_answer_that_is_no_option_is_asked_again_and_never_blocks(reporting: Reporting) -> None:
    await reporting.say("the street light at 12 elm st", "report_issue")
    assert (await reporting.say("purple")).said == ("utter_ask_report_choice_again",)
    assert (await reporting.say("still purple")).said == ("utter_ask_report_choice_again",)
    assert (await reporting.say("purple!")).said == ("utter_ask_report_question_optional",)


CONFIRMS: list[tuple[str, str, float, str | None]] = [
    ("yes", "affirm", 0.9, None),
    ("si", "", 0.0, None),
    ("", "affirm", 1.0, None),
    ("that would be great", "affirm", 0.9, None),
    ("no", "deny", 0.9, CHANGE),
    ("", "deny", 1.0, CHANGE),
    ("yes but not yet", "affirm", 0.9, CONFIRMED),
    ("hmm", "nlu_fallback", 0.4, CONFIRMED),
    ("well that is a long story and i agree with all of it", "affirm", 0.9, CONFIRMED),
    ("where", "nlu_fallback", 0.4, WHERE),
    ("exit", "cancel", 0.9, None),
]


@pytest.mark.parametrize(("text", "intent", "confidence", "next"), CONFIRMS)
async def test_the_last_question(
    city: City, reporting: Reporting, text: str, intent: str, confidence: float, next: str | None
) -> None:
    await reporting.say("theres a huge pothole on main st", "report_issue")
    await reporting.say(text, intent, confidence, id="m2")
    assert reporting.asked == next
    assert bool(city.filed) is (next is None and text != "exit")


@pytest.mark.parametrize(
    ("part", "asked", "cleared"),
    [("what", WHAT, WHAT), ("where", WHERE, WHERE), ("dirección", WHERE, WHERE), ("the details", DETAILS, DETAILS)],
)
async def test_one_thing_is_changed(reporting: Reporting, part: str, asked: str, cleared: str) -> None:
    await reporting.say("theres a huge pothole on main st", "report_issue")
    await reporting.say("no")
    assert reporting.asked == CHANGE
    await reporting.say(part)
    assert reporting.asked == asked
    assert reporting.citizen.slots[cleared] is None


async def test_changing_the_place_keeps_the_rest(reporting: Reporting) -> None:
    await reporting.say("theres a huge pothole on main st", "report_issue")
    await reporting.say("no")
    await reporting.say("where")
    heard = await reporting.say("14 oak ave")
    assert (heard.values["service"], heard.values["where"]) == ("Pothole", "14 oak ave")


@pytest.mark.parametrize("text", ["cancel", "salir", "never mind", "no lo envíe"])
@pytest.mark.parametrize(
    "lines", [["i want to report something"], ["pothole"], ["street light at 12 elm st"], ["big pothole on main st now"]]
)
async def test_leaving_at_any_question_sends_nothing(city: City, reporting: Reporting, lines: list[str], text: str) -> None:
    for line in lines:
        await reporting.say(line, "report_issue")
    heard = await reporting.say(text, "cancel")
    assert heard.said == ("utter_report_left",)
    assert city.filed == {}
    assert reporting.citizen.slots["report_draft"] is None


async def test_back_asks_the_question_before(reporting: Reporting) -> None:
    await reporting.say("pothole", "report_issue")
    await reporting.say("14 oak ave")
    assert reporting.asked == DETAILS
    await reporting.say("back", "cancel")
    assert reporting.asked == WHERE
    await reporting.say("atrás")
    assert reporting.asked == WHAT


ASIDES: list[tuple[str, str, float, bool]] = [
    ("thanks", "thanks", 0.95, True),
    ("library hours", "ask_opening_hours", 0.95, True),
    ("let me talk to a real person please", "ask_person", 0.9, True),
    ("where is my case 482109379", "ask_case_status", 0.7, True),
    ("thanks to the rain it is flooded", "thanks", 0.95, False),
    ("by city hall", "ask_opening_hours", 0.7, False),
    ("the person at 12 elm street knows", "ask_person", 0.6, False),
    ("by the case on main st", "ask_case_status", 0.95, False),
]


@pytest.mark.parametrize(("text", "intent", "confidence", "aside"), ASIDES)
async def test_only_short_and_sure_words_interrupt(
    reporting: Reporting, text: str, intent: str, confidence: float, aside: bool
) -> None:
    await reporting.say("pothole", "report_issue")
    heard = await reporting.say(text, intent, confidence)
    assert (heard.slots == {} and heard.said == ()) is aside
    assert (reporting.citizen.slots[WHERE] == text) is not aside


class Timeout(Unavailable):
    outcome_unknown = True


FAULTS: list[tuple[DepartmentError, bool, str, str]] = [
    (Unavailable("down"), False, "utter_report_kept", "kept_report"),
    (Timeout("no answer"), True, "utter_report_kept", "kept_report"),
    (Timeout("no answer"), False, "utter_report_unsure", "handover"),
    (Refused("no"), True, "utter_report_refused", "handover"),
    (NotFound("no such service"), True, "utter_report_refused", "handover"),
]


@pytest.mark.parametrize(("fault", "honours_keys", "said", "custom"), FAULTS)
async def test_a_report_that_cannot_be_filed_is_never_lost(
    fault: DepartmentError, honours_keys: bool, said: str, custom: str
) -> None:
    city = City(honours_keys=honours_keys)
    reporting = Reporting(city)
    await reporting.say("theres a huge pothole on main st", "report_issue")
    city.down_for_filing = fault
    heard = await reporting.say("yes", id="m2")
    assert heard.said == (said,)
    (told,) = heard.customs
    assert "main st" in str(told[custom])


async def test_what_is_kept_can_be_filed_later() -> None:
    city = City()
    reporting = Reporting(city)
    await reporting.say("theres a huge pothole on main st", "report_issue")
    city.down_for_filing = Unavailable("down")
    (custom,) = (await reporting.say("yes", id="m2")).customs
    assert custom["kept_report"] == {
        "key": "m2:report",
        "department": "city",
        "report": {
            "service": "pothole",
            "address": "main st",
            "details": "theres a huge pothole on main st",
            "answers": {},
            "language": "en",
        },
    }


async def test_nobody_can_say_which_services_there_are(city: City, reporting: Reporting) -> None:
    city.down = Unavailable("down")
    assert (await reporting.say("i have a complaint", "file_complaint")).said == ("utter_ask_report_what_offline",)
    assert (await reporting.say("they never answer the phone")).said == ("utter_ask_report_where_plain",)
    assert (await reporting.say("city hall")).said == ("utter_ask_report_confirmed_plain",)
    (custom,) = (await reporting.say("yes", id="m4")).customs
    kept: dict[str, Any] = custom["kept_report"]["report"]
    assert (kept["service"], kept["address"], kept["details"]) == ("complaint-other", "city hall", "they never answer the phone")


async def test_the_same_turn_twice_files_once(city: City) -> None:
    for _ in range(2):
        reporting = Reporting(city)
        await reporting.say("theres a huge pothole on main st", "report_issue")
        assert (await reporting.say("yes", id="m2")).said == ("utter_report_filed",)
    assert list(city.filed) == ["m2:report"]
