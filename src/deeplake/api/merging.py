"""merge, revert and cherry_pick, and deciding on the conflicts they meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.api.stand import author_name, message_text
from deeplake.api.target import target_of
from deeplake.errors import (
    CheckViolationError,
    CommitConflictError,
    ForeignKeyError,
    InputError,
    MergeConflictError,
    StateError,
    UniqueViolationError,
)
from deeplake.table.merge_job import MERGE, MergeJob, new_stamp
from deeplake.table.merge_keys import TAKEN, Asked
from deeplake.versioning.adopt import adopt
from deeplake.versioning.ancestry import is_ancestor, merge_bases
from deeplake.versioning.history import open_commit
from deeplake.versioning.pending import Decision, PendingMerge, find_pending, write_pending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.api.stand import Stand
    from deeplake.format.slot import CommitHeader
    from deeplake.table.conflicts import Conflict
    from deeplake.table.contest import Resolver
    from deeplake.table.merge_job import Outcome
    from deeplake.versioning.history import Ref
    from deeplake.versioning.refs import Branch
    from deeplake.versioning.snapshot import Snapshot

POLICIES = ("raise", "ours", "theirs")
UNSET: Any = object()


def merge(
    stand: Stand,
    source: Ref,
    into: str | None,
    on_conflict: Any,
    message: str | None,
    *,
    force: bool = False,
) -> Snapshot:
    """Bring what another branch, tag or commit has into a branch; see `Versioned.merge`."""
    resolver = _resolver(on_conflict)
    stand.settled("merge()")
    repository = stand.repository
    branch = stand.writable() if into is None else repository.branch(into)
    found = repository.resolve(source)
    theirs = found.snapshot
    name = source if isinstance(source, str) else str(theirs.commit_id)
    if found.branch is not None and found.branch.branch_id == branch.branch_id:
        raise StateError(
            f"branch {branch.name!r} cannot be merged into itself.",
            hint="Check out the branch that is to receive the changes, or name it: into='main'.",
        )
    told = message_text(message if message is not None else f"merge {name} into {branch.name}")
    for attempt in range(settings.COMMIT_ATTEMPTS_MAX):
        head = _head(stand, branch, known=not attempt)
        bases = merge_bases(repository.objects, head, theirs, newest=True) if head.header else []
        ids = [base.commit_id for base in bases]
        if not force and theirs.commit_id not in ids:
            _refuse_derived(theirs.header, head.header, f"merging {name!r}", "pass force=True")
        if theirs.header is None or theirs.commit_id in ids:
            if not attempt:
                continue  # as far as the handle knows
            return _moved(stand, branch, head)  # there is nothing that the branch has not
        if head.header is not None and head.commit_id not in ids:
            change = PendingMerge(MERGE, told, None, theirs.commit_id)
            job = _job(stand, branch, change, resolver, theirs)
            job.know_bases(head, bases)
            made = job.tried(head, newest=bool(attempt))
            if made is None:
                continue
            return _moved(stand, branch, made)
        try:
            stamp = new_stamp(author_name(), f"fast-forward to {name}", automatic=True)
            return _moved(stand, branch, adopt(repository.objects, branch, head, theirs, stamp))
        except CommitConflictError:
            continue  # another commit came first: look again
    raise CommitConflictError(f"branch {branch.name!r} is contended.", hint="Merge again.")


def _refuse_derived(
    theirs: CommitHeader | None, ours: CommitHeader | None, doing: str, way_out: str
) -> None:
    """Refuse to take a view for the state it was made of: what it left out would be deleted.

    Raises:
        StateError
    """
    if theirs is not None and theirs.derived and not (ours is not None and ours.derived):
        raise StateError(
            f"commit {theirs.commit_id} was made of a view, or follows one that was: {doing} would "
            "delete what the view left out.",
            hint=f"If you mean that, {way_out}; else cherry_pick() the commits made on it.",
        )


def revert(
    stand: Stand, commit: Ref, parent: int | None, on_conflict: Any, message: str | None
) -> Snapshot:
    """Undo what one commit did, wherever it stands in the history; see `Versioned.revert`."""
    target, before = target_of(stand, commit, parent, "revert")
    told = f"revert {_headline(target)!r}" if message is None else message
    change = PendingMerge("revert", message_text(told), target.commit_id, before)
    return _change(stand, change, on_conflict)


def cherry_pick(
    stand: Stand, commit: Ref, parent: int | None, on_conflict: Any, message: str | None
) -> Snapshot:
    """Do again what one commit did; see `Versioned.cherry_pick`."""
    target, before = target_of(stand, commit, parent, "cherry-pick")
    if target.header is not None and target.header.derived:
        first = None if before is None else open_commit(stand.repository.objects, before).header
        _refuse_derived(target.header, first, "picking it", "merge() it with force=True")
    told = target.header.message if message is None and target.header else message
    change = PendingMerge("cherry-pick", message_text(told), before, target.commit_id)
    return _change(stand, change, on_conflict)


def _change(stand: Stand, change: PendingMerge, on_conflict: Any) -> Snapshot:
    resolver = _resolver(on_conflict)
    branch = stand.writable()
    job = _job(stand, branch, change, resolver)
    made = job.tried(_head(stand, branch, known=True))
    return _moved(stand, branch, made or job.run(_head(stand, branch)))


# --- deciding on conflicts ------------------------------------------------------------------------


def conflicts(stand: Stand) -> list[Conflict]:
    """The conflicts of the merge that waits on the handle's branch; see `Versioned.conflicts`."""
    branch = stand.writable()
    _, waiting = find_pending(stand.repository.objects, branch.branch_id)
    if waiting is None:
        return []
    head = _head(stand, branch)
    merging = waiting.theirs if waiting.doing == MERGE else None
    if merging is not None and is_ancestor(stand.repository.objects, merging, head):
        return []  # it was merged since
    return _job(stand, branch, waiting, None).conflicts(head)


def resolve(
    stand: Stand,
    keep: str | None,
    value: Any,
    table: str | None,
    row_id: int | None,
    column: str | None,
) -> list[Conflict]:
    """Decide on conflicts; the last decision publishes the merge. See `Versioned.resolve`."""
    stand.settled("resolve()")
    branch = stand.writable()
    objects = stand.repository.objects
    version, waiting = find_pending(objects, branch.branch_id)
    if waiting is None:
        raise StateError(
            f"no merge into {branch.name!r} waits for decisions.",
            hint="merge() leaves one behind when it raises MergeConflictError.",
        )
    how = _decision(keep, value)
    head = _head(stand, branch)
    standing = _job(stand, branch, waiting, None).conflicts(head)
    meant = [c for c in standing if _means(c, table, row_id, column)]
    if not meant:
        asked = ", ".join(f"{k}={v!r}" for k, v in
                          (("table", table), ("row_id", row_id), ("column", column))
                          if v is not None)  # fmt: skip
        raise InputError(
            f"nothing in conflict is named by {asked or 'that'}.",
            hint="conflicts() lists them."
            if standing
            else "Nothing is left to decide: "
            f"{waiting.doing.replace('-', '_')}() again publishes it.",
        )
    meant = _settled_by_a_side(meant, waiting)
    if how[0] == "value" and any(c.kind != "cell" for c in meant):
        raise InputError(
            "a value settles cells only.", hint="Keep 'ours' or 'theirs', or name a column."
        )
    if how[0] == "value":
        for conflict in meant:
            conflict.check(value)
    decided = [Decision(c.place, c.token, *how) for c in meant]
    waiting = waiting._replace(decisions=(*waiting.decisions, *decided))
    left = [c for c in standing if c not in meant]
    if how[0] == "value":
        _refuse_taken(_job(stand, branch, waiting, None).conflicts(head), meant)
    write_pending(objects, branch.branch_id, version, waiting)
    if left:
        return left
    try:
        _moved(stand, branch, _job(stand, branch, waiting, None).run(head))
    except MergeConflictError as error:  # keys that only what was decided gives to two rows
        return list(error.conflicts)
    return []


def _settled_by_a_side(meant: list[Conflict], waiting: PendingMerge) -> list[Conflict]:
    """Those that a side or a value settles; what both sides together break is none of them.

    Raises:
        InputError: there are no others.
    """
    found = [c for c in meant if c.kind not in ("check", "reference")]
    if found:
        return found
    first = meant[0]
    told = first.message.partition(";")[0]
    raise InputError(
        f"no side settles what both together break: table {first.table!r}, row {first.row_id}: "
        f"{told}.",
        hint="Change the row, or the one that it refers to, on this branch and commit; then "
        f"{waiting.doing.replace('-', '_')}() again, which keeps what was decided. Or "
        "abort_merge().",
    )


def _refuse_taken(conflicts: Sequence[Conflict], meant: Sequence[Conflict]) -> None:
    """Refuse a value that would be the key of two rows, or break a constraint of its row.

    Raises:
        UniqueViolationError, CheckViolationError, ForeignKeyError
    """
    given = {(conflict.table, conflict.row_id) for conflict in meant}
    for conflict in conflicts:
        own = (conflict.table, conflict.row_id) in given
        if own and conflict.kind in ("check", "reference"):
            violated = CheckViolationError if conflict.kind == "check" else ForeignKeyError
            raise violated(
                f"table {conflict.table!r}, row {conflict.row_id}: {conflict.message}.",
                hint="Choose another value, or keep one side's.",
            )
        if conflict.kind == "key" and conflict.token.startswith(TAKEN):
            raise UniqueViolationError(
                f"column {conflict.column!r}, row {conflict.row_id}: {conflict.message}.",
                hint="Keys are unique: choose another value, or keep one side's.",
            )


def abort_merge(stand: Stand) -> None:
    """Forget the merge that waits on the handle's branch, if one does."""
    branch = stand.writable()
    objects = stand.repository.objects
    version, waiting = find_pending(objects, branch.branch_id)
    if waiting is not None:
        write_pending(objects, branch.branch_id, version, None)


def _decision(keep: str | None, value: Any) -> tuple[str, Any]:
    """What to keep, as it is stored.

    Raises:
        InputError: neither a side nor a value, or both; a value that JSON cannot hold.
    """
    if (keep is None) == (value is UNSET):
        raise InputError("decide by keep='ours', keep='theirs' or value=...")
    if keep is not None:
        if keep not in ("ours", "theirs"):
            raise InputError(f"keep is 'ours' or 'theirs', not {keep!r}.")
        return keep, None
    import json

    if isinstance(value, np.generic):
        value = value.item()  # as cells are read
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        kind = type(value).__name__
        what = repr(value) if isinstance(value, float) else f"a value of type {kind}"
        raise InputError(
            f"{what} cannot wait in a pending merge.",
            hint="Merge again with on_conflict=a function that returns it.",
        ) from None
    return "value", value


def _means(conflict: Conflict, table: str | None, row_id: int | None, column: str | None) -> bool:
    return (
        (table is None or conflict.table == table)
        and (row_id is None or conflict.row_id == row_id)
        and (column is None or conflict.column == column)
    )


def _resolver(on_conflict: Any) -> Resolver | None:
    """What decides conflicts.

    Raises:
        InputError: it is neither a policy nor a function.
    """
    if callable(on_conflict):
        return Asked(on_conflict)  # it may be merged several times until it is published
    if on_conflict not in POLICIES:
        raise InputError(
            f"on_conflict is one of {', '.join(map(repr, POLICIES))} or a function, "
            f"not {on_conflict!r}."
        )
    return None if on_conflict == "raise" else on_conflict


def _job(
    stand: Stand,
    branch: Branch,
    change: PendingMerge,
    resolver: Resolver | None,
    theirs: Snapshot | None = None,
) -> MergeJob:
    objects = stand.repository.objects
    return MergeJob(objects, branch, change, resolver, author_name(), theirs, _broken)


def _broken(outcome: Outcome) -> list[Conflict]:
    """Constraints that each side keeps and both together break."""
    if not _declares(outcome):
        return []
    from deeplake.sql.rechecks import broken

    return broken(outcome)


def _declares(outcome: Outcome) -> bool:
    """Whether SQL declared anything of the rows of a table that a merge changes.

    Of tables that are merged the schemas are at hand. One that is taken as a whole keeps what is
    declared of it, unless it refers to others: then there are several.
    """
    ours, theirs = outcome.ours, outcome.theirs
    several = max(len(ours.entries()), len(theirs.entries())) > 1
    for change in outcome.staged.tables:
        if change.taken is None:
            schema = change.schema or ours.table(change.former_name or change.name).schema
        elif several:
            side = ours if change.dropped else theirs  # where it may have another name
            entries = side.entries().values()
            (name,) = (entry.name for entry in entries if entry.table_id == change.table_id)
            schema = side.table(name).schema
        else:
            continue
        known = schema.sql.get("constraints", {}).values()
        if "referenced_by" in schema.sql or any("unique" not in found for found in known):
            return True
    return False


# --- commits --------------------------------------------------------------------------------------


def _head(stand: Stand, branch: Branch, *, known: bool = False) -> Snapshot:
    """The newest commit of a branch; with `known`, the one that the handle stands on will do:
    if there is a newer one, publishing finds out, and nothing was asked for in vain. That nothing
    can be done, or need be, is only true of the newest.
    """
    own = stand.branch is not None and stand.branch.branch_id == branch.branch_id
    repository = stand.repository
    if own and known:
        return stand.snapshot
    return repository.head_after(branch, stand.snapshot) if own else repository.head(branch)


def _moved(stand: Stand, branch: Branch, snapshot: Snapshot) -> Snapshot:
    """The handle follows if the branch is its own."""
    if stand.branch is not None and stand.branch.branch_id == branch.branch_id:
        stand.move(snapshot, stand.branch)
    return snapshot


def _headline(commit: Snapshot) -> str:
    message = commit.header.message if commit.header else ""
    return message.partition("\n")[0] or str(commit.commit_id)
