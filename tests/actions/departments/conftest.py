"""A wild server for each test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.actions.departments.wild import Wild


@pytest_asyncio.fixture
async def wild() -> AsyncIterator[Wild]:
    """Return a running server that answers 404 until told otherwise."""
    server = Wild()
    await server.server.start_server()
    yield server
    await server.server.close()
