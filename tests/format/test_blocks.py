"""A block that is parsed in parts says what the whole one says, and refuses what that refuses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import MalformedObjectError
from deeplake.format import bitmap as bitmaps
from deeplake.format.block import Block
from deeplake.format.fragment import (
    BitmapRef,
    ColumnChunk,
    Deletion,
    Fragment,
    FrameRef,
    Overlay,
    Run,
    decode,
    encode,
    rehomed,
)
from deeplake.format.keys import slot_object
from deeplake.format.statistics import SIGNED, ColumnStatistics

PACKS, SLOT, OWN = (b"p" * 16, b"q" * 16), slot_object(3, 9), b"r" * 16
HOMES = st.sampled_from([*PACKS, SLOT, b""])


@st.composite
def cuts(draw, rows: int) -> list[int]:
    """Lengths that add up to `rows`."""
    at = sorted({0, rows, *draw(st.lists(st.integers(1, max(rows - 1, 1)), max_size=2))})
    return [b - a for a, b in pairwise(at)]


@st.composite
def fragments(draw) -> Fragment:
    rows = draw(st.integers(2, 9))

    def frame(count: int) -> FrameRef:
        return FrameRef(draw(HOMES), count, *(draw(st.integers(0, 99)) for _ in range(4)))

    def runs() -> tuple[Run, ...]:
        return tuple(Run(draw(st.integers(0, 9)), count) for count in draw(cuts(rows)))

    columns = []
    for k in range(draw(st.integers(0, 3))):
        known = ColumnStatistics(SIGNED, draw(st.integers(0, 3)), 0, bytes(16), bytes(16))
        frames = tuple(frame(count) for count in draw(cuts(rows)))
        own = runs() if draw(st.booleans()) else ()
        columns.append(ColumnChunk(k, frames, known, own, draw(st.sampled_from([0, 5]))))
    overlays = tuple(
        Overlay(draw(st.integers(0, 3)), 4, BitmapRef(draw(HOMES), 8, 18, 5), frame(1))
        for _ in range(draw(st.integers(0, 2)))
    )
    deletion = None
    if draw(st.booleans()):
        deletion = Deletion(BitmapRef(draw(HOMES), 9, 20, 6), 1, 4)
    return Fragment(rows, runs(), runs(), tuple(columns), 0, overlays, deletion)


@given(fragments(), st.integers(0, 64))
def test_the_parts_of_a_block_are_those_of_the_whole(fragment, base):
    data = encode(fragment._replace(payload_base=base))
    whole = rehomed(decode(data, "a block"), OWN)
    block = Block(data, OWN, "a block")
    assert block.fragment() == whole
    assert block.rows == whole.rows
    assert block.versions() == whole.versions
    assert block.overlays() == whole.overlays
    assert block.overlaid is bool(whole.overlays)
    assert block.deletion() == whole.deletion
    one = len(whole.row_ids) == 1
    assert block.first_id() == (whole.row_ids[0].start if one else None)
    if block.only_version() is not None:
        assert whole.versions == (Run(block.only_version(), whole.rows),)
        assert not any(chunk.versions for chunk in whole.columns)
    for chunk in whole.columns:
        assert block.column(chunk.column_id) == chunk
        assert block.frames(chunk.column_id) == (chunk.generation, chunk.frames)
    assert block.column(77) is None
    assert block.frames(77) == (0, ())


@given(fragments(), fragments(), st.booleans())
def test_twins_differ_in_overlays_deletions_and_statistics_only(fragment, other, same_home):
    """Where a block says that another is its twin it is one; to plain changes it says so."""
    told = fragment.columns
    if told:
        widened = told[0].statistics._replace(high=b"\1" + bytes(15))
        told = (told[0]._replace(statistics=widened), *told[1:])
    changed = fragment._replace(columns=told, overlays=other.overlays[:1])
    if any(o.values.rows > fragment.rows for o in changed.overlays):
        return
    a = Block(encode(fragment), OWN, "")
    plain = all(frame.object_id == PACKS[0] for chunk in told for frame in chunk.frames)
    alone = not fragment.overlays and fragment.deletion is None and plain
    for one in (changed, other):
        b = Block(encode(one), OWN if same_home else PACKS[1], "")

        def bare(block: Block) -> Fragment:
            found = block.fragment()
            none = ColumnStatistics(0, 0, 0, bytes(16), bytes(16))
            columns = tuple(chunk._replace(statistics=none) for chunk in found.columns)
            return found._replace(columns=columns, overlays=(), deletion=None)

        if a.twin_of(b):
            assert bare(a) == bare(b)
    homes = {o.bitmap.object_id for o in changed.overlays}
    homes |= {o.values.object_id for o in changed.overlays}
    if alone and PACKS[1] not in homes and (told or not homes & set(PACKS)):
        assert a.twin_of(Block(encode(changed), OWN if same_home else PACKS[1], ""))


@given(fragments(), st.data())
def test_a_block_that_contradicts_itself_is_refused_part_by_part(fragment, draw):
    """What `decode` refuses raises at the latest when the part that is wrong is asked for."""
    data = bytearray(encode(fragment))
    for _ in range(draw.draw(st.integers(1, 2))):
        data[draw.draw(st.integers(0, len(data) - 1))] ^= draw.draw(st.sampled_from([1, 128, 255]))
    data = data[: len(data) - draw.draw(st.sampled_from([0, 0, 0, 1, 8]))]
    try:
        whole = rehomed(decode(bytes(data), "a block"), OWN)
    except MalformedObjectError:
        whole = None
    try:
        block = Block(bytes(data), OWN, "a block")
        parts = block.versions(), block.overlays(), block.deletion(), block.rows
        columns = {k: block.column(k) for k in range(4)}
        block.first_id()
    except MalformedObjectError:
        assert whole is None
        return
    if whole is None:
        return  # a part that nobody asked for
    assert parts == (whole.versions, whole.overlays, whole.deletion, whole.rows)
    found = {chunk.column_id: chunk for chunk in whole.columns}
    assert columns == {k: found.get(k) for k in range(4)}


@given(st.lists(st.integers(0, 70_000), unique=True, min_size=1, max_size=80), st.booleans())
def test_few_positions_are_read_as_the_engine_reads_them(positions, shuffled):
    stored = bitmaps.encode(np.array(positions))
    found = bitmaps.few(stored, 1 << 17)
    if found is not None:
        assert found.tolist() == sorted(positions)
        assert found.dtype == np.int64
        assert bitmaps.few(stored, max(positions)) is None
    else:
        assert max(positions) > 65_535 or len(positions) > bitmaps.FEW or _runs(positions)
    if shuffled and len(positions) > 1 and found is not None:
        assert bitmaps.few(stored[:-4] + stored[-2:] + stored[-4:-2], 1 << 17) is None
    assert bitmaps.few(stored[:-1], 1 << 17) is None


def _runs(positions: list[int]) -> bool:
    """Whether some follow one another, so that they may be stored as runs."""
    return any(p + 1 in positions for p in positions)


def test_an_empty_bitmap_is_left_to_the_engine():
    assert bitmaps.few(b"", 9) is None
    with pytest.raises(MalformedObjectError):
        bitmaps.decode(b"no bitmap", 9, "a test")
