"""TPC-H at a tenth: its 22 queries over our tables, beside DuckDB over tables of its own.

The rows are dbgen's, by `tpchgen-cli` (the extra `bench`). Each answer is compared with DuckDB's
and, where one can be started, with PostgreSQL's; then both are asked in turn, warm, and the ratios
of their medians make a geometric mean. Nothing of ours is a table of DuckDB's: each statement gives
it Arrow columns, decoded from the store and kept within `settings.QUERY_KEPT_BYTES_MAX`.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import deeplake
from deeplake import settings
from deeplake.query.cache import COLUMNS
from deeplake.testing import postgres
from deeplake.testing.sql_answers import read_statements
from measure import Figure, alternate, median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench import Bench

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tpch")
FACTOR = 0.1
ROUNDS_MAX = 15
DIGITS = 1e-9
"""Relative difference of a quotient that one divides as floats, the other as numerics."""

COPY = "COPY {} FROM STDIN"


class Query(NamedTuple):
    """One of the 22."""

    name: str
    text: str


def _read(name: str) -> list[Query]:
    with open(os.path.join(HERE, f"{name}.sql"), encoding="utf-8") as file:
        found = read_statements(name, file.read())
    return [Query("Q" + "".join(each.marks), each.text) for each in found]


def generator() -> str | None:
    """The program that makes the rows, None where it is not installed."""
    beside = os.path.join(os.path.dirname(sys.executable), "tpchgen-cli")
    return shutil.which("tpchgen-cli") or (beside if os.access(beside, os.X_OK) else None)


def tpch(bench: Bench) -> list[Figure]:
    """The 22 queries: how many answers differ, and how long they take beside DuckDB."""
    program = generator()
    if program is None:
        print("tpch: left out, tpchgen-cli is not installed (pip install 'deeplake[bench]')")
        return []
    factor = FACTOR * bench.scale.rows / 20_000
    folder = bench.path("tpch-rows")
    command = [program, "parquet", "-s", str(factor), "-o", folder, "--quiet"]
    subprocess.run(command, check=True, capture_output=True)
    tables = {query.text.split()[2]: query.text for query in _read("tables")}
    rows = {name: _rows(os.path.join(folder, f"{name}.parquet")) for name in tables}
    db, load_s = _ours(bench.path("tpch"), tables, rows)
    engine = _duckdb(bench.path("tpch.duckdb"), rows)
    queries = _read("queries")
    COLUMNS.clear()
    start = time.perf_counter()
    ours = {query.name: db.execute(query.text).fetchall() for query in queries}
    first_s = time.perf_counter() - start
    wrong = _wrong(ours, {query.name: engine.execute(query.text).fetchall() for query in queries})
    judges = "DuckDB"
    if postgres.missing() is None:
        judges += " and PostgreSQL"
        wrong += _wrong(ours, _postgres(tables, rows, queries))
    ratios, totals = _ratios(bench, db, engine, queries)
    mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
    each = ", ".join(f"{name[1:]} {ratio:.1f}" for name, ratio in ratios.items())
    return [
        Figure("tpch", f"TPC-H at {factor:g}: answers that differ", len(wrong), 0, "",
               f"of {len(queries)}, judged by {judges}{': ' if wrong else ''}{', '.join(wrong)}"),
        Figure("tpch", f"TPC-H at {factor:g} against DuckDB's own tables", mean, 2.2, "x",
               f"geometric mean of: {each}; all of them {totals['ours']:.0f} ms, DuckDB "
               f"{totals['duckdb']:.0f}; the first time {first_s * 1e3:.0f}; load {load_s:.1f} "
               f"s; {COLUMNS.size >> 20} MB of columns kept"),
    ]  # fmt: skip


def _rows(path: str) -> pa.Table:
    found = pq.read_table(path)
    texts = pa.types.is_string_view
    fields = [pa.field(f.name, pa.string() if texts(f.type) else f.type) for f in found.schema]
    return found.cast(pa.schema(fields))


def _ours(
    path: str, tables: dict[str, str], rows: dict[str, pa.Table]
) -> tuple[deeplake.Database, float]:
    """Our tables, and the seconds it took to fill them."""
    db = deeplake.connect(path)
    start = time.perf_counter()
    for name, declared in tables.items():
        db.execute(declared)
        db.table(name).extend(rows[name])
        db.commit(f"the rows of {name}")
    return db, time.perf_counter() - start


def _duckdb(path: str, rows: dict[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    """A database of its own on the same disk, with as many threads as ours may have."""
    engine = duckdb.connect(path, config={"threads": settings.QUERY_THREADS})
    for name, table in rows.items():
        engine.register("rows_of_it", table)
        engine.execute(f"CREATE TABLE {name} AS SELECT * FROM rows_of_it")
        engine.unregister("rows_of_it")
    engine.execute("CHECKPOINT")
    return engine


def _postgres(
    tables: dict[str, str], rows: dict[str, pa.Table], queries: Sequence[Query]
) -> dict[str, list[Any]]:
    """What PostgreSQL answers."""
    with postgres.Postgres() as server, server.connect() as connection:
        for name, declared in tables.items():
            connection.execute(declared)
            with connection.cursor().copy(COPY.format(name)) as copy:
                for batch in rows[name].to_batches():
                    columns = [column.to_pylist() for column in batch.columns]
                    for row in zip(*columns, strict=True):
                        copy.write_row(row)
        connection.execute("CREATE INDEX ON lineitem (l_partkey, l_suppkey)")
        connection.execute("ANALYZE")
        return {query.name: connection.execute(query.text).fetchall() for query in queries}


def _wrong(ours: dict[str, list[Any]], theirs: dict[str, list[Any]]) -> list[str]:
    """Queries whose rows are not theirs, in the same order."""
    return [name for name, rows in ours.items() if not _alike(rows, theirs[name])]


def _alike(ours: list[Any], theirs: list[Any]) -> bool:
    if len(ours) != len(theirs):
        return False
    for row, other in zip(ours, theirs, strict=True):
        for a, b in zip(row, other, strict=True):
            plain = a is None or isinstance(a, str | dt.date)
            if a != b if plain else not math.isclose(a, b, rel_tol=DIGITS):
                return False
    return True


def _ratios(
    bench: Bench,
    db: deeplake.Database,
    engine: duckdb.DuckDBPyConnection,
    queries: Sequence[Query],
) -> tuple[dict[str, float], dict[str, float]]:
    """Ours over theirs by query, and milliseconds of all queries together."""
    ratios, totals = {}, {"ours": 0.0, "duckdb": 0.0}
    for name, text in queries:
        times = alternate(min(bench.scale.rounds, ROUNDS_MAX), {
            "ours": lambda text=text: db.execute(text).fetchall(),
            "duckdb": lambda text=text: engine.execute(text).fetchall(),
        })  # fmt: skip
        medians = {who: median(values) for who, values in times.items()}
        ratios[name] = medians["ours"] / medians["duckdb"]
        for who, value in medians.items():
            totals[who] += value * 1e3
    return ratios, totals
