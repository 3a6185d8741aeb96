"""Cursors: what a statement of SQL gave, as PEP 249 has it, and as Arrow and pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from deeplake.errors import QueryError, UnsupportedQueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deeplake.api.database import Database
    from deeplake.query.result import Result
    from deeplake.sql.parameters import Parameters


def execute(database: Database, text: str, parameters: Parameters) -> Cursor:
    """Run one statement; see `Database.execute`."""
    from deeplake.api.catalog import Tables
    from deeplake.api.version_functions import label_of_call, version_call
    from deeplake.query.statement import constant, run
    from deeplake.sql.parameters import number
    from deeplake.sql.parse import parse
    from deeplake.sql.select import bind_select
    from deeplake.sql.versions import resolve

    prepared = number(text, parameters)
    kind, node = parse(prepared.text)
    if kind != "select_stmt":
        raise UnsupportedQueryError(f"{kind.removesuffix('_stmt').upper()} is not supported yet.")
    told = version_call(database, prepared.text, node, prepared.values)
    if told is not None:
        return Cursor(run(constant(label_of_call(node), told), ()))
    stand = database._open_stand()
    if not stand.staged and stand.branch is not None:
        stand.refresh("execute()")
    catalog = Tables(database)
    resolve(prepared.text, node, prepared.values, catalog)
    statement, tables = bind_select(prepared.text, node, catalog, prepared.values)
    return Cursor(run(statement, tables, prepared.values))


class Cursor:
    """The rows of one statement, read once, in order."""

    arraysize = 1
    """Rows of a `fetchmany` that does not say."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._rows: Iterator[tuple[Any, ...]] = result.rows()
        self.rowcount = -1
        """Rows that a statement changed; -1 for one that returns rows."""

    @property
    def description(self) -> list[tuple[Any, ...]]:
        """(name, type, None, None, None, None, None) of each column."""
        return [(c.label, str(c.kind.plain), *[None] * 5) for c in self._result.columns]

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, None after the last."""
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next rows, at most `size`."""
        from itertools import islice

        return list(islice(self._rows, self.arraysize if size is None else size))

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def close(self) -> None:
        """Read no further."""
        self._result.close()

    def cancel(self) -> None:
        """Stop the statement, from any thread: whoever reads it gets a QueryError 57014."""
        self._result.interrupt()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        labels = ", ".join(column.label for column in self._result.columns)
        return f"<cursor over ({labels})>"


__all__ = ["Cursor", "QueryError", "execute"]
