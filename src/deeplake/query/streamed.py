"""Rows of a scan given to the engine: at once where they fit, else piece by piece as it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from deeplake import settings
from deeplake.errors import DeeplakeError, QueryError
from deeplake.query import access
from deeplake.query.relation import POSITION
from deeplake.query.rows import Rows, parts
from deeplake.query.table_view import TEXT_GROWS
from deeplake.types.base import FixedLayout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deeplake.query.relation import Scan
    from deeplake.query.table_view import TableView

PIECE_BYTES = 8 << 20
"""What is read at once of a scan that streams."""

ROWS_ALWAYS = 4096
"""So few rows are read at once without asking how large they are, unless columns are wide."""


def feed_of(scan: Scan, view: TableView, rows: Rows) -> pa.Table | Streamed:
    """Rows of a scan as the engine takes them."""
    wide = [
        column.column
        for column in scan.columns
        if column.column != POSITION and column.source < 0 and not _small(view, column.column, rows)
    ]
    if not wide:
        return access.table_of(scan, view, rows)
    size = sum(row_bytes(view, name, rows) for name in wide) * rows.size
    if size <= settings.QUERY_FEED_BYTES_MAX:
        return access.table_of(scan, view, rows)
    return Streamed(scan, view, rows, max(1, round(PIECE_BYTES * rows.size / size)))


def _small(view: TableView, name: str, rows: Rows) -> bool:
    """Whether a column of these rows needs no counting."""
    layout = view.columns.get(name).layout
    narrow = isinstance(layout, FixedLayout) and not layout.shape
    if narrow and rows.size <= settings.QUERY_FEED_BYTES_MAX // 64:
        return True
    return rows.are_all(view.rows) and view.is_kept_or_small(name)


def row_bytes(view: TableView, name: str, rows: Rows) -> float:
    """Bytes of a row of a column, about."""
    layout: Any = view.columns.get(name).layout
    if isinstance(layout, FixedLayout):
        size = 4.0
        for length in layout.shape:
            size *= length
        return size
    first = rows.first(ROWS_ALWAYS)
    stored = view.planned_bytes(name, first) / max(first.size, 1)
    return stored * (TEXT_GROWS if getattr(layout, "compress", False) else 1)


class Streamed:
    """Rows that are read when the engine asks for them, each time from the beginning.

    Args:
        scan: which columns.
        view: of which table.
        rows: of it.
        most: rows read at once.
    """

    def __init__(self, scan: Scan, view: TableView, rows: Rows, most: int) -> None:
        self._scan, self._view, self._rows, self._most = scan, view, rows, most
        self._schema = access.table_of(scan, view, Rows(), plain=True).schema
        self._stopped = False
        self.error: DeeplakeError | None = None
        """What went wrong while rows were read."""

    def __arrow_c_schema__(self) -> Any:
        """Of the columns."""
        return self._schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows, anew."""
        reader = pa.RecordBatchReader.from_batches(self._schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for piece in parts(self._rows, self._most):
                if self._stopped:
                    raise QueryError("canceling statement due to user request.", sqlstate="57014")
                found = access.table_of(self._scan, self._view, piece, plain=True)
                yield from found.to_batches()
        except DeeplakeError as error:
            self.error = error
            raise

    def stop(self) -> None:
        """Read no further."""
        self._stopped = True
