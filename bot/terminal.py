"""`civicline chat`: the running gateway's web chat, spoken with from a terminal."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid

import aiohttp

from bot.settings import load


class NotRunning(Exception):
    """There is no gateway to talk to."""


def chat() -> int:
    """Talk until the input ends (Ctrl-D). Raises NotRunning."""
    return asyncio.run(_chat(load().local_url))


async def _chat(url: str) -> int:
    jar = aiohttp.CookieJar(unsafe=True)  # unsafe: cookies of an IP address too, which ours is
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"Origin": url}) as http:
        try:
            async with http.get(f"{url}/chat") as page:
                page.raise_for_status()
            socket = await http.ws_connect(f"{url}/chat/socket", heartbeat=30)
        except aiohttp.ClientError:
            raise NotRunning(f"nothing answers at {url}; start it with: make run") from None
        print("Write to the city; Ctrl-D ends.", flush=True)
        await socket.send_json({"type": "hello", "after": 0})
        speaking = asyncio.create_task(_speak(socket))
        async for frame in socket:
            shown = json.loads(frame.data)
            if shown["type"] == "line" and shown["author"] != "citizen":
                _show(shown)
            elif shown["type"] == "error":
                print(f"! {shown['text']}", flush=True)
        speaking.cancel()
    return 0


async def _speak(socket: aiohttp.ClientWebSocketResponse) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip():
            await socket.send_json({"type": "message", "id": str(uuid.uuid4()), "text": line.strip()})
    # What was said last is still to be answered; a piped script must see it.
    await asyncio.sleep(2)
    await socket.close()


def _show(line: dict[str, str]) -> None:
    print(f"{line['author']}> {line['text']}", flush=True)
    for number, title in enumerate(line["choices"], 1):
        print(f"  {number} {title}", flush=True)
