"""`optimize` and what it returns; and what a handle tidies by the way after its own commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake import amounts
from deeplake.api.progress import bar
from deeplake.api.stand import author_name
from deeplake.errors import DeeplakeError
from deeplake.table.compact import TooMuchError
from deeplake.table.optimize import compact_tail, optimize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.api.stand import Stand
    from deeplake.table.optimize import Compacted
    from deeplake.versioning.snapshot import Snapshot


class OptimizedTable:
    """What was done to one table.

    Attributes:
        before: fragments (runs of rows stored together) before, and `after` after.
        rows: rows of the fragments that were written anew.
        bytes: how much was written.
        overlays: updates that were folded into the rows.
        deleted: deleted rows that are no longer stored.
    """

    def __init__(self, name: str, passes: Sequence[Compacted]) -> None:
        self.name = name
        self.before, self.after = passes[0].before, passes[-1].after
        self.rows = sum(one.rows for one in passes)
        self.bytes = sum(one.bytes for one in passes)
        self.overlays = sum(one.overlays for one in passes)
        self.deleted = sum(one.deleted for one in passes)

    def __repr__(self) -> str:
        if not self.rows and self.before == self.after:
            return f"{self.name}: nothing to do, {amounts.count(self.after, 'fragment')}"
        folded = [
            amounts.count(number, what)
            for number, what in ((self.overlays, "overlay"), (self.deleted, "deleted row"))
            if number
        ]
        with_ = f", {' and '.join(folded)} folded in" if folded else ""
        return (
            f"{self.name}: {self.before:,} -> {amounts.count(self.after, 'fragment')}, "
            f"{amounts.count(self.rows, 'row')} in {amounts.size(self.bytes)} written{with_}"
        )


class Optimized:
    """What `optimize` did.

    Attributes:
        commit: id of the commit that was made, None if there was nothing to do.
        tables: table name -> what was done to it.
        before, after, rows, bytes, overlays, deleted: sums over the tables.
    """

    def __init__(self, url: str, commit: str | None, done: Sequence[Compacted]) -> None:
        self.url = url
        self.commit = commit
        names = dict.fromkeys(one.name for one in done)
        self.tables = {
            name: OptimizedTable(name, [one for one in done if one.name == name]) for name in names
        }
        tables = self.tables.values()
        self.before = sum(table.before for table in tables)
        self.after = sum(table.after for table in tables)
        self.rows = sum(table.rows for table in tables)
        self.bytes = sum(table.bytes for table in tables)
        self.overlays = sum(table.overlays for table in tables)
        self.deleted = sum(table.deleted for table in tables)

    def __repr__(self) -> str:
        made = "nothing to do" if self.commit is None else f"commit {self.commit}"
        lines = [f"optimize of {self.url}: {made}"]
        return "\n".join([*lines, *(f"  {table!r}" for table in self.tables.values())])


def optimized(stand: Stand, names: Sequence[str] | None, progress: bool | None) -> Optimized:
    """Optimize some tables, or all, and move to the commit that was made.

    Raises:
        StagedChangesError, ReadOnlyError, CommitConflictError, CommitUnknownError, StoreError
    """
    with stand.locks.writing, stand.locks.state:
        stand.not_closed()
        stand.not_extending("optimize()")
        stand.settled("optimize()")
        branch = stand.writable()
        objects = stand.repository.objects
        head = stand.repository.head_after(branch, stand.snapshot)
        wanted = sorted(head.entries()) if names is None else names
        rows = sum(e.rows for n, e in head.entries().items() if n in wanted)
        with bar("optimize", rows, progress) as told:
            made, done = optimize(objects, branch, head, wanted, author_name(), told)
        stand.move(head if made is None else made, branch)
        commit = None if made is None else str(made.commit_id)
        return Optimized(objects.store.url, commit, done)


def tidied(stand: Stand, made: Snapshot, names: Sequence[str]) -> Snapshot:
    """The commit after which a handle goes on: the one it made, or one that tidied its tables.

    What goes wrong here is nobody's concern: rows are as they were, and safe.
    """
    branch = stand.branch
    if branch is None:
        return made
    try:
        found = compact_tail(stand.repository.objects, branch, made, names, author_name())
    except TooMuchError:
        stand.optimizes = False  # commits this heavy are not what it is for
        return made
    except (DeeplakeError, OSError, MemoryError, RuntimeError):  # the last: no thread to be had
        return made
    return made if found is None else found
