"""Which rows of a table a scan reads: by statistics, tests of narrow columns, what LIMIT keeps.

Each step leaves rows out and none decides alone: the engine checks every condition again and sorts
what is left, so a step is right if it keeps every row of the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from deeplake.query import candidates, feed, lookup, phases, similarity
from deeplake.query.operands import UNCERTAIN, value_of
from deeplake.query.plan import ScanTrace
from deeplake.query.relation import POSITION
from deeplake.query.shapes import names_of
from deeplake.query.tests import All, is_certain, test_of
from deeplake.types.base import FixedData
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from deeplake.query.plan import Trace
    from deeplake.query.relation import Scan, ScanColumn
    from deeplake.query.rows import Rows
    from deeplake.query.shapes import Shape, Similar
    from deeplake.query.table_view import TableView
    from deeplake.query.tests import Test

    Mask = npt.NDArray[np.bool_]

PAYS_NARROW = 0.25
"""Narrow columns that are in memory are gathered for up to this share of rows; above, the engine
is given all of them, which costs it no copy."""

ROWS_GIVEN = 1024
"""So few rows are given to the engine with all their columns, however wide."""

PAYS_WIDE = 0.75
"""The same of columns that have to be read, and read again by the next statement."""


class Chosen(NamedTuple):
    """The rows of a scan. `exact` if they are all that pass its conditions, and no others."""

    rows: Rows
    exact: bool
    trace: ScanTrace


def choose(scan: Scan, view: TableView, parameters: Sequence[Any], shape: Shape) -> Chosen:
    """The rows that a scan reads.

    Args:
        scan: with its conditions.
        view: its table.
        parameters: of this run.
        shape: of the statement, if this is its only scan.
    """
    trace = ScanTrace(view.name, view.rows)
    names = names_of(scan)
    trace.memory = {column for column in names.values() if view.kept(column)}
    alone = shape.scan is not None
    conditions = shape.conditions if alone else scan.conditions
    tests = [test_of(condition, names, parameters) for condition in conditions]
    trace.conditions = len(tests)
    rows = _pruned(view, tests, trace)
    whole = alone and all(map(is_certain, tests))
    limits = limits_of(shape, parameters) if alone else None
    rows, exact = _tested(scan, view, tests, rows, trace, must=whole and _shortens(shape, limits))
    exact = exact and whole
    left = not all(map(candidates.testable, tests))
    if alone and left and rows.size > ROWS_GIVEN and phases.pays(scan, view, conditions):
        rows, exact = phases.passing(scan, view, rows, conditions, parameters, table_of), True
        trace.path, trace.candidates = _and(trace.path, "the engine's candidates"), rows.size
    if exact and limits is not None:
        rows = _limited(view, shape, names, parameters, rows, sum(limits), trace)
    elif alone and limits is not None:
        trace.why = "a condition that only the engine can test"
    elif not alone:
        trace.why = shape.why
    trace.fed = rows.size
    return Chosen(rows, exact, trace)


def foreseen(scan: Scan, view: TableView, parameters: Sequence[Any], shape: Shape) -> Chosen:
    """What `choose` would do as far as statistics tell: no values are read."""
    trace = ScanTrace(view.name, view.rows)
    alone, names = shape.scan is not None, names_of(scan)
    conditions = shape.conditions if alone else scan.conditions
    tests = [test_of(condition, names, parameters) for condition in conditions]
    trace.conditions = len(tests)
    rows = _pruned(view, tests, trace)
    mine, _ = candidates.split(tests)
    trace.tested = len(mine)
    trace.memory = {column for column in names.values() if view.kept(column)}
    if mine and (alone or _pays_testing(scan, mine)):
        trace.path = _and(trace.path, "candidates")
    if alone and shape.limit is not None:
        if len(mine) < len(tests):
            trace.why = "a condition that only the engine can test"
        elif shape.similar is not None:
            trace.path = _and(trace.path, _by_product(shape.similar))
        elif shape.order or not shape.sorts:
            trace.path = _and(trace.path, "top of the order" if shape.order else "limit")
        else:
            trace.why = "the order is not that of a column"
    elif not alone and len(shape.why):
        trace.why = shape.why
    trace.fed = rows.size
    return Chosen(rows, False, trace)


def _by_product(similar: Similar) -> str:
    return f"exact {similar.metric}, by matrix product"


def _pruned(view: TableView, tests: Sequence[Test], trace: ScanTrace) -> Rows:
    found = view.pruned(All(tuple(tests)))
    trace.fragments, trace.pruned, trace.nodes = found.fragments, found.pruned, found.nodes
    trace.left = found.rows
    if found.rows.size < view.rows:
        trace.path = "statistics"
    return found.rows


def _shortens(shape: Shape, limits: tuple[int, int] | None) -> bool:
    """Whether knowing exactly which rows pass saves more than the tests cost."""
    return bool(shape.totals) or limits is not None or shape.plain is not None


def _tested(
    scan: Scan,
    view: TableView,
    tests: Sequence[Test],
    rows: Rows,
    trace: ScanTrace,
    *,
    must: bool,
) -> tuple[Rows, bool]:
    """The rows that pass those tests that can be made here, and whether that is all tests."""
    if not rows.size:
        return rows, True
    mine, which = candidates.split(tests)
    exact = len(mine) == len(tests)
    if not mine or not (must or _pays_testing(scan, mine)):
        return rows, exact and not tests
    found = lookup.rows_with(view, mine, rows)
    if found is not None:
        trace.path = "key"
        rows = found
    trace.tested, trace.tests = len(which), set(candidates.columns_tested(mine))
    mask = candidates.mask(All(tuple(mine)), view, rows)
    count = int(np.count_nonzero(mask))
    trace.candidates = count
    if count == rows.size:
        return rows, exact
    if not must and not _pays_gathering(scan, view, rows, count / rows.size):
        return rows, False
    if trace.path != "key":
        trace.path = "candidates"
    return rows.where(mask), exact


def _pays_testing(scan: Scan, tests: Sequence[Test]) -> bool:
    """Whether there is anything to be saved: other columns than those that are tested."""
    tested = set(candidates.columns_tested(tests))
    return any(column.column not in tested for column in scan.columns)


def _pays_gathering(scan: Scan, view: TableView, rows: Rows, share: float) -> bool:
    """Whether columns are gathered for this share of some rows, rather than given whole."""
    if not PAYS_NARROW < share <= PAYS_WIDE:
        return share <= PAYS_NARROW
    columns = [c.column for c in scan.columns if c.source < 0 and c.column != POSITION]
    if not rows.are_all(view.rows):
        return not all(map(view.kept, columns))
    # what is small is read whole once, and lies in memory for all statements after
    return not all(map(view.is_kept_or_small, columns))


# --- what LIMIT keeps -------------------------------------------------------------------------


def limits_of(shape: Shape, parameters: Sequence[Any]) -> tuple[int, int] | None:
    """(limit, offset) of a statement; None without a limit, or where the engine must judge it."""
    if shape.limit is None:
        return None
    found = []
    for expression in (shape.limit, shape.offset):
        value = 0 if expression is None else value_of(expression, parameters)
        if value is UNCERTAIN or type(value) is not int or value < 0:
            return None
        found.append(value)
    return found[0], found[1]


def _limited(
    view: TableView,
    shape: Shape,
    names: dict[str, str],
    parameters: Sequence[Any],
    rows: Rows,
    count: int,
    trace: ScanTrace,
) -> Rows:
    """Rows among which are the first `count` of the order; all that tie with the last of them."""
    if rows.size <= count or not rows.size:
        return rows
    if not shape.sorts:
        trace.path = _and(trace.path, "limit")
        return rows.first(count)
    if shape.similar is not None:
        found = similarity.nearest(view, shape.similar, rows, count, parameters)
        if found is not None:
            trace.path = _and(trace.path, _by_product(shape.similar))
            return found
        trace.why = "the vector compared with is none of the column's dimensions"
        return rows
    if shape.order:
        order = shape.order[0]
        key: Any = order.key
        data = view.read(names[key.name], rows)
        assert isinstance(data, FixedData)
        trace.path = _and(trace.path, "top of the order")
        return rows.where(
            top(data, count, descending=order.descending, nulls_first=order.nulls_first)
        )
    trace.why = "the order is not that of a column"
    return rows


def _and(path: str, more: str) -> str:
    return more if path == "all rows" else f"{path}, {more}"


def top(data: FixedData, count: int, *, descending: bool, nulls_first: bool) -> Mask:
    """Which rows are among the first `count` by a key, ties with the last of them included.

    NaN is above all numbers.
    """
    values, valid = data.values, data.valid
    rows = len(values)
    if count <= 0:
        return np.zeros(rows, np.bool_)
    nulls = np.zeros(rows, np.bool_) if valid is None else ~valid
    found = np.zeros(rows, np.bool_)
    n_nulls = int(np.count_nonzero(nulls))
    if n_nulls and nulls_first:
        found |= nulls
        count -= n_nulls
    if count > 0:
        at = np.flatnonzero(~nulls) if n_nulls else np.arange(rows)
        found[at[_top(values[at] if n_nulls else values, count, descending=descending)]] = True
        if n_nulls and not nulls_first and count > len(at):
            found |= nulls
    return found


def _top(values: npt.NDArray[Any], count: int, *, descending: bool) -> npt.NDArray[np.int64]:
    if count >= len(values):
        return np.arange(len(values))
    nan = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), np.bool_)
    n_nan = int(np.count_nonzero(nan))
    if n_nan:
        numbers = np.flatnonzero(~nan)
        left = count - n_nan if descending else count
        best = numbers[_top(values[numbers], left, descending=descending)] if left > 0 else None
        with_nan = descending or left > len(numbers)
        parts = [np.flatnonzero(nan)] if with_nan else []
        return np.concatenate([*parts, *([] if best is None else [best])])
    if values.dtype == np.bool_:
        values = values.view(np.uint8)
    if descending:
        border = np.partition(values, len(values) - count)[len(values) - count]
        return np.flatnonzero(values >= border)
    border = np.partition(values, count - 1)[count - 1]
    return np.flatnonzero(values <= border)


# --- feeds ------------------------------------------------------------------------------------


def column_of(column: ScanColumn, view: TableView, rows: Rows, *, plain: bool = False) -> pa.Array:
    """A column of some rows as the engine takes it; texts never by number if `plain`."""
    if column.column == POSITION:
        return feed.integers(rows.positions(), None)
    if column.source < 0:
        return view.values(column.column, rows, plain=plain)
    return view.handles(column.column, column.source, rows)


def table_of(scan: Scan, view: TableView, rows: Rows, *, plain: bool = False) -> pa.Table:
    """Some rows of a scan as the engine sees them; with `plain` always of the same types."""
    names = [column.name for column in scan.columns]
    arrays = [column_of(column, view, rows, plain=plain) for column in scan.columns]
    if not arrays:  # count(*) over no column needs rows all the same
        names, arrays = ["nothing"], [pa.nulls(rows.size, pa.bool_())]
    return pa.Table.from_arrays(arrays, names=names)


def traced(scan: Scan, view: TableView, chosen: Chosen, trace: Trace) -> None:
    """Note what a scan reads."""
    found = chosen.trace
    for column in scan.columns:
        if column.column == POSITION:
            continue
        planned = 0
        if column.source >= 0:
            how = "late"
        elif column.column in found.memory:
            how = "in memory"
        else:
            how = "values"
            before = found.left if column.column in found.tests else None
            rows = chosen.rows if before is None else before
            planned = view.planned_bytes(column.column, rows)
        found.columns.append((column.column, how, planned))
    trace.scans.append(found)
