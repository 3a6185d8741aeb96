"""to_branch(): a view as a branch, by reference, not to be merged back by accident."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

import deeplake
from deeplake.errors import (
    InvalidNameError,
    QueryError,
    RefExistsError,
    RefNotFoundError,
    StagedChangesError,
    StateError,
    UnsupportedQueryError,
)
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import CRASHES, FaultStore, SimulatedCrash
from deeplake.testing.tracing import TracingStore

SCHEMA = {"id": "int", "label": "text", "blob": "blob", "score": "float"}
ROWS = [
    {"id": i, "label": f"l{i % 3}", "blob": bytes([i]) * 5000, "score": i / 7} for i in range(100)
]


def made(store=None):
    ds = deeplake.create(MemoryStore() if store is None else store, schema=SCHEMA)
    ds.extend(ROWS)
    ds.commit("rows")
    return ds


def test_a_branch_has_exactly_the_rows_and_columns_of_the_view():
    store = MemoryStore()
    ds = made(store)
    view = ds.query("SELECT blob AS image, id FROM this WHERE score > 10 AND label = 'l1'")
    assert view.to_branch("training-set-v12", message="the best") == "training-set-v12"
    branch = deeplake.open(store, at="training-set-v12")
    assert list(branch.schema) == ["image", "id"]
    assert branch["id"][:].tolist() == view["id"][:].tolist()
    assert branch["image"][:] == view["image"][:]
    assert branch.log()[0].message == "the best"
    assert len(ds) == 100
    assert list(deeplake.open(store).schema) == list(SCHEMA)


def test_no_payload_is_copied():
    store = MemoryStore()
    made(store)
    traced = TracingStore(store)
    deeplake.open(traced).filter("id < 50").to_branch("half")
    assert traced.bytes_written < 4000
    assert traced.count("create") == 3, "a commit, and its branch's name before and after"


def test_the_branch_is_not_merged_back_unless_forced():
    ds = made()
    ds.filter("id < 50").to_branch("half")
    with pytest.raises(StateError, match="made of a view.*force=True"):
        ds.merge("half")
    assert len(ds) == 100
    half = deeplake.open(ds._session.repository.store, at="half")
    half.append({**ROWS[0], "id": 500})
    half.commit("one more on it")
    ds.merge("half", force=True)
    assert ds["id"][:].tolist() == [*range(50), 500]


def test_main_merges_into_it():
    ds = made()
    ds.filter("id < 50").to_branch("half")
    ds.append({**ROWS[0], "id": 600})
    ds.commit("new on main")
    half = deeplake.open(ds._session.repository.store, at="half")
    half.merge("main")
    assert half["id"][:].tolist() == [*range(50), 600]


def test_a_renamed_branch_stays_derived():
    ds = made()
    ds.filter("id < 50").to_branch("half")
    ds.rename_branch("half", "fifty")
    with pytest.raises(StateError, match="made of a view"):
        ds.merge("fifty")


def test_everything_and_nothing_can_be_a_branch():
    ds = made()
    ds.query("SELECT * FROM this").to_branch("all")
    ds.filter("false").to_branch("none")
    store = ds._session.repository.store
    assert len(deeplake.open(store, at="all")) == 100
    assert len(deeplake.open(store, at="none")) == 0


def test_views_that_are_no_rows_of_a_table_are_refused():
    ds = made()
    for text, words in (
        ("SELECT count(*) AS n FROM this", "rows of one table"),
        ("SELECT DISTINCT label FROM this", "rows of one table"),
        ("SELECT a.id FROM this a JOIN this b ON a.id = b.id", "rows of one table"),
        ("SELECT id FROM this UNION ALL SELECT id FROM this", "rows of one table"),
        ("SELECT id, score * 2 AS twice FROM this", '"twice" of the view is computed'),
    ):
        with pytest.raises(UnsupportedQueryError, match=words):
            ds.query(text).to_branch("x")
    with pytest.raises(QueryError, match="two columns"):
        ds.query("SELECT id, label AS id FROM this").to_branch("x")
    with pytest.raises(UnsupportedQueryError, match="a part of a view"):
        ds.filter("id < 50")[:3].to_branch("x")
    with pytest.raises(RefExistsError):
        ds.filter("id < 50").to_branch("main")
    with pytest.raises(InvalidNameError):
        ds.filter("id < 50").to_branch("../x")
    ds.append(ROWS[0])
    with pytest.raises(StagedChangesError):
        ds.filter("id < 50").to_branch("x")
    ds.rollback()
    assert list(ds.branches()) == ["main"]


def test_a_crash_anywhere_leaves_the_whole_branch_or_none():
    for fault in CRASHES:
        for at in range(1, 5):
            store = MemoryStore()
            made(store)
            faulty = FaultStore(store, plan={at: fault})
            with contextlib.suppress(SimulatedCrash):
                deeplake.open(faulty).filter("id < 50").to_branch("half")
            ds = deeplake.open(store)
            assert len(ds) == 100
            if "half" in ds.branches():
                assert deeplake.open(store, at="half")["id"][:].tolist() == list(range(50))
            assert ds.verify().ok


def test_deleted_rows_and_edits_stay_as_they_are():
    ds = made()
    ds.delete(rows=range(10))
    ds.update({"label": "new"}, rows=[0, 1])
    ds.commit("edits")
    ds.filter("label = 'new' OR id > 95").to_branch("odd")
    odd = deeplake.open(ds._session.repository.store, at="odd")
    assert odd["id"][:].tolist() == [10, 11, 96, 97, 98, 99]
    assert np.array_equal(odd.row_ids, ds.row_ids[[0, 1, 86, 87, 88, 89]])


def test_no_name_of_the_view_s_commits_gets_them_merged():
    ds = made()
    store = ds._session.repository.store
    ds.filter("id < 50").to_branch("half")
    ds.tag("of-half", at="half")
    ds.branch("upon-half", at="half", switch=False)
    upon = deeplake.open(store, at="upon-half")
    upon.append({**ROWS[0], "id": 700})
    upon.commit("one more")
    commit = deeplake.open(store, at="half").log()[0]
    for source in ("half", "half~0", "of-half", commit.id, commit, "upon-half"):
        with pytest.raises(StateError, match="made of a view.*force=True"):
            ds.merge(source)
    for source in ("half", commit.id):
        with pytest.raises(StateError, match="made of a view"):
            ds.cherry_pick(source)
    with pytest.raises(StateError, match="made of a view"):
        deeplake.connect(store).execute("SELECT deeplake_merge('half~0')")
    assert len(ds) == 100
    ds.cherry_pick("upon-half")
    assert ds["id"][:].tolist() == [*range(100), 700]
    ds.merge("of-half", force=True)
    ds.branch("again", switch=False)
    ds.delete(rows=0)
    ds.commit("not derived any more")
    deeplake.open(store, at="again").merge("main")


def test_a_view_of_another_version_is_no_branch():
    ds = made()
    ds.branch("dev", switch=False)
    ds.append({**ROWS[0], "id": 500})
    ds.commit("on main")
    for text in ('SELECT id FROM "data@dev"', "SELECT id FROM at('data', 'main~1')"):
        with pytest.raises(UnsupportedQueryError, match="the version that the handle stands on"):
            ds.query(text).to_branch("x")
    assert ds.branches() == ["dev", "main"]


def test_a_view_of_an_expired_commit_is_no_branch():
    store = MemoryStore()
    ds = deeplake.create(store, schema={"id": "int"})
    stand = ds._session.stand
    ds.append({"id": 0})
    stand.commit("automatic", automatic=True)
    view = ds.query("SELECT id FROM this")
    assert len(view) == 1
    for i in range(1, 6):
        ds.append({"id": i})
        stand.commit("automatic", automatic=True)
    ds.optimize()
    ds.vacuum(older_than=0, no_writers=True)
    with pytest.raises(RefNotFoundError):
        view.to_branch("train")
    assert ds.branches() == ["main"]
    assert ds.verify().ok
