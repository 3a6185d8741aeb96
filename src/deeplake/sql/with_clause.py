"""WITH: common table expressions, recursive ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.relation import Cte, Field, Query
from deeplake.sql.parse import character, enum_name, inner
from deeplake.sql.scope import CommonTable, Recursion, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.sql.select import SelectBinder

_MATERIALIZED = {
    "CTEMaterializeAlways": "MATERIALIZED",
    "CTEMaterializeNever": "NOT MATERIALIZED",
}


def bind_with(binder: SelectBinder, node: Any, scope: Scope) -> tuple[Cte, ...]:
    """A WithClause node; its names are put in sight of the scope.

    Raises:
        QueryError, UnsupportedQueryError
    """
    items = [item.common_table_expr for item in node.ctes]
    names = [item.ctename for item in items]
    for name in names:
        if names.count(name) > 1:
            raise QueryError(
                f'WITH query name "{name}" specified more than once.', sqlstate="42712"
            )
    made = []
    for k, item in enumerate(items):
        if node.recursive:
            for later in names[k + 1 :]:
                scope.common[later] = CommonTable("", (), Recursion(later, Recursion.FORWARD))
        made.append(_bind(binder, item, scope, recursive=bool(node.recursive)))
    return tuple(made)


def _bind(binder: SelectBinder, item: Any, scope: Scope, *, recursive: bool) -> Cte:
    kind, value = inner(item.ctequery)
    if kind != "select_stmt":
        raise UnsupportedQueryError("WITH … AS (INSERT, UPDATE, DELETE) is not supported.")
    for clause in ("search_clause", "cycle_clause"):
        if item.HasField(clause):
            word = clause.partition("_")[0].upper()
            raise UnsupportedQueryError(f"{word} of a recursive query is not supported.")
    name = f"w{binder.binding.number()}"
    how = _MATERIALIZED.get(enum_name(item, "ctematerialized"), "")
    labels = [label.string.sval for label in item.aliascolnames]
    query = _recursive(binder, item, value, scope, name) if recursive else None
    refers = query is not None
    if query is None:
        query = binder.bind(value, Scope(scope.parent, scope.common))
    scope.common[item.ctename] = CommonTable(name, _fields(query, labels, item.ctename))
    return Cte(name, query, tuple(o.name for o in query.outputs), how, refers)


def _recursive(
    binder: SelectBinder, item: Any, value: Any, scope: Scope, name: str
) -> Query | None:
    """A query that refers to itself; None if this one does not."""
    label = item.ctename
    labels = [each.string.sval for each in item.aliascolnames]
    if enum_name(value, "op") != "SETOP_UNION":
        scope.common[label] = CommonTable(
            "", (), Recursion(label, Recursion.FORM, character(binder.binding.text, item.location))
        )
        return None
    inside = Scope(scope.parent, scope.common)
    if value.HasField("with_clause"):
        raise UnsupportedQueryError("WITH inside of a recursive UNION is not supported.")
    recursion = Recursion(label, "its non-recursive term")
    inside.common[label] = CommonTable(name, (), recursion)
    first = binder.bind(value.larg, inside)
    fields = _fields(first, labels, label)
    while True:
        recursion = Recursion(label)
        inside.common[label] = CommonTable(name, fields, recursion)
        binder.binding.recursions[name] = recursion
        right = binder.bind(value.rarg, inside)
        del binder.binding.recursions[name]
        if not recursion.references:
            return None
        for field, what in (("sort_clause", "ORDER BY"), ("locking_clause", "FOR UPDATE")):
            if getattr(value, field):
                raise UnsupportedQueryError(f"{what} in a recursive query is not implemented.")
        for field, what in (("limit_count", "LIMIT"), ("limit_offset", "OFFSET")):
            if value.HasField(field):
                raise UnsupportedQueryError(f"{what} in a recursive query is not implemented.")
        made = binder.combine(value, first, right)
        kinds = [output.expression.kind for output in made.outputs]
        for k, (field_, kind) in enumerate(zip(fields, kinds, strict=True)):
            if field_.kind.plain != kind.plain:
                raise QueryError(
                    f'recursive query "{label}" column {k + 1} has type {field_.kind.plain} in '
                    f"non-recursive term but type {kind.plain} overall.",
                    hint="Cast the output of the non-recursive term to the correct type.",
                    sqlstate="42804",
                )
        if all(f.kind.late == kind.late for f, kind in zip(fields, kinds, strict=True)):
            return made
        # the recursive term brings values of other sources: its own rows may hold them too
        fields = tuple(f._replace(kind=kind) for f, kind in zip(fields, kinds, strict=True))


def _fields(query: Query, labels: Sequence[str], name: str) -> tuple[Field, ...]:
    outputs = query.outputs
    if len(labels) > len(outputs):
        raise QueryError(
            f'WITH query "{name}" has {len(outputs)} columns available but {len(labels)} columns '
            "specified.",
            sqlstate="42P10",
        )
    named = [*labels, *(o.label for o in outputs[len(labels) :])]
    return tuple(
        Field(label, o.name, o.expression.kind) for label, o in zip(named, outputs, strict=True)
    )
