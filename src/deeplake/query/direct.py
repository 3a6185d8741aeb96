"""Statements answered without the engine: columns of rows that are known, aggregates of them.

For these the engine would only copy; its own preparation takes a millisecond. Kinds come back as
the engine gives them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from deeplake.query import access, feed, similarity
from deeplake.query.kinds import TEXTS
from deeplake.query.rows import Rows
from deeplake.query.shapes import names_of
from deeplake.types.base import FixedData, VarData, row_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from deeplake.query.access import Chosen
    from deeplake.query.expression import Order
    from deeplake.query.plan import Plan
    from deeplake.query.shapes import Similar, Total
    from deeplake.query.table_view import TableView

    Positions = npt.NDArray[np.int64]

ROWS_MAX = 1 << 22
"""Rows whose values are taken at once; more are streamed through the engine."""


ROWS_SCORED_MAX = 1 << 16
"""Rows whose exact similarities are computed here."""


class Ready:
    """Rows that are there, read as those of a statement that runs."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch: pa.RecordBatch | None = batch
        self.schema = batch.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        batch, self._batch = self._batch, None
        if batch is not None and batch.num_rows:
            yield batch

    def interrupt(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Let go of the rows."""
        self._batch = None


def ready(plan: Plan, view: TableView, chosen: Chosen, parameters: Sequence[Any]) -> Ready | None:
    """The rows of a statement, None if it takes the engine to make them."""
    shape = plan.shape
    if shape.scan is None or not chosen.exact:
        return None
    outputs = plan.statement.query.outputs
    if shape.totals:
        return _totals(shape.totals, view, chosen, [o.name for o in outputs])
    limits = access.limits_of(shape, parameters)
    unlimited = shape.limit is None and shape.offset is None
    similar = shape.similar
    ordered = shape.ordered or (similar is not None and similar.rest is not None)
    if shape.plain is None or shape.ties or not ordered or chosen.rows.size > ROWS_MAX:
        return None
    if limits is None and not unlimited:
        return None
    rows = chosen.rows
    names = names_of(shape.scan)
    if similar is not None:
        vector = similarity.vector_of(similar.vector, parameters)
        fits = vector is not None and len(vector) == _width(view, similar.column)
        if not fits or limits is None or rows.size > ROWS_SCORED_MAX:
            return None
        by = _ordered(similar.rest or (), view, names, rows, (similar, vector))
        rows = Rows(single=rows.positions()[by])
    elif shape.order:
        rows = Rows(single=rows.positions()[_ordered(shape.order, view, names, rows)])
    if limits is not None:
        limit, offset = limits
        if offset:
            rows = Rows(single=rows.positions()[offset:])
        rows = rows.first(limit)
    columns = {column.name: column for column in shape.scan.columns}
    arrays = [_as_given(access.column_of(columns[name], view, rows)) for name in shape.plain]
    if not arrays:
        return None
    return Ready(pa.RecordBatch.from_arrays(arrays, names=[o.name for o in outputs]))


def _as_given(array: pa.Array) -> pa.Array:
    """An array as one that the engine gives."""
    array = feed.plain(array)
    if array.type == pa.large_string():
        return feed.short(array)
    if pa.types.is_decimal(array.type):
        return array.cast(pa.decimal128(array.type.precision, array.type.scale))
    return array


def _width(view: TableView, name: str) -> int:
    type_: Any = view.columns.get(name).type
    return int(type_.n)


def _ordered(
    orders: Sequence[Order],
    view: TableView,
    names: dict[str, str],
    rows: Rows,
    scored: tuple[Similar, Any] | None = None,
) -> Positions:
    """The places of some rows in their order; rows that tie stay as they are.

    Args:
        orders: columns.
        view: their table.
        names: of these in the table.
        rows: to be ordered.
        scored: a similarity that decides before the columns, and its vector.
    """
    keys: list[npt.NDArray[Any]] = []
    for order in reversed(orders):
        key: Any = order.key
        data = view.read(names[key.name], rows)
        assert isinstance(data, FixedData)
        values = data.values
        if values.dtype.kind == "f":
            keys.append(np.negative(values) if order.descending else values)
            nan = np.isnan(values)
            if nan.any():
                keys.append(~nan if order.descending else nan)
        else:
            whole = values.view(np.uint8) if values.dtype == np.bool_ else values
            keys.append(~whole if order.descending else whole)
        if data.valid is not None:
            keys.append(data.valid if order.nulls_first else ~data.valid)
    if scored is not None:
        similar, vector = scored
        data = view.read(similar.column, rows)
        assert isinstance(data, FixedData)
        values = similarity.keys(similar, data.values, vector)
        nan = np.isnan(values)
        keys += [values, nan] if similar.ascending else [-values, ~nan]
        if data.valid is not None:
            keys.append(data.valid if similar.nulls_first else ~data.valid)
    return np.lexsort(keys)


# --- aggregates ---------------------------------------------------------------------------------


def _totals(
    totals: Sequence[Total], view: TableView, chosen: Chosen, names: Sequence[str]
) -> Ready | None:
    """One row of aggregates over rows that are known."""
    arrays = []
    for total in totals:
        found = _total(total, view, chosen.rows)
        if found is None:
            return None
        arrays.append(found)
    return Ready(pa.RecordBatch.from_arrays(arrays, names=list(names)))


def _total(total: Total, view: TableView, rows: Rows) -> pa.Array | None:
    """An aggregate as an array of one value; None if it takes the engine."""
    if not total.column:
        return _integer(rows.size)
    if total.name == "count":
        valid = view.valid(total.column, rows)
        return _integer(rows.size if valid is None else int(np.count_nonzero(valid)))
    type_ = view.columns.get(total.column).type
    if total.name in ("min", "max"):
        if rows.are_all(view.rows):
            found = view.extremes(total.column)
            if found is not None:
                return _value(type_, found[total.name == "max"])
        if total.expression.kind.name in TEXTS:
            return None
    if rows.size > ROWS_MAX:
        return None
    data = view.read(total.column, rows)
    if not isinstance(data, FixedData):
        return None
    values = data.values if data.valid is None else data.values[data.valid]
    if total.name in ("min", "max"):
        return _value(type_, _extreme(values, greatest=total.name == "max"))
    if not len(values):
        return pa.nulls(1, pa.int64() if total.name == "sum" else pa.float64())
    if total.name == "sum":
        return _integer(int(values.sum(dtype=np.int64)))
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(values.sum(dtype=np.float64) / len(values))
    if not np.isfinite(mean) and np.isfinite(values).all():
        return None  # the sum is out of range: who raises that is the engine
    return _flat(np.array([mean]), pa.float64())


def _extreme(values: npt.NDArray[Any], *, greatest: bool) -> Any:
    """The least or greatest value, NaN above all numbers; None of none."""
    if not len(values):
        return None
    if values.dtype.kind == "f":
        numbers = values[~np.isnan(values)]
        if len(numbers) < len(values) and (greatest or not len(numbers)):
            return np.nan
        values = numbers
    return (values.max() if greatest else values.min()).item()


def _value(type_: Any, value: Any) -> pa.Array:
    """A value as columns store it, as an array of the engine."""
    valid = np.array([value is not None])
    if isinstance(value, bytes):
        data: Any = VarData(np.array([0, len(value)], np.int64), [value])
    else:
        values = np.array([0 if value is None else value]).astype(type_.layout.dtype)
        data = FixedData(values, None if valid.all() else valid)
    assert row_count(data) == 1
    return _as_given(feed.as_engine(type_, data))


def _integer(value: int) -> pa.Array:
    return feed.integers(np.array([value], np.int64), None)


def _flat(values: npt.NDArray[Any], type_: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(type_, len(values), [None, pa.py_buffer(values)])
