"""Rows and cells that both sides of a merge changed: taken, found equal, or in conflict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deeplake.format import statistics as stats
from deeplake.table.compare import (
    Cells,
    Rows,
    TableDelta,
    by_fragment,
    covered,
    identity,
    lay_versions,
    versions_at,
)
from deeplake.table.conflicts import Spot
from deeplake.table.disputes import cell_dispute, row_dispute
from deeplake.table.frame_writer import write_deletion, write_overlay
from deeplake.table.gathered import gathered, values_at, versions_of
from deeplake.table.json_merge import UnmergeableError, merge_json
from deeplake.table.key_plan import KeyPlan
from deeplake.table.overlaid import overlaid
from deeplake.table.patch import holds, patch_of
from deeplake.table.returning import Laid, Uneven, completed
from deeplake.table.whereabouts import Whereabouts
from deeplake.types.data import rows_equal, take_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import ColumnChunk, Fragment, Overlay
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column, Columns
    from deeplake.table.conflicts import Conflict
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.packs import PackWriter
    from deeplake.table.returning import Returning

    Ints = npt.NDArray[np.int64]
    Resolver = Literal["ours", "theirs", "virtual"] | Callable[[Conflict], Any]
    """A side, or a conflict -> the value to keep. Of a row, the conflict's `ours` or `theirs`."""

UNDECIDED = object()
"""A resolver's answer that leaves a conflict standing."""


class _Edit:
    """What becomes of one fragment of ours."""

    def __init__(self) -> None:
        self.deleted: list[Ints] = []
        self.overlays: list[tuple[Column, OpenFragment, Ints, list[Overlay]]] = []
        """Column, theirs' fragment, places (the same in both), its overlays that cover these."""
        self.patches: list[Laid] = []
        self.chunks: list[ColumnChunk] = []
        """Columns that the fragment gets anew, instead of what it holds of them."""


class Contest:
    """Two deltas of one table from a common base -> edits of ours, and conflicts.

    Args:
        ours: what changed from the base to ours, in the fragments that both changed.
        theirs: the same of theirs.
        standing: fragments of ours in which rows of these may stand.
        new: fragments that are new in ours altogether, opened only if they are needed.
        plan: what is decided already, so that no two rows share a key.
        uneven: columns that the two sides do not share.
        returning: brings back those that ours has not.
    """

    def __init__(
        self,
        writer: PackWriter,
        columns: Columns,
        table: str,
        resolver: Resolver | None,
        ours: TableDelta,
        theirs: TableDelta,
        standing: Sequence[OpenFragment],
        new: Callable[[], Sequence[OpenFragment]],
        plan: KeyPlan | None = None,
        uneven: Uneven | None = None,
        returning: Returning | None = None,
    ) -> None:
        self._writer = writer
        self._columns = {column.column_id: column for column in columns}
        self._table = table
        self._resolver = resolver
        self._ours = ours
        self._theirs = theirs
        self._standing = list(standing)
        self._plan = KeyPlan() if plan is None else plan
        self._uneven = Uneven() if uneven is None else uneven
        self._returning = returning
        if len(theirs.added.ids) or plan is not None:  # ours may have them among what is new there
            self._standing += new()
        self._index = Whereabouts(self._standing)
        self._edits: dict[int, _Edit] = {}
        self.conflicts: list[Conflict] = []
        self.replaced: dict[tuple[Record, ...], tuple[Fragment, ...]] = {}
        self.appended: list[Fragment] = []
        self.counts = {"added": 0, "updated": 0, "deleted": 0}

    def run(self) -> None:
        """Decide everything, then write what changes."""
        back = self._rows_in_conflict()
        self._delete(back[~holds(self._plan.give_way, back)])
        for column_id, cells in self._theirs.updated.items():
            column = self._columns.get(column_id)
            if column is not None and column_id not in self._uneven.settled:
                self._update(column, cells)
        for column in self._uneven.again:
            self._compare_again(column)
        for column_id, ids in self._plan.from_theirs:
            self._restore(self._columns[column_id], ids)
        added = self._theirs.added
        self._add(added.where(~holds(self._plan.leave_out, added.ids)))
        self._bring_back()
        if not self.conflicts:
            self._write()

    # --- rows -------------------------------------------------------------------------------------

    def _rows_in_conflict(self) -> Ints:
        """Rows that one side deleted and the other changed; returns those of theirs' deletions that
        do not count, and brings back what theirs changed if that wins.
        """
        kept: list[int] = []
        if not len(self._theirs.removed.ids) and not len(self._ours.removed.ids):
            return np.array(kept, np.int64)
        updated = self._ids_of(self._ours.updated)
        if self._resolver == "virtual":
            return self._undecided_rows(updated)
        for row_id in np.intersect1d(self._theirs.removed.ids, updated).tolist():
            if not self._wins(row_id, deleted_by="theirs"):
                kept.append(row_id)
        lost = np.intersect1d(self._ours.removed.ids, self._ids_of(self._theirs.updated))
        revived = [row_id for row_id in lost.tolist() if self._wins(row_id, deleted_by="ours")]
        if revived:
            self._revive(np.setdiff1d(revived, self._plan.leave_out))
        return np.array(kept, np.int64)

    def _undecided_rows(self, updated: Ints) -> Ints:
        """Keep rows that one side deleted and the other changed, with versions of their own in the
        changed cells: then a later merge of either outcome is a change.
        """
        kept = np.intersect1d(self._theirs.removed.ids, updated)
        for column_id, cells in self._ours.updated.items():
            column = self._columns.get(column_id)
            if column is not None:
                at, places, _ = self._index.find(cells.ids[holds(kept, cells.ids)])
                self._stamp(column, at, places)
        lost = np.intersect1d(self._ours.removed.ids, self._ids_of(self._theirs.updated))
        if len(lost):
            self._revive(lost, stamped=True)
        return kept

    def _ids_of(self, updated: dict[int, Cells]) -> Ints:
        """Rows with new values in columns that stay."""
        parts = [cells.ids for c, cells in updated.items() if c in self._columns]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)

    def _wins(self, row_id: int, *, deleted_by: str) -> bool:
        """Whether theirs' side of a row in conflict is to be kept."""
        delta = self._theirs if deleted_by == "ours" else self._ours
        if isinstance(self._resolver, str):
            return self._resolver == "theirs"
        conflict = row_dispute(self._table, self._columns, delta, row_id, deleted_by)
        answer = self._decide(conflict)
        return answer is not UNDECIDED and conflict.keeps_theirs(answer)

    def _decide(self, conflict: Conflict) -> Any:
        decide = self._resolver
        answer = decide(conflict) if callable(decide) else UNDECIDED
        if answer is UNDECIDED:
            self.conflicts.append(conflict)
        return answer

    def _delete(self, kept: Ints) -> None:
        """Take over theirs' deletions of rows that ours still has."""
        if not len(self._theirs.removed.ids) and not len(self._plan.give_way):
            return
        gone = np.setdiff1d(self._theirs.removed.ids, self._ours.removed.ids)
        gone = np.union1d(gone[~holds(kept, gone)], self._plan.give_way)
        at, places, _ = self._index.find(gone)
        for k, mine in by_fragment(at):
            self._edit(k).deleted.append(places[mine])
        self.counts["deleted"] += len(at)

    def _revive(self, ids: Ints, *, stamped: bool = False) -> None:
        """Rows that ours deleted and theirs changed come back as theirs has them."""
        parts = [Rows(c.ids, c.at, c.places) for c in self._theirs.updated.values()]
        whole = Rows(*(np.concatenate([part[k] for part in parts]) for k in range(3)))
        _, first = np.unique(whole.ids, return_index=True)
        whole = whole.where(first)
        self._append(whole.where(holds(ids, whole.ids)), stamped=stamped)

    def _add(self, added: Rows) -> None:
        """Rows that theirs has and the base had not: append them unless ours has them too."""
        if not len(added.ids):
            return
        at, places, found = self._index.find(added.ids)
        self._append(added.where(~found))
        both = added.where(found)
        if not len(both.ids):
            return
        none = np.full(len(both.ids), -1)
        for column in self._columns.values():
            if column.column_id in self._uneven.settled:
                continue
            cells = Cells(both.ids, none, none, both.at, both.places)
            theirs = holds(self._plan.theirs(column.column_id), both.ids)
            self._take(column, cells.where(theirs), at[theirs], places[theirs])
            open_ = ~theirs & ~holds(self._plan.ours(column.column_id), both.ids)
            self._settle(column, cells.where(open_), at[open_], places[open_])

    def _append(self, rows: Rows, *, stamped: bool = False) -> None:
        """Rows of theirs by reference: their fragments, all other rows deleted.

        Args:
            stamped: changed cells get the version of the merge.
        """
        for k, mine in by_fragment(rows.at):
            fragment = self._theirs.other[k]
            places = rows.places[mine]
            others = np.setdiff1d(np.arange(fragment.stored_rows), places)
            edit = self._stamped(k, rows.ids) if stamped else _Edit()
            edit.patches += completed(self._uneven, fragment, places)
            found = self._with_values(fragment, edit)
            if len(others):
                found = found._replace(deletion=write_deletion(self._writer, others))
            self.appended.append(found)
            self.counts["added"] += len(places)

    def _stamped(self, k: int, ids: Ints) -> _Edit:
        """A fragment of theirs, what it changed in some rows written as if by the merge."""
        fragment, edit = self._theirs.other[k], _Edit()
        for column_id, cells in self._theirs.updated.items():
            column = self._columns.get(column_id)
            places = cells.places[(cells.at == k) & holds(ids, cells.ids)]
            if column is not None and len(places):
                patch = patch_of(places, values_at(fragment, column, places))
                edit.patches.append(Laid(column, 0, patch))
        return edit

    # --- cells ------------------------------------------------------------------------------------

    def _update(self, column: Column, cells: Cells) -> None:
        """Take over one column's new values; those that ours changed too are settled."""
        decided = self._plan.ours(column.column_id)
        if len(decided):
            cells = cells.where(~holds(decided, cells.ids))
        at, places, found = self._index.find(cells.ids)
        if not found.all():
            cells = cells.where(found)  # others were deleted by ours, and are settled
        mine = self._ours.updated.get(column.column_id)
        if mine is None:
            self._take(column, cells, at, places)
            return
        both = holds(mine.ids, cells.ids)
        both &= ~holds(self._plan.theirs(column.column_id), cells.ids)
        self._take(column, cells.where(~both), at[~both], places[~both])
        if both.any():
            self._settle(column, cells.where(both), at[both], places[both])

    def _compare_again(self, column: Column) -> None:
        """A column that both brought back: the base has no cells of it to compare with."""
        back = self._returning
        if back is None:
            return
        first = len(self._theirs.other) - len(back.theirs)  # they are the last ones
        for k, target in enumerate(self._standing):
            places, at, there, both = back.written(column, target)
            old = ~holds(self._theirs.added.ids, target.ids_at(places))  # `_add` settles others
            places, at, there, both = places[old], at[old], there[old], both[old]
            none = np.full(len(places), -1)
            cells = Cells(target.ids_at(places), none, none, first + at, there)
            if len(places):
                here = np.full(len(places), k)
                self._take(column, cells.where(~both), here[~both], places[~both])
                self._settle(column, cells.where(both), here[both], places[both])

    def _restore(self, column: Column, ids: Ints) -> None:
        """Cells that only ours changed, as theirs has them: as they were in the base."""
        cells = self._ours.updated.get(column.column_id)
        other = self._theirs.updated.get(column.column_id)
        if cells is None:
            return
        wanted = holds(ids, cells.ids)
        if other is not None:
            wanted &= ~holds(other.ids, cells.ids)
        at, places, found = self._index.find(cells.ids[wanted])
        those = cells.where(wanted).where(found)
        those = those._replace(at=those.base_at, places=those.base_places)
        self._take(column, those, at, places, self._ours.base)

    def _take(
        self,
        column: Column,
        cells: Cells,
        at: Ints,
        places: Ints,
        sources: Sequence[OpenFragment] | None = None,
    ) -> None:
        """Values that only theirs changed: their overlays where these fit, else the values.

        Args:
            sources: fragments of the base that they are taken of instead; it may be a virtual one,
                in memory, so that nothing may refer to it.
        """
        based = sources is not None
        sources = self._theirs.other if sources is None else sources
        self.counts["updated"] += len(cells.ids)
        for pair, mine in by_fragment(at * len(sources) + cells.at):
            k, j = divmod(pair, len(sources))
            source, target = sources[j], self._standing[k]
            overlays = None if based else self._fitting(column, source, target, places[mine])
            if overlays is not None:
                self._edit(k).overlays.append((column, source, places[mine], overlays))
                continue
            values = values_at(source, column, cells.places[mine])
            versions = versions_at(source, column.column_id, cells.places[mine])
            for version in np.unique(versions).tolist():
                those = np.flatnonzero(versions == version)
                patch = patch_of(places[mine][those], take_rows(values, those))
                self._edit(k).patches.append(Laid(column, version, patch))

    def _fitting(
        self, column: Column, source: OpenFragment, target: OpenFragment, places: Ints
    ) -> list[Overlay] | None:
        """Theirs' overlays that give exactly these cells their values, if there are any."""
        if not source.same_rows(target):
            return None
        known = {identity(o) for o in target.fragment.overlays}
        there = source.overlays(column.column_id)
        new = [o for o in there if identity(o) not in known]
        if not new:
            return None
        cover = covered(source, new[0])
        if len(new) > 1:
            cover = np.unique(np.concatenate([covered(source, overlay) for overlay in new]))
        if len(target.deleted):  # theirs' deleted rows may stand in ours
            cover = cover[~holds(target.deleted, cover)]
        if len(cover) != len(places) or not bool((cover == np.sort(places)).all()):
            return None
        if there[-len(new) :] == new:
            return new
        top = np.zeros(len(cover), np.uint64)
        for overlay in new:  # in theirs an overlay that ours has too may lie above
            lay_versions(top, cover, source, overlay)
        return new if (top == versions_at(source, column.column_id, cover)).all() else None

    def _settle(self, column: Column, cells: Cells, at: Ints, places: Ints) -> None:
        """Cells that both wrote: equal versions or values need nothing; JSON merges by key; the
        rest are conflicts.
        """
        theirs = versions_of(self._theirs.other, column, cells.at, cells.places)
        differ = theirs != versions_of(self._standing, column, at, places)
        cells, at, places = cells.where(differ), at[differ], places[differ]
        if not len(cells.ids):
            return
        new = gathered(self._theirs.other, column, cells.at, cells.places)
        old = gathered(self._standing, column, at, places)
        differ = ~rows_equal(old, new)
        cells, at, places = cells.where(differ), at[differ], places[differ]
        if self._resolver == "virtual":  # neither: ours' values, with a version of their own
            self._stamp(column, at, places)
            return
        taken, made, values = [], [], []
        for k in range(len(cells.ids)):
            conflict = self._cell(column, cells.where(np.array([k])), int(at[k]), int(places[k]))
            value = self._merged_json(column, conflict)
            if value is UNDECIDED and isinstance(self._resolver, str):
                taken += [k] if self._resolver == "theirs" else []
                continue
            if value is UNDECIDED:
                value = self._decide(conflict)
            if conflict.chose(value, "theirs"):
                taken.append(k)
            elif value is not UNDECIDED and not conflict.chose(value, "ours"):
                made.append(k)
                values.append(value)
        if taken:  # with their version, and their bytes as they are
            those = np.array(taken)
            self._take(column, cells.where(those), at[those], places[those])
        if made:
            self._make(column, at[made], places[made], values)

    def _stamp(self, column: Column, at: Ints, places: Ints) -> None:
        """The values that ours has, as if the merge had written them."""
        for k, mine in by_fragment(at):
            those = places[mine]
            patch = patch_of(those, values_at(self._standing[k], column, those))
            self._edit(k).patches.append(Laid(column, 0, patch))

    def _make(self, column: Column, at: Ints, places: Ints, values: list[Any]) -> None:
        """New values, which neither side has: they get the version of the merge."""
        data = column.type.normalise(values, column=column.name)
        self.counts["updated"] += len(values)
        for k, those in by_fragment(at):
            patch = patch_of(places[those], take_rows(data, those))
            self._edit(k).patches.append(Laid(column, 0, patch))

    def _cell(self, column: Column, cell: Cells, at: int, place: int) -> Conflict:
        ours = Spot(self._standing[at], place)
        theirs = Spot(self._theirs.other[int(cell.at[0])], int(cell.places[0]))
        base = None
        if cell.base_at[0] >= 0:
            base = Spot(self._theirs.base[int(cell.base_at[0])], int(cell.base_places[0]))
        return cell_dispute(self._table, column, int(cell.ids[0]), base, ours, theirs)

    @staticmethod
    def _merged_json(column: Column, conflict: Conflict) -> Any:
        if column.type.name != "json" or conflict.ours is None or conflict.theirs is None:
            return UNDECIDED
        try:
            return merge_json(conflict.base, conflict.ours, conflict.theirs)
        except UnmergeableError:
            return UNDECIDED

    # --- writing ----------------------------------------------------------------------------------

    def _bring_back(self) -> None:
        """Columns that ours has not, in its fragments."""
        if self._returning is None:
            return
        for k, target in enumerate(self._standing):
            gone = self._edits[k].deleted if k in self._edits else []
            self._returning.count(target, np.concatenate([target.deleted[:0], *gone]))
            if self.conflicts:
                continue
            chunks, patches = self._returning.to(target)
            if chunks or patches or self._uneven.outgrown(target):
                self._edit(k).chunks += chunks
                self._edit(k).patches += patches

    def _edit(self, k: int) -> _Edit:
        return self._edits.setdefault(k, _Edit())

    def _write(self) -> None:
        """The fragments of ours as they become."""
        for k, edit in self._edits.items():
            target = self._standing[k]
            found = self._with_values(target, edit)
            if edit.deleted:
                deleted = np.unique(np.concatenate([target.deleted, *edit.deleted]))
                if len(deleted) == found.rows:
                    self.replaced[target.path] = ()
                    continue
                found = found._replace(deletion=write_deletion(self._writer, deleted))
            self.replaced[target.path] = (found,)

    def _with_values(self, target: OpenFragment, edit: _Edit) -> Fragment:
        found = target.fragment
        left = self._uneven.outgrown(target)
        anew = left | {chunk.column_id for chunk in edit.chunks}
        overlays = [o for o in found.overlays if o.column_id not in anew]
        chunks = tuple(chunk for chunk in found.columns if chunk.column_id not in left)
        for column, source, places, new in edit.overlays:
            overlays += new
            measured = _statistics(source, column, places)
            chunks = overlaid(chunks, target, column, places, measured)
        for column, versions, patch in edit.patches:
            overlays.append(write_overlay(self._writer, column, patch, versions))
            measured = stats.measure(column.layout, patch.data)
            chunks = overlaid(chunks, target, column, patch.positions, measured)
        laid = {column.column_id for column, _, _ in edit.patches}
        chunks += tuple(
            chunk._replace(statistics=stats.UNKNOWN) if chunk.column_id in laid else chunk
            for chunk in edit.chunks
        )
        return found._replace(overlays=tuple(overlays), columns=chunks)


def _statistics(source: OpenFragment, column: Column, places: Ints) -> stats.ColumnStatistics:
    """Bounds of a whole chunk of theirs, which hold for some of its rows; their NULLs counted."""
    chunk = source.part(column.column_id)
    if chunk is None:
        return stats.UNKNOWN
    found, nulls = chunk.statistics, 0
    if found.nulls:
        nulls = source.chunk(column).nulls(source.positions(places))
    return found._replace(nulls=nulls, nans=min(found.nans, len(places)))
