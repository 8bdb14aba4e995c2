"""Between the tables and the plain values of casework, both ways."""

from __future__ import annotations

from datetime import datetime

from bot.casework.tables import CaseRow, DepartmentRow, EventRow, QuestionRow, ServiceRow
from bot.casework.values import Case, Department, Event, Filing, Option, Question, Service


def service(row: ServiceRow) -> Service:
    """Return the service that a row describes, with its department and questions."""
    return Service(
        code=row.code,
        department=_department(row.department),
        groups=row.groups,
        names=row.names,
        descriptions=row.descriptions,
        keywords={language: tuple(words) for language, words in row.keywords.items()},
        notices=row.notices,
        public=row.public,
        place=row.place,
        expected_days=row.expected_days,
        questions=tuple(_question(question) for question in row.questions),
        offered=row.offered,
    )


def _department(row: DepartmentRow) -> Department:
    return Department(row.code, row.names, row.phone, row.email)


def _question(row: QuestionRow) -> Question:
    options = tuple(Option(option["key"], {k: v for k, v in option.items() if k != "key"}) for option in row.options)
    return Question(row.code, row.datatype, row.required, row.texts, row.hints, options)


def service_row(service: Service, position: int) -> ServiceRow:
    """Return the row of a service, with its questions, at a place in the city's order."""
    return ServiceRow(
        code=service.code,
        department_code=service.department.code,
        position=position,
        offered=service.offered,
        public=service.public,
        place=service.place,
        groups=dict(service.groups),
        names=dict(service.names),
        descriptions=dict(service.descriptions),
        keywords={language: list(words) for language, words in service.keywords.items()},
        notices=dict(service.notices),
        expected_days=service.expected_days,
        questions=[_question_row(service.code, question, order) for order, question in enumerate(service.questions)],
    )


def _question_row(service: str, question: Question, position: int) -> QuestionRow:
    return QuestionRow(
        service_code=service,
        code=question.code,
        position=position,
        datatype=question.datatype,
        required=question.required,
        texts=dict(question.texts),
        hints=dict(question.hints),
        options=[{"key": option.key, **option.names} for option in question.options],
    )


def opened(reference: str, filing: Filing, at: datetime, expected: datetime | None) -> Case:
    """Return the case that a filing becomes on the moment it is received."""
    return Case(
        reference=reference,
        service=filing.service,
        status="received",
        received=at,
        updated=at,
        history=(Event("received", at),),
        address=filing.address,
        address_id=filing.address_id,
        lat=filing.lat,
        long=filing.long,
        description=filing.description,
        answers=filing.answers,
        language=filing.language,
        contact=filing.contact,
        media_url=filing.media_url,
        expected=expected,
    )


def case(row: CaseRow) -> Case:
    """Return the case that a row describes, with its history."""
    return Case(
        reference=row.reference,
        service=row.service_code,
        status=row.status,
        received=row.received_at,
        updated=row.updated_at,
        history=tuple(Event(event.status, event.at, event.notes) for event in row.events),
        address=row.address,
        address_id=row.address_id,
        lat=row.lat,
        long=row.long,
        description=row.description,
        answers=row.answers,
        language=row.language,
        contact=row.contact,
        media_url=row.media_url,
        expected=row.expected_at,
    )


def case_row(case: Case, key: str | None) -> CaseRow:
    """Return the row of a new case, without its history."""
    return CaseRow(
        reference=case.reference,
        key=key,
        service_code=case.service,
        status=case.status,
        address=case.address,
        address_id=case.address_id,
        lat=case.lat,
        long=case.long,
        description=case.description,
        media_url=case.media_url,
        answers=dict(case.answers),
        language=case.language,
        contact=dict(case.contact),
        received_at=case.received,
        updated_at=case.updated,
        expected_at=case.expected,
    )


def event_rows(case: Case) -> list[EventRow]:
    """Return the rows of a case's history."""
    return [
        EventRow(reference=case.reference, position=position, status=event.status, notes=dict(event.notes), at=event.at)
        for position, event in enumerate(case.history)
    ]
