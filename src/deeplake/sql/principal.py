"""A principal: who reads, with a condition of SQL for each table that it may see rows of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import (
    InputError,
    PolicyError,
    QueryError,
    UnsupportedQueryError,
    close,
)
from deeplake.query.expression import Aggregate, Call, Subquery, walk
from deeplake.sql import tree
from deeplake.sql.computed import NoTables
from deeplake.sql.evaluate import TARGET, Overlaid, answers, joined, once
from deeplake.sql.parameters import has_parameters, placed
from deeplake.sql.select import bind_select
from deeplake.sql.where import BEFORE, condition_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from deeplake.query.table_view import TableView

    Positions = npt.NDArray[np.int64]


class Principal:
    """Who reads; see `query.policy.Principal`.

    Args:
        policies: table -> the condition that a row must meet to be seen: "tenant = 'a'", "true".
            Of a table that is not named nothing is seen.

    Raises:
        InputError, QuerySyntaxError, QueryError: they are none, before anything is read.
    """

    def __init__(self, policies: Mapping[str, str]) -> None:
        if not hasattr(policies, "items"):
            raise InputError(
                f"policies are {{table: condition}}, not {type(policies).__name__}.",
                hint="For example {'photos': \"tenant = 'a'\"}.",
            )
        for table, text in policies.items():
            if not isinstance(table, str) or not isinstance(text, str) or not text.strip():
                raise InputError(
                    f"a policy is a table's name and a condition, not {table!r}: {text!r}.",
                    hint="'true' shows all rows of a table.",
                )
        self._texts = dict(policies)
        for table, text in self._texts.items():
            _check(table, text)

    def __reduce__(self) -> tuple[Any, ...]:
        return Principal, (self._texts,)

    def visible(self, view: TableView) -> Positions:
        """Positions of the rows that may be seen, ascending.

        Raises:
            PolicyError: the table is not named, or the condition fails on a row.
            QueryError: the condition does not fit its columns.
        """
        text = self._texts.get(view.name)
        if text is None:
            raise self._unnamed(view.name)
        _, where, _ = condition_of(text, None)
        select = tree.select([], [tree.table(TARGET, view.name)], where)
        catalog = Overlaid(_Alone(), {TARGET: view})
        try:
            statement, _ = bind_select("", select, catalog, ())
        except QueryError as error:
            _blame(error, view.name)
            raise
        _refuse(text, getattr(statement.query, "condition", None))
        failed = None
        try:
            found = joined(answers("", select, catalog, (), [], [view]))
        except QueryError as error:
            failed = error.sqlstate
        if failed is not None:  # raised here, without what failed: that quotes values of the row
            raise PolicyError(
                f"the policy {text!r} fails on a row of table {view.name!r}: SQLSTATE {failed}.",
                hint="A policy must have an answer for every row, as with CASE or coalesce().",
            )
        return np.zeros(0, np.int64) if found is None else once(found).positions

    def _unnamed(self, table: str) -> PolicyError:
        """The error for a table that no policy names."""
        named = ", ".join(map(repr, self._texts))
        near = close(table, self._texts)
        return PolicyError(
            f"this handle may see no rows of table {table!r}: none of its policies names the "
            f"table; {f'they name {named}' if named else 'there are none'}.",
            hint=f"Did you mean {table!r} by {near!r}?"
            if near is not None
            else f"Add policies={{{table!r}: 'a condition'}}; 'true' is all rows.",
        )


class _Alone(NoTables):
    """A catalog of nothing: a policy refers to its own table only."""

    def hint(self, name: str) -> str:
        """See `Catalog`."""
        del name
        return "A policy is a condition over the columns of its own table."


def _check(table: str, text: str) -> None:
    """Refuse what is no condition, or one with parameters.

    Raises:
        QuerySyntaxError, QueryError
    """
    if has_parameters(BEFORE + text):
        raise QueryError(
            f"the policy of table {table!r} takes no parameters.",
            hint="Write the value into the condition: \"tenant = 'a'\".",
            sqlstate="07001",
        )
    try:
        with placed(BEFORE + text, None, BEFORE):
            condition_of(text, None)
    except QueryError as error:
        _blame(error, table)
        raise


def _blame(error: QueryError, table: str) -> None:
    """Say whose fault it is: whoever asks may never have seen the condition."""
    error.message = f"the policy of table {table!r}: {error.message}"
    error.args = (error.message,)


def _refuse(text: str, condition: Any) -> None:
    """Refuse what is not a matter of the row alone: its answer would be kept while it changes.

    Raises:
        UnsupportedQueryError
    """
    for part in walk(condition) if condition is not None else ():
        volatile = isinstance(part, Call) and (part.volatile or "now()" in part.template)
        if volatile or isinstance(part, Subquery | Aggregate):
            raise UnsupportedQueryError(
                f"the policy {text!r} asks for more than its row: the time, a random number or "
                "another query.",
                hint="A policy is a condition over the columns of its table.",
            )


__all__ = ["Principal"]
