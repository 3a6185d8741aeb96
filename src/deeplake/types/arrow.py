"""Arrow buffers to and from NumPy arrays, without the calls that load pandas.

`pa.array`, `to_numpy` and `np.asarray(arrow)` import pandas where it is installed (+190 ms), so
everything here goes through `from_buffers`, `buffers()` and `cast`. Slices (offset != 0), chunks,
dictionaries and views are resolved here; NULL is exact in both directions. Knows no column type.
Imported only by methods that speak Arrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, TextEncodingError
from deeplake.types.base import VarData
from deeplake.types.data import join_bytes, offsets_of
from deeplake.types.rows import refusal, spread
from deeplake.types.variable import check_sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from deeplake.types.base import AnyArray, BoolArray, Buffer

# --- out: NumPy to Arrow --------------------------------------------------------------------


def bitmap(valid: BoolArray | None) -> pa.Buffer | None:
    """A validity bitmap; None where no row is NULL."""
    import pyarrow as pa

    return None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))


def flat_array(values: AnyArray, type_: pa.DataType, valid: BoolArray | None = None) -> pa.Array:
    """One-dimensional `values` as an array of a fixed-width type, sharing their memory.

    `values` may be two-dimensional bytes, one row each (decimals, UUIDs); bools become bits.
    """
    import pyarrow as pa

    rows = len(values)
    if values.dtype == np.bool_:
        values = np.packbits(values, bitorder="little")
    data = pa.py_buffer(np.require(values, requirements=["A", "C"]))
    return pa.Array.from_buffers(type_, rows, [bitmap(valid), data])


def element_arrow(dtype: np.dtype[Any]) -> pa.DataType:
    """The Arrow type of one element of a tensor."""
    import pyarrow as pa

    return pa.from_numpy_dtype(dtype)


def fixed_lists(values: AnyArray, type_: pa.DataType, valid: BoolArray | None) -> pa.Array:
    """Rows of `values` (rows, …) as a fixed_size_list over their elements, memory shared."""
    import pyarrow as pa

    child = flat_array(values.reshape(-1), element_arrow(values.dtype))
    return pa.Array.from_buffers(type_, len(values), [bitmap(valid)], children=[child])


def binary_array(data: VarData, type_: pa.DataType) -> pa.Array:
    """Rows of bytes as large_binary or large_string; one buffer is shared, more are joined."""
    import pyarrow as pa

    offsets = pa.py_buffer(np.ascontiguousarray(data.offsets, np.int64))
    joined = pa.py_buffer(join_bytes(data.buffers))
    rows = len(data.offsets) - 1
    return pa.Array.from_buffers(type_, rows, [bitmap(data.valid), offsets, joined])


def list_array(
    offsets: AnyArray, child: pa.Array, valid: BoolArray | None, type_: pa.DataType
) -> pa.Array:
    """Runs of rows of `child` as a large_list."""
    import pyarrow as pa

    starts = pa.py_buffer(np.ascontiguousarray(offsets, np.int64))
    return pa.Array.from_buffers(type_, len(offsets) - 1, [bitmap(valid), starts], children=[child])


def struct_array(
    rows: int, children: Sequence[pa.Array], valid: BoolArray | None, type_: pa.DataType
) -> pa.Array:
    """One row of every child a row."""
    import pyarrow as pa

    return pa.Array.from_buffers(type_, rows, [bitmap(valid)], children=list(children))


# --- in: Arrow to NumPy ---------------------------------------------------------------------


def plain(array: Any, *, column: str) -> pa.Array:
    """One array without chunks, dictionary, run ends or extension type.

    Raises:
        DtypeError: if `array` is no Arrow array.
    """
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
        if isinstance(array, pa.ChunkedArray):  # too long for 32-bit offsets
            chunks = [cast(chunk, wide(chunk.type), column=column) for chunk in array.chunks]
            array = pa.concat_arrays(chunks)
    if not isinstance(array, pa.Array):
        raise DtypeError(f"column {column!r} needs an Arrow array, got {type(array).__name__}.")
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if isinstance(array, pa.DictionaryArray):
        array = array.dictionary.take(array.indices)
    elif pa.types.is_run_end_encoded(array.type):
        import pyarrow.compute as pc

        array = pc.run_end_decode(array)
    return array


def wide(type_: pa.DataType) -> pa.DataType:
    """The variant of a binary, string or list type with 64-bit offsets; others unchanged."""
    import pyarrow as pa

    is_ = pa.types
    if is_.is_string(type_) or is_.is_string_view(type_):
        return pa.large_string()
    if is_.is_binary(type_) or is_.is_binary_view(type_) or is_.is_fixed_size_binary(type_):
        return pa.large_binary()
    if is_.is_list(type_):
        return pa.large_list(type_.value_field)
    return type_


def cast(array: pa.Array, type_: pa.DataType, *, column: str) -> pa.Array:
    """A safe cast: anything that would lose a value is refused.

    Raises:
        DtypeError: naming both types.
    """
    import pyarrow as pa

    if array.type.equals(type_):
        return array
    try:
        return array.cast(type_, safe=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise refusal(
            DtypeError,
            f"Arrow {array.type} does not become {type_} without loss: {error}",
            column=column,
            hint="Cast it before, with the rounding you want.",
        ) from error


def refuse_kinds(array: pa.Array, kinds: str, *, column: str) -> None:
    """Refuse values that a cast would take but a row of Python values would not.

    Args:
        array: all-NULL arrays pass.
        kinds: how the names of the refused Arrow types start, separated by blanks.
        column: for messages.

    Raises:
        DtypeError: naming the Arrow type.
    """
    name = str(array.type)
    if name.startswith(tuple(kinds.split())) and array.null_count < len(array):
        raise refusal(
            DtypeError,
            f"Arrow {name} does not fit",
            column=column,
            hint="Cast it first, or declare the column otherwise.",
        )


def validity(array: pa.Array) -> BoolArray | None:
    """Which rows are not NULL; None where all are."""
    import pyarrow as pa

    if array.null_count == 0:
        return None
    bits = array.buffers()[0]
    if pa.types.is_null(array.type) or bits is None:
        return np.zeros(len(array), np.bool_)
    return _bits(bits, array.offset, len(array))


def _bits(buffer: pa.Buffer, offset: int, count: int) -> BoolArray:
    first = offset // 8
    packed = np.frombuffer(buffer, np.uint8)[first : (offset + count + 7) // 8]
    skip = offset - first * 8
    return np.unpackbits(packed, count=skip + count, bitorder="little")[skip:].view(np.bool_)


def flat_values(array: pa.Array, dtype: np.dtype[Any]) -> AnyArray:
    """The values of a fixed-width array in its own width; arbitrary where NULL."""
    import pyarrow as pa

    count, data = len(array), array.buffers()[1] if len(array.buffers()) > 1 else None
    if count == 0 or data is None:
        return np.zeros(count, dtype)
    if pa.types.is_boolean(array.type):
        return _bits(data, array.offset, count)
    return np.frombuffer(data, dtype, array.offset + count)[array.offset :]


def zeroed(values: AnyArray, valid: BoolArray | None) -> AnyArray:
    """`values` with zeros where NULL; a copy only if there are NULLs."""
    return values if valid is None else spread(values[valid], valid)


_NUMPY_NAMES = {"halffloat": "float16", "float": "float32", "double": "float64"}


def number_dtype(type_: pa.DataType) -> np.dtype[Any] | None:
    """The NumPy dtype of an Arrow bool, integer or float type; None for any other."""
    import pyarrow as pa

    is_ = pa.types
    if is_.is_boolean(type_) or is_.is_integer(type_) or is_.is_floating(type_):
        name = str(type_)
        return np.dtype(_NUMPY_NAMES.get(name, name))
    return None


def numbers(array: pa.Array) -> AnyArray | None:
    """Values of a bool, integer or float array as NumPy; None for any other Arrow type."""
    dtype = number_dtype(array.type)
    return None if dtype is None else flat_values(array, dtype)


def var_data(array: pa.Array, *, column: str, text: bool) -> VarData:
    """Rows of a binary or string array of any width; the data buffer is shared.

    Raises:
        DtypeError: if the array holds neither.
        TextEncodingError: if `text` and the bytes are not UTF-8.
        ValueTooLargeError: on a value over the size limit.
    """
    import pyarrow as pa

    target = pa.large_string() if text else pa.large_binary()
    is_ = pa.types
    stringy = is_.is_string(array.type) or is_.is_large_string(array.type)
    if text and (stringy or is_.is_string_view(array.type)):
        check_utf8(array, column=column)
    array = cast(array, target, column=column)
    valid = validity(array)
    rows = len(array)
    _, starts, data = array.buffers()
    if rows == 0 or starts is None:
        return VarData(np.zeros(rows + 1, np.int64), [], valid)
    ends = np.frombuffer(starts, np.int64)[array.offset : array.offset + rows + 1]
    content = np.frombuffer(data, np.uint8) if data is not None and data.size else b""
    sizes = np.diff(ends)
    check_sizes(sizes, column=column)
    if valid is not None and sizes[~valid].any():  # bytes under a NULL: cut them out, row by row
        sizes = np.where(valid, sizes, 0)
        pieces: list[Buffer] = [
            content[a : a + n] for a, n in zip(ends.tolist(), sizes.tolist(), strict=False)
        ]
        return VarData(offsets_of(sizes), pieces, valid)
    return VarData(ends - ends[0], [content[ends[0] : ends[-1]]], valid)


def check_utf8(array: pa.Array, *, column: str) -> None:
    """Refuse a string array with bytes that are not UTF-8: Arrow itself never looks."""
    import pyarrow as pa

    try:
        array.validate(full=True)
    except pa.ArrowInvalid as error:
        raise refusal(TextEncodingError, str(error), column=column) from error


def list_parts(array: pa.Array, *, column: str) -> tuple[AnyArray, pa.Array, BoolArray | None]:
    """(offsets from 0, child, validity) of a list array of any kind; NULL rows are empty.

    Raises:
        DtypeError: if the array is no list.
    """
    import pyarrow as pa

    is_ = pa.types
    valid = validity(array)
    rows = len(array)
    if is_.is_null(array.type):
        return np.zeros(rows + 1, np.int64), pa.nulls(0), valid
    if is_.is_fixed_size_list(array.type):
        child, size = fixed_child(array), array.type.list_size
        starts, sizes = np.arange(rows) * size, np.full(rows, size)
    elif is_.is_list_view(array.type) or is_.is_large_list_view(array.type):
        wider = np.int64 if is_.is_large_list_view(array.type) else np.int32
        _, first, length = array.buffers()[:3]
        at = slice(array.offset, array.offset + rows)
        starts, sizes = np.frombuffer(first, wider)[at], np.frombuffer(length, wider)[at]
        child = array.values
    elif is_.is_list(array.type) or is_.is_large_list(array.type) or is_.is_map(array.type):
        if rows == 0:
            return np.zeros(1, np.int64), array.values.slice(0, 0), valid
        wider = np.int64 if is_.is_large_list(array.type) else np.int32
        ends = np.frombuffer(array.buffers()[1], wider)[array.offset : array.offset + rows + 1]
        starts, sizes, child = ends[:-1], np.diff(ends), array.values
    else:
        raise refusal(DtypeError, f"Arrow {array.type} is no list", column=column)
    if valid is not None:
        sizes = np.where(valid, sizes, 0)
    offsets = offsets_of(sizes)
    if rows and np.array_equal(starts - starts[0], offsets[:-1]):
        return offsets, child.slice(int(starts[0]), int(offsets[-1])), valid
    inner = np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])
    return offsets, child.take(flat_array(inner.astype(np.int64), pa.int64())), valid


def fixed_child(array: pa.Array) -> pa.Array:
    """The elements of a fixed_size_list array's rows, those under NULL included."""
    size = array.type.list_size
    return array.values.slice(array.offset * size, len(array) * size)
