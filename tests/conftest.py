"""What many tests share: one whole running system, started once for the session."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.bench.system import System, running
from bot.keys import token
from bot.rasa import RasaEngine


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def city(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A whole system: real engine, real action server, real SQLite, a local provider in Twilio's place."""
    async with running(tmp_path_factory.mktemp("city")) as system:
        yield system


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine(city: System) -> AsyncIterator[RasaEngine]:
    """The running system's engine, asked directly."""
    engine = RasaEngine(city.engine_url, token(city.secret, "engine"), city="Riverton", emergency="911")
    yield engine
    await engine.close()


@pytest.fixture(scope="session")
def city_url(city: System) -> str:
    """The address of the running system."""
    return city.url
