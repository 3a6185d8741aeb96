"""Function calls: scalar ones, aggregates with their clauses, window functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import present
from deeplake.query.expression import Aggregate, Constant, Expression, Order, Window
from deeplake.query.functions import registry
from deeplake.sql.parse import enum_name, inner, names

if TYPE_CHECKING:
    from deeplake.sql.expressions import ExpressionBinder

# Bits of frameOptions in a WindowDef, as nodes/parsenodes.h of Postgres numbers them.
_NONDEFAULT, _RANGE, _ROWS, _GROUPS, _BETWEEN = 0x1, 0x2, 0x4, 0x8, 0x10
_STARTS = {
    0x20: "UNBOUNDED PRECEDING",
    0x200: "CURRENT ROW",
    0x800: "{start} PRECEDING",
    0x2000: "{start} FOLLOWING",
}
_ENDS = {
    0x100: "UNBOUNDED FOLLOWING",
    0x400: "CURRENT ROW",
    0x1000: "{end} PRECEDING",
    0x4000: "{end} FOLLOWING",
}
_EXCLUSIONS = {0x8000: "CURRENT ROW", 0x10000: "GROUP", 0x20000: "TIES"}


def bind_call(binder: ExpressionBinder, value: Any) -> Expression:
    """A FuncCall node.

    Raises:
        QueryError, UnsupportedQueryError
    """
    name = names(value.funcname)[-1]
    aggregate = registry.is_aggregate(name)
    if not aggregate and not registry.is_window(name):
        if value.HasField("over") or value.HasField("agg_filter") or value.agg_distinct:
            raise QueryError(f"{name} is no aggregate function.", sqlstate="42809")
        return registry.call(name, [_argument(binder, node) for node in value.args])
    if not value.HasField("over"):
        if not aggregate:
            raise QueryError(f"window function {name} requires OVER.", sqlstate="42809")
        if binder.aggregates:
            raise QueryError(
                f"aggregate functions are not allowed in {binder.aggregates}.", sqlstate="42803"
            )
    return _aggregate(binder, name, value)


def _argument(binder: ExpressionBinder, node: Any) -> Expression:
    kind, _ = inner(node)
    if kind == "named_arg_expr":
        raise UnsupportedQueryError("arguments by name are not supported here.")
    return binder.bind(node)


def _aggregate(binder: ExpressionBinder, name: str, value: Any) -> Aggregate:
    if value.agg_within_group:
        raise UnsupportedQueryError(f"{name} WITHIN GROUP is not supported.")
    arguments = [_argument(binder, node) for node in value.args]
    made = registry.aggregate(name, arguments)
    order = tuple(order_of(binder, node) for node in value.agg_order)
    kept = None
    if value.HasField("agg_filter"):
        kept = binder.condition(value.agg_filter, "FILTER")
    window = window_of(binder, value.over) if value.HasField("over") else None
    return made._replace(
        distinct=bool(value.agg_distinct), order=order, condition=kept, window=window
    )


def order_of(binder: ExpressionBinder, node: Any, key: Expression | None = None) -> Order:
    """A SortBy node; `key` if it is known already."""
    value = node.sort_by
    if key is None:
        key = present(binder.bind(value.node))
    direction = enum_name(value, "sortby_dir")
    if direction == "SORTBY_USING":
        raise UnsupportedQueryError("ORDER BY … USING is not supported.")
    descending = direction == "SORTBY_DESC"
    nulls = enum_name(value, "sortby_nulls")
    first = nulls == "SORTBY_NULLS_FIRST" or (nulls == "SORTBY_NULLS_DEFAULT" and descending)
    return Order(key, descending, first)


def window_of(binder: ExpressionBinder, value: Any) -> Window:
    """A WindowDef node: OVER (...) or OVER name."""
    name = value.name or value.refname
    if name:
        base = binder.windows.get(name)
        if base is None:
            raise QueryError(f'window "{name}" does not exist.', sqlstate="42704")
        if value.name:
            return window_of(binder, base)
        inherited = window_of(binder, base)
        own = _own_window(binder, value)
        return Window(inherited.partition, own.order or inherited.order, own.frame)
    return _own_window(binder, value)


def _own_window(binder: ExpressionBinder, value: Any) -> Window:
    partition = tuple(present(binder.bind(node)) for node in value.partition_clause)
    order = tuple(order_of(binder, node) for node in value.order_clause)
    return Window(partition, order, _frame(binder, value))


def _frame(binder: ExpressionBinder, value: Any) -> str:
    from deeplake.query.emit import expression

    options = value.frame_options
    if not options & _NONDEFAULT:
        return ""
    bounds = {}
    for word, field in (("start", "start_offset"), ("end", "end_offset")):
        if value.HasField(field):
            offset = binder.bind(getattr(value, field))
            if not isinstance(offset, Constant):
                raise UnsupportedQueryError("a frame bound that is no constant is not supported.")
            bounds[word] = expression(offset)
    unit = "ROWS" if options & _ROWS else "GROUPS" if options & _GROUPS else "RANGE"
    start = next(text for bit, text in _STARTS.items() if options & bit)
    end = next((text for bit, text in _ENDS.items() if options & bit), "CURRENT ROW")
    text = f"{unit} BETWEEN {start} AND {end}".format(**bounds)
    excluded = next((word for bit, word in _EXCLUSIONS.items() if options & bit), "")
    return f"{text} EXCLUDE {excluded}" if excluded else text
