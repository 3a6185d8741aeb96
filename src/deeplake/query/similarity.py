"""Vectors compared with one vector: the nearest rows by matrix product, and exact scores.

The nearest are found with float32 products of whole blocks as they lie in their frames, and with
the norms that are stored beside them. Products are off by a little; so every row within that of
the last of the nearest is kept, and whoever sorts them by exact scores finds the right ones.
"""

from __future__ import annotations

from _thread import LockType, allocate_lock, start_new_thread
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.query import engine
from deeplake.query.expression import Call, Constant, Parameter
from deeplake.query.rows import Rows
from deeplake.types.base import FixedData
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
"""Rows are gathered and multiplied where they are fewer than one in so many from the first of them
to the last; else whole blocks: 9,000 rows in a row take 0.8 ms instead of 6.6.
"""

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
    found = _approximate(view, wanted, rows, vector)
    if found.odd is None:
        return rows.at(_best(found.values, found.error, count))
    regular = np.flatnonzero(found.odd == REGULAR)
    error = found.error if isinstance(found.error, float) else found.error[regular]
    kept = regular[_best(found.values[regular], error, count)]
    nulls, zeros = np.flatnonzero(found.odd == NULL), np.flatnonzero(found.odd == ZERO)
    return rows.at(np.sort(np.concatenate([kept, nulls[:count], zeros[:count]])))


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


class Near(NamedTuple):
    """Of each row how near it is (more is nearer), how far off that may be, and what it is: None
    where all are regular.
    """

    values: Vectors
    error: Scores | float
    odd: Odd | None

    def at(self, chosen: npt.NDArray[np.int64]) -> Near:
        """The same of some of the rows."""
        error = self.error if isinstance(self.error, float) else self.error[chosen]
        return Near(self.values[chosen], error, None if self.odd is None else self.odd[chosen])


def _approximate(view: TableView, wanted: Similar, rows: Rows, vector: Scores) -> Near:
    if rows.single is not None and rows.size and not view.restricted:
        low, high = int(rows.single[0]), int(rows.single[-1]) + 1
        if rows.size * GATHERED_SHARE > high - low:
            return _approximate(view, wanted, Rows(((low, high),)), vector).at(rows.single - low)
    if rows.single is not None:
        data = view.read(wanted.column, rows)
        assert isinstance(data, FixedData)
        blocks = [data]
    else:
        blocks = [data for _, data in view.blocks(wanted.column, rows)]
    norms = np.concatenate([np.zeros(0, np.float32), *map(_norms, blocks)])
    finite = bool(norms.max(initial=0) < np.inf)
    values = [data.values for data in blocks]
    products = _all_products(values, vector.astype(np.float32), finite=finite)
    plain = wanted.metric == "cosine" and all(data.valid is None for data in blocks)
    cosines = _cosines(products, norms, vector) if plain else None
    if cosines is not None:
        return cosines
    odd = np.zeros(len(norms), np.uint8)
    at = 0
    for data in blocks:
        if data.valid is not None:
            odd[at : at + len(data.values)][~data.valid] = NULL
        at += len(data.values)
    wide, norms = products.astype(np.float64), norms.astype(np.float64)
    found, error, doubtful = _ranked(wanted.metric, wide, norms, vector, odd)
    if len(doubtful):
        data = view.read(wanted.column, Rows(single=rows.positions()[doubtful]))
        assert isinstance(data, FixedData)
        exact, size = scores(wanted.metric, data.values, vector), vector @ vector
        found[doubtful] = size - exact * exact if wanted.metric == "l2" else exact
    found[odd != REGULAR] = 0
    return Near(found, error, odd)


_UNIT = 2.0**-23
"""Twice the rounding error of float32: products and their sums, whoever adds them up, and norms."""

_TINY = 1e-28
"""Products below have lost digits to the range of float32."""

_LARGE = 1e37
"""Products up to this stay within that range, and so do the sums on the way to them."""


def _cosines(products: Vectors, norms: Vectors, vector: Scores) -> Near | None:
    """Cosines times the size of the vector, if no row takes a rule of its own: none is zero, and no
    number comes near the ends of the range of float32. `_ranked` says the same, in 8 passes over
    float64 instead of 3 over float32: 0.1 ms of 100,000 rows instead of 0.4.
    """
    size = float(np.sqrt(vector @ vector))
    if not len(norms) or not min(size, 1.0) * float(norms.min()) > _TINY:
        return None
    if not max(size, 1.0) * float(norms.max()) < _LARGE:  # nor is any of them NaN
        return None
    found = products / norms.astype(np.float32, copy=False)
    return Near(found, (2 * len(vector) + 20) * _UNIT * size, None)


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


PIECE_BYTES = 8 << 20
"""Vectors that a thread takes at a time."""


def _all_products(blocks: Sequence[Vectors], vector: Vectors, *, finite: bool = False) -> Vectors:
    """Products of rows with a vector, of the blocks one after another; `finite` if all rows are."""
    found = np.empty(sum(map(len, blocks)), np.float32)
    pieces: deque[tuple[Vectors, Vectors]] = deque()
    step = max(1, PIECE_BYTES // (4 * max(len(vector), 1)))
    at = 0
    for block in blocks:
        for low in range(0, len(block), step):
            some = block[low : low + step]
            pieces.append((some, found[at : at + len(some)]))
            at += len(some)

    def multiply(piece: tuple[Vectors, Vectors]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            _products(piece[0], vector, piece[1], finite=finite)

    size = sum(block.nbytes for block in blocks)
    together(multiply, pieces, engine.threads() if size >= THREADED_BYTES else 1)
    return found


def together(do: Callable[[Any], None], parts: deque[Any], threads: int) -> None:
    """Do something to each of some parts, in this thread and others that take from the same queue.

    This one begins at once, and one that has to wait for a core delays no more than a part: a pool
    with a share for each thread took 6.9 ms for what this does in 4.9, and both 4.0 and 3.3 while
    nothing else ran.
    """
    failed: list[BaseException] = []

    def work(*, helping: bool) -> None:
        while parts:
            try:
                part = parts.popleft()
            except IndexError:  # another thread took the last one
                return
            try:
                do(part)
            except BaseException as error:
                parts.clear()
                if not helping:
                    raise
                failed.append(error)  # raised by the thread that waits

    def helped(ended: LockType) -> None:
        try:
            work(helping=True)
        finally:
            ended.release()

    running = []
    try:
        for _ in range(min(threads, len(parts)) - 1):
            ended = allocate_lock()
            ended.acquire()
            try:
                start_new_thread(helped, (ended,))
            except RuntimeError:  # there are no more to be had: fewer do it
                break
            running.append(ended)
        work(helping=False)
    finally:
        for ended in running:
            ended.acquire()
    if failed:
        raise failed[0]


WIDENED_BYTES = 1 << 20
"""Vectors of float16 made float32 at a time: they stay in the cache until they are multiplied. Of
fewer at a time two threads spend more on the interpreter's lock: 18.6 ms of 256 KiB, 10 of these.
"""


_HALF_BITS, _HALF_SCALE = np.int32(0x0FFFE000 - (1 << 31)), np.float32(2.0**112)


def widen(halves: Vectors, into: Vectors) -> None:
    """float16 as float32, for numbers that are finite: NumPy's own takes five times as long.

    Sign, exponent and fraction lie in the same order, so they are shifted to their places, and the
    exponents lack what the biases differ by; what is left is exact, tiny numbers too.

    >>> found = np.zeros(3, np.float32)
    >>> widen(np.array([-1.5, 6e-8, 65504], np.float16), found)
    >>> found.tolist()
    [-1.5, 5.960464477539063e-08, 65504.0]
    """
    bits = into.view(np.int32)
    np.left_shift(halves.view(np.int16), 13, out=bits, dtype=np.int32)
    np.bitwise_and(bits, _HALF_BITS, out=bits)
    np.multiply(into, _HALF_SCALE, out=into)


def _products(values: Vectors, vector: Vectors, into: Vectors, *, finite: bool) -> None:
    """Each row times the vector, by BLAS a row at a time: as fast as memory is, and no threads that
    wait for each other, which on a busy machine take 10 ms for each block.
    """
    if values.dtype != np.float32:
        step = max(1, WIDENED_BYTES // (4 * max(len(vector), 1)))
        wide = np.empty((min(step, len(values)), len(vector)), np.float32)
        for low in range(0, len(values), step):
            some = values[low : low + step]
            if finite and values.dtype == np.float16:
                widen(some, wide[: len(some)])
            else:
                wide[: len(some)] = some
            _products(wide[: len(some)], vector, into[low : low + step], finite=finite)
    elif hasattr(np, "vecdot"):
        np.vecdot(values, vector, out=into)
    else:
        np.matmul(values, vector, out=into)


def _norms(data: FixedData) -> Vectors:
    if data.norms is not None:
        return data.norms
    found: Vectors = np.sqrt(np.einsum("ij,ij->i", data.values, data.values, dtype=np.float64))
    return found


def _best(values: Vectors, error: Scores | float, count: int) -> npt.NDArray[np.int64]:
    """Places that may be among the `count` greatest, given how far off each value may be."""
    if len(values) <= count:
        return np.arange(len(values))
    if isinstance(error, float):
        least = np.partition(values, len(values) - count)[len(values) - count] - 2 * error
        return np.flatnonzero(values >= np.nextafter(least, -np.inf, dtype=values.dtype))
    sure = values - error
    border = np.partition(sure, len(sure) - count)[len(sure) - count]
    return np.flatnonzero(values + error >= border)
