"""Branch names and tags: versioned, create-only entries. SPEC section "Names".

A name's entries are numbered; the highest one counts. Version 0 is made by the first creation,
the next one by a deletion, rename or re-creation, so every step is one create-if-absent and two
racing callers never both succeed.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from deeplake.errors import (
    CommitConflictError,
    MalformedObjectError,
    ObjectExistsError,
    RefExistsError,
)
from deeplake.format.keys import (
    BRANCH_ID_BITS,
    MAIN_BRANCH_ID,
    CommitId,
    name_key,
    parse_commit_id,
    tag_key,
    unescape,
)
from deeplake.format.sealed import seal, unseal
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.versioning.objects import Objects

MAIN = "main"
_ANOTHER = "Take another name: branches and tags share them."
_VERSION = "[0-9a-f]{8}"
_DELETED = {"deleted": True}
_RACES_MAX = 8
"""Entries of one name that others may make while it is being deleted."""


class Branch(NamedTuple):
    """A branch as its name entry describes it; `base` is None if it began empty."""

    name: str
    branch_id: int
    base: CommitId | None


class Tag(NamedTuple):
    """A tag and the commit it names."""

    name: str
    commit_id: CommitId


def find_branch(objects: Objects, name: str) -> Branch | None:
    """The branch of that name, or None."""
    version, document = latest(objects, lambda n: name_key(name, n))
    return _branch(name, document) if version else _implied(name)


def find_tag(objects: Objects, name: str) -> Tag | None:
    """The tag of that name, or None."""
    version, document = latest(objects, lambda n: tag_key(name, n))
    return _tag(name, document) if version else None


def create_branch(objects: Objects, name: str, base: CommitId | None) -> Branch:
    """A new branch: one PUT whatever the size of the data.

    Raises:
        RefExistsError: the name is taken, also if another process took it just now.
    """
    version, _ = _untaken(objects, name)
    branch = Branch(name, _new_id(), base)
    _name_branch(objects, branch, version)
    return branch


def create_filled_branch(
    objects: Objects, name: str, base: CommitId | None, fill: Callable[[Branch], object]
) -> Branch:
    """A branch that appears with its first commits: `fill` makes them while nobody can find it.

    Its id is noted under the name first, as deleted, so that after a crash no slot is of unknown
    origin.

    Raises:
        RefExistsError: the name is taken, also if another process took it meanwhile.
    """
    version, _ = _untaken(objects, name)
    branch = Branch(name, _new_id(), base)
    _name_branch(objects, branch, version, deleted=True)
    fill(branch)
    _name_branch(objects, branch, version + 1)
    return branch


def _new_id() -> int:
    return int.from_bytes(os.urandom(BRANCH_ID_BITS // 8), "little") or 1


def _name_branch(objects: Objects, branch: Branch, version: int, *, deleted: bool = False) -> None:
    base = None if branch.base is None else str(branch.base)
    entry: dict[str, object] = {"branch": branch.branch_id, "base": base}
    if deleted:
        entry["deleted"] = True
    try:
        objects.store.create(name_key(branch.name, version), [seal(entry)])
    except ObjectExistsError:
        raise RefExistsError(f"another process just created the branch {branch.name!r}.") from None


def rename_branch(objects: Objects, branch: Branch, name: str) -> Branch:
    """The same branch under another name: an entry of the new name, then the old name's deletion.

    A crash between the two leaves both names on the branch, which harms nothing: renaming again
    finishes it, and deleting one of them deletes that name alone.

    Raises:
        RefExistsError: the name is taken.
        CommitConflictError: another process renamed or deleted the branch at the same time.
    """
    renamed = branch._replace(name=name)
    if name == branch.name or find_branch(objects, name) != renamed:
        version, _ = _untaken(objects, name)
        _name_branch(objects, renamed, version)
    if not delete_branch_name(objects, branch):
        raise CommitConflictError(
            f"another process renamed or deleted the branch {branch.name!r} at the same time.",
            hint=f"It is named {name!r} as well: look at branches().",
        )
    return renamed


def delete_branch_name(objects: Objects, branch: Branch) -> bool:
    """Delete a branch's name; whether it still was this branch's."""
    key = lambda n: name_key(branch.name, n)  # noqa: E731

    def still(version: int, document: dict[str, object]) -> bool:
        found = _branch(branch.name, document) if version else _implied(branch.name)
        return found == branch

    return _delete(objects, key, still)


def delete_tag(objects: Objects, tag: Tag) -> bool:
    """Delete a tag; whether it still named that commit."""
    key = lambda n: tag_key(tag.name, n)  # noqa: E731
    return _delete(objects, key, lambda n, found: n > 0 and _tag(tag.name, found) == tag)


def _delete(
    objects: Objects, key: Callable[[int], str], still: Callable[[int, dict[str, object]], bool]
) -> bool:
    """Write a deletion as the next entry, as long as the latest one is `still` the one meant."""
    for _ in range(_RACES_MAX):
        version, document = latest(objects, key)
        if not still(version, document):
            return False
        try:
            objects.store.create(key(version), [seal(_DELETED)])
        except ObjectExistsError:
            continue
        return True
    raise CommitConflictError(f"{key(0)} is being changed by others again and again.")


def create_tag(objects: Objects, name: str, commit_id: CommitId) -> Tag:
    """A new tag: one PUT.

    Raises:
        RefExistsError: the name is taken.
    """
    _, version = _untaken(objects, name)
    try:
        objects.store.create(tag_key(name, version), [seal({"commit": str(commit_id)})])
    except ObjectExistsError:
        raise RefExistsError(f"another process just created the tag {name!r}.") from None
    return Tag(name, commit_id)


def _untaken(objects: Objects, name: str) -> tuple[int, int]:
    """How many entries a name has had as branch and as tag: the next ones to be made.

    One name for both would hide the tag. Two processes may still make them at once, as their
    entries lie apart; 'tag:x' then tells them apart.

    Raises:
        RefExistsError: there is a branch or a tag of that name.
    """
    keys = [key(name, n) for key in (name_key, tag_key) for n in (0, 1)]
    objects.fetch_ahead(keys)
    as_branch, branch = latest(objects, lambda n: name_key(name, n))
    as_tag, tag = latest(objects, lambda n: tag_key(name, n))
    if (_branch(name, branch) if as_branch else _implied(name)) is not None:
        raise RefExistsError(f"a branch named {name!r} exists already.", hint=_ANOTHER)
    if as_tag and _tag(name, tag) is not None:
        raise RefExistsError(f"a tag named {name!r} exists already.", hint=_ANOTHER)
    return as_branch, as_tag


def list_branches(objects: Objects) -> list[Branch]:
    """All branches, by name."""
    names = listed_names(objects, "refs/names/") | {MAIN}
    found = objects.parallel(lambda name: find_branch(objects, name), sorted(names))
    return [branch for branch in found if branch is not None]


def list_tags(objects: Objects) -> list[Tag]:
    """All tags, by name."""
    names = sorted(listed_names(objects, "refs/tags/"))
    found = objects.parallel(lambda name: find_tag(objects, name), names)
    return [tag for tag in found if tag is not None]


def listed_names(objects: Objects, prefix: str) -> set[str]:
    """The names below a prefix; what is no entry of a name (a desktop.ini) is not ours."""
    found = set()
    for info in objects.store.list(prefix):
        segment, _, version = info.key[len(prefix) :].partition("/")
        if re.fullmatch(_VERSION, version):
            found.add(unescape(segment))
    return found


def _implied(name: str) -> Branch | None:
    """'main' exists without an entry: repo.json alone is a valid empty repository."""
    return Branch(MAIN, MAIN_BRANCH_ID, None) if name == MAIN else None


def latest(objects: Objects, key: Callable[[int], str]) -> tuple[int, dict[str, object]]:
    """(number of entries, latest document) of a name: entries are gap-free, so probing finds the
    end.
    """
    if objects.store.remote:
        first, second = objects.parallel(objects.get_or_none, [key(0), key(1)])
    else:  # a look in vain is a tenth of what a branch takes beside its disk writes
        first = objects.get_or_none(key(0))
        second = None if first is None else objects.get_or_none(key(1))
    if first is None:
        return 0, {}
    raw, version = first, 1
    while second is not None:
        raw, version = second, version + 1
        second = objects.get_or_none(key(version))
    return version, unseal(raw, key(version - 1))


def _branch(name: str, document: dict[str, object]) -> Branch | None:
    if document.get("deleted"):
        return None
    branch_id, base = document.get("branch"), document.get("base")
    if not isinstance(branch_id, int) or not isinstance(base, str | None):
        raise MalformedObjectError(f"the entry of branch {name!r} is malformed.")
    return Branch(name, branch_id, None if base is None else parse_commit_id(base))


def _tag(name: str, document: dict[str, object]) -> Tag | None:
    if document.get("deleted"):
        return None
    commit = document.get("commit")
    if not isinstance(commit, str):
        raise MalformedObjectError(f"the entry of tag {name!r} is malformed.")
    return Tag(name, parse_commit_id(commit))
