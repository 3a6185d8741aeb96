"""The 22 queries of TPC-H at a hundredth of its size, judged by Postgres' answers and by DuckDB.

The tables in `tpch/` are dbgen's, made by `tpchgen-cli parquet -s 0.01`, without the columns that
no query asks for. `python tests/sql/test_tpch.py` asks Postgres again and writes its answers. How
long the queries take is measured by `python benchmarks/run.py sql --only tpch`, at a tenth.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import deeplake
from deeplake.testing.sql_answers import Answer, ask_postgres, ask_us, judge, read_statements

HERE = Path(__file__).parent
TPCH = HERE.parent.parent / "benchmarks" / "tpch"
RECORDED = HERE / "tpch" / "recorded.json"
TABLES = read_statements("tables", (TPCH / "tables.sql").read_text("utf-8"))
QUERIES = read_statements("tpch", (TPCH / "queries.sql").read_text("utf-8"))


def named(statement):
    return "Q" + "".join(statement.marks)


def declared(statement):
    """(name, columns) of a CREATE TABLE."""
    head, *lines = statement.text.splitlines()
    columns = [line.split()[0] for line in lines[:-1] if not line.lstrip().startswith("PRIMARY")]
    return head.split()[2], columns


def rows_of(name, columns):
    """The rows of a table; a text that no query asks for is empty."""
    found = pq.read_table(HERE / "tpch" / f"{name}.parquet")
    empty = pa.array([""] * len(found), pa.string())
    return pa.table({c: found[c] if c in found.column_names else empty for c in columns})


def fill_postgres(connection):
    for statement in TABLES:
        name, columns = declared(statement)
        connection.execute(statement.text)
        with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
            rows = rows_of(name, columns)
            for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                copy.write_row(row)
    connection.execute("CREATE INDEX ON lineitem (l_partkey, l_suppkey)")  # Q17, Q20: minutes
    connection.execute("ANALYZE")


def record():
    from deeplake.testing.postgres import Postgres

    with Postgres() as server, server.connect() as connection:
        fill_postgres(connection)
        answers = {named(query): ask_postgres(connection, query.text) for query in QUERIES}
    lines = [
        f"{json.dumps(name)}: {json.dumps(answer.plain(), ensure_ascii=False)}"
        for name, answer in answers.items()
    ]
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


@pytest.fixture(scope="module")
def db():
    made = deeplake.connect("mem://tpch")
    for statement in TABLES:
        made.execute(statement.text)
    made.execute("BEGIN")
    for name, columns in map(declared, TABLES):
        made.table(name).extend(rows_of(name, columns))
    made.execute("COMMIT")
    return made


@pytest.fixture(scope="module")
def engine():
    """DuckDB with tables of its own."""
    made = duckdb.connect(config={"threads": 2})
    for name, columns in map(declared, TABLES):
        made.register("rows_of_it", rows_of(name, columns))
        made.execute(f"CREATE TABLE {name} AS SELECT * FROM rows_of_it")
    return made


@pytest.mark.parametrize("query", QUERIES, ids=named)
def test_the_answer_is_that_of_postgres(db, query):
    theirs = Answer.of(json.loads(RECORDED.read_text("utf-8"))[named(query)])
    for time in ("first", "with columns and plans that are kept"):
        verdict, why = judge(ask_us(db, query.text), theirs, ordered=True, refusable=False)
        assert verdict == "same", f"{time}: {why}"


@pytest.mark.parametrize("query", QUERIES, ids=named)
def test_the_answer_is_that_of_the_engine_over_its_own_tables(db, engine, query):
    theirs = engine.execute(query.text).fetchall()
    ours = db.execute(query.text).fetchall()
    assert len(ours) == len(theirs) > 0
    for one, other in zip(ours, theirs, strict=True):
        assert all(map(alike, one, other)), (one, other)


def alike(one, other):
    """Equal, or numbers that differ in their last digits: it divides numerics as floats."""
    if isinstance(one, str | dt.date | None):
        return one == other
    return math.isclose(one, other, rel_tol=1e-9)


@pytest.mark.postgres
def test_what_is_recorded_is_what_postgres_says_today(fresh_server):
    recorded = json.loads(RECORDED.read_text("utf-8"))
    with fresh_server.connect() as connection:
        fill_postgres(connection)
        for query in QUERIES:
            then = Answer.of(recorded[named(query)])
            now = ask_postgres(connection, query.text)
            assert judge(now, then, ordered=True, refusable=False) == ("same", ""), named(query)


def test_all_22_are_there():
    assert list(map(named, QUERIES)) == [f"Q{k}" for k in range(1, 23)]
    assert list(json.loads(RECORDED.read_text("utf-8"))) == list(map(named, QUERIES))


if __name__ == "__main__":
    record()
