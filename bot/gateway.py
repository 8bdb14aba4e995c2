"""The aiohttp application: health, readiness, metrics, and how a request that fails ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.metrics import HELD

log = structlog.get_logger("gateway")

# Twilio sends at most some kilobytes, a chat page less; photographs are fetched, not posted.
LARGEST_REQUEST = 1024 * 1024  # bytes
Part = Callable[[], Awaitable[bool]]


def application(
    parts: Mapping[str, Part],
    channels: Mapping[str, str],
    held: Callable[[], Awaitable[Mapping[str, int]]],
    patience: float = 5.0,
) -> web.Application:
    """Return the application without the channels' own routes.

    `parts` are asked whether they are ready, `channels` says what each channel is ("on", "off: …"),
    `held` counts conversations by holder; `patience` is for one part, in seconds.
    """

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        ready = dict(zip(parts, await asyncio.gather(*(_ask(part, patience) for part in parts.values())), strict=True))
        status = "ok" if all(ready.values()) else "not ready"
        said = {"status": status, "parts": {k: "ok" if v else "down" for k, v in ready.items()}, "channels": dict(channels)}
        return web.json_response(said, status=200 if status == "ok" else 503)

    async def metrics(_request: web.Request) -> web.Response:
        try:
            for holder, count in (await asyncio.wait_for(held(), patience)).items():
                HELD.labels(holder).set(count)
        except Exception as error:  # noqa: BLE001 (without a database the other figures are wanted all the more)
            log.warning("not_counted", error=type(error).__name__)
            HELD.clear()
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(client_max_size=LARGEST_REQUEST, middlewares=[_answered])
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app


async def _ask(part: Part, patience: float) -> bool:
    try:
        return await asyncio.wait_for(part(), patience)
    except Exception:  # noqa: BLE001 (whatever is wrong with a part, it is not ready)
        return False


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log every request by its route, never its path or body; turn a bug into a plain 500."""
    began = time.perf_counter()
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "none"
    try:
        response = await handler(request)
    except web.HTTPException as error:
        _note(request.method, route, error.status, began)
        _guard(error)
        raise
    except Exception:
        log.exception("request_failed", method=request.method, route=route)
        response = web.Response(status=500, text="Something went wrong on our side. Please try again.\n")
    else:
        _note(request.method, route, response.status, began)
    _guard(response)
    return response


def _guard(response: web.StreamResponse) -> None:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")


def _note(method: str, route: str, status: int, began: float) -> None:
    if route not in ("/healthz", "/readyz", "/metrics"):
        log.info("request", method=method, route=route, status=status, ms=round(1000 * (time.perf_counter() - began), 1))
