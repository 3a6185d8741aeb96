"""Element types of arrays, and the one rule for converting between them.

Exactness: nothing changes silently except that floats are rounded to the column's width.
Integers take integers only, booleans take booleans only, floats take floats and integers;
what does not fit is refused, naming the row. Knows nothing of NULL, lists or Arrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.errors import DtypeError, NumericOverflowError, SchemaError, did_you_mean
from deeplake.types.rows import refusal, shown

if TYPE_CHECKING:
    from typing import Any

    from deeplake.types.base import AnyArray, BoolArray

# Code of each element type in files: docs/SPEC.md. Added to, never renumbered.
CODES: dict[str, int] = {
    "bool": 1,
    "int8": 2,
    "int16": 3,
    "int32": 4,
    "int64": 5,
    "uint8": 6,
    "uint16": 7,
    "uint32": 8,
    "uint64": 9,
    "float16": 10,
    "float32": 11,
    "float64": 12,
}
NAMES: dict[int, str] = {code: name for name, code in CODES.items()}

_ALIASES = {"int": "int64", "float": "float64"}


def element_type(spec: Any) -> np.dtype[Any]:
    """The little-endian NumPy dtype that a name, dtype or scalar type means.

    Raises:
        SchemaError: if it is none of the element types.

    >>> element_type("int"), element_type(np.float16)
    (dtype('int64'), dtype('float16'))
    """
    if isinstance(spec, str):
        spec = _ALIASES.get(spec, spec)
        if spec not in CODES:
            raise SchemaError(
                f"{spec!r} is no element type of a tensor.", hint=did_you_mean(spec, CODES)
            )
    try:
        dtype: np.dtype[Any] = np.dtype(spec)
    except TypeError as error:
        raise SchemaError(f"{spec!r} is no element type of a tensor.") from error
    if dtype.name not in CODES:
        raise SchemaError(
            f"{dtype.name!r} is no element type of a tensor.",
            hint="Known are " + ", ".join(CODES) + ".",
        )
    return np.dtype(dtype.newbyteorder("<").str)


def convert(
    array: AnyArray,
    dtype: np.dtype[Any],
    *,
    column: str,
    at: int | AnyArray | None = None,
) -> AnyArray:
    """A new C-contiguous array of `dtype` with the same values (floats rounded to its width).

    Args:
        array: any shape; its first axis is rows unless `at` is an int.
        dtype: one of the element types.
        column: for messages.
        at: the row number of the whole array (int), of each entry of the first axis (array),
            or None if entry i is row i.

    Raises:
        DtypeError: if the kinds differ (a float for an integer column, a bool for a number).
        NumericOverflowError: if a value is out of range, or a finite float becomes infinite.
    """
    if array.size == 0:
        return np.empty(array.shape, dtype)  # [] says nothing about its elements
    source, target = array.dtype.kind, dtype.kind
    allowed = {"b": "b", "i": "iu", "u": "iu", "f": "fiu"}[target]
    if source not in allowed:
        raise _wrong_kind(array, dtype, column=column, at=at)
    if target in "iu" and not np.can_cast(array.dtype, dtype, "safe"):
        _check_range(array, dtype, column=column, at=at)
    if target != "f" or np.can_cast(array.dtype, dtype, "safe"):
        return np.array(array, dtype, order="C", copy=True)
    with np.errstate(over="ignore"):
        out = np.array(array, dtype, order="C", copy=True)
    if not np.isfinite(out).all():
        became = np.isinf(out) & np.isfinite(array)
        if became.any():
            raise _overflow(array, became, dtype, column=column, at=at)
    return out


def first_row(wrong: BoolArray, at: int | AnyArray | None) -> int:
    """The row number of the first entry of axis 0 in which any element of `wrong` is set."""
    if isinstance(at, int):
        return at
    index = int(np.flatnonzero(wrong)[0]) // max(1, wrong[0].size)
    return index if at is None else int(at[index])


def _check_range(
    array: AnyArray, dtype: np.dtype[Any], *, column: str, at: int | AnyArray | None
) -> None:
    info = np.iinfo(dtype)
    low, high = int(array.min()), int(array.max())
    if info.min <= low and high <= info.max:
        return
    wrong = np.zeros(array.shape, np.bool_)
    if low < info.min:
        wrong |= array < info.min
    if high > info.max:
        wrong |= array > info.max
    raise _overflow(array, wrong, dtype, column=column, at=at)


def _overflow(
    array: AnyArray,
    wrong: BoolArray,
    dtype: np.dtype[Any],
    *,
    column: str,
    at: int | AnyArray | None,
) -> Exception:
    value = array[wrong].flat[0].item()
    if dtype.kind == "f":
        limits = f"finite values up to {float(np.finfo(dtype).max):.5g}"
    else:
        limits = f"{np.iinfo(dtype).min} to {np.iinfo(dtype).max}"
    return refusal(
        NumericOverflowError,
        f"{value!r} does not fit {dtype.name} ({limits})",
        column=column,
        row=first_row(wrong, at),
        hint="Use a wider type.",
    )


def _wrong_kind(
    array: AnyArray, dtype: np.dtype[Any], *, column: str, at: int | AnyArray | None
) -> Exception:
    hint = "Convert it before: values are never changed silently."
    if dtype.kind in "iu" and array.dtype.kind == "f":
        hint = "Round and convert with .astype(int), or declare the column float."
    elif dtype.kind == "b":
        hint = "Compare first, as in array != 0."
    what = shown(array) if array.ndim else shown(array[()])
    row = at if isinstance(at, int) else None
    return refusal(DtypeError, f"{what} is not {dtype.name}", column=column, row=row, hint=hint)
