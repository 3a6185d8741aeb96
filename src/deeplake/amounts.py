"""How many of what, and how large, in words: the same in every report."""

from __future__ import annotations

import operator
from typing import Any

from deeplake.errors import InputError

_UNITS = ("kB", "MB", "GB", "TB")


def count(number: int, thing: str) -> str:
    """A number of things.

    >>> count(1, "row"), count(2_000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """A number of bytes, to four digits.

    >>> size(1), size(999), size(12_345), size(999_950), size(5_000_000)
    ('1 byte', '999 bytes', '12.3 kB', '1.0 MB', '5.0 MB')
    """
    if number < 1000:
        return count(number, "byte")
    value, last = float(number), _UNITS[-1]
    for unit in _UNITS:
        value /= 1000
        if value < 999.95 or unit == last:
            break
    return f"{value:,.1f} {unit}"


def setting(name: str, value: Any, least: int, most: int) -> int:
    """The value of a setting of that name, which is a number of something.

    Raises:
        InputError: it is no whole number between both.

    >>> setting("QUERY_THREADS", 4, 1, 1024)
    4
    """
    try:
        found = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        found = least - 1
    if not least <= found <= most:
        raise InputError(
            f"deeplake.settings.{name} is {value!r:.60}, which is no whole number from {least:,} "
            f"to {most:,}.",
            hint="Set it to one, or leave it as it was.",
        )
    return found
