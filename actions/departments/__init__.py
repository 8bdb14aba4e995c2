"""The city's departments: one client per kind of outside system, and the one list of them."""

from __future__ import annotations

from collections.abc import Mapping

from actions.departments.base import Department
from actions.departments.open311 import Open311

DEPARTMENTS: Mapping[str, type[Department]] = {
    "open311": Open311,
}
