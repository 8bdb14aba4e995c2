"""The migration makes exactly the tables that the code declares."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect

from bot.casework import tables
from bot.store.database import Base

OURS = {
    row.__tablename__ for row in (tables.DepartmentRow, tables.ServiceRow, tables.QuestionRow, tables.CaseRow, tables.EventRow)
}
FILE = Path(__file__).parents[2] / "bot" / "store" / "migrations" / "versions" / "0002_casework.py"


def migration() -> ModuleType:
    spec = importlib.util.spec_from_file_location("casework_migration", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def only_ours(object: Any, name: str | None, kind: str, *_: Any) -> bool:
    return kind != "table" or name in OURS


def test_up_and_down(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/x.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": only_ours, "compare_type": True})
        with Operations.context(context):
            migration().upgrade()
            assert set(inspect(connection).get_table_names()) == OURS
            assert compare_metadata(context, Base.metadata) == []
            migration().downgrade()
            assert inspect(connection).get_table_names() == []
    engine.dispose()


def test_its_place_in_the_line() -> None:
    module = migration()
    assert (module.revision, module.down_revision) == ("0002", "0001")
