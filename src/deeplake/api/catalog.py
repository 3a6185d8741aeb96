"""Which table a name in a statement means: of a branch's head, of another version, of history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.api.version_tables import LISTS, named_at, version_view
from deeplake.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.api.database import Database
    from deeplake.api.session import Session
    from deeplake.query.table_view import TableView

THIS = "this"
"""What a dataset is called in its own queries, beside its name."""

BRANCHES_ASKED = 16
"""For a table that is not there: a request or three each, at once."""

SCHEMA = "public"
"""The schema that tables are in unless another is named."""


class Tables:
    """The tables that the statements of a database can name; see `sql.binding.Catalog`.

    Args:
        database: whose tables; what is staged is seen.
        this: the table that is called `this`, if any.
        pinned: whether later writes of the handle must not be seen.
    """

    def __init__(
        self, database: Database, this: Session | None = None, *, pinned: bool = False
    ) -> None:
        self._database = database
        self._stand = database._open_stand()
        self._this = this
        self._pinned = pinned
        self._made: dict[str, TableView] = {}
        self.elsewhere: list[str] = []
        """Tables of other versions, and of history, that were named."""

    def table(self, name: str, schema: str | None) -> TableView | None:
        """A table by name, by name@ref, or by the name of a list such as deeplake_log."""
        if name in self._made:
            return self._made[name]
        if schema not in (None, SCHEMA):
            name = f"{schema}.{name}"
        session = self._stand.table(name)
        if not session.defined and name == THIS and self._this is not None:
            session = self._this
        if session.defined:
            return (session.pinned() if self._pinned else session).view()
        if name not in LISTS and "@" not in name:
            return None
        self.elsewhere.append(name)
        if name in LISTS:
            return version_view(self._database, name, ())
        return named_at(self._database, name)

    def view(self, name: str, schema: str | None) -> tuple[str, Sequence[str]] | None:
        """The SELECT behind a view and the view's columns; None if there is no such view."""
        if name in self._made or "@" in name:
            return None
        session = self._stand.table(name if schema in (None, SCHEMA) else f"{schema}.{name}")
        if not session.defined:
            return None
        text = session.columns.schema.sql.get("view")
        return None if text is None else (text, session.columns.names)

    def hint(self, name: str) -> str:
        """Where a table that is not there may be: on another branch, or under another name."""
        repository = self._stand.repository
        own = self._stand.branch
        others = [b for b in repository.branches() if own is None or b.branch_id != own.branch_id]
        asked = others[:BRANCHES_ASKED]
        heads = repository.objects.parallel(repository.head, asked)
        for branch, head in zip(asked, heads, strict=True):
            if name in head.entries():
                return f'Branch {branch.name!r} has it: "{name}@{branch.name}".'
        known = [*self._stand.snapshot.entries()]
        return did_you_mean(name, known if self._this is None else [*known, THIS])

    def version_table(self, function: str, arguments: Sequence[str]) -> str:
        """Make the table that a function in FROM stands for; see `sql.versions`."""
        name = f"{function}({', '.join(arguments)})"
        self.elsewhere.append(name)
        if name not in self._made:
            self._made[name] = version_view(self._database, function, arguments)
        return name
