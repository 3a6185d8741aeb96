"""SELECT, bound: a query of which every name, kind and function is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import NeedEarly, as_kind, coerce, common_kind, present
from deeplake.query.expression import Column, Constant, Expression, columns_used
from deeplake.query.functions import catalog as _  # noqa: F401 - registers every function
from deeplake.query.kinds import INT8, TEXT
from deeplake.query.relation import (
    Combined,
    Cte,
    Field,
    Output,
    Query,
    Select,
    Values,
)
from deeplake.query.statement import Statement
from deeplake.sql.binding import Binding
from deeplake.sql.calls import order_of
from deeplake.sql.expressions import ExpressionBinder
from deeplake.sql.from_clause import FromBinder
from deeplake.sql.labels import label_of
from deeplake.sql.parse import enum_name, inner
from deeplake.sql.scope import CommonTable, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    while True:
        binding = Binding(text, catalog, values, early)
        try:
            query = SelectBinder(binding).bind(node, None)
        except NeedEarly as need:
            early |= {need.source}
            continue
        used = columns_used(query)
        scans = tuple(reference.scan(used) for reference in binding.references)
        sources, kinds = tuple(binding.sources), tuple(binding.parameters)
        return Statement(query, scans, sources, kinds), binding.tables


class SelectBinder:
    """Binds queries of one statement."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding

    def bind(self, node: Any, parent: Scope | None) -> Query:
        """A SelectStmt node.

        Args:
            node: the message.
            parent: the scope around it.
        """
        scope = Scope(parent, None if parent is None else parent.common)
        common: tuple[Cte, ...] = ()
        recursive = False
        if node.HasField("with_clause"):
            recursive = bool(node.with_clause.recursive)
            common = tuple(self._cte(item.common_table_expr, scope, recursive=recursive)
                           for item in node.with_clause.ctes)  # fmt: skip
        if enum_name(node, "op") != "SETOP_NONE":
            query: Query = self._combined(node, scope)
        elif node.values_lists:
            query = self._values(node, scope)
        else:
            query = self._select(node, scope)
        return query._replace(common=common, recursive=recursive)

    def _binder(self, scope: Scope, aggregates: str = "") -> ExpressionBinder:
        return ExpressionBinder(self._binding, scope, self.bind, aggregates)

    def _cte(self, node: Any, scope: Scope, *, recursive: bool) -> Cte:
        kind, value = inner(node.ctequery)
        if kind != "select_stmt":
            raise UnsupportedQueryError("WITH … AS (INSERT, UPDATE, DELETE) is not supported.")
        if node.HasField("search_clause") or node.HasField("cycle_clause"):
            raise UnsupportedQueryError("SEARCH and CYCLE are not supported.")
        name = f"w{self._binding.number()}"
        labels = [item.string.sval for item in node.aliascolnames]
        if recursive and enum_name(value, "op") == "SETOP_UNION":
            first = self.bind(value.larg, Scope(scope.parent, scope.common))
            scope.common[node.ctename] = CommonTable(name, _fields(first, labels))
        query = self.bind(value, Scope(scope.parent, scope.common))
        scope.common[node.ctename] = CommonTable(name, _fields(query, labels))
        how = {
            "CTEMaterializeAlways": "MATERIALIZED",
            "CTEMaterializeNever": "NOT MATERIALIZED",
        }.get(enum_name(node, "ctematerialized"), "")
        return Cte(name, query, tuple(o.name for o in query.outputs), how)

    # --- SELECT -----------------------------------------------------------------------------

    def _select(self, node: Any, scope: Scope) -> Select:
        inside = self._binder(scope, "FROM")
        source = tuple(FromBinder(inside).bind(item) for item in node.from_clause)
        where = None
        if node.HasField("where_clause"):
            where = self._binder(scope, "WHERE").condition(node.where_clause, "WHERE")
        binder = self._binder(scope)
        for item in node.window_clause:
            binder.windows[item.window_def.name] = _nameless(item.window_def)
        outputs = self._outputs(binder, node, scope)
        keys, groups = self._groups(node, scope, outputs)
        having = binder.condition(node.having_clause, "HAVING") if node.HasField(
            "having_clause") else None  # fmt: skip
        distinct = self._distinct(binder, node, outputs)
        order = tuple(self._order(binder, item, outputs) for item in node.sort_clause)
        limit, offset = self._limits(node, scope)
        ties = enum_name(node, "limit_option") == "LIMIT_OPTION_WITH_TIES"
        return Select(
            tuple(outputs), source, where, keys, groups, having, distinct, order, limit, offset,
            ties,
        )  # fmt: skip

    def _outputs(self, binder: ExpressionBinder, node: Any, scope: Scope) -> list[Output]:
        outputs: list[Output] = []
        for item in node.target_list:
            target = item.res_target
            kind, value = inner(target.val)
            if kind == "column_ref" and inner(value.fields[-1])[0] == "a_star":
                table = value.fields[0].string.sval if len(value.fields) > 1 else None
                pairs = _star(scope, table)
            else:
                expression = binder.bind(target.val)
                if expression.kind.name == "unknown":
                    expression = coerce(expression, TEXT)
                pairs = [(target.name or label_of(target.val), expression)]
            outputs += [
                Output(label, f"o{len(outputs) + k}", e) for k, (label, e) in enumerate(pairs)
            ]
        return outputs

    def _groups(
        self, node: Any, scope: Scope, outputs: list[Output]
    ) -> tuple[tuple[Expression, ...], tuple[str, ...]]:
        keys: list[Expression] = []
        groups = [self._group(item, scope, outputs, keys) for item in node.group_clause]
        for relation in scope.relations:
            for field in relation.fields:
                if field.label == relation.primary and relation.column(field) in keys:
                    for other in relation.fields:
                        keys.append(relation.column(other))
                        groups.append(f"{{{len(keys) - 1}}}")
        return tuple(keys), tuple(groups)

    def _group(self, node: Any, scope: Scope, outputs: list[Output], keys: list[Expression]) -> str:
        kind, value = inner(node)
        if kind == "grouping_set":
            parts = ", ".join(self._group(c, scope, outputs, keys) for c in value.content)
            return _SETS[enum_name(value, "kind")].format(parts)
        if kind == "row_expr":
            parts = ", ".join(self._group(c, scope, outputs, keys) for c in value.args)
            return f"({parts})"
        binder = self._binder(scope, "GROUP BY")
        keys.append(present(self._named(binder, node, outputs, prefer_columns=True)))
        return f"{{{len(keys) - 1}}}"

    def _distinct(
        self, binder: ExpressionBinder, node: Any, outputs: list[Output]
    ) -> tuple[Expression, ...] | None:
        if not node.distinct_clause:
            return None
        if inner(node.distinct_clause[0])[0] == "":
            for output in outputs:
                present(output.expression)
            return ()
        return tuple(present(self._named(binder, n, outputs)) for n in node.distinct_clause)

    def _order(self, binder: ExpressionBinder, node: Any, outputs: list[Output]) -> Any:
        key = self._named(binder, node.sort_by.node, outputs)
        return order_of(binder, node, present(key))

    def _named(
        self, binder: ExpressionBinder, node: Any, outputs: list[Output], *,
        prefer_columns: bool = False,
    ) -> Expression:  # fmt: skip
        """A key of ORDER BY or GROUP BY: the number or label of an output, or an expression."""
        kind, value = inner(node)
        if kind == "a_const" and value.WhichOneof("val") == "ival":
            position = value.ival.ival
            if not 1 <= position <= len(outputs):
                raise QueryError(
                    f"position {position} is not in the select list.", sqlstate="42P10"
                )
            numbered: Expression = outputs[position - 1].expression
            return numbered
        if kind == "column_ref" and len(value.fields) == 1:
            label = value.fields[0].string.sval
            if prefer_columns and binder.scope.find(None, label) is not None:
                return binder.bind(node)
            hits = list(dict.fromkeys(o.expression for o in outputs if o.label == label))
            if len(hits) > 1:
                raise QueryError(f'ORDER BY "{label}" is ambiguous.', sqlstate="42702")
            if hits:
                return hits[0]
        return binder.bind(node)

    def _limits(self, node: Any, scope: Scope) -> tuple[Expression | None, Expression | None]:
        binder = self._binder(scope, "LIMIT")
        found: list[Expression | None] = []
        for field in ("limit_count", "limit_offset"):
            if not node.HasField(field):
                found.append(None)
                continue
            bound = binder.bind(getattr(node, field))
            null = isinstance(bound, Constant) and bound.value is None
            found.append(None if null else coerce(bound, INT8))
        return found[0], found[1]

    # --- UNION, VALUES ----------------------------------------------------------------------

    def _combined(self, node: Any, scope: Scope) -> Combined:
        left, right = self.bind(node.larg, scope), self.bind(node.rarg, scope)
        operation = enum_name(node, "op")[6:]
        if len(left.outputs) != len(right.outputs):
            raise QueryError(
                f"each {operation} query must have the same number of columns.", sqlstate="42601"
            )
        sides: tuple[list[Expression], list[Expression]] = ([], [])
        outputs = []
        for k, (a, b) in enumerate(zip(left.outputs, right.outputs, strict=True)):
            kind = common_kind([a.expression, b.expression], operation)
            for side, output in zip(sides, (a, b), strict=True):
                column = Column(-1, output.name, output.expression.kind)
                if kind.late and not (operation == "UNION" and node.all):
                    present(column)
                side.append(as_kind(column, kind))
            outputs.append(Output(a.label, f"o{k}", Column(-1, f"u{k}", kind)))
        binder = self._binder(Scope(scope, scope.common), "UNION")
        order = tuple(self._order(binder, item, outputs) for item in node.sort_clause)
        limit, offset = self._limits(node, scope)
        return Combined(
            operation + (" ALL" if node.all else ""), left, right, tuple(sides[0]),
            tuple(sides[1]), tuple(outputs), order, limit, offset,
        )  # fmt: skip

    def _values(self, node: Any, scope: Scope) -> Select:
        binder = self._binder(scope, "VALUES")
        rows = [binder.bind_all(item.list.items) for item in node.values_lists]
        if len({len(row) for row in rows}) != 1:
            raise QueryError("VALUES lists must all be the same length.", sqlstate="42601")
        kinds = [common_kind(column, "VALUES") for column in zip(*rows, strict=True)]
        made = tuple(
            tuple(as_kind(e, kind) for e, kind in zip(row, kinds, strict=True)) for row in rows
        )
        number = self._binding.number()
        outputs = [
            Output(f"column{k + 1}", f"o{k}", Column(number, f"v{k}", kind))
            for k, kind in enumerate(kinds)
        ]
        order = tuple(self._order(binder, item, outputs) for item in node.sort_clause)
        limit, offset = self._limits(node, scope)
        return Select(
            tuple(outputs), (Values(number, made),), order=order, limit=limit, offset=offset
        )


_SETS = {
    "GROUPING_SET_ROLLUP": "ROLLUP ({})",
    "GROUPING_SET_CUBE": "CUBE ({})",
    "GROUPING_SET_SETS": "GROUPING SETS ({})",
    "GROUPING_SET_EMPTY": "()",
    "GROUPING_SET_SIMPLE": "{}",
}


def _nameless(window: Any) -> Any:
    found = type(window)()
    found.CopyFrom(window)
    found.name = ""
    return found


def _fields(query: Query, labels: Sequence[str]) -> tuple[Field, ...]:
    outputs = query.outputs
    named = [*labels, *(o.label for o in outputs[len(labels) :])]
    return tuple(
        Field(label, o.name, o.expression.kind) for label, o in zip(named, outputs, strict=True)
    )


def _star(scope: Scope, table: str | None) -> list[tuple[str, Expression]]:
    """What * or t.* stands for."""
    found: list[tuple[str, Expression]] = []
    done: set[str] = set()
    if table is None:
        found += scope.merged.items()
        done = set(scope.merged)
    relations = [r for r in scope.relations if table in (None, r.alias)]
    if not relations:
        if table is None:
            raise QueryError("SELECT * with no tables specified is not valid.", sqlstate="42601")
        raise scope.missing(table, "*", None)
    for relation in relations:
        found += [(f.label, relation.column(f)) for f in relation.fields if f.label not in done]
    return found
