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
    CommitConflictError,
    CommitUnknownError,
    MalformedObjectError,
    ObjectExistsError,
    StoreError,
    StoreFullError,
    StorePermissionError,
    StoreUnavailableError,
)
from deeplake.format import slot
from deeplake.format.keys import (
    ALLOCATOR_BITS,
    COUNTER_BITS,
    MAIN_BRANCH_ID,
    CommitId,
    allocator_key,
    slot_key,
)
from deeplake.format.sealed import seal
from deeplake.versioning.assemble import Place, assemble
from deeplake.versioning.head import write_hint
from deeplake.versioning.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.format.slot import CommitHeader, SlotHead
    from deeplake.types.base import Buffer
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.refs import Branch
    from deeplake.versioning.staged import Staged, Stamp

BACKOFF_S_MAX = 0.05
RESENDS_MAX = 3
"""How often a create without an answer is sent again; the slot decides, so it is safe."""


def publish(
    objects: Objects, branch: Branch, parent: Snapshot, staged: Staged, stamp: Stamp
) -> Snapshot:
    """Make a transaction the next commit of a branch, durably.

    Args:
        parent: the snapshot that the transaction was built on, or an older one that it commutes
            with.

    Returns:
        The new commit's snapshot, which has `parent` or a later commit as its parent.

    Raises:
        CommitConflictError: another commit changed the same things, or the branch is contended.
        CommitUnknownError: the store never said whether the commit landed.
        StoreError: nothing was published.
    """
    for attempt in range(settings.COMMIT_ATTEMPTS_MAX):
        sequence = _next_sequence(branch, parent)
        if attempt:
            time.sleep(random.random() * min(BACKOFF_S_MAX, 0.001 * 2**attempt))  # noqa: S311
        winner = objects.read_slot(branch.branch_id, sequence) if attempt else None
        if winner is None:
            place = _place(objects, branch, parent, staged, stamp, sequence)
            parts, head = assemble(objects, parent, staged, stamp, place)
            key = slot_key(branch.branch_id, sequence)
            winner = _take_slot(objects, key, parts, place.commit_id)
            if winner is None:
                if sequence % settings.HINT_COMMITS == 0:
                    write_hint(objects, branch.name, branch.branch_id, sequence)
                return Snapshot(objects, slot.decode(head, key))
        _check_disjoint(staged, winner.header, branch)
        parent = Snapshot(objects, winner)
    raise CommitConflictError(
        f"branch {branch.name!r} is contended: {settings.COMMIT_ATTEMPTS_MAX} slots in a row were "
        "taken by other writers.",
        hint="Nothing was lost; commit again, or commit larger batches.",
    )


def _next_sequence(branch: Branch, parent: Snapshot) -> int:
    commit = parent.commit_id
    return commit.sequence + 1 if commit is not None and commit.branch == branch.branch_id else 1


def _place(
    objects: Objects, branch: Branch, parent: Snapshot, staged: Staged, stamp: Stamp, sequence: int
) -> Place:
    """Id, parents, time and row ids of the next commit."""
    header = parent.header
    now_us = time.time_ns() // 1000
    own = header is not None and header.commit_id.branch == branch.branch_id
    allocator = header.allocator if header is not None and own else None
    rows = sum(change.added for change in staged.tables)
    if rows and allocator is None and branch.branch_id == MAIN_BRANCH_ID:
        allocator = (0, 0)  # claimed by repo.json itself
    if rows and (allocator is None or allocator[1] + rows > 1 << COUNTER_BITS):
        allocator = (claim_allocator(objects, branch), 0)
    return Place(
        CommitId(branch.branch_id, sequence, stamp.nonce),
        () if header is None else (header.commit_id,),
        now_us if header is None else max(now_us, header.time_us + 1),
        allocator,
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


def _take_slot(
    objects: Objects, key: str, parts: Sequence[Buffer], commit_id: CommitId
) -> SlotHead | None:
    """None if the slot is ours now, else the winner's head."""
    for _ in range(RESENDS_MAX):
        try:
            objects.store.create(key, parts)
        except ObjectExistsError:
            return _winner(objects, commit_id)
        except StoreUnavailableError:
            continue  # sent again: if the first one landed, the slot is taken, by our nonce
        except (StoreFullError, StorePermissionError):
            raise
        except StoreError as error:
            if _landed(objects, commit_id) is False:
                raise
            raise _unknown(commit_id) from error
        return None
    landed = _landed(objects, commit_id)
    if landed is None:
        raise _unknown(commit_id)
    if landed:
        return None
    raise StoreUnavailableError(
        f"{objects.store.url} did not answer while commit {commit_id} was written, and its slot "
        "is still free: a late answer may yet fill it.",
        hint="Look at log() before you commit again.",
    )


def _winner(objects: Objects, commit_id: CommitId) -> SlotHead | None:
    found = objects.read_slot(commit_id.branch, commit_id.sequence)
    if found is None:
        raise MalformedObjectError(
            f"{commit_id.slot} is reported both as taken and as missing.",
            hint="The store does not honour create-if-absent.",
        )
    return None if found.header.commit_id == commit_id else found


def _landed(objects: Objects, commit_id: CommitId) -> bool | None:
    """Whether the slot holds our commit; None if even that cannot be read."""
    try:
        found = objects.read_slot(commit_id.branch, commit_id.sequence)
    except StoreError:
        return None
    return found is not None and found.header.commit_id == commit_id


def _unknown(commit_id: CommitId) -> CommitUnknownError:
    return CommitUnknownError(
        f"the store failed while commit {commit_id} was written; whether it landed is unknown.",
        hint="Open the branch again and look at log() before you retry.",
    )


def _check_disjoint(staged: Staged, winner: CommitHeader, branch: Branch) -> None:
    """Appends commute; schema changes and equal new table names do not.

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
        elif other is not None and (change.schema is not None or "schema" in other.change):
            problem = f"the schema of table {change.name!r} was changed"
        else:
            continue
        raise CommitConflictError(
            f"branch {branch.name!r} moved to {winner.commit_id} while this transaction was open: "
            f"{problem}.",
            hint="Refresh the handle and apply the change again, or commit to another branch.",
        )
