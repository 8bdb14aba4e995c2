"""One log of several programs: each line with its time and the name of the program that wrote it."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable

COLOURS = (36, 33, 32, 35, 34)
KEPT = 10_000


class MergedLog:
    """Lines in the order in which they came, on the file descriptor `fd`.

    A thread of its own writes them: whoever reads us slowly, or not at all, must hold up neither the
    programs nor the signals. Beyond KEPT unread lines the newest are dropped and counted.
    """

    def __init__(self, fd: int = 1, *, colour: bool | None = None, clock: Callable[[], str] = lambda: time.strftime("%H:%M:%S")):
        self._fd = fd
        self._colour = (os.isatty(fd) and "NO_COLOR" not in os.environ) if colour is None else colour
        self._clock = clock
        self._names: list[str] = []
        self._dropped = 0
        self._lines: queue.Queue[bytes | None] = queue.Queue(KEPT)
        self._writer = threading.Thread(target=self._write, name="log", daemon=True)
        self._writer.start()

    def line(self, name: str, text: str) -> None:
        """Add one line under a program's name."""
        if self._dropped and self._put(f"({self._dropped} lines were not read in time)\n"):
            self._dropped = 0
        label = f"{self._clock()} {name:<9} |"
        if self._colour:
            label = f"\x1b[{self._number(name)}m{label}\x1b[0m"
        if not self._put(f"{label} {text}\n"):
            self._dropped += 1

    def text(self, text: str) -> None:
        """Add text as it is, for people to read: the addresses when all is ready."""
        self._put(text + "\n")

    def close(self, timeout: float = 1.0) -> None:
        """Write what is left; whatever nobody reads within `timeout` seconds is lost."""
        try:
            self._lines.put(None, timeout=timeout)
        except queue.Full:
            return
        self._writer.join(timeout)

    def _put(self, text: str) -> bool:
        try:
            self._lines.put_nowait(text.encode(errors="replace"))
        except queue.Full:
            return False
        return True

    def _number(self, name: str) -> int:
        if name not in self._names:
            self._names.append(name)
        return COLOURS[self._names.index(name) % len(COLOURS)]

    def _write(self) -> None:
        # os.write and not sys.stdout: a thread that is stuck in a buffered write would hold its lock when Python ends.
        while (left := self._lines.get()) is not None:
            while left:
                try:
                    left = left[os.write(self._fd, left) :]
                except BlockingIOError:
                    time.sleep(0.05)
                except OSError:
                    return  # the reader has gone; the programs go on without one
