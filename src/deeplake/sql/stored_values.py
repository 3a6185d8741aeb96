"""Values of parameters as JSON, and back: exact, for views that are saved."""

from __future__ import annotations

import base64
import datetime as dt
import math
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from deeplake.errors import InputError, MalformedObjectError

_MOMENTS: dict[str, Any] = {
    "datetime": dt.datetime,
    "date": dt.date,
    "time": dt.time,
}
_DTYPES = frozenset(("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8"))


def to_json(value: Any) -> Any:
    """A parameter as JSON.

    Raises:
        InputError: a value of a kind that is not stored.

    >>> to_json(3), to_json(Decimal("1.50"))
    (3, {'is': 'decimal', 'of': '1.50'})
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"is": "float", "of": repr(value)}
    if isinstance(value, dict | list | tuple):
        return {"is": "json", "of": value}
    if isinstance(value, bytes):
        return {"is": "bytes", "of": base64.b64encode(value).decode()}
    if isinstance(value, Decimal):
        return {"is": "decimal", "of": str(value)}
    if isinstance(value, UUID):
        return {"is": "uuid", "of": str(value)}
    for name, kind in _MOMENTS.items():
        if isinstance(value, kind):
            return {"is": name, "of": value.isoformat()}
    if hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.ndim == 0:
            return to_json(array.item())
        if array.ndim == 1 and array.dtype.name in _DTYPES:
            raw = base64.b64encode(array.tobytes()).decode()
            return {"is": array.dtype.name, "of": raw}
    raise InputError(
        f"a parameter of type {type(value).__name__} cannot be saved.",
        hint="Put such values into a table and join it.",
    )


def from_json(document: Any) -> Any:
    """The inverse of `to_json`.

    Raises:
        MalformedObjectError: it is none of these forms.

    >>> from_json(to_json(np.ones(2, np.float32)))
    array([1., 1.], dtype=float32)
    """
    if not isinstance(document, dict):
        return document
    try:
        name, given = document["is"], document["of"]
        if name == "json":
            return given
        if name in _DTYPES:
            return np.frombuffer(base64.b64decode(given), name).copy()
        if name in _MOMENTS:
            return _MOMENTS[name].fromisoformat(given)
        return _OTHERS[name](given)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise MalformedObjectError(f"a saved parameter is malformed: {error!r}") from error


_OTHERS: dict[str, Any] = {
    "float": float,
    "bytes": base64.b64decode,
    "decimal": Decimal,
    "uuid": UUID,
}
