"""A report's questions, its read-back, and its end: sent, kept for later, or not sent at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from actions.catalogue import Catalogue
from actions.departments.base import Department
from actions.departments.directory import Directory
from actions.departments.values import DepartmentError, Report, Unavailable
from actions.draft import FORGOTTEN, Draft
from actions.references import grouped
from actions.turn import Answers, Message, Step
from actions.words import other


class AskWhat(Step):
    """Asks what it is about, or which of the services that fit."""

    title = "action_ask_report_what"

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        draft = Draft.of(message.slots)
        if draft.offered:
            labels = await self._labels(draft, message.language)
            answers.say("utter_ask_report_which", (*labels, other(message.language)))
        elif draft.hint:
            answers.say(f"utter_ask_report_what_{draft.hint}")
        else:
            answers.say(f"utter_ask_report_what_{draft.kind}")
        return {}

    async def _labels(self, draft: Draft, language: str) -> list[str]:
        try:
            offers = await self._catalogue.offers(language)
        except DepartmentError:
            return []
        return [offer.label for offer in offers if offer.key in draft.offered]


class AskWhere(Step):
    """Asks for the place, and names the service that was understood."""

    title = "action_ask_report_where"

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        draft = Draft.of(message.slots)
        if draft.hint in ("nearest", "offline", "change", "general"):
            answers.say(f"utter_ask_report_where_{draft.hint}")
        elif draft.label and draft.placeless:
            answers.say("utter_ask_report_where_optional", service=draft.label)
        elif draft.label:
            first = "_first" if draft.kind == "complaint" and draft.hint == "first" else ""
            answers.say(f"utter_ask_report_where_{draft.kind}{first}", service=draft.label)
        else:
            answers.say("utter_ask_report_where_plain")
        return {}


class AskDetails(Step):
    """Asks the service's own questions one by one, then for anything else that helps."""

    title = "action_ask_report_details"

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        draft = Draft.of(message.slots)
        question = draft.question
        if question is None:
            answers.say("utter_ask_report_details_tell" if draft.hint == "tell" else "utter_ask_report_details")
            return {}
        again = "_again" if draft.hint == "again" else ""
        kind = "choice" if question.options else "question"
        optional = "" if question.required else "_optional"
        # The first message told what and where: say what was understood of it before asking on.
        text = f"{draft.label}, {draft.where}. {question.text}" if draft.hint == "named" else question.text
        answers.say(f"utter_ask_report_{kind}{optional}{again}", [name for _, name in question.options], question=text)
        return {}


class AskConfirmed(Step):
    """Reads everything back before anything is sent."""

    title = "action_ask_report_confirmed"

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        draft = Draft.of(message.slots)
        if draft.hint == "again":
            answers.say("utter_ask_report_confirmed_again")
            return {}
        shown = [shown for shown in draft.told.values() if shown]
        said = [line for line in draft.described.split("\n") if line]
        details = ". ".join(part.strip(" .") for part in (*said, *shown))
        label = draft.label
        if label and not draft.where:
            answers.say("utter_ask_report_confirmed_placeless", service=label, details=details or "-")
        elif not label:
            answers.say("utter_ask_report_confirmed_plain", where=draft.where or "-", details=details or "-")
        elif details:
            answers.say("utter_ask_report_confirmed_details", service=label, where=draft.where or "-", details=details)
        else:
            answers.say("utter_ask_report_confirmed", service=label, where=draft.where or "-")
        return {}


class EndReport(Step):
    """Files a confirmed report; without a yes it sends nothing. Either way the draft is forgotten."""

    title = "action_end_report"

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        draft = Draft.of(message.slots)
        if draft.confirmed is not True:
            answers.say("utter_report_left")
            return FORGOTTEN
        report = draft.report(message.language)
        # The gateway repeats a turn that failed under the same message id: the same key files nothing twice.
        await self._file(draft, report, f"{message.id}:report", answers)
        return FORGOTTEN

    async def _file(self, draft: Draft, report: Report, key: str, answers: Answers) -> None:
        department = await self._department(draft)
        try:
            reference = await department.file(report, key)
        except Unavailable as error:
            if error.outcome_unknown and not department.honours_keys:
                # It may have been filed, and asking again could file it twice: a person looks it up.
                answers.say("utter_report_unsure")
                answers.hand_over("failed", f"Filing was not answered; it may or may not be in the system. {draft.summary()}")
                return
            answers.say("utter_report_kept")
            answers.keep_report(key, department.id, asdict(report))
        except DepartmentError:
            answers.say("utter_report_refused")
            answers.hand_over("failed", f"The department's system did not take this report. {draft.summary()}")
        else:
            answers.say("utter_report_filed", reference=grouped(reference))
            answers.written()

    async def _department(self, draft: Draft) -> Department:
        """Return who does this service at this place; while nobody can be asked, the city's first department."""
        try:
            offered = await self._directory.services("en", draft.where or "")
        except DepartmentError:
            offered = []
        there = [department for department, service in offered if service.code == draft.what]
        named = [department for department in self._directory.departments if department.id == draft.department]
        return next((one for one in named if one in there or not there), (there or named or self._directory.departments)[0])
