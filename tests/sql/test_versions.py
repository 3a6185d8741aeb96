"""Versions in SQL: tables at other refs, the history as tables."""

from __future__ import annotations

import pytest

import deeplake
from deeplake.errors import (
    QueryError,
    RefNotFoundError,
    TableNotFoundError,
    UnsupportedQueryError,
)


@pytest.fixture
def db(request):
    db = deeplake.connect(f"mem://versions-{request.node.name}")
    t = db.create_table("t", {"id": "int", "label": "text", "img": "blob"})
    t.extend([{"id": i, "label": "a", "img": b"x" * i} for i in range(5)])
    db.commit("five rows")
    db.tag("v1")
    db.branch("fix", switch=False)
    other = deeplake.connect(f"mem://versions-{request.node.name}", branch="fix")
    other.table("t").update({"label": "fixed"}, rows=[1, 3])
    other.table("t").append({"id": 9, "label": "new", "img": None})
    other.commit("labels")
    return db


def test_a_table_at_a_branch_a_tag_and_a_commit(db):
    assert db.execute("select id from \"t@fix\" where label = 'fixed' order by id").fetchall() == [
        (1,),
        (3,),
    ]
    assert db.execute("select count(*) from at('t', 'fix')").fetchall() == [(6,)]
    assert db.execute("select count(*) from at('t', %s) x where x.id > 2", ["v1"]).fetchall() == [
        (2,)
    ]
    commit = db.log()[0].id
    assert db.execute("select img from at('t', :c) where id = 2", {"c": commit}).fetchall() == [
        (b"xx",)
    ]


def test_versions_are_joined_in_one_statement(db):
    rows = db.execute(
        'select a.id, a.label, b.label, b.img from t a join "t@fix" b on a.id = b.id '
        "where a.label <> b.label order by a.id"
    ).fetchall()
    assert rows == [(1, "a", "fixed", b"x"), (3, "a", "fixed", b"xxx")]


def test_the_history_is_a_table(db):
    rows = db.execute("select message, automatic from deeplake_log order by time").fetchall()
    assert rows[-1] == ("five rows", False)
    assert db.execute("select message from deeplake_log() where message like 'five%'").fetchall()
    branches = db.execute("select name, current from deeplake_branches order by name").fetchall()
    assert branches == [("fix", False), ("main", True)]
    assert db.execute("select name from deeplake_tags").fetchall() == [("v1",)]
    assert db.execute("select * from deeplake_conflicts").fetchall() == []


def test_a_diff_is_a_table(db):
    rows = db.execute(
        "select kind, changed, old, new from deeplake_diff('t', 'main', 'fix') "
        "order by kind, row_id"
    ).fetchall()
    fixed = ("updated", ["label"], {"label": "a"}, {"label": "fixed"})
    added = {"id": 9, "label": "new", "img": None}
    assert rows == [("added", ["id", "label", "img"], None, added), fixed, fixed]
    assert db.execute("select * from deeplake_diff('t', 'main', 'v1')").fetchall() == []


def test_a_view_may_name_versions(db):
    view = db.query("select id, img from at('t', 'fix') where label = 'new'")
    assert view[0] == {"id": 9, "img": None}


@pytest.mark.parametrize(
    ("sql", "kind", "words"),
    [
        ("select * from at('t', 'nope')", RefNotFoundError, "nope"),
        ('select * from "t@nope"', RefNotFoundError, "nope"),
        ("select * from at('u', 'fix')", TableNotFoundError, "u"),
        ('select * from "u@fix"', TableNotFoundError, "u"),
        ("select * from at('t')", QueryError, "takes 2 arguments, not 1"),
        ("select * from t, at('t', t.label)", UnsupportedQueryError, "must be constants"),
        ("select * from deeplake_diff('t')", QueryError, "takes 2 to 3"),
        ("select * from deeplake_diff('u', 'main', 'fix')", TableNotFoundError, "u"),
        ("select * from at('t', 5)", QueryError, "must be texts"),
    ],
)
def test_what_is_wrong_is_told(db, sql, kind, words):
    with pytest.raises(kind, match=words):
        db.execute(sql)


def test_a_table_that_is_on_another_branch_only(db):
    other = deeplake.connect(db.url, branch="fix")
    other.create_table("side", {"a": "int"})
    with pytest.raises(TableNotFoundError):
        db.execute("select * from side")
    assert db.execute('select * from "side@fix"').fetchall() == []


# --- functions that act -----------------------------------------------------------------------


def test_branches_are_made_merged_and_left_in_sql(db):
    assert db.execute("SELECT deeplake_branch('experiment/x')").fetchall() == [("experiment/x",)]
    assert db.branch_name == "experiment/x"
    db.table("t").append({"id": 77, "label": "b", "img": None})
    made = db.commit("on the experiment").id
    cursor = db.execute("select deeplake_checkout(%s)", ["main"])
    assert cursor.description[0][0] == "deeplake_checkout"
    assert db.execute("select count(*) from t").fetchall() == [(5,)]
    (merged,) = db.execute("SELECT deeplake_merge('experiment/x') AS merged").fetchone()
    assert db.commit_id == merged
    assert db.execute("select count(*) from t").fetchall() == [(6,)]
    db.execute("SELECT deeplake_tag('v2')")
    assert db.tags()["v2"] == merged
    db.execute("SELECT deeplake_revert(:c)", {"c": made})
    assert db.execute("select count(*) from t").fetchall() == [(5,)]


@pytest.mark.parametrize(
    ("sql", "kind", "words"),
    [
        ("select deeplake_branch('x'), 1", UnsupportedQueryError, "a statement of its own"),
        ("select deeplake_tag(label) from t", UnsupportedQueryError, "a statement of its own"),
        ("select deeplake_branch()", QueryError, "takes 1 to 2 arguments, not 0"),
        ("select deeplake_merge('nope')", RefNotFoundError, "nope"),
        ("select deeplake_nope('x')", UnsupportedQueryError, "deeplake_nope"),
        ("select upper(deeplake_branch('x'))", UnsupportedQueryError, "deeplake_branch|upper"),
    ],
)
def test_calls_that_are_wrong_change_nothing(db, sql, kind, words):
    with pytest.raises(kind, match=words):
        db.execute(sql)
    assert db.branches() == ["fix", "main"]
