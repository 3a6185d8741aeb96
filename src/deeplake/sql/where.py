"""Conditions and expressions by themselves: of ds.update(…, where="…") and ds.delete(where="…")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import QueryError
from deeplake.sql import tree
from deeplake.sql.cells import Computed
from deeplake.sql.evaluate import TARGET, Evaluated, Overlaid, answers, joined, once
from deeplake.sql.parameters import number, placed
from deeplake.sql.parse import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.query.table_view import TableView
    from deeplake.sql.binding import Catalog
    from deeplake.sql.evaluate import Wanted
    from deeplake.sql.parameters import Parameters

    Positions = npt.NDArray[np.int64]

_CLAUSES = (
    "distinct_clause", "group_clause", "window_clause", "sort_clause", "locking_clause",
)  # fmt: skip


def computed(text: str) -> Computed:
    """An expression.

    Raises:
        QueryError: 42601, it is none, or more than one.
    """
    kind, node = parse(f"SELECT {text}")
    if kind != "select_stmt" or len(node.target_list) != 1 or _more(node) or node.from_clause:
        raise QueryError(f"{text!r} is no expression.", sqlstate="42601")
    if node.HasField("where_clause") or node.target_list[0].res_target.name:
        raise QueryError(f"{text!r} is no expression.", sqlstate="42601")
    return Computed(node.target_list[0].res_target.val)


def _more(node: Any) -> bool:
    """Whether a SELECT has clauses that a condition or an expression has not."""
    fields = ("having_clause", "limit_count", "limit_offset", "with_clause", "larg", "into_clause")
    return any(getattr(node, name) for name in _CLAUSES) or any(map(node.HasField, fields))


BEFORE = "SELECT 1 FROM t WHERE "
"""What stands before a condition where it is parsed."""


def condition_of(condition: str | None, parameters: Parameters) -> tuple[str, Any, Sequence[Any]]:
    """The statement around a condition, its node (None for no condition) and its parameters.

    Raises:
        QueryError: 42601, it is none, or more than one.
    """
    if condition is None:
        return "", None, ()
    prepared = number(BEFORE + condition, parameters)
    kind, node = parse(prepared.text)
    if kind != "select_stmt" or not node.HasField("where_clause") or _more(node):
        raise QueryError(
            f"{condition!r} is no condition.", hint="For example 'rating >= 4'.", sqlstate="42601"
        )
    return prepared.text, node.where_clause, prepared.values


def evaluated(
    view: TableView,
    name: str,
    catalog: Catalog,
    condition: str | None,
    parameters: Parameters,
    cells: Sequence[tuple[Computed, Wanted]] = (),
) -> Evaluated:
    """Positions of the rows for which a condition is true, ascending, and expressions over them.

    Args:
        view: the rows.
        name: what the table is called.
        condition: of WHERE; None for all rows.
        parameters: of the condition.
        cells: expressions, and the columns they are for.

    Raises:
        QueryError
    """
    if condition is None:
        return _evaluated(view, name, catalog, condition, parameters, cells)
    with placed(BEFORE + condition, parameters, BEFORE):
        return _evaluated(view, name, catalog, condition, parameters, cells)


def _evaluated(
    view: TableView,
    name: str,
    catalog: Catalog,
    condition: str | None,
    parameters: Parameters,
    cells: Sequence[tuple[Computed, Wanted]],
) -> Evaluated:
    text, where, values = condition_of(condition, parameters)
    targets = [tree.target(cell.node, want.column.name) for cell, want in cells]
    select = tree.select(targets, [tree.table(TARGET, name)], where)
    wanted = [want for _, want in cells]
    found = joined(answers(text, select, Overlaid(catalog, {TARGET: view}), values, wanted, [view]))
    return Evaluated(np.zeros(0, np.int64), []) if found is None else once(found)
