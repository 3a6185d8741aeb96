"""Merges that met conflicts and wait for decisions: versioned, create-only entries of a branch.

SPEC section "Pending merges". An entry is written anew with each decision; the highest one counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake.errors import (
    CommitConflictError,
    MalformedObjectError,
    ObjectExistsError,
    RefNotFoundError,
)
from deeplake.format.keys import CommitId, parse_commit_id, pending_key
from deeplake.format.sealed import seal, unseal
from deeplake.versioning.plans import refuse_expiring

if TYPE_CHECKING:
    from deeplake.versioning.objects import Objects


class Decision(NamedTuple):
    """What was decided on one conflict. `token` names the versions it was decided on."""

    place: tuple[str, str, int | None, str | None]
    token: str
    keep: str
    """"ours", "theirs", or "value"."""

    value: Any = None


class PendingMerge(NamedTuple):
    """A merge, revert or cherry-pick into a branch.

    `base` is the commit that the change begins at; None for a merge, whose base depends on the
    branch's head. `theirs` is None for the state before the first commit.
    """

    doing: str
    message: str
    base: CommitId | None
    theirs: CommitId | None
    decisions: tuple[Decision, ...] = ()


def find_pending(objects: Objects, branch: int) -> tuple[int, PendingMerge | None]:
    """How many entries a branch has had, and the merge that waits."""
    version, raw = 0, None
    while (found := objects.get_or_none(pending_key(branch, version))) is not None:
        raw, version = found, version + 1
    if raw is None:
        return 0, None
    where = pending_key(branch, version - 1)
    document = unseal(raw, where)
    if document.get("done"):
        return version, None
    try:
        return version, _parse(document)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedObjectError(f"{where} is malformed: {error!r}") from error


def write_pending(objects: Objects, branch: int, version: int, merge: PendingMerge | None) -> None:
    """The next entry; None ends the merge that waits.

    Raises:
        CommitConflictError: somebody else wrote it first.
        RefNotFoundError: one of its commits is expiring.
    """
    document: dict[str, Any] = {"done": True}
    if merge is not None:
        document = {
            "doing": merge.doing,
            "message": merge.message,
            "base": None if merge.base is None else str(merge.base),
            "theirs": None if merge.theirs is None else str(merge.theirs),
            "decisions": [[*d] for d in merge.decisions],
        }
    try:
        objects.store.create(pending_key(branch, version), [seal(document)])
    except ObjectExistsError:
        raise CommitConflictError(
            "another process decided on the same merge just now.",
            hint="Look at conflicts() and decide again.",
        ) from None
    named = () if merge is None else (merge.base, merge.theirs)
    try:
        refuse_expiring(objects, [commit for commit in named if commit is not None])
    except RefNotFoundError:
        write_pending(objects, branch, version + 1, None)
        raise


def _parse(document: dict[str, Any]) -> PendingMerge:
    base, theirs = document["base"], document["theirs"]
    decisions = []
    for (kind, table, row_id, column), token, keep, value in document["decisions"]:
        decisions.append(Decision((kind, table, row_id, column), str(token), str(keep), value))
    return PendingMerge(
        str(document["doing"]),
        str(document["message"]),
        None if base is None else parse_commit_id(base),
        None if theirs is None else parse_commit_id(theirs),
        tuple(decisions),
    )
