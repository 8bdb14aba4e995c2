"""What must never be seen from outside: private cases, homes, and who filed."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from bot.casework.casework import Casework
from bot.casework.shown import block, without_contact
from bot.casework.tables import ServiceRow
from bot.casework.values import Filing
from tests.casework.conftest import KEY, Client

CONTACT = {
    "email": "ann.private@example.org",
    "phone": "(555) 010-0177",
    "first_name": "Annabel",
    "last_name": "Privatus",
    "device_id": "device-0177",
    "account_id": "account-0177",
}
PRIVATE = ("benefits-application", "staff-complaint")
LISTS = [
    "requests.{}",
    "requests.{}?api_key=" + KEY,
    "requests.{}?service_code=benefits-application,staff-complaint",
    "requests.{}?service_request_id=604218932",
    "requests.{}?service_request_id=604218932&api_key=" + KEY,
    "requests.{}?start_date=2026-11-01T00:00:00Z&status=open&page_size=1000",
]


@pytest.mark.parametrize("format", ["json", "xml"])
@pytest.mark.parametrize("path", LISTS)
async def test_private_cases_are_in_no_list(city: Client, casework: Casework, path: str, format: str) -> None:
    filed = await casework.file(Filing("staff-complaint", description="Unheard of words", contact=CONTACT))
    answer = await city.get("/open311/v2/" + path.format(format))
    body = await answer.text()
    assert answer.status == 200
    assert not any(secret in body for secret in (*PRIVATE, "604218932", filed.reference, "Unheard of words"))


SINGLES = ["requests/{}.json", "requests/{}.xml", "tokens/{}.json", "tokens/{}.xml", "requests/{}.json?history=true"]


@pytest.mark.parametrize("path", SINGLES)
async def test_a_private_case_looks_like_none_without_a_key(city: Client, path: str) -> None:
    address = "/open311/v2/" + path
    private = await city.get(address.format("604218932"))
    nowhere = await city.get(address.format("111111111"))
    wrong = await city.get(address.format("604218932"), headers={"X-Api-Key": "guess"})
    assert private.status == nowhere.status == wrong.status == 404
    assert await private.read() == await nowhere.read() == await wrong.read()
    assert (await city.get(address.format("604218932"), headers={"X-Api-Key": KEY})).status == 200


@pytest.mark.parametrize("service", ["pothole", "missed-trash", "staff-complaint", "benefits-application"])
@pytest.mark.parametrize("format", ["json", "xml"])
async def test_who_filed_is_never_shown(city: Client, casework: Casework, service: str, format: str) -> None:
    filed = await casework.file(
        Filing(
            service,
            address="1412 Oak Street, Apt 3",
            lat=40.123456,
            long=-89.654321,
            description="Call me: (555) 010-0177 or ann.private@example.org",
            contact=CONTACT,
            media_url="https://example.org/home.jpg",
        )
    )
    paths = [
        f"requests/{filed.reference}.{format}?history=true&api_key={KEY}",
        f"requests.{format}",
        f"tokens/{filed.reference}.{format}",
    ]
    seen = "".join([await (await city.get(f"/open311/v2/{path}")).text() for path in paths])
    assert filed.reference in seen
    assert not any(value in seen for value in CONTACT.values())
    public = service == "pothole"
    assert [text in seen for text in ("40.123456", "-89.654321", "1412 Oak", "home.jpg")] == [public] * 4
    assert ("1400 block of Oak Street" in seen) is not public


BLOCKS = [
    ("1412 Oak Street, Apt 3", "en", "1400 block of Oak Street"),
    ("1412 Oak Street Apt 3", "es", "Oak Street, cuadra 1400"),
    ("77B River Road #4", "en", "0 block of River Road"),
    ("318 Cedar Avenue", "en", "300 block of Cedar Avenue"),
    ("my house on 12 Elm", "en", ""),
    ("the yellow house by the church", "en", ""),
    ("12", "en", ""),
    ("12 Apt 4", "en", ""),
    ("", "en", ""),
]


@pytest.mark.parametrize(("address", "language", "shown"), BLOCKS)
def test_blocks(address: str, language: str, shown: str) -> None:
    assert block(address, language) == shown


TEXTS = [
    ("call (555) 010-0177 please", "call […] please"),
    ("+1 555 010 0177", "[…]"),
    ("ann@example.org wrote", "[…] wrote"),
    ("3 holes since 2019, 12 inches deep", "3 holes since 2019, 12 inches deep"),
    ("at 1240 Mill Street", "at 1240 Mill Street"),
]


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_contacts_in_a_text(text: str, shown: str) -> None:
    assert without_contact(text) == shown


async def test_a_service_no_longer_public_hides_its_old_cases(city: Client, casework: Casework) -> None:
    assert (await city.get("/open311/v2/requests/482109379.json")).status == 200
    async with casework.sessions.begin() as session:
        await session.execute(update(ServiceRow).where(ServiceRow.code == "pothole").values(public=False))
    assert (await city.get("/open311/v2/requests/482109379.json")).status == 404
    [case] = await (await city.get("/open311/v2/requests/482109379.json", headers={"X-Api-Key": KEY})).json()
    assert (case["lat"], case["long"], case["address"]) == (None, None, "1200 block of Mill Street")
