"""The supervisor with real programs: small ones that crash, linger, ignore signals or start others."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.children import CannotStart, Pace, Program
from bot.mergedlog import MergedLog
from bot.places import free_port, is_free
from bot.supervisor import Stop, Supervisor, run_once

QUICK = Pace(first=0.05, longest=0.4, calm=60, tries=5)

SERVES = """
    import http.server, os, signal, sys
    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/crash":
                os._exit(3)
            self.send_response(200); self.end_headers()
        def log_message(self, *_): pass
    signal.signal(signal.SIGTERM, lambda *_: (print("good bye"), sys.exit(0)))
    print("listening", os.getpid())
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""
LINGERS = """
    import os, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print("pids", os.getpid(), other.pid)
    time.sleep(600)
"""


def program(name: str, code: str, *arguments: str, health: str = "") -> Program:
    """Return a program made of a few lines of Python."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return Program(name, (sys.executable, "-c", textwrap.dedent(code), *arguments), env, health)


def serving(name: str, port: int) -> Program:
    """Return a program that listens, and says good bye when it is asked to end."""
    return program(name, SERVES, str(port), health=f"http://127.0.0.1:{port}/")


def alive(pid: int) -> bool:
    """Whether a process runs (one that has ended and waits for its parent does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Journal:
    """A merged log into a file, read back as lines without their times."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.log = MergedLog(self._fd, clock=lambda: "-")

    @property
    def lines(self) -> list[str]:
        return [re.sub(r" +", " ", line.removeprefix("- ")) for line in self.path.read_text().splitlines()]

    def pids(self, marker: str) -> list[int]:
        return [int(pid) for line in self.lines if f"| {marker} " in line for pid in line.split(marker)[1].split()]

    async def until(self, condition: Callable[[list[str]], bool], seconds: float = 15) -> list[str]:
        async with asyncio.timeout(seconds):
            while not condition(self.lines):  # noqa: ASYNC110 (the log's writer is a thread)
                await asyncio.sleep(0.02)
        return self.lines

    def close(self) -> None:
        self.log.close()
        os.close(self._fd)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = Journal(tmp_path / "log")
    yield journal
    journal.close()


@asynccontextmanager
async def running(supervisor: Supervisor, stop: Stop) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(supervisor.run(stop))
    try:
        yield task
    finally:
        stop.asked.set()
        stop.hurry.set()
        await asyncio.gather(task, return_exceptions=True)


async def test_one_log_tells_who_said_what_in_order(journal: Journal) -> None:
    one = program(
        "one", "import sys, time\nfor n in range(3): print('out', n); print('err', n, file=sys.stderr)\ntime.sleep(600)"
    )
    two = program("two", "import time\nprint('half a', end='', flush=True); time.sleep(0.1); print(' line')\ntime.sleep(600)")
    async with running(Supervisor([one, two], journal.log, pace=QUICK), Stop()):
        lines = await journal.until(lambda lines: len(lines) == 7)
    assert [line for line in lines if line.startswith("one")] == [f"one | {way} {n}" for n in range(3) for way in ("out", "err")]
    assert [line for line in lines if line.startswith("two")] == ["two | half a line"]


async def test_a_crashed_program_is_started_again_each_time_later(journal: Journal) -> None:
    crashing = program("shaky", "print('up'); raise SystemExit(1)")
    async with running(Supervisor([crashing], journal.log, pace=QUICK), Stop()):
        lines = await journal.until(lambda lines: sum("again" in line for line in lines) == 5)
    waits = [line.split("again in ")[1] for line in lines if "again" in line]
    assert waits == ["0.05 s", "0.1 s", "0.2 s", "0.4 s", "0.4 s"]
    assert lines.count("shaky | up") == 5


async def test_after_a_calm_time_the_wait_is_short_again(journal: Journal) -> None:
    crashing = program("shaky", "import time; time.sleep(0.3); raise SystemExit(1)")
    pace = Pace(first=0.05, longest=0.4, calm=0.1)
    async with running(Supervisor([crashing], journal.log, pace=pace), Stop()):
        lines = await journal.until(lambda lines: len(lines) == 3)
    assert {line.split("again in ")[1] for line in lines} == {"0.05 s"}


async def test_a_killed_server_answers_again_on_its_port(journal: Journal) -> None:
    port = free_port()
    async with running(Supervisor([serving("engine", port)], journal.log, pace=QUICK), Stop()):
        await journal.until(lambda lines: len(lines) == 1)
        [first] = journal.pids("listening")
        os.kill(first, signal.SIGKILL)
        lines = await journal.until(lambda lines: len(lines) == 3)
    assert lines[1] == "civicline | engine was ended by SIGKILL; starting it again in 0.05 s"
    assert journal.pids("listening")[1] != first


async def test_wrong_settings_end_everything_with_the_programs_own_line(journal: Journal) -> None:
    port = free_port()
    refusing = program("gateway", "print('CIVICLINE_X: must be a number'); raise SystemExit(2)")
    supervisor = Supervisor([serving("engine", port), refusing], journal.log, pace=QUICK)
    with pytest.raises(CannotStart, match=r"^CIVICLINE_X: must be a number$"):
        await asyncio.wait_for(supervisor.run(Stop()), 20)
    assert journal.lines.count("gateway | CIVICLINE_X: must be a number") == 5
    assert not any(alive(pid) for pid in journal.pids("listening"))


async def test_a_program_that_is_not_there_ends_everything(journal: Journal) -> None:
    missing = Program("engine", ("/no/such/python", "x.py"), {})
    with pytest.raises(CannotStart, match="engine: /no/such/python: No such file"):
        await asyncio.wait_for(Supervisor([missing], journal.log).run(Stop()), 5)


async def test_welcome_comes_once_all_are_healthy(journal: Journal) -> None:
    ports = free_port(), free_port()

    async def welcome() -> None:
        journal.log.text(f"- civicline | both listen: {not any(is_free('127.0.0.1', port) for port in ports)}")

    programs = [serving("engine", ports[0]), serving("gateway", ports[1])]
    async with running(Supervisor(programs, journal.log, welcome=welcome), Stop()):
        lines = await journal.until(lambda lines: len(lines) == 3)
    assert lines[2] == "civicline | both listen: True"


async def test_the_last_program_ends_first(journal: Journal) -> None:
    stop = Stop()
    programs = [serving(name, free_port()) for name in ("engine", "actions", "gateway")]
    async with running(Supervisor(programs, journal.log), stop) as task:
        await journal.until(lambda lines: len(lines) == 3)
        stop.asked.set()
        await asyncio.wait_for(task, 10)
    await journal.until(lambda lines: len(lines) == 7)
    assert [line for line in journal.lines if "good bye" in line] == [
        "gateway | good bye",
        "actions | good bye",
        "engine | good bye",
    ]


async def test_who_does_not_end_is_killed_with_all_it_started(journal: Journal) -> None:
    stop = Stop()
    async with running(Supervisor([program("deaf", LINGERS)], journal.log, grace=0.3), stop) as task:
        await journal.until(lambda lines: len(lines) == 1)
        stop.asked.set()
        await asyncio.wait_for(task, 5)
    pids = journal.pids("pids")
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)


async def test_a_second_ctrl_c_does_not_wait(journal: Journal) -> None:
    stop = Stop()
    async with running(Supervisor([program("deaf", LINGERS)], journal.log, grace=60), stop) as task:
        await journal.until(lambda lines: len(lines) == 1)
        stop.asked.set()
        await asyncio.sleep(0.2)
        assert not task.done()
        stop.hurry.set()
        await asyncio.wait_for(task, 5)
    assert not any(alive(pid) for pid in journal.pids("pids"))


async def test_a_program_is_run_once_to_its_end(journal: Journal) -> None:
    training = program("train", "print('working'); print('models/x.tar.gz')")
    assert await run_once(training, journal.log, Stop()) == (0, "models/x.tar.gz")


async def test_a_program_that_is_run_once_can_be_stopped(journal: Journal) -> None:
    stop = Stop()
    task = asyncio.create_task(run_once(program("train", LINGERS.replace("SIG_IGN", "SIG_DFL")), journal.log, stop))
    await journal.until(lambda lines: len(lines) == 1)
    stop.asked.set()
    assert await asyncio.wait_for(task, 5) is None
    assert not any(alive(pid) for pid in journal.pids("pids"))


# A whole supervisor as a process of its own, to be sent real signals.
WHOLE = """
    import asyncio, sys
    from bot.children import Program
    from bot.mergedlog import MergedLog
    from bot.supervisor import Stop, Supervisor
    async def main():
        log = MergedLog()
        programs = [Program(f"p{n}", (sys.executable, "-c", sys.argv[1]), {"PYTHONUNBUFFERED": "1"}) for n in range(2)]
        with Stop().listening() as stop:
            await Supervisor(programs, log, grace=5).run(stop)
        log.close()
    asyncio.run(main())
"""
SLEEPS = "import os, time; print('pids', os.getpid()); time.sleep(600)"
SHOUTS = "import os; print('pids', os.getpid())\nwhile True: print('x' * 500)"


def whole(code: str) -> subprocess.Popen[str]:
    """Start a supervisor of two programs, with nothing on its standard input."""
    command = [sys.executable, "-c", textwrap.dedent(WHOLE), code]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def two_pids(supervisor: subprocess.Popen[str]) -> list[int]:
    """Read the log until both programs said who they are."""
    pids: list[int] = []
    assert supervisor.stdout
    while len(pids) < 2:
        line = supervisor.stdout.readline()
        assert line, "the supervisor ended"
        pids += [int(line.split()[-1])] if "pids" in line else []
    return pids


def gone(pids: list[int], seconds: float = 5) -> bool:
    """Wait until none of the processes is left."""
    deadline = time.monotonic() + seconds
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(alive(pid) for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_cleanly(number: signal.Signals) -> None:
    with whole(SLEEPS) as supervisor:
        pids = two_pids(supervisor)
        supervisor.send_signal(number)
        assert supervisor.wait(8) == 0
    assert gone(pids, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
def test_nothing_is_left_when_the_supervisor_itself_is_killed() -> None:
    with whole(SLEEPS) as supervisor:
        pids = two_pids(supervisor)
        supervisor.kill()
    assert gone(pids)


def test_a_log_that_nobody_reads_does_not_hold_up_the_end() -> None:
    with whole(SHOUTS) as supervisor:
        pids = two_pids(supervisor)
        time.sleep(0.5)  # the pipe and the log are full now
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(8) == 0
    assert gone(pids, 0)


def test_a_reader_that_leaves_does_not_end_the_programs() -> None:
    with whole(SLEEPS) as supervisor:
        pids = two_pids(supervisor)
        assert supervisor.stdout
        supervisor.stdout.close()
        os.kill(pids[0], signal.SIGKILL)  # makes the supervisor write a line
        time.sleep(0.5)
        assert supervisor.poll() is None
        assert alive(pids[1])
        supervisor.terminate()
        assert supervisor.wait(8) == 0
