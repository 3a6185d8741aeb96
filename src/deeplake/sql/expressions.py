"""Expressions of a statement, bound: names resolved, kinds known, nothing else let through.

One method per kind of node of the tree; a node without one is refused by name.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import as_kind, cast, common_kind, condition, present
from deeplake.query.expression import Call, Constant, Expression, Parameter, Subquery
from deeplake.query.functions import registry
from deeplake.query.kinds import BOOL, INT4, INT8, NUMERIC, UNKNOWN, array_of
from deeplake.sql import calls
from deeplake.sql.parse import character, enum_name, inner, names
from deeplake.sql.typenames import kind_of_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deeplake.query.relation import Query
    from deeplake.sql.binding import Binding
    from deeplake.sql.scope import Scope

    Subselect = Callable[[Any, Scope], Query]


class ExpressionBinder:
    """Binds the expressions of one query.

    Args:
        binding: the statement.
        scope: names in sight.
        subselect: binds a query inside of an expression.
        aggregates: why an aggregate cannot stand here; '' where it can.
    """

    def __init__(
        self, binding: Binding, scope: Scope, subselect: Subselect, aggregates: str = ""
    ) -> None:
        self.binding = binding
        self.scope = scope
        self.subselect = subselect
        self.aggregates = aggregates
        self.windows: dict[str, Any] = {}
        """Definitions of the WINDOW clause."""

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
        try:
            found: Expression = method(value)
        except QueryError as error:
            if error.position is None and hasattr(value, "location"):
                error.position = character(self.binding.text, value.location)
            raise
        return found

    def bind_all(self, nodes: Any) -> list[Expression]:
        """The expressions of some nodes."""
        return [self.bind(node) for node in nodes]

    def condition(self, node: Any, where: str) -> Expression:
        """A truth value: of WHERE, HAVING, ON."""
        return condition(self.bind(node), where)

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
                return Constant(int(text), INT8)
            return Constant(Decimal(text), NUMERIC)
        raise UnsupportedQueryError("bit strings are not supported.")

    def _param_ref(self, value: Any) -> Expression:
        known = self.binding.parameters
        if not 1 <= value.number <= len(known):
            raise QueryError(f"there is no parameter ${value.number}.", sqlstate="42P02")
        return Parameter(value.number, known[value.number - 1])

    def _column_ref(self, value: Any) -> Expression:
        fields = [f.string.sval for f in value.fields if inner(f)[0] == "string"]
        if len(fields) < len(value.fields):
            raise QueryError("* cannot stand here.", sqlstate="42601")
        table = fields[-2] if len(fields) > 1 else None
        found = self.scope.find(table, fields[-1])
        if found is not None:
            return found
        if table is None and any(r.alias == fields[0] for r in self.scope.relations):
            raise UnsupportedQueryError("a whole row as a value is not supported.")
        raise self.scope.missing(table, fields[-1], self.position(value))

    def _type_cast(self, value: Any) -> Expression:
        return cast(self.bind(value.arg), kind_of_type(value.type_name))

    def _collate_clause(self, value: Any) -> Expression:
        collation = names(value.collname)[-1]
        if collation not in ("C", "POSIX", "default", "ucs_basic"):
            raise UnsupportedQueryError(f"collation {collation!r} is not supported, only C.")
        return self.bind(value.arg)

    def _a_array_expr(self, value: Any) -> Expression:
        items = self.bind_all(value.elements)
        kind = common_kind(items, "ARRAY")
        made = tuple(as_kind(present(item), kind) for item in items)
        template = "[" + ", ".join(f"{{{k}}}" for k in range(len(made))) + "]"
        return Call("array", template, made, array_of(kind))

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
        return self._chosen("coalesce", "COALESCE({all})", self.bind_all(value.args))

    def _min_max_expr(self, value: Any) -> Expression:
        name = enum_name(value, "op")[3:].lower()
        parts = [present(part) for part in self.bind_all(value.args)]
        return self._chosen(name, name + "({all})", parts)

    def _chosen(self, name: str, template: str, parts: list[Expression]) -> Expression:
        kind = common_kind(parts, name.upper())
        made = tuple(as_kind(part, kind) for part in parts)
        inside = ", ".join(f"{{{k}}}" for k in range(len(made)))
        return Call(name, template.replace("{all}", inside), made, kind)

    def _case_expr(self, value: Any) -> Expression:
        tested = self.bind(value.arg) if value.HasField("arg") else None
        tests, results = [], []
        for node in value.args:
            when = node.case_when
            if tested is None:
                tests.append(self.condition(when.expr, "CASE/WHEN"))
            else:
                tests.append(registry.call("=", [tested, self.bind(when.expr)]))
            results.append(self.bind(when.result))
        last = self.bind(value.defresult) if value.HasField("defresult") else None
        results.append(Constant(None, UNKNOWN) if last is None else last)
        kind = common_kind(results, "CASE")
        results = [as_kind(result, kind) for result in results]
        whens = "".join(f" WHEN {{{k}}} THEN {{{len(tests) + k}}}" for k in range(len(tests)))
        template = f"CASE{whens} ELSE {{{2 * len(tests)}}} END"
        return Call("case", template, (*tests, *results), kind)

    # --- operators --------------------------------------------------------------------------

    def _a_expr(self, value: Any) -> Expression:
        kind = enum_name(value, "kind")
        method = getattr(self, "_" + kind.lower(), None)
        if method is None:
            raise UnsupportedQueryError(f"{kind} is not supported.")
        found: Expression = method(value, names(value.name)[-1] if value.name else "")
        return found

    def _aexpr_op(self, value: Any, operator: str) -> Expression:
        if not value.HasField("lexpr"):
            return registry.call(operator, [self.bind(value.rexpr)])
        return self.operation(operator, self.bind(value.lexpr), self.bind(value.rexpr))

    def operation(self, operator: str, left: Expression, right: Expression) -> Expression:
        """A binary operator; a literal of unknown kind takes the other side's."""
        return registry.call(operator, [present(left), present(right)])

    def _aexpr_distinct(self, value: Any, _: str) -> Expression:
        return self._distinct(value, "IS DISTINCT FROM")

    def _aexpr_not_distinct(self, value: Any, _: str) -> Expression:
        return self._distinct(value, "IS NOT DISTINCT FROM")

    def _distinct(self, value: Any, words: str) -> Expression:
        parts = [self.bind(value.lexpr), self.bind(value.rexpr)]
        made = self.operation("=", *parts)
        assert isinstance(made, Call)
        return Call(words.lower(), f"({{0}} {words} {{1}})", made.arguments, BOOL)

    def _aexpr_nullif(self, value: Any, _: str) -> Expression:
        made = self.operation("=", self.bind(value.lexpr), self.bind(value.rexpr))
        assert isinstance(made, Call)
        return Call("nullif", "nullif({0}, {1})", made.arguments, made.arguments[0].kind)

    def _aexpr_in(self, value: Any, operator: str) -> Expression:
        left = self.bind(value.lexpr)
        tests = [self.operation("=", left, self.bind(item)) for item in value.rexpr.list.items]
        found = any_of(tests)
        return found if operator == "=" else Call("not", "(NOT {0})", (found,), BOOL)

    def _aexpr_like(self, value: Any, operator: str) -> Expression:
        return self._aexpr_op(value, operator)

    _aexpr_ilike = _aexpr_like

    def _aexpr_between(self, value: Any, _: str) -> Expression:
        left = self.bind(value.lexpr)
        low, high = self.bind_all(value.rexpr.list.items)
        parts = self.operation(">=", left, low), self.operation("<=", left, high)
        return Call("and", "({0} AND {1})", parts, BOOL)

    def _aexpr_not_between(self, value: Any, operator: str) -> Expression:
        return Call("not", "(NOT {0})", (self._aexpr_between(value, operator),), BOOL)

    # --- calls and queries ------------------------------------------------------------------

    def _func_call(self, value: Any) -> Expression:
        return calls.bind_call(self, value)

    def _sub_link(self, value: Any) -> Expression:
        kind = enum_name(value, "sub_link_type")
        query = self.subselect(value.subselect.select_stmt, self.scope)
        if kind == "EXISTS_SUBLINK":
            return Subquery("exists", "EXISTS {query}", query, (), BOOL)
        if len(query.outputs) != 1:
            raise QueryError("the subquery must return one column.", sqlstate="42601")
        result = query.outputs[0].expression.kind
        if kind == "EXPR_SUBLINK":
            return Subquery("scalar", "{query}", query, (), result)
        if kind == "ARRAY_SUBLINK":
            present(query.outputs[0].expression)
            return Subquery("array", "COALESCE(ARRAY {query}, [])", query, (), array_of(result))
        if kind in ("ANY_SUBLINK", "ALL_SUBLINK"):
            return self._quantified(value, kind[:3], query)
        raise UnsupportedQueryError(f"{kind} is not supported.")

    def _quantified(self, value: Any, word: str, query: Query) -> Expression:
        operator = names(value.oper_name)[-1] if value.oper_name else "="
        if operator not in ("=", "<>", "<", ">", "<=", ">="):
            raise UnsupportedQueryError(f"{operator} {word} (subquery) is not supported.")
        compared = present(query.outputs[0].expression)
        made = self.operation(operator, self.bind(value.testexpr), compared)
        assert isinstance(made, Call)
        template = f"({{0}} {operator} {word} {{query}})"
        return Subquery(word.lower(), template, query, made.arguments[:1], BOOL)


def any_of(tests: Sequence[Expression]) -> Expression:
    """Whether one of some conditions is true."""
    joined = " OR ".join(f"{{{k}}}" for k in range(len(tests)))
    return Call("or", f"({joined})", tuple(tests), BOOL)


_TESTS = {
    "IS_TRUE": "({0} IS NOT DISTINCT FROM true)",
    "IS_NOT_TRUE": "({0} IS DISTINCT FROM true)",
    "IS_FALSE": "({0} IS NOT DISTINCT FROM false)",
    "IS_NOT_FALSE": "({0} IS DISTINCT FROM false)",
    "IS_UNKNOWN": "({0} IS NULL)",
    "IS_NOT_UNKNOWN": "({0} IS NOT NULL)",
}
