"""What GET /requests is asked for: ids, services, dates, status."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import UTC, datetime, timedelta

from multidict import MultiMapping

from bot.casework.problems import Problem
from bot.casework.references import digits, is_reference
from bot.casework.values import CLOSED, OPEN, Wanted

SPAN = timedelta(days=90)
MOST = 1000
_W3C = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})")
_YEARS = range(1900, 2200)


def wanted_cases(query: MultiMapping[str], services: Container[str], now: datetime) -> Wanted | None:
    """Return which public cases a query asks for; None when it names only ids that cannot exist. Raises Problem."""
    ids = _listed(query, "service_request_id")
    if ids:
        references = frozenset(digits(id) for id in ids if is_reference(id))
        return Wanted(references=references, public_only=True, limit=MOST) if references else None
    since, until = _dates(query, now)
    size = _number(query, "page_size", MOST, MOST)
    return Wanted(
        services=_services(query, services),
        statuses=_statuses(query),
        since=since,
        until=until,
        public_only=True,
        limit=size,
        skip=(_number(query, "page", 1, 100_000) - 1) * size,
    )


def _listed(query: MultiMapping[str], name: str) -> list[str]:
    parts = (part.strip() for value in query.getall(name, []) for part in value.split(","))
    return [part for part in parts if part]


def _services(query: MultiMapping[str], services: Container[str]) -> frozenset[str]:
    asked = frozenset(_listed(query, "service_code"))
    if any(code not in services for code in asked):
        raise Problem(404, "service_code was not found: GET /services lists the codes")
    return asked


def _statuses(query: MultiMapping[str]) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for status in _listed(query, "status"):
        if status.lower() not in ("open", "closed"):
            raise Problem(400, "status must be 'open' or 'closed', or both separated by a comma")
        found |= OPEN if status.lower() == "open" else CLOSED
    return found


def _dates(query: MultiMapping[str], now: datetime) -> tuple[datetime, datetime]:
    since, until = _moment(query, "start_date"), _moment(query, "end_date")
    if since is None:
        until = until or now
        return until - SPAN, until
    if until is None:
        return since, since + SPAN
    if until < since:
        raise Problem(400, "end_date must not lie before start_date")
    if until - since > SPAN:
        raise Problem(400, "start_date and end_date may not span more than 90 days")
    return since, until


def _moment(query: MultiMapping[str], name: str) -> datetime | None:
    # A "+" that was not escaped arrives as a space.
    value = query.get(name, "").strip().replace(" ", "+")
    if not value:
        return None
    return moment(value, name)


def moment(value: str, name: str) -> datetime:
    """Return the time that a W3C date with zone names. Raises Problem."""
    try:
        if _W3C.fullmatch(value) and int(value[:4]) in _YEARS:
            return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        pass
    raise Problem(400, f"{name} must be a date and time with its zone, such as 2026-01-31T08:00:00Z or 2026-01-31T08:00:00-05:00")


def _number(query: MultiMapping[str], name: str, default: int, most: int) -> int:
    value = query.get(name, "").strip()
    if not value:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", value) or not 1 <= int(value) <= most:
        raise Problem(400, f"{name} must be a whole number from 1 to {most}")
    return int(value)
