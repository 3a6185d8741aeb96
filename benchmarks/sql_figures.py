"""Figures of SQL: short statements, searches, late columns beside an engine that gets the bytes."""

from __future__ import annotations

import compileall
import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

import deeplake
from deeplake.query.plan import plan_of
from deeplake.query.shapes import Shape
from deeplake.storage.memory import MemoryStore
from deeplake.testing import postgres
from deeplake.testing.tracing import TracingStore
from measure import Figure, alternate, median

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench import Bench

LABELS = 100
POINT_ROWS = 1_000_000
VECTORS, WIDTH, NEAREST = 100_000, 512, 10
BLOBS, BLOB_BYTES = 20_000, 64 << 10
JOINED, JOINED_BYTES = 3_000, 256 << 10
LATENCY_S = 0.03
BLAS_LOOKS_S = 0.12

FIRST = """
import sys
import deeplake
db = deeplake.connect(sys.argv[1])
assert db.execute(sys.argv[2]).fetchall()
sys.stdout.write("answered")
sys.stdout.flush()
"""
FIRST_SELECTS = {
    "a condition": "SELECT label, x FROM t WHERE x > 0.9",
    "GROUP BY, in the engine": "SELECT label, count(*) FROM t GROUP BY label",
}
BARE = "import duckdb, pyarrow, sys; sys.stdout.write('imported'); sys.stdout.flush()"


def _ms(times: dict[str, list[float]]) -> dict[str, float]:
    return {name: median(values) * 1e3 for name, values in times.items()}


def _times(calls: Callable[[], object], count: int) -> Callable[[], object]:
    def several() -> None:
        for _ in range(count):
            calls()

    return several


def _table(bench: Bench, name: str, schema: dict[str, str], columns: Any) -> deeplake.Database:
    db = deeplake.connect(bench.path(name))
    db.create_table("t", schema).extend(columns)
    db.commit("rows")
    return db


def short(bench: Bench) -> list[Figure]:
    """Small statements over the rows of the other figures, and what comes before their rows."""
    rng, rows = np.random.default_rng(1), bench.scale.rows
    db = _table(
        bench, "short", {"id": "int", "label": "int32", "rating": "float", "emb": "emb-512"},
        {
            "id": np.arange(rows), "label": rng.integers(0, LABELS, rows).astype(np.int32),
            "rating": rng.random(rows),
            "emb": rng.standard_normal((rows, 512)).astype(np.float32),
        },
    )  # fmt: skip
    points = max(POINT_ROWS * rows // 20_000, 50_000)
    point = _table(
        bench, "point", {"id": "int primary_key", "x": "float"},
        {"id": rng.permutation(points), "x": rng.random(points)},
    )  # fmt: skip
    shuffled = iter(rng.integers(0, points, 1_000_000).tolist())
    looked_up = "SELECT x FROM t WHERE id = %s"
    fetched = "SELECT emb FROM t WHERE label = %s"
    bound = "SELECT id, rating FROM t WHERE label = %s AND rating > %s ORDER BY rating DESC LIMIT 5"
    times = _ms(alternate(bench.scale.rounds, {
        "fetch": lambda: db.execute(fetched, [7]).fetchall(),
        "totals": lambda: db.execute("SELECT count(*), avg(rating) FROM t").fetchall(),
        "point": lambda: point.execute(looked_up, [next(shuffled)]).fetchall(),
        "again": _times(lambda: _recalled(db, bound), 100),
        "first": lambda: _bound(db, bound),
        "group": lambda: db.execute("SELECT label, max(rating) FROM t GROUP BY label").fetchall(),
    }))  # fmt: skip
    count = len(db.execute(fetched, [7]).fetchall())
    return [
        Figure("short", "WHERE label = x fetching embeddings", times["fetch"], 1.3, " ms",
               f"{times['fetch']:.3f} ms, {count} rows of {rows:,}"),
        Figure("short", "count(*), avg", times["totals"], 0.95, " ms",
               f"{times['totals']:.3f} ms; grouped, in the engine {times['group']:.2f}"),
        Figure("short", "point SELECT by primary key", times["point"], 1.0, " ms",
               f"{times['point']:.3f} ms, {points:,} rows in no order"),
        Figure("short", "parse, bind, emit: again", times["again"] / 100, 0.05, " ms",
               f"{times['again'] / 100:.4f} ms"),
        Figure("short", "parse, bind, emit: first time", times["first"], 0.5, " ms",
               f"{times['first']:.3f} ms"),
    ]  # fmt: skip


def _recalled(db: deeplake.Database, sql: str) -> None:
    """The plan of a statement that was run before, and its values."""
    from deeplake.api.catalog import Tables
    from deeplake.sql.planned import recall, values_of

    values = values_of(sql, [7, 0.5])
    if values is None or recall(sql, values, Tables(db)) is None:
        db.execute(sql, [7, 0.5]).fetchall()


def _bound(db: deeplake.Database, sql: str) -> None:
    from deeplake.api.catalog import Tables
    from deeplake.sql.parameters import number
    from deeplake.sql.parse import parse
    from deeplake.sql.select import bind_select

    prepared = number(sql, [7, 0.5])
    _, node = parse(prepared.text)
    plan_of(bind_select(prepared.text, node, Tables(db), prepared.values)[0])


def similar(bench: Bench) -> list[Figure]:
    """Exact cosine top-10 beside the matrix product alone.

    Between two of them the clock stands still until the threads of BLAS sleep: after a product they
    look for more to do for 104 ms, on the core that the next contender would use.
    """
    rows = VECTORS * bench.scale.rows // 20_000
    matrix = np.random.default_rng(2).standard_normal((rows, WIDTH)).astype(np.float32)
    db = _table(bench, "similar", {"id": "int", "v": f"emb-{WIDTH}"},
                {"id": np.arange(rows), "v": matrix})  # fmt: skip
    norms = np.linalg.norm(matrix, axis=1)
    vector = matrix[5]

    def blas() -> Any:
        scores = matrix @ vector / norms
        best = np.argpartition(scores, -NEAREST)[-NEAREST:]
        return best[np.argsort(-scores[best])]

    sql = f"SELECT id FROM t ORDER BY cosine_similarity(v, %s) DESC NULLS LAST LIMIT {NEAREST}"
    filtered = sql.replace("ORDER", "WHERE id % 2 = 0 ORDER")
    assert [row[0] for row in db.execute(sql, [vector]).fetchall()] == blas().tolist()
    times = _ms(alternate(bench.scale.rounds, {
        "ours": lambda: db.execute(sql, [vector]).fetchall(),
        "blas": blas,
        "filtered": lambda: db.execute(filtered, [vector]).fetchall(),
    }, between=lambda _: time.sleep(BLAS_LOOKS_S)))  # fmt: skip
    return [
        Figure("similar", f"exact cosine top-{NEAREST} of {rows:,} x {WIDTH} against BLAS",
               times["ours"] / times["blas"], 2.0, "x",
               f"{times['ours']:.2f} ms; BLAS {times['blas']:.2f}; with a condition that only the "
               f"engine can test {times['filtered']:.2f}"),
    ]  # fmt: skip


def late(bench: Bench) -> list[Figure]:
    """Blobs that only rows of the result need, beside DuckDB with the blobs in memory."""
    return [*_top(bench), *_joined(bench)]


def _blobs(rows: int, size: int) -> list[bytes]:
    rng = np.random.default_rng(3)
    return [rng.bytes(64) * (size // 64) for _ in range(rows)]


def _in_memory(columns: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """An engine that has all columns as Arrow in memory: no store, nothing to verify."""
    engine = duckdb.connect(config={"threads": 2})
    blobs = pa.array(columns["blob"], pa.large_binary())
    engine.register("t", pa.table({**columns, "blob": blobs}))
    return engine


def _early(db: deeplake.Database, sql: str) -> None:
    """The same statement over the same store with every wide column given to the engine."""
    from deeplake.api.catalog import Tables
    from deeplake.query.statement import run
    from deeplake.sql.parse import parse
    from deeplake.sql.select import bind_select

    _, node = parse(sql)
    early = frozenset(range(9))
    statement, tables = bind_select(sql, node, Tables(db), (), early)
    scans = tuple(scan._replace(conditions=()) for scan in statement.scans)
    plan = plan_of(statement)._replace(scans=scans, shape=Shape(None))
    for _ in run(plan, tables).rows():
        pass


def _beside(times: dict[str, float]) -> str:
    return (
        f"{times['ours']:.2f} ms; blobs of the same store through the engine {times['early']:.0f}; "
        f"DuckDB with all of it in memory {times['memory']:.1f}"
    )


def _top(bench: Bench) -> list[Figure]:
    rows = max(BLOBS * bench.scale.rows // 20_000, 500)
    rng = np.random.default_rng(4)
    columns = {
        "id": np.arange(rows), "score": rng.random(rows),
        "kind": rng.integers(0, 5, rows).astype(np.int32), "blob": _blobs(rows, BLOB_BYTES),
    }  # fmt: skip
    schema = {"id": "int", "score": "float", "kind": "int32", "blob": "blob"}
    db = _table(bench, "top", schema, columns)
    engine = _in_memory(columns)
    sql = (
        "SELECT id, blob FROM t WHERE score > 0.2 AND kind <> 3 AND id >= 10 "
        "ORDER BY score DESC LIMIT 50"
    )
    ours = db.execute(sql).fetchall()
    assert [row[0] for row in ours] == [row[0] for row in engine.execute(sql).fetchall()]
    times = _ms(alternate(min(bench.scale.rounds, 11), {
        "ours": lambda: db.execute(sql).fetchall(),
        "early": lambda: _early(db, sql),
        "memory": lambda: engine.execute(sql).fetchall(),
    }, rehearse=True))  # fmt: skip
    read, narrow = _bytes_of(bench.path("top"), sql, rows * (8 + 8 + 4))
    return [
        Figure("late", f"top 50 of {rows:,} x 64 KiB against blobs through the engine",
               times["early"] / times["ours"], 50, "x", _beside(times), at_most=False),
        Figure("late", "bytes read against narrow columns + 50 cells",
               read / (narrow + 50 * BLOB_BYTES), 1.0, "x",
               f"{read / 1e6:.2f} MB of {rows * BLOB_BYTES / 1e6:.0f}"),
    ]  # fmt: skip


def _bytes_of(path: str, sql: str, narrow: int) -> tuple[int, int]:
    """Bytes that a fresh handle asks a bucket for, its first commit left out."""
    from deeplake.api.database import Database
    from deeplake.storage.local import LocalStore

    store = TracingStore(LocalStore(path), remote=True)
    db = Database(store, "main")
    db.execute("SELECT 1 FROM t LIMIT 0").fetchall()
    store.reset()
    db.execute(sql).fetchall()
    return store.bytes_read, narrow


def _joined(bench: Bench) -> list[Figure]:
    rows = max(JOINED * bench.scale.rows // 20_000, 300)
    rng = np.random.default_rng(5)
    columns = {
        "id": np.arange(rows), "kind": rng.integers(0, 20, rows).astype(np.int32),
        "score": rng.random(rows), "blob": _blobs(rows, JOINED_BYTES),
    }  # fmt: skip
    db = _table(
        bench, "joined", {"id": "int", "kind": "int32", "score": "float", "blob": "blob"}, columns
    )
    db.create_table("k", {"kind": "int32", "name": "text"}).extend(
        [{"kind": kind, "name": f"kind {kind}"} for kind in range(20)]
    )
    db.commit("kinds")
    engine = _in_memory(columns)
    engine.execute(
        "CREATE TABLE k AS SELECT range::INTEGER AS kind, 'kind ' || range AS name FROM range(20)"
    )
    sql = (
        "WITH w AS (SELECT t.id, t.blob, t.score, t.kind, row_number() OVER "
        "(PARTITION BY t.kind ORDER BY t.score DESC) AS place FROM t) "
        "SELECT w.id, k.name, w.blob FROM w JOIN k ON k.kind = w.kind WHERE w.place = 1 "
        "ORDER BY w.score DESC LIMIT 20"
    )
    assert [r[0] for r in db.execute(sql).fetchall()] == [
        r[0] for r in engine.execute(sql).fetchall()
    ]
    times = _ms(alternate(min(bench.scale.rounds, 11), {
        "ours": lambda: db.execute(sql).fetchall(),
        "early": lambda: _early(db, sql),
        "memory": lambda: engine.execute(sql).fetchall(),
    }, rehearse=True))  # fmt: skip
    return [
        Figure("late", f"CTE, window, join: 20 of {rows:,} x 256 KiB",
               times["early"] / times["ours"], 50, "x", _beside(times), at_most=False),
    ]  # fmt: skip


def first_select(bench: Bench) -> list[Figure]:
    """A fresh process: import, connect, first SELECT; until its rows are there."""
    rng = np.random.default_rng(6)
    _table(bench, "first", {"label": "int", "x": "float"},
           {"label": rng.integers(0, 9, 1000), "x": rng.random(1000)})  # fmt: skip
    compileall.compile_dir(os.path.dirname(deeplake.__file__), quiet=1)
    path, running = bench.path("first"), []

    def until_told(code: str, *arguments: str) -> Callable[[], object]:
        command = [sys.executable, "-c", code, *arguments]

        def told() -> None:
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE))
            assert running[-1].stdout.read(1)

        return told

    def ended(_: str) -> None:
        process = running.pop()
        process.communicate()
        assert process.returncode == 0

    contenders = {what: until_told(FIRST, path, sql) for what, sql in FIRST_SELECTS.items()}
    contenders["bare"] = until_told(BARE)
    times = _ms(alternate(bench.scale.processes, contenders, between=ended))
    return [
        Figure("first", f"fresh process: import, connect, first SELECT ({what})", times[what], 200,
               " ms", f"{times[what]:.0f} ms; importing DuckDB and pyarrow alone "
               f"{times['bare']:.0f}")
        for what in FIRST_SELECTS
    ]  # fmt: skip


def bucket_scan(bench: Bench) -> list[Figure]:
    """A predicate over 96 fragments, 30 ms a request: those that survive cost, no others."""
    del bench
    from deeplake.api.database import Database

    store = TracingStore(MemoryStore(), remote=True)
    db = Database(store, "main", optimizes=False)
    table = db.create_table("t", {"id": "int", "x": "float"})
    for part in range(96):
        table.extend({"id": np.arange(part * 500, part * 500 + 500), "x": np.arange(500.0)})
        db.commit(f"part {part}")
    store.latency_s = LATENCY_S
    counts = {}
    for width in (1, 8, 32):
        fresh = Database(store, "main")
        fresh.execute("SELECT 1 FROM t LIMIT 0").fetchall()
        store.reset()
        sql = f"SELECT sum(x) FROM t WHERE id < {width * 500} AND x + 0 >= 0"
        fresh.execute(sql).fetchall()
        counts[width] = store.count()
    slope = (counts[32] - counts[8]) / 24
    return [
        Figure("bucket", "requests per surviving fragment", slope, 3.0, "",
               f"{counts[1]}, {counts[8]}, {counts[32]} requests for 1, 8, 32 of 96 fragments"),
    ]  # fmt: skip


def inserts(bench: Bench) -> list[Figure]:
    """One row autocommitted and durable, and a thousand in one call, beside PostgreSQL."""
    db = deeplake.connect(bench.path("inserts"))
    db.create_table("t", {"id": "int", "name": "text", "x": "float"})
    row, many = "INSERT INTO t VALUES (%s, %s, %s)", [(k, f"n{k}", k / 2) for k in range(1000)]
    contenders: dict[str, Callable[[], object]] = {
        "one": lambda: db.execute(row, [1, "one", 0.5]),
        "many": lambda: db.executemany(row, many),
    }
    with contextlib.ExitStack() as stack:
        peer = _durable_postgres(bench, stack)
        if peer is not None:
            theirs = "INSERT INTO t VALUES ($1, $2, $3)"
            contenders["postgres one"] = lambda: peer.execute(theirs, [1, "one", 0.5])
            contenders["postgres many"] = lambda: _in_one_transaction(peer, theirs, many)
        times = _ms(alternate(bench.scale.rounds, contenders, rehearse=True))
    beside = {
        name: f"; PostgreSQL {times[f'postgres {name}']:.2f}" if peer is not None else ""
        for name in ("one", "many")
    }
    return [
        Figure("insert", "one row, durable", times["one"], 3.0, " ms",
               f"{times['one']:.2f} ms{beside['one']}"),
        Figure("insert", "executemany of 1,000 rows", times["many"], 40, " ms",
               f"{times['many']:.1f} ms{beside['many']}"),
    ]  # fmt: skip


def _durable_postgres(bench: Bench, stack: contextlib.ExitStack) -> Any:
    """A connection to a PostgreSQL on the same disk with an empty table, None without one: fsync
    and synchronous_commit are on, each statement commits.
    """
    if postgres.missing() is not None:
        return None
    os.chmod(bench.folder, 0o711)  # the server has a user of its own
    server = stack.enter_context(postgres.Postgres(durable=True, folder=bench.folder))
    connection = stack.enter_context(server.connect())
    for setting in ("fsync", "synchronous_commit"):
        assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)
    connection.execute("CREATE TABLE t (id bigint, name text, x double precision)")
    return connection


def _in_one_transaction(connection: Any, sql: str, rows: list[tuple[Any, ...]]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(sql, rows)
