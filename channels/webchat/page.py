"""The chat's page as HTML: the conversation so far and the form, in the citizen's language."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from bot.ports import Line, Premises
from channels.webchat.words import WORDS, choose, spoken

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # A shared computer must not show the last citizen's chat to the next one.
    "Cache-Control": "no-store",
}


def language_of(request: web.BaseRequest) -> str:
    """Return the language to show: `?lang=`, else what the browser prefers."""
    return choose(request.query.get("lang"), request.headers.get("Accept-Language", ""))


class Page:
    """The page of one city."""

    def __init__(self, premises: Premises) -> None:
        self._city = premises.city
        self._emergency = premises.emergency
        folder = Path(__file__).parent / "templates"
        self._template = Environment(loader=FileSystemLoader(folder), autoescape=True).get_template("chat.html")

    def words(self, language: str) -> dict[str, str]:
        """Return the page's words in a language."""
        return spoken(language, self._city, self._emergency)

    def show(
        self, language: str, lines: Sequence[Line], *, pending: bool, error: str = "", draft: str = "", status: int = 200
    ) -> web.Response:
        """Return the page. `pending`: an answer is being made; `error`: what went wrong, by its word; `draft`: words to keep."""
        words = self.words(language)
        html = self._template.render(
            words=words,
            language=language,
            others={code: WORDS[code]["language"] for code in WORDS if code != language},
            lines=lines,
            choices=lines[-1].choices if lines and lines[-1].author != "citizen" else (),
            pending=pending,
            error=words[error] if error else "",
            draft=draft,
            once=secrets.token_hex(16),
        )
        return web.Response(text=html, content_type="text/html", status=status, headers=HEADERS)
