"""Parameters: three styles, never inside strings, names and comments."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.sql.parameters import number, original


@pytest.mark.parametrize(
    ("text", "given", "made", "values"),
    [
        ("select %s, %s", [1, 2], "select $1, $2", (1, 2)),
        ("select 5 %% %s", [2], "select 5 % $1", (2,)),
        ("select 5 % 3, '%s'", None, "select 5 % 3, '%s'", ()),
        ("select :a, :b, :a", {"a": 1, "b": 2}, "select $1, $2, $1", (1, 2)),
        ("select %(a)s", {"a": 1}, "select $1", (1,)),
        ("select $2, $1", [1, 2], "select $2, $1", (1, 2)),
        ("select x::int, ':a', \":a\", $$ :a $$, $t$ :a $t$ -- :a\n, :a", {"a": 1},
         "select x::int, ':a', \":a\", $$ :a $$, $t$ :a $t$ -- :a\n, $1", (1,)),
        (r"select E'it\':a', e':a', :a", {"a": 1}, r"select E'it\':a', e':a', $1", (1,)),
        ("select 'it'':a', :a", {"a": 1}, "select 'it'':a', $1", (1,)),
        ("select /* :a /* :b */ :c */ :a", {"a": 1}, "select   $1", (1,)),
        ("select a[1:2], :a", {"a": 1}, "select a[1:2], $1", (1,)),
        ("select 1", {}, "select 1", ()),
        ("select 1", {"unused": 1}, "select 1", ()),
        ("select :ß", {"ß": 1}, "select $1", (1,)),
    ],
)  # fmt: skip
def test_styles_become_numbers(text, given, made, values):
    assert number(text, given) == (made, values)


PIECES = {
    **{p: p for p in (
        "select", "e", "x1", "1e5", "a$1", "_b", "é", "'%s :a'", "'it''s %s'", r"e'it\'s %s'",
        r"E'\\'", '"%s""e"', "$$ %s $$", "$t$ $$ '%s $t$", "--%s'\n", "::int", ":=", "-", "/", ":",
        ".", "5 % 3",
    )},
    "/* %s /* ' */ */": " ", "%%": "%", "%s": None,
}  # fmt: skip
"""Parts of a text, and what becomes of them; None becomes a number."""


@given(
    pieces=st.lists(st.sampled_from(list(PIECES))),
    between=st.sampled_from([" ", ",", "(", "\n", " = ", ";;"]),
)
def test_nothing_but_parameters_is_touched_whatever_stands_around(pieces, between):
    made, count = [], 0
    for piece in pieces:
        count += PIECES[piece] is None
        made.append(PIECES[piece] or f"${count}")
    text = between.join(pieces)
    if "%s" in pieces:
        values = tuple(range(count))
        assert number(text, values) == (between.join(made), values)
        before = pieces.index("%s")
        places = (len(between.join([*parts[:before], ""])) + 1 for parts in (made, pieces))
        assert original(text, values, next(places)) == next(places)
    else:
        shown = [" " if piece.startswith("/*") else piece for piece in pieces]
        assert number(text, None) == (between.join(shown), ())


@pytest.mark.parametrize(
    ("text", "given", "words"),
    [
        ("select %s", [], "1 parameters, and 0"),
        ("select %s", [1, 2], "1 parameters, and 2"),
        ("select $3", [1], "3 parameters, and 1"),
        ("select :a", {}, "parameter :a"),
        ("select %s, $1", [1, 2], "mixed"),
        ("select %(a)s", [1], "needs a mapping"),
        ("select %s", "x", "not str"),
        ("select %s", 5, "not int"),
    ],
)
def test_wrong_counts_and_mixed_styles_are_refused(text, given, words):
    with pytest.raises(QueryError, match=words) as caught:
        number(text, given)
    assert caught.value.sqlstate == "07001"


@pytest.fixture(scope="module")
def db():
    db = deeplake.connect("mem://test-parameters")
    db.create_table("t", {"id": "int", "s": "text", "j": "json", "v": "emb-2", "d": "date",
                          "u": "uuid", "a": "list<int>"}).extend([
        {"id": k, "s": f"s{k}", "j": [k, {"x": k}], "v": [k, 1], "d": dt.date(2026, 1, k + 1),
         "u": uuid.UUID(int=k), "a": [k, k + 1]} for k in range(6)
    ])  # fmt: skip
    db.commit("rows")
    return db


@pytest.mark.parametrize(
    ("condition", "given", "found"),
    [
        ("id = any(%s)", [1, 5, 77], [1, 5]),
        ("id = any(%s)", (1, 5), [1, 5]),
        ("id = any(%s)", [], []),
        ("id <> all(%s)", [], [0, 1, 2, 3, 4, 5]),
        ("id = any(%s)", [None, 2], [2]),
        ("id <> all(%s)", [None, 2], []),
        ("id = any(%s)", [2, 1 << 40, 1 << 70], [2]),
        ("id = any(%s)", [2, 3.0, 3.5], [2, 3]),
        ("id = any(%s)", [Decimal(2), Decimal("3.5")], [2]),
        ("id = any(%s)", np.array([1, 2]), [1, 2]),
        ("id = any(%s)", np.array([1.0, 2.5]), [1]),
        ("id = any(%s)", np.array([], np.int8), []),
        ("id = any(%s)", [np.int16(1), np.int64(3)], [1, 3]),
        ("id = any(%s::bigint[])", ["1", "3"], [1, 3]),
        ("s = any(%s)", ["s1", "x", None], [1]),
        ("s = any(%s)", np.array(["s1", "s2"]), [1, 2]),
        ("d = any(%s)", [dt.date(2026, 1, 2)], [1]),
        ("d = any(%s)", ["2026-01-02"], [1]),
        ("d = any(%s)", [dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 3, 5)], [1]),
        ("d <> all(%s)", [dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 3, 5)], [0, 2, 3, 4, 5]),
        ("d::timestamp = any(%s)", [dt.datetime(2026, 1, 2), None], [1]),
        ("u = any(%s)", [uuid.UUID(int=3)], [3]),
        ("a = %s", [2, 3], [2]),
        ("a @> %s", [3], [2, 3]),
        ("a && %s", np.array([0, 6]), [0, 5]),
        ("id in (select unnest(%s))", [1, 2], [1, 2]),
        ("j = %s", [2, {"x": 2}], [2]),
        ("j @> %s", [2], [2]),
        ("j @> %s::jsonb", [2], [2]),
        ("v <-> %s < 0.5", [2, 1], [2]),
        ("v <-> %s < 0.5", [2.0, 1.25], [2]),
        ("v <-> %s < 0.5", np.array([2, 1]), [2]),
    ],
)
def test_a_list_is_what_its_place_asks_for(db, condition, given, found):
    rows = db.execute(f"select id from t where {condition} order by id", [given]).fetchall()
    assert [row[0] for row in rows] == found


def test_one_list_may_be_an_array_and_json_in_one_statement(db):
    text = "select :a::jsonb, :a::int[], jsonb_array_length(:a), cardinality(:a) from t limit 1"
    assert db.execute(text, {"a": [3, 4]}).fetchall() == [([3, 4], [3, 4], 2, 2)]


def test_lists_of_thousands_are_tested_before_the_engine(db):
    lines = db.execute("explain analyze select s from t where id = any(%s)", [[*range(4, 9000)]])
    assert lines.fetchone() == ("Query without the engine, 2 rows",)


def test_a_parameter_that_a_refusal_leaves_out_is_no_failure_of_the_engine(db):
    for value in (dt.timedelta(days=1), dt.time(1, 2)):
        with pytest.raises(QueryError, match="to_char of intervals") as caught:
            db.execute("SELECT to_char(%s, 'YYYY')", [value]).fetchall()
        assert caught.value.sqlstate == "0A000"


def test_a_text_beside_a_numeric_keeps_its_digits():
    db = deeplake.connect("mem://test-digits-of-parameters")
    db.execute("CREATE TABLE n (a numeric(6, 2), v varchar(2))")
    db.execute("INSERT INTO n VALUES (1.25, 'ab'), (NULL, NULL)")
    text = "SELECT coalesce(a, %s), coalesce(v, %s) FROM n WHERE a IS NULL"
    assert db.execute(text, ["1.239", "longer"]).fetchall() == [(Decimal("1.239"), "longer")]
    assert db.execute("SELECT count(*) FROM n WHERE a IN (%s, '7')", ["1.251"]).fetchone() == (0,)
    with pytest.raises(UnsupportedQueryError, match="more digits"):
        db.execute("SELECT lag(a, 1, %s) OVER (ORDER BY a) FROM n", ["1.239"]).fetchall()


@pytest.mark.parametrize(("lists", "found"), [
    ([["a"], ["b", None]], ["a", "b", None]),
    ([["a"], []], ["a"]),
    ([[], []], []),
    ([[], [1]], [1]),
    ([[2], []], [2]),
    ([[1], [2]], [1, 2]),
])  # fmt: skip
def test_two_lists_are_joined_as_arrays(db, lists, found):
    assert db.execute("SELECT %s || %s", lists).fetchall() == [(found,)]
    assert db.execute("SELECT %s || %s || %s", [*lists, []]).fetchall() == [(found,)]


def test_a_list_of_texts_beside_numbers_is_refused_by_the_text(db):
    for lists in ([["b"], [1]], [[1], ["b"]]):
        with pytest.raises(QueryError, match='for type integer: "b"') as caught:
            db.execute("SELECT %s || %s", lists)
        assert caught.value.sqlstate == "22P02"


@pytest.mark.parametrize(("given", "found"), [
    (["a", "b"], ["x", "a", "b"]), ([], ["x"]), ([None], ["x", None]),
    ([1], "42883"), ([1.5], "42883"), ([True], "42883"),
])  # fmt: skip
def test_a_text_beside_a_list_is_joined_to_an_array_of_texts_alone(db, given, found):
    try:
        made = db.execute("SELECT 'x'::text || %s", [given]).fetchall()[0][0]
    except QueryError as error:
        made = error.sqlstate
    assert made == found
