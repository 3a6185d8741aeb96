"""A staged transaction + the commit before it -> the bytes of the next slot. Pure but for the
statistics of older records, which a filling tree level may have to read.

Layout: fragments, nodes, roots and schemas, then the header, then the payload. Blocks are placed
at absolute offsets from byte 32 on; only the start of the payload depends on the header's length.
It is guessed from the parent's, which fits 31 of 32 small commits, else a first pass measures it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake import settings
from deeplake.format import fragment as fragments
from deeplake.format import schema as schemas
from deeplake.format import slot, tree
from deeplake.format import statistics as stats
from deeplake.format.checksum import crc32c
from deeplake.format.fragment import Fragment, Run
from deeplake.format.keys import COUNTER_BITS
from deeplake.format.slot import BlockRef, CommitHeader, TableEntry
from deeplake.versioning.objects import merge_children
from deeplake.versioning.snapshot import TableState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deeplake.format.keys import CommitId
    from deeplake.types.base import Buffer
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.snapshot import Snapshot
    from deeplake.versioning.staged import Staged, Stamp, TableChange

SCHEMA_INLINE_BYTES_MAX = 1024
"""A schema up to this size is repeated in each slot that changes its table: opening then needs
no second object. Larger ones are written once and referred to."""


_SLACK_BYTES = 24
"""Numbers printed longer than those that were measured."""

_GAP_BYTES_MAX = 192
"""A guessed payload base may leave this much unused before a second pass places it exactly."""


class Place(NamedTuple):
    """Where the next commit goes: its id, time, parents and row ids; see `CommitHeader`."""

    commit_id: CommitId
    parents: tuple[CommitId, ...]
    time_us: int
    allocator: tuple[int, int] | None
    """(allocator, first free counter) for the new rows; None if there are none."""
    linear: int
    requires: tuple[str, ...] = ()
    reset: bool = False
    closed: bool = False
    derived: bool = False


class Assembled(NamedTuple):
    """A slot ready to be written, and what reading it back would give."""

    parts: list[Buffer]
    head: slot.SlotHead
    tables: dict[str, TableState]
    """The tables this commit changes."""


class _Slot:
    """Blocks placed so far."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.at = slot.HEAD.size
        self.known: dict[tree.Record, dict[int, stats.ColumnStatistics]] = {}
        self.tables: dict[str, TableState] = {}

    def place(self, block: bytes) -> BlockRef:
        ref = BlockRef("", self.at, len(block), crc32c(block))
        padded = block + bytes(-len(block) % 8)
        self.blocks.append(padded)
        self.at += len(padded)
        return ref


def assemble(
    objects: Objects, parent: Snapshot, staged: Staged, stamp: Stamp, place: Place
) -> Assembled:
    """The slot as parts to write, and its head for opening it without reading it back."""
    base = _guessed_base(parent, stamp) if staged.payload_length else 0
    layout, header = _pass(objects, parent, staged, stamp, place, base)
    text = slot.header_json(header)
    if staged.payload_length and not 0 <= base - layout.at - len(text) <= _GAP_BYTES_MAX:
        base = _aligned(layout.at + len(text) + _SLACK_BYTES)
        layout, header = _pass(objects, parent, staged, stamp, place, base)
        text = slot.header_json(header)
    for record, known in layout.known.items():
        objects.keep_statistics(record, known)
    head_length = base or layout.at + len(text)
    parts = slot.encode(layout.blocks, text, head_length, staged.payload, staged.payload_length)
    raw = bytes(parts[0])
    head = slot.SlotHead(header, raw, head_length + staged.payload_length)
    return Assembled(parts, head, layout.tables)


def _guessed_base(parent: Snapshot, stamp: Stamp) -> int:
    """Where the payload may begin: a commit like its parent needs one record more than it."""
    if parent.head is None:
        return 0
    longer = len(stamp.message.encode()) - len(parent.head.header.message.encode())
    return _aligned(slot.used_length(parent.head.head) + 32 + max(longer, 0) + _SLACK_BYTES)


def _aligned(size: int) -> int:
    return size + -size % slot.ALIGNMENT


def _pass(
    objects: Objects, parent: Snapshot, staged: Staged, stamp: Stamp, place: Place, base: int
) -> tuple[_Slot, CommitHeader]:
    layout = _Slot()
    changes = {change.table_id: change for change in staged.tables}
    entries = []
    for entry in parent.entries().values():
        change = changes.pop(entry.table_id, None)
        if change is None:
            schema, root = parent.absolute(entry.schema), parent.absolute(entry.root)
            entries.append(entry._replace(schema=schema, root=root, change={}))
        elif not change.dropped:
            entries.append(_changed(objects, layout, parent, change, place, base))
    for change in changes.values():
        if not change.dropped:
            entries.append(_changed(objects, layout, parent, change, place, base))
    return layout, _header(staged, stamp, place, entries)


def _header(staged: Staged, stamp: Stamp, place: Place, entries: list[TableEntry]) -> CommitHeader:
    allocator = place.allocator
    if allocator is not None:
        allocator = allocator[0], allocator[1] + sum([c.allocated for c in staged.tables])
    return CommitHeader(
        place.commit_id, place.parents, stamp.author, stamp.message, place.time_us,
        stamp.automatic, allocator, tuple(entries), *place[4:],
    )  # fmt: skip


def _changed(
    objects: Objects, layout: _Slot, parent: Snapshot, change: TableChange, place: Place, base: int
) -> TableEntry:
    """Place the blocks of one changed table."""
    if change.taken is not None:
        return change.taken._replace(change=dict(change.counts))
    former = change.former_name or change.name
    records: list[tree.Record] = []
    schema_block, schema_ref, old_root, added = b"", None, b"", []
    if not change.created:
        state = parent.table(former)
        old_root = state.root_block
        records, schema_block = list(state.records), state.schema_block
        schema_ref = parent.absolute(parent.entries()[former].schema)
    if change.schema is not None:
        schema_block, schema_ref = schemas.encode(change.schema), None
    if change.replaced:
        records, old_root = _rewritten(objects, layout, parent, records, change, place, base), b""
    placed = [_place_new(layout, fragment, place, base) for fragment in change.fragments]
    placed += [_placed(layout, found, place, base) for found in change.appended]
    for record in placed:
        records.append(record)
        added.append(record)
        if _collapse(objects, layout, records, place):
            old_root = b""
    block = tree.extended(old_root, added) if old_root else None
    root_block = tree.encode(records) if block is None else block
    root = layout.place(root_block)
    if schema_ref is None or len(schema_block) <= SCHEMA_INLINE_BYTES_MAX:
        schema_ref = layout.place(schema_block)
    rows = tree.total_rows(records)
    schema = change.schema if change.schema is not None else parent.table(former).schema
    layout.tables[change.name] = TableState(
        change.table_id, change.name, rows, schema, schema_block, tuple(records), root_block
    )
    return TableEntry(change.table_id, change.name, rows, schema_ref, root, _summary(change))


def _summary(change: TableChange) -> dict[str, int]:
    """What the commit says it did to a table."""
    summary = {"added": change.added} if change.fragments else {}
    summary.update(change.counts)
    if change.schema is not None:
        summary["created" if change.created else "schema"] = 1
    return summary


def _place_new(layout: _Slot, staged: Fragment, place: Place, base: int) -> tree.Record:
    """Give appended rows their row ids and version, and place their block."""
    first = 0
    if place.allocator is not None:
        first = (place.allocator[0] << COUNTER_BITS) + place.allocator[1]
    nonce = place.commit_id.nonce
    row_ids = tuple([Run(start + first, rows) for start, rows in staged.row_ids])
    versions = tuple([Run(nonce, rows) for _, rows in staged.versions])
    return _place_fragment(
        layout,
        Fragment(
            staged.rows, row_ids, versions, staged.columns, base, staged.overlays, staged.deletion
        ),
        place,
    )


def _placed(layout: _Slot, found: tree.Record | Fragment, place: Place, base: int) -> tree.Record:
    """The record of a fragment that comes into the tree; one of another commit is there already."""
    if isinstance(found, tree.Record):
        return found
    return _place_fragment(layout, found._replace(payload_base=base), place)


def _place_fragment(layout: _Slot, fragment: Fragment, place: Place) -> tree.Record:
    """Place a fragment's block; what it changes gets the version of this commit."""
    if fragment.overlays or fragment.deletion is not None:
        fragment = _versioned(fragment, place.commit_id.nonce)
    ref = layout.place(fragments.encode(fragment))
    record = _record(ref, fragment.live_rows, 0, place)
    layout.known[record] = {chunk.column_id: chunk.statistics for chunk in fragment.columns}
    return record


def _versioned(fragment: Fragment, nonce: int) -> Fragment:
    overlays = tuple(o if o.version else o._replace(version=nonce) for o in fragment.overlays)
    deletion = fragment.deletion
    if deletion is not None and not deletion.version:
        deletion = deletion._replace(version=nonce)
    return fragment._replace(overlays=overlays, deletion=deletion)


def _rewritten(
    objects: Objects,
    layout: _Slot,
    parent: Snapshot,
    records: list[tree.Record],
    change: TableChange,
    place: Place,
    base: int,
) -> list[tree.Record]:
    """The root with some fragments replaced: nodes on the way to them are written anew."""

    def replace(
        records: Sequence[tree.Record], wanted: Mapping[tuple[tree.Record, ...], Any]
    ) -> list[tree.Record]:
        below: dict[tree.Record, dict[tuple[tree.Record, ...], Any]] = {}
        for path, new in wanted.items():
            below.setdefault(path[0], {})[path[1:]] = new
        found: list[tree.Record] = []
        for record in records:
            inner = below.pop(record, None)
            if inner is None:
                found.append(record)
            elif () in inner:
                found += [_placed(layout, new, place, base) for new in inner[()]]
            else:
                found += node(record, inner)
        if below:
            raise ValueError(f"a fragment to be replaced is not in table {change.name!r}")
        return found

    def node(
        record: tree.Record, wanted: Mapping[tuple[tree.Record, ...], Any]
    ) -> list[tree.Record]:
        where = f"a tree node in {objects.record_key(record)}"
        children, packed = tree.decode(objects.read_record(record, parent.head), where)
        known = dict(zip(children, stats.unpack_children(packed), strict=False))
        left = replace(children, wanted)
        if not left:
            return []
        found = [layout.known.get(c) or known.get(c) or objects.statistics(c) for c in left]
        ref = layout.place(tree.encode(left, stats.pack_children(found)))
        made = _record(ref, tree.total_rows(left), record.level, place)
        layout.known[made] = merge_children(found)
        return [made]

    return replace(records, change.replaced)


def _record(ref: BlockRef, rows: int, level: int, place: Place) -> tree.Record:
    home = tree.slot_home(place.commit_id.branch)
    sequence = place.commit_id.sequence
    return tree.Record(sequence, ref.offset, ref.length, rows, home, level, tree.SLOT, ref.crc)


def _collapse(objects: Objects, layout: _Slot, records: list[tree.Record], place: Place) -> bool:
    """While the last level is full, make it a node in this slot and one record a level up."""
    collapsed = False
    while count := tree.full_run(records, settings.FANOUT):
        children = records[-count:]
        older = [child for child in children if child not in layout.known]
        known = dict(zip(older, objects.parallel(objects.statistics, older), strict=True))
        found = [layout.known.get(child) or known[child] for child in children]
        ref = layout.place(tree.encode(children, stats.pack_children(found)))
        rows, level = tree.total_rows(children), children[-1].level + 1
        record = _record(ref, rows, level, place)
        layout.known[record] = merge_children(found)
        records[-count:] = [record]
        collapsed = True
    return collapsed
