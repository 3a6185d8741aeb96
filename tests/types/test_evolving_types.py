"""Defaults as JSON, and the rule of what a type may be widened to."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplake.errors import MalformedObjectError, SchemaError
from deeplake.testing.strategies import scalar_types, values_of
from deeplake.types import defaults
from deeplake.types.base import FixedData
from deeplake.types.data import var_rows
from deeplake.types.declare import parse
from deeplake.types.widening import obstacle

NUMBERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
NUMBERS += ["float16", "float32", "float64"]


def same_bytes(a, b) -> bool:
    if isinstance(a, FixedData):
        norms = a.norms is None or a.norms.tobytes() == b.norms.tobytes()
        return (
            a.values.tobytes() == b.values.tobytes() and a.values.shape == b.values.shape and norms
        )
    return [bytes(row) for row in var_rows(a)] == [bytes(row) for row in var_rows(b)]


@given(scalar_types().map(parse).flatmap(lambda t: st.tuples(st.just(t), values_of(t))))
def test_a_default_reads_back_with_the_same_bytes_or_is_refused(drawn):
    type_, value = drawn
    data = type_.normalise([value], column="c")
    free = "*" in type_.name or "..." in type_.name
    if free or type_.name in ("blob", "image", "mesh", "points", "tensor"):
        with pytest.raises(SchemaError, match="default"):
            defaults.to_json(type_, data, column="c")
        return
    stored = json.dumps(defaults.to_json(type_, data, column="c"), allow_nan=False)
    found = defaults.from_json(type_, json.loads(stored), column="c")
    if isinstance(data, FixedData) and np.dtype(type_.layout.dtype).kind == "f":
        assert np.array_equal(found.values, data.values, equal_nan=True)
        assert (np.signbit(found.values) == np.signbit(data.values))[~np.isnan(data.values)].all()
    else:
        assert same_bytes(found, data)


@pytest.mark.parametrize(
    ("spelling", "value"),
    [("int8", 1 << 40), ("int64", "x"), ("int64", []), ("bool", "x"), ("text", 7),
     ("json", "{"), ("date", "2024-13-01"), ("uuid", "x"), ("uuid", 7), ("decimal(4,2)", "1.234"),
     ("emb-2", [1.0]), ("emb-2", ["NaN", 0]), ("float32[2]", 5), ("blob", "x"),
     ("list<int64>", [1]), ("class_label(a)", 4), ("timestamptz", "2024-01-01")],
)  # fmt: skip
def test_a_stored_default_that_is_no_value_of_the_type_is_malformed(spelling, value):
    with pytest.raises(MalformedObjectError, match="default of column 'c'"):
        defaults.from_json(parse(spelling), value, column="c")


def test_long_defaults_are_refused():
    data = parse("text").normalise(["x" * defaults.DEFAULT_BYTES_MAX], column="c")
    with pytest.raises(SchemaError, match="over the limit of 16,384"):
        defaults.to_json(parse("text"), data, column="c")


def extremes(name: str) -> np.ndarray:
    dtype = np.dtype(name)
    if dtype.kind == "f":
        info = np.finfo(dtype)
        return np.array([info.min, info.max, info.tiny, 0.1, -0.0], dtype)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return np.array([low, low + 1, 0, high - 1, high], dtype)


@pytest.mark.parametrize(("old", "new"), list(permutations(NUMBERS, 2)))
def test_numbers_widen_exactly_where_every_extreme_is_unchanged(old, new):
    """Extremes decide: a float holds all integers up to the first that it rounds."""
    values = extremes(old)
    whole = [int(v) if values.dtype.kind != "f" else float(v) for v in values]
    with np.errstate(all="ignore"):
        cast = [v.item() for v in values.astype(new)]
    exact = cast == whole and not (values.dtype.kind == "f" and np.dtype(new).kind != "f")
    assert (obstacle(parse(old), parse(new)) is None) == exact
    assert (obstacle(parse(f"{old}[2,3]"), parse(f"{new}[2,3]")) is None) == exact


@pytest.mark.parametrize(
    ("old", "new"),
    [("decimal(5,2)", "decimal(38,2)"), ("emb-4", "emb-4"), ("emb-4:float16", "emb-4"),
     ("class_label(a)", "class_label(a, b)"), ("uint8", "int16"), ("uint8", "float16")],
)  # fmt: skip
def test_wider(old, new):
    assert obstacle(parse(old), parse(new)) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [("decimal(5,2)", "decimal(5,3)"), ("decimal(5,2)", "decimal(4,2)"), ("emb-4", "emb-5"),
     ("emb-4", "emb-4:float16"), ("emb-4", "float32[4]"), ("class_label(a)", "class_label(b, a)"),
     ("class_label(a, b)", "class_label(a)"), ("class_label(a)", "int32"), ("bool", "int8"),
     ("int32", "class_label(a)"), ("date", "timestamp"), ("timestamp", "timestamptz"),
     ("text", "blob"), ("text", "json"), ("float32[2]", "float64[3]"), ("bool[2]", "int8[2]"),
     ("float32[*]", "float64[*]"), ("list<int8>", "list<int16>"), ("int8", "int16[1]")],
)  # fmt: skip
def test_not_wider(old, new):
    assert obstacle(parse(old), parse(new)) is not None
