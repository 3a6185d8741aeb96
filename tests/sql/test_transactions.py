"""BEGIN, COMMIT, savepoints; what another writer does meanwhile; statements by themselves."""

from __future__ import annotations

import threading
from itertools import count

import pytest

import deeplake
from deeplake.errors import CommitConflictError, DeeplakeError, QueryError, StagedChangesError

_names = count()


@pytest.fixture
def db():
    db = deeplake.connect(f"mem://test-transactions-{next(_names)}")
    db.execute("CREATE TABLE t (id int PRIMARY KEY, a int, b int)")
    db.execute("INSERT INTO t VALUES (1, 10, 100), (2, 20, 200)")
    return db


@pytest.fixture
def other(db):
    return deeplake.connect(db.url)


def rows(db, sql="SELECT * FROM t ORDER BY id"):
    return db.execute(sql).fetchall()


def state_of(db, sql):
    with pytest.raises(DeeplakeError) as caught:
        db.execute(sql)
    return caught.value.sqlstate


def test_a_block_is_published_at_its_end_and_at_once(db, other):
    before = len(db.log(all=True))
    db.execute("BEGIN")
    db.execute("INSERT INTO t VALUES (3, 30, 300)")
    db.execute("UPDATE t SET a = 0 WHERE id = 1")
    assert rows(db) == [(1, 0, 100), (2, 20, 200), (3, 30, 300)], "its own changes are seen"
    assert rows(other) == [(1, 10, 100), (2, 20, 200)]
    assert db.execute("COMMIT").command == "COMMIT"
    assert rows(other) == [(1, 0, 100), (2, 20, 200), (3, 30, 300)]
    assert len(db.log(all=True)) == before + 1
    assert next(iter(db.log(all=True))).message == "transaction of 2 statements"


def test_a_block_sees_the_commit_at_which_it_began(db, other):
    db.execute("BEGIN")
    other.execute("INSERT INTO t VALUES (9, 9, 9)")
    assert len(rows(db)) == 2
    db.execute("ROLLBACK")
    assert len(rows(db)) == 3


def test_what_is_rolled_back_never_was(db):
    db.execute("START TRANSACTION")
    db.execute("DELETE FROM t")
    db.execute("CREATE TABLE u (x int)")
    db.execute("DROP TABLE t")
    db.execute("ROLLBACK")
    assert len(rows(db)) == 2
    assert db.tables() == ["t"]


def test_savepoints_are_gone_back_to_over_all_tables(db):
    db.execute("BEGIN")
    db.execute("INSERT INTO t VALUES (3, 3, 3)")
    db.execute("SAVEPOINT one")
    db.execute("CREATE TABLE u (x int)")
    db.execute("INSERT INTO u VALUES (1)")
    db.execute("DELETE FROM t WHERE id = 1")
    db.execute("SAVEPOINT two")
    db.execute("UPDATE t SET a = 99")
    db.execute("ROLLBACK TO SAVEPOINT two")
    assert rows(db) == [(2, 20, 200), (3, 3, 3)]
    db.execute("RELEASE two")
    assert state_of(db, "ROLLBACK TO two") == "3B001"
    db.execute("ROLLBACK TO one")
    assert rows(db) == [(1, 10, 100), (2, 20, 200), (3, 3, 3)]
    assert state_of(db, "SELECT * FROM u") == "42P01"
    db.execute("ROLLBACK TO one")
    db.execute("COMMIT")
    assert len(rows(db)) == 3


def test_after_an_error_nothing_but_the_end_is_taken(db):
    db.execute("BEGIN")
    db.execute("INSERT INTO t VALUES (3, 3, 3)")
    db.execute("SAVEPOINT s")
    assert state_of(db, "INSERT INTO t VALUES (4, 4, 4), (3, 3, 3)") == "23505"
    for sql in ("SELECT 1", "INSERT INTO t VALUES (5, 5, 5)", "SAVEPOINT x", "RELEASE s"):
        assert state_of(db, sql) == "25P02"
    db.execute("ROLLBACK TO s")
    assert [r[0] for r in rows(db)] == [1, 2, 3], "nothing of the statement that failed"
    assert state_of(db, "SELECT nope FROM t") == "42703"
    assert db.execute("COMMIT").command == "ROLLBACK"
    assert len(rows(db)) == 2


def test_ends_without_a_beginning_do_nothing_savepoints_are_refused(db):
    assert db.execute("COMMIT").command == "COMMIT"
    db.execute("ROLLBACK")
    assert state_of(db, "SAVEPOINT s") == "25P01"
    assert state_of(db, "BEGIN ISOLATION LEVEL SERIALIZABLE") == "0A000"
    db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    assert state_of(db, "DELETE FROM t") == "25006"


def test_two_blocks_that_change_one_row_conflict_though_other_cells(db, other):
    db.execute("BEGIN")
    db.execute("UPDATE t SET a = a + 1 WHERE id = 1")
    other.execute("UPDATE t SET b = b + 1 WHERE id = 1")
    with pytest.raises(CommitConflictError) as caught:
        db.execute("COMMIT")
    assert caught.value.sqlstate == "40001"
    assert rows(db) == [(1, 10, 101), (2, 20, 200)], "rolled back, and at the head again"


def test_blocks_that_change_other_rows_both_commit(db, other):
    for handle, k in ((db, 1), (other, 2)):
        handle.execute("BEGIN")
        handle.execute(f"UPDATE t SET a = a + 1 WHERE id = {k}")
        handle.execute(f"INSERT INTO t VALUES ({k + 10}, 0, 0)")
    db.execute("COMMIT")
    other.execute("COMMIT")
    assert [r[:2] for r in rows(db)] == [(1, 11), (2, 21), (11, 0), (12, 0)]


def test_blocks_that_insert_one_key_conflict(db, other):
    db.execute("BEGIN")
    db.execute("INSERT INTO t VALUES (7, 0, 0)")
    other.execute("INSERT INTO t VALUES (7, 1, 1)")
    assert state_of(db, "COMMIT") == "40001"


def test_rows_selected_for_update_may_not_change_meanwhile(db, other):
    db.execute("CREATE TABLE log (n int)")
    for lock, state in (("FOR UPDATE", "40001"), ("", None)):
        db.execute("BEGIN")
        (a,) = db.execute(f"SELECT a FROM t WHERE id = 1 {lock}").fetchone()
        db.execute("INSERT INTO log VALUES (%s)", [a])
        other.execute("UPDATE t SET a = a + 1 WHERE id = 1")
        if state is None:
            db.execute("COMMIT")
        else:
            assert state_of(db, "COMMIT") == state
    db.execute("SELECT a FROM t FOR UPDATE")
    assert rows(db, "SELECT count(*) FROM log") == [(1,)]


def test_a_table_dropped_meanwhile_is_a_conflict(db, other):
    db.execute("BEGIN")
    db.execute("DROP TABLE t")
    other.execute("INSERT INTO t VALUES (7, 1, 1)")
    assert state_of(db, "COMMIT") == "40001"
    db.execute("BEGIN")
    db.execute("UPDATE t SET a = 1")
    other.execute("DROP TABLE t")
    assert state_of(db, "COMMIT") == "40001"


def test_statements_by_themselves_lose_no_update(db):
    def count_up(handle):
        for _ in range(10):
            handle.execute("UPDATE t SET a = a + 1 WHERE id = 1")

    handles = [deeplake.connect(db.url) for _ in range(3)]
    threads = [threading.Thread(target=count_up, args=(handle,)) for handle in handles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(db)[0] == (1, 40, 100)


def test_a_blocked_handle_refuses_what_moves_it(db):
    db.execute("BEGIN")
    for move in (lambda: db.checkout("main"), lambda: db.branch("x"), lambda: db.merge("main")):
        with pytest.raises(StagedChangesError, match="BEGIN and COMMIT"):
            move()
    db.table("t").append({"id": 5})
    assert len(rows(db)) == 3
    db.commit("by the handle, which ends the block")
    assert state_of(db, "SAVEPOINT s") == "25P01"
    assert len(rows(db)) == 3


def test_branches_take_statements(db):
    db.branch("experiment/x")
    db.execute("INSERT INTO t VALUES (3, 3, 3)")
    db.checkout("main")
    assert len(rows(db)) == 2
    db.merge("experiment/x", into="main")
    assert len(rows(db)) == 3


def test_a_handle_at_a_tag_writes_nothing(db):
    db.tag("v1")
    db.checkout("v1")
    assert state_of(db, "DELETE FROM t") == "25006"
    assert len(rows(db)) == 2


def test_leaving_a_with_block_commits_what_python_staged(db):
    with deeplake.connect(db.url) as handle:
        handle.execute("INSERT INTO t VALUES (3, 3, 3)")
        handle.table("t").append({"id": 4})
    assert len(rows(db)) == 4

    def fail():
        with deeplake.connect(db.url) as handle:
            handle.execute("BEGIN")
            handle.execute("DELETE FROM t")
            handle.execute("SELECT nope")

    with pytest.raises(QueryError):
        fail()
    assert len(rows(db)) == 4
