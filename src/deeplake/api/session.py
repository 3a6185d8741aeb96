"""Where a handle stands: repository, branch, snapshot, table, and what is staged.

Handles (`Dataset`, `Database`) are thin; this is the state they share. Threads may share one:
writes take turns, and an extend that one thread has begun is finished before another writes.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from deeplake.errors import (
    ClosedError,
    InputError,
    ReadOnlyError,
    StagedChangesError,
    StateError,
    TableNotFoundError,
)
from deeplake.table.column import ColumnReader
from deeplake.table.columns import columns_of
from deeplake.table.fragments import TableTree
from deeplake.versioning.history import open_commit
from deeplake.versioning.objects import merge_children
from deeplake.versioning.repository import Repository
from deeplake.versioning.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from deeplake.format.keys import CommitId
    from deeplake.format.schema import TableSchema
    from deeplake.format.statistics import ColumnStatistics
    from deeplake.storage.store import Store
    from deeplake.table.columns import Columns
    from deeplake.table.transaction import Transaction
    from deeplake.types.base import ColumnData
    from deeplake.versioning.refs import Branch

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
        self._locks = _Locks()
        self._extending = False
        self._pinned_staged = False
        self._closed = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied as a place: store, commit, branch, table. No rows, no threads.

        Raises:
            StagedChangesError: two handles would publish the same staged rows.
        """
        self.settled("pickling or copying a handle")
        return _at, (self.repository.store, self.snapshot.commit_id, self.branch, self.table)

    # --- reading ----------------------------------------------------------------------------

    @property
    def defined(self) -> bool:
        """Whether the table has a schema yet (else the first rows give it one)."""
        transaction = self._transaction
        if transaction is not None:
            return transaction.has_table(self.table)
        return self._columns is not None or self.table in self.snapshot.entries()

    @property
    def columns(self) -> Columns:
        """The table's columns, staged schema included.

        Raises:
            TableNotFoundError: it has none yet.
        """
        found = self._columns
        if found is None:
            with self._locks.state:
                found = self._columns = self._find_columns()
        return found

    def _find_columns(self) -> Columns:
        if not self.defined:
            raise TableNotFoundError(
                f"table {self.table!r} in {self.repository.store.url} has no columns yet.",
                hint="Append rows, or create it with a schema.",
            )
        if self._transaction is not None:
            return self._transaction.columns(self.table)
        return columns_of(self.snapshot.table(self.table).schema_block)

    @property
    def rows(self) -> int:
        """Rows, staged ones included."""
        tree = self._tree
        if tree is not None:
            return tree.rows
        with self._locks.state:
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
        found = self._tree
        if found is None:
            with self._locks.state:
                found = self._tree = self._open_tree()
        return found

    def _open_tree(self) -> TableTree:
        self._not_closed()
        if self._transaction is not None:
            return self._transaction.tree(self.table)
        state = self.snapshot.table(self.table)
        return TableTree(self.repository.objects, self.snapshot.head, state.records)

    def pinned(self) -> Session:
        """What is read now, for good: no later write or move of the handle reaches it."""
        with self._locks.state:
            found = Session(self.repository, self.snapshot, None, self.table)
            found._pinned_staged = self.staged
            if self.defined:
                found._columns, found._tree = self.columns, self.tree()
        return found

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
        transaction = self._transaction
        return self._pinned_staged or (transaction is not None and transaction.staged)

    @property
    def writing(self) -> AbstractContextManager[bool]:
        """Held by the thread that writes, for as long as its rows belong together."""
        return self._locks.writing

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
        self._not_closed()
        if self._transaction is None:
            from deeplake.table.transaction import Transaction

            self._transaction = Transaction(self.repository, branch, self.snapshot)
        return self._transaction

    def create_table(self, schema: TableSchema) -> None:
        """Stage this session's table."""
        with self._locks.writing, self._locks.state:
            self._changed()
            self.transaction().create_table(self.table, schema)
            self._changed()

    def stage(self, batch: Mapping[int, ColumnData], rows: int) -> None:
        """Stage rows of this session's table."""
        if not rows:
            return
        with self._locks.writing, self._locks.state:
            self._changed()  # before as well: an interrupt may come right after the append
            try:
                self.transaction().append(self.table, batch, rows)
            finally:
                self._changed()

    def stage_atomically(self, work: Callable[[], None]) -> None:
        """Run `work`, which stages rows; if it raises, none of them stay staged.

        Raises:
            StateError: `work` rolled back; whatever else it raises.
        """
        with self._locks.writing:
            transaction, outer = self.transaction(), self._extending
            with self._locks.state:
                mark = transaction.mark(self.table)
            try:
                self._extending = True
                work()
                self._same(transaction)
            except BaseException:
                with self._locks.state:
                    self._changed()
                    transaction.restore(mark)
                    self._changed()
                    if self._transaction is not transaction or not (outer or self.staged):
                        self._drop()  # also deletes what was stored of these rows
                raise
            finally:
                self._extending = outer

    def commit(self, message: str, *, automatic: bool = False) -> Snapshot:
        """Publish what is staged and move to the new commit.

        Raises:
            CommitConflictError, CommitUnknownError, StoreError: everything stays staged.
            StateError: an extend is being fed by the caller.
        """
        with self._locks.writing, self._locks.state:
            self._not_extending("commit()")
            if self._transaction is not None and self._transaction.staged:
                author = author_name()
                self.snapshot = self._transaction.commit(message, author, automatic=automatic)
                self._transaction = None
                self._changed()
            return self.snapshot

    def rollback(self) -> None:
        """Drop what is staged."""
        with self._locks.writing, self._locks.state:
            self._extending = False
            self._drop()

    def close(self) -> None:
        """Drop what is staged and release the store; readers and writers then refuse."""
        self.rollback()
        self._closed = True
        self.repository.store.close()

    def _not_closed(self) -> None:
        if self._closed:
            raise ClosedError(
                f"this handle on {self.repository.store.url} was closed.",
                hint="Open another one.",
            )

    def _drop(self) -> None:
        self._changed()
        transaction, self._transaction = self._transaction, None
        self._changed()
        if transaction is not None:
            transaction.abandon()

    def _same(self, transaction: Transaction) -> None:
        if self._transaction is not transaction:
            raise StateError("rollback() was called by the iterator whose rows are being staged.")

    def _not_extending(self, doing: str) -> None:
        """The generator behind an extend must not commit half of its rows."""
        if self._extending:
            raise StateError(
                f"{doing} was called by the iterator whose rows are being staged.",
                hint="Let extend() finish first, or extend in several calls.",
            )

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
        """Stand somewhere else; nothing may be staged."""
        with self._locks.writing, self._locks.state:
            self._not_extending("moving to another commit")
            self._drop()
            self.snapshot, self.branch = snapshot, branch
            self._changed()

    def refresh(self) -> None:
        """Move to the newest commit of the branch."""
        self.settled("refresh()")
        branch = self.writable()
        self.move(self.repository.head_after(branch, self.snapshot), branch)

    def _changed(self) -> None:
        self._tree = None
        self._columns = None
        self.version += 1  # last: who sees it finds nothing old


class _Locks:
    """One lock for a whole write, one for each step; new in a forked child, where a thread that
    holds them does not exist.
    """

    __slots__ = ("_process", "_state", "_writing")

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._process = os.getpid()
        self._writing, self._state = threading.RLock(), threading.RLock()

    @property
    def writing(self) -> AbstractContextManager[bool]:
        """From the first row of an extend to the last."""
        if self._process != os.getpid():
            self._renew()
        return self._writing

    @property
    def state(self) -> AbstractContextManager[bool]:
        """While what readers see is changing. Taken after `writing`, never before it."""
        if self._process != os.getpid():
            self._renew()
        return self._state


def _at(store: Store, commit: CommitId | None, branch: Branch | None, table: str) -> Session:
    repository = Repository.open(store)
    objects = repository.objects
    snapshot = Snapshot(objects, None) if commit is None else open_commit(objects, commit)
    return Session(repository, snapshot, branch, table)


def author_name() -> str:
    """DEEPLAKE_AUTHOR, or the account's name, for commits."""
    for variable in ("DEEPLAKE_AUTHOR", "USER", "LOGNAME", "USERNAME"):
        if name := os.environ.get(variable, "").strip():
            return name[:200].encode("utf-8", "replace").decode("utf-8")
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):  # Windows, or an account without a name (containers)
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
