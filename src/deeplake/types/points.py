"""Point clouds: points x channels, the first three of which are x, y and z."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import DimensionError
from deeplake.types.base import ColumnType
from deeplake.types.free_tensor import FreeTensor
from deeplake.types.rows import refusal

if TYPE_CHECKING:
    from deeplake.types.base import AnyArray

CHANNELS_MIN = 3  # x, y, z; intensity, colour or normals may follow


class Points(FreeTensor):
    """float32 arrays of shape (points, channels), at least three channels.

    >>> Points().normalise([[[1, 2, 3], [4, 5, 6]]], column="lidar").extras[0].tolist()
    [[2, 3]]
    """

    def __init__(self) -> None:
        super().__init__("float32", (None, None))
        self.name = "points"

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> ColumnType:  # type: ignore[override]
        """'points'."""
        if arguments:
            return ColumnType.from_spelling(head, arguments)
        return cls()

    def _check(self, array: AnyArray, *, column: str, row: int) -> None:
        super()._check(array, column=column, row=row)
        if array.shape[1] < CHANNELS_MIN:
            raise refusal(
                DimensionError,
                f"points of {array.shape[1]} channels",
                column=column,
                row=row,
                hint="It takes points x channels, the first three being x, y and z.",
            )
