"""Rows of one table that two trees do not share, with their values, batch by batch.

`compare` says by versions which rows and cells may differ; here their values are gathered, all of a
batch in a few vectorised reads, and cells that turn out equal are dropped. Media are told apart by
their descriptors and never read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from deeplake.table.cells import Wanted, alike, gathered, told_by_descriptor
from deeplake.table.compare import Cells, Rows, TableDelta, compare
from deeplake.table.descriptors import descriptors
from deeplake.table.fragments import OpenFragment
from deeplake.table.patch import layered
from deeplake.table.walk import Side
from deeplake.types.base import is_media
from deeplake.types.data import take_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from deeplake.format.slot import SlotHead
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column, Columns
    from deeplake.table.draft import Draft
    from deeplake.table.table_tree import TableTree
    from deeplake.table.walk import Path
    from deeplake.types.base import ColumnData
    from deeplake.versioning.objects import Objects

    Ints = npt.NDArray[np.int64]

BATCH_ROWS = 4096
"""Rows whose values are held at once: 8 MB of vectors of 512."""

FRAGMENTS_TOGETHER = 256
"""Fragments opened at once where they are small: a batch of one-row commits takes 16 steps."""

Kind = Literal["removed", "updated", "added"]


class Part(NamedTuple):
    """One column of some rows of a batch: `rows` are their positions in it.

    Row k of `data` is what `fragments[at[k]]` holds at `places[k]`; a descriptor of it if the
    column is `described`.
    """

    column: Column
    rows: Ints
    data: ColumnData
    fragments: Sequence[OpenFragment]
    at: Ints
    places: Ints

    @property
    def described(self) -> bool:
        """Whether the values were not read."""
        return told_by_descriptor(self.column)

    @property
    def wanted(self) -> Wanted:
        """What is read for it."""
        return Wanted(self.column, self.fragments, self.at, self.places)

    def values(self) -> list[Any]:
        """Each as users see it, None for NULL."""
        if self.described:
            return descriptors(self.fragments, self.column, self.data, self.at, self.places)  # type: ignore[arg-type]
        return self.column.type.values(self.data)


class Batch(NamedTuple):
    """Some rows that differ, all of them in one way; `ids` is None for rows that are staged."""

    kind: Kind
    rows: int
    ids: Ints | None
    old: list[Part]
    new: list[Part]


class TableSide(NamedTuple):
    """One table at one commit; without columns where there is no such table."""

    objects: Objects
    head: SlotHead | None
    records: Sequence[Record]
    columns: Columns | None

    def tree(self) -> Side:
        """Its tree, nothing opened yet."""
        return Side(self.objects, self.head, self.records)


class RowDiff:
    """What differs between the rows of two sides of one table.

    Args:
        old, new: the sides.
        delta: what differs by versions.
        staged: fragments of rows that are staged, which have no ids.
    """

    def __init__(
        self,
        old: TableSide,
        new: TableSide,
        delta: TableDelta,
        staged: Sequence[OpenFragment] = (),
    ) -> None:
        self._old, self._new = old, new
        self._delta = delta
        self._staged = staged
        self._pairs = _pairs(old.columns, new.columns)
        self._kept: list[Batch] | None = None

    @property
    def added_rows(self) -> int:
        """Rows that only the new side has."""
        delta, staged = self._delta, sum(fragment.rows for fragment in self._staged)
        return len(delta.added.ids) + sum(path[-1].rows for path in delta.whole) + staged

    @property
    def removed_rows(self) -> int:
        """Rows that only the old side has."""
        delta = self._delta
        return len(delta.removed.ids) + sum(path[-1].rows for path in delta.removed_whole)

    def added(self, most: int | None = None) -> Iterator[Batch]:
        """Rows of fragments that both have, by id; then whole new subtrees in their order, opened
        one after the other; then staged rows.

        Args:
            most: rows of a batch, where only the first few are wanted.
        """
        most = most or BATCH_ROWS
        columns, delta = self._new.columns, self._delta
        if columns is None:
            return
        for rows, fragments in _batches(delta.added, delta.other, self._new, delta.whole, most):
            yield Batch("added", len(rows.ids), rows.ids, [], _rows_of(columns, rows, fragments))
        for rows, fragments in _of_fragments(self._staged, most):
            yield Batch("added", len(rows.at), None, [], _rows_of(columns, rows, fragments))

    def removed(self, most: int | None = None) -> Iterator[Batch]:
        """The same of the old side."""
        most = most or BATCH_ROWS
        columns, delta = self._old.columns, self._delta
        if columns is None:
            return
        for rows, fragments in _batches(
            delta.removed, delta.base, self._old, delta.removed_whole, most
        ):
            yield Batch("removed", len(rows.ids), rows.ids, _rows_of(columns, rows, fragments), [])

    def updated(self) -> Iterator[Batch]:
        """Rows with cells whose values differ, by id. A few thousand are kept once read."""
        if self._kept is not None:
            yield from self._kept
            return
        found = [
            (pair, self._delta.updated[pair.column_id])
            for pair in self._pairs
            if pair.column_id in self._delta.updated
        ]
        ids = [cells.ids for _, cells in found]
        every = np.unique(np.concatenate(ids)) if len(ids) > 1 else ids[0] if ids else _NONE
        kept: list[Batch] = []
        for start in range(0, len(every), BATCH_ROWS):
            some = every[start : start + BATCH_ROWS]
            batch = self._updates(some, [(pair, _within(cells, some)) for pair, cells in found])
            if batch.rows:
                yield batch
                kept.append(batch)
        if len(every) <= BATCH_ROWS:
            self._kept = kept

    def _updates(self, ids: Ints, found: list[tuple[_Pair, Cells]]) -> Batch:
        """Rows with these ids, without those whose cells all turn out equal."""
        base, other = self._delta.base, self._delta.other
        wanted = []
        for pair, cells in found:
            old, new = pair.old or pair.new, pair.new or pair.old
            assert old is not None
            assert new is not None
            wanted.append(Wanted(old, base, cells.base_at, cells.base_places))
            wanted.append(Wanted(new, other, cells.at, cells.places))
        data = gathered(wanted, compared=True)
        olds: list[Part] = []
        news: list[Part] = []
        for k, (pair, cells) in enumerate(found):
            differ = np.flatnonzero(~alike(data[2 * k], data[2 * k + 1]))
            if len(differ):
                rows = np.searchsorted(ids, cells.ids[differ])
                if pair.old is not None:
                    olds.append(_part(wanted[2 * k], rows, data[2 * k], differ))
                if pair.new is not None:
                    news.append(_part(wanted[2 * k + 1], rows, data[2 * k + 1], differ))
        changed = np.unique(np.concatenate([_NONE, *(p.rows for p in [*olds, *news])]))
        olds, news = ([_shown(part, changed) for part in side] for side in (olds, news))
        return Batch("updated", len(changed), ids[changed], olds, news)


_NONE = np.zeros(0, np.int64)


def row_diff(old: TableSide, new: TableSide) -> RowDiff:
    """Compare two sides of one table; opens nodes and fragments only where they differ."""
    return RowDiff(old, new, compare(old.tree(), new.tree()))


def staged_diff(old: TableSide, draft: Draft, tree: TableTree | None) -> RowDiff:
    """What a transaction changes of one table, as it stands now.

    Args:
        old: the table as it is committed.
        tree: the same, None if the transaction makes the table.
    """
    base, other, removed = [], [], [Rows(_NONE, _NONE, _NONE)]
    updated: dict[int, list[Cells]] = {}
    for k, edit in enumerate(draft.committed_edits().values()):
        assert tree is not None  # edits are of rows that are there
        before = tree.at(edit.path)
        base.append(before)
        other.append(OpenFragment(before.objects, before.fragment, before.own_key, edit, edit.path))
        gone = edit.deleted
        removed.append(Rows(before.ids_at(gone), np.full(len(gone), k), gone))
        for column_id, stack in edit.patches.items():
            places = layered(stack).positions
            at = np.full(len(places), k)
            cells = Cells(before.ids_at(places), at, places, at, places)
            updated.setdefault(column_id, []).append(cells)
    delta = TableDelta(
        base, other, Rows(_NONE, _NONE, _NONE), _by_id(removed),
        {column_id: _by_id(parts) for column_id, parts in updated.items()}, [], [],
    )  # fmt: skip
    staged = [f for f in draft.tree(old.objects, None).root.children if isinstance(f, OpenFragment)]
    new = TableSide(old.objects, None, (), draft.columns)
    return RowDiff(old, new, delta, staged)


def _by_id(parts: Sequence[Any]) -> Any:
    """`Rows` or `Cells` joined, ids ascending."""
    whole = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    return type(parts[0])(*whole).where(np.argsort(whole[0], kind="stable"))


# --- columns --------------------------------------------------------------------------------------


class _Pair(NamedTuple):
    """A column on both sides; None where a side does not have it."""

    column_id: int
    old: Column | None
    new: Column | None


def _pairs(old: Columns | None, new: Columns | None) -> list[_Pair]:
    """Columns that updates are looked for in.

    A column that is new is one: rows that were given values since have them. One that was dropped
    is not, nor one that comes back: that all its values are gone, or there, is told by the schema.
    """
    if old is None or new is None:
        return []
    before = {column.column_id: column for column in old}
    after = {column.column_id: column for column in new}
    gone = {*old.schema.dropped, *new.schema.dropped}
    ids = dict.fromkeys([*after, *before])
    return [_Pair(i, before.get(i), after.get(i)) for i in ids if i not in gone]


# --- rows -----------------------------------------------------------------------------------------


def _rows_of(columns: Columns, rows: Rows, fragments: list[OpenFragment]) -> list[Part]:
    """Whole rows, column by column."""
    wanted = [Wanted(column, fragments, rows.at, rows.places) for column in columns]
    every = np.arange(len(rows.at))
    return [
        Part(column, every, data, fragments, rows.at, rows.places)
        for column, data in zip(columns, gathered(wanted), strict=True)
    ]


def _batches(
    rows: Rows, fragments: list[OpenFragment], side: TableSide, whole: Sequence[Path], most: int
) -> Iterator[tuple[Rows, list[OpenFragment]]]:
    """Rows of fragments that are open, then all of some subtrees."""
    for start in range(0, len(rows.ids), most):
        yield rows.where(np.s_[start : start + most]), fragments  # type: ignore[arg-type]
    for paths in _groups(_leaves(side, whole), most):
        opened = side.tree().fragments(paths)  # of a tree of its own, which goes with the batch
        yield from _of_fragments(opened, most)


def _leaves(side: TableSide, whole: Sequence[Path]) -> Iterator[Path]:
    """Fragments below some records, one subtree after the other."""
    for path in whole:
        if path[-1].level:
            yield from side.tree().leaves([path])
        else:
            yield path


def _groups(paths: Iterable[Path], most: int) -> Iterator[list[Path]]:
    """Fragments whose rows fit a batch together, or single ones."""
    found: list[Path] = []
    rows = 0
    for path in paths:
        if found and (rows + path[-1].rows > most or len(found) == FRAGMENTS_TOGETHER):
            yield found
            found, rows = [], 0
        found.append(path)
        rows += path[-1].rows
    if found:
        yield found


def _of_fragments(
    fragments: Sequence[OpenFragment], most: int
) -> Iterator[tuple[Rows, list[OpenFragment]]]:
    """All rows that are left of some fragments; a large one in several batches."""
    small = [fragment for fragment in fragments if 0 < fragment.rows <= most]
    if small:
        at = np.repeat(np.arange(len(small)), [fragment.rows for fragment in small])
        places = np.concatenate([f.places(np.arange(f.rows)) for f in small])
        ids = np.concatenate([_ids(f) for f in small])
        yield Rows(ids, at, places), small
    for fragment in fragments:
        for start in range(0, fragment.rows if fragment.rows > most else 0, most):
            places = fragment.places(np.arange(start, min(start + most, fragment.rows)))
            ids = fragment.ids_at(places) if fragment.path else places
            yield Rows(ids, np.zeros(len(places), np.int64), places), [fragment]


def _ids(fragment: OpenFragment) -> Ints:
    return fragment.live_ids() if fragment.path else np.full(fragment.rows, -1)


def _part(wanted: Wanted, rows: Ints, data: ColumnData, those: Ints) -> Part:
    """Some of the cells that were read, with the rows of the batch that they are of."""
    column, fragments, at, places = wanted
    if len(those) < len(at):
        data, at, places = take_rows(data, those), at[those], places[those]
    return Part(column, rows, data, fragments, at, places)


def _within(cells: Cells, ids: Ints) -> Cells:
    """Those of a run of rows."""
    low, high = np.searchsorted(cells.ids, (ids[0], ids[-1] + 1)).tolist()
    return cells.where(np.s_[low:high])  # type: ignore[arg-type]


def _shown(part: Part, rows: Ints) -> Part:
    """A part with the values that are shown, where others were compared: tensors, not what
    describes them. `rows` are those that are left of the batch.
    """
    if is_media(part.column.layout) and not told_by_descriptor(part.column):
        part = part._replace(data=gathered([part.wanted])[0])
    return part._replace(rows=np.searchsorted(rows, part.rows))
