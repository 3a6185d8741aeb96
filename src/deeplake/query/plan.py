"""A statement made ready: conditions pushed down, the engine's text, what may be cut short.

Frozen; kept from one run to the next. What a run found on its way is a `Trace`, which EXPLAIN
prints.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deeplake.query import emit
from deeplake.query.expression import parameters_among, within
from deeplake.query.given import name as name_of
from deeplake.query.rules import conditions_of
from deeplake.query.shapes import shape_of
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from deeplake.query.expression import Parameter
    from deeplake.query.relation import Scan
    from deeplake.query.rows import Rows
    from deeplake.query.shapes import Shape
    from deeplake.query.statement import Statement


class Plan(NamedTuple):
    """A statement with everything about it that does not depend on rows or parameters.

    `shape` says what short ways there are. `used` are the parameters that the text has:
    some may have gone where tables were named.
    """

    statement: Statement
    scans: tuple[Scan, ...]
    text: str
    shape: Shape
    used: tuple[Parameter, ...]


def plan_of(statement: Statement) -> Plan:
    """The plan of a statement.

    Raises:
        QuerySyntaxError: 54001, it nests too deep.
    """
    try:
        nodes = within(statement.query)
        found = conditions_of(statement.query, nodes)
        scans = tuple(s._replace(conditions=found.get(s.number, ())) for s in statement.scans)
        statement = statement._replace(scans=scans)
        text = emit.query(statement.query)
        # templates that refuse leave out what they are given
        used = tuple(p for p in parameters_among(nodes) if f"CAST(${name_of(p)} AS " in text)
        return Plan(statement, scans, text, shape_of(statement), used)
    except RecursionError:
        raise emit.too_deep() from None


class ScanTrace:
    """What became of one scan."""

    def __init__(self, table: str, rows: int) -> None:
        self.table = table
        self.rows = rows
        """Rows that can be seen."""
        self.conditions = 0
        self.tested = 0
        """Conditions that were tested before the engine."""
        self.fragments = self.pruned = self.nodes = 0
        self.left: Rows | None = None
        """Rows left by statistics."""
        self.tests: set[str] = set()
        """Columns that conditions were tested on."""
        self.memory: set[str] = set()
        """Columns that were in memory before."""
        self.candidates: int | None = None
        """Rows that passed the tests, if they were counted."""
        self.fed = 0
        """Rows that the engine, or what stands for it, was given."""
        self.path = "all rows"
        self.why = ""
        self.columns: list[tuple[str, str, int]] = []
        """(name, how it is read, bytes planned)."""


class Trace:
    """What a run did, step by step."""

    def __init__(self) -> None:
        self.scans: list[ScanTrace] = []
        self.steps: list[tuple[str, float]] = []
        self.late: dict[str, int] = {}
        """Late column -> cells fetched."""
        self.bytes_read = 0
        self.requests = 0
        self.engine = True
        self.rows = 0
        self._start = time.perf_counter()

    def step(self, name: str) -> None:
        """Note that a step has ended."""
        now = time.perf_counter()
        self.steps.append((name, now - self._start))
        self._start = now
