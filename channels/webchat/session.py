"""Whose chat it is: the cookie, the address that stands for it in the core, and who may speak in its name."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

COOKIE = "civicline_chat"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Session:
    """One browser's chat. `token` is the secret in its cookie; `fresh` when the browser does not have it yet."""

    token: str
    fresh: bool = False

    @property
    def address(self) -> str:
        """The citizen's address in the core: a digest, so that no database or log ever holds a usable cookie."""
        return hashlib.sha256(self.token.encode()).hexdigest()

    def message_id(self, id: str, text: str = "") -> str:
        """Return the id by which the core knows a message: the page's own, in this session only."""
        return hashlib.sha256(f"{self.address}:{id}:{text}".encode()).hexdigest()

    def keep(self, response: web.StreamResponse, *, secure: bool) -> None:
        """Put the session into the browser, until that is closed: the next person at a library's computer starts anew."""
        response.set_cookie(COOKIE, self.token, path="/chat", httponly=True, samesite="Lax", secure=secure)


def session_of(request: web.BaseRequest) -> Session:
    """Return the browser's session, or a fresh one."""
    token = request.cookies.get(COOKIE, "")
    if _TOKEN.fullmatch(token):
        return Session(token)
    return Session(secrets.token_urlsafe(32), fresh=True)


def own_page(request: web.BaseRequest, public_url: str) -> bool | None:
    """Say whether a request comes from our own page: by Origin, else by Sec-Fetch-Site; None if the browser sends neither."""
    origin = request.headers.get("Origin")
    if origin is not None:
        # Behind a proxy that ends TLS the scheme we are reached by is not the browser's, so the Host alone is compared.
        return origin in (_origin(public_url), f"https://{request.host}", f"http://{request.host}")
    site = request.headers.get("Sec-Fetch-Site")
    return None if site is None else site in ("same-origin", "none")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Pace:
    """How much each citizen may send: `burst` messages at once, then `rate` a second (a token bucket)."""

    def __init__(self, burst: int, rate: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._rate = rate
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def allows(self, address: str) -> bool:
        """Count one message; False when it is one too many."""
        now = self._clock()
        if len(self._left) > 10_000:
            self._left = {who: (left, at) for who, (left, at) in self._left.items() if self._filled(left, now - at) < self._burst}
        left, at = self._left.get(address, (float(self._burst), now))
        left = self._filled(left, now - at)
        self._left[address] = (left - 1 if left >= 1 else left, now)
        return left >= 1

    def __len__(self) -> int:
        """How many citizens are remembered."""
        return len(self._left)

    def _filled(self, left: float, seconds: float) -> float:
        return min(self._burst, left + seconds * self._rate)
