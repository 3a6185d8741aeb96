"""Fragments opened for reading, found by position through the table's tree.

A tree is expanded only where rows are asked for. Opened fragments are kept up to a bound, so a
scan over millions of small commits does not keep them all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format import fragment as fragments
from deeplake.format import tree
from deeplake.table.frames import Frame, open_frame
from deeplake.types.data import nulls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import ColumnChunk, Fragment, FrameRef
    from deeplake.format.slot import SlotHead
    from deeplake.format.tree import Record
    from deeplake.types.base import ColumnData, Layout
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]

FRAGMENTS_KEPT = 1024
"""Opened fragments kept per table: 1,024 x 65,536 rows, or 32 MB of one-row commits."""


class Chunk:
    """One column of one fragment: its frames, opened when first touched."""

    __slots__ = ("_frames", "_layout", "_objects", "_own_key", "_refs", "starts")

    def __init__(
        self, objects: Objects, layout: Layout, refs: Sequence[FrameRef], own_key: str
    ) -> None:
        self._objects = objects
        self._layout = layout
        self._refs = refs
        self._own_key = own_key
        self._frames: list[Frame | None] = [None] * len(refs)
        self.starts = [0, *accumulate(ref.rows for ref in refs)][:-1]

    def frame(self, k: int) -> Frame:
        """Frame k."""
        found = self._frames[k]
        if found is None:
            found = open_frame(self._objects, self._layout, self._refs[k], self._own_key)
            self._frames[k] = found
        return found

    def rows_of(self, k: int) -> int:
        """Rows of frame k."""
        return self._refs[k].rows

    def cell(self, row: int) -> Any:
        """One raw cell."""
        k = bisect_right(self.starts, row) - 1
        frame = self._frames[k]
        if frame is None:
            frame = self.frame(k)
        return frame.cell(row - self.starts[k])

    def stored(self, row: int) -> bytes | None:
        """The stored bytes of one cell of a var column."""
        k = bisect_right(self.starts, row) - 1
        frame = self._frames[k]
        if frame is None:
            frame = self.frame(k)
        return frame.stored(row - self.starts[k])

    def runs(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """(frame, low, high) for the frames that hold rows low:high."""
        for k in range(bisect_right(self.starts, low) - 1, len(self.starts)):
            start = self.starts[k]
            if start >= high:
                return
            stop = start + self.rows_of(k)
            yield k, max(low - start, 0), min(high, stop) - start


class AbsentFrame(Frame):
    """A column that was added after its fragment was written: NULL in every row."""

    __slots__ = ("_layout",)

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.valid = None

    def nulls(self, rows: Rows) -> int:
        """All of them."""
        return len(rows)

    def cell(self, row: int) -> None:
        """NULL."""

    def stored(self, row: int) -> None:
        """NULL."""

    def slice(self, low: int, high: int) -> ColumnData:
        """NULLs."""
        return nulls(self._layout, high - low)

    def take(self, rows: Rows) -> ColumnData:
        """NULLs."""
        return nulls(self._layout, len(rows))


class AbsentChunk(Chunk):
    """A chunk with no frames behind it."""

    __slots__ = ("_rows",)

    def __init__(self, layout: Layout, rows: int) -> None:
        self.starts = [0]
        self._frames = [AbsentFrame(layout)]
        self._rows = rows

    def runs(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """The rows asked for."""
        yield 0, low, high


class OpenFragment:
    """A fragment with readers of its columns."""

    __slots__ = ("_chunks", "_objects", "_own_key", "_parts", "fragment", "rows")

    def __init__(self, objects: Objects, fragment: Fragment, own_key: str) -> None:
        self._objects = objects
        self._own_key = own_key
        self.fragment = fragment
        self.rows = fragment.rows
        self._parts: dict[int, ColumnChunk] = {c.column_id: c for c in fragment.columns}
        self._chunks: dict[int, Chunk] = {}

    def chunk(self, column_id: int, layout: Layout) -> Chunk:
        """The reader of one column."""
        found = self._chunks.get(column_id)
        if found is None:
            part = self._parts.get(column_id)
            if part is None:
                found = AbsentChunk(layout, self.rows)
            else:
                found = Chunk(self._objects, layout, part.frames, self._own_key)
            self._chunks[column_id] = found
        return found


class TreeNode:
    """A root or node block: children by first row, opened when first touched."""

    __slots__ = ("_array", "children", "records", "starts")

    def __init__(self, records: Sequence[Record], extra: Sequence[OpenFragment] = ()) -> None:
        self.records = records
        sizes = [record.rows for record in records] + [fragment.rows for fragment in extra]
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
    """

    def __init__(
        self,
        objects: Objects,
        head: SlotHead | None,
        records: Sequence[Record],
        staged: Sequence[OpenFragment] = (),
    ) -> None:
        self._objects = objects
        self._head = head
        self._kept: deque[tuple[TreeNode, int]] = deque()
        self.root = TreeNode(records, staged)
        self.rows = tree.total_rows(records) + sum(fragment.rows for fragment in staged)

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
        key = self._objects.record_key(record)
        block = self._objects.read_record(record, self._head)
        if record.level:
            records, _ = tree.decode(block, f"a tree node in {key}")
            tree.check_child(record, records, f"a tree node in {key}")
            found = TreeNode(records)
        else:
            fragment = fragments.decode(block, key)
            if fragment.rows != record.rows:
                raise MalformedObjectError(f"a fragment in {key} has not the rows its table says")
            found = OpenFragment(self._objects, fragment, key)
            if len(self._kept) >= FRAGMENTS_KEPT:
                parent, oldest = self._kept.popleft()
                parent.children[oldest] = None
            self._kept.append((node, k))
        node.children[k] = found
        return found

    def runs(self, low: int, high: int) -> Iterator[tuple[OpenFragment, int, int]]:
        """(fragment, low, high) for the fragments that hold rows low:high, in order."""
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
            else:
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


def partition(starts: Rows, rows: Rows, places: Rows) -> list[tuple[int, Rows, Rows]]:
    """Group positions by the run they fall into: (run, positions within it, their places).

    >>> [
    ...     (k, r.tolist(), p.tolist())
    ...     for k, r, p in partition(np.array([0, 10]), np.array([12, 3]), np.array([0, 1]))
    ... ]
    [(0, [3], [1]), (1, [2], [0])]
    """
    if len(starts) == 1:
        return [(0, rows, places)]
    which = np.searchsorted(starts, rows, "right") - 1
    small = which.astype(np.uint16) if len(starts) <= 1 << 16 else which
    order = np.argsort(small, kind="stable")  # of 16 bits it is a radix sort, 3x faster
    runs = which[order]
    inner, places = (rows - starts[which])[order], places[order]
    cuts = [0, *(np.flatnonzero(runs[1:] != runs[:-1]) + 1).tolist(), len(runs)]
    return [(int(runs[a]), inner[a:z], places[a:z]) for a, z in pairwise(cuts) if a < z]
