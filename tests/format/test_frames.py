"""Frames: what is encoded comes back, whole or in part; damage is an error, never data."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import ChecksumError, DeeplakeError, MalformedObjectError
from deeplake.format import encode
from deeplake.format import frame as f
from deeplake.format.checksum import crc32c
from deeplake.format.decode import FrameDecoder, node_count
from deeplake.format.encode import External, _offsets, encode_frame
from deeplake.storage.memory import MemoryStore
from deeplake.table.payload import LocalPayload
from deeplake.testing import layouts as lay
from deeplake.types.base import (
    Extra,
    FixedData,
    FixedLayout,
    ListLayout,
    StructLayout,
    VarData,
    VarLayout,
    row_count,
)
from deeplake.types.data import join_bytes, offsets_of, slice_rows
from deeplake.versioning.objects import Objects

OBJECTS = Objects(MemoryStore())
_F4 = np.full(1, 3**0.5, np.float32)
NESTED = StructLayout(
    (
        ("a", FixedLayout("|i1")),
        ("b", ListLayout(VarLayout((Extra("shape", "<i8", -1),), compress=True))),
        ("c", FixedLayout("<f8", (3,))),
    )
)


def payload_of(frame: f.EncodedFrame) -> bytes:
    return bytes(join_bytes(frame.parts))


def decoder_of(layout, rows: int, payload: bytes, index: bytes) -> FrameDecoder:
    parsed = f.FrameIndex(index, len(payload), "a frame")
    data = np.frombuffer(payload, np.uint8)
    return FrameDecoder(layout, rows, parsed, LocalPayload(OBJECTS, data, parsed))


def whole(layout, rows: int, payload: bytes, index: bytes):
    return decoder_of(layout, rows, payload, index).slice(0, rows)


@given(lay.columns())
def test_a_frame_gives_back_its_rows(column):
    layout, data = column
    frame = encode_frame(layout, data)
    payload = payload_of(frame)
    assert len(payload) == frame.payload_length
    assert crc32c(frame.index) == frame.index_crc
    assert lay.identical(whole(layout, frame.rows, payload, frame.index), data)


@given(lay.columns())
def test_a_row_on_its_own_is_the_same_frame_the_short_way(column):
    layout, data = column
    if row_count(data):
        data = slice_rows(data, 0, 1)
    short = encode_frame(layout, data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encode, "_plain_row", lambda *_: None)
        long = encode_frame(layout, data)
    assert payload_of(short) == payload_of(long)
    assert short._replace(parts=[]) == long._replace(parts=[])


@pytest.mark.parametrize(
    ("layout", "data"),
    [
        (FixedLayout("<f4", (3,), norms=True), FixedData(np.ones((1, 3), "f4"), None, _F4)),
        (FixedLayout("<f4", (16384,)), FixedData(np.ones((1, 16384), "f4"))),
        (FixedLayout("<f4", (16385,)), FixedData(np.ones((1, 16385), "f4"))),
        (FixedLayout("<f4", (0,)), FixedData(np.ones((1, 0), "f4"))),
        (VarLayout(), VarData(np.array([0, 5]), [b"12345"])),
        (VarLayout(), VarData(np.array([0, 0]), [b""])),
        (VarLayout(), VarData(np.array([0, 2]), [b"1", b"2"])),
        (VarLayout(compress=True), VarData(np.array([0, 1023]), [b"a" * 1023])),
        (VarLayout(compress=True), VarData(np.array([0, 1024]), [b"a" * 1024])),
        (
            VarLayout((Extra("shape", "<u4", 3), Extra("codec", "|u1"))),
            VarData(np.array([0, 3]), [b"jpg"], None, (np.ones((1, 3), "u4"), np.ones(1, "u1"))),
        ),
    ],
)
def test_known_rows_on_their_own_are_the_same_frame_the_short_way(layout, data):
    test_a_row_on_its_own_is_the_same_frame_the_short_way.hypothesis.inner_test((layout, data))


@given(st.lists(st.integers(0, 1 << 31), max_size=4))
def test_offsets_take_four_bytes_each_where_those_reach(sizes):
    offsets = offsets_of(np.array(sizes, np.int64))
    width = "<u4" if offsets[-1] < 1 << 32 else "<u8"
    assert _offsets(offsets, sum(sizes)) == offsets.astype(width).tobytes()


@given(st.integers(1 << 31, 1 << 40))
def test_offsets_of_one_row_are_as_wide_as_those_of_two(size):
    alone, beside = np.array([0, size]), np.array([0, size, size])
    assert _offsets(beside, size).startswith(_offsets(alone, size))
    assert len(_offsets(beside, size)) * 2 == len(_offsets(alone, size)) * 3


@given(lay.columns(), st.data())
def test_a_slice_of_a_frame_is_the_slice_of_its_rows(column, draw):
    layout, data = column
    frame = encode_frame(layout, data)
    decoder = decoder_of(layout, frame.rows, payload_of(frame), frame.index)
    for _ in range(4):
        high = draw.draw(st.integers(0, frame.rows))
        low = draw.draw(st.integers(0, high))
        assert lay.identical(decoder.slice(low, high), slice_rows(data, low, high))


@given(lay.columns())
def test_buffers_in_a_payload_begin_at_multiples_of_eight(column):
    layout, data = column
    frame = encode_frame(layout, data)
    parsed = f.FrameIndex(frame.index, frame.payload_length, "a frame")
    for node in range(node_count(layout)):
        entry = parsed.find(f.VALUES, node)
        assert entry is None or entry.offset % 8 == 0


@pytest.mark.parametrize(
    ("layout", "data", "codec"),
    [
        (FixedLayout("<i8"), FixedData(np.arange(1000)), f.PCODEC),
        (FixedLayout("<f2"), FixedData(np.zeros(300, "<f2")), f.PCODEC),
        (FixedLayout("|b1"), FixedData(np.zeros(300, np.bool_)), f.ZSTD),
        (FixedLayout("<i8"), FixedData(np.arange(255)), f.PLAIN),
        (FixedLayout("<i4", (2,)), FixedData(np.zeros((999, 2), "<i4")), f.PLAIN),
        (FixedLayout("|u1"), FixedData(np.frombuffer(os.urandom(999), "u1")), f.PLAIN),
    ],
    ids=lambda value: value.dtype if isinstance(value, FixedLayout) else "",
)
def test_numbers_are_compressed_only_where_it_saves_a_sixth(layout, data, codec):
    frame = encode_frame(layout, data)
    assert f.FrameIndex(frame.index, frame.payload_length, "").need(f.VALUES).codec == codec
    assert lay.identical(whole(layout, frame.rows, payload_of(frame), frame.index), data)


def text_column(rows: list[bytes]) -> tuple[VarLayout, VarData]:
    return VarLayout(compress=True), VarData(offsets_of(np.array([len(r) for r in rows])), rows)


def test_text_lies_in_blocks_of_whole_rows_and_one_row_reads_one_block():
    layout, data = text_column([b"%06d " % k * 40 for k in range(1000)])
    frame = encode_frame(layout, data)
    payload = bytearray(payload_of(frame))
    parsed = f.FrameIndex(frame.index, len(payload), "a frame")
    assert parsed.need(f.VALUES).codec == f.ZSTD_BLOCKS
    blocks = parsed.small(f.TEXT_BLOCKS, f.TEXT_BLOCK_DTYPE)
    assert len(blocks) == 9  # 280 kB in blocks of 32 KiB
    payload[int(blocks["offset"][4]) + 9] ^= 1
    decoder = decoder_of(layout, 1000, bytes(payload), frame.index)
    untouched = int(blocks["row"][5])
    assert lay.identical(decoder.slice(untouched, 1000), slice_rows(data, untouched, 1000))
    with pytest.raises(ChecksumError):
        decoder.slice(untouched - 1, untouched)


@given(lay.columns(rows_max=12), st.data())
def test_a_changed_payload_byte_is_never_returned_as_data(column, draw):
    layout, data = column
    frame = encode_frame(layout, data)
    payload = bytearray(payload_of(frame))
    if not payload:
        return
    payload[draw.draw(st.integers(0, len(payload) - 1))] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(ChecksumError):
        whole(layout, frame.rows, bytes(payload), frame.index)


def small_frames() -> list[tuple[str, tuple]]:
    text = text_column([b"to be or not to be " * 40, b"", b"that is the question " * 30])
    media = VarLayout((Extra("shape", "<u4", 3), Extra("codec", "|u1")))
    shapes = VarLayout((Extra("shape", "<i8", -1), Extra("dtype", "|u1")))
    return [
        ("numbers", (FixedLayout("<i8"), FixedData(np.arange(300)))),
        ("flags", (FixedLayout("|b1"), FixedData(np.arange(300) % 7 == 0))),
        ("vectors", (FixedLayout("<f4", (5,), norms=True),)),
        ("text", text),
        ("media", (media,)),
        ("tensors", (shapes,)),
        ("nested", (NESTED,)),
    ]


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in small_frames()])
def test_a_malformed_index_with_a_valid_checksum_ends_in_an_error_of_ours(case):
    """A writer with a bug, or an attacker: no crash, no hang, no huge allocation."""
    layout, data = case if len(case) == 2 else (*case, lay.make(case[0], 5, seed=3))
    frame = encode_frame(layout, data)
    rows, payload, index = frame.rows, payload_of(frame), frame.index
    refused = 0
    for at in range(min(len(index), 400)):
        for mask in (0x01, 0x80, 0xFF):
            changed = bytearray(index)
            changed[at] ^= mask
            try:
                found = whole(layout, rows, payload, bytes(changed))
            except DeeplakeError:
                refused += 1
            else:
                assert row_count(found) == rows
    assert refused
    for end in range(min(len(index) - 3, 400)):  # up to 3 bytes pad the last buffer
        with pytest.raises(DeeplakeError):
            whole(layout, rows, payload, index[:end])


def test_a_frame_without_the_checksums_of_its_kind_is_refused():
    layout = FixedLayout("<i4")
    build = f.IndexBuilder()
    build.payload(f.VALUES, 0, [bytes(8)], 8)
    frame = build.finish(2, 0)
    with pytest.raises(MalformedObjectError, match="checksummed"):
        whole(layout, 2, bytes(8), frame.index)


def test_a_zstd_block_that_claims_a_petabyte_is_refused_before_it_is_allocated():
    import zstandard

    layout, data = text_column([b"x" * 2000])
    frame = encode_frame(layout, data)
    block = bytearray(zstandard.ZstdCompressor().compress(b"x" * 70_000))
    claim = block.index((70_000).to_bytes(4, "little"))
    block[claim : claim + 4] = b"\xff\xff\xff\x7f"
    build = f.IndexBuilder()
    build.inline(f.OFFSETS, 0, np.array([0, 2000], "<u4").tobytes())
    build.payload(f.VALUES, 0, [bytes(block)], len(block), f.ZSTD_BLOCKS)
    build.inline(f.TEXT_BLOCKS, 0, np.array([(0, 0, crc32c(block))], f.TEXT_BLOCK_DTYPE).tobytes())
    frame = build.finish(1, 0)
    with pytest.raises(MalformedObjectError, match="decompresses to 2147483647"):
        whole(layout, 1, bytes(block), frame.index)


def test_a_value_stored_apart_is_read_from_its_own_object_and_verified():
    store = MemoryStore()
    layout = VarLayout((Extra("codec", "|u1"),))
    big, object_id = b"big" * 1000, bytes(range(16))
    codes = np.array([1, 2, 3], "u1")
    inside = VarData(np.array([0, 1, 1, 3]), [b"a", b"", b"bc"], None, (codes,))
    frame = encode_frame(layout, inside, [External(1, object_id, len(big), crc32c(big))])
    parsed = f.FrameIndex(frame.index, frame.payload_length, "a frame")
    data = np.frombuffer(payload_of(frame), np.uint8)
    decoder = FrameDecoder(layout, 3, parsed, LocalPayload(Objects(store), data, parsed))
    key = "packs/00/000102030405060708090a0b0c0d0e0f"
    store.put(key, [big])
    want = VarData(np.array([0, 1, 3001, 3003]), [b"a", big, b"bc"], None, (codes,))
    assert lay.identical(decoder.slice(0, 3), want)
    assert lay.identical(decoder.slice(1, 2), slice_rows(want, 1, 2))
    store.put(key, [big[:-1] + b"?"])
    with pytest.raises(ChecksumError, match=key):
        decoder.slice(1, 2)


def frame_of(buffers: list[tuple[int, np.ndarray]], payload: bytes, rows: int) -> f.EncodedFrame:
    """A frame of one var column, as a writer with a bug might make it."""
    build = f.IndexBuilder()
    build.payload(f.VALUES, 0, [payload], len(payload))
    for role, values in buffers:
        build.inline(role, 0, values.tobytes())
    return build.finish(rows, 0)


def test_offsets_that_decrease_are_malformed():
    sums = np.array([crc32c(b""), crc32c(b"")], "<u4")
    frame = frame_of([(f.OFFSETS, np.array([0, 2, 0], "<u4")), (f.CHECKSUMS, sums)], b"", 2)
    with pytest.raises(MalformedObjectError, match="decrease"):
        whole(VarLayout(), 2, b"", frame.index)


def test_a_validity_bitmap_that_is_too_short_does_not_make_rows_null():
    offsets, sums = np.zeros(10, "<u4"), np.zeros(9, "<u4")
    bitmap = np.array([255], "u1")  # 8 rows of 9
    buffers = [(f.VALIDITY, bitmap), (f.OFFSETS, offsets), (f.CHECKSUMS, sums)]
    with pytest.raises(MalformedObjectError, match="validity"):
        whole(VarLayout(), 9, b"", frame_of(buffers, b"", 9).index)


def test_buffers_over_four_gibibytes_have_places():
    build = f.IndexBuilder()
    build.payload(f.VALUES, 0, [], 5 << 30)
    build.payload(f.VALUES, 1, [], 3)
    index = build.finish(1, 0).index
    entry = f.FrameIndex(index, (5 << 30) + 3, "a frame").need(f.VALUES, 1)
    assert (entry.offset, entry.length) == (5 << 30, 3)
