"""Conditions pushed down to scans, and what statistics leave out: the same rows, fewer read."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.query.statement import run
from deeplake.storage.memory import MemoryStore
from deeplake.testing.asking import (
    STATES,
    comparable,
    fast_rows,
    history,
    planned,
    slow_rows,
    table_in,
    traced,
)
from deeplake.testing.tracing import TracingStore

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def db():
    return history("pruning", 1)


@pytest.fixture(scope="module")
def other():
    return history("pruning", 2)


INTS = st.integers(-60, 60)
OPERATORS = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
FLOATS = st.sampled_from(
    ["0", "-2", "1.5", "'nan'::float8", "'-inf'::float8", "0.1", "'1e300'::float8", "2.25", "7"]
)
TEXTS = st.sampled_from(
    [
        "''",
        "'a'",
        "'abc'",
        "'a text that is longer than a bound 1'",
        "'a text that is'",
        "'é'",
        "'~'",
    ]
)


def _compared(column, values):
    return st.builds(lambda o, v: f"{column} {o} {v}", OPERATORS, values)


MOVED = st.builds(
    lambda type_, day, sign, by: f"{type_} '2020-01-{day:02d}' {sign} interval '{by}'",
    st.sampled_from(["date", "timestamp"]), st.integers(1, 28), st.sampled_from("+-"),
    st.sampled_from(["3 days", "1 month", "-1 day 12:00", "0", "00:00:00.000001", "1 year 4 mons"]),
)  # fmt: skip


def _among(column, values, most=12):
    return st.builds(
        lambda word, listed: f"{column} {word} ({', '.join(map(str, listed))})",
        st.sampled_from(["IN", "NOT IN"]),
        st.lists(values, min_size=1, max_size=most),
    )


SIMPLE = st.one_of(
    _compared("a", INTS),
    _compared(
        "a", st.sampled_from(["2.5", "-0.5", "3.0", "7::bigint", "99999999999", "2.0::float8"])
    ),
    _compared("id", st.integers(0, 320)),
    _compared("f", FLOATS),
    _compared("g", FLOATS),
    _compared("s", TEXTS),
    _compared("b", st.sampled_from(["true", "false", "NULL"])),
    _compared("d", st.dates().map(lambda d: f"'2020-01-{d.day:02d}'")),
    _compared("d", MOVED),
    _compared("at", MOVED),
    _compared("at", st.integers(0, 23).map(lambda h: f"'2021-05-01 {h:02d}:00:00.000001'")),
    _compared(
        "u", st.sampled_from(["7", "0", "9223372036854775813", "18446744073709551615", "6.5"])
    ),
    st.builds(lambda o, x: f"{x} {o} a", OPERATORS, INTS),
    st.builds(lambda x, y: f"a BETWEEN {x} AND {y}", INTS, INTS),
    st.builds(lambda x, y: f"a NOT BETWEEN {x} AND {y}", INTS, INTS),
    st.lists(INTS, min_size=1, max_size=12).map(lambda x: f"a IN ({', '.join(map(str, x))})"),
    st.lists(INTS, min_size=1, max_size=3).map(
        lambda x: f"a NOT IN ({', '.join(map(str, x))}, NULL)"
    ),
    _among("a", INTS),
    _among("f", FLOATS),
    _among("g", FLOATS),
    _among("s", TEXTS),
    _among("s", st.text("abz", max_size=3).map(lambda x: f"'{x}'"), 30),
    _among("u", st.sampled_from(["7", "0", "9223372036854775813", "18446744073709551615", "6.5"])),
    st.sampled_from(["a", "f", "s", "b", "img", "v", "d"]).map(lambda c: f"{c} IS NULL"),
    st.sampled_from(["a", "f", "s", "b", "img", "v", "u"]).map(lambda c: f"{c} IS NOT NULL"),
    st.sampled_from(
        ["'a%'", "'%'", "'a text that is longer%'", "'ab'", "'a%c'", "'_b%'", "'zz%'"]
    ).map(lambda p: f"s LIKE {p}"),
    st.sampled_from(["b", "NOT b", "b IS TRUE", "b IS NOT FALSE", "b IS UNKNOWN", "b IS FALSE"]),
    st.sampled_from(["NULL", "true", "false", "s || 'x' = 'ax'", "a + 1 > 3", "a / 2 = 3"]),
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(lambda x, y: f"({x} AND {y})", inner, inner),
        st.builds(lambda x, y: f"({x} OR {y})", inner, inner),
        inner.map(lambda x: f"NOT ({x})"),
    ),
    max_leaves=5,
)


@given(CONDITIONS, st.sampled_from(STATES), st.booleans())
def test_rows_are_those_that_the_engine_finds_alone(db, other, condition, state, second):
    sql = f"SELECT id, a, s, f, img FROM {table_in(state)} WHERE {condition}"
    asked = other if second else db
    found = comparable(fast_rows(asked, sql))
    assert sorted(found) == sorted(comparable(slow_rows(asked, sql)))


@given(CONDITIONS, st.sampled_from(STATES))
def test_counts_are_those_that_the_engine_finds_alone(db, condition, state):
    sql = (
        "SELECT count(*), count(a), count(img), min(a), max(a), min(f), max(f), min(d), max(g), "
        f"min(u), max(id) FROM {table_in(state)} WHERE {condition}"
    )
    assert comparable(fast_rows(db, sql)) == comparable(slow_rows(db, sql))


@pytest.mark.parametrize("state", STATES)
def test_totals_of_all_rows_are_those_of_the_engine(db, state):
    columns = ["id", "a", "f", "g", "d", "at", "s"]
    asked = ", ".join(f"{f}({c})" for c in columns for f in ("min", "max", "count"))
    sql = f"SELECT count(*), {asked}, sum(a), count(v), count(late_default) FROM {table_in(state)}"
    if state == "appended":
        sql = sql.replace(", count(late_default)", "")
    assert comparable(fast_rows(db, sql)) == comparable(slow_rows(db, sql))


@given(
    st.lists(CONDITIONS, min_size=3, max_size=3),
    st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]),
    st.sampled_from(STATES),
)
def test_joins_keep_what_they_fill_up_with_nulls(db, conditions, join, state):
    on, left, right = conditions
    renamed = [
        " ".join(_aliased(word, alias) for word in text.split(" "))
        for text, alias in ((on, "y"), (left, "x"), (right, "y"))
    ]
    keys = f"x.id = y.id + 1 AND ({renamed[0]})"
    if join == "FULL JOIN":
        keys = "x.id = y.id + 1"
    sql = (
        f"SELECT x.id, y.id, y.a FROM {table_in(state)} x {join} t y ON {keys} "
        f"WHERE ({renamed[1]}) AND (({renamed[2]}) OR y.id IS NULL)"
    )
    assert sorted(comparable(fast_rows(db, sql))) == sorted(comparable(slow_rows(db, sql)))


def _aliased(word, alias):
    """A word of a condition with the alias before names of columns."""
    bare = word.strip("(),")
    columns = {"a", "id", "f", "g", "s", "b", "d", "at", "u", "img", "v"}
    return word.replace(bare, f"{alias}.{bare}", 1) if bare in columns else word


WITHIN = (
    "SELECT id FROM (SELECT * FROM {t}) q WHERE {c}",
    "WITH w AS (SELECT * FROM {t} WHERE a > 0) SELECT id FROM w WHERE {c}",
    "SELECT id FROM (SELECT * FROM {t} ORDER BY id LIMIT 50) q WHERE {c}",
    "SELECT id FROM (SELECT DISTINCT ON (a) * FROM {t} ORDER BY a, id) q WHERE {c}",
    "SELECT id FROM (SELECT *, row_number() OVER (ORDER BY id) n FROM {t}) q WHERE n < 90 AND {c}",
    "WITH w AS (SELECT * FROM {t}) SELECT p.id FROM w p, w q WHERE p.id = q.id AND p.a > 3",
    "SELECT id FROM {t} o WHERE EXISTS (SELECT 1 FROM {t} WHERE {c} AND o.id = id + 1)",
)


@given(CONDITIONS, st.sampled_from(STATES), st.sampled_from(WITHIN))
def test_queries_within_queries_hand_conditions_down(db, condition, state, sql):
    sql = sql.replace("{t}", table_in(state)).replace("{c}", f"({condition})")
    assert sorted(comparable(fast_rows(db, sql))) == sorted(comparable(slow_rows(db, sql)))


@given(st.sampled_from(STATES), INTS, st.sampled_from(["a", "f", "id", "at"]), st.booleans())
def test_parameters_are_values_of_conditions(db, state, value, column, negated):
    moment = dt.datetime(2021, 5, 1, abs(value) % 24)
    given_value = {"f": float(value), "at": moment}
    operator = "<" if negated else ">="
    sql = f"SELECT id FROM {table_in(state)} WHERE {column} {operator} %s"
    parameters = [given_value.get(column, value)]
    assert sorted(fast_rows(db, sql, parameters)) == sorted(slow_rows(db, sql, parameters))
    assert sorted(fast_rows(db, sql, [None])) == []


# --- how much is read -------------------------------------------------------------------------


def in_order(
    parts: int, rows: int = 100, **traces: object
) -> tuple[deeplake.Database, TracingStore]:
    """A table of fragments whose ids follow one another, on a store that counts."""
    store = TracingStore(MemoryStore(), **traces)
    db = deeplake.api.database.Database(store, "main", optimizes=False)
    table = db.create_table("t", {"id": "int", "score": "float", "name": "text", "img": "blob"})
    for part in range(parts):
        table.extend([
            {"id": i, "score": i / 7, "name": f"n{i:09d}", "img": bytes(3000)}
            for i in range(part * rows, (part + 1) * rows)
        ])  # fmt: skip
        db.commit(f"part {part}")
    return db, store


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("id = 4321", 1),
        ("id IN (5, 4321)", 2),
        ("id BETWEEN 150 AND 250", 2),
        ("score > 900", 0),
        ("name LIKE 'n00000432%'", 1),
        ("name = 'n000004321' AND score > 0", 1),
        ("id < 50 OR id >= 5950", 2),
        ("id IS NULL", 0),
        ("NOT (id >= 100)", 1),
        ("id < %s", 1),
        ("name < 'n0000001'", 1),
    ],
)
def test_only_fragments_that_may_hold_such_rows_are_read(condition, left):
    db, _ = in_order(60)
    rows, trace = traced(
        db, f"SELECT id FROM t WHERE {condition}", [100] if "%s" in condition else None
    )
    (scan,) = trace.scans
    assert scan.fragments == left
    assert scan.left.size == 100 * left
    assert scan.fragments + scan.pruned + 32 * scan.nodes == 60
    assert sorted(rows) == sorted(
        slow_rows(db, f"SELECT id FROM t WHERE {condition}", [100] if "%s" in condition else None)
    )


def test_requests_are_as_many_as_fragments_that_survive():
    _, store = in_order(64, remote=True)
    counts = {}
    for width in (1, 4, 16):
        fresh = deeplake.api.database.Database(store, "main", optimizes=False)
        plan, tables, values = planned(fresh, f"SELECT score FROM t WHERE id < {width * 100}")
        store.reset()
        assert len(list(run(plan, tables, values).rows())) == width * 100
        counts[width] = store.count()
    assert counts[16] - counts[4] == 4 * (counts[4] - counts[1])
    assert counts[1] <= 10
