"""What is known of media without reading them: length, checksum, shape, codec.

All of it lies in the indexes of frames. A descriptor of some rows is `VarData` whose rows have no
bytes and two more extras in front, length and checksum, so that it is cut, joined and compared
like the data that it stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import amounts
from deeplake.format import frame as f
from deeplake.format.checksum import crc32c, damaged
from deeplake.format.decode import FrameDecoder
from deeplake.format.keys import object_key
from deeplake.table.fragments import Chunk, partition
from deeplake.table.frames import VarFrame
from deeplake.table.patch import holds
from deeplake.table.payload import RemotePayload
from deeplake.table.staged import StagedFragment
from deeplake.types.base import VarData
from deeplake.types.data import concat, nulls, put_rows, take_rows, var_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import FrameRef, Overlay
    from deeplake.table.columns import Column
    from deeplake.table.fragments import OpenFragment
    from deeplake.types.base import VarLayout

    Ints = npt.NDArray[np.int64]


class Descriptor:
    """One value of a media column that was not read: `bytes`, `crc`, and what else is stored.

    `shape` and `codec` are those of an image, a video or a sound, else None. `read()` fetches the
    bytes. Two descriptors are equal if their values are, as far as length and checksum tell.
    """

    __slots__ = ("_column", "_fragment", "_place", "bytes", "codec", "crc", "shape")

    def __init__(
        self,
        fragment: OpenFragment,
        column: Column,
        place: int,
        size: int,
        crc: int,
        facts: dict[str, Any],
    ) -> None:
        self._fragment = fragment
        self._column = column
        self._place = place
        self.bytes = size
        self.crc = crc
        self.shape: tuple[int, ...] | None = facts.get("shape")
        self.codec: str | None = facts.get("codec")

    def read(self) -> bytes:
        """The stored bytes, verified."""
        row = int(self._fragment.positions(np.array([self._place]))[0])
        found = self._fragment.chunk(self._column).stored(row)
        return b"" if found is None else found

    def _key(self) -> tuple[Any, ...]:
        return self.bytes, self.crc, self.shape, self.codec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descriptor) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __str__(self) -> str:
        shape = "" if self.shape is None else "x".join(map(str, self.shape))
        return " ".join(filter(None, (self.codec, shape, amounts.size(self.bytes))))

    def __repr__(self) -> str:
        return f"<{self}, crc {self.crc:08x}>"


def descriptors(
    fragments: Sequence[OpenFragment], column: Column, data: VarData, at: Ints, places: Ints
) -> list[Descriptor | None]:
    """Rows of `described`, each with the fragment and place that it is read from."""
    sizes, sums = (extra.tolist() for extra in data.extras[:2])
    valid = [True] * len(sizes) if data.valid is None else data.valid.tolist()
    facts = _facts(column, data)
    spots = zip(at.tolist(), places.tolist(), strict=True)
    return [
        Descriptor(fragments[k], column, place, sizes[row], sums[row], facts[row])
        if valid[row]
        else None
        for row, (k, place) in enumerate(spots)
    ]


def _facts(column: Column, data: VarData) -> list[dict[str, Any]]:
    layout: VarLayout = column.layout  # type: ignore[assignment]
    names = [extra.name for extra in layout.extras]
    found: list[dict[str, Any]] = [{} for _ in data.extras[0]]
    if "shape" in names:
        for row, shape in zip(found, data.extras[2 + names.index("shape")].tolist(), strict=True):
            row["shape"] = tuple(shape)
    if "codec" in names:
        named = codec_names(column.type.name)
        for row, code in zip(found, data.extras[2 + names.index("codec")].tolist(), strict=True):
            row["codec"] = named.get(code, "other")
    return found


def codec_names(type_: str) -> dict[int, str]:
    """Code -> codec, of images or of files with streams."""
    if type_ == "image":
        from deeplake.types.image import CODECS
    else:
        from deeplake.types.demux import CODECS
    return {code: name for name, code in CODECS.items()}


def described(fragment: OpenFragment, column: Column, places: Ints) -> VarData:
    """Descriptors of some rows of a media column; only indexes of frames are read."""
    if isinstance(fragment, StagedFragment):
        return held(fragment.chunk(column).take(fragment.positions(places)))
    data = _written(fragment, column, places)
    for overlay in fragment.fragment.overlays:
        if overlay.column_id == column.column_id:
            data = _laid_over(data, fragment, column, overlay, places)
    for patch in fragment.edit.patches.get(column.column_id, ()) if fragment.edit else ():
        at = np.flatnonzero(holds(patch.positions, places))
        if len(at):
            rows = np.searchsorted(patch.positions, places[at])
            data = _put(data, at, held(take_rows(patch.data, rows)))
    return data


def sizes_of(fragment: OpenFragment, column: Column, rows: Ints) -> Ints:
    """Bytes of each of some rows' media, by position; no value is read.

    Readers of mapped frames have them at hand, and whoever asks is about to read: 50 values in as
    many frames take 0.2 ms instead of 2, and none to open the frames once more.
    """
    chunk = fragment.chunk(column)
    if type(chunk) is Chunk and not fragment.objects.store.remote:
        parts = chunk.parts(rows)
        found = np.empty(len(rows), np.int64)
        for k, inner, places in parts:
            frame = chunk.frame(k)
            if not isinstance(frame, VarFrame):
                break
            found[places] = frame.sizes(inner)
        else:
            return found
    sizes: Ints = described(fragment, column, fragment.places(rows)).extras[0]
    return sizes


def held(data: Any) -> VarData:
    """Descriptors of values that are at hand."""
    sizes = np.diff(data.offsets)
    sums = np.array([crc32c(value) for value in var_rows(data)], np.uint32)
    return _without_bytes(sizes, sums, data.valid, data.extras)


def _written(fragment: OpenFragment, column: Column, places: Ints) -> VarData:
    refs = next(
        (c.frames for c in fragment.fragment.columns if c.column_id == column.column_id), ()
    )
    if not refs:
        absent: Any = nulls(column.layout, len(places))
        none = np.zeros(len(places), np.int64)
        return _without_bytes(none, none.astype(np.uint32), absent.valid, absent.extras)
    starts = np.cumsum([0, *(ref.rows for ref in refs)])[:-1]
    parts = partition(starts, places, np.arange(len(places)))
    wholes = fragment.objects.parallel(
        lambda part: of_frame(fragment, column, refs[part[0]]), parts
    )
    pieces = [take_rows(w, rows) for w, (_, rows, _) in zip(wholes, parts, strict=True)]
    if len(pieces) == 1:
        return pieces[0]  # type: ignore[return-value]
    back = np.empty(len(places), np.int64)
    back[np.concatenate([where for _, _, where in parts])] = np.arange(len(places))
    return take_rows(concat(pieces), back)  # type: ignore[return-value]


def _laid_over(
    data: VarData, fragment: OpenFragment, column: Column, overlay: Overlay, places: Ints
) -> VarData:
    positions = fragment.bitmap(overlay.bitmap)
    at = np.flatnonzero(holds(positions, places))
    if not len(at):
        return data
    new = take_rows(
        of_frame(fragment, column, overlay.values), np.searchsorted(positions, places[at])
    )
    return _put(data, at, new)


def _put(data: VarData, at: Ints, new: Any) -> VarData:
    return put_rows(data, at, new)  # type: ignore[return-value]


def of_frame(fragment: OpenFragment, column: Column, ref: FrameRef) -> VarData:
    """Descriptors of all rows of a frame, from its index alone.

    Raises:
        ChecksumError, MalformedObjectError: the index is damaged.
    """
    objects = fragment.objects
    key = object_key(ref.object_id) if ref.object_id else fragment.own_key
    where = f"the frame at byte {ref.offset} of {key}"
    raw = objects.store.get_range(key, ref.offset + ref.length, ref.index_length)
    stored = np.frombuffer(raw, np.uint8)
    if crc32c(stored) != ref.index_crc:
        raise damaged(f"the index of {where}")
    index = f.FrameIndex(stored, ref.length, where)
    payload = RemotePayload(objects, key, ref.offset, ref.length, index)  # never asked
    decoder = FrameDecoder(column.layout, ref.rows, index, payload)
    decoder.verify_rows([], [])  # checks that the checksums are there
    sizes = np.diff(decoder.offsets(ref.rows))
    sums = np.array(index.small(f.CHECKSUMS, "<u4"), np.uint32)
    for row, (_, crc, length) in decoder.externals().items():
        sizes[row], sums[row] = length, crc
    return _without_bytes(sizes, sums, index.validity(ref.rows), decoder.extras())


def _without_bytes(sizes: Any, sums: Any, valid: Any, extras: tuple[Any, ...]) -> VarData:
    return VarData(np.zeros(len(sizes) + 1, np.int64), [], valid, (sizes, sums, *extras))
