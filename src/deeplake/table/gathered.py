"""Cells of fragments by place: their values, their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.table.compare import by_fragment, versions_at
from deeplake.types.data import concat, take_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.table.columns import Column
    from deeplake.table.fragments import OpenFragment
    from deeplake.types.base import ColumnData

    Ints = npt.NDArray[np.int64]


def values_at(fragment: OpenFragment, column: Column, places: Ints) -> ColumnData:
    """Cells of one fragment, at places of rows that are left; at least one."""
    return fragment.chunk(column).take(fragment.positions(places))


def gathered(
    fragments: Sequence[OpenFragment], column: Column, at: Ints, places: Ints
) -> ColumnData:
    """Cells of several fragments, in the order given; at least one."""
    split = by_fragment(at)
    pieces = [values_at(fragments[k], column, places[mine]) for k, mine in split]
    if len(pieces) == 1:
        return pieces[0]
    back = np.empty(len(at), np.int64)
    back[np.concatenate([mine for _, mine in split])] = np.arange(len(at))
    return take_rows(concat(pieces), back)


def versions_of(
    fragments: Sequence[OpenFragment], column: Column, at: Ints, places: Ints
) -> npt.NDArray[np.uint64]:
    """Their versions, in the order given."""
    found = np.empty(len(at), np.uint64)
    for k, mine in by_fragment(at):
        found[mine] = versions_at(fragments[k], column.column_id, places[mine])
    return found
