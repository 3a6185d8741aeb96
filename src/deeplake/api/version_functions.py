"""deeplake_branch('x'), deeplake_merge('x') … as statements: SELECT of one call, and nothing else.

They change what the handle stands on or the history, so they are no expressions of a query: a
statement that is more than the call is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.sql.parse import inner, names
from deeplake.sql.versions import text_argument

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deeplake.api.database import Database


def version_call(database: Database, text: str, node: Any, values: Sequence[Any]) -> str | None:
    """Run the call if a SELECT is one; returns what it gives, None if it is another statement.

    Raises:
        QueryError, UnsupportedQueryError: wrong arguments, or the call is part of a query.
    """
    if "deeplake_" not in text.lower():
        return None
    calls = [inner(target.res_target.val) for target in node.target_list]
    called = [names(v.funcname)[-1] for kind, v in calls if kind == "func_call"]
    if not any(name in _FUNCTIONS for name in called):
        return None
    name = called[0]
    if len(calls) > 1 or node.from_clause or node.HasField("where_clause"):
        raise UnsupportedQueryError(
            f"{name}() is a statement of its own, not part of a query.",
            hint=f"Execute SELECT {name}(…) alone.",
        )
    low, high, run = _FUNCTIONS[name]
    arguments = [text_argument(name, argument, values) for argument in calls[0][1].args]
    if not low <= len(arguments) <= high:
        raise QueryError(
            f"{name}() takes {low if low == high else f'{low} to {high}'} arguments, not "
            f"{len(arguments)}.",
            sqlstate="42883",
        )
    return run(database, *arguments)


def label_of_call(node: Any) -> str:
    """What the one column of such a statement is called."""
    target = node.target_list[0].res_target
    return target.name or names(target.val.func_call.funcname)[-1]


def _branch(database: Database, name: str, at: str | None = None) -> str:
    return database.branch(name, at)


def _checkout(database: Database, name: str) -> str:
    database.checkout(name)
    return name


def _merge(database: Database, source: str, into: str | None = None) -> str:
    return database.merge(source, into=into).id


def _revert(database: Database, commit: str) -> str:
    return database.revert(commit).id


def _tag(database: Database, name: str, at: str | None = None) -> str:
    return database.tag(name, at)


_FUNCTIONS: dict[str, tuple[int, int, Callable[..., str]]] = {
    "deeplake_branch": (1, 2, _branch),
    "deeplake_checkout": (1, 1, _checkout),
    "deeplake_merge": (1, 2, _merge),
    "deeplake_revert": (1, 1, _revert),
    "deeplake_tag": (1, 2, _tag),
}
