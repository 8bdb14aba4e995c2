"""Sending: in order, repeated when that is safe, looked up when it is not, receipts only forwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.messages import Outgoing, Receipt
from bot.ports import CitizenGone, OptedOut, OutcomeUnknown, ProviderDown, Refused, SendError, Throttled
from bot.store.tables import MessageRow
from tests.desk import ANN, Desk, a_desk
from tests.fakes import FakeChannel


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as desk:
        yield desk


async def sent(desk: Desk) -> list[MessageRow]:
    """Return our messages, oldest first."""
    async with desk.store.transaction() as session:
        ours = select(MessageRow).where(MessageRow.author != "citizen").order_by(MessageRow.seq)
        return list(await session.scalars(ours))


@pytest.mark.parametrize("fault", [Throttled("slow down"), ProviderDown("503"), OutcomeUnknown("no answer")])
async def test_a_passing_fault_costs_nothing(desk: Desk, fault: SendError) -> None:
    desk.channel.faults.append(fault)
    await desk.hear("hello")
    assert desk.channel.texts == ["You said hello"]
    [message] = await sent(desk)
    assert (message.status, message.provider_id) == ("sent", "PR1")


async def test_an_unknown_outcome_is_looked_up_before_anything_is_sent_again(desk: Desk) -> None:
    desk.channel.faults.append(OutcomeUnknown("no answer"))
    desk.channel.went_out.add("yes")
    await desk.hear("hello")
    [message] = await sent(desk)
    assert desk.channel.texts == []
    assert (message.status, message.provider_id, desk.channel.asked) == ("sent", "PRfound", [message.id])


@pytest.mark.parametrize(("fault", "code"), [(CitizenGone("gone", "21211"), "21211"), (Refused("no"), "Refused")])
async def test_a_lasting_refusal_ends_the_message_and_not_those_behind_it(desk: Desk, fault: SendError, code: str) -> None:
    desk.channel.faults.append(fault)
    await desk.hear("one")
    await desk.hear("two")
    assert [(m.status, m.error) for m in await sent(desk)] == [("failed", code), ("sent", "")]
    assert desk.channel.texts == ["You said two"]


@pytest.mark.parametrize(("fault", "status"), [(OutcomeUnknown("?"), "unknown")])
async def test_out_of_tries(desk: Desk, fault: SendError, status: str) -> None:
    class Deaf(type(desk.channel)):  # type: ignore[misc]  # a class made from the fake at hand
        async def find(self, outgoing: object) -> str | None:
            raise OutcomeUnknown("cannot tell")

    desk.channel.__class__ = Deaf
    desk.channel.faults.extend([fault] * 20)
    await desk.hear("hello")
    assert [(m.status, m.error) for m in await sent(desk)] == [(status, "out_of_tries")]


async def test_what_was_cut_off_in_mid_send_is_looked_up_at_the_next_start(desk: Desk) -> None:
    desk.workflows.held_back = True
    await desk.hear("hello")
    conversation = await desk.store.find("fake", "+15550100001")
    assert conversation
    await desk.front.answer(conversation.id)
    assert await desk.outbox.next(conversation.id)  # and here the process was killed
    desk.channel.went_out.add("yes")
    await desk.front.resume()
    await desk.front.settled()
    assert desk.channel.texts == []
    assert [(m.status, m.provider_id) for m in await sent(desk)] == [("sent", "PRfound")]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["sent", "delivered"], "delivered"),
        (["delivered", "sent"], "delivered"),
        (["failed", "delivered"], "delivered"),
        (["delivered", "failed"], "delivered"),
        (["failed", "sent"], "failed"),
        (["queued"], "sent"),
    ],
)
async def test_receipts_only_move_a_message_forwards(desk: Desk, statuses: list[str], expected: str) -> None:
    await desk.hear("hello")
    for status in statuses:
        await desk.front.receipt(Receipt("fake", "", status, "PR1", "30003" if status == "failed" else ""))
    assert [m.status for m in await sent(desk)] == [expected]


async def test_a_receipt_of_nobodys_message_changes_nothing(desk: Desk) -> None:
    await desk.hear("hello")
    await desk.front.receipt(Receipt("fake", "none", "failed", "PR99"))
    await desk.front.receipt(Receipt("fake", "", "failed", ""))
    assert [m.status for m in await sent(desk)] == ["sent"]


async def test_two_senders_never_send_the_same_message(desk: Desk) -> None:
    class Slow(FakeChannel):
        async def send(self, outgoing: Outgoing) -> str:
            await asyncio.sleep(0.05)
            return await super().send(outgoing)

    desk.channel.__class__ = Slow
    desk.workflows.held_back = True
    await desk.hear("hello")
    conversation = await desk.store.find("fake", ANN)
    assert conversation
    await desk.front.answer(conversation.id)
    await asyncio.gather(*(desk.front.deliver(conversation.id) for _ in range(5)))
    assert desk.channel.texts == ["You said hello"]
    assert desk.channel.asked == []


async def test_staff_who_take_over_during_the_repeats_are_not_talked_over(desk: Desk) -> None:
    class TakenMeanwhile(FakeChannel):
        async def send(self, outgoing: Outgoing) -> str:
            await desk.conversations.take("fake", ANN, "bea")
            return await super().send(outgoing)

    desk.channel.__class__ = TakenMeanwhile
    desk.channel.faults.append(ProviderDown("503"))
    await desk.hear("hello")
    assert desk.channel.texts == []
    assert [m.status for m in await sent(desk)] == ["dropped"]


async def test_what_was_cut_off_is_not_sent_after_staff_took_over(desk: Desk) -> None:
    desk.workflows.held_back = True
    await desk.hear("hello")
    conversation = await desk.store.find("fake", ANN)
    assert conversation
    await desk.front.answer(conversation.id)
    assert await desk.outbox.next(conversation.id)  # and here the process was killed; it had not gone out
    await desk.conversations.take("fake", ANN, "bea")
    await desk.front.deliver(conversation.id)
    assert desk.channel.texts == []


async def test_a_channel_with_a_bug_does_not_hold_up_the_next_message(desk: Desk) -> None:
    class Buggy(FakeChannel):
        async def send(self, outgoing: Outgoing) -> str:
            if "bad" in outgoing.text:
                raise RuntimeError("a bug of the channel")
            return await super().send(outgoing)

    desk.channel.__class__ = Buggy
    await desk.hear("bad")
    await desk.hear("fine")
    assert desk.channel.texts == ["You said fine"]
    assert [m.status for m in await sent(desk)] == ["unknown", "sent"]


async def test_a_provider_that_is_down_for_long_is_tried_again_later(desk: Desk) -> None:
    desk.channel.faults.extend([ProviderDown("503")] * 7)  # more than one round of tries
    await desk.hear("hello")
    assert [m.status for m in await sent(desk)] == ["queued"]
    await desk.front.resume()
    await desk.front.settled()
    assert desk.channel.texts == ["You said hello"]


async def test_the_ids_of_other_messages_go_along_after_a_cut(desk: Desk) -> None:
    await desk.hear("hello")
    desk.workflows.held_back = True
    await desk.hear("hello")
    conversation = await desk.store.find("fake", ANN)
    assert conversation
    await desk.front.answer(conversation.id)
    assert await desk.outbox.next(conversation.id)  # killed here
    again = await desk.outbox.next(conversation.id)
    assert again
    assert (again[0].others, again[1]) == (frozenset({"PR1"}), True)


async def test_a_cancelled_reader_does_not_lock_the_database(desk: Desk) -> None:
    await desk.hear("hello")
    for pause in range(200):
        reading = asyncio.create_task(desk.front.history("fake", ANN))
        await asyncio.sleep(pause / 100_000)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert len(await asyncio.wait_for(desk.front.history("fake", ANN), 5)) == 2


async def test_who_told_the_provider_to_stop_is_not_written_to_again(desk: Desk) -> None:
    desk.channel.faults.append(OptedOut("stop", "21610"))
    await desk.hear("hello")
    await desk.hear("anyone?")
    conversation = await desk.store.find("fake", ANN)
    assert conversation
    assert conversation.opted_out_by == "provider"
    assert desk.channel.texts == []
    await desk.hear("START")
    assert desk.channel.texts == [desk.text("opted_in")]


@pytest.mark.parametrize("tries", [1, 7])
async def test_what_a_receipt_settled_is_not_sent_again(desk: Desk, tries: int) -> None:
    class SaysNoAndSends(FakeChannel):
        async def send(self, outgoing: Outgoing) -> str:
            if self.faults:
                await desk.front.receipt(Receipt("fake", outgoing.id, "delivered", "PRreally"))
            return await super().send(outgoing)

    desk.channel.__class__ = SaysNoAndSends
    desk.channel.faults.extend([ProviderDown("503")] * tries)
    await desk.hear("hello")
    await desk.front.resume()
    await desk.front.settled()
    assert desk.channel.texts == []
    assert [(m.status, m.provider_id) for m in await sent(desk)] == [("delivered", "PRreally")]
