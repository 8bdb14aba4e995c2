"""A citizen on the whole road: texts the running city and reads what it sends back."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Self

from bot.bench.system import System

_numbers = count(1000)
PATIENCE = 30.0


class Citizen:
    """One phone number. `read` gives the city's next text."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.number = f"+1555010{next(_numbers):04d}"

    def __enter__(self) -> Self:
        self._subscription = self.system.provider.subscribe(self.number)
        self._inbox = self._subscription.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._subscription.__exit__(None, None, None)

    async def text(self, body: str, sid: str = "") -> None:
        """Text the city; its webhook must take it."""
        status = await self.system.provider.text(self.number, body, sid)
        assert status == 200, status

    async def read(self, patience: float = PATIENCE) -> str:
        """Return the next text that came."""
        return (await asyncio.wait_for(self._inbox.get(), patience)).body

    async def ask(self, body: str) -> str:
        """Text the city and return its answer."""
        await self.text(body)
        return await self.read()

    async def hears_nothing_more(self, seconds: float = 1.0) -> bool:
        """Say whether no further text came for a while."""
        await asyncio.sleep(seconds)
        return self._inbox.empty()
