"""Statistics of one column over some rows: null and NaN counts, lower and upper bounds.

SPEC section "Statistics". Bounds are 16 bytes; a text bound keeps a prefix of 15 bytes and says
so, hence bounds are always true but not always tight. NaN never enters a bound. Nothing known
(NONE, a column absent below), counts without bounds (COUNTED) and nothing to bound (EMPTY, all
NULL or NaN) are three things: only the last may be left out of a union.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format.fragment import ColumnStatistics as ColumnStatistics  # noqa: PLC0414
from deeplake.types.base import FixedData, FixedLayout, VarData, VarLayout
from deeplake.types.data import var_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.types.base import ColumnData, Layout

NONE, SIGNED, UNSIGNED, FLOAT, BYTES, EMPTY, COUNTED = 0, 1, 2, 3, 4, 5, 6
_KINDS = {"i": SIGNED, "u": UNSIGNED, "b": UNSIGNED, "f": FLOAT}
_BOUNDED = (SIGNED, UNSIGNED, FLOAT, BYTES)
_NUMBERS = {SIGNED: "<i8", UNSIGNED: "<u8", FLOAT: "<f8"}
_NUMBER_BOUNDS = {SIGNED: "<q8x", UNSIGNED: "<Q8x", FLOAT: "<d8x"}
PREFIX_BYTES = 15
TRUNCATED = 16
"""Last byte of a text bound that is only a prefix; otherwise it is the text's length."""


EMPTY_BOUND = bytes(16)
UNKNOWN = ColumnStatistics(NONE, 0, 0, EMPTY_BOUND, EMPTY_BOUND)


def measure(layout: Layout, data: ColumnData) -> ColumnStatistics:
    """Statistics of a batch.

    >>> measure(FixedLayout("<i8"), FixedData(np.array([3, -1, 2]))).nulls
    0
    """
    nulls = 0 if data.valid is None else int(len(data.valid) - np.count_nonzero(data.valid))
    if isinstance(layout, FixedLayout) and not layout.shape and isinstance(data, FixedData):
        return _numbers(data, nulls)
    if isinstance(layout, VarLayout) and layout.compress and isinstance(data, VarData):
        rows = var_rows(data)
        if data.valid is not None:
            rows = [row for row, ok in zip(rows, data.valid.tolist(), strict=True) if ok]
        if rows:
            views = [bytes(row) for row in rows]
            low, high = _bound(min(views)), _bound(max(views))
            return ColumnStatistics(BYTES, nulls, 0, low, high)
        return ColumnStatistics(EMPTY, nulls, 0, EMPTY_BOUND, EMPTY_BOUND)
    return ColumnStatistics(COUNTED, nulls, 0, EMPTY_BOUND, EMPTY_BOUND)


def _numbers(data: FixedData, nulls: int) -> ColumnStatistics:
    kind = _KINDS[data.values.dtype.kind]
    values = data.values if data.valid is None else data.values[data.valid]
    nans = 0
    if kind == FLOAT:
        finite = values == values  # noqa: PLR0124 - false exactly for NaN
        nans = int(len(values) - np.count_nonzero(finite))
        if nans:
            values = values[finite]
    if not len(values):
        return ColumnStatistics(EMPTY, nulls, nans, EMPTY_BOUND, EMPTY_BOUND)
    if len(values) == 1:  # a one-row commit: two reductions are 5 us
        bound = _number(values[0], kind)
        return ColumnStatistics(kind, nulls, nans, bound, bound)
    low, high = values.min(), values.max()
    return ColumnStatistics(kind, nulls, nans, _number(low, kind), _number(high, kind))


def _number(value: Any, kind: int) -> bytes:
    return struct.pack(_NUMBER_BOUNDS[kind], value.item())


def _bound(value: bytes) -> bytes:
    if len(value) <= PREFIX_BYTES:
        return value.ljust(PREFIX_BYTES, b"\0") + bytes([len(value)])
    return value[:PREFIX_BYTES] + bytes([TRUNCATED])


def _order(kind: int, bound: bytes) -> Any:
    """A bound as something that compares: numbers as such, text as (prefix, length)."""
    if kind == BYTES:
        return bound
    return np.frombuffer(bound, _NUMBERS[kind], 1)[0]


def bounds(statistics: ColumnStatistics) -> tuple[Any, Any] | None:
    """(low, high) as Python values; text bounds as bytes prefixes; None if unknown."""
    kind = statistics.kind
    if kind not in _BOUNDED:
        return None
    if kind == BYTES:
        low, high = statistics.low, statistics.high
        return low[: min(low[15], PREFIX_BYTES)], high[: min(high[15], PREFIX_BYTES)]
    return _order(kind, statistics.low).item(), _order(kind, statistics.high).item()


def apart(ours: ColumnStatistics, theirs: ColumnStatistics) -> bool:
    """Whether bounds show that no value can be in both."""
    if EMPTY in (ours.kind, theirs.kind):
        return True
    if ours.kind != theirs.kind or ours.kind not in _BOUNDED:
        return False
    low, high, their_low, their_high = (
        _order(ours.kind, bound) for bound in (ours.low, ours.high, theirs.low, theirs.high)
    )
    return bool(high < their_low or their_high < low)


def merge(parts: Sequence[ColumnStatistics]) -> ColumnStatistics:
    """Statistics of the union of the rows of `parts`."""
    if len(parts) == 1:
        return parts[0]
    nulls, nans = sum(p.nulls for p in parts), sum(p.nans for p in parts)
    known = [p for p in parts if p.kind != EMPTY]
    kinds = {p.kind for p in known}
    if NONE in kinds or not parts:
        return UNKNOWN
    kind = kinds.pop() if len(kinds) == 1 else COUNTED if kinds else EMPTY
    if kind not in _BOUNDED:  # a kind of a newer version is counted too
        kind = EMPTY if kind == EMPTY else COUNTED
        return ColumnStatistics(kind, nulls, nans, EMPTY_BOUND, EMPTY_BOUND)
    low = min((p.low for p in known), key=lambda b: _order(kind, b))
    high = max((p.high for p in known), key=lambda b: _order(kind, b))
    return ColumnStatistics(kind, nulls, nans, low, high)


# --- statistics of the children of a tree node ----------------------------------------------

_CHILDREN = struct.Struct("<II")
_CHILD_DTYPE = np.dtype(
    [("kind", "<u4"), ("nulls", "<u8"), ("nans", "<u8"), ("low", "V16"), ("high", "V16")]
)


def pack_children(children: Sequence[dict[int, ColumnStatistics]]) -> bytes:
    """Per child of a node, column id -> statistics, as the packed section of its block."""
    import zlib

    columns = sorted({column for child in children for column in child})
    parts = [_CHILDREN.pack(len(columns), len(children)), np.array(columns, "<u4").tobytes()]
    for column in columns:
        rows = [tuple(child.get(column, UNKNOWN)) for child in children]
        parts.append(np.array(rows, _CHILD_DTYPE).tobytes())
    return zlib.compress(b"".join(parts), 6)


def unpack_children(packed: bytes) -> list[dict[int, ColumnStatistics]]:
    """The inverse of `pack_children`; [] where a block has no statistics.

    Raises:
        MalformedObjectError: the section does not follow the specification.
    """
    if not packed:
        return []
    import zlib

    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(packed, CHILDREN_BYTES_MAX)
        n_columns, n_children = _CHILDREN.unpack_from(raw, 0)
    except (zlib.error, struct.error) as error:
        raise MalformedObjectError(
            f"the statistics of a tree node are malformed: {error}"
        ) from error
    at = _CHILDREN.size + 4 * n_columns
    size = at + _CHILD_DTYPE.itemsize * n_columns * n_children
    if not inflate.eof or n_children > CHILDREN_MAX or len(raw) != size:
        raise MalformedObjectError(
            f"the statistics of a tree node are cut short: {len(raw)} bytes for {n_columns} columns"
        )
    ids = np.frombuffer(raw, "<u4", n_columns, _CHILDREN.size).tolist()
    rows = np.frombuffer(raw, _CHILD_DTYPE, offset=at).tolist()
    children: list[dict[int, ColumnStatistics]] = [{} for _ in range(n_children)]
    for k, row in enumerate(rows):
        children[k % n_children][ids[k // n_children]] = ColumnStatistics(*row)
    return children


CHILDREN_MAX = 0xFFFF
"""Most children of a node."""

CHILDREN_BYTES_MAX = 64 << 20
"""Inflated size limit of a node's statistics: 32 children of 40,000 columns."""
