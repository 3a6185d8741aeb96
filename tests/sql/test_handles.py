"""What statements leave on handles: closed ones, blocks, results without columns, moments."""

from __future__ import annotations

import datetime as dt
from itertools import count

import pytest

import deeplake
from deeplake.errors import (
    ClosedError,
    DeeplakeError,
    InputError,
    InvalidNameError,
    StagedChangesError,
)
from deeplake.storage.memory import MemoryStore

_names = count()


@pytest.fixture
def db():
    db = deeplake.connect(f"mem://test-handles-{next(_names)}")
    db.execute("CREATE TABLE t (id int PRIMARY KEY, s text, z timestamptz)")
    db.execute("INSERT INTO t VALUES (1, 'a', '2026-01-02 03:04:05+02'), (2, 'b', NULL)")
    return db


def test_after_close_nothing_is_read(db):
    ds = db.table("t")
    view, asked, part = ds.filter("id > 0"), ds.query("SELECT * FROM t"), ds[0:2]
    assert len(asked) == 2
    ds.close()
    for read in (
        lambda: len(view), lambda: asked[0], asked.to_arrow, lambda: part[0],
        lambda: ds[0], lambda: ds.query("SELECT 1 a"), lambda: ds.filter("true"),
        lambda: db.query("SELECT 1 a"), lambda: db.execute("SELECT 1 FROM t"),
        lambda: db.execute("INSERT INTO t VALUES (3)"), lambda: ds.commit("m"),
        lambda: list(ds.batches(2)),
    ):  # fmt: skip
        with pytest.raises(ClosedError):
            read()


def test_a_view_can_be_made_within_a_block(db):
    db.execute("BEGIN")
    assert len(db.query("SELECT * FROM t")) == 2
    db.execute("INSERT INTO t VALUES (3)")
    assert len(db.query("SELECT * FROM t")) == 3
    db.execute("ROLLBACK")
    assert len(db.query("SELECT * FROM t")) == 2


def test_columns_do_not_change_once_rows_are_staged_in_a_block(db):
    db.execute("BEGIN")
    db.execute("ALTER TABLE t ADD COLUMN first int DEFAULT 5")
    db.execute("INSERT INTO t (id) VALUES (3)")
    with pytest.raises(StagedChangesError, match="while changes of its rows are staged"):
        db.execute("ALTER TABLE t ADD COLUMN second int")
    db.execute("ROLLBACK")
    assert db.execute("SELECT count(*) FROM t").fetchone() == (2,)


def test_rows_without_columns_are_counted(db):
    for _ in range(2):  # the second time by its plan
        cursor = db.execute("SELECT FROM t")
        assert (cursor.rowcount, cursor.description) == (2, [])
        assert cursor.fetchall() == [(), ()]
    assert db.execute("SELECT FROM t WHERE id > 5").rowcount == 0


def test_moments_are_in_utc_of_the_standard_library(db):
    texts = ("SELECT z FROM t WHERE id = 1", "SELECT now()", "SELECT z + interval '1 h' FROM t",
             "INSERT INTO t (id, z) VALUES (3, now()) RETURNING z",
             "SELECT max(z) FROM t")  # fmt: skip
    for text in texts:
        assert db.execute(text).fetchone()[0].tzinfo is dt.UTC
    ((found,),) = db.execute("SELECT array_agg(z) FROM t WHERE id = 1").fetchall()
    assert found == [dt.datetime(2026, 1, 2, 1, 4, 5, tzinfo=dt.UTC)]
    assert found[0].tzinfo is dt.UTC


@pytest.mark.parametrize(
    ("sql", "given"),
    [
        ("SELECT %s", ["a\0"]), ("SELECT id FROM t WHERE s = %s", ["\0"]),
        ("SELECT id FROM t WHERE s = ANY(%s)", [["a", "a\0b"]]),
        ("INSERT INTO t VALUES (3, %s)", ["\0"]), ("UPDATE t SET s = %s", ["x\0"]),
        ("DELETE FROM t WHERE s = %s", ["x\0"]),
    ],
)  # fmt: skip
def test_texts_with_the_character_zero_are_refused(db, sql, given):
    with pytest.raises(DeeplakeError) as caught:
        db.execute(sql, given)
    assert caught.value.sqlstate == "22021"
    assert db.execute("SELECT id, s FROM t ORDER BY id").fetchall() == [(1, "a"), (2, "b")]


def test_a_table_is_not_named_like_a_version_of_another(db):
    for sql in ('CREATE TABLE "t@main" (i int)', 'CREATE VIEW "t@v" AS SELECT 1',
                'ALTER TABLE t RENAME TO "a@b"', 'CREATE TABLE "x@y" AS SELECT 1'):  # fmt: skip
        with pytest.raises(InvalidNameError) as caught:
            db.execute(sql)
        assert caught.value.sqlstate == "42602"
    with pytest.raises(InvalidNameError):
        db.create_table("t@main", {"a": "int"})
    assert db.tables() == ["t"]


def test_a_view_is_not_opened_as_a_table_of_no_rows() -> None:
    store = MemoryStore()
    db = deeplake.connect(store)
    db.execute("CREATE TABLE t (id int)")
    db.execute("INSERT INTO t VALUES (1), (2)")
    db.execute("CREATE VIEW v AS SELECT id + 1 AS k FROM t")
    for opened in (lambda: db.table("v"), lambda: deeplake.open(store, table="v")):
        with pytest.raises(InputError, match="is a view") as caught:
            opened()
        assert "query" in caught.value.hint
    assert db.query("SELECT * FROM v").fetchall() == [(2,), (3,)]
