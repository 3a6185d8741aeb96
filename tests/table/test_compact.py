"""Compaction is invisible: same rows, ids and versions, whatever was done to a table before it."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake import errors
from deeplake.storage.memory import MemoryStore
from deeplake.table import compact
from deeplake.table.ahead import opened
from deeplake.table.compare import compare, versions_at
from deeplake.table.walk import Side
from deeplake.testing.faults import FaultStore
from deeplake.testing.tracing import TracingStore

SCHEMA = {
    "n": "int",
    "t": "text",
    "v": "emb-4",
    "blob": "blob",
    "free": "uint8[*,2]",
    "list": "list<int>",
    "any": "tensor",
    "s": "struct<a: int, b: text>",
}
COLUMNS = ("n", "t", "v", "blob", "list")


def row(k: int) -> dict[str, object]:
    return {
        "n": k if k % 5 else None,
        "t": f"text {k}" * (k % 4),
        "v": np.full(4, k, np.float32) if k % 7 else None,
        "blob": bytes([k % 256]) * (k % 9) if k % 6 else None,
        "free": np.full((k % 3, 2), k % 256, np.uint8),
        "list": list(range(k % 3)),
        "any": np.full((k % 2, 3), k, np.int16) if k % 4 else np.float32(k),
        "s": {"a": k, "b": None if k % 2 else str(k)},
    }


def seen(ds: deeplake.Dataset) -> dict[str, object]:
    """Everything a reader can see, in comparable form."""
    found: dict[str, object] = {"ids": ds.row_ids.tolist()}
    for name in ds.schema:
        column = ds[name]
        found[name] = [_plain(column[k]) for k in range(len(ds))]
        assert [_plain(x) for x in list(ds[name][:])] == found[name]
        order = list(range(len(ds)))[::-3]
        if order:
            assert [_plain(x) for x in list(column[order])] == [found[name][k] for k in order]  # type: ignore[index]
    return found


def _plain(value: object) -> object:
    if value is np.ma.masked:
        return None
    if isinstance(value, np.ma.MaskedArray):
        if value.size and np.ma.getmaskarray(value).all():
            return None
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        return (value.shape, value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    return value


def sides(ds: deeplake.Dataset, at: str) -> tuple[Side, Side]:
    """The table at an earlier commit and now."""
    before = deeplake.open(ds.url, at=at)._stand.snapshot  # type: ignore[union-attr]
    now = ds._stand.snapshot  # type: ignore[union-attr]
    return tuple(  # type: ignore[return-value]
        Side(s.objects, s.head, s.table("data").records) for s in (before, now)
    )


def versions(ds: deeplake.Dataset, at: str) -> list[list[dict[int, int]]]:
    """Per side, the version of every cell of today's columns, by column and row id."""
    ids = [column.column_id for column in ds._session.columns]
    found = []
    for side in sides(ds, at):
        cells: dict[int, dict[int, int]] = {c: {} for c in ids}
        for fragment in opened(side, side.leaves(side.root)):
            live = fragment.live
            places = np.arange(fragment.rows) if live is None else live.astype(np.int64)
            for c in ids:
                values = versions_at(fragment, c, places).tolist()
                cells[c].update(zip(fragment.live_ids().tolist(), values, strict=True))
        found.append([cells[c] for c in ids])
    return found


def assert_invisible(ds: deeplake.Dataset, before: dict[str, object], at: str) -> None:
    assert seen(ds) == before
    ours, theirs = versions(ds, at)
    assert ours == theirs
    delta = compare(*sides(ds, at))
    today = {column.column_id for column in ds._session.columns}
    assert not len(delta.added.ids)
    assert not len(delta.removed.ids)
    assert not delta.whole
    assert not delta.removed_whole
    assert not today & set(delta.updated)


@contextmanager
def keeping(size: int, rows: int) -> Iterator[None]:
    """Frames of this size and more are kept as they are."""
    old = compact.KEPT_BYTES_MIN, compact.KEPT_ROWS_MIN, compact.REFERENCES_MAX
    compact.KEPT_BYTES_MIN, compact.KEPT_ROWS_MIN = size, rows
    compact.REFERENCES_MAX = 4 * rows
    try:
        yield
    finally:
        compact.KEPT_BYTES_MIN, compact.KEPT_ROWS_MIN, compact.REFERENCES_MAX = old


@given(st.data())
def test_any_history_reads_the_same_after_it(data: st.DataObject) -> None:
    url = "mem://compacting"
    if deeplake.exists(url):
        deeplake.delete(url)
    ds = deeplake.create(url, schema=SCHEMA)
    size, rows = data.draw(st.sampled_from([(1 << 20, 4096), (1, 2)]))
    with keeping(size, rows):
        for _ in range(data.draw(st.integers(1, 14))):
            _step(ds, data)
        _optimize(ds)
        _step(ds, data)
        _optimize(ds)


def _optimize(ds: deeplake.Dataset) -> None:
    ds.commit()
    at, before = ds.commit_id, seen(ds)
    assert at is not None
    found = ds.optimize()
    assert found.deleted >= 0
    assert_invisible(ds, before, at)
    again = ds.optimize()
    assert again.commit is None, repr(again)


def _step(ds: deeplake.Dataset, data: st.DataObject) -> None:
    step = data.draw(
        st.sampled_from(["append", "extend", "extend", "update", "update", "delete", "evolve"])
    )
    names = [name for name in COLUMNS if name in ds.schema]
    if step == "append":
        ds.append({name: row(len(ds))[name] for name in SCHEMA if name in ds.schema})
    elif step == "extend":
        count = data.draw(st.integers(1, 40))
        new = [row(len(ds) + k) for k in range(count)]
        ds.extend([{n: r[n] for n in SCHEMA if n in ds.schema} for r in new])
    elif step == "evolve":
        ds.commit()
        kind = data.draw(st.sampled_from(["add", "default", "drop", "widen"]))
        fresh = f"c{len(ds.schema)}{data.draw(st.integers(0, 99))}"
        if kind == "drop" and len(ds.schema) > 3:
            ds.drop_column(list(ds.schema)[-1])
        elif kind == "widen":
            if "small" in ds.schema and str(ds.schema["small"]) == "int8":
                ds.widen_column("small", "int32")
            elif "small" not in ds.schema:
                ds.add_column("small", "int8", default=3)
        elif fresh not in ds.schema:
            kinds = ["int", "text", "blob", "emb-2"]
            type_ = data.draw(st.sampled_from(kinds))
            value = {"int": 7, "text": "seven", "emb-2": [7.0, 7.0]}.get(type_)
            ds.add_column(fresh, type_, default=value if kind == "default" else None)
    elif len(ds):
        picked = data.draw(st.lists(st.integers(0, len(ds) - 1), min_size=1, max_size=9))
        if step == "delete":
            ds.delete(rows=picked)
        elif names:
            name = data.draw(st.sampled_from(names))
            ds.update({name: row(data.draw(st.integers(0, 99)))[name]}, rows=picked)
    if data.draw(st.booleans()):
        ds.commit()


def test_media_in_packs_is_not_copied(tmp_path: Path) -> None:
    """40 MB of blobs, some updated, some deleted: what is written is where they lie."""
    store = MemoryStore("mem://media")
    ds = deeplake.create(store, schema={"n": "int", "blob": "blob"})
    values = [os.urandom(10_000 + k) for k in range(4000)]
    for at in range(0, 4000, 500):
        ds.extend({"n": list(range(500)), "blob": values[at : at + 500]})
        ds.commit()
    ds["blob"][[7, 1700]] = [b"seven", b"more"]
    values[7], values[1700] = b"seven", b"more"
    ds.commit()
    gone = set(range(100, 4000, 97))
    ds.delete(rows=sorted(gone))
    ds.commit()
    found = ds.optimize()
    assert (found.before, found.after, found.overlays, found.deleted) == (8, 1, 2, len(gone))
    assert found.bytes < 200_000
    left = [value for k, value in enumerate(values) if k not in gone]
    assert ds["blob"].encoded[:] == left
    assert ds["blob"].encoded[[9, 1, 1650]] == [left[9], left[1], left[1650]]
    assert ds["blob"].encoded[1650] == left[1650]
    again = deeplake.open(store)
    again.update({"n": 5}, rows=[4])
    again.commit()
    second = again.optimize()
    assert second.bytes < 200_000
    assert again["blob"].encoded[:] == left


def test_media_of_small_commits_moves_to_packs_once() -> None:
    ds = deeplake.create("mem://moved-once", schema={"blob": "blob"})
    values = [os.urandom(1000) for _ in range(100)]
    for value in values:
        ds.append({"blob": value})
        ds.commit()
    first = ds.optimize()
    assert 100_000 < first.bytes < 120_000
    ds.append({"blob": b"last"})
    ds.commit()
    second = ds.optimize()
    assert second.bytes < 8_000, "the first hundred stay where they are"
    assert ds["blob"].encoded[:] == [*values, b"last"]


def test_damage_of_a_value_that_lies_elsewhere_is_named() -> None:
    store = MemoryStore("mem://elsewhere")
    ds = deeplake.create(store, schema={"blob": "blob"})
    values = [bytes([k]) * 30_000 for k in range(40)]
    ds.extend({"blob": values})
    ds.commit()
    ds.delete(rows=[3])
    ds.commit()
    key = next(i.key for i in store.list("packs/") if i.size_bytes > 1_000_000)
    ds.optimize()
    raw = bytearray(store.get(key))
    raw[raw.index(values[20]) + 5] ^= 1
    store.put(key, [bytes(raw)])
    ds = deeplake.open(store)
    assert ds["blob"].encoded[18] == values[19]
    with pytest.raises(errors.ChecksumError, match=key):
        ds["blob"].encoded[19]
    with pytest.raises(errors.ChecksumError, match=key):
        ds["blob"].encoded[:]
    store.put(key, [bytes(raw[:900_000])])
    with pytest.raises(errors.DamageError):
        deeplake.open(store)["blob"].encoded[38]


def test_large_values_stay_objects_of_their_own() -> None:
    store = MemoryStore("mem://large")
    ds = deeplake.create(store, schema={"blob": "blob"})
    big = os.urandom((8 << 20) + 1)
    for k in range(3):
        ds.extend({"blob": [b"small", big, None]})
        ds.commit(str(k))
    ds.delete(rows=[0])
    ds.commit()
    assert ds.optimize().bytes < 10_000
    again = deeplake.open(store)
    assert again["blob"].encoded[:] == [big, None, b"small", big, None, b"small", big, None]
    assert again["blob"].encoded[3] == big


def test_values_that_lie_elsewhere_are_verified_and_kept_by_a_vacuum() -> None:
    store = MemoryStore("mem://looked-after")
    ds = deeplake.create(store, schema={"blob": "blob"})
    values = [os.urandom(5_000) for _ in range(300)]
    for at in range(0, 300, 100):
        ds.extend({"blob": values[at : at + 100]})
        ds.commit()
    ds.delete(rows=[7])
    ds.commit()
    ds.optimize()
    assert ds.verify().ok
    ds.vacuum(0, no_writers=True)
    again = deeplake.open(store)
    assert again["blob"].encoded[:] == values[:7] + values[8:]
    assert again.verify().ok


def test_a_take_of_values_that_lie_elsewhere_is_one_call_per_object() -> None:
    inner = MemoryStore("mem://far-elsewhere")
    ds = deeplake.create(inner, schema={"blob": "blob"})
    values = [os.urandom(5_000) for _ in range(600)]
    for at in range(0, 600, 200):
        ds.extend({"blob": values[at : at + 200]})
        ds.commit()
    ds.delete(rows=[0])
    ds.commit()
    ds.optimize()
    far = TracingStore(inner, remote=True)
    ds = deeplake.open(far)
    assert ds["blob"].encoded[0] == values[1]
    far.reset()
    rows = list(range(3, 599, 50))
    assert ds["blob"].encoded[rows] == [values[k + 1] for k in rows]
    assert far.by_kind == {"get_ranges": 3}


def test_frames_of_vectors_that_nothing_happened_to_are_kept() -> None:
    ds = deeplake.create("mem://vectors", schema={"n": "int", "v": "emb-256"})
    for _ in range(3):
        ds.extend({"n": np.arange(3000), "v": np.ones((3000, 256), np.float32)})
        ds.commit()
    ds.update({"n": 5}, rows=list(range(0, 9000, 10)))
    ds.commit()
    found = ds.optimize()
    assert found.after == 1
    assert found.bytes < 60_000
    assert ds["n"][10] == 5


def test_a_crowded_root_becomes_a_tidy_tree() -> None:
    ds = deeplake.create("mem://crowded", schema={"n": "int"}, optimize="off")
    for k in range(100):
        ds.extend({"n": [k] * 40_000})
        ds.commit()
    snapshot = ds._stand.snapshot  # type: ignore[union-attr]
    records = snapshot.table("data").records
    assert sorted({record.level for record in records}) == [0, 1]
    ds.delete(rows=[5])
    ds.commit()
    found = ds.optimize()
    assert (found.before, found.after) == (100, 100)
    records = ds._stand.snapshot.table("data").records  # type: ignore[union-attr]
    assert {record.level for record in records} == {1}
    assert ds["n"][40_000 - 1] == 1
    assert len(ds) == 3_999_999


def test_it_is_refused_where_it_cannot_be_done() -> None:
    ds = deeplake.create("mem://refused", schema={"n": "int"})
    ds.append({"n": 1})
    with pytest.raises(errors.StagedChangesError):
        ds.optimize()
    first = ds.commit()
    with pytest.raises(errors.ReadOnlyError):
        deeplake.open("mem://refused", at=first.id).optimize()
    with pytest.raises(errors.InputError, match="'auto' or 'off'"):
        deeplake.open("mem://refused", optimize="on")


def test_the_report_reads_well() -> None:
    db = deeplake.connect("mem://report")
    for name in ("a", "b"):
        table = db.create_table(name, {"n": "int"})
        for k in range(5):
            table.append({"n": k})
            db.commit()
    db.table("a").delete(rows=[0])
    db.commit()
    found = db.optimize()
    assert set(found.tables) == {"a", "b"}
    assert found.before == 9
    assert found.after == 2
    assert "a: 4 -> 1 fragment, 4 rows in" in repr(found)
    assert str(db.commit_id) == found.commit
    assert next(c.message for c in db.log(all=True)) == "optimize"
    assert "optimize" not in [c.message for c in db.log()]
    assert "nothing to do" in repr(db.optimize())


# --- by the way, after small commits -------------------------------------------------------------


def fragments(ds: deeplake.Dataset) -> int:
    snapshot = ds._stand.snapshot  # type: ignore[union-attr]
    side = Side(snapshot.objects, snapshot.head, snapshot.table("data").records)
    return len(side.leaves(side.root))


def test_a_thousand_small_commits_become_one_fragment() -> None:
    ds = deeplake.create("mem://by-the-way", schema={"n": "int"})
    off = deeplake.create("mem://not-by-the-way", schema={"n": "int"}, optimize="off")
    for k in range(1030):
        for handle in (ds, off):
            handle.append({"n": k})
            made = handle.commit(f"commit {k}")
            assert made.message == f"commit {k}"
    assert (fragments(ds), fragments(off)) == (7, 1030)
    assert ds["n"][:].tolist() == list(range(1030)) == off["n"][:].tolist()
    assert [c.message for c in ds.log(n=2)] == ["commit 1029", "commit 1028"]
    assert ds.row_ids.tolist() == off.row_ids.tolist() == list(range(1030))


def test_a_copied_handle_tidies_as_its_original_does() -> None:
    off = deeplake.create("mem://copied-off", schema={"n": "int"}, optimize="off")
    for made in (copy.copy(off), pickle.loads(pickle.dumps(off))):
        assert not made._stand.optimizes
    assert copy.copy(deeplake.open("mem://copied-off"))._stand.optimizes


def test_rows_are_written_again_once_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes of 4 records instead of 32: levels fill quickly."""
    from deeplake import settings
    from deeplake.table import optimize

    monkeypatch.setattr(settings, "FANOUT", 4)
    monkeypatch.setattr(optimize, "TAIL_RUN_MIN", 2)
    written: list[int] = []
    rewrite = compact.Rewriter.rewrite

    def counted(self, side, paths):  # type: ignore[no-untyped-def]
        written.append(sum(path[-1].rows for path in paths))
        return rewrite(self, side, paths)

    monkeypatch.setattr(compact.Rewriter, "rewrite", counted)
    ds = deeplake.create("mem://levels", schema={"n": "int"})
    count = 4**5
    for k in range(count):
        ds.append({"n": k})
        ds.commit()
    assert ds["n"][:].tolist() == list(range(count))
    assert fragments(ds) <= 16
    assert sum(written) <= 4 * count


def test_a_store_that_fails_it_does_not_fail_the_commit() -> None:
    store = FaultStore(MemoryStore("mem://failing"))
    ds = deeplake.create(store, schema={"n": "int"})
    for k in range(1023):
        ds.append({"n": k})
        ds.commit()
    ds.append({"n": 1023})
    store.plan[store.operations + 2] = "unavailable"  # the pack, after the slot
    made = ds.commit("the last")
    assert made.message == "the last"
    assert ds.commit_id == made.id
    assert [fault for *_, fault in store.log if fault] == ["unavailable"]
    ds.append({"n": 1024})
    ds.commit()
    assert ds["n"][:].tolist() == list(range(1025))
