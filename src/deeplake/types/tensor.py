"""Tensors: arrays of numbers, of one fixed shape here and of any shape in `free_tensor.py`."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Self

from deeplake import settings
from deeplake.errors import SchemaError
from deeplake.types.base import ColumnType, FixedData, FixedLayout
from deeplake.types.elements import element_type
from deeplake.types.fixed import Fixed
from deeplake.types.rows import batch, spread
from deeplake.types.stacks import stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from deeplake.types.base import AnyArray, ColumnData

_ANY = "tensor"


class Tensor(ColumnType):
    """Arrays of numbers. What is not declared is free to differ from row to row.

    Args:
        dtype: element type (a name or NumPy dtype); None for any, which leaves the shape free.
        shape: one entry an axis, None (or "*") where it is free; None for any rank.

    >>> Tensor("float16", (16, 64, 64)), Tensor("uint8", (None, 3)), Tensor("int", None), Tensor()
    (<type float16[16,64,64]>, <type uint8[*,3]>, <type int64[...]>, <type tensor>)
    """

    def __new__(cls, dtype: Any = None, shape: Sequence[Any] | None = None) -> Self:
        """A `FixedTensor` or `FreeTensor`, whichever the declaration needs."""
        del dtype
        kind: type[Any] = cls
        if cls is Tensor:
            if shape and all(isinstance(axis, int) for axis in shape):
                kind = FixedTensor
            else:
                from deeplake.types.free_tensor import FreeTensor

                kind = FreeTensor
        made: Self = object.__new__(kind)
        return made

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> Tensor:
        """'tensor', 'float16[16,64,64]', 'uint8[*,3,*,*]', 'float32[...]'."""
        if head == _ANY:
            if arguments:
                raise SchemaError(
                    "a tensor of a given shape needs an element type.",
                    hint="Write 'float32[16,64]' rather than 'tensor[16,64]'.",
                )
            return Tensor()
        return Tensor(head, None if arguments == (...,) else arguments)


class FixedTensor(Fixed, Tensor):
    """Arrays of one shape and element type."""

    def __init__(self, dtype: Any, shape: Sequence[int]) -> None:
        if dtype is None:
            raise SchemaError(
                f"a tensor of shape {tuple(shape)} needs an element type.",
                hint=f"Write Tensor('float32', {tuple(shape)}).",
            )
        elements = element_type(dtype)
        self.shape = checked_axes(shape)
        bytes_ = prod(axis for axis in self.shape if axis is not None) * elements.itemsize
        if bytes_ > settings.VALUE_BYTES_MAX:
            raise SchemaError(
                f"a tensor of shape {self.shape} has {bytes_:,} bytes, over the limit of "
                f"{settings.VALUE_BYTES_MAX:,}."
            )
        self.name = f"{elements.name}[{','.join(map(str, self.shape))}]"
        self.layout = FixedLayout(elements.str, tuple(shape))

    def normalise(self, values: Any, *, column: str) -> FixedData:
        """Arrays, torch tensors or nested lists of exactly this shape.

        Raises:
            DimensionError: on another shape.
            DtypeError, NumericOverflowError: see `elements.convert`.
        """
        rows = batch(values, column=column)
        dense = stack(rows, self.dtype, self.layout.shape, name=self.name, column=column)
        return FixedData(spread(dense, rows.valid), rows.valid)

    def cell(self, raw: Any) -> AnyArray:
        """The array as it is."""
        array: AnyArray = raw
        return array

    def _plain(self, values: AnyArray) -> list[Any]:
        return list(values)

    def arrow_type(self) -> pa.DataType:
        """arrow.fixed_shape_tensor, stored as a flat fixed_size_list."""
        import pyarrow as pa

        from deeplake.types.arrow import element_arrow

        return pa.fixed_shape_tensor(element_arrow(self.dtype), list(self.layout.shape))

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """The arrays, memory shared."""
        import pyarrow as pa

        from deeplake.types.arrow import fixed_lists

        assert isinstance(data, FixedData)
        type_ = self.arrow_type()
        storage = fixed_lists(data.values, type_.storage_type, data.valid)
        return pa.ExtensionArray.from_storage(type_, storage)

    def from_arrow(self, array: pa.Array, *, column: str) -> FixedData:
        """fixed_shape_tensor and nested lists of numbers of this shape."""
        from deeplake.types.arrow_stacks import stacked

        shape = self.layout.shape
        dense, valid = stacked(array, self.dtype, shape, name=self.name, column=column)
        return FixedData(spread(dense, valid), valid)


def checked_axes(shape: Sequence[Any]) -> tuple[int | None, ...]:
    """The axes of a declared shape, None where free.

    Raises:
        SchemaError: on an axis below 1, on none at all or on too many.
    """
    axes = tuple(None if axis in (None, "*") else axis for axis in shape)
    if not 1 <= len(axes) <= settings.TENSOR_RANK_MAX:
        raise SchemaError(
            f"a tensor has 1 to {settings.TENSOR_RANK_MAX} axes, got {len(axes)}.",
            hint="A single number is a column of its own type; '[...]' is any rank.",
        )
    for axis in axes:
        if axis is not None and (not isinstance(axis, int) or axis < 1):
            raise SchemaError(f"axis {axis!r} of a tensor is no length.", hint="'*' is any length.")
    return axes
