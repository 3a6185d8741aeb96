"""The type that values or Arrow fields suggest."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import re
import uuid
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pytest

from deeplake import types
from deeplake.errors import SchemaError
from deeplake.types.declare import to_json
from deeplake.types.infer import FIELD_KEY, infer, infer_arrow

PNG = b"\x89PNG\r\n\x1a\nrest"


def named(value: object) -> str:
    """A parameter's name without its address: workers must agree on it."""
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", str(value))


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([True, None], "bool"),
        ([1, None, 2], "int64"),
        ([1, 2.5], "float64"),
        ([1, 1 << 63], "uint64"),
        (["a"], "text"),
        ([b"a", bytearray(b"b")], "blob"),
        ([PNG, b"\xff\xd8\xff\xe0"], "image"),
        ([b"RIFF\0\0\0\0WEBPVP8 ", b"GIF89a"], "image"),
        ([PNG, b"other"], "blob"),
        ([PIL.Image.new("RGB", (2, 2))], "image"),
        ([{"a": 1}], "json"),
        ([{"a": 1}, [2]], "json"),
        ([{"a": 1}, "x", 3], "json"),
        ([[1, "a"]], "json"),
        ([[]], "json"),
        ([[1, 2], [], None, [3]], "list<int64>"),
        ([(1, 2.5)], "list<float64>"),
        ([[1.0, 2.0], [3.0, 4.0]], "list<float64>"),
        ([["a", None]], "list<text>"),
        ([[["a"]], [[]]], "list<list<text>>"),
        ([[{"a": 1}]], "json"),
        ([[np.zeros(3, "f4")]], "list<emb-3>"),
        ([[PNG]], "list<image>"),
        ([dt.datetime(2024, 1, 1)], "timestamp"),
        ([dt.datetime(2024, 1, 1, tzinfo=dt.UTC)], "timestamptz"),
        ([dt.date(2024, 1, 1)], "date"),
        ([decimal.Decimal("1.25"), decimal.Decimal(3)], "decimal(38,2)"),
        ([uuid.UUID(int=1)], "uuid"),
        ([np.float32(1), np.float32(2)], "float32"),
        ([np.int8(1)], "int8"),
        ([np.float64(1), 2.0], "float64"),
        ([np.datetime64("2024-01-01")], "date"),
        ([np.zeros(4), np.ones(4), None], "emb-4"),
        ([np.zeros(4, "f2")], "emb-4:float16"),
        ([np.zeros(4), np.ones(5)], "float64[*]"),
        ([np.full(4, np.nan, "f4")], "float32[4]"),
        ([np.zeros(4, "i8")], "int64[4]"),
        ([np.zeros((2, 3), "u1"), np.zeros((5, 3), "u1")], "uint8[*,3]"),
        ([np.zeros((2, 3), "u1")], "uint8[2,3]"),
        ([np.zeros((4, 5, 3), "u1")], "uint8[4,5,3]"),
        ([np.zeros((4, 5, 3), "u1"), np.zeros((6, 7, 3), "u1")], "uint8[*,*,3]"),
        ([np.zeros(2, "f4"), np.zeros((2, 2), "f4")], "float32[...]"),
        ([np.zeros((0, 3), "f4")], "float32[*,3]"),
        (np.arange(3), "int64"),
        (np.arange(3, dtype="u1"), "uint8"),
        (np.array([True]), "bool"),
        (np.array(["a"]), "text"),
        (np.array(["2024-01-01T00"], "M8[h]"), "timestamp"),
        (np.array(["2024-01-01"], "M8[D]"), "date"),
        (np.zeros((5, 8), "f4"), "emb-8"),
        (np.zeros((5, 8), "u1"), "uint8[8]"),
        (np.zeros((0, 8), "f4"), "emb-8"),
        (np.zeros((5, 2, 2)), "float64[2,2]"),
        (np.array([{"a": 1}, None], object), "json"),
    ],
    ids=named,
)
def test_values_suggest_a_type_that_takes_them(values: Any, name: str) -> None:
    found = infer(values)
    assert found.name == name
    if name != "image" and "image" not in name:  # sniffed by four bytes: no real pictures
        found.normalise(values, column="c")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "has no value to tell its type from"),
        ([None, None], "has no value to tell its type from"),
        ([1, "a"], "has values of the types int, str"),
        ([True, 1], "has values of the types bool, int"),
        ([object()], "has values of the types object"),
        ([{1, 2}], "has values of the types set"),
        ([np.zeros(2, "c8")], "has arrays of complex64"),
        ([dt.timedelta(1)], "has values of the types timedelta"),
        (np.zeros(2, "c8"), "a complex64 array of shape (2,)"),
    ],
    ids=named,
)
def test_values_that_suggest_nothing_ask_for_a_declaration(values: Any, words: str) -> None:
    with pytest.raises(SchemaError) as caught:
        infer(values, column="price")
    assert words in str(caught.value)
    assert "column 'price'" in str(caught.value)
    assert "Declare it: schema={'price': 'text', …}" in str(caught.value)


def test_a_sample_is_enough() -> None:
    assert infer([1] * 1_000 + ["x"]).name == "int64"


@pytest.mark.parametrize(
    ("arrow_type", "name"),
    [
        (pa.int8(), "int8"),
        (pa.uint64(), "uint64"),
        (pa.float16(), "float16"),
        (pa.bool_(), "bool"),
        (pa.string(), "text"),
        (pa.large_string(), "text"),
        (pa.string_view(), "text"),
        (pa.dictionary(pa.int8(), pa.string()), "text"),
        (pa.binary(), "blob"),
        (pa.binary(16), "blob"),
        (pa.binary_view(), "blob"),
        (pa.uuid(), "uuid"),
        (pa.json_(), "json"),
        (pa.decimal128(10, 2), "decimal(10,2)"),
        (pa.decimal256(20, 2), "decimal(20,2)"),
        (pa.date32(), "date"),
        (pa.date64(), "date"),
        (pa.timestamp("ns"), "timestamp"),
        (pa.timestamp("s", "Europe/Rome"), "timestamptz"),
        (pa.list_(pa.int16()), "list<int16>"),
        (pa.list_view(pa.large_list(pa.string())), "list<list<text>>"),
        (pa.list_(pa.float32(), 8), "emb-8"),
        (pa.list_(pa.float16(), 8), "emb-8:float16"),
        (pa.list_(pa.float64(), 8), "float64[8]"),
        (pa.list_(pa.list_(pa.uint8(), 3), 2), "uint8[2,3]"),
        (pa.list_(pa.string(), 2), "list<text>"),
        (pa.fixed_shape_tensor(pa.float32(), [2, 3]), "float32[2,3]"),
        (pa.fixed_shape_tensor(pa.float32(), [2, 3], permutation=[1, 0]), "float32[3,2]"),
        (
            pa.struct({"a": pa.int64(), "b c": pa.list_(pa.bool_())}),
            'struct<a: int64, "b c": list<bool>>',
        ),
        (pa.map_(pa.string(), pa.int32()), "list<struct<key: text, value: int32>>"),
        (pa.run_end_encoded(pa.int16(), pa.int8()), "int8"),
    ],
    ids=named,
)
def test_an_arrow_type_has_a_column_type_that_takes_it(arrow_type: pa.DataType, name: str) -> None:
    found = infer_arrow(arrow_type)
    assert found.name == name
    if not isinstance(arrow_type, (pa.BaseExtensionType, pa.RunEndEncodedType)):
        found.from_arrow(pa.nulls(2, arrow_type), column="c")


@pytest.mark.parametrize(
    "arrow_type",
    [
        pa.null(),
        pa.duration("s"),
        pa.time32("s"),
        pa.decimal256(60, 2),
        pa.decimal128(5, -2),
        pa.struct([]),
    ],
    ids=named,
)
def test_an_arrow_type_that_no_column_holds_is_named(arrow_type: pa.DataType) -> None:
    with pytest.raises(SchemaError, match="no column type holds Arrow"):
        infer_arrow(arrow_type)


def test_a_field_written_by_deeplake_names_its_type() -> None:
    type_ = types.ClassLabel(["cat", "dog"])
    field = pa.field("y", type_.arrow_type(), metadata={FIELD_KEY: json.dumps(to_json(type_))})
    assert infer_arrow(field.type, field) == type_
    assert infer_arrow(field.type).name == "int32"
