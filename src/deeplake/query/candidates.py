"""Tests applied to rows: which of them one is true of, in NumPy, reading only what it looks at."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.query.rows import parts
from deeplake.query.tests import (
    All,
    Any_,
    Compare,
    Never,
    Null,
    Prefix,
    Test,
    Within,
    columns_of,
    is_certain,
)
from deeplake.types.base import FixedData, VarData
from deeplake.types.data import join_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.query.rows import Rows
    from deeplake.query.table_view import TableView
    from deeplake.types.base import ColumnData

    Mask = npt.NDArray[np.bool_]

ROWS_AT_ONCE = 1 << 22
"""Rows whose columns are held while they are tested: 32 MB a column of numbers."""

_ORDERED = ("<", "<=", ">", ">=")


def testable(test: Test) -> bool:
    """Whether rows can be tested here: texts only for what they are or begin with."""
    if isinstance(test, All | Any_):
        return all(map(testable, test.parts))
    if isinstance(test, Compare) and isinstance(test.value, bytes):
        return test.operation not in _ORDERED
    return is_certain(test)


def split(tests: Sequence[Test]) -> tuple[list[Test], list[int]]:
    """Tests of rows, and which of the conditions they are (the others are left to the engine)."""
    chosen = [k for k, test in enumerate(tests) if testable(test)]
    return [tests[k] for k in chosen], chosen


def mask(test: Test, view: TableView, rows: Rows) -> Mask:
    """Of which of some rows a test is true."""
    if rows.size <= ROWS_AT_ONCE:
        return _Testing(view, rows).mask(test)
    return np.concatenate([_Testing(view, p).mask(test) for p in parts(rows, ROWS_AT_ONCE)])


def columns_tested(tests: Sequence[Test]) -> list[str]:
    """The columns that some tests look at, each once."""
    return sorted(set().union(*map(columns_of, tests)))


class _Testing:
    """Tests over the same rows; a column is read once."""

    def __init__(self, view: TableView, rows: Rows) -> None:
        self._view = view
        self._rows = rows
        self._data: dict[str, ColumnData] = {}

    def mask(self, test: Test) -> Mask:
        if isinstance(test, All | Any_):
            found = np.full(self._rows.size, isinstance(test, All))
            for part in test.parts:
                if isinstance(test, All):
                    found &= self.mask(part)
                else:
                    found |= self.mask(part)
            return found
        if isinstance(test, Never):
            return np.zeros(self._rows.size, np.bool_)
        if isinstance(test, Null):
            valid = self._view.valid(test.column, self._rows)
            if valid is None:
                return np.full(self._rows.size, test.negated)
            return valid if test.negated else ~valid
        assert isinstance(test, Compare | Within | Prefix)
        data = self._data.get(test.column)
        if data is None:
            data = self._data[test.column] = self._view.read(test.column, self._rows)
        found = _texts(test, data) if isinstance(data, VarData) else _numbers(test, data)
        return found if data.valid is None else found & data.valid


def _numbers(test: Compare | Within | Prefix, data: ColumnData) -> Mask:
    assert isinstance(data, FixedData)
    assert not isinstance(test, Prefix)
    values: Any = data.values
    if test.floating and values.dtype != np.float64:
        values = values.astype(np.float64)
    if isinstance(test, Within):
        among = _within(values, test.values)
        return ~among if test.negated else among
    operation, value = test.operation, test.value
    if isinstance(value, float) and math.isnan(value):
        nan: Mask = np.isnan(values)
        if operation in ("=", ">="):
            return nan
        if operation in ("<>", "<"):
            return np.logical_not(nan)
        return np.full(len(values), operation == "<=")
    found: Mask = _COMPARE[operation](values, value)
    if values.dtype.kind == "f" and operation in (">", ">="):
        found |= np.isnan(values)
    return found


def _within(values: npt.NDArray[Any], wanted: tuple[Any, ...]) -> Mask:
    """Equality with one of some values: one comparison each, or by sorting if there are many."""
    if values.dtype.kind in "iu":
        info = np.iinfo(values.dtype)
        wanted = tuple(value for value in wanted if info.min <= value <= info.max)
    found = np.zeros(len(values), np.bool_)
    plain = [value for value in wanted if value == value]  # noqa: PLR0124 - NaN is not
    if len(plain) < len(wanted):
        found |= np.isnan(values)
    if len(plain) > _COMPARED_ONE_BY_ONE:
        return found | np.isin(values, np.array(plain, values.dtype))
    for value in plain:
        found |= values == value
    return found


_COMPARED_ONE_BY_ONE = 8
_COMPARE: dict[str, Any] = {
    "=": np.equal,
    "<>": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _texts(test: Compare | Within | Prefix, data: VarData) -> Mask:
    """Texts that are, or begin with, some bytes: lengths first, then the bytes of those left."""
    raw = np.frombuffer(join_bytes(data.buffers), np.uint8)
    sizes = np.diff(data.offsets)
    if isinstance(test, Prefix):
        return _equal(raw, data.offsets, sizes >= len(test.value), test.value)
    if isinstance(test, Within):
        found = _one_of(raw, data.offsets, sizes, test.values)
        return ~found if test.negated else found
    found = _equal(raw, data.offsets, sizes == len(test.value), test.value)
    return ~found if test.operation == "<>" else found


_GATHERED = 1 << 16
"""Texts compared at once."""

_GATHERED_BYTES = 1 << 20
"""Bytes of texts that are compared with a list at once."""


def _one_of(
    raw: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    values: tuple[bytes, ...],
) -> Mask:
    """Which of some texts are among some values: those of one length together."""
    found = np.zeros(len(sizes), np.bool_)
    if len(values) <= _COMPARED_ONE_BY_ONE:
        for value in values:
            found |= _equal(raw, offsets, sizes == len(value), value)
        return found
    by_size: dict[int, list[bytes]] = {}
    for value in values:
        by_size.setdefault(len(value), []).append(value)
    order = np.argsort(sizes, kind="stable")
    ordered = sizes[order]
    for size, wanted in by_size.items():
        low, high = np.searchsorted(ordered, (size, size + 1))
        rows = order[low:high]
        if not size:
            found[rows] = True
            continue
        listed, step = np.array(wanted, f"S{size}"), max(1, _GATHERED_BYTES // size)
        for at in range(0, len(rows), step):
            some = rows[at : at + step]
            texts = raw[offsets[some][:, None] + np.arange(size)]
            found[some] = np.isin(texts.view(f"S{size}")[:, 0], listed)
    return found


def _equal(
    raw: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], among: Mask, value: bytes
) -> Mask:
    """Which of some texts begin with `value`."""
    found = np.zeros(len(among), np.bool_)
    wanted = np.frombuffer(value, np.uint8)
    at = np.flatnonzero(among)
    for low in range(0, len(at), _GATHERED):
        some = at[low : low + _GATHERED]
        for k, byte in enumerate(wanted.tolist()):  # few are left after the first bytes
            some = some[raw[offsets[some] + k] == byte]
            if not len(some):
                break
        found[some] = True
    return found
