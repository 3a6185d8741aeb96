"""Written statements, judged by what a real Postgres answered: rows, types, labels, SQLSTATE.

The statements are in `statements/`, one file per family, Postgres' answers in `recorded/`:
`python tests/sql/record.py` asks it again. Marks are comments before a statement:

-- refused: why       we refuse it with 0A000 (named, so that nothing is refused unseen)
-- differs: why       our answer is another, on purpose
-- parameters: [1]    as JSON, for $1 …
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deeplake.testing.sql_answers import (
    PGVECTOR_FAMILIES,
    PGVECTOR_FLOATS,
    Answer,
    ask_postgres,
    ask_us,
    is_ordered,
    judge,
    key_of,
    read_statements,
)

HERE = Path(__file__).parent
STATEMENTS = [
    statement
    for path in sorted((HERE / "statements").glob("*.sql"))
    for statement in read_statements(path.stem, path.read_text("utf-8"))
]
RECORDED = {
    (path.stem, key_of(entry)): Answer.of(entry)
    for path in sorted((HERE / "recorded").glob("*.json"))
    for entry in json.loads(path.read_text("utf-8"))
}


def _named(statement):
    return f"{statement.family}: {' '.join(statement.text.split())[:70]}"


@pytest.mark.parametrize("statement", STATEMENTS, ids=_named)
def test_the_answer_is_that_of_postgres(judged, statement):
    theirs = RECORDED.get((statement.family, statement.key))
    assert theirs is not None, "not recorded: python tests/sql/record.py"
    ours = ask_us(judged, statement.text, statement.parameters or None)
    floats = PGVECTOR_FLOATS if statement.family in PGVECTOR_FAMILIES else 0.0
    verdict, why = judge(ours, theirs, ordered=is_ordered(statement.text), floats=floats)
    if "differs" in statement.marks:
        assert verdict == "wrong", "no longer"
        return
    assert verdict != "wrong", why
    assert verdict == "same" or "refused" in statement.marks, f"not marked as refused: {why}"


def _check_recorded(connection, *, vectors):
    for statement in STATEMENTS:
        if (statement.family in PGVECTOR_FAMILIES) != vectors:
            continue
        now = ask_postgres(connection, statement.text, statement.parameters)
        then = RECORDED[statement.family, statement.key]
        verdict, why = judge(now, then, ordered=is_ordered(statement.text), refusable=False)
        assert verdict == "same", f"{statement.text}: {why}"


@pytest.mark.postgres
def test_what_is_recorded_is_what_postgres_says_today(judge_connection):
    _check_recorded(judge_connection, vectors=False)


@pytest.mark.postgres
def test_what_is_recorded_of_vectors_is_what_pgvector_says_today(pgvector_connection):
    _check_recorded(pgvector_connection, vectors=True)


def test_no_statement_is_written_twice():
    texts = [(statement.family, statement.key) for statement in STATEMENTS]
    assert len(texts) == len(set(texts))
    assert set(RECORDED) == set(texts), "recorded, but no longer written"
