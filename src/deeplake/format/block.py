"""A fragment block of which only what is asked for is parsed. SPEC section "Fragments".

Comparing two trees asks whether the blocks of a fragment before and after a change say the same of
rows and frames, byte for byte, and then for one overlay and one column: 4 us, where `decode` takes
15. Each part is checked when it is parsed.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from deeplake.errors import MalformedObjectError
from deeplake.format import fragment as f
from deeplake.format.fragment import ColumnChunk
from deeplake.format.keys import slot_object
from deeplake.format.statistics import ColumnStatistics

if TYPE_CHECKING:
    from deeplake.format.fragment import Deletion, Fragment, FrameRef, Overlay, Run

_OWN_RUNS = struct.Struct("<I")
_OWN_RUNS_AT = 8
_TOLD = struct.Struct("<IIIBB")
"""What a column's record says before its statistics."""


class Block(f.Places):
    """A fragment block whose checksum the caller has verified.

    Args:
        data: its bytes.
        home: the object that it lies in.
        where: for messages.

    Raises:
        MalformedObjectError: it is no fragment block, or not as long as it says.
    """

    __slots__ = ("_columns_at", "_counts", "_data", "_deletion_at", "_frames_at", "_overlays_at",
                 "_runs_at", "rows")  # fmt: skip

    def __init__(self, data: bytes, home: bytes, where: str) -> None:
        if len(data) < f.HEAD.size or data[:4] != f.MAGIC:
            raise MalformedObjectError(f"{where} is no fragment block")
        self.rows: int
        _, self.rows, self._base, *counts = f.HEAD.unpack_from(data)
        homes, columns, frames, ids, runs, overlays, deletions, slots = self._counts = counts
        self._runs_at = at = 48 + 16 * homes
        self._columns_at = at = at + 16 * (ids + runs)
        self._frames_at = at = at + 56 * columns
        self._overlays_at = at = at + 32 * frames
        self._deletion_at = at = at + 72 * overlays
        if len(data) != at + 32 * deletions or slots > homes or deletions > 1:
            raise MalformedObjectError(f"{where} is {len(data)} bytes long, not as it says")
        self._data = data
        self._own = home
        self._where = where

    def _at(self, home: int, offset: int) -> tuple[bytes, int]:
        if home == f.SAME_OBJECT:
            return self._own, self._base + offset
        at = f.HEAD.size + f.HOME.size * home
        if at >= self._runs_at:
            raise MalformedObjectError(f"{self._where} does not list home {home}")
        stored = self._data[at : at + f.HOME.size]
        if home < self._counts[0] - self._counts[7]:
            return stored, offset
        return slot_object(*f.SLOT_HOME.unpack(stored)), offset

    @property
    def row_ids(self) -> bytes:
        """The runs of row ids as they are stored: equal if the runs are."""
        at = self._runs_at
        return self._data[at : at + f.RUN.size * self._counts[3]]

    @property
    def overlaid(self) -> bool:
        """Whether there are overlays."""
        return bool(self._counts[5])

    @property
    def home(self) -> bytes:
        """The object that it lies in."""
        return self._own

    def fragment(self) -> Fragment:
        """All of it, as blocks in other objects say it."""
        return f.decode(self._data, self._where, self._own)

    def first_id(self) -> int | None:
        """The id of the first row, the others following; None if there are several runs."""
        return self._only_run(0) if self._counts[3] == 1 else None

    def only_version(self) -> int | None:
        """The version of all cells, overlays left out; None if there are several runs."""
        return self._only_run(self._counts[3]) if self._counts[4] == 1 else None

    def _only_run(self, at: int) -> int:
        start, rows = f.RUN.unpack_from(self._data, self._runs_at + f.RUN.size * at)
        if rows != self.rows:
            raise MalformedObjectError(f"the row ids or versions of {self._where} miss rows")
        return int(start)

    def versions(self) -> tuple[Run, ...]:
        """The versions of the rows."""
        ids, runs = self._counts[3:5]
        return self._runs(ids, ids + runs - (sum(self._own_runs()) if runs > 1 else 0))

    def _own_runs(self) -> list[int]:
        """How many runs of versions each column has."""
        records = range(self._columns_at + _OWN_RUNS_AT, self._frames_at, f.COLUMN.size)
        return [_OWN_RUNS.unpack_from(self._data, at)[0] for at in records]

    def _runs(self, low: int, high: int) -> tuple[Run, ...]:
        at = self._runs_at
        found = f.runs_of(self._data[at + f.RUN.size * low : at + f.RUN.size * high])
        if f.rows_in(found) != self.rows:
            raise MalformedObjectError(f"the row ids or versions of {self._where} miss rows")
        return found

    def overlays(self) -> tuple[Overlay, ...]:
        """The overlays."""
        stored = self._data[self._overlays_at : self._deletion_at]
        found = tuple([f.overlay_of(self, *fields) for fields in f.OVERLAY.iter_unpack(stored)])
        f.check_changes(self.rows, found, None, self._where)
        return found

    def deletion(self) -> Deletion | None:
        """The deletion."""
        if not self._counts[6]:
            return None
        found = f.deletion_of(self, self._data[self._deletion_at :])
        f.check_changes(self.rows, (), found, self._where)
        return found

    def column(self, column_id: int) -> ColumnChunk | None:
        """One column; None if the block does not hold it."""
        found = self._find(column_id)
        if found is None:
            return None
        at, frame, run = found
        _, frames, runs, kind, generation, *statistics = f.COLUMN.unpack_from(self._data, at)
        versions: tuple[Run, ...] = ()
        if runs:
            first = self._counts[3] + self._counts[4] - sum(self._own_runs()) + run
            versions = self._runs(first, first + runs)
        refs = self._refs(column_id, frame, frames)
        return ColumnChunk(
            column_id, refs, ColumnStatistics(kind, *statistics), versions, generation
        )

    def frames(self, column_id: int) -> tuple[int, tuple[FrameRef, ...]]:
        """The generation and the frames of a column, none if the block does not hold it."""
        found = self._find(column_id)
        if found is None:
            return 0, ()
        at, frame, _ = found
        count = _TOLD.unpack_from(self._data, at)[1]
        return self._data[at + _TOLD.size - 1], self._refs(column_id, frame, count)

    def _find(self, column_id: int) -> tuple[int, int, int] | None:
        """Where the record of a column is, and the numbers of its first frame and own run."""
        frame = run = 0
        for at in range(self._columns_at, self._frames_at, f.COLUMN.size):
            found, frames, runs, _, _ = _TOLD.unpack_from(self._data, at)
            if found == column_id:
                return at, frame, run
            frame, run = frame + frames, run + runs
        return None

    def _refs(self, column_id: int, first: int, count: int) -> tuple[FrameRef, ...]:
        low = self._frames_at + f.FRAME.size * first
        stored = self._data[low : min(low + f.FRAME.size * count, self._overlays_at)]
        refs = tuple([self.frame(*fields) for fields in f.FRAME.iter_unpack(stored)])
        if sum([ref.rows for ref in refs]) != self.rows:
            raise MalformedObjectError(f"column {column_id} of {self._where} misses rows")
        return refs

    def twin_of(self, other: Block) -> bool:
        """Whether both are known to differ in overlays, deletions and statistics only.

        Frames of the blocks' own objects are others, though their bytes are equal.
        """
        a, b = self._data, other._data
        mine, its = self._counts, other._counts
        if self.rows != other.rows or mine[1:5] != its[1:5] or mine[0] - mine[7] != its[0] - its[7]:
            return False
        homes = min(self._runs_at, other._runs_at)
        frames = a[self._frames_at : self._overlays_at]
        if (
            a[f.HEAD.size : homes] != b[f.HEAD.size : homes]
            or frames != b[other._frames_at : other._overlays_at]
            or a[self._runs_at : self._columns_at] != b[other._runs_at : other._columns_at]
            or (_SAME in frames and self._own != other._own)
        ):
            return False
        size, shift = _TOLD.size, other._columns_at - self._columns_at
        for at in range(self._columns_at, self._frames_at, f.COLUMN.size):
            if a[at : at + size] != b[at + shift : at + shift + size]:
                return False
        return True


_SAME = f.SAME_OBJECT.to_bytes(4, "little")
