"""A database handle: the whole repository, over all its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.api.optimizable import Optimizable
from deeplake.api.stand import Stand
from deeplake.api.verbs import Versioned
from deeplake.errors import RepositoryNotFoundError
from deeplake.versioning import refs
from deeplake.versioning.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deeplake.api.cursor import Cursor
    from deeplake.api.dataloader import DataLoader
    from deeplake.api.dataset import Dataset
    from deeplake.api.query_view import QueryView
    from deeplake.query.control import Control
    from deeplake.sql.parameters import Parameters
    from deeplake.storage.store import Store


class Database(Versioned, Optimizable):
    """A repository's tables, and its versioning verbs. `deeplake.connect` returns it.

    The repository is opened when it is first needed, and made by the first write.
    """

    def __init__(
        self, store: Store, branch: str, *, optimizes: bool = True, principal: Any = None
    ) -> None:
        self._optimizes = optimizes
        self._store = store
        self._branch = branch
        self._principal = principal
        self._stand: Stand | None = None
        self._control: Control | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its place, without the statements that run."""
        place = self._store, self._branch, self._optimizes, self._principal
        return _database, (*place, self._stand)

    def __copy__(self) -> Database:
        """The same place, on a stand of its own."""
        import copy

        stand = copy.copy(self._stand)
        return _database(self._store, self._branch, self._optimizes, self._principal, stand)

    @property
    def control(self) -> Control:
        """Of the statements that run on this handle."""
        if self._control is None:
            from deeplake.query.control import Control

            self._control = Control()
        return self._control

    def interrupt(self) -> int:
        """Stop the statements that run on this handle, from any thread; how many there were.

        Whoever waits for one, or reads its rows, gets a QueryError 57014. To stop a single one
        call `cancel()` of its cursor.
        """
        return 0 if self._control is None else self._control.interrupt()

    def _open_stand(self) -> Stand:
        if self._stand is None:
            repository, found = Repository.open_at(self._store, self._branch)
            repository.objects.principal = self._principal
            self._stand = Stand(repository, found.snapshot, found.branch)
            self._stand.optimizes = self._optimizes
        return self._stand

    def _open_repository(self) -> Repository:
        if self._stand is None:
            repository = Repository.open(self._store)
            repository.objects.principal = self._principal
            return repository
        return super()._open_repository()

    @property
    def url(self) -> str:
        """Where the repository is."""
        return self._store.url

    def tables(self) -> list[str]:
        """Names of the tables, sorted; none before the first write."""
        try:
            return self._open_stand().snapshot.tables()
        except RepositoryNotFoundError:
            return []

    def table(self, name: str) -> Dataset:
        """One table as a dataset. It shares this handle's place and what is staged.

        `commit()`, `rollback()`, `branch()` and whatever else moves a handle concern all tables,
        on whichever of the handles they are called.

        Raises:
            TableNotFoundError: with the nearest name.
        """
        from deeplake.api.dataset import Dataset
        from deeplake.api.open import refuse_view

        stand = self._open_stand()
        session = stand.table(name)
        if session.defined:
            refuse_view(name, session.columns.schema.sql)
        if not session.defined:
            stand.snapshot.table(name)  # says that there is none
        return Dataset(session)

    def create_table(
        self, name: str, schema: Mapping[str, Any], *, exist_ok: bool = False
    ) -> Dataset:
        """Make a table, and the repository if this is its first; commits at once.

        Args:
            name: of the table.
            schema: column name -> type, as for `deeplake.create`.
            exist_ok: return the table if it exists with these columns, instead of failing.

        Raises:
            TableExistsError, SchemaError, InvalidNameError, StagedChangesError
        """
        from deeplake.api.creation import accept_existing, make_table
        from deeplake.api.dataset import Dataset
        from deeplake.format.keys import check_name
        from deeplake.table.columns import declare_schema

        check_name(name, "table")
        declared = declare_schema(schema)
        self.make_repository()
        stand = self._unrestricted("create_table()")
        session = stand.table(name)
        if session.defined:
            accept_existing(session, declared, exist_ok=exist_ok)
        else:
            stand.refresh("create_table()")
            make_table(session, declared, exist_ok=exist_ok)
        return Dataset(session)

    def execute(self, sql: str, parameters: Parameters = None) -> Cursor:
        """Run one statement of SQL at the head of the branch.

        Args:
            sql: Postgres' SQL; tables are those of this repository.
            parameters: a sequence for %s or $1, a mapping for :name.

        Raises:
            QueryError: it is wrong, not supported, or fails on the rows it meets.

        >>> import deeplake
        >>> db = deeplake.connect("mem://execute-example")
        >>> db.create_table("t", {"a": "int"}).extend([{"a": 1}, {"a": 2}])
        2
        >>> _ = db.commit("rows")
        >>> db.execute("SELECT a + %s AS b FROM t ORDER BY a DESC", [10]).fetchall()
        [(12,), (11,)]
        """
        from deeplake.api.statements import execute

        return execute(self, sql, parameters)

    def dataloader(self, table: str) -> DataLoader:
        """Rows of a table on their way into training, chosen step by step.

        `db.dataloader("t").filter("score > 0.8").columns(["image"]).shuffle(7).batch_size(4)
        .to_torch()`
        """
        from deeplake.api.dataloader import DataLoader

        return DataLoader(self, table)

    def executemany(self, sql: str, parameters: Iterable[Parameters]) -> Cursor:
        """Run one statement for many sets of parameters: one batch, and one commit.

        Args:
            sql: INSERT, UPDATE, DELETE or MERGE.
            parameters: sequences or mappings, all of one style.

        Raises:
            As `execute` does; nothing is written then.

        >>> import deeplake
        >>> db = deeplake.connect("mem://executemany-example")
        >>> _ = db.create_table("t", {"a": "int", "b": "text"})
        >>> db.executemany("INSERT INTO t VALUES (%s, %s)", [(1, "x"), (2, "y")]).rowcount
        2
        """
        from deeplake.api.statements import executemany

        return executemany(self, sql, parameters)

    def copy(self, sql: str, file: Any) -> Cursor:
        """Run `COPY … FROM STDIN` or `COPY … TO STDOUT` over a file of this process.

        Args:
            sql: COPY of a table or a query, in format text or csv.
            file: a path, a file of text or bytes, or (to read) an iterable of lines.

        Raises:
            QueryError, InputError: nothing is written to the table then.

        >>> import deeplake
        >>> db = deeplake.connect("mem://copy-example")
        >>> _ = db.create_table("t", {"a": "int", "b": "text"})
        >>> db.copy("COPY t FROM STDIN (FORMAT csv)", ["1,x", '2,"y, z"']).rowcount
        2
        """
        from deeplake.api.statements import copy

        return copy(self, sql, file)

    def make_repository(self) -> None:
        """Make the repository if the place has none yet; a write does so by itself."""
        if self._principal is not None:
            return  # who may not write makes none
        if self._stand is None and self._branch == refs.MAIN and not Repository.exists(self._store):
            Repository.create(self._store)

    def query(self, sql: str, parameters: Parameters = None) -> QueryView:
        """A SELECT as a view of the branch's head: lazy, pinned, read like a dataset.

        Raises:
            QueryError: the statement is wrong; or, when rows are first asked for, it fails.
        """
        from deeplake.api.querying import query
        from deeplake.query.control import Planning

        stand = self._open_stand()
        if not stand.staged and stand.branch is not None and stand.block is None:
            stand.refresh("query()")
        with Planning(self.control) as planning:
            view = query(stand, sql, parameters)
            planning.look()  # an interrupt that came last is not forgotten
        view.question.control = self.control
        return view

    def __repr__(self) -> str:
        names = self.tables()
        count = f"{len(names)} table{'' if len(names) == 1 else 's'}"
        return f"<database {self.url}: {count} ({', '.join(names)})>"


def _database(
    store: Store, branch: str, optimizes: bool, principal: Any, stand: Stand | None
) -> Database:
    made = Database(store, branch, optimizes=optimizes, principal=principal)
    made._stand = stand
    return made


def database_of(stand: Stand) -> Database:
    """A database handle on a stand that is open."""
    made = Database(stand.repository.store, "", optimizes=stand.optimizes)
    made._stand = stand
    return made
