"""Row ids of a table, and rows found by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.table.patch import holds

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.table.table_tree import TableTree

    Rows = npt.NDArray[np.int64]


def row_ids(tree: TableTree) -> Rows:
    """The id of every committed row, in order."""
    found = [fragment.live_ids() for fragment, _, _ in tree.runs(0, tree.rows) if fragment.path]
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def positions_of(tree: TableTree, ids: Rows) -> Rows:
    """Positions of the rows with these ids, ascending; ids (which ascend) of no row name nothing.

    Looks at the row-id runs of every fragment, a few numbers each, and at rows only where one of
    them is.
    """
    found, first = [], 0
    for fragment, _, _ in tree.runs(0, tree.rows):
        runs = fragment.fragment.row_ids if fragment.path else ()
        ends = np.array([(run.start, run.start + run.rows) for run in runs]).reshape(-1, 2)
        low, high = np.searchsorted(ids, ends).T
        if (low < high).any():
            found.append(first + np.flatnonzero(holds(ids, fragment.live_ids())))
        first += fragment.rows
    return np.concatenate(found) if found else np.zeros(0, np.int64)
