"""The state of binding one statement: its tables, numbers, parameters, and what must be early."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from deeplake.query.feed import is_narrow
from deeplake.query.parameters import kind_of_value
from deeplake.query.relation import Field, Scan, ScanColumn
from deeplake.query.statement import Source
from deeplake.sql.parse import character, leftmost
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.errors import QueryError
    from deeplake.query.expression import Expression
    from deeplake.query.table_view import TableView
    from deeplake.sql.scope import Recursion


class Catalog(Protocol):
    """Where names of tables lead."""

    def table(self, name: str, schema: str | None) -> TableView | None:
        """A table by name, at another ref if it is written name@ref; None if there is none."""

    def hint(self, name: str) -> str:
        """Where a table that is not there may be."""


class BoundTable(NamedTuple):
    """A reference to a table in FROM; which columns of it are used turns out while binding."""

    number: int
    table: int
    columns: tuple[tuple[Field, str], ...]

    def scan(self, used: set[tuple[int, str]]) -> Scan:
        """The scan of the columns that the statement uses."""
        return Scan(
            self.number,
            self.table,
            tuple(
                ScanColumn(field.name, column, min(field.kind.late, default=-1))
                for field, column in self.columns
                if (self.number, field.name) in used
            ),
        )


class Binding:
    """What the binder of one statement knows.

    Args:
        text: the statement, for positions in errors.
        catalog: where names of tables lead.
        values: the parameters' values, which give them their kinds.
        early: sources that are bound as values.
    """

    def __init__(
        self, text: str, catalog: Catalog, values: Sequence[Any], early: frozenset[int]
    ) -> None:
        self.text = text
        self.catalog = catalog
        self.early = early
        self.parameters = [kind_of_value(value) for value in values]
        self.tables: list[TableView] = []
        self.table_names: list[str] = []
        self.references: list[BoundTable] = []
        self.sources: list[Source] = []
        self.recursions: dict[str, Recursion] = {}
        """Recursive queries whose recursive term is being bound, by the engine's name."""
        self._fields: dict[int, tuple[tuple[Field, str], ...]] = {}
        self._places: dict[int, tuple[Expression, Any]] = {}
        self._last = 0

    def number(self) -> int:
        """A new number of a relation or name."""
        self._last += 1
        return self._last

    def remember(self, expression: Expression, node: Any) -> None:
        """Note of which node an expression was made, for positions in errors."""
        self._places.setdefault(id(expression), (expression, node))

    def locate(self, error: QueryError, node: Any) -> None:
        """Give an error the position of the expression that it blames, or of a node.

        Args:
            error: `culprit` is the expression, if one is to blame.
            node: the message that was bound when it was raised; None for none.
        """
        if error.position is not None:
            return
        culprit: Any = error.culprit
        error.position = self.place_of(culprit)
        if error.position is None and node is not None and hasattr(node, "location"):
            error.position = character(self.text, node.location)

    def place_of(self, expression: Expression) -> int | None:
        """The character where an expression begins, if it is known."""
        place = self._places.get(id(expression))
        if place is None or place[0] is not expression:
            return None
        return character(self.text, leftmost(place[1]))

    def table(self, name: str, view: TableView) -> int:
        """The number of a table among those of the statement."""
        if name in self.table_names:
            return self.table_names.index(name)
        self.table_names.append(name)
        self.tables.append(view)
        return len(self.tables) - 1

    def fields(self, table: int) -> tuple[tuple[Field, str], ...]:
        """The columns of a table as fields of a relation, with their names in the table."""
        known = self._fields.get(table)
        if known is not None:
            return known
        view = self.tables[table]
        found = []
        for k, column in enumerate(view.columns):
            kind = view.kind(column.name)
            if not is_narrow(column.type):
                source = self._source(table, column.name)
                if source not in self.early:
                    kind = kind._replace(late=frozenset({source}))
            found.append((Field(column.name, f"c{k}", kind), column.name))
        made = self._fields[table] = tuple(found)
        return made

    def _source(self, table: int, column: str) -> int:
        source = Source(table, column)
        if source not in self.sources:
            self.sources.append(source)
        return self.sources.index(source)
