"""One side deletes a row while the other has brought back a column that their ancestor had dropped.

Whether that is a conflict depends on who wrote what, and not on what compactions left behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import deeplake
from deeplake.errors import MergeConflictError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from deeplake.api.dataset import Dataset

KEPT, WRITTEN = 1, 0
"""Rows whose cell of the column is as old as the row, and that was written later."""

WHEN = ["never", "base", "deleter", "reverter", "both"]


def begun(when: str, schema: dict[str, str] | None = None) -> tuple[Dataset, Dataset, str]:
    """Handles of main and of dev, both without column c, and the commit that dropped it."""
    store = MemoryStore()
    ds = deeplake.create(store, schema=schema or {"n": "int", "c": "int"})
    ds.extend({"n": range(6), "c": range(100, 106)})
    ds.commit("rows")
    ds["c"][WRITTEN] = 7
    ds.commit("written")
    ds.drop_column("c")
    dropped = ds.commit("dropped")
    if when == "base":
        ds.optimize(progress=False)
    dev = deeplake.open(store)
    dev.branch("dev")
    return ds, dev, dropped.id


def told(into: Dataset, source: str) -> list[tuple[str, int | None]]:
    """Conflicts of a merge, none if it lands."""
    try:
        into.merge(source)
    except MergeConflictError as error:
        return [(c.kind, c.row_id) for c in error.conflicts]
    return []


def row(ds: Dataset, n: int) -> dict[str, Any] | None:
    return next((found for found in ds if found["n"] == n), None)


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("deleter_is_main", [True, False])
@pytest.mark.parametrize("merged_by_deleter", [True, False])
@pytest.mark.parametrize("n", [KEPT, WRITTEN])
def test_a_cell_brought_back_is_a_change_if_it_is_newer_than_its_row(
    when: str, deleter_is_main: bool, merged_by_deleter: bool, n: int
) -> None:
    main, dev, dropped = begun(when)
    deleter, reverter = (main, dev) if deleter_is_main else (dev, main)
    row_id = deleter.row_ids.tolist()[n]
    deleter.delete(rows=[n])
    deleter.commit("deleted")
    reverter.revert(dropped)
    if when in ("deleter", "both"):
        deleter.optimize(progress=False)
    if when in ("reverter", "both"):
        reverter.optimize(progress=False)
    into, source = (deleter, reverter) if merged_by_deleter else (reverter, deleter)
    found = told(into, "main" if into is dev else "dev")
    assert found == ([("row", row_id)] if n == WRITTEN else [])
    if not found:
        assert row(into, n) is None
        return
    (conflict,) = into.conflicts()
    values = conflict.theirs if merged_by_deleter else conflict.ours
    assert (values, conflict.base) == ({"c": 7}, {})
    into.resolve("theirs" if merged_by_deleter else "ours")
    assert row(into, n) == {"n": n, "c": 7}
    assert source.verify(progress=False).ok


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("keep", ["ours", "theirs"])
def test_a_new_value_in_a_column_that_both_brought_back_is_not_lost_with_its_row(
    when: str, keep: str
) -> None:
    main, dev, dropped = begun(when)
    main.revert(dropped)
    dev.revert(dropped)
    row_id = main.row_ids.tolist()[KEPT]
    main.delete(rows=[KEPT])
    main.commit("deleted")
    dev["c"][KEPT] = 9
    dev.commit("labelled")
    for ds, names in ((main, ("deleter", "both")), (dev, ("reverter", "both"))):
        if when in names:
            ds.optimize(progress=False)
    assert told(main, "dev") == [("row", row_id)]
    assert main.resolve(keep) == []
    assert row(main, KEPT) == (None if keep == "ours" else {"n": KEPT, "c": 9})
    assert len(main) == (5 if keep == "ours" else 6)


@pytest.mark.parametrize("when", WHEN)
def test_a_row_that_is_kept_for_a_column_that_came_back_keeps_its_key(when: str) -> None:
    """The other side gave its key to a new row."""
    main, dev, dropped = begun(when, {"n": "int primary_key", "c": "int"})
    main.delete(rows=[WRITTEN])
    main.commit("deleted")
    main.append({"n": 0})
    main.commit("another row with its key")
    dev.revert(dropped)
    for ds, names in ((main, ("deleter", "both")), (dev, ("reverter", "both"))):
        if when in names:
            ds.optimize(progress=False)
    assert sorted(kind for kind, _ in told(main, "dev")) == ["key", "row"]
    assert main.resolve("theirs") == []
    assert sorted(main["n"][:].tolist()) == list(range(6))
    assert row(main, 0) == {"n": 0, "c": 7}


@pytest.mark.parametrize("when", WHEN)
def test_crossed_merges_of_such_a_row_conflict_again(when: str) -> None:
    main, dev, dropped = begun(when)
    main.delete(rows=[WRITTEN])
    one = main.commit("deleted")
    other = dev.revert(dropped)
    if when in ("deleter", "both"):
        main.optimize(progress=False)
    if when in ("reverter", "both"):
        dev.optimize(progress=False)
    main.merge(other, on_conflict="ours")
    dev.merge(one, on_conflict="ours")
    assert (row(main, 0), row(dev, 0)) == (None, {"n": 0, "c": 7})
    assert [kind for kind, _ in told(main, "dev")] == ["row"]
