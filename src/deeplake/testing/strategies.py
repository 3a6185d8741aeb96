"""Hypothesis strategies: any column type, and rows that fit it.

    @given(columns())
    def test_rows_come_back(column):
        type_, rows = column

Values are in the form in which they are read back, so a round trip must equal them. Video and
audio are left out: their files are too costly to make by the hundred.
"""

from __future__ import annotations

import datetime as dt
import decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from deeplake.types.declare import parse
from deeplake.types.elements import CODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from deeplake.types.base import ColumnType

_SHAPES = hnp.array_shapes(max_dims=3, max_side=3)


def scalar_types() -> SearchStrategy[str]:
    """Spellings of types without types inside."""
    plain = [n for n in _VALUES if n != "class_label"]
    shaped = st.tuples(st.sampled_from(sorted(CODES)), _SHAPES, st.randoms(use_true_random=False))

    def spelled(drawn: tuple[str, tuple[int, ...], Any]) -> str:
        dtype, shape, random = drawn
        axes = [str(axis) if random.random() < 0.7 else "*" for axis in shape]
        return f"{dtype}[{','.join(axes)}]"

    return st.one_of(
        st.sampled_from([*plain, "class_label(a, b, c, d, e, f, g, h, i, j)"]),
        st.integers(1, 9).map("emb-{}".format),
        st.integers(1, 9).map("emb-{}:float16".format),
        st.tuples(st.integers(1, 38), st.integers(0, 38)).map(
            lambda ps: f"decimal({ps[0]},{min(ps)})"
        ),
        shaped.map(spelled),
    )


def types() -> SearchStrategy[ColumnType]:
    """Column types, nested a few levels deep."""
    names = st.one_of(st.sampled_from(["a", "b", "c d", 'e"f']), st.text(min_size=1, max_size=4))

    def struct(fields: dict[str, str]) -> str:
        spelled = (f'"{name.replace(chr(34), chr(34) * 2)}": {t}' for name, t in fields.items())
        return f"struct<{', '.join(spelled)}>"

    def nest(inner: SearchStrategy[str]) -> SearchStrategy[str]:
        structs = st.dictionaries(names, inner, min_size=1, max_size=3).map(struct)
        return inner.map("list<{}>".format) | structs

    return st.recursive(scalar_types(), nest, max_leaves=4).map(parse)


def columns(rows_max: int = 6) -> SearchStrategy[tuple[ColumnType, list[Any]]]:
    """A type and rows of it, some NULL."""
    return types().flatmap(lambda type_: st.tuples(st.just(type_), rows_of(type_, rows_max)))


def rows_of(type_: ColumnType, rows_max: int = 6) -> SearchStrategy[list[Any]]:
    """Rows of one type, some NULL."""
    return st.lists(st.none() | values_of(type_), max_size=rows_max)


def values_of(type_: ColumnType) -> SearchStrategy[Any]:
    """Values of one type that are not NULL."""
    kind: Any = type_
    name = type_.name
    if name.startswith("list<"):
        return st.lists(st.none() | values_of(kind.child), max_size=3)
    if name.startswith("struct<"):
        fields = {n: st.none() | values_of(t) for n, t in kind.fields.items()}
        return st.tuples(*fields.values()).map(lambda row: dict(zip(fields, row, strict=True)))
    if name.startswith("emb-"):
        # norms are float32: keep their squares finite
        return hnp.arrays(kind.dtype, kind.n, elements=st.floats(-100, 100, width=16))
    if name.startswith("decimal"):
        return decimals(kind.precision, kind.scale)
    if "[" in name:
        shape = tuple(st.integers(0, 3) if n is None else st.just(n) for n in kind.shape)
        return st.tuples(*shape).flatmap(lambda s: hnp.arrays(kind.dtype, s))
    return _VALUES[name]()


def decimals(precision: int, scale: int) -> SearchStrategy[decimal.Decimal]:
    """Decimals with exactly `scale` digits after the point."""
    context = decimal.Context(prec=precision + 1)
    limit = 10**precision - 1
    return st.integers(-limit, limit).map(
        lambda unscaled: context.scaleb(decimal.Decimal(unscaled), -scale)
    )


def json_values() -> SearchStrategy[Any]:
    """JSON documents, not null at the top."""
    scalars = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    leaves = st.none() | scalars | st.text()
    return st.recursive(
        leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
    ).filter(lambda value: value is not None)


def images() -> SearchStrategy[Any]:
    """Small pictures, height x width x channels."""
    colour = st.tuples(st.integers(1, 5), st.integers(1, 5), st.sampled_from([1, 3, 4]))
    gray = st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(1))
    return colour.flatmap(lambda s: hnp.arrays(np.uint8, s)) | gray.flatmap(
        lambda s: hnp.arrays(np.uint16, s)
    )


def meshes() -> SearchStrategy[Any]:
    """Meshes whose faces name vertices that exist."""
    from deeplake.types.mesh import MeshValue

    def faces(vertices: Any) -> SearchStrategy[Any]:
        rows = st.integers(0, 3).map(lambda n: (n, 3))
        index = st.integers(0, len(vertices) - 1)
        return hnp.arrays(np.int32, rows, elements=index).map(lambda f: MeshValue(vertices, f))

    return hnp.arrays(np.float32, st.integers(1, 4).map(lambda n: (n, 3))).flatmap(faces)


def _integers(bits: int, *, signed: bool) -> Callable[[], SearchStrategy[int]]:
    low = -(1 << (bits - 1)) if signed else 0
    return lambda: st.integers(low, low + (1 << bits) - 1)


_VALUES: dict[str, Callable[[], SearchStrategy[Any]]] = {
    "bool": st.booleans,
    **{f"int{bits}": _integers(bits, signed=True) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": _integers(bits, signed=False) for bits in (8, 16, 32, 64)},
    "float16": lambda: st.floats(width=16),
    "float32": lambda: st.floats(width=32),
    "float64": st.floats,
    "text": st.text,
    "json": json_values,
    "blob": st.binary,
    "uuid": st.uuids,
    "date": st.dates,
    "timestamp": st.datetimes,
    "timestamptz": lambda: st.datetimes(timezones=st.just(dt.UTC)),
    "class_label": lambda: st.integers(0, 9),
    "tensor": lambda: st.sampled_from(sorted(CODES)).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_side=3, max_dims=3))
    ),
    "points": lambda: hnp.arrays(np.float32, st.tuples(st.integers(0, 3), st.integers(3, 5))),
    "mesh": meshes,
    "image": images,
}
