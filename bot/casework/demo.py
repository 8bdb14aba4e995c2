"""Loads what a folder such as data/demo says: the services at every start, the invented cases on the first only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.casework import rows
from bot.casework.casework import Casework
from bot.casework.catalogue import BadCatalogue, mapping_in, read_departments, read_services
from bot.casework.invention import invented
from bot.casework.references import is_reference
from bot.casework.tables import CaseRow, DepartmentRow, ServiceRow
from bot.casework.values import NEXT, Case, Department, Event, Service

_AGO = re.compile(r"-([0-9]{1,4})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


async def load_demo(casework: Casework, folder: Path, now: datetime, *, with_cases: bool = True) -> int:
    """Bring the services up to date with `folder`; on a database that had neither services nor cases, add its cases.

    `with_cases` is false for a city that means it: then nothing is invented. All of it is one transaction: an
    interrupted start leaves nothing half done. Returns how many cases were added; raises BadCatalogue before anything
    is written.
    """
    departments, services = read_departments(folder), read_services(folder)
    cases = list(_cases(folder, services, now)) if with_cases and with_cases and (folder / "cases.yml").exists() else []
    async with casework.sessions.begin() as session:
        first = not await _any(session, ServiceRow) and not await _any(session, CaseRow)
        await _replace_services(session, departments.values(), services)
        if not first:
            return 0
        session.add_all(rows.case_row(case, None) for case in cases)
        await session.flush()
        session.add_all(event for case in cases for event in rows.event_rows(case))
    return len(cases)


async def _any(session: AsyncSession, table: type[ServiceRow] | type[CaseRow]) -> bool:
    return bool(await session.scalar(select(func.count()).select_from(table)))


async def _replace_services(session: AsyncSession, departments: Iterable[Department], services: Sequence[Service]) -> None:
    for department in departments:
        row = DepartmentRow(code=department.code, names=dict(department.names), phone=department.phone, email=department.email)
        await session.merge(row)
    await session.flush()
    # What is no longer listed is no longer offered; its cases remain, and so must its row.
    await session.execute(update(ServiceRow).values(offered=False))
    for position, service in enumerate(services):
        await session.merge(rows.service_row(service, position))
    await session.flush()


def _cases(folder: Path, services: Sequence[Service], now: datetime) -> Iterator[Case]:
    entry = mapping_in(folder / "cases.yml")
    by_code = {service.code: service for service in services}
    taken: set[str] = set()
    try:
        for case in _written_down(entry, now):
            taken.add(case.reference)
            yield _checked(case, by_code)
        yield from (_checked(case, by_code) for case in invented(entry["invented"], entry["streets"], by_code, now, taken))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise BadCatalogue(f"cases.yml: {type(error).__name__}: {error}") from None


def _written_down(entry: Mapping[str, Any], now: datetime) -> Iterator[Case]:
    for told in entry["cases"]:
        history = tuple(Event(event["status"], ago(event["at"], now), event.get("note", {})) for event in told["history"])
        expected = told.get("expected_in_days")
        yield Case(
            reference=told["reference"],
            service=told["service"],
            status=history[-1].status,
            received=history[0].at,
            updated=history[-1].at,
            history=history,
            address=told.get("address", ""),
            lat=told.get("lat"),
            long=told.get("long"),
            description=told["description"],
            answers=told.get("answers", {}),
            language=told.get("language", "en"),
            expected=now + timedelta(days=expected) if expected else None,
        )


def _checked(case: Case, services: Mapping[str, Service]) -> Case:
    """Return the case. Raises BadCatalogue for one that could not have come about."""
    if not is_reference(case.reference):
        raise BadCatalogue(f"cases.yml: {case.reference} is not a reference: its check digit is wrong")
    if case.service not in services:
        raise BadCatalogue(f"cases.yml: {case.reference}: there is no service {case.service}")
    for before, after in zip(case.history, case.history[1:], strict=False):
        if after.status not in NEXT[before.status] or after.at < before.at:
            raise BadCatalogue(f"cases.yml: {case.reference}: {before.status} cannot become {after.status} then")
    return case


def ago(text: str, now: datetime) -> datetime:
    """Return the time that "-12d", "-5h" or "-30m" stands for. Raises ValueError."""
    match = _AGO.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time ago such as -12d, -5h or -30m")
    return now - timedelta(**{_UNITS[match[2]]: int(match[1])})
