"""Open311, the reading half: discovery, services, definitions, requests, tokens; in XML and JSON, English and Spanish."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from bot.casework import rows
from bot.casework.casework import Casework
from bot.casework.references import check_digit
from bot.casework.values import Filing
from tests.casework.conftest import KEY, Client

SPANISH = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}


async def read(city: Client, path: str, **headers: str) -> Any:
    answer = await city.get(f"/open311/v2/{path}", headers=headers)
    assert answer.status == 200, await answer.text()
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    return await answer.json()


async def read_xml(city: Client, path: str) -> Element:
    answer = await city.get(f"/open311/v2/{path}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    body = await answer.read()
    assert body.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    root: Element = fromstring(body)
    return root


def children(element: Element) -> list[str]:
    return [child.tag for child in element]


def spark(element: Element) -> Any:
    """Return what an element is in JSON, by the Spark convention of the standard."""
    if not len(element):
        return element.text or None
    if element.tag in {"services", "service_requests", "attributes", "values", "endpoints", "formats", "history"}:
        return [spark(child) for child in element]
    return {child.tag: spark(child) for child in element}


def as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: as_text(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [as_text(entry) for entry in value] or None
    if isinstance(value, bool):
        return str(value).lower()
    return None if value in (None, "") else str(value)


PATHS = [
    ("discovery", "discovery"),
    ("services", "services"),
    ("services/missed-trash", "service_definition"),
    ("services/street-sign", "service_definition"),
    ("requests", "service_requests"),
    ("requests/482109379", "service_requests"),
    ("tokens/482109379", "service_requests"),
]


@pytest.mark.parametrize(("path", "root"), PATHS)
async def test_xml_and_json_say_the_same(city: Client, path: str, root: str) -> None:
    xml = await read_xml(city, f"{path}.xml?history=true")
    assert xml.tag == root
    assert spark(xml) == as_text(await read(city, f"{path}.json?history=true"))


FORMATS = [
    ("services", "", "text/xml"),
    ("services", "application/json", "application/json"),
    ("services", "text/html,application/xml;q=0.9,*/*;q=0.8", "text/xml"),
    ("services.xml", "application/json", "text/xml"),
    ("services.JSON", "text/xml", "application/json"),
    ("requests/482109379", "application/json", "application/json"),
]


@pytest.mark.parametrize(("path", "accept", "content_type"), FORMATS)
async def test_which_format(city: Client, path: str, accept: str, content_type: str) -> None:
    answer = await city.get(f"/open311/v2/{path}", headers={"Accept": accept})
    assert (answer.status, answer.content_type) == (200, content_type)


async def test_discovery(city: Client) -> None:
    found = await read(city, "discovery.json")
    assert found["endpoints"][0] | {"changeset": ""} == {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": "https://riverton.example/open311/v2",
        "changeset": "",
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }
    assert "(555) 010-0311" in found["contact"]


async def test_services_in_both_languages(city: Client) -> None:
    english = {service["service_code"]: service for service in await read(city, "services.json")}
    spanish = {service["service_code"]: service for service in await read(city, "services.json", **SPANISH)}
    assert english["pothole"]["service_name"] == "Pothole"
    assert spanish["pothole"]["service_name"] == "Bache"
    assert "hoyo" in spanish["pothole"]["keywords"].split(", ")
    assert spanish["pothole"]["group"] == "Calles"
    assert english["pothole"]["metadata"] is True
    assert english["street-sign"]["metadata"] is False
    assert english["complaint-other"]["location_required"] is False
    assert {service["type"] for service in english.values()} == {"realtime"}
    # Citizens must be able to find these too: private is the case, not the service.
    assert "benefits-application" in english


async def test_a_definition_in_spanish(city: Client) -> None:
    found = await read(city, "services/missed-trash.json", **SPANISH)
    first, second = found["attributes"]
    assert (first["code"], first["required"], first["order"], first["datatype"]) == ("what", True, 1, "singlevaluelist")
    assert first["description"] == "¿Qué no se recogió?"
    assert first["values"][0] == {"key": "trash", "name": "Basura"}
    assert (second["code"], second["required"], second["order"]) == ("day", False, 2)


async def test_the_elements_of_the_standard(city: Client) -> None:
    definition = await read_xml(city, "services/streetlight.xml")
    attribute = definition.find("attributes/attribute")
    assert attribute is not None
    assert children(definition) == ["service_code", "attributes"]
    assert children(attribute)[:7] == [
        "variable",
        "code",
        "datatype",
        "required",
        "datatype_description",
        "order",
        "description",
    ]
    assert [value.findtext("key") for value in attribute.findall("values/value")] == ["out", "flickering", "always_on", "damaged"]
    request = (await read_xml(city, "requests/482109379.xml")).find("request")
    assert request is not None
    assert set(children(request)) >= {
        "service_request_id",
        "status",
        "status_notes",
        "service_name",
        "service_code",
        "description",
        "agency_responsible",
        "service_notice",
        "requested_datetime",
        "updated_datetime",
        "expected_datetime",
        "address",
        "address_id",
        "zipcode",
        "lat",
        "long",
        "media_url",
    }


async def test_a_case_and_its_history(city: Client) -> None:
    [case] = await read(city, "requests/482109379.json?history=true", **SPANISH)
    assert (case["status"], case["status_detail"], case["service_name"]) == ("open", "in_progress", "Bache")
    assert case["status_notes"].startswith("Una cuadrilla")
    assert case["agency_responsible"] == "Obras Públicas"
    assert case["requested_datetime"] == "2026-11-08T15:30:00Z"
    assert case["updated_datetime"] == "2026-11-17T15:30:00Z"
    assert case["expected_datetime"] == "2026-11-22T15:30:00Z"
    assert (case["address"], case["lat"], case["long"]) == ("1240 Mill Street", 40.05312, -89.61874)
    assert [step["status"] for step in case["history"]] == ["received", "in_review", "in_progress"]
    assert case["history"][0]["notes"] is None
    assert "history" not in (await read(city, "requests/482109379.json"))[0]


async def test_a_filed_case_is_in_the_list(city: Client, casework: Casework) -> None:
    filed = await casework.file(Filing("complaint-other", description="Nobody called <me> & \x00 back \u200fשלום 🙂"))
    [first, *_] = await read(city, "requests.json")
    assert first["service_request_id"] == filed.reference
    xml = (await read_xml(city, "requests.xml")).find("request/description")
    assert xml is not None
    assert xml.text == "Nobody called <me> &  back \u200fשלום 🙂"


LISTS = [
    ("", 90, {"open", "closed"}),
    ("?status=open", 90, {"open"}),
    ("?status=closed", 90, {"closed"}),
    ("?status=open,closed", 90, {"open", "closed"}),
    ("?status=&start_date=", 90, {"open", "closed"}),
    ("?start_date=2026-11-10T00:00:00Z", 11, {"open", "closed"}),
    ("?start_date=2026-11-10T00:00:00%2B00:00&end_date=2026-11-18T12:00:00.5-05:00", 11, {"open", "closed"}),
    ("?start_date=2026-11-10T00:00:00+00:00", 11, {"open", "closed"}),
    ("?jurisdiction_id=riverton.example", 90, {"open", "closed"}),
]


@pytest.mark.parametrize(("query", "days", "statuses"), LISTS)
async def test_lists(city: Client, query: str, days: int, statuses: set[str]) -> None:
    found = await read(city, f"requests.json{query}")
    first_day = {90: "2026-08-22", 11: "2026-11-10"}[days]
    assert {case["status"] for case in found} == statuses
    assert min(case["requested_datetime"] for case in found) >= first_day


async def test_an_end_date_alone_reaches_90_days_back(city: Client) -> None:
    found = await read(city, "requests.json?end_date=2026-08-01T00:00:00Z")
    days = {case["requested_datetime"][:10] for case in found}
    assert found
    assert min(days) >= "2026-05-03"
    assert max(days) < "2026-08-01"


async def test_services_can_be_listed_and_repeated(city: Client) -> None:
    for query in ("service_code=pothole,noise", "service_code=pothole&service_code=noise"):
        found = await read(city, f"requests.json?{query}")
        assert {case["service_code"] for case in found} == {"pothole", "noise"}


async def test_ids_override_everything_else(city: Client) -> None:
    query = "service_request_id=482109379, 315480268,999999999,x&status=nonsense&start_date=yesterday&service_code=dragons"
    found = await read(city, f"requests.json?{query}")
    assert {case["service_request_id"] for case in found} == {"482109379", "315480268"}
    assert await read(city, "requests.json?service_request_id=nothing,%00") == []


async def test_pages(city: Client) -> None:
    everything = await read(city, "requests.json")
    assert await read(city, "requests.json?page=2&page_size=10") == everything[10:20]


async def test_no_more_than_a_thousand(city: Client, casework: Casework) -> None:
    async with casework.sessions.begin() as session:
        for number in range(10_000_000, 10_001_005):
            case = rows.opened(f"{number}{check_digit(str(number))}", Filing("pothole"), casework.clock(), None)
            session.add(rows.case_row(case, None))
            session.add_all(rows.event_rows(case))
    assert len(await read(city, "requests.json")) == 1000


async def test_tokens(city: Client) -> None:
    assert await read(city, "tokens/482109379.json") == [{"service_request_id": "482109379", "token": "482109379"}]


LANGUAGES = [("es", "es"), ("es-US", "es"), ("en, es;q=0.5", "en"), ("en;q=0.2, es;q=0.8", "es"), ("fr", "en"), ("*", "en")]


@pytest.mark.parametrize(("header", "language"), [*LANGUAGES, (";;q=,es;q=x", "en"), ("es;q=0", "en")])
async def test_languages(city: Client, header: str, language: str) -> None:
    answer = await city.get("/open311/v2/services/noise.json", headers={"Accept-Language": header})
    assert answer.headers["Content-Language"] == language
    assert ("ruido" in await answer.text()) == (language == "es")


async def test_a_key_may_come_in_a_header_or_the_query(city: Client) -> None:
    assert (await read(city, "requests/604218932.json", **{"X-Api-Key": KEY}))[0]["status_detail"] == "in_review"
    assert (await read(city, f"requests/604218932.json?api_key={KEY}"))[0]["status_detail"] == "in_review"
