"""extend_from: a source outside -> staged rows -> one commit, or nothing at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from deeplake.api.progress import bar
from deeplake.api.stand import message_text
from deeplake.errors import CommitUnknownError, InputError, InvalidValueError, SchemaError
from deeplake.ingest import parquet as source
from deeplake.table.columns import Columns, declare_schema
from deeplake.versioning.history import to_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from deeplake.api.session import Session
    from deeplake.ingest.parquet import ParquetFile, Part
    from deeplake.versioning.history import Commit


def extend_from_parquet(
    session: Session,
    parquet: str | os.PathLike[str],
    types: Mapping[str, Any] | None,
    message: str | None,
    progress: bool | None,
    storage_options: Mapping[str, Any] | None,
) -> Commit:
    """Append every row of some Parquet files and commit; on any error nothing is staged.

    A table without schema takes one from the files. A column that a file lacks is NULL there.

    Raises:
        StagedChangesError, ReadOnlyError: before the source is looked at.
        SourceNotFoundError: nothing there.
        InputError: a file that is not Parquet, or is damaged.
        ColumnNotFoundError: a file with a column that the table does not have.
        InvalidValueError: naming file, row and column.
    """
    with session.writing:  # no other thread's rows come between
        return _import(session, parquet, types, message, progress, storage_options)


def _import(
    session: Session,
    parquet: str | os.PathLike[str],
    types: Mapping[str, Any] | None,
    message: str | None,
    progress: bool | None,
    storage_options: Mapping[str, Any] | None,
) -> Commit:
    session.settled("extend_from()")
    session.writable()
    text = "" if message is None else message_text(message)
    typed = Columns(declare_schema(types)) if types else None
    if session.defined:
        _check_types(session.columns, typed)
        names = session.columns.names
    else:
        names = list(types or ())
    files = source.open_files(parquet, storage_options, keep_index=names)
    where = os.fspath(parquet)
    default = f"import {len(files):,} parquet file{'s' if len(files) > 1 else ''} from {where}"
    try:
        if session.defined:
            source.check_columns(files, names)
        else:
            session.create_table(declare_schema(source.infer_schema(files, types or {})))
        with bar("import", sum(file.rows for file in files), progress) as advance:
            _stage(session, files, advance)
        snapshot = session.commit(text or default)
    except CommitUnknownError:
        raise  # it may have landed: what is staged is kept, so that commit() can settle it
    except BaseException:
        session.rollback()  # nothing else was staged: see settled()
        raise
    if snapshot.header is None:
        raise InputError(f"{where} holds no rows.")
    return to_commit(snapshot.header)


def _check_types(columns: Columns, typed: Columns | None) -> None:
    """A table that has a schema keeps it; `types` may repeat it."""
    for wanted in typed or ():
        column = columns.get(wanted.name)
        if column.type != wanted.type:
            raise SchemaError(
                f"types says that {column.name!r} is {wanted.type.name}, but the table has it as "
                f"{column.type.name}.",
                hint="types= is for columns of a new table.",
            )


def _stage(
    session: Session, files: Sequence[ParquetFile], advance: Callable[[int], object]
) -> None:
    columns = session.columns
    for part in source.parts(files):
        try:
            data = {
                name: columns.get(name).type.from_arrow(part.batch.column(k), column=name)
                for k, name in enumerate(part.batch.schema.names)
            }
            fitted, rows = session.fit(data)
        except InvalidValueError as error:
            raise _located(error, part) from error
        session.stage(fitted, rows)
        advance(rows)


def _located(error: InvalidValueError, part: Part) -> InvalidValueError:
    """The same error, with its file and the row's position in it."""
    message = error.message
    if error.row is not None:
        there = error.row + part.first
        message = message.replace(f", row {error.row}:", f", row {there:,}:", 1)
    told = type(error)(f"{part.file}: {message}", hint=error.hint)
    told.row, told.detail = error.row, error.detail
    return told
