"""Where loaders get rows from: the protocol, and some rows of another source.

A source is pinned: what it returns for a row never changes. Loaders know this file and the
types, and neither commits nor files nor queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.types.base import ColumnData, ColumnType

    Rows = range | npt.NDArray[np.int64]


NULL_ROWS = 1 << 20
"""Chosen rows whose NULLs are counted at once: 8 MB of positions."""


class RowSource(Protocol):
    """Columns of equal length that can be read by position, from several threads at once."""

    name: str
    """What is read, for people: table and commit."""

    rows: int
    """How many rows there are."""

    types: dict[str, ColumnType]
    """Column name -> type, in order."""

    remote: bool
    """Whether a read costs milliseconds, so that reading ahead in threads pays."""

    def read(self, column: str, rows: Rows, out: npt.NDArray[Any] | None = None) -> ColumnData:
        """Rows of a column, in the order given, in memory of their own.

        Args:
            column: a key of `types`.
            rows: a range of step 1, or int64 (n,), each in [0, self.rows).
            out: memory for the values of a column of fixed layout: C-contiguous, of its dtype,
                (at least n, *shape). The values then lie at its beginning.

        Raises:
            DamageError, StoreError
        """
        ...

    def unverified(self, column: str, rows: range) -> bool:
        """Whether `verify` of these rows, at least one, would spare `read` work."""
        ...

    def verify(self, column: str, rows: range) -> None:
        """Compare the stored bytes of rows with their checksums before `read` comes to them.

        Raises:
            DamageError, StoreError: as `read` will; it is what names column and row.
        """
        ...

    def nulls(self, column: str, rows: Rows | None = None) -> int:
        """NULLs of a column in all rows, or in those at some positions; 0 only if none is NULL."""
        ...

    def position(self, row: int) -> int:
        """Where the table has a row of this source, for people."""
        ...


class Selection:
    """Some rows of a source, by position, as a source.

    Args:
        source: the rows chosen from.
        chosen: positions in it, repeats allowed.
    """

    def __init__(self, source: RowSource, chosen: Rows) -> None:
        self._source = source
        self._chosen = chosen
        self.name = f"a selection of {source.name}"
        self.rows = len(chosen)
        self.types = source.types
        self.remote = source.remote

    def read(self, column: str, rows: Rows, out: npt.NDArray[Any] | None = None) -> ColumnData:
        """See `RowSource.read`."""
        return self._source.read(column, self._chosen_at(rows), out)

    def unverified(self, column: str, rows: range) -> bool:
        """See `RowSource.unverified`."""
        found = self._chosen_at(rows)
        return isinstance(found, range) and self._source.unverified(column, found)

    def verify(self, column: str, rows: range) -> None:
        """See `RowSource.verify`."""
        found = self._chosen_at(rows)
        if isinstance(found, range):
            self._source.verify(column, found)

    def nulls(self, column: str, rows: Rows | None = None) -> int:
        """See `RowSource.nulls`. Counts until some are found, only where the source has any."""
        if not self._source.nulls(column):
            return 0
        rows = range(self.rows) if rows is None else rows
        for low in range(0, len(rows), NULL_ROWS):
            found = self._source.nulls(column, self._chosen_at(rows[low : low + NULL_ROWS]))
            if found:
                return found
        return 0

    def position(self, row: int) -> int:
        """See `RowSource.position`."""
        return self._source.position(int(self._chosen[row]))

    def _chosen_at(self, rows: Rows) -> Rows:
        """Positions in the source of positions here."""
        chosen = self._chosen
        if isinstance(chosen, range):
            if isinstance(rows, range):
                found = chosen[rows.start : rows.stop]
                if found.step == 1:
                    return found
                rows = np.arange(rows.start, rows.stop, dtype=np.int64)
            return rows * chosen.step + chosen.start
        cut = chosen[rows.start : rows.stop] if isinstance(rows, range) else chosen[rows]
        return np.asarray(cut, np.int64)
