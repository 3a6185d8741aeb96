"""Functions of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.query.expression import Call, Constant, Expression
from deeplake.query.functions.registry import bound, plain_call, register, special
from deeplake.query.kinds import (
    NUMERIC,
    NUMERIC_DIGITS,
    Kind,
    digits_of,
    engine_type,
    is_varying,
    numeric_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_OVER = "error('[22003] value out of range: overflow')"
_UNDER = "error('[22003] value out of range: underflow')"
_INPUT = "error('[22003] input is out of range')"


def _float(names: str, template: str, count: int = 1) -> None:
    register(names, f"{', '.join(['float8'] * count)} -> float8", template)


def _when(*cases: str, made: str) -> str:
    return "CASE " + " ".join(f"WHEN {case}" for case in cases) + f" ELSE {made} END"


_NEGATIVE_ROOT = "error('[2201F] cannot take square root of a negative number')"
_LOG_ZERO = "error('[2201E] cannot take logarithm of zero')"
_LOG_NEGATIVE = "error('[2201E] cannot take logarithm of a negative number')"
_float("sqrt |/ dsqrt", _when(f"{{0}} < 0 THEN {_NEGATIVE_ROOT}", made="sqrt({0})"))
_float("cbrt ||/", "cbrt({0})")
for _name, _native in (("ln", "ln"), ("log", "log10"), ("log10", "log10")):
    _float(
        _name,
        _when(
            f"{{0}} = 0 THEN {_LOG_ZERO}",
            f"{{0}} < 0 THEN {_LOG_NEGATIVE}",
            made=f"{_native}({{0}})",
        ),
    )
_float(
    "exp",
    _when(
        f"isinf(exp({{0}})) AND NOT isinf({{0}}) THEN {_OVER}",
        f"exp({{0}}) = 0 AND NOT isinf({{0}}) THEN {_UNDER}",
        made="exp({0})",
    ),
)
_float(
    "power pow ^",
    _when(
        "{0} = 0 AND {1} < 0 THEN error('[2201F] zero raised to a negative power is undefined')",
        "{0} < 0 AND NOT isinf({0}) AND NOT isinf({1}) AND {1} <> floor({1}) THEN error('[2201F] a "
        "negative number raised to a non-integer power yields a complex result')",
        f"isinf(power({{0}}, {{1}})) AND NOT isinf({{0}}) AND NOT isinf({{1}}) THEN {_OVER}",
        "power({0}, {1}) = 0 AND {0} <> 0 AND NOT isinf({0}) AND NOT isinf({1}) "
        f"THEN {_UNDER}",
        made="power({0}, {1})",
    ),
    count=2,
)
_float("sign", "CASE WHEN isnan({0}) THEN {0} ELSE CAST(sign({0}) AS DOUBLE) END")
_float("ceil ceiling", "ceil({0})")
_float("floor", "floor({0})")
_float("round", "round_even({0}, 0)")
_float("trunc", "trunc({0})")
_float("pi", "pi()", 0)
_float("degrees", "degrees({0})")
_float("radians", "radians({0})")
for _name in ("sin", "cos", "tan", "cot"):
    _float(_name, _when(f"isinf({{0}}) THEN {_INPUT}", made=f"{_name}({{0}})"))
for _name in ("asin", "acos"):
    _float(
        _name,
        _when(
            f"{{0}} < -1 OR ({{0}} > 1 AND NOT isnan({{0}})) THEN {_INPUT}", made=f"{_name}({{0}})"
        ),
    )
_float("acosh", _when(f"{{0}} < 1 THEN {_INPUT}", made="acosh({0})"))
_float(
    "atanh",
    _when(f"{{0}} < -1 OR ({{0}} > 1 AND NOT isnan({{0}})) THEN {_INPUT}", made="atanh({0})"),
)
for _name in ("atan", "sinh", "cosh", "tanh", "asinh"):
    _float(_name, f"{_name}({{0}})")
_float("atan2", "atan2({0}, {1})", 2)
# by whole degrees first, so that sind(30) is exactly 0.5
for _name in ("sind", "cosd", "tand"):
    _float(_name, f"numbers__{_name}({{0}})")

register("random", "-> float8", "random()", volatile=True)
register("setseed", "float8 -> void", "CAST(setseed({0}) AS VARCHAR)", volatile=True)
register("gen_random_uuid", "-> uuid", "gen_random_uuid()", volatile=True)

for _name in ("int4", "int8"):
    _type = engine_type(Kind(_name))
    register("gcd", f"{_name}, {_name} -> {_name}", f"CAST(gcd({{0}}, {{1}}) AS {_type})")
    register("lcm", f"{_name}, {_name} -> {_name}", f"CAST(lcm({{0}}, {{1}}) AS {_type})")
register(
    "factorial",
    "int8 -> numeric",
    _when(
        "{0} < 0 THEN error('[22003] factorial of a negative number is undefined')",
        "{0} > 33 THEN error('[0A000] factorial of more than 33 is not supported')",
        made="CAST(factorial(CAST({0} AS INTEGER)) AS {type})",
    ),
    digits=lambda _: numeric_of(NUMERIC_DIGITS, 0),
)
_BUCKETS = (
    "{0} IS NULL OR {1} IS NULL OR {2} IS NULL OR {3} IS NULL THEN NULL",
    "{3} <= 0 THEN error('[2201G] count must be greater than zero')",
    (
        "isnan({0}) OR isnan({1}) OR isnan({2}) THEN "
        "error('[2201G] operand, lower bound, and upper bound cannot be NaN')"
    ),
    "isinf({1}) OR isinf({2}) THEN error('[2201G] lower and upper bounds must be finite')",
    "{1} = {2} THEN error('[2201G] lower bound cannot equal upper bound')",
    "{1} < {2} AND {0} < {1} THEN 0",
    "{1} < {2} AND {0} >= {2} THEN {3} + 1",
    "{1} > {2} AND {0} > {1} THEN 0",
    "{1} > {2} AND {0} <= {2} THEN {3} + 1",
)
register(
    "width_bucket",
    "float8, float8, float8, int4 -> int4",
    _when(*_BUCKETS, made="CAST(floor(({0} - {1}) / ({2} - {1}) * {3}) AS INTEGER) + 1"),
)
register(
    "width_bucket",
    "numeric, numeric, numeric, int4 -> int4",
    "numbers__bucket(CAST({0} AS VARCHAR), CAST({1} AS VARCHAR), CAST({2} AS VARCHAR), {3})",
)

register(
    "width_bucket",
    "element, any[] -> int4",
    _when(
        "{0} IS NULL OR {1} IS NULL THEN NULL",
        (
            "len(list_filter({1}, lambda x: x IS NULL)) > 0 THEN "
            "error('[22004] thresholds array must not contain NULLs')"
        ),
        (
            "list_sort({1}) <> {1} THEN "  # Postgres searches by halves, and finds something
            "error('[0A000] width_bucket of thresholds that are not sorted is not supported')"
        ),
        made="CAST(len(list_filter({1}, lambda x: x <= {0})) AS INTEGER)",
    ),
)

# --- numeric ----------------------------------------------------------------------------------


def _whole(arguments: Sequence[Expression]) -> Kind:
    precision, scale = digits_of(arguments[0].kind)
    return numeric_of(precision - scale + 1, 0)


def _plain(_: Sequence[Expression]) -> Kind:
    return NUMERIC


def _divisor_digits(arguments: Sequence[Expression]) -> Kind:
    """As many digits after the point as either has, and before it as there is room for."""
    kinds = [argument.kind for argument in arguments]
    if NUMERIC in kinds:
        return NUMERIC
    scale = max(digits_of(kind)[1] for kind in kinds)
    return numeric_of(NUMERIC_DIGITS - scale, scale, varying=any(map(is_varying, kinds)))


for _name in ("gcd", "lcm"):
    register(
        _name,
        "numeric, numeric -> numeric",
        f"CAST(numbers__{_name}(CAST({{0}} AS VARCHAR), CAST({{1}} AS VARCHAR)) AS {{type}})",
        digits=_divisor_digits,
    )

for _name in ("round", "trunc", "floor", "ceil"):
    register(
        _name + (" ceiling" if _name == "ceil" else ""),
        "numeric -> numeric",
        f"CAST({_name}({{0}}) AS {{type}})",
        digits=_whole,
    )
register(
    "sign", "numeric -> numeric", "CAST(sign({0}) AS {type})", digits=lambda _: numeric_of(1, 0)
)
for _name in ("sqrt", "ln", "exp", "log10"):
    register(
        _name + (" log" if _name == "log10" else ""),
        "numeric -> numeric",
        f"CAST(numbers__function('{_name}', CAST({{0}} AS VARCHAR), '0') AS {{type}})",
        digits=_plain,
    )
for _name in ("power", "log"):
    register(
        "power pow ^" if _name == "power" else _name,
        "numeric, numeric -> numeric",
        f"CAST(numbers__function('{_name}', CAST({{0}} AS VARCHAR), CAST({{1}} AS VARCHAR)) AS "
        "{type})",
        digits=_plain,
    )
register(
    "div",
    "numeric, numeric -> numeric",
    "CAST(numbers__whole(CAST({0} AS VARCHAR), CAST({1} AS VARCHAR)) AS {type})",
    digits=lambda _: numeric_of(NUMERIC_DIGITS, 0),
)
register("mod", "numeric, numeric -> numeric", "")
register("round trunc", "numeric, int4 -> numeric", "")
register("scale", "numeric -> int4", "")


@special("mod")
def _mod(arguments: Sequence[Expression]) -> Expression:
    made = plain_call("mod", arguments)
    if isinstance(made, Call) and not made.template:
        from deeplake.query.functions.registry import call

        return call("%", made.arguments)
    return made


@special("scale")
def _scale(arguments: Sequence[Expression]) -> Expression:
    from deeplake.errors import UnsupportedQueryError

    made = plain_call("scale", arguments)
    assert isinstance(made, Call)
    given = made.arguments[0].kind
    if is_varying(given):
        raise UnsupportedQueryError("scale() of a numeric whose scale varies is not supported.")
    scale = digits_of(given)[1]
    return Call("scale", f"CASE WHEN {{0}} IS NOT NULL THEN {scale} END", made.arguments, made.kind)


def _rounding(name: str) -> None:
    @special(name)
    def build(arguments: Sequence[Expression]) -> Expression:
        made = plain_call(name, arguments)
        if not isinstance(made, Call) or made.template:
            return made
        return _to_digits(name, made.arguments[0], made.arguments[1])


_rounding("round")
_rounding("trunc")


def _to_digits(name: str, value: Expression, digits: Expression) -> Expression:
    """round or trunc of a numeric to so many digits after the point."""
    precision, scale = digits_of(value.kind)
    parts = (value, digits)
    if isinstance(digits, Constant) and digits.value is not None:
        wanted = int(digits.value)
        if 0 <= wanted <= scale:
            kind = numeric_of(precision - scale + 1, wanted)
            return bound(name, f"CAST({name}({{0}}, {wanted}) AS {{type}})", parts[:1], kind)
        if scale < wanted and precision - scale + wanted <= NUMERIC_DIGITS:
            return bound(
                name, "CAST({0} AS {type})", parts[:1], numeric_of(precision - scale, wanted)
            )
        if wanted < 0:
            kind = numeric_of(precision - scale + 1, 0)
            return bound(name, _rounded(name), parts, kind)
    kind = NUMERIC
    if value.kind != NUMERIC:
        kind = numeric_of(precision - scale + 1, scale, varying=True)
    return bound(name, _rounded(name), parts, kind)


def _rounded(name: str) -> str:
    return f"CAST(numbers__rounded('{name}', CAST({{0}} AS VARCHAR), {{1}}) AS {{type}})"
