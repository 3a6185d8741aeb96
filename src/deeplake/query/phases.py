"""The first phase of a scan by the engine: which rows pass conditions that are not tested here.

Worth a round of the engine where the rest of the statement needs vectors or other wide values of
the rows that pass, or only the first of these in some order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.query import emit, engine, feed
from deeplake.query.expression import Call, Column, parameters_used, walk
from deeplake.query.kinds import BOOL, INT8
from deeplake.query.parameters import given
from deeplake.query.relation import POSITION, Output, Scan, ScanColumn, Select
from deeplake.query.rows import Rows
from deeplake.types.base import FixedLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deeplake.query.expression import Expression
    from deeplake.query.table_view import TableView

    Feed = Callable[[Scan, TableView, Rows], Any]

_NAME = "position"


def pays(scan: Scan, view: TableView, conditions: Sequence[Expression]) -> bool:
    """Whether the conditions look at narrow columns, and others are wide.

    Not if they ask for the time: the second phase would have another answer.
    """
    for node in (node for condition in conditions for node in walk(condition)):
        if isinstance(node, Call) and "now()" in node.template:
            return False
    used = _used(conditions)
    wide = {c.name for c in scan.columns if c.source < 0 and _is_wide(view, c.column)}
    return bool(wide) and not wide & used


def _is_wide(view: TableView, name: str) -> bool:
    if name == POSITION:
        return False
    layout = view.columns.get(name).layout
    return not isinstance(layout, FixedLayout) or bool(layout.shape)


def _used(conditions: Sequence[Expression]) -> set[str]:
    return {node.name for c in conditions for node in walk(c) if isinstance(node, Column)}


def passing(
    scan: Scan,
    view: TableView,
    rows: Rows,
    conditions: Sequence[Expression],
    parameters: Sequence[Any],
    feed_of: Feed,
) -> Rows:
    """Of some rows those for which all conditions are true, found by the engine.

    Raises:
        QueryError: a condition fails on a row.
    """
    used = _used(conditions)
    columns = tuple(column for column in scan.columns if column.name in used)
    narrow = Scan(scan.number, scan.table, (*columns, ScanColumn(_NAME, POSITION, -1)))
    joined = " AND ".join(f"{{{k}}}" for k in range(len(conditions)))
    query = Select(
        (Output(_NAME, _NAME, Column(scan.number, _NAME, INT8)),),
        (scan._replace(columns=(), conditions=()),),
        Call("and", f"({joined})", tuple(conditions), BOOL),
    )
    values = given(parameters_used(query), parameters)
    feeds = {emit.FEED.format(scan.number): feed_of(narrow, view, rows)}
    found = [feed.raw(batch.column(0)) for batch in engine.run(emit.query(query), feeds, values)]
    return Rows(single=np.sort(np.concatenate([*found, np.zeros(0, np.int64)])))
