"""What is kept from one statement to the next: plans by their text, trees and narrow columns.

A column is kept for a tree of a table, which is the same object for every statement at the same
records, whatever commit or branch they are read at. All of it is bounded, oldest out first.
"""

from __future__ import annotations

from _thread import RLock
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from deeplake import settings
from deeplake.loading import in_forked_child

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from deeplake.format.statistics import ColumnStatistics
    from deeplake.format.tree import Record
    from deeplake.table.table_tree import TableTree
    from deeplake.versioning.objects import Objects

TREES_KEPT = 64
"""Trees of one repository: the tables of a few commits."""

NODES_KEPT = 256
"""Nodes of a tree whose children's statistics are kept: 8,192 fragments."""


class Bounded:
    """Values by key up to a size, the one that was not asked for longest out first."""

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._lock = RLock()  # a tree may be freed, and so drop its columns, within any call
        self._found: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable) -> Any:
        """The value of a key, None if there is none."""
        with self._lock:
            found = self._found.get(key)
            if found is None:
                return None
            self._found.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Any, size: int = 1) -> None:
        """Keep a value, unless it alone is over a quarter of all there is room for."""
        most = self._most()
        if size > max(most // 4, 1):
            return
        with self._lock:
            old = self._found.pop(key, None)
            self._size += size - (0 if old is None else old[1])
            self._found[key] = (value, size)
            while self._size > most and self._found:
                self._size -= self._found.popitem(last=False)[1][1]

    def drop(self, keys: Sequence[Hashable]) -> None:
        """Forget some."""
        with self._lock:
            for key in keys:
                old = self._found.pop(key, None)
                self._size -= 0 if old is None else old[1]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._found.clear()
            self._size = 0

    def after_fork_in_child(self) -> None:
        """Its lock is free; all is forgotten if a thread that is not here was in the midst."""
        free = self._lock.acquire(blocking=False)
        self._lock = RLock()
        if not free:
            self.clear()

    def __len__(self) -> int:
        return len(self._found)

    @property
    def size(self) -> int:
        """Of all that is kept."""
        return self._size


COLUMNS = Bounded(lambda: settings.QUERY_KEPT_BYTES_MAX)
"""Decoded columns of all trees, by (number of the tree, what)."""

PLANS = Bounded(lambda: settings.QUERY_PLANS_KEPT)
"""Plans of statements, by text, kinds of parameters and schemas."""


class KeptTree:
    """A committed tree of a table that statements share, and what was read of it.

    Args:
        tree: as it was opened.
        number: its own, never that of another.
    """

    def __init__(self, tree: TableTree, number: int) -> None:
        self.tree = tree
        self.number = number
        self._nodes: dict[Record, list[dict[int, ColumnStatistics]]] = {}
        self._keys: set[Hashable] = set()

    def node(
        self, record: Record, read: Callable[[], list[dict[int, ColumnStatistics]]]
    ) -> list[dict[int, ColumnStatistics]]:
        """Statistics of the children of a node, read once."""
        found = self._nodes.get(record)
        if found is None:
            found = read()
            if len(self._nodes) >= NODES_KEPT:
                self._nodes.clear()
            self._nodes[record] = found
        return found

    def get(self, what: Hashable) -> Any:
        """Something made of its rows, None if it is not kept."""
        return COLUMNS.get((self.number, what))

    def put(self, what: Hashable, value: Any, size: int) -> None:
        """Keep something made of its rows, of so many bytes."""
        key = self.number, what
        self._keys.add(key)
        COLUMNS.put(key, value, size)

    def __del__(self) -> None:
        if self._keys:
            COLUMNS.drop(list(self._keys))


_lock = RLock()
_last = 0


@in_forked_child
def _after_fork_in_child() -> None:
    global _lock
    _lock = RLock()
    for some in (COLUMNS, PLANS):
        some.after_fork_in_child()


def kept(objects: Objects, tree: TableTree) -> KeptTree | None:
    """The tree that stands for a committed one; None for one with staged changes."""
    global _last
    root = tree.root
    if tree.edited_records or len(root.children) > len(root.records):
        return None
    records = tuple(root.records)
    with _lock:
        # kept with the repository's objects, which the trees refer to: both are freed together
        known: OrderedDict[tuple[Record, ...], KeptTree]
        known = vars(objects).setdefault("trees_of_queries", OrderedDict())
        found = known.get(records)
        if found is None:
            _last += 1
            found = known[records] = KeptTree(tree, _last)
            if len(known) > TREES_KEPT:
                known.popitem(last=False)
        else:
            known.move_to_end(records)
        return found
