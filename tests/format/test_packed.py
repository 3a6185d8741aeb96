"""Packed integers: the same numbers come back, all at once, a few, one; few bytes are looked at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake import settings
from deeplake.errors import ChecksumError, MalformedObjectError
from deeplake.format import frame as f
from deeplake.format import packed, quick
from deeplake.format.decode import FrameDecoder
from deeplake.format.encode import encode_frame
from deeplake.storage.memory import MemoryStore
from deeplake.table.frames import PackedFrame, local_frame
from deeplake.table.payload import LocalPayload
from deeplake.testing import layouts as lay
from deeplake.types.base import FixedData, FixedLayout
from deeplake.types.data import join_bytes, take_rows
from deeplake.versioning.objects import Objects

DTYPES = ("<i2", "<i4", "<i8", "<u2", "<u4", "<u8")


@st.composite
def integers(draw) -> np.ndarray:
    """Integers of any dtype, a packing's width apart, anywhere in their type's range."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    width = draw(st.sampled_from([w for w in packed.WIDTHS if w <= 8 * dtype.itemsize - 1]))
    info = np.iinfo(dtype)
    low = draw(st.integers(info.min, info.max - (1 << width) + 1))
    rows = draw(st.sampled_from([1, 2, 7, 2047, 2048, 2049, 5000]))
    seed = draw(st.integers(0, 99))
    apart = np.random.default_rng(seed).integers(0, 1 << width, rows, np.uint64)
    apart[0], apart[-1] = 0, (1 << width) - 1
    return (apart.astype(dtype) + dtype.type(low)).astype(dtype)


@given(integers(), st.data())
def test_numbers_that_are_packed_come_back(values, draw):
    packing = packed.packing_of(values)
    if packing is None:
        assert values.min() == values.max()
        return
    stored = np.frombuffer(packed.pack(values, packing), np.uint8)
    assert len(stored) == packed.size_of(len(values), packing.width)
    assert packed.unpack(stored, packing, len(values), values.dtype).tolist() == values.tolist()
    rows = np.array(draw.draw(st.lists(st.integers(0, len(values) - 1), min_size=1, max_size=9)))
    groups = rows // packed.GROUP_ROWS
    sizes = np.minimum(len(values) - groups * packed.GROUP_ROWS, packed.GROUP_ROWS)
    inner, starts = rows % packed.GROUP_ROWS, groups * packing.group_bytes
    found = packed.gather(stored, starts, inner, sizes, packing.width)
    assert [packing.base + n for n in found.tolist()] == values[rows].tolist()
    singles = zip(starts.tolist(), sizes.tolist(), inner.tolist(), strict=True)
    assert [packed.one(stored, *place, packing.width) for place in singles] == found.tolist()


def test_what_is_too_far_apart_or_all_equal_is_not_packed():
    assert packed.packing_of(np.array([0, 1 << 32])) is None
    assert packed.packing_of(np.full(9, 7)) is None
    assert packed.packing_of(np.array([-(1 << 63), -(1 << 63) + 1])) == packed.Packing(
        -(1 << 63), 1
    )


# --- frames -------------------------------------------------------------------------------------


def labels(rows: int = 9000, names: int = 1000, dtype: str = "<i8") -> np.ndarray:
    return np.random.default_rng(0).integers(0, names, rows).astype(dtype)


def codec_of(frame: f.EncodedFrame) -> int:
    return f.FrameIndex(frame.index, frame.payload_length, "").need(f.VALUES).codec


@pytest.mark.parametrize(
    ("values", "codec"),
    [
        (labels(), f.PACKED),
        (labels(names=10), f.PACKED),
        (labels(dtype="<u2"), f.PACKED),
        (-labels(dtype="<i4"), f.PACKED),
        (labels(rows=4095), f.PCODEC),  # read whole anyway
        (np.arange(9000), f.PCODEC),  # ids: next to nothing
        (np.sort(labels()), f.PCODEC),
        (labels() // 999, f.PCODEC),  # nearly all are 0
        (labels(names=1 << 62), f.PLAIN),
        (np.full(9000, 5), f.PCODEC),
        (labels().astype("<f8"), f.PCODEC),
    ],
)
def test_integers_are_packed_unless_another_codec_makes_much_less_of_them(values, codec):
    layout, data = FixedLayout(values.dtype.str), FixedData(values)
    frame = encode_frame(layout, data)
    assert codec_of(frame) == codec
    assert frame.packed is (codec == f.PACKED)


def test_packed_labels_take_about_what_pcodec_makes_of_them(monkeypatch):
    layout, data = FixedLayout("<i8"), FixedData(labels(rows=65_536))
    ours = encode_frame(layout, data)
    monkeypatch.setattr(settings, "PACKED_ROWS_MIN", 1 << 20)
    other = encode_frame(layout, data)
    assert codec_of(other) == f.PCODEC
    size = [frame.payload_length + len(frame.index) for frame in (ours, other)]
    assert size[0] <= size[1] * 1.01


def opened(values: np.ndarray, valid: np.ndarray | None = None):
    """A frame: its payload to be damaged, the general decoder, and how to open the fast reader."""
    layout, data = FixedLayout(values.dtype.str), FixedData(values, valid)
    frame = encode_frame(layout, data)
    assert codec_of(frame) == f.PACKED
    payload = np.frombuffer(bytes(join_bytes(frame.parts)), np.uint8).copy()
    index, objects = f.FrameIndex(frame.index, len(payload), "a frame"), Objects(MemoryStore())
    general = FrameDecoder(layout, len(values), index, LocalPayload(objects, payload, index))
    return payload, general, lambda: local_frame(objects, layout, len(values), index, payload)


@given(st.data())
def test_a_reader_of_few_equals_one_of_all(draw):
    values = labels(rows=5000) - 500
    valid = np.arange(5000) % 7 > 0 if draw.draw(st.booleans()) else None
    _, general, open_ = opened(values, valid)
    reader = open_()
    assert isinstance(reader, PackedFrame)
    whole = general.slice(0, 5000)
    for _ in range(draw.draw(st.integers(1, 4))):
        rows = np.array(draw.draw(st.lists(st.integers(0, 4999), min_size=1, max_size=40)))
        how = draw.draw(st.sampled_from(["cells", "take", "into", "slice"]))
        if how == "cells":
            for row in rows.tolist():
                cell, there = reader.cell(row), valid is None or valid[row]
                assert (
                    (cell == values[row] and cell.dtype == values.dtype) if there else cell is None
                )
        elif how == "take":
            assert lay.identical(reader.take(rows), take_rows(whole, rows))
        elif how == "into":
            out, at = np.zeros(len(rows), values.dtype), np.arange(len(rows))[::-1]
            reader.take_into(rows, out, at)
            assert out[at].tolist() == values[rows].tolist()
        else:
            low, high = int(rows.min()), int(rows.max()) + 1
            assert lay.identical(reader.slice(low, high), general.slice(low, high))


def test_a_cell_is_verified_by_its_group_alone():
    values = labels()
    payload, _, open_ = opened(values)
    payload[3 * packed.Packing(0, 10).group_bytes - 1] ^= 1  # the last byte of the third group
    for row in (0, 4095, 6144, 8999):
        assert open_().cell(row) == values[row]
    for row in (4096, 6143):
        with pytest.raises(ChecksumError, match="block 2"):
            open_().cell(row)
        with pytest.raises(ChecksumError, match="block 2"):
            open_().take(np.array([1, row]))
    with pytest.raises(ChecksumError, match="block 2"):
        open_().slice(0, 3)  # all of it is unpacked


@pytest.mark.parametrize(
    ("dtype", "base", "width", "told"),
    [
        ("<i8", 0, 11, 12),  # no such width
        ("<i8", 0, 12, 12),  # of another length
        ("<i2", 1 << 20, 10, 12),
        ("<i8", 0, 10, 11),
        ("<f8", 0, 10, 12),
    ],
)
def test_a_packing_that_makes_no_sense_is_malformed(dtype, base, width, told):
    build = f.IndexBuilder()
    stored = packed.pack(labels(), packed.Packing(0, 10))
    build.payload(f.VALUES, 0, [stored], len(stored), f.PACKED)
    build.inline(f.PACKING, 0, (base.to_bytes(8, "little") + width.to_bytes(4, "little"))[:told])
    build.inline(f.BLOCK_CHECKSUMS, 0, bytes(4 * 5))
    frame = build.finish(9000, 2560)
    index, objects = f.FrameIndex(frame.index, len(stored), "a frame"), Objects(MemoryStore())
    with pytest.raises(MalformedObjectError):
        local_frame(objects, FixedLayout(dtype), 9000, index, np.frombuffer(stored, np.uint8))
    assert quick.packed_groups(frame.index, 9000, len(stored), np.dtype(dtype)) is None


def test_the_quick_readers_of_indexes_know_their_own_kind_only():
    dtype, values = np.dtype("<i8"), labels()
    frame = encode_frame(FixedLayout("<i8"), FixedData(values))
    found = quick.packed_groups(frame.index, 9000, frame.payload_length, dtype)
    assert found is not None
    assert found[0] == packed.packing_of(values)
    sums = f.FrameIndex(frame.index, frame.payload_length, "").small(f.BLOCK_CHECKSUMS, "<u4")
    assert np.frombuffer(found[1], "<u4").tolist() == sums.tolist()
    few = encode_frame(FixedLayout("<i8"), FixedData(values[:20]))
    crc = f.FrameIndex(few.index, few.payload_length, "").small(f.BLOCK_CHECKSUMS, "<u4")
    assert quick.plain_sum(few.index, 20, few.payload_length, 8) == crc[0]
    for other in (few, encode_frame(FixedLayout("<i8"), FixedData(values, values > 3))):
        assert quick.packed_groups(other.index, 9000, other.payload_length, dtype) is None
    nulls = encode_frame(FixedLayout("<i8"), FixedData(values[:20], values[:20] > 500))
    for other in (frame, nulls):
        assert quick.plain_sum(other.index, other.rows, other.payload_length, 8) is None
    for at in range(8, 8 + 24 * 2):  # every byte of the table matters
        changed = bytearray(few.index)
        changed[at] ^= 1
        told = quick.plain_sum(bytes(changed), 20, few.payload_length, 8)
        assert told is None or at in (*range(12, 16), *range(36, 40))  # zeros that mean nothing
