"""The columns of a table with their types: declared, read back, and fitted with user values.

Joins the schema (format) with the types; knows nothing of fragments.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

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
from deeplake.format.schema import MARKS, ColumnSpec, TableSchema
from deeplake.loading import later
from deeplake.types import declare
from deeplake.types.base import FixedLayout, row_count
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deeplake.types import data as columnar
    from deeplake.types import elements
    from deeplake.types.base import ColumnData, ColumnType, Layout
else:
    elements = later("deeplake.types.elements")
    columnar = later("deeplake.types.data")

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
    primary_key: bool = False
    unique: bool = False

    @property
    def layout(self) -> Layout:
        """How its values are laid out today."""
        return self.type.layout

    @property
    def generation(self) -> int:
        """What frames written today are marked with: 0 until it was widened, then a dtype's code.

        A code says by itself how the frame is laid out, so frames of branches that widened the
        column differently can lie in one table.
        """
        if not self.former:
            return 0
        return elements.CODES[np.dtype(self.type.layout.dtype).name]  # type: ignore[union-attr]

    def layout_of(self, generation: int) -> Layout:
        """How values of a generation are laid out.

        Raises:
            MalformedObjectError: the column does not hold values of that generation.
        """
        today = self.type.layout
        if not generation and not self.former:
            return today
        stored = self._stored(generation)
        if stored is None:
            raise MalformedObjectError(f"column {self.name!r} has no generation {generation}")
        if not _fits(stored, today):
            raise MalformedObjectError(
                f"column {self.name!r} is narrower than some of its values ({stored.dtype})"  # type: ignore[union-attr]
            )
        return today if stored == today else stored

    def holds(self, generation: int) -> bool:
        """Whether values of a generation can be read in the column's type of today."""
        stored = self._stored(generation)
        return stored is not None and _fits(stored, self.type.layout)

    def _stored(self, generation: int) -> Layout | None:
        """How values of a generation are laid out, whether the column holds them or not."""
        today = self.type.layout
        if not generation:
            return self.former[0] if self.former else today
        dtype = elements.NAMES.get(generation)
        if dtype is None or not isinstance(today, FixedLayout):
            return None
        return today._replace(dtype=np.dtype(dtype).newbyteorder("<").str)


def _fits(stored: Layout, today: Layout) -> bool:
    """Whether every value of one layout is one of another."""
    return stored == today or np.can_cast(stored.dtype, today.dtype, "safe")  # type: ignore[union-attr]


class Key(NamedTuple):
    """Columns whose values no two rows may share; a row with NULL in one of them shares nothing."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def ids(self) -> frozenset[int]:
        """The columns' ids."""
        return frozenset(column.column_id for column in self.columns)


def _keys(columns: list[Column]) -> Iterator[Key]:
    primary = tuple(column for column in columns if column.primary_key)
    if primary:
        yield Key(primary)
    for column in columns:
        if column.unique and (column,) != primary:
            yield Key((column,))


def members(constraint: Mapping[str, Any]) -> list[int]:
    """Ids of the columns that a constraint of SQL is about: it needs them all."""
    return [
        *constraint.get("names", {}).values(),
        *constraint.get("columns", ()),
        *constraint.get("unique", ()),
    ]


def _several(schema: TableSchema, columns: list[Column]) -> Iterator[Key]:
    """UNIQUE over several columns, which SQL declares."""
    by_id = {column.column_id: column for column in columns}
    for constraint in schema.sql.get("constraints", {}).values():
        members = constraint.get("unique", ())
        if members and all(column_id in by_id for column_id in members):
            yield Key(tuple(by_id[column_id] for column_id in members))


class Columns:
    """The columns of one schema, in order, by name."""

    __slots__ = ("_by_name", "keys", "schema")

    def __init__(self, schema: TableSchema) -> None:
        self.schema = schema
        self._by_name = {spec.name: _column(spec) for spec in schema.columns}
        self.keys = (*_keys(list(self)), *_several(schema, list(self)))
        """What identifies a row: the primary key, then every unique column."""

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
        found = self._by_name.get(name) if isinstance(name, str) else None
        if found is None:
            raise ColumnNotFoundError(
                f"there is no column {name!r}.", hint=did_you_mean(str(name), self._by_name)
            )
        return found

    def fit(self, values: Mapping[str, Any]) -> tuple[dict[int, ColumnData], int]:
        """User values by column name -> column data by id, and the number of rows.

        A column that is left out has its default, or NULL, in every row. Nothing is changed on
        failure.

        Raises:
            ColumnNotFoundError, RaggedColumnsError, InvalidValueError
        """
        data = {}
        for name, given in values.items():
            data[name] = self.get(name).type.normalise(given, column=name)
        return self.fit_data(data)

    def fit_data(
        self, data: Mapping[str, ColumnData], rows: int | None = None
    ) -> tuple[dict[int, ColumnData], int]:
        """Column data by name -> by id, complete and of equal length.

        Args:
            rows: how many each column is known to have.

        Raises:
            RaggedColumnsError: columns of unequal length.
            NullValueError: NULL in a not_null column.
        """
        if rows is None:
            rows = common_rows(data)
        batch = {}
        for column in self:
            given = data.get(column.name)
            filled = left_out(column, rows) if given is None else given
            if column.not_null and filled.valid is not None and not filled.valid.all():
                from deeplake.types.rows import refusal

                raise refusal(
                    NullValueError,
                    f"{'no value' if given is None else 'NULL'} in a not_null column",
                    column=column.name,
                    row=int(filled.valid.argmin()),
                    hint="Give it a value.",
                )
            batch[column.column_id] = filled
        return batch, rows


def common_rows(data: Mapping[str, ColumnData]) -> int:
    """The number of rows of every column.

    Raises:
        RaggedColumnsError: they have unequal numbers.
    """
    sizes = {name: row_count(column) for name, column in data.items()}
    rows = next(iter(sizes.values()), 0)
    if any(size != rows for size in sizes.values()):
        shown = ", ".join(f"{name}: {size}" for name, size in sizes.items())
        raise RaggedColumnsError(
            f"the columns have unequal numbers of rows: {shown}.",
            hint="Pass as many values for every column; None is NULL.",
        )
    return rows


def _column(spec: ColumnSpec) -> Column:
    type_ = declare.from_json(spec.type)
    default, former = None, tuple([declare.from_json(each).layout for each in spec.former])
    if former and not all(_rows_alike(each, type_.layout) for each in former):
        raise MalformedObjectError(f"column {spec.name!r} was never of a type that its schema says")
    if spec.default is not None:
        from deeplake.types import defaults

        default = defaults.from_json(type_, spec.default, column=spec.name)
    return Column(
        spec.column_id, spec.name, type_, spec.not_null, former, default,
        spec.primary_key, spec.unique,
    )  # fmt: skip


def _rows_alike(former: Layout, layout: Layout) -> bool:
    """Whether rows of one layout can be cast to the other."""
    fixed = isinstance(former, FixedLayout) and isinstance(layout, FixedLayout)
    return fixed and former.shape == layout.shape  # type: ignore[union-attr]


def left_out(column: Column, rows: int) -> ColumnData:
    """What a column holds that no value was given for."""
    if column.default is None:
        return columnar.nulls(column.type.layout, rows)
    return columnar.take_rows(column.default, np.zeros(rows, np.int64))


@lru_cache(64)
def columns_of(schema_block: bytes) -> Columns:
    """The columns of a stored schema; parsed once, since every commit repeats it."""
    return Columns(schemas.decode(schema_block, "a schema"))


def declare_schema(schema: Mapping[str, Any]) -> TableSchema:
    """A user's schema, {name: type or its spelling} -> columns with fresh ids.

    A type written as ('text', 'not_null') or 'text not_null' refuses NULL, likewise 'unique' and
    'primary_key', which implies not_null; so do the columns that the schema of another table lists
    under these names.

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
        check_column_name(name)
        declared, marks = _split_marks(spelling)
        marks |= {mark for mark in MARKS if name in getattr(schema, mark, ())}
        if "primary_key" in marks:
            marks.add("not_null")
        column_id = 0
        while column_id in used or not column_id:
            column_id = int.from_bytes(os.urandom(4), "little")
        used.add(column_id)
        type_ = declare.parse(declared)
        if marks & {"primary_key", "unique"} and not can_be_key(type_):
            raise SchemaError(
                f"column {name!r} is {type_}, which cannot be a key.",
                hint="Keys are numbers, bool, text, blob, uuid, decimal, dates and times.",
            )
        spec = ColumnSpec(column_id, name, declare.to_json(type_))
        marked: dict[str, Any] = dict.fromkeys(marks, True)
        columns.append(spec._replace(**marked))
    return TableSchema(tuple(columns))


def can_be_key(type_: ColumnType) -> bool:
    """Whether equal values of a type have equal bytes, or nearly so, and few of them."""
    layout = type_.layout
    if isinstance(layout, FixedLayout) and not layout.shape:
        return True
    return type_.name in ("text", "blob", "uuid") or type_.name.startswith("decimal(")


def _split_marks(spelling: Any) -> tuple[Any, set[str]]:
    """A type and the words behind it: 'text not_null unique', ('text', 'unique')."""
    if isinstance(spelling, tuple) and spelling and set(spelling[1:]) <= set(MARKS):
        return spelling[0], set(spelling[1:])
    marks: set[str] = set()
    while isinstance(spelling, str):
        found = [
            m for m in MARKS if spelling.endswith((f" {m}", f" {m.upper().replace('_', ' ')}"))
        ]
        if not found:
            break
        marks.update(found)
        spelling = spelling[: -len(found[0]) - 1].rstrip()
    return spelling, marks


def check_column_name(name: object) -> None:
    """Refuse what cannot be the name of a column.

    Raises:
        InvalidNameError
    """
    if not isinstance(name, str) or not name or not name.isprintable():
        raise InvalidNameError(f"{name!r} cannot be a column name: it is not printable text.")
    if len(name.encode("utf-8", "surrogatepass")) > COLUMN_NAME_BYTES_MAX:
        raise InvalidNameError(f"a column name of {len(name)} characters is too long.")
