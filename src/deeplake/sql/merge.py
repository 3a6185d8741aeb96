"""MERGE: rows of a source beside those of the target, and what is done with each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.kinds import BOOL, Kind
from deeplake.sql import defaults, tree
from deeplake.sql.cells import DEFAULT, cell
from deeplake.sql.evaluate import TARGET, Evaluated, Overlaid, Wanted, answers, joined
from deeplake.sql.parse import enum_name, inner, nodes
from deeplake.sql.target import Outcome, wanted
from deeplake.sql.update import Assignment, assigned, change
from deeplake.types.data import take_rows
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    import numpy.typing as npt

    from deeplake.sql.target import Target, Writing
    from deeplake.types.base import ColumnData

    Rows = npt.NDArray[np.int64]

HERE = "\x01here"
"""True beside each row of the source."""


class Clause(NamedTuple):
    """WHEN …: which rows it is for, what it does, and the outputs that hold its condition and
    values (-1: none).
    """

    kind: str
    command: str
    condition: int
    assignments: tuple[Assignment, ...]
    first: int


def merge(writing: Writing, node: Any) -> Outcome:
    """A MergeStmt node.

    Raises:
        QueryError: 21000, a row would be changed twice; nothing is staged then.
    """
    if node.HasField("returning_clause"):
        raise UnsupportedQueryError("MERGE … RETURNING is not supported.")
    target = writing.target(node.relation)
    alias = node.relation.alias.aliasname or node.relation.relname
    view = target.view()
    targets: list[Any] = []
    wants: list[Wanted | Kind | None] = []
    clauses = [
        _clause(writing, target, item.merge_when_clause, targets, wants)
        for item in node.merge_when_clauses
    ]
    source, name = _source(node.source_relation)
    targets.append(tree.target(tree.column(name, HERE)))
    wants.append(None)
    whole = any(clause.kind == "NOT_MATCHED_BY_SOURCE" for clause in clauses)
    pairs = tree.join(
        source, tree.table(TARGET, alias), node.join_condition,
        "JOIN_FULL" if whole else "JOIN_LEFT",
    )  # fmt: skip
    common = node.with_clause if node.HasField("with_clause") else None
    select = tree.select(targets, [pairs], common=common)
    catalog = Overlaid(writing.catalog, {TARGET: view})
    found = joined(answers(writing.text, select, catalog, writing.values, wants, [view]))
    count = 0 if found is None else _applied(target, clauses, found)
    return Outcome(f"MERGE INTO {target.table}", count)


def _source(node: Any) -> tuple[Any, str]:
    """The source with a column that is true, and what it is called."""
    kind, value = inner(node)
    if kind == "range_var":
        name = value.alias.aliasname or value.relname
    elif kind == "range_subselect" and value.HasField("alias"):
        name = value.alias.aliasname
    else:
        raise UnsupportedQueryError("MERGE from a join or a function is not supported.")
    true = nodes().Node()
    true.a_const.boolval.boolval = True
    made = nodes().Node()
    inside = tree.select([tree.target(tree.star()), tree.target(true, HERE)], [node])
    made.range_subselect.subquery.select_stmt.CopyFrom(inside)
    made.range_subselect.alias.aliasname = name
    return made, name


def _clause(
    writing: Writing, target: Target, node: Any, targets: list[Any], wants: list[Any]
) -> Clause:
    """A WHEN clause; what the engine has to compute for it is added to the outputs."""
    kind = enum_name(node, "match_kind").removeprefix("MERGE_WHEN_")
    command = enum_name(node, "command_type").removeprefix("CMD_")
    condition = -1
    if node.HasField("condition"):
        condition = len(targets)
        targets.append(tree.target(node.condition))
        wants.append(BOOL)
    if command == "UPDATE":
        assignments = assigned(target, node.target_list, writing.values)
    elif command == "INSERT":
        assignments = _inserted(writing, target, node)
    else:
        assignments = []
    first = len(targets)
    for assignment in assignments:
        if assignment.computed:
            value = assignment.given.node
            targets.append(tree.target(_guarded(value, node), assignment.want.column.name))
            wants.append(assignment.want)
    return Clause(kind, command, condition, tuple(assignments), first)


def _guarded(value: Any, clause: Any) -> Any:
    """An expression that is worked out only where the clause's condition is true."""
    if not clause.HasField("condition") or inner(value)[0] == "column_ref":
        return value
    made = nodes().Node()
    when = made.case_expr.args.add().case_when
    when.expr.CopyFrom(clause.condition)
    when.result.CopyFrom(value)
    return made


def _inserted(writing: Writing, target: Target, node: Any) -> list[Assignment]:
    names = [item.res_target.name for item in node.target_list]
    if not names:
        names = target.columns.names[: len(node.values)]
    if len(names) != len(node.values):
        raise QueryError(
            f"INSERT has {'more' if len(node.values) > len(names) else 'fewer'} expressions than "
            "target columns.",
            sqlstate="42601",
        )
    return [
        Assignment(wanted(target.columns, name), cell(value, writing.values))
        for name, value in zip(names, node.values, strict=True)
    ]


def _applied(target: Target, clauses: list[Clause], found: Evaluated) -> int:
    """Do to each pair what its first clause says; returns how many rows were touched."""
    positions = found.positions
    here = np.array([value is True for value in found.data[-1]])
    matched = here & (positions >= 0)
    state = {
        "MATCHED": matched,
        "NOT_MATCHED_BY_TARGET": here & ~matched,
        "NOT_MATCHED_BY_SOURCE": ~here,
    }
    free = np.ones(len(positions), np.bool_)
    chosen: list[Rows] = []
    for clause in clauses:
        fits = free & state[clause.kind]
        if clause.condition >= 0:
            fits &= np.array([value is True for value in found.data[clause.condition]])
        free &= ~fits
        chosen.append(np.flatnonzero(fits))
    _refuse_twice(clauses, chosen, positions)
    inserts = []
    for clause, rows in zip(clauses, chosen, strict=True):
        if clause.command == "UPDATE" and len(rows):
            order = rows[np.argsort(positions[rows])]
            data = [take_rows(found.data[k], order) for k in _outputs(clause)]
            change(target, clause.assignments, Evaluated(positions[order], data))
        elif clause.command == "INSERT" and len(rows):
            data = [take_rows(found.data[k], rows) for k in _outputs(clause)]
            inserts.append((_row_data(target, clause, data, len(rows)), len(rows)))
    gone = [
        positions[rows]
        for clause, rows in zip(clauses, chosen, strict=True)
        if clause.command == "DELETE"
    ]
    if gone and len(away := np.sort(np.concatenate(gone))):
        target.delete(away)
    for data_by_name, rows_of in inserts:
        target.stage(defaults.complete(target, data_by_name, rows_of), rows_of)
    return sum(
        len(rows)
        for clause, rows in zip(clauses, chosen, strict=True)
        if clause.command != "NOTHING"
    )


def _outputs(clause: Clause) -> range:
    computed = sum(assignment.computed for assignment in clause.assignments)
    return range(clause.first, clause.first + computed)


def _row_data(
    target: Target, clause: Clause, data: list[ColumnData], rows: int
) -> dict[str, ColumnData]:
    """Rows to insert by column name; those of DEFAULT are left out."""
    computed = iter(data)
    found = {}
    for assignment in clause.assignments:
        if assignment.computed:
            found[assignment.want.column.name] = next(computed)
        elif assignment.given is not DEFAULT:
            found[assignment.want.column.name] = assignment.data(target, rows)
    return found


def _refuse_twice(clauses: list[Clause], chosen: list[Rows], positions: Rows) -> None:
    touched = [
        positions[rows]
        for clause, rows in zip(clauses, chosen, strict=True)
        if clause.command in ("UPDATE", "DELETE")
    ]
    every = np.concatenate(touched) if touched else np.zeros(0, np.int64)
    if len(np.unique(every)) < len(every):
        raise QueryError(
            "MERGE command cannot affect row a second time.",
            hint="Ensure that not more than one source row matches any one target row.",
            sqlstate="21000",
        )
