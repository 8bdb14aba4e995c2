"""Which department answers for what: the file, its mistakes, and questions to all departments at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from actions.departments.base import (
    Case,
    Department,
    DepartmentError,
    NotFound,
    NotOffered,
    Refused,
    Report,
    Service,
    Unavailable,
)
from actions.departments.directory import BadDirectory, Directory, Placed
from tests.actions.departments.wild import Says, Wild

ENV = {"CIVICLINE_CASEWORK_URL": "http://127.0.0.1:1/open311/v2", "CIVICLINE_OPEN311_KEY": "k3y-of-the-city"}
DEFAULT = Path(__file__).parents[3] / "data" / "departments.yml"
GOOD = """
departments:
  - id: parks
    name: {en: Parks, es: Parques}
    kind: open311
    url: ${CIVICLINE_CASEWORK_URL}
    api_key: ${CIVICLINE_OPEN311_KEY}
    services: [TREE, green, 7]
    areas: [Old Town, harbor]
"""


class Desk(Department):
    """A department that answers what it was given, or raises it; counts how often it was asked."""

    def __init__(
        self, id: str, case: Case | DepartmentError, services: Sequence[Service] | DepartmentError = (), delay: float = 0
    ) -> None:
        super().__init__(id, {"en": id.title()})
        self._case = case
        self._services = services
        self._delay = delay
        self.finished = 0
        self.closed = False

    async def services(self, language: str) -> list[Service]:
        if isinstance(self._services, DepartmentError):
            raise self._services
        return list(self._services)

    async def case(self, reference: str, language: str) -> Case:
        await asyncio.sleep(self._delay)
        self.finished += 1
        if isinstance(self._case, DepartmentError):
            raise self._case
        return self._case

    async def close(self) -> None:
        self.closed = True


def write(folder: Path, content: str) -> Path:
    path = folder / "departments.yml"
    path.write_text(content, encoding="utf-8")
    return path


async def test_the_file_that_comes_with_the_house() -> None:
    directory = Directory.open(DEFAULT, ENV)
    (department,) = directory.departments
    assert department.id == "city"
    assert department.honours_keys
    assert department.called("es") == "Departamentos de la ciudad de Riverton"
    assert department.called("fr") == department.called("en") == "Riverton city departments"
    assert directory.department("city") is department
    with pytest.raises(NotFound):
        directory.department("elsewhere")
    assert "k3y" not in repr(directory) + repr(department)
    await directory.close()


async def test_variables_and_settings_reach_the_department(tmp_path: Path, wild: Wild) -> None:
    wild.answer(
        "POST /requests.xml",
        Says("<service_requests><request><service_request_id>9</service_request_id></request></service_requests>"),
    )
    path = write(tmp_path, GOOD + "    format: xml\n    jurisdiction: r.example\n    timezone: America/Chicago\n")
    directory = Directory.open(path, {**ENV, "CIVICLINE_CASEWORK_URL": wild.url})
    assert await directory.department("parks").file(Report("TREE", "1 Elm St", "It fell"), "k") == "9"
    assert ("api_key", "k3y-of-the-city") in wild.asked[0].form
    assert ("jurisdiction_id", "r.example") in wild.asked[0].form
    await directory.close()


MISTAKES: list[tuple[str, Callable[[str], str], str]] = [
    ("no list", lambda good: "city: 1", "needs a list `departments`"),
    ("an empty list", lambda good: "departments: []", "needs a list `departments`"),
    ("empty", lambda good: "", "needs a list `departments`"),
    ("not YAML", lambda good: good + "  k3y-in-clear: [", "is not valid YAML at line"),
    ("not settings", lambda good: "departments: [parks]", "department 1: is not a list of settings"),
    ("no id", lambda good: good.replace("id: parks", "x: y"), "department 1: needs an `id`"),
    ("a bad id", lambda good: good.replace("id: parks", "id: Parks & Co"), "department 'Parks & Co': needs an `id`"),
    (
        "a kind that is not",
        lambda good: good.replace("open311", "closed311"),
        "department 'parks': unknown `kind`; known are open311",
    ),
    ("no name", lambda good: good.replace("{en: Parks, es: Parques}", ""), "department 'parks': needs a `name`"),
    ("no url", lambda good: good.replace("url:", "jurisdiction:"), "department 'parks': `url` must be"),
    ("a bad url", lambda good: good.replace("${CIVICLINE_CASEWORK_URL}", "ftp://x.example"), "department 'parks': `url` must be"),
    ("half a url", lambda good: good.replace("${CIVICLINE_CASEWORK_URL}", "http://"), "department 'parks': `url` must be"),
    ("a bad format", lambda good: good + "    format: yaml", "department 'parks': `format` must be json or xml"),
    ("a bad timezone", lambda good: good + "    timezone: Riverton", "department 'parks': `timezone` must be"),
    ("a setting unknown", lambda good: good + "    apikey: x", "department 'parks': unknown setting 'apikey'"),
    (
        "a word for yes",
        lambda good: good + "    reads_with_key: maybe",
        "department 'parks': `reads_with_key` must be true or false",
    ),
    ("services as a word", lambda good: good.replace("[TREE, green, 7]", "TREE"), "department 'parks': `services` must be"),
    ("areas of nothing", lambda good: good.replace("[Old Town, harbor]", "[]"), "department 'parks': `areas` must be"),
    (
        "a variable missing",
        lambda good: good.replace("OPEN311_KEY", "PARKS_KEY"),
        "department 'parks': CIVICLINE_PARKS_KEY is not set; set it",
    ),
    ("an id twice", lambda good: good + good.partition("departments:")[2], "department 'parks': its `id` is used twice"),
]


@pytest.mark.parametrize(("label", "change", "message"), MISTAKES, ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_one_clear_line(label: str, change: Callable[[str], str], message: str, tmp_path: Path) -> None:
    path = write(tmp_path, change(GOOD))
    with pytest.raises(BadDirectory) as bad:
        Directory.open(path, ENV)
    assert str(bad.value).startswith(f"{path}: ")
    assert message in str(bad.value)
    assert "\n" not in str(bad.value)
    assert "k3y" not in str(bad.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadDirectory, match="cannot be read"):
        Directory.open(tmp_path / "nowhere.yml", ENV)


TREE, BENCH, NOISE = Service("TREE", "Trees"), Service("BENCH", "Benches", group="green"), Service("NOISE", "Noise")
MISSING, DOWN, REFUSED, NO = NotFound("no"), Unavailable("down"), Refused("wrong key"), NotOffered("no cases here")
CASE = Case("1", "Trees", "open")


async def test_services_of_all_departments_that_answer() -> None:
    parks = Desk("parks", MISSING, [TREE, BENCH, NOISE])
    police, down, ledger = Desk("police", MISSING, [NOISE]), Desk("down", MISSING, DOWN), Desk("ledger", MISSING, NO)
    directory = Directory(
        [Placed(down), Placed(parks, frozenset({"TREE", "green"}), ("old town",)), Placed(ledger), Placed(police)]
    )
    assert await directory.services("en") == [(parks, TREE), (parks, BENCH), (police, NOISE)]
    assert await directory.services("en", "3 Oak St, OLD TOWN.") == [(parks, TREE), (parks, BENCH), (police, NOISE)]
    assert await directory.services("en", "3 Gold Townhouses") == [(police, NOISE)]


async def test_departments_without_services_are_no_failure() -> None:
    assert await Directory([Placed(Desk("ledger", MISSING, NO))]).services("en") == []


@pytest.mark.parametrize("said", [[DOWN], [DOWN, NO], [DOWN, MISSING, REFUSED]])
async def test_services_when_nobody_can_say(said: list[DepartmentError]) -> None:
    with pytest.raises(Unavailable):
        await Directory([Placed(Desk(f"d{n}", MISSING, error)) for n, error in enumerate(said)]).services("en")


@dataclass(frozen=True)
class Finds:
    label: str
    says: tuple[Case | DepartmentError, ...]
    result: int | type[DepartmentError]


FINDS = [
    Finds("the only one has it", (CASE,), 0),
    Finds("another has it", (MISSING, CASE), 1),
    Finds("it is found though another is down", (DOWN, CASE, REFUSED), 1),
    Finds("two have it", (CASE, Case("1", "Noise", "closed")), 0),
    Finds("nobody knows it", (MISSING, MISSING), NotFound),
    Finds("nobody who has cases knows it", (MISSING, NO), NotFound),
    Finds("one is down", (MISSING, DOWN), Unavailable),
    Finds("one does not talk to us", (REFUSED, MISSING), Unavailable),
]


@pytest.mark.parametrize("row", FINDS, ids=lambda row: row.label)
async def test_find_case(row: Finds) -> None:
    directory = Directory([Placed(Desk(f"d{n}", says)) for n, says in enumerate(row.says)])
    if isinstance(row.result, int):
        department, case = await directory.find_case("1", "en")
        assert (department.id, case) == (f"d{row.result}", row.says[row.result])
    else:
        with pytest.raises(DepartmentError) as failed:
            await directory.find_case("1", "en")
        assert type(failed.value) is row.result


async def test_a_found_case_waits_for_nobody() -> None:
    slow, quick = Desk("slow", DOWN, delay=5), Desk("quick", CASE)
    directory = Directory([Placed(slow), Placed(quick)])
    assert await asyncio.wait_for(directory.find_case("1", "en"), 1) == (quick, CASE)
    assert slow.finished == 0
    await directory.close()
    assert slow.closed
    assert quick.closed
