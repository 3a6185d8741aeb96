"""Keys of one table: no two rows share one, whatever an open transaction stages.

Every batch is checked before it is staged, against the committed and the staged rows, with the
transaction's updates and deletions taken into account. The keys are in memory (see `key_index`),
from the first time they are needed; large tables that are sorted by key are looked up by their
bounds instead, until that has cost as much as reading all keys once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.table.columns import Key
from deeplake.table.key_index import NONE, KeyIndex, Places, run_of
from deeplake.table.key_scan import Candidates, read_keys, take_key
from deeplake.table.key_values import (
    cells,
    hashed,
    is_exact,
    refuse_odd,
    repeated,
    violation,
)
from deeplake.table.patch import holds
from deeplake.types.data import take_rows
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from deeplake.table.columns import Columns
    from deeplake.table.key_values import Hashed
    from deeplake.table.table_tree import TableTree
    from deeplake.types.base import ColumnData
    from deeplake.versioning.objects import Objects

    Ints = npt.NDArray[np.int64]
    Name = tuple[tuple[int, str], ...]

CHANGES_MIN = 65_536
"""An index is dropped when more rows than this, and half of all, are gone or have another key."""


class KeyState(NamedTuple):
    """The keys of a table at one moment; immutable.

    `unread` are trees of keys that are not indexed: their rows have the first ordinals.
    """

    places: Places
    indexes: dict[Name, KeyIndex]
    unread: dict[Name, TableTree]

    def with_index(self, name: Name, index: KeyIndex, tree: TableTree | None = None) -> KeyState:
        """With one index more, or another one; `tree` is what it does not cover."""
        unread = {other: seen for other, seen in self.unread.items() if other != name}
        if tree is not None:
            unread[name] = tree
        return KeyState(self.places, {**self.indexes, name: index}, unread)

    def known(self) -> KeyState:
        """Without the keys that are not indexed."""
        indexes = {n: index for n, index in self.indexes.items() if n not in self.unread}
        return KeyState(self.places, indexes, {})


class View(NamedTuple):
    """A table as a transaction sees it; `settled` if that is what is committed."""

    columns: Columns
    tree: Callable[[], TableTree]
    settled: bool


def name_of(key: Key) -> Name:
    """What an index is kept under: a column that was dropped or has another type is another."""
    return tuple((column.column_id, column.type.name) for column in key.columns)


def key_named(columns: Columns, name: Name) -> Key | None:
    """The key of an index, None if its columns are not there any more."""
    by_id = {(column.column_id, column.type.name): column for column in columns}
    found = [by_id[part] for part in name if part in by_id]
    return Key(tuple(found)) if len(found) == len(name) else None


class TableKeys:
    """The keys of one table in an open transaction.

    Args:
        objects: where.
        committed: what is known of the committed keys, if anything.
        keep: told what becomes known of them.
        scanned: by key, how many rows were looked at so far for want of an index.
        settled: whether no rows are staged yet.
    """

    def __init__(
        self,
        objects: Objects,
        committed: KeyState | None,
        keep: Callable[[KeyState], None],
        scanned: dict[Name, int],
        *,
        settled: bool,
    ) -> None:
        self._objects = objects
        self._committed = committed
        self.state = committed if settled else None
        """None while nothing is known: the keys are then read when they are needed."""
        self._keep = keep
        self._scanned = scanned

    def restore(self, state: KeyState | None, *, settled: bool) -> None:
        """Go back to an earlier state; `settled` if what is committed is all there is now."""
        self.state = self._committed if state is None and settled else state

    # --- what a write does to the keys: checked, and returned as the state after it -------------

    def appending(self, view: View, batch: Mapping[int, ColumnData], rows: int) -> KeyState | None:
        """The state with a batch appended.

        Raises:
            UniqueViolationError: a key that another row has.
            InvalidValueError: a value that no key can have.
        """
        checked: dict[Name, Hashed] = {}
        for key in view.columns.keys:
            data = [batch[column.column_id] for column in key.columns]
            refuse_odd(key, data)
            checked[name_of(key)] = found = hashed(data)
            self._refuse(view, key, data, found)
        state = self.state
        if state is None:
            return None
        ordinals = np.arange(state.places.rows, state.places.rows + rows)
        indexes = {}
        for name, index in state.indexes.items():
            key_there = key_named(view.columns, name)
            if key_there is not None:
                data = [batch[column_id] for column_id, _ in name]
                new = checked[name] if name in checked else hashed(data)
                indexes[name] = index.added(new, ordinals)
        return KeyState(state.places.appended(rows), indexes, state.unread)

    def updating(self, view: View, rows: Ints, batch: Mapping[int, ColumnData]) -> KeyState | None:
        """The state with new values at some positions, of which the last ones count.

        Raises:
            UniqueViolationError, InvalidValueError
        """
        declared = [key for key in view.columns.keys if not key.ids.isdisjoint(batch)]
        names = {name_of(key): key for key in declared}
        for name in {} if self.state is None else self.state.indexes:
            key_there = key_named(view.columns, name)
            if key_there is not None and not key_there.ids.isdisjoint(batch):
                names.setdefault(name, key_there)
        if not names:
            return self.state
        positions, source = _last(rows)
        changes: dict[Name, Hashed] = {}
        for name, key in names.items():
            data = self._after(view, key, batch, positions, source)
            if key in declared:
                refuse_odd(key, data)
            changes[name] = found = hashed(data)
            if key in declared:
                self._refuse(view, key, data, found, positions, source)
        state = self.state
        if state is None:
            return None
        own = state.places.ordinals(positions)
        indexes = dict(state.indexes)
        for name, found in changes.items():
            if name in indexes:
                moved = indexes.pop(name).moved(found, own)
                if not _too_many(len(moved.changed.ordinals), state.places):  # type: ignore[union-attr]
                    indexes[name] = moved
        return KeyState(state.places, indexes, state.unread)

    def deleting(self, rows: Ints) -> KeyState | None:
        """The state without some positions."""
        if self.state is None:
            return None
        state = self.state._replace(places=self.state.places.without(rows))
        return None if _too_many(len(state.places.gone), state.places) else state

    # --- looking keys up ------------------------------------------------------------------------

    def match(self, view: View, key: Key, data: Sequence[ColumnData]) -> tuple[Ints, Ints]:
        """(row of `data`, position of a row with the same key), a pair for every such row."""
        found = hashed(data)
        which, ordinals = self._find(view, key, data, found)
        return which, self.state.places.positions(ordinals)  # type: ignore[union-attr]

    def _refuse(
        self,
        view: View,
        key: Key,
        data: Sequence[ColumnData],
        found: Hashed,
        positions: Ints = NONE,
        source: Ints | None = None,
    ) -> None:
        """Refuse keys that come twice, or that rows other than `positions` have.

        Raises:
            UniqueViolationError: naming the row, counted by `source`.
        """
        row = repeated(data, found, exact=is_exact(key))
        if row is not None:
            raise violation(key, data, row, source, twice=True)
        which, ordinals = self._find(view, key, data, found)
        if len(which) and len(positions):
            own = self.state.places.ordinals(positions)  # type: ignore[union-attr]
            which = which[~holds(own, ordinals)]
        if len(which):
            raise violation(key, data, int(which.min()), source)

    def _find(
        self, view: View, key: Key, data: Sequence[ColumnData], found: Hashed
    ) -> tuple[Ints, Ints]:
        """(row of `data`, ordinal of a row with the same key)."""
        name, rows = name_of(key), found.rows()
        state = self._opened(view, key)
        hashes, gone = found.hashes[rows], state.places.gone
        which, ordinals = state.indexes[name].find(hashes, gone)
        if name in state.unread:
            pieces = self._unread(view, key, data)
            looked_up = KeyIndex(run_of(pieces), state.indexes[name].changed)
            more, of = looked_up.find(hashes, gone)
            which, ordinals = np.concatenate([which, more]), np.concatenate([ordinals, of])
        which = rows[which]
        if not len(which) or is_exact(key):
            return which, ordinals
        there = take_key(self._objects, view.tree(), key, state.places.positions(ordinals))
        pairs = zip(cells(data, which), cells(there, np.arange(len(which))), strict=True)
        same = np.array([ours == theirs for ours, theirs in pairs])
        return which[same], ordinals[same]

    def _opened(self, view: View, key: Key) -> KeyState:
        """The state with an index for a key, empty while the committed keys need not be read."""
        state, name = self.state, name_of(key)
        if state is None or name not in state.indexes:
            tree = view.tree()
            if state is None:
                state = KeyState(Places(tree.rows), {}, {})
            fresh = view.settled and not len(state.places.gone)
            if fresh and tree.rows >= settings.KEY_PROBE_ROWS_MIN:
                state = state.with_index(name, KeyIndex(), tree)
            else:
                state = state.with_index(name, self._built(key, tree, state.places))
            self._know(view, state)
        return state

    def _unread(self, view: View, key: Key, data: Sequence[ColumnData]) -> list[tuple[Any, Ints]]:
        """Committed keys that may be among some: read by bounds, or all of them at last."""
        state, name = self.state, name_of(key)
        assert state is not None
        tree = state.unread[name]
        candidates = Candidates(self._objects, tree, key, data)
        spent = self._scanned[name] = self._scanned.get(name, 0) + candidates.cost
        dear = candidates.cost * settings.KEY_PROBE_SHARE > tree.rows or spent > tree.rows
        if not dear or tree.rows > settings.KEY_INDEX_ROWS_MAX:
            return list(candidates.keys(key))
        whole = self._built(key, tree, Places(tree.rows))
        index = state.indexes[name]
        self._know(view, state.with_index(name, KeyIndex(whole.runs + index.runs, index.changed)))
        return [(run.hashes, run.ordinals.astype(np.int64)) for run in whole.runs]

    def _built(self, key: Key, tree: TableTree, places: Places) -> KeyIndex:
        pieces = read_keys(self._objects, tree, key)
        return KeyIndex(run_of([(hashes, places.ordinals(rows)) for hashes, rows in pieces]))

    def _know(self, view: View, state: KeyState) -> None:
        self.state = state
        if view.settled:
            self._committed = state.known()
            self._keep(self._committed)

    def _after(
        self,
        view: View,
        key: Key,
        batch: Mapping[int, ColumnData],
        positions: Ints,
        source: Ints,
    ) -> list[ColumnData]:
        """The key's columns of some rows once they are updated."""
        rest = Key(tuple(c for c in key.columns if c.column_id not in batch))
        kept = take_key(self._objects, view.tree(), rest, positions) if rest.columns else []
        there = dict(zip(rest.names, kept, strict=True))
        return [
            there[c.name] if c.name in there else take_rows(batch[c.column_id], source)
            for c in key.columns
        ]


def _last(rows: Ints) -> tuple[Ints, Ints]:
    """Positions, ascending, each once; and where each comes last in `rows`."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    last = np.ones(len(rows), np.bool_)
    last[:-1] = ordered[1:] != ordered[:-1]
    return ordered[last], order[last]


def _too_many(changes: int, places: Places) -> bool:
    return changes > max(CHANGES_MIN, places.rows // 2)
