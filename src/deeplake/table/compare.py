"""Two trees of one table -> rows added and removed, cells whose versions differ. Reads no values.

Rows are matched by row id. Fragments of equal row ids and versions differ by overlays and deleted
rows only and cost what was changed; others are aligned with set algebra over their ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake.format.fragment import MIXED_VERSIONS
from deeplake.table.overlays import read_bitmaps
from deeplake.table.patch import holds
from deeplake.table.walk import Gap, Side, of_both, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import BitmapRef, Overlay, Run
    from deeplake.table.block_fragment import BlockFragment
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.walk import Path

    Ints = npt.NDArray[np.int64]
    Versions = npt.NDArray[np.uint64]
    _Pair = tuple[BlockFragment, BlockFragment]


NO_ROWS = np.zeros(0, np.int64)


class Rows(NamedTuple):
    """Rows by id and place: `fragments[at[k]]` holds row `ids[k]` at `places[k]`."""

    ids: Ints
    at: Ints
    places: Ints

    def where(self, mask: npt.NDArray[np.bool_] | Ints) -> Rows:
        """Some of them."""
        return Rows(self.ids[mask], self.at[mask], self.places[mask])


class Cells(NamedTuple):
    """Cells of one column by row id, with their places on both sides; ids ascend."""

    ids: Ints
    base_at: Ints
    base_places: Ints
    at: Ints
    places: Ints

    def where(self, mask: npt.NDArray[np.bool_] | Ints) -> Cells:
        """Some of them."""
        return Cells(*(array[mask] for array in self))


class TableDelta(NamedTuple):
    """What differs between a base and another tree of the same table.

    `base` and `other` are the fragments that `at` counts. `whole` are subtrees that are new
    altogether, not opened; `removed_whole` the same of the base.
    """

    base: list[OpenFragment]
    other: list[OpenFragment]
    added: Rows
    removed: Rows
    updated: dict[int, Cells]
    whole: list[Path]
    removed_whole: list[Path]


def compare(base: Side, other: Side) -> TableDelta:
    """Everything that differs."""
    return delta_of(base, other, walk(base, other).gaps)


def delta_of(
    base: Side, other: Side, gaps: Sequence[Gap], columns: Collection[int] | None = None
) -> TableDelta:
    """What differs within some gaps.

    Rows that left one gap and came up in another count as the same rows.

    Args:
        columns: ids of those in which updated cells are looked for; None for all.
    """
    builder = _Builder(columns)
    whole = [path for gap in gaps if not gap.base for path in gap.other]
    gone = [path for gap in gaps if not gap.other for path in gap.base]
    both = [gap for gap in gaps if gap.base and gap.other]
    left_base: list[OpenFragment] = []
    left_other: list[OpenFragment] = []
    paths = [[path for gap in both for path in gap[side]] for side in (0, 1)]
    of_both(Side.fragments, base, other, paths)  # kept there
    paired = [_paired(base.fragments(gap.base), other.fragments(gap.other)) for gap in both]
    _read_ahead([pair for pairs, _, _ in paired for pair in pairs], columns)
    for pairs, rest_base, rest_other in paired:
        for a, b in pairs:
            builder.pair(a, b)
        left_base += rest_base
        left_other += rest_other
    if whole or gone or left_base or left_other:
        open_whole, open_gone = bool(left_base or gone), bool(left_other or whole)
        whole, moved_in = _split_by_ids(other, whole, builder.removed_ids(), opened=open_whole)
        gone, moved_out = _split_by_ids(base, gone, builder.added_ids(), opened=open_gone)
        builder.align(left_base + moved_out, left_other + moved_in)
    return builder.finish(whole, gone)


def _split_by_ids(
    side: Side, paths: list[Path], ids: Ints, *, opened: bool
) -> tuple[list[Path], list[OpenFragment]]:
    """Subtrees with none of these rows stay closed; the others as fragments. All, if `opened`."""
    if not paths or not (opened or len(ids)):
        return paths, []
    leaves = side.leaves(paths)
    closed: list[Path] = []
    found: list[OpenFragment] = []
    for path, fragment in zip(leaves, side.fragments(leaves), strict=True):
        if opened or any(
            np.searchsorted(ids, run.start) < np.searchsorted(ids, run.start + run.rows)
            for run in fragment.fragment.row_ids
        ):
            found.append(fragment)
        else:
            closed.append(path)
    return (closed, found) if found else (paths, [])


def _paired(
    base: list[BlockFragment], other: list[BlockFragment]
) -> tuple[list[_Pair], list[OpenFragment], list[OpenFragment]]:
    """Fragments of equal row ids, and what is left on both sides."""
    by_ids: dict[bytes, list[BlockFragment]] = {}
    for fragment in base:
        by_ids.setdefault(fragment.block.row_ids, []).append(fragment)
    pairs: list[_Pair] = []
    rest: list[OpenFragment] = []
    for fragment in other:
        match = by_ids.get(fragment.block.row_ids)
        if match:
            pairs.append((match.pop(0), fragment))
        else:
            rest.append(fragment)
    return pairs, [fragment for left in by_ids.values() for fragment in left], rest


def _read_ahead(pairs: Sequence[_Pair], columns: Collection[int] | None) -> None:
    """Read the bitmaps that only one fragment of a pair has: of all pairs, in few requests."""
    work: list[tuple[OpenFragment, BitmapRef]] = []
    for pair in pairs:
        ours, theirs = pair[0].all_overlays, pair[1].all_overlays
        if not ours and pair[0].deletion is pair[1].deletion is None:
            refs = [o.bitmap for o in theirs if columns is None or o.column_id in columns]
            work += [(pair[1], ref) for ref in refs]
            continue
        known = {o.bitmap[1:] for o in ours} & {o.bitmap[1:] for o in theirs} if ours else ()
        same = pair[0].deletion == pair[1].deletion
        for fragment in pair:
            refs = [
                o.bitmap
                for o in fragment.all_overlays
                if o.bitmap[1:] not in known and (columns is None or o.column_id in columns)
            ]
            if fragment.deletion is not None and not (same and not refs):
                refs.append(fragment.deletion.bitmap)
            work += [(fragment, ref) for ref in refs]
    read_bitmaps(work)


class _Builder:
    """Collects differences; cells of some columns only, unless `columns` is None."""

    def __init__(self, columns: Collection[int] | None = None) -> None:
        self._columns = columns
        self._base: list[OpenFragment] = []
        self._other: list[OpenFragment] = []
        self._added: list[Rows] = []
        self._removed: list[Rows] = []
        self._updated: dict[int, list[Cells]] = {}
        self._paired: dict[int, list[tuple[int, int, Ints, Ints]]] = {}
        """Of pairs: their fragments, the ids of rows with changed cells, and their places."""

    def pair(self, base: BlockFragment, other: BlockFragment) -> None:
        """Two fragments with the same rows at the same places."""
        at, base_at = len(self._other), len(self._base)
        self._base.append(base)
        self._other.append(other)
        if base.deletion is other.deletion is None:
            overlay = _newest(base, other)
            if overlay is not None:
                if self._wants(overlay.column_id):
                    places = other.bitmap(overlay.bitmap)
                    found = base_at, at, base.ids_at(places), places
                    self._paired.setdefault(overlay.column_id, []).append(found)
                return
        gone, back = NO_ROWS, NO_ROWS
        if base.deletion != other.deletion:
            gone = np.setdiff1d(other.deleted, base.deleted, assume_unique=True)
            back = np.setdiff1d(base.deleted, other.deleted, assume_unique=True)
        if len(gone):
            self._removed.append(Rows(base.ids_at(gone), np.full(len(gone), base_at), gone))
        if len(back):
            self._added.append(Rows(base.ids_at(back), np.full(len(back), at), back))
        twins = base.block.twin_of(other.block)
        for column_id, ours, theirs in (_overlaid if twins else _suspects)(base, other):
            if not self._wants(column_id):
                continue
            places = _changed(base, other, column_id, ours, theirs, same_runs=twins)
            if len(places) and (base.deletion or other.deletion):
                places = places[~holds(base.deleted, places) & ~holds(other.deleted, places)]
            if len(places):
                found = base_at, at, base.ids_at(places), places
                self._paired.setdefault(column_id, []).append(found)

    def _wants(self, column_id: int) -> bool:
        return self._columns is None or column_id in self._columns

    def align(self, base: list[OpenFragment], other: list[OpenFragment]) -> None:
        """Fragments whose rows lie differently."""
        ours, theirs = self._rows(base, self._base), self._rows(other, self._other)
        _, a, b = np.intersect1d(ours.ids, theirs.ids, assume_unique=True, return_indices=True)
        only_ours, only_theirs = (
            np.ones(len(ours.ids), np.bool_),
            np.ones(len(theirs.ids), np.bool_),
        )
        only_ours[a] = only_theirs[b] = False
        self._removed.append(ours.where(only_ours))
        self._added.append(theirs.where(only_theirs))
        if len(a):
            self._match(ours.where(a), theirs.where(b), [*base, *other])

    def _match(self, ours: Rows, theirs: Rows, fragments: list[OpenFragment]) -> None:
        """The same rows in both trees: cells whose versions differ."""
        for column_id in filter(self._wants, _columns(fragments)):
            differ = self._versions(ours, self._base, column_id) != self._versions(
                theirs, self._other, column_id
            )
            if differ.any():
                x, y = ours.where(differ), theirs.where(differ)
                cells = Cells(x.ids, x.at, x.places, y.at, y.places)
                self._updated.setdefault(column_id, []).append(cells)

    def _rows(self, fragments: list[OpenFragment], known: list[OpenFragment]) -> Rows:
        """All rows of some fragments that are not deleted; the fragments join `known`."""
        first = len(known)
        known += fragments
        places = [
            np.arange(f.rows) if f.live is None else f.live.astype(np.int64) for f in fragments
        ]
        ids = [f.ids_at(p) for f, p in zip(fragments, places, strict=True)]
        at = np.repeat(np.arange(first, len(known)), [len(p) for p in places])
        return Rows(_concat(ids), at, _concat(places))

    def _versions(self, rows: Rows, fragments: list[OpenFragment], column_id: int) -> Versions:
        found = np.empty(len(rows.ids), np.uint64)
        for k, mine in by_fragment(rows.at):
            found[mine] = versions_at(fragments[k], column_id, rows.places[mine])
        return found

    def removed_ids(self) -> Ints:
        """Ids of rows found removed so far, ascending."""
        return _joined_rows(self._removed).ids

    def added_ids(self) -> Ints:
        """Ids of rows found added so far, ascending."""
        return _joined_rows(self._added).ids

    def finish(self, whole: list[Path], gone: list[Path]) -> TableDelta:
        """The delta, ids ascending; a row that was removed here and added there has moved."""
        removed, added = _joined_rows(self._removed), _joined_rows(self._added)
        if len(removed.ids) and len(added.ids):
            removed, added = self._moved(removed, added)
        for column_id, found in self._paired.items():
            self._updated.setdefault(column_id, []).append(_cells_of(found))
        updated = {column_id: _joined_cells(parts) for column_id, parts in self._updated.items()}
        return TableDelta(self._base, self._other, added, removed, updated, whole, gone)

    def _moved(self, removed: Rows, added: Rows) -> tuple[Rows, Rows]:
        """Without rows that are in both; cells of these whose versions differ are noted."""
        _, a, b = np.intersect1d(removed.ids, added.ids, assume_unique=True, return_indices=True)
        if not len(a):
            return removed, added
        self._match(removed.where(a), added.where(b), [*self._base, *self._other])
        removed = removed.where(_all_but(len(removed.ids), a))
        return removed, added.where(_all_but(len(added.ids), b))


def _cells_of(pairs: Sequence[tuple[int, int, Ints, Ints]]) -> Cells:
    """Cells of several pairs of fragments."""
    sizes = [len(places) for _, _, _, places in pairs]
    base_at = np.repeat(np.array([pair[0] for pair in pairs]), sizes)
    at = np.repeat(np.array([pair[1] for pair in pairs]), sizes)
    ids, places = _concat([pair[2] for pair in pairs]), _concat([pair[3] for pair in pairs])
    return Cells(ids, base_at, places, at, places)


def _newest(base: BlockFragment, other: BlockFragment) -> Overlay | None:
    """The one overlay that a fragment has more than that of equal rows and frames before it, if its
    cells have a version that no other cell has: the most that most changes do.
    """
    overlays = other.all_overlays
    if len(overlays) != 1 or base.block.overlaid:
        return None
    overlay, version = overlays[0], base.block.only_version()
    if version is None or overlay.version in (version, MIXED_VERSIONS):
        return None
    return overlay if base.block.twin_of(other.block) else None


def _suspects(
    base: OpenFragment, other: OpenFragment
) -> Iterator[tuple[int, list[Overlay], list[Overlay]]]:
    """Columns that not both have with the same versions and overlays; the overlays of both."""
    ours, theirs = _by_column(base), _by_column(other)
    for column_id in dict.fromkeys([*ours, *theirs]):
        mine, its = ours.get(column_id), theirs.get(column_id)
        if mine != its:
            yield column_id, [] if mine is None else mine[1], [] if its is None else its[1]


def _overlaid(
    base: BlockFragment, other: BlockFragment
) -> Iterator[tuple[int, list[Overlay], list[Overlay]]]:
    """The same of fragments that are known to have the same rows, frames and versions."""
    ours, theirs = base.all_overlays, other.all_overlays
    if ours != theirs:
        for column_id in dict.fromkeys([o.column_id for o in (*ours, *theirs)]):
            mine, its = ([o for o in s if o.column_id == column_id] for s in (ours, theirs))
            if mine != its:
                yield column_id, mine, its


def _by_column(fragment: OpenFragment) -> dict[int, tuple[tuple[Run, ...], list[Overlay]]]:
    """Column id -> the runs of its versions, and its overlays."""
    runs = fragment.fragment.versions
    found: dict[int, tuple[tuple[Run, ...], list[Overlay]]] = {
        c.column_id: (c.versions or runs, []) for c in fragment.fragment.columns
    }
    for overlay in fragment.fragment.overlays:
        found.setdefault(overlay.column_id, (runs, []))[1].append(overlay)
    return found


def _changed(
    base: OpenFragment,
    other: OpenFragment,
    column_id: int,
    ours: Sequence[Overlay],
    theirs: Sequence[Overlay],
    *,
    same_runs: bool,
) -> Ints:
    """Places whose versions of a column differ.

    Args:
        same_runs: whether all but overlays is known to have the same versions.
    """
    runs = base.versions(column_id)
    if not same_runs and runs != other.versions(column_id):
        places = np.arange(base.stored_rows)
    else:
        shared = 0
        for a, b in zip(ours, theirs, strict=False):
            if identity(a) != identity(b):
                break
            shared += 1
        common, ours, theirs = ours[:shared], ours[shared:], theirs[shared:]
        if not ours and not theirs:
            return NO_ROWS
        covers = [covered(base, o) for o in ours] + [covered(other, o) for o in theirs]
        places = covers[0] if len(covers) == 1 else np.unique(_concat(covers))
        if _all_new(ours, theirs, [o.version for o in common], runs):
            return places
    differ: Ints = places[
        versions_at(base, column_id, places) != versions_at(other, column_id, places)
    ]
    return differ


def versions_at(fragment: OpenFragment, column_id: int, places: Ints) -> Versions:
    """The version of one column at some places."""
    runs = fragment.versions(column_id)
    values = np.array([run.start for run in runs], np.uint64)
    if len(runs) == 1:
        found = np.full(len(places), values[0])
    else:
        ends = np.cumsum([run.rows for run in runs])
        found = values[np.searchsorted(ends, places, "right")]
    for overlay in fragment.overlays(column_id):
        lay_versions(found, places, fragment, overlay)
    return found


def lay_versions(found: Versions, places: Ints, fragment: OpenFragment, overlay: Overlay) -> None:
    """Put the versions of an overlay's cells over those that `found` has of some places."""
    cover = covered(fragment, overlay)
    mine = holds(cover, places)
    versions = fragment.overlay_versions(overlay)
    if len(versions) > 1:
        versions = versions[np.searchsorted(cover, places[mine])]
    found[mine] = versions


def by_fragment(at: Ints) -> list[tuple[int, Ints]]:
    """Which fragments there are, ascending, each with where in `at` it is: one pass over it."""
    if not len(at):
        return []
    if at[0] == at[-1] and bool((at == at[0]).all()):
        return [(int(at[0]), np.arange(len(at)))]
    order = np.argsort(at, kind="stable")
    ordered = at[order]
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    return [(int(at[mine[0]]), mine) for mine in np.split(order, cuts)]


def covered(fragment: OpenFragment, overlay: Overlay) -> Ints:
    """The places that an overlay gives new values."""
    return fragment.bitmap(overlay.bitmap)


def _all_new(
    ours: Sequence[Overlay], theirs: Sequence[Overlay], common: list[int], runs: tuple[Run, ...]
) -> bool:
    """Whether no overlay brings back a version that is below it or on the other side (a revert
    does): then what they cover differs, and nothing below need be looked at.
    """
    mine, others = {o.version for o in ours}, {o.version for o in theirs}
    new = mine | others
    if MIXED_VERSIONS in new or MIXED_VERSIONS in common:
        return False
    return not (
        mine & others or not new.isdisjoint(common) or any(run.start in new for run in runs)
    )


def identity(overlay: Overlay) -> tuple[int, int, int, int]:
    """Equal for overlays that give the same cells the same values, wherever they are stored."""
    bitmap, version = overlay.bitmap, overlay.version
    if version == MIXED_VERSIONS:  # the checksum of the index covers them
        version = overlay.values.index_crc
    return version, bitmap.length, bitmap.crc, overlay.values.rows


def _columns(fragments: Iterable[OpenFragment]) -> list[int]:
    found: dict[int, None] = {}
    for fragment in fragments:
        for chunk in fragment.fragment.columns:
            found[chunk.column_id] = None
        for overlay in fragment.fragment.overlays:
            found[overlay.column_id] = None
    return list(found)


def _all_but(count: int, those: Ints) -> npt.NDArray[np.bool_]:
    mask = np.ones(count, np.bool_)
    mask[those] = False
    return mask


def _concat(arrays: Sequence[Ints]) -> Ints:
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate(arrays) if arrays else NO_ROWS


def _joined_rows(parts: list[Rows]) -> Rows:
    if not parts:
        return Rows(NO_ROWS, NO_ROWS, NO_ROWS)
    found = Rows(*(_concat([part[k] for part in parts]) for k in range(3)))
    return found if _ascend(found.ids) else found.where(np.argsort(found.ids, kind="stable"))


def _joined_cells(parts: list[Cells]) -> Cells:
    found = Cells(*(_concat([part[k] for part in parts]) for k in range(5)))
    return found if _ascend(found.ids) else found.where(np.argsort(found.ids, kind="stable"))


def _ascend(ids: Ints) -> bool:
    """Whether they are in order already: those of one fragment mostly are."""
    return len(ids) < 2 or bool((ids[1:] > ids[:-1]).all())
