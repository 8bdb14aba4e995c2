"""The gateway's own routes, how a request that fails ends, and what of a request is logged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from bot.gateway import LARGEST_REQUEST, Part, application

Client = TestClient[Any, Any]
PATIENCE = 0.2
SECRETS = ("5550100", "hydrant", "Ann")


async def well() -> bool:
    return True


async def down() -> bool:
    return False


async def breaks() -> bool:
    raise OSError("no route to 10.0.0.7")


async def hangs() -> bool:
    await asyncio.sleep(60)
    return True


async def counted() -> Mapping[str, int]:
    return {"bot": 2, "queue": 1, "staff": 0}


async def uncounted() -> Mapping[str, int]:
    raise OSError("database is gone")


async def bug(request: web.Request) -> web.Response:
    raise RuntimeError("a bug of ours")


async def refuses(request: web.Request) -> web.Response:
    raise web.HTTPForbidden(text="no")


async def takes(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


async def framed(request: web.Request) -> web.Response:
    return web.Response(headers={"Referrer-Policy": "no-referrer"})


Serve = Callable[..., Awaitable[Client]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    clients: list[Client] = []

    async def start(held: Callable[[], Awaitable[Mapping[str, int]]] = counted, **parts: Part) -> Client:
        app = application(parts, {"sms": "on", "fax": "off: not configured"}, held, PATIENCE)
        app.add_routes([web.get("/bug/{who}", bug), web.post("/no/{who}", refuses)])
        app.add_routes([web.post("/takes/{who}", takes), web.get("/framed", framed)])
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    for client in clients:
        await client.close()


async def test_health_asks_nobody(serve: Serve) -> None:
    client = await serve(database=down)
    answer = await client.get("/healthz")
    assert (answer.status, await answer.json()) == (200, {"status": "ok"})


async def test_ready(serve: Serve) -> None:
    answer = await (await serve(database=well, engine=well)).get("/readyz")
    assert answer.status == 200
    assert await answer.json() == {
        "status": "ok",
        "parts": {"database": "ok", "engine": "ok"},
        "channels": {"sms": "on", "fax": "off: not configured"},
    }


@pytest.mark.parametrize("part", [down, breaks, hangs])
async def test_a_part_that_is_not_well_is_named(serve: Serve, part: Part) -> None:
    client = await serve(database=well, engine=part)
    async with asyncio.timeout(PATIENCE * 20):
        answer = await client.get("/readyz")
    assert answer.status == 503
    said = await answer.json()
    assert (said["status"], said["parts"]) == ("not ready", {"database": "ok", "engine": "down"})
    assert "10.0.0.7" not in await answer.text()


async def test_metrics(serve: Serve) -> None:
    answer = await (await serve()).get("/metrics")
    assert answer.status == 200
    assert answer.content_type == "text/plain"
    text = await answer.text()
    assert 'civicline_conversations{holder="bot"} 2.0' in text
    assert "# TYPE civicline_turn_seconds histogram" in text


async def hung_count() -> Mapping[str, int]:
    await hangs()
    return {}


@pytest.mark.parametrize("held", [uncounted, hung_count])
async def test_metrics_without_a_database_are_the_others(serve: Serve, held: Callable[[], Awaitable[Mapping[str, int]]]) -> None:
    await (await serve()).get("/metrics")
    answer = await (await serve(held)).get("/metrics")
    assert answer.status == 200
    text = await answer.text()
    assert "civicline_conversations{" not in text, "an old figure is a wrong one"
    assert "# TYPE civicline_turn_seconds histogram" in text


async def test_a_bug_is_a_plain_500(serve: Serve) -> None:
    with capture_logs() as lines:
        answer = await (await serve()).get("/bug/Ann?number=5550100")
    assert (answer.status, answer.content_type) == (500, "text/plain")
    text = await answer.text()
    assert text == "Something went wrong on our side. Please try again.\n"
    assert [line["event"] for line in lines] == ["request_failed"]


REQUESTS = {
    "answered": ("POST", "/takes/Ann?number=5550100", 200, "/takes/{who}"),
    "refused": ("POST", "/no/Ann?number=5550100", 403, "/no/{who}"),
    "unknown": ("GET", "/nowhere/Ann?number=5550100", 404, "none"),
    "another method": ("DELETE", "/bug/Ann", 405, "none"),
    "a bug": ("GET", "/bug/Ann?number=5550100", 500, "/bug/{who}"),
}


@pytest.mark.parametrize(("method", "path", "status", "route"), REQUESTS.values(), ids=REQUESTS)
async def test_requests_are_logged_by_their_route(serve: Serve, method: str, path: str, status: int, route: str) -> None:
    client = await serve()
    with capture_logs() as lines:
        answer = await client.request(method, path, data=None if method == "GET" else b"the hydrant leaks")
    assert answer.status == status
    [line] = lines
    assert (line["method"], line["route"], line.get("status", 500)) == (method, route, status)
    assert not [secret for secret in SECRETS if secret in str(line)]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


async def test_health_checks_are_not_logged(serve: Serve) -> None:
    client = await serve(database=well)
    with capture_logs() as lines:
        for path in ("/healthz", "/readyz", "/metrics"):
            await client.get(path)
    assert lines == []


async def test_a_route_may_be_stricter(serve: Serve) -> None:
    answer = await (await serve()).get("/framed")
    assert answer.headers.getall("Referrer-Policy") == ["no-referrer"]


@pytest.mark.parametrize(("size", "status"), [(LARGEST_REQUEST, 200), (LARGEST_REQUEST + 1, 413)])
async def test_a_request_has_a_largest_size(serve: Serve, size: int, status: int) -> None:
    answer = await (await serve()).post("/takes/x", data=b"x" * size)
    assert answer.status == status
