"""The keys of one table in memory: sorted runs of hashes, each with the row it belongs to. Pure.

Rows are named by *ordinal*: their position when they came, counted on and never reused. Appended
rows get the next ones, deleted rows leave theirs empty, so nothing else changes when rows come and
go. Indexes are immutable: each step makes a new one that shares its runs with the old.

12 bytes a row and key (16 above 2^32 rows), three times that while an index is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.table.patch import holds
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.table.key_values import Hashed, Hashes, Mask

    Ints = npt.NDArray[np.int64]

TAIL_ROWS = 1024
"""Runs are joined up to this size however often it happens: sorting them costs 10 us."""

GROWTH = 4
"""Each run is over so many times the size of the next: a million rows are 6 runs."""

NONE = np.zeros(0, np.int64)


class Places(NamedTuple):
    """Which ordinals the rows of a table have: all below `rows` but those in `gone` (ascending)."""

    rows: int
    gone: Ints = NONE

    @property
    def live(self) -> int:
        """Rows that are there."""
        return self.rows - len(self.gone)

    def ordinals(self, positions: Ints) -> Ints:
        """Positions -> ordinals.

        >>> Places(5, np.array([1, 2])).ordinals(np.array([0, 1, 2])).tolist()
        [0, 3, 4]
        """
        if not len(self.gone):
            return positions
        before = self.gone - np.arange(len(self.gone))
        return positions + np.searchsorted(before, positions, "right")

    def positions(self, ordinals: Ints) -> Ints:
        """Ordinals of rows that are there -> positions.

        >>> Places(5, np.array([1, 2])).positions(np.array([0, 3, 4])).tolist()
        [0, 1, 2]
        """
        return ordinals - np.searchsorted(self.gone, ordinals)

    def appended(self, rows: int) -> Places:
        """With more rows at the end."""
        return Places(self.rows + rows, self.gone)

    def without(self, positions: Ints) -> Places:
        """With some rows deleted."""
        return Places(self.rows, np.union1d(self.gone, self.ordinals(positions)))


class Run(NamedTuple):
    """Hashes, ascending, and the ordinal of each."""

    hashes: Hashes
    ordinals: npt.NDArray[np.uint32] | Ints


class Changed(NamedTuple):
    """Rows whose key is another one than when they came: ordinals ascend; the last hash counts."""

    ordinals: Ints
    hashes: Hashes
    valid: Mask


class KeyIndex(NamedTuple):
    """Hash -> ordinals, for one key."""

    runs: tuple[Run, ...] = ()
    changed: Changed | None = None

    @property
    def entries(self) -> int:
        """Hashes held, those of rows that are gone included."""
        return sum(len(run.hashes) for run in self.runs)

    def added(self, found: Hashed, ordinals: Ints) -> KeyIndex:
        """With the keys of more rows; rows without a key are left out."""
        hashes = found.hashes
        if found.valid is not None:
            hashes, ordinals = hashes[found.valid], ordinals[found.valid]
        if not len(hashes):
            return self
        return KeyIndex(_stacked(self.runs, _run(hashes, ordinals)), self.changed)

    def moved(self, found: Hashed, ordinals: Ints) -> KeyIndex:
        """With other keys for rows that are there; each ordinal once."""
        runs = self.added(found, ordinals).runs
        valid = np.ones(len(ordinals), np.bool_) if found.valid is None else found.valid
        hashes = found.hashes
        if self.changed is not None:
            kept = ~np.isin(self.changed.ordinals, ordinals)
            ordinals = np.concatenate([self.changed.ordinals[kept], ordinals])
            hashes = np.concatenate([self.changed.hashes[kept], hashes])
            valid = np.concatenate([self.changed.valid[kept], valid])
        order = np.argsort(ordinals)
        changed = Changed(ordinals[order], hashes[order], valid[order])
        return KeyIndex(runs, changed)

    def find(self, hashes: Hashes, gone: Ints) -> tuple[Ints, Ints]:
        """(which of `hashes`, ordinal of a row with that hash), a pair for every such row."""
        which, ordinals = [NONE], [NONE]
        for run in self.runs:
            low = run.hashes.searchsorted(hashes)
            hit = np.flatnonzero(run.hashes[np.minimum(low, len(run.hashes) - 1)] == hashes)
            if len(hit):
                low = low[hit]
                counts = run.hashes.searchsorted(hashes[hit], "right") - low
                first = np.repeat(low - (np.cumsum(counts) - counts), counts)
                at = first + np.arange(len(first))
                which.append(np.repeat(hit, counts))
                ordinals.append(run.ordinals[at].astype(np.int64))
        if len(which) == 1:
            return NONE, NONE
        return self.alive(hashes, np.concatenate(which), np.concatenate(ordinals), gone)

    def alive(self, hashes: Hashes, which: Ints, ordinals: Ints, gone: Ints) -> tuple[Ints, Ints]:
        """Some pairs without those of rows that are gone, or have another key by now."""
        keep = ~holds(gone, ordinals)
        changed = self.changed
        if changed is not None:
            moved = holds(changed.ordinals, ordinals)
            at = np.searchsorted(changed.ordinals, ordinals[moved])
            keep[moved] &= changed.valid[at] & (changed.hashes[at] == hashes[which[moved]])
        which, ordinals = which[keep], ordinals[keep]
        if changed is not None and len(which):  # a key that was changed back is in two runs
            pairs = np.unique(np.stack([which, ordinals]), axis=1)
            which, ordinals = pairs[0], pairs[1]
        return which, ordinals


def run_of(pieces: Sequence[tuple[Hashes, Ints]]) -> tuple[Run, ...]:
    """All keys of a table as one run."""
    if not pieces:
        return ()
    hashes = np.concatenate([piece[0] for piece in pieces])
    return (_run(hashes, np.concatenate([piece[1] for piece in pieces])),) if len(hashes) else ()


def _run(hashes: Hashes, ordinals: Ints) -> Run:
    if len(hashes) > 1 and not bool((hashes[1:] >= hashes[:-1]).all()):
        order = np.argsort(hashes, kind="stable")
        hashes, ordinals = hashes[order], ordinals[order]
    narrow = not len(ordinals) or int(ordinals.max()) < 1 << 32
    return Run(hashes, ordinals.astype(np.uint32) if narrow else ordinals)


def _stacked(runs: tuple[Run, ...], top: Run) -> tuple[Run, ...]:
    """Runs with another on top, joined with those that are not much larger."""
    kept = len(runs)
    size = len(top.hashes)
    while kept and len(runs[kept - 1].hashes) <= max(GROWTH * size, TAIL_ROWS):
        kept -= 1
        size += len(runs[kept].hashes)
    if kept == len(runs):
        return (*runs, top)
    joined = [*runs[kept:], top]
    hashes = np.concatenate([run.hashes for run in joined])
    ordinals = np.concatenate([run.ordinals for run in joined])
    order = np.argsort(hashes, kind="stable")  # runs in order are merged, not sorted
    return (*runs[:kept], Run(hashes[order], ordinals[order]))
