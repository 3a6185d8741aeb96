"""Publishing a transaction: take the next slot, or rebase and try the one after.

The one place where commits are decided. A slot is created by exactly one writer; the losers read
what the winners changed and either rebase (the changes are disjoint) or give up with a conflict.
An answer that never came is settled by reading the slot and comparing nonces.
"""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

from deeplake import settings
from deeplake.errors import (
    BranchClosedError,
    ClosedError,
    CommitConflictError,
    CommitUnknownError,
    ObjectExistsError,
    StoreError,
    StoreFullError,
    StorePermissionError,
    StoreUnavailableError,
)
from deeplake.format.keys import (
    ALLOCATOR_BITS,
    COUNTER_BITS,
    MAIN_BRANCH_ID,
    REPOSITORY,
    CommitId,
    allocator_key,
)
from deeplake.format.sealed import seal
from deeplake.format.slot import HEAD
from deeplake.versioning.assemble import Place, assemble
from deeplake.versioning.condensed import is_old
from deeplake.versioning.head import find_head, write_hint
from deeplake.versioning.history import open_commit
from deeplake.versioning.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deeplake.format.slot import CommitHeader, SlotHead
    from deeplake.versioning.assemble import Assembled
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.refs import Branch
    from deeplake.versioning.staged import Staged, Stamp

BACKOFF_S_MAX = 0.05
_READ_TOGETHER = 16
_OF_ROWS = frozenset(("added", "updated", "deleted", "compacted", "merged"))
"""Kinds of change that a rebase can move over."""

RESENDS_MAX = 3
"""How often a create without an answer is sent again; the slot decides, so it is safe."""


def publish(
    objects: Objects,
    branch: Branch,
    parent: Snapshot,
    staged: Staged,
    stamp: Stamp,
    rebase: Callable[[Snapshot], Staged] | None = None,
    beside: Sequence[CommitHeader] | None = None,
) -> Snapshot:
    """Make a transaction the next commit of a branch, durably.

    Args:
        parent: the snapshot that the transaction was built on, or an older one that it commutes
            with.
        rebase: makes the transaction anew for a later commit of the branch, or refuses
            (CommitConflictError); without it, it is published as it is.
        beside: headers of the other parents, where they are at hand.

    Returns:
        The new commit's snapshot, which has `parent` or a later commit as its parent.

    Raises:
        CommitConflictError: another commit changed the same things, or the branch is contended.
        BranchClosedError: the branch was deleted.
        CommitUnknownError: the store never said whether the commit landed.
        StoreError, ClosedError: nothing was published.
    """
    _check_parent(objects, parent)
    refuse_closed(branch, parent.header)
    if beside is None:
        beside = [open_commit(objects, extra).head.header for extra in staged.parents]  # type: ignore[union-attr]
    base = parent.commit_id
    if base is not None and base.branch != branch.branch_id and is_old(parent):
        from deeplake.versioning.plans import kept

        with kept(objects, [parent]):  # a vacuum may have taken a stand-in for it
            return _published(objects, branch, parent, staged, stamp, rebase, beside)
    return _published(objects, branch, parent, staged, stamp, rebase, beside)


def _published(
    objects: Objects,
    branch: Branch,
    parent: Snapshot,
    staged: Staged,
    stamp: Stamp,
    rebase: Callable[[Snapshot], Staged] | None,
    beside: Sequence[CommitHeader],
) -> Snapshot:
    for attempt in range(settings.COMMIT_ATTEMPTS_MAX):
        if attempt:
            time.sleep(random.random() * min(BACKOFF_S_MAX, 0.001 * 2**attempt))  # noqa: S311
            parent = _catch_up(objects, branch, parent, staged, stamp)
            if _landed(parent.header, stamp):
                return parent
            staged = staged if rebase is None else rebase(parent)
        sequence = _next_sequence(branch, parent)
        place = _place(objects, branch, parent, staged, stamp, sequence, beside)
        made = assemble(objects, parent, staged, stamp, place)
        taken = _take_slot(objects, made, place.commit_id)
        if taken is not None:
            if is_old(parent):
                from deeplake.versioning.plans import refuse_expired_slot

                refuse_expired_slot(objects, place.commit_id)
            if sequence % settings.HINT_COMMITS == 0:
                write_hint(objects, branch.name, branch.branch_id, sequence)
            return taken
    raise CommitConflictError(
        f"branch {branch.name!r} is contended: {settings.COMMIT_ATTEMPTS_MAX} slots in a row were "
        "taken by other writers.",
        hint="Nothing was lost; commit again, or commit larger batches.",
    )


def _check_parent(objects: Objects, parent: Snapshot) -> None:
    """Refuse to commit into another repository than the one the parent was read from.

    Deleted and made anew, it might have a free slot at our sequence: the commit would lie beyond
    a gap until others reach it. Costs 10 us here; a bucket would take a request, so there
    only a lost race reveals it.

    Raises:
        ClosedError: the parent is gone, or its slot holds another commit.
    """
    if objects.store.remote:
        return
    try:
        if parent.head is None:
            there = objects.exists(REPOSITORY)
        else:
            raw = objects.get_or_none(parent.head.header.commit_id.slot, HEAD.size)
            there = raw == parent.head.head[: HEAD.size]
    except StoreError:
        return  # no answer: creating the slot will tell
    if not there:
        raise ClosedError(
            f"the repository at {objects.store.url} was deleted or replaced since this handle "
            f"read {parent.commit_id or 'it'}.",
            hint="Open it again; what is staged here can still be read.",
        )


def _landed(header: CommitHeader | None, stamp: Stamp) -> bool:
    """Whether a commit is this very transaction, from an attempt whose answer was lost."""
    return header is not None and header.commit_id.nonce == stamp.nonce


def _catch_up(
    objects: Objects, branch: Branch, parent: Snapshot, staged: Staged, stamp: Stamp
) -> Snapshot:
    """The branch's head, every commit after `parent` checked to commute with `staged`.

    If one of them is this transaction itself, that commit instead.

    Raises:
        CommitConflictError: one does not, or slots between are gone.
    """
    first = _next_sequence(branch, parent)
    head = find_head(objects, branch.branch_id, first)
    if head is None or head.header.commit_id.sequence < first:
        return parent
    last, before = head.header.commit_id.sequence, parent.commit_id
    for start in range(first, last + 1, _READ_TOGETHER):
        sequences = range(start, min(start + _READ_TOGETHER, last + 1))
        for found in objects.parallel(lambda s: objects.read_slot(branch.branch_id, s), sequences):
            if found is None:
                raise CommitConflictError(
                    f"branch {branch.name!r} moved on and its commits since have expired.",
                    hint="Refresh the handle and apply the changes again.",
                )
            if _landed(found.header, stamp):
                return Snapshot(objects, found)
            refuse_closed(branch, found.header)
            _refuse_moved(branch, found.header, before)
            before = found.header.commit_id
            if not staged.rederived:
                _check_disjoint(staged, found.header, branch)
    return Snapshot(objects, head)


def refuse_closed(branch: Branch, header: CommitHeader | None) -> None:
    """Refuse to commit after the last slot of a deleted branch.

    Raises:
        BranchClosedError
    """
    if header is not None and header.closed and header.commit_id.branch == branch.branch_id:
        raise BranchClosedError(
            f"branch {branch.name!r} was deleted; nothing can be committed to it.",
            hint="Commit to another branch: roll back, make one here with branch('name'), and "
            "stage the changes again.",
        )


def _refuse_moved(branch: Branch, winner: CommitHeader, before: CommitId | None) -> None:
    """Refuse to rebase over a commit that left the one before it behind: somebody moved the branch
    to another state. (A fast-forward has another parent too, but nothing is left behind.)

    Raises:
        CommitConflictError
    """
    follows = winner.parents[:1] == (() if before is None else (before,))
    if winner.reset or not (follows or winner.automatic):
        raise CommitConflictError(
            f"branch {branch.name!r} was moved to {winner.commit_id} ({winner.message}) while this "
            "transaction was open.",
            hint="Refresh the handle and apply the change again, or commit to another branch.",
        )


def _next_sequence(branch: Branch, parent: Snapshot) -> int:
    commit = parent.commit_id
    return commit.sequence + 1 if commit is not None and commit.branch == branch.branch_id else 1


def _place(
    objects: Objects,
    branch: Branch,
    parent: Snapshot,
    staged: Staged,
    stamp: Stamp,
    sequence: int,
    beside: Sequence[CommitHeader] = (),
) -> Place:
    """Id, parents, time and row ids of the next commit. `beside` are the other parents."""
    header = parent.header
    own = header is not None and header.commit_id.branch == branch.branch_id
    allocator = header.allocator if header is not None and own else None
    rows = sum([change.allocated for change in staged.tables])
    if rows and allocator is None and branch.branch_id == MAIN_BRANCH_ID:
        allocator = (0, 0)  # claimed by repo.json itself
    if rows and (allocator is None or allocator[1] + rows > 1 << COUNTER_BITS):
        allocator = (claim_allocator(objects, branch), 0)
    parents = [*([] if header is None else [header]), *beside]
    requires = [staged.requires, *[found.requires for found in parents]]
    return Place(
        CommitId(branch.branch_id, sequence, stamp.nonce),
        tuple([found.commit_id for found in parents]),
        max([time.time_ns() // 1000, *[found.time_us + 1 for found in parents]]),
        allocator,
        header.linear if header is not None and own and not beside else sequence,
        tuple(sorted(set().union(*requires))) if any(requires) else (),
        derived=staged.derived or (header is not None and header.derived),
    )


def claim_allocator(objects: Objects, branch: Branch) -> int:
    """A row-id allocator that nobody else has, ever: one create-if-absent."""
    while True:
        allocator = int.from_bytes(os.urandom(4), "little") % ((1 << ALLOCATOR_BITS) - 1) + 1
        claim = seal({"branch": branch.branch_id, "nonce": os.urandom(8).hex()})
        try:
            objects.store.create(allocator_key(allocator), [claim])
        except ObjectExistsError:
            continue  # one in 134 million: draw again
        return allocator


def _take_slot(objects: Objects, made: Assembled, commit_id: CommitId) -> Snapshot | None:
    """Our commit as it is stored now; None if another writer has the slot.

    Raises:
        CommitUnknownError: neither can be told.
    """
    for sent in range(RESENDS_MAX):
        try:
            objects.store.create(commit_id.slot, made.parts)
        except ObjectExistsError:
            break
        except StoreUnavailableError:
            continue  # sent again: if the first one landed, the slot is taken, by our nonce
        except (StoreFullError, StorePermissionError):
            if not sent:
                raise
            break  # the first one may have landed
        except StoreError as error:
            if _stored(objects, commit_id) is None:
                raise
            raise _unknown(commit_id) from error
        objects.keep_slot(made.head)
        return Snapshot(objects, made.head, made.tables)
    found = _stored(objects, commit_id)
    if found is None:
        raise _unknown(commit_id)
    return Snapshot(objects, found) if found.header.commit_id == commit_id else None


def _stored(objects: Objects, commit_id: CommitId) -> SlotHead | None:
    """What the slot holds; None if it is free.

    Raises:
        CommitUnknownError: it cannot be read.
    """
    try:
        return objects.read_slot(commit_id.branch, commit_id.sequence)
    except StoreError as error:
        raise _unknown(commit_id) from error


def _unknown(commit_id: CommitId) -> CommitUnknownError:
    return CommitUnknownError(
        f"the store failed while commit {commit_id} was written; whether it landed is unknown.",
        hint="Commit again on the same handle: if it did land, that is noticed and not repeated.",
    )


def _check_disjoint(staged: Staged, winner: CommitHeader, branch: Branch) -> None:
    """Changes of rows commute as far as is told here (the rebase looks closer); schema changes and
    equal new table names do not.

    Raises:
        CommitConflictError: naming the table and what both did to it.
    """
    theirs = {t.table_id: t for t in winner.tables if t.change}
    names = {t.name: t for t in winner.tables}
    for change in staged.tables:
        other = theirs.get(change.table_id)
        taken = names.get(change.name)
        if change.created and taken is not None:
            problem = f"table {change.name!r} was created by both"
        elif other is not None and (change.schema is not None or other.change.keys() - _OF_ROWS):
            problem = f"table {change.name!r} was changed by both, and not its rows only"
        else:
            continue
        raise CommitConflictError(
            f"branch {branch.name!r} moved to {winner.commit_id} while this transaction was open: "
            f"{problem}.",
            hint="Refresh the handle and apply the change again, or commit to another branch.",
        )
