"""What every department looks like to the actions: its verbs, and one way to call its system."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from yarl import URL

from actions.departments.values import (
    DETAILS,
    BadEntry,
    Case,
    DepartmentError,
    NotFound,
    NotOffered,
    Question,
    Refused,
    Report,
    Service,
    Unavailable,
    translate,
)

__all__ = [
    "DETAILS",
    "Answer",
    "BadEntry",
    "Case",
    "Department",
    "DepartmentError",
    "NotFound",
    "NotOffered",
    "Question",
    "Refused",
    "Report",
    "Service",
    "Unavailable",
]

_MOST_BYTES = 8_000_000  # a services list of a big city is under 1 MB; more than this is not an answer
_FIRST_PAUSE = 0.2  # seconds; doubled with every further try
TRIES = 3


@dataclass(frozen=True)
class Answer:
    """What a department's system answered: status, and the body as it came."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


def full_jitter(most: float) -> float:
    """Return a random pause between 0 and `most` seconds."""
    return random.SystemRandom().uniform(0, most)


class Department:
    """A department of the city, by its system. Every verb raises a DepartmentError; not offered unless written.

    `timeout` is for one try, `patience` for a whole call with its retries (seconds): somebody is waiting.
    """

    id: str
    name: Mapping[str, str]
    # Whether the other side files a report only once under one Idempotency-Key.
    honours_keys: bool = False

    def __init__(
        self,
        id: str,
        name: Mapping[str, str],
        *,
        timeout: float = 4.0,
        patience: float = 8.0,
        jitter: Callable[[float], float] = full_jitter,
    ) -> None:
        self.id = id
        self.name = name
        self._timeout = timeout
        self._patience = patience
        self._jitter = jitter
        # What no error may repeat, though the department does.
        self._secrets: tuple[str, ...] = ()
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    @classmethod
    def open(cls, id: str, name: Mapping[str, str], options: Mapping[str, Any]) -> Self:
        """Return the department that `options` (its entry in departments.yml) describe. Raises BadEntry."""
        raise BadEntry(f"the kind {cls.__name__} cannot be configured")

    async def services(self, language: str) -> list[Service]:
        """Return what the department does. Raises Unavailable, NotOffered."""
        raise self._not_offered("services")

    async def questions(self, service: str, language: str) -> list[Question]:
        """Return what a report of this service should tell, in the order to ask. Raises NotFound, Unavailable."""
        raise self._not_offered("questions")

    async def case(self, reference: str, language: str) -> Case:
        """Return where a case stands. Raises NotFound only where the department surely does not know it."""
        raise self._not_offered("case")

    async def file(self, report: Report, key: str) -> str:
        """File a report and return its reference. The same `key` never files twice. Raises Refused, Unavailable."""
        raise self._not_offered("file")

    async def check(self) -> list[tuple[str, str]]:
        """Ask for all that can be asked without changing anything: pairs of what was asked and what went wrong ("")."""
        raise self._not_offered("check")

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def called(self, language: str) -> str:
        """Return the department's name in `language`, or in the first language that it has."""
        return self.name.get(language) or next(iter(self.name.values()), self.id)

    def _reason(self, answer: Answer) -> tuple[str, str]:
        """Return the error code and description that an answer holds, as the department's standard writes them."""
        return "", ""

    async def _call(
        self,
        method: str,
        url: URL,
        *,
        form: Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
        tries: int = TRIES,
    ) -> Answer:
        """Return a successful answer. Raises Unavailable, NotFound, Refused.

        A read is tried again whatever made it fail. A write is tried again only under a `key`, and only after a
        failure of the connection: before anything was sent, or where the other side knows the key again.
        """
        headers = {**(headers or {}), **({"Idempotency-Key": key} if key else {})}
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience
        unknown = False
        for attempt in range(tries):
            # aiohttp takes a time-out of 0 for none at all.
            timeout = max(0.05, min(self._timeout, end - loop.time()))
            try:
                return await self._try(method, url, form, headers, timeout)
            except Unavailable as failure:
                # What an earlier try may have done is not undone by a later one that found nobody.
                failure.outcome_unknown = unknown = unknown or failure.outcome_unknown
                pause = max(failure.retry_after, self._jitter(_FIRST_PAUSE * 2**attempt))
                again = method == "GET" or (bool(key) and self._may_repeat(failure))
                if not again or attempt + 1 == tries or loop.time() + pause >= end:
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("a call has at least one try")

    def _may_repeat(self, failure: Unavailable) -> bool:
        return not failure.connected or (self.honours_keys and failure.status == 0 and not failure.timed_out)

    async def _try(
        self, method: str, url: URL, form: Sequence[tuple[str, str]] | None, headers: Mapping[str, str], timeout: float
    ) -> Answer:
        if self._session is None:
            # Each call has its own connection: on a kept one that the other side has just closed, a report
            # that was never read looks like one that may have been filed.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True), cookie_jar=aiohttp.DummyCookieJar()
            )
        write = method != "GET"
        try:
            async with self._session.request(
                method,
                url,
                data=None if form is None else aiohttp.FormData(form),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout),
                # A redirected POST turns into a GET, and its 200 into a false "filed"; and a key goes nowhere else.
                allow_redirects=not write and "X-Api-Key" not in headers,
                max_redirects=3,
            ) as response:
                answer = Answer(response.status, response.headers.get("Content-Type", ""), await _body(response))
                retry_after = response.headers.get("Retry-After", "")
        # The causes are cut off (from None): their texts may hold the address, and that a key.
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise self._lost(error, write=write, connected=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self._lost(error, write=write, connected=True) from None
        code, description = self._reason(answer)
        if 200 <= answer.status < 300 and not code:
            return answer
        failure = translate(self.id, answer.status, code, self._scrubbed(description))
        if isinstance(failure, Unavailable):
            failure.outcome_unknown = write and answer.status not in (429, 503)
            failure.retry_after = float(retry_after) if retry_after.isdecimal() else 0.0
        raise failure

    def _lost(self, error: Exception, *, write: bool, connected: bool) -> Unavailable:
        failure = Unavailable(f"{self.id} cannot be reached ({type(error).__name__})")
        failure.connected = connected
        failure.timed_out = isinstance(error, TimeoutError)
        failure.outcome_unknown = write and connected
        return failure

    def _scrubbed(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text[:500]

    def _not_offered(self, verb: str) -> NotOffered:
        return NotOffered(f"{self.id} does not offer: {verb}")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise ValueError("the answer does not end")
    return bytes(body)
