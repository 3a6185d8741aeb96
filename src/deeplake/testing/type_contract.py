"""What every column type must do, as a suite: subclass it, name the type and a few rows.

    class TestText(TypeContract):
        spec = "text"
        rows = ("a", "", "ß")
        bad = ((3, DtypeError, "is not text"),)

`rows` are accepted values; `read`, where given, is what they come back as. `bad` are values
that are refused, each with its error class and a part of its message.
"""

from __future__ import annotations

import pickle
import re
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from deeplake.errors import DtypeError, InvalidValueError, SchemaError
from deeplake.testing.column_data import check_layout, same
from deeplake.types.base import FixedData, ListData, StructData, VarData, row_count
from deeplake.types.data import concat, slice_rows, take_rows
from deeplake.types.declare import from_json, parse, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from deeplake.types.base import ColumnData, ColumnType


class TypeContract:
    """See the module."""

    spec: ClassVar[Any]
    rows: ClassVar[Sequence[Any]]
    read: ClassVar[Sequence[Any] | None] = None
    bad: ClassVar[Sequence[tuple[Any, type[InvalidValueError], str]]] = ()

    @pytest.fixture
    def type_(self) -> ColumnType:
        """The type under test."""
        return parse(self.spec)

    def given(self) -> list[Any]:
        """The rows with NULLs before, between and after."""
        return [None, *(value for row in self.rows for value in (row, None))]

    def expected(self) -> list[Any]:
        """What `given` comes back as."""
        read = self.rows if self.read is None else self.read
        return [None, *(value for row in read for value in (row, None))]

    # --- rows in and out ------------------------------------------------------------------

    def test_rows_come_back(self, type_: ColumnType) -> None:
        data = type_.normalise(list(self.rows), column="c")
        assert data.valid is None
        check_layout(data, type_.layout, len(self.rows))
        assert same(type_.values(data), [v for v in self.expected() if v is not None])

    def test_a_single_plain_value_is_a_batch_of_one(self, type_: ColumnType) -> None:
        for value in (*self.rows, None):
            plain = type_.single(value, column="c")
            if plain is not None:
                check_layout(plain, type_.layout, 1)
                batch = type_.normalise([value], column="c")
                assert same(plain, batch)
                assert plain.valid is None

    def test_a_single_bad_value_is_refused_like_a_batch_of_one(self, type_: ColumnType) -> None:
        for value, error, _ in self.bad:
            with pytest.raises(error) as batch:
                type_.normalise([value], column="price")
            try:
                said = None if type_.single(value, column="price") is None else "taken"
            except error as refused:
                said = str(refused)
            assert said in (None, str(batch.value))

    def test_nulls_come_back(self, type_: ColumnType) -> None:
        data = type_.normalise(self.given(), column="c")
        check_layout(data, type_.layout, len(self.given()))
        assert same(type_.values(data), self.expected())

    def test_a_column_of_nulls_only(self, type_: ColumnType) -> None:
        data = type_.normalise([None, None], column="c")
        check_layout(data, type_.layout, 2)
        assert type_.values(data) == [None, None]

    def test_no_rows_at_all(self, type_: ColumnType) -> None:
        data = type_.normalise([], column="c")
        check_layout(data, type_.layout, 0)
        assert type_.values(data) == []
        assert len(type_.bulk(data)) == 0

    def test_rows_given_one_at_a_time_come_back(self, type_: ColumnType) -> None:
        pieces = [type_.normalise([row], column="c") for row in self.given()]
        for piece in pieces:
            check_layout(piece, type_.layout, 1)
        assert same(type_.values(concat(pieces)), self.expected())

    def test_a_tuple_of_rows_is_a_list_of_rows(self, type_: ColumnType) -> None:
        data = type_.normalise(tuple(self.given()), column="c")
        assert same(type_.values(data), self.expected())

    def test_one_value_is_not_a_batch(self, type_: ColumnType) -> None:
        for value in ("abc", b"abc", 3, None, {"a": 1}):
            with pytest.raises(DtypeError, match="sequence of rows"):
                type_.normalise(value, column="c")

    def test_a_cell_equals_its_row(self, type_: ColumnType) -> None:
        data = type_.normalise(list(self.rows), column="c")
        rows = type_.values(data)
        for index, row in enumerate(rows):
            assert same(type_.cell(raw_cell(data, index)), row)

    def test_a_slice_in_bulk_has_the_rows(self, type_: ColumnType) -> None:
        for given in (list(self.rows), self.given()):
            data = type_.normalise(given, column="c")
            found = type_.bulk(data)
            assert len(found) == len(given)
            again = type_.normalise(found, column="c")
            assert same(type_.values(again), type_.values(data))

    def test_cut_and_joined_columns_have_the_same_rows(self, type_: ColumnType) -> None:
        data = type_.normalise(self.given(), column="c")
        expected, count = self.expected(), len(self.given())
        pieces = [slice_rows(data, 0, 1), slice_rows(data, 1, count)]
        assert same(type_.values(pieces[1]), expected[1:])
        assert same(type_.values(concat(pieces)), expected)
        backwards = np.arange(count)[::-1].copy()
        assert same(type_.values(take_rows(data, backwards)), expected[::-1])

    def test_rows_are_the_callers_no_longer(self, type_: ColumnType) -> None:
        """Arrays a caller changes afterwards must not change the column."""
        given = [row.copy() if isinstance(row, np.ndarray) else row for row in self.rows]
        data = type_.normalise(given, column="c")
        for row in given:
            if isinstance(row, np.ndarray):
                row.fill(0)
        assert same(type_.values(data), [v for v in self.expected() if v is not None])

    # --- bad rows -------------------------------------------------------------------------

    def test_bad_values_are_refused(self, type_: ColumnType) -> None:
        for value, error, words in self.bad:
            batch = [None, self.rows[0], value]
            with pytest.raises(error, match=re.escape(words)) as caught:
                type_.normalise(batch, column="price")
            assert type(caught.value) is error
            assert "column 'price" in str(caught.value)
            assert "row 2" in str(caught.value), "the row is named"
            assert caught.value.row == 2
            assert len(str(caught.value)) < 600, "the value is shortened"

    # --- declaration ----------------------------------------------------------------------

    def test_a_declaration_survives_json(self, type_: ColumnType) -> None:
        import json

        stored = json.loads(json.dumps(to_json(type_)))
        again = from_json(stored)
        assert again == type_
        assert hash(again) == hash(type_)
        assert again.layout == type_.layout
        assert to_json(again) == stored

    def test_a_type_survives_pickle(self, type_: ColumnType) -> None:
        assert pickle.loads(pickle.dumps(type_)) == type_  # noqa: S301 - our own bytes

    def test_an_unknown_option_is_refused(self, type_: ColumnType) -> None:
        with pytest.raises(SchemaError, match="no option 'colour'"):
            from_json({**to_json(type_), "colour": "red"})

    # --- Arrow ----------------------------------------------------------------------------

    def arrow(self, type_: ColumnType) -> pa.Array:
        """`given` as Arrow."""
        array = type_.to_arrow(type_.normalise(self.given(), column="c"))
        array.validate(full=True)
        assert array.type == type_.arrow_type()
        return array

    def check_arrow(self, type_: ColumnType, array: Any, expected: list[Any]) -> None:
        """`array` reads as `expected`."""
        data = type_.from_arrow(array, column="c")
        check_layout(data, type_.layout, len(expected))
        assert same(type_.values(data), expected)

    def test_arrow_gives_the_rows_back(self, type_: ColumnType) -> None:
        array = self.arrow(type_)
        assert array.null_count == len(self.rows) + 1
        self.check_arrow(type_, array, self.expected())

    def test_arrow_without_nulls(self, type_: ColumnType) -> None:
        data = type_.normalise(list(self.rows), column="c")
        array = type_.to_arrow(data)
        assert array.null_count == 0
        self.check_arrow(type_, array, type_.values(data))
        assert type_.from_arrow(array, column="c").valid is None

    def test_sliced_arrow_arrays(self, type_: ColumnType) -> None:
        array, expected = self.arrow(type_), self.expected()
        for low in range(len(expected)):
            for high in (low, low + 1, len(expected) - 1):
                if high >= low:
                    part = array.slice(low, high - low)
                    self.check_arrow(type_, part, expected[low:high])

    def test_sliced_columns_become_arrow(self, type_: ColumnType) -> None:
        data = slice_rows(type_.normalise(self.given(), column="c"), 1, len(self.given()))
        self.check_arrow(type_, type_.to_arrow(data), self.expected()[1:])

    def test_chunked_arrow_arrays(self, type_: ColumnType) -> None:
        import pyarrow as pa

        array = self.arrow(type_)
        chunked = pa.chunked_array([array.slice(1, 2), array, array.slice(0, 0)])
        self.check_arrow(type_, chunked, [*self.expected()[1:3], *self.expected()])

    def test_arrow_arrays_of_no_rows_and_of_nulls(self, type_: ColumnType) -> None:
        import pyarrow as pa

        self.check_arrow(type_, self.arrow(type_).slice(0, 0), [])
        self.check_arrow(type_, pa.nulls(0), [])
        self.check_arrow(type_, pa.nulls(3), [None] * 3)
        self.check_arrow(type_, type_.to_arrow(type_.normalise([], column="c")), [])

    def test_arrow_of_another_kind_is_refused(self, type_: ColumnType) -> None:
        import pyarrow as pa

        wrong = pa.array([None, None, 1], pa.duration("s"))
        with pytest.raises(InvalidValueError, match="column 'c"):
            type_.from_arrow(wrong, column="c")


def raw_cell(data: ColumnData, index: int) -> Any:
    """One row in the form that `ColumnType.cell` takes."""
    if isinstance(data, FixedData):
        return data.values[index].copy()
    one = slice_rows(data, index, index + 1)
    if isinstance(one, VarData):
        payload = b"".join(bytes(b) for b in one.buffers)
        return payload, tuple(extra[0] for extra in one.extras)
    assert isinstance(one, (ListData, StructData))
    assert row_count(one) == 1
    return one
