"""Fragments opened by the hundred, with the slots that they ride in read ahead.

A commit of one row is one object with the fragment's block and its frames. Read at once it costs
one request, or one `open` on a disk, instead of one for the block and one for each frame.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from deeplake.errors import ObjectNotFoundError
from deeplake.format import tree
from deeplake.format.checksum import crc32c
from deeplake.format.fragment import decode_plain
from deeplake.table.fragments import OpenFragment
from deeplake.table.small import SmallFragment
from deeplake.table.walk import Side
from deeplake.versioning.objects import Objects

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deeplake.format.fragment import PlainFragment
    from deeplake.format.tree import Record
    from deeplake.storage.store import Store
    from deeplake.table.walk import Path

OPENED_TOGETHER = 256
"""Fragments opened at once: from a bucket in 8 rounds of requests."""

SLOT_BYTES_READ = 512 << 10
"""What is read of a slot: its head and a payload of 256 KiB, mostly 2 KB in all."""


class _Held:
    """A store some of whose objects are at hand."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.held: dict[str, bytes] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get_range(self, key: str, start: int, length: int) -> Any:
        """See `Store.get_range`."""
        held = self.held.get(key)
        if held is not None and start + length <= len(held):
            return memoryview(held)[start : start + length]
        return self._store.get_range(key, start, length)


def opened(side: Side, paths: Sequence[Path]) -> Iterator[OpenFragment]:
    """Fragments in order, each to be read before the next hundreds are."""
    for found in small_or_opened(side, paths, small=False):
        assert isinstance(found, OpenFragment)
        yield found


def small_or_opened(
    side: Side, paths: Sequence[Path], *, small: bool = True
) -> Iterator[SmallFragment | OpenFragment]:
    """The same, those that lie whole in the slot of a small commit as what was read of it.

    Raises:
        ChecksumError, MalformedObjectError, ObjectNotFoundError
    """
    objects = side.objects
    store = _Held(objects.store)
    near = Objects(store)
    near.texts = objects.texts
    beside = Side(near, side.head, ())

    def read(key: str) -> bytes | None:
        try:
            return objects.store.get(key, SLOT_BYTES_READ)
        except ObjectNotFoundError:
            return None  # said when its block is read

    for start in range(0, len(paths), OPENED_TOGETHER):
        several = paths[start : start + OPENED_TOGETHER]
        keys = [near.record_key(path[-1]) if path[-1].kind == tree.SLOT else "" for path in several]
        wanted = list(dict.fromkeys(filter(None, keys)))
        found = zip(wanted, objects.parallel(read, wanted), strict=True)
        store.held = {key: raw for key, raw in found if raw is not None}
        for key, path in zip(keys, several, strict=True):
            raw = store.held.get(key)
            plain = _plain(raw, path[-1]) if small and raw is not None else None
            if plain is None or raw is None:
                yield beside.fragment(path)
            else:
                yield SmallFragment(key, raw, plain, partial(beside.fragment, path))


def _plain(raw: bytes, record: Record) -> PlainFragment | None:
    """The block of a fragment that lies whole in what was read; None if it needs more care."""
    block = raw[record.offset : record.offset + record.length]
    if len(block) < record.length or crc32c(block) != record.crc:
        return None
    found = decode_plain(block)
    return found if found is not None and found.rows == record.rows else None
