"""Schemas: the columns of a table, by id. SPEC section "Schemas".

A column keeps its id for life; names and order may change. Types are kept as the JSON that
`deeplake.types.declare` reads, so this module knows none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import MalformedObjectError
from deeplake.format.documents import parse
from deeplake.loading import later
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    import json
else:
    json = later("json")

MARKS = ("not_null", "primary_key", "unique")
"""What a column may be beside its type: words behind it in a declaration, true in a schema."""


NOTHING: Any = {}
"""Of a table that SQL declared nothing of; never changed."""


class ColumnSpec(NamedTuple):
    """One column: `type` is {"type": "emb-512", ...options}.

    `former` are the types it had before its values were laid out otherwise, oldest first;
    `default` is the value of rows that are older than the column, as `types.defaults` writes it
    (None: NULL).
    """

    column_id: int
    name: str
    type: dict[str, Any]
    not_null: bool = False
    primary_key: bool = False
    unique: bool = False
    former: tuple[dict[str, Any], ...] = ()
    default: Any = None


class TableSchema(NamedTuple):
    """The columns of a table in order, and the ids of those that were dropped.

    `sql` is what SQL declared of it and no reader of rows needs: see SPEC "What SQL declares".
    """

    columns: tuple[ColumnSpec, ...]
    dropped: tuple[int, ...] = ()
    sql: dict[str, Any] = NOTHING

    @property
    def evolved(self) -> bool:
        """Whether a reader needs the feature `evolution`."""
        return any(column.former or column.default is not None for column in self.columns)


def encode(schema: TableSchema) -> bytes:
    """The schema block: JSON in UTF-8."""
    columns = []
    for column in schema.columns:
        entry: dict[str, Any] = {"id": column.column_id, "name": column.name, **column.type}
        for mark in MARKS:
            if getattr(column, mark):
                entry[mark] = True
        if column.former:
            entry["former"] = column.former
        if column.default is not None:
            entry["default"] = column.default
        columns.append(entry)
    block: dict[str, Any] = {"columns": columns}
    if schema.dropped:
        block["dropped"] = schema.dropped
    if schema.sql:
        block["sql"] = schema.sql
    return json.dumps(block, separators=(",", ":"), ensure_ascii=False).encode()


def decode(block: bytes, where: str) -> TableSchema:
    """Parse a schema block.

    Raises:
        MalformedObjectError: it does not follow the specification.
    """
    try:
        found = parse(block)
        columns = tuple(_column(entry) for entry in found["columns"])
        dropped = tuple(map(_id, found.get("dropped", ())))
        declared = _declared(found.get("sql", NOTHING))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise MalformedObjectError(f"the schema of {where} is malformed: {error!r}") from error
    ids, names = {c.column_id for c in columns}, {c.name for c in columns}
    if not len(ids) == len(names) == len(columns) or not ids.isdisjoint(dropped):
        raise MalformedObjectError(f"the schema of {where} has a column twice")
    return TableSchema(columns, dropped, declared)


def _column(entry: dict[str, Any]) -> ColumnSpec:
    rest = dict(entry)
    column_id, name = rest.pop("id"), rest.pop("name")
    marks = {mark: rest.pop(mark, False) is True for mark in MARKS}
    former, default = tuple(rest.pop("former", ())), rest.pop("default", None)
    if type(name) is not str or not all(type(each) is dict for each in former):
        raise ValueError(f"column {column_id!r} {name!r}")
    return ColumnSpec(_id(column_id), name, rest, **marks, former=former, default=default)


def _declared(sql: Any) -> dict[str, Any]:
    if type(sql) is not dict:
        raise ValueError(f"sql {sql!r}")
    return sql


def _id(column_id: Any) -> int:
    if type(column_id) is not int or not 0 <= column_id < 1 << 32:
        raise ValueError(f"column {column_id!r}")
    return column_id
