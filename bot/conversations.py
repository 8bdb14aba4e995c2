"""Receive, turn, take, say, release: every rule of a conversation.

A conversation is held by the bot, by the queue or by a member of staff. Whoever holds it answers;
the holder is looked at again when an answer is written down, and once more when it is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import structlog

from bot.answers import Answers
from bot.languages import Languages
from bot.locks import Locks
from bot.messages import Choice, Inbound, Reply
from bot.ports import Engine, EngineDown, Line, Turn, TurnFailed, Utterance
from bot.rendering import picked, rendered
from bot.safety import clean, storable, words
from bot.store.conversations import Clock, ConversationStore, Entry, Moved, Outcome, utc_now
from bot.store.tables import ConversationRow, MessageRow

log = structlog.get_logger("conversations")

LONGEST = 1600  # characters of a message that are read; Twilio's own limit for one text message
MOST_READ = 8000  # of which danger words are looked for; nobody writes more, but somebody may paste it
REMINDER = timedelta(minutes=10)  # how often a waiting citizen is told that they are waiting
TRIES = 3  # of a turn that the engine itself cannot answer


class AlreadyTaken(Exception):
    """Another member of staff holds the conversation."""


class NotHeld(Exception):
    """The conversation is not held by the one who wants to speak in it, or does not exist."""


class Limits(Protocol):
    """What of a channel matters to the wording of an answer."""

    @property
    def keywords(self) -> bool:
        """Whether STOP, START and HELP have the meaning that telephone law gives them."""

    @property
    def buttons(self) -> bool:
        """Whether choices are buttons."""

    @property
    def limit(self) -> int:
        """The most characters of one message."""


@dataclass(frozen=True)
class Rules:
    """What a city may set: how long an engine that is down is waited for, in seconds."""

    patience: float = 90


class Conversations:
    """The conversations of one installation."""

    def __init__(
        self,
        store: ConversationStore,
        engine: Engine,
        answers: Answers,
        channels: Mapping[str, Limits],
        rules: Rules = Rules(),
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._engine = engine
        self._answers = answers
        self._languages = Languages(answers)
        self._channels = channels
        self._rules = rules
        self._clock = clock
        self._locks = Locks()

    async def receive(self, inbound: Inbound) -> tuple[str, str, bool]:
        """Keep a message. Returns its id, its conversation's id and whether it was new."""
        texts = {name: storable(getattr(inbound, name)) for name in ("address", "text", "id", "route")}
        return await self._store.keep(replace(inbound, **texts))

    async def turn(self, conversation_id: str) -> bool:
        """Answer the oldest message that waits; False when none does. One at a time for each conversation."""
        async with self._locks.of(conversation_id):
            waiting = await self._store.next_waiting(conversation_id)
            if waiting is None:
                return False
            conversation, message = waiting
            try:
                outcome = await self._answer(conversation, message)
            except Exception as error:
                # Whatever it was, it must not keep the citizen, and the messages behind this one, waiting for ever.
                log.exception("turn_failed", conversation=conversation_id, message=message.id, error=type(error).__name__)
                outcome = self._apology(conversation.language)
            try:
                await self._store.conclude(conversation, outcome, answered=message.id)
            except Moved:
                log.info("answer_dropped", conversation=conversation_id, message=message.id)
                if outcome.lasting:
                    await self._tell_all_the_same(conversation_id, message, outcome)
            return True

    async def _tell_all_the_same(self, conversation_id: str, message: MessageRow, outcome: Outcome) -> None:
        """Write down an answer that tells of something done, though the conversation changed while it was thought of.

        A case that was filed has a reference, which the citizen must get. Where the bot still holds, its state goes along:
        left behind, the form would offer the same report once more.
        """
        notices = [Entry(entry.text, notice=True) for entry in outcome.entries]
        while waiting := await self._store.next_waiting(conversation_id):
            conversation, still = waiting
            if still.id != message.id:
                return
            try:
                told = Outcome(notices, kept=outcome.kept)
                if conversation.holder == "bot":
                    told.state, told.offered = outcome.state, outcome.offered
                await self._store.conclude(conversation, told, answered=message.id)
            except Moved:
                continue
            return

    async def take(self, channel: str, address: str, staff: str) -> None:
        """Give the conversation to a member of staff. Raises AlreadyTaken, NotHeld (no such conversation)."""
        conversation = await self._get(channel, address)
        if conversation.holder == "staff" and conversation.staff != staff:
            raise AlreadyTaken(conversation.staff)
        outcome = Outcome(holder="staff", staff=staff, reason=conversation.reason, summary=conversation.summary)
        try:
            await self._store.conclude(conversation, outcome)
        except Moved:  # a message or another hand came in between: look again
            await self.take(channel, address, staff)

    async def say(self, channel: str, address: str, staff: str, text: str) -> None:
        """Let the member of staff who holds the conversation speak. Raises NotHeld."""
        conversation = await self._get(channel, address)
        if conversation.holder != "staff" or conversation.staff != staff:
            raise NotHeld(staff)
        try:
            parts = self._parts(conversation, Reply(text), conversation.language)
            entries = [Entry(part, "staff") for part, _ in parts]
            await self._store.conclude(conversation, Outcome(entries))
        except Moved:
            await self.say(channel, address, staff, text)

    async def release(self, channel: str, address: str) -> None:
        """Give the conversation back to the bot, which starts afresh; the citizen is told."""
        conversation = await self._get(channel, address)
        try:
            await self._store.conclude(conversation, self._released(conversation.language))
        except Moved:
            await self.release(channel, address)

    async def history(self, channel: str, address: str, after: int = 0) -> Sequence[Line]:
        """Return the conversation's lines after line `after`, oldest first."""
        return await self._store.history(channel, address, after)

    async def _get(self, channel: str, address: str) -> ConversationRow:
        conversation = await self._store.find(channel, address)
        if conversation is None:
            raise NotHeld("there is no such conversation")
        return conversation

    async def _answer(self, conversation: ConversationRow, message: MessageRow) -> Outcome:
        text = clean(message.text[:MOST_READ])
        danger = self._answers.danger_in(text)
        if danger:  # before anything else, whoever holds, and nothing else changes
            answer = replace(self._notice(danger, "danger"), owed=True)
            return Outcome([answer], language=danger, danger=True)
        keyword = self._answers.keyword_in(text) if self._channels[conversation.channel].keywords else None
        if keyword or conversation.opted_out_at:
            ruled = self._by_keyword(conversation, *(keyword or ("", conversation.language)))
            if ruled:
                return ruled
        language = self._languages.of(text, conversation.language)
        if conversation.holder == "staff":
            return Outcome(language=language)
        if conversation.holder == "queue":
            return self._while_waiting(conversation, text, language)
        if not text:
            return Outcome([self._notice(language, "empty")], language=language)
        if len(text) > LONGEST:
            return Outcome([self._notice(language, "too_long", limit=LONGEST)], language=language)
        try:
            turn = await self._ask(conversation, message, text, language)
        except (EngineDown, TurnFailed) as error:
            log.error("turn_failed", conversation=conversation.id, message=message.id, error=str(error))
            return self._apology(language)
        return self._said(conversation, turn, language)

    def _by_keyword(self, conversation: ConversationRow, kind: str, language: str) -> Outcome | None:
        """Return what the law of text messages wants: one confirmation, then silence until START; None if it has no say."""
        out = conversation.opted_out_at is not None
        if kind == "stop" and not out:
            # Whatever was going on is over: START must not fall into an old form.
            confirmation = replace(self._notice(language, "opted_out"), owed=True)
            return Outcome([confirmation], state={}, offered=(), language=language, opted_out="citizen")
        if kind == "start" and out:
            return Outcome([self._notice(language, "opted_in")], state={}, offered=(), language=language, opted_out="")
        if kind == "help":
            return Outcome([replace(self._notice(language, "help"), owed=True)], language=language)
        return Outcome() if out else None

    async def _ask(self, conversation: ConversationRow, message: MessageRow, text: str, language: str) -> Turn:
        choice = picked(conversation.offered, text)
        asked = Utterance(
            message.id,
            conversation.channel,
            language,
            (choice.text or choice.title) if choice else text,
            choice.intent if choice else "",
            choice.entities if choice else None,
        )
        began, tries = time.monotonic(), 0
        while True:
            try:
                return await self._engine.turn(conversation.id, conversation.state, asked)
            except EngineDown as error:
                if time.monotonic() - began > self._rules.patience:
                    raise
                log.warning("engine_down", conversation=conversation.id, error=str(error))
            except TurnFailed:
                if tries >= TRIES - 1:
                    raise
            tries += 1
            await asyncio.sleep(min(0.25 * 2**tries, 3))

    def _said(self, conversation: ConversationRow, turn: Turn, language: str) -> Outcome:
        outcome = Outcome(state=turn.state, offered=(), language=language)
        for reply in turn.replies:
            if reply.text:
                outcome.entries += [Entry(text, choices=choices) for text, choices in self._parts(conversation, reply, language)]
                outcome.offered = reply.choices
            outcome.kept = reply.kept or outcome.kept
            outcome.lasting = outcome.lasting or reply.written or reply.kept is not None
            if reply.handover:
                outcome.holder, outcome.told_waiting = "queue", True
                outcome.reason, outcome.summary = reply.handover.reason, reply.handover.summary
                outcome.entries.append(self._notice(language, "queued"))
        return outcome

    def _while_waiting(self, conversation: ConversationRow, text: str, language: str) -> Outcome:
        if any(words(text) in known.bot_words for known in self._answers.languages.values()):
            return self._released(language)
        told = conversation.told_waiting_at
        if told and self._clock() - told < REMINDER:
            return Outcome(language=language)
        return Outcome([self._notice(language, "still_queued")], language=language, told_waiting=True)

    def _released(self, language: str) -> Outcome:
        # The bot starts afresh: a form from before the handover would take the next words for its answer.
        return Outcome([self._notice(language, "released")], holder="bot", state={}, offered=())

    def _apology(self, language: str) -> Outcome:
        apology = self._notice(language, "apology")
        return Outcome([apology], holder="queue", reason="failed", language=language or None, told_waiting=True)

    def _notice(self, language: str, key: str, **values: object) -> Entry:
        return Entry(self._answers.text(language, key, **values), notice=True)

    def _parts(self, conversation: ConversationRow, reply: Reply, language: str) -> list[tuple[str, tuple[Choice, ...]]]:
        limits = self._channels[conversation.channel]
        choose = self._answers.text(language, "choose", numbers="{numbers}")
        return rendered(reply, buttons=limits.buttons, limit=limits.limit, choose=choose)
