"""What was heard from a department a moment ago, so that a form goes on while the department is down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from actions.departments.values import Unavailable

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by key, fresh for `fresh` seconds; older ones serve while asking for new ones fails.

    After such a failure the old value is good for another `hold` seconds: not every citizen waits for a time-out.
    """

    def __init__(self, clock: Callable[[], float], fresh: float = 60.0, hold: float = 10.0) -> None:
        self._clock = clock
        self._fresh = fresh
        self._hold = hold
        self._values: dict[Hashable, tuple[float, T]] = {}

    def latest(self, key: Hashable) -> T | None:
        """Return the last value that was heard, however old."""
        kept = self._values.get(key)
        return kept[1] if kept else None

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the value, asked for anew if it is not fresh. Raises what `ask` raises where nothing is kept."""
        until, value = self._values.get(key, (0.0, None))
        if value is not None and self._clock() < until:
            return value
        try:
            asked = await ask()
        except Unavailable:
            if value is None:
                raise
            self._values[key] = (self._clock() + self._hold, value)
            return value
        self._values[key] = (self._clock() + self._fresh, asked)
        return asked
