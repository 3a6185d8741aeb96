"""Fragments: a run of rows and, per column, the frames that hold it. SPEC section "Fragments".

A fragment block is a few hundred bytes of fixed-width records. Frames stored in the same object
as the block (a commit slot) are addressed relative to `payload_base`, so a block can be written
before its slot's layout is known and patched in place. The records of overlays and deletions are
defined, and refused until a commit may require them.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING

from deeplake.errors import FormatVersionError, MalformedObjectError
from deeplake.format.statistics import ColumnStatistics
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAGIC = b"DLFR"
SAME_OBJECT = 0xFFFF_FFFF
"""Home of a frame that lies in the same object as its fragment block."""

# magic, rows, payload base; then how many homes, columns, frames, row-id runs, version runs,
# overlays and deletions there are; zero
_HEAD = struct.Struct("<4sIQIIIIIIII")
_HOME = struct.Struct("<16s")
_RUN = struct.Struct("<QQ")
# column id, frames, version runs of its own, kind, zeros, NULLs, NaNs, low, high
_COLUMN = struct.Struct("<IIIB3xII16s16s")
# home, rows, offset, payload length, index length, checksum of the index
_FRAME = struct.Struct("<IIQQII")
# column id, bitmap length, version, bitmap home, bitmap checksum, bitmap offset; then a frame
OVERLAY = struct.Struct("<IIQIIQ" + _FRAME.format.removeprefix("<"))
# home, checksum, offset, length, rows deleted, version
DELETION = struct.Struct("<IIQIIQ")


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


class Run(NamedTuple):
    """`rows` consecutive rows. `start`: their first row id, or the nonce of their commit."""

    start: int
    rows: int


class ColumnChunk(NamedTuple):
    """One column of a fragment: its frames in row order and its statistics.

    `versions` are those of its cells where they differ from those of the rows (updated cells
    that a compaction folded in), else ().
    """

    column_id: int
    frames: tuple[FrameRef, ...]
    statistics: ColumnStatistics
    versions: tuple[Run, ...] = ()


class Fragment(NamedTuple):
    """A run of rows. `row_ids` and `versions` are runs that add up to `rows`.

    `payload_base` is added to the offsets of frames of the fragment's own object as they are
    written; a decoded fragment has them added already, and 0 here.
    """

    rows: int
    row_ids: tuple[Run, ...]
    versions: tuple[Run, ...]
    columns: tuple[ColumnChunk, ...]
    payload_base: int = 0


class _Counts(NamedTuple):
    """How many records of each kind a block holds."""

    homes: int
    columns: int
    frames: int
    row_ids: int
    versions: int
    overlays: int = 0
    deletions: int = 0

    @property
    def size(self) -> int:
        """Bytes of the block."""
        return (
            _HEAD.size
            + _HOME.size * self.homes
            + _RUN.size * (self.row_ids + self.versions)
            + _COLUMN.size * self.columns
            + _FRAME.size * self.frames
            + OVERLAY.size * self.overlays
            + DELETION.size * self.deletions
        )


def _counts(fragment: Fragment) -> _Counts:
    frames = [frame for column in fragment.columns for frame in column.frames]
    homes = {frame.object_id for frame in frames} - {b""}
    versions = len(fragment.versions) + sum(len(c.versions) for c in fragment.columns)
    return _Counts(len(homes), len(fragment.columns), len(frames), len(fragment.row_ids), versions)


def encode(fragment: Fragment) -> bytes:
    """The fragment block."""
    homes: dict[bytes, int] = {b"": SAME_OBJECT}
    runs = [*fragment.row_ids, *fragment.versions]
    columns, frames = [], []
    for chunk in fragment.columns:
        kind, nulls, nans, low, high = chunk.statistics
        columns.append(
            _COLUMN.pack(
                chunk.column_id, len(chunk.frames), len(chunk.versions), kind, nulls, nans, low,
                high,
            )
        )  # fmt: skip
        runs += chunk.versions
        for object_id, *place in chunk.frames:
            frames.append(_FRAME.pack(homes.setdefault(object_id, len(homes) - 1), *place))
    counts = _counts(fragment)
    head = _HEAD.pack(MAGIC, fragment.rows, fragment.payload_base, *counts, 0)
    return b"".join([head, *list(homes)[1:], *(_RUN.pack(*run) for run in runs), *columns, *frames])


def decode(block: bytes | memoryview, where: str) -> Fragment:
    """Parse a fragment block whose checksum the caller has verified.

    Raises:
        MalformedObjectError: it does not follow the specification.
        FormatVersionError: it has deletions or overlays, which this version cannot apply.
    """
    if len(block) < _HEAD.size or bytes(block[:4]) != MAGIC:
        raise MalformedObjectError(f"{where} is no fragment block")
    _, rows, base, *numbers, _ = _HEAD.unpack_from(block, 0)
    counts = _Counts(*numbers)
    if len(block) != counts.size:
        raise MalformedObjectError(f"{where} is {len(block)} bytes long, not {counts.size}")
    if counts.overlays or counts.deletions:
        raise FormatVersionError(
            f"{where} has deletions or overlays, which this version of deeplake cannot apply.",
            hint="Upgrade deeplake.",
        )
    runs_at = _HEAD.size + _HOME.size * counts.homes
    columns_at = runs_at + _RUN.size * (counts.row_ids + counts.versions)
    frames_at = columns_at + _COLUMN.size * counts.columns
    homes = [bytes(block[at : at + 16]) for at in range(_HEAD.size, runs_at, 16)]
    runs = [Run(*run) for run in _RUN.iter_unpack(block[runs_at:columns_at])]
    frames = _frames(block[frames_at:], homes, base, where)
    records = list(_COLUMN.iter_unpack(block[columns_at:frames_at]))
    own = counts.row_ids + counts.versions - sum(record[2] for record in records)
    if sum(record[1] for record in records) != counts.frames or own < counts.row_ids:
        raise MalformedObjectError(f"the columns of {where} miscount their frames or runs")
    columns, frame, run = [], 0, own
    for column_id, n_frames, n_versions, *statistics in records:
        columns.append(
            ColumnChunk(
                column_id,
                tuple(frames[frame : frame + n_frames]),
                ColumnStatistics(*statistics),
                tuple(runs[run : run + n_versions]),
            )
        )
        frame, run = frame + n_frames, run + n_versions
    row_ids, versions = tuple(runs[: counts.row_ids]), tuple(runs[counts.row_ids : own])
    fragment = Fragment(rows, row_ids, versions, tuple(columns))
    _check(fragment, where)
    return fragment


def _frames(
    records: bytes | memoryview, homes: Sequence[bytes], base: int, where: str
) -> list[FrameRef]:
    frames = []
    for home, rows, offset, *sizes in _FRAME.iter_unpack(records):
        if home == SAME_OBJECT:
            frames.append(FrameRef(b"", rows, base + offset, *sizes))
        elif home < len(homes):
            frames.append(FrameRef(homes[home], rows, offset, *sizes))
        else:
            raise MalformedObjectError(f"a frame of {where} names an object that it does not list")
    return frames


def _check(fragment: Fragment, where: str) -> None:
    """Rows must add up everywhere, and each column be there once."""
    ids = sorted(chunk.column_id for chunk in fragment.columns)
    if any(a == b for a, b in pairwise(ids)):
        raise MalformedObjectError(f"{where} has a column twice")
    for chunk in fragment.columns:
        if _rows(chunk.frames) != fragment.rows:
            raise MalformedObjectError(f"column {chunk.column_id} of {where} misses rows")
        if chunk.versions and _rows(chunk.versions) != fragment.rows:
            raise MalformedObjectError(f"column {chunk.column_id} of {where} misses versions")
    for runs in (fragment.row_ids, fragment.versions):
        if _rows(runs) != fragment.rows:
            raise MalformedObjectError(f"the row ids or versions of {where} miss rows")


def _rows(parts: Iterable[FrameRef | Run]) -> int:
    return sum(part.rows for part in parts)
