"""Commits without rows of their own: a branch takes over another commit's tables, or is closed.

A commit's id names its slot, so a branch cannot stand on another branch's commit. It gets a slot
whose only parent is that commit and whose tables are that commit's. Such a slot is never moved to
another sequence: what it was decided on is the head that the caller saw.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from deeplake import settings
from deeplake.errors import CommitConflictError
from deeplake.format.keys import CommitId
from deeplake.versioning.assemble import Place, assemble
from deeplake.versioning.head import write_hint
from deeplake.versioning.history import branch_head
from deeplake.versioning.publish import _check_parent, _next_sequence, _take_slot, refuse_closed
from deeplake.versioning.staged import Staged, Stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.format.slot import CommitHeader
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.refs import Branch
    from deeplake.versioning.snapshot import Snapshot


def adopt(
    objects: Objects,
    branch: Branch,
    head: Snapshot,
    target: Snapshot,
    stamp: Stamp,
    *,
    reset: bool = False,
) -> Snapshot:
    """Make another commit's tables the branch's, whatever the branch held: one slot.

    Args:
        head: the newest commit of the branch, as the caller saw it.
        target: the commit taken over; the new one's only parent.
        reset: whether commits of the branch are given up on purpose, which its header then says.

    Returns:
        The new commit's snapshot, or `head` if that is the target.

    Raises:
        CommitConflictError: the branch has moved on from `head`; nothing was changed.
        BranchClosedError: the branch was deleted.
        CommitUnknownError: the store never said whether the commit landed.
    """
    refuse_closed(branch, head.header)
    there = head.commit_id == target.commit_id
    made = None if there else _next_slot(objects, branch, head, target, stamp, reset=reset)
    if made is not None:
        return made
    winner = objects.read_slot(branch.branch_id, _next_sequence(branch, head))
    if winner is None and there:
        return head
    refuse_closed(branch, None if winner is None else winner.header)
    raise CommitConflictError(
        f"branch {branch.name!r} has moved on from {head.commit_id or 'its beginning'}; it stays "
        "where it is.",
        hint="Refresh the handle, look at log() and decide again.",
    )


def close_branch(
    objects: Objects, branch: Branch, author: str, check: Callable[[Snapshot], None] | None
) -> None:
    """Take the next slot of a branch for good, so that nothing can be committed to it any more.

    Args:
        check: raises if the branch must not be closed at this head; asked again for each head
            that another writer gets in before.

    Raises:
        CommitConflictError: the branch is contended.
    """
    head = branch_head(objects, branch)
    nonce = int.from_bytes(os.urandom(8), "little")
    stamp = Stamp(author, f"delete branch {branch.name}", True, nonce)
    for _ in range(settings.COMMIT_ATTEMPTS_MAX):
        if head.header is not None and head.header.closed and _own(branch, head):
            return
        if check is not None:
            check(head)
        if _next_slot(objects, branch, head, head, stamp, closed=True) is not None:
            return
        head = branch_head(objects, branch, _next_sequence(branch, head))
    raise CommitConflictError(
        f"branch {branch.name!r} is contended: {settings.COMMIT_ATTEMPTS_MAX} commits in a row "
        "came before its deletion.",
        hint="Delete it again when its writers are done.",
    )


def _next_slot(
    objects: Objects,
    branch: Branch,
    head: Snapshot,
    content: Snapshot,
    stamp: Stamp,
    *,
    reset: bool = False,
    closed: bool = False,
) -> Snapshot | None:
    """The slot after `head` with the tables of `content`, its parent; None if it is taken."""
    _check_parent(objects, head)
    sequence, before, parent = _next_sequence(branch, head), head.header, content.header
    last = before if before is not None and _own(branch, head) else None
    chained = last is not None and last is parent
    place = Place(
        CommitId(branch.branch_id, sequence, stamp.nonce),
        () if parent is None else (parent.commit_id,),
        max([time.time_ns() // 1000, *(h.time_us + 1 for h in (before, parent) if h is not None)]),
        None if last is None else last.allocator,  # of the branch: its counter never goes back
        last.linear if last is not None and chained else sequence,
        () if parent is None else parent.requires,
        reset,
        closed,
        _derived(before, parent, moved=reset or closed),
    )
    made = assemble(objects, content, Staged((), (), 0), stamp, place)
    taken = _take_slot(objects, made, place.commit_id)
    if taken is not None and sequence % settings.HINT_COMMITS == 0:
        write_hint(objects, branch.name, branch.branch_id, sequence)
    return taken


def _derived(before: CommitHeader | None, parent: CommitHeader | None, *, moved: bool) -> bool:
    """Whether a branch shows a view: one that was moved to another state what that state is; one
    that took over a view's commits, which only force does, no more than before.
    """
    if parent is None or not parent.derived:
        return False
    return moved or (before is not None and before.derived)


def _own(branch: Branch, head: Snapshot) -> bool:
    return head.commit_id is not None and head.commit_id.branch == branch.branch_id
