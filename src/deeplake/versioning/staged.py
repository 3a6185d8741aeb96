"""What a transaction hands over to be published: fragments, schemas, payload. No I/O."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deeplake.format.fragment import Fragment
    from deeplake.format.keys import CommitId
    from deeplake.format.schema import TableSchema
    from deeplake.format.slot import TableEntry
    from deeplake.format.tree import Record
    from deeplake.types.base import Buffer


class TableChange(NamedTuple):
    """What a transaction does to one table.

    Args:
        table_id: the table's id; for a new table a fresh one.
        name: its name.
        schema: the new schema, or None if it stays.
        created: whether this transaction creates the table.
        fragments: rows to append. Their row-id runs count from 0 over the whole transaction and
            their versions are 0: both become real at each attempt to publish.
        replaced: fragments that change, by path (their record in the parent's tree, after those
            of the nodes above it), each with what comes in its place: edited fragments, or
            records of another commit. Overlays and deletions of version 0 get the commit's.
        appended: rows of other commits to append, by reference.
        allocated: row ids that the appended rows take, those of rows deleted since included.
        counts: what the commit's summary says beside the rows appended.
        taken: the whole table as another commit has it; everything else is then left out.
        dropped: whether the table ends with this commit.
        former_name: its name in the parent, if that is another.
    """

    table_id: int
    name: str
    schema: TableSchema | None
    created: bool
    fragments: tuple[Fragment, ...]
    replaced: Mapping[tuple[Record, ...], tuple[Record | Fragment, ...]] = MappingProxyType({})
    appended: tuple[Record | Fragment, ...] = ()
    allocated: int = 0
    counts: Mapping[str, Any] = MappingProxyType({})
    taken: TableEntry | None = None
    dropped: bool = False
    former_name: str | None = None

    @property
    def added(self) -> int:
        """Rows appended."""
        return sum(fragment.live_rows for fragment in self.fragments)


class Staged(NamedTuple):
    """A whole transaction: changes of tables, and the payload of frames that ride in the slot.

    Args:
        requires: features that a reader of the commit needs beside those its parents required.
        parents: parents of a merge beside the first, which is the commit before it.
        rederived: whether it is worked out anew for each commit it could follow, as a merge is:
            then no commit of another writer is refused for what it changed.
        derived: whether the commit holds a view of the one before it; see `CommitHeader`.
    """

    tables: tuple[TableChange, ...]
    payload: Sequence[Buffer]
    payload_length: int
    requires: tuple[str, ...] = ()
    parents: tuple[CommitId, ...] = ()
    rederived: bool = False
    derived: bool = False


class Stamp(NamedTuple):
    """Who commits, and why."""

    author: str
    message: str
    automatic: bool
    nonce: int
