"""Which department answers for what and where, as data/departments.yml tells it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from actions.departments import DEPARTMENTS
from actions.departments.base import BadEntry, Case, Department, DepartmentError, NotFound, NotOffered, Service, Unavailable

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PLACING = ("id", "name", "kind", "services", "areas")


class BadDirectory(Exception):
    """data/departments.yml cannot be used; the message says file, department and what to do, on one line."""


@dataclass(frozen=True)
class Placed:
    """A department with what it answers for: codes or groups of services, words of addresses; empty means all."""

    department: Department
    services: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ()

    def answers_for(self, service: Service) -> bool:
        """Return whether this department does the service for the city."""
        return not self.services or service.code in self.services or service.group in self.services

    def covers(self, address: str) -> bool:
        """Return whether the address names one of the areas, as whole words."""
        said = f" {_words(address)} "
        return not self.areas or any(f" {area} " in said for area in self.areas)


class Directory:
    """All departments of the city, in the file's order."""

    def __init__(self, placed: Sequence[Placed]) -> None:
        self._placed = tuple(placed)

    @classmethod
    def open(cls, path: Path | str, env: Mapping[str, str]) -> Self:
        """Return the directory of a file, its ${VARIABLES} filled from `env`. Raises BadDirectory."""
        file = Path(path)
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise BadDirectory(f"{file}: cannot be read ({type(error).__name__}); restore it or set its path") from None
        except yaml.YAMLError as error:
            # Only the line: the error's own text quotes the file, and a key may stand in it.
            mark = getattr(error, "problem_mark", None)
            line = f" at line {mark.line + 1}" if mark else ""
            raise BadDirectory(f"{file}: is not valid YAML{line}; mind indentation and quotes") from None
        entries = content.get("departments") if isinstance(content, dict) else None
        if not isinstance(entries, list) or not entries:
            raise BadDirectory(f"{file}: needs a list `departments` with at least one department")
        placed: dict[str, Placed] = {}
        for number, entry in enumerate(entries, 1):
            label = entry.get("id", number) if isinstance(entry, dict) else number
            try:
                one = _placed(entry, env)
            except BadEntry as error:
                raise BadDirectory(f"{file}: department {label!r}: {error}") from None
            if one.department.id in placed:
                raise BadDirectory(f"{file}: department {label!r}: its `id` is used twice; give each department its own")
            placed[one.department.id] = one
        return cls(list(placed.values()))

    @property
    def departments(self) -> list[Department]:
        """All departments, in the file's order."""
        return [placed.department for placed in self._placed]

    def department(self, id: str) -> Department:
        """Return the department of this id. Raises NotFound."""
        for department in self.departments:
            if department.id == id:
                return department
        raise NotFound(f"no department {id!r} in the directory")

    async def services(self, language: str, address: str = "") -> list[tuple[Department, Service]]:
        """Return what the city does (at `address`, if given), by department.

        A department that is down is left out. Raises Unavailable when none of them could say.
        """
        asked = [placed for placed in self._placed if not address or placed.covers(address)]
        heard = await asyncio.gather(*(_outcome(placed.department.services(language)) for placed in asked))
        found: list[tuple[Department, Service]] = []
        silent = [outcome for outcome in heard if isinstance(outcome, DepartmentError) and not isinstance(outcome, NotOffered)]
        if silent and not any(isinstance(outcome, list) for outcome in heard):
            raise Unavailable(f"no department could say what it does; {silent[0]}")
        for placed, outcome in zip(asked, heard, strict=True):
            if isinstance(outcome, list):
                found += [(placed.department, service) for service in outcome if placed.answers_for(service)]
        return found

    async def find_case(self, reference: str, language: str) -> tuple[Department, Case]:
        """Return the case of this reference and its department; the first that has it answers for all.

        Raises NotFound only when every department said so, else Unavailable: a case is never denied on a guess.
        """
        asked = {
            asyncio.ensure_future(_outcome(department.case(reference, language))): department for department in self.departments
        }
        unsure: list[DepartmentError] = []
        waiting = set(asked)
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task, department in asked.items():
                    if task not in done:
                        continue
                    outcome = task.result()
                    if isinstance(outcome, Case):
                        return department, outcome
                    if not isinstance(outcome, (NotFound, NotOffered)):
                        unsure.append(outcome)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        if unsure:
            raise Unavailable(f"not every department could say whether it has this case; {unsure[0]}")
        raise NotFound("no department has this case")

    async def close(self) -> None:
        """Let go of all connections."""
        await asyncio.gather(*(department.close() for department in self.departments))


async def _outcome(asked: Any) -> Any:
    try:
        return await asked
    except DepartmentError as error:
        return error


def _words(said: str) -> str:
    return " ".join(re.findall(r"\w+", said.casefold()))


def _placed(entry: Any, env: Mapping[str, str]) -> Placed:
    if not isinstance(entry, dict):
        raise BadEntry("is not a list of settings such as `id: parks`")
    entry = {str(setting): _filled(value, env) for setting, value in entry.items()}
    id = entry.get("id")
    if not isinstance(id, str) or not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", id):
        raise BadEntry("needs an `id` of small letters, digits and dashes")
    kind = DEPARTMENTS.get(str(entry.get("kind")))
    if kind is None:
        raise BadEntry(f"unknown `kind`; known are {', '.join(sorted(DEPARTMENTS))}")
    name = entry.get("name")
    name = {"en": name} if isinstance(name, str) and name else name
    if not isinstance(name, dict) or not name or not all(isinstance(said, str) and said for said in name.values()):
        raise BadEntry("needs a `name` for each language, as in `name: {en: Parks, es: Parques}`")
    department = kind.open(id, name, {key: value for key, value in entry.items() if key not in _PLACING})
    areas = tuple(_words(area) for area in _list(entry, "areas"))
    return Placed(department, frozenset(_list(entry, "services")), areas)


def _list(entry: Mapping[str, Any], setting: str) -> list[str]:
    value = entry.get(setting, "*")
    if value == "*" or value == ["*"]:
        return []
    if not isinstance(value, list) or not value or not all(isinstance(one, (str, int)) for one in value):
        raise BadEntry(f'`{setting}` must be "*" or a list')
    return [str(one) for one in value]


def _filled(value: Any, env: Mapping[str, str]) -> Any:
    def fill(found: re.Match[str]) -> str:
        if not env.get(found[1]):
            raise BadEntry(f"{found[1]} is not set; set it in the environment or in .env")
        return env[found[1]]

    return _VARIABLE.sub(fill, value) if isinstance(value, str) else value
