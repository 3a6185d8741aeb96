"""A diff as text: a line of counts for each table, then its first rows, old → new.

Plain text marks changed words as `git diff --word-diff` does, [-old-]{+new+}; on a terminal they
are coloured instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.api.log import _coloured, _on_a_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from deeplake.api.diff import RowChange, TableDiff
    from deeplake.table.columns import Column

ROWS_SHOWN = 12
VALUE_CHARS_MAX = 40
ID_CHARS = 10
"""Longer ids are not aligned: those of rows made on a branch have 19 digits."""

WORDS_MAX = 400
"""Texts with more words are cut where they begin to differ, not compared word by word."""

_RED, _GREEN, _YELLOW, _BOLD = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m"
_SIGNS = {"removed": ("-", _RED), "updated": ("~", _YELLOW), "added": ("+", _GREEN)}

on_a_terminal = _on_a_terminal


def draw(tables: Sequence[TableDiff], title: str, *, colours: bool) -> str:
    """The text of a diff."""
    pen = _Pen(colours)
    shown = [table for table in tables if table]
    lines = [f"diff {title}"] if title else []
    if not shown:
        return "\n".join([*lines, "no changes"])
    heads = [_counts(table) for table in shown]
    width = max(len(table.name) for table in shown)
    for table, counts in zip(shown, heads, strict=True):
        lines += [_header(table.name.ljust(width), counts, pen), *_body(table, sum(counts), pen)]
    return "\n".join(lines)


class _Pen:
    """Writes in colours, or marks what they would tell."""

    def __init__(self, colours: bool) -> None:
        self._colours = colours

    def __call__(self, text: str, colour: str) -> str:
        return _coloured(text, colour, self._colours)

    def words(self, old: str, new: str) -> str:
        """What went and what came."""
        gone = old and (self(old, _RED) if self._colours else f"[-{old}-]")
        come = new and (self(new, _GREEN) if self._colours else f"{{+{new}+}}")
        return gone + come


def _counts(table: TableDiff) -> tuple[int, int, int]:
    return len(table.added), len(table.removed), len(table.updated)


def _header(name: str, counts: tuple[int, int, int], pen: _Pen) -> str:
    signs = zip("+-~", (_GREEN, _RED, _YELLOW), counts, strict=True)
    shown = [pen(f"{sign}{count:,}", colour) for sign, colour, count in signs if count]
    rows = f"{' '.join(shown)} row{'' if sum(counts) == 1 else 's'}" if shown else ""
    return f"{pen(name, _BOLD)}  {rows}".rstrip()


def _body(table: TableDiff, rows: int, pen: _Pen) -> Iterator[str]:
    for altered in table.schema:
        yield f"  {pen('*', _YELLOW)} {altered}"
    if table.columns:
        yield "    " + ", ".join(f"{name} ~{count:,}" for name, count in table.columns.items())
    shown = [_named(change, table) for change in _mixed(table)]
    width = min(max((len(_id(change)) for change in shown), default=0), ID_CHARS)
    for change in shown:
        sign, colour = _SIGNS[change.kind]
        yield f"  {pen(f'{sign} {_id(change).ljust(width)}', colour)}  {_cells(change, pen)}"
    if rows > len(shown):
        yield f"    … and {rows - len(shown):,} more"


def _mixed(table: TableDiff) -> Iterator[RowChange]:
    """First some of each kind, so that thousands of one do not hide the others."""
    kinds = [kind for kind in (table.removed, table.updated, table.added) if len(kind)]
    room = ROWS_SHOWN
    for k, kind in enumerate(sorted(kinds, key=len)):
        share = room // (len(kinds) - k)
        taken = kind.first(share)
        room -= len(taken)
        yield from taken


def _id(change: RowChange) -> str:
    return "staged" if change.row_id is None else f"row {change.row_id}"


class _Name(str):
    """The name of a class: one word, whatever stands in it."""

    __slots__ = ()


def _named(change: RowChange, table: TableDiff) -> RowChange:
    """The change with values as their types tell them: class labels by the names of their side."""
    old, new = (
        _told_by_type(row, side.columns or ())
        for row, side in zip((change.old, change.new), table.sides, strict=True)
    )
    return change._replace(old=old, new=new)


def _told_by_type(row: dict[str, Any] | None, columns: Iterable[Column]) -> dict[str, Any] | None:
    if row is None:
        return None
    types = {column.name: column.type for column in columns}
    found = {}
    for name, value in row.items():
        said = types[name].told(value)
        found[name] = _Name(said) if isinstance(said, str) and said is not value else said
    return found


def _cells(change: RowChange, pen: _Pen) -> str:
    if change.old is None or change.new is None:
        row = change.new if change.old is None else change.old
        assert row is not None
        return "  ".join(f"{name}: {told(value)}" for name, value in row.items())
    names = {**change.new, **change.old}
    pairs = dict(zip(change.old, change.new, strict=False)) if _renamed(change) else {}
    shown = []
    for name in names:
        if name in pairs.values() and name not in change.old:
            continue
        newer = pairs.get(name, name)
        label = name if newer == name else f"{name} → {newer}"
        missing = name not in change.old, newer not in change.new
        old, new = change.old.get(name), change.new.get(newer)
        shown.append(f"{label}: {_changed(old, new, missing, pen)}")
    return "  ".join(shown)


def _renamed(change: RowChange) -> bool:
    """Whether old and new hold the same columns under different names, in the same order."""
    assert change.old is not None
    assert change.new is not None
    return len(change.old) == len(change.new) and change.old.keys() != change.new.keys()


def _changed(old: Any, new: Any, missing: tuple[bool, bool], pen: _Pen) -> str:
    """A cell before and after."""
    if any(missing):
        return pen.words("" if missing[0] else told(old), "" if missing[1] else told(new))
    if type(old) is str and type(new) is str:
        return _words(old, new, pen)
    arrays = isinstance(old, np.ndarray) and isinstance(new, np.ndarray)
    if arrays and old.shape == new.shape and old.size > 1:
        same = np.isclose(old, new, rtol=0, atol=0, equal_nan=True)
        differ = int(np.count_nonzero(~same))
        return f"{differ:,} of {old.size:,} elements, {told(old)} → {told(new)}"
    return f"{pen(told(old), _RED)} → {pen(told(new), _GREEN)}"


def _words(old: str, new: str, pen: _Pen) -> str:
    """Two texts with the words that differ marked, and a few of those around them."""
    if max(len(old), len(new)) <= VALUE_CHARS_MAX and " " not in old + new:
        return f"{pen(told(old), _RED)} → {pen(told(new), _GREEN)}"
    from difflib import SequenceMatcher

    a, b = old.split(" "), new.split(" ")
    if max(len(a), len(b)) > WORDS_MAX:
        same = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
        start = max(same - 3, 0)
        return ("… " if start else "") + pen.words(
            told(" ".join(a[start:])), told(" ".join(b[start:]))
        )
    found = []
    steps = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    for kind, i, j, k, m in steps:
        if kind == "equal":
            found.append(_around(a[i:j], first=i == 0, last=j == len(a)))
        else:
            found.append(pen.words(_clean(" ".join(a[i:j])), _clean(" ".join(b[k:m]))))
    return " ".join(found)


def _around(words: list[str], *, first: bool, last: bool) -> str:
    """Words that stayed: those next to a change."""
    if len(words) <= 6:
        return _clean(" ".join(words))
    head, tail = ([] if first else words[:3]), ([] if last else words[-3:])
    return _clean(" ".join([*head, "…", *tail]))


def told(value: Any) -> str:
    """A value on one line, short."""
    if value is None:
        return "NULL"
    if isinstance(value, np.ndarray) and value.size > 4:
        first = " ".join(f"{x:.4g}" for x in value.ravel()[:3].tolist())
        return f"[{first} …] {'x'.join(map(str, value.shape))}"
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}"
    if isinstance(value, np.generic):
        value = value.item()
    shown = isinstance(value, str) or hasattr(value, "isoformat") or hasattr(value, "crc")
    return _clean(str(value) if shown and value != "" else repr(value))


def _clean(text: str) -> str:
    """One line, nothing that a terminal would act upon."""
    text = "".join(c if c.isprintable() else "·" for c in text[: VALUE_CHARS_MAX * 2])
    return text if len(text) <= VALUE_CHARS_MAX else text[: VALUE_CHARS_MAX - 1] + "…"
