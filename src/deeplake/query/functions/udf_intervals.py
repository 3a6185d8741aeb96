"""Intervals: their text, and the arithmetic of months, days and microseconds kept apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from deeplake.query.functions.udf import Family, failure
from deeplake.query.moment_text import DAY, Interval, interval_text, read_interval

if TYPE_CHECKING:
    from collections.abc import Callable

FAMILY = Family()
FAMILY.rows("text", "INTERVAL -> VARCHAR")(interval_text)
FAMILY.rows("read", "VARCHAR -> INTERVAL")(read_interval)


def checked(months: int, days: int, micro: int) -> Interval:
    """An interval whose fields fit.

    Raises:
        QueryError: 22008
    """
    if abs(months) >= 1 << 31 or abs(days) >= 1 << 31 or abs(micro) >= 1 << 63:
        raise failure("22008", "interval out of range")
    return months, days, micro


def _scaled(value: Interval, factor: float) -> Interval:
    """Fractions of months become days, fractions of days microseconds, as in interval_mul."""
    months_, days_, micro = value
    if not math.isfinite(factor):
        raise failure("22008", "interval out of range")
    months = int(months_ * factor)
    days = int(days_ * factor)
    month_days = (months_ * factor - months) * 30
    month_days = round(month_days * 1e6) / 1e6
    seconds = (days_ * factor - days + month_days - int(month_days)) * 86_400
    seconds = round(seconds * 1e6) / 1e6
    if abs(seconds) >= 86_400:
        days += int(seconds / 86_400)
        seconds -= int(seconds / 86_400) * 86_400
    days += int(month_days)
    return checked(months, days, round(micro * factor + seconds * 1e6))


@FAMILY.rows("times", "INTERVAL, DOUBLE -> INTERVAL")
def times(value: Interval, factor: float) -> Interval:
    """An interval times a number."""
    return _within(lambda: _scaled(value, factor))


def _within(compute: Callable[[], Interval]) -> Interval:
    """What is computed, unless a field is no number any more on the way."""
    try:
        return compute()
    except (OverflowError, ValueError):  # int() of an infinity or NaN
        raise failure("22008", "interval out of range") from None


@FAMILY.rows("divided", "INTERVAL, DOUBLE -> INTERVAL")
def divided(value: Interval, divisor: float) -> Interval:
    """An interval divided by a number."""
    if divisor == 0:
        raise failure("22012", "division by zero")
    return _within(lambda: _divided(value, divisor))


def _divided(value: Interval, divisor: float) -> Interval:
    months_, days_, micro = value
    months, days = int(months_ / divisor), int(days_ / divisor)
    month_days = round((months_ / divisor - months) * 30 * 1e6) / 1e6
    seconds = (days_ / divisor - days + month_days - int(month_days)) * 86_400
    seconds = round(seconds * 1e6) / 1e6
    if abs(seconds) >= 86_400:
        days += int(seconds / 86_400)
        seconds -= int(seconds / 86_400) * 86_400
    return checked(months, days + int(month_days), round(micro / divisor + seconds * 1e6))


def _cut(value: int, by: int) -> tuple[int, int]:
    whole = (
        int(value / by) if abs(value) < 1 << 50 else (abs(value) // by) * (-1 if value < 0 else 1)
    )
    return whole, value - whole * by


@FAMILY.rows("justify_hours", "INTERVAL -> INTERVAL")
def justify_hours(value: Interval) -> Interval:
    """24 hours are a day."""
    months, days, micro = value
    more, micro = _cut(micro, DAY)
    days += more
    if days > 0 and micro < 0:
        days, micro = days - 1, micro + DAY
    elif days < 0 and micro > 0:
        days, micro = days + 1, micro - DAY
    return months, days, micro


@FAMILY.rows("justify_days", "INTERVAL -> INTERVAL")
def justify_days(value: Interval) -> Interval:
    """30 days are a month."""
    months, days, micro = value
    more, days = _cut(days, 30)
    months += more
    if months > 0 and days < 0:
        months, days = months - 1, days + 30
    elif months < 0 and days > 0:
        months, days = months + 1, days - 30
    return months, days, micro


@FAMILY.rows("justify_interval", "INTERVAL -> INTERVAL")
def justify_interval(value: Interval) -> Interval:
    """Both, with signs that agree."""
    months, days, micro = value
    if (days > 0 and micro > 0) or (days < 0 and micro < 0):
        more, days = _cut(days, 30)
        months += more
    more, micro = _cut(micro, DAY)
    days += more
    more, days = _cut(days, 30)
    months += more
    if months > 0 and (days < 0 or (days == 0 and micro < 0)):
        months, days = months - 1, days + 30
    elif months < 0 and (days > 0 or (days == 0 and micro > 0)):
        months, days = months + 1, days - 30
    if days > 0 and micro < 0:
        days, micro = days - 1, micro + DAY
    elif days < 0 and micro > 0:
        days, micro = days + 1, micro - DAY
    return months, days, micro


@FAMILY.rows("field", "VARCHAR, INTERVAL -> VARCHAR")
def field(name: str, value: Interval) -> str:
    """extract(name from an interval), as a numeric."""
    months, days, micro = value
    years, month = _cut(months, 12)
    hours, rest = _cut(micro, 3_600_000_000)
    minutes, rest = _cut(rest, 60_000_000)
    plain = {
        "year": years, "month": month, "day": days, "hour": hours, "minute": minutes,
        "quarter": month // 3 + 1 if month >= 0 else int(month / 3) + 1,
        "decade": int(years / 10), "century": int(years / 100), "millennium": int(years / 1000),
        "microseconds": rest,
    }  # fmt: skip
    if name in plain:
        return str(plain[name])
    if name == "milliseconds":
        return _point(rest, 3)
    if name == "second":
        return _point(rest, 6)
    if name == "epoch":
        seconds = years * 31_557_600 + month * 2_592_000 + days * 86_400
        return _point(seconds * 1_000_000 + micro, 6)
    raise failure("0A000", f"unit {name!r} of an interval is not supported")


def _point(value: int, places: int) -> str:
    """An integer with a point so many places from its end."""
    word = f"{abs(value):0{places + 1}}"
    return f"{'-' if value < 0 else ''}{word[:-places]}.{word[-places:]}"
