"""The history as tables: deeplake_log, deeplake_branches, deeplake_tags, deeplake_diff, …

Each is filled when a statement names it, as a table of a repository in memory, so that everything
that holds of tables holds of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake import amounts
from deeplake.errors import QueryError, RefNotFoundError
from deeplake.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from deeplake.api.database import Database
    from deeplake.query.table_view import TableView

LISTS = frozenset(("deeplake_log", "deeplake_branches", "deeplake_tags", "deeplake_conflicts"))
"""Those that take no arguments: they can be written without parentheses."""


def version_view(database: Database, function: str, arguments: Sequence[str]) -> TableView:
    """The table that a function in FROM stands for.

    Raises:
        QueryError: 42883, a wrong number of arguments.
        RefNotFoundError, TableNotFoundError
    """
    low, high, make = _FUNCTIONS[function]
    if not low <= len(arguments) <= high:
        raise QueryError(
            f"{function}() takes {low if low == high else f'{low} to {high}'} arguments, not "
            f"{len(arguments)}.",
            sqlstate="42883",
        )
    return make(database, *arguments)


def at(database: Database, table: str, ref: str) -> TableView:
    """A table as it is at another branch, tag or commit.

    Raises:
        RefNotFoundError, TableNotFoundError
    """
    from deeplake.api.stand import Stand

    repository = database._open_stand().repository
    snapshot = repository.resolve(ref).snapshot
    snapshot.table(table)
    return Stand(repository, snapshot, None).table(table).view()


def named_at(database: Database, name: str) -> TableView | None:
    """The table that "table@ref" names; None if there is no such table."""
    for cut in [k for k, letter in enumerate(name) if letter == "@"]:
        table, ref = name[:cut], name[cut + 1 :]
        if table and ref:
            try:
                return at(database, table, ref)
            except RefNotFoundError:
                if cut == name.rindex("@"):
                    raise
    return None


def _log(database: Database) -> TableView:
    schema = {
        "commit": "text", "parents": "list<text>", "author": "text", "message": "text",
        "time": "timestamptz", "automatic": "bool",
    }  # fmt: skip
    return _filled(schema, [
        {
            "commit": c.id, "parents": list(c.parents), "author": c.author, "message": c.message,
            "time": c.time, "automatic": c.automatic,
        }
        for c in database.log(all=True)
    ])  # fmt: skip


def _branches(database: Database) -> TableView:
    stand = database._open_stand()
    here = None if stand.branch is None else stand.branch.branch_id
    schema = {"name": "text", "commit": "text", "current": "bool", "derived": "bool"}
    rows = []
    for branch in stand.repository.branches():
        head = stand.repository.head(branch).header
        rows.append({
            "name": branch.name, "commit": None if head is None else str(head.commit_id),
            "current": branch.branch_id == here, "derived": head is not None and head.derived,
        })  # fmt: skip
    return _filled(schema, rows)


def _tags(database: Database) -> TableView:
    rows = [{"name": name, "commit": commit} for name, commit in database.tags().items()]
    return _filled({"name": "text", "commit": "text"}, rows)


def _conflicts(database: Database) -> TableView:
    schema = {
        "kind": "text", "table": "text", "row_id": "int", "column": "text", "base": "json",
        "ours": "json", "theirs": "json", "message": "text",
    }  # fmt: skip
    rows = []
    for conflict in database.conflicts():
        sides = {side: _side(getattr(conflict, side)) for side in ("base", "ours", "theirs")}
        fixed = {n: getattr(conflict, n) for n in ("kind", "table", "row_id", "column", "message")}
        rows.append({**fixed, **sides})
    return _filled(schema, rows)


def _side(value: Any) -> Any:
    """What a side has, as JSON; NULL where its row is deleted, null where its value is."""
    import json

    from deeplake.table.conflicts import DELETED
    from deeplake.types.json import NULL

    if value is DELETED:
        return None
    if value is None:
        return NULL
    if isinstance(value, bytes | bytearray | memoryview):
        return amounts.size(len(value))
    return _json_value(value, json.dumps)


def _diff(database: Database, table: str, a: str, b: str | None = None) -> TableView:
    """Rows that differ, old and new values of each column as JSON text.

    Of every table that has the name in either commit: one that was renamed, two if one was dropped
    and another made.
    """
    import json

    from deeplake.api.diff import diff

    found = diff(database._open_stand(), [table], a, b)
    schema = {
        "kind": "text", "row_id": "int", "changed": "list<text>", "old": "json", "new": "json",
    }  # fmt: skip
    rows = []
    for change in found:
        rows.append({
            "kind": change.kind, "row_id": change.row_id, "changed": list(change.new or ()),
            "old": _told(change.old, json.dumps), "new": _told(change.new, json.dumps),
        })  # fmt: skip
    if not found.tables:
        _must_exist(database, table, a)
    return _filled(schema, rows)


def _must_exist(database: Database, table: str, ref: str) -> None:
    """A table without changes is in both commits, or there is none; of "a...b" it is in b.

    Raises:
        TableNotFoundError
    """
    from deeplake.api.span import BOTH

    stand = database._open_stand()
    last = ref.rpartition(BOTH)[2]
    (stand.repository.resolve(last).snapshot if last else stand.snapshot).table(table)


def _told(cells: Mapping[str, Any] | None, dumps: Callable[[Any], str]) -> Any:
    """Cells as JSON has them; what JSON has no form for as text."""
    if not cells:
        return None
    return {name: _json_value(value, dumps) for name, value in cells.items()}


def _json_value(value: Any, dumps: Callable[[Any], str]) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    try:
        dumps(value)
    except (TypeError, ValueError):
        return str(value)
    return value


def _filled(schema: dict[str, str], rows: list[dict[str, Any]]) -> TableView:
    from deeplake.api.open import create

    ds = create(MemoryStore(), schema)
    if rows:
        ds.extend(rows)
        ds.commit()  # rows that stay staged are told of when the handle goes
    return ds._session.view()


_FUNCTIONS: dict[str, tuple[int, int, Callable[..., TableView]]] = {
    "at": (2, 2, at),
    "deeplake_log": (0, 0, _log),
    "deeplake_branches": (0, 0, _branches),
    "deeplake_tags": (0, 0, _tags),
    "deeplake_conflicts": (0, 0, _conflicts),
    "deeplake_diff": (2, 3, _diff),
}
