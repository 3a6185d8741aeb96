"""Reading all of a repository once, and saying what of it is damaged and which rows that costs.

First every slot, oldest first on each branch: its head, its blocks, and the frames that ride in
it. What lies in packs is noted, and each pack is read once for all that is noted of it. Damage
stops nothing but what it hides.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from deeplake.errors import (
    DamageError,
    FormatVersionError,
    MalformedObjectError,
    ObjectNotFoundError,
)
from deeplake.format import fragment as fragments
from deeplake.format import slot, tree
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.keys import slot_key, slot_of_key
from deeplake.storage.cache import CachedStore
from deeplake.table import checks
from deeplake.table.checks import Bad, Check, Owner
from deeplake.table.columns import columns_of
from deeplake.table.damage import Damage, cut
from deeplake.table.findings import Block, Findings, block_id, mark, text
from deeplake.table.verify_keys import unique_keys
from deeplake.table.verify_names import Names
from deeplake.versioning import condensed, plans
from deeplake.versioning.objects import Objects, as_array
from deeplake.versioning.reach import new_records

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from deeplake.format.fragment import Fragment
    from deeplake.format.keys import CommitId
    from deeplake.format.slot import BlockRef, CommitHeader, SlotHead, TableEntry
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column
    from deeplake.table.findings import Place
    from deeplake.versioning.snapshot import Snapshot

    Bytes = npt.NDArray[np.uint8]

_READ_TOGETHER = 64


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
    found = Findings()
    run = _Run(objects, found, told)
    if at is None:
        names = Names(objects, found)
        names.read()
        places = run.listed_slots()
        names.find(places)
        run.slots(places)
        names.check()
    elif at.commit_id is not None:
        found.plan = plans.read_plan(objects)
        found.roots[str(at.commit_id)] = at.commit_id[:2]
        run.slots(run.history(at))
    run.packs()
    found.unique_rows(objects)
    unique_keys(objects, found)
    return Verification(found.commits, found.objects, found.bytes, found.damages())


class _Run:
    """One verification."""

    def __init__(
        self, objects: Objects, found: Findings, told: Callable[[str, int, int], None]
    ) -> None:
        self._objects = objects
        self._found = found
        self._told = told
        self._stand_ins: dict[Place, condensed.StandIn] = {}
        """Of commits that are read by them."""
        self._named: set[Place] = set()
        """Slots that branches and tags stand on."""
        self._parents: list[tuple[Place, str, Place]] = []
        """Parents that are not the slot before: their slot, their id, and the child's slot."""
        self._columns: dict[tuple[int, int], dict[int, Column]] = {}
        """By table and column what it was, by generation: widened on branches, in several ways."""
        self._roots: dict[int, tuple[tuple[str, int], bytes]] = {}
        """Table -> its last root: where it lies, and its bytes."""
        self._elsewhere: set[tuple[str, int]] = set()
        """Roots and schemas of other slots that were checked."""
        self._keyed: set[tuple[str, int]] = set()
        """Schemas with keys."""
        self._pending: dict[str, list[Check]] = {}
        self._seen: set[tuple[object, ...]] = set()
        """Identities of all checks so far."""
        self._leftover: set[bytes] = set()
        """Blocks that only commits have that a plan covers."""
        self._excused: set[tuple[object, ...]] = set()
        """Identities of checks of such blocks only: what they look at may be gone."""
        self._others: dict[tuple[object, ...], set[bytes]] = {}
        """Identity -> fragments with the same data beside the first: edited ones."""

    # --- slots ------------------------------------------------------------------------------

    def listed_slots(self) -> list[Place]:
        """Every slot there is; those that should be and are not are damage."""
        found = [slot_of_key(info.key) for info in self._objects.store.list("refs/heads/")]
        places = sorted(place for place in found if place is not None)
        for before, after in pairwise(places):
            if before[0] == after[0] and after[1] - before[1] > 1:
                self._found.missing_slots(after[0], before[1] + 1, after[1])
        lowest = dict(reversed(places))
        for branch, sequence in lowest.items():
            self._found.missing_slots(branch, 1, sequence)
        return places

    def history(self, at: Snapshot) -> list[Place]:
        """The slots of a commit and of all its ancestors: chains of slots, of which only the ends
        are read to find them.
        """
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
                if first is not None:
                    pending += self._above(first)
            except DamageError:
                continue  # found again when the slot is checked
        return sorted(found)

    def _above(self, child: CommitHeader) -> list[SlotHead]:
        """The parents of a commit that are there."""
        found = []
        for parent in child.parents:
            head = self._objects.read_slot(parent.branch, parent.sequence)
            if head is None and self._found.plan.covers(parent):
                head = self._kept_before(parent)
                if head is None:
                    continue
            if head is not None:
                found.append(head)
            else:
                self._found.add(Damage(parent.slot, "is missing", commit=str(child.commit_id)))
        return found

    def _kept_before(self, place: CommitId) -> SlotHead | None:
        """The newest slot kept before one that has expired."""
        before = self._found.plan.kept_before(place.branch, place.sequence)
        return self._objects.read_slot(place.branch, before) if before else None

    def _header(self, branch: int, sequence: int) -> CommitHeader | None:
        found = self._objects.read_slot(branch, sequence)
        return None if found is None else found.header

    def slots(self, places: list[Place]) -> None:
        """Check slots, in the order given."""
        self._read_stand_ins()
        self._named = set(self._found.roots.values())
        for start in range(0, len(places), _READ_TOGETHER):
            several = places[start : start + _READ_TOGETHER]
            raws = self._objects.parallel(
                lambda place: self._objects.get_or_none(slot_key(*place)), several
            )
            for place, raw in zip(several, raws, strict=True):
                self._slot(place, raw)
            self._told("commits", len(several), len(places))
        for place, parent, child in self._parents:
            known = self._found.slots.get(place, "missing")
            if known in (None, parent) or self._found.expired(place):
                continue  # None: told already
            what = f"is missing: commit {parent}, a parent of {self._found.slots[child]}"
            self._found.add(Damage(slot_key(*place), what))

    def _read_stand_ins(self) -> None:
        for one in condensed.newest(self._objects):
            raw = self._objects.get_or_none(one.info.key)
            try:
                found = {} if raw is None else condensed.decode(raw, one.info.key)
            except DamageError as error:
                self._found.refused(one.info.key, error)
                continue
            self._stand_ins.update(((one.branch, s), stand_in) for s, stand_in in found.items())

    def _slot(self, place: Place, raw: bytes | None) -> None:
        key = slot_key(*place)
        if raw is None:
            if not self._found.expired(place):
                self._found.add(Damage(key, "is missing"), frozenset([mark(place)]))
            return
        self._found.count(len(raw))
        self._found.commits += 1
        self._found.slots[place] = None
        data = as_array(raw)
        try:
            head = slot.decode(raw, key)
            if head.header.commit_id[:2] != place:
                raise MalformedObjectError(f"it holds commit {head.header.commit_id}")
            if head.total_length != len(raw):
                self._found.add(
                    Damage(key, f"has {len(raw):,} bytes, not {head.total_length:,}",
                           commit=str(head.header.commit_id))
                )  # fmt: skip
        except (DamageError, FormatVersionError) as error:
            self._found.refused(key, error, blocks=frozenset([mark(place)]))
            self._run_checks(key, data)
            return
        header = head.header
        self._found.slots[place] = str(header.commit_id)
        if header.allocator is not None:
            self._found.allocators.setdefault(header.allocator[0], str(header.commit_id))
        for parent in header.parents:
            if self._found.slots.get(parent[:2]) != str(parent):
                self._parents.append((parent[:2], str(parent), place))
        try:
            head = condensed.standing_in(head, self._stand_ins.get(place))
        except FormatVersionError as error:
            self._found.refused(key, error, blocks=frozenset([mark(place)]))
        for entry in head.header.tables:
            self._table(head, entry, key)
        self._run_checks(key, data)

    # --- tables -----------------------------------------------------------------------------

    def _table(self, head: SlotHead, entry: TableEntry, key: str) -> None:
        place, commit = head.header.commit_id[:2], str(head.header.commit_id)
        covered = self._found.plan.covers(head.header.commit_id)
        try:
            self._schema(head, entry, covered)
            where = (entry.root.key or key, entry.root.offset)
            last = self._roots.get(entry.table_id)
            named = place in self._named
            if last is not None and last[0] == where:
                block, new = last[1], []
            elif where in self._elsewhere and not named:
                return
            else:
                block = self._block(entry.root, head)
                new = new_records(block, b"" if last is None else last[1], where[0])
                if not covered:
                    self._roots[entry.table_id] = (where, block)
            if entry.root.key and not covered:
                self._elsewhere.add(where)
            if tree.rows_of(block, where[0]) != entry.rows:
                raise MalformedObjectError(f"the root of {entry.name!r} has other rows")
            if named:
                records, _ = tree.decode(block, where[0])
                tables = self._found.tables.setdefault(place, {})
                tables[entry.name] = tuple(block_id(record) for record in records)
                schema = entry.schema.key or key, entry.schema.offset
                if schema in self._keyed:
                    self._found.keyed.setdefault(place, {})[entry.name] = schema
            for record in new:
                self._record(record, head, entry, covered)
        except (DamageError, ObjectNotFoundError) as error:
            if not (covered and isinstance(error, ObjectNotFoundError)):
                blocks = frozenset([mark(place)])
                self._found.refused(entry.root.key or key, error, entry.name, commit, blocks)

    def _schema(self, head: SlotHead, entry: TableEntry, covered: bool) -> None:
        where = (entry.schema.key or head.header.commit_id.slot, entry.schema.offset)
        if entry.schema.key:
            if where in self._elsewhere:
                return
            if not covered:
                self._elsewhere.add(where)
        columns = columns_of(self._block(entry.schema, head))
        if columns.keys:
            self._keyed.add(where)
        for column in columns:
            known = self._columns.setdefault((entry.table_id, column.column_id), {})
            known.setdefault(column.generation, column)

    def _block(self, ref: BlockRef, head: SlotHead) -> bytes:
        block = self._objects.block(ref, head)
        if not ref.key and crc32c(block) != ref.crc:
            raise damaged(f"the block at byte {ref.offset}")
        return block

    def _record(self, top: Record, head: SlotHead, entry: TableEntry, covered: bool) -> None:
        commit, pending = str(head.header.commit_id), [top]
        while pending:
            record = pending.pop()
            number = block_id(record)
            if number in self._found.blocks and (covered or number not in self._leftover):
                continue
            self._found.blocks[number] = Block()
            (self._leftover.add if covered else self._leftover.discard)(number)
            key = self._objects.record_key(record)
            try:
                block = self._objects.read_record(record, head)
                if crc32c(block) != record.crc:
                    raise damaged(f"the block at byte {record.offset}")
                if record.level:
                    records, _ = tree.decode(block, f"a tree node in {key}")
                    tree.check_child(record, records, f"a tree node in {key}")
                    self._found.blocks[number] = Block(tuple(block_id(r) for r in records))
                    pending += records
                else:
                    self._fragment(record, fragments.decode(block, key), entry, commit)
            except (DamageError, ObjectNotFoundError) as error:
                if not (covered and isinstance(error, ObjectNotFoundError)):
                    what = f"{text(error)} ({record.rows:,} rows)"
                    self._found.add(
                        Damage(key, what, entry.name, commit=commit), frozenset([number])
                    )

    def _fragment(self, record: Record, fragment: Fragment, entry: TableEntry, commit: str) -> None:
        key, number = self._objects.record_key(record), block_id(record)
        if fragment.live_rows != record.rows:
            raise MalformedObjectError(f"a fragment in {key} has not the rows its table says")
        edited = (fragment, key) if fragment.deletion is not None else None
        self._found.blocks[number] = Block((), fragment.row_ids, edited)
        owner = Owner(entry.table_id, entry.name, commit, number, fragment.row_ids, key)
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
        if check.owner.block not in self._leftover:
            self._excused.discard(same)
        elif same not in self._seen:
            self._excused.add(same)
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
                column = self._column(check)
                if column is None:
                    continue  # dropped: its bytes mean nothing
            try:
                for found in checks.run(self._objects, check, column, data):
                    if isinstance(found, Bad):
                        self._rows(check, key, found.what, found.low, found.high)
                    else:
                        self._ask(found)
            except (DamageError, ValueError) as error:
                self._rows(check, key, text(error), check.low, check.high)

    def _column(self, check: Check) -> Column | None:
        """The column of a check, of a type that holds its values if it ever had one."""
        known = self._columns.get((check.owner.table_id, check.column or 0), {})
        wide = (column for column in known.values() if column.holds(check.generation))
        return next(wide, next(iter(known.values()), None))

    def _rows(self, check: Check, key: str, what: str, low: int, high: int) -> None:
        owner = check.owner
        column = self._column(check)
        name = None if column is None or check.column is None else column.name
        ids = cut(owner.row_ids, low, high)
        damage = Damage(key, what, owner.table, name, ids, owner.commit)
        self._found.add(damage, frozenset([owner.block, *self._others.get(check.origin, ())]))

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
                            if check.origin not in self._excused:
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
        if slot_of_key(key) not in self._found.slots:
            self._found.count(len(data))
        return data
