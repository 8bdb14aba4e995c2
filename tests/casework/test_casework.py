"""The desk: filing once, moving on, finding."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.casework.casework import Casework, NoSuchCase, NoSuchService, StepNotPossible
from bot.casework.references import new_reference
from bot.casework.values import Filing, Wanted
from tests.casework.conftest import NOW, Clock

POTHOLE = Filing("pothole", "12 Mill Street", description="A hole", key="SM1", language="es", contact={"phone": "+15550100"})


class Dice(random.Random):
    """Randomness that gives out the numbers it was handed."""

    def __init__(self, *numbers: int) -> None:
        super().__init__(0)
        self._numbers: Iterator[int] = iter(numbers)

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return next(self._numbers)


async def test_a_case_is_filed_and_found(casework: Casework) -> None:
    filed = await casework.file(POTHOLE)
    found = await casework.case(f"{filed.reference[:3]} {filed.reference[3:6]}-{filed.reference[6:]}")
    assert found == filed
    assert (found.status, found.received, found.address, found.language) == ("received", NOW, "12 Mill Street", "es")
    assert found.expected == NOW + timedelta(days=10)
    assert found.contact == {"phone": "+15550100"}


async def test_the_same_key_is_the_same_case(casework: Casework) -> None:
    before = await casework.count()
    first = await casework.file(POTHOLE)
    assert await casework.file(POTHOLE) == first
    assert (await casework.file(Filing("pothole", key="SM2"))).reference != first.reference
    assert await casework.count() == before + 2


async def test_the_same_key_at_the_same_time_is_one_case(casework: Casework) -> None:
    before = await casework.count()
    filed = await asyncio.gather(*(casework.file(POTHOLE) for _ in range(12)))
    assert len({case.reference for case in filed}) == 1
    assert await casework.count() == before + 1


async def test_without_a_key_every_filing_is_a_case(casework: Casework) -> None:
    assert (await casework.file(Filing("pothole"))).reference != (await casework.file(Filing("pothole"))).reference


async def test_a_reference_that_is_taken_is_not_given_twice(engine: AsyncEngine) -> None:
    desk = Casework(engine, random=Dice(48_210_937, 11_111_111))
    filed = await desk.file(Filing("pothole"))
    assert filed.reference.startswith("11111111")
    assert (await desk.case("482109379")).address == "1240 Mill Street"


async def test_unknown_services_and_cases(casework: Casework) -> None:
    with pytest.raises(NoSuchService):
        await casework.file(Filing("dragons"))
    with pytest.raises(NoSuchService):
        await casework.service("dragons")
    for reference in ("482109378", "", "\x00", new_reference(random.Random(1))):
        with pytest.raises(NoSuchCase):
            await casework.case(reference)
        with pytest.raises(NoSuchCase):
            await casework.advance(reference, "in_review")


async def test_a_case_moves_on_and_keeps_its_history(casework: Casework, clock: Clock) -> None:
    reference = (await casework.file(POTHOLE)).reference
    clock.now += timedelta(hours=2)
    await casework.advance(reference, "in_review", "Looked at.")
    clock.now += timedelta(days=1)
    await casework.advance(reference, "in_progress", {"en": "Being filled.", "es": "Lo están tapando."})
    done = await casework.advance(reference, "done", at=clock.now + timedelta(minutes=5))
    assert await casework.case(reference) == done
    assert [event.status for event in done.history] == ["received", "in_review", "in_progress", "done"]
    assert [event.at - NOW for event in done.history[:3]] == [timedelta(0), timedelta(hours=2), timedelta(days=1, hours=2)]
    assert [dict(event.notes) for event in done.history] == [
        {},
        {"en": "Looked at."},
        {"en": "Being filled.", "es": "Lo están tapando."},
        {},
    ]
    assert done.closed
    assert done.updated == clock.now + timedelta(minutes=5)
    assert done.notes["es"] == "Lo están tapando."


STEPS = [
    ("received", "done", True),
    ("received", "received", True),
    ("in_review", "received", False),
    ("in_progress", "in_review", False),
    ("waiting", "in_progress", True),
    ("waiting", "received", False),
    ("done", "in_progress", False),
    ("declined", "done", False),
    ("received", "lost", False),
]


@pytest.mark.parametrize(("before", "after", "possible"), STEPS)
async def test_steps(casework: Casework, before: str, after: str, possible: bool) -> None:
    reference = (await casework.file(Filing("pothole"))).reference
    await casework.advance(reference, before)
    if possible:
        assert (await casework.advance(reference, after)).status == after
    else:
        with pytest.raises(StepNotPossible):
            await casework.advance(reference, after)
        assert (await casework.case(reference)).status == before


async def test_steps_at_the_same_time_are_all_kept(engine: AsyncEngine) -> None:
    desk = Casework(engine)
    reference = (await desk.file(Filing("pothole"))).reference
    await asyncio.gather(*(desk.advance(reference, "in_review", f"Note {number}") for number in range(5)))
    history = (await desk.case(reference)).history
    assert {event.notes["en"] for event in history[1:]} == {f"Note {number}" for number in range(5)}
    assert [event.at for event in history] == sorted(event.at for event in history)


async def test_history_does_not_run_backwards(casework: Casework) -> None:
    reference = (await casework.file(POTHOLE)).reference
    with pytest.raises(StepNotPossible):
        await casework.advance(reference, "in_review", at=NOW - timedelta(seconds=1))


async def test_a_time_without_zone_is_refused(casework: Casework) -> None:
    with pytest.raises(Exception, match="without a time zone"):
        await casework.cases(Wanted(since=datetime(2026, 1, 1)))


async def test_filters(casework: Casework, clock: Clock) -> None:
    clock.now += timedelta(days=1)
    one, two = await casework.file(Filing("noise")), await casework.file(Filing("staff-complaint"))
    newest = await casework.cases(Wanted(since=clock.now))
    assert {case.reference for case in newest} == {one.reference, two.reference}
    assert [case.reference for case in await casework.cases(Wanted(since=clock.now, public_only=True))] == [one.reference]
    assert [case.reference for case in await casework.cases(Wanted(since=clock.now, services=frozenset({"noise"})))] == [
        one.reference
    ]
    assert await casework.cases(Wanted(since=clock.now + timedelta(seconds=1))) == []
    assert all(case.status == "waiting" for case in await casework.cases(Wanted(statuses=frozenset({"waiting"}))))
    everything = await casework.cases()
    assert everything == sorted(everything, key=lambda case: (-case.received.timestamp(), case.reference))
    assert await casework.cases(Wanted(limit=3, skip=2)) == everything[2:5]
