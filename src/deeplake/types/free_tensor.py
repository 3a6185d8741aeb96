"""Tensors whose shape, and perhaps rank and element type, differ from row to row.

A row is its elements in C order; shape (and element type, by the codes of `elements.py`) stand
beside it as extras, so that queries on shapes read no elements.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, SchemaError, ValueTooLargeError
from deeplake.types.base import Extra, VarData, VarLayout
from deeplake.types.data import offsets_of, var_rows
from deeplake.types.elements import CODES, NAMES, convert, element_type
from deeplake.types.rows import Batch, batch, refusal, shown
from deeplake.types.stacks import row_array, wrong_shape
from deeplake.types.tensor import Tensor, checked_axes
from deeplake.types.variable import check_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from deeplake.types.base import AnyArray, BoolArray, ColumnData

_AXIS_MAX = (1 << 32) - 1  # stored as uint32 where the rank is known


class FreeTensor(Tensor):
    """Arrays with free axes ('uint8[*,3]'), of any rank ('uint8[...]') or of any type ('tensor').

    >>> points = Tensor("float32", (None, 2))
    >>> points.normalise([[[1, 2], [3, 4]], None], column="p").extras[0].tolist()
    [[2, 2], [0, 0]]
    """

    layout: VarLayout

    def __init__(self, dtype: Any = None, shape: Sequence[Any] | None = None) -> None:
        if dtype is None and shape is not None:
            raise SchemaError(
                f"a tensor of shape {tuple(shape)} needs an element type.",
                hint="Write Tensor('float32', (None, 3)).",
            )
        self.dtype = None if dtype is None else element_type(dtype)
        self.shape = None if shape is None else checked_axes(shape)
        axes = (
            "..."
            if self.shape is None
            else ",".join("*" if axis is None else str(axis) for axis in self.shape)
        )
        self.name = "tensor" if self.dtype is None else f"{self.dtype.name}[{axes}]"
        if self.shape is not None:
            extras = [Extra("shape", "<u4", len(self.shape))]
        else:
            extras = [Extra("shape", "<i8", -1)]
        if self.dtype is None:
            extras.append(Extra("dtype", "|u1"))
        self.layout = VarLayout(tuple(extras))

    # --- in ---------------------------------------------------------------------------------

    def normalise(self, values: Any, *, column: str) -> VarData:
        """Arrays, torch tensors or nested lists that agree with what is declared.

        Raises:
            DimensionError: on another rank, or another length of a declared axis.
            DtypeError, NumericOverflowError: see `elements.convert`.
            ValueTooLargeError: over the size limit.
        """
        rows = batch(values, column=column)
        if isinstance(rows.rows, np.ndarray):
            return self._from_array(rows, column=column)
        arrays = [
            self._row(row_array(value, column=column, row=row), column=column, row=row)
            for row, value in rows.numbered()
        ]
        return self._packed([a.tobytes() for a in arrays], arrays, rows.valid)

    def _from_array(self, rows: Batch, *, column: str) -> VarData:
        """Rows of one array: one conversion and one buffer for all."""
        array, valid = np.asarray(rows.rows), rows.valid
        dense = array if valid is None else array[valid]
        if not len(dense):
            return self._packed([], [], valid)
        at = rows.positions()
        self._check(dense[0], column=column, row=0 if at is None else int(at[0]))
        dense = convert(dense, self.dtype or little(dense.dtype), column=column, at=at)
        kept = np.ones(len(array), np.bool_) if valid is None else valid
        shapes, codes = self._blank_extras(len(array), dense.ndim - 1)
        shapes[kept] = dense.shape[1:]
        codes[kept] = CODES[dense.dtype.name]
        offsets = offsets_of(kept * dense[0].nbytes)
        extras = (shapes, codes) if self.dtype is None else (shapes,)
        return VarData(offsets, [dense.reshape(-1).view(np.uint8)], valid, extras)

    def _blank_extras(self, count: int, rank: int) -> tuple[AnyArray, AnyArray]:
        """Shapes and element codes of `count` NULLs; a free rank is padded with -1 to `rank`."""
        if self.shape is not None:
            shapes: AnyArray = np.zeros((count, len(self.shape)), np.uint32)
        else:
            shapes = np.full((count, rank), -1, np.int64)
        return shapes, np.zeros(count, np.uint8)

    def _row(self, array: AnyArray, *, column: str, row: int) -> AnyArray:
        self._check(array, column=column, row=row)
        wanted = self.dtype or little(array.dtype)
        return array if array.dtype == wanted else convert(array, wanted, column=column, at=row)

    def _check(self, array: AnyArray, *, column: str, row: int) -> None:
        wanted = self.shape
        if wanted is not None and (
            len(wanted) != array.ndim
            or any(w not in (None, got) for w, got in zip(wanted, array.shape, strict=True))
        ):
            raise wrong_shape(array.shape, wanted, name=self.name, column=column, row=row)
        if array.dtype.kind not in "biuf" or array.dtype.name not in CODES:
            raise refusal(
                DtypeError,
                f"{shown(array)} has elements we do not store",
                column=column,
                row=row,
                hint="Element types are " + ", ".join(CODES) + ".",
            )
        width = array.dtype.itemsize if self.dtype is None else self.dtype.itemsize
        check_size(array.size * width, column=column, row=row)
        if wanted is not None and max(array.shape) > _AXIS_MAX:
            raise refusal(
                ValueTooLargeError, f"shape {array.shape} is too long", column=column, row=row
            )

    def _packed(
        self, payloads: list[bytes], arrays: list[AnyArray], valid: BoolArray | None
    ) -> VarData:
        """`VarData` of the non-NULL rows' arrays and their bytes."""
        count = len(arrays) if valid is None else len(valid)
        kept = range(count) if valid is None else np.flatnonzero(valid).tolist()
        shapes, codes = self._blank_extras(count, max([a.ndim for a in arrays], default=0))
        sizes = np.zeros(count, np.int64)
        buffers: list[Any] = [b""] * count
        for row, payload, array in zip(kept, payloads, arrays, strict=True):
            shapes[row, : array.ndim] = array.shape
            sizes[row], codes[row] = array.nbytes, CODES[array.dtype.name]
            buffers[row] = payload
        extras = (shapes, codes) if self.dtype is None else (shapes,)
        return VarData(offsets_of(sizes), buffers, valid, extras)

    # --- out --------------------------------------------------------------------------------

    def cell(self, raw: Any) -> AnyArray:
        """The array: a copy, aligned and writable."""
        payload, extras = raw
        shape = row_shape(extras[0])
        dtype = self.dtype if self.dtype is not None else np.dtype(NAMES[int(extras[1])])
        if prod(shape) == 0:
            return np.zeros(shape, dtype)
        return np.frombuffer(payload, dtype).reshape(shape).copy()

    def values(self, data: ColumnData) -> list[AnyArray | None]:
        """Every row as an array, None where NULL."""
        assert isinstance(data, VarData)
        rows = var_rows(data)
        kept = [True] * len(rows) if data.valid is None else data.valid.tolist()
        extras = zip(*data.extras, strict=True)
        return [
            self.cell((row, extra)) if ok else None
            for row, extra, ok in zip(rows, extras, kept, strict=True)
        ]

    # --- Arrow ------------------------------------------------------------------------------

    def arrow_type(self) -> pa.DataType:
        """struct<data: large_list<T>, shape: large_list<int64>>.

        With any element type: struct<data: large_binary, shape: …, dtype: string>.
        """
        import pyarrow as pa

        from deeplake.types.arrow import element_arrow

        shape = pa.field("shape", pa.large_list(pa.int64()))
        if self.dtype is None:
            return pa.struct(
                [pa.field("data", pa.large_binary()), shape, pa.field("dtype", pa.large_string())]
            )
        return pa.struct([pa.field("data", pa.large_list(element_arrow(self.dtype))), shape])

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """Elements and shapes of every row."""
        from deeplake.types.free_tensor_arrow import to_arrow

        assert isinstance(data, VarData)
        return to_arrow(data, self.dtype, self.arrow_type())

    def from_arrow(self, array: pa.Array, *, column: str) -> VarData:
        """What `to_arrow` gives, fixed_shape_tensor, and nested lists of numbers."""
        from deeplake.types.free_tensor_arrow import from_arrow

        return self.normalise(from_arrow(array, column=column), column=column)


def row_shape(extra: AnyArray) -> tuple[int, ...]:
    """The shape of one row: its extra without the padding."""
    return tuple(axis for axis in np.asarray(extra).tolist() if axis >= 0)


def little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """`dtype` in little-endian byte order."""
    return dtype.newbyteorder("<")
