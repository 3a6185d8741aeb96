"""Comparison and arithmetic of plain values; dates and intervals have theirs in `dates`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deeplake.query.expression import Call, Expression
from deeplake.query.functions.registry import bound, plain_call, register, special
from deeplake.query.kinds import NUMERIC, Kind, digits_of, is_varying, numeric_of

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPARED = (
    "bool", "int2", "int4", "int8", "numeric", "float4", "float8", "text", "date", "timestamp",
    "timestamptz", "time", "interval", "uuid", "bytea",
)  # fmt: skip
COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")

for _name in COMPARED:
    for _symbol in COMPARISONS:
        register(_symbol, f"{_name}, {_name} -> bool", f"({{0}} {_symbol} {{1}})")
for _symbol in COMPARISONS:
    register(_symbol, "any[], any[] -> bool", f"({{0}} {_symbol} {{1}})")
    register(_symbol, "bpchar, bpchar -> bool", f"(rtrim({{0}}, ' ') {_symbol} rtrim({{1}}, ' '))")
    # one canonical text for all that are equal, bytes that sort as the values do
    register(
        _symbol,
        "jsonb, jsonb -> bool",
        f"(json__key(CAST({{0}} AS VARCHAR)) {_symbol} json__key(CAST({{1}} AS VARCHAR)))",
    )

# --- integers: the engine raises on overflow of each width and on division by zero ------------

_INTEGERS = ("int2", "int4", "int8")
_ENGINE = {"int2": "SMALLINT", "int4": "INTEGER", "int8": "BIGINT"}
for _i, _left in enumerate(_INTEGERS):
    for _j, _right in enumerate(_INTEGERS):
        _wide = _INTEGERS[max(_i, _j)]
        _pair = f"{_left}, {_right} -> {_wide}"
        for _symbol in ("+", "-", "*"):
            _made = f"({{0}} {_symbol} {{1}})"
            register(_symbol, _pair, _made if _i == _j else f"CAST({_made} AS {_ENGINE[_wide]})")
        register("/", _pair, "({0} // {1})")
for _name in _INTEGERS:
    register(
        "% mod",
        f"{_name}, {_name} -> {_name}",
        "CASE WHEN {1} = -1 THEN {0} * 0 ELSE {0} % {1} END",
    )
    register("-", f"{_name} -> {_name}", f"CAST(0 - {{0}} AS {_ENGINE[_name]})")
    register("+", f"{_name} -> {_name}", "{0}")
    register("@ abs", f"{_name} -> {_name}", "abs({0})")

# --- numeric: digits after the point as in Postgres, exact within 38 digits -------------------


def _sum_digits(arguments: Sequence[Expression]) -> Kind:
    kinds = [argument.kind for argument in arguments]
    if any(kind == NUMERIC for kind in kinds):
        return NUMERIC
    (p, s), (q, t) = map(digits_of, kinds)
    varying = any(map(is_varying, kinds))
    return numeric_of(max(p - s, q - t) + 1, max(s, t), varying=varying)


def _remainder_digits(arguments: Sequence[Expression]) -> Kind:
    kinds = [argument.kind for argument in arguments]
    if any(kind == NUMERIC for kind in kinds):
        return NUMERIC
    (p, s), (q, t) = map(digits_of, kinds)
    varying = any(map(is_varying, kinds))
    return numeric_of(max(p - s, q - t), max(s, t), varying=varying)


def _product_digits(arguments: Sequence[Expression]) -> Kind:
    kinds = [argument.kind for argument in arguments]
    (p, s), (q, t) = map(digits_of, kinds)
    if any(kind == NUMERIC for kind in kinds) or s + t > 38:
        return NUMERIC
    return numeric_of(p - s + q - t, s + t, varying=any(map(is_varying, kinds)))


_WORD_DIGITS = 18
"""Of numerics that the engine keeps in 64 bits."""


def _times(arguments: Sequence[Expression]) -> Expression:
    """A product of numerics: by the engine where it has room for its digits."""
    kind = _product_digits(arguments)
    if kind != NUMERIC:
        precision, scale = digits_of(arguments[0].kind)
        one = "{0}"
        if digits_of(kind)[0] > _WORD_DIGITS >= precision:
            # the engine multiplies two words in a word, and raises where the product needs two
            one = f"CAST({{0}} AS DECIMAL({max(digits_of(kind)[0], _WORD_DIGITS + 1)},{scale}))"
        return bound("*", f"({one} * {{1}})", arguments, kind)
    texts = "CAST({0} AS VARCHAR), CAST({1} AS VARCHAR)"
    return bound("*", f"CAST(numbers__times({texts}) AS {{type}})", arguments, NUMERIC)


for _symbol in ("+", "-"):
    # both sides cast first: the engine gives a sum of DECIMAL(38, 20) and DECIMAL(38, 0) no room
    register(
        _symbol,
        "numeric, numeric -> numeric",
        f"(CAST({{0}} AS {{type}}) {_symbol} CAST({{1}} AS {{type}}))",
        digits=_sum_digits,
    )
register("%", "numeric, numeric -> numeric", "numeric", digits=_remainder_digits)
register("* /", "numeric, numeric -> numeric", "numeric")
register("-", "numeric -> same", "(-{0})")
register("+", "numeric -> same", "{0}")
register("@ abs", "numeric -> same", "abs({0})")

DIVIDED = "CAST(numbers__divided(CAST({0} AS VARCHAR), CAST({1} AS VARCHAR)) AS {type})"
"""A quotient of numerics, rounded to the digits that Postgres gives it, up to 20."""

_MODULO = (
    "(CAST({0} AS {type}) % CASE WHEN {1} = 0 THEN error('[22012] division by zero') ELSE "
    "CAST({1} AS {type}) END)"
)

# --- floats: what is finite does not become infinite ------------------------------------------

for _name in ("float4", "float8"):
    for _symbol in ("+", "-", "*", "/"):
        register(_symbol, f"{_name}, {_name} -> {_name}", "float")
    register("-", f"{_name} -> {_name}", "(-{0})")
    register("+", f"{_name} -> {_name}", "{0}")
    register("@ abs", f"{_name} -> {_name}", "abs({0})")
for _symbol in ("+", "-", "*", "/"):
    register(_symbol, "float4, float8 -> float8", "float")
    register(_symbol, "float8, float4 -> float8", "float")


def _operator(name: str) -> None:
    @special(name)
    def build(arguments: Sequence[Expression]) -> Expression:
        made = plain_call(name, arguments)
        if not isinstance(made, Call):
            return made
        if made.template == "float":
            return _float_operation(name, made)
        if made.template == "numeric":
            if name == "*":
                return _times(made.arguments)
            if name == "/":
                return bound(name, DIVIDED, made.arguments, NUMERIC)
            return bound(name, _MODULO, made.arguments, made.kind)
        return made


for _symbol in ("+", "-", "*", "/", "%"):
    _operator(_symbol)

_OVERFLOW = "error('[22003] value out of range: overflow')"
_UNDERFLOW = "error('[22003] value out of range: underflow')"


def _float_operation(name: str, made: Call) -> Expression:
    """Sums and products of floats, checked once for the whole of a term.

    An infinity inside of a term stays one, or becomes NaN, up to its root: so it is enough to look
    at the root, and at the leaves where that is not finite.
    """
    if name == "/":
        return bound(name, _quotient(), made.arguments, made.kind)
    raws: list[str] = []
    leaves: list[Expression] = []
    for argument in made.arguments:
        inside = _raw_of(argument, made.kind)
        if inside is None:
            raws.append(f"{{{len(leaves)}}}")
            leaves.append(argument)
        else:
            raw, own = inside
            raws.append(_shifted(raw, len(leaves)))
            leaves += own
    raw = f"({raws[0]} {name} {raws[1]})"
    finite = " AND ".join(f"isfinite({{{k}}})" for k in range(len(leaves)))
    under = ""
    if name == "*" and len(leaves) == 2:
        under = f" WHEN {raw} = 0 AND {{0}} <> 0 AND {{1}} <> 0 THEN {_UNDERFLOW}"
    template = f"CASE WHEN NOT isfinite({raw}) AND {finite} THEN {_OVERFLOW}{under} ELSE {raw} END"
    return bound(name, template, leaves, made.kind)


_TERM = "CASE WHEN NOT isfinite("


def _raw_of(argument: Expression, kind: Kind) -> tuple[str, tuple[Expression, ...]] | None:
    """A term without its check, and its leaves; None for what is no short term of this kind."""
    if not isinstance(argument, Call) or argument.kind != kind or len(argument.arguments) > 16:
        return None
    if argument.name not in ("+", "-", "*") or not argument.template.startswith(_TERM):
        return None
    return argument.template.rpartition(" ELSE ")[2].removesuffix(" END"), argument.arguments


def _shifted(template: str, by: int) -> str:
    return re.sub(r"\{(\d+)\}", lambda match: f"{{{int(match[1]) + by}}}", template)


def _quotient() -> str:
    return (
        "CASE WHEN {1} = 0 AND NOT isnan({0}) THEN error('[22012] division by zero') "
        f"WHEN isinf({{0}} / {{1}}) AND NOT isinf({{0}}) THEN {_OVERFLOW} "
        f"WHEN {{0}} / {{1}} = 0 AND {{0}} <> 0 AND NOT isinf({{1}}) THEN {_UNDERFLOW} "
        "ELSE {0} / {1} END"
    )


# --- bits -------------------------------------------------------------------------------------

for _name in _INTEGERS:
    register("&", f"{_name}, {_name} -> {_name}", "({0} & {1})")
    register("|", f"{_name}, {_name} -> {_name}", "({0} | {1})")
    register("#", f"{_name}, {_name} -> {_name}", "xor({0}, {1})")
    register("~", f"{_name} -> {_name}", "(~{0})")
    _width = {"int2": 32, "int4": 32, "int8": 64}[_name]
    # counts are taken modulo the machine word's width, bits beyond the kind's own are lost
    register(
        "<<",
        f"{_name}, int4 -> {_name}",
        f"numbers__left{_name[3]}({{0}}, {{1}} & {_width - 1})",
    )
    register(">>", f"{_name}, int4 -> {_name}", f"({{0}} >> ({{1}} & {_width - 1}))")
