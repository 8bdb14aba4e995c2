"""Processes killed with kill -9 in the worst moments: every message is answered, in order, and no case exists twice.

A process is first frozen (SIGSTOP) where the others wait for it, so that the moment is sure and not a matter of luck.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio

from bot.bench.system import System, running
from tests.road import Citizen
from tests.test_road import POTHOLE, REFERENCE, TRASH, _asked_for

pytestmark = pytest.mark.asyncio(loop_scope="session")
RESTART = 90.0  # seconds: the engine's own start takes up to 30 of a busy machine


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def doomed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system of its own, for killing."""
    async with running(tmp_path_factory.mktemp("doomed")) as system:
        yield system


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Freeze a process for the length of a block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_gateway_between_acknowledgement_and_reply(doomed: System) -> None:
    with Citizen(doomed) as ann:
        with frozen(doomed.pid("nlu/engine.py")):
            await ann.text(f"status of case {POTHOLE}")
            await ann.text(f"status of case {TRASH}")
            await asyncio.sleep(0.5)
            doomed.kill("-m bot")
        assert POTHOLE in await ann.read(RESTART)
        assert TRASH in await ann.read(RESTART)
        assert await ann.hears_nothing_more(2)


async def test_gateway_in_the_middle_of_a_send(doomed: System) -> None:
    await doomed.ready()
    with Citizen(doomed) as ann:
        doomed.provider.receipts = False  # one would settle it at once
        doomed.provider.hang_next()  # the provider takes the message, and its answer never comes
        await ann.text(f"status of case {POTHOLE}")
        assert POTHOLE in await ann.read()
        doomed.kill("-m bot")
        await doomed.ready()
        assert TRASH in await ann.ask(f"status of case {TRASH}")
        assert await ann.hears_nothing_more(2)
    doomed.provider.receipts = True
    sent = [m.body for m in doomed.provider.messages(ann.number) if m.direction != "inbound"]
    assert len(sent) == 2  # the first was looked up in the provider's list and not sent again


async def test_engine_during_a_turn(doomed: System) -> None:
    await doomed.ready()
    with Citizen(doomed) as ann:
        with frozen(doomed.pid("-m actions")):
            await ann.text(f"status of case {POTHOLE}")
            await ann.text(f"status of case {TRASH}")
            await asyncio.sleep(0.5)
            doomed.kill("nlu/engine.py")
        assert POTHOLE in await ann.read(RESTART)
        assert TRASH in await ann.read(RESTART)
        assert await ann.hears_nothing_more(2)


async def test_action_server_during_a_write(doomed: System) -> None:
    await doomed.ready()
    with Citizen(doomed) as ann:
        answer = await ann.ask("I want to report a pothole")
        for _ in range(10):
            if (asked := _asked_for(answer)) == "yes":
                break
            answer = await ann.ask({"where": "55 Zinnia Court", "about": "pothole"}.get(asked, "skip"))
        database = sqlite3.connect(doomed.data_dir / "civicline.sqlite", isolation_level=None)
        with frozen(doomed.pid("-m actions")):
            await ann.text("yes")
            await asyncio.sleep(0.5)
            # With the database locked the case cannot be written yet, while the action server waits for it.
            database.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(1)
        doomed.kill("-m actions")
        await asyncio.sleep(0.5)
        database.execute("COMMIT")
        answer = await ann.read(RESTART)
        assert REFERENCE.search(answer), answer
        assert await ann.hears_nothing_more(2)
        filed = database.execute("SELECT count(*) FROM cases WHERE address LIKE '%Zinnia%'").fetchone()
        database.close()
        assert filed == (1,)


async def test_everything_ends_and_nothing_is_left(doomed: System) -> None:
    await doomed.ready()
    pids = [doomed.pid(program) for program in ("nlu/engine.py", "-m actions", "-m bot")]
    assert await doomed.stop() in (0, 143)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
