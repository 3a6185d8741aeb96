"""Reading fragments that were changed: overlays laid over frames, deleted rows left out.

Everything above counts the rows that are left; below, frames count all rows that were written
(*places*). `EditedFrame` is where the two meet: one frame for all rows of a chunk.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format import bitmap as bitmaps
from deeplake.format import frame as f
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.keys import object_key
from deeplake.table.frames import FixedFrame, Frame, open_frame
from deeplake.table.patch import Patch, among, holds, layered
from deeplake.table.pieces import PieceFrame
from deeplake.types.base import FixedData
from deeplake.types.data import put_rows, take_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import BitmapRef, FrameRef, Overlay
    from deeplake.table.columns import Column
    from deeplake.table.fragments import Chunk
    from deeplake.types.base import ColumnData, FixedLayout, Layout
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]
    Valid = npt.NDArray[np.bool_]
    Live = npt.NDArray[np.uint16]
    """Places of the rows that are left: a fragment has at most 65,536."""

SPARSE = 4
"""Rows are gathered one by one where their span is over so many times their number."""

RUN_ROWS_MIN, RUN_ROW_BYTES_MIN = 8, 256
"""Rows between deleted ones are copied as runs if these are so long on average, and the rows so
wide: 20,000 vectors of 2 KB with 500 gaps take 1.6 ms, one by one 2.2, without gaps 1.5."""

WHOLE_BYTES_MAX = 1 << 20
"""Changed columns of a fragment up to this size are put together once when they are read in
order: labels, not vectors."""


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


def read_versions(objects: Objects, ref: FrameRef, own_key: str) -> npt.NDArray[np.uint64]:
    """The version of each cell of an overlay that has several, verified.

    Raises:
        ChecksumError, TruncatedObjectError, MalformedObjectError
    """
    key = object_key(ref.object_id) if ref.object_id else own_key
    where = f"the frame at byte {ref.offset} of {key}"
    raw = bytes(objects.store.get_range(key, ref.offset + ref.length, ref.index_length))
    if crc32c(raw) != ref.index_crc:
        raise damaged(f"the index of {where}")
    found = f.FrameIndex(raw, ref.length, where).small(f.VERSIONS, "<u8")
    if found is None or len(found) != ref.rows:
        raise MalformedObjectError(f"{where} lacks the versions of its {ref.rows} cells")
    return found


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

    __slots__ = ("_at", "_base", "_live", "_patch", "_rows", "_runs", "_values", "_whole")

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
        self._runs: tuple[list[int], list[int]] | None = None
        """Rows at which places jump, and the places there."""
        written = base.starts[-1] + base.rows_of(len(base.starts) - 1)
        self._rows = written if live is None else len(live)
        self._whole: FixedData | None = None
        """All rows, once a column of few bytes was read in order."""

    @property
    def _positions(self) -> list[int]:
        """Rows with new values: bisecting a list takes a tenth of searching an array."""
        if self._at is None:
            self._at = [] if self._patch is None else self._patch.positions.tolist()
        return self._at

    def _patched(self, row: int) -> tuple[PieceFrame, int] | None:
        """The frame and row of a cell that has a new value."""
        if self._patch is None:
            return None
        if self._values is None:
            self._values = PieceFrame(self._patch.data)
        at = self._positions
        k = bisect_left(at, row)
        return (self._values, k) if k < len(at) and at[k] == row else None

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

    def fill(self, low: int, high: int, out: npt.NDArray[Any]) -> Valid | None:
        """Rows low:high of a fixed column, each copied once, straight into `out`."""
        whole = self._whole
        if whole is None and out.strides[0] * self._rows <= WHOLE_BYTES_MAX:
            found = self.slice(0, self._rows)
            assert isinstance(found, FixedData)
            whole = self._whole = found
        if whole is not None:
            out[...] = whole.values[low:high]
            return None if whole.valid is None else whole.valid[low:high]
        valid = self._fill_written(low, high, out)
        patch = self._patch
        if patch is None:
            return valid
        positions = self._positions
        first, last = bisect_left(positions, low), bisect_left(positions, high)
        if first < last:
            data, new = patch.data, patch.positions[first:last] - low
            out[new] = data.values[first:last]  # type: ignore[union-attr]
            if valid is not None or data.valid is not None:
                valid = np.ones(high - low, np.bool_) if valid is None else valid.copy()
                valid[new] = True if data.valid is None else data.valid[first:last]
        return valid

    def _fill_written(self, low: int, high: int, out: npt.NDArray[Any]) -> Valid | None:
        """Rows low:high as their frames hold them."""
        if self._runs is None:
            self._runs = _runs_of(self._live)
        starts, places = self._runs
        first_run, stop = bisect_right(starts, low) - 1, bisect_left(starts, high)
        if out.strides[0] < RUN_ROW_BYTES_MIN or (stop - first_run) * RUN_ROWS_MIN > high - low:
            live = self._live
            if live is not None:
                return self._fill_places(live[low:high], out)
        runs = zip(
            [low, *starts[first_run + 1 : stop]],
            [*starts[first_run + 1 : stop], high],
            [places[first_run] + low - starts[first_run], *places[first_run + 1 : stop]],
            strict=True,
        )
        base, valid = self._base, None
        last = places[stop - 1] + high - starts[stop - 1]
        first = places[first_run] + low - starts[first_run]
        k = bisect_right(base.starts, first) - 1
        start = base.starts[k]
        frame = base.frame(k)
        if last <= start + base.rows_of(k) and type(frame) is FixedFrame and frame.valid is None:
            stored = frame.verified(first - start, last - start)
            for at, until, place in runs:
                out[at - low : until - low] = stored[place - first : place - first + until - at]
            return None
        for at, until, place in runs:
            row = at - low
            for k, a, z in base.runs(place, place + until - at):
                some = base.frame(k).fill(a, z, out[row : row + z - a])
                if some is not None:
                    valid = _noted(valid, some, row, high - low)
                row += z - a
        return valid

    def _fill_places(self, places: Live, out: npt.NDArray[Any]) -> Valid | None:
        """Ascending places, one by one."""
        base = self._base
        valid: Valid | None = None
        for k, a, z in base.runs(int(places[0]), int(places[-1]) + 1):
            start = base.starts[k]
            at, stop = np.searchsorted(places, (start + a, start + z)).tolist()
            some = _take_into(base.frame(k), places[at:stop].astype(np.int64) - start, out[at:stop])
            if some is not None:
                valid = _noted(valid, some, at, len(places))
        return valid

    def take_into(self, rows: Rows, out: npt.NDArray[Any], at: Rows | None) -> bool:
        """Rows of a fixed column straight into `out[at]`; False if some may be NULL, or if their
        frames cannot: then nothing was done.
        """
        patch = self._patch
        places = rows if self._live is None else self._live[rows].astype(np.int64)
        where = np.arange(len(rows)) if at is None else at
        parts = [(self._base.frame(k), inner, to) for k, inner, to in self._base.parts(places)]
        if (patch is not None and patch.data.valid is not None) or not all(
            isinstance(frame, FixedFrame) and frame.valid is None for frame, _, _ in parts
        ):
            return False
        for frame, inner, to in parts:
            frame.take_into(inner, out, at if len(parts) == 1 else where[to])  # type: ignore[attr-defined]
        if patch is not None:
            new = np.flatnonzero(holds(patch.positions, rows))
            if len(new):
                k = np.searchsorted(patch.positions, rows[new])
                out[where[new]] = patch.data.values[k]  # type: ignore[union-attr]
        return True

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


def _runs_of(live: Live | None) -> tuple[list[int], list[int]]:
    """Rows at which places jump, the first one included, and the places there."""
    if live is None:
        return [0], [0]
    cuts = np.flatnonzero(np.diff(live.astype(np.int64), prepend=-2) != 1)
    return cuts.tolist(), live[cuts].tolist()


def _take_into(frame: Frame, rows: Rows, out: npt.NDArray[Any]) -> Valid | None:
    """Ascending rows of a frame into `out`: by runs, or one by one where few lie together."""
    if isinstance(frame, FixedFrame) and frame.valid is None:
        frame.take_into(rows, out, None)
        return None
    data = frame.take(rows)
    assert isinstance(data, FixedData)
    out[...] = data.values
    return data.valid


def _noted(valid: Valid | None, some: Valid | None, at: int, rows: int) -> Valid | None:
    """Which of `rows` are not NULL, with what is known of some of them from `at` on."""
    if some is None:
        return valid
    whole = np.ones(rows, np.bool_) if valid is None else valid
    whole[at : at + len(some)] = some
    return whole
