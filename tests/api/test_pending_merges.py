"""Merges that met conflicts: nothing changes, decisions wait, the last one publishes."""

from __future__ import annotations

import numpy as np
import pytest

import deeplake
from deeplake import errors

URL = "mem://pending"


@pytest.fixture
def ds():
    """main and 'other' in conflict: a cell each of 'n' and 't', and row 3, which other deleted."""
    if deeplake.exists(URL):
        deeplake.delete(URL)
    ds = deeplake.create(URL, schema={"n": "int", "t": "text", "v": "emb-2"})
    ds.extend({"n": list(range(9)), "t": list("abcdefghi"), "v": np.ones((9, 2), np.float32)})
    ds.commit("rows")
    ds.branch("other")
    ds["n"][1], ds["t"][2] = 11, "theirs"
    ds["n"][8] = 88
    ds.delete(rows=[3])
    ds.commit("on other")
    ds.checkout("main")
    ds["n"][1], ds["t"][2], ds["n"][3] = 12, "ours", 33
    ds.commit("on main")
    return ds


def start(ds) -> list:
    with pytest.raises(errors.MergeConflictError) as raised:
        ds.merge("other")
    return list(raised.value.conflicts)


def test_a_conflict_changes_nothing_and_says_everything(ds):
    head, rows = ds.commit_id, list(ds["n"])
    found = {(c.kind, c.column): c for c in start(ds)}
    assert ds.commit_id == head
    assert list(ds["n"]) == rows
    cell, text, row = found["cell", "n"], found["cell", "t"], found["row", None]
    assert (cell.base, cell.ours, cell.theirs) == (1, 12, 11)
    assert (text.base, text.ours, text.theirs) == ("c", "ours", "theirs")
    assert (row.base, row.ours, repr(row.theirs)) == ({"n": 3}, {"n": 33}, "DELETED")
    assert row.row_id == int(ds.row_ids[3])


def test_decisions_wait_for_other_processes_and_the_last_one_publishes(ds):
    start(ds)
    other = deeplake.open(URL)
    assert len(other.conflicts()) == 3
    assert len(other.resolve("theirs", column="t")) == 2
    assert len(other.resolve(value=99, column="n", row_id=int(ds.row_ids[1]))) == 1
    assert len(ds.conflicts()) == 1
    assert ds.resolve("theirs") == []
    assert (ds["n"][1], ds["t"][2], len(ds), ds["n"][7]) == (99, "theirs", 8, 88)
    merged = ds.log()[0]
    assert len(merged.parents) == 2
    assert deeplake.open(URL).conflicts() == []


def test_a_decision_holds_for_the_versions_it_was_made_on(ds):
    start(ds)
    ds.resolve("theirs", column="t")
    ds["t"][2] = "later"
    ds.append({"n": 1})
    ds.commit("changed again")
    assert {c.column for c in ds.conflicts()} == {"n", "t", None}
    ds.resolve("ours")
    assert (ds["t"][2], ds["n"][1], ds["n"][3], len(ds)) == ("later", 12, 33, 10)


def test_merging_again_uses_what_was_decided(ds):
    start(ds)
    ds.resolve("ours", column="n")
    assert {c.column for c in start(ds)} == {"t", None}
    ds.merge("other", on_conflict="theirs")
    assert ds["n"][1] == 11  # a policy decides everything anew
    assert ds.conflicts() == []


def test_an_aborted_merge_is_forgotten(ds):
    start(ds)
    ds.abort_merge()
    assert ds.conflicts() == []
    with pytest.raises(errors.StateError, match="no merge"):
        ds.resolve("ours")
    ds.abort_merge()


def test_another_change_to_the_same_state_ends_no_merge_that_waits(ds):
    start(ds)
    picked = ds.cherry_pick("other", on_conflict="ours")
    assert picked.message == "on other"
    ds.reset(picked.parents[0])
    assert len(ds.conflicts()) == 3


def test_a_revert_may_wait_as_well(ds):
    ds["t"][5] = "x"
    fixed = ds.commit("fix")
    ds["t"][5] = "y"
    ds.commit("fix the fix")
    with pytest.raises(errors.MergeConflictError, match="revert into 'main'"):
        ds.revert(fixed)
    ds.resolve("theirs")
    assert ds["t"][5] == "f"
    assert ds.log()[0].message == "revert 'fix'"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, errors.InputError),
        ({"keep": "mine"}, errors.InputError),
        ({"keep": "ours", "value": 1}, errors.InputError),
        ({"keep": "ours", "row_id": 12345}, errors.InputError),
        ({"keep": "ours", "column": "v"}, errors.InputError),
        ({"keep": "ours", "table": "else"}, errors.InputError),
        ({"value": object(), "column": "n"}, errors.InputError),
        ({"value": float("nan"), "column": "n"}, errors.InputError),
        ({"value": 5}, errors.InputError),
    ],
)
def test_bad_decisions_decide_nothing(ds, arguments, error):
    start(ds)
    with pytest.raises(error):
        ds.resolve(**arguments)
    assert len(ds.conflicts()) == 3


def test_a_value_that_does_not_fit_leaves_the_merge_waiting(ds):
    start(ds)
    ds.resolve("ours", column="t")
    ds.resolve("ours", row_id=int(ds.row_ids[3]))
    with pytest.raises(errors.DtypeError):
        ds.resolve(value="no number", column="n")
    assert ds.log()[0].message == "on main"
    assert [c.column for c in ds.conflicts()] == ["n"]


def test_a_value_may_be_a_number_as_cells_are_read(ds):
    start(ds)
    ds.resolve("ours", column="t")
    ds.resolve("ours", row_id=int(ds.row_ids[3]))
    assert ds.resolve(value=ds["n"][8], column="n") == []
    assert ds["n"][1] == 8


def test_what_cannot_be_merged_is_refused(ds):
    with pytest.raises(errors.RefNotFoundError):
        ds.merge("nowhere")
    with pytest.raises(errors.StateError, match="into itself"):
        ds.merge("main")
    with pytest.raises(errors.InputError, match="on_conflict"):
        ds.merge("other", on_conflict="mine")
    ds["n"][0] = 1
    with pytest.raises(errors.StagedChangesError):
        ds.merge("other")
    ds.rollback()
    with pytest.raises(errors.ReadOnlyError):
        deeplake.open(URL, at=ds.commit_id).merge("other")

    def broken(conflict: object) -> object:
        raise ZeroDivisionError

    head = ds.commit_id
    with pytest.raises(ZeroDivisionError):
        ds.merge("other", on_conflict=broken)
    assert ds.commit_id == head == deeplake.open(URL).commit_id


def test_a_fast_forward_has_nothing_of_its_own_to_revert(ds):
    ds.checkout("other")
    ds.branch("third")
    ds["n"][0] = 77
    ds.commit("on third")
    ds.checkout("other")
    moved = ds.merge("third")
    for verb in (ds.revert, ds.cherry_pick):
        with pytest.raises(errors.InputError, match="changed nothing by itself"):
            verb(moved)
    assert ds.commit_id == moved.id
    assert not ds.conflicts()
    ds.revert("third")
    assert ds["n"][0] != 77


def test_a_merge_is_reverted_against_a_named_parent(ds):
    before = list(ds["n"]), list(ds["t"])
    merged = ds.merge("other", on_conflict="theirs")
    with pytest.raises(errors.InputError, match="parent=1"):
        ds.revert(merged)
    with pytest.raises(errors.InputError, match="parent number 3"):
        ds.revert(merged, parent=3)
    ds.revert(merged, parent=1)
    order = np.argsort(ds.row_ids)
    assert [ds["n"][int(k)] for k in order] == before[0]
    assert [ds["t"][int(k)] for k in order] == before[1]
