"""A diff as an Arrow table, one row for each row that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import InputError
from deeplake.table.cells import told_by_descriptor

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from deeplake.api.diff import TableDiff
    from deeplake.table.columns import Column
    from deeplake.table.diff import Batch, Part


def to_arrow(tables: Sequence[TableDiff]) -> pa.Table:
    """See `Diff.to_arrow`."""
    import pyarrow as pa

    schema = _schema(tables)
    batches = [_batch(table.name, batch, schema) for table in tables for batch in table._batches()]
    return pa.Table.from_batches(batches, schema)


def _descriptor() -> pa.DataType:
    import pyarrow as pa

    shape = pa.list_(pa.int64())
    return pa.struct(
        [("bytes", pa.int64()), ("crc", pa.uint32()), ("shape", shape), ("codec", pa.string())]
    )


def _schema(tables: Sequence[TableDiff]) -> pa.Schema:
    import pyarrow as pa

    found: dict[str, pa.DataType] = {}
    for table in tables:
        for prefix, side in zip(("old", "new"), table.sides, strict=True):
            for column in side.columns or ():
                name, type_ = f"{prefix}_{column.name}", _type(column)
                if found.setdefault(name, type_) != type_:
                    raise InputError(
                        f"two tables have a column {column.name!r}, of different types.",
                        hint=f"Take them one by one: diff.tables[{table.name!r}].to_arrow().",
                    )
    by_column: dict[str, list[tuple[str, pa.DataType]]] = {}
    for name, type_ in found.items():  # old and new values of a column side by side
        by_column.setdefault(name[4:], []).append((name, type_))
    first = [
        ("table", pa.string()), ("kind", pa.string()), ("row_id", pa.int64()),
        ("changed", pa.list_(pa.string())),
    ]  # fmt: skip
    return pa.schema([*first, *(field for fields in by_column.values() for field in fields)])


def _type(column: Column) -> pa.DataType:
    return _descriptor() if told_by_descriptor(column) else column.type.arrow_type()


def _batch(table: str, batch: Batch, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    rows = batch.rows
    ids = pa.nulls(rows, pa.int64()) if batch.ids is None else pa.array(batch.ids, pa.int64())
    arrays = {
        "table": pa.array([table] * rows, pa.string()),
        "kind": pa.array([batch.kind] * rows, pa.string()),
        "row_id": ids,
        "changed": pa.array(_changed(batch), pa.list_(pa.string())),
    }
    for prefix, parts in (("old", batch.old), ("new", batch.new)):
        for part in parts:
            arrays[f"{prefix}_{part.column.name}"] = _spread(part, rows)
    filled = [
        arrays[field.name] if field.name in arrays else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(filled, schema=schema)


def _changed(batch: Batch) -> list[list[str]]:
    """The columns that changed of each row; of a renamed one the newer name. None of whole rows."""
    found: list[list[str]] = [[] for _ in range(batch.rows)]
    if batch.kind == "updated":
        newer = {part.column.column_id: part for part in [*batch.old, *batch.new]}
        for part in newer.values():
            for row in part.rows.tolist():
                found[row].append(part.column.name)
    return found


def _spread(part: Part, rows: int) -> pa.Array:
    """Values at their rows, NULL in the others."""
    import pyarrow as pa

    array = _described(part) if part.described else part.column.type.to_arrow(part.data)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if len(part.rows) == rows:
        return array
    at = np.zeros(rows, np.int64)
    there = np.zeros(rows, np.bool_)
    at[part.rows], there[part.rows] = np.arange(len(part.rows)), True
    return array.take(pa.array(at, mask=~there))


def _described(part: Part) -> pa.Array:
    import pyarrow as pa

    values: list[Any] = [
        None if d is None else {"bytes": d.bytes, "crc": d.crc, "shape": d.shape, "codec": d.codec}
        for d in part.values()
    ]
    return pa.array(values, _descriptor())
