"""As which kind SQL sees a column: that of its type, or the one that it was declared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.query.kinds import Kind, kind_of

if TYPE_CHECKING:
    from deeplake.table.columns import Column, Columns


def kind_of_column(columns: Columns, column: Column) -> Kind:
    """varchar(10) is stored as text, for example, and json as jsonb; the schema says which."""
    kind = kind_of(column.type)
    declared = columns.schema.sql.get("columns", {}).get(str(column.column_id))
    if declared is None or "kind" not in declared or kind.name not in ("text", "jsonb"):
        return kind
    name, *modifiers = declared["kind"]
    return Kind(name, tuple(modifiers))
