"""What a handle knows of the keys of its tables, carried from commit to commit.

Own commits leave it at the state after them. After commits of others the two trees are compared:
rows appended and deleted and keys changed since are read and taken over. Where rows came to stand
in another order (a merge, a compaction) nothing is known, and the keys are read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.table.columns import columns_of
from deeplake.table.compare import Cells, delta_of
from deeplake.table.key_scan import keys_of, read_keys
from deeplake.table.key_values import Hashed, hashed
from deeplake.table.keys import KeyState, TableKeys, key_named
from deeplake.table.patch import holds
from deeplake.table.table_tree import TableTree, TreeNode
from deeplake.table.walk import Side, walk
from deeplake.types.data import concat
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from deeplake.format.tree import Record
    from deeplake.table.columns import Columns, Key
    from deeplake.table.compare import Rows, TableDelta
    from deeplake.table.draft import Draft
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.key_index import KeyIndex, Places
    from deeplake.table.keys import Name
    from deeplake.table.walk import Path, Walk
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.snapshot import Snapshot

    Ints = npt.NDArray[np.int64]


class _Known(NamedTuple):
    """The keys of a table at a commit."""

    snapshot: Snapshot
    table: str
    state: KeyState


class KeysKnown:
    """By table id, the keys at the last commit where they were looked at."""

    def __init__(self) -> None:
        self._tables: dict[int, _Known] = {}
        self._scanned: dict[Name, int] = {}

    def open(self, snapshot: Snapshot, draft: Draft) -> TableKeys:
        """The keys of a table for a transaction that was begun at a commit."""
        state = None if draft.created else self._at(snapshot, draft)
        keep = self._keeper(snapshot, draft, draft.base_name)
        return TableKeys(snapshot.objects, state, keep, self._scanned, settled=draft.settled)

    def _keeper(self, snapshot: Snapshot, draft: Draft, name: str) -> Callable[[KeyState], None]:
        def keep(state: KeyState) -> None:
            self._tables[draft.table_id] = _Known(snapshot, name, state)

        return keep

    def _at(self, snapshot: Snapshot, draft: Draft) -> KeyState | None:
        known = self._tables.get(draft.table_id)
        if known is None:
            return None
        before, now = known.snapshot.table(known.table), snapshot.table(draft.base_name)
        state: KeyState | None = known.state
        if before.root_block != now.root_block:
            columns = columns_of(now.schema_block)
            old, new = (known.snapshot, known.table), (snapshot, draft.base_name)
            state = carried(snapshot.objects, columns, known.state, old, new)
        if state is None:
            del self._tables[draft.table_id]
        else:
            self._keeper(snapshot, draft, draft.base_name)(state)
        return state

    def committed(self, before: Snapshot, after: Snapshot, draft: Draft) -> None:
        """Take over what a transaction knew when it was committed, if nobody came between."""
        state = None if draft.keys is None else draft.keys.state
        parents = () if before.commit_id is None else (before.commit_id,)
        header = after.header
        if state is not None and header is not None and header.parents[:1] == parents:
            self._keeper(after, draft, draft.name)(state.known())


def carried(
    objects: Objects,
    columns: Columns,
    state: KeyState,
    old: tuple[Snapshot, str],
    new: tuple[Snapshot, str],
) -> KeyState | None:
    """The keys of a table at another commit; None if rows of both stand in another order there."""
    (old_side, old_tree), (new_side, new_tree) = (_opened(objects, *at) for at in (old, new))
    compared = walk(old_side, new_side)
    delta = delta_of(old_side, new_side, compared.gaps)
    before, after = (_Layout(tree, compared, delta) for tree in (old_tree, new_tree))
    removed = before.rows_of(delta.base, delta.removed, delta.removed_whole)
    added = after.rows_of(delta.other, delta.added, delta.whole)
    first = old_tree.rows - len(removed)
    if not np.array_equal(added, np.arange(first, new_tree.rows)):
        return None
    if not _only_deleted(delta) or not before.moved_up(after, removed):
        return None
    indexes = {}
    for name, index in state.indexes.items():
        key = key_named(columns, name)
        if key is not None:
            found = _updated(index, key, state.places, before, delta)
            for hashes, positions in read_keys(objects, new_tree, key, first):
                ordinals = positions - first + state.places.rows
                found = found.added(Hashed(hashes, None), ordinals)
            indexes[name] = found
    places = state.places.without(removed) if len(removed) else state.places
    return KeyState(places.appended(len(added)), indexes, {})


def _opened(objects: Objects, snapshot: Snapshot, table: str) -> tuple[Side, TableTree]:
    records = snapshot.table(table).records
    return Side(objects, snapshot.head, records), TableTree(objects, snapshot.head, records)


def _only_deleted(delta: TableDelta) -> bool:
    """Whether rows of compared fragments are gone or where they were: none stands elsewhere."""
    others = {fragment.fragment.row_ids: fragment for fragment in delta.other}
    if len(others) < len(delta.other) or len({f.fragment.row_ids for f in delta.base}) < len(
        delta.base
    ):
        return False
    lost = np.bincount(delta.removed.at, minlength=len(delta.base))
    for k, fragment in enumerate(delta.base):
        other = others.get(fragment.fragment.row_ids)
        if lost[k] < fragment.rows - (0 if other is None else other.rows):
            return False  # what left the fragment without being removed stands in another one
        if other is not None and not holds(other.deleted, fragment.deleted).all():
            return False
    return True


def _updated(
    index: KeyIndex, key: Key, places: Places, before: _Layout, delta: TableDelta
) -> KeyIndex:
    """An index with the keys that others have changed."""
    cells = [delta.updated[column_id] for column_id in key.ids if column_id in delta.updated]
    if not cells:
        return index
    joined = Cells(*(np.concatenate([each[k] for each in cells]) for k in range(len(cells[0]))))
    joined = joined.where(np.unique(joined.ids, return_index=True)[1])
    rows, data = [], []
    for k in np.unique(joined.at).tolist():
        mine = joined.where(joined.at == k)
        for base in np.unique(mine.base_at).tolist():
            part = mine.where(mine.base_at == base)
            rows.append(before.positions(delta.base[base], part.base_places))
            fragment = delta.other[k]
            data.append(keys_of(fragment, key, fragment.positions(part.places)))
    found = hashed([concat(column) for column in zip(*data, strict=True)])
    return index.moved(found, places.ordinals(np.concatenate(rows)))


class _Layout:
    """Where the records and fragments that two trees were compared by stand in one of them.

    `_order` has what both have and where it begins: records, and fragments by their row ids.
    """

    def __init__(self, tree: TableTree, compared: Walk, delta: TableDelta) -> None:
        self._tree = tree
        self._shared = compared.shared
        self._runs = {f.path[-1]: f.fragment.row_ids for f in (*delta.base, *delta.other)}
        base, other = ({f.fragment.row_ids for f in side} for side in (delta.base, delta.other))
        self._paired = base & other
        self._order: dict[object, int] = {}
        self._starts: dict[Record, int] = {}
        self._visit(tree.root, 0)

    def _visit(self, node: TreeNode, first: int) -> None:
        for k, record in enumerate(node.records):
            start = self._starts[record] = first + node.starts[k]
            if record in self._shared:
                self._order[record] = start
            elif record.level:
                child = self._tree.child(node, k)
                assert isinstance(child, TreeNode)
                self._visit(child, start)
            elif self._runs.get(record) in self._paired:
                self._order[self._runs[record]] = start

    def moved_up(self, after: _Layout, removed: Ints) -> bool:
        """Whether all that both have begins where it did, less the rows removed before it."""
        starts = np.array(list(self._order.values()), np.int64)
        starts -= np.searchsorted(removed, starts)
        return list(self._order) == list(after._order) and starts.tolist() == list(
            after._order.values()
        )

    def positions(self, fragment: OpenFragment, places: Ints) -> Ints:
        """Positions of some places of a fragment."""
        start: int = self._starts[fragment.path[-1]]
        found: Ints = start + fragment.positions(places)
        return found

    def rows_of(self, fragments: list[OpenFragment], rows: Rows, whole: Sequence[Path]) -> Ints:
        """Positions of some rows, and of all below some records; ascending."""
        found = [np.zeros(0, np.int64)]
        for k in np.unique(rows.at).tolist():
            found.append(self.positions(fragments[k], rows.places[rows.at == k]))
        for path in whole:
            start = self._starts[path[-1]]
            found.append(np.arange(start, start + path[-1].rows))
        return np.sort(np.concatenate(found))
