"""What a write needs of whoever runs it: the statement, the tables, and a table to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from deeplake.errors import QueryError
from deeplake.query.declared_kind import kind_of_column
from deeplake.sql.evaluate import Wanted
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from deeplake.format.schema import TableSchema
    from deeplake.query.result import ResultColumn
    from deeplake.query.table_view import TableView
    from deeplake.sql.binding import Catalog
    from deeplake.table.columns import Columns, Key
    from deeplake.types.base import ColumnData

    Positions = npt.NDArray[np.int64]


class Target(Protocol):
    """A table as an open transaction sees it, to be changed."""

    table: str

    @property
    def columns(self) -> Columns:
        """Its columns."""

    @property
    def rows(self) -> int:
        """Its rows."""

    def view(self, positions: Positions | None = None) -> TableView:
        """Its rows, or some of them, as they are now."""

    def numbers(self, sequence: Mapping[str, Any], count: int) -> Positions:
        """The next numbers of a sequence."""

    def stage(self, batch: Mapping[int, ColumnData], rows: int) -> None:
        """Append rows."""

    def update(
        self, rows: Positions, batch: Mapping[int, ColumnData], *, within: bool = False
    ) -> None:
        """Change cells by position."""

    def delete(self, rows: Positions) -> None:
        """Delete rows by position."""

    def match(self, key: Key, data: Sequence[ColumnData]) -> tuple[Positions, Positions]:
        """(row of `data`, position of a row with the same key), a pair for every such row."""

    def evolve(self, doing: str, change: Callable[[int, Columns], TableSchema]) -> None:
        """Change its columns."""


class Writing(Protocol):
    """One statement that writes."""

    text: str
    values: Sequence[Any]

    @property
    def catalog(self) -> Catalog:
        """Where names of tables lead."""

    def target(self, relation: Any) -> Target:
        """The table that a RangeVar node names, to be written.

        Raises:
            TableNotFoundError, QueryError: it is a view, or a table at another ref.
        """


class Outcome(NamedTuple):
    """What a write did: a word for its commit, how many rows, and what RETURNING gave."""

    tag: str
    rowcount: int
    columns: tuple[ResultColumn, ...] | None = None
    rows: list[tuple[Any, ...]] = []  # noqa: RUF012 - of a named tuple, never changed


def wanted(columns: Columns, name: str) -> Wanted:
    """A column by name, and its kind.

    Raises:
        QueryError: 42703, with the nearest name.
    """
    column = columns.get(found_name(columns, name))
    return Wanted(column, kind_of_column(columns, column))


def found_name(columns: Columns, name: str) -> str:
    """The column that a name in a statement means: an exact match, else one but for case.

    Raises:
        QueryError: 42703.
    """
    if name in columns.names:
        return name
    folded = [each for each in columns.names if each.lower() == name]
    if len(folded) == 1:
        return folded[0]
    from deeplake.errors import did_you_mean

    raise QueryError(
        f'column "{name}" does not exist.', hint=did_you_mean(name, columns.names),
        sqlstate="42703",
    )  # fmt: skip
