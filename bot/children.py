"""A program that is kept running: started in a process group of its own, read, restarted, ended with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import aiohttp

from bot.mergedlog import MergedLog

# What a program exits with when its settings are wrong: trying again cannot help.
BAD_SETTINGS = 2
LONGEST_LINE = 16_384
PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """A program will not run however often it is started; the text is its last line."""


@dataclass(frozen=True)
class Program:
    """What to run. `env` is its whole environment, `health` the address that answers 200 once it can work."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    health: str = ""


@dataclass(frozen=True)
class Pace:
    """How a crashed program is restarted (seconds): after `first`, then twice as long each time up to `longest`,
    from `first` again once it was healthy for `calm`. After `tries` exits with BAD_SETTINGS it is given up."""

    first: float = 0.2
    longest: float = 30.0
    calm: float = 60.0
    tries: int = 5


class Child:
    """One program under supervision. `healthy` is set while it answers, `last` is the last line that it wrote."""

    def __init__(self, program: Program, log: MergedLog, pace: Pace | None = None) -> None:
        self.program = program
        self.healthy = asyncio.Event()
        self.last = ""
        self._log = log
        self._pace = pace or Pace()
        self._process: asyncio.subprocess.Process | None = None
        self._retired = asyncio.Event()
        self._proven = False

    async def keep(self) -> None:
        """Run the program, again and again, until it is retired. Raises CannotStart."""
        delay, refusals = self._pace.first, 0
        while not self._retired.is_set():
            code, calm = await self.once()
            if self._retired.is_set():
                return
            refusals = refusals + 1 if code == BAD_SETTINGS and not self._proven else 0
            if refusals >= self._pace.tries:
                raise CannotStart(self.last or f"{self.program.name} exited with code {code}")
            if calm >= self._pace.calm:
                delay = self._pace.first
            self._log.line("civicline", f"{self.program.name} {ended(code)}; starting it again in {delay:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._retired.wait(), delay)
            delay = min(delay * 2, self._pace.longest)

    async def once(self) -> tuple[int, float]:
        """Run the program to its end; returns its exit code and for how many seconds it was healthy. Raises CannotStart."""
        process = self._process = await self._start()
        if self._retired.is_set():  # we were told to end while it was being started
            self.kill()
        reading = asyncio.create_task(self._read(process))
        watching = asyncio.create_task(self._watch())
        try:
            code = await process.wait()
        finally:
            self._signal(process, signal.SIGKILL)  # what the program itself started, and may hold its port
            healthy_since = await stopped(watching)
            self.healthy.clear()
            await asyncio.wait({reading}, timeout=1)
            reading.cancel()
        return code, time.monotonic() - healthy_since if healthy_since else 0.0

    def retire(self) -> None:
        """Do not start it again."""
        self._retired.set()

    async def end(self, grace: float) -> None:
        """Ask it to end; kill it after `grace` seconds."""
        self.retire()
        if self._process and self._process.returncode is None:
            self._signal(self._process, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), max(grace, 0))
            self.kill()

    def kill(self) -> None:
        """End the program and all that it started, at once."""
        if self._process and self._process.returncode is None:
            self._signal(self._process, signal.SIGKILL)

    def _signal(self, process: asyncio.subprocess.Process, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self.program.command,
                env=dict(self.program.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                process_group=0,
                preexec_fn=tied_to(os.getpid()),
            )
        except OSError as error:
            raise CannotStart(f"{self.program.name}: {self.program.command[0]}: {error.strerror}") from None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        async for line in lines(process.stdout):
            self.last = line.strip() or self.last
            self._log.line(self.program.name, line)

    async def _watch(self) -> float:
        """Wait until the program answers; returns when that was (monotonic)."""
        if self.program.health:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2), trust_env=False) as session:
                while not await answers(session, self.program.health):  # noqa: ASYNC110 (another process cannot set our events)
                    await asyncio.sleep(0.2)
            self._proven = True
        self.healthy.set()
        return time.monotonic()


async def stopped(watching: asyncio.Task[float]) -> float:
    """Return what the task found, 0 if it was still looking."""
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        return await watching
    return 0.0


async def answers(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether `url` answers 200 now."""
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Yield the stream's lines as text; one that is longer than LONGEST_LINE bytes comes in pieces."""
    left = b""
    while block := await stream.read(65_536):
        *whole, left = (left + block).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
        if len(left) > LONGEST_LINE:
            yield left.decode(errors="replace")
            left = b""
    if left:
        yield left.decode(errors="replace")


def ended(code: int) -> str:
    """Say how a program ended."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def tied_to(parent: int) -> Callable[[], None] | None:
    """Return what ties a child to its parent, to run in the child before its program: killed when the parent dies, even by
    SIGKILL (Linux: prctl(2), PR_SET_PDEATHSIG). None elsewhere."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return tie
