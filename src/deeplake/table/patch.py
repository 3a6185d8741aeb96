"""Patches: new values for some rows of one column, by position. Pure.

What an overlay holds, what an update stages, what a merge takes over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.types.data import concat, take_rows
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.types.base import ColumnData

    Rows = npt.NDArray[np.int64]


class Patch(NamedTuple):
    """`positions` ascend, each once; row k of `data` is the value at `positions[k]`."""

    positions: Rows
    data: ColumnData


def patch_of(positions: Rows, data: ColumnData) -> Patch:
    """A patch of positions in any order; of a position that comes twice the last value counts."""
    if len(positions) < 2 or bool((positions[1:] > positions[:-1]).all()):
        return Patch(positions, data)
    order = np.argsort(positions, kind="stable")
    ordered = positions[order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = ordered[1:] != ordered[:-1]
    return Patch(ordered[last], take_rows(data, order[last]))


def layered(patches: Sequence[Patch]) -> Patch:
    """Patches laid over one another, the last one on top. Needs at least one."""
    if len(patches) == 1:
        return patches[0]
    positions = np.concatenate([patch.positions for patch in patches])
    return patch_of(positions, concat([patch.data for patch in patches]))


def among(patch: Patch, keep: npt.NDArray[np.bool_]) -> Patch:
    """The rows of a patch that a mask keeps."""
    if keep.all():
        return patch
    return Patch(patch.positions[keep], take_rows(patch.data, np.flatnonzero(keep)))


def holds(positions: Rows, wanted: Rows) -> npt.NDArray[np.bool_]:
    """Which of `wanted` are among `positions`, which ascend.

    >>> holds(np.array([2, 5]), np.array([5, 1])).tolist()
    [True, False]
    """
    if not len(positions):
        return np.zeros(len(wanted), np.bool_)
    at = np.searchsorted(positions, wanted)
    at[at == len(positions)] = 0
    return np.asarray(positions[at] == wanted)
