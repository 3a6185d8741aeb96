"""Vectors compared with one vector: the nearest rows by matrix product, and exact scores.

The nearest are found with float32 products of whole blocks as they lie in their frames, and with
the norms that are stored beside them. Products are off by a little; so every row within that of
the last of the nearest is kept, and whoever sorts them by exact scores finds the right ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.query.expression import Call, Constant, Parameter
from deeplake.query.rows import Rows
from deeplake.types.base import FixedData

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.query.expression import Expression
    from deeplake.query.shapes import Similar
    from deeplake.query.table_view import TableView

    Vectors = npt.NDArray[Any]
    Scores = npt.NDArray[np.float64]
    Odd = npt.NDArray[np.uint8]

REGULAR, NULL, ZERO = 0, 1, 2
"""What a row is: a vector with a direction, no vector, a zero vector."""

GATHERED_SHARE = 8
"""Rows are gathered and multiplied where they are fewer than one in so many; else whole blocks."""

BLOCK_BYTES = 1 << 20
"""Vectors widened at once for exact scores."""


def scores(metric: str, vectors: Vectors, vector: Vectors) -> Scores:
    """Exact scores of rows: computed in float64, the same for a row whatever rows come with it.

    Args:
        metric: "cosine" (similarity), "l2" (distance) or "inner" (product).
        vectors: (rows, n), float16 or float32.
        vector: (n,). A zero vector has cosine NaN with everything.

    >>> scores("cosine", np.array([[3, 4], [0, 0]], np.float32), np.array([3, 4])).tolist()
    [1.0, nan]
    """
    wanted = np.ascontiguousarray(vector, np.float64)
    rows, n = vectors.shape
    step = max(1, BLOCK_BYTES // (8 * max(n, 1)))
    found = np.empty(rows, np.float64)
    for low in range(0, rows, step):
        wide = vectors[low : low + step].astype(np.float64)
        found[low : low + step] = _exact(metric, wide, wanted)
    return found


def _exact(metric: str, wide: Scores, vector: Scores) -> Scores:
    if metric == "l2":
        wide -= vector
        far: Scores = np.sqrt(np.einsum("ij,ij->i", wide, wide))
        return far
    # einsum over (i, j) adds up each row by itself: no BLAS, whose order depends on the rows
    other = np.broadcast_to(vector, wide.shape)
    products: Scores = np.einsum("ij,ij->i", wide, other)
    if metric == "inner":
        return products
    squares = np.einsum("ij,ij->i", wide, wide) * np.einsum("ij,ij->i", other, other)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Scores = np.clip(products / np.sqrt(squares), -1.0, 1.0)
        return found


def keys(wanted: Similar, vectors: Vectors, vector: Scores) -> Scores:
    """What the function of an ORDER BY gives for rows."""
    found = scores(wanted.metric, vectors, vector)
    if wanted.metric == "cosine" and wanted.ascending:
        return 1.0 - found
    return -found if wanted.metric == "inner" and wanted.ascending else found


# --- the nearest rows ---------------------------------------------------------------------------


def nearest(
    view: TableView, wanted: Similar, rows: Rows, count: int, parameters: Sequence[Any]
) -> Rows | None:
    """Rows among which are the `count` nearest, and all that tie with the last of these.

    Rows without a direction (NULL, zero vectors) are first or last by rules that are not ours, so
    as many of them are among these too. None where the vector is not one to compare with: whoever
    computes the scores then says what is wrong.
    """
    type_: Any = view.columns.get(wanted.column).type
    vector = vector_of(wanted.vector, parameters)
    if vector is None or len(vector) != type_.n:
        return None
    if count <= 0:
        return Rows()
    found, error, odd = _approximate(view, wanted, rows, vector)
    regular = np.flatnonzero(odd == REGULAR)
    if len(regular) == len(odd):
        kept = _best(found, error, count)
    else:
        kept = regular[_best(found[regular], error[regular], count)]
        nulls, zeros = np.flatnonzero(odd == NULL), np.flatnonzero(odd == ZERO)
        kept = np.sort(np.concatenate([kept, nulls[:count], zeros[:count]]))
    return Rows(single=rows.positions()[kept])


def vector_of(expression: Expression, parameters: Sequence[Any]) -> Scores | None:
    """A vector of a statement, None where it is none of finite numbers."""
    if isinstance(expression, Call) and expression.name == "vector":
        parts = [part.value for part in expression.arguments if isinstance(part, Constant)]
        return _numbers(parts) if len(parts) == len(expression.arguments) else None
    if isinstance(expression, Call) and expression.name == "cast":
        inner, kind = expression.arguments[0], expression.kind.name
        if kind not in ("vector", "halfvec"):
            return None
        known = inner.kind.name in ("vector", "halfvec")
        found = vector_of(inner, parameters) if known else _read(inner, parameters)
        return found if kind == "vector" or found is None else _numbers(found.astype(np.float16))
    if expression.kind.name == "vector":
        return _read(expression, parameters)
    return None


def _read(expression: Expression, parameters: Sequence[Any]) -> Scores | None:
    """A parameter or a text as a vector."""
    if isinstance(expression, Parameter) and expression.number <= len(parameters):
        value = parameters[expression.number - 1]
    else:
        value = expression.value if isinstance(expression, Constant) else None
    if isinstance(value, str):
        text = value.strip()
        value = text[1:-1].split(",") if text[:1] == "[" and text[-1:] == "]" else None
    return None if value is None else _numbers(value)


def _numbers(value: Any) -> Scores | None:
    try:
        with np.errstate(over="ignore"):
            found = np.asarray(value, np.float32).astype(np.float64)
    except (TypeError, ValueError):
        return None
    good = found.ndim == 1 and len(found) and bool(np.isfinite(found).all())
    return found if good else None


def _approximate(
    view: TableView, wanted: Similar, rows: Rows, vector: Scores
) -> tuple[Scores, Scores, Odd]:
    """Of each row how near it is (more is nearer), how far off that may be, and what it is."""
    dense = not view.restricted and rows.size * GATHERED_SHARE > view.rows
    if rows.single is not None and dense:
        low, high = int(rows.single[0]), int(rows.single[-1]) + 1
        whole = _approximate(view, wanted, Rows(((low, high),)), vector)
        chosen = rows.single - low
        return whole[0][chosen], whole[1][chosen], whole[2][chosen]
    if rows.single is not None:
        data = view.read(wanted.column, rows)
        assert isinstance(data, FixedData)
        blocks = [data]
    else:
        blocks = [data for _, data in view.blocks(wanted.column, rows)]
    products = _all_products([data.values for data in blocks], vector.astype(np.float32))
    norms = np.concatenate([_norms(data) for data in blocks]).astype(np.float64)
    odd = np.zeros(len(norms), np.uint8)
    at = 0
    for data in blocks:
        if data.valid is not None:
            odd[at : at + len(data.values)][~data.valid] = NULL
        at += len(data.values)
    found, error, doubtful = _ranked(wanted.metric, products, norms, vector, odd)
    if len(doubtful):
        data = view.read(wanted.column, Rows(single=rows.positions()[doubtful]))
        assert isinstance(data, FixedData)
        exact, size = scores(wanted.metric, data.values, vector), vector @ vector
        found[doubtful] = size - exact * exact if wanted.metric == "l2" else exact
    found[odd != REGULAR] = 0
    return found, error, odd


_UNIT = 2.0**-23
"""Twice the rounding error of float32: products and their sums, whoever adds them up, and norms."""

_TINY = 1e-28
"""Products below have lost digits to the range of float32."""


def _ranked(
    metric: str, products: Scores, norms: Scores, vector: Scores, odd: Odd
) -> tuple[Scores, Scores, npt.NDArray[np.int64]]:
    """How near rows are, how far off that may be, and places of those that take exact scores.

    Zero vectors are marked as such where they have no cosine.
    """
    size = float(np.sqrt(vector @ vector))
    off = (2 * len(vector) + 16) * _UNIT
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scale = norms * size
        doubtful = ~np.isfinite(products)
        if metric == "inner":
            found, error = products, off * scale + _TINY
        elif metric == "l2":  # of the squared distance, whose order is that of the distance
            squares = norms * norms
            found = 2 * products - squares
            error = off * (2 * scale + 2 * squares + size * size) + _TINY
        else:
            found, error = products / scale, np.broadcast_to(np.float64(off), norms.shape)
            odd[(odd == REGULAR) & (scale == 0)] = ZERO
            doubtful |= scale < _TINY
    return found, error, np.flatnonzero(doubtful & (odd == REGULAR))


THREADED_BYTES = 32 << 20
"""Vectors from which a second thread pays."""


def _all_products(blocks: Sequence[Vectors], vector: Vectors) -> Scores:
    """Products of rows with a vector, of the blocks one after another."""
    ends = np.cumsum([len(block) for block in blocks]).tolist()
    found = np.empty(ends[-1] if ends else 0, np.float64)

    def multiply(which: range) -> None:
        for k in which:
            block = blocks[k]
            if block.dtype != np.float32:
                block = block.astype(np.float32)
            with np.errstate(over="ignore", invalid="ignore"):
                found[ends[k] - len(block) : ends[k]] = _products(block, vector)

    size = sum(block.nbytes for block in blocks)
    threads = settings.QUERY_THREADS if size >= THREADED_BYTES else 1
    shares = [range(k, len(blocks), threads) for k in range(threads)]
    if threads == 1:
        multiply(shares[0])
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(multiply, shares))
    return found


def _products(values: Vectors, vector: Vectors) -> Vectors:
    """Each row times the vector, by BLAS a row at a time: as fast as memory is, and no threads that
    wait for each other, which on a busy machine take 10 ms for each block.
    """
    if hasattr(np, "vecdot"):
        found: Vectors = np.vecdot(values, vector)
        return found
    return values @ vector


def _norms(data: FixedData) -> Vectors:
    if data.norms is not None:
        return data.norms
    found: Vectors = np.sqrt(np.einsum("ij,ij->i", data.values, data.values, dtype=np.float64))
    return found


def _best(values: Scores, error: Scores, count: int) -> npt.NDArray[np.int64]:
    """Places that may be among the `count` greatest, given how far off each value may be."""
    if len(values) <= count:
        return np.arange(len(values))
    sure = values - error
    border = np.partition(sure, len(sure) - count)[len(sure) - count]
    return np.flatnonzero(values + error >= border)
