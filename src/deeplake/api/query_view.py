"""Views of queries: `ds.query("SELECT …")`, `ds.filter("…")`: lazy, pinned, read like a dataset.

The statement is bound when the view is made, so that what is wrong with it is said there; it runs
when rows are first asked for. What it read it keeps: the positions of rows in their tables, and
the values that it computed.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import amounts
from deeplake.api.column import Encoded, decode
from deeplake.api.exported import Exported
from deeplake.api.positions import position, positions, within
from deeplake.api.streamed import Streamed
from deeplake.errors import DtypeError, UnsupportedQueryError
from deeplake.query.selected import Referred
from deeplake.types.base import FixedData, VarData, VarLayout, row_count
from deeplake.types.data import var_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from deeplake.api.stand import Stand
    from deeplake.loaders.source import Rows
    from deeplake.query.control import Control
    from deeplake.query.selected import Selected
    from deeplake.query.statement import Statement
    from deeplake.query.table_view import TableView
    from deeplake.sql.parameters import Parameters
    from deeplake.types.base import ColumnData, ColumnType


class Question:
    """A bound statement at a commit, and its rows once somebody asked for them."""

    def __init__(
        self,
        text: str,
        statement: Statement,
        tables: Sequence[TableView],
        values: Sequence[Any],
        stand: Stand,
        this: str | None,
        elsewhere: Sequence[str],
    ) -> None:
        self.text = text
        self.statement = statement
        self.tables = tables
        self.values = values
        self._not_closed = stand.not_closed
        self.repository = stand.repository
        self.snapshot = stand.snapshot
        self.this = this
        """The table that the statement calls `this`."""
        self.elsewhere = elsewhere
        """Tables of other versions, and of history, that it reads."""
        self.staged = stand.staged
        """Whether rows of an open transaction are among those it reads."""
        self.control: Control | None = None
        """Stops it from another thread, if the handle it was made of can."""
        self._process, self._lock = os.getpid(), threading.Lock()
        self._selected: Selected | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as a statement and its commit: the copy asks it anew.

        Raises:
            StagedChangesError: it reads rows that are not committed.
            UnsupportedQueryError: asked anew, it might be answered otherwise.
        """
        from deeplake.api.stand import Stand
        from deeplake.query.expression import is_fleeting

        refuse_staged(self, "pickling a view")
        if self.elsewhere or is_fleeting(self.statement.query):
            what = repr(self.elsewhere[0]) if self.elsewhere else "the time or random numbers"
            raise UnsupportedQueryError(
                f"a view that reads {what} cannot be pickled: asked in another process, it might "
                "have other rows.",
                hint="Make it a branch with to_branch(), or write its rows to a table.",
            )
        there = Stand(self.repository, self.snapshot, None)
        return _asked, (there, self.text, tuple(self.values), self.this)

    @property
    def selected(self) -> Selected:
        """The rows; the first call runs the statement.

        Raises:
            QueryError: it fails on the rows it meets.
            ClosedError: the handle it was made of is closed.
        """
        self._not_closed()
        if self._selected is not None:
            return self._selected
        if self._process != os.getpid():  # a thread that is not here may hold it
            self._process, self._lock = os.getpid(), threading.Lock()
        with self._lock:
            if self._selected is None:
                from deeplake.query.selected import select
                from deeplake.query.statement import run

                result = run(self.statement, self.tables, self.values, control=self.control)
                self._selected = select(self.statement, self.tables, result)
            return self._selected


def _asked(stand: Stand, text: str, values: Sequence[Any], this: str | None) -> Question:
    from deeplake.api.querying import query

    return query(stand, text, values, None if this is None else stand.table(this)).question


def refuse_staged(question: Question, doing: str) -> None:
    """Refuse what needs a commit while rows are read that are only staged.

    Raises:
        StagedChangesError
    """
    if question.staged:
        from deeplake.errors import StagedChangesError

        raise StagedChangesError(
            f"{doing} needs a commit, and this query read rows that were staged.",
            hint="Call commit() first, then query again.",
        )


class QueryView(Streamed, Exported):
    """The rows of a query; indexable like a dataset.

    Args:
        question: the statement.
        rows: which of its rows; None for all.
    """

    __slots__ = ("_fetched", "_rows", "question")

    def __init__(self, question: Question, rows: range | npt.NDArray[Any] | None = None) -> None:
        self.question = question
        self._rows = rows
        self._fetched = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return QueryView, (self.question, self._rows)

    @property
    def _selected(self) -> Selected:
        return self.question.selected

    def __len__(self) -> int:
        return self._selected.rows if self._rows is None else len(self._rows)

    @property
    def schema(self) -> dict[str, ColumnType]:
        """Column -> type."""
        return self._selected.types

    def __getitem__(self, key: Any) -> Any:
        """A column by name, a row by position as a dict, a narrower view.

        Raises:
            ColumnNotFoundError, RowIndexError
        """
        if isinstance(key, str):
            return QueryColumn(self, key)
        row = position(key, len(self))
        if row is None:
            return QueryView(self.question, within(self._places(), positions(key, len(self))))
        return {name: QueryColumn(self, name)[row] for name in self._selected.columns}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        columns = [QueryColumn(self, name) for name in self._selected.columns]
        names = list(self._selected.columns)
        for values in zip(*columns, strict=True):
            yield dict(zip(names, values, strict=True))

    def _places(self) -> range | npt.NDArray[Any]:
        return range(self._selected.rows) if self._rows is None else self._rows

    def _data(self, name: str, rows: range | npt.NDArray[Any]) -> ColumnData:
        places = rows if self._rows is None else within(self._rows, rows)
        return self._selected.read(name, places)

    # --- as a cursor, as tables -------------------------------------------------------------

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row as a tuple, None after the last."""
        found = self._fetch(1)
        return found[0] if found else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows that were not fetched yet."""
        return self._fetch(len(self) - self._fetched)

    def _fetch(self, count: int) -> list[tuple[Any, ...]]:
        low, high = self._fetched, min(self._fetched + count, len(self))
        self._fetched = high
        columns = []
        for name, type_ in self.schema.items():
            data = self._data(name, range(low, high))
            encoded = getattr(type_, "encoded", None)
            columns.append(type_.values(data) if encoded is None else encoded(data))
        return list(zip(*columns, strict=True)) if columns else [()] * (high - low)

    def explain(self, *, analyze: bool = False) -> str:
        """How the statement finds its rows, as EXPLAIN prints it, a line each.

        Args:
            analyze: run it anew, and say what that took: fragments, bytes and requests, time.

        Raises:
            QueryError: from the run.
            PolicyError: the handle is restricted, and a plan tells of rows that are hidden.
        """
        from deeplake.api.stand import unrestricted
        from deeplake.query.explain import explained
        from deeplake.query.plan import plan_of

        asked = self.question
        unrestricted(asked.repository, "explain()")
        plan = plan_of(asked.statement)
        return "\n".join(explained(plan, asked.tables, asked.values, analyze=analyze))

    def filter(self, condition: str, parameters: Parameters = None) -> QueryView:
        """Those of these rows for which a condition is true, in their order: a part of this view.

        Runs the query if nothing did before.

        Args:
            condition: over the columns of the view: "rating > 3".
            parameters: a sequence for %s or $1, a mapping for :name.

        Raises:
            QueryError: it is wrong, or fails on a row.
        """
        from deeplake.api.filtering import of_query

        kept = of_query(self.question, self._exported(), condition, parameters)
        return QueryView(self.question, within(self._places(), kept))

    def _exported(self) -> SelectedRows:
        return SelectedRows(self)

    def to_branch(self, name: str, message: str | None = None) -> str:
        """Make a branch that holds exactly these rows and columns, by reference; returns its name.

        No value is copied: rows are left out by a bitmap, columns by the schema. The rows are in
        the table's order; other tables are as they were. The branch is *derived*: merging it back
        would delete what the view left out, so that needs force.

        Raises:
            UnsupportedQueryError: the rows are not rows of one table, or a column is computed.
            StagedChangesError: the query read rows that are not committed.
            RefExistsError, InvalidNameError
        """
        from deeplake.api.deriving import to_branch

        self.settled("to_branch()")
        if self.partial:
            raise UnsupportedQueryError(
                "a part of a view cannot be made a branch.",
                hint="Say it in the query: two conditions as '(a > 1) AND (b > 2)'.",
            )
        return to_branch(self.question, name, message)

    # --- streaming --------------------------------------------------------------------------

    def _source(self, doing: str) -> SelectedSource:
        self.settled(doing)
        return SelectedSource(self)

    @property
    def partial(self) -> bool:
        """Whether it is only a part of what its statement gives."""
        return self._rows is not None

    def settled(self, doing: str) -> None:
        """Refuse what needs a commit while rows are read that are only staged.

        Raises:
            StagedChangesError
        """
        refuse_staged(self.question, doing)

    def __repr__(self) -> str:
        text = " ".join(self.question.text.split())
        shown = text if len(text) <= 72 else text[:71] + "…"
        part = "part of a " * self.partial
        return f"<{part}view of {shown!r} at {self.question.snapshot.commit_id}>"


class QueryColumn:
    """A column of a view: `[i]`, `[a:b]`, `[[3, 1]]`, `[mask]`, as of a dataset."""

    __slots__ = ("_view", "name", "type")

    def __init__(self, view: QueryView, name: str) -> None:
        self.type = view._selected.column(name).type
        self._view = view
        self.name = name

    def __reduce__(self) -> tuple[Any, ...]:
        return QueryColumn, (self._view, self.name)

    def __len__(self) -> int:
        return len(self._view)

    def __getitem__(self, key: Any) -> Any:
        """One value (None for NULL), or many.

        Raises:
            RowIndexError: a position out of range, or nothing that names rows.
        """
        row = position(key, len(self))
        if row is None:
            return decode(self.type, self._view._data(self.name, positions(key, len(self))))
        data = self._view._data(self.name, range(row, row + 1))
        if self._coded:
            return None if self.stored(row) is None else decode(self.type, data)[0]
        return self.type.values(data)[0]

    @property
    def _coded(self) -> bool:
        return self.type.decodes

    def __iter__(self) -> Iterator[Any]:
        step = 1024
        for at in range(0, len(self), step):
            rows = range(at, min(at + step, len(self)))
            yield from self.type.values(self._view._data(self.name, rows))

    @property
    def encoded(self) -> Encoded:
        """The stored bytes of a text, JSON, blob or media column, by position.

        Raises:
            DtypeError: the column does not store bytes.
        """
        if not isinstance(self.type.layout, VarLayout):
            raise DtypeError(f"column {self.name!r} ({self.type.name}) has no encoded form.")
        return Encoded(self)

    def stored(self, key: Any) -> Any:
        """The stored bytes of one row or of many; see `encoded`."""
        row = position(key, len(self))
        rows = positions(key, len(self)) if row is None else range(row, row + 1)
        data = self._view._data(self.name, rows)
        assert isinstance(data, VarData)
        kept = [True] * row_count(data) if data.valid is None else data.valid.tolist()
        values = [bytes(v) if ok else None for v, ok in zip(var_rows(data), kept, strict=True)]
        return values if row is None else values[0]

    def __repr__(self) -> str:
        rows = amounts.count(len(self), "row")
        return f"<column {self.name!r} of a view: {self.type.name}, {rows}>"


class SelectedRows:
    """A view's rows as they are exported; see `api.exporting.Rows`."""

    def __init__(self, view: QueryView) -> None:
        self._view = view
        self.rows = len(view)
        self.types = view.schema

    def data(self, column: str, rows: range) -> ColumnData:
        """See `Rows.data`."""
        return self._view._data(column, rows)

    def sizes(self, rows: range, columns: Sequence[str] | None = None) -> npt.NDArray[Any]:
        """See `Rows.sizes`."""
        places = np.asarray(within(self._view._places(), rows), np.int64)
        return self._view._selected.sizes(places, columns)


class SelectedSource:
    """A view's rows as loaders read them; see `loaders.source.RowSource`."""

    def __init__(self, view: QueryView) -> None:
        self._view = view
        self._selected = view._selected
        self.name = f"a {repr(view)[1:-1]}"
        self.rows = len(view)
        self.types = self._selected.types
        self.remote = view.question.repository.store.remote

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its view: the copy asks the statement anew."""
        return SelectedSource, (self._view,)

    def read(self, column: str, rows: Rows, out: npt.NDArray[Any] | None = None) -> ColumnData:
        """See `RowSource.read`."""
        data = self._view._data(column, rows)
        if out is None or not isinstance(data, FixedData):
            return data
        room = out[: row_count(data)]
        np.copyto(room, data.values)
        return data._replace(values=room)

    def unverified(self, column: str, rows: range) -> bool:
        """See `RowSource.unverified`: rows chosen by a statement seldom lie together."""
        del column, rows
        return False

    def verify(self, column: str, rows: range) -> None:
        """See `RowSource.verify`."""

    def nulls(self, column: str, rows: Rows | None = None) -> int:
        """See `RowSource.nulls`: read with the values, as a view has few rows."""
        found = self._selected.column(column)
        rows = range(self.rows) if rows is None else rows
        if isinstance(found, Referred):
            places = np.asarray(within(self._view._places(), rows), np.int64)
            cut = found.positions[places]
            missing = int(np.count_nonzero(cut < 0))
            if missing:
                return missing
            valid = found.view.valid(found.column, cut)
        else:
            valid = self._view._data(column, rows).valid
        return 0 if valid is None else len(valid) - int(np.count_nonzero(valid))

    def position(self, row: int) -> int:
        """See `RowSource.position`: its place in the view."""
        return row
