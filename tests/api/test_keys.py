"""Primary keys and unique columns: declared, kept, and never broken by whatever is written."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

import deeplake
from deeplake import settings, types
from deeplake.errors import (
    InvalidValueError,
    NullValueError,
    SchemaError,
    TableExistsError,
    UniqueViolationError,
    ValueTooLargeError,
)
from deeplake.storage.memory import MemoryStore
from deeplake.table import key_scan, key_values
from deeplake.testing.tracing import WRITES, TracingStore


def test_words_behind_a_type_declare_keys(url):
    schema = {
        "a": "int primary_key",
        "b": ("text", "primary_key"),
        "c": "text not_null unique",
        "d": (types.Uuid(), "not_null", "unique"),
        "e": "int UNIQUE NOT NULL",
        "f": "int",
    }
    deeplake.create(url, schema=schema)
    found = deeplake.open(url).schema
    assert found.primary_key == ("a", "b")
    assert found.unique == {"c", "d", "e"}
    assert found.not_null == {"a", "b", "c", "d", "e"}
    assert repr(found).splitlines()[0].split() == ["a", "int64", "primary_key"]
    assert repr(found).splitlines()[2].split() == ["c", "text", "not_null", "unique"]
    shown = str(deeplake.open(url).summary())
    assert "int64 primary_key" in shown
    assert "uuid not_null unique" in shown


def test_the_schema_of_a_table_makes_the_same_keys_elsewhere(url):
    first = deeplake.create(url, schema={"a": "int primary_key", "b": "text unique"}, table="one")
    second = deeplake.create(url, schema=first.schema, table="two")
    assert second.schema.primary_key == ("a",)
    assert second.schema.unique == {"b"}
    assert second.schema.not_null == {"a"}


@pytest.mark.parametrize("kind", ["emb-4", "json", "image", "float32[2]", "list<int>", "tensor"])
@pytest.mark.parametrize("word", ["primary_key", "unique"])
def test_what_has_no_plain_equality_cannot_be_a_key(url, kind, word):
    with pytest.raises(SchemaError, match=r"column 'k' is .*, which cannot be a key"):
        deeplake.create(url, schema={"k": f"{kind} {word}"})
    assert not deeplake.exists(url)


def test_a_table_with_other_keys_is_another_table(url):
    deeplake.create(url, schema={"a": "int unique"})
    deeplake.create(url, schema={"a": "int unique"}, exist_ok=True)
    with pytest.raises(SchemaError, match="'a' is int64 unique, not int64"):
        deeplake.create(url, schema={"a": "int"}, exist_ok=True)
    with pytest.raises(TableExistsError):
        deeplake.create(url, schema={"a": "int unique"})


# --- refusals -----------------------------------------------------------------------------------


@pytest.fixture
def ds(url):
    made = deeplake.create(url, schema={"id": "int primary_key", "mail": "text unique", "n": "int"})
    made.extend({"id": [1, 2, 3], "mail": ["a", None, "c"], "n": [10, 20, 30]})
    made.commit("three")
    return made


def state(ds) -> tuple[list, list, list]:
    return ds["id"][:].tolist(), ds["mail"][:], ds["n"][:].tolist()


TAKEN = {
    "append": lambda ds: ds.append({"id": 2}),
    "append of another key": lambda ds: ds.append({"id": 9, "mail": "a"}),
    "extend": lambda ds: ds.extend({"id": [7, 8, 3]}),
    "extend with an iterator": lambda ds: ds.extend({"id": n} for n in [7, 8, 3]),
    "extend with Arrow": lambda ds: ds.extend(pa.table({"id": [7, 8, 3]})),
    "twice in one extend": lambda ds: ds.extend({"id": [7, 8, 7]}),
    "update": lambda ds: ds.update({"id": 2}, rows=[0]),
    "update of two rows to one key": lambda ds: ds.update({"id": 7}, rows=[0, 1]),
    "one cell": lambda ds: ds["id"].__setitem__(0, 3),
    "cells": lambda ds: ds["mail"].__setitem__([0, 1], ["c", "x"]),
    "cells, one key twice": lambda ds: ds["mail"].__setitem__([0, 1], ["x", "x"]),
}


@pytest.mark.parametrize("write", TAKEN.values(), ids=TAKEN.keys())
def test_a_key_that_another_row_has_is_refused_before_anything_is_staged(ds, write):
    before = state(ds)
    with pytest.raises(UniqueViolationError) as caught:
        write(ds)
    assert caught.value.code == "unique_violation"
    assert caught.value.sqlstate == "23505"
    assert caught.value.hint
    assert state(ds) == before
    assert ds.commit().message == "three"
    ds.append({"id": 4})
    ds.commit("four")
    assert len(ds) == 4


def test_the_error_names_columns_value_and_row(ds):
    with pytest.raises(UniqueViolationError, match=r"column 'mail', row 2: 'c' is there") as caught:
        ds.extend({"id": [7, 8, 9], "mail": ["x", "y", "c"]})
    assert (caught.value.columns, caught.value.value, caught.value.row) == (("mail",), "c", 2)
    with pytest.raises(UniqueViolationError, match="column 'id', row 4999: 1 is there already"):
        ds.extend({"id": [*range(10, 5009), 1]})
    with pytest.raises(UniqueViolationError, match="column 'id', row 4000: 11 is there already"):
        ds.extend({"id": n} for n in [*range(10, 4010), 11])
    with pytest.raises(UniqueViolationError, match="column 'id', row 1: 11 comes twice"):
        ds.extend({"id": [11, 11]})


def test_null_is_no_key_of_a_unique_column_and_refused_in_a_primary_key(ds):
    ds.extend({"id": [4, 5], "mail": [None, None]})
    ds["mail"][0] = None
    ds.append({"id": 6, "mail": "a"})
    with pytest.raises(NullValueError):
        ds.append({"mail": "z"})
    with pytest.raises(NullValueError):
        ds["id"][0] = None
    ds.commit("with NULLs")
    assert ds["mail"][:] == [None, None, "c", None, None, "a"]


def test_what_a_transaction_staged_counts(ds):
    ds.append({"id": 4})
    with pytest.raises(UniqueViolationError):
        ds.append({"id": 4})
    ds.delete(rows=[0])
    ds.append({"id": 1, "mail": "a"})
    with pytest.raises(UniqueViolationError):
        ds.append({"id": 1})
    ds.update({"id": 20}, rows=[0])
    ds.append({"id": 2})
    with pytest.raises(UniqueViolationError):
        ds.append({"id": 20})
    ds.delete(rows=[2])
    ds.append({"id": 4})
    wanted = state(ds)
    assert wanted[0] == [20, 3, 1, 2, 4]
    ds.commit("changed")
    assert state(ds) == wanted
    for taken in wanted[0]:
        with pytest.raises(UniqueViolationError):
            ds.append({"id": taken})


def test_rows_may_swap_their_keys_in_one_statement(ds):
    ds["id"][[0, 1]] = [2, 1]
    ds["id"][[0, 1, 0]] = [7, 8, 9]
    with pytest.raises(UniqueViolationError):
        ds.append({"id": 9})
    ds.append({"id": 7})
    ds["id"][3] = 7
    ds.commit("swapped")
    assert ds["id"][:].tolist() == [9, 8, 3, 7]


def test_what_was_rolled_back_is_no_key(ds):
    ds.append({"id": 4})
    ds.delete(rows=[0])
    ds.rollback()
    with pytest.raises(UniqueViolationError):
        ds.append({"id": 1})
    ds.append({"id": 4})
    with pytest.raises(UniqueViolationError):
        ds.extend({"id": [5, 6, 4]})
    ds.extend({"id": [5, 6]})
    ds.commit("again")
    assert ds["id"][:].tolist() == [1, 2, 3, 4, 5, 6]


def test_keys_are_known_after_reopening_and_on_branches(ds, url):
    fresh = deeplake.open(url)
    with pytest.raises(UniqueViolationError):
        fresh.append({"id": 3})
    fresh.branch("side")
    fresh.append({"id": 4})
    fresh.commit("on the side")
    fresh.checkout("main")
    fresh.append({"id": 4, "mail": "main"})
    fresh.commit("on main")
    fresh.checkout("side")
    with pytest.raises(UniqueViolationError):
        fresh.append({"id": 4})
    fresh.append({"id": 5, "mail": "main"})
    fresh.commit("another")
    fresh.checkout("main")
    with pytest.raises(UniqueViolationError):
        fresh.append({"id": 6, "mail": "main"})
    fresh.append({"id": 5})


def test_keys_that_others_committed_are_known_after_a_refresh(ds, url):
    ds.append({"id": 4})
    ds.commit("known here")
    other = deeplake.open(url)
    other.delete(rows=[0])
    other["id"][0] = 22
    other.extend({"id": [5, 6]})
    other.commit("elsewhere")
    ds.refresh()
    for taken in [22, 3, 4, 5, 6]:
        with pytest.raises(UniqueViolationError):
            ds.append({"id": taken})
    ds.extend({"id": [1, 2]})
    assert ds["id"][:].tolist() == [22, 3, 4, 5, 6, 1, 2]


def test_a_table_made_in_the_same_transaction_has_keys(url):
    db = deeplake.connect(url)
    table = db.create_table("t", {"a": "int primary_key"})
    table.append({"a": 1})
    with pytest.raises(UniqueViolationError):
        table.append({"a": 1})


def test_a_composite_key_is_all_of_its_columns(url):
    ds = deeplake.create(url, schema={"a": "int primary_key", "b": "text primary_key", "n": "int"})
    ds.extend({"a": [1, 1, 2], "b": ["x", "y", "x"]})
    ds.commit()
    with pytest.raises(UniqueViolationError, match=r"columns 'a', 'b', row 0: \(1, 'y'\)"):
        ds.append({"a": 1, "b": "y"})
    with pytest.raises(UniqueViolationError, match=r"\(1, 'y'\) is there already"):
        ds["b"][0] = "y"
    with pytest.raises(UniqueViolationError, match="comes twice"):
        ds.update({"a": 7, "b": "z"}, rows=[0, 1])
    ds["b"][[0, 1]] = ["y", "x"]
    ds.update({"a": 3}, rows=[0])
    ds.append({"a": 1, "b": "y"})
    ds.commit()
    assert list(zip(ds["a"][:].tolist(), ds["b"][:], strict=True)) == [
        (3, "y"), (1, "x"), (2, "x"), (1, "y"),
    ]  # fmt: skip


KINDS = {
    "int8": [-128, 0, 127],
    "uint64": [0, 2**63, 2**64 - 1],
    "bool": [True, False],
    "float32": [0.5, -1.0, float("inf")],
    "float64": [0.5, 1e300, -1e300],
    "text": ["", "a", "ä", "x" * 4096, "a\0"],
    "blob": [b"", b"\0", b"\0\0", b"x"],
    "uuid": [uuid.UUID(int=n) for n in (0, 1, 1 << 64, 1 << 127)],
    "date": [dt.date(1, 1, 1), dt.date(2024, 2, 29)],
    "timestamp": [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 0, 0, 0, 1)],
    "timestamptz": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2025, 1, 1, tzinfo=dt.UTC)],
    "decimal(38,2)": [Decimal("0.01"), Decimal("-0.01"), Decimal("1" * 36)],
    "class_label(cat, dog)": ["cat", "dog"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key(url, kind):
    values = KINDS[kind]
    ds = deeplake.create(url, schema={"k": f"{kind} unique", "p": "int"})
    ds.extend({"k": [*values, None, None], "p": [0] * (len(values) + 2)})
    for value in values:
        with pytest.raises(UniqueViolationError, match="is there already"):
            ds.append({"k": value})
    ds.commit()
    other = deeplake.open(url)
    for value in values:
        with pytest.raises(UniqueViolationError, match="is there already"):
            other.append({"k": value})
        with pytest.raises(UniqueViolationError, match="comes twice|is there already"):
            other.extend({"k": [value, value]})
    other.delete(rows=[0])
    other.append({"k": values[0]})
    other.commit()


def test_zeros_are_equal_and_nan_is_no_key(url):
    ds = deeplake.create(url, schema={"k": "float unique"})
    ds.append({"k": 0.0})
    with pytest.raises(UniqueViolationError):
        ds.append({"k": -0.0})
    with pytest.raises(InvalidValueError, match="column 'k', row 1: NaN cannot be a key"):
        ds.extend({"k": [1.0, float("nan")]})
    with pytest.raises(InvalidValueError, match="NaN cannot be a key"):
        ds["k"][0] = float("nan")
    assert ds["k"][:].tolist() == [0.0]


def test_a_long_text_is_no_key(url):
    ds = deeplake.create(url, schema={"k": "text unique", "b": "blob unique"})
    with pytest.raises(ValueTooLargeError, match="column 'k', row 1: a key of 4,097 bytes"):
        ds.extend({"k": ["a", "x" * 4097]})
    with pytest.raises(ValueTooLargeError, match="column 'b', row 0"):
        ds.append({"b": b"x" * 5000})
    assert len(ds) == 0


def test_equal_hashes_are_told_apart_by_their_values(url, monkeypatch):
    """All keys get one hash: slow, but right."""
    monkeypatch.setattr(key_values, "hash", lambda _: 7, raising=False)
    ds = deeplake.create(url, schema={"k": "text primary_key"})
    ds.extend({"k": ["a", "b", "c"]})
    ds.commit()
    ds.extend({"k": ["d", "e"]})
    with pytest.raises(UniqueViolationError, match="row 1: 'b' is there already"):
        ds.extend({"k": ["f", "b"]})
    with pytest.raises(UniqueViolationError, match="row 2: 'g' comes twice"):
        ds.extend({"k": ["g", "h", "g"]})
    assert ds.upsert([{"k": "a"}, {"k": "z"}], on="k") == (1, 1)


# --- what it costs ------------------------------------------------------------------------------


def reads(store: TracingStore) -> list[str]:
    return [o.key for o in store.operations if o.kind not in WRITES and "repo.json" not in o.key]


def test_a_handle_that_knows_its_keys_reads_nothing_to_append(url):
    store = TracingStore(MemoryStore(), remote=True)
    ds = deeplake.create(store, schema={"id": "int primary_key", "t": "text unique"})
    ds.extend({"id": range(5000), "t": [f"t{n}" for n in range(5000)]})
    ds.commit()
    for n in range(5000, 5040):
        store.reset()
        ds.append({"id": n, "t": f"t{n}"})
        assert reads(store) == []
        ds.commit()
        assert reads(store) == []


def test_a_refused_row_costs_no_second_reading_of_the_keys(url):
    store = TracingStore(MemoryStore(), remote=True)
    made = deeplake.create(store, schema={"id": "int primary_key", "n": "int"})
    made.extend({"id": range(5000), "n": range(5000)})
    made.commit()
    ds = deeplake.open(store)
    with pytest.raises(UniqueViolationError):
        ds.append({"id": 7})
    store.reset()
    for taken in range(10):
        with pytest.raises(UniqueViolationError):
            ds.extend({"id": [9000, taken]})
    ds.append({"id": 9000})
    ds.rollback()
    ds.append({"id": 9000})
    assert reads(store) == []


def test_only_key_columns_are_read(url):
    store = TracingStore(MemoryStore(), remote=True)
    made = deeplake.create(store, schema={"id": "int primary_key", "b": "blob"})
    made.extend({"id": range(500), "b": [bytes([n % 256]) * 20_000 for n in range(500)]})
    made.commit()
    ds = deeplake.open(store)
    store.reset()
    ds.append({"id": 500, "b": b""})
    assert store.bytes_read < 200_000


def test_after_a_refresh_only_what_came_is_read(url):
    store = TracingStore(MemoryStore(), remote=True)
    ds = deeplake.create(store, schema={"id": "int primary_key", "t": "text"})
    rng = np.random.default_rng(0)
    ds.extend({"id": np.unique(rng.integers(0, 1 << 60, 200_000))})
    ds.commit()
    other = deeplake.open(store)
    other.append({"id": -1})
    other.commit()
    store.reset()
    ds.refresh()
    with pytest.raises(UniqueViolationError):
        ds.append({"id": -1})
    assert store.bytes_read < 50_000


def test_a_large_table_sorted_by_key_is_looked_up_by_its_bounds(url, monkeypatch):
    monkeypatch.setattr(settings, "KEY_PROBE_ROWS_MIN", 1000)
    monkeypatch.setattr(settings, "FRAGMENT_ROWS_MAX", 2000)
    monkeypatch.setattr(key_scan, "NODE_ROWS", 10)
    store = TracingStore(MemoryStore(), remote=True)
    made = deeplake.create(store, schema={"id": "int primary_key", "t": "text unique"})
    made.extend({"id": range(100_000), "t": [f"{n:09}" for n in range(100_000)]})
    made.commit()
    ds = deeplake.open(store)
    store.reset()
    ds.append({"id": 100_000, "t": "999"})
    ds.append({"id": 100_001, "t": "9999"})
    few = store.bytes_read
    assert few < 120_000
    with pytest.raises(UniqueViolationError, match="100001 is there"):
        ds.append({"id": 100_001})
    with pytest.raises(UniqueViolationError, match="row 0: 5555 is there"):
        ds.append({"id": 5555})
    with pytest.raises(UniqueViolationError, match="row 0: '000005555' is there"):
        ds.append({"id": 200_000, "t": "000005555"})
    ds.delete(rows=[5555])
    ds.append({"id": 5555, "t": "000005555"})
    ds["id"][0] = -1
    ds.append({"id": 0})
    for taken in [-1, 0, 1, 5555, 5554, 99_999]:
        with pytest.raises(UniqueViolationError):
            ds.append({"id": taken})
    ds.commit()
    for taken in [-1, 0, 1, 5555, 5554, 99_999, *range(7, 100_000, 1777)]:
        with pytest.raises(UniqueViolationError):
            ds.append({"id": taken})
    ds.append({"id": 200_000, "t": "x"})
