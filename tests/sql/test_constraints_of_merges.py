"""CHECK and REFERENCES where no statement writes: dropped columns, views made branches, merges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deeplake
from deeplake import errors
from deeplake.sql import rechecks
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_two_handles_that_change_columns_that_share_no_check() -> None:
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


# --- merges ----------------------------------------------------------------------------------


def refused(db: Database, what: Callable[..., object], source: object, kind: str) -> list[Any]:
    """The conflicts; no policy settles them, nothing is changed."""
    before, policies = db.commit_id, ["ours", "theirs", lambda c: c.theirs, "raise"]
    for policy in policies:
        with pytest.raises(errors.MergeConflictError) as caught:
            what(source, on_conflict=policy)
        assert {conflict.kind for conflict in caught.value.conflicts} == {kind}
    assert db.commit_id == before
    assert [repr(c) for c in db.conflicts()] == [repr(c) for c in caught.value.conflicts]
    db.abort_merge()
    return list(caught.value.conflicts)


def both(db: Database, theirs: str, ours: str) -> None:
    """Two statements of two sides: `d` and `main`."""
    db.branch("d")
    db.execute(theirs)
    db.checkout("main")
    db.execute(ours)


def test_a_merge_that_breaks_a_check() -> None:
    db = database(*SPAN, "INSERT INTO a VALUES (2, 1, 10)")
    both(db, "UPDATE a SET lo = 9 WHERE id = 2", "UPDATE a SET hi = 2")
    (conflict,) = refused(db, db.merge, "d", "check")
    assert conflict.table == "a"
    assert conflict.row_id == db.table("a").row_ids[1]
    assert "the constraint 'span' is false: (lo, hi)=(9, 2)" in conflict.message
    sides = conflict.base, conflict.ours, conflict.theirs
    assert sides == ({"lo": 1, "hi": 10}, {"lo": 1, "hi": 2}, {"lo": 9, "hi": 10})
    db.execute("UPDATE a SET hi = 20 WHERE id = 2")
    db.merge("d")
    assert rows(db, "SELECT * FROM a ORDER BY id") == [(1, 1, 2), (2, 9, 20)]


@pytest.mark.parametrize("kind", ["check", "reference"])
def test_what_is_kept_settles_no_constraint_and_the_way_out_is_told(kind: str) -> None:
    """Each side keeps it: to take one side of a row would undo what nobody disputes."""
    db = database(*SPAN, *FAMILY, "INSERT INTO a VALUES (2, 1, 10)")
    if kind == "check":
        theirs, ours = "UPDATE a SET lo = 9 WHERE id = 2", "UPDATE a SET hi = 2 WHERE id = 2"
        mend = "UPDATE a SET hi = 20 WHERE id = 2"
    else:
        theirs, ours = "INSERT INTO f VALUES (11, 2)", "DELETE FROM p WHERE id = 2"
        mend = "INSERT INTO p VALUES (2, 22, 22)"
    db.branch("d")
    db.execute(theirs)
    db.execute("UPDATE a SET lo = 5 WHERE id = 1")
    db.checkout("main")
    db.execute(ours)
    db.execute("UPDATE a SET lo = 6 WHERE id = 1")
    with pytest.raises(errors.MergeConflictError):
        db.merge("d")
    (left,) = db.resolve(keep="theirs", column="lo")
    assert left.kind == kind
    before = db.commit_id
    for how in ({"keep": "ours"}, {"keep": "theirs"}, {"value": 5}):
        with pytest.raises(errors.InputError, match="no side settles") as caught:
            db.resolve(**how)  # type: ignore[arg-type]
        assert "merge() again" in str(caught.value.hint)
        assert "abort_merge()" in str(caught.value.hint)
        assert left.message.split(";")[0] in str(caught.value)
    assert db.commit_id == before
    assert [repr(c) for c in db.conflicts()] == [repr(left)], "it waits as before"
    db.execute(mend)
    assert db.conflicts() == []
    with pytest.raises(errors.InputError) as caught:
        db.resolve(keep="ours")
    assert "merge() again publishes" in str(caught.value.hint)
    db.merge("d")
    assert rows(db, "SELECT lo FROM a WHERE id = 1") == [(5,)], "what was decided is kept"
    assert db.conflicts() == []


def test_what_a_function_answers_is_held_against_the_check() -> None:
    db = database("CREATE TABLE a (id int primary key, n int CHECK (n > 0))")
    db.execute("INSERT INTO a VALUES (1, 1)")
    both(db, "UPDATE a SET n = 2", "UPDATE a SET n = 3")
    with pytest.raises(errors.MergeConflictError, match="a_n_check") as caught:
        db.merge("d", on_conflict=lambda _: -5)
    assert [c.kind for c in caught.value.conflicts] == ["check"]
    with pytest.raises(errors.MergeConflictError):
        db.merge("d")
    with pytest.raises(errors.CheckViolationError, match="a_n_check"):
        db.resolve(value=-5)
    assert [c.kind for c in db.conflicts()] == ["cell"]  # it waits as before
    assert db.resolve(value=5) == []
    assert rows(db, "SELECT * FROM a") == [(1, 5)]


def test_a_new_check_meets_the_rows_of_the_other_side() -> None:
    new = "ALTER TABLE a ADD CONSTRAINT pos CHECK (n > 0)"
    for theirs, ours in ((new, "INSERT INTO a VALUES (5, -1)"), ("UPDATE a SET n = -1", new)):
        db = database("CREATE TABLE a (id int primary key, n int)", "INSERT INTO a VALUES (1, 1)")
        both(db, theirs, ours)
        (conflict,) = refused(db, db.merge, "d", "check")
        assert "'pos' is false: (n)=(-1)" in conflict.message


def test_a_new_check_meets_the_drop_of_its_column() -> None:
    new, drop = "ALTER TABLE a ADD CONSTRAINT pos CHECK (n > 0)", "ALTER TABLE a DROP COLUMN n"
    for theirs, ours in ((new, drop), (drop, new)):
        db = database("CREATE TABLE a (id int, n int)", "INSERT INTO a VALUES (1, 1)")
        both(db, theirs, ours)
        (conflict,) = refused(db, db.merge, "d", "check")
        assert "'pos'" in conflict.message
        assert conflict.row_id is None


def test_a_revert_and_a_cherry_pick_that_break_a_check() -> None:
    db = database(*SPAN, "UPDATE a SET hi = 100")
    wide = db.commit_id
    db.execute("UPDATE a SET lo = 50")
    refused(db, db.revert, wide, "check")
    db = database(*SPAN)
    both(db, "UPDATE a SET hi = 5", "UPDATE a SET lo = 7")
    refused(db, db.cherry_pick, "d", "check")


def test_many_rows_that_break_a_check() -> None:
    db = database("CREATE TABLE a (id int, lo int, hi int, CHECK (lo < hi))")
    db.execute("INSERT INTO a SELECT i, 1, 10 FROM generate_series(1, 250) AS g(i)")
    both(db, "UPDATE a SET lo = 9", "UPDATE a SET hi = 2 WHERE id > 20")
    found = refused(db, db.merge, "d", "check")
    assert len(found) == rechecks.ROWS_TOLD
    assert "of 230 rows" in found[0].message
    assert [c.row_id for c in found] == db.table("a").row_ids[20 : 20 + len(found)].tolist()


def test_rows_that_broke_a_check_before_are_not_asked_again() -> None:
    """Only rows that are as neither side has them are evaluated."""
    db = database("CREATE TABLE a (id int, lo int, hi int, n int, CHECK (lo < hi))")
    db.execute("INSERT INTO a VALUES (1, 1, 10, 0), (2, 1, 10, 0), (3, 1, 10, 0)")
    both(db, "UPDATE a SET lo = 5 WHERE id = 1", "UPDATE a SET hi = 7, n = 1 WHERE id <> 3")
    asked: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        work = rechecks.asked
        patch.setattr(rechecks, "asked", lambda n, view: asked.append(view.rows) or work(n, view))
        db.merge("d")
    assert asked == [1]
    assert rows(db, "SELECT lo, hi FROM a ORDER BY id") == [(5, 7), (1, 7), (1, 10)]


ORPHANS = [
    ("INSERT INTO f VALUES (11, 2)", "DELETE FROM p WHERE id = 2"),
    ("DELETE FROM p WHERE id = 2", "INSERT INTO f VALUES (11, 2)"),
    ("UPDATE f SET pid = 2", "UPDATE p SET id = 20 WHERE id = 2"),
    ("UPDATE p SET id = 20 WHERE id = 2", "UPDATE f SET pid = 2"),
    ("INSERT INTO f VALUES (11, 2), (12, NULL)", "DELETE FROM p WHERE x = 2"),
]


@pytest.mark.parametrize(("theirs", "ours"), ORPHANS)
def test_a_merge_that_leaves_a_row_without_the_one_it_refers_to(theirs: str, ours: str) -> None:
    db = database(*FAMILY)
    both(db, theirs, ours)
    (conflict,) = refused(db, db.merge, "d", "reference")
    assert conflict.table == "f"
    assert "the constraint 'of_p' is not present in table 'p': (pid)=(2)" in conflict.message


def test_references_that_a_merge_keeps() -> None:
    db = database(*FAMILY, "INSERT INTO p VALUES (3, 3, 3), (4, 4, 4)")
    both(db, "INSERT INTO f VALUES (11, 2), (12, NULL), (13, 3)", "DELETE FROM p WHERE id = 4")
    db.execute("INSERT INTO f VALUES (14, 3)")
    db.merge("d")
    assert rows(db, "SELECT count(*) FROM f JOIN p ON p.id = pid") == [(4,)]


def test_a_new_reference_meets_the_rows_of_the_other_side() -> None:
    new = "ALTER TABLE g ADD CONSTRAINT of_p FOREIGN KEY (x, y) REFERENCES p (x, y)"
    for theirs, ours in (
        (new, "INSERT INTO g VALUES (1, 2)"),
        ("INSERT INTO g VALUES (1, 2)", new),
    ):
        db = database(*FAMILY, "CREATE TABLE g (x int, y int)", "INSERT INTO g VALUES (1, 1)")
        both(db, theirs, ours)
        (conflict,) = refused(db, db.merge, "d", "reference")
        assert "(x, y)=(1, 2)" in conflict.message
    db = database(*FAMILY, "CREATE TABLE g (x int, y int)", "INSERT INTO g VALUES (2, 2)")
    both(db, new, "DELETE FROM p WHERE id = 2")
    refused(db, db.merge, "d", "reference")


def test_a_revert_that_takes_away_what_rows_refer_to() -> None:
    db = database(*FAMILY, "INSERT INTO p VALUES (5, 5, 5)")
    made = db.commit_id
    db.execute("INSERT INTO f VALUES (12, 5)")
    refused(db, db.revert, made, "reference")
    db.execute("DELETE FROM f WHERE id = 12")
    db.revert(made)
    assert rows(db, "SELECT count(*) FROM p") == [(2,)]


def test_a_table_that_refers_to_itself() -> None:
    db = database("CREATE TABLE t (id int primary key, up int REFERENCES t(id))")
    db.execute("INSERT INTO t VALUES (1, NULL), (2, 1), (3, 1)")
    both(db, "INSERT INTO t VALUES (4, 3)", "DELETE FROM t WHERE id = 3")
    (conflict,) = refused(db, db.merge, "d", "reference")
    assert "(up)=(3)" in conflict.message


def test_texts_as_keys() -> None:
    db = database("CREATE TABLE p (k text primary key)", "INSERT INTO p VALUES ('x'), ('y'), ('z')")
    db.execute("CREATE TABLE f (k text REFERENCES p)")
    both(db, "INSERT INTO f VALUES ('x'), ('y')", "DELETE FROM p WHERE k = 'y'")
    (conflict,) = refused(db, db.merge, "d", "reference")
    assert "(k)=('y')" in conflict.message


def test_a_key_that_is_null_is_nobodys() -> None:
    """NULL lies in memory as 0."""
    db = database("CREATE TABLE p (k int unique, n int)", "INSERT INTO p VALUES (0, 1), (NULL, 2)")
    db.execute("CREATE TABLE f (k int REFERENCES p (k))")
    both(db, "INSERT INTO f VALUES (0), (NULL)", "DELETE FROM p WHERE k = 0")
    assert len(refused(db, db.merge, "d", "reference")) == 1


def test_a_repository_without_constraints_is_not_looked_at() -> None:
    db = database("CREATE TABLE a (id int primary key, n int)", "CREATE TABLE b (n int)")
    db.execute("INSERT INTO a VALUES (1, 1)")
    both(db, "UPDATE a SET n = 2", "INSERT INTO a VALUES (2, 2)")
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(rechecks, "broken")
        db.merge("d")


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_whatever_two_sides_do_no_constraint_is_broken(data: st.DataObject) -> None:
    """A merge is refused exactly if the outcome without constraints would break one."""
    statement = st.sampled_from([
        *(f"UPDATE a SET {c} = {n} WHERE id = {i}" for c in ("lo", "hi") for n in (1, 5, 9)
          for i in (1, 2)),
        *(f"INSERT INTO f VALUES ({{}}, {pid})" for pid in (1, 2, "NULL")),
        *(f"UPDATE f SET pid = {pid} WHERE id = 10" for pid in (1, 2, 3)),
        *(f"DELETE FROM p WHERE id = {i}" for i in (1, 2, 3)),
        *(f"INSERT INTO p VALUES ({i}, {i}, {i})" for i in (3, 4)),
        "DELETE FROM f WHERE id = 10", "DELETE FROM a WHERE id = 1", "OPTIMIZE",
    ])  # fmt: skip
    constrained = database(*SPAN, "INSERT INTO a VALUES (2, 1, 10)", *FAMILY)
    free = database(*(_loose(s) for s in (*SPAN, "INSERT INTO a VALUES (2, 1, 10)", *FAMILY)))
    ids = iter(range(100, 200))
    for side in ("d", "main"):
        for db in (constrained, free):
            db.branch("d") if side == "d" else db.checkout("main")
        for drawn in data.draw(st.lists(statement, max_size=4)):
            text = drawn.format(next(ids))
            if text == "OPTIMIZE":
                constrained.optimize()
                continue
            try:
                constrained.execute(text)
            except errors.InputError:
                continue
            free.execute(text)
    policy = data.draw(st.sampled_from(["ours", "theirs"]))
    free.merge("d", on_conflict=policy)
    wrong = rows(free, "SELECT id FROM a WHERE NOT lo < hi")
    orphans = rows(free, "SELECT id FROM f WHERE pid NOT IN (SELECT id FROM p)")
    try:
        constrained.merge("d", on_conflict=policy)
    except errors.MergeConflictError as error:
        kinds = [conflict.kind for conflict in error.conflicts]
        assert (kinds.count("check"), kinds.count("reference")) == (len(wrong), len(orphans))
    else:
        assert (wrong, orphans) == ([], [])
        for table in "apf":
            text = f"SELECT * FROM {table} ORDER BY id"
            assert rows(constrained, text) == rows(free, text)


def _loose(text: str) -> str:
    """A statement without what it declares of rows but for keys."""
    text = text.replace(", CONSTRAINT span CHECK (lo < hi)", "")
    return text.replace(" CONSTRAINT of_p REFERENCES p(id)", "")
