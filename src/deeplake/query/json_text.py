"""JSON as Postgres holds it: keys by length then bytes, the last of equal ones, numbers exact.

Values inside are those of `json.loads`, numbers as `Number`: the text of a numeric.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable


class Number(str):
    """A number, by its text in plain notation: 1.50, 100."""

    __slots__ = ()

    @property
    def value(self) -> Decimal:
        """The number."""
        return Decimal(self)


DIGITS_MAX = 100_000
"""Of a number in plain notation: '1e999999999' would be a gigabyte."""


def _number(text: str) -> Number:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise malformed(text) from None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > DIGITS_MAX:
        raise QueryError("value overflows numeric format.", sqlstate="22003")
    made = format(value, "f")
    return Number(made[1:] if value.is_zero() and made.startswith("-") else made)


def _integer(text: str) -> Number:
    return Number("0" if text == "-0" else text)


def _constant(text: str) -> Any:
    raise malformed(text)


def malformed(text: str) -> QueryError:
    """The error for a text that is no JSON."""
    shown = text if len(text) <= 60 else text[:59] + "…"
    return QueryError(f'invalid input syntax for type json: "{shown}".', sqlstate="22P02")


def load(
    text: str,
    floats: Callable[[str], Number] = _number,
    integers: Callable[[str], Number] = _integer,
) -> Any:
    """The value of a JSON text.

    Args:
        text: JSON.
        floats: what becomes of the text of a number with a point or an exponent.
        integers: of other numbers.

    Raises:
        QueryError: 22P02, it is none; 22P05, it holds the character 0.
    """
    try:
        value = json.loads(text, parse_float=floats, parse_int=integers, parse_constant=_constant)
    except (ValueError, RecursionError):
        raise malformed(text) from None
    if "\\u" in text:
        _check_escapes(value)
    return value


def _check_escapes(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise QueryError(
                "unsupported Unicode escape sequence: \\u0000 cannot be converted to text.",
                sqlstate="22P05",
            )
        try:
            value.encode()
        except UnicodeEncodeError:
            raise QueryError("a lone surrogate is no text.", sqlstate="22P02") from None
    elif isinstance(value, list):
        for item in value:
            _check_escapes(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_escapes(key)
            _check_escapes(item)


def keys(value: dict[str, Any]) -> list[str]:
    """The keys of an object in the order of jsonb."""
    return sorted(value, key=lambda key: (len(key.encode()), key.encode()))


def dump(value: Any) -> str:
    r"""A value as jsonb prints it.

    >>> dump(load('{"bb": 1.50, "a": [1e2, "x"], "a": true}'))
    '{"a": true, "bb": 1.50}'
    """
    if isinstance(value, Number):
        return str.__str__(value)
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump, value)) + "]"
    if isinstance(value, dict):
        inside = ", ".join(f"{quoted(key)}: {dump(value[key])}" for key in keys(value))
        return "{" + inside + "}"
    raise TypeError(f"{type(value).__name__} is no JSON")


def stored(text: str, kind: str) -> tuple[Any, str]:
    """(value, compact text) of a JSON text as columns keep it: a jsonb as that is, a json with its
    order of keys and its numbers as they were written; of equal keys the last.

    Raises:
        QueryError: as `load` does; 22003, a whole number is longer than Python reads.

    >>> stored('{"b": 1e2, "a": 1.50}', "jsonb")[1], stored('{"b": 1e2, "a": 1.50}', "json")[1]
    ('{"a":1.50,"b":100}', '{"b":1e2,"a":1.50}')
    """
    value = load(text) if kind == "jsonb" else load(text, Number, Number)
    found = _compact(value, keys if kind == "jsonb" else list)
    if _LONG.search(found) and _has_long(value):
        raise QueryError(
            f"a whole number of more than {INTEGER_DIGITS_MAX:,} digits in JSON is not supported.",
            sqlstate="0A000",
        )
    return value, found


INTEGER_DIGITS_MAX = 4300
"""Python reads no longer ones."""

_LONG = re.compile(rf"\d{{{INTEGER_DIGITS_MAX + 1}}}")


def _has_long(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_long, value.values()))
    if isinstance(value, list):
        return any(map(_has_long, value))
    return isinstance(value, Number) and len(value.lstrip("-")) > INTEGER_DIGITS_MAX


def _compact(value: Any, order: Callable[[dict[str, Any]], list[str]]) -> str:
    if isinstance(value, dict):
        inside = ",".join(f"{quoted(key)}:{_compact(value[key], order)}" for key in order(value))
        return "{" + inside + "}"
    if isinstance(value, list):
        return "[" + ",".join(_compact(item, order) for item in value) + "]"
    return dump(value)


def quoted(text: str) -> str:
    """A JSON string."""
    return json.dumps(text, ensure_ascii=False)


def canonical(text: str) -> str:
    """A JSON text as jsonb prints it."""
    return dump(load(text))


def as_text(value: Any) -> str | None:
    """What ->> gives: strings bare, null as NULL."""
    if value is None:
        return None
    if isinstance(value, str) and not isinstance(value, Number):
        return value
    return dump(value)


def type_of(value: Any) -> str:
    """What jsonb_typeof says."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Number):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


_RANK = {"null": 1, "string": 2, "number": 3, "boolean": 4, "array": 5, "object": 6}


def order_key(value: Any) -> tuple[Any, ...]:
    """Keys that compare as jsonb does: null < strings < numbers < booleans < arrays < objects.

    An empty array at the top comes before everything.
    """
    return (-1,) if value == [] else _inner_key(value)


def _inner_key(value: Any) -> tuple[Any, ...]:
    rank = _RANK[type_of(value)]
    if value is None:
        return (rank,)
    if isinstance(value, Number):
        return rank, value.value
    if isinstance(value, str):
        return rank, value.encode()
    if isinstance(value, bool):
        return rank, value
    if isinstance(value, list):
        return rank, len(value), tuple(map(_inner_key, value))
    ordered = keys(value)
    pairs = tuple((len(k.encode()), k.encode(), _inner_key(value[k])) for k in ordered)
    return rank, len(value), pairs


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal as jsonb: 1 and 1.0 are."""
    return order_key(one) == order_key(other)
