"""What the city offers, read from departments.yml and services.yml."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bot.casework.values import Department, Option, Question, Service, Texts

DATATYPES = frozenset({"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"})
PLACES = frozenset({"street", "home", "none"})
# No dot: ".json" ends a path. No comma: lists of codes are separated by it.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class BadCatalogue(Exception):
    """A file about the city is missing or wrong; the message says which, where and why in one line."""


def read_departments(folder: Path) -> dict[str, Department]:
    """Return the departments of `folder`/departments.yml by code. Raises BadCatalogue."""
    found: dict[str, Department] = {}
    for code, entry in mapping_in(folder / "departments.yml").items():
        where = f"departments.yml: {code}"
        entry = _mapping(entry, where)
        names = texts_of(entry.get("name"), f"{where}: name")
        found[code] = Department(_code(code, where), names, str(entry.get("phone", "")), str(entry.get("email", "")))
    return found


def read_services(folder: Path) -> list[Service]:
    """Return the services of `folder`/services.yml in their order. Raises BadCatalogue."""
    departments = read_departments(folder)
    listed = mapping_in(folder / "services.yml")
    return [_service(code, entry, departments, f"services.yml: {code}") for code, entry in listed.items()]


def mapping_in(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds. Raises BadCatalogue."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadCatalogue(f"{path}: there is no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadCatalogue(f"{path}: {' '.join(str(error).split())}") from None
    return {str(key): value for key, value in _mapping(content, path.name).items()}


def texts_of(value: Any, where: str) -> Texts:
    """Return a text by language, from a mapping or from one text for all. Raises BadCatalogue."""
    if isinstance(value, str) and value:
        return {"en": value}
    if isinstance(value, Mapping) and value and all(isinstance(text, str) and text for text in value.values()):
        return {str(language): text.strip() for language, text in value.items()}
    raise BadCatalogue(f"{where}: a text, or a text for each language, is needed")


def _service(code: str, entry: Any, departments: Mapping[str, Department], where: str) -> Service:
    entry = _mapping(entry, where)
    department = departments.get(str(entry.get("department")))
    if department is None:
        raise BadCatalogue(f"{where}: there is no department {entry.get('department')!r}")
    place = entry.get("place", "street")
    if place not in PLACES:
        raise BadCatalogue(f"{where}: place is one of {', '.join(sorted(PLACES))}")
    days = entry.get("expected_days")
    if days is not None and (not isinstance(days, int) or days < 1):
        raise BadCatalogue(f"{where}: expected_days is a whole number of days")
    questions = _mapping(entry.get("questions") or {}, f"{where}: questions")
    return Service(
        code=_code(code, where),
        department=department,
        groups=texts_of(entry.get("group"), f"{where}: group"),
        names=texts_of(entry.get("name"), f"{where}: name"),
        descriptions=texts_of(entry.get("description"), f"{where}: description"),
        keywords=_keywords(entry.get("keywords") or {}, f"{where}: keywords"),
        notices=texts_of(entry["notice"], f"{where}: notice") if "notice" in entry else {},
        public=_boolean(entry.get("public", True), f"{where}: public"),
        place=place,
        expected_days=days,
        questions=tuple(_question(str(key), value, f"{where}: {key}") for key, value in questions.items()),
    )


def _question(code: str, entry: Any, where: str) -> Question:
    entry = _mapping(entry, where)
    datatype = entry.get("datatype", "string")
    if datatype not in DATATYPES:
        raise BadCatalogue(f"{where}: datatype is one of {', '.join(sorted(DATATYPES))}")
    options = _mapping(entry.get("options") or {}, f"{where}: options")
    if bool(options) != datatype.endswith("valuelist"):
        raise BadCatalogue(f"{where}: options go with singlevaluelist and multivaluelist, and only with those")
    return Question(
        code=_code(code, where),
        datatype=datatype,
        required=_boolean(entry.get("required", False), f"{where}: required"),
        texts=texts_of(entry.get("text"), f"{where}: text"),
        hints=texts_of(entry["hint"], f"{where}: hint") if "hint" in entry else {},
        options=tuple(Option(str(key), texts_of(name, f"{where}: {key}")) for key, name in options.items()),
    )


def _keywords(entry: Any, where: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language, words in _mapping(entry, where).items():
        if isinstance(words, str) or not isinstance(words, Sequence) or any("," in str(word) for word in words):
            raise BadCatalogue(f"{where}: {language}: a list of words without commas is needed")
        found[str(language)] = tuple(str(word) for word in words)
    return found


def _mapping(value: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise BadCatalogue(f"{where}: a mapping is needed")
    return value


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise BadCatalogue(f"{where}: true or false is needed")
    return value


def _code(code: str, where: str) -> str:
    if not _CODE.fullmatch(code):
        raise BadCatalogue(f"{where}: a code is made of up to 64 letters, digits, '-' and '_'")
    return code
