"""Moving a transaction's changes onto a newer commit of its branch.

Stricter than a merge: a cell that both wrote, a row that one deleted and the other touched, is a
conflict even if the values are equal, since two increments are two; so are two columns of a row
that one CHECK is about. Everything else is moved by row id, also where the fragments were
compacted meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.errors import CommitConflictError
from deeplake.table.columns import members
from deeplake.table.compare import delta_of
from deeplake.table.edits import FragmentEdit
from deeplake.table.patch import layered
from deeplake.table.walk import walk
from deeplake.table.whereabouts import Whereabouts
from deeplake.types.data import take_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy.typing as npt

    from deeplake.format.tree import Record
    from deeplake.table.columns import Columns
    from deeplake.table.compare import TableDelta
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.walk import Side

    Ints = npt.NDArray[np.int64]
    Edits = dict[Record, FragmentEdit]

ROWS_NAMED = 5
"""Rows that a conflict's message names."""


def rebased(
    old: Side,
    new: Side,
    edits: Mapping[Record, FragmentEdit],
    columns: Columns,
    known: Collection[int],
    *,
    table: str,
    by_row: bool = False,
) -> Edits:
    """The same edits for another tree of the table, by its records.

    Args:
        columns: of the edits.
        known: ids of the columns of both trees. Cells of others are no change: they are of columns
            that were dropped, and a compaction leaves them out.
        table: its name, for the conflict.
        by_row: whether a row is a conflict if both changed cells of it, other ones too.

    Raises:
        CommitConflictError: a row or cell was changed by both; names rows and columns.
    """
    compared = walk(old, new)
    found: Edits = {}
    contested: list[FragmentEdit] = []
    for edit in edits.values():
        path = compared.moved(edit.path)
        if path is None:
            contested.append(edit)
        else:
            found[path[-1]] = edit.on(path)
    if contested:
        delta = delta_of(old, new, compared.gaps, known)
        gone = old.fragments(old.leaves(delta.removed_whole))
        removed = np.concatenate([delta.removed.ids, *[fragment.live_ids() for fragment in gone]])
        sources = old.fragments([edit.path for edit in contested])
        standing = Whereabouts([*delta.other, *new.fragments(new.leaves(delta.whole))])
        for edit, source in zip(contested, sources, strict=True):
            try:
                _check(edit, source, delta, removed, columns)
                if by_row:
                    _check_rows(edit, source, delta)
                _check_together(edit, source, delta, columns)
            except _BothError as both:
                raise CommitConflictError(
                    "the branch moved on while this transaction was open: in table "
                    f"{table!r}, {both}.",
                    hint="The rows are named by row id. Roll back, refresh, and apply the change "
                    "again.",
                ) from None
            for moved in _moved(edit, source, standing):
                record = moved.path[-1]
                found[record] = moved if record not in found else found[record].joined(moved)
    return found


def _check(
    edit: FragmentEdit, source: OpenFragment, delta: TableDelta, removed: Ints, columns: Columns
) -> None:
    """Refuse what both changed.

    Raises:
        _BothError
    """
    gone = source.ids_at(edit.deleted)
    _refuse(gone, removed, "row {} was deleted by both")
    named = {column.column_id: column.name for column in columns}
    for column_id, cells in delta.updated.items():
        name = named.get(column_id, "(dropped)")
        _refuse(gone, cells.ids, f"row {{}} was deleted here, its column {name!r} changed there")
        stack = edit.patches.get(column_id)
        if stack:
            written = source.ids_at(layered(stack).positions)
            _refuse(written, cells.ids, f"column {name!r} of row {{}} was changed by both")
    for column_id, stack in edit.patches.items():
        written = source.ids_at(layered(stack).positions)
        name = named.get(column_id, "(dropped)")
        _refuse(written, removed, f"row {{}} was deleted there, {name!r} changed here")


def _check_rows(edit: FragmentEdit, source: OpenFragment, delta: TableDelta) -> None:
    """Refuse rows of which both changed some cell.

    Raises:
        _BothError
    """
    theirs = [cells.ids for cells in delta.updated.values()]
    for stack in edit.patches.values() if theirs else ():
        written = source.ids_at(layered(stack).positions)
        _refuse(written, np.concatenate(theirs), "row {} was changed by both")


def _check_together(
    edit: FragmentEdit, source: OpenFragment, delta: TableDelta, columns: Columns
) -> None:
    """Refuse rows of which both changed columns of one constraint, each another: it held of each
    change by itself. Nothing is evaluated, so values that would agree are refused as well.

    Raises:
        _BothError: naming the constraint.
    """
    for name, constraint in columns.schema.sql.get("constraints", {}).items():
        ids = members(constraint)
        ours = [layered(edit.patches[c]).positions for c in ids if edit.patches.get(c)]
        theirs = [delta.updated[c].ids for c in ids if c in delta.updated]
        if ours and theirs:
            written = source.ids_at(np.unique(np.concatenate(ours)))
            told = f"columns of the constraint {name!r} of row {{}} were changed by both"
            _refuse(written, np.concatenate(theirs), told)


def _refuse(ours: Ints, theirs: Ints, told: str) -> None:
    both = np.intersect1d(ours, theirs)
    if len(both):
        shown = ", ".join(map(str, both[:ROWS_NAMED].tolist()))
        more = f" and {len(both) - ROWS_NAMED} more" if len(both) > ROWS_NAMED else ""
        raise _BothError(f"{told.format(shown)}{more}")


class _BothError(Exception):
    """What was changed by both, in words."""


def _moved(
    edit: FragmentEdit, source: OpenFragment, whereabouts: Whereabouts
) -> list[FragmentEdit]:
    """An edit of an old fragment as edits of new ones."""
    found: dict[int, FragmentEdit] = {}

    def of(k: int) -> FragmentEdit:
        return found.setdefault(k, FragmentEdit(whereabouts.fragments[k].path))

    for column_id, stack in edit.patches.items():
        patch = layered(stack)
        at, places = _found(whereabouts, source.ids_at(patch.positions))
        for k in np.unique(at).tolist():
            rows = np.flatnonzero(at == k)
            found[k] = of(k).updated(column_id, places[rows], take_rows(patch.data, rows))
    at, places = _found(whereabouts, source.ids_at(edit.deleted))
    for k in np.unique(at).tolist():
        found[k] = of(k).without(places[at == k])
    return list(found.values())


def _found(whereabouts: Whereabouts, ids: Ints) -> tuple[Ints, Ints]:
    at, places, there = whereabouts.find(ids)
    if not there.all():
        raise CommitConflictError(
            "the branch moved on while this transaction was open: rows changed here are gone.",
            hint="Roll back, refresh, and apply the change again.",
        )
    return at, places
