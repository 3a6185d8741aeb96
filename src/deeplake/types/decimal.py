"""Decimals: exact numbers of up to 38 digits, stored as 128-bit integers of their last digit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import (
    DtypeError,
    InvalidValueError,
    NotFiniteError,
    NumericOverflowError,
    SchemaError,
)
from deeplake.types.base import FixedData, FixedLayout
from deeplake.types.fixed import Fixed, with_nulls
from deeplake.types.rows import batch, refusal, shown, spread

if TYPE_CHECKING:
    import decimal

    import pyarrow as pa

    from deeplake.types.base import AnyArray, ColumnData

PRECISION_MAX = 38  # decimal digits that fit 127 bits
_DIGITS_READ_MAX = 4_000  # of one given value; Python refuses to convert over 4,300


class Decimal(Fixed):
    """Numbers of `precision` digits, `scale` of them after the point.

    Values are `decimal.Decimal` or int. A digit that does not fit is refused, never rounded.
    Stored as little-endian two's complement of 16 bytes: 1.50 with scale 2 is 150.

    >>> Decimal(6, 2).values(Decimal(6, 2).normalise([7, None], column="price"))
    [Decimal('7.00'), None]
    """

    layout = FixedLayout("|u1", (16,))

    def __init__(self, precision: int, scale: int = 0) -> None:
        if not (1 <= precision <= PRECISION_MAX and 0 <= scale <= precision):
            raise SchemaError(
                f"decimal({precision},{scale}) does not exist: precision is 1 to "
                f"{PRECISION_MAX}, scale 0 to precision."
            )
        self.precision, self.scale = precision, scale
        self.name = f"decimal({precision},{scale})"

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> Decimal:
        """'decimal(10,2)', 'decimal(10)'."""
        if not 1 <= len(arguments) <= 2 or not all(isinstance(a, int) for a in arguments):
            raise SchemaError(f"{head!r} needs digits and scale.", hint="Write 'decimal(10,2)'.")
        return cls(*arguments)

    def normalise(self, values: Any, *, column: str) -> FixedData:
        """Decimals and ints, exactly.

        Raises:
            DtypeError: on floats, which are not exact, and all else.
            NotFiniteError: on NaN and infinity.
            NumericOverflowError: on more digits before the point than the type has.
            InvalidValueError: on more digits after it.
        """
        rows = batch(values, column=column)
        packed = b"".join(
            self._unscaled(value, column=column, row=row).to_bytes(16, "little", signed=True)
            for row, value in rows.numbered()
        )
        dense = np.frombuffer(packed, np.uint8).reshape(-1, 16)
        return FixedData(spread(dense, rows.valid), rows.valid)

    def _unscaled(self, value: Any, *, column: str, row: int) -> int:
        import decimal

        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            if int(value).bit_length() > 128:
                raise self._too_big(value, column=column, row=row)
            value = decimal.Decimal(int(value))
        if not isinstance(value, decimal.Decimal):
            floats = isinstance(value, (float, np.floating))
            raise refusal(
                DtypeError,
                f"{shown(value)} is no exact number",
                column=column,
                row=row,
                hint="Use Decimal(str(x))." if floats else "Use decimal.Decimal or int.",
            )
        if not value.is_finite():
            raise refusal(NotFiniteError, f"{value} is no {self.name}", column=column, row=row)
        if not value:
            return 0
        if value.adjusted() >= self.precision - self.scale:
            raise self._too_big(value, column=column, row=row)
        unscaled = _shifted(value, self.scale)
        if unscaled is None:
            raise refusal(
                InvalidValueError,
                f"{shown(value)} has more than {self.scale} digits after the point",
                column=column,
                row=row,
                hint="Round it with .quantize().",
            )
        return unscaled

    def _too_big(self, value: Any, *, column: str, row: int) -> Exception:
        digits = self.precision - self.scale
        return refusal(
            NumericOverflowError,
            f"{shown(value)} has more than {digits} digits before the point",
            column=column,
            row=row,
            hint="Declare a decimal of more digits.",
        )

    def cell(self, raw: Any) -> decimal.Decimal:
        """One `decimal.Decimal` with exactly `scale` digits after the point."""
        return self._plain(np.asarray(raw).reshape(1, 16))[0]

    def _plain(self, values: AnyArray) -> list[decimal.Decimal]:
        import decimal

        # the default context rounds to 28 digits
        context = decimal.Context(prec=PRECISION_MAX + 1)
        packed = values.tobytes()
        return [
            context.scaleb(
                decimal.Decimal(int.from_bytes(packed[at : at + 16], "little", signed=True)),
                -self.scale,
            )
            for at in range(0, len(packed), 16)
        ]

    def bulk(self, data: ColumnData) -> list[decimal.Decimal | None]:
        """A list: NumPy has no decimals."""
        assert isinstance(data, FixedData)
        return with_nulls(data, self._plain(data.values))

    def arrow_type(self) -> pa.DataType:
        """decimal128(precision, scale)."""
        import pyarrow as pa

        return pa.decimal128(self.precision, self.scale)

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """The same 16 bytes a row."""
        from deeplake.types.arrow import flat_array

        assert isinstance(data, FixedData)
        return flat_array(data.values, self.arrow_type(), data.valid)

    def from_arrow(self, array: pa.Array, *, column: str) -> FixedData:
        """Arrow decimals of any width, integers and decimal strings that fit exactly.

        Raises:
            DtypeError: on floats, and on digits that do not fit.
        """
        import pyarrow as pa

        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        if pa.types.is_floating(array.type):
            raise refusal(DtypeError, f"Arrow {array.type} is not exact", column=column)
        if pa.types.is_integer(array.type):  # Arrow wants room for all 20 digits of an int64
            array = arrow.cast(array, pa.decimal256(20 + self.scale, self.scale), column=column)
        array = arrow.cast(array, self.arrow_type(), column=column)
        valid = arrow.validity(array)
        found = arrow.flat_values(array, np.dtype("V16"))
        values = np.frombuffer(found.tobytes(), np.uint8).reshape(-1, 16)
        return FixedData(arrow.zeroed(values, valid), valid)


def _shifted(value: decimal.Decimal, scale: int) -> int | None:
    """The integer value * 10**scale, or None if there is no such integer; nothing is rounded."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # finite
    keep = len(digits) + min(0, exponent + scale)  # digits left of the last stored one
    if keep <= 0 or len(digits) > _DIGITS_READ_MAX or any(digits[keep:]):
        return None
    number = int("".join(map(str, digits[:keep])))
    number *= int(10 ** max(0, exponent + scale))
    return -number if sign else number
