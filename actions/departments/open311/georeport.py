"""GeoReport v2's resources: trees that servers send, read leniently; reports, written strictly."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Any

from actions.departments.open311.reading import Record, Unreadable, moment, plain, records, text, truth, words
from actions.departments.values import DETAILS, Case, Question, Report, Service

_CASES = ("service_requests", "service_request", "requests", "request")
_LONGEST = 4000  # characters of a description
# The standard knows open and closed only; these are what servers say instead, and what it tells.
_OPEN = {
    "open": "",
    "opened": "",
    "reopened": "",
    "active": "",
    "pending": "",
    "new": "received",
    "received": "received",
    "submitted": "received",
    "in_review": "in_review",
    "acknowledged": "in_review",
    "assigned": "in_progress",
    "in_progress": "in_progress",
    "started": "in_progress",
    "waiting": "waiting",
    "on_hold": "waiting",
}
_CLOSED = {
    "closed": "",
    "archived": "",
    "duplicate": "",
    "cancelled": "",
    "canceled": "",
    "done": "done",
    "complete": "done",
    "completed": "done",
    "resolved": "done",
    "fixed": "done",
    "declined": "declined",
    "rejected": "declined",
}


def services(tree: Any) -> list[Service]:
    """Return the services of a services list. Raises Unreadable where there is something and no service in it."""
    items = records(tree, "services", "service")
    found = [service for item in items if (service := _service(item))]
    if items and not found:
        raise Unreadable("no service has a code and a name")
    return found


def _service(item: Record) -> Service | None:
    code = text(item, "service_code", "code")
    name = text(item, "service_name", "name")
    if not code or not name:
        return None
    return Service(
        code=code,
        name=name,
        description=text(item, "description"),
        keywords=words(item.get("keywords")),
        group=text(item, "group"),
        has_questions=truth(item.get("metadata")),
        needs_place="location_required" not in item or truth(item["location_required"]),
    )


def questions(tree: Any) -> list[Question]:
    """Return the questions of a service definition in their order, without those that only show a text."""
    items = [
        attribute
        for definition in records(tree, "service_definition", "service_definitions")
        for attribute in records(definition, "attributes", "attribute")
    ]
    coded = [item for item in items if text(item, "code")]
    # A definition that names its service and has no attributes at all has no questions.
    if items and not coded and not any(text(item, "service_code") for item in items):
        raise Unreadable("no attribute has a code")
    asked = [item for item in coded if item.get("variable") is None or truth(item["variable"])]
    # sorted keeps the list's own order among attributes that name none
    return [_question(item) for item in sorted(asked, key=_order)]


def _order(item: Record) -> int:
    order = text(item, "order")
    return int(order) if re.fullmatch(r"-?\d{1,9}", order) else 0


def _question(item: Record) -> Question:
    return Question(
        code=text(item, "code"),
        text=text(item, "description", "datatype_description", "code"),
        required=truth(item.get("required")),
        options=tuple(option for value in _values(item.get("values")) if (option := _option(value))),
        datatype=text(item, "datatype").lower() or "string",
    )


def _values(values: Any) -> list[Any]:
    """Return the values of a list question: records, or (key, name) pairs and plain names where a server sends those."""
    if isinstance(values, dict) and set(values) == {"value"}:
        values = values["value"]
    if isinstance(values, str):
        return [values]
    if isinstance(values, list):
        return [inner for value in values for inner in (_values(value) if isinstance(value, dict) else [value])]
    if isinstance(values, dict):
        return [values] if "key" in values or "name" in values else list(values.items())
    return []


def _option(value: Any) -> tuple[str, str] | None:
    if isinstance(value, tuple):
        value = {"key": value[0], "name": value[1]}
    if not isinstance(value, dict):
        value = {"key": value}
    key, name = text(value, "key", "name", "value"), text(value, "name", "value", "key")
    return (key, name) if key else None


def find(tree: Any, reference: str, zone: tzinfo, *, alone: bool) -> Case | None:
    """Return the case of this reference, None where the answer is an empty list.

    `alone` says that the address asked named this one case: then it may come without its id. An answer that
    holds only other cases is Unreadable: a server that ignored the question, not proof that there is none.
    """
    items = records(tree, *_CASES)
    for item in items:
        id = text(item, "service_request_id", "id")
        if same(id, reference) or (alone and not id and len(items) == 1):
            return _case(item, reference, zone)
    if items:
        raise Unreadable("another case than the one asked for")
    return None


def find_report(tree: Any, details: str, address: str) -> str:
    """Return the reference of the listed case that holds this very report, or ""."""
    said, place = plain(details[:_LONGEST]).strip(), plain(address).strip()
    for item in records(tree, *_CASES):
        if text(item, "description") == said and text(item, "address") == place:
            return text(item, "service_request_id")
    return ""


def listed(tree: Any) -> int:
    """Return how many cases a list holds. Raises Unreadable where they have no ids."""
    items = records(tree, *_CASES)
    if items and not any(text(item, "service_request_id", "id") for item in items):
        raise Unreadable("no case has an id")
    return len(items)


def same(one: str, other: str) -> bool:
    """Return whether two references name one case: 0042 and 42 do, as do ab-1 and AB-1."""
    if one.isdecimal() and other.isdecimal():
        return one.lstrip("0") == other.lstrip("0")
    return one.casefold() == other.casefold()


def _case(item: Record, reference: str, zone: tzinfo) -> Case:
    said = re.sub(r"[\s_-]+", "_", text(item, "status").lower())
    # A word that we do not know is not guessed at: the citizen would be told something that nobody said.
    if said not in _OPEN and said not in _CLOSED:
        raise Unreadable("a case without a known status")
    detail = re.sub(r"[\s_-]+", "_", text(item, "status_detail").lower())
    return Case(
        reference=text(item, "service_request_id", "id") or reference,
        service=text(item, "service_name", "service_code"),
        status="open" if said in _OPEN else "closed",
        detail=detail if detail in DETAILS else {**_OPEN, **_CLOSED}[said],
        note=text(item, "status_notes"),
        address=text(item, "address", "address_string"),
        requested=moment(item.get("requested_datetime"), zone),
        updated=moment(item.get("updated_datetime"), zone),
        expected=moment(item.get("expected_datetime"), zone),
    )


def form(report: Report, jurisdiction: str, api_key: str) -> list[tuple[str, str]]:
    """Return a report as the fields of POST /requests."""
    fields = [("service_code", report.service), ("description", report.details[:_LONGEST])]
    fields += [("jurisdiction_id", jurisdiction)] if jurisdiction else []
    fields += [("api_key", api_key)] if api_key else []
    fields += [("address_string", report.address)] if report.address else []
    for code, answer in report.answers.items():
        if isinstance(answer, str):
            fields.append((f"attribute[{code}]", answer))
        else:
            fields += [(f"attribute[{code}][]", one) for one in answer]
    return [(name, plain(value)) for name, value in fields]


def filed(tree: Any) -> tuple[str, str]:
    """Return (reference, token) of a report that was taken, one of them "" where it was not given.

    Raises Unreadable where there is neither.
    """
    for item in records(tree, *_CASES):
        reference, token = text(item, "service_request_id", "id"), text(item, "token")
        if reference or token:
            return reference, token
    raise Unreadable("neither a reference nor a token")


def error(tree: Any) -> tuple[str, str]:
    """Return code and description of the first error that an answer is, ("", "") where it is none."""
    try:
        items = records(tree, "errors", "error")
    except Unreadable:
        return "", ""
    if not items or "code" not in items[0] or not set(items[0]) <= {"code", "description", "message"}:
        return "", ""
    return text(items[0], "code") or "?", text(items[0], "description", "message")
