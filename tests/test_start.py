"""The gateway as a program: what it says when it cannot start."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answers import ROOT

SECRET = "a-secret-nobody-should-read"


def gateway(folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `python -m bot` in an empty folder with only these settings, until it ends."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CIVICLINE_", "TWILIO_"))}
    env = kept | {"PYTHONPATH": str(ROOT)} | env
    command = [sys.executable, "-m", "bot"]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=60)


# What is wrong: (the environment, what the line must name, the exit code: 2 is for ever, 1 may pass).
WRONG = {
    "an address that is none": ({"CIVICLINE_ENGINE_URL": "localhost"}, "CIVICLINE_ENGINE_URL", 2),
    "no secret in production": ({"CIVICLINE_ENV": "production"}, "CIVICLINE_SECRET_KEY", 2),
    "a short secret": ({"CIVICLINE_SECRET_KEY": SECRET[:15]}, "CIVICLINE_SECRET_KEY", 2),
    "a folder that cannot be": ({"CIVICLINE_DATA_DIR": "/dev/null/here"}, "CIVICLINE_DATA_DIR", 2),
    "a database without a folder": ({"CIVICLINE_DATABASE_URL": "sqlite:////nowhere/a.sqlite"}, "CIVICLINE_DATABASE_URL", 1),
    "a city without files": ({"CIVICLINE_CITY_DIR": "/nowhere"}, "city.yml", 2),
    "half an account": ({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": SECRET}, "TWILIO_FROM missing", 2),
    "an account's address": (
        {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": SECRET, "TWILIO_FROM": "+15550100000", "TWILIO_API_BASE": "x"},
        "TWILIO_API_BASE",
        2,
    ),
}


@pytest.mark.parametrize(("env", "said", "code"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line(tmp_path: Path, env: dict[str, str], said: str, code: int) -> None:
    ended = gateway(tmp_path, env)
    assert (ended.returncode, ended.stdout) == (code, "")
    [line] = ended.stderr.splitlines()
    assert line.startswith("civicline: ")
    assert said in line
    assert SECRET[:15] not in line


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_seen_before_anything_is_done(tmp_path: Path, taken_port: int) -> None:
    ended = gateway(tmp_path, {"CIVICLINE_PORT": str(taken_port)})
    assert (ended.returncode, ended.stdout) == (2, "")
    said = f"civicline: CIVICLINE_PORT: cannot listen on 127.0.0.1 port {taken_port} (Address already in use)\n"
    assert ended.stderr == said
    # Whoever has the port may be another gateway: its work must not be taken up a second time.
    assert [path.name for path in (tmp_path / ".civicline").iterdir()] == ["secret.key"]
