"""query() and filter(): a statement over pinned tables as a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.api.catalog import THIS, Tables
from deeplake.api.database import database_of
from deeplake.api.query_view import QueryView, Question
from deeplake.errors import InputError, UnsupportedQueryError

if TYPE_CHECKING:
    from deeplake.api.session import Session
    from deeplake.api.stand import Stand
    from deeplake.sql.parameters import Parameters


def query(
    stand: Stand, text: str, parameters: Parameters, this: Session | None = None
) -> QueryView:
    """A SELECT as a view of the commit that the handle stands on, staged rows included.

    Args:
        stand: where.
        text: the statement.
        parameters: a sequence for %s or $1, a mapping for :name.
        this: the table that is called `this`.

    Raises:
        QueryError, UnsupportedQueryError, TableNotFoundError: nothing was read yet.
    """
    from deeplake.sql.parameters import number
    from deeplake.sql.parse import parse
    from deeplake.sql.select import bind_select
    from deeplake.sql.versions import resolve

    if not isinstance(text, str):
        raise InputError(f"a query is text, not {type(text).__name__}.")
    prepared = number(text, parameters)
    kind, node = parse(prepared.text)
    if kind != "select_stmt":
        raise UnsupportedQueryError(
            f"{kind.removesuffix('_stmt').upper()} is no view.", hint="Use db.execute(...)."
        )
    catalog = Tables(database_of(stand), this, pinned=True)
    resolve(prepared.text, node, prepared.values, catalog)
    statement, tables = bind_select(prepared.text, node, catalog, prepared.values)
    return QueryView(Question(text, statement, tables, prepared.values, stand))


def filtered(session: Session, condition: str, parameters: Parameters) -> QueryView:
    """The rows of a table for which a condition is true.

    Raises:
        QueryError, UnsupportedQueryError
    """
    if not isinstance(condition, str) or not condition.strip():
        raise InputError(
            f"a condition is text such as 'rating >= 4', got {condition!r}.",
        )
    text = f"SELECT * FROM {THIS} WHERE {condition}"  # noqa: S608 - parsed: one SELECT or refused
    return query(session.stand, text, parameters, session)
