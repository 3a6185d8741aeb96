"""Fragments: a run of rows and, per column, the frames that hold it. SPEC section "Fragments".

A fragment block is a few hundred bytes of fixed-width records. Frames stored in the same object
as the block (a commit slot) are addressed relative to `payload_base`, so a block can be written
before its slot's layout is known and patched in place. Changed cells are overlays beside the
frames, deleted rows a bitmap: neither rewrites a frame.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from deeplake.errors import MalformedObjectError
from deeplake.format.keys import slot_object
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MAGIC = b"DLFR"
MIXED_VERSIONS = 0xFFFF_FFFF_FFFF_FFFF
"""Version of an overlay whose cells have several: its frame says which. No commit has it."""

SAME_OBJECT = 0xFFFF_FFFF
"""Home of a frame that lies in the same object as its fragment block."""

# magic, rows, payload base; then how many homes, columns, frames, row-id runs, version runs,
# overlays and deletions there are; how many of the homes are slots
HEAD = struct.Struct("<4sIQIIIIIIII")
_BASE, _BASE_AT = struct.Struct("<Q"), 8
HOME = struct.Struct("<16s")
SLOT_HOME = struct.Struct("<QQ")
RUN = struct.Struct("<QQ")
# column id, frames, version runs of its own, kind, generation, zeros, NULLs, NaNs, low, high
COLUMN = struct.Struct("<IIIBB2xII16s16s")
# home, rows, offset, payload length, index length, checksum of the index
FRAME = struct.Struct("<IIQQII")
# column id, bitmap length, version, bitmap home, bitmap checksum, bitmap offset; a frame;
# generation, zero
OVERLAY = struct.Struct("<IIQIIQ" + FRAME.format.removeprefix("<") + "B7x")
# home, checksum, offset, length, rows deleted, version
DELETION = struct.Struct("<IIQIIQ")


class FrameRef(NamedTuple):
    """Where a frame lies: `object_id` is a pack's 16 bytes, a slot's 17 (`keys.slot_object`), b''
    for the fragment's own object.

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


RUNS_PARSED_MAX = 64
"""More runs are parsed when somebody looks: 65,536, of as many commits of a row, take 30 ms, and
who reads values needs none of them."""


class PackedRuns(Sequence[Run]):
    """Many runs, parsed when they are looked at; equal to a tuple of them."""

    __slots__ = ("_packed", "_parsed")

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._parsed: tuple[Run, ...] | None = None

    @property
    def total(self) -> int:
        """Rows of all runs."""
        return sum([rows for _, rows in RUN.iter_unpack(self._packed)])

    def _all(self) -> tuple[Run, ...]:
        if self._parsed is None:
            self._parsed = tuple([Run(*run) for run in RUN.iter_unpack(self._packed)])
        return self._parsed

    def __len__(self) -> int:
        return len(self._packed) // RUN.size

    def __getitem__(self, at: Any) -> Any:
        return self._all()[at]

    def __iter__(self) -> Iterator[Run]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PackedRuns):
            return self._packed == other._packed
        return self._all() == other

    def __hash__(self) -> int:
        return hash(self._all())


class ColumnStatistics(NamedTuple):
    """What `format.statistics` makes and reads.

    `low` and `high` are `EMPTY_BOUND` where `kind` bounds nothing; NONE has no counts either.
    """

    kind: int
    nulls: int
    nans: int
    low: bytes
    high: bytes


class ColumnChunk(NamedTuple):
    """One column of a fragment: its frames in row order and its statistics.

    `versions` are those of its cells where they differ from those of the rows (updated cells
    that a compaction folded in), else (). `generation` says which of the column's types the frames
    are of: 0 the first, else the code of their dtype.
    """

    column_id: int
    frames: tuple[FrameRef, ...]
    statistics: ColumnStatistics
    versions: tuple[Run, ...] = ()
    generation: int = 0


class BitmapRef(NamedTuple):
    """Where a bitmap of row positions lies; `object_id` is as for frames."""

    object_id: bytes
    offset: int
    length: int
    crc: int


class Overlay(NamedTuple):
    """New values of some cells of one column: one row of `values` per position, in order.

    `version` is that of the cells, or MIXED_VERSIONS. Of several overlays on a cell the last one
    counts.
    """

    column_id: int
    version: int
    bitmap: BitmapRef
    values: FrameRef
    generation: int = 0


class Deletion(NamedTuple):
    """All rows deleted so far: a bitmap of `rows` positions; `version` deleted last."""

    bitmap: BitmapRef
    rows: int
    version: int


class Fragment(NamedTuple):
    """A run of rows. `row_ids` and `versions` are runs that add up to `rows`.

    `rows` counts deleted ones. `payload_base` is added to the offsets of frames and bitmaps of the
    fragment's own object as they are written; a decoded fragment has them added already, and 0
    here.
    """

    rows: int
    row_ids: tuple[Run, ...]
    versions: tuple[Run, ...]
    columns: tuple[ColumnChunk, ...]
    payload_base: int = 0
    overlays: tuple[Overlay, ...] = ()
    deletion: Deletion | None = None

    @property
    def live_rows(self) -> int:
        """Rows that are not deleted."""
        return self.rows - (0 if self.deletion is None else self.deletion.rows)


class _Counts(NamedTuple):
    """How many records of each kind a block holds."""

    homes: int
    columns: int
    frames: int
    row_ids: int
    versions: int
    overlays: int = 0
    deletions: int = 0
    slots: int = 0

    @property
    def size(self) -> int:
        """Bytes of the block."""
        return (
            HEAD.size
            + HOME.size * self.homes
            + RUN.size * (self.row_ids + self.versions)
            + COLUMN.size * self.columns
            + FRAME.size * self.frames
            + OVERLAY.size * self.overlays
            + DELETION.size * self.deletions
        )


def object_ids(fragment: Fragment) -> list[bytes]:
    """Every object that frames and bitmaps lie in, once, in order of first use."""
    found: dict[bytes, None] = {}
    for chunk in fragment.columns:
        for frame in chunk.frames:
            found[frame.object_id] = None
    for overlay in fragment.overlays:
        found[overlay.bitmap.object_id] = found[overlay.values.object_id] = None
    if fragment.deletion is not None:
        found[fragment.deletion.bitmap.object_id] = None
    return list(found)


def _homes(fragment: Fragment) -> tuple[dict[bytes, int], int]:
    """Object -> its number, packs before slots; and how many are slots."""
    others = [object_id for object_id in object_ids(fragment) if object_id]
    slots = [object_id for object_id in others if len(object_id) != HOME.size]
    if slots:
        others = [object_id for object_id in others if len(object_id) == HOME.size] + slots
    homes = {object_id: k for k, object_id in enumerate(others)}
    homes[b""] = SAME_OBJECT
    return homes, len(slots)


def encode(fragment: Fragment) -> bytes:
    """The fragment block."""
    homes, slots = _homes(fragment)
    runs = [*fragment.row_ids, *fragment.versions]
    columns, frames = [], []
    for column_id, refs, (kind, *known), versions, generation in fragment.columns:
        columns.append(COLUMN.pack(column_id, len(refs), len(versions), kind, generation, *known))
        runs += versions
        for object_id, *place in refs:
            frames.append(FRAME.pack(homes[object_id], *place))
    deletion, n_ids = fragment.deletion, len(fragment.row_ids)
    head = HEAD.pack(
        MAGIC, fragment.rows, fragment.payload_base, len(homes) - 1, len(columns), len(frames),
        n_ids, len(runs) - n_ids, len(fragment.overlays), int(deletion is not None), slots,
    )  # fmt: skip
    stored = [home if len(home) == HOME.size else home[1:] for home in homes if home]
    parts = [head, *stored, *[RUN.pack(*run) for run in runs], *columns, *frames]
    parts += [_packed_overlay(overlay, homes) for overlay in fragment.overlays]
    if deletion is not None:
        object_id, offset, length, crc = deletion.bitmap
        home = homes[object_id]
        parts.append(DELETION.pack(home, crc, offset, length, deletion.rows, deletion.version))
    return b"".join(parts)


def based(block: bytes, base: int) -> bytes:
    """The block with another `payload_base`."""
    return block[:_BASE_AT] + _BASE.pack(base) + block[_BASE_AT + _BASE.size :] if base else block


def _packed_overlay(overlay: Overlay, homes: dict[bytes, int]) -> bytes:
    object_id, offset, length, crc = overlay.bitmap
    values_id, *place = overlay.values
    return OVERLAY.pack(
        overlay.column_id, length, overlay.version, homes[object_id], crc, offset,
        homes[values_id], *place, overlay.generation,
    )  # fmt: skip


def decode(block: bytes | memoryview, where: str, home: bytes = b"") -> Fragment:
    """Parse a fragment block whose checksum the caller has verified.

    Args:
        block: its bytes.
        where: for messages.
        home: the object that it lies in, for places as other objects see them.

    Raises:
        MalformedObjectError: it does not follow the specification.
    """
    if len(block) < HEAD.size or bytes(block[:4]) != MAGIC:
        raise MalformedObjectError(f"{where} is no fragment block")
    _, rows, base, *numbers = HEAD.unpack_from(block, 0)
    counts = _Counts(*numbers)
    if len(block) != counts.size or counts.slots > counts.homes or counts.deletions > 1:
        raise MalformedObjectError(f"{where} is {len(block)} bytes long, not {counts.size}")
    runs_at = HEAD.size + HOME.size * counts.homes
    columns_at = runs_at + RUN.size * (counts.row_ids + counts.versions)
    frames_at = columns_at + COLUMN.size * counts.columns
    overlays_at = frames_at + FRAME.size * counts.frames
    deletion_at = overlays_at + OVERLAY.size * counts.overlays
    places = Places(decoded_homes(block[HEAD.size : runs_at], counts.slots), base, where, home)
    frames = [places.frame(*f) for f in FRAME.iter_unpack(block[frames_at:overlays_at])]
    records = list(COLUMN.iter_unpack(block[columns_at:frames_at]))
    own = counts.row_ids + counts.versions - sum(record[2] for record in records)
    if sum(record[1] for record in records) != counts.frames or own < counts.row_ids:
        raise MalformedObjectError(f"the columns of {where} miscount their frames or runs")

    def runs(low: int, high: int) -> tuple[Run, ...]:
        return runs_of(block[runs_at + RUN.size * low : runs_at + RUN.size * high])

    columns, frame, run = [], 0, own
    for column_id, n_frames, n_versions, kind, generation, *statistics in records:
        columns.append(
            ColumnChunk(
                column_id,
                tuple(frames[frame : frame + n_frames]),
                ColumnStatistics(kind, *statistics),
                runs(run, run + n_versions),
                generation,
            )
        )
        frame, run = frame + n_frames, run + n_versions
    row_ids, versions = tuple(runs(0, counts.row_ids)), runs(counts.row_ids, own)
    overlays = tuple(
        overlay_of(places, *fields)
        for fields in OVERLAY.iter_unpack(block[overlays_at:deletion_at])
    )
    deletion = deletion_of(places, block[deletion_at:]) if counts.deletions else None
    fragment = Fragment(rows, row_ids, versions, tuple(columns), 0, overlays, deletion)
    _check(fragment, where)
    return fragment


def homes_of(block: bytes, where: str) -> list[bytes]:
    """The other objects that a fragment block lists, without parsing the rest of it.

    Raises:
        MalformedObjectError: it is no fragment block, or cut short.
    """
    counts = _counts(block, where)
    return decoded_homes(block[HEAD.size : HEAD.size + HOME.size * counts.homes], counts.slots)


def columns_of(block: bytes, where: str) -> list[int]:
    """Ids of the columns that a fragment block holds, without parsing the rest of it."""
    counts = _counts(block, where)
    at = HEAD.size + HOME.size * counts.homes + RUN.size * (counts.row_ids + counts.versions)
    return [COLUMN.unpack_from(block, at + k * COLUMN.size)[0] for k in range(counts.columns)]


def _counts(block: bytes | memoryview, where: str) -> _Counts:
    if len(block) < HEAD.size or bytes(block[:4]) != MAGIC:
        raise MalformedObjectError(f"{where} is no fragment block")
    counts = _Counts(*HEAD.unpack_from(block, 0)[3:])
    if len(block) != counts.size or counts.slots > counts.homes or counts.deletions > 1:
        raise MalformedObjectError(f"{where} is {len(block)} bytes long, not {counts.size}")
    return counts


def decoded_homes(stored: bytes | memoryview, slots: int) -> list[bytes]:
    """The objects that a block lists, the last ones of them slots."""
    homes = [bytes(stored[at : at + 16]) for at in range(0, len(stored), 16)]
    packs = len(homes) - slots
    return homes[:packs] + [slot_object(*SLOT_HOME.unpack(home)) for home in homes[packs:]]


class Places:
    """Turns home numbers and offsets into places.

    Args:
        homes: the objects that a block lists.
        base: its `payload_base`.
        where: for messages.
        own: the object of the block, b"" for places as the block has them.
    """

    def __init__(self, homes: Sequence[bytes], base: int, where: str, own: bytes = b"") -> None:
        self._homes = homes
        self._base = base
        self._where = where
        self._own = own

    def _at(self, home: int, offset: int) -> tuple[bytes, int]:
        if home == SAME_OBJECT:
            return self._own, self._base + offset
        if home < len(self._homes):
            return self._homes[home], offset
        raise MalformedObjectError(
            f"a frame or bitmap of {self._where} names an object that it does not list"
        )

    def frame(self, home: int, rows: int, offset: int, *sizes: int) -> FrameRef:
        """Of a frame."""
        object_id, offset = self._at(home, offset)
        return FrameRef(object_id, rows, offset, *sizes)

    def bitmap(self, home: int, offset: int, length: int, crc: int) -> BitmapRef:
        """Of a bitmap."""
        object_id, offset = self._at(home, offset)
        return BitmapRef(object_id, offset, length, crc)


def overlay_of(places: Places, *fields: int) -> Overlay:
    """An overlay from the fields of its record."""
    column_id, length, version, home, crc, offset, *frame, generation = fields
    bitmap = places.bitmap(home, offset, length, crc)
    return Overlay(column_id, version, bitmap, places.frame(*frame), generation)


def deletion_of(places: Places, record: bytes | memoryview) -> Deletion:
    """A deletion from its record."""
    home, crc, offset, length, rows, version = DELETION.unpack(record)
    return Deletion(places.bitmap(home, offset, length, crc), rows, version)


def _check(fragment: Fragment, where: str) -> None:
    """Rows must add up everywhere, and each column be there once."""
    ids = sorted(chunk.column_id for chunk in fragment.columns)
    if any(a == b for a, b in pairwise(ids)):
        raise MalformedObjectError(f"{where} has a column twice")
    for chunk in fragment.columns:
        if rows_in(chunk.frames) != fragment.rows:
            raise MalformedObjectError(f"column {chunk.column_id} of {where} misses rows")
        if chunk.versions and rows_in(chunk.versions) != fragment.rows:
            raise MalformedObjectError(f"column {chunk.column_id} of {where} misses versions")
    for runs in (fragment.row_ids, fragment.versions):
        if rows_in(runs) != fragment.rows:
            raise MalformedObjectError(f"the row ids or versions of {where} miss rows")
    check_changes(fragment.rows, fragment.overlays, fragment.deletion, where)


def check_changes(
    rows: int, overlays: Iterable[Overlay], deletion: Deletion | None, where: str
) -> None:
    """Refuse overlays and deletions of more rows than there are.

    Raises:
        MalformedObjectError
    """
    for overlay in overlays:
        if not 0 < overlay.values.rows <= rows:
            raise MalformedObjectError(f"an overlay of {where} has more rows than its fragment")
    if deletion is not None and not 0 < deletion.rows <= rows:
        raise MalformedObjectError(f"{where} has more rows deleted than it has")


def rows_in(parts: Iterable[FrameRef | Run]) -> int:
    """How many rows they have together."""
    if isinstance(parts, PackedRuns):
        return parts.total
    return sum(part.rows for part in parts)


def runs_of(packed: bytes | memoryview) -> tuple[Run, ...]:
    """Runs from their records."""
    if len(packed) <= RUNS_PARSED_MAX * RUN.size:
        return tuple([Run(*run) for run in RUN.iter_unpack(packed)])
    return PackedRuns(bytes(packed))  # type: ignore[return-value]


def placed(fragment: Fragment, base: int) -> Fragment:
    """What decoding the block of a fragment gives if its payload base is `base`."""

    def shifted(ref: Any) -> Any:
        return ref if ref.object_id else ref._replace(offset=ref.offset + base)

    return _mapped(fragment, shifted)


def rehomed(fragment: Fragment, home: bytes) -> Fragment:
    """The same fragment as a block in another object writes it: what lay in its own object is now
    in the object `home`.
    """

    def moved(ref: Any) -> Any:
        return ref if ref.object_id else ref._replace(object_id=home)

    return _mapped(fragment, moved)


def _mapped(fragment: Fragment, changed: Callable[[Any], Any]) -> Fragment:
    """The fragment with each place in its own object changed."""
    columns = tuple([
        chunk
        if all(frame.object_id for frame in chunk.frames)
        else chunk._replace(frames=tuple([changed(frame) for frame in chunk.frames]))
        for chunk in fragment.columns
    ])  # fmt: skip
    overlays = tuple([
        o._replace(bitmap=changed(o.bitmap), values=changed(o.values)) for o in fragment.overlays
    ])  # fmt: skip
    deletion = fragment.deletion
    if deletion is not None:
        deletion = deletion._replace(bitmap=changed(deletion.bitmap))
    return fragment._replace(columns=columns, overlays=overlays, deletion=deletion)


class PlainFrame(NamedTuple):
    """The one frame of a column of a plain fragment: its place in the object of the block."""

    column_id: int
    generation: int
    offset: int
    length: int
    index_length: int
    index_crc: int


class PlainFragment(NamedTuple):
    """What most small commits are: rows with ids in a row, one version, one frame per column."""

    rows: int
    row_ids: Run
    versions: Run
    frames: list[PlainFrame]


def decode_plain(block: bytes) -> PlainFragment | None:
    """A verified fragment block read in 3 us instead of 12, or None if it needs `decode`."""
    if len(block) < HEAD.size or block[:4] != MAGIC:
        return None
    _, rows, base, homes, columns, frames, ids, versions, *rest = HEAD.unpack_from(block, 0)
    if homes or frames != columns or ids != 1 or versions != 1 or any(rest):
        return None
    columns_at = HEAD.size + 2 * RUN.size
    frames_at = columns_at + COLUMN.size * columns
    if len(block) != frames_at + FRAME.size * columns:
        return None
    first, ids_rows, version, version_rows = struct.unpack_from("<QQQQ", block, HEAD.size)
    found, seen = [], set()
    for (column_id, own, runs, _, generation, *_), (home, count, offset, *sizes) in zip(
        COLUMN.iter_unpack(block[columns_at:frames_at]),
        FRAME.iter_unpack(block[frames_at:]),
        strict=True,
    ):
        if own != 1 or runs or home != SAME_OBJECT or count != rows:
            return None
        seen.add(column_id)
        found.append(PlainFrame(column_id, generation, base + offset, *sizes))
    if ids_rows != rows or version_rows != rows or len(seen) != columns:
        return None
    return PlainFragment(rows, Run(first, rows), Run(version, rows), found)
