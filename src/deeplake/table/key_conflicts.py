"""Keys that two writers gave to two rows: found before a commit is moved, and after a merge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deeplake import settings
from deeplake.table.compare import compare
from deeplake.table.fragments import OpenFragment
from deeplake.table.key_index import run_of
from deeplake.table.key_scan import Candidates, keys_of, read_keys, take_key
from deeplake.table.key_values import cells, hashed, value_of
from deeplake.table.locate import positions_of
from deeplake.types.data import concat, take_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.table.columns import Columns, Key
    from deeplake.table.compare import TableDelta
    from deeplake.table.draft import Draft
    from deeplake.table.table_tree import TableTree
    from deeplake.table.walk import Side
    from deeplake.types.base import ColumnData
    from deeplake.versioning.objects import Objects

    Ints = npt.NDArray[np.int64]
    Piece = list[ColumnData]
    """A key's columns of some rows."""

CLASHES_MAX = 100
"""Clashes and violations listed per key: a message names a few, a merge shows a page."""


class Clash(NamedTuple):
    """A key that a transaction and the commits since have given to rows of theirs."""

    columns: tuple[str, ...]
    value: Any


class Violation(NamedTuple):
    """A key that several rows have."""

    columns: tuple[str, ...]
    value: Any
    row_ids: Ints


def clashes(objects: Objects, columns: Columns, old: Side, new: Side, draft: Draft) -> list[Clash]:
    """Keys staged in a transaction that others have inserted or changed since it began.

    Reads the key columns of rows that came, and of rows whose key changed, on both sides.

    Args:
        objects: where.
        columns: of the table.
        old: the tree that the transaction was begun on.
        new: the tree that it is to be moved to.
        draft: what it does to the table.
    """
    found: list[Clash] = []
    delta: TableDelta | None = None
    for key in columns.keys:
        ours, edited = _staged(objects, old, draft, key)
        if ours:
            delta = compare(old, new) if delta is None else delta
            theirs = _committed(new, delta, key)
            found += _shared(key, ours, theirs)
            found += _both_edited(key, edited, delta)
    return found


def _staged(
    objects: Objects, old: Side, draft: Draft, key: Key
) -> tuple[list[Piece], list[tuple[Ints, Piece]]]:
    """Keys of the rows staged, and those of them that are of committed rows, with their ids."""
    staged = draft.tree(objects, None)
    pieces = [keys_of(f, key) for f, _, _ in staged.runs(0, staged.rows) if f.rows]
    edited = []
    for edit in draft.committed_edits().values():
        stacks = [edit.patches[c] for c in key.ids if c in edit.patches]
        if stacks:
            written = np.unique(np.concatenate([p.positions for stack in stacks for p in stack]))
            (stored,) = old.fragments([edit.path])
            fragment = OpenFragment(objects, stored.fragment, stored.own_key, edit, edit.path)
            data = keys_of(fragment, key, fragment.positions(written))
            edited.append((fragment.ids[written], data))
    return pieces + [data for _, data in edited], edited


def _committed(new: Side, delta: TableDelta, key: Key) -> list[Piece]:
    """Keys of rows that came or changed their key."""
    pieces = [keys_of(f, key) for f in new.fragments(new.leaves(delta.whole)) if f.rows]
    at = [delta.added.at] + [delta.updated[c].at for c in key.ids if c in delta.updated]
    places = [delta.added.places]
    places += [delta.updated[c].places for c in key.ids if c in delta.updated]
    all_at, all_places = np.concatenate(at), np.concatenate(places)
    for k in np.unique(all_at).tolist():
        fragment = delta.other[k]
        rows = fragment.positions(np.unique(all_places[all_at == k]))
        pieces.append(keys_of(fragment, key, rows))
    return pieces


def _shared(key: Key, ours: list[Piece], theirs: list[Piece]) -> list[Clash]:
    """Keys that are on both sides."""
    if not theirs:
        return []
    (mine, data), (others, their_data) = (_keys(pieces) for pieces in (ours, theirs))
    rows = np.flatnonzero(np.isin(mine, others))
    suspects = np.flatnonzero(np.isin(others, mine))
    known = set(cells(their_data, suspects))
    named: dict[tuple[bytes, ...], int] = {}
    for row, cell in zip(rows.tolist(), cells(data, rows), strict=True):
        if cell in known and len(named) < CLASHES_MAX:
            named.setdefault(cell, row)
    return [Clash(key.names, value_of(key, data, row)) for row in named.values()]


def _keys(pieces: list[Piece]) -> tuple[npt.NDArray[np.uint64], Piece]:
    """Hashes and columns of the rows that have a key."""
    data = [concat(column) for column in zip(*pieces, strict=True)]
    found = hashed(data)
    rows = found.rows()
    return found.hashes[rows], [take_rows(column, rows) for column in data]


def _both_edited(key: Key, edited: list[tuple[Ints, Piece]], delta: TableDelta) -> list[Clash]:
    """Rows whose key has several columns, of which both have changed some: what comes of it is
    neither's.
    """
    theirs = [delta.updated[c].ids for c in key.ids if c in delta.updated]
    if len(key.columns) < 2 or not theirs:
        return []
    changed = np.unique(np.concatenate(theirs))
    found: list[Clash] = []
    for ids, data in edited:
        rows = np.flatnonzero(np.isin(ids, changed))[: CLASHES_MAX - len(found)]
        found += [Clash(key.names, value_of(key, data, row)) for row in rows.tolist()]
    return found


def violations(
    objects: Objects, tree: TableTree, columns: Columns, row_ids: Ints | None = None
) -> list[Violation]:
    """Keys that several committed rows have, with the ids of these rows.

    Args:
        objects: where.
        tree: the rows.
        columns: of the table.
        row_ids: only keys of these rows, which a merge has touched; by default all.
    """
    touched = None if row_ids is None else positions_of(tree, np.unique(row_ids))
    found: list[Violation] = []
    for key in columns.keys:
        found += _violations(objects, tree, key, touched)
    return found


def _violations(
    objects: Objects, tree: TableTree, key: Key, touched: Ints | None
) -> list[Violation]:
    pieces = read_keys(objects, tree, key)
    wanted = None
    if touched is not None:
        if not len(touched):
            return []
        data = take_key(objects, tree, key, touched)
        wanted = hashed(data).hashes
        if tree.rows >= settings.KEY_PROBE_ROWS_MIN:
            pieces = Candidates(objects, tree, key, data).keys(key)
    for run in run_of(list(pieces)):
        equal = run.hashes[1:] == run.hashes[:-1]
        several = np.zeros(len(run.hashes), np.bool_)
        several[1:] |= equal
        several[:-1] |= equal
        if wanted is not None:
            several &= np.isin(run.hashes, wanted)
        positions = np.sort(run.ordinals[several].astype(np.int64))
        return _grouped(objects, tree, key, positions)
    return []


def _grouped(objects: Objects, tree: TableTree, key: Key, positions: Ints) -> list[Violation]:
    """Rows with equal hashes by their values, those that stand alone left out."""
    if not len(positions):
        return []
    data = take_key(objects, tree, key, positions)
    groups: dict[tuple[bytes, ...], list[int]] = {}
    for at, cell in enumerate(cells(data, np.arange(len(positions)))):
        groups.setdefault(cell, []).append(at)
    ids = _ids(tree, positions)
    found = [rows for rows in groups.values() if len(rows) > 1][:CLASHES_MAX]
    return [Violation(key.names, value_of(key, data, rows[0]), ids[rows]) for rows in found]


def _ids(tree: TableTree, positions: Ints) -> Ints:
    found = np.empty(len(positions), np.int64)
    for fragment, inner, where in tree.groups(positions):
        found[where] = fragment.live_ids()[inner]
    return found
