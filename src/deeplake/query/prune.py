"""Runs of rows that a test may be true of, by the statistics of nodes and fragments.

Bounds always hold but are not always tight: texts are cut, overlays widen them, deleted rows still
count. So a test is refuted by them or it is not; nothing is ever proven true here.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from deeplake.format import statistics as stats
from deeplake.format import tree as trees
from deeplake.query.rows import Rows, joined
from deeplake.query.tests import All, Any_, Compare, Never, Null, Prefix, Within
from deeplake.table.table_tree import TreeNode
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deeplake.format.statistics import ColumnStatistics
    from deeplake.format.tree import Record
    from deeplake.query.cache import KeptTree
    from deeplake.query.tests import Test
    from deeplake.table.columns import Column
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.table_tree import TableTree
    from deeplake.versioning.objects import Objects

    Known = Callable[[str], ColumnStatistics]
    """Statistics of a column by name; `UNKNOWN` where there are none."""


class Pruned(NamedTuple):
    """Rows that are left, and how many fragments were looked at and left out.

    `nodes` are nodes of fragments that were left out unopened.
    """

    rows: Rows
    fragments: int
    pruned: int
    nodes: int


def prunes(test: Test) -> bool:
    """Whether statistics could refute a test at all."""
    if isinstance(test, All):
        return any(map(prunes, test.parts))
    if isinstance(test, Any_):
        return all(map(prunes, test.parts))
    return isinstance(test, Compare | Within | Prefix | Null | Never)


def pruned(
    objects: Objects,
    tree: TableTree,
    kept: KeptTree | None,
    columns: Mapping[str, Column],
    test: Test,
) -> Pruned:
    """The rows of a tree that a test may be true of.

    Args:
        objects: where.
        tree: its rows.
        kept: what statements keep of this tree, if it has no staged changes.
        columns: those that the test names.
        test: of columns of this table.
    """
    return _Walk(objects, tree, kept, columns, test).found()


class _Walk:
    def __init__(
        self,
        objects: Objects,
        tree: TableTree,
        kept: KeptTree | None,
        columns: Mapping[str, Column],
        test: Test,
    ) -> None:
        self._objects, self._tree, self._kept = objects, tree, kept
        self._columns, self._test = columns, test
        self._edited = tree.edited_records
        self._runs: list[tuple[int, int]] = []
        self._fragments = self._pruned = self._nodes = 0

    def found(self) -> Pruned:
        self._node(self._tree.root, 0, self._tree.rows)
        return Pruned(joined(self._runs), self._fragments, self._pruned, self._nodes)

    def _node(self, node: TreeNode, first: int, rows: int) -> None:
        ends = [*node.starts[1:], rows]
        wanted = self._wanted(node)
        self._objects.parallel(lambda k: self._tree.child(node, k), wanted)
        for k in wanted:
            child, low, high = self._tree.child(node, k), first + node.starts[k], first + ends[k]
            if isinstance(child, TreeNode):
                self._node(child, low, ends[k] - node.starts[k])
            elif self._may(lambda name, child=child: self._of(child, name)):  # type: ignore[misc]
                self._fragments += 1
                self._runs.append((low, high))
            else:
                self._pruned += 1

    def _wanted(self, node: TreeNode) -> list[int]:
        """The children that are opened: those whose statistics say nothing against it.

        Blocks of the fragments of a root have to be read to know their statistics; a node has
        those of its children at hand.
        """
        if not node.path:
            known = self._objects.parallel(self._at_root, node.records)
        else:
            known = list(self._children(node.path[-1]))
        wanted = list(range(len(node.records), len(node.children)))
        for k, record in enumerate(node.records):
            told = known[k] if k < len(known) else None
            if told is None or record in self._edited or self._may(self._named(told)):
                wanted.append(k)
            elif record.level:
                self._nodes += 1
            else:
                self._pruned += 1
        return sorted(wanted)

    def _named(self, told: dict[int, ColumnStatistics]) -> Known:
        return lambda name: told.get(self._columns[name].column_id, stats.UNKNOWN)

    def _at_root(self, record: Record) -> dict[int, ColumnStatistics] | None:
        """Statistics of a node right below the root; None of a fragment, which is opened."""
        if not record.level:
            return None
        from deeplake.versioning.objects import merge_children

        children = self._children(record)
        return merge_children(children) if children else None

    def _children(self, record: Record) -> list[dict[int, ColumnStatistics]]:
        def read() -> list[dict[int, ColumnStatistics]]:
            where = f"a tree node in {self._objects.record_key(record)}"
            section = trees.decode(self._objects.read_record(record), where)[1]
            return stats.unpack_children(section)

        return read() if self._kept is None else self._kept.node(record, read)

    def _of(self, fragment: OpenFragment, name: str) -> ColumnStatistics:
        """Statistics of a column in a fragment; of one that is younger, those of its default."""
        column = self._columns[name]
        edit = fragment.edit
        if edit is not None and (not edit.path or column.column_id in edit.patches):
            return stats.UNKNOWN
        for chunk in fragment.fragment.columns:
            if chunk.column_id == column.column_id:
                return chunk.statistics
        if any(o.column_id == column.column_id for o in fragment.fragment.overlays):
            return stats.UNKNOWN
        if column.default is None:
            return stats.ColumnStatistics(
                stats.EMPTY, fragment.fragment.rows, 0, stats.EMPTY_BOUND, stats.EMPTY_BOUND
            )
        return stats.measure(column.layout, column.default)

    def _may(self, known: Known) -> bool:
        return may_be_true(self._test, known, self._columns)


def may_be_true(test: Test, known: Known, columns: Mapping[str, Column]) -> bool:
    """Whether a test can be true of any of the rows that some statistics describe."""
    if isinstance(test, All):
        return all(may_be_true(part, known, columns) for part in test.parts)
    if isinstance(test, Any_):
        return any(may_be_true(part, known, columns) for part in test.parts)
    if isinstance(test, Never):
        return False
    if not isinstance(test, Compare | Within | Prefix | Null):
        return True
    told = known(test.column)
    if isinstance(test, Null):
        if test.negated:
            return not (told.kind == stats.EMPTY and not told.nans)
        return told.kind == stats.NONE or told.nulls > 0
    if told.kind == stats.EMPTY and not told.nans:
        return False  # all are NULL, of which nothing is true
    if isinstance(test, Within):
        return _within_may(test, told, columns)
    return _may(test, told, columns)


def _within_may(test: Within, told: ColumnStatistics, columns: Mapping[str, Column]) -> bool:
    """Whether a value between the bounds is one of a list, or is none of them.

    Of the list only the first that is not below the bounds matters (if it is above them, or is no
    text that begins as they end, so are all after it), and NaN, which comes last.
    """
    values, bounds = test.values, stats.bounds(told)
    if bounds is not None and isinstance(bounds[0], bytes) == isinstance(values[0], bytes):
        last = values[-1:]
        at = bisect_left(values, bounds[0], 0, len(values) - (last[0] != last[0]))
        values = values[at : at + 1] + last
    each = (
        Compare(test.column, "<>" if test.negated else "=", value, test.floating)
        for value in values
    )
    return (all if test.negated else any)(_may(c, told, columns) for c in each)


def _may(test: Compare | Prefix, told: ColumnStatistics, columns: Mapping[str, Column]) -> bool:
    """Whether a value between the bounds passes, or a NaN."""
    bounds = stats.bounds(told)
    if bounds is None and told.kind != stats.EMPTY:
        return True
    if isinstance(test, Prefix) or isinstance(test.value, bytes):
        if bounds is None or told.kind != stats.BYTES:
            return True
        return _text_may(test, *bounds, cut=told.high[15] == stats.TRUNCATED)
    if told.kind == stats.BYTES:
        return True
    operation, value = test.operation, test.value
    if told.nans and _of_nan(operation, value):
        return True
    if bounds is None:
        return False
    low, high = bounds
    if test.floating or getattr(columns[test.column].layout, "dtype", "")[1:2] == "f":
        low, high = float(low), float(high)
        if isinstance(value, float) and math.isnan(value):
            return operation in ("<", "<=", "<>")
    return _number_may(operation, value, low, high)


def _of_nan(operation: str, value: Any) -> bool:
    """What is true of NaN, which equals itself and is above all numbers."""
    if isinstance(value, float) and math.isnan(value):
        return operation in ("=", "<=", ">=")
    return operation in (">", ">=", "<>")


def _number_may(operation: str, value: Any, low: Any, high: Any) -> bool:
    if operation == "=":
        return bool(low <= value <= high)
    if operation == "<>":
        return not (low == value == high)
    if operation == "<":
        return bool(low < value)
    if operation == "<=":
        return bool(low <= value)
    return bool(high > value) if operation == ">" else bool(high >= value)


def _text_may(test: Compare | Prefix, low: bytes, high: bytes, *, cut: bool) -> bool:
    """The same for texts; `cut` if the greatest is only known to begin with `high`."""
    value: bytes = test.value
    below = value <= high or (cut and value.startswith(high))
    if isinstance(test, Prefix):
        return low[: len(value)] <= value and (below or high.startswith(value))
    operation = test.operation
    if operation == "=":
        return low <= value and below
    if operation == "<>":
        return True
    if operation in ("<", "<="):
        return low < value or (operation == "<=" and low == value)
    if operation == ">=":
        return below
    return value < high or (cut and value.startswith(high)) or (cut and value <= high)
