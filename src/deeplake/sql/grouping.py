"""GROUP BY: keys and sets of them, and what may stand beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import present
from deeplake.query.expression import (
    Aggregate,
    Call,
    Column,
    Constant,
    Expression,
    Parameter,
    Subquery,
    walk,
)
from deeplake.query.kinds import BOOL
from deeplake.query.relation import Join, Named, Relation, Rows
from deeplake.sql import ordering
from deeplake.sql.calls import sort_key
from deeplake.sql.parse import enum_name, inner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deeplake.query.relation import Output, Select
    from deeplake.sql.binding import Binding
    from deeplake.sql.expressions import ExpressionBinder
    from deeplake.sql.scope import Scope

SETS_MAX = 4_096
"""Grouping sets of one query, as many as Postgres takes."""

_NODES = (Column, Constant, Parameter, Call, Aggregate, Subquery)


class Grouping:
    """The groups of one SELECT.

    Args:
        binding: of the statement.
        scope: of the query.
        source: what it reads from.
    """

    def __init__(self, binding: Binding, scope: Scope, source: Sequence[Relation]) -> None:
        self._binding = binding
        self._scope = scope
        self._source = list(_leaves(source))
        self._own = {relation.number for relation in self._source}
        self._keys: list[Expression] = []
        self._groups: list[str] = []
        self._by_sets = False
        self.rows_come_last = False
        """Whether functions that return rows are called for each group, or behind windows."""

    def bind(self, binder: ExpressionBinder, node: Any, outputs: list[Output]) -> None:
        """The clause of a SelectStmt node."""
        place = binder.within(self._scope, "GROUP BY")
        place.rows = binder.rows
        parts = [self._sets(place, item, outputs) for item in node.group_clause]
        self._by_sets = any(
            inner(item)[0] == "grouping_set" for item in node.group_clause
        )  # fmt: skip
        if not self._by_sets:
            self._groups = [f"{{{k}}}" for (keys,) in parts for k in keys]
            return
        sets: list[tuple[int, ...]] = [()]
        for part in parts:
            if len(sets) * len(part) > SETS_MAX:
                raise QueryError(f"too many grouping sets present (maximum {SETS_MAX}).",
                                 sqlstate="54001")  # fmt: skip
            sets = [(*before, *more) for before in sets for more in part]
        sets = [tuple(dict.fromkeys(keys)) for keys in sets]
        if node.group_distinct:
            sets = list({frozenset(keys): keys for keys in reversed(sets)}.values())
        if len(self._keys) > 60:
            raise UnsupportedQueryError("grouping sets of more than 60 keys are not supported.")
        inside = ", ".join("(" + ", ".join(f"{{{k}}}" for k in keys) + ")" for keys in sets)
        self._groups = [f"GROUPING SETS ({inside})"]

    def _sets(
        self, binder: ExpressionBinder, node: Any, outputs: list[Output]
    ) -> list[tuple[int, ...]]:
        """The grouping sets of an item, each the numbers of its keys."""
        kind, value = inner(node)
        if kind == "row_expr":
            return [tuple(k for item in value.args for k in self._sets(binder, item, outputs)[0])]
        if kind != "grouping_set":
            return [(self._key(binder, node, outputs),)]
        parts = [self._sets(binder, item, outputs) for item in value.content]
        word = enum_name(value, "kind")
        if word == "GROUPING_SET_EMPTY":
            return [()]
        if word == "GROUPING_SET_SETS":
            return [keys for part in parts for keys in part]
        whole = [part[0] for part in parts]
        if word == "GROUPING_SET_ROLLUP":
            return [
                tuple(k for keys in whole[:count] for k in keys)
                for count in range(len(whole), -1, -1)
            ]
        if len(whole) > 12:
            raise QueryError("CUBE is limited to 12 elements.", sqlstate="54011")
        return [
            tuple(k for place, keys in enumerate(whole) if chosen >> place & 1 for k in keys)
            for chosen in range((1 << len(whole)) - 1, -1, -1)
        ]

    def _key(self, binder: ExpressionBinder, node: Any, outputs: list[Output]) -> int:
        found = present(ordering.named(binder, node, outputs, "GROUP BY", prefer_columns=True))
        for part in walk(found):
            if isinstance(part, Aggregate):
                what = "aggregate" if part.window is None else "window"
                raise QueryError(
                    f"{what} functions are not allowed in GROUP BY.",
                    sqlstate="42803" if part.window is None else "42P20",
                )
        found = ordering.comparable(found, "GROUP BY")
        if found not in self._keys:
            self._keys.append(found)
        return self._keys.index(found)

    # --- what may stand beside the keys -------------------------------------------------------

    def checked(self, query: Select, rows: Rows | None) -> Select:
        """The query with its groups.

        Raises:
            QueryError: 42803, something is neither grouped nor aggregated.
            UnsupportedQueryError: functions that return rows beside aggregates and windows.
        """
        shown = [o.expression for o in query.outputs] + [o.key for o in query.order]
        shown += list(query.distinct or ())
        lists = [] if rows is None else [values for _, values in rows.columns]
        aggregates = [p for e in (*shown, *lists) for p in walk(e) if isinstance(p, Aggregate)]
        grouped = bool(self._groups) or query.having is not None
        grouped = grouped or any(part.window is None for part in aggregates)
        windows = any(part.window is not None for part in aggregates)
        if rows is not None and (windows or (grouped and not self._are_keys(rows))):
            self.rows_come_last = True
            self._own.discard(rows.number)
            shown += lists
        if not grouped:
            self._refuse_grouping(shown)
            return query
        for relation in self._source:
            if isinstance(relation, Named) and relation.name in self._binding.recursions:
                raise QueryError(
                    "aggregate functions are not allowed in a recursive query's recursive term.",
                    sqlstate="42P19",
                )
        for expression in (*shown, *([query.having] if query.having is not None else [])):
            self._check(expression)
        if self._by_sets and not self._keys and query.having is None:
            # without an aggregate the engine takes empty sets for one
            query = query._replace(having=Call("group", "(count(*) >= 0)", (), BOOL))
        made = query._replace(keys=tuple(self._keys), groups=tuple(self._groups))
        return self._by_order_of_json(made)

    def _by_order_of_json(self, query: Select) -> Select:
        """Groups of jsonb by value: 1 and 1.0 are one, of which either may be shown."""
        keys = [key for key in self._keys if sort_key(key) is not key]
        if not keys:
            return query

        def shown(expression: Expression) -> Expression:
            if expression in keys:
                value = Aggregate("any_value", "any_value({0})", (expression,), expression.kind)
                if not self._by_sets:
                    return value
                template = "CASE WHEN GROUPING({0}) = 0 THEN {1} END"
                return Call("key", template, (sort_key(expression), value), expression.kind)
            if isinstance(expression, Call):
                inside = map(sort_key if expression.name == "grouping" else shown,
                             expression.arguments)  # fmt: skip
                return expression._replace(arguments=tuple(inside))
            if isinstance(expression, Aggregate) and expression.window is None:
                return expression
            if any(part in keys for part in _parts(expression)):
                raise UnsupportedQueryError(
                    "groups of jsonb inside of window functions and subqueries are not supported."
                )
            return expression

        return query._replace(
            keys=tuple(map(sort_key, self._keys)),
            outputs=tuple(o._replace(expression=shown(o.expression)) for o in query.outputs),
            order=tuple(o._replace(key=shown(o.key)) for o in query.order),
            having=None if query.having is None else shown(query.having),
            distinct=None if query.distinct is None else tuple(map(shown, query.distinct)),
        )

    def _are_keys(self, rows: Rows) -> bool:
        return all(
            any(k == Column(rows.number, name, k.kind) for k in self._keys)
            for name, _ in rows.columns
        )

    def _refuse_grouping(self, shown: Sequence[Expression]) -> None:
        for expression in shown:
            for part in walk(expression):
                if isinstance(part, Call) and part.name == "grouping":
                    self._refuse_arguments(part)

    def _refuse_arguments(self, part: Call) -> None:
        raise self._located(
            "arguments to GROUPING must be grouping expressions of the associated query level.",
            part.arguments[0] if part.arguments else part,
        )

    def _check(self, expression: Expression) -> None:
        """Refuse a column that has many values in a group."""
        if expression in self._keys:
            return
        if isinstance(expression, Column):
            self._check_column(expression, "")
        elif isinstance(expression, Aggregate):
            if expression.window is None:
                return
            for part in (*expression.arguments, *expression.window.partition):
                self._check(part)
            for order in (*expression.order, *expression.window.order):
                self._check(order.key)
            if expression.condition is not None:
                self._check(expression.condition)
        elif isinstance(expression, Call) and expression.name == "grouping":
            if not all(argument in self._keys for argument in expression.arguments):
                self._refuse_arguments(expression)
        elif isinstance(expression, Call):
            for argument in expression.arguments:
                self._check(argument)
        elif isinstance(expression, Subquery):
            for argument in expression.arguments:
                self._check_inside(argument)
            self._check_inside(expression.query)

    def _check_inside(self, node: Any) -> None:
        """The same for what a subquery takes from here."""
        if isinstance(node, _NODES) and node in self._keys:
            return
        if isinstance(node, Column):
            self._check_column(node, "subquery uses ungrouped ")
        elif isinstance(node, tuple):
            for part in node:
                self._check_inside(part)

    def _check_column(self, column: Column, told: str) -> None:
        if column.relation not in self._own or self._depends(column):
            return
        name = self._name(column)
        if told:
            raise self._located(f'{told}column "{name}" from outer query.', column)
        raise self._located(
            f'column "{name}" must appear in the GROUP BY clause or be used in an aggregate '
            "function.",
            column,
        )

    def _depends(self, column: Column) -> bool:
        """Whether a key says which value a column has: the primary key of its table does."""
        if self._by_sets:
            return False
        for bound in self._scope.every:
            if bound.number != column.relation or bound.primary is None:
                continue
            key = next(f for f in bound.fields if f.label == bound.primary)
            if bound.column(key) in self._keys:
                present(column)
                self._keys.append(column)
                self._groups.append(f"{{{len(self._keys) - 1}}}")
                return True
        return False

    def _name(self, column: Column) -> str:
        for bound in self._scope.every:
            for field in bound.fields:
                if bound.column(field) == column:
                    return f"{bound.alias}.{field.label}"
        return column.name

    def _located(self, message: str, culprit: Expression) -> QueryError:
        error = QueryError(
            message, hint="Group by it, or take one value of the group: min(...), for example.",
            sqlstate="42803",
        )  # fmt: skip
        error.culprit = culprit
        self._binding.locate(error, None)
        return error


def _parts(node: Any) -> Iterator[Any]:
    """Every expression in an expression and the queries inside of it."""
    if isinstance(node, _NODES):
        yield node
    if isinstance(node, tuple):
        for part in node:
            yield from _parts(part)


def _leaves(source: Sequence[Relation]) -> Iterator[Any]:
    for relation in source:
        if isinstance(relation, Join):
            yield from _leaves((relation.left, relation.right))
        else:
            yield relation
