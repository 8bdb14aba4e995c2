"""What happens when a message is not understood: rephrase, then choices, then a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.catalogue import Catalogue
from actions.departments.values import DepartmentError
from actions.matching import matches
from actions.people import known
from actions.references import LENGTH, numbers_in
from actions.turn import Answers, Message, Step, then

_STEPS = ("utter_rephrase", "utter_choices")
# Below this it is as likely that the words were not understood as that the city does not do it.
_SURE = 0.6
_SHORTEST_NUMBER = LENGTH - 1  # digits: one was forgotten


class Fallback(Step):
    """Answers a message that no rule answers. A case number or the name of a service is understood all the same."""

    title = "action_fallback"

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        step = message.misunderstood % (len(_STEPS) + 1)
        if message.intent == "out_of_scope" and message.confidence >= _SURE:
            if step == 0:
                answers.say("utter_out_of_scope")
                return {}
        elif form := await self._form(message):
            return then(form)
        if step < len(_STEPS):
            answers.say(_STEPS[step])
        else:
            answers.hand_over("confused", known(message) or "The citizen was not understood three times in a row.")
        return {}

    async def _form(self, message: Message) -> str:
        """Return the form that can read this message after all; "" for none."""
        if message.form or not message.text:
            return ""
        if any(len(number) >= _SHORTEST_NUMBER for number in numbers_in(message.text)):
            return "case_status_form"
        try:
            return "report_form" if matches(message.text, await self._catalogue.offers(message.language)) else ""
        except DepartmentError:
            return ""
