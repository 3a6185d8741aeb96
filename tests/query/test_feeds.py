"""What the engine is given: texts by number, decimals of 64 bits, columns whole once they pay."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.api.database import Database
from deeplake.query import feed
from deeplake.query.operands import UNCERTAIN, value_of
from deeplake.query.rows import Rows
from deeplake.storage.memory import MemoryStore
from deeplake.testing.asking import fast_rows, planned, slow_rows, traced

ROWS = 20_000


@pytest.fixture(scope="module")
def db():
    """Texts of which few differ, and of which most do; decimals of 18 digits and of 19."""
    made = Database(MemoryStore(), "main", optimizes=False)
    schema = {
        "id": "int", "few": "text", "many": "text", "small": "decimal(18,2)",
        "large": "decimal(19,2)", "x": "float",
    }  # fmt: skip
    made.create_table("t", schema).extend([
        {
            "id": k,
            "few": None if k % 7 == 3 else ["", "é", "AIR", "AIR REG"][k % 4],
            "many": None if k % 11 == 5 else f"text {k}",
            "small": None if k % 5 == 4 else Decimal(k - 9_000) * 1_111_111_111_111 / 100,
            "large": None if k % 6 == 4 else Decimal(9_000 - k) * 11_111_111_111_111 / 100,
            "x": k / 8,
        }
        for k in range(ROWS)
    ])  # fmt: skip
    made.commit("rows")
    return made


def view_of(db):
    return planned(db, "SELECT * FROM t")[1][0]


def test_texts_of_which_few_differ_come_by_number(db):
    view = view_of(db)
    few, many = view.values("few"), view.values("many")
    assert pa.types.is_dictionary(few.type)
    assert len(few.dictionary) == 4
    assert many.type == pa.large_string()
    assert view.values("few", plain=True).type == pa.large_string()
    assert view.values("few", Rows(), plain=True).type == pa.large_string()
    wanted = [None if k % 7 == 3 else ["", "é", "AIR", "AIR REG"][k % 4] for k in range(ROWS)]
    assert few.to_pylist() == view.values("few", plain=True).to_pylist() == wanted
    some = Rows(single=np.array([0, 3, 10, ROWS - 1]))
    assert view.values("few", some).to_pylist() == [wanted[k] for k in some.single]
    assert view.values("few", Rows(((5, 9),))).to_pylist() == wanted[5:9]


def test_few_texts_that_many_follow_come_as_they_are():
    array = pa.array(["a"] * feed.DICTIONARY_SAMPLE + [str(k) for k in range(9_000)])
    assert feed.by_number(array.cast(pa.large_string())).type == pa.large_string()
    for empty in (pa.array([], pa.large_string()), pa.nulls(3, pa.large_string())):
        assert feed.plain(feed.by_number(empty)).to_pylist() == empty.to_pylist()


def test_decimals_of_64_bits_are_those_of_128(db):
    view = view_of(db)
    small, large = view.values("small"), view.values("large")
    assert (small.type.bit_width, large.type.bit_width) == (64, 128)
    assert small.to_pylist()[:5] == [
        Decimal(k - 9_000) * 1_111_111_111_111 / 100 for k in range(4)
    ] + [None]  # fmt: skip
    least = db.execute("SELECT min(small), max(small), sum(small) FROM t").fetchall()
    values = [value for value in small.to_pylist() if value is not None]
    assert least == [(min(values), max(values), sum(values))]


ASKED = [
    "SELECT few, count(*), sum(small) FROM t GROUP BY few",
    "SELECT id, few, small FROM t WHERE few IN ('AIR', 'é') AND id % 97 = 0",
    "SELECT id FROM t WHERE few LIKE 'AIR%' AND few <> 'AIR' AND id < 500",
    "SELECT count(*) FROM t WHERE few IS NULL OR few > 'AIR'",
    "SELECT a.few, count(*) FROM t a JOIN t b ON a.few = b.few AND a.id = b.id + 4 GROUP BY 1",
    "SELECT few || '!', upper(few), length(few) FROM t WHERE id < 9",
    "SELECT initcap(few), few ~ 'R', regexp_replace(few, '(A)', '<\\1>', 'i'), lpad(few, 3) FROM t",
    "SELECT few, string_agg(few, ','), array_agg(DISTINCT few) FROM t WHERE id < 99 GROUP BY few",
    "SELECT few FROM t UNION SELECT many FROM t WHERE id < 5",
    "SELECT DISTINCT ON (few) few, id FROM t ORDER BY few, id",
    "SELECT small, large FROM t WHERE small < large AND id > 8900 AND id < 9100",
    "SELECT few, many, small FROM t WHERE id IN (3, 4, 19999)",
    "SELECT max(few), min(many), max(small), min(large) FROM t WHERE x < 700",
    "SELECT id FROM t x WHERE EXISTS (SELECT * FROM t y WHERE y.id = x.id + 19990)",
    "SELECT id FROM t x WHERE NOT EXISTS (SELECT few FROM t WHERE id = x.id - 5 LIMIT 0) AND id<3",
]


@pytest.mark.parametrize("sql", ASKED)
def test_rows_are_those_of_columns_that_are_not_kept(db, sql, monkeypatch):
    first = fast_rows(db, sql)
    assert sorted(map(repr, fast_rows(db, sql))) == sorted(map(repr, first))
    monkeypatch.setattr("deeplake.query.table_view.TableView._keeps", lambda *_: False)
    assert sorted(map(repr, slow_rows(db, sql))) == sorted(map(repr, first))


def test_whether_there_are_rows_needs_no_columns(db):
    sql = "SELECT count(*) FROM t x WHERE EXISTS (SELECT * FROM t y WHERE y.id = x.id + 1)"
    rows, trace = traced(db, sql)
    assert rows == [(ROWS - 1,)]
    assert [[name for name, _, _ in scan.columns] for scan in trace.scans] == [["id"], ["id"]]


def test_columns_that_are_small_are_read_whole_once_their_rows_lie_everywhere():
    made = Database(MemoryStore(), "main", optimizes=False)
    made.create_table("t", {"id": "int", "x": "float", "name": "text"}).extend(
        {"id": np.arange(ROWS), "x": np.arange(ROWS) / 3, "name": [f"n{k}" for k in range(ROWS)]}
    )
    made.commit("rows")
    wanted = [(f"n{k}",) for k in range(0, 100, 1)]
    assert made.execute("SELECT name FROM t WHERE id < 100").fetchall() == wanted
    assert not view_of(made).kept("name"), "a hundred rows of one place"
    few = "SELECT max(name), max(x) FROM t WHERE id IN (5, 10000, 19000) OR x < 0"
    made.execute(few).fetchall()
    assert view_of(made).values("name", Rows(single=np.arange(0, ROWS, 5_000))).to_pylist() == [
        "n0", "n5000", "n10000", "n15000"
    ]  # fmt: skip
    many = Rows(single=np.arange(0, ROWS, 11))
    found = view_of(made).values("name", many)
    assert found.to_pylist() == [f"n{k}" for k in range(0, ROWS, 11)]
    assert view_of(made).kept("name")


@given(
    st.dates(dt.date(1700, 1, 1), dt.date(2300, 1, 1)), st.booleans(), st.sampled_from("+-"),
    st.integers(-600, 600), st.integers(-900, 900), st.integers(-10**12, 10**12),
)  # fmt: skip
def test_moments_some_intervals_away_are_those_of_the_engine(
    db, day, clock, sign, months, days, micro
):
    moment = f"timestamp '{day} 11:22:33.444555'" if clock else f"date '{day}'"
    interval = f"interval '{months} months {days} days {micro} microseconds'"
    plan, _, _ = planned(db, f"SELECT {moment} {sign} {interval}")
    found = value_of(plan.statement.query.outputs[0].expression, ())
    assert found is not UNCERTAIN
    [(told,)] = slow_rows(db, f"SELECT {moment} {sign} {interval}")
    assert found == (told - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)


def test_days_are_added_to_dates():
    made = Database(MemoryStore(), "main", optimizes=False)
    made.create_table("t", {"d": "date"}).extend([{"d": dt.date(2020, 1, k)} for k in range(1, 29)])
    made.commit("rows")
    sql = "SELECT count(*) FROM t WHERE d < date '2020-01-20' - 9 AND d >= date '2020-01-01' + 1"
    rows, trace = traced(made, sql)
    assert rows == [(9,)]
    assert not trace.engine


@given(st.lists(st.none() | st.text(max_size=5)), st.data())
def test_short_offsets_are_those_of_a_cast(texts, data):
    array = pa.array(texts, pa.large_string())
    low = data.draw(st.integers(0, len(texts)))
    for some in (array, array.slice(low), array.slice(0, low), array.slice(low // 2, low // 2)):
        made = feed.short(some)
        made.validate(full=True)
        assert made.equals(some.cast(pa.string()))
        assert made.null_count == some.null_count
