"""Rows of one batch that do not all name the same columns: what one leaves out is its default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deeplake.table.columns import left_out
from deeplake.types.data import put_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from deeplake.api.session import Session
    from deeplake.table.columns import Column
    from deeplake.types.base import ColumnData

    Named = Mapping[str, npt.NDArray[np.bool_]]
    """Column -> which rows name it, of columns that not all do."""


def with_defaults(
    session: Session, data: Mapping[str, ColumnData], named: Named
) -> dict[str, ColumnData]:
    """The same columns, with defaults in rows that do not name them; else these are NULL."""
    found = dict(data)
    for name, mask in named.items():
        missing = np.flatnonzero(~mask)
        if len(missing):
            column = session.columns.get(name)
            found[name] = put_rows(found[name], missing, _defaults(session, column, len(missing)))
    return found


def _defaults(session: Session, column: Column, rows: int) -> ColumnData:
    if "columns" in session.columns.schema.sql:
        from deeplake.sql import defaults

        return defaults.of(session.columns, column, rows, session)
    return left_out(column, rows)
