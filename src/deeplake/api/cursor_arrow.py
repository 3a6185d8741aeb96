"""The rows of a cursor as Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.types.arrow import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from deeplake.api.cursor import Done
    from deeplake.query.kinds import Kind
    from deeplake.query.result import Result


def of_batches(result: Result) -> pa.Table:
    """A whole result: narrow columns as the engine gives them, values of others fetched."""
    import pyarrow as pa

    lists: list[list[pa.Array]] = [[] for _ in result.columns]
    for batch in result.batches():
        for k, column in enumerate(result.columns):
            given = batch.column(k)
            if column.kind.late or (column.kind.element or column.kind).name in _ODD:
                values = result.python(column.kind, given)
                lists[k].append(array(column.kind, values, column.label))
            else:
                type_ = _type(column.kind)
                lists[k].append(given if type_ in (None, given.type) else given.cast(type_))
    arrays = [
        pa.chunked_array(parts) if parts else pa.chunked_array([], _type(column.kind) or pa.null())
        for column, parts in zip(result.columns, lists, strict=True)
    ]
    return pa.Table.from_arrays(arrays, names=[column.label for column in result.columns])


_ODD = frozenset(("json", "jsonb", "uuid", "interval", "tensor"))
"""Kinds that the engine gives as something of its own."""


def of_rows(result: Result | Done, rows: Iterator[tuple[Any, ...]]) -> pa.Table:
    """What is left of a result, row by row.

    Args:
        result: whose columns these are.
        rows: its rows, as far as they were not read.
    """
    import pyarrow as pa

    columns = result.columns or ()
    lists: list[list[Any]] = [[] for _ in columns]
    for row in rows:
        for values, value in zip(lists, row, strict=True):
            values.append(value)
    arrays = [array(c.kind, v, c.label) for c, v in zip(columns, lists, strict=True)]
    return pa.Table.from_arrays(arrays, names=[c.label for c in columns])


def array(kind: Kind, values: list[Any], label: str) -> pa.Array:
    """Values of Python of a kind as an Arrow array."""
    import pyarrow as pa

    return plain(pa.array(_written(kind, values), _type(kind)), column=label)


def _written(kind: Kind, values: list[Any]) -> list[Any]:
    """Values as pyarrow takes them for `_type`."""
    if kind.element is not None:
        return [None if v is None else _written(kind.element, v) for v in values]
    if kind.name in ("json", "jsonb"):
        import json

        return [None if v is None else json.dumps(v, ensure_ascii=False) for v in values]
    if kind.name == "uuid":
        return [None if v is None else str(v) for v in values]
    if kind.name in ("vector", "halfvec", "tensor"):
        return [v.tolist() if hasattr(v, "tolist") else v for v in values]
    return values


def _type(kind: Kind) -> Any:
    import pyarrow as pa

    if kind.element is not None:
        inner = _type(kind.element)
        return None if inner is None else pa.list_(inner)
    if kind.name == "numeric" and kind.modifiers:
        return pa.decimal128(*kind.modifiers)
    found = {
        "bool": pa.bool_(), "int2": pa.int16(), "int4": pa.int32(), "int8": pa.int64(),
        "float4": pa.float32(), "float8": pa.float64(), "text": pa.string(),
        "varchar": pa.string(), "bpchar": pa.string(), "name": pa.string(),
        "bytea": pa.large_binary(), "image": pa.large_binary(), "video": pa.large_binary(),
        "audio": pa.large_binary(), "json": pa.string(), "jsonb": pa.string(),
        "uuid": pa.string(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
        "timestamptz": pa.timestamp("us", "UTC"), "time": pa.time64("us"),
        "vector": pa.list_(pa.float32()), "halfvec": pa.list_(pa.float32()),
    }  # fmt: skip
    return found.get(kind.name)
