"""Overlays, bitmaps and widened frames: the parts of a changed fragment as they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format import bitmap as bitmaps
from deeplake.format import frame as f
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.keys import object_key
from deeplake.table.frames import Frame, open_frame
from deeplake.table.patch import Patch
from deeplake.types.base import FixedData

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import BitmapRef, FrameRef, Overlay
    from deeplake.table.columns import Column
    from deeplake.table.fragments import OpenFragment
    from deeplake.types.base import ColumnData, FixedLayout, Layout
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]
    Live = npt.NDArray[np.uint16]
    """Places of the rows that are left: a fragment has at most 65,536."""


def read_bitmap(objects: Objects, ref: BitmapRef, own_key: str, rows: int) -> Rows:
    """The positions of a stored bitmap, verified.

    Raises:
        ChecksumError, TruncatedObjectError, MalformedObjectError
    """
    key = object_key(ref.object_id) if ref.object_id else own_key
    stored = bytes(objects.store.get_range(key, ref.offset, ref.length))
    return bitmap_of(stored, ref, rows, key)


def read_bitmaps(wanted: Sequence[tuple[OpenFragment, BitmapRef]]) -> None:
    """Read bitmaps of fragments, those of one object in one request, and have them kept there.

    Raises:
        ChecksumError, TruncatedObjectError, MalformedObjectError
    """
    if not wanted:
        return
    if len(wanted) == 1:
        wanted[0][0].bitmap(wanted[0][1])
        return
    by_object: dict[tuple[bytes, str], list[tuple[OpenFragment, BitmapRef]]] = {}
    for one in wanted:
        home = one[1].object_id
        by_object.setdefault((home, "" if home else one[0].own_key), []).append(one)

    def read(item: tuple[tuple[bytes, str], list[tuple[OpenFragment, BitmapRef]]]) -> None:
        (home, own), those = item
        key = object_key(home) if home else own
        asked = [(ref.offset, ref.length) for _, ref in those]
        store = those[0][0].objects.store  # a virtual base's own slot is in its objects alone
        found = store.get_ranges(key, asked)
        for (fragment, ref), raw in zip(those, found, strict=True):
            fragment.keep_bitmap(ref, bitmap_of(bytes(raw), ref, fragment.stored_rows, key))

    wanted[0][0].objects.parallel(read, list(by_object.items()))


def bitmap_of(stored: bytes, ref: BitmapRef, rows: int, key: str) -> Rows:
    """The positions of a bitmap that was read, verified."""
    if crc32c(stored) != ref.crc:
        raise damaged(f"the bitmap at byte {ref.offset} of {key}")
    found = bitmaps.few(stored, rows)
    if found is not None:
        return found
    return bitmaps.decode(stored, rows, f"the bitmap at byte {ref.offset} of {key}")


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
