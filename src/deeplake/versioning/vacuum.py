"""Deleting what no retained commit needs: packs, automatic commits, old plans and pins.

In this order, each step safe to be cut off by a crash: find out what is unused, announce it in a
plan, look again at all that may have come up meanwhile, delete slots from the old end of each
branch, then packs. A crash leaves garbage or a plan, never a hole. See SPEC "Vacuum".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from deeplake import settings
from deeplake.errors import MalformedObjectError
from deeplake.format.keys import pack_of_key, slot_key, slot_of_key
from deeplake.versioning import plans, refs
from deeplake.versioning.head import write_hint
from deeplake.versioning.pending import find_pending
from deeplake.versioning.plans import PINS, PLANS, Plan
from deeplake.versioning.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deeplake.format.keys import CommitId
    from deeplake.format.slot import SlotHead
    from deeplake.storage.store import ObjectInfo
    from deeplake.versioning.objects import Objects

    Progress = Callable[[str, int, int], None]
    """Told (what was done, how many more of it, of how many in all; 0 if unknown)."""

_READ_TOGETHER = 256
_DELETE_TOGETHER = 1000


class Freed(NamedTuple):
    """Objects and bytes of one kind."""

    objects: int = 0
    bytes: int = 0


class Swept(NamedTuple):
    """What a vacuum deleted, or would have."""

    packs: Freed
    commits: Freed
    notes: Freed
    """Plans and pins of earlier vacuums and of writers that died."""
    kept_packs: Freed
    young_packs: Freed
    """Unused packs that are younger than the grace: of open transactions, or garbage too soon."""


def vacuum(
    objects: Objects, grace_s: float, *, dry_run: bool, no_writers: bool, progress: Progress
) -> Swept:
    """Delete what is unused and older than the grace.

    Args:
        grace_s: how old; at least `settings.GRACE_S_MIN`, unless nobody writes.
        dry_run: delete nothing, only find out.
        no_writers: the caller knows that no process writes to the repository; pins then do not
            count, since nobody is there to need them.

    Raises:
        DamageError, StoreError: at the first object that cannot be read or deleted.
    """
    run = _Run(objects, grace_s, no_writers=no_writers, progress=progress)
    run.look()
    found = run.swept()
    if dry_run or not (found.packs.objects or found.commits.objects or found.notes.objects):
        return found
    run.announce()
    run.look()
    found = run.swept()
    run.delete()
    return found


class _Branch:
    """The slots of one branch, as they were listed last."""

    __slots__ = ("infos", "marked", "through")

    def __init__(self) -> None:
        self.infos: dict[int, ObjectInfo] = {}
        self.marked = 0
        """Slots up to this one are marked, but for those that expire."""
        self.through = 0
        """Slots up to this one expire."""

    def expiring(self) -> list[int]:
        """Oldest first."""
        return sorted(sequence for sequence in self.infos if sequence <= self.through)


class _Run:
    """One vacuum."""

    def __init__(
        self, objects: Objects, grace_s: float, *, no_writers: bool, progress: Progress
    ) -> None:
        self._objects = objects
        self._now_s = plans.store_clock_s(objects)
        self._cutoff_s = self._now_s - grace_s
        self._no_writers = no_writers
        self._progress = progress
        self._reach = Reach(objects)
        self._branches: dict[int, _Branch] = {}
        self._names: list[refs.Branch] = []
        self._targets: set[tuple[int, int]] = set()
        self._garbage: dict[str, int] = {}
        self._dead_pins: dict[str, int] = {}
        self._old_plans: dict[str, int] = {}
        self._kept, self._young = Freed(), Freed()
        self._before = Plan(0, {})
        self._announced = False

    # --- looking ----------------------------------------------------------------------------

    def look(self) -> None:
        """Find out what is unused. Pins are read first, then names, then slots, then packs: who
        takes something off one of these lists has put it on the next one before.
        """
        if not self._announced:
            self._old_plans = {i.key: i.size_bytes for i in plans.listed(self._objects, PLANS)}
            self._before = plans.read_plan(self._objects)
        self._read_pins()
        self._names = refs.list_branches(self._objects)
        named = [branch.base for branch in self._names if branch.base is not None]
        named += [tag.commit_id for tag in refs.list_tags(self._objects)]
        named += self._waiting()
        self._targets.update((commit.branch, commit.sequence) for commit in named)
        self._list_slots()
        for branch, slots in sorted(self._branches.items()):
            self._mark(branch, slots)
        self._pull_back()
        self._list_packs()
        if self._garbage:
            self._reach.settle()
            self._list_packs()

    def _read_pins(self) -> None:
        for info in plans.listed(self._objects, PINS):
            if self._no_writers or info.modified_s < self._now_s - settings.PIN_S_MAX:
                self._dead_pins[info.key] = info.size_bytes
                continue
            pin = plans.read_pin(self._objects, info.key)
            self._targets.update((commit.branch, commit.sequence) for commit in pin.commits)
            self._reach.add_packs(pin.packs)

    def _waiting(self) -> list[CommitId]:
        """The commits of merges that wait for decisions."""
        keys = (info.key.split("/") for info in self._objects.store.list("refs/merges/"))
        branches = {int(key[2], 16) for key in keys if re.fullmatch("[0-9a-f]{12}", key[2])}
        waiting = [find_pending(self._objects, branch)[1] for branch in sorted(branches)]
        named = [(merge.base, merge.theirs) for merge in waiting if merge is not None]
        return [commit for pair in named for commit in pair if commit is not None]

    def _list_slots(self) -> None:
        for info in self._objects.store.list("refs/heads/"):
            slot = slot_of_key(info.key)
            if slot is not None:
                self._branches.setdefault(slot[0], _Branch()).infos[slot[1]] = info

    def _mark(self, branch: int, slots: _Branch) -> None:
        """Mark what the slots of a branch need that were not looked at before."""
        sequences = self._gap_free(branch, slots)
        sequences = [s for s in sequences if s > slots.marked]
        expiring = not self._announced  # what was not announced must not go
        for start in range(0, len(sequences), _READ_TOGETHER):
            several = sequences[start : start + _READ_TOGETHER]
            heads = self._objects.parallel(lambda s: self._read(branch, s), several)
            for sequence, head in zip(several, heads, strict=True):
                expiring = expiring and self._may_expire(slots, head)
                if expiring:
                    slots.through = sequence
                else:
                    self._reach.add(head)
            self._progress("commits read", len(several), 0)
        slots.marked = max(slots.marked, *sequences, 0)

    def _gap_free(self, branch: int, slots: _Branch) -> list[int]:
        """The slots of a branch in order. Those below a gap were made by writers that stalled
        while a vacuum deleted slots: they are no commits, and go.

        Raises:
            MalformedObjectError: slots are missing that no vacuum deleted.
        """
        sequences = sorted(slots.infos)
        for k in range(len(sequences) - 1, 0, -1):
            if sequences[k - 1] + 1 < sequences[k]:
                if sequences[k] - 1 > self._before.expired.get(branch, 0):
                    raise MalformedObjectError(
                        f"{slot_key(branch, sequences[k] - 1)} is missing: nothing is deleted from "
                        "a damaged repository.",
                        hint="verify() tells what else is.",
                    )
                if not self._announced:
                    slots.through = sequences[k - 1]
                return sequences[k:]
        return sequences

    def _read(self, branch: int, sequence: int) -> SlotHead:
        head = self._objects.read_slot(branch, sequence)
        if head is None:
            raise MalformedObjectError(
                f"{slot_key(branch, sequence)} was listed but is gone; another vacuum may be "
                "running.",
                hint="Run it again.",
            )
        return head

    def _may_expire(self, slots: _Branch, head: SlotHead) -> bool:
        """Automatic, nobody's target, not the head nor the slot before it for the whole grace.

        Also what an earlier vacuum has announced: some of what it needs may be gone already.
        """
        branch, sequence, _ = head.header.commit_id
        if (branch, sequence) in self._targets:
            return False
        if sequence <= self._before.expired.get(branch, 0):
            return True
        since = (slots.infos.get(s) for s in (sequence, sequence + 1, sequence + 2))
        old = all(info is not None and info.modified_s <= self._cutoff_s for info in since)
        return old and head.header.automatic

    def _pull_back(self) -> None:
        """Keep expiring slots that something retained needs, and all after them, with what they
        need themselves, until nothing more is needed.
        """
        while True:
            needed: dict[int, int] = {}
            for places in (self._targets, self._reach.slots, self._reach.parents):
                for branch, sequence in places:
                    slots = self._branches.get(branch)
                    if slots is not None and sequence <= slots.through and sequence in slots.infos:
                        needed[branch] = min(sequence, needed.get(branch, sequence))
            if not needed:
                return
            for branch, first in needed.items():
                slots = self._branches[branch]
                kept = [sequence for sequence in slots.expiring() if sequence >= first]
                slots.through = first - 1
                for sequence in kept:
                    self._reach.add(self._read(branch, sequence))

    def _list_packs(self) -> None:
        """Sort the packs there are into kept, young and garbage."""
        self._garbage = {}
        kept, young, kept_bytes, young_bytes = 0, 0, 0, 0
        for info in self._objects.store.list("packs/"):
            pack = pack_of_key(info.key)
            if pack is None:
                continue  # not ours
            if pack in self._reach.packs:
                kept, kept_bytes = kept + 1, kept_bytes + info.size_bytes
            elif info.modified_s > self._cutoff_s:
                young, young_bytes = young + 1, young_bytes + info.size_bytes
            else:
                self._garbage[info.key] = info.size_bytes
        self._kept, self._young = Freed(kept, kept_bytes), Freed(young, young_bytes)

    def swept(self) -> Swept:
        """What goes, and what stays."""
        slots = [
            branch.infos[sequence].size_bytes
            for branch in self._branches.values()
            for sequence in branch.expiring()
        ]
        notes = [*self._dead_pins.values(), *list(self._old_plans.values())[1:]]
        return Swept(
            Freed(len(self._garbage), sum(self._garbage.values())),
            Freed(len(slots), sum(slots)),
            Freed(len(notes), sum(notes)),
            self._kept,
            self._young,
        )

    # --- deleting ---------------------------------------------------------------------------

    def announce(self) -> None:
        """Say durably what may be gone from now on."""
        expired = {branch: slots.through for branch, slots in self._branches.items()}
        ours = Plan(int(self._cutoff_s * 1e6), {b: last for b, last in expired.items() if last})
        plans.write_plan(self._objects, plans.union([self._before, ours]))
        self._announced = True

    def delete(self) -> None:
        """Slots of each branch, oldest first, one after another; then packs; then notes."""
        objects, deleted = self._objects, 0
        for branch, slots in sorted(self._branches.items()):
            expiring = slots.expiring()
            for name in self._names if expiring else ():
                if name.branch_id == branch:  # so that no hint names a slot that goes
                    write_hint(objects, name.name, branch, max(slots.infos))
            for sequence in expiring:
                objects.store.delete([slot_key(branch, sequence)])
                deleted += 1
                self._progress("commits deleted", 1, 0)
        garbage = sorted(self._garbage)
        for several in _batches(garbage):
            objects.store.delete(several)
            self._progress("packs deleted", len(several), len(garbage))
        objects.store.delete([*self._dead_pins, *self._old_plans])


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _DELETE_TOGETHER):
        yield keys[start : start + _DELETE_TOGETHER]
