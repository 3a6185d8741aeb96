"""The contract of every column type: one class a type, a few rows in view."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np

from deeplake import types
from deeplake.errors import (
    DimensionError,
    DtypeError,
    InvalidValueError,
    MediaError,
    NotFiniteError,
    NumericOverflowError,
    TextEncodingError,
)
from deeplake.testing.type_contract import TypeContract
from deeplake.types.json import NULL
from deeplake.types.mesh import MeshValue

NAN = float("nan")


class TestBool(TypeContract):
    spec = "bool"
    rows = (True, False)
    bad = ((1, DtypeError, "1 is not bool"), ("yes", DtypeError, "'yes' is not bool"))


class TestInt64(TypeContract):
    spec = "int"
    rows = (-(1 << 63), (1 << 63) - 1, 0)
    bad = (
        (1.0, DtypeError, "1.0 is not int64"),
        (True, DtypeError, "True is not int64"),
        (np.True_, DtypeError, "is not int64"),
        (1 << 63, NumericOverflowError, "9223372036854775808 does not fit int64"),
        (10**5000, NumericOverflowError, "an int of 16,610 bits does not fit int64"),
        ("7", DtypeError, "'7' is not int64"),
        (np.arange(3), DtypeError, "a int64 array of shape (3,) is not int64"),
    )


class TestInt8(TypeContract):
    spec = "int8"
    rows = (-128, np.int64(127), np.uint8(3))
    read = (-128, 127, 3)
    bad = (
        (128, NumericOverflowError, "128 does not fit int8 (-128 to 127)"),
        (np.int16(-129), NumericOverflowError, "-129 does not fit int8"),
    )


class TestUInt64(TypeContract):
    spec = "uint64"
    rows = (0, (1 << 64) - 1, np.uint64(1 << 63))
    read = (0, (1 << 64) - 1, 1 << 63)
    bad = (
        (-1, NumericOverflowError, "-1 does not fit uint64"),
        (np.int64(-1), NumericOverflowError, "-1 does not fit uint64"),
        (1 << 64, NumericOverflowError, "does not fit uint64"),
    )


class TestUInt8(TypeContract):
    spec = "uint8"
    rows = (0, 255)
    bad = (
        (-1, NumericOverflowError, "-1 does not fit uint8 (0 to 255)"),
        (256, NumericOverflowError, "256 does not fit uint8"),
    )


class TestFloat64(TypeContract):
    spec = "float"
    rows = (1.5, NAN, float("inf"), -0.0, 3, np.float32(0.5))
    read = (1.5, NAN, float("inf"), -0.0, 3.0, 0.5)
    bad = (
        (10**400, NumericOverflowError, "does not fit float64"),
        (True, DtypeError, "True is not float64"),
        ("1.5", DtypeError, "'1.5' is not float64"),
        (1j, DtypeError, "is not float64"),
        (Decimal(1), DtypeError, "is not float64"),
    )


class TestFloat32(TypeContract):
    spec = "float32"
    rows = (0.1, -np.inf, 1e-50)
    read = (0.10000000149011612, -np.inf, 0.0)
    bad = ((1e39, NumericOverflowError, "1e+39 does not fit float32"),)


class TestFloat16(TypeContract):
    spec = "float16"
    rows = (0.5, NAN, 65504)
    read = (0.5, NAN, 65504.0)
    bad = ((70000, NumericOverflowError, "70000.0 does not fit float16"),)


class TestDecimal(TypeContract):
    spec = "decimal(6,2)"
    rows = (
        Decimal("1.5"),
        7,
        Decimal("-9999.99"),
        Decimal("1.500000"),
        Decimal("0E+900"),
        np.int8(3),
    )
    read = tuple(map(Decimal, ("1.50", "7.00", "-9999.99", "1.50", "0.00", "3.00")))
    bad = (
        (1.5, DtypeError, "1.5 is no exact number"),
        (True, DtypeError, "True is no exact number"),
        ("1.5", DtypeError, "'1.5' is no exact number"),
        (Decimal("1.234"), InvalidValueError, "more than 2 digits after the point"),
        (Decimal("1E-999999"), InvalidValueError, "more than 2 digits after the point"),
        (Decimal(10000), NumericOverflowError, "more than 4 digits before the point"),
        (Decimal("1E+999999"), NumericOverflowError, "more than 4 digits before the point"),
        (10**100, NumericOverflowError, "more than 4 digits before the point"),
        (Decimal("NaN"), NotFiniteError, "NaN is no decimal(6,2)"),
    )


class TestWideDecimal(TypeContract):
    spec = types.Decimal(38, 38)
    rows = (Decimal("0." + "9" * 38), Decimal("-0." + "9" * 38), Decimal("1e-38"))
    bad = ((1, NumericOverflowError, "more than 0 digits before the point"),)


class TestText(TypeContract):
    spec = "text"
    rows = ("a", "", "ß\x00 ", "🐈", np.str_("é"))
    read = ("a", "", "ß\x00 ", "🐈", "é")
    bad = (
        (b"abc", DtypeError, "Decode it with .decode('utf-8')"),
        (3, DtypeError, "3 is not text"),
        ("a\ud800", TextEncodingError, "lone surrogate"),
        (b"x" * 9999, DtypeError, "(bytes of length 9,999)"),
    )


class TestAsciiText(TypeContract):
    """All rows ASCII: they are encoded as one buffer."""

    spec = types.Text(index="bm25")
    rows = ("one", "", "three")


class TestJson(TypeContract):
    spec = "json"
    rows = (
        {"b": 1, "a": [None, 1.5, "ß"]},
        [],
        NULL,
        "null",
        1 << 80,
        False,
        (1, (2,)),
        np.arange(2),
    )
    read = ({"b": 1, "a": [None, 1.5, "ß"]}, [], NULL, "null", 1 << 80, False, [1, [2]], [0, 1])
    bad = (
        ({"x": NAN}, NotFiniteError, "JSON has no NaN"),
        ({1: 2}, DtypeError, "the key 1 is not str"),
        ([{"a": {(1,): 2}}], DtypeError, "the key a tuple of length 1 is not str"),
        ({"x": {1, 2}}, DtypeError, "set is no JSON value"),
        (["\udc00"], TextEncodingError, "lone surrogate"),
        (10**5000, NumericOverflowError, "JSON cannot hold it"),
    )


class TestBlob(TypeContract):
    spec = "blob"
    rows = (
        b"",
        b"\x00\xff",
        bytearray(b"ab"),
        memoryview(b"abcd")[::2],
        np.frombuffer(b"xy", "u1"),
    )
    read = (b"", b"\x00\xff", b"ab", b"ac", b"xy")
    bad = (
        ("abc", DtypeError, "Encode text with .encode()"),
        (3, DtypeError, "3 is not bytes"),
        (np.zeros(2), DtypeError, "a float64 array of shape (2,) is not bytes"),
    )


class TestUuid(TypeContract):
    spec = "uuid"
    rows = (uuid.UUID(int=0), "{12345678123456781234567812345678}", bytes(range(16)))
    read = (
        uuid.UUID(int=0),
        uuid.UUID("12345678-1234-5678-1234-567812345678"),
        uuid.UUID(bytes=bytes(range(16))),
    )
    bad = (
        ("abc", InvalidValueError, "'abc' is no UUID"),
        (b"abc", InvalidValueError, "b'abc' is no UUID"),
        (7, DtypeError, "7 is no UUID"),
    )


class TestDate(TypeContract):
    spec = "date"
    rows = (dt.date.min, dt.date.max, dt.date(1969, 12, 31))
    bad = (
        (dt.datetime(2024, 1, 1), DtypeError, "Use .date(), or a timestamp column"),
        ("2024-01-01", DtypeError, "'2024-01-01' is no date"),
        (7, DtypeError, "7 is no date"),
    )


class TestTimestamp(TypeContract):
    spec = "timestamp"
    rows = (dt.datetime.min, dt.datetime.max, dt.datetime(1969, 12, 31, 23, 59, 59, 999999))
    bad = (
        (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), DtypeError, "Declare the column timestamptz"),
        (dt.date(2024, 1, 1), DtypeError, "is no timestamp"),
        ("now", DtypeError, "'now' is no timestamp"),
    )


class TestTimestampWithZone(TypeContract):
    spec = types.Timestamp(tz=True)
    _east = dt.timezone(dt.timedelta(hours=5, minutes=45))
    rows = (dt.datetime(2024, 1, 1, 1, tzinfo=_east), dt.datetime.max.replace(tzinfo=dt.UTC))
    read = (
        dt.datetime(2023, 12, 31, 19, 15, tzinfo=dt.UTC),
        dt.datetime.max.replace(tzinfo=dt.UTC),
    )
    bad = (
        (dt.datetime(2024, 1, 1), DtypeError, "has no time zone"),
        (
            dt.datetime.max.replace(tzinfo=dt.timezone(-dt.timedelta(hours=5))),
            NumericOverflowError,
            "outside of the years 1 to 9999",
        ),
    )


class TestClassLabel(TypeContract):
    spec = types.ClassLabel(["cat", "dog"])
    rows = ("dog", 0, np.int64(1), "cat")
    read = (1, 0, 1, 0)
    bad = (
        ("dgo", InvalidValueError, "Did you mean 'dog'?"),
        (2, InvalidValueError, "2 is no class code (0 to 1)"),
        (-1, InvalidValueError, "Use None for an unlabelled row"),
        (1.0, DtypeError, "1.0 is not class_label"),
    )


class TestClassLabelWithoutNames(TypeContract):
    spec = types.ClassLabel()
    rows = (0, (1 << 31) - 1)
    bad = (
        ("dog", InvalidValueError, "Declare them: deeplake.types.ClassLabel"),
        (-1, InvalidValueError, "-1 is no class code"),
        (1 << 31, NumericOverflowError, "does not fit int32"),
    )


def _f4(*values: float) -> np.ndarray[Any, Any]:
    return np.array(values, "f4")


class TestEmbedding(TypeContract):
    spec = "emb-2"
    rows = (_f4(3, 4), [1, 2], np.array([1.5, 1e-40]), (0.0, -0.0), np.array([1, 2], "u1"))
    read = (_f4(3, 4), _f4(1, 2), _f4(1.5, 1e-40), _f4(0, -0.0), _f4(1, 2))
    bad = (
        ([1, 2, 3], DimensionError, "shape (3,) does not fit emb-2, which takes (2,)"),
        ([[1, 2]], DimensionError, "shape (1, 2) does not fit emb-2"),
        ([1, NAN], NotFiniteError, "element 1 of the vector is nan"),
        (_f4(np.inf, 0), NotFiniteError, "element 0 of the vector is inf"),
        ([1e39, 0], NumericOverflowError, "1e+39 does not fit float32"),
        ([3e38, 3e38], NumericOverflowError, "L2 norm 4.2426e+38 does not fit float32"),
        ([1, None], DtypeError, "does not hold numbers only"),
        (["1", "2"], DtypeError, "does not hold numbers only"),
        ("ab", DtypeError, "'ab' is no array of numbers"),
        ([True, False], DtypeError, "is not float32"),
        ([1, [2]], DtypeError, "cannot be read as an array"),
    )


class TestHalfEmbedding(TypeContract):
    spec = types.Embedding(2, dtype="float16", metric="l2")
    rows = (np.array([1, 2], "f2"), [60000, 60000])
    read = (np.array([1, 2], "f2"), np.array([60000, 60000], "f2"))
    bad = (([70000, 0], NumericOverflowError, "70000 does not fit float16"),)


class TestFixedTensor(TypeContract):
    spec = "int16[2,1]"
    rows = (np.array([[1], [2]], "i2"), [[-1], [300]], np.array([[7], [8]], ">i8"))
    read = tuple(np.array(v, "<i2") for v in ([[1], [2]], [[-1], [300]], [[7], [8]]))
    bad = (
        (np.zeros((1, 2), "i2"), DimensionError, "shape (1, 2) does not fit int16[2,1]"),
        (np.zeros((2, 1)), DtypeError, "a float64 array of shape (2, 1) is not int16"),
        ([[1], [40000]], NumericOverflowError, "40000 does not fit int16"),
        ({"a": 1}, DtypeError, "a dict of length 1 is no array of numbers"),
    )


class TestBoolTensor(TypeContract):
    spec = types.Tensor("bool", (3,))
    rows = (np.array([True, False, True]), [False, False, True])
    read = (np.array([True, False, True]), np.array([False, False, True]))
    bad = (([1, 0, 1], DtypeError, "is not bool"),)


class TestFreeAxes(TypeContract):
    spec = "uint8[*,3]"
    rows = (np.arange(6, dtype="u1").reshape(2, 3), np.zeros((0, 3), "u1"), [[1, 2, 3]])
    read = (*rows[:2], np.array([[1, 2, 3]], "u1"))
    bad = (
        (np.zeros((2, 4), "u1"), DimensionError, "which takes (*, 3)"),
        (np.zeros(3, "u1"), DimensionError, "shape (3,) does not fit uint8[*,3]"),
        ([[1, 2, 300]], NumericOverflowError, "300 does not fit uint8"),
        (np.zeros((1, 3)), DtypeError, "is not uint8"),
    )


class TestAnyRank(TypeContract):
    spec = types.Tensor("float32")
    rows = (_f4(1), np.zeros((2, 2), "f4"), np.array(7, "f4"), [[[1.0]]])
    read = (*rows[:3], np.ones((1, 1, 1), "f4"))
    bad = ((np.zeros(2, "c8"), DtypeError, "does not hold numbers only"),)


class TestAnyTensor(TypeContract):
    spec = "tensor"
    rows = (np.ones((2, 2), "u2"), np.array(True), np.zeros((0, 3), "f2"), [1, 2])
    read = (*rows[:3], np.array([1, 2]))
    bad = (
        (np.array(["a"]), DtypeError, "does not hold numbers only"),
        (np.ma.masked_equal([1, 2], 2), DtypeError, "the array has masked elements"),
    )


class TestPoints(TypeContract):
    spec = "points"
    rows = (np.arange(8, dtype="f4").reshape(2, 4), np.zeros((0, 3), "f4"), [[1, 2, NAN]])
    read = (*rows[:2], _f4(1, 2, NAN).reshape(1, 3))
    bad = (
        (np.zeros((5, 2), "f4"), DimensionError, "points of 2 channels"),
        (np.zeros(3, "f4"), DimensionError, "shape (3,) does not fit points"),
    )


class _Trimesh:
    vertices = ((0, 0, 0), (1, 0, 0), (0, 1, 0))
    faces = ((0, 1, 2),)


class TestMesh(TypeContract):
    spec = "mesh"
    _mesh = MeshValue(_f4(0, 0, 0, 1, 0, 0, 0, 1, 0).reshape(3, 3), np.array([[0, 1, 2]], "i4"))
    rows = (
        {"vertices": _Trimesh.vertices, "faces": _Trimesh.faces},
        (list(_Trimesh.vertices), list(_Trimesh.faces)),
        _Trimesh(),
        _mesh,
    )
    read = (_mesh,) * 4
    bad = (
        ([1, 2, 3], DtypeError, "a list of length 3 is no mesh"),
        ({"vertices": [[0, 0, 0]]}, DtypeError, "is no mesh"),
        (([[0, 0, 0]], [[0, 0, 1]]), InvalidValueError, "a face names vertex 1 of 1"),
        (([[0, 0]], [[0, 0, 0]]), DimensionError, "shape (1, 2) does not fit float32[*,3]"),
        (([[0, 0, 0]], [[0, 0, 0.5]]), DtypeError, "is not int32"),
    )


class TestImage(TypeContract):
    spec = "image"
    _colour = np.arange(24, dtype="u1").reshape(2, 4, 3)
    rows = (
        _colour,
        np.full((3, 2), 7, "u1"),
        np.full((2, 2), 60000, "u2"),
        np.ones((1, 1, 4), "u1"),
    )
    read = (
        _colour,
        np.full((3, 2, 1), 7, "u1"),
        np.full((2, 2, 1), 60000, "u2"),
        np.ones((1, 1, 4), "u1"),
    )
    bad = (
        (b"garbage", MediaError, "starting with b'garbage' are no image"),
        (b"\xff\xd8\xff\xe0broken", MediaError, "are no image we can read"),
        (np.zeros((2, 2)), DtypeError, "pixels are uint8"),
        (np.zeros((2, 2, 5), "u1"), DimensionError, "height x width"),
        (np.zeros((0, 2), "u1"), DimensionError, "is no image"),
        (np.zeros((2, 2, 3), "u2"), DtypeError, "uint16 without colour"),
        (7, DtypeError, "7 is no image"),
        ([[1, 2]], DtypeError, "a list of length 1 is no image"),
    )


class TestList(TypeContract):
    spec = "list<int8>"
    rows = ([1, None, 2], [], (3,), np.array([4, 5]))
    read = ([1, None, 2], [], [3], [4, 5])
    bad = (
        ([1, 300], NumericOverflowError, "item 1: 300 does not fit int8"),
        ("ab", DtypeError, "'ab' is no list"),
        (b"ab", DtypeError, "b'ab' is no list"),
        ({"a": 1}, DtypeError, "a dict of length 1 is no list"),
        (3, DtypeError, "3 is no list"),
    )


class TestListOfEmbeddings(TypeContract):
    spec = types.List(types.Embedding(2, metric="inner"))
    rows = ([_f4(1, 2), None], np.ones((3, 2), "f4"), [])
    read = ([_f4(1, 2), None], [_f4(1, 1)] * 3, [])
    bad = (([[1, 2], [1, 2, 3]], DimensionError, "item 1: shape (3,) does not fit emb-2"),)


class TestNestedLists(TypeContract):
    spec = "list<list<text>>"
    rows = ([["a"], [], None], [], [["ß", None]])
    bad = (([["a"], [b"b"]], DtypeError, "item 1: item 0: b'b' is not text"),)


class TestStruct(TypeContract):
    spec = types.Struct({"a": "int", 'odd "name"': types.ClassLabel(["x", "y"]), "c": "list<text>"})
    rows: ClassVar[Any] = (
        {"a": 1, 'odd "name"': "y", "c": ["p"]},
        {"c": [], "a": None},
        {},
    )
    read = (
        {"a": 1, 'odd "name"': 1, "c": ["p"]},
        {"a": None, 'odd "name"': None, "c": []},
        {"a": None, 'odd "name"': None, "c": None},
    )
    bad = (
        ({"a": "x"}, DtypeError, "column 'price.a', row 2: 'x' is not int64"),
        ({"b": 1}, InvalidValueError, "there is no field 'b'"),
        ([1], DtypeError, "a list of length 1 is no dict"),
    )


class TestStructOfStructs(TypeContract):
    spec = "struct<image: image, at: struct<x: float32[2], t: tensor>>"
    rows = (
        {"image": np.zeros((1, 2, 3), "u1"), "at": {"x": _f4(1, 2), "t": np.array([1])}},
        {"image": None, "at": None},
    )
    bad = (({"at": {"x": [1]}}, DimensionError, "column 'price.at.x', row 2"),)
