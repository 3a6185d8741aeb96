"""Frames -> column data. SPEC section "Frames", reading side.

`FrameDecoder.slice` is the one general reader: any layout, any codec, any run of rows, reading
and verifying only the bytes it needs. The table room has faster readers for single cells of
flat layouts; they must return the same (tests/table/test_fast_paths.py).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import MalformedObjectError
from deeplake.format import frame as f
from deeplake.format import packed
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.packed import WIDTHS, Packing, size_of
from deeplake.format.text import TextReader
from deeplake.format.unpack import unpack
from deeplake.loading import later
from deeplake.types.base import (
    FixedData,
    FixedLayout,
    ListData,
    ListLayout,
    StructData,
    StructLayout,
    VarData,
    VarLayout,
)

if TYPE_CHECKING:
    from typing import Protocol

    import numpy.typing as npt

    from deeplake.format.text import TextBlocks
    from deeplake.types.base import ColumnData, Layout

    Bytes = npt.NDArray[np.uint8]
    from deeplake.types import data as columnar

    class Payload(Protocol):
        """The payload bytes of one frame."""

        def read(self, start: int, stop: int) -> Bytes:
            """Bytes start:stop, block checksums verified where the frame has them."""
            ...

        def read_many(self, ranges: list[tuple[int, int]]) -> list[Bytes]:
            """Bytes start:stop of each range, in one round where a request costs milliseconds."""
            ...

        def external(self, object_id: bytes, length: int) -> Bytes:
            """A value stored as an object of its own."""
            ...
else:
    columnar = later("deeplake.types.data")


def node_count(layout: Layout) -> int:
    """Layout nodes in preorder, `layout` included."""
    if isinstance(layout, ListLayout):
        return 1 + node_count(layout.child)
    if isinstance(layout, StructLayout):
        return 1 + sum(node_count(child) for _, child in layout.fields)
    return 1


class FrameDecoder:
    """Reads runs of rows of one frame.

    Args:
        layout: the column's layout.
        rows: rows of the frame.
        index: its parsed index.
        payload: its payload.
        texts: where decompressed text is kept; a bound of its own if None.

    Raises:
        MalformedObjectError: the frame has no checksums of the kind its layout needs.
    """

    __slots__ = ("_decoded", "_texts", "index", "layout", "payload", "rows")

    def __init__(
        self,
        layout: Layout,
        rows: int,
        index: f.FrameIndex,
        payload: Payload,
        texts: TextBlocks | None = None,
    ) -> None:
        self.layout = layout
        self.rows = rows
        self.index = index
        self.payload = payload
        self._decoded: dict[tuple[str, int], Any] = {}
        self._texts = texts
        if bool(index.block_bytes) == isinstance(layout, VarLayout):
            raise MalformedObjectError(f"{index.where} is not checksummed as its column should be")

    def slice(self, low: int, high: int) -> ColumnData:
        """Rows low:high of the frame.

        Raises:
            ChecksumError: a block or value does not match its checksum.
            MalformedObjectError: the frame contradicts itself.
        """
        if isinstance(self.layout, VarLayout):
            return self._var_top(low, high)
        return self._node(self.layout, 0, self.rows, low, high)[0]

    def _node(
        self, layout: Layout, node: int, rows: int, low: int, high: int
    ) -> tuple[ColumnData, int]:
        """Rows low:high of a layout node that has `rows` rows; and the next node's number."""
        valid = self._valid(rows, node, low, high)
        if isinstance(layout, FixedLayout):
            norms = self.index.small(f.NORMS, "<f4", node)
            if norms is not None and len(norms) != rows:
                raise MalformedObjectError(f"the norms of {self.index.where} miss rows")
            values = self._fixed(layout, node, rows, low, high)
            return FixedData(values, valid, None if norms is None else norms[low:high]), node + 1
        if isinstance(layout, StructLayout):
            children, after = [], node + 1
            for _, child in layout.fields:
                data, after = self._node(child, after, rows, low, high)
                children.append(data)
            return StructData(high - low, tuple(children), valid), after
        whole = self.offsets(rows, node)
        first, last = int(whole[low]), int(whole[high])
        offsets = whole[low : high + 1] - first
        if isinstance(layout, ListLayout):
            child_data, after = self._node(layout.child, node + 1, int(whole[-1]), first, last)
            return ListData(offsets, child_data, valid), after
        entry = self.plain_bytes(int(whole[-1]), node)
        stored = self.payload.read(entry.offset + first, entry.offset + last)
        cut = tuple(extra[low:high] for extra in self._extras(layout, rows, node))
        return VarData(offsets, [stored], valid, cut), node + 1

    def take(self, rows: npt.NDArray[np.int64]) -> ColumnData:
        """Rows by position, in the order given, whatever is not text of its own.

        Reads and verifies the whole frame: for payloads at hand, or rows of most of its blocks.

        Raises:
            ChecksumError, MalformedObjectError: as `slice`.
        """
        return self._take(self.layout, 0, self.rows, rows)[0]

    def _take(
        self, layout: Layout, node: int, count: int, rows: npt.NDArray[np.int64]
    ) -> tuple[ColumnData, int]:
        """`_node` for rows by position."""
        if isinstance(layout, FixedLayout):
            whole, after = self._node(layout, node, count, 0, count)
            return columnar.take_rows(whole, rows), after
        valid = self._valid(count, node, 0, count)
        valid = None if valid is None or valid[rows].all() else valid[rows]
        if isinstance(layout, StructLayout):
            children, after = [], node + 1
            for _, child in layout.fields:
                data, after = self._take(child, after, count, rows)
                children.append(data)
            return StructData(len(rows), tuple(children), valid), after
        ends = self.offsets(count, node)
        starts, sizes = ends[rows], ends[rows + 1] - ends[rows]
        offsets = columnar.offsets_of(sizes)
        if isinstance(layout, ListLayout):
            inner = np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])
            data, after = self._take(layout.child, node + 1, int(ends[-1]), inner)
            return ListData(offsets, data, valid), after
        entry = self.plain_bytes(int(ends[-1]), node)
        stored = self.payload.read(entry.offset, entry.offset + entry.length).data
        cuts = zip(starts.tolist(), (starts + sizes).tolist(), strict=True)
        extras = tuple(extra[rows] for extra in self._extras(layout, count, node))
        return VarData(offsets, [bytes(stored[a:z]) for a, z in cuts], valid, extras), node + 1

    def _valid(self, rows: int, node: int, low: int, high: int) -> npt.NDArray[np.bool_] | None:
        key = ("valid", node)
        if key not in self._decoded:
            self._decoded[key] = self.index.validity(rows, node)
        whole = self._decoded[key]
        if whole is None or whole[low:high].all():
            return None
        cut: npt.NDArray[np.bool_] = whole[low:high]
        return cut

    def offsets(self, rows: int, node: int = 0) -> npt.NDArray[np.int64]:
        """Offsets of a var or list node, parsed once."""
        key = ("offsets", node)
        found = self._decoded.get(key)
        if found is None:
            found = self._decoded[key] = self.index.offsets(rows, node)
        return found

    def extras(self) -> tuple[npt.NDArray[Any], ...]:
        """The extras of a var column on its own."""
        if not isinstance(self.layout, VarLayout):
            return ()
        found = self._decoded.get(("extras", 0))
        if found is None:
            found = self._decoded["extras", 0] = self._extras(self.layout, self.rows, 0)
        return found

    def _extras(self, layout: VarLayout, rows: int, node: int) -> tuple[npt.NDArray[Any], ...]:
        found = []
        for k, extra in enumerate(layout.extras):
            array = self.index.small(f.EXTRA + k, extra.dtype, node)
            if array is None:
                raise MalformedObjectError(f"{self.index.where} lacks the extra {extra.name!r}")
            width = extra.width or 1
            if extra.width < 0:
                width = len(array) // rows if rows else 0
            if len(array) != rows * width:
                raise MalformedObjectError(f"{self.index.where}: {extra.name!r} misses rows")
            if extra.width:
                array = array.reshape(rows, width)
            found.append(array)
        return tuple(found)

    def _fixed(
        self, layout: FixedLayout, node: int, rows: int, low: int, high: int
    ) -> npt.NDArray[Any]:
        entry = self.index.need(f.VALUES, node)
        dtype = np.dtype(layout.dtype)
        stride = dtype.itemsize * int(np.prod(layout.shape, dtype=np.int64))
        if entry.codec == f.PLAIN:
            if entry.length != stride * rows:
                raise MalformedObjectError(
                    f"{self.index.where} does not hold {rows} rows of {stride} bytes"
                )
            start = entry.offset + low * stride
            raw = self.payload.read(start, start + (high - low) * stride)
            return raw.view(dtype).reshape(high - low, *layout.shape)
        if layout.shape:
            raise MalformedObjectError(f"{self.index.where} compresses what must be plain")
        values = self.unpacked(entry, node, dtype, rows)
        return values[low:high].reshape(high - low, *layout.shape)

    def unpacked(
        self, entry: f.BufferEntry, node: int, dtype: np.dtype[Any], rows: int
    ) -> npt.NDArray[Any]:
        """A compressed buffer of one-number rows, decoded once and kept."""
        key = ("values", node)
        found = self._decoded.get(key)
        if found is None:
            stored = self.payload.read(entry.offset, entry.offset + entry.length)
            if entry.codec == f.PACKED and not node:
                found = packed.unpack(stored, self.packing(entry, dtype), rows, dtype)
            else:
                found = unpack(stored, entry, dtype, rows, self.index.where)
            self._decoded[key] = found
        return found

    def packing(self, entry: f.BufferEntry, dtype: np.dtype[Any]) -> Packing:
        """How the integers of the column are packed.

        Raises:
            MalformedObjectError: not as the specification says.
        """
        told = self.index.small(f.PACKING, np.uint8)
        if told is None or len(told) != 12 or dtype.kind not in "iu":
            raise MalformedObjectError(f"{self.index.where} does not tell how it is packed")
        base = int.from_bytes(told[:8].tobytes(), "little", signed=dtype.kind == "i")
        width = int.from_bytes(told[8:].tobytes(), "little")
        if width not in WIDTHS or entry.length != size_of(self.rows, width):
            raise MalformedObjectError(f"{self.index.where} does not hold {self.rows} packed rows")
        if not np.iinfo(dtype).min <= base <= np.iinfo(dtype).max:
            raise MalformedObjectError(f"{self.index.where} is packed beyond its type")
        return Packing(base, width)

    def plain_bytes(self, size: int, node: int = 0) -> f.BufferEntry:
        """The values of a var node, stored as they are, of the size that its offsets say."""
        entry = self.index.need(f.VALUES, node)
        if entry.codec != f.PLAIN or entry.length != size:
            raise MalformedObjectError(f"the values of {self.index.where} do not fit its offsets")
        return entry

    # --- var columns on their own: each row, or each text block, has its own checksum --------

    def _var_top(self, low: int, high: int) -> VarData:
        valid = self._valid(self.rows, 0, low, high)
        extras = tuple(extra[low:high] for extra in self.extras())
        offsets = self.offsets(self.rows)
        if self.index.need(f.VALUES).codec == f.ZSTD_BLOCKS:
            joined = self.text().joined(low, high)
            return VarData(offsets[low : high + 1] - offsets[low], [joined], valid, extras)
        entry = self.plain_bytes(int(offsets[-1]))
        first = int(offsets[low])
        last = int(offsets[high])
        stored = self.payload.read(entry.offset + first, entry.offset + last).data
        cuts = (offsets[low : high + 1] - first).tolist()
        buffers: list[Any] = [bytes(stored[a:z]) for a, z in pairwise(cuts)]
        self.verify_rows(range(low, high), buffers)
        sizes = np.diff(offsets[low : high + 1])
        for row, record in self.externals().items():
            if low <= row < high:
                buffers[row - low] = self.external(record)
                sizes[row - low] = record[2]
        return VarData(columnar.offsets_of(sizes), buffers, valid, extras)

    def verify_rows(self, rows: range | list[int], buffers: list[bytes]) -> None:
        """Compare values with their checksums; ChecksumError names the row within the frame."""
        sums = self._decoded.get(("sums", 0))
        if sums is None:
            sums = self.index.small(f.CHECKSUMS, "<u4")
            if sums is None or len(sums) != self.rows:
                raise MalformedObjectError(f"{self.index.where} lacks checksums of its rows")
            self._decoded["sums", 0] = sums
        for row, buffer in zip(rows, buffers, strict=True):
            if crc32c(buffer) != sums[row]:
                raise damaged(f"row {row} of {self.index.where}")

    def text(self) -> TextReader:
        """The reader of a text column's blocks, made once."""
        found = self._decoded.get(("text", 0))
        if found is None:
            offsets = self.offsets(self.rows)
            found = TextReader(self.index, self.payload, offsets, self._texts)
            self._decoded["text", 0] = found
        return found

    def take_text(self, rows: npt.NDArray[np.int64]) -> VarData:
        """Text rows by position, in the order given."""
        valid = self._valid(self.rows, 0, 0, self.rows)
        valid = None if valid is None or valid[rows].all() else valid[rows]
        offsets = self.offsets(self.rows)
        extras = tuple(extra[rows] for extra in self.extras())
        sizes = offsets[rows + 1] - offsets[rows]
        return VarData(columnar.offsets_of(sizes), self.text().rows(rows), valid, extras)

    def externals(self) -> dict[int, tuple[bytes, int, int]]:
        """Row -> (object id, crc, length) of values stored as objects of their own."""
        found = self._decoded.get(("external", 0))
        if found is None:
            table = self.index.small(f.EXTERNAL, f.EXTERNAL_DTYPE)
            records = [] if table is None else table.tolist()
            if any(record[0] >= self.rows for record in records):
                raise MalformedObjectError(f"{self.index.where} names values of rows it lacks")
            found = {r[0]: (bytes(r[3]), r[1], r[2]) for r in records}
            self._decoded["external", 0] = found
        return found

    def external(self, record: tuple[bytes, int, int]) -> bytes:
        """One external value, read and verified."""
        object_id, crc, length = record
        value = self.payload.external(object_id, length).tobytes()
        if crc32c(value) != crc:
            raise damaged(f"object packs/{object_id.hex()[:2]}/{object_id.hex()}")
        return value
