"""Reading fragments that were changed: overlays laid over frames, deleted rows left out.

Everything above counts the rows that are left; below, frames count all rows that were written
(*places*). `EditedFrame` is where the two meet: one frame for all rows of a chunk.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format import bitmap as bitmaps
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.keys import object_key
from deeplake.table.frames import Frame, open_frame
from deeplake.table.patch import Patch, among, holds, layered
from deeplake.table.pieces import PieceFrame
from deeplake.types.base import FixedData
from deeplake.types.data import put_rows, take_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import BitmapRef, Overlay
    from deeplake.table.columns import Column
    from deeplake.table.fragments import Chunk
    from deeplake.types.base import ColumnData, FixedLayout, Layout
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]
    Live = npt.NDArray[np.uint16]
    """Places of the rows that are left: a fragment has at most 65,536."""

SPARSE = 4
"""Rows are gathered one by one where their span is over so many times their number."""


def read_bitmap(objects: Objects, ref: BitmapRef, own_key: str, rows: int) -> Rows:
    """The positions of a stored bitmap, verified.

    Raises:
        ChecksumError, TruncatedObjectError, MalformedObjectError
    """
    key = object_key(ref.object_id) if ref.object_id else own_key
    where = f"the bitmap at byte {ref.offset} of {key}"
    stored = bytes(objects.store.get_range(key, ref.offset, ref.length))
    if crc32c(stored) != ref.crc:
        raise damaged(where)
    return bitmaps.decode(stored, rows, where)


def live_places(rows: int, deleted: Rows) -> Live:
    """The places that are not deleted."""
    left = np.ones(rows, np.bool_)
    left[deleted] = False
    return np.flatnonzero(left).astype(np.uint16)


def read_overlay(
    objects: Objects, column: Column, overlay: Overlay, own_key: str, rows: int
) -> Patch:
    """An overlay as a patch of places, its values in the column's type of today."""
    positions = read_bitmap(objects, overlay.bitmap, own_key, rows)
    if len(positions) != overlay.values.rows:
        raise MalformedObjectError(
            f"an overlay in {own_key} has {overlay.values.rows} values for {len(positions)} rows"
        )
    stored = column.layout_of(overlay.generation)
    data = open_frame(objects, stored, overlay.values, own_key).slice(0, len(positions))
    return Patch(positions, as_layout(data, column.layout))


def as_layout(data: ColumnData, layout: Layout) -> ColumnData:
    """Rows that were written in a narrower type, in the column's type of today."""
    if not isinstance(data, FixedData) or data.values.dtype == layout.dtype:  # type: ignore[union-attr]
        return data
    return FixedData(data.values.astype(layout.dtype), data.valid, data.norms)  # type: ignore[union-attr]


class WidenedFrame(Frame):
    """A frame written before its column was widened."""

    __slots__ = ("_inner", "_layout")

    def __init__(self, inner: Frame, layout: FixedLayout) -> None:
        self._inner = inner
        self._layout = layout
        self.valid = inner.valid

    def cell(self, row: int) -> Any:
        """One raw cell."""
        value = self._inner.cell(row)
        return None if value is None else np.asarray(value).astype(self._layout.dtype)[()]

    def slice(self, low: int, high: int) -> ColumnData:
        """Rows low:high."""
        return as_layout(self._inner.slice(low, high), self._layout)

    def take(self, rows: Rows) -> ColumnData:
        """Rows by position."""
        return as_layout(self._inner.take(rows), self._layout)


class EditedFrame(Frame):
    """All rows of a chunk that are left, with the newest value of each.

    Args:
        base: the chunk as it was written.
        live: places of the rows that are left; None if all are.
        patch: new values by place, or None.
    """

    __slots__ = ("_at", "_base", "_live", "_patch", "_values")

    def __init__(self, base: Chunk, live: Live | None, patch: Patch | None) -> None:
        self._base = base
        self._live = live
        self.valid = None
        if patch is not None and live is not None:
            patch = among(patch, holds(live.astype(np.int64), patch.positions))
            patch = Patch(np.searchsorted(live, patch.positions), patch.data)
        self._patch = None if patch is None or not len(patch.positions) else patch
        self._at: list[int] | None = None
        self._values: PieceFrame | None = None

    def _patched(self, row: int) -> tuple[PieceFrame, int] | None:
        """The frame and row of a cell that has a new value."""
        if self._patch is None:
            return None
        if self._at is None or self._values is None:
            self._values = PieceFrame(self._patch.data)
            self._at = self._patch.positions.tolist()
        k = bisect_left(self._at, row)
        return (self._values, k) if k < len(self._at) and self._at[k] == row else None

    def cell(self, row: int) -> Any:
        """One raw cell."""
        new = self._patched(row)
        if new is not None:
            return new[0].cell(new[1])
        return self._base.cell(row if self._live is None else int(self._live[row]))

    def stored(self, row: int) -> bytes | None:
        """The stored bytes of one cell of a var column."""
        new = self._patched(row)
        if new is not None:
            return new[0].stored(new[1])
        return self._base.stored(row if self._live is None else int(self._live[row]))

    def nulls(self, rows: Rows) -> int:
        """NULLs among rows by position; reads no values but the new ones."""
        count = 0
        if self._patch is not None:
            new = holds(self._patch.positions, rows)
            valid = self._patch.data.valid
            if valid is not None:
                at = np.searchsorted(self._patch.positions, rows[new])
                count = int(new.sum()) - int(np.count_nonzero(valid[at]))
            rows = rows[~new]
        if not len(rows):
            return count
        places = rows if self._live is None else self._live[rows].astype(np.int64)
        return count + self._base.nulls(places)

    def slice(self, low: int, high: int) -> ColumnData:
        """Rows low:high."""
        if self._live is None:
            data = self._base.slice(low, high)
        else:
            data = self._gather(self._live[low:high].astype(np.int64))
        if self._patch is None:
            return data
        first, last = np.searchsorted(self._patch.positions, (low, high)).tolist()
        if first == last:
            return data
        new = np.arange(first, last)
        return put_rows(data, self._patch.positions[new] - low, take_rows(self._patch.data, new))

    def _gather(self, places: Rows) -> ColumnData:
        """Ascending places: cut out of one run where they lie close together."""
        first, last = int(places[0]), int(places[-1]) + 1
        if last - first == len(places):
            return self._base.slice(first, last)
        if last - first <= SPARSE * len(places):
            return take_rows(self._base.slice(first, last), places - first)
        return self._base.take(places)

    def take(self, rows: Rows) -> ColumnData:
        """Rows by position."""
        places = rows if self._live is None else self._live[rows].astype(np.int64)
        data = self._base.take(places)
        if self._patch is None:
            return data
        at = np.flatnonzero(holds(self._patch.positions, rows))
        if not len(at):
            return data
        new = np.searchsorted(self._patch.positions, rows[at])
        return put_rows(data, at, take_rows(self._patch.data, new))


def patched(patches: Sequence[Patch]) -> Patch | None:
    """Overlays and staged values of one chunk as one patch."""
    return layered(patches) if patches else None
