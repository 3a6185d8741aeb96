"""Staged rows that go with their handle are told of: once, by table, with the way out."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import warnings

import pytest

import deeplake
from deeplake.errors import QueryError, RefExistsError, StagedRowsWarning
from deeplake.storage.memory import MemoryStore


@pytest.fixture
def store(request):
    """Ten committed rows, in a store of the test's own name."""
    made = MemoryStore(request.node.name)
    ds = deeplake.create(made, schema={"n": "int", "t": "text"})
    ds.extend([{"n": k, "t": "row"} for k in range(10)])
    ds.commit("ten rows")
    return made


def told(store, work):
    """What was warned of while something was done and its handles went away.

    Of this store only: handles in cycles, left by whatever ran before in this process, may go away
    meanwhile too.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
        gc.collect()
    heard = [str(one.message) for one in caught if one.category is StagedRowsWarning]
    return [message for message in heard if f" of {store.url} were staged" in message]


def test_rows_that_go_with_their_handle_are_told_of(store):
    def work():
        ds = deeplake.open(store)
        ds.extend([{"n": 11}, {"n": 12}])
        ds.append({"n": 13})

    (message,) = told(store, work)
    assert message == (
        f"3 rows added to table 'data' of {store.url} were staged and are dropped with their "
        "handle. Call commit() before it goes, or rollback() if you mean that."
    )


def test_changes_of_every_kind_are_told_by_table(store):
    def work():
        db = deeplake.connect(store)
        db.execute("CREATE TABLE other (a int)")
        db.execute("BEGIN")
        db.execute("INSERT INTO other VALUES (1)")
        db.execute("DELETE FROM data WHERE n < 2")
        db.execute("UPDATE data SET t = 'x' WHERE n = 5")

    (message,) = told(store, work)
    assert "1 row added to table 'other'" in message
    assert "2 rows deleted and others updated in table 'data'" in message
    assert "Call commit() before it goes" in message

    def columns():
        deeplake.open(store, table="data").add_column("more", "int")

    (message,) = told(store, columns)
    assert message.startswith("other columns of table 'data'")


def test_of_many_tables_some_are_named(store):
    def work():
        db = deeplake.connect(store)
        db.execute("BEGIN")
        for k in range(30):
            db.execute(f"CREATE TABLE t{k} (a int)")

    (message,) = told(store, work)
    assert "table 't0'" in message
    assert "of 25 tables more" in message
    assert len(message) < 600


@pytest.mark.parametrize(
    "ending",
    [
        lambda ds: ds.commit("kept"),
        lambda ds: ds.rollback(),
        lambda ds: ds.close(),
        lambda ds: ds.__exit__(None, None, None),
        lambda ds: ds.__exit__(ValueError, None, None),
    ],
    ids=["commit", "rollback", "close", "with", "with that raised"],
)
def test_what_was_ended_is_not_told_of(store, ending):
    def work():
        ds = deeplake.open(store)
        ds.append({"n": 11})
        ds.update({"t": "x"}, rows=0)
        ending(ds)

    assert told(store, work) == []


def test_a_rollback_of_dropped_and_renamed_tables_is_an_end_too(store):
    def work():
        db = deeplake.connect(store)
        db.execute("BEGIN")
        db.execute("DROP TABLE data")
        db.execute("ROLLBACK")
        db.execute("BEGIN")
        db.execute("ALTER TABLE data RENAME TO other")
        db.rollback()

    assert told(store, work) == []

    def dropping():
        db = deeplake.connect(store)
        db.execute("BEGIN")
        db.execute("DROP TABLE data")

    (message,) = told(store, dropping)
    assert message.startswith("the end of table 'data' of mem:")


def test_a_handle_that_staged_nothing_says_nothing(store):
    def work():
        ds = deeplake.open(store)
        ds.extend([])
        [*ds.filter("n > 3")]
        with pytest.raises(deeplake.errors.InvalidValueError):
            ds.append({"n": "text"})
        with pytest.raises(RefExistsError):
            ds.filter("n > 3").to_branch("main")
        db = deeplake.connect(store)
        with pytest.raises(QueryError):
            db.execute("INSERT INTO data SELECT 1 / 0")
        db.execute("INSERT INTO data VALUES (11, 'x')")

    assert told(store, work) == []


def test_rows_that_a_view_still_shows_are_not_dropped(store):
    ds = deeplake.open(store)
    ds.append({"n": 11})
    kept = []

    def work():
        nonlocal ds
        kept.append(ds[9:])
        del ds

    assert told(store, work) == []
    assert [row["n"] for row in kept[0]] == [9, 11]
    assert len(told(store, kept.clear)) == 1


ENDINGS = {
    "the end of the program": "",
    "an exit": "sys.exit(3)",
    "an error": "raise ValueError('no')",
    "a cycle": "ds.me = ds",
    "a function": "def f():\n    yield ds\nit = f(); next(it)",
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_the_end_of_a_program_is_told_like_any_other(tmp_path, ending):
    program = f"""
import sys
import deeplake
ds = deeplake.create({str(tmp_path / "r")!r}, schema={{"n": "int"}})
ds.append({{"n": 1}})
{ending}
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.stderr.count("StagedRowsWarning: 1 row added to table 'data'") == 1
    assert "Exception ignored" not in run.stderr


def test_the_history_as_a_table_says_nothing_of_its_own_rows(tmp_path):
    program = f"""
import deeplake
db = deeplake.connect({str(tmp_path / "r")!r})
db.execute("CREATE TABLE t (a int)")
db.execute("INSERT INTO t VALUES (1)")
db.tag("one")
db.execute("INSERT INTO t VALUES (2)")
for table in ("log", "branches", "tags", "diff('t', 'one', 'main')"):
    assert db.execute(f"SELECT * FROM deeplake_{{table}}").fetchall()
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_tell_of_its_parents_rows(tmp_path):
    program = f"""
import os
import deeplake
ds = deeplake.create({str(tmp_path / "r")!r}, schema={{"n": "int"}})
ds.append({{"n": 1}})
if os.fork() == 0:
    raise SystemExit
os.wait()
ds.commit("one")
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stderr == ""
