"""FROM: tables, queries, joins, functions -> relations, their columns put in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, TableNotFoundError, UnsupportedQueryError, did_you_mean
from deeplake.query.coercion import as_kind, common_kind
from deeplake.query.expression import Call
from deeplake.query.functions import registry
from deeplake.query.kinds import BOOL
from deeplake.query.relation import Derived, Field, Join, Named, Relation, Scan
from deeplake.sql.binding import BoundTable
from deeplake.sql.parse import enum_name, inner
from deeplake.sql.scope import Bound, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.expression import Expression
    from deeplake.sql.expressions import ExpressionBinder

_JOINS: dict[str, Any] = {
    "JOIN_INNER": "INNER",
    "JOIN_LEFT": "LEFT",
    "JOIN_RIGHT": "RIGHT",
    "JOIN_FULL": "FULL",
}


class FromBinder:
    """Binds the items of FROM into the scope of a query."""

    def __init__(self, expressions: ExpressionBinder) -> None:
        self._expressions = expressions
        self._binding = expressions.binding
        self._scope = expressions.scope

    def bind(self, node: Any) -> Relation:
        """An item of FROM.

        Raises:
            QueryError, UnsupportedQueryError
        """
        kind, value = inner(node)
        method = getattr(self, "_" + kind, None)
        if method is None:
            raise UnsupportedQueryError(f"{kind} in FROM is not supported.")
        found: Relation = method(value)
        return found

    def _range_var(self, value: Any) -> Relation:
        alias = value.alias.aliasname if value.HasField("alias") else value.relname
        common = None if value.schemaname else self._scope.common.get(value.relname)
        number = self._binding.number()
        if common is not None:
            fields = _renamed(common.fields, value)
            self._scope.add(Bound(alias, number, fields))
            return Named(number, common.name)
        return self._table(value, alias, number)

    def _table(self, value: Any, alias: str, number: int) -> Relation:
        schema = value.schemaname or None
        view = self._binding.catalog.table(value.relname, schema)
        if view is None:
            error = TableNotFoundError(
                f'relation "{value.relname}" does not exist.',
                hint=did_you_mean(value.relname, self._binding.catalog.names()),
            )
            raise error
        table = self._binding.table(value.relname, view)
        columns = self._binding.fields(table)
        fields = _renamed(tuple(field for field, _ in columns), value)
        keys = [c.name for c in view.columns if c.primary_key]
        primary = keys[0] if len(keys) == 1 else None
        self._scope.add(Bound(alias, number, fields, primary))
        reference = BoundTable(number, table, columns)
        self._binding.references.append(reference)
        return Scan(number, table, ())

    def _range_subselect(self, value: Any) -> Relation:
        scope = self._scope if value.lateral else Scope(self._scope.parent, self._scope.common)
        query = self._expressions.subselect(value.subquery.select_stmt, scope)
        number = self._binding.number()
        fields = tuple(Field(o.label, o.name, o.expression.kind) for o in query.outputs)
        alias = value.alias.aliasname if value.HasField("alias") else f"unnamed_{number}"
        self._scope.add(Bound(alias, number, _renamed(fields, value)))
        return Derived(number, query, bool(value.lateral))

    def _join_expr(self, value: Any) -> Relation:
        if value.HasField("alias"):
            raise UnsupportedQueryError("an alias of a join is not supported.")
        before = len(self._scope.relations)
        left = self.bind(value.larg)
        middle = len(self._scope.relations)
        right = self.bind(value.rarg)
        lefts = self._scope.relations[before:middle]
        rights = self._scope.relations[middle:]
        kind = _JOINS.get(enum_name(value, "jointype"))
        if kind is None:
            raise UnsupportedQueryError(f"{enum_name(value, 'jointype')} is not supported.")
        shared = [item.string.sval for item in value.using_clause]
        if value.is_natural:
            labels = {field.label for bound in rights for field in bound.fields}
            shared = [f.label for bound in lefts for f in bound.fields if f.label in labels]
        if shared:
            return Join(kind, left, right, self._using(shared, kind, lefts, rights))
        if value.HasField("quals"):
            return Join(kind, left, right, self._expressions.condition(value.quals, "JOIN/ON"))
        if kind != "INNER":
            raise QueryError(f"{kind} JOIN needs ON or USING.", sqlstate="42601")
        return Join("CROSS", left, right)

    def _using(
        self, labels: Sequence[str], kind: str, lefts: Sequence[Bound], rights: Sequence[Bound]
    ) -> Expression:
        tests = []
        for label in labels:
            one, other = _column(lefts, label), _column(rights, label)
            tests.append(registry.call("=", [one, other]))
            if kind == "FULL":
                merged = common_kind([one, other], "JOIN/USING")
                parts = as_kind(one, merged), as_kind(other, merged)
                self._scope.merged[label] = Call("coalesce", "COALESCE({0}, {1})", parts, merged)
            else:
                self._scope.merged[label] = other if kind == "RIGHT" else one
        joined = " AND ".join(f"{{{k}}}" for k in range(len(tests)))
        return Call("and", f"({joined})", tuple(tests), BOOL)


def _column(relations: Sequence[Bound], label: str) -> Expression:
    for relation in relations:
        for field in relation.fields:
            if field.label == label:
                return relation.column(field)
    raise QueryError(
        f'column "{label}" specified in USING does not exist on both sides.', sqlstate="42703"
    )


def _renamed(fields: tuple[Field, ...], value: Any) -> tuple[Field, ...]:
    """Columns with the names that an alias gives them."""
    labels = [item.string.sval for item in value.alias.colnames] if value.HasField("alias") else []
    if len(labels) > len(fields):
        raise QueryError(
            f"table {value.alias.aliasname!r} has {len(fields)} columns, {len(labels)} are named.",
            sqlstate="42P10",
        )
    renamed = [f._replace(label=label) for f, label in zip(fields, labels, strict=False)]
    return (*renamed, *fields[len(renamed) :])
