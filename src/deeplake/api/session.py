"""Where a handle stands: repository, branch, snapshot, table, and what is staged.

Handles (`Dataset`, `Database`) are thin; this is the state they share. One session serves one
thread at a time for writing; reading is safe from many.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from deeplake.errors import InputError, ReadOnlyError, StagedChangesError, TableNotFoundError
from deeplake.table.column import ColumnReader
from deeplake.table.columns import columns_of
from deeplake.table.fragments import TableTree
from deeplake.versioning.objects import merge_children

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deeplake.format.schema import TableSchema
    from deeplake.format.statistics import ColumnStatistics
    from deeplake.table.columns import Columns
    from deeplake.table.transaction import Transaction
    from deeplake.types.base import ColumnData
    from deeplake.versioning.refs import Branch
    from deeplake.versioning.repository import Repository
    from deeplake.versioning.snapshot import Snapshot

MESSAGE_BYTES_MAX = 1 << 16
"""A commit message lies in the slot's header, which every open reads."""


class Session:
    """The state behind one handle.

    Args:
        repository: where.
        snapshot: the commit that is read.
        branch: where commits go; None makes the session read-only.
        table: the table that is shown.
    """

    def __init__(
        self, repository: Repository, snapshot: Snapshot, branch: Branch | None, table: str
    ) -> None:
        self.repository = repository
        self.snapshot = snapshot
        self.branch = branch
        self.table = table
        self.version = 0
        """Grows whenever what a reader would see changes; handles drop their readers then."""
        self._transaction: Transaction | None = None
        self._tree: TableTree | None = None
        self._columns: Columns | None = None

    # --- reading ----------------------------------------------------------------------------

    @property
    def defined(self) -> bool:
        """Whether the table has a schema yet (else the first rows give it one)."""
        if self._transaction is not None:
            return self._transaction.has_table(self.table)
        return self.table in self.snapshot.entries()

    @property
    def columns(self) -> Columns:
        """The table's columns, staged schema included.

        Raises:
            TableNotFoundError: it has none yet.
        """
        if self._columns is None:
            if not self.defined:
                raise TableNotFoundError(
                    f"table {self.table!r} in {self.repository.store.url} has no columns yet.",
                    hint="Append rows, or create it with a schema.",
                )
            if self._transaction is not None:
                self._columns = self._transaction.columns(self.table)
            else:
                self._columns = columns_of(self.snapshot.table(self.table).schema_block)
        return self._columns

    @property
    def rows(self) -> int:
        """Rows, staged ones included."""
        if not self.defined:
            return 0
        entry = self.snapshot.entries().get(self.table)
        return (0 if entry is None else entry.rows) + self.staged_rows

    @property
    def staged_rows(self) -> int:
        """Rows staged for this session's table."""
        return 0 if self._transaction is None else self._transaction.rows(self.table)

    def statistics(self) -> dict[int, ColumnStatistics]:
        """Column id -> statistics of all rows, staged ones included; reads no data."""
        objects = self.repository.objects
        new = self.table not in self.snapshot.entries()
        records = () if new else self.snapshot.table(self.table).records
        parts = objects.parallel(objects.statistics, records)
        if self.staged_rows and self._transaction is not None:
            parts.append(self._transaction.statistics(self.table))
        return merge_children(parts)

    def tree(self) -> TableTree:
        """The table's rows, staged ones included."""
        if self._tree is None:
            if self._transaction is not None:
                self._tree = self._transaction.tree(self.table)
            else:
                state = self.snapshot.table(self.table)
                self._tree = TableTree(self.repository.objects, self.snapshot.head, state.records)
        return self._tree

    def reader(self, name: str) -> ColumnReader:
        """A reader of one column as things stand now."""
        column = self.columns.get(name)
        return ColumnReader(
            self.repository.objects, self.tree(), column.column_id, column.type.layout
        )

    # --- writing ----------------------------------------------------------------------------

    @property
    def staged(self) -> bool:
        """Whether there is anything to commit or roll back."""
        return self._transaction is not None and self._transaction.staged

    def writable(self) -> Branch:
        """The branch that commits go to.

        Raises:
            ReadOnlyError: the handle was opened at a tag, a commit or a time.
        """
        if self.branch is None:
            raise ReadOnlyError(
                f"this handle is read-only: it was opened at {self.snapshot.commit_id}, not at a "
                "branch.",
                hint="Open a branch, or make one here: ds.branch('name').",
            )
        return self.branch

    def transaction(self) -> Transaction:
        """The open transaction, begun if there is none."""
        branch = self.writable()
        if self._transaction is None:
            from deeplake.table.transaction import Transaction

            self._transaction = Transaction(self.repository, branch, self.snapshot)
        return self._transaction

    def create_table(self, schema: TableSchema) -> None:
        """Stage this session's table."""
        self.transaction().create_table(self.table, schema)
        self._changed()

    def stage(self, batch: Mapping[int, ColumnData], rows: int) -> None:
        """Stage rows of this session's table."""
        if rows:
            self.transaction().append(self.table, batch, rows)
            self._changed()

    def stage_atomically(self, work: Callable[[], None]) -> None:
        """Run `work`, which stages rows; if it raises, none of them stay staged."""
        try:
            self.transaction().atomically(self.table, work)
        finally:
            self._changed()

    def commit(self, message: str, *, automatic: bool = False) -> Snapshot:
        """Publish what is staged and move to the new commit.

        Raises:
            CommitConflictError, CommitUnknownError, StoreError: everything stays staged.
        """
        if self._transaction is not None and self._transaction.staged:
            author = author_name()
            self.snapshot = self._transaction.commit(message, author, automatic=automatic)
            self._transaction = None
            self._changed()
        return self.snapshot

    def rollback(self) -> None:
        """Drop what is staged."""
        transaction, self._transaction = self._transaction, None
        self._changed()
        if transaction is not None:
            transaction.abandon()

    def settled(self, doing: str) -> None:
        """Refuse while something is staged.

        Raises:
            StagedChangesError: naming what was tried.
        """
        if self.staged:
            raise StagedChangesError(
                f"{doing} needs a commit, but changes are staged.",
                hint="Call commit() or rollback() first.",
            )

    def move(self, snapshot: Snapshot, branch: Branch | None) -> None:
        """Stand somewhere else."""
        self._transaction = None
        self.snapshot, self.branch = snapshot, branch
        self._changed()

    def refresh(self) -> None:
        """Move to the newest commit of the branch."""
        self.settled("refresh()")
        branch = self.writable()
        self.move(self.repository.head_after(branch, self.snapshot), branch)

    def _changed(self) -> None:
        self.version += 1
        self._tree = None
        self._columns = None


def author_name() -> str:
    """DEEPLAKE_AUTHOR, or the account's name, for commits."""
    for variable in ("DEEPLAKE_AUTHOR", "USER", "LOGNAME", "USERNAME"):
        if name := os.environ.get(variable, "").strip():
            return name[:200].encode("utf-8", "replace").decode("utf-8")
    return "unknown"


def message_text(message: Any) -> str:
    """A commit message.

    Raises:
        InputError: it is no text, no valid Unicode, or longer than 64 KiB.
    """
    if not isinstance(message, str):
        raise InputError(f"a commit message is text, not {type(message).__name__}.")
    try:
        size = len(message.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise InputError(f"the commit message is not valid Unicode: {error.reason}.") from None
    if size > MESSAGE_BYTES_MAX:
        raise InputError(
            f"a commit message of {size:,} bytes is over the limit of {MESSAGE_BYTES_MAX:,}."
        )
    return message
