"""EXPLAIN says what is read and why; ANALYZE what it took, counted."""

from __future__ import annotations

import re

import pytest

from deeplake.api.database import Database
from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.storage.memory import MemoryStore
from deeplake.testing.tracing import TracingStore


def made(store=None, parts=40):
    db = Database(store or MemoryStore(), "main", optimizes=False)
    table = db.create_table("t", {"id": "int", "n": "int", "s": "text", "img": "blob"})
    for part in range(parts):
        table.extend([
            {"id": i, "n": i % 7, "s": f"s{i % 3}", "img": bytes(2000)}
            for i in range(part * 50, part * 50 + 50)
        ])  # fmt: skip
        db.commit(f"part {part}")
    return db


def lines(db, sql, parameters=None):
    cursor = db.execute(sql, parameters)
    assert [c[0] for c in cursor.description] == ["QUERY PLAN"]
    return [line for (line,) in cursor.fetchall()]


def test_a_plan_names_pruned_fragments_candidates_and_late_columns():
    text = "SELECT id, img FROM t WHERE id BETWEEN 120 AND 170 AND n = 3 ORDER BY n DESC LIMIT 4"
    told = lines(made(), f"EXPLAIN ANALYZE {text}")
    joined = "\n".join(told)
    assert told[0] == "Query without the engine, 4 rows"
    assert "Limit, Sort, Filter by 3 conditions" in joined
    assert "Fragments: 2 read, 38 pruned; 100 rows left" in joined
    assert "Conditions: 3 of 3 tested: 7 candidates" in joined
    assert "by candidates, top of the order" in joined
    assert "Column img: late" in joined
    assert "Late: img, 4 cells fetched" in joined
    assert re.search(r"Read: .* in \d+ requests; .* of columns planned", joined)
    assert re.search(r"Time: \d+\.\d{3} ms choose rows of t", joined)


def test_a_plan_alone_reads_no_values():
    store = TracingStore(MemoryStore(), remote=True)
    made(store)
    db = Database(store, "main")
    text = "SELECT id, img FROM t WHERE id > 1900 AND s || 'x' = 's1x' LIMIT 3"
    told = lines(db, f"EXPLAIN {text}")
    assert "Query without the engine" in told[0]
    assert any("Not shortened: a condition that only the engine can test" in line for line in told)
    before = store.count()
    assert before
    store.reset()
    assert lines(db, f"EXPLAIN {text}") == told
    assert store.count("get_range") == store.count("get_ranges") == 0
    assert not any(line.startswith("Time") for line in told)


def test_requests_and_bytes_are_those_of_the_store():
    store = TracingStore(MemoryStore(), remote=True)
    made(store)
    db = Database(store, "main")
    db.execute("SELECT 1 FROM t LIMIT 0").fetchall()
    store.reset()
    told = lines(db, "EXPLAIN ANALYZE SELECT img FROM t WHERE id = 77")
    read = next(line for line in told if line.startswith("Read"))
    reads = [o for o in store.operations if o.kind.startswith("get")]
    of_head = len(reads) - int(re.search(r"in (\d+) requests?\b", read)[1])
    assert 0 <= of_head <= 6, "whether there is a newer commit is asked before"
    assert "Late: img, 1 cell fetched" in told


def test_joins_subqueries_and_common_tables_are_a_tree():
    told = lines(
        made(parts=2),
        "EXPLAIN WITH w AS (SELECT n, count(*) c FROM t GROUP BY n) SELECT t.id FROM t "
        "LEFT JOIN w ON w.n = t.n WHERE t.id IN (SELECT id FROM t WHERE n = 1) ORDER BY 1",
    )
    assert told[0] == "Query in the engine"
    joined = "\n" + re.sub(r"w\d+", "w", "\n".join(told))
    steps = re.findall(
        r"^ +(With|Group|Sort, Filter|Left join|Rows of w|Subquery)", joined, re.MULTILINE
    )
    assert steps == ["With", "Group", "Sort, Filter", "Left join", "Rows of w", "Subquery"]
    assert sum("Scan of t" in line for line in told) == 3


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("EXPLAIN INSERT INTO t (id) VALUES (1)", UnsupportedQueryError),
        ("EXPLAIN SELECT nope FROM t", QueryError),
        ("EXPLAIN (WALTZ) SELECT 1", QueryError),
    ],
)
def test_what_cannot_be_explained_is_refused(sql, error):
    with pytest.raises(error):
        made(parts=1).execute(sql)


def test_options_are_taken():
    db = made(parts=1)
    assert len(lines(db, "EXPLAIN (ANALYZE, VERBOSE) SELECT 1 FROM t")) > 3
    assert not any("Time" in x for x in lines(db, "EXPLAIN (ANALYZE false) SELECT id FROM t"))
    assert lines(db, "EXPLAIN SELECT count(*) FROM t WHERE id = %s", [3])[0].startswith("Query")
