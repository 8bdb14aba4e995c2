"""A real browser, and a town to look at with it: the chat and the sandbox over a core that remembers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright

from bot.ports import Premises
from bot.sandbox import page as sandbox
from bot.sandbox.provider import LocalProvider
from channels.sms import Sms
from channels.webchat import WebChat
from tests.channels.live import LiveCore

CHROMIUM = Path(os.environ.get("CIVICLINE_CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TRY_THESE = (
    "Where is my case 482 109 379?",
    "¿Cómo va mi caso 482 109 379?",
    "There is a pothole on Elm Street",
    "I want to complain",
)


@pytest.fixture
def installed() -> Path:
    """Debian's Chromium, or the one that CIVICLINE_CHROMIUM names. Skips without one, but fails where CI=true."""
    if not CHROMIUM.exists():
        missing = f"no browser at {CHROMIUM}: `apt-get install chromium`, or set CIVICLINE_CHROMIUM to one"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return CHROMIUM


@pytest.fixture
async def chromium(installed: Path) -> AsyncIterator[Browser]:
    """A browser with nothing in it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed, args=FLAGS)
        yield browser
        await browser.close()


Opener = Callable[..., Any]


@pytest.fixture
async def open_page(chromium: Browser) -> AsyncIterator[Opener]:
    """Open an address in a browser of its own; at the end nothing may have gone wrong or come from elsewhere."""
    troubles: list[str] = []
    async with AsyncExitStack() as stack:

        async def open_(url: str, **options: Any) -> Page:
            context: BrowserContext = await chromium.new_context(**{"viewport": {"width": 1000, "height": 760}, **options})
            stack.push_async_callback(context.close)
            page = await context.new_page()
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("console", lambda message: _note(message, troubles))
            home = url.split("/")[2]
            page.on("request", lambda sent: _stays(sent, home, troubles))
            await page.goto(url)
            return page

        yield open_
    assert troubles == []


def _note(message: ConsoleMessage, troubles: list[str]) -> None:
    # An answer of 4xx is shown as an error by the browser; the tests look at those themselves.
    if message.type in ("error", "warning") and not message.text.startswith(("Failed to load resource", "WebSocket connection")):
        troubles.append(message.text)


def _stays(sent: Request, home: str, troubles: list[str]) -> None:
    if sent.url.split("/")[2] != home:
        troubles.append("elsewhere: " + sent.url)


@dataclass
class Town:
    """What is served, and where."""

    url: str
    core: LiveCore
    chat: WebChat
    provider: LocalProvider


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    """The chat, the sandbox, and between them the real text message channel and the local provider."""
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    premises = Premises({"CIVICLINE_SECRET_KEY": "k" * 32, "CIVICLINE_LOCAL_URL": url}, url, False, "Riverton")
    core, chat, sms, provider = LiveCore(), WebChat(premises, patience=1), Sms.open(premises), LocalProvider.of(premises)
    assert sms is not None
    core.channels = {chat.name: chat, sms.name: sms}
    app = web.Application()
    app.add_routes(chat.routes(core))
    app.add_routes(sms.routes(core))
    app.add_routes(provider.routes("/sandbox/twilio"))
    app.add_routes(sandbox.routes(provider, try_these=TRY_THESE, city="Riverton"))
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield Town(url, core, chat, provider)
    core.gate.set()
    await asyncio.gather(chat.close(), sms.close(), provider.close())
    await runner.cleanup()
