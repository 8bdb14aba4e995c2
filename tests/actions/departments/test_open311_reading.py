"""What wild servers send, and what is made of it: bodies by their parsed result."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.departments.base import Case, NotFound, Question, Service, Unavailable
from actions.departments.open311 import georeport
from actions.departments.open311.reading import Unreadable, decode, moment, repaired, tree
from tests.actions.departments.wild import Says, Wild, city

POTHOLE = Service("POTHOLE", "Potholes", "A hole in the road", ("road", "hole"), "streets", True)
POTHOLE_JSON = {
    "service_code": "POTHOLE",
    "service_name": "Potholes",
    "description": "A hole in the road",
    "metadata": True,
    "type": "realtime",
    "keywords": "road, hole",
    "group": "streets",
}
POTHOLE_XML = """<service><service_code>POTHOLE</service_code><service_name>Potholes</service_name>
  <description>A hole in the road</description><metadata>true</metadata><type>realtime</type>
  <keywords>road, hole</keywords><group>streets</group></service>"""


@dataclass(frozen=True)
class Reads:
    label: str
    body: str | bytes
    result: Any
    type: str = "application/json"
    format: str = "json"


def js(value: Any) -> str:
    return json.dumps(value)


SERVICES = [
    Reads("an array", js([POTHOLE_JSON]), [POTHOLE]),
    Reads("one object for an array of one", js(POTHOLE_JSON), [POTHOLE]),
    Reads("wrapped", js({"services": [POTHOLE_JSON]}), [POTHOLE]),
    Reads("wrapped twice, as XML turned to JSON", js({"services": {"service": [POTHOLE_JSON]}}), [POTHOLE]),
    Reads("each wrapped", js([{"service": POTHOLE_JSON}]), [POTHOLE]),
    Reads("none", "[]", []),
    Reads("null", "null", []),
    Reads("XML", f"<?xml version='1.0' encoding='utf-8'?><services>{POTHOLE_XML}</services>", [POTHOLE], "text/xml", "xml"),
    Reads("XML with a namespace", f"<services xmlns='http://x.example/s'>{POTHOLE_XML}</services>", [POTHOLE], "text/xml", "xml"),
    Reads("XML where JSON was asked", f"<services>{POTHOLE_XML}{POTHOLE_XML}</services>", [POTHOLE, POTHOLE]),
    Reads("JSON where XML was asked", js([POTHOLE_JSON]), [POTHOLE], "text/xml", "xml"),
    Reads("XML without any", "<services type='array'/>", [], "text/xml", "xml"),
    Reads("a type that lies", js([POTHOLE_JSON]), [POTHOLE], "text/html; charset=klingon"),
    Reads("a byte order mark", b"\xef\xbb\xbf" + js([POTHOLE_JSON]).encode(), [POTHOLE]),
    Reads("UTF-16", js([POTHOLE_JSON]).encode("utf-16"), [POTHOLE]),
    Reads(
        "an id of 0, metadata as text, what is missing",
        js([{"service_code": 0, "service_name": "Other", "description": None, "metadata": "false", "keywords": ""}]),
        [Service("0", "Other")],
    ),
    Reads(
        "an id with a point",
        js([{"service_code": 12.0, "service_name": "X", "metadata": "True"}]),
        [Service("12", "X", has_questions=True)],
    ),
    Reads(
        "keywords as a list",
        js([{"service_code": "a", "service_name": "X", "keywords": ["b ", "", "c"]}]),
        [Service("a", "X", keywords=("b", "c"))],
    ),
    Reads("nameless ones left out", js([{"service_code": "a"}, POTHOLE_JSON]), [POTHOLE]),
    Reads(
        "bytes of the charset that the type names",
        '[{"service_code": "a", "service_name": "Łódź"}]'.encode("cp1250"),
        [Service("a", "Łódź")],
        "application/json; charset=windows-1250",
    ),
    Reads(
        "UTF-8 bytes whatever the type names",
        '[{"service_code": "a", "service_name": "Łódź"}]'.encode(),
        [Service("a", "Łódź")],
        "application/json; charset=iso-8859-1",
    ),
    Reads("Latin-1 bytes", '[{"service_code": "a", "service_name": "Año"}]'.encode("latin-1"), [Service("a", "Año")]),
    Reads(
        "Latin-1 bytes, declared so",
        "<?xml version='1.0' encoding='ISO-8859-1'?><services><service><service_code>a</service_code>"
        "<service_name>Baño</service_name></service></services>".encode("latin-1"),
        [Service("a", "Baño")],
        "text/xml",
        "xml",
    ),
    Reads(
        "UTF-8 bytes declared as Latin-1",
        "<?xml version='1.0' encoding='ISO-8859-1'?><services><service><service_code>a</service_code>"
        "<service_name>Baño</service_name></service></services>".encode(),
        [Service("a", "Baño")],
        "text/xml",
        "xml",
    ),
    Reads(
        "text encoded twice",
        js([{"service_code": "a", "service_name": "Señal dañada".encode().decode("cp1252")}]),
        [Service("a", "Señal dañada")],
    ),
    Reads("a login page", "<html><body><p>Sign in</p></body></html>", Unavailable, "text/html"),
    Reads("text", "Service temporarily over quota", Unavailable, "text/plain"),
    Reads("nothing", "", Unavailable),
    Reads("half an answer", js([POTHOLE_JSON])[:-9], Unavailable),
    Reads("an error that claims to be well", js({"error": "over quota"}), Unavailable),
    Reads("numbers", "[1, 2]", Unavailable),
    Reads(
        "a bomb of entities",
        '<!DOCTYPE a [<!ENTITY b "c">]><services><service>&b;</service></services>',
        Unavailable,
        "text/xml",
        "xml",
    ),
    Reads("nested without end", "[" * 200_000, Unavailable),
    Reads("nested without end in XML", "<a>" * 5000 + "</a>" * 5000, Unavailable, "text/xml", "xml"),
]


@pytest.mark.parametrize("row", SERVICES, ids=lambda row: row.label)
async def test_services(row: Reads, wild: Wild) -> None:
    wild.answer(f"GET /services.{row.format}", Says(row.body, type=row.type))
    department = city(wild.url, format=row.format)
    if isinstance(row.result, type):
        with pytest.raises(row.result):
            await department.services("en")
    else:
        assert await department.services("en") == row.result
    await department.close()


def definition(*attributes: dict[str, Any]) -> str:
    return js({"service_code": "CAR", "attributes": list(attributes)})


MAKE = {
    "variable": True,
    "code": "MAKE",
    "datatype": "singlevaluelist",
    "required": True,
    "order": 2,
    "description": "What make is it?",
}
VALUES = [{"key": 0, "name": "Ford"}, {"key": "1", "name": "Other"}]
MAKE_READ = Question("MAKE", "What make is it?", True, (("0", "Ford"), ("1", "Other")), "singlevaluelist")
PLATE = Question("PLATE", "The plate?", False, (), "string")

QUESTIONS = [
    Reads("a list to choose from", definition({**MAKE, "values": VALUES}), [MAKE_READ]),
    Reads(
        "wrapped and in an array", js([{"service_definition": json.loads(definition({**MAKE, "values": VALUES}))}]), [MAKE_READ]
    ),
    Reads("values one deeper", definition({**MAKE, "values": {"value": VALUES}}), [MAKE_READ]),
    Reads("values each wrapped", definition({**MAKE, "values": [{"value": one} for one in VALUES]}), [MAKE_READ]),
    Reads("values as a mapping", definition({**MAKE, "values": {"0": "Ford", "1": "Other"}}), [MAKE_READ]),
    Reads(
        "values as words",
        definition({**MAKE, "values": ["Ford", "Other"]}),
        [Question("MAKE", "What make is it?", True, (("Ford", "Ford"), ("Other", "Other")), "singlevaluelist")],
    ),
    Reads(
        "by their order, what only informs left out",
        definition(
            {**MAKE, "values": VALUES},
            {
                "variable": "true",
                "code": "PLATE",
                "datatype": "String",
                "required": "false",
                "order": "1",
                "description": "The plate?",
            },
            {"variable": "false", "code": "NOTE", "order": 0, "description": "We tow within 3 days."},
        ),
        [PLATE, MAKE_READ],
    ),
    Reads("text missing", definition({"code": 7, "datatype": None}), [Question("7", "7", False)]),
    Reads("none at all", js({"service_code": "CAR"}), []),
    Reads("none, empty", js({"service_code": "CAR", "attributes": None}), []),
    Reads(
        "XML",
        "<service_definition><service_code>CAR</service_code><attributes><attribute><variable>true</variable><code>MAKE</code>"
        "<datatype>singlevaluelist</datatype><required>true</required><order>1</order><description>What make is it?</description>"
        "<values><value><key>0</key><name>Ford</name></value><value><key>1</key><name>Other</name></value></values>"
        "</attribute></attributes></service_definition>",
        [MAKE_READ],
        "text/xml",
        "xml",
    ),
    Reads(
        "XML of one value",
        "<service_definition><attributes><attribute><code>A</code><required>TRUE</required><description>Q?</description>"
        "<values><value><key>x</key><name>X</name></value></values></attribute></attributes></service_definition>",
        [Question("A", "Q?", True, (("x", "X"),))],
        "text/xml",
        "xml",
    ),
    Reads("attributes without codes", definition({"description": "?"}), Unavailable),
]


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: row.label)
async def test_questions(row: Reads, wild: Wild) -> None:
    wild.answer(f"GET /services/CAR.{row.format}", Says(row.body, type=row.type))
    department = city(wild.url, format=row.format)
    if isinstance(row.result, type):
        with pytest.raises(row.result):
            await department.questions("CAR", "en")
    else:
        assert await department.questions("CAR", "en") == row.result
    await department.close()


FULL = {
    "service_request_id": "482109376",
    "status": "open",
    "status_detail": "in_progress",
    "status_notes": "A crew is on its way.",
    "service_name": "Potholes",
    "service_code": "POTHOLE",
    "address": "12 Mill Lane",
    "requested_datetime": "2026-11-02T09:30:00-06:00",
    "updated_datetime": "2026-11-03T09:30:00Z",
    "expected_datetime": None,
}
CENTRAL = timezone(-timedelta(hours=6))
READ = Case(
    "482109376",
    "Potholes",
    "open",
    "in_progress",
    "A crew is on its way.",
    "12 Mill Lane",
    datetime(2026, 11, 2, 9, 30, tzinfo=CENTRAL),
    datetime(2026, 11, 3, 9, 30, tzinfo=UTC),
)
SHORT = {"service_request_id": "482109376", "service_code": "POTHOLE"}


def short(**fields: Any) -> str:
    return js([{**SHORT, **fields}])


CASES = [
    Reads("the standard's array of one", js([FULL]), READ),
    Reads("one object", js(FULL), READ),
    Reads("wrapped", js({"service_requests": [FULL]}), READ),
    Reads("wrapped as XML turned to JSON", js({"service_requests": {"request": FULL}}), READ),
    Reads("among others", js([{**FULL, "service_request_id": 1}, FULL]), READ),
    Reads("its id as a number", js([{**FULL, "service_request_id": 482109376}]), READ),
    Reads("its id not given", js([{**FULL, "service_request_id": None}]), READ),
    Reads("only what must be", short(status="closed"), Case("482109376", "POTHOLE", "closed")),
    Reads("a status in capitals", short(status="Closed "), Case("482109376", "POTHOLE", "closed")),
    Reads("a status of its own", short(status="In Progress"), Case("482109376", "POTHOLE", "open", "in_progress")),
    Reads("another of its own", short(status="resolved"), Case("482109376", "POTHOLE", "closed", "done")),
    Reads("a detail that nobody knows", short(status="open", status_detail="frobnicated"), Case("482109376", "POTHOLE", "open")),
    Reads("texts without words", short(status="open", status_notes="null", address=None), Case("482109376", "POTHOLE", "open")),
    Reads(
        "XML",
        "<service_requests><request><service_request_id>482109376</service_request_id><status>open</status>"
        "<status_notes/><service_name>Potholes</service_name><requested_datetime>2026-11-02T09:30:00-06:00</requested_datetime>"
        "</request></service_requests>",
        Case("482109376", "Potholes", "open", requested=datetime(2026, 11, 2, 9, 30, tzinfo=CENTRAL)),
        "text/xml",
        "xml",
    ),
    Reads("an empty list", "[]", NotFound),
    Reads("an empty list in XML", "<service_requests/>", NotFound, "text/xml", "xml"),
    Reads("a 200 around an error 404", js([{"code": 404, "description": "service_request_id not found"}]), NotFound),
    Reads("several without ids", js([{"status": "open"}, {"status": "closed"}]), Unavailable),
    Reads("somebody else's case", js([{**FULL, "service_request_id": "482109377"}]), Unavailable),
    Reads("a status that nobody knows", short(status="frobnicated"), Unavailable),
    Reads("no status", short(), Unavailable),
    Reads("a 200 around an error 500", js([{"code": 500, "description": "oops"}]), Unavailable),
]


@pytest.mark.parametrize("row", CASES, ids=lambda row: row.label)
async def test_case(row: Reads, wild: Wild) -> None:
    wild.answer(f"GET /requests/482109376.{row.format}", Says(row.body, type=row.type))
    department = city(wild.url, format=row.format)
    if isinstance(row.result, type):
        with pytest.raises(row.result):
            await department.case("482 109 376", "en")
    else:
        assert await department.case("482 109 376", "en") == row.result
    await department.close()


MOMENTS = [
    ("2026-11-02T09:30:00-06:00", datetime(2026, 11, 2, 9, 30, tzinfo=CENTRAL)),
    ("2026-11-02T09:30:00-0600", datetime(2026, 11, 2, 9, 30, tzinfo=CENTRAL)),
    ("2026-11-02 09:30:00 -0600", datetime(2026, 11, 2, 9, 30, tzinfo=CENTRAL)),
    ("2026-11-02T09:30:00Z", datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
    ("2026-11-02 09:30:00 UTC", datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
    ("2026-11-02T09:30:00.1234567Z", datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)),
    ("2026-11-02T09:30:00", datetime(2026, 11, 2, 9, 30, tzinfo=CENTRAL)),
    ("2026-11-02", datetime(2026, 11, 2, tzinfo=CENTRAL)),
    (1793612400, datetime.fromtimestamp(1793612400, UTC)),
    ("1793612400000", datetime.fromtimestamp(1793612400, UTC)),
    ("", None),
    (None, None),
    ("soon", None),
    ("0001-01-01T00:00:00", None),
    ("1970-01-01T00:00:00Z", None),
    ("2026-13-40", None),
    ({"a": 1}, None),
]


@pytest.mark.parametrize(("said", "meant"), MOMENTS)
def test_moments(said: object, meant: datetime | None) -> None:
    assert moment(said, CENTRAL) == meant


NAMES = [
    "services",
    "service",
    "service_code",
    "service_name",
    "keywords",
    "metadata",
    "attributes",
    "attribute",
    "code",
    "values",
    "value",
    "key",
    "name",
    "order",
    "service_requests",
    "request",
    "service_request_id",
    "status",
    "status_detail",
    "requested_datetime",
    "token",
    "errors",
    "error",
    "description",
]
READERS: list[Callable[[Any], object]] = [
    georeport.services,
    georeport.questions,
    georeport.filed,
    georeport.error,
    georeport.listed,
    lambda value: georeport.find(value, "1", UTC, alone=True),
    lambda value: georeport.find_report(value, "a", "b"),
]
REPAIRS = [
    ("Se\u00c3\u00b1or", "Señor"),
    ("MU\u00c3\u2018OZ", "MUÑOZ"),
    ("it\u00e2\u20ac\u2122s", "it’s"),
    ("\u00c2\u00bfQu\u00c3\u00a9?", "¿Qué?"),
    ("a\u00c3\u0192\u00c2\u00b1o", "año"),
    ("\u00f0\u0178\u02dc\u20ac", "😀"),
    ("Señor Muñoz: ¿está?", "Señor Muñoz: ¿está?"),
    ("«año»", "«año»"),
    ("“está…”", "“está…”"),
    ("plain", "plain"),
    ("mixed: año and a\u00c3\u00b1o", "mixed: año and año"),
]


@pytest.mark.parametrize(("said", "meant"), REPAIRS)
def test_repairs_what_was_encoded_twice_and_nothing_else(said: str, meant: str) -> None:
    assert repaired(said) == meant


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0042", "42", True),
        ("0", "00", True),
        ("42", "420", False),
        ("ab-1", "AB-1", True),
        ("ab-1", "ab-01", False),
        ("", "1", False),
    ],
)
def test_references_that_name_one_case(one: str, other: str, same: bool) -> None:
    assert georeport.same(one, other) == same


def test_bytes_that_are_nothing_are_still_text() -> None:
    assert decode(b"a\x81\xffb", "text/plain; charset=zip") == "a\x81\xffb"


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=4) | st.sampled_from(["open", "1", "true"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_comes_is_read_or_called_unreadable(body: bytes) -> None:
    for read in READERS:
        with contextlib.suppress(Unreadable):
            read(tree(body, "application/json"))
