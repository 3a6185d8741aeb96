"""Function calls: scalar ones, aggregates with their clauses, window functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import coerce, present
from deeplake.query.expression import (
    Aggregate,
    Call,
    Column,
    Constant,
    Expression,
    Order,
    Window,
    walk,
)
from deeplake.query.functions import registry, tables
from deeplake.query.kinds import BYTEA, INT8, INTEGERS, INTERVAL, NUMBERS
from deeplake.sql.parse import enum_name, inner, names

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    window = value.HasField("over")
    if name in _RANKS and value.agg_within_group:
        raise UnsupportedQueryError(f"{name} WITHIN GROUP is not supported.")
    if registry.is_aggregate(name):
        return _aggregate(binder, name, value)
    if registry.is_window(name):
        if not window:
            raise QueryError(f"window function {name} requires an OVER clause.", sqlstate="42809")
        return _aggregate(binder, name, value)
    if not registry.known(name) and not tables.is_known(name):
        raise UnsupportedQueryError(
            f"function {name}() is not supported.", hint=registry.nearest(name)
        )
    if window:
        raise QueryError(
            f"OVER specified, but {name} is not a window function nor an aggregate function.",
            sqlstate="42809",
        )
    for field, word in (("agg_filter", "FILTER"), ("agg_order", "ORDER BY"),
                        ("agg_distinct", "DISTINCT"), ("agg_within_group", "WITHIN GROUP"),
                        ("agg_star", "(*)")):  # fmt: skip
        given = value.HasField(field) if field == "agg_filter" else getattr(value, field)
        if given:
            raise QueryError(
                f"{word} specified, but {name} is not an aggregate function.", sqlstate="42809"
            )
    if tables.is_known(name):
        return _rows(binder, name, value)
    return registry.call(name, registry.in_order(name, _named(binder, value.args)))


def _named(binder: ExpressionBinder, nodes: Any) -> list[tuple[str | None, Expression]]:
    """Arguments with the names that they are given by."""
    found: list[tuple[str | None, Expression]] = []
    for node in nodes:
        kind, value = inner(node)
        if kind == "named_arg_expr":
            found.append((value.name, binder.bind(value.arg)))
        else:
            found.append((None, binder.bind(node)))
    return found


_RANKS = frozenset(("rank", "dense_rank", "percent_rank", "cume_dist"))


def _rows(binder: ExpressionBinder, name: str, value: Any) -> Expression:
    """A function that returns rows, in a select list."""
    if binder.call == "aggregate":
        raise UnsupportedQueryError(
            "aggregate function calls cannot contain set-returning function calls."
        )
    if binder.rows is None or binder.call:
        place = binder.place or "this place"
        raise UnsupportedQueryError(f"set-returning functions are not allowed in {place}.")
    arguments = [_argument(binder, node) for node in value.args]
    for argument in arguments:
        for part in walk(argument):
            if isinstance(part, Column) and part.relation == binder.rows.number:
                raise UnsupportedQueryError(
                    "set-returning functions inside of one another are not supported."
                )
    return binder.rows.column(tables.scalar_columns(name, arguments))


def _argument(binder: ExpressionBinder, node: Any) -> Expression:
    kind, _ = inner(node)
    if kind == "named_arg_expr":
        raise UnsupportedQueryError("arguments by name are not supported here.")
    return binder.bind(node)


def _aggregate(binder: ExpressionBinder, name: str, value: Any) -> Aggregate:
    window = value.HasField("over")
    try:
        _check_place(binder, window=window)
    except QueryError:
        if value.args and not window and not binder.call:
            _check_level(binder, binder.bind_all(value.args))
        raise
    outside, binder.call = binder.call, "window" if window else "aggregate"
    try:
        made = _called(binder, name, value)
        kept = None
        if value.HasField("agg_filter"):
            inside = binder.within(binder.scope, "FILTER")
            kept = inside.condition(value.agg_filter, "FILTER")
            if not registry.is_aggregate(name):
                raise UnsupportedQueryError(
                    "FILTER is not implemented for non-aggregate window functions."
                )
        over = window_of(binder, value.over) if window else None
    finally:
        binder.call = outside
    if over is not None and (value.agg_distinct or made.order):
        what = "DISTINCT" if value.agg_distinct else "aggregate ORDER BY"
        raise UnsupportedQueryError(f"{what} is not implemented for window functions.")
    _check_level(binder, made.arguments)
    return made._replace(distinct=bool(value.agg_distinct), condition=kept, window=over)


def _check_place(binder: ExpressionBinder, *, window: bool) -> None:
    """Refuse a call where Postgres does."""
    what = "window" if window else "aggregate"
    state = "42P20" if window else "42803"
    if binder.call == "aggregate":
        told = "aggregate function calls cannot "
        told += "contain window function calls." if window else "be nested."
        raise QueryError(told, sqlstate="42803")
    if binder.call == "window" and window:
        raise QueryError("window function calls cannot be nested.", sqlstate="42P20")
    if binder.call == "definition" and window:
        raise QueryError("window functions are not allowed in window definitions.",
                         sqlstate=state)  # fmt: skip
    if binder.place and (window or binder.place != "HAVING"):
        raise QueryError(f"{what} functions are not allowed in {binder.place}.", sqlstate=state)


def _called(binder: ExpressionBinder, name: str, value: Any) -> Aggregate:
    """The call with its arguments and their order."""
    whole = (
        _counted_row(binder, value.args[0]) if name == "count" and len(value.args) == 1 else None
    )
    arguments = [_argument(binder, node) for node in value.args] if whole is None else [whole]
    if value.agg_within_group:
        if not registry.is_ordered(name):
            raise QueryError(
                f"{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP.",
                sqlstate="42809",
            )
        orders = [order_of(binder, node) for node in value.agg_order]
        for key in (order.key for order in orders):
            if isinstance(key, Call) and key.name == SORT_KEY:
                raise UnsupportedQueryError(f"{name} of jsonb is not supported.")
            if key.kind.element is not None and name == "percentile_disc":
                raise UnsupportedQueryError(f"{name} of {key.kind.plain} is not supported.")
        made = registry.ordered(name, arguments, [order.key for order in orders])
        key = made.arguments[-1]  # as the function takes it
        return made._replace(order=(orders[-1]._replace(key=key),))
    if registry.is_ordered(name):
        given = ", ".join(str(argument.kind.plain) for argument in arguments)
        raise QueryError(
            f"function {name}({given}) does not exist.",
            hint="Say what it orders: WITHIN GROUP (ORDER BY ...).",
            sqlstate="42883",
        )
    if not arguments and not value.agg_star and registry.is_aggregate(name):
        raise QueryError(
            f"{name}(*) must be used to call a parameterless aggregate function.", sqlstate="42809"
        )
    made = registry.aggregate(name, arguments)
    order = tuple(order_of(binder, node) for node in value.agg_order)
    if value.agg_distinct:
        made = made._replace(arguments=tuple(map(present, made.arguments)))
        if any(sort_key(argument) is not argument for argument in made.arguments):
            if name != "count":
                raise UnsupportedQueryError(f"{name}(DISTINCT jsonb) is not supported.")
            made = made._replace(arguments=tuple(map(sort_key, made.arguments)))
        for item in order:
            if item.key not in (*arguments, *made.arguments):
                error = QueryError(
                    "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument "
                    "list.",
                    sqlstate="42P10",
                )
                error.culprit = item.key
                raise error
    return made._replace(order=order)


def _counted_row(binder: ExpressionBinder, node: Any) -> Expression | None:
    """count(t) and count(t.*) count rows that a join did not fill with NULLs: the primary key of
    the table says which. None for anything else.
    """
    kind, value = inner(node)
    if kind != "column_ref":
        return None
    fields = [inner(field) for field in value.fields]
    star = fields[-1][0] == "a_star"
    if len(fields) != 1 + star or fields[0][0] != "string":
        return None
    alias = fields[0][1].sval
    if not star and binder.scope.find(None, alias) is not None:
        return None
    bound = binder.scope.relation(alias)
    if bound is None or bound.primary is None:
        return None
    return bound.column(next(f for f in bound.fields if f.label == bound.primary))


def _check_level(binder: ExpressionBinder, arguments: Sequence[Expression]) -> None:
    """Refuse an aggregate of nothing but columns of a query around: it would belong there."""
    columns = [
        part for argument in arguments for part in walk(argument) if isinstance(part, Column)
    ]
    own = {bound.number for bound in binder.scope.every}
    if columns and not any(c.relation in own or c.relation < 0 for c in columns):
        raise UnsupportedQueryError("an aggregate of an outer query's columns is not supported.")


def order_of(binder: ExpressionBinder, node: Any, key: Expression | None = None) -> Order:
    """A SortBy node; `key` if it is known already."""
    value = node.sort_by
    if key is None:
        key = present(binder.bind(value.node))
    direction = enum_name(value, "sortby_dir")
    descending = direction == "SORTBY_DESC"
    if direction == "SORTBY_USING":
        operator = names(value.use_op)[-1]
        if operator not in ("<", ">"):
            raise QueryError(
                f"operator {operator} is not a valid ordering operator.",
                hint='Ordering operators must be "<" or ">" members of btree operator families.',
                sqlstate="42809",
            )
        descending = operator == ">"
    nulls = enum_name(value, "sortby_nulls")
    first = nulls == "SORTBY_NULLS_FIRST" or (nulls == "SORTBY_NULLS_DEFAULT" and descending)
    return Order(sort_key(key), descending, first)


def sort_key(key: Expression) -> Expression:
    """What rows are sorted by: jsonb by the bytes of its order, anything else by itself.

    Raises:
        QueryError: 42883, json has no order; 0A000, arrays of jsonb have one.
    """
    element = key.kind.element
    if "json" in (key.kind.name, element and element.name):
        error = QueryError(
            f"could not identify an ordering operator for type {key.kind.plain}.",
            hint="Cast it to jsonb.",
            sqlstate="42883",
        )
        error.culprit = key
        raise error
    if element is not None and element.name == "jsonb":
        raise UnsupportedQueryError("the order of arrays of jsonb is not supported.")
    if key.kind.name != "jsonb":
        return key
    return Call(SORT_KEY, "json__key(CAST({0} AS VARCHAR))", (key,), BYTEA)


SORT_KEY = "sort key"


def named_windows(nodes: Any) -> dict[str, Any]:
    """The definitions of a WINDOW clause.

    Raises:
        QueryError: 42P20, a name is defined twice.
    """
    found: dict[str, Any] = {}
    for node in nodes:
        name = node.window_def.name
        if name in found:
            raise QueryError(f'window "{name}" is already defined.', sqlstate="42P20")
        found[name] = node.window_def
    return found


def window_of(binder: ExpressionBinder, value: Any) -> Window:
    """OVER (...) or OVER name.

    Raises:
        QueryError: 42704, there is no window of the name; 42P20, it cannot be changed so.
    """
    if value.name:
        return _defined(binder, value, value.name)
    return _window(binder, value)


def _defined(binder: ExpressionBinder, value: Any, name: str) -> Window:
    base = binder.windows.get(name)
    if base is None:
        raise QueryError(f'window "{name}" does not exist.', sqlstate="42704",
                         position=binder.position(value))  # fmt: skip
    return _window(binder, base)


def _window(binder: ExpressionBinder, value: Any) -> Window:
    """A WindowDef node, with what it inherits."""
    outside, binder.call = binder.call, "definition"
    rows, binder.rows = binder.rows, None
    try:
        partition = tuple(sort_key(present(binder.bind(node))) for node in value.partition_clause)
        order = tuple(order_of(binder, node) for node in value.order_clause)
        if value.refname:
            base = _defined(binder, value, value.refname)
            _check_copy(base, partition, order, value.refname)
            partition, order = base.partition, order or base.order
        return Window(partition, order, _frame(binder, value, order))
    except QueryError as error:
        binder.binding.locate(error, value)
        raise
    finally:
        binder.call, binder.rows = outside, rows


def _check_copy(
    base: Window, partition: tuple[Expression, ...], order: tuple[Order, ...], name: str
) -> None:
    """Refuse to change what a window already says."""
    if partition:
        told = f'cannot override PARTITION BY clause of window "{name}".'
    elif order and base.order:
        told = f'cannot override ORDER BY clause of window "{name}".'
    elif base.frame:
        told = f'cannot copy window "{name}" because it has a frame clause.'
    else:
        return
    raise QueryError(told, sqlstate="42P20")


def _frame(binder: ExpressionBinder, value: Any, order: tuple[Order, ...]) -> str:
    """The engine's text of a frame; '' for the default one."""
    from deeplake.query.emit import expression

    options = value.frame_options
    if not options & _NONDEFAULT:
        return ""
    unit = "ROWS" if options & _ROWS else "GROUPS" if options & _GROUPS else "RANGE"
    if unit == "GROUPS" and not order:
        raise QueryError("GROUPS mode requires an ORDER BY clause.", sqlstate="42P20")
    bounds = {}
    for word, field in (("start", "start_offset"), ("end", "end_offset")):
        if value.HasField(field):
            if unit == "RANGE" and len(order) != 1:
                raise QueryError(
                    "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column.",
                    sqlstate="42P20",
                )
            offset = _offset(binder, getattr(value, field), unit, word, order)
            bounds[word] = expression(offset)
    start = next(text for bit, text in _STARTS.items() if options & bit)
    end = next((text for bit, text in _ENDS.items() if options & bit), "CURRENT ROW")
    text = f"{unit} BETWEEN {start} AND {end}".format(**bounds)
    excluded = next((word for bit, word in _EXCLUSIONS.items() if options & bit), "")
    return f"{text} EXCLUDE {excluded}" if excluded else text


def _offset(
    binder: ExpressionBinder, node: Any, unit: str, word: str, order: tuple[Order, ...]
) -> Expression:
    """An offset of a frame: rows or groups, or a distance to the key."""
    found = present(binder.bind(node))
    if unit == "RANGE":
        key = order[0].key.kind
        if key.name in ("date", "timestamp", "timestamptz", "time", "interval"):
            found = coerce(found, INTERVAL)
        elif key.name in NUMBERS:
            if not isinstance(found, Constant) or found.kind.name not in NUMBERS:
                found = coerce(found, key.plain)
        else:
            raise QueryError(
                f"RANGE with offset PRECEDING/FOLLOWING is not supported for column type "
                f"{key.plain}.",
                sqlstate="0A000",
            )
    else:
        found = found if isinstance(found, Constant) and found.kind.name in INTEGERS else coerce(
            found, INT8)  # fmt: skip
    if not isinstance(found, Constant):
        if unit == "RANGE" and not _columns(found):
            return found
        raise UnsupportedQueryError("a frame bound that is no constant is not supported.")
    if found.value is None or found.value < 0:
        told = "null" if found.value is None else "negative"
        name = "starting" if word == "start" else "ending"
        state = "22004" if found.value is None else "22013"
        raise QueryError(f"frame {name} offset must not be {told}.", sqlstate=state)
    return found


def _columns(expression: Expression) -> list[Column]:
    return [part for part in walk(expression) if isinstance(part, Column)]
