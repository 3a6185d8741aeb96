"""diff(a, b): what changed between two commits, or what is staged, table by table, row by row.

Nothing is compared before it is asked for. Tables are matched by id, and skipped where both commits
have the same root; the rest is the business of `table.diff`.
"""

from __future__ import annotations

from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from deeplake.api.span import BOTH, spanned
from deeplake.errors import InputError
from deeplake.query.differences import RowDiff, TableSide, differences, staged_diff
from deeplake.table.columns import columns_of
from deeplake.table.schema_diff import SchemaChange, schema_changes
from deeplake.versioning.history import Commit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    import pyarrow as pa

    from deeplake.api.stand import Stand
    from deeplake.format.slot import TableEntry
    from deeplake.table.diff import Batch, Part
    from deeplake.table.draft import Draft
    from deeplake.table.transaction import Transaction
    from deeplake.versioning.history import Ref
    from deeplake.versioning.snapshot import Snapshot


class RowChange(NamedTuple):
    """One row that differs. `old` and `new` are whole rows, None where there is none; of an
    updated row they hold the changed columns only.

    Values are as `ds["column"][i]` gives them; of media, blobs included, a `Descriptor`. A row that
    is staged has no id.
    """

    kind: Literal["removed", "updated", "added"]
    row_id: int | None
    old: dict[str, Any] | None
    new: dict[str, Any] | None


class Changes:
    """Rows that changed in one way: `len()` counts them, iterating reads them."""

    def __init__(
        self, count: Callable[[], int], batches: Callable[[int | None], Iterator[Batch]]
    ) -> None:
        self._count = count
        self._batches = batches

    def __len__(self) -> int:
        return self._count()

    def __iter__(self) -> Iterator[RowChange]:
        for batch in self._batches(None):
            yield from row_changes(batch)

    def first(self, n: int) -> list[RowChange]:
        """The first few, without reading a whole batch of rows that are new or gone."""
        if n < 1:
            return []
        batches = self._batches(n)
        return list(islice((change for batch in batches for change in row_changes(batch)), n))

    def __repr__(self) -> str:
        return f"<{len(self):,} changed rows>"


class _Differences:
    """What a diff of one table and one of several offer alike."""

    added: Changes
    removed: Changes
    updated: Changes
    schema: tuple[SchemaChange, ...]

    def __len__(self) -> int:
        return len(self.added) + len(self.removed) + len(self.updated)

    def __bool__(self) -> bool:
        return bool(self.schema) or len(self.added) > 0 or len(self.removed) > 0 or self._updates()

    def _updates(self) -> bool:
        return any(True for _ in self.updated)

    def __iter__(self) -> Iterator[RowChange]:
        yield from self.removed
        yield from self.updated
        yield from self.added

    def _table_diffs(self) -> list[TableDiff]:
        """The diffs of single tables that it is made of."""
        raise NotImplementedError

    def to_arrow(self) -> pa.Table:
        """A row per changed row: `table`, `kind`, `row_id`, `changed` (names of columns), then
        `old_<c>` and `new_<c>` for every column; media as struct<bytes, crc, shape, codec>.

        Raises:
            InputError: columns of two tables have the same name and different types.
        """
        from deeplake.api.diff_arrow import to_arrow

        return to_arrow(self._table_diffs())

    def to_pandas(self) -> pd.DataFrame:
        """`to_arrow()` as a DataFrame.

        Raises:
            DependencyError: pandas is not installed.
        """
        from deeplake.api.frame import frame

        return frame(self.to_arrow, "to_arrow()")

    def df(self) -> pd.DataFrame:
        """`to_pandas()`."""
        return self.to_pandas()


class TableDiff(_Differences):
    """What changed in one table.

    `added`, `removed` and `updated` are `Changes`, `schema` the changes of its columns. Iterating
    gives all row changes: removed, updated, then added ones. Each kind is in order of row ids,
    save that rows of whole new parts of the table come last, in table order.
    """

    def __init__(
        self,
        name: str,
        sides: tuple[TableSide, TableSide],
        schema: list[SchemaChange],
        rows: Callable[[], RowDiff],
    ) -> None:
        self.name = name
        self.sides = sides
        self.schema = tuple(schema)
        self._open = rows
        self._rows: RowDiff | None = None
        self._counts: dict[str, int] | None = None
        self.added = Changes(
            lambda: self._row_diff().added_rows, lambda n: self._row_diff().added(n)
        )
        self.removed = Changes(
            lambda: self._row_diff().removed_rows, lambda n: self._row_diff().removed(n)
        )
        self.updated = Changes(lambda: self._counted()[""], lambda _: self._row_diff().updated())

    def _table_diffs(self) -> list[TableDiff]:
        """Itself."""
        return [self]

    def _batches(self) -> Iterator[Batch]:
        """All changed rows, column by column, a few thousand at a time."""
        rows = self._row_diff()
        yield from rows.removed()
        yield from rows.updated()
        yield from rows.added()

    @property
    def columns(self) -> dict[str, int]:
        """Column (by its newer name) -> cells updated."""
        return {name: count for name, count in self._counted().items() if name}

    def summary(self) -> dict[str, Any]:
        """Counts: rows added, removed and updated, cells by column, and the schema's changes."""
        return {
            "added": len(self.added),
            "removed": len(self.removed),
            "updated": len(self.updated),
            "columns": self.columns,
            "schema": list(self.schema),
        }

    def _row_diff(self) -> RowDiff:
        if self._rows is None:
            self._rows = self._open()
        return self._rows

    def _counted(self) -> dict[str, int]:
        """Rows updated under '', cells by column."""
        if self._counts is None:
            found = {"": 0}
            for batch in self._row_diff().updated():
                found[""] += batch.rows
                newer = {part.column.column_id: part for part in [*batch.old, *batch.new]}
                for part in newer.values():
                    name = part.column.name
                    found[name] = found.get(name, 0) + len(part.rows)
            self._counts = found
        return self._counts

    def __str__(self) -> str:
        from deeplake.api.diff_text import draw

        return draw(self._table_diffs(), "", colours=False)

    def __repr__(self) -> str:
        from deeplake.api.diff_text import draw, on_a_terminal

        return draw(self._table_diffs(), "", colours=on_a_terminal())


class Diff(_Differences):
    """What changed: `tables` has a `TableDiff` for each table that did. Prints as a summary.

    Of a dataset's diff, which has one table at most, `added`, `removed`, `updated` and `schema` are
    that table's; of several tables they are those of all.
    """

    def __init__(self, tables: dict[str, TableDiff], title: str) -> None:
        self.tables = tables
        self._title = title
        each = list(tables.values())
        self.schema = tuple(change for table in each for change in table.schema)
        self.added = _joined([table.added for table in each])
        self.removed = _joined([table.removed for table in each])
        self.updated = _joined([table.updated for table in each])

    def __iter__(self) -> Iterator[RowChange]:
        for table in self.tables.values():
            yield from table

    def _updates(self) -> bool:
        return any(table._updates() for table in self.tables.values())

    def _table_diffs(self) -> list[TableDiff]:
        """Its tables."""
        return list(self.tables.values())

    def summary(self) -> dict[str, dict[str, Any]]:
        """Table -> counts, as of `TableDiff.summary`."""
        return {name: table.summary() for name, table in self.tables.items()}

    def __str__(self) -> str:
        from deeplake.api.diff_text import draw

        return draw(self._table_diffs(), self._title, colours=False)

    def __repr__(self) -> str:
        from deeplake.api.diff_text import draw, on_a_terminal

        return draw(self._table_diffs(), self._title, colours=on_a_terminal())


def _joined(parts: list[Changes]) -> Changes:
    return Changes(
        lambda: sum(map(len, parts)),
        lambda n: (batch for part in parts for batch in part._batches(n)),
    )


def row_changes(batch: Batch) -> Iterator[RowChange]:
    """A batch row by row."""
    ids = repeat(None, batch.rows) if batch.ids is None else batch.ids.tolist()
    none = repeat(None, batch.rows)
    old = none if batch.kind == "added" else _dicts(batch.old, batch.rows)
    new = none if batch.kind == "removed" else _dicts(batch.new, batch.rows)
    return map(RowChange, repeat(batch.kind), ids, old, new)


def _dicts(parts: list[Part], rows: int) -> list[dict[str, Any]]:
    if len(parts) == 1 and len(parts[0].rows) == rows:
        name = parts[0].column.name
        return [{name: value} for value in parts[0].values()]
    found: list[dict[str, Any]] = [{} for _ in range(rows)]
    for part in parts:
        name = part.column.name
        for row, value in zip(part.rows.tolist(), part.values(), strict=True):
            found[row][name] = value
    return found


# --- what is compared -----------------------------------------------------------------------------


def diff(stand: Stand, tables: Sequence[str] | None, a: Ref | None, b: Ref | None) -> Diff:
    """See `Versioned.diff`; `tables` names those of interest."""
    if a is None:
        if b is not None:
            raise InputError(
                "diff() needs to know what to compare with.",
                hint="diff(a, b), diff(a), or diff() for what is staged.",
            )
        return _staged(stand, tables)
    repository = stand.repository
    if isinstance(a, str) and BOTH in a:
        title, old, new = spanned(stand, a, b)
    else:
        old = repository.resolve(a).snapshot
        new = stand.snapshot if b is None else repository.resolve(b).snapshot
        at = stand.branch.name if b is None and stand.branch is not None else b
        title = f"{_named(a, old)} → {_named(at, new)}"
    before, after = _by_id(old), _by_id(new)
    here = {} if tables is None else _by_id(stand.snapshot)
    ids = [i for i in {**after, **before} if _concerns(tables, i, before, after, here)]
    found: dict[str, TableDiff] = {}
    for i in ids:
        entries = before.get(i), after.get(i)
        if _state(old, entries[0]) != _state(new, entries[1]):
            made = _between(old, new, *entries)
            if repository.objects.principal is not None and not made:
                continue  # that hidden rows changed is nobody's business who may not see them
            name = made.name if made.name not in found else f"{made.name} (dropped)"
            found[name] = made
    return Diff(found, title)


def _concerns(tables: Sequence[str] | None, table_id: int, *sides: dict[int, TableEntry]) -> bool:
    """Whether a table is asked for, by its name in either commit or where the handle stands."""
    return tables is None or any(
        table_id in side and side[table_id].name in tables for side in sides
    )


def _between(
    old: Snapshot, new: Snapshot, before: TableEntry | None, after: TableEntry | None
) -> TableDiff:
    """One table of two commits."""
    sides = _side(old, before), _side(new, after)
    entry = after or before
    assert entry is not None
    changes = []
    if before is None:
        changes.append(SchemaChange("table created", None))
    elif after is None:
        changes.append(SchemaChange("table dropped", None))
    elif before.name != after.name:
        changes.append(SchemaChange("table renamed", None, before.name, after.name))
    changes += _columns_changed(*sides)
    names = (before or entry).name, (after or entry).name
    return TableDiff(entry.name, sides, changes, lambda: differences(*sides, names))


def _columns_changed(old: TableSide, new: TableSide) -> list[SchemaChange]:
    if old.columns is None or new.columns is None:
        return []
    return schema_changes(old.columns.schema, new.columns.schema)


def _side(snapshot: Snapshot, entry: TableEntry | None) -> TableSide:
    if entry is None:
        return TableSide(snapshot.objects, snapshot.head, (), None)
    state = snapshot.table(entry.name)
    columns = columns_of(state.schema_block)
    return TableSide(snapshot.objects, snapshot.head, state.records, columns)


def _by_id(snapshot: Snapshot) -> dict[int, TableEntry]:
    return {entry.table_id: entry for entry in snapshot.entries().values()}


def _state(snapshot: Snapshot, entry: TableEntry | None) -> Any:
    """Equal if a table is the same in two commits, wherever its schema is repeated."""
    if entry is None:
        return None
    return entry.name, snapshot.absolute(entry.root), entry.schema.length, entry.schema.crc


def _staged(stand: Stand, tables: Sequence[str] | None) -> Diff:
    """What the open transaction changes, as it stands now; later writes do not reach it."""
    found: dict[str, TableDiff] = {}
    with stand.locks.state:
        transaction = stand.open_transaction
        for draft in () if transaction is None else transaction.drafts():
            if tables is None or draft.name in tables:
                found[draft.name] = _of_draft(transaction, draft)  # type: ignore[arg-type]
    return Diff(found, "staged changes")


def _of_draft(transaction: Transaction, draft: Draft) -> TableDiff:
    snapshot = transaction.snapshot
    entry = None if draft.created else snapshot.entries()[draft.name]
    old = _side(snapshot, entry)
    rows = staged_diff(old, draft, None if entry is None else transaction.committed(draft.name))
    new = old._replace(columns=draft.columns)
    changes = [SchemaChange("table created", None)] if entry is None else _columns_changed(old, new)
    return TableDiff(draft.name, (old, new), changes, lambda: rows)


def _named(ref: Any, snapshot: Snapshot) -> str:
    """A ref as it was given."""
    if isinstance(ref, str):
        return ref
    if ref is None or isinstance(ref, Commit):
        return str(snapshot.commit_id or "nothing")
    return str(ref.isoformat())
