"""What a column holds that a statement gives no value for: sequences, constants, expressions."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from deeplake.errors import QueryError
from deeplake.query.declared_kind import kind_of_column
from deeplake.sql import assign
from deeplake.sql.declared import entry
from deeplake.types.data import nulls, take_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from deeplake.query.kinds import Kind
    from deeplake.sql.target import Target
    from deeplake.table.columns import Column, Columns
    from deeplake.types.base import ColumnData

    Numbers = npt.NDArray[np.int64]


class Numbering(Protocol):
    """Who hands out numbers of sequences."""

    def numbers(self, sequence: Mapping[str, Any], count: int) -> Numbers:
        """The next numbers of a sequence."""


def has_default(columns: Columns, column: Column) -> bool:
    """Whether a row without a value for a column gets one that SQL declared."""
    declared = entry(columns.schema, column.column_id)
    return "default" in declared or "sequence" in declared


def filled(
    columns: Columns, data: Mapping[str, ColumnData], rows: int, numbering: Numbering
) -> dict[str, ColumnData]:
    """Data of some columns, with those that SQL has defaults for."""
    found = dict(data)
    if "columns" in columns.schema.sql:
        for column in columns:
            if column.name not in found and has_default(columns, column):
                found[column.name] = of(columns, column, rows, numbering)
    return found


def complete(target: Target, data: Mapping[str, ColumnData], rows: int) -> dict[int, ColumnData]:
    """A batch of every column by id, of rows for which some columns are given.

    Raises:
        NullValueError: NULL, or nothing, in a not_null column.
    """
    columns = target.columns
    whole = filled(columns, data, rows, target)
    if not whole:
        whole = {column.name: of(columns, column, rows, target) for column in columns}
    return columns.fit_data(whole)[0]


def of(columns: Columns, column: Column, rows: int, numbering: Numbering) -> ColumnData:
    """The default of a column, for so many rows."""
    declared = entry(columns.schema, column.column_id)
    if "sequence" in declared:
        return column.type.normalise(
            numbering.numbers(declared["sequence"], rows), column=column.name
        )
    if "default" not in declared:
        if column.default is None:
            return nulls(column.layout, rows)
        return take_rows(column.default, np.zeros(rows, np.int64))
    kind = kind_of_column(columns, column)
    given = evaluated(declared["default"], kind, rows)
    return column.type.normalise(assign.values(given, kind, column), column=column.name)


def evaluated(text: str, kind: Kind, rows: int) -> list[Any]:
    """The values of a default expression; one that is volatile is asked once a row."""
    python = _compiled(text)
    if python == "now":
        return [dt.datetime.now(dt.UTC)] * rows
    if python == "today":
        return [dt.datetime.now(dt.UTC).date()] * rows
    if python == "uuid":
        from uuid import uuid4

        return [uuid4() for _ in range(rows)]
    if python is not None:
        return [python[0]] * rows
    return _by_engine(text, kind, rows)


_FUNCTIONS = {
    "now": "now",
    "transaction_timestamp": "now",
    "statement_timestamp": "now",
    "clock_timestamp": "now",
    "gen_random_uuid": "uuid",
    "uuid_generate_v4": "uuid",
}
_WORDS = {
    "SVFOP_CURRENT_TIMESTAMP": "now",
    "SVFOP_LOCALTIMESTAMP": "now",
    "SVFOP_CURRENT_DATE": "today",
}


@lru_cache(256)
def _compiled(text: str) -> Any:
    """A word, (value,) of a constant, or None of what only the engine can tell."""
    from deeplake.sql.parse import enum_name, inner, names, parse

    _, node = parse(f"SELECT {text}")
    kind, value = inner(node.target_list[0].res_target.val)
    if kind == "func_call" and not value.args:
        return _FUNCTIONS.get(names(value.funcname)[-1])
    if kind == "sqlvalue_function":
        return _WORDS.get(enum_name(value, "op"))
    if kind == "type_cast":
        kind, value = inner(value.arg)
        if kind != "a_const" or value.WhichOneof("val") != "sval":
            return None  # '…'::type is a literal of the column's kind, or close to it
        if inner(node.target_list[0].res_target.val)[1].type_name.typmods:
            return None
    if kind == "a_const":
        from deeplake.sql.cells import constant

        return (constant(value),)
    return None


def _by_engine(text: str, kind: Kind, rows: int) -> list[Any]:
    from deeplake.sql.computed import compute

    values, volatile = compute(text, kind, rows)
    return values if volatile else values * rows


def check(text: str, kind: Kind, column: Column) -> None:
    """Refuse a default that is none of its column, when it is declared.

    Raises:
        QueryError: 42804, 22P02, 42P10 …
    """
    from deeplake.sql.parse import parse

    _, node = parse(f"SELECT {text}")
    if "column_ref" in str(node):
        raise QueryError(
            f'the default of column "{column.name}" refers to a column.', sqlstate="0A000"
        )
    column.type.normalise(assign.values(evaluated(text, kind, 1), kind, column), column=column.name)


__all__: Sequence[str] = ["check", "complete", "evaluated", "filled", "has_default", "of"]
