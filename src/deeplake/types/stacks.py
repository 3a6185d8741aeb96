"""Rows that are arrays of one shape, gathered into one array: vectors and fixed tensors.

Knows nothing of norms or Arrow; element types are converted by `elements.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DimensionError, DtypeError
from deeplake.types.elements import convert
from deeplake.types.rows import array_of, refusal, shown

if TYPE_CHECKING:
    from deeplake.types.base import AnyArray
    from deeplake.types.rows import Batch


def stack(
    rows: Batch, dtype: np.dtype[Any], shape: tuple[int, ...], *, name: str, column: str
) -> AnyArray:
    """The non-NULL rows as one new C-contiguous array (rows, *shape) of `dtype`.

    Args:
        rows: arrays, tensors or nested lists of numbers.
        dtype: element type of the result; see `elements.convert` for what is accepted.
        shape: of one row.
        name: the column's type, for messages.
        column: the column's name, for messages.

    Raises:
        DimensionError: on a row of another shape.
        DtypeError: on a row that holds other things than numbers.
        NumericOverflowError: on a number out of range.
    """
    at = rows.positions()
    if isinstance(rows.rows, np.ndarray):
        dense = rows.rows if rows.valid is None else rows.rows[rows.valid]
        if dense.shape[1:] != shape:
            first = None if not len(dense) else 0 if at is None else int(at[0])
            raise wrong_shape(dense.shape[1:], shape, name=name, column=column, row=first)
        return convert(dense, dtype, column=column, at=at)
    present = rows.present()
    if not present:
        return np.zeros((0, *shape), dtype)
    if rows.kinds == {np.ndarray} and _alike(present, shape):
        whole = present[0].copy() if len(present) == 1 else np.concatenate(present)
        whole = whole.reshape(len(present), *shape)
        return whole if whole.dtype == dtype else convert(whole, dtype, column=column, at=at)
    if rows.kinds <= {list, tuple}:
        try:
            whole = np.array(present)
        except (ValueError, OverflowError):  # ragged: found row by row below
            whole = np.zeros(0, np.object_)
        if whole.shape[1:] == shape and whole.dtype.kind in "biuf":
            return convert(whole, dtype, column=column, at=at)
    out = np.empty((len(present), *shape), dtype)
    for index, (row, value) in enumerate(rows.numbered()):
        array = row_array(value, column=column, row=row)
        if array.shape != shape:
            raise wrong_shape(array.shape, shape, name=name, column=column, row=row)
        out[index] = convert(array, dtype, column=column, at=row)
    return out


def _alike(arrays: list[AnyArray], shape: tuple[int, ...]) -> bool:
    """Whether all have this shape and one little-endian dtype."""
    dtypes = {array.dtype for array in arrays}
    return (
        len(dtypes) == 1
        and next(iter(dtypes)).byteorder != ">"
        and all(array.shape == shape for array in arrays)
    )


def row_array(value: Any, *, column: str, row: int) -> AnyArray:
    """One row as an array of numbers or truth values.

    Raises:
        DtypeError: if it holds anything else, or is masked.
    """
    if isinstance(value, (str, bytes, dict, set)):
        raise refusal(DtypeError, f"{shown(value)} is no array of numbers", column=column, row=row)
    array = array_of(value, column=column, row=row)
    if type(array) is not np.ndarray and np.any(getattr(array, "mask", False)):
        raise refusal(
            DtypeError,
            "the array has masked elements",
            column=column,
            row=row,
            hint="Fill them with .filled(); NULL is a whole row.",
        )
    if array.dtype.kind not in "biuf":
        raise refusal(
            DtypeError,
            f"{shown(value)} does not hold numbers only",
            column=column,
            row=row,
            hint="Arrays of bool, int and float are stored; split complex numbers into two.",
        )
    return np.asarray(array)


def wrong_shape(
    got: tuple[int, ...],
    wanted: tuple[int | None, ...],
    *,
    name: str,
    column: str,
    row: int | None,
) -> Exception:
    """The error for a row of another shape than its column's."""
    axes = ", ".join("*" if axis is None else str(axis) for axis in wanted)
    return refusal(
        DimensionError,
        f"shape {got} does not fit {name}, which takes ({axes}{',' if len(wanted) == 1 else ''})",
        column=column,
        row=row,
    )
