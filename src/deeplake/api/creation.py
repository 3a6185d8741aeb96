"""Making a table: at once committed, or found to be there already with the same columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import (
    CommitConflictError,
    CommitUnknownError,
    SchemaError,
    TableExistsError,
)
from deeplake.format.schema import MARKS
from deeplake.table.columns import Columns
from deeplake.types import declare

if TYPE_CHECKING:
    from deeplake.api.session import Session
    from deeplake.format.schema import TableSchema
    from deeplake.table.columns import Column

DIFFERENCES_SHOWN_MAX = 5


def make_table(session: Session, declared: TableSchema | None, *, exist_ok: bool) -> None:
    """Create and commit the session's table; without columns its first rows will.

    Raises:
        TableExistsError: it exists, also if another process made it just now.
        SchemaError: it exists with other columns, though `exist_ok`.
    """
    if session.defined:
        accept_existing(session, declared, exist_ok=exist_ok)
    elif declared is not None:
        session.create_table(declared)
        try:
            session.commit(f"create table {session.table}", automatic=True)
        except CommitUnknownError:
            raise  # it may have landed: commit() settles it
        except CommitConflictError:
            session.rollback()
            session.stand.refresh()
            if session.table not in session.snapshot.entries():
                raise
            accept_existing(session, declared, exist_ok=exist_ok)
        except BaseException:
            session.rollback()
            raise


def accept_existing(session: Session, declared: TableSchema | None, *, exist_ok: bool) -> None:
    """Take the table as it is, if that is what was asked for.

    Raises:
        TableExistsError, SchemaError
    """
    url = session.repository.store.url
    if not exist_ok:
        raise TableExistsError(
            f"table {session.table!r} exists already in {url}.",
            hint="Open it with deeplake.open(...), or pass exist_ok=True.",
        )
    if declared is None:
        return
    found = differences(Columns(declared), session.columns)
    if found:
        more = len(found) - DIFFERENCES_SHOWN_MAX
        shown = found[:DIFFERENCES_SHOWN_MAX] + ([f"{more} more"] if more > 0 else [])
        raise SchemaError(
            f"table {session.table!r} exists already in {url} with other columns: "
            f"{'; '.join(shown)}.",
            hint="Leave the schema out to open it as it is, or name another table.",
        )


def differences(wanted: Columns, found: Columns) -> list[str]:
    """What `found` has otherwise than `wanted`, a phrase for each column; their order is free."""
    asked, there = ({column.name: column for column in columns} for columns in (wanted, found))
    phrases = []
    for name, column in asked.items():
        other = there.get(name)
        if other is None:
            phrases.append(f"{name!r} is not there")
        elif (other.type, _marks(other)) != (column.type, _marks(column)):
            options = other.type.name == column.type.name and other.type != column.type
            there_is, asked_for = (_spelled(each, options=options) for each in (other, column))
            phrases.append(f"{name!r} is {there_is}, not {asked_for}")
    return phrases + [f"{name!r} is there as well" for name in there if name not in asked]


def _marks(column: Column) -> list[str]:
    return [mark for mark in MARKS if getattr(column, mark)]


def _spelled(column: Column, *, options: bool) -> str:
    """As declared; with the options that a spelling leaves out where only they differ."""
    words = [column.type.name, *_marks(column)]
    if options:
        words.append(str({k: v for k, v in declare.to_json(column.type).items() if k != "type"}))
    return " ".join(words)
