"""Reading the keys of a table: all of them chunk by chunk, or those that bounds do not rule out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake import settings
from deeplake.format import statistics as stats
from deeplake.format import tree as trees
from deeplake.table.column import ColumnReader
from deeplake.table.key_values import hashed
from deeplake.table.table_tree import TreeNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from deeplake.format.statistics import ColumnStatistics
    from deeplake.table.columns import Key
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.key_values import Hashes
    from deeplake.table.table_tree import TableTree
    from deeplake.types.base import ColumnData
    from deeplake.versioning.objects import Objects

    Ints = npt.NDArray[np.int64]
    Bounds = dict[int, ColumnStatistics]

NODE_ROWS = 1024
"""What opening a node or fragment costs, in rows whose keys could be read instead."""


def read_keys(
    objects: Objects, tree: TableTree, key: Key, first: int = 0
) -> Iterator[tuple[Hashes, Ints]]:
    """(hashes, positions) of the rows from `first` that have a key; reads its columns only."""
    readers = [ColumnReader(objects, tree, column) for column in key.columns]
    for low in range(first, tree.rows, settings.KEY_SCAN_ROWS):
        high = min(low + settings.KEY_SCAN_ROWS, tree.rows)
        found = hashed([reader.slice(low, high) for reader in readers])
        rows = found.rows()
        yield found.hashes[rows], rows + low


def take_key(objects: Objects, tree: TableTree, key: Key, positions: Ints) -> list[ColumnData]:
    """The key's columns of some rows."""
    return [ColumnReader(objects, tree, column).take(positions) for column in key.columns]


def keys_of(fragment: OpenFragment, key: Key, rows: Ints | None = None) -> list[ColumnData]:
    """The key's columns of a fragment, or of some of its rows that are left; at least one."""
    chunks = [fragment.chunk(column) for column in key.columns]
    if rows is None:
        return [chunk.slice(0, fragment.rows) for chunk in chunks]
    return [chunk.take(rows) for chunk in chunks]


class Candidates:
    """The fragments of a committed tree that may hold any of some keys, by their bounds.

    `found` are (position of the first row, fragment), `cost` is what finding and reading them
    takes, in rows.
    """

    def __init__(
        self, objects: Objects, tree: TableTree, key: Key, data: Sequence[ColumnData]
    ) -> None:
        self._objects, self._tree = objects, tree
        pairs = zip(key.columns, data, strict=True)
        self._wanted = {c.column_id: stats.measure(c.layout, one) for c, one in pairs}
        self.found: list[tuple[int, OpenFragment]] = []
        self.cost = 0
        self._visit(tree.root, 0)

    def _visit(self, node: TreeNode, first: int) -> None:
        bounds = self._bounds(node)
        self.cost += NODE_ROWS
        for k, known in enumerate(bounds):
            if any(stats.apart(s, known.get(c, stats.UNKNOWN)) for c, s in self._wanted.items()):
                continue
            child, start = self._tree.child(node, k), first + node.starts[k]
            if isinstance(child, TreeNode):
                self._visit(child, start)
            else:
                self.cost += child.rows
                self.found.append((start, child))

    def _bounds(self, node: TreeNode) -> list[Bounds]:
        """Statistics of each child."""
        if not node.path:
            self.cost += NODE_ROWS * len(node.records)
            return self._objects.parallel(self._objects.statistics, node.records)
        record = node.path[-1]
        where = f"a tree node in {self._objects.record_key(record)}"
        section = trees.decode(self._objects.read_record(record), where)[1]
        return stats.unpack_children(section) or [{}] * len(node.records)

    def keys(self, key: Key) -> Iterator[tuple[Hashes, Ints]]:
        """(hashes, positions) of their rows that have a key."""
        for first, fragment in self.found:
            if fragment.rows:
                found = hashed(keys_of(fragment, key))
                rows = found.rows()
                yield found.hashes[rows], rows + first
