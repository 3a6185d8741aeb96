"""The versioning verbs, offered alike by datasets and databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.api.housekeeping import Housekeeping
from deeplake.api.stand import author_name, message_text, unrestricted
from deeplake.errors import InputError, RefNotFoundError, StateError
from deeplake.format.keys import check_name
from deeplake.versioning.history import Commit, to_commit

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Literal, Self

    from deeplake.api.diff import Diff
    from deeplake.api.log import Log
    from deeplake.api.query_view import QueryView
    from deeplake.api.stand import Stand
    from deeplake.table.conflicts import Conflict
    from deeplake.versioning.history import Ref
    from deeplake.versioning.snapshot import Snapshot

_UNSET: Any = object()


class Versioned(Housekeeping):
    """A handle on a repository that stands on a branch or at a commit."""

    _stand: Stand | None = None
    """None until the repository is opened."""

    def _open_stand(self) -> Stand:
        raise NotImplementedError

    def _unrestricted(self, doing: str) -> Stand:
        """The stand, of a handle that sees all rows.

        Raises:
            PolicyError: naming what was tried.
        """
        stand = self._open_stand()
        unrestricted(stand.repository, doing)
        return stand

    @property
    def branch_name(self) -> str | None:
        """The branch that commits go to, None on a read-only handle."""
        branch = self._open_stand().branch
        return None if branch is None else branch.name

    @property
    def commit_id(self) -> str | None:
        """The commit that is read, None in an empty repository."""
        commit = self._open_stand().snapshot.commit_id
        return None if commit is None else str(commit)

    def commit(self, message: str = "") -> Commit:
        """Publish what is staged, atomically and durably: once this returns, it survives.

        With nothing staged it returns the commit the handle stands on.

        Raises:
            CommitConflictError: another commit changed the same things; all stays staged.
            CommitUnknownError: the store never said whether it landed; look at `log()`.
            StateError: nothing was ever committed or staged here.
        """
        stand = self._unrestricted("commit()")
        return _commit_of(stand.commit(message_text(message)))

    def rollback(self) -> None:
        """Drop everything staged."""
        self._open_stand().rollback()

    def refresh(self) -> None:
        """Move to the newest commit of the branch.

        Raises:
            StagedChangesError: something is staged.
            ReadOnlyError: the handle is not on a branch.
        """
        self._open_stand().refresh()

    def branch(self, name: str, at: Ref | None = None, *, switch: bool = True) -> str:
        """Make a branch, one small write whatever the size of the data; returns its name.

        Args:
            name: the new branch.
            at: where it begins, as for `deeplake.open`; by default where the handle stands.
            switch: whether this handle moves to it, so that later commits land there.

        Raises:
            RefExistsError, InvalidNameError, RefNotFoundError, StagedChangesError
        """
        stand = self._unrestricted("branch()")
        stand.settled("branch()")
        check_name(name, "branch")
        base = stand.snapshot if at is None else stand.repository.resolve(at).snapshot
        made = stand.repository.create_branch(name, base)
        if switch:
            stand.move(base, made)
        return made.name

    def checkout(self, name: Ref) -> None:
        """Move to a branch (then the handle writes there), or to a tag, commit or time (read-only).

        Raises:
            RefNotFoundError, StagedChangesError
        """
        stand = self._open_stand()
        stand.settled("checkout()")
        found = stand.repository.resolve(name)
        stand.move(found.snapshot, found.branch)

    def branches(self) -> list[str]:
        """Names of all branches, sorted."""
        return [branch.name for branch in self._open_stand().repository.branches()]

    def rename_branch(self, old: str, new: str) -> str:
        """Give a branch another name, 'main' too; returns the new one.

        Handles that stand on it go on working. If the process dies half-way, both names are the
        branch's, until it is renamed again.

        Raises:
            RefNotFoundError, RefExistsError, InvalidNameError
        """
        stand = self._unrestricted("rename_branch()")
        branch = stand.repository.branch(check_name(old, "branch"))
        renamed = stand.repository.rename_branch(branch, new)
        if stand.branch is not None and stand.branch.branch_id == branch.branch_id:
            stand.branch = renamed
        return renamed.name

    def delete_branch(self, name: str, *, force: bool = False) -> None:
        """Delete a branch. Its commits stay where they are and can be opened by id.

        Whoever still stands on it can read, but not commit. If the process dies half-way, so it is
        for everybody until the branch is deleted again.

        Args:
            name: the branch, not the one that this handle stands on.
            force: also if its commits are in the history of no other branch or tag.

        Raises:
            BranchNotMergedError: they are not, and `force` was not given.
            RefNotFoundError, StateError
        """
        stand = self._unrestricted("delete_branch()")
        branch = stand.repository.branch(check_name(name, "branch"))
        if stand.branch is not None and stand.branch.branch_id == branch.branch_id:
            raise StateError(
                f"this handle stands on the branch {name!r}.", hint="checkout() another one first."
            )
        stand.repository.delete_branch(branch, author_name(), force=force)

    def merge(
        self,
        source: Ref,
        into: str | None = None,
        on_conflict: Literal["raise", "ours", "theirs"] | Callable[[Conflict], Any] = "raise",
        *,
        message: str | None = None,
        force: bool = False,
    ) -> Commit:
        """Bring what another branch, tag or commit has into a branch: one new commit, or none if
        the branch has it already. All tables at once; costs what changed, copies no data.

        What only one side changed is taken. Cells that both changed, each in its own way, rows
        that one side deleted and the other changed, and colliding schemas are conflicts.

        Args:
            source: what to merge.
            into: the branch that receives it; by default the one that this handle stands on.
            on_conflict: "raise" changes nothing and raises; "ours" keeps what the receiving
                branch has, "theirs" what the source has; a function is called with each conflict
                and returns the value to keep (of a row: the conflict's `ours` or `theirs`).
            message: of the merge commit.
            force: merge also a branch that was made of a view (`to_branch`), which deletes what
                the view left out.

        Raises:
            MergeConflictError: its `conflicts` say what; nothing was changed.
            RefNotFoundError, StagedChangesError, StateError
        """
        from deeplake.api.merging import merge

        snapshot = merge(
            self._unrestricted("merge()"), source, into, on_conflict, message, force=force
        )
        return _commit_of(snapshot)

    def conflicts(self) -> list[Conflict]:
        """The conflicts of the merge (revert, cherry-pick) that waits on this handle's branch.

        One waits since it raised MergeConflictError, also in another process, until `resolve`
        has settled everything, it is done with a policy, or `abort_merge` forgets it. Worked out
        on the branch's newest commit; what was decided is left out.

        Raises:
            ReadOnlyError: the handle is not on a branch.
        """
        from deeplake.api.merging import conflicts

        return conflicts(self._unrestricted("conflicts()"))

    def resolve(
        self,
        keep: Literal["ours", "theirs"] | None = None,
        *,
        value: Any = _UNSET,
        table: str | None = None,
        row_id: int | None = None,
        column: str | None = None,
    ) -> list[Conflict]:
        """Decide on conflicts of the merge that waits; with the last one it is published.

        Args:
            keep: the side to keep.
            value: a new value instead, of a cell; what JSON can hold.
            table: decide on this table's conflicts only.
            row_id: on this row's only.
            column: on this column's only.

        Returns:
            The conflicts that are left.

        Raises:
            InputError: nothing in conflict is named so, or neither side nor value is given.
            StateError: no merge waits.
        """
        from deeplake.api.merging import UNSET, resolve

        value = UNSET if value is _UNSET else value
        return resolve(self._unrestricted("resolve()"), keep, value, table, row_id, column)

    def abort_merge(self) -> None:
        """Forget the merge that waits on this handle's branch, if one does."""
        from deeplake.api.merging import abort_merge

        abort_merge(self._unrestricted("abort_merge()"))

    def revert(
        self,
        commit: Ref,
        *,
        parent: int | None = None,
        on_conflict: Literal["raise", "ours", "theirs"] | Callable[[Conflict], Any] = "raise",
        message: str | None = None,
    ) -> Commit:
        """Undo what one commit did, also one in the middle of the history, as a new commit.

        Args:
            commit: the commit.
            parent: which parent's state a merge is taken back to; 1 is the branch it was made on.
            on_conflict: as for `merge`; "theirs" is the state before the commit.
            message: of the new commit.

        Raises:
            MergeConflictError: later commits changed the same; nothing was changed.
            InputError: a merge, and no parent was named.
            RefNotFoundError, StagedChangesError
        """
        from deeplake.api.merging import revert

        return _commit_of(
            revert(self._unrestricted("revert()"), commit, parent, on_conflict, message)
        )

    def cherry_pick(
        self,
        commit: Ref,
        *,
        parent: int | None = None,
        on_conflict: Literal["raise", "ours", "theirs"] | Callable[[Conflict], Any] = "raise",
        message: str | None = None,
    ) -> Commit:
        """Do on this branch what one commit of another did, as a new commit.

        Args and errors are those of `revert`.
        """
        from deeplake.api.merging import cherry_pick

        return _commit_of(
            cherry_pick(self._unrestricted("cherry_pick()"), commit, parent, on_conflict, message)
        )

    def save_view(self, name: str, view: QueryView, *, replace: bool = False) -> str:
        """Save a view by name, for every handle and process; returns its name.

        What is saved is the statement, its parameters and the commit it was asked at, which no
        vacuum takes away from it then; no rows.

        Raises:
            RefExistsError: a view of that name is saved, and `replace` is false.
            StagedChangesError: the view reads rows that are not committed.
            InputError, InvalidNameError
        """
        from deeplake.api.querying import save_view

        save_view(self._unrestricted("save_view()"), name, view, replace=replace)
        return name

    def load_view(self, name: str) -> QueryView:
        """A saved view, of the commit it was saved at, whatever this handle stands on.

        Raises:
            RefNotFoundError: there is none of that name.
        """
        from deeplake.api.querying import load_view

        return load_view(self._open_stand(), name)

    def views(self) -> list[str]:
        """Names of all saved views, sorted."""
        from deeplake.versioning.saved import list_views

        return [view.name for view in list_views(self._open_stand().repository.objects)]

    def delete_view(self, name: str) -> None:
        """Forget a saved view; no row goes.

        Raises:
            RefNotFoundError: there is none of that name.
        """
        from deeplake.versioning.saved import delete_view

        delete_view(self._unrestricted("delete_view()").repository.objects, name)

    def tag(self, name: str, at: Ref | None = None) -> str:
        """Name a commit for good (by default the one the handle stands on); returns the name.

        Raises:
            RefExistsError, InvalidNameError, RefNotFoundError, StagedChangesError
        """
        stand = self._unrestricted("tag()")
        stand.settled("tag()")
        target = stand.snapshot if at is None else stand.repository.resolve(at).snapshot
        return stand.repository.create_tag(name, target).name

    def delete_tag(self, name: str) -> None:
        """Delete a tag. Its commit stays.

        Raises:
            RefNotFoundError: there is no tag of that name.
        """
        self._unrestricted("delete_tag()").repository.delete_tag(check_name(name, "tag"))

    def tags(self) -> dict[str, str]:
        """Tag name -> commit id, sorted."""
        return {t.name: str(t.commit_id) for t in self._open_stand().repository.tags()}

    def reset(self, commit: Ref) -> Commit:
        """Move the branch to the state of another commit: a new commit with that one's tables.

        Commits that were left behind are in no history any more, but can be opened by id. The new
        commit's parent is `commit`; its id is returned.

        Args:
            commit: where to, as for `deeplake.open`; it need not be of this branch.

        Raises:
            StagedChangesError: something is staged.
            CommitConflictError: the branch has moved on since this handle read it.
            ReadOnlyError, RefNotFoundError, CommitUnknownError
        """
        stand = self._unrestricted("reset()")
        with stand.locks.writing, stand.locks.state:
            stand.settled("reset()")
            branch = stand.writable()
            target = stand.repository.resolve(commit).snapshot
            if target.commit_id is None:
                raise RefNotFoundError("there is no commit yet.", hint="Commit something first.")
            made = stand.repository.reset(branch, stand.snapshot, target, author_name())
            stand.move(made, branch)
        return to_commit(made.header)  # type: ignore[arg-type]

    def log(self, n: int | None = None, *, all: bool = False) -> Log:
        """Commits in the history of the one the handle stands on, merged ones too, newest first.

        The history ends where its oldest commits have expired. Printed, it shows which commit was
        built upon which, and branches and tags beside those they stand on.

        Args:
            n: at most so many.
            all: also automatic commits (table creation, resets, later SQL statements and
                compactions).

        Raises:
            InputError: n is no number of commits.
        """
        from deeplake.api.log import history_of

        if n is not None and (not isinstance(n, int) or n < 0):
            raise InputError(f"n is how many commits, not {n!r}.")
        stand = self._unrestricted("log()")
        return history_of(stand.repository, stand.snapshot, n, automatic=all)

    def diff(self, a: Ref | None = None, b: Ref | None = None) -> Diff:
        """What changed from one commit to another: rows, cells, columns. Costs what changed.

        A dataset compares its own table, a database all of them. Printed, it is a summary;
        iterated, it gives a `RowChange` for each row. Nothing is read before it is asked for.

        Args:
            a: a branch, tag, commit or time, as for `deeplake.open`; left out, what is staged is
                compared with the commit the handle stands on. "main...fixes" is what fixes did
                since it left main; a side left out is where the handle stands.
            b: the same; left out, the commit the handle stands on, without what is staged.

        Raises:
            RefNotFoundError
            InputError: only `b` was given, or a second ref beside "a...b", or these two have
                nothing in common.
        """
        from deeplake.api.diff import diff

        return diff(self._open_stand(), self._own_tables(), a, b)

    def _own_tables(self) -> list[str] | None:
        """The tables that the handle is of; None for all."""
        return None

    def close(self) -> None:
        """Drop what is staged and release the store. The handle cannot be used afterwards."""
        if self._stand is not None:
            self._stand.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit what is staged; roll back if the block raised."""
        stand = self._stand
        if stand is None:
            return  # nothing was opened yet
        if kind is not None:
            stand.rollback()
        elif stand.staged:
            stand.commit("")


def _commit_of(snapshot: Snapshot) -> Commit:
    if snapshot.header is None:
        raise StateError("there is nothing to commit yet.", hint="Append rows first.")
    return to_commit(snapshot.header)
