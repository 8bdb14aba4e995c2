"""How the answers of wild servers are read: bytes to plain trees, and the leaves to text, truth and time."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

Record = Mapping[str, Any]

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}encoding\s*=\s*["']([\w.:-]{1,40})""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
# How UTF-8 looks when it was read as Latin-1 or Windows-1252: a leading Â, Ã, â or ð and its followers.
_FOLLOWER = r"[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_MOJIBAKE = re.compile(rf"[ÂÃ]{_FOLLOWER}|â{_FOLLOWER}{{2}}|ð{_FOLLOWER}{{3}}")
_DEEPEST = 40
_UTC = re.compile(r"\s*(?:UTC|GMT)$", re.IGNORECASE)
_LOOSE_OFFSET = re.compile(r"\s+(?=(?:[+-]\d\d:?\d\d|Z)$)")


class Unreadable(ValueError):
    """An answer that cannot be understood; the text names the reason, never the content."""


def decode(body: bytes, content_type: str = "") -> str:
    """Return the body as text: what its bytes prove first (BOM, valid UTF-8), then what it claims, then Windows-1252."""
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(encoding, errors="replace")
    declared = _ENCODING.match(body.lstrip())
    claimed = _CHARSET.search(content_type)
    claims = [declared.group(1).decode()] if declared else []
    claims += [claimed.group(1)] if claimed else []
    for encoding in ("utf-8", *claims, "cp1252"):
        try:
            return body.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return body.decode("latin-1")


def tree(body: bytes, content_type: str = "") -> Any:
    """Return JSON or XML as dicts, lists and leaves, whichever of them the body is. Raises Unreadable.

    An element of XML becomes `{tag: content}` for the root and a dict entry below it; tags that repeat become lists.
    """
    text = decode(body, content_type).lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return _xml(text)
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise Unreadable("neither JSON nor XML") from None


def _xml(text: str) -> Any:
    try:
        root = fromstring(_DECLARATION.sub("", text, count=1))
    except (ParseError, DefusedXmlException, ValueError):
        raise Unreadable("broken or forbidden XML") from None
    return {_tag(root): _content(root, 0)}


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _content(element: Element, depth: int) -> Any:
    if depth > _DEEPEST:
        raise Unreadable("XML too deep")
    if len(element) == 0:
        return element.text or ""
    content: dict[str, Any] = {}
    for child in element:
        tag, value = _tag(child), _content(child, depth + 1)
        if tag not in content:
            content[tag] = value
        elif isinstance(content[tag], list):
            content[tag].append(value)
        else:
            content[tag] = [content[tag], value]
    return content


def records(value: Any, *wrappers: str) -> list[Record]:
    """Return the records in a tree, through arrays and any of the named `wrappers`, or the one object it is.

    Raises Unreadable where something else than an object stands.
    """
    if value is None or value == "" or (isinstance(value, str) and not value.strip()):
        return []
    if isinstance(value, list):
        return [record for item in value for record in records(item, *wrappers)]
    if not isinstance(value, dict):
        raise Unreadable("not an object")
    for wrapper in wrappers:
        inside = value.get(wrapper, 0)
        if inside is None or inside == "" or isinstance(inside, (list, dict)):
            return records(inside, *wrappers)
    return [value]


def text(record: Record, *names: str) -> str:
    """Return the first of the named fields that says something, as clean text; "" when none does. 0 says something."""
    for name in names:
        value = record.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            said = plain(repaired(str(value))).strip()
            if said.lower() not in ("", "null"):
                return said
    return ""


def plain(said: str) -> str:
    """Return text without what databases and wires do not take: NUL and halves of characters (JSON's "\\ud800")."""
    return said.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def repaired(said: str) -> str:
    """Return text whose UTF-8 was once read as Latin-1 or Windows-1252 as it was meant; other text as it is.

    Only sequences that could not be English or Spanish are touched, and only where all of them decode.
    """
    for _ in range(2):  # some servers do it twice
        mended = _MOJIBAKE.sub(_mended, said)
        if mended == said:
            break
        said = mended
    return said


def _mended(found: re.Match[str]) -> str:
    raw = bytearray()
    for character in found.group():
        raw += character.encode("latin-1") if ord(character) < 256 else character.encode("cp1252")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return found.group()


def truth(value: Any) -> bool:
    """Return whether a field says yes: true, "true", "True", 1, "1", "yes"."""
    return str(value).strip().lower() in ("true", "1", "yes", "y", "t")


def words(value: Any) -> tuple[str, ...]:
    """Return the parts of "a, b;c" or of a list, without empty ones."""
    parts = value if isinstance(value, list) else re.split(r"[,;]", value if isinstance(value, str) else "")
    return tuple(word for part in parts if (word := text({"": part}, "")))


def moment(value: Any, zone: tzinfo = UTC) -> datetime | None:
    """Return a time with its zone (`zone` where it names none), None where there is none or it cannot be read."""
    said = text({"": value}, "")
    try:
        found = _epoch(said) if said.isdecimal() and len(said) in (10, 13) else _iso(said)
    except (ValueError, OverflowError, OSError):
        return None
    # Null dates of other worlds: 0001-01-01, 1900-01-01, and the epoch itself.
    if found.year <= 1970:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _epoch(said: str) -> datetime:
    return datetime.fromtimestamp(int(said) / (1 if len(said) == 10 else 1000), UTC)


def _iso(said: str) -> datetime:
    return datetime.fromisoformat(_LOOSE_OFFSET.sub("", _UTC.sub("Z", said)))
