"""Fragment blocks: round trip, limits, and garbage that ends in an error of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import DeeplakeError, MalformedObjectError
from deeplake.format import fragment as format_fragment
from deeplake.format.fragment import (
    BitmapRef,
    ColumnChunk,
    Deletion,
    Fragment,
    FrameRef,
    Overlay,
    Run,
    based,
    decode,
    encode,
    object_ids,
    placed,
    rehomed,
)
from deeplake.format.keys import slot_object
from deeplake.format.statistics import SIGNED, UNKNOWN, ColumnStatistics

U32, U63 = st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 63) - 1)
U8 = st.integers(0, 255)
PACK = bytes(range(16))
SLOT = slot_object(3, 26)


def cut(rows: int, parts: int) -> list[int]:
    """`rows` as the sum of at most `parts` numbers."""
    parts = min(parts, rows) or 1
    return [rows // parts] * (parts - 1) + [rows - rows // parts * (parts - 1)]


@st.composite
def fragments(draw) -> Fragment:
    rows = draw(st.integers(1, 1000))
    counts = st.integers(1, 4)
    objects = st.sampled_from([b"", PACK, SLOT, slot_object(0, 1), bytes(16), b"\xff" * 16])

    def runs() -> tuple[Run, ...]:
        return tuple(Run(draw(U63), n) for n in cut(rows, draw(counts)))

    columns = []
    for column_id in draw(st.lists(U32, max_size=4, unique=True)):
        frames = tuple(
            FrameRef(draw(objects), n, draw(U63), draw(U63), draw(U32), draw(U32))
            for n in cut(rows, draw(counts))
        )
        bound = st.binary(min_size=16, max_size=16)
        statistics = ColumnStatistics(SIGNED, draw(U32), draw(U32), draw(bound), draw(bound))
        own = runs() if draw(st.booleans()) else ()
        columns.append(ColumnChunk(column_id, frames, statistics, own, draw(U8)))

    def bitmap() -> BitmapRef:
        return BitmapRef(draw(objects), draw(U63), draw(U32), draw(U32))

    overlays = []
    for _ in range(draw(st.integers(0, 2))):
        values = FrameRef(draw(objects), draw(st.integers(1, rows)), draw(U63), draw(U63), 9, 1)
        overlays.append(Overlay(draw(U32), draw(U63), bitmap(), values, draw(U8)))
    deletion = None
    if draw(st.booleans()):
        deletion = Deletion(bitmap(), draw(st.integers(1, rows)), draw(U63))
    return Fragment(rows, runs(), runs(), tuple(columns), 0, tuple(overlays), deletion)


@given(fragments())
def test_a_fragment_comes_back(fragment):
    block = encode(fragment)
    assert decode(block, "a fragment") == fragment


@given(fragments(), st.integers(0, 1 << 40))
def test_frames_of_the_same_object_are_addressed_from_the_payload_base(fragment, base):
    moved = decode(encode(fragment._replace(payload_base=base)), "a fragment")
    for before, after in zip(fragment.columns, moved.columns, strict=True):
        for a, b in zip(before.frames, after.frames, strict=True):
            assert b.offset == a.offset + (base if a.object_id == b"" else 0)
    for before, after in zip(fragment.overlays, moved.overlays, strict=True):
        for a, b in ((before.bitmap, after.bitmap), (before.values, after.values)):
            assert b.offset == a.offset + (base if a.object_id == b"" else 0)


@given(fragments(), st.integers(0, 1 << 40))
def test_the_payload_base_may_be_told_later(fragment, base):
    block = encode(fragment._replace(payload_base=base))
    assert based(encode(fragment), base) == block
    assert placed(fragment, base) == decode(block, "a fragment")


@given(fragments())
def test_a_fragment_moves_into_another_object_with_all_its_places(fragment):
    moved = decode(encode(rehomed(fragment, SLOT)), "a fragment")
    assert b"" not in object_ids(moved)
    assert set(object_ids(moved)) - {SLOT} == set(object_ids(fragment)) - {SLOT, b""}
    assert moved.live_rows == fragment.live_rows


def small() -> Fragment:
    frames = (FrameRef(b"", 2, 0, 16, 60, 7), FrameRef(PACK, 1, 64, 8, 60, 9))
    text = ColumnChunk(9, (FrameRef(PACK, 3, 0, 5, 40, 1),), UNKNOWN, (Run(1, 1), Run(2, 2)))
    numbers = ColumnChunk(8, frames, ColumnStatistics(SIGNED, 0, 0, bytes(16), bytes(16)))
    overlay = Overlay(8, 4, BitmapRef(b"", 80, 20, 5), FrameRef(b"", 2, 100, 16, 60, 7))
    deletion = Deletion(BitmapRef(SLOT, 90, 20, 6), 1, 4)
    return Fragment(3, (Run(5, 3),), (Run(1, 3),), (numbers, text), 0, (overlay,), deletion)


def test_garbage_ends_in_an_error_of_ours():
    block = encode(small())
    for end in range(len(block)):
        with pytest.raises(MalformedObjectError):
            decode(block[:end], "a fragment")
    with pytest.raises(MalformedObjectError):
        decode(block + b"\0", "a fragment")
    for at in range(len(block)):
        for mask in (0x01, 0x80, 0xFF):
            changed = bytearray(block)
            changed[at] ^= mask
            try:
                found = decode(bytes(changed), "a fragment")
            except DeeplakeError:
                continue
            assert sum(run.rows for run in found.row_ids) == found.rows


@given(st.binary(max_size=300))
def test_random_bytes_behind_the_magic_are_malformed(noise):
    with pytest.raises(MalformedObjectError):
        decode(b"DLFR" + noise, "a fragment")


def test_every_row_may_have_a_frame_and_a_run_of_its_own():
    """65,536 of them: the counts of the head must not be 16 bits wide."""
    rows = 65_536
    frames = tuple(FrameRef(PACK, 1, k, 1, 1, k) for k in range(rows))
    runs = tuple(Run(2 * k, 1) for k in range(rows))
    fragment = Fragment(rows, runs, runs, (ColumnChunk(1, frames, UNKNOWN, runs),))
    assert decode(encode(fragment), "a fragment") == fragment


@pytest.mark.parametrize(
    "broken",
    [
        small()._replace(rows=4),
        small()._replace(row_ids=(Run(5, 2),)),
        small()._replace(versions=()),
        small()._replace(columns=(small().columns[0],) * 2),
        small()._replace(columns=(small().columns[1]._replace(versions=(Run(1, 1),)),)),
        small()._replace(columns=(small().columns[0]._replace(frames=()),)),
        small()._replace(
            overlays=(
                small().overlays[0]._replace(values=small().columns[0].frames[0]._replace(rows=4)),
            )
        ),
        small()._replace(deletion=small().deletion._replace(rows=4)),
        small()._replace(deletion=small().deletion._replace(rows=0)),
    ],
)
def test_rows_that_do_not_add_up_are_malformed(broken):
    with pytest.raises(MalformedObjectError):
        decode(encode(broken), "a fragment")


def test_many_runs_are_equal_to_a_tuple_of_them() -> None:
    """Versions of thousands of one-row commits are parsed when somebody looks at them."""
    runs = tuple(format_fragment.Run(k * 7, 1) for k in range(format_fragment.RUNS_PARSED_MAX + 1))
    count = len(runs)
    made = format_fragment.Fragment(count, (format_fragment.Run(5, count),), runs, ())
    block = format_fragment.encode(made)
    found = format_fragment.decode(block, "a test")
    assert isinstance(found.versions, format_fragment.PackedRuns)
    assert found.versions == runs
    assert runs == found.versions
    assert found.versions != runs[1:]
    assert hash(found.versions) == hash(runs)
    assert (len(found.versions), found.versions[3], list(found.versions)) == (
        count, runs[3], list(runs),
    )  # fmt: skip
    assert found.versions.total == count
    assert format_fragment.encode(found) == block
    short = made._replace(rows=count + 1, row_ids=(format_fragment.Run(5, count + 1),))
    with pytest.raises(MalformedObjectError, match="miss rows"):
        format_fragment.decode(format_fragment.encode(short), "a test")
