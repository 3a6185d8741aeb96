"""The tree of a table at an old commit, told by fragments of a newer one, and written.

Rows that the newer commit has are named in pieces of its fragments; those that it has not are kept
where they lie well, and else written once for all old commits. See `deeplake.table.condense`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deeplake import settings
from deeplake.format import fragment as fragments
from deeplake.format import statistics as stats
from deeplake.format import tree
from deeplake.format.fragment import Fragment, Run
from deeplake.format.keys import OBJECT_ID_BYTES, pack_key
from deeplake.format.slot import BlockRef
from deeplake.table.ahead import opened
from deeplake.table.columns import columns_of
from deeplake.table.compact import Rewriter
from deeplake.table.edits import FragmentEdit
from deeplake.table.fragments import OpenFragment
from deeplake.table.frame_writer import write_deletion, write_overlay
from deeplake.table.overlaid import overlaid
from deeplake.table.patch import Patch
from deeplake.table.retree import grouped, replaced
from deeplake.table.sources import (
    Cells,
    Part,
    Source,
    Wanted,
    cut_at,
    meanings,
    source_of,
    thinned,
)
from deeplake.table.walk import Side, walk
from deeplake.types.data import take_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from deeplake.format.tree import Record
    from deeplake.table.columns import Columns
    from deeplake.table.packs import PackWriter
    from deeplake.table.walk import Gap, Path
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.snapshot import Snapshot, TableState

    Ints = npt.NDArray[np.int64]

KEPT_ROWS_MIN = settings.FRAGMENT_ROWS_MAX // 2
"""A fragment of as many rows in packs that nothing newer holds is kept as it is."""

CUT_MIN = 256
"""Version runs, 16 bytes each, after which a fragment is cut where another stand-in ends, so that
both share a block: of 65,536 commits of a row each it would have 1 MiB."""

GAIN_MIN = 8
"""A stand-in is built anew only if that finds newer fragments for one in so many of its rows."""


class Planned(NamedTuple):
    """The tree of a table of an old commit, some of its fragments to be replaced."""

    state: TableState
    side: Side
    above: set[Record]
    """Nodes to be written anew."""
    parts: dict[Record, list[Part | Record]]
    """Fragment -> what comes in its place."""


class Pool:
    """What stand-ins of one table may refer to, and what was made of it."""

    def __init__(self, objects: Objects, newest: Snapshot, name: str, writer: PackWriter) -> None:
        state = newest.table(name)
        self._objects = objects
        self._writer = writer
        self._side = Side(objects, newest.head, state.records)
        self._meanings = meanings(state.schema)
        self._rewriter = Rewriter(objects, columns_of(state.schema_block), writer)
        self._sources: dict[Record, Source | None] = {}
        self._own: list[Source] = []
        self._patched: set[Record] = set()
        """Sources over which something is laid."""
        self._plans: dict[tuple[object, ...], Planned | None] = {}
        self._pieces: dict[tuple[object, ...], Record] = {}
        self._written: dict[int, tuple[BlockRef, BlockRef]] = {}

    # --- planning ---------------------------------------------------------------------------

    def plan(self, snapshot: Snapshot, name: str, *, again: bool) -> Planned | None:
        """What to replace in the tree of an old commit; None if nothing is gained.

        Args:
            again: whether it is read by a stand-in already.
        """
        entry = snapshot.entries()[name]
        place = (snapshot.absolute(entry.root), snapshot.absolute(entry.schema))
        if place not in self._plans:
            self._plans[place] = self._plan(snapshot, name, again=again)
        return self._plans[place]

    def _plan(self, snapshot: Snapshot, name: str, *, again: bool) -> Planned | None:
        state = snapshot.table(name)
        side = Side(self._objects, snapshot.head, state.records)
        walked = walk(side, self._side)
        gaps = [gap for gap in walked.gaps if gap.base]
        above = _nodes_in_slots(side, walked.shared.keys())
        columns = columns_of(state.schema_block)
        looked = [self._looked_up(side, gap, columns, state) for gap in gaps]
        if again and not any(self._gains(wanted) for _, wanted in looked):
            return None
        parts: dict[Record, list[Part | Record]] = {}
        for leaves, wanted in looked:
            found = self._parts(wanted, columns, state, again=again)
            if found == [path[-1] for path in leaves]:
                continue
            parts.update((path[-1], []) for path in leaves)
            parts[leaves[0][-1]] = found
            above.update(record for path in leaves for record in path[:-1])
        if not parts and not above:
            return None
        for several in parts.values():
            for part in several:
                if isinstance(part, Part):
                    part.source.edges |= {int(part.places[0]), int(part.places[-1]) + 1}
                    if part.patches:
                        self._patched.add(part.source.record)
        return Planned(state, side, above, parts)

    def _looked_up(
        self, side: Side, gap: Gap, columns: Columns, state: TableState
    ) -> tuple[list[Path], Wanted]:
        leaves = side.leaves(gap.base)
        wanted = Wanted(list(opened(side, leaves)), list(columns))
        known = meanings(state.schema)
        there = self._side.fragments(self._side.leaves(gap.other)) if gap.other else []
        ids = np.sort(wanted.ids)
        near = [self._source(fragment) for fragment in there if _overlaps(fragment, ids)]
        sources = [source for source in near if source is not None] + self._own
        wanted.match([source for source in sources if source.means(known)])
        return leaves, wanted

    def _source(self, fragment: OpenFragment) -> Source | None:
        record = fragment.path[-1]
        if record not in self._sources:
            self._sources[record] = source_of(fragment, record, self._meanings)
        return self._sources[record]

    def _gains(self, wanted: Wanted) -> bool:
        """Whether rows of a stand-in are found in newer fragments than those it refers to."""
        gained = 0
        for source, start, stop in wanted.held():
            there = {frame for chunk in source.fragment.columns for frame in chunk.frames}
            for k in np.unique(wanted.at[start:stop]).tolist():
                chunks = wanted.fragments[k].fragment.columns
                if not {frame for chunk in chunks for frame in chunk.frames} <= there:
                    gained += int(np.count_nonzero(wanted.at[start:stop] == k))
        return gained * GAIN_MIN > len(wanted.ids)

    def _parts(
        self, wanted: Wanted, columns: Columns, state: TableState, *, again: bool
    ) -> list[Part | Record]:
        found: list[Part | Record] = []
        for part, start, stop in wanted.runs():
            if part is not None:
                found.append(part)
            else:
                found += self._anew(wanted, start, stop, columns, state, again=again)
        return found

    def _anew(
        self,
        wanted: Wanted,
        start: int,
        stop: int,
        columns: Columns,
        state: TableState,
        *,
        again: bool,
    ) -> list[Part | Record]:
        """Rows that nothing newer holds: kept where they lie well, else joined."""
        found: list[Part | Record] = []
        pending: list[OpenFragment] = []
        rewriter = Rewriter(self._objects, columns, self._writer)

        def flush() -> None:
            if pending:
                record, made = rewriter.join(pending)
                self._rewriter.known[record] = rewriter.known[record]
                whole = OpenFragment(self._objects, made, "")
                source = Source(whole, record, meanings(state.schema), own=True)
                self._own.append(source)
                found.append(Part(source, np.arange(made.rows), {}))
                pending.clear()

        at = wanted.at[start:stop]
        for k in np.unique(at).tolist():
            fragment = wanted.fragments[k]
            places = wanted.places[start:stop][at == k]
            record = fragment.path[-1]
            if len(places) == fragment.rows and _lies_well(fragment, record, again=again):
                flush()
                found.append(record)
                continue
            if len(places) < fragment.rows:
                every = np.arange(fragment.rows) if fragment.live is None else fragment.live
                gone = np.setdiff1d(every, places, assume_unique=True)
                edit = FragmentEdit(fragment.path, None, gone.astype(np.int64))
                fragment = OpenFragment(
                    fragment.objects, fragment.fragment, fragment.own_key, edit, fragment.path
                )
            if sum(f.rows for f in pending) + fragment.rows > settings.FRAGMENT_ROWS_MAX:
                flush()
            pending.append(fragment)
        flush()
        return found

    # --- writing ----------------------------------------------------------------------------

    def write(self, planned: Planned, nonce: int) -> tuple[BlockRef, BlockRef]:
        """The schema and the root of a stand-in."""
        known = self._written.get(id(planned))
        if known is not None:
            return known
        columns = columns_of(planned.state.schema_block)
        new = {
            record: tuple(made for part in parts for made in self._records(part, columns, nonce))
            for record, parts in planned.parts.items()
        }
        left = replaced(planned.side, planned.side.root, new, planned.above)
        root = tree.encode(grouped(left, self._rewriter))
        found = self._block(planned.state.schema_block), self._block(root)
        self._written[id(planned)] = found
        return found

    def _block(self, block: bytes) -> BlockRef:
        record = self._rewriter.place(block, 0, 0)
        return BlockRef(pack_key(record.home), record.offset, record.length, record.crc)

    def _records(self, part: Part | Record, columns: Columns, nonce: int) -> Iterable[Record]:
        if not isinstance(part, Part):
            return [part]
        found = []
        for places in cut_at(part.places, self._cuts(part.source)):
            patches = {}
            for column_id, cells in part.patches.items():
                mine = (cells.places >= places[0]) & (cells.places <= places[-1])
                if mine.any():
                    patches[column_id] = _some(cells, mine)
            key = (part.source.record, *(c.column_id for c in columns), *_key(places, patches))
            if key not in self._pieces:
                self._pieces[key] = self._piece(Part(part.source, places, patches), columns, nonce)
            found.append(self._pieces[key])
        return found

    def _cuts(self, source: Source) -> list[int]:
        """Where pieces of a source are cut, whosesoever they are."""
        edges = sorted(source.edges)
        if source.record in self._patched:
            return thinned(edges, np.arange(source.fragment.rows + 1), CUT_MIN)
        versions = [source.fragment.versions, *(c.versions for c in source.fragment.columns)]
        most = max(versions, key=len)
        if len(most) < CUT_MIN:
            return []
        ends = np.cumsum([run.rows for run in most])
        weights = np.searchsorted(ends, np.arange(source.fragment.rows + 1))
        return thinned(edges, weights, CUT_MIN)

    def _piece(self, part: Part, columns: Columns, nonce: int) -> Record:
        """Some rows of a source as a fragment."""
        source, places = part.source, part.places
        stored = source.fragment
        ids = {column.column_id for column in columns}
        chunks = tuple(chunk for chunk in stored.columns if chunk.column_id in ids)
        overlays = tuple(overlay for overlay in stored.overlays if overlay.column_id in ids)
        complete = len(places) == stored.rows
        same = len(chunks) == len(stored.columns) and len(overlays) == len(stored.overlays)
        if complete and same and source.whole and not part.patches:
            return source.record
        live = np.zeros(stored.rows, np.bool_)
        live[places] = True
        found = Fragment(
            stored.rows,
            stored.row_ids,
            _alive(stored.versions, live),
            tuple(chunk._replace(versions=_alive(chunk.versions, live)) for chunk in chunks),
            0,
            overlays,
            None if complete else write_deletion(self._writer, np.flatnonzero(~live), nonce),
        )
        for column in columns:
            cells = part.patches.get(column.column_id)
            if cells is None:
                continue
            alike = len(np.unique(cells.versions)) == 1
            version = int(cells.versions[0]) if alike else cells.versions
            patch = Patch(cells.places, cells.data)
            overlay = write_overlay(self._writer, column, patch, version)
            measured = stats.measure(column.layout, cells.data)
            found = found._replace(
                overlays=(*found.overlays, overlay),
                columns=overlaid(found.columns, source.opened, column, cells.places, measured),
            )
        record = self._rewriter.place(fragments.encode(found), len(places), 0)
        self._rewriter.known[record] = {c.column_id: c.statistics for c in found.columns}
        return record


def _nodes_in_slots(side: Side, shared: Iterable[Record]) -> set[Record]:
    """Nodes that lie in slots which only this tree needs, as far as they are reached by such."""
    found: set[Record] = set()
    shared = set(shared)
    pending = list(side.root)
    while pending:
        nodes = [
            path
            for path in pending
            if path[-1].level and path[-1].kind == tree.SLOT and path[-1] not in shared
        ]
        found.update(path[-1] for path in nodes)
        pending = [path for children in side.children(nodes) for path in children]
    return found


def _overlaps(fragment: OpenFragment, ids: Ints) -> bool:
    """Whether a fragment may have one of these rows, which ascend."""
    return any(
        np.searchsorted(ids, run.start) < np.searchsorted(ids, run.start + run.rows)
        for run in fragment.fragment.row_ids
    )


def _lies_well(fragment: OpenFragment, record: Record, *, again: bool) -> bool:
    """Whether a fragment is as good as one written anew."""
    if record.kind != tree.PACK or not (again or record.rows >= KEPT_ROWS_MIN):
        return False
    homes = fragments.object_ids(fragment.fragment)
    return all(len(home) == OBJECT_ID_BYTES for home in homes)


def _some(cells: Cells, mine: npt.NDArray[np.bool_]) -> Cells:
    return Cells(
        cells.places[mine], take_rows(cells.data, np.flatnonzero(mine)), cells.versions[mine]
    )


def _key(places: Ints, patches: Mapping[int, Cells]) -> tuple[object, ...]:
    """Equal for the same rows with the same cells."""
    first, count = int(places[0]), len(places)
    straight = int(places[-1]) == first + count - 1
    cells = [(c, p.places.tobytes(), p.versions.tobytes()) for c, p in sorted(patches.items())]
    return first, count, b"" if straight else places.tobytes(), *cells


def _alive(versions: tuple[Run, ...], live: npt.NDArray[np.bool_]) -> tuple[Run, ...]:
    """Versions of rows, those of rows that are left out being any that make few runs."""
    if not versions or live.all():
        return versions
    spread = np.repeat(
        np.array([run.start for run in versions], np.uint64), [run.rows for run in versions]
    )
    at = np.where(live, np.arange(len(live)), -1)
    at = np.maximum.accumulate(at)
    at[at < 0] = int(np.argmax(live))
    filled = spread[at]
    cuts = np.flatnonzero(np.append(True, filled[1:] != filled[:-1]))
    sizes = np.diff(cuts, append=len(filled)).tolist()
    return tuple(Run(start, rows) for start, rows in zip(filled[cuts].tolist(), sizes, strict=True))
