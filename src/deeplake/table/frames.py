"""Reading frames: one general reader, and two fast ones for single cells and takes.

`FixedFrame` and `VarFrame` skip what is already known (the layout, verified blocks) and return
exactly what `FrameDecoder.slice` returns; tests compare them on random input.

A raw cell is None for NULL, else what `ColumnType.cell` takes: a NumPy scalar or a private array
(fixed), `(bytes, extras)` (var), or one-row column data (nested).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import ChecksumError, MalformedObjectError, TruncatedObjectError
from deeplake.format import frame as f
from deeplake.format import packed
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.decode import FrameDecoder
from deeplake.format.keys import OBJECT_ID_BYTES, object_key
from deeplake.loading import later
from deeplake.table.payload import LocalPayload, RemotePayload
from deeplake.types.base import FixedData, FixedLayout, VarData, VarLayout

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import FrameRef
    from deeplake.types import data as columnar
    from deeplake.types.base import ColumnData, Layout
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]
    Valid = npt.NDArray[np.bool_]
else:
    columnar = later("deeplake.types.data")

WHOLE_BYTES_MAX = 256 << 10
"""A frame up to this size is read whole, payload and index in one request."""


def open_frame(objects: Objects, layout: Layout, ref: FrameRef, own_key: str) -> Frame:
    """A reader of the frame at `ref`; `own_key` is the object of its fragment block.

    Raises:
        TruncatedObjectError: the object ends before the frame does.
        ChecksumError: the frame's index is damaged.
    """
    key = object_key(ref.object_id) if ref.object_id else own_key
    where = f"the frame at byte {ref.offset} of {key}"
    total = ref.length + ref.index_length
    packed = len(ref.object_id) == OBJECT_ID_BYTES
    mapped = objects.store.map(key) if packed and not objects.store.remote else None
    if mapped is not None:
        if len(mapped) < ref.offset + total:
            raise TruncatedObjectError(
                f"{key} is {len(mapped)} bytes long; {where} needs {ref.offset + total}.",
                hint="Restore the object from a backup.",
            )
        whole = mapped[ref.offset : ref.offset + total]
    elif total <= WHOLE_BYTES_MAX:
        whole = np.frombuffer(objects.store.get_range(key, ref.offset, total), np.uint8)
    else:
        raw = objects.store.get_range(key, ref.offset + ref.length, ref.index_length)
        index = _index(np.frombuffer(raw, np.uint8), ref, where)
        payload = RemotePayload(objects, key, ref.offset, ref.length, index)
        decoder = FrameDecoder(layout, ref.rows, index, payload, objects.texts)
        if index.find(f.REFERENCES) is not None:
            return _elsewhere(objects, decoder, ref, own_key)
        plain = isinstance(layout, VarLayout) and index.need(f.VALUES).codec == f.PLAIN
        return RemoteVarFrame(decoder) if plain else Frame(decoder)
    index = _index(whole[ref.length :], ref, where)
    if index.find(f.REFERENCES) is not None:
        local = LocalPayload(objects, whole[: ref.length], index)
        decoder = FrameDecoder(layout, ref.rows, index, local, objects.texts)
        return _elsewhere(objects, decoder, ref, own_key)
    return local_frame(objects, layout, ref.rows, index, whole[: ref.length])


def _elsewhere(objects: Objects, decoder: FrameDecoder, ref: FrameRef, own_key: str) -> Frame:
    """A reader of values that lie in other objects.

    Raises:
        MalformedObjectError: the column is not one of media.
    """
    from deeplake.table.references import ReferencedFrame  # few tables have any

    if not isinstance(decoder.layout, VarLayout) or decoder.layout.compress:
        raise MalformedObjectError(f"{decoder.index.where} refers to values it should hold")
    return ReferencedFrame(objects, decoder, ref, own_key)


def _index(raw: npt.NDArray[np.uint8], ref: FrameRef, where: str) -> f.FrameIndex:
    if crc32c(raw) != ref.index_crc:
        raise damaged(f"the index of {where}")
    return f.FrameIndex(raw, ref.length, where)


def local_frame(
    objects: Objects, layout: Layout, rows: int, index: f.FrameIndex, data: npt.NDArray[np.uint8]
) -> Frame:
    """The fastest reader of a frame whose payload is at hand."""
    payload = LocalPayload(objects, data, index)
    decoder = FrameDecoder(layout, rows, index, payload, objects.texts)
    if isinstance(layout, FixedLayout):
        packed = index.need(f.VALUES).codec == f.PACKED
        return PackedFrame(decoder, payload) if packed else FixedFrame(decoder, payload)
    if isinstance(layout, VarLayout) and index.need(f.VALUES).codec == f.PLAIN:
        return VarFrame(decoder, payload)
    return Frame(decoder)


class Frame:
    """Any frame, by way of the general decoder."""

    __slots__ = ("decoder", "valid")

    straight = False
    """Whether `fill` copies into the memory given: a reader of runs then goes on where it ended."""

    def __init__(self, decoder: FrameDecoder) -> None:
        self.decoder = decoder
        self.valid = decoder.index.validity(decoder.rows)

    def nulls(self, rows: Rows) -> int:
        """NULLs among rows by position; reads no values."""
        return 0 if self.valid is None else len(rows) - int(np.count_nonzero(self.valid[rows]))

    def cell(self, row: int) -> Any:
        """One raw cell."""
        if self.valid is not None and not self.valid[row]:
            return None
        data = self.decoder.slice(row, row + 1)
        if isinstance(data, VarData):
            return _joined(data), tuple(extra[0] for extra in data.extras)
        return data.values[0].copy() if isinstance(data, FixedData) else columnar.private(data)

    def stored(self, row: int) -> bytes | None:
        """The stored bytes of one cell of a var column, None for NULL."""
        cell = self.cell(row)
        return None if cell is None else cell[0]

    def slice(self, low: int, high: int) -> ColumnData:
        """Rows low:high; may share memory with the frame."""
        return self.decoder.slice(low, high)

    def fill(self, low: int, high: int, out: npt.NDArray[Any]) -> Valid | None:
        """Rows low:high of a fixed column straight into `out`; which of them are not NULL."""
        data = self.slice(low, high)
        assert isinstance(data, FixedData)
        out[...] = data.values
        return data.valid

    def take(self, rows: Rows) -> ColumnData:
        """Rows by position."""
        decoder = self.decoder
        if isinstance(decoder.layout, VarLayout):
            if decoder.index.need(f.VALUES).codec == f.ZSTD_BLOCKS:
                return decoder.take_text(rows)
        elif not isinstance(decoder.payload, RemotePayload) or len(rows) >= decoder.payload.blocks:
            return decoder.take(rows)
        low, high = int(rows.min()), int(rows.max()) + 1
        if high - low <= 4 * len(rows):
            return columnar.take_rows(decoder.slice(low, high), rows - low)
        return columnar.concat([decoder.slice(row, row + 1) for row in rows.tolist()])


def _joined(data: VarData) -> bytes:
    return bytes(data.buffers[0]) if data.buffers else b""


class RemoteVarFrame(Frame):
    """Media behind requests: a take asks for all its values in one coalesced call."""

    __slots__ = ()

    def take(self, rows: Rows) -> ColumnData:
        """Rows by position, fetched in parallel and verified one by one."""
        decoder, payload = self.decoder, self.decoder.payload
        if not isinstance(payload, RemotePayload) or decoder.externals():
            return super().take(rows)
        offsets = decoder.offsets(decoder.rows)
        base = decoder.index.need(f.VALUES).offset
        starts, stops = (base + offsets[rows]).tolist(), (base + offsets[rows + 1]).tolist()
        found = payload.read_many(list(zip(starts, stops, strict=True)))
        buffers = [b.tobytes() for b in found]
        decoder.verify_rows(rows.tolist(), buffers)
        valid = None if self.valid is None else self.valid[rows]
        sizes = offsets[rows + 1] - offsets[rows]
        extras = tuple(extra[rows] for extra in decoder.extras())
        return VarData(columnar.offsets_of(sizes), buffers, valid, extras)


class FixedFrame(Frame):
    """Fixed rows at hand: cells by index, blocks verified at first touch."""

    __slots__ = ("_array", "_norms", "_payload", "_scalar", "_stride")

    straight = True

    def __init__(self, decoder: FrameDecoder, payload: LocalPayload) -> None:
        super().__init__(decoder)
        layout = decoder.layout
        assert isinstance(layout, FixedLayout)
        dtype = np.dtype(layout.dtype)
        entry = decoder.index.need(f.VALUES)
        self._stride = dtype.itemsize * int(np.prod(layout.shape, dtype=np.int64))
        self._payload: LocalPayload | None = payload
        self._scalar = not layout.shape
        if entry.codec == f.PLAIN:
            whole = payload.data[entry.offset : entry.offset + entry.length]
            decoder.slice(0, 0)  # checks the declared lengths
            self._array = whole.view(dtype).reshape(decoder.rows, *layout.shape)
        else:
            self._array = decoder.unpacked(entry, 0, dtype, decoder.rows)
            self._payload = None
        self._norms = decoder.index.small(f.NORMS, "<f4")

    def cell(self, row: int) -> Any:
        """One raw cell, as a private copy."""
        if self.valid is not None and not self.valid[row]:
            return None
        payload = self._payload
        if payload is not None and payload.unseen:
            self._verify_row(payload, row)
        value = self._array[row]
        return value if self._scalar else value.copy()

    def _verify_row(self, payload: LocalPayload, row: int) -> None:
        start, size = row * self._stride, payload.block_bytes
        first, last = start // size, (start + self._stride - 1) // size
        if first == last:
            if not payload.seen[first]:
                payload.verify_blocks([first])
        else:
            payload.verify_blocks(range(first, last + 1))

    def slice(self, low: int, high: int) -> FixedData:
        """Rows low:high, a view of the frame."""
        if self._payload is not None and self._payload.unseen:
            self._payload.verify(low * self._stride, high * self._stride)
        valid = None if self.valid is None else self.valid[low:high]
        norms = None if self._norms is None else self._norms[low:high]
        return FixedData(self._array[low:high], valid, norms)

    def fill(self, low: int, high: int, out: npt.NDArray[Any]) -> Valid | None:
        """Rows low:high straight into `out`; which of them are not NULL."""
        out[...] = self.verified(low, high)
        return None if self.valid is None else self.valid[low:high]

    def fill_runs(self, runs: Sequence[tuple[int, int]], out: npt.NDArray[Any]) -> Valid | None:
        """Ascending runs of rows, one after another, into all of `out`."""
        payload, array, valid = self._payload, self._array, self.valid
        if payload is not None and payload.unseen:
            try:
                payload.verify(runs[0][0] * self._stride, runs[-1][1] * self._stride)
            except ChecksumError:  # perhaps of rows between the runs
                for low, high in runs:
                    payload.verify(low * self._stride, high * self._stride)
        np.concatenate([array[low:high] for low, high in runs], out=out)
        return None if valid is None else np.concatenate([valid[low:high] for low, high in runs])

    def verified(self, low: int, high: int) -> npt.NDArray[Any]:
        """Values of rows low:high, a view."""
        if self._payload is not None and self._payload.unseen:
            self._payload.verify(low * self._stride, high * self._stride)
        return self._array[low:high]

    def verify(self, low: int, high: int) -> None:
        """Verify the blocks of rows low:high in few calls, each of which lets other threads run."""
        if self._payload is not None and self._payload.unseen:
            at_once = len(self._payload.seen)
            self._payload.verify(low * self._stride, high * self._stride, at_once)

    @property
    def all_verified(self) -> bool:
        """Whether every block was."""
        return self._payload is None or not self._payload.unseen

    def take(self, rows: Rows) -> FixedData:
        """Rows by position, gathered into a new array."""
        self.verify_rows(rows)
        valid = None if self.valid is None else self.valid[rows]
        norms = None if self._norms is None else self._norms[rows]
        return FixedData(self._array.take(rows, axis=0), valid, norms)

    def take_into(self, rows: Rows, out: npt.NDArray[Any], at: Rows | None) -> None:
        """Rows by position, straight into `out[at]`; into all of `out`, in order, if None."""
        self.verify_rows(rows)
        put_into(out, at, self._array, rows)

    def verify_rows(self, rows: Rows) -> None:
        """Verify the blocks under these rows."""
        payload = self._payload
        if payload is None or not payload.unseen:
            return
        first = rows * self._stride // payload.block_bytes
        last = (rows * self._stride + self._stride - 1) // payload.block_bytes
        if int((last - first).max(initial=0)) <= 1:
            touched = np.zeros(len(payload.seen), np.bool_)  # np.unique would load numpy.ma, 8 ms
            touched[first] = touched[last] = True
            payload.verify_blocks(np.flatnonzero(touched).tolist())
            return
        for low, high in zip(first.tolist(), last.tolist(), strict=True):
            payload.verify_blocks(range(low, high + 1))


UNPACKED_AFTER = 32
"""Cells read one by one of a packed frame before all of it is unpacked: 2.5 us each, against 40 us
once and 0.3 us each from then on."""

TAKE_CELLS = 16
"""So many cells one by one cost as much as a take of a few rows."""


class PackedFrame(FixedFrame):
    """Packed integers at hand: a few rows are picked out, for more all are unpacked."""

    __slots__ = ("_dtype", "_packed", "_packing", "_spent", "_start", "_unpacked")

    def __init__(self, decoder: FrameDecoder, payload: LocalPayload) -> None:
        Frame.__init__(self, decoder)
        layout = decoder.layout
        assert isinstance(layout, FixedLayout)
        if layout.shape:
            raise MalformedObjectError(f"{decoder.index.where} packs what must be plain")
        entry = decoder.index.need(f.VALUES)
        self._dtype = np.dtype(layout.dtype)
        self._packing = decoder.packing(entry, self._dtype)
        self._start = entry.offset
        self._packed = payload
        self._unpacked = False
        self._spent = 0
        self._stride = self._dtype.itemsize
        self._scalar = True
        self._norms = None
        self._payload = None

    def _unpack(self) -> npt.NDArray[Any]:
        """All rows."""
        if not self._unpacked:
            decoder = self.decoder
            entry = decoder.index.need(f.VALUES)
            self._array = decoder.unpacked(entry, 0, self._dtype, decoder.rows)
            self._unpacked = True
        found: npt.NDArray[Any] = self._array
        return found

    def _spares(self, cost: int) -> bool:
        """Whether it is still cheaper not to unpack all."""
        self._spent += cost
        return not self._unpacked and self._spent <= UNPACKED_AFTER

    def _group(self, group: int) -> tuple[int, int]:
        """Where a group begins, and how many rows it has; it is verified."""
        size = self._packing.group_bytes
        start = self._start + group * size
        if self._packed.unseen:
            self._packed.verify(start, min(start + size, len(self._packed.data)))
        rows = self.decoder.rows - group * packed.GROUP_ROWS
        return start, min(rows, packed.GROUP_ROWS)

    def _picked(self, rows: Rows) -> npt.NDArray[Any]:
        """Some rows."""
        groups = rows // packed.GROUP_ROWS
        places = {group: self._group(group) for group in dict.fromkeys(groups.tolist())}
        starts, sizes = np.array([places[group] for group in groups.tolist()]).T
        inner, (base, width) = rows % packed.GROUP_ROWS, self._packing
        numbers = packed.gather(self._packed.data, starts, inner, sizes, width)
        found: npt.NDArray[Any] = numbers.astype(self._dtype) + self._dtype.type(base)
        return found

    def cell(self, row: int) -> Any:
        """One raw cell."""
        if not self._spares(1):
            self._unpack()
            return super().cell(row)
        if self.valid is not None and not self.valid[row]:
            return None
        group, inner = divmod(row, packed.GROUP_ROWS)
        base, width = self._packing
        number = packed.one(self._packed.data, *self._group(group), inner, width)
        return self._dtype.type(number + base)

    def slice(self, low: int, high: int) -> FixedData:
        """Rows low:high."""
        self._unpack()
        return super().slice(low, high)

    def fill_runs(self, runs: Sequence[tuple[int, int]], out: npt.NDArray[Any]) -> Valid | None:
        """Ascending runs of rows, one after another, into all of `out`."""
        self._unpack()
        return super().fill_runs(runs, out)

    def verified(self, low: int, high: int) -> npt.NDArray[Any]:
        """Values of rows low:high."""
        return self._unpack()[low:high]

    @property
    def all_verified(self) -> bool:
        """Whether all rows are there."""
        return self._unpacked

    def take(self, rows: Rows) -> FixedData:
        """Rows by position, gathered into a new array."""
        if self._spares(TAKE_CELLS + len(rows) // 8):
            valid = None if self.valid is None else self.valid[rows]
            return FixedData(self._picked(rows), valid)
        self._unpack()
        return super().take(rows)

    def take_into(self, rows: Rows, out: npt.NDArray[Any], at: Rows | None) -> None:
        """Rows by position, straight into `out[at]`; into all of `out`, in order, if None."""
        if self._spares(TAKE_CELLS + len(rows) // 8):
            out[slice(None) if at is None else at] = self._picked(rows)
            return
        self._unpack()
        super().take_into(rows, out, at)


def put_into(
    out: npt.NDArray[Any], at: Rows | None, values: npt.NDArray[Any], rows: Rows | slice
) -> None:
    """out[at] = values[rows], both C-contiguous; into all of `out`, in order, if `at` is None.

    >>> out = np.zeros((3, 2), np.int8)
    >>> put_into(out, np.array([2, 0]), np.array([[1, 2], [3, 4]], np.int8), slice(0, 2))
    >>> out.tolist()
    [[3, 4], [0, 0], [1, 2]]
    """
    if at is None:
        if isinstance(rows, slice):
            out[...] = values[rows]
        else:  # "clip" writes straight into `out`; "raise" would buffer it. No row is outside.
            np.take(values, rows, axis=0, out=out, mode="clip")
        return
    stored = elements(values)
    if stored is values:
        out[at] = values[rows]
    else:
        elements(out, stored.dtype)[at] = stored[rows]


def elements(array: npt.NDArray[Any], dtype: np.dtype[np.void] | None = None) -> npt.NDArray[Any]:
    """Whole rows of a C-contiguous array as single elements, which are moved 1.3x faster; itself
    if they are no longer than that.

    Args:
        array: (rows, *shape).
        dtype: of these elements, where it is known.
    """
    if dtype is None:
        width = array.itemsize * int(np.prod(array.shape[1:], dtype=np.int64))
        if array.ndim < 2 or not width or not len(array):
            return array
        dtype = np.dtype((np.void, width))
    flat = array if array.ndim == 2 else array.reshape(len(array), -1)
    return flat.view(dtype)[:, 0]


class VarFrame(Frame):
    """Rows of plain bytes at hand: each value is copied out and verified on its own."""

    __slots__ = ("_externals", "_extras", "_offsets", "_sums", "_view")

    def __init__(self, decoder: FrameDecoder, payload: LocalPayload) -> None:
        super().__init__(decoder)
        entry = decoder.index.need(f.VALUES)
        decoder.verify_rows([], [])  # checks that the checksums are there
        self._view = payload.data.data[entry.offset : entry.offset + entry.length]
        self._offsets = decoder.offsets(decoder.rows)
        self._sums = decoder.index.small(f.CHECKSUMS, "<u4")
        self._externals = decoder.externals()
        self._extras = decoder.extras()

    def stored(self, row: int) -> bytes | None:
        """The stored bytes of one cell, None for NULL."""
        if self.valid is not None and not self.valid[row]:
            return None
        if row in self._externals:
            return self.decoder.external(self._externals[row])
        offsets = self._offsets
        value = bytes(self._view[offsets.item(row) : offsets.item(row + 1)])
        if crc32c(value) != self._sums.item(row):  # type: ignore[union-attr]
            raise self._damaged(row)
        return value

    def _damaged(self, row: int) -> ChecksumError:
        return damaged(f"row {row} of {self.decoder.index.where}")

    def cell(self, row: int) -> Any:
        """One raw cell."""
        value = self.stored(row)
        return None if value is None else (value, tuple(extra[row] for extra in self._extras))

    def slice(self, low: int, high: int) -> ColumnData:
        """Rows low:high."""
        return self.take(np.arange(low, high))

    def sizes(self, rows: Rows) -> Rows:
        """Bytes of rows by position; reads none of them."""
        sizes: Rows = self._offsets[rows + 1] - self._offsets[rows]
        if self._externals:
            for k, row in enumerate(rows.tolist()):
                if row in self._externals:
                    sizes[k] = self._externals[row][2]
        return sizes

    def take(self, rows: Rows) -> VarData:
        """Rows by position, each copied once."""
        offsets, view = self._offsets, self._view
        starts, stops = offsets[rows].tolist(), offsets[rows + 1].tolist()
        sums = self._sums[rows].tolist()  # type: ignore[index]
        buffers = [bytes(view[a:z]) for a, z in zip(starts, stops, strict=True)]
        if [crc32c(b) for b in buffers] != sums:
            bad = next(k for k, b in enumerate(buffers) if crc32c(b) != sums[k])
            raise self._damaged(int(rows[bad]))
        sizes = offsets[rows + 1] - offsets[rows]
        if self._externals:
            for k, row in enumerate(rows.tolist()):
                if row in self._externals:
                    buffers[k] = self.decoder.external(self._externals[row])
                    sizes[k] = len(buffers[k])
        valid = None if self.valid is None else self.valid[rows]
        extras = tuple(extra[rows] for extra in self._extras)
        return VarData(columnar.offsets_of(sizes), buffers, valid, extras)
