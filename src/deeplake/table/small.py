"""Rows of thousands of small commits collected column by column, some microseconds each.

A commit of one row stores each column as a frame whose index looks like that of its neighbours but
for a checksum. So indexes are parsed once per look, and values are put together as bytes. What
looks otherwise is left to the general readers; every checksum is compared all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.format import frame as f
from deeplake.format.checksum import crc32c, damaged
from deeplake.types.base import FixedData, FixedLayout, VarData, VarLayout
from deeplake.types.data import offsets_of
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.format.fragment import PlainFragment, PlainFrame
    from deeplake.table.fragments import OpenFragment
    from deeplake.types.base import ColumnData, Layout

LOOKS_MAX = 256
"""Looks of indexes that are remembered."""


class SmallFragment(NamedTuple):
    """A fragment whose rows lie in the slot that holds its block, read whole."""

    key: str
    raw: bytes
    plain: PlainFragment
    open: Callable[[], OpenFragment]


class _Look(NamedTuple):
    """Where things lie in indexes that look alike."""

    sum_at: int
    """Checksum of the payload."""
    valid_at: int
    """Bitmap of one row, or -1."""
    norms_at: int
    offsets_at: int
    extras_at: tuple[int, ...]


class Collector:
    """One column of many small fragments."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._looks: dict[tuple[bytes, int, int], _Look | None] = {}
        self._values: list[bytes] = []
        self._valid: list[bool] = []
        self._norms: list[bytes] = []
        self._extras: list[list[bytes]] = []
        self.rows = 0
        self.bytes = 0
        self._stride = 0
        if isinstance(layout, FixedLayout):
            shape = int(np.prod(layout.shape, dtype=np.int64))
            self._stride = np.dtype(layout.dtype).itemsize * shape
        elif isinstance(layout, VarLayout):
            self._extras = [[] for _ in layout.extras]

    def take(self, small: SmallFragment, frame: PlainFrame) -> bool:
        """Add the rows of a frame; False if the general reader must.

        Raises:
            ChecksumError
        """
        raw, rows = small.raw, small.plain.rows
        middle = frame.offset + frame.length
        end = middle + frame.index_length
        if len(raw) < end:
            return False  # a large slot, of which only the beginning was read
        index = raw[middle:end]
        if crc32c(index) != frame.index_crc:
            raise damaged(f"the index of the frame at byte {frame.offset} of {small.key}")
        if len(index) < 8:
            return False
        look_of = (index[: 8 + 24 * index[0]], frame.length, rows)
        try:
            look = self._looks[look_of]
        except KeyError:
            if len(self._looks) >= LOOKS_MAX:
                self._looks.clear()
            look = self._looks[look_of] = self._look(index, frame, rows)
        if look is None:
            return False
        payload = raw[frame.offset : middle]
        stored = int.from_bytes(index[look.sum_at : look.sum_at + 4], "little")
        if crc32c(payload) != stored:
            raise damaged(f"block 0 of the frame at byte {frame.offset} of {small.key}")
        if look.offsets_at >= 0:
            size = int.from_bytes(index[look.offsets_at + 4 : look.offsets_at + 8], "little")
            if size != frame.length:
                return False
        self._values.append(payload)
        self._valid.append(look.valid_at < 0 or bool(index[look.valid_at] & 1))
        if look.norms_at >= 0:
            self._norms.append(index[look.norms_at : look.norms_at + 4 * rows])
        for k, at in enumerate(look.extras_at):
            extra = self._layout.extras[k]  # type: ignore[union-attr]
            size = np.dtype(extra.dtype).itemsize * max(extra.width, 1)
            self._extras[k].append(index[at : at + size])
        self.rows += rows
        self.bytes += frame.length
        return True

    def _look(self, raw: bytes, frame: PlainFrame, rows: int) -> _Look | None:
        index = f.FrameIndex(raw, frame.length, "a small frame")
        values, valid = index.find(f.VALUES), index.find(f.VALIDITY)
        layout = self._layout

        def at(role: int) -> int:
            entry = index.find(role)
            return -1 if entry is None else entry.offset - frame.length

        if values is None or values.codec != f.PLAIN or (values.offset, values.length) != (
            0, frame.length,
        ) or (valid is not None and (rows, valid.length) != (1, 1)):  # fmt: skip
            return None
        if isinstance(layout, FixedLayout):
            sums, norms = index.find(f.BLOCK_CHECKSUMS), index.find(f.NORMS)
            one = sums is not None and sums.length == 4 and frame.length <= index.block_bytes
            if not one or frame.length != self._stride * rows or (norms is None) == layout.norms:
                return None
            if norms is not None and norms.length != 4 * rows:
                return None
            return _Look(at(f.BLOCK_CHECKSUMS), at(f.VALIDITY), at(f.NORMS), -1, ())
        if not isinstance(layout, VarLayout) or rows != 1 or index.block_bytes:
            return None
        sums, offsets = index.find(f.CHECKSUMS), index.find(f.OFFSETS)
        if sums is None or offsets is None or (sums.length, offsets.length) != (4, 8):
            return None
        if index.find(f.EXTERNAL) is not None or index.find(f.REFERENCES) is not None:
            return None
        for k, extra in enumerate(layout.extras):
            entry = index.find(f.EXTRA + k)
            size = np.dtype(extra.dtype).itemsize * max(extra.width, 1)
            if entry is None or extra.width < 0 or entry.length != size:
                return None
        extras = tuple(at(f.EXTRA + k) for k in range(len(layout.extras)))
        return _Look(at(f.CHECKSUMS), at(f.VALIDITY), -1, at(f.OFFSETS), extras)

    def flush(self) -> ColumnData | None:
        """The rows so far as one, and begin anew."""
        if not self.rows:
            return None
        found = self._joined()
        self._values, self._valid, self._norms = [], [], []
        self._extras = [[] for _ in self._extras]
        self.rows = self.bytes = 0
        return found

    def _joined(self) -> ColumnData:
        layout, rows = self._layout, self.rows
        flags = None if all(self._valid) else np.array(self._valid, np.bool_)
        if isinstance(layout, FixedLayout):
            if flags is not None:  # a NULL is alone in its frame, others may have several rows
                sizes = [len(value) // self._stride for value in self._values]
                flags = np.repeat(flags, sizes)
            values = np.frombuffer(b"".join(self._values), layout.dtype)
            norms = np.frombuffer(b"".join(self._norms), "<f4") if layout.norms else None
            return FixedData(values.reshape(rows, *layout.shape), flags, norms)
        assert isinstance(layout, VarLayout)
        extras: list[Any] = []
        for extra, parts in zip(layout.extras, self._extras, strict=True):
            whole = np.frombuffer(b"".join(parts), extra.dtype)
            extras.append(whole.reshape(rows, extra.width) if extra.width else whole)
        sizes = [len(value) for value in self._values]
        return VarData(offsets_of(sizes), self._values, flags, tuple(extras))
