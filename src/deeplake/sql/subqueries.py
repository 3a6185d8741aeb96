"""Queries inside of expressions: scalar ones, EXISTS, IN, ANY and ALL, ARRAY."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import present
from deeplake.query.expression import Call, Column, Constant, Expression, Subquery
from deeplake.query.kinds import BOOL, INT4, array_of
from deeplake.query.relation import Select
from deeplake.sql.comparisons import ORDERING, compare_rows, from_rows, row_of
from deeplake.sql.parse import enum_name, names
from deeplake.sql.scope import recursion_refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.relation import Query
    from deeplake.sql.expressions import ExpressionBinder


def bind_sub_link(binder: ExpressionBinder, value: Any) -> Expression:
    """A SubLink node.

    Raises:
        QueryError, UnsupportedQueryError
    """
    if not binder.scope.groups:
        return _bound(binder, value)
    written = _without_places(value).SerializeToString()
    known = binder.scope.links.get(written)
    if known is None:
        # written twice, in SELECT and GROUP BY for example, it is one expression
        known = binder.scope.links[written] = _bound(binder, value)
    return known


_PLACES = frozenset((
    "location", "rexpr_list_start", "rexpr_list_end", "list_start", "list_end",
))  # fmt: skip


def _without_places(message: Any) -> Any:
    """A copy of a node that does not say where it stands."""
    made = type(message)()
    made.CopyFrom(message)
    waiting = [made]
    while waiting:
        part = waiting.pop()
        for field, found in part.ListFields():
            if field.message_type is not None:
                waiting += found if hasattr(found, "__len__") else [found]
            elif field.name in _PLACES:
                part.ClearField(field.name)
    return made


def _bound(binder: ExpressionBinder, value: Any) -> Expression:
    kind = enum_name(value, "sub_link_type")
    query = _query(binder, value)
    if kind == "EXISTS_SUBLINK":
        return Subquery("exists", "EXISTS {query}", _for_its_rows(query), (), BOOL)
    if kind in ("ANY_SUBLINK", "ALL_SUBLINK"):
        return _quantified(binder, value, kind[:3], query)
    if len(query.outputs) != 1:
        raise QueryError("subquery must return only one column.", sqlstate="42601")
    result = query.outputs[0].expression.kind
    if kind == "EXPR_SUBLINK":
        return Subquery("scalar", "{query}", query, (), result)
    if kind == "ARRAY_SUBLINK":
        present(query.outputs[0].expression)
        if result.element is not None:
            raise UnsupportedQueryError("arrays of arrays are not supported.")
        return Subquery("array", "COALESCE(ARRAY {query}, [])", query, (), array_of(result))
    raise UnsupportedQueryError(f"{kind} is not supported.")


def _for_its_rows(query: Query) -> Query:
    """A query of which only matters whether it has rows, without columns that say nothing of it:
    `SELECT *` would have the engine given all of them.
    """
    if not isinstance(query, Select) or query.distinct is not None or query.order or query.ties:
        return query
    if not query.outputs or not all(isinstance(o.expression, Column) for o in query.outputs):
        return query
    return query._replace(outputs=(query.outputs[0]._replace(expression=Constant(1, INT4)),))


def _query(binder: ExpressionBinder, value: Any) -> Query:
    with recursion_refused(binder.scope.common, "a subquery"):
        return binder.subselect(value.subselect.select_stmt, binder.scope)


def _quantified(binder: ExpressionBinder, value: Any, word: str, query: Query) -> Expression:
    operator = names(value.oper_name)[-1] if value.oper_name else "="
    operator = "<>" if operator == "!=" else operator
    left = row_of(binder, value.testexpr)
    if left is None:
        left = [binder.bind(value.testexpr)]
    if len(query.outputs) != len(left):
        few = "few" if len(query.outputs) < len(left) else "many"
        raise QueryError(f"subquery has too {few} columns.", sqlstate="42601")
    for output in query.outputs:
        present(output.expression)
    if len(left) == 1 and operator in ORDERING:
        made: Any = binder.operation(operator, left[0], query.outputs[0].expression)
        plain = isinstance(made, Call) and made.template == f"({{0}} {operator} {{1}})"
        if plain and made.arguments[1] == query.outputs[0].expression:
            template = f"({{0}} {operator} {word} {{query}})"
            return Subquery(word.lower(), template, query, made.arguments[:1], BOOL)
    return _by_rows(binder, operator, left, query, word)


def _by_rows(
    binder: ExpressionBinder, operator: str, left: Sequence[Expression], query: Query, word: str
) -> Expression:
    """ANY and ALL of what the engine has no word for: the test of each row of the query."""
    number = binder.binding.number()
    right = [Column(number, o.name, o.expression.kind) for o in query.outputs]
    if len(left) == 1:
        test = binder.operation(operator, left[0], right[0])
    else:
        test = compare_rows(binder, operator, left, right)
        if operator == "=" and word == "ANY":
            return _row_in(test, left, right, query)
    if test.kind.name != "bool":
        raise QueryError(f"operator {operator} must return type boolean.", sqlstate="42804")
    inside = f"(SELECT {{0}} AS m FROM {{query}} AS r{number})"
    return Subquery(word.lower(), from_rows(word, inside), query, (test,), BOOL)


def _row_in(
    test: Expression, left: Sequence[Expression], right: Sequence[Column], query: Query
) -> Expression:
    """(a, b) IN (SELECT ...) by joins on equality: NULLs, which they miss, are looked for apart.

    Compared row by row, 50,000 pairs in 2,000 take 2 s.
    """
    unknown = _has_null(left), _has_null(right)
    name = f"r{right[0].relation}"
    found = f"EXISTS (SELECT 1 FROM {{query}} AS {name} WHERE {{0}})"
    of_left = (
        f"EXISTS (SELECT 1 FROM (SELECT *, true AS partial FROM {{query}}) AS {name} "
        f"WHERE {name}.partial = {{1}} AND {{0}} IS NULL)"
    )
    of_right = f"EXISTS (SELECT 1 FROM {{query}} AS {name} WHERE {{2}} AND {{0}} IS NULL)"
    template = (
        f"(CASE WHEN {found} THEN true WHEN {of_left} OR {of_right} THEN NULL ELSE false END)"
    )
    return Subquery("any", template, query, (test, *unknown), BOOL)


def _has_null(parts: Sequence[Expression]) -> Expression:
    inside = " OR ".join(f"{{{k}}} IS NULL" for k in range(len(parts)))
    return Call("null test", f"({inside})", tuple(parts), BOOL)


def bind_row_subquery(binder: ExpressionBinder, operator: str, parts: Any, link: Any) -> Expression:
    """(a, b) = (SELECT ...): unknown where the query has no row.

    Raises:
        QueryError, UnsupportedQueryError
    """
    left = binder.bind_all(parts)
    query = _query(binder, link)
    if len(query.outputs) != len(left):
        few = "few" if len(query.outputs) < len(left) else "many"
        raise QueryError(f"subquery has too {few} columns.", sqlstate="42601")
    number = binder.binding.number()
    right = []
    for output in query.outputs:
        present(output.expression)
        right.append(Column(number, output.name, output.expression.kind))
    test = compare_rows(binder, operator, left, right)
    template = f"(SELECT {{0}} FROM {{query}} AS r{number})"
    return Subquery("row", template, query, (test,), BOOL)
