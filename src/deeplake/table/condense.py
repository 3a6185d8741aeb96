"""Stand-ins for old commits, built of the joined fragments of the newest one of their branch.

A named commit's tree names the small fragments that there were when it was made. Here it gets one
that names large ones of today: all rows that were appended later are left out by a deletion, cells
that were changed later are laid over, and rows that were deleted since are written once more. Each
is compared with the tree that it stands for, cell by cell, before it counts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deeplake import settings
from deeplake.errors import CommitConflictError, RefNotFoundError
from deeplake.table.packs import PackWriter
from deeplake.table.sameness import Sameness
from deeplake.table.stand_ins import Planned, Pool
from deeplake.versioning.condensed import (
    FEATURE,
    StandIn,
    as_condensed,
    standing_in,
    write_stand_ins,
)
from deeplake.versioning.plans import Pin, refuse_expiring, unpin, write_pin
from deeplake.versioning.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deeplake.format.keys import CommitId
    from deeplake.versioning.objects import Objects

NEEDS = ("deletions", "overlays", "references")
"""What a reader of a stand-in must know beside what its commits require."""


def condense(objects: Objects, candidates: Mapping[int, tuple[int, Sequence[int]]]) -> int:
    """Give old commits stand-ins where that lets smaller objects go.

    Args:
        candidates: branch -> its newest slot, and older ones that do not expire.

    Returns:
        How many were made.

    Raises:
        DamageError, StoreError: no commit is worse off.
    """
    start = time.monotonic()
    made = 0
    for branch, (newest, sequences) in sorted(candidates.items()):
        head = objects.read_slot(branch, newest) if sequences else None
        if head is not None and FEATURE in head.header.requires:
            made += _Branch(objects, Snapshot(objects, head), start).run(branch, sequences)
    return made


class _Branch:
    """The stand-ins of one branch that are made together."""

    def __init__(self, objects: Objects, newest: Snapshot, start: float) -> None:
        self._objects = objects
        self._newest = newest
        self._start = start
        self._writer = PackWriter(objects)
        self._sameness = Sameness()
        names = {entry.table_id: name for name, entry in newest.entries().items()}
        self._pools = {
            table_id: Pool(objects, newest, name, self._writer) for table_id, name in names.items()
        }

    def run(self, branch: int, sequences: Sequence[int]) -> int:
        """Plan, write, compare, announce."""
        sent = False
        try:
            planned = self._planned(branch, sequences)
            if not planned:
                self._writer.abandon(keep=False)
                return 0
            pin = write_pin(self._objects, Pin((self._commit,), ()))
            try:
                refuse_expiring(self._objects, [self._commit])
                made = [self._written(snapshot, tables) for snapshot, tables in planned]
                self._writer.finish(inline=False)
                alike = [m for m, (s, _) in zip(made, planned, strict=True) if self._alike(s, m)]
                if self._late():
                    alike = []
                sent = bool(alike)
                write_stand_ins(self._objects, alike)
            finally:
                unpin(self._objects, pin)
        except (RefNotFoundError, CommitConflictError):
            self._writer.abandon(keep=sent)
            return 0  # other vacuums are at work on the same branch: nothing to do here
        except BaseException:
            self._writer.abandon(keep=sent)
            raise
        if not sent:
            self._writer.abandon(keep=False)
        return len(alike)

    @property
    def _commit(self) -> CommitId:
        assert self._newest.commit_id is not None
        return self._newest.commit_id

    def _late(self) -> bool:
        """Whether what was read may be gone before it is announced: the least grace ends."""
        return time.monotonic() - self._start > 0.8 * settings.GRACE_S_MIN

    def _planned(
        self, branch: int, sequences: Sequence[int]
    ) -> list[tuple[Snapshot, dict[int, Planned]]]:
        found = []
        for sequence in sorted(sequences, reverse=True):  # rows written anew serve older ones too
            if time.monotonic() - self._start > settings.CONDENSE_S_MAX:
                break  # the next vacuum goes on
            slot = self._objects.read_slot(branch, sequence)
            if slot is None:
                continue
            head = as_condensed(self._objects, slot)
            again = head.header.tables != slot.header.tables
            snapshot = Snapshot(self._objects, head)
            tables = {}
            for name, entry in snapshot.entries().items():
                pool = self._pools.get(entry.table_id)
                planned = None if pool is None else pool.plan(snapshot, name, again=again)
                if planned is not None:
                    tables[entry.table_id] = planned
            if tables:
                found.append((snapshot, tables))
        return found

    def _written(self, snapshot: Snapshot, tables: Mapping[int, Planned]) -> StandIn:
        assert snapshot.header is not None
        refs = {}
        for entry in snapshot.header.tables:
            planned = tables.get(entry.table_id)
            if planned is None:
                schema, root = snapshot.absolute(entry.schema), snapshot.absolute(entry.root)
                refs[entry.table_id] = schema, root
            else:
                commit = snapshot.header.commit_id
                refs[entry.table_id] = self._pools[entry.table_id].write(planned, commit.nonce)
        newest = self._newest.header
        requires = {*snapshot.header.requires, *(newest.requires if newest else ()), *NEEDS}
        requires |= self._writer.features
        return StandIn(snapshot.header.commit_id, tuple(sorted(requires)), refs)

    def _alike(self, snapshot: Snapshot, made: StandIn) -> bool:
        """Whether a stand-in has the rows and cells of what it stands for; it always has."""
        assert snapshot.head is not None
        other = Snapshot(self._objects, standing_in(snapshot.head, made))
        until = self._start + 0.7 * settings.GRACE_S_MIN  # those before it are announced in time
        same = self._sameness.same
        return all(same(snapshot, other, name, until) for name in snapshot.entries())
