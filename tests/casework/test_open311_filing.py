"""Open311, the writing half: a form becomes a case, once."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import FormData
from defusedxml.ElementTree import fromstring

from bot.casework.casework import Casework
from tests.casework.conftest import KEY, Client

REQUESTS = "/open311/v2/requests.json"
FORM = {"api_key": KEY, "service_code": "pothole", "address_string": "12 Mill Street", "description": "A hole"}


async def file(city: Client, form: Any = FORM, **headers: str) -> dict[str, Any]:
    answer = await city.post(REQUESTS, data=form, headers=headers)
    assert answer.status == 201, await answer.text()
    [filed] = await answer.json()
    return dict(filed)


async def test_filing(city: Client, casework: Casework) -> None:
    form = FORM | {
        "jurisdiction_id": "riverton.example",
        "lat": "40.05",
        "long": "-89.61",
        "email": "ann@example.org",
        "phone": "(555) 010-0199",
        "first_name": "Ann",
        "last_name": "Example",
        "account_id": "a-17",
        "device_id": "d-1",
        "media_url": "https://example.org/hole.jpg",
        "attribute[size]": "large",
        "attribute[lane]": "right\tlane",
    }
    filed = await file(city, form, **{"Accept-Language": "es"})
    case = await casework.case(filed["service_request_id"])
    assert filed["account_id"] == "a-17"
    assert filed["service_notice"] == "Revisamos la mayoría de los baches en 3 días hábiles."
    assert (case.service, case.address, case.lat, case.long) == ("pothole", "12 Mill Street", 40.05, -89.61)
    assert case.answers == {"size": "large", "lane": "right\tlane"}
    assert case.language == "es"
    assert case.contact == {
        "email": "ann@example.org",
        "phone": "(555) 010-0199",
        "first_name": "Ann",
        "last_name": "Example",
        "account_id": "a-17",
        "device_id": "d-1",
    }


async def test_in_xml(city: Client) -> None:
    answer = await city.post("/open311/v2/requests.xml", data=FORM)
    root = fromstring(await answer.read())
    assert (answer.status, root.tag, [child.tag for child in root]) == (201, "service_requests", ["request"])
    assert [field.tag for field in root[0]] == ["service_request_id", "service_notice", "account_id"]


async def test_multipart_without_files(city: Client, casework: Casework) -> None:
    form = FormData(default_to_multipart=True)
    for name, value in (FORM | {"description": "Un hoyo grande ñ"}).items():
        form.add_field(name, value)
    filed = await file(city, form)
    assert (await casework.case(filed["service_request_id"])).description == "Un hoyo grande ñ"


async def test_several_values(city: Client, casework: Casework) -> None:
    form = [*FORM.items(), ("attribute[kind][]", "tires"), ("attribute[kind][]", "rubble"), ("attribute[kind][]", "")]
    filed = await file(city, [*(pair for pair in form if pair[0] != "service_code"), ("service_code", "illegal-dumping")])
    assert (await casework.case(filed["service_request_id"])).answers == {"kind": ["tires", "rubble"]}


async def test_what_a_telephone_adds_is_left_out(city: Client, casework: Casework) -> None:
    form = FORM | {"description": " a\x00 hole\x07\r\nby the \u202eschool 🕳️ \u0085"}
    filed = await file(city, form)
    assert (await casework.case(filed["service_request_id"])).description == "a hole\nby the \u202eschool 🕳️"


async def test_a_complaint_needs_no_place(city: Client, casework: Casework) -> None:
    filed = await file(city, {"api_key": KEY, "service_code": "complaint-other", "description": "Nobody answers"})
    case = await casework.case(filed["service_request_id"])
    assert (case.address, case.lat) == ("", None)


async def test_an_address_id_or_coordinates_are_enough(city: Client) -> None:
    form = {"api_key": KEY, "service_code": "pothole"}
    assert await file(city, form | {"address_id": "4711"})
    assert await file(city, form | {"lat": "0", "long": "0"})


async def test_the_same_idempotency_key_files_once(city: Client, casework: Casework) -> None:
    before = await casework.count()
    filed = await asyncio.gather(*(file(city, **{"Idempotency-Key": "SM123"}) for _ in range(8)))
    assert len({one["service_request_id"] for one in filed}) == 1
    assert await casework.count() == before + 1


async def test_idempotency_keys_of_two_clients_do_not_meet(city: Client) -> None:
    one = await file(city, **{"Idempotency-Key": "SM123"})
    two = await file(city, FORM | {"api_key": "another-key"}, **{"Idempotency-Key": "SM123"})
    assert one["service_request_id"] != two["service_request_id"]
