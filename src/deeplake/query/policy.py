"""The seam of policies: the rows of a table as whoever reads may see them.

A principal's predicate is evaluated by the plan once for each version of a table, and the rows it
hides are handed on as *deleted*: a tree of the same records with deletions that exist in memory
only. So whatever reads a tree (cells, scans, loaders, exports, counts) needs to know nothing of
policies. Two things do, as they read more than a tree, and are here too: statistics, which are of
all rows, and differences between two trees. See docs/design/0008.
"""

from __future__ import annotations

from _thread import RLock
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from deeplake.format import statistics as stats
from deeplake.loading import in_forked_child
from deeplake.query.table_view import TableView
from deeplake.table.column import ColumnReader
from deeplake.table.edits import FragmentEdit
from deeplake.table.table_tree import TreeNode
from deeplake.types.base import FixedLayout, VarLayout
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from deeplake.format.statistics import ColumnStatistics
    from deeplake.format.tree import Record
    from deeplake.table.columns import Column, Columns
    from deeplake.table.table_tree import TableTree
    from deeplake.versioning.objects import Objects

    Positions = npt.NDArray[np.int64]

TREES_KEPT = 8
"""Trees of one handle whose hidden rows are kept: its tables at the commits it reads."""

MEASURED_ROWS = 65_536
"""Rows whose values are held at once to know their bounds."""


class Principal(Protocol):
    """Who reads, and what of each table it may see; `sql.principal` makes one of SQL texts."""

    def visible(self, view: TableView) -> Positions:
        """Positions of those rows of a view that it may see, ascending.

        Raises:
            PolicyError: no policy says what it may see of this table.
            QueryError: the policy does not fit the table's columns.
        """


class _Seen(NamedTuple):
    """A tree without the rows that are hidden, and what is hidden of each of its fragments."""

    name: str
    columns: Columns
    tree: TableTree
    hidden: dict[Record, FragmentEdit | None]


_PLACES = np.arange(1 << 16, dtype=np.uint16)
"""All places of the largest fragment: of one that is hidden altogether nothing else is kept."""

_PLACES.flags.writeable = False
_lock = RLock()


@in_forked_child
def _after_fork_in_child() -> None:
    global _lock
    _lock = RLock()


def seen(objects: Objects, name: str, tree: TableTree, columns: Columns) -> TableTree:
    """The rows of a table that whoever reads may see: the others are deleted in it.

    Args:
        objects: where; they know who reads.
        name: the table's.
        tree: all of its rows, as committed.
        columns: its columns.

    Raises:
        PolicyError, QueryError: see `Principal.visible`; nothing is seen then.
    """
    principal: Principal | None = objects.principal
    if principal is None:
        return tree
    with _lock:
        # kept with the repository's objects, of which each handle has its own
        kept: OrderedDict[tuple[str, tuple[Record, ...]], _Seen]
        kept = vars(objects).setdefault("trees_of_policies", OrderedDict())
        key = name, tuple(tree.root.records)
        found = kept.get(key)
        before = [one for one in kept.values() if (one.name, one.columns) == (name, columns)]
    if found is None or found.columns is not columns:
        found = _without_hidden(
            objects, principal, name, tree, columns, before[-1].hidden if before else {}
        )
        with _lock:
            kept[key] = found
            if len(kept) > TREES_KEPT:
                kept.popitem(last=False)
    return found.tree


def _without_hidden(
    objects: Objects,
    principal: Principal,
    name: str,
    tree: TableTree,
    columns: Columns,
    known: dict[Record, FragmentEdit | None],
) -> _Seen:
    """Evaluate a policy over the fragments of which it is not known yet what it hides."""
    paths = list(_fragments(objects, tree, tree.root))
    ends = np.cumsum([0, *(path[-1].rows for path in paths)])
    new = [k for k, path in enumerate(paths) if path[-1] not in known]
    asked = None
    if len(new) < len(paths):
        runs = [np.arange(ends[k], ends[k + 1]) for k in new]
        asked = np.concatenate([np.zeros(0, np.int64), *runs])
    visible = principal.visible(TableView(objects, name, tree, columns, asked))
    hidden = {path[-1]: _moved(known.get(path[-1]), path) for path in paths}
    for k in new:
        low, high = np.searchsorted(visible, ends[k : k + 2])
        if high - low < paths[k][-1].rows:
            gone = _gone(tree, ends[k], visible[low:high] - ends[k])
            hidden[paths[k][-1]] = FragmentEdit(paths[k], None, gone)
    edits = {record: edit for record, edit in hidden.items() if edit is not None}
    return _Seen(name, columns, tree.edited((), edits) if edits else tree, hidden)


def _fragments(objects: Objects, tree: TableTree, node: TreeNode) -> Iterator[tuple[Record, ...]]:
    """The path of each fragment below a node, in order; none of them is opened."""
    nodes = [k for k, record in enumerate(node.records) if record.level]
    objects.parallel(lambda k: tree.child(node, k), nodes)
    for k, record in enumerate(node.records):
        child = tree.child(node, k) if record.level else None
        if isinstance(child, TreeNode):
            yield from _fragments(objects, tree, child)
        else:
            yield (*node.path, record)


def _moved(edit: FragmentEdit | None, path: tuple[Record, ...]) -> FragmentEdit | None:
    return None if edit is None else edit.on(path)


def _gone(tree: TableTree, first: int, visible: Positions) -> Any:
    """The places of a fragment's rows that are hidden; of all of them a shared array.

    Args:
        tree: all rows.
        first: the position of the fragment's first row.
        visible: those that may be seen, counted from there.
    """
    fragment, _ = tree.locate(first)
    if not len(visible) and fragment.live is None:
        return _PLACES[: fragment.rows]
    left = np.ones(fragment.rows, np.bool_)
    left[visible] = False
    return fragment.places(np.flatnonzero(left)).astype(np.uint16)


def statistics(objects: Objects, tree: TableTree, columns: Columns) -> dict[int, ColumnStatistics]:
    """Column id -> statistics of the rows of a tree, measured: those that are stored count rows
    that are hidden. Of columns that have bounds.
    """
    found: dict[int, ColumnStatistics] = {}
    for column in filter(_bounded, columns):
        reader = ColumnReader(objects, tree, column)
        parts = [
            stats.measure(column.layout, reader.slice(at, min(at + MEASURED_ROWS, tree.rows)))
            for at in range(0, tree.rows, MEASURED_ROWS)
        ]
        if parts:
            found[column.column_id] = stats.merge(parts)
    return found


def _bounded(column: Column) -> bool:
    layout = column.layout
    if isinstance(layout, FixedLayout):
        return not layout.shape
    return isinstance(layout, VarLayout) and layout.compress
