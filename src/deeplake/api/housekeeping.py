"""The verbs that look after a repository: what can go?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from deeplake.api.optimizing import Optimized
    from deeplake.api.reports import Vacuumed
    from deeplake.api.stand import Stand


class Housekeeping:
    """A handle on a repository that can be tidied."""

    def _open_stand(self) -> Stand:
        raise NotImplementedError

    def optimize(self, *, progress: bool | None = None) -> Optimized:
        """Rewrite small fragments into fewer, larger ones, and fold updates and deletions in.

        One automatic commit, which changes no row, row id or version: `diff` and `merge` see
        nothing of it, and values of media are not copied. A dataset's table is optimized, or all
        tables of a database. Handles do the same to the end of a table by themselves after a
        thousand small commits, unless opened with `optimize="off"`.

        Other writers may go on meanwhile: what they change is theirs.

        Args:
            progress: show a bar; by default if stderr is a terminal.

        Raises:
            StagedChangesError: something is staged.
            ReadOnlyError: the handle is not on a branch.
            CommitConflictError, CommitUnknownError, StoreError: rows are as they were.
        """
        from deeplake.api.optimizing import optimized

        return optimized(self._open_stand(), self._own_tables(), progress)

    def _own_tables(self) -> list[str] | None:
        """The tables that the handle is of; None for all."""
        return None

    def vacuum(
        self,
        older_than: timedelta | float | None = None,
        *,
        dry_run: bool = False,
        no_writers: bool = False,
        progress: bool | None = None,
    ) -> Vacuumed:
        """Delete what no commit needs and is older than 7 days: rows that were staged but never
        committed, and automatic commits at the old end of a branch. Other commits stay for good.

        It may run beside readers and writers. A transaction that has been open for longer than
        `older_than` is refused at its commit.

        Args:
            older_than: another age, as timedelta or seconds; at least 10 minutes.
            dry_run: only report what would go.
            no_writers: you know that nobody writes here now; then any age will do, 0 too.
            progress: show a bar; by default if stderr is a terminal.

        Raises:
            InputError: a shorter age without `no_writers`.
            StagedChangesError: this handle has something staged.
            DamageError, StoreError: an object cannot be read or deleted; nothing more goes then.
        """
        from deeplake.api.reports import vacuumed

        return vacuumed(self._open_stand(), older_than, dry_run, no_writers, progress)
