"""Whatever is wrong with a statement: one error with its SQLSTATE and place, and nothing written.

What statements of Postgres answer is judged in `test_statements.py` (three-valued logic, the order
of NULL and NaN, LIMIT 0, overflow: families nulls, ordering, numbers). Runaway statements are in
`query/test_streams.py`, counts and styles of parameters in `test_parameters.py`.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.errors import (
    DeeplakeError,
    DimensionError,
    DtypeError,
    NotFiniteError,
    NumericOverflowError,
    QueryError,
    RefNotFoundError,
    TableNotFoundError,
    UnsupportedQueryError,
)
from deeplake.sql.parameters import number, original


@pytest.fixture(scope="module")
def db():
    """Nobody changes it; `same` says so."""
    db = deeplake.connect("mem://bad-input")
    db.execute(
        "CREATE TABLE gens (id int PRIMARY KEY, prompt text, rating float8, emb vector(3), "
        "big bigint, meta jsonb, latent TENSOR(uint8, 2), price numeric(5,2), nums int[], "
        "pic image)"
    )
    db.execute(
        "INSERT INTO gens (id, prompt, rating, emb, big, meta, price, nums) VALUES "
        "(1, '猫', 1.5, '[1,2,3]', 5, '{}', 1.5, '{1}'), (2, NULL, 'nan', '[0,0,0]', 7, "
        "NULL, NULL, NULL)"
    )
    db.branch("other")
    db.execute("CREATE TABLE secret (a int)")
    db.execute("INSERT INTO secret VALUES (1)")
    db.checkout("main")
    return db


@pytest.fixture(autouse=True)
def same(db):
    """Nothing that is refused writes anything."""
    before = db.commit_id, db.branches(), db.tables()
    yield
    db.rollback()
    assert (db.commit_id, db.branches(), db.tables()) == before
    assert db.execute("SELECT count(*) FROM gens").fetchall() == [(2,)]


def refused(db, sql, parameters=None):
    with pytest.raises(DeeplakeError) as caught:
        db.execute(sql, parameters).fetchall()
    return caught.value


# --- where it is -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELECT '猫猫é' AS \"ü\", ¦frm gens", None),
        ("SELECT 'é猫' || ¦nope FROM gens", None),
        ("SELECT '😀😀', ¦x.id FROM gens", None),
        ("SELECT '猫', ¦lenght(prompt) FROM gens", None),
        ("SELECT id FROM gens WHERE '猫' = 'é' AND 1 = 5 + ¦'a'", None),
        ("SELECT '猫' FROM gens WHERE ¦rating", None),
        ("SELECT id FROM gens WHERE prompt = '猫' AND ¦id", None),
        ("SELECT id FROM gens WHERE id > 0 AND '猫' <> '' AND ¦id OR id = 1", None),
        ("DELETE FROM gens WHERE prompt = '猫' AND ¦id", None),
        ("SELECT '猫', ¦'[1,2]'::vector(3)", None),
        ("SELECT '猫', ¦'[1,nan,2]'::vector", None),
        ("SELECT '猫' /* 猫 /* é */ */, ¦nope FROM gens", None),
        ("SELECT '猫' -- é猫\n, ¦nope FROM gens", None),
        ("SELECT %s, '猫', ¦nope FROM gens", [1]),
        (
            "SELECT 5 %% 3, '猫%%', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, ¦nope FROM gens",
            [1] * 10,
        ),
        (
            "SELECT :a_long_name, '猫', :b, :a_long_name, ¦nope FROM gens",
            {"a_long_name": 1, "b": 2},
        ),
        ("SELECT %(a)s, '猫', ¦nope FROM gens", {"a": 1}),
        ("SELECT :a_long_name, /* %s */ frm gens ¦x y z", {"a_long_name": 1}),
        ("SELECT :猫, ¦nope FROM gens", {"猫": 1}),
        ("SELECT $1, '猫', ¦nope FROM gens", ["x"]),
        ("UPDATE gens SET prompt = '猫' WHERE :long_name = id AND ¦nope = 1", {"long_name": 1}),
        ("INSERT INTO gens (id) SELECT :long_name + ¦nope FROM gens", {"long_name": 1}),
        ("EXPLAIN SELECT :long_name, ¦nope FROM gens", {"long_name": 1}),
    ],
)
def test_the_place_counts_characters_of_the_text_as_it_was_given(db, sql, parameters):
    place = sql.index("¦") + 1
    text = sql.replace("¦", "")
    error = refused(db, text, parameters)
    assert error.position == place, f"{error}: {text[: error.position - 1]}¦"
    if "at character" in str(error):
        assert f"at character {place}" in str(error)


def test_the_place_in_a_condition_is_one_of_the_condition(db):
    ds = db.table("gens")
    for condition, given_ in (("prompt = '猫' AND ¦nope > 1", None),
                              ("rating > :a_name AND ¦nope", {"a_name": 1})):  # fmt: skip
        place, text = condition.index("¦") + 1, condition.replace("¦", "")
        for ask in (
            lambda t=text, g=given_: ds.filter(t, g),
            lambda t=text, g=given_: ds.delete(where=t, parameters=g),
            lambda t=text, g=given_: ds.update({"rating": 1}, where=t, parameters=g),
        ):
            with pytest.raises(QueryError) as caught:
                ask()
            assert caught.value.position == place, caught.value
    with pytest.raises(QueryError) as caught:
        db.query("SELECT :a_long_name, nope FROM gens", {"a_long_name": 1})
    assert caught.value.position == 22


PIECES = st.lists(st.sampled_from(
    ["'%s :a'", "%s", "%s", "%%", "猫", " ", "/* :a /* %s */ */", '"%s é"', "-- %s\n", "$$ %s $$"]
), max_size=14)  # fmt: skip


@given(PIECES, st.data())
def test_any_place_is_found_again(pieces, data):
    """Every character that numbering leaves is at a place of the text as it was given."""
    text = " ".join(pieces)
    values = [0] * pieces.count("%s")
    numbered = number(text, values).text
    at = data.draw(st.integers(1, len(numbered) + 1))
    found = original(text, values, at)
    assert 1 <= found <= len(text) + 1
    if at == len(numbered) + 1:
        assert found == len(text) + 1
    elif numbered[at - 1] not in "$0123456789 %":
        assert text[found - 1] == numbered[at - 1]


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "state", "hint"),
    [
        ("SELECT ratin FROM gens", "42703", "Did you mean 'rating'?"),
        ("SELECT g.ratin FROM gens g", "42703", "Did you mean 'rating'?"),
        ("SELECT gen.id FROM gens", "42P01", "Did you mean 'gens'?"),
        ("SELECT * FROM gen", "42P01", "Did you mean 'gens'?"),
        ("SELECT lenght(prompt) FROM gens", "0A000", "Did you mean 'length'?"),
        ("SELECT cosine_similarty(emb, emb) FROM gens", "0A000", "'cosine_similarity'"),
        ("INSERT INTO gens (idd) VALUES (1)", "42703", "Did you mean 'id'?"),
        ("UPDATE gens SET ratin = 1", "42703", "Did you mean 'rating'?"),
        ("DELETE FROM gen", "42P01", "Did you mean 'gens'?"),
        ("DROP TABLE gen", "42P01", "Did you mean 'gens'?"),
        ('SELECT * FROM "gens@othr"', "42704", "Did you mean 'other'?"),
        ("SELECT * FROM at('gens', 'mian')", "42704", "Did you mean 'main'?"),
    ],
)
def test_unknown_names_come_with_the_nearest(db, sql, state, hint):
    error = refused(db, sql)
    assert error.sqlstate == state
    assert hint in error.hint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM secret", "INSERT INTO secret VALUES (2)", "DELETE FROM secret",
        "SELECT * FROM gens JOIN secret ON true", "UPDATE gens SET id = 5 FROM secret",
    ],
)  # fmt: skip
def test_a_table_that_another_branch_has_is_told(db, sql):
    error = refused(db, sql)
    assert isinstance(error, TableNotFoundError)
    assert "Branch 'other' has it" in error.hint
    assert '"secret@other"' in error.hint
    assert db.execute('SELECT a FROM "secret@other"').fetchall() == [(1,)]
    assert "Branch" not in refused(db, "SELECT * FROM nowhere").hint


def test_a_view_of_a_column_that_was_dropped():
    db = deeplake.connect("mem://bad-input-views")
    db.execute("CREATE TABLE t (id int, prompt text, n int)")
    db.execute("INSERT INTO t VALUES (1, 'a', 2)")
    db.execute("CREATE VIEW v AS SELECT id, prompt FROM t WHERE n > 1")
    db.execute("CREATE VIEW w AS SELECT id FROM v")
    pinned = db.query("SELECT prompt FROM t")
    named = db.table("t").filter("prompt = 'a'")
    db.save_view("kept", db.query("SELECT prompt FROM t WHERE n = 2"))
    db.table("t").drop_column("prompt")
    db.commit("dropped")
    for sql in ("SELECT * FROM v", "SELECT 'é', id FROM v", "SELECT count(*) FROM t, w"):
        error = refused(db, sql)
        assert (error.sqlstate, error.position) == ("42703", None), "not a place of this text"
        assert 'column "prompt" does not exist' in error.message
        assert "view 'v'" in error.hint
    with pytest.raises(QueryError, match="prompt"):
        db.query("SELECT * FROM v")
    assert pinned.fetchall() == [("a",)], "a view that is pinned has its column for ever"
    assert len(named) == 1
    assert db.load_view("kept").fetchall() == [("a",)]
    assert db.execute("SELECT * FROM t").fetchall() == [(1, 2)]
    db.execute("CREATE OR REPLACE VIEW v AS SELECT id, 'none' AS prompt FROM t")
    assert db.execute("SELECT * FROM w").fetchall() == [(1,)]


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "parameters", "state"),
    [
        ("SELECT id FROM gens WHERE rating", None, "42804"),
        ("DELETE FROM gens WHERE id", None, "42804"),
        ("UPDATE gens SET rating = 1 WHERE 'x'", None, "22P02"),
        ("SELECT id FROM gens GROUP BY id HAVING max(id)", None, "42804"),
        ("SELECT g.id FROM gens g JOIN gens h ON g.id", None, "42804"),
        ("SELECT CASE WHEN id THEN 1 END FROM gens", None, "42804"),
        ("SELECT '[1,2]'::vector(3)", None, "22000"),
        ("SELECT '[1,nan,2]'::vector", None, "22000"),
        ("SELECT '[1,inf,2]'::vector", None, "22000"),
        ("SELECT '[]'::vector", None, "22000"),
        ("SELECT %s::vector", [np.array([1, np.nan])], "22000"),
        ("SELECT %s::vector", [[1, float("inf")]], "22000"),
        ("SELECT %s::halfvec", [np.array([1, np.nan])], "22000"),
        ("SELECT %s::vector", [np.zeros(0)], "22000"),
        ("SELECT %s::vector(3)", [np.ones(2)], "22000"),
        ("SELECT emb <-> %s FROM gens", [np.array([1, np.nan, 2])], "22000"),
        ("SELECT id FROM gens ORDER BY emb <-> %s LIMIT 1", [np.array([np.nan, 1, 1])], "22000"),
        ("SELECT id FROM gens ORDER BY emb <=> %s LIMIT 1", [np.ones(2)], "22000"),
        ("SELECT emb <-> '[1,2]' FROM gens", None, "22000"),
        ("SELECT id / 0 FROM gens", None, "22012"),
        ("SELECT id % 0 FROM gens", None, "22012"),
        ("SELECT rating / 0 FROM gens", None, "22012"),
        ("SELECT price / 0 FROM gens", None, "22012"),
        ("UPDATE gens SET rating = 1 / (id - 1)", None, "22012"),
        ("INSERT INTO gens (id) SELECT 1 / (id - 1) FROM gens", None, "22012"),
        ("SELECT 2147483647 + id FROM gens", None, "22003"),
        ("SELECT big * 9223372036854775807 FROM gens", None, "22003"),
        ("SELECT 1e308::float8 * 10", None, "22003"),
        ("SELECT 99999999999::int", None, "22003"),
        ("UPDATE gens SET price = 1000", None, "22003"),
        ("UPDATE gens SET id = id + 2147483646", None, "22003"),
        ("SELECT id FROM gens LIMIT -1", None, "2201W"),
        ("SELECT id FROM gens OFFSET -1", None, "2201X"),
        ("SELECT id FROM gens LIMIT 'x'", None, "22P02"),
        ("INSERT INTO gens (id) VALUES ('x')", None, "22P02"),
        ("INSERT INTO gens (id, meta) VALUES (3, '{')", None, "22P02"),
        ("SELECT prompt + 1 FROM gens", None, "42883"),
        ("SELECT id || nums FROM gens WHERE nums = meta", None, "42883"),
    ],
)
def test_values_that_do_not_fit(db, sql, parameters, state):
    assert refused(db, sql, parameters).sqlstate == state


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("emb", np.ones(2), DimensionError), ("emb", "[1,2]", DimensionError),
        ("emb", np.array([1, np.nan, 2]), NotFiniteError), ("emb", np.ones((1, 3)), DimensionError),
        ("latent", np.zeros(3, np.uint8), DimensionError),
        ("latent", np.zeros(2, np.float32), DtypeError), ("id", 1 << 40, NumericOverflowError),
    ],
)  # fmt: skip
def test_values_of_python_that_do_not_fit_their_column(db, column, value, kind):
    for sql in (f"INSERT INTO gens ({column}) VALUES (%s)", f"UPDATE gens SET {column} = %s"):
        assert isinstance(refused(db, sql, [value]), kind)


def test_a_zero_vector_under_cosine_is_far_and_never_near(db):
    """As pgvector: NaN, which sorts behind every distance."""
    zero = np.zeros(3)
    for vector in (zero, "[0,0,0]"):
        rows = db.execute("SELECT emb <=> %s, cosine_similarity(emb, %s) FROM gens", [vector] * 2)
        assert np.isnan(np.array(rows.fetchall())).all()
        order = "SELECT id FROM gens ORDER BY emb <=> %s, id LIMIT 2"
        assert db.execute(order, [vector]).fetchall() == [(1,), (2,)]
    near = "SELECT id FROM gens ORDER BY emb <=> %s LIMIT 2"
    assert db.execute(near, [np.array([-1, -2, -3])]).fetchall() == [(1,), (2,)]
    assert db.execute("SELECT id FROM gens WHERE emb <=> '[1,2,3]' < 3").fetchall() == [(1,)]
    assert db.execute("SELECT id FROM gens WHERE emb <=> '[0,0,0]' < 3").fetchall() == []


def test_limit_of_nothing_has_columns_and_no_rows(db):
    for tail in ("LIMIT 0", "LIMIT 0 OFFSET 1", "OFFSET 5", "ORDER BY emb <-> '[1,1,1]' LIMIT 0"):
        cursor = db.execute(f"SELECT id, pic, emb FROM gens {tail}")
        assert [column[0] for column in cursor.description] == ["id", "pic", "emb"]
        assert cursor.fetchall() == []
        assert db.execute(f"SELECT id, pic FROM gens {tail}").arrow().num_rows == 0


def test_null_and_nan_take_their_places(db):
    def column(sql):
        return [value for (value,) in db.execute(sql)]

    base = "SELECT x FROM (VALUES (1.0::float8), (NULL), ('nan'), ('-inf'), (2)) v(x) "
    assert repr(column(base + "ORDER BY x")) == "[-inf, 1.0, 2.0, nan, None]"
    assert repr(column(base + "ORDER BY x DESC")) == "[None, nan, 2.0, 1.0, -inf]"
    assert repr(column(base + "ORDER BY x DESC NULLS LAST")) == "[nan, 2.0, 1.0, -inf, None]"
    assert repr(column(base + "WHERE x > 1")) == "[nan, 2.0]"
    assert column(base + "WHERE NOT x > 1") == [1.0, float("-inf")]
    assert column("SELECT (NULL AND false) IS false") == [True]
    assert column("SELECT id FROM gens WHERE id NOT IN (1, NULL)") == []


# --- texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2", "INSERT INTO gens (id) VALUES (8); DROP TABLE gens",
        "SELECT 1;; DELETE FROM gens", "BEGIN; DELETE FROM gens; COMMIT",
        "CREATE TABLE x (a int); CREATE TABLE y (a int)",
    ],
)  # fmt: skip
def test_two_statements_in_one_text_run_neither(db, sql):
    error = refused(db, sql)
    assert error.sqlstate == "42601"
    assert "one by one" in error.hint
    with pytest.raises(QueryError, match="statements"):
        db.query(sql)
    with pytest.raises(QueryError):
        db.executemany(sql, [[]])
    assert db.execute("SELECT 1;").fetchall() == [(1,)]


EVIL = (
    "'; DROP TABLE gens; --", "' OR 1=1 --", "x'); DELETE FROM gens; --",
    "\\'; DELETE FROM gens --",
    '"; DROP TABLE gens; --', "%s", ":a", "$1", "%", "\\", "é'猫", "/*", "*/ 1 /*", "$$ $$", "{0}",
    "{t.__class__}", "\u202e", "\ufffd", "\n;\n",
)  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
def test_a_parameter_is_never_more_than_a_value(db, evil):
    ds = db.table("gens")
    assert db.execute("SELECT %s, %s || ''", [evil, evil]).fetchall() == [(evil, evil)]
    assert db.execute("SELECT :v", {"v": evil}).fetchall() == [(evil,)]
    assert db.execute("SELECT $1::text LIMIT 1", [evil]).fetchall() == [(evil,)]
    assert db.execute("SELECT %s::jsonb", [{evil: [evil]}]).fetchall() == [({evil: [evil]},)]
    assert db.execute("SELECT id FROM gens WHERE prompt = %s", [evil]).fetchall() == []
    assert db.execute("SELECT id FROM gens WHERE prompt = ANY(%s)", [[evil]]).fetchall() == []
    assert len(ds.filter("prompt = %s", [evil])) == 0
    assert ds.delete(where="prompt = :v", parameters={"v": evil}) == 0
    db.execute("BEGIN")
    db.execute("UPDATE gens SET prompt = %s WHERE id = 1", [evil])
    assert db.execute("SELECT prompt FROM gens WHERE prompt = %s", [evil]).fetchall() == [(evil,)]
    db.execute("ROLLBACK")
    with pytest.raises(RefNotFoundError):
        db.execute("SELECT * FROM at('gens', %s)", [evil])
    with pytest.raises(DeeplakeError):
        db.execute("SELECT deeplake_checkout(%s)", [evil])
    with pytest.raises(DeeplakeError):
        db.dataloader(evil).to_numpy()
    with pytest.raises(DeeplakeError):
        db.dataloader("gens").columns([evil]).to_numpy()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_any_text_comes_back_as_it_is(db, text):
    assert db.execute("SELECT %s, %s = %s", [text, text, text]).fetchall() == [(text, True)]


@pytest.mark.parametrize(
    "condition",
    [
        "true) OR (true", "id = 1; DROP TABLE gens", "true UNION SELECT * FROM gens",
        "true ORDER BY id", "true LIMIT 1", "true GROUP BY id", "true --", "id = 1 FOR UPDATE",
    ],
)  # fmt: skip
def test_a_condition_is_a_condition_and_no_more(db, condition):
    ds = db.table("gens")
    if condition != "true --":
        with pytest.raises(QueryError):
            ds.delete(where=condition)
    with pytest.raises(QueryError):
        db.dataloader("gens").filter(condition).filter("id >").to_numpy()
    assert len(ds) == 2


@pytest.mark.parametrize(
    "sql", ["", "   ", ";", "-- nothing", "/* nothing */", "frobnicate", "SELECT \0"]
)
def test_what_is_no_statement(db, sql):
    assert refused(db, sql).sqlstate in ("42601", "22021")


@pytest.mark.parametrize(("text", "parameters", "hint"), [
    ("SELECT 1 FROM gens WHERE id IN %s", [[1, 2]], "= ANY(%s) takes a list"),
    ("SELECT 1 FROM gens WHERE id = :x", None, "in a mapping"),
    ("SELECT 1 FROM gens WHERE id = ?", [1], "Write %s for each value"),
    ("SELECT 1 FROM gens WHERE id == 1", None, "Write = for equal"),
])  # fmt: skip
def test_habits_of_other_drivers_are_told_the_way_out(db, text, parameters, hint):
    with pytest.raises(QueryError) as caught:
        db.execute(text, parameters)
    assert hint in caught.value.hint


@pytest.mark.parametrize(("sql", "told"), [
    ("CREATE INDEX ON gens (rating)", "INDEX is not supported. There are no indexes yet"),
    ("CREATE EXTENSION vector", "EXTENSION is not supported. Types and operators of vectors are t"),
    ("VACUUM", "VACUUM is not supported. Call db.vacuum() or db.optimize()."),
    ("SHOW TABLES", "SHOW is not supported. db.tables() names the tables"),
    ("SET search_path TO x", "SET is not supported."),
    ("SELECT table_name FROM information_schema.tables", '"tables" does not exist. db.tables() na'),
    ("SELECT relname FROM pg_catalog.pg_class", '"pg_class" does not exist. db.tables() names'),
])  # fmt: skip
def test_what_a_server_has_is_told_the_way_out(db, sql, told):
    with pytest.raises(DeeplakeError) as caught:
        db.execute(sql)
    assert told in str(caught.value)


@pytest.mark.parametrize("sql", [
    "SELECT null IN (array['1'::json])",
    "SELECT null = array['1'::json]",
    "SELECT array['1'::json] IN (null)",
    "SELECT NOT null IN (array['1'::json], array['2'::json])",
])  # fmt: skip
def test_null_beside_arrays_of_json_is_not_said_to_fail_in_postgres(sql, judge_connection, judged):
    """Postgres looks at NULL first and answers NULL; it refuses what it compares, as we do."""
    assert judge_connection.execute(sql).fetchall() == [(None,)]
    with pytest.raises(UnsupportedQueryError, match="of arrays of json is not supported"):
        judged.execute(sql)
    for both in ("array['1'::json] = array['1'::json]", "array['1'::json] IN (array['1'::json])"):
        with pytest.raises(QueryError, match="equality operator for type json") as caught:
            judged.execute(f"SELECT {both}")
        assert caught.value.sqlstate == "42883"
