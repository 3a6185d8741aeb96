"""Rows as they arrive from a caller: which are NULL, and how a bad one is reported.

Turns any batch into one NumPy array or one list, plus a validity mask. Knows no column type
and converts no value: element types are `elements.py`, Arrow is `arrow.py`.
"""

from __future__ import annotations

import sys
from itertools import compress
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from deeplake.errors import DtypeError, InputError, InvalidValueError
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deeplake.types.base import AnyArray, BoolArray

Refusal = TypeVar("Refusal", bound=InputError)

_SHOWN_CHARS_MAX = 60


class Batch(NamedTuple):
    """Rows of one column: an array whose first axis is rows, or a list in which None is NULL.

    `kinds` are the Python types of a list's non-NULL rows (empty for an array): most checks of
    a list are checks of this small set, at C speed.
    """

    rows: AnyArray | list[Any]
    valid: BoolArray | None
    kinds: frozenset[type]

    def present(self) -> list[Any]:
        """The non-NULL rows as a list."""
        if self.valid is None:
            return list(self.rows)
        return list(compress(self.rows, self.valid.tolist()))

    def positions(self) -> AnyArray | None:
        """The row number of each `present()` row; None when no row is NULL."""
        return None if self.valid is None else np.flatnonzero(self.valid)

    def numbered(self) -> Iterator[tuple[int, Any]]:
        """The non-NULL rows with their row numbers."""
        pairs = enumerate(self.rows)
        return pairs if self.valid is None else compress(pairs, self.valid.tolist())

    def first(self, wrong: Callable[[Any], bool]) -> tuple[int, Any]:
        """The first non-NULL row for which `wrong` is true, with its row number.

        Call it when there is one: it exists to name the culprit after a vectorised check.
        """
        return next(pair for pair in self.numbered() if wrong(pair[1]))


def batch(values: Any, *, column: str) -> Batch:
    """Rows from a sequence, a NumPy or masked array, or anything that converts to an array.

    Raises:
        DtypeError: if `values` is one value rather than a sequence of rows.

    >>> batch([1, None, 3], column="n").valid.tolist()
    [True, False, True]
    """
    if isinstance(values, (list, tuple)):
        return _from_list(list(values))
    ordered = hasattr(values, "__len__") and hasattr(values, "__getitem__")
    if isinstance(values, (str, bytes, bytearray, memoryview, dict)) or not ordered:
        raise DtypeError(
            f"column {column!r} needs a sequence of rows, got {shown(values)}.",
            hint="Put the value in a list: [value].",
        )
    if hasattr(values, "to_pylist"):  # Arrow: asarray would load pandas, 190 ms
        return _from_list(values.to_pylist())
    if isinstance(values, np.ndarray) or hasattr(values, "__array__"):
        return _from_array(array_of(values, column=column, row=None), column=column)
    return _from_list([values[i] for i in range(len(values))])


def array_of(value: Any, *, column: str, row: int | None) -> AnyArray:
    """`value` (array, tensor, nested numbers) as an array, masked arrays kept as such.

    Raises:
        DtypeError: if NumPy cannot read it: tensors on a device or inside autograd, ragged lists.
    """
    try:
        array: AnyArray = np.asanyarray(value)
    except (TypeError, RuntimeError, ValueError, OverflowError) as error:
        raise refusal(
            DtypeError,
            f"{shown(value)} cannot be read as an array: {error}",
            column=column,
            row=row,
            hint="For a torch tensor call .detach().cpu(); bfloat16 needs .float().",
        ) from error
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return array


def _from_list(rows: list[Any]) -> Batch:
    kinds = frozenset(map(type, rows))
    if type(None) not in kinds:
        return Batch(rows, None, kinds)
    valid = np.fromiter((row is not None for row in rows), np.bool_, len(rows))
    return Batch(rows, valid, kinds - {type(None)})


def _from_array(array: AnyArray, *, column: str) -> Batch:
    if array.ndim == 0:
        raise DtypeError(
            f"column {column!r} needs a sequence of rows, got the single value {shown(array[()])}.",
            hint="Put the value in a list: [value].",
        )
    valid = None
    if "numpy.ma" in sys.modules and isinstance(array, np.ma.MaskedArray):
        valid = _unmasked(array, column=column)
        array = array.data
    if array.dtype.kind not in "OTUS":  # NumPy keeps str, bytes and objects; Python reads them
        return Batch(array, valid, frozenset())
    rows: list[Any] = array.tolist() if array.ndim == 1 else list(array)
    if valid is not None:
        rows = [row if kept else None for row, kept in zip(rows, valid.tolist(), strict=True)]
    return _from_list(rows)


def _unmasked(array: np.ma.MaskedArray[Any, Any], *, column: str) -> BoolArray | None:
    """Validity of a masked array's rows; a row must be masked as a whole or not at all."""
    if array.mask is np.ma.nomask or not array.mask.any():
        return None
    mask = array.mask.reshape(len(array), -1)
    whole: BoolArray = np.asarray(mask.all(axis=1))
    partly = np.asarray(mask.any(axis=1)) & ~whole
    if partly.any():
        raise refusal(
            InvalidValueError,
            "some elements of the row are masked",
            column=column,
            row=int(partly.argmax()),
            hint="NULL is a whole row: mask all of it, or use NaN inside.",
        )
    return ~whole


def spread(dense: AnyArray, valid: BoolArray | None) -> AnyArray:
    """One array of all rows from the non-NULL ones, zero where NULL.

    >>> spread(np.array([5, 7]), np.array([True, False, True])).tolist()
    [5, 0, 7]
    """
    if valid is None:
        return dense
    out = np.zeros((len(valid), *dense.shape[1:]), dense.dtype)
    out[valid] = dense
    return out


def refusal(
    kind: type[Refusal],
    detail: str,
    *,
    column: str,
    row: int | None = None,
    hint: str = "",
) -> Refusal:
    """The error for a bad value: column, row position, what is wrong, the way out.

    >>> refusal(DtypeError, "'x' is no number", column="n", row=3).message
    "column 'n', row 3: 'x' is no number."
    """
    where = f"column {column!r}" if row is None else f"column {column!r}, row {row}"
    error = kind(f"{where}: {detail}.", hint=hint)
    error.row = row
    error.detail = detail
    return error


def shown(value: Any) -> str:
    """A short description of a value for an error message, whatever its size.

    >>> shown("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…' (str of length 100)"
    >>> shown(np.zeros((2, 3)))
    'a float64 array of shape (2, 3)'
    """
    if isinstance(value, np.ndarray):
        return f"a {value.dtype} array of shape {value.shape}"
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        value = value.item()
    name = type(value).__name__
    if isinstance(value, (str, bytes, bytearray)) and len(value) > _SHOWN_CHARS_MAX:
        return f"{value[:40]!r}"[:-1] + f"…{repr(value[:1])[-1]} ({name} of length {len(value):,})"
    if isinstance(value, (list, tuple, dict, set, frozenset, memoryview)):
        return f"a {name} of length {len(value):,}"
    if isinstance(value, int) and value.bit_length() > 256:  # str() of huge integers is refused
        return f"an int of {value.bit_length():,} bits"
    text = repr(value)
    if len(text) > _SHOWN_CHARS_MAX:
        return f"a value of type {name}"
    # a bare 3.0 or 'x' speaks for itself; other reprs may not show their type
    return text if isinstance(value, (str, bytes, bool, int, float)) else f"{text} ({name})"
