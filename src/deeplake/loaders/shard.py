"""Which positions of an epoch a rank reads at each step.

A pure function of (rows, batch size, rank, world size, drop_last). Step g of the whole job takes
positions [g B W, (g + 1) B W) of the order, for batches of B rows on each of W ranks; rank r
takes its contiguous share, so joining the ranks' batches gives the same rows whatever W is.
Every rank has the same number of steps, and equal batches within a step: the last step is
divided evenly and padded. Knows neither which row stands at a position nor how rows are read.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake.loaders.arguments import whole_number

if TYPE_CHECKING:
    import numpy.typing as npt

BATCH_ROWS_MAX = 1 << 24
"""Longest batch, in rows: 16 million."""

WORLD_SIZE_MAX = 1 << 20
"""Most ranks of one job."""


class Share(NamedTuple):
    """Positions low:high of the order, then `padding` repeats of the last row of the epoch."""

    low: int
    high: int
    padding: int

    @property
    def rows(self) -> int:
        """Rows of the batch, padding included."""
        return self.high - self.low + self.padding


class Part(NamedTuple):
    """Some steps of a rank: step k is positions[cuts[k]:cuts[k + 1]], the last `padding[k]` of
    which are repeats.
    """

    positions: range | npt.NDArray[np.int64]
    cuts: list[int]
    padding: list[int]


class Shard(NamedTuple):
    """One rank's part of an epoch of `rows` rows; make it with `shard_of`.

    >>> shard = shard_of(10, batch_size=2, rank=1, world_size=2)
    >>> [shard.share(step) for step in range(shard.steps)]  # doctest: +NORMALIZE_WHITESPACE
    [Share(low=2, high=4, padding=0), Share(low=6, high=8, padding=0),
     Share(low=9, high=10, padding=0)]
    """

    rows: int
    batch_size: int
    rank: int
    world_size: int
    drop_last: bool

    @property
    def steps(self) -> int:
        """Batches in an epoch, the same on every rank."""
        whole = self.batch_size * self.world_size
        return self.rows // whole if self.drop_last else -(-self.rows // whole)

    @property
    def pads(self) -> bool:
        """Whether some rank's last batch has padding; then every batch is marked `_valid`."""
        whole = self.batch_size * self.world_size
        return not self.drop_last and self.rows % whole % self.world_size != 0

    def part(self, first: int, last: int) -> Part:
        """This rank's part of steps first:last (first < last)."""
        if self.world_size == 1:
            low, high = first * self.batch_size, min(last * self.batch_size, self.rows)
            cuts = [*range(0, high - low, self.batch_size), high - low]
            return Part(range(low, high), cuts, [0] * (last - first))
        shares = [self.share(step) for step in range(first, last)]
        runs = [np.arange(share.low, share.high, dtype=np.int64) for share in shares]
        padding = [share.padding for share in shares]
        runs.append(np.full(padding[-1], self.rows - 1, np.int64))  # only a last step is padded
        cuts = [0, *accumulate(share.rows for share in shares)]
        return Part(np.concatenate(runs), cuts, padding)

    def share(self, step: int) -> Share:
        """This rank's part of a step (0 <= step < steps)."""
        first = step * self.batch_size * self.world_size
        left = self.rows - first
        size = min(self.batch_size, -(-left // self.world_size))
        low = min(first + self.rank * size, self.rows)
        high = min(low + size, self.rows)
        return Share(low, high, size - (high - low))


def shard_of(
    rows: int,
    *,
    batch_size: int,
    rank: int = 0,
    world_size: int = 1,
    drop_last: bool = False,
) -> Shard:
    """The part of an epoch that a rank reads.

    Args:
        rows: rows of the epoch.
        batch_size: rows of one rank's batch.
        rank: this process among those that train together.
        world_size: how many they are.
        drop_last: leave out the last step unless all its batches are full.

    Raises:
        InputError: a batch size or rank that makes no sense.
    """
    batch_size = whole_number("batch_size", batch_size, 1, BATCH_ROWS_MAX)
    world_size = whole_number("world_size", world_size, 1, WORLD_SIZE_MAX)
    rank = whole_number("rank", rank, 0, world_size - 1)
    return Shard(rows, batch_size, rank, world_size, bool(drop_last))
