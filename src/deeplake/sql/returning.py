"""RETURNING: the rows that were written, as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.query.declared_kind import kind_of_column
from deeplake.query.result import ResultColumn
from deeplake.sql import tree
from deeplake.sql.evaluate import TARGET, Overlaid
from deeplake.sql.parse import inner
from deeplake.sql.select import bind_select

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.query.table_view import TableView
    from deeplake.sql.binding import Catalog
    from deeplake.sql.target import Target, Writing

    Answer = tuple[tuple[ResultColumn, ...] | None, list[tuple[Any, ...]]]


class _AsBefore:
    """A catalog that goes on to give the tables that it gave first."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._given: dict[tuple[str, str | None], TableView | None] = {}

    def table(self, name: str, schema: str | None) -> TableView | None:
        """See `Catalog`."""
        if (name, schema) not in self._given:
            self._given[name, schema] = self._catalog.table(name, schema)
        return self._given[name, schema]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalog, name)


def before(writing: Writing, node: Any, target: Target, alias: str) -> Catalog:
    """What subqueries of a RETURNING clause ask: tables as they are before the statement writes.

    Raises:
        QueryError: the clause is wrong.
    """
    exprs = node.returning_clause.exprs
    if "sub_link {" not in str(exprs):
        return writing.catalog
    catalog = _AsBefore(writing.catalog)
    select = tree.select(exprs, [tree.table(TARGET, alias)])
    there = Overlaid(catalog, {TARGET: target.view()})
    bind_select(writing.text, select, there, writing.values)
    return catalog


def returned(
    writing: Writing,
    node: Any,
    target: Target,
    alias: str,
    positions: Sequence[int] | npt.NDArray[np.int64],
    asked: Catalog,
) -> Answer:
    """The columns and rows of a RETURNING clause, in the order of `positions`.

    Args:
        asked: what `before` gave.
    """
    if not node.HasField("returning_clause"):
        return None, []
    exprs = node.returning_clause.exprs
    at = np.asarray(positions, np.int64)
    order = np.argsort(at, kind="stable")
    view = target.view(at[order])
    plain = _plain(exprs, target, alias)
    if plain is None:
        columns, rows = _asked(writing, exprs, alias, view, asked)
    else:
        kinds = [kind_of_column(target.columns, target.columns.get(n)) for n, _ in plain]
        columns = tuple(ResultColumn(label, k) for (_, label), k in zip(plain, kinds, strict=True))
        lists = [view.fetch(name, at[order]) for name, _ in plain]
        rows = list(zip(*lists, strict=True))
    back = np.argsort(order, kind="stable").tolist()
    return columns, [rows[k] for k in back]


def _plain(exprs: Any, target: Target, alias: str) -> list[tuple[str, str]] | None:
    """(column, label) of a clause of columns only, which need no engine; else None."""
    found: list[tuple[str, str]] = []
    names = target.columns.names
    for item in exprs:
        kind, value = inner(item.res_target.val)
        if kind != "column_ref":
            return None
        fields = [f.string.sval if inner(f)[0] == "string" else "*" for f in value.fields]
        if len(fields) > 2 or (len(fields) == 2 and fields[0] != alias):
            return None
        if fields[-1] == "*":
            found += [(name, name) for name in names]
        elif fields[-1] in names:
            found.append((fields[-1], item.res_target.name or fields[-1]))
        else:
            return None
    return found


def _asked(writing: Writing, exprs: Any, alias: str, view: TableView, asked: Catalog) -> Answer:
    """Expressions, by the engine over the rows written."""
    from deeplake.query.statement import run

    catalog = Overlaid(asked, {TARGET: view})
    select = tree.select(exprs, [tree.table(TARGET, alias)])
    statement, tables = bind_select(writing.text, select, catalog, writing.values)
    result = run(statement, tables, writing.values)
    return tuple(result.columns), list(result.rows())
