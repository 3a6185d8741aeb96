"""What kind of statement it is, as far as short ways go: read off the query once.

A statement over one table without joins, groups or windows may let the scan leave out rows that
ORDER BY … LIMIT drops anyway, or may not need the engine at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.query.expression import (
    Aggregate,
    Call,
    Column,
    Constant,
    Parameter,
    Subquery,
    conjuncts,
    walk,
)
from deeplake.query.kinds import INTEGERS, MOMENTS, TEXTS
from deeplake.query.relation import POSITION, Scan, Select
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.expression import Expression, Order
    from deeplake.query.relation import Output
    from deeplake.query.statement import Statement

NO_LIMIT = -1


class Total(NamedTuple):
    """An aggregate over all rows that pass: count, min, max, sum, avg; of a column, or of rows."""

    name: str
    column: str
    expression: Aggregate


class Similar(NamedTuple):
    """ORDER BY a similarity of a column of vectors to one vector."""

    metric: str
    column: str
    vector: Expression
    ascending: bool
    nulls_first: bool
    rest: tuple[Order, ...] | None
    """The keys after it, if they are columns."""


class Shape(NamedTuple):
    """What is known of a statement beforehand.

    `scan` is the only scan of a query whose rows are rows of it, else None, and `why` says why.
    `conditions` are then all that decide on a row, and `plain` the columns of the outputs if they
    are nothing but columns. `order` are keys that are columns of the table, in front of which
    nothing else decides; `ordered` if they are all there are. `totals` stand for all outputs.
    """

    scan: Scan | None
    why: str = ""
    conditions: tuple[Expression, ...] = ()
    plain: tuple[str, ...] | None = None
    order: tuple[Order, ...] = ()
    ordered: bool = True
    similar: Similar | None = None
    totals: tuple[Total, ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None
    ties: bool = False

    @property
    def sorts(self) -> bool:
        """Whether the rows come in an order."""
        return bool(self.order) or not self.ordered


SIMILARITIES = {
    "<=>": ("cosine", True),
    "cosine_distance": ("cosine", True),
    "cosine_similarity": ("cosine", False),
    "<->": ("l2", True),
    "l2_distance": ("l2", True),
    "<#>": ("inner", True),
    "negative_inner_product": ("inner", True),
    "vector_negative_inner_product": ("inner", True),
    "inner_product": ("inner", False),
}
"""Function -> metric, and whether its least value is the nearest."""

_PLAIN = frozenset(("bool", "int2", "int4", "int8", "float4", "float8", "text", *MOMENTS))
"""Kinds whose values come back as the engine gives them."""

_TOTALS = {"count", "min", "max", "sum", "avg"}


def shape_of(statement: Statement) -> Shape:
    """What short ways a statement has."""
    query = statement.query
    if not isinstance(query, Select):
        return Shape(None, "a set operation")
    scan, why = _only_scan(statement, query)
    if scan is None:
        return Shape(None, why)
    names = names_of(scan)
    conditions = tuple(conjuncts(query.condition))
    for node in conditions:
        for part in walk(node):
            volatile = isinstance(part, Call) and part.volatile
            if volatile or isinstance(part, Subquery | Aggregate):
                return Shape(None, "a condition with a subquery or a volatile function")
    totals = _totals(query.outputs, names)
    if totals:
        if query.order or query.limit is not None or query.offset is not None:
            return Shape(None, "an aggregate with ORDER BY or LIMIT")
        return Shape(scan, conditions=conditions, totals=totals)
    if any(isinstance(e, Aggregate) for o in query.outputs for e in walk(o.expression)) or any(
        isinstance(e, Aggregate) for o in query.order for e in walk(o.key)
    ):
        return Shape(None, "an aggregate or a window function")
    order, ordered, similar = _ordered(query.order, names)
    plain = _plain(query.outputs, {column.name for column in scan.columns})
    return Shape(
        scan, "", conditions, plain, order, ordered, similar, (),
        query.limit, query.offset, query.ties,
    )  # fmt: skip


def names_of(scan: Scan) -> dict[str, str]:
    """Names of the columns of a scan in the engine -> in the table."""
    return {c.name: c.column for c in scan.columns if c.column != POSITION}


def _only_scan(statement: Statement, query: Select) -> tuple[Scan | None, str]:
    if len(query.source) != 1 or not isinstance(query.source[0], Scan):
        return None, "not one table"
    if len(statement.scans) != 1 or query.common:
        return None, "subqueries or common table expressions"
    if query.keys or query.groups or query.having is not None:
        return None, "grouping"
    if query.distinct is not None:
        return None, "DISTINCT"
    return statement.scans[0], ""


def _plain(outputs: Sequence[Output], names: set[str]) -> tuple[str, ...] | None:
    """Names in the engine of outputs that are columns and come back as they are."""
    found = []
    for output in outputs:
        node = output.expression
        if not isinstance(node, Column) or node.name not in names:
            return None
        if not node.kind.late and (node.kind.name not in _PLAIN or node.kind.element is not None):
            return None
        found.append(node.name)
    return tuple(found)


def _ordered(
    orders: tuple[Order, ...], names: dict[str, str]
) -> tuple[tuple[Order, ...], bool, Similar | None]:
    """Leading keys that are columns of numbers, whether these are all, a similarity in front."""
    similar = _similar(orders[0], names) if orders else None
    if similar is not None:
        rest, all_of_it, _ = _ordered(orders[1:], names)
        return (), False, similar._replace(rest=rest if all_of_it else None)
    found = []
    for order in orders:
        kind = order.key.kind
        if not isinstance(order.key, Column) or order.key.name not in names or kind.late:
            break
        if kind.name not in (*INTEGERS, *MOMENTS, "float4", "float8", "bool"):
            break
        found.append(order)
    return tuple(found), len(found) == len(orders), similar


def _similar(order: Order, names: dict[str, str]) -> Similar | None:
    node: Any = order.key
    if not isinstance(node, Call) or node.name not in SIMILARITIES or len(node.arguments) != 2:
        return None
    metric, nearest = SIMILARITIES[node.name]
    for given, vector in (node.arguments, node.arguments[::-1]):
        column: Any = given
        if isinstance(column, Call) and column.name == "cast" and column.kind.name == "vector":
            column = column.arguments[0]
        known = isinstance(column, Column) and column.name in names
        if known and column.kind.name in ("vector", "halfvec"):
            if order.descending == nearest or not _constant(vector):
                return None
            return Similar(metric, names[column.name], vector, nearest, order.nulls_first, None)
    return None


def _constant(node: Expression) -> bool:
    return all(isinstance(part, Call | Constant | Parameter) for part in walk(node))


def _totals(outputs: Sequence[Output], names: dict[str, str]) -> tuple[Total, ...]:
    """The outputs, if each is an aggregate that we can compute as well as the engine; else ()."""
    found = []
    for output in outputs:
        node = output.expression
        if not isinstance(node, Aggregate) or node.name not in _TOTALS or len(node.arguments) > 1:
            return ()
        if node.distinct or node.order or node.condition is not None or node.window is not None:
            return ()
        column = ""
        if node.arguments:
            argument = node.arguments[0]
            if not isinstance(argument, Column) or argument.name not in names:
                return ()
            column = names[argument.name]
            if not _computes(node.name, argument.kind.name, node.kind.name):
                return ()
        found.append(Total(node.name, column, node))
    return tuple(found)


def _computes(name: str, given: str, result: str) -> bool:
    """Whether an aggregate of a kind is the same whoever computes it."""
    if name == "count":
        return True
    if name == "sum":
        return given in ("int2", "int4") and result == "int8"
    if name == "avg":
        return given in ("float4", "float8") and result == "float8"
    numbers = (*INTEGERS, *MOMENTS, "float4", "float8")
    return (given in numbers or given in TEXTS) and given == result
