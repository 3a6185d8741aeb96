"""Timestamps: microseconds since 1970, on a wall clock without a zone or as instants in UTC.

The two never mix: a datetime with a zone is refused by a `timestamp` column and one without by
`timestamptz`, since either guess would move data by hours.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, InvalidValueError
from deeplake.types.base import FixedData, FixedLayout
from deeplake.types.date import checked_years, moments, out_of_years, zero_nulls
from deeplake.types.fixed import Fixed, masked, with_nulls
from deeplake.types.rows import refusal, shown, spread

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.types.base import AnyArray, BoolArray, ColumnData

_UTC = dt.UTC
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_FIRST = (dt.datetime.min.replace(tzinfo=_UTC) - _EPOCH) // _MICROSECOND
_LAST = (dt.datetime.max.replace(tzinfo=_UTC) - _EPOCH) // _MICROSECOND


class Timestamp(Fixed):
    """A `datetime.datetime` a row, without a zone, or with one (`tz=True`, read back in UTC).

    NaT is NULL. Years 1 to 9999; finer than a microsecond is refused, not cut.

    >>> Timestamp().normalise([dt.datetime(1970, 1, 1, 0, 0, 1)], column="at").values
    array([1000000])
    """

    layout = FixedLayout("<i8")

    def __init__(self, tz: bool = False) -> None:
        self.tz = tz
        self.name = "timestamptz" if tz else "timestamp"

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> Timestamp:
        """'timestamp', 'timestamptz'."""
        if arguments:
            super().from_spelling(head, arguments)
        return cls(tz=head == "timestamptz")

    def normalise(self, values: Any, *, column: str) -> FixedData:
        """Datetimes; without a zone also datetime64.

        Raises:
            DtypeError: on anything else, and on a zone where there should be none or none where
                there should be one.
            InvalidValueError: on a datetime64 finer than a microsecond.
        """
        rows = moments(values, column=column)
        if not isinstance(rows.rows, list):
            return self._from_array(rows.rows, rows.valid, column=column)
        present = rows.present()
        for kind in rows.kinds:
            if not issubclass(kind, dt.datetime):
                row, value = rows.first(lambda value: not isinstance(value, dt.datetime))
                raise self._wrong(value, column=column, row=row)
            if hasattr(kind, "nanosecond") and any(v.nanosecond for v in present):
                row, value = rows.first(lambda value: value.nanosecond)
                raise _too_fine(value, column=column, row=row)
        if any((value.tzinfo is not None) != self.tz for value in present):
            row, value = rows.first(lambda value: (value.tzinfo is not None) != self.tz)
            raise self._wrong(value, column=column, row=row)
        if self.tz:
            micros = [(value - _EPOCH) // _MICROSECOND for value in present]
            dense = np.array(micros, np.int64)
            _check_years(dense, rows.positions(), column=column)
        else:
            dense = np.array(present, "M8[us]").astype(np.int64)
        return FixedData(spread(dense, rows.valid), rows.valid)

    def _from_array(self, array: AnyArray, valid: BoolArray | None, *, column: str) -> FixedData:
        if array.dtype.kind != "M" or array.ndim != 1 or self.tz:
            raise self._wrong(array, column=column, row=None)
        valid = checked_years(array, valid, column=column)
        micros = array.astype("M8[us]")
        cut = micros != array if valid is None else (micros != array) & valid
        if cut.any():
            row = int(cut.argmax())
            raise _too_fine(array[row], column=column, row=row)
        return FixedData(zero_nulls(micros.astype(np.int64), valid), valid)

    def _wrong(self, value: Any, *, column: str, row: int | None) -> Exception:
        zoned = getattr(value, "tzinfo", None) is not None
        if self.tz:
            detail, hint = "has no time zone", "Attach one: value.replace(tzinfo=timezone.utc)."
        elif zoned:
            detail, hint = "has a time zone", "Declare the column timestamptz."
        else:
            detail, hint = f"is no {self.name}", "Use datetime.datetime."
        return refusal(DtypeError, f"{shown(value)} {detail}", column=column, row=row, hint=hint)

    def cell(self, raw: Any) -> dt.datetime:
        """One `datetime.datetime`, in UTC if the column has a zone."""
        instant = _EPOCH + int(raw) * _MICROSECOND
        return instant if self.tz else instant.replace(tzinfo=None)

    def _plain(self, values: AnyArray) -> list[Any]:
        rows: list[Any] = values.astype("M8[us]").tolist()
        return [row.replace(tzinfo=_UTC) for row in rows] if self.tz else rows

    def bulk(self, data: ColumnData) -> Any:
        """A datetime64[us] array, masked where NULL; a list if there is a zone (NumPy has none)."""
        assert isinstance(data, FixedData)
        if self.tz:
            return with_nulls(data, self._plain(data.values))
        return masked(data, data.values.astype("M8[us]"))

    def arrow_type(self) -> pa.DataType:
        """timestamp[us], in UTC if the column has a zone."""
        import pyarrow as pa

        return pa.timestamp("us", tz="UTC" if self.tz else None)

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """The same microseconds."""
        from deeplake.types.arrow import flat_array

        assert isinstance(data, FixedData)
        return flat_array(data.values, self.arrow_type(), data.valid)

    def from_arrow(self, array: pa.Array, *, column: str) -> FixedData:
        """Timestamps of any unit that lose nothing, and ISO strings; zone or none as declared."""
        import pyarrow as pa

        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        type_ = array.type
        if pa.types.is_timestamp(type_) and (type_.tz is not None) != self.tz:
            has = "has" if type_.tz is not None else "has no"
            raise refusal(
                DtypeError,
                f"Arrow {type_} {has} time zone",
                column=column,
                hint="Declare the column timestamptz." if type_.tz else "Give the array a zone.",
            )
        if pa.types.is_integer(type_) or pa.types.is_date(type_):
            raise refusal(DtypeError, f"Arrow {type_} is no {self.name}", column=column)
        array = arrow.cast(array, self.arrow_type(), column=column)
        valid = arrow.validity(array)
        micros = arrow.flat_values(array, self.dtype)
        micros = zero_nulls(micros, valid)
        _check_years(micros, None, column=column)
        return FixedData(micros, valid)


def _check_years(micros: AnyArray, at: AnyArray | None, *, column: str) -> None:
    """Refuse instants outside of Python's years; `at` are their rows, None where 0, 1, 2…."""
    wrong = (micros < _FIRST) | (micros > _LAST)
    if wrong.any():
        index = int(wrong.argmax())
        raise out_of_years(index if at is None else int(at[index]), column=column)


def _too_fine(value: Any, *, column: str, row: int) -> Exception:
    return refusal(
        InvalidValueError,
        f"{shown(value)} is finer than a microsecond",
        column=column,
        row=row,
        hint="Round it, as in .astype('datetime64[us]').",
    )
