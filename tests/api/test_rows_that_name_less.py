"""Dicts that do not all name the same columns: what a row leaves out is its default, or stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.api.write import STAGE_ROWS
from deeplake.errors import InputError, NullValueError, UniqueViolationError
from deeplake.ingest.rows import ITERATOR_ROWS
from deeplake.storage.memory import MemoryStore

SCHEMA = {"id": "int primary_key", "mail": "text unique", "n": "int", "tag": "text"}


def table(**more):
    return deeplake.create(MemoryStore(), schema={**SCHEMA, **more})


def rows_of(ds):
    return {row["id"]: row for row in ds}


def row(number, mail=None, n=None, tag=None):
    return {"id": number, "mail": mail, "n": n, "tag": tag}


def test_an_upsert_changes_what_each_row_names():
    ds = table()
    ds.extend([row(k, f"m{k}", k, "old") for k in range(4)])
    done = ds.upsert([{"id": 2, "n": 20}, {"id": 9, "mail": "q"}, {"id": 0, "tag": None}])
    assert done == (2, 1)
    assert rows_of(ds) == {
        0: row(0, "m0", 0, None),
        1: row(1, "m1", 1, "old"),
        2: row(2, "m2", 20, "old"),
        3: row(3, "m3", 3, "old"),
        9: row(9, "q"),
    }


@pytest.mark.parametrize("as_", [list, iter], ids=["list", "iterator"])
def test_it_does_not_matter_how_rows_come_in_batches(as_):
    ds = table()
    count = 2 * ITERATOR_ROWS + 7
    ds.extend([row(k, f"m{k}", k, "old") for k in range(count)])
    new = [{"id": k, "n": -k} if k % 3 else {"id": k, "tag": "new"} for k in range(count)]
    ds.upsert(as_(new))
    found = rows_of(ds)
    assert [found[k]["n"] for k in range(count)] == [-k if k % 3 else k for k in range(count)]
    assert {row["mail"] for row in ds} == {f"m{k}" for k in range(count)}
    assert [found[k]["tag"] for k in range(4)] == ["new", "old", "old", "new"]


def test_unique_values_may_change_places_among_rows_that_name_different_columns():
    ds = table()
    ds.extend([row(1, "a", 1), row(2, "b", 2), row(3, "c", 3)])
    ds.upsert([{"id": 1, "mail": "b"}, {"id": 3, "n": 30}, {"id": 2, "mail": "a", "n": 20}])
    assert rows_of(ds) == {1: row(1, "b", 1), 2: row(2, "a", 20), 3: row(3, "c", 30)}
    with pytest.raises(UniqueViolationError):
        ds.upsert([{"id": 1, "n": 0}, {"id": 2, "mail": "c"}])
    assert rows_of(ds)[1]["n"] == 1


@pytest.mark.parametrize(("as_", "apart"), [(list, STAGE_ROWS), (iter, ITERATOR_ROWS)])
def test_unique_values_change_places_among_rows_that_are_staged_together(as_, apart):
    ds = table()
    ds.extend([row(k, f"m{k}") for k in range(apart + 1)])
    before = rows_of(ds)

    def moved(count):
        return as_([{"id": k, "mail": f"m{(k + 1) % count}"} for k in range(count)])

    with pytest.raises(UniqueViolationError):  # the last row's way round crosses two of them
        ds.upsert(moved(apart + 1))
    assert rows_of(ds) == before
    assert ds.upsert(moved(apart)) == (apart, 0)
    assert [found["mail"] for found in ds][apart - 1 :] == ["m0", f"m{apart}"]


def test_every_row_names_its_key():
    ds = table()
    ds.extend([row(1, "a", 1)])
    with pytest.raises(InputError, match="NULL in the key"):
        ds.upsert([{"id": 1, "n": 0}, {"n": 5}])
    assert rows_of(ds) == {1: row(1, "a", 1)}


def test_not_null_columns_stay_where_they_are_not_named():
    ds = deeplake.create(
        MemoryStore(), schema={"id": "int primary_key", "n": "int not_null", "t": "text"}
    )
    ds.extend([{"id": k, "n": k} for k in range(3)])
    ds.upsert([{"id": 0, "t": "x"}, {"id": 1, "n": 10}])
    assert [(r["n"], r["t"]) for r in ds] == [(0, "x"), (10, None), (2, None)]
    with pytest.raises(NullValueError):
        ds.upsert([{"id": 0, "t": "y"}, {"id": 1, "n": None}])
    with pytest.raises(NullValueError) as caught:
        ds.upsert([{"id": 0, "n": 1}, {"id": 7, "t": "new"}])
    assert caught.value.row == 1
    assert [(r["n"], r["t"]) for r in ds] == [(0, "x"), (10, None), (2, None)]


@pytest.mark.parametrize("way", ["extend", "upsert"])
def test_what_a_new_row_leaves_out_is_its_default(way):
    db = deeplake.connect(MemoryStore())
    db.execute(
        "CREATE TABLE t (id serial PRIMARY KEY, name text NOT NULL DEFAULT 'none', "
        "n int DEFAULT 7, other text)"
    )
    ds = db.table("t")
    ds.add_column("late", "int", default=5)
    ds.commit()
    ds = db.table("t")
    new = [{"id": 101, "name": "a"}, {"id": 102, "n": None}, {"id": 103, "late": 6, "other": "x"}]
    getattr(ds, way)(new)
    assert [tuple(r.values()) for r in ds] == [
        (101, "a", 7, None, 5),
        (102, "none", None, None, 5),
        (103, "none", 7, "x", 6),
    ]
    ds.extend([{"name": "b"}, {"id": 50, "name": "c"}, {"name": "d"}])
    assert [r["id"] for r in ds[3:]] == [1, 50, 2]


def test_the_first_rows_of_a_table_may_name_less():
    ds = deeplake.create(MemoryStore())
    ds.extend([{"a": 1}, {"b": "x"}])
    assert [*ds] == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


VALUES = st.fixed_dictionaries(
    {"id": st.integers(0, 6)},
    optional={"n": st.none() | st.integers(0, 3), "tag": st.none() | st.text("ab", max_size=2)},
)


@given(st.lists(st.tuples(st.booleans(), st.lists(VALUES, max_size=6)), max_size=6))
def test_upserts_are_those_of_a_dict_of_dicts(calls):
    ds = table()
    model = {}
    for drawn, rows in calls:
        once = list({row["id"]: row for row in rows}.values())
        ds.upsert(iter(once) if drawn else once)
        for one in once:
            model.setdefault(one["id"], row(one["id"])).update(one)
        assert rows_of(ds) == model
