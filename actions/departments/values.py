"""What departments and actions say to each other: services, questions, cases, reports, and what may go wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Service:
    """One thing that a department does for citizens. `name` and `description` are in the language asked for.

    `needs_place`: whether a report must say where; only a server that says otherwise is believed.
    """

    code: str
    name: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    group: str = ""
    has_questions: bool = False
    needs_place: bool = True


@dataclass(frozen=True)
class Question:
    """What a service wants to know of a report. `options` are (key, name) pairs; the answer is the key.

    `datatype` is the standard's: string, number, datetime, text, singlevaluelist or multivaluelist.
    """

    code: str
    text: str
    required: bool
    options: tuple[tuple[str, str], ...] = ()
    datatype: str = "string"


@dataclass(frozen=True)
class Case:
    """Where a case stands: `status` is open or closed; `detail`, if the department tells it, one of DETAILS."""

    reference: str
    service: str
    status: str
    detail: str = ""
    note: str = ""
    address: str = ""
    requested: datetime | None = None
    updated: datetime | None = None
    expected: datetime | None = None


DETAILS = ("received", "in_review", "in_progress", "waiting", "done", "declined")


@dataclass(frozen=True)
class Report:
    """What a citizen reports: `service` is the service's code, `answers` go by the code of their question."""

    service: str
    # A citizen's words stay out of reprs, and so out of logs and tracebacks.
    address: str = field(repr=False)
    details: str = field(repr=False)
    answers: Mapping[str, str | list[str]] = field(default_factory=dict, repr=False)
    language: str = "en"


class DepartmentError(Exception):
    """A department did not do what it was asked.

    `code` and `description` are the department's own words: for staff, never for citizens, and not part
    of the error's text because they may repeat what a citizen wrote.
    """

    def __init__(self, reason: str, *, status: int = 0, code: str = "", description: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.description = description


class Unavailable(DepartmentError):
    """The department was not reached, or what it said could not be read; the same may succeed later.

    `outcome_unknown` is true for a write that went out and was not answered: it may have been done.
    `retry_after` is how many seconds the department wants to be left alone.
    """

    outcome_unknown: bool = False
    connected: bool = True
    timed_out: bool = False
    retry_after: float = 0.0


class NotFound(DepartmentError):
    """The department was reached and does not know this."""


class Refused(DepartmentError):
    """The department will not do this: a wrong key, or a report that it does not take."""


class NotOffered(DepartmentError):
    """The department does not do this at all."""


class BadEntry(Exception):
    """A department is described wrongly; the message says what to do."""


def translate(department: str, status: int, code: str = "", description: str = "") -> DepartmentError:
    """Return the error that a HTTP status means; the answer's own error code decides where the status does not.

    Wild servers put "500", "400" or "200" around an error 404: there the code says what was meant. A clearer status
    (401, 403, 409 …) is never overruled.
    """
    meant = int(code) if re.fullmatch(r"4\d\d", code) else status
    if 400 <= status < 500 and (meant != 404 or status not in (400, 422)):
        meant = status
    kind: type[DepartmentError] = Refused
    says = "refused"
    if meant in (404, 410):
        kind, says = NotFound, "does not know this"
    elif meant in (408, 425, 429) or not 400 <= meant < 500:
        kind, says = Unavailable, "is out of order"
    return kind(f"{department} {says} ({status})", status=status, code=code, description=description)
