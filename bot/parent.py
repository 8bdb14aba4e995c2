"""Ending together with `make`, which started us and hides from us how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
ENDS_MAKE = sum(1 << (number - 1) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT))


async def follow_make(stopped: asyncio.Event) -> None:
    """Set `stopped` when the make that started us was told to end; be sent SIGTERM when it dies (Linux only).

    make passes SIGTERM on, but keeps a SIGINT or SIGHUP that only it was sent to itself, and waits: it takes for granted
    that a terminal sent it to all of us. It shows only in make no longer catching that signal (proc(5), SigCgt).
    """
    make = os.getppid()
    if sys.platform != "linux" or not said_of(make, "Name").endswith("make"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    caught = signals_caught(make)
    while signals_caught(make) == caught:  # noqa: ASYNC110 (another process cannot set our events)
        await asyncio.sleep(0.5)
    stopped.set()


def signals_caught(pid: int) -> int:
    """Return which of the signals that end make it has a handler for, as bits; 0 if it is gone."""
    return int(said_of(pid, "SigCgt") or "0", 16) & ENDS_MAKE


def said_of(pid: int, name: str) -> str:
    """Return one line of /proc/PID/status, "" if there is none."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return line.partition(":")[2].strip()
    return ""
