"""Constants and parameters of a condition as values of Python, without the engine.

Only where the value is certain: whatever depends on how the engine casts is left to it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.query import labels, moment_text
from deeplake.query.expression import Call, Constant, Parameter
from deeplake.query.kinds import INTEGERS, NUMERIC_DEFAULT, TEXTS, digits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.expression import Expression
    from deeplake.query.kinds import Kind

UNCERTAIN: Any = object()
"""No value that we could vouch for."""

_BITS = {"int2": 15, "int4": 31, "int8": 63}
NUMERIC_SCALE = NUMERIC_DEFAULT[1]
"""Digits after the point that a numeric without modifiers keeps: more are rounded there."""

_EXACT = 1 << 53
_PLAIN_TEXT = frozenset(("text", "varchar", "unknown"))


def value_of(expression: Expression, parameters: Sequence[Any]) -> Any:
    """The value of an expression without columns: None for NULL, `UNCERTAIN` where in doubt.

    Integers are int, numerics Decimal, floats float, texts str; a date is its days and a timestamp
    its microseconds since 1970, as columns store them.

    >>> from deeplake.query.kinds import INT4
    >>> value_of(Parameter(1, INT4), [7])
    7
    """
    kind = expression.kind
    if isinstance(expression, Constant):
        return _taken(expression.value, kind)
    if isinstance(expression, Parameter):
        if expression.number > len(parameters):
            return UNCERTAIN
        return _taken(parameters[expression.number - 1], kind)
    if isinstance(expression, Call) and expression.name == labels.NAME:
        return _code(value_of(expression.arguments[0], parameters), kind)
    if (
        isinstance(expression, Call)
        and expression.name == "cast"
        and (not kind.modifiers or kind.name == "numeric")
    ):
        inner = expression.arguments[0]
        found = value_of(inner, parameters)
        return found if found is None or found is UNCERTAIN else _cast(found, inner.kind, kind)
    if isinstance(expression, Call) and expression.name in ("+", "-"):
        return _moved(expression, parameters)
    return UNCERTAIN


_YEARS_SURE = (1600, 2400)
"""Between these nothing overflows, and no calendar is in doubt."""


def _moved(expression: Call, parameters: Sequence[Any]) -> Any:
    """A date or timestamp some interval later or earlier, a date some days: microseconds, days."""
    if len(expression.arguments) != 2:
        return UNCERTAIN
    moment, by = expression.arguments
    given, kind = moment.kind.name, expression.kind.name
    sign = -1 if expression.name == "-" else 1
    value = value_of(moment, parameters)
    if given not in ("date", "timestamp") or type(value) is not int:
        return UNCERTAIN
    if given == "date" and by.kind.name == "int4" and kind == "date":
        days = value_of(by, parameters)
        return value + sign * days if type(days) is int else UNCERTAIN
    if kind != "timestamp" or not isinstance(by, Call) or by.name != "interval":
        return UNCERTAIN
    parts = [value_of(part, parameters) for part in by.arguments]
    if len(parts) != 3 or any(type(part) is not int for part in parts):
        return UNCERTAIN
    day, clock = (value, 0) if given == "date" else divmod(value, moment_text.DAY)
    months, days, micro = (sign * part for part in parts)
    year, month, of_month = moment_text.date_of(day)
    over, month = divmod(month - 1 + months, 12)
    year, month = year + over, month + 1
    if not _YEARS_SURE[0] < year < _YEARS_SURE[1] or abs(days) > _DAYS_SURE:
        return UNCERTAIN
    day = moment_text.days_of(year, month, min(of_month, moment_text.month_days(year, month)))
    return (day + days) * moment_text.DAY + clock + micro


_DAYS_SURE = 100_000


def _code(text: Any, kind: Kind) -> Any:
    """The code of a name of a class label."""
    if not isinstance(text, str) or kind.labels is None:
        return None if text is None else UNCERTAIN
    return kind.labels.codes.get(text, UNCERTAIN)


def list_of(expression: Expression, parameters: Sequence[Any]) -> Any:
    """The values of a list of constants or of a parameter that is one, each as `value_of` has it;
    None for NULL, `UNCERTAIN` where in doubt.
    """
    inner, element = expression, expression.kind.element
    if isinstance(expression, Call) and expression.name == "cast":
        inner = expression.arguments[0]
    given = inner.kind.element
    if element is None or given is None or element.modifiers:
        return UNCERTAIN
    if isinstance(inner, Constant):
        values = inner.value
    elif isinstance(inner, Parameter) and inner.number <= len(parameters):
        values = parameters[inner.number - 1]
    else:
        return UNCERTAIN
    if values is None:
        return None
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not isinstance(values, list | tuple):
        return UNCERTAIN
    found = [_taken(value, given) for value in values]
    if element.labels is not None and given.name not in INTEGERS:
        return [_code(value, element) for value in found]
    if inner is expression:
        return found
    return [v if v is None or v is UNCERTAIN else _cast(v, given, element) for v in found]


def _taken(value: Any, kind: Kind) -> Any:
    """A value of Python as one of a kind, if it is one already."""
    if value is None or kind.element is not None or kind.late:
        return None if value is None else UNCERTAIN
    if isinstance(value, np.generic):
        value = value.item()
    name, type_ = kind.name, type(value)
    if name in _BITS and type_ is int:
        fits = -1 << _BITS[name] <= value < 1 << _BITS[name]
        return value if fits else UNCERTAIN
    if name in ("float4", "float8") and type_ in (int, float):
        if type_ is int and abs(value) > _EXACT:
            return UNCERTAIN
        return float(value) if name == "float8" else _float4(float(value))
    if name == "numeric" and type_ in (int, Decimal):
        return _numeric(Decimal(value), kind)
    if name == "bool" and type_ is bool:
        return value
    if name in _PLAIN_TEXT and type_ is str and not kind.modifiers:
        return _encodable(value)
    if name in ("date", "timestamp", "timestamptz"):
        return _moment(value, name)
    return UNCERTAIN


def _encodable(text: str) -> Any:
    try:
        text.encode()
    except UnicodeEncodeError:
        return UNCERTAIN
    return UNCERTAIN if "\0" in text else text


def _float4(value: float) -> Any:
    with np.errstate(over="ignore"):
        found = float(np.float32(value))
    return found if np.isfinite(found) or not np.isfinite(value) else UNCERTAIN


def _numeric(value: Decimal, kind: Kind) -> Any:
    """A number that a numeric holds as it is."""
    if not value.is_finite():
        return UNCERTAIN
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    precision, scale = digits_of(kind)
    if exponent < -scale or (value and value.adjusted() >= precision - scale):
        return UNCERTAIN
    return value


def _moment(value: Any, name: str) -> Any:
    """A date or datetime of Python, or a datetime64, as columns store it."""
    import datetime as dt

    type_ = type(value)
    if name == "date" and type_ is dt.date:
        return value.toordinal() - dt.date(1970, 1, 1).toordinal()
    if name == "timestamp" and type_ is dt.datetime and value.tzinfo is None:
        return (value.replace(tzinfo=dt.UTC) - _epoch()) // dt.timedelta(microseconds=1)
    if name == "timestamptz" and type_ is dt.datetime and value.tzinfo is not None:
        return (value - _epoch()) // dt.timedelta(microseconds=1)
    return UNCERTAIN


def _epoch() -> Any:
    import datetime as dt

    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


_DATE = re.compile(r"[12]\d{3}-\d\d-\d\d")
_TIMESTAMP = re.compile(r"[12]\d{3}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d{1,6})?)?")


def _cast(value: Any, given: Kind, kind: Kind) -> Any:
    """A value cast from a kind to another, where both sides of the cast are beyond doubt."""
    name = kind.name
    if kind.element is not None or given.element is not None:
        return UNCERTAIN
    if given.name in INTEGERS and name in (*_BITS, "numeric", "float8"):
        return _taken(value, kind)
    if given.name == "numeric" and name == "float8":
        # the engine divides the digits by 10 ** scale: exact if both are exact
        digits = abs(value.scaleb(NUMERIC_SCALE))
        return float(value) if digits <= _EXACT else UNCERTAIN
    if given.name == "float4" and name == "float8":
        return value
    if given.name in TEXTS and name in _PLAIN_TEXT:
        return value
    if given.name in _PLAIN_TEXT and name in ("date", "timestamp"):
        import datetime as dt

        pattern = _DATE if name == "date" else _TIMESTAMP
        if pattern.fullmatch(value):
            type_ = dt.date if name == "date" else dt.datetime
            try:
                return _moment(type_.fromisoformat(value), name)
            except ValueError:
                return UNCERTAIN  # the engine says what is wrong with it
    return UNCERTAIN
