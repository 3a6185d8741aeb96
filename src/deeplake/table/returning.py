"""Columns that one side of a merge does not have, or has with another default, cell by cell.

A column that only one side's schema has is as that side has it, whatever the other side's fragments
still hold of it: compaction leaves out what the schema dropped, and nobody is to see whether there
was one. Rows that this side has not have the column's default. See docs/design/0003.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake.table.compact import column_of
from deeplake.table.compare import covered, versions_at
from deeplake.table.edits import FragmentEdit
from deeplake.table.fragments import AbsentFrame, OpenFragment
from deeplake.table.gathered import gathered, versions_of
from deeplake.table.key_plan import NO_ROWS
from deeplake.table.patch import Patch, holds
from deeplake.table.whereabouts import Whereabouts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from deeplake.format.fragment import ColumnChunk, Overlay
    from deeplake.format.schema import TableSchema
    from deeplake.table.columns import Column, Columns
    from deeplake.table.packs import PackWriter
    from deeplake.types.base import ColumnData

    Ints = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]
    Versions = npt.NDArray[np.uint64]

PIECES_MAX = 256
"""Runs of rows that a column of one fragment is put together of; each is looked at as a whole
fragment, so of rows that lie across one another the values are copied instead."""


NO_COLUMN = -1
"""What no column's id is: its versions are those of the rows."""


class Laid(NamedTuple):
    """What is laid over a fragment: a column, versions (0: of the merge), values by place."""

    column: Column
    versions: int | Versions
    patch: Patch


class Uneven(NamedTuple):
    """Columns of a merged schema that the two sides do not share.

    Attributes:
        back: those that only theirs has.
        kept: those that only ours has.
        known: ids of `back` that the base has, too.
        dropped: ids of `back` that ours has had.
        again: columns that both have and the base had before it dropped them.
        since: ids of rows that ours appended after the base: first one, and the one after all.
        ours_default: columns that have theirs' default, each with the one of ours.
        theirs_default: the reverse.
        gone: those that the base had dropped.
        undoes: theirs is a commit right before the base: a revert.
        emptied: ids of `kept` that theirs has dropped since the base: rows of theirs may have had
            values before, whatever compaction left of them.
    """

    back: tuple[Column, ...] = ()
    kept: tuple[Column, ...] = ()
    known: frozenset[int] = frozenset()
    dropped: frozenset[int] = frozenset()
    again: tuple[Column, ...] = ()
    since: tuple[int, int] = (0, 0)
    ours_default: tuple[tuple[Column, ColumnData | None], ...] = ()
    theirs_default: tuple[tuple[Column, ColumnData | None], ...] = ()
    gone: tuple[Column, ...] = ()
    undoes: bool = False
    emptied: frozenset[int] = frozenset()

    @property
    def restores(self) -> bool:
        """Whether cells of fragments of ours may have to be as theirs has them."""
        return bool(self.back or self.again or self.ours_default)

    @property
    def keeps(self) -> bool:
        """Whether fragments of theirs may not come as they are."""
        return bool(self.kept or self.again or self.theirs_default)

    def outgrown(self, fragment: OpenFragment) -> frozenset[int]:
        """Ids of columns that one side has, and a fragment holds in a type they have not."""
        return frozenset(
            column.column_id for column in (*self.back, *self.kept) if outgrown(fragment, column)
        )

    @property
    def settled(self) -> frozenset[int]:
        """Ids of columns that only one side has: no cell of them is compared."""
        return frozenset(column.column_id for column in (*self.back, *self.kept))


def uneven(
    columns: Columns,
    base: TableSchema,
    ours: TableSchema,
    theirs: TableSchema,
    since: tuple[int, int],
    *,
    undoes: bool = False,
) -> Uneven | None:
    """The columns of a merged schema that need to be looked at; None as a rule.

    Args:
        columns: of the merged schema.
        since, undoes: see `Uneven`.
    """
    from deeplake.table.columns import Columns

    known, mine, other = ({s.column_id: s for s in side.columns} for side in (base, ours, theirs))
    specs = {spec.column_id: spec for spec in columns.schema.columns}
    back: list[Column] = []
    kept: list[Column] = []
    again: list[Column] = []
    ours_default: list[tuple[Column, ColumnData | None]] = []
    theirs_default: list[tuple[Column, ColumnData | None]] = []
    for column in columns:
        a, b = mine.get(column.column_id), other.get(column.column_id)
        if a is None:
            back.append(column)
        elif b is None:
            kept.append(column)
        elif column.column_id in base.dropped:
            again.append(column)
        if a is not None and b is not None and a.default != b.default:
            spec = specs[column.column_id]
            lost, found = (a, ours_default) if spec.default == b.default else (b, theirs_default)
            as_lost = spec._replace(default=lost.default)
            schema = columns.schema._replace(columns=(as_lost,), dropped=())
            found.append((column, next(iter(Columns(schema))).default))
    if not (back or kept or again or ours_default or theirs_default):
        return None
    ids = frozenset(column.column_id for column in back)
    return Uneven(
        tuple(back), tuple(kept), ids & known.keys(), ids & {*ours.dropped},
        tuple(again), since, tuple(ours_default), tuple(theirs_default),
        tuple(column for column in columns if column.column_id in base.dropped), undoes,
        frozenset(column.column_id for column in kept) & known.keys(),
    )  # fmt: skip


# --- fragments of theirs that come in -------------------------------------------------------------


def fits(found: Uneven, fragment: OpenFragment) -> bool:
    """Whether a fragment of theirs can come in as it is."""
    if found.emptied:
        return False
    return not any(_holds_any(fragment, column.column_id) for column in found.kept) and all(
        _holds_all(fragment, column.column_id) for column, _ in found.theirs_default
    )


def completed(found: Uneven, fragment: OpenFragment, places: Ints) -> list[Laid]:
    """What rows of theirs need to come in: no value of a column that their side has not, and the
    default that they had.
    """
    laid = []
    for column in found.kept:
        column_id = column.column_id
        those = places if column_id in found.emptied else places[held(fragment, column_id, places)]
        if len(those):
            laid.append(Laid(column, 0, Patch(those, _defaults(column, column.default, those))))
    for column, default in found.theirs_default:
        laid += _with_default(column, default, fragment, places)
    return laid


def _with_default(
    column: Column, default: ColumnData | None, fragment: OpenFragment, places: Ints
) -> list[Laid]:
    """Another default than the column's for those of some rows that have no value."""
    those = places[~held(fragment, column.column_id, places)]
    if not len(those):
        return []
    versions = _alike(versions_at(fragment, column.column_id, those))
    return [Laid(column, versions, Patch(those, _defaults(column, default, those)))]


# --- fragments of ours ----------------------------------------------------------------------------


class Returning:
    """Gives fragments of ours the cells that theirs has.

    Args:
        found: the columns.
        targets: fragments of ours that theirs has not.
        theirs: fragments of theirs that ours has not.
        base: fragments of the base that theirs has not.
        writer: where values go.
    """

    def __init__(
        self,
        found: Uneven,
        targets: Sequence[OpenFragment],
        theirs: Sequence[OpenFragment],
        base: Sequence[OpenFragment],
        writer: PackWriter,
    ) -> None:
        self._found = found
        self._paths = {fragment.path for fragment in targets}
        self._theirs = Whereabouts(theirs)
        self._base = Whereabouts(base)
        self.theirs = list(theirs)
        self._sources = [*theirs, *base]
        self._writer = writer
        self.refers = False
        """Whether a frame was written whose values lie elsewhere."""
        self.without = dict.fromkeys((column.column_id for column in found.back), 0)
        """Columns that ours has not, with rows that stay NULL; of those that refuse it."""

    def count(self, target: OpenFragment, deleted: Ints) -> None:
        """Count the rows of a fragment that stay NULL where this is refused.

        Args:
            deleted: places of rows that the merge deletes.
        """
        refuse = [c for c in self._found.back if c.not_null and c.default is None]
        if not refuse or target.path not in self._paths:
            return
        places = np.setdiff1d(_places(target), deleted)
        for column in refuse:
            at, _ = self._find(target, places, known=column.column_id in self._found.known)
            self.without[column.column_id] += int(np.count_nonzero(at < 0))

    def to(self, target: OpenFragment) -> tuple[list[ColumnChunk], list[Laid]]:
        """The columns that a fragment gets anew, and what is laid over it."""
        chunks: list[ColumnChunk] = []
        laid: list[Laid] = []
        if target.path not in self._paths:
            return chunks, laid
        places = _places(target)
        for column in self._found.back:
            at, there = self._find(target, places, known=column.column_id in self._found.known)
            chunk, more = self._restored(column, target, places, at, there)
            chunks += [] if chunk is None else [chunk]
            laid += more
        for column, default in self._found.ours_default:
            laid += self._agreed(column, default, target, places)
        return chunks, laid

    def _find(self, target: OpenFragment, places: Ints, *, known: bool) -> tuple[Ints, Ints]:
        """For each row the fragment that has it on the other side, -1 if none has; its place."""
        ids = target.ids_at(places)
        at, there = np.full(len(ids), -1), np.zeros(len(ids), np.int64)
        which, where, found = self._theirs.find(ids)
        at[found], there[found] = which, where
        if known and not found.all():
            left = np.flatnonzero(~found)
            which, where, found = self._base.find(ids[left])
            at[left[found]], there[left[found]] = which + len(self._theirs.fragments), where
        return at, there

    def _restored(
        self, column: Column, target: OpenFragment, places: Ints, at: Ints, there: Ints
    ) -> tuple[ColumnChunk | None, list[Laid]]:
        """A column that ours has not: the cells of theirs, and no others."""
        column_id, sources = column.column_id, self._sources
        mine = held(target, column_id, places)
        found = at >= 0
        left = outgrown(target, column)
        need = np.zeros(len(places), np.bool_)
        for k in np.unique(at[found]).tolist():
            those = at == k
            # what ours holds and theirs does not is another default, written by a compaction
            need[those] = held(sources[k], column_id, there[those]) != mine[those]
            need[those] |= left | (
                versions_at(sources[k], column_id, there[those])
                != versions_at(target, column_id, places[those])
            )
        alone = places[~found & (mine | self._doubtful(column_id, target.ids_at(places)))]
        laid = []
        if len(alone):
            laid.append(Laid(column, 0, Patch(alone, _defaults(column, column.default, alone))))
        if not need.any():
            return None, laid
        framed = any(_has_chunk(sources[k], column_id) for k in np.unique(at[need]).tolist())
        if framed and (left or not _has_chunk(target, column_id)):
            pieces = self._pieces(target, places, at, there)
            if pieces is not None:
                chunk, refers = column_of(
                    target.objects, column, self._writer, pieces, target.fragment.versions
                )
                self.refers |= refers
                return chunk, laid
        return None, [self._copied(column, places[need], at[need], there[need]), *laid]

    def written(self, column: Column, target: OpenFragment) -> tuple[Ints, Ints, Ints, Mask]:
        """Rows of a fragment whose cell theirs has written anew, for a column of `Uneven.again`.

        What the base still holds of it depends on compactions, so that whoever has a cell of
        another version than the row's has written it.

        Returns:
            Places, the fragments of theirs and places there, and which cells ours wrote, too.
        """
        if target.path not in self._paths:
            return NO_ROWS, NO_ROWS, NO_ROWS, np.zeros(0, np.bool_)
        places = _places(target)
        at, there = self._find(target, places, known=False)
        places, at, there = places[at >= 0], at[at >= 0], there[at >= 0]
        born = versions_at(target, NO_COLUMN, places)
        mine = versions_at(target, column.column_id, places)
        other = versions_of(self._sources, column, at, there)
        anew = (other != born) & (other != mine)
        return places[anew], at[anew], there[anew], (mine != born)[anew]

    def _doubtful(self, column_id: int, ids: Ints) -> Mask:
        """Rows that may have had a value elsewhere, which compaction left behind here: what they
        have now needs a version of its own.
        """
        if column_id not in self._found.dropped:
            return np.zeros(len(ids), np.bool_)
        if column_id in self._found.known:  # ours dropped it since, and may have filled it before
            return np.ones(len(ids), np.bool_)
        first, end = self._found.since
        return (ids < first) | (ids >= end)

    def _copied(self, column: Column, places: Ints, at: Ints, there: Ints) -> Laid:
        versions = _alike(versions_of(self._sources, column, at, there))
        return Laid(column, versions, Patch(places, gathered(self._sources, column, at, there)))

    def _pieces(
        self, target: OpenFragment, places: Ints, at: Ints, there: Ints
    ) -> list[OpenFragment | int] | None:
        """All rows of a fragment, deleted ones included, as runs of rows of the other side; None
        if these are too many.
        """
        count = target.fragment.rows
        which, where = np.full(count, -1), np.zeros(count, np.int64)
        which[places], where[places] = at, there
        same = (which[1:] == which[:-1]) & ((which[1:] < 0) | (where[1:] > where[:-1]))
        starts = np.concatenate([[0], np.flatnonzero(~same) + 1])
        if len(starts) > PIECES_MAX:
            return None
        found: list[OpenFragment | int] = []
        for low, high in zip(starts.tolist(), [*starts[1:].tolist(), count], strict=True):
            k = int(which[low])
            found.append(high - low if k < 0 else _only(self._sources[k], where[low:high]))
        return found

    def _agreed(
        self, column: Column, default: ColumnData | None, target: OpenFragment, places: Ints
    ) -> Iterable[Laid]:
        """A column that has theirs' default now: rows of ours alone keep the one they had, and
        cells that neither side wrote are as theirs has them.
        """
        at, there = self._find(target, places, known=False)
        both = at >= 0
        laid = _with_default(column, default, target, places[~both])
        mine = held(target, column.column_id, places) & both
        for k in np.unique(at[mine]).tolist():
            those = mine & (at == k)
            same = versions_at(self._sources[k], column.column_id, there[those])
            mine[those] = same == versions_at(target, column.column_id, places[those])
        if mine.any():
            laid.append(self._copied(column, places[mine], at[mine], there[mine]))
        return laid


def outgrown(fragment: OpenFragment, column: Column) -> bool:
    """Whether a fragment holds a column in a type that it has no longer: its side widened it before
    it dropped it. What it holds is nobody's then, and cannot be read.
    """
    parts: list[ColumnChunk | Overlay] = [*fragment.fragment.columns, *fragment.fragment.overlays]
    return any(
        part.column_id == column.column_id and not column.holds(part.generation) for part in parts
    )


def held(fragment: OpenFragment, column_id: int, places: Ints) -> Mask:
    """Which rows have a value of a column, be it NULL; the others have its default."""
    if _has_chunk(fragment, column_id):
        return np.ones(len(places), np.bool_)
    found = np.zeros(len(places), np.bool_)
    for overlay in fragment.fragment.overlays:
        if overlay.column_id == column_id:
            found |= holds(covered(fragment, overlay), places)
    return found


def _places(fragment: OpenFragment) -> Ints:
    """Places of the rows that are left."""
    live = fragment.live
    return np.arange(fragment.rows) if live is None else live.astype(np.int64)


def _has_chunk(fragment: OpenFragment, column_id: int) -> bool:
    return any(chunk.column_id == column_id for chunk in fragment.fragment.columns)


_holds_all = _has_chunk


def _holds_any(fragment: OpenFragment, column_id: int) -> bool:
    overlays = fragment.fragment.overlays
    return _has_chunk(fragment, column_id) or any(o.column_id == column_id for o in overlays)


def _only(fragment: OpenFragment, places: Ints) -> OpenFragment:
    """A fragment as if all its rows but some were deleted."""
    others = np.setdiff1d(np.arange(fragment.fragment.rows), places, assume_unique=True)
    others = others[~holds(fragment.deleted, others)]
    edit = FragmentEdit(fragment.path, None, others)
    return OpenFragment(fragment.objects, fragment.fragment, fragment.own_key, edit, fragment.path)


def _defaults(column: Column, default: ColumnData | None, places: Ints) -> ColumnData:
    return AbsentFrame(column.layout, default).take(places)


def _alike(versions: Versions) -> int | Versions:
    """One version if all are equal, as overlays have them."""
    return int(versions[0]) if (versions == versions[0]).all() else versions
