"""Dates: days of the proleptic Gregorian calendar from 0001-01-01 to 9999-12-31."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, InvalidValueError, NumericOverflowError
from deeplake.types.base import FixedData, FixedLayout
from deeplake.types.fixed import Fixed, masked
from deeplake.types.rows import Batch, batch, refusal, shown, spread

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.types.base import AnyArray, BoolArray, ColumnData

_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
_FIRST = dt.date.min.toordinal() - _EPOCH_ORDINAL
_LAST = dt.date.max.toordinal() - _EPOCH_ORDINAL


class Date(Fixed):
    """Days since 1970-01-01 as int32; a row is a `datetime.date`. NaT is NULL.

    >>> Date().normalise([dt.date(1970, 1, 2), None], column="day").values
    array([1, 0], dtype=int32)
    """

    name = "date"
    layout = FixedLayout("<i4")

    def normalise(self, values: Any, *, column: str) -> FixedData:
        """Dates, or datetime64 values without a time of day.

        Raises:
            DtypeError: on anything else, a datetime included.
            InvalidValueError: on a datetime64 with a time of day.
        """
        rows = moments(values, column=column)
        if not isinstance(rows.rows, list):
            return self._from_array(rows.rows, rows.valid, column=column)
        wrong = [k for k in rows.kinds if not issubclass(k, dt.date) or issubclass(k, dt.datetime)]
        if wrong:
            row, value = rows.first(lambda value: type(value) in wrong)
            raise _no_date(value, column=column, row=row)
        days = np.array(rows.present(), "M8[D]").astype(np.int64).astype(np.int32)
        return FixedData(spread(days, rows.valid), rows.valid)

    def _from_array(self, array: AnyArray, valid: BoolArray | None, *, column: str) -> FixedData:
        if array.dtype.kind != "M" or array.ndim != 1:
            raise _no_date(array, column=column, row=None)
        valid = checked_years(array, valid, column=column)
        days = array.astype("M8[D]")
        timed = days != array if valid is None else (days != array) & valid
        if timed.any():
            row = int(timed.argmax())
            raise refusal(
                InvalidValueError,
                f"{array[row]} has a time of day",
                column=column,
                row=row,
                hint="Cut it with .astype('datetime64[D]'), or use a timestamp column.",
            )
        whole = days.astype(np.int64)
        return FixedData(zero_nulls(whole, valid).astype(np.int32), valid)

    def _checked(self, days: AnyArray, valid: BoolArray | None, *, column: str) -> AnyArray:
        days = zero_nulls(days, valid)
        wrong = (days < _FIRST) | (days > _LAST)
        if wrong.any():
            raise out_of_years(int(wrong.argmax()), column=column)
        return days.astype(np.int32)

    def cell(self, raw: Any) -> dt.date:
        """One `datetime.date`."""
        return dt.date.fromordinal(int(raw) + _EPOCH_ORDINAL)

    def _plain(self, values: AnyArray) -> list[Any]:
        rows: list[Any] = values.astype("M8[D]").tolist()
        return rows

    def bulk(self, data: ColumnData) -> Any:
        """A datetime64[D] array, masked where NULL."""
        assert isinstance(data, FixedData)
        return masked(data, data.values.astype("M8[D]"))

    def arrow_type(self) -> pa.DataType:
        """date32."""
        import pyarrow as pa

        return pa.date32()

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """The same days."""
        from deeplake.types.arrow import flat_array

        assert isinstance(data, FixedData)
        return flat_array(data.values, self.arrow_type(), data.valid)

    def from_arrow(self, array: pa.Array, *, column: str) -> FixedData:
        """date32, date64 and ISO strings."""
        import pyarrow as pa

        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        is_ = pa.types
        if is_.is_timestamp(array.type) or is_.is_integer(array.type):
            raise refusal(
                DtypeError,
                f"Arrow {array.type} is no date",
                column=column,
                hint="Cast it to date32.",
            )
        array = arrow.cast(array, self.arrow_type(), column=column)
        valid = arrow.validity(array)
        days = arrow.flat_values(array, self.dtype).astype(np.int64)
        return FixedData(self._checked(days, valid, column=column), valid)


def moments(values: Any, *, column: str) -> Batch:
    """Rows of dates or times, with NaT (NumPy's and pandas') taken for NULL.

    A list of datetime64 scalars comes back as an array.
    """
    rows = batch(values, column=column)
    if not isinstance(rows.rows, list) or rows.kinds <= {dt.date, dt.datetime}:
        return rows
    if rows.kinds == {np.datetime64}:
        dense = np.array(rows.present())
        whole = np.full(len(rows.rows), np.datetime64("NaT"), dense.dtype)
        whole[slice(None) if rows.valid is None else rows.valid] = dense
        return Batch(whole, None, frozenset())
    missing = {k for k in rows.kinds if k.__name__ == "NaTType"}
    return batch([None if type(row) in missing else row for row in rows.rows], column=column)


def checked_years(array: AnyArray, valid: BoolArray | None, *, column: str) -> BoolArray | None:
    """Validity of datetime64 values, NaT taken for NULL; years 1 to 9999 only.

    Checked in years, as NumPy overflows silently where it converts to a finer unit.
    """
    nat = np.isnat(array)
    if nat.any():
        valid = ~nat if valid is None else valid & ~nat
    years = zero_nulls(array.astype("M8[Y]").astype(np.int64), valid) + 1970
    wrong = (years < dt.MINYEAR) | (years > dt.MAXYEAR)
    if wrong.any():
        raise out_of_years(int(wrong.argmax()), column=column)
    return valid


def zero_nulls(values: AnyArray, valid: BoolArray | None) -> AnyArray:
    """`values` with 0 where NULL."""
    return values if valid is None else np.where(valid, values, values.dtype.type(0))


def out_of_years(row: int, *, column: str) -> Exception:
    """The error for a date or time that Python and Postgres clients cannot hold."""
    return refusal(
        NumericOverflowError,
        "the time is outside of the years 1 to 9999",
        column=column,
        row=row,
        hint="Use None for a time that is not known.",
    )


def _no_date(value: Any, *, column: str, row: int | None) -> Exception:
    timed = isinstance(value, dt.datetime)
    return refusal(
        DtypeError,
        f"{shown(value)} is no date",
        column=column,
        row=row,
        hint="Use .date(), or a timestamp column." if timed else "Use datetime.date.",
    )
