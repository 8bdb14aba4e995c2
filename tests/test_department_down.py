"""A department that is down or slow: the citizen is told, the report is kept, and it is filed when the department is back.

The department is the real casework with its Open311 server, in this process, so that it can be taken away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from bot.answers import ROOT
from bot.bench.system import System, free_port, running
from bot.casework import open311
from bot.casework.casework import Casework
from bot.casework.city import read_city
from bot.casework.demo import load_demo
from bot.store.conversations import utc_now
from bot.store.database import Base, open_database
from tests.road import Citizen
from tests.test_road import ENGLISH, POTHOLE, REFERENCE, SPANISH, _asked_for

pytestmark = pytest.mark.asyncio(loop_scope="session")
KEY = "a-departments-key"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Department:
    """A department of its own: `start`, `stop`, and `slow` for one that takes requests and does not answer."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.database = open_database(f"sqlite:///{folder / 'department.sqlite'}")
        self.casework = Casework(self.database)
        self.slow = False
        self._runner: web.AppRunner | None = None

    async def load(self) -> None:
        """Make its tables and cases."""
        async with self.database.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await load_demo(self.casework, ROOT / "data" / "demo", utc_now())

    async def start(self) -> None:
        """Answer."""

        @web.middleware
        async def perhaps(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await handler(request)  # a slow one does its work all the same
            if self.slow:
                await asyncio.sleep(30)
            return response

        app = web.Application(middlewares=[perhaps])
        url = f"http://127.0.0.1:{self.port}"
        app.add_routes(open311.routes(self.casework, {KEY}, url, read_city(ROOT / "data" / "demo")))
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Be gone."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def cases_at(self, place: str) -> int:
        """Return how many cases there are at a place."""
        return sum(place in (case.address or "") for case in await self.casework.cases())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def department(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Department]:
    department = Department(tmp_path_factory.mktemp("department"))
    await department.load()
    await department.start()
    yield department
    await department.stop()
    await department.database.dispose()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def town(department: Department, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system whose only department is that one."""
    folder = tmp_path_factory.mktemp("town")
    directory = folder / "departments.yml"
    directory.write_text(
        "departments:\n"
        "  - id: works\n"
        "    name: {en: Public Works, es: Obras Públicas}\n"
        "    kind: open311\n"
        f"    url: http://127.0.0.1:{department.port}/open311/v2\n"
        "    format: json\n"
        "    jurisdiction: riverton.example\n"
        f"    api_key: {KEY}\n"
        "    honours_idempotency_key: true\n"
        '    services: "*"\n'
    )
    async with running(folder, CIVICLINE_DEPARTMENTS=str(directory)) as system:
        yield system


async def up_to_the_confirmation(ann: Citizen, first: str, says: dict[str, str]) -> None:
    """Go through the report form until everything is read back."""
    answer = await ann.ask(first)
    for _ in range(10):
        if (asked := _asked_for(answer)) == "yes":
            return
        answer = await ann.ask(says[asked])
    raise AssertionError(answer)


@pytest.mark.parametrize(
    ("first", "says", "place"),
    [
        ("I want to file a complaint", ENGLISH | {"where": "71 Quince Street"}, "71 Quince"),
        ("quiero poner una queja", SPANISH | {"where": "calle Membrillo 72"}, "Membrillo 72"),
    ],
)
async def test_a_report_is_kept_and_filed_when_the_department_is_back(
    town: System, department: Department, first: str, says: dict[str, str], place: str
) -> None:
    with Citizen(town) as ann:
        await up_to_the_confirmation(ann, first, says)
        await department.stop()
        told = await ann.ask(says["yes"])
        assert not REFERENCE.search(told)
        assert "guarda" in told.lower() if says["yes"] == "sí" else "kept" in told.lower(), told
        await department.start()
        assert REFERENCE.search(await ann.read(60))
        assert await ann.hears_nothing_more()
    assert await department.cases_at(place) == 1


async def test_a_report_that_a_slow_department_took_after_all_is_one_case(town: System, department: Department) -> None:
    with Citizen(town) as ann:
        await up_to_the_confirmation(ann, "I want to file a complaint", ENGLISH | {"where": "73 Quince Street"})
        department.slow = True
        told = await ann.ask("yes")
        department.slow = False
        assert not REFERENCE.search(told)
        assert REFERENCE.search(await ann.read(60))
    assert await department.cases_at("73 Quince") == 1


async def test_the_status_of_a_case_when_its_department_is_down(town: System, department: Department) -> None:
    with Citizen(town) as ann:
        await department.stop()
        told = await ann.ask(f"where is my case {POTHOLE}")
        await department.start()
        assert "pothole" not in told.lower()
        assert "not answering" in told
        assert "in progress" in await ann.ask(f"where is my case {POTHOLE}")


async def test_a_kept_report_survives_a_killed_gateway(town: System, department: Department) -> None:
    with Citizen(town) as ann:
        await up_to_the_confirmation(ann, "I want to file a complaint", ENGLISH | {"where": "74 Quince Street"})
        await department.stop()
        await ann.ask("yes")
        town.kill("-m bot")
        await department.start()
        assert REFERENCE.search(await ann.read(60))
    assert await department.cases_at("74 Quince") == 1
