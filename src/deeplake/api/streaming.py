"""A session's table as the pinned source that loaders read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.loaders.source import Selection

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.api.session import Session
    from deeplake.loaders.source import Rows, RowSource
    from deeplake.types.base import ColumnData


class SessionSource:
    """The table of a session at the commit it stands on now; later commits do not reach it."""

    def __init__(self, session: Session) -> None:
        self._session = session = session.pinned()
        columns = list(session.columns) if session.defined else []
        self._readers = {column.name: session.reader(column.name) for column in columns}
        self._column_ids = {c.name: c.column_id for c in columns if not c.not_null}
        self._nulls: dict[int, int] | None = None
        self.name = f"{session.table!r} at {session.snapshot.commit_id}"
        self.rows = session.rows
        self.types = {column.name: column.type for column in columns}
        self.remote = session.repository.store.remote

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its place: the copy opens the same commit."""
        return SessionSource, (self._session,)

    def read(self, column: str, rows: Rows, out: npt.NDArray[Any] | None = None) -> ColumnData:
        """See `RowSource.read`."""
        reader = self._readers[column]
        if isinstance(rows, range):
            return reader.slice(rows.start, rows.stop, out)
        return reader.take(rows, out)

    def unverified(self, column: str, rows: range) -> bool:
        """See `RowSource.unverified`."""
        return not self.remote and self._readers[column].unverified(rows.start, rows.stop)

    def verify(self, column: str, rows: range) -> None:
        """See `RowSource.verify`."""
        self._readers[column].verify(rows.start, rows.stop)

    def nulls(self, column: str, rows: Rows | None = None) -> int:
        """See `RowSource.nulls`: of all rows, mostly from the table's statistics."""
        column_id = self._column_ids.get(column)
        if column_id is None:
            return 0
        if rows is not None:
            return self._readers[column].nulls(np.asarray(rows, np.int64))
        if self._nulls is None:
            columns = [c for c in self._session.columns if not c.not_null]
            self._nulls = self._session.null_counts(columns)
        return self._nulls[column_id]

    def position(self, row: int) -> int:
        """See `RowSource.position`."""
        return row


def source_of(session: Session, rows: range | npt.NDArray[Any] | None, *, doing: str) -> RowSource:
    """All rows of a session, or those at some positions, pinned.

    Raises:
        StagedChangesError: something is staged.
    """
    session.settled(doing)
    source = SessionSource(session)
    if rows is None:
        return source
    return Selection(source, rows if isinstance(rows, range) else np.asarray(rows, np.int64))
