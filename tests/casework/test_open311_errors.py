"""Open311, what goes wrong: every bad request is told so in the format it asked for, and nothing is filed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import FormData, web
from defusedxml.ElementTree import fromstring
from pytest_aiohttp.plugin import AiohttpClient
from yarl import URL

from bot.casework.casework import Casework
from bot.casework.open311 import routes
from tests.casework.conftest import KEY, Client

GOOD = {"api_key": KEY, "service_code": "pothole", "address_string": "12 Mill Street"}


@dataclass(frozen=True)
class Wrong:
    what: str
    form: Mapping[str, str]
    status: int
    says: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in GOOD.items() if key != name}


FILINGS = [
    Wrong("no key", without("api_key"), 403, ("api_key was not provided",)),
    Wrong("a wrong key", GOOD | {"api_key": "guess"}, 403, ("api_key is not valid",)),
    Wrong("a key that is no ASCII", GOOD | {"api_key": "ключ"}, 403, ("api_key is not valid",)),
    Wrong("no service", without("service_code"), 400, ("service_code was not provided",)),
    Wrong("an unknown service", GOOD | {"service_code": "dragons"}, 404, ("service_code was not found",)),
    Wrong("a service with NUL", GOOD | {"service_code": "pot\x00hole"}, 404, ("service_code was not found",)),
    Wrong("another city", GOOD | {"jurisdiction_id": "gotham.example"}, 404, ("jurisdiction_id was not found",)),
    Wrong("no place", without("address_string"), 400, ("a location is needed",)),
    Wrong("only lat", without("address_string") | {"lat": "1"}, 400, ("lat and long go together",)),
    Wrong("no number", GOOD | {"lat": "north", "long": "west"}, 400, ("lat must be", "long must be")),
    Wrong("not a number", GOOD | {"lat": "nan", "long": "inf"}, 400, ("lat must be", "long must be")),
    Wrong("off the globe", GOOD | {"lat": "90.5", "long": "-181"}, 400, ("lat must be", "long must be")),
    Wrong("a long text", GOOD | {"description": "x" * 4001}, 400, ("description is longer than 4000",)),
    Wrong("a long address", GOOD | {"address_string": "x" * 501}, 400, ("address_string is longer than 500",)),
    Wrong("a bad e-mail", GOOD | {"email": "ann"}, 400, ("email is not",)),
    Wrong(
        "control characters", GOOD | {"first_name": "A\x00nn", "phone": "1\n2"}, 400, ("phone contains", "first_name contains")
    ),
    Wrong("a script as photo", GOOD | {"media_url": "javascript:alert(1)"}, 400, ("media_url must begin",)),
    Wrong(
        "an unknown option", GOOD | {"attribute[size]": "vast"}, 400, ("attribute[size] must be one of: small, medium, large",)
    ),
    Wrong("an unknown question", GOOD | {"attribute[shoe]": "9"}, 400, ("an attribute is not a question",)),
    Wrong("an unreadable question", GOOD | {"attribute[size": "x"}, 400, ("attributes are written",)),
    Wrong("NUL in an answer", GOOD | {"attribute[lane]": "\x00"}, 400, ("attribute[lane] contains",)),
    Wrong("a long answer", GOOD | {"attribute[lane]": "x" * 1001}, 400, ("attribute[lane] is longer",)),
    Wrong("no required answer", GOOD | {"service_code": "missed-trash"}, 400, ("attribute[what] is required",)),
    Wrong("no number of items", GOOD | {"service_code": "bulky-pickup", "attribute[count]": "lots"}, 400, ("must be a number",)),
    Wrong(
        "everything at once",
        {"api_key": KEY, "service_code": "streetlight", "lat": "x", "email": "y"},
        400,
        ("lat and long go together", "attribute[problem] is required", "email is not"),
    ),
    Wrong("a long idempotency key", GOOD, 400, ("Idempotency-Key must be",), {"Idempotency-Key": "x" * 181}),
    Wrong("a huge field", GOOD | {"description": "x" * 300_000}, 413, ("larger than 256 KB",)),
]


def ids(wrong: Wrong) -> str:
    return wrong.what


@pytest.mark.parametrize("wrong", FILINGS, ids=ids)
async def test_filings(city: Client, casework: Casework, wrong: Wrong) -> None:
    before = await casework.count()
    for format in ("json", "xml"):
        answer = await city.post(f"/open311/v2/requests.{format}", data=dict(wrong.form), headers=dict(wrong.headers))
        assert answer.status == wrong.status, await answer.text()
        found = errors(format, await answer.read())
        assert {code for code, _ in found} == {str(wrong.status)}
        assert [any(says in text for _, text in found) for says in wrong.says] == [True] * len(wrong.says), found
        assert len(found) == len(wrong.says)
    assert await casework.count() == before


def errors(format: str, body: bytes) -> list[tuple[str, str]]:
    if format == "xml":
        root = fromstring(body)
        assert root.tag == "errors"
        assert all(child.tag == "error" for child in root)
        return [(child.findtext("code", ""), child.findtext("description", "")) for child in root]
    return [(str(error["code"]), error["description"]) for error in json.loads(body)]


BODIES: list[tuple[str, str, bytes]] = [
    ("JSON", "application/json", b'{"service_code": "pothole"}'),
    ("no type", "", b"api_key=x"),
    ("bytes that are no text", "application/x-www-form-urlencoded", b"api_key=\xff\xfe"),
    ("an unknown charset", "application/x-www-form-urlencoded; charset=klingon", b"api_key=x"),
    ("multipart without boundary", "multipart/form-data", b"--x"),
    (
        "multipart cut short",
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="api_key"\r\n\r\nab',
    ),
    (
        "multipart with an unknown encoding",
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: rot13\r\n\r\nab\r\n--x--\r\n',
    ),
    (
        "multipart with an unknown charset",
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=klingon\r\n\r\nab\r\n--x--\r\n',
    ),
    (
        "multipart without a name",
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data\r\n\r\nab\r\n--x--\r\n",
    ),
    (
        "multipart in multipart",
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nab\r\n--y--\r\n--x--\r\n",
    ),
    ("nothing", "application/x-www-form-urlencoded", b""),
    ("only separators", "application/x-www-form-urlencoded", b"&&==&=&"),
]


@pytest.mark.parametrize(("what", "content_type", "body"), BODIES, ids=[body[0] for body in BODIES])
async def test_unreadable_bodies(city: Client, casework: Casework, what: str, content_type: str, body: bytes) -> None:
    before = await casework.count()
    answer = await city.post("/open311/v2/requests.json", data=body, headers={"Content-Type": content_type})
    assert answer.status in (400, 403), await answer.text()
    assert errors("json", await answer.read())
    assert await casework.count() == before


async def test_a_file_is_refused(city: Client, casework: Casework) -> None:
    before = await casework.count()
    form = FormData(GOOD)
    form.add_field("media", b"\xff\xd8", filename="hole.jpg", content_type="image/jpeg")
    answer = await city.post("/open311/v2/requests.json", data=form)
    assert (answer.status, await answer.json()) == (
        400,
        [{"code": 400, "description": "a file was sent: put it on a public address and send that as media_url"}],
    )
    assert await casework.count() == before


async def test_a_body_that_is_not_what_it_says_is_refused(city: Client) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
    answer = await city.post("/open311/v2/requests.json", data=b"not gzip", headers=headers)
    assert answer.status == 400
    assert errors("json", await answer.read())


async def test_keys_may_change_while_the_server_runs(casework: Casework, aiohttp_client: AiohttpClient) -> None:
    accepted = ["first", ""]
    app = web.Application()
    app.add_routes(routes(casework, lambda: accepted, "https://riverton.example"))
    client: Client = await aiohttp_client(app)

    async def offer(key: str) -> int:
        return (await client.post("/open311/v2/requests.json", data=GOOD | {"api_key": key})).status

    assert [await offer(key) for key in ("first", "second", "f", "")] == [201, 403, 403, 403]
    accepted[:] = ["second"]
    assert [await offer(key) for key in ("first", "second")] == [403, 201]


async def test_one_key_given_as_a_text_is_one_key(casework: Casework, aiohttp_client: AiohttpClient) -> None:
    app = web.Application()
    app.add_routes(routes(casework, "abc", "https://riverton.example"))
    client: Client = await aiohttp_client(app)
    statuses = [(await client.post("/open311/v2/requests.json", data=GOOD | {"api_key": key})).status for key in ("a", "abc")]
    assert statuses == [403, 201]


async def test_a_body_without_end_is_cut_off(city: Client) -> None:
    async def endless() -> Any:
        for _ in range(60):
            yield b"x" * 50_000
            await asyncio.sleep(0)

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await city.post("/open311/v2/requests.json", data=endless(), headers=headers)
    assert answer.status == 413
    assert errors("json", await answer.read())


READS = [
    ("services.json?jurisdiction_id=gotham.example", 404, "jurisdiction_id was not found"),
    ("services/dragons.json", 404, "service_code was not found"),
    ("services/%00.json", 404, "service_code was not found"),
    ("services/pothole.xml?jurisdiction_id=gotham.example", 404, "jurisdiction_id was not found"),
    ("requests.json?jurisdiction_id=gotham.example", 404, "jurisdiction_id was not found"),
    ("requests.json?service_code=dragons", 404, "service_code was not found"),
    ("requests.json?status=lost", 400, "status must be"),
    ("requests.xml?start_date=yesterday", 400, "start_date must be a date and time with its zone"),
    ("requests.json?start_date=2026-11-01", 400, "start_date must be"),
    ("requests.json?start_date=2026-11-01T00:00:00", 400, "start_date must be"),
    ("requests.json?end_date=2026-02-30T00:00:00Z", 400, "end_date must be"),
    ("requests.json?end_date=0001-01-01T00:00:00%2B14:00", 400, "end_date must be"),
    ("requests.json?start_date=9999-12-31T23:59:59-14:00", 400, "start_date must be"),
    ("requests.json?start_date=2026-11-01T00:00:00%2B99:99", 400, "start_date must be"),
    ("requests.json?start_date=%00", 400, "start_date must be"),
    ("requests.json?start_date=2026-11-02T00:00:00Z&end_date=2026-11-01T00:00:00Z", 400, "before start_date"),
    ("requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-11-01T00:00:00Z", 400, "more than 90 days"),
    ("requests.json?page=0", 400, "page must be"),
    ("requests.json?page=99999999999999999999", 400, "page must be"),
    ("requests.json?page_size=1001", 400, "page_size must be"),
    ("requests/482109378.json", 404, "service_request_id was not found"),
    ("requests/111111112.json", 404, "service_request_id was not found"),
    ("requests/%00%FF.xml", 404, "service_request_id was not found"),
    ("requests/482109379.json?jurisdiction_id=gotham.example", 404, "jurisdiction_id was not found"),
    ("tokens/nothing.xml", 404, "token was not found"),
    ("services.html", 404, "there is no such format"),
    ("services/pothole.json.gz", 404, "there is no such format"),
    ("requests/", 404, "there is no such address"),
    ("elsewhere.json", 404, "there is no such address"),
    ("", 404, "there is no such address"),
]


@pytest.mark.parametrize(("path", "status", "says"), READS)
async def test_reads(city: Client, path: str, status: int, says: str) -> None:
    answer = await city.get(URL(f"/open311/v2/{path}", encoded=True))
    format = "json" if answer.content_type == "application/json" else "xml"
    if ".json?" in path or path.endswith(".json"):
        assert format == ("xml" if path.startswith("elsewhere") else "json")
    [(code, description)] = errors(format, await answer.read())
    assert (answer.status, code) == (status, str(status))
    assert says in description


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods(city: Client, method: str) -> None:
    answer = await city.request(method, "/open311/v2/requests.json")
    assert answer.status == 404
    assert errors("xml", await answer.read())
