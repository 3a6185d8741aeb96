"""Compaction beside writers, and crashes in the middle of it: every interleaving, enumerated.

Another writer does its commit before the n-th operation that the compactor asks of the store, for
every n. Whoever is second rebases; nothing is lost, and the compactor keeps what others left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import deeplake
from deeplake.errors import CommitConflictError
from deeplake.storage.memory import MemoryStore
from deeplake.table.compact import Rewriter
from deeplake.table.compare import versions_at
from deeplake.table.walk import Side
from deeplake.testing.faults import FAULTS, FaultStore, SimulatedCrash, every_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.storage.store import Store

    Rows = list[tuple[int, str, bytes]]

OPERATIONS = ("get", "get_range", "get_ranges", "map", "put", "create", "list", "delete", "size")


class Interleaved:
    """A store before whose n-th operation another writer comes in."""

    def __init__(self, inner: Store, at: int, other: Callable[[], object]) -> None:
        self._inner = inner
        self.url, self.remote = inner.url, inner.remote
        self.at = at
        self.operations = 0
        self._other = other

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in OPERATIONS:
            return found

        def run(*args: Any, **options: Any) -> Any:
            self.operations += 1
            if self.operations == self.at:
                self._other()
            return found(*args, **options)

        return run


def table(store: Store) -> tuple[deeplake.Dataset, Rows]:
    """Three large-ish commits and a dozen small ones, with updates and a deletion."""
    ds = deeplake.create(store, schema={"n": "int", "t": "text", "blob": "blob"})
    rows: Rows = []
    for count in (300, 1, 1, 40, 1, 1, 1, 200, 1, 1):
        new = [(len(rows) + k, f"t{len(rows) + k}", bytes([k % 256]) * 900) for k in range(count)]
        ds.extend([{"n": n, "t": t, "blob": b} for n, t, b in new])
        ds.commit()
        rows += new
    ds["n"][[5, 301]] = -1
    for k in (5, 301):
        rows[k] = (-1, *rows[k][1:])
    ds.commit()
    ds.delete(rows=[310])
    ds.commit()
    del rows[310]
    return ds, rows


def read(store: Store) -> Rows:
    ds = deeplake.open(store)
    return list(zip(ds["n"][:].tolist(), ds["t"][:], ds["blob"].encoded[:], strict=True))


def fragments(store: Store) -> int:
    snapshot = deeplake.open(store)._stand.snapshot  # type: ignore[union-attr]
    side = Side(snapshot.objects, snapshot.head, snapshot.table("data").records)
    return len(side.leaves(side.root))


def appended(store: Store, rows: Rows) -> Rows:
    other = deeplake.open(store)
    other.append({"n": 7, "t": "new", "blob": b"new"})
    other.commit("append")
    return [*rows, (7, "new", b"new")]


def updated(store: Store, rows: Rows) -> Rows:
    other = deeplake.open(store)
    other.update({"n": 99, "blob": b"newer"}, rows=[5, 345])
    other.commit("update")
    found = list(rows)
    for k in (5, 345):
        found[k] = (99, rows[k][1], b"newer")
    return found


def deleted(store: Store, rows: Rows) -> Rows:
    other = deeplake.open(store)
    other.delete(rows=[0, 344])
    other.commit("delete")
    return [row for k, row in enumerate(rows) if k not in (0, 344)]


def optimized(store: Store, rows: Rows) -> Rows:
    deeplake.open(store).optimize()
    return rows


def grown(store: Store, rows: Rows) -> Rows:
    """Forty commits: levels of the tree fill meanwhile."""
    other = deeplake.open(store)
    for k in range(40):
        other.append({"n": k, "t": "many", "blob": b""})
        other.commit(f"{k}")
    return [*rows, *((k, "many", b"") for k in range(40))]


OTHERS = (appended, updated, deleted, optimized, grown)


def operations_of_a_run() -> int:
    store = MemoryStore("mem://count")
    table(store)
    counted = Interleaved(store, 0, lambda: None)
    deeplake.open(counted).optimize()  # type: ignore[arg-type]
    return counted.operations


@pytest.mark.parametrize("other", OTHERS)
def test_a_writer_at_any_moment_of_a_compaction(other: Callable[[Store, Rows], Rows]) -> None:
    total = operations_of_a_run()
    assert total > 20
    for at in range(1, total + 1):
        store = MemoryStore("mem://raced")
        _, rows = table(store)
        after: list[Rows] = []

        def come_in(store: Store = store, rows: Rows = rows, after: list[Rows] = after) -> None:
            after.append(other(store, rows))

        ids = deeplake.open(store).row_ids.tolist()
        compactor = deeplake.open(Interleaved(store, at, come_in))  # type: ignore[arg-type]
        report = compactor.optimize()
        expected = after[0]
        assert read(store) == expected, at
        assert set(ids) >= set(deeplake.open(store).row_ids.tolist()[: len(ids) - 2])
        if other is not optimized:
            assert report.commit is not None
            assert len(compactor) == len(expected) or compactor["n"][:].tolist()
        assert fragments(store) <= 45
        deeplake.open(store).optimize()
        assert fragments(store) == 1
        assert read(store) == expected


def test_finished_work_is_kept_where_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost slot costs a new slot: no run is rewritten again."""
    store = MemoryStore("mem://kept-work")
    _, rows = table(store)
    rewritten: list[int] = []
    rewrite = Rewriter.rewrite

    def counted(self: Rewriter, side: Side, paths: Any) -> Any:
        rewritten.append(len(paths))
        return rewrite(self, side, paths)

    monkeypatch.setattr(Rewriter, "rewrite", counted)
    raced = FaultStore(store)
    compactor = deeplake.open(raced)
    create = raced.create
    pending = [appended, appended, appended]

    def beaten(key: str, parts: Any) -> int:
        if pending:
            pending.pop()(store, rows)
        return create(key, parts)

    raced.create = beaten  # type: ignore[method-assign]
    report = compactor.optimize()
    assert (report.before, report.after) == (10, 1)
    assert rewritten == [10]
    assert read(store) == rows + [(7, "new", b"new")] * 3
    assert fragments(store) == 4


def test_changes_meanwhile_are_laid_over_finished_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Updates and deletions before each of three slots: still nothing is rewritten twice."""
    store = MemoryStore("mem://laid-over")
    _, rows = table(store)
    rewritten: list[int] = []
    rewrite = Rewriter.rewrite

    def counted(self: Rewriter, side: Side, paths: Any) -> Any:
        rewritten.append(len(paths))
        return rewrite(self, side, paths)

    monkeypatch.setattr(Rewriter, "rewrite", counted)
    raced = FaultStore(store)
    compactor = deeplake.open(raced)
    create, versions = raced.create, []
    pending = [deleted, updated, updated]
    state = [rows]

    def beaten(key: str, parts: Any) -> int:
        if pending:
            state.append(pending.pop()(store, state[-1]))
        else:
            versions.append(all_versions(store))
        return create(key, parts)

    raced.create = beaten  # type: ignore[method-assign]
    report = compactor.optimize()
    assert (report.before, report.after) == (10, 1)
    assert rewritten == [10]
    assert read(store) == state[-1]
    assert fragments(store) == 1
    assert all_versions(store) == versions[-1]
    assert deeplake.open(store).verify().ok
    second = deeplake.open(store).optimize()
    assert (second.overlays, second.deleted) == (2, 2)
    assert read(store) == state[-1]
    assert all_versions(store) == versions[-1]


def all_versions(store: Store) -> dict[int, dict[int, int]]:
    """Column -> row id -> version."""
    ds = deeplake.open(store)
    snapshot = ds._stand.snapshot  # type: ignore[union-attr]
    side = Side(snapshot.objects, snapshot.head, snapshot.table("data").records)
    found: dict[int, dict[int, int]] = {c.column_id: {} for c in ds._session.columns}
    for fragment in side.fragments(side.leaves(side.root)):
        live = fragment.live
        places = np.arange(fragment.rows) if live is None else live.astype(np.int64)
        ids = fragment.live_ids().tolist()
        for column_id, cells in found.items():
            values = versions_at(fragment, column_id, places).tolist()
            cells.update(zip(ids, values, strict=True))
    return found


def test_a_transaction_is_moved_over_a_compaction() -> None:
    store = MemoryStore("mem://moved-over")
    ds, rows = table(store)
    early = deeplake.open(store)
    early.update({"t": "early"}, rows=[0, 5, 300, 543])
    early.delete(rows=[1, 544])
    early.append({"n": 1, "t": "last", "blob": b"x"})
    ds.optimize()
    early.commit("moved")
    for k in (0, 5, 300, 543):
        rows[k] = (rows[k][0], "early", rows[k][2])
    rows = [row for k, row in enumerate(rows) if k not in (1, 544)] + [(1, "last", b"x")]
    assert read(store) == rows
    ds.refresh()
    with_conflict = deeplake.open(store)
    with_conflict.update({"n": 3}, rows=[8])
    ds.update({"n": 4}, rows=[8])
    ds.commit()
    ds.optimize()
    with pytest.raises(CommitConflictError):
        with_conflict.commit()


def test_cells_of_a_column_that_is_gone_hold_up_nobody() -> None:
    """A compaction leaves them out, which is no change of the rows that had them."""
    store = MemoryStore()
    ds = deeplake.create(store, schema={"n": "int", "t": "text"})
    for first in (0, 10):
        ds.extend([{"n": k, "t": "a"} for k in range(first, first + 10)])
        ds.commit("rows")
    ds["t"][3:9] = ["b"] * 6
    ds.commit("texts")
    ds.drop_column("t")
    ds.commit("no texts")
    late = deeplake.open(store)
    late.delete(rows=[4, 12])
    late["n"][5] = 50
    assert ds.optimize().overlays == 1
    late.commit("late")
    ds = deeplake.open(store)
    assert ds["n"][:].tolist() == [0, 1, 2, 3, 5, 50, *range(7, 12), *range(13, 20)]


def test_every_crash_of_a_compaction_leaves_the_rows_as_they_were() -> None:
    counted = FaultStore(MemoryStore("mem://counted"))
    table(counted)
    before = counted.operations
    deeplake.open(counted).optimize()
    total = counted.operations - before
    assert total >= 3
    for number, fault in every_fault(total, FAULTS):
        inner = MemoryStore("mem://crashed")
        _, rows = table(inner)
        store = FaultStore(inner, plan={number: fault})
        try:
            deeplake.open(store).optimize()
        except (SimulatedCrash, deeplake.errors.DeeplakeError):
            store.revive()
        assert read(inner) == rows, (number, fault)
        deeplake.open(inner).optimize()
        assert read(inner) == rows
        assert fragments(inner) == 1


def test_two_tables_are_one_commit() -> None:
    db = deeplake.connect(MemoryStore("mem://two"))  # type: ignore[arg-type]
    for name in ("a", "b"):
        made = db.create_table(name, {"n": "int"})
        for k in range(4):
            made.append({"n": k})
            db.commit()
    count = len(db.log(all=True))
    db.optimize()
    assert len(db.log(all=True)) == count + 1
    for name in ("a", "b"):
        assert np.array_equal(db.table(name)["n"][:], np.arange(4))
