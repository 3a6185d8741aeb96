"""Common ancestors, in one or two reads per merge, reset or fork on the way: not one per commit.

A header says since when its branch is a plain chain, so history is a graph of *runs*: slots `low`
to `high` of a branch, of which only the lowest has parents elsewhere. As git does, both sides paint
their ancestors downwards in order of time until nothing is left that only one of them has. A run is
painted as a whole, from the slot that was reached down to `low`. What lies below a common ancestor
is painted stale: a common ancestor too, but no best one.

Slots that have expired are painted like others. A best common ancestor that has expired gives way
to the newest one kept before it: what both sides have done since, they have with equal versions.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from deeplake.errors import RefNotFoundError
from deeplake.versioning.condensed import FEATURE, as_condensed, is_old, read_condensed
from deeplake.versioning.history import Bridge
from deeplake.versioning.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from deeplake.format.keys import CommitId
    from deeplake.format.slot import CommitHeader, SlotHead
    from deeplake.versioning.objects import Objects

_OURS, _THEIRS, _STALE = 1, 2, 4
_COMMON = _OURS | _THEIRS
_SEEN_MAX = 16
"""Slots that are kept as they were read: an old history is longer than memory should be."""

_AT_ONCE = 2
"""Runs followed at a time: as a rule the newest of each side, whose reads do not wait in turn."""


def merge_bases(
    objects: Objects, a: Snapshot, b: Snapshot, *, newest: bool = False
) -> list[Snapshot]:
    """The best common ancestors of two commits, newest first; none if they are unrelated.

    Best: no other common ancestor has them in its history. A commit is an ancestor of itself.

    Args:
        newest: whether `a` was the newest of its branch when it was read.
    """
    if a.header is None or b.header is None:
        return []
    painting = _Painting(objects)
    painting.reach(a.header, _OURS)
    painting.reach(b.header, _THEIRS)
    while painting.undecided():
        painting.follow()
    at_hand = {s.header.commit_id[:2]: s.head for s in (a, b) if s.header is not None}
    places = painting.shared()

    def opened(place: tuple[int, int]) -> SlotHead | None:
        read = painting.slot if newest and _has_none(a, place) else painting.opened
        return at_hand.get(place) or read(*place)

    slots = objects.parallel(opened, places)
    found = [Snapshot(objects, slot) for slot in slots if slot is not None]
    found.sort(key=_time, reverse=True)
    best: list[Snapshot] = []
    for base in found:  # one that is an ancestor of another is the older of the two
        if not best or not _is_below(objects, base.header, best):
            best.append(base)
    return best


def _has_none(newest: Snapshot, place: tuple[int, int]) -> bool:
    """Whether a commit surely has no stand-in, so that none need be asked for: it is on a chain of
    slots whose newest does not require what it would take to make one.
    """
    header = newest.header
    if header is None or header.commit_id.branch != place[0] or is_old(newest):
        return False
    return header.linear <= place[1] and FEATURE not in header.requires


def is_ancestor(objects: Objects, a: CommitId, of: Snapshot) -> bool:
    """Whether `a` is in the history of a commit, or that commit itself."""
    return is_ancestor_of_any(objects, a, [of])


def is_ancestor_of_any(objects: Objects, a: CommitId, heads: Sequence[Snapshot]) -> bool:
    """Whether `a` is in the history of any of these commits."""
    slot = objects.read_slot(a.branch, a.sequence)
    if slot is None or slot.header.commit_id != a:
        return False
    return _is_below(objects, slot.header, heads)


def _is_below(objects: Objects, target: CommitHeader | None, heads: Sequence[Snapshot]) -> bool:
    assert target is not None
    painting = _Painting(objects)
    for head in heads:
        if head.header is not None and head.header.time_us >= target.time_us:
            painting.reach(head.header, _OURS)
    while not painting.has(target.commit_id):
        if not painting.pending:
            return False
        painting.follow(since_us=target.time_us)
    return True


def _replaced(slot: SlotHead, wanted: CommitId) -> bool:
    """Whether a commit's slot holds another one."""
    return slot.header.commit_id[:2] == wanted[:2] and slot.header.commit_id != wanted


def _time(snapshot: Snapshot) -> int:
    return 0 if snapshot.header is None else snapshot.header.time_us


class _Run:
    """Slots `low` to `high` of a branch, each but `low` with the one before it as only parent."""

    __slots__ = ("branch", "high", "low", "parents", "queued", "spread", "time_us", "tops")

    def __init__(self, branch: int, low: int) -> None:
        self.branch, self.low, self.high = branch, low, low
        self.time_us = 1 << 63
        """Of the lowest slot that was read: no parent of `low` is as new."""
        self.parents: tuple[CommitId, ...] | None = None
        """Those of `low`; None until it was read."""
        self.tops = {_OURS: 0, _THEIRS: 0, _STALE: 0}
        """Colour -> highest slot that has it; all below have it too."""
        self.spread = 0
        """Colours that the parents were given."""
        self.queued = False

    def read(self, header: CommitHeader) -> None:
        """Learn from one of the run's headers."""
        self.high = max(self.high, header.commit_id.sequence)
        self.time_us = min(self.time_us, header.time_us)
        if header.commit_id.sequence == self.low:
            self.parents = header.parents

    @property
    def colours(self) -> int:
        """Colours of the slot `low`, as its parents get them."""
        found = sum(colour for colour, top in self.tops.items() if top)
        return found | _STALE if found & _COMMON == _COMMON else found


class _Painting:
    """Which ancestors have which colour, as far as they were followed."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.pending: list[tuple[int, int, int]] = []
        """A heap of runs whose parents lack colours: (-time, branch, low), newest first."""
        self._bridge = Bridge(objects)
        self._runs: dict[int, dict[int, _Run]] = {}
        self._lows: dict[int, list[int]] = {}
        self._seen: dict[tuple[int, int], SlotHead] = {}
        """Slots that were read last: a base is often among them."""

    def reach(self, header: CommitHeader, colours: int) -> None:
        """Paint a commit, and with it the slots of its run below."""
        branch, sequence, _ = header.commit_id
        runs = self._runs.setdefault(branch, {})
        run = runs.get(header.linear)
        if run is None:
            run = runs[header.linear] = _Run(branch, header.linear)
            insort(self._lows.setdefault(branch, []), header.linear)
        run.read(header)
        self._paint(run, sequence, colours)

    def _paint(self, run: _Run, sequence: int, colours: int) -> None:
        for colour, top in run.tops.items():
            if colours & colour and top < sequence:
                run.tops[colour] = sequence
        self._queue(run)

    def _queue(self, run: _Run) -> None:
        if run.colours & ~run.spread and not run.queued:
            run.queued = True
            heappush(self.pending, (-run.time_us, run.branch, run.low))

    def follow(self, since_us: int = 0) -> None:
        """Paint the parents of the newest runs, or read what these are. Runs that begin no later
        than `since_us` are given up.
        """
        runs: list[_Run] = []
        while self.pending and len(runs) < _AT_ONCE:
            minus_time, branch, low = heappop(self.pending)
            run = self._runs[branch][low]
            run.queued = False
            if -minus_time > since_us:
                runs.append(run)
        unread = [run for run in runs if run.parents is None]
        if unread:  # then they queue again: their parents may be older than all that is left
            slots = self._read((run.branch, run.low) for run in unread)
            for run, slot in zip(unread, slots, strict=True):
                if slot is None:
                    run.parents = ()  # expired: history begins after it
                else:
                    run.read(slot.header)
        elif runs and all(self._run_of(parent) for parent in runs[0].parents or ()):
            self._follow(runs[:1])  # without a read, and it may settle the others
        else:
            self._follow(runs)
        for run in runs:
            self._queue(run)

    def _follow(self, runs: list[_Run]) -> None:
        steps = [(p, run.colours & ~run.spread) for run in runs for p in run.parents or ()]
        for run in runs:
            run.spread = run.colours
        unknown = list({parent: None for parent, _ in steps if self._run_of(parent) is None})
        read = self.objects.parallel(self._commit, unknown)
        slots = dict(zip(unknown, read, strict=True))
        for parent, colours in steps:
            known, slot = self._run_of(parent), slots.get(parent)
            if slot is not None and _replaced(slot, parent) and self._bridge.expired(parent):
                slot = self._bridge.read(parent)
            if slot is not None:
                if _replaced(slot, parent):
                    url = self.objects.store.url
                    raise RefNotFoundError(f"there is no commit {parent} in {url}.")
                self.reach(slot.header, colours)
            elif known is not None:
                self._paint(known, parent.sequence, colours)

    def _read(self, places: Iterable[tuple[int, int]]) -> list[SlotHead | None]:
        def read(place: tuple[int, int]) -> SlotHead | None:
            return self.objects.recalled_slot(*place) or self.objects.read_slot(*place)

        return self.objects.parallel(read, list(places))

    def _commit(self, commit: CommitId) -> SlotHead | None:
        """The slot of a commit, from memory if it is there."""
        found = self.objects.recalled_slot(*commit[:2])
        known = found is not None and found.header.commit_id == commit
        return found if known else self.slot(*commit[:2])

    def slot(self, branch: int, sequence: int) -> SlotHead | None:
        """A slot; if it has expired, the newest one kept before it, which is of the same run, or
        the one that this run was built upon.
        """
        found = self._seen.get((branch, sequence))
        found = found or self.objects.read_slot_again(branch, sequence)
        if found is None:
            return self._bridge.read((branch, sequence))
        if len(self._seen) >= _SEEN_MAX:
            self._seen.pop(next(iter(self._seen)), None)
        self._seen[branch, sequence] = found
        return found

    def opened(self, branch: int, sequence: int) -> SlotHead | None:
        """The same, to be read."""
        seen = self._seen.get((branch, sequence))
        if seen is not None:
            return as_condensed(self.objects, seen)
        found = read_condensed(self.objects, branch, sequence)
        if found is None:
            found = self._bridge.read((branch, sequence))
            found = None if found is None else as_condensed(self.objects, found)
        return found

    def _run_of(self, commit: CommitId) -> _Run | None:
        """The run that a commit lies in, if that is known without reading it."""
        lows = self._lows.get(commit.branch, [])
        at = bisect_right(lows, commit.sequence)
        run = self._runs[commit.branch][lows[at - 1]] if at else None
        return run if run is not None and commit.sequence <= run.high else None

    def has(self, commit: CommitId) -> bool:
        """Whether a commit was painted."""
        run = self._run_of(commit)
        return run is not None and run.tops[_OURS] >= commit.sequence

    def undecided(self) -> bool:
        """Whether something is left to follow that only one side has."""
        colours = (self._runs[branch][low].colours for _, branch, low in self.pending)
        return any(found & _COMMON != _COMMON for found in colours)

    def shared(self) -> list[tuple[int, int]]:
        """(branch, sequence) of the newest common slot of each run that is not stale."""
        found = []
        for branch, runs in self._runs.items():
            for run in runs.values():
                newest = min(run.tops[_OURS], run.tops[_THEIRS])
                if newest > run.tops[_STALE]:
                    found.append((branch, newest))
        return found
