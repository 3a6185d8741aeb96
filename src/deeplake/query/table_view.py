"""The rows of one table at one commit, or some of them, for a query.

The only way to rows for whoever asks with a query: scans, fetches, counts, statistics and keys
pass here. Of a principal the tree has only the rows that it may see (`query.policy`); `visible`
leaves out more, as of a write that concerns some rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.errors import RowIndexError
from deeplake.query import cache, feed
from deeplake.query.declared_kind import kind_of_column
from deeplake.query.prune import Pruned, pruned, prunes
from deeplake.query.rows import Rows
from deeplake.query.struct_text import is_struct, seen
from deeplake.query.tests import columns_of
from deeplake.table.column import ColumnReader
from deeplake.table.patch import holds
from deeplake.types.base import FixedData, FixedLayout, VarData, is_media
from deeplake.types.data import concat, join_bytes, slice_rows, take_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pyarrow as pa

    from deeplake.query.kinds import Kind
    from deeplake.query.tests import Test
    from deeplake.table.columns import Column, Columns
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.table_tree import TableTree
    from deeplake.types.base import ColumnData
    from deeplake.versioning.objects import Objects

    Positions = npt.NDArray[np.int64]

KEPT_ROW_BYTES_MAX = 16
"""Columns of numbers up to so many bytes a row are kept decoded; wider ones are read each time."""


SCATTERED = 32
"""One of so many rows, in over half of so many parts of a table, makes it worth to read all, if
they are kept: 18,000 texts of 600,000 take 24 ms out of their blocks, all of them 30, and 1 when
they are in memory."""

FEW = 4096
"""So few rows are taken by NumPy, which is loaded; by Arrow, whose functions load 30 ms, more."""

_SHARED_BYTES = 64
"""What an array costs whose memory is counted elsewhere."""

TEXT_GROWS = 8
"""Times that text grows when it is decompressed, at most as a rule."""


class TableView:
    """A table pinned to a commit (with an open transaction's rows, if any).

    Args:
        name: of the table, for messages.
        tree: its rows.
        columns: its columns.
        visible: positions of the rows that are there, ascending; None for all.
    """

    def __init__(
        self,
        objects: Objects,
        name: str,
        tree: TableTree,
        columns: Columns,
        visible: Positions | None = None,
    ) -> None:
        self._objects = objects
        self._kept = cache.kept(objects, tree)
        self._tree = tree if self._kept is None else self._kept.tree
        self._visible = visible
        self.name = name
        self.columns = columns

    @property
    def objects(self) -> Objects:
        """Where it is read from."""
        return self._objects

    @property
    def rows(self) -> int:
        """Rows that can be seen."""
        return self._tree.rows if self._visible is None else len(self._visible)

    @property
    def restricted(self) -> bool:
        """Whether there may be rows that cannot be seen."""
        return self._visible is not None

    def kind(self, name: str) -> Kind:
        """As which kind SQL sees a column."""
        return kind_of_column(self.columns, self.columns.get(name))

    def all_rows(self) -> Rows:
        """The rows that can be seen."""
        if self._visible is not None:
            return Rows(single=self._visible)
        return Rows(((0, self._tree.rows),))

    def positions(self) -> Positions:
        """The rows that can be seen, by position in the table."""
        return self.all_rows().positions()

    def pruned(self, test: Test) -> Pruned:
        """The rows that can be seen and that, by their statistics, a test may be true of."""
        everything = self.all_rows()
        if not prunes(test):
            return Pruned(everything, 0, 0, 0)
        columns = {name: self.columns.get(name) for name in columns_of(test)}
        found = pruned(self._objects, self._tree, self._kept, columns, test)
        if self._visible is None:
            return found
        return found._replace(rows=found.rows.among(self._visible))

    # --- values -----------------------------------------------------------------------------

    def _rows(self, rows: Rows | Positions | None) -> Rows:
        """Rows as they are asked for; refuses those that cannot be seen."""
        if rows is None:
            return self.all_rows()
        named = rows if isinstance(rows, Rows) else Rows(single=rows)
        if self._visible is not None:
            seen = holds(self._visible, named.positions())
            if not seen.all():
                hidden = int(named.positions()[int(seen.argmin())])
                raise RowIndexError(f"row {hidden} of table {self.name!r} is not there.")
        return named

    def read(self, name: str, rows: Rows | Positions | None = None) -> ColumnData:
        """One column of some rows, of all visible ones by default. Not to be changed.

        Args:
            name: of the column.
            rows: out of `all_rows()`, or any positions among these in any order.
        """
        column = self.columns.get(name)
        rows = self._rows(rows)
        if self._kept is None or not self._keeps(column):
            return self._read(column, rows)
        what = "data", column.column_id, column.type.name
        found = self._kept.get(what)
        if rows.are_all(self._tree.rows):
            if found is None:
                found = _frozen(self._read(column, rows))
                self._kept.put(what, found, _bytes(found))
            return found  # type: ignore[no-any-return]
        if found is None:
            return self._read(column, rows)
        if rows.single is None and len(rows.runs) == 1:
            return slice_rows(found, *rows.runs[0])
        return take_rows(found, rows.positions())

    def _read(self, column: Column, rows: Rows) -> ColumnData:
        reader = ColumnReader(self._objects, self._tree, column)
        if rows.single is not None:
            return reader.take(rows.single)
        return concat([reader.slice(low, high) for low, high in rows.runs or ((0, 0),)])

    def _keeps(self, column: Column) -> bool:
        """Whether all of a column is kept in memory once it was read."""
        if self._kept is None:
            return False
        layout = column.layout
        if isinstance(layout, FixedLayout):
            size = np.dtype(layout.dtype).itemsize * int(np.prod(layout.shape, dtype=np.int64))
            return size <= KEPT_ROW_BYTES_MAX
        return column.type.name in ("text", "json")

    def kept(self, name: str) -> bool:
        """Whether all values of a column are in memory already."""
        column, kept = self.columns.get(name), self._kept
        forms = (("arrow", column.column_id, column.type.name),
                 ("data", column.column_id, column.type.name))  # fmt: skip
        return kept is not None and any(kept.get(form) is not None for form in forms)

    def values(self, name: str, rows: Rows | None = None, *, plain: bool = False) -> pa.Array:
        """One column of some rows as an array of the engine.

        Args:
            name: of the column.
            rows: out of `all_rows()`.
            plain: texts never come by number, so that every call gives the same type.
        """
        column = self.columns.get(name)
        rows = self._rows(rows)
        if self._kept is None or not self._keeps(column):
            return feed.as_engine(column.type, self.read(name, rows))
        whole = rows.are_all(self._tree.rows)
        what = "arrow", column.column_id, column.type.name
        found = self._kept.get(what)
        if found is None and not self._taken_by_numpy(column, rows):
            if not whole and not self._soon_whole(name, rows):
                return feed.as_engine(column.type, self.read(name, rows))
            found = self._as_engine(column)
            self._kept.put(what, *found)
            found = found[0]
        if self._taken_by_numpy(column, rows):
            return feed.as_engine(column.type, self.read(name, rows))
        if not whole:
            found = feed.some(found, rows)
        return feed.plain(found) if plain else found

    def _taken_by_numpy(self, column: Column, rows: Rows) -> bool:
        """Whether rows of a column are few, and its values are kept as NumPy has them."""
        few = rows.size < FEW and not rows.are_all(self._tree.rows)
        what = "data", column.column_id, column.type.name
        return few and self._kept is not None and self._kept.get(what) is not None

    def _soon_whole(self, name: str, rows: Rows) -> bool:
        """Whether all of a column is read for some rows of it: these lie in most of its blocks."""
        if rows.single is None or rows.size * SCATTERED <= self._tree.rows:
            return False
        step = max(1, rows.size // (4 * SCATTERED))
        parts = set((rows.single[::step] * SCATTERED // self._tree.rows).tolist())
        return len(parts) > SCATTERED // 2 and self.is_kept_or_small(name)

    def _as_engine(self, column: Column) -> tuple[pa.Array, int]:
        """All of a column as the engine has it soonest, and its bytes: few if it lies in data that
        is kept. Data that it does not lie in is not kept for its sake.
        """
        assert self._kept is not None
        what = "data", column.column_id, column.type.name
        known = self._kept.get(what)
        data = known or _frozen(self._read(column, Rows(((0, self._tree.rows),))))
        found = feed.by_number(feed.as_engine(column.type, data))
        if not feed.shares(found, data):
            return found, found.nbytes
        if known is None:
            self._kept.put(what, data, _bytes(data))
        return found, _SHARED_BYTES

    def handles(self, name: str, source: int, rows: Rows | None = None) -> pa.Array:
        """Handles of a wide column: NULL exactly where the value is NULL; reads no values."""
        rows = self._rows(rows)
        positions = rows.positions()
        return feed.handles(positions, source, self.valid(name, rows))

    def valid(
        self, name: str, rows: Rows | Positions | None = None
    ) -> npt.NDArray[np.bool_] | None:
        """Which of the rows are not NULL in a column; None if all are. Reads no values."""
        from deeplake.table.null_counts import null_counts

        column, rows = self.columns.get(name), self._rows(rows)
        what = "nulls", column.column_id
        nulls = None if self._kept is None else self._kept.get(what)
        if nulls is None:
            nulls = null_counts(self._objects, self._tree, [column])[column.column_id]
            if self._kept is not None:
                self._kept.put(what, nulls, 64)
        if not nulls:
            return None
        if self._keeps(column):
            return self.read(name, rows).valid
        return self._validity(column, rows)

    def _validity(self, column: Column, rows: Rows) -> npt.NDArray[np.bool_]:
        """Validity out of the indexes of frames, each looked at once."""
        found = np.ones(rows.size, np.bool_)
        for fragment, inner, places in self._parts(rows):
            found[places] = _valid_of(fragment, column, inner)
        return found

    def _parts(self, rows: Rows) -> Iterator[tuple[OpenFragment, Positions, Positions | slice]]:
        """(fragment, positions within it, places among the rows) of some rows."""
        if rows.single is not None:
            yield from self._tree.groups(rows.single)
            return
        at = 0
        for low, high in rows.runs:
            for fragment, a, z in self._tree.runs(low, high):
                yield fragment, np.arange(a, z), slice(at, at + z - a)
                at += z - a

    def blocks(self, name: str, rows: Rows) -> Iterator[tuple[int, FixedData]]:
        """(first position, values and norms) of runs of rows of a fixed column, as they lie in
        their frames: nothing is copied. Not to be changed.
        """
        column = self.columns.get(name)
        for low, high in self._rows(rows).runs:
            at = low
            for fragment, first, last in self._tree.runs(low, high):
                chunk = fragment.chunk(column)
                for k, a, z in chunk.runs(first, last):
                    data = chunk.frame(k).slice(a, z)
                    assert isinstance(data, FixedData)
                    yield at, data
                    at += z - a

    def fetch(self, name: str, positions: Positions, *, native: bool = False) -> list[Any]:
        """Values of Python of some rows: media as their encoded bytes, structs as documents.

        Args:
            name: of the column.
            positions: of rows that a scan gave handles for.
            native: structs as the dataset gives them.
        """
        type_: Any = self.columns.get(name).type
        data = self.read(name, positions)
        if hasattr(type_, "encoded"):
            return list(type_.encoded(data))
        values = type_.values(data)
        return seen(type_, values) if is_struct(type_) and not native else values

    def sizes(self, name: str, positions: Positions) -> Positions:
        """Bytes of each of some rows' values, about; of media, exactly. Reads no values."""
        column, rows = self.columns.get(name), self._rows(positions)
        layout = column.layout
        if isinstance(layout, FixedLayout):
            row = np.dtype(layout.dtype).itemsize * int(np.prod(layout.shape, dtype=np.int64))
            return np.full(rows.size, row, np.int64)
        if not rows.size:
            return np.zeros(0, np.int64)
        if not is_media(layout):
            return np.full(rows.size, -(-self.planned_bytes(name, rows) // max(rows.size, 1)))
        from deeplake.table.descriptors import sizes_of

        found = np.zeros(rows.size, np.int64)
        for fragment, inner, places in self._parts(rows):
            found[places] = sizes_of(fragment, column, inner)
        return found

    # --- what is known without reading values -------------------------------------------------

    def planned_bytes(self, name: str, rows: Rows) -> int:
        """Bytes of the frames that hold a column of some rows, in proportion where they hold
        others; of fragments that are open already.
        """
        column, total = self.columns.get(name), 0.0
        counts: dict[int, tuple[OpenFragment, int]] = {}
        for fragment, inner, _ in self._parts(self._rows(rows)):
            known = counts.get(id(fragment), (fragment, 0))
            counts[id(fragment)] = fragment, known[1] + len(inner)
        for fragment, count in counts.values():
            for chunk in fragment.fragment.columns:
                if chunk.column_id == column.column_id:
                    size = sum(ref.length + ref.index_length for ref in chunk.frames)
                    total += size * count / max(fragment.rows, 1)
        return round(total)

    def is_kept_or_small(self, name: str) -> bool:
        """Whether all of a column fits into what statements keep."""
        column = self.columns.get(name)
        if self._visible is not None or not self._keeps(column):
            return False
        if self.kept(name):
            return True
        layout = column.layout
        if isinstance(layout, FixedLayout):
            size = self._tree.rows * KEPT_ROW_BYTES_MAX
        else:
            size = TEXT_GROWS * self.planned_bytes(name, self.all_rows())
        return size <= settings.QUERY_KEPT_BYTES_MAX // 8

    def is_key(self, name: str) -> bool:
        """Whether no two rows share a value of a column."""
        column = self.columns.get(name)
        return any(key.columns == (column,) for key in self.columns.keys)

    def made(self, what: str, name: str) -> Any:
        """What was kept of a column; None if nothing is."""
        if self._kept is None or self._visible is not None:
            return None
        column = self.columns.get(name)
        return self._kept.get((what, column.column_id, column.type.name))

    def keep(self, what: str, name: str, value: Any, size: int) -> None:
        """Keep something made of all values of a column, of so many bytes, for later statements."""
        if self._kept is not None and self._visible is None:
            column = self.columns.get(name)
            self._kept.put((what, column.column_id, column.type.name), value, size)

    def extremes(self, name: str) -> tuple[Any, Any] | None:
        """(least, greatest) value of a column as statistics have it, exactly; None where they
        cannot tell: rows hidden, deleted or changed, NaN, long texts, no values.
        """
        from deeplake.query.extremes import extremes

        if self._visible is not None or self._kept is None:
            return None
        return extremes(self._objects, self._tree, self.columns.get(name))


def _valid_of(fragment: OpenFragment, column: Column, inner: Positions) -> npt.NDArray[np.bool_]:
    """Which of some rows of a fragment are not NULL."""
    chunk = fragment.chunk(column)
    if chunk.nulls(inner) == 0:
        return np.ones(len(inner), np.bool_)
    found = np.zeros(len(inner), np.bool_)
    for k, places, at in chunk.parts(inner):
        frame = chunk.frame(k)
        nulls = frame.nulls(places)
        if nulls == 0:
            found[at] = True
        elif nulls < len(places):
            if frame.valid is not None:
                found[at] = frame.valid[places]
            else:  # a changed fragment: its cells are asked in halves, until all are alike
                found[at] = _halved(frame, places)
    return found


def _halved(frame: Any, places: Positions) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(places), np.bool_)
    waiting = [(0, len(places))]
    while waiting:
        low, high = waiting.pop()
        nulls = frame.nulls(places[low:high])
        if nulls == 0:
            found[low:high] = True
        elif nulls < high - low:
            middle = (low + high) // 2
            waiting += [(low, middle), (middle, high)]
    return found


def _frozen(data: ColumnData) -> ColumnData:
    """Data that is shared from now on: its numbers cannot be changed in place, its bytes are one
    buffer, which Arrow shares.
    """
    if isinstance(data, VarData) and len(data.buffers) > 1:
        return data._replace(buffers=[join_bytes(data.buffers)])
    if isinstance(data, FixedData):
        data.values.flags.writeable = False
        if data.valid is not None:
            data.valid.flags.writeable = False
    return data


def _bytes(data: ColumnData) -> int:
    if isinstance(data, FixedData):
        return data.values.nbytes + (0 if data.valid is None else data.valid.nbytes)
    if isinstance(data, VarData):
        return data.offsets.nbytes + sum(map(len, data.buffers))
    return 1 << 62
