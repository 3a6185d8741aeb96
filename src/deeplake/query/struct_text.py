"""Structs as SQL sees them: documents of jsonb, written as Postgres' to_jsonb would, and read back.

Structs with pictures, video or sound are no documents: they are whole values, as tensors are.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import QueryError
from deeplake.query.json_text import Number, load, quoted
from deeplake.types.list import List
from deeplake.types.struct import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from deeplake.types.base import ColumnType

_MEDIA = frozenset(("image", "video", "audio"))


def innermost(type_: ColumnType) -> ColumnType:
    """The type of the values in lists of lists, or the type itself."""
    while isinstance(type_, List):
        type_ = type_.child
    return type_


def is_struct(type_: ColumnType) -> bool:
    """Whether a column's values are structs, or lists of them."""
    return isinstance(innermost(type_), Struct)


def media_in(type_: ColumnType) -> str | None:
    """The first field of media in a struct, by its path."""
    inside = innermost(type_)
    if not isinstance(inside, Struct):
        return "" if inside.name in _MEDIA else None
    for name, field in inside.fields.items():
        found = media_in(field)
        if found is not None:
            return f"{name}.{found}".rstrip(".")
    return None


def texts(type_: Struct, values: Iterable[Any]) -> list[str | None]:
    """Structs as JSON.

    Raises:
        QueryError: 0A000, there are pictures or sound in them.

    >>> texts(Struct({"x": "float32", "d": "date"}), [{"x": 0.1, "d": dt.date(2024, 5, 1)}, None])
    ['{"x":0.1,"d":"2024-05-01"}', None]
    """
    media = media_in(type_)
    if media is not None:
        raise QueryError(
            f"a struct that holds media, here {media!r}, is not supported in expressions.",
            hint="Select it as it is, and look into it in Python.",
            sqlstate="0A000",
        )
    write = _writer(type_)
    return [None if value is None else write(value) for value in values]


def seen(type_: ColumnType, values: list[Any]) -> list[Any]:
    """Values of a column of structs, or of lists of them, as those of jsonb are in Python."""
    if media_in(type_) is not None:
        return values
    write = _writer(type_)
    return [None if value is None else json.loads(write(value)) for value in values]


def read(type_: ColumnType, given: Any) -> Any:
    """What a column of structs takes of a document, or of an array of documents.

    Raises:
        QueryError: 22P02, a text is no JSON.

    >>> read(Struct({"x": "float32", "d": "date"}), '{"x":"NaN","d":"2024-05-01"}')
    {'x': nan, 'd': datetime.date(2024, 5, 1)}
    """
    if isinstance(given, str):
        return _value(type_, load(given))
    if isinstance(type_, List) and isinstance(given, list):
        return [read(type_.child, item) for item in given]
    return _value(type_, given)


# --- writing ------------------------------------------------------------------------------------


def _writer(type_: ColumnType) -> Callable[[Any], str]:
    """What writes a value of a type, not NULL."""
    if isinstance(type_, Struct):
        fields = [(name, f"{quoted(name)}:", _writer(t)) for name, t in type_.fields.items()]
        return lambda value: (
            "{" + ",".join([k + _or_null(value[n], write) for n, k, write in fields]) + "}"
        )
    if isinstance(type_, List):
        item = _writer(type_.child)
        return lambda value: "[" + ",".join([_or_null(one, item) for one in value]) + "]"
    if type_.name in ("float16", "float32"):
        number = np.dtype(type_.name).type
        return lambda value: _float(float(str(number(value))))  # 0.1, not 0.10000000149011612
    return _plain


def _or_null(value: Any, write: Callable[[Any], str]) -> str:
    return "null" if value is None else write(value)


def _plain(value: Any) -> str:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, int | Decimal):
        return format(value, "d" if isinstance(value, int) else "f")
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_plain, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join([f"{quoted(k)}:{_plain(v)}" for k, v in value.items()]) + "}"
    if isinstance(value, dt.date):
        return quoted(value.isoformat())
    return quoted(str(value)) if value else "null"  # a uuid; the NULL of JSON, which is falsy


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'


# --- reading ------------------------------------------------------------------------------------


def _value(type_: ColumnType, value: Any) -> Any:
    """A part of a document; what the type does not take is left for it to refuse."""
    if isinstance(type_, Struct) and isinstance(value, dict):
        types = type_.fields
        return {k: _value(types[k], v) if k in types else v for k, v in value.items()}
    if isinstance(type_, List) and isinstance(value, list):
        return [_value(type_.child, item) for item in value]
    if isinstance(value, Number):
        return value.value if type_.name.startswith("decimal") else _number(value)
    if isinstance(value, str):
        return _from_text(type_.name, value)
    if isinstance(value, list):
        return [_value(type_, item) for item in value]
    if isinstance(value, dict):
        return {key: _value(type_, item) for key, item in value.items()}
    return value


def _number(value: Number) -> int | float:
    return float(value) if "." in value else int(value)


def _from_text(type_name: str, text: str) -> Any:
    try:
        if type_name in _READS:
            return _READS[type_name](text)
    except ValueError:  # the type says which row and column
        return text
    return text


def _bytes(text: str) -> Any:
    return bytes.fromhex(text[2:]) if text.startswith("\\x") else text


_READS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("float16", "float32", "float64"), float),
    "date": dt.date.fromisoformat,
    "timestamp": dt.datetime.fromisoformat,
    "timestamptz": dt.datetime.fromisoformat,
    "blob": _bytes,
}
