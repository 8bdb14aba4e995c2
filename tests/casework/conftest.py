"""A casework desk on a real database with the demo city, and its Open311 server."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.casework import tables
from bot.casework.casework import Casework
from bot.casework.city import read_city
from bot.casework.demo import load_demo
from bot.casework.open311 import routes
from bot.store.database import Base, open_database

DEMO = Path(__file__).parents[2] / "data" / "demo"
NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
KEY = "riverton-test-key"

Client = TestClient[web.Request, web.Application]


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


async def create_tables(engine: AsyncEngine) -> None:
    assert tables.CaseRow.metadata is Base.metadata
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


@pytest.fixture(scope="session")
def riverton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the demo city, made once and copied by each test."""
    path = tmp_path_factory.mktemp("riverton") / "x.db"

    async def make() -> None:
        engine = open_database(f"sqlite:///{path}")
        await create_tables(engine)
        await load_demo(Casework(engine), DEMO, NOW)
        await engine.dispose()

    asyncio.run(make())
    return path


@pytest.fixture
async def engine(tmp_path: Path, riverton: Path) -> AsyncIterator[AsyncEngine]:
    shutil.copy(riverton, tmp_path / "x.db")
    opened = open_database(f"sqlite:///{tmp_path}/x.db")
    yield opened
    await opened.dispose()


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    opened = open_database(f"sqlite:///{tmp_path}/empty.db")
    await create_tables(opened)
    yield opened
    await opened.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def casework(engine: AsyncEngine, clock: Clock) -> Casework:
    return Casework(engine, clock)


@pytest.fixture
async def city(casework: Casework, aiohttp_client: AiohttpClient) -> Client:
    """The Open311 server of the demo city."""
    app = web.Application()
    app.add_routes(routes(casework, {KEY, "another-key"}, "https://riverton.example/", read_city(DEMO)))
    return await aiohttp_client(app)
