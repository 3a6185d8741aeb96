"""A statement that writes, over the tables of a stand; see `sql.target.Writing`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import InvalidNameError, QueryError, TableNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.api.catalog import Tables
    from deeplake.api.session import Session
    from deeplake.api.stand import Stand
    from deeplake.format.schema import TableSchema


class StandWriting:
    """The statement, its parameters, and where names of tables lead."""

    def __init__(self, stand: Stand, catalog: Tables, text: str, values: Sequence[Any]) -> None:
        self.stand = stand
        self.catalog = catalog
        self.defining = StandDefining(stand)
        self.text = text
        self.values = values

    def target(self, relation: Any) -> Session:
        """The table that a RangeVar node names, to be written.

        Raises:
            TableNotFoundError
            QueryError: 42809, it is a view or a list such as deeplake_log; 25006, another ref.
        """
        name = table_name(relation.relname, relation.schemaname)
        session = self.stand.table(name)
        if not session.defined:
            if "@" in name:
                raise QueryError(
                    f'"{name}" is a table at another version, which cannot be written.',
                    hint="Check that branch out, or write the table itself.",
                    sqlstate="25006",
                )
            raise TableNotFoundError(
                f'relation "{name}" does not exist.', hint=self.catalog.hint(name)
            )
        if "view" in session.columns.schema.sql:
            raise QueryError(
                f'"{name}" is a view, which cannot be written.',
                hint="Write the tables that it reads.",
                sqlstate="42809",
            )
        return session


class StandDefining:
    """Makes and drops tables of a stand; see `sql.define.Defining`."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    def exists(self, name: str) -> bool:
        """Whether there is a table, view or mark of a name."""
        return self._stand.table(name).defined

    def names(self) -> Sequence[str]:
        """All of them."""
        return self._stand.transaction().tables()

    def create(self, name: str, schema: TableSchema) -> Session:
        """Make a table."""
        _refuse_version(name)
        session = self._stand.table(name)
        session.create_table(schema)
        return session

    def drop(self, name: str) -> None:
        """End a table."""
        with self._stand.locks.state:
            self._stand.transaction().drop_table(name)
            self._stand.changed()

    def rename(self, old: str, new: str) -> None:
        """Give a table another name."""
        _refuse_version(new)
        with self._stand.locks.state:
            self._stand.transaction().rename_table(old, new)
            self._stand.changed()

    def schema_of(self, name: str) -> TableSchema:
        """What a table is declared as."""
        return self._stand.table(name).columns.schema

    def session(self, name: str) -> Session:
        """A table or view by its name."""
        return self._stand.table(name)


def _refuse_version(name: str) -> None:
    """A name that a statement would read as a version of another table.

    Raises:
        InvalidNameError: 42602.
    """
    if "@" in name:
        raise InvalidNameError(
            f'{name!r} cannot be a table name: "t@main" is table t at main.',
            hint="Use another character.",
        )


def table_name(name: str, schema: str) -> str:
    """The name of a table of a schema among the tables of a repository."""
    return name if schema in ("", "public") else f"{schema}.{name}"
