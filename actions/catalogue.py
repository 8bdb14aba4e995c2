"""All that the city's departments do, as one list that a citizen's words can be matched against."""

from __future__ import annotations

from actions.departments.directory import Directory
from actions.departments.values import DepartmentError, Question, Service
from actions.draft import Draft
from actions.matching import Offer
from actions.words import LANGUAGES

# Where a report goes when no service fits it, by the kind of form.
GENERAL = {"report": "other", "complaint": "complaint-other"}


class Catalogue:
    """The services of all departments. Raises Unavailable when none of them can be asked."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def offers(self, language: str) -> list[Offer]:
        """Return every service, labelled in this language, with its names and keywords in all of them."""
        phrases: dict[tuple[str, str], list[str]] = {}
        first: dict[tuple[str, str], Service] = {}
        for spoken in (language, *(other for other in LANGUAGES if other != language)):
            for department, service in await self._directory.services(spoken):
                key = (department.id, service.code)
                first.setdefault(key, service)
                phrases.setdefault(key, []).extend((service.name, *service.keywords))
        offers: dict[tuple[str, str], Offer] = {}
        for (owner, code), said in phrases.items():
            service = first[owner, code]
            # One service that several departments do, each in its area, is one choice; the place decides later.
            phrase = tuple(dict.fromkeys(said))
            offer = Offer(owner, code, service.name, phrase, service.group, service.needs_place)
            offers.setdefault((code, service.name), offer)
        return list(offers.values())

    async def questions(self, draft: Draft, language: str) -> list[Question]:
        """Return the questions of the draft's service; none when its department cannot be asked now."""
        if not draft.what:
            return []
        try:
            return await self._directory.department(draft.department).questions(draft.what, language)
        except DepartmentError:
            return []
