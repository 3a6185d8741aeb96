"""Default values of columns: one row of column data as JSON and back. SPEC section "Schemas".

Numbers and truth values are JSON's own, arrays flat lists of them, and all else is text. What JSON
has no number for (NaN, infinities, integers from 2^63 on) is text too. Reading what was written
gives the same bytes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError, SchemaError
from deeplake.types.base import FixedData, FixedLayout, VarData, VarLayout
from deeplake.types.data import var_rows

if TYPE_CHECKING:
    from deeplake.types.base import ColumnData, ColumnType

DEFAULT_BYTES_MAX = 16 << 10
"""Longest default as JSON: the schema is read with every open of its table."""

_TEXTS = ("date", "timestamp", "timestamptz", "uuid", "decimal")
_INTEGER_END = 1 << 63


def to_json(type_: ColumnType, data: ColumnData, *, column: str) -> Any:
    """A default, one row that is not NULL, as JSON-able values.

    Raises:
        SchemaError: columns of this type have no default, or the value is too long for one.
    """
    value = _json_of(type_, data)
    if value is None:
        raise SchemaError(
            f"column {column!r}: a {type_.name} cannot have a default.",
            hint="Add the column without one, then give the rows their values with update().",
        )
    size = len(json.dumps(value, ensure_ascii=False).encode())
    if size > DEFAULT_BYTES_MAX:
        raise SchemaError(
            f"column {column!r}: a default of {size:,} bytes as JSON is over the limit of "
            f"{DEFAULT_BYTES_MAX:,}.",
            hint="Add the column without one, then give the rows their values with update().",
        )
    return value


def _json_of(type_: ColumnType, data: ColumnData) -> Any:
    if isinstance(data, VarData):
        plain = type_.name in ("text", "json")
        return str(b"".join(map(bytes, var_rows(data))), "utf-8") if plain else None
    if not isinstance(data, FixedData):
        return None
    if _head(type_) in _TEXTS:
        value = type_.cell(data.values[0])
        return value.isoformat() if hasattr(value, "isoformat") else str(value)
    elements = [_element(value) for value in data.values.reshape(-1).tolist()]
    return elements if data.values.ndim > 1 else elements[0]


def _head(type_: ColumnType) -> str:
    return type_.name.split("(")[0]


def _element(value: Any) -> Any:
    """JSON's own number where it has one."""
    if isinstance(value, float):
        return value if np.isfinite(value) else json.dumps(value)  # NaN, Infinity, -Infinity
    return str(value) if value >= _INTEGER_END else value


def from_json(type_: ColumnType, value: Any, *, column: str) -> ColumnData:
    """The row that `to_json` described.

    Raises:
        MalformedObjectError: it is no value of the type.
    """
    try:
        return _row_of(type_, value, column=column)
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise MalformedObjectError(
            f"the default of column {column!r} is no {type_.name}: {error}"
        ) from error


def _row_of(type_: ColumnType, value: Any, *, column: str) -> ColumnData:
    layout = type_.layout
    if isinstance(layout, VarLayout) and type_.name in ("text", "json"):
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is no text")
        if type_.name == "json":
            json.loads(value)
        stored = value.encode()
        return VarData(np.array([0, len(stored)], np.int64), [stored])
    if not isinstance(layout, FixedLayout):
        raise TypeError("columns of this type have none")
    if _head(type_) in _TEXTS:
        return type_.normalise([_parsed(_head(type_), value)], column=column)
    number = _number_of(np.dtype(layout.dtype).kind)
    if not layout.shape:
        return type_.normalise([number(value)], column=column)
    flat = np.array([number(element) for element in value], layout.dtype)
    return type_.normalise([flat.reshape(layout.shape)], column=column)


def _parsed(head: str, text: str) -> Any:
    """A date, time, UUID or decimal as it prints."""
    import datetime as dt
    import decimal
    import uuid

    read: Any = {
        "date": dt.date.fromisoformat,
        "timestamp": dt.datetime.fromisoformat,
        "timestamptz": dt.datetime.fromisoformat,
        "uuid": uuid.UUID,
        "decimal": decimal.Decimal,
    }[head]
    return read(text)


def _number_of(kind: str) -> Any:
    """What reads an element: texts stand for what JSON has no number for."""
    read: dict[str, Any] = {"f": float, "b": _same}
    return read.get(kind, _integer)


def _same(value: Any) -> Any:
    return value


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, str) else value
