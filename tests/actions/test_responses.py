"""The domain against the actions: every response that is said exists, in every language, and none is left over."""

from __future__ import annotations

import re
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.__main__ import steps
from actions.words import LANGUAGES
from tests.actions.city import City, directory

ROOT = Path(__file__).parents[2]
DOMAIN = [yaml.safe_load(path.read_text("utf-8")) for path in sorted((ROOT / "nlu" / "domain").glob("*.yml"))]
RESPONSES: dict[str, list[dict[str, Any]]] = dict(chain.from_iterable(part.get("responses", {}).items() for part in DOMAIN))
RULES = [yaml.safe_load(path.read_text("utf-8")).get("rules", []) for path in sorted((ROOT / "data").glob("*.yml"))]
CODE = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "actions").glob("*.py")))
# f"utter_case_{status}" in the code stands for every response that it can become.
SAID = [re.sub(r"\\\{[^}]*\\\}", "[a-z_]*", re.escape(name)) for name in re.findall(r'"(utter_(?!message)[^"]*)"', CODE)]
[STORY] = yaml.safe_load((ROOT / "data" / "said_by_actions.yml").read_text("utf-8"))["stories"]
IN_RULES = {step["action"] for rule in chain.from_iterable(RULES) for step in rule["steps"] if "action" in step}
# GSM 03.38, the letters that one text message may carry 160 of; á, í, ó and ú are not among them.
MOST = 160


@pytest.mark.parametrize("name", RESPONSES)
def test_every_response_is_said_somewhere(name: str) -> None:
    assert name in IN_RULES or any(re.fullmatch(said, name) for said in SAID)


def test_the_story_that_rasas_check_reads_names_just_what_the_actions_say() -> None:
    listed = [step["action"] for step in STORY["steps"]]
    assert sorted(listed) == sorted(name for name in RESPONSES if name not in IN_RULES)


def test_rasas_own_check_has_nothing_to_say() -> None:
    rasa = str(ROOT / "nlu" / ".venv" / "bin" / "rasa")
    asked = [rasa, "data", "validate", "--domain", "nlu/domain", "--data", "data", "--config", "config.yml"]
    ended = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    assert "UserWarning" not in said, said


@pytest.mark.parametrize("said", SAID)
def test_every_response_that_is_said_exists(said: str) -> None:
    assert any(re.fullmatch(said, name) for name in RESPONSES)


@pytest.mark.parametrize("name", RESPONSES)
def test_every_response_has_one_text_in_each_language(name: str) -> None:
    conditions = [variation["condition"] for variation in RESPONSES[name]]
    assert conditions == [[{"type": "slot", "name": "language", "value": language}] for language in LANGUAGES]
    # A variation for a channel would be taken before those of a language, whatever the language.
    assert not any("channel" in variation for variation in RESPONSES[name])


@pytest.mark.parametrize("name", RESPONSES)
def test_every_response_fits_one_text_message(name: str) -> None:
    for variation in RESPONSES[name]:
        assert 0 < len(variation["text"]) <= MOST
        assert variation["text"].count("?") <= 1


@pytest.mark.parametrize("name", RESPONSES)
def test_languages_say_the_same_things(name: str) -> None:
    placeholders = {tuple(sorted(re.findall(r"\{(\w+)\}", variation["text"]))) for variation in RESPONSES[name]}
    buttons = {len(variation.get("buttons", [])) for variation in RESPONSES[name]}
    assert len(placeholders) == 1
    assert len(buttons) == 1


def test_every_action_of_the_domain_is_there_and_no_other() -> None:
    named = set(chain.from_iterable(part.get("actions", []) for part in DOMAIN))
    assert named == {step.name() for step in steps(directory(City()), [])}
