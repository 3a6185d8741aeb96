"""The nearest rows by matrix product: those that exact scores rank first, however close it is."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.api.database import Database
from deeplake.errors import QueryError
from deeplake.query import similarity
from deeplake.query.expression import Call, Column, Order, Parameter
from deeplake.query.kinds import FLOAT8, Kind
from deeplake.query.plan import Trace, plan_of
from deeplake.query.shapes import Similar
from deeplake.query.statement import run
from deeplake.query.table_view import TableView
from deeplake.storage.memory import MemoryStore
from deeplake.testing.asking import comparable, planned, slow, slow_rows, traced

NAMES = {"cosine": "cosine_similarity", "l2": "l2_distance", "inner": "inner_product"}
ENGINE = {
    "cosine": "list_cosine_similarity({0}, {1})",
    "l2": "list_distance({0}, {1})",
    "inner": "list_inner_product({0}, {1})",
}


def table(vectors, extra=None, dtype=""):
    db = Database(MemoryStore(), "main", optimizes=False)
    made = db.create_table("t", {"id": "int", "part": "int", "v": f"emb-{len(vectors[0])}{dtype}"})
    for low in range(0, len(vectors), 100):
        made.extend([
            {"id": k, "part": k % 7, "v": None if k in (extra or ()) else vectors[k]}
            for k in range(low, min(low + 100, len(vectors)))
        ])  # fmt: skip
        db.commit(str(low))
    return db


def ranked(db, metric, vector, limit, where="true", parameters=()):
    """A plan of ORDER BY a similarity, spelled by the engine's own functions."""
    sql = f"SELECT id, v FROM t WHERE {where} LIMIT {limit}"
    plan, tables, values = planned(db, sql, [*parameters])
    query = plan.statement.query
    column = next(c for c in plan.statement.scans[0].columns if c.column == "v")
    early = Column(query.source[0].number, "early", Kind("vector", (len(vector),)))
    key = Call(
        NAMES[metric], ENGINE[metric], (early, Parameter(len(values) + 1, Kind("vector"))), FLOAT8
    )
    descending = metric != "l2"
    scan = plan.statement.scans[0]
    scan = scan._replace(columns=(*scan.columns, column._replace(name="early", source=-1)))
    query = query._replace(order=(Order(key, descending, descending),))
    statement = plan.statement._replace(query=query, scans=(scan,))
    return plan_of(statement), tables, (*values, [float(x) for x in vector])


def exact_order(vectors, metric, vector):
    scores = similarity.scores(metric, vectors, vector)
    return scores if metric == "l2" else -scores


@given(
    st.integers(0, 10_000), st.sampled_from(list(NAMES)), st.integers(1, 30),
    st.sampled_from([1e-30, 1e-6, 1.0, 1e10]), st.sampled_from([0.0, 1.0, 1000.0]),
)  # fmt: skip
def test_the_nearest_are_among_those_that_are_kept(seed, metric, count, scale, shift):
    rng = np.random.default_rng(seed)
    vectors = ((rng.standard_normal((300, 8)) + shift) * scale).astype(np.float32)
    vectors[::13] = vectors[5]
    vectors[7] = 0
    vector = vectors[seed % 300] if seed % 2 else (rng.standard_normal(8) * scale)
    view = planned(table(vectors, extra={3, 250}), "SELECT * FROM t")[1][0]
    wanted = Similar(metric, "v", Parameter(1, Kind("vector")), metric == "l2", False, None)
    kept = similarity.nearest(view, wanted, view.all_rows(), count, [vector])
    assert kept is not None
    found = set(kept.positions().tolist())
    order = exact_order(vectors, metric, np.asarray(vector, np.float32))
    there = [k for k in range(300) if k not in (3, 250) and np.isfinite(order[k])]
    best = sorted(there, key=lambda k: order[k])
    if not best:  # no distance is known: of nothing else than a vector of zeros under cosine
        assert metric == "cosine"
        assert not np.any(vector)
        return
    border = order[best[min(count, len(best)) - 1]]
    missing = {k for k in there if order[k] < border} - found
    assert not missing
    assert len([k for k in there if order[k] <= border and k in found]) >= min(count, len(best))


@given(
    st.integers(0, 10_000), st.integers(1, 30), st.sampled_from([1e-30, 1e-10, 1.0, 1e15, 1e36]),
    st.sampled_from([1e-20, 1.0, 1e20]), st.sampled_from([0.0, 1000.0]),
    st.sampled_from(["plain", "zeros", "one is infinite", "one has no number"]),
)  # fmt: skip
def test_cosines_in_three_passes_keep_what_those_in_eight_keep(
    seed, count, scale, size, shift, kind
):
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        vectors = ((rng.standard_normal((300, 8)) + shift) * scale).astype(np.float32)
        vectors[::13] = vectors[5]
        vector = (rng.standard_normal(8) + shift) * size
        if kind != "plain":
            vectors[7] = {"zeros": 0, "one is infinite": np.inf}.get(kind, np.nan)
        products = vectors @ vector.astype(np.float32)
        norms = np.linalg.norm(vectors, axis=1)
    found = similarity._cosines(products, norms, vector)
    if kind != "plain":
        assert found is None
    if found is None:
        assert kind != "plain" or (scale, size) != (1.0, 1.0)
        return
    odd = np.zeros(300, np.uint8)
    slowly, _, doubtful = similarity._ranked(
        "cosine", products.astype(np.float64), norms.astype(np.float64), vector, odd
    )
    assert not len(doubtful)
    assert not odd.any()
    kept = set(similarity._best(found.values, found.error, count).tolist())
    assert kept >= set(similarity._best(slowly, np.zeros(300), count).tolist())
    if not shift:
        assert len(kept) < count + 30, "few more than are wanted: those that are alike"


@pytest.mark.parametrize("dtype", ["", ":float16"])
def test_products_are_the_same_whoever_takes_which_piece(dtype, monkeypatch):
    rng = np.random.default_rng(8)
    vectors = rng.standard_normal((500, 16)).astype("<f2" if dtype else "<f4")
    blocks = [vectors[:120], vectors[120:121], vectors[121:121], vectors[121:]]
    vector = rng.standard_normal(16).astype(np.float32)
    whole = similarity._all_products(blocks, vector)
    np.testing.assert_allclose(whole, vectors.astype(np.float32) @ vector, rtol=1e-4, atol=1e-4)
    monkeypatch.setattr(similarity, "THREADED_BYTES", 0)
    monkeypatch.setattr(similarity, "PIECE_BYTES", 700)
    monkeypatch.setattr(similarity, "WIDENED_BYTES", 300)
    for threads, finite in ((1, False), (2, True), (5, True)):
        monkeypatch.setattr("deeplake.settings.QUERY_THREADS", threads)
        again = similarity._all_products(blocks, vector, finite=finite)
        assert again.tolist() == whole.tolist()
    assert not len(similarity._all_products([], vector))


def test_every_finite_half_is_widened_as_numpy_does():
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    found = np.empty(len(halves), np.float32)
    similarity.widen(halves, found)
    assert found.tobytes() == halves.astype(np.float32).tobytes()


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_parts_are_done_once_each_and_an_error_drops_the_rest(threads):
    done = []
    similarity.together(done.append, deque(range(100)), threads)
    assert sorted(done) == list(range(100))

    def fails(part):
        if part == 5:
            raise IndexError("of a part")
        done.append(part)

    left = deque(range(1000))
    with pytest.raises(IndexError, match="of a part"):
        similarity.together(fails, left, threads)
    assert not left


@pytest.mark.parametrize("metric", list(NAMES))
@pytest.mark.parametrize("dtype", ["", ":float16"])
def test_rows_are_those_of_the_engine_alone(metric, dtype):
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((450, 16)).astype(np.float32)
    db = table(vectors, extra={1, 2, 300}, dtype=dtype)
    for limit, where, parameters in (
        (5, "true", []), (10, "part = 3", []), (50, "part IN (1, %s)", [2]), (3, "id > 440", []),
        (9, "id < 100 AND part <> 0", []), (0, "true", []), (1000, "part = 1", []),
        (4, "id < -1", []),
    ):  # fmt: skip
        plan, tables, values = ranked(db, metric, vectors[17], limit, where, parameters)
        trace = Trace()
        rows = list(run(plan, tables, values, trace).rows())
        alone = list(run(slow(plan), tables, values).rows())
        nulls = [row for row in alone if row[1] is None]
        assert len(rows) == len(alone)
        assert [r[0] for r in rows if r[1] is not None] == [
            r[0] for r in alone if r[1] is not None
        ] or nulls
        assert trace.scans[0].fed <= len(rows) + 8


def test_only_the_rows_that_pass_and_are_near_are_given_to_the_engine():
    vectors = np.random.default_rng(5).standard_normal((1000, 32)).astype(np.float32)
    db = table(vectors)
    plan, tables, values = ranked(db, "cosine", vectors[0], 10, "part = 2")
    trace = Trace()
    assert len(list(run(plan, tables, values, trace).rows())) == 10
    assert trace.scans[0].fed == 10
    assert trace.scans[0].candidates == 143
    assert "exact cosine" in trace.scans[0].path


def test_a_vector_of_another_length_leaves_the_answer_to_the_function():
    vectors = np.eye(4, dtype=np.float32)
    plan, tables, values = ranked(table(vectors), "inner", np.ones(3), 2)
    trace = Trace()
    with pytest.raises(QueryError):
        list(run(plan, tables, values, trace).rows())
    assert trace.scans[0].fed == 4


def test_scores_of_a_row_do_not_depend_on_the_rows_beside_it():
    rng = np.random.default_rng(11)
    vectors = (rng.standard_normal((3000, 96)) * 7).astype(np.float32)
    vector = rng.standard_normal(96)
    for metric in NAMES:
        whole = similarity.scores(metric, vectors, vector)
        rows = [vectors[k : k + 1] for k in range(0, 3000, 97)]
        alone = [similarity.scores(metric, row, vector)[0] for row in rows]
        assert whole[::97].tolist() == alone
        assert similarity.scores(metric, vectors[1::2], vector).tolist() == whole[1::2].tolist()


def test_scores_are_what_arithmetic_says():
    vectors = np.array([[3, 4], [0, 0], [-3, -4]], np.float32)
    assert similarity.scores("inner", vectors, np.array([1, 2])).tolist() == [11, 0, -11]
    assert similarity.scores("l2", vectors, np.array([0, 0])).tolist() == [5, 0, 5]
    cosine = similarity.scores("cosine", vectors, np.array([6, 8]))
    assert cosine[[0, 2]].tolist() == [1, -1]
    assert np.isnan(cosine[1])


# --- in SQL ---------------------------------------------------------------------------------------

KEYS = [
    "v <=> :v", "cosine_distance(:v, v)", "cosine_similarity(v, :v) DESC NULLS LAST",
    "cosine_similarity(v, :v) DESC", "v <-> :v", "l2_distance(v, :v)", "v <#> :v",
    "inner_product(:v, v) DESC NULLS LAST", "h <=> :v", "h <-> :v", "v <=> CAST(:text AS vector)",
]  # fmt: skip


@pytest.fixture(scope="module")
def half():
    rng = np.random.default_rng(9)
    vectors = rng.standard_normal((400, 12)).astype(np.float32)
    vectors[[5, 6, 300]] = 0
    vectors[50:60] = vectors[40]
    db = Database(MemoryStore(), "main", optimizes=False)
    made = db.create_table(
        "t", {"id": "int", "k": "int", "v": "emb-12", "h": "emb-12:float16", "img": "blob"}
    )
    for low in range(0, 400, 100):
        made.extend([
            {
                "id": k, "k": k % 4, "v": None if k % 50 == 3 else vectors[k],
                "h": vectors[k], "img": bytes([k % 256]),
            }
            for k in range(low, low + 100)
        ])  # fmt: skip
        db.commit(str(low))
    made.update({"v": vectors[77]}, rows=[11, 12])
    made.delete(rows=[100, 101])
    db.commit("changed")
    return db, vectors


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("given", [0, 1024])
@pytest.mark.parametrize(
    "where",
    ["true", "k = 2", "k <> 1 AND id > 90", "id < 0", "k = id % 4", "k <> 2 AND id % 3 = k - 1"],
)
def test_a_search_in_sql_gives_the_rows_of_the_engine_with_their_scores(
    half, key, given, where, monkeypatch
):
    monkeypatch.setattr("deeplake.query.access.ROWS_GIVEN", given)
    db, vectors = half
    values_of = {"v": vectors[40], "text": str(vectors[41].tolist())}
    score = key.split(" DESC")[0]
    for limit in (1, 7, 60, 1000):
        sql = f"SELECT {score} AS s, id FROM t WHERE {where} ORDER BY {key}, id LIMIT {limit}"
        given_now = {name: value for name, value in values_of.items() if f":{name}" in sql}
        plan, tables, values = planned(db, sql, given_now)
        found = list(run(plan, tables, values).rows())
        alone = list(run(slow(plan), tables, values).rows())
        assert comparable(found) == comparable(alone)


def test_scores_in_sql_are_those_of_this_room(half):
    db, vectors = half
    rows = db.execute(
        "SELECT id, cosine_similarity(h, %s), l2_distance(h, %s), inner_product(h, %s) FROM t",
        [vectors[0]] * 3,
    ).fetchall()
    stored = vectors[[row[0] for row in rows]].astype(np.float16)
    wanted = vectors[0].astype(np.float16)
    for k, metric in enumerate(("cosine", "l2", "inner")):
        ours = similarity.scores(metric, stored, wanted)
        np.testing.assert_allclose([row[k + 1] for row in rows], ours, rtol=1e-12, equal_nan=True)


def test_conditions_that_only_the_engine_tests_are_tested_before_vectors_are_read(
    half, monkeypatch
):
    monkeypatch.setattr("deeplake.query.access.ROWS_GIVEN", 0)
    db, vectors = half
    sql = "SELECT id FROM t WHERE k < 3 AND id % 10 = 4 ORDER BY v <=> %s, id LIMIT 3"
    rows, trace = traced(db, sql, [vectors[0]])
    assert rows == slow_rows(db, sql, [vectors[0]])
    (scan,) = trace.scans
    assert (scan.candidates, scan.fed) == (40, 3)
    assert scan.path == "candidates, the engine's candidates, exact cosine, by matrix product"
    assert not trace.engine
    with pytest.raises(QueryError, match="division by zero"):
        db.execute(sql.replace("id % 10", "id / (k - 1)"), [vectors[0]]).fetchall()


def test_a_search_is_told_in_explain(half):
    db, vectors = half
    sql = "EXPLAIN ANALYZE SELECT id, img FROM t WHERE k = 2 ORDER BY v <=> %s LIMIT 5"
    told = [line for (line,) in db.execute(sql, [vectors[0]]).fetchall()]
    assert any("by candidates, exact cosine, by matrix product" in line for line in told)
    assert "Late: img, 5 cells fetched" in told


def test_rows_that_lie_close_are_multiplied_where_they_are(monkeypatch):
    vectors = np.random.default_rng(6).standard_normal((400, 12)).astype(np.float32)
    db = table(vectors)
    gathered = []
    read = TableView.read
    monkeypatch.setattr(
        TableView, "read", lambda view, name, rows=None: (
            gathered.append((name, rows.size)), read(view, name, rows))[1],
    )  # fmt: skip
    for where, close in (
        ("id >= 350 AND part <> 2", True), ("id < 30", True), ("id IN (1, 390, 200, 3)", False),
    ):  # fmt: skip
        sql = f"SELECT id FROM t WHERE {where} ORDER BY v <-> %s LIMIT 3"
        gathered.clear()
        found = db.execute(sql, [vectors[5]]).fetchall()
        most = max(size for name, size in gathered if name == "v")
        assert most == 3 if close else most == 4
        assert found == slow_rows(db, sql, [vectors[5]])


def test_where_no_thread_is_to_be_had_one_does_all(monkeypatch):
    def none_left(*_):
        raise RuntimeError("can't start new thread")

    done = []
    monkeypatch.setattr(similarity, "start_new_thread", none_left)
    similarity.together(done.append, deque(range(5)), 4)
    assert sorted(done) == [0, 1, 2, 3, 4]
