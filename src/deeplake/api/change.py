"""update and delete: which rows, which values -> the session's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.api.positions import position, positions
from deeplake.errors import InputError, NullValueError, RaggedColumnsError
from deeplake.types.base import FixedLayout, row_count
from deeplake.types.data import take_rows
from deeplake.types.rows import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from deeplake.api.session import Session
    from deeplake.table.columns import Column
    from deeplake.types.base import ColumnData

    Rows = npt.NDArray[np.int64]


def set_cells(session: Session, name: str, key: Any, value: Any) -> None:
    """`ds["label"][key] = value`: one value, one for all rows, or one for each.

    Raises:
        RowIndexError, InvalidValueError, RaggedColumnsError, ReadOnlyError: nothing was staged.
    """
    session.writable()
    column = session.columns.get(name)
    with session.writing:
        row = position(key, session.rows)
        if row is not None:
            rows = np.array([row])
            data = _normalised(column, [value])
        else:
            rows = _as_array(positions(key, session.rows))
            data = _for_rows(column, value, len(rows))
        if len(rows):
            session.update(rows, {column.column_id: data})


def update(session: Session, values: Mapping[str, Any], rows: Any, row_ids: Any) -> int:
    """Set columns to constants in some rows; how many rows that were.

    Raises:
        InputError: no rows are named, or twice; or any error of the values.
    """
    session.writable()
    if not hasattr(values, "items"):
        raise InputError(
            f"the new values are {{column: value}}, not {type(values).__name__}.",
            hint="ds.update({'label': 3}, rows=[1, 2]).",
        )
    one = {}
    for name, value in values.items():
        column = session.columns.get(name)
        one[column.column_id] = _normalised(column, [value])
    with session.writing:
        found = chosen(session, rows, row_ids)
        if len(found) and one:
            everywhere = np.zeros(len(found), np.int64)
            session.update(found, {c: take_rows(data, everywhere) for c, data in one.items()})
        return len(found) if one else 0


def delete(session: Session, rows: Any, row_ids: Any) -> int:
    """Delete rows; how many that were.

    Raises:
        InputError, RowIndexError
    """
    session.writable()
    with session.writing:
        found = chosen(session, rows, row_ids)
        if len(found):
            session.delete(found)
        return len(found)


def chosen(session: Session, rows: Any, row_ids: Any) -> Rows:
    """Positions named by position or by row id, ascending, each once.

    Row ids that no row has name nothing.

    Raises:
        InputError: neither is given, or both are.
        RowIndexError: a position out of range.
    """
    if (rows is None) == (row_ids is None):
        raise InputError(
            "name the rows, either by position or by row id.",
            hint="Pass rows=[0, 5], rows=slice(10, 20), a mask, or row_ids=[...].",
        )
    if row_ids is not None:
        return session.positions_of(_ids(row_ids))
    row = position(rows, session.rows)
    if row is not None:
        return np.array([row])
    return np.unique(_as_array(positions(rows, session.rows)))


def _ids(row_ids: Any) -> Rows:
    array = np.asarray(row_ids)
    if array.dtype.kind not in "iu" and array.size:
        raise InputError(f"row ids are integers, not {array.dtype}.", hint="See ds.row_ids.")
    return np.unique(array.astype(np.int64).reshape(-1))


def _as_array(rows: range | Rows) -> Rows:
    if isinstance(rows, range):
        return np.arange(rows.start, rows.stop, rows.step, dtype=np.int64)
    return rows


def _for_rows(column: Column, value: Any, count: int) -> ColumnData:
    """One value for each of `count` rows, or one for all of them."""
    if _is_one_value(column, value):
        return take_rows(_normalised(column, [value]), np.zeros(count, np.int64))
    data = _normalised(column, value)
    if row_count(data) != count:
        raise RaggedColumnsError(
            f"{row_count(data)} values do not fit {count} rows of column {column.name!r}.",
            hint="Give one value for each row, or one for all.",
        )
    return data


def _is_one_value(column: Column, value: Any) -> bool:
    """Whether a value is meant for every row: no sequence, or an array as large as one cell."""
    if isinstance(value, list | tuple):
        return False
    shape = getattr(value, "shape", None)
    if shape is None:
        return not hasattr(value, "to_pylist")
    layout = column.layout
    if isinstance(layout, FixedLayout):
        return tuple(shape) == layout.shape
    return len(shape) != 1


def _normalised(column: Column, values: Any) -> ColumnData:
    arrow = hasattr(values, "to_pylist") and hasattr(values, "type")
    read = column.type.from_arrow if arrow else column.type.normalise
    data = read(values, column=column.name)
    if column.not_null and data.valid is not None and not data.valid.all():
        raise refusal(
            NullValueError,
            "NULL in a not_null column",
            column=column.name,
            row=int(data.valid.argmin()),
            hint="Give it a value.",
        )
    return data
