"""Plans and columns that are kept: found again by text and kinds, never over other columns."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from deeplake.api.database import Database
from deeplake.errors import QueryError, RepositoryNotFoundError
from deeplake.query import engine
from deeplake.query.cache import COLUMNS, PLANS, Bounded
from deeplake.query.parameters import kind_of_value
from deeplake.query.statement import run
from deeplake.storage.memory import MemoryStore
from deeplake.testing.asking import planned, slow_rows
from deeplake.testing.tracing import TracingStore


def made(store=None):
    db = Database(store or MemoryStore(), "main", optimizes=False)
    db.create_table("t", {"id": "int", "name": "text", "v": "emb-3"}).extend([
        {"id": k, "name": f"n{k % 5}", "v": [k, 0, 1]} for k in range(200)
    ])  # fmt: skip
    db.commit("rows")
    return db


def kept(text, *values):
    kinds = tuple(map(kind_of_value, values))
    found = PLANS.get((text, kinds))
    return None if found is None else found.plan


def test_a_statement_is_bound_once_and_runs_with_other_values():
    db, text = made(), "SELECT id FROM t WHERE id = %s AND 'test_once' <> name"
    assert db.execute(text, [7]).fetchall() == [(7,)]
    first = kept(text, 7)
    assert first is not None
    assert db.execute(text, [9]).fetchall() == [(9,)]
    assert db.execute(text, (150,)).fetchall() == [(150,)]
    assert kept(text, 9) is first
    named = "SELECT count(*) FROM t WHERE id > :low AND id < :high AND id > :low - 1"
    assert db.execute(named, {"low": 3, "high": 9}).fetchall() == [(5,)]
    assert db.execute(named, {"high": 9, "low": 5, "unused": 1}).fetchall() == [(3,)]


def test_values_of_other_kinds_are_bound_anew():
    db, text = made(), "SELECT count(*) FROM t WHERE id >= %s"
    assert db.execute(text, [190]).fetchall() == [(10,)]
    assert db.execute(text, [189.5]).fetchall() == [(10,)]
    assert db.execute(text, [None]).fetchall() == [(0,)]
    assert db.execute(text, ["190"]).fetchall() == [(10,)]
    with pytest.raises(QueryError, match="1 parameters, and 2 values"):
        db.execute(text, [1, 2])
    with pytest.raises(QueryError):
        db.execute(text, None).fetchall()
    with pytest.raises(QueryError, match="invalid input syntax"):
        db.execute(text, ["x"]).fetchall()


def test_other_columns_are_bound_anew():
    db, text = made(), "SELECT * FROM t WHERE id = 3"
    assert len(db.execute(text).fetchone()) == 3
    db.table("t").add_column("more", "int", default=8)
    assert db.execute(text).fetchone()[3] == 8, "staged columns too"
    db.commit("one more")
    assert db.execute(text).fetchone()[3] == 8
    db.table("t").rename_column("name", "title")
    db.commit("renamed")
    with pytest.raises(QueryError, match='column "name" does not exist'):
        db.execute("SELECT name FROM t")


def test_the_engine_reads_a_text_once_and_binds_it_to_what_it_is_given():
    text = "SELECT id % 7 AS r, max(x) FROM t WHERE id % 7 <> %s GROUP BY 1 ORDER BY 1"
    found = []
    for schema, value in (({"id": "int", "x": "float"}, 2.5), ({"id": "int", "x": "text"}, "b")):
        db = Database(MemoryStore(), "main", optimizes=False)
        db.create_table("t", schema).extend([{"id": k, "x": value} for k in range(70)])
        db.commit("rows")
        plan, tables, values = planned(db, text, [3])
        found.append(plan.text)
        for left_out in (3, 5):
            rows = list(run(plan, tables, [left_out]).rows())
            assert rows == [(k, value) for k in range(7) if k != left_out]
    assert found[0] == found[1], "columns have names of their own"
    kept = engine._statements.get(found[0])
    assert kept is not None
    before = len(engine._statements)
    assert (0, "b") in list(run(plan, tables, values).rows())
    assert engine._statements.get(found[0]) is kept
    assert len(engine._statements) == before


def test_tables_of_one_name_in_other_repositories_are_others():
    one, other, text = made(), Database(MemoryStore(), "main"), "SELECT count(*), max(id) FROM t"
    other.create_table("t", {"id": "text"}).append({"id": "only"})
    other.commit("a row")
    assert one.execute(text).fetchall() == [(200, 199)]
    assert other.execute(text).fetchall() == [(1, "only")]
    assert one.execute(text).fetchall() == [(200, 199)]
    with pytest.raises(RepositoryNotFoundError):
        Database(MemoryStore(), "main").execute(text)


def test_versions_are_read_anew_each_time():
    db = made()
    text = "SELECT count(*) FROM at('t', %s)"
    db.tag("before")
    db.table("t").delete(rows=[0, 1])
    db.commit("two less")
    assert db.execute(text, ["before"]).fetchall() == [(200,)]
    assert db.execute(text, ["main"]).fetchall() == [(198,)]
    assert db.execute('SELECT count(*) FROM "t@before"').fetchall() == [(200,)]


def test_the_head_is_seen_by_a_plan_that_is_kept():
    store = MemoryStore()
    db, other = made(store), Database(store, "main")
    text = "SELECT count(*), max(id) FROM t"
    assert other.execute(text).fetchall() == [(200, 199)]
    db.table("t").append({"id": 500})
    assert db.execute(text).fetchall() == [(201, 500)]
    assert other.execute(text).fetchall() == [(200, 199)]
    db.commit("one more")
    assert other.execute(text).fetchall() == [(201, 500)]
    db.table("t").update({"id": 600}, rows=[0])
    db.commit("another")
    assert other.execute(text).fetchall() == [(201, 600)]


def test_a_repeated_statement_reads_nothing_but_the_head():
    store = TracingStore(MemoryStore(), remote=True)
    made(store)
    db = Database(store, "main")
    text = "SELECT id FROM t WHERE name = 'n3' ORDER BY id DESC LIMIT 2"
    rows = db.execute(text).fetchall()
    store.reset()
    assert db.execute(text).fetchall() == rows == [(198,), (193,)]
    assert store.count("get_range") == store.count("get_ranges") == 0
    assert store.count() <= 5, "whether there is a newer commit"


def test_columns_that_are_kept_are_not_changed_by_who_reads_them():
    db = made()
    for text in ("SELECT id, name FROM t ORDER BY id", "SELECT id FROM t WHERE id > 100"):
        plan, tables, _ = planned(db, text)
        del plan
        data = tables[0].read("id")
        with pytest.raises(ValueError, match="read-only"):
            data.values[0] = 99
        assert db.execute(text).fetchall() == slow_rows(db, text)


def test_what_is_kept_has_a_bound_and_goes_with_its_tree():
    bounded = Bounded(lambda: 100)
    for k in range(40):
        bounded.put(k, k, 20)
        bounded.put("large", k, 26)
    assert bounded.size <= 100
    assert bounded.get(39) == 39
    assert bounded.get(0) is None
    assert bounded.get("large") is None
    bounded.put(39, "new", 1)
    assert (bounded.get(39), bounded.size) == ("new", 81)
    gc.collect()
    before = len(COLUMNS)
    db = made()
    db.execute("SELECT id, name FROM t WHERE id < 150").fetchall()
    assert len(COLUMNS) > before
    del db
    gc.collect()
    assert len(COLUMNS) == before


def test_vectors_as_parameters_have_a_plan():
    db = made()
    text = "SELECT id FROM t WHERE id < %s AND %s IS NOT NULL"
    for value in (np.zeros(3, np.float32), np.ones(4)):
        try:
            db.execute(text, [2, value]).fetchall()
        except QueryError as error:
            assert error.sqlstate
