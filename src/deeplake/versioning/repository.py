"""A repository: repo.json, and the verbs on its names. Everything about rows is above."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from deeplake.errors import (
    ObjectExistsError,
    ObjectNotFoundError,
    RefNotFoundError,
    RepositoryNotFoundError,
    StoreError,
)
from deeplake.format import repository as info_format
from deeplake.format.keys import PREFIXES, REPOSITORY, check_name
from deeplake.versioning import refs
from deeplake.versioning.history import Resolved, branch_head, first_reads, named, resolve
from deeplake.versioning.objects import Objects

if TYPE_CHECKING:
    from deeplake.format.repository import RepositoryInfo
    from deeplake.storage.store import Store
    from deeplake.versioning.history import Ref
    from deeplake.versioning.refs import Branch, Tag
    from deeplake.versioning.snapshot import Snapshot


class Repository:
    """The commits, branches and tags in one store."""

    def __init__(self, store: Store, info: RepositoryInfo) -> None:
        self.store = store
        self.info = info
        self.objects = Objects(store)

    @classmethod
    def create(cls, store: Store) -> Repository:
        """Make the store a repository, or join the one that another process just made.

        Raises:
            StoreError: the store does not honour create-if-absent.
        """
        info = info_format.RepositoryInfo(os.urandom(16).hex(), time.time_ns() // 1000)
        body = info_format.encode(info)
        try:
            store.create(REPOSITORY, [body])
        except ObjectExistsError:
            return cls.open(store)
        try:
            store.create(REPOSITORY, [body + b" "])
        except ObjectExistsError:
            return cls(store, info)
        raise StoreError(
            f"{store.url} let two writers create the same object: it does not honour "
            "create-if-absent, so commits would be lost.",
            hint="Use a store with conditional writes.",
        )

    @classmethod
    def open(cls, store: Store) -> Repository:
        """Open an existing repository: one read.

        Raises:
            RepositoryNotFoundError: the place holds none.
            FormatVersionError: a newer deeplake wrote it.
        """
        return cls(store, _read_info(Objects(store)))

    @classmethod
    def open_at(cls, store: Store, ref: Ref) -> tuple[Repository, Resolved]:
        """Open and resolve a ref in the same rounds of requests.

        Raises:
            RepositoryNotFoundError, FormatVersionError, RefNotFoundError
        """
        objects, ref = Objects(store), named(ref)
        objects.fetch_ahead([REPOSITORY, *first_reads(ref)])
        repository = cls(store, _read_info(objects))
        repository.objects = objects
        return repository, resolve(objects, ref)

    @staticmethod
    def exists(store: Store) -> bool:
        """Whether the place holds a repository."""
        try:
            store.size(REPOSITORY)
        except ObjectNotFoundError:
            return False
        return True

    @staticmethod
    def delete_all(store: Store) -> None:
        """Remove a repository; repo.json first, so that nobody opens a half-deleted one.

        Objects that are not part of the format are left alone.
        """
        store.delete([REPOSITORY])
        for prefix in PREFIXES:
            store.delete([info.key for info in store.list(prefix)])

    # --- names ------------------------------------------------------------------------------

    def resolve(self, ref: Ref) -> Resolved:
        """A ref -> its commit; see `history.resolve`."""
        return resolve(self.objects, ref)

    def head(self, branch: Branch) -> Snapshot:
        """The newest commit of a branch."""
        return branch_head(self.objects, branch)

    def head_after(self, branch: Branch, known: Snapshot) -> Snapshot:
        """The newest commit of a branch of which a commit is known: its slot is the hint."""
        commit = known.commit_id
        own = commit is not None and commit.branch == branch.branch_id
        return branch_head(self.objects, branch, commit.sequence if commit and own else None)

    def create_branch(self, name: str, base: Snapshot) -> Branch:
        """A new branch at a commit."""
        return refs.create_branch(self.objects, check_name(name, "branch"), base.commit_id)

    def branch(self, name: str) -> Branch:
        """A branch by name.

        Raises:
            RefNotFoundError: no such branch.
        """
        found = refs.find_branch(self.objects, name)
        if found is None:
            found = resolve(self.objects, name).branch  # raises with the nearest name
        if found is None:
            raise RefNotFoundError(f"{name!r} is a tag or commit, not a branch.")
        return found

    def branches(self) -> list[Branch]:
        """All branches, by name."""
        return refs.list_branches(self.objects)

    def create_tag(self, name: str, at: Snapshot) -> Tag:
        """A new tag on a commit.

        Raises:
            RefNotFoundError: the repository has no commit yet.
        """
        check_name(name, "tag")
        if at.commit_id is None:
            raise RefNotFoundError("there is no commit to tag yet.", hint="Commit something first.")
        return refs.create_tag(self.objects, name, at.commit_id)

    def tags(self) -> list[Tag]:
        """All tags, by name."""
        return refs.list_tags(self.objects)


def _read_info(objects: Objects) -> RepositoryInfo:
    url = objects.store.url
    raw = objects.get_or_none(REPOSITORY)
    if raw is None:
        raise RepositoryNotFoundError(
            f"there is no deeplake repository at {url}.", hint="deeplake.create(...) makes one."
        )
    return info_format.decode(raw, f"{url}/{REPOSITORY}")
