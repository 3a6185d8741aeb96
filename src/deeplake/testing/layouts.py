"""Hypothesis strategies for the format room: any layout, and column data of it.

    @given(columns())
    def test_frames_keep_their_rows(column):
        layout, data = column

Where `strategies.py` draws values that users have, this draws what types make of them: layouts
no type has yet, every dtype, NULL at every level. Values come from a seeded generator, so a
failing example is small in its shape, not in its numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from deeplake.types.base import (
    Extra,
    FixedData,
    FixedLayout,
    ListData,
    ListLayout,
    StructData,
    StructLayout,
    VarData,
    VarLayout,
)
from deeplake.types.data import offsets_of, var_rows

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from deeplake.types.base import AnyArray, BoolArray, ColumnData, Layout

DTYPES = ("|b1", "|i1", "|u1", "<i2", "<u2", "<f2", "<i4", "<u4", "<f4", "<i8", "<u8", "<f8")
_DEPTH_MAX = 3


def layouts(depth: int = _DEPTH_MAX) -> SearchStrategy[Layout]:
    """Layouts nested to `depth`."""
    flat = fixed_layouts() | var_layouts()
    if depth <= 1:
        return flat
    inner = st.deferred(lambda: layouts(depth - 1))
    fields = st.lists(inner, min_size=1, max_size=3).map(
        lambda found: StructLayout(tuple((f"f{k}", child) for k, child in enumerate(found)))
    )
    return flat | inner.map(ListLayout) | fields


def fixed_layouts() -> SearchStrategy[FixedLayout]:
    """Numbers, vectors with norms, small fixed tensors."""
    dtypes = st.sampled_from(DTYPES)
    shapes = st.sampled_from([(), (), (1,), (3,), (2, 3), (700,)])
    vectors = st.sampled_from(["<f2", "<f4"]).map(lambda d: FixedLayout(d, (5,), norms=True))
    return st.tuples(dtypes, shapes).map(lambda drawn: FixedLayout(*drawn)) | vectors


def var_layouts() -> SearchStrategy[VarLayout]:
    """Text and media, with extras of every width."""
    extras = st.sampled_from(
        [
            (),
            (Extra("codec", "|u1"),),
            (Extra("shape", "<u4", 3), Extra("codec", "|u1")),
            (Extra("shape", "<i8", -1), Extra("dtype", "|u1")),
        ]
    )
    return st.tuples(extras, st.booleans()).map(lambda drawn: VarLayout(*drawn))


def columns(
    layout: SearchStrategy[Layout] | None = None, rows_max: int = 40
) -> SearchStrategy[tuple[Layout, ColumnData]]:
    """A layout and rows of it, some NULL: few, or the few hundred from which codecs are tried."""
    rows = st.integers(0, rows_max) | st.sampled_from([0, 1, 256, 300])
    seeds = st.integers(0, 1 << 32)
    drawn = st.tuples(layouts() if layout is None else layout, rows, seeds)
    return drawn.map(lambda found: (found[0], make(found[0], found[1], found[2])))


def make(layout: Layout, rows: int, seed: int) -> ColumnData:
    """`rows` random rows of a layout."""
    return _make(layout, rows, np.random.default_rng(seed))


def _make(
    layout: Layout, rows: int, random: np.random.Generator, under: BoolArray | None = None
) -> ColumnData:
    """`under` is the validity of a struct above: NULL there is NULL here."""
    valid = _validity(rows, random, under)
    kept = np.ones(rows, np.bool_) if valid is None else valid
    if isinstance(layout, FixedLayout):
        return _fixed(layout, kept, valid, random)
    if isinstance(layout, StructLayout):
        children = tuple(_make(child, rows, random, valid) for _, child in layout.fields)
        return StructData(rows, children, valid)
    longest = int(random.choice([0, 3, 3, 60]))
    if isinstance(layout, ListLayout):
        sizes = random.integers(0, min(longest, 5) + 1, rows) * kept
        offsets = offsets_of(sizes)
        return ListData(offsets, _make(layout.child, int(offsets[-1]), random), valid)
    sizes = random.integers(0, longest + 1, rows) * kept
    letters = 256 if random.random() < 0.5 else 3  # of few letters: compresses
    body = random.integers(0, letters, int(sizes.sum()), np.uint8).tobytes()
    extras = tuple(_extra(extra, kept, random) for extra in layout.extras)
    offsets = offsets_of(sizes)
    whole = VarData(offsets, [body], valid, extras)
    return whole if random.random() < 0.5 else whole._replace(buffers=var_rows(whole))


def _validity(rows: int, random: np.random.Generator, under: BoolArray | None) -> BoolArray | None:
    share = random.choice([0.0, 0.0, 0.3, 1.0])
    valid = random.random(rows) >= share
    if under is not None:
        valid &= under
    return None if valid.all() else valid


def _fixed(
    layout: FixedLayout, kept: BoolArray, valid: BoolArray | None, random: np.random.Generator
) -> FixedData:
    dtype = np.dtype(layout.dtype)
    shape = (len(kept), *layout.shape)
    if random.random() < 0.5:  # small numbers: compress
        values = random.integers(0, 2 if dtype.kind == "b" else 5, shape).astype(dtype)
    elif dtype.kind == "b":
        values = random.random(shape) < 0.5
    else:
        size = int(np.prod(shape)) * dtype.itemsize
        values = np.frombuffer(random.bytes(size), dtype).reshape(shape).copy()
    values[~kept] = 0
    norms = None
    if layout.norms:
        with np.errstate(all="ignore"):
            norms = np.linalg.norm(values.astype(np.float64), axis=1).astype(np.float32)
    return FixedData(values, valid, norms)


def _extra(extra: Extra, kept: BoolArray, random: np.random.Generator) -> AnyArray:
    width = extra.width
    if width < 0:
        width = int(random.integers(0, 4)) if len(kept) else 0  # no rows, no widest one
    shape = (len(kept), width) if extra.width else (len(kept),)
    values = random.integers(0, 200, shape).astype(extra.dtype)
    values[~kept] = 0
    return values


def identical(left: ColumnData, right: ColumnData) -> bool:
    """Whether two columns have the same rows, bit for bit, NaN payloads included."""
    if type(left) is not type(right) or not _same_valid(left.valid, right.valid):
        return False
    if isinstance(left, FixedData) and isinstance(right, FixedData):
        norms = left.norms is None or right.norms is None or _same(left.norms, right.norms)
        return norms and _same(left.values, right.values)
    if isinstance(left, StructData) and isinstance(right, StructData):
        children = zip(left.children, right.children, strict=True)
        return left.rows == right.rows and all(identical(a, b) for a, b in children)
    if isinstance(left, ListData) and isinstance(right, ListData):
        return _same(left.offsets, right.offsets) and identical(left.child, right.child)
    if isinstance(left, VarData) and isinstance(right, VarData):
        rows = [list(map(bytes, var_rows(data))) for data in (left, right)]
        extras = zip(left.extras, right.extras, strict=True)
        return (
            _same(left.offsets, right.offsets)
            and rows[0] == rows[1]
            and all(_same(a, b) for a, b in extras)
        )
    return False


def _same(left: AnyArray, right: AnyArray) -> bool:
    like = left.dtype == right.dtype and left.shape == right.shape
    return like and left.tobytes() == right.tobytes()


def _same_valid(left: BoolArray | None, right: BoolArray | None) -> bool:
    if left is None or right is None:
        one = right if left is None else left
        return one is None or bool(one.all())
    return bool(np.array_equal(left, right))
