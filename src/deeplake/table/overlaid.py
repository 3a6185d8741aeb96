"""Statistics of a column over which new values are laid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.format import statistics as stats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from deeplake.format.fragment import ColumnChunk
    from deeplake.format.statistics import ColumnStatistics
    from deeplake.table.columns import Column
    from deeplake.table.fragments import OpenFragment


def overlaid(
    chunks: tuple[ColumnChunk, ...],
    fragment: OpenFragment,
    column: Column,
    places: npt.NDArray[np.int64],
    new: ColumnStatistics,
) -> tuple[ColumnChunk, ...]:
    """The columns of a fragment, statistics of one of them widened by new values at some places.

    Bounds hold old and new values; NULLs are counted exactly, NaNs at most so many.

    Args:
        chunks: the columns, with the statistics they have.
        fragment: as it was before.
        column: the one that changes.
        places: rows that get new values; all of them left, each once.
        new: statistics of these values.
    """
    found = list(chunks)
    for k, chunk in enumerate(found):
        old = chunk.statistics
        if chunk.column_id != column.column_id or old.kind == stats.NONE:
            continue
        before = 0
        if old.nulls:
            before = fragment.chunk(column).nulls(fragment.positions(places))
        merged = stats.merge([old, new])
        if merged.kind != stats.NONE:
            nans = min(merged.nans, fragment.fragment.rows)
            merged = merged._replace(nulls=merged.nulls - before, nans=nans)
        found[k] = chunk._replace(statistics=merged)
    return tuple(found)
