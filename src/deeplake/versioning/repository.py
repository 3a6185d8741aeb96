"""A repository: repo.json, and the verbs on its names. Everything about rows is above."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

from deeplake.errors import (
    BranchNotMergedError,
    InputError,
    ObjectExistsError,
    ObjectNotFoundError,
    RefNotFoundError,
    RepositoryNotFoundError,
    StoreError,
    did_you_mean,
)
from deeplake.format import repository as info_format
from deeplake.format.keys import PREFIXES, REPOSITORY, check_name
from deeplake.versioning import refs
from deeplake.versioning.head import read_hint, write_hint
from deeplake.versioning.history import Resolved, branch_head, first_reads, named, resolve
from deeplake.versioning.objects import Objects
from deeplake.versioning.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.format.repository import RepositoryInfo
    from deeplake.storage.store import Store
    from deeplake.versioning.history import Ref
    from deeplake.versioning.refs import Branch, Tag


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
        """A new branch at a commit.

        Raises:
            RefExistsError, InvalidNameError
            RefNotFoundError: the commit is expiring.
        """
        made = refs.create_branch(self.objects, check_name(name, "branch"), base.commit_id)
        self._still_there(base, lambda: refs.delete_branch_name(self.objects, made))
        return made

    def create_filled_branch(
        self, name: str, base: Snapshot, fill: Callable[[Branch], object]
    ) -> Branch:
        """A new branch that appears with its first commits, which `fill` makes.

        Raises:
            RefExistsError, InvalidNameError
            RefNotFoundError: the commit is expiring.
        """
        made = refs.create_filled_branch(
            self.objects, check_name(name, "branch"), base.commit_id, fill
        )
        self._still_there(base, lambda: refs.delete_branch_name(self.objects, made))
        return made

    def _still_there(self, named: Snapshot, undo: Callable[[], object]) -> None:
        """Ask whether a commit that just got a name was expiring; only automatic ones do."""
        if named.header is None or not named.header.automatic:
            return
        from deeplake.versioning.plans import refuse_expiring

        try:
            refuse_expiring(self.objects, [named.header.commit_id])
        except RefNotFoundError:
            undo()
            raise

    def branch(self, name: str) -> Branch:
        """A branch by name.

        Raises:
            RefNotFoundError: no such branch.
            InputError: it is no name at all.
        """
        if not isinstance(name, str):
            raise InputError(f"a branch is named by text, not {name!r}.")
        found = refs.find_branch(self.objects, name)
        if found is None:
            found = resolve(self.objects, name).branch  # raises with the nearest name
        if found is None:
            raise RefNotFoundError(
                f"{name!r} is a tag or commit, not a branch.",
                hint=f"Make a branch there: branch('name', at={name!r}).",
            )
        return found

    def branches(self) -> list[Branch]:
        """All branches, by name."""
        return refs.list_branches(self.objects)

    def rename_branch(self, branch: Branch, name: str) -> Branch:
        """Give a branch another name; handles that stand on it go on, as its commits do.

        Raises:
            RefExistsError, InvalidNameError, CommitConflictError
        """
        renamed = refs.rename_branch(self.objects, branch, check_name(name, "branch"))
        hint = read_hint(self.objects, branch.name, branch.branch_id)
        if hint:  # it lies under the name
            write_hint(self.objects, name, branch.branch_id, hint)
        return renamed

    def delete_branch(self, branch: Branch, author: str, *, force: bool = False) -> None:
        """Close a branch, then delete its name. Its commits stay, and can be opened by id.

        A crash between the two leaves a branch that can be read but not written; deleting it again
        finishes. Of a branch with two names (a rename that was cut short) only the name goes.

        Raises:
            BranchNotMergedError: no other branch or tag has its head in its history.
            CommitConflictError: the branch is contended.
        """
        from deeplake.versioning.adopt import close_branch  # as the next: only writers need it

        others = [other for other in self.branches() if other.name != branch.name]
        if all(other.branch_id != branch.branch_id for other in others):
            merged = None if force else partial(self._check_merged, branch, others)
            close_branch(self.objects, branch, author, merged)
        refs.delete_branch_name(self.objects, branch)

    def _check_merged(self, branch: Branch, others: list[Branch], head: Snapshot) -> None:
        from deeplake.versioning.ancestry import is_ancestor_of_any

        if head.commit_id is None:
            return
        tagged = [tag.commit_id for tag in self.tags()]
        slots = self.objects.parallel(lambda c: self.objects.read_slot(*c[:2]), tagged)
        heads = self.objects.parallel(self.head, others)
        heads += [Snapshot(self.objects, slot) for slot in slots if slot is not None]
        if not is_ancestor_of_any(self.objects, head.commit_id, heads):
            raise BranchNotMergedError(
                f"branch {branch.name!r} has commits that are in the history of no other branch or "
                f"tag, the newest {head.commit_id}.",
                hint="Merge or tag it first, or pass force=True: its commits can then be opened by "
                "id only.",
            )

    def create_tag(self, name: str, at: Snapshot) -> Tag:
        """A new tag on a commit.

        Raises:
            RefNotFoundError: the repository has no commit yet, or this one is expiring.
        """
        check_name(name, "tag")
        if at.commit_id is None:
            raise RefNotFoundError("there is no commit to tag yet.", hint="Commit something first.")
        made = refs.create_tag(self.objects, name, at.commit_id)
        self._still_there(at, lambda: refs.delete_tag(self.objects, made))
        return made

    def delete_tag(self, name: str) -> None:
        """Delete a tag; the commit stays.

        Raises:
            RefNotFoundError: there is no tag of that name.
        """
        tag = refs.find_tag(self.objects, name)
        if tag is None:
            known = [tag.name for tag in self.tags()]
            raise RefNotFoundError(
                f"there is no tag {name!r} in {self.store.url}.", hint=did_you_mean(name, known)
            )
        refs.delete_tag(self.objects, tag)

    def reset(self, branch: Branch, head: Snapshot, target: Snapshot, author: str) -> Snapshot:
        """Move a branch to another commit's state: a new commit, whose parent that is.

        Raises:
            CommitConflictError: the branch has moved on from `head`.
            BranchClosedError, CommitUnknownError
        """
        from deeplake.versioning.adopt import adopt
        from deeplake.versioning.plans import kept
        from deeplake.versioning.staged import Stamp

        nonce = int.from_bytes(os.urandom(8), "little")
        stamp = Stamp(author, f"reset to {target.commit_id}", True, nonce)
        with kept(self.objects, [target]):
            return adopt(self.objects, branch, head, target, stamp, reset=True)

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
