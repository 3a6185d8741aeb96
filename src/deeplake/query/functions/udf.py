"""Functions of ours inside the engine: over Arrow arrays, made known when a statement names them.

A template writes family__name(...); the family's functions are in the module udf_<family>, which
is imported, and each function registered (0.08 ms), with the first statement that has the name.
"""

from __future__ import annotations

import re
from importlib import import_module
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from deeplake.errors import QueryError
from deeplake.loading import in_forked_child
from deeplake.query import engine
from deeplake.query.moment_text import MICROSECONDS_MAX
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

Function = TypeVar("Function", bound="Callable[..., Any]")

_CALLED = re.compile(r"\b([a-z]+)__([a-z0-9_]+)\(")
_installed: set[str] = set()

in_forked_child(_installed.clear)  # the child has an engine of its own


class Udf(NamedTuple):
    """A function over arrays of equal length."""

    arguments: tuple[str, ...]
    result: str
    run: Callable[..., Any]


class Family:
    """The functions of a module, by name."""

    def __init__(self) -> None:
        self.udfs: dict[str, Udf] = {}

    def columns(self, name: str, signature: str) -> Callable[[Function], Function]:
        """Register a function of whole Arrow arrays: 'BLOB, INTEGER -> VARCHAR'."""

        def decorate(function: Function) -> Function:
            arguments, result = _signature(signature)
            self.udfs[name] = Udf(arguments, result, _told(function, len(arguments)))
            return function

        return decorate

    def rows(
        self, name: str, signature: str, *, nulls: bool = False
    ) -> Callable[[Function], Function]:
        """Register a function of one row's values; NULL for NULL unless `nulls`.

        Moments come as their integers: days, microseconds.
        """

        def decorate(function: Function) -> Function:
            arguments, result = _signature(signature)
            run = _by_row(function, result, nulls=nulls)
            self.udfs[name] = Udf(arguments, result, _told(run, len(arguments)))
            return function

        return decorate


def failure(state: str, message: str) -> QueryError:
    """The error that a function raises for a bad value."""
    return QueryError(message, sqlstate=state)


def prepare(connection: Any, text: str) -> None:
    """Register what a statement calls and the engine does not know."""
    for match in _CALLED.finditer(text):
        if match[0] not in _installed:
            module = import_module(f"deeplake.query.functions.udf_{match[1]}")
            made: Udf = module.FAMILY.udfs[match[2]]
            connection.create_function(
                match[0][:-1], made.run, list(made.arguments), made.result, type="arrow",
                null_handling="special",
            )  # fmt: skip
            _installed.add(match[0])


engine.extend(prepare)


def _signature(text: str) -> tuple[tuple[str, ...], str]:
    left, _, result = text.partition("->")
    parts = re.split(r",\s*(?![^(]*\))", left.strip())
    return tuple(part.strip() for part in parts if part.strip()), result.strip()


def _told(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Our errors leave the engine as text: their state goes along in it.

    The engine asks how many arguments the function takes.
    """

    def run(*arrays: Any) -> Any:
        try:
            return function(*arrays)
        except QueryError as error:
            raise ValueError(f"[{error.sqlstate}] {error.message}") from error

    names = [Parameter(f"a{k}", Parameter.POSITIONAL_ONLY) for k in range(count)]
    run.__signature__ = Signature(names)  # type: ignore[attr-defined]
    return run


def _by_row(function: Callable[..., Any], result: str, *, nulls: bool) -> Callable[..., Any]:
    def run(*arrays: Any) -> Any:
        columns = [values(array) for array in arrays]
        if nulls:
            found = [function(*row) for row in zip(*columns, strict=True)]
        elif len(columns) == 1:
            found = [None if value is None else function(value) for value in columns[0]]
        else:
            found = [None if None in row else function(*row) for row in zip(*columns, strict=True)]
        return array_of(found, result)

    return run


def values(array: Any) -> list[Any]:
    """The values of an array, moments as integers, intervals as (months, days, microseconds)."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    type_ = array.type
    if pa.types.is_timestamp(type_) or pa.types.is_time(type_):
        array = array.view(pa.int64())
    elif pa.types.is_date32(type_):
        array = array.view(pa.int32())
    elif pa.types.is_interval(type_):
        found: list[Any] = [
            None if value is None else (value[0], value[1], value[2] // 1000)
            for value in array.to_pylist()
        ]
        return found
    plain: list[Any] = array.to_pylist()
    return plain


_DTYPES = {
    "int16": np.int16, "int32": np.int32, "int64": np.int64,
    "float": np.float32, "double": np.float64,
}  # fmt: skip


def numbers_of(array: Any) -> npt.NDArray[Any]:
    """Numbers without a copy, NULLs as NaN; `to_numpy` would import pandas where it is there."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    dtype = np.dtype(_DTYPES[str(array.type)])
    buffer, rows = array.buffers()[1], len(array)
    found = np.frombuffer(buffer, dtype, rows, array.offset * dtype.itemsize)
    return found if not array.null_count else np.where(valid_of(array), found, np.nan)


def valid_of(array: Any) -> npt.NDArray[np.bool_]:
    """Which values are no NULLs."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    bitmap = array.buffers()[0]
    if bitmap is None or not array.null_count:
        return np.ones(len(array), np.bool_)
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].view(np.bool_)


def array_of(found: Sequence[Any], result: str) -> Any:
    """Values as an array of the engine's type; `pa.array` would import pandas, in 120 ms."""
    if result.endswith("[]"):
        counts = [0 if item is None else len(item) for item in found]
        flat = [value for item in found if item is not None for value in item]
        offsets = np.zeros(len(found) + 1, np.int32)
        np.cumsum(counts, out=offsets[1:])
        inside = array_of(flat, result[:-2])
        type_ = pa.list_(inside.type)
        buffers = [_bitmap(found), pa.py_buffer(offsets)]
        return pa.Array.from_buffers(type_, len(found), buffers, children=[inside])
    if result in ("VARCHAR", "BLOB"):
        return _texts(found, binary=result == "BLOB")
    if result == "BOOLEAN":
        bits = np.packbits([bool(value) for value in found], bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(found), [_bitmap(found), pa.py_buffer(bits)])
    if result == "INTERVAL":
        if any(value is not None and abs(value[2]) > MICROSECONDS_MAX for value in found):
            raise failure("0A000", "an interval of more than 292 years of hours is not supported")
        made = np.array(
            [(0, 0, 0) if v is None else (v[0], v[1], v[2] * 1000) for v in found], INTERVALS
        )
        type_ = pa.month_day_nano_interval()
    else:
        dtype, type_ = _FIXED[result]
        made = np.array([0 if value is None else value for value in found], dtype)
    return pa.Array.from_buffers(type_, len(found), [_bitmap(found), pa.py_buffer(made)])


INTERVALS = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanoseconds", "<i8")])
"""Intervals as Arrow lays them out."""

_FIXED: dict[str, tuple[str, Any]] = {
    "SMALLINT": ("<i2", pa.int16()),
    "INTEGER": ("<i4", pa.int32()),
    "BIGINT": ("<i8", pa.int64()),
    "FLOAT": ("<f4", pa.float32()),
    "DOUBLE": ("<f8", pa.float64()),
    "DATE": ("<i4", pa.date32()),
    "TIME": ("<i8", pa.time64("us")),
    "TIMESTAMP": ("<i8", pa.timestamp("us")),
}


def _texts(found: Sequence[Any], *, binary: bool) -> Any:
    raw = [b"" if v is None else v if binary else v.encode() for v in found]
    offsets = np.zeros(len(raw) + 1, np.int64)
    np.cumsum([len(part) for part in raw], out=offsets[1:])
    type_ = pa.large_binary() if binary else pa.large_string()
    buffers = [_bitmap(found), pa.py_buffer(offsets), pa.py_buffer(b"".join(raw))]
    made = pa.Array.from_buffers(type_, len(raw), buffers)
    return made.cast(pa.binary() if binary else pa.string())


def _bitmap(found: Iterable[Any]) -> Any:
    valid = [value is not None for value in found]
    if all(valid):
        return None
    return pa.py_buffer(np.packbits(valid, bitorder="little"))
