"""The installation's settings, from the environment or `.env`: a wrong one stops the start with one clear line."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.answers import ROOT
from bot.keys import token
from bot.ports import Premises


class BadSettings(Exception):
    """A setting is wrong or missing; the text is one line that says which and what to do."""


class Settings(BaseSettings):
    """Every variable that starts with CIVICLINE_. Times are in seconds."""

    # An empty variable is none: `CIVICLINE_DATA_DIR=` would else mean the folder in which we were started.
    model_config = SettingsConfigDict(
        env_prefix="CIVICLINE_", env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    env: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    public_url: str = ""
    data_dir: Path = Path(".civicline")
    # Who the city is and what its departments offer: city.yml, departments.yml, services.yml.
    city_dir: Path = ROOT / "data" / "demo"
    database_url: str = Field(default="", repr=False)  # may hold a password
    engine_url: str = "http://127.0.0.1:8081"
    actions_url: str = "http://127.0.0.1:8082"
    secret_key: str = Field(default="", repr=False)
    # How long a turn may wait for an engine or action server that is down: a restart of the engine takes 30 s.
    turn_patience: float = Field(default=90, gt=0)
    log_format: Literal["console", "json"] = "console"

    @field_validator("public_url", "engine_url", "actions_url")
    @classmethod
    def _http(cls, url: str) -> str:
        if url and not _is_address(url):
            raise ValueError("must be an address such as https://city.example")
        return url.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: str) -> str:
        try:
            known = not url or make_url(url).get_backend_name() in ("sqlite", "postgresql")
        except ArgumentError:
            known = False
        if not known:
            raise ValueError("must be sqlite:///path/to/file or postgresql://user:password@host/name")
        return url

    @property
    def production(self) -> bool:
        """Whether real citizens are served: the sandbox is off and secrets must be given."""
        return self.env == "production"

    @property
    def local_url(self) -> str:
        """The gateway's own address on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 (compared, not bound)
        return f"http://{host}:{self.port}"

    def key(self, purpose: str) -> str:
        """Return the token of this installation for one purpose ("engine", "actions", "open311", …)."""
        return token(self.secret_key, purpose)

    def premises(self, city: str, emergency: str) -> Premises:
        """Return what the channels may know, of a city with this name and emergency number too."""
        env = {k: v for k, v in dotenv_values(".env").items() if v is not None} | dict(os.environ)
        env |= {"CIVICLINE_SECRET_KEY": self.secret_key, "CIVICLINE_LOCAL_URL": self.local_url}
        return Premises(env, self.public_url, self.production, city, emergency)


def load() -> Settings:
    """Read the settings, and make the data folder. Raises BadSettings."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "CIVICLINE_" + str(first["loc"][0]).upper()
        raise BadSettings(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f".env cannot be read ({type(error).__name__})") from None
    _make_data_dir(settings.data_dir)
    if not settings.secret_key:
        if settings.production:
            raise BadSettings("CIVICLINE_SECRET_KEY is missing: production needs one, e.g. from `openssl rand -hex 32`")
        settings.secret_key = _development_key(settings.data_dir)
    if len(settings.secret_key) < 16:
        raise BadSettings("CIVICLINE_SECRET_KEY is too short: it must have 16 characters or more")
    if settings.production and not settings.public_url.startswith("https://"):
        raise BadSettings("CIVICLINE_PUBLIC_URL must be the city's https:// address in production")
    settings.public_url = settings.public_url or settings.local_url
    settings.database_url = settings.database_url or f"sqlite:///{settings.data_dir.resolve() / 'civicline.sqlite'}"
    return settings


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        in_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, a port that is no number
        return False
    return in_whole and not parts.query and not parts.fragment


def _make_data_dir(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadSettings(f"CIVICLINE_DATA_DIR: cannot write into {folder} ({error.strerror})") from None


def _development_key(folder: Path) -> str:
    path = folder / "secret.key"
    try:
        if not path.exists():
            # For us alone to read, as all that tempfile makes. Linked when it is whole: of two that start at once,
            # one makes the key and neither reads half of it.
            with tempfile.NamedTemporaryFile("w", dir=folder) as draft:
                draft.write(secrets.token_hex(32))
                draft.flush()
                with contextlib.suppress(FileExistsError):
                    os.link(draft.name, path)
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"CIVICLINE_SECRET_KEY: {path} cannot be read or made ({type(error).__name__})") from None
