"""XML and JSON of GeoReport v2: which one is wanted, and how values are written in it."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

CONTENT_TYPES = {"xml": "text/xml", "json": "application/json"}
# The element that each entry of a list is written as.
_ENTRY = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "history": "event",
}
# What XML 1.0 has no way to write (section 2.2), not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LANGUAGES = ("en", "es")
_DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'


def wanted_format(extension: str, accept: str) -> str | None:
    """Return "xml" or "json" for the end of a path and the Accept header; None for an ending that we do not have.

    Without an ending it is XML, which the standard requires, unless JSON alone is asked for.
    """
    if not extension:
        return "json" if "json" in accept and "xml" not in accept else "xml"
    name = extension.removeprefix(".").lower()
    return name if name in CONTENT_TYPES else None


def wanted_language(accept_language: str) -> str:
    """Return the language that an Accept-Language header (RFC 9110, 12.5.4) likes best, English if none of ours."""
    best, best_weight = "en", 0.0
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        if language in _LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    return float(value) if re.fullmatch(r"[01](\.[0-9]{0,3})?", value.strip()) else 0.0


def written(format: str, root: str, content: Any) -> bytes:
    """Return `content` in UTF-8: JSON as it is, XML under the element `root`."""
    if format == "json":
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    body: bytes = ElementTree.tostring(_element(root, content), encoding="utf-8", xml_declaration=False)
    return _DECLARATION + body


def _element(name: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, dict):
        element.extend(_element(key, entry) for key, entry in value.items())
    elif isinstance(value, list):
        element.extend(_element(_ENTRY[name], entry) for entry in value)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = _NOT_XML.sub("", str(value))
    return element
