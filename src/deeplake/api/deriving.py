"""A view as a branch of its own: exactly its rows and columns, by reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.api.stand import author_name, message_text, unrestricted
from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.format.keys import check_name
from deeplake.query.expression import Column
from deeplake.query.located import located
from deeplake.query.statement import run
from deeplake.sql.declared import with_constraint
from deeplake.table.columns import declare_schema, members
from deeplake.table.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from deeplake.api.query_view import Question
    from deeplake.format.schema import TableSchema
    from deeplake.query.statement import Statement
    from deeplake.table.columns import Columns
    from deeplake.versioning.refs import Branch

    Positions = npt.NDArray[np.int64]


def to_branch(question: Question, name: str, message: str | None) -> str:
    """Make a branch whose one commit has the view's rows and columns; see `QueryView.to_branch`.

    The commit is there before the branch can be found: nobody ever sees it with other rows.
    """
    unrestricted(question.repository, "to_branch()")  # whole fragments are in it, by reference
    check_name(name, "branch")
    if question.elsewhere:
        raise UnsupportedQueryError(
            "a branch is made of the version that the handle stands on, and this view reads "
            f"{question.elsewhere[0]!r}.",
            hint="Open that version and query it there.",
        )
    found = located(question.statement)
    if found is None:
        raise UnsupportedQueryError(
            "a branch holds rows of one table, and the rows of this view are none: it joins, "
            "groups or combines.",
            hint="Write its rows into a table of their own.",
        )
    statement, table = found
    view = question.tables[table]
    columns = _columns(question.statement)
    kept = _positions(question, statement)
    told = message_text(message if message is not None else f"view: {question.text}"[:1000])
    repository, snapshot = question.repository, question.snapshot
    gone = np.ones(view.rows, np.bool_)
    gone[kept] = False

    def fill(branch: Branch) -> None:
        transaction = Transaction(repository, branch, snapshot)
        transaction.derived = True
        transaction.evolve(view.name, lambda _, now: _narrowed(now, columns))
        _released(transaction, view.name)
        if gone.any():
            transaction.delete(view.name, np.flatnonzero(gone))
        if transaction.staged:
            transaction.commit(told, author_name())

    repository.create_filled_branch(name, snapshot, fill)
    return name


def _positions(question: Question, statement: Statement) -> Positions:
    rows = [
        batch.column(len(statement.query.outputs) - 1)
        for batch in run(statement, question.tables, question.values).batches()
    ]
    parts = [np.asarray(array.to_numpy(zero_copy_only=False), np.int64) for array in rows]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _columns(statement: Statement) -> dict[str, str]:
    """Label -> column of the table, for each column of a view."""
    names = {
        (scan.number, column.name): column.column
        for scan in statement.scans
        for column in scan.columns
    }
    found: dict[str, str] = {}
    for output in statement.query.outputs:
        expression = output.expression
        if not isinstance(expression, Column):
            raise UnsupportedQueryError(
                f'column "{output.label}" of the view is computed; a branch holds columns of the '
                "table by reference.",
                hint="Leave it out, or add it to the table first.",
            )
        if output.label in found:
            raise QueryError(f'the view has two columns "{output.label}".', sqlstate="42701")
        found[output.label] = names[expression.relation, expression.name]
    if len(set(found.values())) < len(found):
        raise QueryError("a column of the table is in the view twice.", sqlstate="42701")
    return found


def _narrowed(now: Columns, wanted: dict[str, str]) -> TableSchema:
    """The schema with some columns, in the view's order and by its labels."""
    specs = {spec.name: spec for spec in now.schema.columns}
    declare_schema({label: now.get(column).type for label, column in wanted.items()})
    kept = [specs[column]._replace(name=label) for label, column in wanted.items()]
    gone = [spec for spec in now.schema.columns if spec.name not in wanted.values()]
    if any(spec.primary_key for spec in gone):
        kept = [spec._replace(primary_key=False) for spec in kept]
    dropped = (*now.schema.dropped, *(spec.column_id for spec in gone))
    narrowed = now.schema._replace(columns=tuple(kept), dropped=dropped)
    ids = {spec.column_id for spec in gone}
    return _unconstrained(narrowed, lambda found: ids.intersection(members(found)))


def _unconstrained(schema: TableSchema, goes: Callable[[Mapping[str, Any]], object]) -> TableSchema:
    """The schema without some constraints: rows could not be held against columns that are gone."""
    for name, found in list(schema.sql.get("constraints", {}).items()):
        if goes(found):
            schema = with_constraint(schema, name, None)
    return schema


def _released(transaction: Transaction, table: str) -> None:
    """Leave out references of other tables to columns that the view has not."""
    own, now = transaction.table_id(table), transaction.columns(table)
    there = {column.column_id for column in now}

    def goes(found: Mapping[str, Any]) -> bool:
        return found.get("references") == own and not there.issuperset(found["to"])

    for table_id in map(int, now.schema.sql.get("referenced_by", {})):
        child = transaction.name_of(table_id)
        if child is not None and any(
            map(goes, transaction.columns(child).schema.sql.get("constraints", {}).values())
        ):
            transaction.evolve(child, lambda _, its: _unconstrained(its.schema, goes))
