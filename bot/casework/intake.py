"""What POST /requests brings: a form, read strictly, that becomes a Filing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from aiohttp import web

from bot.casework.problems import Problem
from bot.casework.search import moment
from bot.casework.values import Filing, Question, Service

MOST_BYTES = 256 * 1024
# The most characters of each field; 4,000 is the standard's, the others fit their columns.
LIMITS: Mapping[str, int] = {
    "description": 4000,
    "address_string": 500,
    "address_id": 100,
    "media_url": 2000,
    "email": 254,
    "phone": 40,
    "first_name": 100,
    "last_name": 100,
    "device_id": 255,
    "account_id": 255,
    "lat": 40,
    "long": 40,
}
_CONTACT = ("email", "phone", "first_name", "last_name", "device_id", "account_id")
_FREE = frozenset({"description", "address_string"})
_ANSWER = 1000
_MOST_VALUES = 50
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,64})\](?:\[[0-9]{0,3}\])?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

Form = Mapping[str, list[str]]


async def read_form(request: web.Request) -> Form:
    """Return the form's fields, each with all its values. Raises Problem for anything that is not a form of texts."""
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise Problem(400, "send the request as application/x-www-form-urlencoded")
    too_large = Problem(413, f"the request is larger than {MOST_BYTES // 1024} KB")
    if (request.content_length or 0) > MOST_BYTES:
        raise too_large
    try:
        posted = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise too_large from None
    except (ValueError, LookupError, RuntimeError, AssertionError, web.RequestPayloadError):
        # The several ways in which aiohttp meets a broken multipart, an unknown charset or encoding, bytes that are no text.
        raise Problem(400, "the form could not be read: send it in UTF-8, as application/x-www-form-urlencoded") from None
    form: dict[str, list[str]] = {}
    for name, value in posted.items():
        if not isinstance(value, str):
            raise Problem(400, "a file was sent: put it on a public address and send that as media_url")
        form.setdefault(name, []).append(value)
    return form


def field(form: Form, name: str) -> str:
    """Return a field's first value without surrounding space, "" when it is missing."""
    return form.get(name, [""])[0].strip()


def filing(form: Form, service: Service, key: str | None, language: str) -> Filing:
    """Return what a form files. Raises Problem with everything that is wrong with it at once."""
    wrong: list[str] = []
    texts = {name: _text(form, name, wrong) for name in LIMITS}
    lat, long = _place(texts, service, wrong)
    answers = _answers(form, service.questions, wrong)
    if texts["email"] and not _MAIL.fullmatch(texts["email"]):
        wrong.append("email is not an e-mail address")
    if texts["media_url"] and not re.match(r"https?://[^\s/]+", texts["media_url"]):
        wrong.append("media_url must begin with http:// or https://")
    if wrong:
        raise Problem(400, *wrong)
    return Filing(
        service=service.code,
        address=texts["address_string"],
        address_id=texts["address_id"],
        lat=lat,
        long=long,
        description=texts["description"],
        answers=answers,
        key=key,
        language=language,
        contact={name: texts[name] for name in _CONTACT if texts[name]},
        media_url=texts["media_url"],
    )


def _text(form: Form, name: str, wrong: list[str]) -> str:
    value = field(form, name).replace("\r\n", "\n")
    if name in _FREE:
        # People's own words come through many telephones: what cannot be kept is left out, not held against them.
        value = _CONTROL.sub("", value).strip()
    elif _CONTROL.search(value) or "\n" in value:
        wrong.append(f"{name} contains characters that cannot be kept")
    if len(value) > LIMITS[name]:
        wrong.append(f"{name} is longer than {LIMITS[name]} characters")
    return value


def _place(texts: Mapping[str, str], service: Service, wrong: list[str]) -> tuple[float | None, float | None]:
    if not texts["lat"] and not texts["long"]:
        if service.place != "none" and not texts["address_string"] and not texts["address_id"]:
            wrong.append("a location is needed: lat and long, or address_string, or address_id")
        return None, None
    if not texts["lat"] or not texts["long"]:
        wrong.append("lat and long go together: one of them is missing")
        return None, None
    return _degrees(texts["lat"], "lat", 90, wrong), _degrees(texts["long"], "long", 180, wrong)


def _degrees(value: str, name: str, most: int, wrong: list[str]) -> float | None:
    number = _number(value)
    if number is None or abs(number) > most:
        wrong.append(f"{name} must be a number from -{most} to {most}")
        return None
    return number


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _answers(form: Form, questions: Sequence[Question], wrong: list[str]) -> dict[str, str | list[str]]:
    given = _given(form, {question.code for question in questions}, wrong)
    answers: dict[str, str | list[str]] = {}
    for question in questions:
        values = given.get(question.code, [])
        if not values:
            if question.required:
                wrong.append(f"attribute[{question.code}] is required")
            continue
        reason = _unfit(question, values)
        if reason:
            wrong.append(f"attribute[{question.code}] {reason}")
        answers[question.code] = values if question.datatype == "multivaluelist" else values[0]
    return answers


def _given(form: Form, codes: set[str], wrong: list[str]) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for name in form:
        if not name.startswith("attribute"):
            continue
        match = _ATTRIBUTE.fullmatch(name)
        if match is None:
            wrong.append("attributes are written attribute[CODE] or attribute[CODE][]")
        elif match[1] not in codes:
            wrong.append("an attribute is not a question of this service: GET /services/{service_code} lists them")
        else:
            given.setdefault(match[1], []).extend(value.strip() for value in form[name] if value.strip())
    return given


def _unfit(question: Question, values: Sequence[str]) -> str | None:
    """Return why these values do not answer the question, None if they do."""
    if len(values) > (_MOST_VALUES if question.datatype == "multivaluelist" else 1):
        return "has too many values"
    if any(len(value) > _ANSWER for value in values):
        return f"is longer than {_ANSWER} characters"
    if any(_CONTROL.search(value) for value in values):
        return "contains characters that cannot be kept"
    if question.options and not set(values) <= {option.key for option in question.options}:
        return "must be one of: " + ", ".join(option.key for option in question.options)
    if question.datatype == "number" and _number(values[0]) is None:
        return "must be a number"
    if question.datatype == "datetime":
        return _not_a_moment(values[0])
    return None


def _not_a_moment(value: str) -> str | None:
    try:
        moment(value, "it")
    except Problem:
        return "must be a date and time with its zone, such as 2026-01-31T08:00:00Z"
    return None
