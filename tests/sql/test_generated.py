"""Statements that nobody wrote: drawn from a grammar of shapes, asked of a real Postgres and us."""

from __future__ import annotations

import pytest
from hypothesis import given

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
def test_few_drawn_statements_are_refused():
    assert SEEN["refused"] * 10 <= SEEN["same"], SEEN
