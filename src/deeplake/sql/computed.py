"""Expressions that stand by themselves, in VALUES and defaults, worked out by the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.sql import tree
from deeplake.sql.evaluate import answers
from deeplake.sql.parse import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.query.kinds import Kind
    from deeplake.query.table_view import TableView
    from deeplake.sql.binding import Catalog

OUTPUTS_MAX = 200
"""Expressions of one question to the engine, whose own binding takes time for each."""


class NoTables:
    """A catalog of nothing: defaults refer to no table."""

    def table(self, name: str, schema: str | None) -> TableView | None:
        """See `Catalog`."""
        del name, schema
        return None

    def hint(self, name: str) -> str:
        """See `Catalog`."""
        del name
        return ""


def compute(text: str, kind: Kind, rows: int) -> tuple[list[Any], bool]:
    """The values of an expression for some rows, or its one value if it is the same for all."""
    _, node = parse(f"SELECT {text}")
    one = node.target_list[0].res_target.val
    volatile = is_volatile(one)
    nodes = [one] * (rows if volatile else 1)
    return evaluated(f"SELECT {text}", nodes, [kind] * len(nodes), NoTables(), ()), volatile


_VOLATILE = ("random", "uuid", "clock_timestamp", "nextval", "timeofday")


def is_volatile(node: Any) -> bool:
    """Whether a node may give another value each time it is asked."""
    shown = str(node)
    return any(word in shown for word in _VOLATILE)


def evaluated(
    text: str, nodes: Sequence[Any], kinds: Sequence[Kind | None], catalog: Catalog,
    values: Sequence[Any],
) -> list[Any]:  # fmt: skip
    """The values of some expressions, each cast to a kind."""
    found: list[Any] = []
    for first in range(0, len(nodes), OUTPUTS_MAX):
        part = nodes[first : first + OUTPUTS_MAX]
        select = tree.select([tree.target(node) for node in part])
        wanted = list(kinds[first : first + OUTPUTS_MAX])
        for answer in answers(text, select, catalog, values, wanted):
            found += [column[0] for column in answer.data]
    return found
