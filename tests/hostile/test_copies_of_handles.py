"""Pickled and copied handles: the same place, never the same staged rows."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import deeplake
from deeplake.errors import StagedChangesError
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
