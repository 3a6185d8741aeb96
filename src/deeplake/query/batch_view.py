"""Rows that are in no table, as a table that a statement can read: a draft over memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from deeplake.format.schema import ColumnSpec, TableSchema
from deeplake.query.table_view import TableView
from deeplake.storage.memory import MemoryStore
from deeplake.table.columns import Columns
from deeplake.table.draft import Draft
from deeplake.table.packs import PackWriter
from deeplake.types.base import FixedData
from deeplake.versioning.objects import Objects

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from deeplake.types.base import ColumnData

    Positions = npt.NDArray[np.int64]

AT = "\x01at"
"""The column that holds, of each row, the position of the row that it belongs to."""


def batch_view(
    name: str, schema: TableSchema, batch: Mapping[int, ColumnData], positions: Positions
) -> TableView:
    """A batch of rows of a table's columns, and of each row the position that it belongs to."""
    used = {spec.column_id for spec in schema.columns}
    extra = next(k for k in range(len(used) + 1) if k not in used)
    marked = ColumnSpec(extra, AT, {"type": "int64"})
    columns = Columns(schema._replace(columns=(*schema.columns, marked)))
    objects = Objects(MemoryStore())
    nonce = int.from_bytes(os.urandom(8), "little")
    draft = Draft(0, name, columns, PackWriter(objects), nonce=nonce, created=True)
    draft.append({**batch, extra: FixedData(np.asarray(positions, np.int64))}, len(positions))
    return TableView(objects, name, draft.tree(objects, None), columns)
