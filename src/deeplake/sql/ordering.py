"""ORDER BY, DISTINCT, LIMIT, FOR UPDATE: what stands behind a query, or decides which rows stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import cast, coerce, present
from deeplake.query.expression import Aggregate, Call, Column, Constant, Expression, Order, walk
from deeplake.query.kinds import INT8, NUMBERS, TEXT
from deeplake.query.relation import Combined, Select
from deeplake.sql.calls import order_of, sort_key
from deeplake.sql.parse import character, enum_name, inner, leftmost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.relation import Output, Query
    from deeplake.sql.expressions import ExpressionBinder
    from deeplake.sql.scope import Scope


def named(
    binder: ExpressionBinder, node: Any, outputs: Sequence[Output], clause: str, *,
    prefer_columns: bool = False,
) -> Expression:  # fmt: skip
    """A key of ORDER BY, GROUP BY or DISTINCT ON: an output by number or label, or an expression.

    Raises:
        QueryError: 42P10, there is no output of that number; 42702, several have the label.
    """
    kind, value = inner(node)
    if kind == "a_const":
        if value.WhichOneof("val") != "ival" or value.isnull:
            raise QueryError(f"non-integer constant in {clause}.", sqlstate="42601",
                             position=binder.position(value))  # fmt: skip
        position = value.ival.ival
        if not 1 <= position <= len(outputs):
            raise QueryError(f"{clause} position {position} is not in select list.",
                             sqlstate="42P10", position=binder.position(value))  # fmt: skip
        numbered: Expression = outputs[position - 1].expression
        return numbered
    if kind == "column_ref" and len(value.fields) == 1 and value.fields[0].HasField("string"):
        label = value.fields[0].string.sval
        if prefer_columns and binder.scope.finds(label):
            return binder.bind(node)
        hits = list(dict.fromkeys(o.expression for o in outputs if o.label == label))
        if len(hits) > 1:
            raise QueryError(f'{clause} "{label}" is ambiguous.', sqlstate="42702",
                             position=binder.position(value))  # fmt: skip
        if hits:
            return hits[0]
    found = binder.bind(node)
    return coerce(found, TEXT) if found.kind.name == "unknown" else found


def comparable(key: Expression, clause: str) -> Expression:
    """A key that rows can be compared by."""
    present(key)
    if key.kind.name == "json":
        raise QueryError(
            f"could not identify an ordering operator for type json in {clause}.",
            hint="Cast it to jsonb.",
            sqlstate="42883",
        )
    return key


def bind_order(
    binder: ExpressionBinder, nodes: Any, outputs: Sequence[Output]
) -> tuple[Order, ...]:
    """ORDER BY of a SELECT."""
    found = []
    for node in nodes:
        key = named(binder, node.sort_by.node, outputs, "ORDER BY")
        found.append(order_of(binder, node, comparable(key, "ORDER BY")))
    return tuple(found)


def bind_output_order(
    binder: ExpressionBinder, nodes: Any, outputs: Sequence[Output]
) -> tuple[Order, ...]:
    """ORDER BY of a UNION: outputs only.

    Raises:
        UnsupportedQueryError: something else.
    """
    for node in nodes:
        kind, value = inner(node.sort_by.node)
        labels = {output.label for output in outputs}
        if kind == "a_const":
            continue
        if kind == "column_ref" and len(value.fields) == 1:
            label = value.fields[0].string.sval
            if label in labels:
                continue
            raise binder.scope.missing(None, label, binder.position(value))
        raise UnsupportedQueryError(
            "invalid UNION/INTERSECT/EXCEPT ORDER BY clause: only result column names can be "
            "used, not expressions or functions.",
            hint="Put the UNION into FROM.",
        )
    return bind_order(binder, nodes, outputs)


def bind_distinct(
    binder: ExpressionBinder, node: Any, outputs: Sequence[Output], order: Sequence[Order]
) -> tuple[Expression, ...] | None:
    """DISTINCT and DISTINCT ON; None without.

    Raises:
        QueryError: 42P10, ORDER BY needs what is not there, or comes in another order.
    """
    if not node.distinct_clause:
        return None
    if inner(node.distinct_clause[0])[0] == "":
        for output in outputs:
            comparable(output.expression, "DISTINCT")
        keys = tuple(sort_key(output.expression) for output in outputs)
        for item in order:
            if item.key not in keys:
                raise _located(
                    binder, item.key, "for SELECT DISTINCT, ORDER BY expressions must appear in "
                    "select list.",
                )  # fmt: skip
        same = all(key is o.expression for key, o in zip(keys, outputs, strict=True))
        return () if same else keys  # jsonb by value: 1 and 1.0 are one
    keys = tuple(
        sort_key(comparable(named(binder, item, outputs, "DISTINCT ON"), "DISTINCT ON"))
        for item in node.distinct_clause
    )
    rest = [item.key for item in order if item.key not in keys]
    leading = [item.key for item in order[: len(order) - len(rest)]]
    if any(key in rest for key in leading) or (rest and not set(keys) <= set(leading)):
        raise QueryError(
            "SELECT DISTINCT ON expressions must match initial ORDER BY expressions.",
            sqlstate="42P10",
            position=character(binder.binding.text, leftmost(node.distinct_clause[0])),
        )
    return keys


def _located(binder: ExpressionBinder, culprit: Expression, message: str) -> QueryError:
    error = QueryError(message, sqlstate="42P10")
    error.culprit = culprit
    binder.binding.locate(error, None)
    return error


def whole(bound: Expression) -> Expression:
    """A number of rows: bigint, a constant where it is one."""
    if isinstance(bound, Constant) and isinstance(bound.value, int):
        return Constant(bound.value, INT8)
    return cast(bound, INT8)


_SIGNS = {"LIMIT": "2201W", "OFFSET": "2201X"}


def bind_limits(binder: ExpressionBinder, node: Any) -> tuple[Expression | None, Expression | None]:
    """LIMIT and OFFSET.

    Raises:
        QueryError: 42P10, they depend on rows; 42804, no number; 2201W and 2201X, negative.
    """
    found = []
    for field, word in (("limit_count", "LIMIT"), ("limit_offset", "OFFSET")):
        found.append(_limit(binder, getattr(node, field), word) if node.HasField(field) else None)
    return found[0], found[1]


def _limit(binder: ExpressionBinder, node: Any, word: str) -> Expression | None:
    binder.place = word
    bound = binder.bind(node)
    for part in walk(bound):
        if isinstance(part, Column):
            raise QueryError(
                f"argument of {word} must not contain variables.", sqlstate="42P10",
                position=character(binder.binding.text, leftmost(node)),
            )  # fmt: skip
    if isinstance(bound, Constant) and bound.value is None:
        return None
    if bound.kind.name not in (*NUMBERS, "unknown"):
        raise QueryError(
            f"argument of {word} must be type bigint, not type {bound.kind.plain}.",
            sqlstate="42804",
        )
    made = whole(bound)
    told = f"{word} must not be negative."
    if isinstance(made, Constant):
        if made.value < 0:
            raise QueryError(told, sqlstate=_SIGNS[word])
        return made
    template = f"CASE WHEN {{0}} < 0 THEN error('[{_SIGNS[word]}] {told}') ELSE {{0}} END"
    return Call("limit", template, (made,), INT8)


def check_ties(node: Any, order: Sequence[Order]) -> None:
    """Refuse WITH TIES without ORDER BY."""
    if enum_name(node, "limit_option") == "LIMIT_OPTION_WITH_TIES" and not order:
        raise QueryError("WITH TIES cannot be specified without ORDER BY clause.", sqlstate="42601")


def check_locking(node: Any, query: Query, scope: Scope) -> None:
    """FOR UPDATE and its like: rows cannot change under a snapshot, so nothing is done.

    Raises:
        UnsupportedQueryError: where Postgres refuses it.
        QueryError: 42P01, it names what FROM has not.
    """
    for item in node.locking_clause:
        clause = item.locking_clause
        word = _LOCKS.get(enum_name(clause, "strength"), "FOR UPDATE")
        refused = _unlockable(query)
        if refused:
            raise UnsupportedQueryError(f"{word} is not allowed with {refused}.")
        for name in clause.locked_rels:
            alias = name.range_var.relname
            if scope.relation(alias) is None:
                raise QueryError(
                    f'relation "{alias}" in {word} clause not found in FROM clause.',
                    sqlstate="42P01",
                )


_LOCKS = {
    "LCS_FORKEYSHARE": "FOR KEY SHARE",
    "LCS_FORSHARE": "FOR SHARE",
    "LCS_FORNOKEYUPDATE": "FOR NO KEY UPDATE",
}


def _unlockable(query: Query) -> str:
    if isinstance(query, Combined):
        return "UNION/INTERSECT/EXCEPT"
    assert isinstance(query, Select)
    if query.distinct is not None:
        return "DISTINCT clause"
    if query.groups:
        return "GROUP BY clause"
    if query.having is not None:
        return "HAVING clause"
    for output in query.outputs:
        for part in walk(output.expression):
            if isinstance(part, Aggregate):
                return "aggregate functions" if part.window is None else "window functions"
    return ""
