"""Payload bytes of one frame, verified at first touch: mapped, in memory, or fetched by range.

The three share one face (`format.decode.Payload`). Block checksums are compared once per block
and remembered where the bytes stay put; a remote payload verifies what each request brings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format import frame as f
from deeplake.format.checksum import crc32c, damaged, run_matches
from deeplake.format.keys import pack_key
from deeplake.versioning.objects import as_array

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.versioning.objects import Objects

    Bytes = npt.NDArray[np.uint8]

RUN_BLOCKS_MIN, RUN_BLOCKS_MAX = 4, 16
"""Blocks compared at once: fewer are as quick one by one; 16 are 1 MB, which is still in the
processor's cache when it is copied next."""


class LocalPayload:
    """Bytes at hand: a slice of a mapped pack, or a small frame read whole."""

    __slots__ = ("_objects", "_sums", "block_bytes", "data", "index", "seen", "unseen")

    def __init__(self, objects: Objects, data: Bytes, index: f.FrameIndex) -> None:
        self._objects = objects
        self.data = data
        self.index = index
        self.block_bytes = index.block_bytes
        self._sums = _block_sums(index, len(data))
        self.seen = bytearray(len(self._sums))
        self.unseen = len(self._sums)

    def read(self, start: int, stop: int) -> Bytes:
        """Bytes start:stop, their blocks verified."""
        if self.unseen:
            self.verify(start, stop)
        return self.data[start:stop]

    def read_many(self, ranges: list[tuple[int, int]]) -> list[Bytes]:
        """Bytes of each (start, stop), their blocks verified."""
        return [self.read(start, stop) for start, stop in ranges]

    def verify(self, start: int, stop: int, at_once: int = RUN_BLOCKS_MAX) -> None:
        """Compare the blocks that cover start:stop with their checksums, once."""
        if start >= stop:
            return
        size, seen = self.block_bytes, self.seen
        first, last = start // size, (stop - 1) // size + 1
        while first < last and seen[first]:
            first += 1
        whole = min(last, len(self.data) // size)  # the payload's last block may be short
        while whole - first >= RUN_BLOCKS_MIN and not any(seen[first:whole]):
            until = min(first + at_once, whole)
            run = self.data[first * size : until * size]
            if not run_matches(run, self._sums[first:until], size):
                break  # block by block, to name the one
            seen[first:until] = b"\1" * (until - first)
            self.unseen = seen.count(0)
            first = until
        self.verify_blocks(range(first, last))

    def verify_blocks(self, blocks: range | list[int]) -> None:
        """Compare these blocks, those already seen excepted.

        Raises:
            ChecksumError: naming object and bytes.
        """
        size, seen = self.block_bytes, self.seen
        for block in blocks:
            if seen[block]:
                continue
            if crc32c(self.data[block * size : (block + 1) * size]) != self._sums[block]:
                raise damaged(f"block {block} of {self.index.where}")
            seen[block] = 1
        self.unseen = seen.count(0)  # counted, not reckoned: threads may verify the same blocks

    def external(self, object_id: bytes, length: int) -> Bytes:
        """A value stored as an object of its own."""
        return as_array(self._objects.store.get_range(pack_key(object_id), 0, length))


class RemotePayload:
    """Bytes behind requests: each read fetches whole blocks and verifies them."""

    __slots__ = ("_key", "_length", "_objects", "_offset", "_sums", "block_bytes", "index")

    def __init__(
        self, objects: Objects, key: str, offset: int, length: int, index: f.FrameIndex
    ) -> None:
        self._objects = objects
        self._key = key
        self._offset = offset
        self._length = length
        self.index = index
        self.block_bytes = index.block_bytes
        self._sums = _block_sums(index, length)

    @property
    def blocks(self) -> int:
        """Checksum blocks: as many rows or more are cheaper read as the whole frame."""
        return len(self._sums)

    def read(self, start: int, stop: int) -> Bytes:
        """Bytes start:stop, their blocks verified."""
        if start >= stop:
            return np.zeros(0, np.uint8)
        size = self.block_bytes
        if not size:
            return self._fetch(start, stop)
        low, high = start - start % size, min(stop + -stop % size, self._length)
        data = self._fetch(low, high)
        for at in range(0, high - low, size):
            block = (low + at) // size
            if crc32c(data[at : at + size]) != self._sums[block]:
                raise damaged(f"block {block} of {self.index.where}")
        return data[start - low : stop - low]

    def read_many(self, ranges: list[tuple[int, int]]) -> list[Bytes]:
        """Many (start, stop) without block checksums: the caller verifies each value."""
        asked = [(self._offset + a, z - a) for a, z in ranges]
        return [as_array(b) for b in self._objects.store.get_ranges(self._key, asked)]

    def _fetch(self, start: int, stop: int) -> Bytes:
        found = self._objects.store.get_range(self._key, self._offset + start, stop - start)
        return as_array(found)

    def external(self, object_id: bytes, length: int) -> Bytes:
        """A value stored as an object of its own."""
        return as_array(self._objects.store.get_range(pack_key(object_id), 0, length))


def _block_sums(index: f.FrameIndex, payload_length: int) -> list[int]:
    size = index.block_bytes
    if not size:
        return []
    sums = index.small(f.BLOCK_CHECKSUMS, "<u4")
    if sums is None or len(sums) != -(-payload_length // size):
        raise MalformedObjectError(f"{index.where} lacks checksums of its blocks")
    found: list[int] = sums.tolist()
    return found
