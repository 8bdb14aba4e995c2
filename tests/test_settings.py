"""Settings: every wrong one stops the start with one line that names it and tells no secret."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.settings import BadSettings, Settings, load

SECRET = "a-secret-nobody-should-read"
PRODUCTION = {
    "CIVICLINE_ENV": "production",
    "CIVICLINE_SECRET_KEY": SECRET,
    "CIVICLINE_PUBLIC_URL": "https://line.riverton.example",
}


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a test sets, and no `.env` but its own."""
    for name in [name for name in os.environ if name.startswith(("CIVICLINE_", "TWILIO_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def loaded(monkeypatch: pytest.MonkeyPatch, **env: str) -> Settings:
    """Return the settings of this environment."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return load()


def without(name: str) -> dict[str, str]:
    """Return a production environment that lacks one variable."""
    return {key: value for key, value in PRODUCTION.items() if key != name}


# What is wrong: (the environment, the variable that the line must name).
WRONG = {
    "no scheme": ({"CIVICLINE_PUBLIC_URL": "line.riverton.example"}, "CIVICLINE_PUBLIC_URL"),
    "another scheme": ({"CIVICLINE_ENGINE_URL": "ftp://127.0.0.1"}, "CIVICLINE_ENGINE_URL"),
    "no host": ({"CIVICLINE_ACTIONS_URL": "http://"}, "CIVICLINE_ACTIONS_URL"),
    "a query": ({"CIVICLINE_PUBLIC_URL": "https://line.example/?a=b"}, "CIVICLINE_PUBLIC_URL"),
    "half an address": ({"CIVICLINE_ENGINE_URL": "http://[::1"}, "CIVICLINE_ENGINE_URL"),
    "a port that is none": ({"CIVICLINE_ENGINE_URL": "http://127.0.0.1:99999"}, "CIVICLINE_ENGINE_URL"),
    "port 0": ({"CIVICLINE_PORT": "0"}, "CIVICLINE_PORT"),
    "port too high": ({"CIVICLINE_PORT": "65536"}, "CIVICLINE_PORT"),
    "port in words": ({"CIVICLINE_PORT": "eighty"}, "CIVICLINE_PORT"),
    "no patience": ({"CIVICLINE_TURN_PATIENCE": "0"}, "CIVICLINE_TURN_PATIENCE"),
    "unknown mode": ({"CIVICLINE_ENV": "prod"}, "CIVICLINE_ENV"),
    "unknown log": ({"CIVICLINE_LOG_FORMAT": "xml"}, "CIVICLINE_LOG_FORMAT"),
    "no database": ({"CIVICLINE_DATABASE_URL": f"nonsense {SECRET}"}, "CIVICLINE_DATABASE_URL"),
    "another database": ({"CIVICLINE_DATABASE_URL": f"mysql://root:{SECRET}@host/name"}, "CIVICLINE_DATABASE_URL"),
    "a database's port": ({"CIVICLINE_DATABASE_URL": f"postgresql://me:{SECRET}@host:x/name"}, "CIVICLINE_DATABASE_URL"),
    "short secret": ({"CIVICLINE_SECRET_KEY": SECRET[:15]}, "CIVICLINE_SECRET_KEY"),
    "no secret in production": (without("CIVICLINE_SECRET_KEY"), "CIVICLINE_SECRET_KEY"),
    "an empty secret in production": (PRODUCTION | {"CIVICLINE_SECRET_KEY": ""}, "CIVICLINE_SECRET_KEY"),
    "no address in production": (without("CIVICLINE_PUBLIC_URL"), "CIVICLINE_PUBLIC_URL"),
    "http in production": (PRODUCTION | {"CIVICLINE_PUBLIC_URL": "http://line.example"}, "CIVICLINE_PUBLIC_URL"),
}


@pytest.mark.parametrize(("env", "name"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], name: str) -> None:
    with pytest.raises(BadSettings) as refused:
        loaded(monkeypatch, **env)
    said = str(refused.value)
    assert said.startswith(name)
    assert len(said.splitlines()) == 1
    assert SECRET[:15] not in said
    assert refused.value.__cause__ is None


def test_a_data_folder_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").touch()
    for folder in ("taken", "taken/below"):
        with pytest.raises(BadSettings, match=f"^CIVICLINE_DATA_DIR: cannot write into {folder}"):
            loaded(monkeypatch, CIVICLINE_DATA_DIR=folder)


def test_a_key_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "secret.key").mkdir(parents=True)
    with pytest.raises(BadSettings, match=r"^CIVICLINE_SECRET_KEY: here/secret\.key cannot be read"):
        loaded(monkeypatch, CIVICLINE_DATA_DIR="here")


def test_a_dot_env_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"CIVICLINE_PORT=\xff\xfe")
    with pytest.raises(BadSettings, match=r"^\.env cannot be read"):
        load()


def test_nothing_set_is_a_development_machine(tmp_path: Path) -> None:
    settings = load()
    assert (settings.production, settings.public_url) == (False, "http://127.0.0.1:8080")
    assert settings.database_url == f"sqlite:///{tmp_path / '.civicline' / 'civicline.sqlite'}"
    assert sorted(path.name for path in (tmp_path / ".civicline").iterdir()) == ["secret.key"]


def test_the_development_key_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = {settings.secret_key for settings in threads.map(lambda _: load(), range(8))}
    keys.add(load().secret_key)
    [key] = keys
    assert len(key) == 64
    path = tmp_path / ".civicline" / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [other.name for other in path.parent.iterdir()] == ["secret.key"]


def test_no_key_is_made_in_production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, **PRODUCTION)
    assert (settings.production, settings.secret_key) == (True, SECRET)
    assert list((tmp_path / ".civicline").iterdir()) == []


def test_dot_env_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("CIVICLINE_PORT=9001\nCIVICLINE_HOST=0.0.0.0\nTWILIO_FROM=+15550100000\n")
    settings = loaded(monkeypatch, CIVICLINE_PORT="9002")
    assert (settings.host, settings.port, settings.local_url) == ("0.0.0.0", 9002, "http://127.0.0.1:9002")
    premises = settings.premises("Riverton", "911")
    assert (premises.env["TWILIO_FROM"], premises.env["CIVICLINE_PORT"]) == ("+15550100000", "9002")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, CIVICLINE_DATA_DIR="", CIVICLINE_PORT="", CIVICLINE_DATABASE_URL="")
    assert (str(settings.data_dir), settings.port) == (".civicline", 8080)


def test_an_address_is_kept_without_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(monkeypatch, CIVICLINE_PUBLIC_URL="https://line.example/").public_url == "https://line.example"


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"postgresql://me:{SECRET}@host/name"
    settings = loaded(monkeypatch, CIVICLINE_SECRET_KEY=SECRET, CIVICLINE_DATABASE_URL=url)
    assert settings.database_url == url
    assert SECRET not in f"{settings!r} {settings}"
