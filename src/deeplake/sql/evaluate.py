"""What the engine works out for a write: values for columns, and the positions of rows.

A write is asked as a SELECT: its target stands in FROM under a name of ours, so that the position
of each of its rows can be told, and each output becomes what its column takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import QueryError
from deeplake.query.coercion import NeedEarly, cast
from deeplake.query.expression import Call, Parameter
from deeplake.query.expression import Column as Reference
from deeplake.query.kinds import BOOL, INT8, JSONS, TEXT, TEXTS, Kind
from deeplake.query.relation import POSITION, Output, ScanColumn
from deeplake.query.statement import Statement, run
from deeplake.query.struct_text import is_struct, read
from deeplake.sql import assign
from deeplake.sql.parse import inner
from deeplake.sql.select import bind_select
from deeplake.types.data import concat, take_rows
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from deeplake.query.expression import Expression
    from deeplake.query.result import Result
    from deeplake.query.table_view import TableView
    from deeplake.sql.binding import Catalog
    from deeplake.table.columns import Column
    from deeplake.types.base import ColumnData

    Positions = npt.NDArray[np.int64]

TARGET = "\x01target"
"""What the table that is written is called in FROM."""

EXCLUDED = "\x01excluded"
"""The rows that ON CONFLICT has come upon."""

_NAME = "position"


class Wanted(NamedTuple):
    """A column that an output is for, and its kind."""

    column: Column
    kind: Kind


class Overlaid:
    """A catalog with some names more."""

    def __init__(self, catalog: Catalog, more: Mapping[str, TableView]) -> None:
        self._catalog = catalog
        self._more = more

    def table(self, name: str, schema: str | None) -> TableView | None:
        """See `Catalog`."""
        return self._more[name] if name in self._more else self._catalog.table(name, schema)

    def hint(self, name: str) -> str:
        """See `Catalog`."""
        return self._catalog.hint(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalog, name)


class Evaluated(NamedTuple):
    """Some rows of an answer: positions of the target's rows (-1: none) and data by output."""

    positions: Positions
    data: list[ColumnData]


def answers(
    text: str,
    node: Any,
    catalog: Catalog,
    values: Sequence[Any],
    wanted: Sequence[Wanted | Kind | None],
    views: Sequence[TableView] = (),
    *,
    paired: bool = False,
    becomes: Sequence[str] = (),
) -> Iterator[Evaluated]:
    """The answer to a SELECT, batch by batch, each output as its column takes it.

    Args:
        node: the SelectStmt.
        wanted: for each output its column; a kind that is only to be cast to; or None.
        views: tables in FROM whose positions are asked for; those of the first are returned,
            those of others are further data.
        paired: whether the last output is the position of the row that each belongs to.
        becomes: columns of the first view that the first outputs are the new values of: further
            outputs see these.

    Raises:
        QueryError
    """
    statement, tables = _bound(text, node, catalog, values, wanted)
    statement, numbers = _located(statement, tables, views)
    if paired:
        statement = _paired(statement, numbers)
    if becomes:
        statement = _become(statement, numbers[0], becomes)
    result = run(statement, tables, values)
    for batch in result.batches():
        arrays = list(batch.columns)[: len(result.columns)]
        data = [
            _data(result, k, array, wanted[k] if k < len(wanted) else None)
            for k, array in enumerate(arrays[: len(arrays) - len(numbers)])
        ]
        positions = [_integers(array) for array in arrays[len(arrays) - len(numbers) :]]
        first = positions[0] if positions else np.full(batch.num_rows, -1)
        yield Evaluated(first, [*data, *positions[1:]])  # type: ignore[list-item]


def joined(parts: Iterator[Evaluated]) -> Evaluated | None:
    """All batches as one; None if there are no rows."""
    found = [part for part in parts if len(part.positions)]
    if len(found) < 2:
        return found[0] if found else None
    columns = zip(*(part.data for part in found), strict=True)
    return Evaluated(
        np.concatenate([part.positions for part in found]),
        [_together(column) for column in columns],
    )


def _together(column: Sequence[Any]) -> Any:
    if isinstance(column[0], np.ndarray):
        return np.concatenate(column)
    if isinstance(column[0], list):
        return [value for part in column for value in part]
    return concat(column)


def once(found: Evaluated) -> Evaluated:
    """Each position once, ascending: of several the first, as a join may find a row twice."""
    positions, first = np.unique(found.positions, return_index=True)
    if len(positions) == len(found.positions) and np.array_equal(first, np.arange(len(first))):
        return found
    return Evaluated(positions, [_taken(data, first) for data in found.data])


def _taken(data: Any, rows: Positions) -> Any:
    if isinstance(data, np.ndarray):
        return data[rows]
    if isinstance(data, list):
        return [data[k] for k in rows.tolist()]
    return take_rows(data, rows)


def _bound(
    text: str,
    node: Any,
    catalog: Catalog,
    values: Sequence[Any],
    wanted: Sequence[Wanted | Kind | None],
) -> tuple[Statement, list[TableView]]:
    """Bound, its outputs cast; a source that a cast needs is bound early, once more."""
    early: frozenset[int] = frozenset()
    while True:
        statement, tables = bind_select(text, node, catalog, values, early)
        query = statement.query
        if len(query.outputs) != len(wanted):
            raise QueryError(
                f"{len(wanted)} columns are to be written, and the query gives "
                f"{len(query.outputs)}.",
                sqlstate="42601",
            )
        try:
            outputs = [
                output if want is None else output._replace(
                    expression=_cast(output, want, node, k, values))
                for k, (output, want) in enumerate(zip(query.outputs, wanted, strict=True))
            ]  # fmt: skip
        except NeedEarly as need:
            early |= {need.source}
            continue
        if [o.expression for o in outputs] == [o.expression for o in query.outputs]:
            return statement, tables
        return statement._replace(query=_with_outputs(query, outputs)), tables


def _cast(
    output: Output, want: Wanted | Kind, node: Any, k: int, values: Sequence[Any]
) -> Expression:
    expression = output.expression
    if k < len(node.target_list):
        kind, value = inner(node.target_list[k].res_target.val)
        if kind == "a_const" and value.WhichOneof("val") == "sval":
            expression = assign.untyped(kind, expression, value.sval.sval)
        elif kind == "a_const" and value.isnull:
            expression = assign.untyped(kind, expression, None)
        elif kind == "param_ref":
            expression = assign.untyped(kind, expression, values[value.number - 1])
    if isinstance(want, Kind):
        return assign.expression(expression, want, output.label)
    return assign.expression(expression, want.kind, want.column.name)


def json_as_text(statement: Statement) -> Statement:
    """With the text of JSON in its place: as values of Python, numbers would lose digits."""
    query = statement.query
    outputs = [
        o._replace(expression=cast(o.expression, TEXT)) if o.expression.kind.name in JSONS else o
        for o in query.outputs
    ]
    if [o.expression for o in outputs] == [o.expression for o in query.outputs]:
        return statement
    return statement._replace(query=_with_outputs(query, outputs))


def _with_outputs(query: Any, outputs: list[Output]) -> Any:
    """Casts over a plain SELECT stand in its outputs; over any other in a SELECT around it."""
    from deeplake.query.relation import Derived, Select

    plain = isinstance(query, Select) and query.distinct is None and not query.order
    if plain:
        return query._replace(outputs=tuple(outputs))
    number = 1_000_000  # of no other relation
    around = [
        o._replace(expression=_over(o.expression, plain, number), name=f"a{k}")
        for k, (o, plain) in enumerate(zip(outputs, query.outputs, strict=True))
    ]
    return Select(tuple(around), (Derived(number, query),))


def _over(made: Expression, output: Output, number: int) -> Expression:
    """A cast of an output, as one of the column that the query around sees."""
    if made == output.expression:
        return Reference(number, output.name, output.expression.kind)
    if isinstance(made, Call) and made.arguments == (output.expression,):
        column = Reference(number, output.name, output.expression.kind)
        return made._replace(arguments=(column,))
    return made  # a constant that was read anew


def replaced(tree: Any, by: Mapping[Any, Any]) -> Any:
    """A tree of frozen values with some of its parts replaced."""
    if not isinstance(tree, tuple) or not by:
        return tree
    if isinstance(tree, Parameter | Reference) and tree in by:
        return by[tree]
    parts = [replaced(part, by) for part in tree]
    if all(a is b for a, b in zip(parts, tree, strict=True)):
        return tree
    return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)


def _located(
    statement: Statement, tables: Sequence[TableView], views: Sequence[TableView]
) -> tuple[Statement, list[int]]:
    """With the positions of some tables' rows as further outputs; and their relations."""
    numbers, scans, outputs = [], list(statement.scans), list(statement.query.outputs)
    for k, view in enumerate(views):
        place = next(i for i, s in enumerate(scans) if tables[s.table] is view)
        scan = scans[place]
        scans[place] = scan._replace(columns=(*scan.columns, ScanColumn(_NAME, POSITION, -1)))
        outputs.append(Output(_NAME, f"p{k}", Reference(scan.number, _NAME, INT8)))
        numbers.append(scan.number)
    query = statement.query._replace(outputs=tuple(outputs))
    return statement._replace(query=query, scans=tuple(scans)), numbers


def _become(statement: Statement, relation: int, names: Sequence[str]) -> Statement:
    """With new values in the place of columns, in all outputs but those that are the values."""
    scan = next(scan for scan in statement.scans if scan.number == relation)
    called = {column.column: column.name for column in scan.columns}
    outputs = statement.query.outputs
    by: dict[Any, Any] = {}
    for name, output in zip(names, outputs, strict=False):
        kinds = {
            e.kind
            for o in outputs
            for e in _references(o.expression)
            if (e.relation, e.name) == (relation, called.get(name))
        }
        by |= {Reference(relation, called[name], kind): output.expression for kind in kinds}
    made = tuple(
        output if k < len(names) or output.label == _NAME
        else output._replace(expression=replaced(output.expression, by))
        for k, output in enumerate(outputs)
    )  # fmt: skip
    return statement._replace(query=statement.query._replace(outputs=made))


def _references(tree: Any) -> Iterator[Reference]:
    if isinstance(tree, Reference):
        yield tree
    elif isinstance(tree, tuple):
        for part in tree:
            yield from _references(part)


def _paired(statement: Statement, numbers: Sequence[int]) -> Statement:
    """Joined where the position of a row is the one that another was made for."""
    query: Any = statement.query
    place = len(query.outputs) - 1 - len(numbers)
    sides = Reference(numbers[0], _NAME, INT8), query.outputs[place].expression
    equal = Call("=", "({0} = {1})", sides, BOOL)
    if query.condition is not None:
        equal = Call("and", "({0} AND {1})", (equal, query.condition), BOOL)
    return statement._replace(query=query._replace(condition=equal))


_EXACT = frozenset(
    ("bool", "int2", "int4", "int8", "float4", "float8", "numeric", "date", "timestamp",
     "timestamptz", "bytea", "vector", "halfvec", "text")
)  # fmt: skip
"""Kinds that column types take from Arrow as the engine gives them."""


def _data(result: Result, k: int, array: pa.Array, want: Wanted | Kind | None) -> Any:
    """An output as data of its column; as values of Python if it is for none."""
    kind = result.columns[k].kind
    if isinstance(want, Kind) and want.name in JSONS:
        return _documents(array, want)  # for a column: a string of Python would be read as JSON
    if not isinstance(want, Wanted):
        return result.python(kind, array)
    column = want.column
    if is_struct(column.type):
        late = bool(kind.late)
        given = result.python(kind, array, native=True) if late else _stored(array).to_pylist()
        values = [None if value is None else read(column.type, value) for value in given]
        return column.type.normalise(values, column=column.name)
    lengths = want.kind.name in TEXTS and want.kind.modifiers
    if not kind.late and not lengths and not assign.is_uint64(column.type):
        if kind.name in _EXACT or kind.element is not None:
            return column.type.from_arrow(array, column=column.name)
        if kind.name in JSONS:
            return column.type.normalise(_documents(array, want.kind), column=column.name)
    values = result.python(kind, array)
    if not kind.late:
        values = assign.values(values, want.kind, column)
    return column.type.normalise(values, column=column.name)


def _documents(array: pa.Array, kind: Kind) -> list[Any]:
    texts = _stored(array).to_pylist()
    return [None if text is None else assign.document(text, kind) for text in texts]


def _stored(array: pa.Array) -> pa.Array:
    return getattr(array, "storage", array)


def _integers(array: pa.Array) -> Positions:
    """int64 with -1 for NULL."""
    filled = array.fill_null(-1)
    whole: Positions = np.frombuffer(filled.buffers()[1], np.int64)
    return whole[filled.offset : filled.offset + len(filled)].copy()


__all__: Sequence[str] = [
    "EXCLUDED", "TARGET", "Evaluated", "Overlaid", "Wanted", "answers", "joined", "once",
    "replaced",
]  # fmt: skip
