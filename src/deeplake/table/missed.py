"""What is staged and goes away unheard: a warning that says what it was and the way out."""

from __future__ import annotations

import os
from _warnings import warn  # what warnings.warn is; needs no import when the program ends
from typing import TYPE_CHECKING

from deeplake.errors import StagedRowsWarning
from deeplake.table.draft_steps import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.table.draft import Draft
    from deeplake.versioning.repository import Repository


class Missed:
    """A transaction of which somebody hears when it goes away, at the end of a program too."""

    missed = False
    """Whether somebody staged this and should hear of it; of the class, since a transaction that
    was interrupted while it was made goes away as well."""

    if TYPE_CHECKING:
        _repository: Repository
        _gone: dict[str, int]
        _sent: bool
        _process: int

        @property
        def staged(self) -> bool: ...  # noqa: D102
        def drafts(self) -> list[Draft]: ...  # noqa: D102

    def __del__(self, getpid: Callable[[], int] = os.getpid) -> None:
        if self.missed and self.staged and not self._sent and self._process == getpid():
            warn(
                f"{told(self.drafts(), list(self._gone))} of {self._repository.store.url} were "
                "staged and are dropped with their handle. Call commit() before it goes, or "
                "rollback() if you mean that.",
                StagedRowsWarning,
                stacklevel=2,
            )
