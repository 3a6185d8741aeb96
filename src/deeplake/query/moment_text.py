"""Dates, times and intervals in the forms that Postgres reads, as integers; its calendar.

Days and microseconds count from 1970-01-01. The order of 1/2/2026 is month, day, year, as Postgres
has it by default.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deeplake.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = 86_400_000_000
HOUR, MINUTE, SECOND = 3_600_000_000, 60_000_000, 1_000_000
HOURS_MAX = 2_562_046
"""Of an interval: more nanoseconds than these are no int64."""
DATE_INFINITY, MOMENT_INFINITY = (1 << 31) - 1, (1 << 63) - 1
"""What the engine and Arrow hold for 'infinity'; minus it for '-infinity'."""
YEARS_MIN, YEARS_MAX = -4712, 294_276
"""Of a timestamp."""

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def days_of(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a date of the Gregorian calendar; year 0 is 1 BC.

    >>> days_of(2026, 1, 1)
    20454
    """
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def date_of(days: int) -> tuple[int, int, int]:
    """(year, month, day).

    >>> date_of(20454)
    (2026, 1, 1)
    """
    days += 719_468
    era = days // 146_097
    of_era = days - era * 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + (3 if shifted < 10 else -9)
    return year + era * 400 + (month <= 2), month, day


def month_days(year: int, month: int) -> int:
    """How many days a month has."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


class Moment:
    """What a text says: a date, a time of day in microseconds, an offset from UTC or a zone."""

    def __init__(self) -> None:
        self.days: int | None = None
        self.time: int | None = None
        self.offset: int | None = None
        self.zone: str | None = None
        self.infinite = 0
        self.relative: str | None = None

    @property
    def microseconds(self) -> int:
        """Since 1970, in the zone that it is told in."""
        if self.infinite:
            return self.infinite * MOMENT_INFINITY
        assert self.days is not None
        return self.days * DAY + (self.time or 0)


def wrong(text: str, kind: str) -> QueryError:
    """22007: a text that is no such moment."""
    return QueryError(f'invalid input syntax for type {kind}: "{text[:60]}".', sqlstate="22007")


def beyond(text: str, kind: str = "date/time") -> QueryError:
    """22008: a field, or the whole, is out of range."""
    return QueryError(f'{kind} field value out of range: "{text[:60]}".', sqlstate="22008")


_TIME = re.compile(
    r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.](\d*))?)?(?:\s*([ap]\.?m\.?)(?![A-Za-z]))?(?![\d:])",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?$")
_ISO = re.compile(r"(\d{4,6})-(\d{1,2})-(\d{1,2})")
_TOKEN = re.compile(r"[A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)*|\d+(?:[-/.]\d+)*|[,]|\S")
_RELATIVE = ("now", "today", "tomorrow", "yesterday", "epoch", "infinity", "-infinity", "allballs")
_ZONES = {"z": 0, "utc": 0, "gmt": 0, "zulu": 0, "ut": 0,
          "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
          "cet": 1, "cest": 2, "bst": 1, "eet": 2, "eest": 3, "msk": 3, "jst": 9}  # fmt: skip


_BLANKS = " \t\n\r\v\f"
_PUNCTUATION = re.compile(
    r"""[!"#$%&'()*,;<=>?@\[\\\]^`{|}~]|(?<![A-Za-z])_|_(?![A-Za-z])|(?<![\w:/.-])[:/]""", re.ASCII
)
_SIGN_ALONE = re.compile(r"[+-]\s*[!\"#$%&'()*,;<=>?@\[\\\]^_`{|}~]")


def _spaced(text: str, kind: str) -> str:
    """A text without the punctuation that Postgres takes for blanks; a sign stands by a number."""
    if not _PUNCTUATION.search(text):
        return text
    if _SIGN_ALONE.search(text):
        raise wrong(text, kind)
    return _PUNCTUATION.sub(" ", text).strip(_BLANKS)


def read_moment(text: str, kind: str) -> Moment:
    """A date, timestamp or time.

    Raises:
        QueryError: 22007, it is none; 22008, a field is out of range.

    >>> read_moment("2026-01-01 10:00:00.5+02", "timestamptz").offset
    7200000000
    """
    found, rest = Moment(), _spaced(text.strip(), kind)
    word = rest.lower()
    if word in _RELATIVE or word in ("inf", "-inf", "+infinity"):
        _relative(found, word, text, kind)
        return found
    bc = False
    match = re.search(r"\s+(bc|ad)$", rest, re.IGNORECASE)
    if match is not None:
        bc, rest = match[1].lower() == "bc", rest[: match.start()]
    rest = re.sub(r"(?<=\d)[Tt](?=\d)", " ", rest)
    clock = _TIME.search(rest)
    if clock is not None:
        found.time = _clock(clock, text)
        rest, tail = rest[: clock.start()].strip(), rest[clock.end() :].strip()
        rest = _zone_off(found, tail, text, kind) + rest
    elif kind != "date":
        rest = _bare_clock(found, _bare_zone(found, rest), text, kind)
    if rest:
        found.days = _date(rest, text, kind, bc=bc)
    if found.days is None and (kind not in _TIMES or found.time is None):
        raise wrong(text, kind)
    return found


def _bare_zone(found: Moment, rest: str) -> str:
    head, _, last = rest.rpartition(" ")
    if head and last.lower() in ("z", "utc"):
        found.offset = 0
        return head
    return rest


_BARE = re.compile(r"(\d\d)(\d\d)(\d\d)?(?:[.](\d*))?()")


def _bare_clock(found: Moment, rest: str, text: str, kind: str) -> str:
    """Take off a time without colons: 030405 behind a date, or alone where a time is wanted."""
    head, _, last = rest.rpartition(" ")
    match = _BARE.fullmatch(last)
    if match is None or not (head or kind in _TIMES):
        return rest
    if head and not re.fullmatch(r"\d{8}|\d{4,}-\d+-\d+", head):
        return rest
    found.time = _clock(match, text)
    return head


_TIMES = ("time", "time without time zone")


def _relative(found: Moment, word: str, text: str, kind: str) -> None:
    if word in ("infinity", "inf", "+infinity", "-infinity", "-inf"):
        if kind in _TIMES:
            raise wrong(text, kind)
        found.infinite = -1 if word.startswith("-") else 1
        found.days = found.infinite * DATE_INFINITY
    elif word == "epoch":
        if kind in _TIMES:
            raise wrong(text, kind)
        found.days, found.time, found.offset = 0, 0, 0
    elif word == "allballs":
        if kind not in _TIMES:
            raise wrong(text, kind)
        found.time = 0
    else:
        found.relative = word


def _clock(match: re.Match[str], text: str) -> int:
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    fraction = match[4] or ""
    micro = round(int((fraction + "0000000")[:7]) / 10) if fraction else 0
    half = (match[5] or "").lower().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            raise beyond(text)
        hour = hour % 12 + (12 if half == "pm" else 0)
    made = hour * HOUR + minute * MINUTE + second * SECOND + micro
    if minute > 59 or second > 60 or made > DAY:
        raise beyond(text)
    return made


def _zone_off(found: Moment, tail: str, text: str, kind: str) -> str:
    """Take the zone off what follows the time; the rest of it is part of the date."""
    if not tail:
        return ""
    match = _OFFSET.match(tail)
    if match is not None:
        hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
        if hours > 15 or minutes > 59 or seconds > 59:
            raise QueryError(
                f'time zone displacement out of range: "{text[:60]}".', sqlstate="22009"
            )
        made = hours * HOUR + minutes * MINUTE + seconds * SECOND
        found.offset = -made if match[1] == "-" else made
        return ""
    word, _, rest = tail.partition(" ")
    if word.lower() in _ZONES:
        found.offset = _ZONES[word.lower()] * HOUR
        return rest + " " if rest else ""
    if "/" in word:
        found.zone = word
        return rest + " " if rest else ""
    if re.match(r"[A-Za-z]{3,}$", word) and word.lower()[:3] not in _MONTH_WORDS:
        raise wrong(text, kind)
    return tail + " "


_MONTH_WORDS = {name[:3]: k + 1 for k, name in enumerate(MONTHS)}


def _date(rest: str, text: str, kind: str, *, bc: bool) -> int:
    match = _ISO.fullmatch(rest)
    if match is not None:
        year, month, day = (int(part) for part in match.groups())
        return _checked(year, month, day, text, bc=bc)
    if re.fullmatch(r"\d{8}", rest):
        return _checked(int(rest[:4]), int(rest[4:6]), int(rest[6:]), text, bc=bc)
    if re.fullmatch(r"\d{6}", rest):
        return _checked(_short(rest[:2]), int(rest[2:4]), int(rest[4:]), text, bc=bc)
    match = re.fullmatch(r"(\d{4,})[.](\d{3})", rest)
    if match is not None:  # year and day of the year
        first = _checked(int(match[1]), 1, 1, text, bc=bc)
        if not 1 <= int(match[2]) <= 366:
            raise beyond(text)
        return first + int(match[2]) - 1
    match = re.fullmatch(r"j(\d+)", rest, re.IGNORECASE)
    if match is not None:
        return int(match[1]) - 2_440_588
    return _checked(*_fields(rest, text, kind), text, bc=bc)


_SHORT_WEEKDAYS = frozenset(
    ("mon", "tue", "tues", "wed", "weds", "thu", "thur", "thurs", "fri", "sat", "sun")
)


def _fields(rest: str, text: str, kind: str) -> tuple[int, int, int]:
    """Year, month and day of forms with names of months, or with slashes, dots and dashes."""
    numbers: list[str] = []
    month = None
    for part in _TOKEN.findall(rest):
        word = part.lower()
        if part == "," or word in WEEKDAYS or word in _SHORT_WEEKDAYS:
            continue
        if word[:3] in _MONTH_WORDS and MONTHS[_MONTH_WORDS[word[:3]] - 1].startswith(word):
            if month is not None:
                raise wrong(text, kind)
            month = _MONTH_WORDS[word[:3]]
        elif word == "sept":
            month = 9
        elif re.fullmatch(r"\d+([-/.]\d+)*", part):
            numbers += re.split(r"[-/.]", part)
        elif part not in "-/.":
            raise wrong(text, kind)
    if month is not None and len(numbers) == 2:
        first, second = numbers
        if len(first) > 2 or (int(first) > 31 and len(second) <= 2):
            return int(first), month, int(second)
        return _short(second), month, int(first)
    if month is None and len(numbers) == 3:
        if len(numbers[0]) > 2:
            return int(numbers[0]), int(numbers[1]), int(numbers[2])
        return _short(numbers[2]), int(numbers[0]), int(numbers[1])
    raise wrong(text, kind)


def _short(text: str) -> int:
    """A year of two digits."""
    value = int(text)
    return value if len(text) > 2 else value + (2000 if value < 70 else 1900)


def _checked(year: int, month: int, day: int, text: str, *, bc: bool) -> int:
    if bc:
        year = 1 - year
    elif year == 0:
        raise beyond(text)
    if not 1 <= month <= 12 or not 1 <= day <= month_days(year, month):
        raise beyond(text)
    if year > 5_874_897 or year < YEARS_MIN:
        raise QueryError(f'date out of range: "{text[:60]}".', sqlstate="22008")
    return days_of(year, month, day)


# --- intervals ------------------------------------------------------------------------------

MICROSECONDS_MAX = HOURS_MAX * HOUR + HOUR - 1
"""Of an interval, which is nanoseconds in Arrow."""


Interval = tuple[int, int, int]
"""Months, days, microseconds."""

_UNITS: dict[str, tuple[int, int]] = {}
_NAMED: dict[str, str] = {}
for _names, _field, _size in (
    ("microsecond us usec usecs usecond useconds microsecon", 2, 1),
    ("millisecond ms msec msecs msecond mseconds millisecon", 2, 1000),
    ("second s sec secs", 2, SECOND),
    ("minute m min mins", 2, MINUTE),
    ("hour h hr hrs", 2, HOUR),
    ("day d", 1, 1),
    ("week w", 1, 7),
    ("month mon mons", 0, 1),
    ("year y yr yrs", 0, 12),
    ("decade dec decs", 0, 120),
    ("century c cent centuries", 0, 1200),
    ("millennium mil mils millennia", 0, 12000),
):
    for _name in _names.split():
        _UNITS[_name] = _UNITS[_name + "s"] = (_field, _size)
        _NAMED[_name] = _NAMED[_name + "s"] = _names.split()[0]

_PIECE = re.compile(
    r"\s*(?:([+-]?)(\d+):(\d{1,2})(?::(\d{1,2}(?:[.]\d*)?))?|([+-]?)(\d+)-(\d+)(?![-.\d])"
    r"|([+-]?\s*(?:\d+[.]?\d*|[.]\d+)(?![-\d]))\s*([a-zA-Z]*)(?![-/.])|(ago)|(@))",
    re.IGNORECASE | re.ASCII,
)
_ISO_INTERVAL = re.compile(r"([+-]?\d+(?:[.]\d+)?)([YMWDHS])", re.IGNORECASE | re.ASCII)


def read_interval(text: str, finest: str = "") -> Interval:
    """An interval: '1 year 2 mons', '1 day 02:03:04', '1-2', 'P1Y2M', '@ 1 minute ago'.

    Args:
        text: of it.
        finest: the field it is restricted to, as in INTERVAL '3' MONTH: a number without a unit
            counts these, and what is finer is cut off. '' for no restriction.

    Raises:
        QueryError: 22007, it is none; 22015, it is too long.

    >>> read_interval("1 mon -2 days 03:04:05.5")
    (1, -2, 11045500000)
    >>> read_interval("3", "month"), read_interval("1 day 02:03", "day")
    ((3, 0, 0), (0, 1, 0))
    """
    rest = text.strip(_BLANKS)
    if rest[:1] in "Pp" and rest[:1]:
        return _cut(_iso_interval(rest, text), finest)
    rest = _spaced(rest, "interval")
    parts: list[float] = [0, 0, 0]
    at, ago = 0, False
    seen: set[str] = set()
    while at < len(rest):
        match = _PIECE.match(rest, at)
        if match is None or match.end() == at:
            raise wrong(text, "interval")
        at = match.end()
        if match[2] is not None:
            fields = {"hour", "minute", "second"}
            _add_clock(parts, match, text)
        elif match[6] is not None:
            fields = {"year", "month"}
            if int(match[7]) > 11:
                raise QueryError(f'interval field value out of range: "{text}".', sqlstate="22015")
            months = int(match[6]) * 12 + int(match[7])
            parts[0] += -months if match[5] == "-" else months
        elif match[8] is not None:
            unit = match[9].lower() or ("day" if _CLOCK_FOLLOWS.match(rest, at) else finest)
            bare = not match[9] and unit != "day" and rest[at:].strip().lower() not in ("", "ago")
            unit = unit or "second"
            if unit not in _UNITS or bare:  # a number without a unit is the last one
                raise wrong(text, "interval")
            fields = {_NAMED[unit]}
            _add(parts, match[8].replace(" ", ""), *_UNITS[unit])
        elif match[10] is not None:
            ago = True
            continue
        else:
            continue
        if fields & seen:
            raise wrong(text, "interval")  # each unit once
        seen |= fields
    if not seen:
        raise wrong(text, "interval")
    return _cut(_bounded([-part for part in parts] if ago else parts, text), finest)


def _cut(value: Interval, finest: str) -> Interval:
    """An interval without what is finer than a field, toward zero."""
    if finest in ("", "second"):
        return value
    months, days, micro = value
    if finest in ("year", "month"):
        years = int(months / 12)
        return (12 * years if finest == "year" else months), 0, 0
    size = {"hour": HOUR, "minute": MINUTE}.get(finest)
    whole = 0 if size is None else abs(micro) // size * size
    return months, days, -whole if micro < 0 else whole


_CLOCK_FOLLOWS = re.compile(
    r"\s*[+-]?(\d+:\d|(\d+[.]?\d*|[.]\d+)\s*(h|hr|hour)s?(?![a-z]))", re.ASCII | re.IGNORECASE
)
"""Behind a number without a unit, which then counts days."""


def _add_clock(parts: list[float], match: re.Match[str], text: str) -> None:
    if int(match[3]) > 59 or (match[4] and float(match[4]) >= 60):
        raise QueryError(f'interval field value out of range: "{text}".', sqlstate="22015")
    seconds = round(float(match[4] or 0) * SECOND)
    made = int(match[2]) * HOUR + int(match[3]) * MINUTE + seconds
    parts[2] += -made if match[1] == "-" else made


def _add(parts: list[float], number: str, field: int, size: int) -> None:
    """A number of units; fractions of months become days, of days microseconds."""
    if re.fullmatch(r"[+-]?\d+", number):
        parts[field] += int(number) * size
        return
    value = float(number) * size
    if field == 2:
        parts[2] += round(value)
        return
    whole = int(value)
    fraction = value - whole
    parts[field] += whole
    if field == 0 and size == 1:
        days = fraction * 30
        parts[1] += int(days)
        parts[2] += round((days - int(days)) * DAY)
    elif field == 0:
        parts[0] += round(fraction) if size > 1 else 0
    else:
        parts[2] += round(fraction * DAY)


def _iso_interval(rest: str, text: str) -> Interval:
    parts: list[float] = [0, 0, 0]
    head, _, tail = rest[1:].upper().partition("T")
    if not head and not tail:
        raise wrong(text, "interval")
    for section, units in (
        (head, {"Y": (0, 12), "M": (0, 1), "W": (1, 7), "D": (1, 1)}),
        (tail, {"H": (2, HOUR), "M": (2, MINUTE), "S": (2, SECOND)}),
    ):
        at = 0
        for match in _ISO_INTERVAL.finditer(section):
            if match.start() != at or match[2].upper() not in units:
                raise wrong(text, "interval")
            at = match.end()
            _add(parts, match[1], *units[match[2].upper()])
        if at != len(section):
            raise wrong(text, "interval")
    return _bounded(parts, text)


def _bounded(parts: Sequence[float], text: str) -> Interval:
    months, days, micro = (int(part) for part in parts)
    if abs(months) >= 1 << 31 or abs(days) >= 1 << 31 or abs(micro) >= 1 << 63:
        raise QueryError(f'interval field value out of range: "{text[:60]}".', sqlstate="22015")
    if abs(micro) > MICROSECONDS_MAX:
        raise QueryError(
            "an interval of more than 292 years of hours is not supported.", sqlstate="0A000"
        )
    return months, days, micro


def interval_text(value: Interval) -> str:
    """An interval as Postgres prints it.

    >>> interval_text((14, 3, 14706500000)), interval_text((-1, 2, -1))
    ('1 year 2 mons 3 days 04:05:06.5', '-1 mons +2 days -00:00:00.000001')
    """
    months, days, micro = value
    years, months = int(months / 12), months - int(months / 12) * 12
    parts, negative = [], False
    for count, unit in ((years, "year"), (months, "mon"), (days, "day")):
        if count:
            sign = "+" if negative and count > 0 else ""
            parts.append(f"{sign}{count} {unit}{'' if count == 1 else 's'}")
            negative = count < 0
    if micro or not parts:
        sign = "-" if micro < 0 else "+" if negative else ""
        parts.append(sign + clock_text(abs(micro)))
    return " ".join(parts)


def clock_text(micro: int) -> str:
    """Microseconds as 04:05:06.5."""
    seconds, micro = divmod(micro, SECOND)
    made = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return made + f".{micro:06}".rstrip("0") if micro else made


def date_text(days: int) -> str:
    """A date as the engine and Postgres read it.

    >>> date_text(20454), date_text(DATE_INFINITY)
    ('2026-01-01', 'infinity')
    """
    if abs(days) == DATE_INFINITY:
        return "infinity" if days > 0 else "-infinity"
    year, month, day = date_of(days)
    if year <= 0:
        return f"{1 - year:04}-{month:02}-{day:02} (BC)"
    return f"{year:04}-{month:02}-{day:02}"


def moment_text(micro: int) -> str:
    """A timestamp as the engine reads it."""
    if abs(micro) == MOMENT_INFINITY:
        return "infinity" if micro > 0 else "-infinity"
    days, clock = divmod(micro, DAY)
    return f"{date_text(days)} {clock_text(clock)}"
