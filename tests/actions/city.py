"""A small city for the actions: one department that remembers what was filed, and a citizen who talks to one action."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rasa_sdk.executor import ActionExecutor

from actions.departments.base import Department
from actions.departments.directory import Directory, Placed
from actions.departments.values import Case, DepartmentError, NotFound, Question, Report, Service
from actions.turn import Step

FILED = "482109379"
SERVICES: dict[str, tuple[dict[str, str], dict[str, tuple[str, ...]]]] = {
    "pothole": ({"en": "Pothole", "es": "Bache"}, {"en": ("pothole", "hole in the road"), "es": ("bache", "hoyo")}),
    "streetlight": (
        {"en": "Streetlight", "es": "Alumbrado"},
        {"en": ("street light", "lamp"), "es": ("luz de la calle", "farol")},
    ),
    "noise": ({"en": "Noise", "es": "Ruido"}, {"en": ("loud music", "bar"), "es": ("música", "bar")}),
    "business": ({"en": "Business", "es": "Negocio"}, {"en": ("shop", "bar"), "es": ("tienda", "bar")}),
    "other": ({"en": "Something else", "es": "Otro asunto"}, {"en": ("other",), "es": ("otro",)}),
    "complaint-other": ({"en": "Complaint", "es": "Queja"}, {"en": ("unfair",), "es": ("injusto",)}),
}
OUT = {"en": "It is out", "es": "Está apagada"}
FLICKERS = {"en": "It flickers", "es": "Parpadea"}


class City(Department):
    """The department: `down` is what every call raises while it is set, `filed` what it has taken, by key."""

    def __init__(self, *, honours_keys: bool = True) -> None:
        super().__init__("city", {"en": "City"})
        self.honours_keys = honours_keys
        self.down: DepartmentError | None = None
        self.down_for_filing: DepartmentError | None = None
        self.cases: dict[str, Case] = {}
        self.filed: dict[str, Report] = {}
        self.asked: list[str] = []

    async def services(self, language: str) -> list[Service]:
        self._up()
        return [Service(code, name[language], keywords=words[language]) for code, (name, words) in SERVICES.items()]

    async def questions(self, service: str, language: str) -> list[Question]:
        self._up()
        if service != "streetlight":
            return []
        options = (("out", OUT[language]), ("flickers", FLICKERS[language]))
        return [
            Question("problem", "What is wrong?", True, options, "singlevaluelist"),
            Question("pole", "Which number is on the pole?", False),
        ]

    async def case(self, reference: str, language: str) -> Case:
        self._up()
        self.asked.append(reference)
        if reference not in self.cases:
            raise NotFound("no such case")
        return self.cases[reference]

    async def file(self, report: Report, key: str) -> str:
        self._up()
        if self.down_for_filing:
            raise self.down_for_filing
        self.filed.setdefault(key, report)
        return FILED

    def _up(self) -> None:
        if self.down:
            raise self.down


def directory(city: City) -> Directory:
    """Return the directory of a city with this one department."""
    return Directory([Placed(city)])


@dataclass(frozen=True)
class Heard:
    """What an action answered: the response names, their values and choices, the customs, and the slots it set."""

    said: tuple[str, ...]
    values: Mapping[str, Any]
    choices: tuple[str, ...]
    customs: tuple[Mapping[str, Any], ...]
    slots: Mapping[str, Any]
    then: str = ""


@dataclass
class Citizen:
    """Sends messages to single actions through the SDK's own executor, and keeps the slots in between."""

    actions: Iterable[Step]
    language: str = "en"
    slots: dict[str, Any] = field(default_factory=dict)
    form: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._executor = ActionExecutor()
        for action in self.actions:
            self._executor.register_action(action)

    async def tell(self, action: str, text: str = "", intent: str = "", confidence: float = 0.95, id: str = "m1") -> Heard:
        """Send one message to one action."""
        self.events.append({"event": "user", "text": text})
        return await self.again(action, text, intent, confidence, id)

    async def again(self, action: str, text: str = "", intent: str = "", confidence: float = 0.95, id: str = "m1") -> Heard:
        """Run one more action on the message that was just sent."""
        message = {
            "text": text,
            "intent": {"name": intent, "confidence": confidence},
            "metadata": {"message_id": id, "language": self.language},
        }
        result = await self._executor.run(
            {
                "next_action": action,
                "domain": {},
                "tracker": {
                    "sender_id": "c1",
                    "slots": {"language": self.language, **self.slots},
                    "latest_message": message,
                    "events": self.events,
                    "active_loop": {"name": self.form} if self.form else {},
                },
            }
        )
        assert result is not None
        return self._heard(result.events, result.responses)

    def _heard(self, events: list[dict[str, Any]], responses: list[dict[str, Any]]) -> Heard:
        slots = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
        self.slots.update(slots)
        return Heard(
            said=tuple(response["response"] for response in responses if response["response"]),
            values={name: value for response in responses for name, value in response.items() if name not in _SDKS_OWN},
            choices=tuple(button["title"] for response in responses for button in response["buttons"]),
            customs=tuple(response["custom"] for response in responses if response["custom"]),
            slots=slots,
            then=next((event["name"] for event in events if event["event"] == "followup"), ""),
        )


_SDKS_OWN = {"text", "buttons", "elements", "custom", "template", "response", "image", "attachment"}


def case(
    reference: str, detail: str = "in_progress", *, status: str = "open", note: str = "", address: str = "12 Elm St"
) -> Case:
    """Return a pothole's case, last changed on November 3, 2020."""
    return Case(reference, "Pothole", status, detail, note, address, None, datetime(2020, 11, 3, 12, tzinfo=UTC))
