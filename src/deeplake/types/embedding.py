"""Embeddings: vectors of one length, searched by distance.

Every row is finite, and its L2 norm is stored beside it, so cosine similarity divides by a
number that never has to be computed again. The metric is what an index ranks by.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake import settings
from deeplake.errors import NotFiniteError, NumericOverflowError, SchemaError
from deeplake.loading import later
from deeplake.types.base import FixedData, FixedLayout
from deeplake.types.fixed import Fixed

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.types import rows as given
    from deeplake.types import stacks
    from deeplake.types.base import AnyArray, ColumnData
else:
    stacks = later("deeplake.types.stacks")
    given = later("deeplake.types.rows")

_DTYPES = ("float16", "float32")
_METRICS = ("cosine", "l2", "inner")
_SLAB_ELEMENTS = 1 << 17  # 1 MiB of float64: stays in the cache while norms are summed


class Embedding(Fixed):
    """Vectors of `n` floats.

    Args:
        n: length of every vector.
        dtype: "float32" or "float16".
        metric: "cosine", "l2" or "inner".

    >>> Embedding(2).normalise([[3, 4], None], column="e").norms.tolist()
    [5.0, 0.0]
    """

    def __init__(self, n: int, dtype: str = "float32", metric: str = "cosine") -> None:
        if not isinstance(n, int) or not 1 <= n <= settings.EMBEDDING_LENGTH_MAX:
            raise SchemaError(
                f"an embedding has 1 to {settings.EMBEDDING_LENGTH_MAX:,} elements, got {n!r}.",
                hint="Write emb-<n>, as in 'emb-512'.",
            )
        if dtype not in _DTYPES:
            raise SchemaError(
                f"an embedding is float32 or float16, got {dtype!r}.",
                hint=f"Other element types are tensors: '{dtype}[{n}]'.",
            )
        if metric not in _METRICS:
            raise SchemaError(f"a metric is one of {', '.join(_METRICS)}, got {metric!r}.")
        self.n, self.metric = n, metric
        self.name = f"emb-{n}" if dtype == "float32" else f"emb-{n}:{dtype}"
        self.layout = FixedLayout(np.dtype(dtype).str, (n,), norms=True)

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> Embedding:
        """'emb-512', 'emb-512:float16'."""
        if not arguments:
            raise SchemaError(f"{head!r} needs a length.", hint="Write 'emb-512'.")
        return cls(*arguments)

    def options(self) -> dict[str, Any]:
        """The metric."""
        return {"metric": self.metric}

    def with_options(self, options: dict[str, Any]) -> Embedding:
        """Inverse of `options`."""
        rest = dict(options)
        metric = rest.pop("metric", self.metric)
        super().with_options(rest)
        return Embedding(self.n, self.dtype.name, metric)

    def __str__(self) -> str:
        """The spelling and the metric."""
        return f"{self.name} {self.metric}"

    def normalise(self, values: Any, *, column: str) -> FixedData:
        """Vectors of any float or integer type; wider floats are rounded.

        Raises:
            DimensionError: on a vector of another length.
            NotFiniteError: on NaN or infinity.
            DtypeError, NumericOverflowError: see `elements.convert`.
        """
        rows = given.batch(values, column=column)
        dense = stacks.stack(rows, self.dtype, (self.n,), name=self.name, column=column)
        return self._finished(dense, rows.valid, column=column)

    def single(self, value: Any, *, column: str) -> FixedData | None:
        """An array of the column's own dtype and length."""
        del column
        if type(value) is not np.ndarray or value.shape != (self.n,):
            return None
        if value.dtype.str != self.layout.dtype:
            return None
        dense = value.reshape(1, -1).copy()  # the caller may change theirs before the commit
        norm = math.sqrt(_squares(dense)[0])
        if not norm <= _NORM_MAX:  # NaN too
            return None
        return FixedData(dense, None, np.array((norm,), np.float32))

    def _finished(self, dense: AnyArray, valid: AnyArray | None, *, column: str) -> FixedData:
        """Check the non-NULL rows and add their norms."""
        at = None if valid is None else np.flatnonzero(valid)
        norms = _norms(dense, column=column, at=at)
        return FixedData(given.spread(dense, valid), valid, given.spread(norms, valid))

    def cell(self, raw: Any) -> AnyArray:
        """The vector as it is."""
        vector: AnyArray = raw
        return vector

    def _plain(self, values: AnyArray) -> list[Any]:
        return list(values)

    def arrow_type(self) -> pa.DataType:
        """fixed_size_list<float or halffloat>[n]."""
        import pyarrow as pa

        from deeplake.types.arrow import element_arrow

        return pa.list_(element_arrow(self.dtype), self.n)

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """The vectors, memory shared."""
        from deeplake.types.arrow import fixed_lists

        assert isinstance(data, FixedData)
        return fixed_lists(data.values, self.arrow_type(), data.valid)

    def from_arrow(self, array: pa.Array, *, column: str) -> FixedData:
        """Lists of numbers of any kind, all of length `n`."""
        from deeplake.types.arrow_stacks import stacked

        dense, valid = stacked(array, self.dtype, (self.n,), name=self.name, column=column)
        return self._finished(dense, valid, column=column)


_NORM_MAX = float(np.finfo(np.float32).max)


def _norms(vectors: AnyArray, *, column: str, at: AnyArray | None) -> AnyArray:
    """float32 L2 norms, summed in float64: equal whatever the batch a vector came in.

    One pass finds NaN and infinity too, as a float64 sum of float32 squares cannot overflow.
    """
    step = max(1, _SLAB_ELEMENTS // vectors.shape[1])
    slabs = [_squares(vectors[low : low + step]) for low in range(0, len(vectors), step)]
    squares = slabs[0] if len(slabs) == 1 else np.concatenate(slabs or [np.zeros(0)])
    norms = np.sqrt(squares)
    right = (norms <= _NORM_MAX).tolist()  # no reduction: one is 13 us in cold caches
    if False in right:
        index = right.index(False)
        row = index if at is None else int(at[index])
        raise _bad_vector(vectors[index], float(norms[index]), column=column, row=row)
    return norms.astype(np.float32)


def _squares(vectors: AnyArray) -> AnyArray:
    wide = vectors.astype(np.float64)
    squares: AnyArray = np.einsum("ij,ij->i", wide, wide)
    return squares


def _bad_vector(vector: AnyArray, norm: float, *, column: str, row: int) -> Exception:
    bad = np.flatnonzero(~np.isfinite(vector))
    if not len(bad):
        return given.refusal(
            NumericOverflowError,
            f"the vector's L2 norm {norm:.5g} does not fit float32",
            column=column,
            row=row,
            hint="Scale the vectors down.",
        )
    return given.refusal(
        NotFiniteError,
        f"element {bad[0]} of the vector is {vector[bad[0]]}",
        column=column,
        row=row,
        hint="Use None for a missing vector; a tensor column may hold NaN.",
    )
