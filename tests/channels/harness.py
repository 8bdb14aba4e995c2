"""Tables for channels: what one receives, what becomes of what it sends, and the cases every channel gets free.

A channel's test is a subclass of ChannelTable with its two tables. Free with them: a redelivery is recognised, nothing is
acknowledged that was not kept, other methods are refused, no secret, number or word reaches a log, an error or a repr,
and no connection leaves this machine.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, ClassVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, unused_port
from multidict import CIMultiDict

from bot.messages import Inbound, Outgoing, Receipt
from bot.ports import Channel, Line, SendError

# How long a channel under test waits for its provider, in seconds.
PATIENCE = 0.5


@dataclass(frozen=True)
class Receives:
    """A request to the channel, and what the citizen's provider and the core get of it.

    `body` goes out as it is, `headers` say what it is; `status`: the HTTP status of the answer.
    """

    says: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    messages: tuple[Inbound, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    status: int = 200


@dataclass(frozen=True)
class Sends:
    """What the provider does when a message is sent, and what the core is told.

    `does`: an HTTP status, "hang" (never answers), "drop" (loses the connection), or "gone" (nobody listens).
    """

    says: str
    does: int | str
    answer: Mapping[str, Any] | bytes
    raises: type[SendError] | None = None
    code: str = ""


class FakeCore:
    """A core with a memory; `broken` makes it unable to keep anything."""

    def __init__(self) -> None:
        self.messages: list[Inbound] = []
        self.receipts: list[Receipt] = []
        self.noted: asyncio.Queue[Receipt] = asyncio.Queue()
        self.broken = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def receive(self, inbound: Inbound) -> bool:
        await self.gate.wait()
        if self.broken:
            raise OSError("disk full")
        if any((m.channel, m.id) == (inbound.channel, inbound.id) for m in self.messages):
            return False
        self.messages.append(inbound)
        return True

    async def receipt(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)
        self.noted.put_nowait(receipt)

    async def history(self, channel: str, address: str, after: int = 0) -> Sequence[Line]:
        return ()


@dataclass(frozen=True)
class Request:
    """A request as a provider saw it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: CIMultiDict[str]
    body: bytes


@dataclass
class Peer:
    """A provider that does what it is told, and remembers what it was asked."""

    does: int | str = 200
    answer: Mapping[str, Any] | bytes = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(Request(request.method, request.path, request.query, CIMultiDict(request.headers), body))
        if self.does == "drop" and request.transport is not None:
            request.transport.abort()
        if self.does == "hang":
            await self.ended.wait()
        status = self.does if isinstance(self.does, int) else 500
        if isinstance(self.answer, bytes):
            return web.Response(status=status, body=self.answer)
        return web.json_response(dict(self.answer), status=status)

    def server(self) -> TestServer:
        """Return the server, not yet started, on which it answers every request."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.hear)
        return TestServer(app)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Let go of requests that hang when the test is over."""
        try:
            yield
        finally:
            self.ended.set()


async def serve(channel: Channel, core: FakeCore) -> TestServer:
    """Serve the channel's routes on a free port of this machine."""
    app = web.Application()
    app.add_routes(channel.routes(core))
    server = TestServer(app)
    await server.start_server()
    return server


class ChannelTable:
    """The tests of one channel; subclass, and fill in what is declared here."""

    receives: ClassVar[Sequence[Receives]]
    sends: ClassVar[Sequence[Sends]]
    # A message to send, the provider's id that it gets, and what must never be seen outside of it.
    outgoing: ClassVar[Outgoing]
    provider_id: ClassVar[str]
    secrets: ClassVar[Sequence[str]]

    def channel(self, provider: str) -> Channel:
        """Return the channel with its provider at an address; it waits PATIENCE for it."""
        raise NotImplementedError

    def check_request(self, request: Request) -> None:
        """Assert that a request to send is one the provider's description allows."""
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make one test of each line of the tables."""
        kept = [case for case in self.receives if case.messages]
        for name, table in (("receive", self.receives), ("kept", kept), ("send", self.sends)):
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, table, ids=[case.says for case in table])

    @pytest.fixture
    async def core(self) -> FakeCore:
        return FakeCore()

    @pytest.fixture
    async def phone(self, core: FakeCore) -> AsyncIterator[TestClient[web.Request, web.Application]]:
        """Who calls the channel's webhooks."""
        channel = self.channel(f"http://127.0.0.1:{unused_port()}")
        async with TestClient(await serve(channel, core)) as client:
            yield client
        await channel.close()

    @pytest.fixture(autouse=True)
    def discreet(self, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        """No log holds a secret, a number or a citizen's words, even with everything switched on."""
        caplog.set_level(logging.DEBUG)
        yield
        assert not self.seen_in(caplog.text)

    @pytest.fixture(autouse=True)
    def indoors(self) -> Iterator[None]:
        """No connection leaves this machine."""
        with watch_connections() as hosts:
            yield
        assert not [host for host in hosts if not _is_local(host)]

    def seen_in(self, text: str) -> list[str]:
        """Return those of the secrets that `text` shows."""
        return [secret for secret in self.secrets if secret in text]

    async def test_receives(self, receive: Receives, core: FakeCore, phone: TestClient[Any, Any]) -> None:
        answer = await deliver(phone, receive)
        assert answer.status == receive.status, await answer.text()
        assert (tuple(core.messages), tuple(core.receipts)) == (receive.messages, receive.receipts)
        if receive.status >= 400:
            assert answer.content_type == "text/plain"
            assert len(await answer.text()) < 100

    async def test_a_redelivery_is_recognised(self, kept: Receives, core: FakeCore, phone: TestClient[Any, Any]) -> None:
        answers = await asyncio.gather(*(deliver(phone, kept) for _ in range(5)))
        assert [answer.status for answer in answers] == [kept.status] * 5
        assert tuple(core.messages) == kept.messages

    async def test_acknowledged_only_when_kept(self, kept: Receives, core: FakeCore, phone: TestClient[Any, Any]) -> None:
        core.gate.clear()
        delivery = asyncio.ensure_future(deliver(phone, kept))
        done, _ = await asyncio.wait({delivery}, timeout=0.1)
        assert not done
        core.gate.set()
        assert (await delivery).status == kept.status

    async def test_what_cannot_be_kept_is_not_acknowledged(self, core: FakeCore, phone: TestClient[Any, Any]) -> None:
        core.broken = True
        case = next(case for case in self.receives if case.messages)
        assert (await deliver(phone, case)).status >= 500

    async def test_other_methods_are_refused(self, core: FakeCore, phone: TestClient[Any, Any]) -> None:
        for route in self.channel("http://127.0.0.1:1").routes(core):
            assert isinstance(route, web.RouteDef)
            for method in {"GET", "PUT", "DELETE", "POST"} - {route.method}:
                assert (await phone.request(method, route.path)).status == 405

    async def test_sends(self, send: Sends) -> None:
        peer = Peer(send.does, send.answer)
        server = peer.server()
        with peer.ending():
            await server.start_server()
            channel = self.channel(str(server.make_url("")).rstrip("/"))
            if send.does == "gone":
                await server.close()
            try:
                if send.raises is None:
                    assert await channel.send(self.outgoing) == self.provider_id
                else:
                    with pytest.raises(SendError) as caught:
                        await channel.send(self.outgoing)
                    assert (caught.type, caught.value.code) == (send.raises, send.code)
                    assert not self.seen_in(f"{caught.value!r} {caught.value}")
            finally:
                await channel.close()
        await server.close()
        assert len(peer.requests) == (0 if send.does == "gone" else 1)
        for request in peer.requests:
            self.check_request(request)

    def test_its_repr_keeps_secrets(self) -> None:
        channel = self.channel("http://127.0.0.1:1")
        assert not self.seen_in(f"{channel!r} {vars(channel)!r}")


async def deliver(phone: TestClient[Any, Any], case: Receives) -> Any:
    """Post one case to the channel."""
    return await phone.post(case.path, data=case.body, headers=case.headers)


_connections: list[list[str]] = []


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if _connections and event == "socket.connect" and isinstance(args[1], tuple):
        _connections[-1].append(str(args[1][0]))
    if _connections and event == "socket.getaddrinfo":
        _connections[-1].append(str(args[0]))


# An audit hook cannot be taken away again: there is one, and it is deaf while nobody watches.
sys.addaudithook(_hear)


@contextmanager
def watch_connections() -> Iterator[list[str]]:
    """Collect the hosts that are looked up or connected to."""
    hosts: list[str] = []
    _connections.append(hosts)
    try:
        yield hosts
    finally:
        _connections.remove(hosts)


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "None")
