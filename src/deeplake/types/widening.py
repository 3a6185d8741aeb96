"""Which types a column may be widened to: those that hold every value it has unchanged.

The rule is about values, not about bytes: `former` layouts in the schema say how older frames are
laid out, and only a change of the layout makes one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from deeplake.types.base import ColumnType

EXACT_INTEGER_BITS = {2: 8, 4: 16, 8: 32}
"""Bytes of a float -> bits of the widest integers that it all holds: 11, 24, 53 are exact."""


def obstacle(old: ColumnType, new: ColumnType) -> str | None:
    """Why `new` does not hold every value of `old` unchanged; None if it does.

    >>> from deeplake.types.declare import parse
    >>> obstacle(parse("int32"), parse("float64")), obstacle(parse("int64"), parse("float64"))
    (None, 'not every int64 is a float64')
    """
    if type(old) is not type(new) and not _is_number(old, new):
        return f"a {old.name} is no {new.name}"
    check = {
        "Decimal": _decimal, "ClassLabel": _class_label, "Embedding": _embedding,
        "FixedTensor": _tensor, "Int": _number, "UInt": _number, "Float": _number,
    }.get(type(old).__name__)  # fmt: skip
    if check is None:
        return f"a {old.name} cannot be widened"
    return check(old, new)


def _is_number(*types: ColumnType) -> bool:
    return all(type(type_).__name__ in {"Int", "UInt", "Float"} for type_ in types)


def _number(old: ColumnType, new: ColumnType) -> str | None:
    return None if _holds(old, new) else f"not every {old.name} is a {new.name}"


def _tensor(old: ColumnType, new: ColumnType) -> str | None:
    if old.layout.shape != new.layout.shape:  # type: ignore[union-attr]
        return f"a {new.name} has another shape"
    return _number(old, new)


def _embedding(old: ColumnType, new: ColumnType) -> str | None:
    if old.layout.shape != new.layout.shape:  # type: ignore[union-attr]
        return f"an {new.name} has another length"
    return _number(old, new)


def _decimal(old: ColumnType, new: ColumnType) -> str | None:
    if old.scale != new.scale:  # type: ignore[attr-defined]
        return f"a {new.name} has another number of digits after the point"
    return None if old.precision <= new.precision else f"not every {old.name} is a {new.name}"  # type: ignore[attr-defined]


def _class_label(old: ColumnType, new: ColumnType) -> str | None:
    names, wanted = old.names, new.names  # type: ignore[attr-defined]
    if not names and wanted:
        return "its codes may have no name among the new ones"
    if wanted[: len(names)] != names:
        return "names may only be added after those it has"
    return None


def _holds(old: ColumnType, new: ColumnType) -> bool:
    """Whether elements of one dtype are elements of the other."""
    a, b = (np.dtype(type_.layout.dtype) for type_ in (old, new))  # type: ignore[union-attr]
    if "b" in a.kind + b.kind and a != b:
        return False
    if a.kind in "iu" and b.kind == "f":
        return a.itemsize * 8 <= EXACT_INTEGER_BITS[b.itemsize]
    return np.can_cast(a, b, "safe")
