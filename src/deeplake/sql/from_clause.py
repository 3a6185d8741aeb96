"""FROM: tables, queries, joins -> relations, their columns put in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, TableNotFoundError, UnsupportedQueryError
from deeplake.query.coercion import as_kind, common_kind
from deeplake.query.expression import Call
from deeplake.query.functions import registry
from deeplake.query.kinds import BOOL
from deeplake.query.relation import Derived, Field, Join, Named, Relation, Scan
from deeplake.sql.binding import BoundTable
from deeplake.sql.parse import enum_name, inner
from deeplake.sql.scope import Bound, NamedColumn, Scope, recursion_refused

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
_CATALOGS = ("information_schema", "pg_catalog")
_CATALOG = "db.tables() names the tables, db.table(name).schema the columns of one."


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
            what = "TABLESAMPLE" if kind == "range_table_sample" else f"{kind} in FROM"
            raise UnsupportedQueryError(f"{what} is not supported.")
        try:
            found: Relation = method(value)
        except QueryError as error:
            self._binding.locate(error, value)
            raise
        return found

    # --- tables and queries -----------------------------------------------------------------

    def _range_var(self, value: Any) -> Relation:
        aliased = value.HasField("alias")
        alias = value.alias.aliasname if aliased else value.relname
        common = None if value.schemaname else self._scope.common.get(value.relname)
        number = self._binding.number()
        if common is not None:
            common.referred()
            fields = renamed(common.fields, value)
            self._scope.add(Bound(alias, number, fields))
            return Named(number, common.name)
        return self._table(value, alias, number, None if aliased else value.schemaname or "public")

    def _table(self, value: Any, alias: str, number: int, schema: str | None) -> Relation:
        view = self._binding.catalog.table(value.relname, value.schemaname or None)
        if view is None:
            hint = self._binding.catalog.hint
            raise TableNotFoundError(
                f'relation "{value.relname}" does not exist.',
                hint=_CATALOG if value.schemaname in _CATALOGS else hint(value.relname),
            )
        table = self._binding.table(value.relname, view)
        columns = self._binding.fields(table)
        fields = renamed(tuple(field for field, _ in columns), value)
        keys = [f.label for c, f in zip(view.columns, fields, strict=False) if c.primary_key]
        primary = keys[0] if len(keys) == 1 else None
        self._scope.add(Bound(alias, number, fields, primary, schema=schema))
        reference = BoundTable(number, table, columns)
        self._binding.references.append(reference)
        return Scan(number, table, ())

    def _range_subselect(self, value: Any) -> Relation:
        scope = self._scope if value.lateral else Scope(self._scope.parent, self._scope.common)
        query = self._expressions.subselect(value.subquery.select_stmt, scope)
        number = self._binding.number()
        fields = tuple(Field(o.label, o.name, o.expression.kind) for o in query.outputs)
        alias = value.alias.aliasname if value.HasField("alias") else f" {number}"
        self._scope.add(Bound(alias, number, renamed(fields, value)))
        return Derived(number, query, bool(value.lateral))

    def _range_function(self, value: Any) -> Relation:
        from deeplake.sql.row_functions import bind_range_function

        return bind_range_function(self._expressions, value)

    # --- joins ------------------------------------------------------------------------------

    def _join_expr(self, value: Any) -> Relation:
        scope = self._scope
        kind = _JOINS.get(enum_name(value, "jointype"))
        if kind is None:
            raise UnsupportedQueryError(f"{enum_name(value, 'jointype')} is not supported.")
        start, before = len(scope.columns), len(scope.relations)
        common = scope.common
        with recursion_refused(common if kind in ("RIGHT", "FULL") else {}, "an outer join"):
            left = self.bind(value.larg)
        middle = len(scope.columns)
        with recursion_refused(common if kind in ("LEFT", "FULL") else {}, "an outer join"):
            right = self._right(value.rarg, kind, start, before)
        sides = scope.columns[start:middle], scope.columns[middle:]
        shared = self._shared(value, sides)
        condition: Expression | None = None
        if shared is not None:
            condition, merged = self._using(shared, kind, sides)
            apart = [c for side in sides for c in side if c.label not in shared]
            scope.columns[start:] = [*merged, *apart]
            if value.HasField("join_using_alias"):
                self._name_merged(value.join_using_alias, merged)
        elif value.HasField("quals"):
            condition = self._on(value.quals, start, before)
        elif kind != "INNER":
            raise QueryError(f"{kind} JOIN needs ON or USING.", sqlstate="42601")
        if value.HasField("alias"):
            self._rename(value, start, before)
        if condition is None:
            return Join("CROSS" if kind == "INNER" else kind, left, right, None)
        return Join(kind, left, right, condition)

    def _right(self, node: Any, kind: str, start: int, before: int) -> Relation:
        """The right side: LATERAL sees the left one, unless that one may be filled with NULLs."""
        scope = self._scope
        if kind not in ("RIGHT", "FULL"):
            return self.bind(node)
        aliases = {relation.alias for relation in scope.relations[before:]} - scope.hidden
        columns, scope.columns[start:] = scope.columns[start:], []
        relations, scope.relations[before:] = scope.relations[before:], []
        scope.hidden |= aliases
        found = self.bind(node)
        scope.hidden -= aliases
        added, scope.relations[before:] = scope.relations[before:], relations
        for relation in added:
            scope.name(relation)
        scope.columns[start:start] = columns
        return found

    def _on(self, quals: Any, start: int, before: int) -> Expression:
        """ON sees the two sides, and nothing else of FROM."""
        scope = self._scope
        inside = Scope(scope.parent, scope.common)
        inside.relations, inside.columns = scope.relations[before:], scope.columns[start:]
        return self._expressions.within(inside, "JOIN conditions").condition(quals, "JOIN/ON")

    def _shared(
        self, value: Any, sides: tuple[list[NamedColumn], list[NamedColumn]]
    ) -> list[str] | None:
        """The labels of NATURAL and USING; None where there is neither."""
        if value.is_natural:
            labels = {column.label for column in sides[1]}
            return list(dict.fromkeys(c.label for c in sides[0] if c.label in labels))
        return [item.string.sval for item in value.using_clause] or None

    def _using(
        self, labels: Sequence[str], kind: str, sides: tuple[list[NamedColumn], list[NamedColumn]]
    ) -> tuple[Expression | None, list[NamedColumn]]:
        """The condition of USING, and the columns that stand for both sides."""
        tests, merged = [], []
        for label in labels:
            one, other = _column(sides[0], label, "left"), _column(sides[1], label, "right")
            tests.append(registry.call("=", [one, other]))
            shared = common_kind([one, other], "JOIN/USING")
            parts = as_kind(one, shared), as_kind(other, shared)
            if kind == "FULL":
                whole: Expression = Call("coalesce", "COALESCE({0}, {1})", parts, shared)
            else:
                whole = parts[1] if kind == "RIGHT" else parts[0]
            merged.append(NamedColumn(label, whole, ""))
        if not tests:
            return (None if kind == "INNER" else Call("true", "true", (), BOOL)), []
        joined = " AND ".join(f"{{{k}}}" for k in range(len(tests)))
        return Call("and", f"({joined})", tuple(tests), BOOL), merged

    def _name_merged(self, alias: Any, merged: Sequence[NamedColumn]) -> None:
        """JOIN … USING (…) AS name: the merged columns can be named with it."""
        self._scope.name(_of_columns(alias.aliasname, self._binding.number(), merged))

    def _rename(self, value: Any, start: int, before: int) -> None:
        """(a JOIN b) AS name: one relation, both sides are out of sight."""
        scope = self._scope
        bound = _of_columns(value.alias.aliasname, self._binding.number(), scope.columns[start:])
        fields = renamed(bound.fields, value)
        bound = bound._replace(fields=fields)
        del scope.relations[before:]
        del scope.columns[start:]
        scope.add(bound)


def _of_columns(alias: str, number: int, columns: Sequence[NamedColumn]) -> Bound:
    fields = tuple(Field(c.label, f"j{k}", c.expression.kind) for k, c in enumerate(columns))
    return Bound(alias, number, fields, expressions=tuple(c.expression for c in columns))


def _column(columns: Sequence[NamedColumn], label: str, side: str) -> Expression:
    hits = [column.expression for column in columns if column.label == label]
    if not hits:
        raise QueryError(
            f'column "{label}" specified in USING clause does not exist in {side} table.',
            sqlstate="42703",
        )
    if len(hits) > 1:
        raise QueryError(
            f'common column name "{label}" appears more than once in {side} table.',
            sqlstate="42702",
        )
    return hits[0]


def renamed(fields: tuple[Field, ...], value: Any) -> tuple[Field, ...]:
    """Columns with the names that an alias gives them."""
    labels = [item.string.sval for item in value.alias.colnames] if value.HasField("alias") else []
    if not labels:
        return fields
    if len(labels) > len(fields):
        raise QueryError(
            f'table "{value.alias.aliasname}" has {len(fields)} columns available but '
            f"{len(labels)} columns specified.",
            sqlstate="42P10",
        )
    relabeled = [f._replace(label=label) for f, label in zip(fields, labels, strict=False)]
    return (*relabeled, *fields[len(relabeled) :])
