"""What a verification reports: one damage, and which rows it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deeplake.format.fragment import Run

RANGES_SHOWN = 3


class Damage(NamedTuple):
    """Something that is not as it was written.

    Attributes:
        key: the object.
        what: what is wrong with it.
        table, column: whose rows that costs; None if more than one's, or unknown.
        rows: the ids of these rows, as ranges (first, last); some of them may be deleted, or have
            another value by now.
        commit: the first commit found that is affected.
        refs: branches and tags whose tables are.
    """

    key: str
    what: str
    table: str | None = None
    column: str | None = None
    rows: tuple[tuple[int, int], ...] = ()
    commit: str | None = None
    refs: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"{self.key}: {self.what}"]
        if self.rows:
            count = sum(last - first + 1 for first, last in self.rows)
            ranges = ", ".join(f"{a}-{z}" if a < z else f"{a}" for a, z in self.rows[:RANGES_SHOWN])
            more = ", …" if len(self.rows) > RANGES_SHOWN else ""
            column = "" if self.column is None else f" of {self.column!r}"
            plural = "" if count == 1 else "s"
            parts.append(f"{count:,} row{plural}{column} in {self.table!r} (ids {ranges}{more})")
        elif self.table is not None:
            parts.append(f"table {self.table!r}")
        if self.commit is not None:
            parts.append(f"since {self.commit}")
        if self.refs:
            parts.append(f"in {', '.join(self.refs)}")
        return "; ".join(parts)


def cut(runs: Iterable[Run], low: int, high: int) -> tuple[tuple[int, int], ...]:
    """Row ids of the places low:high of a fragment, as ranges.

    >>> from deeplake.format.fragment import Run
    >>> cut([Run(100, 10), Run(500, 10)], 8, 12)
    ((108, 109), (500, 501))
    """
    found, at = [], 0
    for start, count in runs:
        first, last = max(low, at), min(high, at + count)
        if first < last:
            found.append((start + first - at, start + last - at - 1))
        at += count
    return tuple(found)


def overlapping(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges (first, last) that share ids with one that begins before them.

    >>> overlapping([(5, 9), (0, 5), (20, 30)])
    [(5, 9)]
    """
    ordered = sorted(ranges)
    ends, highest = [], -1
    for _, last in ordered:
        ends.append(highest)
        highest = max(highest, last)
    return [found for found, before in zip(ordered, ends, strict=True) if found[0] <= before]
