"""`civicline up`: engine, actions and gateway started together, from the settings to the addresses to open."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from dotenv import dotenv_values

from bot.children import CannotStart, Program
from bot.mergedlog import MergedLog
from bot.parent import follow_make
from bot.places import Place, Taken, place, try_to_listen
from bot.settings import BadSettings, Settings
from bot.supervisor import Stop, Supervisor, run_once
from bot.welcome import say_when_ready

TRAIN = "nlu/train.py"
# What only the gateway may know: neither the engine nor the actions are given these.
GATEWAY_ONLY = ("CIVICLINE_SECRET_KEY", "CIVICLINE_DATABASE_URL", "TWILIO_", "TELEGRAM_")


async def up(settings: Settings, *, began: float) -> None:
    """Start everything and keep it running until a signal ends it; `began` is when (monotonic) the command was given.

    Raises BadSettings, CannotStart: one line each, nothing left running.
    """
    check_free(settings)
    with only_one(settings.data_dir):
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            engine = await place(session, given(settings, "engine_url"))
            actions = await place(session, given(settings, "actions_url"))
            log = MergedLog()
            try:
                with Stop().listening() as stop:
                    following = asyncio.create_task(follow_make(stop.asked))
                    for name, there in (("engine", engine), ("actions", actions)):
                        if not there.ours:
                            log.line("civicline", f"using the {name} at {there.url}")
                    model = await trained(settings, log, stop) if engine.ours else ""
                    if stop.asked.is_set():
                        return
                    supervisor = Supervisor(
                        programs(settings, engine, actions, model),
                        log,
                        welcome=lambda: say_when_ready(session, settings, log, began),
                    )
                    await supervisor.run(stop)
                    log.line("civicline", "stopped")
                    following.cancel()
            finally:
                log.close()


def programs(settings: Settings, engine: Place, actions: Place, model: str) -> list[Program]:
    """Return what we start, in the order in which each needs the ones before it."""
    tokens = {"CIVICLINE_ENGINE_TOKEN": settings.key("engine"), "CIVICLINE_ACTIONS_TOKEN": settings.key("actions")}
    for_engine = shared(settings) | tokens | {"CIVICLINE_ACTIONS_URL": actions.url}
    for_gateway = surroundings(settings) | {
        "CIVICLINE_ENGINE_URL": engine.url,
        "CIVICLINE_ACTIONS_URL": actions.url,
        "CIVICLINE_SECRET_KEY": settings.secret_key,
    }
    engine_command = (engine_python(), "nlu/engine.py", "--model", model, *engine.arguments)
    actions_command = (sys.executable, "-m", "actions", *actions.arguments)
    gateway_command = (sys.executable, "-m", "bot")
    return [
        *([Program("engine", engine_command, for_engine, f"{engine.url}/health")] if engine.ours else []),
        *([Program("actions", actions_command, for_actions(settings), f"{actions.url}/health")] if actions.ours else []),
        Program("gateway", gateway_command, for_gateway, f"{settings.local_url}/healthz"),
    ]


def for_actions(settings: Settings) -> dict[str, str]:
    """Return the environment of the action server, with the way to the built-in department."""
    return shared(settings) | {
        "CIVICLINE_ACTIONS_TOKEN": settings.key("actions"),
        "CIVICLINE_OPEN311_KEY": settings.key("open311"),
        "CIVICLINE_CASEWORK_URL": f"{settings.local_url}/open311/v2",
    }


def shared(settings: Settings) -> dict[str, str]:
    """Return what every program may know of our surroundings."""
    return {name: value for name, value in surroundings(settings).items() if not name.startswith(GATEWAY_ONLY)}


def surroundings(settings: Settings) -> dict[str, str]:
    """Return the environment of our programs: ours, under it what `.env` says, and output that comes line by line."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    here = {"CIVICLINE_DATA_DIR": str(settings.data_dir.resolve()), "PYTHONUNBUFFERED": "1"}
    return from_file | dict(os.environ) | here


async def trained(settings: Settings, log: MergedLog, stop: Stop) -> str:
    """Return the path of the model of today's sources; trains it if it is missing. Raises BadSettings, CannotStart."""
    outcome = await run_once(Program("train", (engine_python(), TRAIN), shared(settings)), log, stop)
    if outcome is None:
        return ""
    code, said = outcome
    if code:
        raise CannotStart(said or f"the training ended with code {code}")
    return said


def engine_python() -> str:
    """Return the Python of the engine's environment. Raises BadSettings."""
    path = Path("nlu/.venv/bin/python")
    if not path.exists():
        raise BadSettings(f"{path} is missing: `make run` sets the engine's environment up")
    return str(path)


def given(settings: Settings, name: str) -> str:
    """Return an address that somebody set, "" for one that is only our default."""
    return str(getattr(settings, name)) if name in settings.model_fields_set else ""


def check_free(settings: Settings) -> None:
    """Raise BadSettings if the gateway could not listen: said before the training, not after it."""
    try:
        try_to_listen(settings.host, settings.port)
    except Taken as reason:
        raise BadSettings(f"CIVICLINE_PORT: cannot listen on {settings.host} port {settings.port} ({reason})") from None


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder: two gateways on one SQLite would both answer the same message. Raises BadSettings."""
    with (data_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadSettings(f"CIVICLINE_DATA_DIR: another Civicline is running with {data_dir}") from None
        yield
