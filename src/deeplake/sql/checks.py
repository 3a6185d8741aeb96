"""CHECK and REFERENCES: what SQL declared of rows, looked at once they are staged."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from deeplake.errors import CheckViolationError, ForeignKeyError, SchemaError
from deeplake.sql import tree
from deeplake.sql.declared import constraints, name_of
from deeplake.table.columns import Key
from deeplake.table.key_values import hashed, told, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from deeplake.query.table_view import TableView
    from deeplake.sql.evaluate import Evaluated
    from deeplake.sql.target import Target
    from deeplake.table.columns import Columns
    from deeplake.types.base import ColumnData

    Positions = npt.NDArray[np.int64]


class Constrained(Protocol):
    """A table of a transaction, and the others that its rows refer to."""

    def other(self, table_id: int) -> Target | None:
        """The table of an id; None if it was dropped."""

    def watch(self, table_id: int) -> None:
        """Let no other writer change that table's rows before this commits."""


def written(target: Target, around: Constrained, rows: Positions, changed: Any = None) -> None:
    """Look at rows that were appended or changed.

    Args:
        rows: their positions, ascending.
        changed: ids of the columns that were changed; None of rows that are new.

    Raises:
        CheckViolationError: 23514.
        ForeignKeyError: 23503.
    """
    if len(rows):
        _check(target, rows, changed)
        _refer(target, around, rows, changed)


# --- CHECK ----------------------------------------------------------------------------------


def proposed(target: Target, batch: Mapping[int, ColumnData], rows: int) -> None:
    """Look at rows that may not be staged at all: CHECK is asked before ON CONFLICT.

    Raises:
        CheckViolationError: 23514.
    """
    known = list(constraints(target.columns.schema, "check"))
    if known:
        from deeplake.query.batch_view import batch_view

        view = batch_view(target.table, target.columns.schema, batch, np.arange(rows))
        _tell(target, known, view)


def _check(target: Target, rows: Positions, changed: Any) -> None:
    schema = target.columns.schema
    known = [
        (name, found)
        for name, found in constraints(schema, "check")
        if changed is None or not changed.isdisjoint(found["names"].values())
    ]
    if known:
        _tell(target, known, target.view(rows))


def _tell(target: Target, known: list[tuple[str, Mapping[str, Any]]], view: TableView) -> None:
    nodes = [condition(target.columns, found) for _, found in known]
    for (name, _), values in zip(known, evaluated(nodes, view), strict=True):
        if False in values:
            raise CheckViolationError(
                f'new row for relation "{target.table}" violates check constraint "{name}".',
                hint=f"Row {values.index(False)} of those written.",
            )


def condition(columns: Columns, constraint: Mapping[str, Any]) -> Any:
    """The expression of a CHECK over the names that columns have today."""
    node = type(found := _parsed(constraint["check"]))()
    node.CopyFrom(found)
    for reference in references(node):
        name = reference.fields[-1].string.sval
        today = name_of(columns, constraint["names"][name])
        del reference.fields[:]
        reference.fields.add().string.sval = today
    return node


@lru_cache(256)
def _parsed(text: str) -> Any:
    from deeplake.sql.parse import parse

    _, node = parse(f"SELECT {text}")
    return node.target_list[0].res_target.val


def references(node: Any) -> Iterator[Any]:
    """Every reference to a column in an expression."""
    waiting = [node]
    while waiting:
        message = waiting.pop()
        if message.DESCRIPTOR.name == "ColumnRef":
            yield message
            continue
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting += value if hasattr(value, "__len__") else [value]


def evaluated(nodes: list[Any], view: Any) -> list[list[Any]]:
    """The values of conditions over some rows."""
    found = asked(nodes, view)
    return [[] for _ in nodes] if found is None else found.data  # type: ignore[return-value]


def asked(nodes: list[Any], view: Any) -> Evaluated | None:
    """The values of conditions over some rows, and the positions of these; None of no rows."""
    from deeplake.query.kinds import BOOL
    from deeplake.sql.computed import NoTables
    from deeplake.sql.evaluate import TARGET, Overlaid, answers, joined

    select = tree.select([tree.target(node) for node in nodes], [tree.table(TARGET, view.name)])
    catalog = Overlaid(NoTables(), {TARGET: view})
    return joined(answers("", select, catalog, (), [BOOL] * len(nodes), [view]))


# --- REFERENCES -------------------------------------------------------------------------------


def _key(target: Target, ids: list[int]) -> Key:
    by_id = {column.column_id: column for column in target.columns}
    if not by_id.keys() >= set(ids):
        raise SchemaError(
            f"a foreign key is of a column that table {target.table!r} has not any more.",
            hint="ALTER TABLE … DROP CONSTRAINT drops it.",
        )
    return Key(tuple(by_id[column_id] for column_id in ids))


def _refer(target: Target, around: Constrained, rows: Positions, changed: Any) -> None:
    """Rows that refer to others: these must be there."""
    view = None
    for name, found in constraints(target.columns.schema, "references"):
        ids = found["columns"]
        if changed is not None and changed.isdisjoint(ids):
            continue
        view = view or target.view(rows)
        key = _key(target, ids)
        data = [view.read(column.name, rows) for column in key.columns]
        parent = around.other(found["references"])
        have = hashed(data).rows()
        if parent is not None and len(have):
            around.watch(found["references"])
            which, _ = parent.match(_key(parent, found["to"]), data)
            have = np.setdiff1d(have, which)
        if len(have):
            value = told(key, value_of(key, data, int(have[0])))
            where = "a table that was dropped" if parent is None else f'table "{parent.table}"'
            raise ForeignKeyError(
                f'insert or update on table "{target.table}" violates foreign key constraint '
                f'"{name}": ({", ".join(key.names)})=({value}) is not present in {where}.'
            )


class Leaving:
    """Keys of rows that are about to go or to change, for the tables that refer to them."""

    def __init__(
        self, target: Target, around: Constrained, rows: Positions, changed: Any = None
    ) -> None:
        self._target = target
        self._around = around
        self._found: list[tuple[Target, str, Mapping[str, Any], list[ColumnData]]] = []
        by = target.columns.schema.sql.get("referenced_by", {})
        for table_id in map(int, by) if len(rows) else ():
            child = around.other(table_id)
            if child is None:
                continue
            for name, found in constraints(child.columns.schema, "references"):
                if found["references"] != _own_id(target) or (
                    changed is not None and changed.isdisjoint(found["to"])
                ):
                    continue
                view = target.view(rows)
                key = _key(target, found["to"])
                data = [view.read(column.name, rows) for column in key.columns]
                self._found.append((child, name, found, data))

    def settle(self, *, deleted: bool) -> None:
        """Once they are gone or changed: do with the rows that referred to them what is declared.

        Raises:
            ForeignKeyError: 23503, such a row is left.
        """
        for child, name, found, data in self._found:
            keep = self._still_there(found, data)
            self._around.watch(_own_id(child))
            key = _key(child, found["columns"])
            which, positions = child.match(key, data)
            left = ~np.isin(which, keep)
            which, positions = which[left], np.unique(positions[left])
            if not len(positions):
                continue
            action = found["on_delete" if deleted else "on_update"]
            if action == "c" and deleted:
                child.delete(positions)
            elif action in ("n", "d"):
                _emptied(child, key, positions, action)
            else:
                value = told(key, value_of(key, data, int(which[0])))
                raise ForeignKeyError(
                    f'update or delete on table "{self._target.table}" violates foreign key '
                    f'constraint "{name}" on table "{child.table}": ({", ".join(key.names)})='
                    f"({value}) is still referenced."
                )

    def _still_there(self, found: Mapping[str, Any], data: list[ColumnData]) -> Positions:
        """Keys that a row has all the same: one that was changed to itself, for example."""
        which, _ = self._target.match(_key(self._target, found["to"]), data)
        return which


def _own_id(target: Any) -> int:
    return int(target.table_id)


def _emptied(child: Target, key: Key, positions: Positions, action: str) -> None:
    from deeplake.sql import defaults
    from deeplake.types.data import nulls

    batch = {
        column.column_id: nulls(column.layout, len(positions))
        if action == "n"
        else defaults.of(child.columns, column, len(positions), child)
        for column in key.columns
    }
    from deeplake.sql.update import refuse_nulls

    refuse_nulls(child, batch)
    child.update(positions, batch)
