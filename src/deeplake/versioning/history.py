"""Commits as users see them, ancestry, and names turned into commits. Reads headers only."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from deeplake.errors import MalformedObjectError, RefNotFoundError, did_you_mean
from deeplake.format.keys import (
    CommitId,
    commit_id_of,
    hint_key,
    may_be_name,
    name_key,
    tag_key,
)
from deeplake.loading import later
from deeplake.types.named import NamedTuple
from deeplake.versioning import refs
from deeplake.versioning.head import find_head, find_head_or, read_hint
from deeplake.versioning.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deeplake.format.slot import CommitHeader, SlotHead
    from deeplake.versioning import condensed
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.plans import Plan
    from deeplake.versioning.refs import Branch
else:
    condensed = later("deeplake.versioning.condensed")

_READ_AHEAD = 16
"""Most slots of one branch read at once when walking back on an object store."""


class Commit(NamedTuple):
    """One commit. `time` is UTC; `parents` are commit ids, none for the first one."""

    id: str
    message: str
    author: str
    time: datetime
    parents: tuple[str, ...]
    automatic: bool
    added: dict[str, int]
    """Table name -> rows this commit appended."""
    changed: dict[str, dict[str, int]]
    """Table name -> cells "updated" and rows "deleted", of tables where there are any."""

    def __str__(self) -> str:
        return f"{self.id}  {self.time:%Y-%m-%d %H:%M:%SZ}  {self.author}  {self.message}"


Ref = str | datetime | Commit
"""What names a commit: a branch, tag or commit id as text, a time, a commit of `log()`."""


def to_commit(header: CommitHeader) -> Commit:
    """A header as users see it."""
    return Commit(
        str(header.commit_id),
        header.message,
        header.author,
        datetime.fromtimestamp(header.time_us / 1e6, UTC),
        tuple(str(parent) for parent in header.parents),
        header.automatic,
        {t.name: t.change["added"] for t in header.tables if t.change.get("added")},
        {t.name: found for t in header.tables if (found := _changes(t.change))},
    )


def _changes(change: dict[str, Any]) -> dict[str, int]:
    """What a commit did to rows that were there."""
    return {kind: change[kind] for kind in ("updated", "deleted") if change.get(kind)}


def branch_head(objects: Objects, branch: Branch, hint: int | None = None) -> Snapshot:
    """The newest commit of a branch."""
    if hint is None:
        hint = read_hint(objects, branch.name, branch.branch_id)
    if branch.base is None:
        return Snapshot(objects, find_head(objects, branch.branch_id, hint))
    base = partial(open_commit, objects, branch.base)
    head, found = find_head_or(objects, branch.branch_id, hint, base)
    return found or Snapshot(objects, head)


def open_commit(objects: Objects, commit_id: CommitId) -> Snapshot:
    """A commit by id: two reads at once.

    Raises:
        RefNotFoundError: its slot is free, or holds another commit.
    """
    found = condensed.read_condensed(objects, commit_id.branch, commit_id.sequence)
    if found is None or found.header.commit_id != commit_id:
        raise RefNotFoundError(f"there is no commit {commit_id} in {objects.store.url}.")
    return Snapshot(objects, found)


def walk(objects: Objects, head: SlotHead | None) -> Iterator[SlotHead]:
    """A commit and its first parents, newest first, those left out that have expired."""
    reader = _Reader(objects)
    while head is not None:
        yield head
        if not head.header.parents:
            return
        head = reader.read(head.header.parents[0], head.header)


def walk_all(
    objects: Objects,
    head: SlotHead | None,
    bridged: Callable[[CommitId, CommitId], object] | None = None,
) -> Iterator[SlotHead]:
    """A commit and all of its ancestors that have not expired, each once, newest first.

    A commit is later than each of its parents, so that in order of time no parent comes before a
    child: only commits whose children all came are waiting, as many as there are lines of history.

    Args:
        bridged: told of each parent that has expired, and the commit that stands for it.
    """
    if head is None:
        return
    from heapq import heappop, heappush

    reader = _Reader(objects)
    waiting = {head.header.commit_id: head}
    order = [(-head.header.time_us, head.header.commit_id)]
    while order:
        found = waiting.pop(heappop(order)[1])
        yield found
        for parent in found.header.parents:
            slot = None if parent in waiting else reader.read(parent, found.header)
            if slot is None:
                continue
            commit = slot.header.commit_id
            if commit != parent and bridged is not None:
                bridged(parent, commit)
            if commit not in waiting:
                waiting[commit] = slot
                heappush(order, (-slot.header.time_us, commit))


class Bridge:
    """Leads over slots in the middle of a branch that have expired.

    Each of those had the slot before it as its only parent, so that the newest one before them that
    is kept is their nearest ancestor.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._plan: Plan | None = None

    def expired(self, place: tuple[int, int] | CommitId) -> bool:
        """Whether a slot may be gone."""
        return self._read_plan().covers(place)

    def read(self, place: tuple[int, int] | CommitId) -> SlotHead | None:
        """The newest slot kept before one that is gone; None if there is none, or if no vacuum
        has said that it would go.
        """
        branch, sequence = place[:2]
        before = self._read_plan().kept_before(branch, sequence)
        return self._objects.read_slot(branch, before) if 0 < before < sequence else None

    def _read_plan(self) -> Plan:
        if self._plan is None:
            from deeplake.versioning.plans import read_plan

            self._plan = read_plan(self._objects)
        return self._plan


class _Reader:
    """Reads slots on the way back; ahead, and ever farther, on a store where that pays."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._ahead: dict[int, dict[int, SlotHead]] = {}
        """Branch -> sequence -> what was read together last."""
        self._depth: dict[int, int] = {}
        self._bridge = Bridge(objects)

    def read(self, commit: CommitId, child: CommitHeader) -> SlotHead | None:
        """A parent of `child`. If it has expired, the newest commit before it that is kept; None
        if history ends there.

        Raises:
            RefNotFoundError: its slot holds another commit.
            MalformedObjectError: it is not older than its child, so that there might be no end.
        """
        branch, sequence, _ = commit
        found = self._ahead.get(branch, {}).pop(sequence, None)
        if found is None:
            depth = self._depth[branch] = self._depth.get(branch, 0) + 1
            count = min(1 << depth >> 1, _READ_AHEAD) if self._objects.store.remote else 1
            first = max(1, sequence - count + 1)
            read = partial(self._objects.read_slot, branch)
            slots = self._objects.parallel(read, range(first, sequence + 1))
            kept = {s.header.commit_id.sequence: s for s in slots if s is not None}
            found, self._ahead[branch] = kept.pop(sequence, None), kept
        if found is None or (found.header.commit_id != commit and self._bridge.expired(commit)):
            found = self._bridge.read(commit)
            if found is None:
                return None
        elif found.header.commit_id != commit:
            raise RefNotFoundError(f"there is no commit {commit} in {self._objects.store.url}.")
        if found.header.time_us >= child.time_us:
            raise MalformedObjectError(f"commit {commit} is no older than its child.")
        return found


# --- names to commits ----------------------------------------------------------------------


def named(ref: object) -> str | datetime:
    """A ref as text or time; a commit stands for its id.

    Raises:
        RefNotFoundError: it can name no commit; the hint says what can.
    """
    if isinstance(ref, Commit):
        return ref.id
    if isinstance(ref, str | datetime) and ref:
        return ref
    hint = "Pass a branch, tag, commit, commit id or datetime."
    if isinstance(ref, date):
        hint = f"For a day pass a datetime: datetime({ref.year}, {ref.month}, {ref.day})."
    raise RefNotFoundError(f"{ref!r} names no commit.", hint=hint)


# Patterns are compiled at their first use: a cold start would pay 0.4 ms for each.
_ANCESTOR = r"(.+?)~(\d{0,9})"


def first_reads(ref: str | datetime) -> list[str]:
    """Keys that resolving `ref` begins with, for reading them together; none if it cannot be."""
    if isinstance(ref, datetime):
        ref = refs.MAIN
    name = ref.partition("~")[0]
    if not may_be_name(name.removeprefix("tag:")):
        return []
    if name.startswith("tag:"):
        return [tag_key(name.removeprefix("tag:"), n) for n in (0, 1)]
    return [name_key(name, 0), name_key(name, 1), hint_key(name)]


class Resolved(NamedTuple):
    """What a ref led to; `branch` is set only if it named a branch itself."""

    snapshot: Snapshot
    branch: Branch | None


def resolve(objects: Objects, ref: Ref) -> Resolved:
    """A branch, tag, commit or its id, any of these with '~n', or a time -> its commit.

    A name is tried as commit id, branch, tag ('tag:x' is explicit), then as the beginning of a
    commit id. A time means the last commit of 'main' not after it; a naive time is local time.

    Raises:
        RefNotFoundError: nothing of that name; the hint has the nearest.
    """
    ref = named(ref)
    if isinstance(ref, datetime):
        branch = refs.find_branch(objects, refs.MAIN)
        if branch is None:
            raise RefNotFoundError("a time needs the branch 'main', which was renamed or deleted.")
        return Resolved(at_time(objects, branch_head(objects, branch), ref), None)
    match = re.fullmatch(_ANCESTOR, ref) if "~" in ref else None
    if match is None:
        return _resolve_name(objects, ref)
    start = _resolve_name(objects, match.group(1)).snapshot
    steps = int(match.group(2) or 1)
    for back, head in enumerate(walk(objects, start.head)):
        if back == steps:
            return Resolved(Snapshot(objects, condensed.as_condensed(objects, head)), None)
    raise RefNotFoundError(f"{ref!r} goes back beyond the first commit that is kept.")


def _resolve_name(objects: Objects, name: str) -> Resolved:
    commit_id = commit_id_of(name)  # first: no branch or tag may be named like one
    if commit_id is not None:
        return Resolved(open_commit(objects, commit_id), None)
    explicit = name.removeprefix("tag:") if name.startswith("tag:") else None
    if not may_be_name(explicit or name):
        raise _no_ref(objects, name)
    if explicit is None:
        if objects.store.remote:
            objects.fetch_ahead(first_reads(name))
        branch = refs.find_branch(objects, name)
        if branch is not None:
            return Resolved(branch_head(objects, branch), branch)
    tag = refs.find_tag(objects, explicit or name)
    if tag is not None:
        return Resolved(open_commit(objects, tag.commit_id), None)
    slot = None if explicit else _shortened(objects, name)
    if slot is not None:
        return Resolved(Snapshot(objects, slot), None)
    raise _no_ref(objects, name)


_SHORT_ID = "([0-9a-f]{1,12})-([0-9a-f]{1,15})(-[0-9a-f]{0,15})?"


def _shortened(objects: Objects, text: str) -> SlotHead | None:
    """The commit whose id begins with `text`, '<branch>-<sequence>' at least: these name one slot,
    and a slot holds one commit, so one read tells.
    """
    match = re.fullmatch(_SHORT_ID, text)
    sequence = int(match.group(2), 16) if match else 0
    if match is None or not sequence:
        return None
    slot = condensed.read_condensed(objects, int(match.group(1), 16), sequence)
    if slot is None or not str(slot.header.commit_id).startswith(text):
        return None
    return slot


def _no_ref(objects: Objects, name: str) -> RefNotFoundError:
    if _is_time(name):
        return RefNotFoundError(
            f"there is no branch, tag or commit {name!r} in {objects.store.url}.",
            hint=f"For a time pass a datetime: datetime.fromisoformat({name!r}).",
        )
    names = [branch.name for branch in refs.list_branches(objects)]
    names += [tag.name for tag in refs.list_tags(objects)]
    return RefNotFoundError(
        f"there is no branch, tag or commit {name!r} in {objects.store.url}.",
        hint=did_you_mean(name, names),
    )


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def at_time(objects: Objects, head: Snapshot, moment: datetime) -> Snapshot:
    """What `head`'s branch held at a moment: its last commit not after it, or that of its base.

    Times grow along a branch, so each branch on the way back is bisected. Commits that a reset
    left behind later count: the branch did hold them then.

    Raises:
        RefNotFoundError: the history begins later, or has expired until then.
    """
    try:
        limit_us = int(moment.timestamp() * 1_000_000)
    except (OverflowError, ValueError, OSError):  # naive, and beyond what local time knows
        limit_us = 0
    current = head.head
    while current is not None:
        if current.header.time_us <= limit_us:
            newest = head.head is current
            return head if newest else Snapshot(objects, condensed.as_condensed(objects, current))
        oldest, before = _first_after(objects, current, limit_us)
        parents = oldest.header.parents
        if before is not None:
            return Snapshot(objects, condensed.as_condensed(objects, before))
        if oldest.header.commit_id.sequence > 1 or not parents:
            break
        current = objects.read_slot(*parents[0][:2])
    raise RefNotFoundError(f"the history of {objects.store.url} begins after {moment.isoformat()}.")


def _first_after(
    objects: Objects, newest: SlotHead, limit_us: int
) -> tuple[SlotHead, SlotHead | None]:
    """The oldest slot of `newest`'s branch that is after the limit, as `newest` is, and the slot
    before it, if the branch has one: those left out that have expired.
    """
    branch, high, _ = newest.header.commit_id
    low, found, before = 0, newest, None
    bridge = Bridge(objects)
    while high - low > 1:
        middle = (low + high) // 2
        slot = objects.read_slot(branch, middle)
        if slot is None:
            slot = bridge.read((branch, middle))
        at = 0 if slot is None else slot.header.commit_id.sequence
        if slot is None:
            low, before = middle, None
        elif at <= low:  # nothing between `low` and `middle` is left
            low = middle
        elif slot.header.time_us > limit_us:
            high, found = at, slot
        else:
            low, before = middle, slot
    return found, before
