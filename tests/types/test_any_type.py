"""Every type at once: random types, random rows, the same rows back."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st

from deeplake.format.encode import encode_frame
from deeplake.storage.parts import join
from deeplake.testing.column_data import check_layout, same
from deeplake.testing.strategies import columns
from deeplake.types.base import ColumnType
from deeplake.types.data import concat, slice_rows
from deeplake.types.declare import from_json, to_json
from deeplake.types.infer import infer_arrow

Column = tuple[ColumnType, list[Any]]


@given(columns())
def test_rows_come_back_as_they_were_given(column: Column) -> None:
    type_, rows = column
    data = type_.normalise(rows, column="c")
    check_layout(data, type_.layout, len(rows))
    assert same(type_.values(data), rows)


@given(columns(), st.data())
def test_rows_come_back_from_any_slice_of_arrow(column: Column, data: st.DataObject) -> None:
    type_, rows = column
    array = type_.to_arrow(type_.normalise(rows, column="c"))
    array.validate(full=True)
    low = data.draw(st.integers(0, len(rows)))
    high = data.draw(st.integers(low, len(rows)))
    part = type_.from_arrow(array.slice(low, high - low), column="c")
    check_layout(part, type_.layout, high - low)
    assert same(type_.values(part), rows[low:high])


@given(columns(), st.data())
def test_arrow_of_sliced_and_joined_columns_has_the_same_rows(
    column: Column, data: st.DataObject
) -> None:
    type_, rows = column
    whole = type_.normalise(rows, column="c")
    cut = data.draw(st.integers(0, len(rows)))
    pieces = [slice_rows(whole, 0, cut), slice_rows(whole, cut, len(rows))]
    arrays = [type_.to_arrow(piece) for piece in pieces]
    chunked = pa.chunked_array(arrays, type=type_.arrow_type())
    assert same(type_.values(type_.from_arrow(chunked, column="c")), rows)
    assert same(type_.values(concat(pieces)), rows)


@given(columns())
def test_rows_given_one_at_a_time_have_the_bytes_of_rows_given_together(column: Column) -> None:
    """A batch of one row takes shorter ways through offsets, sizes and norms."""
    type_, rows = column
    assume(rows)
    pieces = [type_.normalise([row], column="c") for row in rows]
    for piece in pieces:
        check_layout(piece, type_.layout, 1)
    together = encode_frame(type_.layout, type_.normalise(rows, column="c"))
    apart = encode_frame(type_.layout, concat(pieces))
    assert join(apart.parts) == join(together.parts)
    assert apart.index == together.index


@given(columns(rows_max=0))
def test_a_type_is_declared_by_its_name_and_json(column: Column) -> None:
    type_, _ = column
    assert from_json({"type": type_.name}).name == type_.name
    assert from_json(to_json(type_)) == type_


@given(columns())
def test_a_type_inferred_from_arrow_holds_its_rows(column: Column) -> None:
    type_, rows = column
    array = type_.to_arrow(type_.normalise(rows, column="c"))
    guessed = infer_arrow(array.type)
    data = guessed.from_arrow(array, column="c")
    check_layout(data, guessed.layout, len(rows))
