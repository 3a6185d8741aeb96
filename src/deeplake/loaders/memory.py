"""Memory of slabs, used again once nobody refers to it.

A new array of a megabyte faults on each of its pages and misses every cache: copying into
memory used a moment ago is twice as fast. Whether it is free is asked of CPython's reference
counts, which views and tensors over an array raise; where these do not tell (another Python, or
one without the GIL) memory is never used again. Knows no columns.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

ARRAYS_KEPT = 2
"""Arrays kept: one that the caller's last batch is a view of, one to write."""


class SlabMemory:
    """Arrays of one shape, handed out again when free.

    >>> memory = SlabMemory((4, 2), np.dtype(np.float32))
    >>> first = memory.take()
    >>> view, first = first[:2], None
    >>> memory.take() is view.base
    False
    """

    __slots__ = ("_dtype", "_kept", "_next", "_shape")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._shape = shape
        self._dtype = dtype
        self._kept: list[npt.NDArray[Any]] = []
        self._next = 0

    def take(self) -> npt.NDArray[Any]:
        """An array of the shape, its content undefined, that nobody else refers to."""
        if _ALONE:
            for array in self._kept:
                if sys.getrefcount(array) == _ALONE:
                    return array
        made = np.empty(self._shape, self._dtype)
        if len(self._kept) < ARRAYS_KEPT:
            self._kept.append(made)
        else:  # the caller keeps batches: let go of what it keeps
            self._kept[self._next] = made
            self._next = (self._next + 1) % ARRAYS_KEPT
        return made


def _alone() -> int:
    """What `take` counts for an array that only its list refers to; 0 if counts do not tell."""
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)
    if sys.implementation.name != "cpython" or not enabled():
        return 0
    for array in [np.empty(1)]:
        return sys.getrefcount(array)
    return 0


_ALONE = _alone()
