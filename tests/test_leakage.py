"""A new channel is one file, one test and one line in one list: no other file names it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answers import ROOT
from channels import CHANNELS

# Who else may name a channel or its provider, and why.
ALLOWED = {
    "channels/__init__.py": "the one list",
    "bot/app.py": "the composition root",
    "bot/sandbox/": "stands in for a channel's provider, in that provider's own words",
    "bot/bench/": "starts a whole system with a provider of its own",
    "bot/up.py": "keeps the channels' secrets from the programs that have no use for them",
}
VARIABLE = re.compile(r'"((?!CIVICLINE_)[A-Z]+)_[A-Z0-9_]+"')
PROGRAMS = sorted(
    path.relative_to(ROOT)
    for folder in ("bot", "channels", "actions", "nlu")
    for path in (ROOT / folder).rglob("*.py")
    if ".venv" not in path.parts
)


def own(name: str) -> tuple[str, str]:
    """Return where a channel may name itself."""
    return f"channels/{name}.py", f"channels/{name}/"


def names_of(name: str) -> set[str]:
    """Return what a channel is called: its name, and the provider whose variables it reads."""
    files = [path for path in PROGRAMS if str(path).startswith(own(name))]
    read = "".join((ROOT / path).read_text("utf-8") for path in files)
    return {name} | {prefix.lower() for prefix in VARIABLE.findall(read)}


def said_in(source: str) -> Iterator[str]:
    """Yield a program's identifiers and texts: what it does. Its comments and docstrings may speak of what they please."""
    tree = ast.parse(source)
    spoken = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        for field in ("id", "attr", "name", "arg", "module", "asname"):
            if isinstance(value := getattr(node, field, None), str):
                yield value
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
            yield node.value


def names(source: str, words: set[str]) -> bool:
    """Say whether a program names one of the words, within a longer name too: `TwilioClient`, `web_chat`, `SMS_LIMIT`."""
    word = re.compile("|".join(rf"(?<![a-z]){'_?'.join(word)}(?![a-z])" for word in words))
    spread = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", said).lower() for said in said_in(source))
    return any(word.search(said) for said in spread)


@pytest.mark.parametrize("name", [kind.name for kind in CHANNELS])
def test_no_other_file_names_a_channel(name: str) -> None:
    words, known = names_of(name), (*ALLOWED, *own(name))
    others = [str(path) for path in PROGRAMS if not str(path).startswith(known)]
    assert len(others) > 50
    assert [path for path in others if names((ROOT / path).read_text("utf-8"), words)] == []


@pytest.mark.parametrize("path", ALLOWED)
def test_who_is_allowed_to_needs_to(path: str) -> None:
    words = set().union(*(names_of(kind.name) for kind in CHANNELS))
    files = [ROOT / program for program in PROGRAMS if str(program).startswith(path)]
    assert any(names(file.read_text("utf-8"), words) for file in files), f"{path} names no channel any more: take it off the list"


NAMING = {
    "an import": "from channels.pigeon import Loft",
    "a variable": "pigeon_limit = 3",
    "a constant": "PIGEON_LIMIT = 3",
    "a class": "class PigeonPost: ...",
    "an argument": "send(pigeon=True)",
    "an attribute": "bird.pigeon.fly()",
    "a text": 'if channel == "pigeon": ...',
    "part of a text": 'url = f"/channels/pigeon/{id}"',
    "an environment variable": 'env["PIGEON_TOKEN"]',
}


@pytest.mark.parametrize("source", NAMING.values(), ids=NAMING)
def test_what_counts_as_naming(source: str) -> None:
    assert names(source, {"pigeon"})


@pytest.mark.parametrize("source", ['"""Not for pigeons, nor a pigeon."""', "# a pigeon\nx = 1", 'bird = "pigeons"'])
def test_what_does_not(source: str) -> None:
    assert not names(source, {"pigeon"})


def test_the_providers_name_is_known_too() -> None:
    assert {word for kind in CHANNELS for word in names_of(kind.name)} >= {"sms", "twilio", "webchat"}


def test_programs_are_found() -> None:
    assert Path("bot/conversations.py") in PROGRAMS
    assert Path("nlu/engine.py") in PROGRAMS
