"""The composition root: the one file that names concrete adapters and ties them to the core."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog
from aiohttp import web
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import gateway
from bot.answers import Answers
from bot.casework import open311
from bot.casework.casework import Casework
from bot.casework.city import read_city
from bot.casework.demo import load_demo
from bot.conversations import Conversations, Rules
from bot.delivery import Delivery
from bot.durable import Durable
from bot.filing import Filing
from bot.frontdoor import FrontDoor
from bot.ports import Channel, Engine
from bot.rasa import RasaEngine
from bot.sandbox import page
from bot.sandbox.provider import LocalProvider
from bot.settings import Settings
from bot.store.conversations import ConversationStore, utc_now
from bot.store.database import open_database
from bot.store.migrate import upgrade
from bot.store.outbox import Outbox
from bot.store.reports import KeptReports
from bot.store.unbroken import unbroken
from channels import CHANNELS

log = structlog.get_logger("app")

SWEEP_SECONDS = 30.0  # how often what was left over is looked for
PURGE_SECONDS = 3600.0


class Core:
    """The core over a database, an engine and channels, without a server around it. `launch` before use."""

    def __init__(
        self, settings: Settings, answers: Answers, database: AsyncEngine, engine: Engine, channels: Mapping[str, Channel]
    ) -> None:
        self._database = database
        self.store = ConversationStore(database)
        reports = KeptReports(self.store)
        delivery = Delivery(Outbox(self.store), channels)
        self.conversations = Conversations(self.store, engine, answers, channels, Rules(settings.turn_patience))
        live = {name for name, channel in channels.items() if channel.live}
        self.front = FrontDoor(self.conversations, delivery, self.store, reports, live)
        self._filing = Filing(settings.actions_url, settings.key("actions"), reports, self.store, answers)
        self._settings = settings
        self._durable: Durable | None = None
        self._chores: list[asyncio.Task[None]] = []

    async def launch(self) -> None:
        """Bring the schema up to date, take up what was cut off, and keep looking for what is left over."""
        await upgrade(self._database)
        url, folder = self._settings.database_url, self._settings.data_dir
        self._durable = Durable(url, folder, self.front.answer, self.front.deliver, self._filing.file)
        self.front.workflows = self._durable
        self._durable.launch()
        self._chores = [
            asyncio.create_task(_repeat(self.front.resume, SWEEP_SECONDS)),
            asyncio.create_task(_repeat(self._durable.purge, PURGE_SECONDS)),
        ]

    async def close(self) -> None:
        """Stop; what is under way is taken up at the next launch."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        await self.front.close()
        if self._durable is not None:
            await self._durable.close()


class House:
    """Everything of one gateway process. Raises NotConfigured, BadCatalogue."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._city = read_city(settings.city_dir)
        premises = settings.premises(self._city.name, self._city.emergency)
        opened = {kind.name: kind.open(premises) for kind in CHANNELS}
        self._channels = {name: channel for name, channel in opened.items() if channel is not None}
        self.status = {name: "on" if channel else "off: not configured" for name, channel in opened.items()}
        self._provider = None if settings.production else LocalProvider.of(premises)
        self._database = open_database(settings.database_url)
        said = {"city": self._city.name, "emergency": self._city.emergency}
        self._engine = RasaEngine(settings.engine_url, settings.key("engine"), **said)
        self._casework = Casework(self._database)
        answers = Answers.read(said | {"phone": self._city.phone})
        self._core = Core(settings, answers, self._database, self._engine, self._channels)

    def application(self) -> web.Application:
        """Return the application with every route; what it needs is opened at its start and closed at its end."""
        parts = {"database": self._database_ready, "engine": self._engine.ready, "actions": self._actions_ready}
        app = gateway.application(parts, self.status, self._core.store.held)
        for channel in self._channels.values():
            app.add_routes(channel.routes(self._core.front))
        keys = {self._settings.key("open311")}
        app.add_routes(open311.routes(self._casework, keys, self._settings.public_url, self._city))
        if self._provider:
            app.add_routes(self._provider.routes("/sandbox/twilio"))
            app.add_routes(page.routes(self._provider, try_these=page.DEMO_TEXTS, city=self._city.name))
        app.cleanup_ctx.append(self._lifetime)
        app.on_shutdown.append(self._hang_up)
        return app

    async def _lifetime(self, _app: web.Application) -> AsyncIterator[None]:
        await upgrade(self._database)
        with_cases = not self._settings.production
        if added := await load_demo(self._casework, self._settings.city_dir, utc_now(), with_cases=with_cases):
            log.info("demo_loaded", cases=added)
        await self._core.launch()
        for name, status in self.status.items():
            log.info("channel", channel=name, status=status)
        yield
        await self._core.close()
        if self._provider:
            await self._provider.close()
        await self._engine.close()
        await self._database.dispose()

    async def _hang_up(self, _app: web.Application) -> None:
        # Before the rest: the server waits for open sockets, and a live channel for answers that need the rest.
        await asyncio.gather(*(channel.close() for channel in self._channels.values()))

    @unbroken
    async def _database_ready(self) -> bool:
        async with self._database.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return True

    async def _actions_ready(self) -> bool:
        url = f"{self._settings.actions_url}/health"
        async with aiohttp.ClientSession() as http, http.get(url) as response:
            return response.status == 200


async def _repeat(chore: Callable[[], Awaitable[Any]], seconds: float) -> None:
    while True:
        try:
            await chore()
        except Exception:  # it is tried again; meanwhile the log says so
            log.exception("chore_failed", chore=chore.__name__)
        await asyncio.sleep(seconds)
