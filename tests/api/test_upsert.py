"""upsert: rows found by key are updated, the others appended, all of them or none."""

from __future__ import annotations

import datetime as dt
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import deeplake
from deeplake.errors import (
    ColumnNotFoundError,
    InputError,
    InvalidValueError,
    NullValueError,
    RaggedColumnsError,
    ReadOnlyError,
    UniqueViolationError,
)
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore


@pytest.fixture
def ds(url):
    made = deeplake.create(
        url, schema={"id": "int primary_key", "mail": "text unique", "n": "int", "t": "text"}
    )
    made.extend({"id": [1, 2, 3], "mail": ["a", None, "c"], "n": [10, 20, 30], "t": list("xyz")})
    made.commit("three")
    return made


def rows(ds) -> list[tuple]:
    return [tuple(row.values()) for row in ds]


FORMS = {
    "dicts": lambda columns: [
        dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
    ],
    "columns": lambda columns: columns,
    "arrow": pa.table,
    "frame": pd.DataFrame,
    "iterator": lambda columns: iter(FORMS["dicts"](columns)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_rows_that_are_there_change_and_the_others_come(ds, url, form):
    assert ds.upsert(form({"id": [2, 9, 1], "n": [21, 90, 10]})) == (2, 1)
    wanted = [(1, "a", 10, "x"), (2, None, 21, "y"), (3, "c", 30, "z"), (9, None, 90, None)]
    assert rows(ds) == wanted
    ds.commit("upserted")
    assert rows(deeplake.open(url)) == wanted


def test_the_answer_has_names(ds):
    found = ds.upsert([{"id": 1}, {"id": 4}, {"id": 5}])
    assert (found.updated, found.inserted) == (1, 2)
    assert ds.upsert([]) == (0, 0)


def test_columns_that_are_not_given_keep_their_values_and_null_is_given(ds):
    ds.upsert([{"id": 1, "t": None}])
    ds.upsert([{"id": 3, "mail": None}])
    assert rows(ds) == [(1, "a", 10, None), (2, None, 20, "y"), (3, None, 30, "z")]


def test_what_is_staged_is_found(ds):
    ds.append({"id": 4, "n": 40})
    ds.delete(rows=[0])
    ds.update({"id": 22}, rows=[0])
    assert ds.upsert({"id": [1, 2, 3, 4, 22], "n": [-1, -2, -3, -4, -22]}) == (3, 2)
    assert ds["id"][:].tolist() == [22, 3, 4, 1, 2]
    assert ds["n"][:].tolist() == [-22, -3, -4, -1, -2]
    ds.rollback()
    assert ds["id"][:].tolist() == [1, 2, 3]
    assert ds.upsert({"id": [1, 4], "n": [0, 0]}) == (1, 1)


def test_a_table_without_a_key_names_the_columns(url):
    ds = deeplake.create(url, schema={"a": "int", "b": "text", "n": "float"})
    ds.extend({"a": [1, 1, 2], "b": ["x", "y", "x"], "n": [0.0, 1.0, 2.0]})
    ds.commit()
    with pytest.raises(InputError, match="has no primary key to match rows by"):
        ds.upsert([{"a": 1}])
    assert ds.upsert({"a": [1, 2], "b": ["y", "y"], "n": [7.0, 8.0]}, on=["a", "b"]) == (1, 1)
    assert ds["n"][:].tolist() == [0.0, 7.0, 2.0, 8.0]
    with pytest.raises(InputError, match=r"ambiguous: rows 0 and 1 of table 'data' both have 1"):
        ds.upsert([{"a": 3, "n": 0.0}, {"a": 1, "n": 0.0}], on="a")
    ds.delete(rows=[0])
    ds.delete(rows=[1])
    assert ds.upsert([{"a": 1, "n": -1.0}], on="a") == (1, 0)
    ds.append({"a": 1})
    with pytest.raises(InputError, match="ambiguous"):
        ds.upsert([{"a": 1, "n": 0.0}], on="a")


def test_a_table_without_columns_takes_them_from_the_rows(url):
    ds = deeplake.create(url)
    with pytest.raises(InputError, match="no primary key"):
        ds.upsert([{"id": 1, "n": 2}])
    assert not ds.schema
    assert ds.upsert([{"id": 1, "n": 2}, {"id": 2, "n": 3}], on="id") == (0, 2)
    assert ds.upsert([{"id": 1, "n": 4}], on="id") == (1, 0)
    ds.commit()
    assert ds["n"][:].tolist() == [4, 3]


REFUSED = {
    "a key twice": ([{"id": 5}, {"id": 6}, {"id": 5}], "id", UniqueViolationError, "row 2: 5"),
    "a key that is there twice": ([{"id": 1}, {"id": 1}], "id", UniqueViolationError, "row 1"),
    "a NULL key": ([{"id": 5}, {"id": None}], "id", NullValueError, "row 1"),
    "NULL of a unique column": ([{"mail": None, "id": 9}], "mail", NullValueError, "'mail', row 0"),
    "no key": ([{"n": 5}], None, InputError, "no column 'id'"),
    "an unknown key": ([{"n": 5}], "no", ColumnNotFoundError, "no"),
    "a key twice in on": ([{"id": 5}], ["id", "id"], InputError, "twice"),
    "no columns in on": ([{"id": 5}], [], InputError, "no columns"),
    "an unknown column": ([{"id": 5, "no": 1}], "id", ColumnNotFoundError, "no"),
    "a bad value": ([{"id": 5}, {"id": 6, "n": "x"}], "id", InvalidValueError, "row 1"),
    "ragged": ({"id": [5, 6], "n": [1]}, "id", RaggedColumnsError, "id: 2, n: 1"),
    "another key that is there": (
        [{"id": 5}, {"id": 1, "mail": "c"}], None, UniqueViolationError, "'mail', row 1: 'c' is",
    ),
    "another key twice": (
        [{"id": 7, "mail": "q"}, {"id": 5}, {"id": 8, "mail": "q"}], None, UniqueViolationError,
        "'mail', row 2: 'q' comes",
    ),
    "a primary key that is there": (
        [{"id": 9, "mail": "x"}, {"id": 1, "mail": "c"}], "mail", UniqueViolationError,
        "'id', row 1: 1 is",
    ),
    "a new row without its primary key": (
        [{"mail": "a", "n": 1}, {"mail": "new"}], "mail", NullValueError, "'id', row 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "on", "error", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_stages_nothing(ds, given, on, error, told):
    before = rows(ds)
    with pytest.raises(error, match=told):
        ds.upsert(given, on=on)
    assert rows(ds) == before
    assert ds.commit().message == "three"
    assert ds.upsert([{"id": 1, "n": 0}]) == (1, 0)


def test_a_key_twice_is_refused_however_far_apart(ds):
    for given in ([*range(5000), 7], [*range(100, 5000), 100], [3, *range(10, 5000), 3]):
        with pytest.raises(UniqueViolationError, match=f"row {len(given) - 1}: {given[-1]} comes"):
            ds.upsert({"id": given})
        with pytest.raises(UniqueViolationError, match=f"row {len(given) - 1}: {given[-1]} comes"):
            ds.upsert({"id": n} for n in given)
    assert ds["id"][:].tolist() == [1, 2, 3]


def test_only_what_cannot_be_a_key_is_no_key(url):
    ds = deeplake.create(url, schema={"v": "emb-2", "n": "float"})
    ds.append({"v": [1, 2], "n": 0.0})
    with pytest.raises(InputError, match="cannot be matched by column 'v'"):
        ds.upsert([{"v": [1, 2], "n": 1.0}], on="v")
    with pytest.raises(InvalidValueError, match="NaN cannot be a key"):
        ds.upsert([{"n": float("nan")}], on="n")
    assert ds.upsert([{"n": -0.0, "v": [3, 4]}], on="n") == (1, 0)
    assert ds["v"][0].tolist() == [3, 4]


def test_a_read_only_handle_refuses(ds, url):
    with pytest.raises(ReadOnlyError):
        deeplake.open(url, at=ds.commit_id).upsert([{"id": 1}])


def test_an_iterator_may_not_change_the_table_meanwhile(ds):
    def source():
        yield {"id": 7}
        ds.update({"n": 0}, rows=[0])

    with pytest.raises(deeplake.errors.StateError):
        ds.upsert(source())
    assert ds["n"][:].tolist() == [10, 20, 30]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["", "a", "ä"]),
        ("uuid", [uuid.UUID(int=n) for n in (1, 2, 1 << 100)]),
        ("date", [dt.date(2024, 1, n) for n in (1, 2, 3)]),
        ("blob", [b"", b"a", b"\0"]),
    ],
)
def test_keys_of_other_kinds(url, kind, values):
    ds = deeplake.create(url, schema={"k": f"{kind} primary_key", "n": "int"})
    ds.upsert({"k": values[:2], "n": [0, 1]})
    ds.commit()
    other = deeplake.open(url)
    assert other.upsert({"k": values[::-1], "n": [2, 1, 0]}) == (2, 1)
    assert [row["k"] for row in other] == values
    assert other["n"][:].tolist() == [0, 1, 2]


def test_keys_may_be_swapped_between_rows_of_one_upsert(ds):
    ds["mail"][1] = "b"
    ds.upsert({"id": [1, 2], "mail": ["b", "a"]})
    assert ds["mail"][:] == ["b", "a", "c"]
    ds.upsert({"mail": ["a", "b"], "id": [7, 8]}, on="mail")
    assert ds["id"][:].tolist() == [8, 7, 3]


def test_equal_values_are_not_written_again():
    store = TracingStore(MemoryStore())
    ds = deeplake.create(store, schema={"id": "int primary_key", "n": "int", "x": "float"})
    ds.extend({"id": range(5000), "n": range(5000), "x": np.zeros(5000)})
    ds.commit()
    ds.upsert({"id": range(5000), "n": range(5000), "x": np.zeros(5000)})
    before = ds.commit_id
    assert ds.commit().id == before
    n = np.arange(5000)
    n[4000] = -1
    store.reset()
    ds.upsert({"id": range(5000), "n": n, "x": np.zeros(5000)})
    ds.commit()
    assert store.bytes_written < 4000
    assert ds["n"][:].tolist() == n.tolist()


def test_a_thousand_rows_in_parts_equal_one_by_one(url):
    rng = np.random.default_rng(7)
    ids, n = rng.permutation(6000), rng.integers(0, 9, 6000)
    ds = deeplake.create(url, schema={"id": "int primary_key", "n": "int", "t": "text"})
    ds.extend({"id": range(0, 6000, 3), "n": [0] * 2000, "t": ["old"] * 2000})
    ds.commit()
    assert ds.upsert({"id": ids, "n": n}) == (2000, 4000)
    found = dict(zip(ds["id"][:].tolist(), zip(ds["n"][:].tolist(), ds["t"][:], strict=True)))  # noqa: B905
    assert found == {
        k: (v, "old" if k % 3 == 0 else None) for k, v in zip(ids.tolist(), n.tolist(), strict=True)
    }


def test_rows_staged_before_the_key_was_named_are_found(url):
    ds = deeplake.create(url, schema={"id": "int", "n": "int"})
    ds.extend({"id": [1, 2], "n": [1, 2]})
    ds.commit()
    assert ds.upsert([{"id": 2, "n": 20}], on="id") == (1, 0)
    ds.commit()
    ds.append({"id": 3, "n": 3})
    ds.delete(rows=[0])
    assert ds.upsert({"id": [1, 2, 3], "n": [-1, -2, -3]}, on="id") == (2, 1)
    assert ds["id"][:].tolist() == [2, 3, 1]
    assert ds["n"][:].tolist() == [-2, -3, -1]
    ds.commit()
    ds["id"][0] = 7
    assert ds.upsert({"id": [7, 2], "n": [0, 0]}, on="id") == (1, 1)
