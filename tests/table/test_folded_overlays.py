"""Many small updates of one column become few overlays, with the version of each cell kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deeplake
from deeplake import settings as limits
from deeplake.format.fragment import MIXED_VERSIONS
from deeplake.table.compare import compare, versions_at
from deeplake.table.walk import Side

URL = "mem://folded"


def fresh(rows: int = 40) -> deeplake.Dataset:
    if deeplake.exists(URL):
        deeplake.delete(URL)
    ds = deeplake.create(URL, schema={"n": "int", "t": "text", "blob": "blob"})
    ds.extend({"n": list(range(rows)), "t": ["x"] * rows, "blob": [b"b"] * rows})
    ds.commit("rows")
    return ds


def side(ds: deeplake.Dataset) -> Side:
    snapshot = ds._session.snapshot
    return Side(snapshot.objects, snapshot.head, snapshot.table("data").records)


def fragment(ds: deeplake.Dataset):
    found = side(ds)
    return found.fragments(found.leaves(found.root))[0]


def column_id(ds: deeplake.Dataset, name: str) -> int:
    return ds._session.columns.get(name).column_id


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 39), min_size=1, max_size=4), min_size=1, max_size=60))
def test_values_and_versions_stay_and_overlays_are_few(steps):
    ds = fresh()
    values = np.arange(40)
    versions = np.full(40, int(ds.commit_id.rsplit("-", 1)[1], 16), np.uint64)
    for k, rows in enumerate(steps):
        ds["n"][rows] = -k
        commit = ds.commit("some cells")
        values[rows], versions[rows] = -k, int(commit.id.rsplit("-", 1)[1], 16)
    assert ds["n"][:].tolist() == values.tolist()
    found = fragment(ds)
    assert versions_at(found, column_id(ds, "n"), np.arange(40)).tolist() == versions.tolist()
    assert len(found.fragment.overlays) <= 2 * limits.OVERLAYS_MAX
    assert deeplake.open(URL)["n"][:].tolist() == values.tolist()


def test_a_fold_is_invisible_to_compare_but_for_what_changed():
    ds = fresh()
    for k in range(limits.OVERLAYS_MAX):
        ds["n"][k] = -1
        ds.commit("a cell")
    before = side(ds)
    ds["n"][20] = -1
    ds.commit("the one that folds")
    after = fragment(ds).fragment.overlays
    assert [o.version for o in after] == [MIXED_VERSIONS]
    delta = compare(before, side(ds))
    (cells,) = delta.updated.values()
    assert cells.places.tolist() == [20]


def test_media_are_not_copied_to_fold_them():
    ds = fresh()
    for k in range(3 * limits.OVERLAYS_MAX):
        ds["blob"][k] = bytes([k])
        ds.commit("a blob")
    assert len(fragment(ds).fragment.overlays) == 3 * limits.OVERLAYS_MAX
    assert ds["blob"].encoded[:24] == [bytes([k]) for k in range(24)]


@pytest.mark.parametrize("deep", [3, 30])
def test_merges_and_reverts_of_folded_overlays(deep):
    ds = fresh()
    ds.branch("side")
    commits = []
    for k in range(deep):
        ds["n"][k] = 100 + k
        commits.append(ds.commit(f"side {k}"))
    ds.checkout("main")
    for k in range(deep):
        ds["n"][39 - k] = 200 + k
        ds.commit(f"main {k}")
    both = deep > 20
    if both:
        with pytest.raises(deeplake.errors.MergeConflictError) as raised:
            ds.merge("side")
        rows = sorted(c.row_id for c in raised.value.conflicts)
        assert rows == [r for r in range(40) if r < deep and r > 39 - deep]
    ds.merge("side", on_conflict="theirs")
    expected = list(range(40))
    for k in range(deep):
        expected[39 - k] = 200 + k
    for k in range(deep):
        expected[k] = 100 + k
    assert ds["n"][:].tolist() == expected
    ds.revert(commits[1])
    expected[1] = 1
    assert ds["n"][:].tolist() == expected


def test_a_commit_that_lost_its_slot_folds_what_is_there_then():
    ds = fresh()
    for k in range(limits.OVERLAYS_MAX):
        ds["n"][k] = -1
        ds.commit("a cell")
    late = deeplake.open(URL)
    late["n"][30] = -30
    ds["n"][0] = -2
    ds.commit("first")
    late.commit("second")
    read = deeplake.open(URL)
    assert (read["n"][0], read["n"][30], read["n"][1]) == (-2, -30, -1)
