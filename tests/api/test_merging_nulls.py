"""Merges, reverts and cherry-picks that would leave NULL in a not_null column are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import deeplake
from deeplake import errors
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.api.dataset import Dataset


def made(schema: dict[str, str], **values: list[Any]) -> Dataset:
    ds = deeplake.create(MemoryStore(), schema=schema)
    ds.extend(values)
    ds.commit("rows")
    return ds


def refused(ds: Dataset, column: str, count: int, what: Callable[..., object], source: Any) -> None:
    """No policy settles it, and nothing is changed."""
    head = ds.commit_id
    policies: list[Any] = ["raise", "ours", "theirs", lambda c: c.theirs]
    for policy in policies:
        with pytest.raises(errors.MergeConflictError) as caught:
            what(source, on_conflict=policy)
        found = [c for c in caught.value.conflicts if c.kind == "not_null"]
        assert [c.column for c in found] == [column]
        assert f"{count} rows would have NULL" in found[0].message
    assert ds.commit_id == head
    ds.abort_merge()


def test_a_dropped_column_does_not_come_back_once_rows_were_added_without_it() -> None:
    ds = made({"a": "int", "x": "text not_null"}, a=[1, 2], x=["p", "q"])
    ds.drop_column("x")
    dropped = ds.commit("drop x")
    ds.extend({"a": [3, 4]})
    ds.commit("more")
    refused(ds, "x", 2, ds.revert, dropped)
    ds.delete(rows=[2, 3])
    ds.commit("gone again")
    ds.revert(dropped)
    assert ds["x"][:] == ["p", "q"]


def test_a_column_with_a_default_comes_back() -> None:
    ds = made({"a": "int"}, a=[1])
    ds.add_column("x", "int not_null", default=5)
    ds.commit("add x")
    ds.drop_column("x")
    dropped = ds.commit("drop x")
    ds.append({"a": 2})
    ds.commit("more")
    ds.revert(dropped)
    assert ds["x"][:].tolist() == [5, 5]


def test_rows_of_a_branch_that_dropped_the_column_are_not_picked() -> None:
    ds = made({"a": "int", "x": "text not_null"}, a=[1], x=["p"])
    ds.branch("other")
    ds.drop_column("x")
    ds.commit("drop x")
    ds["a"][0] = 5
    changed = ds.commit("a cell")
    ds.append({"a": 2})
    added = ds.commit("a row")
    ds.checkout("main")
    ds["x"][0] = "q"
    ds.commit("main")
    refused(ds, "x", 1, ds.cherry_pick, added)
    ds.cherry_pick(changed)
    assert (ds["a"][0], ds["x"][0]) == (5, "q")


def test_a_column_that_both_added_and_one_filled_with_nulls() -> None:
    ds = made({"a": "int"}, a=[1])
    ds.branch("other")
    ds.add_column("x", "int not_null", default=5)
    ds.commit("x without NULL")
    ds.checkout("main")
    ds.add_column("x", "int")
    ds.append({"a": 2})
    ds.commit("x with NULL")
    with pytest.raises(errors.MergeConflictError) as caught:
        ds.merge("other", on_conflict="theirs")
    assert [(c.kind, c.column) for c in caught.value.conflicts] == [("not_null", "x")]
    ds.merge("other", on_conflict="ours")
    assert ds["x"][1] is None


def test_rows_that_both_sides_picked_have_the_values_of_the_side_that_kept_the_column() -> None:
    ds = made({"a": "int", "m": "int not_null"}, a=[1, 2, 3], m=[4, 5, 6])
    ds.branch("third")
    ds.append({"a": 9, "m": 9})
    picked = ds.commit("a row")
    ds.branch("other", "main")
    ds.cherry_pick(picked)
    ds.drop_column("m")
    ds.commit("drop")
    ds.checkout("main")
    ds.cherry_pick(picked)
    ds["m"][0] = 7
    ds.commit("a cell")
    with pytest.raises(errors.MergeConflictError) as caught:
        ds.merge("other")
    assert [(c.kind, c.column) for c in caught.value.conflicts] == [("schema", "m")]
    ds.merge("other", on_conflict="ours")
    assert list(ds["m"]) == [7, 5, 6, 9]
