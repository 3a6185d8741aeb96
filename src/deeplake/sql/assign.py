"""Values on their way into a column: what Postgres casts when it assigns, and what it refuses.

Values of Python go to the column's type as they are, however large; only what SQL would cast
(text to a date, a float to an integer) is looked at one by one.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError
from deeplake.query import labels, literals, moment_text
from deeplake.query.coercion import cast, implicit_cost, present
from deeplake.query.expression import Call, Constant, Expression
from deeplake.query.kinds import (
    INTEGERS,
    MEDIA,
    MOMENTS,
    NUMBERS,
    TEXT,
    TEXTS,
    UNKNOWN,
    Kind,
    Labels,
)
from deeplake.query.parameters import no_text
from deeplake.query.struct_text import innermost, read
from deeplake.types.struct import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deeplake.table.columns import Column

_BITS = {"int2": 15, "int4": 31, "int8": 63}
_BYTES = MEDIA | {"bytea"}
_NATIVE: dict[str, frozenset[type]] = {
    **dict.fromkeys(INTEGERS, frozenset({int})),
    "bool": frozenset({bool}),
    "float4": frozenset({float, int}),
    "float8": frozenset({float, int}),
    "text": frozenset({str}),
    "bytea": frozenset({bytes}),
    "jsonb": frozenset({dict, list}),
    "json": frozenset({dict, list}),
    "date": frozenset({dt.date}),
}
"""Types that go to a column of a kind as they are."""


def values(given: Sequence[Any], kind: Kind, column: Column) -> list[Any]:
    """Values of Python as a column takes them.

    Raises:
        QueryError: 42804, the column takes none of that type; 22P02 and relatives, a text does
            not read as one; 22001, 22003, it is too long or too large.
    """
    types = set(map(type, given)) - {type(None)}
    if str in types and any("\0" in value for value in given if type(value) is str):
        raise no_text()
    if not kind.modifiers and types <= _NATIVE.get(kind.name, frozenset()):
        return list(given)
    if column.type.name.startswith("class_label"):
        return [None if v is None else _label(v, column) for v in given]
    convert = _CONVERT.get(kind.name)
    if kind.element is not None:
        convert = _array
    if convert is None:
        return list(given)
    return [None if v is None else convert(_plain(v), kind, column) for v in given]


def _plain(value: Any) -> Any:
    """A NumPy or torch scalar as a number of Python."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()
    return value


def mismatch(given: str, kind: Kind, column: str) -> QueryError:
    """The error for a value that a column does not take."""
    return QueryError(
        f'column "{column}" is of type {kind} but the value is of type {given}.',
        hint=f"Cast it, or pass one that becomes {kind}.",
        sqlstate="42804",
    )


def _refused(value: Any, kind: Kind, column: Column) -> QueryError:
    return mismatch(type(value).__name__, kind, column.name)


def _read(text: str, kind: Kind) -> Any:
    """A literal in quotes as a value of Python."""
    found = literals.read(text, kind.plain if kind.name in TEXTS else kind)
    assert isinstance(found, Constant)
    return found.value


def _integer(value: Any, kind: Kind, column: Column) -> int:
    if isinstance(value, str):
        return int(_read(value, kind))
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _refused(value, kind, column)
    if not isinstance(value, int):
        if not math.isfinite(value):
            raise _out_of_range(kind)
        if isinstance(value, Decimal):
            value = int(value.to_integral_value(ROUND_HALF_UP))
        else:
            value = round(value)
    bits = _BITS[kind.name]
    if not -1 << bits <= value < 1 << bits:
        raise _out_of_range(kind)
    return int(value)


def _out_of_range(kind: Kind) -> QueryError:
    return QueryError(f"{kind} out of range.", sqlstate="22003")


def _float(value: Any, kind: Kind, column: Column) -> float:
    if isinstance(value, str):
        return float(_read(value, kind))
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _refused(value, kind, column)
    if isinstance(value, Decimal) and value.is_zero():
        return 0.0  # a numeric has no sign of zero
    return float(value)


def _numeric(value: Any, kind: Kind, column: Column) -> Decimal | int:
    if isinstance(value, str):
        value = Decimal(_read(value, kind.plain))
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _refused(value, kind, column)
    made = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not made.is_finite():
        raise QueryError("numeric NaN and infinity are not supported.", sqlstate="0A000")
    if kind.modifiers:
        precision, scale = (*kind.modifiers, 0)[:2]
        if made and made.adjusted() >= precision and is_uint64(column.type):
            _uint64(made)
        if made.adjusted() - precision + scale >= 0 and made:
            raise _overflow(precision, scale)
        made = made.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
        if made.adjusted() >= precision - scale and made:
            raise _overflow(precision, scale)
    return _uint64(made) if is_uint64(column.type) else made


def is_uint64(type_: Any) -> bool:
    """Whether a column's numbers are uint64, which SQL sees as numeric(20, 0)."""
    while type_.name.startswith("list<"):
        type_ = type_.child
    return bool(type_.name == "uint64")


def _uint64(value: Decimal) -> int:
    if not 0 <= value < 1 << 64:
        raise QueryError(f"{value} is out of range for type uint64.", sqlstate="22003")
    return int(value)


def _overflow(precision: int, scale: int) -> QueryError:
    return QueryError(
        f"numeric field overflow: a field with precision {precision}, scale {scale} must round to "
        f"an absolute value less than 10^{precision - scale}.",
        sqlstate="22003",
    )


def _bool(value: Any, kind: Kind, column: Column) -> bool:
    if isinstance(value, str):
        return bool(_read(value, kind))
    if not isinstance(value, bool):
        raise _refused(value, kind, column)
    return value


def _text(value: Any, kind: Kind, column: Column) -> str:
    if not isinstance(value, str):
        value = _as_text(value, kind, column)
    if kind.name == "bpchar":
        value = value.rstrip(" ")
    if kind.modifiers and len(value) > kind.modifiers[0]:
        cut: str = value[: kind.modifiers[0]]
        if value[len(cut) :].strip(" "):
            raise QueryError(f"value too long for type {kind}.", sqlstate="22001")
        return cut
    return str(value)


def _as_text(value: Any, kind: Kind, column: Column) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = repr(value)
        return text.removesuffix(".0")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | dt.date | dt.time) or type(value).__name__ == "UUID":
        return str(value)
    raise _refused(value, kind, column)


def _bytes(value: Any, kind: Kind, column: Column) -> Any:
    del column
    return _read(value, Kind("bytea")) if isinstance(value, str) and kind else value


def _json(value: Any, kind: Kind, column: Column) -> Any:
    if isinstance(value, bool | int | float | Decimal):
        raise _refused(value, kind, column)  # as Postgres; '1' in quotes is JSON
    if not isinstance(value, str):
        return value
    type_ = innermost(column.type)
    return read(type_, value) if isinstance(type_, Struct) else document(value, kind)


def document(text: str, kind: Kind) -> Any:
    """A JSON text as a column keeps it: numbers with their digits."""
    from deeplake.query.json_text import stored
    from deeplake.types.json import Written

    return Written(*stored(text, kind.name))


def _uuid(value: Any, kind: Kind, column: Column) -> Any:
    from uuid import UUID

    if isinstance(value, str):
        return UUID(literals.uuid_of(value, kind))
    if not isinstance(value, UUID):
        raise _refused(value, kind, column)
    return value


def _moment(value: Any, kind: Kind, column: Column) -> Any:
    """Dates and timestamps; the zone of the session is UTC."""
    if type(value).__name__ == "datetime64" or hasattr(value, "nanosecond"):
        return value
    if isinstance(value, str):
        value = _moment_text(value, kind)
    if not isinstance(value, dt.date):
        raise _refused(value, kind, column)
    if kind.name == "date":
        return value.date() if isinstance(value, dt.datetime) else value
    if not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    if kind.name == "timestamptz":
        return value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)
    return value if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)


_SPECIAL = {"today": 0, "tomorrow": 1, "yesterday": -1}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _moment_text(text: str, kind: Kind) -> dt.date:
    """A text read as the binder reads it; UTC where a time has no other offset."""
    found = moment_text.read_moment(text, str(kind.plain))
    if found.relative is not None:
        now = dt.datetime.now(dt.UTC)
        if found.relative == "now":
            return now
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return day + dt.timedelta(days=_SPECIAL[found.relative])
    try:
        if kind.name == "date" and not found.infinite:
            assert found.days is not None
            return _EPOCH.date() + dt.timedelta(days=found.days)
        made = _EPOCH + dt.timedelta(microseconds=found.microseconds)
    except OverflowError:
        raise QueryError(
            f"{text[:60]!r}: a {kind.plain} beyond the years 1 to 9999 is not stored.",
            sqlstate="0A000",
        ) from None
    if kind.name != "timestamptz":
        return made.replace(tzinfo=None)  # as Postgres: a zone in such a literal is ignored
    if found.zone is not None:
        return made - _offset_in(found.zone, made)
    return made - dt.timedelta(microseconds=found.offset or 0)


def _offset_in(zone: str, wall: dt.datetime) -> dt.timedelta:
    """The offset from UTC of a time on the clocks of a zone: standard time where it is in doubt."""
    from zoneinfo import ZoneInfo, available_timezones

    try:
        known = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # no such name, or one in other capitals
        names = [name for name in available_timezones() if name.lower() == zone.lower()]
        if not names:
            raise QueryError(f'time zone "{zone[:60]}" not recognized.', sqlstate="22023") from None
        known = ZoneInfo(names[0])
    local = wall.replace(tzinfo=known)
    offsets = local.utcoffset(), local.replace(fold=1).utcoffset()
    return min(offset for offset in offsets if offset is not None)


def _vector(value: Any, kind: Kind, column: Column) -> Any:
    if isinstance(value, bool | int | float | Decimal):
        raise _refused(value, kind, column)
    if not isinstance(value, str):
        return value
    return literals.numbers_of(value, kind.plain)


def _array(value: Any, kind: Kind, column: Column) -> Any:
    assert kind.element is not None
    if isinstance(value, str):
        return values(literals.array_items(value, kind), kind.element, column)
    return values(value, kind.element, column) if isinstance(value, list | tuple) else value


def _label(value: Any, column: Column) -> Any:
    """The number of a class, also as text, or its name."""
    if not isinstance(value, str):
        return value
    type_: Any = column.type
    return labels.code_of(value, Labels(type_.names))


_CONVERT: dict[str, Callable[[Any, Kind, Column], Any]] = {
    **dict.fromkeys(INTEGERS, _integer),
    "float4": _float,
    "float8": _float,
    "numeric": _numeric,
    "bool": _bool,
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(_BYTES, _bytes),
    "json": _json,
    "jsonb": _json,
    "uuid": _uuid,
    **dict.fromkeys(MOMENTS, _moment),
    "vector": _vector,
    "halfvec": _vector,
}


# --- expressions --------------------------------------------------------------------------------


def expression(given: Expression, kind: Kind, column: str) -> Expression:
    """What the engine computes for a column, as the column's kind; lengths of texts are checked
    by `values` once they are there. Values that stand in for themselves stay late.

    Raises:
        QueryError: 42804, the column does not take it.
        NeedEarly: it is late and has to be cast.
    """
    from_ = given.kind
    if from_.late:
        if from_.name == kind.name or (from_.name in _BYTES and kind.name in _BYTES):
            return given
        present(given)
    if kind.name in TEXTS:
        return given if from_.name in TEXTS else cast(given, TEXT)
    if from_.name in _BYTES and kind.name in _BYTES:
        return given
    if from_.plain == kind.plain and (not kind.modifiers or from_ == kind):
        return given
    if from_.name == "unknown" or implicit_cost(from_, kind) is not None or _assigns(from_, kind):
        return cast(given, kind)
    raise mismatch(str(from_), kind, column)


def _assigns(given: Kind, kind: Kind) -> bool:
    """Whether Postgres casts one to the other in an assignment, though not by itself."""
    for family in (NUMBERS, MOMENTS, ("json", "jsonb"), ("vector", "halfvec")):
        if given.name in family and kind.name in family:
            return True
    if given.element is not None and kind.name in ("vector", "halfvec"):
        return given.element.name in NUMBERS
    if given.element is not None and kind.element is not None:
        return _assigns(given.element, kind.element) or given.element.name == kind.element.name
    return False


def untyped(node_kind: str, given: Expression, value: Any) -> Expression:
    """An output that was made text for want of a place that asks for a kind, as it was written.

    Args:
        node_kind: of the node it comes from: a constant or a parameter is what it may be.
        given: as it was bound.
        value: of the constant or parameter.
    """
    written = node_kind in ("a_const", "param_ref") and given.kind == TEXT
    if written and (isinstance(value, str) or value is None):
        return Constant(value, UNKNOWN)
    return given


__all__ = ["Call", "expression", "mismatch", "untyped", "values"]
