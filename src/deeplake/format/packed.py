"""Packed integers: numbers minus the least one, in as many bits as the greatest needs.

SPEC section "Frames", codec 4. Any row is found and verified without the others: labels of 10 bits
take what pcodec makes of them, and 6 of 65,536 rows cost 6 us instead of 52. Knows no frames.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Ints = npt.NDArray[np.int64]

WIDTHS = (1, 2, 4, 8, 9, 10, 12, 16, 17, 18, 20, 32)
"""Bits of a number: whole bytes, 1, 2 or 4 of them, and 1, 2 or 4 bits more."""

GROUP_ROWS = 2048
"""Rows packed together, which one checksum covers: 2.5 KB of 10 bits."""


GROUPS_AT_ONCE = 12
"""Groups unpacked together: what is made of them on the way stays below 128 KB, from which on
memory comes from the system page by page, at 100 us."""


class Packing(NamedTuple):
    """How the numbers of a buffer are packed: `base` is added to each."""

    base: int
    width: int

    @property
    def group_bytes(self) -> int:
        """Bytes of a full group."""
        return GROUP_ROWS // 8 * self.width


def packing_of(values: npt.NDArray[Any]) -> Packing | None:
    """The least packing of some integers; None if they are too far apart, or all equal."""
    low, high = int(values.min()), int(values.max())
    bits = (high - low).bit_length()
    width = next((w for w in WIDTHS if w >= bits), None) if bits else None
    return None if width is None else Packing(low, width)


def size_of(rows: int, width: int) -> int:
    """Bytes that so many numbers take.

    >>> size_of(2048, 10), size_of(3, 10)
    (2560, 4)
    """
    whole, rest = divmod(rows, GROUP_ROWS)
    bytes_, bits = divmod(width, 8)
    return whole * (GROUP_ROWS // 8 * width) + rest * bytes_ + -(-rest * bits // 8)


def pack(values: npt.NDArray[Any], packing: Packing) -> bytes:
    """Integers, all of them within the packing.

    >>> pack(np.array([-5, 506]), Packing(-5, 9)).hex()
    '00ff02'
    """
    bytes_, bits = divmod(packing.width, 8)
    unsigned = values.view(f"<u{values.itemsize}")
    numbers = unsigned - unsigned.dtype.type(packing.base % (1 << 8 * values.itemsize))
    low = numbers.astype(f"<u{bytes_}") if bytes_ else None
    high = (numbers >> unsigned.dtype.type(8 * bytes_)).astype(np.uint8) if bits else None
    parts = []
    for at in range(0, len(values), GROUP_ROWS):
        if low is not None:
            parts.append(low[at : at + GROUP_ROWS].tobytes())
        if high is not None:
            parts.append(_bits_joined(high[at : at + GROUP_ROWS], bits))
    return b"".join(parts)


def _bits_joined(numbers: Bytes, bits: int) -> bytes:
    """The lowest bits of each number, those of the first one lowest in the first byte."""
    if bits == 1:
        return np.packbits(numbers, bitorder="little").tobytes()
    each = 8 // bits
    padded = np.zeros((-(-len(numbers) // each), each), np.uint8)
    padded.reshape(-1)[: len(numbers)] = numbers
    joined = padded[:, 0].copy()
    for k in range(1, each):
        joined |= padded[:, k] << np.uint8(k * bits)
    return joined.tobytes()


@cache
def _parted(bits: int, bytes_: int) -> npt.NDArray[Any]:
    """Byte -> the numbers of so many bits in it, shifted above so many bytes: (256, numbers)."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    parted = np.arange(256, dtype=np.uint8)[:, None] >> shifts & np.uint8((1 << bits) - 1)
    return parted.astype(f"<u{bytes_ * 2 or 1}") << np.uint8(8 * bytes_)


def unpack(stored: Bytes, packing: Packing, rows: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """All `rows` numbers of whole groups, and of a last one that may be short.

    Args:
        stored: size_of(rows, packing.width) bytes.
    """
    whole, rest = divmod(rows, GROUP_ROWS)
    out = np.empty(rows, dtype)
    size = packing.group_bytes
    for first in range(0, whole, GROUPS_AT_ONCE):
        last = min(first + GROUPS_AT_ONCE, whole)
        groups = stored[first * size : last * size].reshape(last - first, size)
        numbers = out[first * GROUP_ROWS : last * GROUP_ROWS].reshape(last - first, GROUP_ROWS)
        _unpack_groups(groups, packing, numbers)
    if rest:
        _unpack_groups(stored[None, whole * size :], packing, out[None, whole * GROUP_ROWS :])
    return out


def _unpack_groups(groups: Bytes, packing: Packing, out: npt.NDArray[Any]) -> None:
    """Groups of equal length into (groups, rows)."""
    bytes_, bits = divmod(packing.width, 8)
    rows = out.shape[1]
    base = out.dtype.type(packing.base)
    numbers: Any = None
    if bits:
        parts = _parted(bits, bytes_).take(groups[:, rows * bytes_ :], axis=0)
        numbers = parts.reshape(len(groups), -1)[:, :rows]
    if bytes_:
        low = groups[:, : rows * bytes_].view(f"<u{bytes_}")
        numbers = low if numbers is None else np.bitwise_or(numbers, low, out=numbers)
    if base:
        np.add(numbers, base, out=out, dtype=out.dtype, casting="unsafe")
    else:
        np.copyto(out, numbers, casting="unsafe")


def gather(
    stored: Bytes, starts: Ints, inner: Ints, sizes: Ints | int, width: int
) -> npt.NDArray[np.int64]:
    """Single numbers, without the base: number inner[k] of the group of sizes[k] rows at starts[k].

    The caller has made sure that they lie within `stored`.
    """
    bytes_, bits = divmod(width, 8)
    found = np.zeros(len(inner), np.int64)
    at = starts + inner * bytes_
    for k in range(bytes_):
        found |= stored[at + k].astype(np.int64) << (8 * k)
    if bits:
        place = inner * bits
        parts = stored[starts + sizes * bytes_ + (place >> 3)].astype(np.int64)
        found |= (parts >> (place & 7) & ((1 << bits) - 1)) << (8 * bytes_)
    return found


def one(stored: Bytes, start: int, size: int, inner: int, width: int) -> int:
    """A single number, without the base: number `inner` of the group of `size` rows at `start`."""
    bytes_, bits = divmod(width, 8)
    at = start + inner * bytes_
    found = int.from_bytes(stored[at : at + bytes_].tobytes(), "little")
    if bits:
        place = inner * bits
        part = int(stored[start + size * bytes_ + (place >> 3)])
        found |= (part >> (place & 7) & ((1 << bits) - 1)) << (8 * bytes_)
    return found
