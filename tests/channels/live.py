"""A core with a memory for live channels: it keeps what citizens say, answers from a table, and pushes the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from bot.messages import Choice, Inbound, Outgoing, Receipt
from bot.ports import Channel, Line

CHOICES = "What can I do?"
ANSWERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Where is my case 482 109 379?": (
        "Case 482 109 379, pothole at 1240 Mill Street: a crew is assigned. It is planned for Thursday.",
        (),
    ),
    "¿Cómo va mi caso 482 109 379?": (
        "Caso 482 109 379, bache en 1240 Mill Street: ya tiene cuadrilla. Está previsto para el jueves.",
        (),
    ),
    CHOICES: ("What would you like to do?", ("Ask about a case", "Report a problem", "Talk to a person")),
}


class LiveCore:
    """Answers "You said …" unless ANSWERS knows better.

    `gate` holds answers back; `broken` keeps nothing; `dumb` keeps a message and fails to answer it.
    """

    def __init__(self) -> None:
        self.inbound: list[Inbound] = []
        self.lines: dict[str, list[Line]] = {}
        self.channels: dict[str, Channel] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.answered = 0
        self.receipts: list[Receipt] = []
        self.broken = False
        self.dumb = False

    async def receive(self, inbound: Inbound) -> bool:
        if self.broken:
            raise OSError("disk full, said the citizen's " + inbound.text)
        if any(inbound.id == known.id for known in self.inbound):
            return False
        self.inbound.append(inbound)
        self.put(inbound.address, "citizen", inbound.text)
        await self.gate.wait()
        if self.dumb:
            raise OSError("the disk filled up")
        text, titles = ANSWERS.get(inbound.text, (f"You said: {inbound.text}", ()))
        await self.say(inbound.address, "bot", text, titles, inbound.channel, inbound.route)
        self.answered += 1
        return True

    async def say(
        self, address: str, author: str, text: str, titles: tuple[str, ...] = (), channel: str = "webchat", route: str = ""
    ) -> str:
        """Let the bot or the staff say something."""
        self.put(address, author, text, titles)
        choices = tuple(Choice(title) for title in titles)
        outgoing = Outgoing(f"m{len(self.lines[address])}", channel, address, text, choices, route)
        return await self.channels[channel].send(outgoing)

    def put(self, address: str, author: str, text: str, titles: tuple[str, ...] = ()) -> None:
        """Add a line to the history without telling anybody."""
        lines = self.lines.setdefault(address, [])
        lines.append(Line(len(lines) + 1, author, text, titles))

    async def receipt(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    async def history(self, channel: str, address: str, after: int = 0) -> Sequence[Line]:
        return [line for line in self.lines.get(address, ()) if line.seq > after]

    @property
    def texts(self) -> list[str]:
        return [inbound.text for inbound in self.inbound]
