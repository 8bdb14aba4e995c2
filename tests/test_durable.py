"""The durable workflows on a real SQLite: a kill at any step, one run for one id, filing until it succeeds, purging."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dbos import DBOS

from bot.answers import ROOT
from bot.durable import KEPT_SECONDS, Durable
from tests.workflows import Steps


def start(folder: Path) -> int:
    """Start the program of tests/workflows.py and return how it ended."""
    command = [sys.executable, "-m", "tests.workflows", str(folder)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.returncode


# Steps are run at least once: one that has ended is not run again, one that was under way at the kill is.
@pytest.mark.parametrize("fatal", ["answer", "deliver", "file"])
def test_what_a_kill_cut_off_is_finished_by_the_next_start(tmp_path: Path, fatal: str) -> None:
    (tmp_path / fatal).touch()
    assert start(tmp_path) == -signal.SIGKILL
    assert start(tmp_path) == 0
    ran = Counter(Steps(tmp_path).lines())
    assert set(ran) == {"answer C1", "deliver C1", "file R1", "deliver told-R1"}
    assert ran["file R1"] == 3
    assert sum(ran.values()) <= 6 + 2, "two workflows, so at most two steps were under way"
    if fatal != "file":
        assert ran["answer C1"] == (2 if fatal == "answer" else 1)


@pytest.fixture
async def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path)


@pytest.fixture
async def durable(tmp_path: Path, steps: Steps) -> AsyncIterator[Durable]:
    durable = Durable("sqlite://", tmp_path, steps.answer, steps.deliver, steps.file, refile_first=0.01)
    durable.launch()
    yield durable
    await durable.close()


async def until(steps: Steps, line: str) -> list[str]:
    """Wait until a step has run, and a little longer; returns all that ran."""
    await steps.until(line)
    await asyncio.sleep(0.3)
    return steps.lines()


async def test_one_id_is_one_run(durable: Durable, steps: Steps) -> None:
    await asyncio.gather(*(durable.converse("M1", "C1") for _ in range(10)))
    assert await until(steps, "deliver C1") == ["answer C1", "deliver C1"]
    await durable.converse("M1", "C1")
    await durable.converse("M2", "C2")
    assert await until(steps, "deliver C2") == ["answer C1", "deliver C1", "answer C2", "deliver C2"]


async def test_a_kept_report_is_filed_again_and_again(durable: Durable, steps: Steps) -> None:
    await durable.refile("R1")
    await durable.refile("R1")
    assert await until(steps, "deliver told-R1") == ["file R1"] * 3 + ["deliver told-R1"]


async def test_what_ended_is_kept_longer_than_any_redelivery(durable: Durable, steps: Steps) -> None:
    await durable.converse("M1", "C1")
    await until(steps, "deliver C1")
    [ended] = await DBOS.list_workflows_async()
    assert ended.completed_at
    then = ended.completed_at / 1000
    assert await durable.purge() == 0
    assert await durable.purge(then + KEPT_SECONDS - 60) == 0
    await durable.converse("M1", "C1")
    assert await durable.purge(then + KEPT_SECONDS + 60) == 1
    assert await DBOS.list_workflows_async() == []
    assert steps.lines() == ["answer C1", "deliver C1"]


async def test_what_has_not_ended_is_never_purged(durable: Durable, steps: Steps) -> None:
    steps.gate = asyncio.Event()
    await durable.converse("M1", "C1")
    await steps.until("answer C1")
    assert await durable.purge(4e9) == 0
    steps.gate.set()
    assert await until(steps, "deliver C1") == ["answer C1", "deliver C1"]


async def test_nothing_that_a_citizen_said_is_kept(durable: Durable, steps: Steps) -> None:
    await durable.converse("M1", "C1")
    await until(steps, "deliver C1")
    [workflow] = await DBOS.list_workflows_async()
    assert (workflow.workflow_id, workflow.input, workflow.output) == ("converse-M1", {"args": ("C1",), "kwargs": {}}, None)
