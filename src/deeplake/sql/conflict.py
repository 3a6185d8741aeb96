"""INSERT … ON CONFLICT: rows whose key is there are left out, or change the row that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import QueryError
from deeplake.query.batch_view import AT, batch_view
from deeplake.sql import defaults, tree
from deeplake.sql.checks import proposed
from deeplake.sql.evaluate import (
    EXCLUDED,
    TARGET,
    Evaluated,
    Overlaid,
    answers,
    joined,
)
from deeplake.sql.parse import enum_name, inner, names
from deeplake.sql.update import assigned, change
from deeplake.table.key_values import cells, hashed, is_exact, repeated
from deeplake.types.data import take_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from deeplake.query.table_view import TableView
    from deeplake.sql.cells import Computed
    from deeplake.sql.target import Target, Writing
    from deeplake.table.columns import Key
    from deeplake.types.base import ColumnData

    Ints = npt.NDArray[np.int64]
    Batch = tuple[dict[str, ColumnData], int]


def insert_or(
    writing: Writing, node: Any, target: Target, batches: Iterable[Batch], alias: str
) -> Ints:
    """Stage what can be inserted, and do with the rest what the clause says.

    Returns:
        Positions of the rows inserted and changed, in the order in which they were given.

    Raises:
        QueryError: 42P10 no key is the one named; 21000 a row would be changed twice.
    """
    work = _Conflicts(writing, node.on_conflict_clause, target, alias)
    parts = [np.zeros(0, np.int64)]
    for data, rows in batches:
        parts.append(work.stage(defaults.complete(target, data, rows), rows))
    return np.concatenate(parts)


class _Conflicts:
    def __init__(self, writing: Writing, clause: Any, target: Target, alias: str) -> None:
        self._writing = writing
        self._target = target
        self._alias = alias
        self._clause = clause
        self._keys = _keys(target, clause)
        self._updates = enum_name(clause, "action") == "ONCONFLICT_UPDATE"
        self._changed = np.zeros(0, np.int64)
        """Positions of rows that this statement has written: none is written twice."""
        self._assignments = assigned(target, clause.target_list, writing.values)

    def stage(self, batch: dict[int, ColumnData], rows: int) -> Ints:
        """One batch; returns the positions of the rows inserted and changed, in order."""
        proposed(self._target, batch, rows)
        at = np.full(rows, -1)
        """Position of the row that has the key of each, -1 if none has."""
        keys = [(key, [batch[c.column_id] for c in key.columns]) for key in self._keys]
        for key, data in keys:
            which, positions = self._target.match(key, data)
            at[which] = positions
        skipped = _later_ones(keys, at < 0)
        if self._updates and skipped.any():
            raise _twice()
        there = np.flatnonzero(at >= 0)
        rest = np.flatnonzero((at < 0) & ~skipped)
        first = self._target.rows
        if self._updates and len(np.intersect1d(at[there], self._changed)):
            raise _twice()
        if len(rest):
            self._target.stage({c: take_rows(d, rest) for c, d in batch.items()}, len(rest))
        at[rest] = np.arange(first, first + len(rest))
        written = rest
        if self._updates and len(there):
            written = np.sort(np.concatenate([rest, self._update(batch, there, at[there])]))
            self._changed = np.union1d(self._changed, at[written])
        return at[written]

    def _update(self, batch: dict[int, ColumnData], rows: Ints, positions: Ints) -> Ints:
        """Change rows that are there; which of `rows` did change one."""
        if len(np.unique(positions)) < len(positions):
            raise _twice()
        order = np.argsort(positions)
        rows, positions = rows[order], positions[order]
        target = self._target
        excluded = {c.name: take_rows(batch[c.column_id], rows) for c in target.columns}
        where = self._clause.where_clause if self._clause.HasField("where_clause") else None
        computed = [a for a in self._assignments if a.computed]
        direct = {id(a): name for a in computed if (name := self._excluded(a.given)) is not None}
        if len(direct) == len(computed) and where is None:
            data = [excluded[direct[id(a)]] for a in computed]
            change(target, self._assignments, Evaluated(positions, data))
            return rows
        view = target.view(positions)
        proposed = {c.column_id: excluded[c.name] for c in target.columns}
        other = batch_view("excluded", target.columns.schema, proposed, positions)
        asked = [a for a in computed if id(a) not in direct]
        found = self._ask(asked, view, other, where)
        if found is None:
            return np.zeros(0, np.int64)
        at = np.searchsorted(positions, found.positions)
        answered = iter(found.data)
        data = [
            take_rows(excluded[direct[id(a)]], at) if id(a) in direct else next(answered)
            for a in computed
        ]
        change(target, self._assignments, Evaluated(found.positions, data))
        return rows[at]

    def _ask(self, asked: Any, view: Any, excluded: TableView, where: Any) -> Evaluated | None:
        """The engine's answer for the rows to be changed beside those that were to be inserted."""
        writing = self._writing
        catalog = Overlaid(writing.catalog, {TARGET: view, EXCLUDED: excluded})
        select = tree.select(
            [
                *(tree.target(a.given.node, a.want.column.name) for a in asked),
                tree.target(tree.column("excluded", AT)),
            ],
            [tree.table(TARGET, self._alias), tree.table(EXCLUDED, "excluded")],
            where,
        )
        wanted = [*(a.want for a in asked), None]
        found = joined(
            answers(writing.text, select, catalog, writing.values, wanted, [view], paired=True)
        )
        if found is None:
            return None
        order = np.argsort(found.positions)
        data = [take_rows(d, order) for d in found.data[: len(asked)]]
        return Evaluated(found.positions[order], data)

    def _excluded(self, given: Computed) -> str | None:
        """The column that a mere excluded.column is."""
        kind, value = inner(given.node)
        if kind != "column_ref" or len(value.fields) != 2:
            return None
        if any(inner(field)[0] != "string" for field in value.fields):
            return None
        table, name = names(value.fields)
        return name if table == "excluded" and name in self._target.columns.names else None


def _later_ones(keys: list[tuple[Key, list[ColumnData]]], free: Any) -> Any:
    """Which rows have a key of an earlier one, among the `free`: those that have no key of a row in
    the table. A row that is left out takes no key from those after it.
    """
    twice = np.zeros(len(free), np.bool_)
    hashes = [hashed(data) for _, data in keys]
    if all(
        repeated(data, found, exact=is_exact(key)) is None
        for (key, data), found in zip(keys, hashes, strict=True)
    ):
        return twice
    known: set[tuple[int, tuple[bytes, ...]]] = set()
    of: list[list[tuple[int, tuple[bytes, ...]]]] = [[] for _ in range(len(free))]
    for number, ((_, data), found) in enumerate(zip(keys, hashes, strict=True)):
        rows = found.rows()
        rows = rows[free[rows]]
        for row, cell in zip(rows.tolist(), cells(data, rows), strict=True):
            of[row].append((number, cell))
    for row, mine in enumerate(of):
        twice[row] = not known.isdisjoint(mine)
        if not twice[row]:
            known.update(mine)
    return twice


def _twice() -> QueryError:
    return QueryError(
        "ON CONFLICT DO UPDATE command cannot affect row a second time.",
        hint="Ensure that no rows proposed for insertion have equal keys.",
        sqlstate="21000",
    )


def _keys(target: Target, clause: Any) -> list[Key]:
    """The keys that a conflict is looked for by.

    Raises:
        QueryError: 42P10, no key is the one that is named; 42601, DO UPDATE names none.
    """
    keys = list(target.columns.keys)
    if not clause.HasField("infer"):
        if enum_name(clause, "action") == "ONCONFLICT_UPDATE":
            raise QueryError(
                "ON CONFLICT DO UPDATE requires inference specification or constraint name.",
                hint="For example, ON CONFLICT (column_name).",
                sqlstate="42601",
            )
        return keys
    infer = clause.infer
    if infer.conname:
        return [_by_constraint(target, infer.conname, keys)]
    wanted = {item.index_elem.name for item in infer.index_elems}
    found = [key for key in keys if set(key.names) == wanted]
    if not found or infer.HasField("where_clause"):
        raise QueryError(
            "there is no unique or exclusion constraint matching the ON CONFLICT specification.",
            hint="Name the columns of a key: "
            + (" or ".join(f"({', '.join(key.names)})" for key in keys) or "the table has none")
            + ".",
            sqlstate="42P10",
        )
    return found


def _by_constraint(target: Target, name: str, keys: list[Key]) -> Key:
    for key in keys:
        primary = all(column.primary_key for column in key.columns)
        plain = f"{target.table}_{'_'.join(key.names)}_key"
        if name == (f"{target.table}_pkey" if primary else plain):
            return key
    from deeplake.sql.declared import constraints

    for known, constraint in constraints(target.columns.schema, "unique"):
        if known == name:
            return next(key for key in keys if key.ids == set(constraint["unique"]))
    raise QueryError(
        f'constraint "{name}" for table "{target.table}" does not exist.', sqlstate="42704"
    )
