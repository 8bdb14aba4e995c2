"""Record, acknowledge, answer: what channels ask of the core, and the steps of its durable workflows."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Container, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol

import structlog

from bot.conversations import Conversations
from bot.delivery import Delivery
from bot.messages import Inbound, Receipt
from bot.metrics import RECEIVED, TURNS
from bot.ports import Line
from bot.store.conversations import ConversationStore
from bot.store.reports import KeptReports

log = structlog.get_logger("frontdoor")


class Workflows(Protocol):
    """What of the durable workflows is started from here."""

    async def converse(self, message_id: str, conversation_id: str) -> None:
        """See that a message is answered and the answer sent, come what may."""

    async def refile(self, key: str) -> None:
        """See that a kept report is filed, come what may."""


class FrontDoor:
    """The Core that channels know. `live` names the channels that are answered within the request itself."""

    workflows: Workflows

    def __init__(
        self,
        conversations: Conversations,
        delivery: Delivery,
        store: ConversationStore,
        reports: KeptReports,
        live: Container[str],
    ) -> None:
        self._conversations = conversations
        self._delivery = delivery
        self._store = store
        self._reports = reports
        self._live = live
        self._running: set[asyncio.Task[None]] = set()
        self._resuming: dict[str, asyncio.Task[None]] = {}

    async def receive(self, inbound: Inbound) -> bool:
        """Keep the message durably, then see that it is answered. False: it was known already."""
        message_id, conversation_id, new = await self._conversations.receive(inbound)
        RECEIVED.labels(inbound.channel, str(new).lower()).inc()
        log.info("received", channel=inbound.channel, message=message_id, conversation=conversation_id, new=new)
        if inbound.channel in self._live:
            await self.answer(conversation_id)
            await self._delivery.deliver(conversation_id)
        else:
            # A redelivery too: we may have been cut off between keeping the message and this line.
            await self.workflows.converse(message_id, conversation_id)
        return new

    async def receipt(self, receipt: Receipt) -> None:
        """Note what became of an outgoing message."""
        await self._delivery.receipt(receipt)

    async def history(self, channel: str, address: str, after: int = 0) -> Sequence[Line]:
        """Return the conversation's lines after line `after`, oldest first."""
        return await self._conversations.history(channel, address, after)

    async def answer(self, conversation_id: str) -> None:
        """Answer all that waits in a conversation, in order; start the filing of what was kept on the way."""
        while True:
            began = time.perf_counter()
            if not await self._conversations.turn(conversation_id):
                break
            TURNS.observe(time.perf_counter() - began)
        for key in await self._reports.unsettled(conversation_id):
            self._start(self.workflows.refile(key))

    async def deliver(self, conversation_id: str) -> None:
        """Send all that a conversation has to send."""
        await self._delivery.deliver(conversation_id)

    async def resume(self) -> None:
        """Take up all that was cut off: what waits for an answer, what was not sent, what was not filed.

        Returns when all is under way; `settled` waits for it. A conversation that takes long is taken up once.
        """
        for key in await self._reports.unsettled():
            self._start(self.workflows.refile(key))
        for conversation_id in await self._store.waiting():
            if conversation_id not in self._resuming:
                task = self._resuming[conversation_id] = self._start(self._finish(conversation_id))
                task.add_done_callback(partial(self._resumed, conversation_id))

    async def settled(self) -> None:
        """Wait for all that was started here."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        """Let go of what was started here: the next start takes it up."""
        for task in self._running:
            task.cancel()
        await self.settled()

    def _resumed(self, conversation_id: str, _task: asyncio.Task[None]) -> None:
        del self._resuming[conversation_id]

    async def _finish(self, conversation_id: str) -> None:
        try:
            await self.answer(conversation_id)
            await self._delivery.deliver(conversation_id)
        except Exception:  # one conversation's trouble must not keep the others waiting
            log.exception("not_resumed", conversation=conversation_id)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # In a context of its own: within a step DBOS would take a new workflow for a part of that step.
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task
