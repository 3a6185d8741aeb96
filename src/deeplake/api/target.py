"""The commit that a revert or a cherry-pick is about, and the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import InputError, RefNotFoundError, StateError

if TYPE_CHECKING:
    from deeplake.api.stand import Stand
    from deeplake.format.keys import CommitId
    from deeplake.format.slot import SlotHead
    from deeplake.versioning.history import Ref
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.snapshot import Snapshot


def target_of(
    stand: Stand, ref: Ref, parent: int | None, doing: str
) -> tuple[Snapshot, CommitId | None]:
    """A commit and the one before it; of a merge, the parent that is named (1 is the first).

    Raises:
        InputError: a merge without a parent named, or no such parent.
        RefNotFoundError: the parent has expired, as happens before automatic commits only.
        StateError: there is no commit at all.
    """
    stand.settled(f"{doing.replace('-', '_')}()")
    stand.writable()
    commit = stand.repository.resolve(ref).snapshot
    if commit.header is None:
        raise StateError(f"there is nothing to {doing} yet.", hint="Commit something first.")
    parents = commit.header.parents
    if len(parents) > 1 and parent is None:
        raise InputError(
            f"commit {commit.commit_id} is a merge of {len(parents)} parents.",
            hint=f"Say which one to {doing} against: parent=1 is the branch it was merged into.",
        )
    number = 1 if parent is None else parent
    if type(number) is not int or not 1 <= number <= max(len(parents), 1):
        raise InputError(f"commit {commit.commit_id} has no parent number {parent!r}.")
    before = parents[number - 1] if parents else None
    if before is not None and commit.header.automatic:
        _refuse_moves(stand.repository.objects, commit.header.commit_id, before, doing)
    return commit, before


def _refuse_moves(objects: Objects, commit: CommitId, before: CommitId, doing: str) -> None:
    """Refuse an automatic commit that did nothing by itself, or of which that is not known."""
    slot, found = objects.read_slot(*commit[:2]), objects.read_slot(*before[:2])
    if found is None or found.header.commit_id != before:
        raise RefNotFoundError(
            f"what commit {commit} did is no longer known: {before}, the automatic one before it, "
            "has expired.",
            hint=f"{doing.capitalize()} a named commit, or set the cells themselves.",
        )
    if slot is not None and _did_nothing(slot, found):
        raise InputError(
            f"commit {commit} changed nothing by itself: it moved its branch to {before}.",
            hint=f"{doing.capitalize()} the commits that came with it, or reset() the branch to "
            "where it was.",
        )


def _did_nothing(slot: SlotHead, before: SlotHead) -> bool:
    """Whether a commit has the tables of the one before it and says of none that it changed.

    Where they are stored does not tell: a branch that takes over an old commit has the tables of
    its stand-in.
    """
    ours, theirs = (
        {table.table_id: (table.name, table.rows) for table in head.header.tables}
        for head in (slot, before)
    )
    return ours == theirs and not any(table.change for table in slot.header.tables)
