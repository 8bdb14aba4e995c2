"""`civicline chat`: the running gateway's web chat, spoken with from a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import uuid

import aiohttp

from bot.settings import load

PATIENCE = 120.0  # seconds that the answer to what was said last is waited for


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
        except (aiohttp.ClientError, TimeoutError):
            raise NotRunning(f"nothing answers at {url}; start it with: make run") from None
        print("Write to the city; Ctrl-D ends.", flush=True)
        await socket.send_json({"type": "hello", "after": 0})
        talk = _Talk(socket)
        speaking, listening = asyncio.create_task(talk.speak()), asyncio.create_task(talk.listen())
        await asyncio.wait({speaking, listening}, return_when=asyncio.FIRST_COMPLETED)
        hung_up = not speaking.done()
        speaking.cancel()
        await socket.close()
        await asyncio.gather(speaking, listening, return_exceptions=True)
    if hung_up:
        raise NotRunning(f"the gateway at {url} has closed the chat")
    return 0


class _Talk:
    """One open socket: `_unanswered` are the ids of what was said and is not answered yet."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._unanswered: set[str] = set()
        self._answered = asyncio.Event()

    async def speak(self) -> None:
        """Say every line of standard input, and wait for the last answer."""
        typed = _typed()
        while (line := await typed.get()) is not None:
            if line.strip():
                id = str(uuid.uuid4())
                self._unanswered.add(id)
                await self._socket.send_json({"type": "message", "id": id, "text": line.strip()})
        try:
            async with asyncio.timeout(PATIENCE):
                while self._unanswered:
                    self._answered.clear()
                    await self._answered.wait()
        except TimeoutError:
            print("! no answer", flush=True)

    async def listen(self) -> None:
        """Show what comes, until the socket closes."""
        async for frame in self._socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            shown = json.loads(frame.data)
            if shown["type"] == "line" and shown["author"] != "citizen":
                _show(shown)
            elif shown["type"] == "error":
                print(f"! {shown['text']}", flush=True)
            # "accepted" comes behind the lines of its answer.
            if shown["type"] in ("accepted", "error"):
                self._unanswered.discard(shown.get("id", ""))
                self._answered.set()


def _typed() -> asyncio.Queue[str | None]:
    """Return a queue of the lines of standard input, None at its end.

    The thread is a daemon and reads the bare file: one that waits in `sys.stdin` would hold up our end until
    somebody presses Enter.
    """
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        left = b""
        while block := os.read(0, 65536):
            *whole, left = (left + block).split(b"\n")
            for line in whole:
                loop.call_soon_threadsafe(lines.put_nowait, line.decode(errors="replace"))
        for last in (left.decode(errors="replace"), None):
            loop.call_soon_threadsafe(lines.put_nowait, last)

    threading.Thread(target=read, daemon=True).start()
    return lines


def _show(line: dict[str, str]) -> None:
    print(f"{line['author']}> {line['text']}", flush=True)
    for number, title in enumerate(line["choices"], 1):
        print(f"  {number} {title}", flush=True)
