"""What SQL declared of a table beside its columns: the `sql` part of its schema. See SPEC 8.

    {"columns": {"<id>": {"kind": ["varchar", 10], "default": "now()", "sequence": {...}}},
     "constraints": {"<name>": {"check": "a > 0", "names": {"a": <id>}}},
     "comment": "…", "view": "SELECT …"}

Expressions are text of SQL, with the names that columns had when it was written and their ids, so
that renaming a column touches none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deeplake.format.schema import TableSchema
    from deeplake.table.columns import Columns


def entry(schema: TableSchema, column_id: int) -> Mapping[str, Any]:
    """What is declared of a column."""
    found: Mapping[str, Any] = schema.sql.get("columns", {}).get(str(column_id), {})
    return found


def constraints(schema: TableSchema, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Constraints of a kind by name: "check", "references", "unique"."""
    for name, found in schema.sql.get("constraints", {}).items():
        if kind in found:
            yield name, found


def view_of(schema: TableSchema) -> str | None:
    """The SELECT behind a view; None of a table."""
    found: str | None = schema.sql.get("view")
    return found


def with_entry(schema: TableSchema, column_id: int, **parts: Any) -> TableSchema:
    """The schema with parts of a column's entry set; None removes one."""
    own = {**entry(schema, column_id), **parts}
    own = {key: value for key, value in own.items() if value is not None}
    columns = {**schema.sql.get("columns", {}), str(column_id): own}
    return with_part(schema, "columns", {c: e for c, e in columns.items() if e})


def with_constraint(
    schema: TableSchema, name: str, constraint: Mapping[str, Any] | None
) -> TableSchema:
    """The schema with one constraint more, or without it."""
    known = {k: v for k, v in schema.sql.get("constraints", {}).items() if k != name}
    return with_part(
        schema, "constraints", known if constraint is None else {**known, name: dict(constraint)}
    )


def with_part(schema: TableSchema, part: str, value: Any) -> TableSchema:
    """The schema with one part of what is declared set, removed if it is empty."""
    declared = {k: v for k, v in schema.sql.items() if k != part}
    if value:
        declared[part] = value
    return schema._replace(sql=declared)


def name_of(columns: Columns, column_id: int) -> str:
    """The name that a column has today; "(dropped)" if it is gone."""
    return next((c.name for c in columns if c.column_id == column_id), "(dropped)")
