"""MERGE: matched, not matched by target, not matched by source."""

from __future__ import annotations

from itertools import count

import pytest

import deeplake
from deeplake.errors import DeeplakeError

_names = count()


@pytest.fixture
def db():
    db = deeplake.connect(f"mem://test-merge-sql-{next(_names)}")
    db.execute("CREATE TABLE t (id int PRIMARY KEY, n int, b bytea DEFAULT 'd')")
    db.execute("CREATE TABLE s (id int, n int, b bytea)")
    db.execute("INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c')")
    db.execute("INSERT INTO s VALUES (2, 200, 'B'), (3, NULL, 'C'), (4, 400, 'D'), (5, 0, 'E')")
    return db


def rows(db):
    return db.execute("SELECT * FROM t ORDER BY id").fetchall()


def test_rows_are_changed_deleted_inserted_or_left(db):
    cursor = db.execute(
        "MERGE INTO t USING s ON t.id = s.id "
        "WHEN MATCHED AND s.n IS NULL THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET n = t.n + s.n, b = s.b "
        "WHEN NOT MATCHED AND s.n > 0 THEN INSERT (id, n, b) VALUES (s.id, %s, s.b) "
        "WHEN NOT MATCHED THEN DO NOTHING",
        [7],
    )
    assert (cursor.rowcount, cursor.command) == (3, "MERGE INTO t")
    assert rows(db) == [(1, 10, b"a"), (2, 220, b"B"), (4, 7, b"D")]


def test_what_the_source_has_not_can_go(db):
    db.execute(
        "MERGE INTO t AS x USING (SELECT id FROM s WHERE id < 3) AS y ON x.id = y.id "
        "WHEN NOT MATCHED BY SOURCE AND x.id = 1 THEN UPDATE SET n = 0 "
        "WHEN NOT MATCHED BY SOURCE THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET n = DEFAULT, b = DEFAULT"
    )
    assert rows(db) == [(1, 0, b"a"), (2, None, b"d")]


def test_conditions_guard_what_would_fail(db):
    db.execute(
        "MERGE INTO t USING s ON t.id = s.id "
        "WHEN NOT MATCHED AND s.n <> 0 THEN INSERT VALUES (s.id, 400 / s.n, DEFAULT)"
    )
    assert rows(db)[-1] == (4, 1, b"d")


@pytest.mark.parametrize(
    ("sql", "state"),
    [
        ("USING (VALUES (1), (1)) s (id) ON t.id = s.id WHEN MATCHED THEN DELETE", "21000"),
        ("USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (1)", "23505"),
        ("USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (1, 2)", "42601"),
        ("USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = 'x'", "22P02"),
        ("USING s ON t.id WHEN MATCHED THEN DELETE", "42804"),
        ("USING nope ON t.id = nope.id WHEN MATCHED THEN DELETE", "42P01"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_and_changes_nothing(db, sql, state):
    before = rows(db)
    with pytest.raises(DeeplakeError) as caught:
        db.execute(f"MERGE INTO t {sql}")
    assert caught.value.sqlstate == state
    assert rows(db) == before
