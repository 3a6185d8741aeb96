"""Class labels in SQL: codes that are compared by name."""

from __future__ import annotations

import pytest

import deeplake
from deeplake.errors import QueryError

NAMES = ["cat", "dog", "it's {0}", "7", "é %s"]


@pytest.fixture(scope="module")
def db():
    db = deeplake.connect("mem://test-class-labels")
    label = deeplake.types.ClassLabel(NAMES)
    rows = [{"id": k, "label": k % 5, "code": k % 5, "many": [k % 5, 0]} for k in range(10)]
    rows.append({"id": 10, "label": None, "code": None, "many": None})
    db.create_table(
        "t",
        {
            "id": "int",
            "label": label,
            "code": deeplake.types.ClassLabel(),
            "many": deeplake.types.List(label),
        },
    ).extend(rows)
    db.commit("rows")
    return db


def ids(db, sql, given=None):
    return [row[0] for row in db.execute(sql, given).fetchall()]


@pytest.mark.parametrize(
    ("condition", "given", "found"),
    [
        ("label = 'dog'", None, [1, 6]),
        ("'dog' = label", None, [1, 6]),
        ("label <> 'dog'", None, [0, 2, 3, 4, 5, 7, 8, 9]),
        ("label = %s", ["dog"], [1, 6]),
        ("label = 1", None, [1, 6]),
        ("label = %s", [1], [1, 6]),
        ("label = '1'", None, [1, 6]),
        ("label = '7'", None, [3, 8]),
        ("label = 7", None, []),
        ("label in ('cat', 'dog')", None, [0, 1, 5, 6]),
        ("label in ('cat', 1)", None, [0, 1, 5, 6]),
        ("label not in ('cat', 'dog', 'é %s')", None, [2, 3, 7, 8]),
        ("label in (%s, 'dog')", ["cat"], [0, 1, 5, 6]),
        ("label = any(%s)", [["cat", "dog"]], [0, 1, 5, 6]),
        ("label = any(%s)", [[0, 1]], [0, 1, 5, 6]),
        ("label <> all(%s)", [["cat", "dog", "7"]], [2, 4, 7, 9]),
        ("label = any('{cat,dog}')", None, [0, 1, 5, 6]),
        ("label is distinct from 'cat'", None, [1, 2, 3, 4, 6, 7, 8, 9, 10]),
        ("label > 'it''s {0}'", None, [3, 4, 8, 9]),
        ("label between 'dog' and 'it''s {0}'", None, [1, 2, 6, 7]),
        ("case label when 'dog' then true end", None, [1, 6]),
        ("label = coalesce(null, 'dog')", None, QueryError),
        ("label::text = 'dog'", None, [1, 6]),
        ("label::text like '%%t''s%%'", [], [2, 7]),
        ("label::text || '!' = 'cat!'", None, [0, 5]),
        ("label is null", None, [10]),
        ("'cat' = any(many)", None, list(range(10))),
        ("many @> '{dog}'", None, [1, 6]),
        ("many && %s", [["dog", "7"]], [1, 3, 6, 8]),
        ("many = '{dog,cat}'", None, [1, 6]),
        ("code = 1", None, [1, 6]),
        ("id in (select id from (select * from t) s where s.label = 'dog')", None, [1, 6]),
        ("id in (with w as (select id, label l from t) select id from w where l = %s)",
         ["dog"], [1, 6]),
        ("exists (select from t u where u.id = t.id and u.label = t.label and u.label = 'dog')",
         None, [1, 6]),
    ],
)  # fmt: skip
def test_a_label_is_compared_by_name_and_by_code(db, condition, given, found):
    sql = f"select id from t where {condition} order by id"
    if found is QueryError:
        with pytest.raises(QueryError):
            db.execute(sql, given)
        return
    assert ids(db, sql, given) == found


def test_codes_come_back_and_names_as_text(db):
    found = db.execute("select label, label::text from t where id in (1, 2, 10) order by id")
    assert found.fetchall() == [(1, "dog"), (2, "it's {0}"), (None, None)]
    assert found.description[0][1] == "integer"
    counted = db.execute("select label, count(*) from t group by label order by label desc limit 2")
    assert counted.fetchall() == [(None, 1), (4, 2)]
    named = db.execute("select label::text, count(*) from t group by 1 order by 1 limit 2")
    assert named.fetchall() == [("7", 2), ("cat", 2)]


def test_names_are_tested_without_the_engine(db):
    for sql, given in (("label = 'dog'", None), ("label = %s", ["dog"]),
                       ("label = any(%s)", [["dog"]]), ("label in ('dog', 77)", None)):  # fmt: skip
        lines = db.execute(f"explain analyze select id, label from t where {sql}", given)
        assert lines.fetchone() == ("Query without the engine, 2 rows",)


@pytest.mark.parametrize(
    ("condition", "given"),
    [
        ("label = 'dgo'", None), ("label in ('cat', 'dgo')", None), ("label = %s", ["dgo"]),
        ("label = any(%s)", [["cat", "dgo"]]), ("label = any('{dgo}')", None),
        ("label < 'dgo'", None), ("many @> '{dgo}'", None), ("code = 'dog'", None),
    ],
)  # fmt: skip
def test_an_unknown_name_is_refused(db, condition, given):
    with pytest.raises(QueryError) as caught:
        db.execute(f"select id from t where {condition}", given).fetchall()
    assert caught.value.sqlstate == "22P02"
    if given is None and "label" in condition:
        assert "Did you mean 'dog'?" in str(caught.value)
        assert caught.value.position is not None


def test_names_are_written_and_asked_of_datasets():
    db = deeplake.connect("mem://test-class-labels-writes")
    db.execute('CREATE TABLE t (id int, label class_label("a b", c))')
    db.execute("INSERT INTO t VALUES (1, 'c'), (2, 0), (3, '1'), (4, %s), (5, NULL)", ["a b"])
    db.execute("INSERT INTO t SELECT 6, 'c'")
    db.execute("UPDATE t SET label = 'a b' WHERE label = 'c' AND id = 1")
    db.execute("UPDATE t SET label = %s WHERE id = 2", ["c"])
    assert db.execute("SELECT id, label FROM t ORDER BY id").fetchall() == [
        (1, 0), (2, 1), (3, 1), (4, 0), (5, None), (6, 1),
    ]  # fmt: skip
    ds = db.table("t")
    assert len(ds.filter("label = 'c'")) == 3
    assert ds.update({"id": 9}, where="label = 'a b'") == 2
    db.rollback()
    assert db.execute("DELETE FROM t WHERE label IN ('c', 'a b')").rowcount == 5
    for sql in ("INSERT INTO t VALUES (7, 'x')", "UPDATE t SET label = 'x'"):
        with pytest.raises(QueryError) as caught:
            db.execute(sql)
        assert caught.value.sqlstate == "22P02"
