"""What a transaction changes of rows that are there: staged by fragment, ready to be published.

An edit names places within one fragment, so staging, reading back and publishing it cost what was
changed, whatever the size of the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.table.patch import Patch, among, holds, layered, patch_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.format.fragment import Overlay
    from deeplake.format.tree import Record
    from deeplake.types.base import ColumnData

    Rows = npt.NDArray[np.int64]


class FragmentEdit:
    """Staged changes of one fragment: new values by column, and rows to delete.

    Immutable: each step makes a new one, so that open readers and marks keep what they saw.

    Args:
        path: the fragment's record, after those of the nodes above it; () if it is staged itself.
    """

    __slots__ = ("deleted", "overlays", "patches", "path")

    def __init__(
        self,
        path: tuple[Record, ...] = (),
        patches: dict[int, list[Patch]] | None = None,
        deleted: Rows | None = None,
    ) -> None:
        self.path = path
        self.patches: dict[int, list[Patch]] = {} if patches is None else patches
        """Column id -> patches, later ones on top."""
        self.deleted: Rows = np.zeros(0, np.int64) if deleted is None else deleted
        """Places, ascending; none of them deleted before."""
        self.overlays: dict[int, Overlay] = {}
        """Column id -> its patches in a pack, once they are."""

    def on(self, path: tuple[Record, ...]) -> FragmentEdit:
        """The same edit of the same fragment, which has another path now."""
        found = FragmentEdit(path, self.patches, self.deleted)
        found.overlays = self.overlays
        return found

    def joined(self, other: FragmentEdit) -> FragmentEdit:
        """With what another edit does to other cells and rows of the same fragment."""
        patches = dict(self.patches)
        for column_id, stack in other.patches.items():
            patches[column_id] = [layered([*patches.get(column_id, ()), *stack])]
        return FragmentEdit(self.path, patches, np.union1d(self.deleted, other.deleted))

    def updated(self, column_id: int, places: Rows, data: ColumnData) -> FragmentEdit:
        """With new values at `places`, in any order; the last one of each counts."""
        patches = dict(self.patches)
        patches[column_id] = _stacked([*patches.get(column_id, ()), patch_of(places, data)])
        return FragmentEdit(self.path, patches, self.deleted)

    def without(self, places: Rows) -> FragmentEdit:
        """With these places deleted, and their new values forgotten."""
        deleted = np.union1d(self.deleted, places)
        patches = {}
        for column_id, stack in self.patches.items():
            whole = layered(stack)
            left = among(whole, ~holds(deleted, whole.positions))
            if len(left.positions):
                patches[column_id] = [left]
        return FragmentEdit(self.path, patches, deleted)

    @property
    def cells(self) -> int:
        """Cells with new values."""
        return sum(len(layered(stack).positions) for stack in self.patches.values())


def _stacked(patches: list[Patch]) -> list[Patch]:
    """The same patches with small ones joined, each over twice the size of the next: a thousand
    single updates are looked at as a dozen.
    """
    found: list[Patch] = []
    for patch in patches:
        top = patch
        while found and len(found[-1].positions) <= 2 * len(top.positions):
            top = layered([found.pop(), top])
        found.append(top)
    return found
