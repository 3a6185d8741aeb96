"""Booleans, integers and floats.

Integers take integers only and booleans booleans only, so no value changes kind unseen. Floats
take floats and integers and round them to the column's width; NaN is a value, not NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, NumericOverflowError, SchemaError
from deeplake.loading import later
from deeplake.types.base import FixedData, FixedLayout
from deeplake.types.fixed import Fixed

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.errors import InvalidValueError
    from deeplake.types import elements
    from deeplake.types import rows as given
    from deeplake.types.base import AnyArray, ColumnData
else:
    elements = later("deeplake.types.elements")
    given = later("deeplake.types.rows")


class Scalar(Fixed):
    """One number or truth value a row."""

    # Python types a row may have, and the dtype that NumPy reads a list of them into
    _python: tuple[type, ...]
    _refused: tuple[type, ...]
    _staging: np.dtype[Any]
    _hint: str

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.name = dtype.name
        self.layout = FixedLayout(dtype.str)
        self._own = dtype.type

    def normalise(self, values: Any, *, column: str) -> FixedData:
        """Numbers of Python or NumPy, a list or an array; see the module for what is refused.

        Raises:
            DtypeError: on a value of another kind.
            NumericOverflowError: on a number out of range.
        """
        rows = given.batch(values, column=column)
        if isinstance(rows.rows, list):
            return FixedData(self._from_list(rows, column=column), rows.valid)
        if rows.rows.ndim != 1:
            raise given.refusal(
                DtypeError,
                f"{given.shown(rows.rows)} is not one {self.name} a row",
                column=column,
                hint="A column of arrays is a tensor or an emb.",
            )
        if rows.valid is None:
            return FixedData(elements.convert(rows.rows, self.dtype, column=column))
        at = rows.positions()
        dense = elements.convert(rows.rows[rows.valid], self.dtype, column=column, at=at)
        return FixedData(given.spread(dense, rows.valid), rows.valid)

    def _from_list(self, rows: given.Batch, *, column: str) -> AnyArray:
        strange = {
            kind
            for kind in rows.kinds
            if issubclass(kind, self._refused) or not issubclass(kind, self._python)
        }
        if strange:
            row, value = rows.first(lambda value: type(value) in strange)
            raise given.refusal(
                DtypeError,
                f"{given.shown(value)} is not {self.name}",
                column=column,
                row=row,
                hint=self._hint,
            )
        try:
            staged = self._staged(rows.present(), rows.kinds)
        except OverflowError:
            raise self._beyond(rows, column=column) from None
        if staged.dtype != self.dtype:  # else it is a new array of our own already
            staged = elements.convert(staged, self.dtype, column=column, at=rows.positions())
        return given.spread(staged, rows.valid)

    def _staged(self, present: list[Any], kinds: frozenset[type]) -> AnyArray:
        """The rows in the widest dtype of their kind; OverflowError if that is too narrow."""
        del kinds
        return np.array(present, self._staging)

    def _beyond(self, rows: given.Batch, *, column: str) -> InvalidValueError:
        """The error for a Python int that NumPy cannot hold."""

        def too_big(value: Any) -> bool:
            try:
                elements.convert(self._staged([value], rows.kinds), self.dtype, column=column)
            except (OverflowError, NumericOverflowError):
                return True
            return False

        row, value = rows.first(too_big)
        return given.refusal(
            NumericOverflowError,
            f"{given.shown(value)} does not fit {self.name}",
            column=column,
            row=row,
            hint="decimal(38,0) holds 38 digits.",
        )

    def arrow_type(self) -> pa.DataType:
        """The Arrow type of the same width."""
        from deeplake.types.arrow import element_arrow

        return element_arrow(self.dtype)

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """The same bytes as an Arrow array."""
        from deeplake.types.arrow import flat_array

        assert isinstance(data, FixedData)
        return flat_array(data.values, self.arrow_type(), data.valid)

    def from_arrow(self, array: pa.Array, *, column: str) -> FixedData:
        """Any Arrow numbers that fit; decimals and strings must cast without loss.

        Raises:
            DtypeError: if they do not cast.
            NumericOverflowError: on a number out of range.
        """
        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        valid = arrow.validity(array)
        found = arrow.numbers(array)
        if found is None or (valid is not None and not valid.any()):  # NULLs of any type will do
            arrow.refuse_kinds(array, "date time timestamp duration interval", column=column)
            array = arrow.cast(array, self.arrow_type(), column=column)
            found = arrow.flat_values(array, self.dtype)
        if self.dtype.kind in "iu" and found.dtype.kind == "f" and len(found):
            raise given.refusal(
                DtypeError,
                f"Arrow {array.type} is not {self.name}",
                column=column,
                hint="Cast it to integers first (pandas made floats of integers with NULL: "
                "df.astype('Int64')), or declare the column float.",
            )
        if valid is None:
            same = found.dtype == self.dtype  # Arrow memory is immutable: share it
            return FixedData(found if same else elements.convert(found, self.dtype, column=column))
        at = np.flatnonzero(valid)
        dense = elements.convert(found[valid], self.dtype, column=column, at=at)
        return FixedData(given.spread(dense, valid), valid)


class Bool(Scalar):
    """True or False.

    >>> Bool().normalise([True, None], column="ok").values
    array([ True, False])
    """

    _python = (bool, np.bool_)
    _refused = ()
    _staging = np.dtype(np.bool_)
    _hint = "Compare first, as in value != 0."

    def __init__(self) -> None:
        super().__init__(np.dtype(np.bool_))


class Int(Scalar):
    """A signed integer of 8, 16, 32 or 64 bits.

    >>> Int(16)
    <type int16>
    """

    _python = (int, np.integer)
    _refused = (bool, np.bool_)
    _staging = np.dtype(np.int64)
    _hint = "Convert it with int(), or declare the column float or bool."
    _letter = "i"

    def __init__(self, bits: int = 64) -> None:
        if bits not in (8, 16, 32, 64):
            raise SchemaError(f"an integer has 8, 16, 32 or 64 bits, got {bits!r}.")
        super().__init__(np.dtype(f"<{self._letter}{bits // 8}"))
        signed = self._letter == "i"
        self._low = -(1 << bits - 1) if signed else 0
        self._high = (1 << bits - signed) - 1

    def _staged(self, present: list[Any], kinds: frozenset[type]) -> AnyArray:
        if not kinds <= {int}:
            present = list(map(int, present))  # NumPy would wrap its own integers around
        try:
            return np.array(present, np.int64)
        except OverflowError:
            if self.name != "uint64" or min(present) < 0:
                raise
            return np.array(present, np.uint64)

    def single(self, value: Any, *, column: str) -> FixedData | None:
        """A Python int that fits, or NumPy's own of the same width."""
        del column
        kind = type(value)
        if kind is self._own or (kind is int and self._low <= value <= self._high):
            return FixedData(np.array((value,), self.layout.dtype))
        return None

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> Int:
        """'int', 'int8' … 'int64', 'uint8' … 'uint64'."""
        if arguments:
            super().from_spelling(head, arguments)
        digits = head.lstrip("uint")
        return cls(int(digits) if digits else 64)


class UInt(Int):
    """An unsigned integer of 8, 16, 32 or 64 bits."""

    _letter = "u"


class Float(Scalar):
    """A float of 16, 32 or 64 bits; wider values are rounded to it.

    >>> Float(32).normalise([0.1], column="x").values.tolist()
    [0.10000000149011612]
    """

    _python = (float, int, np.floating, np.integer)
    _refused = (bool, np.bool_, np.longdouble)
    _staging = np.dtype(np.float64)
    _hint = "Convert it with float()."

    def __init__(self, bits: int = 64) -> None:
        if bits not in (16, 32, 64):
            raise SchemaError(f"a float has 16, 32 or 64 bits, got {bits!r}.")
        super().__init__(np.dtype(f"<f{bits // 8}"))

    def single(self, value: Any, *, column: str) -> FixedData | None:
        """A Python float, in a column as wide as it, or NumPy's own of the same width."""
        del column
        kind = type(value)
        if kind is self._own or (kind is float and self.layout.dtype == "<f8"):
            return FixedData(np.array((value,)))
        return None

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> Float:
        """'float', 'float16', 'float32', 'float64'."""
        if arguments:
            super().from_spelling(head, arguments)
        digits = head.removeprefix("float")
        return cls(int(digits) if digits else 64)
