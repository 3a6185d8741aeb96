"""Statements in bounded memory, and stopped: results as they come, feeds in pieces, limits."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pytest

from deeplake import settings
from deeplake.api.database import Database
from deeplake.errors import ChecksumError, QueryError
from deeplake.query.statement import run
from deeplake.query.streamed import Streamed
from deeplake.storage.memory import MemoryStore
from deeplake.testing.asking import comparable, history, planned, slow, table_in


def made(rows=60_000, store=None):
    db = Database(store or MemoryStore(), "main", optimizes=False)
    rng = np.random.default_rng(0)
    db.create_table("t", {"id": "int", "x": "float", "v": "emb-16"}).extend({
        "id": np.arange(rows), "x": rng.random(rows),
        "v": rng.standard_normal((rows, 16)).astype(np.float32),
    })  # fmt: skip
    db.commit("rows")
    return db


@pytest.fixture
def small_feeds(monkeypatch):
    """Every scan streams, a few rows at a time."""
    monkeypatch.setattr(settings, "QUERY_FEED_BYTES_MAX", 0)
    monkeypatch.setattr(settings, "QUERY_KEPT_BYTES_MAX", 0)
    monkeypatch.setattr("deeplake.query.streamed.PIECE_BYTES", 500)


@pytest.mark.parametrize("state", ["edited", "merged", "optimized", "staged"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM {} WHERE a > 2 OR s LIKE 'a%'",
        "SELECT a, count(*), min(s), sum(id) FROM {} GROUP BY a",
        "SELECT x.id, y.s, y.img FROM {} x JOIN {} y ON x.id = y.id + 1 WHERE x.b",
        "WITH w AS (SELECT id, a FROM {}) SELECT p.id FROM w p, w q WHERE p.id = q.id AND q.a > 3",
        "SELECT id, (SELECT max(y.id) FROM {} y WHERE y.a = x.a AND y.id < x.id) FROM {} x",
    ],
)
def test_rows_are_the_same_when_feeds_stream(small_feeds, monkeypatch, sql, state):
    db = history(f"streams-{abs(hash(sql)) % 1000}-{state}", 4)
    text = sql.replace("{}", table_in(state))
    plan, tables, values = planned(db, text)
    streamed = comparable(list(run(slow(plan), tables, values).rows()))
    shorter = comparable(list(run(plan, tables, values).rows()))
    monkeypatch.undo()
    whole = comparable(list(run(slow(plan), tables, values).rows()))
    assert sorted(streamed) == sorted(shorter) == sorted(whole)


def test_a_scan_that_streams_reads_as_the_engine_asks(small_feeds):
    plan, tables, _ = planned(made(), "SELECT id, x FROM t")
    view, (scan,) = tables[0], plan.scans
    read = []

    class Watched(type(view)):
        def read(self, name, rows=None):
            read.append((name, None if rows is None else rows.size))
            return super().read(name, rows)

    watched = Watched(view.objects, view.name, view._tree, view.columns)
    rows = run(slow(plan), [watched], ()).rows()
    assert next(rows)[0] == 0
    assert len(read) < 60_000 / 20, "not all pieces"
    assert max(size for _, size in read) <= 500
    del scan


def test_what_a_feed_raises_is_what_the_reader_gets(small_feeds):
    plan, tables, _ = planned(made(), "SELECT id, x FROM t")
    view = tables[0]

    class Damaged(type(view)):
        def read(self, name, rows=None):
            if rows is not None and rows.size and rows.runs[0][0] > 30_000:
                raise ChecksumError("bytes do not match.")
            return super().read(name, rows)

    damaged = Damaged(view.objects, view.name, view._tree, view.columns)
    with pytest.raises(ChecksumError, match="do not match"):
        list(run(slow(plan), [damaged], ()).rows())


def test_vectors_beyond_the_limit_stream(monkeypatch):
    monkeypatch.setattr(settings, "QUERY_FEED_BYTES_MAX", 1 << 20)
    from deeplake.query.streamed import feed_of

    plan, tables, _ = planned(made(), "SELECT id, v FROM t")
    (scan,) = plan.scans
    early = tuple(c._replace(source=-1) for c in scan.columns)
    feed = feed_of(scan._replace(columns=early), tables[0], tables[0].all_rows())
    assert isinstance(feed, Streamed)
    assert not isinstance(feed_of(scan, tables[0], tables[0].all_rows()), Streamed)


RUNAWAY = "SELECT count(*) FROM t a, t b, t c WHERE a.x + b.x < c.x"


@pytest.mark.parametrize("asking", [
    lambda db: lambda: db.execute(RUNAWAY).fetchall(),
    lambda db: partial(len, db.query(RUNAWAY)),
], ids=["statement", "view"])  # fmt: skip
def test_a_handle_stops_its_statements_from_another_thread(asking):
    db = made()
    ask = asking(db)
    stopped = []

    def stop():
        while not stopped:
            if db.interrupt():
                stopped.append(True)

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(QueryError) as caught:
        ask()
    thread.join()
    assert caught.value.sqlstate == "57014"
    assert db.execute("SELECT count(*) FROM t").fetchall() == [(60_000,)], "others go on"


def test_a_statement_counts_once_while_it_is_read(small_feeds):
    db = made(200_000)
    for text in ("SELECT id + 1 FROM t", "SELECT id FROM t LIMIT 5"):  # with the engine, without it
        cursor = db.execute(text)
        assert db.interrupt() == 1
        with pytest.raises(QueryError):
            cursor.fetchall()
        cursor.close()
        del cursor


def test_a_cursor_is_cancelled_between_its_rows(small_feeds):
    db = made(200_000)
    cursor = db.execute("SELECT id + 1 FROM t")
    assert cursor.fetchone() == (1,)
    cursor.cancel()
    with pytest.raises(QueryError) as caught:
        cursor.fetchall()
    assert caught.value.sqlstate == "57014"
    cursor.close()
    cursor.close()


_LIMITED = """
import resource, sys
import numpy as np
from deeplake import settings
settings.QUERY_MEMORY_BYTES_MAX = 100 << 20
settings.QUERY_FEED_BYTES_MAX = 8 << 20
settings.QUERY_KEPT_BYTES_MAX = 8 << 20
from deeplake.api.database import Database
from deeplake.errors import QueryError
from deeplake.storage.memory import MemoryStore
db = Database(MemoryStore(), "main", optimizes=False)
table = db.create_table("t", {"id": "int", "x": "float", "y": "float", "z": "float"})
for part in range(8):
    table.extend({name: np.random.default_rng(part).random(500_000) if name != "id"
                  else np.arange(500_000) for name in ("id", "x", "y", "z")})
    db.commit("part")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = db.execute("SELECT id, x, y, z FROM t ORDER BY x + y, id")
last, count = -1.0, 0
for row in rows:
    count += 1
    if not count % 1000:
        assert row[1] + row[2] >= last
        last = row[1] + row[2]
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
try:
    db.execute("SELECT array_agg(x), array_agg(y), array_agg(z), array_agg(id) FROM t").fetchall()
    state = "none"
except QueryError as error:
    state = error.sqlstate
print(count, grown, state, db.execute("SELECT count(*) FROM t").fetchall())
"""


def test_a_sort_beyond_the_memory_limit_goes_to_the_disk_and_a_list_is_refused(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    count, grown, state, rest = done.stdout.strip().split(" ", 3)
    assert (int(count), state, rest) == (4_000_000, "53200", "[(4000000,)]")
    assert int(grown) < 400, "128 MB of rows were sorted"
    assert not list(tmp_path.glob("deeplake-query-*/*")), "nothing is left behind"
