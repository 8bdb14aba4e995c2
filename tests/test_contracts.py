"""What holds for every channel and every department: the two lists, read against their protocols."""

from __future__ import annotations

import inspect
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from actions.departments import DEPARTMENTS
from actions.departments.base import BadEntry, Department, NotOffered
from bot.answers import ROOT
from bot.ports import Channel, NotConfigured, Premises
from channels import CHANNELS
from tests.channels.harness import FakeCore

EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
# Where a channel's routes are, if not under /channels/<name>: these are in DESIGN's list of the program's outside.
PREFIXES = {"webchat": "/chat"}
VARIABLE = re.compile(r'"((?!CIVICLINE_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"(?!: *"")')  # not those that are blanked
SECRETIVE = re.compile("TOKEN|SECRET|KEY|PASSWORD")
SECRET = secrets.token_hex(16)

every_channel = pytest.mark.parametrize("kind", CHANNELS, ids=lambda kind: kind.name)
every_department = pytest.mark.parametrize("name", DEPARTMENTS)


def sources(package: str, name: str) -> list[Path]:
    """Return the files of one plug-in: a module, or a folder's."""
    module = ROOT / package / f"{name}.py"
    return [module] if module.exists() else sorted((ROOT / package / name).rglob("*.py"))


def variables(name: str) -> list[str]:
    """Return the environment variables that a channel reads, by their names in its source."""
    return sorted({found for path in sources("channels", name) for found in VARIABLE.findall(path.read_text("utf-8"))})


def premises(env: Mapping[str, str] | None = None, *, production: bool = False) -> Premises:
    """Return a house in which only these variables are set."""
    kept = {"CIVICLINE_SECRET_KEY": SECRET, "CIVICLINE_LOCAL_URL": "http://127.0.0.1:8080"}
    return Premises(kept | dict(env or {}), "https://line.example", production)


def a_channel(kind: type[Channel]) -> Channel:
    """Return the channel as it is outside production."""
    channel = kind.open(premises())
    assert channel is not None, "a channel can be tried without credentials of anybody"
    return channel


# Channels


def test_names_are_all_different() -> None:
    assert len({kind.name for kind in CHANNELS}) == len(CHANNELS) > 1


@every_channel
def test_a_channel_has_what_the_core_asks_for(kind: type[Channel]) -> None:
    channel = a_channel(kind)
    assert re.fullmatch(r"[a-z]+", channel.name)
    assert channel.name == kind.name
    assert (type(channel.live), type(channel.buttons)) == (bool, bool)
    assert channel.limit >= 70, "one text message, at its shortest"
    for verb in ("send", "find", "close"):
        ours, asked = getattr(kind, verb), getattr(Channel, verb)
        assert inspect.iscoroutinefunction(ours)
        assert list(inspect.signature(ours).parameters) == list(inspect.signature(asked).parameters)


@every_channel
def test_a_channel_is_where_its_name_says(kind: type[Channel]) -> None:
    assert kind.__module__.split(".")[:2] == ["channels", kind.name]
    assert sources("channels", kind.name)
    assert (ROOT / "tests" / "channels" / f"test_{kind.name}.py").exists()


@every_channel
def test_a_channels_routes_are_its_own(kind: type[Channel]) -> None:
    app = web.Application()
    app.add_routes(a_channel(kind).routes(FakeCore()))
    prefix = PREFIXES.get(kind.name, f"/channels/{kind.name}")
    paths = [resource.canonical for resource in app.router.resources()]
    assert paths
    assert [path for path in paths if path != prefix and not path.startswith(f"{prefix}/")] == []


@every_channel
def test_a_channels_variables_are_in_the_example(kind: type[Channel]) -> None:
    missing = [name for name in variables(kind.name) if not re.search(rf"^#?{name}=", EXAMPLE, re.M)]
    assert missing == []


@every_channel
def test_a_channel_that_is_half_configured_says_so(kind: type[Channel]) -> None:
    for name in variables(kind.name):
        with pytest.raises(NotConfigured) as refused:
            kind.open(premises({name: SECRET}))
        [line] = str(refused.value).splitlines()
        assert "_" in line
        assert SECRET not in line


@every_channel
def test_in_production_a_channel_is_there_or_off(kind: type[Channel]) -> None:
    channel = kind.open(premises(production=True))
    assert channel is None if variables(kind.name) else isinstance(channel, kind)


@every_channel
async def test_a_channel_shows_no_secret_and_is_closed_twice(kind: type[Channel]) -> None:
    house = premises({name: SECRET if SECRETIVE.search(name) else "https://api.example" for name in variables(kind.name)})
    channel = kind.open(house)
    assert channel is not None
    secret = (SECRET, house.key("sandbox").hex()[32:])
    assert [shown for shown in shown_by(channel) if any(part in shown for part in secret)] == []
    await channel.close()
    await channel.close()


def shown_by(thing: object) -> Iterator[str]:
    """Yield how a thing would appear in a log, and what of its own it consists of (a bare text shows what it is)."""
    parts = (part for part in vars(thing).values() if not isinstance(part, str | tuple))
    yield from (f"{part!r} {part}" for part in (thing, *parts))


# Departments

VERBS: dict[str, tuple[Any, ...]] = {
    "services": ("en",),
    "questions": ("POTHOLE", "en"),
    "case": ("482109376", "en"),
    "file": (None, "key"),
    "check": (),
}


class Silent(Department):
    """A department that offers nothing."""


@pytest.mark.parametrize("verb", VERBS)
async def test_what_a_department_does_not_offer_it_says(verb: str) -> None:
    with pytest.raises(NotOffered, match=f"silent does not offer: {verb}"):
        await getattr(Silent("silent", {"en": "Silent"}), verb)(*VERBS[verb])


def test_all_verbs_are_known_here() -> None:
    verbs = {name for name, verb in vars(Department).items() if inspect.iscoroutinefunction(verb) and not name.startswith("_")}
    assert verbs == {*VERBS, "close"}


@every_department
def test_a_department_keeps_to_the_protocol(name: str) -> None:
    kind = DEPARTMENTS[name]
    assert issubclass(kind, Department)
    assert kind.__module__.split(".")[:3] == ["actions", "departments", name]
    assert list((ROOT / "tests" / "actions" / "departments").glob(f"test_{name}*.py"))
    for verb in (*VERBS, "close"):
        ours, asked = getattr(kind, verb), getattr(Department, verb)
        assert inspect.iscoroutinefunction(ours)
        assert list(inspect.signature(ours).parameters) == list(inspect.signature(asked).parameters)


@every_department
def test_a_department_without_its_settings_says_so(name: str) -> None:
    with pytest.raises(BadEntry) as refused:
        DEPARTMENTS[name].open("here", {"en": "Here"}, {})
    assert len(str(refused.value).splitlines()) == 1


@every_department
async def test_a_department_shows_no_secret_and_is_closed_twice(name: str) -> None:
    department = DEPARTMENTS[name].open("here", {"en": "Here"}, {"url": f"http://me:{SECRET}@127.0.0.1:1", "api_key": SECRET})
    assert [shown for shown in shown_by(department) if SECRET in shown] == []
    assert department.called("es") == "Here"
    await department.close()
    await department.close()
