"""The verbs that look after a repository: is everything whole, and what can go?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from deeplake.api.reports import Vacuumed, Verified
    from deeplake.api.stand import Stand
    from deeplake.versioning.history import Ref
    from deeplake.versioning.repository import Repository


class Housekeeping:
    """A handle on a repository that can check and tidy all of it."""

    def _open_stand(self) -> Stand:
        raise NotImplementedError

    def _open_repository(self) -> Repository:
        """Of a database also if its head is damaged."""
        stand = self._open_stand()
        stand.not_closed()
        return stand.repository

    def verify(self, *, at: Ref | None = None, progress: bool | None = None) -> Verified:
        """Read every object of the repository once and check all of it; never stops at damage.

        All commits that can be opened are checked, with the rows of all their tables. The report
        says what is damaged and which rows that costs. `deeplake.connect(url).verify()` works
        even if the newest commit cannot be opened.

        Args:
            at: check this branch, tag or commit and its history only.
            progress: show a bar; by default if stderr is a terminal.

        Raises:
            RefNotFoundError: there is no `at`.
            StoreError: the store failed; nothing is said about what is damaged.
        """
        from deeplake.api.reports import verified

        return verified(self._open_repository(), at, progress)

    def vacuum(
        self,
        older_than: timedelta | float | None = None,
        *,
        dry_run: bool = False,
        no_writers: bool = False,
        progress: bool | None = None,
    ) -> Vacuumed:
        """Delete what no commit needs and is older than 7 days: rows that were staged but never
        committed, and automatic commits that nothing else needs. Other commits stay for good; after
        `optimize()` they are read by trees that name the joined rows, so that small objects go too.

        It may run beside readers and writers. A transaction that has been open for longer than
        `older_than` is refused at its commit; a reader may have to open its commit again.

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
