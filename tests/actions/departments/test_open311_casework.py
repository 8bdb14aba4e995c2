"""The Open311 client against the built-in casework itself, in both formats."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from actions.departments.base import NotFound, Refused, Report
from actions.departments.filings import Filings
from actions.departments.open311 import Open311
from actions.departments.open311.server import Server
from bot.casework.casework import Casework, utc_now
from bot.casework.demo import load_demo
from bot.casework.open311 import PREFIX, routes
from bot.store.database import Base, open_database

DEMO = Path(__file__).parents[3] / "data" / "demo"


@pytest_asyncio.fixture(params=["json", "xml"])
async def city(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open311]:
    """Return a department whose system is the demo city's casework on its own database."""
    engine = open_database(f"sqlite:///{tmp_path}/casework.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    casework = Casework(engine)
    catalogue = tmp_path / "catalogue"
    catalogue.mkdir()
    for file in ("departments.yml", "services.yml"):
        shutil.copy(DEMO / file, catalogue)
    await load_demo(casework, catalogue, utc_now())
    app = web.Application()
    app.add_routes(routes(casework, ["k3y"], "http://127.0.0.1"))
    server = TestServer(app)
    await server.start_server()
    url = str(server.make_url(PREFIX))
    department = Open311(
        "city",
        {"en": "City"},
        Server(url, format=request.param, api_key="k3y", honours_keys=True, reads_with_key=True),
    )
    yield department
    await department.close()
    await server.close()
    await engine.dispose()


async def test_every_service_can_be_read_and_filed_and_its_case_found(city: Open311) -> None:
    assert [problem for _, problem in await city.check()] == ["", "", ""]
    services = await city.services("en")
    assert len(services) >= 20
    assert [one.code for one in services] == [one.code for one in await city.services("es")]
    assert [one.name for one in services] != [one.name for one in await city.services("es")]
    for number, service in enumerate(services):
        questions = await city.questions(service.code, "en")
        assert bool(questions) == service.has_questions
        given: dict[str, str | list[str]] = {}
        for question in questions:
            plain = {"number": "3", "datetime": "2026-11-02T09:30:00Z"}.get(question.datatype, "yes")
            one = question.options[0][0] if question.options else plain
            given[question.code] = [one] if question.datatype == "multivaluelist" else one
        report = Report(service.code, "12 Mill Lane", f"Report number {number}", given)
        reference = await city.file(report, f"SM{number}")
        city._filings = Filings()  # as after a restart
        assert await city.file(report, f"SM{number}") == reference, "the server knows the key again"
        case = await city.case(reference, "en")
        assert (case.reference, case.service, case.status, case.detail) == (reference, service.name, "open", "received")
        assert case.requested is not None


async def test_what_casework_will_not_do(city: Open311) -> None:
    with pytest.raises(NotFound):
        await city.case("100 000 000", "en")
    with pytest.raises(NotFound):
        await city.file(Report("no-such-service", "12 Mill Lane", "Help"), "SM1")
    with pytest.raises(Refused) as refused:
        await city.file(Report((await city.services("en"))[0].code, "", ""), "SM2")
    assert refused.value.status == 400
    assert refused.value.description
