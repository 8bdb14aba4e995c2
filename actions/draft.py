"""A report while it is being put together, kept in the form's slots between the citizen's messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from actions.departments.values import Question, Report

WHAT, WHERE, DETAILS, CONFIRMED, CHANGE = (
    "report_what",
    "report_where",
    "report_details",
    "report_confirmed",
    "report_change",
)
DRAFT = "report_draft"
SLOTS = (WHAT, WHERE, DETAILS, CONFIRMED, CHANGE, DRAFT)
_LONGEST = 4000  # characters of a description, as the built-in department takes it


@dataclass(frozen=True)
class Draft:
    """What is known of a report. A field is None as long as it has not been asked.

    `words` are the citizen's own first words. `answers` go by the code of their question ("" = left out), `told`
    are the same answers as they are read back. `asking` is the service's question that is open now, `offered`
    the service codes that were given to choose from. `placeless` says that the service can do without a place,
    `hint` how the next question should be put.
    """

    what: str | None = None
    where: str | None = None
    details: str | None = None
    confirmed: bool | None = None
    kind: str = "report"
    words: str = ""
    department: str = ""
    label: str = ""
    answers: Mapping[str, str | list[str]] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    asking: Mapping[str, Any] | None = None
    offered: tuple[str, ...] = ()
    placeless: bool = False
    tries: int = 0
    hint: str = ""

    @classmethod
    def of(cls, slots: Mapping[str, Any]) -> Self:
        """Read the draft from the slots of a conversation."""
        known = {name: value for name, value in (slots.get(DRAFT) or {}).items() if name in _HELD}
        known["offered"] = tuple(known.get("offered", ()))
        return cls(slots.get(WHAT), slots.get(WHERE), slots.get(DETAILS), slots.get(CONFIRMED), **known)

    def slots(self) -> dict[str, Any]:
        """Return the slots that hold this draft."""
        held = {name: value for name, value in asdict(self).items() if name in _HELD}
        return {
            WHAT: self.what,
            WHERE: self.where,
            DETAILS: self.details,
            CONFIRMED: self.confirmed,
            CHANGE: None,
            DRAFT: held | {"offered": list(self.offered)},
        }

    def with_(self, **changes: Any) -> Self:
        """Return the draft with these changes, and with a fresh count of tries unless one is given."""
        return replace(self, **{"tries": 0, "hint": "", **changes})

    def without_service(self) -> Self:
        """Return the draft as it was before the service was known: its questions go with it."""
        return self.with_(
            what=None,
            label="",
            department="",
            answers={},
            told={},
            asking=None,
            offered=(),
            words="",
            details=None,
            where=self.where or None,
            placeless=False,
        )

    @property
    def next(self) -> str | None:
        """Return the slot to ask for next; None when the citizen has decided."""
        for slot, value in ((WHAT, self.what), (WHERE, self.where), (DETAILS, self.details), (CONFIRMED, self.confirmed)):
            if value is None:
                return slot
        return None

    @property
    def described(self) -> str:
        """Return what the citizen said about it in their own words."""
        said = [part for part in (self.words, self.details or "") if part]
        return "\n".join(dict.fromkeys(said))[:_LONGEST]

    @property
    def question(self) -> Question | None:
        """Return the service's question that is open now."""
        if not self.asking:
            return None
        options = tuple((str(key), str(name)) for key, name in self.asking.get("options", ()))
        return Question(**{**self.asking, "options": options})

    def report(self, language: str) -> Report:
        """Return the report as departments take it."""
        answers = {code: answer for code, answer in self.answers.items() if answer}
        return Report(self.what or "", self.where or "", self.described or self.label, answers, language)

    def summary(self) -> str:
        """Return what is known, in plain English, for the person who takes over."""
        known = {
            "service": f"{self.label} ({self.what})" if self.label else self.what,
            "where": self.where,
            "details": self.described,
            **{code: answer for code, answer in self.told.items() if answer},
        }
        told = "; ".join(f"{name}: {value}" for name, value in known.items() if value)
        return f"{self.kind.capitalize()} in progress, not sent. {told}" if told else ""


_HELD = frozenset(f.name for f in fields(Draft)) - {"what", "where", "details", "confirmed"}
FORGOTTEN: Mapping[str, None] = dict.fromkeys(SLOTS)
