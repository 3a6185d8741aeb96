"""Rows of an old commit found in fragments of a newer one: same ids, same versions of all cells.

What is found is named by place; what newer commits overwrote is kept as patches with the versions
it had; what they deleted is left to be written anew. Reads no values but those of patches.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake.format import tree
from deeplake.format.fragment import object_ids
from deeplake.format.keys import OBJECT_ID_BYTES
from deeplake.table.compare import NO_ROWS, versions_at
from deeplake.table.fragments import OpenFragment
from deeplake.table.patch import holds
from deeplake.types.base import FixedLayout
from deeplake.types.data import concat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from deeplake.format.schema import ColumnSpec, TableSchema
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column
    from deeplake.types.base import ColumnData

    Ints = npt.NDArray[np.int64]
    Versions = npt.NDArray[np.uint64]

OF_ROWS = -1
"""No column's id: asked for its versions, a fragment answers with those of its rows."""

ID_RUNS_MAX = 256
"""Every piece of a fragment repeats its row-id runs: one of more runs is no source."""

PARTS_MAX = 8
"""Parts of a run of fragments that are taken whatever their size."""

PART_ROWS_MIN = 1024
"""Where there are more, rows of shorter ones are written anew."""

PATCHED_BYTES_MAX = 16
"""Cells of a fixed layout up to this size may be laid over what newer commits made of them;
rows with other cells that were changed are written anew."""


class Cells(NamedTuple):
    """Values of one column that differ from those of a source, by place in it."""

    places: Ints
    data: ColumnData
    versions: Versions


class Part(NamedTuple):
    """Rows that a source holds, in order, and what is to be laid over them."""

    source: Source
    places: Ints
    patches: dict[int, Cells]


class Source:
    """A fragment that rows of old commits may be read from.

    Args:
        opened: with nothing deleted.
        gone: places of the rows that its block deletes: their versions mean nothing, since it may
            be part of a stand-in.
        record: of its block.
        meanings: what its columns mean, see `meanings`.
        own: whether it was written for old commits only.

    Attributes:
        whole: whether its block has no deletion, so that it can be referred to as it is.
    """

    def __init__(
        self,
        opened: OpenFragment,
        record: Record,
        meanings: Mapping[int, tuple[object, ...]],
        *,
        own: bool,
        gone: Ints = NO_ROWS,
    ) -> None:
        self.opened, self.record, self.own, self.whole = opened, record, own, not len(gone)
        self.fragment = opened.fragment
        self._meanings = meanings
        runs = self.fragment.row_ids
        starts = np.array([run.start for run in runs], np.int64)
        rows = np.array([run.rows for run in runs], np.int64)
        order = np.argsort(starts)
        self._starts, self._rows = starts[order], rows[order]
        self._first = (np.cumsum(rows) - rows)[order]
        self._versions: dict[int, Versions] = {}
        self.gone = gone
        self.edges: set[int] = set()
        """Places at which parts of it begin or end."""

    def means(self, wanted: Mapping[int, tuple[object, ...]]) -> bool:
        """Whether these columns mean the same in it."""
        return all(self._meanings.get(column_id) == found for column_id, found in wanted.items())

    def find(self, ids: Ints) -> Ints:
        """The places of rows by id; -1 for those it has not, or deletes."""
        k = np.searchsorted(self._starts, ids, "right") - 1
        inner = ids - self._starts[k]
        there = (k >= 0) & (inner < self._rows[k])
        found = np.where(there, self._first[k] + inner, -1)
        found[holds(self.gone, found)] = -1
        return found

    def versions(self, column_id: int, places: Ints) -> Versions:
        """Versions of a column at some places."""
        found = self._versions.get(column_id)
        if found is None:
            found = versions_at(self.opened, column_id, np.arange(self.fragment.rows))
            self._versions[column_id] = found
        return found[places]


def meanings(schema: TableSchema) -> dict[int, tuple[object, ...]]:
    """What decides how the stored cells of each column are read."""
    return {spec.column_id: _meaning(spec) for spec in schema.columns}


def _meaning(spec: ColumnSpec) -> tuple[object, ...]:
    return spec.type, spec.former, spec.default


def source_of(
    opened: OpenFragment, record: Record, known: Mapping[int, tuple[object, ...]]
) -> Source | None:
    """A fragment as a source; None if it lies in slots, or every piece of it would be large."""
    fragment = opened.fragment
    if record.kind != tree.PACK or len(fragment.row_ids) > ID_RUNS_MAX:
        return None
    if any(len(object_id) != OBJECT_ID_BYTES for object_id in object_ids(fragment)):
        return None
    if fragment.deletion is None:
        return Source(opened, record, known, own=False)
    bare = OpenFragment(opened.objects, fragment._replace(deletion=None), opened.own_key)
    return Source(bare, record, known, own=False, gone=opened.deleted)


class Wanted:
    """The rows of some fragments, in order, and where sources hold them."""

    def __init__(self, fragments: Sequence[OpenFragment], columns: Sequence[Column]) -> None:
        self.fragments = fragments
        self._columns = {column.column_id: column for column in columns}
        places = [
            np.arange(f.rows) if f.live is None else f.live.astype(np.int64) for f in fragments
        ]
        self.at = np.repeat(np.arange(len(fragments)), [len(p) for p in places])
        self.places = np.concatenate(places)
        self.ids = np.concatenate([f.ids_at(p) for f, p in zip(fragments, places, strict=True)])
        self._versions = {
            column_id: np.concatenate(
                [versions_at(f, column_id, p) for f, p in zip(fragments, places, strict=True)]
            )
            for column_id in (OF_ROWS, *self._columns)
        }
        self.source = np.full(len(self.ids), -1)
        """Which source holds each row; -1 if none does."""
        self._there = np.zeros(len(self.ids), np.int64)
        self._sources: Sequence[Source] = ()

    def match(self, sources: Sequence[Source]) -> None:
        """Look the rows up: first where all cells are the same, then where patches are allowed."""
        self._sources = sources
        for exact in (True, False):
            for k, source in enumerate(sources):
                left = np.flatnonzero(self.source < 0)
                if len(left) and not (source.own and not exact):
                    self._look(k, left, exact=exact)
        starts, stops = self._runs()
        taken = self.source[starts] >= 0
        if np.count_nonzero(taken) > PARTS_MAX:
            for start, stop in zip(starts[taken].tolist(), stops[taken].tolist(), strict=True):
                if stop - start < PART_ROWS_MIN:
                    self.source[start:stop] = -1

    def _look(self, k: int, left: Ints, *, exact: bool) -> None:
        source = self._sources[k]
        found = source.find(self.ids[left])
        rows, places = left[found >= 0], found[found >= 0]
        if not len(rows):
            return
        same = np.ones(len(rows), np.bool_)
        for column_id, versions in self._versions.items():
            column = self._columns.get(column_id)
            if exact or column is None or not _may_be_patched(column):
                same &= source.versions(column_id, places) == versions[rows]
        self.source[rows[same]] = k
        self._there[rows[same]] = places[same]

    def _runs(self) -> tuple[Ints, Ints]:
        """Where runs of rows begin and end that lie in one source in order, or in none."""
        cut = np.ones(len(self.ids), np.bool_)
        back = (self._there[1:] <= self._there[:-1]) & (self.source[1:] >= 0)
        cut[1:] = (self.source[1:] != self.source[:-1]) | back
        starts = np.flatnonzero(cut)
        return starts, np.append(starts[1:], len(self.ids))

    def runs(self) -> list[tuple[Part | None, int, int]]:
        """Runs of rows in order: what holds them, if anything does; first row, behind last."""
        starts, stops = self._runs()
        found: list[tuple[Part | None, int, int]] = []
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            part = self._part(start, stop) if self.source[start] >= 0 else None
            found.append((part, start, stop))
        return found

    def held(self) -> list[tuple[Source, int, int]]:
        """Those that lie in a source."""
        starts, stops = self._runs()
        runs = zip(starts.tolist(), stops.tolist(), strict=True)
        return [(self._sources[self.source[a]], a, z) for a, z in runs if self.source[a] >= 0]

    def _part(self, start: int, stop: int) -> Part:
        source, places = self._sources[self.source[start]], self._there[start:stop]
        patches = {}
        for column_id, column in self._columns.items():
            versions = self._versions[column_id][start:stop]
            differ = np.flatnonzero(source.versions(column_id, places) != versions)
            if len(differ):
                data = self._values(column, start + differ)
                patches[column_id] = Cells(places[differ], data, versions[differ])
        return Part(source, places, patches)

    def _values(self, column: Column, rows: Ints) -> ColumnData:
        parts = []
        for k in np.unique(self.at[rows]).tolist():
            mine = rows[self.at[rows] == k]
            fragment = self.fragments[k]
            parts.append(fragment.chunk(column).take(fragment.positions(self.places[mine])))
        return concat(parts)


def _may_be_patched(column: Column) -> bool:
    layout = column.layout
    if not isinstance(layout, FixedLayout):
        return column.type.name in ("text", "json")
    size = np.dtype(layout.dtype).itemsize * int(np.prod(layout.shape, dtype=np.int64))
    return size <= PATCHED_BYTES_MAX


def thinned(edges: Sequence[int], weights: Ints, least: int) -> list[int]:
    """Some of ascending places, so far apart that something changes `least` times between two.

    Args:
        weights: of each place, how often something changed up to it.

    >>> thinned([2, 3, 9], np.arange(10), 5)
    [9]
    """
    found: list[int] = []
    last = 0
    for edge in edges:
        weight = int(weights[min(edge, len(weights) - 1)])
        if weight - last >= least:
            found.append(edge)
            last = weight
    return found


def cut_at(places: Ints, edges: Sequence[int]) -> list[Ints]:
    """Ascending places cut at some of them."""
    low, high = int(places[0]), int(places[-1])
    inner = edges[bisect_left(edges, low + 1) : bisect_left(edges, high + 1)]
    return [part for part in np.split(places, np.searchsorted(places, inner)) if len(part)]
