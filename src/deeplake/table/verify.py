"""Reading all of a repository once, and saying what of it is damaged and which rows that costs.

First every slot, oldest first on each branch: its head, its blocks, and the frames that ride in
it. What lies in packs is noted, and each pack is read once for all that is noted of it. Damage
stops nothing but what it hides.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from deeplake.errors import (
    DamageError,
    FormatVersionError,
    MalformedObjectError,
    ObjectNotFoundError,
    StoreError,
)
from deeplake.format import fragment as fragments
from deeplake.format import slot, tree
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.keys import (
    MAIN_BRANCH_ID,
    REPOSITORY,
    CommitId,
    allocator_key,
    slot_key,
    slot_of_key,
)
from deeplake.format.sealed import unseal
from deeplake.storage.cache import CachedStore
from deeplake.table import checks
from deeplake.table.checks import Bad, Check, Owner
from deeplake.table.columns import columns_of
from deeplake.table.damage import Damage, cut, overlapping
from deeplake.table.edited import live_places, read_bitmap
from deeplake.versioning import plans, refs
from deeplake.versioning.head import read_hint
from deeplake.versioning.objects import Objects, as_array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from deeplake.format.fragment import Fragment, Run
    from deeplake.format.slot import BlockRef, SlotHead, TableEntry
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column
    from deeplake.versioning.snapshot import Snapshot

    Entry = TypeVar("Entry")

    Place = tuple[int, int]
    Bytes = npt.NDArray[np.uint8]

_SEALED = ("refs/names/", "refs/tags/", "refs/pins/", "refs/merges/", "ids/", "gc/expired/", "gc/")
_ENTRY = (
    r"(?:refs/(?:names|tags|merges)/[^/]+/[0-9a-f]{8}|ids/[0-9a-f]{7}|"
    r"gc/expired/[0-9a-f]{12}|(?:gc|refs/pins)/[0-9a-f]{32})"
)
_READ_TOGETHER = 64
_WHOLE_BYTES_MAX = 256 << 20
"""Objects behind requests up to this size are read in one piece; larger ones are single values."""


class Verification(NamedTuple):
    """What was read, and what is wrong."""

    commits: int
    objects: int
    bytes: int
    damages: list[Damage]


def verify(
    objects: Objects, at: Snapshot | None, told: Callable[[str, int, int], None]
) -> Verification:
    """Check a repository, or one commit and its history.

    Raises:
        StoreError: the store failed.
    """
    store = objects.store
    if isinstance(store, CachedStore):  # what is stored counts, not what was read before
        objects = Objects(store.store)
    run = _Run(objects, told)
    if at is None:
        run.sealed_objects()
        run.slots(run.listed_slots())
        run.names()
    else:
        run.slots(run.history(at))
        if at.commit_id is not None:
            run.roots[str(at.commit_id)] = [at.commit_id[:2]]
    run.packs()
    run.unique_rows()
    return Verification(run.commits, run.objects_read, run.bytes_read, run.with_refs())


class _Block(NamedTuple):
    """What is known of a tree block: blocks below a node; row ids and deletion of a fragment."""

    children: tuple[bytes, ...] = ()
    runs: tuple[Run, ...] = ()
    fragment: tuple[Fragment, str] | None = None
    """With deleted rows only; and the object it lies in."""


class _Run:
    """One verification."""

    def __init__(self, objects: Objects, told: Callable[[str, int, int], None]) -> None:
        self._objects = objects
        self._told = told
        self._plan = plans.Plan(0, {})
        self.commits = self.objects_read = self.bytes_read = 0
        self._damages: list[tuple[Damage, frozenset[bytes]]] = []
        """Each with the blocks of the fragments it hits, or b'<commit>' of a whole commit."""
        self._slots: dict[Place, str | None] = {}
        """Slots read -> commit id; None if the head is damaged."""
        self._parents: list[tuple[Place, str, Place]] = []
        self._columns: dict[tuple[int, int], Column] = {}
        self._blocks: dict[bytes, _Block] = {}
        self._tables: dict[Place, dict[str, tuple[bytes, ...]]] = {}
        """Slot -> table -> blocks of its root, as far as some name may need them."""
        self._roots: dict[tuple[str, int], tuple[bytes, ...]] = {}
        self._schemas: set[tuple[str, int]] = set()
        self._pending: dict[str, list[Check]] = {}
        self._seen: set[tuple[object, ...]] = set()
        """Identities of all checks so far."""
        self._others: dict[tuple[object, ...], set[bytes]] = {}
        """Identity -> fragments with the same data beside the first: edited ones."""
        self._named_branches = {MAIN_BRANCH_ID}
        """Branches that some entry names, or has named."""
        self._unreadable = False
        """Whether an entry of a name is damaged."""
        self._claims: set[int] | None = None
        """Allocators that are claimed; None if nobody looked."""
        self._allocators: dict[int, str] = {}
        self.roots: dict[str, list[Place]] = {}
        """Branches and tags -> their slot."""

    # --- small objects ----------------------------------------------------------------------

    def sealed_objects(self) -> None:
        """Names, tags, claims, plans and whatever else is sealed JSON."""
        keys = {REPOSITORY}
        for prefix in _SEALED:
            found = self._objects.store.list(prefix)
            keys.update(info.key for info in found if re.fullmatch(_ENTRY, info.key))
        ordered = sorted(keys)
        for raw, key in zip(
            self._objects.parallel(self._objects.get_or_none, ordered), ordered, strict=True
        ):
            try:
                if raw is None:
                    raise MalformedObjectError("is missing")
                self._count(len(raw))
                document = unseal(raw, key)
                if key.startswith("refs/names/") and isinstance(document.get("branch"), int):
                    self._named_branches.add(document["branch"])
            except DamageError as error:
                self._damage(key, error)
                self._unreadable |= key.startswith("refs/names/")
        self._claims = {int(key[4:], 16) for key in ordered if key.startswith("ids/")}
        try:
            self._plan = plans.read_plan(self._objects)
        except DamageError:
            return  # told already

    def _count(self, size: int) -> None:
        self.objects_read += 1
        self.bytes_read += size

    # --- slots ------------------------------------------------------------------------------

    def listed_slots(self) -> list[Place]:
        """Every slot there is; those that should be and are not are damage."""
        found = [slot_of_key(info.key) for info in self._objects.store.list("refs/heads/")]
        places = sorted(place for place in found if place is not None)
        for before, after in pairwise(places):
            if before[0] == after[0] and after[1] - before[1] > 1:
                self._missing_slots(after[0], before[1] + 1, after[1])
        lowest = dict(reversed(places))
        for branch, sequence in lowest.items():
            self._missing_slots(branch, 1, sequence)
        return places

    def _missing_slots(self, branch: int, low: int, high: int) -> None:
        low = max(low, self._plan.expired.get(branch, 0) + 1)
        if low < high:
            more = f", and {high - low - 1} after it" if high - low > 1 else ""
            self._add(Damage(slot_key(branch, low), f"is missing{more}"))

    def history(self, at: Snapshot) -> list[Place]:
        """The slots of a commit and of all its ancestors: chains of slots, of which only the ends
        are read to find them.
        """
        self._plan = plans.read_plan(self._objects)
        found: set[Place] = set()
        pending = [] if at.head is None else [at.head]
        while pending:
            header = pending.pop().header
            branch, high, _ = header.commit_id
            low = max(header.linear, 1)
            chain = [(branch, sequence) for sequence in range(low, high + 1)]
            if set(chain) <= found:
                continue
            found.update(chain)
            try:
                first = header if low == high else self._header(branch, low)
                for parent in () if first is None else first.parents:
                    above = self._objects.read_slot(parent.branch, parent.sequence)
                    if above is not None:
                        pending.append(above)
                    elif not self._plan.covers(parent):
                        self._add(Damage(parent.slot, "is missing", commit=str(first.commit_id)))  # type: ignore[union-attr]
            except DamageError:
                continue  # found again when the slot is checked
        return sorted(found)

    def _header(self, branch: int, sequence: int) -> slot.CommitHeader | None:
        found = self._objects.read_slot(branch, sequence)
        return None if found is None else found.header

    def slots(self, places: list[Place]) -> None:
        """Check slots, in the order given."""
        for start in range(0, len(places), _READ_TOGETHER):
            several = places[start : start + _READ_TOGETHER]
            raws = self._objects.parallel(
                lambda place: self._objects.get_or_none(slot_key(*place)), several
            )
            for place, raw in zip(several, raws, strict=True):
                self._slot(place, raw)
            self._told("commits", len(several), len(places))
        for place, child, parent in self._parents:
            known = self._slots.get(place, "missing")
            expired = place[1] <= self._plan.expired.get(place[0], 0)
            if known is not None and known != child and not expired and place in self._slots:
                what = f"holds commit {known}, not {child}, the parent of {self._slots[parent]}"
                self._add(Damage(slot_key(*place), what))
            elif place not in self._slots and not expired:
                what = f"is missing: commit {child}, the parent of {self._slots[parent]}"
                self._add(Damage(slot_key(*place), what))

    def _slot(self, place: Place, raw: bytes | None) -> None:
        key = slot_key(*place)
        if raw is None:
            if place[1] > self._plan.expired.get(place[0], 0):
                self._add(Damage(key, "is missing"), frozenset([_mark(place)]))
            return
        self._count(len(raw))
        self.commits += 1
        self._slots[place] = None
        data = as_array(raw)
        try:
            head = slot.decode(raw, key)
            if head.header.commit_id[:2] != place:
                raise MalformedObjectError(f"it holds commit {head.header.commit_id}")
            if head.total_length != len(raw):
                self._add(
                    Damage(key, f"has {len(raw):,} bytes, not {head.total_length:,}",
                           commit=str(head.header.commit_id))
                )  # fmt: skip
        except (DamageError, FormatVersionError) as error:
            self._damage(key, error, blocks=frozenset([_mark(place)]))
            self._run_checks(key, data)
            return
        header = head.header
        self._slots[place] = str(header.commit_id)
        if header.allocator is not None:
            self._allocators.setdefault(header.allocator[0], str(header.commit_id))
        for parent in header.parents:
            self._parents.append((parent[:2], str(parent), place))
        self._tables.setdefault(place, {})
        for entry in header.tables:
            self._table(head, entry, key)
        self._run_checks(key, data)

    # --- tables -----------------------------------------------------------------------------

    def _table(self, head: SlotHead, entry: TableEntry, key: str) -> None:
        place, commit = head.header.commit_id[:2], str(head.header.commit_id)
        covered = self._plan.covers(head.header.commit_id)
        try:
            self._schema(head, entry)
            where = (entry.root.key or key, entry.root.offset)
            roots = self._roots.get(where)
            if roots is None:
                records, _ = tree.decode(self._block(entry.root, head), f"the root in {where[0]}")
                if tree.total_rows(records) != entry.rows:
                    raise MalformedObjectError(f"the root of {entry.name!r} has other rows")
                roots = tuple(_block_id(record) for record in records)
                self._roots[where] = roots
                self._tables[place][entry.name] = roots
                for record in records:
                    self._record(record, head, entry, covered)
            self._tables[place][entry.name] = roots
        except (DamageError, ObjectNotFoundError) as error:
            if not (covered and isinstance(error, ObjectNotFoundError)):
                self._damage(
                    entry.root.key or key, error, entry.name, commit, frozenset([_mark(place)])
                )

    def _schema(self, head: SlotHead, entry: TableEntry) -> None:
        where = (entry.schema.key or head.header.commit_id.slot, entry.schema.offset)
        if where in self._schemas:
            return
        self._schemas.add(where)
        for column in columns_of(self._block(entry.schema, head)):
            known = self._columns.get((entry.table_id, column.column_id))
            if known is None or known.generation < column.generation:
                self._columns[entry.table_id, column.column_id] = column

    def _block(self, ref: BlockRef, head: SlotHead) -> bytes:
        block = self._objects.block(ref, head)
        if not ref.key and crc32c(block) != ref.crc:
            raise damaged(f"the block at byte {ref.offset}")
        return block

    def _record(self, top: Record, head: SlotHead, entry: TableEntry, covered: bool) -> None:
        commit, pending = str(head.header.commit_id), [top]
        while pending:
            record = pending.pop()
            block_id = _block_id(record)
            if block_id in self._blocks:
                continue
            self._blocks[block_id] = _Block()
            key = self._objects.record_key(record)
            try:
                block = self._objects.read_record(record, head)
                if crc32c(block) != record.crc:
                    raise damaged(f"the block at byte {record.offset}")
                if record.level:
                    records, _ = tree.decode(block, f"a tree node in {key}")
                    tree.check_child(record, records, f"a tree node in {key}")
                    self._blocks[block_id] = _Block(tuple(_block_id(r) for r in records))
                    pending += records
                else:
                    self._fragment(record, fragments.decode(block, key), entry, commit)
            except (DamageError, ObjectNotFoundError) as error:
                if not (covered and isinstance(error, ObjectNotFoundError)):
                    what = f"{_text(error)} ({record.rows:,} rows)"
                    self._add(Damage(key, what, entry.name, commit=commit), frozenset([block_id]))

    def _fragment(self, record: Record, fragment: Fragment, entry: TableEntry, commit: str) -> None:
        key, block_id = self._objects.record_key(record), _block_id(record)
        if fragment.live_rows != record.rows:
            raise MalformedObjectError(f"a fragment in {key} has not the rows its table says")
        edited = (fragment, key) if fragment.deletion is not None else None
        self._blocks[block_id] = _Block((), fragment.row_ids, edited)
        owner = Owner(entry.table_id, entry.name, commit, block_id, fragment.row_ids, key)
        for chunk in fragment.columns:
            at = 0
            for ref in chunk.frames:
                self._ask(Check(owner, chunk.column_id, at, at + ref.rows, ref, chunk.generation))
                at += ref.rows
        rows = fragment.rows
        for overlay in fragment.overlays:
            whole = Check(owner, overlay.column_id, 0, rows, overlay.values, overlay.generation)
            self._ask(whole)
            self._ask(whole._replace(piece=overlay.bitmap, among=rows, named=overlay.values.rows))
        if fragment.deletion is not None:
            bitmap, count, _ = fragment.deletion
            self._ask(Check(owner, None, 0, rows, bitmap, 0, rows, count))

    # --- data -------------------------------------------------------------------------------

    def _ask(self, check: Check) -> None:
        same = checks.identity(check)
        if same in self._seen:
            self._others.setdefault(same, set()).add(check.owner.block)
            return
        self._seen.add(same)
        if not check.origin:
            check = check._replace(origin=same)
        self._pending.setdefault(checks.key_of(check), []).append(check)

    def _run_checks(self, key: str, data: Bytes) -> None:
        for check in self._pending.pop(key, ()):
            column = None
            if check.column is not None and hasattr(check.piece, "index_crc"):
                column = self._columns.get((check.owner.table_id, check.column))
                if column is None:
                    continue  # dropped: its bytes mean nothing
            try:
                for found in checks.run(self._objects, check, column, data):
                    if isinstance(found, Bad):
                        self._rows(check, key, found.what, found.low, found.high)
                    else:
                        self._ask(found)
            except (DamageError, ValueError) as error:
                self._rows(check, key, _text(error), check.low, check.high)

    def _rows(self, check: Check, key: str, what: str, low: int, high: int) -> None:
        owner = check.owner
        column = self._columns.get((owner.table_id, check.column or 0))
        name = None if column is None or check.column is None else column.name
        ids = cut(owner.row_ids, low, high)
        damage = Damage(key, what, owner.table, name, ids, owner.commit)
        self._add(damage, frozenset([owner.block, *self._others.get(check.origin, ())]))

    def packs(self) -> None:
        """Check all that was noted, object by object, each read once."""
        while self._pending:
            keys = sorted(self._pending)
            for k in range(0, len(keys), 4):  # packs of 64 MiB: memory for so many
                several = keys[k : k + 4]
                for key, data in zip(
                    several, self._objects.parallel(self._whole, several), strict=True
                ):
                    if isinstance(data, str):
                        for check in self._pending.pop(key):
                            self._rows(check, key, data, check.low, check.high)
                    else:
                        self._run_checks(key, data)
                self._told("packs", len(several), len(keys))

    def _whole(self, key: str) -> Bytes | str:
        """An object, or what is wrong with it."""
        store = self._objects.store
        try:
            data = store.map(key)
            if data is None:
                data = as_array(store.get(key))
        except ObjectNotFoundError:
            return "is missing"
        if slot_of_key(key) not in self._slots:
            self._count(len(data))
        return data

    # --- names ------------------------------------------------------------------------------

    def names(self) -> None:
        """What each branch and tag stands on, which must be there."""
        last: dict[int, int] = {}
        for number, sequence in self._slots:
            last[number] = max(sequence, last.get(number, 0))
        for number in sorted(last.keys() - self._named_branches):
            if not self._unreadable:
                newest = slot_key(number, last[number])
                self._add(Damage(newest, "belongs to a branch that no entry names"))
        for allocator in sorted(self._allocators.keys() - (self._claims or set()) - {0}):
            what = "is missing: a claim of row ids"
            commit = self._allocators[allocator]
            self._add(Damage(allocator_key(allocator), what, commit=commit))
        for branch in self._entries("refs/names/", refs.find_branch, {refs.MAIN}):
            head = last.get(branch.branch_id, 0)
            hinted = read_hint(self._objects, branch.name, branch.branch_id)
            if hinted > head:
                self._missing_slots(branch.branch_id, head + 1, hinted + 1)
            if head:
                self.roots[branch.name] = [(branch.branch_id, head)]
            if branch.base is not None:
                self._named(branch.name, "branch", branch.base)
        for tag in self._entries("refs/tags/", refs.find_tag, set()):
            self._named(tag.name, "tag", tag.commit_id)

    def _entries(
        self, prefix: str, find: Callable[[Objects, str], Entry | None], more: set[str]
    ) -> list[Entry]:
        """Branches or tags, those left out whose entries are damaged: that was told already."""
        found = []
        for name in sorted(refs.listed_names(self._objects, prefix) | more):
            try:
                entry = find(self._objects, name)
            except DamageError:
                continue
            if entry is not None:
                found.append(entry)
        return found

    def _named(self, name: str, kind: str, commit: CommitId) -> None:
        place = (commit.branch, commit.sequence)
        found = self._slots.get(place, "missing")
        if found is not None and found != str(commit):
            self._add(Damage(commit.slot, f"is missing: commit {commit}, of the {kind} {name!r}"))
        self.roots.setdefault(name, []).append(place)

    # --- whole tables -----------------------------------------------------------------------

    def unique_rows(self) -> None:
        """Row ids are unique within each table that has a name."""
        seen: set[tuple[bytes, ...]] = set()
        for places in self.roots.values():
            for name, roots in self._tables.get(places[0], {}).items():
                if roots not in seen:
                    seen.add(roots)
                    self._unique(name, roots, self._slots.get(places[0]))

    def _unique(self, table: str, roots: tuple[bytes, ...], commit: str | None) -> None:
        ranges: list[tuple[int, int]] = []
        deleted: list[tuple[bytes, Fragment, str]] = []
        for block_id in self._leaves(roots):
            block = self._blocks[block_id]
            if block.fragment is None:
                ranges += [(run.start, run.start + run.rows - 1) for run in block.runs]
            else:
                deleted.append((block_id, *block.fragment))
        every = [(r.start, r.start + r.rows - 1) for _, f, _ in deleted for r in f.row_ids]
        if not overlapping([*ranges, *every]):
            return
        # fragments of some of the same rows each, the others deleted: look at single ids
        for _, fragment, key in deleted:
            try:
                ranges += _live_ranges(self._objects, fragment, key)
            except (DamageError, StoreError):
                continue  # told already
        twice = overlapping(ranges)
        if twice:
            key = "" if commit is None else slot_key(*_place_of(commit))
            what = "row ids that another row has too"
            self._add(Damage(key, what, table, None, tuple(twice), commit))

    def _leaves(self, roots: Iterable[bytes]) -> Iterator[bytes]:
        pending = list(roots)
        while pending:
            block_id = pending.pop()
            children = self._blocks.get(block_id, _Block()).children
            if children:
                pending += children
            elif block_id in self._blocks:
                yield block_id

    # --- damages ----------------------------------------------------------------------------

    def _damage(
        self,
        key: str,
        error: Exception,
        table: str | None = None,
        commit: str | None = None,
        blocks: frozenset[bytes] = frozenset(),
    ) -> None:
        self._add(Damage(key, _text(error), table, commit=commit), blocks)

    def _add(self, damage: Damage, blocks: frozenset[bytes] = frozenset()) -> None:
        self._damages.append((damage, blocks))

    def with_refs(self) -> list[Damage]:
        """The damages, with the names whose tables they hit."""
        if not self._damages:
            return []
        reached: dict[str, set[bytes]] = {}
        for name, places in self.roots.items():
            found = reached[name] = {_mark(places[0])}
            for roots in self._tables.get(places[0], {}).values():
                pending = list(roots)
                while pending:
                    block_id = pending.pop()
                    found.add(block_id)
                    pending += self._blocks.get(block_id, _Block()).children
        return [
            damage._replace(
                refs=tuple(sorted(name for name, found in reached.items() if found & blocks))
            )
            for damage, blocks in self._damages
        ]


def _block_id(record: Record) -> bytes:
    """What a tree block is told by: its object and offset."""
    return tree.object_of(record) + record.offset.to_bytes(4, "little")


def _mark(place: Place) -> bytes:
    """A whole commit among blocks."""
    return b"commit %x-%x" % place


def _place_of(commit: str) -> Place:
    branch, sequence, _ = commit.split("-")
    return int(branch, 16), int(sequence, 16)


def _live_ranges(objects: Objects, fragment: Fragment, key: str) -> list[tuple[int, int]]:
    assert fragment.deletion is not None
    deleted = read_bitmap(objects, fragment.deletion.bitmap, key, fragment.rows)
    ids = np.concatenate([np.arange(r.start, r.start + r.rows) for r in fragment.row_ids])
    live = ids[live_places(fragment.rows, deleted)]
    cuts = np.flatnonzero(np.diff(live) != 1) + 1
    return [(int(part[0]), int(part[-1])) for part in np.split(live, cuts) if len(part)]


def _text(error: Exception) -> str:
    return str(getattr(error, "message", error)).rstrip(".")
