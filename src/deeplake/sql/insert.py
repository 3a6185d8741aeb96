"""INSERT: rows of VALUES, of a query or of defaults -> the table's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.sql import assign, defaults, tree
from deeplake.sql.cells import DEFAULT, Computed, cell
from deeplake.sql.computed import evaluated
from deeplake.sql.declared import entry
from deeplake.sql.evaluate import Wanted, answers
from deeplake.sql.parse import enum_name
from deeplake.sql.returning import before, returned
from deeplake.sql.target import Outcome, wanted
from deeplake.types.data import put_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deeplake.sql.target import Positions, Target, Writing
    from deeplake.types.base import ColumnData

    Batch = tuple[dict[str, ColumnData], int]


def insert(writing: Writing, node: Any, many: Sequence[Sequence[Any]] | None = None) -> Outcome:
    """An InsertStmt node; `many` sets of parameters make one batch of rows.

    Raises:
        QueryError, InvalidValueError, UniqueViolationError: nothing is staged.
    """
    target = writing.target(node.relation)
    alias = node.relation.alias.aliasname or node.relation.relname
    source = _Source(writing, node, target)
    asked = before(writing, node, target, alias)
    positions: Sequence[int] | Positions
    if node.HasField("on_conflict_clause"):
        from deeplake.sql.conflict import insert_or

        positions = insert_or(writing, node, target, source.batches(many), alias)
    else:
        first = target.rows
        for data, rows in source.batches(many):
            target.stage(defaults.complete(target, data, rows), rows)
        positions = range(first, target.rows)
    columns, found = returned(writing, node, target, alias, positions, asked)
    return Outcome(f"INSERT INTO {target.table}", len(positions), columns, found)


class _Source:
    """Where the rows of an INSERT come from."""

    def __init__(self, writing: Writing, node: Any, target: Target) -> None:
        self._writing = writing
        self._target = target
        self._node = node
        self._override = enum_name(node, "override")
        self._wanted = _columns(target, node)
        self._select = node.select_stmt.select_stmt if node.HasField("select_stmt") else None

    def batches(self, many: Sequence[Sequence[Any]] | None) -> Iterator[Batch]:
        """Column data by name, and rows."""
        select = self._select
        if select is None:
            yield {}, 1 if many is None else len(many)
            return
        plain = select.values_lists and not (
            select.sort_clause or select.HasField("limit_count") or select.HasField("limit_offset")
            or select.HasField("with_clause") or self._node.HasField("with_clause")
        )  # fmt: skip
        if plain:
            yield self._values(select.values_lists, many)
            return
        if many is not None:
            raise UnsupportedQueryError("executemany() of INSERT … SELECT is not supported.")
        yield from self._query(select)

    def _values(self, lists: Any, many: Sequence[Sequence[Any]] | None) -> Batch:
        items = [item.list.items for item in lists]
        width = len(items[0])
        if any(len(row) != width for row in items):
            raise QueryError("VALUES lists must all be the same length.", sqlstate="42601")
        named = self._width(width)
        sets = [self._writing.values] if many is None else many
        rows = [[cell(node, values) for node in row] for values in sets for row in items]
        self._compute(rows, named, sets, len(items))
        data = {}
        for k, want in enumerate(named):
            given = [row[k] for row in rows]
            made = self._column(want, given)
            if made is not None:
                data[want.column.name] = made
        return data, len(rows)

    def _compute(
        self, rows: list[list[Any]], named: Sequence[Wanted], sets: Sequence[Sequence[Any]],
        each: int,
    ) -> None:  # fmt: skip
        """Put values in the place of what the engine has to compute."""
        by_set: dict[int, list[tuple[int, int]]] = {}
        for i, row in enumerate(rows):
            for k, value in enumerate(row):
                if type(value) is Computed:
                    by_set.setdefault(i // each, []).append((i, k))
        for number, places in by_set.items():
            found = evaluated(
                self._writing.text,
                [rows[i][k].node for i, k in places],
                [named[k].kind for _, k in places],
                self._writing.catalog,
                sets[number],
            )
            for (i, k), value in zip(places, found, strict=True):
                rows[i][k] = value

    def _column(self, want: Wanted, given: list[Any]) -> ColumnData | None:
        """One column of VALUES; None if all of it are defaults."""
        column, kind = want
        if any(value is DEFAULT for value in given):
            if all(value is DEFAULT for value in given):
                return None
            return self._mixed(want, given)
        if self._ignored(want):
            return None
        self._refuse_identity(want)
        values = assign.values(given, kind, column)
        if len(values) == 1:
            single = column.type.single(values[0], column=column.name)
            if single is not None:
                return single
        return column.type.normalise(values, column=column.name)

    def _mixed(self, want: Wanted, given: list[Any]) -> ColumnData:
        """DEFAULT in some rows."""
        import numpy as np

        self._refuse_identity(want)
        column, kind = want
        places = np.array([k for k, value in enumerate(given) if value is DEFAULT])
        values = [None if value is DEFAULT else value for value in given]
        data = column.type.normalise(assign.values(values, kind, column), column=column.name)
        made = defaults.of(self._target.columns, column, len(places), self._target)
        return put_rows(data, places, made)

    def _ignored(self, want: Wanted) -> bool:
        """Whether OVERRIDING USER VALUE puts a number in the place of what is given."""
        if self._override != "OVERRIDING_USER_VALUE":
            return False
        return "identity" in entry(self._target.columns.schema, want.column.column_id)

    def _refuse_identity(self, want: Wanted) -> None:
        declared = entry(self._target.columns.schema, want.column.column_id)
        if declared.get("identity") == "always" and self._override == "OVERRIDING_NOT_SET":
            raise QueryError(
                f'cannot insert a non-DEFAULT value into column "{want.column.name}": it is an '
                "identity column defined as GENERATED ALWAYS.",
                hint="Use OVERRIDING SYSTEM VALUE to override.",
                sqlstate="428C9",
            )

    def _query(self, select: Any) -> Iterator[Batch]:
        from deeplake.sql.select import bind_select

        node = type(select)()
        node.CopyFrom(select)
        if self._node.HasField("with_clause"):
            node = _around(node, self._node.with_clause)
        writing = self._writing
        bound, _ = bind_select(writing.text, node, writing.catalog, writing.values)
        named = self._width(len(bound.query.outputs))
        for want in named:
            if not self._ignored(want):
                self._refuse_identity(want)
        for answer in answers(writing.text, node, writing.catalog, writing.values, named):
            if len(answer.positions):
                data = {
                    want.column.name: one
                    for want, one in zip(named, answer.data, strict=True)
                    if not self._ignored(want)
                }
                yield data, len(answer.positions)

    def _width(self, width: int) -> list[Wanted]:
        """The columns that rows of some width are for."""
        if width > len(self._wanted):
            raise QueryError("INSERT has more expressions than target columns.", sqlstate="42601")
        if width < len(self._wanted):
            if self._node.cols:
                raise QueryError(
                    "INSERT has more target columns than expressions.", sqlstate="42601"
                )
            return self._wanted[:width]
        return self._wanted


def _around(select: Any, common: Any) -> Any:
    """SELECT * FROM (select) under the WITH clause of the INSERT."""
    from deeplake.sql.parse import nodes

    item = nodes().Node()
    item.range_subselect.subquery.select_stmt.CopyFrom(select)
    return tree.select([tree.target(tree.star())], [item], common=common)


def _columns(target: Target, node: Any) -> list[Wanted]:
    """The columns that are named, or all.

    Raises:
        QueryError: 42703, 42701.
    """
    if not node.cols:
        return [wanted(target.columns, name) for name in target.columns.names]
    found = []
    for item in node.cols:
        if item.res_target.indirection:
            raise UnsupportedQueryError("INSERT into a part of a column is not supported.")
        made = wanted(target.columns, item.res_target.name)
        if made in found:
            raise QueryError(
                f'column "{item.res_target.name}" specified more than once.', sqlstate="42701"
            )
        found.append(made)
    return found
