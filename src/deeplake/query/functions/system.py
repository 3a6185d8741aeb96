"""What a session tells of itself and of values; the clock is in `dates`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.query.coercion import present
from deeplake.query.expression import Aggregate, Call, Constant, Expression, walk
from deeplake.query.functions.registry import plain_call, register, special
from deeplake.query.kinds import INT4, REGTYPE, TEXT, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = "PostgreSQL 15.0 (deeplake)"
"""As which server we answer."""

register("version", "-> text", f"'{VERSION}'")
for _name in ("current_schema", "current_database", "current_catalog"):
    _value = "public" if _name == "current_schema" else "deeplake"
    register(_name, "-> name", f"'{_value}'")
for _name in ("current_user", "session_user", "user", "current_role"):
    register(_name, "-> name", "'deeplake'")
register("pg_backend_pid", "-> int4", "1")
register("pg_typeof", "any -> regtype", "")
register("num_nulls num_nonnulls", "any... -> int4", "")
register("pg_column_size", "bytea -> int4", "CAST(octet_length({0}) + 4 AS INTEGER)")


@special("pg_typeof")
def _pg_typeof(arguments: Sequence[Expression]) -> Expression:
    """The type is known before there are values; late columns stay behind."""
    if len(arguments) != 1:
        return plain_call("pg_typeof", arguments)
    kind = arguments[0].kind
    shown = str(kind._replace(late=frozenset()).plain)
    said = Constant(shown, TEXT)
    if any(isinstance(part, Aggregate) for part in walk(arguments[0])):
        # an aggregate makes one row of many, whatever is asked about it
        template = "CASE WHEN {0} IS NULL THEN {1} ELSE {1} END"
        return Call("pg_typeof", template, (arguments[0], said), REGTYPE)
    return Call("pg_typeof", "{0}", (said,), REGTYPE)


def _counting(name: str, test: str) -> None:
    @special(name)
    def build(arguments: Sequence[Expression]) -> Expression:
        if not arguments:
            return plain_call(name, arguments)
        made = tuple(
            Constant(None, TEXT) if a.kind == UNKNOWN and _is_null(a) else a for a in arguments
        )
        parts = " + ".join(f"CAST({{{k}}} {test} AS INTEGER)" for k in range(len(made)))
        return Call(name, f"({parts})", tuple(map(present, made)), INT4)


def _is_null(expression: Expression) -> bool:
    return isinstance(expression, Constant) and expression.value is None


_counting("num_nulls", "IS NULL")
_counting("num_nonnulls", "IS NOT NULL")
