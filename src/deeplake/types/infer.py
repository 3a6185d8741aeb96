"""The column type that sample values suggest, for schemas nobody declared.

Looks at the first `settings.INFER_ROWS_MAX` rows; what they do not show (a wider integer further
down) is refused later by the type itself. Where a guess could lose something, it is not made:
the error says how to declare the column.
"""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.errors import SchemaError
from deeplake.types.declare import from_json, parse
from deeplake.types.elements import CODES
from deeplake.types.rows import batch, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from deeplake.types.base import AnyArray, ColumnType

FIELD_KEY = b"deeplake.type"
"""Arrow field metadata that names the type: `declare.to_json` as JSON text."""

_IMAGE_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")


def infer(values: Any, *, column: str = "column") -> ColumnType:
    """The type of a column with these rows.

    One-dimensional float arrays of equal length become an emb (float64 is rounded to float32);
    other arrays a tensor, its axes fixed if they agree. Lists become list<…>, dicts json.

    Args:
        values: rows, None where NULL; a NumPy array's first axis is rows.
        column: for messages.

    Raises:
        SchemaError: if every row is NULL, or the rows agree on no type.

    >>> infer([1, None, 2.5]), infer([["a"], []]), infer(np.zeros((2, 3), "f4"))
    (<type float64>, <type list<text>>, <type emb-3 cosine>)
    """
    rows = batch(values, column=column)
    if isinstance(rows.rows, np.ndarray):
        array = rows.rows[: settings.INFER_ROWS_MAX]
        return _from_rows_array(array, column=column)
    sample = [value for _, value in islice(rows.numbered(), settings.INFER_ROWS_MAX)]
    if not sample:
        raise _undeclared("has no value to tell its type from", column)
    return _of(sample, column)


def _of(sample: Sequence[Any], column: str) -> ColumnType:
    """The type of non-NULL rows."""
    kinds = set(map(type, sample))
    if kinds <= {dict}:
        return parse("json")
    if all(issubclass(kind, (list, tuple)) for kind in kinds):
        return _of_lists(sample, column)
    names = {_scalar_name(value) for value in sample}
    if names <= {"int64", "uint64", "float64"} and len(names) > 1:
        names = {"float64" if "float64" in names else "uint64"}
    if names == {"decimal"}:
        return _decimal(sample)
    if names == {"blob", "image"}:
        names = {"blob"}
    if len(names) == 1:
        name = names.pop()
        if name is not None:
            return parse(name)
        if all(hasattr(kind, "__array__") for kind in kinds):
            return _of_arrays([np.asarray(value) for value in sample], column)
    containers = any(issubclass(kind, (dict, list, tuple)) for kind in kinds)
    if containers and all(_is_json(value) for value in sample):
        return parse("json")
    what = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise _undeclared(f"has values of the types {what}, which make no one column type", column)


def _scalar_name(value: Any) -> str | None:
    """The type name of one value; None for arrays and what is not known."""
    kind = type(value)
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    if isinstance(value, np.generic) and kind is not np.float64 and kind is not np.str_:
        if value.dtype.kind == "M":
            return "date" if value.dtype.str[1:] == "M8[D]" else "timestamp"
        return value.dtype.name if value.dtype.name in CODES else None
    if isinstance(value, int):
        return "int64" if -(1 << 63) <= value < 1 << 63 else "uint64"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "image" if _is_image(bytes(value[:16])) else "blob"
    if isinstance(value, dt.datetime):
        return "timestamp" if value.tzinfo is None else "timestamptz"
    if isinstance(value, dt.date):
        return "date"
    # by name: none of these modules is imported to find out
    known = {("decimal", "Decimal"): "decimal", ("uuid", "UUID"): "uuid"}
    if (kind.__module__, kind.__name__) in known:
        return known[kind.__module__, kind.__name__]
    return "image" if kind.__module__.startswith("PIL.") else None


def _is_image(head: bytes) -> bool:
    return head.startswith(_IMAGE_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _is_json(value: Any) -> bool:
    """Whether a value can stand in a JSON column; its inside is checked when it is stored."""
    return isinstance(value, (dict, list, tuple, str, bool, int, float))


def _of_lists(sample: Sequence[Any], column: str) -> ColumnType:
    """list<…> of what the lists hold; json where they hold nothing or no one type."""
    inner = [item for row in sample for item in row if item is not None]
    inner = inner[: settings.INFER_ROWS_MAX]
    if not inner:
        return parse("json")
    try:
        child = _of(inner, column)
    except SchemaError:
        if all(_is_json(item) for item in inner):
            return parse("json")
        raise
    return (
        child
        if child.name == "json"
        else parse(f"list<{child.name}>").with_options(
            {"child": child.options()} if child.options() else {}
        )
    )


def _decimal(sample: Sequence[Any]) -> ColumnType:
    """The narrowest common scale, with all the digits there are before the point."""
    scale = max((-min(0, v.as_tuple().exponent) for v in sample if v.is_finite()), default=0)
    return parse(f"decimal(38,{min(scale, 38)})")


def _from_rows_array(array: AnyArray, *, column: str) -> ColumnType:
    if array.dtype.kind == "M":
        return parse("date" if array.dtype.str[1:] == "M8[D]" else "timestamp")
    if array.ndim == 1 and array.dtype.name in CODES:
        return parse(array.dtype.name)
    if array.ndim == 1:
        raise _undeclared(f"is {shown(array)}, which is no column type", column)
    return _of_arrays(list(array) or [np.zeros(array.shape[1:], array.dtype)], column)


def _of_arrays(arrays: list[AnyArray], column: str) -> ColumnType:
    """An emb for vectors of floats, else a tensor as fixed as the arrays are."""
    dtypes = {array.dtype for array in arrays}
    dtype = np.result_type(*dtypes) if len(dtypes) > 1 else dtypes.pop()
    if dtype.name not in CODES:
        raise _undeclared(f"has arrays of {dtype.name}, which no tensor holds", column)
    ranks = {array.ndim for array in arrays}
    if ranks == {0}:
        return parse(dtype.name)
    if len(ranks) > 1:
        return parse(f"{dtype.name}[...]")
    shapes = {array.shape for array in arrays}
    axes = [
        lengths.pop() if len(lengths) == 1 else None
        for lengths in map(set, zip(*shapes, strict=True))
    ]
    length = (axes[0] or 0) if len(axes) == 1 and dtype.kind == "f" else 0
    if 1 <= length <= settings.EMBEDDING_LENGTH_MAX and all(np.isfinite(a).all() for a in arrays):
        return parse(f"emb-{length}" + (":float16" if dtype == np.float16 else ""))
    spelled = ",".join("*" if axis in (None, 0) else str(axis) for axis in axes)
    return parse(f"{dtype.name}[{spelled}]")


def _undeclared(what: str, column: str) -> SchemaError:
    return SchemaError(
        f"column {column!r} {what}.",
        hint=f"Declare it: schema={{{column!r}: 'text', …}}.",
    )


def infer_arrow(type_: pa.DataType, field: pa.Field | None = None) -> ColumnType:
    """The type of a column that comes as Arrow.

    A field written by deeplake says its type itself (`FIELD_KEY` in its metadata).

    Raises:
        SchemaError: for Arrow types that no column type holds without loss.
    """
    from deeplake.types.infer_arrow import of_arrow

    if field is not None and field.metadata and FIELD_KEY in field.metadata:
        import json

        return from_json(json.loads(field.metadata[FIELD_KEY]))
    return of_arrow(type_)
