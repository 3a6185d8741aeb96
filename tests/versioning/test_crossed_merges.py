"""Two branches that merged each other, and each settled a conflict of names or declarations.

Their common ancestors disagree on it, so whoever chose a side is seen to have chosen: a later merge
asks where the answers differ, and does not where they are one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import deeplake
from deeplake.errors import MergeConflictError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from deeplake.api.database import Database

A = ["CREATE TABLE a (n int, m int)", "INSERT INTO a VALUES (1, 2)", "CREATE TABLE b (k int)"]
VIEW = [*A, "CREATE VIEW v AS SELECT 1 AS k"]
CHECKED = [*A, "ALTER TABLE a ADD CONSTRAINT c CHECK (n > 0)"]

CASES = {
    "column renamed": (A, ["ALTER TABLE a RENAME n TO x1"], ["ALTER TABLE a RENAME n TO x2"]),
    "table renamed": (A, ["ALTER TABLE a RENAME TO x1"], ["ALTER TABLE a RENAME TO x2"]),
    "default": (
        A, ["ALTER TABLE a ALTER n SET DEFAULT 5"], ["ALTER TABLE a ALTER n SET DEFAULT 6"],
    ),
    "default dropped": (
        [*A, "ALTER TABLE a ALTER n SET DEFAULT 4"],
        ["ALTER TABLE a ALTER n DROP DEFAULT"], ["ALTER TABLE a ALTER n SET DEFAULT 6"],
    ),
    "check": (
        A, ["ALTER TABLE a ADD CONSTRAINT c CHECK (n > 0)"],
        ["ALTER TABLE a ADD CONSTRAINT c CHECK (n < 100)"],
    ),
    "check dropped": (
        CHECKED, ["ALTER TABLE a DROP CONSTRAINT c"],
        ["ALTER TABLE a DROP CONSTRAINT c", "ALTER TABLE a ADD CONSTRAINT c CHECK (n < 9)"],
    ),
    "comments": (A, ["COMMENT ON TABLE a IS 'x'"], ["COMMENT ON TABLE a IS 'y'"]),
    "comments of a column": (
        A, ["COMMENT ON COLUMN a.n IS 'x'"], ["COMMENT ON COLUMN a.n IS 'y'"],
    ),
    "view": (
        VIEW, ["CREATE OR REPLACE VIEW v AS SELECT 2 AS k"],
        ["CREATE OR REPLACE VIEW v AS SELECT 3 AS k"],
    ),
    "views made": (A, ["CREATE VIEW v AS SELECT 2 AS k"], ["CREATE VIEW v AS SELECT 3 AS k"]),
    "column dropped or renamed": (
        A, ["ALTER TABLE a DROP COLUMN n"], ["ALTER TABLE a RENAME n TO x2"],
    ),
    "column dropped or written": (A, ["ALTER TABLE a DROP COLUMN n"], ["UPDATE a SET n = 7"]),
    "two drops": (A, ["ALTER TABLE a DROP COLUMN n"], ["ALTER TABLE a DROP COLUMN m"]),
    "column added": (
        A, ["ALTER TABLE a ADD COLUMN d int DEFAULT 1"],
        ["ALTER TABLE a ADD COLUMN d int DEFAULT 2"],
    ),
    "two columns of one name": (
        A, ["ALTER TABLE a ADD COLUMN d int"], ["ALTER TABLE a ADD COLUMN d text"],
    ),
    "two columns renamed to one name": (
        A, ["ALTER TABLE a RENAME n TO d"], ["ALTER TABLE a RENAME m TO d"],
    ),
    "table dropped or written": (A, ["DROP TABLE a"], ["INSERT INTO a VALUES (3, 4)"]),
    "table dropped or renamed": (A, ["DROP TABLE a"], ["ALTER TABLE a RENAME TO x2"]),
    "two tables of one name": (
        A, ["CREATE TABLE t (z text)", "INSERT INTO t VALUES ('x')"],
        ["CREATE TABLE t (n int)", "INSERT INTO t VALUES (5)"],
    ),
    "two tables renamed to one name": (
        A, ["ALTER TABLE a RENAME TO t", "INSERT INTO t VALUES (8, 8)"],
        ["ALTER TABLE b RENAME TO t", "INSERT INTO t VALUES (9)"],
    ),
}  # fmt: skip


def crossed(
    base: list[str], x: list[str], y: list[str], *answers: str
) -> tuple[MemoryStore, Database]:
    """Branches x and y of a repository, each of which has merged what the other did."""
    store = MemoryStore()
    db = deeplake.connect(store)
    for statement in base:
        db.execute(statement)
    made = {}
    for name, statements in (("x", x), ("y", y)):
        db.checkout("main")
        db.branch(name)
        for statement in statements:
            db.execute(statement)
        made[name] = db.commit_id
    for name, other, answer in (("x", "y", answers[0]), ("y", "x", answers[1])):
        db.checkout(name)
        db.merge(made[other], on_conflict=answer)
    return store, db


def state(db: Database, branch: str) -> dict[str, Any]:
    """What a branch holds, by table: columns, what SQL declared, rows."""
    db.checkout(branch)
    snapshot = db._open_stand().snapshot
    found = {}
    for name, entry in snapshot.entries().items():
        schema = snapshot.table(name).schema
        columns = {spec.column_id: spec for spec in schema.columns}
        rows = []
        if entry.rows:
            names = ", ".join(columns[c].name for c in sorted(columns))
            rows = sorted(db.execute(f"SELECT {names} FROM {name}").fetchall())
        found[name] = entry.table_id, columns, schema.sql, rows
    return found


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("answers", [("ours", "theirs"), ("theirs", "ours")])
def test_crossed_merges_that_settled_alike_merge(case: str, answers: tuple[str, str]) -> None:
    _, db = crossed(*CASES[case], *answers)
    wanted = state(db, "y")
    db.checkout("x")
    before = state(db, "x")
    db.merge("y")
    assert state(db, "x") == before == wanted
    assert db.verify(progress=False).ok


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("answer", ["ours", "theirs"])
@pytest.mark.parametrize("keep", ["ours", "theirs"])
def test_crossed_merges_that_settled_differently_conflict_again(
    case: str, answer: str, keep: str
) -> None:
    store, db = crossed(*CASES[case], answer, answer)
    sides = {name: state(db, name) for name in "xy"}
    assert sides["x"] != sides["y"]
    for name, other in (("x", "y"), ("y", "x")):
        db.checkout(name)
        before = db.commit_id
        with pytest.raises(MergeConflictError) as caught:
            db.merge(other)
        assert db.commit_id == before
        assert {c.kind for c in caught.value.conflicts} <= {"schema", "table"}
        for conflict in caught.value.conflicts:
            assert "\0" not in f"{conflict!r} {conflict.base} {conflict.ours} {conflict.theirs}"
        assert len(db.conflicts()) == len(caught.value.conflicts)
    db.checkout("x")
    assert db.resolve(keep) == []
    assert state(db, "x") == sides["x" if keep == "ours" else "y"]
    assert db.verify(progress=False).ok
    for found in store.list(""):
        body = store.get(found.key)
        assert b"\0unsettled" not in body
        assert b"u0000unsettled" not in body


def test_three_ancestors_that_disagree_on_a_name_are_seen_to() -> None:
    db = deeplake.connect(MemoryStore())
    for statement in A:
        db.execute(statement)
    for name in "abc":
        db.checkout("main")
        db.branch(name)
        db.execute(f"ALTER TABLE a RENAME n TO {name}{name}")
    for name, first, answers in (("x", "a", ["ours", "ours"]), ("y", "b", ["ours", "theirs"])):
        db.checkout(first)
        db.branch(name)
        for other, answer in zip("bc" if first == "a" else "ac", answers, strict=True):
            db.merge(other, on_conflict=answer)
    sides = {name: state(db, name) for name in "xy"}
    db.checkout("x")
    with pytest.raises(MergeConflictError) as caught:
        db.merge("y")
    (conflict,) = caught.value.conflicts
    assert (conflict.kind, conflict.column, conflict.base) == ("schema", "aa", None)
    assert db.resolve("theirs") == []
    assert state(db, "x") == sides["y"]


def test_what_was_settled_alike_may_be_changed_again_by_both() -> None:
    """The answer is there, but no ancestor has it: so two new names are a conflict too."""
    _, db = crossed(*CASES["column renamed"], "ours", "theirs")
    for name, new in (("x", "z1"), ("y", "z2")):
        db.checkout(name)
        db.execute(f"ALTER TABLE a RENAME x1 TO {new}")
    db.checkout("x")
    with pytest.raises(MergeConflictError):
        db.merge("y")


def test_a_table_that_both_picked_and_changed_is_asked_about_again() -> None:
    """It has no common ancestor, and the two are kept as wholes."""
    db = deeplake.connect(MemoryStore())
    for statement in A:
        db.execute(statement)
    db.branch("dev")
    db.execute("CREATE TABLE t (n int)")
    made, picked = db.commit_id, {}
    for name in "xy":
        db.checkout("main")
        db.branch(name)
        db.cherry_pick(made)
        db.execute(f"INSERT INTO t VALUES ({'xy'.index(name)})")
        picked[name] = db.commit_id
    for name, other in (("x", "y"), ("y", "x")):
        db.checkout(name)
        db.merge(picked[other], on_conflict="ours")
    sides = {name: state(db, name) for name in "xy"}
    db.checkout("x")
    with pytest.raises(MergeConflictError) as caught:
        db.merge("y")
    assert [c.kind for c in caught.value.conflicts] == ["table"]
    assert db.resolve("theirs") == []
    assert state(db, "x") == sides["y"]


def test_a_key_that_is_restored_of_crossed_ancestors_is_written_and_not_referred_to() -> None:
    """The ancestors together are in memory: what refers to them cannot be read by anybody else."""
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int", "u": "text unique"})
    for k in range(0, 6, 3):
        ds.extend({"n": range(k, k + 3), "u": [f"u{j}" for j in range(k, k + 3)]})
        ds.commit("rows")
    a, b = deeplake.open(store), deeplake.open(store)
    a.branch("a")
    b.branch("b")
    a["u"][1] = "p"
    changed = a.commit("a key")
    b.optimize(progress=False)
    b["n"][5] = 55
    other = b.commit("a cell")
    a.merge(other)
    b.merge(changed)
    b.optimize(progress=False)
    b["u"][1] = "q"
    b.commit("another key")
    a.append({"n": 9, "u": "q"})
    a.commit("a row with that key")
    b.merge("a", on_conflict="theirs")
    again = deeplake.open(store, at="b")
    assert again["u"][:] == ["u0", "p", "u2", "u3", "u4", "u5", "q"]
    assert again.verify(progress=False).ok


def test_bitmaps_of_crossed_ancestors_are_read_where_they_are() -> None:
    """In memory, though those of other fragments are read at the same time from the store."""
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int"})
    for k in range(0, 6, 3):
        ds.extend({"n": range(k, k + 3)})
        ds.commit("rows")
    x, y = deeplake.open(store), deeplake.open(store)
    x.branch("x")
    y.branch("y")
    x["n"][5] = 50
    first = x.commit("fifty")
    y["n"][5] = 51
    second = y.commit("fifty-one")
    x.merge(second, on_conflict="ours")
    y.merge(first, on_conflict="theirs")
    x["n"][0] = 10
    x.commit("another fragment")
    y["n"][1] = 11
    y.commit("another cell")
    x.merge("y")
    assert x["n"][:].tolist() == [10, 11, 2, 3, 4, 50]
