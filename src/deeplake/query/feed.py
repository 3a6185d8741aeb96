"""Columns of a table as the Arrow arrays that the engine takes for their kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from deeplake.query.kinds import NARROW, Kind
from deeplake.types.base import FixedData

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.types.base import ColumnData, ColumnType

HANDLE_BITS = 40
"""A handle is source << 40 | position: a trillion rows of a table, 8 million sources."""


def is_narrow(kind: Kind) -> bool:
    """Whether values of a kind are given to the engine as they are."""
    return (
        is_narrow(kind.element)
        if kind.element is not None
        else kind.name in NARROW or (kind.name == "numeric")
    )


def as_engine(type_: ColumnType, data: ColumnData) -> pa.Array:
    """Column data as an array of the engine's type for `kind_of(type_)`."""
    name = type_.name
    if name.startswith("emb-"):
        assert isinstance(data, FixedData)
        return _vectors(data)
    array = type_.to_arrow(data)
    if name == "uuid":
        return pa.ExtensionArray.from_storage(pa.uuid(), array.cast(pa.binary(16)))
    if name == "json":
        return pa.ExtensionArray.from_storage(pa.json_(pa.large_string()), array)
    wider = _WIDER.get(name)
    return array if wider is None else array.cast(wider)


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
