"""What a statement holds at once, counted in bytes and rows: results, late values, scans, files.

Sorts beyond the memory limit, which go to the disk, are in `test_streams.py`.
"""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deeplake import settings
from deeplake.api.database import Database
from deeplake.errors import QueryError
from deeplake.query.statement import run
from deeplake.query.table_view import TableView
from deeplake.storage.memory import MemoryStore
from deeplake.testing.asking import planned, slow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VALUE, ROWS, AT_ONCE = 100_000, 600, 2_000_000
"""60 MB of clips, of which 2 MB are to be fetched at once."""


@pytest.fixture(scope="module")
def db() -> Database:
    db = Database(MemoryStore(), "main", optimizes=False)
    table = db.create_table(
        "t", {"id": "int", "clip": "blob", "v": "float32[25000]", "free": "uint8[*]"}
    )
    for part in range(20):
        ids = range(part * 30, part * 30 + 30)
        table.extend([
            {
                "id": k, "clip": None if k % 9 == 4 else bytes([k % 251]) * (VALUE + k % 50),
                "v": np.full(25_000, k, np.float32), "free": np.full(VALUE, k % 200, np.uint8),
            }
            for k in ids
        ])  # fmt: skip
        db.commit(f"part {part}")
    table.update({"clip": b"new" * 40_000}, rows=[3, 77])
    db.commit("two changed")
    for sql in (
        "SELECT clip FROM t LIMIT 40",
        "SELECT id + 1, clip FROM t ORDER BY id % 2 LIMIT 40",
    ):
        db.execute(sql).fetchall()  # what is imported is no row
    return db


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of each fetch of late values."""
    monkeypatch.setattr(settings, "QUERY_FETCH_BYTES_MAX", AT_ONCE)
    sizes: list[int] = []
    work = TableView.fetch

    def fetch(self: TableView, name: str, positions: Any, **options: Any) -> list[Any]:
        values = work(self, name, positions, **options)
        sizes.append(sum(getattr(v, "nbytes", 0) or len(v) for v in values if v is not None))
        return values

    monkeypatch.setattr(TableView, "fetch", fetch)
    return sizes


def peak_of(work: Callable[[], object]) -> int:
    """Bytes that Python held more than before, at the most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


STATEMENTS = [
    "SELECT id, clip FROM t",
    "SELECT id, clip FROM t WHERE id >= 0 ORDER BY id DESC",
    "SELECT id, clip FROM t ORDER BY id % 7, id",
    "SELECT x.id, x.clip FROM t x JOIN t y ON x.id = y.id + 1 WHERE y.id + 1 > 0",
    "SELECT id, clip, clip FROM t",
    "SELECT id, clip FROM t UNION ALL SELECT id, clip FROM t",
    "SELECT id, v FROM t",
    "SELECT id, free FROM t ORDER BY id % 5",
]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_late_values_are_fetched_a_few_at_a_time(
    db: Database, fetched: list[int], sql: str
) -> None:
    held = 0

    def read() -> None:
        nonlocal held
        for row in db.execute(sql):
            held = max(held, len(row))

    peak = peak_of(read)
    assert sum(fetched) > 40_000_000, "all of it was read in the end"
    assert max(fetched) <= AT_ONCE
    assert peak < 6 * AT_ONCE, "a piece, the one before it, and what reading takes"


def test_the_first_row_costs_one_piece(db: Database, fetched: list[int]) -> None:
    cursor = db.execute(STATEMENTS[0])
    assert cursor.fetchone()[0] == 0  # type: ignore[index]
    assert len(fetched) == 1
    assert sum(fetched) <= AT_ONCE
    cursor.close()


def test_rows_are_the_same_in_pieces_and_whole(db: Database, fetched: list[int]) -> None:
    for sql in STATEMENTS[:6]:
        plan, tables, _ = planned(db, sql)
        pieces = list(run(plan, tables).rows())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settings, "QUERY_FETCH_BYTES_MAX", 1 << 40)
            assert list(run(plan, tables).rows()) == pieces
        assert sum(row[1] is None for row in pieces) in (66, 67, 132, 134)


def test_few_rows_are_one_fetch_however_large(db: Database, fetched: list[int]) -> None:
    """As many as a question of the nearest has: their sizes are not asked for first."""
    db.execute("SELECT clip FROM t ORDER BY id LIMIT 32").fetchall()
    assert len(fetched) == 1


def test_what_is_stopped_fetches_no_more(db: Database, fetched: list[int]) -> None:
    for stop in (lambda c: c.cancel(), lambda c: db.interrupt()):
        for sql in STATEMENTS[:3]:
            cursor = db.execute(sql)
            cursor.fetchone()
            before = len(fetched)
            stop(cursor)
            with pytest.raises(QueryError) as caught:
                cursor.fetchall()
            assert caught.value.sqlstate == "57014"
            assert len(fetched) == before
    assert len(db.execute("SELECT id FROM t").fetchall()) == ROWS


def test_a_file_of_a_view_is_written_in_pieces(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    monkeypatch.setattr(settings, "QUERY_FETCH_BYTES_MAX", AT_ONCE)
    view = db.query("SELECT id, clip, id * 2 AS twice FROM t ORDER BY id DESC")
    view[:1].to_parquet(tmp_path / "first.parquet")  # what is imported is no row
    before = pa.total_allocated_bytes()
    held: list[int] = []
    work = pq.ParquetWriter.write_table

    def write(self: Any, table: Any, *args: Any, **options: Any) -> Any:
        held.append(pa.total_allocated_bytes() - before + table.nbytes)
        return work(self, table, *args, **options)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", write)
    peak = peak_of(lambda: view.to_parquet(tmp_path / "v.parquet"))
    assert len(held) > 20
    assert max(held) < 4 * AT_ONCE
    assert peak < 6 * AT_ONCE
    found = pq.read_table(tmp_path / "v.parquet")
    assert found.column("id").to_pylist() == list(range(ROWS))[::-1]
    assert found.column("twice").to_pylist() == [2 * k for k in range(ROWS)][::-1]
    assert found.column("clip").to_pylist() == view.to_arrow().column("clip").to_pylist()
    db.query("SELECT id, clip FROM t WHERE false").to_parquet(tmp_path / "none.parquet")
    assert pq.read_table(tmp_path / "none.parquet").schema.names == ["id", "clip"]


def test_a_scan_is_ahead_of_its_reader_by_so_many_bytes_whatever_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engine reads on while somebody reads: some 10 MB of a table of 38, of 16 bytes a row."""
    monkeypatch.setattr(settings, "QUERY_FEED_BYTES_MAX", 0)
    monkeypatch.setattr(settings, "QUERY_KEPT_BYTES_MAX", 0)
    monkeypatch.setattr("deeplake.query.streamed.PIECE_BYTES", 100_000)
    rows = 2_400_000
    db = Database(MemoryStore(), "main", optimizes=False)
    db.create_table("t", {"id": "int", "x": "float"}).extend(
        {"id": np.arange(rows), "x": np.arange(rows) / 7}
    )
    db.commit("rows")
    plan, tables, _ = planned(db, "SELECT id + 1, x FROM t WHERE x >= 0")
    view = tables[0]
    read = {"id": 0, "x": 0}

    class Counted(type(view)):  # type: ignore[misc]
        def read(self, name: str, rows: Any = None) -> Any:
            read[name] += rows.size
            return super().read(name, rows)

    counted = Counted(view.objects, view.name, view._tree, view.columns)
    ahead = given = 0
    for batch in run(slow(plan), [counted]).batches():
        ahead = max(ahead, max(read.values()) - given)
        given += batch.num_rows
    assert given == min(read.values()) == rows
    assert ahead * 16 < 24_000_000
