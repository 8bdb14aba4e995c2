"""The hash that says whether a model is up to date: it changes with every source and with nothing else."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

EXAMPLES = """version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - hi there
- intent: bye
  examples: |
    - good bye
    - see you
rules:
- rule: hello
  steps:
  - intent: greet
  - action: utter_hello
"""
DOMAIN = """version: "3.1"
intents: [greet, bye]
responses:
  utter_hello:
  - text: Hello.
"""
CONFIG = """recipe: default.v1
assistant_id: tiny
language: en
pipeline:
  - name: WhitespaceTokenizer
  - name: CountVectorsFeaturizer
  - name: LogisticRegressionClassifier
policies:
  - name: RulePolicy
"""
FILES = {
    "config.yml": CONFIG,
    "data/topics.yml": EXAMPLES,
    "data/departments.yml": "departments: []\n",
    "nlu/domain/topics.yml": DOMAIN,
    "nlu/components/__init__.py": "",
    "nlu/uv.lock": "version = 1\n",
}


def engine_module(name: str) -> ModuleType:
    """Import a file of nlu/, which is no package of this environment."""
    spec = importlib.util.spec_from_file_location(f"engine_{name}", ROOT / "nlu" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


model = engine_module("model")


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    """A bot of two intents in a folder of its own."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def fingerprint(bot: Path) -> Any:
    return model.Sources(bot).fingerprint()


CHANGES = {
    "an example more": lambda bot: (bot / "data/topics.yml").write_text(EXAMPLES + "\n"),
    "another pipeline": lambda bot: (bot / "config.yml").write_text(CONFIG + "# tuned\n"),
    "another answer": lambda bot: (bot / "nlu/domain/topics.yml").write_text(DOMAIN.replace("Hello", "Hi")),
    "a topic more": lambda bot: (bot / "data/more.yml").write_text("stories: []\n"),
    "a topic under another name": lambda bot: (bot / "data/topics.yml").rename(bot / "data/renamed.yml"),
    "a domain file more": lambda bot: (bot / "nlu/domain/more.yml").write_text("intents: [x]\n"),
    "a component deep down": lambda bot: (
        (bot / "nlu/components/a").mkdir(),
        (bot / "nlu/components/a/b.py").write_text("x = 1\n"),
    ),
    "another version of Rasa": lambda bot: (bot / "nlu/uv.lock").write_text("version = 2\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_source_changes_the_model(bot: Path, change: Callable[[Path], object]) -> None:
    before = fingerprint(bot)
    change(bot)
    assert fingerprint(bot) != before


NO_CHANGES = {
    "another department": lambda bot: (bot / "data/departments.yml").write_text("departments: [x]\n"),
    "a file touched": lambda bot: os.utime(bot / "config.yml", (0, 0)),
    "a compiled component": lambda bot: (bot / "nlu/components/x.pyc").write_bytes(b"x"),
    "a finished model": lambda bot: ((bot / "models").mkdir(), (bot / "models/x.tar.gz").write_bytes(b"x")),
    "the word in a text": lambda bot: (bot / "data/other.yml").write_text("about: 'our rules: be kind'\n"),
}


@pytest.mark.parametrize("change", NO_CHANGES.values(), ids=NO_CHANGES)
def test_nothing_else_does(bot: Path, change: Callable[[Path], object]) -> None:
    before = fingerprint(bot)
    change(bot)
    assert fingerprint(bot) == before


def test_the_newest_models_are_kept(tmp_path: Path) -> None:
    for age in range(5):
        path = tmp_path / f"dialogue-{age}.tar.gz"
        path.touch()
        os.utime(path, (1000 - age, 1000 - age))
    (tmp_path / "somebody-elses.tar.gz").touch()
    model.kept(tmp_path, newest=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dialogue-0.tar.gz",
        "dialogue-1.tar.gz",
        "dialogue-2.tar.gz",
        "somebody-elses.tar.gz",
    ]


def train(bot: Path) -> subprocess.CompletedProcess[str]:
    """Run the real training on the little bot."""
    command = [str(ROOT / "nlu/.venv/bin/python"), str(ROOT / "nlu/train.py"), "--root", str(bot)]
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "CIVICLINE_DATA_DIR": str(bot / "kept")}
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)


def test_a_model_is_trained_once(bot: Path) -> None:
    (bot / "models").mkdir()
    (bot / "models/.unfinished-dialogue-x.tar.gz").write_bytes(b"left by a training that was killed")
    done = train(bot)
    path = bot / "models" / f"dialogue-{fingerprint(bot)}.tar.gz"
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{path}\n"
    assert [found.name for found in (bot / "models").glob("*.tar.gz")] == [path.name]
    assert not list((bot / "models").glob(".unfinished*"))
    said = done.stderr.splitlines()
    assert len(said) > 2
    assert all(line.startswith("training the dialogue model: ") for line in said)
    assert "LogisticRegressionClassifier" in (bot / "kept/train.log").read_text()
    inode = path.stat().st_ino
    again = train(bot)
    assert (again.stdout, again.stderr) == (f"{path}\n", "")
    assert path.stat().st_ino == inode


def test_a_broken_domain_is_one_line_that_names_its_place(bot: Path) -> None:
    (bot / "nlu/domain/topics.yml").write_text(DOMAIN.replace("bye]", "bye"))
    done = train(bot)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = [line for line in done.stderr.splitlines() if not line.startswith("training")]
    assert line.startswith("The dialogue model cannot be trained: Failed to read 'nlu/domain/topics.yml'.")
    assert "line 3" in line
    assert not list((bot / "models").glob("*.tar.gz"))


def test_missing_sources_are_one_line(tmp_path: Path) -> None:
    done = train(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "config.yml" in done.stderr
