"""A bound statement and its run: feeds in, the engine's rows out, late values at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from deeplake.query import emit, engine, feed
from deeplake.query.expression import Constant, parameters_used
from deeplake.query.kinds import TEXT
from deeplake.query.relation import POSITION, Output, Select
from deeplake.query.result import Result
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.kinds import Kind
    from deeplake.query.relation import Query, Scan, ScanColumn
    from deeplake.query.table_view import TableView


class Source(NamedTuple):
    """Where the values of a late column lie: a table of the statement, and its column."""

    table: int
    column: str


class Statement(NamedTuple):
    """A bound query, ready to run at any commit whose tables have the same columns.

    `sources` are what late kinds number; `parameters` the kinds that $1, $2 … were bound as.
    """

    query: Query
    scans: tuple[Scan, ...]
    sources: tuple[Source, ...]
    parameters: tuple[Kind, ...]


def constant(label: str, value: str) -> Statement:
    """A statement that gives one text."""
    return Statement(Select((Output(label, "o0", Constant(value, TEXT)),)), (), (), ())


def run(
    statement: Statement, tables: Sequence[TableView], parameters: Sequence[Any] = ()
) -> Result:
    """Begin a statement over its tables, in the order of their numbers.

    Raises:
        QueryError: from the engine, now or while the result is read.
    """
    feeds = {
        emit.FEED.format(scan.number): _feed(scan, tables[scan.table]) for scan in statement.scans
    }
    used = parameters_used(statement.query)  # some may have gone where tables were named
    given = {str(number): parameters[number - 1] for number in used}
    running = engine.run(emit.query(statement.query), feeds, given)
    return Result(statement.query.outputs, running, _Fetch(statement, tables))


def _feed(scan: Scan, view: TableView) -> pa.Table:
    """The rows of a scan as the engine sees them."""
    names = [column.name for column in scan.columns]
    arrays = [_column(column, view) for column in scan.columns]
    if not arrays:  # count(*) over no column needs rows all the same
        names, arrays = ["nothing"], [pa.nulls(view.rows, pa.bool_())]
    return pa.Table.from_arrays(arrays, names=names)


def _column(column: ScanColumn, view: TableView) -> pa.Array:
    if column.column == POSITION:
        return feed.integers(view.positions(), None)
    if column.source < 0:
        return feed.values(view, column.column, None)
    return feed.handles(view, column.column, column.source, None)


class _Fetch:
    """Values behind handles, each source in one read, in the order of its rows."""

    def __init__(self, statement: Statement, tables: Sequence[TableView]) -> None:
        self._statement = statement
        self._tables = tables

    def __call__(self, handles: pa.Array) -> list[Any]:
        """A value, or None, for each handle."""
        found: list[Any] = [None] * len(handles)
        valid = np.flatnonzero(handles.is_valid().to_numpy(zero_copy_only=False))
        raw = handles.fill_null(0).to_numpy(zero_copy_only=False)[valid]
        sources, positions = feed.split(raw)
        for number in np.unique(sources).tolist():
            source = self._statement.sources[number]
            mine = sources == number
            wanted, where = np.unique(positions[mine], return_inverse=True)
            values = self._tables[source.table].fetch(source.column, wanted)
            for place, k in zip(valid[mine].tolist(), where.tolist(), strict=True):
                found[place] = values[k]
        return found
