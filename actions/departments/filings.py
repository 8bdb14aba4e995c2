"""What became of the reports that were filed from here, by their idempotency key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Filed:
    """One report: its reference, or the token that will become one, or since when nobody knows whether it arrived."""

    reference: str = ""
    token: str = ""
    unsure_since: datetime | None = None
    # Two calls with one key: the second waits and gets the first one's reference.
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Filings:
    """The last reports, in memory: a restart forgets them, so servers that honour keys are the safer ones."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._by_key: dict[str, Filed] = {}

    def of(self, key: str) -> Filed:
        """Return what is known of a key; without a key nothing ever is."""
        if not key:
            return Filed()
        filed = self._by_key.setdefault(key, Filed())
        if len(self._by_key) > self._most:
            self._by_key.pop(next(iter(self._by_key)))
        return filed
