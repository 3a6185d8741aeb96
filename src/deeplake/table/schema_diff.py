"""What differs between two schemas of one table, column by column. Pure.

Columns are matched by id, so that a renamed one is the same column and one that was dropped and
made again is another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from deeplake.format.schema import MARKS
from deeplake.types import declare
from deeplake.types.widening import obstacle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deeplake.format.schema import ColumnSpec, TableSchema

Kind = Literal[
    "table created", "table dropped", "table renamed",
    "added", "dropped", "renamed", "widened", "retyped", "default", "marks",
]  # fmt: skip


class SchemaChange(NamedTuple):
    """One change of a table (`column` is None then) or of a column, which has its newer name.

    `old` and `new` are names ("renamed"), types as they are spelled ("added", "dropped",
    "widened", "retyped"), stored defaults ("default") or words behind a type ("marks").
    """

    kind: Kind
    column: str | None
    old: Any = None
    new: Any = None

    def __str__(self) -> str:
        if self.column is None:
            return self.kind if self.old is None else f"{self.kind}: {self.old!r} → {self.new!r}"
        what = f"column {self.column!r} {self.kind}"
        if self.kind == "added":
            return f"{what}: {self.new}"
        if self.kind == "dropped":
            return f"{what}: {self.old}"
        if self.kind == "renamed":
            return f"column {self.old!r} renamed: {self.new!r}"
        if self.kind in ("default", "marks"):
            what = f"{self.kind} of column {self.column!r}"
        return f"{what}: {_told(self.old)} → {_told(self.new)}"


def schema_changes(old: TableSchema, new: TableSchema) -> list[SchemaChange]:
    """From one schema to the other: what was dropped, what became of the rest, what was added."""
    before = {spec.column_id: spec for spec in old.columns}
    after = {spec.column_id: spec for spec in new.columns}
    found = [
        SchemaChange("dropped", spec.name, _spelled(spec))
        for spec in old.columns
        if spec.column_id not in after
    ]
    for spec in old.columns:
        if spec.column_id in after:
            found += _changes(spec, after[spec.column_id])
    found += [
        SchemaChange("added", spec.name, None, _spelled(spec))
        for spec in new.columns
        if spec.column_id not in before
    ]
    return found


def _changes(old: ColumnSpec, new: ColumnSpec) -> Iterator[SchemaChange]:
    if old.name != new.name:
        yield SchemaChange("renamed", new.name, old.name, new.name)
    if old.type != new.type:
        a, b = declare.from_json(old.type), declare.from_json(new.type)
        wider = obstacle(a, b) is None
        yield SchemaChange("widened" if wider else "retyped", new.name, str(a), str(b))
    if old.default != new.default:
        yield SchemaChange("default", new.name, old.default, new.default)
    if _marks(old) != _marks(new):
        yield SchemaChange("marks", new.name, _marks(old), _marks(new))


def _marks(spec: ColumnSpec) -> str:
    """The words behind its type; a primary key goes without the not_null that it implies."""
    found = [mark for mark in MARKS if getattr(spec, mark)]
    if "primary_key" in found:
        found = [mark for mark in found if mark != "not_null"]
    return " ".join(found)


def _spelled(spec: ColumnSpec) -> str:
    return f"{declare.from_json(spec.type)} {_marks(spec)}".rstrip()


def _told(value: Any) -> str:
    return "none" if value is None or value == "" else str(value)
