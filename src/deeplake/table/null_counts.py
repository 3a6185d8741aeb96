"""How many rows of some columns are NULL: from statistics, and by looking where these cannot tell.

Statistics know nothing of a column in fragments that are older than it, and count rows that were
deleted since. There the tree is opened, down to the fragments in question; of those the indexes
of frames and overlays are read, no values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.format import statistics as stats
from deeplake.table.table_tree import TreeNode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.format.statistics import ColumnStatistics
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.table_tree import TableTree
    from deeplake.versioning.objects import Objects

    Place = tuple[TreeNode, int, Sequence[Column]]
    """A child of a node, and the columns to count below it."""

LOOKED_AT_ONCE = 256
"""Records looked at in one round: a tree of a million fragments is never held whole."""


def null_counts(objects: Objects, tree: TableTree, columns: Sequence[Column]) -> dict[int, int]:
    """Column id -> NULLs among all rows of a tree, staged changes included."""
    found = dict.fromkeys((column.column_id for column in columns), 0)
    edited, requires = tree.edited_records, tree.requires

    def look(place: Place) -> tuple[dict[int, int], list[Place]]:
        """NULLs below one child as far as its statistics tell them, and where to look next."""
        node, k, wanted = place
        counted: dict[int, int] = {}
        record = node.records[k] if k < len(node.records) else None
        if record is not None and record not in edited:
            known = objects.statistics(record)
            for column in wanted:
                told = _told(record, known.get(column.column_id), column, requires)
                if told is not None:
                    counted[column.column_id] = told
        left = [column for column in wanted if column.column_id not in counted]
        child = tree.child(node, k) if left else None
        if isinstance(child, TreeNode):
            return counted, _children(child, left)
        if child is not None:
            counted.update((column.column_id, _nulls_of(child, column)) for column in left)
        return counted, []

    waiting = _children(tree.root, columns)
    while waiting:
        now, waiting = waiting[-LOOKED_AT_ONCE:], waiting[:-LOOKED_AT_ONCE]
        for counted, below in objects.parallel(look, now):
            for column_id, nulls in counted.items():
                found[column_id] += nulls
            waiting += below
    return found


def _children(node: TreeNode, columns: Sequence[Column]) -> list[Place]:
    return [(node, k, columns) for k in range(len(node.children))] if columns else []


def _told(
    record: Record, known: ColumnStatistics | None, column: Column, requires: Sequence[str]
) -> int | None:
    """NULLs below a record, if that much is certain without opening it."""
    if known is None and record.level and "overlays" not in requires:
        return record.rows if column.default is None else 0  # no fragment below has the column
    if known is None or known.kind == stats.NONE or (known.nulls and "deletions" in requires):
        return None
    return known.nulls


def _nulls_of(fragment: OpenFragment, column: Column) -> int:
    """NULLs among the rows of a fragment that are left."""
    if fragment.edit is None and fragment.fragment.deletion is None:
        for chunk in fragment.fragment.columns:
            if chunk.column_id == column.column_id and chunk.statistics.kind != stats.NONE:
                return chunk.statistics.nulls
    return fragment.chunk(column).nulls(np.arange(fragment.rows))
