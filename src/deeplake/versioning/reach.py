"""Everything that commits refer to: packs, and slots whose blocks or payload they share.

Commits are added one by one. What an earlier one referred to is not opened again, so a history
costs one read per slot and the blocks that each commit wrote. Only large values are named
elsewhere, in frame indexes: these are read at the end, and only by who asks (`settle`).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format import fragment as fragments
from deeplake.format import frame as frames
from deeplake.format import schema as schemas
from deeplake.format import tree
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.keys import (
    OBJECT_ID_BYTES,
    object_key,
    pack_of_key,
    slot_of_key,
    slot_of_object,
)
from deeplake.format.references import RUN_DTYPE
from deeplake.types.base import VarLayout
from deeplake.types.declare import from_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deeplake.format.fragment import Fragment, FrameRef
    from deeplake.format.keys import CommitId
    from deeplake.format.slot import SlotHead, TableEntry
    from deeplake.format.tree import Record
    from deeplake.versioning.objects import Objects

    Place = tuple[int, int]
    """A slot: branch and sequence."""

_BLOCK = struct.Struct("<16sQIB")
_READ_TOGETHER = 256
"""Frame indexes read at once from a bucket."""


class Reach:
    """What the commits added so far need.

    Attributes:
        packs: ids of all packs that hold something of theirs; of large values only after `settle`.
        slots: slots that do, of commits that were not added before -> a commit that needs it.
        parents: slots that are a parent, but not as the slot before on the same branch -> child.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.packs: set[bytes] = set()
        self.slots: dict[Place, CommitId] = {}
        self.parents: dict[Place, CommitId] = {}
        self._blocks: set[bytes] = set()
        """Every tree block opened so far, 29 bytes each: home, slot, offset, kind."""
        self._roots: dict[int, tuple[tuple[object, ...], bytes]] = {}
        """Table -> its last root: where it lies, and its bytes."""
        self._elsewhere: set[tuple[str, int]] = set()
        """Roots and schemas of other slots that were opened."""
        self._small: dict[tuple[int, int], bool] = {}
        """(table, column) -> whether its values can never lie in objects of their own."""
        self._schemas: dict[int, bytes] = {}
        self._unread: list[tuple[str, FrameRef]] = []
        """Frames that may name large values, with the object they lie in."""

    def add(self, head: SlotHead) -> None:
        """Add a commit.

        Raises:
            DamageError, StoreError: something it refers to cannot be read.
        """
        self.add_parents(head)
        for entry in head.header.tables:
            self._add_schema(head, entry)
            self._add_root(head, entry)

    def add_parents(self, head: SlotHead) -> None:
        """Add a commit but for its tables."""
        commit = head.header.commit_id
        before = (commit.branch, commit.sequence - 1)
        for parent in head.header.parents:
            if parent[:2] != before:
                self.parents.setdefault((parent.branch, parent.sequence), commit)

    def add_packs(self, packs: Iterable[bytes]) -> None:
        """Packs that somebody needs who has no commit yet."""
        self.packs.update(packs)

    def settle(self) -> None:
        """Read the frame indexes that may name large values, and mark these."""
        unread, self._unread = self._unread, []
        for start in range(0, len(unread), _READ_TOGETHER):
            several = unread[start : start + _READ_TOGETHER]
            for found in self._objects.parallel(self._large_values, several):
                self.packs.update(found)

    # --- tables -----------------------------------------------------------------------------

    def _add_schema(self, head: SlotHead, entry: TableEntry) -> None:
        ref = entry.schema
        if ref.key and (ref.key, ref.offset) in self._elsewhere:
            return
        self._mark_key(ref.key, head)
        block = self._objects.block(ref, head)
        if ref.key:
            self._elsewhere.add((ref.key, ref.offset))
        if self._schemas.get(entry.table_id) == block:
            return
        self._schemas[entry.table_id] = block
        for column in schemas.decode(block, str(head.header.commit_id)).columns:
            type_ = from_json(column.type)
            small = not isinstance(type_.layout, VarLayout) or type_.name in ("text", "json")
            self._small[entry.table_id, column.column_id] = small

    def _add_root(self, head: SlotHead, entry: TableEntry) -> None:
        ref, commit = entry.root, head.header.commit_id
        place = (ref.key or commit.slot, ref.offset)
        last = self._roots.get(entry.table_id)
        if last is not None and last[0] == place:
            return
        if ref.key:
            self._mark_key(ref.key, head)
            if place in self._elsewhere:
                return
            self._elsewhere.add(place)
        block = self._objects.block(ref, head)
        new = new_records(block, last[1] if last is not None else b"", place[0])
        self._roots[entry.table_id] = (place, block)
        self._add_records(new, head, entry.table_id)

    def _add_records(self, records: Iterable[Record], head: SlotHead, table: int) -> None:
        pending = list(records)
        while pending:
            record = pending.pop()
            key = _BLOCK.pack(record.home, record.sequence, record.offset, record.kind)
            if key in self._blocks:
                continue
            self._blocks.add(key)
            own = tree.object_of(record)
            self._mark(own, head)
            block = self._objects.read_record(record, head)
            if record.level:
                records, _ = tree.decode(block, f"a tree node in {object_key(own)}")
                tree.check_child(record, records, f"a tree node in {object_key(own)}")
                pending += records
            else:
                self._add_fragment(block, own, head, table)

    def _add_fragment(self, block: bytes, own: bytes, head: SlotHead, table: int) -> None:
        where = object_key(own)
        for home in fragments.homes_of(block, where):
            self._mark(home, head)
        if all(self._small.get((table, column)) for column in fragments.columns_of(block, where)):
            return
        for ref in self._media_frames(fragments.decode(block, where), table):
            key = object_key(ref.object_id) if ref.object_id else where
            self._unread.append((key, ref))

    def _media_frames(self, fragment: Fragment, table: int) -> list[FrameRef]:
        found: list[FrameRef] = []
        for chunk in fragment.columns:
            if not self._small.get((table, chunk.column_id)):
                found += chunk.frames
        for overlay in fragment.overlays:
            if not self._small.get((table, overlay.column_id)):
                found.append(overlay.values)
        return found

    def _large_values(self, frame: tuple[str, FrameRef]) -> list[bytes]:
        key, ref = frame
        where = f"the frame at byte {ref.offset} of {key}"
        at = ref.offset + ref.length
        raw = bytes(self._objects.store.get_range(key, at, ref.index_length))
        if crc32c(raw) != ref.index_crc:
            raise damaged(f"the index of {where}")
        index = frames.FrameIndex(raw, ref.length, where)
        found = []
        for role, dtype in (
            (frames.EXTERNAL, frames.EXTERNAL_DTYPE),
            (frames.REFERENCES, RUN_DTYPE),
        ):
            table = index.small(role, dtype)
            found += (
                [] if table is None else [bytes(value) for value in set(table["object"].tolist())]
            )
        return found

    # --- marks ------------------------------------------------------------------------------

    def _mark_key(self, key: str, head: SlotHead) -> None:
        if not key:
            return
        slot, pack = slot_of_key(key), pack_of_key(key)
        if pack is not None:
            self.packs.add(pack)
        elif slot is not None:
            self.slots.setdefault(slot, head.header.commit_id)
        else:
            raise MalformedObjectError(
                f"{head.header.commit_id} refers to {key!r}, which is neither slot nor pack."
            )

    def _mark(self, object_id: bytes, head: SlotHead) -> None:
        if len(object_id) == OBJECT_ID_BYTES:
            self.packs.add(object_id)
            return
        place, commit = slot_of_object(object_id), head.header.commit_id
        if place != commit[:2]:
            self.slots.setdefault(place, commit)


def new_records(block: bytes, before: bytes, where: str) -> list[Record]:
    """The records of a root that do not stand at the same place in the one before it.

    A root is mostly the last one with a record more, so this spares decoding all but that.
    """
    size = tree.RECORD_DTYPE.itemsize
    homes, records = tree.sections(block, where)
    old_homes, old = tree.sections(before, where) if before else (b"", b"")
    shared = 0
    if homes.startswith(old_homes):
        length = min(len(records), len(old))
        differ = np.frombuffer(records, np.uint8, length) != np.frombuffer(old, np.uint8, length)
        shared = (int(differ.argmax()) if differ.any() else length) // size
    table = np.frombuffer(records, tree.RECORD_DTYPE)[shared:]
    if len(table) and int(table["home"].max()) >= len(homes) // 16:
        raise MalformedObjectError(f"a root in {where} names an object that it does not list")
    found = []
    for sequence, offset, length, rows, home, level, kind, crc in table.tolist():
        place = homes[16 * home : 16 * home + 16]
        found.append(tree.Record(sequence, offset, length, rows, place, level, kind, crc))
    return found
