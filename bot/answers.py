"""The gateway's own reviewed texts and word lists, by language: `data/answers/<language>.yml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.safety import Phrases, words

ROOT = Path(__file__).resolve().parent.parent
DEFAULT = "en"


@dataclass(frozen=True)
class Language:
    """One language's texts and words."""

    code: str
    name: str
    texts: Mapping[str, str]
    danger: Phrases
    # Phrases that hold a danger word and mean none ("fire hydrant").
    harmless: Phrases
    # Single words that bring a waiting citizen back to the assistant.
    bot_words: frozenset[str]
    # Single words by which a text message stops and starts all others, and asks who is writing.
    stop_words: frozenset[str]
    start_words: frozenset[str]
    help_words: frozenset[str]
    # Little words by which a message shows its language ("the", "where"): an address has none of them.
    common_words: frozenset[str]


class Answers:
    """All languages' texts. A language is added by its file alone."""

    def __init__(self, languages: Iterable[Language], values: Mapping[str, str]) -> None:
        self.languages = {language.code: language for language in languages}
        self._values = values

    @classmethod
    def read(cls, values: Mapping[str, str], folder: Path = ROOT / "data" / "answers") -> Answers:
        """Read the folder; `values` fill the same placeholders in every text (city, emergency, phone)."""
        return cls((_read(path) for path in sorted(folder.glob("*.yml"))), values)

    def text(self, language: str, key: str, **values: object) -> str:
        """Return a text in `language`, or in English where that is not a language we have."""
        chosen = self.languages.get(language) or self.languages[DEFAULT]
        return chosen.texts[key].format(**self._values, **values)

    def keyword_in(self, text: str) -> tuple[str, str] | None:
        """Return "stop", "start" or "help" and the language of the word, if `text` is one of those words and nothing else.

        Source: CTIA Messaging Principles 5.1.3; https://help.twilio.com/articles/223134027
        """
        said = words(text)
        for code, language in self.languages.items():
            kinds = {"stop": language.stop_words, "start": language.start_words, "help": language.help_words}
            for kind, known in kinds.items():
                if said in known:
                    return kind, code
        return None

    def danger_in(self, text: str) -> str | None:
        """Return the language whose danger words stand in `text`: looked for in all of them."""
        for language in self.languages.values():
            text = language.harmless.taken_out_of(text)
        return next((code for code, language in self.languages.items() if language.danger.found_in(text)), None)


def _read(path: Path) -> Language:
    content = yaml.safe_load(path.read_text("utf-8"))
    return Language(
        path.stem,
        content["name"],
        content["texts"],
        Phrases(content["danger_words"]),
        Phrases(content["harmless_words"]),
        frozenset(content["bot_words"]),
        frozenset(content["stop_words"]),
        frozenset(content["start_words"]),
        frozenset(content["help_words"]),
        frozenset(content["common_words"]),
    )
