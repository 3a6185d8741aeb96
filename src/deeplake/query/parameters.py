"""Parameters: as which kinds values of Python are bound, and what else they may mean.

A list is an array, as psycopg has it, whose texts are literals of whatever kind their place asks
for; beside JSON it is JSON, beside a vector a vector. What is neither is JSON.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.expression import Expression, Parameter
from deeplake.query.kinds import (
    BOOL,
    BYTEA,
    DATE,
    FLOAT8,
    INT4,
    INT8,
    INTERVAL,
    JSONB,
    NUMBERS,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
    UUID,
    VECTOR,
    Kind,
    array_of,
    digits_of,
    numeric_of,
)
from deeplake.query.literals import numeric

if TYPE_CHECKING:
    from collections.abc import Sequence


def kind_of_value(value: Any) -> Kind:
    """As which kind a parameter of Python is bound.

    >>> kind_of_value(3).name, kind_of_value("x").name, kind_of_value({"a": 1}).name
    ('int4', 'unknown', 'jsonb')
    >>> str(kind_of_value([1, None])), str(kind_of_value([1, {}]))
    ('integer[]', 'jsonb')
    """
    for type_, kind in _PLAIN:
        if type(value) is type_:
            if isinstance(value, str) and "\0" in value:
                raise no_text()
            return kind
    if isinstance(value, int):
        if -(1 << 31) <= value < 1 << 31:
            return INT4
        return INT8 if -(1 << 63) <= value < 1 << 63 else numeric(Decimal(value)).kind
    if isinstance(value, list | tuple):
        return _kind_of_list(value)
    name = f"{type(value).__module__}.{type(value).__name__}"
    if name == "datetime.time" and value.tzinfo is not None:
        raise UnsupportedQueryError("a time with a time zone is not supported.")
    if name == "decimal.Decimal":
        return numeric(value).kind  # its own digits: the engine rounds what has more than its kind
    if name == "datetime.datetime":
        return TIMESTAMP if value.tzinfo is None else TIMESTAMPTZ
    found = _BY_NAME.get(name)
    if found is not None:
        return found
    if hasattr(value, "__array__") and getattr(value, "ndim", None) == 0:
        return kind_of_value(value.item())
    if hasattr(value, "__array__") and getattr(value, "ndim", None) == 1:
        return _kind_of_array(str(value.dtype).removeprefix("torch."))
    return BYTEA


_PLAIN: tuple[tuple[type, Kind], ...] = (
    (type(None), UNKNOWN),
    (str, UNKNOWN),
    (bool, BOOL),
    (float, FLOAT8),
    (bytes, BYTEA),
    (dict, JSONB),
)
_BY_NAME = {
    "datetime.date": DATE,
    "datetime.time": TIME,
    "datetime.timedelta": INTERVAL,
    "uuid.UUID": UUID,
}


def no_text() -> QueryError:
    """The error for a text that Postgres cannot hold."""
    return QueryError("a text cannot hold the character NUL (0x00).", sqlstate="22021")


def _kind_of_list(values: Sequence[Any]) -> Kind:
    """An array, if the values are of one kind; else JSON."""
    types = set(map(type, values)) - {type(None)}
    if types == {int}:
        low, high = _span(values)
        ends = {kind_of_value(low), kind_of_value(high)}
        large = ends - {INT4, INT8}
        return array_of(_widest(list(ends)) if large else INT8 if INT8 in ends else INT4)
    if types & {dict, list, tuple} or len(types) > 8:
        return JSONB
    firsts = {type(value): value for value in values if value is not None}
    if Decimal in types and types <= {Decimal, int}:
        return array_of(_widest([kind_of_value(value) for value in values if value is not None]))
    kinds = {kind_of_value(value) for value in firsts.values()}
    if any(hasattr(value, "dtype") for value in firsts.values()):
        kinds = {kind_of_value(value) for value in values if value is not None}
    if not kinds:
        return array_of(UNKNOWN)
    if types == {str} and any("\0" in value for value in values if value is not None):
        raise no_text()
    if len(kinds) == 1 and types != {Decimal}:
        (kind,) = kinds
        return JSONB if kind.element is not None or kind in (VECTOR, JSONB) else array_of(kind)
    if {kind.name for kind in kinds} <= {"int4", "int8", "float8"}:
        return array_of(FLOAT8 if FLOAT8 in kinds else INT8)
    return JSONB


def _span(values: Sequence[Any]) -> tuple[int, int]:
    numbers = values if None not in values else [value for value in values if value is not None]
    return min(numbers), max(numbers)


def _widest(kinds: Sequence[Kind]) -> Kind:
    """The numeric that holds all of some numbers."""
    digits = [digits_of(kind) for kind in kinds]
    whole, scale = max(p - s for p, s in digits), max(s for _, s in digits)
    return numeric_of(whole, scale, varying=len({s for _, s in digits}) > 1)


def _kind_of_array(dtype: str) -> Kind:
    """A NumPy array or tensor of one axis: floats are a vector first."""
    if dtype.startswith("float") or dtype == "bfloat16":
        return VECTOR
    if dtype == "bool":
        return array_of(BOOL)
    if dtype == "uint64":
        return array_of(numeric_of(20, 0))
    if dtype.startswith(("int", "uint")):
        return array_of(INT8)
    if dtype.startswith("datetime64"):
        return array_of(DATE if dtype == "datetime64[D]" else TIMESTAMP)
    return array_of(UNKNOWN) if dtype.startswith(("<U", ">U", "object")) else BYTEA


# --- what else a parameter may mean -------------------------------------------------------------


def is_list(expression: Expression) -> bool:
    """Whether an expression is a parameter that is a list or an array."""
    if not isinstance(expression, Parameter):
        return False
    return expression.kind.element is not None or expression.kind == VECTOR


def meaning(expression: Expression, kind: Kind) -> Parameter | None:
    """A parameter that is a list as one of another kind, where it may be meant so; else None."""
    if not isinstance(expression, Parameter) or not is_list(expression):
        return None
    if kind.name in ("json", "jsonb"):
        return Parameter(expression.number, kind)
    element = expression.kind.element
    if kind.name in ("vector", "halfvec") and element is not None and element.name in NUMBERS:
        return Parameter(expression.number, VECTOR)
    if kind.element is not None and element is None and kind.element.name in NUMBERS:
        return Parameter(expression.number, array_of(FLOAT8))
    if kind.element is not None and element == UNKNOWN:
        return Parameter(expression.number, array_of(TEXT))
    return None


def as_array(expression: Expression) -> Expression:
    """A parameter that is a vector as an array, anything else as it is."""
    if is_list(expression) and expression.kind == VECTOR:
        return meaning(expression, array_of(FLOAT8)) or expression
    return expression


def meanings(arguments: Sequence[Expression]) -> list[list[Expression]]:
    """What else arguments may mean together, if some are lists: vectors, JSON, or arrays."""
    if not any(map(is_list, arguments)):
        return []
    wanted = VECTOR, JSONB, array_of(FLOAT8)
    made = [[meaning(a, kind) or a for a in arguments] for kind in wanted]
    return [other for other in made if other != list(arguments)]
