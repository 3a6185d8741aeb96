"""Columns of a table as the Arrow arrays that the engine takes for their kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from deeplake.errors import QueryError
from deeplake.query.kinds import NARROW, TENSOR, kind_of
from deeplake.query.struct_text import innermost, texts
from deeplake.types.base import FixedData, ListData, VarData
from deeplake.types.decimal import Decimal
from deeplake.types.list import List
from deeplake.types.struct import Struct

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.query.rows import Rows
    from deeplake.types.base import ColumnData, ColumnType

HANDLE_BITS = 40
"""A handle is source << 40 | position: a trillion rows of a table, 8 million sources."""


def is_narrow(type_: ColumnType) -> bool:
    """Whether values of a type are given to the engine as they are."""
    type_ = innermost(type_)
    kind = kind_of(type_)
    return not isinstance(type_, Struct) and (kind.name in NARROW or kind.name == "numeric")


def as_engine(type_: ColumnType, data: ColumnData) -> pa.Array:
    """Column data as an array of the engine's type for `kind_of(type_)`."""
    name = type_.name
    if name.startswith("emb-"):
        assert isinstance(data, FixedData)
        return _vectors(data)
    if _DECIMAL_64 and isinstance(type_, Decimal) and type_.precision <= DIGITS_OF_64_BITS:
        assert isinstance(data, FixedData)
        return _decimals(type_, data)
    if isinstance(type_, List):
        assert isinstance(data, ListData)
        return _lists(data, as_engine(type_.child, data.child))
    if isinstance(type_, Struct):
        return _documents(type_, data)
    if kind_of(type_) == TENSOR:
        raise QueryError(
            f"values of type {name} are not supported in expressions.",
            hint="Select them as they are.",
            sqlstate="0A000",
        )
    array = type_.to_arrow(data)
    if name == "uuid":
        return pa.ExtensionArray.from_storage(pa.uuid(), array.cast(pa.binary(16)))
    if name == "json":
        return pa.ExtensionArray.from_storage(pa.json_(pa.large_string()), array)
    wider = _WIDER.get(name)
    return array if wider is None else array.cast(wider)


def _lists(data: ListData, items: pa.Array) -> pa.Array:
    offsets = np.ascontiguousarray(data.offsets, np.int64)
    bitmap = None if data.valid is None else _bitmap(data.valid)
    type_ = pa.large_list(pa.field("item", items.type))
    buffers = [bitmap, pa.py_buffer(offsets)]
    return pa.Array.from_buffers(type_, len(offsets) - 1, buffers, children=[items])


def _documents(type_: Struct, data: ColumnData) -> pa.Array:
    storage = pa.array(texts(type_, type_.values(data)), pa.large_string())
    return pa.ExtensionArray.from_storage(pa.json_(pa.large_string()), storage)


DIGITS_OF_64_BITS = 18
"""Digits that fit 64 bits; the engine takes such decimals as they are, 128 bits it converts."""

_DECIMAL_64: Any = getattr(pa, "decimal64", None)
"""Not there in the oldest pyarrow that we take."""


def _decimals(type_: Decimal, data: FixedData) -> pa.Array:
    """Decimals as the lower halves of their 16 bytes."""
    halves = np.ascontiguousarray(data.values).view("<i8")
    low = np.ascontiguousarray(halves[:, 0], np.int64)
    bitmap = None if data.valid is None else _bitmap(data.valid)
    made = _DECIMAL_64(type_.precision, type_.scale)
    return pa.Array.from_buffers(made, len(low), [bitmap, pa.py_buffer(low)])


DICTIONARY_SHARE = 0.125
DICTIONARY_SAMPLE = 4096
DICTIONARY_ROWS_MIN = 1 << 14
"""Of fewer rows nothing is gained, and Arrow's functions would be loaded: 30 ms of a cold start."""


def by_number(array: pa.Array) -> pa.Array:
    """Texts of which few are different as numbers into a dictionary, anything else as it is.

    The engine then looks at each different text once: a filter takes a third of the time, a group
    two thirds. Making it costs 10 ns a row, once for all statements that find the column kept.
    """
    if array.type != pa.large_string() or len(array) < DICTIONARY_ROWS_MIN:
        return array
    sample = array.slice(0, DICTIONARY_SAMPLE)
    for some in (sample, array):
        found = some.dictionary_encode()
        if len(found.dictionary) > DICTIONARY_SHARE * len(some):
            return array
    return found


def plain(array: pa.Array) -> pa.Array:
    """An array as texts, whatever it has them as."""
    return array.cast(array.type.value_type) if pa.types.is_dictionary(array.type) else array


def short(array: pa.Array) -> pa.Array:
    """Texts with offsets of 32 bits, as a cast makes them: that loads Arrow's functions, 25 ms of a
    cold start.
    """
    bitmap, offsets, texts = array.buffers()
    end = array.offset + len(array) + 1
    wide = np.frombuffer(offsets, np.int64)[:end] if len(array) else np.zeros(end, np.int64)
    if wide[-1] >= 1 << 31:
        return array.cast(pa.string())  # which says what is wrong
    made = [bitmap, pa.py_buffer(wide.astype(np.int32)), texts or pa.py_buffer(b"")]
    return pa.Array.from_buffers(pa.string(), len(array), made, array.null_count, array.offset)


def some(array: pa.Array, rows: Rows) -> pa.Array:
    """Some rows of an array."""
    if rows.single is None and len(rows.runs) == 1:
        low, high = rows.runs[0]
        return array.slice(low, high - low)
    return array.take(integers(rows.positions(), None))


def shares(array: pa.Array, data: ColumnData) -> bool:
    """Whether an array lies in the memory of the column data that it was made of."""
    if isinstance(data, FixedData):
        buffer = array.buffers()[1]  # a tensor's are those of its items
        return bool(buffer is not None and buffer.address == data.values.ctypes.data)
    whole = isinstance(data, VarData) and len(data.buffers) == 1
    return whole and not pa.types.is_dictionary(array.type)


def _vectors(data: FixedData) -> pa.Array:
    """Vectors as lists of float32, which the engine calls FLOAT[]; it has no float16."""
    rows, n = data.values.shape
    values = np.ascontiguousarray(data.values, np.float32)
    offsets = np.arange(0, rows * n + 1, n, dtype=np.int64)
    items = pa.Array.from_buffers(pa.float32(), rows * n, [None, pa.py_buffer(values)])
    bitmap = None if data.valid is None else _bitmap(data.valid)
    return pa.Array.from_buffers(
        pa.large_list(pa.float32()), rows, [bitmap, pa.py_buffer(offsets)], children=[items]
    )


_WIDER = {
    "int8": pa.int16(),
    "uint8": pa.int16(),
    "uint16": pa.int32(),
    "uint32": pa.int64(),
    "uint64": pa.decimal128(20, 0),
    "float16": pa.float32(),
}


def handles(
    positions: npt.NDArray[np.int64], source: int, valid: npt.NDArray[np.bool_] | None
) -> pa.Array:
    """Handles of rows of a source, NULL where they are not valid."""
    return integers(positions | np.int64(source << HANDLE_BITS), valid)


def integers(values: npt.NDArray[np.int64], valid: npt.NDArray[np.bool_] | None) -> Any:
    """int64 without a copy; `pa.array` would import pandas where it is installed."""
    bitmap = None
    if valid is not None:
        bitmap = _bitmap(valid)
    return pa.Array.from_buffers(pa.int64(), len(values), [bitmap, pa.py_buffer(values)])


def _bitmap(valid: npt.NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(valid, bitorder="little"))


def split(handle: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(source, position) of handles."""
    return handle >> HANDLE_BITS, handle & ((1 << HANDLE_BITS) - 1)


def raw(handles: pa.Array) -> npt.NDArray[np.int64]:
    """An int64 array as NumPy, -1 for NULL; `to_numpy` would import pandas where it is there."""
    rows = len(handles)
    found = np.frombuffer(handles.buffers()[1], np.int64)[handles.offset : handles.offset + rows]
    if not handles.null_count:
        return found
    bits = np.frombuffer(handles.buffers()[0], np.uint8)
    valid = np.unpackbits(bits, bitorder="little")[handles.offset : handles.offset + rows]
    return np.where(valid.view(np.bool_), found, np.int64(-1))
