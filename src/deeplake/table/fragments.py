"""Fragments opened for reading: columns by position, as they were written and as they are now."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format.fragment import MIXED_VERSIONS
from deeplake.loading import later
from deeplake.table.frames import Frame, open_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import (
        BitmapRef,
        ColumnChunk,
        Deletion,
        Fragment,
        FrameRef,
        Overlay,
        Run,
    )
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column
    from deeplake.table.edits import FragmentEdit
    from deeplake.table.overlays import Live
    from deeplake.types import data as columnar
    from deeplake.types.base import ColumnData, Layout
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]
    Versions = npt.NDArray[np.uint64]
    from deeplake.table import edited, pieces
    from deeplake.table import overlays as over
else:
    pieces = later("deeplake.table.pieces")
    over = later("deeplake.table.overlays")
    edited = later("deeplake.table.edited")
    columnar = later("deeplake.types.data")


class Chunk:
    """One column of one fragment: its frames, opened when first touched.

    Args:
        objects: where.
        layout: of the column today.
        refs: the frames.
        own_key: the object of the fragment block.
        stored: the layout the frames were written in, if the column was widened since.
    """

    __slots__ = ("_frames", "_layout", "_objects", "_own_key", "_refs", "_stored", "starts")

    def __init__(
        self,
        objects: Objects,
        layout: Layout,
        refs: Sequence[FrameRef],
        own_key: str,
        stored: Layout | None = None,
    ) -> None:
        self._objects = objects
        self._layout = layout
        self._stored = layout if stored is None else stored
        self._refs = refs
        self._own_key = own_key
        self._frames: list[Frame | None] = [None] * len(refs)
        self.starts = [0, *accumulate(ref.rows for ref in refs)][:-1]

    def frame(self, k: int) -> Frame:
        """Frame k."""
        found = self._frames[k]
        if found is None:
            found = open_frame(self._objects, self._stored, self._refs[k], self._own_key)
            if self._stored is not self._layout:
                found = over.WidenedFrame(found, self._layout)  # type: ignore[arg-type]
            self._frames[k] = found
        return found

    def slice(self, low: int, high: int) -> ColumnData:
        """Rows low:high (low < high) as one; may share memory with a frame."""
        return columnar.concat([self.frame(k).slice(a, z) for k, a, z in self.runs(low, high)])

    def take(self, rows: Rows) -> ColumnData:
        """Rows by position, in the order given; at least one."""
        parts = self.parts(rows)
        data = columnar.concat([self.frame(k).take(inner) for k, inner, _ in parts])
        if len(parts) == 1:
            return data
        back = np.empty(len(rows), np.int64)
        back[np.concatenate([places for _, _, places in parts])] = np.arange(len(rows))
        return columnar.take_rows(data, back)

    def nulls(self, rows: Rows) -> int:
        """NULLs among rows by position; reads no values."""
        return sum(self.frame(k).nulls(inner) for k, inner, _ in self.parts(rows))

    def parts(self, rows: Rows) -> list[tuple[int, Rows, Rows]]:
        """(frame, positions within it, places in `rows`)."""
        return partition(np.array(self.starts, np.int64), rows, np.arange(len(rows)))

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
    """A column that is younger than its fragment: its default, or NULL, in every row."""

    __slots__ = ("_default", "_layout")

    def __init__(self, layout: Layout, default: ColumnData | None) -> None:
        self._layout = layout
        self._default = default
        self.valid = None

    def nulls(self, rows: Rows) -> int:
        """All of them, or none."""
        return len(rows) if self._default is None else 0

    def cell(self, row: int) -> Any:
        """NULL, or the default."""
        del row
        return None if self._default is None else pieces.PieceFrame(self._default).cell(0)

    def slice(self, low: int, high: int) -> ColumnData:
        """As many as rows low:high."""
        return self.take(np.arange(low, high))

    def take(self, rows: Rows) -> ColumnData:
        """As many as rows."""
        if self._default is None:
            return columnar.nulls(self._layout, len(rows))
        return columnar.take_rows(self._default, np.zeros(len(rows), np.int64))


class SingleFrameChunk(Chunk):
    """A chunk whose rows are all in one frame."""

    __slots__ = ("_rows",)

    def __init__(self, rows: int, frame: Frame | None) -> None:
        self.starts = [0]
        self._frames = [frame]
        self._rows = rows

    def rows_of(self, k: int) -> int:
        """All of them."""
        del k
        return self._rows

    def runs(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """The rows asked for."""
        yield 0, low, high


class EditedChunk(SingleFrameChunk):
    """A chunk with overlays or deleted rows; these are read when first touched."""

    __slots__ = ("_open",)

    def __init__(self, rows: int, open_: Callable[[], Frame]) -> None:
        super().__init__(rows, None)
        self._open: Callable[[], Frame] | None = open_

    def frame(self, k: int) -> Frame:
        """The only one."""
        found = self._frames[k]
        open_ = self._open
        if found is None and open_ is not None:
            found = self._frames[k] = open_()
            self._open = None  # it refers to the fragment, and that to this: free both at once
        if found is None:  # another thread has just opened it
            found = self._frames[k]
        assert found is not None
        return found


class OpenFragment:
    """A fragment with readers of its columns.

    Args:
        objects: where.
        fragment: as stored.
        own_key: the object of its block.
        edit: what an open transaction changes of it.
        path: its record in the tree, after those of the nodes above it.
    """

    __slots__ = (
        "_bitmaps",
        "_chunks",
        "_deleted",
        "_live",
        "_objects",
        "_own_key",
        "_parts",
        "_versions",
        "edit",
        "fragment",
        "path",
        "rows",
    )  # fmt: skip

    def __init__(
        self,
        objects: Objects,
        fragment: Fragment,
        own_key: str,
        edit: FragmentEdit | None = None,
        path: tuple[Record, ...] = (),
    ) -> None:
        self._objects = objects
        self._own_key = own_key
        self.fragment = fragment
        self.edit = edit
        self.path = path
        self.rows = fragment.live_rows - (0 if edit is None else len(edit.deleted))
        self._parts: dict[int, ColumnChunk] = {c.column_id: c for c in fragment.columns}
        self._chunks: dict[int, Chunk] = {}
        self._live: Live | None = None
        self._bitmaps: dict[BitmapRef, Rows] = {}
        self._versions: dict[FrameRef, Versions] = {}
        self._deleted: Rows | None = None

    @property
    def objects(self) -> Objects:
        """Where it is read from."""
        return self._objects

    @property
    def stored_rows(self) -> int:
        """How many rows it was written with: deleted ones count."""
        return self.fragment.rows

    @property
    def deletion(self) -> Deletion | None:
        """The rows whose deletion is committed."""
        return self.fragment.deletion

    @property
    def own_key(self) -> str:
        """The object of its block."""
        return self._own_key

    def chunk(self, column: Column) -> Chunk:
        """The reader of one column; counts the rows that are left."""
        found = self._chunks.get(column.column_id)
        if found is None:
            found = self._chunks[column.column_id] = self._open_chunk(column)
        return found

    def _open_chunk(self, column: Column) -> Chunk:
        written = self.written(column)
        column_id = column.column_id
        overlays = [o for o in self.fragment.overlays if o.column_id == column_id]
        staged = [] if self.edit is None else self.edit.patches.get(column_id, [])
        if not overlays and not staged and self.rows == self.fragment.rows:
            return written

        key, rows = self._own_key, self.fragment.rows

        def read() -> Frame:
            patches = self._objects.parallel(
                lambda o: over.read_overlay(self._objects, column, o, key, rows),
                overlays,
            )
            return edited.EditedFrame(written, self.live, edited.patched([*patches, *staged]))

        return EditedChunk(self.rows, read)

    def written(self, column: Column) -> Chunk:
        """The column as its frames hold it: without overlays, deleted rows included."""
        part = self.part(column.column_id)
        if part is None:
            frame = AbsentFrame(column.layout, column.default)
            return SingleFrameChunk(self.fragment.rows, frame)
        stored = column.layout_of(part.generation)
        return Chunk(self._objects, column.layout, part.frames, self._own_key, stored)

    def part(self, column_id: int) -> ColumnChunk | None:
        """What its block says of a column; None if it does not hold it."""
        return self._parts.get(column_id)

    def same_rows(self, other: OpenFragment) -> bool:
        """Whether another has the same row ids at the same places, deleted rows included."""
        return self.fragment.row_ids == other.fragment.row_ids

    def frames(self, column_id: int) -> tuple[int, tuple[FrameRef, ...]]:
        """The frames of a column, () if it is not there, and the generation of their values."""
        part = self.part(column_id)
        return (0, ()) if part is None else (part.generation, part.frames)

    def overlays(self, column_id: int) -> list[Overlay]:
        """The overlays of a column, the last one on top."""
        return [o for o in self.fragment.overlays if o.column_id == column_id]

    def versions(self, column_id: int) -> tuple[Run, ...]:
        """The versions of a column's cells, overlays left out."""
        part = self.part(column_id)
        return self.fragment.versions if part is None else part.versions or self.fragment.versions

    def keep_bitmap(self, ref: BitmapRef, rows: Rows) -> None:
        """Remember a bitmap that was read together with others."""
        self._bitmaps[ref] = rows

    def bitmap(self, ref: BitmapRef) -> Rows:
        """The places in one of its bitmaps, kept: comparing trees asks again and again."""
        found = self._bitmaps.get(ref)
        if found is None:
            rows = self.stored_rows
            found = self._bitmaps[ref] = over.read_bitmap(self._objects, ref, self._own_key, rows)
        return found

    def overlay_versions(self, overlay: Overlay) -> Versions:
        """The version of each cell of an overlay: uint64 (1,) if all have the same."""
        if overlay.version != MIXED_VERSIONS:
            return np.array([overlay.version], np.uint64)
        found = self._versions.get(overlay.values)
        if found is None:
            found = over.read_versions(self._objects, overlay.values, self._own_key)
            self._versions[overlay.values] = found
        return found

    @property
    def deleted(self) -> Rows:
        """Places of the rows whose deletion is committed."""
        found = self._deleted
        if found is None:
            deletion, found = self.deletion, np.zeros(0, np.int64)
            if deletion is not None:
                found = self.bitmap(deletion.bitmap)
                if len(found) != deletion.rows:
                    raise MalformedObjectError(
                        f"a bitmap in {self._own_key} deletes {len(found)} rows, "
                        f"not {deletion.rows}"
                    )
            self._deleted = found
        return found

    @property
    def live(self) -> Live | None:
        """Places of the rows that are left; None if all are."""
        if self.rows == self.stored_rows:
            return None
        if self._live is None:
            staged = () if self.edit is None else self.edit.deleted
            gone = np.concatenate([self.deleted, np.asarray(staged, np.int64)])
            self._live = over.live_places(self.stored_rows, gone)
        return self._live

    def places(self, rows: Rows) -> Rows:
        """Positions among the rows that are left -> places."""
        return rows if self.live is None else self.live[rows].astype(np.int64)

    @property
    def ids(self) -> Rows:
        """The row id of every place, deleted rows included: int64. Staged rows have none."""
        runs = self.fragment.row_ids
        return np.concatenate([np.arange(r.start, r.start + r.rows) for r in runs])

    def ids_at(self, places: Rows) -> Rows:
        """The row ids of some places."""
        runs = self.fragment.row_ids
        if len(runs) == 1:
            return places + runs[0].start
        starts = np.array([run.start for run in runs])
        ends = np.cumsum([run.rows for run in runs])
        k = np.searchsorted(ends, places, "right")
        found: Rows = starts[k] + places - np.concatenate([[0], ends[:-1]])[k]
        return found

    def live_ids(self) -> Rows:
        """Ids of the rows that are left, in order: int64 (rows,)."""
        return self.ids if self.live is None else self.ids[self.live]

    def positions(self, places: Rows) -> Rows:
        """Places of rows that are left -> positions among these."""
        return places if self.live is None else np.searchsorted(self.live, places)


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
