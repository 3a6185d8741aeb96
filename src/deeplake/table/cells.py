"""Cells of many fragments by place, whatever lies over their frames: gathered, and compared.

A cell that an overlay holds is read from the overlay alone: the frame below, decoded for 100 us,
is not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.table.descriptors import described
from deeplake.table.frames import open_frame
from deeplake.table.overlays import as_layout
from deeplake.table.patch import holds
from deeplake.table.scalars import numbers, readable
from deeplake.types.base import FixedData, is_media
from deeplake.types.data import concat, nulls, rows_equal, take_rows
from deeplake.types.free_tensor import FreeTensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import Overlay
    from deeplake.table.columns import Column
    from deeplake.table.fragments import OpenFragment
    from deeplake.types.base import ColumnData

    Ints = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]


class Wanted(NamedTuple):
    """Cells of one column: cell k stands in `fragments[at[k]]` at `places[k]`."""

    column: Column
    fragments: Sequence[OpenFragment]
    at: Ints
    places: Ints


def told_by_descriptor(column: Column) -> bool:
    """Whether values are too large to be read where they are only listed: files and blobs."""
    return is_media(column.layout) and not isinstance(column.type, FreeTensor)


def gathered(wanted: Sequence[Wanted], *, compared: bool = False) -> list[ColumnData]:
    """Cells of several columns; one read for each fragment and column, in parallel from a bucket.

    Args:
        wanted: which.
        compared: whether they are only compared: tensors of free shapes are then described, too.
    """
    quick = [_numbers(one) for one in wanted]
    if all(found is not None for found in quick):
        return quick  # type: ignore[return-value]
    split = [
        [] if found is not None else _by_fragment(one)
        for one, found in zip(wanted, quick, strict=True)
    ]
    work = [
        (one.column, one.fragments[int(one.at[rows[0]])], one.places[rows])
        for one, parts in zip(wanted, split, strict=True)
        for rows in parts
    ]

    def read(item: tuple[Column, OpenFragment, Ints]) -> ColumnData:
        column, fragment, places = item
        media = is_media(column.layout) if compared else told_by_descriptor(column)
        return (described if media else cells_at)(fragment, column, places)

    pieces = iter(work[0][1].objects.parallel(read, work) if work else ())
    return [
        _in_order([next(pieces) for _ in parts], parts, one.column) if found is None else found
        for one, parts, found in zip(wanted, split, quick, strict=True)
    ]


def _numbers(wanted: Wanted) -> ColumnData | None:
    """Cells that are numbers, of all fragments at once; None of others, and behind requests."""
    column, fragments, at, places = wanted
    if not readable(column, fragments, at):
        return None
    if bool((at[1:] >= at[:-1]).all()):
        return numbers(column, fragments, at, places)
    order = np.argsort(at, kind="stable")
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return take_rows(numbers(column, fragments, at[order], places[order]), back)


def _by_fragment(wanted: Wanted) -> list[Ints]:
    """Positions among the cells wanted, fragment by fragment."""
    at = wanted.at
    if not len(at):
        return []
    order = np.argsort(at, kind="stable")
    ordered = at[order]
    if ordered[0] == ordered[-1]:
        return [order]
    return np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1)


def _in_order(pieces: list[ColumnData], parts: list[Ints], column: Column) -> ColumnData:
    if not pieces:
        return nulls(column.layout, 0)
    if len(pieces) == 1:
        return pieces[0]
    joined, order = concat(pieces), np.concatenate(parts)
    if bool((order[1:] > order[:-1]).all()):
        return joined
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return take_rows(joined, back)


def cells_at(fragment: OpenFragment, column: Column, places: Ints) -> ColumnData:
    """Cells of one fragment by place, staged changes included."""
    column_id, edit = column.column_id, fragment.edit
    overlays = fragment.overlays(column_id)
    staged = [] if edit is None else edit.patches.get(column_id, [])
    if not overlays and not staged:
        if fragment.rows == fragment.stored_rows:
            return fragment.chunk(column).take(places)
        return fragment.written(column).take(places)
    left = np.arange(len(places))
    pieces, parts = [], []

    def covered(positions: Ints) -> Ints:
        """Which of `positions` are asked for and not found yet."""
        nonlocal left
        found = holds(positions, places[left])
        parts.append(left[found])
        left = left[~found]
        return np.searchsorted(positions, places[parts[-1]])

    for patch in reversed(staged):
        pieces.append(take_rows(patch.data, covered(patch.positions)))
    fragment.objects.parallel(fragment.bitmap, [overlay.bitmap for overlay in overlays])
    for overlay in reversed(overlays):
        if not len(left):
            break
        rows = covered(fragment.bitmap(overlay.bitmap))
        if len(rows):
            pieces.append(_overlay_rows(fragment, column, overlay, rows))
        else:
            parts.pop()
    if len(left):
        parts.append(left)
        pieces.append(fragment.written(column).take(places[left]))
    return _in_order(pieces, parts, column)


def _overlay_rows(
    fragment: OpenFragment, column: Column, overlay: Overlay, rows: Ints
) -> ColumnData:
    """Some values of an overlay, in the column's type of today."""
    positions = fragment.bitmap(overlay.bitmap)
    if len(positions) != overlay.values.rows:
        raise MalformedObjectError(
            f"an overlay in {fragment.own_key} has {overlay.values.rows} values for "
            f"{len(positions)} rows"
        )
    stored = column.layout_of(overlay.generation)
    frame = open_frame(fragment.objects, stored, overlay.values, fragment.own_key)
    return as_layout(frame.take(rows), column.layout)


def alike(old: ColumnData, new: ColumnData) -> Mask:
    """Which rows are equal, whatever the column was widened to on either side.

    Bytes are compared, as `rows_equal` does, once both sides are of the wider type.
    """
    if not isinstance(old, FixedData) or not isinstance(new, FixedData):
        return rows_equal(old, new)
    a, b = old.values.dtype, new.values.dtype
    if a == b:
        return rows_equal(old, new)
    wide = np.promote_types(a, b)
    if wide.kind == "f" and a.kind in "iu" and b.kind in "iu":
        same = old.values == new.values  # exact for int64 and uint64, as float64 is not
        return rows_equal(FixedData(same, old.valid), FixedData(np.ones_like(same), new.valid))
    old, new = (FixedData(x.values.astype(wide), x.valid) for x in (old, new))
    return rows_equal(old, new)
