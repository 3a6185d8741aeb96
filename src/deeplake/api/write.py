"""append and extend: user rows -> fitted batches -> the session's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import InputError, InvalidValueError
from deeplake.ingest.rows import batches
from deeplake.table.columns import declare_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deeplake.api.session import Session

STAGE_ROWS = 2048
"""Rows fitted at a time: the disk stores one pack while the next is being encoded."""


def append(session: Session, row: Mapping[str, Any]) -> None:
    """Stage one row.

    Raises:
        InputError: it is no mapping, or empty; or any error of its values.
    """
    if not hasattr(row, "keys"):
        raise InputError(
            f"a row is {{column: value}}, not {type(row).__name__}.", hint="extend() takes many."
        )
    if not len(row):  # a pandas Series has no truth value
        raise InputError("the row is empty.", hint="Pass at least one column.")
    with session.writing:
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
    _define(session, first)
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
    except InvalidValueError as error:
        raise _at_row(error, session.rows - start) from error.__cause__


def _define(session: Session, batch: Any) -> None:
    """Give the table the schema that its first rows suggest."""
    session.create_table(declare_schema(infer_schema(batch)))


def infer_schema(batch: Any) -> dict[str, Any]:
    """Column name -> type, from a batch's values or Arrow schema.

    Raises:
        SchemaError: a column with nothing but NULL.
    """
    from deeplake.types.infer import infer, infer_arrow

    if isinstance(batch, dict):
        return {name: infer(values, column=name) for name, values in batch.items()}
    return {field.name: infer_arrow(field.type, field) for field in batch.schema}


def _stage(session: Session, batch: Any) -> None:
    """Fit a batch to the columns, then stage it."""
    if not session.defined:
        _define(session, batch)
        try:
            _stage(session, batch)
        except BaseException:
            session.rollback()
            raise
        return
    if isinstance(batch, dict):
        _stage_columns(session, batch)
    else:
        for at in range(0, batch.num_rows, STAGE_ROWS):
            _stage_arrow(session, batch.slice(at, STAGE_ROWS))


def _stage_columns(session: Session, batch: dict[str, Any]) -> None:
    """Fit and stage a few thousand rows at a time, so that packs are stored meanwhile."""
    columns = session.columns
    sizes = {_sliceable_rows(values) for values in batch.values()}
    rows = sizes.pop() if len(sizes) == 1 else 0
    if rows <= STAGE_ROWS:
        session.stage(*columns.fit(batch))
        return
    for at in range(0, rows, STAGE_ROWS):
        part = {name: values[at : at + STAGE_ROWS] for name, values in batch.items()}
        session.stage(*columns.fit(part))


def _sliceable_rows(values: Any) -> int:
    """Rows of a column that is cut without a copy or a surprise; 0 of any other."""
    if isinstance(values, np.ndarray):
        return len(values) if values.ndim else 0
    return len(values) if isinstance(values, list | tuple) else 0


def _at_row(error: InvalidValueError, first: int) -> InvalidValueError:
    """The same error with the row's position in all that was given to `extend`."""
    if error.row is None or not first:
        return error
    told = error.message.replace(f", row {error.row}:", f", row {error.row + first}:", 1)
    moved = type(error)(told, hint=error.hint)
    moved.row, moved.detail = error.row + first, error.detail
    return moved


def _stage_arrow(session: Session, batch: Any) -> None:
    data = {}
    for k, name in enumerate(batch.column_names):
        if name in data:
            raise InputError(f"the table has two columns named {name!r}.", hint="Rename one.")
        column = session.columns.get(name)
        data[name] = column.type.from_arrow(batch.column(k), column=name)
    session.stage(*session.columns.fit_data(data))
