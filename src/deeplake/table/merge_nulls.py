"""NOT NULL after a merge: a column that one side did not have, or that could be NULL there.

Each side is consistent by itself, so only such columns are looked at. They come of a revert or a
cherry-pick across the commit that dropped or added one, and of a column that both sides added, not
alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.table.compare import compare
from deeplake.table.conflicts import Conflict
from deeplake.table.null_counts import null_counts
from deeplake.table.table_tree import TableTree

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy.typing as npt

    from deeplake.format.schema import TableSchema
    from deeplake.table.columns import Column, Columns
    from deeplake.table.walk import Side


def missing_values(
    sides: tuple[Side, Side, Side],
    schemas: Sequence[TableSchema],
    columns: Columns,
    table: str,
    without: Mapping[int, int],
) -> list[Conflict]:
    """Columns that refuse NULL, but rows that would come together have NULL there.

    Args:
        sides: base, ours and theirs.
        schemas: of ours and theirs.
        columns: of the merged table.
        table: its name.
        without: columns that ours has not, with its rows to which theirs has no value to give.
    """
    ours = sides[1]
    refuse = [{s.column_id for s in schema.columns if s.not_null} for schema in schemas]
    wanted = [column for column in columns if column.not_null]
    lone = [c for c in wanted if c.default is None]
    found = {c.name: without[c.column_id] for c in lone if c.column_id in without}
    loose = [c for c in wanted if c.column_id not in refuse[0] and c.column_id not in without]
    if loose:
        tree = TableTree(ours.objects, ours.head, [path[-1] for path in ours.root])
        counts = null_counts(ours.objects, tree, loose)
        found.update((column.name, counts[column.column_id]) for column in loose)
    loose = [column for column in wanted if column.column_id not in refuse[1]]
    there = {spec.column_id for spec in schemas[1].columns}
    for name, count in _brought(sides, loose, there).items():
        found[name] = found.get(name, 0) + count
    return [_conflict(table, name, count) for name, count in found.items() if count]


def _brought(
    sides: tuple[Side, Side, Side], columns: list[Column], there: Collection[int]
) -> dict[str, int]:
    """NULLs in rows that theirs added and in cells that it changed.

    Args:
        sides: base, ours and theirs.
        there: ids of theirs' columns; of others its rows have the default, if ours has them not.
    """
    base, ours, theirs = sides
    found = {column.name: 0 for column in columns}
    if not columns:
        return found
    delta = compare(base, theirs)
    whole = theirs.fragments(theirs.leaves(delta.whole))
    for column in columns:
        if column.column_id not in there:
            if column.default is None:
                alone = np.setdiff1d(_added(base, theirs), _added(base, ours))
                found[column.name] = len(alone)
            continue
        for fragment in whole:
            found[column.name] += fragment.chunk(column).nulls(np.arange(fragment.rows))
        cells = delta.updated.get(column.column_id)
        for rows in (delta.added, cells):
            for k in () if rows is None else np.unique(rows.at).tolist():
                fragment = delta.other[k]
                places = rows.places[rows.at == k]  # type: ignore[union-attr]
                found[column.name] += fragment.chunk(column).nulls(fragment.positions(places))
    return found


def _added(base: Side, side: Side) -> npt.NDArray[np.int64]:
    """Ids of the rows that a side has and the base has not."""
    delta = compare(base, side)
    whole = side.fragments(side.leaves(delta.whole))
    return np.concatenate([delta.added.ids, *(fragment.live_ids() for fragment in whole)])


def _conflict(table: str, name: str, count: int) -> Conflict:
    """No side can be kept: one has rows without a value, the other says that there are none."""
    return Conflict(
        "not_null", table, column=name, read=lambda _: None, token=str(count),
        message=f"{count} rows would have NULL in this not_null column, whichever side is kept: "
        "drop it, or add another one with a default",
    )  # fmt: skip
