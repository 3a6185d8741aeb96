"""CHECK and REFERENCES where no statement writes: dropped columns, views made branches, merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import deeplake
from deeplake import errors
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from deeplake.api.database import Database

SPAN = ("CREATE TABLE a (id int primary key, lo int, hi int, CONSTRAINT span CHECK (lo < hi))",
        "INSERT INTO a VALUES (1, 1, 10)")  # fmt: skip
FAMILY = (
    "CREATE TABLE p (id int primary key, x int, y int, UNIQUE (x, y))",
    "CREATE TABLE f (id int primary key, pid int CONSTRAINT of_p REFERENCES p(id))",
    "INSERT INTO p VALUES (1, 1, 1), (2, 2, 2)",
    "INSERT INTO f VALUES (10, 1)",
)


def database(*statements: str, store: MemoryStore | None = None) -> Database:
    db = deeplake.connect(MemoryStore() if store is None else store)
    for statement in statements:
        db.execute(statement)
    return db


def rows(db: Database, text: str) -> list[tuple[object, ...]]:
    return db.execute(text).fetchall()


# --- columns that a constraint needs ----------------------------------------------------------


@pytest.mark.parametrize(("table", "column", "constraint"), [("a", "hi", "span"),
                         ("f", "pid", "of_p"), ("p", "x", "p_x_y_key")])  # fmt: skip
def test_a_column_in_a_constraint_is_not_dropped_alone(
    table: str, column: str, constraint: str
) -> None:
    db = database(*SPAN, *FAMILY)
    before = db.commit_id
    with pytest.raises(errors.SchemaError, match=constraint) as caught:
        db.table(table).drop_column(column)
    assert f'DROP CONSTRAINT "{constraint}"' in str(caught.value.hint)
    assert db.commit_id == before
    assert db.table(table)[column] is not None
    db.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"')
    db.table(table).drop_column(column)
    db.commit("dropped")
    db.execute(f"INSERT INTO {table} (id) VALUES (50)")


def test_dropping_a_column_by_sql_drops_what_it_is_in() -> None:
    db = database(*SPAN, *FAMILY, "ALTER TABLE a DROP COLUMN hi", "ALTER TABLE f DROP COLUMN pid")
    db.execute("INSERT INTO a (id, lo) VALUES (2, 20)")
    db.execute("DELETE FROM p")
    db.execute("INSERT INTO f VALUES (11)")


def test_a_column_that_others_refer_to_is_dropped_by_cascade_only() -> None:
    db = database(*FAMILY)
    db.execute(
        "CREATE TABLE g (x int, y int, CONSTRAINT of_xy FOREIGN KEY (x, y) REFERENCES p (x, y))"
    )
    with pytest.raises(errors.QueryError, match="of_xy") as caught:
        db.execute("ALTER TABLE p DROP COLUMN y")
    assert caught.value.sqlstate == "2BP01"
    db.execute("ALTER TABLE p DROP COLUMN y CASCADE")
    db.execute("INSERT INTO g VALUES (7, 7)")
    db.execute("DELETE FROM p WHERE id = 2")


def test_a_branch_of_a_view_has_the_constraints_of_its_columns() -> None:
    store = MemoryStore()
    db = database(*SPAN, "ALTER TABLE a ADD CONSTRAINT low CHECK (lo < 100)", store=store)
    db.query("SELECT id, lo FROM a").to_branch("h")
    derived = deeplake.connect(store, branch="h")
    derived.execute("INSERT INTO a VALUES (3, 30)")
    with pytest.raises(errors.CheckViolationError, match="low"):
        derived.execute("INSERT INTO a VALUES (4, 300)")
    with pytest.raises(errors.CheckViolationError, match="span"):
        db.execute("INSERT INTO a VALUES (4, 4, 4)")


def test_a_branch_of_a_view_without_a_column_that_others_refer_to() -> None:
    store = MemoryStore()
    db = database(*FAMILY, store=store)
    db.query("SELECT x, y FROM p").to_branch("h")
    db.query("SELECT id FROM f").to_branch("k")
    derived = deeplake.connect(store, branch="h")
    derived.execute("INSERT INTO f VALUES (11, 77)")
    derived.execute("DELETE FROM p")
    deeplake.connect(store, branch="k").execute("INSERT INTO f VALUES (11)")
    with pytest.raises(errors.ForeignKeyError):
        db.execute("INSERT INTO f VALUES (11, 77)")


# --- commits that come at the same time ---------------------------------------------------------


def test_two_handles_that_change_columns_of_one_check_of_one_row() -> None:
    store = MemoryStore()
    db = database(*SPAN, "INSERT INTO a VALUES (2, 1, 10)", store=store)
    first, second, third = (deeplake.open(store, table="a") for _ in range(3))
    first["lo"][0], second["hi"][0], third["hi"][1] = 9, 2, 2
    first.commit("first")
    with pytest.raises(errors.CommitConflictError, match=r"'span' of row \d+") as caught:
        second.commit("second")
    assert caught.value.sqlstate == "40001"
    third.commit("another row")
    second.rollback()
    second.refresh()
    with pytest.raises(errors.CheckViolationError, match="span"):
        second["hi"][0] = 2
    second["hi"][0] = 20
    second.commit("again")
    assert rows(db, "SELECT * FROM a ORDER BY id") == [(1, 9, 20), (2, 1, 2)]


def test_two_handles_that_change_columns_of_no_check_in_common() -> None:
    store = MemoryStore()
    db = database(*SPAN, "ALTER TABLE a ADD COLUMN n int CHECK (n > 0)", store=store)
    first, second = (deeplake.open(store, table="a") for _ in range(2))
    first["lo"][0], second["n"][0] = 9, 2
    first.commit("first")
    second.commit("second")
    assert rows(db, "SELECT * FROM a") == [(1, 9, 10, 2)]


def test_a_key_of_two_columns_that_two_handles_changed_one_each() -> None:
    store = MemoryStore()
    db = database(
        "CREATE TABLE p (x int, y int, PRIMARY KEY (x, y))",
        "INSERT INTO p VALUES (1, 1), (1, 2), (2, 1)",
        "CREATE TABLE f (x int, y int, CONSTRAINT of_p FOREIGN KEY (x, y) REFERENCES p)",
        "INSERT INTO f VALUES (1, 1)",
        store=store,
    )
    first, second = (deeplake.open(store, table="f") for _ in range(2))
    first["x"][0], second["y"][0] = 2, 2
    first.commit("first")
    with pytest.raises(errors.CommitConflictError, match="of_p"):
        second.commit("second")
    assert rows(db, "SELECT * FROM f") == [(2, 1)]
