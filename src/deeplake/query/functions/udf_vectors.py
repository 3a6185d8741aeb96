"""Kernels over vectors: whole Arrow lists at once, in float64."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from deeplake.query.functions.udf import Family, array_of, failure, numbers_of, valid_of, values
from deeplake.query.kinds import VECTOR
from deeplake.query.literals import read as read_literal
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

FAMILY = Family()
FLOAT_MAX = float(np.finfo(np.float32).max)
DIMENSIONS_MAX = 16_000
HALF_MAX = 65_519.0
"""Beyond it a float16 is infinite."""


class _Rows(NamedTuple):
    """Lists of equal length as a matrix; rows that are NULL are zeros in it."""

    matrix: npt.NDArray[np.float64]
    valid: npt.NDArray[np.bool_]


def _rows(array: Any) -> _Rows | None:
    """The lists of an array; None if their lengths differ."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    valid, offsets = valid_of(array), numbers_of(array.offsets)
    lengths = np.diff(offsets)[valid]
    if len(lengths) and (lengths != lengths[0]).any():
        return None
    size = int(lengths[0]) if len(lengths) else 0
    matrix = np.zeros((len(array), size))
    starts = offsets[:-1][valid]
    if len(starts):
        flat = numbers_of(array.values)
        if len(starts) * size == offsets[-1] - offsets[0]:
            matrix[valid] = flat[offsets[0] : offsets[-1]].reshape(-1, size)
        else:
            matrix[valid] = flat[starts[:, None] + np.arange(size)]
    return _Rows(matrix, valid)


def _pairwise(
    name: str, kernel: Callable[[npt.NDArray[Any], npt.NDArray[Any]], npt.NDArray[Any]]
) -> None:
    @FAMILY.columns(name, "FLOAT[], FLOAT[] -> DOUBLE")
    def run(left: Any, right: Any) -> Any:
        a, b = _rows(left), _rows(right)
        if a is None or b is None:
            return _one_by_one(kernel, left, right)
        both = a.valid & b.valid
        if both.any() and a.matrix.shape[1] != b.matrix.shape[1]:
            raise _differ(a.matrix.shape[1], b.matrix.shape[1])
        found = np.zeros(len(both))
        if both.any():
            one, other = (a.matrix, b.matrix) if both.all() else (a.matrix[both], b.matrix[both])
            with np.errstate(divide="ignore", invalid="ignore"):
                found[both] = kernel(one, other)
        bitmap = None if both.all() else pa.py_buffer(np.packbits(both, bitorder="little"))
        return pa.Array.from_buffers(pa.float64(), len(found), [bitmap, pa.py_buffer(found)])


def _one_by_one(kernel: Callable[..., npt.NDArray[Any]], left: Any, right: Any) -> Any:
    found: list[float | None] = []
    for a, b in zip(left.to_pylist(), right.to_pylist(), strict=True):
        if a is None or b is None:
            found.append(None)
            continue
        if len(a) != len(b):
            raise _differ(len(a), len(b))
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(float(kernel(np.array([a], float), np.array([b], float))[0]))
    return array_of(found, "DOUBLE")


def _differ(one: int, other: int) -> Exception:
    return failure("22000", f"different vector dimensions {one} and {other}")


def _dot(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = np.einsum("ij,ij->i", a, b)
    return found


def _cosine(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """NaN for a zero vector, as pgvector says."""
    found = _dot(a, b) / np.sqrt(_dot(a, a) * _dot(b, b))
    clipped: npt.NDArray[Any] = np.clip(found, -1.0, 1.0)
    return clipped


_pairwise("l2_distance", lambda a, b: np.sqrt(_dot(a - b, a - b)))
_pairwise("l2_squared_distance", lambda a, b: _dot(a - b, a - b))
_pairwise("l1_distance", lambda a, b: np.abs(a - b).sum(1))
_pairwise("inner_product", _dot)
_pairwise("negative_inner_product", lambda a, b: -_dot(a, b))
_pairwise("cosine_similarity", _cosine)
_pairwise("cosine_distance", lambda a, b: 1.0 - _cosine(a, b))


@FAMILY.rows("norm", "FLOAT[] -> DOUBLE")
def norm(vector: list[float]) -> float:
    """The length of a vector."""
    return math.sqrt(math.fsum(x * x for x in vector))


@FAMILY.rows("normalized", "FLOAT[] -> FLOAT[]")
def normalized(vector: list[float]) -> list[float]:
    """A vector of length 1; a zero vector stays one."""
    length = norm(vector)
    return [x / length for x in vector] if length else vector


def _elementwise(name: str, operation: Callable[[Any, Any], Any], type_: type) -> None:
    @FAMILY.rows(name, "FLOAT[], FLOAT[] -> FLOAT[]")
    def run(a: list[float], b: list[float]) -> list[float]:
        if len(a) != len(b):
            raise _differ(len(a), len(b))
        one, other = np.array(a, np.float32), np.array(b, np.float32)
        with np.errstate(over="ignore", under="ignore"):
            made = operation(one, other).astype(type_)
        if not np.isfinite(made).all():
            raise failure("22003", "value out of range: overflow")
        if operation is np.multiply and ((made == 0) & (one != 0) & (other != 0)).any():
            raise failure("22003", "value out of range: underflow")
        found: list[float] = made.tolist()
        return found


for _prefix, _type in (("", np.float32), ("half_", np.float16)):
    _elementwise(f"{_prefix}plus", np.add, _type)
    _elementwise(f"{_prefix}minus", np.subtract, _type)
    _elementwise(f"{_prefix}times", np.multiply, _type)


@FAMILY.rows("joined", "FLOAT[], FLOAT[] -> FLOAT[]")
def joined(a: list[float], b: list[float]) -> list[float]:
    """The elements of one vector, then those of the other."""
    if len(a) + len(b) > DIMENSIONS_MAX:
        raise failure("54000", f"vector cannot have more than {DIMENSIONS_MAX} dimensions")
    return a + b


@FAMILY.rows("part", "FLOAT[], INTEGER, INTEGER -> FLOAT[]")
def part(vector: list[float], start: int, count: int) -> list[float]:
    """subvector"""
    found = vector[max(0, start - 1) : max(0, start - 1 + count)] if count > 0 else []
    if not found:
        raise failure("22000", "vector must have at least 1 dimension")
    return found


def _summed(vectors: list[list[float] | None]) -> npt.NDArray[np.float64] | None:
    present = [vector for vector in vectors if vector is not None]
    if not present:
        return None
    for vector in present:
        if len(vector) != len(present[0]):
            raise _differ(len(present[0]), len(vector))
    found: npt.NDArray[np.float64] = np.array(present, np.float64).sum(0)
    return found


@FAMILY.rows("sum", "FLOAT[][] -> FLOAT[]")
def sum_(vectors: list[list[float] | None]) -> list[float] | None:
    """The sum of vectors."""
    found = _summed(vectors)
    if found is None:
        return None
    if np.abs(found).max() > FLOAT_MAX:
        raise failure("22003", "value out of range: overflow")
    made: list[float] = found.tolist()
    return made


@FAMILY.rows("avg", "FLOAT[][] -> FLOAT[]")
def avg(vectors: list[list[float] | None]) -> list[float] | None:
    """Their mean."""
    found = _summed(vectors)
    count = sum(vector is not None for vector in vectors)
    if found is None:
        return None
    made: list[float] = (found / count).tolist()
    return made


@FAMILY.rows("half_avg", "FLOAT[][] -> FLOAT[]")
def half_avg(vectors: list[list[float] | None]) -> list[float] | None:
    """The mean of vectors of halves, rounded once."""
    found = avg(vectors)
    if found is None:
        return None
    made: list[float] = np.array(found, np.float16).tolist()
    return made


@FAMILY.rows("half_sum", "FLOAT[][] -> FLOAT[]")
def half_sum(vectors: list[list[float] | None]) -> list[float] | None:
    """The sum of vectors of halves: one after the other, rounded each time, as pgvector adds."""
    if _summed(vectors) is None:
        return None
    present = np.array([vector for vector in vectors if vector is not None], np.float16)
    with np.errstate(over="ignore"):
        found = np.add.accumulate(present, 0, np.float16)
    if not np.isfinite(found).all():
        raise failure("22003", "value out of range: overflow")
    made: list[float] = found[-1].tolist()
    return made


def _checked(vector: list[float | None], size: int) -> list[float | None]:
    """A list of numbers as a vector: finite, none NULL, of the declared length if one is.

    Raises:
        QueryError: 22000, 22004
    """
    if not vector:
        raise failure("22000", "vector must have at least 1 dimension")
    if size and len(vector) != size:
        raise failure("22000", f"expected {size} dimensions, not {len(vector)}")
    for value in vector:
        if value is None:
            raise failure("22004", "array must not contain nulls")
        if not math.isfinite(value):
            shown = "NaN" if math.isnan(value) else "infinite value"
            raise failure("22000", f"{shown} not allowed in vector")
    return vector


FAMILY.rows("sized", "FLOAT[], INTEGER -> FLOAT[]")(_checked)


@FAMILY.rows("narrowed", "DOUBLE[], INTEGER -> FLOAT[]")
def narrowed(numbers: list[float | None], size: int) -> list[float | None]:
    """An array of numbers as a vector."""
    with np.errstate(over="ignore", under="ignore"):
        return _checked([None if x is None else float(np.float32(x)) for x in numbers], size)


@FAMILY.rows("half", "FLOAT[], INTEGER -> FLOAT[]")
def half(vector: list[float | None], size: int) -> list[float]:
    """A vector rounded to float16 elements."""
    made = []
    for value in _checked(vector, size):
        assert value is not None
        if abs(value) > HALF_MAX:
            raise failure("22003", f'"{value}" is out of range for type halfvec')
        made.append(float(np.float16(value)))
    return made


@FAMILY.rows("read", "VARCHAR, INTEGER -> FLOAT[]")
def read(text: str, size: int) -> list[float]:
    """A text as a vector."""
    made: Any = read_literal(text, VECTOR._replace(modifiers=(size,) if size else ()))
    return [constant.value for constant in made.arguments]


@FAMILY.columns("text", "FLOAT[] -> VARCHAR")
def text(array: Any) -> Any:
    """A vector as pgvector prints it."""
    from deeplake.query.functions.udf_numbers import text4

    made = [
        None if vector is None else "[" + ",".join(map(text4, vector)) + "]"
        for vector in values(array)
    ]
    return array_of(made, "VARCHAR")
