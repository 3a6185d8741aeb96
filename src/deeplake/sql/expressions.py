"""Expressions of a statement, bound: names resolved, kinds known, nothing else let through.

One method per kind of node of the tree; a node without one is refused by name.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query import literals
from deeplake.query.coercion import as_kind, cast, common_kind, condition, present
from deeplake.query.control import take
from deeplake.query.expression import Call, Column, Constant, Expression, Parameter
from deeplake.query.functions import registry
from deeplake.query.kinds import (
    BOOL,
    DATE,
    INT4,
    INT8,
    NAME,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
    Kind,
    array_of,
    engine_type,
)
from deeplake.sql import calls, comparisons, subqueries, subscripts
from deeplake.sql.parse import character, enum_name, inner, names
from deeplake.sql.typenames import finest_field, kind_of_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from deeplake.query.relation import Query
    from deeplake.sql.binding import Binding
    from deeplake.sql.row_functions import SelectedRows
    from deeplake.sql.scope import Scope

    Subselect = Callable[[Any, Scope], Query]


class ExpressionBinder:
    """Binds the expressions of one query.

    Args:
        binding: the statement.
        scope: names in sight.
        subselect: binds a query inside of an expression.
        place: where the expressions stand, if aggregates cannot stand there; HAVING is where
            only window functions cannot. '' where everything can.
    """

    def __init__(
        self, binding: Binding, scope: Scope, subselect: Subselect, place: str = ""
    ) -> None:
        self.binding = binding
        self.scope = scope
        self.subselect = subselect
        self.place = place
        self.windows: dict[str, Any] = {}
        """Definitions of the WINDOW clause."""
        self.rows: SelectedRows | None = None
        """Takes functions that return rows, where they can stand."""
        self.call: str = ""
        """What is being bound inside of an aggregate or window function."""

    def within(self, scope: Scope, place: str) -> ExpressionBinder:
        """A binder of the same statement for another place."""
        return ExpressionBinder(self.binding, scope, self.subselect, place)

    def bind(self, node: Any) -> Expression:
        """The expression of a node.

        Raises:
            QueryError, UnsupportedQueryError
            NeedEarly: the statement must be bound again with a source early.
        """
        kind, value = inner(node)
        method = getattr(self, "_" + kind, None)
        if method is None:
            raise UnsupportedQueryError(f"{kind or 'an empty expression'} is not supported.")
        take()
        try:
            found: Expression = method(value)
        except QueryError as error:
            self.binding.locate(error, value)
            raise
        self.binding.remember(found, node)
        return found

    def bind_all(self, nodes: Any) -> list[Expression]:
        """The expressions of some nodes."""
        return [self.bind(node) for node in nodes]

    def condition(self, node: Any, where: str) -> Expression:
        """A truth value: of WHERE, HAVING, ON."""
        try:
            return condition(self.bind(node), where)
        except QueryError as error:
            self.binding.locate(error, None)
            raise

    def bind_without_rows(self, nodes: Any, place: str) -> list[Expression]:
        """The expressions of some nodes where functions that return rows cannot stand."""
        rows, outside = self.rows, self.place
        self.rows = None
        try:
            return self.bind_all(nodes)
        except UnsupportedQueryError as error:
            if error.message.startswith("set-returning functions are not allowed in "):
                raise UnsupportedQueryError(
                    f"set-returning functions are not allowed in {place}.",
                    position=error.position,
                ) from error
            raise
        finally:
            self.rows, self.place = rows, outside

    def position(self, value: Any) -> int | None:
        """Where a node stands in the text, in characters from 1."""
        return character(self.binding.text, value.location)

    # --- values -----------------------------------------------------------------------------

    def _a_const(self, value: Any) -> Expression:
        if value.isnull:
            return Constant(None, UNKNOWN)
        kind = value.WhichOneof("val")
        if kind == "ival":
            return Constant(int(value.ival.ival), INT4)
        if kind == "boolval":
            return Constant(bool(value.boolval.boolval), BOOL)
        if kind == "sval":
            return Constant(value.sval.sval, UNKNOWN)
        if kind == "fval":
            text = value.fval.fval.replace("_", "")
            if re.fullmatch(r"-?\d+", text) and -(1 << 63) <= int(text) < 1 << 63:
                # the parser gives the least integer so, as 2147483648 with a sign before it
                return Constant(int(text), INT4 if int(text) == -(1 << 31) else INT8)
            return literals.number(Decimal(text))
        raise UnsupportedQueryError("bit strings are not supported.")

    def _param_ref(self, value: Any) -> Expression:
        known = self.binding.parameters
        if not 1 <= value.number <= len(known):
            raise QueryError(f"there is no parameter ${value.number}.", sqlstate="42P02")
        return Parameter(value.number, known[value.number - 1])

    def _column_ref(self, value: Any) -> Expression:
        fields = [f.string.sval for f in value.fields if f.HasField("string")]
        if len(fields) < len(value.fields):
            raise UnsupportedQueryError("a whole row as a value is not supported.")
        if len(fields) > 4:
            raise QueryError(
                f"improper qualified name (too many dotted names): {'.'.join(fields)}.",
                sqlstate="42601",
            )
        table = fields[-2] if len(fields) > 1 else None
        schema = fields[-3] if len(fields) > 2 else None
        if len(fields) == 4:
            raise UnsupportedQueryError("references to other databases are not supported.")
        found = self.scope.find(table, fields[-1], schema)
        if found is not None:  # each reference an object of its own: errors tell its place
            return Column(*found) if isinstance(found, Column) else found
        whole = self.scope.find_relation(fields[-1]) if table is None else None
        if whole is not None:
            if whole.scalar:
                return whole.column(whole.fields[0])
            raise UnsupportedQueryError("a whole row as a value is not supported.")
        found = self.scope.find(table, fields[-1], schema, loose=True)
        if found is not None:
            return found
        if schema is not None and self.scope.find_relation(table, schema):
            schema = None
        raise self.scope.missing(table, fields[-1], self.position(value), schema)

    def _type_cast(self, value: Any) -> Expression:
        finest = finest_field(value.type_name)
        if finest:
            text = self.bind(value.arg)
            if (
                isinstance(text, Constant)
                and text.kind.name == "unknown"
                and text.value is not None
            ):
                return literals.interval(text.value, finest)
        try:
            kind = kind_of_type(value.type_name)
        except QueryError as error:
            if error.position is None:
                error.position = self.position(value.type_name)
            raise
        if kind.element is not None and inner(value.arg)[0] == "a_array_expr":
            items = self.bind_all(value.arg.a_array_expr.elements)
            if all(item.kind.name == "unknown" for item in items):
                return self.array(items, kind.element)
        return cast(self.bind(value.arg), kind)

    def _collate_clause(self, value: Any) -> Expression:
        collation = names(value.collname)[-1]
        if collation not in ("C", "POSIX", "default", "ucs_basic"):
            raise UnsupportedQueryError(f"collation {collation!r} is not supported, only C.")
        return self.bind(value.arg)

    def _a_array_expr(self, value: Any) -> Expression:
        if not value.elements:
            raise QueryError(
                "cannot determine type of empty array.",
                hint="Cast it, for example ARRAY[]::integer[].",
                sqlstate="42P18",
            )
        return self.array(self.bind_all(value.elements))

    def array(self, items: list[Expression], kind: Kind | None = None) -> Expression:
        """ARRAY[...] of some expressions, of one kind."""
        if any(item.kind.element is not None for item in items):
            raise UnsupportedQueryError("arrays of arrays are not supported.")
        kind = common_kind(items, "ARRAY") if kind is None else kind
        made = tuple(as_kind(present(item), kind) for item in items)
        inside = ", ".join(f"{{{k}}}" for k in range(len(made)))
        template = f"[{inside}]" if made else f"CAST([] AS {engine_type(array_of(kind))})"
        return Call("array", template, made, array_of(kind))

    def _a_indirection(self, value: Any) -> Expression:
        return subscripts.bind_indirection(self, value)

    def _row_expr(self, _: Any) -> Expression:
        raise UnsupportedQueryError("a row as a value is not supported.")

    def _sqlvalue_function(self, value: Any) -> Expression:
        name = enum_name(value, "op")[6:]
        if name not in _SQL_VALUES:
            raise UnsupportedQueryError(f"{name.removesuffix('_N')} is not supported here.")
        template, kind = _SQL_VALUES[name]
        return Call(name.lower(), template, (), kind)

    def _grouping_func(self, value: Any) -> Expression:
        if self.place not in ("", "HAVING"):
            raise QueryError(
                f"grouping operations are not allowed in {self.place}.", sqlstate="42803"
            )
        parts = tuple(self.bind_all(value.args))
        inside = ", ".join(f"{{{k}}}" for k in range(len(parts)))
        return Call("grouping", f"CAST(GROUPING({inside}) AS INTEGER)", parts, INT4)

    # --- logic ------------------------------------------------------------------------------

    def _bool_expr(self, value: Any) -> Expression:
        operation = enum_name(value, "boolop")[:-5].lower()
        parts = tuple(self.condition(arg, operation.upper()) for arg in value.args)
        if operation == "not":
            return Call("not", "(NOT {0})", parts, BOOL)
        joined = f" {operation.upper()} ".join(f"{{{k}}}" for k in range(len(parts)))
        return Call(operation, f"({joined})", parts, BOOL)

    def _null_test(self, value: Any) -> Expression:
        negated = enum_name(value, "nulltesttype") == "IS_NOT_NULL"
        word = "IS NOT NULL" if negated else "IS NULL"
        if inner(value.arg)[0] == "row_expr":
            parts = tuple(self.bind_all(value.arg.row_expr.args))
            joined = " AND ".join(f"{{{k}}} {word}" for k in range(len(parts)))
            return Call("null test", f"({joined})", parts, BOOL)
        return Call(word.lower(), f"({{0}} {word})", (self.bind(value.arg),), BOOL)

    def _boolean_test(self, value: Any) -> Expression:
        test = enum_name(value, "booltesttype")
        argument = self.condition(value.arg, test.replace("_", " "))
        return Call(test.lower(), _TESTS[test], (argument,), BOOL)

    def _coalesce_expr(self, value: Any) -> Expression:
        parts = self.bind_without_rows(value.args, "COALESCE")
        return self._chosen("coalesce", "COALESCE({all})", parts)

    def _min_max_expr(self, value: Any) -> Expression:
        name = enum_name(value, "op")[3:].lower()
        parts = [present(part) for part in self.bind_all(value.args)]
        made = self._chosen(name, name + "({all})", parts)
        if made.kind.name == "json":
            raise QueryError(
                "could not identify a comparison function for type json.", sqlstate="42883"
            )
        if made.kind.element is not None:
            calls.sort_key(made)
        if made.kind.name not in ("jsonb", "interval") or not isinstance(made, Call):
            return made
        # the engine's own would compare jsonb as text, and intervals field by field
        best, *others = made.arguments
        template = "CASE WHEN {0} IS NULL OR NOT {2} THEN {1} ELSE {0} END"
        for other in others:
            kept = self.operation(">=" if name == "greatest" else "<=", best, other)
            best = registry.bound(name, template, (best, other, kept), made.kind)
        return best

    def _chosen(self, name: str, template: str, parts: list[Expression]) -> Expression:
        kind = common_kind(parts, name.upper())
        made = tuple(as_kind(part, kind) for part in parts)
        inside = ", ".join(f"{{{k}}}" for k in range(len(made)))
        return Call(name, template.replace("{all}", inside), made, kind)

    def _case_expr(self, value: Any) -> Expression:
        nodes = [value.arg] if value.HasField("arg") else []
        nodes += [node.case_when.expr for node in value.args]
        nodes += [node.case_when.result for node in value.args]
        nodes += [value.defresult] if value.HasField("defresult") else []
        bound = self.bind_without_rows(nodes, "CASE")
        tests = bound[: len(value.args)]
        if value.HasField("arg"):
            tested, bound = bound[0], bound[1:]
            if tested.kind.name == "unknown":
                tested = as_kind(tested, TEXT)
            tests = [
                self._case_test(tested, test, node.case_when)
                for test, node in zip(bound, value.args, strict=False)
            ]
        else:
            tests = [condition(test, "CASE/WHEN") for test in tests]
        results = bound[len(value.args) :]
        if not value.HasField("defresult"):
            results.append(Constant(None, UNKNOWN))
        # PostgreSQL looks at ELSE first: what is not of its kind is to blame
        kind = common_kind([results[-1], *results[:-1]], "CASE")
        results = [as_kind(result, kind) for result in results]
        whens = "".join(f" WHEN {{{k}}} THEN {{{len(tests) + k}}}" for k in range(len(tests)))
        template = f"CASE{whens} ELSE {{{2 * len(tests)}}} END"
        return Call("case", template, (*tests, *results), kind)

    def _case_test(self, tested: Expression, test: Expression, node: Any) -> Expression:
        try:
            return self.operation("=", tested, test)
        except QueryError as error:
            self.binding.locate(error, node)
            raise

    # --- operators, calls, queries ------------------------------------------------------------

    def _a_expr(self, value: Any) -> Expression:
        return comparisons.bind_operation(self, value)

    def operation(self, operator: str, left: Expression, right: Expression) -> Expression:
        """A binary operator; a literal of unknown kind takes the other side's."""
        if operator in comparisons.BESIDE:
            left, right = _named(left, right), _named(right, left)
        return registry.call(operator, [present(left), present(right)])

    def _func_call(self, value: Any) -> Expression:
        return calls.bind_call(self, value)

    def _sub_link(self, value: Any) -> Expression:
        return subqueries.bind_sub_link(self, value)


def _named(expression: Expression, other: Expression) -> Expression:
    """A literal or parameter of unknown kind as a class label, if it is compared with one."""
    unknown = expression.kind.name == "unknown" or expression.kind.element == UNKNOWN
    element = other.kind.element or other.kind
    return cast(expression, other.kind) if unknown and element.labels is not None else expression


_TESTS = {
    "IS_TRUE": "({0} IS NOT DISTINCT FROM true)",
    "IS_NOT_TRUE": "({0} IS DISTINCT FROM true)",
    "IS_FALSE": "({0} IS NOT DISTINCT FROM false)",
    "IS_NOT_FALSE": "({0} IS DISTINCT FROM false)",
    "IS_UNKNOWN": "({0} IS NULL)",
    "IS_NOT_UNKNOWN": "({0} IS NOT NULL)",
}
_SQL_VALUES = {
    "CURRENT_DATE": ("CAST(now() AS DATE)", DATE),
    "CURRENT_TIMESTAMP": ("now()", TIMESTAMPTZ),
    "LOCALTIMESTAMP": ("CAST(now() AS TIMESTAMP)", TIMESTAMP),
    "LOCALTIME": ("CAST(CAST(now() AS TIMESTAMP) AS TIME)", TIME),
    "CURRENT_USER": ("'deeplake'", NAME),
    "CURRENT_ROLE": ("'deeplake'", NAME),
    "SESSION_USER": ("'deeplake'", NAME),
    "USER": ("'deeplake'", NAME),
    "CURRENT_CATALOG": ("'deeplake'", NAME),
    "CURRENT_SCHEMA": ("'public'", NAME),
}
