"""The action server over HTTP: its token, its errors, kept reports, and its start."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from rasa_sdk.interfaces import ActionExecutionRejection

from actions.__main__ import steps
from actions.departments.values import Refused, Unavailable
from actions.offices import read_offices
from actions.server import application
from actions.turn import Answers, Message, Step
from tests.actions.city import City, directory

ROOT = Path(__file__).parents[2]
TOKEN = {"Authorization": "Bearer t0ken"}
REPORT = {"service": "pothole", "address": "12 elm st", "details": "", "answers": {}, "language": "en"}
KEPT = {"key": "m1:report", "department": "city", "report": REPORT}
Client = TestClient[Any, Any]


class Breaks(Step):
    title = "action_breaks"

    async def act(self, message: Message, answers: Answers) -> dict[str, Any]:
        raise RuntimeError(f"about {message.text}")


class Declines(Step):
    title = "action_declines"

    async def act(self, message: Message, answers: Answers) -> dict[str, Any]:
        raise ActionExecutionRejection(self.title)


@pytest.fixture
def city() -> City:
    return City()


@pytest_asyncio.fixture
async def client(city: City) -> AsyncIterator[Client]:
    all_of_them = directory(city)
    actions = [*steps(all_of_them, read_offices(ROOT / "data" / "offices.yml")), Breaks(), Declines()]
    async with TestClient(TestServer(application(actions, all_of_them, "t0ken"))) as client:
        yield client


def call(action: str, text: str = "") -> dict[str, Any]:
    tracker = {"sender_id": "c1", "slots": {}, "latest_message": {"text": text}, "events": [], "active_loop": {}}
    return {"next_action": action, "tracker": tracker, "version": "3.6.21"}


CALLS = [
    ("runs", call("action_hand_over"), TOKEN, 200),
    ("no token", call("action_hand_over"), {}, 401),
    ("a wrong token", call("action_hand_over"), {"Authorization": "Bearer tok€n"}, 401),
    ("no such action", call("action_unheard_of"), TOKEN, 404),
    ("declines", call("action_declines"), TOKEN, 400),
    ("breaks", call("action_breaks", "my secret"), TOKEN, 500),
    ("no tracker", {"next_action": "action_hand_over"}, TOKEN, 500),
    ("no object", [1], TOKEN, 400),
    ("nothing to run", {}, TOKEN, 200),
]


@pytest.mark.parametrize(("body", "headers", "status"), [row[1:] for row in CALLS], ids=[row[0] for row in CALLS])
async def test_webhook(
    client: Client, capsys: pytest.CaptureFixture[str], body: Any, headers: dict[str, str], status: int
) -> None:
    response = await client.post("/webhook", json=body, headers=headers)
    assert response.status == status
    out, err = capsys.readouterr()
    assert "secret" not in await response.text() + out + err


async def test_a_rejection_is_what_rasa_expects(client: Client) -> None:
    response = await client.post("/webhook", json=call("action_declines"), headers=TOKEN)
    assert (await response.json())["action_name"] == "action_declines"


async def test_bad_json(client: Client) -> None:
    response = await client.post("/webhook", data=b"\xff{", headers=TOKEN)
    assert response.status == 400


async def test_health_needs_no_token(client: Client) -> None:
    response = await client.get("/health")
    assert (response.status, (await response.json())["status"]) == (200, "ok")


FILES: list[tuple[str, Any, Exception | None, int, dict[str, str]]] = [
    ("filed", KEPT, None, 200, {"reference": "482 109 379"}),
    ("still down", KEPT, Unavailable("down"), 503, {"error": "unavailable"}),
    ("refused", KEPT, Refused("no"), 422, {"error": "refused"}),
    ("no such department", {**KEPT, "department": "nobody"}, None, 422, {"error": "refused"}),
]


@pytest.mark.parametrize(("body", "fault", "status", "answer"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
async def test_kept_reports(client: Client, city: City, body: Any, fault: Any, status: int, answer: dict[str, str]) -> None:
    city.down = fault
    response = await client.post("/reports", json=body, headers=TOKEN)
    assert (response.status, await response.json()) == (status, answer)
    assert list(city.filed) == (["m1:report"] if status == 200 else [])


@pytest.mark.parametrize(
    "body", [{}, {"key": "k", "department": "city"}, {**KEPT, "report": {"colour": "red"}}, {**KEPT, "report": 7}]
)
async def test_kept_reports_that_are_none(client: Client, body: Any) -> None:
    assert (await client.post("/reports", json=body, headers=TOKEN)).status == 400


async def test_kept_reports_need_the_token(client: Client, city: City) -> None:
    assert (await client.post("/reports", json=KEPT)).status == 401
    assert city.filed == {}


async def started(*arguments: str, **env: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "actions",
        *arguments,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


SET = {"CIVICLINE_ACTIONS_TOKEN": "t", "CIVICLINE_CASEWORK_URL": "http://127.0.0.1:9/open311/v2", "CIVICLINE_OPEN311_KEY": "k"}
STOPS = [
    ("no token", (), {}, "CIVICLINE_ACTIONS_TOKEN"),
    ("no department address", (), {"CIVICLINE_ACTIONS_TOKEN": "t"}, "CIVICLINE_CASEWORK_URL"),
    ("no departments", ("--departments", "/nowhere.yml"), SET, "/nowhere.yml"),
    ("no offices", ("--offices", "/nowhere.yml"), SET, "/nowhere.yml"),
    ("no such host", ("--host", "203.0.113.1", "--port", "0"), SET, "cannot listen"),
]


@pytest.mark.parametrize(("arguments", "env", "says"), [row[1:] for row in STOPS], ids=[row[0] for row in STOPS])
async def test_a_wrong_start_says_so_in_one_line(arguments: tuple[str, ...], env: dict[str, str], says: str) -> None:
    process = await started(*arguments, **env)
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    lines = err.decode().strip().splitlines()
    assert len(lines) == 1
    assert says in lines[0]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_a_clean_stop(unused_tcp_port: int, sign: signal.Signals) -> None:
    process = await started("--port", str(unused_tcp_port), **SET)
    async with aiohttp.ClientSession() as session:
        for _ in range(100):
            try:
                async with session.get(f"http://127.0.0.1:{unused_tcp_port}/health") as response:
                    assert response.status == 200
                    break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
        else:
            pytest.fail("the action server did not start")
    process.send_signal(sign)
    _, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0
    assert b"Traceback" not in err
