"""The plain values that cross the seams: what citizens send and what they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Inbound:
    """One message of a citizen, as a channel hands it to the core.

    `channel` is the channel's name, `address` the citizen's number or session there,
    `id` the provider's own message id (a redelivery carries the same one), `route` whatever
    the channel wants back with the answer (for a text message: the account it came by).
    """

    channel: str
    address: str
    text: str
    id: str
    route: str = ""


@dataclass(frozen=True)
class Choice:
    """One answer a citizen may pick: its label, and the intent or the words that it stands for."""

    title: str
    intent: str = ""
    entities: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True)
class Handover:
    """The wish to have a person take over: why ("asked", "confused", "failed") and what is known."""

    reason: str
    summary: str = ""


@dataclass(frozen=True)
class KeptReport:
    """A citizen's report that its department could not take yet; filed later under the same key."""

    key: str
    department: str
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message, by its address on the city's own domain."""

    url: str
    content_type: str


@dataclass(frozen=True)
class Reply:
    """What the citizen is told, before a channel's limits are applied to it."""

    text: str = ""
    choices: tuple[Choice, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    handover: Handover | None = None
    kept: KeptReport | None = None
    # Whether the turn wrote something at a department: what was said of it must reach the citizen.
    written: bool = False


@dataclass(frozen=True)
class Outgoing:
    """One message on its way to a citizen: rendered for its channel, under the id the core knows it by."""

    id: str
    channel: str
    address: str
    text: str
    choices: tuple[Choice, ...] = ()
    route: str = ""
    # After a restart: the provider's ids of the conversation's other messages. None of them is this one's.
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Receipt:
    """What a provider says became of a message: `status` is one of STATUSES, `error` its code."""

    channel: str
    message: str
    status: str
    provider_id: str = ""
    error: str = ""


# How far a message has come, in order: a receipt only ever moves it forwards.
STATUSES = ("queued", "sending", "unknown", "sent", "delivered", "failed", "dropped")
