"""The `civicline` command and `make`, from the outside: what a person types and what comes back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli import main

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ["", "up", "train", "chat", "db", "db upgrade", "bench", "bench turns", "departments", "departments check"]


def civicline(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command with only these settings of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CIVICLINE_", "TWILIO_", "TELEGRAM_"))}
    command = [sys.executable, "-m", "bot.cli", *arguments]
    return subprocess.run(
        command, env=env | settings, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([*words.split(), "--help"])
    assert left.value.code == 0
    assert f"usage: civicline {words}".strip() in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["fly"], ["db"], ["up", "--fast"], ["bench", "turns", "x"]], ids=" ".join)
def test_a_wrong_command_is_told_so(arguments: list[str]) -> None:
    done = civicline(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "usage: civicline" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def taken_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the only line that was said. Nothing may be on stdout."""
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    return line


WRONG = {
    "a database that is none": ({"CIVICLINE_DATABASE_URL": "nonsense"}, "CIVICLINE_DATABASE_URL"),
    "an address that is none": ({"CIVICLINE_ENGINE_URL": "localhost:1"}, "CIVICLINE_ENGINE_URL"),
    "a port that is none": ({"CIVICLINE_PORT": "http"}, "CIVICLINE_PORT"),
    "no secret in production": ({"CIVICLINE_ENV": "production"}, "CIVICLINE_SECRET_KEY"),
    "a folder that cannot be": ({"CIVICLINE_DATA_DIR": "/proc/civicline"}, "CIVICLINE_DATA_DIR"),
    "a host of somebody else": ({"CIVICLINE_HOST": "192.0.2.1"}, "cannot listen on 192.0.2.1"),
}


@pytest.mark.parametrize(("settings", "said"), WRONG.values(), ids=WRONG)
def test_wrong_settings_are_one_line(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    done = civicline("up", **{"CIVICLINE_DATA_DIR": str(tmp_path)} | settings)
    assert done.returncode == 2
    assert said in one_line(done)


def test_a_taken_port_is_one_line(tmp_path: Path, taken_port: str) -> None:
    done = civicline("up", CIVICLINE_DATA_DIR=str(tmp_path), CIVICLINE_PORT=taken_port)
    assert done.returncode == 2
    assert f"port {taken_port} (Address already in use)" in one_line(done)


def test_debug_shows_where_an_error_came_from(tmp_path: Path) -> None:
    done = civicline("db", "upgrade", "--debug", CIVICLINE_DATA_DIR=str(tmp_path), CIVICLINE_PORT="x")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_the_database_is_made(tmp_path: Path) -> None:
    done = civicline("db", "upgrade", CIVICLINE_DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "the database is at the present schema\n"), done.stderr
    assert (tmp_path / "civicline.sqlite").exists()


def test_make_tells_its_targets() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in said.splitlines()} == {"help", "run", "test", "check", "bench", "train", "clean"}


def test_departments_that_do_not_answer_are_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = str(server.getsockname()[1])
    done = civicline("departments", "check", CIVICLINE_DATA_DIR=str(tmp_path), CIVICLINE_PORT=nobody)
    assert done.returncode == 1, done.stderr
    assert "services: " in done.stdout
    assert done.stderr == "civicline: a department does not answer as it should\n"
