"""What travels over the chat's socket: JSON text frames, one object each.

From the page:
    {"type": "hello", "after": 12}                        first of all: show me the lines after number 12
    {"type": "message", "id": "<uuid>", "text": "…"}      the citizen says; the same id again is the same message

To the page:
    {"type": "line", "seq": 13, "author": "citizen" | "bot" | "staff", "text": "…", "choices": ["Yes", "No"]}
    {"type": "accepted", "id": "<uuid>"}                  kept, and every line so far was sent: never resend it
    {"type": "typing"}                                    an answer is being made
    {"type": "error", "text": "…", "id": "<uuid>"}        nothing was kept; "id" only if a message is meant
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from bot.ports import Line

LONGEST = 5000
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True)
class Hello:
    """The page shows every line up to `after`."""

    after: int


@dataclass(frozen=True)
class Message:
    """The citizen says `text`; `id` is the page's own name for it."""

    id: str
    text: str


class Unfit(Exception):
    """What came cannot be taken; `word` names the reason in words/: empty, too_long, unreadable."""

    def __init__(self, word: str, id: str = "") -> None:
        super().__init__(word)
        self.word = word
        self.id = id


def plain(text: str, id: str = "") -> str:
    """Return what a citizen wrote, trimmed and storable. Raises Unfit when it is empty or too long."""
    # NUL cannot be kept by PostgreSQL, and half a surrogate pair not even be encoded.
    text = text.replace("\0", "").encode("utf-8", "replace").decode().strip()
    if not text:
        raise Unfit("empty", id)
    if len(text) > LONGEST:
        raise Unfit("too_long", id)
    return text


def read(frame: str) -> Hello | Message:
    """Return what the page sent. Raises Unfit."""
    try:
        sent = json.loads(frame)
    except (ValueError, RecursionError):
        raise Unfit("unreadable") from None
    match sent:
        # The bound is SQLite's and PostgreSQL's largest integer; True is an int to `match`, too.
        case {"type": "hello", "after": int(after)} if not isinstance(after, bool) and 0 <= after < 2**63:
            return Hello(after)
        case {"type": "message", "id": str(id), "text": str(text)} if _ID.fullmatch(id):
            return Message(id, plain(text, id))
    raise Unfit("unreadable")


def line(line: Line) -> str:
    """Return the frame that shows one line."""
    return json.dumps({"type": "line", "seq": line.seq, "author": line.author, "text": line.text, "choices": list(line.choices)})


def accepted(id: str) -> str:
    """Return the frame that says that a message is kept."""
    return json.dumps({"type": "accepted", "id": id})


def typing() -> str:
    """Return the frame that says that an answer is being made."""
    return json.dumps({"type": "typing"})


def error(text: str, id: str = "") -> str:
    """Return the frame that says what went wrong."""
    return json.dumps({"type": "error", "text": text} | ({"id": id} if id else {}))
