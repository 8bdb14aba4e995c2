"""One lock for each conversation, made when it is wanted and forgotten when nobody wants it."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class Locks:
    """Locks by name, for the tasks of one event loop. Between processes the rows' version decides."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, name: str) -> asyncio.Lock:
        """Return the lock of `name`; whoever holds a reference to it keeps it alive."""
        return self._locks.setdefault(name, asyncio.Lock())
