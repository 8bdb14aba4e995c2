"""How an Open311 department is called: what a failure means, what is tried again, what is filed once."""

from __future__ import annotations

import asyncio
import time
import traceback
from dataclasses import dataclass
from typing import ClassVar

import pytest
from aiohttp.test_utils import unused_port
from yarl import URL

from actions.departments.base import (
    Answer,
    Department,
    DepartmentError,
    NotFound,
    NotOffered,
    Question,
    Refused,
    Report,
    Service,
    Unavailable,
)
from tests.actions.departments.wild import Clock, Says, Wild, calls, city, fields

CASE = "GET /requests/482109376.json"
LIST = "GET /requests.json"
POST = "POST /requests.json"
TOKEN = "GET /tokens/t0.json"
OPEN = '[{"service_request_id": "482109376", "status": "open"}]'
REPORT = Report("POTHOLE", "12 Mill Lane", "A deep hole by the school", {"SIZE": "big", "WHEN": ["am", "pm"]}, "es")
DOWN = Says("oops", 503, "text/plain")
DROPS = Says(drops=True)
FILED = Says('[{"service_request_id": 0, "service_notice": null}]', 201)
STANDARD = '[{"code": 403, "description": "No such key: k3y-of-the-city"}]'


@dataclass(frozen=True)
class Fails:
    label: str
    says: Says
    error: type[DepartmentError]
    tries: int = 1


READS = [
    Fails("moved for good, in circles", Says(status=302, headers={"Location": "/v2/requests/482109376.json"}), Unavailable, 9),
    Fails("moved nowhere", Says(status=304), Unavailable, 3),
    Fails("not allowed", Says(STANDARD, 401), Refused),
    Fails("a wrong key", Says(STANDARD, 403), Refused),
    Fails("a wrong key that claims to be a 404", Says('[{"code": 404}]', 403), Refused),
    Fails("unknown", Says('[{"code": 404, "description": "not found"}]', 404), NotFound),
    Fails("unknown, without words", Says("", 404, "text/html"), NotFound),
    Fails("gone", Says("", 410), NotFound),
    Fails("unknown, said with 500", Says('{"errors": [{"code": "404", "description": "x"}]}', 500), NotFound),
    Fails("unknown, said with 400", Says('[{"code": 404, "description": "x"}]', 400), NotFound),
    Fails("unknown, said with 500 in XML", Says("<errors><error><code>404</code></error></errors>", 500), NotFound),
    Fails("a conflict", Says("", 409), Refused),
    Fails("too often", Says("", 429), Unavailable, 3),
    Fails("too often, come back in a minute", Says("", 429, headers={"Retry-After": "60"}), Unavailable, 1),
    Fails("broken gateway", Says("", 502), Unavailable, 3),
    Fails("down", DOWN, Unavailable, 3),
    Fails("down, with a code of its own", Says('[{"code": "001", "description": "x"}]', 503), Unavailable, 3),
    # aiohttp itself repeats a dropped GET once within each try, and never a POST
    Fails("the line drops", DROPS, Unavailable, 6),
    Fails("unreadable", Says("<html>", type="text/html"), Unavailable, 1),
]


@pytest.mark.parametrize("row", READS, ids=lambda row: row.label)
async def test_reads_that_fail(row: Fails, wild: Wild) -> None:
    wild.answer(CASE, row.says)
    department = city(wild.url)
    with pytest.raises(DepartmentError) as failed:
        await department.case("482109376", "en")
    assert type(failed.value) is row.error
    if "circles" not in row.label:
        assert calls(wild, CASE) == row.tries
    await department.close()


async def test_a_read_is_tried_again_with_growing_pauses(wild: Wild) -> None:
    wild.answer(CASE, DOWN, DROPS, DROPS, Says(OPEN))
    pauses: list[float] = []
    department = city(wild.url, pauses=pauses)
    assert (await department.case("482109376", "en")).status == "open"
    assert pauses == [0.2, 0.4]
    await department.close()


async def test_retry_after_is_waited_for(wild: Wild) -> None:
    wild.answer(CASE, Says("", 429, headers={"Retry-After": "1"}), Says(OPEN))
    department = city(wild.url)
    begun = time.monotonic()
    await department.case("482109376", "en")
    assert time.monotonic() - begun >= 1
    await department.close()


async def test_a_slow_department_is_given_up_in_time(wild: Wild) -> None:
    wild.answer(CASE, Says(OPEN, delay=5))
    department = city(wild.url, timeout=0.1, patience=0.25)
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        await department.case("482109376", "en")
    assert time.monotonic() - begun < 1
    assert calls(wild, CASE) == 3
    await department.close()


async def test_an_endless_answer_is_given_up(wild: Wild) -> None:
    wild.answer(CASE, Says(OPEN + " " * 9_000_000))
    department = city(wild.url)
    with pytest.raises(Unavailable):
        await department.case("482109376", "en")
    await department.close()


UNKNOWN_IDS = [
    ("500, and the list is empty", Says("oops", 500), Says("[]"), NotFound),
    ("400, and the list is empty", Says("", 400), Says("[]"), NotFound),
    ("500, and the list has it", Says("oops", 500), Says(OPEN), None),
    ("500, and the list too", Says("oops", 500), Says("oops", 500), Unavailable),
    ("500, and the list has others", Says("oops", 500), Says(OPEN.replace("6", "7")), Unavailable),
    ("400, and the list is refused too", Says("", 400), Says("", 400), Refused),
    ("503, which proves nothing", Says("", 503), Says("[]"), Unavailable),
]


@pytest.mark.parametrize(("label", "one", "many", "error"), UNKNOWN_IDS, ids=[row[0] for row in UNKNOWN_IDS])
async def test_ids_that_servers_stumble_over(
    label: str, one: Says, many: Says, error: type[DepartmentError] | None, wild: Wild
) -> None:
    wild.answer(CASE, one)
    wild.answer(LIST, many)
    department = city(wild.url)
    if error is None:
        assert (await department.case("482109376", "en")).status == "open"
        assert wild.asked[-1].query == {"service_request_id": "482109376", "jurisdiction_id": "riverton.example"}
    else:
        with pytest.raises(error):
            await department.case("482109376", "en")
    await department.close()


REFERENCES = [
    ("482 109 376", "/requests/482109376.json"),
    ("../services", "/requests/..%2Fservices.json"),
    ("AB 12/3?x#y", "/requests/AB%2012%2F3%3Fx%23y.json"),
    ("niño", "/requests/ni%C3%B1o.json"),
    ("a\ud800b", "/requests/a%3Fb.json"),
    ("", None),
    ("9" * 101, None),
]


@pytest.mark.parametrize(("reference", "path"), REFERENCES)
async def test_what_a_citizen_types_stays_one_segment(reference: str, path: str | None, wild: Wild) -> None:
    department = city(wild.url)
    with pytest.raises(NotFound):
        await department.case(reference, "en")
    assert [one.path for one in wild.asked] == ([path] if path else [])
    await department.close()


async def test_reads_name_jurisdiction_and_language_and_no_key(wild: Wild) -> None:
    wild.answer(CASE, Says(OPEN))
    department = city(wild.url)
    await department.case("482109376", "es")
    (asked,) = wild.asked
    assert asked.query == {"jurisdiction_id": "riverton.example"}
    assert asked.headers["Accept-Language"] == "es"
    assert asked.headers["Accept"] == "application/json"
    assert "Idempotency-Key" not in asked.headers
    assert "X-Api-Key" not in asked.headers
    await department.close()


async def test_a_key_that_reads_need_goes_to_that_server_only(wild: Wild) -> None:
    elsewhere = Says("", 302, headers={"Location": "/elsewhere.json"})
    wild.answer(CASE, Says(OPEN), elsewhere)
    department = city(wild.url, reads_with_key=True)
    await department.case("482109376", "en")
    assert wild.asked[0].headers["X-Api-Key"] == "k3y-of-the-city"
    with pytest.raises(Unavailable):
        await department.case("482109376", "en")
    assert set(wild.paths) == {CASE}
    await department.close()


async def test_a_report_is_sent_as_the_standard_says(wild: Wild) -> None:
    wild.answer(POST, FILED)
    department = city(wild.url)
    assert await department.file(REPORT, "SM1") == "0"
    (asked,) = wild.asked
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.headers["Idempotency-Key"] == "SM1"
    assert asked.headers["Accept-Language"] == "es"
    assert sorted(asked.form) == [
        ("address_string", "12 Mill Lane"),
        ("api_key", "k3y-of-the-city"),
        ("attribute[SIZE]", "big"),
        ("attribute[WHEN][]", "am"),
        ("attribute[WHEN][]", "pm"),
        ("description", "A deep hole by the school"),
        ("jurisdiction_id", "riverton.example"),
        ("service_code", "POTHOLE"),
    ]
    await department.close()


async def test_a_report_without_place_and_with_too_many_words(wild: Wild) -> None:
    wild.answer(POST, FILED)
    department = city(wild.url)
    await department.file(Report("NOISE", "", "\0" + "é" * 3998 + "\ud800" + "é" * 1000), "SM1")
    assert fields(wild.asked[0].form, "address_string") == []
    assert fields(wild.asked[0].form, "description") == ["é" * 3998]
    await department.close()


@dataclass(frozen=True)
class Writes:
    label: str
    says: Says
    error: type[DepartmentError]
    unknown: bool = False
    # How often the report is sent: to a server that honours keys, and to one that does not.
    tries: tuple[int, int] = (1, 1)


WRITES = [
    Writes("refused", Says('[{"code": 400, "description": "address_string is missing"}]', 400), Refused),
    Writes("a wrong key", Says(STANDARD, 403), Refused),
    Writes("no such service", Says("", 404), NotFound),
    Writes("not processable", Says("", 422), Refused),
    Writes("too often", Says("", 429), Unavailable),
    Writes("closed for repairs", Says("", 503), Unavailable),
    Writes("failed half way", Says("", 500), Unavailable, True),
    Writes("moved", Says("", 302, headers={"Location": "/v2/services.json"}), Unavailable, True),
    Writes("an answer without a reference", Says("[{}]", 200), Unavailable, True),
    Writes("an answer that cannot be read", Says("<html>", 200), Unavailable, True),
    Writes("the line drops", DROPS, Unavailable, True, (3, 1)),
    Writes("no answer in time", Says("", delay=5), Unavailable, True),
]


@pytest.mark.parametrize("honours", [True, False], ids=["keys", "no keys"])
@pytest.mark.parametrize("row", WRITES, ids=lambda row: row.label)
async def test_writes_that_fail(row: Writes, honours: bool, wild: Wild) -> None:
    wild.answer(POST, row.says)
    wild.answer("GET /services.json", Says("[]"))
    department = city(wild.url, honours_keys=honours, timeout=0.2)
    with pytest.raises(DepartmentError) as failed:
        await department.file(REPORT, "SM1")
    assert type(failed.value) is row.error
    assert getattr(failed.value, "outcome_unknown", False) == row.unknown
    assert wild.paths == [POST] * row.tries[0 if honours else 1]
    await department.close()


async def test_a_write_without_a_key_is_never_sent_twice(wild: Wild) -> None:
    wild.answer(POST, DROPS)
    department = city(wild.url, honours_keys=True)
    with pytest.raises(Unavailable):
        await department.file(REPORT, "")
    assert calls(wild, POST) == 1
    await department.close()


async def test_nobody_listens() -> None:
    pauses: list[float] = []
    department = city(f"http://127.0.0.1:{unused_port()}/v2", pauses=pauses)
    with pytest.raises(Unavailable) as failed:
        await department.file(REPORT, "SM1")
    assert not failed.value.outcome_unknown
    assert len(pauses) == 3
    await department.close()


class Lost(Department):
    """A department that fails as it was told."""

    honours_keys = True
    failures: ClassVar[list[Unavailable]] = []

    async def _try(self, *_: object) -> Answer:
        raise self.failures.pop(0)

    async def file(self, report: Report, key: str) -> str:
        return str(await self._call("POST", URL("http://127.0.0.1"), key=key))


async def test_what_an_earlier_try_may_have_done_stays_in_doubt() -> None:
    lost, nobody = Unavailable("dropped"), Unavailable("nobody listens")
    lost.outcome_unknown, nobody.connected = True, False
    department = Lost("lost", {"en": "Lost"}, jitter=lambda most: 0)
    department.failures[:] = [lost, nobody, nobody]
    with pytest.raises(Unavailable) as failed:
        await department.file(REPORT, "SM1")
    assert failed.value is nobody
    assert failed.value.outcome_unknown
    assert department.failures == []


async def test_the_same_key_is_filed_once(wild: Wild) -> None:
    wild.answer(POST, Says('[{"service_request_id": "A1"}]', delay=0.05), Says('[{"service_request_id": "A2"}]'))
    department = city(wild.url)
    assert await asyncio.gather(*(department.file(REPORT, "SM1") for _ in range(5))) == ["A1"] * 5
    assert await department.file(REPORT, "SM2") == "A2"
    assert calls(wild, POST) == 2
    assert [await department.file(REPORT, ""), await department.file(REPORT, "")] == ["A2", "A2"]
    assert calls(wild, POST) == 4, "without a key nothing is known to be the same"
    await department.close()


LOST = '[{"service_request_id": "B7", "description": "A deep hole by the school", "address": "12 Mill Lane"}]'


@pytest.mark.parametrize(("listed", "reference", "posts"), [(LOST, "B7", 1), ("[]", "0", 2)], ids=["it was", "it was not"])
async def test_after_silence_a_server_without_keys_is_asked_whether_it_was_filed(
    listed: str, reference: str, posts: int, wild: Wild
) -> None:
    wild.answer(POST, DROPS, FILED)
    wild.answer(LIST, Says(listed))
    department = city(wild.url)
    with pytest.raises(Unavailable):
        await department.file(REPORT, "SM1")
    assert await department.file(REPORT, "SM1") == reference
    assert calls(wild, POST) == posts
    assert wild.asked[1].query["service_code"] == "POTHOLE"
    await department.close()


async def test_after_the_asker_gave_up_it_is_looked_for_too(wild: Wild) -> None:
    wild.answer(POST, Says("", delay=5), FILED)
    wild.answer(LIST, Says(LOST))
    department = city(wild.url)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(department.file(REPORT, "SM1"), 0.2)
    assert await department.file(REPORT, "SM1") == "B7"
    assert calls(wild, POST) == 1
    await department.close()


async def test_a_token_is_followed_until_it_has_a_reference(wild: Wild) -> None:
    wild.answer(POST, Says('[{"token": "t0"}]'))
    not_yet = Says('[{"token": "t0", "service_request_id": ""}]')
    wild.answer(TOKEN, Says("", 404), DOWN, Says("", 403), not_yet, Says('[{"token": "t0", "service_request_id": 482109376}]'))
    department = city(wild.url)
    assert await department.file(REPORT, "SM1") == "482109376"
    assert wild.paths == [POST, *[TOKEN] * 5]
    await department.close()


async def test_a_token_that_stays_a_token_is_followed_later_and_not_filed_again(wild: Wild) -> None:
    wild.answer(POST, Says('[{"token": "t0"}]'))
    wild.answer(TOKEN, *[Says("", 404)] * 6, Says('[{"service_request_id": "C3"}]'))
    department = city(wild.url)
    with pytest.raises(Unavailable) as failed:
        await department.file(REPORT, "SM1")
    assert failed.value.outcome_unknown
    assert await department.file(REPORT, "SM1") == "C3"
    assert calls(wild, POST) == 1
    await department.close()


SERVICES = (
    '[{"service_code": "POTHOLE", "service_name": "Potholes", "metadata": true}, {"service_code": "X", "service_name": "Y"}]'
)


async def test_services_are_kept_a_minute_by_language_and_longer_while_down(wild: Wild) -> None:
    clock = Clock()
    wild.answer("GET /services.json", Says(SERVICES), Says(SERVICES), DOWN)
    department = city(wild.url, clock=clock)
    first = await department.services("en")
    clock.now += 59
    assert await department.services("en") == first
    assert len(wild.asked) == 1
    await department.services("es")
    assert [one.headers["Accept-Language"] for one in wild.asked] == ["en", "es"]
    clock.now += 2
    assert await department.services("en") == first, "the old list serves while the department is down"
    assert len(wild.asked) == 5
    clock.now += 9
    await department.services("en")
    assert len(wild.asked) == 5, "and it is not asked again at once"
    clock.now += 2
    wild.answer("GET /services.json", Says('[{"service_code": "NEW", "service_name": "New"}]'))
    assert await department.services("en") == [Service("NEW", "New")]
    await department.close()


async def test_questions_are_kept_and_not_asked_for_where_there_are_none(wild: Wild) -> None:
    clock = Clock()
    wild.answer("GET /services.json", Says(SERVICES))
    wild.answer("GET /services/POTHOLE.json", Says('{"attributes": [{"code": "SIZE", "description": "How big?"}]}'), DOWN)
    department = city(wild.url, clock=clock)
    asked = [Question("SIZE", "How big?", False)]
    await department.services("en")
    assert await department.questions("X", "en") == []
    assert await department.questions("POTHOLE", "en") == asked
    clock.now += 61
    assert await department.questions("POTHOLE", "en") == asked
    with pytest.raises(NotFound):
        await department.questions("nobody's", "en")
    assert calls(wild, "GET /services/X.json") == 0
    await department.close()


async def test_no_secret_and_no_word_of_a_citizen_is_in_errors_and_reprs(wild: Wild) -> None:
    wild.answer(POST, Says('[{"code": "403", "description": "bad k3y-of-the-city for: A deep hole by the school"}]', 403))
    department = city(wild.url)
    with pytest.raises(Refused) as failed:
        await department.file(REPORT, "SM1")
    assert (failed.value.code, failed.value.status) == ("403", 403)
    assert failed.value.description == "bad … for: A deep hole by the school"
    gone = city(f"http://user:k3y-of-the-city@127.0.0.1:{unused_port()}/v2")
    with pytest.raises(Unavailable) as lost:
        await gone.file(REPORT, "SM1")
    written = [repr(department), repr(gone), repr(REPORT)]
    written += [f"{error!r} {''.join(traceback.format_exception(error))}" for error in (failed.value, lost.value)]
    for text in written:
        assert "k3y" not in text
        assert "deep hole" not in text
        assert "127.0.0.1" not in text
        assert "Mill Lane" not in text
    await department.close()
    await gone.close()


async def test_check_says_what_worked(wild: Wild) -> None:
    wild.answer("GET /services.json", Says(SERVICES))
    wild.answer("GET /services/POTHOLE.json", DOWN)
    wild.answer(LIST, Says(OPEN))
    department = city(wild.url)
    assert await department.check() == [("services", ""), ("questions", "city is out of order (503)"), ("cases", "")]
    assert all(one.method == "GET" for one in wild.asked)
    await department.close()


async def test_what_a_department_does_not_write_it_does_not_offer() -> None:
    bare = Department("bare", {"en": "Bare"})
    for verb in (bare.services("en"), bare.questions("X", "en"), bare.case("1", "en"), bare.file(REPORT, "k"), bare.check()):
        with pytest.raises(NotOffered):
            await verb
    await bare.close()
