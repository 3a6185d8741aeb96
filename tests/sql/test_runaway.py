"""Statements that are long, deep or interrupted while they are planned."""

from __future__ import annotations

import sys
import threading

import pytest

import deeplake
from deeplake import settings
from deeplake.errors import QueryError
from deeplake.query import tests as conditions
from deeplake.query.control import LOOKS_EVERY, Planning
from deeplake.query.plan import plan_of
from deeplake.query.tests import Within
from deeplake.sql.depth import depth


@pytest.fixture
def db():
    db = deeplake.connect("mem://test-runaway")
    if not db.tables():
        db.create_table("t", {"id": "int", "small": "int16", "f": "float", "s": "text"}).extend(
            [{"id": k, "small": k, "f": k / 2, "s": f"s{k}"} for k in range(20)]
        )
        db.commit("rows")
    return db


CHAINS = {
    "operators": ("select 1", " + 1", ""),
    "casts": ("select 1", "::int", ""),
    "joins": ("select 1 from t", " join t on true", ""),
    "set operations": ("select 1, 2", " union all select 1, 2", ""),
    "is null": ("select 1", " is null", ""),
    "collations": ("select 'a'", ' collate "C"', ""),
    "calls": ("select ", "abs(", "1"),
    "not": ("select ", "not ", "true"),
    "cases": ("select ", "case when true then ", "1"),
    "parentheses of the left side": ("select " + "(" * 4000 + "1", " + 1)", ""),
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_a_text_that_nests_too_deep_is_refused_before_it_is_parsed(db, chain):
    first, more, last = chain
    for count in (4000, 40_000):  # 20,000 levels of the parser end the process
        with pytest.raises(QueryError) as caught:
            db.execute(first + more * count + last)
        assert caught.value.sqlstate == "54001"


@pytest.mark.parametrize(
    "text",
    [
        "select " + ", ".join(["-1 + 2"] * 5000),
        "select 1 in (" + ", ".join(["-1"] * 5000) + ")",
        "select case " + "when a = 1 then -b " * 5000 + "end from t",
        "select 1 where " + " or ".join(["a = 1 and f(b + c) < 2"] * 5000),
        "insert into t values " + ", ".join(["(-1, 2 * 3, f(a + b))"] * 5000),
        "select '" + "+ ( " * 5000 + "' || $$" + "( + " * 5000 + "$$ -- " + "( " * 5000,
    ],
)
def test_what_stands_side_by_side_does_not_nest(text):
    assert depth(text, 1000) < 12


def test_a_deep_statement_leaves_the_limit_of_the_decoder_as_it_was(db):
    import postgast
    from google.protobuf.message import DecodeError

    chain = "select 1" + " + 1" * 200
    assert db.execute(chain).fetchall() == [(201,)]
    with pytest.raises(DecodeError):
        postgast.parse(chain)


LISTS = {
    "in": "select id from t where id in ({})",
    "not in": "select id from t where id not in ({})",
    "any": "select id from t where id = any(array[{}])",
    "a literal": "select id from t where id = any('{{{}}}')",
    "all": "select id from t where id <> all(array[{}])",
    "of another kind": "select id from t where f in ({})",
    "smaller": "select id from t where small in ({})",
}


def planned(db, text, values=()):
    from deeplake.api.catalog import Tables
    from deeplake.sql.parse import parse
    from deeplake.sql.select import bind_select

    with Planning() as planning:
        _, node = parse(text)
        statement, _ = bind_select(text, node, Tables(db), values)
        plan = plan_of(statement)
        (scan,) = plan.scans
        names = {column.name: column.column for column in scan.columns}
        tests = [
            conditions.test_of(condition, names, values) for condition in plan.shape.conditions
        ]
        return planning.taken, tests


def work(doing):
    """Calls of functions while something is done, of Python's and of C's."""
    count = 0

    def counted(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        doing()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_a_list_of_constants_costs_what_it_is_long(db, text):
    texts = {n: text.format(", ".join(map(str, range(n)))) for n in (1000, 4000)}
    steps = {n: planned(db, text)[0] for n, text in texts.items()}
    assert steps[4000] < 4.1 * steps[1000]
    assert steps[4000] < 6 * 4000
    calls = {n: work(lambda text=text: planned(db, text)) for n, text in texts.items()}
    assert calls[4000] < 4.5 * calls[1000]


def test_a_short_statement_is_planned_in_few_calls(db):
    text = "select id, f from t where small = $1 and f > $2 order by f desc limit 5"
    planned(db, text, [7, 0.5])
    assert work(lambda: planned(db, text, [7, 0.5])) < 1700, "2,408 with a step for each tuple"


def test_a_list_of_constants_is_one_test(db):
    _, (test,) = planned(db, "select id from t where id in (3, 1, 1, 2)")
    assert test == Within("id", (1, 2, 3))
    _, (test,) = planned(db, "select id from t where s not in ('b', 'a')")
    assert test == Within("s", (b"a", b"b"), negated=True)


@pytest.mark.parametrize(
    "text",
    [
        "select case {} end from t".format(
            " ".join(f"when id = {k} then {k}" for k in range(3000))
        ),
        "select id from t where {}".format(" or ".join(f"id = {k}" for k in range(3000))),
        "select id from t where {}".format(
            " and ".join(f"id + small <> -{k}" for k in range(1, 500))
        ),
    ],
    ids=["case", "or", "and"],
)
def test_other_long_statements_are_answered(db, text):
    assert db.execute(text).fetchall()


def test_a_statement_beyond_the_steps_is_refused_with_the_way_out(db, monkeypatch):
    monkeypatch.setattr(settings, "PLAN_STEPS_MAX", 20_000)
    with pytest.raises(QueryError, match=r"= ANY\(%s\)") as caught:
        db.execute(f"select id from t where id in ({', '.join(map(str, range(20_001)))})")
    assert caught.value.sqlstate == "54001"
    many = [(f"x{k}", k) for k in range(1, 2001)]
    monkeypatch.setattr(settings, "PLAN_STEPS_MAX", 2000)
    assert db.executemany("update t set s = %s where id = -%s", many).rowcount == 0, "each anew"


class Interrupting(dict):
    """Parameters that interrupt the statement they belong to when they are read."""

    def __init__(self, db, values):
        super().__init__(values)
        self.db = db

    def __getitem__(self, name):
        assert self.db.interrupt() == 1
        return super().__getitem__(name)


@pytest.mark.parametrize(
    "text",
    [
        "select id from t where id in ({}) and id = :a",
        "insert into t (id) select id from t where id in ({}) and id = :a",
        "update t set id = 1 where id in ({}) and id = :a",
        "explain select id from t where id in ({}) and id = :a",
    ],
)
def test_planning_stops_within_so_many_steps_of_an_interrupt(db, text, monkeypatch):
    monkeypatch.setattr(settings, "PLAN_STEPS_MAX", 2 * LOOKS_EVERY)
    text = text.format(", ".join(map(str, range(20 * LOOKS_EVERY))))
    with pytest.raises(QueryError) as caught:
        db.execute(text, Interrupting(db, {"a": 1}))
    assert caught.value.sqlstate == "57014"
    assert db.interrupt() == 0


def test_another_thread_stops_a_statement_that_is_planned(db):
    done = threading.Event()

    def stop():
        while not done.is_set():
            if db.interrupt():
                return

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        with pytest.raises(QueryError) as caught:
            db.execute("select " + ", ".join(["f + 1"] * 30_000) + " from t")
    finally:
        done.set()
        thread.join()
    assert caught.value.sqlstate == "57014"


@pytest.mark.parametrize(
    "series",
    [
        "1, 3000000000",
        "0, 134217728",
        "9223372036854775807, -9223372036854775808, -1",
        "timestamp '2000-01-01', timestamp '2400-01-01', interval '1 second'",
        "%s, 9000000000",
    ],
)
def test_a_series_that_would_fill_the_memory_is_refused(db, series):
    given = [1] if "%s" in series else None
    with pytest.raises(QueryError, match="more than 134,217,728 rows") as caught:
        db.execute(f"SELECT count(*) FROM generate_series({series})", given).fetchall()
    assert caught.value.sqlstate == "54000"
