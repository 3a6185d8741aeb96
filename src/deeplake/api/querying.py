"""query() and filter(): a statement over pinned tables as a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.api.query_view import QueryView, Question
from deeplake.errors import InputError, UnsupportedQueryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.api.session import Session
    from deeplake.api.stand import Stand
    from deeplake.query.table_view import TableView
    from deeplake.sql.parameters import Parameters

THIS = "this"
"""What a dataset is called in its own queries, beside its name."""


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

    if not isinstance(text, str):
        raise InputError(f"a query is text, not {type(text).__name__}.")
    prepared = number(text, parameters)
    kind, node = parse(prepared.text)
    if kind != "select_stmt":
        raise UnsupportedQueryError(
            f"{kind.removesuffix('_stmt').upper()} is no view.", hint="Use db.execute(...)."
        )
    catalog = PinnedTables(stand, this)
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


class PinnedTables:
    """The tables of a stand as they are now, for good; see `sql.binding.Catalog`."""

    def __init__(self, stand: Stand, this: Session | None) -> None:
        self._stand = stand
        self._this = this

    def table(self, name: str, schema: str | None) -> TableView | None:
        """See `Catalog`."""
        if schema not in (None, "public"):
            return None
        session = self._stand.table(name)
        if not session.defined and name == THIS:
            session = self._this or session
        return session.pinned().view() if session.defined else None

    def names(self) -> Sequence[str]:
        """See `Catalog`."""
        known: list[Any] = [*self._stand.snapshot.entries()]
        return [*known, THIS] if self._this is not None else known
