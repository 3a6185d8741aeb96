"""Conditions pushed down: what every row of a scan must pass to matter, read off the query.

WHERE and ON stay where they are; a condition is only handed to the scan that it concerns, which
may then leave rows out. Nothing goes through the side of an outer join that is filled up with
NULLs, through LIMIT, grouping, DISTINCT ON or windows, or into a query that is read twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.query.expression import (
    LEAVES,
    Aggregate,
    Call,
    Column,
    Subquery,
    conjuncts,
    walk,
    within,
)
from deeplake.query.relation import Combined, Derived, Join, Named, Scan, Select

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from deeplake.query.expression import Expression
    from deeplake.query.relation import Cte, Query, Relation

    Conditions = dict[int, tuple[Expression, ...]]


def conditions_of(query: Query, nodes: Sequence[Any] | None = None) -> Conditions:
    """Number of a scan -> conjuncts over its columns alone that rows must pass to matter.

    Args:
        query: that reads the scans.
        nodes: what it is made of, as `within` says it, if that is known.
    """
    return _Pushing(query, within(query) if nodes is None else nodes).found


class _Pushing:
    def __init__(self, query: Query, nodes: Sequence[Any]) -> None:
        self.found: Conditions = {}
        self._read: dict[str, int] = {}
        self._common: dict[str, Cte] = {}
        self._done: set[str] = set()
        self._subqueries = False
        """Whether any expression has a query inside."""
        for node in nodes:
            if type(node) is Named:
                self._read[node.name] = self._read.get(node.name, 0) + 1
            elif type(node) is Subquery:
                self._subqueries = True
        self._query(query, ())

    def _query(self, query: Query, given: Sequence[Expression]) -> None:
        """A query whose rows must pass conditions over its outputs, named by relation -2."""
        for part in query.common:
            self._common[part.name] = part
        if isinstance(query, Combined):
            self._query(query.left, ())
            self._query(query.right, ())
        else:
            self._select(query, given)
        for part in query.common:
            if part.name not in self._done:
                self._query(part.query, ())

    def _select(self, query: Select, given: Sequence[Expression]) -> None:
        below = [*conjuncts(query.condition), *_through(query, given)]
        for relation in query.source:
            self._relation(relation, below)
        loose = [query.outputs, query.keys, query.having, query.distinct, query.order]
        self._inside([*loose, query.condition, query.limit, query.offset])

    def _inside(self, nodes: Iterable[Any]) -> None:
        """Queries within expressions."""
        if not self._subqueries:
            return
        for node in within(tuple(nodes), into_queries=False):
            if isinstance(node, Subquery):
                self._query(node.query, ())

    def _relation(self, relation: Relation, given: Sequence[Expression]) -> None:
        if isinstance(relation, Scan):
            mine = tuple(e for e in given if _concerns(e, relation.number))
            if mine:
                self.found[relation.number] = mine
        elif isinstance(relation, Derived):
            self._query(relation.query, _over(given, relation.number))
        elif isinstance(relation, Named):
            part = self._common.get(relation.name)
            if part is not None and self._read[relation.name] == 1:
                self._done.add(relation.name)
                columns = dict(zip(part.columns, (o.name for o in part.query.outputs), strict=True))
                self._query(part.query, _over(given, relation.number, columns))
        elif isinstance(relation, Join):
            self._join(relation, given)
        else:
            self._inside([relation])

    def _join(self, join: Join, given: Sequence[Expression]) -> None:
        on = list(conjuncts(join.condition))
        inner = join.kind in ("INNER", "CROSS")
        self._inside([join.condition])
        for side, kept in ((join.left, "LEFT"), (join.right, "RIGHT")):
            below: list[Expression] = []
            if inner or join.kind == kept:
                below += given
            if inner or join.kind not in (kept, "FULL"):
                below += on
            self._relation(side, below)


def _through(query: Select, given: Sequence[Expression]) -> list[Expression]:
    """Conditions over the outputs of a query as conditions over its rows, where that is one."""
    grouped = query.groups or query.having is not None or query.distinct
    if not given or grouped or query.limit is not None or query.offset is not None:
        return []
    outputs = {output.name: output.expression for output in query.outputs}
    if any(isinstance(node, Aggregate) for output in outputs.values() for node in walk(output)):
        return []
    plain = {name for name, found in outputs.items() if isinstance(found, Column)}
    return [_replaced(e, outputs) for e in given if _names(e) <= plain]


def _names(expression: Expression) -> set[str]:
    return {node.name for node in walk(expression) if isinstance(node, Column)}


def _replaced(expression: Expression, outputs: dict[str, Expression]) -> Expression:
    if isinstance(expression, Column):
        return outputs[expression.name]
    if isinstance(expression, Call):
        made = tuple(_replaced(argument, outputs) for argument in expression.arguments)
        return expression._replace(arguments=made)
    return expression


def _over(
    given: Sequence[Expression], number: int, columns: dict[str, str] | None = None
) -> list[Expression]:
    """The conditions over one relation alone, its columns named as the query below names them."""
    mine = [expression for expression in given if _concerns(expression, number)]
    if columns is None:
        return mine
    renamed: dict[str, Expression] = {
        name: Column(-2, output, _ANY) for name, output in columns.items()
    }
    return [
        _replaced(expression, renamed) for expression in mine if _names(expression) <= set(columns)
    ]


_ANY: Any = None
"""Kind of a column that stands for an output until it is replaced."""


def _concerns(expression: Expression, number: int) -> bool:
    """Whether an expression is a plain one over the columns of one relation."""
    some = False
    for node in walk(expression):
        if isinstance(node, Column):
            if node.relation != number:
                return False
            some = True
        elif isinstance(node, Call):
            if node.volatile:
                return False
        elif type(node) not in LEAVES:
            return False
    return some
