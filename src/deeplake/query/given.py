"""Values of parameters as the engine takes them.

The engine makes its own sense of values of Python: [1, "x"] becomes a list of texts, an empty
object a struct without fields, a tensor nothing at all. So each value is made what its kind says
before it is handed over, and what has no kind is refused by its name.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from deeplake.errors import QueryError
from deeplake.types.rows import array_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from deeplake.query.expression import Parameter
    from deeplake.query.kinds import Kind

_AS_THEY_ARE = (
    str, bool, int, float, bytes, bytearray, memoryview, Decimal, UUID,
    dt.date, dt.time, dt.timedelta,
)  # fmt: skip
"""Types, and those that follow from them, of which the engine makes what we mean."""


def name(parameter: Parameter) -> str:
    """What a parameter is called in the engine's text: one value may stand there in three forms.

    >>> from deeplake.query.expression import Parameter
    >>> from deeplake.query.kinds import INT4, JSONB, array_of
    >>> [name(Parameter(1, kind)) for kind in (INT4, JSONB, array_of(INT4))]
    ['p1', 'j1', 'a1']
    """
    return f"{_form(parameter.kind)}{parameter.number}"


def _form(kind: Kind) -> str:
    if kind.name in ("json", "jsonb"):
        return "j"
    return "a" if kind.element is not None or kind.name in ("vector", "halfvec") else "p"


def given(used: Iterable[Parameter], values: Sequence[Any]) -> dict[str, Any]:
    """Name -> value for the parameters that a statement uses.

    Raises:
        QueryError: 42804, a value that no expression can take.
        InvalidValueError: a document that JSON cannot hold, an array that NumPy cannot read.
    """
    found: dict[str, Any] = {}
    for parameter in used:
        label = name(parameter)
        if label not in found:
            value = values[parameter.number - 1]
            found[label] = None if value is None else _taken(value, parameter)
    return found


def _taken(value: Any, parameter: Parameter) -> Any:
    form, number = _form(parameter.kind), parameter.number
    if form == "j":
        return _document(value, number)
    if form == "a" and not isinstance(value, str):
        items = _array(value, number) if hasattr(value, "__array__") else value
        made = [None if item is None else _plain(item, number) for item in items]
        return made if parameter.kind.element is not None else _vector(made)
    return _plain(value, number)


def _vector(elements: list[Any]) -> list[Any]:
    """The elements of a vector, as pgvector takes them.

    Raises:
        QueryError: 22000, 22004
    """
    if not elements:
        raise QueryError("vector must have at least 1 dimension.", sqlstate="22000")
    if None in elements:
        raise QueryError("vector must not contain nulls.", sqlstate="22004")
    numbers = np.array(elements, np.float64)
    if not np.isfinite(numbers).all():
        what = "NaN" if np.isnan(numbers).any() else "infinite value"
        raise QueryError(f"{what} not allowed in vector.", sqlstate="22000")
    return elements


def _plain(value: Any, number: int) -> Any:
    """A value that is no list."""
    if hasattr(value, "__array__") and getattr(value, "ndim", 0) == 0:  # of NumPy or torch
        value = value.item() if not isinstance(value, np.datetime64) else value.astype("M8[us]")
        if isinstance(value, np.datetime64):
            value = value.item()
    if isinstance(value, _AS_THEY_ARE):
        return value
    if hasattr(value, "tobytes") and hasattr(value, "getbands"):  # a picture of Pillow
        return _document_bytes("image", value, number)
    raise QueryError(
        f"parameter ${number}, a {type(value).__name__}, is no value that an expression can take.",
        hint="Insert or set it as the whole value of a column: it goes there as it is.",
        sqlstate="42804",
    )


def _array(value: Any, number: int) -> Any:
    return array_of(value, column=f"parameter ${number}", row=None).tolist()


def _document(value: Any, number: int) -> str:
    """A document as jsonb writes it; a text is one already."""
    if isinstance(value, str):
        return value
    from deeplake.query.json_text import canonical

    return canonical(str(_document_bytes("json", value, number), "utf-8"))


def _document_bytes(type_: str, value: Any, number: int) -> bytes:
    """What a column of a type would store of a value."""
    from deeplake.types.base import VarData
    from deeplake.types.data import var_rows
    from deeplake.types.declare import parse

    made = parse(type_).normalise([value], column=f"parameter ${number}")
    assert isinstance(made, VarData)
    return bytes(next(iter(var_rows(made))))
