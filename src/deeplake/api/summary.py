"""What a table looks like at a glance: its repr, its schema, its columns' NULLs and ranges.

Everything comes from metadata and statistics: no row is read. Turns values into text; decides
nothing about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake import amounts
from deeplake.format import statistics as stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.api.session import Session
    from deeplake.format.statistics import ColumnStatistics
    from deeplake.table.columns import Column
    from deeplake.types.base import ColumnType

VALUE_CHARS_MAX = 28
"""Longest value shown in a cell of a summary."""


class Schema(dict[str, "ColumnType"]):
    """Column name -> type, printed one column a line; `create` takes it as it is."""

    not_null: frozenset[str] = frozenset()
    """Names of the columns that refuse NULL."""

    primary_key: tuple[str, ...] = ()
    """Names of the columns whose values together name one row."""

    unique: frozenset[str] = frozenset()
    """Names of the columns whose values each name one row."""

    def __repr__(self) -> str:
        if not self:
            return "no columns yet: the first rows define them"
        rows = [
            (n, _spelled(str(t), n in self.not_null, n in self.primary_key, n in self.unique))
            for n, t in self.items()
        ]
        return "\n".join(_lines(rows))


class ColumnSummary(NamedTuple):
    """One column: `nulls` and `nans` are counts over all rows.

    `low` and `high` bound its values, both None where nothing is known; of a class_label they are
    codes, and print as names. A text bound is a prefix, with '…' behind it where the text goes on.
    """

    name: str
    type: ColumnType
    not_null: bool
    primary_key: bool
    unique: bool
    nulls: int
    nans: int
    low: Any
    high: Any


class Summary(NamedTuple):
    """Rows and columns of a table; prints as a table, also in notebooks."""

    table: str
    place: str
    rows: int
    columns: tuple[ColumnSummary, ...]

    def __str__(self) -> str:
        heads, *body = self._cells()
        rule = tuple("─" * max(map(len, column)) for column in zip(heads, *body, strict=True))
        return "\n".join([self._title(), "", *_lines([heads, rule, *body], _RIGHT)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from html import escape

        heads, *body = (tuple(map(escape, cells)) for cells in self._cells())
        rows = ["".join(f"<td>{cell}</td>" for cell in cells) for cells in body]
        title = escape(self._title())
        head = "".join(f"<th>{cell}</th>" for cell in heads)
        lines = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><caption>{title}</caption><tr>{head}</tr>{lines}</table>"

    def _title(self) -> str:
        size = f"{amounts.count(self.rows, 'row')}, {amounts.count(len(self.columns), 'column')}"
        return f"{self.table}: {size} ({self.place})"

    def _cells(self) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = [("column", "type", "NULL", "low", "high")]
        for column in self.columns:
            marks = column.not_null, column.primary_key, column.unique
            kind = _spelled(column.type.name, *marks)
            low, high = _bound(column, column.low), _bound(column, column.high)
            if column.nans:
                high = f"{high} + {column.nans:,} NaN".removeprefix(" + ")
            found.append((column.name, kind, _share(column.nulls, self.rows), low, high))
        return found


_RIGHT = frozenset({2})


def summarise(session: Session) -> Summary:
    """Every column's NULLs, NaNs and bounds, staged rows included."""
    place = f"{_standing(session)}, {session.repository.store.url}"
    if not session.defined:
        return Summary(session.table, place, 0, ())
    found, nulls = session.statistics(), session.null_counts(list(session.columns))
    columns = tuple(
        _summary(c, found.get(c.column_id), nulls[c.column_id]) for c in session.columns
    )
    return Summary(session.table, place, session.rows, columns)


def _summary(column: Column, found: ColumnStatistics | None, nulls: int) -> ColumnSummary:
    """Statistics know no bounds of a column that is younger than some of its rows."""
    nans = 0 if found is None else found.nans
    pair = None if found is None else stats.bounds(found)
    low, high = (None, None) if pair is None else map(column.type.bound, pair)
    if found is not None and isinstance(low, str) and isinstance(high, str):
        low += "…" if found.low[-1] == stats.TRUNCATED else ""
        high += "…" if found.high[-1] == stats.TRUNCATED else ""
    marks = column.not_null, column.primary_key, column.unique
    return ColumnSummary(column.name, column.type, *marks, nulls, nans, low, high)


def schema_of(session: Session) -> Schema:
    """The columns with their types; empty until the table is defined."""
    if not session.defined:
        return Schema()
    found = Schema((column.name, column.type) for column in session.columns)
    found.not_null = frozenset(column.name for column in session.columns if column.not_null)
    found.primary_key = tuple(column.name for column in session.columns if column.primary_key)
    found.unique = frozenset(column.name for column in session.columns if column.unique)
    return found


def describe(session: Session) -> str:
    """The repr of a dataset: where it stands, and its columns."""
    rows, staged = amounts.count(session.rows, "row"), session.staged_rows
    rows += f" ({staged:,} staged)" if staged else ""
    url = session.repository.store.url
    listed = repr(schema_of(session)).replace("\n", "\n  ")
    return f"<dataset {session.table!r}: {rows}, {_standing(session)}, {url}>\n  {listed}"


def _standing(session: Session) -> str:
    commit = session.snapshot.commit_id
    at = "no commit yet" if commit is None else f"commit {commit}"
    return f"read-only, {at}" if session.branch is None else f"branch {session.branch.name}, {at}"


# --- text ---------------------------------------------------------------------------------------


def _spelled(type_: str, not_null: bool, primary_key: bool, unique: bool) -> str:
    """A column as it is declared; a primary key goes without the not_null that it implies."""
    marks = {"primary_key": primary_key, "not_null": not_null and not primary_key, "unique": unique}
    return " ".join([type_, *(mark for mark, is_so in marks.items() if is_so)])


def _share(nulls: int, rows: int) -> str:
    if not nulls:
        return "0"
    percent = 100 * nulls / rows
    return f"{nulls:,} ({'<1' if percent < 1 else f'{percent:.0f}'}%)"


def _bound(column: ColumnSummary, value: Any) -> str:
    return "" if value is None else _shown(column.type.told(value))


def _shown(value: Any) -> str:
    """A bound, short: floats to six digits, text on one line."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value if isinstance(value, str) and value and value.isprintable() else repr(value)
    text = str(value) if hasattr(value, "isoformat") else text
    return text if len(text) <= VALUE_CHARS_MAX else text[: VALUE_CHARS_MAX - 1] + "…"


def _lines(rows: Sequence[tuple[str, ...]], right: frozenset[int] = frozenset()) -> list[str]:
    """Rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if k in right else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
