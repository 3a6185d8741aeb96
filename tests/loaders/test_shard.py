"""Shares of ranks: together they are the epoch, in order, whatever the number of ranks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import InputError
from deeplake.loaders.shard import Share, shard_of

SIZES = st.integers(0, 60)
BATCHES = st.integers(1, 9)
WORLDS = st.integers(1, 7)


def shards(rows: int, batch: int, world: int, *, drop_last: bool = False) -> list:
    return [
        shard_of(rows, batch_size=batch, rank=r, world_size=world, drop_last=drop_last)
        for r in range(world)
    ]


@given(SIZES, BATCHES, WORLDS)
def test_ranks_joined_read_each_position_once_in_order(rows: int, batch: int, world: int) -> None:
    ranks = shards(rows, batch, world)
    found = [
        position
        for step in range(ranks[0].steps)
        for rank in ranks
        for position in range(*rank.share(step)[:2])
    ]
    assert found == list(range(rows))


@given(SIZES, BATCHES, WORLDS, st.booleans())
def test_every_rank_has_as_many_steps_of_as_many_rows(
    rows: int, batch: int, world: int, drop_last: bool
) -> None:
    ranks = shards(rows, batch, world, drop_last=drop_last)
    sizes = {tuple(rank.share(step).rows for step in range(rank.steps)) for rank in ranks}
    assert len(sizes) == 1
    padded = any(rank.share(step).padding for rank in ranks for step in range(rank.steps))
    assert padded == ranks[0].pads


@given(SIZES, BATCHES, WORLDS)
def test_a_step_reads_the_same_rows_for_any_number_of_ranks(
    rows: int, batch: int, world: int
) -> None:
    joint = shard_of(rows, batch_size=batch * world)
    ranks = shards(rows, batch, world)
    assert joint.steps == ranks[0].steps
    for step in range(joint.steps):
        low, high = ranks[0].share(step).low, ranks[-1].share(step).high
        assert joint.share(step) == Share(low, high, 0)


@given(SIZES, BATCHES, WORLDS)
def test_drop_last_leaves_full_batches_only(rows: int, batch: int, world: int) -> None:
    for rank in shards(rows, batch, world, drop_last=True):
        assert [rank.share(s).rows for s in range(rank.steps)] == [batch] * rank.steps
        assert not rank.pads


@given(st.integers(1, 60), BATCHES, WORLDS, st.data())
def test_a_run_of_steps_is_its_shares_joined(
    rows: int, batch: int, world: int, data: st.DataObject
) -> None:
    for rank in shards(rows, batch, world):
        first = data.draw(st.integers(0, rank.steps - 1))
        last = data.draw(st.integers(first + 1, rank.steps))
        part = rank.part(first, last)
        shares = [rank.share(step) for step in range(first, last)]
        expected = [[*range(s.low, s.high), *[rows - 1] * s.padding] for s in shares]
        cuts = part.cuts
        found = [np.array(part.positions)[a:z].tolist() for a, z in pairwise(cuts)]
        assert found == expected
        assert part.padding == [s.padding for s in shares]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 2.0}, "batch_size"),
        ({"batch_size": True}, "batch_size"),
        ({"batch_size": 1 << 25}, "batch_size"),
        ({"batch_size": 2, "world_size": 0}, "world_size"),
        ({"batch_size": 2, "world_size": 2, "rank": 2}, "rank"),
    ],
)
def test_arguments_that_make_no_sense_are_named(wrong: dict, named: str) -> None:
    with pytest.raises(InputError, match=named):
        shard_of(10, **wrong)
