"""Views: a SELECT under a name, put in the place of the name before a statement is bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.control import take
from deeplake.sql import declared, tree
from deeplake.sql.parse import deparsed_query, enum_name, nodes, parse
from deeplake.sql.target import Outcome
from deeplake.table.columns import declare_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deeplake.query.kinds import Kind
    from deeplake.sql.define import Defining
    from deeplake.sql.target import Writing

DEPTH_MAX = 32
"""Views of views of views."""


class Views(Protocol):
    """Who knows views."""

    def view(self, name: str, schema: str | None) -> tuple[str, Sequence[str]] | None:
        """The SELECT behind a view and the view's columns; None if there is no such view."""


def expand(node: Any, views: Views, depth: int = 0) -> list[str]:
    """Put the queries of views in the place of their names, anywhere in a tree; which these were.

    Raises:
        QueryError: 54001, views of views, too deep.
    """
    if depth > DEPTH_MAX:
        raise QueryError(f"views are nested more than {DEPTH_MAX} deep.", sqlstate="54001")
    expanded: list[str] = []
    for item in list(_tables(node)):
        relation = item.range_var
        found = views.view(relation.relname, relation.schemaname or None)
        if found is None:
            continue
        text, labels = found
        _, query = parse(text)
        expanded += expand(query, views, depth + 1)
        alias = relation.alias.aliasname or relation.relname
        columns = list(relation.alias.colnames)
        made = nodes().RangeSubselect()
        made.subquery.select_stmt.CopyFrom(_only(query, labels))
        made.alias.aliasname = alias
        made.alias.colnames.extend(columns)
        _unplaced(made)
        item.range_subselect.CopyFrom(made)
        expanded.append(relation.relname)
    return expanded


def _unplaced(query: Any) -> None:
    """Forget where parts of a view's query stand: in another text than the statement's."""
    for message in _messages(query):
        if "location" in message.DESCRIPTOR.fields_by_name:
            message.location = -1


class reading:  # noqa: N801 - reads as a phrase: with reading(views)
    """Errors raised within that have no place in the statement tell which views it reads."""

    def __init__(self, views: Sequence[str]) -> None:
        self._views = views

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if self._views and isinstance(error, QueryError) and error.position is None:
            shown = ", ".join(f"view {name!r}" for name in self._views)
            error.hint = f"{error.hint} The statement reads {shown}.".strip()


def _only(query: Any, labels: Sequence[str]) -> Any:
    """The columns that a view had when it was made: a * in it stands for these for ever."""
    item = nodes().Node()
    item.range_subselect.subquery.select_stmt.CopyFrom(query)
    item.range_subselect.alias.aliasname = "viewed"
    return tree.select([tree.target(tree.column(label), label) for label in labels], [item])


_LEAVES = frozenset(("a_const", "param_ref", "column_ref"))


def _tables(node: Any) -> Iterator[Any]:
    """Every Node in a tree that names a table, unless it is the name of a query of WITH there."""
    waiting: list[tuple[Any, frozenset[str]]] = [(node, frozenset())]
    while waiting:
        message, hidden = waiting.pop()
        take()
        if message.DESCRIPTOR.name == "Node":
            kind = message.WhichOneof("node")
            if kind in _LEAVES:
                continue
            if kind == "range_var" and (
                message.range_var.relname not in hidden or message.range_var.schemaname
            ):
                yield message
        fields = message.ListFields()
        for field, value in fields:
            if field.name == "with_clause":
                queries = [item.common_table_expr for item in value.ctes]
                within = hidden | {query.ctename for query in queries}
                for query in queries:  # sees those before it, and all if they are RECURSIVE
                    waiting.append((query, within if value.recursive else hidden))
                    hidden |= {query.ctename}
        for field, value in fields:
            if field.name != "with_clause" and field.message_type is not None:
                inside = value if hasattr(value, "__len__") else (value,)
                waiting += [(each, hidden) for each in inside]


def _has_parameters(node: Any) -> bool:
    return any(message.DESCRIPTOR.name == "ParamRef" for message in _messages(node))


def _messages(node: Any) -> Iterator[Any]:
    """Every message in a tree."""
    waiting = [node]
    while waiting:
        message = waiting.pop()
        yield message
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting += value if hasattr(value, "__len__") else [value]


def create_view(writing: Writing, defining: Defining, node: Any) -> Outcome:
    """A ViewStmt node.

    Raises:
        QueryError: 42P07 it exists, 42701 two columns of one name; whatever is wrong in its query.
    """
    from deeplake.errors import TableExistsError
    from deeplake.sql.define import full_name, need_schema
    from deeplake.sql.select import bind_select

    name = full_name(node.view)
    need_schema(defining, node.view.schemaname)
    if node.view.relpersistence != "p":
        raise UnsupportedQueryError("TEMPORARY views are not supported.")
    if node.options or enum_name(node, "with_check_option") != "NO_CHECK_OPTION":
        raise UnsupportedQueryError("WITH options of a view are not supported.")
    if _has_parameters(node.query):
        raise QueryError("a view has no parameters.", sqlstate="42P02")
    query = node.query.select_stmt
    text = _text(query, [item.string.sval for item in node.aliases])
    _, bound = parse(text)
    expand(bound, writing.catalog)  # type: ignore[arg-type]
    statement, _ = bind_select(text, bound, writing.catalog, ())
    columns: dict[str, str] = {}
    for output in statement.query.outputs:
        if output.label in columns:
            raise QueryError(f'column "{output.label}" specified more than once.', sqlstate="42701")
        columns[output.label] = _spelling(output.expression.kind)
    schema = declared.with_part(declare_schema(columns), "view", text)
    if defining.exists(name):
        known = declared.view_of(defining.schema_of(name))
        if not node.replace or known is None:
            raise TableExistsError(f'relation "{name}" already exists.')
        defining.drop(name)
    defining.create(name, schema)
    return Outcome(f"CREATE VIEW {name}", -1)


def _spelling(kind: Kind) -> str:
    """The type that tells readers of the schema what a column is about; no value has it."""
    from deeplake.sql.column_types import spelling_of

    try:
        return spelling_of(kind.plain._replace(modifiers=kind.modifiers))
    except UnsupportedQueryError:
        return "text"


def _text(query: Any, labels: list[str]) -> str:
    if labels:
        item = nodes().Node()
        item.range_subselect.subquery.select_stmt.CopyFrom(query)
        item.range_subselect.alias.aliasname = "named"
        for label in labels:
            item.range_subselect.alias.colnames.add().string.sval = label
        query = tree.select([tree.target(tree.star())], [item])
    return deparsed_query(query)


def dependents(defining: Defining, name: str) -> list[str]:
    """Views that read a table or view."""
    schema, _, plain = name.rpartition(".")
    found = []
    for other in defining.names():
        text = declared.view_of(defining.schema_of(other))
        if text is not None and any(
            item.range_var.relname == plain and item.range_var.schemaname in (schema, "public")
            for item in _tables(parse(text)[1])
        ):
            found.append(other)
    return found


def column_dependents(writing: Writing, defining: Defining, table: str, column: str) -> list[str]:
    """Views that use a column of a table."""
    from deeplake.sql.select import bind_select

    found = []
    for name in dependents(defining, table):
        text = str(declared.view_of(defining.schema_of(name)))
        _, query = parse(text)
        expand(query, writing.catalog)  # type: ignore[arg-type]
        statement, tables = bind_select(text, query, writing.catalog, ())
        if any(
            tables[scan.table].name == table and column in [c.column for c in scan.columns]
            for scan in statement.scans
        ):
            found.append(name)
    return found
