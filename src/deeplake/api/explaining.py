"""EXPLAIN and EXPLAIN ANALYZE of a SELECT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.api.catalog import Tables
from deeplake.api.cursor import Cursor, Done
from deeplake.api.stand import unrestricted
from deeplake.errors import QueryError, UnsupportedQueryError

if TYPE_CHECKING:
    from deeplake.api.database import Database
    from deeplake.sql.parameters import Prepared

_OPTIONS = {"verbose", "costs", "timing", "summary", "buffers"}
"""Taken, and of no effect: all of it is shown."""


def explain(database: Database, prepared: Prepared, node: Any) -> Cursor:
    """The plan of a statement, a line a row, as Postgres gives it.

    Args:
        database: whose tables.
        prepared: the whole statement.
        node: an ExplainStmt.

    Raises:
        QueryError, UnsupportedQueryError: of the statement; from its run if that is analyzed.
    """
    from deeplake.api.statements import at_head
    from deeplake.query.explain import explained
    from deeplake.query.kinds import TEXT
    from deeplake.query.plan import plan_of
    from deeplake.query.result import ResultColumn
    from deeplake.sql.parse import inner
    from deeplake.sql.whole import bind_whole

    kind, select = inner(node.query)
    if kind != "select_stmt" or select.HasField("into_clause"):
        raise UnsupportedQueryError("EXPLAIN is for SELECT.", hint="Explain its query alone.")
    analyze = _analyzes(node)
    # statistics of hidden rows decide what is pruned, and it is printed
    unrestricted(at_head(database).repository, "EXPLAIN")
    catalog = Tables(database)
    statement, tables, _ = bind_whole(prepared.text, select, catalog, prepared.values)
    lines = explained(plan_of(statement), tables, prepared.values, analyze=analyze)
    return Cursor(Done([ResultColumn("QUERY PLAN", TEXT)], [(line,) for line in lines]))


def _analyzes(node: Any) -> bool:
    """Whether the statement is to be run."""
    from deeplake.sql.parse import inner

    found = False
    for option in node.options:
        name = option.def_elem.defname
        kind, value = inner(option.def_elem.arg)
        text = value.sval if kind == "string" else "true"
        on = str(getattr(value, "boolval", text)).lower() not in ("false", "off", "0")
        if name == "analyze":
            found = on
        elif name not in _OPTIONS:
            raise QueryError(f"EXPLAIN has no option {name.upper()}.", sqlstate="42601")
    return found
