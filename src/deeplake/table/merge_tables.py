"""merge3 of whole commits: tables that one side changed are taken, tables that both did are merged.

The one function behind merge, revert and cherry_pick; see docs/design/0003.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake.format import tree
from deeplake.format.keys import COUNTER_BITS
from deeplake.table.columns import Columns, columns_of
from deeplake.table.compare import compare
from deeplake.table.conflicts import DELETED, Conflict
from deeplake.table.contest import UNDECIDED
from deeplake.table.merge import Sides, merge_rows
from deeplake.table.merge_nulls import missing_values
from deeplake.table.names_apart import names_apart, unsettled_names
from deeplake.table.packs import PackWriter
from deeplake.table.placing import in_slot, required
from deeplake.table.returning import uneven
from deeplake.table.schema_merge import merge_schemas
from deeplake.table.unsettled import is_unsettled, is_whole, refuse_unsettled, unsettled
from deeplake.table.walk import Side
from deeplake.versioning.snapshot import TableState
from deeplake.versioning.staged import Staged, TableChange

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from deeplake.format.keys import CommitId
    from deeplake.format.schema import TableSchema
    from deeplake.format.slot import TableEntry
    from deeplake.table.contest import Resolver
    from deeplake.table.packs import Inline
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.snapshot import Snapshot


class Merged(NamedTuple):
    """The outcome: what to publish, or the conflicts in its way."""

    staged: Staged
    conflicts: list[Conflict]
    writer: PackWriter


def merge3(
    objects: Objects,
    base: Snapshot,
    ours: Snapshot,
    theirs: Snapshot,
    resolver: Resolver | None = None,
    parents: tuple[CommitId, ...] = (),
) -> Merged:
    """What changed from `base` to `theirs`, done to `ours`.

    Args:
        resolver: "ours", "theirs", or a function of a conflict; without one they are collected.
        parents: parents of the commit beside the first.

    Raises:
        Whatever `resolver` raises, and InvalidValueError if a column cannot hold its answer.
    """
    return _Commits(objects, base, ours, theirs, resolver).run(parents)


class _Commits:
    def __init__(
        self,
        objects: Objects,
        base: Snapshot,
        ours: Snapshot,
        theirs: Snapshot,
        resolver: Resolver | None,
    ) -> None:
        self._base, self._ours, self._theirs = base, ours, theirs
        self._resolver = resolver
        self._virtual = resolver == "virtual"
        self._writer = PackWriter(objects)
        self._conflicts: list[Conflict] = []
        self._refers = False

    def run(self, parents: tuple[CommitId, ...]) -> Merged:
        sides = [_by_id(snapshot) for snapshot in (self._base, self._ours, self._theirs)]
        ids = dict.fromkeys(table_id for side in sides for table_id in side)
        changes = [c for i in ids if (c := self._table(*(side.get(i) for side in sides)))]
        changes = self._named_apart(changes)
        if not self._virtual:
            refuse_unsettled(changes)
        inline = None if self._conflicts else self._writer.finish()
        placed = [_placed(change, inline) for change in changes]
        parts, length = ((), 0) if inline is None else (inline.parts, inline.length)
        requires = set(required(placed, self._writer.features))
        requires |= {"references"} if self._refers else set()
        if self._theirs.header is not None:
            requires |= set(self._theirs.header.requires)
        staged = Staged(
            tuple(placed), parts, length, tuple(sorted(requires)), parents, rederived=True
        )
        return Merged(staged, self._conflicts, self._writer)

    def _table(
        self, base: TableEntry | None, ours: TableEntry | None, theirs: TableEntry | None
    ) -> TableChange | None:
        """What is done to one table of ours."""
        if base is not None and is_whole(base.name) and ours is not None and theirs is not None:
            base = None
        old, mine, other = (
            _state(snapshot, entry)
            for snapshot, entry in (
                (self._base, base), (self._ours, ours), (self._theirs, theirs),
            )
        )  # fmt: skip
        if other in (old, mine):
            return None
        if mine == old or (ours is None and theirs is not None and base is None):
            return self._taken(ours, theirs)
        if base is None or ours is None or theirs is None:
            problem = "dropped by one side, changed by the other" if base else "made by both"
            if self._virtual:
                taken = None if ours is not None else self._taken(ours, theirs)
                both = ours is not None and theirs is not None
                return self._renamed(ours, taken, unsettled(whole=both))
            if self._keep_theirs(problem, base, ours, theirs):
                return self._taken(ours, theirs)
            return None
        return self._merged(base, ours, theirs)

    def _taken(self, ours: TableEntry | None, theirs: TableEntry | None) -> TableChange:
        """A table as theirs has it, or its end."""
        entry = theirs or ours
        assert entry is not None
        if theirs is not None:
            snapshot = self._theirs
            entry = theirs._replace(
                schema=snapshot.absolute(theirs.schema), root=snapshot.absolute(theirs.root)
            )
        return TableChange(
            entry.table_id, entry.name, None, ours is None, (), taken=entry,
            dropped=theirs is None, counts={"merged": 1},
        )  # fmt: skip

    def _merged(self, base: TableEntry, ours: TableEntry, theirs: TableEntry) -> TableChange | None:
        """A table that both changed."""
        mine = self._ours.table(ours.name)
        states = [
            mine if entry is ours else self._opened(snapshot, entry, ours)
            for snapshot, entry in (
                (self._base, base), (self._ours, ours), (self._theirs, theirs),
            )
        ]  # fmt: skip
        name = self._name(base, ours, theirs)
        snapshots = (self._base, self._ours, self._theirs)
        trees = Sides(*[
            Side(snapshot.objects, snapshot.head, state.records)
            for snapshot, state in zip(snapshots, states, strict=True)
        ])  # fmt: skip
        schemas = states[0].schema, states[1].schema, states[2].schema
        alike = schemas[0] is schemas[1] is schemas[2]
        apart = None
        if alike:  # as a rule: no column to be settled, 70 us less
            schema, columns = mine.schema, columns_of(mine.schema_block)
        else:
            decide = None if self._virtual else self._decide_side
            schema = merge_schemas(*schemas, name, decide, _Changed(trees))
            columns = Columns(schema)
            since = _since(self._base, self._ours)
            apart = uneven(columns, *schemas, since, undoes=_undoes(self._base, self._theirs))
        rows = merge_rows(self._writer, trees, columns, name, self._resolver, apart)
        self._conflicts += rows.conflicts
        self._refers |= rows.refers
        if not alike and not self._virtual:
            self._conflicts += missing_values(trees, schemas[1:], columns, name, rows.without)
        changed = schema if schema != mine.schema else None
        if not (rows.replaced or rows.appended or changed or name != ours.name):
            return None
        return TableChange(
            ours.table_id, name, changed, False, (), rows.replaced, tuple(rows.appended),
            counts={"merged": 1, **rows.counts}, former_name=ours.name,
        )  # fmt: skip

    def _name(self, base: TableEntry, ours: TableEntry, theirs: TableEntry) -> str:
        if theirs.name in (base.name, ours.name):
            return ours.name
        if ours.name != base.name and self._virtual:
            return unsettled(whole=is_whole(ours.name))
        if ours.name == base.name or self._keep_theirs("renamed by both", base, ours, theirs):
            return theirs.name
        return ours.name

    def _opened(self, snapshot: Snapshot, entry: TableEntry, ours: TableEntry) -> TableState:
        """The table on another side; its schema is not parsed again if it is the one of ours."""
        head, mine = snapshot.head, self._ours.table(ours.name)
        assert head is not None  # it has the table
        if entry.schema.key:
            alike = entry.schema == self._ours.absolute(ours.schema)
        else:
            alike = snapshot.objects.block(entry.schema, head) == mine.schema_block
        if not alike:
            return snapshot.table(entry.name)
        root = snapshot.objects.block(entry.root, head)
        where = f"the root of table {entry.name!r} at commit {head.header.commit_id}"
        records, _ = tree.decode(root, where)
        return TableState(
            entry.table_id, entry.name, entry.rows, mine.schema, mine.schema_block,
            tuple(records), root,
        )  # fmt: skip

    def _named_apart(self, changes: list[TableChange]) -> list[TableChange]:
        """Changes after which no two tables have one name."""
        ours, theirs = _by_id(self._ours), _by_id(self._theirs)
        made = {change.table_id: change for change in changes}
        names = {i: made[i].name if i in made else ours[i].name for i in {**ours, **made}}
        names = {i: name for i, name in names.items() if i not in made or not made[i].dropped}
        if len(names) == len(set(names.values())):
            return changes

        def decide(name: str, mine: int, other: int) -> bool:
            return not self._alike(name, mine, other) and self._keep_theirs(
                "two tables have this name", None, ours[mine], theirs[other]
            )

        here, there = ({i: e.name for i, e in side.items()} for side in (ours, theirs))
        if self._virtual:
            settled = unsettled_names(names, here, self._alike)
        else:
            settled = names_apart(names, here, there, decide)
        for table_id, name in names.items():
            if settled.get(table_id) != name:
                entry, change = ours.get(table_id), made.pop(table_id, None)
                change = self._renamed(entry, change, settled.get(table_id))
                made.update({} if change is None else {table_id: change})
        return list(made.values())

    def _renamed(
        self, ours: TableEntry | None, change: TableChange | None, name: str | None
    ) -> TableChange | None:
        """What is done to a table that has another name than it was to have, or is left out."""
        if name is None:
            return None if ours is None else self._taken(ours, None)
        if change is None:
            assert ours is not None
            return TableChange(
                ours.table_id, name, None, False, (), counts={"merged": 1}, former_name=ours.name
            )
        if change.taken is not None:
            entry = change.taken._replace(name=name)
            same = _state(self._ours, entry) == _state(self._ours, ours)
            return None if same else change._replace(name=name, taken=entry)
        if not (change.replaced or change.appended or change.schema or name != change.former_name):
            return None
        return change._replace(name=name)

    def _alike(self, name: str, mine: int, other: int) -> bool:
        """Whether both made the same view, or the mark of the same schema: these hold no rows."""
        if mine in _by_id(self._theirs) or other in _by_id(self._ours):
            return False
        sides = self._ours.table(name), self._theirs.table(name)
        bare = all({"view", "schema"} & s.schema.sql.keys() and not s.rows for s in sides)
        return bare and _without_ids(sides[0].schema) == _without_ids(sides[1].schema)

    def _keep_theirs(
        self,
        problem: str,
        base: TableEntry | None,
        ours: TableEntry | None,
        theirs: TableEntry | None,
    ) -> bool:
        """Whether theirs is kept of a table, or of two that have one name."""
        sides: Mapping[str, TableEntry | None] = {"base": base, "ours": ours, "theirs": theirs}
        there = [entry for entry in (ours, theirs, base) if entry is not None]

        def read(side: str) -> Any:
            entry = sides[side]
            if entry is not None and is_unsettled(entry.name):
                return None
            return DELETED if entry is None else f"table {entry.name!r}"

        ids = " ".join(f"{entry.table_id:x}" for entry in there)
        token = f"{problem} {ids} {read('ours')} {read('theirs')}"
        return self._decide_side(
            Conflict("table", there[0].name, read=read, message=problem, token=token)
        )

    def _decide_side(self, conflict: Conflict) -> bool:
        """Whether theirs is kept; a conflict that nobody decides is collected."""
        if isinstance(self._resolver, str):
            return self._resolver == "theirs"
        answer = UNDECIDED if self._resolver is None else self._resolver(conflict)
        if answer is UNDECIDED:
            self._conflicts.append(conflict)
            return False
        return conflict.keeps_theirs(answer)


class _Changed:
    """Whether a side changed cells of a column; asked only where the other dropped it."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._known: dict[str, Collection[int]] = {}

    def __call__(self, column_id: int, side: str) -> bool:
        """`side` is "ours" or "theirs"."""
        if side not in self._known:
            other = self._sides.ours if side == "ours" else self._sides.theirs
            self._known[side] = compare(self._sides.base, other).updated.keys()
        return column_id in self._known[side]


def _since(base: Snapshot, ours: Snapshot) -> tuple[int, int]:
    """The ids of rows that ours' branch has appended after the base, if that is on the branch."""
    old, new = base.header, ours.header
    if old is None or new is None or new.allocator is None:
        return 0, 0
    if old.commit_id.branch != new.commit_id.branch:
        return 0, 0
    allocator, end = new.allocator
    first = old.allocator[1] if old.allocator and old.allocator[0] == allocator else 0
    return (allocator << COUNTER_BITS) + first, (allocator << COUNTER_BITS) + end


def _undoes(base: Snapshot, theirs: Snapshot) -> bool:
    """Whether theirs is a parent of the base, as in a revert."""
    return base.header is not None and theirs.commit_id in base.header.parents


def _by_id(snapshot: Snapshot) -> dict[int, TableEntry]:
    return {entry.table_id: entry for entry in snapshot.entries().values()}


def _state(snapshot: Snapshot, entry: TableEntry | None) -> tuple[object, ...] | None:
    """Equal if a table is the same in two commits, wherever its schema is repeated."""
    if entry is None:
        return None
    root, schema = snapshot.absolute(entry.root), entry.schema
    return entry.name, root, schema.length, schema.crc


def _without_ids(schema: TableSchema) -> tuple[object, ...]:
    """What two tables made alike have in common: ids of columns follow that of the table."""
    kinds = schema.sql.get("columns", {})
    columns = [
        (spec._replace(column_id=0), kinds.get(str(spec.column_id))) for spec in schema.columns
    ]
    return columns, {part: value for part, value in schema.sql.items() if part != "columns"}


def _placed(change: TableChange, inline: Inline | None) -> TableChange:
    replaced = {
        path: tuple(in_slot(found, inline) for found in new)
        for path, new in change.replaced.items()
    }
    appended = tuple(in_slot(found, inline) for found in change.appended)
    return change._replace(replaced=replaced, appended=appended)
