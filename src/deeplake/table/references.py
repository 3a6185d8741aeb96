"""Reading frames whose values lie elsewhere, and telling where the values of any frame lie.

A compaction of media writes only where each value is (`format.references`); reading one costs
what it costs in the frame it was written with: one slice of a map, or one range, verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import ChecksumError, MalformedObjectError, TruncatedObjectError
from deeplake.format import frame as f
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.keys import OBJECT_ID_BYTES, object_key
from deeplake.format.references import HERE, Values, decode_runs
from deeplake.table.frames import Frame
from deeplake.types.base import VarData
from deeplake.types.data import offsets_of, var_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.format.decode import FrameDecoder
    from deeplake.format.fragment import FrameRef
    from deeplake.types.base import ColumnData
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]


class ReferencedFrame(Frame):
    """Rows of bytes that lie in other objects; each value is read and verified on its own.

    Args:
        objects: where.
        decoder: of the frame.
        ref: its place.
        own_key: the object it lies in.
    """

    __slots__ = ("_keys", "_maps", "_objects", "_stops", "values")

    def __init__(
        self, objects: Objects, decoder: FrameDecoder, ref: FrameRef, own_key: str
    ) -> None:
        super().__init__(decoder)
        self._objects = objects
        self.values = _values(decoder, ref)
        self._stops = self.values.starts + self.values.sizes
        self._keys = [object_key(home) if home else own_key for home in self.values.homes]
        self._maps: list[memoryview | None] = [None] * len(self._keys)

    def stored(self, row: int) -> bytes | None:
        """The stored bytes of one cell, None for NULL."""
        if self.valid is not None and not self.valid[row]:
            return None
        values = self.values
        if row in values.externals:
            return self.decoder.external(values.externals[row])
        start, stop, home = values.starts.item(row), self._stops.item(row), values.at.item(row)
        view = self._maps[home] or self._map(home)
        if view is None:
            key = self._keys[home]
            value = bytes(self._objects.store.get_range(key, start, stop - start))
        else:
            value = bytes(view[start:stop])
        if crc32c(value) != values.sums.item(row):
            raise self._damaged(row, value)
        return value

    def _map(self, home: int) -> memoryview | None:
        """A pack as bytes at hand; None behind requests, and for slots."""
        store, key = self._objects.store, self._keys[home]
        if store.remote or not key.startswith("packs/"):
            return None
        whole = store.map(key)
        if whole is None:
            return None
        found = self._maps[home] = whole.data
        return found

    def _damaged(self, row: int, value: bytes) -> ChecksumError | TruncatedObjectError:
        values = self.values
        key, size = self._keys[values.at.item(row)], values.sizes.item(row)
        if len(value) < size:
            return TruncatedObjectError(
                f"{key} ends before byte {self._stops.item(row)}, which row {row} of "
                f"{self.decoder.index.where} needs.",
                hint="Restore the object from a backup.",
            )
        return damaged(f"the value at byte {values.starts.item(row)} of {key}")

    def cell(self, row: int) -> Any:
        """One raw cell."""
        value = self.stored(row)
        return None if value is None else (value, tuple(e[row] for e in self.values.extras))

    def slice(self, low: int, high: int) -> ColumnData:
        """Rows low:high."""
        return self.take(np.arange(low, high))

    def take(self, rows: Rows) -> VarData:
        """Rows by position, each copied once; of each object in one call behind requests."""
        values = self.values
        at = values.at[rows]
        buffers: list[Any] = [b""] * len(rows)
        homes = np.unique(at).tolist() if len(rows) else []

        def read(home: int) -> None:
            places = np.flatnonzero(at == home) if len(homes) > 1 else np.arange(len(rows))
            mine = rows[places]
            for place, value in zip(places.tolist(), self._read(home, mine), strict=True):
                buffers[place] = value

        self._objects.parallel(read, homes)
        sums = values.sums[rows].tolist()
        if [crc32c(b) for b in buffers] != sums:
            bad = next(k for k, b in enumerate(buffers) if crc32c(b) != sums[k])
            raise self._damaged(int(rows[bad]), buffers[bad])
        sizes = values.sizes[rows]
        if values.externals:
            for k, row in enumerate(rows.tolist()):
                if row in values.externals:
                    buffers[k] = self.decoder.external(values.externals[row])
                    sizes[k] = len(buffers[k])
        valid = None if self.valid is None else self.valid[rows]
        extras = tuple(extra[rows] for extra in values.extras)
        return VarData(offsets_of(sizes), buffers, valid, extras)

    def _read(self, home: int, rows: Rows) -> list[bytes]:
        starts, stops = self.values.starts[rows].tolist(), self._stops[rows].tolist()
        view = self._maps[home] or self._map(home)
        if view is not None:
            return [bytes(view[a:z]) for a, z in zip(starts, stops, strict=True)]
        wanted = [k for k, (a, z) in enumerate(zip(starts, stops, strict=True)) if z > a]
        ranges = [(starts[k], stops[k] - starts[k]) for k in wanted]
        found = [b""] * len(rows)
        answers = self._objects.store.get_ranges(self._keys[home], ranges) if ranges else ()
        for k, value in zip(wanted, answers, strict=True):
            found[k] = bytes(value)
        return found


def _values(decoder: FrameDecoder, ref: FrameRef) -> Values:
    """The values of a frame of references."""
    index, rows = decoder.index, decoder.rows
    decoder.verify_rows([], [])  # checks that the checksums are there
    offsets, sums = decoder.offsets(rows), index.small(f.CHECKSUMS, "<u4")
    base = index.need(f.VALUES)
    runs = decode_runs(index, rows)
    homes: dict[bytes, int] = {}
    firsts = np.array([run.row for run in runs])
    at = [homes.setdefault(_home(run.home, ref), len(homes)) for run in runs]
    here = ref.offset + base.offset
    moved = [run.offset + (here if run.home == HERE else 0) for run in runs]
    which = np.repeat(np.arange(len(runs)), np.diff([*firsts.tolist(), rows]))
    starts = np.array(moved, np.int64)[which] + offsets[:-1] - offsets[firsts][which]
    if int(starts.min(initial=0)) < 0:
        raise MalformedObjectError(f"the references of {index.where} lie before their objects")
    for run, stop in zip(runs, [*firsts[1:].tolist(), rows], strict=True):
        if run.home == HERE and run.offset + int(offsets[stop] - offsets[run.row]) > base.length:
            raise MalformedObjectError(f"the values of {index.where} lie outside its payload")
    assert sums is not None
    return Values(
        tuple(homes), np.array(at, np.int64)[which], starts, np.diff(offsets), sums,
        index.validity(rows), decoder.extras(), decoder.externals(), {},
    )  # fmt: skip


def _home(home: bytes, ref: FrameRef) -> bytes:
    return ref.object_id if home == HERE else home


def values_of(frame: Frame, ref: FrameRef) -> Values:
    """Where the values of a frame of media lie: in packs, or held where they ride in a slot."""
    if isinstance(frame, ReferencedFrame):
        return _without_slots(frame)
    decoder = frame.decoder
    if len(ref.object_id) != OBJECT_ID_BYTES:
        data = frame.slice(0, decoder.rows)
        assert isinstance(data, VarData)
        return held(data)
    rows, index = decoder.rows, decoder.index
    decoder.verify_rows([], [])
    offsets, sums = decoder.offsets(rows), index.small(f.CHECKSUMS, "<u4")
    assert sums is not None
    starts = offsets[:-1] + (ref.offset + index.need(f.VALUES).offset)
    return Values(
        (ref.object_id,), np.zeros(rows, np.int64), starts, np.diff(offsets), sums,
        frame.valid, decoder.extras(), decoder.externals(), {},
    )  # fmt: skip


def _without_slots(frame: ReferencedFrame) -> Values:
    """The values of a frame of references, held where they ride in a slot: a merge puts such frames
    into its own, with the small values that they do not refer to.
    """
    values = frame.values
    packs = np.array([len(home) == OBJECT_ID_BYTES for home in values.homes], np.bool_)
    if packs.all():
        return values
    rows = np.flatnonzero(~packs[values.at] & (values.sizes > 0))
    buffers = dict(zip(rows.tolist(), var_rows(frame.take(rows)), strict=True))
    homes = tuple(home for home in values.homes if len(home) == OBJECT_ID_BYTES)
    number = np.where(packs, np.cumsum(packs) - 1, 0)
    return values._replace(homes=homes, at=number[values.at], held=buffers)


def held(data: VarData) -> Values:
    """Values that are at hand."""
    buffers = var_rows(data)
    sizes = np.diff(data.offsets)
    nowhere = np.zeros(len(buffers), np.int64)
    sums = np.array([crc32c(b) for b in buffers], np.uint32)
    return Values(
        (), nowhere, nowhere, sizes, sums, data.valid, data.extras, {}, dict(enumerate(buffers))
    )
