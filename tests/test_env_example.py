"""`.env.example`: every variable that somebody may set, and none that nobody reads."""

from __future__ import annotations

import re

from bot.answers import ROOT
from bot.settings import Settings

LINES = (ROOT / ".env.example").read_text("utf-8").splitlines()
NAMED = {found[1] for line in LINES if (found := re.match(r"#?([A-Z][A-Z0-9_]+)=", line))}
SETTINGS = {f"CIVICLINE_{field.upper()}" for field in Settings.model_fields}
# Set by us for our own programs, for nobody to set.
INTERNAL = {"CIVICLINE_LOCAL_URL"}


PROGRAMS = ("bot", "channels", "actions", "nlu")


def code(*folders: str) -> str:
    """Return the text of all programs in these folders."""
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if ".venv" not in path.parts]
    return "\n".join(path.read_text("utf-8") for path in files if path.name != "test_env_example.py")


def test_every_setting_is_named() -> None:
    assert not SETTINGS - NAMED


def test_every_variable_that_a_program_reads_is_named() -> None:
    read = set(re.findall(r"(?:environ(?:\.get)?[\[(]|env(?:\.get)?[\[(])\"(CIVICLINE_\w+)\"", code(*PROGRAMS)))
    assert len(read) > 5
    assert not read - NAMED - INTERNAL


def test_nothing_is_named_that_nobody_reads() -> None:
    programs = code(*PROGRAMS, "tests")
    assert [name for name in NAMED - SETTINGS if f'"{name}"' not in programs and f"${{{name}}}" not in programs] == []


def test_copied_as_it_is_it_changes_nothing() -> None:
    assert [line for line in LINES if line.strip() and not line.startswith("#")] == []
