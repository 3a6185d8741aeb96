"""A bound statement and its run: feeds in, the engine's rows out, late values at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.query import access, direct, emit, engine, feed
from deeplake.query.control import planned_here
from deeplake.query.expression import Constant
from deeplake.query.given import given
from deeplake.query.kinds import TEXT
from deeplake.query.plan import Plan, plan_of
from deeplake.query.relation import Output, Select
from deeplake.query.result import Result
from deeplake.query.streamed import feed_of
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from deeplake.query.control import Control
    from deeplake.query.kinds import Kind
    from deeplake.query.plan import Trace
    from deeplake.query.relation import Query, Scan
    from deeplake.query.table_view import TableView


class Source(NamedTuple):
    """Where the values of a late column lie: a table of the statement, and its column."""

    table: int
    column: str


class Statement(NamedTuple):
    """A bound query, ready to run at any commit whose tables have the same columns.

    `sources` are what late kinds number; `parameters` the kinds that $1, $2 … were bound as.
    """

    query: Query
    scans: tuple[Scan, ...]
    sources: tuple[Source, ...]
    parameters: tuple[Kind, ...]


def constant(label: str, value: str) -> Statement:
    """A statement that gives one text."""
    return Statement(Select((Output(label, "o0", Constant(value, TEXT)),)), (), (), ())


def run(
    statement: Statement | Plan,
    tables: Sequence[TableView],
    parameters: Sequence[Any] = (),
    trace: Trace | None = None,
    control: Control | None = None,
) -> Result:
    """Begin a statement over its tables, in the order of their numbers.

    Args:
        statement: bound, or planned already.
        tables: of this run.
        parameters: values of $1, $2 …
        trace: is told what happens, if given.
        control: can stop it from another thread, from now on.

    Raises:
        QueryError: from the engine, now or while the result is read.
    """
    plan = statement if isinstance(statement, Plan) else plan_of(statement)
    statement = plan.statement
    fetch = _Fetch(statement, tables, trace)
    feeds: dict[str, Any] = {}
    for scan in plan.scans:
        view = tables[scan.table]
        chosen = access.choose(scan, view, parameters, plan.shape)
        if trace is not None:
            access.traced(scan, view, chosen, trace)
            trace.step(f"choose rows of {view.name}")
        found = direct.ready(plan, view, chosen, parameters)
        if found is not None:
            if trace is not None:
                trace.engine = False
                trace.step("read rows")
            return _watched(Result(statement.query.outputs, found, fetch), control)
        feeds[emit.FEED.format(scan.number)] = feed_of(scan, view, chosen.rows)
        if trace is not None:
            trace.step(f"read columns of {view.name}")
    running = engine.run(plan.text, feeds, given(plan.used, parameters), control)
    if trace is not None:
        trace.step("begin in the engine")
    return _watched(Result(statement.query.outputs, running, fetch), control)


def _watched(result: Result, control: Control | None) -> Result:
    """A result whose reader can be stopped from another thread, instead of who planned it."""
    if control is not None:
        control.began(result)
        planning = planned_here()
        if planning is not None:
            control.ended(planning)
    return result


class _Fetch:
    """Values behind handles, each source in one read, in the order of its rows."""

    def __init__(
        self, statement: Statement, tables: Sequence[TableView], trace: Trace | None
    ) -> None:
        self._statement = statement
        self._tables = tables
        self._trace = trace

    def sizes(self, handles: pa.Array) -> npt.NDArray[np.int64]:
        """Bytes of the value behind each handle, about; nothing is read but what tells them."""
        raw = feed.raw(handles)
        found = np.zeros(len(raw), np.int64)
        for number in _distinct(raw[raw >= 0] >> feed.HANDLE_BITS):
            source = self._statement.sources[number]
            mine = np.flatnonzero((raw >= 0) & (raw >> feed.HANDLE_BITS == number))
            wanted, where = _sorted_once(feed.split(raw[mine])[1])
            found[mine] = self._tables[source.table].sizes(source.column, wanted)[where]
        return found

    def __call__(self, handles: pa.Array, *, native: bool = False) -> list[Any]:
        """A value, or None, for each handle."""
        found: list[Any] = [None] * len(handles)
        raw = feed.raw(handles)
        valid = np.flatnonzero(raw >= 0)
        raw = raw[valid]
        for number in _distinct(raw >> feed.HANDLE_BITS):
            source = self._statement.sources[number]
            mine = np.flatnonzero(raw >> feed.HANDLE_BITS == number)
            positions = feed.split(raw[mine])[1]
            wanted, where = _sorted_once(positions)
            values = self._tables[source.table].fetch(source.column, wanted, native=native)
            if self._trace is not None:
                late = self._trace.late
                late[source.column] = late.get(source.column, 0) + len(wanted)
            for place, k in zip(valid[mine].tolist(), where, strict=True):
                found[place] = values[k]
        return found


def _distinct(numbers: npt.NDArray[np.int64]) -> list[int]:
    """Different values, without np.unique, which loads numpy.ma: 8 ms of a cold start."""
    return sorted(set(numbers.tolist()))


def _sorted_once(
    positions: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], Sequence[int]]:
    """Positions ascending and each once, and where each of the given is among them."""
    if len(positions) < 2 or bool((positions[1:] > positions[:-1]).all()):
        return positions, range(len(positions))
    order = np.argsort(positions, kind="stable")
    ordered = positions[order]
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    where = np.empty(len(positions), np.int64)
    where[order] = np.cumsum(first) - 1
    return ordered[first], where.tolist()
