"""One column of a dataset: `ds["label"]`, read by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, InputError, ReadOnlyError
from deeplake.loading import later
from deeplake.types.base import VarData, VarLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from deeplake.api import positions
    from deeplake.api.query_view import QueryColumn
    from deeplake.api.session import Session
    from deeplake.table.column import ColumnReader
    from deeplake.types import data as columnar
    from deeplake.types.base import ColumnData, ColumnType
else:
    positions = later("deeplake.api.positions")
    columnar = later("deeplake.types.data")

DECODE_ROWS_MIN = 16
"""Media rows from which decoding is spread over threads (the decoders release the GIL)."""


class Column:
    """A column, read like a sequence.

    `column[i]` is one value (None for NULL), `column[a:b]`, `column[[3, 1]]` and `column[mask]`
    are many: an array where rows stack (a `numpy.ma.MaskedArray` if some are NULL), else a list.
    """

    __slots__ = ("_cell", "_reader", "_rows", "_session", "_type", "_version", "name")

    def __init__(self, session: Session, name: str, rows: range | npt.NDArray[Any] | None) -> None:
        self._session = session
        self.name = name
        self._type: ColumnType = session.columns.get(name).type
        self._rows = rows
        self._version = -1
        self._reader: ColumnReader
        self._cell: Callable[[int], Any]

    def __reduce__(self) -> tuple[Any, ...]:
        return Column, (self._session, self.name, self._rows)

    @property
    def type(self) -> ColumnType:
        """What its values are."""
        if self._version != self._session.version:
            self._type = self._session.columns.get(self.name).type
        return self._type

    def __getitem__(self, key: Any) -> Any:
        """One value, or many.

        Raises:
            RowIndexError: a position out of range, or nothing that names rows.
        """
        if self._version != self._session.version:
            self._open()
        if type(key) is int and self._rows is None:
            raw = self._cell(key)
            return raw if raw is None else self._type.cell(raw)
        row = positions.position(key, len(self))
        if row is not None:
            raw = self._cell(row if self._rows is None else int(self._rows[row]))
            return raw if raw is None else self._type.cell(raw)
        return decode(self._type, self.data(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        """Stage new values: of one row, one for all rows named, or one for each of them.

        Raises:
            RowIndexError, InvalidValueError, RaggedColumnsError, ReadOnlyError: nothing was
                staged.
        """
        from deeplake.api.change import set_cells

        if self._rows is not None:
            raise ReadOnlyError(
                "a view's cells cannot be assigned: it shows rows, and holds none.",
                hint=f"Write them in the dataset: ds[{self.name!r}][rows] = ..., or ds.update().",
            )
        set_cells(self._session, self.name, key, value)

    def __len__(self) -> int:
        return self._session.rows if self._rows is None else len(self._rows)

    def __iter__(self) -> Iterator[Any]:
        step = 1024
        for at in range(0, len(self), step):
            data = self.data(slice(at, at + step))
            yield from self._type.values(data)

    def data(self, key: Any) -> ColumnData:
        """Many rows as column data."""
        if self._version != self._session.version:
            self._open()
        rows = positions.positions(key, len(self))
        if self._rows is not None:
            rows = positions.within(self._rows, rows)
        return read(self._reader, rows)

    @property
    def encoded(self) -> Encoded:
        """The stored bytes of a text, JSON, blob or media column.

        Raises:
            DtypeError: the column does not store bytes.
        """
        if not isinstance(self._type.layout, VarLayout):
            raise DtypeError(f"column {self.name!r} ({self._type.name}) has no encoded form.")
        return Encoded(self)

    def stored(self, key: Any) -> bytes | list[bytes | None] | None:
        """The stored bytes of one row or of many; see `encoded`."""
        if self._version != self._session.version:
            self._open()
        if type(key) is int and self._rows is None:
            return self._reader.stored(key)
        row = positions.position(key, len(self))
        if row is not None:
            return self._reader.stored(row if self._rows is None else int(self._rows[row]))
        data = self.data(key)
        assert isinstance(data, VarData)
        rows = columnar.var_rows(data)
        values = [row if type(row) is bytes else bytes(row) for row in rows]
        if data.valid is None:
            return values  # type: ignore[return-value]
        return [v if ok else None for v, ok in zip(values, data.valid.tolist(), strict=True)]

    def _open(self) -> None:
        version = self._session.version  # first: another thread may be writing
        self._type = self._session.columns.get(self.name).type
        self._reader = self._session.reader(self.name)
        self._cell = self._reader.cell
        self._version = version

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """All rows as one array: `np.asarray(ds["label"])`."""
        del copy  # what is read is always the caller's own
        return np.asarray(self[:], dtype)

    def __eq__(self, other: object) -> Any:
        """Refused: `ds["label"] == 3` would be one False, not one answer for each row.

        Raises:
            InputError: always, unless compared with itself.
        """
        if self is other:
            return True
        raise InputError(
            f"column {self.name!r} cannot be compared as a whole.",
            hint=f"Compare its values: ds[{self.name!r}][:] == ...",
        )

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<column {self.name!r}: {self._type.name}, {len(self)} rows>"


class Encoded:
    """Stored bytes by position: `ds["image"].encoded[5]`, `.encoded[[1, 2]]`, `.encoded[a:b]`."""

    __slots__ = ("_column",)

    def __init__(self, column: Column | QueryColumn) -> None:
        self._column = column

    def __getitem__(self, key: Any) -> Any:
        """Bytes (None for NULL) of one row, or a list of them."""
        return self._column.stored(key)

    def __len__(self) -> int:
        return len(self._column)

    def __repr__(self) -> str:
        return f"<stored bytes of {self._column!r}>"


def read(reader: ColumnReader, rows: range | npt.NDArray[Any]) -> ColumnData:
    """Rows of a reader: a run is sliced, anything else is taken."""
    if isinstance(rows, range):
        if rows.step == 1:
            return reader.slice(rows.start, max(rows.start, rows.stop))
        rows = np.arange(rows.start, rows.stop, rows.step, dtype=np.int64)
    return reader.take(np.asarray(rows, np.int64))


def decode(type_: ColumnType, data: ColumnData) -> Any:
    """Column data as user values; media are decoded by several threads."""
    media = isinstance(data, VarData) and isinstance(type_.layout, VarLayout)
    rows = len(data.offsets) - 1 if isinstance(data, VarData) else 0
    if not media or type_.layout.compress or rows < DECODE_ROWS_MIN:  # type: ignore[union-attr]
        return type_.bulk(data)
    import os
    from concurrent.futures import ThreadPoolExecutor

    threads = min(os.cpu_count() or 1, 16)
    step = -(-rows // (threads * 4))
    cuts = [(at, min(at + step, rows)) for at in range(0, rows, step)]
    with ThreadPoolExecutor(threads) as pool:
        parts = pool.map(lambda cut: type_.values(columnar.slice_rows(data, *cut)), cuts)
        return [value for part in parts for value in part]
