"""Names in sight: relations and their columns, common table expressions, scopes around."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from deeplake.errors import QueryError, UnsupportedQueryError, did_you_mean
from deeplake.query.expression import Column, Expression
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deeplake.query.relation import Field


class Bound(NamedTuple):
    """A relation in FROM: what users call it, its number, its columns.

    `primary` is the label of its primary key, if it is a table with one of a single column:
    grouping by it groups by all columns. `expressions` are its columns where they are not simply
    those of the relation: an alias of a join. `schema` is that of a table named without an alias.
    The name of a `scalar` one, a function with one column, is a name of that column as well.
    """

    alias: str
    number: int
    fields: tuple[Field, ...]
    primary: str | None = None
    expressions: tuple[Expression, ...] = ()
    schema: str | None = None
    scalar: bool = False

    def column(self, field: Field) -> Expression:
        """A reference to one of its columns."""
        if self.expressions:
            return self.expressions[self.fields.index(field)]
        return Column(self.number, field.name, field.kind)

    def named(self) -> list[NamedColumn]:
        """Its columns, as they can be named without it."""
        return [NamedColumn(f.label, self.column(f), self.alias) for f in self.fields]


class NamedColumn(NamedTuple):
    """A column that can be named without its relation; `relation` is '' for a merged one."""

    label: str
    expression: Expression
    relation: str


class Recursion:
    """How a common table expression refers to itself, while it is bound.

    Args:
        name: as users write it.
        refused: where a reference cannot stand right now; '' where it can.
        position: of the expression in the statement.
    """

    FORM = "form"
    """Its query is no UNION: no reference can stand anywhere."""
    FORWARD = "forward"
    """Its query comes later."""

    def __init__(self, name: str, refused: str = "", position: int | None = None) -> None:
        self.name = name
        self.position = position
        self.refused = refused
        self.references = 0

    def refer(self) -> None:
        """Note a reference.

        Raises:
            QueryError: 42P19, it cannot stand here.
        """
        self.references += 1
        if self.refused == self.FORM:
            raise QueryError(
                f'recursive query "{self.name}" does not have the form non-recursive-term '
                "UNION [ALL] recursive-term.",
                sqlstate="42P19",
                position=self.position,
            )
        if self.refused == self.FORWARD:
            raise UnsupportedQueryError("references to later queries of WITH are not supported.")
        told = f'recursive reference to query "{self.name}" must not appear'
        if self.refused:
            raise QueryError(f"{told} within {self.refused}.", sqlstate="42P19")
        if self.references > 1:
            raise QueryError(f"{told} more than once.", sqlstate="42P19")


class CommonTable(NamedTuple):
    """A common table expression: the engine's name and its columns.

    `recursion` is there while the expression itself is bound.
    """

    name: str
    fields: tuple[Field, ...]
    recursion: Recursion | None = None

    def referred(self) -> None:
        """Note a reference; `Recursion.refer` says what it raises."""
        if self.recursion is not None:
            self.recursion.refer()


@contextmanager
def recursion_refused(common: dict[str, CommonTable], place: str) -> Iterator[None]:
    """While no common table expression may refer to itself."""
    found = [table.recursion for table in common.values() if table.recursion is not None]
    before = [recursion.refused for recursion in found]
    for recursion in found:
        recursion.refused = recursion.refused or place
    try:
        yield
    finally:
        for recursion, refused in zip(found, before, strict=True):
            recursion.refused = refused


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
        """What can be named as a relation."""
        self.columns: list[NamedColumn] = []
        """What can be named without a relation, in the order of *."""
        self.every: list[Bound] = []
        """All relations that were ever in sight, those inside of an aliased join too."""
        self.groups = False
        """Whether the query has GROUP BY, whose keys are found again in what it shows."""
        self.links: dict[bytes, Expression] = {}
        """Queries inside of expressions, by their text."""
        self.hidden: set[str] = set()
        """Relations that FROM has, but not where LATERAL may refer to them."""

    def add(self, relation: Bound) -> None:
        """Take a relation into sight.

        Raises:
            QueryError: 42712, its alias is taken.
        """
        self.name(relation)
        self.columns += relation.named()

    def name(self, relation: Bound) -> None:
        """Take only the name of a relation into sight, as `add` does."""
        for known in self.relations:
            if known.alias != relation.alias:
                continue
            if known.schema and relation.schema and known.schema != relation.schema:
                continue
            raise QueryError(
                f'table name "{relation.alias}" specified more than once.',
                hint="Give one an alias.",
                sqlstate="42712",
            )
        self.relations.append(relation)
        self.every.append(relation)

    def find(
        self, table: str | None, name: str, schema: str | None = None, *, loose: bool = False
    ) -> Expression | None:
        """The column of a name, in this query or the nearest around it; None if there is none.

        Args:
            table: the relation that was named with it.
            name: of the column.
            schema: that was named with the relation.
            loose: capitals do not matter. To be asked last: a name in quotes may differ from
                another in nothing else.

        Raises:
            QueryError: 42702, several relations have it.
        """
        scope: Scope | None = self
        while scope is not None:
            hits = scope._matches(table, name, schema, loose=loose)
            if len(hits) > 1:
                raise QueryError(
                    f'column reference "{name}" is ambiguous.',
                    hint="Name its table: "
                    + " or ".join(f"{hit.relation}.{name}" for hit in hits[:4])
                    + ".",
                    sqlstate="42702",
                )
            if hits:
                return hits[0].expression
            if table is not None and scope.relation(table, schema) is not None:
                return None
            scope = scope.parent
        return None

    def relation(self, alias: str, schema: str | None = None) -> Bound | None:
        """A relation of this query by its name."""
        for relation in self.relations:
            if relation.alias == alias and (schema is None or relation.schema == schema):
                return relation
        return None

    def finds(self, name: str) -> bool:
        """Whether a column of this very query has a name, or several do."""
        return any(column.label == name for column in self.columns)

    def find_relation(self, alias: str | None, schema: str | None = None) -> Bound | None:
        """A relation by its name, in this query or around it."""
        for scope in self._around() if alias is not None else ():
            found = scope.relation(alias or "", schema)
            if found is not None:
                return found
        return None

    def _matches(
        self, table: str | None, name: str, schema: str | None, *, loose: bool
    ) -> list[NamedColumn]:
        columns = self.columns
        if table is not None:
            relation = self.relation(table, schema)
            columns = [] if relation is None else relation.named()
        if not loose:
            return [column for column in columns if column.label == name]
        return [column for column in columns if column.label.lower() == name]

    def missing(
        self, table: str | None, name: str, position: int | None, schema: str | None = None
    ) -> QueryError:
        """The error for a column that nothing has."""
        aliases = [r.alias for scope in self._around() for r in scope.relations]
        if table is not None and any(table in scope.hidden for scope in self._around()):
            return QueryError(
                f'invalid reference to FROM-clause entry for table "{table}".',
                hint="The kind of join there must be INNER or LEFT for a LATERAL reference.",
                sqlstate="42P10",
                position=position,
            )
        if table is not None and (schema is not None or table not in aliases):
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
