"""Names of tables and what SQL declared of them, in merges of whole databases."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.errors import MergeConflictError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from random import Random

    from deeplake.api.database import Database

A, B = "CREATE TABLE a (n int)", "CREATE TABLE b (x int)"
OTHER = "INSERT INTO b VALUES (1)"


def forked(base: list[str], theirs: list[str], ours: list[str]) -> Database:
    """A database on main that did `ours` since branch d, which did `theirs`."""
    db = deeplake.connect(MemoryStore())
    for statement in base:
        db.execute(statement)
    db.branch("d")
    for statement in theirs:
        db.execute(statement)
    db.checkout("main")
    for statement in ours:
        db.execute(statement)
    return db


def rows(db: Database, query: str) -> list[tuple[object, ...]]:
    return db.execute(query).fetchall()


def refused(db: Database) -> list[tuple[str, str]]:
    """Kind and table of the conflicts that a merge of d meets; nothing is changed by it."""
    before = db.commit_id
    with pytest.raises(MergeConflictError) as caught:
        db.merge("d")
    assert db.commit_id == before
    return [(c.kind, c.table) for c in caught.value.conflicts]


# --- a name that one side gave away and took again ------------------------------------------------

RETAKEN = [
    ("SELECT * FROM a", [A, B, "INSERT INTO a VALUES (7)"], [
      "DROP TABLE a", "CREATE TABLE a (z text)", "INSERT INTO a VALUES ('new')"], [("new",)]),
    ("SELECT * FROM a", [A, B], ["ALTER TABLE a RENAME TO c", "CREATE TABLE a (z text)",
      "INSERT INTO a VALUES ('new')"], [("new",)]),
    ("SELECT * FROM v", [B, "CREATE VIEW v AS SELECT 1 AS k"],
     ["CREATE OR REPLACE VIEW v AS SELECT 2 AS k"], [(2,)]),
    ("SELECT * FROM a", [A, B, "INSERT INTO b VALUES (3)"],
     ["ALTER TABLE a RENAME TO t", "ALTER TABLE b RENAME TO a", "ALTER TABLE t RENAME TO b",
      "UPDATE a SET x = 4"], [(4,)]),
]  # fmt: skip


@pytest.mark.parametrize("policy", ["raise", "ours", "theirs"])
@pytest.mark.parametrize(("query", "base", "theirs", "there"), RETAKEN)
def test_a_name_that_one_side_alone_gave_away_and_took_again_is_no_conflict(
    query: str, base: list[str], theirs: list[str], there: list[tuple[object, ...]], policy: str
) -> None:
    db = forked(base, theirs, ["CREATE TABLE z (n int)"])
    db.merge("d", on_conflict=policy)
    assert rows(db, query) == there
    assert "z" in db.tables()


@pytest.mark.parametrize("policy", ["raise", "ours", "theirs"])
@pytest.mark.parametrize(("query", "base", "ours", "here"), RETAKEN)
def test_a_name_that_ours_gave_away_and_took_again_is_no_conflict(
    query: str, base: list[str], ours: list[str], here: list[tuple[object, ...]], policy: str
) -> None:
    db = forked(base, ["CREATE TABLE z (n int)"], ours)
    db.merge("d", on_conflict=policy)
    assert rows(db, query) == here
    assert "z" in db.tables()


def test_the_newest_commit_can_be_reverted_though_it_replaced_a_view() -> None:
    db = forked(
        ["CREATE VIEW v AS SELECT 1 AS k", "CREATE OR REPLACE VIEW v AS SELECT 2 AS k"], [], []
    )
    db.revert("main")
    assert rows(db, "SELECT * FROM v") == [(1,)]
    db.revert("main")
    assert rows(db, "SELECT * FROM v") == [(2,)]


@pytest.mark.parametrize("made", ["CREATE SCHEMA s", "CREATE VIEW s AS SELECT 1 AS k"])
def test_a_schema_or_view_that_both_sides_made_alike_is_one(made: str) -> None:
    db = forked([B], [made, "CREATE TABLE p (n int)"], [made, OTHER])
    db.merge("d")
    assert set(db.tables()) == {"b", "p"}
    db.checkout("d")
    db.execute("INSERT INTO p VALUES (1)")
    db.merge("main")
    db.checkout("main")
    db.merge("d")
    assert rows(db, "SELECT * FROM p") == [(1,)]


# --- two tables of one name -----------------------------------------------------------------------


def two_tables() -> Database:
    return forked(
        [B],
        ["CREATE TABLE a (z text)", "INSERT INTO a VALUES ('theirs')", "CREATE TABLE p (n int)"],
        [A, "INSERT INTO a VALUES (1)", OTHER],
    )


def test_two_tables_of_one_name_are_a_conflict() -> None:
    assert refused(two_tables()) == [("table", "a")]


@pytest.mark.parametrize(("side", "there"), [("ours", [(1,)]), ("theirs", [("theirs",)])])
@pytest.mark.parametrize("how", ["policy", "function", "resolve"])
def test_the_side_that_is_kept_has_the_table_of_a_name(
    side: str, there: list[tuple[object, ...]], how: str
) -> None:
    db = two_tables()
    if how == "policy":
        db.merge("d", on_conflict=side)
    elif how == "function":
        db.merge("d", on_conflict=lambda conflict: getattr(conflict, side))
    else:
        refused(db)
        assert db.resolve(side) == []
    assert rows(db, "SELECT * FROM a") == there
    assert set(db.tables()) == {"a", "b", "p"}
    assert rows(db, "SELECT * FROM b") == [(1,)]
    assert db.verify().ok


@pytest.mark.parametrize("ours", [[OTHER], ["INSERT INTO a VALUES (8)"]])
def test_ours_keeps_the_table_that_the_branch_has(ours: list[str]) -> None:
    """Or that of the other, made anew: the drop of the one is not done without it."""
    db = forked([A, B], ["DROP TABLE a", "CREATE TABLE a (z int)"], ours)
    db.merge("d", on_conflict="ours")
    assert "a" in db.tables()
    if ours != [OTHER]:
        assert rows(db, "SELECT n FROM a") == [(8,)]


def test_theirs_replaces_a_table_that_ours_changed() -> None:
    db = forked([A], ["DROP TABLE a", "CREATE TABLE a (z int)"], ["INSERT INTO a VALUES (8)"])
    assert set(refused(db)) == {("table", "a")}
    db.merge("d", on_conflict="theirs")
    assert rows(db, "SELECT z FROM a") == []


RENAMED = ["ALTER TABLE b RENAME TO q", "INSERT INTO q VALUES (6)"]


def test_ours_keeps_what_theirs_put_into_a_table_whose_new_name_is_taken() -> None:
    db = forked([A, B], RENAMED, ["ALTER TABLE a RENAME TO q", "INSERT INTO q VALUES (5)"])
    assert refused(db) == [("table", "q")]
    db.merge("d", on_conflict="ours")
    assert set(db.tables()) == {"b", "q"}
    assert rows(db, "SELECT x FROM b") == [(6,)]
    assert rows(db, "SELECT n FROM q") == [(5,)]


def test_theirs_keeps_what_ours_put_into_a_table_whose_new_name_is_taken() -> None:
    db = forked([A, B], RENAMED, ["ALTER TABLE a RENAME TO q", "INSERT INTO q VALUES (5)"])
    db.merge("d", on_conflict="theirs")
    assert set(db.tables()) == {"a", "q"}
    assert rows(db, "SELECT x FROM q") == [(6,)]
    assert rows(db, "SELECT n FROM a") == [(5,)]


def test_ours_undoes_a_rename_alone_and_leaves_nothing_to_change() -> None:
    db = forked([A, B], ["ALTER TABLE b RENAME TO q"], ["ALTER TABLE a RENAME TO q"])
    db.merge("d", on_conflict="ours")
    assert set(db.tables()) == {"b", "q"}
    assert rows(db, "SELECT n FROM q") == []


# --- both renamed a table -------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "name"), [("ours", "x2"), ("theirs", "x1")])
def test_a_table_that_both_sides_renamed_differently_is_a_conflict(side: str, name: str) -> None:
    theirs = ["ALTER TABLE a RENAME TO x1", "INSERT INTO x1 VALUES (1)"]
    db = forked([A], theirs, ["ALTER TABLE a RENAME TO x2", "INSERT INTO x2 VALUES (2)"])
    assert refused(db) == [("table", "x2")]
    (conflict,) = db.conflicts()
    told = conflict.base, conflict.ours, conflict.theirs
    assert told == ("table 'a'", "table 'x2'", "table 'x1'")
    assert db.resolve(side) == []
    assert db.tables() == [name]
    assert sorted(rows(db, f"SELECT * FROM {name}")) == [(1,), (2,)]


def test_a_table_that_both_sides_renamed_alike_is_no_conflict() -> None:
    renamed = ["ALTER TABLE a RENAME TO x"]
    db = forked([A], [*renamed, "INSERT INTO x VALUES (1)"], renamed)
    db.merge("d")
    assert rows(db, "SELECT * FROM x") == [(1,)]


NAMES = ["a", "b", "c"]
ORDERS = st.permutations(NAMES)


@given(ORDERS, ORDERS, st.sampled_from(["ours", "theirs", ""]), st.randoms())
def test_names_that_both_sides_dealt_anew_lose_no_table(
    theirs: list[str], ours: list[str], how: str, chance: Random
) -> None:
    """Each side renames the three tables in any way, and each puts a row into each of them."""
    base = [f"CREATE TABLE {name} (n text)" for name in NAMES]
    sides = []
    for side, order in (("theirs", theirs), ("ours", ours)):
        away = [f"ALTER TABLE {name} RENAME TO {name}_" for name in NAMES]
        new = zip(NAMES, order, strict=True)
        back = [f"ALTER TABLE {old}_ RENAME TO {name}" for old, name in new]
        there = zip(NAMES, order, strict=True)
        put = [f"INSERT INTO {name} VALUES ('{side} {old}')" for old, name in there]
        sides.append([*away, *back, *put])
    db = forked(base, *sides)
    db.merge("d", on_conflict=how or (lambda c: chance.choice([c.ours, c.theirs])))
    assert set(db.tables()) == set(NAMES)
    found = sorted(sorted(rows(db, f"SELECT * FROM {name}")) for name in NAMES)
    assert found == [[(f"ours {name}",), (f"theirs {name}",)] for name in NAMES]
    for old, here, there in zip(NAMES, ours, theirs, strict=True):
        either = [(f"ours {old}",) in rows(db, f"SELECT * FROM {name}") for name in (here, there)]
        assert any(either), "a name of one side"


def test_three_names_that_one_side_dealt_anew_are_no_conflict() -> None:
    for order in permutations(NAMES):
        base = [f"CREATE TABLE {name} (n text)" for name in NAMES]
        away = [f"ALTER TABLE {name} RENAME TO {name}_" for name in NAMES]
        pairs = zip(NAMES, order, strict=True)
        back = [f"ALTER TABLE {old}_ RENAME TO {name}" for old, name in pairs]
        db = forked(base, [*away, *back], [f"INSERT INTO {n} VALUES ('{n}')" for n in NAMES])
        db.merge("d")
        for old, name in zip(NAMES, order, strict=True):
            assert rows(db, f"SELECT * FROM {name}") == [(old,)]


# --- what SQL declared ----------------------------------------------------------------------------

DECLARED = [
    ("ALTER TABLE a ALTER n SET DEFAULT 5", "ALTER TABLE a ALTER n SET DEFAULT 6"),
    ("ALTER TABLE a ADD CONSTRAINT c CHECK (n > 0)",
     "ALTER TABLE a ADD CONSTRAINT c CHECK (n < 100)"),
    ("COMMENT ON TABLE a IS 'x'", "COMMENT ON TABLE a IS 'y'"),
    ("COMMENT ON COLUMN a.n IS 'x'", "COMMENT ON COLUMN a.n IS 'y'"),
]  # fmt: skip


def declared(db: Database) -> dict[str, object]:
    return db.table("a")._session.columns.schema.sql


@pytest.mark.parametrize(("theirs", "ours"), DECLARED)
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_what_both_sides_declared_differently_is_a_conflict(
    theirs: str, ours: str, side: str
) -> None:
    db = forked([A], [theirs], [ours])
    here = declared(db)
    db.checkout("d")
    there = declared(db)
    db.checkout("main")
    assert refused(db) == [("schema", "a")]
    (conflict,) = db.conflicts()
    assert conflict.ours != conflict.theirs
    assert db.resolve(side) == []
    assert declared(db) == (here if side == "ours" else there)


@pytest.mark.parametrize(("one", "_"), DECLARED)
def test_what_one_side_or_both_alike_declared_is_taken(one: str, _: str) -> None:
    for theirs, ours in ([one], ["CREATE TABLE z (n int)"]), ([one], [one]), (
        [one], ["INSERT INTO a VALUES (1)"],
    ):  # fmt: skip
        db = forked([A], theirs, ours)
        db.checkout("d")
        there = declared(db)
        db.checkout("main")
        db.merge("d")
        assert declared(db) == there != {}


def test_a_default_and_a_comment_of_one_column_come_together() -> None:
    db = forked([A], ["COMMENT ON COLUMN a.n IS 'x'"], ["ALTER TABLE a ALTER n SET DEFAULT 5"])
    db.merge("d")
    (entry,) = declared(db)["columns"].values()  # type: ignore[attr-defined]
    assert entry == {"default": "5", "comment": "x"}


@pytest.mark.parametrize("kept_by", ["ours", "theirs"])
def test_a_column_that_is_kept_though_one_side_dropped_it_keeps_what_was_declared(
    kept_by: str,
) -> None:
    base = [A, "ALTER TABLE a ADD COLUMN m int", "ALTER TABLE a ALTER m SET DEFAULT 5"]
    base += ["COMMENT ON COLUMN a.m IS 'five'", "INSERT INTO a VALUES (1, 2)"]
    sides = [["UPDATE a SET m = 7"], ["ALTER TABLE a DROP COLUMN m"]]
    db = forked(base, *(sides if kept_by == "theirs" else sides[::-1]))
    db.merge("d", on_conflict=kept_by)
    (entry,) = declared(db)["columns"].values()  # type: ignore[attr-defined]
    assert entry == {"default": "5", "comment": "five"}
    db.execute("INSERT INTO a (n) VALUES (2)")
    assert rows(db, "SELECT n, m FROM a") == [(1, 7), (2, 5)]


def test_a_check_that_one_side_dropped_and_made_otherwise_is_taken() -> None:
    again = ["ALTER TABLE a DROP CONSTRAINT c", "ALTER TABLE a ADD CONSTRAINT c CHECK (n < 9)"]
    db = forked([A, "ALTER TABLE a ADD CONSTRAINT c CHECK (n > 0)"], again, [])
    db.execute("INSERT INTO a VALUES (5)")
    db.merge("d")
    assert declared(db)["constraints"]["c"]["check"] == "n < 9"  # type: ignore[index]
    db.execute("ALTER TABLE a DROP CONSTRAINT c")
    db.checkout("d")
    db.execute("ALTER TABLE a DROP CONSTRAINT c")
    db.execute("ALTER TABLE a ADD CONSTRAINT c CHECK (n < 8)")
    db.checkout("main")
    assert refused(db) == [("schema", "a")]
