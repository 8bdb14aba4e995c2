"""Where a GeoReport v2 server is and what it wants, as its entry in departments.yml says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Self
from zoneinfo import ZoneInfo

from yarl import URL

from actions.departments.values import BadEntry

_SETTINGS = ("url", "format", "jurisdiction", "api_key", "timezone", "honours_idempotency_key", "reads_with_key")


@dataclass(frozen=True)
class Server:
    """A GeoReport v2 server.

    `format` is json or xml, `zone` the one of times that name none. `honours_keys`: it files once per
    `Idempotency-Key`. `reads_with_key`: it shows private cases to who sends `X-Api-Key`; both as the built-in
    casework does.
    """

    url: str = field(repr=False)  # may hold a password
    format: str = "json"
    jurisdiction: str = ""
    api_key: str = field(default="", repr=False)
    zone: tzinfo = UTC
    honours_keys: bool = False
    reads_with_key: bool = False

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the server that the settings describe. Raises BadEntry."""
        if unknown := sorted(set(settings) - set(_SETTINGS)):
            raise BadEntry(f"unknown setting {unknown[0]!r}; known are {', '.join(_SETTINGS)}")
        format = settings.get("format", "json")
        if format not in ("json", "xml"):
            raise BadEntry("`format` must be json or xml")
        return cls(
            url=_url(settings.get("url")),
            format=format,
            jurisdiction=str(settings.get("jurisdiction") or ""),
            api_key=str(settings.get("api_key") or ""),
            zone=_zone(settings.get("timezone")),
            honours_keys=_yes(settings, "honours_idempotency_key"),
            reads_with_key=_yes(settings, "reads_with_key"),
        )


def _url(said: Any) -> str:
    try:
        url = URL(said)
        port = url.port
    except (TypeError, ValueError):
        url, port = URL(), None
    if url.scheme not in ("http", "https") or not url.host or not port or url.query_string or url.fragment:
        raise BadEntry("`url` must be the http(s) address of its GeoReport v2 server")
    return str(said).rstrip("/")


def _zone(name: Any) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError):
        raise BadEntry("`timezone` must be a name such as America/Chicago") from None


def _yes(settings: Mapping[str, Any], setting: str) -> bool:
    value = settings.get(setting, False)
    if not isinstance(value, bool):
        raise BadEntry(f"`{setting}` must be true or false")
    return value
