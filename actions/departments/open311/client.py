"""A department behind an Open311 GeoReport v2 server (https://wiki.open311.org/GeoReport_v2), read leniently."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar
from urllib.parse import quote

from yarl import URL

from actions.departments.base import (
    TRIES,
    Answer,
    Case,
    Department,
    DepartmentError,
    NotFound,
    Question,
    Refused,
    Report,
    Service,
    Unavailable,
    full_jitter,
)
from actions.departments.filings import Filed, Filings
from actions.departments.kept import Kept
from actions.departments.open311 import georeport
from actions.departments.open311.reading import Unreadable, tree
from actions.departments.open311.server import Server

T = TypeVar("T")

_TOKEN_TRIES = 6
_TOKEN_PAUSE = 0.5  # seconds at most, doubled up to 2
_CLOCKS_DIFFER = timedelta(minutes=10)


class Open311(Department):
    """A department whose services, questions and cases a GeoReport v2 server holds."""

    def __init__(
        self,
        id: str,
        name: Mapping[str, str],
        server: Server,
        *,
        timeout: float = 4.0,
        patience: float = 8.0,
        jitter: Callable[[float], float] = full_jitter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(id, name, timeout=timeout, patience=patience, jitter=jitter)
        self.honours_keys = server.honours_keys
        self._server = server
        self._secrets = (server.api_key,) if server.api_key else ()
        self._services: Kept[list[Service]] = Kept(clock)
        self._questions: Kept[list[Question]] = Kept(clock)
        self._filings = Filings()

    @classmethod
    def open(cls, id: str, name: Mapping[str, str], options: Mapping[str, Any]) -> Self:
        """Return the department of an entry in departments.yml. Raises BadEntry."""
        return cls(id, name, Server.of(options))

    async def services(self, language: str) -> list[Service]:
        """Return the services, at most a minute old; while the department is down, the last ones that were heard."""

        async def ask() -> list[Service]:
            return self._read(await self._get("services", language), georeport.services)

        return list(await self._services.get(language, ask))

    async def questions(self, service: str, language: str) -> list[Question]:
        """Return the questions of a service, kept like the services. Raises NotFound, Unavailable."""

        async def ask() -> list[Question]:
            return self._read(await self._get(f"services/{_segment(service)}", language), georeport.questions)

        known = self._services.latest(language) or []
        if any(one.code == service and not one.has_questions for one in known):
            return []  # asked for a definition that does not exist, servers answer what they please
        return list(await self._questions.get((service, language), ask))

    async def case(self, reference: str, language: str) -> Case:
        """Return where a case stands.

        Unknown ids are answered with 500 or 400 by servers in the wild, and so are failures. Then the same id is
        asked for as a list: an empty list from a server that is well proves that there is no such case.
        """
        reference = _compact(reference)
        if not reference or len(reference) > 100:
            raise NotFound(f"{self.id} has no such reference")
        try:
            answer = await self._get(f"requests/{_segment(reference)}", language)
        except (Unavailable, Refused) as failure:
            if failure.status not in (400, 422, 500):
                raise
            return await self._case_by_list(reference, language, failure)
        found = self._read(answer, lambda value: georeport.find(value, reference, self._server.zone, alone=True))
        if found is None:
            raise NotFound(f"{self.id} has no such case", status=answer.status)
        return found

    async def _case_by_list(self, reference: str, language: str, failure: DepartmentError) -> Case:
        try:
            answer = await self._get("requests", language, {"service_request_id": reference}, tries=1)
            found = self._read(answer, lambda value: georeport.find(value, reference, self._server.zone, alone=False))
        except DepartmentError:
            raise failure from None
        if found is None:
            raise NotFound(f"{self.id} has no such case", status=failure.status)
        return found

    async def file(self, report: Report, key: str) -> str:
        """File a report and return its reference. Raises Refused, NotFound (no such service), Unavailable.

        A key that was filed here before gives the same reference again, whether or not the server knows keys.
        Where it does not and the last try ended without an answer, the report is looked for before it is sent again.
        """
        filed = self._filings.of(key)
        end = asyncio.get_running_loop().time() + self._patience
        async with filed.lock:
            if filed.unsure_since:
                filed.reference = await self._looked_for(report, filed.unsure_since)
            if not filed.reference and not filed.token:
                await self._post(report, key, filed)
            if not filed.reference:
                filed.reference = await self._redeemed(filed.token, report.language, end)
            filed.unsure_since = None
            return filed.reference

    async def _post(self, report: Report, key: str, filed: Filed) -> None:
        form = georeport.form(report, self._server.jurisdiction, self._server.api_key)
        try:
            answer = await self._call(
                "POST", self._address("requests", {}), form=form, headers=self._headers(report.language), key=key
            )
            filed.reference, filed.token = self._read(answer, georeport.filed, write=True)
        except Unavailable as failure:
            if failure.outcome_unknown:
                self._unsure(filed)
            raise
        except asyncio.CancelledError:  # who asked gave up; the report may be on its way
            self._unsure(filed)
            raise

    def _unsure(self, filed: Filed) -> None:
        if not self.honours_keys:
            filed.unsure_since = filed.unsure_since or datetime.now(UTC) - _CLOCKS_DIFFER

    async def _looked_for(self, report: Report, since: datetime) -> str:
        # A report that is not listed is sent again: one too many is closed by a clerk, one too few by nobody.
        query = {"service_code": report.service, "start_date": since.strftime("%Y-%m-%dT%H:%M:%SZ")}
        answer = await self._get("requests", report.language, query)
        return self._read(answer, lambda value: georeport.find_report(value, report.details, report.address))

    async def _redeemed(self, token: str, language: str, end: float) -> str:
        loop = asyncio.get_running_loop()
        pause = _TOKEN_PAUSE
        for _ in range(_TOKEN_TRIES):
            try:
                async with asyncio.timeout_at(max(end, loop.time() + 1)):
                    answer = await self._get(f"tokens/{_segment(token)}", language, tries=1)
                if reference := self._read(answer, georeport.filed)[0]:
                    return reference
            except (DepartmentError, TimeoutError):
                pass  # "not yet", in the words of various servers; that the report was taken is certain
            wait = self._jitter(pause)
            if loop.time() + wait >= end:
                break
            await asyncio.sleep(wait)
            pause = min(pause * 2, 2.0)
        failure = Unavailable(f"{self.id} took a report and has given no reference yet")
        failure.outcome_unknown = True
        raise failure

    async def check(self) -> list[tuple[str, str]]:
        """Ask for services, the questions of the first service that has some, and the list of cases."""
        services: list[Service] = []

        async def ask_services() -> None:
            services.extend(self._read(await self._get("services", "en", tries=1), georeport.services))

        async def ask_questions() -> None:
            code = next(one.code for one in services if one.has_questions)
            self._read(await self._get(f"services/{_segment(code)}", "en", tries=1), georeport.questions)

        async def ask_cases() -> None:
            self._read(await self._get("requests", "en", tries=1), georeport.listed)

        found = [("services", await _went_wrong(ask_services))]
        if any(one.has_questions for one in services):
            found.append(("questions", await _went_wrong(ask_questions)))
        return [*found, ("cases", await _went_wrong(ask_cases))]

    async def _get(self, path: str, language: str, query: Mapping[str, str] | None = None, *, tries: int = TRIES) -> Answer:
        return await self._call("GET", self._address(path, query or {}), headers=self._headers(language, read=True), tries=tries)

    def _address(self, path: str, query: Mapping[str, str]) -> URL:
        jurisdiction = {"jurisdiction_id": self._server.jurisdiction} if self._server.jurisdiction else {}
        return URL(f"{self._server.url}/{path}.{self._server.format}", encoded=True).with_query({**jurisdiction, **query} or None)

    def _headers(self, language: str, *, read: bool = False) -> dict[str, str]:
        accept = "application/json" if self._server.format == "json" else "text/xml, application/xml"
        key = {"X-Api-Key": self._server.api_key} if read and self._server.reads_with_key else {}
        return {"Accept": accept, "Accept-Language": language, **key}

    def _reason(self, answer: Answer) -> tuple[str, str]:
        try:
            return georeport.error(tree(answer.body, answer.content_type))
        except Unreadable:
            return "", ""

    def _read(self, answer: Answer, read: Callable[[Any], T], *, write: bool = False) -> T:
        try:
            return read(tree(answer.body, answer.content_type))
        except Unreadable as why:
            failure = Unavailable(f"{self.id} cannot be understood: {why}", status=answer.status)
            failure.outcome_unknown = write
            raise failure from None


def _segment(value: str) -> str:
    """Return a value as one segment of a path: what a citizen typed leads nowhere else."""
    return quote(value, safe="", errors="replace")


def _compact(reference: str) -> str:
    """Return a reference without the spaces of "482 109 376"; spaces elsewhere are kept."""
    parts = reference.split()
    return "".join(parts) if all(part.isdecimal() for part in parts) else " ".join(parts)


async def _went_wrong(ask: Callable[[], Awaitable[None]]) -> str:
    try:
        await ask()
    except DepartmentError as error:
        return str(error)
    return ""
