"""A dataset: one table of a repository, at a commit, with a place for staged rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from deeplake.api.column import Column
from deeplake.api.exported import Exported
from deeplake.api.optimizable import Optimizable
from deeplake.api.streamed import Streamed
from deeplake.api.verbs import Versioned
from deeplake.api.view import View
from deeplake.errors import InputError
from deeplake.loading import later

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from deeplake.api import positions
    from deeplake.api.exporting import SessionRows
    from deeplake.api.query_view import QueryView
    from deeplake.api.session import Session
    from deeplake.api.stand import Stand
    from deeplake.api.summary import Schema, Summary
    from deeplake.api.upsert import Upserted
    from deeplake.loaders.source import RowSource
    from deeplake.sql.parameters import Parameters
    from deeplake.versioning.history import Commit
else:
    positions = later("deeplake.api.positions")


class Dataset(Versioned, Optimizable, Streamed, Exported):
    """One table. `deeplake.create` and `deeplake.open` return it.

    `ds[i]` is a row as a dict, `ds[a:b]` a view, `ds["c"]` a column. The handle stays on its
    commit until its own `commit()`, `refresh()` or `checkout()`; it reads its own staged rows.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stand = session.stand
        self._handles: dict[str, Column] = {}
        self._handled = -1
        """The session's version that the handles are of."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Dataset, (self._session,)

    def __copy__(self) -> Dataset:
        import copy

        return Dataset(copy.copy(self._session))

    def _open_stand(self) -> Stand:
        return self._session.stand

    def _own_tables(self) -> list[str]:
        return [self._session.table]

    def _source(self, doing: str) -> RowSource:
        from deeplake.api.streaming import source_of

        return source_of(self._session, None, doing=doing)

    def _exported(self) -> SessionRows:
        from deeplake.api.exporting import SessionRows

        return SessionRows(self._session, None)

    # --- reading ----------------------------------------------------------------------------

    @overload
    def __getitem__(self, key: str) -> Column: ...
    @overload
    def __getitem__(self, key: int | np.integer[Any]) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice | Sequence[int] | npt.NDArray[Any]) -> View: ...
    def __getitem__(self, key: Any) -> Any:
        """A column by name, a row by position, a view by slice, list or mask.

        Raises:
            ColumnNotFoundError, RowIndexError
        """
        if type(key) is str:
            version = self._session.version
            if self._handled != version:  # the column may be gone
                self._handles, self._handled = {}, version
            found = self._handles.get(key)
            if found is None:
                found = self._handles[key] = Column(self._session, key, None)
            return found
        if isinstance(key, str):  # a NumPy string: the name of a DataFrame's column
            return self[str(key)]
        row = positions.position(key, len(self))
        if row is None:
            session = self._session.pinned()
            return View(session, positions.positions(key, session.rows))
        return {name: self[name][row] for name in self._session.columns.names}

    def __contains__(self, name: object) -> bool:
        """Whether there is a column of that name; rows are found by a query, not by `in`.

        Raises:
            InputError: it is no name.
        """
        if not isinstance(name, str):
            raise InputError(
                f"'in' asks for a column by name, not for {type(name).__name__}.",
                hint="Loop over ds['column'] to look for a value.",
            )
        return self._session.defined and name in self._session.columns.names

    def __len__(self) -> int:
        return self._session.rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        session = self._session.pinned()
        return iter(View(session, range(session.rows)))

    @property
    def url(self) -> str:
        """Where the repository is."""
        return self._session.repository.store.url

    @property
    def table(self) -> str:
        """The table's name."""
        return self._session.table

    @property
    def schema(self) -> Schema:
        """Column name -> type; empty until the table is defined."""
        from deeplake.api.summary import schema_of

        return schema_of(self._session)

    def summary(self) -> Summary:
        """Rows, columns, NULLs and ranges, from statistics; prints as a table."""
        from deeplake.api.summary import summarise

        return summarise(self._session)

    def __repr__(self) -> str:
        from deeplake.api.summary import describe

        return describe(self._session)

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.schema)

    # --- querying ---------------------------------------------------------------------------

    def query(self, sql: str, parameters: Parameters = None) -> QueryView:
        """A SELECT over this table, by its name or as `this`, as a view of what is read now.

        Args:
            sql: Postgres' SQL; the other tables of the repository can be joined.
            parameters: a sequence for %s or $1, a mapping for :name.

        Raises:
            QueryError: the statement is wrong; or, when rows are first asked for, it fails.

        >>> import deeplake
        >>> ds = deeplake.create("mem://query-example", schema={"n": "int"})
        >>> ds.extend([{"n": n} for n in range(5)])
        5
        >>> ds.query("SELECT n, n * n AS square FROM this WHERE n > %s", [2])[0]
        {'n': 3, 'square': 9}
        """
        from deeplake.api.querying import query

        return query(self._session.stand, sql, parameters, self._session)

    def filter(self, condition: str, parameters: Parameters = None) -> QueryView:
        """The rows for which a condition is true, as a view: `ds.filter("rating >= 4")`.

        Raises:
            QueryError: as for `query`.
        """
        from deeplake.api.querying import filtered

        return filtered(self._session, condition, parameters)

    # --- writing ----------------------------------------------------------------------------

    def append(self, row: Mapping[str, Any]) -> None:
        """Stage one row; columns that are left out have their default, or NULL.

        Raises:
            InvalidValueError, ColumnNotFoundError, ReadOnlyError: nothing was staged.
        """
        from deeplake.api.write import append

        append(self._session, row)

    def extend(self, rows: Any) -> int:
        """Stage many rows, all or none; returns how many.

        Args:
            rows: a list of dicts, a dict of columns, an Arrow table or reader, a pandas
                DataFrame, or an iterator of dicts.

        Raises:
            RaggedColumnsError, InvalidValueError, ColumnNotFoundError, ReadOnlyError
        """
        from deeplake.api.write import extend

        return extend(self._session, rows)

    def update(
        self,
        values: Mapping[str, Any],
        *,
        where: str | None = None,
        parameters: Parameters = None,
        rows: Any = None,
        row_ids: Any = None,
    ) -> int:
        """Stage new values of some columns in some rows; returns in how many.

        Only the new values are written: a label fixed beside a video costs the label.

        Args:
            values: column -> its new value in every row named, or `deeplake.expr("rating + 1")`.
            where: a condition of SQL over the columns: "rating > 3".
            parameters: of the condition: a sequence for %s, a mapping for :name.
            rows: positions instead: one, a list, a slice or a mask.
            row_ids: the rows' ids instead, as in `row_ids`; those of no row name nothing.

        Raises:
            InvalidValueError, ColumnNotFoundError, RowIndexError, ReadOnlyError, QueryError:
                nothing was staged.
        """
        from deeplake.api.change import Choice, update

        return update(self._session, values, Choice(rows, row_ids, where, parameters))

    def upsert(self, rows: Any, *, on: str | Sequence[str] | None = None) -> Upserted:
        """Stage rows by key: those that are there are updated, the others appended, all or none.

        Of a row that is there the given columns change, the others keep their values.

        Args:
            rows: as for `extend`; every row has the key, and each key comes once.
            on: the columns that name a row; by default the primary key.

        Returns:
            How many rows were `updated` and `inserted`.

        Raises:
            InputError: no key is named, or several rows of the table have one.
            UniqueViolationError, InvalidValueError, ColumnNotFoundError, ReadOnlyError
        """
        from deeplake.api.upsert import upsert

        return upsert(self._session, rows, on)

    def delete(
        self,
        *,
        where: str | None = None,
        parameters: Parameters = None,
        rows: Any = None,
        row_ids: Any = None,
    ) -> int:
        """Stage the deletion of rows; returns how many. Later rows move up; row ids never change.

        Args:
            where: a condition of SQL over the columns: "rating < 2".
            parameters: of the condition: a sequence for %s, a mapping for :name.
            rows: positions instead: one, a list, a slice or a mask.
            row_ids: the rows' ids instead, as in `row_ids`; those of no row name nothing.

        Raises:
            RowIndexError, ReadOnlyError, QueryError
        """
        from deeplake.api.change import Choice, delete

        return delete(self._session, Choice(rows, row_ids, where, parameters))

    # --- columns ----------------------------------------------------------------------------

    def add_column(self, name: str, type: Any, default: Any = None) -> None:
        """Stage one more column, at the end. Costs a schema, whatever the size of the table.

        Args:
            name: the column.
            type: as in a schema; 'int not_null' needs a default.
            default: its value in the rows that are there, and in those appended without one.

        Raises:
            SchemaError, InvalidNameError, InvalidValueError, ReadOnlyError
            StagedChangesError: changes of rows of this table are staged.
        """
        from deeplake.table.evolve import added

        self._session.evolve("add_column()", lambda t, now: added(t, now, name, type, default))

    def drop_column(self, name: str) -> None:
        """Stage that a column goes. Earlier commits keep it; a new one of its name is another.

        Raises:
            ColumnNotFoundError, ReadOnlyError
            SchemaError: it is the last one, a key, or in a constraint of SQL.
            StagedChangesError: changes of rows of this table are staged.
        """
        from deeplake.table.evolve import dropped

        self._session.evolve("drop_column()", lambda _, now: dropped(now, name))

    def rename_column(self, old: str, new: str) -> None:
        """Stage another name for a column.

        Raises:
            ColumnNotFoundError, InvalidNameError, ReadOnlyError
            SchemaError: there is a column of that name.
            StagedChangesError: changes of rows of this table are staged.
        """
        from deeplake.table.evolve import renamed

        self._session.evolve("rename_column()", lambda _, now: renamed(now, old, new))

    def widen_column(self, name: str, type: Any) -> None:
        """Stage a wider type for a column: one that holds every value of the old one unchanged.

        Numbers and fixed tensors go to wider elements, decimals to more digits, class labels to
        more names after those there are, embeddings to another metric. Nothing is rewritten.

        Raises:
            SchemaError: some value would change.
            ColumnNotFoundError, ReadOnlyError
            StagedChangesError: changes of rows of this table are staged.
        """
        from deeplake.table.evolve import widened

        self._session.evolve("widen_column()", lambda _, now: widened(now, name, type))

    @property
    def row_ids(self) -> npt.NDArray[np.int64]:
        """The id of every row, in order: int64 (rows,). Ids never change and are never reused.

        Rows that are staged have none yet.

        Raises:
            StagedChangesError: rows are staged.
        """
        self._session.settled("row_ids")
        return self._session.row_ids()

    def extend_from(
        self,
        *,
        parquet: str | os.PathLike[str],
        types: Mapping[str, Any] | None = None,
        message: str | None = None,
        progress: bool | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> Commit:
        """Append everything a source holds, with a progress bar, and commit.

        Args:
            parquet: a file, a folder or a glob, local or in a bucket.
            types: column -> type, where it should differ from the source's.
            message: of the commit.
            progress: show a bar; by default if stderr is a terminal.
            storage_options: of the source's bucket.

        Raises:
            SourceNotFoundError, StagedChangesError, InvalidValueError: nothing is staged.
        """
        from deeplake.api.importing import extend_from_parquet

        return extend_from_parquet(
            self._session, parquet, types, message, progress, storage_options
        )
