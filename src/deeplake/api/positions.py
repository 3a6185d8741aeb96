"""What may stand in brackets: a position, a slice, a list, a mask -> positions. Pure."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import RowIndexError

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]


def positions(key: Any, rows: int) -> range | Rows:
    """The rows a slice, list, array or boolean mask names, as a range or an int64 array.

    Raises:
        RowIndexError: out of range, a mask of another length, or something else altogether.

    >>> positions(slice(-2, None), 5)
    range(3, 5)
    >>> positions([True, False, True], 3)
    array([0, 2])
    """
    if isinstance(key, slice):
        try:
            return range(*key.indices(rows))
        except (TypeError, ValueError) as error:
            raise RowIndexError(f"{key!r} is no slice of rows: {error}.") from None
    if isinstance(key, range):
        for end in (key[0], key[-1]) if key else ():  # before it is written out, however long
            position(end, rows)
        key = np.arange(key.start, key.stop, key.step)
    try:
        array = np.asarray(key)
    except (TypeError, ValueError):
        raise _no_index(key) from None
    if array.ndim != 1:
        raise _no_index(key)
    if array.dtype == np.bool_:
        if len(array) != rows:
            raise RowIndexError(f"a mask of {len(array)} values does not fit {rows} rows.")
        return np.flatnonzero(array)
    if not len(array):
        return np.zeros(0, np.int64)
    if array.dtype.kind not in "iu":
        raise _no_index(key)
    if array.dtype == np.uint64:
        array = np.minimum(array, np.uint64(np.iinfo(np.int64).max))  # else 2**64 - 1 becomes -1
    return _in_range(array.astype(np.int64), rows)


def within(outer: range | Rows, inner: range | Rows) -> range | Rows:
    """Positions `inner` of the rows `outer`: a view of a view, a range while both are.

    >>> within(range(10, 20), range(4, -1, -2))
    range(14, 8, -2)
    """
    if isinstance(outer, range) and isinstance(inner, range):
        start, step = outer.start + inner.start * outer.step, outer.step * inner.step
        return range(start, start + len(inner) * step, step)
    return np.asarray(outer, np.int64)[np.asarray(inner, np.int64)]


def position(key: Any, rows: int) -> int | None:
    """A single position as a non-negative int; None if `key` is not one number.

    Raises:
        RowIndexError: out of range.
    """
    if isinstance(key, bool | np.bool_) or not hasattr(key, "__index__"):
        return None
    if getattr(key, "ndim", 0):  # an array, or a tensor of one element
        return None
    try:
        row = index(key)
    except TypeError:  # an array of no integer
        return None
    if not -rows <= row < rows:
        raise RowIndexError(f"row {row} is out of range: there are {rows} rows.")
    return row % rows


def _in_range(array: Rows, rows: int) -> Rows:
    wrong = (array < -rows) | (array >= rows)
    if wrong.any():
        first = int(array[wrong.argmax()])
        raise RowIndexError(f"row {first} is out of range: there are {rows} rows.")
    return np.where(array < 0, array + rows, array)


def _no_index(key: Any) -> RowIndexError:
    shown = repr(key)
    shown = shown if len(shown) < 60 else shown[:57] + "..."
    hint = "Use a position, a slice, a list of positions or a mask with one value per row."
    if isinstance(key, list | tuple) and key and all(isinstance(name, str) for name in key):
        hint = f"Columns are read one by one, ds[{key[0]!r}], or pass columns= to batches()."
    return RowIndexError(f"{shown} names no rows.", hint=hint)
