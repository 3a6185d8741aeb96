"""Kinds becoming other kinds: by themselves, in an assignment, or by a cast, as in Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import QueryError
from deeplake.query import literals
from deeplake.query.expression import Call, Constant, Expression, Parameter
from deeplake.query.kinds import (
    INTEGERS,
    MOMENTS,
    NUMBERS,
    TEXT,
    TEXTS,
    Kind,
    engine_type,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class NeedEarly(Exception):  # noqa: N818 - a signal to the binder, never seen by users
    """A late column is used by something that needs its values: bind it as values, once more."""

    def __init__(self, source: int) -> None:
        super().__init__(source)
        self.source = source


def present(expression: Expression) -> Expression:
    """An expression whose value is needed now.

    Raises:
        NeedEarly: it stands for values that nobody has looked into.
    """
    if expression.kind.late:
        raise NeedEarly(min(expression.kind.late))
    return expression


def implicit_cost(given: Kind, wanted: Kind) -> int | None:
    """How far a kind is from another that it becomes by itself; None if it does not."""
    if given.name == wanted.name:
        if given.element is None or wanted.element is None:
            return 0
        return 0 if given.element.plain == wanted.element.plain else None
    if given.name == "unknown":
        return 2 if wanted.name == "text" else 3
    if given.name in NUMBERS and wanted.name in NUMBERS:
        step = NUMBERS.index(wanted.name) - NUMBERS.index(given.name)
        return step if step > 0 else None
    if given.name in TEXTS and wanted.name in TEXTS:
        return 1
    if given.name in MOMENTS and wanted.name in MOMENTS:
        step = MOMENTS.index(wanted.name) - MOMENTS.index(given.name)
        return step if step > 0 else None
    if given.name == "halfvec" and wanted.name == "vector":
        return 1
    return None


def coerce(expression: Expression, kind: Kind) -> Expression:
    """An expression as a kind that it becomes by itself.

    Raises:
        QueryError: 42804, it does not; or its literal is none of that kind.
        NeedEarly: it is a late column.
    """
    given = expression.kind
    if given.name == "unknown" or implicit_cost(given, kind) is not None:
        return cast(expression, kind)
    raise QueryError(
        f"a value of type {given} is given where {kind} is needed.",
        hint=f"Cast it: CAST(... AS {kind}).",
        sqlstate="42804",
    )


def cast(expression: Expression, kind: Kind) -> Expression:
    """An explicit cast.

    Raises:
        QueryError: 42846, there is no such cast; 22P02 and others, a literal that is none.
        NeedEarly: it is a late column.
    """
    given = present(expression).kind
    if given == kind:
        return expression
    if given.name == "unknown":
        return _typed(expression, kind)
    if given.name == kind.name and not kind.modifiers and kind.element is None:
        return Call("cast", "{0}", (expression,), kind)
    template = _template(given, kind)
    if template is None:
        raise QueryError(f"a value of type {given} cannot be cast to {kind}.", sqlstate="42846")
    return Call("cast", template, (expression,), kind)


def _typed(expression: Expression, kind: Kind) -> Expression:
    """A literal, NULL or parameter of unknown kind, read as one of a kind."""
    if isinstance(expression, Parameter):
        return Parameter(expression.number, kind)
    if isinstance(expression, Constant):
        if expression.value is None:
            return Constant(None, kind)
        return literals.read(str(expression.value), kind)
    return Call("cast", f"CAST({{0}} AS {engine_type(kind)})", (expression,), kind)


def _template(given: Kind, kind: Kind) -> str | None:
    """The engine's spelling of a cast, None if there is none."""
    if kind.name in INTEGERS and given.name in ("float4", "float8"):
        return f"CAST(round_even({{0}}, 0) AS {engine_type(kind)})"
    if kind.name in TEXTS:
        return _to_text(given, kind)
    for froms, tos in _CASTS:
        if given.name in froms and kind.name in tos:
            return f"CAST({{0}} AS {engine_type(kind)})"
    if given.element is not None and kind.element is not None:
        inner = "{0}" if given.element == kind.element else None
        if inner is None and _template(given.element, kind.element) is None:
            return None
        return f"CAST({{0}} AS {engine_type(kind)})"
    return None


_ALL_NUMBERS = frozenset(NUMBERS)
_CASTS = (
    (_ALL_NUMBERS, _ALL_NUMBERS),
    (
        TEXTS,
        _ALL_NUMBERS | {"bool", "date", "timestamp", "timestamptz", "time", "interval", "uuid"},
    ),
    (frozenset({"bool"}), frozenset({"int4"})),
    (frozenset({"int4"}), frozenset({"bool"})),
    (frozenset(MOMENTS), frozenset(MOMENTS)),
    (frozenset({"timestamp", "timestamptz"}), frozenset({"time"})),
    (frozenset({"json", "jsonb"}), frozenset({"json", "jsonb"})),
    (frozenset({"time"}), frozenset({"interval"})),
    (frozenset({"vector", "halfvec"}), frozenset({"vector", "halfvec"})),
)


def _to_text(given: Kind, kind: Kind) -> str | None:
    if given.name in TEXTS or given.name in INTEGERS or given.name in ("date", "uuid", "numeric"):
        text = "CAST({0} AS VARCHAR)"
    elif given.name == "bool":
        text = "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END"
    else:
        return None
    if kind.name == "bpchar":
        text = f"rtrim({text})"
    if kind.modifiers:
        text = f"left({text}, {kind.modifiers[0]})"
    return text


def common_kind(expressions: Sequence[Expression], what: str) -> Kind:
    """The one kind that all become, for CASE, COALESCE, UNION, VALUES, arrays.

    Late ones stay late together.

    Raises:
        QueryError: 42804, they match none.
        NeedEarly: late beside present values.
    """
    kinds = [e.kind for e in expressions if e.kind.name != "unknown"]
    if not kinds:
        return TEXT
    if all(kind.late for kind in kinds) and len({kind.plain for kind in kinds}) == 1:
        return kinds[0]._replace(late=frozenset().union(*(kind.late for kind in kinds)))
    for expression in expressions:
        present(expression)
    if all(kind.name in NUMBERS for kind in kinds):
        best = max(kinds, key=lambda kind: NUMBERS.index(kind.name))
        return best if len(set(kinds)) == 1 else best.plain
    if all(kind.name in MOMENTS for kind in kinds):
        return max(kinds, key=lambda kind: MOMENTS.index(kind.name)).plain
    if len(set(kinds)) == 1:
        return kinds[0]
    if all(kind.name in TEXTS for kind in kinds):
        return TEXT
    first = kinds[0]
    other = next((kind for kind in kinds if kind.plain != first.plain), None)
    if other is None:
        return first.plain
    raise QueryError(
        f"{what} types {first} and {other} cannot be matched.",
        hint="Cast one to the type of the other.",
        sqlstate="42804",
    )


def as_kind(expression: Expression, kind: Kind) -> Expression:
    """A part of CASE, UNION … as the kind that `common_kind` found."""
    if kind.late:
        if expression.kind.late:
            return expression
        return Constant(None, kind)  # of unknown kind: only NULL can stand beside late values
    return coerce(expression, kind)


def condition(expression: Expression, where: str) -> Expression:
    """An expression that must be a truth value.

    Raises:
        QueryError: 42804, it is none.
    """
    if expression.kind.name == "bool":
        return expression
    if expression.kind.name == "unknown":
        return coerce(expression, Kind("bool"))
    raise QueryError(
        f"the argument of {where} must be of type boolean, not {expression.kind}.",
        sqlstate="42804",
    )
