"""Text rows out of zstd blocks: each block is fetched, verified and decompressed once, then kept.

Memory is bounded for all frames together (`TextBlocks`), because a shuffled epoch asks for rows
of every block over and over. Knows blocks and offsets; NULLs and layouts are decode.py's.
"""

from __future__ import annotations

from _thread import allocate_lock  # as threading.Lock, without the 0.6 ms of its module
from collections import deque
from os import getpid
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.errors import MalformedObjectError
from deeplake.format import frame as f
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.unpack import unzstd

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.format.decode import Payload

    Rows = npt.NDArray[np.int64]


class TextBlocks:
    """Decompressed text blocks of many frames, up to a bound in bytes; the oldest goes first.

    A shuffled epoch asks for rows of every block over and over: kept, each is decompressed once.

    >>> shared, block = TextBlocks(bytes_max=5), {}
    >>> for k in range(3):
    ...     shared.keep(block, k, b"abc")
    >>> block
    {2: b'abc'}
    """

    __slots__ = ("_bytes", "_bytes_max", "_lock", "_order", "_process")

    def __init__(self, bytes_max: int = settings.TEXT_KEPT_BYTES_MAX) -> None:
        self._bytes = 0
        self._bytes_max = bytes_max
        self._process, self._lock = getpid(), allocate_lock()
        self._order: deque[tuple[dict[int, bytes], int, int]] = deque()

    def keep(self, blocks: dict[int, bytes], k: int, block: bytes) -> None:
        """Put a block into its frame's dict; take out the oldest of any frame over the bound."""
        if self._process != getpid():  # a thread that is not here may hold it
            self._process, self._lock = getpid(), allocate_lock()
        with self._lock:
            blocks[k] = block
            self._order.append((blocks, k, len(block)))
            self._bytes += len(block)
            while self._bytes > self._bytes_max and len(self._order) > 1:
                oldest, at, size = self._order.popleft()
                oldest.pop(at, None)
                self._bytes -= size


class TextReader:
    """Reads the blocks of one frame of text.

    Args:
        index: the frame's index.
        payload: its payload.
        offsets: int64 (rows + 1,), where each row lies in the decompressed text.
        texts: where decompressed blocks are kept; None for a bound of this frame's own.
    """

    __slots__ = ("_index", "_kept", "_offsets", "_payload", "_table", "_texts")

    def __init__(
        self, index: f.FrameIndex, payload: Payload, offsets: Rows, texts: TextBlocks | None
    ) -> None:
        self._index = index
        self._payload = payload
        self._offsets = offsets
        self._texts = TextBlocks() if texts is None else texts
        self._kept: dict[int, bytes] = {}
        self._table: tuple[Rows, Rows, list[int]] | None = None

    def joined(self, low: int, high: int) -> bytes:
        """The bytes of rows low:high, one after another.

        Raises:
            ChecksumError: a block does not match its checksum.
            MalformedObjectError: the blocks contradict the frame.
        """
        offsets = self._offsets
        if low == high or not offsets[-1]:
            return b""
        firsts = self._blocks()[0]
        first = int(np.searchsorted(firsts, low, "right")) - 1
        last = int(np.searchsorted(firsts, high - 1, "right"))
        parts = self._read(list(range(first, last)))
        base = int(offsets[firsts[first]])
        joined = parts[0] if len(parts) == 1 else b"".join(parts)
        return joined[int(offsets[low]) - base : int(offsets[high]) - base]

    def rows(self, rows: Rows) -> list[bytes]:
        """The bytes of each row, in the order given.

        Raises:
            ChecksumError, MalformedObjectError: as `joined`.
        """
        offsets = self._offsets
        if not offsets[-1]:
            return [b""] * len(rows)
        firsts = self._blocks()[0]
        which = np.searchsorted(firsts, rows, "right") - 1
        base = offsets[firsts[which]]
        needed, at = np.unique(which, return_inverse=True)
        blocks = self._read(needed.tolist())
        lows, highs = (offsets[rows] - base).tolist(), (offsets[rows + 1] - base).tolist()
        cuts = zip(at.tolist(), lows, highs, strict=True)
        return [blocks[k][low:high] for k, low, high in cuts]

    def _read(self, wanted: list[int]) -> list[bytes]:
        """Blocks by number; those not kept are fetched in one round."""
        found = [self._kept.get(k) for k in wanted]
        missing = [at for at, block in enumerate(found) if block is None]
        if missing:
            places = self._blocks()[1]
            ranges = [(int(places[wanted[at]]), int(places[wanted[at] + 1])) for at in missing]
            stored = self._payload.read_many(ranges)
            for at, raw in zip(missing, stored, strict=True):
                found[at] = block = self._unpacked(wanted[at], raw.tobytes())
                self._texts.keep(self._kept, wanted[at], block)
        return found  # type: ignore[return-value]

    def _unpacked(self, k: int, stored: bytes) -> bytes:
        firsts, _, sums = self._blocks()
        if crc32c(stored) != sums[k]:
            raise damaged(f"text block {k} of {self._index.where}")
        last = firsts[k + 1] if k + 1 < len(firsts) else len(self._offsets) - 1
        size = int(self._offsets[last] - self._offsets[firsts[k]])
        return unzstd(stored, size, self._index.where)

    def _blocks(self) -> tuple[Rows, Rows, list[int]]:
        """First row, place in the payload (one more, the end) and checksum of each block.

        Checked once: they begin at row 0 and byte 0, and grow.
        """
        if self._table is None:
            table = self._index.small(f.TEXT_BLOCKS, f.TEXT_BLOCK_DTYPE)
            entry = self._index.need(f.VALUES)
            if (
                table is None
                or not _grows(table["row"], len(self._offsets) - 1)
                or not _grows(table["offset"], entry.length)
            ):
                raise MalformedObjectError(f"the text blocks of {self._index.where} make no sense")
            places = np.append(table["offset"].astype(np.int64), entry.length) + entry.offset
            self._table = table["row"].astype(np.int64), places, table["crc"].tolist()
        return self._table


def _grows(values: npt.NDArray[Any], end: int) -> bool:
    """Whether numbers start at 0, grow strictly and stay below `end`."""
    return (
        len(values) > 0
        and values[0] == 0
        and values[-1] < end
        and bool((values[1:] > values[:-1]).all())
    )
