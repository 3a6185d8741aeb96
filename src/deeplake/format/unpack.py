"""Compressed buffers -> numbers and bytes, of exactly the size that was declared.

Refuses whatever says it is longer before memory is allocated for it. Knows codecs and no layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format import frame as f

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]


def unpack(
    stored: Bytes, entry: f.BufferEntry, dtype: np.dtype[Any], rows: int, where: str
) -> npt.NDArray[Any]:
    """`rows` numbers of a compressed buffer.

    Raises:
        MalformedObjectError: unknown codec, or not that many numbers.
    """
    if entry.codec == f.ZSTD:
        return np.frombuffer(unzstd(stored.tobytes(), rows * dtype.itemsize, where), dtype)
    if entry.codec == f.PCODEC:
        from pcodec import standalone

        values = np.empty(rows, dtype)
        try:
            progress = standalone.simple_decompress_into(stored.tobytes(), values)
        except (RuntimeError, TypeError) as error:
            raise MalformedObjectError(f"{where} does not decompress: {error}") from error
        if progress.n_processed != rows or not progress.finished:
            raise MalformedObjectError(f"{where} does not decompress to {rows} rows")
        return values
    raise MalformedObjectError(f"{where} uses the unknown codec {entry.codec}")


def unzstd(stored: bytes, size: int, where: str) -> bytes:
    """The `size` bytes that a zstd frame holds.

    Raises:
        MalformedObjectError: it holds fewer or more, or is no zstd frame.
    """
    import zstandard

    try:
        said = zstandard.get_frame_parameters(stored).content_size
        if said not in (size, zstandard.CONTENTSIZE_UNKNOWN):  # it would be allocated
            raise MalformedObjectError(f"{where} decompresses to {said} of {size} bytes")
        value: bytes = zstandard.ZstdDecompressor().decompress(stored, max_output_size=max(size, 1))
    except zstandard.ZstdError as error:
        raise MalformedObjectError(f"{where} does not decompress: {error}") from error
    if len(value) != size:
        raise MalformedObjectError(f"{where} decompresses to {len(value)} of {size} bytes")
    return value
