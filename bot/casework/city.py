"""Who the city is: its name, jurisdiction, contact and opening hours, as city.yml says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.casework.catalogue import BadCatalogue, mapping_in, texts_of
from bot.casework.values import Texts


@dataclass(frozen=True)
class City:
    """The city. `hours` are texts by department code, "" for the city as a whole; `changeset` is when this was written."""

    name: str = "the city"
    jurisdiction: str = ""
    emergency: str = "911"
    contact: str = ""
    phone: str = ""
    changeset: str = "2026-01-01T00:00:00Z"
    hours: Mapping[str, Texts] = field(default_factory=dict)


def read_city(folder: Path) -> City:
    """Return the city that `folder`/city.yml describes. Raises BadCatalogue."""
    entry = mapping_in(folder / "city.yml")
    hours = entry.get("hours", {})
    if not isinstance(hours, Mapping):
        raise BadCatalogue("city.yml: 'hours' must be a mapping of departments")
    contact = entry.get("contact", {})
    if not isinstance(contact, Mapping):
        raise BadCatalogue("city.yml: 'contact' must be a mapping")
    if not entry.get("name") or not entry.get("jurisdiction"):
        raise BadCatalogue("city.yml: 'name' and 'jurisdiction' are needed")
    if not contact.get("phone"):
        raise BadCatalogue("city.yml: 'contact' needs a 'phone': HELP and STOP must name one")
    return City(
        name=str(entry["name"]),
        jurisdiction=str(entry["jurisdiction"]),
        emergency=str(entry.get("emergency", "911")),
        phone=str(contact.get("phone", "")),
        contact=" · ".join(str(part) for part in contact.values()),
        changeset=str(entry.get("changeset", City.changeset)),
        hours={"" if code == "city" else str(code): texts_of(text, f"city.yml: hours of {code}") for code, text in hours.items()},
    )
