"""Bytes of many rows, moved and compared at once, are those of the rows one by one."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deeplake.types import gather
from deeplake.types.base import VarData
from deeplake.types.data import concat, join_bytes, rows_equal, take_rows, var_rows


def column(values: list[bytes], cuts: str) -> VarData:
    """Values as a column: in one buffer, in two that divide a row, or in one of each row."""
    offsets = np.array([0, *accumulate(map(len, values))], np.int64)
    whole = b"".join(values)
    if cuts == "each":
        return VarData(offsets, values)
    if cuts == "one" or len(whole) < 3:
        return VarData(offsets, [whole])
    parts = [whole[: len(whole) // 3], whole[len(whole) // 3 :]]
    return VarData(offsets, [np.frombuffer(part, np.uint8) for part in parts])


SIZES = st.sampled_from([0, 1, 2, 30, 127, 128, 129, 600])


@st.composite
def cases(draw) -> tuple[list[bytes], list[int]]:
    random = draw(st.randoms(use_true_random=False))
    size = draw(SIZES)
    values = [random.randbytes(random.randrange(size + 1)) for _ in range(draw(st.integers(3, 60)))]
    way = draw(st.sampled_from(["some", "most", "any", "none"]))
    if way == "none":
        return values, []
    if way == "any":
        return values, random.choices(range(len(values)), k=draw(st.integers(1, 90)))
    kept = 0.9 if way == "most" else 0.3
    return values, [k for k in range(len(values)) if random.random() < kept]


@pytest.mark.parametrize("cuts", ["one", "two", "each"])
@given(case=cases())
@example(case=([b"", b"ab", b""], [1, 1, 0, 2]))
@example(case=([b"", b"", b""], [2, 0]))
def test_rows_that_are_taken_are_those_of_a_list(cuts, case):
    values, rows = case
    taken = take_rows(column(values, cuts), np.array(rows, np.int64))
    wanted = [values[k] for k in rows]
    assert list(map(bytes, var_rows(taken))) == wanted
    assert taken.offsets.tolist() == [0, *accumulate(map(len, wanted))]
    twice = concat([taken, column(values, cuts), taken])
    assert list(map(bytes, var_rows(twice))) == [*wanted, *values, *wanted]


@pytest.mark.parametrize("cuts", ["one", "two", "each"])
@given(case=cases(), data=st.data())
def test_rows_are_equal_where_lists_are(cuts, case, data):
    values, changed = case
    other = list(values)
    for k in changed:
        at = data.draw(st.integers(0, len(other[k])))
        other[k] = other[k][:at] + b"x" + other[k][at + data.draw(st.integers(0, 1)) :]
    same = rows_equal(column(values, cuts), column(other, "one"))
    assert same.tolist() == [a == b for a, b in zip(values, other, strict=True)]


def test_short_rows_become_one_buffer_and_wide_ones_share_theirs():
    scattered = np.arange(0, 3_000, 2)
    short = take_rows(column([b"%d" % k for k in range(3_000)], "one"), scattered)
    assert len(short.buffers) == 1
    assert bytes(short.buffers[0]) == b"".join(b"%d" % k for k in scattered)
    longer = take_rows(column([b"%0200d" % k for k in range(3_000)], "one"), scattered)
    assert len(longer.buffers) == 1

    source = column([bytes([k]) * 1_000 for k in range(9)], "one")
    wide = take_rows(source, np.array([8, 1, 1]))
    assert [len(buffer) for buffer in wide.buffers] == [1_000] * 3
    assert all(buffer.obj is source.buffers[0] for buffer in wide.buffers)


def test_bytes_are_moved_in_pieces(monkeypatch):
    monkeypatch.setattr(gather, "PIECE_BYTES", 10)
    values = [b"x" * (k % 25) + b"%d" % k for k in range(200)]
    rows = np.random.default_rng(0).permutation(200)
    taken = take_rows(column(values, "one"), rows)
    assert bytes(join_bytes(taken.buffers)) == b"".join(values[k] for k in rows)
    assert [z - a for a, z in pairwise(taken.offsets.tolist())] == [len(values[k]) for k in rows]
