"""Column data -> frames. SPEC section "Frames", writing side.

A codec is kept only where it saves at least 15 %: pcodec for numbers, zstd for single bytes and
for blocks of text; vectors, tensors and media stay plain, so that they map and slice. Integers of
few bits are packed instead of pcodec, so that few of them are read without the others.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deeplake import settings
from deeplake.format import frame as f
from deeplake.format import packed
from deeplake.format.checksum import block_checksums, crc32c
from deeplake.types.base import (
    FixedData,
    FixedLayout,
    ListData,
    ListLayout,
    StructData,
    StructLayout,
    VarData,
    VarLayout,
    row_count,
)
from deeplake.types.data import join_bytes, var_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.types.base import ColumnData, Layout

CODEC_ROWS_MIN = 256
"""Below this many values no codec is tried: its header costs more than it saves."""

_PCODEC_DTYPES = frozenset("<" + k for k in ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8"))


_PACKED_DTYPES = frozenset("<" + k for k in ("i2", "i4", "i8", "u2", "u4", "u8"))

SAMPLE_ROWS = 1024
"""Values in each of the two runs that pcodec is tried on."""


class External(NamedTuple):
    """A value stored as an object of its own: row within the frame, object, length, checksum."""

    row: int
    object_id: bytes
    length: int
    crc: int


def encode_frame(
    layout: Layout,
    data: ColumnData,
    externals: Sequence[External] = (),
    versions: npt.NDArray[np.uint64] | None = None,
) -> f.EncodedFrame:
    """One frame from the rows of `data`.

    Values listed in `externals` must be empty in `data`; `versions` are those of an overlay whose
    cells have several. The payload refers to the buffers of
    `data` without copying them, wherever the layout is flat.
    """
    rows = row_count(data)
    if rows == 1 and data.valid is None and versions is None and not externals:
        frame = _plain_row(layout, data)
        if frame is not None:
            return frame
    build = f.IndexBuilder()
    if versions is not None:
        build.inline(f.VERSIONS, 0, versions.astype("<u8").tobytes())
    if isinstance(layout, VarLayout) and isinstance(data, VarData):
        _var_top(build, layout, data, externals)
        return build.finish(rows, 0)
    block_bytes = settings.CHECKSUM_BLOCK_BYTES
    packing = _packing(layout, data)
    if packing is None:
        _node(build, layout, data, 0)
    else:
        block_bytes = _packed_values(build, data, packing)
    if len(build.parts) > 1:
        build.parts = [join_bytes(build.parts)]
    payload = build.parts[0] if build.parts else b""
    build.inline(f.BLOCK_CHECKSUMS, 0, _stored(block_checksums(payload, block_bytes)))
    return build.finish(rows, block_bytes)


def _packing(layout: Layout, data: ColumnData) -> packed.Packing | None:
    """How the values of a column are packed; None if they are not, but stored otherwise.

    Whether pcodec makes much less of them is asked of 2,048 values, in 100 us instead of 800. It
    does of what ascends.
    """
    if not isinstance(layout, FixedLayout) or layout.dtype not in _PACKED_DTYPES or layout.shape:
        return None
    values = data.values  # type: ignore[union-attr]
    rows = len(values)
    if rows < settings.PACKED_ROWS_MIN or bool((values[1:] >= values[:-1]).all()):
        return None
    packing = packed.packing_of(values)
    most = 8 * values.itemsize * (1 - settings.CODEC_SAVING_MIN)
    if packing is None or packing.width > most:
        return None
    sample = np.concatenate([values[at : at + SAMPLE_ROWS] for at in (rows // 4, rows // 2)])
    least, _ = _squeeze(_bytes_of(sample), layout.dtype)
    small = packed.size_of(len(sample), packing.width) <= len(least) * settings.PACKED_SIZE_MAX
    return packing if small else None


def _packed_values(build: f.IndexBuilder, data: ColumnData, packing: packed.Packing) -> int:
    """Add packed values; returns the size of a checksummed block, which is a group."""
    assert isinstance(data, FixedData)
    _validity(build, data.valid, 0)
    stored = packed.pack(np.ascontiguousarray(data.values), packing)
    build.payload(f.VALUES, 0, [stored], len(stored), f.PACKED)
    build.packing((packing.base % (1 << 64)).to_bytes(8, "little"), packing.width)
    return packing.group_bytes


def _plain_row(layout: Layout, data: ColumnData) -> f.EncodedFrame | None:
    """The frame of one row whose buffers are known beforehand: the same bytes in a third of the
    time, as a commit of one row makes one for each column. None if there is more to it.
    """
    if isinstance(data, FixedData) and isinstance(layout, FixedLayout):
        values = data.values
        size = values.nbytes
        if not 0 < size <= settings.CHECKSUM_BLOCK_BYTES or (data.norms is None) is layout.norms:
            return None
        raw = values.tobytes()
        norms = b"" if data.norms is None else data.norms.tobytes()
        return f.fixed_row(raw, norms, settings.CHECKSUM_BLOCK_BYTES)
    if isinstance(data, VarData) and isinstance(layout, VarLayout) and len(data.buffers) == 1:
        value = data.buffers[0]
        if len(value) >= 1024 and (layout.compress or len(value) >= 1 << 32):
            return None
        extras = [
            np.ascontiguousarray(values, extra.dtype).tobytes()
            for extra, values in zip(layout.extras, data.extras, strict=True)
        ]
        return f.var_row(value, extras)
    return None


def _node(build: f.IndexBuilder, layout: Layout, data: ColumnData, node: int) -> int:
    """Add one layout node (numbered in preorder) and its children; returns the next number."""
    _validity(build, data.valid, node)
    if isinstance(layout, FixedLayout) and isinstance(data, FixedData):
        _fixed(build, layout, data, node)
        return node + 1
    if isinstance(layout, VarLayout) and isinstance(data, VarData):
        size = int(data.offsets[-1])
        build.inline(f.OFFSETS, node, _offsets(data.offsets, size))
        build.payload(f.VALUES, node, [b for b in data.buffers if len(b)], size)
        _extras(build, layout, data, node)
        return node + 1
    if isinstance(layout, ListLayout) and isinstance(data, ListData):
        build.inline(f.OFFSETS, node, _offsets(data.offsets, int(data.offsets[-1])))
        return _node(build, layout.child, data.child, node + 1)
    if not isinstance(layout, StructLayout) or not isinstance(data, StructData):
        raise TypeError(f"{type(data).__name__} does not fit {type(layout).__name__}")
    after = node + 1
    for (_, child_layout), child in zip(layout.fields, data.children, strict=True):
        after = _node(build, child_layout, child, after)
    return after


def _validity(build: f.IndexBuilder, valid: npt.NDArray[np.bool_] | None, node: int) -> None:
    if valid is not None and not valid.all():
        build.inline(f.VALIDITY, node, np.packbits(valid, bitorder="little").tobytes())


def _fixed(build: f.IndexBuilder, layout: FixedLayout, data: FixedData, node: int) -> None:
    raw = _bytes_of(data.values)
    stored, codec = raw, f.PLAIN
    if not layout.shape and len(data.values) >= CODEC_ROWS_MIN:
        stored, codec = _squeeze(raw, layout.dtype)
    build.payload(f.VALUES, node, [stored] if len(stored) else [], len(stored), codec)
    if data.norms is not None:
        build.inline(f.NORMS, node, np.ascontiguousarray(data.norms, "<f4").tobytes())


def _bytes_of(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def _squeeze(raw: npt.NDArray[np.uint8], dtype: str) -> tuple[Any, int]:
    """The smaller of plain and the codec for `dtype`, with its codec id."""
    if dtype in _PCODEC_DTYPES:
        from pcodec import ChunkConfig, standalone

        packed, codec = standalone.simple_compress(raw.view(dtype), ChunkConfig()), f.PCODEC
    else:
        import zstandard

        packed, codec = zstandard.ZstdCompressor(3).compress(raw.data), f.ZSTD
    if len(packed) <= len(raw) * (1 - settings.CODEC_SAVING_MIN):
        return packed, codec
    return raw, f.PLAIN


def _stored(sums: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(sums)}I", *sums)  # a few numbers, 1.5 us sooner than NumPy


def _offsets(offsets: npt.NDArray[np.int64], size: int) -> bytes:
    """Offsets that end at `size`, in 4 bytes each where that does."""
    if len(offsets) == 2:
        return struct.pack("<II" if size < 1 << 32 else "<QQ", 0, size)
    return offsets.astype("<u4" if size < 1 << 32 else "<u8").tobytes()


def _extras(build: f.IndexBuilder, layout: VarLayout, data: VarData, node: int) -> None:
    for k, (extra, values) in enumerate(zip(layout.extras, data.extras, strict=True)):
        build.inline(f.EXTRA + k, node, np.ascontiguousarray(values, extra.dtype).tobytes())


def _var_top(
    build: f.IndexBuilder, layout: VarLayout, data: VarData, externals: Sequence[External]
) -> None:
    """A var column on its own: text in zstd blocks, or rows as they are, each checksummed."""
    _validity(build, data.valid, 0)
    size = int(data.offsets[-1])
    blocks = _text_blocks(data) if layout.compress and size >= 1024 else None
    build.inline(f.OFFSETS, 0, _offsets(data.offsets, size))
    if blocks is not None:
        parts, table = blocks
        build.payload(f.VALUES, 0, parts, sum(map(len, parts)), f.ZSTD_BLOCKS)
        build.inline(f.TEXT_BLOCKS, 0, table)
    else:
        sums = [crc32c(b) for b in var_rows(data)]
        build.payload(f.VALUES, 0, [b for b in data.buffers if len(b)], size)
        build.inline(f.CHECKSUMS, 0, _stored(sums))
    _extras(build, layout, data, 0)
    if externals:
        records = [(e.row, e.crc, e.length, e.object_id) for e in externals]
        build.inline(f.EXTERNAL, 0, np.array(records, f.EXTERNAL_DTYPE).tobytes())


def _text_blocks(data: VarData) -> tuple[list[Any], bytes] | None:
    """Zstd blocks of whole rows of about 32 KiB and their table; None if they save too little."""
    import zstandard

    joined = memoryview(join_bytes(data.buffers))
    block_of = data.offsets[:-1] // settings.TEXT_BLOCK_BYTES
    first_rows = np.flatnonzero(np.diff(block_of, prepend=-1))
    cuts = [*data.offsets[first_rows].tolist(), len(joined)]
    compress = zstandard.ZstdCompressor(3).compress
    parts = [compress(joined[a:z]) for a, z in pairwise(cuts)]
    if sum(map(len, parts)) > len(joined) * (1 - settings.CODEC_SAVING_MIN):
        return None
    table = np.zeros(len(parts), f.TEXT_BLOCK_DTYPE)
    table["row"] = first_rows
    table["offset"] = np.cumsum([0, *map(len, parts[:-1])])
    table["crc"] = [crc32c(part) for part in parts]
    return parts, table.tobytes()
