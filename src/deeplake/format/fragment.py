"""Fragments: a run of rows and, per column, the frames that hold it. SPEC section "Fragments".

A fragment block is a few hundred bytes of fixed-width records. Frames stored in the same object
as the block (a commit slot) are addressed relative to `payload_base`, so a block can be written
before its slot's layout is known and patched in place.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from deeplake.errors import FormatVersionError, MalformedObjectError
from deeplake.format.statistics import ColumnStatistics

if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = b"DLFR"
SAME_OBJECT = 0xFFFF
"""Home of a frame that lies in the same object as its fragment block."""

_HEAD = struct.Struct("<4sIQHHIHHHHII")
_COLUMN = struct.Struct("<IHBBII16s16s")
_FRAME = struct.Struct("<HHIQQII")
_RUN = struct.Struct("<QQ")
_PAYLOAD_BASE_AT = 8


class FrameRef(NamedTuple):
    """Where a frame lies: `object_id` is a pack's 16 bytes, b'' for the fragment's own object.

    The index is right behind the payload: bytes offset+length : offset+length+index_length.
    """

    object_id: bytes
    rows: int
    offset: int
    length: int
    index_length: int
    index_crc: int


class ColumnChunk(NamedTuple):
    """One column of a fragment: its frames in row order and its statistics."""

    column_id: int
    frames: tuple[FrameRef, ...]
    statistics: ColumnStatistics


class Run(NamedTuple):
    """`rows` consecutive rows. `start`: their first row id, or the nonce of their commit."""

    start: int
    rows: int


class Fragment(NamedTuple):
    """A run of rows. `row_ids` and `versions` are runs that add up to `rows`."""

    rows: int
    row_ids: tuple[Run, ...]
    versions: tuple[Run, ...]
    columns: tuple[ColumnChunk, ...]
    payload_base: int = 0


def encoded_size(fragment: Fragment) -> int:
    """Bytes of `encode(fragment)`."""
    frames = [frame for column in fragment.columns for frame in column.frames]
    homes = {frame.object_id for frame in frames} - {b""}
    runs = len(fragment.row_ids) + len(fragment.versions)
    return (
        _HEAD.size
        + 16 * len(homes)
        + _RUN.size * runs
        + _COLUMN.size * len(fragment.columns)
        + _FRAME.size * len(frames)
    )


def encode(fragment: Fragment) -> bytes:
    """The fragment block."""
    homes: dict[bytes, int] = {b"": SAME_OBJECT}
    columns, frames = [], []
    for chunk in fragment.columns:
        kind, nulls, nans, low, high = chunk.statistics
        columns.append(
            _COLUMN.pack(chunk.column_id, len(chunk.frames), kind, 0, nulls, nans, low, high)
        )
        for frame in chunk.frames:
            home = homes.setdefault(frame.object_id, len(homes) - 1)
            frames.append(
                _FRAME.pack(
                    home, 0, frame.rows, frame.offset, frame.length,
                    frame.index_length, frame.index_crc,
                )
            )  # fmt: skip
    head = _HEAD.pack(
        MAGIC, fragment.rows, fragment.payload_base, len(homes) - 1, len(columns), len(frames),
        len(fragment.row_ids), len(fragment.versions), 0, 0, 0, 0,
    )  # fmt: skip
    runs = [_RUN.pack(*run) for run in (*fragment.row_ids, *fragment.versions)]
    return b"".join([head, *list(homes)[1:], *runs, *columns, *frames])


def decode(block: bytes | memoryview, where: str) -> Fragment:
    """Parse a fragment block whose checksum the caller has verified.

    Raises:
        MalformedObjectError: it does not follow the specification.
        FormatVersionError: it has deletions or overlays, which this version cannot apply.
    """
    if len(block) < _HEAD.size or bytes(block[:4]) != MAGIC:
        raise MalformedObjectError(f"{where} is no fragment block")
    head = _HEAD.unpack_from(block, 0)
    _, rows, base, n_homes, n_columns, n_frames, n_ids, n_versions, overlays, deletion, _, _ = head
    if overlays or deletion:
        raise FormatVersionError(
            f"{where} has deletions or overlays, which this version of deeplake cannot apply.",
            hint="Upgrade deeplake.",
        )
    at = _HEAD.size
    homes = [bytes(block[at + 16 * k : at + 16 * k + 16]) for k in range(n_homes)]
    at += 16 * n_homes
    runs = [Run(*_RUN.unpack_from(block, at + 16 * k)) for k in range(n_ids + n_versions)]
    at += 16 * (n_ids + n_versions)
    frames_at = at + _COLUMN.size * n_columns
    if len(block) < frames_at + _FRAME.size * n_frames:
        raise MalformedObjectError(f"{where} is cut short")
    frames = _decode_frames(block, frames_at, n_frames, homes, base)
    columns, used = [], 0
    for k in range(n_columns):
        column_id, count, kind, _, nulls, nans, low, high = _COLUMN.unpack_from(
            block, at + _COLUMN.size * k
        )
        statistics = ColumnStatistics(kind, nulls, nans, low, high)
        columns.append(ColumnChunk(column_id, tuple(frames[used : used + count]), statistics))
        used += count
    fragment = Fragment(rows, tuple(runs[:n_ids]), tuple(runs[n_ids:]), tuple(columns), base)
    _check(fragment, where)
    return fragment


def _decode_frames(
    block: bytes | memoryview, at: int, count: int, homes: Sequence[bytes], base: int
) -> list[FrameRef]:
    frames = []
    for k in range(count):
        home, _, rows, offset, length, index_length, crc = _FRAME.unpack_from(
            block, at + _FRAME.size * k
        )
        if home == SAME_OBJECT:
            frames.append(FrameRef(b"", rows, base + offset, length, index_length, crc))
        elif home < len(homes):
            frames.append(FrameRef(homes[home], rows, offset, length, index_length, crc))
        else:
            raise MalformedObjectError("a frame names an object that its fragment does not list")
    return frames


def _check(fragment: Fragment, where: str) -> None:
    """Rows must add up everywhere."""
    for chunk in fragment.columns:
        if sum(frame.rows for frame in chunk.frames) != fragment.rows:
            raise MalformedObjectError(f"the frames of column {chunk.column_id} of {where} miss rows")
    for runs in (fragment.row_ids, fragment.versions):
        if sum(run.rows for run in runs) != fragment.rows:
            raise MalformedObjectError(f"the row ids or versions of {where} miss rows")
