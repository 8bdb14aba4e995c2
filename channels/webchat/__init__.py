"""The web chat: a page over a WebSocket, and the same page as a plain form where there is no JavaScript."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from aiohttp import WSMsgType, web
from aiohttp.http import HttpProcessingError

from bot.messages import Inbound, Outgoing
from bot.ports import Core, Premises
from channels.webchat import wire
from channels.webchat.connection import Connection
from channels.webchat.page import Page, language_of
from channels.webchat.session import Pace, Session, own_page, session_of

PATIENCE = 8.0  # seconds: how long the form waits for an answer before it shows the page without, and the end for turns
MOST_SOCKETS = 20  # open pages of one citizen
LARGEST_FRAME = 1 << 20  # bytes; far above wire.LONGEST, so that a text that is too long is answered and not cut off
# What aiohttp raises on a form that is broken: an encoding that does not exist, a multipart form without an end, a bad header.
NO_FORM = (ValueError, LookupError, AssertionError, HttpProcessingError, web.RequestPayloadError)

log = logging.getLogger(__name__)


class WebChat:
    """The channel "webchat". A citizen's address is the digest of their browser's cookie."""

    name = "webchat"
    live = True
    keywords = False
    buttons = True
    limit = 4000

    def __init__(self, premises: Premises, patience: float = PATIENCE) -> None:
        self._public_url = premises.public_url
        self._secure = premises.public_url.startswith("https://")
        self._page = Page(premises)
        self._patience = patience
        self._pace = Pace(burst=20, rate=1, clock=time.monotonic)
        self._connections: defaultdict[str, set[Connection]] = defaultdict(set)
        # Turns under way and whose they are: a page that is closed never cancels one, and the end waits for them.
        self._turns: dict[asyncio.Task[bool], str] = {}
        self._core: Core

    @classmethod
    def open(cls, premises: Premises) -> Self | None:
        """Return the chat; it needs no configuration."""
        return cls(premises)

    def routes(self, core: Core) -> Sequence[web.AbstractRouteDef]:
        """Return the page, its form, its socket and its files."""
        self._core = core
        return [
            web.get("/chat", self.show),
            web.post("/chat", self.form),
            web.get("/chat/socket", self.socket),
            web.static("/chat/static", Path(__file__).parent / "static"),
        ]

    async def send(self, outgoing: Outgoing) -> str:
        """Show the conversation's new lines on the citizen's open pages. Nobody there: they wait in the history."""
        self._wake(outgoing.address)
        return f"chat-{outgoing.id}"

    async def find(self, outgoing: Outgoing) -> str | None:
        """Return the id: what is in the history has been sent."""
        return f"chat-{outgoing.id}"

    async def close(self) -> None:
        """Close the open pages' sockets and give the turns under way time to end; what does not is taken up at the next start.

        To be called while the server still runs (on_shutdown): it waits for open sockets before it ends.
        """
        connections = [connection for group in self._connections.values() for connection in group]
        await asyncio.gather(*(connection.close() for connection in connections), return_exceptions=True)
        if self._turns:
            await asyncio.wait(list(self._turns), timeout=self._patience)

    async def show(self, request: web.Request) -> web.Response:
        """GET /chat: the whole conversation and the form."""
        return await self._show(request, session_of(request))

    async def form(self, request: web.Request) -> web.Response:
        """POST /chat: one message by the plain form, fields `text` and `once` (a double submit is one message)."""
        if own_page(request, self._public_url) is False:
            raise web.HTTPForbidden(text="This form may only be sent from the city's own page.")
        session, text = session_of(request), ""
        try:
            fields = await request.post()
            text, once = (_text(fields.get(name, "")) for name in ("text", "once"))
            text = wire.plain(text)
        except wire.Unfit as unfit:
            return await self._show(request, session, unfit.word, text, status=400)
        except NO_FORM:
            return await self._show(request, session, "unreadable", status=400)
        if session.fresh:
            return await self._show(request, session, "no_cookie", text, status=400)
        if not self._pace.allows(session.address):
            return await self._show(request, session, "too_fast", text, status=429)
        # With the text in the id: whoever goes back in the browser and writes something else sends another message.
        turn = self._begin(session, session.message_id(once or secrets.token_hex(16), text), text)
        await asyncio.wait([turn], timeout=self._patience)
        if turn.done() and _failed(turn):
            return await self._show(request, session, "failed", text, status=503)
        raise web.HTTPSeeOther(f"/chat?lang={language_of(request)}#latest")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """GET /chat/socket: the conversation as it happens; `channels.webchat.wire` describes the frames."""
        if not own_page(request, self._public_url):
            raise web.HTTPForbidden(text="This socket is for the city's own page.")
        session = session_of(request)
        if session.fresh:
            raise web.HTTPForbidden(text="Open /chat first: the socket needs its cookie.")
        if len(self._connections.get(session.address, ())) >= MOST_SOCKETS:
            raise web.HTTPTooManyRequests(text="This chat is open on too many pages.")
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=LARGEST_FRAME)
        await socket.prepare(request)
        connection = Connection(socket, lambda after: self._core.history(self.name, session.address, after))
        self._connections[session.address].add(connection)
        following = asyncio.create_task(connection.follow())
        words = self._page.words(language_of(request))
        try:
            async for message in socket:
                # Binary is read as the broken text that it is.
                frame = message.data if message.type is WSMsgType.TEXT else ""
                await self._hear(session, connection, frame, words)
        finally:
            self._leave(session.address, connection)
            following.cancel()
            await asyncio.wait([following])
            if not following.cancelled() and (error := following.exception()):
                log.error("a chat's lines could not be read: %s", type(error).__name__)
        return socket

    async def _hear(self, session: Session, connection: Connection, frame: str, words: dict[str, str]) -> None:
        try:
            said = wire.read(frame)
        except wire.Unfit as unfit:
            await connection.say(wire.error(words[unfit.word], unfit.id))
            return
        if isinstance(said, wire.Hello):
            connection.greet(said.after)
            if session.address in self._turns.values():
                connection.wake(wire.typing())
        elif not self._pace.allows(session.address):
            await connection.say(wire.error(words["too_fast"], said.id))
        else:
            turn = self._begin(session, session.message_id(said.id), said.text)
            failed = wire.error(words["failed"], said.id)
            turn.add_done_callback(lambda done: connection.wake(failed if _failed(done) else wire.accepted(said.id)))
            await connection.say(wire.typing())

    def _begin(self, session: Session, id: str, text: str) -> asyncio.Task[bool]:
        turn = asyncio.create_task(self._core.receive(Inbound(self.name, session.address, text, id)))
        self._turns[turn] = session.address
        turn.add_done_callback(self._end)
        return turn

    def _end(self, turn: asyncio.Task[bool]) -> None:
        address = self._turns.pop(turn)
        if _failed(turn):
            # The kind of error only: its words may quote the citizen's.
            kind = "cancelled" if turn.cancelled() else type(turn.exception()).__name__
            log.error("a chat turn failed: %s", kind)
        self._wake(address)

    def _wake(self, address: str) -> None:
        for connection in self._connections.get(address, ()):
            connection.wake()

    def _leave(self, address: str, connection: Connection) -> None:
        self._connections[address].discard(connection)
        if not self._connections[address]:
            del self._connections[address]

    async def _show(
        self, request: web.Request, session: Session, error: str = "", draft: str = "", status: int = 200
    ) -> web.Response:
        lines = [] if session.fresh else await self._core.history(self.name, session.address)
        pending = session.address in self._turns.values()
        if error == "failed" and draft in [line.text for line in lines[-3:] if line.author == "citizen"]:
            draft = ""  # it failed after it was kept: sent again, it would be there twice
        page = self._page.show(language_of(request), lines, pending=pending, error=error, draft=draft, status=status)
        session.keep(page, secure=self._secure)
        return page


def _failed(turn: asyncio.Task[bool]) -> bool:
    return turn.cancelled() or turn.exception() is not None


def _text(field: object) -> str:
    """Return a form's field, which a multipart form may have made a file. Raises wire.Unfit."""
    if not isinstance(field, str):
        raise wire.Unfit("unreadable")
    return field
