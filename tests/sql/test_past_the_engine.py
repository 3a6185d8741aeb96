"""Clips never enter SQL's text or the engine; many rows are one commit. Counted, not timed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest

import deeplake
from deeplake.api.database import Database
from deeplake.query import engine
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore

NARROW = 10_000
"""Bytes of texts, ids and handles that the engine may be handed for a few rows."""


class Handed(NamedTuple):
    """What the engine was handed: bytes of feeds, texts and parameters of each statement."""

    statements: list[int]

    @property
    def most(self) -> int:
        return max(self.statements, default=0)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Handed]:
    """Count what goes through the one door to the engine."""
    handed = Handed([])
    work = engine.run

    def run(text: str, feeds: Any, parameters: Any, control: Any = None) -> Any:
        size = len(text) + sum(len(v) for v in parameters.values() if hasattr(v, "__len__"))
        size += sum(feed.nbytes for feed in feeds.values() if isinstance(feed, pa.Table))
        assert all(isinstance(feed, pa.Table) for feed in feeds.values())
        handed.statements.append(size)
        return work(text, feeds, parameters, control)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "run", run)
        yield handed


def clips(place: Any, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Insert, change, move, look at and read clips of so many bytes."""
    clip, other = b"\1" * size, b"\2" * size
    db = deeplake.connect(place)
    db.execute("CREATE TABLE t (id int PRIMARY KEY, clip bytea, movie video, note text)")
    with counted(monkeypatch) as handed:
        db.execute("INSERT INTO t (id, clip, note) VALUES (%s, %s, %s)", [1, clip, "one"])
        db.execute("INSERT INTO t (id, clip) VALUES (:id, :c) ON CONFLICT (id) DO UPDATE SET "
                   "clip = EXCLUDED.clip", {"id": 1, "c": other})  # fmt: skip
        db.execute("UPDATE t SET clip = $1 WHERE note = 'one'", [clip])
        db.execute("UPDATE t SET clip = $1 WHERE id + 1 = 2 AND note LIKE 'o%'", [other])
        db.executemany("INSERT INTO t (id, clip) VALUES (%s, %s)", [(2, clip), (3, None)])
        db.execute("INSERT INTO t (id, clip) SELECT id + 10, clip FROM t WHERE id < 4")
        db.execute("UPDATE t SET clip = s.clip FROM t s WHERE t.id = 3 AND s.id = 2")
        db.execute("MERGE INTO t USING (SELECT 4 AS id) s ON t.id = s.id "
                   "WHEN NOT MATCHED THEN INSERT (id, clip) VALUES (4, $1)", [other])  # fmt: skip
        assert db.execute("SELECT count(*), count(clip) FROM t").fetchone() == (7, 6)
        found = db.execute(
            "SELECT x.clip FROM (SELECT clip, id, row_number() OVER (ORDER BY id DESC) AS n "
            "FROM t WHERE clip IS NOT NULL) x JOIN t y ON y.id = x.id ORDER BY x.n LIMIT 1"
        ).fetchall()
        assert found == [(clip,)], "the clip of row 12"
        again = "SELECT clip FROM t WHERE id = %s"
        for key, wanted in ((1, other), (2, clip), (3, clip), (4, other), (11, other), (13, None)):
            assert db.execute(again, [key]).fetchall() == [(wanted,)]
    assert handed.statements, "some of it needs the engine"
    assert handed.most < NARROW < size


def test_a_clip_is_never_in_the_text_nor_in_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    clips(MemoryStore(), monkeypatch, 2 << 20)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nor_is_one_of_500_megabytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    clip = b"\3" * (500 << 20)
    db = deeplake.connect(str(tmp_path / "clips"))
    db.execute("CREATE TABLE t (id int PRIMARY KEY, clip bytea, note text)")
    with counted(monkeypatch) as handed:
        db.execute("INSERT INTO t VALUES (%s, %s, %s)", [1, clip, "one"])
        db.execute("INSERT INTO t (id, clip) SELECT id + 1, clip FROM t WHERE note LIKE 'o%'")
        db.execute("UPDATE t SET note = upper(note) WHERE clip IS NOT NULL")
        ((found,),) = db.execute("SELECT clip FROM t WHERE lower(note) = 'one'").fetchall()
    assert len(found) == len(clip)
    assert found == clip
    assert handed.most < NARROW


def test_the_door_is_the_only_one() -> None:
    """What `counted` wraps is what every statement goes through."""
    import ast
    from pathlib import Path

    calls = []
    package = Path(engine.__file__).parents[1]
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("engine.run", "Running"):
                calls.append(f"{path.relative_to(package)}: {ast.unparse(node.func)}")
    assert sorted(calls) == [
        "query/engine.py: Running", "query/phases.py: engine.run", "query/statement.py: engine.run"
    ]  # fmt: skip


# --- batches --------------------------------------------------------------------------------------


def written(sql: str, sets: list[Any], *, many: bool) -> tuple[int, int, int]:
    """(commits, objects created, bytes written) for rows of a table with a key."""
    store = TracingStore(MemoryStore())
    db = Database(store, "main", optimizes=False)
    db.execute("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 3, emb vector(4))")
    before = len(db.log(all=True))
    store.reset()
    if many:
        assert db.executemany(sql, sets).rowcount == len(sets)
    else:
        assert db.execute(sql, sets).rowcount == len(sets) // 2
    creates, written_bytes = store.count("create"), store.bytes_written
    assert db.execute("SELECT count(*), sum(n) FROM t").fetchone()[0] > 0
    return len(db.log(all=True)) - before, creates + store.count("put"), written_bytes


def test_many_rows_are_one_commit_and_one_object() -> None:
    one = "INSERT INTO t (id, emb) VALUES (%s, %s)"
    sets = [(k, np.full(4, k)) for k in range(1_000)]
    commits, objects, size = written(one, sets, many=True)
    assert (commits, objects) == (1, 1)
    flat = [value for row in sets for value in row]
    rows = "INSERT INTO t (id, emb) VALUES " + ", ".join(["(%s, %s)"] * 1_000)
    assert written(rows, flat, many=False)[:2] == (1, 1)
    assert size < 64_000, "28 bytes a row, and what a commit has"


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t (id, n) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n",
        "UPDATE t SET n = %s WHERE id = %s",
        "DELETE FROM t WHERE id = %s AND n <> %s",
        (
            "MERGE INTO t USING (SELECT %s::int AS id, %s::int AS n) s ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET n = s.n WHEN NOT MATCHED THEN INSERT (id, n) "
            "VALUES (s.id, s.n)"
        ),
    ],
)
def test_many_sets_of_parameters_are_one_commit(sql: str) -> None:
    store = TracingStore(MemoryStore())
    db = Database(store, "main", optimizes=False)
    db.execute("CREATE TABLE t (id int PRIMARY KEY, n int)")
    db.execute("INSERT INTO t SELECT i, 0 FROM generate_series(0, 19) AS g(i)")
    before = len(db.log(all=True))
    store.reset()
    sets = [(k, 100 + k) for k in range(10)]
    if sql.startswith("UPDATE"):
        sets = [(n, k) for k, n in sets]
    assert db.executemany(sql, sets).rowcount == 10
    assert len(db.log(all=True)) == before + 1
    assert store.count("create") == 1
    left = db.execute("SELECT id, n FROM t WHERE id < 11 ORDER BY id").fetchall()
    changed = [] if sql.startswith("DELETE") else [(k, 100 + k) for k in range(10)]
    assert left == [*changed, (10, 0)]
