"""Kinds becoming other kinds by themselves or by a cast, as in Postgres (`sql.assign`: columns)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from deeplake.errors import QueryError
from deeplake.query import labels, literals
from deeplake.query.casting import spelling
from deeplake.query.expression import Call, Constant, Expression, Parameter
from deeplake.query.kinds import (
    JSONB,
    MOMENTS,
    NUMBERS,
    NUMERIC,
    NUMERIC_DIGITS,
    TEXT,
    TEXTS,
    Kind,
    array_of,
    digits_of,
    engine_type,
    is_varying,
    numeric_of,
)
from deeplake.query.parameters import is_list, meaning

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


_OTHERS = frozenset((
    ("vector", "halfvec"), ("time", "interval"), ("date", "timestamp"), ("date", "timestamptz"),
    ("timestamp", "timestamptz"),
))  # fmt: skip


def implicit_cost(given: Kind, wanted: Kind) -> int | None:
    """How far a kind is from another that it becomes by itself; None if it does not."""
    if given.name == wanted.name:
        if given.element is None or wanted.element is None:
            return 0
        return implicit_cost(given.element, wanted.element)
    if given.name == "unknown":
        return 2 if wanted.name == "text" else 3
    if given.name in NUMBERS and wanted.name in NUMBERS:
        step = NUMBERS.index(wanted.name) - NUMBERS.index(given.name)
        return step if step > 0 else None
    if given.name in TEXTS and wanted.name in TEXTS:
        return 1
    if (given.name, wanted.name) in _OTHERS:
        return 1 if wanted.name != "timestamptz" or given.name != "date" else 2
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
    if meaning(expression, kind) is not None:
        return cast(expression, kind)
    raise _blaming(expression, _mismatch(given, kind))


def _blaming(expression: Expression, error: QueryError) -> QueryError:
    """An error with the expression to blame, for its position in the statement."""
    error.culprit = error.culprit or expression
    return error


def _mismatch(given: Kind, kind: Kind) -> QueryError:
    return QueryError(
        f"a value of type {given.plain} is given where {kind} is needed.",
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
        return settled(expression)
    meant = meaning(expression, kind)
    if meant is not None:
        return cast(meant, kind)
    if given.name == "unknown":
        return _typed(expression, kind)
    if given.labels is not None and kind.name in TEXTS:
        return cast(labels.shown(expression, given.labels), kind)
    element = kind.element
    if given.element is not None and element is not None and element.labels is not None:
        if given.element.name in TEXTS:
            return labels.read_all(expression, element)
        return cast(expression, array_of(element.plain))
    if given.name == kind.name and not kind.modifiers and kind.element is None:
        return settled(expression)
    if isinstance(expression, Constant) and isinstance(expression.value, Decimal):
        made = literals.cast_number(expression.value, kind)
        if made is not None:
            return made
        expression = settled(expression)
        given = expression.kind
    template = spelling(given, kind)
    if template is None:
        raise QueryError(
            f"cannot cast type {given.plain} to {kind.plain}.",
            sqlstate="42846",
        )
    if kind == NUMERIC and given.name in ("int2", "int4", "int8"):
        kind = numeric_of(*digits_of(given))
    return Call("cast", template, (expression,), kind)


def settled(expression: Expression) -> Expression:
    """A constant numeric with the digits that it has, anything else as it is."""
    if not isinstance(expression, Constant) or expression.kind != NUMERIC:
        return expression
    return literals.numeric(expression.value) if expression.value is not None else expression


def _typed(expression: Expression, kind: Kind) -> Expression:
    """A literal, NULL or parameter of unknown kind, read as one of a kind."""
    if isinstance(expression, Constant):
        if expression.value is None:
            return Constant(None, kind)
        try:
            return literals.read(str(expression.value), kind)
        except QueryError as error:
            raise _blaming(expression, error) from None
    if isinstance(expression, Parameter) and kind.name in ("text", "unknown"):
        return Parameter(expression.number, kind)
    template = spelling(TEXT, kind)
    if template is None:
        raise QueryError(f"cannot cast type text to {kind.plain}.", sqlstate="42846")
    if isinstance(expression, Parameter):
        expression = Parameter(expression.number, TEXT)
    if kind.labels is not None:
        return labels.read(expression, kind)
    if kind.element is not None and kind.element.labels is not None:
        return labels.read_all(cast(expression, array_of(TEXT)), kind.element)
    return Call("cast", template, (expression,), kind)


def common_kind(expressions: Sequence[Expression], what: str) -> Kind:
    """The one kind that all become, for CASE, COALESCE, UNION, VALUES, arrays.

    Late ones stay late together.

    Raises:
        QueryError: 42804, they match none.
        NeedEarly: late beside present values.
    """
    if any(e.kind.name in ("json", "jsonb") for e in expressions):
        expressions = [meaning(e, JSONB) or e if is_list(e) else e for e in expressions]
    known = [e for e in expressions if e.kind.name != "unknown"]
    kinds = [settled(e).kind for e in known]
    if not kinds:
        return TEXT
    nulls = all(getattr(e, "value", e) is None for e in expressions if e.kind.name == "unknown")
    if nulls and all(kind.late for kind in kinds) and len({kind.plain for kind in kinds}) == 1:
        return kinds[0]._replace(late=frozenset().union(*(kind.late for kind in kinds)))
    for expression in expressions:
        present(expression)
    unknown = [e for e in expressions if e.kind.name == "unknown"]
    if len(set(kinds)) == 1:
        return holding(kinds[0], unknown)
    best = kinds[0]
    for kind, expression in zip(kinds[1:], known[1:], strict=True):
        # the first that the others become is kept: (text, varchar) is text, (varchar, text) is not
        if _is_alike(kind, best):
            best = _both(best, kind)
        elif implicit_cost(kind, best) is None or "time" in (kind.name, best.name):
            if implicit_cost(best, kind) is None or "time" in (kind.name, best.name):
                raise _blaming(expression, _unmatched(what, best.plain, kind.plain))
            best = _both(kind, best) if kind.name in NUMBERS else kind.plain
        elif kind.name in NUMBERS:
            best = _both(best, kind)
        else:
            best = best.plain
    return holding(best, unknown)


def _is_alike(one: Kind, other: Kind) -> bool:
    """Whether two kinds differ in modifiers at most."""
    if one.element is None or other.element is None:
        return one.name == other.name
    return one.element.name == other.element.name


_OPAQUE = frozenset(("json", "jsonb", "uuid", "bytea"))


def _unmatched(what: str, best: Kind, kind: Kind) -> QueryError:
    """The error for kinds that have nothing in common: another one if they look alike."""
    alike = {best.name, kind.name} <= {*MOMENTS, "time"} or {best.name, kind.name} <= _OPAQUE
    arrays = best.element is not None and kind.element is not None
    if arrays or (alike and best.element is None and kind.element is None):
        place = "CASE/WHEN" if what == "CASE" else what
        told, state = f"{place} could not convert type {kind} to {best}.", "42846"
    else:
        told, state = f"{what} types {best} and {kind} cannot be matched.", "42804"
    return QueryError(told, hint="Cast one to the type of the other.", sqlstate=state)


def holding(kind: Kind, unknown: Sequence[Expression]) -> Kind:
    """A kind that holds its values and literals and parameters of unknown kind: as in Postgres
    these become numeric beside numeric(10, 2), and are not rounded; nor are texts cut.
    """
    if not kind.modifiers and (kind.element is None or not kind.element.modifiers):
        return kind
    for expression in unknown:
        if isinstance(expression, Constant) and expression.value is None:
            continue
        if kind.name in TEXTS or (kind.element is not None and kind.element.name in TEXTS):
            return kind.plain
        if kind.element is not None and kind.element.name == "numeric":
            return array_of(NUMERIC)
        if kind.name == "numeric":
            kind = _both(kind, _digits_said(expression))
    return kind


def _digits_said(expression: Expression) -> Kind:
    """The numeric that a literal is; that of all digits where it is none, or a parameter."""
    if isinstance(expression, Constant):
        try:
            return literals.read(str(expression.value), NUMERIC).kind
        except QueryError:
            pass  # told by whoever reads it
    return NUMERIC


def _both(best: Kind, other: Kind) -> Kind:
    """A kind that holds the values of two, of which the second becomes the first."""
    if best == other:
        return best
    if best.name != "numeric":
        return best.plain
    if not best.modifiers or (other.name == "numeric" and not other.modifiers):
        return NUMERIC
    (p, s), (q, t) = digits_of(best), digits_of(other)
    if max(p - s, q - t) + max(s, t) > NUMERIC_DIGITS:
        return NUMERIC
    varying = s != t or is_varying(best) or is_varying(other)
    return numeric_of(max(p - s, q - t), max(s, t), varying=varying)


def as_kind(expression: Expression, kind: Kind) -> Expression:
    """A part of CASE, UNION … as the kind that `common_kind` found."""
    if kind.late:
        if expression.kind.late:
            return expression
        return Constant(None, kind)  # of unknown kind: only NULL can stand beside late values
    if kind == NUMERIC and expression.kind.name == "numeric" and expression.kind.modifiers:
        return Call("cast", f"CAST({{0}} AS {engine_type(kind)})", (expression,), kind)
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
    error = QueryError(
        f"the argument of {where} must be of type boolean, not {expression.kind.plain}.",
        sqlstate="42804",
    )
    raise _blaming(expression, error)
