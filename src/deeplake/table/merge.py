"""merge3 of the rows of one table: what one side changed is taken whole, what both did is compared.

See docs/design/0003. The outcome is a change of the tree of *ours*: theirs' fragments by reference
where ours left the base's alone, overlays where both edited a fragment, and conflicts.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake.table.apart import cut
from deeplake.table.compare import Rows, TableDelta, delta_of
from deeplake.table.contest import Contest
from deeplake.table.merge_keys import Asked, plan_keys
from deeplake.table.patch import holds
from deeplake.table.returning import Returning, Uneven, fits
from deeplake.table.walk import Gap, Side, walk, walk_between
from deeplake.table.written_back import written_back

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import Fragment
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column, Columns
    from deeplake.table.conflicts import Conflict
    from deeplake.table.contest import Resolver
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.key_plan import KeyPlan
    from deeplake.table.packs import PackWriter
    from deeplake.table.walk import Path


GAPS_READ_MAX = 16
"""Changed places whose fragments are opened on both sides to see that they hold other rows."""


NO_RUNS = np.zeros((0, 2), np.int64)


class MergedRows(NamedTuple):
    """What becomes of ours' tree, as `TableChange` takes it, and what could not be decided."""

    replaced: dict[Path, tuple[Record | Fragment, ...]]
    appended: list[Record | Fragment]
    counts: dict[str, int]
    conflicts: list[Conflict]
    refers: bool = False
    """Whether a frame was written whose values lie elsewhere."""
    without: Mapping[int, int] = MappingProxyType({})
    """Columns that ours has not, with its rows that theirs has not either."""


class Sides(NamedTuple):
    """One table at the three commits of a merge."""

    base: Side
    ours: Side
    theirs: Side


def merge_rows(
    writer: PackWriter,
    sides: Sides,
    columns: Columns,
    table: str,
    resolver: Resolver | None,
    uneven: Uneven | None = None,
) -> MergedRows:
    """Merge the rows of one table.

    Args:
        writer: where new values go.
        sides: the table's trees.
        columns: of the merged schema.
        table: its name, for conflicts.
        resolver: decides conflicts; without one they are collected.
        uneven: columns that the two sides do not share.
    """
    return _Merge(writer, sides, columns, table, resolver, uneven or Uneven()).run()


class _Merge:
    """One run."""

    def __init__(
        self,
        writer: PackWriter,
        sides: Sides,
        columns: Columns,
        table: str,
        resolver: Resolver | None,
        uneven: Uneven,
    ) -> None:
        self._sides = sides
        self._uneven = uneven
        self._returning: Returning | None = None
        self._ours = walk(sides.base, sides.ours)
        self._theirs = walk(sides.base, sides.theirs)
        self._writer = writer
        self._columns = columns
        self._table = table
        self._resolver = resolver
        self._plan: KeyPlan | None = None
        """What is decided on keys, if anything is to be done."""
        self._replaced: dict[Path, tuple[Record | Fragment, ...]] = {}
        self._appended: list[Record | Fragment] = []
        self._counts = {"added": 0, "updated": 0, "deleted": 0}

    def run(self) -> MergedRows:
        """Whole subtrees first, then what both changed."""
        keys = self._plan_keys()
        conflicts: list[Conflict] = [] if keys is None else list(keys.conflicts)
        self._plan = None if keys is None or keys.does_nothing else keys
        self._see_apart()
        contested, new = self._take_whole()
        doubtful = self._append_new(new)
        if contested or doubtful or self._plan is not None or self._uneven.restores:
            conflicts += self._contest(contested, doubtful)
        counts = {kind: n for kind, n in self._counts.items() if n}
        back = self._returning
        if back is None:
            return MergedRows(self._replaced, self._appended, counts, conflicts)
        return MergedRows(
            self._replaced, self._appended, counts, conflicts, back.refers, back.without
        )

    def _plan_keys(self) -> KeyPlan | None:
        """Which rows must not come together, since they would share a key; None if all may."""
        if not self._columns.keys:
            return None
        base = self._sides.base
        ours = _with_removed(base, delta_of(base, self._sides.ours, self._ours.gaps))
        given = len(ours.added.ids) or ours.whole
        given = given or any(c in ours.updated for key in self._columns.keys for c in key.ids)
        returned = bool(self._uneven.gone)  # rows may stay for them that the other side deleted
        if not given and not returned and not (ours.updated and self._same_fragments()):
            return None
        theirs = _with_removed(base, delta_of(base, self._sides.theirs, self._theirs.gaps))
        ours, theirs = _without(ours, self._uneven.back), _without(theirs, self._uneven.kept)
        if returned:
            ours, theirs = self._with_returned(ours, theirs)
        if callable(self._resolver) and not isinstance(self._resolver, Asked):
            self._resolver = Asked(self._resolver)
        return plan_keys(
            (self._sides.ours, self._sides.theirs), (ours, theirs),
            self._columns, self._table, self._resolver,
        )  # fmt: skip

    def _same_fragments(self) -> bool:
        """Whether both sides changed any one fragment of the base."""
        base = self._sides.base
        ours, theirs = (
            {path[-1] for gap in walked.gaps for path in base.leaves(gap.base)}
            for walked in (self._ours, self._theirs)
        )
        return not ours.isdisjoint(theirs)

    def _see_apart(self) -> None:
        """Cut gaps at fragments that both changed, if rows stayed where they were; else find out
        whether rows may have come to both.
        """
        sides, found = self._sides, None
        self._apart = False
        if self._plan is None and not (self._uneven.keeps or self._uneven.restores):
            ours, theirs = (sides.ours, self._ours.gaps), (sides.theirs, self._theirs.gaps)
            found = cut(sides.base, ours, theirs)
        if found is None:
            self._find_gained()
            return
        self._both_gained, self._apart = False, True
        self._ours, self._theirs = (
            walked._replace(gaps=list(gaps))
            for walked, gaps in zip((self._ours, self._theirs), found, strict=True)
        )

    # --- rows that both may have gained -----------------------------------------------------------

    def _find_gained(self) -> None:
        """Whether both sides have rows that the base has not: these may be the same rows, picked
        or merged from a third branch.
        """
        ours, theirs = self._ours.gaps, self._theirs.gaps
        new = [any(not gap.base for gap in gaps) for gaps in (ours, theirs)]
        if new == [False, False] and len(ours) + len(theirs) <= GAPS_READ_MAX:
            self._both_gained = _overlap(
                self._runs_of(ours, "ours"), self._runs_of(theirs, "theirs")
            )
        else:
            self._both_gained = (new[0] or self._gained(self._sides.ours, ours)) and (
                new[1] or self._gained(self._sides.theirs, theirs)
            )
        self._runs: npt.NDArray[np.int64] | None = None

    def _gained(self, side: Side, gaps: list[Gap]) -> bool:
        """Whether changed fragments of a side hold rows that those of the base do not."""
        base = self._sides.base
        known = [f.live_ids() for gap in gaps for f in base.fragments(base.leaves(gap.base))]
        found = [f.live_ids() for gap in gaps for f in side.fragments(side.leaves(gap.other))]
        if not known or not found:
            return bool(found)
        return len(np.setdiff1d(np.concatenate(found), np.concatenate(known))) > 0

    def _runs_of(self, gaps: list[Gap], name: str) -> npt.NDArray[np.int64]:
        side: Side = getattr(self._sides, name)
        paths = [path for gap in gaps for path in side.leaves(gap.other)]
        return _runs(side.fragments(paths))

    def _may_be_in_ours(self, gap: Gap) -> bool:
        """Whether a gap of theirs holds row ids that changed fragments of ours hold too."""
        if not self._both_gained:
            return False
        if self._runs is None:
            self._runs = self._runs_of(self._ours.gaps, "ours")
        return _overlap(self._runs_of([gap], "theirs"), self._runs)

    # --- what only theirs changed ---------------------------------------------------------------

    def _take_whole(self) -> tuple[list[Gap], list[Gap]]:
        """Replace what ours left alone; returns gaps that both changed, and gaps that are new."""
        base = self._sides.base
        touched = {p[-1] for gap in self._ours.gaps for p in base.leaves(gap.base)}
        moved = self._moved(touched)
        contested, new = [], []
        for gap in self._theirs.gaps:
            if not gap.base:
                new.append(gap)
                continue
            leaves = base.leaves(gap.base)
            shared = any(path[-1] in touched for path in leaves) or self._uneven.keeps
            if not shared and len(moved):
                shared = _overlap(self._runs_of([gap], "theirs"), moved)
            if shared or self._plan is not None or self._may_be_in_ours(gap):
                contested.append(Gap(leaves, self._sides.theirs.leaves(gap.other)))
                continue
            more = sum(p[-1].rows for p in gap.other) - sum(p[-1].rows for p in leaves)
            self._counts["added"] += max(more, 0)
            first, *rest = [self._place_in_ours(path) for path in leaves]
            self._replaced[first] = tuple(path[-1] for path in gap.other)
            self._replaced.update((path, ()) for path in rest)
        return contested, new

    def _moved(self, touched: Collection[Record | Fragment]) -> npt.NDArray[np.int64]:
        """Runs of rows that ours may have changed or deleted, and that a compaction of theirs may
        have moved into a fragment that takes the place of another one.
        """
        base, gaps = self._sides.base, [gap for gap in self._theirs.gaps if gap.base]
        if self._apart or len(gaps) < 2:
            return NO_RUNS
        paths = [path for gap in gaps for path in base.leaves(gap.base) if path[-1] in touched]
        return _runs(base.fragments(paths)) if paths else NO_RUNS

    def _place_in_ours(self, path: Path) -> Path:
        found = self._ours.moved(path)
        if found is None:
            raise ValueError("a fragment that ours left alone is not in ours")
        return found

    def _append_new(self, new: list[Gap]) -> list[Gap]:
        """Append what is new in theirs, by reference; returns what ours may have as well."""
        theirs = [path for gap in new for path in gap.other]
        ours = [path for gap in self._ours.gaps for path in gap.other]
        doubtful: list[Path] = []
        if theirs and self._both_gained:  # both may have merged the same commits
            found = walk_between(self._sides.ours, ours, self._sides.theirs, theirs)
            theirs = [path for gap in found.gaps for path in gap.other]
        changed = not self._apart and any(gap.base for gap in self._theirs.gaps)
        if theirs and (self._both_gained or changed):
            theirs, doubtful = self._split(theirs)
        if self._plan is not None and len(self._plan.leave_out):
            theirs, more = self._holding(theirs, self._plan.leave_out)
            doubtful += more
        if self._uneven.keeps:
            theirs, more = self._unfit(theirs)
            doubtful += more
        for path in theirs:
            self._appended.append(path[-1])
            self._counts["added"] += path[-1].rows
        return [Gap([], doubtful)] if doubtful else []

    def _split(self, theirs: list[Path]) -> tuple[list[Path], list[Path]]:
        """Fragments of theirs none of whose row ids ours has changed or added, and the others."""
        ours = self._sides.ours
        paths = [path for gap in self._ours.gaps for path in ours.leaves(gap.other)]
        gone = [p for gap in self._ours.gaps for p in self._sides.base.leaves(gap.base)]
        gone += [p for gap in self._theirs.gaps for p in self._sides.base.leaves(gap.base)]
        runs = _runs([*ours.fragments(paths), *self._sides.base.fragments(gone)])
        sure: list[Path] = []
        doubtful: list[Path] = []
        leaves = self._sides.theirs.leaves(theirs)
        for path, fragment in zip(leaves, self._sides.theirs.fragments(leaves), strict=True):
            (doubtful if _overlap(_runs([fragment]), runs) else sure).append(path)
        return (sure, doubtful) if doubtful else (theirs, [])

    def _holding(
        self, paths: list[Path], ids: npt.NDArray[np.int64]
    ) -> tuple[list[Path], list[Path]]:
        """Fragments of theirs with none of some rows, and those with any."""
        wanted = np.stack([ids, ids + 1], axis=1)
        sure: list[Path] = []
        found: list[Path] = []
        leaves = self._sides.theirs.leaves(paths)
        for path, fragment in zip(leaves, self._sides.theirs.fragments(leaves), strict=True):
            (found if _overlap(_runs([fragment]), wanted) else sure).append(path)
        return (sure, found) if found else (paths, [])

    def _unfit(self, paths: list[Path]) -> tuple[list[Path], list[Path]]:
        """Fragments of theirs that can come in as they are, and the others: from the first one
        that cannot, so that rows stay in order.
        """
        leaves = self._sides.theirs.leaves(paths)
        for k, fragment in enumerate(self._sides.theirs.fragments(leaves)):
            if not fits(self._uneven, fragment):
                return leaves[:k], leaves[k:]
        return paths, []

    # --- what both changed ------------------------------------------------------------------------

    def _contest(self, contested: list[Gap], doubtful: list[Gap]) -> list[Conflict]:
        base = self._sides.base
        shared = {path[-1] for gap in contested for path in gap.base}
        mine = [
            gap
            for gap in self._ours.gaps
            if not gap.base
            or self._both_gained
            or self._plan is not None
            or self._uneven.keeps
            or self._uneven.gone
            or any(path[-1] in shared for path in base.leaves(gap.base))
        ]
        theirs = _with_removed(
            self._sides.base,
            delta_of(base, self._sides.theirs, [*contested, *doubtful]),
        )
        theirs = _with_added(self._sides.theirs, theirs)
        columns = self._compared(theirs)
        ours = _with_removed(
            self._sides.base,
            delta_of(base, self._sides.ours, mine, columns),
        )
        if len(mine) < len(self._ours.gaps) and _concern(ours.removed.ids, theirs):
            every = delta_of(base, self._sides.ours, self._ours.gaps, columns)
            ours = _with_removed(base, every)  # they may stand elsewhere in ours
        untouched = [
            self._place_in_ours(path)
            for gap in contested
            for path in gap.base
            if self._ours.moved(path) is not None
        ]
        standing = [*ours.other, *self._sides.ours.fragments(untouched)]
        if self._uneven.restores:
            there = {fragment.path for fragment in standing}
            standing += [f for f in self._targets() if f.path not in there]
        there = {fragment.path for fragment in standing}
        whole = self._sides.ours.leaves(ours.whole)
        # Compaction left out what neither side changed.
        ours = _without(ours, [*self._uneven.back, *self._uneven.again])
        theirs = _without(theirs, [*self._uneven.kept, *self._uneven.again])
        if self._uneven.gone:
            ours, theirs = self._with_returned(ours, theirs)
        if self._returning is not None:
            theirs = theirs._replace(other=[*theirs.other, *self._returning.theirs])
        contest = Contest(
            self._writer, self._columns, self._table, self._resolver, ours, theirs, standing,
            lambda: self._sides.ours.fragments([path for path in whole if path not in there]),
            self._plan, self._uneven, self._returning,
        )  # fmt: skip
        contest.run()
        self._replaced.update(contest.replaced)
        self._appended += contest.appended
        for kind, count in contest.counts.items():
            self._counts[kind] += count
        return contest.conflicts

    def _with_returned(self, ours: TableDelta, theirs: TableDelta) -> tuple[TableDelta, TableDelta]:
        """The deltas with what each side wrote, in columns that the base had dropped, in rows that
        the other one deleted.
        """
        if not len(ours.removed.ids) and not len(theirs.removed.ids):
            return ours, theirs
        sides, gone = self._sides, self._uneven.gone
        differ = walk(sides.ours, sides.theirs).gaps
        mine = sides.ours.fragments([p for g in differ for p in sides.ours.leaves(g.base)])
        other = sides.theirs.fragments([p for g in differ for p in sides.theirs.leaves(g.other)])
        here = [column for column in gone if column not in self._uneven.back]
        there = [column for column in gone if column not in self._uneven.kept]
        return (
            written_back(ours, here, mine, theirs.removed.ids),
            written_back(theirs, there, other, ours.removed.ids, undoes=self._uneven.undoes),
        )

    def _compared(self, theirs: TableDelta) -> Collection[int] | None:
        """Columns whose cells count where ours changed them; None for all.

        Where theirs deleted no row, a cell of ours is asked about only if theirs has changed it
        too: overlays of other columns are not read.
        """
        if len(theirs.removed.ids) or self._plan is not None:
            return None
        return theirs.updated.keys()

    def _targets(self) -> list[OpenFragment]:
        """Fragments of ours that stay and may lack what theirs has of a column."""
        base, ours, theirs = self._sides
        differ = walk(ours, theirs).gaps
        paths = [path for gap in differ for path in ours.leaves(gap.base)]
        stay = [path for path in paths if path not in self._replaced]
        targets: list[OpenFragment] = [*ours.fragments(stay)]
        sources = theirs.fragments([p for gap in differ for p in theirs.leaves(gap.other)])
        gone = []
        if self._uneven.known:
            gone = base.fragments([p for g in self._theirs.gaps for p in base.leaves(g.base)])
        self._returning = Returning(self._uneven, targets, sources, gone, self._writer)
        return targets


def _concern(ids: npt.NDArray[np.int64], delta: TableDelta) -> bool:
    """Whether a delta removes or changes any of some rows."""
    known = [delta.removed.ids, *(cells.ids for cells in delta.updated.values())]
    return any(bool(holds(ids, those).any()) for those in known)


def _without(delta: TableDelta, columns: Sequence[Column]) -> TableDelta:
    """The delta without changes of some columns."""
    ids = {column.column_id for column in columns}
    left = {c: cells for c, cells in delta.updated.items() if c not in ids}
    return delta._replace(updated=left)


def _with_removed(base: Side, delta: TableDelta) -> TableDelta:
    """The delta with fragments that are gone altogether counted as removed rows."""
    if not delta.removed_whole:
        return delta
    fragments = base.fragments(base.leaves(delta.removed_whole))
    removed = _with_rows(delta.removed, fragments, len(delta.base))
    return delta._replace(base=[*delta.base, *fragments], removed=removed, removed_whole=[])


def _with_added(other: Side, delta: TableDelta) -> TableDelta:
    """The delta with fragments that are new altogether counted as added rows."""
    if not delta.whole:
        return delta
    fragments = other.fragments(other.leaves(delta.whole))
    added = _with_rows(delta.added, fragments, len(delta.other))
    return delta._replace(other=[*delta.other, *fragments], added=added, whole=[])


def _with_rows(rows: Rows, fragments: Sequence[OpenFragment], first: int) -> Rows:
    """More rows: all those of some fragments, which are counted from `first`."""
    ids, at, places = [rows.ids], [rows.at], [rows.places]
    for k, fragment in enumerate(fragments, first):
        live = np.arange(fragment.rows) if fragment.live is None else fragment.live
        ids.append(fragment.live_ids())
        at.append(np.full(len(live), k))
        places.append(np.asarray(live, np.int64))
    found = Rows(np.concatenate(ids), np.concatenate(at), np.concatenate(places))
    return found.where(np.argsort(found.ids, kind="stable"))


def _runs(fragments: Sequence[OpenFragment]) -> npt.NDArray[np.int64]:
    """Row-id runs as (start, end), sorted: int64 (runs, 2)."""
    found = [(run.start, run.start + run.rows) for f in fragments for run in f.fragment.row_ids]
    return np.array(sorted(found), np.int64).reshape(-1, 2)


def _overlap(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> bool:
    """Whether any run of `a` shares an id with one of `b`."""
    if not len(a) or not len(b):
        return False
    ends = np.maximum.accumulate(b[:, 1])
    before = np.searchsorted(b[:, 0], a[:, 1])  # runs of b that start before one of a ends
    found = before > 0
    return bool((ends[np.maximum(before - 1, 0)] > a[:, 0])[found].any())
