"""update and delete: which rows, which values -> the session's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.api.expression import Expr
from deeplake.api.positions import position, positions
from deeplake.errors import DtypeError, InputError, NullValueError, RaggedColumnsError
from deeplake.types.base import FixedLayout, row_count
from deeplake.types.data import take_rows
from deeplake.types.named import NamedTuple
from deeplake.types.rows import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from deeplake.api.session import Session
    from deeplake.sql.parameters import Parameters
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


def update(session: Session, values: Mapping[str, Any], chosen_by: Choice) -> int:
    """Set columns to constants, or to what is computed of each row; how many rows that were.

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
    computed: dict[str, str] = {}
    for name, value in values.items():
        column = session.columns.get(name)
        if isinstance(value, Expr):
            computed[name] = value.text
        else:
            one[column.column_id] = _constant(column, value)
    with session.writing:
        found, batch = _found(session, chosen_by, computed)
        if len(found) and values:
            everywhere = np.zeros(len(found), np.int64)
            batch |= {c: take_rows(data, everywhere) for c, data in one.items()}
            session.update(found, batch)
        return len(found) if values else 0


def _constant(column: Column, value: Any) -> ColumnData:
    try:
        return _normalised(column, [value])
    except DtypeError as error:
        if isinstance(value, list | tuple | np.ndarray):
            error.hint = (
                "update() sets one value in all rows; for one in each, "
                f"ds[{column.name!r}][rows] = values."
            )
        raise


def delete(session: Session, chosen_by: Choice) -> int:
    """Delete rows; how many that were.

    Raises:
        InputError, RowIndexError, QueryError
    """
    session.writable()
    with session.writing:
        found, _ = _found(session, chosen_by, {})
        if len(found):
            session.delete(found)
        return len(found)


class Choice(NamedTuple):
    """Which rows: by position, by row id, or by a condition; one of them."""

    rows: Any = None
    row_ids: Any = None
    where: str | None = None
    parameters: Parameters = None


def _found(
    session: Session, choice: Choice, computed: Mapping[str, str]
) -> tuple[Rows, dict[int, ColumnData]]:
    """Positions, ascending, each once; and what is computed of these rows, by column id."""
    if choice.where is None and not computed:
        return chosen(session, choice.rows, choice.row_ids), {}
    from deeplake.api.catalog import Tables
    from deeplake.api.database import database_of
    from deeplake.sql import where
    from deeplake.sql.target import wanted
    from deeplake.sql.update import refuse_nulls

    if choice.where is not None:
        if choice.rows is not None or choice.row_ids is not None:
            raise _ambiguous()
        if not isinstance(choice.where, str):
            raise InputError(f"where= is a condition such as 'rating > 3', not {choice.where!r}.")
        view = session.view()
    else:
        view = session.view(chosen(session, choice.rows, choice.row_ids))
    wants = [wanted(session.columns, name) for name in computed]
    cells = [
        (where.computed(text), want) for text, want in zip(computed.values(), wants, strict=True)
    ]
    catalog = Tables(database_of(session.stand), session)
    found = where.evaluated(view, session.table, catalog, choice.where, choice.parameters, cells)
    batch = {want.column.column_id: data for want, data in zip(wants, found.data, strict=False)}
    refuse_nulls(session, batch)
    return found.positions, batch


def _ambiguous() -> InputError:
    return InputError(
        "name the rows, either by position, by row id, or by a condition.",
        hint="Pass rows=[0, 5], rows=slice(10, 20), a mask, row_ids=[...], or where='rating > 3'.",
    )


def chosen(session: Session, rows: Any, row_ids: Any) -> Rows:
    """Positions named by position or by row id, ascending, each once.

    Row ids that no row has name nothing.

    Raises:
        InputError: neither is given, or both are.
        RowIndexError: a position out of range.
    """
    if (rows is None) == (row_ids is None):
        raise _ambiguous()
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
