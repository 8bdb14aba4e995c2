"""What of a conversation travels: the filled slots, the active form and the last turns, bounded."""

from __future__ import annotations

from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SlotSet, UserUttered, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker

MOST_EVENTS = 40
MOST_TEXT = 200  # characters of a citizen's message that later turns still see


class NotATurn(Exception):
    """What was asked is no turn: the text says what is wrong with it."""


def recall(state: dict[str, Any]) -> list[Event]:
    """Return the events that `remember` kept. Raises NotATurn when `state` was not made by it."""
    if not state:
        return [ActionExecuted(ACTION_LISTEN_NAME)]  # rules start from a waiting bot
    try:
        events: list[Event] = deserialise_events(state["events"])
    except Exception as error:  # Rasa raises whatever its parser meets
        raise NotATurn("this is no state of this engine") from error
    if len(events) != len(state["events"]):  # it leaves out what it does not know
        raise NotATurn("this is no state of this engine")
    return events


def remember(tracker: DialogueStateTracker) -> dict[str, Any]:
    """Return the state to keep: at most about MOST_EVENTS events, cut where the bot last waited.

    What was cut away is summed up in front: each filled slot and the form that was active there.
    """
    events = list(tracker.applied_events())
    waits = [at for at, event in enumerate(events) if _is_wait(event)]
    # The newest wait is where the next message comes in; the cut is at an earlier one.
    cut = next((at for at in waits if len(events) - at <= MOST_EVENTS), waits[-1] if waits else 0)
    front: list[Event] = []
    if cut:
        front = _summed_up(events[:cut])
    return {"events": [_slim(event) for event in front + events[cut:]]}


def _summed_up(events: list[Event]) -> list[Event]:
    slots: dict[str, SlotSet] = {}
    loop: ActiveLoop | None = None
    for event in events:
        if isinstance(event, SlotSet):
            slots[event.key] = event
        elif isinstance(event, ActiveLoop):
            loop = event
    kept: list[Event] = [event for event in slots.values() if event.value is not None]
    if loop is not None and loop.name:
        kept.append(loop)
    return kept


def _is_wait(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME


def _slim(event: Event) -> dict[str, Any]:
    kept = event.as_dict()
    if isinstance(event, UserUttered):
        # The ranking of all intents and the token offsets are of no use to a later turn.
        parsed = kept["parse_data"]
        for bulk in ("intent_ranking", "response_selector", "text_tokens"):
            parsed.pop(bulk, None)
        # A form has taken what it needs of a long text; the bound is one of bytes too.
        kept["text"] = parsed["text"] = (kept["text"] or "")[:MOST_TEXT]
    return kept
