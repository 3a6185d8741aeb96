"""What types of rows of bytes have in common: text, JSON, blobs and encoded media.

A base class: bytes of many rows to Python values and to Arrow. It looks into no payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.errors import ValueTooLargeError
from deeplake.loading import later
from deeplake.types.base import ColumnType, VarData

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from deeplake.types import data as columnar
    from deeplake.types import rows as given
    from deeplake.types.base import AnyArray, BoolArray, Buffer, ColumnData, VarLayout
else:
    given = later("deeplake.types.rows")
    columnar = later("deeplake.types.data")


class Variable(ColumnType):
    """A type whose rows are runs of bytes with extras."""

    layout: VarLayout

    def values(self, data: ColumnData) -> list[Any]:
        """Every row as `cell` gives it, None where NULL."""
        assert isinstance(data, VarData)
        rows = columnar.var_rows(data)
        extras = list(zip(*data.extras, strict=True)) if data.extras else [()] * len(rows)
        kept = [True] * len(rows) if data.valid is None else data.valid.tolist()
        return [
            self.cell((row, extra)) if ok else None
            for row, extra, ok in zip(rows, extras, kept, strict=True)
        ]

    def arrow_type(self) -> pa.DataType:
        """large_binary."""
        import pyarrow as pa

        return pa.large_binary()

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """The stored bytes, as they are."""
        from deeplake.types.arrow import binary_array

        assert isinstance(data, VarData)
        return binary_array(data, self.arrow_type())


def check_sizes(sizes: AnyArray, *, column: str, at: AnyArray | None = None) -> None:
    """Refuse a value over the size limit.

    Args:
        sizes: bytes of each value.
        column: for messages.
        at: row numbers of the values; None where they are 0, 1, 2…

    Raises:
        ValueTooLargeError: naming the first row over `settings.VALUE_BYTES_MAX`.
    """
    if not len(sizes):
        return
    largest = sizes[0] if len(sizes) == 1 else sizes.max()  # a reduction is 10 us in cold caches
    if int(largest) > settings.VALUE_BYTES_MAX:
        index = int((sizes > settings.VALUE_BYTES_MAX).argmax())
        check_size(int(sizes[index]), column=column, row=index if at is None else int(at[index]))


def check_size(size: int, *, column: str, row: int) -> None:
    """Refuse one value over the size limit, before it is copied anywhere."""
    if size > settings.VALUE_BYTES_MAX:
        raise given.refusal(
            ValueTooLargeError,
            f"the value has {size:,} bytes, over the limit of {settings.VALUE_BYTES_MAX:,}",
            column=column,
            row=row,
            hint="Split it over several rows.",
        )


def var_data(
    payloads: Sequence[Buffer], valid: BoolArray | None, extras: tuple[AnyArray, ...] = ()
) -> VarData:
    """`VarData` of the payloads of the non-NULL rows; `extras` cover those rows only.

    Gives one buffer per row, empty where NULL.
    """
    sizes = list(map(len, payloads))
    if valid is None:
        return VarData(columnar.offsets_of(sizes), list(payloads), None, extras)
    whole = np.zeros(len(valid), np.int64)
    whole[valid] = sizes
    given = iter(payloads)
    buffers: list[Buffer] = [next(given) if kept else b"" for kept in valid.tolist()]
    spread = []
    for extra in extras:
        out = np.zeros((len(valid), *extra.shape[1:]), extra.dtype)
        out[valid] = extra
        spread.append(out)
    return VarData(columnar.offsets_of(whole), buffers, valid, tuple(spread))


def raw_bytes(raw: Buffer) -> bytes:
    """A stored payload as bytes; no copy if it is bytes already."""
    return raw if isinstance(raw, bytes) else bytes(raw)
