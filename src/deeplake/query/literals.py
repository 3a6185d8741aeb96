"""Literals in quotes, read as the kind that their place asks for, as Postgres reads them."""

from __future__ import annotations

import math
import re
import struct
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from deeplake.errors import QueryError
from deeplake.query import json_text, labels, moment_text
from deeplake.query.expression import Call, Constant, Expression
from deeplake.query.kinds import (
    INT4,
    INT8,
    INTEGERS,
    INTERVAL,
    NUMERIC_DIGITS,
    TEXTS,
    Kind,
    digits_of,
    engine_type,
    numeric_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_BITS = {"int2": 15, "int4": 31, "int8": 63}


def read(text: str, kind: Kind) -> Expression:
    """The value of a literal.

    Raises:
        QueryError: 22P02 and relatives, it is none of that kind.

    >>> from deeplake.query.kinds import INT4, array_of
    >>> read(" 7 ", INT4).value
    7
    >>> [a.value for a in read("{1,NULL}", array_of(INT4)).arguments]
    [1, None]
    """
    if kind.element is not None:
        return _array(text, kind)
    if kind.name in TEXTS or kind.name == "unknown":
        return Constant(_text(text, kind), kind)
    reader = _READERS.get(kind.name)
    if reader is not None:
        return reader(text, kind)
    raise QueryError(f"a literal of type {kind} is not supported.", sqlstate="0A000")


def malformed(text: str, kind: Kind, sqlstate: str = "22P02") -> QueryError:
    """The error for a literal that is none of its kind."""
    shown = text if len(text) <= 60 else text[:59] + "…"
    return QueryError(f'invalid input syntax for type {kind.plain}: "{shown}".', sqlstate=sqlstate)


def _text(text: str, kind: Kind) -> str:
    if not kind.modifiers:
        return text
    count = kind.modifiers[0]
    return text[:count].ljust(count) if kind.name == "bpchar" else text[:count]


def _integer(text: str, kind: Kind) -> Constant:
    if kind.labels is not None:
        return Constant(labels.code_of(text, kind.labels), kind)
    word = text.strip(" \t\n\r\v\f")
    if not re.fullmatch(r"[+-]?\d+", word, re.ASCII):
        raise malformed(text, kind)
    if len(word) > 40 or not -1 << _BITS[kind.name] <= int(word) < 1 << _BITS[kind.name]:
        raise QueryError(f'value "{text[:60]}" is out of range for type {kind}.', sqlstate="22003")
    return Constant(int(word), kind)


def _float(text: str, kind: Kind) -> Constant:
    return Constant(read_float(text, kind), kind)


def read_float(text: str, kind: Kind) -> float:
    """What C reads as a float: also 0x1.8p3, and nan(1).

    Raises:
        QueryError: 22P02 it is none; 22003 it is too large, or too small for its digits.

    >>> read_float(" 0x1.8p3", Kind("float8")), read_float("1e-3", Kind("float4"))
    (12.0, 0.001)
    """
    word = text.strip(" \t\n\r\v\f").lower()
    if not _FLOAT.fullmatch(word):
        raise malformed(text, kind)
    if "nan" in word:
        return math.nan  # one object: equal to itself
    digits = word.partition("p" if "x" in word else "e")[0]
    if "x" not in word:
        value = float(word)
    else:
        try:
            value = float.fromhex(word)
        except OverflowError:
            value = math.inf
    zero = not re.search(r"[1-9a-f]", digits.replace("0x", ""))
    lost = math.isinf(value) or (value == 0 and not zero)
    if kind.name == "float4":
        lost = lost or abs(value) > _FLOAT4_MAX or 0 < abs(value) < _FLOAT4_MIN
    if lost and "inf" not in word:
        raise QueryError(
            f'"{text.strip()[:60]}" is out of range for type {kind}.', sqlstate="22003"
        )
    return value


_DECIMAL = r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan"
_HEX = r"0x([0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(p[+-]?\d+)?"
_FLOAT = re.compile(rf"[+-]?({_DECIMAL}(\(\w*\))?|{_HEX})", re.ASCII)
_ELEMENT = re.compile(rf"[+-]?({_DECIMAL}|{_HEX})", re.ASCII)
"""An element of a vector."""
_HALF_MAX = 65_519.0
_FLOAT4_MAX, _FLOAT4_MIN = 3.4028235677973366e38, 7.006492321624085e-46


def numeric(value: Decimal) -> Constant:
    """A constant with the digits that it has.

    Raises:
        QueryError: 0A000, it has more than the engine holds.

    >>> numeric(Decimal("1.50")).kind.modifiers, numeric(Decimal("1e3")).kind.modifiers
    ((3, 2), (4, 0))
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise QueryError("NaN and infinity as numeric are not supported.", sqlstate="0A000")
    scale = max(0, -exponent)
    whole = max(0, value.adjusted() + 1) if value else 0
    if whole + scale > NUMERIC_DIGITS:
        raise QueryError(
            f"a numeric of {whole + scale} digits is not supported, the longest has "
            f"{NUMERIC_DIGITS}.",
            sqlstate="0A000",
        )
    return Constant(value, numeric_of(max(whole, int(scale < NUMERIC_DIGITS)), scale))


def number(value: Decimal) -> Constant:
    """A numeric constant of a statement; too long a one may still become a float.

    There is no negative zero among numerics, so -0.0 becomes 0 as a float, and '-0.0' does not.
    """
    value = abs(value) if value.is_zero() else value
    try:
        return numeric(value)
    except QueryError:
        return Constant(value, Kind("numeric"))


def cast_number(value: Decimal, kind: Kind) -> Constant | None:
    """A numeric constant as a float or numeric; None for other kinds."""
    if kind.name in ("float4", "float8"):
        return _float(str(value), kind)
    if kind.name == "numeric" and kind.modifiers:
        return _numeric(str(value), kind)  # type: ignore[return-value]
    return None


_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


def _numeric(text: str, kind: Kind) -> Expression:
    word = text.strip()
    if word.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise QueryError(f'numeric "{word}" is not supported.', sqlstate="0A000")
    if not _NUMBER.fullmatch(word):
        raise malformed(text, kind)
    made = numeric(Decimal(word))
    if not kind.modifiers:
        return made
    precision, scale = digits_of(kind)
    rounded = Decimal(word).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _WIDE)
    if rounded and rounded.adjusted() >= precision - scale:
        raise QueryError(
            f"numeric field overflow: {word} has more than {precision - scale} digits before the "
            "point.",
            sqlstate="22003",
        )
    return Constant(rounded, kind)


_WIDE = Context(prec=200)

_TRUE = ("t", "tr", "tru", "true", "y", "ye", "yes", "on", "1")
_FALSE = ("f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0")


def _bool(text: str, kind: Kind) -> Constant:
    word = text.strip().lower()
    if word not in _TRUE + _FALSE:
        raise malformed(text, kind)
    return Constant(word in _TRUE, kind)


def _uuid(text: str, kind: Kind) -> Expression:
    value = uuid_of(text, kind)
    return Call("cast", "CAST({0} AS UUID)", (Constant(value, Kind("text")),), kind)


def uuid_of(text: str, kind: Kind) -> str:
    """A text that is a UUID, as it is printed.

    Raises:
        QueryError: 22P02, it is none.
    """
    if not re.fullmatch(r"(\{)?[0-9a-fA-F]{4}(-?[0-9a-fA-F]{4}){7}(?(1)\})", text):
        raise malformed(text, kind)
    return str(UUID(text.strip("{}")))


def _json(text: str, kind: Kind) -> Expression:
    made = json_text.canonical(text)
    if kind.name == "json":
        made = text
    return Call("cast", "CAST({0} AS JSON)", (Constant(made, Kind("text")),), kind)


def _bytes(text: str, kind: Kind) -> Constant:
    return Constant(bytes_of(text), kind)


def bytes_of(text: str) -> bytes:
    r"""The bytes that a text in hex or escape format stands for.

    Raises:
        QueryError: 22P02 or 22023, it is in neither.

    >>> bytes_of("\\x4142"), bytes_of("a\\101")
    (b'AB', b'aA')
    """
    if text.startswith("\\x"):
        digits = re.sub(r"[ \t\n\r]", "", text[2:])
        if not re.fullmatch("[0-9a-fA-F]*", digits):
            culprit = next(c for c in digits if c not in "0123456789abcdefABCDEF")
            raise QueryError(f'invalid hexadecimal digit: "{culprit}".', sqlstate="22023")
        if len(digits) % 2:
            raise QueryError("invalid hexadecimal data: odd number of digits.", sqlstate="22023")
        return bytes.fromhex(digits)
    parts, at = [], 0
    while at < len(text):
        if text[at] != "\\":
            end = text.find("\\", at)
            end = len(text) if end < 0 else end
            parts.append(text[at:end].encode())
            at = end
        elif text[at + 1 : at + 2] == "\\":
            parts.append(b"\\")
            at += 2
        elif re.match(r"[0-3][0-7][0-7]", text[at + 1 : at + 4]):
            parts.append(bytes([int(text[at + 1 : at + 4], 8)]))
            at += 4
        else:
            raise malformed(text, Kind("bytea"))
    return b"".join(parts)


def _moment(text: str, kind: Kind) -> Expression:
    found = moment_text.read_moment(text, str(kind.plain))
    if found.relative is not None:
        return _relative(found.relative, kind)
    if kind.name == "time":
        if found.time is None:
            raise moment_text.wrong(text, str(kind))
        spelled = moment_text.clock_text(found.time)
    elif kind.name == "date":
        assert found.days is not None
        spelled = moment_text.date_text(found.days)
    else:
        spelled = moment_text.moment_text(found.microseconds - _offset(found, kind))
        if kind.name == "timestamptz" and found.zone is not None:
            wall = Call("cast", "CAST({0} AS TIMESTAMP)", (_said(spelled),), Kind("timestamp"))
            return Call("timezone", "timezone({0}, {1})", (_said(found.zone), wall), kind)
        if kind.name == "timestamptz" and not found.infinite:
            spelled += "+00"
    return Call("cast", f"CAST({{0}} AS {engine_type(kind)})", (_said(spelled),), kind)


def _offset(found: moment_text.Moment, kind: Kind) -> int:
    return (found.offset or 0) if kind.name == "timestamptz" and not found.infinite else 0


def _said(text: str) -> Constant:
    return Constant(text, Kind("text"))


def _relative(word: str, kind: Kind) -> Expression:
    """'now', 'today' …: a value of the statement, not of its text, which may be cached."""
    if word == "now":
        return Call("now", f"CAST(now() AS {engine_type(kind)})", (), kind)
    days = {"today": 0, "tomorrow": 1, "yesterday": -1}[word]
    made = f"CAST(CAST(now() AS DATE) + {days} AS {engine_type(kind)})"
    return Call("now", made, (), kind)


def interval(text: str, finest: str) -> Expression:
    """A literal like INTERVAL '3' MONTH, restricted to the fields down to `finest`."""
    return _interval(text, INTERVAL, finest)


def _interval(text: str, kind: Kind, finest: str = "") -> Expression:
    months, days, micro = moment_text.read_interval(text, finest)
    parts = (Constant(months, INT4), Constant(days, INT4), Constant(micro, INT8))
    template = "(to_months({0}) + to_days({1}) + to_microseconds({2}))"
    return Call("interval", template, parts, kind)


def _vector(text: str, kind: Kind) -> Expression:
    values = numbers_of(text, kind)
    if kind.name == "halfvec":
        values = [struct.unpack("<e", struct.pack("<e", value))[0] for value in values]
    parts = tuple(Constant(value, Kind("float4")) for value in values)
    template = "[" + ", ".join(f"{{{k}}}" for k in range(len(parts))) + "]"
    return Call("vector", template, parts, kind._replace(modifiers=(len(values),)))


def numbers_of(text: str, kind: Kind) -> list[float]:
    """The numbers of a text that is a vector.

    Raises:
        QueryError: 22P02 it is none; 22000 it has another length, NaN or infinity; 22003.
    """
    inside = text.strip()
    if not (inside.startswith("[") and inside.endswith("]")):
        raise malformed(text, kind)
    words = [part.strip() for part in inside[1:-1].split(",")]
    if words == [""]:
        raise QueryError(f"{kind.name} must have at least 1 dimension.", sqlstate="22000")
    if not all(_ELEMENT.fullmatch(word.lower()) for word in words):
        raise malformed(text, kind)
    values = [float.fromhex(word) if "x" in word.lower() else float(word) for word in words]
    for word, value in zip(words, values, strict=True):
        if not math.isfinite(value) and not word[-1:].isdigit():
            shown = "NaN" if math.isnan(value) else "infinite value"
            raise QueryError(f"{shown} not allowed in {kind.name}.", sqlstate="22000")
        if abs(value) > (_FLOAT4_MAX if kind.name == "vector" else _HALF_MAX):
            raise QueryError(f'"{word}" is out of range for type {kind.name}.', sqlstate="22003")
    if kind.modifiers and len(values) != kind.modifiers[0]:
        raise QueryError(
            f"expected {kind.modifiers[0]} dimensions, not {len(values)}.", sqlstate="22000"
        )
    return values


def _array(text: str, kind: Kind) -> Expression:
    assert kind.element is not None
    element = kind.element
    items = [
        Constant(None, element) if item is None else read(item, element)
        for item in array_items(text, kind)
    ]
    template = "[" + ", ".join(f"{{{k}}}" for k in range(len(items))) + "]"
    return Call("array", f"CAST({template} AS {engine_type(kind)})", tuple(items), kind)


_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,{}"]*?))\s*(,|$)', re.DOTALL)


def array_items(text: str, kind: Kind) -> list[str | None]:
    """The items of an array literal of one dimension, None for NULL.

    >>> from deeplake.query.kinds import TEXT
    >>> array_items('{a, "b, c", NULL}', TEXT)
    ['a', 'b, c', None]
    """
    inside = text.strip()
    if not (inside.startswith("{") and inside.endswith("}")):
        raise malformed(text, kind)
    inside, at = inside[1:-1], 0
    items: list[str | None] = []
    if not inside.strip():
        return items
    while True:
        match = _ITEM.match(inside, at)
        if match is None:
            if "{" in inside:
                raise QueryError("arrays of arrays are not supported.", sqlstate="0A000")
            raise malformed(text, kind)
        if match[1] is not None:
            items.append(re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL))
        elif not match[2]:
            raise malformed(text, kind)
        else:
            items.append(None if match[2].upper() == "NULL" else match[2])
        at = match.end()
        if not match[3]:
            return items


_READERS: dict[str, Callable[[str, Kind], Expression]] = {
    **dict.fromkeys(INTEGERS, _integer),
    "float4": _float,
    "float8": _float,
    "numeric": _numeric,
    "bool": _bool,
    "uuid": _uuid,
    "json": _json,
    "jsonb": _json,
    "bytea": _bytes,
    **dict.fromkeys(("date", "timestamp", "timestamptz", "time"), _moment),
    "interval": _interval,
    "vector": _vector,
    "halfvec": _vector,
}
