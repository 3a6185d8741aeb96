"""Versions in FROM: at('t', ref) and the deeplake_… functions become tables before binding.

`"t@ref"` needs nothing here: it is a name, which the catalog resolves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.query.control import take
from deeplake.sql.parse import inner, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FUNCTIONS = frozenset(
    ("at", "deeplake_log", "deeplake_branches", "deeplake_tags", "deeplake_diff",
     "deeplake_conflicts")
)  # fmt: skip
"""Functions in FROM that read the history."""


class Versions(Protocol):
    """Who makes the tables that these functions stand for."""

    def version_table(self, function: str, arguments: Sequence[str]) -> str:
        """The name under which the catalog then has the table."""


def resolve(text: str, node: Any, values: Sequence[Any], versions: Versions) -> None:
    """Put a table in the place of each such function in FROM.

    Args:
        text: the statement: one without the words is left alone.
        node: its tree, changed in place.
        values: of its parameters.

    Raises:
        QueryError: arguments that are no texts.
    """
    if not any(word in text for word in ("deeplake_", "at(", "at (", "AT(", "AT (", "At(")):
        return
    for found in _range_functions(node):
        call = found.range_function.functions[0].list.items[0]
        kind, value = inner(call)
        name = names(value.funcname)[-1] if kind == "func_call" else ""
        if name not in FUNCTIONS:
            continue
        arguments = [text_argument(name, argument, values) for argument in value.args]
        table = versions.version_table(name, arguments)
        alias = found.range_function.alias.aliasname or name
        columns = list(found.range_function.alias.colnames)
        found.range_var.relname = table
        found.range_var.inh = True
        found.range_var.alias.aliasname = arguments[0] if alias == "at" else alias
        found.range_var.alias.colnames.extend(columns)


def _range_functions(node: Any) -> Iterator[Any]:
    """Every node that is a function in FROM."""
    waiting = [node]
    while waiting:
        message = waiting.pop()
        take()
        if message.DESCRIPTOR.name == "Node" and message.WhichOneof("node") == "range_function":
            yield message
            continue
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting += value if hasattr(value, "__len__") else [value]


def text_argument(name: str, node: Any, values: Sequence[Any]) -> str:
    """An argument of a function about versions: a text, or a parameter that is one.

    Raises:
        QueryError, UnsupportedQueryError: it is something else.
    """
    kind, value = inner(node)
    if kind == "a_const" and value.WhichOneof("val") == "sval":
        return str(value.sval.sval)
    if kind == "param_ref" and 1 <= value.number <= len(values):
        given = values[value.number - 1]
        if isinstance(given, str):
            return given
    if kind == "type_cast":
        return text_argument(name, value.arg, values)
    if kind == "column_ref":
        raise UnsupportedQueryError(
            f"the arguments of {name}() must be constants, not columns.",
            hint=f"Write them as texts: {name}('name').",
        )
    raise QueryError(
        f"the arguments of {name}() must be texts.", sqlstate="42883",
        hint=f"Write them as texts: {name}('name').",
    )  # fmt: skip
