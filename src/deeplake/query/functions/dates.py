"""Dates, times and intervals: arithmetic, fields, formats, the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import cast, coerce, present
from deeplake.query.expression import Call, Constant, Expression
from deeplake.query.functions.registry import (
    bound,
    name_parameters,
    plain_call,
    register,
    special,
)
from deeplake.query.kinds import (
    FLOAT8,
    TIMESTAMP,
    TIMESTAMPTZ,
    Kind,
    numeric_of,
)
from deeplake.query.moment_text import HOURS_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

# --- arithmetic -------------------------------------------------------------------------------

_BOTH_WAYS = (
    ("date", "int4", "date", "({0} + {1})"),
    ("date", "interval", "timestamp", "(CAST({0} AS TIMESTAMP) + {1})"),
    ("date", "time", "timestamp", "({0} + {1})"),
    ("timestamp", "interval", "timestamp", "({0} + {1})"),
    ("timestamptz", "interval", "timestamptz", "({0} + {1})"),
    ("time", "interval", "time", "({0} + {1})"),
)
for _one, _other, _result, _template in _BOTH_WAYS:
    register("+", f"{_one}, {_other} -> {_result}", _template)
    _turned = _template.replace("{0}", "{2}").replace("{1}", "{0}").replace("{2}", "{1}")
    register("+", f"{_other}, {_one} -> {_result}", _turned)
    if _other != "time":
        register("-", f"{_one}, {_other} -> {_result}", _template.replace("+", "-"))


def held(interval: str) -> str:
    """An interval whose hours fit: Arrow, by which it leaves the engine, counts nanoseconds."""
    return (
        f"CASE WHEN abs(date_part('hour', {interval})) > {HOURS_MAX} THEN error('[0A000] an "
        f"interval of more than 292 years of hours is not supported') ELSE {interval} END"
    )


register("+", "interval, interval -> interval", held("({0} + {1})"))
register("-", "interval, interval -> interval", held("({0} - {1})"))
register("-", "interval -> interval", "(-{0})")
register("-", "date, date -> int4", "CAST({0} - {1} AS INTEGER)")
register("-", "timestamp, timestamp -> interval", "({0} - {1})")
register(
    "-", "timestamptz, timestamptz -> interval", "(CAST({0} AS TIMESTAMP) - CAST({1} AS TIMESTAMP))"
)
register("-", "time, time -> interval", "to_microseconds(date_diff('microsecond', {1}, {0}))")
register("*", "interval, float8 -> interval", "intervals__times({0}, {1})")
register("*", "float8, interval -> interval", "intervals__times({1}, {0})")
register("/", "interval, float8 -> interval", "intervals__divided({0}, {1})")
for _name in ("justify_hours", "justify_days", "justify_interval"):
    register(_name, "interval -> interval", f"intervals__{_name}({{0}})")

# --- fields -----------------------------------------------------------------------------------

_WHOLE = (
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "quarter",
    "week",
    "dow",
    "isodow",
    "doy",
    "isoyear",
    "century",
    "decade",
    "millennium",
    "julian",
)
_FIELDS = (
    *_WHOLE,
    "second",
    "milliseconds",
    "microseconds",
    "epoch",
    "timezone",
    "timezone_hour",
    "timezone_minute",
)
_CLOCK = ("hour", "minute", "second", "milliseconds", "microseconds", "epoch")
_ALIASES = {"years": "year", "months": "month", "days": "day", "hours": "hour", "minutes": "minute",
            "seconds": "second", "millisecond": "milliseconds", "microsecond": "microseconds",
            "weeks": "week", "mon": "month", "min": "minute", "sec": "second"}  # fmt: skip


def _field(name: str, arguments: Sequence[Expression]) -> tuple[str, Expression]:
    """(field, the moment) of extract and date_part."""
    plain_call(name, arguments)
    field, value = arguments
    if value.kind.name == "unknown":
        raise QueryError(
            f"function pg_catalog.{name}(unknown, unknown) is not unique.", sqlstate="42725"
        )
    if not isinstance(field, Constant) or field.value is None:
        raise UnsupportedQueryError(f"{name} of a field that is no constant is not supported.")
    word = str(field.value).lower()
    word = _ALIASES.get(word, word)
    shown = value.kind.plain
    if word not in _FIELDS:
        raise QueryError(f'unit "{word}" not recognized for type {shown}.', sqlstate="22023")
    return word, present(value)


_DATE_ONLY = frozenset(
    (
        "hour",
        "minute",
        "second",
        "milliseconds",
        "microseconds",
        "timezone",
        "timezone_hour",
        "timezone_minute",
    )
)


def _extract(field: str, value: Expression) -> Expression:
    """extract(): a numeric with as many digits as the field has."""
    kind = value.kind
    if kind.name == "interval":
        if field in ("week", "dow", "isodow", "doy", "isoyear", "julian") or "zone" in field:
            raise _no_field(field, kind)
        return bound(
            "extract",
            f"CAST(intervals__field('{field}', {{0}}) AS {{type}})",
            (value,),
            _digits(field),
        )
    if kind.name == "time" and field not in _CLOCK:
        raise _no_field(field, kind)
    if kind.name == "date" and field in _DATE_ONLY:
        raise _no_field(field, kind)
    if kind.name == "timestamp" and "zone" in field:
        raise _no_field(field, kind)
    result = _digits(field) if kind.name != "date" else numeric_of(18, 0)
    if "zone" in field:
        template = "CASE WHEN {0} IS NOT NULL THEN CAST(0 AS {type}) END"
        return bound("extract", template, (value,), numeric_of(1, 0))
    template = _spelled(field, kind)
    if kind.name != "time":
        template = (
            "CASE WHEN isinf({0}) THEN error('[0A000] fields of infinity are not supported') ELSE "
            f"{template} END"
        )
    if field == "julian" and kind.name != "date":
        raise UnsupportedQueryError("extract(julian …) of a timestamp is not supported.")
    return bound("extract", template, (value,), result)


def _digits(field: str) -> Kind:
    scale = {"second": 6, "epoch": 6, "milliseconds": 3}.get(field, 0)
    return numeric_of(18, scale)


def _no_field(field: str, kind: Kind) -> QueryError:
    return QueryError(f'unit "{field}" not supported for type {kind.plain}.', sqlstate="0A000")


def _spelled(field: str, kind: Kind) -> str:
    moment = "CAST({0} AS TIMESTAMP)" if kind.name == "timestamptz" else "{0}"
    micro = f"CAST(extract(microseconds FROM {moment}) AS DECIMAL(18,0))"
    if field == "second":
        return f"CAST({micro} * CAST(0.000001 AS DECIMAL(7,6)) AS {{type}})"
    if field == "milliseconds":
        return f"CAST({micro} * CAST(0.001 AS DECIMAL(4,3)) AS {{type}})"
    if field == "microseconds":
        return f"CAST(extract(microseconds FROM {moment}) AS {{type}})"
    if field == "epoch":
        if kind.name == "date":
            return "CAST(date_diff('day', DATE '1970-01-01', {0}) * 86400 AS {type})"
        if kind.name == "time":
            moment = "(DATE '1970-01-01' + {0})"
        whole = f"CAST(epoch_us({moment}) AS DECIMAL(19,0))"
        return f"CAST({whole} * CAST(0.000001 AS DECIMAL(7,6)) AS {{type}})"
    if field == "julian":
        return "CAST(date_diff('day', DATE '1970-01-01', {0}) + 2440588 AS {type})"
    found = f"extract({field} FROM {moment})"
    if field == "year":
        found = f"CASE WHEN {found} <= 0 THEN {found} - 1 ELSE {found} END"
    if field in ("century", "decade", "millennium"):
        found = (
            f"CASE WHEN extract(year FROM {moment}) <= 0 THEN error('[0A000] {field} of years BC "
            f"is not supported') ELSE {found} END"
        )
    return f"CAST({found} AS {{type}})"


for _name in ("date", "timestamp", "timestamptz", "time", "interval"):
    register("extract", f"text, {_name} -> numeric", "")
    register("date_part", f"text, {_name} -> float8", "")


@special("extract")
def _extract_call(arguments: Sequence[Expression]) -> Expression:
    return _extract(*_field("extract", arguments))


@special("date_part")
def _date_part(arguments: Sequence[Expression]) -> Expression:
    made = _extract(*_field("date_part", arguments))
    return bound("date_part", "CAST({0} AS DOUBLE)", (made,), FLOAT8)


# --- truncation, age, bins --------------------------------------------------------------------

_NATIVE_UNITS = frozenset(
    (
        "microseconds",
        "milliseconds",
        "second",
        "minute",
        "hour",
        "day",
        "week",
        "month",
        "quarter",
        "year",
    )
)
register("date_trunc", "text, timestamp -> timestamp", "moments__trunc({0}, {1})")
register(
    "date_trunc",
    "text, timestamptz -> timestamptz",
    "CAST(moments__trunc({0}, CAST({1} AS TIMESTAMP)) AS TIMESTAMPTZ)",
)
register("date_trunc", "text, interval -> interval", "moments__trunc_interval({0}, {1})")
register(
    "date_trunc",
    "text, timestamptz, text -> timestamptz",
    "timezone({2}, moments__trunc({0}, timezone({2}, {1})))",
)


@special("date_trunc")
def _date_trunc(arguments: Sequence[Expression]) -> Expression:
    """By the engine where the unit is known and it counts as Postgres does."""
    made = plain_call("date_trunc", arguments)
    if len(arguments) == 3:
        _check_zone(arguments[2])
    if not isinstance(made, Call) or made.kind.name == "interval" or len(made.arguments) != 2:
        return made
    unit = made.arguments[0]
    if isinstance(unit, Constant) and str(unit.value).lower() in _NATIVE_UNITS:
        value = "{0}" if made.kind == TIMESTAMP else "CAST({0} AS TIMESTAMP)"
        call = f"date_trunc('{str(unit.value).lower()}', {value})"
        # an infinite moment stays what it is
        template = f"CASE WHEN isinf({{0}}) THEN {{0}} ELSE CAST({call} AS {{type}}) END"
        return bound("date_trunc", template, made.arguments[1:], made.kind)
    return made


register("age", "timestamp, timestamp -> interval", "moments__age({0}, {1})")
register(
    "age",
    "timestamptz, timestamptz -> interval",
    "moments__age(CAST({0} AS TIMESTAMP), CAST({1} AS TIMESTAMP))",
)
for _name in ("timestamp", "timestamptz"):
    register(
        "age",
        f"{_name} -> interval",
        "moments__age(CAST(CAST(now() AS DATE) AS TIMESTAMP), CAST({0} AS TIMESTAMP))",
    )
register("date_bin", "interval, timestamp, timestamp -> timestamp", "moments__bin({0}, {1}, {2})")
register(
    "date_bin",
    "interval, timestamptz, timestamptz -> timestamptz",
    "CAST(moments__bin({0}, CAST({1} AS TIMESTAMP), CAST({2} AS TIMESTAMP)) AS TIMESTAMPTZ)",
)
for _name in ("date", "timestamp", "timestamptz"):
    register("isfinite", f"{_name} -> bool", "isfinite({0})")
register("isfinite", "interval -> bool", "({0} IS NOT NULL OR NULL)")


@special("overlaps")
def _overlaps(arguments: Sequence[Expression]) -> Expression:
    """(a, b) OVERLAPS (c, d), each end a moment or a length."""
    if len(arguments) != 4:
        raise QueryError("wrong number of parameters of OVERLAPS.", sqlstate="42601")
    made = []
    for first, second in (arguments[:2], arguments[2:]):
        start = first
        end = second
        if second.kind.name == "interval":
            from deeplake.query.functions.registry import call

            end = call("+", [present(first), present(second)])
        made += [start, end]
    kinds = {present(part).kind.name for part in made} - {"unknown"}
    if not kinds or not kinds <= {"date", "timestamp", "timestamptz"}:
        raise UnsupportedQueryError("OVERLAPS of these types is not supported.")
    parts = tuple(cast(coerce(p, TIMESTAMPTZ), TIMESTAMP) for p in made)
    return Call("overlaps", "moments__overlaps({0}, {1}, {2}, {3})", parts, Kind("bool"))


# --- zones ------------------------------------------------------------------------------------

register("timezone", "text, timestamp -> timestamptz", "timezone({0}, {1})")
register("timezone", "text, timestamptz -> timestamp", "timezone({0}, {1})")


@special("timezone")
def _timezone(arguments: Sequence[Expression]) -> Expression:
    made = plain_call("timezone", arguments)
    _check_zone(arguments[0])
    return made


def _check_zone(zone: Expression) -> None:
    """Refuse zones that the engine may take for others: abbreviations, POSIX offsets."""
    if not isinstance(zone, Constant):
        raise UnsupportedQueryError("a time zone that is no constant is not supported.")
    if zone.value is None:
        return
    name = str(zone.value)
    if name.upper() in ("UTC", "GMT"):
        return
    import re
    from zoneinfo import ZoneInfo

    known = True
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        known = re.search(r"\d|^[A-Za-z]{1,5}$", name) is not None  # an offset, an abbreviation
    if not known:
        raise QueryError(f'time zone "{name}" not recognized.', sqlstate="22023")
    if "/" not in name:
        raise UnsupportedQueryError(
            f"the time zone {name!r} is not supported.",
            hint="Name it by its region, as in 'Europe/Paris'.",
        )


# --- made of parts, texts ---------------------------------------------------------------------

register("make_date", "int4, int4, int4 -> date", "moments__make_date({0}, {1}, {2})")
register("make_time", "int4, int4, float8 -> time", "moments__make_time({0}, {1}, {2})")
_PARTS = "moments__make_timestamp({0}, {1}, {2}, {3}, {4}, {5})"
register("make_timestamp", "int4, int4, int4, int4, int4, float8 -> timestamp", _PARTS)
register(
    "make_timestamptz",
    "int4, int4, int4, int4, int4, float8 -> timestamptz",
    f"CAST({_PARTS} AS TIMESTAMPTZ)",
)

name_parameters("make_interval", "years months weeks days hours mins secs")
_INTERVAL = (
    "to_months({0} * 12 + {1})",
    "to_days({2} * 7 + {3})",
    "to_hours({4})",
    "to_minutes({5})",
    "to_microseconds(CAST(round({6} * 1000000) AS BIGINT))",
)
for _count in range(8):
    _made = " + ".join(_INTERVAL)
    for _k in range(_count, 7):
        _made = _made.replace(f"{{{_k}}}", "0")
    _types = ", ".join([*["int4"] * min(_count, 6), *["float8"] * (_count == 7)])
    register("make_interval", f"{_types} -> interval", held(f"({_made})"))

for _name in ("timestamp", "timestamptz"):
    register(
        "to_char",
        f"{_name}, text -> text",
        f"formats__moment(CAST({{0}} AS TIMESTAMP), {{1}}, {str(_name != 'timestamp').lower()})",
    )
for _name in ("int4", "int8"):
    register("to_char", f"{_name}, text -> text", "formats__number(CAST({0} AS VARCHAR), {1})")
register("to_char", "numeric, text -> text", "formats__number(CAST({0} AS VARCHAR), {1})")
register("to_char", "float8, text -> text", "formats__float({0}, {1})")
register("to_char", "interval, text -> text", "error('[0A000] to_char of intervals')")
register("to_date", "text, text -> date", "CAST(make_timestamp(formats__read({0}, {1})) AS DATE)")
register("to_timestamp", "text, text -> timestamptz", "make_timestamptz(formats__read({0}, {1}))")
register("to_timestamp", "float8 -> timestamptz", "make_timestamptz(moments__of_epoch({0}))")

# --- the clock --------------------------------------------------------------------------------

for _name in ("now", "transaction_timestamp", "statement_timestamp", "current_timestamp"):
    register(_name, "-> timestamptz", "now()")
register("clock_timestamp", "-> timestamptz", "now()", volatile=True)
register("localtimestamp", "-> timestamp", "CAST(now() AS TIMESTAMP)")
register("current_date", "-> date", "CAST(now() AS DATE)")
register("localtime", "-> time", "CAST(CAST(now() AS TIMESTAMP) AS TIME)")
