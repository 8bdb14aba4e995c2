"""An Open311 GeoReport v2 server over casework (https://wiki.open311.org/GeoReport_v2).

Ours beyond the standard: `status_detail` (the case's own status), `history=true` on a single request,
`page` and `page_size`, the header `Idempotency-Key`, texts by `Accept-Language`, and `location_required`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

from bot.casework import shown
from bot.casework.casework import Casework, NoSuchCase, NoSuchService
from bot.casework.city import City
from bot.casework.formats import CONTENT_TYPES, wanted_format, wanted_language, written
from bot.casework.intake import field, filing, read_form
from bot.casework.problems import Problem
from bot.casework.search import wanted_cases
from bot.casework.values import Case, Service, text_in

PREFIX = "/open311/v2"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
Keys = Iterable[str] | Callable[[], Iterable[str]]
_ENDING = r"{ending:|\.[^/]*}"
_LONGEST_KEY = 180

# An answer before it is written: the XML root's name, the content, the status.
_Answer = tuple[str, Any, int]


def routes(casework: Casework, keys: Keys, base_url: str, city: City | None = None) -> list[web.RouteDef]:
    """Return the server's routes. `keys` are the accepted api keys, or what returns them at the time of asking."""
    server = _Server(casework, keys, base_url.rstrip("/") + PREFIX, city or City())
    return [
        web.get(f"{PREFIX}/discovery{_ENDING}", _answering(server.discovery)),
        web.get(f"{PREFIX}/services{_ENDING}", _answering(server.services)),
        web.get(f"{PREFIX}/services/{{code:[^/.]+}}{_ENDING}", _answering(server.definition)),
        web.get(f"{PREFIX}/requests{_ENDING}", _answering(server.requests)),
        web.post(f"{PREFIX}/requests{_ENDING}", _answering(server.file)),
        web.get(f"{PREFIX}/requests/{{id:[^/.]+}}{_ENDING}", _answering(server.request)),
        web.get(f"{PREFIX}/tokens/{{id:[^/.]+}}{_ENDING}", _answering(server.token)),
        web.route("*", f"{PREFIX}/{{rest:.*}}", _answering(server.nothing)),
    ]


def _answering(verb: Callable[[web.Request], Awaitable[_Answer]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        format = wanted_format(request.match_info.get("ending", ""), request.headers.get("Accept", ""))
        try:
            root, content, status = await (verb(request) if format else _no_format())
        except Problem as problem:
            root, content, status = "errors", problem.shown(), problem.status
        headers = {
            "Vary": "Accept, Accept-Language, X-Api-Key",
            "Content-Language": wanted_language(request.headers.get("Accept-Language", "")),
            "X-Content-Type-Options": "nosniff",
        }
        body = written(format or "xml", root, content)
        return web.Response(
            body=body, status=status, content_type=CONTENT_TYPES[format or "xml"], charset="utf-8", headers=headers
        )

    return answer


async def _no_format() -> _Answer:
    raise Problem(404, "there is no such format: end the address in .xml or .json")


class _Server:
    def __init__(self, casework: Casework, keys: Keys, endpoint: str, city: City) -> None:
        self._casework = casework
        # A text is an iterable of its letters: each of them would be a key.
        self._keys: Keys = [keys] if isinstance(keys, str) else keys
        self._endpoint = endpoint
        self._city = city

    async def discovery(self, request: web.Request) -> _Answer:
        """GET /discovery (https://wiki.open311.org/Service_Discovery)."""
        endpoint = {
            "specification": SPECIFICATION,
            "url": self._endpoint,
            "changeset": self._city.changeset,
            "type": "production",
            "formats": list(CONTENT_TYPES.values()),
        }
        contact = self._city.contact or self._city.name
        key_service = f"API keys are given out by: {contact}"
        found = {"changeset": self._city.changeset, "contact": contact, "key_service": key_service, "endpoints": [endpoint]}
        return "discovery", found, 200

    async def services(self, request: web.Request) -> _Answer:
        """GET /services."""
        self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
        language = _language(request)
        return "services", [shown.service(service, language) for service in await self._casework.services()], 200

    async def definition(self, request: web.Request) -> _Answer:
        """GET /services/{service_code}."""
        self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
        service = await self._service(request.match_info["code"])
        return "service_definition", shown.definition(service, _language(request)), 200

    async def requests(self, request: web.Request) -> _Answer:
        """GET /requests: cases of public services only."""
        self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
        services = await self._casework.known_services()
        wanted = wanted_cases(request.query, services, self._casework.clock())
        found = await self._casework.cases(wanted) if wanted else []
        return "service_requests", shown.cases(found, services, _language(request)), 200

    async def request(self, request: web.Request) -> _Answer:
        """GET /requests/{service_request_id}: a private service's case only to who holds a key."""
        case, service = await self._visible(request, "service_request_id")
        history = request.query.get("history", "").strip().lower() == "true"
        return "service_requests", [shown.case(case, service, _language(request), history=history)], 200

    async def token(self, request: web.Request) -> _Answer:
        """GET /tokens/{token}: ids are given out at once, so a case's token is its id."""
        case, _ = await self._visible(request, "token")
        return "service_requests", [{"service_request_id": case.reference, "token": request.match_info["id"]}], 200

    async def file(self, request: web.Request) -> _Answer:
        """POST /requests."""
        form = await read_form(request)
        api_key = field(form, "api_key") or _offered_key(request)
        if not api_key:
            raise Problem(403, "api_key was not provided: a key is needed to file a request")
        if not self._accepts(api_key):
            raise Problem(403, "api_key is not valid")
        self._check_jurisdiction(field(form, "jurisdiction_id") or request.query.get("jurisdiction_id", ""))
        code = field(form, "service_code")
        if not code:
            raise Problem(400, "service_code was not provided")
        service = await self._service(code)
        try:
            case = await self._casework.file(filing(form, service, _scoped_key(request, api_key), _language(request)))
        except NoSuchService:
            raise Problem(404, "service_code was not found") from None
        filed = {
            "service_request_id": case.reference,
            "service_notice": text_in(_language(request), service.notices) or None,
            "account_id": case.contact.get("account_id"),
        }
        return "service_requests", [filed], 201

    async def nothing(self, request: web.Request) -> _Answer:
        """Answer every other address and method."""
        raise Problem(404, "there is no such address: see /discovery, /services, /requests and /tokens")

    async def _visible(self, request: web.Request, name: str) -> tuple[Case, Service]:
        self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
        # One answer for unknown and for private: the difference would tell that a private case exists.
        unknown = Problem(404, f"{name} was not found")
        try:
            case = await self._casework.case(request.match_info["id"])
        except NoSuchCase:
            raise unknown from None
        service = (await self._casework.known_services())[case.service]
        if not service.public and not self._accepts(_offered_key(request)):
            raise unknown
        return case, service

    async def _service(self, code: str) -> Service:
        # Not asked of the database: a code may hold what PostgreSQL refuses to compare.
        service = (await self._casework.known_services()).get(code)
        if service is None or not service.offered:
            raise Problem(404, "service_code was not found: GET /services lists the codes")
        return service

    def _accepts(self, offered: str) -> bool:
        keys = self._keys() if callable(self._keys) else self._keys
        # Every key is compared, and by its hash: the time taken tells nothing about any of them.
        matches = [hmac.compare_digest(_hash(offered), _hash(key)) for key in keys if key]
        return bool(offered) and any(matches)

    def _check_jurisdiction(self, asked: str) -> None:
        if asked.strip() and self._city.jurisdiction and asked.strip().lower() != self._city.jurisdiction.lower():
            raise Problem(404, f"jurisdiction_id was not found: this server is for {self._city.jurisdiction}")


def _offered_key(request: web.Request) -> str:
    return request.headers.get("X-Api-Key", "") or request.query.get("api_key", "").strip()


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _scoped_key(request: web.Request, api_key: str) -> str | None:
    """Return the idempotency key within its client: nobody reads another's case by guessing its key."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key:
        return None
    if len(key) > _LONGEST_KEY or not key.isprintable():
        raise Problem(400, f"Idempotency-Key must be at most {_LONGEST_KEY} printable characters")
    return f"{_hash(api_key)[:16]}:{key}"


def _language(request: web.Request) -> str:
    return wanted_language(request.headers.get("Accept-Language", ""))
