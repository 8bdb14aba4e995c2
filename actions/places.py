"""Finding the place in a sentence: a street address, a corner, or a street that is clearly named as the place."""

from __future__ import annotations

import re

# Words that begin no street's name: "at the end of the street", "on sunday and monday", "en mi calle no hay luz".
_STOP = (
    r"(?!(?:end|side|middle|whole|other|same|next|the|a|my|our|your|this|that|it|its|is|and|or|so|for|since|every|time|top|fire"
    r"|purpose|weekends?|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|i|im|we|he|she|they|you|there|someone|nobody|no|not"
    r"|hay|que|donde|desde|est[aá]|es|se|ya|tiene|me|mi|con|sin|porque|para|por|pero|cuando|muy|todos?|todas?)\b)"
)
_KIND = (
    r"(?:st|str|street|ave?|avenue|rd|road|blvd|boulevard|dr|drive|ln|lane|ct|court|way|pl|place|pkwy|parkway|hwy|highway"
    r"|ter|terrace|cir|circle|sq|square|park|bridge)"
)
_WORD = r"[^\W\d_][\w'’.\-]*"
_NUMBERED = r"\d{1,3}(?:st|nd|rd|th)"
_NAME = rf"(?:{_NUMBERED}|{_WORD})"
_SIDE = r"(?:[nsew]\.?|north|south|east|west)"
_STREET = rf"(?:{_SIDE}\s+)?{_NAME}(?:\s+{_NAME}){{0,2}}?\s+{_KIND}\b\.?"
_CALLE = (
    r"(?:calle|c/|avenida|av\.?|ave\.?|bulevar|boulevard|camino|carretera|paseo|plaza|parque)\s+"
    rf"(?:{_NUMBERED}|\d{{1,3}}|(?:(?:de|del|la|las|los|el)\s+){{0,2}}{_STOP}{_WORD})(?:\s+#?\d{{1,5}})?"
)
_AND = r"\s*(?:&|\band\b|\by\b|\bcon\b|\besq(?:uina)?\.?(?:\s+con)?\b)\s*"
_CORNER = rf"{_STOP}{_NAME}(?:\s+{_KIND}\b\.?)?\s*(?:&|\band\b)\s*{_STOP}{_NAME}(?:\s+{_KIND}\b\.?)?"

_PLACES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:corner\s+of|esquina\s+(?:de|con)|intersection\s+of)\s+(?P<place>{_CALLE}{_AND}{_CALLE}|{_CORNER}|{_NAME}{_AND}{_NAME})",
        rf"(?P<place>\b{_CALLE}{_AND}(?:la\s+)?(?:{_CALLE}|{_STOP}{_NAME}))",
        rf"(?P<place>\b\d{{1,5}}\s+{_STREET})",
        rf"(?P<place>\b\d{{1,5}}\s+(?:de\s+la\s+)?{_CALLE})",
        rf"\b(?:on|at|near|along)\s+(?P<place>{_STREET}{_AND}{_STOP}{_NAME}(?:\s+{_KIND}\b)?)",
        rf"\b(?:at|near)\s+(?P<place>{_CORNER})",
        rf"\b(?:on|at|near|along|off|down|in front of|across from)\s+(?:the\s+)?(?P<place>{_STOP}{_STREET})",
        rf"(?P<place>\b{_CALLE})",
    )
)


def place_in(text: str) -> str:
    """Return the place that the text clearly names, as the citizen wrote it; "" when it names none."""
    for pattern in _PLACES:
        if found := pattern.search(text):
            return found["place"].strip(" .,")
    return ""
