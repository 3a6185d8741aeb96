"""Late columns: a statement gives the same rows whichever of its sources are bound as values."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, reject

from deeplake.api.catalog import Tables
from deeplake.errors import QueryError
from deeplake.query.statement import run
from deeplake.sql.parameters import number
from deeplake.sql.parse import parse
from deeplake.sql.select import bind_select
from deeplake.testing.sql_answers import Answer, is_ordered, judge, plain_value, read_statements
from deeplake.testing.sql_grammar import statements

HERE = Path(__file__).parent
FAMILIES = ("late", "joins", "ctes", "sets", "windows", "distinct", "grouping")


def _answered():
    """Statements that Postgres answers with rows."""
    for family in FAMILIES:
        recorded = json.loads((HERE / "recorded" / f"{family}.json").read_text("utf-8"))
        refused = {entry["sql"] for entry in recorded if "error" in entry}
        text = (HERE / "statements" / f"{family}.sql").read_text("utf-8")
        for statement in read_statements(family, text):
            if statement.text not in refused and "refused" not in statement.marks:
                yield statement.text


def _bound(database, sql, early):
    prepared = number(sql, None)
    _, node = parse(prepared.text)
    return bind_select(prepared.text, node, Tables(database), (), frozenset(early))


def _answer(statement, tables):
    result = run(statement, tables)
    columns = tuple((c.label, str(c.kind.plain)) for c in result.columns)
    rows = tuple(
        tuple(plain_value(v, type_) for v, (_, type_) in zip(row, columns, strict=True))
        for row in result.rows()
    )
    return Answer(columns, rows)


def _wide(statement):
    return [output for output in statement.query.outputs if output.expression.kind.late]


def _source_sets(count):
    """Every set of up to five sources; of more, each alone and all."""
    if count <= 5:
        return [set(c) for size in range(1, count + 1) for c in combinations(range(count), size)]
    return [*({k} for k in range(count)), set(range(count))]


def test_rows_are_equal_whichever_sources_are_early(judged):
    tried = late = 0
    for sql in _answered():
        statement, tables = _bound(judged, sql, ())
        expected = _answer(statement, tables)
        late += bool(_wide(statement))
        for early in _source_sets(len(statement.sources)):
            forced, same_tables = _bound(judged, sql, early)
            assert not any(o.expression.kind.late & early for o in forced.query.outputs)
            verdict, why = judge(
                _answer(forced, same_tables), expected, ordered=is_ordered(sql), refusable=False
            )
            assert verdict == "same", f"{sql} with {early} early: {why}"
            tried += 1
    assert late > 20, "statements whose result has a late column"
    assert tried > 150


@given(statements())
def test_drawn_statements_are_equal_whichever_sources_are_early(judged, drawn):
    try:
        statement, tables = _bound(judged, drawn.text, ())
        expected = _answer(statement, tables)
    except QueryError:
        reject()
    for early in _source_sets(len(statement.sources)):
        found = _answer(*_bound(judged, drawn.text, early))
        verdict, why = judge(found, expected, ordered=True, refusable=False)
        assert verdict == "same", f"{drawn.text} with {early} early: {why}"


@pytest.mark.parametrize(
    ("sql", "late"),
    [
        ("select preview from gens", True),
        ("select * from gens g join users u on u.id = g.user_id order by g.id limit 3", True),
        ("with w as (select id, preview p from gens) select p from w order by id", True),
        ("select case when id > 3 then preview end from gens", True),
        ("select coalesce(g.preview, h.preview) from gens g, gens h where g.id = h.id", True),
        ("select preview from gens union all select preview from gens", True),
        ("select (select preview from gens where id = 1)", True),
        ("select x.preview from users u, lateral (select preview from gens) x", True),
        ("select distinct on (model) preview from gens order by model, id", True),
        ("select preview, count(*) from gens group by preview", False),
        ("select distinct preview from gens", False),
        ("select preview from gens union select preview from gens", False),
        ("select preview from gens order by preview", False),
        ("select coalesce(preview, '\\x00') from gens", False),
        ("select preview || '\\x00'::bytea from gens", False),
        ("select array_agg(preview) from gens", False),
    ],
)
def test_what_only_moves_a_value_keeps_it_late(judged, sql, late):
    statement, _ = _bound(judged, sql, ())
    assert bool(_wide(statement)) is late


@pytest.mark.parametrize(
    "sql",
    [
        "select count(preview), count(*) from gens",
        "select id from gens where preview is not null",
        "select model from gens group by model having count(preview) > 2",
    ],
)
def test_whether_there_is_a_value_is_known_without_it(judged, sql):
    statement, _ = _bound(judged, sql, ())
    assert [c for scan in statement.scans for c in scan.columns if c.source >= 0]
