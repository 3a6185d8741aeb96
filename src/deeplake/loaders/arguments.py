"""What a caller passes to a loader, checked before anything is read."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

from deeplake.errors import ColumnNotFoundError, InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

COUNTER_MAX = (1 << 64) - 1
"""Largest seed or epoch."""


def whole_number(what: str, value: Any, low: int, high: int) -> int:
    """`value` as an int between `low` and `high`, both included.

    Raises:
        InputError: naming `what` and the value.

    >>> whole_number("batch_size", 64, 1, 100)
    64
    """
    try:
        number = index(value)
    except TypeError:
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        raise InputError(f"{what} is an integer from {low:,} to {high:,}, got {value!r}.")
    return number


def chosen_columns(columns: Any, known: Iterable[str]) -> list[str]:
    """The columns asked for, in the order asked for; all of them if `columns` is None.

    Raises:
        ColumnNotFoundError: with the nearest name.
        InputError: no list of names, or a name twice, or none at all.
    """
    names = list(known)
    if columns is None:
        return names
    if isinstance(columns, str | bytes) or not hasattr(columns, "__iter__"):
        raise InputError(f"columns is a list of names, got {columns!r}.", hint="Put it in a list.")
    asked = list(columns)
    for name in asked:
        if name not in names:
            raise ColumnNotFoundError(
                f"there is no column {name!r}.", hint=did_you_mean(str(name), names)
            )
    if not asked or len(set(asked)) < len(asked):
        raise InputError(f"columns names each column once, at least one; got {asked!r}.")
    return asked
