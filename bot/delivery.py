"""Sending what conversations have written down: in order, with retries, never blindly twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from bot.locks import Locks
from bot.messages import Outgoing, Receipt
from bot.metrics import SENT
from bot.ports import Channel, OptedOut, OutcomeUnknown, SendError
from bot.store.outbox import Outbox

log = structlog.get_logger("delivery")


@dataclass(frozen=True)
class Pace:
    """How a send is repeated: seconds before the first repeat (doubled each time, up to `longest`), and how often.

    After `tries` a provider that is down is left to the next sweep, `rounds` times in all: some five hours.
    """

    first: float = 1.0
    longest: float = 60.0
    tries: int = 12
    rounds: int = 40

    def pause(self, tries: int) -> float:
        """Return the seconds to wait after `tries` failed tries."""
        return float(min(self.first * 2 ** (tries - 1), self.longest))


class Delivery:
    """The way out, over all channels that are on."""

    def __init__(self, outbox: Outbox, channels: Mapping[str, Channel], pace: Pace = Pace()) -> None:
        self._outbox = outbox
        self._channels = channels
        self._pace = pace
        self._locks = Locks()

    async def deliver(self, conversation_id: str) -> None:
        """Send all that the conversation has to send, oldest first; one at a time for each conversation.

        A message that cannot be sent yet holds up those behind it: a citizen reads in order.
        """
        async with self._locks.of(conversation_id):
            while following := await self._outbox.next(conversation_id):
                if not await self._send(*following):
                    return

    async def receipt(self, receipt: Receipt) -> None:
        """Note what a provider says became of a message."""
        if not await self._outbox.receipt(receipt):
            log.warning("receipt_unknown", channel=receipt.channel)

    async def _send(self, outgoing: Outgoing, cut_off: bool) -> bool:
        """Send one message; False when it must wait for a later sweep, and those behind it with it."""
        channel = self._channels.get(outgoing.channel)
        if channel is None:
            await self._end(outgoing, "failed", error="channel_off")
            return True
        unknown = cut_off
        for tries in range(1, self._pace.tries + 1):
            try:
                sent = await channel.find(outgoing) if unknown else None
                if not sent:
                    # Staff may have taken over while this one was repeated, or the process restarted.
                    if (tries > 1 or cut_off) and not await self._outbox.wanted(outgoing.id):
                        return True
                    unknown = False
                    sent = await channel.send(outgoing)
                await self._end(outgoing, "sent", sent)
            except OutcomeUnknown as error:
                unknown = True
                log.warning("outcome_unknown", message=outgoing.id, tries=tries, error=str(error))
            except SendError as error:
                if isinstance(error, OptedOut):
                    await self._outbox.opt_out(outgoing.id)
                if not error.retryable:
                    await self._end(outgoing, "failed", error=error.code or type(error).__name__)
                    return True
                log.warning("send_failed", message=outgoing.id, tries=tries, error=type(error).__name__)
            except Exception as error:
                # A bug of the channel: it must not hold up the citizen's other messages for ever.
                unknown = True
                log.exception("send_broken", message=outgoing.id, tries=tries, error=type(error).__name__)
            else:
                return True
            await asyncio.sleep(self._pace.pause(tries))
        if not await self._outbox.wanted(outgoing.id):
            return True
        if not unknown and await self._outbox.requeue(outgoing.id, self._pace.rounds):
            return False
        # Whoever reads the log or the metric is to look at the provider's own list.
        await self._end(outgoing, "unknown" if unknown else "failed", error="out_of_tries")
        return True

    async def _end(self, outgoing: Outgoing, status: str, provider_id: str = "", error: str = "") -> None:
        await self._outbox.mark(outgoing.id, status, provider_id, error)
        SENT.labels(outgoing.channel, status).inc()
        if status != "sent":
            log.error("not_sent", message=outgoing.id, status=status, error=error)
