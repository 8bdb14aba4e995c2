"""Several programs kept running as one: started together, one log, ended together, nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence

from bot.children import Child, Pace, Program
from bot.mergedlog import MergedLog

GRACE = 10.0


class Stop:
    """What signals ask of us: `asked` by SIGINT, SIGTERM or SIGHUP, `hurry` by a second Ctrl-C."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurry = asyncio.Event()

    @contextlib.contextmanager
    def listening(self) -> Iterator[Stop]:
        """Take the signals in this block, in place of what they do by default."""
        loop = asyncio.get_running_loop()
        wanted = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # ignored: started with nohup, to outlive its terminal
            wanted.append(signal.SIGHUP)
        for number in wanted:
            loop.add_signal_handler(number, self._hear, number)
        try:
            yield self
        finally:
            for number in wanted:
                loop.remove_signal_handler(number)

    def _hear(self, number: signal.Signals) -> None:
        # Only Ctrl-C hurries: one `kill` may reach us twice, from its sender and again through make.
        if self.asked.is_set() and number == signal.SIGINT:
            self.hurry.set()
        self.asked.set()


class Supervisor:
    """Keeps `programs` running until it is told to stop; ends them last one first, so that each may finish with the help of
    those before it. `welcome` is run once every program is healthy."""

    def __init__(
        self,
        programs: Sequence[Program],
        log: MergedLog,
        *,
        pace: Pace | None = None,
        grace: float = GRACE,
        welcome: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._children = [Child(program, log, pace) for program in programs]
        self._log = log
        self._grace = grace
        self._welcome = welcome

    async def run(self, stop: Stop) -> None:
        """Return when `stop` was asked for and nothing runs any more. Raises CannotStart, also with nothing running."""
        keeping = [asyncio.create_task(child.keep()) for child in self._children]
        waiting = [asyncio.create_task(stop.asked.wait()), asyncio.create_task(self._greet())]
        try:
            await asyncio.wait({waiting[0], *keeping}, return_when=asyncio.FIRST_COMPLETED)
            if stop.asked.is_set():
                self._log.line("civicline", "stopping (Ctrl-C: at once)")
        finally:
            await self._end(stop)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        for outcome in await asyncio.gather(*keeping, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _greet(self) -> None:
        for child in self._children:
            await child.healthy.wait()
        if self._welcome:
            await self._welcome()

    async def _end(self, stop: Stop) -> None:
        for child in self._children:
            child.retire()
        hurry = asyncio.create_task(self._kill_when(stop.hurry))
        deadline = asyncio.get_running_loop().time() + self._grace
        for child in reversed(self._children):
            await child.end(deadline - asyncio.get_running_loop().time())
        hurry.cancel()

    async def _kill_when(self, hurry: asyncio.Event) -> None:
        await hurry.wait()
        for child in self._children:
            child.kill()


async def run_once(program: Program, log: MergedLog, stop: Stop) -> tuple[int, str] | None:
    """Run a program to its end: its exit code and its last line, or None if we were stopped meanwhile. Raises CannotStart."""
    child = Child(program, log)
    running = asyncio.create_task(child.once())
    asked = asyncio.create_task(stop.asked.wait())
    await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        await child.end(GRACE)
        await asyncio.gather(running, return_exceptions=True)
        return None
    asked.cancel()
    code, _ = running.result()
    return code, child.last
