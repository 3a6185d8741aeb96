"""Whether two trees hold the same rows: ids in order, versions of all cells, and values.

What a stand-in is proved by before it counts. Values are compared as they are read, but for those
of the same frame at the same place, which are not read; media by length and checksum. What was
found equal is remembered: old commits share most of their fragments, and so do their stand-ins.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake.table.ahead import OPENED_TOGETHER, opened
from deeplake.table.cells import Wanted, alike, gathered
from deeplake.table.columns import columns_of
from deeplake.table.compare import versions_at
from deeplake.table.patch import holds
from deeplake.table.sources import OF_ROWS
from deeplake.table.walk import Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import FrameRef
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column, Columns
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.walk import Path
    from deeplake.versioning.snapshot import Snapshot

    Ints = npt.NDArray[np.int64]

BATCH_ROWS = 4096
"""Rows whose values are held at once: 8 MB of vectors of 512."""

CELLS_MAX = 1 << 23
"""Cells of which what they equal is remembered, 8 bytes each."""

FACTS_ROWS_MAX = 64
"""Fragments up to this size are looked at once for all trees that share them."""

FACTS_MAX = 8192
"""So many of them: of one row and ten columns 184 bytes each."""

_NO_FRAME = -1
"""The number of a cell that no frame holds: it has the default of its column."""


class _Rows(NamedTuple):
    """Rows of one fragment that are left.

    `facts` is int64: of each row its id, its version, then of each column the versions of its
    cells, then the numbers of these, last the places of the rows.
    """

    path: Path
    facts: Ints
    fragment: OpenFragment | None
    """None if it was looked at for another tree."""


class Sameness:
    """Compares trees.

    A cell is told by a number: how many cells the frames had that were met before its own, and its
    row in that. Cells of one number are the same cell.
    """

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._frames: dict[tuple[FrameRef, int], int] = {}
        self._count = 0
        self._mates = np.zeros(0, np.int64)
        """By the number of a cell: 1 more than that of one that it equals; 0 if none is known."""
        self._facts: dict[tuple[bytes, Record], Ints] = {}

    def same(self, a: Snapshot, b: Snapshot, name: str, until: float) -> bool:
        """Whether a table is the same at two commits, as far as it can be told in time.

        Args:
            until: when to give up, by the monotonic clock.

        Raises:
            DamageError, StoreError: something of it cannot be read.
        """
        if self._count > CELLS_MAX or len(self._facts) > FACTS_MAX:
            self._start()
        ours, theirs = a.table(name), b.table(name)
        if ours.schema_block != theirs.schema_block or ours.rows != theirs.rows:
            return False
        if ours.root_block == theirs.root_block:
            return True
        one = Side(a.objects, a.head, ours.records)
        two = Side(b.objects, b.head, theirs.records)
        mine, its = _unshared(one.leaves(one.root), two.leaves(two.root))
        columns = columns_of(ours.schema_block)
        left = _Feed(self._rows(one, mine, columns, ours.schema_block))
        right = _Feed(self._rows(two, its, columns, ours.schema_block))
        while batch := left.take(BATCH_ROWS, OPENED_TOGETHER):
            count = sum(rows.facts.shape[1] for rows in batch)
            other = right.take(count, count)
            if time.monotonic() > until or not self._alike(columns, (one, batch), (two, other)):
                return False
        return not right.take(1, 1)

    # --- what is known of rows before their values are read ------------------------------------

    def _rows(
        self, side: Side, paths: Sequence[Path], columns: Columns, schema: bytes
    ) -> Iterator[_Rows]:
        """The rows of some fragments, in order; small slots are read some hundred at once."""
        for start in range(0, len(paths), OPENED_TOGETHER):
            several = paths[start : start + OPENED_TOGETHER]
            known = {path: self._facts.get((schema, path[-1])) for path in several}
            fresh = opened(side, [path for path, facts in known.items() if facts is None])
            for path in several:
                facts = known[path]
                if facts is not None:
                    yield _Rows(path, facts, None)
                    continue
                fragment = next(fresh)
                facts = self._facts_of(fragment, columns)
                if fragment.rows <= FACTS_ROWS_MAX:
                    self._facts[schema, path[-1]] = facts
                yield _Rows(path, facts, fragment)

    def _facts_of(self, fragment: OpenFragment, columns: Columns) -> Ints:
        live = fragment.live
        places = np.arange(fragment.rows) if live is None else live.astype(np.int64)
        ids = [column.column_id for column in columns]
        versions = [versions_at(fragment, i, places).view(np.int64) for i in (OF_ROWS, *ids)]
        numbers = [self._numbers(fragment, i, places) for i in ids]
        return np.stack([fragment.ids_at(places), *versions, *numbers, places])

    def _numbers(self, fragment: OpenFragment, column_id: int, places: Ints) -> Ints:
        found = np.full(len(places), _NO_FRAME)
        for chunk in fragment.fragment.columns:
            if chunk.column_id == column_id:
                starts = np.cumsum([0, *(ref.rows for ref in chunk.frames)])[:-1]
                k = np.searchsorted(starts, places, "right") - 1
                first = np.array([self._first(ref, chunk.generation) for ref in chunk.frames])
                found = first[k] + places - starts[k]
        for overlay in fragment.fragment.overlays:
            if overlay.column_id == column_id:
                positions = fragment.bitmap(overlay.bitmap)
                mine = holds(positions, places)
                first_new = self._first(overlay.values, overlay.generation)
                found[mine] = first_new + np.searchsorted(positions, places[mine])
        return found

    def _first(self, ref: FrameRef, generation: int) -> int:
        """The number of the first cell of a frame."""
        found = self._frames.get((ref, generation))
        if found is None:
            found = self._frames[ref, generation] = self._count
            self._count += ref.rows
        return found

    # --- what is equal --------------------------------------------------------------------------

    def _alike(
        self, columns: Columns, one: tuple[Side, list[_Rows]], two: tuple[Side, list[_Rows]]
    ) -> bool:
        """Whether some rows are the same."""
        if not two[1]:
            return False
        ours, theirs = (np.concatenate([r.facts for r in rows], axis=1) for _, rows in (one, two))
        told = 2 + len(columns)
        if ours.shape != theirs.shape or not np.array_equal(ours[:told], theirs[:told]):
            return False
        numbers = [(ours[told + k], theirs[told + k]) for k in range(len(columns))]
        rows = [self._unknown(a, b) for a, b in numbers]
        wanted = []
        for column, places in zip(columns, rows, strict=True):
            wanted += [
                _wanted(column, one, ours[-1], places),
                _wanted(column, two, theirs[-1], places),
            ]
        data = gathered(wanted, compared=True)
        for k, ((a, b), places) in enumerate(zip(numbers, rows, strict=True)):
            if not alike(data[2 * k], data[2 * k + 1]).all():
                return False
            self._remember(a[places], b[places])
        return True

    def _unknown(self, a: Ints, b: Ints) -> Ints:
        """Which of some cells are not known to equal others."""
        known = a == b
        there = np.flatnonzero((a >= 0) & (a < len(self._mates)))
        known[there] |= self._mates[a[there]] == b[there] + 1
        return np.flatnonzero(~known)

    def _remember(self, a: Ints, b: Ints) -> None:
        if len(self._mates) < min(self._count, CELLS_MAX):
            more = min(2 * self._count, CELLS_MAX) - len(self._mates)
            self._mates = np.append(self._mates, np.zeros(more, np.int64))
        kept = (a >= 0) & (a < len(self._mates)) & (b >= 0)
        self._mates[a[kept]] = b[kept] + 1


class _Feed:
    """Rows in order, some at a time."""

    def __init__(self, rows: Iterator[_Rows]) -> None:
        self._rows = rows
        self._left: _Rows | None = None

    def take(self, count: int, fragments: int) -> list[_Rows]:
        """The next rows: so many, unless there are fewer, of at most so many fragments."""
        found: list[_Rows] = []
        while count and len(found) < fragments:
            rows = next(self._rows, None) if self._left is None else self._left
            if rows is None:
                break
            self._left = None
            if rows.facts.shape[1] > count:
                self._left = rows._replace(facts=rows.facts[:, count:])
                rows = rows._replace(facts=rows.facts[:, :count])
            found.append(rows)
            count -= rows.facts.shape[1]
        return found


def _unshared(ours: list[Path], theirs: list[Path]) -> tuple[list[Path], list[Path]]:
    """Fragments of two trees without those that are the same and have the same rows before them."""
    found = []
    for paths in (ours, theirs):
        rows = [path[-1].rows for path in paths]
        firsts = np.cumsum([0, *rows])[:-1].tolist()
        found.append({(first, path[-1]): path for first, path in zip(firsts, paths, strict=True)})
    one, two = found
    return [one[k] for k in one if k not in two], [two[k] for k in two if k not in one]


def _wanted(column: Column, one: tuple[Side, list[_Rows]], places: Ints, rows: Ints) -> Wanted:
    """Some of the cells of a column."""
    side, parts = one
    at = np.repeat(np.arange(len(parts)), [part.facts.shape[1] for part in parts])[rows]
    fragments = [part.fragment for part in parts]
    closed = [k for k in np.unique(at).tolist() if fragments[k] is None]
    again = side.fragments([parts[k].path for k in closed])
    for k, fragment in zip(closed, again, strict=True):
        fragments[k] = fragment
    return Wanted(column, fragments, at, places[rows])  # type: ignore[arg-type]
