"""Expressions: what a statement computes, typed, names resolved. Frozen values, no behaviour.

A `Call` carries the engine's spelling as a template, chosen by the registry from the kinds of its
arguments; nothing reaches the engine that was not registered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.query.control import LOOKS_EVERY, take
from deeplake.query.kinds import Kind
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from deeplake.query.relation import Query


class Column(NamedTuple):
    """A column of a relation: `relation` is its number, `name` what the engine calls it."""

    relation: int
    name: str
    kind: Kind


class Constant(NamedTuple):
    """A value of Python (None is NULL); numbers of kind numeric are Decimal, texts are str."""

    value: Any
    kind: Kind


class Parameter(NamedTuple):
    """A value that comes with the execution, numbered from 1."""

    number: int
    kind: Kind


class Call(NamedTuple):
    """An operator, function, cast, CASE: `template` has {0}, {1} … for its arguments.

    `name` is the one in Postgres, by which rules know it ('=', 'and', 'cast').
    """

    name: str
    template: str
    arguments: tuple[Expression, ...]
    kind: Kind
    volatile: bool = False


class Order(NamedTuple):
    """A sort key."""

    key: Expression
    descending: bool
    nulls_first: bool


class Window(NamedTuple):
    """OVER (...). `frame` is the engine's text, for example 'ROWS UNBOUNDED PRECEDING'."""

    partition: tuple[Expression, ...]
    order: tuple[Order, ...]
    frame: str


class Aggregate(NamedTuple):
    """An aggregate or a window function.

    `template` spells the call with {0} … for the arguments, {distinct} and {order} where these go,
    as in 'sum({distinct}{0}{order})'. FILTER and OVER follow it, or stand where {clauses} does.
    """

    name: str
    template: str
    arguments: tuple[Expression, ...]
    kind: Kind
    distinct: bool = False
    order: tuple[Order, ...] = ()
    condition: Expression | None = None
    window: Window | None = None


class Subquery(NamedTuple):
    """A query as a value: `template` has {query} and {0} … for the arguments."""

    name: str
    template: str
    query: Query
    arguments: tuple[Expression, ...]
    kind: Kind


Expression = Column | Constant | Parameter | Call | Aggregate | Subquery


def children(expression: Expression) -> Sequence[Expression]:
    """The expressions right below one; those inside a subquery's query left out."""
    if type(expression) in LEAVES:
        return ()
    if isinstance(expression, Aggregate):
        found = [*expression.arguments, *(order.key for order in expression.order)]
        if expression.condition is not None:
            found.append(expression.condition)
        if expression.window is not None:
            found += expression.window.partition
            found += [order.key for order in expression.window.order]
        return found
    return expression.arguments  # type: ignore[union-attr] # of a call or a subquery


LEAVES = frozenset((Column, Constant, Parameter))
"""Expressions that have none below them. Asked for by their type: a tenth of a check of a union."""


def walk(expression: Expression) -> Sequence[Expression]:
    """An expression and all below it, parents first."""
    if type(expression) in LEAVES:
        return (expression,)
    found = []
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if type(node) not in LEAVES:
            waiting += children(node)
    return found


def parameters_used(query: Query) -> tuple[Parameter, ...]:
    """The parameters that a query refers to, anywhere in it, each kind of one once."""
    return parameters_among(within(query))


def parameters_among(nodes: Iterable[Any]) -> tuple[Parameter, ...]:
    """The parameters among the tuples of a query, each kind of one once."""
    return tuple(dict.fromkeys(node for node in nodes if type(node) is Parameter))


def columns_used(query: Query) -> set[tuple[int, str]]:
    """(relation, name) of every column that a query refers to, anywhere in it."""
    return {node[:2] for node in within(query) if type(node) is Column}


def is_fleeting(query: Query) -> bool:
    """Whether a query asks for the time or for random numbers: asked again, it may say another."""
    calls = (node for node in within(query) if isinstance(node, Call))
    return any(call.volatile or "now()" in call.template for call in calls)


def within(root: Any, *, into_queries: bool = True) -> list[Any]:
    """Every tuple that a query or a tuple of expressions is made of, but for kinds and empty ones.

    Args:
        root: the query, or a tuple.
        into_queries: whether subqueries are gone into.
    """
    found: list[Any] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not len(found) % LOOKS_EVERY:
            take(LOOKS_EVERY)
        made = type(node)
        if made in LEAVES:
            continue
        if made is Subquery and not into_queries:
            waiting += node.arguments
        else:
            waiting += [p for p in node if isinstance(p, tuple) and p and type(p) is not Kind]
    take(len(found) % LOOKS_EVERY)
    return found


def conjuncts(expression: Expression | None) -> Iterator[Expression]:
    """What must all be true for a condition to be true."""
    if expression is None:
        return
    if isinstance(expression, Call) and expression.name == "and":
        for argument in expression.arguments:
            yield from conjuncts(argument)
    else:
        yield expression
