"""Statements that nobody wrote: drawn from a grammar of shapes, asked of a real Postgres and us."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deeplake
from deeplake.testing import sql_tables
from deeplake.testing.sql_answers import ask_postgres, ask_us, judge
from deeplake.testing.sql_grammar import statements

SEEN = {"same": 0, "refused": 0}


@pytest.mark.postgres
@given(statements())
def test_drawn_statements_are_answered_as_by_postgres(judged, judge_connection, statement):
    theirs = ask_postgres(judge_connection, statement.text)
    ours = ask_us(judged, statement.text)
    verdict, why = judge(ours, theirs, ordered=statement.ordered)
    assert verdict != "wrong", f"{statement.text}\n{why}"
    SEEN[verdict] += 1


@pytest.mark.postgres
@given(st.integers(0, 1 << 32), st.lists(statements(), min_size=3, max_size=3))
def test_drawn_statements_over_drawn_rows(judge_connection, seed, drawn):
    tables = sql_tables.drawn(seed)
    ours = sql_tables.fill(deeplake.connect("mem://drawn-rows"), tables)
    judge_connection.execute("CREATE SCHEMA drawn")
    judge_connection.execute("SET search_path = drawn")
    try:
        sql_tables.fill_postgres(judge_connection, tables)
        for statement in drawn:
            verdict, why = judge(
                ask_us(ours, statement.text),
                ask_postgres(judge_connection, statement.text),
                ordered=statement.ordered,
            )
            assert verdict != "wrong", f"{statement.text}\nrows of seed {seed}: {why}"
    finally:
        judge_connection.execute("RESET search_path")
        judge_connection.execute("DROP SCHEMA drawn CASCADE")
        deeplake.delete("mem://drawn-rows")


@pytest.mark.postgres
def test_few_drawn_statements_are_refused():
    assert SEEN["refused"] * 10 <= SEEN["same"], SEEN
