"""Whole arrays as batches: NumPy, masked, torch-like and pandas; exactness of every conversion."""

from __future__ import annotations

import datetime as dt
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from deeplake import types
from deeplake.errors import (
    DimensionError,
    DtypeError,
    InvalidValueError,
    NotFiniteError,
    NumericOverflowError,
    ValueTooLargeError,
)
from deeplake.testing.column_data import check_layout, same
from deeplake.types.base import FixedData, VarData
from deeplake.types.data import offsets_of
from deeplake.types.declare import parse
from deeplake.types.elements import CODES

NUMBERS = sorted(CODES)


@given(st.sampled_from(NUMBERS).flatmap(lambda d: hnp.arrays(d, st.integers(0, 9))))
def test_an_array_of_a_columns_own_dtype_is_copied_as_it_is(array: Any) -> None:
    type_ = parse(array.dtype.name)
    data = type_.normalise(array, column="c")
    check_layout(data, type_.layout, len(array))
    assert isinstance(data, FixedData)
    assert same(data.values, array)
    assert not np.shares_memory(data.values, array)
    assert same(type_.bulk(data), array)


@given(st.lists(st.integers(0, 1 << 40), max_size=4))
def test_offsets_are_sums_of_sizes(sizes: list[int]) -> None:
    for given_sizes in (sizes, np.array(sizes, np.int64)):
        found = offsets_of(given_sizes)
        assert found.dtype == np.int64
        assert found.tolist() == [0, *accumulate(sizes)]


@given(
    st.sampled_from(NUMBERS).flatmap(lambda d: hnp.arrays(d, st.integers(1, 9))),
    st.sampled_from(NUMBERS),
)
def test_an_array_and_the_list_of_its_values_are_converted_alike(array: Any, target: str) -> None:
    """Equal result or equal kind of refusal, value for value."""

    def outcome(values: Any) -> Any:
        try:
            return parse(target).normalise(values, column="c").values  # type: ignore[union-attr]
        except InvalidValueError as error:
            return type(error), error.row if isinstance(error, NumericOverflowError) else None

    whole, single = outcome(array), outcome(list(array))
    assert same(whole, single) if isinstance(whole, np.ndarray) else whole == single


@given(st.data())
def test_floats_are_rounded_but_never_become_infinite(data: st.DataObject) -> None:
    array = data.draw(hnp.arrays(np.float64, 4))
    for bits in (16, 32):
        try:
            found = parse(f"float{bits}").normalise(array, column="c")
        except NumericOverflowError as error:
            assert error.row is not None
            limit = float(np.finfo(f"f{bits // 8}").max)
            assert abs(array[error.row]) > limit
        else:
            assert isinstance(found, FixedData)
            assert (np.isinf(found.values) == np.isinf(array)).all()
            assert (np.isnan(found.values) == np.isnan(array)).all()


def test_an_overflow_in_an_array_names_its_row() -> None:
    array = np.zeros(1000, np.int64)
    array[777] = 300
    with pytest.raises(NumericOverflowError, match=r"column 'n', row 777: 300 does not fit uint8"):
        types.UInt(8).normalise(array, column="n")
    vectors = np.zeros((1000, 4), np.float64)
    vectors[42, 3] = 1e39
    with pytest.raises(NumericOverflowError, match=r"row 42: 1e\+39 does not fit float32"):
        types.Embedding(4).normalise(vectors, column="e")
    vectors[42, 3] = np.nan
    with pytest.raises(NotFiniteError, match="row 42: element 3 of the vector is nan"):
        types.Embedding(4).normalise(vectors, column="e")


def test_big_unsigned_numbers_do_not_wrap_into_int64() -> None:
    with pytest.raises(NumericOverflowError, match="18446744073709551615 does not fit int64"):
        types.Int().normalise(np.array([1, 2**64 - 1], np.uint64), column="n")
    with pytest.raises(NumericOverflowError, match="row 1: 18446744073709551615"):
        types.Int().normalise([1, np.uint64(2**64 - 1)], column="n")


def test_a_masked_array_has_nulls_where_it_is_masked() -> None:
    masked = np.ma.MaskedArray([1, 2, 3], [False, True, False])
    data = types.Int().normalise(masked, column="n")
    check_layout(data, types.Int().layout, 3)
    assert types.Int().values(data) == [1, None, 3]
    assert types.Int().bulk(data).tolist() == [1, None, 3]
    rows = np.ma.MaskedArray(np.ones((2, 2)), [[True, True], [False, False]])
    assert types.Embedding(2).values(types.Embedding(2).normalise(rows, column="e"))[0] is None
    assert types.Tensor("float64", (None,)).normalise(rows, column="t").offsets.tolist() == [
        0,
        0,
        16,
    ]
    partly = np.ma.MaskedArray(np.ones((2, 2)), [[False, False], [True, False]])
    with pytest.raises(InvalidValueError, match="row 1: some elements of the row are masked"):
        types.Embedding(2).normalise(partly, column="e")


def test_arrays_of_objects_and_strings_are_lists() -> None:
    objects = np.array([1, None, 3], object)
    assert types.Int().values(types.Int().normalise(objects, column="n")) == [1, None, 3]
    strings = np.array(["a", "ß"])
    assert types.Text().values(types.Text().normalise(strings, column="t")) == ["a", "ß"]
    labels = types.ClassLabel(["cat", "dog"])
    assert labels.values(labels.normalise(np.array(["dog", "cat"]), column="y")) == [1, 0]


def test_arrays_of_the_wrong_rank_or_kind_are_refused() -> None:
    with pytest.raises(DtypeError, match=r"a float64 array of shape \(2, 2\) is not one float64"):
        types.Float().normalise(np.ones((2, 2)), column="x")
    with pytest.raises(DtypeError, match=r"needs a sequence of rows, got 3\.0"):
        types.Float().normalise(np.float64(3), column="x")
    with pytest.raises(DtypeError, match="is not text"):
        types.Text().normalise(np.arange(3), column="t")
    with pytest.raises(DimensionError, match=r"row 0: shape \(3,\) does not fit emb-2"):
        types.Embedding(2).normalise(np.ones((5, 3)), column="e")
    with pytest.raises(DtypeError, match=r"Round and convert with .astype\(int\)"):
        types.Int().normalise(np.ones(2), column="n")
    with pytest.raises(DtypeError, match="is no list"):
        types.List("int").normalise(np.arange(3), column="l")


def test_big_endian_and_strided_arrays_are_read_right() -> None:
    big = np.arange(6, dtype=">i4")
    assert types.Int(32).values(types.Int(32).normalise(big, column="n")) == list(range(6))
    every_other = np.arange(12.0).reshape(3, 4)[:, ::2]
    data = types.Embedding(2).normalise(every_other, column="e")
    assert data.values.tolist() == [[0, 2], [4, 6], [8, 10]]
    free = types.Tensor("float64", (None,))
    rows = free.values(free.normalise(every_other.T[::-1].T, column="t"))
    assert [row.tolist() for row in rows] == [[2, 0], [6, 4], [10, 8]]


def test_an_array_of_rows_is_one_buffer_for_tensors_of_free_shape() -> None:
    type_ = types.Tensor("uint8", (None, None))
    array = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    data = type_.normalise(array, column="t")
    assert isinstance(data, VarData)
    assert len(data.buffers) == 1
    check_layout(data, type_.layout, 3)
    assert same(type_.values(data), list(array))
    array.fill(0)
    assert type_.values(data)[2].tolist() == [[8, 9], [10, 11]]


class Torchlike:
    """What we need of a torch tensor: a length, rows and `__array__`."""

    def __init__(self, array: Any, *, on_device: bool = False) -> None:
        self.array, self.on_device = np.asarray(array), on_device

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: int) -> Torchlike:
        return Torchlike(self.array[index], on_device=self.on_device)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.on_device:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return self.array


def test_tensors_are_read_through_their_array_form() -> None:
    for spec in ("emb-2", "float32[2]", "float32[*]"):
        type_ = parse(spec)
        whole = type_.normalise(Torchlike(np.ones((3, 2), "f4")), column="t")
        rows = type_.normalise([Torchlike(np.ones(2, "f4"))] * 3, column="t")
        assert same(type_.values(whole), type_.values(rows))
    assert types.Image().normalise([Torchlike(np.ones((2, 3, 3), "u1"))], column="i")
    with pytest.raises(DtypeError, match=r"call .detach\(\).cpu\(\)"):
        types.Embedding(2).normalise([Torchlike([1, 2], on_device=True)], column="t")


def test_torch_tensors_themselves() -> None:
    torch = pytest.importorskip("torch")
    type_ = types.Embedding(2)
    tensor = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    for given_ in (tensor, list(tensor)):
        assert type_.normalise(given_, column="e").values.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(DtypeError, match=r"bfloat16 needs .float\(\)"):
        type_.normalise(tensor.to(torch.bfloat16), column="e")
    with pytest.raises(DtypeError, match="detach"):
        type_.normalise(tensor.requires_grad_(), column="e")


def test_pandas_series_and_times() -> None:
    pd = pytest.importorskip("pandas")
    assert types.Int().values(types.Int().normalise(pd.Series([1, 2]), column="n")) == [1, 2]
    series = pd.Series(["a", None], dtype=object)
    assert types.Text().values(types.Text().normalise(series, column="t")) == ["a", None]
    stamp = types.Timestamp()
    rows = [pd.Timestamp("2024-01-01 00:00:01"), pd.NaT, None]
    assert stamp.values(stamp.normalise(rows, column="at")) == [
        dt.datetime(2024, 1, 1, 0, 0, 1),
        None,
        None,
    ]
    with pytest.raises(InvalidValueError, match="finer than a microsecond"):
        stamp.normalise([pd.Timestamp("2024-01-01 00:00:00.000000001")], column="at")


def test_datetime64_arrays_are_exact_or_refused() -> None:
    stamp, date = types.Timestamp(), types.Date()
    array = np.array(["2024-01-01T00:00:00.000001", "NaT"], "M8[ns]")
    data = stamp.normalise(array, column="at")
    check_layout(data, stamp.layout, 2)
    assert stamp.values(data) == [dt.datetime(2024, 1, 1, 0, 0, 0, 1), None]
    assert stamp.bulk(data).dtype == "M8[us]"
    assert stamp.bulk(data).tolist() == stamp.values(data)
    assert stamp.values(stamp.normalise(list(array), column="at")) == stamp.values(data)
    with pytest.raises(InvalidValueError, match="row 0: .* is finer than a microsecond"):
        stamp.normalise(np.array([1], "M8[ns]"), column="at")
    days = np.array(["2024-02-29", "NaT"], "M8[s]")
    assert date.values(date.normalise(days, column="d")) == [dt.date(2024, 2, 29), None]
    assert date.bulk(date.normalise(days, column="d")).tolist() == [dt.date(2024, 2, 29), None]
    with pytest.raises(InvalidValueError, match="row 1: .* has a time of day"):
        date.normalise(np.array(["2024-01-01", "2024-01-01T01"], "M8[h]"), column="d")
    for huge in (np.array([2**60], "M8[s]"), np.array([9999], "M8[Y]"), np.array([-2000], "M8[Y]")):
        for type_ in (stamp, date):
            with pytest.raises(NumericOverflowError, match="outside of the years 1 to 9999"):
                type_.normalise(huge, column="at")
    with pytest.raises(DtypeError, match="has no time zone"):
        types.Timestamp(tz=True).normalise(np.array([0], "M8[us]"), column="at")


def test_a_norm_does_not_depend_on_the_batch_it_came_in() -> None:
    vectors = np.random.default_rng(0).normal(size=(700, 384)).astype(np.float32)
    whole = types.Embedding(384).normalise(vectors, column="e").norms
    single = [types.Embedding(384).normalise([v], column="e").norms for v in vectors]
    assert whole is not None
    assert whole.tobytes() == np.concatenate([n for n in single if n is not None]).tobytes()


@given(hnp.arrays("f4", (2, 3), elements=st.floats(width=32, allow_nan=False)))
def test_a_vector_alone_is_measured_and_refused_as_beside_another(vectors: Any) -> None:
    def outcome(values: Any) -> Any:
        try:
            return types.Embedding(3).normalise(values, column="e").norms
        except InvalidValueError as error:
            return type(error), error.row, error.detail

    for vector in vectors:
        alone, beside = outcome([vector]), outcome([vector, np.zeros(3, "f4")])
        assert same(alone, beside[:1]) if isinstance(alone, np.ndarray) else alone == beside


def test_norms_of_tiny_vectors_do_not_vanish() -> None:
    data = types.Embedding(2).normalise([[3e-30, 4e-30]], column="e")
    assert data.norms is not None
    np.testing.assert_allclose(data.norms, [5e-30], rtol=1e-6)


def test_bytes_are_kept_by_reference_and_buffers_copied() -> None:
    payload, mutable = b"x" * 100, bytearray(b"y" * 100)
    data = types.Blob().normalise([payload, mutable, memoryview(mutable)], column="b")
    assert data.buffers[0] is payload
    mutable[:] = b"z" * 100
    assert types.Blob().values(data) == [payload, b"y" * 100, b"y" * 100]


def test_a_value_over_the_limit_is_refused_before_it_is_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("deeplake.settings.VALUE_BYTES_MAX", 10)
    big = b"x" * 11
    cases: list[tuple[str, Any]] = [
        ("text", "x" * 11),
        ("text", "ß" * 6),
        ("blob", big),
        ("blob", bytearray(big)),
        ("blob", memoryview(big)),
        ("blob", np.frombuffer(big, "u1")),
        ("json", big.decode()),
        ("image", big),
        ("uint8[*]", np.frombuffer(big, "u1")),
        ("int64[*]", [1, 2]),
        ("tensor", np.frombuffer(big, "u1")),
    ]
    for spec, value in cases:
        with pytest.raises(ValueTooLargeError, match=r"column 'c', row 1: .*limit of 10"):
            parse(spec).normalise([None, value], column="c")
    with pytest.raises(ValueTooLargeError):
        parse("uint8[*]").normalise(np.zeros((2, 11), "u1"), column="c")


def test_deep_or_cyclic_json_is_refused() -> None:
    deep: Any = 1
    for _ in range(256):
        deep = [deep]
    type_ = types.Json()
    assert type_.values(type_.normalise([deep], column="j")) == [deep]
    cyclic: dict[str, Any] = {}
    cyclic["me"] = [cyclic, cyclic]
    for bad in ([deep], cyclic):
        with pytest.raises(
            InvalidValueError, match="row 0: the document is nested deeper than 256"
        ):
            type_.normalise([bad], column="j")


def test_json_null_and_sql_null_are_two_things() -> None:
    from deeplake.types.json import NULL

    type_ = types.Json()
    rows = [None, NULL, [None, NULL], {"a": NULL}]
    data = type_.normalise(rows, column="j")
    assert type_.values(data) == [None, NULL, [None, None], {"a": None}]
    assert data.valid is not None
    assert data.valid.tolist() == [False, True, True, True]
    assert not NULL
    assert repr(NULL) == "deeplake.types.json.NULL"


def test_lists_of_arrays_are_joined_once() -> None:
    type_ = types.List("float32")
    data = type_.normalise([np.arange(3, dtype="f4"), None, np.zeros(0, "f4")], column="l")
    check_layout(data, type_.layout, 3)
    assert type_.values(data) == [[0.0, 1.0, 2.0], None, []]
    with pytest.raises(NumericOverflowError, match=r"row 2: item 1: 1e\+39"):
        type_.normalise([[1.0], None, np.array([0, 1e39])], column="l")
