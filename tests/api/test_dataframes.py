"""DataFrames: a cell of Python is what it is in a dict; everything else comes as Arrow does."""

from __future__ import annotations

import datetime as dt
import decimal
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pyarrow as pa
import pytest

import deeplake
from deeplake.errors import ColumnNotFoundError, DtypeError, InputError, InvalidValueError
from deeplake.storage.memory import MemoryStore


def made(schema: Any = None) -> deeplake.Dataset:
    return deeplake.create(MemoryStore(), schema=schema)


def column(values: list[Any]) -> pd.Series:
    """A column of Python objects, whatever pandas would make of them."""
    cells = np.empty(len(values), object)
    for at, value in enumerate(values):
        cells[at] = value
    return pd.Series(cells, dtype=object)


@pytest.mark.parametrize(
    "values",
    [
        [{"a": 1}, {"b": [1]}, None],
        [{"a": 1}, {"a": 1.5}],
        [{"a": 1}, {"a": "s"}],
        [{"a": {}}, [1, {"b": None}], "text", 7, 0.5, True, None],
        ["null", "1", '{"a": 1}'],
    ],
)
def test_json_reads_back_as_it_stood_in_the_frame(values):
    for given in (pd.DataFrame({"j": values}), pd.DataFrame({"j": column(values)})):
        ds = made({"j": "json"})
        ds.extend(given)
        assert repr(ds["j"][:]) == repr(values)


MISSING = [None, float("nan"), pd.NaT, pd.NA, np.datetime64("NaT")]


@pytest.mark.parametrize("type_", ["json", "text", "int", "float", "timestamp", "emb-2", "blob"])
def test_what_pandas_calls_missing_is_null_in_a_column_of_objects(type_):
    ds = made({"c": type_})
    ds.extend(pd.DataFrame({"c": column(MISSING)}))
    assert [row["c"] for row in ds] == [None] * 5


def test_nan_inside_of_a_cell_is_no_null():
    ds = made({"t": "float32[2]"})
    ds.extend(pd.DataFrame({"t": column([np.array([1, np.nan], "f4"), None])}))
    assert np.isnan(ds["t"][0][1])
    assert ds["t"][1] is None


def png() -> bytes:
    out = io.BytesIO()
    PIL.Image.new("RGB", (3, 2), (9, 8, 7)).save(out, "PNG")
    return out.getvalue()


CELLS: dict[str, tuple[list[Any], str]] = {
    "vectors": ([np.ones(3), np.zeros(3)], "emb-3"),
    "vectors of many lengths": ([np.ones(3), np.ones(2)], "float64[*]"),
    "matrices": ([np.ones((2, 3), "i4"), np.ones((2, 3), "i4")], "int32[2,3]"),
    "PIL images": ([PIL.Image.new("RGB", (3, 2)), PIL.Image.new("L", (3, 2))], "image"),
    "encoded images": ([png(), png()], "image"),
    "dicts": ([{"a": 1}, {"b": 2}], "json"),
    "lists": ([[1], [2, 3]], "list<int64>"),
    "decimals": ([decimal.Decimal("1.5"), decimal.Decimal(2)], "decimal(38,1)"),
    "dates": ([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], "date"),
    "bytes": ([b"a", b"b"], "blob"),
    "text": (["a", "b"], "text"),
    "integers": ([1, 2], "int64"),
}


@pytest.mark.parametrize("name", CELLS)
def test_objects_of_a_frame_are_taken_as_those_of_a_dict_are(name):
    values, type_ = CELLS[name]
    frame, columns, declared = made(), made(), made({"c": type_})
    columns.extend({"c": [*values, None]})
    for ds in (frame, declared):
        ds.extend(pd.DataFrame({"c": column([*values, None])}))
        assert ds.schema["c"].name == columns.schema["c"].name == type_
        for one, other in zip(ds["c"], columns["c"], strict=True):
            np.testing.assert_equal(one, other)


def test_torch_tensors_are_arrays_too():
    torch = pytest.importorskip("torch")
    ds = made()
    ds.extend(pd.DataFrame({"t": column([torch.ones(2, 2), None])}))
    assert ds.schema["t"].name == "float32[2,2]"
    assert ds["t"][0].tolist() == [[1, 1], [1, 1]]


def test_paths_and_open_files_are_media(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    path = tmp_path / "a.png"
    ds = made({"image": "image"})
    ds.extend(pd.DataFrame({"image": column([path, str(path), io.BytesIO(png()), None])}))
    ds.extend(pd.DataFrame({"image": [str(path)]}))
    assert [e if e is None else bytes(e) for e in ds["image"].encoded[:]] == [
        png(),
        png(),
        png(),
        None,
        png(),
    ]
    with pytest.raises(InputError, match="'image', row 1"):
        ds.extend(pd.DataFrame({"image": [path, Path("/nowhere")]}))


def test_what_numpy_holds_keeps_its_dtype():
    frame = pd.DataFrame(
        {
            "i": np.array([1, 2], "i1"),
            "f": np.array([0.5, np.nan], "f4"),
            "b": [True, False],
            "n": pd.array([2**60 + 1, None], "Int64"),
            "at": pd.to_datetime(["2024-01-01T00:00:01", None]),
            "z": pd.to_datetime(["2024-01-01T00:00:01", None], utc=True),
            "cat": pd.Categorical(["x", None]),
            "arrow": pd.array([[1], None], pd.ArrowDtype(pa.list_(pa.int8()))),
        }
    )
    ds = made()
    ds.extend(frame)
    assert {name: type_.name for name, type_ in ds.schema.items()} == {
        "i": "int8",
        "f": "float32",
        "b": "bool",
        "n": "int64",
        "at": "timestamp",
        "z": "timestamptz",
        "cat": "text",
        "arrow": "list<int8>",
    }
    assert ds[0]["n"] == 2**60 + 1
    assert ds[0]["z"] == dt.datetime(2024, 1, 1, 0, 0, 1, tzinfo=dt.UTC)
    assert [name for name, value in ds[1].items() if value is None] == [
        "f", "n", "at", "z", "cat", "arrow",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [pd.period_range("2024", periods=2, freq="M"), pd.interval_range(0, 2), np.zeros(2, "c8")],
    ids=["periods", "intervals", "complex"],
)
def test_what_no_column_holds_is_refused_by_name(values):
    for ds in (made(), made({"c": "int"}), made({"c": "json"})):
        with pytest.raises(InputError, match="column 'c' of the DataFrame is"):
            ds.extend(pd.DataFrame({"c": values}))


def test_integers_that_pandas_made_floats_are_refused_with_a_way_out():
    ds = made({"l": "int"})
    frame = pd.DataFrame({"l": [1, None, 3]})
    with pytest.raises(DtypeError, match=r"'l': Arrow double is not int64.*astype\('Int64'\)"):
        ds.extend(frame)
    ds.extend(frame.astype("Int64"))
    assert ds["l"][:].tolist() == [1, None, 3]


def test_a_named_index_is_columns_and_an_unnamed_one_is_not():
    frame = pd.DataFrame({"k": ["a", "b"], "m": [1, 2], "x": [0.5, 1.5]})
    for given in (frame, frame.set_index("k"), frame.set_index(["k", "m"])):
        ds = made({"k": "text", "m": "int", "x": "float"})
        ds.extend(given)
        assert list(ds) == frame.to_dict("records")
    named = made()
    named.extend(frame.set_index("k"))
    assert sorted(named.schema) == ["k", "m", "x"]
    unnamed = made()
    unnamed.extend(frame.set_index("k").rename_axis(None))
    assert sorted(unnamed.schema) == ["m", "x"]
    with pytest.raises(ColumnNotFoundError, match="'k'"):
        unnamed.extend(frame.set_index("k"))


def test_names_of_a_frame_are_text_and_occur_once():
    ds = made()
    ds.extend(pd.DataFrame([[1, 2]]))
    assert list(ds.schema) == ["0", "1"]
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    index = pd.DataFrame({"a": [1]}, index=pd.Index([1], name="a"))
    for frame in (twice, index):
        with pytest.raises(InputError, match="two columns named 'a'"):
            made().extend(frame)


def test_a_frame_of_no_rows_adds_none():
    ds = made({"a": "int"})
    assert ds.extend(pd.DataFrame()) == 0
    assert ds.extend(pd.DataFrame({"a": []}, dtype=object)) == 0
    with pytest.raises(InputError, match="2 rows without any column"):
        ds.extend(pd.DataFrame(index=range(2)))


def test_rows_of_objects_are_counted_over_the_whole_frame():
    values: list[Any] = [1] * 5000
    values[4321] = "x"
    ds = made({"n": "int"})
    with pytest.raises(InvalidValueError, match="'n', row 4321"):
        ds.extend(pd.DataFrame({"n": column(values), "m": 1}).drop(columns="m"))
    assert len(ds) == 0


def test_a_column_that_is_arrow_is_read_as_arrow_in_a_dict_too():
    ds = made()
    ds.extend({"v": pa.array([[1.0, 2.0], None], pa.list_(pa.float32(), 2)), "n": [1, None]})
    assert {name: type_.name for name, type_ in ds.schema.items()} == {"v": "emb-2", "n": "int64"}
    ds.extend({"v": pa.chunked_array([[None], [[3, 4]]], pa.list_(pa.int64())), "n": [2, 3]})
    assert ds["v"][3].tolist() == [3.0, 4.0]
    assert ds["n"][:].tolist() == [1, None, 2, 3]
