"""Row order: a permutation for every size, seed and epoch, the same everywhere, for good."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import InputError
from deeplake.loaders.order import FEW_ROWS, Order, order_name

SEEDS = st.integers(0, 2**64 - 1)


def shuffled(rows: int, seed: int = 0, epoch: int = 0) -> list[int]:
    return Order(rows, seed=seed, epoch=epoch, shuffle="full").at(range(rows)).tolist()


def test_every_size_up_to_300_is_a_permutation() -> None:
    for rows in range(301):
        assert sorted(shuffled(rows, seed=rows)) == list(range(rows))


@given(st.integers(FEW_ROWS - 2, 70_000), SEEDS, SEEDS)
def test_any_size_seed_and_epoch_is_a_permutation(rows: int, seed: int, epoch: int) -> None:
    found = Order(rows, seed=seed, epoch=epoch, shuffle="full").at(range(rows))
    assert np.bincount(found, minlength=rows).tolist() == [1] * rows


def test_part_of_an_order_is_what_the_whole_has_there() -> None:
    whole = Order(5_000, seed=3, epoch=1, shuffle=True)
    rows = whole.at(range(5_000))
    positions = np.array([4_999, 0, 17, 17], np.int64)
    assert whole.at(positions).tolist() == rows[positions].tolist()
    assert whole.at(range(100, 200)).tolist() == rows[100:200].tolist()


def test_sequential_order_is_the_rows_themselves() -> None:
    order = Order(10, seed=5, epoch=9, shuffle=False)
    assert order.at(range(2, 7)) == range(2, 7)


def test_the_order_is_the_same_on_every_platform_and_in_every_version() -> None:
    assert shuffled(10) == [0, 5, 2, 8, 4, 9, 6, 7, 1, 3]
    assert shuffled(10, seed=1) == [6, 1, 4, 0, 7, 2, 9, 5, 3, 8]
    assert shuffled(10, epoch=1) == [4, 1, 9, 0, 3, 6, 8, 5, 2, 7]
    assert shuffled(7, seed=2**64 - 1, epoch=3) == [1, 5, 3, 6, 0, 4, 2]
    million = Order(1_000_003, seed=7, epoch=2, shuffle="full")
    assert million.at(range(999_999, 1_000_003)).tolist() == [601971, 192982, 515512, 172740]
    largest = Order(2**62, seed=7, epoch=2, shuffle="full").at(range(2))
    assert largest.tolist() == [4295927676255066881, 2710684517747160502]


def test_seeds_and_epochs_have_orders_of_their_own() -> None:
    orders = {tuple(shuffled(50, seed, epoch)) for seed in range(20) for epoch in range(20)}
    assert len(orders) == 400


def test_all_permutations_of_four_rows_are_equally_likely() -> None:
    draws = 4_800
    counts = Counter(tuple(shuffled(4, seed)) for seed in range(draws))
    chi_square = sum((n - draws / 24) ** 2 / (draws / 24) for n in counts.values())
    assert len(counts) == 24
    assert chi_square < 23 + 5 * np.sqrt(46)


@pytest.mark.parametrize("rows", [40, 2_000])
def test_every_row_is_as_likely_at_every_place(rows: int) -> None:
    draws, bins = 1_000, 10
    counts = np.zeros((bins, bins))
    for seed in range(draws):
        found = Order(rows, seed=seed, epoch=0, shuffle="full").at(range(rows))
        np.add.at(counts, (np.arange(rows) * bins // rows, found * bins // rows), 1)
    expected = draws * rows / bins**2
    assert np.abs(counts - expected).max() < 6 * np.sqrt(expected)


def test_neighbours_are_strangers_after_a_shuffle() -> None:
    rows = 20_000
    steps = Counter(abs(a - b) <= 100 for a, b in pairwise(shuffled(rows)))
    assert steps[True] < 2 * rows * 200 / rows  # a uniform shuffle has 200 such pairs


def test_order_names() -> None:
    assert [order_name(s) for s in (False, True, "full")] == ["sequential", "full", "full"]
    for wrong in (None, 1, 0, "yes", "sequential"):
        with pytest.raises(InputError, match="shuffle"):
            order_name(wrong)


@pytest.mark.parametrize("wrong", [-1, 2**64, 0.5, True, "1", None])
def test_a_seed_that_is_no_counter_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="seed"):
        Order(5, seed=wrong, epoch=0, shuffle=True)
