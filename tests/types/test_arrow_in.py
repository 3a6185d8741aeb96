"""Arrow arrays of every width and encoding into columns: exact, or refused."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from deeplake import types
from deeplake.errors import (
    DimensionError,
    DtypeError,
    InvalidValueError,
    NotFiniteError,
    NumericOverflowError,
    TextEncodingError,
)
from deeplake.testing.column_data import check_layout, same
from deeplake.types.declare import parse


def read(spec: Any, array: Any) -> list[Any]:
    """The rows of a column that took an Arrow array."""
    type_ = parse(spec)
    data = type_.from_arrow(array, column="c")
    check_layout(data, type_.layout, len(array))
    return type_.values(data)


INTS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()]


@pytest.mark.parametrize("arrow_type", [*INTS, pa.uint64()], ids=str)
def test_integers_of_any_width_fit_where_their_values_do(arrow_type: pa.DataType) -> None:
    array = pa.array([1, None, 100], arrow_type)
    for spec in ("int8", "int64", "uint8", "uint64", "float", "float32", types.ClassLabel()):
        assert read(spec, array) == [1, None, 100]
    assert read("decimal(5,1)", array) == [decimal.Decimal(1), None, decimal.Decimal(100)]


def test_numbers_that_do_not_fit_name_their_row() -> None:
    with pytest.raises(NumericOverflowError, match="row 2: 300 does not fit int8"):
        read("int8", pa.array([1, None, 300]))
    with pytest.raises(NumericOverflowError, match="row 1: 1e\\+39 does not fit float32"):
        read("float32", pa.array([1.0, 1e39]))
    with pytest.raises(DtypeError, match="is not int64"):
        read("int", pa.array([1.0]))
    for type_ in ("int", types.ClassLabel(["a"])):  # whole or not, with NULL or not
        with pytest.raises(DtypeError, match=r"Arrow double is not .*astype\('Int64'\)"):
            read(type_, pa.array([0.0, None]))
    with pytest.raises(DtypeError, match="is not float64"):
        read("float", pa.array([True]))
    with pytest.raises(InvalidValueError, match="row 1: 7 is no class code"):
        read(types.ClassLabel(["a"]), pa.array([0, 7]))


def test_nan_stays_nan_and_null_stays_null() -> None:
    rows = read("float", pa.array([float("nan"), None, 1.5], pa.float32()))
    assert same(rows, [float("nan"), None, 1.5])


@pytest.mark.parametrize(
    "arrow_type",
    [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()],
    ids=str,
)
def test_text_of_any_arrow_form(arrow_type: pa.DataType) -> None:
    rows = ["a", None, "", "ß" * 20]
    array = pa.array(
        [r if r is None or "str" in str(arrow_type) else r.encode() for r in rows], arrow_type
    )
    assert read("text", array) == rows
    assert read("text", array.slice(1)) == rows[1:]
    assert read("blob", array) == [r if r is None else r.encode() for r in rows]


def test_dictionaries_runs_and_chunks_are_resolved() -> None:
    words = pa.array(["b", None, "a", "b"]).dictionary_encode()
    assert read("text", words) == ["b", None, "a", "b"]
    assert read("text", pa.chunked_array([words, words.slice(2)])) == [
        "b",
        None,
        "a",
        "b",
        "a",
        "b",
    ]
    assert read(types.ClassLabel(["a", "b"]), words) == [1, None, 0, 1]
    runs = pa.RunEndEncodedArray.from_arrays([2, 3], pa.array([7, None]))
    assert read("int", runs) == [7, 7, None]
    nulls_inside = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["x", None]))
    assert read("text", nulls_inside) == ["x", None, None]
    assert read("text", pa.chunked_array([], pa.string())) == []


def test_bytes_that_are_no_utf8_are_no_text() -> None:
    bad = pa.array([b"ok", b"\xff\xfe"])
    broken = pa.Array.from_buffers(
        pa.string(), 2, [*pa.array(["ok", "ab"]).buffers()[:2], pa.py_buffer(b"ok\xff\xfe")]
    )
    with pytest.raises(TextEncodingError, match="Invalid UTF8"):
        read("text", broken)
    with pytest.raises(InvalidValueError, match="column 'c'"):
        read("text", bad)


def test_bytes_hidden_under_a_null_are_left_out() -> None:
    mask = pa.py_buffer(bytes([0b101]))
    full = pa.array([b"aa", b"bbb", b"c"], pa.large_binary())
    hidden = pa.Array.from_buffers(pa.large_binary(), 3, [mask, *full.buffers()[1:]])
    assert read("blob", hidden) == [b"aa", None, b"c"]
    numbers = pa.Array.from_buffers(
        pa.int32(), 3, [mask, pa.array([1, 2, 3], pa.int32()).buffers()[1]]
    )
    assert read("int", numbers) == [1, None, 3]
    lists = pa.array([[1], [2, 3], [4]], pa.large_list(pa.int64()))
    hidden = pa.Array.from_buffers(
        lists.type, 3, [mask, lists.buffers()[1]], children=[lists.values]
    )
    assert read("list<int>", hidden) == [[1], None, [4]]


LISTS = [
    pa.list_(pa.float64()),
    pa.large_list(pa.float32()),
    pa.list_(pa.float32(), 2),
    pa.list_(pa.int16(), 2),
    pa.list_view(pa.float32()),
    pa.large_list_view(pa.float16()),
]


@pytest.mark.parametrize("arrow_type", LISTS, ids=str)
def test_vectors_come_as_lists_of_any_kind(arrow_type: pa.DataType) -> None:
    array = pa.array([[1, 2], None, [3, 4], [5, 6]], arrow_type)
    wanted = [np.array([3, 4], "f4"), np.array([5, 6], "f4")]
    for spec in ("emb-2", "float32[2]", "float32[*]"):
        if "int" in str(arrow_type.value_type) and spec == "float32[*]":
            continue
        rows = read(spec, array)
        assert rows[1] is None
        assert same(rows[2:], wanted)
        assert same(read(spec, array.slice(2)), wanted)
        assert same(read(spec, pa.chunked_array([array.slice(2), array])), [*wanted, *rows])
    assert (
        read("list<float>", array)[1:] == [None, [3.0, 4.0], [5.0, 6.0]]
        if "int" not in str(arrow_type)
        else True
    )


def test_vectors_that_do_not_fit_are_refused() -> None:
    ragged = pa.array([[1.0, 2.0], None, [1.0]])
    with pytest.raises(DimensionError, match=r"row 2: shape \(1,\) does not fit emb-2"):
        read("emb-2", ragged)
    with pytest.raises(InvalidValueError, match="row 1: the row has a NULL element"):
        read("emb-2", pa.array([[1.0, 2.0], [None, 1.0]]))
    with pytest.raises(NotFiniteError, match="row 1: element 0 of the vector is nan"):
        read("emb-2", pa.array([None, [float("nan"), 1.0]]))
    with pytest.raises(DtypeError, match="elements are no numbers"):
        read("emb-1", pa.array([["a"]]))
    with pytest.raises(DtypeError, match="is no list"):
        read("emb-1", pa.array([1.0]))
    with pytest.raises(DimensionError, match=r"shape \(3,\)"):
        read("emb-2", pa.array([[1.0, 2.0, 3.0]], pa.list_(pa.float32(), 3)))


def test_nested_lists_become_tensors() -> None:
    nested = [[[1, 2, 3], [4, 5, 6]], None]
    wanted = [np.array(nested[0], "i2"), None]
    for arrow_type in (
        pa.list_(pa.list_(pa.int64())),
        pa.list_(pa.list_(pa.int8(), 3), 2),
        pa.large_list(pa.list_(pa.int16(), 3)),
    ):
        array = pa.array(nested, arrow_type)
        assert same(read("int16[2,3]", array), wanted)
        assert same(read("int16[*,3]", array), wanted)
    with pytest.raises(DimensionError, match=r"shape \(2, 3\) does not fit int16\[2,2\]"):
        read("int16[2,2]", pa.array(nested, pa.list_(pa.list_(pa.int64()))))


def test_tensor_extensions_are_read_in_their_logical_order() -> None:
    plain = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    array = pa.FixedShapeTensorArray.from_numpy_ndarray(plain)
    for spec in ("float32[2,3]", "float32[*,3]", "float32[...]", "tensor"):
        assert same(read(spec, array), list(plain))
        assert same(read(spec, array.slice(1)), [plain[1]])
        with_null = pa.ExtensionArray.from_storage(
            array.type, pa.concat_arrays([array.storage, pa.nulls(1, array.storage.type)])
        )
        assert same(read(spec, with_null), [*plain, None])
    permuted = pa.fixed_shape_tensor(pa.float32(), [2, 3], permutation=[1, 0])
    turned = pa.ExtensionArray.from_storage(permuted, array.storage)
    assert same(read("float32[3,2]", turned), [row.T.copy() for row in plain])
    assert same(read("float32[3,*]", turned), [row.T.copy() for row in plain])
    with pytest.raises(DimensionError, match=r"shape \(3, 2\) does not fit float32\[2,3\]"):
        read("float32[2,3]", turned)


def test_a_tensor_whose_elements_do_not_fill_its_shape_is_refused() -> None:
    type_ = parse("int8[*,2]").arrow_type()
    array = pa.array([{"data": [1, 2, 3], "shape": [1, 2]}], type_)
    with pytest.raises(InvalidValueError, match=r"row 0: 3 elements do not fill shape \(1, 2\)"):
        read("int8[*,2]", array)
    array = pa.array(
        [{"data": [1, 2], "shape": [1, 2]}, {"data": [1, None], "shape": [1, 2]}], type_
    )
    with pytest.raises(InvalidValueError, match="row 1: the tensor has a NULL element"):
        read("int8[*,2]", array)


def test_decimals_of_other_widths() -> None:
    one_and_a_half = decimal.Decimal("1.50")
    for arrow_type in (pa.decimal128(10, 1), pa.decimal256(60, 3)):
        array = pa.array([decimal.Decimal("1.5"), None], arrow_type)
        assert read("decimal(5,2)", array) == [one_and_a_half, None]
    with pytest.raises(DtypeError, match="without loss"):
        read("decimal(5,1)", pa.array([decimal.Decimal("1.55")]))
    with pytest.raises(DtypeError, match="without loss"):
        read("decimal(3,2)", pa.array([decimal.Decimal("12.00")]))
    with pytest.raises(DtypeError, match="is not exact"):
        read("decimal(5,1)", pa.array([1.5]))


def test_times_of_other_units() -> None:
    noon = dt.datetime(2024, 1, 1, 12)
    for unit in ("s", "ms", "us", "ns"):
        assert read("timestamp", pa.array([noon, None], pa.timestamp(unit))) == [noon, None]
    zoned = pa.array([noon.replace(tzinfo=dt.UTC)], pa.timestamp("us", "America/New_York"))
    assert read("timestamptz", zoned) == [noon.replace(tzinfo=dt.UTC)]
    with pytest.raises(DtypeError, match="without loss"):
        read("timestamp", pa.array([1], pa.timestamp("ns")))
    with pytest.raises(DtypeError, match="has time zone"):
        read("timestamp", zoned)
    with pytest.raises(DtypeError, match="has no time zone"):
        read("timestamptz", pa.array([noon]))
    with pytest.raises(NumericOverflowError, match="outside of the years"):
        read("timestamp", pa.array([2**62], pa.timestamp("us")))
    assert read("date", pa.array([dt.date(2024, 1, 1), None], pa.date64())) == [
        dt.date(2024, 1, 1),
        None,
    ]
    with pytest.raises(NumericOverflowError, match="outside of the years"):
        read("date", pa.array([2**31 - 1], pa.date32()))
    with pytest.raises(DtypeError, match="Cast it to date32"):
        read("date", pa.array([noon]))
    assert read("date", pa.array(["2024-02-29"])) == [dt.date(2024, 2, 29)]


def test_uuids_in_all_their_forms() -> None:
    value = uuid.UUID("12345678-1234-5678-1234-567812345678")
    for array in (
        pa.array([value.bytes, None], pa.binary(16)),
        pa.array([value.bytes, None]),
        pa.array([str(value), None]),
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([value.bytes, None], pa.binary(16))),
    ):
        assert read("uuid", array) == [value, None]
    with pytest.raises(InvalidValueError, match="row 0: b'abc' is no UUID"):
        read("uuid", pa.array([b"abc"]))


def test_json_is_parsed_and_checked() -> None:
    texts = pa.array(['{"a": [1, 2.50]}', None, "null", '"x"'])
    null = types.json.NULL
    assert read("json", texts) == [{"a": [1, 2.5]}, None, null, "x"]
    type_ = types.Json()
    spaced, tight = (type_.from_arrow(pa.array([t]), column="j") for t in ('{ "a":1 }', '{"a":1}'))
    assert bytes(spaced.buffers[0]) == bytes(tight.buffers[0]), "equal documents, equal bytes"
    assert read("json", pa.array([{"a": 1, "b": None}])) == [{"a": 1, "b": None}]
    with pytest.raises(InvalidValueError, match=r"row 1: '{' is not JSON"):
        read("json", pa.array(["{}", "{"]))
    with pytest.raises(NotFiniteError, match="row 0: JSON has no NaN"):
        read("json", pa.array(["NaN"]))


def test_structs_are_matched_by_name() -> None:
    array = pa.array([{"b": "x", "a": 1}, None])
    assert read("struct<a: int8, b: text, c: float>", array) == [
        {"a": 1, "b": "x", "c": None},
        None,
    ]
    with pytest.raises(DtypeError, match="there is no field 'b'"):
        read("struct<a: int>", array)
    with pytest.raises(NumericOverflowError, match=r"column 'c.a', row 0: 300"):
        read("struct<a: int8>", pa.array([{"a": 300}]))


def test_an_error_inside_an_arrow_list_names_row_and_item() -> None:
    with pytest.raises(
        NumericOverflowError, match="column 'c', row 2: item 1: 300 does not fit int8"
    ):
        read("list<int8>", pa.array([[1], None, [2, 300]]))


def test_maps_are_lists_of_pairs() -> None:
    array = pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64()))
    assert read("list<struct<key: text, value: int>>", array) == [[{"key": "a", "value": 1}], None]


def test_images_come_as_bytes_paths_or_hugging_face_structs(tmp_path: Any) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    png = bytes(types.Image().normalise([pixels], column="i").buffers[0])
    path = tmp_path / "x.png"
    path.write_bytes(png)
    for array in (
        pa.array([png, None]),
        pa.array([str(path), None]),
        pa.array([{"bytes": png, "path": None}, None]),
        pa.array(
            [{"bytes": None, "path": str(path)}, None],
            pa.struct({"bytes": pa.binary(), "path": pa.string()}),
        ),
    ):
        assert same(read("image", array), [pixels, None])


def test_a_mesh_in_arrow_has_both_of_its_parts() -> None:
    type_ = types.Mesh()
    data = type_.normalise([([[0, 0, 0]], [[0, 0, 0]]), None], column="m")
    rows = type_.to_arrow(data).to_pylist()
    with pytest.raises(InvalidValueError, match="column 'c', row 2: the mesh has no faces"):
        read("mesh", pa.array([*rows, {**rows[0], "faces": None}], type_.arrow_type()))
    with pytest.raises(DtypeError, match="is no mesh"):
        read("mesh", pa.array([{"vertices": 1}]))


def test_class_names_come_as_any_string() -> None:
    for arrow_type in (pa.string(), pa.large_string(), pa.string_view()):
        assert read(types.ClassLabel(["a", "b"]), pa.array(["b", None], arrow_type)) == [1, None]
