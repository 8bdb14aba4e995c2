"""Invents a believable city's cases from hand-written parts: the same seed and time give the same cases."""

from __future__ import annotations

import random as randomness
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.casework.references import new_reference
from bot.casework.values import Case, Event, Service, Texts

# Where cases stand, and how often: more is done than is not, and a little of everything is under way.
_STANDS = {"received": 11, "in_review": 14, "in_progress": 20, "waiting": 12, "done": 35, "declined": 8}
# The ways there. A case need not go through every step.
_ROADS: Mapping[str, Sequence[Sequence[str]]] = {
    "received": ((),),
    "in_review": (("in_review",),),
    "in_progress": (("in_review", "in_progress"), ("in_progress",)),
    "waiting": (("in_review", "waiting"), ("in_review", "in_progress", "waiting")),
    "done": (("in_review", "in_progress", "done"), ("in_progress", "done"), ("in_review", "waiting", "in_progress", "done")),
    "declined": (("in_review", "declined"),),
}
_OLDEST = {"received": 3, "in_review": 9, "in_progress": 28, "waiting": 45, "done": 170, "declined": 120}  # days
_YOUNGEST = {"received": 0.05, "in_review": 1.0, "in_progress": 3.0, "waiting": 6.0, "done": 5.0, "declined": 4.0}


def invented(
    plan: Mapping[str, Any],
    streets: Sequence[Mapping[str, Any]],
    services: Mapping[str, Service],
    now: datetime,
    taken: set[str],
) -> Iterator[Case]:
    """Yield the cases of a plan (cases.yml, `invented`); references in `taken` are not used again."""
    random = randomness.Random(plan["seed"])  # noqa: S311 - a demo that must be the same every time, nothing to protect
    reports = plan["services"]
    # Every service comes up at least once; then as often as its weight says.
    codes = list(reports) + random.choices(list(reports), [reports[code]["weight"] for code in reports], k=plan["count"])
    stands = _stands(len(codes[: plan["count"]]), random)
    decks: dict[str, list[tuple[str, str]]] = {}
    for code, stand in zip(codes, stands, strict=False):
        language, description = _drawn(decks, code, reports[code]["reports"], random)
        history = _history(stand, reports[code].get("notes", {}), plan["notes"], now, random)
        service = services[code]
        address, lat, long = _somewhere(streets, random) if service.place != "none" else ("", None, None)
        yield Case(
            reference=_reference(taken, random),
            service=code,
            status=stand,
            received=history[0].at,
            updated=history[-1].at,
            history=history,
            address=address,
            lat=lat,
            long=long,
            description=description,
            language=language,
            expected=_expected(history, service.expected_days, now, random),
        )


def _stands(count: int, random: randomness.Random) -> list[str]:
    total = sum(_STANDS.values())
    stands = [stand for stand, share in _STANDS.items() for _ in range(max(1, round(count * share / total)))]
    stands += ["done"] * (count - len(stands))
    random.shuffle(stands)
    return stands[:count]


def _drawn(
    decks: dict[str, list[tuple[str, str]]], code: str, reports: Mapping[str, Sequence[str]], random: randomness.Random
) -> tuple[str, str]:
    """Return a language and what somebody wrote in it; nothing comes twice before everything came once."""
    if not decks.get(code):
        decks[code] = [(language, text) for language, texts in reports.items() for text in texts]
        random.shuffle(decks[code])
    return decks[code].pop()


def _history(
    stand: str, own: Mapping[str, Texts], general: Mapping[str, Texts], now: datetime, random: randomness.Random
) -> tuple[Event, ...]:
    road = random.choice(_ROADS[stand])
    age = timedelta(days=random.uniform(_YOUNGEST[stand], _OLDEST[stand]))
    received = now - age
    # An old case was settled in weeks, not on the day before the demo began.
    span = min(age, timedelta(days=random.uniform(2.0, 24.0))) * 0.95
    parts = sorted(random.uniform(0.1, 1.0) for _ in road)
    events = [Event("received", _minute(received))]
    for status, part in zip(road, parts, strict=True):
        at = _in_office(_minute(received + span * part), events[-1].at, now, random)
        events.append(Event(status, at, own.get(status) or general[status]))
    return tuple(events)


def _in_office(at: datetime, after: datetime, before: datetime, random: randomness.Random) -> datetime:
    """Return a time on the same day while people are at work (14 to 22 h UTC), if one lies between the bounds."""
    moved = at.replace(hour=random.randrange(14, 22), minute=random.randrange(60))
    if after < moved < before:
        return moved
    return max(at, after)


def _expected(history: Sequence[Event], days: int | None, now: datetime, random: randomness.Random) -> datetime | None:
    """Return when a case should be done: as long as the service takes, or soon for one that is late already."""
    if days is None:
        return None
    expected = history[0].at + timedelta(days=days)
    return expected if expected > now else _minute(now + timedelta(days=random.uniform(2, 9)))


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _reference(taken: set[str], random: randomness.Random) -> str:
    reference = new_reference(random)
    while reference in taken:
        reference = new_reference(random)
    taken.add(reference)
    return reference


def _somewhere(streets: Sequence[Mapping[str, Any]], random: randomness.Random) -> tuple[str, float, float]:
    street = random.choice(streets)
    low, high = street["numbers"]
    number = random.randrange(low, high, 2) + random.randrange(2)
    along = (number - low) / (high - low)
    (lat0, long0), (lat1, long1) = street["from"], street["to"]
    return f"{number} {street['name']}", round(lat0 + (lat1 - lat0) * along, 5), round(long0 + (long1 - long0) * along, 5)
