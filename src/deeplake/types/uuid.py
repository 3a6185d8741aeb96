"""UUIDs: 16 bytes in network order. The `uuid` module (7 ms) is loaded when one is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, InvalidValueError
from deeplake.types.base import FixedData, FixedLayout
from deeplake.types.fixed import Fixed, with_nulls
from deeplake.types.rows import batch, refusal, shown, spread

if TYPE_CHECKING:
    import uuid

    import pyarrow as pa

    from deeplake.types.base import AnyArray, ColumnData

_BYTES = 16


class Uuid(Fixed):
    """A `uuid.UUID` a row, also given as its text or its 16 bytes.

    >>> data = Uuid().normalise(["12345678-1234-5678-1234-567812345678", None], column="id")
    >>> Uuid().values(data)
    [UUID('12345678-1234-5678-1234-567812345678'), None]
    """

    name = "uuid"
    layout = FixedLayout("|u1", (_BYTES,))

    def normalise(self, values: Any, *, column: str) -> FixedData:
        """UUIDs.

        Raises:
            InvalidValueError: on text or bytes that are no UUID.
            DtypeError: on anything else.
        """
        rows = batch(values, column=column)
        packed = b"".join(_packed(v, column=column, row=row) for row, v in rows.numbered())
        dense = np.frombuffer(packed, np.uint8).reshape(-1, _BYTES)
        return FixedData(spread(dense, rows.valid), rows.valid)

    def cell(self, raw: Any) -> uuid.UUID:
        """One `uuid.UUID`."""
        import uuid

        return uuid.UUID(bytes=np.asarray(raw).tobytes())

    def _plain(self, values: AnyArray) -> list[uuid.UUID]:
        import uuid

        packed = values.tobytes()
        cuts = range(0, len(packed), _BYTES)
        return [uuid.UUID(bytes=packed[at : at + _BYTES]) for at in cuts]

    def bulk(self, data: ColumnData) -> list[uuid.UUID | None]:
        """A list: NumPy has no UUIDs."""
        assert isinstance(data, FixedData)
        return with_nulls(data, self._plain(data.values))

    def arrow_type(self) -> pa.DataType:
        """fixed_size_binary(16)."""
        import pyarrow as pa

        return pa.binary(_BYTES)

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """The same 16 bytes a row."""
        from deeplake.types.arrow import flat_array

        assert isinstance(data, FixedData)
        return flat_array(data.values, self.arrow_type(), data.valid)

    def from_arrow(self, array: pa.Array, *, column: str) -> FixedData:
        """fixed_size_binary(16), arrow.uuid, and binary or text that `normalise` takes."""
        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        if not array.type.equals(self.arrow_type()):
            return self.normalise(array.to_pylist(), column=column)
        valid = arrow.validity(array)
        found = arrow.flat_values(array, np.dtype(f"V{_BYTES}"))
        values = np.frombuffer(found.tobytes(), np.uint8).reshape(-1, _BYTES)
        return FixedData(arrow.zeroed(values, valid), valid)


def _packed(value: Any, *, column: str, row: int) -> bytes:
    packed = getattr(value, "bytes", None)  # a UUID: its module need not be imported to know
    if isinstance(packed, bytes) and len(packed) == _BYTES:
        return packed
    if isinstance(value, bytes) and len(value) == _BYTES:
        return value
    if isinstance(value, str):
        import uuid

        try:
            return uuid.UUID(value).bytes
        except ValueError:
            pass
    known = isinstance(value, (str, bytes))
    raise refusal(
        InvalidValueError if known else DtypeError,
        f"{shown(value)} is no UUID",
        column=column,
        row=row,
        hint="Give a uuid.UUID, its text of 32 hexadecimal digits, or its 16 bytes.",
    )
