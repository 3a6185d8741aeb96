"""The rows of one table at one commit, as one principal may see them.

The only way to rows for whoever asks with a query: scans, fetches and counts pass here, so a
policy that hides rows is applied once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.query.kinds import kind_of
from deeplake.table.column import ColumnReader

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.query.kinds import Kind
    from deeplake.table.columns import Column, Columns
    from deeplake.table.table_tree import TableTree
    from deeplake.types.base import ColumnData
    from deeplake.versioning.objects import Objects

    Positions = npt.NDArray[np.int64]


class TableView:
    """A table pinned to a commit (with an open transaction's rows, if any).

    Args:
        name: of the table, for messages.
        tree: its rows.
        columns: its columns.
        visible: positions of the rows that the principal may see, ascending; None for all.
    """

    def __init__(
        self,
        objects: Objects,
        name: str,
        tree: TableTree,
        columns: Columns,
        visible: Positions | None = None,
    ) -> None:
        self._objects = objects
        self._tree = tree
        self._visible = visible
        self.name = name
        self.columns = columns

    @property
    def rows(self) -> int:
        """Rows that can be seen."""
        return self._tree.rows if self._visible is None else len(self._visible)

    def kind(self, name: str) -> Kind:
        """As which kind SQL sees a column."""
        return kind_of(self.columns.get(name).type)

    def positions(self) -> Positions:
        """The rows that can be seen, by position in the table."""
        if self._visible is None:
            return np.arange(self._tree.rows, dtype=np.int64)
        return self._visible

    def read(self, name: str, positions: Positions | None = None) -> ColumnData:
        """One column of some rows, of all visible ones by default.

        Args:
            name: of the column.
            positions: of rows that `positions()` named.
        """
        reader = self._reader(self.columns.get(name))
        if positions is None:
            if self._visible is None:
                return reader.slice(0, self._tree.rows)
            positions = self._visible
        return reader.take(positions)

    def valid(self, name: str, positions: Positions | None = None) -> npt.NDArray[np.bool_] | None:
        """Which of the rows are not NULL in a column; None if all are."""
        from deeplake.table.null_counts import null_counts

        column = self.columns.get(name)
        if not null_counts(self._objects, self._tree, [column])[column.column_id]:
            return None
        return self.read(name, positions).valid

    def _reader(self, column: Column) -> ColumnReader:
        return ColumnReader(self._objects, self._tree, column)

    def fetch(self, name: str, positions: Positions) -> list[Any]:
        """Values of Python of some rows: media as their encoded bytes."""
        type_: Any = self.columns.get(name).type
        data = self.read(name, positions)
        if hasattr(type_, "encoded"):
            return list(type_.encoded(data))
        return type_.values(data)  # type: ignore[no-any-return]
