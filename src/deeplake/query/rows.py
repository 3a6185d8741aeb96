"""Which rows of a table are meant: all, some runs of positions, or single positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    Positions = npt.NDArray[np.int64]


class Rows(NamedTuple):
    """Rows by position, ascending, each once: `runs` of (first, after the last), or `single`."""

    runs: tuple[tuple[int, int], ...] = ()
    single: Positions | None = None

    @property
    def size(self) -> int:
        """How many."""
        if self.single is not None:
            return len(self.single)
        return sum(high - low for low, high in self.runs)

    def are_all(self, rows: int) -> bool:
        """Whether they are all rows of a table."""
        return self.single is None and self.size == rows

    def positions(self) -> Positions:
        """Each of them.

        >>> Rows(((0, 2), (5, 6))).positions().tolist()
        [0, 1, 5]
        """
        if self.single is not None:
            return self.single
        parts = [np.arange(low, high) for low, high in self.runs]
        return parts[0] if len(parts) == 1 else np.concatenate([*parts, np.zeros(0, np.int64)])

    def where(self, mask: npt.NDArray[np.bool_]) -> Rows:
        """Those of them that a mask marks."""
        return self.at(np.flatnonzero(mask))

    def at(self, places: Positions) -> Rows:
        """Those at some places among them, which ascend.

        >>> Rows(((0, 2), (5, 9))).at(np.array([1, 2])).positions().tolist()
        [1, 5]
        """
        if self.single is None and len(self.runs) == 1:
            return Rows(single=places + self.runs[0][0])
        return Rows(single=self.positions()[places])

    def among(self, chosen: Positions) -> Rows:
        """Those that are among some positions, which ascend."""
        if self.single is not None:
            from deeplake.table.patch import holds

            return Rows(single=self.single[holds(chosen, self.single)])
        ends = np.array(self.runs, np.int64).reshape(-1, 2)
        cuts = np.searchsorted(chosen, ends)
        parts = [chosen[low:high] for low, high in cuts.tolist()]
        return Rows(single=np.concatenate([*parts, np.zeros(0, np.int64)]))

    def first(self, count: int) -> Rows:
        """The first of them."""
        if self.size <= count:
            return self
        if self.single is not None:
            return Rows(single=self.single[:count])
        found, left = [], count
        for low, high in self.runs:
            if left <= 0:
                break
            found.append((low, min(high, low + left)))
            left -= high - low
        return Rows(tuple(found))


def parts(rows: Rows, most: int) -> Iterator[Rows]:
    """Rows cut into pieces of so many.

    >>> [piece.runs for piece in parts(Rows(((0, 5), (7, 8))), 3)]
    [((0, 3),), ((3, 5),), ((7, 8),)]
    """
    if rows.single is not None:
        for at in range(0, len(rows.single), most):
            yield Rows(single=rows.single[at : at + most])
        return
    for low, high in rows.runs:
        for at in range(low, high, most):
            yield Rows(((at, min(at + most, high)),))


def joined(runs: Sequence[tuple[int, int]]) -> Rows:
    """Runs in order as rows, those that touch as one.

    >>> joined([(0, 2), (2, 5), (7, 7), (8, 9)]).runs
    ((0, 5), (8, 9))
    """
    found: list[tuple[int, int]] = []
    for low, high in runs:
        if low == high:
            continue
        if found and found[-1][1] == low:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return Rows(tuple(found))
