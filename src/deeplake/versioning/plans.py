"""What vacuums announce before they delete, and what writers announce before they rely on it.

Neither waits for the other. A vacuum creates a *plan*, then looks at pins, names and slots, then
deletes. A writer creates its *pin* (or name), then looks at plans, then goes on. Whichever comes
second sees the other: the vacuum keeps what is pinned, or the writer gives up. SPEC "Vacuum".
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deeplake.errors import (
    CommitConflictError,
    CommitUnknownError,
    MalformedObjectError,
    ObjectExistsError,
    ObjectNotFoundError,
    RefNotFoundError,
    StoreError,
)
from deeplake.format.keys import CommitId, expired_key, pack_key, parse_commit_id
from deeplake.format.sealed import seal, unseal
from deeplake.types.named import NamedTuple
from deeplake.versioning.condensed import is_old, refuse_replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from deeplake.storage.store import ObjectInfo
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.snapshot import Snapshot

    Place = tuple[int, int]
    """A slot: branch and sequence."""

    Gap = tuple[int, int]
    """Slots of a branch, from the first to the last one."""

PLANS, PINS = "gc/", "refs/pins/"
_NAME = "[0-9a-f]{32}"
_OLDEST_AMONG = 8
"""Packs are stored four at a time, so the one stored first is among the first few."""


class Plan(NamedTuple):
    """What a vacuum may have deleted: packs in no commit stored at `cutoff_us` or before, by the
    store's clock, the slots of each branch up to a sequence, and runs of slots after that.
    """

    cutoff_us: int
    expired: dict[int, int]
    gaps: dict[int, tuple[Gap, ...]]
    """Branch -> (first, last) of each run, in order, kept slots between any two of them and the
    expired ones before the first."""

    def covers(self, place: Place | CommitId) -> bool:
        """Whether a slot may be gone."""
        branch, sequence = place[:2]
        if sequence <= self.expired.get(branch, 0):
            return True
        gaps = self.gaps.get(branch, ())
        at = bisect_right(gaps, sequence, key=_first) - 1
        return at >= 0 and sequence <= gaps[at][1]

    def kept_before(self, branch: int, sequence: int) -> int:
        """The newest slot of a branch up to a sequence that is kept; 0 if there is none."""
        if sequence <= self.expired.get(branch, 0):
            return 0
        gaps = self.gaps.get(branch, ())
        at = bisect_right(gaps, sequence, key=_first) - 1
        return gaps[at][0] - 1 if at >= 0 and sequence <= gaps[at][1] else sequence

    def last(self, branch: int) -> int:
        """The newest slot of a branch that may be gone; 0 if there is none. Newer ones there are
        gap-free.
        """
        gaps = self.gaps.get(branch)
        return gaps[-1][1] if gaps else self.expired.get(branch, 0)


def _first(gap: Gap) -> int:
    return gap[0]


NOTHING = Plan(0, {}, {})
"""Nothing was ever deleted."""


class Pin(NamedTuple):
    """Commits and packs that somebody is about to refer to."""

    commits: tuple[CommitId, ...]
    packs: tuple[bytes, ...]


def read_plan(objects: Objects) -> Plan:
    """All plans as one: what may be gone."""
    keys = [info.key for info in listed(objects, PLANS)]
    raws = objects.parallel(objects.get_or_none, keys)
    found = [_plan(raw, key) for raw, key in zip(raws, keys, strict=True) if raw is not None]
    return union(found)


def union(plans: Iterable[Plan]) -> Plan:
    """What any of these plans may have deleted."""
    cutoff_us = 0
    covered: dict[int, list[Gap]] = {}
    for plan in plans:
        cutoff_us = max(cutoff_us, plan.cutoff_us)
        for branch, sequence in plan.expired.items():
            covered.setdefault(branch, []).append((1, sequence))
        for branch, gaps in plan.gaps.items():
            covered.setdefault(branch, []).extend(gaps)
    return plan_of(cutoff_us, covered)


def plan_of(cutoff_us: int, covered: dict[int, list[Gap]]) -> Plan:
    """A plan of runs of slots, in any order; one that begins with slot 1 is what expired."""
    expired: dict[int, int] = {}
    gaps: dict[int, tuple[Gap, ...]] = {}
    for branch, several in covered.items():
        runs: list[Gap] = []
        for first, last in sorted(several):
            if runs and first <= runs[-1][1] + 1:
                runs[-1] = runs[-1][0], max(last, runs[-1][1])
            elif first <= last:
                runs.append((first, last))
        if runs and runs[0][0] == 1:
            expired[branch] = runs.pop(0)[1]
        if runs:
            gaps[branch] = tuple(runs)
    return Plan(cutoff_us, expired, gaps)


def write_plan(objects: Objects, plan: Plan) -> str:
    """Announce a plan durably; returns its key."""
    for branch in plan.expired.keys() | plan.gaps.keys():
        try:
            objects.store.create(expired_key(branch), [seal({"branch": branch})])
        except ObjectExistsError:
            continue
    key = f"{PLANS}{os.urandom(16).hex()}"
    expired = {f"{branch:x}": sequence for branch, sequence in sorted(plan.expired.items())}
    document: dict[str, object] = {"cutoff": plan.cutoff_us, "expired": expired}
    if plan.gaps:
        document["gaps"] = {f"{branch:x}": gaps for branch, gaps in sorted(plan.gaps.items())}
    objects.store.create(key, [seal(document)])
    return key


def _plan(raw: bytes, key: str) -> Plan:
    document = unseal(raw, key)
    cutoff_us, expired = document.get("cutoff"), document.get("expired")
    if not isinstance(cutoff_us, int) or not isinstance(expired, dict):
        raise MalformedObjectError(f"the plan {key} is malformed.")
    covered = {}
    try:
        for branch, last in expired.items():
            covered[int(branch, 16)] = [(1, int(last))]
        for branch, gaps in document.get("gaps", {}).items():
            covered.setdefault(int(branch, 16), []).extend(
                (int(first), int(last)) for first, last in gaps
            )
        return plan_of(cutoff_us, covered)
    except (AttributeError, TypeError, ValueError) as error:
        raise MalformedObjectError(f"the plan {key} is malformed: {error}") from error


# --- pins -----------------------------------------------------------------------------------


def write_pin(objects: Objects, pin: Pin) -> str:
    """Announce a pin; returns its key. It counts for `settings.PIN_S_MAX`."""
    key = f"{PINS}{os.urandom(16).hex()}"
    document = {
        "commits": [str(commit) for commit in pin.commits],
        "packs": [pack.hex() for pack in pin.packs],
        "nonce": key[len(PINS) :],
    }
    objects.store.create(key, [seal(document)])
    return key


def read_pin(objects: Objects, key: str) -> Pin:
    """A pin; an empty one if it was removed meanwhile."""
    raw = objects.get_or_none(key)
    if raw is None:
        return Pin((), ())
    document = unseal(raw, key)
    try:
        return Pin(
            tuple(parse_commit_id(commit) for commit in document["commits"]),
            tuple(bytes.fromhex(pack) for pack in document["packs"]),
        )
    except (KeyError, TypeError, ValueError, RefNotFoundError) as error:
        raise MalformedObjectError(f"the pin {key} is malformed: {error!r}") from error


def pin_packs(objects: Objects, packs: Sequence[bytes]) -> str:
    """Announce a commit of packs that were stored a while ago; returns the pin's key.

    Raises:
        CommitConflictError: a vacuum may have deleted them.
    """
    key = write_pin(objects, Pin((), tuple(packs)))
    cutoff_us = read_plan(objects).cutoff_us
    if not cutoff_us:
        return key
    stored = objects.parallel(lambda pack: _stored_us(objects, pack), packs[:_OLDEST_AMONG])
    if min(stored, default=cutoff_us + 1) > cutoff_us:
        return key
    unpin(objects, key)
    raise CommitConflictError(
        "a vacuum ran while this transaction was open, and what it had stored by then may be gone.",
        hint="Roll back and stage the rows again; commit long ingests in parts.",
    )


def _stored_us(objects: Objects, pack: bytes) -> int:
    """When a pack was stored, by the store's clock; 0 if it is gone."""
    key = pack_key(pack)
    found = [info.modified_s for info in objects.store.list(key) if info.key == key]
    return int(found[0] * 1e6) if found else 0


class Kept:
    """Commits whose rows another commit is about to take over: vacuums keep what they refer to."""

    def __init__(self, objects: Objects, sources: Sequence[Snapshot]) -> None:
        self._objects = objects
        self._sources = sources
        self._held: set[CommitId] = set()
        self._keys: list[str] = []

    def announce(self) -> None:
        """Pin those that may be going.

        Automatic ones may expire. Of others a stand-in may take the place, and then what they were
        read from goes; not before it is ten times as old as a source that needs no pin.

        Raises:
            RefNotFoundError: one of them is expiring.
            CommitConflictError: a stand-in has taken the place of one.
        """
        there = [s for s in self._sources if s.commit_id is not None]
        old = [s for s in there if is_old(s)]
        automatic = [s for s in there if s.header is not None and s.header.automatic]
        wanted = {s.commit_id for s in (*old, *automatic) if s.commit_id is not None}
        commits = tuple(sorted(wanted - self._held))
        if not commits:
            return
        self._keys.append(write_pin(self._objects, Pin(commits, ())))
        self._held.update(commits)
        refuse_expiring(self._objects, [s.commit_id for s in automatic if s.commit_id in commits])
        for source in old:
            if source.commit_id in commits:
                refuse_replaced(self._objects, source)

    def release(self) -> None:
        """The pins are needed no more."""
        for key in self._keys:
            unpin(self._objects, key)


@contextmanager
def kept(objects: Objects, sources: Iterable[Snapshot]) -> Iterator[Kept]:
    """Keep commits whose rows another commit is about to take over, until it has.

    Costs nothing for commits that users made and that were opened just now. Who works for long
    before publishing announces them once more.

    Raises:
        RefNotFoundError: one of them is expiring.
        CommitConflictError: a stand-in has taken the place of one.
    """
    found = Kept(objects, list(sources))
    try:
        found.announce()
        yield found
    except CommitUnknownError:
        raise  # it may land yet: a later vacuum removes the pins
    except BaseException:
        found.release()
        raise
    found.release()


def refuse_expired_slot(objects: Objects, made: CommitId) -> None:
    """Refuse to acknowledge a commit into a slot that was free only because a vacuum deleted it.

    Raises:
        CommitConflictError: it is, and was removed again.
    """
    if not read_plan(objects).covers(made):
        return
    unpin(objects, made.slot)
    raise CommitConflictError(
        "the commit that this transaction was built on has expired; nothing was published.",
        hint="Refresh the handle and apply the changes again.",
    )


def refuse_expiring(objects: Objects, commits: Iterable[CommitId]) -> None:
    """Refuse commits that a vacuum may be deleting. Whoever asks has named or pinned them first.

    Raises:
        RefNotFoundError
    """
    asked = list(commits)
    plan = read_plan(objects) if asked else NOTHING
    for commit in asked:
        if plan.covers(commit):
            raise RefNotFoundError(
                f"commit {commit} is automatic and has expired in {objects.store.url}.",
                hint="Take a later commit.",
            )


def unpin(objects: Objects, key: str) -> None:
    """Remove a pin, best effort: one that is left is removed by a later vacuum."""
    try:
        objects.store.delete([key])
    except StoreError:
        return


def listed(objects: Objects, prefix: str) -> list[ObjectInfo]:
    """The plans or pins there are; other files in the folder are not ours."""
    found = objects.store.list(prefix)
    return [info for info in found if re.fullmatch(_NAME, info.key[len(prefix) :])]


def store_clock_s(objects: Objects) -> float:
    """What time it is where the objects get theirs: that of an object written for the purpose.

    It stays, and is replaced by the next one: another vacuum's is as good.
    """
    key = f"{PLANS}clock"
    objects.store.put(key, [b"tick\n"], durable=False)
    found = [info.modified_s for info in objects.store.list(key) if info.key == key]
    if not found:
        raise ObjectNotFoundError(
            f"{objects.store.url} does not list what was just stored in it, so nothing in it can "
            "be known to be unused.",
            hint="Vacuum needs a store whose listings are consistent.",
        )
    return found[0]
