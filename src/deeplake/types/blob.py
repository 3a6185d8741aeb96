"""Blobs: bytes that nobody interprets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError
from deeplake.types.base import VarData, VarLayout
from deeplake.types.rows import batch, refusal, shown
from deeplake.types.source import payload_of
from deeplake.types.variable import Variable, check_size, raw_bytes, var_data

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.types.base import Buffer


class Blob(Variable):
    """Bytes. `bytes` are kept by reference, mutable buffers are copied.

    >>> Blob().normalise([b"ab", None], column="b").offsets.tolist()
    [0, 2, 2]
    """

    name = "blob"
    layout = VarLayout()

    def normalise(self, values: Any, *, column: str) -> VarData:
        """Bytes-like values, paths (`os.PathLike`) and open binary files.

        Raises:
            DtypeError: on text (a str is not taken for a path here) and anything else.
            SourceNotFoundError: on a path that cannot be read.
            ValueTooLargeError: over the size limit.
        """
        rows = batch(values, column=column)
        payloads: list[Buffer] = []
        for row, value in rows.numbered():
            payload = None
            if not isinstance(value, str):
                payload = payload_of(value, column=column, row=row)
            if payload is None:
                raise refusal(
                    DtypeError,
                    f"{shown(value)} is not bytes",
                    column=column,
                    row=row,
                    hint="Encode text with .encode(); give a file as pathlib.Path.",
                )
            payloads.append(payload)
        return var_data(payloads, rows.valid)

    def single(self, value: Any, *, column: str) -> VarData | None:
        """Bytes."""
        if type(value) is not bytes:
            return None
        check_size(len(value), column=column, row=0)
        return VarData(np.array((0, len(value))), [value])

    def cell(self, raw: Any) -> bytes:
        """The bytes."""
        return raw_bytes(raw[0])

    def from_arrow(self, array: pa.Array, *, column: str) -> VarData:
        """Any Arrow binary type, strings as their UTF-8."""
        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        return arrow.var_data(array, column=column, text=False)
