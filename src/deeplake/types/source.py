"""Where an encoded payload comes from: bytes, a path or an open file, read whole into memory.

Knows nothing of what the bytes mean.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.errors import DtypeError, SourceNotFoundError
from deeplake.types.rows import refusal, shown
from deeplake.types.variable import check_size

if TYPE_CHECKING:
    from deeplake.types.base import Buffer


def payload_of(value: Any, *, column: str, row: int) -> bytes | None:
    """The bytes a value stands for, or None if it is no source of bytes.

    `bytes` come back as they are; bytearray, memoryview and flat uint8 arrays are copied, since
    their owner may change them. A str or `os.PathLike` is a local path; a file object is read
    from where it stands and stays open.

    Raises:
        SourceNotFoundError: if a path cannot be read.
        ValueTooLargeError: if the value is over the size limit, before it is read or copied.
    """
    if isinstance(value, bytes):
        check_size(len(value), column=column, row=row)
        return value
    if isinstance(value, (bytearray, memoryview)):
        view = memoryview(value)
        check_size(view.nbytes, column=column, row=row)
        return bytes(view)
    if isinstance(value, np.ndarray):
        if value.ndim != 1 or value.dtype != np.uint8:
            return None
        check_size(value.nbytes, column=column, row=row)
        return value.tobytes()
    if isinstance(value, (str, os.PathLike)):
        return _read_path(os.fspath(value), column=column, row=row)
    if hasattr(value, "read"):
        return _read_file(value, column=column, row=row)
    return None


def _read_path(path: Any, *, column: str, row: int) -> bytes:
    def unreadable(reason: str) -> SourceNotFoundError:
        return refusal(
            SourceNotFoundError,
            f"cannot read {shown(path)}: {reason}",
            column=column,
            row=row,
            hint="A str is a path on this machine; give encoded content as bytes.",
        )

    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below; only opening may fail on a NUL
    except (OSError, ValueError) as error:
        raise unreadable(getattr(error, "strerror", None) or str(error)) from error
    with file:
        check_size(os.fstat(file.fileno()).st_size, column=column, row=row)
        try:
            return file.read()
        except OSError as error:
            raise unreadable(str(error.strerror)) from error


def _bytes_left(file: Any) -> int:
    """Bytes from where a file stands to its end; 0 if it cannot tell (a pipe, a socket)."""
    try:
        at = file.tell()
        file.seek(0, os.SEEK_END)
        left: int = file.tell() - at
        file.seek(at)
    except (OSError, ValueError, AttributeError):  # UnsupportedOperation is the first two
        return 0
    return left


def _read_file(file: Any, *, column: str, row: int) -> bytes:
    check_size(_bytes_left(file), column=column, row=row)  # before 4 GiB are allocated
    content: Buffer = file.read(settings.VALUE_BYTES_MAX + 1)
    if isinstance(content, str):
        raise refusal(
            DtypeError,
            "the file is open as text",
            column=column,
            row=row,
            hint="Open it with mode 'rb'.",
        )
    check_size(len(content), column=column, row=row)
    return bytes(content)
