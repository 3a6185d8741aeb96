"""Where rows stand in some fragments, by row id: looked up by runs of ids, not row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.table.compare import by_fragment
from deeplake.table.patch import holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.table.fragments import OpenFragment

    Ints = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]


class Whereabouts:
    """Finds rows that are not deleted.

    A row that came back stands in one fragment and is deleted in another, so runs of several
    fragments may overlap: they are kept in layers within which none do.
    """

    def __init__(self, fragments: Sequence[OpenFragment]) -> None:
        self.fragments = list(fragments)
        runs = []
        for k, fragment in enumerate(self.fragments):
            place = 0
            for run in fragment.fragment.row_ids:
                runs.append((run.start, run.start + run.rows, k, place))
                place += run.rows
        self._layers = _layers(runs)
        self._whole = all(fragment.fragment.deletion is None for fragment in self.fragments)

    def find(self, ids: Ints) -> tuple[Ints, Ints, Mask]:
        """(fragment, place) of the rows that stand somewhere, and which of `ids` these are."""
        if len(self._layers) == 1 and self._whole:
            return _find(self._layers[0], ids)
        at = np.zeros(len(ids), np.int64)
        places = np.zeros(len(ids), np.int64)
        found = np.zeros(len(ids), np.bool_)
        for layer in self._layers:
            left = np.flatnonzero(~found)
            if not len(left):
                break
            which, where, there = _find(layer, ids[left])
            left = left[there]
            live = self._live(which, where)
            left = left[live]
            at[left], places[left], found[left] = which[live], where[live], True
        return at[found], places[found], found

    def _live(self, at: Ints, places: Ints) -> Mask:
        live = np.ones(len(at), np.bool_)
        for k, mine in by_fragment(at):
            if self.fragments[k].fragment.deletion is not None:
                live[mine] = ~holds(self.fragments[k].deleted, places[mine])
        return live


def _find(layer: Ints, ids: Ints) -> tuple[Ints, Ints, Mask]:
    """(fragment, place) of the rows that runs of one layer hold, and which of `ids` these are."""
    k = np.searchsorted(layer[:, 0], ids, "right") - 1
    run = layer[np.maximum(k, 0)]
    there = (k >= 0) & (ids < run[:, 1])
    if not there.all():
        run, ids = run[there], ids[there]
    return run[:, 2], run[:, 3] + ids - run[:, 0], there


def _layers(runs: list[tuple[int, int, int, int]]) -> list[Ints]:
    """(start, end, fragment, place) in layers that do not overlap, each by start."""
    layers: list[list[tuple[int, int, int, int]]] = []
    for run in sorted(runs):
        for layer in layers:
            if layer[-1][1] <= run[0]:
                layer.append(run)
                break
        else:
            layers.append([run])
    return [np.array(layer, np.int64) for layer in layers]
