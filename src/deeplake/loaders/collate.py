"""Column data -> the values of batches.

What a column's batches are is settled once, for all of them: an array where all rows have one
shape and none of the rows streamed is NULL; else a list of Python values, None where NULL.
Rows whose shape is free (images, ragged tensors) are one array in the batches where their
shapes agree and a list of arrays in the others. Knows the types' own methods and no type by
name; threads are prefetch.py's.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.types.base import FixedData, FixedLayout, VarLayout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from deeplake.types.base import ColumnData, ColumnType, Layout

    Values = npt.NDArray[Any] | list[Any]

TEXT_ROW_BYTES = 1 << 10
"""Assumed size of a row of text or JSON, for the size of slabs: twice a long caption."""

BLOB_ROW_BYTES = 1 << 20
"""Assumed size of a row of raw bytes: slabs of them are a batch long or little more."""

ALL_KINDS = "biufcmMSUV"
"""NumPy's kinds of elements, objects excepted."""

NO_DTYPES: Mapping[str, str] = MappingProxyType({})
"""Every column keeps its dtype."""


class Form(NamedTuple):
    """How one column becomes batch values; make it with `form_of`."""

    name: str
    type: ColumnType
    nullable: bool
    array: bool
    """Whether every batch is one array, cut from the slab's."""
    dtype: np.dtype[Any] | None = None
    """Dtype of that array where the framework wants another than the column's."""

    @property
    def decodes(self) -> bool:
        """Whether values cost a decoder's time."""
        return self.type.decodes

    def values(self, data: ColumnData) -> Values:
        """All rows of a slab: an array that may be cut, or a list of one value a row."""
        if self.array:
            if data.valid is not None and not data.valid.all():
                raise MalformedObjectError(
                    f"column {self.name!r} has NULLs, but its statistics say it has none."
                )
            values: npt.NDArray[Any] = self.type.bulk(data)
            return values if self.dtype is None else values.astype(self.dtype)
        return self.type.values(data)

    def batch(self, rows: list[Any]) -> Values:
        """One batch from a list's rows: arrays of one shape become one array."""
        return rows if self.nullable else stacked(rows)


def form_of(
    name: str,
    type_: ColumnType,
    *,
    nulls: int,
    kinds: str = ALL_KINDS,
    dtypes: Mapping[str, str] = NO_DTYPES,
) -> Form:
    """The form of a column.

    Args:
        name: of the column.
        type_: its type.
        nulls: NULLs in the rows streamed.
        kinds: NumPy kinds of which the framework has tensors; other columns are lists.
        dtypes: type name -> dtype that the framework wants, where it is not the column's.
    """
    layout = type_.layout
    array = False
    if isinstance(layout, FixedLayout) and not nulls:
        none = type_.bulk(FixedData(np.zeros((0, *layout.shape), layout.dtype)))
        array = isinstance(none, np.ndarray) and none.dtype.kind in kinds
    dtype = np.dtype(dtypes[type_.name]) if array and type_.name in dtypes else None
    return Form(name, type_, nulls > 0, array, dtype)


def stacked(rows: list[Any]) -> Values:
    """Arrays of one shape and dtype as one new array; anything else as it is.

    >>> stacked([np.zeros(2), np.ones(2)])
    array([[0., 0.],
           [1., 1.]])
    >>> len(stacked([np.zeros(2), np.ones(3)]))
    2
    """
    if not rows or type(rows[0]) is not np.ndarray:
        return rows
    shape, dtype = rows[0].shape, rows[0].dtype
    for row in rows:
        if type(row) is not np.ndarray or row.shape != shape or row.dtype != dtype:
            return rows
    return np.stack(rows)


def row_bytes(layouts: Sequence[Layout]) -> int:
    """Bytes that one row of these columns takes, assumed where it differs from row to row."""
    total = 0
    for layout in layouts:
        if isinstance(layout, FixedLayout):
            items = int(np.prod(layout.shape, dtype=np.int64))
            total += np.dtype(layout.dtype).itemsize * items
        elif isinstance(layout, VarLayout):
            total += TEXT_ROW_BYTES if layout.compress else BLOB_ROW_BYTES
        else:
            total += TEXT_ROW_BYTES
    return max(total, 1)
