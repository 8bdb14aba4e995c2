"""Which of the city's services a citizen's words mean."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from actions.words import SMALL, plain

_MOST_CHOICES = 4
# Below this many points nothing was meant; a second service this close to the best makes a choice of them.
_ENOUGH = 1.0
_CLOSE = 0.72
_ALIKE = 0.83
_SHORTEST_TYPO = 5


@dataclass(frozen=True)
class Offer:
    """A service as citizens may call it: whose it is, its label in their language, and every name and keyword it has."""

    department: str
    code: str
    label: str
    phrases: tuple[str, ...]
    group: str = ""
    needs_place: bool = True

    @property
    def key(self) -> str:
        """Return what tells this service from those of all departments."""
        return f"{self.department}/{self.code}"


def content(text: str) -> list[str]:
    """Return the words that carry meaning, folded and without plural endings."""
    return [_stem(word) for word in plain(text).split() if word not in SMALL and not word.isdigit()]


def matches(text: str, offers: Sequence[Offer]) -> list[Offer]:
    """Return the services that the words may mean: one when it is clear, up to four to choose from, or none."""
    said = plain(text) if content(text) else ""
    exact = [offer for offer in offers if said and any(said == plain(phrase) for phrase in (offer.label, *offer.phrases))]
    if len(exact) == 1:
        return exact
    words = content(text)
    weights = _weights(offers)
    scored = [(points, offer) for offer in offers if (points := _points(words, offer, weights)) >= _ENOUGH]
    if not scored:
        return exact[:_MOST_CHOICES]
    scored.sort(key=lambda pair: -pair[0])
    best = scored[0][0]
    return [offer for points, offer in scored if points >= best * _CLOSE][:_MOST_CHOICES]


def _points(words: Sequence[str], offer: Offer, weights: dict[str, float]) -> float:
    """Add up the words of the service that were said; a whole phrase of several words counts more than its parts."""
    found: dict[str, float] = {}
    whole = 0.0
    for phrase in offer.phrases:
        parts = content(phrase)
        likeness = [max((_alike(part, word) for word in words), default=0.0) for part in parts]
        complete = bool(parts) and all(likeness)
        if complete:
            whole = max(whole, 0.5 * (len(parts) - 1))
        for part, alike in zip(parts, likeness, strict=True):
            found[part] = max(found.get(part, 0.0), alike * weights[part] * (1.0 if complete else 0.5))
    return whole + sum(found.values())


def _weights(offers: Iterable[Offer]) -> dict[str, float]:
    """Return how telling each word is: the fewer services use it, the more."""
    used: Counter[str] = Counter()
    number = 0
    for offer in offers:
        number += 1
        used.update({part for phrase in offer.phrases for part in content(phrase)})
    return {part: 0.5 + math.log((1 + number) / times) / math.log(1 + number) for part, times in used.items()}


def _alike(part: str, word: str) -> float:
    """Return 1 for the same word, a little less for a likely typo of it, else 0."""
    if part == word:
        return 1.0
    if min(len(part), len(word)) < _SHORTEST_TYPO or part[0] != word[0]:
        return 0.0
    likeness = SequenceMatcher(None, part, word).ratio()
    return likeness if likeness >= _ALIKE else 0.0


def _stem(word: str) -> str:
    for ending in ("es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word[:-1] if word[-1] in "aoe" and len(word) >= 6 else word
