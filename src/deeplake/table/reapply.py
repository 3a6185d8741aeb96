"""What others changed of fragments while these were being rewritten, laid over the new one.

So a compaction that lost its slot keeps its work: it reads the cells and rows that changed
meanwhile, by row id, and adds an overlay for each column of them, and a deletion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.format import statistics as stats
from deeplake.table.compare import delta_of, versions_at
from deeplake.table.frame_writer import write_deletion, write_overlay
from deeplake.table.overlaid import overlaid
from deeplake.table.patch import Patch
from deeplake.table.walk import Gap
from deeplake.types.data import concat, take_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import Fragment
    from deeplake.table.columns import Column, Columns
    from deeplake.table.compare import Cells, TableDelta
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.packs import PackWriter
    from deeplake.table.walk import Path, Side

    Ints = npt.NDArray[np.int64]


def counterparts(
    base: Side, other: Side, gaps: Sequence[Gap], paths: Sequence[Path]
) -> dict[Path, Path]:
    """Fragments of the base that were changed -> what has their rows in the other tree."""
    wanted = set(paths)
    found: dict[Path, Path] = {}
    for gap in gaps:
        ours = [path for path in gap.base if path in wanted]
        if not ours:
            continue
        theirs = {f.fragment.row_ids: f.path for f in other.fragments(other.leaves(gap.other))}
        for fragment in base.fragments(ours):
            path = theirs.get(fragment.fragment.row_ids)
            if path is not None:
                found[fragment.path] = path
    return found


def reapplied(
    made: OpenFragment,
    base: Side,
    other: Side,
    changed: dict[Path, Path],
    columns: Columns,
    writer: PackWriter,
) -> Fragment | None:
    """A rewritten fragment with what was changed since of the ones that it was made of.

    Args:
        made: as it was written.
        base: the tree that it was made from.
        other: the tree that it shall go into.
        changed: those of its fragments that changed -> where they stand in `other`.
        columns: of the table there.
        writer: where overlays go.

    Returns:
        None if it cannot be told by cells and deleted rows.
    """
    delta = delta_of(base, other, [Gap(list(changed), list(changed.values()))])
    if len(delta.added.ids) or delta.whole or delta.removed_whole:
        return None
    found = made.fragment
    if len(delta.removed.ids) >= found.rows:
        return None
    places = _Places(made)
    if len(delta.removed.ids):
        version = max(f.fragment.deletion.version for f in delta.other if f.fragment.deletion)
        gone = np.sort(places.of(delta.removed.ids))
        found = found._replace(deletion=write_deletion(writer, gone, version))
    for column in columns:
        cells = delta.updated.get(column.column_id)
        if cells is None:
            continue
        patch, versions = _patch(delta, column, cells, places)
        alike = len(np.unique(versions)) == 1
        overlay = write_overlay(writer, column, patch, int(versions[0]) if alike else versions)
        measured = stats.measure(column.layout, patch.data)
        found = found._replace(
            overlays=(*found.overlays, overlay),
            columns=overlaid(found.columns, made, column, patch.positions, measured),
        )
    return found


def _patch(
    delta: TableDelta, column: Column, cells: Cells, places: _Places
) -> tuple[Patch, npt.NDArray[np.uint64]]:
    """New values of a column by place in the rewritten fragment, and their versions."""
    data, versions, at = [], [], []
    for k in np.unique(cells.at).tolist():
        mine = cells.where(cells.at == k)
        fragment = delta.other[k]
        data.append(fragment.chunk(column).take(fragment.positions(mine.places)))
        versions.append(versions_at(fragment, column.column_id, mine.places))
        at.append(places.of(mine.ids))
    positions = np.concatenate(at)
    order = np.argsort(positions)
    patch = Patch(positions[order], take_rows(concat(data), order))
    return patch, np.concatenate(versions)[order]


class _Places:
    """Places of rows in a fragment, by id."""

    def __init__(self, fragment: OpenFragment) -> None:
        self._ids = fragment.ids
        self._order = np.argsort(self._ids, kind="stable")

    def of(self, ids: Ints) -> Ints:
        """Of rows that are all there."""
        return np.asarray(self._order[np.searchsorted(self._ids, ids, sorter=self._order)])
