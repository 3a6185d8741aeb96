"""The least and greatest value of a column, from statistics, where these are exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.format import statistics as stats

if TYPE_CHECKING:
    from deeplake.table.columns import Column
    from deeplake.table.table_tree import TableTree
    from deeplake.versioning.objects import Objects

_INEXACT = frozenset(("overlays", "deletions"))
"""Features of a commit whose statistics may be wider than its values."""


def extremes(objects: Objects, tree: TableTree, column: Column) -> tuple[Any, Any] | None:
    """(least, greatest) as columns store them, texts as bytes; None where statistics cannot tell.

    Args:
        objects: where.
        tree: without staged changes.
        column: of one number or text a row.
    """
    if column.default is not None or column.former or not _INEXACT.isdisjoint(tree.requires):
        return None
    parts = objects.parallel(objects.statistics, tree.root.records)
    known = [part.get(column.column_id) for part in parts]
    if not known or None in known:
        return None
    merged = stats.merge([part for part in known if part is not None])
    found = stats.bounds(merged)
    if found is None or merged.nans:
        return None
    if merged.kind == stats.BYTES and stats.TRUNCATED in (merged.low[15], merged.high[15]):
        return None
    return found
