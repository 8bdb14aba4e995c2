"""A small text message provider that speaks Twilio's language, so that a phone in the browser takes the real road.

It never leaves this machine and forgets everything when it stops: messages live in memory only.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator
from yarl import URL

from bot.ports import Premises
from bot.sandbox.twilio_forms import API, Text, listing, new_sid, problem, receipt, refusal, resource, webhook

# How many messages are kept for a number, and for how many numbers: beyond that the oldest go.
KEPT_MESSAGES, KEPT_NUMBERS = 200, 1000
# Twilio waits this long for a webhook, in seconds.
PATIENCE = 15


@dataclass(frozen=True)
class Fault:
    """What the next request to send meets: an answer with `status` (and Twilio's `code`), or one of the kinds below.

    "drop": the message is taken and the connection lost; "hang": it is taken and no answer comes;
    "garble": it is taken and the answer is no JSON.
    """

    kind: str = "answer"
    status: int = 0
    code: int = 0


@dataclass
class LocalProvider:
    """One account with one number. Addresses: `public_url` is what is signed, `local_url` where it is posted to."""

    sid: str
    token: str = field(repr=False)
    number: str
    public_url: str
    local_url: str
    # Whether receipts ("sent", "delivered") are posted for each message.
    receipts: bool = True

    def __post_init__(self) -> None:
        self._validator = RequestValidator(self.token)
        self._texts: OrderedDict[str, deque[Text]] = OrderedDict()
        self._listeners: dict[str, list[asyncio.Queue[Text]]] = {}
        self._faults: deque[Fault] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def of(cls, premises: Premises) -> Self:
        """Return the provider of this installation; channels.sms derives the same account from the same key."""
        key = premises.key("sandbox").hex()
        local = premises.env.get("CIVICLINE_LOCAL_URL") or premises.public_url
        return cls("AC" + key[:32], key[32:], "+12025550100", premises.public_url.rstrip("/"), local.rstrip("/"))

    # The phone's side

    async def text(self, sender: str, body: str, sid: str = "") -> int:
        """Text the city from the number `sender`, and return the status that its webhook answered.

        `sid`: the message's own id; giving one twice is a redelivery. Raises aiohttp.ClientError, TimeoutError.
        """
        # Half a surrogate pair, which a browser can send, does not exist in a text message.
        body = body.encode(errors="replace").decode()
        message = Text(sid or new_sid(), sender, self.number, body, "inbound", "received", datetime.now(UTC))
        self._keep(sender, message)
        return await self._post("/channels/sms/inbound", webhook(self.sid, message))

    def messages(self, number: str) -> Sequence[Text]:
        """Return what was texted to and by a number, oldest first."""
        return tuple(self._texts.get(number, ()))

    @contextmanager
    def subscribe(self, number: str) -> Iterator[asyncio.Queue[Text]]:
        """Give a queue of the city's messages to a number, from now on."""
        queue: asyncio.Queue[Text] = asyncio.Queue()
        listeners = self._listeners.setdefault(number, [])
        listeners.append(queue)
        try:
            yield queue
        finally:
            listeners.remove(queue)
            if not listeners:
                self._listeners.pop(number, None)

    # The city's side: Twilio's REST API

    def routes(self, prefix: str = "") -> Sequence[web.AbstractRouteDef]:
        """Return the API's routes under `prefix`: what the SMS channel takes for Twilio."""
        return [web.post(prefix + API, self._create), web.get(prefix + API, self._list)]

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._refused(request)) is not None:
            return refused
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        if (wrong := problem(form)) is not None:
            return refusal(400, *wrong)
        fault = self._faults.popleft() if self._faults else Fault("")
        if fault.kind == "answer":
            return refusal(fault.status, fault.code or fault.status, "A fault that was asked for.")
        message = Text(new_sid(), form["From"], form["To"], form["Body"], "outbound-api", "queued", datetime.now(UTC))
        self._keep(message.to, message)
        answer = resource(self.sid, message)
        for queue in self._listeners.get(message.to, ()):
            queue.put_nowait(message)
        # Only this city's own addresses are called, whatever the request asks for.
        if self.receipts and form.get("StatusCallback", "").startswith(self.public_url + "/"):
            task = asyncio.create_task(self._deliver(message, form["StatusCallback"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if fault.kind == "drop" and request.transport is not None:
            request.transport.close()
        if fault.kind == "hang":
            await self._closed.wait()
        if fault.kind == "garble":
            return web.Response(status=201, text="<html>Welcome</html>", content_type="text/html")
        return web.json_response(answer, status=201)

    async def _list(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        to, sender = request.query.get("To"), request.query.get("From")
        size = request.query.get("PageSize", "50")
        found = [m for m in self._of_all() if to in (None, m.to) and sender in (None, m.sender)]
        page = sorted(found, key=lambda m: m.made, reverse=True)[: int(size) if size.isdecimal() else 50]
        return web.json_response(listing(self.sid, page))

    def _refused(self, request: web.Request) -> web.Response | None:
        expected = aiohttp.encode_basic_auth(self.sid, self.token)
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(errors="replace"), expected.encode()):
            return refusal(401, 20003, "Authenticate")
        if request.match_info["sid"] != self.sid:
            return refusal(404, 20404, "The requested resource was not found")
        return None

    # What goes out

    async def _deliver(self, message: Text, callback: str) -> None:
        for status in ("sent", "delivered"):
            message.status = status
            # A receipt that nobody takes is lost, as Twilio's are.
            with suppress(aiohttp.ClientError, TimeoutError):
                await self._post(callback.removeprefix(self.public_url), receipt(self.sid, message))

    async def _post(self, path: str, form: Mapping[str, str]) -> int:
        """Post a webhook, signed for the public address, to the local one."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        signature = self._validator.compute_signature(self.public_url + path, form)
        headers = {"X-Twilio-Signature": signature}
        # Posted exactly as signed: aiohttp would spell some escapes differently.
        url = URL(self.local_url + path, encoded=True)
        async with self._session.post(url, data=form, headers=headers) as answer:
            return answer.status

    def _keep(self, number: str, message: Text) -> None:
        texts = self._texts.setdefault(number, deque(maxlen=KEPT_MESSAGES))
        self._texts.move_to_end(number)
        texts.append(message)
        if len(self._texts) > KEPT_NUMBERS:
            self._texts.popitem(last=False)

    def _of_all(self) -> Iterator[Text]:
        for texts in self._texts.values():
            yield from texts

    # Faults on demand, for tests and drills

    def fail_next(self, status: int, code: int = 0) -> None:
        """Answer the next request to send with an error."""
        self._faults.append(Fault("answer", status, code))

    def hang_next(self) -> None:
        """Take the next message and never answer."""
        self._faults.append(Fault("hang"))

    def drop_next(self) -> None:
        """Take the next message and lose the connection before the answer."""
        self._faults.append(Fault("drop"))

    def garble_next(self) -> None:
        """Take the next message and answer with something that is no message."""
        self._faults.append(Fault("garble"))

    async def close(self) -> None:
        """End what is under way and let go of connections."""
        self._closed.set()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
