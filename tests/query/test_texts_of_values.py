"""Literals and texts of values, without the engine."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query import json_text, literals, moment_text
from deeplake.query.functions.udf_json import key
from deeplake.query.functions.udf_numbers import text8
from deeplake.query.kinds import BYTEA, INT4, NUMERIC, TEXT, Kind
from deeplake.query.regular import Regular

_TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
def test_canonical_json_is_the_same_value_and_stays(value):
    made = json_text.canonical(json.dumps(value))
    assert json.loads(made) == value
    assert json_text.canonical(made) == made


@given(_JSON, _JSON)
def test_keys_of_json_are_in_the_order_of_the_values(one, other):
    a, b = json_text.load(json.dumps(one)), json_text.load(json.dumps(other))
    first, second = json_text.order_key(a), json_text.order_key(b)
    assert (key(json_text.dump(a)) < key(json_text.dump(b))) == (first < second)
    assert (key(json_text.dump(a)) == key(json_text.dump(b))) == (first == second)


@pytest.mark.parametrize(("one", "other"), [("1", "1.0"), ('{"a": 100}', '{"a": 1e2}')])
def test_equal_numbers_are_equal_json(one, other):
    assert key(one) == key(other)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_texts_of_floats_are_read_back(value):
    assert float(text8(value)) == value


@given(st.binary(max_size=20))
def test_bytes_in_both_formats_are_read_back(value):
    assert literals.bytes_of("\\x" + value.hex()) == value
    escaped = "".join("\\\\" if b == 92 else f"\\{b:03o}" for b in value)
    assert literals.bytes_of(escaped) == value


@given(st.integers(-1_000_000, 2_000_000))
def test_days_and_dates_are_one_another(days):
    assert moment_text.days_of(*moment_text.date_of(days)) == days


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-(10**15), 10**15))
def test_texts_of_intervals_are_read_back(months, days, micro):
    value = (months, days, micro)
    assert moment_text.read_interval(moment_text.interval_text(value)) == value


@pytest.mark.parametrize(
    ("text", "kind", "state"),
    [
        ("1_000", INT4, "22P02"),
        ("٣", INT4, "22P02"),
        ("2147483648", INT4, "22003"),
        ("0x10", NUMERIC, "22P02"),
        ("1e40", NUMERIC, "0A000"),
        ("123.456", Kind("numeric", (4, 2)), "22003"),
        ("\\x1", BYTEA, "22023"),
        ("2026-02-30", Kind("date"), "22008"),
        ("yesterdayish", Kind("date"), "22007"),
        ("1 day 1 day", Kind("interval"), "22007"),
        ("01:02:03 1 hour", Kind("interval"), "22007"),
        ("[1,2", Kind("vector"), "22P02"),
        ("[1,2,3]", Kind("vector", (2,)), "22000"),
        ('{"a": NaN}', Kind("jsonb"), "22P02"),
        ('"\\u0000"', Kind("jsonb"), "22P05"),
        ("[" * 100_000, Kind("jsonb"), "22P02"),
    ],
)
def test_what_is_none_of_its_kind_is_told_with_its_state(text, kind, state):
    with pytest.raises(QueryError) as caught:
        literals.read(text, kind)
    assert caught.value.sqlstate == state


def test_a_long_constant_may_still_be_a_float():
    assert literals.number(Decimal("1e300")).kind == NUMERIC
    assert literals.number(Decimal("1.50")).kind.modifiers == (3, 2)
    assert literals.read("abc", TEXT).value == "abc"


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "(?!a)", r"(a)\1", r"\mword", r"a\y", "[[.a.]]", "(?<=a)b"]
)
def test_what_re2_cannot_do_is_refused(pattern):
    with pytest.raises(UnsupportedQueryError):
        Regular(pattern)


@pytest.mark.parametrize("pattern", ["(", ")", "[a", "*a", "a**", "a{2,1}", "a{300}", "\\", "(?"])
def test_what_is_no_pattern_is_told(pattern):
    with pytest.raises(QueryError) as caught:
        Regular(pattern)
    assert caught.value.sqlstate == "2201B"


@pytest.mark.parametrize(
    ("pattern", "sure"),
    [("(foo|bar)", True), ("x|xy", False), ("a*?b+", False), ("a+b*", True), ("(a|b)c", True)],
)
def test_where_the_first_match_is_the_longest(pattern, sure):
    assert Regular(pattern).first_is_longest == sure
