"""Column data -> one frame in a pack, large values as objects of their own; overlays likewise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake import settings
from deeplake.format import bitmap as bitmaps
from deeplake.format.checksum import crc32c
from deeplake.format.encode import External, encode_frame
from deeplake.format.fragment import MIXED_VERSIONS, BitmapRef, Deletion, FrameRef, Overlay
from deeplake.format.frame import EncodedFrame
from deeplake.table import packs
from deeplake.types.base import VarData, is_media
from deeplake.types.data import var_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.table.columns import Column
    from deeplake.table.packs import PackWriter
    from deeplake.table.patch import Patch
    from deeplake.types.base import ColumnData, Layout

    Versions = npt.NDArray[np.uint64]


def write_frame(
    writer: PackWriter,
    layout: Layout,
    data: ColumnData,
    before: bytes = b"",
    versions: Versions | None = None,
) -> FrameRef:
    """Put rows into a pack as one frame, `before` right in front of it.

    Raises:
        StoreError: an earlier pack could not be stored; nothing was added.
    """
    media = is_media(layout)
    externals: list[External] = []
    if media and isinstance(data, VarData):
        data, externals = _split_large(writer, data)
    frame = encode_frame(layout, data, externals, versions)
    length = frame.payload_length
    if before:
        frame = frame._replace(
            parts=[before, *frame.parts], payload_length=len(before) + frame.payload_length
        )
    place = writer.add(frame, packs.MEDIA if media else packs.ARRAYS)
    return FrameRef(
        place.pack_id, frame.rows, place.offset + len(before), length, len(frame.index),
        frame.index_crc,
    )  # fmt: skip


def _split_large(writer: PackWriter, data: VarData) -> tuple[VarData, list[External]]:
    """Store values over 8 MiB as objects of their own; they are empty in the frame."""
    if int(data.offsets[-1]) <= settings.MEDIA_OBJECT_BYTES:
        return data, []  # all together are not large: no 35 us of looking at each
    sizes = np.diff(data.offsets)
    large = np.flatnonzero(sizes > settings.MEDIA_OBJECT_BYTES).tolist()
    if not large:
        return data, []
    buffers = var_rows(data)
    externals = []
    for row in large:
        value = buffers[row]
        object_id = writer.add_object(value)
        externals.append(External(row, object_id, len(value), crc32c(value)))
        buffers[row] = b""
    sizes[large] = 0
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return VarData(offsets, buffers, data.valid, data.extras), externals


def write_overlay(
    writer: PackWriter, column: Column, patch: Patch, version: int | Versions = 0
) -> Overlay:
    """New values and, right before them, the bitmap of their places: one read gets both.

    Args:
        version: of all the cells, or one for each.
    """
    versions = None
    if not isinstance(version, int):
        versions, version = version, MIXED_VERSIONS
    bitmap = bitmaps.encode(patch.positions)
    before = bitmap + bytes(-len(bitmap) % 8)
    values = write_frame(writer, column.layout, patch.data, before, versions)
    at = values.offset - len(before)
    place = BitmapRef(values.object_id, at, len(bitmap), crc32c(bitmap))
    return Overlay(column.column_id, version, place, values, column.generation)


def write_deletion(writer: PackWriter, places: npt.NDArray[np.int64], version: int = 0) -> Deletion:
    """The bitmap of all deleted rows of a fragment."""
    bitmap = bitmaps.encode(places)
    frame = EncodedFrame(0, [bitmap], len(bitmap), b"", 0)
    place = writer.add(frame, packs.ARRAYS)
    ref = BitmapRef(place.pack_id, place.offset, len(bitmap), crc32c(bitmap))
    return Deletion(ref, len(places), version)
