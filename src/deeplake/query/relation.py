"""Relations: what a statement reads from and the queries it is made of. Frozen values.

Every relation has a number, unique in its statement; the engine knows it as r<number> and its
columns by names of our own, so that no name of a user reaches the engine's text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from deeplake.query.expression import Expression, Order
    from deeplake.query.kinds import Kind


class Field(NamedTuple):
    """A column of a relation: its label for users, its name in the engine, its kind."""

    label: str
    name: str
    kind: Kind


POSITION = ""
"""Stands for a column's name: the position of each row in its table, int8."""


class ScanColumn(NamedTuple):
    """A column of a scan: its name in the engine, its name in the table (or POSITION), and the
    source whose handles are fed in its place, or -1 for its values.
    """

    name: str
    column: str
    source: int


class Scan(NamedTuple):
    """The rows of a table. `table` is its number among the tables of the statement.

    `columns` are those that the statement uses. `conditions` are conjuncts over these columns
    alone which every row that matters passes: the engine checks them again, so rows may be left
    out but need not be.
    """

    number: int
    table: int
    columns: tuple[ScanColumn, ...]
    conditions: tuple[Expression, ...] = ()


class Named(NamedTuple):
    """A reference to a common table expression by its name in the engine."""

    number: int
    name: str


class Derived(NamedTuple):
    """A query in FROM."""

    number: int
    query: Query
    lateral: bool = False


class Values(NamedTuple):
    """Rows of expressions; the engine names their columns v0, v1 …"""

    number: int
    rows: tuple[tuple[Expression, ...], ...]


class Rows(NamedTuple):
    """A function that returns rows: one list per column, unnested side by side."""

    number: int
    columns: tuple[tuple[str, Expression], ...]
    ordinality: str = ""


class Join(NamedTuple):
    """Two relations; `kind` is INNER, LEFT, RIGHT, FULL or CROSS."""

    kind: Literal["INNER", "LEFT", "RIGHT", "FULL", "CROSS"]
    left: Relation
    right: Relation
    condition: Expression | None = None


Relation = Scan | Named | Derived | Values | Rows | Join


class Output(NamedTuple):
    """A column of a result."""

    label: str
    name: str
    expression: Expression


class Cte(NamedTuple):
    """A common table expression. `materialized` is '', 'MATERIALIZED' or 'NOT MATERIALIZED'.

    A recursive one is Combined, and refers to itself on its right side.
    """

    name: str
    query: Query
    columns: tuple[str, ...] = ()
    materialized: str = ""
    recursive: bool = False


class Select(NamedTuple):
    """SELECT. `groups` are templates with {0} … for `keys`: 'ROLLUP({0}, {1})', '{0}'.

    `distinct` is None for all rows, () for distinct ones, keys for DISTINCT ON. With `ties`, rows
    equal in `order` to the last one within `limit` are returned too.
    """

    outputs: tuple[Output, ...]
    source: tuple[Relation, ...] = ()
    condition: Expression | None = None
    keys: tuple[Expression, ...] = ()
    groups: tuple[str, ...] = ()
    having: Expression | None = None
    distinct: tuple[Expression, ...] | None = None
    order: tuple[Order, ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None
    ties: bool = False
    common: tuple[Cte, ...] = ()
    recursive: bool = False


class Combined(NamedTuple):
    """UNION, INTERSECT, EXCEPT; `outputs` are Columns over relation -1, the combined rows.

    Each side is projected to names u0, u1 … by `left_columns` and `right_columns`.
    """

    operation: str
    left: Query
    right: Query
    left_columns: tuple[Expression, ...]
    right_columns: tuple[Expression, ...]
    outputs: tuple[Output, ...]
    order: tuple[Order, ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None
    common: tuple[Cte, ...] = ()
    recursive: bool = False


Query = Select | Combined
