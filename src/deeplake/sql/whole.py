"""A SELECT on its way from a tree to a bound statement: versions, views, then names and kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.sql.select import bind_select
from deeplake.sql.versions import resolve
from deeplake.sql.views import expand, reading
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.statement import Statement
    from deeplake.query.table_view import TableView


class Whole(NamedTuple):
    """A statement, its tables in the order of their numbers, and whether it read a view."""

    statement: Statement
    tables: list[TableView]
    viewed: bool


def bind_whole(
    text: str, node: Any, catalog: Any, values: Sequence[Any], asked: Any = None
) -> Whole:
    """A SELECT bound.

    Args:
        text: of the whole statement.
        node: the SelectStmt, which is changed.
        catalog: knows tables, views and versions.
        values: of the parameters.
        asked: the catalog that tables are asked of, if it is another.

    Raises:
        QueryError, UnsupportedQueryError, TableNotFoundError
    """
    resolve(text, node, values, catalog)
    views = expand(node, catalog)
    with reading(views):
        return Whole(*bind_select(text, node, asked or catalog, values), bool(views))
