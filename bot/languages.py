"""Which language a message is in: a library's judgement, and reasons to stay with the one spoken so far."""

from __future__ import annotations

from functools import cache

from lingua import IsoCode639_1, LanguageDetector, LanguageDetectorBuilder

from bot.answers import DEFAULT, Answers
from bot.safety import words

# How sure the library must be: to believe a first message, and to switch in mid-conversation.
FIRST, SWITCH = 0.65, 0.8


class Languages:
    """Detects a message's language among those that have answers (lingua: made for short texts, runs offline)."""

    def __init__(self, answers: Answers) -> None:
        self._common = {code: language.common_words for code, language in answers.languages.items()}
        self._detector = _detector(tuple(self._common))

    def of(self, text: str, current: str) -> str:
        """Return the language of `text`; `current` ("" on a first message) where it does not say.

        An address or a name ("123 Main St") sounds English and is not: a switch needs one of the
        little words that only a sentence of that language has.
        """
        said = set(words(text).split())
        shown = [code for code, common in self._common.items() if said & common]
        if not any(word.isalpha() for word in said):
            return current or DEFAULT
        ranked = self._detector.compute_language_confidence_values(text)
        best, confidence = ranked[0].language.iso_code_639_1.name.lower(), ranked[0].value
        if not current:
            return shown[0] if len(shown) == 1 else best if confidence >= FIRST else DEFAULT
        if len(shown) == 1 and (len(said & self._common[shown[0]]) > 1 or len(said) == 1):  # "hola", "thanks"
            return shown[0]
        return best if shown == [best] and confidence >= SWITCH else current


@cache  # some 80 MB and a quarter of a second
def _detector(codes: tuple[str, ...]) -> LanguageDetector:
    return LanguageDetectorBuilder.from_iso_codes_639_1(*map(IsoCode639_1.from_str, codes)).build()
