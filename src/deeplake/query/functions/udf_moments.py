"""Dates and times: read, truncated, compared and taken apart as Postgres does."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deeplake.query.functions.udf import Family, failure
from deeplake.query.moment_text import (
    DAY,
    MOMENT_INFINITY,
    Interval,
    Moment,
    beyond,
    clock_text,
    date_of,
    date_text,
    days_of,
    month_days,
    read_moment,
    wrong,
)

FAMILY = Family()


def _resolved(found: Moment) -> Moment:
    """'now' and 'today' read from rows."""
    if found.relative is not None:
        now = datetime.now(UTC)
        days = days_of(now.year, now.month, now.day)
        found.days = days + {"now": 0, "today": 0, "tomorrow": 1, "yesterday": -1}[found.relative]
        if found.relative == "now":
            found.time = (now.hour * 3600 + now.minute * 60 + now.second) * 1_000_000
            found.time += now.microsecond
    return found


@FAMILY.rows("read_date", "VARCHAR -> DATE")
def read_date(text: str) -> int:
    """A text as a date."""
    days = _resolved(read_moment(text, "date")).days
    assert days is not None
    return days


@FAMILY.rows("read_timestamp", "VARCHAR -> TIMESTAMP")
def read_timestamp(text: str) -> int:
    """A text as a timestamp; a zone in it is ignored."""
    return _resolved(read_moment(text, "timestamp without time zone")).microseconds


@FAMILY.rows("read_instant", "VARCHAR -> BIGINT")
def read_instant(text: str) -> int:
    """A text as a timestamp with time zone: microseconds since 1970 in UTC."""
    found = _resolved(read_moment(text, "timestamp with time zone"))
    micro = found.microseconds - (0 if found.infinite else found.offset or 0)
    if found.zone is not None:
        try:
            zone = ZoneInfo(found.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise failure("22023", f'time zone "{found.zone}" not recognized') from None
        wall = datetime(1970, 1, 1, tzinfo=UTC).timestamp() + micro / 1e6
        offset = datetime.fromtimestamp(wall, UTC).replace(tzinfo=zone).utcoffset()
        assert offset is not None
        micro -= round(offset.total_seconds() * 1_000_000)
    return micro


@FAMILY.rows("read_time", "VARCHAR -> TIME")
def read_time(text: str) -> int:
    """A text as a time of day."""
    found = _resolved(read_moment(text, "time"))
    if found.time is None:
        raise wrong(text, "time")
    return found.time


def _iso(micro: int) -> str:
    if abs(micro) >= MOMENT_INFINITY:
        return "infinity" if micro > 0 else "-infinity"
    days, clock = divmod(micro, DAY)
    return f"{date_text(days)}T{clock_text(clock)}"


@FAMILY.rows("iso_timestamp", "TIMESTAMP -> VARCHAR")
def iso_timestamp(micro: int) -> str:
    """As JSON holds it."""
    return _iso(micro)


@FAMILY.rows("iso_timestamptz", "TIMESTAMPTZ -> VARCHAR")
def iso_timestamptz(micro: int) -> str:
    """As JSON holds it, in UTC."""
    made = _iso(micro)
    return made if made.endswith("y") else made + "+00:00"


def _infinite(micro: int) -> bool:
    return abs(micro) >= MOMENT_INFINITY


@FAMILY.rows("trunc", "VARCHAR, TIMESTAMP -> TIMESTAMP")
def trunc(unit: str, micro: int) -> int:
    """date_trunc of what the engine has not, or counts otherwise."""
    unit = _unit(unit)
    if _infinite(micro):
        return micro
    small = {"microseconds": 1, "milliseconds": 1000, "second": 1_000_000, "minute": 60_000_000,
             "hour": 3_600_000_000, "day": DAY}  # fmt: skip
    if unit in small:
        return micro // small[unit] * small[unit]
    days = micro // DAY
    year, month, _ = date_of(days)
    if unit == "week":
        return (days - (days + 3) % 7) * DAY
    if unit in ("month", "quarter"):
        return days_of(year, month if unit == "month" else (month - 1) // 3 * 3 + 1, 1) * DAY
    size = {"year": 1, "decade": 10, "century": 100, "millennium": 1000}.get(unit)
    if size is None:
        raise failure("22023", f'timestamp units "{unit}" not recognized')
    if size >= 100:
        year = (year - 1) // size * size + 1
    return days_of(year // size * size if size <= 10 else year, 1, 1) * DAY


@FAMILY.rows("trunc_interval", "VARCHAR, INTERVAL -> INTERVAL")
def trunc_interval(unit: str, value: Interval) -> Interval:
    """date_trunc of an interval."""
    unit = _unit(unit)
    months, days, micro = value
    large = {"millennium": 12_000, "century": 1200, "decade": 120, "year": 12, "quarter": 3,
             "month": 1}  # fmt: skip
    if unit in large:
        return int(months / large[unit]) * large[unit], 0, 0
    if unit == "day":
        return months, days, 0
    small = {"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000,
             "milliseconds": 1000, "microseconds": 1}  # fmt: skip
    if unit in small:
        whole = abs(micro) // small[unit] * small[unit]
        return months, days, whole if micro >= 0 else -whole
    if unit == "week":
        raise failure("0A000", 'interval units "week" not supported')
    raise failure("22023", f'interval units "{unit}" not recognized')


_ALIASES = {
    "microsecond": "microseconds", "us": "microseconds", "usec": "microseconds",
    "millisecond": "milliseconds", "ms": "milliseconds", "msec": "milliseconds",
    "seconds": "second", "s": "second", "sec": "second", "minutes": "minute", "min": "minute",
    "m": "minute", "hours": "hour", "h": "hour", "hr": "hour", "days": "day", "d": "day",
    "weeks": "week", "w": "week", "months": "month", "mon": "month", "years": "year",
    "y": "year", "decades": "decade", "centuries": "century", "c": "century",
    "millennia": "millennium", "mil": "millennium", "qtr": "quarter",
}  # fmt: skip


def _unit(unit: str) -> str:
    word = unit.lower()
    return _ALIASES.get(word, word)


@FAMILY.rows("age", "TIMESTAMP, TIMESTAMP -> INTERVAL")
def age(later: int, earlier: int) -> Interval:
    """The time between in years, months and days, as a person counts."""
    if _infinite(later) or _infinite(earlier):
        raise failure("0A000", "age() of infinite timestamps is not supported")
    sign = -1 if later < earlier else 1
    (one_days, one), (other_days, other) = divmod(later, DAY), divmod(earlier, DAY)
    first, second = date_of(one_days), date_of(other_days)
    years, months, days = (sign * (a - b) for a, b in zip(first, second, strict=True))
    micro = sign * (one - other)
    if micro < 0:
        micro, days = micro + DAY, days - 1
    while days < 0:
        base = first if sign < 0 else second
        days, months = days + month_days(base[0], base[1]), months - 1
    if months < 0:
        months, years = months + 12, years - 1
    return sign * (years * 12 + months), sign * days, sign * micro


@FAMILY.rows("bin", "INTERVAL, TIMESTAMP, TIMESTAMP -> TIMESTAMP")
def bin_(stride: Interval, micro: int, origin: int) -> int:
    """date_bin"""
    months, days, rest = stride
    if months:
        raise failure(
            "0A000", "timestamps cannot be binned into intervals containing months or years"
        )
    size = days * DAY + rest
    if size <= 0:
        raise failure("22008", "stride must be greater than zero")
    if _infinite(micro):
        return micro
    if _infinite(origin):
        raise failure("22008", "origin out of range")
    return origin + (micro - origin) // size * size


@FAMILY.rows("overlaps", "TIMESTAMP, TIMESTAMP, TIMESTAMP, TIMESTAMP -> BOOLEAN", nulls=True)
def overlaps(a: int | None, b: int | None, c: int | None, d: int | None) -> bool | None:
    """Whether two stretches of time have a moment in common, NULLs as SQL has them."""
    a, b = _in_order(a, b)
    c, d = _in_order(c, d)
    if a is None or c is None:
        return None
    if a > c:
        return None if d is None else True if a < d else None if b is None else False
    if a < c:
        return None if b is None else True if c < b else None if d is None else False
    return None if b is None or d is None else True


def _in_order(one: int | None, other: int | None) -> tuple[int | None, int | None]:
    if one is None:
        return other, None
    if other is not None and one > other:
        return other, one
    return one, other


@FAMILY.rows("make_date", "INTEGER, INTEGER, INTEGER -> DATE")
def make_date(year: int, month: int, day: int) -> int:
    """A date of its parts; negative years are BC."""
    if year < 0:
        year += 1
    elif year == 0:
        raise beyond(f"{year}-{month:02}-{day:02}")
    if not 1 <= month <= 12 or not 1 <= day <= month_days(year, month):
        raise beyond(f"{year}-{month:02}-{day:02}")
    return days_of(year, month, day)


@FAMILY.rows("make_time", "INTEGER, INTEGER, DOUBLE -> TIME")
def make_time(hour: int, minute: int, second: float) -> int:
    """A time of its parts."""
    micro = round(second * 1_000_000) if math.isfinite(second) else -1
    made = hour * 3_600_000_000 + minute * 60_000_000 + micro
    if not 0 <= minute <= 59 or not 0 <= micro <= 60_000_000 or hour < 0 or made > DAY:
        raise failure("22008", f"time field value out of range: {hour:02}:{minute:02}:{second}")
    return made


@FAMILY.rows("make_timestamp", "INTEGER, INTEGER, INTEGER, INTEGER, INTEGER, DOUBLE -> TIMESTAMP")
def make_timestamp(year: int, month: int, day: int, hour: int, minute: int, second: float) -> int:
    """A timestamp of its parts."""
    return make_date(year, month, day) * DAY + make_time(hour, minute, second)


@FAMILY.rows("of_epoch", "DOUBLE -> BIGINT")
def of_epoch(seconds: float) -> int:
    """to_timestamp(seconds)"""
    if math.isnan(seconds):
        raise failure("22008", "timestamp cannot be NaN")
    if math.isinf(seconds):
        return MOMENT_INFINITY if seconds > 0 else -MOMENT_INFINITY
    if not -210_866_803_200 <= seconds < 9_224_318_016_000:
        raise failure("22008", f'timestamp out of range: "{seconds}"')
    return round(seconds * 1_000_000)
