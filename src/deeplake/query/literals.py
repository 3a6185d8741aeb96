"""Literals in quotes, read as the kind that their place asks for, as Postgres reads them."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from uuid import UUID

from deeplake.errors import QueryError
from deeplake.query.expression import Call, Constant, Expression
from deeplake.query.kinds import INTEGERS, TEXTS, Kind, engine_type

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
    # dates, times and intervals: the engine reads what ISO 8601 and Postgres have in common
    return Call(
        "cast", f"CAST({{0}} AS {engine_type(kind)})", (Constant(text, Kind("text")),), kind
    )


def malformed(text: str, kind: Kind, sqlstate: str = "22P02") -> QueryError:
    """The error for a literal that is none of its kind."""
    shown = text if len(text) <= 60 else text[:59] + "…"
    return QueryError(f'invalid input syntax for type {kind.plain}: "{shown}".', sqlstate=sqlstate)


def _text(text: str, kind: Kind) -> str:
    if kind.name == "bpchar":
        text = text.rstrip(" ")
    return text[: kind.modifiers[0]] if kind.modifiers else text


def _integer(text: str, kind: Kind) -> Constant:
    try:
        value = int(text.strip(), 10)
    except ValueError:
        raise malformed(text, kind) from None
    if "_" in text:
        raise malformed(text, kind)
    if not -1 << _BITS[kind.name] <= value < 1 << _BITS[kind.name]:
        raise QueryError(f'value "{text}" is out of range for type {kind}.', sqlstate="22003")
    return Constant(value, kind)


def _float(text: str, kind: Kind) -> Constant:
    word = text.strip().lower()
    try:
        value = float(word)
    except ValueError:
        raise malformed(text, kind) from None
    if "_" in word:
        raise malformed(text, kind)
    if math.isinf(value) and "inf" not in word:
        raise QueryError(f'"{text}" is out of range for type {kind}.', sqlstate="22003")
    return Constant(value, kind)


def _numeric(text: str, kind: Kind) -> Constant:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise malformed(text, kind) from None
    if not value.is_finite() or "_" in text:
        raise QueryError(f'numeric "{text}" is not supported.', sqlstate="0A000")
    return Constant(value, kind)


_TRUE = ("t", "tr", "tru", "true", "y", "ye", "yes", "on", "1")
_FALSE = ("f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0")


def _bool(text: str, kind: Kind) -> Constant:
    word = text.strip().lower()
    if word not in _TRUE + _FALSE:
        raise malformed(text, kind)
    return Constant(word in _TRUE, kind)


def _uuid(text: str, kind: Kind) -> Expression:
    if not re.fullmatch(r"\{?[0-9a-fA-F]{4}(-?[0-9a-fA-F]{4}){7}\}?", text):
        raise malformed(text, kind)
    value = str(UUID(text.strip("{}")))
    return Call("cast", "CAST({0} AS UUID)", (Constant(value, Kind("text")),), kind)


def _json(text: str, kind: Kind) -> Expression:
    try:
        json.loads(text)
    except ValueError:
        raise malformed(text, kind) from None
    return Call("cast", "CAST({0} AS JSON)", (Constant(text, Kind("text")),), kind)


def _bytes(text: str, kind: Kind) -> Constant:
    if text.startswith("\\x"):
        try:
            return Constant(bytes.fromhex(text[2:]), kind)
        except ValueError:
            raise malformed(text, kind) from None
    if "\\" in text:
        raise QueryError("bytea in escape format is not supported.", sqlstate="0A000")
    return Constant(text.encode(), kind)


def _vector(text: str, kind: Kind) -> Expression:
    inside = text.strip()
    if not (inside.startswith("[") and inside.endswith("]")):
        raise malformed(text, kind)
    try:
        values = [float(part) for part in inside[1:-1].split(",")]
    except ValueError:
        raise malformed(text, kind) from None
    if not all(map(math.isfinite, values)):
        raise QueryError("NaN and infinity are not allowed in a vector.", sqlstate="22P02")
    if kind.modifiers and len(values) != kind.modifiers[0]:
        raise QueryError(
            f"expected {kind.modifiers[0]} dimensions, not {len(values)}.", sqlstate="22000"
        )
    parts = tuple(Constant(value, Kind("float4")) for value in values)
    template = "[" + ", ".join(f"{{{k}}}" for k in range(len(parts))) + "]"
    return Call("vector", template, parts, kind._replace(modifiers=(len(values),)))


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
    "vector": _vector,
    "halfvec": _vector,
}
