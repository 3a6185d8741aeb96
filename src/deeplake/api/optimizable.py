"""The verb that makes a table's storage fewer and larger pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deeplake.api.optimizing import Optimized
    from deeplake.api.stand import Stand


class Optimizable:
    """A handle on tables that can be rewritten."""

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
