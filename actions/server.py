"""The action server's routes: what the engine asks of the actions, and the filing of kept reports."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from actions.departments.directory import Directory
from actions.departments.values import DepartmentError, Report, Unavailable
from actions.references import grouped

log = structlog.get_logger()
# A tracker with its last few turns is about 60 kB; the domain, if the engine sends it along, about 100 kB.
_MOST_BYTES = 4_000_000


def application(actions: Iterable[Action], directory: Directory, token: str) -> web.Application:
    """Return the server for these actions. All but GET /health wants the bearer token; the directory is closed at the end."""
    executor = ActionExecutor()
    for action in actions:
        executor.register_action(action)

    async def run(request: web.Request) -> web.Response:
        """Run one action, as Rasa's action endpoint is defined."""
        call = await _body(request)
        name = call.get("next_action")
        try:
            # No action here reads the domain, so the engine need not send it; the executor insists on one.
            result = await executor.run({"domain": {}, **call})
        except ActionNotFoundException:
            return web.json_response({"error": "no such action", "action_name": name}, status=404)
        except ActionExecutionRejection as rejection:
            return web.json_response({"error": rejection.message, "action_name": rejection.action_name}, status=400)
        return web.json_response(result.model_dump() if result else {"events": [], "responses": []})

    async def file(request: web.Request) -> web.Response:
        """File a report that was kept while its department did not answer; the reference comes as the citizen is to read it."""
        kept = await _body(request)
        try:
            key, department, report = str(kept["key"]), str(kept["department"]), Report(**kept["report"])
        except (KeyError, TypeError):
            return web.json_response({"error": "a kept report has key, department and report"}, status=400)
        try:
            reference = await directory.department(department).file(report, key)
        except Unavailable as error:
            log.warning("kept report not filed", department=department, reason=str(error))
            return web.json_response({"error": "unavailable"}, status=503)
        except DepartmentError as error:
            log.warning("kept report refused", department=department, reason=str(error))
            return web.json_response({"error": "refused"}, status=422)
        return web.json_response({"reference": grouped(reference)})

    async def health(request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "actions": len(executor.actions)})

    async def close(app: web.Application) -> None:
        await directory.close()

    app = web.Application(middlewares=[_errors, _guard(token)], client_max_size=_MOST_BYTES)
    app.add_routes([web.post("/webhook", run), web.post("/reports", file), web.get("/health", health)])
    app.on_cleanup.append(close)
    return app


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text='{"error": "not a JSON object"}', content_type="application/json")
    return dict(body)


def _guard(token: str) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if request.path != "/health" and not hmac.compare_digest(given, f"Bearer {token}".encode()):
            return web.json_response({"error": "wrong or missing token"}, status=401)
        return await handler(request)

    return guard


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a fault into a 500 and a log line that says where it happened, never with what somebody wrote."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception as error:  # noqa: BLE001  the last line of defence: whatever went wrong, the engine gets an answer
        at = error.__traceback__
        while at and at.tb_next:
            at = at.tb_next
        place = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at else ""
        # No traceback: it would carry the citizen's words.
        log.warning("action failed", path=request.path, error=type(error).__name__, at=place)
        return web.json_response({"error": "the action failed"}, status=500)
