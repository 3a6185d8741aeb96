"""CHECK and REFERENCES after a merge, before it is published.

Each side keeps its constraints by itself. A row can only break one if it is not as either side has
it in the columns that count, so no other is looked at; or if the row it refers to went on one side.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.query.table_view import TableView
from deeplake.sql.checks import asked, condition
from deeplake.sql.declared import constraints
from deeplake.table.column import ColumnReader
from deeplake.table.columns import Key, columns_of
from deeplake.table.compare import NO_ROWS, compare
from deeplake.table.conflicts import DELETED, Conflict
from deeplake.table.key_values import cells, hashed, is_exact, told, value_of
from deeplake.table.locate import positions_of
from deeplake.table.table_tree import TableTree
from deeplake.table.virtual import as_commit
from deeplake.table.walk import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from deeplake.table.compare import TableDelta
    from deeplake.table.key_values import Hashes
    from deeplake.table.merge_job import Outcome
    from deeplake.types.base import ColumnData
    from deeplake.versioning.snapshot import Snapshot

    Ints = npt.NDArray[np.int64]

ROWS_TOLD = 100
"""Rows that break a constraint of which each is a conflict; of more it is said how many."""


def broken(outcome: Outcome) -> list[Conflict]:
    """What both sides together break, of the tables that the merge changes."""
    return _Rechecks(outcome).run()


class _Table:
    """One table at one commit."""

    def __init__(self, snapshot: Snapshot, name: str) -> None:
        state = snapshot.table(name)
        self.name, self.table_id = name, state.table_id
        self.objects = snapshot.objects
        self.columns = columns_of(state.schema_block)
        self.tree = TableTree(snapshot.objects, snapshot.head, state.records)
        self.side = Side(snapshot.objects, snapshot.head, state.records)

    def key(self, ids: Iterable[int]) -> Key | None:
        """Columns by their ids; None if one is gone."""
        by_id = {column.column_id: column for column in self.columns}
        found = [by_id.get(column_id) for column_id in ids]
        return None if None in found else Key(tuple(found))  # type: ignore[arg-type]

    def has(self, constraint: str, found: Mapping[str, Any]) -> bool:
        """Whether this is declared of its rows."""
        known = self.columns.schema.sql.get("constraints", {})
        return bool(known.get(constraint) == found)

    def take(self, key: Key, positions: Ints | None = None) -> list[ColumnData]:
        """Columns of some rows, of all by default."""
        readers = [ColumnReader(self.objects, self.tree, column) for column in key.columns]
        if positions is None:
            return [reader.slice(0, self.tree.rows) for reader in readers]
        return [reader.take(positions) for reader in readers]

    def ids_at(self, positions: Ints) -> Ints:
        """Ids of rows by position, which ascend."""
        parts = self.tree.groups(positions)
        return np.concatenate([NO_ROWS, *(f.live_ids()[inner] for f, inner, _ in parts)])


class _Rechecks:
    """One run."""

    def __init__(self, outcome: Outcome) -> None:
        merged = as_commit(outcome.objects, outcome.ours, outcome.staged)
        self._changes = outcome.staged.tables
        self._snapshots = {
            "base": outcome.base, "ours": outcome.ours, "theirs": outcome.theirs, "merged": merged,
        }  # fmt: skip
        self._names = {
            side: {entry.table_id: name for name, entry in snapshot.entries().items()}
            for side, snapshot in self._snapshots.items()
        }
        self._tables: dict[tuple[str, int], _Table | None] = {}
        self._deltas: dict[tuple[str, int], TableDelta] = {}
        self._conflicts: list[Conflict] = []

    def run(self) -> list[Conflict]:
        """Every constraint that the merge may have broken."""
        for change in self._changes:
            table = self._table("merged", change.table_id)
            if table is not None and change.taken is None:  # else it is as theirs has it
                for name, found in constraints(table.columns.schema, "check"):
                    self._check(table, name, found)
        for table_id in self._children():
            child = self._table("merged", table_id)
            if child is not None:
                for name, found in constraints(child.columns.schema, "references"):
                    self._refer(child, name, found)
        return self._conflicts

    def _table(self, side: str, table_id: int) -> _Table | None:
        if (side, table_id) not in self._tables:
            name = self._names[side].get(table_id)
            made = None if name is None else _Table(self._snapshots[side], name)
            self._tables[side, table_id] = made
        return self._tables[side, table_id]

    def _children(self) -> list[int]:
        """Tables that may refer to others, of which either was changed."""
        found: dict[int, None] = {}
        for change in self._changes:
            found[change.table_id] = None
            for side in ("ours", "theirs"):
                parent = self._table(side, change.table_id)
                if parent is not None:
                    by = parent.columns.schema.sql.get("referenced_by", {})
                    found.update(dict.fromkeys(map(int, by)))
        return list(found)

    # --- which rows -----------------------------------------------------------------------------

    def _delta(self, side: str, table: _Table) -> TableDelta:
        """What the merge changes of what a side has."""
        if (side, table.table_id) not in self._deltas:
            old = self._table(side, table.table_id)
            assert old is not None
            self._deltas[side, table.table_id] = compare(old.side, table.side)
        return self._deltas[side, table.table_id]

    def _changed(self, side: str, table: _Table, columns: Iterable[int]) -> Ints:
        """Ids of rows that a side has not, or not with these cells."""
        delta = self._delta(side, table)
        whole = table.side.fragments(table.side.leaves(delta.whole))
        known = [delta.updated[c].ids for c in columns if c in delta.updated]
        return np.concatenate([NO_ROWS, delta.added.ids, *known, *(f.live_ids() for f in whole)])

    def _suspects(self, table: _Table, sides: Sequence[str], columns: Sequence[int]) -> Ints | None:
        """Positions of rows that are as none of some sides has them; None for all rows."""
        found: Ints | None = None
        for side in sides:
            ids = self._changed(side, table, columns)
            found = np.unique(ids) if found is None else np.intersect1d(found, ids)
        return None if found is None else positions_of(table.tree, found)

    def _sides(self, table_id: int, constraint: str, found: Mapping[str, Any]) -> list[str]:
        """Sides that declare a constraint: their rows keep it."""
        tables = [(side, self._table(side, table_id)) for side in ("ours", "theirs")]
        return [
            side for side, table in tables if table is not None and table.has(constraint, found)
        ]

    # --- CHECK ----------------------------------------------------------------------------------

    def _check(self, table: _Table, name: str, found: Mapping[str, Any]) -> None:
        ids = list(found["names"].values())
        if table.key(ids) is None:
            self._dangling("check", table, name)
            return
        key = Key(tuple(column for column in table.columns if column.column_id in ids))
        rows = self._suspects(table, self._sides(table.table_id, name, found), ids)
        if rows is None:
            rows = np.arange(table.tree.rows)
        if not len(rows):
            return
        view = TableView(table.objects, table.name, table.tree, table.columns, rows)
        answer = asked([condition(table.columns, found)], view)
        if answer is not None:
            false = [value is not None and not value for value in answer.data[0]]
            self._tell("check", table, name, key, np.sort(answer.positions[false]), "is false")

    # --- REFERENCES -----------------------------------------------------------------------------

    def _refer(self, child: _Table, name: str, found: Mapping[str, Any]) -> None:
        parent = self._table("merged", found["references"])
        key, to = child.key(found["columns"]), None if parent is None else parent.key(found["to"])
        if key is None or (parent is not None and to is None):
            self._dangling("reference", child, name)
            return
        sides = self._sides(child.table_id, name, found)
        rows = self._suspects(child, sides, found["columns"])
        if rows is None or parent is None or to is None:
            rows = np.arange(child.tree.rows)
        else:
            rows = np.union1d(rows, self._left_behind(child, key, parent, to, sides))
        if not len(rows):
            return
        data = child.take(key, rows)
        have = hashed(data).rows()
        if parent is not None and to is not None and len(have):
            have = have[_absent(data, have, parent.take(to), exact=is_exact(key))]
        where = "a table that was dropped" if parent is None else f"table {parent.name!r}"
        self._tell("reference", child, name, key, rows[have], f"is not present in {where}")

    def _left_behind(
        self, child: _Table, key: Key, parent: _Table, to: Key, sides: Sequence[str]
    ) -> Ints:
        """Positions of rows that refer to what a side has and the merge takes away."""
        ids = [column.column_id for column in to.columns]
        found: list[Hashes] = []
        for side in sides:
            old = self._table(side, parent.table_id)
            before = None if old is None else old.key(ids)
            if old is None or before is None:
                continue
            delta = self._delta(side, parent)
            gone = old.side.fragments(old.side.leaves(delta.removed_whole))
            known = [delta.updated[c].ids for c in ids if c in delta.updated]
            away = np.unique(
                np.concatenate([delta.removed.ids, *known, *(f.live_ids() for f in gone)])
            )
            if len(away):
                found.append(hashed(old.take(before, positions_of(old.tree, away))).hashes)
        if not found:
            return NO_ROWS
        refers = hashed(child.take(key)).hashes
        return np.flatnonzero(np.isin(refers, np.concatenate(found)))

    # --- conflicts ------------------------------------------------------------------------------

    def _dangling(self, kind: Any, table: _Table, name: str) -> None:
        self._conflicts.append(Conflict(
            kind, table.name, read=lambda _: None, token=name,
            message=f"the constraint {name!r} of one side is about a column that the other "
            "dropped: drop it there too",
        ))  # fmt: skip

    def _tell(
        self, kind: Any, table: _Table, name: str, key: Key, rows: Ints, problem: str
    ) -> None:
        """A conflict for each of some rows, by position; no side can be kept of them."""
        shown = rows[:ROWS_TOLD]
        data = table.take(key, shown)
        more = f" (of {len(rows)} rows)" if len(rows) > 1 else ""
        for k, row_id in enumerate(table.ids_at(shown).tolist()):
            value = told(key, value_of(key, data, k)) if key.columns else ""
            if len(key.columns) < 2:
                value = f"({value})"
            self._conflicts.append(Conflict(
                kind, table.name, row_id=row_id, token=f"{name} {value}",
                read=partial(self._cells, table.table_id, key, row_id),
                message=f"the constraint {name!r} {problem}: ({', '.join(key.names)})={value}{more}"
                "; change it on one side, and merge again",
            ))  # fmt: skip

    def _cells(self, table_id: int, key: Key, row_id: int, side: str) -> Any:
        """The cells of a row that a constraint is about, as a side has them."""
        table = self._table(side, table_id)
        at = NO_ROWS if table is None else positions_of(table.tree, np.array([row_id]))
        if table is None or not len(at):
            return DELETED
        by_id = {column.column_id: column for column in table.columns}
        columns = [by_id[c.column_id] for c in key.columns if c.column_id in by_id]
        data = table.take(Key(tuple(columns)), at)
        pairs = zip(columns, data, strict=True)
        return {column.name: column.type.values(one)[0] for column, one in pairs}


def _absent(
    data: Sequence[ColumnData], rows: Ints, known: Sequence[ColumnData], *, exact: bool
) -> npt.NDArray[np.bool_]:
    """Which of some rows, that have a key, have one that no other rows have."""
    wanted, there = hashed(data).hashes[rows], hashed(known)
    others = there.rows()
    if exact:
        return ~np.isin(wanted, there.hashes[others])
    near = set(cells(known, others[np.isin(there.hashes[others], wanted)]))
    return np.array([cell not in near for cell in cells(data, rows)], np.bool_)
