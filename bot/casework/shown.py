"""What the outside sees of services and cases: GeoReport v2's fields, and never who filed a case or where they live."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bot.casework.values import Case, Option, Question, Service, text_in

_HOUSE = re.compile(r"\s*([0-9]{1,6})[A-Za-z]?\s+(?=\D)([^,;#\n]{1,120})")
_UNIT = re.compile(
    r"\b(apt|apartment|unit|suite|ste|floor|fl|room|rm|depto?|departamento|apto|piso|lote?|trailer)\b.*", re.IGNORECASE
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w+])\+?\(?[0-9](?:[\s().-]{0,2}[0-9]){6,14}(?!\w)")


def service(offered: Service, language: str) -> dict[str, Any]:
    """Return an entry of the service list. `location_required` is ours: some complaints have no place."""
    return {
        "service_code": offered.code,
        "service_name": text_in(language, offered.names),
        "description": text_in(language, offered.descriptions),
        "metadata": bool(offered.questions),
        "type": "realtime",
        "keywords": ", ".join(offered.keywords.get(language) or offered.keywords.get("en", ())),
        "group": text_in(language, offered.groups),
        "location_required": offered.place != "none",
    }


def definition(offered: Service, language: str) -> dict[str, Any]:
    """Return a service's definition: its questions, in the order to ask them."""
    questions = [_attribute(question, order, language) for order, question in enumerate(offered.questions, start=1)]
    return {"service_code": offered.code, "attributes": questions}


def _attribute(question: Question, order: int, language: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "variable": True,
        "code": question.code,
        "datatype": question.datatype,
        "required": question.required,
        "datatype_description": text_in(language, question.hints) or None,
        "order": order,
        "description": text_in(language, question.texts),
    }
    if question.options:
        shown["values"] = [_value(option, language) for option in question.options]
    return shown


def _value(option: Option, language: str) -> dict[str, str]:
    return {"key": option.key, "name": text_in(language, option.names)}


def case(found: Case, about: Service, language: str, *, history: bool = False) -> dict[str, Any]:
    """Return a case as a service request. `status_detail` and `history` are ours.

    Only a public service's case on the street shows its exact place and photo.
    """
    exact = about.public and about.place == "street"
    shown: dict[str, Any] = {
        "service_request_id": found.reference,
        "status": "closed" if found.closed else "open",
        "status_detail": found.status,
        "status_notes": text_in(language, found.notes) or None,
        "service_name": text_in(language, about.names),
        "service_code": found.service,
        "description": without_contact(found.description),
        "agency_responsible": text_in(language, about.department.names),
        "service_notice": text_in(language, about.notices) or None,
        "requested_datetime": moment(found.received),
        "updated_datetime": moment(found.updated),
        "expected_datetime": moment(found.expected) if found.expected and not found.closed else None,
        "address": (found.address if exact else block(found.address, language)) or None,
        "address_id": (found.address_id if exact else "") or None,
        "zipcode": None,
        "lat": found.lat if exact else None,
        "long": found.long if exact else None,
        "media_url": (found.media_url if exact else "") or None,
    }
    if history:
        shown["history"] = [
            {"status": event.status, "datetime": moment(event.at), "notes": text_in(language, event.notes) or None}
            for event in found.history
        ]
    return shown


def cases(found: Iterable[Case], services: dict[str, Service], language: str) -> list[dict[str, Any]]:
    """Return a list of cases as service requests."""
    return [case(one, services[one.service], language) for one in found]


def block(address: str, language: str) -> str:
    """Return the block of a home's address: "1412 Oak Street, Apt 3" is "1400 block of Oak Street"; "" if it is unclear."""
    match = _HOUSE.match(address)
    if match is None:
        return ""
    street = _UNIT.sub("", match[2]).strip(" .-")
    if not street:
        return ""
    hundred = int(match[1]) // 100 * 100
    return f"{street}, cuadra {hundred}" if language == "es" else f"{hundred} block of {street}"


def without_contact(text: str) -> str:
    """Return a citizen's text without e-mail addresses and phone numbers, which people add in good faith."""
    return _PHONE.sub("[…]", _MAIL.sub("[…]", text))


def moment(at: datetime) -> str:
    """Return a time in the W3C form, in UTC and whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
