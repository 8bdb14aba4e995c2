"""`civicline bench turns`: the whole road, a signed webhook in to the REST call out, on a system of its own.

Every citizen is a closed loop: the next message goes out when the answer to the last has come. The long
conversation repeats one group of messages, so that its first and its last groups can be compared.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.bench.system import System, running
from bot.store.database import open_database
from bot.store.tables import ConversationRow

CITIZENS = (1, 8, 32)
MESSAGES = {1: 120, 8: 400, 32: 800}  # in all, over the citizens of a round
LONG = 400  # messages of the long conversation
GROUP = ("hello", "where is my case 482 109 379", "no idea", "what are your hours?", "thank you")
ANSWER_PATIENCE = 60.0  # seconds


class NoAnswer(Exception):
    """A message had no answer in time: the figures would be worth nothing."""


@dataclass(frozen=True)
class Round:
    """What `citizens` at once were served: messages a second, and seconds from webhook to REST call (in ms)."""

    citizens: int
    messages: int
    per_second: float
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Long:
    """One conversation's first and last messages: ms a turn (median over `compared` messages), bytes of state."""

    messages: int
    compared: int
    first_ms: float
    last_ms: float
    ratio: float
    first_state_bytes: int
    last_state_bytes: int


def main(*, json: bool) -> int:
    """Run the bench; print a table, or with `json` one JSON object and nothing else."""
    found = asyncio.run(_bench(quiet=json))
    _print_json(found) if json else _print_table(found)
    return 0


async def _bench(*, quiet: bool) -> dict[str, Any]:
    def say(text: str) -> None:
        if not quiet:
            print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="civicline-bench-") as folder:
        say("starting a system of its own …")
        async with running(Path(folder)) as system:
            await _converse(system, _number(999), islice(cycle(GROUP), 10))  # warm
            rounds = []
            for citizens in CITIZENS:
                say(f"{citizens} citizens …")
                rounds.append(await _round(system, citizens))
            say(f"one conversation of {LONG} messages …")
            long = await _long(system)
    return {"machine": _machine(), "rounds": [asdict(r) for r in rounds], "long_conversation": asdict(long)}


async def _round(system: System, citizens: int) -> Round:
    each = MESSAGES[citizens] // citizens
    began = time.perf_counter()
    numbers = [_number(100 * citizens + citizen) for citizen in range(citizens)]
    taken = await asyncio.gather(*(_converse(system, number, islice(cycle(GROUP), each)) for number in numbers))
    seconds = time.perf_counter() - began
    times = sorted(ms for one in taken for ms in one)
    return Round(citizens, len(times), round(len(times) / seconds, 1), _quantile(times, 0.5), _quantile(times, 0.95))


async def _long(system: System) -> Long:
    number, compared = _number(1), 4 * len(GROUP)
    first = await _converse(system, number, islice(cycle(GROUP), 1))
    first_state = await _state_bytes(system, number)
    rest = await _converse(system, number, islice(cycle(GROUP), 1, LONG))
    times = first + rest
    early, late = statistics.median(times[:compared]), statistics.median(times[-compared:])
    last_state = await _state_bytes(system, number)
    return Long(LONG, compared, round(early, 1), round(late, 1), round(late / early, 2), first_state, last_state)


async def _converse(system: System, number: str, texts: Any) -> list[float]:
    """Say each text and wait for its answer; return the ms each took. Raises NoAnswer."""
    times = []
    with system.provider.subscribe(number) as answers:
        for text in texts:
            began = time.perf_counter()
            await system.provider.text(number, text)
            try:
                await asyncio.wait_for(answers.get(), ANSWER_PATIENCE)
            except TimeoutError:
                raise NoAnswer(f"no answer in {ANSWER_PATIENCE:.0f} s; the log is at {system.log}") from None
            times.append(1000 * (time.perf_counter() - began))
            # An answer may have several parts; the next message is not to be taken for answered by one of them.
            while not answers.empty():
                answers.get_nowait()
    return times


async def _state_bytes(system: System, number: str) -> int:
    database = open_database(f"sqlite:///{system.data_dir / 'civicline.sqlite'}")
    async with database.connect() as connection:
        state = await connection.scalar(select(ConversationRow.state).where(ConversationRow.address == number))
    await database.dispose()
    return len(json.dumps(state))


def _number(which: int) -> str:
    return f"+1555010{which:04d}"


def _quantile(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1)


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}


def _print_json(found: dict[str, Any]) -> None:
    print(json.dumps(found))


def _print_table(found: dict[str, Any]) -> None:
    machine, long = found["machine"], found["long_conversation"]
    print(f"{machine['cores']} cores, Python {machine['python']}, {machine['system']}")
    print(f"{'citizens':>8} {'messages':>8} {'a second':>9} {'p50 ms':>8} {'p95 ms':>8}")
    for r in found["rounds"]:
        print(f"{r['citizens']:>8} {r['messages']:>8} {r['per_second']:>9} {r['p50_ms']:>8} {r['p95_ms']:>8}")
    print(f"one conversation: message 1 {long['first_ms']} ms, message {long['messages']} {long['last_ms']} ms", end="")
    print(f" (medians of {long['compared']}), ratio {long['ratio']}", end="")
    print(f"; state {long['first_state_bytes']} → {long['last_state_bytes']} bytes")
