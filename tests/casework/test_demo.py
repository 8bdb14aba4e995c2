"""The demo city: complete, in both languages, believable, and loaded once."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.casework.casework import Casework, NoSuchService
from bot.casework.catalogue import BadCatalogue, read_departments, read_services
from bot.casework.city import read_city
from bot.casework.demo import load_demo
from bot.casework.references import grouped
from bot.casework.values import CLOSED, NEXT, STATUSES, Filing, Wanted
from tests.casework.conftest import DEMO, NOW

BOTH = {"en", "es"}


async def test_counts(casework: Casework) -> None:
    cases = await casework.cases()
    assert len(cases) >= 224
    assert set(Counter(case.status for case in cases)) == set(STATUSES)
    assert min(Counter(case.status for case in cases).values()) >= 15
    assert {case.service for case in cases} == {service.code for service in await casework.services()}
    assert Counter(case.language for case in cases)["es"] >= 50


def test_every_text_is_in_both_languages() -> None:
    services = read_services(DEMO)
    assert len(services) >= 22
    assert len({service.department.code for service in services}) == len(read_departments(DEMO)) == 5
    for service in services:
        for texts in (service.names, service.descriptions, service.groups, service.department.names):
            assert set(texts) == BOTH, service.code
        assert set(service.notices) in (BOTH, set())
        assert all(len(service.keywords[language]) >= 8 for language in BOTH), service.code
        assert len(service.questions) <= 3
        for question in service.questions:
            assert set(question.texts) == BOTH
            assert all(set(option.names) == BOTH for option in question.options)
            assert question.options or not question.required
    assert sum(question.required for service in services for question in service.questions) == 4
    assert {service.code for service in services if not service.public} == {"benefits-application", "staff-complaint"}


async def test_histories_are_believable(casework: Casework) -> None:
    for case in await casework.cases():
        assert case.history[0].status == "received"
        assert case.history[-1].status == case.status
        assert (case.history[0].at, case.history[-1].at) == (case.received, case.updated)
        assert case.updated <= NOW
        for before, after in zip(case.history, case.history[1:], strict=False):
            assert after.status in NEXT[before.status]
            assert before.at <= after.at
            assert set(after.notes) == BOTH
        if case.status not in CLOSED and case.expected:
            assert case.expected > NOW


FIXED = [
    ("482109379", "pothole", "in_progress"),
    ("730514824", "missed-trash", "done"),
    ("902146375", "streetlight", "waiting"),
    ("315480268", "graffiti", "declined"),
    ("604218932", "benefits-application", "in_review"),
]


@pytest.mark.parametrize(("reference", "service", "status"), FIXED)
async def test_the_cases_of_the_readme(casework: Casework, reference: str, service: str, status: str) -> None:
    case = await casework.case(reference)
    assert (case.service, case.status) == (service, status)
    assert f"**{grouped(reference)}**" in (DEMO / "README.md").read_text()


async def test_a_second_start_adds_nothing(empty: AsyncEngine) -> None:
    casework = Casework(empty)
    assert await load_demo(casework, DEMO, NOW) == 245
    first = await casework.cases()
    assert await load_demo(casework, DEMO, NOW + timedelta(days=9)) == 0
    assert await casework.cases() == first


async def test_the_same_day_gives_the_same_cases(empty: AsyncEngine, casework: Casework) -> None:
    another = Casework(empty)
    await load_demo(another, DEMO, NOW)
    assert await another.cases() == await casework.cases()


async def test_an_interrupted_load_leaves_nothing(empty: AsyncEngine, tmp_path: Path) -> None:
    casework = Casework(empty)

    class PulledPlug(Exception):
        pass

    def unplug(*_: object) -> None:
        raise PulledPlug

    event.listen(empty.sync_engine, "commit", unplug)
    with pytest.raises(PulledPlug):
        await load_demo(casework, DEMO, NOW)
    event.remove(empty.sync_engine, "commit", unplug)
    assert (await casework.services(), await casework.count()) == ([], 0)
    assert await load_demo(casework, DEMO, NOW) == 245


async def test_a_city_changes_its_services(empty: AsyncEngine, tmp_path: Path) -> None:
    casework = Casework(empty)
    await load_demo(casework, DEMO, NOW)
    own = tmp_path / "own"
    own.mkdir()
    shutil.copy(DEMO / "departments.yml", own)
    (own / "services.yml").write_text(
        "pothole:\n  department: parks\n  group: Streets\n  name: {en: Road hole, es: Hoyo}\n  description: A hole\n"
        "lantern:\n  department: public-works\n  group: Streets\n  name: Lantern\n  description: A lantern\n"
    )
    assert await load_demo(casework, own, NOW) == 0
    assert [service.code for service in await casework.services()] == ["pothole", "lantern"]
    pothole = await casework.service("pothole")
    assert (pothole.names["es"], pothole.department.code, pothole.questions) == ("Hoyo", "parks", ())
    with pytest.raises(NoSuchService):
        await casework.file(Filing("graffiti"))
    assert (await casework.case("315480268")).service == "graffiti"
    assert await casework.cases(Wanted(services=frozenset({"graffiti"})))


async def test_a_city_that_means_it_gets_no_invented_cases(empty: AsyncEngine) -> None:
    casework = Casework(empty)
    assert await load_demo(casework, DEMO, NOW, with_cases=False) == 0
    assert (len(await casework.services()), await casework.count()) == (len(read_services(DEMO)), 0)


async def test_a_city_without_invented_cases(empty: AsyncEngine, tmp_path: Path) -> None:
    casework = Casework(empty)
    for name in ("departments.yml", "services.yml"):
        shutil.copy(DEMO / name, tmp_path)
    assert await load_demo(casework, tmp_path, NOW) == 0
    assert len(await casework.services()) == len(read_services(DEMO))
    assert await casework.count() == 0
    # A service that is there already says that this was not the first start: demo cases never come later.
    assert await load_demo(casework, DEMO, NOW) == 0


SERVICE = "hole:\n  department: parks\n  group: G\n  name: N\n  description: D\n"
BAD = [
    ("[1, 2]", "services.yml: a mapping is needed"),
    ("hole: {department: [", "services.yml"),
    ("hole: {department: moon, group: G, name: N, description: D}", "hole: there is no department 'moon'"),
    ("hole: {department: parks}", "hole: group: a text"),
    (SERVICE + "  place: sky\n", "hole: place is one of"),
    (SERVICE + "  public: maybe\n", "hole: public: true or false"),
    (SERVICE + "  expected_days: soon\n", "hole: expected_days"),
    (SERVICE + "  keywords: {en: hole}\n", "hole: keywords: en: a list"),
    (SERVICE + "  questions: {q: {text: T, datatype: colour}}\n", "hole: q: datatype is one of"),
    (SERVICE + "  questions: {q: {text: T, options: {a: A}}}\n", "hole: q: options go with"),
    (SERVICE.replace("hole", "ho.le"), "ho.le: a code is made of"),
]


@pytest.mark.parametrize(("services", "says"), BAD)
async def test_a_bad_file_is_one_clear_line_and_changes_nothing(
    empty: AsyncEngine, tmp_path: Path, services: str, says: str
) -> None:
    shutil.copy(DEMO / "departments.yml", tmp_path)
    (tmp_path / "services.yml").write_text(services)
    with pytest.raises(BadCatalogue) as refusal:
        await load_demo(Casework(empty), tmp_path, NOW)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert await Casework(empty).services() == []


async def test_a_missing_file_is_named(empty: AsyncEngine, tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue, match=r"departments\.yml: there is no such file"):
        await load_demo(Casework(empty), tmp_path, NOW)


async def test_bad_cases_are_named(empty: AsyncEngine, tmp_path: Path) -> None:
    for name in ("departments.yml", "services.yml"):
        shutil.copy(DEMO / name, tmp_path)
    cases = (DEMO / "cases.yml").read_text().replace('"482109379"', '"482109376"')
    (tmp_path / "cases.yml").write_text(cases)
    with pytest.raises(BadCatalogue, match="482109376 is not a reference"):
        await load_demo(Casework(empty), tmp_path, NOW)
    (tmp_path / "cases.yml").write_text("cases: [{}]")
    with pytest.raises(BadCatalogue, match=r"cases\.yml: KeyError"):
        await load_demo(Casework(empty), tmp_path, NOW)


def test_the_city() -> None:
    city = read_city(DEMO)
    assert (city.name, city.jurisdiction, city.emergency) == ("Riverton", "riverton.example", "911")
    assert set(city.hours) == {"", *read_departments(DEMO)}
    assert all(set(text) == BOTH for text in city.hours.values())
