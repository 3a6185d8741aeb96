"""Distances and casts of vectors, as pgvector has them."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

import deeplake
from deeplake.errors import QueryError


@pytest.fixture(scope="module")
def db():
    db = deeplake.connect("mem://test-vector-functions")
    rng = np.random.default_rng(7)
    rows = rng.normal(size=(3000, 24)).astype(np.float32)
    table = db.create_table("v", {"id": "int", "e": "emb-24"})
    table.extend([{"id": i, "e": None if i % 50 == 3 else rows[i]} for i in range(3000)])
    db.commit("rows")
    return db, rows


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("e <-> :q", lambda m, q: np.sqrt(((m - q) ** 2).sum(1))),
        ("l2_distance(e, :q)", lambda m, q: np.sqrt(((m - q) ** 2).sum(1))),
        ("e <+> :q", lambda m, q: np.abs(m - q).sum(1)),
        ("e <#> :q", lambda m, q: -(m @ q)),
        ("inner_product(e, :q)", lambda m, q: m @ q),
        ("e <=> :q", lambda m, q: 1 - m @ q / np.sqrt((m * m).sum(1) * (q @ q))),
        ("cosine_similarity(e, :q)", lambda m, q: m @ q / np.sqrt((m * m).sum(1) * (q @ q))),
        ("l2_norm(e)", lambda m, q: np.sqrt((m * m).sum(1))),
    ],
)
def test_scores_are_those_of_float64(db, call, expected):
    database, rows = db
    query = rows[17]
    parameters = {"q": query} if ":q" in call else None
    found = database.execute(f"select {call} from v order by id", parameters).fetchall()
    right = expected(rows.astype(np.float64), query.astype(np.float64))
    for k, (score,) in enumerate(found):
        assert (score is None) == (k % 50 == 3)
        assert score is None or math.isclose(score, right[k], rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize(
    ("sql", "state", "words"),
    [
        ("select '[1,2]'::vector <-> '[1,2,3]'", "22000", "different vector dimensions 2 and 3"),
        ("select '[1,2]'::vector(3)", "22000", "expected 3 dimensions, not 2"),
        ("select '[1,nan]'::vector", "22000", "NaN not allowed"),
        ("select '[1,inf]'::vector", "22000", "infinite value not allowed"),
        ("select '[]'::vector", "22000", "at least 1 dimension"),
        ("select '1,2'::vector", "22P02", "invalid input syntax for type vector"),
        ("select '[1e39]'::vector", "22003", "out of range"),
        ("select '[70000]'::halfvec", "22003", "out of range for type halfvec"),
        ("select array[1, null]::vector", "22004", "must not contain nulls"),
        ("select e::vector(3) from v limit 1", "22000", "expected 3 dimensions, not 24"),
    ],
)
def test_what_is_no_vector_is_told(db, sql, state, words):
    with pytest.raises(QueryError, match=words) as caught:
        db[0].execute(sql).fetchall()
    assert caught.value.sqlstate == state


def test_a_zero_vector_has_no_angle(db):
    ((distance, similarity),) = (
        db[0]
        .execute("select '[0,0]'::vector <=> '[1,0]', cosine_similarity('[0,0]'::vector, '[1,1]')")
        .fetchall()
    )
    assert math.isnan(distance)
    assert math.isnan(similarity)


def test_arithmetic_casts_and_text(db):
    ((plus, times, text, array, total),) = (
        db[0]
        .execute(
            "select '[1,2]'::vector + '[3,4]', '[1,2]'::vector * '[3,4]', '[1.5,2]'::vector::text, "
            "'[1,2]'::vector::float4[], (select vector_dims(sum(e)) from v)"
        )
        .fetchall()
    )
    assert list(plus) == [4, 6]
    assert list(times) == [3, 8]
    assert text == "[1.5,2]"
    assert list(array) == [1, 2]
    assert total == 24


_WITHOUT_PANDAS = """
import sys
import deeplake
db = deeplake.connect("mem://without-pandas")
rows = [{"id": k, "a": None if k % 3 == 0 else [k, 1], "b": None if k % 4 == 0 else [0, k]}
        for k in range(30)]
db.create_table("t", {"id": "int", "a": "emb-2", "b": "emb-2"}).extend(rows)
db.commit("rows")
found = db.execute("SELECT id, a <-> b, a <=> b, a + b, l2_norm(a) FROM t WHERE id > 4 ORDER BY 1")
for id, distance, *_ in found.fetchall():
    wanted = None if id % 3 == 0 or id % 4 == 0 else (id**2 + (1 - id) ** 2) ** 0.5
    assert distance is None if wanted is None else abs(distance - wanted) < 1e-6
print("pandas" in sys.modules)
"""


def test_vectors_of_rows_are_computed_without_pandas():
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_PANDAS], capture_output=True, text=True, check=False
    )
    assert done.stdout == "False\n", done.stderr
