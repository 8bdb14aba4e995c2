"""The tables of casework: departments, services with their questions, cases with their history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Double, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.store.database import Base, UtcTime

# A text by language: {"en": "Pothole", "es": "Bache"}.
Texts = dict[str, str]


class DepartmentRow(Base):
    """A department of the city."""

    __tablename__ = "casework_departments"

    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    names: Mapped[Texts] = mapped_column(JSON)
    phone: Mapped[str] = mapped_column(String(40), default="")
    email: Mapped[str] = mapped_column(String(254), default="")


class ServiceRow(Base):
    """A kind of case. `offered` is false for one that the city no longer takes but has cases of."""

    __tablename__ = "services"

    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    department_code: Mapped[str] = mapped_column(ForeignKey("casework_departments.code"))
    position: Mapped[int]
    offered: Mapped[bool] = mapped_column(default=True)
    # Cases of a private service are never listed, and shown only to who holds a key.
    public: Mapped[bool]
    # "street", "home" (the address is somebody's home: house number and coordinates are not shown) or "none".
    place: Mapped[str] = mapped_column(String(16))
    groups: Mapped[Texts] = mapped_column(JSON)
    names: Mapped[Texts] = mapped_column(JSON)
    descriptions: Mapped[Texts] = mapped_column(JSON)
    keywords: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    notices: Mapped[Texts] = mapped_column(JSON)
    expected_days: Mapped[int | None]

    department: Mapped[DepartmentRow] = relationship(lazy="joined")
    questions: Mapped[list[QuestionRow]] = relationship(
        lazy="selectin", order_by="QuestionRow.position", cascade="all, delete-orphan"
    )


class QuestionRow(Base):
    """What a service wants to know. `options` are [{"key": "wet", "en": "Wet", "es": "Mojado"}, …]."""

    __tablename__ = "service_questions"

    service_code: Mapped[str] = mapped_column(ForeignKey("services.code"), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[int]
    datatype: Mapped[str] = mapped_column(String(20))
    required: Mapped[bool]
    texts: Mapped[Texts] = mapped_column(JSON)
    hints: Mapped[Texts] = mapped_column(JSON)
    options: Mapped[list[dict[str, str]]] = mapped_column(JSON)


class CaseRow(Base):
    """A case. `key` is the idempotency key of who filed it."""

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("key", name="uq_cases_key"),
        Index("ix_cases_service_received", "service_code", "received_at"),
    )

    reference: Mapped[str] = mapped_column(String(9), primary_key=True)
    key: Mapped[str | None] = mapped_column(String(255))
    service_code: Mapped[str] = mapped_column(ForeignKey("services.code"))
    status: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(500))
    address_id: Mapped[str] = mapped_column(String(100))
    lat: Mapped[float | None] = mapped_column(Double)
    long: Mapped[float | None] = mapped_column(Double)
    description: Mapped[str] = mapped_column(Text)
    media_url: Mapped[str] = mapped_column(String(2000))
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    language: Mapped[str] = mapped_column(String(8))
    # Who filed it: email, phone, first_name, last_name, device_id, account_id. Never shown to anyone outside.
    contact: Mapped[Texts] = mapped_column(JSON)
    received_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
    expected_at: Mapped[datetime | None] = mapped_column(UtcTime)

    events: Mapped[list[EventRow]] = relationship(lazy="selectin", order_by="EventRow.position")


class EventRow(Base):
    """One step of a case: when it came to a status, and what the public was told."""

    __tablename__ = "case_events"

    reference: Mapped[str] = mapped_column(ForeignKey("cases.reference"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    notes: Mapped[Texts] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcTime)
