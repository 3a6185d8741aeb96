"""Operators and comparisons: of values, of rows, with lists, arrays and patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import as_kind, cast, common_kind, present
from deeplake.query.expression import (
    Call,
    Column,
    Constant,
    Expression,
    Parameter,
    Subquery,
    walk,
)
from deeplake.query.functions import registry
from deeplake.query.functions.resolution import no_array_of
from deeplake.query.kinds import BOOL, INTEGERS, TEXT, UNKNOWN, array_of
from deeplake.query.parameters import as_array
from deeplake.sql import patterns
from deeplake.sql.parse import enum_name, inner, kind_of_node, names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.kinds import Kind
    from deeplake.sql.expressions import ExpressionBinder

ORDERING = frozenset(("=", "<>", "<", ">", "<=", ">="))
BESIDE = ORDERING | {"@>", "<@", "&&"}
"""Operators with the same kind on both sides."""

_STRICT = {"<": "<", "<=": "<", ">": ">", ">=": ">"}


def bind_operation(binder: ExpressionBinder, value: Any) -> Expression:
    """An A_Expr node.

    Raises:
        QueryError, UnsupportedQueryError
    """
    kind = enum_name(value, "kind")
    bind = _KINDS.get(kind)
    if bind is None:
        raise UnsupportedQueryError(f"{kind} is not supported.")
    operator = names(value.name)[-1] if value.name else ""
    found: Expression = bind(binder, value, "<>" if operator == "!=" else operator)
    return found


def row_of(binder: ExpressionBinder, node: Any) -> list[Expression] | None:
    """The parts of a row; None if a node is none."""
    return binder.bind_all(node.row_expr.args) if kind_of_node(node) == "row_expr" else None


def all_of(tests: Sequence[Expression]) -> Expression:
    """Whether some conditions are all true."""
    return tests[0] if len(tests) == 1 else _joined("and", tests)


def any_of(tests: Sequence[Expression]) -> Expression:
    """Whether one of some conditions is true."""
    return tests[0] if len(tests) == 1 else _joined("or", tests)


def _joined(word: str, tests: Sequence[Expression]) -> Expression:
    inside = f" {word.upper()} ".join(f"{{{k}}}" for k in range(len(tests)))
    return Call(word, f"({inside})", tuple(tests), BOOL)


def negated(test: Expression) -> Expression:
    """NOT of a condition."""
    return Call("not", "(NOT {0})", (test,), BOOL)


def compare_rows(
    binder: ExpressionBinder, operator: str, left: Sequence[Expression], right: Sequence[Expression]
) -> Expression:
    """Two rows compared part by part, as SQL says: unknown as soon as an unknown part decides.

    Raises:
        QueryError: 42601, they differ in length; 0A000, rows have no such operator.
    """
    if len(left) != len(right):
        raise QueryError("unequal number of entries in row expressions.", sqlstate="42601")
    if operator not in ORDERING:
        raise UnsupportedQueryError(f"operator {operator} of rows is not supported.")
    if not left:
        raise QueryError("cannot compare rows of zero length.", sqlstate="0A000")
    if operator in ("=", "<>"):
        tests = [binder.operation(operator, a, b) for a, b in zip(left, right, strict=True)]
        return all_of(tests) if operator == "=" else any_of(tests)
    made = binder.operation(operator, left[-1], right[-1])
    for a, b in zip(reversed(left[:-1]), reversed(right[:-1]), strict=True):
        equal, before = binder.operation("=", a, b), binder.operation(_STRICT[operator], a, b)
        template = "CASE WHEN {0} THEN {1} WHEN NOT {0} THEN {2} END"
        made = Call("row", template, (equal, made, before), BOOL)
    return made


def compare(binder: ExpressionBinder, operator: str, left: Any, right: Any) -> Expression:
    """Two nodes compared, rows or values."""
    rows = row_of(binder, left), row_of(binder, right)
    if rows[0] is not None and rows[1] is not None:
        return compare_rows(binder, operator, rows[0], rows[1])
    if rows[0] is not None or rows[1] is not None:
        raise UnsupportedQueryError("a row as a value is not supported.")
    return binder.operation(operator, binder.bind(left), binder.bind(right))


# --- kinds of A_Expr --------------------------------------------------------------------------


def _operator(binder: ExpressionBinder, value: Any, operator: str) -> Expression:
    """One operator, or a chain of them: 'a' || b || c … may be longer than calls can nest."""
    if not value.HasField("lexpr"):
        return registry.call(operator, [binder.bind(value.rexpr)])
    chain = []
    left = value
    while _is_chained(left):
        chain.append(left)
        left = left.lexpr.a_expr
    if not chain:
        return _pair(binder, value, operator)
    made = binder.bind(chain[-1].lexpr)
    for part in reversed(chain):
        try:
            made = binder.operation(names(part.name)[-1], made, binder.bind(part.rexpr))
        except QueryError as error:
            binder.binding.locate(error, part)
            raise
    return made


def _is_chained(value: Any) -> bool:
    """Whether an operator's left side is an operator of values as well."""
    if not value.HasField("lexpr") or kind_of_node(value.lexpr) != "a_expr":
        return False
    if kind_of_node(value.rexpr) == "row_expr" or names(value.name)[-1] == "!=":
        return False
    left = value.lexpr.a_expr
    return (
        enum_name(value, "kind") == enum_name(left, "kind") == "AEXPR_OP"
        and left.HasField("lexpr")
        and kind_of_node(left.lexpr) != "row_expr"
    )


def _pair(binder: ExpressionBinder, value: Any, operator: str) -> Expression:
    if kind_of_node(value.rexpr) == "sub_link" and kind_of_node(value.lexpr) == "row_expr":
        link = value.rexpr.sub_link
        if enum_name(link, "sub_link_type") == "EXPR_SUBLINK":
            from deeplake.sql.subqueries import bind_row_subquery

            return bind_row_subquery(binder, operator, value.lexpr.row_expr.args, link)
    return compare(binder, operator, value.lexpr, value.rexpr)


def _distinct(binder: ExpressionBinder, value: Any, words: str) -> Expression:
    left, right = row_of(binder, value.lexpr), row_of(binder, value.rexpr)
    if left is None and right is None:
        return distinct(binder, words, binder.bind(value.lexpr), binder.bind(value.rexpr))
    if left is None or right is None:
        raise UnsupportedQueryError("a row as a value is not supported.")
    if len(left) != len(right):
        raise QueryError("unequal number of entries in row expressions.", sqlstate="42601")
    tests = [distinct(binder, words, a, b) for a, b in zip(left, right, strict=True)]
    return all_of(tests) if "NOT" in words else any_of(tests)


def distinct(
    binder: ExpressionBinder, words: str, left: Expression, right: Expression
) -> Expression:
    """IS [NOT] DISTINCT FROM of two values; of NULL it is IS [NOT] NULL, for which no equality is
    needed.
    """
    for one, other in ((left, right), (right, left)):
        if isinstance(other, Constant) and other.kind == UNKNOWN and other.value is None:
            word = "IS NULL" if "NOT" in words else "IS NOT NULL"
            return Call(word.lower(), f"({{0}} {word})", (one,), BOOL)
    made = binder.operation("=", left, right)
    if not isinstance(made, Call) or len(made.arguments) != 2:
        raise UnsupportedQueryError(f"{words} of {left.kind} is not supported.")
    template = made.template.replace("} = {", f"}} {words} {{")
    if template == made.template:
        template = (
            "(CASE WHEN {0} IS NULL OR {1} IS NULL THEN ({0} IS NULL) <> ({1} IS NULL) "
            f"ELSE NOT {made.template} END)"
        )
        if "NOT" in words:
            template = f"(NOT {template})"
    return Call(words.lower(), template, made.arguments, BOOL)


_COMPARED = (INTEGERS, frozenset(("date", "timestamp", "timestamptz")))  # fmt: skip
"""Kinds that are compared with each other as they are."""


def _nullif(binder: ExpressionBinder, value: Any, _: str) -> Expression:
    left, right = binder.bind(value.lexpr), binder.bind(value.rexpr)
    made = binder.operation("=", left, right)
    pair = {left.kind.name, right.kind.name}
    kept = left
    apart = left.kind.name != "float4" and not any(pair <= alike for alike in _COMPARED)
    if apart and isinstance(made, Call):
        kept = made.arguments[0]  # its kind is that in which it was compared
    if kept.kind.name == "unknown":
        kept = as_kind(left, TEXT)
    return Call("nullif", "CASE WHEN {0} THEN NULL ELSE {1} END", (made, kept), kept.kind)


def _in(binder: ExpressionBinder, value: Any, operator: str) -> Expression:
    items = value.rexpr.list.items
    left = row_of(binder, value.lexpr)
    if left is not None:
        tests = []
        for item in items:
            row = row_of(binder, item)
            if row is None:
                raise UnsupportedQueryError("a row as a value is not supported.")
            tests.append(compare_rows(binder, "=", left, row))
    else:
        tests = _members(binder, binder.bind(value.lexpr), binder.bind_all(items))
    return any_of(tests) if operator == "=" else negated(any_of(tests))


def _members(
    binder: ExpressionBinder, one: Expression, items: list[Expression]
) -> list[Expression]:
    """x = item for each item of IN: all of one kind, which decides for literals."""
    if present(one).kind.labels is not None:
        items = [cast(i, one.kind) if i.kind.name == "unknown" else i for i in items]
    everything = [one, *map(present, items)]
    try:
        kind = common_kind(everything, "IN")
    except QueryError:
        return [binder.operation("=", one, item) for item in items]
    if one.kind.name == "unknown":
        one = as_kind(one, kind)
    return equal_to(
        binder, one, [as_kind(i, kind) if i.kind.name == "unknown" else i for i in items]
    )


def equal_to(
    binder: ExpressionBinder, one: Expression, items: Sequence[Expression]
) -> list[Expression]:
    """Tests of which one is true where a value is equal to one of some others.

    Constants of one kind are one test, whatever their number: `in`, of a value and a constant that
    is a list.
    """
    tests: list[Expression] = []
    constants: dict[Kind, list[Constant]] = {}
    plain: dict[Kind, Call] = {}
    for given in items:
        if isinstance(given, Constant):
            constants.setdefault(given.kind, []).append(given)
            continue
        like = plain.get(given.kind)
        if like is not None:  # of thousands, most are like one before: nothing has to be looked up
            tests.append(like._replace(arguments=(like.arguments[0], given)))
            continue
        made = binder.operation("=", one, given)
        if isinstance(made, Call) and len(made.arguments) == 2 and made.arguments[1] == given:
            plain[given.kind] = made
        tests.append(made)
    for some in constants.values():
        tests += _listed(binder, one, some)
    return tests


def _listed(
    binder: ExpressionBinder, one: Expression, some: Sequence[Constant]
) -> list[Expression]:
    """A value and constants of one kind: one test if the engine compares them as they are."""
    made = binder.operation("=", one, some[0])
    if len(some) > 1 and isinstance(made, Call) and made.template == "({0} = {1})":
        left, right = made.arguments
        if right == some[0] or (left.kind.name == right.kind.name and _widens(some, right.kind)):
            values = [given.value for given in some]
            if right.kind.name == "float8":
                values = [None if value is None else float(value) for value in values]
            listed = Constant(tuple(values), array_of(right.kind))
            return [Call("in", "({0} IN {1})", (left, listed), BOOL)]
        if isinstance(right, Constant) and right.kind.name in ("float4", "float8"):
            return _listed(binder, one, [as_kind(g, right.kind) for g in some])  # type: ignore[misc]
        if isinstance(right, Call) and right.arguments == (some[0],):  # a cast of each
            return [
                made._replace(arguments=(left, right._replace(arguments=(given,))))
                for given in some
            ]
    return [made, *(binder.operation("=", one, given) for given in some[1:])]


_EXACT = 1 << 53


def _widens(some: Sequence[Constant], kind: Kind) -> bool:
    """Whether whole numbers of one kind are the same numbers as another."""
    if some[0].kind.name not in INTEGERS:
        return False
    if kind.name == "float8":
        return all(given.value is None or abs(given.value) <= _EXACT for given in some)
    return kind.name in INTEGERS


def _between(binder: ExpressionBinder, value: Any, _: str) -> Expression:
    kind = enum_name(value, "kind")
    low, high = value.rexpr.list.items

    def inside(first: Any, second: Any) -> Expression:
        return all_of([
            compare(binder, ">=", value.lexpr, first), compare(binder, "<=", value.lexpr, second),
        ])  # fmt: skip

    made = inside(low, high)
    if kind.endswith("SYM"):
        made = any_of([made, inside(high, low)])
    return negated(made) if "NOT" in kind else made


def _like(binder: ExpressionBinder, value: Any, operator: str) -> Expression:
    kind, call = inner(value.rexpr)
    if kind == "func_call" and names(call.funcname)[-1] == "like_escape":
        pattern = patterns.without_escape(*binder.bind_all(call.args))
    else:
        pattern = binder.bind(value.rexpr)
    return binder.operation(operator, binder.bind(value.lexpr), pattern)


def _similar(binder: ExpressionBinder, value: Any, operator: str) -> Expression:
    left = cast_text(binder.bind(value.lexpr))
    pattern = patterns.similar(*binder.bind_all(value.rexpr.func_call.args))
    made = Call("similar to", "regexp_full_match({0}, {1}, 's')", (left, pattern), BOOL)
    return made if operator == "~" else negated(made)


def cast_text(expression: Expression) -> Expression:
    """A text, or what becomes one by itself."""
    return as_kind(present(expression), TEXT)


# --- ANY and ALL of arrays ----------------------------------------------------------------------


def _array(binder: ExpressionBinder, value: Any, operator: str) -> Expression:
    word = enum_name(value, "kind")[-3:]
    left, array = present(binder.bind(value.lexpr)), as_array(present(binder.bind(value.rexpr)))
    if array.kind.name == "unknown" and left.kind.element is not None:
        raise no_array_of(left.kind)
    if array.kind.name == "unknown" or array.kind.element == UNKNOWN:
        element = TEXT if left.kind.name == "unknown" else left.kind.plain
        if left.kind.labels is not None:
            element = left.kind
        array = as_kind(array, array_of(element))
    if array.kind.element is None:
        raise QueryError(f"op {word}/ALL (array) requires array on right side.".replace(
            "ALL/ALL", "ANY/ALL"), sqlstate="42809")  # fmt: skip
    if isinstance(array, Call) and array.name == "array" and array.arguments:
        test = binder.operation(operator, left, array.arguments[0])
        _check_boolean(test, word)
        if (operator, word) == ("=", "ANY"):
            return any_of(equal_to(binder, left, array.arguments))
        if (operator, word) == ("<>", "ALL"):
            return negated(any_of(equal_to(binder, left, array.arguments)))
        tests = [test, *(binder.operation(operator, left, i) for i in array.arguments[1:])]
        return any_of(tests) if word == "ANY" else all_of(tests)
    number = binder.binding.number()
    item = Column(number, "item", array.kind.element)
    test = binder.operation(operator, left, item)
    _check_boolean(test, word)
    if (operator, word) in (("=", "ANY"), ("<>", "ALL")) and _is_given(array):
        found = _in_parameter(binder, left, array)
        if found is not None:
            return found if word == "ANY" else negated(found)
    if any(isinstance(part, Subquery) for part in walk(test)):
        # no subquery can stand in a lambda
        inside = f"(SELECT {{0}} AS m FROM (SELECT unnest({{1}}) AS item) AS r{number})"
        return Call(
            word.lower(), f"CASE WHEN {{1}} IS NOT NULL THEN {_FROM_ROWS[word] % inside} END",
            (test, array), BOOL,
        )  # fmt: skip
    test = _in_lambda(test, number)
    return Call(word.lower(), _FROM_LIST[word], (array, test), BOOL)


_CONTAINED = (
    "CASE WHEN list_contains({1}, {0}) THEN true WHEN {1} IS NULL OR (len({1}) > 0 AND "
    "({0} IS NULL OR list_count({1}) < len({1}))) THEN NULL ELSE false END"
)


def _is_given(array: Expression) -> bool:
    """Whether an array is a parameter, cast or not."""
    if isinstance(array, Call) and array.name == "cast" and len(array.arguments) == 1:
        array = array.arguments[0]
    return isinstance(array, Parameter)


def _in_parameter(
    binder: ExpressionBinder, one: Expression, array: Expression
) -> Expression | None:
    """Whether a value is in an array that is a parameter, which conditions can test as they do IN;
    None where the engine does not compare them as they are.
    """
    element = Constant(None, array.kind.element or UNKNOWN)
    made = binder.operation("=", one, element)
    if not isinstance(made, Call) or made.template != "({0} = {1})":
        return None
    left, right = made.arguments
    listed: Expression = array
    if right != element:
        if right.kind.name == "numeric" or right.kind.element is not None:
            return None
        listed = cast(array, array_of(right.kind))
    return Call("in", _CONTAINED, (left, listed), BOOL)


def _check_boolean(test: Expression, word: str) -> None:
    if test.kind.name != "bool":
        raise QueryError(
            f"op {word}/ALL (array) requires operator to yield boolean.", sqlstate="42809"
        )


def _in_lambda(test: Expression, number: int) -> Expression:
    """The parameter of a lambda in the place of a column of a relation."""
    if isinstance(test, Column):
        return Column(-1, "item", test.kind) if test.relation == number else test
    if isinstance(test, Call):
        return test._replace(arguments=tuple(_in_lambda(a, number) for a in test.arguments))
    return test


_FROM_LIST = {
    "ANY": "list_reduce(list_prepend(CASE WHEN {0} IS NOT NULL THEN false END, "
    "list_transform({0}, lambda item: {1})), lambda a, b: a OR b)",
    "ALL": "list_reduce(list_prepend(CASE WHEN {0} IS NOT NULL THEN true END, "
    "list_transform({0}, lambda item: {1})), lambda a, b: a AND b)",
}
_FROM_ROWS = {
    "ANY": "(SELECT CASE WHEN bool_or(m) THEN true WHEN bool_or(m IS NULL) THEN NULL ELSE false "
    "END FROM %s)",
    "ALL": "(SELECT CASE WHEN NOT bool_and(m) THEN false WHEN bool_or(m IS NULL) THEN NULL ELSE "
    "true END FROM %s)",
}


def from_rows(word: str, inside: str) -> str:
    """ANY or ALL over a query of one column m of truth values."""
    return _FROM_ROWS[word] % inside


_KINDS: dict[str, Any] = {
    "AEXPR_OP": _operator,
    "AEXPR_DISTINCT": lambda b, v, _: _distinct(b, v, "IS DISTINCT FROM"),
    "AEXPR_NOT_DISTINCT": lambda b, v, _: _distinct(b, v, "IS NOT DISTINCT FROM"),
    "AEXPR_NULLIF": _nullif,
    "AEXPR_IN": _in,
    "AEXPR_LIKE": _like,
    "AEXPR_ILIKE": _like,
    "AEXPR_SIMILAR": _similar,
    "AEXPR_BETWEEN": _between,
    "AEXPR_NOT_BETWEEN": _between,
    "AEXPR_BETWEEN_SYM": _between,
    "AEXPR_NOT_BETWEEN_SYM": _between,
    "AEXPR_OP_ANY": _array,
    "AEXPR_OP_ALL": _array,
}
