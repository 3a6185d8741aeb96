"""Which of several signatures is meant, and how deep calls are spelled."""

from __future__ import annotations

from itertools import pairwise

import pytest

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query import emit
from deeplake.query.expression import Call, Column, Constant
from deeplake.query.functions import catalog, registry
from deeplake.query.kinds import (
    DATE,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    JSONB,
    NUMERIC,
    TEXT,
    TIMESTAMP,
    UNKNOWN,
    VARCHAR,
    Kind,
    array_of,
)

assert catalog


def column(kind):
    return Column(1, "c0", kind)


def unknown(text):
    return Constant(text, UNKNOWN)


@pytest.mark.parametrize(
    ("name", "arguments", "kind"),
    [
        ("+", [column(INT2), column(INT8)], INT8),
        ("+", [column(INT4), unknown("5")], INT4),
        ("+", [column(INT4), column(FLOAT8)], FLOAT8),
        ("round", [column(INT4)], FLOAT8),
        ("power", [column(INT4), column(INT4)], FLOAT8),
        ("power", [column(NUMERIC), column(INT4)], NUMERIC),
        ("||", [column(VARCHAR), unknown("x")], TEXT),
        ("-", [column(DATE), unknown("2026-01-01")], INT4),
        ("-", [column(TIMESTAMP), column(DATE)], Kind("interval")),
        ("->", [column(JSONB), unknown("a")], JSONB),
        ("->>", [column(JSONB), column(INT4)], TEXT),
        ("||", [column(array_of(INT4)), column(INT4)], array_of(INT4)),
    ],
)
def test_the_signature_that_postgres_chooses(name, arguments, kind):
    assert registry.call(name, arguments).kind == kind


@pytest.mark.parametrize(
    ("name", "arguments", "state"),
    [
        ("+", [unknown("1"), unknown("2")], "42725"),
        ("+", [column(DATE), unknown("1 day")], "42725"),
        ("upper", [column(INT4)], "42883"),
        ("+", [column(Kind("bool")), column(INT4)], "42883"),
        ("length", [column(INT4), column(INT4)], "42883"),
    ],
)
def test_none_or_several_are_told_with_their_state(name, arguments, state):
    with pytest.raises(QueryError) as caught:
        registry.call(name, arguments)
    assert caught.value.sqlstate == state


def test_what_is_not_registered_is_refused():
    with pytest.raises(UnsupportedQueryError, match="function nosuch"):
        registry.call("nosuch", [])


@pytest.mark.parametrize("name", ["/", "power"])
def test_nested_calls_grow_by_a_step_each(name):
    made, sizes = column(FLOAT8), []
    for _ in range(12):
        made = registry.call(name, [Constant(2.0, FLOAT8), made])
        sizes.append(len(emit.expression(made)))
    steps = [b - a for a, b in pairwise(sizes[6:])]
    assert max(steps) < 8_000, "an argument that a template repeats is spelled once if it is long"


def test_a_sum_of_floats_is_checked_once():
    made = column(FLOAT8)
    for _ in range(10):
        made = registry.call("+", [made, column(FLOAT8)])
    assert isinstance(made, Call)
    assert emit.expression(made).count("error(") == 1


def test_what_is_volatile_is_evaluated_once():
    made = registry.call("/", [Constant(1.0, FLOAT8), registry.call("random", [])])
    assert emit.expression(made).count("random()") == 1


@pytest.mark.parametrize(
    ("a", "b", "name", "digits"),
    [
        ((10, 2), (5, 1), "+", (11, 2)),
        ((10, 2), (5, 1), "*", (15, 3)),
        ((10, 2), (5, 3), "-", (12, 3)),
        ((38, 10), (38, 10), "*", (38, 20)),
    ],
)
def test_digits_of_numerics_are_those_of_postgres(a, b, name, digits):
    made = registry.call(name, [column(Kind("numeric", a)), column(Kind("numeric", b))])
    assert made.kind.modifiers == digits


def test_a_numeric_whose_scale_varies_stays_one():
    kind = Kind("numeric", (10, 2, 1))
    assert registry.call("+", [column(kind), column(INT4)]).kind.modifiers[2:] == (1,)
    assert registry.call("round", [column(kind), Constant(1, INT4)]).kind.modifiers[2:] == ()
