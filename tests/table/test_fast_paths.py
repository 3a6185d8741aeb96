"""Fast readers skip work whose result is known: they equal `FrameDecoder` on random input.

Every cell, slice and take of a frame at hand (mapped or read whole) and of one behind requests
is compared with what the general decoder returns for the same rows.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import ChecksumError
from deeplake.format import frame as f
from deeplake.format.checksum import crc32c
from deeplake.format.decode import FrameDecoder
from deeplake.format.encode import External, encode_frame
from deeplake.storage.memory import MemoryStore
from deeplake.table.frames import FixedFrame, Frame, RemoteVarFrame, VarFrame, local_frame
from deeplake.table.payload import LocalPayload, RemotePayload
from deeplake.testing import layouts as lay
from deeplake.types.base import FixedData, FixedLayout, VarData, VarLayout, row_count
from deeplake.types.data import join_bytes, take_rows
from deeplake.versioning.objects import Objects

AT = 24
BIG, BIG_ID = b"stored apart " * 100, bytes(range(16))


def readers(layout, data, externals=()) -> tuple[FrameDecoder, list[Frame]]:
    """The general decoder of a frame and every fast reader that applies."""
    store = MemoryStore()
    objects = Objects(store)
    store.put("packs/00/000102030405060708090a0b0c0d0e0f", [BIG])
    frame = encode_frame(layout, data, externals)
    payload = bytes(join_bytes(frame.parts))
    store.put("pack", [bytes(AT), payload, frame.index])
    index = f.FrameIndex(frame.index, len(payload), "a frame")
    array = np.frombuffer(payload, np.uint8)
    general = FrameDecoder(layout, frame.rows, index, LocalPayload(objects, array, index))
    remote = RemotePayload(objects, "pack", AT, len(payload), index)
    behind = FrameDecoder(layout, frame.rows, index, remote)
    plain = isinstance(layout, VarLayout) and index.need(f.VALUES).codec == f.PLAIN
    local = local_frame(objects, layout, frame.rows, index, array)
    return general, [local, RemoteVarFrame(behind) if plain else Frame(behind)]


def cell_of(general: FrameDecoder, row: int):
    """One raw cell, by the general decoder."""
    one = general.slice(row, row + 1)
    if one.valid is not None and not one.valid[0]:
        return None
    if isinstance(one, FixedData):
        return one.values[0]
    if isinstance(one, VarData):
        return bytes(join_bytes(one.buffers)), tuple(extra[0] for extra in one.extras)
    return one


def same_cell(left, right) -> bool:
    if isinstance(left, tuple) and not hasattr(left, "_fields"):
        return left[0] == right[0] and all(map(np.array_equal, left[1], right[1]))
    if isinstance(left, (np.ndarray, np.generic)):
        return left.dtype == right.dtype and left.tobytes() == right.tobytes()
    return left is right if left is None or right is None else lay.identical(left, right)


@given(lay.columns(rows_max=20), st.data())
def test_fast_readers_equal_the_general_decoder(column, draw):
    layout, data = column
    general, fast = readers(layout, data)
    rows = row_count(data)
    high = draw.draw(st.integers(0, rows))
    low = draw.draw(st.integers(0, high))
    picked = draw.draw(st.lists(st.integers(0, rows - 1), min_size=1, max_size=9)) if rows else []
    positions = np.array(picked, np.int64)
    for reader in fast:
        assert lay.identical(reader.slice(low, high), general.slice(low, high))
        if picked:
            want = take_rows(general.slice(0, rows), positions)
            assert lay.identical(reader.take(positions), want)
        for row in picked[:3]:
            assert same_cell(reader.cell(row), cell_of(general, row))
            if isinstance(layout, VarLayout):
                cell = cell_of(general, row)
                assert reader.stored(row) == (None if cell is None else cell[0])


@given(lay.columns(lay.fixed_layouts(), rows_max=20), st.data())
def test_a_take_into_an_array_equals_a_take(column, draw):
    layout, data = column
    rows = row_count(data)
    if not rows:
        return
    reader = readers(layout, data)[1][0]
    positions = np.array(draw.draw(st.lists(st.integers(0, rows - 1), min_size=1)), np.int64)
    out = np.zeros((len(positions), *layout.shape), layout.dtype)
    at = np.random.default_rng(0).permutation(len(positions))
    assert isinstance(reader, FixedFrame)
    reader.take_into(positions, out, at)
    assert out[at].tobytes() == data.values[positions].tobytes()


def test_flat_layouts_have_fast_readers():
    numbers = FixedLayout("<i8"), FixedData(np.arange(9))
    media = VarLayout(), VarData(np.array([0, 1, 3]), [b"a", b"bc"])
    assert [type(r) for r in readers(*numbers)[1]] == [FixedFrame, Frame]
    assert [type(r) for r in readers(*media)[1]] == [VarFrame, RemoteVarFrame]


def test_values_stored_apart_are_the_same_by_every_reader():
    data = VarData(np.array([0, 1, 1, 3]), [b"a", b"", b"bc"])
    general, fast = readers(VarLayout(), data, [External(1, BIG_ID, len(BIG), crc32c(BIG))])
    want = VarData(np.array([0, 1, 1 + len(BIG), 3 + len(BIG)]), [b"a", BIG, b"bc"])
    assert lay.identical(general.slice(0, 3), want)
    for reader in fast:
        assert reader.stored(1) == BIG
        assert lay.identical(reader.slice(0, 3), want)
        picked = np.array([2, 1, 1])
        assert lay.identical(reader.take(picked), take_rows(want, picked))


def test_no_reader_returns_a_changed_byte():
    """Vectors of 2,800 bytes: rows of one block, and rows that lie across two."""
    layout = FixedLayout("<f4", (700,))
    data = FixedData(np.random.default_rng(1).random((60, 700)).astype("<f4"))
    frame = encode_frame(layout, data)
    payload = bytearray(join_bytes(frame.parts))
    payload[65_536 + 5] ^= 1  # block 1: rows 23 to 46
    index = f.FrameIndex(frame.index, len(payload), "a frame")
    objects = Objects(MemoryStore())
    array = np.frombuffer(bytes(payload), np.uint8)
    for row in (0, 22, 47, 59):
        reader = local_frame(objects, layout, 60, index, array)
        assert reader.cell(row).tobytes() == data.values[row].tobytes()
    for row in (23, 30, 46):
        for read in ("cell", "slice", "take"):
            reader = local_frame(objects, layout, 60, index, array)
            arguments = {"cell": (row,), "slice": (row, row + 1), "take": (np.array([0, row]),)}
            with pytest.raises(ChecksumError, match="block 1"):
                getattr(reader, read)(*arguments[read])
