"""What a long piece of work shows: a line every other second; and everything else it says, put into a log."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path


class Progress:
    """Says what is being done (`step`) and for how long, every `pace` seconds, on the standard error that we were given."""

    def __init__(self, work: str, step: str, pace: float = 2.0) -> None:
        self.step = step
        self.end = "done"
        self._work = work
        self._pace = pace
        self._began = time.monotonic()
        # Its own copy: the descriptor itself is about to be turned into the log.
        self._out = os.fdopen(os.dup(2), "w", buffering=1)
        self._done = threading.Event()
        self._saying = threading.Thread(target=self._say, daemon=True)

    def __enter__(self) -> Progress:
        self._saying.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._done.set()
        self._saying.join()
        if kind is None:
            self._line(self.end)

    def _say(self) -> None:
        while True:
            self._line(self.step)
            if self._done.wait(self._pace):
                return

    def _line(self, step: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads it: no reason to stop
            print(f"{self._work}: {step} ({time.monotonic() - self._began:.0f} s)", file=self._out)


@contextlib.contextmanager
def everything_into(log: Path) -> Iterator[None]:
    """Send both outputs into the log, also those of libraries that write without asking Python."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    before = os.dup(1), os.dup(2)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, was in enumerate(before, start=1):
            os.dup2(was, number)
            os.close(was)
