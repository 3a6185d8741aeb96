"""Bitmaps of row positions within a fragment, in the portable format of Roaring.

SPEC section "Overlays and deletions". Positions are sorted int64 arrays everywhere else.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from deeplake.errors import MalformedObjectError

_NO_RUNS = 12346
_LIST = struct.Struct("<IIHHI")
"""A bitmap of one container: cookie, containers, high bits, positions - 1, where they begin."""

FEW = 64
"""Positions up to this many are read here, 1 us sooner than by an engine."""

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]


def encode(positions: Rows) -> bytes:
    """Positions (0 <= position < 2**32, in any order) as bytes."""
    from pyroaring import BitMap  # 7 ms, and only changed tables need it

    bitmap = BitMap(np.ascontiguousarray(positions, np.uint32))
    bitmap.run_optimize()
    found: bytes = bitmap.serialize()
    return found


def few(stored: bytes, rows: int) -> Rows | None:
    """What `decode` gives of a few positions listed one by one; None if it is to be asked."""
    count = (len(stored) - _LIST.size) // 2
    if not 0 < count <= FEW or len(stored) % 2:
        return None
    if stored[: _LIST.size] != _LIST.pack(_NO_RUNS, 1, 0, count - 1, _LIST.size):
        return None
    found = np.frombuffer(stored, "<u2", count, _LIST.size).astype(np.int64)
    listed: list[int] = found.tolist()
    return found if listed[-1] < rows and listed == sorted(set(listed)) else None


def decode(stored: bytes, rows: int, where: str) -> Rows:
    """The positions of a bitmap, ascending; the caller has verified its checksum.

    Raises:
        MalformedObjectError: it is no bitmap, or has positions of `rows` and more.
    """
    from pyroaring import BitMap

    try:
        bitmap = BitMap.deserialize(bytes(stored))
    except ValueError as error:
        raise MalformedObjectError(f"{where} is no Roaring bitmap: {error}") from error
    found = np.frombuffer(bitmap.to_array(), np.uint32).astype(np.int64)
    if len(found) and int(found[-1]) >= rows:
        raise MalformedObjectError(f"{where} names row {int(found[-1])} of {rows}")
    return found
