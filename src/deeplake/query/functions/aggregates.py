"""Aggregates, those WITHIN GROUP, and window functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import present
from deeplake.query.expression import Aggregate
from deeplake.query.functions.dates import held
from deeplake.query.functions.json import as_json_text
from deeplake.query.functions.registry import plain_aggregate, register, special_aggregate
from deeplake.query.functions.text import as_output
from deeplake.query.kinds import (
    JSON,
    JSONB,
    NUMERIC,
    NUMERIC_DIGITS,
    Kind,
    array_of,
    digits_of,
    engine_type,
    is_varying,
    numeric_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.expression import Expression

_INTEGERS = ("int2", "int4", "int8")


def _aggregate(names: str, signature: str, template: str) -> None:
    register(names, signature, template, family="aggregate")


def _total(arguments: Sequence[Expression]) -> Kind:
    """A sum of numerics keeps their digits after the point."""
    kind = arguments[0].kind
    if kind == NUMERIC:
        return NUMERIC
    scale = digits_of(kind)[1]
    return numeric_of(NUMERIC_DIGITS - scale, scale, varying=is_varying(kind))


def _any_scale(_: Sequence[Expression]) -> Kind:
    return NUMERIC


_aggregate("count", "-> int8", "count(*)")
_aggregate("count", "late -> int8", "count({distinct}{0})")

# --- sums and averages ------------------------------------------------------------------------

for _name in ("int2", "int4"):
    _aggregate("sum", f"{_name} -> int8", "CAST(sum({distinct}{0}){clauses} AS BIGINT)")
register(
    "sum",
    "int8 -> numeric",
    "CAST(sum({distinct}{0}){clauses} AS {type})",
    family="aggregate",
    digits=lambda _: numeric_of(NUMERIC_DIGITS, 0),
)
register(
    "sum",
    "numeric -> numeric",
    "CAST(sum({distinct}{0}){clauses} AS {type})",
    family="aggregate",
    digits=_total,
)


def _finite(made: str) -> str:
    """What is finite does not become infinite."""
    infinite = "bool_or(isinf({0})){clauses}"
    over = "error('[22003] value out of range: overflow')"
    return f"CASE WHEN isinf({made}) AND NOT {infinite} THEN {over} ELSE {made} END"


for _kind in ("float4", "float8"):
    _made = _finite("sum({distinct}CAST({0} AS DOUBLE)){clauses}")
    _aggregate("sum", f"{_kind} -> {_kind}", f"CAST({_made} AS {{type}})")
    _aggregate("avg", f"{_kind} -> float8", _finite("avg({distinct}CAST({0} AS DOUBLE)){clauses}"))
# The engine's average of a DECIMAL is a DOUBLE: sum and count are divided as numerics are.
_MEAN = (
    "CAST(numbers__divided(CAST(sum({distinct}{0}){clauses} AS VARCHAR), CAST(nullif(count("
    "{distinct}{0}){clauses}, 0) AS VARCHAR)) AS {type})"
)
for _name in (*_INTEGERS, "numeric"):
    register("avg", f"{_name} -> numeric", _MEAN, family="aggregate", digits=_any_scale)
_PARTS = (
    "to_months(CAST(sum({distinct}extract(year FROM {0}) * 12 + extract(month FROM {0})){clauses} "
    "AS INTEGER)) + to_days(CAST(sum({distinct}extract(day FROM {0})){clauses} AS INTEGER)) + "
    "to_microseconds(CAST(sum({distinct}extract(hour FROM {0}) * 3600000000 + extract(minute FROM "
    "{0}) * 60000000 + extract(microseconds FROM {0})){clauses} AS BIGINT))"
)
_PARTS = held(_PARTS.replace("{distinct}", ""))
_aggregate("sum", "interval -> interval", _PARTS)
_aggregate(
    "avg",
    "interval -> interval",
    f"intervals__divided({_PARTS}, CAST(nullif(count({{0}}){{clauses}}, 0) AS DOUBLE))",
)

# --- least and greatest -----------------------------------------------------------------------

for _name in (*_INTEGERS, "numeric", "float4", "float8", "text", "bpchar", "date", "timestamp",
              "timestamptz", "time", "interval"):  # fmt: skip
    for _function in ("min", "max"):
        _aggregate(_function, f"{_name} -> same", f"{_function}({{0}})")
for _function in ("min", "max"):
    _aggregate(_function, "any[] -> any[]", f"{_function}({{0}})")
_aggregate("any_value", "any -> same", "any_value({0})")

# --- truth values and bits --------------------------------------------------------------------

_aggregate("bool_and every", "bool -> bool", "bool_and({0})")
_aggregate("bool_or", "bool -> bool", "bool_or({0})")
for _name in _INTEGERS:
    for _function in ("bit_and", "bit_or", "bit_xor"):
        _aggregate(_function, f"{_name} -> {_name}", f"{_function}({{distinct}}{{0}})")

# --- lists ------------------------------------------------------------------------------------

_aggregate(
    "string_agg", "text, text -> text", "string_agg({distinct}{0}, coalesce({1}, ''){order})"
)


@special_aggregate("string_agg")
def _string_agg(arguments: Sequence[Expression]) -> Aggregate:
    if any(argument.kind.name == "bytea" for argument in arguments):
        raise UnsupportedQueryError("string_agg of bytea is not supported.")
    return plain_aggregate("string_agg", arguments)


# no rows give NULL, as the engine's list does
_aggregate("array_agg", "any -> array", "list({distinct}{0}{order})")


@special_aggregate("array_agg")
def _array_agg(arguments: Sequence[Expression]) -> Aggregate:
    if len(arguments) == 1 and arguments[0].kind.name == "unknown":
        raise QueryError("function array_agg(unknown) is not unique.", sqlstate="42725")
    if len(arguments) == 1 and arguments[0].kind.element is not None:
        raise UnsupportedQueryError("array_agg of arrays is not supported.")
    return plain_aggregate("array_agg", arguments)


# --- spread -----------------------------------------------------------------------------------

_SPREAD = {
    "stddev": "stddev_samp", "stddev_samp": "stddev_samp", "stddev_pop": "stddev_pop",
    "variance": "var_samp", "var_samp": "var_samp", "var_pop": "var_pop",
}  # fmt: skip
for _name, _native in _SPREAD.items():
    for _kind in ("float4", "float8"):
        _aggregate(_name, f"{_kind} -> float8", f"{_native}({{distinct}}CAST({{0}} AS DOUBLE))")
    for _kind in (*_INTEGERS, "numeric"):
        _aggregate(_name, f"{_kind} -> numeric", "")

_SQUARES_MAX = 19
"""Digits of numbers whose squares fit a numeric."""


def _spread_of(name: str) -> None:
    @special_aggregate(name)
    def build(arguments: Sequence[Expression]) -> Aggregate:
        """Exact for integers and numerics: from count, sum and sum of squares."""
        made = plain_aggregate(name, arguments)
        if made.template:
            return made
        precision, scale = digits_of(made.arguments[0].kind)
        if precision > _SQUARES_MAX:
            raise UnsupportedQueryError(f"{name} of a numeric of {precision} digits.")
        wide = f"CAST({{0}} AS DECIMAL({_SQUARES_MAX},{scale}))"
        template = (
            f"CAST(numbers__variance('{_SPREAD[name]}', count({{distinct}}{{0}}){{clauses}}, "
            "CAST(sum({distinct}{0}){clauses} AS VARCHAR), CAST(sum({distinct}"
            f"{wide} * {wide}){{clauses}} AS VARCHAR)) AS {engine_type(NUMERIC)})"
        )
        return made._replace(template=template, kind=NUMERIC)


for _name in _SPREAD:
    _spread_of(_name)


def _of_pairs(name: str) -> None:
    """NULL where the engine divides 0 by 0, NaN only from NaN."""
    call = f"{name}({{0}}, {{1}}){{clauses}}"
    strange = "bool_or(NOT isfinite({0}) OR NOT isfinite({1})){clauses}"
    template = f"CASE WHEN isnan({call}) AND NOT {strange} THEN NULL ELSE {call} END"
    _aggregate(name, "float8, float8 -> float8", template)


for _name in ("corr", "covar_pop", "covar_samp", "regr_slope", "regr_intercept", "regr_r2",
              "regr_avgx", "regr_avgy", "regr_sxx", "regr_syy", "regr_sxy"):  # fmt: skip
    _of_pairs(_name)
_aggregate("regr_count", "float8, float8 -> int8", "CAST(regr_count({0}, {1}){clauses} AS BIGINT)")

# --- JSON -------------------------------------------------------------------------------------


def _json_list(name: str, kind: Kind) -> None:
    @special_aggregate(name)
    def build(arguments: Sequence[Expression]) -> Aggregate:
        if len(arguments) != 1:
            return plain_aggregate(name, arguments)
        if arguments[0].kind.name == "unknown":
            raise QueryError(
                "could not determine polymorphic type because input has type unknown.",
                sqlstate="42804",
            )
        made = (as_json_text(arguments[0], kind),)
        lists = kind == JSON and arguments[0].kind.element is not None
        function = "of_lists" if lists else "of_array"
        return Aggregate(
            name, f"CAST(json__{function}(list({{0}}{{order}}){{clauses}}) AS JSON)", made, kind
        )


def _json_object(name: str, kind: Kind, function: str) -> None:
    @special_aggregate(name)
    def build(arguments: Sequence[Expression]) -> Aggregate:
        if len(arguments) != 2:
            return plain_aggregate(name, arguments)
        made = (as_output(present(arguments[0])), as_json_text(arguments[1], kind))
        lists = "list({0}{order}){clauses}, list({1}{order}){clauses}"
        return Aggregate(name, f"CAST(json__{function}({lists}) AS JSON)", made, kind)


_json_list("jsonb_agg", JSONB)
_json_list("json_agg", JSON)
_json_object("jsonb_object_agg", JSONB, "of_pairs")
_json_object("json_object_agg", JSON, "of_all_pairs")

# --- WITHIN GROUP: the last argument is what is ordered ----------------------------------------


def _ordered(name: str, signature: str, template: str) -> None:
    register(name, signature, template, family="ordered")


_ordered("percentile_cont", "float8, float8 -> float8", "quantile_cont({1}, {0}{order})")
_ordered("percentile_cont", "float8[], float8 -> float8[]", "quantile_cont({1}, {0}{order})")
for _name in (
    *_INTEGERS,
    "numeric",
    "float4",
    "float8",
    "text",
    "date",
    "timestamp",
    "timestamptz",
):
    register(
        "percentile_disc",
        f"float8, {_name} -> {_name}",
        "quantile_disc({1}, {0}{order})",
        family="ordered",
        digits=lambda arguments: arguments[1].kind,
    )
    register(
        "percentile_disc",
        f"float8[], {_name} -> {_name}[]",
        "quantile_disc({1}, {0}{order})",
        family="ordered",
        digits=lambda arguments: array_of(arguments[1].kind),
    )
_ordered("mode", "any -> same", "mode({0}{order})")  # of equally frequent ones the first

# --- windows ----------------------------------------------------------------------------------


def _window(names: str, signature: str, template: str) -> None:
    register(names, signature, template, family="window")


for _function in ("row_number", "rank", "dense_rank"):
    _window(_function, "-> int8", f"{_function}()")
for _function in ("percent_rank", "cume_dist"):
    _window(_function, "-> float8", f"{_function}()")
_window("ntile", "int4 -> int4", "CAST(ntile({0}){clauses} AS INTEGER)")
for _function in ("lag", "lead"):
    _window(_function, "late -> same", f"{_function}({{0}})")
    _window(_function, "late, int4 -> same", f"{_function}({{0}}, {{1}})")
    _window(_function, "any, int4, same -> same", f"{_function}({{0}}, {{1}}, {{2}})")
for _function in ("first_value", "last_value"):
    _window(_function, "late -> same", f"{_function}({{0}})")
_window(
    "nth_value",
    "late, int4 -> same",
    "nth_value({0}, CASE WHEN {1} <= 0 THEN CAST(error('[22016] argument of nth_value must be "
    "greater than zero') AS INTEGER) ELSE {1} END)",
)
