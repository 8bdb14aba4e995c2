"""Words in and out: a citizen's text made harmless, Rasa's buttons made plain choices."""

from __future__ import annotations

import json
import re
from typing import Any

# Rasa strips white space of every kind before it looks for the slash.
_COMMAND = re.compile(r"^[\s/]+")
_PAYLOAD = re.compile(r"^/(?P<intent>[^{\s]+)(?P<entities>\{.*\})?\s*$", re.DOTALL)


def plain(text: str) -> str:
    """Return `text` so that Rasa reads it as words: it takes any text that begins with "/" as a command."""
    return _COMMAND.sub("", text) or "?"


def choices_of(buttons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return Rasa's buttons as {title, intent, entities} or {title, text}."""
    return [_choice(button) for button in buttons]


def _choice(button: dict[str, Any]) -> dict[str, Any]:
    title, payload = str(button.get("title", "")), str(button.get("payload", ""))
    command = _PAYLOAD.match(payload)
    if not command:
        return {"title": title, "text": payload or title}
    entities = json.loads(command["entities"]) if command["entities"] else {}
    return {"title": title, "intent": command["intent"], "entities": entities}
