"""Subscripts and slices of arrays, subscripts of JSON, fields of relations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.coercion import cast, present
from deeplake.query.expression import Call, Constant, Expression
from deeplake.query.functions import registry
from deeplake.query.kinds import INT4, NUMBERS, TEXT, TEXTS, array_of
from deeplake.sql.parse import inner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.sql.expressions import ExpressionBinder


def bind_indirection(binder: ExpressionBinder, value: Any) -> Expression:
    """An A_Indirection node: subscripts and fields behind an expression.

    Raises:
        QueryError, UnsupportedQueryError
    """
    parts = list(value.indirection)
    found = _field(binder, value.arg, parts[0])
    if found is None:
        found = present(binder.bind(value.arg))
    else:
        parts = parts[1:]
    indices = []
    for part in parts:
        kind, index = inner(part)
        if kind != "a_indices":
            raise UnsupportedQueryError("fields of a row as a value are not supported.")
        indices.append(index)
    return subscripted(binder, found, indices) if indices else found


def _field(binder: ExpressionBinder, node: Any, part: Any) -> Expression | None:
    """(alias).column; None if it is something else."""
    kind, value = inner(node)
    if kind != "column_ref" or len(value.fields) != 1 or inner(part)[0] != "string":
        return None
    alias, name = value.fields[0].string.sval, part.string.sval
    if binder.scope.find(None, alias) is not None or binder.scope.find_relation(alias) is None:
        return None
    found = binder.scope.find(alias, name)
    if found is None:
        raise binder.scope.missing(alias, name, None)
    return found


def subscripted(binder: ExpressionBinder, base: Expression, indices: Sequence[Any]) -> Expression:
    """base[i][j] or base[i:j]."""
    if base.kind.name == "jsonb":
        return _of_json(binder, base, indices)
    if base.kind.element is None:
        raise QueryError(
            f"cannot subscript type {base.kind.plain} because it does not support subscripting.",
            sqlstate="42804",
        )
    if any(index.is_slice for index in indices):
        if len(indices) > 1:
            raise UnsupportedQueryError("slices of arrays of arrays are not supported.")
        return _slice(binder, base, indices[0])
    positions = [_position(binder, index.uidx) for index in indices]
    if len(positions) > 1:  # arrays have one dimension
        return Constant(None, base.kind.element)
    position = positions[0]
    if isinstance(position, Constant) and position.value is not None:
        template = "{0}[{1}]" if position.value > 0 else "CASE WHEN false THEN {0}[1] END"
        arguments: tuple[Expression, ...] = (base, position)
    else:
        template, arguments = "CASE WHEN {1} > 0 THEN {0}[{1}] END", (base, position)
    return Call("subscript", template, arguments, base.kind.element)


def _position(binder: ExpressionBinder, node: Any) -> Expression:
    found = present(binder.bind(node))
    if found.kind.name not in (*NUMBERS, "unknown"):
        error = QueryError("array subscript must have type integer.", sqlstate="42804")
        error.culprit = found
        raise error
    return cast(found, INT4)


def _slice(binder: ExpressionBinder, base: Expression, index: Any) -> Expression:
    low = _position(binder, index.lidx) if index.HasField("lidx") else Constant(1, INT4)
    high = _position(binder, index.uidx) if index.HasField("uidx") else None
    arguments: tuple[Expression, ...] = (base, low)
    if high is None:
        template = "{0}[greatest({1}, 1):]"
    else:
        template, arguments = "{0}[greatest({1}, 1):greatest({2}, 0)]", (base, low, high)
    unknown = " OR ".join(f"{{{k}}} IS NULL" for k in range(1, len(arguments)))
    return Call("slice", f"CASE WHEN NOT ({unknown}) THEN {template} END", arguments, base.kind)


def _of_json(binder: ExpressionBinder, base: Expression, indices: Sequence[Any]) -> Expression:
    """A path: a number is a key of an object, a text of digits an index of an array."""
    path = []
    for index in indices:
        if index.is_slice:
            raise QueryError("jsonb subscript does not support slices.", sqlstate="42804")
        found = present(binder.bind(index.uidx))
        if found.kind.name not in {*TEXTS, "unknown", "int2", "int4"}:
            error = QueryError(
                f"subscript type {found.kind.plain} is not supported.", sqlstate="42804"
            )
            error.culprit = found
            raise error
        path.append(cast(found, TEXT))
    return registry.call("#>", [base, _texts(path)])


def _texts(items: Sequence[Expression]) -> Expression:
    inside = ", ".join(f"{{{k}}}" for k in range(len(items)))
    return Call("array", f"[{inside}]", tuple(items), array_of(TEXT))
