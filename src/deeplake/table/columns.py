"""The columns of a table with their types: declared, read back, and fitted with user values.

Joins the schema (format) with the types; knows nothing of fragments.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from deeplake.errors import (
    ColumnNotFoundError,
    InvalidNameError,
    MalformedObjectError,
    NullValueError,
    RaggedColumnsError,
    SchemaError,
    did_you_mean,
)
from deeplake.format import schema as schemas
from deeplake.format.schema import ColumnSpec, TableSchema
from deeplake.types import declare
from deeplake.types.base import row_count
from deeplake.types.data import nulls
from deeplake.types.named import NamedTuple
from deeplake.types.rows import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deeplake.types.base import ColumnData, ColumnType, Layout

COLUMNS_MAX = 10_000
COLUMN_NAME_BYTES_MAX = 255


class Column(NamedTuple):
    """One column: its id for life, its name, its type.

    `former` are the layouts it had before it was widened, oldest first; `default` is one row, the
    value in rows that are older than the column (None: NULL).
    """

    column_id: int
    name: str
    type: ColumnType
    not_null: bool = False
    former: tuple[Layout, ...] = ()
    default: ColumnData | None = None

    @property
    def layout(self) -> Layout:
        """How its values are laid out today."""
        return self.type.layout

    @property
    def generation(self) -> int:
        """What frames written today are marked with: how often it was widened."""
        return len(self.former)

    def layout_of(self, generation: int) -> Layout:
        """How values of a generation are laid out.

        Raises:
            MalformedObjectError: there is no such generation.
        """
        if generation == len(self.former):
            return self.type.layout
        if generation > len(self.former):
            raise MalformedObjectError(f"column {self.name!r} has no generation {generation}")
        return self.former[generation]


class Columns:
    """The columns of one schema, in order, by name."""

    __slots__ = ("_by_name", "schema")

    def __init__(self, schema: TableSchema) -> None:
        self.schema = schema
        self._by_name = {
            spec.name: Column(
                spec.column_id, spec.name, declare.from_json(spec.type), spec.not_null
            )
            for spec in schema.columns
        }

    def __iter__(self) -> Iterator[Column]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def names(self) -> list[str]:
        """Names in order."""
        return list(self._by_name)

    def layouts(self) -> dict[int, Layout]:
        """Column id -> layout."""
        return {column.column_id: column.type.layout for column in self}

    def get(self, name: str) -> Column:
        """A column by name.

        Raises:
            ColumnNotFoundError: with the nearest name.
        """
        found = self._by_name.get(name)
        if found is None:
            raise ColumnNotFoundError(
                f"there is no column {name!r}.", hint=did_you_mean(str(name), self._by_name)
            )
        return found

    def fit(self, values: Mapping[str, Any]) -> tuple[dict[int, ColumnData], int]:
        """User values by column name -> column data by id, and the number of rows.

        A column that is left out is NULL in every row. Nothing is changed on failure.

        Raises:
            ColumnNotFoundError, RaggedColumnsError, InvalidValueError
        """
        data = {}
        for name, given in values.items():
            data[name] = self.get(name).type.normalise(given, column=name)
        return self.fit_data(data)

    def fit_data(self, data: Mapping[str, ColumnData]) -> tuple[dict[int, ColumnData], int]:
        """Column data by name -> by id, complete and of equal length.

        Raises:
            RaggedColumnsError: columns of unequal length.
            NullValueError: NULL in a not_null column.
        """
        sizes = {name: row_count(column) for name, column in data.items()}
        rows = next(iter(sizes.values()), 0)
        if any(size != rows for size in sizes.values()):
            shown = ", ".join(f"{name}: {size}" for name, size in sizes.items())
            raise RaggedColumnsError(
                f"the columns have unequal numbers of rows: {shown}.",
                hint="Pass as many values for every column; None is NULL.",
            )
        batch = {}
        for column in self:
            given = data.get(column.name)
            filled = nulls(column.type.layout, rows) if given is None else given
            if column.not_null and filled.valid is not None and not filled.valid.all():
                raise refusal(
                    NullValueError,
                    f"{'no value' if given is None else 'NULL'} in a not_null column",
                    column=column.name,
                    row=int(filled.valid.argmin()),
                    hint="Give it a value.",
                )
            batch[column.column_id] = filled
        return batch, rows


@lru_cache(64)
def columns_of(schema_block: bytes) -> Columns:
    """The columns of a stored schema; parsed once, since every commit repeats it."""
    return Columns(schemas.decode(schema_block, "a schema"))


def declare_schema(schema: Mapping[str, Any]) -> TableSchema:
    """A user's schema, {name: type or its spelling} -> columns with fresh ids.

    A type written as ('text', 'not_null') or 'text not_null' refuses NULL, as do the columns
    that the schema of another table lists as `not_null`.

    Raises:
        SchemaError, InvalidNameError
    """
    if not hasattr(schema, "items"):
        raise SchemaError(
            f"a schema is {{column name: type}}, not {type(schema).__name__}.",
            hint="For example {'label': 'int', 'image': 'image'}.",
        )
    if not schema or len(schema) > COLUMNS_MAX:
        raise SchemaError(f"a table has 1 to {COLUMNS_MAX} columns, not {len(schema)}.")
    used: set[int] = set()
    columns = []
    for name, spelling in schema.items():
        _check_column_name(name)
        declared, not_null = _split_not_null(spelling)
        not_null = not_null or name in getattr(schema, "not_null", ())
        column_id = 0
        while column_id in used or not column_id:
            column_id = int.from_bytes(os.urandom(4), "little")
        used.add(column_id)
        type_ = declare.to_json(declare.parse(declared))
        columns.append(ColumnSpec(column_id, name, type_, not_null))
    return TableSchema(tuple(columns))


def _split_not_null(spelling: Any) -> tuple[Any, bool]:
    if isinstance(spelling, str):
        words = spelling.removesuffix(" not_null").removesuffix(" NOT NULL")
        return words, words != spelling
    if isinstance(spelling, tuple) and len(spelling) == 2 and spelling[1] == "not_null":
        return spelling[0], True
    return spelling, False


def _check_column_name(name: object) -> None:
    if not isinstance(name, str) or not name or not name.isprintable():
        raise InvalidNameError(f"{name!r} cannot be a column name: it is not printable text.")
    if len(name.encode("utf-8", "surrogatepass")) > COLUMN_NAME_BYTES_MAX:
        raise InvalidNameError(f"a column name of {len(name)} characters is too long.")
