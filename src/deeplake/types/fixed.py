"""What types of equal-sized rows have in common: Python values, slices and NULLs of `FixedData`.

A base class for scalars, dates, vectors and fixed tensors. It converts nothing on the way in:
each type says what it accepts in its own file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.types.base import ColumnType, FixedData

if TYPE_CHECKING:
    from deeplake.types.base import AnyArray, ColumnData, FixedLayout


class Fixed(ColumnType):
    """A type whose rows are elements or arrays of one NumPy dtype."""

    layout: FixedLayout

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of one element."""
        return np.dtype(self.layout.dtype)

    def cell(self, raw: Any) -> Any:
        """One stored value: a Python scalar."""
        return raw.item()

    def bound(self, raw: Any) -> Any:
        """A stored number as `cell` gives it."""
        return self.cell(self.dtype.type(raw))

    def values(self, data: ColumnData) -> list[Any]:
        """Every row as `cell` gives it, None where NULL."""
        assert isinstance(data, FixedData)
        return with_nulls(data, self._plain(data.values))

    def _plain(self, values: AnyArray) -> list[Any]:
        """All rows as Python values, NULLs not looked at."""
        rows: list[Any] = values.tolist()
        return rows

    def bulk(self, data: ColumnData) -> Any:
        """The rows as one array, masked where NULL."""
        assert isinstance(data, FixedData)
        return masked(data, data.values)


def with_nulls(data: FixedData, rows: list[Any]) -> list[Any]:
    """`rows` with None where `data` is NULL."""
    if data.valid is None:
        return rows
    return [row if kept else None for row, kept in zip(rows, data.valid.tolist(), strict=True)]


def masked(data: FixedData, values: AnyArray) -> Any:
    """`values`, as a masked array if there are NULLs."""
    if data.valid is None or data.valid.all():
        return values
    mask = ~data.valid
    if values.ndim > 1:
        mask = np.repeat(mask, values[0].size).reshape(values.shape)  # the caller may write to it
    return np.ma.MaskedArray(values, mask)
