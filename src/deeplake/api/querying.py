"""query() and filter(): a statement over pinned tables as a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.api.catalog import THIS, Tables
from deeplake.api.database import database_of
from deeplake.api.filtering import check_condition
from deeplake.api.query_view import QueryView, Question
from deeplake.api.stand import Stand
from deeplake.errors import InputError, UnsupportedQueryError
from deeplake.versioning.history import open_commit

if TYPE_CHECKING:
    from deeplake.api.session import Session
    from deeplake.sql.parameters import Parameters, Prepared


def query(
    stand: Stand,
    text: str,
    parameters: Parameters,
    this: Session | None = None,
    before: str = "",
) -> QueryView:
    """A SELECT as a view of the commit that the handle stands on, staged rows included.

    Args:
        stand: where.
        text: the statement.
        parameters: a sequence for %s or $1, a mapping for :name.
        this: the table that is called `this`.
        before: the beginning of the text that is none of the user's.

    Raises:
        QueryError, UnsupportedQueryError, TableNotFoundError: nothing was read yet.
    """
    from deeplake.sql.parameters import number, placed

    stand.not_closed()
    if not isinstance(text, str):
        raise InputError(f"a query is text, not {type(text).__name__}.")
    prepared = number(text, parameters)
    with placed(text, parameters, before):
        return _bound(stand, prepared, this)


def _bound(stand: Stand, prepared: Prepared, this: Session | None) -> QueryView:
    from deeplake.sql.parse import parse
    from deeplake.sql.whole import bind_whole

    kind, node = parse(prepared.text)
    if kind != "select_stmt":
        raise UnsupportedQueryError(
            f"{kind.removesuffix('_stmt').upper()} is no view.", hint="Use db.execute(...)."
        )
    catalog = Tables(database_of(stand), this, pinned=True)
    statement, tables, _ = bind_whole(prepared.text, node, catalog, prepared.values)
    name = None if this is None else this.table
    question = Question(
        prepared.text, statement, tables, prepared.values, stand, name, catalog.elsewhere
    )
    return QueryView(question)


def filtered(session: Session, condition: str, parameters: Parameters) -> QueryView:
    """The rows of a table for which a condition is true.

    Raises:
        QueryError, UnsupportedQueryError
    """
    from deeplake.sql import where
    from deeplake.sql.parameters import placed

    check_condition(condition)
    with placed(where.BEFORE + condition, parameters, where.BEFORE):
        where.condition_of(condition, parameters)  # and nothing after it
    before = f"SELECT * FROM {THIS} WHERE "  # noqa: S608 - parsed: one SELECT, or refused
    return query(session.stand, before + condition, parameters, session, before)


def save_view(stand: Stand, name: str, view: QueryView, *, replace: bool) -> None:
    """See `Versioned.save_view`."""
    from deeplake.sql.stored_values import to_json
    from deeplake.versioning import saved

    if not isinstance(view, QueryView):
        raise InputError(
            f"a view that is saved comes of query() or filter(), not {type(view).__name__}."
        )
    view.settled("save_view()")
    question = view.question
    if question.repository.objects.store.url != stand.repository.objects.store.url:
        raise InputError("the view is one of another repository.")
    commit = question.snapshot.commit_id
    if commit is None or view.partial:
        raise InputError(
            "only a whole view of a commit can be saved.",
            hint="Say the part in the query: two conditions as '(a > 1) AND (b > 2)'.",
        )
    if question.elsewhere:
        raise UnsupportedQueryError(
            f"a saved view is of one commit, and this one reads {question.elsewhere[0]!r}.",
            hint="Open that version and query it there.",
        )
    parameters = [to_json(value) for value in question.values]
    document = saved.SavedView(name, commit, question.text, parameters, question.this)
    saved.save_view(stand.repository.objects, document, replace=replace)


def load_view(stand: Stand, name: str) -> QueryView:
    """See `Versioned.load_view`."""
    from deeplake.sql.stored_values import from_json
    from deeplake.versioning import saved

    found = saved.load_view(stand.repository.objects, name)
    snapshot = open_commit(stand.repository.objects, found.commit_id)
    there = Stand(stand.repository, snapshot, None)
    values = [from_json(value) for value in found.parameters]
    this = None if found.table is None else there.table(found.table)
    return query(there, found.statement, values, this)
