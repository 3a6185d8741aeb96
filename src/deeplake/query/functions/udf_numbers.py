"""Numerics beyond what the engine's DECIMAL does alone, and floats as Postgres prints them."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from deeplake.query.functions.udf import Family, failure, numbers_of, valid_of
from deeplake.query.kinds import FLOAT4, FLOAT8, NUMERIC_DEFAULT, NUMERIC_DIGITS
from deeplake.query.literals import read_float

if TYPE_CHECKING:
    from deeplake.errors import QueryError

FAMILY = Family()
_WIDE = Context(prec=120, Emax=999_999, Emin=-999_999)
SCALE = NUMERIC_DEFAULT[1]
_WHOLE_MAX = Decimal(10) ** (NUMERIC_DEFAULT[0] - SCALE)


def _fit(value: Decimal, scale: int | None = None) -> str:
    """A numeric without modifiers: rounded to a scale, up to the 20 digits that there are."""
    made = value.quantize(
        Decimal(1).scaleb(-min(SCALE, SCALE if scale is None else scale)), ROUND_HALF_UP, _WIDE
    )
    if abs(made) >= _WHOLE_MAX:
        raise _too_wide()
    return format(made, "f")


def _too_wide() -> QueryError:
    return failure(
        "0A000",
        f"a numeric of more than {NUMERIC_DEFAULT[0] - SCALE} digits before the point, whose "
        "digits after it are not declared, is not supported",
    )


def _weight(value: Decimal) -> int:
    """The place of the first digit to base 10,000, in which Postgres keeps numerics."""
    return value.adjusted() // 4 if value else 0


def _first_digit(value: Decimal) -> int:
    return int(abs(value).scaleb(-4 * _weight(value), _WIDE)) if value else 0


def division_scale(one: Decimal, other: Decimal, least: int) -> int:
    """Digits after the point of a quotient in Postgres: 16 significant ones at least."""
    weight = _weight(one) - _weight(other)
    if _first_digit(one) <= _first_digit(other):
        weight -= 1
    return min(1000, max(16 - weight * 4, least, 0))


def scale_of(text: str) -> int:
    """Digits after the point of a plain number."""
    return len(text) - text.index(".") - 1 if "." in text else 0


@FAMILY.rows("divided", "VARCHAR, VARCHAR -> VARCHAR")
def divided(a: str, b: str) -> str:
    """a / b, by whole numbers: a quarter of the time that Decimal takes."""
    first, second = scale_of(a), scale_of(b)
    one, other = int(a.replace(".", "")), int(b.replace(".", ""))
    if not other:
        raise failure("22012", "division by zero")
    if not one:
        return "0"
    weight, digit = _lead(abs(one), first)
    other_weight, other_digit = _lead(abs(other), second)
    weight -= other_weight + (digit <= other_digit)
    scale = min(SCALE, max(16 - weight * 4, first, second))
    above, below = abs(one) * 10 ** (scale + second), abs(other) * 10**first
    found = (2 * above + below) // (2 * below)
    text = str(found).zfill(scale + 1)
    if len(text) > NUMERIC_DEFAULT[0] - SCALE + scale:
        raise _too_wide()
    sign = "-" if (one < 0) != (other < 0) else ""
    return (
        f"{sign}{text[: len(text) - scale]}.{text[len(text) - scale :]}" if scale else sign + text
    )


def _lead(digits_: int, scale: int) -> tuple[int, int]:
    """(weight, first digit) to base 10,000 of a number without its point."""
    text = str(digits_)
    place = len(text) - scale - 1
    weight = place // 4
    count = place - 4 * weight + 1
    return weight, int(text[:count].ljust(count, "0"))


@FAMILY.rows("times", "VARCHAR, VARCHAR -> VARCHAR")
def times(a: str, b: str) -> str:
    """a * b."""
    return _fit(_WIDE.multiply(Decimal(a), Decimal(b)))


@FAMILY.rows("whole", "VARCHAR, VARCHAR -> VARCHAR")
def whole(a: str, b: str) -> str:
    """div(a, b): the quotient cut to an integer."""
    other = Decimal(b)
    if not other:
        raise failure("22012", "division by zero")
    return format(_WIDE.divide_int(Decimal(a), other), "f")


def _in_last_digits(a: str, b: str) -> tuple[int, int, int]:
    """(a, b, scale): whole numbers of the last digit of either."""
    scale = max(scale_of(a), scale_of(b))
    one, other = (Decimal(text).scaleb(scale, _WIDE) for text in (a, b))
    return int(one), int(other), scale


@FAMILY.rows("gcd", "VARCHAR, VARCHAR -> VARCHAR")
def gcd(a: str, b: str) -> str:
    """The greatest number of which both are multiples."""
    one, other, scale = _in_last_digits(a, b)
    return format(Decimal(math.gcd(one, other)).scaleb(-scale, _WIDE), "f")


@FAMILY.rows("lcm", "VARCHAR, VARCHAR -> VARCHAR")
def lcm(a: str, b: str) -> str:
    """The least number that is a multiple of both."""
    one, other, scale = _in_last_digits(a, b)
    found = math.lcm(one, other)
    if found >= 10**NUMERIC_DIGITS:
        raise failure("0A000", f"a numeric of more than {NUMERIC_DIGITS} digits is not supported")
    return format(Decimal(found).scaleb(-scale, _WIDE), "f")


@FAMILY.rows("function", "VARCHAR, VARCHAR, VARCHAR -> VARCHAR")
def function(name: str, a: str, b: str) -> str:
    """sqrt, ln, log, exp, power and cbrt of numerics, to 16 significant digits or more."""
    one, other = Decimal(a), Decimal(b)
    try:
        made = _FUNCTIONS[name](one, other)
    except ArithmeticError:
        raise failure("22003", "value overflows numeric format") from None
    digits = 16 - (made.adjusted() if made else 0)
    least = max(scale_of(a), scale_of(b) if name in ("power", "log") else 0)
    return _fit(made, max(digits, least, 0))


def _sqrt(a: Decimal, _: Decimal) -> Decimal:
    if a < 0:
        raise failure("2201F", "cannot take square root of a negative number")
    return a.sqrt(_WIDE)


def _ln(a: Decimal, _: Decimal) -> Decimal:
    if a == 0:
        raise failure("2201E", "cannot take logarithm of zero")
    if a < 0:
        raise failure("2201E", "cannot take logarithm of a negative number")
    return a.ln(_WIDE)


def _log(base: Decimal, a: Decimal) -> Decimal:
    divisor = _ln(base, base)
    if not divisor:
        raise failure("22012", "division by zero")
    return _WIDE.divide(_ln(a, a), divisor)


def _power(a: Decimal, b: Decimal) -> Decimal:
    if a == 0 and b < 0:
        raise failure("2201F", "zero raised to a negative power is undefined")
    if a < 0 and b != b.to_integral_value():
        raise failure(
            "2201F", "a negative number raised to a non-integer power yields a complex result"
        )
    if b == 0:
        return Decimal(1)
    if a == 0:
        return Decimal(0)
    if abs(b) * abs(a.adjusted() + 1) > 200_000:
        raise failure("22003", "value overflows numeric format")
    return _WIDE.power(a, b)


_FUNCTIONS: dict[str, Any] = {
    "sqrt": _sqrt,
    "ln": _ln,
    "exp": lambda a, _: a.exp(_WIDE),
    "log10": lambda a, _: _WIDE.divide(_ln(a, a), Decimal(10).ln(_WIDE)),
    "log": _log,
    "power": _power,
}

_MODES = {
    "round": ROUND_HALF_UP, "trunc": ROUND_DOWN, "floor": ROUND_FLOOR, "ceil": ROUND_CEILING,
}  # fmt: skip


@FAMILY.rows("rounded", "VARCHAR, VARCHAR, INTEGER -> VARCHAR")
def rounded(mode: str, a: str, digits: int) -> str:
    """round or trunc to so many digits after the point, before it where they are negative."""
    made = Decimal(a)
    digits = max(-40, min(digits, 40))
    if digits < -made.as_tuple().exponent:  # type: ignore[operator]
        made = made.quantize(Decimal(1).scaleb(-digits), _MODES[mode], _WIDE)
    return format(made, "f")


@FAMILY.rows("variance", "VARCHAR, BIGINT, VARCHAR, VARCHAR -> VARCHAR")
def variance(mode: str, count: int, total: str, squares: str) -> str | None:
    """Variance and deviation from count, sum and sum of squares, as Postgres' numeric ones."""
    sample = mode.endswith("samp")
    if count < 1 + sample:
        return None
    one, square = Decimal(total), Decimal(squares)
    numerator = _WIDE.subtract(_WIDE.multiply(square, count), _WIDE.multiply(one, one))
    if numerator <= 0:
        return "0"
    divisor = Decimal(count) * (count - 1 if sample else count)
    scale = division_scale(numerator, divisor, scale_of(squares))
    made = _WIDE.divide(numerator, divisor)
    if mode.startswith("stddev"):
        return _fit(made.sqrt(_WIDE), scale)
    return _fit(made, scale)


@FAMILY.rows("digits", "DOUBLE, INTEGER -> VARCHAR")
def digits(value: float, count: int) -> str:
    """A float as a numeric: with 15 significant digits, a float4 with 6."""
    if not math.isfinite(value):
        raise failure("0A000", "NaN and infinity as numeric are not supported")
    return plain(f"{value:.{count}g}")


@FAMILY.rows("plain", "VARCHAR -> VARCHAR")
def plain(text: str) -> str:
    """A number without exponent, refused where it has more digits than a numeric here."""
    value = Decimal(text.strip())
    if abs(value.adjusted()) > _WIDE.prec // 2 and value:  # too long to be rounded, too
        raise failure("0A000", f"numeric {text[:60]} has more digits than are supported")
    if -value.as_tuple().exponent > SCALE or value.adjusted() > 37:  # type: ignore[operator]
        rest = value.quantize(Decimal(1).scaleb(-SCALE), ROUND_DOWN, _WIDE)
        if rest != value or value.adjusted() > 37:
            raise failure("0A000", f"numeric {text} has more digits than are supported")
    return format(value, "f")


@FAMILY.rows("read", "VARCHAR -> DOUBLE")
def read(text: str) -> float:
    """A text as a float."""
    return read_float(text, FLOAT8)


@FAMILY.rows("read4", "VARCHAR -> DOUBLE")
def read4(text: str) -> float:
    """A text as a float4."""
    return read_float(text, FLOAT4)


def float_text(value: float, shortest: str, fixed_below: int) -> str:
    """A float with its shortest digits, in the notation that Postgres chooses."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    sign, digits_, exponent = Decimal(shortest).normalize(Context(prec=40)).as_tuple()
    assert isinstance(exponent, int)
    minus = "-" if sign else ""
    word = "".join(map(str, digits_))
    if value == 0:
        return minus + "0"
    place = len(word) + exponent - 1
    if not -4 <= place < fixed_below:
        mantissa = word[0] + ("." + word[1:] if len(word) > 1 else "")
        return f"{minus}{mantissa}e{'-' if place < 0 else '+'}{abs(place):02}"
    if exponent >= 0:
        return minus + word + "0" * exponent
    if place < 0:
        return f"{minus}0.{'0' * (-place - 1)}{word}"
    return f"{minus}{word[: place + 1]}.{word[place + 1 :]}"


@FAMILY.rows("text8", "DOUBLE -> VARCHAR")
def text8(value: float) -> str:
    """A float8 as text.

    >>> text8(1e15), text8(0.0001), text8(123456789012345.0), text8(-0.5)
    ('1e+15', '0.0001', '123456789012345', '-0.5')
    """
    return float_text(value, repr(value), 15)


@FAMILY.rows("text4", "FLOAT -> VARCHAR")
def text4(value: float) -> str:
    """A float4 as text.

    >>> text4(float(np.float32(0.1))), text4(1234567.0)
    ('0.1', '1.234567e+06')
    """
    return float_text(value, str(np.float32(value)), 6)


def _left(bits: int, type_: Any) -> Any:
    """Bits shifted to the left, those beyond the width lost."""

    def run(values: Any, counts: Any) -> Any:
        a = numbers_of(values.fill_null(0)).astype(np.int64)
        n = numbers_of(counts.fill_null(0)).astype(np.int64)
        made = np.left_shift(a, n).astype(f"int{bits}")
        valid = valid_of(values) & valid_of(counts)
        bitmap = pa.py_buffer(np.packbits(valid, bitorder="little"))
        return pa.Array.from_buffers(type_, len(values), [bitmap, pa.py_buffer(made)])

    return run


for _name, _bits, _engine, _arrow in (
    ("left2", 16, "SMALLINT", pa.int16()),
    ("left4", 32, "INTEGER", pa.int32()),
    ("left8", 64, "BIGINT", pa.int64()),
):
    FAMILY.columns(_name, f"{_engine}, INTEGER -> {_engine}")(_left(_bits, _arrow))


@FAMILY.rows("bucket", "VARCHAR, VARCHAR, VARCHAR, INTEGER -> INTEGER")
def bucket(a: str, low: str, high: str, count: int) -> int:
    """width_bucket of numerics."""
    value, first, last = Decimal(a), Decimal(low), Decimal(high)
    if count <= 0:
        raise failure("2201G", "count must be greater than zero")
    if first == last:
        raise failure("2201G", "lower bound cannot equal upper bound")
    if first > last:
        value, first, last = -value, -first, -last
    if value < first:
        return 0
    if value >= last:
        return count + 1
    return int(_WIDE.divide((value - first) * count, last - first)) + 1


def _degrees(name: str) -> None:
    function = {"sind": math.sin, "cosd": math.cos, "tand": math.tan}[name]
    exact = {
        "sind": {0: 0.0, 30: 0.5, 90: 1.0, 150: 0.5, 180: 0.0, 210: -0.5, 270: -1.0, 330: -0.5},
        "cosd": {0: 1.0, 60: 0.5, 90: 0.0, 120: -0.5, 180: -1.0, 240: -0.5, 270: 0.0, 300: 0.5},
        "tand": {0: 0.0, 45: 1.0, 90: math.inf, 135: -1.0, 180: 0.0, 225: 1.0, 270: -math.inf,
                 315: -1.0},
    }[name]  # fmt: skip

    @FAMILY.rows(name, "DOUBLE -> DOUBLE")
    def run(value: float) -> float:
        if math.isnan(value):
            return value
        if math.isinf(value):
            raise failure("22003", "input is out of range")
        rest = math.fmod(value, 360)
        found = exact.get(int(rest % 360)) if rest == int(rest) else None
        return function(math.radians(rest)) if found is None else found


for _name in ("sind", "cosd", "tand"):
    _degrees(_name)
