"""What a draft becomes when it is published, and what may be done to it: steps of a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import StagedChangesError, StoreError
from deeplake.table.placing import final
from deeplake.versioning.staged import TableChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deeplake.format.fragment import Fragment
    from deeplake.format.schema import TableSchema
    from deeplake.format.tree import Record
    from deeplake.table.builder import FragmentBuilder
    from deeplake.table.draft import Draft
    from deeplake.table.packs import Inline

    Replaced = Mapping[tuple[Record, ...], tuple[Fragment, ...]]


def refuse_rows(draft: Draft, what: str) -> None:
    """Refuse to change what rows that are staged depend on.

    Raises:
        StagedChangesError: naming what.
    """
    if draft.builder.rows or draft.edits:
        raise StagedChangesError(
            f"the {what} of table {draft.name!r} cannot change while changes of its rows are "
            "staged.",
            hint="Call commit() or rollback() first.",
        )


def alike(new: TableSchema, old: TableSchema) -> bool:
    """Whether rows staged under one schema are rows of the other: only what they may hold, and
    what SQL declares, differs.
    """
    one, other = ([c._replace(not_null=False) for c in s.columns] for s in (new, old))
    return one == other and new.dropped == old.dropped


def ending(table_id: int, name: str) -> TableChange:
    """The end of a table."""
    return TableChange(table_id, name, None, False, (), dropped=True)


def without_keys(draft: Draft) -> None:
    """Know nothing of the keys while rows change: an interrupt must not leave an index that lacks
    some.
    """
    if draft.keys is not None:
        draft.keys.state = None


def close(builder: FragmentBuilder) -> None:
    """Close the open fragment. After a StoreError closing goes on from where it stopped."""
    mark = builder.mark()
    try:
        builder.close()
    except StoreError:
        raise
    except BaseException:  # an interrupt may have come between two steps
        builder.restore(mark)
        raise


TABLES_TOLD_MAX = 5
"""Of those whose staged changes are dropped, by name."""


def told(drafts: Sequence[Draft], gone: Sequence[str]) -> str:
    """What is staged, table by table, in words; `gone` are tables that are dropped."""
    each = [*map(_told, drafts), *(f"the end of table {name!r}" for name in gone)]
    more = len(each) - TABLES_TOLD_MAX
    rest = [f"changes of {more:,} tables more"] if more > 0 else []
    return "; ".join([*each[:TABLES_TOLD_MAX], *rest])


def _told(draft: Draft) -> str:
    added, deleted = draft.added_rows, draft.deleted_rows
    parts = [
        f"{count:,} row{'' if count == 1 else 's'} {done}"
        for count, done in ((added, "added"), (deleted, "deleted"))
        if count
    ]
    if any(edit.patches for edit in draft.edits.values()):
        parts.append("others updated" if parts else "rows updated")
    if not parts:
        return f"{'' if draft.created else 'other columns of '}table {draft.name!r}"
    into = "to" if parts[-1].endswith("added") else "in"
    return f"{' and '.join(parts)} {into} table {draft.name!r}"


def change_of(
    draft: Draft,
    appended: Sequence[Fragment],
    replaced: Replaced,
    first: int,
    inline: Inline | None,
) -> TableChange:
    """A draft as it is published; `first` counts the rows that earlier drafts append."""
    counts: dict[str, int] = {}
    if draft.edits:  # else 3 us of sums over nothing
        if cells := sum(edit.cells for edit in draft.edits.values()):
            counts["updated"] = cells
        if draft.deleted_rows:
            counts["deleted"] = draft.deleted_rows
    return TableChange(
        draft.table_id,
        draft.name,
        draft.schema,
        draft.created,
        tuple([final(fragment, first, inline) for fragment in appended]),
        {path: tuple(final(f, 0, inline) for f in new) for path, new in replaced.items()},
        allocated=draft.builder.rows,
        counts=counts,
        former_name=None if draft.base_name == draft.name else draft.base_name,
    )
