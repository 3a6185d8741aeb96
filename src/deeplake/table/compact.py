"""Fragments rewritten into one: fewer and larger, nothing left to lay over them, same versions.

What a reader, a diff or a merge sees is kept exactly: rows in order, row ids, the version of every
cell. Frames that are large enough and were not changed are referred to; values of media are never
copied but out of commit slots; everything else is encoded anew. Everything goes into packs, the
new fragment blocks too, so that commit slots can expire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake import settings
from deeplake.format import fragment as fragments
from deeplake.format import statistics as stats
from deeplake.format import tree
from deeplake.format.checksum import crc32c
from deeplake.format.fragment import ColumnChunk, Fragment, FrameRef, Run
from deeplake.format.frame import EncodedFrame
from deeplake.format.keys import OBJECT_ID_BYTES
from deeplake.format.references import encode, joined, taken
from deeplake.table import packs
from deeplake.table.ahead import small_or_opened
from deeplake.table.builder import MEDIA_FRAME_BYTES, FragmentBuilder, data_bytes
from deeplake.table.compare import covered, versions_at
from deeplake.table.fragments import AbsentFrame
from deeplake.table.frames import open_frame
from deeplake.table.references import held, values_of
from deeplake.table.small import Collector, SmallFragment
from deeplake.types.base import is_media, row_count
from deeplake.types.data import concat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import PlainFrame
    from deeplake.format.references import Values
    from deeplake.format.statistics import ColumnStatistics
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column, Columns
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.packs import PackWriter
    from deeplake.table.walk import Path, Side
    from deeplake.types.base import ColumnData, VarLayout
    from deeplake.versioning.objects import Objects

    Ints = npt.NDArray[np.int64]
    Versions = npt.NDArray[np.uint64]

KEPT_BYTES_MIN = 1 << 20
"""A frame of this size that nothing was changed in is referred to, not written again: reading it
costs a map or a request, which 1 MiB already makes cheap."""

KEPT_ROWS_MIN = 4096
"""The same for frames of media, whose size says little."""

REFERENCES_MAX = 8192
"""Rows of a frame whose values lie elsewhere: its index, some 25 bytes a row, is read whole."""

PIECES_MAX = 1024
"""Small pieces joined at once: a builder looks at each that it is given, for 20 us."""


class TooMuchError(Exception):
    """More than was allowed would have to be rewritten."""


class Rewriter:
    """Rewrites fragments of one table.

    Attributes:
        known: new records -> statistics of their rows.
        bytes: what was written.
        overlays, deleted: overlays and deleted rows that are gone.
        refers: whether a frame was written whose values lie elsewhere.
    """

    def __init__(self, objects: Objects, columns: Columns, writer: PackWriter) -> None:
        self._objects = objects
        self._columns = list(columns)
        self._writer = writer
        self.known: dict[Record, dict[int, ColumnStatistics]] = {}
        self.bytes = 0
        self.overlays = 0
        self.deleted = 0
        self.refers = False
        self.left: int | None = None
        """Payload bytes that may still be read; None is any number."""

    def rewrite(self, side: Side, paths: Sequence[Path]) -> Record:
        """The rows of some fragments, 65,536 at most, as one; returns its record.

        Raises:
            StoreError: a pack could not be stored.
            TooMuchError: more than `left` would be read.
        """
        return self.join(small_or_opened(side, paths))[0]

    def join(self, fragments_: Iterable[SmallFragment | OpenFragment]) -> tuple[Record, Fragment]:
        """The same of opened fragments, some of whose rows may be left out; with its block."""
        runs = [_run_of(self._objects, column, self._writer) for column in self._columns]
        rows = _RowRuns()
        for fragment in fragments_:
            if isinstance(fragment, SmallFragment):
                self._spend(frame.length for frame in fragment.plain.frames)
                frames = {frame.column_id: frame for frame in fragment.plain.frames}
                for run in runs:
                    run.feed_small(fragment, frames, rows.count)
                rows.add([fragment.plain.row_ids], [fragment.plain.versions])
                continue
            self.overlays += len(fragment.fragment.overlays)
            self.deleted += fragment.fragment.rows - fragment.rows
            columns = fragment.fragment.columns
            self._spend(frame.length for chunk in columns for frame in chunk.frames)
            for run in runs:
                run.feed(fragment, rows.count)
            rows.feed(fragment)
        versions = rows.versions_array if any(run.own_versions for run in runs) else None
        chunks = [chunk for run in runs if (chunk := run.finish(versions)) is not None]
        self.bytes += sum(run.bytes for run in runs)
        self.refers |= any(run.refers for run in runs)
        made = Fragment(rows.count, tuple(rows.ids), tuple(rows.versions), tuple(chunks))
        record = self.place(fragments.encode(made), made.rows, 0)
        self.known[record] = {chunk.column_id: chunk.statistics for chunk in chunks}
        return record, made

    def _spend(self, sizes: Iterable[int]) -> None:
        if self.left is None:
            return
        self.left -= sum(sizes)
        if self.left < 0:
            raise TooMuchError

    def place(self, block: bytes, rows: int, level: int) -> Record:
        """A block put into a pack, and the record that names it there."""
        frame = EncodedFrame(0, [block], len(block), b"", 0)
        at = self._writer.add(frame, packs.ARRAYS)
        self.bytes += len(block)
        return tree.Record(
            0, at.offset, len(block), rows, at.pack_id, level, tree.PACK, crc32c(block)
        )

    def statistics(self, record: Record) -> dict[int, ColumnStatistics]:
        """Statistics of the rows below a record, new or old."""
        found = self.known.get(record)
        return self._objects.statistics(record) if found is None else found


def column_of(
    objects: Objects,
    column: Column,
    writer: PackWriter,
    pieces: Iterable[OpenFragment | int],
    versions: Sequence[Run],
) -> tuple[ColumnChunk | None, bool]:
    """One column of a fragment put together of other fragments, and whether it refers to values.

    Args:
        pieces: fragments whose rows that are left come next; or a number of rows without a value.
        versions: of the rows.
    """
    run, first = _run_of(objects, column, writer), 0
    for piece in pieces:
        if isinstance(piece, int):
            run.feed_absent(piece)
            first += piece
        else:
            run.feed(piece, first)
            first += piece.rows
    return run.finish(_spread(versions) if run.own_versions else None), run.refers


def _run_of(objects: Objects, column: Column, writer: PackWriter) -> _PlainRun | _MediaRun:
    if is_media(column.layout):
        return _MediaRun(objects, column, writer)
    return _PlainRun(column, writer)


class _RowRuns:
    """Row ids and versions of the rows so far, as runs."""

    def __init__(self) -> None:
        self.ids: list[Run] = []
        self.versions: list[Run] = []
        self.count = 0

    def feed(self, fragment: OpenFragment) -> None:
        """The rows of a fragment that are left."""
        stored, live = fragment.fragment, fragment.live
        ids: Iterable[Run] = stored.row_ids
        versions: Iterable[Run] = stored.versions
        if live is not None:
            left = fragment.live_ids()
            cuts = np.flatnonzero(np.diff(left, prepend=left[:1] - 2) != 1)
            ids = _runs(left, cuts)
            versions = _version_runs(_spread(stored.versions)[live])
        self.add(ids, versions)

    def add(self, ids: Iterable[Run], versions: Iterable[Run]) -> None:
        """More rows."""
        for run in ids:
            last = self.ids[-1] if self.ids else None
            if last is not None and last.start + last.rows == run.start:
                self.ids[-1] = Run(last.start, last.rows + run.rows)
            else:
                self.ids.append(run)
            self.count += run.rows
        for run in versions:
            last = self.versions[-1] if self.versions else None
            if last is not None and last.start == run.start:
                self.versions[-1] = Run(last.start, last.rows + run.rows)
            else:
                self.versions.append(run)

    @property
    def versions_array(self) -> Versions:
        """The version of each row."""
        return _spread(self.versions)


def _spread(runs: Sequence[Run]) -> Versions:
    return np.repeat(np.array([run.start for run in runs], np.uint64), [run.rows for run in runs])


def _version_runs(versions: Versions) -> list[Run]:
    changes = np.ones(len(versions), np.bool_)
    changes[1:] = versions[1:] != versions[:-1]
    return _runs(versions, np.flatnonzero(changes))


def _runs(values: npt.NDArray[np.int64] | Versions, cuts: Ints) -> list[Run]:
    """Runs that begin at `cuts`, by their first value."""
    sizes = np.diff(cuts, append=len(values)).tolist()
    return [Run(start, rows) for start, rows in zip(values[cuts].tolist(), sizes, strict=True)]


class _ColumnRun:
    """One column of the new fragment."""

    def __init__(self, column: Column, writer: PackWriter) -> None:
        self._column = column
        self._writer = writer
        self._versions: list[tuple[int, Versions]] = []
        self._small = Collector(column.layout)
        self._absent = 0
        """Rows before the first fragment that holds the column."""
        self._there = False
        self.bytes = 0
        self.refers = False

    @property
    def own_versions(self) -> bool:
        """Whether some of its cells were written after their rows."""
        return bool(self._versions)

    def feed_small(
        self, small: SmallFragment, frames: Mapping[int, PlainFrame], first: int
    ) -> None:
        """The rows of a fragment that lies whole in its slot."""
        frame = frames.get(self._column.column_id)
        if frame is None and not self._there:
            self._absent += small.plain.rows
        elif (
            frame is None
            or not self._there
            or frame.generation != self._column.generation
            or not self._small.take(small, frame)
        ):
            self.feed(small.open(), first)
        elif self._small.rows >= PIECES_MAX or self._small.bytes >= settings.FRAME_BYTES:
            self._flush_small()

    def _flush_small(self) -> None:
        data = self._small.flush()
        if data is not None:
            self._add_small(data)

    def _add_small(self, data: ColumnData) -> None:
        raise NotImplementedError

    def feed(self, fragment: OpenFragment, first: int) -> None:
        """The rows of a fragment that are left; `first` rows came before."""
        self._flush_small()
        column_id = self._column.column_id
        part = next((c for c in fragment.fragment.columns if c.column_id == column_id), None)
        overlays = [o for o in fragment.fragment.overlays if o.column_id == column_id]
        if overlays or (part is not None and part.versions):
            live = fragment.live
            places = np.arange(fragment.rows) if live is None else live.astype(np.int64)
            self._versions.append((first, versions_at(fragment, column_id, places)))
        if part is None and not overlays and not self._there:
            self._absent += fragment.rows  # perhaps no fragment holds it: then nor does the new one
            return
        if not self._there:
            self._there = True
            if self._absent:
                self._add_absent(self._absent)
        self._feed(fragment, part)

    def feed_absent(self, rows: int) -> None:
        """Rows that have no value."""
        if self._there:
            self._add_absent(rows)
        else:
            self._absent += rows

    def _add_absent(self, rows: int) -> None:
        raise NotImplementedError

    def _feed(self, fragment: OpenFragment, part: ColumnChunk | None) -> None:
        raise NotImplementedError

    def finish(self, versions: Versions | None) -> ColumnChunk | None:
        """The column of the new fragment, None if no fragment had it."""
        self._flush_small()
        chunk = self._chunk() if self._there else None
        if chunk is None or versions is None or not self._versions:
            return chunk
        own = versions.copy()
        for first, found in self._versions:
            own[first : first + len(found)] = found
        if (own == versions).all():
            return chunk
        return chunk._replace(versions=tuple(_version_runs(own)))

    def _chunk(self) -> ColumnChunk:
        raise NotImplementedError

    def _kept(self, ref: FrameRef, part: ColumnChunk, *, media: bool) -> bool:
        """Whether a frame is worth keeping as it is."""
        large = ref.length >= KEPT_BYTES_MIN or (media and ref.rows >= KEPT_ROWS_MIN)
        packed = len(ref.object_id) == OBJECT_ID_BYTES
        return large and packed and part.generation == self._column.generation


def _frames(
    fragment: OpenFragment, part: ColumnChunk, touched: Ints | None
) -> Iterator[tuple[int, FrameRef, int, int, bool]]:
    """Each frame: its number, its rows that are left (low:high), and whether it is as it was."""
    live, at = fragment.live, 0
    for k, ref in enumerate(part.frames):
        low, high = at, at + ref.rows
        same = touched is None or not np.any((touched >= low) & (touched < high))
        if live is not None:
            low, high = np.searchsorted(live, (low, high)).tolist()
            same = same and high - low == ref.rows
        yield k, ref, low, high, same
        at += ref.rows


def _touched(fragment: OpenFragment, column: Column) -> Ints | None:
    """Places with newer values of a column."""
    found = [
        covered(fragment, o) for o in fragment.fragment.overlays if o.column_id == column.column_id
    ]
    return np.concatenate(found) if found else None


class _PlainRun(_ColumnRun):
    """A column whose values are encoded anew, frame by frame, or kept as frames."""

    def __init__(self, column: Column, writer: PackWriter) -> None:
        super().__init__(column, writer)
        self._builder = FragmentBuilder([column], writer)
        self._pieces: list[ColumnData] = []
        self._rows = 0
        self._waiting_bytes = 0
        self._kept_frames: set[FrameRef] = set()

    def _feed(self, fragment: OpenFragment, part: ColumnChunk | None) -> None:
        chunk = fragment.chunk(self._column)
        if part is None:
            self._add(chunk.slice(0, fragment.rows), fragment.rows)
            return
        if fragment.rows == 1:
            self._add(chunk.frame(0).slice(0, 1), 1)
            return
        for k, ref, low, high, same in _frames(fragment, part, _touched(fragment, self._column)):
            if same and self._kept(ref, part, media=False):
                self._flush()
                nulls = 0
                if part.statistics.nulls:
                    nulls = fragment.written(self._column).frame(k).nulls(np.arange(ref.rows))
                nans = min(part.statistics.nans, ref.rows)
                self._kept_frames.add(ref)
                self._builder.keep(ref, part.statistics._replace(nulls=nulls, nans=nans))
            elif low < high:
                self._add(chunk.slice(low, high), high - low)

    def _add_small(self, data: ColumnData) -> None:
        self._add(data, row_count(data))

    def _add_absent(self, rows: int) -> None:
        absent = AbsentFrame(self._column.layout, self._column.default)
        self._add(absent.slice(0, rows), rows)

    def _add(self, data: ColumnData, rows: int) -> None:
        self._pieces.append(data)
        self._rows += rows
        self._waiting_bytes += data_bytes(data)
        if len(self._pieces) >= PIECES_MAX or self._waiting_bytes >= settings.FRAME_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._builder.add({self._column.column_id: concat(self._pieces)}, self._rows)
        self._pieces, self._rows, self._waiting_bytes = [], 0, 0

    def _chunk(self) -> ColumnChunk:
        self._flush()
        self._builder.close()
        (fragment,) = self._builder.closed
        (chunk,) = fragment.columns
        self.bytes += sum(
            frame.length + frame.index_length
            for frame in chunk.frames
            if frame not in self._kept_frames
        )
        return chunk


class _MediaRun(_ColumnRun):
    """A column of media: where its values lie is written, and those that ride in slots."""

    def __init__(self, objects: Objects, column: Column, writer: PackWriter) -> None:
        super().__init__(column, writer)
        self._objects = objects
        self._parts: list[Values] = []
        self._rows = 0
        self._held_bytes = 0
        self._frames: list[FrameRef] = []
        self._statistics: list[ColumnStatistics] = []

    @property
    def _layout(self) -> VarLayout:
        return self._column.layout  # type: ignore[return-value]

    def _feed(self, fragment: OpenFragment, part: ColumnChunk | None) -> None:
        column, live = self._column, fragment.live
        overlays = [o for o in fragment.fragment.overlays if o.column_id == column.column_id]
        written = fragment.written(column)
        if part is None or overlays:
            count = fragment.fragment.rows
            parts = (
                [held(written.slice(0, count))]  # type: ignore[arg-type]
                if part is None
                else [values_of(written.frame(k), ref) for k, ref in enumerate(part.frames)]
            )
            source = np.arange(count)
            for overlay in overlays:
                frame = open_frame(fragment.objects, self._layout, overlay.values, fragment.own_key)
                places = covered(fragment, overlay)
                source[places] = np.arange(count, count + len(places))
                count += len(places)
                parts.append(values_of(frame, overlay.values))
            self._add(taken(joined(parts), source if live is None else source[live]))
            return
        for k, ref, low, high, same in _frames(fragment, part, None):
            if same and self._kept(ref, part, media=True):
                self._flush()
                nulls = written.frame(k).nulls(np.arange(ref.rows)) if part.statistics.nulls else 0
                self._frames.append(ref)
                self._statistics.append(part.statistics._replace(nulls=nulls))
            elif low < high:
                values = values_of(written.frame(k), ref)
                if live is not None:
                    values = taken(values, live[low:high].astype(np.int64) - written.starts[k])
                self._add(values)

    def _add_small(self, data: ColumnData) -> None:
        self._add(held(data))  # type: ignore[arg-type]

    def _add_absent(self, rows: int) -> None:
        absent = AbsentFrame(self._layout, self._column.default)
        self._add(held(absent.slice(0, rows)))  # type: ignore[arg-type]

    def _add(self, values: Values) -> None:
        self._parts.append(values)
        self._rows += len(values.sizes)
        self._held_bytes += sum(map(len, values.held.values()))
        if self._rows >= REFERENCES_MAX or self._held_bytes >= MEDIA_FRAME_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        whole = joined(self._parts)
        for low in range(0, self._rows, REFERENCES_MAX):
            high = min(low + REFERENCES_MAX, self._rows)
            alone = not low and high == self._rows
            self._write(whole if alone else taken(whole, np.arange(low, high)))
        self._parts, self._rows, self._held_bytes = [], 0, 0

    def _write(self, values: Values) -> None:
        frame = encode(self._layout, values)
        place = self._writer.add(frame, packs.MEDIA)
        self._frames.append(
            FrameRef(
                place.pack_id, frame.rows, place.offset, frame.payload_length, len(frame.index),
                frame.index_crc,
            )
        )  # fmt: skip
        nulls = 0 if values.valid is None else int(np.count_nonzero(~values.valid))
        self._statistics.append(
            stats.ColumnStatistics(stats.COUNTED, nulls, 0, stats.EMPTY_BOUND, stats.EMPTY_BOUND)
        )
        self.bytes += frame.payload_length + len(frame.index)
        self.refers |= len(values.held) < len(values.sizes)

    def _chunk(self) -> ColumnChunk:
        self._flush()
        column = self._column
        statistics = stats.merge(self._statistics)
        return ColumnChunk(column.column_id, tuple(self._frames), statistics, (), column.generation)
