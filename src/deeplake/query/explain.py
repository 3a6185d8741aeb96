"""EXPLAIN: the one plan as a tree of lines, with what a run did if there was one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from deeplake import amounts
from deeplake.loading import in_forked_child
from deeplake.query import access
from deeplake.query.expression import Aggregate, Subquery, conjuncts, walk
from deeplake.query.plan import Trace
from deeplake.query.relation import Combined, Derived, Join, Named, Rows, Scan, Values
from deeplake.query.statement import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deeplake.query.plan import Plan, ScanTrace
    from deeplake.query.relation import Query, Relation
    from deeplake.query.table_view import TableView

_READS = ("get", "get_range", "get_ranges")
_one_at_a_time = threading.Lock()


@in_forked_child
def _after_fork_in_child() -> None:
    global _one_at_a_time
    _one_at_a_time = threading.Lock()


def explained(
    plan: Plan, tables: Sequence[TableView], parameters: Sequence[Any], *, analyze: bool = False
) -> list[str]:
    """A plan as lines.

    Args:
        plan: of a statement.
        tables: its tables.
        parameters: its values.
        analyze: run it, and say what that took; else rows are counted by statistics only.

    Raises:
        QueryError: from the run.
    """
    trace = Trace()
    if analyze:
        _analyzed(plan, tables, parameters, trace)
    else:
        for scan in plan.scans:
            view = tables[scan.table]
            chosen = access.foreseen(scan, view, parameters, plan.shape)
            access.traced(scan, view, chosen, trace)
        trace.engine = not _direct(plan)
    return list(_Lines(plan, trace, analyze=analyze).all())


def _direct(plan: Plan) -> bool:
    shape = plan.shape
    if shape.scan is None:
        return False
    return bool(shape.totals) or (
        shape.plain is not None
        and not shape.ties
        and (shape.ordered or (shape.similar is not None and shape.similar.rest is not None))
    )


def _analyzed(
    plan: Plan, tables: Sequence[TableView], parameters: Sequence[Any], trace: Trace
) -> None:
    """Run a statement to its end, requests to the store counted."""
    with _one_at_a_time:
        stores = {id(view.objects): view.objects for view in tables}
        counting = {key: _Counting(objects.store) for key, objects in stores.items()}
        for key, objects in stores.items():
            objects.store = counting[key]
        try:
            result = run(plan, tables, parameters, trace)
            trace.rows = sum(1 for _ in result.rows())
            trace.step("rows to the end, late columns included")
        finally:
            for key, objects in stores.items():
                objects.store = counting[key].inner
        trace.requests = sum(found.requests for found in counting.values())
        trace.bytes_read = sum(found.bytes for found in counting.values())


class _Counting:
    """A store whose reads are counted, those of other threads too."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.requests = self.bytes = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name not in _READS:
            return found

        def counted(*args: Any, **options: Any) -> Any:
            answer = found(*args, **options)
            parts = answer if name == "get_ranges" else [answer]
            self.requests += 1
            self.bytes += sum(map(len, parts))
            return answer

        return counted


class _Lines:
    """A plan's lines, written from the top."""

    def __init__(self, plan: Plan, trace: Trace, *, analyze: bool) -> None:
        self._plan = plan
        self._trace = trace
        self._analyze = analyze
        self._scans = {
            scan.number: found for scan, found in zip(plan.scans, trace.scans, strict=False)
        }

    def all(self) -> Iterator[str]:
        """Every line."""
        trace = self._trace
        who = "in the engine" if trace.engine else "without the engine"
        rows = f", {amounts.count(trace.rows, 'row')}" if self._analyze else ""
        yield f"Query {who}{rows}"
        yield from _under(self._query(self._plan.statement.query))
        yield from self._late()
        if self._analyze:
            yield (
                f"Read: {amounts.size(trace.bytes_read)} in "
                f"{amounts.count(trace.requests, 'request')}"
                f"{'' if trace.requests else ' (all of it is mapped or in memory)'}; "
                f"{amounts.size(self._planned())} of columns planned"
            )
            for name, seconds in trace.steps:
                yield f"Time: {seconds * 1e3:.3f} ms {name}"
        else:
            yield f"Planned: {amounts.size(self._planned())} of columns"

    def _planned(self) -> int:
        return sum(size for scan in self._trace.scans for _, _, size in scan.columns)

    def _late(self) -> Iterator[str]:
        names = dict.fromkeys(
            name for scan in self._trace.scans for name, how, _ in scan.columns if how == "late"
        )
        for name in names:
            cells = amounts.count(self._trace.late.get(name, 0), "cell")
            yield f"Late: {name}" + (f", {cells} fetched" if self._analyze else "")

    # --- the query ------------------------------------------------------------------------------

    def _query(self, query: Query) -> Iterator[str]:
        for part in query.common:
            yield f"With {part.name}"
            yield from _under(self._query(part.query))
        if isinstance(query, Combined):
            yield query.operation.capitalize()
            for side in (query.left, query.right):
                yield from _under(self._query(side))
            return
        steps = list(_steps(query))
        if steps:
            yield ", ".join(steps)
        for relation in query.source:
            yield from _under(self._relation(relation)) if steps else self._relation(relation)
        for found in _subqueries(query):
            yield f"Subquery ({found.name})"
            yield from _under(self._query(found.query))

    def _relation(self, relation: Relation) -> Iterator[str]:
        if isinstance(relation, Scan):
            yield from self._scan(relation)
        elif isinstance(relation, Named):
            yield f"Rows of {relation.name}"
        elif isinstance(relation, Derived):
            yield "Lateral query" if relation.lateral else "Query in FROM"
            yield from _under(self._query(relation.query))
        elif isinstance(relation, Join):
            yield f"{relation.kind.capitalize()} join"
            for side in (relation.left, relation.right):
                yield from _under(self._relation(side))
        elif isinstance(relation, Values):
            yield f"Values, {amounts.count(len(relation.rows), 'row')}"
        elif isinstance(relation, Rows):
            yield "Function in FROM"

    def _scan(self, scan: Scan) -> Iterator[str]:
        found = self._scans.get(scan.number)
        if found is None:
            yield "Scan"
            return
        by = "" if found.path == "all rows" else f", by {found.path}"
        yield f"Scan of {found.table}: {found.fed:,} of {found.rows:,} rows{by}"
        yield from _under(self._details(found))

    def _details(self, found: ScanTrace) -> Iterator[str]:
        if found.fragments or found.pruned or found.nodes:
            nodes = f" and {found.nodes:,} nodes" if found.nodes else ""
            yield (
                f"Fragments: {found.fragments:,} read, {found.pruned:,}{nodes} pruned; "
                f"{0 if found.left is None else found.left.size:,} rows left"
            )
        if found.conditions:
            after = found.conditions - found.tested
            number = found.candidates
            counted = "" if number is None else f": {amounts.count(number, 'candidate')}"
            left = f"; {after:,} left to the engine" if after and self._analyze else ""
            yield f"Conditions: {found.tested:,} of {found.conditions:,} tested{counted}{left}"
        if found.why:
            yield f"Not shortened: {found.why}"
        for name, how, size in found.columns:
            yield f"Column {name}: {how}" + (f", {amounts.size(size)}" if size else "")


def _steps(query: Any) -> Iterator[str]:
    """What a SELECT does to its rows."""
    if query.limit is not None or query.offset is not None:
        yield "Limit"
    if query.order:
        yield f"Sort by {len(query.order)} keys" if len(query.order) > 1 else "Sort"
    if query.distinct is not None:
        yield "Distinct on" if query.distinct else "Distinct"
    aggregates = [e for o in query.outputs for e in walk(o.expression) if isinstance(e, Aggregate)]
    if any(e.window is not None for e in aggregates):
        yield "Window"
    if query.groups:
        yield f"Group by {len(query.keys)} keys" if len(query.keys) > 1 else "Group"
    elif any(e.window is None for e in aggregates):
        yield "Aggregate"
    count = len(list(conjuncts(query.condition)))
    if count:
        yield f"Filter by {count} conditions" if count > 1 else "Filter"


def _subqueries(query: Any) -> Iterator[Subquery]:
    roots = [o.expression for o in query.outputs]
    roots += [e for e in (query.condition, query.having) if e is not None]
    for root in roots:
        for node in walk(root):
            if isinstance(node, Subquery):
                yield node


def _under(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield f"  {line}"
