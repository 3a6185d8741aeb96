"""append and extend: user rows -> fitted batches -> the session's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import InputError, InvalidValueError, SchemaError, UniqueViolationError
from deeplake.ingest.rows import Ragged, batches
from deeplake.table.columns import declare_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deeplake.api.session import Session
    from deeplake.table.columns import Columns
    from deeplake.types.base import ColumnData, ColumnType

STAGE_ROWS = 2048
"""Rows fitted at a time: the disk stores one pack while the next is being encoded."""


def append(session: Session, row: Mapping[str, Any]) -> None:
    """Stage one row.

    Raises:
        InputError: it is no mapping, or empty; or any error of its values.
    """
    session.writable()  # before defaults of the row use up numbers of a sequence
    if not hasattr(row, "keys"):
        raise InputError(
            f"a row is {{column: value}}, not {type(row).__name__}.", hint="extend() takes many."
        )
    if not len(row):  # a pandas Series has no truth value
        raise InputError("the row is empty.", hint="Pass at least one column.")
    with session.writing:
        if session.defined:
            columns = session.columns
            session.stage(*session.fit(_row_data(columns, row), 1))
        else:
            _stage(session, {name: [value] for name, value in row.items()})


def extend(session: Session, rows: Any) -> int:
    """Stage many rows; all of them or, if anything raises, none. Returns how many."""
    session.writable()
    source = batches(rows)
    with session.writing:
        before = session.rows
        if session.defined:
            session.stage_atomically(lambda: _stage_all(session, None, source))
        else:
            first = next(source, None)
            if first is not None:
                _define_and_stage(session, first, source)
        return session.rows - before


def _define_and_stage(session: Session, first: Any, source: Any) -> None:
    define(session, first)
    try:
        session.stage_atomically(lambda: _stage_all(session, first, source))
    except BaseException:
        session.rollback()  # the schema came from these rows
        raise


def _stage_all(session: Session, first: Any, source: Any) -> None:
    start = session.rows
    try:
        if first is not None:
            _stage(session, first)
        for batch in source:
            _stage(session, batch)
    except (InvalidValueError, UniqueViolationError) as error:
        raise _at_row(error, session.rows - start) from error.__cause__


def define(session: Session, batch: Any) -> None:
    """Give the table the schema that its first rows suggest."""
    session.create_table(declare_schema(infer_schema(batch)))


def infer_schema(batch: Any) -> dict[str, Any]:
    """Column name -> type, from a batch's values or Arrow schema.

    Raises:
        SchemaError: a column with nothing but NULL, or that no column type holds.
    """
    if not isinstance(batch, dict):
        return {field.name: _of_arrow(field.name, field.type, field) for field in batch.schema}
    from deeplake.types.infer import infer

    return {
        name: _of_arrow(name, values.type) if _is_arrow(values) else infer(values, column=name)
        for name, values in batch.items()
    }


def _of_arrow(name: str, type_: Any, field: Any = None) -> ColumnType:
    from deeplake.types.infer import infer_arrow

    try:
        return infer_arrow(type_, field)
    except SchemaError as error:
        raise SchemaError(f"column {name!r}: {error.message}", hint=error.hint) from error


def _is_arrow(values: Any) -> bool:
    """Whether a column is a `pyarrow.Array` or `ChunkedArray`; asked without importing pyarrow."""
    return hasattr(values, "to_pylist") and hasattr(values, "type")


def _stage(session: Session, batch: Any) -> None:
    """Fit a batch to the columns, then stage it."""
    if not session.defined:
        define(session, batch)
        try:
            _stage(session, batch)
        except BaseException:
            session.rollback()
            raise
        return
    for part in sliced(batch):
        _stage_part(session, part)


def sliced(batch: Any, rows_max: int = STAGE_ROWS) -> Iterator[dict[str, Any]]:
    """A batch as columns, a few thousand rows at a time, so that packs are stored meanwhile."""
    if not isinstance(batch, dict):
        for at in range(0, batch.num_rows, rows_max):
            yield _arrow_columns(batch.slice(at, rows_max))
        return
    sizes = {_sliceable_rows(values) for values in batch.values()}
    rows = sizes.pop() if len(sizes) == 1 else 0
    if rows <= rows_max:
        yield batch
        return
    for at in range(0, rows, rows_max):
        part = {name: values[at : at + rows_max] for name, values in batch.items()}
        if isinstance(batch, Ragged):
            part = Ragged(part)
            part.named = {name: mask[at : at + rows_max] for name, mask in batch.named.items()}
        yield part


def _stage_part(session: Session, part: dict[str, Any]) -> None:
    data = as_data(session.columns, part)
    if isinstance(part, Ragged):
        from deeplake.api.left_out import with_defaults

        data = with_defaults(session, data, part.named)
    session.stage(*session.fit(data))


def as_data(columns: Columns, part: dict[str, Any]) -> dict[str, ColumnData]:
    """User values by column name -> column data by name.

    Raises:
        ColumnNotFoundError, InvalidValueError
    """
    data = {}
    for name, values in part.items():
        type_ = columns.get(name).type
        read = type_.from_arrow if _is_arrow(values) else type_.normalise
        data[name] = read(values, column=name)
    return data


def _row_data(columns: Columns, row: Mapping[str, Any]) -> dict[str, ColumnData]:
    """One row's values as column data by name.

    Raises:
        ColumnNotFoundError, InvalidValueError
    """
    data: dict[str, ColumnData] = {}
    for name, value in row.items():
        type_ = columns.get(name).type
        plain = type_.single(value, column=name)
        data[name] = type_.normalise([value], column=name) if plain is None else plain
    return data


def _sliceable_rows(values: Any) -> int:
    """Rows of a column that is cut without a copy or a surprise; 0 of any other."""
    if isinstance(values, np.ndarray):
        return len(values) if values.ndim else 0
    return len(values) if isinstance(values, list | tuple) or _is_arrow(values) else 0


def _at_row(error: InputError, first: int) -> InputError:
    """The same error with the row's position in all that was given to `extend`."""
    return error if error.row is None or not first else renumbered(error, error.row + first)


def renumbered(error: InputError, row: int) -> InputError:
    """The same error of another row: a batch may be part of what the caller gave."""
    told = error.message.replace(f", row {error.row}:", f", row {row}:", 1)
    moved = type(error)(told, hint=error.hint)
    moved.__dict__.update({**error.__dict__, "message": told, "row": row})
    return moved


def _arrow_columns(batch: Any) -> dict[str, Any]:
    part: dict[str, Any] = {}
    for k, name in enumerate(batch.column_names):
        if name in part:
            raise InputError(f"the table has two columns named {name!r}.", hint="Rename one.")
        part[name] = batch.column(k)
    return part
