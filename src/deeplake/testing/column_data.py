"""What every `ColumnData` promises the format room, as one check; and equality of values.

Used by the type contract, and fit for any test that builds or reads columns by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.types.base import (
    FixedData,
    FixedLayout,
    ListData,
    ListLayout,
    StructData,
    StructLayout,
    VarData,
    VarLayout,
    row_count,
)

if TYPE_CHECKING:
    from deeplake.types.base import AnyArray, ColumnData, Layout


def check_layout(data: ColumnData, layout: Layout, rows: int) -> None:
    """Assert that `data` has `rows` rows in the shape, dtypes and NULL form of `layout`."""
    assert row_count(data) == rows
    if data.valid is not None:
        assert data.valid.dtype == np.bool_
        assert data.valid.shape == (rows,)
    if isinstance(layout, FixedLayout):
        assert isinstance(data, FixedData)
        _check_fixed(data, layout, rows)
    elif isinstance(layout, VarLayout):
        assert isinstance(data, VarData)
        _check_var(data, layout, rows)
    elif isinstance(layout, ListLayout):
        assert isinstance(data, ListData)
        _check_offsets(data.offsets, data, rows)
        check_layout(data.child, layout.child, int(data.offsets[-1]))
    else:
        assert isinstance(layout, StructLayout)
        assert isinstance(data, StructData)
        assert len(data.children) == len(layout.fields)
        for child, (_, inner) in zip(data.children, layout.fields, strict=True):
            check_layout(child, inner, rows)
            if data.valid is not None and not data.valid.all():
                assert child.valid is not None, "NULL is NULL at every level below"
                assert not child.valid[~data.valid].any()


def _check_fixed(data: FixedData, layout: FixedLayout, rows: int) -> None:
    assert data.values.dtype == np.dtype(layout.dtype)
    assert data.values.shape == (rows, *layout.shape)
    assert data.values.flags.c_contiguous
    if layout.norms:
        assert data.norms is not None
        assert data.norms.dtype == np.float32
        wide = np.linalg.norm(data.values.astype(np.float64), axis=1)
        np.testing.assert_allclose(data.norms, wide, rtol=1e-6)
    if data.valid is not None:
        assert not data.values[~data.valid].view(np.uint8).any(), "zero under NULL"


def _check_var(data: VarData, layout: VarLayout, rows: int) -> None:
    _check_offsets(data.offsets, data, rows)
    sizes = [memoryview(b).nbytes for b in data.buffers]  # type: ignore[arg-type]
    assert sum(sizes) == int(data.offsets[-1])
    if len(sizes) == rows:
        assert sizes == np.diff(data.offsets).tolist(), "as many buffers as rows: one each"
    assert len(data.extras) == len(layout.extras)
    for extra, spec in zip(data.extras, layout.extras, strict=True):
        assert extra.dtype == np.dtype(spec.dtype)
        assert extra.shape[:1] == (rows,)
        if spec.width >= 0:
            assert extra.shape[1:] == ((spec.width,) if spec.width else ())
        else:
            assert extra.ndim == 2


def _check_offsets(offsets: AnyArray, data: VarData | ListData, rows: int) -> None:
    assert offsets.dtype == np.int64
    assert offsets.shape == (rows + 1,)
    assert offsets[0] == 0
    sizes = np.diff(offsets)
    assert (sizes >= 0).all()
    if data.valid is not None:
        assert not sizes[~data.valid].any(), "empty under NULL"


def same(left: Any, right: Any) -> bool:
    """Equality of values, exact in type and shape, with NaN equal to itself.

    >>> same([1.0, float("nan")], [1.0, float("nan")]), same(1, 1.0)
    (True, False)
    """
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        if left.dtype != right.dtype or left.shape != right.shape:
            return False
        return bool(np.array_equal(left, right, equal_nan=left.dtype.kind == "f"))
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) and left != left:  # noqa: PLR0124
        return bool(right != right)  # noqa: PLR0124
    return bool(left == right)
