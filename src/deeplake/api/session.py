"""One table of a stand: its columns and rows as they are now, and how rows are staged for it.

Handles (`Dataset`, `View`, `Column`) are thin; this is what they read through. Where it stands,
and everything that concerns all tables at once, is the stand's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import StateError, TableNotFoundError, UnsupportedQueryError
from deeplake.table.column import ColumnReader
from deeplake.table.columns import columns_of
from deeplake.table.table_tree import TableTree
from deeplake.versioning.objects import merge_children

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    import numpy as np
    import numpy.typing as npt

    from deeplake.api.stand import Stand
    from deeplake.format.schema import TableSchema
    from deeplake.format.statistics import ColumnStatistics
    from deeplake.query.table_view import TableView
    from deeplake.table.columns import Column, Columns, Key
    from deeplake.table.transaction import Transaction
    from deeplake.types.base import ColumnData
    from deeplake.versioning.refs import Branch
    from deeplake.versioning.repository import Repository
    from deeplake.versioning.snapshot import Snapshot


class Session:
    """One table of a stand; `Stand.table` makes it."""

    def __init__(self, stand: Stand, table: str) -> None:
        self.stand = stand
        self.table = table
        self.version = 0
        """Grows whenever what a reader would see changes; handles drop their readers then."""
        self._tree: TableTree | None = None
        self._columns: Columns | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as the place of its stand; handles pickled together stay together."""
        return _table_of, (self.stand, self.table)

    def __copy__(self) -> Session:
        """The same table on a stand of its own."""
        import copy

        return copy.copy(self.stand).table(self.table)

    @property
    def repository(self) -> Repository:
        """Where."""
        return self.stand.repository

    @property
    def snapshot(self) -> Snapshot:
        """The commit that is read."""
        return self.stand.snapshot

    @property
    def branch(self) -> Branch | None:
        """Where commits go."""
        return self.stand.branch

    # --- reading ----------------------------------------------------------------------------

    @property
    def defined(self) -> bool:
        """Whether the table has a schema yet (else the first rows give it one)."""
        transaction = self.stand.open_transaction
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
            with self.stand.locks.state:
                found = self._columns = self._find_columns()
        return found

    def _find_columns(self) -> Columns:
        if not self.defined:
            raise TableNotFoundError(
                f"table {self.table!r} in {self.repository.store.url} has no columns yet.",
                hint="Append rows, or create it with a schema.",
            )
        transaction = self.stand.open_transaction
        if transaction is not None:
            return transaction.columns(self.table)
        return columns_of(self.snapshot.table(self.table).schema_block)

    @property
    def rows(self) -> int:
        """Rows, staged ones included."""
        tree = self._tree
        if tree is not None:
            return tree.rows
        if self.repository.objects.principal is not None:
            return self.tree().rows if self.defined else 0
        with self.stand.locks.state:
            entry = self.snapshot.entries().get(self.table)
            return (0 if entry is None else entry.rows) + self.staged_rows

    @property
    def staged_rows(self) -> int:
        """By how much what is staged lengthens this table; less than 0 if rows are deleted."""
        transaction = self.stand.open_transaction
        return 0 if transaction is None else transaction.rows(self.table)

    def statistics(self) -> dict[int, ColumnStatistics]:
        """Column id -> statistics of all rows, staged ones included; reads no data."""
        objects, transaction = self.repository.objects, self.stand.open_transaction
        if objects.principal is not None:
            from deeplake.query.policy import statistics

            return statistics(objects, self.tree(), self.columns)
        new = self.table not in self.snapshot.entries()
        records = () if new else self.snapshot.table(self.table).records
        parts = objects.parallel(objects.statistics, records)
        if transaction is not None and transaction.rows(self.table):
            parts.append(transaction.statistics(self.table))
        return merge_children(parts)

    def null_counts(self, columns: Sequence[Column]) -> dict[int, int]:
        """Column id -> NULLs among all rows, staged changes included; reads no values."""
        from deeplake.table.null_counts import null_counts

        return null_counts(self.repository.objects, self.tree(), columns)

    def tree(self) -> TableTree:
        """The table's rows, staged ones included.

        Raises:
            ClosedError: the handle, or the one that this is a pinned view of.
        """
        self.stand.not_closed()
        found = self._tree
        if found is None:
            with self.stand.locks.state:
                found = self._tree = self._open_tree()
        return found

    def _open_tree(self) -> TableTree:
        transaction = self.stand.open_transaction
        if transaction is not None:
            return transaction.tree(self.table)
        state, objects = self.snapshot.table(self.table), self.repository.objects
        tree = TableTree(objects, self.snapshot.head, state.records)
        if objects.principal is None:  # asked here, so that nobody else loads what a policy needs
            return tree
        from deeplake.query.policy import seen

        return seen(objects, self.table, tree, columns_of(state.schema_block))

    def row_ids(self) -> npt.NDArray[np.int64]:
        """The id of every committed row, in order."""
        from deeplake.table.locate import row_ids

        return row_ids(self.tree())

    def positions_of(self, row_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Positions of rows by their ids, which ascend; see `table.locate`."""
        from deeplake.table.locate import positions_of

        return positions_of(self.tree(), row_ids)

    def pinned(self) -> Session:
        """What is read now, for good: no later write or move of the handle reaches it."""
        with self.stand.locks.state:
            found = Session(self.stand.pinned(), self.table)  # alone there, so not registered
            if self.defined:
                found._columns, found._tree = self.columns, self.tree()
        return found

    def view(self, positions: npt.NDArray[np.int64] | None = None) -> TableView:
        """The table's rows as they are now, or some of them, for a query."""
        from deeplake.query.table_view import TableView

        if "view" in self.columns.schema.sql:
            raise UnsupportedQueryError(
                f'"{self.table}" is a view, which can be read at its own version only.',
                hint="Check that version out.",
            )
        objects = self.repository.objects
        return TableView(objects, self.table, self.tree(), self.columns, positions)

    def reader(self, name: str) -> ColumnReader:
        """A reader of one column as things stand now."""
        return ColumnReader(self.repository.objects, self.tree(), self.columns.get(name))

    def changed(self) -> None:
        """Forget what was read: rows were staged or dropped, or the stand moved."""
        self._tree = None
        self._columns = None
        self.version += 1  # last: who sees it finds nothing old

    # --- writing ----------------------------------------------------------------------------

    @property
    def staged(self) -> bool:
        """Whether there is anything to commit or roll back, of any table."""
        return self.stand.staged

    @property
    def writing(self) -> AbstractContextManager[bool]:
        """Held by the thread that writes, for as long as its rows belong together."""
        return self.stand.locks.writing

    def writable(self) -> Branch:
        """See `Stand.writable`."""
        return self.stand.writable()

    def settled(self, doing: str) -> None:
        """See `Stand.settled`."""
        self.stand.settled(doing)

    def transaction(self) -> Transaction:
        """See `Stand.transaction`."""
        return self.stand.transaction()

    def create_table(self, schema: TableSchema) -> None:
        """Stage this table."""
        with self.stand.locks.writing, self.stand.locks.state:
            self.changed()
            self.transaction().create_table(self.table, schema)
            self.changed()

    def stage(self, batch: Mapping[int, ColumnData], rows: int) -> None:
        """Stage rows of this table."""
        if not rows:
            return
        locks = self.stand.locks
        with locks.writing, locks.state:
            constrained = self.columns.schema.sql
            self.changed()  # before as well: an interrupt may come right after the append
            try:
                if constrained:
                    from deeplake.api.constrained import stage

                    stage(self, batch, rows)
                else:
                    self.transaction().append(self.table, batch, rows)
            finally:
                self.changed()

    def fit(
        self, data: Mapping[str, ColumnData], rows: int | None = None
    ) -> tuple[dict[int, ColumnData], int]:
        """Column data by name -> by id, complete; what SQL declared defaults for has these.

        Args:
            rows: how many each column is known to have.

        Raises:
            RaggedColumnsError, NullValueError: see `Columns.fit_data`.
        """
        columns = self.columns
        if data and "columns" in columns.schema.sql:
            from deeplake.sql.defaults import filled
            from deeplake.types.base import row_count

            data = filled(columns, data, row_count(next(iter(data.values()))), self)
        return columns.fit_data(data, rows)

    def update(
        self, rows: npt.NDArray[np.int64], batch: Mapping[int, ColumnData], *, within: bool = False
    ) -> None:
        """Stage new values of rows of this table, by position; `within` an upsert of others."""
        doing = "" if within else "update()"

        def change(transaction: Transaction) -> None:
            if self.columns.schema.sql:
                from deeplake.api.constrained import update

                update(self, rows, batch)
            else:
                transaction.update(self.table, rows, batch)

        self._stage_change(doing, change)

    def delete(self, rows: npt.NDArray[np.int64]) -> None:
        """Stage the deletion of rows of this table, by position."""

        def change(transaction: Transaction) -> None:
            if self.columns.schema.sql:
                from deeplake.api.constrained import delete

                delete(self, rows)
            else:
                transaction.delete(self.table, rows)

        self._stage_change("delete()", change)

    def clear(self, rows: npt.NDArray[np.int64]) -> None:
        """Delete rows, whoever refers to them: of TRUNCATE, which has looked."""
        self._stage_change("TRUNCATE", lambda t: t.delete(self.table, rows))

    @property
    def table_id(self) -> int:
        """The id of the table."""
        return self.transaction().table_id(self.table)

    def other(self, table_id: int) -> Session | None:
        """Another table of the transaction, by its id; None if it was dropped."""
        name = self.transaction().name_of(table_id)
        return None if name is None else self.stand.table(name)

    def watch(self, table_id: int) -> None:
        """Let no other writer change a table's rows before this commits."""
        name = self.transaction().name_of(table_id)
        if name is not None:
            self.transaction().watch(name)

    def numbers(self, sequence: Mapping[str, Any], count: int) -> npt.NDArray[np.int64]:
        """The next numbers of a sequence, which nobody else gets."""
        import numpy as np

        from deeplake.versioning.sequences import take

        runs = take(self.repository.objects, sequence["id"], count)
        ordinals = np.concatenate([np.arange(run.start, run.stop) for run in runs])
        found: npt.NDArray[np.int64] = ordinals * sequence.get("by", 1) + sequence.get("start", 1)
        return found

    def match(
        self, key: Key, data: Sequence[ColumnData]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(row of `data`, position of a row with the same key), a pair for every such row."""
        with self.stand.locks.state:
            return self.transaction().match(self.table, key, data)

    def evolve(self, doing: str, change: Callable[[int, Columns], TableSchema]) -> None:
        """Stage another schema of this table; `change` makes it from table id and columns."""
        self.writable()
        if not self.defined:
            self._find_columns()  # says that there are none
        self._stage_change(doing, lambda t: t.evolve(self.table, change))

    def _stage_change(self, doing: str, change: Callable[[Transaction], None]) -> None:
        with self.stand.locks.writing, self.stand.locks.state:
            if doing:
                self.stand.not_extending(doing)
            self.changed()
            try:
                change(self.transaction())
            finally:
                self.changed()

    def stage_atomically(self, work: Callable[[], None]) -> None:
        """Run `work`, which stages rows of this table; if it raises, none of them stay staged.

        Raises:
            StateError: `work` rolled back; whatever else it raises.
        """
        stand = self.stand
        with stand.locks.writing:
            transaction, outer = self.transaction(), stand.extending
            with stand.locks.state:
                mark = transaction.mark(self.table)
            try:
                stand.extending = True
                work()
                self._same(transaction)
            except BaseException:
                with stand.locks.state:
                    self.changed()
                    transaction.restore(mark)
                    self.changed()
                    if stand.open_transaction is not transaction or not (outer or stand.staged):
                        stand.drop()  # also deletes what was stored of these rows
                raise
            finally:
                stand.extending = outer

    def _same(self, transaction: Transaction) -> None:
        if self.stand.open_transaction is not transaction:
            raise StateError("rollback() was called by the iterator whose rows are being staged.")

    def commit(self, message: str, *, automatic: bool = False) -> Snapshot:
        """See `Stand.commit`: what other tables staged is published with it."""
        return self.stand.commit(message, automatic=automatic)

    def rollback(self) -> None:
        """Drop what is staged for this table, its new schema too; other tables keep theirs."""
        stand = self.stand
        with stand.locks.writing, stand.locks.state:
            transaction = stand.open_transaction
            if transaction is None:
                return
            self.changed()
            transaction.forget(self.table)
            self.changed()
            if not (stand.extending or transaction.staged):
                stand.drop()  # also deletes what was stored


def _table_of(stand: Stand, name: str) -> Session:
    return stand.table(name)
