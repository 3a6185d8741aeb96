"""The one meeting of storage and format: verified blocks, slots and packs of one repository.

Knows where things lie and that they are undamaged; knows nothing of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from deeplake import settings
from deeplake.errors import ChecksumError, MalformedObjectError, ObjectNotFoundError
from deeplake.format import fragment as fragments
from deeplake.format import slot, tree
from deeplake.format.checksum import crc32c
from deeplake.format.keys import pack_key, slot_key
from deeplake.format.text import TextBlocks
from deeplake.loading import later
from deeplake.storage.heap import keep_freed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from deeplake.format import statistics as stats
    from deeplake.format.fragment import Fragment
    from deeplake.format.slot import BlockRef, SlotHead
    from deeplake.format.statistics import ColumnStatistics
    from deeplake.format.tree import Record
    from deeplake.storage.store import Store
    from deeplake.types.base import Buffer

    In = TypeVar("In")
    Out = TypeVar("Out")
else:
    stats = later("deeplake.format.statistics")

STATISTICS_KEPT = 4096
"""Statistics of this many tree records are kept in memory: a writer's next nodes need them."""

_SLOTS_KEPT, _SLOT_KEPT_BYTES = 64, 16 << 10
"""Heads of this many slots are kept in memory, of this size at most: a merge asks for parents of
what its handle has read or written a moment ago."""

FRAGMENTS_KEPT = 1024
"""Fragments that are kept decoded: 1,024 x 65,536 rows, or 32 MB of one-row commits."""

_WRITTEN_KEPT = 64
"""Of changed fragments just written, so many are kept: the next change needs them decoded."""

_NOT_READ = b"not read ahead"
"""Told from an answer by identity: None is an answer."""


class Objects:
    """Reads and writes the objects of one repository over a store."""

    def __init__(self, store: Store) -> None:
        keep_freed()
        self.store = store
        self.texts = TextBlocks()
        self.principal: Any = None
        """Who reads, None for whoever may see all. Asked by `query.policy`, which every handle's
        rows pass; here since whatever opens a table has these objects and nothing forgets them."""
        self._statistics: dict[Record, dict[int, ColumnStatistics]] = {}
        self._ahead: dict[str, bytes | None] = {}
        self._slots: dict[tuple[int, int], SlotHead] = {}
        self._fragments: dict[Record, Fragment] = {}
        self._written: dict[Record, tuple[Fragment, int]] = {}

    def parallel(self, work: Callable[[In], Out], items: Sequence[In]) -> list[Out]:
        """`work` on each item, in threads where a request costs milliseconds; answers in order."""
        if not self.store.remote or len(items) < 2:
            return [work(item) for item in items]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(len(items), settings.REQUEST_THREADS)) as pool:
            return list(pool.map(work, items))

    def exists(self, key: str) -> bool:
        """Whether an object is there."""
        try:
            self.store.size(key)
        except ObjectNotFoundError:
            return False
        return True

    def get_or_none(self, key: str, limit_bytes: int | None = None) -> bytes | None:
        """A small object, or its first bytes; None if there is none."""
        ahead = self._ahead.pop(key, _NOT_READ)
        if ahead is not _NOT_READ:
            return ahead
        try:
            return self.store.get(key, limit_bytes)
        except ObjectNotFoundError:
            return None

    def fetch_ahead(self, keys: Sequence[str]) -> None:
        """Read small objects in one round; `get_or_none` then answers each of them once."""
        missing = [key for key in keys if key not in self._ahead]
        if self.store.remote and missing:
            self._ahead.update(zip(missing, self.parallel(self.get_or_none, missing), strict=True))

    # --- slots ------------------------------------------------------------------------------

    def read_slot(self, branch: int, sequence: int) -> SlotHead | None:
        """A slot's head, verified; None if the slot is free.

        Raises:
            DamageError: the object is not what was written, or lies under the wrong key.
        """
        key = slot_key(branch, sequence)
        try:
            start = self.store.get(key, settings.SLOT_HEAD_BYTES)
        except ObjectNotFoundError:
            return None
        head_length = slot.head_length_of(start, key)
        if head_length > len(start) == settings.SLOT_HEAD_BYTES:
            start += self.store.get(key, head_length - len(start), len(start))
        found = slot.decode(start, key)
        commit = found.header.commit_id
        if (commit.branch, commit.sequence) != (branch, sequence):
            raise MalformedObjectError(f"{key} holds commit {commit}, which belongs elsewhere.")
        self.keep_slot(found)
        return found

    def keep_slot(self, head: SlotHead) -> None:
        """Remember a slot that was just read or written."""
        if len(head.head) <= _SLOT_KEPT_BYTES:
            if len(self._slots) >= _SLOTS_KEPT:
                self._slots.clear()  # one step, whatever other threads do
            self._slots[head.header.commit_id[:2]] = head

    def recalled_slot(self, branch: int, sequence: int) -> SlotHead | None:
        """A slot from memory: what it holds never changes, but it may have expired since."""
        return self._slots.get((branch, sequence))

    def read_slot_again(self, branch: int, sequence: int) -> SlotHead | None:
        """The same as `read_slot`, from memory if it is there and the slot still is.

        On a local disk, where looking costs a third of reading: a bucket's reads have a cache.
        """
        found = None if self.store.remote else self._slots.get((branch, sequence))
        if found is not None and self.exists(slot_key(branch, sequence)):
            return found
        return self.read_slot(branch, sequence)

    # --- blocks -----------------------------------------------------------------------------

    def read_block(self, key: str, offset: int, length: int, crc: int) -> bytes:
        """Part of an object, verified."""
        block = bytes(self.store.get_range(key, offset, length))
        if crc32c(block) != crc:
            raise ChecksumError(
                f"bytes {offset} to {offset + length} of {key} do not match their checksum: "
                "they changed since they were written.",
                hint="Restore the object from a backup.",
            )
        return block

    def block(self, ref: BlockRef, head: SlotHead) -> bytes:
        """The block that an entry of `head` names."""
        if not ref.key:
            return head.head[ref.offset : ref.offset + ref.length]
        return self.read_block(*ref)

    def record_key(self, record: Record) -> str:
        """Key of the object that a tree record points into."""
        if record.kind == tree.PACK:
            return pack_key(record.home)
        return slot_key(int.from_bytes(record.home[:8], "little"), record.sequence)

    def read_record(self, record: Record, head: SlotHead | None = None) -> bytes:
        """The block a tree record points at; from `head` without a request where it lies there."""
        if head is not None and record.kind == tree.SLOT:
            commit = head.header.commit_id
            if record.sequence == commit.sequence and record.home == tree.slot_home(commit.branch):
                return head.head[record.offset : record.offset + record.length]
        return self.read_block(self.record_key(record), record.offset, record.length, record.crc)

    def fragment(self, record: Record, head: SlotHead | None = None) -> Fragment:
        """A fragment as it is stored, decoded once and kept for all trees that hold it.

        Raises:
            DamageError: it is not what was written, or has not the rows its record says.
        """
        found = self.known_fragment(record)
        if found is None:
            key = self.record_key(record)
            found = fragments.decode(self.read_record(record, head), key)
            if found.live_rows != record.rows:
                raise MalformedObjectError(f"a fragment in {key} has not the rows its table says")
            self._keep_decoded(record, found)
        return found

    def known_fragment(self, record: Record) -> Fragment | None:
        """The same if it was decoded or written before, else None."""
        found = self._fragments.get(record)
        written = None if found is not None else self._written.pop(record, None)
        if written is not None:
            found = fragments.placed(*written)
            self._keep_decoded(record, found)
        return found

    def _keep_decoded(self, record: Record, found: Fragment) -> None:
        if len(self._fragments) >= FRAGMENTS_KEPT:
            self._fragments.clear()
        self._fragments[record] = found

    def keep_fragment(self, record: Record, written: Fragment, base: int) -> None:
        """Remember a fragment just written, whose payload begins at `base` of its object."""
        if len(self._written) >= _WRITTEN_KEPT:
            self._written.clear()
        self._written[record] = written, base

    def statistics(self, record: Record) -> dict[int, ColumnStatistics]:
        """Column id -> statistics of all rows below a record, kept for the next time."""
        found = self._statistics.get(record)
        if found is None:
            block = self.read_record(record)
            where = self.record_key(record)
            if record.level == 0:
                chunks = fragments.decode(block, where).columns
                found = {chunk.column_id: chunk.statistics for chunk in chunks}
            else:
                found = merge_children(stats.unpack_children(tree.decode(block, where)[1]))
            self.keep_statistics(record, found)
        return found

    def keep_statistics(self, record: Record, found: dict[int, ColumnStatistics]) -> None:
        """Remember the statistics of a record just written or read."""
        if len(self._statistics) >= STATISTICS_KEPT:
            self._statistics.clear()
        self._statistics[record] = found

    # --- packs ------------------------------------------------------------------------------

    def put_pack(self, pack_id: bytes, parts: Iterable[Buffer]) -> int:
        """Write a pack durably; its name is unique, so nobody else writes it."""
        return self.store.put(pack_key(pack_id), parts)


def merge_children(
    children: Sequence[dict[int, ColumnStatistics]],
) -> dict[int, ColumnStatistics]:
    """Statistics of a node from those of its children."""
    columns = {column for child in children for column in child}
    return {c: stats.merge([child.get(c, stats.UNKNOWN) for child in children]) for c in columns}


def as_array(buffer: object) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Bytes from a store as a uint8 array, without a copy."""
    if isinstance(buffer, np.ndarray):
        return buffer
    return np.frombuffer(buffer, np.uint8)  # type: ignore[call-overload, no-any-return]
