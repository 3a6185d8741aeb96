"""Checking the bytes of one object: frames, bitmaps, values. Reads nothing itself.

Each check says what it costs if it fails; one that holds may ask for more, of other objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deeplake.errors import MalformedObjectError, TruncatedObjectError
from deeplake.format import bitmap as bitmaps
from deeplake.format import frame as f
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.decode import FrameDecoder
from deeplake.format.keys import object_key
from deeplake.table.payload import LocalPayload
from deeplake.types.base import VarLayout

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from deeplake.format.fragment import BitmapRef, FrameRef, Run
    from deeplake.table.columns import Column
    from deeplake.versioning.objects import Objects

    Bytes = npt.NDArray[np.uint8]


class Owner(NamedTuple):
    """The fragment whose data is checked."""

    table_id: int
    table: str
    commit: str
    block: bytes
    """Names the fragment's block; see `verify`."""

    row_ids: tuple[Run, ...]
    key: str
    """The object that the block lies in."""


class Check(NamedTuple):
    """A piece of an object that must be as it was written.

    `low` and `high` are the places in the fragment that fail with it; `column` is a column's id.
    """

    owner: Owner
    column: int | None
    low: int
    high: int
    piece: FrameRef | BitmapRef | Pieces
    generation: int = 0
    among: int = 0
    named: int = 0
    """Of a bitmap: the fragment's rows, and how many of them it must name."""
    origin: tuple[Any, ...] = ()
    """`identity` of the frame that a value belongs to; of others, their own."""


class Bad(NamedTuple):
    """What is wrong with the rows low:high of a fragment."""

    what: str
    low: int
    high: int


class Pieces(NamedTuple):
    """Values of rows of a frame, each with its checksum; `whole` if it is all of its object."""

    object_id: bytes
    rows: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    sums: npt.NDArray[np.int64]
    whole: bool = False


def key_of(check: Check) -> str:
    """The object that a check needs."""
    return object_key(check.piece.object_id) if check.piece.object_id else check.owner.key


def identity(check: Check) -> tuple[Any, ...]:
    """Equal for checks of the same bytes."""
    piece = check.piece
    if isinstance(piece, Pieces):
        first = int(piece.starts[0]) if len(piece.starts) else 0
        return (key_of(check), first, len(piece.starts), 1)
    return (key_of(check), piece.offset, piece.length, 0)


def run(
    objects: Objects, check: Check, column: Column | None, data: Bytes
) -> Iterator[Check | Bad]:
    """Make a check on the bytes of its object; yields what is to be checked in other objects, and
    which single values are bad.

    Raises:
        DamageError: the bytes are not what was written.
    """
    piece = check.piece
    if isinstance(piece, Pieces):
        yield from _pieces(check, piece, data)
    elif hasattr(piece, "index_crc"):
        assert column is not None
        yield from _frame(objects, check, column, data)
    else:
        _bitmap(check, data)


def _cut(data: Bytes, start: int, length: int, where: str) -> Bytes:
    if start + length > len(data):
        raise TruncatedObjectError(
            f"{where} ends at byte {start + length}, but its object at byte {len(data)}."
        )
    return data[start : start + length]


def _bitmap(check: Check, data: Bytes) -> None:
    ref: Any = check.piece
    where = f"the bitmap at byte {ref.offset}"
    stored = bytes(_cut(data, ref.offset, ref.length, where))
    if crc32c(stored) != ref.crc:
        raise damaged(where)
    found = bitmaps.decode(stored, check.among, where)
    if len(found) != check.named:
        raise MalformedObjectError(f"{where} names {len(found)} rows, not {check.named}")


def _pieces(check: Check, pieces: Pieces, data: Bytes) -> Iterator[Bad]:
    if pieces.whole and len(data) != int(pieces.sizes[0]):
        size = int(pieces.sizes[0])
        yield Bad(f"has {len(data):,} bytes, not {size:,}", check.low, check.high)
        return
    rows, starts, sizes, sums = (array.tolist() for array in pieces[1:5])
    for row, start, size, crc in zip(rows, starts, sizes, sums, strict=True):
        if start + size > len(data):
            what = f"ends at byte {len(data):,}, before the value at byte {start:,} does"
        elif crc32c(data[start : start + size]) != crc:
            what = f"the value at byte {start:,} does not match its checksum"
        else:
            continue
        low = check.low + (0 if pieces.whole else row)
        yield Bad(what, low, low + 1)


def _frame(objects: Objects, check: Check, column: Column, data: Bytes) -> Iterator[Check | Bad]:
    ref: Any = check.piece
    where = f"the frame at byte {ref.offset}"
    raw = _cut(data, ref.offset + ref.length, ref.index_length, f"the index of {where}")
    if crc32c(raw) != ref.index_crc:
        raise damaged(f"the index of {where}")
    index = f.FrameIndex(raw, ref.length, where)
    payload = LocalPayload(objects, _cut(data, ref.offset, ref.length, where), index)
    layout = column.layout_of(check.generation)
    decoder = FrameDecoder(layout, ref.rows, index, payload)
    if not isinstance(layout, VarLayout):
        payload.verify(0, ref.length)
        decoder.slice(0, ref.rows)
        return
    if index.need(f.VALUES).codec == f.ZSTD_BLOCKS:
        decoder.slice(0, ref.rows)
        return
    index.validity(ref.rows)
    decoder.extras()
    for row, (object_id, crc, length) in decoder.externals().items():
        whole = Pieces(object_id, _one(row), _one(0), _one(length), _one(crc), True)
        yield check._replace(piece=whole, low=check.low + row, high=check.low + row + 1)
    sums, sizes = index.small(f.CHECKSUMS, "<u4"), np.diff(decoder.offsets(ref.rows))
    for object_id, rows, starts in _values(objects, decoder, ref, check.owner.key):
        assert sums is not None
        pieces = Pieces(object_id, rows, starts, sizes[rows], sums[rows].astype(np.int64))
        if object_id:
            yield check._replace(piece=pieces)
        else:
            yield from _pieces(check, pieces, data)


def _one(value: int) -> npt.NDArray[np.int64]:
    return np.array([value], np.int64)


def _values(
    objects: Objects, decoder: FrameDecoder, ref: FrameRef, own_key: str
) -> list[tuple[bytes, npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Where the values of a frame of media lie: (object, rows, their starts); b'' is the frame's
    own payload.
    """
    rows = np.arange(ref.rows)
    decoder.verify_rows([], [])  # the checksums are there
    offsets = decoder.offsets(ref.rows)
    if decoder.index.find(8) is None:
        entry = decoder.plain_bytes(int(offsets[-1]))
        return [(b"", rows, offsets[:-1] + entry.offset + ref.offset)]
    from deeplake.table.references import ReferencedFrame

    values = ReferencedFrame(objects, decoder, ref, own_key).values
    found = []
    for number, home in enumerate(values.homes):
        mine = np.flatnonzero((values.at == number) & (values.sizes > 0))
        own = not home or object_key(home) == (
            object_key(ref.object_id) if ref.object_id else own_key
        )
        found.append((b"" if own else home, mine, values.starts[mine]))
    return found
