"""SELECT over versioned tables: rows, kinds, late columns, refusals."""

from __future__ import annotations

import decimal
import uuid

import numpy as np
import pytest

import deeplake
from deeplake.errors import QueryError, TableNotFoundError, UnsupportedQueryError
from deeplake.storage.memory import MemoryStore


@pytest.fixture(scope="module")
def db():
    db = deeplake.connect("mem://test-select")
    schema = {
        "id": "int", "prompt": "text", "rating": "float", "label": "class_label(cat,dog)",
        "emb": "emb-4", "img": "blob", "meta": "json", "u": "uuid", "d": "decimal(10,2)",
    }  # fmt: skip
    db.create_table("gens", schema).extend([
        {
            "id": i, "prompt": f"p{i}", "rating": i / 10 if i % 3 else None, "label": i % 2,
            "emb": np.full(4, i), "img": b"x" * i if i % 4 else None, "meta": {"k": i},
            "u": uuid.UUID(int=i), "d": decimal.Decimal(i) / 4,
        }
        for i in range(50)
    ])  # fmt: skip
    db.commit("rows")
    return db


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (
            "select id, prompt from gens where rating > 4 order by id limit 2",
            [(41, "p41"), (43, "p43")],
        ),
        ("select count(*), count(rating), sum(id) from gens", [(50, 33, 1225)]),
        (
            "select label, count(*) n from gens group by label order by n desc, 1",
            [(0, 25), (1, 25)],
        ),
        (
            "select g.id, h.id from gens g join gens h on g.id = h.id + 48 order by 1",
            [(48, 0), (49, 1)],
        ),
        (
            "select meta, u, d from gens where id = 3",
            [({"k": 3}, uuid.UUID(int=3), decimal.Decimal("0.75"))],
        ),
        (
            "with a as (select * from gens where id < 5) select count(img), count(*) from a",
            [(3, 5)],
        ),
        ("select '5' + 3, 1 = '1', null, true and null", [(8, True, None, None)]),
        (
            "select 3 in (select id from gens), exists (select 1 from gens where id = 77)",
            [(True, False)],
        ),
        ("select id from gens where prompt like 'p1_' and id not between 10 and 18", [(19,)]),
        ("select x.column1 + 1 from (values (1), (2)) x order by 1 desc", [(3,), (2,)]),
        ("select rank() over (order by label desc), id from gens order by 1, 2 limit 1", [(1, 1)]),
        ("select 1 union select 1 union all select 2 order by 1", [(1,), (2,)]),
    ],
)
def test_rows_are_those_of_postgres(db, sql, rows):
    assert db.execute(sql).fetchall() == rows


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (
            "select img from gens where id < 3 union all select img from gens where id = 5",
            [None, b"x", b"xx", b"x" * 5],
        ),
        (
            "select case when id > 3 then img end from gens where id in (3, 5) order by id",
            [None, b"x" * 5],
        ),
        ("select a.img from gens a join gens b on a.id = b.id where b.id = 7", [b"x" * 7]),
        (
            "with w as (select id, img from gens) select img from w order by id desc limit 1",
            [b"x" * 49],
        ),
        ("select (select img from gens where id = 2)", [b"xx"]),
        (
            "select distinct img from gens where id in (1, 2, 4, 8) order by img",
            [b"x", b"xx", None],
        ),
        ("select max(id) from gens group by img having img = 'xxx'::bytea", [3]),
    ],
)
def test_wide_columns_come_back_late_or_early(db, sql, rows):
    found = db.execute(sql).fetchall()
    assert sorted(map(repr, (row[0] for row in found))) == sorted(map(repr, rows))


def test_vectors_are_arrays(db):
    (vector,) = db.execute("select emb from gens where id = 9").fetchone()
    assert vector.dtype == np.float32
    assert vector.tolist() == [9, 9, 9, 9]


@pytest.mark.parametrize(
    ("sql", "state", "words"),
    [
        ("select idd from gens", "42703", "Did you mean 'id'"),
        ("select g.id from gens", "42P01", 'missing FROM-clause entry for table "g"'),
        ("select 1/0", "22012", "division by zero"),
        ("select foo(1)", "0A000", "function foo()"),
        ("selec 1", "42601", "at character 1"),
        ("select é, é fro m", "42601", "at character 17"),
        ("select id from gens where id", "42804", "must be of type boolean, not bigint"),
        ("select 1; select 2", "42601", "2 statements"),
        ("", "42601", "empty"),
        ("select 'x'::int", "22P02", 'invalid input syntax for type integer: "x"'),
        ("select 99999::smallint", "22003", "out of range"),
        ("select id from gens a, gens b", "42702", "a.id or b.id"),
        ("select id from gens a, gens a", "42712", "more than once"),
        ("select count(*) from gens where count(*) > 1", "42803", "not allowed in WHERE"),
        ("select 1 union select 1, 2", "42601", "same number of columns"),
        ("select (select id from gens)", "21000", "More than one row"),
    ],
)
def test_what_is_wrong_is_told_with_its_state(db, sql, state, words):
    with pytest.raises(QueryError, match=words) as caught:
        db.execute(sql).fetchall()
    assert caught.value.sqlstate == state


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("i + 1", "integer out of range"),
        ("i * i", "integer out of range"),
        ("-i - 2", "integer out of range"),
        ("abs(-i - 1)", "integer out of range"),
        ("(-i - 1) / -1", "integer out of range"),
        ("b + i", "bigint out of range"),
        ("b::int", "integer out of range"),
        ("99999999999::int", "integer out of range"),
        ("i::smallint", "smallint out of range"),
        ("i::smallint + 1::smallint", "smallint out of range"),
        ("f::int", "integer out of range"),
        ("f::real", "value out of range: overflow"),
        ("f * f", "value out of range: overflow"),
        ("3000000000.5::int", "integer out of range"),
        ("t::int", 'value "99999999999" is out of range for type integer'),
        ("t::numeric(5, 2)", "numeric field overflow"),
        ("n::numeric(3, 1)", "numeric field overflow"),
        ("i / (i - i)", "division by zero"),
    ],
)
def test_what_a_number_does_not_hold_is_said_in_words_of_postgres(expression, message):
    db = deeplake.connect(MemoryStore())
    db.execute("CREATE TABLE v (i int, b bigint, f float8, n numeric(5, 2), t text)")
    db.execute("INSERT INTO v VALUES (2147483647, 9223372036854775807, 1e300, 999.99, 99999999999)")
    with pytest.raises(QueryError) as caught:
        db.execute(f"SELECT {expression} FROM v").fetchall()
    assert caught.value.message == message
    assert caught.value.sqlstate == ("22012" if "zero" in message else "22003")


def test_a_missing_table_is_told_with_the_nearest(db):
    with pytest.raises(TableNotFoundError, match="Did you mean 'gens'") as caught:
        db.execute("select * from gen")
    assert caught.value.sqlstate == "42P01"


def test_what_is_not_known_is_refused_by_name(db):
    for sql in ("select gens from gens", "select B'101'", "select 1::money", "vacuum"):
        with pytest.raises(UnsupportedQueryError) as caught:
            db.execute(sql)
        assert caught.value.sqlstate == "0A000"


def test_a_handle_sees_the_head_at_each_statement():
    db, other = deeplake.connect("mem://test-head"), deeplake.connect("mem://test-head")
    db.create_table("t", {"a": "int"})
    assert other.execute("select count(*) from t").fetchall() == [(0,)]
    db.table("t").append({"a": 1})
    assert db.execute("select a from t").fetchall() == [(1,)], "its own staged writes"
    assert other.execute("select count(*) from t").fetchall() == [(0,)]
    db.commit("a row")
    assert other.execute("select a from t").fetchall() == [(1,)]


@pytest.mark.parametrize("count", [60, 400])
@pytest.mark.parametrize(
    ("first", "more", "last", "found"),
    [
        ("select 1", " + 1", "", lambda n: n + 1),
        ("select 'a'", " || 'b'", "", lambda n: "a" + "b" * n),
        ("select 1 where true", " and 1 = 1", "", lambda n: 1),
        ("select 0 in (0", ", 1", ")", lambda n: True),
        ("select count(*) from (values (1)", ", (2)", ") t", lambda n: n + 1),
    ],
)
def test_long_chains_are_followed(db, count, first, more, last, found):
    assert db.execute(first + more * count + last).fetchall() == [(found(count),)]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("select " + "not " * 3000, "true"),
        ("select " + "(" * 20_000, "1" + ")" * 20_000),
        ("select " + "case when true then " * 2000, "1" + " end" * 2000),
        ("select 1" + " union all select 1" * 3000, ""),
        ("select 1" + " + 1" * 5000, ""),
        ("select * from " + "(select * from " * 2000, "gens" + ") a" * 2000),
    ],
)
def test_what_nests_too_deep_is_refused(db, first, last):
    with pytest.raises(QueryError) as caught:
        db.execute(first + last).fetchall()
    assert caught.value.sqlstate in ("54001", "42601"), "42601: the grammar runs out of memory"


def test_moments_of_fewer_digits_are_refused_not_left_alone(db):
    for sql in ("select '2026-01-01 10:00:00.5'::timestamp(0)", "select now()::timestamptz(3)"):
        with pytest.raises(UnsupportedQueryError, match="microseconds"):
            db.execute(sql)
    assert db.execute("select '10:00:00.5'::time(6)::text").fetchall() == [("10:00:00.5",)]
