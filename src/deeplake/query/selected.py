"""The rows that a query selects, for reading by position again and again.

A column is either referred to, by the positions of its rows in a table at the query's commit, or
it is there as values. So a view of a million images holds a million numbers, and the columns of a
table keep their types: labels their names, images their decoder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.errors import ColumnNotFoundError, QueryError, did_you_mean
from deeplake.query import feed
from deeplake.query.expression import Column
from deeplake.query.struct_text import is_struct, read
from deeplake.types.base import row_count
from deeplake.types.data import concat, nulls, slice_rows, take_rows
from deeplake.types.infer_arrow import of_arrow
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from deeplake.query.kinds import Kind
    from deeplake.query.relation import Output
    from deeplake.query.result import Result
    from deeplake.query.statement import Statement
    from deeplake.query.table_view import TableView
    from deeplake.types.base import ColumnData, ColumnType

    Positions = npt.NDArray[np.int64]


class Referred(NamedTuple):
    """A column by reference: row k is row positions[k] of a table's column, NULL where it is -1."""

    type: ColumnType
    view: TableView
    column: str
    positions: Positions


class Present(NamedTuple):
    """A column whose values are there."""

    type: ColumnType
    data: ColumnData


class Selected:
    """Rows of a finished query.

    Args:
        columns: label -> column, in order.
        rows: how many.
    """

    def __init__(self, columns: dict[str, Referred | Present], rows: int) -> None:
        self.columns = columns
        self.rows = rows

    @property
    def types(self) -> dict[str, ColumnType]:
        """Label -> type, in order."""
        return {label: column.type for label, column in self.columns.items()}

    def column(self, label: str) -> Referred | Present:
        """A column by its label.

        Raises:
            ColumnNotFoundError: with the nearest label.
        """
        found = self.columns.get(label)
        if found is None:
            raise ColumnNotFoundError(
                f"the query has no column {label!r}.", hint=did_you_mean(str(label), self.columns)
            )
        return found

    def sizes(self, rows: Positions, labels: Sequence[str] | None = None) -> Positions:
        """Bytes of some rows, about, of all columns or some; only what is referred to counts, the
        rest is there.
        """
        columns = [self.columns[label] for label in (self.columns if labels is None else labels)]
        found = np.full(len(rows), 8 * len(columns), np.int64)
        for column in columns:
            if isinstance(column, Referred):
                places = column.positions[rows]
                there = np.flatnonzero(places >= 0)
                found[there] += column.view.sizes(column.column, places[there])
        return found

    def read(self, label: str, rows: range | Positions) -> ColumnData:
        """Some rows of a column, in the order given."""
        column = self.column(label)
        if isinstance(column, Present):
            if isinstance(rows, range) and rows.step == 1:
                return slice_rows(column.data, rows.start, max(rows.start, rows.stop))
            return take_rows(column.data, np.asarray(rows, np.int64))
        cut = column.positions[_slice(rows) if isinstance(rows, range) else rows]
        missing = cut < 0
        if not missing.any():
            return column.view.read(column.column, cut)
        found = column.view.read(column.column, cut[~missing])
        places = np.where(missing, row_count(found), np.cumsum(~missing) - 1)
        return take_rows(concat([found, nulls(column.type.layout, 1)]), places)


def _slice(rows: range) -> slice:
    """The slice that takes these places: one that goes down to the first has no end before it."""
    if not rows:
        return slice(0, 0)
    return slice(rows.start, None if rows.stop < 0 else rows.stop, rows.step)


def select(statement: Statement, tables: Sequence[TableView], result: Result) -> Selected:
    """Read a result to its end.

    Raises:
        QueryError: two columns have one label, or the engine fails.
    """
    import pyarrow as pa

    outputs = statement.query.outputs
    labels = [output.label for output in outputs]
    for label in labels:
        if labels.count(label) > 1:
            raise QueryError(
                f'the query has two columns called "{label}".',
                hint="Name one of them: AS another_name.",
                sqlstate="42701",
            )
    batches = list(result.batches())
    rows = sum(batch.num_rows for batch in batches)
    columns: dict[str, Referred | Present] = {}
    for k, output in enumerate(outputs):
        parts = [batch.column(k) for batch in batches]
        array = pa.chunked_array(parts, result.schema.field(k).type)
        kind = output.expression.kind
        if kind.late:
            columns[output.label] = _referred(statement, tables, kind, array, result)
        else:
            columns[output.label] = _present(statement, tables, output, array)
    return Selected(columns, rows)


def _referred(
    statement: Statement, tables: Sequence[TableView], kind: Kind, array: pa.ChunkedArray,
    result: Result,
) -> Referred | Present:  # fmt: skip
    """Handles as positions; values where they come from several columns."""
    handles = _integers(array)
    if len(kind.late) == 1:
        source = statement.sources[min(kind.late)]
        view = tables[source.table]
        positions = np.where(handles < 0, np.int64(-1), feed.split(handles)[1])
        return Referred(view.columns.get(source.column).type, view, source.column, positions)
    first = statement.sources[min(kind.late)]
    type_ = tables[first.table].columns.get(first.column).type
    values = result.python(kind, array.combine_chunks())
    return Present(type_, type_.normalise(values, column=first.column))


def _integers(array: pa.ChunkedArray) -> Positions:
    """int64 with -1 for NULL."""
    filled = array.fill_null(-1).combine_chunks()
    found: Positions = np.frombuffer(filled.buffers()[1], np.int64)[
        filled.offset : filled.offset + len(filled)
    ]
    return found


def _present(
    statement: Statement, tables: Sequence[TableView], output: Output, array: pa.ChunkedArray
) -> Present:
    """Values as those of the column they come from, or of the type that their kind suggests."""
    expression = output.expression
    type_ = None
    if isinstance(expression, Column):
        for scan in statement.scans:
            if scan.number == expression.relation:
                columns = {c.name: c.column for c in scan.columns}
                if columns.get(expression.name):
                    view = tables[scan.table]
                    type_ = view.columns.get(columns[expression.name]).type
    whole = array.combine_chunks()
    if type_ is None:
        type_ = _type_of(expression.kind, whole.type)
    if is_struct(type_):  # they were documents, for something looked into them
        values = [None if given is None else read(type_, given) for given in whole.to_pylist()]
        return Present(type_, type_.normalise(values, column=output.label))
    return Present(type_, type_.from_arrow(whole, column=output.label))


def _type_of(kind: Kind, arrow: pa.DataType) -> ColumnType:
    from deeplake.types.declare import parse

    if kind.name in ("json", "jsonb", "uuid", "bool"):
        return parse("json" if kind.name.startswith("json") else kind.name)
    return of_arrow(arrow)
