"""append and extend: user rows -> fitted batches -> the session's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import InputError, SchemaError
from deeplake.ingest.rows import batches
from deeplake.table.columns import declare_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deeplake.api.session import Session


def append(session: Session, row: Mapping[str, Any]) -> None:
    """Stage one row.

    Raises:
        InputError: it is no mapping, or empty; or any error of its values.
    """
    if not hasattr(row, "keys"):
        raise InputError(
            f"a row is {{column: value}}, not {type(row).__name__}.", hint="extend() takes many."
        )
    if not row:
        raise InputError("the row is empty.", hint="Pass at least one column.")
    _stage(session, {name: [value] for name, value in row.items()})


def extend(session: Session, rows: Any) -> int:
    """Stage many rows; all of them or, if anything raises, none. Returns how many."""
    session.writable()
    source = batches(rows)
    before = session.rows
    if not session.defined:
        first = next(source, None)
        if first is None:
            return 0
        _define(session, first)
        try:
            session.stage_atomically(lambda: _stage_all(session, first, source))
        except BaseException:
            session.rollback()  # the schema came from these rows
            raise
    else:
        session.stage_atomically(lambda: _stage_all(session, None, source))
    return session.rows - before


def _stage_all(session: Session, first: Any, source: Any) -> None:
    if first is not None:
        _stage(session, first)
    for batch in source:
        _stage(session, batch)


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
        found = {}
        for name, values in batch.items():
            try:
                found[name] = infer(values)
            except SchemaError as error:
                raise SchemaError(f"column {name!r}: {error.message}", hint=error.hint) from None
        return found
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
    columns = session.columns
    if isinstance(batch, dict):
        fitted, rows = columns.fit(batch)
    else:
        data = {}
        for name in batch.column_names:
            column = columns.get(name)
            data[name] = column.type.from_arrow(batch.column(name), column=name)
        fitted, rows = columns.fit_data(data)
    if rows:
        session.stage(fitted, rows)
