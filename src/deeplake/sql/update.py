"""UPDATE and DELETE: the engine finds rows and what they become, the transaction changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.sql import assign, defaults, tree
from deeplake.sql.cells import DEFAULT, Computed, cell
from deeplake.sql.declared import entry
from deeplake.sql.evaluate import (
    TARGET,
    Evaluated,
    Overlaid,
    Wanted,
    answers,
    joined,
    once,
)
from deeplake.sql.parse import enum_name, inner, nodes
from deeplake.sql.returning import before, returned
from deeplake.sql.target import Outcome, wanted
from deeplake.types.data import take_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.result import ResultColumn
    from deeplake.sql.target import Target, Writing
    from deeplake.types.base import ColumnData


class Assignment:
    """What SET gives one column: a value for all rows, its default, or something computed."""

    __slots__ = ("given", "want")

    def __init__(self, want: Wanted, given: Any) -> None:
        self.want = want
        self.given = given

    @property
    def computed(self) -> bool:
        """Whether the engine has to be asked."""
        return type(self.given) is Computed

    def data(self, target: Target, rows: int) -> ColumnData:
        """The same value, or the default, in so many rows."""
        column, kind = self.want
        if self.given is DEFAULT:
            return defaults.of(target.columns, column, rows, target)
        values = assign.values([self.given], kind, column)
        one = column.type.normalise(values, column=column.name)
        return take_rows(one, np.zeros(rows, np.int64))


def update(writing: Writing, node: Any) -> Outcome:
    """An UpdateStmt node.

    Raises:
        QueryError, InvalidValueError, UniqueViolationError: nothing is staged.
    """
    target = writing.target(node.relation)
    alias = node.relation.alias.aliasname or node.relation.relname
    sides = bool(node.from_clause) and node.HasField("returning_clause")
    assignments = assigned(target, node.target_list, () if sides else writing.values, sides=sides)
    view = target.view()
    catalog = Overlaid(writing.catalog, {TARGET: view})
    computed = [a for a in assignments if a.computed]
    source = [tree.table(TARGET, alias), *node.from_clause]
    targets = [tree.target(a.given.node, a.want.column.name) for a in computed]
    extra = list(node.returning_clause.exprs) if sides else []
    select = tree.select(
        [*targets, *extra], source, node.where_clause if node.HasField("where_clause") else None,
        node.with_clause if node.HasField("with_clause") else None,
    )  # fmt: skip
    if sides:
        return _with_sides(writing, target, select, catalog, view, assignments)
    seen = before(writing, node, target, alias)
    asked = answers(
        writing.text, select, catalog, writing.values, [a.want for a in computed], [view]
    )
    found = joined(asked)
    if found is None:
        columns, rows = returned(writing, node, target, alias, [], seen)
        return Outcome(f"UPDATE {target.table}", 0, columns, rows)
    found = once(found)
    change(target, assignments, found)
    columns, rows = returned(writing, node, target, alias, found.positions, seen)
    return Outcome(f"UPDATE {target.table}", len(found.positions), columns, rows)


def _with_sides(
    writing: Writing,
    target: Target,
    select: Any,
    catalog: Overlaid,
    view: Any,
    assignments: Sequence[Assignment],
) -> Outcome:
    """UPDATE … FROM … RETURNING: one question, whose outputs see the new values, also what is
    given as it is.
    """
    from deeplake.query.result import ResultColumn
    from deeplake.sql.select import bind_select

    statement, _ = bind_select(writing.text, select, catalog, writing.values)
    first = len(assignments)
    outputs = statement.query.outputs[first:]
    wants = [*(a.want for a in assignments), *([None] * len(outputs))]
    names = [a.want.column.name for a in assignments]
    found = joined(
        answers(writing.text, select, catalog, writing.values, wants, [view], becomes=names)
    )
    rows: list[tuple[Any, ...]] = []
    if found is not None:
        found = once(found)
        change(target, assignments, Evaluated(found.positions, found.data[:first]))
        rows = list(zip(*found.data[first:], strict=True))
    columns = tuple(ResultColumn(o.label, o.expression.kind) for o in outputs)
    return Outcome(f"UPDATE {target.table}", len(rows), columns, rows)


def change(target: Target, assignments: Sequence[Assignment], found: Evaluated) -> None:
    """Stage what SET says of some rows; `found` has the data of what was computed, in order."""
    batch: dict[int, ColumnData] = {}
    computed = iter(found.data)
    for assignment in assignments:
        if assignment.computed:
            data = next(computed)
        else:
            data = assignment.data(target, len(found.positions))
        batch[assignment.want.column.column_id] = data
    refuse_nulls(target, batch)
    target.update(found.positions, batch)


def refuse_nulls(target: Target, batch: dict[int, ColumnData]) -> None:
    """NOT NULL.

    Raises:
        NullValueError: 23502.
    """
    from deeplake.errors import NullValueError
    from deeplake.types.rows import refusal

    for column in target.columns:
        data = batch.get(column.column_id)
        valid = None if data is None else data.valid
        if column.not_null and valid is not None and not valid.all():
            raise refusal(
                NullValueError,
                "NULL in a not_null column",
                column=column.name,
                row=int(valid.argmin()),
                hint="Give it a value.",
            )


def assigned(
    target: Target, items: Any, values: Sequence[Any], *, sides: bool = False
) -> list[Assignment]:
    """The assignments of SET; with `sides` the engine computes them all.

    Raises:
        QueryError: 42703, 42601 a column twice, 428C9 an identity column.
    """
    found: list[Assignment] = []
    for item in items:
        value = item.res_target
        if value.indirection:
            raise UnsupportedQueryError("SET of a part of a column is not supported.")
        want = wanted(target.columns, value.name)
        if any(a.want == want for a in found):
            raise QueryError(
                f'multiple assignments to same column "{value.name}".', sqlstate="42601"
            )
        node = _single(value.val)
        given = Computed(node) if sides else cell(node, values)
        if sides and inner(node)[0] == "set_to_default":
            raise UnsupportedQueryError("SET … = DEFAULT with FROM and RETURNING is not supported.")
        declared = entry(target.columns.schema, want.column.column_id)
        if declared.get("identity") == "always" and given is not DEFAULT:
            raise QueryError(
                f'column "{value.name}" can only be updated to DEFAULT: it is an identity column '
                "defined as GENERATED ALWAYS.",
                sqlstate="428C9",
            )
        found.append(Assignment(want, given))
    return found


def _single(node: Any) -> Any:
    """The part of (a, b) = (1, 2) that is for one column.

    Raises:
        QueryError: 42601, as many columns as values are needed.
    """
    kind, value = inner(node)
    if kind != "multi_assign_ref":
        return node
    source, made = inner(value.source)
    if source == "row_expr":
        if len(made.args) != value.ncolumns:
            raise QueryError("number of columns does not match number of values.", sqlstate="42601")
        return made.args[value.colno - 1]
    if source == "sub_link" and enum_name(made, "sub_link_type") in _ROWS:
        return _one_output(node, made, value)
    raise UnsupportedQueryError("SET (…) = of this kind is not supported.")


_ROWS = ("EXPR_SUBLINK", "ROWCOMPARE_SUBLINK", "MULTIEXPR_SUBLINK")


def _one_output(node: Any, link: Any, value: Any) -> Any:
    """The subquery with one of its outputs: it is asked once for each column."""
    select = link.subselect.select_stmt
    if len(select.target_list) != value.ncolumns:
        raise QueryError("number of columns does not match number of values.", sqlstate="42601")
    item = nodes().Node()
    item.range_subselect.subquery.select_stmt.CopyFrom(select)
    item.range_subselect.alias.aliasname = "assigned"
    for k in range(value.ncolumns):
        item.range_subselect.alias.colnames.add().string.sval = f"c{k + 1}"
    output = tree.target(tree.column("assigned", f"c{value.colno}"))
    made = type(node)()
    made.sub_link.CopyFrom(link)
    made.sub_link.sub_link_type = "EXPR_SUBLINK"
    made.sub_link.subselect.select_stmt.CopyFrom(tree.select([output], [item]))
    return made


def delete(writing: Writing, node: Any) -> Outcome:
    """A DeleteStmt node.

    Raises:
        QueryError: nothing is staged.
    """
    target = writing.target(node.relation)
    alias = node.relation.alias.aliasname or node.relation.relname
    view = target.view()
    catalog = Overlaid(writing.catalog, {TARGET: view})
    clause = node.returning_clause.exprs if node.HasField("returning_clause") else []
    select = tree.select(
        clause, [tree.table(TARGET, alias), *node.using_clause],
        node.where_clause if node.HasField("where_clause") else None,
        node.with_clause if node.HasField("with_clause") else None,
    )  # fmt: skip
    columns, found = _asked(writing, select, catalog, view)
    if found is not None:
        found = once(found)
        target.delete(found.positions)
    rows = [] if found is None else list(zip(*found.data, strict=True))
    count = 0 if found is None else len(found.positions)
    shown = columns if node.HasField("returning_clause") else None
    return Outcome(f"DELETE FROM {target.table}", count, shown, rows)  # noqa: S608 - a word


def _asked(
    writing: Writing, select: Any, catalog: Overlaid, view: Any
) -> tuple[tuple[ResultColumn, ...], Evaluated | None]:
    """Positions with the outputs of RETURNING, of rows as they were."""
    from deeplake.query.result import ResultColumn
    from deeplake.sql.select import bind_select

    statement, _ = bind_select(writing.text, select, catalog, writing.values)
    outputs = statement.query.outputs
    found = joined(
        answers(writing.text, select, catalog, writing.values, [None] * len(outputs), [view])
    )
    return tuple(ResultColumn(o.label, o.expression.kind) for o in outputs), found
