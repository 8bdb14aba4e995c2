"""What the core asks of the outside: channels, the dialogue engine, and the error words of sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from aiohttp import web

from bot.keys import derive
from bot.messages import Inbound, Outgoing, Receipt, Reply


class SendError(Exception):
    """A message could not be sent; `retryable` says whether the same send may succeed later."""

    retryable: ClassVar[bool] = False

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.code = code


class Throttled(SendError):
    """The provider wants us slower."""

    retryable = True


class ProviderDown(SendError):
    """The provider was not reached, or said that it failed: nothing was sent."""

    retryable = True


class OutcomeUnknown(SendError):
    """The request went out and no answer came: it may or may not have been sent. Never resend blindly."""


class CitizenGone(SendError):
    """The address does not exist or cannot receive."""


class OptedOut(SendError):
    """The citizen told the provider to stop."""


class Refused(SendError):
    """The provider will not take this message (its content, our credentials)."""


class NotConfigured(Exception):
    """A channel's variables contradict each other; the message says which and what to do."""


@dataclass(frozen=True)
class Premises:
    """What a channel may know of the house: environment, public address, mode, and a key of its own."""

    env: Mapping[str, str] = field(repr=False)
    public_url: str
    production: bool
    city: str = "the city"
    emergency: str = "911"

    def key(self, purpose: str) -> bytes:
        """Return a secret of 32 bytes that is stable for this installation and this purpose."""
        return derive(self.env["CIVICLINE_SECRET_KEY"], purpose)


@dataclass(frozen=True)
class Line:
    """One line of a conversation as its citizen may see it. `author` is "citizen", "bot" or "staff"."""

    seq: int
    author: str
    text: str
    choices: tuple[str, ...] = ()


class Core(Protocol):
    """What a channel may ask of the core."""

    async def receive(self, inbound: Inbound) -> bool:
        """Keep the message durably, then see that it is answered. False: it was known already."""

    async def receipt(self, receipt: Receipt) -> None:
        """Note what became of an outgoing message."""

    async def history(self, channel: str, address: str, after: int = 0) -> Sequence[Line]:
        """Return the conversation's lines whose seq is greater than `after`, oldest first."""


class Channel(Protocol):
    """A way by which citizens reach the city."""

    name: str
    # A live channel is answered in the request itself; the others by a durable workflow.
    live: bool
    # Whether single words such as STOP, START and HELP have the meaning that telephone law gives them.
    keywords: bool
    # Whether choices are shown as buttons; if not they are written out as "Reply 1-4".
    buttons: bool
    # The most characters that one message may carry.
    limit: int

    @classmethod
    def open(cls, premises: Premises) -> Self | None:
        """Return the channel, or None when nothing configures it. Raises NotConfigured."""

    def routes(self, core: Core) -> Sequence[web.AbstractRouteDef]:
        """Return the channel's own routes."""

    async def send(self, outgoing: Outgoing) -> str:
        """Send, and return the provider's id. Raises SendError."""

    async def find(self, outgoing: Outgoing) -> str | None:
        """After OutcomeUnknown: the provider's id if it did go out, None if it surely did not.

        Raises OutcomeUnknown where the provider cannot tell.
        """

    async def close(self) -> None:
        """Let go of connections."""


State = dict[str, Any]


@dataclass(frozen=True)
class Utterance:
    """What the engine is asked to answer: the citizen's words, or an intent that they picked."""

    id: str
    channel: str
    language: str
    text: str = ""
    intent: str = ""
    entities: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Turn:
    """The engine's answer: what to say, and the conversation's new state (opaque, bounded)."""

    replies: tuple[Reply, ...]
    state: State


class EngineDown(Exception):
    """The engine or what it depends on cannot be reached now; the same turn may succeed later."""


class TurnFailed(Exception):
    """The engine was reached and could not answer this turn."""


class Engine(Protocol):
    """The dialogue engine: a pure function from state and message to state and replies."""

    async def turn(self, conversation: str, state: State, utterance: Utterance) -> Turn:
        """Answer one message. Raises EngineDown, TurnFailed."""
