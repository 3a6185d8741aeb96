"""One table of an open transaction: rows to append, and changes of rows that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake import settings
from deeplake.format import statistics as stats
from deeplake.table.builder import FragmentBuilder
from deeplake.table.edits import FragmentEdit
from deeplake.table.frame_writer import write_deletion, write_overlay
from deeplake.table.overlaid import overlaid
from deeplake.table.overlays import read_overlay
from deeplake.table.patch import Patch, layered
from deeplake.table.staged import StagedFragment, open_staged
from deeplake.table.table_tree import TableTree
from deeplake.types.base import FixedData, is_media
from deeplake.types.data import take_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from deeplake.format.fragment import Fragment, Overlay
    from deeplake.format.schema import TableSchema
    from deeplake.format.statistics import ColumnStatistics
    from deeplake.format.tree import Record
    from deeplake.table.builder import Mark
    from deeplake.table.columns import Column, Columns
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.keys import KeyState, TableKeys
    from deeplake.table.packs import PackWriter
    from deeplake.types.base import ColumnData
    from deeplake.versioning.objects import Objects

    Rows = npt.NDArray[np.int64]
    Key = Record | int


class DraftMark(NamedTuple):
    """A draft's state at some moment."""

    builder: Mark
    edits: dict[Key, FragmentEdit]
    keys: KeyState | None
    columns: Columns
    schema: TableSchema | None


class Draft:
    """What a transaction does to one table.

    Args:
        table_id: the table.
        name: its name.
        columns: its columns, staged changes included.
        schema: the schema if the transaction makes or changes it.
        created: whether the transaction makes the table.
        base_name: its name in the commit, if the transaction gives it another.
        writer: where frames go.
        nonce: of the transaction.
    """

    def __init__(
        self,
        table_id: int,
        name: str,
        columns: Columns,
        writer: PackWriter,
        schema: TableSchema | None = None,
        *,
        nonce: int,
        created: bool = False,
        base_name: str | None = None,
    ) -> None:
        self._nonce = nonce
        self.table_id = table_id
        self.name = name
        self.base_name = name if base_name is None else base_name
        self.columns = columns
        self.schema = schema
        self.created = created
        self._writer = writer
        self.builder = FragmentBuilder(columns, writer)
        self.edits: dict[Key, FragmentEdit] = {}
        """By record of a committed fragment, by number of a staged one; replaced, not changed."""
        self.keys: TableKeys | None = None
        """Opened with the first write, if the table has keys."""
        self._written: dict[Key, tuple[FragmentEdit, Fragment | None]] = {}
        """Edited fragments whose values are in packs: a commit that is tried again has them."""

    @property
    def staged(self) -> bool:
        """Whether there is anything to publish."""
        if self.schema is not None or self.builder.rows or self.edits:
            return True
        return self.base_name != self.name

    @property
    def settled(self) -> bool:
        """Whether its rows are those that are committed."""
        return not (self.created or self.builder.rows or self.edits)

    @property
    def added_rows(self) -> int:
        """Rows appended and not deleted again."""
        gone = sum(len(e.deleted) for k, e in self.edits.items() if isinstance(k, int))
        return self.builder.rows - gone

    @property
    def deleted_rows(self) -> int:
        """Committed rows that are deleted."""
        return sum(len(e.deleted) for k, e in self.edits.items() if not isinstance(k, int))

    def mark(self) -> DraftMark:
        """The state now, for `restore`."""
        keys = None if self.keys is None else self.keys.state
        return DraftMark(self.builder.mark(), self.edits, keys, self.columns, self.schema)

    def restore(self, mark: DraftMark) -> None:
        """Forget what was staged since `mark`."""
        self.builder.restore(mark.builder)
        self.edits = mark.edits
        self.columns, self.schema = mark.columns, mark.schema
        if self.keys is not None:
            self.keys.restore(mark.keys, settled=self.settled)

    def append(self, batch: Mapping[int, ColumnData], rows: int) -> None:
        """Stage rows, all or none.

        Raises:
            StoreError: a pack could not be stored.
        """
        mark = self.builder.mark()
        try:
            self.builder.add(batch, rows)
        except BaseException:
            self.builder.restore(mark)  # else some columns would have rows that others lack
            raise

    def update(self, tree: TableTree, rows: Rows, batch: Mapping[int, ColumnData]) -> None:
        """Stage new values: row k of each column goes to position rows[k]; later ones count."""

        def changed(edit: FragmentEdit, places: Rows, where: Rows) -> FragmentEdit:
            for column_id, data in batch.items():
                edit = edit.updated(column_id, places, take_rows(data, where))
            return edit

        self._edit(tree, rows, changed)

    def delete(self, tree: TableTree, rows: Rows) -> None:
        """Stage the deletion of rows by position."""
        self._edit(tree, rows, lambda edit, places, _: edit.without(places))

    def _edit(
        self,
        tree: TableTree,
        rows: Rows,
        change: Callable[[FragmentEdit, Rows, Rows], FragmentEdit],
    ) -> None:
        edits = dict(self.edits)
        for fragment, inner, where in tree.groups(rows):
            key = fragment.number if isinstance(fragment, StagedFragment) else fragment.path[-1]
            edit = edits.get(key) or FragmentEdit(fragment.path)
            edits[key] = change(edit, fragment.places(inner), where)
        self.edits = edits

    def tree(self, objects: Objects, committed: TableTree | None) -> TableTree:
        """The table's rows as the transaction sees them."""
        numbered = {k: e for k, e in self.edits.items() if isinstance(k, int)}
        staged = open_staged(objects, self.builder, self._writer, numbered)
        if committed is None:
            return TableTree(objects, None, (), staged)
        return committed.edited(staged, self.committed_edits())

    def statistics(self) -> dict[int, ColumnStatistics]:
        """Column id -> statistics of the rows appended."""
        return self.builder.statistics() if self.builder.rows else {}

    # --- publishing ---------------------------------------------------------------------------

    def appended(self, objects: Objects) -> list[Fragment]:
        """The staged rows as closed fragments; one all of whose rows are deleted is left out."""
        found = []
        for number, fragment in enumerate(self.builder.closed):
            edit = self.edits.get(number)
            if edit is None:
                found.append(fragment)
                continue
            opened = StagedFragment(objects, fragment, self._writer, {}, number, None)
            made = self._edited(number, edit, opened)
            if made is not None:
                found.append(made)
        return found

    def committed_edits(self) -> dict[Record, FragmentEdit]:
        """Changes of rows that are committed, by the record of their fragment."""
        return {k: e for k, e in self.edits.items() if not isinstance(k, int)}

    def replaced(
        self, tree: TableTree, edits: Mapping[Record, FragmentEdit]
    ) -> dict[tuple[Record, ...], tuple[Fragment, ...]]:
        """Path of each edited fragment -> what comes in its place, its values in packs."""
        found: dict[tuple[Record, ...], tuple[Fragment, ...]] = {}
        for record, edit in edits.items():
            made = self._edited(record, edit, tree.at(edit.path))
            found[edit.path] = () if made is None else (made,)
        return found

    def _edited(self, key: Key, edit: FragmentEdit, fragment: OpenFragment) -> Fragment | None:
        known = self._written.get(key)
        if known is None or known[0] is not edit:
            made = edited(fragment, edit, self.columns, self._writer, self._nonce)
            known = self._written[key] = (edit, made)
        return known[1]


def edited(
    fragment: OpenFragment, edit: FragmentEdit, columns: Columns, writer: PackWriter, nonce: int
) -> Fragment | None:
    """A fragment with staged changes written to packs; None if no row is left.

    Args:
        fragment: as it is stored, with frames that name their objects.
        nonce: of the transaction, the version of what it writes.
    """
    found = fragment.fragment
    if len(edit.deleted):
        deleted = np.union1d(fragment.deleted, edit.deleted)
        if len(deleted) == found.rows:
            return None
        found = found._replace(deletion=write_deletion(writer, deleted))
    for column in columns:
        stack = edit.patches.get(column.column_id)
        if stack:
            patch = layered(stack)
            found = found._replace(
                overlays=_overlays(fragment, found, edit, column, patch, writer, nonce),
                columns=overlaid(
                    found.columns,
                    fragment,
                    column,
                    patch.positions,
                    stats.measure(column.layout, patch.data),
                ),
            )
    return found


def _overlays(
    fragment: OpenFragment,
    found: Fragment,
    edit: FragmentEdit,
    column: Column,
    patch: Patch,
    writer: PackWriter,
    nonce: int,
) -> tuple[Overlay, ...]:
    """The overlays of a fragment with one more; many small ones of a column are folded into it."""
    old = [o for o in found.overlays if o.column_id == column.column_id]
    folded = _to_fold(old, patch) if len(old) >= settings.OVERLAYS_MAX else []
    if folded and not is_media(column.layout):
        whole, versions = _folded(fragment, column, folded, patch, nonce)
        overlay = write_overlay(writer, column, whole, versions)
        gone = {id(o) for o in folded}
        return (*[o for o in found.overlays if id(o) not in gone], overlay)
    known = edit.overlays.get(column.column_id)
    if known is None:
        known = edit.overlays[column.column_id] = write_overlay(writer, column, patch)
    return (*found.overlays, known)


def _to_fold(old: list[Overlay], patch: Patch) -> list[Overlay]:
    """The last overlays, as far as each is not much larger than all after it: so a cell is written
    again a logarithmic number of times.
    """
    rows, size, first = len(patch.positions), 0, len(old)
    for k in range(len(old) - 1, -1, -1):
        size += old[k].values.length + old[k].values.index_length
        if old[k].values.rows > 2 * rows or size > settings.OVERLAYS_FOLDED_BYTES_MAX:
            break
        rows, first = rows + old[k].values.rows, k
    return old[first:]


def _folded(
    fragment: OpenFragment, column: Column, old: list[Overlay], patch: Patch, nonce: int
) -> tuple[Patch, npt.NDArray[np.uint64]]:
    """Overlays and new values as one patch, and the version of each cell; deleted rows as well,
    since the statistics count their NULLs.
    """
    rows = fragment.fragment.rows
    patches, versions = [], []
    for overlay in old:
        one = read_overlay(fragment.objects, column, overlay, fragment.own_key, rows)
        patches.append(one)
        known = np.broadcast_to(fragment.overlay_versions(overlay), len(one.positions))
        versions.append(Patch(one.positions, FixedData(known)))
    patches.append(patch)
    own = np.full(len(patch.positions), nonce, np.uint64)
    versions.append(Patch(patch.positions, FixedData(own)))
    of = layered(versions).data
    assert isinstance(of, FixedData)
    return layered(patches), of.values
