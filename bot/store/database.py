"""How a database is opened: one declarative base, and SQLite set up so that a commit is a promise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, TypeDecorator, event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import AsyncAdaptedQueuePool


class Base(DeclarativeBase):
    """All tables of the gateway, the core's and the built-in department's."""


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no zone, so it is given back here; a moment without zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC. Raises ValueError for one without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be kept")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment as it was given, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_database(url: str) -> AsyncEngine:
    """Return an engine for `url` (sqlite:///path or postgresql://…, with or without a driver)."""
    # hide_parameters: an error of the database would else quote a citizen's words in the log.
    target, hidden = make_url(url), {"hide_parameters": True}
    if target.get_backend_name() == "sqlite":
        # One connection: SQLite has one writer anyway, and whoever waits for it here waits in line; at the file they
        # would sleep and try again.
        one = {"pool_size": 1, "max_overflow": 0, "poolclass": AsyncAdaptedQueuePool}
        engine = create_async_engine(target.set(drivername="sqlite+aiosqlite"), connect_args={"timeout": 30}, **one, **hidden)
        event.listen(engine.sync_engine, "connect", _pragmas)
        event.listen(engine.sync_engine, "begin", _begin)
        return engine
    return create_async_engine(target.set(drivername="postgresql+psycopg"), pool_pre_ping=True, **hidden)


def _pragmas(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN is deferred: a read followed by a write would then fail with "database is locked"
    # instead of waiting. We begin ourselves, below.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
