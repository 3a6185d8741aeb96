"""Reading one column of a table by position: a cell, some rows, a run of rows.

Returns raw cells and `ColumnData`; turning them into user values is the type's business. What is
returned never shares memory with a map: an in-place change by the caller must not reach the
next reader.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import RowIndexError
from deeplake.loading import later
from deeplake.table.fragments import partition
from deeplake.table.frames import FixedFrame
from deeplake.types.base import FixedData, FixedLayout

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from deeplake.table.columns import Column
    from deeplake.table.fragments import Chunk
    from deeplake.table.frames import Frame
    from deeplake.table.table_tree import TableTree
    from deeplake.types import data as columnar
    from deeplake.types.base import ColumnData
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]
    from deeplake.table import edited
else:
    edited = later("deeplake.table.edited")
    columnar = later("deeplake.types.data")

NO_RUN: Any = (0, -1, None)
"""First row, row after the last, and reader of no frame."""


class ColumnReader:
    """Reads one column at one commit (with an open transaction's rows, if any, at the end)."""

    __slots__ = ("_column", "_objects", "_run", "_tree", "layout", "rows")

    def __init__(self, objects: Objects, tree: TableTree, column: Column) -> None:
        self._objects = objects
        self._tree = tree
        self._column = column
        self.layout = column.type.layout
        self.rows = tree.rows
        self._run: tuple[int, int, Frame] = NO_RUN

    def cell(self, row: int) -> Any:
        """One raw cell, None for NULL. Negative positions count from the end.

        Raises:
            RowIndexError: out of range.
        """
        rows = self.rows
        if row < 0:
            row += rows
        if not 0 <= row < rows:
            raise out_of_range(row if row >= 0 else row - rows, rows)
        fragment, row = self._tree.locate(row)
        return fragment.chunk(self._column).cell(row)

    def stored(self, row: int) -> bytes | None:
        """The stored bytes of one cell of a var column, None for NULL."""
        rows = self.rows
        if row < 0:
            row += rows
        if not 0 <= row < rows:
            raise out_of_range(row if row >= 0 else row - rows, rows)
        fragment, row = self._tree.locate(row)
        return fragment.chunk(self._column).stored(row)

    def slice(self, low: int, high: int, out: npt.NDArray[Any] | None = None) -> ColumnData:
        """Rows low:high (0 <= low <= high <= rows), in memory of their own.

        Args:
            low: the first row.
            high: the row after the last.
            out: memory for the values of a fixed column: C-contiguous (at least high - low,
                *shape) of its dtype. The result then lies at its beginning.
        """
        if low >= high:
            return columnar.nulls(self.layout, 0)
        first, last, frame = self._run
        if first <= low and high <= last:
            values = _room(self.layout, high - low, out)  # type: ignore[arg-type]
            return FixedData(values, frame.fill(low - first, high - first, values))
        work = [
            (chunk, run)
            for fragment, first, last in self._tree.runs(low, high)
            for chunk in (fragment.chunk(self._column),)
            for run in chunk.runs(first, last)
        ]
        if isinstance(self.layout, FixedLayout):
            found = self._filled(self.layout, work, high - low, out)
            self._remember(*work[-1], high)
            return found
        pieces = self._objects.parallel(
            lambda item: item[0].frame(item[1][0]).slice(item[1][1], item[1][2]), work
        )
        if len(pieces) == 1:
            return columnar.private(pieces[0])
        return columnar.concat(pieces)

    def _filled(
        self,
        layout: FixedLayout,
        work: list[tuple[Chunk, tuple[int, int, int]]],
        count: int,
        out: npt.NDArray[Any] | None,
    ) -> FixedData:
        """Runs of rows of a fixed column, each copied straight into one array."""
        values = _room(layout, count, out)
        ends = list(accumulate(high - low for _, (_, low, high) in work))

        def fill(item: tuple[tuple[Chunk, tuple[int, int, int]], int]) -> Any:
            (chunk, (k, low, high)), end = item
            return chunk.frame(k).fill(low, high, values[end - (high - low) : end])

        valid: npt.NDArray[np.bool_] | None = None
        filled = self._objects.parallel(fill, list(zip(work, ends, strict=True)))
        for some, end in zip(filled, ends, strict=True):
            if some is not None:
                valid = np.ones(count, np.bool_) if valid is None else valid
                valid[end - len(some) : end] = some
        return FixedData(values, valid)

    def _remember(self, chunk: Chunk, run: tuple[int, int, int], high: int) -> None:
        """Keep the frame a slice ended in: the next slice mostly begins there, 5 us sooner."""
        k = run[0]
        frame = chunk.frame(k)
        if frame.straight:
            first = high - run[2]
            self._run = (first, first + chunk.rows_of(k), frame)

    def unverified(self, low: int, high: int) -> bool:
        """Whether frames of rows low:high (low < high) lie there as they are read, and some of
        their blocks were not verified yet.
        """
        return any(not frame.all_verified for frame, _, _ in self._plain(low, high))

    def verify(self, low: int, high: int) -> None:
        """Verify such frames' blocks of rows low:high, that whoever reads them need not.

        Raises:
            DamageError, StoreError
        """
        for frame, first, last in self._plain(low, high):
            frame.verify(first, last)

    def _plain(self, low: int, high: int) -> Iterator[tuple[FixedFrame, int, int]]:
        for fragment, first, last in self._tree.runs(low, high):
            chunk = fragment.chunk(self._column)
            for k, a, z in chunk.runs(first, last):
                frame = chunk.frame(k)
                if type(frame) is FixedFrame:
                    yield frame, a, z

    def take(self, rows: Rows, out: npt.NDArray[Any] | None = None) -> ColumnData:
        """Rows by position (0 <= row < rows), in the order given, in memory of their own.

        `out` is as for `slice`.
        """
        if not len(rows):
            return columnar.nulls(self.layout, 0)
        groups = self._frame_groups(rows)
        if isinstance(self.layout, FixedLayout):
            return self._take_fixed(self.layout, groups, len(rows), out)
        pieces = self._objects.parallel(lambda g: g[0].take(g[1]), groups)
        data = columnar.concat(pieces)
        if len(groups) == 1:
            return data
        back = np.empty(len(rows), np.int64)
        back[np.concatenate([places for _, _, places in groups])] = np.arange(len(rows))
        return columnar.take_rows(data, back)

    def nulls(self, rows: Rows) -> int:
        """NULLs among rows by position, repeats counted; reads indexes of frames and no values."""
        groups = self._frame_groups(rows) if len(rows) else []
        return sum(frame.nulls(inner) for frame, inner, _ in groups)

    def _frame_groups(self, rows: Rows) -> list[tuple[Frame, Rows, Rows]]:
        """(frame, positions within it, places in `rows`), frames opened in parallel if remote."""
        found = []
        for fragment, inner, places in self._tree.groups(rows):
            chunk = fragment.chunk(self._column)
            starts = np.array(chunk.starts, np.int64)
            found += [(chunk, *part) for part in partition(starts, inner, places)]
        frames = self._objects.parallel(lambda part: part[0].frame(part[1]), found)
        return [(frame, part[2], part[3]) for frame, part in zip(frames, found, strict=True)]

    def _take_fixed(
        self,
        layout: FixedLayout,
        groups: list[tuple[Frame, Rows, Rows]],
        count: int,
        out: npt.NDArray[Any] | None,
    ) -> FixedData:
        values = _room(layout, count, out)
        valid: npt.NDArray[np.bool_] | None = None
        alone = len(groups) == 1  # then the places are 0, 1, 2 and so on

        def gather(group: tuple[Frame, Rows, Rows]) -> npt.NDArray[np.bool_] | None:
            frame, rows, places = group
            return edited.taken_into(frame, rows, values, None if alone else places)

        taken = self._objects.parallel(gather, groups)
        for (_, _, places), some in zip(groups, taken, strict=True):
            if some is not None:
                valid = np.ones(count, np.bool_) if valid is None else valid
                valid[places] = some
        return FixedData(values, valid)


def _room(layout: FixedLayout, count: int, out: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    """An array for `count` rows: the beginning of `out`, or a new one."""
    return np.empty((count, *layout.shape), layout.dtype) if out is None else out[:count]


def out_of_range(row: int, rows: int) -> RowIndexError:
    """The one message for a position that is not there."""
    return RowIndexError(f"row {row} is out of range: there are {rows} rows.")
