"""A GeoReport server from the wild: says what it is told to say, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

from actions.departments.open311 import Open311
from actions.departments.open311.server import Server


@dataclass(frozen=True)
class Says:
    """One answer: after `delay` seconds, or none at all where the line drops."""

    body: str | bytes = "[]"
    status: int = 200
    type: str = "application/json"
    delay: float = 0.0
    drops: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    form: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]


class Wild:
    """Answers by "METHOD /path"; the last answer of a list is repeated."""

    def __init__(self) -> None:
        self.says: dict[str, list[Says]] = {}
        self.asked: list[Asked] = []
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self.server.make_url("/v2"))

    @property
    def paths(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked]

    def answer(self, where: str, *says: Says) -> None:
        self.says[where] = list(says)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        form = tuple((name, str(value)) for name, value in (await request.post()).items())
        path = request.rel_url.raw_path.removeprefix("/v2")
        self.asked.append(Asked(request.method, path, dict(request.query), form, dict(request.headers)))
        waiting = self.says.get(f"{request.method} {path}", [Says("not here", 404, "text/plain")])
        says = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        await asyncio.sleep(says.delay)
        if says.drops:
            assert request.transport is not None
            request.transport.close()
        body = says.body.encode() if isinstance(says.body, str) else says.body
        return web.Response(status=says.status, body=body, headers={"Content-Type": says.type, **says.headers})


class Clock:
    """A clock that goes when it is told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def city(
    url: str,
    *,
    format: str = "json",
    honours_keys: bool = False,
    reads_with_key: bool = False,
    timeout: float = 4.0,
    patience: float = 8.0,
    clock: Clock | None = None,
    pauses: list[float] | None = None,
) -> Open311:
    """Return a department at `url` that never waits between tries; `pauses` remembers how long it might have."""
    remembered = pauses if pauses is not None else []

    def jitter(most: float) -> float:
        remembered.append(most)
        return 0.0

    server = Server(
        url,
        format=format,
        jurisdiction="riverton.example",
        api_key="k3y-of-the-city",
        honours_keys=honours_keys,
        reads_with_key=reads_with_key,
    )
    name = {"en": "City", "es": "Ciudad"}
    return Open311("city", name, server, timeout=timeout, patience=patience, jitter=jitter, clock=clock or Clock())


def calls(wild: Wild, where: str) -> int:
    return wild.paths.count(where)


def fields(form: Iterable[tuple[str, str]], name: str) -> list[str]:
    return [value for field_name, value in form if field_name == name]
