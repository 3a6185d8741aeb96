"""Saved views: a statement and the commit it was asked at, by name. SPEC section "Saved views".

Entries of a name are numbered and create-only, as those of branches; the highest one counts. The
commit of a saved view is kept by vacuums, like that of a tag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import (
    CommitConflictError,
    InputError,
    MalformedObjectError,
    ObjectExistsError,
    RefExistsError,
    RefNotFoundError,
    did_you_mean,
)
from deeplake.format.keys import CommitId, check_name, parse_commit_id, view_key
from deeplake.format.sealed import seal
from deeplake.types.named import NamedTuple
from deeplake.versioning.refs import latest, listed_names

if TYPE_CHECKING:
    from deeplake.versioning.objects import Objects

DOCUMENT_BYTES_MAX = 1 << 20
"""A saved view holds a statement and its parameters, no data."""


class SavedView(NamedTuple):
    """A statement with $1, $2 … for its parameters (JSON); `table` is what `this` means."""

    name: str
    commit_id: CommitId
    statement: str
    parameters: list[Any]
    table: str | None


def save_view(objects: Objects, view: SavedView, *, replace: bool = False) -> None:
    """Write the next entry of a name.

    Raises:
        RefExistsError: a view of that name is there, and `replace` is false.
        InputError: its parameters are too large.
        InvalidNameError
        CommitConflictError: another process saved one of that name just now.
        RefNotFoundError: the commit is expiring.
    """
    from deeplake.versioning.plans import refuse_expiring

    check_name(view.name, "view")
    version, found = _latest(objects, view.name)
    if found is not None and not replace:
        raise RefExistsError(
            f"a view named {view.name!r} is saved already.", hint="Pass replace=True."
        )
    raw = seal({
        "commit": str(view.commit_id), "statement": view.statement,
        "parameters": view.parameters, "table": view.table,
    })  # fmt: skip
    if len(raw) > DOCUMENT_BYTES_MAX:
        raise InputError(
            f"the view's statement and parameters have {len(raw):,} bytes, over the limit of "
            f"{DOCUMENT_BYTES_MAX:,}.",
            hint="Put the values into a table and join it.",
        )
    _create(objects, view.name, version, raw)
    try:
        refuse_expiring(objects, [view.commit_id])
    except RefNotFoundError:
        _create(objects, view.name, version + 1, seal({"deleted": True}))
        raise


def load_view(objects: Objects, name: str) -> SavedView:
    """The view of a name.

    Raises:
        RefNotFoundError: there is none.
        InvalidNameError
        DamageError: its entry is damaged.
    """
    _, found = _latest(objects, check_name(name, "view"))
    if found is None:
        raise RefNotFoundError(
            f"there is no saved view {name!r} in {objects.store.url}.",
            hint=did_you_mean(name, [view.name for view in list_views(objects)]),
        )
    return found


def find_view(objects: Objects, name: str) -> SavedView | None:
    """The view of a name, or None."""
    return _latest(objects, name)[1]


def delete_view(objects: Objects, name: str) -> None:
    """Forget a view; the rows it shows stay.

    Raises:
        RefNotFoundError, CommitConflictError
    """
    load_view(objects, name)
    version, _ = _latest(objects, name)
    _create(objects, name, version, seal({"deleted": True}))


def list_views(objects: Objects) -> list[SavedView]:
    """All saved views, by name."""
    names = sorted(listed_names(objects, "refs/views/"))
    found = objects.parallel(lambda name: _latest(objects, name)[1], names)
    return [view for view in found if view is not None]


def _create(objects: Objects, name: str, version: int, raw: bytes) -> None:
    try:
        objects.store.create(view_key(name, version), [raw])
    except ObjectExistsError:
        raise CommitConflictError(
            f"another process changed the view {name!r} just now.", hint="Look, and try again."
        ) from None


def _latest(objects: Objects, name: str) -> tuple[int, SavedView | None]:
    """How many entries a name has had, and the view that the last one says."""
    version, document = latest(objects, lambda n: view_key(name, n))
    if not version or document.get("deleted"):
        return version, None
    where = view_key(name, version - 1)
    try:
        statement, parameters = document["statement"], document["parameters"]
        table = document["table"]
        if not (
            isinstance(statement, str)
            and isinstance(parameters, list)
            and isinstance(table, str | None)
        ):
            raise MalformedObjectError(f"{where} is no saved view.")
        commit_id = parse_commit_id(str(document["commit"]))
        return version, SavedView(name, commit_id, statement, parameters, table)
    except (KeyError, RefNotFoundError) as error:
        raise MalformedObjectError(f"{where} is malformed: {error!r}") from error
