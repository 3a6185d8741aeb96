"""Reading rows that are staged but not committed.

Closed frames are read from memory or from their pack; rows that wait for a frame are read from
the column data itself. Nothing is encoded, closed or flushed by looking.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from deeplake.format.fragment import ColumnChunk, Fragment, FrameRef
from deeplake.format.frame import FrameIndex
from deeplake.format.statistics import EMPTY_BOUND, NONE, ColumnStatistics
from deeplake.table.fragments import Chunk, OpenFragment
from deeplake.table.frames import Frame, local_frame, open_frame
from deeplake.table.packs import Place
from deeplake.table.pieces import PieceFrame
from deeplake.types.base import row_count
from deeplake.types.data import join_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deeplake.table.builder import FragmentBuilder
    from deeplake.table.columns import Column
    from deeplake.table.edits import FragmentEdit
    from deeplake.table.packs import PackWriter
    from deeplake.types.base import ColumnData, Layout
    from deeplake.versioning.objects import Objects

_UNKNOWN = ColumnStatistics(NONE, 0, 0, EMPTY_BOUND, EMPTY_BOUND)


def open_staged(
    objects: Objects,
    builder: FragmentBuilder,
    writer: PackWriter,
    edits: Mapping[int, FragmentEdit],
) -> list[OpenFragment]:
    """The fragments of a builder, readable as they stand, with what was changed of them since."""
    found: list[OpenFragment] = [
        StagedFragment(objects, fragment, writer, {}, k, edits.get(k))
        for k, fragment in enumerate(builder.closed)
    ]
    peek = builder.peek()
    if peek is not None:
        chunks = [ColumnChunk(c, frames, _UNKNOWN) for c, (frames, _) in peek.columns.items()]
        waiting = {c: pieces for c, (_, pieces) in peek.columns.items()}
        fragment = Fragment(peek.rows, (), (), tuple(chunks))
        k = len(found)
        found.append(StagedFragment(objects, fragment, writer, waiting, k, edits.get(k)))
    return found


class StagedFragment(OpenFragment):
    """A fragment of an open transaction: frames, then pieces that wait for theirs."""

    __slots__ = ("_waiting", "_writer", "number")

    def __init__(
        self,
        objects: Objects,
        fragment: Fragment,
        writer: PackWriter,
        waiting: dict[int, tuple[ColumnData, ...]],
        number: int,
        edit: FragmentEdit | None,
    ) -> None:
        super().__init__(objects, fragment, "", edit)
        self._writer = writer
        self._waiting = waiting
        self.number = number
        """Its place among the staged fragments; the open one keeps it when it is closed."""

    def written(self, column: Column) -> Chunk:
        """The column as it was staged: without later updates, deleted rows included."""
        refs = self._parts[column.column_id].frames
        pieces = self._waiting.get(column.column_id, ())
        return StagedChunk(self._objects, column.layout, refs, self._writer, pieces)


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
