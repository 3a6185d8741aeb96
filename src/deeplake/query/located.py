"""Which rows of a table a query selects: the query with their positions as one more column.

Only a query whose rows are rows of one table has such positions: no join, grouping, DISTINCT,
aggregate or set operation stands between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.query.expression import Aggregate, Column, walk
from deeplake.query.kinds import INT8
from deeplake.query.relation import POSITION, Output, Scan, ScanColumn, Select

if TYPE_CHECKING:
    from deeplake.query.statement import Statement

_NAME = "position"


def located(statement: Statement) -> tuple[Statement, int] | None:
    """The statement with an output of positions behind the others, and the number of its table.

    None if its rows are not rows of one table.
    """
    query = statement.query
    if not isinstance(query, Select) or len(query.source) != 1:
        return None
    if query.groups or query.having is not None or query.distinct == () or query.common:
        return None
    source = query.source[0]
    if not isinstance(source, Scan):
        return None
    for output in query.outputs:
        if any(isinstance(e, Aggregate) and e.window is None for e in walk(output.expression)):
            return None
    outputs = (*query.outputs, Output(_NAME, "p", Column(source.number, _NAME, INT8)))
    scans = tuple(
        scan._replace(columns=(*scan.columns, ScanColumn(_NAME, POSITION, -1)))
        if scan.number == source.number
        else scan
        for scan in statement.scans
    )
    return statement._replace(query=query._replace(outputs=outputs), scans=scans), source.table
