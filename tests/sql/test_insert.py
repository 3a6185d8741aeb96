"""INSERT: values past the engine, queries, defaults, conflicts, RETURNING, refusals."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from itertools import count

import numpy as np
import pytest

import deeplake
from deeplake.errors import (
    DeeplakeError,
    NullValueError,
    QueryError,
    StagedChangesError,
    TableNotFoundError,
    UniqueViolationError,
)

_names = count()


@pytest.fixture
def db():
    db = deeplake.connect(f"mem://test-insert-{next(_names)}")
    db.create_table("t", {
        "id": "int primary_key", "name": "text unique", "score": "float", "emb": "emb-3",
        "meta": "json", "raw": "blob", "u": "uuid", "price": "decimal(10,2)",
        "at": "timestamptz", "day": "date", "ok": "bool", "label": "class_label(cat,dog)",
    })  # fmt: skip
    return db


def rows(db, sql):
    return db.execute(sql).fetchall()


def test_values_of_python_arrive_as_they_are(db):
    u, now = uuid.uuid4(), dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC)
    given = [
        1, "x", 2.5, np.arange(3, dtype=np.float32), {"k": [1, None]}, b"\0abc", u,
        Decimal("12.34"), now, dt.date(2024, 1, 2), True, "dog",
    ]  # fmt: skip
    cursor = db.execute(f"INSERT INTO t VALUES ({', '.join(['%s'] * 12)})", given)
    assert (cursor.rowcount, cursor.description, cursor.command) == (1, None, "INSERT INTO t")
    (row,) = rows(db, "SELECT * FROM t")
    assert row[3].tolist() == [0, 1, 2]
    assert row[:3] + row[4:7] + row[7:8] + row[9:] == (
        1, "x", 2.5, {"k": [1, None]}, b"\0abc", u, Decimal("12.34"), dt.date(2024, 1, 2), True, 1,
    )  # fmt: skip
    assert row[8] == now


def test_literals_read_as_their_columns_want(db):
    db.execute(
        "INSERT INTO t VALUES ('7', 'x', '1.5', '[1,2,3]', '{\"a\": null}', '\\x00ff', "
        "'00000000-0000-0000-0000-000000000001', 1.239, '2024-01-01 10:00+02', '2024-02-29', "
        "'yes', 1)"
    )
    (row,) = rows(db, "SELECT * FROM t")
    assert row[3].tolist() == [1, 2, 3]
    assert (row[0], row[2], row[4], row[5]) == (7, 1.5, {"a": None}, b"\0\xff")
    assert (row[6], row[7]) == (uuid.UUID(int=1), Decimal("1.24"))
    assert row[8] == dt.datetime(2024, 1, 1, 8, tzinfo=dt.UTC)
    assert row[9:] == (dt.date(2024, 2, 29), True, 1)


def test_expressions_are_computed_and_columns_may_be_left_out(db):
    db.execute("INSERT INTO t (score, id) VALUES (1 + 1, 2 * 3), (%s + 0.5, %s)", [1, 8])
    assert rows(db, "SELECT id, score, name FROM t ORDER BY id") == [(6, 2.0, None), (8, 1.5, None)]


def test_a_query_is_a_source_also_of_late_columns_and_of_the_table_itself(db):
    db.execute("INSERT INTO t (id, emb, raw) VALUES (1, '[1,2,3]', %s)", [b"z" * 1000])
    cursor = db.execute("INSERT INTO t (id, emb, raw) SELECT id + 1, emb, raw FROM t")
    assert cursor.rowcount == 1
    db.execute(
        "WITH w AS (SELECT * FROM t WHERE id = 2) INSERT INTO t (id, raw) SELECT 9, raw FROM w"
    )
    found = rows(db, "SELECT id, emb, raw FROM t ORDER BY id")
    assert [r[0] for r in found] == [1, 2, 9]
    assert found[1][1].tolist() == [1, 2, 3]
    assert {r[2] for r in found} == {b"z" * 1000}


def test_returning_gives_what_was_written(db):
    cursor = db.execute(
        "INSERT INTO t (id, score) VALUES (3, 1), (1, 2) RETURNING id, score * 2 AS twice"
    )
    assert [c[0] for c in cursor.description] == ["id", "twice"]
    assert cursor.fetchone() == (3, 2.0)
    assert cursor.fetchall() == [(1, 4.0)]
    assert rows(db, "INSERT INTO t (id) VALUES (5) RETURNING t.id AS n") == [(5,)]
    assert rows(db, "INSERT INTO t AS x (id) VALUES (6) RETURNING x.*")[0][:2] == (6, None)


def test_a_statement_without_rows_has_none_to_fetch(db):
    cursor = db.execute("INSERT INTO t (id) VALUES (1)")
    with pytest.raises(QueryError, match="returns no rows"):
        cursor.fetchall()


def test_on_conflict_do_nothing_leaves_out_what_is_there_or_comes_twice(db):
    db.execute("INSERT INTO t (id, name) VALUES (1, 'a')")
    cursor = db.execute(
        "INSERT INTO t (id, name) VALUES (1, 'z'), (2, 'a'), (3, 'c'), (3, 'd') "
        "ON CONFLICT DO NOTHING RETURNING id, name"
    )
    assert (cursor.rowcount, cursor.fetchall()) == (1, [(3, "c")])


@pytest.mark.parametrize(("values", "inserted"), [
    ("(2, 'a'), (2, 'b')", [(2, "b")]),  # the first of the two is left out for its name
    ("(1, 'b'), (2, 'b')", [(2, "b")]),
    ("(2, 'b'), (2, 'c'), (3, 'c')", [(2, "b"), (3, "c")]),  # the second for its id
    ("(2, 'b'), (3, 'b'), (3, 'c'), (3, NULL)", [(2, "b"), (3, "c")]),
])  # fmt: skip
def test_a_row_that_is_left_out_takes_no_key_from_a_later_one(db, values, inserted):
    db.execute("INSERT INTO t (id, name) VALUES (1, 'a')")
    insert = f"INSERT INTO t (id, name) VALUES {values} ON CONFLICT DO NOTHING RETURNING id, name"
    assert rows(db, insert) == inserted
    assert rows(db, "SELECT id, name FROM t WHERE id > 1 ORDER BY id") == inserted


def test_on_conflict_do_update_sees_both_rows(db):
    db.execute("INSERT INTO t (id, score, emb) VALUES (1, 10, '[1,1,1]'), (2, 20, NULL)")
    cursor = db.execute(
        "INSERT INTO t AS old (id, score, emb) VALUES (5, 1, NULL), (2, 3, '[2,2,2]'), "
        "(1, 4, NULL) ON CONFLICT (id) DO UPDATE SET score = old.score + excluded.score, "
        "emb = excluded.emb WHERE old.score > %s RETURNING id, score, emb",
        [15],
    )
    first, second = cursor.fetchall()
    assert (first, second[:2], second[2].tolist()) == ((5, 1.0, None), (2, 23.0), [2, 2, 2])
    assert rows(db, "SELECT score FROM t WHERE id = 1") == [(10.0,)]


def test_many_sets_are_one_batch_and_one_commit(db):
    before = len(db.log(all=True))
    cursor = db.executemany(
        "INSERT INTO t (id, name, emb) VALUES (:i, :n, :e)",
        [{"i": k, "n": f"n{k}", "e": np.full(3, k)} for k in range(1000)],
    )
    assert cursor.rowcount == 1000
    assert len(db.log(all=True)) == before + 1
    assert rows(db, "SELECT count(*), max(id) FROM t") == [(1000, 999)]
    assert db.executemany("INSERT INTO t (id) VALUES (%s)", []).rowcount == 0


def test_sets_may_change_a_row_one_after_the_other(db):
    cursor = db.executemany(
        "INSERT INTO t (id, score) VALUES (%s, %s) ON CONFLICT (id) "
        "DO UPDATE SET score = t.score + excluded.score",
        [(1, 1), (2, 10), (1, 2), (1, 4)],
    )
    assert cursor.rowcount == 4
    assert rows(db, "SELECT id, score FROM t ORDER BY id") == [(1, 7.0), (2, 10.0)]
    with pytest.raises(QueryError) as caught:
        db.executemany("INSERT INTO t (id) VALUES (%s), (8) ON CONFLICT (id) DO UPDATE "
                       "SET score = 0", [(9,), (8,)])  # fmt: skip
    assert caught.value.sqlstate == "21000"
    assert rows(db, "SELECT count(*) FROM t") == [(2,)]


def test_a_file_streams_into_a_column(db, tmp_path):
    path = tmp_path / "clip"
    path.write_bytes(b"clip" * 1000)
    with path.open("rb") as file:
        db.execute("INSERT INTO t (id, raw) VALUES (%s, %s), (%s, %s)", [1, file, 2, path])
    assert rows(db, "SELECT octet_length(raw) FROM t ORDER BY id") == [(4000,), (4000,)]


@pytest.mark.parametrize(
    ("sql", "state", "words"),
    [
        ("INSERT INTO t (id, idd) VALUES (1, 2)", "42703", "Did you mean 'id'"),
        ("INSERT INTO t (id, id) VALUES (1, 2)", "42701", "more than once"),
        ("INSERT INTO t (id) VALUES (1, 2)", "42601", "more expressions than target"),
        ("INSERT INTO t (id, name) VALUES (1)", "42601", "more target columns"),
        ("INSERT INTO t (id) VALUES (1), (1, 2)", "42601", "same length"),
        ("INSERT INTO t (id) VALUES ('x')", "22P02", "invalid input syntax for type bigint"),
        ("INSERT INTO t (id) VALUES (99999999999999999999)", "22003", "does not fit int64"),
        ("INSERT INTO t (id, ok) VALUES (1, 3)", "42804", '"ok" is of type boolean'),
        ("INSERT INTO t (id, score) VALUES (1, true)", "42804", '"score" is of type double'),
        ("INSERT INTO t (id, score) SELECT 1, name FROM t", "42804", "of type text"),
        ("INSERT INTO t (id, price) VALUES (1, 123456789)", "22003", "numeric field overflow"),
        ("INSERT INTO t (id, day) VALUES (1, '2024-02-30')", "22008", "2024-02-30"),
        ("INSERT INTO t (id, emb) VALUES (1, '[1,2]')", "22000", "emb"),
        ("INSERT INTO t (id, emb) VALUES (1, '[1,2,x]')", "22P02", "vector"),
        ("INSERT INTO t (id, meta) VALUES (1, '{')", "22P02", "type json"),
        ("INSERT INTO t (id, score) VALUES (1, 1/0)", "22012", "division by zero"),
        ("INSERT INTO t (name) VALUES ('x')", "23502", "no value in a not_null column"),
        ("INSERT INTO t (id) VALUES (NULL)", "23502", "NULL in a not_null column"),
        ("INSERT INTO t (id) VALUES (1), (1)", "23505", "comes twice"),
        ("INSERT INTO t (id) SELECT $1", "07001", "1 parameters, and 0"),
        ("INSERT INTO t (id) VALUES (1) ON CONFLICT (score) DO NOTHING", "42P10", "no unique"),
        ("INSERT INTO t (id) VALUES (1); DROP TABLE t", "42601", "2 statements"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_and_nothing_is_written(db, sql, state, words):
    before = len(db.log(all=True))
    with pytest.raises(DeeplakeError, match=words) as caught:
        db.execute(sql)
    assert caught.value.sqlstate == state
    assert rows(db, "SELECT count(*) FROM t") == [(0,)]
    assert len(db.log(all=True)) == before


def test_a_row_that_breaks_a_key_keeps_all_of_its_statement_out(db):
    db.execute("INSERT INTO t (id) VALUES (1)")
    with pytest.raises(UniqueViolationError):
        db.execute("INSERT INTO t (id) VALUES (2), (1)")
    with pytest.raises(NullValueError):
        db.executemany("INSERT INTO t (id) VALUES (%s)", [(3,), (None,)])
    assert rows(db, "SELECT id FROM t") == [(1,)]


def test_parameters_are_values_whatever_they_spell(db):
    evil = "'); DROP TABLE t; --"
    db.execute("INSERT INTO t (id, name) VALUES (%s, %s)", [1, evil])
    assert rows(db, "SELECT name FROM t") == [(evil,)]
    assert db.execute("SELECT id FROM t WHERE name = :n", {"n": evil}).fetchall() == [(1,)]


def test_a_missing_table_is_told_with_the_nearest(db):
    with pytest.raises(TableNotFoundError, match="Did you mean 't'"):
        db.execute("INSERT INTO tt VALUES (1)")


def test_a_statement_that_commits_at_once_does_not_publish_what_is_staged(db):
    db.table("t").append({"id": 1})
    with pytest.raises(StagedChangesError, match="commits at once"):
        db.execute("INSERT INTO t (id) VALUES (2)")
    db.commit("one")
    db.execute("INSERT INTO t (id) VALUES (2)")
    assert rows(db, "SELECT count(*) FROM t") == [(2,)]


def test_commits_of_statements_are_automatic(db):
    db.execute("INSERT INTO t (id) VALUES (1)")
    newest = next(iter(db.log(all=True)))
    assert newest.message == "INSERT INTO t"
    assert [c.message for c in db.log()] != [c.message for c in db.log(all=True)]


def test_rows_come_as_arrow_and_pandas(db):
    db.execute(
        "INSERT INTO t (id, emb, raw, meta, price, at) VALUES (1, '[1,2,3]', '\\x01', '[1]', 2, "
        "'2024-01-01'), (2, NULL, NULL, NULL, NULL, NULL)"
    )
    table = db.execute("SELECT id, emb, raw, meta, price, at, id > 1 AS b FROM t").arrow()
    assert table.column_names == ["id", "emb", "raw", "meta", "price", "at", "b"]
    assert table["emb"].to_pylist() == [[1, 2, 3], None]
    assert table["meta"].to_pylist() == ["[1]", None]
    frame = db.execute("SELECT id, price FROM t ORDER BY id").df()
    assert frame["id"].tolist() == [1, 2]
    returned = db.execute("UPDATE t SET score = 1 RETURNING id, score").arrow()
    assert returned.to_pydict() == {"id": [1, 2], "score": [1.0, 1.0]}
    with pytest.raises(QueryError, match="returns no rows"):
        db.execute("DELETE FROM t").arrow()


WIDTHS = {
    "uint8": (0, 255), "uint16": (0, 65535), "uint32": (0, (1 << 32) - 1),
    "uint64": (0, (1 << 64) - 1), "int8": (-128, 127),
}  # fmt: skip


@pytest.mark.parametrize(("name", "ends"), WIDTHS.items(), ids=WIDTHS)
def test_integers_of_other_widths_take_what_fits(name, ends):
    db = deeplake.connect(f"mem://test-widths-{name}")
    db.create_table("t", {"k": "int", "n": name, "l": f"list<{name}>"})
    given = [*ends, 7]
    for k, n in enumerate(given):
        db.execute(f"INSERT INTO t VALUES ({k}, {n}, ARRAY[{n}, NULL])")
        db.execute("INSERT INTO t VALUES (%s, %s, %s)", [k + 10, n, [n]])
        db.execute(f"INSERT INTO t VALUES ({k + 20}, '{n}', '{{{n}}}')")
        db.execute(f"INSERT INTO t SELECT {k + 30}, {n}, ARRAY[{n}]")
        db.execute("UPDATE t SET n = %s WHERE k = %s", [n, k + 10])
    rows = db.execute("SELECT k, n, l FROM t ORDER BY k").fetchall()
    assert [(k, int(n), int(items[0])) for k, n, items in rows] == [
        (k + tens, n, n) for tens in (0, 10, 20, 30) for k, n in enumerate(given)
    ]
    for n in given:
        found = db.execute(f"SELECT count(*) FROM t WHERE n = {n} AND n IN ({n}, 8)").fetchone()
        assert found == (4,)
        assert db.execute("SELECT count(*) FROM t WHERE n = ANY(%s)", [[n]]).fetchone() == (4,)
    before = db.execute("SELECT count(*) FROM t").fetchone()
    for n in (ends[0] - 1, ends[1] + 1, 10**30):
        for sql in (
            f"INSERT INTO t (n) VALUES ({n})", f"INSERT INTO t (n) VALUES ('{n}')",
            f"INSERT INTO t (n) SELECT {n}", f"INSERT INTO t (l) VALUES (ARRAY[{n}])",
            f"INSERT INTO t (l) VALUES ('{{{n}}}')", f"UPDATE t SET n = {n} WHERE k = 1",
            f"UPDATE t SET n = n - n + {n} WHERE k = 1",
        ):  # fmt: skip
            with pytest.raises(DeeplakeError) as caught:
                db.execute(sql)
            assert caught.value.sqlstate == "22003", sql
        with pytest.raises(DeeplakeError) as caught:
            db.execute("INSERT INTO t (n) VALUES (%s)", [n])
        assert caught.value.sqlstate == "22003"
        assert db.execute(f"SELECT count(*) FROM t WHERE n = {n}").fetchone() == (0,)
    assert db.execute("SELECT count(*) FROM t").fetchone() == before
