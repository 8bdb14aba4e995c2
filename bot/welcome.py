"""What is printed once everything works: the addresses to open and something to try."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp

from bot.mergedlog import MergedLog
from bot.settings import Settings

PAGES = (
    ("a phone to try", "/sandbox/"),
    ("web chat", "/chat"),
    ("staff console", "/console/"),
    ("Open311", "/open311/v2/discovery.json"),
)
SLOW = 60.0


async def say_when_ready(session: aiohttp.ClientSession, settings: Settings, log: MergedLog, began: float) -> None:
    """Wait until `/readyz` is green, then say where everything is. `began` is monotonic."""
    url, complain_at = settings.local_url, time.monotonic() + SLOW
    while True:
        status, body = await ask(session, f"{url}/readyz")
        if status == 200:
            break
        if time.monotonic() > complain_at:
            log.line("civicline", f"not ready yet: {url}/readyz says {body}")
            complain_at = time.monotonic() + SLOW
        await asyncio.sleep(0.3)
    seconds = time.monotonic() - began
    log.text("\n".join(["", f"Civicline is ready, after {seconds:.0f} s.", *await addresses(session, url, body), ""]))


async def addresses(session: aiohttp.ClientSession, url: str, readiness: Any) -> list[str]:
    """Return a line for each page that is there, for each channel that is off, and for a case to ask about."""
    found = []
    for name, path in PAGES:
        status, _ = await ask(session, url + path)
        if status and status < 400:
            found.append(f"  {name:<15} {url}{path}")
    channels = readiness.get("channels") if isinstance(readiness, dict) else None
    for name, state in channels.items() if isinstance(channels, dict) else ():
        if str(state) != "on":
            found.append(f"  {name:<15} {state}")
    if reference := await a_case(session, url):
        found.append(f'  text it         "where is my case {reference}"')
    return [*found, "  Ctrl-C ends it."]


async def a_case(session: aiohttp.ClientSession, url: str) -> str:
    """Return the reference of some public case of the built-in department as people read it, "" if there is none."""
    _, cases = await ask(session, f"{url}/open311/v2/requests.json")
    for case in cases if isinstance(cases, list) else ():
        digits = str(case.get("service_request_id", "")) if isinstance(case, dict) else ""
        if len(digits) == 9 and digits.isdigit():
            return f"{digits[:3]} {digits[3:6]} {digits[6:]}"
    return ""


async def ask(session: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    """Return the status and the body, as JSON where it is; (0, reason) if nobody answers."""
    try:
        async with session.get(url) as response:
            text = await response.text()
            return response.status, (await response.json() if "json" in response.content_type else text[:200])
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return 0, type(error).__name__
