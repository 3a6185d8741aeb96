"""`real` beside other numbers: compared and computed in float8, as Postgres' operators do."""

from __future__ import annotations

import numpy as np
import pytest

import deeplake


@pytest.fixture
def db(request):
    db = deeplake.connect(f"mem://single-floats-{request.node.name}")
    t = db.create_table("t", {"id": "int", "r": "float32", "n": "int"})
    t.extend([{"id": 1, "r": 0.1, "n": 0}, {"id": 2, "r": 0.2, "n": 1}, {"id": 3, "r": 1, "n": 1}])
    db.commit("rows")
    return db


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("r > 0.1", [1, 2, 3]),
        ("r = 0.1", []),
        ("r <= 0.1", []),
        ("r < 0.2", [1]),
        ("r BETWEEN 0.1 AND 0.3", [1, 2]),
        ("r IN (0.1, 0.2)", []),
        ("r = '0.1'", [1]),
        ("r = 0.1::real", [1]),
        ("r = 1", [3]),
        ("r = n", [3]),
        ("0.1 < r", [1, 2, 3]),
    ],
)
def test_literals_are_compared_in_float8(db, condition, ids):
    found = db.execute(f"SELECT id FROM t WHERE {condition} ORDER BY id").fetchall()
    assert [row[0] for row in found] == ids
    told = db.execute(f"SELECT id FROM t WHERE ({condition}) IS TRUE ORDER BY id").fetchall()
    assert told == found, "whoever tests it"


def test_parameters_are_compared_alike(db):
    assert db.execute("SELECT id FROM t WHERE r > %s", [0.1]).fetchall() == [(1,), (2,), (3,)]
    assert db.execute("SELECT id FROM t WHERE r = %s", [0.1]).fetchall() == []
    (value, kind) = db.execute("SELECT r + 1, pg_typeof(r + 1) FROM t WHERE id = 1").fetchone()
    assert (value, kind) == (float(np.float32(0.1)) + 1, "double precision")
