"""The desk of the built-in department: what it does, which cases it has, and how they move on."""

from __future__ import annotations

import random as randomness
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from bot.casework import rows
from bot.casework.references import digits, is_reference, new_reference
from bot.casework.tables import CaseRow, EventRow, ServiceRow
from bot.casework.values import NEXT, Case, Filing, Service, Wanted
from bot.store.unbroken import unbroken

# A reference that is taken already is one in 90 million and rising with the cases: a few tries are plenty.
_TRIES = 8


class NoSuchService(LookupError):
    """The city does not offer this service."""


class NoSuchCase(LookupError):
    """There is no case with this reference."""


class StepNotPossible(ValueError):
    """A case in this status cannot come to that one, or not at that time."""


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


class Casework:
    """The cases of one city. `clock` gives the time in UTC, `random` the references."""

    def __init__(
        self, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now, random: randomness.Random | None = None
    ) -> None:
        self.clock = clock
        self.sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(engine, expire_on_commit=False)
        self._random = random or randomness.SystemRandom()

    @unbroken
    async def services(self) -> list[Service]:
        """Return the services on offer, in the city's own order."""
        async with self.sessions() as session:
            found = await session.scalars(select(ServiceRow).where(ServiceRow.offered).order_by(ServiceRow.position))
            return [rows.service(row) for row in found.unique()]

    @unbroken
    async def known_services(self) -> dict[str, Service]:
        """Return every service by its code, also those no longer on offer: old cases are about them."""
        async with self.sessions() as session:
            found = await session.scalars(select(ServiceRow).order_by(ServiceRow.position))
            return {row.code: rows.service(row) for row in found.unique()}

    @unbroken
    async def service(self, code: str) -> Service:
        """Return one service on offer. Raises NoSuchService."""
        async with self.sessions() as session:
            row = await session.get(ServiceRow, code)
            if row is None or not row.offered:
                raise NoSuchService(code)
            return rows.service(row)

    @unbroken
    async def file(self, filing: Filing) -> Case:
        """Open a case, or return the one that was opened under the same key. Raises NoSuchService."""
        for _ in range(_TRIES):
            try:
                async with self.sessions.begin() as session:
                    known = await _by_key(session, filing.key)
                    if known is not None:
                        return rows.case(known)
                    case = self._opened(await self._offered(session, filing.service), filing)
                    session.add(rows.case_row(case, filing.key))
                    session.add_all(rows.event_rows(case))
            except IntegrityError:
                # Another filing under this key came first, or the reference is taken. Both show on the next try.
                continue
            return case
        raise RuntimeError("no free case reference was found")

    @unbroken
    async def case(self, reference: str) -> Case:
        """Return a case by its reference, however the digits are grouped. Raises NoSuchCase."""
        number = _number(reference)
        async with self.sessions() as session:
            row = await session.get(CaseRow, number)
            if row is None:
                raise NoSuchCase(number)
            return rows.case(row)

    @unbroken
    async def cases(self, wanted: Wanted | None = None) -> list[Case]:
        """Return the cases looked for, the newest first."""
        async with self.sessions() as session:
            found = await session.scalars(_query(wanted or Wanted()))
            return [rows.case(row) for row in found]

    @unbroken
    async def count(self) -> int:
        """Return how many cases there are."""
        async with self.sessions() as session:
            return await session.scalar(select(func.count()).select_from(CaseRow)) or 0

    @unbroken
    async def advance(
        self, reference: str, status: str, public_note: str | Mapping[str, str] = "", at: datetime | None = None
    ) -> Case:
        """Bring a case to a status and tell the public why; a plain note is in English.

        `at` is now unless given. Raises NoSuchCase, and StepNotPossible for a step that NEXT does not allow
        or that lies before the last one.
        """
        notes = {"en": public_note} if isinstance(public_note, str) else dict(public_note)
        async with self.sessions.begin() as session:
            row = await session.get(CaseRow, _number(reference), with_for_update=True)
            if row is None:
                raise NoSuchCase(_number(reference))
            if status not in NEXT[row.status]:
                raise StepNotPossible(f"a case that is {row.status} cannot become {status}")
            # Asked only now that the case is ours: whoever held it before may have added a step meanwhile.
            last = row.events[-1].at
            moment = at or max(self.clock(), last)
            if moment < last:
                raise StepNotPossible(f"the case came to {row.status} after that time")
            kept = {language: note for language, note in notes.items() if note}
            row.events.append(EventRow(position=len(row.events), status=status, notes=kept, at=moment))
            row.status, row.updated_at = status, moment
            await session.flush()
            return rows.case(row)

    async def _offered(self, session: AsyncSession, code: str) -> ServiceRow:
        row = await session.get(ServiceRow, code)
        if row is None or not row.offered:
            raise NoSuchService(code)
        return row

    def _opened(self, service: ServiceRow, filing: Filing) -> Case:
        now = self.clock()
        expected = now + timedelta(days=service.expected_days) if service.expected_days else None
        return rows.opened(new_reference(self._random), filing, now, expected)


async def _by_key(session: AsyncSession, key: str | None) -> CaseRow | None:
    if key is None:
        return None
    found: CaseRow | None = await session.scalar(select(CaseRow).where(CaseRow.key == key))
    return found


def _number(reference: str) -> str:
    if not is_reference(reference):
        raise NoSuchCase("not a reference")
    return digits(reference)


def _query(wanted: Wanted) -> Select[CaseRow]:
    query = select(CaseRow)
    if wanted.references:
        query = query.where(CaseRow.reference.in_(wanted.references))
    if wanted.services:
        query = query.where(CaseRow.service_code.in_(wanted.services))
    if wanted.statuses:
        query = query.where(CaseRow.status.in_(wanted.statuses))
    if wanted.since is not None:
        query = query.where(CaseRow.received_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(CaseRow.received_at <= wanted.until)
    if wanted.public_only:
        query = query.join(ServiceRow, ServiceRow.code == CaseRow.service_code).where(ServiceRow.public)
    return query.order_by(CaseRow.received_at.desc(), CaseRow.reference).offset(wanted.skip).limit(wanted.limit)
