"""The parts of an object as flat runs of bytes, without copying them.

Writers hand over what they have (bytes, memoryviews, arrays of any dtype and shape); stores
want one-dimensional bytes. Knows no store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from deeplake.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deeplake.types.base import Buffer

_EMPTY = memoryview(b"")


def flat(part: Buffer) -> memoryview:
    """`part` as a one-dimensional memoryview of bytes over the same memory.

    Raises InvalidValueError for a part that is not bytes or not C-contiguous: joining its
    pieces is the caller's decision.

    >>> import numpy as np
    >>> flat(np.ones((2, 3), dtype=np.float32)).nbytes
    24
    """
    if type(part) is bytes:
        return memoryview(part)
    try:
        view = memoryview(part)  # type: ignore[arg-type]  # arrays are buffers, numpy says so late
    except (TypeError, ValueError):
        view = _flat_array(part)
    if view.ndim == 1 and view.format == "B" and view.contiguous:
        return view
    if view.nbytes == 0:
        return _EMPTY
    if not view.c_contiguous:
        raise _refused(part)
    return view.cast("B")


class Views:
    """The parts as flat views, counted as they go by.

    `failed` is True if the parts themselves raised: that error is the caller's own, to be passed
    on as it is, and no failure of the store.

    >>> views = Views([b"ab", b"cde"])
    >>> len(list(views)), views.nbytes, views.failed
    (2, 5, False)
    """

    def __init__(self, parts: Iterable[Buffer]) -> None:
        self._parts = iter(parts)
        self.nbytes = 0
        self.failed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> memoryview:
        self.failed = True
        try:
            view = flat(next(self._parts))
        except StopIteration:
            self.failed = False
            raise
        self.failed = False
        self.nbytes += view.nbytes
        return view


def join(parts: Iterable[Buffer]) -> bytes:
    """All parts as one bytes object.

    >>> join([b"ab", b"", bytearray(b"c")])
    b'abc'
    """
    return b"".join([flat(part) for part in parts])


def _flat_array(part: object) -> memoryview:
    """An array whose dtype exports no buffer (datetime64, bfloat16), seen as bytes."""
    import numpy as np

    if not isinstance(part, np.ndarray) or not part.flags.c_contiguous:
        raise _refused(part)
    return memoryview(part.reshape(-1).view(np.uint8))  # type: ignore[arg-type]


def _refused(part: object) -> InvalidValueError:
    return InvalidValueError(
        f"A part of an object must be contiguous bytes, not {type(part).__name__}.",
        hint="Pass bytes, a memoryview or a C-contiguous array (numpy.ascontiguousarray).",
    )
