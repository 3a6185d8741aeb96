"""merge, revert and cherry_pick: three commits, one merge3, one new commit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake import settings
from deeplake.api.stand import author_name, message_text
from deeplake.errors import (
    CommitConflictError,
    InputError,
    MergeConflictError,
    StateError,
)
from deeplake.table.merge_tables import merge3
from deeplake.versioning.adopt import adopt
from deeplake.versioning.ancestry import merge_bases
from deeplake.versioning.history import open_commit
from deeplake.versioning.publish import publish
from deeplake.versioning.snapshot import Snapshot
from deeplake.versioning.staged import Staged, Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deeplake.api.stand import Stand
    from deeplake.format.keys import CommitId
    from deeplake.table.conflicts import Conflict
    from deeplake.table.contest import Resolver
    from deeplake.versioning.history import Ref
    from deeplake.versioning.refs import Branch

POLICIES = ("raise", "ours", "theirs")
CONFLICTS_SHOWN = 5


class _Job(NamedTuple):
    """What is to be done to the head of a branch."""

    doing: str
    message: str
    base: Callable[[Snapshot], Snapshot]
    """The head -> the commit that the change begins at."""

    theirs: Snapshot
    parents: tuple[Any, ...] = ()


def merge(
    stand: Stand, source: Ref, into: str | None, on_conflict: Any, message: str | None
) -> Snapshot:
    """Bring what another branch, tag or commit has into a branch; see `Versioned.merge`."""
    resolver = _resolver(on_conflict)
    stand.settled("merge()")
    repository = stand.repository
    branch = stand.writable() if into is None else repository.branch(into)
    found = repository.resolve(source)
    theirs = found.snapshot
    name = source if isinstance(source, str) else str(theirs.commit_id)
    if found.branch is not None and found.branch.branch_id == branch.branch_id:
        raise StateError(
            f"branch {branch.name!r} cannot be merged into itself.",
            hint="Check out the branch that is to receive the changes, or name it: into='main'.",
        )
    if theirs.header is None:
        return _moved(stand, branch, repository.head(branch))
    told = message_text(message if message is not None else f"merge {name} into {branch.name}")
    for _ in range(settings.COMMIT_ATTEMPTS_MAX):
        head = _head(stand, branch)
        bases = merge_bases(repository.objects, head, theirs) if head.header else []
        ids = [base.commit_id for base in bases]
        if theirs.commit_id in ids:
            return _moved(stand, branch, head)  # there is nothing that the branch has not
        if head.header is not None and head.commit_id not in ids:
            known = {head.commit_id: bases}
            job = _Job(
                "merge",
                told,
                lambda ours, known=known: _base(stand, ours, theirs, known),  # type: ignore[misc]
                theirs,
                (theirs.header.commit_id,),
            )
            return _moved(stand, branch, _run(stand, branch, head, job, resolver))
        try:
            stamp = _stamp(f"fast-forward to {name}", automatic=True)
            return _moved(stand, branch, adopt(repository.objects, branch, head, theirs, stamp))
        except CommitConflictError:
            continue  # another commit came first: look again
    raise CommitConflictError(f"branch {branch.name!r} is contended.", hint="Merge again.")


def revert(
    stand: Stand, commit: Ref, parent: int | None, on_conflict: Any, message: str | None
) -> Snapshot:
    """Undo what one commit did, wherever it stands in the history; see `Versioned.revert`."""
    resolver = _resolver(on_conflict)
    stand.settled("revert()")
    branch = stand.writable()
    target = stand.repository.resolve(commit).snapshot
    before = _parent_of(stand, target, parent, "revert")
    told = f"revert {_headline(target)!r}" if message is None else message
    job = _Job("revert", message_text(told), lambda _: target, before)
    return _moved(stand, branch, _run(stand, branch, _head(stand, branch), job, resolver))


def cherry_pick(
    stand: Stand, commit: Ref, parent: int | None, on_conflict: Any, message: str | None
) -> Snapshot:
    """Do again what one commit did; see `Versioned.cherry_pick`."""
    resolver = _resolver(on_conflict)
    stand.settled("cherry_pick()")
    branch = stand.writable()
    target = stand.repository.resolve(commit).snapshot
    before = _parent_of(stand, target, parent, "cherry-pick")
    told = target.header.message if message is None and target.header else message
    job = _Job("cherry-pick", message_text(told), lambda _: before, target)
    return _moved(stand, branch, _run(stand, branch, _head(stand, branch), job, resolver))


def _run(
    stand: Stand, branch: Branch, head: Snapshot, job: _Job, resolver: Resolver | None
) -> Snapshot:
    """Merge and publish; worked out again if another commit comes first."""
    objects = stand.repository.objects
    made: list[Any] = []

    def staged(ours: Snapshot) -> Staged:
        while made:
            made.pop().writer.abandon(keep=False)
        base = job.base(ours)
        found = merge3(objects, base, ours, job.theirs, resolver, job.parents)
        made.append(found)
        if found.conflicts:
            raise _conflict(job, branch, found.conflicts)
        return found.staged

    try:
        first = staged(head)
        if not first.tables and not first.parents:
            return head  # it was done already
        snapshot = publish(objects, branch, head, first, _stamp(job.message), staged)
        made.clear()  # what was written belongs to the commit
    except BaseException:
        while made:
            made.pop().writer.abandon(keep=True)
        raise
    return snapshot


def _conflict(job: _Job, branch: Branch, conflicts: list[Conflict]) -> MergeConflictError:
    count = len(conflicts)
    shown = "; ".join(map(repr, conflicts[:CONFLICTS_SHOWN]))
    more = f" and {count - CONFLICTS_SHOWN} more" if count > CONFLICTS_SHOWN else ""
    error = MergeConflictError(
        f"the {job.doing} into {branch.name!r} has {count} conflict{'s' * (count > 1)}: "
        f"{shown}{more}.",
        hint="Nothing was changed. Decide with on_conflict='ours', 'theirs' or a function of a "
        "conflict; error.conflicts lists them.",
    )
    error.conflicts = conflicts
    return error


def _resolver(on_conflict: Any) -> Resolver | None:
    """What decides conflicts.

    Raises:
        InputError: it is neither a policy nor a function.
    """
    if callable(on_conflict):
        found: Resolver = on_conflict
        return found
    if on_conflict not in POLICIES:
        raise InputError(
            f"on_conflict is one of {', '.join(map(repr, POLICIES))} or a function, "
            f"not {on_conflict!r}."
        )
    return None if on_conflict == "raise" else on_conflict


def _base(
    stand: Stand,
    head: Snapshot,
    theirs: Snapshot,
    known: Mapping[CommitId | None, list[Snapshot]],
) -> Snapshot:
    """The commit that both come from; several are merged into one that is nowhere stored."""
    from deeplake.table.virtual import virtual_base

    objects = stand.repository.objects
    bases = known.get(head.commit_id)
    return virtual_base(objects, merge_bases(objects, head, theirs) if bases is None else bases)


def _head(stand: Stand, branch: Branch) -> Snapshot:
    own = stand.branch is not None and stand.branch.branch_id == branch.branch_id
    repository = stand.repository
    return repository.head_after(branch, stand.snapshot) if own else repository.head(branch)


def _moved(stand: Stand, branch: Branch, snapshot: Snapshot) -> Snapshot:
    """The handle follows if the branch is its own."""
    if stand.branch is not None and stand.branch.branch_id == branch.branch_id:
        stand.move(snapshot, stand.branch)
    return snapshot


def _parent_of(stand: Stand, commit: Snapshot, parent: int | None, doing: str) -> Snapshot:
    """The commit before one; of a merge, the parent that is named (1 is the first).

    Raises:
        InputError: a merge without a parent named, or no such parent.
        StateError: there is no commit at all.
    """
    if commit.header is None:
        raise StateError(f"there is nothing to {doing} yet.", hint="Commit something first.")
    parents = commit.header.parents
    if len(parents) > 1 and parent is None:
        raise InputError(
            f"commit {commit.commit_id} is a merge of {len(parents)} parents.",
            hint=f"Say which one to {doing} against: parent=1 is the branch it was merged into.",
        )
    number = 1 if parent is None else parent
    if not isinstance(number, int) or not 1 <= number <= max(len(parents), 1):
        raise InputError(f"commit {commit.commit_id} has no parent number {parent!r}.")
    objects = stand.repository.objects
    return open_commit(objects, parents[number - 1]) if parents else Snapshot(objects, None)


def _headline(commit: Snapshot) -> str:
    message = commit.header.message if commit.header else ""
    return message.partition("\n")[0] or str(commit.commit_id)


def _stamp(message: str, *, automatic: bool = False) -> Stamp:
    return Stamp(author_name(), message, automatic, int.from_bytes(os.urandom(8), "little"))
