"""Verifying what is not rows: names, tags, claims, plans, and that what they name is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from deeplake.errors import DamageError, MalformedObjectError
from deeplake.format.keys import MAIN_BRANCH_ID, REPOSITORY, allocator_key, slot_key
from deeplake.format.sealed import unseal
from deeplake.table.damage import Damage
from deeplake.versioning import plans, refs
from deeplake.versioning.head import read_hint
from deeplake.versioning.saved import find_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from deeplake.format.keys import CommitId
    from deeplake.table.findings import Findings, Place
    from deeplake.versioning.objects import Objects

    Entry = TypeVar("Entry")

_FOLDERS = (
    "refs/names/", "refs/tags/", "refs/pins/", "refs/merges/", "refs/views/", "refs/condensed/",
    "ids/", "gc/",
)  # fmt: skip
_SEALED = (
    r"(?:refs/(?:names|tags|merges|views)/[^/]+/[0-9a-f]{8}|ids/[0-9a-f]{7}|ids/sequences/[0-9a-f]{16}/[0-9a-f]{8}|"
    r"refs/condensed/[0-9a-f]{12}/[0-9a-f]{16}/[0-9a-f]{8}|gc/expired/[0-9a-f]{12}|"
    r"(?:gc|refs/pins)/[0-9a-f]{32})"
)


_CLAIM = r"ids/[0-9a-f]{7}"


class Names:
    """The small objects of a repository."""

    def __init__(self, objects: Objects, found: Findings) -> None:
        self._objects = objects
        self._found = found
        self._branches = {MAIN_BRANCH_ID}
        """Branches that some entry names, or has named."""
        self._readable = True
        """Whether all entries of names can be read."""
        self._claims: set[int] = set()
        self._newest: dict[int, int] = {}
        self._commits: list[tuple[str, str, CommitId]] = []
        """(name, what it is, commit) of branches that begin at one, and of tags."""

    def read(self) -> None:
        """Check all sealed JSON."""
        keys = {REPOSITORY}
        for folder in _FOLDERS:
            listed = self._objects.store.list(folder)
            keys.update(info.key for info in listed if re.fullmatch(_SEALED, info.key))
        ordered = sorted(keys)
        raws = self._objects.parallel(self._objects.get_or_none, ordered)
        for key, raw in zip(ordered, raws, strict=True):
            naming = key.startswith("refs/names/")
            try:
                if raw is None:
                    raise MalformedObjectError("is missing")
                self._found.count(len(raw))
                branch = unseal(raw, key).get("branch")
                if naming and isinstance(branch, int):
                    self._branches.add(branch)
            except DamageError as error:
                self._found.refused(key, error)
                self._readable = self._readable and not naming
        self._claims = {int(key[4:], 16) for key in ordered if re.fullmatch(_CLAIM, key)}
        try:
            self._found.plan = plans.read_plan(self._objects)
        except DamageError:
            return  # told already

    def find(self, places: Iterable[Place]) -> None:
        """Where each name stands, of the slots that are listed."""
        for number, sequence in places:
            self._newest[number] = max(sequence, self._newest.get(number, 0))
        for branch in self._entries("refs/names/", refs.find_branch, {refs.MAIN}):
            head = self._newest.get(branch.branch_id, 0)
            hinted = read_hint(self._objects, branch.name, branch.branch_id)
            if hinted > head:
                self._found.missing_slots(branch.branch_id, head + 1, hinted + 1)
            if head:
                self._found.roots[branch.name] = (branch.branch_id, head)
            elif branch.base is not None:
                self._found.roots[branch.name] = branch.base[:2]
            if branch.base is not None:
                self._commits.append((branch.name, "branch", branch.base))
        for view in self._entries("refs/views/", find_view, set()):
            self._commits.append((view.name, "saved view", view.commit_id))
        for tag in self._entries("refs/tags/", refs.find_tag, set()):
            self._found.roots.setdefault(tag.name, tag.commit_id[:2])
            self._commits.append((tag.name, "tag", tag.commit_id))

    def _entries(
        self, folder: str, find: Callable[[Objects, str], Entry | None], more: set[str]
    ) -> list[Entry]:
        """Branches or tags, those left out whose entries are damaged: that was told already."""
        found = []
        for name in sorted(refs.listed_names(self._objects, folder) | more):
            try:
                entry = find(self._objects, name)
            except DamageError:
                continue
            if entry is not None:
                found.append(entry)
        return found

    def check(self) -> None:
        """Once all slots were read: what is named is there, and what is there is named."""
        found = self._found
        for number in sorted(self._newest.keys() - self._branches) if self._readable else ():
            newest = slot_key(number, self._newest[number])
            found.add(Damage(newest, "belongs to a branch that no entry names"))
        for allocator in sorted(found.allocators.keys() - self._claims - {0}):
            what = "is missing: a claim of row ids"
            found.add(Damage(allocator_key(allocator), what, commit=found.allocators[allocator]))
        for name, kind, commit in self._commits:
            stored = found.slots.get(commit[:2], "missing")
            if stored is not None and stored != str(commit):
                what = f"is missing: commit {commit}, of the {kind} {name!r}"
                found.add(Damage(commit.slot, what))
