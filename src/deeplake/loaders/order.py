"""Row order of one epoch: a pure function of (rows, seed, epoch, shuffle).

Answers which row stands at a position, for any run of positions, in memory that does not grow
with the table. Knows nothing of ranks (shard.py) or of bytes (source.py), so it is tested
exhaustively.

The shuffled order is a keyed bijection of [0, rows): a generalised Feistel network over
Z_a x Z_b with a * b just above `rows`, and cycle walking for the few values outside (Black and
Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). Bijections in place of a
shuffled table are due to Mitchell et al., "Bandwidth-Optimal Random Shuffling for GPUs",
arXiv 2106.06161. It is no cryptography: the round function is a 32-bit mixer.

Part of the contract: the same arguments give the same order on every platform and in every
later version. A better order gets a name of its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import InputError
from deeplake.loaders.arguments import COUNTER_MAX, whole_number

if TYPE_CHECKING:
    import numpy.typing as npt

    Positions = npt.NDArray[np.int64]

SEQUENTIAL, FULL = "sequential", "full"

FEW_ROWS = 1_024
ROUNDS, ROUNDS_FEW = 6, 12
"""Feistel rounds (each costs 2 ns a row), and those below `FEW_ROWS` rows, where they are free:
with 8 the 120 permutations of 5 rows are visibly uneven (chi-square 6 deviations off)."""

_MASK64 = (1 << 64) - 1
_FIRST, _SECOND = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)  # of MurmurHash3's finaliser


def order_name(shuffle: bool | str) -> str:
    """The order that a `shuffle` argument asks for: 'sequential' or 'full'.

    True leaves the choice to us. It is 'full' today, which suits local stores; a windowed order
    that reads each chunk of a bucket once will take its place there.

    Raises:
        InputError: for anything but True, False and 'full'.

    >>> order_name(True)
    'full'
    """
    if shuffle is False:
        return SEQUENTIAL
    if shuffle is True or (isinstance(shuffle, str) and shuffle == FULL):
        return FULL
    raise InputError(f"shuffle is True, False or 'full', got {shuffle!r}.")


class Order:
    """The rows of one epoch in the order they are read.

    Args:
        rows: rows of the table, at most 2**62.
        seed: 0 <= seed < 2**64; another seed is another order.
        epoch: likewise.
        shuffle: see `order_name`.

    >>> Order(5, seed=0, epoch=0, shuffle=False).at(range(1, 4))
    range(1, 4)
    >>> sorted(Order(5, seed=0, epoch=0, shuffle="full").at(range(5)).tolist())
    [0, 1, 2, 3, 4]
    """

    __slots__ = ("_keys", "_left", "_right", "name", "rows")

    def __init__(self, rows: int, *, seed: int, epoch: int, shuffle: bool | str) -> None:
        self.name = order_name(shuffle)
        self.rows = rows
        seed = whole_number("seed", seed, 0, COUNTER_MAX)
        epoch = whole_number("epoch", epoch, 0, COUNTER_MAX)
        self._left = max(math.isqrt(max(rows - 1, 0)) + 1, 2)
        self._right = max(-(-rows // self._left), 2)
        self._keys = round_keys(seed, epoch, ROUNDS_FEW if rows < FEW_ROWS else ROUNDS)

    def at(self, positions: range | Positions) -> range | Positions:
        """The row at each position: a range stays a range in sequential order.

        Args:
            positions: a range of step 1, or int64 (n,), each in [0, rows).

        Returns:
            A range, or int64 (n,).
        """
        if self.name == SEQUENTIAL:
            return positions
        if isinstance(positions, range):
            positions = np.arange(positions.start, positions.stop, dtype=np.int64)
        found = self._encipher(positions)
        outside = np.flatnonzero(found >= self.rows)
        while len(outside):  # ends: a bijection's cycle leads back to where it began, inside
            walked = self._encipher(found[outside])
            found[outside] = walked
            outside = outside[walked >= self.rows]
        return found

    def _encipher(self, values: Positions) -> Positions:
        """The bijection of [0, a * b) at `values`."""
        high, low = np.divmod(values, self._right)
        left, right = high.astype(np.uint32), low.astype(np.uint32)
        for k, key in enumerate(self._keys):
            if k % 2:
                _add_mod(right, left, key, self._right)
            else:
                _add_mod(left, right, key, self._left)
        out: Positions = left.astype(np.int64)
        out *= self._right
        out += right
        return out

    def __repr__(self) -> str:
        return f"Order({self.rows} rows, {self.name})"


def _add_mod(
    target: npt.NDArray[np.uint32], other: npt.NDArray[np.uint32], key: np.uint32, size: int
) -> None:
    """target = (target + F(other)) mod size, in place; target < size <= 2**31."""
    mixed = other ^ key
    mixed *= _FIRST
    mixed ^= mixed >> np.uint32(15)
    mixed *= _SECOND
    scaled = mixed.astype(np.uint64)
    scaled *= np.uint64(size)
    scaled >>= np.uint64(32)
    target += scaled.astype(np.uint32)
    # target - size wraps to a huge number where target < size: the minimum is the remainder
    np.minimum(target, target - np.uint32(size), out=target)


def round_keys(seed: int, epoch: int, rounds: int) -> tuple[np.uint32, ...]:
    """One 32-bit key a round, by SplitMix64 over seed and epoch."""
    state = _splitmix(_splitmix(seed) ^ epoch)
    keys: list[Any] = []
    for _ in range(rounds):
        state = (state + 0x9E3779B97F4A7C15) & _MASK64
        keys.append(np.uint32(_splitmix(state) >> 32))
    return tuple(keys)


def _splitmix(value: int) -> int:
    """The output function of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK64
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK64
    return value ^ (value >> 31)
