"""Some rows of a dataset by position: `ds[10:20]`, `ds[[3, 1]]`, `ds[mask]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from deeplake.api.column import Column
from deeplake.api.exported import Exported
from deeplake.api.streamed import Streamed
from deeplake.loading import later

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from deeplake.api import positions
    from deeplake.api.exporting import SessionRows
    from deeplake.api.session import Session
    from deeplake.api.summary import Schema
    from deeplake.loaders.source import RowSource
    from deeplake.sql.parameters import Parameters
else:
    positions = later("deeplake.api.positions")


class View(Streamed, Exported):
    """Rows of a dataset, read when asked for; indexable like the dataset itself."""

    __slots__ = ("_rows", "_session")

    def __init__(self, session: Session, rows: range | npt.NDArray[Any]) -> None:
        self._session = session
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, key: str) -> Column: ...
    @overload
    def __getitem__(self, key: int | np.integer[Any]) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice | Sequence[int] | npt.NDArray[Any]) -> View: ...
    def __getitem__(self, key: Any) -> Any:
        """A column by name, a row by position, a narrower view."""
        if isinstance(key, str):
            return Column(self._session, key, self._rows)
        row = positions.position(key, len(self))
        if row is None:
            return View(
                self._session, positions.within(self._rows, positions.positions(key, len(self)))
            )
        at = int(self._rows[row])
        return {name: Column(self._session, name, None)[at] for name in self._session.columns.names}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if not self._session.defined:
            return
        columns = [Column(self._session, name, self._rows) for name in self._session.columns.names]
        names = [column.name for column in columns]
        for values in zip(*columns, strict=True):
            yield dict(zip(names, values, strict=True))

    @property
    def schema(self) -> Schema:
        """Column name -> type, as of the dataset."""
        from deeplake.api.summary import schema_of

        return schema_of(self._session)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.schema)

    def filter(self, condition: str, parameters: Parameters = None) -> View:
        """Those of these rows for which a condition is true, in their order.

        Args:
            condition: over the columns: "rating > 3".
            parameters: a sequence for %s or $1, a mapping for :name.

        Raises:
            QueryError: it is wrong, or fails on a row.
        """
        from deeplake.api.filtering import of_table

        return View(self._session, of_table(self._session, self._rows, condition, parameters))

    def _exported(self) -> SessionRows:
        from deeplake.api.exporting import SessionRows

        return SessionRows(self._session, self._rows)

    def _source(self, doing: str) -> RowSource:
        from deeplake.api.streaming import source_of

        return source_of(self._session, self._rows, doing=doing)

    def __repr__(self) -> str:
        names = ", ".join(self._session.columns.names if self._session.defined else ())
        return f"<view of {self._session.table!r}: {len(self)} rows ({names})>"
