"""One merge, revert or cherry-pick: worked out on a branch's head, published, or left pending."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake.errors import CommitConflictError, CommitUnknownError, MergeConflictError
from deeplake.table.contest import UNDECIDED
from deeplake.table.merge_tables import merge3
from deeplake.table.virtual import virtual_base
from deeplake.versioning.ancestry import merge_bases
from deeplake.versioning.history import open_commit
from deeplake.versioning.pending import find_pending, write_pending
from deeplake.versioning.plans import kept
from deeplake.versioning.publish import publish
from deeplake.versioning.snapshot import Snapshot
from deeplake.versioning.staged import Staged, Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deeplake.format.keys import CommitId
    from deeplake.table.conflicts import Conflict
    from deeplake.table.contest import Resolver
    from deeplake.table.merge_tables import Merged
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.pending import Decision, PendingMerge
    from deeplake.versioning.plans import Kept
    from deeplake.versioning.refs import Branch

MERGE = "merge"
CONFLICTS_SHOWN = 5


class Outcome(NamedTuple):
    """A merge without conflicts before it is published: the commits, and what becomes of ours."""

    objects: Objects
    base: Snapshot
    ours: Snapshot
    theirs: Snapshot
    staged: Staged


class MergeJob:
    """What is to be done to a branch.

    Args:
        objects: whose repository it is.
        branch: what is changed.
        merge: what is to be done.
        resolver: what decides conflicts; None leaves them to later decisions.
        author: of the commit.
        theirs: the commit that `merge` names so, if it is at hand.
        judge: told each outcome without conflicts; those that it finds are in the way as well.
    """

    def __init__(
        self,
        objects: Objects,
        branch: Branch,
        merge: PendingMerge,
        resolver: Resolver | None,
        author: str,
        theirs: Snapshot | None = None,
        judge: Callable[[Outcome], list[Conflict]] | None = None,
    ) -> None:
        self._objects = objects
        self._judge = judge
        self._branch = branch
        self._merge = merge
        self._resolver = resolver
        self._author = author
        self._theirs = theirs or _opened(self._objects, merge.theirs)
        self._bases: dict[CommitId | None, Sequence[Snapshot]] = {}
        self._made: Merged | None = None
        self._waits = resolver is not None or bool(merge.decisions)
        """Whether an entry of this change may wait for decisions."""

    def know_bases(self, head: Snapshot, bases: Sequence[Snapshot]) -> None:
        """Spare finding the common ancestors of a head again."""
        self._bases[head.commit_id] = bases

    def run(self, head: Snapshot) -> Snapshot:
        """Publish; worked out again if another commit comes first.

        Raises:
            MergeConflictError: nothing was changed; without a policy it waits for decisions.
        """
        made = self.tried(head, newest=True)
        assert made is not None
        return made

    def tried(self, head: Snapshot, *, newest: bool = False) -> Snapshot | None:
        """Publish, on a head that may be an older one: then it is not said that there are
        conflicts, or nothing to do, but None.

        Raises:
            MergeConflictError: nothing was changed; without a policy it waits for decisions.
        """
        keep = False
        try:
            with kept(self._objects, self._sources()) as sources:
                return self._published(head, sources, newest=newest)
        except CommitUnknownError:
            keep = True
            raise
        finally:
            self._abandon(keep=keep)

    def _sources(self) -> list[Snapshot]:
        """Commits that are read by name: no vacuum must delete them meanwhile."""
        if self._merge.doing == MERGE:
            return [self._theirs]
        return [self._theirs, _opened(self._objects, self._merge.base)]

    def _published(self, head: Snapshot, sources: Kept, *, newest: bool) -> Snapshot | None:
        found = self._merged(head)
        if not newest and (found.conflicts or not _changes(found.staged)):
            return None
        first = self._settled(found, head)
        snapshot = head
        if _changes(first):
            try:
                stamp = new_stamp(self._author, self._merge.message)
                beside = [self._theirs.header] if first.parents and self._theirs.header else []

                def again(ours: Snapshot) -> Staged:
                    staged = self._staged(ours)
                    sources.announce()  # it may have taken long
                    return staged

                sources.announce()
                snapshot = publish(self._objects, self._branch, head, first, stamp, again, beside)
                self._made = None  # what was written belongs to the commit
            except _DoneAlreadyError as done:
                snapshot = done.head
            except CommitConflictError:
                if newest:
                    raise
                return None  # the branch was reset since: it is looked up, and merged anew
        if self._waits:
            self._finish()
        return snapshot

    def conflicts(self, head: Snapshot) -> list[Conflict]:
        """What still stands in the way."""
        try:
            return self._merged(head).conflicts
        finally:
            self._abandon(keep=False)

    def _staged(self, ours: Snapshot) -> Staged:
        """For `publish`: the same on a head that came in between.

        Raises:
            _DoneAlreadyError: the commit that came first did the same.
        """
        if self._merge.doing == MERGE:
            known = merge_bases(self._objects, ours, self._theirs, newest=True)
            if self._merge.theirs in [base.commit_id for base in known]:
                raise _DoneAlreadyError(ours)
            self.know_bases(ours, known)
        found = self._settled(self._merged(ours), ours)
        if not _changes(found):
            raise _DoneAlreadyError(ours)
        return found

    def _settled(self, found: Merged, ours: Snapshot) -> Staged:
        if found.conflicts and self._resolver is None and self._recalled():
            found = self._merged(ours)
        if found.conflicts:
            if self._resolver is None:
                self._wait()
            raise self._error(found.conflicts)
        return found.staged

    def _recalled(self) -> bool:
        """Whether there are decisions on this very change that were not known yet."""
        _, waiting = find_pending(self._objects, self._branch.branch_id)
        if waiting is None or waiting.decisions == self._merge.decisions:
            return False
        if not self._is_this(waiting):
            return False
        self._merge, self._waits = self._merge._replace(decisions=waiting.decisions), True
        return True

    def _is_this(self, waiting: PendingMerge) -> bool:
        """Whether what waits is this change, whatever its message."""
        return waiting[:1] + waiting[2:4] == self._merge[:1] + self._merge[2:4]

    def _merged(self, ours: Snapshot) -> Merged:
        self._abandon(keep=False)
        parents: tuple[CommitId, ...] = ()
        if self._merge.doing == MERGE and self._merge.theirs is not None:
            parents = (self._merge.theirs,)
        resolver = self._resolver
        if resolver is None and self._merge.decisions:
            resolver = _Decided(self._merge.decisions)
        base = self._base(ours)
        made = self._made = merge3(self._objects, base, ours, self._theirs, resolver, parents)
        if self._judge is not None and not made.conflicts and made.staged.tables:
            outcome = Outcome(self._objects, base, ours, self._theirs, made.staged)
            made.conflicts.extend(self._judge(outcome))
        return made

    def _base(self, ours: Snapshot) -> Snapshot:
        if self._merge.doing != MERGE:
            return _opened(self._objects, self._merge.base)
        known = self._bases.get(ours.commit_id)
        if known is None:
            known = merge_bases(self._objects, ours, self._theirs, newest=True)
        return virtual_base(self._objects, known)

    def _wait(self) -> None:
        """Remember what is to be decided, unless it is remembered."""
        version, waiting = find_pending(self._objects, self._branch.branch_id)
        if waiting is None or waiting._replace(decisions=()) != self._merge._replace(decisions=()):
            write_pending(self._objects, self._branch.branch_id, version, self._merge)

    def _finish(self) -> None:
        """The merge that waited for decisions is done, if this was it."""
        version, waiting = find_pending(self._objects, self._branch.branch_id)
        if waiting is not None and self._is_this(waiting):
            write_pending(self._objects, self._branch.branch_id, version, None)

    def _abandon(self, *, keep: bool) -> None:
        made, self._made = self._made, None
        if made is not None:
            made.writer.abandon(keep=keep)

    def _error(self, conflicts: list[Conflict]) -> MergeConflictError:
        count = len(conflicts)
        shown = "; ".join(map(repr, conflicts[:CONFLICTS_SHOWN]))
        more = f" and {count - CONFLICTS_SHOWN} more" if count > CONFLICTS_SHOWN else ""
        error = MergeConflictError(
            f"the {self._merge.doing} into {self._branch.name!r} has {count} "
            f"conflict{'s' * (count > 1)}: {shown}{more}.",
            hint="Nothing was changed. Decide with on_conflict='ours', 'theirs' or a function of "
            "a conflict, or one by one: conflicts() lists them, resolve() settles them.",
        )
        error.conflicts = conflicts
        return error


class _Decided:
    """Answers from decisions that were made before, on the same versions."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        self._known = {(tuple(d.place), d.token): d for d in decisions}

    def __call__(self, conflict: Conflict) -> Any:
        found = self._known.get((conflict.place, conflict.token))
        if found is None:
            return UNDECIDED
        return found.value if found.keep == "value" else getattr(conflict, found.keep)


def new_stamp(author: str, message: str, *, automatic: bool = False) -> Stamp:
    """Who merges, and why, with a nonce of its own."""
    return Stamp(author, message, automatic, int.from_bytes(os.urandom(8), "little"))


class _DoneAlreadyError(Exception):
    """There is nothing to change on this head."""

    def __init__(self, head: Snapshot) -> None:
        super().__init__()
        self.head = head


def _changes(staged: Staged) -> bool:
    """Whether there is anything to commit."""
    return bool(staged.tables or staged.parents)


def _opened(objects: Objects, commit: CommitId | None) -> Snapshot:
    return Snapshot(objects, None) if commit is None else open_commit(objects, commit)
