"""`civicline chat`: the terminal talks to the running gateway, and says so when there is none."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer, unused_port

from bot.answers import ROOT
from bot.bench.system import System
from tests.test_road import POTHOLE


async def chat(port: int, folder: Path, typed: str | None) -> tuple[int, str, str]:
    """Run the command with `typed` as its input (None: nobody types, and it stays open); its code, stdout, stderr."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CIVICLINE_")}
    env |= {"CIVICLINE_PORT": str(port), "CIVICLINE_DATA_DIR": str(folder)}
    command = (sys.executable, "-m", "bot.cli", "chat")
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, stderr=pipe)
    assert running.stdin
    assert running.stdout
    assert running.stderr
    if typed is not None:
        running.stdin.write(typed.encode())
        running.stdin.close()
    async with asyncio.timeout(60):
        out, err = await asyncio.gather(running.stdout.read(), running.stderr.read())
        return await running.wait(), out.decode(), err.decode()


@pytest.mark.asyncio(loop_scope="session")
async def test_the_city_answers_in_the_terminal(city: System, tmp_path: Path) -> None:
    code, out, err = await chat(city.port, tmp_path, f"hello\n\nwhere is my case {POTHOLE}?")
    assert (code, err) == (0, "")
    assert out.startswith("Write to the city; Ctrl-D ends.\nbot> ")
    assert POTHOLE in out.split("bot> ")[-1]


async def test_without_a_gateway_it_is_one_line(tmp_path: Path) -> None:
    port = unused_port()
    said = f"civicline: nothing answers at http://127.0.0.1:{port}; start it with: make run\n"
    assert await chat(port, tmp_path, "hello\n") == (1, "", said)


Socket = Callable[[web.WebSocketResponse], Awaitable[None]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Socket], Awaitable[int]]]:
    """Start a gateway that has only a chat, and that chat does what a test says; its port."""
    servers: list[TestServer] = []

    async def start(does: Socket) -> int:
        async def socket(request: web.Request) -> web.WebSocketResponse:
            opened = web.WebSocketResponse()
            await opened.prepare(request)
            await does(opened)
            return opened

        async def page(_request: web.Request) -> web.Response:
            return web.Response()

        app = web.Application()
        app.add_routes([web.get("/chat", page), web.get("/chat/socket", socket)])
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return servers[-1].port or 0

    yield start
    for server in servers:
        await server.close()


def line(author: str, text: str, *choices: str) -> str:
    """Return the frame that shows a line."""
    return json.dumps({"type": "line", "seq": 1, "author": author, "text": text, "choices": choices})


async def test_the_last_answer_is_waited_for(serve: Callable[[Socket], Awaitable[int]], tmp_path: Path) -> None:
    async def slow(socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            assert frame.type is WSMsgType.TEXT
            said = json.loads(frame.data)
            if said["type"] == "message":
                await asyncio.sleep(3)
                await socket.send_str(line("citizen", said["text"]))
                await socket.send_str(line("bot", f"You said {said['text']}", "Yes", "No"))
                await socket.send_str(json.dumps({"type": "accepted", "id": said["id"]}))

    code, out, err = await chat(await serve(slow), tmp_path, "¿mañana?\n")
    assert (code, err) == (0, "")
    assert out == "Write to the city; Ctrl-D ends.\nbot> You said ¿mañana?\n  1 Yes\n  2 No\n"


async def test_what_is_refused_is_said(serve: Callable[[Socket], Awaitable[int]], tmp_path: Path) -> None:
    async def refuse(socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            if id := json.loads(frame.data).get("id"):
                await socket.send_str(json.dumps({"type": "error", "text": "Too fast.", "id": id}))

    assert await chat(await serve(refuse), tmp_path, "a\n") == (0, "Write to the city; Ctrl-D ends.\n! Too fast.\n", "")


async def test_a_gateway_that_goes_away_ends_the_chat(serve: Callable[[Socket], Awaitable[int]], tmp_path: Path) -> None:
    async def leave(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        await socket.close()

    port = await serve(leave)
    code, _, err = await chat(port, tmp_path, None)
    assert (code, err) == (1, f"civicline: the gateway at http://127.0.0.1:{port} has closed the chat\n")
