"""Rows that one side of a merge deleted, and their cells in columns that the other brought back.

What the base's fragments still hold of a column that its schema dropped depends on compactions, and
nobody is to see whether there was one. So they are not asked: a cell of such a column was written
by the side that has it if its version is another than its row's; a revert alone wrote nothing, as
all that it brings back is older than the base. See docs/design/0003.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.table.compare import Cells, by_fragment, versions_at
from deeplake.table.gathered import versions_of
from deeplake.table.patch import holds
from deeplake.table.returning import NO_COLUMN
from deeplake.table.whereabouts import Whereabouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.table.columns import Column
    from deeplake.table.compare import TableDelta
    from deeplake.table.fragments import OpenFragment

    Ints = npt.NDArray[np.int64]


def written_back(
    delta: TableDelta,
    columns: Sequence[Column],
    fragments: Sequence[OpenFragment],
    removed: Ints,
    *,
    undoes: bool = False,
) -> TableDelta:
    """The delta of a side, with what it wrote in rows that the other side deleted.

    Args:
        columns: those that it has and the base had dropped.
        fragments: of it, all that hold such rows.
        removed: ids of these, ascending.
        undoes: it is a commit before the base, and has written nothing since.
    """
    at, places, found = Whereabouts(fragments).find(removed)
    ids = removed[found]
    born = np.zeros(len(ids), np.uint64)
    for k, mine in by_fragment(at):
        born[mine] = versions_at(fragments[k], NO_COLUMN, places[mine])
    other, numbers = _joined(delta.other, fragments, at)
    updated = dict(delta.updated)
    for column in sorted(columns, key=lambda column: column.column_id):
        old = updated.pop(column.column_id, None)
        mine = (versions_of(fragments, column, at, places) != born) & (not undoes)
        none = np.full(int(np.count_nonzero(mine)), -1)
        cells = Cells(ids[mine], none, none, numbers[at[mine]], places[mine])
        if old is not None:
            cells = _together(old.where(~holds(removed, old.ids)), cells)
        if len(cells.ids):
            updated[column.column_id] = cells
    return delta._replace(other=other, updated=updated)


def _joined(
    known: list[OpenFragment], more: Sequence[OpenFragment], at: Ints
) -> tuple[list[OpenFragment], Ints]:
    """All fragments, each once, and the number of each of `more` among them if `at` has it."""
    found, by_path = list(known), {fragment.path: k for k, fragment in enumerate(known)}
    numbers = np.full(len(more), -1)
    for k in np.unique(at).tolist():
        numbers[k] = by_path.setdefault(more[k].path, len(found))
        if numbers[k] == len(found):
            found.append(more[k])
    return found, numbers


def _together(a: Cells, b: Cells) -> Cells:
    order = np.argsort(np.concatenate([a.ids, b.ids]), kind="stable")
    return Cells(*(np.concatenate(pair)[order] for pair in zip(a, b, strict=True)))
