"""UPDATE and DELETE: what is computed, what goes past the engine, RETURNING, refusals."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

import deeplake
from deeplake.errors import DeeplakeError

_names = count()


@pytest.fixture
def db():
    db = deeplake.connect(f"mem://test-update-{next(_names)}")
    db.execute(
        "CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 7, s text, e vector(2), b bytea, "
        "j jsonb, u varchar(3) UNIQUE)"
    )
    db.executemany(
        "INSERT INTO t (id, n, s, e, b) VALUES (%s, %s, %s, %s, %s)",
        [(k, k * 10, f"s{k}", [k, k], bytes([k])) for k in range(5)],
    )
    return db


def rows(db, sql, parameters=None):
    return db.execute(sql, parameters).fetchall()


def test_columns_become_what_is_computed_of_the_old_row(db):
    cursor = db.execute("UPDATE t SET n = n + 1, s = s || '!' WHERE id >= 3")
    assert (cursor.rowcount, cursor.command) == (2, "UPDATE t")
    assert rows(db, "SELECT n, s FROM t ORDER BY id") == [
        (0, "s0"), (10, "s1"), (20, "s2"), (31, "s3!"), (41, "s4!"),
    ]  # fmt: skip


def test_all_columns_are_set_from_the_row_as_it_was(db):
    db.execute("UPDATE t SET n = id, id = n WHERE id = 1")
    assert rows(db, "SELECT id, n FROM t WHERE s = 's1'") == [(10, 1)]


def test_wide_values_go_to_the_column_past_the_engine(db):
    big = np.random.default_rng(1).bytes(1 << 20)
    db.execute("UPDATE t SET b = %s, e = %s, j = %s WHERE id = %s", [big, [1, 2], {"a": 1}, 2])
    ((b, e, j),) = rows(db, "SELECT b, e, j FROM t WHERE id = 2")
    assert (b, e.tolist(), j) == (big, [1, 2], {"a": 1})
    db.execute("UPDATE t SET b = o.b, e = o.e FROM t AS o WHERE o.id = 2 AND t.id = 0")
    ((b, e),) = rows(db, "SELECT b, e FROM t WHERE id = 0")
    assert (b, e.tolist()) == (big, [1, 2])


def test_defaults_nulls_and_several_at_once(db):
    db.execute("UPDATE t SET n = DEFAULT, s = NULL WHERE id = 0")
    db.execute("UPDATE t SET (n, s) = (1, 'one') WHERE id = 1")
    db.execute("UPDATE t SET (n, s) = (SELECT max(n), 'top' FROM t) WHERE id = 2")
    assert rows(db, "SELECT n, s FROM t WHERE id < 3 ORDER BY id") == [
        (7, None), (1, "one"), (40, "top"),
    ]  # fmt: skip


def test_a_row_that_a_join_finds_twice_is_changed_once(db):
    cursor = db.execute("UPDATE t SET n = v.x FROM (VALUES (1, 5), (1, 6), (9, 9)) v (k, x) "
                        "WHERE v.k = t.id")  # fmt: skip
    assert cursor.rowcount == 1
    assert rows(db, "SELECT n FROM t WHERE id = 1")[0][0] in (5, 6)


def test_returning_gives_rows_as_they_have_become(db):
    found = rows(db, "UPDATE t AS x SET n = n * 2 WHERE id > 2 RETURNING id, x.n, n + 1 AS m")
    assert found == [(3, 60, 61), (4, 80, 81)]
    assert rows(db, "UPDATE t SET n = 1 WHERE false RETURNING id") == []


def test_returning_sees_the_new_row_beside_those_it_was_joined_with(db):
    found = db.execute(
        "UPDATE t SET n = t.n + v.x, b = %s, e = o.e FROM (VALUES (1, 5), (2, 6)) v (k, x), t o "
        "WHERE v.k = t.id AND o.id = t.id + 1 RETURNING t.id, v.x, t.n, o.n AS next, t.b, t.e",
        [b"zz"],
    )
    rows_ = [(*row[:5], row[5].tolist()) for row in found]
    assert rows_ == [(1, 5, 15, 20, b"zz", [2, 2]), (2, 6, 26, 30, b"zz", [3, 3])]
    assert rows(db, "SELECT n, b FROM t WHERE id = 1") == [(15, b"zz")]
    assert len(rows(db, "UPDATE t SET n = 0 FROM t o WHERE o.id = t.id RETURNING *")[0]) == 14


def test_deleted_rows_can_be_returned_as_they_were(db):
    cursor = db.execute("DELETE FROM t WHERE n >= %s RETURNING id, b", [30])
    assert (cursor.rowcount, cursor.fetchall()) == (2, [(3, b"\x03"), (4, b"\x04")])
    assert db.execute("DELETE FROM t USING (VALUES (1), (1)) v (k) WHERE t.id = v.k").rowcount == 1
    assert rows(db, "SELECT id FROM t ORDER BY id") == [(0,), (2,)]
    assert db.execute("DELETE FROM t").rowcount == 2


def test_with_clauses_are_seen(db):
    db.execute("WITH w AS (SELECT max(id) m FROM t) UPDATE t SET s = 'max' FROM w WHERE id = m")
    db.execute("WITH w AS (SELECT min(id) m FROM t) DELETE FROM t USING w WHERE id = m")
    assert rows(db, "SELECT id, s FROM t WHERE s = 'max' OR id = 0") == [(4, "max")]


def test_keys_may_change_places_within_one_statement(db):
    db.execute("UPDATE t SET id = 4 - id")
    assert rows(db, "SELECT id, s FROM t ORDER BY id") == [(k, f"s{4 - k}") for k in range(5)]


def test_only_touched_columns_are_written(db):
    before = db.commit_id
    db.execute("UPDATE t SET n = n + 1 WHERE id = 3")
    (change,) = list(db.diff(before, "main"))
    assert (change.old, change.new) == ({"n": 30}, {"n": 31})


@pytest.mark.parametrize(
    ("sql", "state", "words"),
    [
        ("UPDATE t SET nn = 1", "42703", "Did you mean 'n'"),
        ("UPDATE t SET n = 1, n = 2", "42601", "multiple assignments"),
        ("UPDATE t SET n = s", "42804", '"n" is of type integer'),
        ("UPDATE t SET n = 'x'", "22P02", "invalid input syntax"),
        ("UPDATE t SET n = 3000000000", "22003", "does not fit int32"),
        ("UPDATE t SET n = n / 0", "22012", "division by zero"),
        ("UPDATE t SET id = NULL", "23502", "NULL in a not_null"),
        ("UPDATE t SET id = 1", "23505", "comes twice"),
        ("UPDATE t SET id = 1 WHERE id = 2", "23505", "there already"),
        ("UPDATE t SET u = 'long' WHERE id = 1", "22001", "too long"),
        ("UPDATE t SET (n, s) = (1, 2, 3)", "42601", "number of columns"),
        ("UPDATE t SET n = 1 WHERE s", "42804", "must be of type boolean"),
        ("UPDATE nope SET n = 1", "42P01", "does not exist"),
        ("DELETE FROM nope", "42P01", "does not exist"),
        ("UPDATE t SET n = 1 WHERE CURRENT OF c", "0A000", ""),
        ("DELETE FROM t WHERE nope = 1", "42703", "nope"),
        ("UPDATE t SET e = '[1,2,3]'", "22000", "e"),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(db, sql, state, words):
    before = rows(db, "SELECT id, n, s FROM t ORDER BY id")
    with pytest.raises(DeeplakeError, match=words or None) as caught:
        db.execute(sql)
    assert caught.value.sqlstate == state
    assert rows(db, "SELECT id, n, s FROM t ORDER BY id") == before


def test_many_sets_are_one_commit(db):
    before = len(db.log(all=True))
    cursor = db.executemany("UPDATE t SET s = :s WHERE id = :i", [
        {"s": "a", "i": 1}, {"s": "b", "i": 2}, {"s": "c", "i": 77},
    ])  # fmt: skip
    assert (cursor.rowcount, len(db.log(all=True))) == (2, before + 1)
    assert rows(db, "SELECT s FROM t WHERE id IN (1, 2) ORDER BY id") == [("a",), ("b",)]
