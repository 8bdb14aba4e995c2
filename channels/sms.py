"""Text messages over Twilio: signed webhooks in, REST out, receipts; beside it the sandbox's own local account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self, TypeVar, cast
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp import web
from aiohttp.http import HttpProcessingError
from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from bot.messages import Inbound, Outgoing, Receipt
from bot.ports import (
    CitizenGone,
    Core,
    NotConfigured,
    OptedOut,
    OutcomeUnknown,
    Premises,
    ProviderDown,
    Refused,
    SendError,
    Throttled,
)

T = TypeVar("T")

# Settings


@dataclass(frozen=True)
class Account:
    """One account to send by and to be called by: its id, secret, our number there, and where its REST API is."""

    sid: str
    token: str = field(repr=False)
    number: str
    api_base: str = "https://api.twilio.com"


REQUIRED = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM")


def configured_account(env: Mapping[str, str]) -> Account | None:
    """Return the city's own account, or None when no variable names one. Raises NotConfigured."""
    values = {name: env.get(name, "").strip() for name in (*REQUIRED, "TWILIO_API_BASE")}
    if not any(values.values()):
        return None
    missing = [name for name in REQUIRED if not values[name]]
    if missing:
        raise NotConfigured(f"{' and '.join(missing)} missing: text messages need all of {', '.join(REQUIRED)}, or none")
    base = values["TWILIO_API_BASE"] or Account.api_base
    if not _is_address(base):
        raise NotConfigured("TWILIO_API_BASE must be an address such as https://api.twilio.com")
    sid, token, number = (values[name] for name in REQUIRED)
    return Account(sid, token, number, base.rstrip("/"))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, a port that is no number
        return False


def local_account(premises: Premises) -> Account:
    """Return the sandbox phone's account; bot.sandbox.provider derives the same one from the same key."""
    key = premises.key("sandbox").hex()
    base = premises.env.get("CIVICLINE_LOCAL_URL") or premises.public_url
    return Account("AC" + key[:32], key[32:], "+12025550100", base.rstrip("/") + "/sandbox/twilio")


# How much of a form is read: the longest text message has 1,600 characters, about 20 kB when escaped.
MOST_BYTES = 64 * 1024
# How long one request to the provider may take, in seconds, and how much of it reaching the provider may take.
PATIENCE, REACH = 10, 4
# A send whose time is not remembered (another process tried it) is looked for among the messages of this long.
LOOK_BACK = timedelta(minutes=10)
# How far the provider's clock, which counts whole seconds, may be behind ours.
CLOCKS = timedelta(seconds=30)
REMEMBERED = 10_000


class Sms:
    """The text message channel. `accounts` is never empty; the first one is for messages without a route."""

    name = "sms"
    live = False
    keywords = True
    buttons = False
    limit = 1600

    def __init__(
        self,
        accounts: Sequence[Account],
        public_url: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = PATIENCE,
    ) -> None:
        self.accounts = {account.sid: account for account in accounts}
        self.public_url = public_url.rstrip("/")
        self._now = now
        self._wire = Wire(patience)
        self._clients = {account.sid: _client(account, self._wire) for account in accounts}
        self._tried: dict[str, datetime] = {}
        self._sids: dict[str, str] = {}

    @classmethod
    def open(cls, premises: Premises) -> Self | None:
        """Open on the city's account and, outside production, on the sandbox's. Raises NotConfigured."""
        accounts = [] if (own := configured_account(premises.env)) is None else [own]
        if not premises.production:
            accounts.append(local_account(premises))
        return cls(accounts, premises.public_url) if accounts else None

    # Routes

    def routes(self, core: Core) -> Sequence[web.AbstractRouteDef]:
        """Return the two webhooks: a citizen's message, and what became of one of ours."""
        return [
            web.post("/channels/sms/inbound", partial(self._inbound, core)),
            web.post("/channels/sms/status", partial(self._status, core)),
        ]

    # Receive

    async def _inbound(self, core: Core, request: web.Request) -> web.Response:
        account, form = await self._signed(request)
        # A text without words (a photo, only spaces) is a message too: the core asks for words.
        message = Inbound(self.name, _id(form, "From"), form.get("Body", ""), _id(form, "MessageSid"), account.sid)
        # Only what is kept durably may be acknowledged: Twilio delivers the rest once more.
        await core.receive(message)
        return web.Response(text="<Response/>", content_type="text/xml")

    async def _status(self, core: Core, request: web.Request) -> web.Response:
        _, form = await self._signed(request)
        message, sid = _id(request.query, "message"), _id(form, "MessageSid")
        _remember(self._sids, message, sid)
        status = STATUS.get(form.get("MessageStatus", ""))
        if status is not None:
            code = form.get("ErrorCode", "")
            error = code if code.isdecimal() and len(code) <= 6 else ""
            await core.receipt(Receipt(self.name, message, status, sid, error))
        return web.Response(status=204)

    async def _signed(self, request: web.Request) -> tuple[Account, Mapping[str, str]]:
        """Return the form and the account that signed it: the one it names, or one of ours if it names none.

        Source: https://www.twilio.com/docs/usage/security#validating-requests
        """
        form = await _text_fields(request)
        named = form.get("AccountSid")
        asked = self.accounts.values() if named is None else filter(None, [self.accounts.get(named)])
        signature = request.headers.get("X-Twilio-Signature", "")
        # The address is the configured one: a Host header is the caller's own word.
        url = self.public_url + request.raw_path
        for account in asked:
            if RequestValidator(account.token).validate(url, form, signature):
                return account, form
        raise web.HTTPForbidden(text="The signature is missing or wrong.")

    # Send

    async def send(self, outgoing: Outgoing) -> str:
        """Send one message and return Twilio's id of it. Raises SendError."""
        account = self._account(outgoing)
        _remember(self._tried, outgoing.id, self._now())
        callback = f"{self.public_url}/channels/sms/status?{urlencode({'message': outgoing.id})}"
        messages = self._clients[account.sid].messages
        try:
            sent = await messages.create_async(
                to=outgoing.address, from_=account.number, body=outgoing.text, status_callback=callback
            )
        except TwilioException as error:
            raise _said(error) from None
        except UNREADABLE:
            raise OutcomeUnknown("Twilio's answer could not be read") from None
        if not sent.sid:
            raise OutcomeUnknown("Twilio's answer names no message")
        _remember(self._sids, outgoing.id, str(sent.sid))
        return str(sent.sid)

    async def find(self, outgoing: Outgoing) -> str | None:
        """Return Twilio's id of a message whose sending had no clear end, None if it did not go out.

        Twilio keeps no word of ours with a message, so it is known by number, text and time. A receipt that came for
        it decides at once. Else a message counts if it was made since we tried (after a restart: in the last
        LOOK_BACK) and is not known as another of ours. The limits: two equal texts to one number around a restart can be
        taken for each other; a send that was tried before LOOK_BACK and before a restart is not found.
        """
        if outgoing.id in self._sids:
            return self._sids[outgoing.id]
        since = self._tried.get(outgoing.id, self._now() - LOOK_BACK) - CLOCKS
        try:
            listed = await self._clients[self._account(outgoing).sid].messages.list_async(to=outgoing.address, limit=100)
        except TwilioException as error:
            if _status_of(error) == 404:
                return None
            raise OutcomeUnknown("Twilio did not list its messages") from None
        except (SendError, *UNREADABLE):
            raise OutcomeUnknown("Twilio could not be asked") from None
        others = outgoing.others.union(self._sids.values())
        for message in reversed(listed):
            ours = message.direction != "inbound" and (message.body or "").strip() == outgoing.text.strip()
            if ours and message.sid and message.sid not in others and (message.date_created or since) >= since:
                _remember(self._sids, outgoing.id, str(message.sid))
                return str(message.sid)
        return None

    async def close(self) -> None:
        """Let go of the connections to the provider."""
        await self._wire.close()

    def _account(self, outgoing: Outgoing) -> Account:
        return self.accounts.get(outgoing.route) or next(iter(self.accounts.values()))


# Twilio's word for where a message is → ours. A status that is not here is an inbound one, or new: it says nothing.
# Source: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
STATUS = {
    "queued": "queued",
    "accepted": "queued",
    "scheduled": "queued",
    "sending": "sending",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}

# Twilio's error code → our word; a code that is not here is judged by its HTTP status, below.
# Source: https://www.twilio.com/docs/api/errors
CODES: Mapping[int, type[SendError]] = {
    20429: Throttled,  # too many requests
    21611: Throttled,  # our number's queue is full
    21610: OptedOut,
    21211: CitizenGone,  # not a number
    21214: CitizenGone,  # cannot be reached
    21217: CitizenGone,  # not a number
    21614: CitizenGone,  # not a mobile
    21635: CitizenGone,  # a landline
    30003: CitizenGone,  # handset unreachable
    30005: CitizenGone,  # unknown handset
    30006: CitizenGone,  # a landline, or a carrier that takes no texts
}
STATUSES: Mapping[int, type[SendError]] = {
    408: ProviderDown,
    425: ProviderDown,
    429: Throttled,
    # Whoever stands before Twilio did pass the request on, and gave up waiting.
    504: OutcomeUnknown,
}
# What the package raises on a 2xx answer that is no message.
UNREADABLE = (ValueError, TypeError, AttributeError)


def _said(error: TwilioException) -> SendError:
    status, code = _status_of(error), _whole(getattr(error, "code", 0))
    by_status = STATUSES.get(status, ProviderDown if status >= 500 else Refused)
    # Twilio's own sentence is left out: it can hold the number and the text.
    return CODES.get(code, by_status)(f"Twilio answered {status}", str(code) if code not in (0, status) else "")


def _status_of(error: TwilioException) -> int:
    # A list that failed comes as the plain exception, with the answer as its last argument.
    answer = error if hasattr(error, "status") else error.args[-1]
    return _whole(getattr(answer, "status", 0) or getattr(answer, "status_code", 0))


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else 0


# Forms


async def _text_fields(request: web.Request) -> Mapping[str, str]:
    """Return the form, repeated fields included (the signature covers them all); a file in it is refused."""
    try:
        form = await request.clone(client_max_size=MOST_BYTES).post()
        if not all(isinstance(value, str) for value in form.values()):
            raise web.HTTPBadRequest(text="Form fields must be text.")
        fields = cast("Mapping[str, str]", form)
        # Half a surrogate pair can neither be signed nor kept.
        "".join((*fields.keys(), *fields.values())).encode()
    except (ValueError, LookupError, AssertionError, HttpProcessingError, web.RequestPayloadError):
        raise web.HTTPBadRequest(text="This is not a form.") from None
    return fields


def _id(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not 0 < len(value) <= 64 or not value.isprintable():
        raise web.HTTPBadRequest(text=f"{name} is missing or malformed.")
    return value


# The road to the provider


class Wire:
    """The twilio package's requests over one aiohttp session (what the package calls an asynchronous HTTP client).

    The package's own asynchronous client never times out and writes the citizen's number into the log.
    """

    is_async = True

    def __init__(self, patience: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=patience, sock_connect=REACH)
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Make one request. Raises ProviderDown if it did not go out, OutcomeUnknown if its answer was lost."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        headers = dict(headers or {})
        if auth is not None:
            headers["Authorization"] = aiohttp.encode_basic_auth(*auth)
        query: Any = params
        try:
            async with self._session.request(
                method, uri, params=query, data=data, headers=headers, allow_redirects=allow_redirects
            ) as answer:
                return Response(answer.status, await answer.text(errors="replace"), answer.headers)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise ProviderDown("Twilio could not be reached") from None
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise OutcomeUnknown(f"Twilio's answer did not come ({type(error).__name__})") from None

    async def close(self) -> None:
        """Close the session, if there is one."""
        if self._session is not None:
            await self._session.close()


def _client(account: Account, wire: Wire) -> Client:
    # An environment of its own: else the package lets TWILIO_EDGE and TWILIO_REGION rewrite the configured address.
    client = Client(account.sid, account.token, http_client=wire, environment={"TWILIO_EDGE": ""})
    client.api.base_url = account.api_base
    return client


def _remember(memory: dict[str, T], key: str, value: T) -> None:
    memory.setdefault(key, value)
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]
