"""One open socket of a citizen: every line of the conversation, in order and once, whatever woke it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from aiohttp import web

from bot.ports import Line
from channels.webchat import wire

# The lines after a given number, oldest first.
Lines = Callable[[int], Awaitable[Sequence[Line]]]


class Connection:
    """Answers and replay take one path: what the page has not seen yet is read from the conversation itself."""

    def __init__(self, socket: web.WebSocketResponse, lines: Lines) -> None:
        self._socket = socket
        self._lines = lines
        self._seen: int | None = None  # None until the page has said hello
        self._afterwards: list[str] = []
        self._news = asyncio.Event()

    def wake(self, *afterwards: str) -> None:
        """Look for new lines soon, then send the given frames. Returns at once: a page that does not read holds nobody up."""
        self._afterwards += afterwards
        self._news.set()

    async def follow(self) -> None:
        """Send new lines as they come, until cancelled or the socket breaks."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                frames, self._afterwards = self._afterwards, []
                await self._catch_up()
                for frame in frames:
                    await self.say(frame)
        finally:
            # Without its lines the socket is worthless: closed, the page opens another and is shown what it missed.
            await self._socket.close(code=1011)

    def greet(self, after: int) -> None:
        """The page shows the lines up to `after`: send the rest."""
        self._seen = after
        self.wake()

    async def say(self, frame: str) -> None:
        """Send one frame. A page that is gone is no error: its lines are in the conversation."""
        with suppress(ConnectionError):
            await self._socket.send_str(frame)

    async def close(self) -> None:
        """Tell the page that we are going; it comes back by itself."""
        await self._socket.close(code=1001)

    async def _catch_up(self) -> None:
        if self._seen is None:
            return
        for line in await self._lines(self._seen):
            await self.say(wire.line(line))
            self._seen = line.seq
