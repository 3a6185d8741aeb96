"""Pickled and copied handles: the same place, never the same staged rows."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import deeplake
from deeplake.errors import StagedChangesError, UnsupportedQueryError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def again(handle: object) -> object:
    return pickle.loads(pickle.dumps(handle))


@pytest.mark.parametrize("copied", [again, copy.copy, copy.deepcopy])
def test_a_copy_stands_where_its_original_stood(tmp_path: Path, copied: Callable) -> None:
    for store in (MemoryStore(), tmp_path / "r"):
        ds = deeplake.create(store, schema={"a": "int", "b": "blob"})
        ds.extend({"a": [*range(70_000)], "b": [bytes(9)] * 70_000})
        ds.commit()
        view, column = ds[5:9], ds["a"]
        assert (view["a"][0], column[-1], ds["b"][3]) == (5, 69_999, bytes(9))
        assert len(pickle.dumps((ds, view, column))) < 2_000
        other = copied(ds)
        other.append({"a": -1})
        other.commit()
        assert (other.branch_name, len(other), len(ds)) == ("main", 70_001, 70_000)
        assert copied(view)["a"][:].tolist() == [5, 6, 7, 8]
        assert copied(column)[2] == 2
        assert deeplake.open(store)["a"][-1] == -1


def test_a_handle_with_staged_rows_is_not_copied() -> None:
    ds = deeplake.create(MemoryStore(), schema={"a": "int"})
    ds.append({"a": 1})
    with pytest.raises(StagedChangesError, match="copying"):
        copy.copy(ds)
    for copied in (again, copy.deepcopy):
        for handle in (ds, ds[0:1], ds["a"]):
            with pytest.raises(StagedChangesError, match="copying"):
                copied(handle)


def test_a_store_in_memory_does_not_pass_for_itself_in_another_process() -> None:
    ds = deeplake.create(MemoryStore(), schema={"a": "int"})
    code = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(ds), capture_output=True, check=False
    )
    assert b"StoreError" in done.stderr
    assert b"another process" in done.stderr


@pytest.fixture
def numbers() -> deeplake.Database:
    db = deeplake.connect(MemoryStore())
    db.execute("CREATE TABLE t (a int, s text)")
    db.execute("INSERT INTO t SELECT g, 'text ' || g FROM generate_series(0, 9) g")
    return db


@pytest.mark.parametrize("copied", [again, copy.copy, copy.deepcopy])
def test_a_database_is_copied_after_statements_too(numbers, copied: Callable) -> None:
    other = copied(numbers)
    other.execute("BEGIN")
    other.execute("DELETE FROM t")
    assert numbers.execute("SELECT count(*) FROM t").fetchall() == [(10,)]
    other.execute("COMMIT")
    assert numbers.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
    numbers.table("t").append({"a": 1})
    with pytest.raises(StagedChangesError, match="copying"):
        copied(numbers)


@pytest.mark.parametrize("copied", [again, copy.copy, copy.deepcopy])
def test_a_view_of_a_query_is_copied_with_its_commit(numbers, copied: Callable) -> None:
    ds = numbers.table("t")
    asked = "SELECT a, a * %s AS b FROM this WHERE s LIKE 'text%%' AND a %% 2 = %s"
    view = ds.query(asked, [10, 1])
    everything, part = view.fetchall(), view[1:3]
    numbers.execute("UPDATE t SET a = -1")
    assert copied(view).fetchall() == everything == [(a, 10 * a) for a in (1, 3, 5, 7, 9)]
    assert copied(part)["b"][:].tolist() == [30, 50]
    assert copied(part["a"])[0] == 3
    loader = copied(view.batches(2, columns=["b"]))
    assert [batch["b"].tolist() for batch in loader] == [[10, 30], [50, 70], [90]]
    chosen = numbers.dataloader("t").filter("s > 'text 7'").columns(["s"])
    assert [batch["s"] for batch in copied(chosen).to_numpy()] == [["text 8", "text 9"]]


def test_a_view_that_would_be_another_elsewhere_is_not_pickled(numbers) -> None:
    for text in ("SELECT random() AS r FROM t", "SELECT * FROM t WHERE now() > '2020-01-01'",
                 'SELECT * FROM "t@main"', "SELECT * FROM deeplake_log"):  # fmt: skip
        with pytest.raises(UnsupportedQueryError, match="cannot be pickled"):
            pickle.dumps(numbers.query(text))
    numbers.table("t").append({"a": 1})
    with pytest.raises(StagedChangesError, match="pickling a view"):
        pickle.dumps(numbers.table("t").filter("a > 3"))


def test_a_loader_of_a_query_works_in_another_process(tmp_path: Path) -> None:
    ds = deeplake.create(tmp_path / "r", schema={"a": "int"})
    ds.extend({"a": [*range(10)]})
    ds.commit()
    loader = ds.filter("a >= %s", [6]).batches(3)
    code = (
        "import pickle, sys; loader = pickle.loads(sys.stdin.buffer.read());"
        "print([batch['a'].tolist() for batch in loader])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(loader), capture_output=True, check=True
    )
    assert done.stdout.strip() == b"[[6, 7, 8], [9]]"
