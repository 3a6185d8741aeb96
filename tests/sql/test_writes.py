"""Statements that write, one after the other, as a real Postgres answered them.

`python tests/sql/test_writes.py` asks one again and writes `writes/recorded.json`; those of vectors
are asked of one with pgvector.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deeplake
from deeplake.errors import DeeplakeError

HERE = Path(__file__).parent / "writes"


FAMILIES = {
    "statements": "recorded", "vectors": "recorded_vectors", "hostile": "recorded_hostile",
}  # fmt: skip


def statements(family):
    lines = (HERE / f"{family}.sql").read_text("utf-8").splitlines()
    return [line for line in lines if line.strip()]


def shown(value: Any, *, vectors: bool = False) -> Any:
    """A value as JSON holds it, the same for both systems.

    `vectors`: what reads like a vector is one, as psycopg gives them as texts.
    """
    if isinstance(value, np.ndarray):
        return shown(value.tolist(), vectors=vectors)
    if isinstance(value, list | tuple):
        return [shown(each, vectors=vectors) for each in value]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else repr(round(value, 6))
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if value is deeplake.types.json.NULL:
        return None
    if isinstance(value, str):
        if vectors and value[:1] == "[" and value[-1:] == "]":
            return [shown(float(item)) for item in value[1:-1].split(",")]
        return value.rstrip(" ")  # char(n) is not padded here
    return value if value is None or isinstance(value, bool | int | dict) else str(value)


def answer(execute: Any, sql: str, failures: type[Exception], family: str) -> list[Any]:
    """["rows", sorted rows] or ["done", rowcount] or ["error", SQLSTATE]."""
    try:
        cursor = execute(sql)
        if cursor.description:
            vectors = family == "vectors"
            rows = [shown(row, vectors=vectors) for row in cursor.fetchall()]
            return ["rows", sorted(rows, key=repr)]
    except failures as error:
        return ["error", error.sqlstate]
    return ["done", cursor.rowcount]


def recorded(family):
    return json.loads((HERE / f"{FAMILIES[family]}.json").read_text("utf-8"))


def record():
    import psycopg

    from deeplake.testing.postgres import Postgres

    for family, name in FAMILIES.items():
        with Postgres(vectors=family == "vectors") as server, server.connect() as connection:
            found = [
                [sql, answer(connection.execute, sql, psycopg.Error, family)]
                for sql in statements(family)
            ]
        lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in found)
        (HERE / f"{name}.json").write_text(f"[\n{lines}\n]\n", "utf-8")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_answer_is_that_of_postgres(family):
    assert [sql for sql, _ in recorded(family)] == statements(family)
    db = deeplake.connect(f"mem://test-writes-{family}")
    differ = []
    for sql, wanted in recorded(family):
        found = answer(db.execute, sql, DeeplakeError, family)
        if json.loads(json.dumps(found)) != wanted:
            differ.append((sql, wanted, found))
    assert not differ


def check_recorded(connection, family):
    import psycopg

    for sql, wanted in recorded(family):
        found = answer(connection.execute, sql, psycopg.Error, family)
        assert json.loads(json.dumps(found)) == wanted, sql


@pytest.mark.postgres
@pytest.mark.parametrize("family", ["statements", "hostile"])
def test_the_recorded_answers_are_those_of_today(fresh_server, family):
    with fresh_server.connect() as connection:
        check_recorded(connection, family)


@pytest.mark.postgres
def test_the_recorded_answers_of_vectors_are_those_of_today(pgvector):
    with pgvector.connect() as connection:
        check_recorded(connection, "vectors")


if __name__ == "__main__":
    record()
