"""The values of a key as numbers of 64 bits, and compared byte by byte where that is not enough.

A key of one number is that number. Texts, bytes, and keys of several columns are hashed with a
secret of the process, so nobody can choose values that collide; equal hashes are looked at again.
Pure: reads nothing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.errors import InvalidValueError, UniqueViolationError, ValueTooLargeError
from deeplake.types.base import FixedData, VarData
from deeplake.types.data import join_bytes, take_rows, var_rows
from deeplake.types.named import NamedTuple
from deeplake.types.rows import refusal, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.table.columns import Key
    from deeplake.types.base import ColumnData

    Ints = npt.NDArray[np.int64]
    Hashes = npt.NDArray[np.uint64]
    Mask = npt.NDArray[np.bool_]

_HALVES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_SECRET = np.uint64(hash(b"a key of deeplake") & 0xFFFFFFFFFFFFFFFF)
"""Differs from process to process, as the hash of bytes does."""


class Hashed(NamedTuple):
    """One number a row; `valid` is False where a row has no key (NULL, NaN), None if all have."""

    hashes: Hashes
    valid: Mask | None

    def rows(self) -> Ints:
        """Rows that have a key."""
        return np.arange(len(self.hashes)) if self.valid is None else np.flatnonzero(self.valid)


def is_exact(key: Key) -> bool:
    """Whether equal hashes are equal values: the key is one number."""
    return len(key.columns) == 1 and getattr(key.columns[0].layout, "shape", None) == ()


def hashed(data: Sequence[ColumnData]) -> Hashed:
    """The hash of each row of a key whose columns are `data`, in order."""
    lanes = [_lane(column) for column in data]
    found = lanes[0]
    if len(lanes) > 1:
        found = _mixed(found)
        for lane in lanes[1:]:
            found = _mixed(found * _HALVES[0] + lane)
    valid: Mask | None = None
    for column in data:
        mask = _has_value(column)
        if mask is not None:
            valid = mask if valid is None else valid & mask
    return Hashed(found, valid)


def _lane(data: ColumnData) -> Hashes:
    if isinstance(data, FixedData):
        values = data.values
        if values.ndim > 1:
            halves = np.ascontiguousarray(values).view(np.uint64)
            return _mixed(_mixed(halves[:, 0] ^ _SECRET) * _HALVES[1] + halves[:, 1])
        if values.dtype.kind == "f":
            return (values.astype(np.float64) + 0.0).view(np.uint64)  # -0.0 becomes 0.0
        wide = np.uint64 if values.dtype.kind == "u" else np.int64
        return values.astype(wide).view(np.uint64)
    assert isinstance(data, VarData)
    if len(data.buffers) == len(data.offsets) - 1:
        rows = [hash(bytes(buffer)) for buffer in data.buffers]
    else:
        joined = bytes(join_bytes(data.buffers))
        rows = [hash(joined[a:z]) for a, z in pairwise(data.offsets.tolist())]
    return np.array(rows, np.int64).view(np.uint64)


def spread(hashes: Hashes) -> Hashes:
    """Hashes whose low bits are as good as any: a number's own are those of its values."""
    return _mixed(hashes)


def _mixed(lane: Hashes) -> Hashes:
    """Every bit of the input turns half of the bits of the output: splitmix64."""
    lane = (lane ^ (lane >> _SHIFTS[0])) * _MIX[0]
    lane = (lane ^ (lane >> _SHIFTS[1])) * _MIX[1]
    return lane ^ (lane >> _SHIFTS[2])


def _has_value(data: ColumnData) -> Mask | None:
    valid = data.valid
    if isinstance(data, FixedData) and data.values.dtype.kind == "f":
        numbers = ~np.isnan(data.values)
        if not numbers.all():
            return numbers if valid is None else valid & numbers
    return valid


def cells(data: Sequence[ColumnData], rows: Ints) -> list[tuple[bytes, ...]]:
    """Some rows of a key as bytes, equal where the values are."""
    columns = []
    for column in data:
        found = take_rows(column, rows)
        if isinstance(found, FixedData):
            values = found.values + 0.0 if found.values.dtype.kind == "f" else found.values
            columns.append([value.tobytes() for value in values])
        else:
            assert isinstance(found, VarData)
            columns.append([bytes(row) for row in var_rows(found)])
    return list(zip(*columns, strict=True))


def value_of(key: Key, data: Sequence[ColumnData], row: int) -> Any:
    """The key of one row as users see it; a tuple if it has several columns."""
    at = np.array([row])
    pairs = zip(key.columns, data, strict=True)
    values = tuple(column.type.values(take_rows(one, at))[0] for column, one in pairs)
    return values if len(values) > 1 else values[0]


def told(key: Key, value: Any) -> str:
    """A key's value in an error message."""
    if len(key.columns) == 1:
        return shown(key.columns[0].type.told(value))
    pairs = zip(key.columns, value, strict=True)
    return "(" + ", ".join(shown(column.type.told(one)) for column, one in pairs) + ")"


def repeated(data: Sequence[ColumnData], found: Hashed, *, exact: bool) -> int | None:
    """The first row that has the key of an earlier one, or None."""
    rows = found.rows()
    if len(rows) < 2:
        return None
    hashes = found.hashes[rows]
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    equal = ordered[1:] == ordered[:-1]
    if not equal.any():
        return None
    suspects = np.zeros(len(rows), np.bool_)
    suspects[order[1:][equal]] = suspects[order[:-1][equal]] = True
    chosen = rows[suspects]
    known = set()
    keys = found.hashes[chosen].tolist() if exact else cells(data, chosen)
    for row, cell in zip(chosen.tolist(), keys, strict=True):
        if cell in known:
            return int(row)
        known.add(cell)
    return None


def refuse_odd(key: Key, data: Sequence[ColumnData]) -> None:
    """Refuse what is equal to nothing, and what is too long to be told apart cheaply.

    Raises:
        InvalidValueError: NaN in a key.
        ValueTooLargeError: a text or blob over 4 KiB in a key.
    """
    for column, one in zip(key.columns, data, strict=True):
        if isinstance(one, FixedData):
            if one.values.dtype.kind == "f" and np.isnan(one.values).any():
                row = int(np.isnan(one.values).argmax())
                hint = "Use NULL where there is no number, or leave the key out of the schema."
                told_so = "NaN cannot be a key, since it equals nothing"
                raise refusal(InvalidValueError, told_so, column=column.name, row=row, hint=hint)
        elif isinstance(one, VarData):
            sizes = np.diff(one.offsets)
            if len(sizes) and sizes.max() > settings.KEY_BYTES_MAX:
                raise refusal(
                    ValueTooLargeError,
                    f"a key of {sizes.max():,} bytes is over the limit of "
                    f"{settings.KEY_BYTES_MAX:,}",
                    column=column.name,
                    row=int(sizes.argmax()),
                    hint="Make a digest of it the key.",
                )


def violation(
    key: Key,
    data: Sequence[ColumnData],
    row: int,
    source: Ints | None = None,
    *,
    twice: bool = False,
) -> UniqueViolationError:
    """The error for a row whose key another row has: one of the batch if it comes `twice` there,
    else one that is there. The row is named as `source` numbers it, if that is given.
    """
    value = value_of(key, data, row)
    row = row if source is None else int(source[row])
    names = ", ".join(map(repr, key.names))
    where = f"column{'s' if len(key.names) > 1 else ''} {names}, row {row}"
    if twice:
        detail = f"{told(key, value)} comes twice in these rows"
        hint = "Keys are unique: leave one of the two out."
    else:
        detail = f"{told(key, value)} is there already"
        hint = "Keys are unique. upsert() updates the rows that are there and adds the others."
    error = UniqueViolationError(f"{where}: {detail}.", hint=hint)
    error.row, error.detail, error.columns, error.value = row, detail, key.names, value
    return error
