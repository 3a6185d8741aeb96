"""Fragments of trees that are compared: known by their blocks, parsed where somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.format.block import Block
from deeplake.format.fragment import rehomed
from deeplake.table.fragments import OpenFragment

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from deeplake.format.fragment import ColumnChunk, Deletion, Fragment, FrameRef, Overlay, Run
    from deeplake.format.tree import Record
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]


class BlockFragment(OpenFragment):
    """A fragment as it is stored.

    Args:
        objects: where.
        data: its block.
        home: the object of the block, as frames name it, and its key.
        path: its record in the tree, after those of the nodes above it.

    Raises:
        MalformedObjectError: the block is none, or not as long as it says.
    """

    __slots__ = ("_columns", "_deletion", "_fragment", "_overlays", "block")

    def __init__(
        self, objects: Objects, data: bytes, home: tuple[bytes, str], path: tuple[Record, ...]
    ) -> None:
        self._objects = objects
        object_id, self._own_key = home
        self.block = block = Block(data, object_id, self._own_key)
        self.edit = None
        self.path = path
        self.rows = block.rows
        self._deletion = deletion = block.deletion()
        if deletion is not None:
            self.rows -= deletion.rows
        self._chunks = {}
        self._live = None
        self._bitmaps = {}
        self._versions = {}
        self._deleted = None
        self._fragment: Fragment | None = None
        self._columns: dict[int, ColumnChunk | None] = {}
        self._overlays: tuple[Overlay, ...] | None = None if block.overlaid else ()

    @property
    def fragment(self) -> Fragment:  # type: ignore[override]
        """All of the block."""
        found = self._fragment
        if found is None:
            known = self._objects.known_fragment(self.path[-1])
            found = self.block.fragment() if known is None else rehomed(known, self.block.home)
            self._fragment = found
        return found

    @property
    def stored_rows(self) -> int:
        """How many rows it was written with: deleted ones count."""
        return self.block.rows

    @property
    def deletion(self) -> Deletion | None:
        """The rows whose deletion is committed."""
        return self._deletion

    def part(self, column_id: int) -> ColumnChunk | None:
        """What its block says of a column; None if it does not hold it."""
        if column_id not in self._columns:
            self._columns[column_id] = self.block.column(column_id)
        return self._columns[column_id]

    def same_rows(self, other: OpenFragment) -> bool:
        """Whether another has the same row ids at the same places, deleted rows included."""
        if isinstance(other, BlockFragment):
            return self.block.row_ids == other.block.row_ids
        return super().same_rows(other)

    def frames(self, column_id: int) -> tuple[int, tuple[FrameRef, ...]]:
        """The frames of a column, () if it is not there, and the generation of their values."""
        return self.block.frames(column_id)

    @property
    def all_overlays(self) -> tuple[Overlay, ...]:
        """The overlays of all columns."""
        found = self._overlays
        if found is None:
            found = self._overlays = self.block.overlays()
        return found

    def overlays(self, column_id: int) -> list[Overlay]:
        """The overlays of a column, the last one on top."""
        return [o for o in self.all_overlays if o.column_id == column_id]

    def versions(self, column_id: int) -> tuple[Run, ...]:
        """The versions of a column's cells, overlays left out."""
        part = None if self.block.only_version() is not None else self.part(column_id)
        return (None if part is None else part.versions) or self.block.versions()

    def ids_at(self, places: Rows) -> Rows:
        """The row ids of some places."""
        first = self.block.first_id()
        return super().ids_at(places) if first is None else places + first
