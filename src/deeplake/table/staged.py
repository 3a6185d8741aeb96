"""Reading rows that are staged but not committed.

Closed frames are read from memory or from their pack; rows that wait for a frame are read from
the column data itself. Nothing is encoded, closed or flushed by looking.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.format.fragment import ColumnChunk, Fragment, FrameRef
from deeplake.format.frame import FrameIndex
from deeplake.format.statistics import EMPTY_BOUND, NONE, ColumnStatistics
from deeplake.table.fragments import Chunk, OpenFragment
from deeplake.table.frames import Frame, local_frame, open_frame
from deeplake.table.packs import Place
from deeplake.types.base import FixedData, VarData, row_count
from deeplake.types.data import join_bytes, private, slice_rows, take_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.table.builder import FragmentBuilder
    from deeplake.table.packs import PackWriter
    from deeplake.types.base import ColumnData, Layout
    from deeplake.versioning.objects import Objects

_UNKNOWN = ColumnStatistics(NONE, 0, 0, EMPTY_BOUND, EMPTY_BOUND)


def open_staged(
    objects: Objects, builder: FragmentBuilder, writer: PackWriter
) -> list[OpenFragment]:
    """The fragments of a builder, readable as they stand."""
    found: list[OpenFragment] = [
        StagedFragment(objects, fragment, writer, {}) for fragment in builder.closed
    ]
    peek = builder.peek()
    if peek is not None:
        chunks = [ColumnChunk(c, frames, _UNKNOWN) for c, (frames, _) in peek.columns.items()]
        waiting = {c: pieces for c, (_, pieces) in peek.columns.items()}
        fragment = Fragment(peek.rows, (), (), tuple(chunks))
        found.append(StagedFragment(objects, fragment, writer, waiting))
    return found


class StagedFragment(OpenFragment):
    """A fragment of an open transaction: frames, then pieces that wait for theirs."""

    __slots__ = ("_waiting", "_writer")

    def __init__(
        self,
        objects: Objects,
        fragment: Fragment,
        writer: PackWriter,
        waiting: dict[int, tuple[ColumnData, ...]],
    ) -> None:
        super().__init__(objects, fragment, "")
        self._writer = writer
        self._waiting = waiting

    def chunk(self, column_id: int, layout: Layout) -> Chunk:
        """The reader of one column."""
        found = self._chunks.get(column_id)
        if found is None:
            refs = self._parts[column_id].frames
            pieces = self._waiting.get(column_id, ())
            found = StagedChunk(self._objects, layout, refs, self._writer, pieces)
            self._chunks[column_id] = found
        return found


class StagedChunk(Chunk):
    """One column of a staged fragment."""

    __slots__ = ("_sizes", "_writer")

    def __init__(
        self,
        objects: Objects,
        layout: Layout,
        refs: tuple[FrameRef, ...],
        writer: PackWriter,
        pieces: tuple[ColumnData, ...],
    ) -> None:
        super().__init__(objects, layout, refs, "")
        self._writer = writer
        self._frames += [PieceFrame(piece) for piece in pieces]
        rows = [ref.rows for ref in refs] + [row_count(piece) for piece in pieces]
        self._sizes = rows
        self.starts = [0, *accumulate(rows)][:-1]

    def frame(self, k: int) -> Frame:
        """Frame or piece k."""
        found = self._frames[k]
        if found is None:
            ref = self._refs[k]
            encoded = self._writer.frame(Place(ref.object_id, ref.offset))
            if encoded is None:
                found = open_frame(self._objects, self._layout, ref, "")
            else:
                payload = np.frombuffer(join_bytes(encoded.parts), np.uint8)
                index = FrameIndex(encoded.index, ref.length, "a staged frame")
                found = local_frame(self._objects, self._layout, ref.rows, index, payload)
            self._frames[k] = found
        return found

    def rows_of(self, k: int) -> int:
        """Rows of frame or piece k."""
        return self._sizes[k]


class PieceFrame(Frame):
    """Column data that waits to become a frame, read as it is."""

    __slots__ = ("_data",)

    def __init__(self, data: ColumnData) -> None:
        self._data = data
        self.valid = data.valid

    def cell(self, row: int) -> Any:
        """One raw cell."""
        if self.valid is not None and not self.valid[row]:
            return None
        one = slice_rows(self._data, row, row + 1)
        if isinstance(one, FixedData):
            return one.values[0].copy()
        if isinstance(one, VarData):
            return bytes(join_bytes(one.buffers)), tuple(extra[0] for extra in one.extras)
        return private(one)

    def slice(self, low: int, high: int) -> ColumnData:
        """Rows low:high."""
        return slice_rows(self._data, low, high)

    def take(self, rows: npt.NDArray[np.int64]) -> ColumnData:
        """Rows by position."""
        return take_rows(self._data, rows)
