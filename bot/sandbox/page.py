"""The try-it page: a basic phone in the browser that texts the city by the same road as a real one."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from aiohttp import ClientError, web
from aiohttp.http import HttpProcessingError
from jinja2 import Environment, FileSystemLoader

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
FIRST_NUMBER = "+12025550142"
# North American numbers that belong to nobody: 555 as area code or as exchange.
_INVENTED = re.compile(r"\+1(555\d{7}|[2-9]\d{2}555\d{4})")
LONGEST = 1600  # characters; no provider takes a longer text
TICKS = {"queued": "…", "sending": "…", "sent": "✓", "delivered": "✓✓", "received": "✓", "failed": "!", "undelivered": "!"}
# Worth sending to the demo city: the cases are the fixed ones of data/demo/README.md, the last has a mistyped reference.
DEMO_TEXTS = (
    "Where is my case 482 109 379?",
    "¿Cómo va mi caso 902 146 375?",
    "There is a big pothole on my street",
    "Quiero poner una queja",
    "What can you do?",
    "status 482 109 378",
)

NOT_INVENTED = "Please use an invented number: one with 555, such as +1 202 555 0142."
TOO_LONG = f"A text message has at most {LONGEST:,} characters."
NO_TEXT = "The text is missing."
NO_ANSWER = "The city's text line does not answer."


class Text(Protocol):
    """One text message as the phone's provider keeps it."""

    @property
    def sid(self) -> str:
        """Its id."""

    @property
    def body(self) -> str:
        """What it says."""

    @property
    def direction(self) -> str:
        """Twilio's word: "inbound" is a citizen's, anything else the city's."""

    @property
    def status(self) -> str:
        """Twilio's word for how far it has come."""

    @property
    def made(self) -> datetime:
        """When it was written."""


class Provider(Protocol):
    """What the page needs of the provider that stands in for a phone company."""

    @property
    def number(self) -> str:
        """The city's number."""

    async def text(self, sender: str, body: str) -> int:
        """Text the city; return the status that its webhook answered. Raises aiohttp.ClientError, TimeoutError."""

    def messages(self, number: str) -> Sequence[Text]:
        """Return the texts from and to a number, oldest first."""


def number_of(typed: str) -> str | None:
    """Return a typed number as +1…, or None when it is not an invented one."""
    digits = re.sub(r"[^\d]", "", typed)
    number = "+1" + (digits[1:] if len(digits) == 11 and digits.startswith("1") else digits)
    return number if _INVENTED.fullmatch(number) else None


def shown(number: str) -> str:
    """Return +12025550142 as +1 202 555 0142."""
    return f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"


def routes(provider: Provider, *, try_these: Sequence[str] = (), city: str = "the city") -> list[web.AbstractRouteDef]:
    """Return the page's routes under /sandbox/. `try_these` are texts worth sending to the demo city."""
    page = _SandboxPage(provider, try_these, city)
    return [
        web.get("/sandbox", page.find_slash),
        web.get("/sandbox/", page.show),
        web.post("/sandbox/text", page.text),
        web.get("/sandbox/inbox", page.inbox),
        web.static("/sandbox/static", HERE / "static"),
    ]


class _SandboxPage:
    def __init__(self, provider: Provider, try_these: Sequence[str], city: str) -> None:
        self._provider = provider
        self._try_these = try_these
        self._city = city
        self._template = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True).get_template("phone.html")

    async def find_slash(self, request: web.Request) -> web.Response:
        """Send /sandbox to /sandbox/."""
        raise web.HTTPPermanentRedirect("/sandbox/")

    async def show(self, request: web.Request) -> web.Response:
        """GET /sandbox/?number=…: the phone with that number."""
        typed = request.query.get("number", FIRST_NUMBER)
        if (number := number_of(typed)) is None:
            return self._render(FIRST_NUMBER, typed=typed, error=NOT_INVENTED, status=400)
        return self._render(number)

    async def text(self, request: web.Request) -> web.Response:
        """POST /sandbox/text: send `body` as `from`; answers with JSON if asked to, else with the page."""
        if not _own_page(request):
            raise web.HTTPForbidden(text="Texts may only be sent from the sandbox's own page.")
        try:
            fields = await request.post()
            typed, body = fields.get("from", ""), fields.get("body")
        except (ValueError, LookupError, AssertionError, HttpProcessingError, web.RequestPayloadError):
            raise web.HTTPBadRequest(text="This form cannot be read.") from None
        number = number_of(typed) if isinstance(typed, str) else None
        if number is None:
            return self._refuse(request, FIRST_NUMBER, NOT_INVENTED, body)
        if not isinstance(body, str):
            return self._refuse(request, number, NO_TEXT, body)
        if len(body) > LONGEST:
            return self._refuse(request, number, TOO_LONG, body)
        try:
            status = await self._provider.text(number, body)
        except (ClientError, TimeoutError):
            return self._refuse(request, number, NO_ANSWER, body, 502)
        if status >= 400:
            return self._refuse(request, number, f"The city's text line answered with error {status}.", body, 502)
        if _wants_json(request):
            return web.json_response(self._inbox(number), headers=HEADERS)
        raise web.HTTPSeeOther(f"/sandbox/?number={quote(number)}#latest")

    async def inbox(self, request: web.Request) -> web.Response:
        """GET /sandbox/inbox?number=…: the phone's texts as JSON."""
        number = number_of(request.query.get("number", ""))
        if number is None:
            return web.json_response({"error": NOT_INVENTED}, status=400, headers=HEADERS)
        return web.json_response(self._inbox(number), headers=HEADERS)

    def _inbox(self, number: str) -> dict[str, Any]:
        return {
            "texts": [
                {
                    "sid": text.sid,
                    "mine": text.direction == "inbound",
                    "body": text.body,
                    "status": text.status,
                    "tick": TICKS.get(text.status, ""),
                    "at": text.made.astimezone().strftime("%H:%M"),
                }
                for text in self._provider.messages(number)
            ]
        }

    def _refuse(self, request: web.Request, number: str, error: str, body: object, status: int = 400) -> web.Response:
        if _wants_json(request):
            return web.json_response({"error": error}, status=status, headers=HEADERS)
        return self._render(number, error=error, draft=body if isinstance(body, str) else "", status=status)

    def _render(self, number: str, *, typed: str = "", error: str = "", draft: str = "", status: int = 200) -> web.Response:
        html = self._template.render(
            number=number,
            typed=typed or shown(number),
            texts=self._inbox(number)["texts"],
            error=error,
            draft=draft,
            city=self._city,
            city_number=shown(self._provider.number),
            try_these=self._try_these,
            # New each time: to the address it is on already, a browser only scrolls.
            look=secrets.token_hex(4),
        )
        return web.Response(text=html, content_type="text/html", status=status, headers=HEADERS)


def _own_page(request: web.BaseRequest) -> bool:
    """Whether the browser says that our own page sent this; browsers that say nothing at all are let through."""
    if (origin := request.headers.get("Origin")) is not None:
        return origin in (f"https://{request.host}", f"http://{request.host}")
    return request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")


def _wants_json(request: web.BaseRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")
