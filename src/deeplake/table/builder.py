"""New rows of one table -> frames -> fragments.

Batches of `ColumnData` are collected per column until a frame is full, encoded, and given to the
pack writer. A fragment is closed at 65,536 rows, at commit, or not at all: `peek` shows the rows
of an open transaction without closing anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake import settings
from deeplake.format import statistics as stats
from deeplake.format.fragment import ColumnChunk, Fragment, FrameRef, Run
from deeplake.table.frame_writer import write_frame
from deeplake.types.base import (
    FixedData,
    FixedLayout,
    ListData,
    StructData,
    VarData,
    is_media,
    row_count,
)
from deeplake.types.data import concat, slice_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deeplake.format.statistics import ColumnStatistics
    from deeplake.table.columns import Column
    from deeplake.table.packs import PackWriter
    from deeplake.types.base import ColumnData, Layout

MEDIA_FRAME_BYTES = 32 << 20
"""Frames of media are larger than those of arrays: their index is read once per frame."""


class _Column:
    """One column of the open fragment: full frames, and pieces waiting for the next one."""

    __slots__ = ("frames", "layout", "media", "pieces", "statistics", "waiting_bytes")

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.media = is_media(layout)
        """Whether this column's bytes belong into the packs of media."""
        self.frames: list[FrameRef] = []
        self.statistics: list[ColumnStatistics] = []
        self.pieces: list[ColumnData] = []
        self.waiting_bytes = 0

    @property
    def frame_bytes(self) -> int:
        """Size at which a frame is closed."""
        return MEDIA_FRAME_BYTES if self.media else settings.FRAME_BYTES


class Peek(NamedTuple):
    """The open fragment as it stands: per column its full frames and the rows after them."""

    rows: int
    columns: dict[int, tuple[tuple[FrameRef, ...], tuple[ColumnData, ...]]]


class Mark(NamedTuple):
    """A builder's state at some moment: lengths of lists that only grow, so it costs little."""

    closed: int
    open_rows: int
    rows: int
    columns: dict[int, _Column]
    states: list[tuple[int, list[ColumnData], int, int]]
    """Per column: frames, the list of waiting pieces and its length, waiting bytes."""


class FragmentBuilder:
    """Builds the fragments of one table's appended rows.

    Args:
        columns: of the table.
        writer: where frames go.
    """

    def __init__(self, columns: Iterable[Column], writer: PackWriter) -> None:
        self._forms = [(c.column_id, c.type.layout, c.generation) for c in columns]
        self._writer = writer
        self._columns: dict[int, _Column] = {}
        """Of the open fragment; made with its first rows."""
        self._open_rows = 0
        self.closed: list[Fragment] = []
        self.rows = 0

    def add(self, batch: Mapping[int, ColumnData], rows: int) -> None:
        """Append a batch: one `ColumnData` of `rows` rows per column.

        Raises:
            StoreError: a pack could not be stored; the transaction must be abandoned.
        """
        at = 0
        while at < rows:
            self._open()
            count = min(rows - at, settings.FRAGMENT_ROWS_MAX - self._open_rows)
            for column_id, column in self._columns.items():
                data = batch[column_id]
                self._collect(column, data if count == rows else slice_rows(data, at, at + count))
            self._open_rows += count
            at += count
            if self._open_rows == settings.FRAGMENT_ROWS_MAX:
                self.close()
        self.rows += rows

    def keep(self, frame: FrameRef, statistics: ColumnStatistics) -> None:
        """Append the rows of a frame that is stored already; of a builder of one column only."""
        self._open()
        (column,) = self._columns.values()
        self._flush(column)
        column.frames.append(frame)
        column.statistics.append(statistics)
        self._open_rows += frame.rows
        self.rows += frame.rows

    def _open(self) -> None:
        if not self._columns:
            self._columns = {c: _Column(layout) for c, layout, _ in self._forms}

    def close(self) -> None:
        """Close the open fragment, if it has rows."""
        if not self._open_rows:
            return
        chunks = []
        for column_id, _, generation in self._forms:
            column = self._columns[column_id]
            self._flush(column)
            merged = stats.merge(column.statistics)
            chunks.append(ColumnChunk(column_id, tuple(column.frames), merged, (), generation))
        rows = self._open_rows
        first = sum(fragment.rows for fragment in self.closed)
        fragment = Fragment(rows, (Run(first, rows),), (Run(0, rows),), tuple(chunks))
        self.closed.append(fragment)
        self._columns = {}
        self._open_rows = 0

    def peek(self) -> Peek | None:
        """The open fragment, or None if it has no rows.

        Small pieces are joined first: 10,000 appends with a read after each look at a dozen
        pieces each time, not at thousands.
        """
        if not self._open_rows:
            return None
        for column in self._columns.values():
            column.pieces = _joined(column.pieces)
        columns = {c: (tuple(x.frames), tuple(x.pieces)) for c, x in self._columns.items()}
        return Peek(self._open_rows, columns)

    def mark(self) -> Mark:
        """The state now, for `restore`."""
        states = [
            (len(x.frames), x.pieces, len(x.pieces), x.waiting_bytes)
            for x in self._columns.values()
        ]
        return Mark(len(self.closed), self._open_rows, self.rows, self._columns, states)

    def restore(self, mark: Mark) -> None:
        """Forget the rows added since `mark`; frames in packs meanwhile are left as garbage."""
        del self.closed[mark.closed :]
        self._open_rows, self.rows, self._columns = mark.open_rows, mark.rows, mark.columns
        for column, state in zip(self._columns.values(), mark.states, strict=True):
            frames, column.pieces, pieces, column.waiting_bytes = state
            del column.frames[frames:], column.statistics[frames:], column.pieces[pieces:]

    def statistics(self) -> dict[int, ColumnStatistics]:
        """Column id -> statistics of all rows so far; what waits for a frame is measured."""
        found: dict[int, list[ColumnStatistics]] = {c: [] for c, _, _ in self._forms}
        for fragment in self.closed:
            for chunk in fragment.columns:
                found[chunk.column_id].append(chunk.statistics)
        for column_id, column in self._columns.items():
            found[column_id] += column.statistics
            if column.pieces:
                found[column_id].append(stats.measure(column.layout, concat(column.pieces)))
        return {column_id: stats.merge(parts) for column_id, parts in found.items()}

    def _collect(self, column: _Column, data: ColumnData) -> None:
        """Add rows to a column, closing a frame whenever one is full."""
        size = data_bytes(data)
        target = column.frame_bytes
        if column.waiting_bytes + size < target:
            column.pieces.append(data)
            column.waiting_bytes += size
            return
        at, rows = 0, row_count(data)
        while at < rows:
            room = max(target - column.waiting_bytes, 0)
            stop = _rows_within(column.layout, data, at, room, size)
            piece = slice_rows(data, at, stop)
            column.pieces.append(piece)
            column.waiting_bytes += data_bytes(piece)
            at = stop
            if column.waiting_bytes >= target or at < rows:
                self._flush(column)

    def _flush(self, column: _Column) -> None:
        """Close the column's waiting rows as one frame."""
        if not column.pieces:
            return
        data = concat(column.pieces)
        statistics = stats.measure(column.layout, data)
        frame = write_frame(self._writer, column.layout, data)
        # Only now: if a pack could not be stored, the rows still wait and can be flushed again.
        column.pieces, column.waiting_bytes = [], 0
        column.statistics.append(statistics)
        column.frames.append(frame)


def _joined(pieces: list[ColumnData]) -> list[ColumnData]:
    """The same rows in few pieces, each with over twice the rows of the next.

    A list of its own: a mark may refer to the one given.
    """
    groups: list[tuple[int, list[ColumnData]]] = []
    for piece in pieces:
        rows, group = row_count(piece), [piece]
        while groups and groups[-1][0] <= 2 * rows:
            more, before = groups.pop()
            rows, group = rows + more, [*before, *group]
        groups.append((rows, group))
    return [concat(group) for _, group in groups]


def data_bytes(data: ColumnData) -> int:
    """Payload bytes of some rows, about."""
    if isinstance(data, FixedData):
        return int(data.values.nbytes)
    if isinstance(data, StructData):
        return sum(data_bytes(child) for child in data.children)
    if isinstance(data, ListData):
        return data_bytes(data.child) + int(data.offsets.nbytes)
    return int(data.offsets[-1]) - int(data.offsets[0])


def _rows_within(layout: Layout, data: ColumnData, at: int, room: int, size: int) -> int:
    """Where to stop so that rows at:stop take about `room` bytes; at least one row."""
    rows = row_count(data)
    if isinstance(layout, FixedLayout) and isinstance(data, FixedData):
        stride = max(int(data.values.nbytes) // max(rows, 1), 1)
        return min(rows, at + max(room // stride, 1))
    if isinstance(data, VarData):
        stop = int(np.searchsorted(data.offsets, data.offsets[at] + room, "right")) - 1
        return min(rows, max(stop, at + 1))
    return min(rows, at + max(int(room * rows / max(size, 1)), 1))
