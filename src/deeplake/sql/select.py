"""SELECT, bound: a query of which every name, kind and function is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import NeedEarly, as_kind, coerce, common_kind, present
from deeplake.query.control import planned_here
from deeplake.query.emit import too_deep
from deeplake.query.expression import Column, Expression, columns_used
from deeplake.query.functions import catalog as _  # noqa: F401 - registers every function
from deeplake.query.kinds import TEXT, UNKNOWN, array_of
from deeplake.query.relation import Combined, Cte, Output, Query, Relation, Select, Values
from deeplake.query.statement import Statement
from deeplake.sql import ordering, row_functions, with_clause
from deeplake.sql.binding import Binding
from deeplake.sql.calls import named_windows
from deeplake.sql.expressions import ExpressionBinder
from deeplake.sql.from_clause import FromBinder
from deeplake.sql.grouping import Grouping
from deeplake.sql.labels import label_of
from deeplake.sql.parse import enum_name
from deeplake.sql.row_functions import SelectedRows
from deeplake.sql.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.kinds import Kind
    from deeplake.query.table_view import TableView
    from deeplake.sql.binding import Catalog


def bind_select(
    text: str,
    node: Any,
    catalog: Catalog,
    values: Sequence[Any],
    early: frozenset[int] = frozenset(),
) -> tuple[Statement, list[TableView]]:
    """A SELECT node as a statement, and its tables in the order of their numbers.

    Columns that are wide are bound late, but for the sources that are `early`; where a value is
    needed, the statement is bound once more with that source early.

    Raises:
        QueryError, UnsupportedQueryError, TableNotFoundError
    """
    planning = planned_here()
    while True:
        if planning is not None:
            planning.begin()
        binding = Binding(text, catalog, values, early)
        try:
            query = SelectBinder(binding).bind(node, None)
        except NeedEarly as need:
            early |= {need.source}
            continue
        except RecursionError:
            raise too_deep() from None
        used = columns_used(query)
        scans = tuple(reference.scan(used) for reference in binding.references)
        sources, kinds = tuple(binding.sources), tuple(binding.parameters)
        return Statement(query, scans, sources, kinds), binding.tables


class SelectBinder:
    """Binds queries of one statement."""

    def __init__(self, binding: Binding) -> None:
        self.binding = binding

    def bind(self, node: Any, parent: Scope | None, *, unknowns: bool = False) -> Query:
        """A SelectStmt node.

        Args:
            node: the message.
            parent: the scope around it.
            unknowns: literals of unknown kind may stay so in its outputs: something around it
                decides.
        """
        scope = Scope(parent, None if parent is None else parent.common)
        common: tuple[Cte, ...] = ()
        if node.HasField("with_clause"):
            common = with_clause.bind_with(self, node.with_clause, scope)
        if enum_name(node, "op") != "SETOP_NONE":
            query: Query = self._combined(node, scope)
        elif node.values_lists:
            query = self._values(node, scope)
        else:
            query = self._select(node, scope, unknowns=unknowns)
        recursive = any(part.recursive for part in common)
        return query._replace(common=common, recursive=recursive)

    def binder(self, scope: Scope, place: str = "") -> ExpressionBinder:
        """A binder of expressions at some place."""
        return ExpressionBinder(self.binding, scope, self.bind, place)

    # --- SELECT -----------------------------------------------------------------------------

    def _select(self, node: Any, scope: Scope, *, unknowns: bool) -> Select:
        scope.groups = bool(node.group_clause)
        source = self._source(node, scope)
        binder = self.binder(scope)
        binder.windows = named_windows(node.window_clause)
        binder.rows = SelectedRows(self.binding.number())
        outputs = self._outputs(binder, node, scope, unknowns=unknowns)
        where = None
        if node.HasField("where_clause"):
            where = self.binder(scope, "WHERE").condition(node.where_clause, "WHERE")
        having = None
        if node.HasField("having_clause"):
            having = self.binder(scope, "HAVING").condition(node.having_clause, "HAVING")
        order = ordering.bind_order(binder, node.sort_clause, outputs)
        grouping = Grouping(self.binding, scope, source)
        grouping.bind(binder, node, outputs)
        distinct = ordering.bind_distinct(binder, node, outputs, order)
        limit, offset = ordering.bind_limits(self.binder(scope, "LIMIT"), node)
        ordering.check_ties(node, order)
        rows = binder.rows.relation()
        made = Select(
            tuple(outputs), source, where, (), (), having, distinct, order, limit, offset,
            enum_name(node, "limit_option") == "LIMIT_OPTION_WITH_TIES",
        )  # fmt: skip
        made = grouping.checked(made, rows)
        if rows is not None and grouping.rows_come_last:
            made = row_functions.behind(made, rows, self.binding.number())
        elif rows is not None:
            made = made._replace(source=(*source, rows))
        ordering.check_locking(node, made, scope)
        return made

    def _source(self, node: Any, scope: Scope) -> tuple[Relation, ...]:
        binder = FromBinder(self.binder(scope, "FROM"))
        return tuple(binder.bind(item) for item in node.from_clause)

    def _outputs(
        self, binder: ExpressionBinder, node: Any, scope: Scope, *, unknowns: bool
    ) -> list[Output]:
        keeps = unknowns and not node.distinct_clause and not node.sort_clause
        outputs: list[Output] = []
        for item in node.target_list:
            target = item.res_target
            fields = target.val.column_ref.fields  # none where it is something else
            if fields and fields[-1].HasField("a_star"):
                pairs = _star(scope, [f.string.sval for f in fields[:-1]])
            else:
                expression = binder.bind(target.val)
                if expression.kind.name == "unknown" and not keeps:
                    expression = coerce(expression, TEXT)
                elif expression.kind.element == UNKNOWN:
                    expression = coerce(expression, array_of(TEXT))
                pairs = [(target.name or label_of(target.val), expression)]
            outputs += [
                Output(label, f"o{len(outputs) + k}", e) for k, (label, e) in enumerate(pairs)
            ]
        return outputs

    # --- UNION, VALUES ----------------------------------------------------------------------

    def _combined(self, node: Any, scope: Scope) -> Combined:
        left = self.bind(node.larg, scope, unknowns=True)
        right = self.bind(node.rarg, scope, unknowns=True)
        made = self.combine(node, left, right)
        inside = Scope(scope, scope.common)
        order = ordering.bind_output_order(
            self.binder(inside, "ORDER BY"), node.sort_clause, list(made.outputs)
        )
        limit, offset = ordering.bind_limits(self.binder(inside, "LIMIT"), node)
        ordering.check_ties(node, order)
        if enum_name(node, "limit_option") == "LIMIT_OPTION_WITH_TIES":
            raise UnsupportedQueryError("WITH TIES of a UNION is not supported.")
        ordering.check_locking(node, made, scope)
        return made._replace(order=order, limit=limit, offset=offset)

    def combine(self, node: Any, left: Query, right: Query) -> Combined:
        """UNION, INTERSECT, EXCEPT of two queries, without its ORDER BY and LIMIT."""
        operation = enum_name(node, "op")[6:]
        if len(left.outputs) != len(right.outputs):
            raise QueryError(
                f"each {operation} query must have the same number of columns.", sqlstate="42601"
            )
        sides: tuple[list[Expression], list[Expression]] = ([], [])
        kinds = []
        for a, b in zip(left.outputs, right.outputs, strict=True):
            try:
                kind = common_kind([a.expression, b.expression], operation)
            except QueryError as error:
                error.culprit = b.expression
                self.binding.locate(error, None)
                raise
            if kind.late and not (operation == "UNION" and node.all):
                present(a.expression)
                present(b.expression)
            if (kind.element or kind).name in ("json", "jsonb") and operation + str(
                node.all
            ) != "UNIONTrue":
                raise UnsupportedQueryError(
                    f"{operation} of {kind} is not supported.",
                    hint="Cast it to text, or say UNION ALL.",
                )
            kinds.append(kind)
        left, right = self._settled(left, kinds), self._settled(right, kinds)
        outputs = []
        for k, (a, b) in enumerate(zip(left.outputs, right.outputs, strict=True)):
            for side, output in zip(sides, (a, b), strict=True):
                column = Column(-1, output.name, output.expression.kind)
                side.append(as_kind(column, kinds[k]))
            outputs.append(Output(a.label, f"o{k}", Column(-1, f"u{k}", kinds[k])))
        return Combined(
            operation + (" ALL" if node.all else ""), left, right, tuple(sides[0]),
            tuple(sides[1]), tuple(outputs),
        )  # fmt: skip

    def _settled(self, query: Query, kinds: Sequence[Kind]) -> Query:
        """Outputs of unknown kind as what stands on the other side."""
        outputs = tuple(
            o._replace(expression=self._read(o.expression, kind))
            if o.expression.kind.name == "unknown" else o
            for o, kind in zip(query.outputs, kinds, strict=True)
        )  # fmt: skip
        return query._replace(outputs=outputs)

    def _read(self, expression: Expression, kind: Kind) -> Expression:
        try:
            return as_kind(expression, kind)
        except QueryError as error:
            error.culprit = expression
            self.binding.locate(error, None)
            raise

    def _values(self, node: Any, scope: Scope) -> Select:
        binder = self.binder(scope, "VALUES")
        rows = [binder.bind_all(item.list.items) for item in node.values_lists]
        if len({len(row) for row in rows}) != 1:
            raise QueryError("VALUES lists must all be the same length.", sqlstate="42601")
        kinds = [common_kind(column, "VALUES") for column in zip(*rows, strict=True)]
        made = tuple(
            tuple(self._read(e, kind) for e, kind in zip(row, kinds, strict=True)) for row in rows
        )
        number = self.binding.number()
        outputs = [
            Output(f"column{k + 1}", f"o{k}", Column(number, f"v{k}", kind))
            for k, kind in enumerate(kinds)
        ]
        inside = self.binder(Scope(scope, scope.common), "ORDER BY")
        order = ordering.bind_order(inside, node.sort_clause, outputs)
        limit, offset = ordering.bind_limits(self.binder(scope, "LIMIT"), node)
        ordering.check_ties(node, order)
        ties = enum_name(node, "limit_option") == "LIMIT_OPTION_WITH_TIES"
        return Select(
            tuple(outputs), (Values(number, made),), order=order, limit=limit, offset=offset,
            ties=ties,
        )  # fmt: skip


def _star(scope: Scope, names: Sequence[str]) -> list[tuple[str, Expression]]:
    """What * or t.* stands for."""
    if not names:
        if not scope.columns and not scope.relations:
            raise QueryError("SELECT * with no tables specified is not valid.", sqlstate="42601")
        return [(column.label, column.expression) for column in scope.columns]
    schema = names[-2] if len(names) > 1 else None
    level: Scope | None = scope
    while level is not None:
        relation = level.relation(names[-1], schema)
        if relation is not None:
            return [(column.label, column.expression) for column in relation.named()]
        level = level.parent
    raise scope.missing(names[-1], "*", None)
