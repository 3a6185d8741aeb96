"""Saved views: a statement and its commit by name, exact, kept by vacuums."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.errors import (
    InputError,
    InvalidNameError,
    RefExistsError,
    RefNotFoundError,
    StagedChangesError,
    UnsupportedQueryError,
)
from deeplake.sql.stored_values import from_json, to_json
from deeplake.storage.memory import MemoryStore
from deeplake.testing.column_data import same


def made():
    store = MemoryStore()
    ds = deeplake.create(store, schema={"id": "int", "label": "text"}, table="t")
    ds.extend([{"id": i, "label": "ab"[i % 2]} for i in range(10)])
    ds.commit("rows")
    return store, ds


def test_a_view_comes_back_in_another_process():
    store, ds = made()
    text = "SELECT id FROM this WHERE label = :l AND id > :n ORDER BY id"
    view = ds.query(text, {"l": "b", "n": 2})
    assert ds.save_view("odd", view) == "odd"
    ds.append({"id": 11, "label": "b"})
    ds.commit("later")
    other = deeplake.open(store)
    again = other.load_view("odd")
    assert again["id"][:].tolist() == [3, 5, 7, 9], "of the commit it was saved at"
    assert other.views() == ["odd"]
    assert deeplake.connect(store).load_view("odd").fetchall() == [(3,), (5,), (7,), (9,)]


def test_names_are_taken_until_they_are_given_up():
    _, ds = made()
    view = ds.filter("id < 3")
    ds.save_view("v", view)
    with pytest.raises(RefExistsError, match="replace=True"):
        ds.save_view("v", view)
    ds.save_view("v", ds.filter("id < 5"), replace=True)
    assert len(ds.load_view("v")) == 5
    ds.delete_view("v")
    with pytest.raises(RefNotFoundError):
        ds.load_view("v")
    with pytest.raises(RefNotFoundError):
        ds.delete_view("v")
    assert ds.views() == []
    ds.save_view("v", view)
    ds.save_view("view-of-mine", view)
    with pytest.raises(RefNotFoundError, match="Did you mean 'view-of-mine'"):
        ds.load_view("view-of-min")


def test_what_cannot_be_saved():
    _, ds = made()
    view = ds.filter("id < 3")
    with pytest.raises(InvalidNameError):
        ds.save_view("../x", view)
    with pytest.raises(InputError, match="query\\(\\) or filter"):
        ds.save_view("x", ds[1:3])
    with pytest.raises(InputError, match="only a whole view"):
        ds.save_view("x", view[1:])
    with pytest.raises(InputError, match="over the limit"):
        ds.save_view("x", ds.filter("label <> %s", ["y" * (1 << 21)]))
    ds.append({"id": 1, "label": "x"})
    with pytest.raises(StagedChangesError):
        ds.save_view("x", ds.filter("id < 3"))
    assert ds.views() == []


def test_a_vacuum_keeps_the_commit_of_a_view():
    store = MemoryStore()
    ds = deeplake.create(store, schema={"id": "int"})
    stand = ds._session.stand
    for i in range(20):
        ds.append({"id": i})
        stand.commit(f"automatic {i}", automatic=True)
        if i == 7:
            ds.save_view("early", ds.filter("id >= 0"))
    ds.optimize()
    ds.vacuum(older_than=0, no_writers=True)
    again = deeplake.open(store)
    assert again.load_view("early")["id"][:].tolist() == list(range(8))
    assert again.verify().ok


def test_a_view_of_a_commit_that_is_gone_is_told():
    store, ds = made()
    ds.save_view("v", ds.filter("id < 3"))
    store.delete([ds._session.snapshot.commit_id.slot])
    found = ds.verify()
    assert any("saved view" in str(damage) for damage in found.damages)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
OTHERS = (
    st.binary()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.datetimes(timezones=st.none() | st.just(dt.UTC))
    | st.dates()
    | st.times()
)


@given(VALUES.filter(lambda v: "nan" not in repr(v) and "inf" not in repr(v)) | OTHERS)
def test_parameters_come_back_exact(value):
    import json

    assert same(from_json(json.loads(json.dumps(to_json(value)))), value)


def test_vectors_and_odd_floats_come_back():
    for dtype in ("f4", "f8", "f2", "i8"):
        vector = np.arange(5).astype(dtype)
        assert same(from_json(to_json(vector)), vector)
    for value in (float("inf"), float("nan"), Decimal("1.50"), UUID(int=5), np.int64(3)):
        assert repr(from_json(to_json(value))) == repr(getattr(value, "item", lambda v=value: v)())
    with pytest.raises(InputError, match="cannot be saved"):
        to_json(object())


def test_a_view_of_another_version_is_not_saved():
    _, ds = made()
    ds.branch("dev", switch=False)
    with pytest.raises(UnsupportedQueryError, match="of one commit"):
        ds.save_view("v", ds.query('SELECT id FROM "t@dev"'))
    assert ds.views() == []


def test_names_of_views_are_texts():
    _, ds = made()
    for name in (None, 3, b"v"):
        with pytest.raises(InvalidNameError):
            ds.load_view(name)
        with pytest.raises(InvalidNameError):
            ds.delete_view(name)
        with pytest.raises(InvalidNameError):
            ds.save_view(name, ds.filter("id < 3"))
