"""Cutting and joining `ColumnData`, whatever the type: slice, take, concatenate, all-NULL.

Pure functions over the four shapes of `base.py`. Bytes of var rows are never copied by a slice
or a join: buffers are shared or sliced as views.
"""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.types.base import (
    FixedData,
    FixedLayout,
    ListData,
    ListLayout,
    StructData,
    StructLayout,
    VarData,
    row_count,
)
from deeplake.types.gather import WIDE_BYTES, gather, unequal_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.types.base import Buffer, ColumnData, Layout

    BoolArray = npt.NDArray[np.bool_]


def slice_rows(data: ColumnData, low: int, high: int) -> ColumnData:
    """Rows low:high, sharing memory with `data`.

    >>> slice_rows(FixedData(np.arange(5)), 1, 3).values
    array([1, 2])
    """
    valid = None if data.valid is None else _none_if_all(data.valid[low:high])
    if isinstance(data, FixedData):
        norms = None if data.norms is None else data.norms[low:high]
        return FixedData(data.values[low:high], valid, norms)
    if isinstance(data, StructData):
        children = tuple(slice_rows(child, low, high) for child in data.children)
        return StructData(high - low, children, valid)
    first, last = int(data.offsets[low]), int(data.offsets[high])
    offsets = data.offsets[low : high + 1] - first
    if isinstance(data, ListData):
        return ListData(offsets, slice_rows(data.child, first, last), valid)
    extras = tuple(extra[low:high] for extra in data.extras)
    return VarData(offsets, _cut(data, low, high, first, last), valid, extras)


def _cut(data: VarData, low: int, high: int, first: int, last: int) -> list[Buffer]:
    """The buffers that hold bytes first:last of `data`."""
    buffers = data.buffers
    if len(buffers) == len(data.offsets) - 1:
        return list(buffers[low:high])
    found: list[Buffer] = []
    at = 0
    for buffer in buffers:
        view = _view(buffer)
        start, stop = max(first - at, 0), min(last - at, len(view))
        if start < stop:
            found.append(view[start:stop])
        at += len(view)
        if at >= last:
            break
    return found


def var_rows(data: VarData) -> list[Buffer]:
    """One buffer per row (b'' where NULL or empty)."""
    if len(data.buffers) == len(data.offsets) - 1:
        return list(data.buffers)
    joined = memoryview(join_bytes(data.buffers))
    cuts = data.offsets.tolist()
    return [joined[a:z] for a, z in pairwise(cuts)]


def join_bytes(buffers: Sequence[Buffer]) -> bytes | memoryview:
    """All buffers as one; no copy when there is one already."""
    if len(buffers) == 1:
        return _view(buffers[0])
    return b"".join(_view(b) if isinstance(b, np.ndarray) else b for b in buffers)


def _view(buffer: Any) -> memoryview:
    """A buffer as flat bytes; an empty array has strides that cast() refuses."""
    return memoryview(buffer).cast("B") if len(buffer) else memoryview(b"")


def take_rows(data: ColumnData, rows: npt.NDArray[np.int64]) -> ColumnData:
    """Rows by position, in the order given, repeats allowed.

    >>> take_rows(FixedData(np.array([7, 8, 9])), np.array([2, 0])).values
    array([9, 7])
    """
    valid = None if data.valid is None else _none_if_all(data.valid[rows])
    if isinstance(data, FixedData):
        norms = None if data.norms is None else data.norms[rows]
        return FixedData(data.values[rows], valid, norms)
    if isinstance(data, StructData):
        children = tuple(take_rows(child, rows) for child in data.children)
        return StructData(len(rows), children, valid)
    starts, sizes = data.offsets[rows], np.diff(data.offsets)[rows]
    offsets = offsets_of(sizes)
    if isinstance(data, ListData):
        inner = np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])
        return ListData(offsets, take_rows(data.child, inner), valid)
    extras = tuple(extra[rows] for extra in data.extras)
    return VarData(offsets, _taken(data, rows, starts, sizes, offsets), valid, extras)


def _taken(
    data: VarData,
    rows: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
) -> Sequence[Buffer]:
    """The buffers of rows by position, which lie where `starts` and `sizes` say."""
    if len(data.buffers) == len(data.offsets) - 1:
        return [data.buffers[i] for i in rows.tolist()]
    if not offsets[-1]:
        return [b""] * len(rows)
    return gather(join_bytes(data.buffers), starts, sizes, offsets)


def put_rows(data: ColumnData, rows: npt.NDArray[np.int64], values: ColumnData) -> ColumnData:
    """A copy of `data` with row k of `values` in place of row rows[k]. Norms are kept if both have.

    >>> put_rows(FixedData(np.array([7, 8])), np.array([1]), FixedData(np.array([0]))).values
    array([7, 0])
    """
    if isinstance(data, FixedData) and isinstance(values, FixedData):
        array = data.values.copy()
        array[rows] = values.values
        norms = None
        if data.norms is not None and values.norms is not None:
            norms = data.norms.copy()
            norms[rows] = values.norms
        valid = None
        if data.valid is not None or values.valid is not None:
            valid = np.ones(len(array), np.bool_) if data.valid is None else data.valid.copy()
            valid[rows] = True if values.valid is None else values.valid
            valid = _none_if_all(valid)
        return FixedData(array, valid, norms)
    count = row_count(data)
    source = np.arange(count)
    source[rows] = np.arange(count, count + len(rows))
    return take_rows(concat([data, values]), source)


def rows_equal(a: ColumnData, b: ColumnData) -> BoolArray:
    """Which rows of two runs of equal length hold the same stored value; NULL equals NULL.

    Bytes are compared: NaN equals the same NaN, 0.0 is not -0.0.

    >>> rows_equal(FixedData(np.array([1, 2])), FixedData(np.array([1, 3]))).tolist()
    [True, False]
    """
    count = row_count(a)
    both, neither = np.ones(count, np.bool_), np.zeros(count, np.bool_)
    if a.valid is not None or b.valid is not None:
        ours = np.ones(count, np.bool_) if a.valid is None else a.valid
        theirs = np.ones(count, np.bool_) if b.valid is None else b.valid
        both, neither = ours & theirs, ~ours & ~theirs
    same: BoolArray = neither | (both & _values_equal(a, b, count))
    return same


def _values_equal(a: Any, b: Any, count: int) -> BoolArray:
    if isinstance(a, FixedData):
        if not a.values.size:
            return np.ones(count, np.bool_)
        ours, theirs = (np.ascontiguousarray(x.values).reshape(count, -1) for x in (a, b))
        return np.asarray((ours.view(np.uint8) == theirs.view(np.uint8)).all(axis=1))
    if isinstance(a, StructData):
        same = np.ones(count, np.bool_)
        for child, other in zip(a.children, b.children, strict=True):
            same &= rows_equal(child, other)
        return same
    sizes, others = np.diff(a.offsets), np.diff(b.offsets)
    same = sizes == others
    if isinstance(a, ListData):
        alike = np.flatnonzero(same)
        x, y = take_rows(a, alike), take_rows(b, alike)
        inner = rows_equal(x.child, y.child)  # type: ignore[union-attr]
        owner = np.repeat(alike, sizes[alike])
        same[owner[~inner]] = False
        return np.asarray(same)
    for extra, other in zip(a.extras, b.extras, strict=True):
        same &= _extras_equal(extra, other)
    alike = np.flatnonzero(same)
    if int(sizes[alike].sum()) > WIDE_BYTES * len(alike):
        pairs = zip(var_rows(a), var_rows(b), same.tolist(), strict=True)
        return np.array([ok and bytes(x) == bytes(y) for x, y, ok in pairs], np.bool_)
    x, y = take_rows(a, alike), take_rows(b, alike)
    bad = unequal_rows(join_bytes(x.buffers), join_bytes(y.buffers), x.offsets)  # type: ignore[union-attr]
    same[alike[bad]] = False
    return np.asarray(same)


def _extras_equal(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> BoolArray:
    """Rows of extras; those of varying width may be padded with -1 to different widths."""
    if a.ndim == 1:
        return np.asarray(a == b)
    width = max(a.shape[1], b.shape[1])
    x, y = (np.pad(e, ((0, 0), (0, width - e.shape[1])), constant_values=-1) for e in (a, b))
    return np.asarray((x == y).all(axis=1))


def private(data: ColumnData) -> ColumnData:
    """The same rows with numbers of their own: no array shared with a map or with staged rows.

    Norms are left behind. Bytes are not copied here: they cannot be changed, or become a copy
    when they are made a value.
    """
    if isinstance(data, FixedData):
        return FixedData(data.values.copy(), data.valid)
    if isinstance(data, ListData):
        return data._replace(child=private(data.child))
    if isinstance(data, StructData):
        return data._replace(children=tuple(private(child) for child in data.children))
    return data


def offsets_of(sizes: npt.NDArray[Any] | Sequence[int]) -> npt.NDArray[np.int64]:
    """Row sizes -> int64 offsets starting at 0.

    >>> offsets_of(np.array([2, 0, 3]))
    array([0, 2, 2, 5])
    """
    if len(sizes) == 1:  # a row at a time, caches cold from waiting for the disk: 4 us, not 17
        return np.array((0, int(sizes[0])), np.int64)
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(np.asarray(sizes, np.int64), out=offsets[1:])
    return offsets


def concat(pieces: Sequence[ColumnData]) -> ColumnData:
    """Pieces of one column, one after another. Needs at least one piece.

    >>> concat([FixedData(np.array([1])), FixedData(np.array([2, 3]))]).values
    array([1, 2, 3])
    """
    if len(pieces) == 1:
        return pieces[0]
    valid = _concat_valid(pieces)
    first = pieces[0]
    if isinstance(first, FixedData):
        values = np.concatenate([p.values for p in pieces])  # type: ignore[union-attr]
        norms = [p.norms for p in pieces]  # type: ignore[union-attr]
        kept = [n for n in norms if n is not None]
        whole = np.concatenate(kept) if len(kept) == len(norms) else None
        return FixedData(values, valid, whole)
    if isinstance(first, StructData):
        children = tuple(
            concat([p.children[k] for p in pieces])  # type: ignore[union-attr]
            for k in range(len(first.children))
        )
        return StructData(sum(row_count(p) for p in pieces), children, valid)
    offsets = _concat_offsets([p.offsets for p in pieces])  # type: ignore[union-attr]
    if isinstance(first, ListData):
        return ListData(offsets, concat([p.child for p in pieces]), valid)  # type: ignore[union-attr]
    extras = tuple(
        _concat_extra([p.extras[k] for p in pieces])  # type: ignore[union-attr]
        for k in range(len(first.extras))
    )
    buffers = list(chain.from_iterable(map(_needed_buffers, pieces)))  # type: ignore[arg-type]
    return VarData(offsets, buffers, valid, extras)


def _needed_buffers(piece: VarData) -> Sequence[Buffer]:
    """Its buffers, one per row or fewer: never an empty one among longer ones.

    With one too many, the whole might have as many buffers as rows and pass for one per row.
    """
    if len(piece.buffers) == len(piece.offsets) - 1:
        return piece.buffers
    return [buffer for buffer in piece.buffers if len(buffer)]


def _concat_valid(pieces: Sequence[ColumnData]) -> BoolArray | None:
    if all(p.valid is None for p in pieces):
        return None
    return np.concatenate(
        [np.ones(row_count(p), np.bool_) if p.valid is None else p.valid for p in pieces]
    )


def _concat_offsets(all_offsets: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    base, shifted = 0, [np.zeros(1, np.int64)]
    for offsets in all_offsets:
        shifted.append(offsets[1:] + base)
        base += int(offsets[-1])
    return np.concatenate(shifted)


def _concat_extra(arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Join extras; those of varying width are padded with -1 to the widest."""
    if arrays[0].ndim == 2:
        width = max(a.shape[1] for a in arrays)
        arrays = [
            a
            if a.shape[1] == width
            else np.pad(a, ((0, 0), (0, width - a.shape[1])), constant_values=-1)
            for a in arrays
        ]
    return np.concatenate(arrays)


def nulls(layout: Layout, rows: int) -> ColumnData:
    """`rows` NULLs of a layout: what a column absent from a fragment reads as."""
    valid = np.zeros(rows, np.bool_)
    if isinstance(layout, FixedLayout):
        norms = np.zeros(rows, np.float32) if layout.norms else None
        return FixedData(np.zeros((rows, *layout.shape), layout.dtype), valid, norms)
    if isinstance(layout, ListLayout):
        return ListData(np.zeros(rows + 1, np.int64), nulls(layout.child, 0), valid)
    if isinstance(layout, StructLayout):
        return StructData(rows, tuple(nulls(child, rows) for _, child in layout.fields), valid)
    extras = tuple(
        np.zeros(rows if e.width == 0 else (rows, max(e.width, 0)), e.dtype) for e in layout.extras
    )
    return VarData(np.zeros(rows + 1, np.int64), [], valid, extras)


def _none_if_all(valid: BoolArray) -> BoolArray | None:
    return None if valid.all() else valid
