"""Names of types in a statement -> kinds."""

from __future__ import annotations

from typing import Any

from deeplake.errors import QueryError, UnsupportedQueryError, did_you_mean
from deeplake.query import literals
from deeplake.query.expression import Constant
from deeplake.query.kinds import INT4, SPELLINGS, Kind, array_of
from deeplake.sql.parse import inner, names

NUMERIC_DIGITS_MAX = 38
MICROSECOND_DIGITS = 6
DIMENSIONS_MAX = 16_000
"""As pgvector has it, for what is cast; a column may have more."""


def kind_of_type(node: Any) -> Kind:
    """The kind that a TypeName node names.

    Raises:
        UnsupportedQueryError: a type that we do not have.
        QueryError: modifiers that make no sense.
    """
    name = names(node.names)[-1]
    kind = None if name == "char" else SPELLINGS.get(name)  # "char" in quotes is a byte
    if kind is None:
        raise UnsupportedQueryError(
            f"type {name} is not supported.", hint=_meant(name, node), sqlstate="0A000"
        )
    modifiers = tuple(_modifier(item, name) for item in node.typmods)
    if name == "interval" and modifiers:
        raise UnsupportedQueryError("field restrictions of intervals are not supported.")
    if kind.name in ("timestamp", "timestamptz", "time"):
        if modifiers and modifiers[0] < MICROSECOND_DIGITS:
            raise UnsupportedQueryError(
                f"{name}({modifiers[0]}) is not supported: moments have microseconds.",
                hint="Use date_trunc('second', …).",
            )
        modifiers = ()  # as Postgres, which takes more digits for six
    if kind.name in ("vector", "halfvec") and modifiers:
        _check_dimensions(modifiers, kind.name)
    if kind.name == "numeric" and modifiers:
        modifiers = _digits(*modifiers)
    if kind.name == "bpchar" and name in ("bpchar", "char") and not modifiers and _is_char(node):
        modifiers = (1,)
    kind = kind._replace(modifiers=modifiers)
    for _ in node.array_bounds:
        kind = array_of(kind) if kind.element is None else kind
    return kind


_HERE = {
    "int": "bigint", "int16": "smallint", "int32": "integer", "int64": "bigint",
    "float16": "real", "float32": "real", "float64": "double precision", "blob": "bytea",
    "struct": "jsonb",
}  # fmt: skip
"""Types of columns as SQL spells them, where it has another name."""


def _meant(name: str, node: Any) -> str:
    """The hint for a type that SQL has not: as it is written in SQL, or the nearest name."""
    from deeplake.types.synonyms import MEANT

    given = [v.ival.ival for kind, v in map(inner, node.typmods) if kind == "a_const"]
    head = MEANT.get(name.lower(), name).partition("(")[0]
    if head.startswith("emb"):
        kind = "halfvec" if head.endswith("float16") else "vector"
        return f"Write {kind}({given[0] if given else 512})."
    if head == "decimal" or name == "number":
        return f"Write numeric({','.join(map(str, given or (10, 2)))})."
    if head.startswith("list"):
        return "Write int[]."
    if head in _HERE or head != name:
        return f"Write {_HERE.get(head, head)}."
    return did_you_mean(name, [one for one in SPELLINGS if one not in ("regtype", "void", "name")])


def finest_field(node: Any) -> str:
    """The finest field that a type like `interval year to month` has; '' where it names none.

    Minutes to seconds are left out: '2:03' has hours and minutes in all other intervals.
    """
    if names(node.names)[-1] != "interval" or len(node.typmods) != 1 or node.array_bounds:
        return ""
    return _FINEST.get(_modifier(node.typmods[0], "interval"), "")


_YEAR, _MONTH, _DAY, _HOUR, _MINUTE, _SECOND = 1 << 2, 1 << 1, 1 << 3, 1 << 10, 1 << 11, 1 << 12
_FINEST = {
    _YEAR: "year", _MONTH: "month", _YEAR | _MONTH: "month", _DAY: "day", _HOUR: "hour",
    _DAY | _HOUR: "hour", _MINUTE: "minute", _HOUR | _MINUTE: "minute",
    _DAY | _HOUR | _MINUTE: "minute", _SECOND: "second", _HOUR | _MINUTE | _SECOND: "second",
    _DAY | _HOUR | _MINUTE | _SECOND: "second",
}  # fmt: skip
"""Bits of an interval's fields, as its modifier has them -> the finest."""


def _is_char(node: Any) -> bool:
    return names(node.names)[0] == "pg_catalog"


def _check_dimensions(modifiers: tuple[int, ...], name: str) -> None:
    if len(modifiers) != 1:
        raise QueryError(f"{name} has one type modifier, its dimensions.", sqlstate="22023")
    if not 1 <= modifiers[0] <= DIMENSIONS_MAX:
        raise QueryError(
            f"{name}({modifiers[0]}) does not exist: it has 1 to {DIMENSIONS_MAX} dimensions.",
            sqlstate="22023",
        )


def _modifier(node: Any, name: str) -> int:
    kind, value = inner(node)
    which = value.WhichOneof("val") if kind == "a_const" else ""
    if which == "sval":
        found = literals.read(value.sval.sval, INT4)
        assert isinstance(found, Constant)
        return int(found.value)
    if which != "ival":
        raise QueryError(f"type modifiers of {name} must be whole numbers.", sqlstate="22023")
    return int(value.ival.ival)


def _digits(precision: int, scale: int = 0) -> tuple[int, int]:
    if not 1 <= precision <= NUMERIC_DIGITS_MAX or not 0 <= scale <= precision:
        raise UnsupportedQueryError(
            f"numeric({precision},{scale}) is not supported: it has 1 to {NUMERIC_DIGITS_MAX} "
            "digits, 0 to all of them after the point."
        )
    return precision, scale
