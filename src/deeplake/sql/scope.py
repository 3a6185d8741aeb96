"""Names in sight: relations and their columns, common table expressions, scopes around."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError, did_you_mean
from deeplake.query.expression import Column, Expression
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deeplake.query.relation import Field


class Bound(NamedTuple):
    """A relation in FROM: what users call it, its number, its columns.

    `primary` is the label of its primary key, if it is a table with one of a single column:
    grouping by it groups by all columns.
    """

    alias: str
    number: int
    fields: tuple[Field, ...]
    primary: str | None = None

    def column(self, field: Field) -> Column:
        """A reference to one of its columns."""
        return Column(self.number, field.name, field.kind)


class CommonTable(NamedTuple):
    """A common table expression: the engine's name and its columns."""

    name: str
    fields: tuple[Field, ...]


class Scope:
    """What a name may mean at one level of a statement.

    Args:
        parent: the query around it, whose columns can be referred to.
        common: label -> common table expression.
    """

    def __init__(
        self, parent: Scope | None = None, common: dict[str, CommonTable] | None = None
    ) -> None:
        self.parent = parent
        self.common = dict(common or {})
        self.relations: list[Bound] = []
        self.merged: dict[str, Expression] = {}
        """Columns of JOIN … USING, named without a table."""

    def add(self, relation: Bound) -> None:
        """Take a relation into sight.

        Raises:
            QueryError: 42712, its alias is taken.
        """
        if any(known.alias == relation.alias for known in self.relations):
            raise QueryError(
                f'table name "{relation.alias}" specified more than once.',
                hint="Give one an alias.",
                sqlstate="42712",
            )
        self.relations.append(relation)

    def find(self, table: str | None, name: str) -> Expression | None:
        """The column of a name, in this query or the nearest around it; None if there is none.

        Raises:
            QueryError: 42702, several relations have it.
        """
        scope: Scope | None = self
        while scope is not None:
            if table is None and name in scope.merged:
                return scope.merged[name]
            hits = list(scope._matches(table, name))
            if len(hits) > 1:
                raise QueryError(
                    f'column reference "{name}" is ambiguous.',
                    hint="Name its table: "
                    + " or ".join(f"{r.alias}.{name}" for r, _ in hits[:4])
                    + ".",
                    sqlstate="42702",
                )
            if hits:
                relation, field = hits[0]
                return relation.column(field)
            scope = scope.parent
        return None

    def _matches(self, table: str | None, name: str) -> Iterator[tuple[Bound, Field]]:
        """Exact matches, else ones that differ in case only."""
        relations = [r for r in self.relations if table is None or r.alias == table]
        exact = [(r, f) for r in relations for f in r.fields if f.label == name]
        if exact:
            yield from exact
            return
        folded = name.lower()
        if name == folded:
            yield from ((r, f) for r in relations for f in r.fields if f.label.lower() == folded)

    def missing(self, table: str | None, name: str, position: int | None) -> QueryError:
        """The error for a column that nothing has."""
        aliases = [r.alias for scope in self._around() for r in scope.relations]
        if table is not None and table not in aliases:
            return QueryError(
                f'missing FROM-clause entry for table "{table}".',
                hint=did_you_mean(table, aliases),
                sqlstate="42P01",
                position=position,
            )
        labels: Sequence[str] = [
            field.label
            for scope in self._around()
            for relation in scope.relations
            if table in (None, relation.alias)
            for field in relation.fields
        ]
        whole = name if table is None else f"{table}.{name}"
        return QueryError(
            f'column "{whole}" does not exist.',
            hint=did_you_mean(name, labels),
            sqlstate="42703",
            position=position,
        )

    def _around(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent
