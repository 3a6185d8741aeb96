"""Tensors of free shape in Arrow: a struct of elements and shape, as arrow.variable_shape_tensor
stores them.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import InvalidValueError
from deeplake.types import arrow
from deeplake.types.arrow_stacks import stacked
from deeplake.types.data import join_bytes, offsets_of
from deeplake.types.elements import CODES, NAMES
from deeplake.types.rows import refusal
from deeplake.types.stacks import row_array

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.types.base import AnyArray, BoolArray, VarData


def to_arrow(data: VarData, dtype: np.dtype[Any] | None, type_: pa.DataType) -> pa.Array:
    """The struct array of `type_`; elements of `dtype` are shared, not copied."""
    import pyarrow as pa

    rows = len(data.offsets) - 1
    shapes = data.extras[0].astype(np.int64)
    real = shapes >= 0
    if data.valid is not None:
        real &= data.valid[:, None]
    axes = arrow.flat_array(shapes[real], pa.int64())
    shape = arrow.list_array(offsets_of(real.sum(axis=1)), axes, None, type_.field("shape").type)
    if dtype is None:
        names = [NAMES.get(code, "") for code in data.extras[1].tolist()]
        sizes = np.fromiter(map(len, names), np.int64, rows)
        text = pa.py_buffer("".join(names).encode())
        buffers = [None, pa.py_buffer(offsets_of(sizes)), text]
        dtypes = pa.Array.from_buffers(pa.large_string(), rows, buffers)
        elements = arrow.binary_array(data._replace(valid=None), pa.large_binary())
        children = [elements, shape, dtypes]
    else:
        joined = join_bytes(data.buffers)
        flat = np.frombuffer(joined, dtype) if len(joined) else np.zeros(0, dtype)
        list_type = type_.field("data").type
        child = arrow.flat_array(flat, list_type.value_type)
        offsets = data.offsets // dtype.itemsize
        children = [arrow.list_array(offsets, child, None, list_type), shape]
    return arrow.struct_array(rows, children, data.valid, type_)


def from_arrow(array: Any, *, column: str) -> Any:
    """Rows that a tensor type can normalise: arrays and None, or a masked array of all.

    Raises:
        InvalidValueError: on elements that do not fill their shape, or a NULL among them.
        DtypeError: if there are no numbers in the array.
    """
    import pyarrow as pa

    if isinstance(array.type, pa.FixedShapeTensorType):
        return _from_fixed(array, column=column)
    array = arrow.plain(array, column=column)
    if pa.types.is_struct(array.type) and array.type.get_field_index("shape") >= 0:
        return _from_struct(array, column=column)
    inner = array.type
    while hasattr(inner, "value_type"):
        inner = inner.value_type
    dtype = arrow.number_dtype(inner)
    rows: list[AnyArray | None] = []
    for row, value in enumerate(array.to_pylist()):
        if value is None:
            rows.append(None)
            continue
        elements = row_array(value, column=column, row=row)  # refuses NULL and text inside
        rows.append(elements if dtype is None else elements.astype(dtype))
    return rows


def _from_fixed(array: Any, *, column: str) -> Any:
    type_ = array.type
    dtype = arrow.number_dtype(type_.value_type)
    assert dtype is not None
    shape = tuple(type_.shape)
    if type_.permutation is not None:
        shape = tuple(shape[axis] for axis in type_.permutation)
    dense, valid = stacked(array, dtype, shape, name="tensor", column=column)
    if valid is None:
        return dense
    rows: list[AnyArray | None] = [None] * len(valid)
    for row, value in zip(np.flatnonzero(valid).tolist(), dense, strict=True):
        rows[row] = value
    return rows


def _from_struct(array: pa.Array, *, column: str) -> list[AnyArray | None]:
    valid = arrow.validity(array)
    children = dict(zip((field.name for field in array.type), array.flatten(), strict=True))
    starts, axes, _ = arrow.list_parts(children["shape"], column=column)
    axis_values = arrow.numbers(axes)
    shapes = [] if axis_values is None else axis_values.tolist()
    cuts = starts.tolist()
    elements = _elements(children, column=column)
    rows: list[AnyArray | None] = []
    for row, values in enumerate(elements):
        if valid is not None and not valid[row]:
            rows.append(None)
            continue
        shape = tuple(shapes[cuts[row] : cuts[row + 1]])
        if prod(shape) != values.size:
            raise refusal(
                InvalidValueError,
                f"{values.size} elements do not fill shape {shape}",
                column=column,
                row=row,
            )
        rows.append(values.reshape(shape))
    return rows


def _elements(children: dict[str, pa.Array], *, column: str) -> list[AnyArray]:
    """The elements of every row, flat."""
    import pyarrow as pa

    data = arrow.plain(children["data"], column=column)
    if "dtype" in children:
        names = arrow.plain(children["dtype"], column=column).to_pylist()
        payloads = arrow.cast(data, pa.large_binary(), column=column).to_pylist()
        unknown = [i for i, name in enumerate(names) if name and name not in CODES]
        if unknown:
            detail = f"{names[unknown[0]]!r} is no element type"
            raise refusal(InvalidValueError, detail, column=column, row=unknown[0])
        return [
            np.frombuffer(payload, np.dtype(name)) if payload else np.zeros(0, name or np.uint8)
            for payload, name in zip(payloads, names, strict=True)
        ]
    offsets, child, _ = arrow.list_parts(data, column=column)
    _refuse_null(arrow.validity(child), offsets, column=column)
    values = arrow.numbers(child)
    if values is None:
        values = np.zeros(0, np.uint8)
    return np.split(values, offsets[1:-1]) if len(offsets) > 1 else []


def _refuse_null(valid: BoolArray | None, offsets: AnyArray, *, column: str) -> None:
    if valid is None:
        return
    first = int(np.flatnonzero(~valid)[0])
    raise refusal(
        InvalidValueError,
        "the tensor has a NULL element",
        column=column,
        row=int(np.searchsorted(offsets, first, "right")) - 1,
        hint="NULL is a whole row; use NaN inside.",
    )
