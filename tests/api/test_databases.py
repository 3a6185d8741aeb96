"""Tables handed out by one database handle share its place and what is staged."""

from __future__ import annotations

import copy
import pickle

import pytest

import deeplake
from deeplake.api.dataset import Dataset
from deeplake.errors import (
    InvalidValueError,
    SchemaError,
    StagedChangesError,
    StateError,
)
from deeplake.storage.memory import MemoryStore
from deeplake.testing.faults import FaultStore, SimulatedCrash

SCHEMA = {"n": "int"}


@pytest.fixture
def db(url):
    """Two empty tables, a and b."""
    db = deeplake.connect(url)
    db.create_table("a", SCHEMA)
    db.create_table("b", {"t": "text"})
    return db


def counts(url, at="main"):
    return [len(deeplake.open(url, at=at, table=name)) for name in "ab"]


def test_one_commit_publishes_the_rows_of_all_tables_in_one_slot():
    store = MemoryStore()
    db = deeplake.connect(store)
    a, b = db.create_table("a", SCHEMA), db.create_table("b", {"t": "text"})
    slots = len(list(store.list("refs/heads/")))
    a.append({"n": 1})
    b.extend({"t": ["x", "y"]})
    assert counts(store) == [0, 0]
    commit = db.commit("both")
    assert len(list(store.list("refs/heads/"))) == slots + 1
    assert commit.added == {"a": 1, "b": 2}
    assert a.commit_id == b.commit_id == db.commit_id == commit.id
    assert counts(store) == [1, 2]


def test_a_dataset_of_a_database_commits_for_all_of_it(db, url):
    a, b = db.table("a"), db.table("b")
    a.append({"n": 1})
    b.append({"t": "x"})
    assert a.commit().added == {"a": 1, "b": 1}
    assert counts(url) == [1, 1]
    assert (a["n"][0], b["t"][0]) == (1, "x")


def test_a_handle_of_one_table_asked_for_twice_is_one_place(db):
    one, two = db.table("a"), db.table("a")
    column = two["n"]
    one.append({"n": 7})
    assert (len(two), column[0]) == (1, 7)


def test_rollback_drops_the_rows_of_all_tables(db, url):
    a, b = db.table("a"), db.table("b")
    a.append({"n": 1})
    b.append({"t": "x"})
    db.rollback()
    assert (len(a), len(b)) == (0, 0)
    assert db.commit().added == {}
    assert counts(url) == [0, 0]


def test_a_branch_of_the_database_takes_its_tables_along(db, url):
    a, b = db.table("a"), db.table("b")
    db.branch("dev")
    a.append({"n": 1})
    b.append({"t": "x"})
    db.commit("on dev")
    assert (a.branch_name, b.branch_name) == ("dev", "dev")
    assert (counts(url), counts(url, "dev")) == ([0, 0], [1, 1])


def test_checkout_and_refresh_move_all_tables(db, url):
    a, b = db.table("a"), db.table("b")
    other = deeplake.open(url, table="a")
    other.append({"n": 5})
    other.commit()
    assert len(a) == 0
    b.refresh()
    assert a["n"][:].tolist() == [5]
    db.checkout("main~1")
    assert (len(a), b.branch_name) == (0, None)


def test_what_moves_a_handle_is_refused_while_any_table_has_staged_rows(db):
    db.table("a").append({"n": 1})
    b = db.table("b")
    moves = (b.refresh, lambda: db.branch("x"), lambda: db.tag("x"), lambda: db.checkout("main"))
    for move in (*moves, lambda: db.create_table("c", SCHEMA)):
        with pytest.raises(StagedChangesError):
            move()
    assert (len(db.table("a")), db.branches(), db.tables()) == (1, ["main"], ["a", "b"])


def test_leaving_a_with_block_on_a_database_commits_or_drops_its_tables(db, url):
    with db:
        db.table("a").append({"n": 1})
        db.table("b").append({"t": "x"})
    assert counts(url) == [1, 1]
    db.table("b").append({"t": "dropped"})
    with pytest.raises(InvalidValueError), db:
        db.table("a").append({"n": "no number"})
    assert counts(url) == [1, 1]


def test_rows_of_one_table_that_are_refused_leave_those_of_another(db, url):
    a, b = db.table("a"), db.table("b")
    b.append({"t": "kept"})
    with pytest.raises(InvalidValueError):
        a.extend([{"n": 1}, {"n": "no number"}])
    with pytest.raises(SchemaError):  # a table without a schema cannot take one from this
        Dataset(a._session.stand.table("fresh")).append({"z": None})
    with pytest.raises(InvalidValueError):
        Dataset(a._session.stand.table("fresh")).extend(
            {"z": 1 if n < 3000 else "no number"} for n in range(3001)
        )
    assert db.commit().added == {"b": 1}
    assert counts(url) == [0, 1]


def test_an_iterator_that_feeds_one_table_may_fill_another_but_not_commit(db, url):
    a, b = db.table("a"), db.table("b")

    def feeding(*, commit):
        for n in range(3000):
            b.append({"t": str(n)})
            if commit:
                b.commit()
            yield {"n": n}

    with pytest.raises(StateError, match="iterator"):
        a.extend(feeding(commit=True))
    db.rollback()
    a.extend(feeding(commit=False))
    db.commit()
    assert counts(url) == [3000, 3000]


def test_a_crash_before_the_commit_leaves_the_rows_of_neither_table():
    store = MemoryStore()
    made = deeplake.connect(store)
    made.create_table("a", SCHEMA)
    made.create_table("b", {"t": "text"})
    db = deeplake.connect(FaultStore(store, plan={1: "crash_before"}))
    db.table("a").append({"n": 1})
    db.table("b").append({"t": "x"})
    with pytest.raises(SimulatedCrash):
        db.commit()
    assert counts(store) == [0, 0]


def test_copied_handles_have_a_place_of_their_own(db, url):
    db.commit()
    a = db.table("a")
    for other in (copy.copy(a), copy.deepcopy(a)):
        other.append({"n": 1})
        assert len(a) == 0
    if not url.startswith("mem://"):
        one, two = pickle.loads(pickle.dumps((a, db.table("b"))))
        one.append({"n": 1})
        two.append({"t": "x"})
        assert two.commit().added == {"a": 1, "b": 1}
        assert pickle.loads(pickle.dumps(db)).tables() == ["a", "b"]


def test_datasets_opened_by_url_stand_alone(url):
    deeplake.create(url, schema=SCHEMA)
    one, two = deeplake.open(url), deeplake.open(url)
    one.append({"n": 1})
    assert len(two) == 0
    two.refresh()
