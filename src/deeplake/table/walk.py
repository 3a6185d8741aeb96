"""Walking two trees of one table side by side: what they share is skipped, never opened.

Trees of two commits share most of their records. Lists of records are cut at the shared ones into
gaps; in a gap with records on both sides the highest nodes are opened, until fragments are left.
See docs/design/0003.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import MalformedObjectError
from deeplake.format import tree
from deeplake.table.block_fragment import BlockFragment
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    from deeplake.format.slot import SlotHead
    from deeplake.format.tree import Record
    from deeplake.versioning.objects import Objects

    Found = TypeVar("Found")

Path = tuple["Record", ...]
"""A record in a tree, after those of the nodes above it."""


class Side:
    """The tree of one table at one commit, opened node by node."""

    def __init__(self, objects: Objects, head: SlotHead | None, records: Sequence[Record]) -> None:
        self.objects = objects
        self.head = head
        self.root: list[Path] = [(record,) for record in records]
        self._open: dict[Record, BlockFragment] = {}
        self._homes: dict[tuple[bytes, int], tuple[bytes, str]] = {}

    def children(self, paths: Sequence[Path]) -> list[list[Path]]:
        """The records of some nodes; several are read at once from a bucket."""
        return self.objects.parallel(self._children, paths)

    def _children(self, path: Path) -> list[Path]:
        record = path[-1]
        where = f"a tree node in {self.objects.record_key(record)}"
        records, _ = tree.decode(self.objects.read_record(record, self.head), where)
        tree.check_child(record, records, where)
        return [(*path, child) for child in records]

    def fragments(self, paths: Sequence[Path]) -> list[BlockFragment]:
        """Some fragments, opened; several are read at once from a bucket."""
        known = [self._open.get(path[-1]) for path in paths]
        if None not in known:
            return known  # type: ignore[return-value]
        missing = [path for path, there in zip(paths, known, strict=True) if there is None]
        opened = self.objects.parallel(self.fragment, missing)
        self._open.update((found.path[-1], found) for found in opened)
        new = iter(opened)
        return [next(new) if there is None else there for there in known]

    def fragment(self, path: Path) -> BlockFragment:
        """One fragment, opened and not kept."""
        record = path[-1]
        data = self.objects.read_record(record, self.head)
        found = BlockFragment(self.objects, data, self._home(record), path)
        if found.rows != record.rows:
            raise MalformedObjectError(
                f"a fragment in {found.own_key} has not the rows its table says"
            )
        return found

    def _home(self, record: Record) -> tuple[bytes, str]:
        """The object of a record as frames name it, and its key; the same of many records."""
        found = self._homes.get((record.home, record.sequence))
        if found is None:
            found = tree.object_of(record), self.objects.record_key(record)
            self._homes[record.home, record.sequence] = found
        return found

    def leaves(self, paths: Sequence[Path]) -> list[Path]:
        """All fragments below some records, in order."""
        found = list(paths)
        while any(path[-1].level for path in found):
            nodes = [path for path in found if path[-1].level]
            opened = iter(self.children(nodes))
            found = [p for path in found for p in (next(opened) if path[-1].level else (path,))]
        return found


class Gap(NamedTuple):
    """Records that only one of two trees has, at the same point of their order.

    Both lists hold fragments only, unless one of them is empty: what then stands in the other is
    all new, or all gone, and is not opened.
    """

    base: list[Path]
    other: list[Path]


class Walk(NamedTuple):
    """What two trees do not share, and where the shared records met stand in the other."""

    gaps: list[Gap]
    shared: dict[Record, Path]

    def moved(self, path: Path) -> Path | None:
        """Where a record of the base that the other tree still has stands in it, else None."""
        for depth, record in enumerate(path):
            found = self.shared.get(record)
            if found is not None:
                return (*found, *path[depth + 1 :])
        return None


def walk(base: Side, other: Side) -> Walk:
    """Compare two trees; opens nodes only where they differ."""
    return walk_between(base, base.root, other, other.root)


def walk_between(base: Side, base_paths: list[Path], other: Side, other_paths: list[Path]) -> Walk:
    """Compare parts of two trees, a level at a time: rounds of requests are as many as levels.

    Gaps come in the order of the trees.
    """
    shared: dict[Record, Path] = {}
    gaps = list(_gaps(base_paths, other_paths, shared))
    while any(levels := [_to_open(gap) for gap in gaps]):
        to_open = list(zip(gaps, levels, strict=True))
        nodes = [
            [p for gap, level in to_open if level for p in gap[side] if p[-1].level == level]
            for side in (0, 1)
        ]
        opened = [iter(found) for found in of_both(Side.children, base, other, nodes)]
        gaps = []
        for gap, level in to_open:
            if level:
                ours, theirs = (_opened(gap[side], level, opened[side]) for side in (0, 1))
                gaps += _gaps(ours, theirs, shared)
            else:
                gaps.append(gap)
    return Walk(gaps, shared)


def of_both(
    read: Callable[[Side, Sequence[Path]], list[Found]],
    base: Side,
    other: Side,
    paths: Sequence[Sequence[Path]],
) -> list[list[Found]]:
    """What is read of the paths of both sides, at once from a bucket."""
    work = list(zip((base, other), paths, strict=True))
    return base.objects.parallel(lambda item: read(*item), work)


def _to_open(gap: Gap) -> int:
    """The level of the nodes to be opened next; 0 if none are."""
    if not gap.base or not gap.other:
        return 0
    return max(path[-1].level for path in [*gap.base, *gap.other])


def _opened(paths: list[Path], level: int, opened: Iterator[list[Path]]) -> list[Path]:
    """The same list with its nodes of a level replaced by their records."""
    return [p for path in paths for p in (next(opened) if path[-1].level == level else (path,))]


def _gaps(base: list[Path], other: list[Path], shared: dict[Record, Path]) -> Iterator[Gap]:
    """Cut two lists at the records that both have and that stand in the same order."""
    at = {path[-1]: k for k, path in enumerate(base)}
    theirs = {path[-1]: path for path in other}
    both = at.keys() & theirs.keys()
    shared.update((record, theirs[record]) for record in both)
    start, gap = 0, Gap([], [])
    for path in other:
        record = path[-1]
        if record not in both:
            gap.other.append(path)
            continue
        k = at[record]
        if k < start:
            continue  # shared, but in another order: not a place to cut at
        gap.base.extend(p for p in base[start:k] if p[-1] not in both)
        if gap.base or gap.other:
            yield gap
        start, gap = k + 1, Gap([], [])
    gap.base.extend(p for p in base[start:] if p[-1] not in both)
    if gap.base or gap.other:
        yield gap
