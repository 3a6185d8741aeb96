"""The fragments of one table, found by position through its tree.

A tree is expanded only where rows are asked for. Opened fragments are kept up to a bound, so a
scan over millions of small commits does not keep them all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.format import fragment as fragments
from deeplake.format import tree
from deeplake.table.fragments import OpenFragment, partition
from deeplake.versioning.objects import FRAGMENTS_KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from deeplake.format.slot import SlotHead
    from deeplake.format.tree import Record
    from deeplake.table.edits import FragmentEdit
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]

NOTHING: Mapping[Any, Any] = MappingProxyType({})


class TreeNode:
    """A root or node block: children by first row, opened when first touched."""

    __slots__ = ("_array", "children", "path", "records", "starts")

    def __init__(
        self,
        records: Sequence[Record],
        extra: Sequence[OpenFragment] = (),
        path: tuple[Record, ...] = (),
        gone: Mapping[Record, int] = NOTHING,
    ) -> None:
        self.records = records
        self.path = path
        sizes = [record.rows for record in records]
        if gone:
            sizes = [size - gone.get(r, 0) for size, r in zip(sizes, records, strict=True)]
        sizes += [fragment.rows for fragment in extra]
        self.starts = [0, *accumulate(sizes)][: len(sizes)]
        self.children: list[TreeNode | OpenFragment | None] = [None] * len(records)
        self.children += extra
        self._array: Rows | None = None

    def starts_array(self) -> Rows:
        """`starts` for searchsorted."""
        if self._array is None:
            self._array = np.array(self.starts, np.int64)
        return self._array


class TableTree:
    """The fragments of one table at one commit, staged ones after them.

    Args:
        head: the commit's slot, whose blocks need no request.
        records: the root.
        staged: fragments of an open transaction.
        edits: what it changes of the others, by their records.
    """

    def __init__(
        self,
        objects: Objects,
        head: SlotHead | None,
        records: Sequence[Record],
        staged: Sequence[OpenFragment] = (),
        edits: Mapping[Record, FragmentEdit] = NOTHING,
    ) -> None:
        self._objects = objects
        self._head = head
        self._records = records
        self._kept: deque[tuple[TreeNode, int]] = deque()
        self._edits = edits
        self._gone: dict[Record, int] = {}
        """Record -> rows below it that the transaction deletes."""
        for edit in edits.values():
            for record in edit.path if len(edit.deleted) else ():
                self._gone[record] = self._gone.get(record, 0) + len(edit.deleted)
        self.root = TreeNode(records, staged, (), self._gone)
        self.rows = tree.total_rows(records) + sum(fragment.rows for fragment in staged)
        self.rows -= sum(self._gone.get(record, 0) for record in records) if self._gone else 0

    def edited(
        self, staged: Sequence[OpenFragment], edits: Mapping[Record, FragmentEdit]
    ) -> TableTree:
        """The same tree as an open transaction sees it."""
        return TableTree(self._objects, self._head, self._records, staged, edits)

    @property
    def edited_records(self) -> frozenset[Record]:
        """Records with staged changes below them."""
        return frozenset(record for edit in self._edits.values() for record in edit.path)

    @property
    def requires(self) -> tuple[str, ...]:
        """The features that the commit requires: without them there are no overlays, and so on."""
        return () if self._head is None else self._head.header.requires

    def at(self, path: tuple[Record, ...]) -> OpenFragment:
        """A fragment by its path, as it is stored, its frames with the objects they lie in."""
        record = path[-1]
        stored = self._objects.fragment(record, self._head)
        fragment = fragments.rehomed(stored, tree.object_of(record))
        return OpenFragment(self._objects, fragment, self._objects.record_key(record), None, path)

    def locate(self, row: int) -> tuple[OpenFragment, int]:
        """The fragment that holds a position, and the position within it."""
        node = self.root
        while True:
            k = bisect_right(node.starts, row) - 1
            row -= node.starts[k]
            child = node.children[k]
            if child is None:
                child = self.child(node, k)
            if type(child) is TreeNode:
                node = child
            else:
                return child, row  # type: ignore[return-value]

    def child(self, node: TreeNode, k: int) -> TreeNode | OpenFragment:
        """Child k of a node, opened."""
        found = node.children[k]
        if found is not None:
            return found
        record = node.records[k]
        path = (*node.path, record)
        key = self._objects.record_key(record)
        if record.level:
            block = self._objects.read_record(record, self._head)
            records, _ = tree.decode(block, f"a tree node in {key}")
            tree.check_child(record, records, f"a tree node in {key}")
            found = TreeNode(records, (), path, self._gone)
        else:
            edit = self._edits.get(record)
            stored = self._objects.fragment(record, self._head)
            found = OpenFragment(self._objects, stored, key, edit, path)
            if len(self._kept) >= FRAGMENTS_KEPT:
                parent, oldest = self._kept.popleft()
                parent.children[oldest] = None
            self._kept.append((node, k))
        node.children[k] = found
        return found

    def runs(self, low: int, high: int) -> Iterator[tuple[OpenFragment, int, int]]:
        """(fragment, low, high) for the fragments that hold rows low:high, in order."""
        if low < high:
            yield from self._runs(self.root, low, high)

    def _runs(self, node: TreeNode, low: int, high: int) -> Iterator[tuple[OpenFragment, int, int]]:
        ends = [*node.starts[1:], high + 1]
        first = bisect_right(node.starts, low) - 1
        last = bisect_right(node.starts, high - 1)
        self._open_all(node, range(first, last))
        for k in range(first, last):
            start = node.starts[k]
            child = self.child(node, k)
            inner = max(low - start, 0), min(high, ends[k]) - start
            if isinstance(child, TreeNode):
                yield from self._runs(child, *inner)
            elif child.rows:  # all of its rows may be staged for deletion
                yield child, inner[0], min(inner[1], child.rows)

    def groups(self, rows: Rows) -> Iterator[tuple[OpenFragment, Rows, Rows]]:
        """(fragment, positions within it, places in `rows`) for any positions."""
        yield from self._groups(self.root, rows, np.arange(len(rows)))

    def _groups(
        self, node: TreeNode, rows: Rows, places: Rows
    ) -> Iterator[tuple[OpenFragment, Rows, Rows]]:
        parts = partition(node.starts_array(), rows, places)
        self._open_all(node, [k for k, _, _ in parts])
        for k, inner, where in parts:
            child = self.child(node, k)
            if isinstance(child, TreeNode):
                yield from self._groups(child, inner, where)
            else:
                yield child, inner, where

    def _open_all(self, node: TreeNode, wanted: Sequence[int]) -> None:
        """Open children at once where a request costs milliseconds."""
        if self._objects.store.remote:
            missing = [k for k in wanted if node.children[k] is None][: FRAGMENTS_KEPT // 2]
            self._objects.parallel(lambda k: self.child(node, k), missing)
