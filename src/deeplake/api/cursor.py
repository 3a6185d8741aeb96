"""Cursors: what a statement of SQL gave, as PEP 249 has it, and as Arrow and pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from deeplake.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    import pyarrow as pa

    from deeplake.query.result import Result, ResultColumn


class Done:
    """The rows of a statement that is over: what RETURNING gave, or nothing.

    Args:
        columns: of its rows; None if it has none.
        rows: all of them.
    """

    def __init__(
        self, columns: Sequence[ResultColumn] | None, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        self.columns = columns
        self._rows = rows

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Every row."""
        return iter(self._rows)

    def interrupt(self) -> None:
        """Nothing is running."""

    def close(self) -> None:
        """Nothing is held."""


class Cursor:
    """The rows of one statement, read once, in order."""

    arraysize = 1
    """Rows of a `fetchmany` that does not say."""

    rowcount = -1
    """Rows that a statement changed; -1 for one that reads."""

    command = "SELECT"
    """What was done: "SELECT", "INSERT INTO t", "COMMIT"."""

    def __init__(self, result: Result | Done, rowcount: int = -1, command: str = "SELECT") -> None:
        self._result = result
        self._rows: Iterator[tuple[Any, ...]] = result.rows()
        self._begun = False
        self.rowcount = rowcount
        if result.columns is not None and not result.columns:  # nothing streams: rows are counted
            rows = list(self._rows)
            self._rows, self.rowcount = iter(rows), len(rows)
        self.command = command

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """(name, type, None, None, None, None, None) of each column; None if there are no rows."""
        columns = self._result.columns
        if columns is None:
            return None
        return [(c.label, str(c.kind.plain), *[None] * 5) for c in columns]

    @property
    def columns(self) -> Sequence[ResultColumn]:
        """Label and kind of each column; none if there are no rows."""
        return self._result.columns or ()

    def _read(self) -> Iterator[tuple[Any, ...]]:
        if self._result.columns is None:
            raise QueryError(
                f"{self.command} returns no rows.", hint="See rowcount.", sqlstate="24000"
            )
        self._begun = True
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, None after the last."""
        return next(self._read(), None)

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next rows, at most `size`."""
        from itertools import islice

        return list(islice(self._read(), self.arraysize if size is None else size))

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows that are left."""
        return list(self._read())

    def arrow(self) -> pa.Table:
        """The rows that are left as an Arrow table; media as bytes, vectors as lists of floats."""
        from deeplake.api.cursor_arrow import of_batches, of_rows

        fresh, rows = not self._begun, self._read()
        if fresh and not isinstance(self._result, Done):
            return of_batches(self._result)
        return of_rows(self._result, rows)

    def df(self) -> pd.DataFrame:
        """The rows that are left as a pandas DataFrame.

        Raises:
            DependencyError: pandas is not installed.
        """
        from deeplake.api.frame import frame

        return frame(self.arrow, "arrow()")

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._read()

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
        columns = self._result.columns
        if columns is None:
            return f"<cursor after {self.command}>"
        return f"<cursor over ({', '.join(column.label for column in columns)})>"


__all__ = ["Cursor", "Done"]
