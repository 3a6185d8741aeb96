"""The indexes of two common kinds of frames, read at once: 1 us instead of 6 for a general reader.

What is of any other kind, and all that may be wrong, is left to that reader: then there is None.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any

import numpy as np

from deeplake.format import frame as f
from deeplake.format.packed import GROUP_ROWS, WIDTHS, Packing, size_of

_PLAIN = struct.Struct("<II" + "BBHIQQ" * 2 + "I")
_PACKED = struct.Struct("<II" + "BBHIQQ" * 3 + "8sI")


def plain_sum(index: bytes, rows: int, length: int, itemsize: int) -> int | None:
    """The checksum of a payload that is one block of plain numbers, none of them NULL.

    Args:
        index: of the frame, verified.
        rows, length: of the frame and its payload.
        itemsize: bytes of a number.
    """
    if len(index) != _PLAIN.size or length != rows * itemsize:
        return None
    (
        count, block, role, codec, node, _, at, size, sums, plain, of, _, sums_at, sums_size, crc,
    ) = _PLAIN.unpack(index)  # fmt: skip
    if (count, role, codec, node, at, size) != (2, f.VALUES, f.PLAIN, 0, 0, length):
        return None
    where = length + _PLAIN.size - 4
    if (sums, plain, of, sums_at, sums_size) != (f.BLOCK_CHECKSUMS, f.PLAIN, 0, where, 4):
        return None
    return crc if block >= length else None


def packed_groups(
    index: bytes, rows: int, length: int, dtype: np.dtype[Any]
) -> tuple[Packing, bytes] | None:
    """How numbers are packed, none of them NULL, and the checksums of their groups, uint32 each; as
    above.
    """
    groups = -(-rows // GROUP_ROWS)
    if len(index) != _PACKED.size + 4 * groups:
        return None
    packing = _packing(index[: _PACKED.size], rows, length, dtype)
    return None if packing is None else (packing, index[_PACKED.size :])


@lru_cache(256)
def _packing(index: bytes, rows: int, length: int, dtype: np.dtype[Any]) -> Packing | None:
    """What the index of a packed frame says before its checksums: of many frames the same."""
    (
        count, block, role, codec, node, _, at, size, told, plain, of, _, told_at, told_size,
        sums, also, over, _, sums_at, sums_size, base, width,
    ) = _PACKED.unpack(index)  # fmt: skip
    where = length + _PACKED.size - 12
    if (
        (count, role, codec, node, at, size) != (3, f.VALUES, f.PACKED, 0, 0, length)
        or (told, plain, of, told_at, told_size) != (f.PACKING, f.PLAIN, 0, where, 12)
        or (sums, also, over, sums_at) != (f.BLOCK_CHECKSUMS, f.PLAIN, 0, where + 12)
        or dtype.kind not in "iu"
        or width not in WIDTHS
        or length != size_of(rows, width)
        or sums_size != 4 * -(-rows // GROUP_ROWS)
    ):
        return None
    packing = Packing(int.from_bytes(base, "little", signed=dtype.kind == "i"), width)
    fits = np.iinfo(dtype).min <= packing.base <= np.iinfo(dtype).max
    return packing if fits and block == packing.group_bytes else None
