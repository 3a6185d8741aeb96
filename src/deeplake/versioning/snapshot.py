"""One commit opened for reading: its tables, their schemas and their trees.

Holds no rows. A snapshot never changes; a newer commit is another snapshot.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deeplake.errors import TableNotFoundError, did_you_mean
from deeplake.format import schema as schemas
from deeplake.format import tree
from deeplake.format.slot import BlockRef
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from deeplake.format.keys import CommitId
    from deeplake.format.schema import TableSchema
    from deeplake.format.slot import CommitHeader, SlotHead, TableEntry
    from deeplake.format.tree import Record
    from deeplake.versioning.objects import Objects


class TableState(NamedTuple):
    """One table at one commit, as the tree sees it: its schema, its root records."""

    table_id: int
    name: str
    rows: int
    schema: TableSchema
    schema_block: bytes
    records: tuple[Record, ...]
    root_block: bytes
    """`records` as they are stored: the next commit mostly adds one to them."""


class Snapshot:
    """A commit, or the empty repository (`head is None`)."""

    __slots__ = ("_entries", "_tables", "head", "objects", "read_s")

    def __init__(
        self,
        objects: Objects,
        head: SlotHead | None,
        tables: dict[str, TableState] | None = None,
    ) -> None:
        self.objects = objects
        self.head = head
        self.read_s = time.monotonic()
        """When it was known to be there."""
        self._entries: dict[str, TableEntry] | None = None
        self._tables: dict[str, TableState] = {} if tables is None else tables

    @property
    def header(self) -> CommitHeader | None:
        """The commit's header, None for the empty repository."""
        return None if self.head is None else self.head.header

    @property
    def commit_id(self) -> CommitId | None:
        """The commit's id, None for the empty repository."""
        return None if self.head is None else self.head.header.commit_id

    def entries(self) -> dict[str, TableEntry]:
        """Table name -> entry; for reading, as it is made once."""
        found = self._entries
        if found is None:
            tables = () if self.head is None else self.head.header.tables
            found = self._entries = {entry.name: entry for entry in tables}
        return found

    def tables(self) -> list[str]:
        """Names of the tables that hold rows or can, sorted: views of SQL and marks are none."""
        return [
            name
            for name, entry in sorted(self.entries().items())
            if entry.rows or not {"view", "schema"} & self.table(name).schema.sql.keys()
        ]

    def table(self, name: str) -> TableState:
        """A table's schema and root.

        Raises:
            TableNotFoundError: naming the tables there are.
        """
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = self._open_table(name)
        return found

    def _open_table(self, name: str) -> TableState:
        entries = self.entries()
        entry = entries.get(name)
        if entry is None or self.head is None:
            raise TableNotFoundError(
                f"there is no table {name!r} in {self.objects.store.url}.",
                hint=did_you_mean(name, entries),
            )
        block = self.objects.block(entry.schema, self.head)
        where = f"table {name!r} at commit {self.head.header.commit_id}"
        schema = schemas.decode(block, where)
        root = self.objects.block(entry.root, self.head)
        records, _ = tree.decode(root, f"the root of {where}")
        return TableState(entry.table_id, name, entry.rows, schema, block, tuple(records), root)

    def absolute(self, ref: BlockRef) -> BlockRef:
        """A block reference of this commit as later commits must write it: with its slot's key."""
        if ref.key or self.head is None:
            return ref
        return BlockRef(self.head.header.commit_id.slot, *ref[1:])
