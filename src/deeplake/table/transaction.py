"""An open transaction: rows staged on top of a snapshot, for any number of tables.

Staged rows can be read; nothing of them is visible to others until `commit`, which publishes all
tables in one slot. A failed `append` leaves the transaction as it was before.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from deeplake.errors import (
    CommitConflictError,
    CommitUnknownError,
    DeeplakeError,
    ForkedProcessError,
    StateError,
    StoreError,
    TableExistsError,
)
from deeplake.format.fragment import ColumnChunk, Fragment, FrameRef, Run
from deeplake.format.keys import check_name
from deeplake.table.builder import FragmentBuilder
from deeplake.table.columns import Columns, columns_of
from deeplake.table.fragments import TableTree
from deeplake.table.packs import Inline, PackWriter
from deeplake.table.staged import open_staged
from deeplake.versioning.publish import publish
from deeplake.versioning.staged import Staged, Stamp, TableChange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deeplake.format.schema import TableSchema
    from deeplake.format.statistics import ColumnStatistics
    from deeplake.table.builder import Mark
    from deeplake.types.base import ColumnData
    from deeplake.versioning.refs import Branch
    from deeplake.versioning.repository import Repository
    from deeplake.versioning.snapshot import Snapshot


class _Draft(NamedTuple):
    """One table of the transaction."""

    table_id: int
    name: str
    columns: Columns
    schema: TableSchema | None
    builder: FragmentBuilder


class TableMark(NamedTuple):
    """How much was staged for a table at some moment, and whether anything was before."""

    table: str
    fresh: bool
    mark: Mark


class Transaction:
    """Rows and tables staged on a branch."""

    def __init__(self, repository: Repository, branch: Branch, snapshot: Snapshot) -> None:
        self._repository = repository
        self._branch = branch
        self.snapshot = snapshot
        self._writer = PackWriter(repository.objects)
        self._drafts: dict[str, _Draft] = {}
        self._nonce = int.from_bytes(os.urandom(8), "little")  # kept, so that a retry is the same
        self._broken = False
        self._sent = False
        """Whether a commit was sent whose outcome is unknown: its contents must not change now."""
        self._process = os.getpid()

    @property
    def staged(self) -> bool:
        """Whether there is anything to commit."""
        return any(d.schema is not None or d.builder.rows for d in self._drafts.values())

    def rows(self, table: str) -> int:
        """Rows staged for a table."""
        draft = self._drafts.get(table)
        return 0 if draft is None else draft.builder.rows

    def columns(self, table: str) -> Columns:
        """The columns of a table, staged or committed.

        Raises:
            TableNotFoundError: neither.
        """
        draft = self._drafts.get(table)
        if draft is not None:
            return draft.columns
        return columns_of(self.snapshot.table(table).schema_block)

    def has_table(self, table: str) -> bool:
        """Whether the table is there, staged or committed."""
        return table in self._drafts or table in self.snapshot.entries()

    def create_table(self, name: str, schema: TableSchema) -> None:
        """Stage a new table.

        Raises:
            TableExistsError: the name is taken.
            InvalidNameError: it cannot be a table name.
        """
        self._open()
        check_name(name, "table")
        if self.has_table(name):
            raise TableExistsError(
                f"table {name!r} exists already in {self._repository.store.url}.",
                hint="Open it, pass exist_ok=True, or name another table.",
            )
        table_id = int.from_bytes(os.urandom(6), "little")
        columns = Columns(schema)
        builder = FragmentBuilder(columns.layouts(), self._writer)
        self._drafts[name] = _Draft(table_id, name, columns, schema, builder)

    def append(self, table: str, batch: Mapping[int, ColumnData], rows: int) -> None:
        """Stage rows: one `ColumnData` of `rows` rows per column id.

        Raises:
            StoreError: a pack could not be stored; nothing of this batch is staged.
        """
        self._open()
        builder = self._draft(table).builder
        mark = builder.mark()
        try:
            builder.add(batch, rows)
        except BaseException:
            builder.restore(mark)  # else some columns would have rows that others lack
            raise

    def mark(self, table: str) -> TableMark:
        """The rows staged for a table so far, for `restore`."""
        self._open()
        fresh = table not in self._drafts
        return TableMark(table, fresh, self._draft(table).builder.mark())

    def restore(self, mark: TableMark) -> None:
        """Forget the rows staged for a table since `mark`."""
        if self._broken:
            return  # rolled back meanwhile: there are none
        builder = self._draft(mark.table).builder
        builder.restore(mark.mark)
        if mark.fresh and not builder.rows:
            del self._drafts[mark.table]

    def forget(self, table: str) -> None:
        """Forget all that is staged for a table, also that it was created."""
        self._drafts.pop(table, None)

    def _draft(self, table: str) -> _Draft:
        found = self._drafts.get(table)
        if found is None:
            state = self.snapshot.table(table)
            columns = columns_of(state.schema_block)
            builder = FragmentBuilder(columns.layouts(), self._writer)
            found = self._drafts[table] = _Draft(state.table_id, table, columns, None, builder)
        return found

    def tree(self, table: str) -> TableTree:
        """The table's rows as this transaction sees them."""
        draft = self._drafts.get(table)
        new = draft is not None and draft.schema is not None
        records = () if new else self.snapshot.table(table).records
        staged = () if draft is None else open_staged(
            self._repository.objects, draft.builder, self._writer, {}
        )  # fmt: skip
        return TableTree(self._repository.objects, self.snapshot.head, records, staged)

    def commit(self, message: str, author: str, *, automatic: bool = False) -> Snapshot:
        """Publish everything staged, atomically and durably; returns the new commit's snapshot.

        Raises:
            CommitConflictError, CommitUnknownError, StoreError: all stays staged, and committing
                again sends what is missing.
        """
        self._usable()
        for draft in self._drafts.values():
            _close(draft.builder)
        inline = self._writer.finish()
        changes, first = [], 0
        for draft in self._drafts.values():
            if draft.schema is None and not draft.builder.rows:
                continue
            fragments = tuple(_final(f, first, inline) for f in draft.builder.closed)
            created = draft.schema is not None
            changes.append(
                TableChange(draft.table_id, draft.name, draft.schema, created, fragments)
            )
            first += draft.builder.rows
        payload = (inline.parts, inline.length) if inline is not None else ((), 0)
        stamp = Stamp(author, message, automatic, self._nonce)
        staged = Staged(tuple(changes), *payload)
        objects = self._repository.objects
        before, self._sent = self._sent, True  # first, as an interrupt may come at any time
        try:
            return publish(objects, self._branch, self.snapshot, staged, stamp)
        except CommitUnknownError:
            raise
        except CommitConflictError:
            self._sent = False  # another writer has the slot that it was sent to
            raise
        except DeeplakeError:
            self._sent = before  # surely not published this time
            raise

    def statistics(self, table: str) -> dict[int, ColumnStatistics]:
        """Column id -> statistics of the rows staged for a table."""
        draft = self._drafts.get(table)
        return {} if draft is None else draft.builder.statistics()

    def abandon(self) -> None:
        """Drop everything staged."""
        self._broken = True
        self._drafts.clear()
        self._writer.abandon(keep=self._sent)

    def _usable(self) -> None:
        if self._broken:
            raise StateError("this transaction was rolled back.", hint="Start another one.")
        if self._process != os.getpid():  # it and its parent would pass for the same commit
            raise ForkedProcessError(
                "the staged rows belong to the process that this one was forked from.",
                hint="Call rollback() here and stage rows of its own, or commit before forking.",
            )

    def _open(self) -> None:
        """Refuse to change what may be committed already: a retry would leave the change out."""
        self._usable()
        if self._sent:
            raise StateError(
                "the outcome of the last commit is unknown, so nothing can be added to it.",
                hint="Call commit() again, which settles it, or rollback() and look at log().",
            )


def _close(builder: FragmentBuilder) -> None:
    """Close the open fragment. After a StoreError closing goes on from where it stopped."""
    mark = builder.mark()
    try:
        builder.close()
    except StoreError:
        raise
    except BaseException:  # an interrupt may have come between two steps
        builder.restore(mark)
        raise


def _final(fragment: Fragment, first_row: int, inline: Inline | None) -> Fragment:
    """Row ids counted over the whole transaction; frames of a small one addressed in its slot."""
    rows, row_ids, versions, columns, base, overlays, deletion = fragment
    runs = tuple([Run(start + first_row, count) for start, count in row_ids])
    if inline is None:
        return Fragment(rows, runs, versions, columns, base, overlays, deletion)
    placed = tuple([
        ColumnChunk(
            chunk.column_id, _in_slot(chunk.frames, inline), chunk.statistics, chunk.versions,
            chunk.generation,
        )
        for chunk in columns
    ])  # fmt: skip
    return Fragment(rows, runs, versions, placed, base, overlays, deletion)


def _in_slot(frames: tuple[FrameRef, ...], inline: Inline) -> tuple[FrameRef, ...]:
    bases = inline.bases
    return tuple([
        FrameRef(b"", rows, offset + bases[pack_id], *sizes)
        for pack_id, rows, offset, *sizes in frames
    ])  # fmt: skip
