"""A staged transaction + the commit before it -> the bytes of the next slot. Pure but for the
statistics of older records, which a filling tree level may have to read.

Layout: fragments, nodes, roots and schemas, then the header, then the payload. Blocks are placed
at absolute offsets from byte 32 on; only the start of the payload depends on the header's length.
Fragments are encoded first but for that start, which is guessed from their size and the parent's
header; where it does not fit, the first pass has measured it for a second one.
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


_SLACK_BYTES = 32
"""Numbers printed longer than those that were measured."""

_GAP_BYTES_MAX = 192
"""A guessed payload base may leave this much unused before a second pass places it exactly."""

_PARENT_BYTES = 36
"""A parent's id in a header, about."""

_HOME_BYTES = 16
"""A root may be the first of its branch: that is one more object it lists."""

_COUNT_BYTES = 12
"""What a header says of one kind of change, about."""


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


class _Ready(NamedTuple):
    """A fragment that comes into the tree, encoded but for its payload base."""

    block: bytes
    fragment: Fragment


class _Change(NamedTuple):
    """What is done to one table, with its fragments ready; records of other commits as they are."""

    told: TableChange
    new: list[_Ready]
    appended: list[tree.Record | _Ready]
    replaced: dict[tuple[tree.Record, ...], list[tree.Record | _Ready]]


class _Slot:
    """Blocks placed so far."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.at = slot.HEAD.size
        self.known: dict[tree.Record, dict[int, stats.ColumnStatistics]] = {}
        self.edited: dict[tree.Record, Fragment] = {}
        """Fragments with changes: what is changed once is often changed again."""
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
    changes = [_ready_change(change, place) for change in staged.tables]
    base = _guessed_base(parent, stamp, changes, place) if staged.payload_length else 0
    layout, header = _pass(objects, parent, staged, changes, stamp, place, base)
    text = slot.header_json(header)
    if staged.payload_length and not 0 <= base - layout.at - len(text) <= _GAP_BYTES_MAX:
        base = _aligned(layout.at + len(text) + _SLACK_BYTES)
        layout, header = _pass(objects, parent, staged, changes, stamp, place, base)
        text = slot.header_json(header)
    for record, known in layout.known.items():
        objects.keep_statistics(record, known)
    for record, fragment in layout.edited.items():
        objects.keep_fragment(record, fragment, base)
    head_length = base or layout.at + len(text)
    parts = slot.encode(layout.blocks, text, head_length, staged.payload, staged.payload_length)
    raw = bytes(parts[0])
    head = slot.SlotHead(header, raw, head_length + staged.payload_length)
    return Assembled(parts, head, layout.tables)


def _ready_change(change: TableChange, place: Place) -> _Change:
    """A change with its fragments encoded."""
    nonce = place.commit_id.nonce

    def ready(found: Sequence[tree.Record | Fragment]) -> list[tree.Record | _Ready]:
        return [f if isinstance(f, tree.Record) else _ready(f, nonce) for f in found]

    new = [_ready(_with_ids(fragment, place), nonce) for fragment in change.fragments]
    replaced = {path: ready(found) for path, found in change.replaced.items()}
    return _Change(change, new, ready(change.appended), replaced)


def _with_ids(staged: Fragment, place: Place) -> Fragment:
    """Appended rows with their row ids and version."""
    first = 0
    if place.allocator is not None:
        first = (place.allocator[0] << COUNTER_BITS) + place.allocator[1]
    nonce = place.commit_id.nonce
    row_ids = tuple([Run(start + first, rows) for start, rows in staged.row_ids])
    versions = tuple([Run(nonce, rows) for _, rows in staged.versions])
    return Fragment(
        staged.rows, row_ids, versions, staged.columns, 0, staged.overlays, staged.deletion
    )


def _ready(fragment: Fragment, nonce: int) -> _Ready:
    """A fragment encoded; what it changes gets the version of this commit."""
    if fragment.overlays or fragment.deletion is not None:
        fragment = _versioned(fragment, nonce)
    return _Ready(fragments.encode(fragment), fragment)


def _guessed_base(parent: Snapshot, stamp: Stamp, changes: Sequence[_Change], place: Place) -> int:
    """Where the payload may begin; 0 if the parent tells nothing of it.

    Nodes are taken to be as long as those they replace, and the header as the parent's but for
    what is known to differ: right for all but 1 in 32 small commits, which fill a tree level.
    """
    if parent.head is None:
        return 0
    former = parent.head.header
    size = slot.HEAD.size + slot.header_length(parent.head.head)
    size += len(stamp.message.encode()) - len(former.message.encode())
    size += len(stamp.author.encode()) - len(former.author.encode())
    size += _PARENT_BYTES * (len(place.parents) - len(former.parents))
    entries = parent.entries()
    for told, new, appended, replaced in changes:
        entry = entries.get(told.former_name or told.name)
        if entry is None or told.created or told.dropped or told.taken is not None:
            return 0
        state = parent.table(entry.name)
        placed = [*new, *appended, *[found for several in replaced.values() for found in several]]
        size += sum([_padded(len(found.block)) for found in placed if isinstance(found, _Ready)])
        nodes = {node for path in replaced for node in path[:-1]}
        size += sum([_padded(node.length) for node in nodes])
        size += _padded(
            len(state.root_block) + (len(new) + len(appended)) * tree.RECORD_DTYPE.itemsize
        )
        block = state.schema_block if told.schema is None else schemas.encode(told.schema)
        if told.schema is not None or len(block) <= SCHEMA_INLINE_BYTES_MAX:
            size += _padded(len(block))
        size += _HOME_BYTES + _COUNT_BYTES * (len(_summary(told)) - len(entry.change))
    return _aligned(size + _SLACK_BYTES)


def _padded(size: int) -> int:
    return size + -size % 8


def _aligned(size: int) -> int:
    return size + -size % slot.ALIGNMENT


def _pass(
    objects: Objects,
    parent: Snapshot,
    staged: Staged,
    ready: Sequence[_Change],
    stamp: Stamp,
    place: Place,
    base: int,
) -> tuple[_Slot, CommitHeader]:
    layout = _Slot()
    changes = {change.told.table_id: change for change in ready}
    entries = []
    for entry in parent.entries().values():
        change = changes.pop(entry.table_id, None)
        if change is None:
            schema, root = parent.absolute(entry.schema), parent.absolute(entry.root)
            entries.append(entry._replace(schema=schema, root=root, change={}))
        elif not change.told.dropped:
            entries.append(_changed(objects, layout, parent, change, place, base))
    for change in changes.values():
        if not change.told.dropped:
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
    objects: Objects, layout: _Slot, parent: Snapshot, ready: _Change, place: Place, base: int
) -> TableEntry:
    """Place the blocks of one changed table."""
    change = ready.told
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
        records, old_root = _rewritten(objects, layout, parent, records, ready, place, base), b""
    placed = [_placed(layout, found, place, base) for found in [*ready.new, *ready.appended]]
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


def _placed(layout: _Slot, found: tree.Record | _Ready, place: Place, base: int) -> tree.Record:
    """The record of a fragment that comes into the tree; one of another commit is there already."""
    if isinstance(found, tree.Record):
        return found
    ref = layout.place(fragments.based(found.block, base))
    record = _record(ref, found.fragment.live_rows, 0, place)
    layout.known[record] = {c.column_id: c.statistics for c in found.fragment.columns}
    if found.fragment.overlays or found.fragment.deletion is not None:
        layout.edited[record] = found.fragment
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
    change: _Change,
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
            raise ValueError(f"a fragment to be replaced is not in table {change.told.name!r}")
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
