"""create, open, connect, exists, delete: from a URL to a handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import (
    InputError,
    RepositoryNotFoundError,
    TableNotFoundError,
)
from deeplake.storage.resolve import open_store
from deeplake.versioning import refs
from deeplake.versioning.history import named
from deeplake.versioning.repository import Repository

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from deeplake.api.database import Database
    from deeplake.api.dataset import Dataset
    from deeplake.storage.store import Store
    from deeplake.versioning.history import Ref
    from deeplake.versioning.snapshot import Snapshot

    Url = str | os.PathLike[str] | Store

DEFAULT_TABLE = "data"


def create(
    url: Url,
    schema: Mapping[str, Any] | None = None,
    *,
    table: str = DEFAULT_TABLE,
    exist_ok: bool = False,
    optimize: str = "auto",
    storage_options: Mapping[str, Any] | None = None,
) -> Dataset:
    """Make a table, and the repository around it if there is none yet.

    Args:
        url: a path, `mem://name`, `s3://`, `gs://`, `az://`, `deeplake://org/name`.
        schema: column name -> type, for example `{"image": "image", "emb": "emb-512"}`; a type is
            a spelling ('int', 'text not_null') or a form of `deeplake.types`. Without a schema
            the first rows give it one.
        table: the table's name.
        exist_ok: open the table if it exists with these columns, in any order, or if no schema is
            given.
        optimize: "auto" joins small commits of this handle by the way, see `Dataset.optimize`;
            "off" leaves them alone.
        storage_options: endpoint and credentials of a bucket.

    Raises:
        TableExistsError: the table exists and `exist_ok` is false.
        SchemaError: it exists with other columns, or the schema makes no sense.
        InvalidNameError, InvalidUrlError: before anything is written.

    >>> ds = create("mem://create-example", schema={"label": "int"})
    >>> ds.append({"label": 3})
    >>> len(ds)
    1
    """
    from deeplake.api.creation import make_table
    from deeplake.api.dataset import Dataset
    from deeplake.api.stand import Stand, optimizes
    from deeplake.format.keys import check_name
    from deeplake.table.columns import declare_schema

    check_name(table, "table")
    auto = optimizes(optimize)
    declared = None if schema is None else declare_schema(schema)
    store = open_store(url, storage_options)
    repository = Repository.create(store)
    branch = repository.branch(refs.MAIN)
    stand = Stand(repository, repository.head(branch), branch)
    stand.optimizes = auto
    session = stand.table(table)
    make_table(session, declared, exist_ok=exist_ok)
    return Dataset(session)


def open(
    url: Url,
    at: Ref = refs.MAIN,
    *,
    table: str | None = None,
    optimize: str = "auto",
    policies: Mapping[str, str] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Dataset:
    """Open a table at a branch, tag, commit or time.

    Args:
        url: where the repository is.
        at: a branch (the handle can write), or a tag, a commit or its id, 'main~2' or a datetime
            (read-only; a naive datetime is local time).
        table: which table; may be left out if there is only one.
        optimize: "auto" or "off", as for `create`.
        policies: table -> condition: the handle sees the rows for which it is true, of tables
            that are not named none, and only reads. See docs/design/0008.
        storage_options: endpoint and credentials of a bucket.

    Raises:
        PolicyError, QueryError: the policies show nothing of the table, or are none.
        InputError: the table is a view of SQL.
        RepositoryNotFoundError, RefNotFoundError, TableNotFoundError, FormatVersionError

    >>> _ = create("mem://open-example", schema={"label": "int"})
    >>> open("mem://open-example").branch_name
    'main'
    """
    from deeplake.api.dataset import Dataset
    from deeplake.api.stand import Stand, optimizes

    auto = optimizes(optimize)
    at = named(at)
    principal = _principal(policies)
    store = open_store(url, storage_options)
    repository, found = Repository.open_at(store, at)
    repository.objects.principal = principal
    name = table if table is not None else _only_table(found.snapshot, store.url)
    stand = Stand(repository, found.snapshot, found.branch)
    stand.optimizes = auto
    if table is not None and found.snapshot.entries():
        refuse_view(table, found.snapshot.table(table).schema.sql)
    return Dataset(stand.table(name))


def refuse_view(name: str, sql: Mapping[str, Any]) -> None:
    """Refuse to take a view of SQL for a table: it has no rows of its own.

    Raises:
        InputError
    """
    if "view" in sql:
        raise InputError(
            f"{name!r} is a view, not a table.",
            hint="Read it with connect(...).query('SELECT * FROM ...').",
        )


def _principal(policies: Mapping[str, str] | None) -> Any:
    """Who reads, as policies say; None for whoever may see all."""
    if policies is None:
        return None
    from deeplake.sql.principal import Principal

    return Principal(policies)


def _only_table(snapshot: Snapshot, url: str) -> str:
    names = snapshot.tables()
    if len(names) > 1:
        raise TableNotFoundError(
            f"{url} has {len(names)} tables: {', '.join(names)}.", hint="Say which: table='...'."
        )
    return names[0] if names else DEFAULT_TABLE


def connect(
    url: Url,
    branch: str = refs.MAIN,
    *,
    user: str | None = None,
    token: str | None = None,
    optimize: str = "auto",
    policies: Mapping[str, str] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Database:
    """A handle on the whole repository, over all its tables.

    Nothing is read or written yet: the repository appears at the first write.

    Args:
        url: where the repository is or will be.
        branch: the branch that the handle stands on.
        user, token: for servers, which come later; refused for now.
        optimize: "auto" or "off", as for `create`.
        policies: table -> condition, as for `open`: what the handle sees; it only reads then.
        storage_options: endpoint and credentials of a bucket.

    Raises:
        InvalidUrlError, InvalidNameError, InputError
        QueryError: a policy is no condition.
    """
    from deeplake.api.database import Database
    from deeplake.api.stand import optimizes
    from deeplake.format.keys import check_name

    check_name(branch, "branch")
    auto = optimizes(optimize)

    if user is not None or token is not None:
        raise InputError(
            "user and token are for servers, which this version does not have.",
            hint="Pass storage_options for the credentials of a bucket.",
        )
    principal = _principal(policies)
    return Database(open_store(url, storage_options), branch, optimizes=auto, principal=principal)


def exists(url: Url, *, storage_options: Mapping[str, Any] | None = None) -> bool:
    """Whether there is a repository at `url`.

    >>> exists("mem://nothing-here")
    False
    """
    return Repository.exists(open_store(url, storage_options))


def delete(url: Url, *, storage_options: Mapping[str, Any] | None = None) -> None:
    """Delete the repository at `url` with all its branches and tables, for good.

    Raises:
        RepositoryNotFoundError: there is none; other objects are never touched.
    """
    store = open_store(url, storage_options)
    if not Repository.exists(store):
        raise RepositoryNotFoundError(f"there is no deeplake repository at {store.url}.")
    Repository.delete_all(store)
