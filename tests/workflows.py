"""A program with the real workflows and steps that only write down that they ran: `python -m tests.workflows FOLDER`.

It converses about message M1 and files report R1, and ends when both are through. A file in FOLDER named after a step
("answer", "deliver", "file") makes that step kill the program, once, as kill -9 does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from bot.durable import Durable


class Steps:
    """The three steps, with a memory on disk: one line for each time a step begins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self.gate: asyncio.Event | None = None  # where a test holds up `answer`
        self._news = asyncio.Event()

    def lines(self) -> list[str]:
        """Return what ran so far, over all starts."""
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    async def until(self, *lines: str) -> None:
        """Wait until all these steps have begun, in this start or an earlier one. Raises TimeoutError."""
        async with asyncio.timeout(20):
            while not set(lines) <= set(self.lines()):
                self._news.clear()
                await self._news.wait()

    async def answer(self, conversation: str) -> None:
        """Note it."""
        self._run("answer", conversation)
        if self.gate:
            await self.gate.wait()

    async def deliver(self, conversation: str) -> None:
        """Note it."""
        self._run("deliver", conversation)

    async def file(self, key: str) -> str | None:
        """Succeed at the third time, over all starts."""
        self._run("file", key)
        return f"told-{key}" if self.lines().count(f"file {key}") >= 3 else None

    def _run(self, step: str, about: str) -> None:
        with self.journal.open("a") as journal:
            journal.write(f"{step} {about}\n")
        self._news.set()
        fatal = self.folder / step
        if fatal.exists():
            fatal.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


async def main(folder: Path) -> None:
    """Run until the work of a first start is done, whichever start this is."""
    steps = Steps(folder)
    durable = Durable("sqlite://", folder, steps.answer, steps.deliver, steps.file, refile_first=0.01)
    durable.launch()
    if not steps.lines():
        await durable.converse("M1", "C1")
        await durable.refile("R1")
    await steps.until("deliver C1", "deliver told-R1")
    await asyncio.sleep(0.5)  # what was killed when it began runs again, and nothing runs once too often
    await durable.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
