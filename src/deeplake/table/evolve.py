"""Schema changes: a schema and a wish -> the next schema. No row is read or written.

What is refused here is refused before anything is staged. How older rows read under the new
schema is the business of `columns` (defaults, former layouts) and of the readers.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deeplake.errors import SchemaError
from deeplake.format.checksum import crc32c
from deeplake.table.columns import COLUMNS_MAX, check_column_name, declare_schema, members
from deeplake.types import declare, defaults
from deeplake.types.widening import obstacle

if TYPE_CHECKING:
    from collections.abc import Container

    from deeplake.format.schema import ColumnSpec, TableSchema
    from deeplake.table.columns import Column, Columns

DROPPED_MAX = 100_000
"""Columns dropped from one table: their ids stay in its schema, which every open reads."""


_NUMBERS = ("int16", "int32", "int64", "float32", "float64")
"""What two numbers can both be widened to where neither holds the other."""


def added(table_id: int, columns: Columns, name: str, declared: Any, default: Any) -> TableSchema:
    """With one more column at the end.

    Args:
        declared: its type as in a schema, NOT NULL included.
        default: the value of the rows that are there, and of those appended without one.

    Raises:
        SchemaError, InvalidNameError, InvalidValueError
    """
    schema = columns.schema
    check_column_name(name)
    _refuse_taken(columns, name)
    if len(columns) >= COLUMNS_MAX:
        raise SchemaError(f"a table has 1 to {COLUMNS_MAX} columns, not {len(columns) + 1}.")
    made = _declared(name, declared)
    if default is not None:
        made = made._replace(default=_stored(made, default))
    elif made.not_null:
        raise SchemaError(
            f"column {name!r} refuses NULL, but the rows that are there have no value for it.",
            hint="Pass default=..., which they then have.",
        )
    used = {*schema.dropped, *(spec.column_id for spec in schema.columns)}
    made = made._replace(column_id=column_id(table_id, name, made.type, used))
    return schema._replace(columns=(*schema.columns, made))


def dropped(columns: Columns, name: str) -> TableSchema:
    """Without one column. Its values stay in the commits that have it.

    Raises:
        ColumnNotFoundError, SchemaError
    """
    schema, column = columns.schema, columns.get(name)
    if len(columns) == 1:
        raise SchemaError(
            f"column {name!r} is the last one; a table has at least one.",
            hint="Add another column first.",
        )
    if len(schema.dropped) >= DROPPED_MAX:
        raise SchemaError(
            f"{DROPPED_MAX:,} columns were dropped from this table, which is the limit.",
            hint="Make a new table of the columns that are needed.",
        )
    _refuse_key(_spec(columns, name), "dropped")
    _refuse_constrained(schema, column)
    left = tuple(spec for spec in schema.columns if spec.name != name)
    return schema._replace(columns=left, dropped=(*schema.dropped, column.column_id))


def renamed(columns: Columns, old: str, new: str) -> TableSchema:
    """With another name for one column; its id, and so its values, stay.

    Raises:
        ColumnNotFoundError, SchemaError, InvalidNameError
    """
    columns.get(old)
    check_column_name(new)
    _refuse_taken(columns, new)
    return _replaced(columns, old, _spec(columns, old)._replace(name=new))


def widened(columns: Columns, name: str, declared: Any) -> TableSchema:
    """With a type for one column that holds every value it has; older frames are read in it.

    Raises:
        ColumnNotFoundError
        SchemaError: some value would change, or the column has that type.
    """
    column, spec = columns.get(name), _spec(columns, name)
    wanted = _declared(name, declared)
    new = declare.from_json(wanted.type)
    if column.type == new or wanted.not_null:
        raise SchemaError(
            f"column {name!r} is {column.type} already."
            if column.type == new
            else f"column {name!r} cannot be made not_null: rows may hold NULL.",
            hint="Name a type only, one that holds every value of the column.",
        )
    reason = obstacle(column.type, new)
    if reason is not None:
        raise SchemaError(
            f"column {name!r} is {column.type} and cannot become {new}: {reason}.",
            hint=f"Add a new column of type {new.name}, fill it, and drop {name!r}.",
        )
    if column.layout != new.layout:
        _refuse_key(spec, "widened")
        spec = spec._replace(former=(*spec.former, spec.type))
    return _replaced(columns, name, spec._replace(type=wanted.type))


def joined(ours: ColumnSpec, theirs: ColumnSpec) -> ColumnSpec:
    """Ours with a type that holds what both hold, where one was widened since, or both were.

    Raises:
        SchemaError: there is none; whichever was taken, values of the other could not be read.
    """
    a, b = (declare.from_json(spec.type) for spec in (ours, theirs))
    if a.layout == b.layout:
        return ours
    shape = a.name[a.name.index("[") :] if "[" in a.name else ""
    for candidate in (a, b, *(declare.parse(number + shape) for number in _NUMBERS)):
        if all(held == candidate or obstacle(held, candidate) is None for held in (a, b)):
            former = max(ours.former, theirs.former, key=len)
            return ours._replace(type=declare.to_json(candidate), former=former)
    raise SchemaError(
        f"column {ours.name!r} is {a} on one side and {b} on the other, and no type holds both.",
        hint=f"Add a column of another type, fill it, and drop {ours.name!r} on one side.",
    )


def column_id(table_id: int, name: str, type_: dict[str, Any], used: Container[int]) -> int:
    """The id of a new column: the same on every branch that adds it, so that they merge.

    Args:
        used: ids of all columns that the table ever had.

    >>> a = column_id(1, "x", {"type": "int64"}, ())
    >>> a == column_id(1, "x", {"type": "int64"}, ())
    True
    >>> a == column_id(1, "x", {"type": "int64"}, [a])
    False
    """
    counter = 0
    while True:
        named = json.dumps([table_id, name, type_, counter], sort_keys=True, separators=(",", ":"))
        found = crc32c(named.encode())
        if found and found not in used:
            return found
        counter += 1


def _declared(name: str, declared: Any) -> ColumnSpec:
    (spec,) = declare_schema({name: declared}).columns
    _refuse_key(spec, "added or changed")
    return spec


def _spec(columns: Columns, name: str) -> ColumnSpec:
    return next(spec for spec in columns.schema.columns if spec.name == name)


def _replaced(columns: Columns, name: str, new: ColumnSpec) -> TableSchema:
    specs = tuple(new if spec.name == name else spec for spec in columns.schema.columns)
    return columns.schema._replace(columns=specs)


def _stored(spec: ColumnSpec, default: Any) -> Any:
    type_ = declare.from_json(spec.type)
    data = type_.normalise([default], column=spec.name)
    if data.valid is not None and not data.valid.all():
        return None  # NaT: NULL in the clothes of a value
    return defaults.to_json(type_, data, column=spec.name)


def _refuse_taken(columns: Columns, name: str) -> None:
    if name in columns.names:
        raise SchemaError(
            f"there is a column {name!r} already ({columns.get(name).type}).",
            hint="Take another name, or rename_column() or drop_column() that one first.",
        )


def _refuse_constrained(schema: TableSchema, column: Column) -> None:
    """Every row that is written is held against it: without the column none could be."""
    for constraint, found in schema.sql.get("constraints", {}).items():
        if column.column_id in members(found):
            raise SchemaError(
                f"column {column.name!r} is in the constraint {constraint!r} of its table.",
                hint=f'Drop that first: ALTER TABLE … DROP CONSTRAINT "{constraint}". (DROP COLUMN '
                "by SQL drops both.)",
            )


def _refuse_key(spec: ColumnSpec, what: str) -> None:
    """Keys are for a table's life: every row was checked against them."""
    for mark in ("primary_key", "unique"):
        if getattr(spec, mark):
            raise SchemaError(
                f"column {spec.name!r} is {mark}, and such a column cannot be {what}.",
                hint="Make a new table with the keys it should have.",
            )
