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
    TableExistsError,
    TableNotFoundError,
    did_you_mean,
)
from deeplake.format.keys import check_name
from deeplake.table.columns import Columns, columns_of
from deeplake.table.draft import Draft, DraftMark
from deeplake.table.draft_steps import alike, change_of, close, ending, refuse_rows, without_keys
from deeplake.table.missed import Missed
from deeplake.table.packs import PackWriter
from deeplake.table.placing import required
from deeplake.table.rebase import rebased
from deeplake.table.table_tree import TableTree
from deeplake.table.walk import Side
from deeplake.versioning.publish import publish
from deeplake.versioning.staged import Staged, Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from deeplake.format.fragment import Fragment
    from deeplake.format.schema import TableSchema
    from deeplake.format.statistics import ColumnStatistics
    from deeplake.format.tree import Record
    from deeplake.table.columns import Key
    from deeplake.table.key_history import KeysKnown
    from deeplake.table.keys import TableKeys, View
    from deeplake.types.base import ColumnData
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.refs import Branch
    from deeplake.versioning.repository import Repository
    from deeplake.versioning.snapshot import Snapshot

    Rows = npt.NDArray[np.int64]
    Replaced = Mapping[tuple[Record, ...], tuple[Fragment, ...]]


class TableMark(NamedTuple):
    """How much was staged for a table at some moment, and whether anything was before."""

    table: str
    fresh: bool
    mark: DraftMark


class Mark(NamedTuple):
    """All that was staged at some moment, for savepoints."""

    drafts: dict[str, tuple[Draft, DraftMark]]
    gone: dict[str, int]
    watched: frozenset[str]


class Transaction(Missed):
    """Rows and tables staged on a branch."""

    def __init__(
        self,
        repository: Repository,
        branch: Branch,
        snapshot: Snapshot,
        keys_known: list[KeysKnown] | None = None,
    ) -> None:
        self._keys_known: list[KeysKnown] = [] if keys_known is None else keys_known
        """One, once a table with keys was written: most programs never load what it needs."""
        self._repository = repository
        self._branch = branch
        self.snapshot = snapshot
        self._writer = PackWriter(repository.objects)
        self._drafts: dict[str, Draft] = {}
        self._gone: dict[str, int] = {}
        """Committed tables that are dropped, or have another name; with their ids."""
        self._watched: frozenset[str] = frozenset()
        """Tables whose rows something staged relies on: they may not change before it commits."""
        self.by_row = False
        """Whether two changes of one row are a conflict, whichever cells they are of."""
        self._trees: dict[str, TableTree] = {}
        """Tables as they are committed: what one step has read of them, the next need not."""
        self._nonce = int.from_bytes(os.urandom(8), "little")  # kept, so that a retry is the same
        self.derived = self._broken = False
        """Whether what is staged is a view of the snapshot; whether it was rolled back."""
        self._sent = False
        """Whether a commit was sent whose outcome is unknown: its contents must not change now."""
        self._process = os.getpid()

    @property
    def staged(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self._gone) or any(draft.staged for draft in self._drafts.values())

    def rows(self, table: str) -> int:
        """By how much staged changes lengthen a table; less than 0 if rows are deleted."""
        draft = self._drafts.get(table)
        return 0 if draft is None else draft.added_rows - draft.deleted_rows

    def columns(self, table: str) -> Columns:
        """The columns of a table, staged or committed.

        Raises:
            TableNotFoundError: neither.
        """
        draft = self._drafts.get(table)
        if draft is not None:
            return draft.columns
        self._not_gone(table)
        return columns_of(self.snapshot.table(table).schema_block)

    def drafts(self) -> list[Draft]:
        """What is staged, table by table."""
        return [draft for draft in self._drafts.values() if draft.staged]

    def table_id(self, table: str) -> int:
        """The id of a table, staged or committed."""
        draft = self._drafts.get(table)
        if draft is not None:
            return draft.table_id
        self._not_gone(table)
        return self.snapshot.table(table).table_id

    def name_of(self, table_id: int) -> str | None:
        """The name that a table has here; None if there is none of that id."""
        for name, draft in self._drafts.items():
            if draft.table_id == table_id:
                return name
        for name, entry in self.snapshot.entries().items():
            if entry.table_id == table_id and name not in self._gone:
                return name
        return None

    def committed(self, table: str) -> TableTree:
        """The table's rows without what is staged."""
        return self._committed(table)

    def has_table(self, table: str) -> bool:
        """Whether the table is there, staged or committed."""
        if table in self._drafts:
            return True
        return table in self.snapshot.entries() and table not in self._gone

    def tables(self) -> list[str]:
        """Every table, staged or committed."""
        there = [name for name in self.snapshot.entries() if name not in self._gone]
        return [*there, *(name for name in self._drafts if name not in there)]

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
        self._drafts[name] = Draft(
            table_id, name, Columns(schema), self._writer, schema, nonce=self._nonce, created=True
        )

    def drop_table(self, name: str) -> None:
        """Stage the end of a table, with whatever is staged for it.

        Raises:
            TableNotFoundError: there is none.
        """
        self._open()
        draft = self._draft(name)
        del self._drafts[name]
        if not draft.created:
            self._gone[draft.base_name] = draft.table_id

    def rename_table(self, old: str, new: str) -> None:
        """Stage another name of a table; what it holds stays.

        Raises:
            TableNotFoundError, InvalidNameError
            TableExistsError: the name is taken.
            StagedChangesError: rows of it are staged.
        """
        self._open()
        check_name(new, "table")
        if self.has_table(new):
            raise TableExistsError(f"table {new!r} exists already.", hint="Take another name.")
        draft = self._draft(old)
        refuse_rows(draft, "name")
        del self._drafts[old]
        base = draft.base_name
        if not draft.created:
            self._gone[base] = draft.table_id
        if new == base and not draft.created:
            del self._gone[base]  # its old name again
        self._drafts[new] = Draft(
            draft.table_id, new, draft.columns, self._writer, draft.schema, nonce=self._nonce,
            created=draft.created, base_name=None if draft.created else base,
        )  # fmt: skip

    def watch(self, table: str) -> None:
        """Refuse to commit over changes of a table's rows by others: something staged relies on
        them.
        """
        draft = self._drafts.get(table)
        if draft is None or not draft.created:
            self._watched |= {table if draft is None else draft.base_name}

    def append(self, table: str, batch: Mapping[int, ColumnData], rows: int) -> None:
        """Stage rows: one `ColumnData` of `rows` rows per column id.

        Raises:
            UniqueViolationError: another row has the same key.
            StoreError: a pack could not be stored; nothing of this batch is staged.
        """
        self._open()
        draft = self._draft(table)
        keys = self._keys(draft)
        after = None if keys is None else keys.appending(self._view(draft), batch, rows)
        without_keys(draft)
        draft.append(batch, rows)
        if keys is not None:
            keys.state = after

    def update(self, table: str, rows: Rows, batch: Mapping[int, ColumnData]) -> None:
        """Stage new values by position: row k of each column goes to rows[k], all or none.

        Raises:
            UniqueViolationError: another row has the same key.
        """
        self._open()
        draft = self._draft(table)
        keys = self._keys(draft)
        after = None if keys is None else keys.updating(self._view(draft), rows, batch)
        without_keys(draft)
        draft.update(self.tree(table), rows, batch)
        if keys is not None:
            keys.state = after

    def delete(self, table: str, rows: Rows) -> None:
        """Stage the deletion of rows by position."""
        self._open()
        draft = self._draft(table)
        keys = self._keys(draft)
        after = None if keys is None else keys.deleting(rows)
        without_keys(draft)
        draft.delete(self.tree(table), rows)
        if keys is not None:
            keys.state = after

    def match(self, table: str, key: Key, data: Sequence[ColumnData]) -> tuple[Rows, Rows]:
        """(row of `data`, position of a row with the same key), a pair for every such row.

        The key need not be one of the table's.
        """
        self._open()
        draft = self._draft(table)
        if draft.keys is None:
            draft.keys = self._known().open(self.snapshot, draft)
        return draft.keys.match(self._view(draft), key, data)

    def _keys(self, draft: Draft) -> TableKeys | None:
        if draft.keys is None and draft.columns.keys:
            draft.keys = self._known().open(self.snapshot, draft)
        return draft.keys

    def _known(self) -> KeysKnown:
        if not self._keys_known:
            from deeplake.table.key_history import KeysKnown

            self._keys_known.append(KeysKnown())
        return self._keys_known[0]

    def _view(self, draft: Draft) -> View:
        from deeplake.table.keys import View

        return View(draft.columns, lambda: self.tree(draft.name), draft.settled)

    def evolve(self, table: str, change: Callable[[int, Columns], TableSchema]) -> None:
        """Stage another schema of a table; `change` makes it from table id and columns.

        Raises:
            StagedChangesError: rows of the table are staged, which have the schema of now.
        """
        self._open()
        old = self._draft(table)
        schema = change(old.table_id, old.columns)
        if (old.builder.rows or old.edits) and alike(schema, old.columns.schema):
            old.columns = Columns(schema)
            old.schema = schema
            return
        refuse_rows(old, "columns")
        same = not old.created and schema == self.snapshot.table(old.base_name).schema
        self._drafts[table] = Draft(
            old.table_id, table, Columns(schema), self._writer, None if same else schema,
            nonce=self._nonce, created=old.created,
            base_name=None if old.created else old.base_name,
        )  # fmt: skip

    def mark(self, table: str) -> TableMark:
        """The rows staged for a table so far, for `restore`."""
        self._open()
        fresh = table not in self._drafts
        return TableMark(table, fresh, self._draft(table).mark())

    def restore(self, mark: TableMark) -> None:
        """Forget the rows staged for a table since `mark`."""
        if self._broken:
            return  # rolled back meanwhile: there are none
        draft = self._draft(mark.table)
        draft.restore(mark.mark)
        if mark.fresh and not draft.staged:
            del self._drafts[mark.table]

    def mark_all(self) -> Mark:
        """All that is staged so far, for `restore_all`."""
        self._open()
        drafts = {name: (draft, draft.mark()) for name, draft in self._drafts.items()}
        return Mark(drafts, dict(self._gone), self._watched)

    def restore_all(self, mark: Mark) -> None:
        """Forget what was staged for any table since `mark`."""
        if self._broken:
            return
        self._drafts = {}
        for name, (draft, staged) in mark.drafts.items():
            draft.restore(staged)
            self._drafts[name] = draft
        self._gone, self._watched = dict(mark.gone), mark.watched

    def forget(self, table: str) -> None:
        """Forget all that is staged for a table, also that it was created."""
        self._drafts.pop(table, None)

    def _draft(self, table: str) -> Draft:
        found = self._drafts.get(table)
        if found is None:
            self._not_gone(table)
            state = self.snapshot.table(table)
            columns = columns_of(state.schema_block)
            found = self._drafts[table] = Draft(
                state.table_id, table, columns, self._writer, nonce=self._nonce
            )
        return found

    def _not_gone(self, table: str) -> None:
        if table in self._gone and table not in self._drafts:
            raise TableNotFoundError(
                f"table {table!r} was dropped or renamed in this transaction.",
                hint=did_you_mean(table, self.tables()),
            )

    def tree(self, table: str) -> TableTree:
        """The table's rows as this transaction sees them."""
        draft = self._drafts.get(table)
        committed = None
        if draft is None or not draft.created:
            committed = self._committed(table if draft is None else draft.base_name)
        if draft is None or not draft.staged:
            return committed if committed is not None else TableTree(self._objects, None, ())
        return draft.tree(self._objects, committed)

    @property
    def _objects(self) -> Objects:
        return self._repository.objects

    def _committed(self, table: str) -> TableTree:
        """By the name that it has in the commit."""
        found = self._trees.get(table)
        if found is None:
            records = self.snapshot.table(table).records
            found = self._trees[table] = TableTree(self._objects, self.snapshot.head, records)
        return found

    def commit(self, message: str, author: str, *, automatic: bool = False) -> Snapshot:
        """Publish everything staged, atomically and durably; returns the new commit's snapshot.

        Raises:
            CommitConflictError, CommitUnknownError, StoreError: all stays staged, and committing
                again sends what is missing.
        """
        self._usable()
        for draft in self._drafts.values():
            close(draft.builder)
        staged = self._built(self.snapshot)
        stamp = Stamp(author, message, automatic, self._nonce)
        before, self._sent = self._sent, True  # first, as an interrupt may come at any time
        try:
            made = publish(self._objects, self._branch, self.snapshot, staged, stamp, self._built)
        except CommitUnknownError:
            raise
        except CommitConflictError:
            self._sent = False  # another writer has the slot that it was sent to
            raise
        except DeeplakeError:
            self._sent = before  # surely not published this time
            raise
        self.missed = False
        for draft in self._drafts.values():
            if draft.keys is not None:
                self._known().committed(self.snapshot, made, draft)
        return made

    def statistics(self, table: str) -> dict[int, ColumnStatistics]:
        """Column id -> statistics of the rows staged for a table."""
        draft = self._drafts.get(table)
        return {} if draft is None else draft.statistics()

    def abandon(self) -> None:
        """Drop everything staged."""
        self._broken, self.missed = True, False
        self._drafts.clear()
        self._writer.abandon(keep=self._sent)

    def _built(self, parent: Snapshot) -> Staged:
        """All that is staged, as changes of a commit of the branch: the one it was begun on, or a
        later one.

        Raises:
            CommitConflictError: the commits since have changed the same rows or cells.
            StoreError: a pack could not be stored; calling again sends what is missing.
        """
        drafts = [draft for draft in self._drafts.values() if draft.staged]
        if parent is not self.snapshot:
            self._unchanged(parent)
            for draft in drafts:
                self._same_schema(draft, parent)
                self._own_keys(draft, parent)
        written = [(d.appended(self._objects), self._replaced(d, parent)) for d in drafts]
        inline = self._writer.finish()
        renamed = {draft.table_id for draft in drafts}
        changes = [ending(i, name) for name, i in self._gone.items() if i not in renamed]
        first = 0
        for draft, new in zip(drafts, written, strict=True):
            changes.append(change_of(draft, *new, first, inline))
            first += draft.builder.rows
        parts, length = ((), 0) if inline is None else (inline.parts, inline.length)
        needs = required(changes, self._writer.features)
        return Staged(tuple(changes), parts, length, needs, derived=self.derived)

    def _unchanged(self, parent: Snapshot) -> None:
        """Refuse to drop, or to rely on, what others have changed.

        Raises:
            CommitConflictError
        """
        entries = parent.entries()
        for name in {*self._watched, *self._gone}:
            ours = self.snapshot.table(name)
            same = name in entries and entries[name].table_id == ours.table_id
            theirs = parent.table(name) if same else None
            if theirs is None or (theirs.root_block, theirs.schema) != (
                ours.root_block, ours.schema,
            ):  # fmt: skip
                raise CommitConflictError(
                    f"the branch moved on while this transaction was open: table {name!r}, which "
                    "it drops, renames or relies on, was changed.",
                    hint="Roll back, refresh, and apply the change again.",
                )

    def _same_schema(self, draft: Draft, parent: Snapshot) -> None:
        """Refuse to move rows under another schema than theirs.

        Raises:
            CommitConflictError
        """
        entries = parent.entries()
        if draft.created:
            problem = "was made by another commit" if draft.name in entries else ""
        elif draft.base_name not in entries:
            problem = "was dropped or renamed"
        elif draft.name != draft.base_name and draft.name in entries:
            problem = "was made by another commit"
        else:
            ours, theirs = (s.table(draft.base_name) for s in (self.snapshot, parent))
            problem = "has another schema now" if ours.schema != theirs.schema else ""
        if problem:
            raise CommitConflictError(
                f"the branch moved on while this transaction was open: table {draft.name!r} "
                f"{problem}.",
                hint="Roll back, refresh, and apply the change again.",
            )

    def _own_keys(self, draft: Draft, parent: Snapshot) -> None:
        """Refuse keys that commits since have given to other rows.

        Raises:
            CommitConflictError: naming them.
        """
        if draft.created or not draft.columns.keys:
            return
        from deeplake.table.key_conflicts import clashes

        old, new = (
            Side(self._objects, snapshot.head, snapshot.table(draft.base_name).records)
            for snapshot in (self.snapshot, parent)
        )
        found = clashes(self._objects, draft.columns, old, new, draft)
        if found:
            named = ", ".join(f"{'/'.join(clash.columns)} {clash.value!r}" for clash in found[:5])
            raise CommitConflictError(
                f"the branch moved on while this transaction was open: another commit has rows of "
                f"the same keys: {named}.",
                hint="Roll back, refresh, and upsert() the rows.",
            )

    def _replaced(self, draft: Draft, parent: Snapshot) -> Replaced:
        """What comes in the place of fragments that a draft edits."""
        edits = draft.committed_edits()
        if not edits:
            return {}
        objects, new = self._objects, parent.table(draft.base_name)
        if parent is not self.snapshot:
            old = self.snapshot.table(draft.base_name)
            edits = rebased(
                Side(objects, self.snapshot.head, old.records),
                Side(objects, parent.head, new.records),
                edits,
                draft.columns,
                [c.column_id for c in columns_of(old.schema_block)],
                table=draft.name,
                by_row=self.by_row,
            )
            tree = TableTree(objects, parent.head, new.records)
        else:
            tree = self._committed(draft.base_name)
        return draft.replaced(tree, edits)

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
