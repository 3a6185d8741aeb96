"""Frames: the values of one column for a run of rows, as a payload and a small index.

SPEC section "Frames". The payload holds the heavy bytes in Arrow's buffer layout (fixed values,
media, text blocks); the index, right behind it, says where each buffer lies, how it is encoded,
and how it is checksummed. Knows no type, only layouts; does no I/O.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError, ValueTooLargeError
from deeplake.format.checksum import crc32c
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.types.base import Buffer

# Roles of buffers.
VALIDITY = 0  # bitmap, least significant bit first, 1 = not NULL; absent when no row is NULL
VALUES = 1
OFFSETS = 2  # rows + 1 unsigned integers of 4 bytes, or of 8 where 4 do not reach
CHECKSUMS = 3  # crc32c of each row's value, uint32
BLOCK_CHECKSUMS = 4  # crc32c of each block of the payload, uint32
NORMS = 5  # float32 L2 norm of each row
TEXT_BLOCKS = 6  # records of three uint32: first row, payload offset, crc32c of the stored bytes
EXTERNAL = 7  # records of 32 bytes: values stored as objects of their own
REFERENCES = 8  # records of 32 bytes: runs of rows whose bytes lie in other objects
VERSIONS = 9  # of an overlay whose cells have several: the version of each row, uint64
PACKING = 10  # of packed values: what is added to each, 8 bytes, and their width in bits, uint32
EXTRA = 16  # EXTRA + k: the k-th extra of a var layout

# Codecs of buffers.
PLAIN = 0
ZSTD = 1  # the whole buffer as one zstd frame
PCODEC = 2  # the whole buffer as one standalone pcodec file
ZSTD_BLOCKS = 3  # zstd frames of whole rows, listed by TEXT_BLOCKS
PACKED = 4  # integers of few bits, see `packed`

_HEAD = struct.Struct("<II")  # buffers, block bytes
_BUFFER = struct.Struct("<BBHIQQ")  # role, codec, node, zero, offset, length
EXTERNAL_DTYPE = np.dtype([("row", "<u4"), ("crc", "<u4"), ("length", "<u8"), ("object", "V16")])
TEXT_BLOCK_DTYPE = np.dtype([("row", "<u4"), ("offset", "<u4"), ("crc", "<u4")])
INDEX_BYTES_MAX = (1 << 32) - 1


class BufferEntry(NamedTuple):
    """Where one buffer lies: `offset` from the payload's start; past its end, in the index."""

    role: int
    codec: int
    node: int
    offset: int
    length: int


class EncodedFrame(NamedTuple):
    """A frame ready to be written: `parts` joined are the payload, `index` follows it.

    `packed` tells of values that readers of commits without the feature do not understand.
    """

    rows: int
    parts: list[Buffer]
    payload_length: int
    index: bytes  # type: ignore[assignment]
    index_crc: int
    packed: bool = False


class IndexBuilder:
    """Collects the buffers of one frame and packs its index."""

    __slots__ = ("_entries", "_inline", "_inline_length", "packed", "parts", "payload_length")

    def __init__(self) -> None:
        self.packed = False
        self.parts: list[Buffer] = []
        self.payload_length = 0
        self._entries: list[tuple[int, int, int, int, int]] = []
        self._inline: list[bytes] = []
        self._inline_length = 0

    def payload(
        self, role: int, node: int, parts: list[Buffer], length: int, codec: int = PLAIN
    ) -> None:
        """A heavy buffer: goes to the payload as it is, aligned to 8 bytes."""
        gap = -self.payload_length % 8
        if gap:
            self.parts.append(bytes(gap))
            self.payload_length += gap
        self._entries.append((role, codec, node, self.payload_length, length))
        self.parts += parts
        self.payload_length += length

    def inline(self, role: int, node: int, data: bytes) -> None:
        """A small buffer: goes into the index, padded to 4 bytes."""
        self._entries.append((role, PLAIN, node, -self._inline_length - 1, len(data)))
        padded = data + bytes(-len(data) % 4)
        self._inline.append(padded)
        self._inline_length += len(padded)

    def packing(self, base: bytes, width: int) -> None:
        """What tells how the values of the whole column are packed."""
        self.inline(PACKING, 0, base + struct.pack("<I", width))
        self.packed = True

    def finish(self, rows: int, block_bytes: int) -> EncodedFrame:
        """The frame; `block_bytes` is 0 where rows or text blocks are checksummed instead.

        Raises:
            ValueTooLargeError: over 4 GiB of offsets, shapes and checksums.
        """
        count = len(self._entries)
        size = _HEAD.size + _BUFFER.size * count
        base = self.payload_length + size
        if size + self._inline_length > INDEX_BYTES_MAX:
            raise ValueTooLargeError(
                f"{rows} rows of one column need {size + self._inline_length:,} bytes beside their "
                f"values, over the limit of {INDEX_BYTES_MAX:,}.",
                hint="Split the longest lists over several rows.",
            )
        table = [count, block_bytes]
        for role, codec, node, at, length in self._entries:
            table += role, codec, node, 0, at if at >= 0 else base - at - 1, length
        start = struct.pack("<II" + "BBHIQQ" * count, *table)
        index = b"".join([start, *self._inline])
        crc = crc32c(index)
        return EncodedFrame(rows, self.parts, self.payload_length, index, crc, self.packed)


_FIXED_ROW = struct.Struct("<II" + "BBHIQQ" * 2 + "I")
_FIXED_ROW_NORMS = struct.Struct("<II" + "BBHIQQ" * 3 + "4sI")
_VAR_SUMS = struct.Struct("<III")


def fixed_row(raw: bytes, norms: bytes, block_bytes: int) -> EncodedFrame:
    """The frame of one row of equal size that is not NULL: what `IndexBuilder` makes of it.

    Args:
        raw: the row, at most `block_bytes`.
        norms: its float32 norm, or nothing.
    """
    size = len(raw)
    if norms:
        at = size + _FIXED_ROW_NORMS.size - 8
        index = _FIXED_ROW_NORMS.pack(
            3, block_bytes, VALUES, PLAIN, 0, 0, 0, size, NORMS, PLAIN, 0, 0, at, 4,
            BLOCK_CHECKSUMS, PLAIN, 0, 0, at + 4, 4, norms, crc32c(raw),
        )  # fmt: skip
    else:
        at = size + _FIXED_ROW.size - 4
        index = _FIXED_ROW.pack(
            2, block_bytes, VALUES, PLAIN, 0, 0, 0, size, BLOCK_CHECKSUMS, PLAIN, 0, 0, at, 4,
            crc32c(raw),
        )  # fmt: skip
    return EncodedFrame(1, [raw], size, index, crc32c(index))


def var_row(value: Buffer, extras: Sequence[bytes]) -> EncodedFrame:
    """The frame of one row of bytes that is neither NULL nor compressed, likewise.

    Args:
        value: the row, under 4 GiB.
        extras: of the row, as they are stored.
    """
    size, count = len(value), 3 + len(extras)
    base = size + _HEAD.size + _BUFFER.size * count
    table = [
        count, 0, OFFSETS, PLAIN, 0, 0, base, 8, VALUES, PLAIN, 0, 0, 0, size,
        CHECKSUMS, PLAIN, 0, 0, base + 8, 4,
    ]  # fmt: skip
    parts, at = [_VAR_SUMS.pack(0, size, crc32c(value))], base + 12
    for k, extra in enumerate(extras):
        table += EXTRA + k, PLAIN, 0, 0, at, len(extra)
        padded = extra + bytes(-len(extra) % 4)
        parts.append(padded)
        at += len(padded)
    index = struct.pack("<II" + "BBHIQQ" * count, *table) + b"".join(parts)
    return EncodedFrame(1, [value] if size else [], size, index, crc32c(index))


class FrameIndex:
    """A parsed index: finds buffers by role and layout node.

    Args:
        index: the index bytes, their checksum already verified by the caller.
        payload_length: bytes of the payload before it.
        where: the frame's place, for messages.

    Raises:
        MalformedObjectError: the table points outside the frame.
    """

    __slots__ = ("_entries", "_index", "_payload_length", "block_bytes", "where")

    def __init__(
        self, index: bytes | npt.NDArray[np.uint8], payload_length: int, where: str
    ) -> None:
        raw: Any = index
        if len(index) < _HEAD.size:
            raise MalformedObjectError(f"the frame index of {where} is {len(index)} bytes long")
        count, self.block_bytes = _HEAD.unpack_from(raw, 0)
        table_end = _HEAD.size + count * _BUFFER.size
        if len(index) < table_end:
            raise MalformedObjectError(f"the frame index of {where} is cut short")
        end = payload_length + len(index)
        self._entries: dict[tuple[int, int], BufferEntry] = {}
        for at in range(_HEAD.size, table_end, _BUFFER.size):
            role, codec, node, _, offset, length = _BUFFER.unpack_from(raw, at)
            low, high = (0, payload_length) if role == VALUES else (payload_length, end)
            if not low <= offset <= offset + length <= high:
                raise MalformedObjectError(f"a buffer of {where} lies outside its frame")
            if (role, node) in self._entries:
                raise MalformedObjectError(f"the frame {where} has its buffer {role}/{node} twice")
            self._entries[role, node] = BufferEntry(role, codec, node, offset, length)
        self._index = index
        self._payload_length = payload_length
        self.where = where

    def find(self, role: int, node: int = 0) -> BufferEntry | None:
        """The entry of a buffer, or None if the frame has none."""
        return self._entries.get((role, node))

    def need(self, role: int, node: int = 0) -> BufferEntry:
        """The entry of a buffer that must be there."""
        entry = self._entries.get((role, node))
        if entry is None:
            raise MalformedObjectError(f"the frame {self.where} lacks its buffer {role}/{node}")
        return entry

    def small(self, role: int, dtype: Any, node: int = 0) -> npt.NDArray[Any] | None:
        """An index-resident buffer as an array, or None if absent."""
        entry = self._entries.get((role, node))
        if entry is None:
            return None
        at = entry.offset - self._payload_length
        dtype = np.dtype(dtype)
        if entry.codec != PLAIN or entry.length % dtype.itemsize:
            raise MalformedObjectError(f"buffer {role}/{node} of {self.where} is no {dtype} array")
        return np.frombuffer(self._index, dtype, entry.length // dtype.itemsize, at)

    def validity(self, rows: int, node: int = 0) -> npt.NDArray[np.bool_] | None:
        """Which rows are not NULL, or None if all are."""
        bitmap = self.small(VALIDITY, np.uint8, node)
        if bitmap is None:
            return None
        if len(bitmap) != -(-rows // 8):
            raise MalformedObjectError(f"the validity of {self.where} does not fit its {rows} rows")
        return np.unpackbits(bitmap, count=rows, bitorder="little").view(np.bool_)

    def offsets(self, rows: int, node: int = 0) -> npt.NDArray[np.int64]:
        """Offsets of a var or list node as int64 (rows + 1,).

        Raises:
            MalformedObjectError: they decrease, or there are not rows + 1 of them from 0.
        """
        entry = self.need(OFFSETS, node)
        width = "<u8" if entry.length == 8 * (rows + 1) else "<u4"
        stored = self.small(OFFSETS, width, node)
        if stored is None or len(stored) != rows + 1:
            raise MalformedObjectError(f"the offsets of {self.where} do not fit its {rows} rows")
        found = stored.astype(np.int64)
        if found[0] or (found[1:] < found[:-1]).any():
            raise MalformedObjectError(f"the offsets of {self.where} decrease")
        return found
