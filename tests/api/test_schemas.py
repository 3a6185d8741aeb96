"""A table's columns: declared in either spelling, or taken from the first rows."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import deeplake
from deeplake import types
from deeplake.errors import InvalidNameError, SchemaError, TableNotFoundError


def spelled(ds) -> dict[str, str]:
    return {name: type_.name for name, type_ in ds.schema.items()}


def test_a_type_is_a_spelling_or_a_form_of_deeplake_types(url):
    written = deeplake.create(
        url,
        schema={"prompt": "text", "emb": "emb-4", "label": "class_label(a)", "n": "int"},
        table="spellings",
    )
    formed = deeplake.create(
        url,
        schema={
            "prompt": types.Text(),
            "emb": types.Embedding(4),
            "label": types.ClassLabel(["a"]),
            "n": types.Int(),
        },
        table="forms",
    )
    assert written.schema == formed.schema


def test_what_a_spelling_cannot_say_survives_reopening(url):
    schema = {"label": types.ClassLabel(["cat", "dog"]), "emb": types.Embedding(3, metric="l2")}
    deeplake.create(url, schema=schema)
    found = deeplake.open(url).schema
    assert found == schema
    assert found["label"].names == ("cat", "dog")
    assert found["emb"].metric == "l2"


def test_python_and_numpy_types_are_spellings_too(url):
    ds = deeplake.create(url, schema={"a": int, "b": str, "c": np.float32, "d": dt.date})
    assert spelled(ds) == {"a": "int64", "b": "text", "c": "float32", "d": "date"}


def test_a_schema_of_one_table_makes_another_with_the_same_columns(url):
    first = deeplake.create(url, schema={"id": "int not_null", "t": "text"}, table="first")
    second = deeplake.create(url, schema=first.schema, table="second")
    assert second.schema == first.schema
    assert second.schema.not_null == {"id"}


ROWS = [{"n": 1, "x": 0.5, "t": "a"}, {"n": None, "x": 1.5, "t": "b"}]
SOURCES = {
    "dicts": lambda: ROWS,
    "columns": lambda: {"n": [1, None], "x": [0.5, 1.5], "t": ["a", "b"]},
    "arrow": lambda: pa.Table.from_pylist(ROWS),
    "record batch": lambda: pa.RecordBatch.from_pylist(ROWS),
    "reader": lambda: pa.Table.from_pylist(ROWS).to_reader(),
    "pandas": lambda: pd.DataFrame(ROWS).astype({"n": "Int64"}),
    "iterator": lambda: iter(ROWS),
    "generator": lambda: (dict(row) for row in ROWS),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_schema_is_inferred_from_the_first_rows(url, source):
    ds = deeplake.create(url)
    assert not ds.schema
    assert ds.extend(SOURCES[source]()) == 2
    ds.commit("first rows")
    again = deeplake.open(url)
    assert spelled(again) == {"n": "int64", "x": "float64", "t": "text"}
    assert list(again) == ROWS


@pytest.mark.parametrize("source", SOURCES)
def test_a_declared_table_takes_rows_from_every_source(url, source):
    ds = deeplake.create(url, schema={"t": "text", "n": "int", "x": "float", "more": "json"})
    assert ds.extend(SOURCES[source]()) == 2
    assert list(ds) == [{"t": r["t"], "n": r["n"], "x": r["x"], "more": None} for r in ROWS]


def test_one_row_is_enough_to_infer_from(url):
    ds = deeplake.create(url)
    ds.append({"emb": np.ones(3, np.float32), "at": dt.datetime(2024, 5, 1, tzinfo=dt.UTC)})
    assert spelled(ds) == {"emb": "emb-3", "at": "timestamptz"}


def test_rolling_back_the_first_rows_takes_their_schema_with_them(url):
    ds = deeplake.create(url)
    ds.append({"a": 1})
    ds.rollback()
    assert not ds.schema
    ds.append({"b": "x"})
    assert spelled(ds) == {"b": "text"}


def test_first_rows_that_are_refused_leave_no_schema(url):
    ds = deeplake.create(url)
    with pytest.raises(deeplake.errors.DtypeError):
        ds.extend(iter([{"a": 1}] * 2000 + [{"a": "text"}]))
    assert not ds.schema
    assert len(ds) == 0


def test_a_column_of_nothing_but_null_must_be_declared(url):
    with pytest.raises(SchemaError, match="'b'"):
        deeplake.create(url).extend({"a": [1], "b": [None]})


def test_a_table_without_columns_says_how_to_get_some(url):
    ds = deeplake.create(url)
    assert len(ds) == 0
    assert list(ds) == []
    assert len(ds[:]) == 0
    with pytest.raises(TableNotFoundError, match="schema"):
        ds["a"]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({}, SchemaError),
        ({"a": "itn"}, SchemaError),
        ({"a": "emb-0"}, SchemaError),
        ({"a": "class_label"}, SchemaError),
        ({"a": "class_label not_null"}, SchemaError),
        ({"a": None}, SchemaError),
        ({"": "int"}, InvalidNameError),
        ({"a\n": "int"}, InvalidNameError),
        ({5: "int"}, InvalidNameError),
        ({"a" * 300: "int"}, InvalidNameError),
    ],
)
def test_a_schema_that_makes_no_sense_makes_no_repository(url, schema, kind):
    with pytest.raises(kind):
        deeplake.create(url, schema=schema)
    assert not deeplake.exists(url)
