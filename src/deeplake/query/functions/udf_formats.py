"""to_char, to_date, to_timestamp: Postgres' template patterns of dates and numbers."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal

from deeplake.query.functions.udf import Family, failure
from deeplake.query.moment_text import (
    DAY,
    MOMENT_INFINITY,
    MONTHS,
    WEEKDAYS,
    date_of,
    days_of,
    month_days,
)

FAMILY = Family()

_TOKEN = re.compile(
    r'"((?:[^"\\]|\\.)*)"|(FM|TM)?(Y,YYY|YYYY|IYYY|YYY|IYY|YY|IY|HH24|HH12|HH|MI|SSSSS|SSSS|SS|MS|'
    r"US|MONTH|Month|month|MON|Mon|mon|MM|DAY|Day|day|DY|Dy|dy|IDDD|DDD|ID|DD|D|WW|IW|W|CC|J|Q|RM|"
    r"rm|TZ|tz|OF|A\.M\.|P\.M\.|a\.m\.|p\.m\.|AM|PM|am|pm|B\.C\.|A\.D\.|BC|AD|b\.c\.|a\.d\.|bc|ad|"
    r"Y|I|yyyy|yyy|yy|hh24|hh12|hh|mi|ssss|ss|ms|us|mm|ddd|dd|ww|iw|iyyy|cc|q|d|w|j|FF[1-6])"
    r"(TH|th)?|\\(.)|(.)",
    re.DOTALL,
)
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def _weekday(days: int) -> int:
    """0 is Monday."""
    return (days + 3) % 7


def _iso_week(days: int) -> tuple[int, int]:
    """(year, week)."""
    thursday = days - _weekday(days) + 3
    year = date_of(thursday)[0]
    return year, (thursday - days_of(year, 1, 1)) // 7 + 1


@FAMILY.rows("moment", "TIMESTAMP, VARCHAR, BOOLEAN -> VARCHAR")
def moment(micro: int, form: str, zoned: bool) -> str | None:
    """A timestamp by a template."""
    if not form or abs(micro) >= MOMENT_INFINITY:
        return None
    made = []
    for quoted, prefix, part, suffix, escaped, other in _TOKEN.findall(form):
        if not part:
            made.append(re.sub(r"\\(.)", r"\1", quoted) if quoted else escaped or other)
            continue
        if prefix == "TM" or part.startswith("FF"):
            raise failure("0A000", f"{prefix}{part} in to_char is not supported")
        word = _field(part, micro, fill=not prefix, zoned=zoned)
        if suffix and word.lstrip("-").isdigit():
            ordinal = _ordinal(int(word))
            word += ordinal.upper() if suffix == "TH" else ordinal
        made.append(word)
    return "".join(made)


def _ordinal(number: int) -> str:
    if 10 < number % 100 < 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _cased(part: str, word: str) -> str:
    if part.isupper():
        return word.upper()
    return word.lower() if part.islower() else word.capitalize()


def _field(part: str, micro: int, *, fill: bool, zoned: bool) -> str:
    days, clock = divmod(micro, DAY)
    year, month, _ = date_of(days)
    name = part.upper().replace(".", "")
    if name in ("MONTH", "DAY", "MON", "DY"):
        full = MONTHS[month - 1] if name in ("MONTH", "MON") else WEEKDAYS[_weekday(days)]
        word = _cased(part, full if name in ("MONTH", "DAY") else full[:3])
        return word.ljust(9) if fill and name in ("MONTH", "DAY") else word
    if name in ("AM", "PM", "AD", "BC"):
        word = ("AM" if clock < DAY // 2 else "PM") if name in ("AM", "PM") else (
            "AD" if year > 0 else "BC")  # fmt: skip
        word = f"{word[0]}.{word[1]}." if "." in part else word
        return word if part[0].isupper() else word.lower()
    if name in ("TZ", "OF"):
        if name == "TZ":
            return ("UTC" if part == "TZ" else "utc") if zoned else ""
        return "+00"
    if name == "RM":
        word = _ROMAN[month - 1]
        word = word if part == "RM" else word.lower()
        return word.ljust(4) if fill else word
    value, width = _number(name, days, clock)
    if name == "Y,YYY":
        return f"{value // 1000},{value % 1000:03}"
    return f"{value:0{width}}" if fill else str(value)


def _number(name: str, days: int, clock: int) -> tuple[int, int]:
    """(value, digits) of a field."""
    year, month, day = date_of(days)
    shown = year if year > 0 else 1 - year
    seconds = clock // 1_000_000
    iso_year, iso_week = _iso_week(days) if name in ("IW", "IDDD") or name[0] == "I" else (0, 0)
    first = days_of(year, 1, 1)
    found = {
        "YYYY": (shown, 4), "Y,YYY": (shown, 4), "YYY": (shown % 1000, 3), "YY": (shown % 100, 2),
        "Y": (shown % 10, 1), "IYYY": (iso_year, 4), "IYY": (iso_year % 1000, 3),
        "IY": (iso_year % 100, 2), "I": (iso_year % 10, 1), "MM": (month, 2), "DD": (day, 2),
        "HH24": (seconds // 3600, 2), "HH12": ((seconds // 3600 - 1) % 12 + 1, 2),
        "HH": ((seconds // 3600 - 1) % 12 + 1, 2), "MI": (seconds // 60 % 60, 2),
        "SS": (seconds % 60, 2), "SSSS": (seconds, 1), "SSSSS": (seconds, 1),
        "MS": (clock % 1_000_000 // 1000, 3), "US": (clock % 1_000_000, 6),
        "DDD": (days - first + 1, 3), "D": ((_weekday(days) + 1) % 7 + 1, 1),
        "ID": (_weekday(days) + 1, 1), "WW": ((days - first) // 7 + 1, 2),
        "W": ((day - 1) // 7 + 1, 1), "IW": (iso_week, 2), "Q": ((month - 1) // 3 + 1, 1),
        "CC": ((shown - 1) // 100 + 1, 2), "J": (days + 2_440_588, 1),
    }  # fmt: skip
    if name == "IDDD":
        start = days_of(iso_year, 1, 4)
        return days - (start - _weekday(start)) + 1, 3
    return found[name]


# --- numbers ----------------------------------------------------------------------------------

_WIDE = Context(prec=200)


@FAMILY.rows("number", "VARCHAR, VARCHAR -> VARCHAR")
def number(text: str, form: str) -> str:
    """A number by a template of 9, 0, point, commas, S, MI, PL, SG, PR and FM."""
    if text in ("NaN", "Infinity", "-Infinity"):
        raise failure("0A000", "to_char of NaN and infinity is not supported")
    shape = _Shape(form)
    value = Decimal(text)
    rounded = value.quantize(Decimal(1).scaleb(-shape.after), ROUND_HALF_UP, _WIDE)
    whole, _, fraction = format(abs(rounded), "f").partition(".")
    negative = rounded < 0
    if len(whole) > shape.before and whole != "0":
        whole, fraction = "#" * shape.before, "#" * shape.after
    return shape.written(whole, fraction, negative=negative)


FLOAT_DIGITS = 15
"""Of a float8 that to_char shows; what is beyond is rounded as C does, half to even."""


@FAMILY.rows("float", "DOUBLE, VARCHAR -> VARCHAR")
def float_(value: float, form: str) -> str:
    """A float by a template."""
    if not math.isfinite(value):
        raise failure("0A000", "to_char of NaN and infinity is not supported")
    whole = len(str(int(abs(value))))
    places = max(0, min(_Shape(form).after, FLOAT_DIGITS - whole))
    return number(f"{value:.{places}f}", form)


class _Shape:
    """A template of a number, read."""

    def __init__(self, form: str) -> None:
        self.fill = True
        self.sign = ""
        self.tokens: list[str] = []
        rest = form
        while rest:
            word = next(
                (w for w in ("FM", "MI", "PL", "SG", "PR", "TH", "RN", "EEEE")
                 if rest[: len(w)].upper() == w),
                rest[0],
            )  # fmt: skip
            rest = rest[len(word) :]
            self._take(word.upper() if len(word) > 1 else word)
        point = self.tokens.index(".") if "." in self.tokens else len(self.tokens)
        self.before = sum(t in ("9", "0") for t in self.tokens[:point])
        self.after = sum(t in ("9", "0") for t in self.tokens[point:])

    def _take(self, word: str) -> None:
        if word == "FM":
            self.fill = False
        elif word in ("9", "0", ","):
            self.tokens.append(word)
        elif word in (".", "D", "d"):
            if "." in self.tokens:
                raise failure("42601", "multiple decimal points")
            self.tokens.append(".")
        elif word in ("G", "g"):
            self.tokens.append(",")
        elif word in ("S", "s", "MI", "PR", "SG", "PL"):
            if self.sign or (word in ("SG", "PL")):
                raise failure("0A000", f"{word} in to_char is not supported here")
            digits = any(t in ("9", "0") for t in self.tokens)
            self.sign = {"S": "S<" if not digits else "S>", "MI": "MI>" if digits else "MI<",
                         "PR": "PR"}[word.upper()]  # fmt: skip
        else:
            raise failure("0A000", f"{word!r} in to_char of a number is not supported")

    def written(self, whole: str, fraction: str, *, negative: bool) -> str:
        """The digits in their places."""
        point = self.tokens.index(".") if "." in self.tokens else len(self.tokens)
        head, tail = self.tokens[:point], self.tokens[point:]
        digits = whole.rjust(self.before) if not (whole == "0" and tail) else " " * self.before
        forced = next((k for k, t in enumerate(t for t in head if t != ",") if t == "0"), None)
        if forced is not None:
            padded = list(digits)
            for k in range(forced, len(padded)):
                padded[k] = "0" if padded[k] == " " else padded[k]
            digits = "".join(padded)
        made, at = "", 0
        for part in head:
            if part == ",":
                made += "," if made.strip() else " "
            else:
                made += digits[at]
                at += 1
        made += self._fraction(tail, fraction)
        return self._signed(made, negative=negative)

    def _fraction(self, tail: list[str], fraction: str) -> str:
        if not tail:
            return ""
        kept = fraction
        if not self.fill:
            places = [t for t in tail[1:] if t in ("9", "0")]
            least = max((k + 1 for k, t in enumerate(places) if t == "0"), default=0)
            kept = fraction.rstrip("0").ljust(least, "0") if fraction.strip("#") else fraction
        made, at = ".", 0
        for part in tail[1:]:
            if part == ",":
                made += ","
            else:
                made += kept[at : at + 1]
                at += 1
        return made

    def _signed(self, made: str, *, negative: bool) -> str:
        body = made.lstrip(" ")
        blank = len(made) - len(body)
        if self.sign == "PR":
            body = f"<{body}>" if negative else f" {body} "
        elif self.sign == "S<":
            body = ("-" if negative else "+") + body
        elif self.sign == "S>":
            body += "-" if negative else "+"
        elif self.sign == "MI>":
            body += "-" if negative else " "
        elif self.sign == "MI<":
            return ("-" if negative else " " if self.fill else "") + (
                " " * blank if self.fill else "") + body  # fmt: skip
        else:
            body = ("-" if negative else " ") + body
        if not self.fill:
            return body.strip(" ")
        return " " * blank + body


# --- reading ----------------------------------------------------------------------------------

_READ = (
    "YYYY", "YYY", "YY", "MM", "DDD", "DD", "HH24", "HH12", "HH", "MI", "SS", "MS", "US", "MONTH",
    "MON", "AM", "PM", "DAY", "DY",
)  # fmt: skip


@FAMILY.rows("read", "VARCHAR, VARCHAR -> BIGINT")
def read(text: str, form: str) -> int:
    """A text by a template, as microseconds since 1970."""
    fields: dict[str, int] = {}
    at = 0
    tokens = _TOKEN.findall(form)
    for k, (quoted, _, part, suffix, escaped, other) in enumerate(tokens):
        if not part:
            at += len(quoted) if quoted else _separator(text, at, escaped or other)
            continue
        name = part.upper().replace(".", "")
        if name not in _READ or suffix:
            raise failure("0A000", f"{part}{suffix} in to_date and to_timestamp is not supported")
        while text[at : at + 1].isspace():
            at += 1
        followed = k + 1 < len(tokens) and bool(tokens[k + 1][2])
        at = _take(fields, name, text, at, followed=followed)
    return _assembled(fields, text)


def _separator(text: str, at: int, char: str) -> int:
    found = text[at : at + 1]
    if not found:
        return 0
    if char.isspace() or not char.isalnum():
        return int(not found.isalnum())
    return 1


def _take(fields: dict[str, int], name: str, text: str, at: int, *, followed: bool) -> int:
    rest = text[at:].lower()
    if name in ("MONTH", "MON", "DAY", "DY"):
        words = MONTHS if name in ("MONTH", "MON") else WEEKDAYS
        for number_, word in enumerate(words):
            shown = word if name in ("MONTH", "DAY") else word[:3]
            if rest.startswith(shown):
                if words is MONTHS:
                    fields["MM"] = number_ + 1
                return at + len(shown)
        raise failure("22007", f'invalid value "{text[at : at + 9]}" for "{name}"')
    if name in ("AM", "PM"):
        match = re.match(r"([ap])\.?m\.?", rest)
        if match is None:
            raise failure("22007", f'invalid value "{text[at : at + 4]}" for "{name}"')
        fields["PM"] = int(match[1] == "p")
        return at + match.end()
    width = {"YYYY": 4, "YYY": 3, "DDD": 3, "MS": 3, "US": 6}.get(name, 2)
    pattern = rf"\d{{1,{width}}}" if followed or name != "YYYY" else r"\d+"
    match = re.match(pattern, rest)
    if match is None:
        raise failure("22007", f'invalid value "{text[at : at + width]}" for "{name}"')
    value = int(match[0])
    if name in ("MS", "US"):
        value = int(match[0].ljust(width, "0"))
    if name in ("YY", "YYY"):
        value += 2000 if value < 70 or (name == "YYY" and value < 520) else 1900
    if name == "YYYY" and len(match[0]) < 4 and not followed and len(match[0]) == 2:
        value += 2000 if value < 70 else 1900
    fields[name.replace("YYYY", "Y").replace("YYY", "Y").replace("YY", "Y")] = value
    return at + match.end()


def _assembled(fields: dict[str, int], text: str) -> int:
    year, month, day = fields.get("Y", 1), fields.get("MM", 1), fields.get("DD", 1)
    if "Y" not in fields:
        year = 0  # 1 BC, as Postgres has it
    hour = fields.get("HH24", 0)
    for name in ("HH12", "HH"):
        if name in fields:
            if not 1 <= fields[name] <= 12:
                raise failure("22007", f'hour "{fields[name]}" is invalid for the 12-hour clock')
            hour = fields[name] % 12 + 12 * fields.get("PM", 0)
    if not 1 <= month <= 12 or not 1 <= day <= month_days(year, month) or not 0 <= hour < 24:
        raise failure("22008", f'date/time field value out of range: "{text}"')
    minute, second = fields.get("MI", 0), fields.get("SS", 0)
    if minute > 59 or second > 59:
        raise failure("22008", f'date/time field value out of range: "{text}"')
    days = days_of(year, month, day)
    if "DDD" in fields:
        days = days_of(year, 1, 1) + fields["DDD"] - 1
    micro = fields.get("MS", 0) * 1000 + fields.get("US", 0)
    return days * DAY + (hour * 3600 + minute * 60 + second) * 1_000_000 + micro
