"""Rows by the value of a key: an index of a column's values, made once it was asked for often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.query.rows import Rows
from deeplake.query.tests import Compare
from deeplake.types.base import FixedData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.table_view import TableView
    from deeplake.query.tests import Test

ROWS_TESTED = 65_536
"""Fewer rows are tested one by one: 20 us."""

TESTS_BEFORE = 2
"""Searches of all rows for a key before its values are sorted, which takes as long as 30."""


def rows_with(view: TableView, tests: Sequence[Test], rows: Rows) -> Rows | None:
    """The rows that have the value of an equality with a key, at most one; None if none of the
    tests is one, or testing all rows costs less.
    """
    if rows.size <= ROWS_TESTED or rows.single is not None:
        return None
    for test in tests:
        if isinstance(test, Compare) and test.operation == "=" and type(test.value) is int:
            order = _sorted(view, test.column)
            if order is not None:
                return Rows(single=_found(*order, test.value))
    return None


def _found(values: Any, positions: Any, value: int) -> Any:
    info = np.iinfo(values.dtype)
    if not info.min <= value <= info.max:
        return positions[:0]
    wanted = values.dtype.type(value)
    low, high = np.searchsorted(values, wanted), np.searchsorted(values, wanted, "right")
    return np.sort(positions[low:high])


def _sorted(view: TableView, name: str) -> tuple[Any, Any] | None:
    """The values of a key in order, and where they stand; None until it pays to have them."""
    if view.restricted or not view.is_key(name):
        return None
    found = view.made("sorted", name)
    if found is not None:
        return found  # type: ignore[no-any-return]
    asked = (view.made("asked", name) or 0) + 1
    view.keep("asked", name, asked, 64)
    if asked <= TESTS_BEFORE:
        return None
    data = view.read(name)
    if not isinstance(data, FixedData) or data.values.dtype.kind not in "iu":
        return None
    values, positions = data.values, view.positions()
    if data.valid is not None:
        values, positions = values[data.valid], positions[data.valid]
    if len(values) > 1 and not bool((values[1:] >= values[:-1]).all()):
        order = np.argsort(values, kind="stable")
        values, positions = values[order], positions[order]
    view.keep("sorted", name, (values, positions), values.nbytes + positions.nbytes)
    return values, positions
