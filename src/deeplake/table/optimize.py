"""Compaction as a commit: which fragments are worth rewriting, and publishing what came of it.

`optimize` looks at whole tables. `compact_tail` is what a writer does after one commit in a
thousand: it looks at the node that this commit has filled, and each row is rewritten once for
every few levels of the tree, so log(n) times. Both publish an automatic commit that changes no
row, id or version. If other writers were quicker, finished work is moved onto their commits: only
runs of which a fragment was changed meanwhile are left for another time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from deeplake import settings
from deeplake.errors import CommitConflictError, CommitUnknownError, StoreError
from deeplake.format import fragment as fragments
from deeplake.table.columns import columns_of
from deeplake.table.compact import Rewriter
from deeplake.table.packs import PackWriter
from deeplake.table.reapply import counterparts, reapplied
from deeplake.table.retree import grouped, replaced, wrapped
from deeplake.table.walk import Side, walk
from deeplake.versioning.condensed import FEATURE
from deeplake.versioning.publish import publish
from deeplake.versioning.staged import Staged, Stamp, TableChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from deeplake.format.fragment import Fragment
    from deeplake.format.tree import Record
    from deeplake.table.columns import Columns
    from deeplake.table.fragments import OpenFragment
    from deeplake.table.walk import Path
    from deeplake.versioning.objects import Objects
    from deeplake.versioning.refs import Branch
    from deeplake.versioning.snapshot import Snapshot, TableState

SMALL_ROWS = settings.FRAGMENT_ROWS_MAX // 2
"""A fragment of fewer rows is joined with its neighbours: two such ones fit into one."""

ROOT_RECORDS_MAX = 128
"""Records of a root, left by merges, from which its tree is built anew: every open reads them."""

PASSES_MAX = 3
"""How often `optimize` takes up what other writers changed under it."""

TAIL_LEVEL = 2
"""A node of this level stands for 1,024 fragments."""

TAIL_SMALL_ROWS = 64
"""A fragment of fewer rows is small to `compact_tail` at that level; to higher ones, which meet
what was joined below, one of fewer than `SMALL_ROWS`."""

TAIL_RUN_MIN = 16
"""Neighbours of under 64 rows that are worth a commit of their own."""

TAIL_BYTES_MAX = 4 << 20
"""What a writer rewrites of 1,024 small commits by the way, 4 KB of each: rows of media, which
would be written twice, wait for `optimize`."""

JOINED_BYTES_MAX = 64 << 20
"""The same of fragments that were joined before, some 0.1 s."""


class Compacted(NamedTuple):
    """What was done to one table."""

    name: str
    rows: int
    """Rows of the fragments that were rewritten."""
    before: int
    """Fragments of the table before."""
    after: int
    bytes: int
    """Bytes written: values, indexes, blocks."""
    overlays: int
    """Overlays folded in."""
    deleted: int
    """Deleted rows left out."""


class _Published(NamedTuple):
    """The commit that was made, if any, and the newest of the branch that was seen."""

    made: Snapshot | None
    newest: Snapshot


class _Done(NamedTuple):
    """Neighbouring fragments that were rewritten as one."""

    paths: tuple[Path, ...]
    record: Record


class _Table:
    """The work on one table."""

    def __init__(self, objects: Objects, snapshot: Snapshot, name: str, writer: PackWriter) -> None:
        self.state: TableState = snapshot.table(name)
        self.writer = writer
        self.side = Side(objects, snapshot.head, self.state.records)
        self.rewriter = Rewriter(objects, columns_of(self.state.schema_block), writer)
        self.done: list[_Done] = []
        self.node: Path | None = None
        """The node whose fragments were rewritten, if only those of one were looked at."""
        self.fragments = 0
        self.lost = False
        """Whether some of the work was for fragments that others have changed since."""
        self.published: list[_Done] = []

    def rewrite(self, runs: Iterable[Sequence[Path]], advance: Callable[[int], object]) -> None:
        """Rewrite runs of fragments."""
        for paths in runs:
            self.done.append(_Done(tuple(paths), self.rewriter.rewrite(self.side, paths)))
            advance(sum(path[-1].rows for path in paths))

    @property
    def crowded(self) -> bool:
        """Whether the root alone is worth building anew."""
        return self.node is None and len(self.state.records) > ROOT_RECORDS_MAX

    def change(self, objects: Objects, parent: Snapshot, base: Snapshot) -> TableChange | None:
        """The work as a change of a commit, the one it began with or a later one."""
        entries = {entry.table_id: entry for entry in parent.entries().values()}
        entry = entries.get(self.state.table_id)
        if entry is None:
            return None  # dropped meanwhile
        side, done, node = self.side, self.done, self.node
        if parent is not base:
            now = parent.table(entry.name)
            side = Side(objects, parent.head, now.records)
            if {c.column_id for c in now.schema.columns} & {*self.state.schema.dropped}:
                self.lost, self.published = True, []  # a column came back that was left behind
                return None
            done, node = self._moved(side, columns_of(now.schema_block))
        self.published = done
        crowded = self.node is None and len(side.root) > ROOT_RECORDS_MAX
        if not done and not crowded:
            return None
        new: dict[Record, tuple[Record, ...]] = {}
        for paths, record in done:
            new.update((path[-1], ()) for path in paths)
            new[paths[0][-1]] = (record,)
        above = {record for paths, _ in done for path in paths for record in path[:-1]}
        found: dict[Path, tuple[Record, ...]]
        if self.node is not None:
            if node is None:
                return None
            left = replaced(side, [node], new, above)
            found = {node: tuple(wrapped(left, node[-1].level, self.rewriter))}
        else:
            root = grouped(replaced(side, side.root, new, above), self.rewriter)
            found = dict.fromkeys(side.root, ())
            found[side.root[0]] = tuple(root)
        for records in found.values():
            for record in records:
                objects.keep_statistics(record, self.rewriter.statistics(record))
        counts = {"compacted": sum(len(run.paths) for run in done)}
        return TableChange(
            self.state.table_id, entry.name, None, False, (), found, counts=counts
        )  # fmt: skip

    def _moved(self, side: Side, columns: Columns) -> tuple[list[_Done], Path | None]:
        """The runs that are still there in another tree, by their paths in it.

        What others changed of their fragments meanwhile is laid over the new ones.
        """
        compared = walk(self.side, side)
        found = []
        for paths, record in self.done:
            moved = {path: compared.moved(path) for path in paths}
            gone = [path for path, there in moved.items() if there is None]
            changed = counterparts(self.side, side, compared.gaps, gone) if gone else {}
            moved.update(changed)
            there = tuple(path for path in moved.values() if path is not None)
            made: Record | None = record
            if changed and len(there) == len(paths):
                made = self._reapplied(record, side, changed, columns)
            if made is not None and len(there) == len(paths):
                found.append(_Done(there, made))
            else:
                self.lost = True
        return found, None if self.node is None else compared.moved(self.node)

    def _reapplied(
        self, record: Record, side: Side, changed: dict[Path, Path], columns: Columns
    ) -> Record | None:
        """A new fragment with what changed since, as another one."""
        made = side.fragment((record,))
        found = reapplied(made, self.side, side, changed, columns, self.writer)
        if found is None:
            return None
        again = self.rewriter.place(fragments.encode(found), found.live_rows, 0)
        self.rewriter.known[again] = {c.column_id: c.statistics for c in found.columns}
        return again

    def report(self) -> Compacted:
        """What was published."""
        gone = sum(len(run.paths) - 1 for run in self.published)
        rows = sum(run.record.rows for run in self.published)
        made = self.rewriter
        return Compacted(
            self.state.name, rows, self.fragments, self.fragments - gone, made.bytes,
            made.overlays, made.deleted,
        )  # fmt: skip


def optimize(
    objects: Objects,
    branch: Branch,
    head: Snapshot,
    names: Sequence[str],
    author: str,
    advance: Callable[[int], object],
) -> tuple[Snapshot | None, list[Compacted]]:
    """Rewrite small and changed fragments of some tables, in one automatic commit.

    Args:
        head: the branch's newest commit.
        names: of the tables.
        advance: told rows as they are rewritten.

    Returns:
        The commit that was made, None if there was nothing to do; and what was done.

    Raises:
        CommitConflictError: the branch was moved elsewhere, or is contended; nothing is lost.
        CommitUnknownError, StoreError
    """
    made: Snapshot | None = None
    reports: list[Compacted] = []
    for _ in range(PASSES_MAX):
        writer = PackWriter(objects)
        there = head.entries()
        tables = [_Table(objects, head, name, writer) for name in names if name in there]

        def work(tables: list[_Table] = tables, head: Snapshot = head) -> None:
            requires = () if head.header is None else head.header.requires
            for table in tables:
                table.rewrite(_runs(table, requires), advance)

        found = _published(objects, branch, head, tables, author, writer, work, (FEATURE,))
        if found.made is not None or not reports:
            reports += [table.report() for table in tables]
        made = made if found.made is None else found.made
        head = found.newest
        if not any(table.lost for table in tables):
            break
    return made, reports


def _published(
    objects: Objects,
    branch: Branch,
    head: Snapshot,
    tables: Sequence[_Table],
    author: str,
    writer: PackWriter,
    work: Callable[[], None],
    features: tuple[str, ...] = (),
) -> _Published:
    """Do the work and publish it, `features` required from then on."""
    newest = head
    stamp = Stamp(author, "optimize", True, int.from_bytes(os.urandom(8), "little"))

    def built(parent: Snapshot) -> Staged:
        nonlocal newest
        newest = parent
        changes = [c for t in tables if (c := t.change(objects, parent, head)) is not None]
        if not changes:
            raise _NothingLeftError("all of it was changed by other writers meanwhile.")
        writer.finish(inline=False)
        refers = any(table.rewriter.refers for table in tables)
        requires = (*features, *(("references",) if refers else ()), *writer.features)
        return Staged(tuple(changes), (), 0, requires, rederived=True)

    sent = False
    try:
        work()
        if not any(table.done or table.crowded for table in tables):
            writer.abandon(keep=False)
            return _Published(None, head)
        staged, sent = built(head), True
        made = publish(objects, branch, head, staged, stamp, built)
        return _Published(made, made)
    except CommitUnknownError:
        writer.abandon(keep=True)
        raise
    except _NothingLeftError:
        writer.abandon(keep=False)
        return _Published(None, newest)
    except (CommitConflictError, StoreError):
        writer.abandon(keep=False)  # surely not published
        raise
    except BaseException:
        writer.abandon(keep=sent)
        raise


class _NothingLeftError(CommitConflictError):
    """Every run of fragments that was rewritten was changed by others."""


# --- what is worth rewriting -------------------------------------------------------------------


def _runs(table: _Table, requires: Sequence[str]) -> Iterator[list[Path]]:
    """Runs of fragments to rewrite as one each: neighbours that are small, or one that changed."""
    edits = bool({"overlays", "deletions"} & set(requires))
    run: list[Path] = []
    rows, changed = 0, False
    for path in _leaves(table.side, table.side.root):
        table.fragments += 1
        small = path[-1].rows < SMALL_ROWS
        edited = edits and not small and _edited(table.side.fragment(path))
        if (run and rows + path[-1].rows > settings.FRAGMENT_ROWS_MAX) or not (small or edited):
            if _worth(table.side, run, changed=changed):
                yield run
            run, rows, changed = [], 0, False
        if small or edited:
            run.append(path)
            rows += path[-1].rows
            changed |= edited
    if _worth(table.side, run, changed=changed):
        yield run


def _worth(side: Side, run: Sequence[Path], *, changed: bool) -> bool:
    if len(run) == 1 and not changed:
        fragment = side.fragment(run[0])
        return _edited(fragment) or _in_slots(fragment.fragment)
    return bool(run)


def _edited(fragment: OpenFragment) -> bool:
    return bool(fragment.fragment.overlays) or fragment.fragment.deletion is not None


def _in_slots(fragment: Fragment) -> bool:
    """Whether some of its frames ride in commits."""
    from deeplake.format.fragment import object_ids
    from deeplake.format.keys import OBJECT_ID_BYTES

    return any(len(object_id) != OBJECT_ID_BYTES for object_id in object_ids(fragment))


def _leaves(side: Side, paths: Sequence[Path]) -> Iterator[Path]:
    """The fragments below some records, in order; nodes are opened a few at a time."""
    for at in range(0, len(paths), settings.FANOUT):
        several = paths[at : at + settings.FANOUT]
        nodes = [path for path in several if path[-1].level]
        children = iter(side.children(nodes))
        for path in several:
            if path[-1].level:
                yield from _leaves(side, next(children))
            else:
                yield path


# --- after a commit ----------------------------------------------------------------------------


def compact_tail(
    objects: Objects, branch: Branch, head: Snapshot, names: Sequence[str], author: str
) -> Snapshot | None:
    """Join the small fragments below the last record of some tables' roots.

    Returns:
        The commit that was made; None if there was nothing worth it.

    Raises:
        CommitConflictError, CommitUnknownError, StoreError: rows are as they were.
        TooMuchError: it would take too long beside a commit.
    """
    writer = PackWriter(objects)
    tables = [_Table(objects, head, name, writer) for name in names]

    def work() -> None:
        for table in tables:
            node = table.side.root[-1]
            if node[-1].level < TAIL_LEVEL:
                continue
            table.node = node
            first = node[-1].level == TAIL_LEVEL
            table.rewriter.left = TAIL_BYTES_MAX if first else JOINED_BYTES_MAX
            table.rewrite(_tail_runs(table.side, table.node), lambda _: None)

    return _published(objects, branch, head, tables, author, writer, work).made


def _tail_runs(side: Side, node: Path) -> Iterator[list[Path]]:
    """Runs of small fragments below a node; above 1,024 fragments, those that were joined below."""
    first = node[-1].level == TAIL_LEVEL
    small, least = (TAIL_SMALL_ROWS, TAIL_RUN_MIN) if first else (SMALL_ROWS, 2)
    run: list[Path] = []
    rows = 0
    for path in _leaves(side, [node]):
        joins = path[-1].rows < small
        if not joins or rows + path[-1].rows > settings.FRAGMENT_ROWS_MAX:
            if len(run) >= least:
                yield run
            run, rows = [], 0
        if joins:
            run.append(path)
            rows += path[-1].rows
    if len(run) >= least:
        yield run
