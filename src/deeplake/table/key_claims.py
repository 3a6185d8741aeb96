"""The keys that one side of a merge gives to rows, where the other does not: read, and matched.

A key that both sides give to a row is nobody's claim: each side is consistent by itself. So only
rows that a side added or whose key one of them changed are looked at, never the table.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake.format import statistics as stats
from deeplake.table.compare import Rows
from deeplake.table.conflicts import Spot
from deeplake.table.gathered import gathered
from deeplake.table.key_scan import keys_of
from deeplake.table.key_values import cells, hashed
from deeplake.table.patch import holds
from deeplake.table.whereabouts import Whereabouts

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    import numpy.typing as npt

    from deeplake.format.statistics import ColumnStatistics
    from deeplake.format.tree import Record
    from deeplake.table.columns import Key
    from deeplake.table.compare import TableDelta
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.key_values import Hashes
    from deeplake.table.walk import Path, Side
    from deeplake.types.base import ColumnData

    Ints = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]
    Bounds = dict[int, ColumnStatistics]


class Party:
    """What one side did to the rows of a table.

    Args:
        side: its tree.
        delta: from the base to it.
        rival: the same of the other side.
        columns: ids of those that the merged table has.
    """

    def __init__(
        self, side: Side, delta: TableDelta, rival: TableDelta, columns: Container[int]
    ) -> None:
        self.side = side
        self.delta = delta
        self.removed = delta.removed.ids
        self.fragments = [*delta.other, *rival.base]
        updated = [Rows(u.ids, u.at, u.places) for c, u in delta.updated.items() if c in columns]
        based = [
            Rows(u.ids, u.base_at + len(delta.other), u.base_places)
            for c, u in rival.updated.items()
            if c in columns
        ]
        self.updated = _once(updated).ids
        known = _once([delta.added, *updated, *based])
        self._known = known.where(~holds(self.removed, known.ids))
        self._whole: Whereabouts | None = None

    def keyed(self, key: Key) -> Ints:
        """Rows of the base whose key it changed."""
        found = [u.ids for c, u in self.delta.updated.items() if c in key.ids]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)

    def claims_anything(self, key: Key, kept: Ints) -> bool:
        """Whether it gave a key to a row, or kept one of a row that the other side deleted."""
        return bool(
            len(self.delta.added.ids) or self.delta.whole or len(kept) or len(self.keyed(key))
        )

    def find(self, ids: Ints) -> tuple[list[OpenFragment], Ints, Ints, Mask]:
        """Fragments, and where in them the rows are that it has, of those that any side changed."""
        known = self._known
        if not self.delta.whole:
            found = holds(known.ids, ids)
            rows = known.where(np.searchsorted(known.ids, ids[found]))
            return self.fragments, rows.at, rows.places, found
        if self._whole is None:
            self._whole = Whereabouts(self.side.fragments(self.side.leaves(self.delta.whole)))
        at, places = np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64)
        more_at, more_places, found = self._whole.find(ids)
        at[found], places[found] = more_at + len(self.fragments), more_places
        old = ~found & holds(known.ids, ids)
        rows = known.where(np.searchsorted(known.ids, ids[old]))
        at[old], places[old] = rows.at, rows.places
        found |= old
        return [*self.fragments, *self._whole.fragments], at[found], places[found], found

    def spot(self, row_id: int) -> Spot | None:
        """One row, if it has it."""
        fragments, at, places, found = self.find(np.array([row_id]))
        return Spot(fragments[int(at[0])], int(places[0])) if found[0] else None

    def touched(self, key: Key, keyed: Ints, kept: Ints) -> tuple[Rows, Mask, Mask]:
        """Rows whose key may be claimed, but for those new altogether; which of them it gave the
        key; and which it added.

        Args:
            keyed: rows whose key any side changed.
            kept: rows that it changed and the other side deleted.
        """
        ids = self._known.ids
        added = holds(self.delta.added.ids, ids)
        active = added | holds(self.keyed(key), ids) | holds(kept, ids)
        mine = active | holds(keyed, ids)
        return self._known.where(mine), active[mine], added[mine]


class Claims:
    """Rows of one side with their keys, as numbers: rows without a key are left out."""

    def __init__(self, party: Party, key: Key) -> None:
        self._key = key
        self._objects = party.side.objects
        self.fragments = list(party.fragments)
        none = np.zeros(0, np.int64)
        self.rows = Rows(none, none, none)
        self.active = self.added = np.zeros(0, np.bool_)
        """Rows whose key the side gave or kept; those that it added."""
        self.hashes: Hashes = np.zeros(0, np.uint64)
        self.given = none
        """Ids of the active ones, those too whose key is NULL."""

    def read(self, rows: Rows, active: Mask, added: Mask, whole: Sequence[OpenFragment]) -> None:
        """Read the keys of some rows, and of all rows of fragments that are new altogether."""
        pieces = [
            (k, rows.places[m], rows.ids[m], active[m], added[m]) for k, m in _by_fragment(rows)
        ]
        for fragment in whole:
            live = np.arange(fragment.rows) if fragment.live is None else fragment.live
            yes = np.ones(len(live), np.bool_)
            pieces.append(
                (len(self.fragments), np.asarray(live, np.int64), fragment.live_ids(), yes, yes)
            )
            self.fragments.append(fragment)
        self._read([piece for piece in pieces if len(piece[1])])

    def _read(self, pieces: list[tuple[int, Ints, Ints, Mask, Mask]]) -> None:
        def look(piece: tuple[int, Ints, Ints, Mask, Mask]) -> tuple[Hashes, Ints]:
            fragment, places = self.fragments[piece[0]], piece[1]
            found = hashed(keys_of(fragment, self._key, fragment.positions(places)))
            rows = found.rows()
            return found.hashes[rows], rows

        found = self._objects.parallel(look, pieces)
        if not found:
            return
        self.given = np.concatenate([p[2][p[3]] for p in pieces])
        keyed = [(p, rows) for p, (_, rows) in zip(pieces, found, strict=True)]
        self.rows = Rows(
            np.concatenate([p[2][rows] for p, rows in keyed]),
            np.concatenate([np.full(len(rows), p[0]) for p, rows in keyed]),
            np.concatenate([p[1][rows] for p, rows in keyed]),
        )
        self.active = np.concatenate([p[3][rows] for p, rows in keyed])
        self.added = np.concatenate([p[4][rows] for p, rows in keyed])
        self.hashes = np.concatenate([hashes for hashes, _ in found])

    def keys(self, which: Ints) -> list[tuple[bytes, ...]]:
        """Some of the keys, byte by byte."""
        return cells(self.data(which), np.arange(len(which))) if len(which) else []

    def data(self, which: Ints) -> list[ColumnData]:
        """The key's columns of some of the rows; at least one."""
        rows = self.rows.where(which)
        return [gathered(self.fragments, c, rows.at, rows.places) for c in self._key.columns]


class Pair(NamedTuple):
    """Two rows with one key, as numbers among the claims of both sides."""

    ours: int
    theirs: int


def claims_of(
    key: Key, ours: Party, theirs: Party, kept: tuple[Ints, Ints]
) -> tuple[Claims, Claims]:
    """What both sides claim, but for fragments whose bounds rule out that it matters."""
    keyed = np.union1d(ours.keyed(key), theirs.keyed(key))
    rows = [party.touched(key, keyed, own) for party, own in zip((ours, theirs), kept, strict=True)]
    common = {path[-1] for path in ours.delta.whole} & {path[-1] for path in theirs.delta.whole}
    small = [
        [_bounds(party.fragments[k]) for k, _ in _by_fragment(found)]
        for party, (found, _, _) in zip((ours, theirs), rows, strict=True)
    ]
    whole = _near(key, (ours, theirs), small, common)
    made = Claims(ours, key), Claims(theirs, key)
    for claims, (found, active, added), fragments in zip(made, rows, whole, strict=True):
        claims.read(found, active, added, fragments)
    return made


def _near(
    key: Key, parties: tuple[Party, Party], small: list[list[Bounds]], common: set[Record]
) -> list[list[OpenFragment]]:
    """Fragments that are new altogether on each side, where the other may have equal keys."""
    paths = [[p for p in party.delta.whole if p[-1] not in common] for party in parties]
    bounds = [
        _union(key, [*known, *(party.side.objects.parallel(party.side.objects.statistics,
                                                          [p[-1] for p in own]))])
        for party, known, own in zip(parties, small, paths, strict=True)
    ]  # fmt: skip
    found = []
    for k, party in enumerate(parties):
        nodes = _kept(key, party, paths[k], bounds[1 - k])
        fragments = party.side.fragments(nodes)
        found.append([f for f in fragments if not _apart(key, _bounds(f), bounds[1 - k])])
    seen = [{f.path[-1] for f in side} for side in found]
    return [[f for f in side if f.path[-1] not in seen[0] & seen[1]] for side in found]


def _kept(key: Key, party: Party, paths: list[Path], bounds: Bounds) -> list[Path]:
    """Fragments below some records, without subtrees that bounds rule out."""
    objects, found = party.side.objects, []
    while paths:
        nodes = [path for path in paths if path[-1].level]
        found += [path for path in paths if not path[-1].level]
        known = objects.parallel(objects.statistics, [path[-1] for path in nodes])
        near = [p for p, s in zip(nodes, known, strict=True) if not _apart(key, s, bounds)]
        paths = [child for children in party.side.children(near) for child in children]
    return found


def _bounds(fragment: OpenFragment) -> Bounds:
    return {chunk.column_id: chunk.statistics for chunk in fragment.fragment.columns}


def _union(key: Key, parts: Sequence[Bounds]) -> Bounds:
    if not parts:
        return {
            c: stats.ColumnStatistics(stats.EMPTY, 0, 0, *[stats.EMPTY_BOUND] * 2) for c in key.ids
        }
    return {c: stats.merge([part.get(c, stats.UNKNOWN) for part in parts]) for c in key.ids}


def _apart(key: Key, a: Bounds, b: Bounds) -> bool:
    return any(stats.apart(a.get(c, stats.UNKNOWN), b.get(c, stats.UNKNOWN)) for c in key.ids)


def pairs_of(ours: Claims, theirs: Claims, mine: Mask, others: Mask) -> list[Pair]:
    """Rows of both sides, other ones, with equal keys."""
    a = np.flatnonzero(mine & np.isin(ours.hashes, theirs.hashes[others]))
    b = np.flatnonzero(others & np.isin(theirs.hashes, ours.hashes[a]))
    places: dict[tuple[bytes, ...], list[int]] = {}
    for k, cell in zip(b.tolist(), theirs.keys(b), strict=True):
        places.setdefault(cell, []).append(k)
    return [
        Pair(k, other)
        for k, cell in zip(a.tolist(), ours.keys(a), strict=True)
        for other in places.get(cell, ())
        if ours.rows.ids[k] != theirs.rows.ids[other]
    ]


def _by_fragment(rows: Rows) -> Iterator[tuple[int, Ints]]:
    """(fragment, which of the rows are in it)."""
    order = np.argsort(rows.at, kind="stable")
    at = rows.at[order]
    cuts = [0, *(np.flatnonzero(at[1:] != at[:-1]) + 1).tolist(), len(at)]
    for low, high in pairwise(cuts):
        if low < high:
            yield int(at[low]), order[low:high]


def _once(parts: Sequence[Rows]) -> Rows:
    """Rows of several lists by id, each where it comes first."""
    if not parts:
        return Rows(*[np.zeros(0, np.int64)] * 3)
    every = Rows(*(np.concatenate([part[k] for part in parts]) for k in range(3)))
    _, first = np.unique(every.ids, return_index=True)
    return every.where(first)
