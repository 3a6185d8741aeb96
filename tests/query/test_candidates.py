"""Two phases: narrow columns decide, and of the others only cells of the result are read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.api.database import Database
from deeplake.query.rows import Rows, joined
from deeplake.query.statement import run
from deeplake.storage.memory import MemoryStore
from deeplake.testing.asking import (
    SCHEMA,
    comparable,
    fast_rows,
    planned,
    rows_of,
    slow_rows,
    traced,
)
from deeplake.testing.tracing import TracingStore

CELL = 60_000


def blobs(rows=300, parts=3):
    """Large blobs beside narrow columns, on a bucket that counts."""
    store = TracingStore(MemoryStore(), remote=True)
    db = Database(store, "main", optimizes=False)
    table = db.create_table("t", {"id": "int", "score": "float", "kind": "int32", "blob": "blob"})
    rng = np.random.default_rng(2)
    for part in range(parts):
        table.extend([
            {
                "id": part * rows + k, "score": float(rng.random()), "kind": k % 5,
                "blob": None if k % 11 == 0 else bytes([k % 256]) * CELL,
            }
            for k in range(rows)
        ])  # fmt: skip
        db.commit(f"part {part}")
    return Database(store, "main"), store


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, blob FROM t WHERE score > 0.2 AND kind<>3 AND id<850 ORDER BY score LIMIT 20",
        "SELECT a.id, a.blob FROM t a JOIN t b ON a.id = b.id + 1 WHERE b.kind = 2 AND a.id < 100",
        "WITH w AS (SELECT blob, rank() OVER (ORDER BY score) r FROM t) SELECT * FROM w WHERE r<9",
        "SELECT (SELECT blob FROM t WHERE id = 7) FROM t WHERE id = 3",
    ],
)
def test_wide_cells_are_read_for_rows_of_the_result_only(sql):
    db, store = blobs()
    db.execute("SELECT 1 FROM t LIMIT 0").fetchall()
    store.reset()
    plan, tables, values = planned(db, sql)
    narrow = store.bytes_read
    result = run(plan, tables, values)
    rows = list(result.rows())
    cells = sum(len(value) for row in rows for value in row if isinstance(value, bytes))
    assert 0 < len(rows) <= 20
    assert cells > 0
    assert store.bytes_read - narrow <= cells + 60_000, "narrow columns and indexes besides"


def test_whether_a_wide_cell_is_null_is_told_without_reading_any():
    db, store = blobs()
    store.reset()
    found = db.execute("SELECT count(blob), count(*) FROM t WHERE blob IS NOT NULL").fetchall()
    assert found == [(816, 816)]
    assert db.execute("SELECT count(*) FROM t WHERE blob IS NULL").fetchall() == [(84,)]
    assert store.bytes_read < CELL
    db.table("t").update({"blob": b"new"}, rows=[0, 5, 11])
    db.table("t").update({"blob": None}, rows=[6])
    db.table("t").delete(rows=[22, 23])
    db.commit("changed")
    store.reset()
    fresh = Database(store, "main")
    for sql in ("SELECT id FROM t WHERE blob IS NULL", "SELECT id, blob FROM t WHERE id < 30"):
        assert sorted(comparable(fresh.execute(sql).fetchall())) == sorted(
            comparable(slow_rows(fresh, sql))
        )


def test_vectors_that_a_function_needs_are_read_for_candidates_only():
    store = TracingStore(MemoryStore(), remote=True)
    db = Database(store, "main", optimizes=False)
    rng = np.random.default_rng(0)
    made = db.create_table("t", {"id": "int", "kind": "int", "v": "emb-256"})
    made.extend({
        "id": np.arange(20_000), "kind": rng.integers(0, 4000, 20_000),
        "v": rng.standard_normal((20_000, 256)).astype(np.float32),
    })  # fmt: skip
    db.commit("rows")
    sql = "SELECT id, v FROM t WHERE kind = 17"
    rows, trace = traced(db, sql)
    assert trace.scans[0].fed == len(rows) < 30
    store.reset()
    fresh = Database(store, "main")
    assert len(fresh.execute(sql).fetchall()) == len(rows)
    assert store.bytes_read < len(rows) * (2 * 65_536 + 1024) + 400_000


def test_most_rows_are_given_to_the_engine_as_they_are():
    db, _ = blobs(parts=1)
    _, few = traced(db, "SELECT kind, max(id), sum(score) FROM t WHERE id < 20 GROUP BY kind")
    _, many = traced(db, "SELECT kind, max(id), sum(score) FROM t WHERE id < 290 GROUP BY kind")
    assert few.scans[0].fed == 20
    assert many.scans[0].fed == 300
    assert many.scans[0].candidates == 290


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=6),
    st.lists(st.integers(0, 80), max_size=20), st.integers(0, 50),
)  # fmt: skip
def test_rows_are_cut_the_same_as_runs_and_one_by_one(pieces, chosen, count):
    runs, at = [], 0
    for gap, length in pieces:
        runs.append((at + gap, at + gap + length))
        at += gap + length
    found = joined(runs)
    single = Rows(single=found.positions())
    wanted = [k for low, high in runs for k in range(low, high)]
    assert found.positions().tolist() == single.positions().tolist() == wanted
    assert found.size == single.size == len(wanted)
    some = np.array(sorted(set(chosen)), np.int64)
    among = [k for k in wanted if k in set(chosen)]
    assert found.among(some).positions().tolist() == among
    assert single.among(some).positions().tolist() == among
    first = found.first(count).positions().tolist()
    assert first == single.first(count).positions().tolist() == wanted[:count]


@given(
    st.integers(0, 5000), st.sampled_from(["a", "f", "g", "d"]), st.integers(0, 12),
    st.sampled_from(["", " DESC", " NULLS FIRST", " DESC NULLS LAST"]),
    st.sampled_from(["", " OFFSET 3"]),
)  # fmt: skip
def test_the_top_of_an_order_is_that_of_the_engine(seed, column, limit, how, offset):
    db = Database(MemoryStore(), "main", optimizes=False)
    db.create_table("t", SCHEMA).extend(rows_of(seed, 0, 30))
    for sql in (
        f"SELECT {column}, id FROM t WHERE id > 2 ORDER BY {column}{how}, id LIMIT {limit}{offset}",
        f"SELECT id + 0, {column} FROM t ORDER BY {column}{how}, id DESC LIMIT {limit}{offset}",
    ):
        assert comparable(fast_rows(db, sql)) == comparable(slow_rows(db, sql))
