"""The plain values of casework: services, questions, cases, what is filed and what is looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

# A text by language: {"en": "Pothole", "es": "Bache"}.
Texts = Mapping[str, str]
# The answer to a question; a list where several options may be picked.
Answers = Mapping[str, str | list[str]]

# From each status, the ones that may follow. The same one again is a further note.
NEXT: Mapping[str, frozenset[str]] = {
    "received": frozenset({"received", "in_review", "in_progress", "waiting", "done", "declined"}),
    "in_review": frozenset({"in_review", "in_progress", "waiting", "done", "declined"}),
    "in_progress": frozenset({"in_progress", "waiting", "done", "declined"}),
    "waiting": frozenset({"waiting", "in_review", "in_progress", "done", "declined"}),
    "done": frozenset(),
    "declined": frozenset(),
}
STATUSES = tuple(NEXT)
CLOSED = frozenset(status for status, following in NEXT.items() if not following)
OPEN = frozenset(NEXT) - CLOSED


@dataclass(frozen=True)
class Option:
    """One answer that a question offers."""

    key: str
    names: Texts


@dataclass(frozen=True)
class Question:
    """What a service wants to know. `datatype` is one of GeoReport's: string, number, datetime, text, …list."""

    code: str
    datatype: str
    required: bool
    texts: Texts
    hints: Texts = field(default_factory=dict)
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Department:
    """A department of the city."""

    code: str
    names: Texts
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class Service:
    """A kind of case. `place` is "street", "home" or "none"; `expected_days` is how long one takes as a rule."""

    code: str
    department: Department
    groups: Texts
    names: Texts
    descriptions: Texts
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notices: Texts = field(default_factory=dict)
    public: bool = True
    place: str = "street"
    expected_days: int | None = None
    questions: tuple[Question, ...] = ()
    offered: bool = True


@dataclass(frozen=True)
class Filing:
    """What is filed. The same `key` (None: none given) is one case, however often it comes."""

    service: str
    address: str = ""
    address_id: str = ""
    lat: float | None = None
    long: float | None = None
    description: str = ""
    answers: Answers = field(default_factory=dict)
    key: str | None = None
    language: str = "en"
    contact: Mapping[str, str] = field(default_factory=dict)
    media_url: str = ""


@dataclass(frozen=True)
class Event:
    """One step of a case: when it came to a status, and what the public was told, by language."""

    status: str
    at: datetime
    notes: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A case as the city knows it; `history` is never empty and its last event is where the case stands."""

    reference: str
    service: str
    status: str
    received: datetime
    updated: datetime
    history: tuple[Event, ...]
    address: str = ""
    address_id: str = ""
    lat: float | None = None
    long: float | None = None
    description: str = ""
    answers: Answers = field(default_factory=dict)
    language: str = "en"
    contact: Mapping[str, str] = field(default_factory=dict)
    media_url: str = ""
    expected: datetime | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in CLOSED

    @property
    def notes(self) -> Texts:
        """What the public was told last, by language."""
        return next((event.notes for event in reversed(self.history) if event.notes), {})


@dataclass(frozen=True)
class Wanted:
    """Which cases are looked for. Empty means any; `since` and `until` bound when a case was received, both included."""

    references: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    public_only: bool = False
    limit: int = 1000
    skip: int = 0


def text_in(language: str, texts: Texts) -> str:
    """Return a text in `language`, else in English, else in whatever there is, else ""."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
