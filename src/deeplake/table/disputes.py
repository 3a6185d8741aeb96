"""What is asked about a row or a cell that both sides of a merge changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.table.compare import versions_at
from deeplake.table.conflicts import DELETED, Conflict, Spot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from deeplake.table.columns import Column
    from deeplake.table.compare import TableDelta


def cell_dispute(
    table: str, column: Column, row_id: int, base: Spot | None, ours: Spot, theirs: Spot
) -> Conflict:
    """A cell that both wrote; `base` is None if both added the row."""

    def read(side: str) -> Any:
        spot = {"base": base, "ours": ours, "theirs": theirs}[side]
        return None if spot is None else spot.value(column)

    return Conflict(
        "cell",
        table,
        row_id=row_id,
        column=column.name,
        read=read,
        token=token_of([(column, ours), (column, theirs)]),
        fits=lambda value: column.type.normalise([value], column=column.name),
        told=column.type.told,
    )


def row_dispute(
    table: str, columns: Mapping[int, Column], delta: TableDelta, row_id: int, deleted_by: str
) -> Conflict:
    """A row that one side deleted and the other changed.

    Args:
        delta: of the side that changed it.
    """
    changed: dict[str, tuple[Column, Spot | None, Spot]] = {}
    for column_id, cells in delta.updated.items():
        k = int(np.searchsorted(cells.ids, row_id))
        column = columns.get(column_id)
        if column is None or k == len(cells.ids) or cells.ids[k] != row_id:
            continue
        old = None
        if cells.base_at[k] >= 0:  # else the base had dropped the column
            old = Spot(delta.base[int(cells.base_at[k])], int(cells.base_places[k]))
        new = Spot(delta.other[int(cells.at[k])], int(cells.places[k]))
        changed[column.name] = column, old, new

    def read(side: str) -> Any:
        if side == deleted_by:
            return DELETED
        return {
            name: spot.value(column)
            for name, (column, old, new) in changed.items()
            if (spot := old if side == "base" else new) is not None
        }

    token = token_of((column, new) for column, _, new in changed.values())

    def told(value: Any) -> Any:
        if value is DELETED:
            return value
        return {name: changed[name][0].type.told(one) for name, one in value.items()}

    return Conflict("row", table, row_id=row_id, read=read, token=token, told=told)


def token_of(spots: Iterable[tuple[Column, Spot]]) -> str:
    """The versions of some cells."""
    return "-".join(
        f"{versions_at(spot.fragment, column.column_id, np.array([spot.place]))[0]:x}"
        for column, spot in spots
    )
