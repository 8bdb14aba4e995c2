"""One turn as an action sees it: what the citizen said, what is known, and answering by response names."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

_FORM_SLOT = "requested_slot"
_THEN = ""  # no slot: the form to run next
# Rasa's templates take a value with "0[" in it for one of their own placeholders and then fill in none.
_BRACKETS = str.maketrans("[]{}", "()()")


@dataclass(frozen=True)
class Message:
    """The citizen's message and the conversation around it.

    `text` is empty when a button picked the intent. `asked` is the slot that a running form asked for,
    empty while a form begins. `passed_on` is true when the form has already left this message to a rule,
    so that it must not be read as an answer again. `misunderstood` counts the turns just before this one
    that ended in the fallback.
    """

    text: str = ""
    id: str = ""
    intent: str = ""
    confidence: float = 0.0
    language: str = "en"
    form: str = ""
    asked: str = ""
    passed_on: bool = False
    misunderstood: int = 0
    slots: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, tracker: Tracker) -> Message:
        """Read it from Rasa's tracker."""
        latest = tracker.latest_message
        intent = latest.get("intent") or {}
        text = latest.get("text") or ""
        # The engine gives a picked intent the full confidence, and Rasa some text that nobody wrote.
        picked = intent.get("confidence") == 1.0 and len(text) < 2
        return cls(
            text="" if picked or text.startswith("/") else " ".join(text.split()),
            id=(latest.get("metadata") or {}).get("message_id", ""),
            intent=intent.get("name") or "",
            confidence=intent.get("confidence") or 0.0,
            language=tracker.slots.get("language") or "en",
            form=tracker.active_loop_name or "",
            asked=tracker.slots.get(_FORM_SLOT) or "",
            passed_on=_passed_on(tracker.events, tracker.active_loop_name or ""),
            misunderstood=_misunderstood(tracker.events),
            slots=tracker.slots,
        )


class Answers:
    """Collects what the citizen is told: responses of the domain by name, never texts."""

    def __init__(self, dispatcher: CollectingDispatcher) -> None:
        self._dispatcher = dispatcher

    def say(self, response: str, choices: Iterable[str] = (), **values: str) -> None:
        """Say a response of the domain. `choices` are offered as buttons that say their own title."""
        buttons = [{"title": title, "payload": title} for title in choices]
        clean = {name: value.translate(_BRACKETS) for name, value in values.items()}
        self._dispatcher.utter_message(response=response, buttons=buttons, **clean)

    def hand_over(self, reason: str, summary: str) -> None:
        """Ask the gateway to have a person take over; it finds the words for it."""
        self._dispatcher.utter_message(json_message={"handover": {"reason": reason, "summary": summary}})

    def written(self) -> None:
        """Tell the gateway that a department's record was changed: the citizen must hear of it, whatever comes between."""
        self._dispatcher.utter_message(json_message={"written": True})

    def keep_report(self, key: str, department: str, report: Mapping[str, Any]) -> None:
        """Ask the gateway to file this report later, under the same key."""
        kept = {"key": key, "department": department, "report": dict(report)}
        self._dispatcher.utter_message(json_message={"kept_report": kept})


class Step(Action):  # type: ignore[misc]  # rasa_sdk carries no types
    """An action that reads one Message, says its answers, and returns the slots that it changes."""

    title: ClassVar[str]

    def name(self) -> str:
        return self.title

    @abstractmethod
    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        """Do it. For a form's validation an empty result leaves the message to the rules."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]) -> list[Any]:
        slots = await self.act(Message.of(tracker), Answers(dispatcher))
        return [FollowupAction(value) if slot == _THEN else SlotSet(slot, value) for slot, value in slots.items()]


def ask(slot: str | None) -> dict[str, Any]:
    """Return the slot change that makes a form ask for `slot` next; None ends the form."""
    return {_FORM_SLOT: slot}


def then(form: str) -> dict[str, Any]:
    """Return what makes this form run next, on the same message."""
    return {_THEN: form}


def _passed_on(events: Iterable[Mapping[str, Any]], form: str) -> bool:
    """Say whether the form has rejected the latest message of the citizen."""
    for event in reversed(list(events)):
        if event.get("event") == "user":
            return False
        if event.get("event") == "action_execution_rejected" and event.get("name") == form:
            return True
    return False


def _misunderstood(events: Iterable[Mapping[str, Any]]) -> int:
    """Count the citizen's messages in a row, up to the one before the latest, that ran into the fallback."""
    turns: list[bool] = []
    for event in events:
        if event.get("event") == "user":
            turns.append(False)
        elif turns and event.get("event") == "action" and event.get("name") == "action_fallback":
            turns[-1] = True
    count = 0
    for fell_back in reversed(turns[:-1]):
        if not fell_back:
            break
        count += 1
    return count
