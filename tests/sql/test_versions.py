"""Versions in SQL: tables at other refs, the history as tables."""

from __future__ import annotations

import pytest

import deeplake
from deeplake.errors import (
    MergeConflictError,
    QueryError,
    QuerySyntaxError,
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


@pytest.mark.parametrize(("span", "rows"), [("main...fix", 3), ("fix...main", 0), ("v1...main", 0),
                                            ("fix...", 0), ("...fix", 3)])  # fmt: skip
def test_a_diff_since_two_branches_left_each_other(db, span, rows):
    count = "select count(*) from "
    assert db.execute(f"{count} deeplake_diff('t', '{span}')").fetchall() == [(rows,)]
    if rows == 0:
        with pytest.raises(TableNotFoundError):
            db.execute(f"{count} deeplake_diff('nope', '{span}')")


def test_a_diff_has_what_was_renamed_and_what_was_made_anew(db):
    text = "select kind, old, new from deeplake_diff('t', 'v1', 'main') order by kind, row_id"
    db.execute("alter table t rename to u")
    db.execute("delete from u where id = 4")
    gone = [("removed", {"id": 4, "label": "a", "img": "4 bytes"}, None)]
    assert db.execute(text).fetchall() == gone
    assert db.execute(text.replace("'t'", "'u'")).fetchall() == gone
    db.execute("drop table u")
    db.execute("create table t (id int)")
    db.execute("insert into t values (7)")
    first, *others = db.execute(text).fetchall()
    assert first == ("added", None, {"id": 7})
    assert [(kind, old["id"]) for kind, old, _ in others] == [("removed", i) for i in range(5)]


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


def test_writes_of_a_handle_land_on_its_branch_and_a_merge_is_over_all_tables(db):
    db.execute("CREATE TABLE u (id int PRIMARY KEY, n int)")
    db.execute("INSERT INTO u VALUES (1, 1)")
    before = db.commit_id
    assert db.branch("experiment/x") == "experiment/x"
    db.execute("INSERT INTO u VALUES (2, 2)")
    db.executemany("UPDATE t SET label = %s WHERE id = %s", [("x", 0), ("y", 4)])
    db.table("t").append({"id": 50, "label": "py", "img": b"z"})
    db.commit("by Python")
    db.execute("CREATE TABLE only_here (a int)")
    main = deeplake.connect(db.url)
    assert main.commit_id == before
    assert main.tables() == ["t", "u"]
    merged = db.merge("experiment/x", into="main")
    assert db.branch_name == "experiment/x", "the handle stays where it is"
    main.refresh()
    assert main.commit_id == merged.id
    assert main.tables() == ["only_here", "t", "u"]
    assert main.execute("SELECT id, n FROM u ORDER BY id").fetchall() == [(1, 1), (2, 2)]
    asked = "SELECT id, label FROM t WHERE label <> 'a' ORDER BY id"
    assert main.execute(asked).fetchall() == [(0, "x"), (4, "y"), (50, "py")]
    db.execute("INSERT INTO u VALUES (3, 3)")
    assert main.execute("SELECT count(*) FROM u").fetchone() == (2,), "still on the experiment"


def test_conflicts_are_a_table_until_they_are_resolved(db):
    db.execute("CREATE TABLE u (id int PRIMARY KEY, n int, s text)")
    db.execute("INSERT INTO u VALUES (1, 1, 'x'), (2, 2, 'y')")
    db.branch("side")
    db.execute("UPDATE u SET n = 10 WHERE id = 1")
    db.execute("UPDATE t SET label = 'side' WHERE id = 2")
    db.checkout("main")
    db.execute("UPDATE u SET n = 20 WHERE id = 1")
    db.execute("UPDATE t SET label = 'main' WHERE id = 2")
    with pytest.raises(MergeConflictError):
        db.execute("SELECT deeplake_merge('side')")
    found = db.execute(
        'SELECT "table", kind, "column", base, ours, theirs FROM deeplake_conflicts ORDER BY 1'
    ).fetchall()
    assert found == [
        ("t", "cell", "label", "a", "main", "side"), ("u", "cell", "n", 1, 20, 10),
    ]  # fmt: skip
    assert len(db.resolve(keep="theirs", table="u")) == 1
    assert db.execute("SELECT count(*) FROM deeplake_conflicts").fetchone() == (1,)
    db.resolve(keep="ours")
    assert db.execute("SELECT * FROM deeplake_conflicts").fetchall() == []
    assert db.execute("SELECT n FROM u WHERE id = 1").fetchone() == (10,)
    assert db.execute("SELECT label FROM t WHERE id = 2").fetchone() == ("main",)


def test_sides_of_conflicts_as_json(db):
    """A deleted row is NULL, a value that is NULL is null, bytes are told by their number."""
    db.branch("side")
    db.execute("UPDATE t SET img = %s WHERE id = 1", [b"s" * 2000])
    db.execute("UPDATE t SET label = NULL WHERE id = 2")
    db.execute("DELETE FROM t WHERE id = 3")
    db.checkout("main")
    db.execute("UPDATE t SET img = NULL WHERE id = 1")
    db.execute("UPDATE t SET label = 'main' WHERE id = 2")
    db.execute("UPDATE t SET label = 'main' WHERE id = 3")
    with pytest.raises(MergeConflictError):
        db.merge("side")
    found = db.execute("SELECT base, ours, theirs FROM deeplake_conflicts WHERE \"column\" = 'img'")
    assert found.fetchall() == [("1 byte", None, "2.0 kB")]
    asked = "SELECT ours::text, theirs::text FROM deeplake_conflicts WHERE "
    label = asked + "\"column\" = 'label' AND kind = 'cell'"
    assert db.execute(label).fetchall() == [('"main"', "null")]
    ((_, theirs),) = db.execute(asked + "kind <> 'cell'").fetchall()
    assert theirs is None


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


@pytest.mark.parametrize("table", ["t" * 62, "t" * 63, "t" * 64])
def test_a_long_name_is_no_shorter_one(table):
    """The grammar cuts names after 63 bytes, so that the branch, or half of its name, was lost."""
    db = deeplake.connect(f"mem://long-{len(table)}")
    db.create_table(table, {"id": "int"}).extend({"id": [1]})
    db.commit("rows")
    db.branch("fix")
    db.table(table).append({"id": 2})
    db.commit("one more")
    db.checkout("main")
    for text in (
        f'SELECT * FROM "{table}@fix"',
        f'SELECT 1 AS "a""{"b" * 64}"',
        f"SELECT {table}xx",
    ):
        with pytest.raises(QuerySyntaxError, match="63 at most") as caught:
            db.execute(text)
        assert caught.value.sqlstate == "42622"
        assert text[caught.value.position - 1 :].startswith(('"', "ttt"))
    assert len(db.execute(f"SELECT * FROM at('{table}', 'fix')").fetchall()) == 2
    assert db.execute(f"SELECT '{table}xx' -- {table}xx").fetchall() == [(f"{table}xx",)]
