"""Schemas: the columns of a table, by id. SPEC section "Schemas".

A column keeps its id for life; names and order may change. Types are kept as the JSON that
`deeplake.types.declare` reads, so this module knows none of them.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from deeplake.errors import MalformedObjectError


class ColumnSpec(NamedTuple):
    """One column: `type` is {"type": "emb-512", ...options}."""

    column_id: int
    name: str
    type: dict[str, Any]
    not_null: bool = False


class TableSchema(NamedTuple):
    """The columns of a table in order."""

    columns: tuple[ColumnSpec, ...]


def encode(schema: TableSchema) -> bytes:
    """The schema block: JSON in UTF-8."""
    columns = []
    for column in schema.columns:
        entry: dict[str, Any] = {"id": column.column_id, "name": column.name, **column.type}
        if column.not_null:
            entry["not_null"] = True
        columns.append(entry)
    return json.dumps({"columns": columns}, separators=(",", ":"), ensure_ascii=False).encode()


def decode(block: bytes, where: str) -> TableSchema:
    """Parse a schema block.

    Raises:
        MalformedObjectError: it does not follow the specification.
    """
    try:
        document = json.loads(block)
        columns = []
        for entry in document["columns"]:
            rest = {k: v for k, v in entry.items() if k not in ("id", "name", "not_null")}
            columns.append(
                ColumnSpec(entry["id"], entry["name"], rest, entry.get("not_null", False))
            )
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedObjectError(f"the schema of {where} is malformed: {error!r}") from error
    return TableSchema(tuple(columns))
