"""Column data in memory read as a frame: rows that wait for their frame, values of an overlay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.table.frames import Frame
from deeplake.types.base import FixedData, VarData
from deeplake.types.data import join_bytes, private, slice_rows, take_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from deeplake.types.base import ColumnData


class PieceFrame(Frame):
    """Column data that waits to become a frame, read as it is."""

    __slots__ = ("_data",)

    def __init__(self, data: ColumnData) -> None:
        self._data = data
        self.valid = data.valid

    def cell(self, row: int) -> Any:
        """One raw cell."""
        if self.valid is not None and not self.valid[row]:
            return None
        one = slice_rows(self._data, row, row + 1)
        if isinstance(one, FixedData):
            return one.values[0].copy()
        if isinstance(one, VarData):
            return bytes(join_bytes(one.buffers)), tuple(extra[0] for extra in one.extras)
        return private(one)

    def slice(self, low: int, high: int) -> ColumnData:
        """Rows low:high."""
        return slice_rows(self._data, low, high)

    def take(self, rows: npt.NDArray[np.int64]) -> ColumnData:
        """Rows by position."""
        return take_rows(self._data, rows)
