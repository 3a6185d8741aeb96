"""Statements planned before: found by their text and by the kinds of their parameters.

A plan is taken again while every table that it names has the columns it was bound with. Reading
the parameters' style costs a scan of the text, so what that found is kept too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.query.cache import PLANS
from deeplake.query.parameters import kind_of_value
from deeplake.query.plan import plan_of
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.format.schema import TableSchema
    from deeplake.query.kinds import Kind
    from deeplake.query.plan import Plan
    from deeplake.query.statement import Statement
    from deeplake.query.table_view import TableView
    from deeplake.sql.binding import Catalog
    from deeplake.sql.parameters import Parameters

_VERSIONED = ("deeplake_", "at(", "at (", "AT(", "AT (", "At(")
"""Words of statements that are not kept: what they mean depends on more than names of tables."""


class Style(NamedTuple):
    """How a statement takes its parameters: by name in this order, or so many in a row."""

    names: tuple[str, ...] | None
    number: int


class Known(NamedTuple):
    """A plan, and the tables that it was made for: how they were named, and their columns."""

    plan: Plan
    tables: tuple[tuple[str, str | None], ...]
    schemas: tuple[TableSchema, ...]


class Found(NamedTuple):
    """A plan with what it runs over."""

    plan: Plan
    tables: list[TableView]
    values: tuple[Any, ...]


class Watched:
    """A catalog that remembers what it was asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.asked: list[tuple[str, str | None, TableView]] = []

    def table(self, name: str, schema: str | None) -> TableView | None:
        """See `Catalog`."""
        found = self._catalog.table(name, schema)
        if found is not None:
            self.asked.append((name, schema, found))
        return found

    def hint(self, name: str) -> str:
        """See `Catalog`."""
        return self._catalog.hint(name)


def values_of(text: str, given: Parameters) -> tuple[Any, ...] | None:
    """The parameters of a statement that was planned before, in order; None if it was not, or if
    they do not fit it: then reading it anew says what is wrong.
    """
    style: Style | None = PLANS.get(text)
    if style is None:
        return None
    if style.names is not None:
        if not hasattr(given, "keys") or not all(name in given for name in style.names):  # type: ignore[operator]
            return None
        return tuple([given[name] for name in style.names])  # type: ignore[index, call-overload]
    if hasattr(given, "keys") or isinstance(given, str | bytes):
        return None
    if given is None:
        return () if not style.number else None
    if not hasattr(given, "__len__") or len(given) != style.number:
        return None
    return tuple(given)


def recall(text: str, values: tuple[Any, ...], catalog: Catalog) -> Found | None:
    """The plan of a statement, if it was made for tables like those there are now."""
    known: Known | None = PLANS.get((text, _kinds(values)))
    if known is None:
        return None
    tables: list[TableView] = []
    for (name, schema), columns in zip(known.tables, known.schemas, strict=True):
        view = catalog.table(name, schema)
        if view is None or (view.columns.schema is not columns and view.columns.schema != columns):
            return None
        tables.append(view)
    return Found(known.plan, tables, values)


def remember(
    text: str,
    given: Parameters,
    values: tuple[Any, ...],
    statement: Statement,
    tables: Sequence[TableView],
    asked: Sequence[tuple[str, str | None, TableView]],
) -> Plan:
    """The plan of a statement that was just bound, kept for the next time.

    Args:
        text: as it was given.
        given: its parameters as they were given.
        values: in their order.
        statement: bound.
        tables: its tables.
        asked: what a catalog was asked for while it was bound.
    """
    plan = plan_of(statement)
    if any(word in text for word in _VERSIONED):
        return plan
    by_view = {id(view): (name, schema) for name, schema, view in asked}
    if any(id(view) not in by_view for view in tables):
        return plan
    named = tuple(by_view[id(view)] for view in tables)
    if hasattr(given, "keys"):
        order = _order(text, given)
        if order is None:
            return plan
        style = Style(order, len(order))
    else:
        style = Style(None, len(values))
    PLANS.put(text, style)
    schemas = tuple(view.columns.schema for view in tables)
    PLANS.put((text, _kinds(values)), Known(plan, named, schemas))
    return plan


def _order(text: str, given: Any) -> tuple[str, ...] | None:
    """Names of parameters in the order of their values."""
    from deeplake.sql.parameters import number

    return tuple(number(text, {name: name for name in given}).values)


def _kinds(values: tuple[Any, ...]) -> tuple[Kind, ...]:
    return tuple([kind_of_value(value) for value in values])
