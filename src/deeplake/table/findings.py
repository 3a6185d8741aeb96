"""What a verification knows so far: slots, trees, damages; and what follows from all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake.errors import DamageError, StoreError
from deeplake.format import tree
from deeplake.format.keys import slot_key
from deeplake.table.damage import Damage, overlapping
from deeplake.table.overlays import live_places, read_bitmap
from deeplake.versioning.plans import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deeplake.format.fragment import Fragment, Run
    from deeplake.format.tree import Record
    from deeplake.versioning.objects import Objects

    Place = tuple[int, int]
    """A slot: branch and sequence."""


class Block(NamedTuple):
    """What is known of a tree block: blocks below a node; row ids and deletion of a fragment."""

    children: tuple[bytes, ...] = ()
    runs: tuple[Run, ...] = ()
    fragment: tuple[Fragment, str] | None = None
    """With deleted rows only; and the object it lies in."""


class Findings:
    """Everything found so far.

    Attributes:
        plan: what vacuums may have deleted.
        slots: slots read -> commit id; None if the head is damaged.
        blocks: tree blocks, by `block_id`.
        tables: of the slots in `roots`: slot -> table -> blocks of its root.
        keyed: of the same slots: slot -> tables with keys -> where the schema lies.
        roots: branches and tags -> the slot each stands on.
        allocators: those that headers name -> a commit that does.
    """

    def __init__(self) -> None:
        self.commits = self.objects = self.bytes = 0
        self.plan = NOTHING
        self.slots: dict[Place, str | None] = {}
        self.blocks: dict[bytes, Block] = {}
        self.tables: dict[Place, dict[str, tuple[bytes, ...]]] = {}
        self.keyed: dict[Place, dict[str, tuple[str, int]]] = {}
        self.roots: dict[str, Place] = {}
        self.allocators: dict[int, str] = {}
        self._damages: list[tuple[Damage, frozenset[bytes]]] = []
        """Each with the blocks of the fragments it hits, or the `mark` of a whole commit."""

    def count(self, size: int) -> None:
        """An object was read."""
        self.objects += 1
        self.bytes += size

    def expired(self, place: Place) -> bool:
        """Whether a slot may be gone."""
        return self.plan.covers(place)

    # --- damages ----------------------------------------------------------------------------

    def add(self, damage: Damage, blocks: frozenset[bytes] = frozenset()) -> None:
        """Something is damaged."""
        self._damages.append((damage, blocks))

    def refused(
        self,
        key: str,
        error: Exception,
        table: str | None = None,
        commit: str | None = None,
        blocks: frozenset[bytes] = frozenset(),
    ) -> None:
        """Something cannot be read, as this error says."""
        self.add(Damage(key, text(error), table, commit=commit), blocks)

    def missing_slots(self, branch: int, low: int, high: int) -> None:
        """Slots low:high of a branch are not there; those that have expired need not be."""
        expired, gaps = self.plan.expired.get(branch, 0), self.plan.gaps.get(branch, ())
        for first, last in [(1, expired), *gaps, (high, high)]:
            until = min(first, high)
            if low < until:
                more = f", and {until - low - 1} after it" if until - low > 1 else ""
                self.add(Damage(slot_key(branch, low), f"is missing{more}"))
            low = max(low, last + 1)

    def damages(self) -> list[Damage]:
        """All damages, with the names whose tables they hit."""
        if not self._damages:
            return []
        reached = {name: self._reached(place) for name, place in self.roots.items()}
        return [
            damage._replace(refs=tuple(sorted(n for n, found in reached.items() if found & blocks)))
            for damage, blocks in self._damages
        ]

    def _reached(self, place: Place) -> set[bytes]:
        found = {mark(place)}
        for roots in self.tables.get(place, {}).values():
            pending = list(roots)
            while pending:
                block = pending.pop()
                found.add(block)
                pending += self.blocks.get(block, Block()).children
        return found

    # --- row ids ----------------------------------------------------------------------------

    def unique_rows(self, objects: Objects) -> None:
        """Row ids are unique within each table of a branch or tag."""
        seen: set[tuple[bytes, ...]] = set()
        for place in self.roots.values():
            for name, roots in self.tables.get(place, {}).items():
                if roots in seen:
                    continue
                seen.add(roots)
                twice = self._twice(objects, roots)
                if twice:
                    what = "row ids that another row has too"
                    commit = self.slots.get(place)
                    self.add(
                        Damage(slot_key(*place), what, name, None, tuple(twice), commit),
                        frozenset([mark(place)]),
                    )

    def _twice(self, objects: Objects, roots: tuple[bytes, ...]) -> list[tuple[int, int]]:
        ranges: list[tuple[int, int]] = []
        deleted: list[tuple[Fragment, str]] = []
        for block in self._leaves(roots):
            if block.fragment is None:
                ranges += [(run.start, run.start + run.rows - 1) for run in block.runs]
            else:
                deleted.append(block.fragment)
        every = [(r.start, r.start + r.rows - 1) for f, _ in deleted for r in f.row_ids]
        if not overlapping([*ranges, *every]):
            return []
        # fragments of some of the same rows each, the others deleted: look at single ids
        for fragment, key in deleted:
            try:
                ranges += _live_ranges(objects, fragment, key)
            except (DamageError, StoreError):
                continue  # told already
        return overlapping(ranges)

    def _leaves(self, roots: Iterable[bytes]) -> Iterator[Block]:
        pending = list(roots)
        while pending:
            block = self.blocks.get(pending.pop(), Block())
            pending += block.children
            if block.runs:
                yield block


def _live_ranges(objects: Objects, fragment: Fragment, key: str) -> list[tuple[int, int]]:
    assert fragment.deletion is not None
    deleted = read_bitmap(objects, fragment.deletion.bitmap, key, fragment.rows)
    ids = np.concatenate([np.arange(r.start, r.start + r.rows) for r in fragment.row_ids])
    live = ids[live_places(fragment.rows, deleted)]
    cuts = np.flatnonzero(np.diff(live) != 1) + 1
    return [(int(part[0]), int(part[-1])) for part in np.split(live, cuts) if len(part)]


def block_id(record: Record) -> bytes:
    """What a tree block is told by: its object and offset."""
    return tree.object_of(record) + record.offset.to_bytes(4, "little")


def mark(place: Place) -> bytes:
    """A whole commit among blocks."""
    return b"commit %x-%x" % place


def text(error: Exception) -> str:
    """What an error says, as part of a sentence."""
    return str(getattr(error, "message", error)).rstrip(".")
