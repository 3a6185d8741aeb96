"""What differs between two versions of a table, as whoever asks may see both.

Of a principal a row is *added* that it sees in the newer version only, *removed* that it sees in
the older one only: a row that moved out of its sight is gone, whatever else became of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.query import policy
from deeplake.table.compare import NO_ROWS, Cells, Rows, TableDelta, compare
from deeplake.table.diff import RowDiff, TableSide, row_diff, staged_diff
from deeplake.table.table_tree import TableTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.table.fragments import OpenFragment

    Ints = npt.NDArray[np.int64]


def differences(old: TableSide, new: TableSide, names: tuple[str, str]) -> RowDiff:
    """Compare two sides of one table.

    Args:
        old, new: the sides.
        names: what the table is called on each.

    Raises:
        PolicyError, QueryError: who asks may see nothing of one side.
    """
    if old.objects.principal is None:
        return row_diff(old, new)
    before, after = _Visible(old, names[0]), _Visible(new, names[1])
    delta = compare(old.tree(), new.tree())
    both = np.intersect1d(before.ids, after.ids, assume_unique=True)
    updated = {c: _among(cells, both) for c, cells in delta.updated.items()}
    gone, fragments_gone = before.rows(np.setdiff1d(before.ids, both, assume_unique=True))
    come, fragments_come = after.rows(np.setdiff1d(after.ids, both, assume_unique=True))
    restricted = TableDelta(
        [*delta.base, *fragments_gone],
        [*delta.other, *fragments_come],
        come._replace(at=come.at + len(delta.other)),
        gone._replace(at=gone.at + len(delta.base)),
        {column_id: cells for column_id, cells in updated.items() if len(cells.ids)},
        [],
        [],
    )
    return RowDiff(old, new, restricted)


def _among(cells: Cells, ids: Ints) -> Cells:
    """Cells of rows that are seen on both sides."""
    return cells.where(np.isin(cells.ids, ids))


class _Visible:
    """The rows of one side that may be seen."""

    def __init__(self, side: TableSide, name: str) -> None:
        self._whole = TableTree(side.objects, side.head, side.records)
        self._seen = self._whole
        if side.columns is not None:
            self._seen = policy.seen(side.objects, name, self._whole, side.columns)
        found = [NO_ROWS]
        found += [fragment.live_ids() for fragment, _, _ in self._seen.runs(0, self._seen.rows)]
        self._order = np.argsort(every := np.concatenate(found), kind="stable")
        self.ids: Ints = every[self._order]

    def rows(self, ids: Ints) -> tuple[Rows, Sequence[OpenFragment]]:
        """Some of them by id, ascending, with where they lie."""
        ids = np.sort(ids)
        positions = self._order[np.searchsorted(self.ids, ids)]
        at, places = np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64)
        fragments: list[OpenFragment] = []
        for fragment, inner, where in self._seen.groups(positions) if len(ids) else ():
            at[where], places[where] = len(fragments), fragment.places(inner)
            fragments.append(self._whole.at(fragment.path))  # frames that name their objects
        return Rows(ids, at, places), fragments


__all__ = ["RowDiff", "TableSide", "differences", "staged_diff"]
