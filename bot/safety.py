"""What is done to a citizen's words before anything reads them: cleaning, and looking for danger."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Of the invisible characters only those that shape words may stay (joiners); controls and bidi overrides go.
_JOINERS = "\u200c\u200d"
_APART = re.compile(r"[\W_]+")
_ENDS = re.compile(rf"^[\s{_JOINERS}]+|[\s{_JOINERS}]+$")
# As keyboards have them: a Spanish one gives "there´s".
_APOSTROPHES = str.maketrans("", "", "'\u2019\u2018\u02bc\u2032`\u00b4" + _JOINERS)


def storable(text: str) -> str:
    """Return `text` as a database can keep it: no half surrogate pairs (SQLite), no NUL (PostgreSQL)."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def clean(text: str) -> str:
    """Return `text` composed (NFC), without control characters and surrounding space."""
    lines = "\n".join(storable(text).splitlines())
    kept = (c for c in lines if c in "\n\t" or c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    return _ENDS.sub("", unicodedata.normalize("NFC", "".join(kept)))


def words(text: str) -> str:
    """Return the words of `text` for comparison: lower case, no accents, no apostrophes, one space between."""
    # Capitals last: a fancy letter is one only once it is taken apart.
    apart = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold()
    bare = "".join(c for c in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(c))
    return _APART.sub(" ", bare).strip()


class Phrases:
    """A list of phrases, found on whole words anywhere in a message."""

    def __init__(self, phrases: Iterable[str]) -> None:
        alternatives = sorted({words(phrase) for phrase in phrases if words(phrase)}, key=len, reverse=True)
        self._pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, alternatives)) + r")\b") if alternatives else None

    def found_in(self, text: str) -> bool:
        """Say whether one of the phrases stands in `text`."""
        return bool(self._pattern and self._pattern.search(words(text)))

    def taken_out_of(self, text: str) -> str:
        """Return the words of `text` with "xx" for each phrase: what stood before and behind it must not meet."""
        said = words(text)
        return self._pattern.sub("xx", said) if self._pattern else said
