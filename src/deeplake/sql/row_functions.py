"""Functions that return rows: in FROM, and in a select list, where they become a relation too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import cast, present
from deeplake.query.expression import Aggregate, Call, Column, Expression, Subquery, walk
from deeplake.query.functions import registry, tables
from deeplake.query.kinds import INT8, JSONB, TEXT, Kind, array_of
from deeplake.query.relation import Derived, Field, Output, Relation, Rows, Select
from deeplake.sql.labels import label_of
from deeplake.sql.parse import inner, names
from deeplake.sql.scope import Bound
from deeplake.sql.typenames import kind_of_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.sql.expressions import ExpressionBinder

_RECORDS = {
    "jsonb_to_record": False,
    "json_to_record": False,
    "jsonb_to_recordset": True,
    "json_to_recordset": True,
}
"""Functions whose columns the statement declares: whether they give a row per element."""


def bind_range_function(binder: ExpressionBinder, value: Any) -> Relation:
    """A RangeFunction node, its columns put in sight of the binder.

    Raises:
        QueryError, UnsupportedQueryError
    """
    inside = binder.within(binder.scope, "functions in FROM")
    found: list[tuple[str, Expression]] = []
    parts = [item.list.items for item in value.functions]
    named = 0
    for node, *declared in parts:
        for label, values in _columns(inside, node, [*declared, *value.coldeflist]):
            found.append((label or label_of(node), values))
            named += bool(label)
    aliased = value.HasField("alias")
    alias = value.alias.aliasname if aliased else label_of(parts[0][0])
    if len(found) == 1 and len(parts) == 1 and aliased and not named:
        found = [(alias, found[0][1])]
    number = binder.binding.number()
    fields = [Field(label, f"f{k}", _element(values)) for k, (label, values) in enumerate(found)]
    columns = tuple((f"f{k}", values) for k, (_, values) in enumerate(found))
    if value.ordinality:
        fields.append(Field("ordinality", "n", INT8))
    from deeplake.sql.from_clause import renamed

    scalar = len(fields) == 1 and not value.coldeflist
    binder.scope.add(Bound(alias, number, renamed(tuple(fields), value), scalar=scalar))
    return Rows(number, columns, "n" if value.ordinality else "")


def _element(values: Expression) -> Kind:
    assert values.kind.element is not None
    return values.kind.element


def _columns(
    binder: ExpressionBinder, node: Any, declared: Sequence[Any]
) -> list[tuple[str, Expression]]:
    """(label, list) of each column of one function in FROM."""
    kind, value = inner(node)
    name = names(value.funcname)[-1] if kind == "func_call" else ""
    definitions = [item for each in declared for item in _definitions(each)]
    if name in _RECORDS:
        return _record(binder, name, value, definitions)
    if definitions:
        raise QueryError(
            "a column definition list is only allowed for functions returning record.",
            sqlstate="42601",
        )
    if name == "unnest" and len(value.args) > 1:
        return [("", tables.scalar_columns(name, [binder.bind(arg)])) for arg in value.args]
    if tables.is_known(name):
        return tables.columns(name, [binder.bind(arg) for arg in value.args])
    one = present(binder.bind(node))  # a function of one value is a table of one row
    return [("", Call("array", "[{0}]", (one,), array_of(one.kind)))]


def _definitions(node: Any) -> Sequence[Any]:
    kind, value = inner(node)
    if kind == "column_def":
        return [value]
    if kind == "list":
        return [item.column_def for item in value.items]
    return []


def _record(
    binder: ExpressionBinder, name: str, value: Any, definitions: Sequence[Any]
) -> list[tuple[str, Expression]]:
    """jsonb_to_record(set): a column for each definition, cast from the text of its member."""
    if not definitions:
        raise QueryError(
            "a column definition list is required for functions returning record.",
            sqlstate="42601",
        )
    if len(value.args) != 1:
        raise QueryError(f"function {name} takes one argument.", sqlstate="42883")
    given = cast(present(binder.bind(value.args[0])), JSONB)
    if _RECORDS[name]:
        items = tables.scalar_columns("jsonb_array_elements", [given])
    else:
        items = Call("array", "[{0}]", (given,), array_of(JSONB))
    found: list[tuple[str, Expression]] = []
    for definition in definitions:
        kind = kind_of_type(definition.type_name)
        if kind.element is not None:
            raise UnsupportedQueryError(f"{name} with arrays is not supported.")
        operator = "->" if kind.name in ("json", "jsonb") else "->>"
        item = Column(-1, "member", JSONB)  # the variable of the lambda below
        key = cast(_text(definition.colname), TEXT)
        member = cast(registry.call(operator, [item, key]), kind)
        template = "list_transform({0}, lambda member: {1})"
        found.append((definition.colname, Call("members", template, (items, member),
                                               array_of(kind))))  # fmt: skip
    return found


def _text(value: str) -> Expression:
    from deeplake.query.expression import Constant

    return Constant(value, TEXT)


def behind(query: Select, rows: Rows, number: int) -> Select:
    """A query whose functions return rows for each of its own: these become a relation.

    Args:
        query: bound, outputs and order referring to the rows.
        rows: the functions.
        number: of the relation.

    Raises:
        UnsupportedQueryError: an expression joins both.
    """
    inner: list[Output] = []

    def moved(expression: Expression) -> Expression:
        """An expression of the query as a column of the relation."""
        parts = list(walk(expression))
        if any(isinstance(part, Column) and part.relation == rows.number for part in parts):
            if isinstance(expression, Aggregate | Subquery):
                raise UnsupportedQueryError(
                    "set-returning functions inside of aggregates, window functions or subqueries "
                    "are not supported."
                )
            if isinstance(expression, Call):
                return expression._replace(arguments=tuple(map(moved, expression.arguments)))
            return expression
        for output in inner:
            if output.expression == expression:
                break
        else:
            output = Output("", f"o{len(inner)}", expression)
            inner.append(output)
        return Column(number, output.name, expression.kind)

    columns = tuple((name, moved(values)) for name, values in rows.columns)
    outputs = tuple(o._replace(expression=moved(o.expression)) for o in query.outputs)
    order = tuple(o._replace(key=moved(o.key)) for o in query.order)
    distinct = None if query.distinct is None else tuple(map(moved, query.distinct))
    inside = query._replace(
        outputs=tuple(inner), order=(), distinct=None, limit=None, offset=None, ties=False
    )
    return Select(
        outputs, (Derived(number, inside), rows._replace(columns=columns)), order=order,
        distinct=distinct, limit=query.limit, offset=query.offset, ties=query.ties,
    )  # fmt: skip


class SelectedRows:
    """Functions that return rows in a select list: one relation, its columns side by side.

    Rows multiply after WHERE and before ORDER BY, so the relation stands behind FROM; beside
    aggregates and window functions that would be too early.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._columns: list[tuple[str, Expression]] = []

    def column(self, values: Expression) -> Column:
        """The column that a list is unnested to."""
        lists = [known for _, known in self._columns]
        if values not in lists:
            lists.append(values)
            self._columns.append((f"f{len(lists) - 1}", values))
        return Column(self.number, f"f{lists.index(values)}", _element(values))

    def relation(self) -> Rows | None:
        """The relation; None if no function was called."""
        return Rows(self.number, tuple(self._columns)) if self._columns else None
