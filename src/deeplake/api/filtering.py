"""filter() of rows that a handle has already: which of them meet a condition, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.api.catalog import THIS, Tables
from deeplake.api.database import database_of
from deeplake.api.exporting import groups
from deeplake.api.stand import Stand
from deeplake.errors import InputError
from deeplake.query.batch_view import batch_view
from deeplake.sql import tree, where
from deeplake.sql.evaluate import TARGET, Overlaid
from deeplake.sql.parameters import placed
from deeplake.sql.select import bind_select
from deeplake.table.columns import declare_schema
from deeplake.types.data import nulls

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from deeplake.api.exporting import Rows
    from deeplake.api.query_view import Question
    from deeplake.api.session import Session
    from deeplake.format.schema import TableSchema
    from deeplake.query.table_view import TableView
    from deeplake.sql.parameters import Parameters
    from deeplake.types.base import ColumnData, ColumnType

    Positions = npt.NDArray[np.int64]


def of_table(
    session: Session, rows: range | Positions, condition: str, parameters: Parameters
) -> Positions:
    """Those of some rows of a table for which a condition is true; no other row is looked at.

    Raises:
        QueryError, UnsupportedQueryError
    """
    check_condition(condition)
    asked = np.asarray(rows, np.int64)
    catalog = Tables(database_of(session.stand), session)
    view = session.view(np.unique(asked))
    found = where.evaluated(view, THIS, catalog, condition, parameters)
    return asked[np.isin(asked, found.positions)]


def of_query(question: Question, source: Rows, condition: str, parameters: Parameters) -> Positions:
    """Those of a view's rows for which a condition is true, by their place in the view.

    The view's columns keep their types, so that labels have names; of these, only those that the
    condition names are read, so many rows at a time as fit in memory.

    Raises:
        QueryError, UnsupportedQueryError
    """
    check_condition(condition)
    stand = Stand(question.repository, question.snapshot, None)
    catalog = Tables(database_of(stand))
    schema = declare_schema(source.types)
    used = _used(schema, source.types, catalog, condition, parameters)
    narrow = schema._replace(columns=tuple(spec for spec in schema.columns if spec.name in used))
    found = [np.zeros(0, np.int64)]
    for rows in groups(source, used):
        batch = {spec.column_id: source.data(spec.name, rows) for spec in narrow.columns}
        view = batch_view(THIS, narrow, batch, np.arange(len(rows)))
        met = where.evaluated(view, THIS, catalog, condition, parameters)
        found.append(rows.start + met.positions)
    return np.concatenate(found)


def check_condition(condition: Any) -> None:
    """Refuse what is no text of a condition.

    Raises:
        InputError
    """
    if not isinstance(condition, str) or not condition.strip():
        raise InputError(f"a condition is text such as 'rating >= 4', got {condition!r}.")


def _used(
    schema: TableSchema,
    types: Mapping[str, ColumnType],
    catalog: Tables,
    condition: str,
    parameters: Parameters,
) -> list[str]:
    """The columns that a condition names, found by binding it over no rows."""
    none: dict[int, ColumnData] = {
        spec.column_id: nulls(types[spec.name].layout, 0) for spec in schema.columns
    }
    view = batch_view(THIS, schema, none, np.zeros(0, np.int64))
    with placed(where.BEFORE + condition, parameters, where.BEFORE):
        text, node, values = where.condition_of(condition, parameters)
        select = tree.select([], [tree.table(TARGET, THIS)], node)
        named: Mapping[str, TableView] = {TARGET: view}
        statement, tables = bind_select(text, select, Overlaid(catalog, named), values)
    return sorted(
        {
            column.column
            for scan in statement.scans
            if tables[scan.table] is view
            for column in scan.columns
        }
    )
