"""A query -> the engine's text. Every name in it is ours, every order says where NULLs go."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deeplake.errors import QuerySyntaxError, UnsupportedQueryError
from deeplake.query.control import take
from deeplake.query.expression import (
    Aggregate,
    Call,
    Column,
    Constant,
    Expression,
    Order,
    Parameter,
    Subquery,
    conjuncts,
)
from deeplake.query.given import name as name_of
from deeplake.query.kinds import INTEGERS, engine_type
from deeplake.query.relation import (
    Combined,
    Derived,
    Named,
    Output,
    Rows,
    Scan,
    Select,
    Values,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.kinds import Kind
    from deeplake.query.relation import Cte, Query, Relation

FEED = "feed{}"
"""The engine's name of the rows of a scan."""


def too_deep() -> QuerySyntaxError:
    """The error for a statement that nests deeper than we follow."""
    return QuerySyntaxError(
        "stack depth limit exceeded: the statement is nested too deep.",
        hint="Split it, or use IN, arrays and VALUES instead of long chains.",
        sqlstate="54001",
    )


def query(node: Query) -> str:
    """The statement.

    >>> from deeplake.query.kinds import INT4
    >>> from deeplake.query.relation import Output
    >>> query(Select((Output("one", "o0", Constant(1, INT4)),)))
    'SELECT CAST(1 AS INTEGER) AS o0'
    """
    common = _ctes(node.common, recursive=node.recursive)
    if isinstance(node, Combined):
        return common + _combined(node) + _tail(node)
    if node.ties and node.limit is not None:
        return common + _ties(node, node.limit)
    return common + _select(node) + _tail(node)


def expression(node: Expression) -> str:
    """One expression."""
    take()
    if isinstance(node, Column):
        return f"r{node.relation}.{node.name}" if node.relation >= 0 else node.name
    if isinstance(node, Constant):
        return constant(node.value, node.kind)
    if isinstance(node, Parameter):
        return f"CAST(${name_of(node)} AS {engine_type(node.kind)})"
    if isinstance(node, Call):
        if node.name == "or" and len(node.arguments) > _ALTERNATIVES:
            return _member(node) or node.template.format(*map(expression, node.arguments))
        return node.template.format(*map(expression, node.arguments))
    if isinstance(node, Subquery):
        return node.template.format(
            *map(expression, node.arguments), query=f"({query(node.query)})"
        )
    return _aggregate(node)


_ALTERNATIVES = 4
"""Alternatives from which on it is worth to look whether IN says the same: the engine takes a
second for 5,000 of them."""


def _member(node: Call) -> str:
    """x = a OR x = b … as x IN (a, b …); '' if the alternatives are something else."""
    first = node.arguments[0]
    if not isinstance(first, Call) or first.template != "({0} = {1})":
        return ""
    one = first.arguments[0]
    values = []
    for test in node.arguments:
        if not isinstance(test, Call) or test.template != first.template:
            return ""
        if test.arguments[0] != one or test.arguments[1].kind != first.arguments[1].kind:
            return ""
        values.append(expression(test.arguments[1]))
    return f"({expression(one)} IN ({', '.join(values)}))"


def _listed(values: Sequence[Any], kind: Kind) -> str:
    """Constants of one kind behind IN. Whole numbers and texts need no cast beside a value of their
    kind, which the engine takes four times as long to read.
    """
    take(len(values))
    if kind.name in INTEGERS:
        return f"({', '.join('NULL' if value is None else str(value) for value in values)})"
    return f"({', '.join(constant(value, kind) for value in values)})"


def constant(value: Any, kind: Kind) -> str:
    """A literal of the engine, with its kind.

    Raises:
        TypeError: a value that literals do not spell; it should have been a parameter.
    """
    if isinstance(value, tuple) and kind.element is not None:
        return _listed(value, kind.element)
    if value is None:
        return f"CAST(NULL AS {engine_type(kind)})"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value) if kind.name in _PLAIN_TEXT else cast(quoted(value), kind)
    if isinstance(value, int | Decimal):
        return cast(format(value, "f") if isinstance(value, Decimal) else str(value), kind)
    if isinstance(value, float):
        return cast(quoted(repr(value)), kind)
    if isinstance(value, bytes):
        return f"unhex('{value.hex()}')"
    raise TypeError(f"no literal for {type(value).__name__}")


_PLAIN_TEXT = frozenset(("text", "unknown", "varchar", "bpchar", "name"))


def quoted(text: str) -> str:
    """A text literal.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def cast(text: str, kind: Kind) -> str:
    """An explicit cast of the engine."""
    return f"CAST({text} AS {engine_type(kind)})"


def _aggregate(node: Aggregate) -> str:
    if node.distinct and "{distinct}" not in node.template and node.name not in _SET_LIKE:
        raise UnsupportedQueryError(f"{node.name}(DISTINCT …) is not supported.")
    orders = node.order
    if node.distinct and not orders and node.arguments and "{order}" in node.template:
        # sorted, as Postgres tells values apart by sorting them; of a constant there is one
        orders = (
            ()
            if isinstance(node.arguments[0], Constant)
            else (Order(node.arguments[0], descending=False, nulls_first=False),)
        )
    order = f" ORDER BY {_orders(orders)}" if orders else ""
    template = node.template if "{clauses}" in node.template else node.template + "{clauses}"
    return template.format(
        *map(expression, node.arguments),
        distinct="DISTINCT " if node.distinct else "",
        order=order,
        clauses=_clauses(node),
    )


_SET_LIKE = frozenset((
    "min", "max", "bool_and", "bool_or", "every", "any_value", "percentile_cont", "percentile_disc",
    "mode",
))  # fmt: skip
"""Aggregates for which it makes no difference how often a value is there."""


def _clauses(node: Aggregate) -> str:
    """FILTER and OVER."""
    text = ""
    if node.condition is not None:
        text += f" FILTER (WHERE {expression(node.condition)})"
    if node.window is not None:
        parts = []
        if node.window.partition:
            keys = map(_steady, node.window.partition)
            parts.append("PARTITION BY " + ", ".join(map(expression, keys)))
        if node.window.order:
            orders = tuple(o._replace(key=_steady(o.key)) for o in node.window.order)
            parts.append("ORDER BY " + _orders(orders))
        text += f" OVER ({' '.join([*parts, node.window.frame]).strip()})"
    return text


_RAISES = re.compile(r"\berror\(((?:[^()']|'(?:[^']|'')*')*)\)")


def _steady(node: Expression) -> Expression:
    """A key of a window whose calls raise without `error`, which the engine takes for volatile:
    a subscript that does not read as a number, with the message as its text.
    """
    if not isinstance(node, Call | Aggregate):
        return node
    template = _RAISES.sub(r"([NULL])[CAST(\1 AS INTEGER)]", node.template)
    return node._replace(template=template, arguments=tuple(map(_steady, node.arguments)))


def _orders(orders: tuple[Order, ...]) -> str:
    return ", ".join(
        f"{_key(o.key)} {'DESC' if o.descending else 'ASC'} "
        f"NULLS {'FIRST' if o.nulls_first else 'LAST'}"
        for o in orders
    )


def _key(node: Expression) -> str:
    """A key of an order; the engine refuses one that is a text without a cast."""
    text = expression(node)
    return f"CAST({text} AS VARCHAR)" if text[:1] == "'" and text[-1:] == "'" else text


def _ctes(parts: tuple[Cte, ...], *, recursive: bool) -> str:
    if not parts:
        return ""
    texts = []
    for part in parts:
        columns = f"({', '.join(part.columns)})" if part.columns else ""
        how = part.materialized + " " if part.materialized else ""
        inside = query(part.query)
        if part.recursive and isinstance(part.query, Combined):
            inside = _ctes(part.query.common, recursive=True) + _sides(part.query)
        texts.append(f"{part.name}{columns} AS {how}({inside})")
    return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(texts)} "


_NOTHING = "NULL AS nothing"
"""Stands for the columns of a query that has none: its rows count."""


def _select(node: Select) -> str:
    distinct = ""
    if node.distinct is not None:
        keys = ", ".join(map(_key, node.distinct))
        distinct = f"DISTINCT ON ({keys}) " if keys else "DISTINCT "
    outputs = ", ".join(f"{expression(o.expression)} AS {o.name}" for o in node.outputs)
    text = f"SELECT {distinct}{outputs or _NOTHING}"
    if node.source:
        text += " FROM " + ", ".join(map(relation, node.source))
    if node.condition is not None:
        text += " WHERE " + _filter(node.condition)
    if node.groups:
        keys_ = list(map(expression, node.keys))
        text += " GROUP BY " + ", ".join(group.format(*keys_) for group in node.groups)
    if node.having is not None:
        text += " HAVING " + _filter(node.having)
    return text


_APART = 64
"""Conditions of a filter that the engine takes apart: 4,000 take it 5 s, 8,000 take it 35."""


def _filter(node: Expression) -> str:
    """A condition that rows have to pass; of very many the engine sees the rest as one."""
    parts = list(conjuncts(node))
    if len(parts) <= _APART:
        return expression(node)
    first, rest = map(expression, parts[:_APART]), map(expression, parts[_APART:])
    return f"({' AND '.join(first)} AND ((({') AND ('.join(rest)})) IS TRUE))"


def _combined(node: Combined) -> str:
    outputs = ", ".join(f"{expression(o.expression)} AS {o.name}" for o in node.outputs)
    return f"SELECT {outputs or _NOTHING} FROM ({_sides(node)})"


def _sides(node: Combined) -> str:
    def side(part: Query, columns: tuple[Expression, ...]) -> str:
        named = ", ".join(f"{expression(c)} AS u{k}" for k, c in enumerate(columns))
        return f"(SELECT {named or _NOTHING} FROM ({query(part)}))"

    left, right = side(node.left, node.left_columns), side(node.right, node.right_columns)
    return f"{left} {node.operation} {right}"


def _ties(node: Select, limit: Expression) -> str:
    """Rows up to the limit, and those that are equal to the last of them in ORDER BY."""
    names = ", ".join(output.name for output in node.outputs) or _NOTHING
    keys = [Output("", f"k{k}", order.key) for k, order in enumerate(node.order)]
    inside = _select(node._replace(outputs=(*node.outputs, *keys)))
    if node.distinct:
        inside += f" ORDER BY {_orders(node.order)}"
    by = _orders(tuple(o._replace(key=_bare(f"k{k}", o)) for k, o in enumerate(node.order)))
    count = f"({expression(limit)})"
    skipped = "0" if node.offset is None else f"COALESCE({expression(node.offset)}, 0)"
    return (
        f"SELECT {names} FROM (SELECT *, rank() OVER (ORDER BY {by}) AS place, "
        f"row_number() OVER (ORDER BY {by}) AS row FROM ({inside})) WHERE "
        f"({count} > 0 AND place <= {skipped} + {count} AND row > {skipped}) ORDER BY row"
    )


def _bare(name: str, order: Order) -> Expression:
    return Column(-1, name, order.key.kind)


def _tail(node: Query) -> str:
    text = ""
    if node.order:
        names = {output.expression: output.name for output in reversed(node.outputs)}
        orders = tuple(
            o._replace(key=_bare(names[o.key], o)) if o.key in names else o for o in node.order
        )
        text += f" ORDER BY {_orders(orders)}"
    if node.limit is not None:
        text += f" LIMIT {expression(node.limit)}"
    if node.offset is not None:
        text += f" OFFSET {expression(node.offset)}"
    return text


def relation(node: Relation) -> str:
    """A relation as it stands in FROM."""
    if isinstance(node, Scan):
        return f"{FEED.format(node.number)} AS r{node.number}"
    if isinstance(node, Named):
        return f"{node.name} AS r{node.number}"
    if isinstance(node, Derived):
        return f"{'LATERAL ' if node.lateral else ''}({query(node.query)}) AS r{node.number}"
    if isinstance(node, Values):
        rows = ", ".join(f"({', '.join(map(expression, row))})" for row in node.rows)
        names = ", ".join(f"v{k}" for k in range(len(node.rows[0])))
        return f"(VALUES {rows}) AS r{node.number}({names})"
    if isinstance(node, Rows):
        return _rows(node)
    on = "" if node.condition is None else f" ON {expression(node.condition)}"
    return f"({relation(node.left)} {node.kind} JOIN {relation(node.right)}{on})"


def _rows(node: Rows) -> str:
    values = [expression(list_) for _, list_ in node.columns]
    lists = [f"unnest({text}) AS {name}" for text, (name, _) in zip(values, node.columns,
                                                                   strict=True)]  # fmt: skip
    if node.ordinality:
        longest = ", ".join(f"len({text})" for text in values)
        lists.append(f"unnest(range(1, greatest({longest}, 0) + 1)) AS {node.ordinality}")
    return f"LATERAL (SELECT {', '.join(lists)}) AS r{node.number}"
