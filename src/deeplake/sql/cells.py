"""The cells of VALUES and SET: what is a parameter or a constant never meets the engine."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.control import look
from deeplake.sql.parse import inner

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Default:
    """DEFAULT in the place of a value."""

    def __repr__(self) -> str:
        return "DEFAULT"


DEFAULT = _Default()


class Computed:
    """A cell that the engine has to compute."""

    __slots__ = ("node",)

    def __init__(self, node: Any) -> None:
        self.node = node


def cell(node: Any, values: Sequence[Any]) -> Any:
    """A value of Python, DEFAULT, or a `Computed`.

    Raises:
        QueryError: 42P02, there is no such parameter.
    """
    look()
    kind, value = inner(node)
    if kind == "param_ref":
        if not 1 <= value.number <= len(values):
            raise QueryError(f"there is no parameter ${value.number}.", sqlstate="42P02")
        return values[value.number - 1]
    if kind == "a_const":
        return constant(value)
    if kind == "set_to_default":
        return DEFAULT
    return Computed(node)


def constant(value: Any) -> Any:
    """The value of an A_Const: text for what stands in quotes, which reads as its column wants.

    Raises:
        UnsupportedQueryError: a bit string.
    """
    if value.isnull:
        return None
    kind = value.WhichOneof("val")
    if kind == "ival":
        return int(value.ival.ival)
    if kind == "boolval":
        return bool(value.boolval.boolval)
    if kind == "sval":
        return value.sval.sval
    if kind == "fval":
        text = value.fval.fval.replace("_", "")
        return int(text) if re.fullmatch(r"-?\d+", text) else Decimal(text)
    raise UnsupportedQueryError("bit strings are not supported.")
