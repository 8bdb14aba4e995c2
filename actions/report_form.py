"""The form for a report or complaint: reads each message as what, where, details, or the last yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from actions import questions
from actions.asides import is_aside, is_cancelling
from actions.catalogue import GENERAL, Catalogue
from actions.departments.values import DepartmentError, Question
from actions.draft import CHANGE, CONFIRMED, DETAILS, WHERE, Draft
from actions.matching import Offer, content, matches
from actions.places import place_in
from actions.turn import Answers, Message, Step, ask
from actions.words import (
    has_a_but,
    is_unsure,
    is_vague,
    letters,
    part_named,
    wants_back,
    wants_other,
    wants_out,
    wants_to_skip,
    yes_or_no,
)

_TRIES = 3
# With this many telling words the citizen has described it; fewer are only the wish to report.
_DESCRIBED = 3
_SHORTEST_PLACE = 3  # letters
_LONGEST_PLACE = 300  # characters


class ReadReport(Step):
    """Reads one message into the draft and decides what to ask next. Nothing is written anywhere here."""

    title = "validate_report_form"

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def act(self, message: Message, answers: Answers) -> Mapping[str, Any]:
        draft = Draft.of(message.slots)
        if message.passed_on:
            return ask(message.asked)
        if not message.asked:
            return await self._begin(message)
        if wants_back(message.text):
            return await self._back(message, draft)
        if wants_out(message.text) or (is_cancelling(message) and not wants_to_skip(message.text)):
            return _stop(draft)
        if message.asked == CONFIRMED:
            return await self._confirm(message, draft)
        if message.asked == CHANGE:
            return await self._change(message, draft)
        if message.asked == DETAILS:
            return await self._details(message, draft)
        return await (self._where if message.asked == WHERE else self._what)(message, draft)

    async def _begin(self, message: Message) -> Mapping[str, Any]:
        """Take what the first message already tells."""
        kind = "complaint" if message.intent == "file_complaint" else "report"
        draft = Draft(kind=kind, where=place_in(message.text) or None)
        described = len(content(message.text)) >= _DESCRIBED
        if described:
            draft = draft.with_(words=message.text)
        try:
            found = matches(_without(draft.where, message.text), await self._catalogue.offers(message.language))
        except DepartmentError:
            known = described or draft.where
            return await self._next(message, (_general(draft) if known else draft).with_(hint="offline"))
        if found:
            return await self._next(message, _offered(draft.with_(words=message.text), found))
        return await self._next(message, draft.with_(hint="described" if described else ""))

    async def _what(self, message: Message, draft: Draft) -> Mapping[str, Any]:
        try:
            offers = await self._catalogue.offers(message.language)
        except DepartmentError:
            return await self._next(message, _general(draft.with_(words=draft.words or message.text)))
        if draft.offered:
            named = [offer for offer in offers if offer.key in draft.offered]
            number = int(message.text) if message.text.isdecimal() and len(message.text) < 3 else 0
            picked = [named[number - 1]] if 0 < number <= len(named) else matches(message.text, named)
            if len(picked) == 1:
                return await self._next(message, _taken(draft, picked[0]))
            if wants_other(message.text) or number == len(named) + 1:
                return await self._next(message, draft.with_(offered=(), hint="again", tries=1))
        found = matches(_without(place_in(message.text), message.text), offers)
        if not found:
            if is_aside(message):
                return {}
            return await self._unmatched(message, draft, offers)
        draft = draft.with_(
            words="\n".join(filter(None, (draft.words, message.text))), where=draft.where or place_in(message.text) or None
        )
        return await self._next(message, _offered(draft, found))

    async def _unmatched(self, message: Message, draft: Draft, offers: list[Offer]) -> Mapping[str, Any]:
        """Ask once more with examples, then take it as a general report in the citizen's words."""
        words = message.text if content(message.text) else ""
        draft_words = "\n".join(filter(None, (draft.words, words)))
        if draft.tries == 0 and not draft.hint.startswith("again"):
            return await self._next(message, draft.with_(words=draft_words, hint="again", tries=1))
        general = [offer for offer in offers if offer.code == GENERAL[draft.kind]]
        draft = draft.with_(words=draft_words, where=draft.where or place_in(message.text) or None)
        return await self._next(message, (_taken(draft, general[0]) if general else _general(draft)).with_(hint="general"))

    async def _where(self, message: Message, draft: Draft) -> Mapping[str, Any]:
        text = message.text
        if is_aside(message, free_text=True) and not place_in(text):
            return {}
        if draft.placeless and wants_to_skip(text):
            return await self._next(message, draft.with_(where=""))
        vague = is_vague(text) or letters(text) < _SHORTEST_PLACE or wants_to_skip(text) or yes_or_no(text) is not None
        # In the end their own words are taken: somebody at the department can ask back.
        if vague and (draft.tries + 1 < _TRIES or not text):
            return {**draft.with_(tries=draft.tries + 1, hint="nearest").slots(), **ask(WHERE)}
        return await self._next(message, draft.with_(where=text[:_LONGEST_PLACE]))

    async def _details(self, message: Message, draft: Draft) -> Mapping[str, Any]:
        open_question = draft.question
        choosing = bool(open_question and open_question.options)
        if not choosing and not wants_to_skip(message.text) and is_aside(message, free_text=True):
            return {}
        told = questions.read(message.text, open_question) if open_question else None
        if open_question and told:
            draft = draft.with_(
                answers={**draft.answers, open_question.code: told.value},
                told={**draft.told, open_question.code: _shown(open_question, told)},
                asking=None,
            )
            return await self._next(message, draft)
        if choosing and is_aside(message):
            return {}
        if open_question:
            if draft.tries + 1 < _TRIES:
                return {**draft.with_(tries=draft.tries + 1, hint="again").slots(), **ask(DETAILS)}
            # Better an unfinished answer for staff to read than a citizen who is asked for ever.
            left = {**draft.answers, open_question.code: ""}
            words = "\n".join((draft.words, f"{open_question.text} {message.text}"))
            return await self._next(message, draft.with_(answers=left, asking=None, words=words))
        if yes_or_no(message.text) and draft.tries == 0:
            return {**draft.with_(tries=1, hint="tell").slots(), **ask(DETAILS)}
        left_out = wants_to_skip(message.text) or is_unsure(message.text) or yes_or_no(message.text) is False
        return await self._next(message, draft.with_(details="" if left_out else message.text))

    async def _confirm(self, message: Message, draft: Draft) -> Mapping[str, Any]:
        answer = yes_or_no(message.text)
        if answer is None and is_short(message):
            answer = {"affirm": None if has_a_but(message.text) else True, "deny": False}.get(message.intent)
        if answer is None and not message.text.isdecimal() and part_named(message.text):
            return await self._change(message, draft)
        if answer is True:
            return {**draft.with_(confirmed=True).slots(), **ask(None)}
        if answer is False:
            return {**draft.with_().slots(), **ask(CHANGE)}
        if is_aside(message):
            return {}
        return {**draft.with_(hint="again", tries=draft.tries + 1).slots(), **ask(CONFIRMED)}

    async def _change(self, message: Message, draft: Draft) -> Mapping[str, Any]:
        part = part_named(message.text)
        if not part and yes_or_no(message.text) is not None:
            return await self._next(message, draft.with_())
        if not part:
            if is_aside(message):
                return {}
            return {**draft.slots(), **ask(CHANGE)}
        if part == "nothing":
            return await self._next(message, draft)
        if part == "what":
            return await self._next(message, draft.without_service().with_(hint="change"))
        if part == "where":
            return await self._next(message, draft.with_(where=None, hint="change"))
        return await self._next(message, draft.with_(details=None, words="", answers={}, told={}, asking=None))

    async def _back(self, message: Message, draft: Draft) -> Mapping[str, Any]:
        if message.asked in (CONFIRMED, CHANGE):
            return {**draft.with_().slots(), **ask(CHANGE)}
        if message.asked == DETAILS:
            return await self._next(message, draft.with_(where=None, asking=None, hint="change"))
        return await self._next(message, draft.without_service().with_(hint="change"))

    async def _next(self, message: Message, draft: Draft) -> dict[str, Any]:
        """Ask for the first thing that is missing; in the details, for the service's own questions first."""
        if draft.next == WHERE and not message.asked and not draft.hint:
            draft = draft.with_(hint="first")
        if draft.next == DETAILS:
            asked = await self._catalogue.questions(draft, message.language)
            pending = next((question for question in asked if question.code not in draft.answers), None)
            if pending:
                hint = "" if message.asked else "named"
                draft = draft.with_(
                    asking={**asdict(pending), "options": [list(option) for option in pending.options]}, hint=hint
                )
            elif len(content(draft.words)) >= _DESCRIBED:
                draft = draft.with_(details="")
        return {**draft.slots(), **ask(draft.next)}


def is_short(message: Message) -> bool:
    """Say whether the message is too short to be anything but what the classifier says with confidence."""
    return not message.text or (message.confidence >= 0.6 and len(message.text.split()) <= 6)


def _shown(question: Question, told: questions.Told) -> str:
    """Return an answer as it is read back: a bare yes or no with its question."""
    bare = question.options and yes_or_no(told.shown) is not None
    return f"{question.text} {told.shown}" if bare else told.shown


def _stop(draft: Draft) -> dict[str, Any]:
    return {**draft.with_(confirmed=False).slots(), **ask(None)}


def _general(draft: Draft) -> Draft:
    """Take it for the general service without its label: the departments cannot be asked for one now."""
    return draft.with_(what=GENERAL[draft.kind], label="", department="", offered=())


def _taken(draft: Draft, offer: Offer) -> Draft:
    known = {"what": offer.code, "label": offer.label, "department": offer.department}
    return draft.with_(**known, offered=(), placeless=not offer.needs_place)


def _offered(draft: Draft, found: list[Offer]) -> Draft:
    if len(found) == 1:
        return _taken(draft, found[0])
    return draft.with_(offered=tuple(offer.key for offer in found), hint="which")


def _without(place: str | None, text: str) -> str:
    """Return the text without its place, so that a street's name is no word for a service ("Park Street")."""
    return text.replace(place, " ") if place else text
