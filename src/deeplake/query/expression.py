"""Expressions: what a statement computes, typed, names resolved. Frozen values, no behaviour.

A `Call` carries the engine's spelling as a template, chosen by the registry from the kinds of its
arguments; nothing reaches the engine that was not registered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.query.control import take
from deeplake.query.kinds import Kind
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def children(expression: Expression) -> Iterator[Expression]:
    """The expressions right below one; those inside a subquery's query left out."""
    if isinstance(expression, Call | Subquery):
        yield from expression.arguments
    elif isinstance(expression, Aggregate):
        yield from expression.arguments
        yield from (order.key for order in expression.order)
        if expression.condition is not None:
            yield expression.condition
        if expression.window is not None:
            yield from expression.window.partition
            yield from (order.key for order in expression.window.order)


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and all below it, parents first."""
    waiting = [expression]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += children(found)


def parameters_used(query: Query) -> tuple[Parameter, ...]:
    """The parameters that a query refers to, anywhere in it, each kind of one once."""
    return tuple({node: None for node in _within(query) if isinstance(node, Parameter)})


def columns_used(query: Query) -> set[tuple[int, str]]:
    """(relation, name) of every column that a query refers to, anywhere in it."""
    return {(n.relation, n.name) for n in _within(query) if isinstance(n, Column)}


def is_fleeting(query: Query) -> bool:
    """Whether a query asks for the time or for random numbers: asked again, it may say another."""
    calls = (node for node in _within(query) if isinstance(node, Call))
    return any(call.volatile or "now()" in call.template for call in calls)


def _within(query: Query) -> Iterator[Any]:
    """Every tuple that a query is made of, subqueries included, but for kinds."""
    waiting: list[Any] = [query]
    while waiting:
        node = waiting.pop()
        take()
        yield node
        if not isinstance(node, Column | Parameter | Constant):
            waiting += [part for part in node if isinstance(part, tuple) and type(part) is not Kind]


def conjuncts(expression: Expression | None) -> Iterator[Expression]:
    """What must all be true for a condition to be true."""
    if expression is None:
        return
    if isinstance(expression, Call) and expression.name == "and":
        for argument in expression.arguments:
            yield from conjuncts(argument)
    else:
        yield expression
