"""What is read out of a sentence: the service, the place, and the answer to a question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.departments.values import Question
from actions.matching import Offer, matches
from actions.places import place_in
from actions.questions import Told, read

DEMO = yaml.safe_load((Path(__file__).parents[2] / "data" / "demo" / "services.yml").read_text("utf-8"))


def offer(code: str, entry: dict[str, Any]) -> Offer:
    """Return a demo service as the catalogue makes it."""
    phrases = tuple(word for spoken in ("en", "es") for word in (entry["name"][spoken], *entry["keywords"][spoken]))
    return Offer("city", code, entry["name"]["en"], phrases)


OFFERS = [offer(code, entry) for code, entry in DEMO.items()]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("theres a huge pothole on main", "pothole"),
        ("POTHOLE!!", "pothole"),
        ("pot hole on my street", "pothole"),
        ("a potole near my house", "pothole"),
        ("the lamp is out by the school", "streetlight"),
        ("la luz de la calle no prende", "streetlight"),
        ("rats in the alley", "rodents"),
        ("no recogieron la basura", "missed-trash"),
        ("my neighbor plays loud music every night", "noise"),
        ("hay un árbol caído", "fallen-tree"),
        ("hay un arbol caido", "fallen-tree"),
        ("the lady at the counter was so rude to me today", "staff-complaint"),
        ("grafitti on the wall", "graffiti"),
        ("Bache", "pothole"),
    ],
)
def test_one_service_is_meant(text: str, code: str) -> None:
    assert [offer.code for offer in matches(text, OFFERS)] == [code]


@pytest.mark.parametrize("text", ["", "i want to report something", "quiero poner una queja", "complaint", "blorp", "12 34"])
def test_none_is_meant(text: str) -> None:
    assert matches(text, OFFERS) == []


def test_several_may_be_meant_but_never_more_than_four() -> None:
    codes = [offer.code for offer in matches("restaurant on oak has roaches", OFFERS)]
    assert {"rodents", "business-complaint"} <= set(codes)
    assert len(matches("trash dog car tree noise permit light water", OFFERS)) <= 4


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("theres a huge pothole on main st", "main st"),
        ("pothole 12 elm st", "12 elm st"),
        ("trash at 1420 W. Maple Avenue not picked up", "1420 W. Maple Avenue"),
        ("the light is out at elm and oak", "elm and oak"),
        ("graffiti at corner of 3rd and pine", "3rd and pine"),
        ("hay un bache en la calle Roble", "calle Roble"),
        ("hay un bache en la calle 5 y olmo", "calle 5 y olmo"),
        ("farola apagada en la esquina de Roble y Pino", "Roble y Pino"),
        ("no hay luz en calle de los olmos 220", "calle de los olmos 220"),
        ("the neighbors party on sunday and i cant sleep", ""),
        ("they came at 8 and left", ""),
        ("the water on my street is brown", ""),
        ("at the end of the street", ""),
        ("broken swing at the park", ""),
        ("a tree fell on Cedar Avenue and I can't get out", "Cedar Avenue"),
        ("en mi calle no hay luz desde el lunes", ""),
        ("la calle esta muy oscura", ""),
        ("on main st and 5th there is a hole", "main st and 5th"),
    ],
)
def test_places(text: str, place: str) -> None:
    assert place_in(text) == place


SIZE = Question("size", "How big?", False, (("s", "Smaller than a plate"), ("l", "Bigger than a tire")), "singlevaluelist")
DARK = Question("dark", "All out?", True, (("yes", "Sí"), ("no", "No")), "singlevaluelist")
KINDS = Question("kinds", "What?", True, (("tires", "Tires"), ("sofa", "Furniture"), ("paint", "Paint")), "multivaluelist")
POLE = Question("pole", "Which pole?", False)
NAME = Question("name", "Which business?", True)
COUNT = Question("count", "How many?", True, (), "number")


@pytest.mark.parametrize(
    ("question", "text", "told"),
    [
        (SIZE, "2", Told("l", "Bigger than a tire")),
        (SIZE, "bigger than a tire", Told("l", "Bigger than a tire")),
        (SIZE, "smaler i think", Told("s", "Smaller than a plate")),
        (SIZE, "3", None),
        (SIZE, "purple", None),
        (SIZE, "skip", Told("", "")),
        (DARK, "si", Told("yes", "Sí")),
        (DARK, "nope", Told("no", "No")),
        (DARK, "skip", None),
        (KINDS, "tires and paint", Told(["tires", "paint"], "Tires, Paint")),
        (KINDS, "1, 3", Told(["tires", "paint"], "Tires, Paint")),
        (POLE, "A-17", Told("A-17", "A-17")),
        (POLE, "no", Told("", "")),
        (POLE, "idk", Told("", "")),
        (NAME, "Bob's Bar", Told("Bob's Bar", "Bob's Bar")),
        (NAME, "", None),
        (COUNT, "about 3 i think", Told("3", "3")),
        (COUNT, "many", None),
    ],
)
def test_answers(question: Question, text: str, told: Told | None) -> None:
    assert read(text, question) == told
