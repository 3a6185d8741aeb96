"""Statistics: bounds are always true, unions too, and nothing known is never taken for nothing."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import MalformedObjectError
from deeplake.format import statistics as s
from deeplake.testing import layouts as lay
from deeplake.types.base import FixedData, FixedLayout, VarData, VarLayout
from deeplake.types.data import offsets_of, slice_rows, var_rows

TEXT = VarLayout(compress=True)
BOUNDED = lay.fixed_layouts() | st.just(TEXT)


def text(rows: list[bytes], valid=None) -> VarData:
    return VarData(offsets_of(np.array([len(row) for row in rows], np.int64)), rows, valid)


def within(value, found: s.ColumnStatistics) -> bool:
    low, high = s.bounds(found)
    if isinstance(value, bytes):
        cut = found.high[15] == s.TRUNCATED
        return low <= value and (value <= high or (cut and value.startswith(high)))
    return low <= value <= high


def present(data) -> list:
    rows = data.values.tolist() if isinstance(data, FixedData) else map(bytes, var_rows(data))
    if data.valid is not None:
        rows = [row for row, ok in zip(rows, data.valid.tolist(), strict=True) if ok]
    return [row for row in rows if row == row]  # noqa: PLR0124 - drops NaN


@given(lay.columns(BOUNDED))
def test_bounds_and_counts_hold(column):
    layout, data = column
    found = s.measure(layout, data)
    nulls = 0 if data.valid is None else int((~data.valid).sum())
    assert found.nulls == nulls
    if isinstance(layout, FixedLayout) and layout.shape:
        assert found.kind == s.COUNTED
        return
    values = present(data)
    if not values:
        assert found.kind == s.EMPTY
        assert s.bounds(found) is None
    assert all(within(value, found) for value in values)


@given(st.lists(st.binary(max_size=20), min_size=1))
def test_text_bounds_hold_for_any_bytes(rows):
    found = s.measure(TEXT, text(rows))
    assert all(within(row, found) for row in rows)


@given(lay.columns(BOUNDED), st.data())
def test_a_union_bounds_the_rows_of_all_its_parts(column, draw):
    layout, data = column
    rows = len(data.values) if isinstance(data, FixedData) else len(data.offsets) - 1
    at = draw.draw(st.integers(0, rows))
    parts = [
        s.measure(layout, slice_rows(data, 0, at)),
        s.measure(layout, slice_rows(data, at, rows)),
    ]
    union, direct = s.merge(parts), s.measure(layout, data)
    assert (union.kind, union.nulls, union.nans) == (direct.kind, direct.nulls, direct.nans)
    assert s.bounds(union) == s.bounds(direct)


def test_a_union_with_an_unmeasured_part_is_unknown():
    one = s.measure(FixedLayout("<i8"), FixedData(np.array([5])))
    nothing = s.measure(FixedLayout("<i8"), FixedData(np.array([0]), np.array([False])))
    assert s.bounds(s.merge([one, nothing])) == (5, 5)
    vectors = s.measure(FixedLayout("<i8", (2,)), FixedData(np.zeros((3, 2), "<i8")))
    assert s.merge([one, vectors, nothing]) == (s.COUNTED, 1, 0, s.EMPTY_BOUND, s.EMPTY_BOUND)
    newer = one._replace(kind=99)
    assert s.bounds(newer) is None
    assert s.merge([newer, newer]).kind == s.COUNTED
    assert s.merge([nothing, s.UNKNOWN]) == s.UNKNOWN
    assert s.merge([one, s.UNKNOWN]) == s.UNKNOWN
    assert s.merge([nothing, nothing]).kind == s.EMPTY
    assert s.merge([]) == s.UNKNOWN


def test_nan_is_counted_and_bounds_nothing():
    data = FixedData(np.array([np.nan, 1.0, -np.inf, 0.0]), np.array([True, True, True, False]))
    found = s.measure(FixedLayout("<f8"), data)
    assert (found.nulls, found.nans, s.bounds(found)) == (1, 1, (-np.inf, 1.0))


@given(st.lists(st.dictionaries(st.integers(0, 9), st.sampled_from([
    s.UNKNOWN,
    s.ColumnStatistics(s.SIGNED, 3, 0, b"\1".ljust(16, b"\0"), b"\2".ljust(16, b"\0")),
    s.ColumnStatistics(s.BYTES, 1 << 40, 0, bytes(16), b"a" * 15 + b"\x10"),
])), max_size=40))  # fmt: skip
def test_statistics_of_children_come_back_with_absent_columns_unknown(children):
    columns = {column for child in children for column in child}
    want = [{c: child.get(c, s.UNKNOWN) for c in columns} for child in children]
    assert s.unpack_children(s.pack_children(children)) == want


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 7,
        b"\xff" * 8,  # 4 billion columns of 4 billion children
        b"\0\0\0\0\xff\xff\xff\xff",  # no column, 4 billion children
        b"\1\0\0\0\1\0\0\0" + bytes(55),
        b"\1\0\0\0\1\0\0\0" + bytes(57),
    ],
)
def test_malformed_statistics_of_children_are_refused(raw):
    with pytest.raises(MalformedObjectError):
        s.unpack_children(zlib.compress(raw))


def test_truncated_or_changed_statistics_of_children_are_refused_or_decode():
    packed = s.pack_children([{1: s.UNKNOWN}, {2: s.UNKNOWN}])
    for end in range(1, len(packed)):
        with pytest.raises(MalformedObjectError):
            s.unpack_children(packed[:end])
    for at in range(len(packed)):
        with pytest.raises(MalformedObjectError):
            s.unpack_children(packed[:at] + bytes([packed[at] ^ 0x55]) + packed[at + 1 :])
