"""What `civicline up` decides: what is started, where, with which secrets, and what it says when all is ready."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.mergedlog import MergedLog
from bot.places import Place, free_port, is_free, place
from bot.settings import BadSettings, Settings
from bot.up import only_one, programs
from bot.welcome import say_when_ready
from tests.test_supervisor import gone

SECRET = "0123456789abcdef"
OURS = Place("http://127.0.0.1:1111", ours=True), Place("http://127.0.0.1:2222", ours=True)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def healthy() -> AsyncIterator[str]:
    """The address of a program that says it is healthy."""

    async def health(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/health", health)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_without_an_address_a_free_port_is_taken(session: aiohttp.ClientSession) -> None:
    found = await place(session, "")
    host, port = found.arguments[1], int(found.arguments[3])
    assert found.ours
    assert host == "127.0.0.1"
    assert is_free(host, port)


async def test_who_answers_already_is_used(session: aiohttp.ClientSession, healthy: str) -> None:
    assert await place(session, healthy) == Place(healthy, ours=False)


async def test_a_free_port_of_this_machine_is_ours_to_use(session: aiohttp.ClientSession) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert await place(session, url) == Place(url, ours=True)


@pytest.mark.parametrize("url", ["http://engine.invalid:8081", "https://127.0.0.1:1", "http://127.0.0.1:1/engine"])
async def test_other_machines_are_not_ours(session: aiohttp.ClientSession, url: str) -> None:
    assert await place(session, url) == Place(url, ours=False)


async def test_a_taken_port_is_not_ours(session: aiohttp.ClientSession) -> None:
    async with TestServer(web.Application()) as server:
        url = str(server.make_url("")).rstrip("/")
        assert await place(session, url) == Place(url, ours=False)


def settings(tmp_path: Path, port: int = 8888) -> Settings:
    return Settings.model_validate({"secret_key": SECRET, "data_dir": tmp_path, "port": port})


def test_each_program_is_given_its_own_secrets_only(tmp_path: Path) -> None:
    ours = settings(tmp_path)
    engine, actions, gateway = programs(ours, *OURS, "models/x.tar.gz")
    assert [p.name for p in (engine, actions, gateway)] == ["engine", "actions", "gateway"]
    assert engine.env["CIVICLINE_ENGINE_TOKEN"] == ours.key("engine")
    assert engine.env["CIVICLINE_ACTIONS_TOKEN"] == actions.env["CIVICLINE_ACTIONS_TOKEN"] == ours.key("actions")
    assert actions.env["CIVICLINE_OPEN311_KEY"] == ours.key("open311")
    assert actions.env["CIVICLINE_CASEWORK_URL"] == "http://127.0.0.1:8888/open311/v2"
    assert gateway.env["CIVICLINE_ENGINE_URL"] == OURS[0].url
    assert gateway.env["CIVICLINE_ACTIONS_URL"] == engine.env["CIVICLINE_ACTIONS_URL"] == OURS[1].url
    assert SECRET not in {*engine.env.values(), *actions.env.values()}
    assert "CIVICLINE_ENGINE_TOKEN" not in actions.env
    assert engine.command[1:] == ("nlu/engine.py", "--model", "models/x.tar.gz", "--host", "127.0.0.1", "--port", "1111")


def test_programs_elsewhere_are_not_started(tmp_path: Path) -> None:
    there = Place("http://engine.invalid:8081", ours=False)
    assert [program.name for program in programs(settings(tmp_path), there, OURS[1], "")] == ["actions", "gateway"]
    assert [program.name for program in programs(settings(tmp_path), there, there, "")] == ["gateway"]


def test_a_data_folder_belongs_to_one(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(BadSettings, match="another Civicline is running"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


async def test_ready_is_told_with_what_is_there(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    asked = 0

    async def readyz(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        channels = {"sms": "off: TWILIO_ACCOUNT_SID is not set", "webchat": "on"}
        return web.json_response({"channels": channels}, status=200 if asked > 1 else 503)

    async def cases(_request: web.Request) -> web.Response:
        return web.json_response([{"service_request_id": "7"}, {"service_request_id": "482109376"}])

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.add_routes([web.get("/readyz", readyz), web.get("/open311/v2/requests.json", cases), web.get("/chat", page)])
    with (tmp_path / "log").open("w") as file:
        log = MergedLog(file.fileno())
        async with TestServer(app) as server:
            ours = settings(tmp_path, server.port or 0)
            await say_when_ready(session, ours, log, began=0)
        log.close()
    said = (tmp_path / "log").read_text()
    assert "Civicline is ready, after " in said
    assert f"{ours.local_url}/chat" in said
    assert "/sandbox/" not in said  # it is not there
    assert "off: TWILIO_ACCOUNT_SID is not set" in said
    assert "where is my case 482 109 376" in said


FOLLOWS = """
    import asyncio, sys
    from bot.children import Program
    from bot.mergedlog import MergedLog
    from bot.parent import follow_make
    from bot.supervisor import Stop, Supervisor
    SLEEPS = "import os, time; print('pids', os.getppid(), os.getpid()); time.sleep(600)"
    async def main():
        with Stop().listening() as stop:
            following = asyncio.create_task(follow_make(stop.asked))
            await Supervisor([Program("p", (sys.executable, "-uc", SLEEPS), {})], MergedLog()).run(stop)
    asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_whatever_ends_make_ends_everything(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "follows.py").write_text(textwrap.dedent(FOLLOWS))
    (tmp_path / "Makefile").write_text(f"run:\n\t@exec {sys.executable} follows.py\n")
    make = subprocess.Popen(["make", "run"], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert make.stdout
    pids = [int(pid) for pid in make.stdout.readline().split("pids")[1].split()]
    make.send_signal(number)
    ended = gone(pids, 8)
    for pid in () if ended else pids:
        os.kill(pid, signal.SIGKILL)
    make.wait(5)
    make.stdout.close()
    assert ended
