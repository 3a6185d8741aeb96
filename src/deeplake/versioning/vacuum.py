"""Deleting what no retained commit needs: packs, automatic commits, old plans and pins.

In this order, each step safe to be cut off by a crash: find out what is unused, announce it in a
plan, look again at all that may have come up meanwhile, delete slots, the oldest of each branch
first, then packs. A crash leaves garbage or a plan, never a hole that none announced. See SPEC
"Vacuum".
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from deeplake import settings
from deeplake.errors import MalformedObjectError
from deeplake.format.keys import pack_of_key, slot_key, slot_of_key
from deeplake.versioning import condensed, plans, refs
from deeplake.versioning.head import write_hint
from deeplake.versioning.pending import find_pending
from deeplake.versioning.plans import PINS, PLANS, Plan
from deeplake.versioning.reach import Reach
from deeplake.versioning.saved import list_views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from deeplake.format.keys import CommitId
    from deeplake.format.slot import SlotHead
    from deeplake.storage.store import ObjectInfo
    from deeplake.versioning.objects import Objects

    Progress = Callable[[str, int, int], None]
    """Told (what was done, how many more of it, of how many in all; 0 if unknown)."""

    Condense = Callable[[Objects, dict[int, tuple[int, list[int]]]], int]
    """Given (branch -> its newest slot and older ones that stay), makes stand-ins for some of
    these; returns how many."""

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
    objects: Objects,
    grace_s: float,
    *,
    dry_run: bool,
    no_writers: bool,
    progress: Progress,
    condense: Condense,
) -> Swept:
    """Delete what is unused and older than the grace.

    Args:
        grace_s: how old; at least `settings.GRACE_S_MIN`, unless nobody writes.
        dry_run: delete nothing, only find out.
        condense: makes stand-ins, each of which counts for vacuums once it is as old as the grace.
        no_writers: the caller knows that no process writes to the repository; pins then do not
            count, since nobody is there to need them.

    Raises:
        DamageError, StoreError: at the first object that cannot be read or deleted.
    """
    run = _Run(objects, grace_s, no_writers=no_writers, progress=progress)
    run.look()
    if not dry_run and condense(objects, run.staying()):
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


class _StandIn(NamedTuple):
    """What may be read in place of a commit's own tree, and whether that may go."""

    stand_in: condensed.StandIn
    since_s: float
    counts: bool


class _Branch:
    """The slots of one branch, as they were listed last."""

    __slots__ = ("expiring", "infos", "joints", "marked")

    def __init__(self) -> None:
        self.infos: dict[int, ObjectInfo] = {}
        self.marked = 0
        """Slots up to this one are marked, but for those that expire."""
        self.expiring: set[int] = set()
        self.joints: set[int] = set()
        """Those that expire only if all slots before them do: they have no parent."""

    def runs(self) -> list[tuple[int, int]]:
        """The expiring slots, as (first, last)."""
        found: list[tuple[int, int]] = []
        for sequence in sorted(self.expiring):
            if found and found[-1][1] == sequence - 1:
                found[-1] = found[-1][0], sequence
            else:
                found.append((sequence, sequence))
        return found


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
        self._before = plans.NOTHING
        self._announced = False
        self._pinned_s: dict[tuple[int, int], float] = {}
        """Slot -> when the first pin of it was written."""
        self._stand_ins: dict[tuple[int, int], list[_StandIn]] = {}
        self._versions: set[str] = set()
        """Keys of the stand-ins that were read."""
        self._borne: set[tuple[int, int]] = set()
        """Slots that stay only because others lie in them, or after one that does."""

    # --- looking ----------------------------------------------------------------------------

    def look(self) -> None:
        """Find out what is unused. Pins are read first, then names, then slots, then packs: who
        takes something off one of these lists has put it on the next one before.
        """
        if not self._announced:
            self._old_plans = {i.key: i.size_bytes for i in plans.listed(self._objects, PLANS)}
            self._before = plans.read_plan(self._objects)
        self._read_pins()
        self._read_stand_ins()
        self._names = refs.list_branches(self._objects)
        named = [branch.base for branch in self._names if branch.base is not None]
        named += [tag.commit_id for tag in refs.list_tags(self._objects)]
        named += [view.commit_id for view in list_views(self._objects)]
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
            for commit in pin.commits:
                self._targets.add(commit[:2])
                since = self._pinned_s.get(commit[:2], info.modified_s)
                self._pinned_s[commit[:2]] = min(since, info.modified_s)
            self._reach.add_packs(pin.packs)

    def _read_stand_ins(self) -> None:
        """Of each object, its newest version as old as the grace, and all younger ones."""
        together: dict[tuple[int, int], list[condensed.Listed]] = {}
        for one in condensed.listed(self._objects):
            together.setdefault((one.branch, one.place), []).append(one)
        for versions in together.values():
            old = [k for k, one in enumerate(versions) if one.info.modified_s <= self._cutoff_s]
            for one in versions[max(old, default=0) :]:
                if one.info.key not in self._versions:
                    self._versions.add(one.info.key)
                    self._read_version(one)

    def _read_version(self, one: condensed.Listed) -> None:
        raw, since_s = self._objects.get_or_none(one.info.key), one.info.modified_s
        if raw is None:
            return  # the whole repository is being deleted
        for sequence, found in condensed.decode(raw, one.info.key).items():
            place = one.branch, sequence
            counts = since_s <= self._cutoff_s and not self._announced
            self._stand_ins.setdefault(place, []).append(_StandIn(found, since_s, counts))
            if self._announced and place[1] <= self._marked_to(one.branch):
                head = self._objects.read_slot(*place)
                if head is not None:
                    self._reach.add(condensed.standing_in(head, found))

    def _marked_to(self, branch: int) -> int:
        slots = self._branches.get(branch)
        return 0 if slots is None else slots.marked

    def _add(self, head: SlotHead) -> None:
        """Mark what a commit needs: as it was written, unless a stand-in counts in its place and
        nobody pinned it before there was one; and as each of its stand-ins has it.
        """
        place = head.header.commit_id[:2]
        pinned_s = self._pinned_s.get(place, float("inf"))
        own = True
        for found in self._stand_ins.get(place, ()):
            if found.stand_in.commit_id == head.header.commit_id:
                own = own and not (found.counts and pinned_s > found.since_s)
                self._reach.add(condensed.standing_in(head, found.stand_in))
        if own:
            self._reach.add(head)
        else:
            self._reach.add_parents(head)

    def staying(self) -> dict[int, tuple[int, list[int]]]:
        """Branch -> its newest slot, and older ones that stay for what they are."""
        borne = self._borne - self._targets - self._reach.parents.keys()
        found = {}
        for branch, slots in self._branches.items():
            newest = max(slots.infos)
            kept = slots.infos.keys() - slots.expiring - {newest}
            found[branch] = newest, sorted(s for s in kept if (branch, s) not in borne)
        return found

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
        listed = sorted(slots.infos)
        self._refuse_missing(branch, listed)
        oldest = not self._announced  # what was not announced must not go
        young = self._young_from(slots, listed)
        sequences = [s for s in listed if s > slots.marked]
        for start in range(0, len(sequences), _READ_TOGETHER):
            several = sequences[start : start + _READ_TOGETHER]
            heads = self._objects.parallel(lambda s: self._read(branch, s), several)
            for sequence, head in zip(several, heads, strict=True):
                joint = not (_follows(head) or self._before.covers((branch, sequence)))
                tied = joint and bool(head.header.parents)  # a fork, a reset, a merge
                if (oldest or not joint) and not tied and self._may_expire(head, sequence >= young):
                    slots.expiring.add(sequence)
                    slots.joints.update([sequence] if joint else ())
                else:
                    if not head.header.automatic:
                        self._keep_before(branch, slots, sequence)
                    oldest = False
                    self._add(head)
            self._progress("commits read", len(several), 0)
        slots.marked = max(slots.marked, *sequences, 0)

    def _refuse_missing(self, branch: int, listed: list[int]) -> None:
        """Slots are gap-free, but for those that have expired.

        Raises:
            MalformedObjectError: slots are missing that no vacuum deleted.
        """
        for before, after in pairwise(listed):
            if before + 1 == after or self._before.kept_before(branch, after - 1) <= before:
                continue
            self._before = plans.union([self._before, plans.read_plan(self._objects)])
            missing = self._before.kept_before(branch, after - 1)
            if missing > before:  # and no other vacuum deleted them just now
                raise MalformedObjectError(
                    f"{slot_key(branch, missing)} is missing: nothing is deleted from a damaged "
                    "repository.",
                    hint="verify() tells what else is.",
                )

    def _young_from(self, slots: _Branch, listed: list[int]) -> int:
        """Slots from this one on are too young, or were the head within the grace."""
        ages = (k for k, s in enumerate(listed) if slots.infos[s].modified_s > self._cutoff_s)
        return listed[max(0, next(ages, len(listed)) - 1)]

    def _read(self, branch: int, sequence: int) -> SlotHead:
        head = self._objects.read_slot(branch, sequence)
        if head is None:
            raise MalformedObjectError(
                f"{slot_key(branch, sequence)} was listed but is gone; another vacuum may be "
                "running.",
                hint="Run it again.",
            )
        return head

    def _may_expire(self, head: SlotHead, young: bool) -> bool:
        """Automatic, nobody's target, and not the head for the whole grace.

        Also what an earlier vacuum has announced: some of what it needs may be gone already.
        """
        place = head.header.commit_id[:2]
        if self._announced or place in self._targets:
            return False
        return self._before.covers(place) or (head.header.automatic and not young)

    def _pull_back(self) -> None:
        """Keep expiring slots that something retained needs, with what they need themselves, until
        nothing more is needed and plans stay of bounded size.
        """
        asked: set[tuple[int, int]] = set()
        while True:
            named = self._targets | self._reach.parents.keys()
            needed = named | self._reach.slots.keys()
            fresh, asked = needed - asked, needed
            for branch, sequence in sorted(fresh):
                slots = self._branches.get(branch)
                if slots is not None and sequence in slots.expiring:
                    before = set(slots.expiring)
                    self._keep(branch, slots, [sequence])
                    if (branch, sequence) not in named:
                        self._borne |= {(branch, kept) for kept in before - slots.expiring}
            if fresh or self._bound():
                continue
            return

    def _keep(self, branch: int, slots: _Branch, sequences: Iterable[int]) -> None:
        """Keep slots that were to expire, and the joints after them."""
        kept = slots.expiring.intersection(sequences)
        if not kept:
            return
        oldest = min(kept)
        kept |= {joint for joint in slots.joints if joint > oldest}
        slots.joints -= kept
        slots.expiring -= kept
        for sequence in sorted(kept):
            self._add(self._read(branch, sequence))

    def _keep_before(self, branch: int, slots: _Branch, sequence: int) -> None:
        """Keep the parent of what a user committed: reverting that takes both."""
        if not self._before.covers((branch, sequence - 1)):
            self._keep(branch, slots, [sequence - 1])

    def _bound(self) -> bool:
        """Keep the shortest runs of a branch that has more than a plan may name; whether any."""
        if self._announced:
            return False
        kept, gaps = False, plans.union([self._before, self._plan()]).gaps
        for branch, slots in self._branches.items():
            runs = sorted(slots.runs(), key=lambda run: run[1] - run[0])
            for first, last in runs[: max(0, len(gaps.get(branch, ())) - settings.GAPS_MAX)]:
                self._keep(branch, slots, range(first, last + 1))
                kept = True
        return kept

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
            for sequence in branch.expiring
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
        plans.write_plan(self._objects, plans.union([self._before, self._plan()]))
        self._announced = True

    def _plan(self) -> Plan:
        """What this vacuum would delete."""
        covered = {branch: slots.runs() for branch, slots in self._branches.items()}
        return plans.plan_of(int(self._cutoff_s * 1e6), covered)

    def delete(self) -> None:
        """Slots of each branch, oldest first, one after another; then packs; then notes."""
        objects, deleted = self._objects, 0
        for branch, slots in sorted(self._branches.items()):
            expiring = sorted(slots.expiring)
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


def _follows(head: SlotHead) -> bool:
    """Whether a slot's only parent is the slot before it on its branch."""
    branch, sequence, _ = head.header.commit_id
    return [parent[:2] for parent in head.header.parents] == [(branch, sequence - 1)]


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _DELETE_TOGETHER):
        yield keys[start : start + _DELETE_TOGETHER]
