"""Arrow lists of equal shape to one NumPy array: the Arrow twin of `stacks.py`.

Takes fixed-size lists (nested or as fixed_shape_tensor, permuted or not) and lists of varying
length whose rows all turn out to have the shape.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, InvalidValueError
from deeplake.types import arrow
from deeplake.types.elements import convert
from deeplake.types.rows import refusal
from deeplake.types.stacks import wrong_shape

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.types.base import AnyArray, BoolArray


def stacked(
    array: Any, dtype: np.dtype[Any], shape: tuple[int, ...], *, name: str, column: str
) -> tuple[AnyArray, BoolArray | None]:
    """The non-NULL rows as (rows, *shape) of `dtype`, and which rows they are.

    Raises:
        DimensionError: on a row of another shape.
        DtypeError: if the elements are no numbers.
        InvalidValueError: on a NULL inside a row.
    """
    import pyarrow as pa

    permutation = None
    inner = shape
    if isinstance(array.type, pa.FixedShapeTensorType):
        inner, permutation = tuple(array.type.shape), array.type.permutation
        logical = inner if permutation is None else tuple(inner[axis] for axis in permutation)
        if logical != shape:
            raise wrong_shape(logical, shape, name=name, column=column, row=None)
    array = arrow.plain(array, column=column)
    valid = arrow.validity(array)
    at = None if valid is None else np.flatnonzero(valid)
    if at is not None:
        array = array.take(arrow.flat_array(at.astype(np.int64), pa.int64()))
    if pa.types.is_null(array.type) or not len(array):
        return np.zeros((0, *shape), dtype), valid
    elements = _elements(array, inner, shape, name=name, column=column, at=at)
    values = _dense(elements, prod(shape), column=column, at=at).reshape(-1, *inner)
    if permutation is not None:
        values = values.transpose(0, *(axis + 1 for axis in permutation))
    if values.dtype == dtype and values.flags.c_contiguous:
        return values, valid  # Arrow memory is immutable: share it
    return convert(values, dtype, column=column, at=at), valid


def _elements(
    array: pa.Array,
    inner: tuple[int, ...],
    shape: tuple[int, ...],
    *,
    name: str,
    column: str,
    at: AnyArray | None,
) -> pa.Array:
    """The innermost elements of rows of lists, every list checked for its length."""
    import pyarrow as pa

    rows = len(array)
    if pa.types.is_fixed_size_list(array.type) and array.type.list_size == prod(inner):
        return arrow.fixed_child(array)  # flat storage of a tensor
    for depth, length in enumerate(inner):
        offsets, child, valid = arrow.list_parts(array, column=column)
        if valid is not None:
            raise _null_inside(int(np.flatnonzero(~valid)[0]) * rows // len(array), column, at)
        sizes = np.diff(offsets)
        if (sizes != length).any():
            index = int((sizes != length).argmax())
            row = index * rows // max(1, len(sizes))
            got = (*inner[:depth], int(sizes[index]), *inner[depth + 1 :])
            row = row if at is None else int(at[row])
            raise wrong_shape(got, shape, name=name, column=column, row=row)
        array = arrow.plain(child, column=column)
    return array


def _dense(elements: pa.Array, per_row: int, *, column: str, at: AnyArray | None) -> AnyArray:
    """Element values as NumPy; none may be NULL."""
    valid = arrow.validity(elements)
    if valid is not None:
        raise _null_inside(int(np.flatnonzero(~valid)[0]) // per_row, column, at)
    values = arrow.numbers(elements)
    if values is None:
        raise refusal(DtypeError, f"Arrow {elements.type} elements are no numbers", column=column)
    return values


def _null_inside(index: int, column: str, at: AnyArray | None) -> Exception:
    return refusal(
        InvalidValueError,
        "the row has a NULL element",
        column=column,
        row=index if at is None else int(at[index]),
        hint="NULL is a whole row: drop the row, or use NaN inside.",
    )
