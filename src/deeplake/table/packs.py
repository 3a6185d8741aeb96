"""Packs being written: frames are collected to about 64 MiB and stored in the background.

The caller's own buffers are kept by reference until their pack is stored, never joined. What
turns out to be small is not stored at all but handed back, to ride inside the commit slot.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from deeplake import settings
from deeplake.errors import StoreError
from deeplake.format.keys import pack_key

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from deeplake.format.frame import EncodedFrame
    from deeplake.types.base import Buffer
    from deeplake.versioning.objects import Objects

IN_FLIGHT_MAX = 2
"""Packs being stored at once: bounds the memory of an ingest to about (2 + 2) x 64 MiB."""

ARRAYS, MEDIA = "arrays", "media"
"""Two packs are open at a time, so that vectors and scalars stay contiguous beside media."""


class Place(NamedTuple):
    """Where a frame was put: its payload's pack and offset."""

    pack_id: bytes
    offset: int


class Inline(NamedTuple):
    """The frames of a small transaction: pack id -> offset of that pack in one payload."""

    bases: dict[bytes, int]
    parts: list[Buffer]
    length: int


class _Pack:
    """One pack being collected."""

    __slots__ = ("frames", "length", "pack_id", "parts")

    def __init__(self) -> None:
        self.pack_id = os.urandom(16)
        self.parts: list[Buffer] = []
        self.frames: dict[int, EncodedFrame] = {}
        self.length = 0

    def align(self, bytes_: int) -> None:
        gap = -self.length % bytes_
        if gap:
            self.parts.append(bytes(gap))
            self.length += gap


class PackWriter:
    """Collects frames into packs and stores full ones in the background.

    Not thread-safe: one transaction, one caller at a time.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._open: dict[str, _Pack] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._unsent: list[_Pack] = []
        self._in_flight: list[tuple[_Pack, Future[int]]] = []
        self._named: list[bytes] = []

    def add(self, frame: EncodedFrame, stream: str) -> Place:
        """Append a frame: payload, then index. May wait for an earlier pack to be stored.

        Raises:
            StoreError: an earlier pack could not be stored; it is kept, and sent again later.
        """
        pack = self._open.get(stream)
        if pack is None:
            pack = self._open[stream] = _Pack()
        pack.align(_alignment(frame.payload_length))
        offset = pack.length
        pack.parts += frame.parts
        pack.parts.append(frame.index)
        pack.frames[offset] = frame
        pack.length += frame.payload_length + len(frame.index)
        if pack.length >= settings.PACK_BYTES:
            self._submit(self._open.pop(stream))
        return Place(pack.pack_id, offset)

    def add_object(self, value: Buffer) -> bytes:
        """Store one large value as an object of its own; returns its id."""
        pack = _Pack()
        pack.parts, pack.length = [value], len(value)
        self._submit(pack)
        return pack.pack_id

    def finish(self) -> Inline | None:
        """Store everything and wait, or hand back a small transaction to ride in its slot.

        Raises:
            StoreError: a pack could not be stored; calling again sends what is missing.
        """
        total = sum(pack.length + 64 for pack in self._open.values())
        if not self._named and total <= settings.SLOT_PAYLOAD_BYTES_MAX:
            return self._inline()
        for stream in list(self._open):
            self._submit(self._open.pop(stream))
        self._send()
        while self._in_flight:
            self._land()
        self._shutdown()
        return None

    def _inline(self) -> Inline:
        bases: dict[bytes, int] = {}
        joined = _Pack()
        for pack in self._open.values():
            joined.align(64 if pack.length > 4096 else 8)
            bases[pack.pack_id] = joined.length
            joined.parts += pack.parts
            joined.length += pack.length
        return Inline(bases, joined.parts, joined.length)

    def abandon(self, *, keep: bool) -> None:
        """Drop everything.

        Args:
            keep: leave stored packs alone, because a commit that names them may have landed;
                else they are garbage, and are deleted, best effort.
        """
        for _, future in self._in_flight:
            future.cancel() or future.exception()
        self._shutdown()
        garbage = [] if keep else self._named
        for kept in (self._in_flight, self._unsent, self._open):
            kept.clear()
        self._named = []
        try:
            self._objects.store.delete([pack_key(pack_id) for pack_id in garbage])
        except StoreError:
            return  # unreferenced packs are vacuum's to collect

    def frame(self, place: Place) -> EncodedFrame | None:
        """A frame whose pack is not stored yet, else None; values it refers to are stored."""
        while any(not pack.frames for pack, _ in self._in_flight):
            self._land()
        in_flight = [pack for pack, _ in self._in_flight]
        for pack in (*self._open.values(), *self._unsent, *in_flight):
            if pack.pack_id == place.pack_id:
                return pack.frames[place.offset]
        return None

    def _submit(self, pack: _Pack) -> None:
        self._named.append(pack.pack_id)
        self._unsent.append(pack)  # before anything can fail: its frames are referred to
        self._send()

    def _send(self) -> None:
        """Store what is not stored yet, at most two packs at a time."""
        if self._pool is None and self._unsent:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(IN_FLIGHT_MAX, "deeplake-pack")
        while self._unsent and self._pool is not None:
            if len(self._in_flight) >= IN_FLIGHT_MAX:
                self._land()
            pack = self._unsent.pop(0)
            future = self._pool.submit(self._objects.put_pack, pack.pack_id, pack.parts)
            self._in_flight.append((pack, future))

    def _land(self) -> None:
        """Wait for the oldest pack in flight; one that failed is sent again by the next call."""
        pack, future = self._in_flight.pop(0)
        try:
            future.result()
        except BaseException:
            self._unsent.append(pack)
            raise

    def _shutdown(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def _alignment(payload_length: int) -> int:
    """Large frames begin on a page, so that a loader can map them into one virtual array."""
    if payload_length >= 1 << 20:
        return 4096
    return 64 if payload_length >= 4096 else 8
