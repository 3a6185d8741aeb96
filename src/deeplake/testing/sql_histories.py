"""Drawn tables with a history, for statements of `sql_grammar`: the same names in every state.

A schema, the rows and what was done to them are drawn; each state is a branch, so one statement
means it by its handle. Rows come in several commits, are changed, deleted and joined, columns are
added late: whatever a plan may leave out, it has a reason to here.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from deeplake.api.database import Database
from deeplake.storage.memory import MemoryStore
from deeplake.testing.sql_grammar import (
    ARRAY,
    BOOL,
    BYTES,
    DATE,
    FLOAT,
    INT,
    JSON,
    TEXT,
    TIME,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Draw = Callable[[st.SearchStrategy[Any]], Any]

STATES = ("main", "side", "merged", "optimized", "staged")
"""Branches, but for the last: what is staged upon `optimized`."""

ROWS_MAX = 34
"""The grammar takes a row beyond the 40th for none."""

_TYPES = {
    INT: ("int", "int32"), FLOAT: ("float",), TEXT: ("text",), BOOL: ("bool",), DATE: ("date",),
    TIME: ("timestamp",), BYTES: ("blob",), ARRAY: ("list<text>",), JSON: ("json",),
}  # fmt: skip
_LONG = "a text that is longer than a bound of statistics "
_POOLS: dict[str, tuple[Any, ...]] = {
    INT: (0, 1, 2, 3, 7, -3, 12, 40),
    FLOAT: (0.0, -0.0, 0.5, 2.0, -1.25, float("nan"), float("inf"), 1e300),
    TEXT: ("", "a", "sdxl", "Bob", "É", "猫", _LONG, _LONG + "z", "it's"),
    BOOL: (True, False),
    DATE: tuple(dt.date(2025, 1 + k, 1) for k in range(8)),
    TIME: tuple(dt.datetime(2026, 1, 1 + k, 6, k, 0, k) for k in range(8)),  # noqa: DTZ001
    BYTES: (b"", b"\1", b"\1\2", b"x" * 300, b"\xff" * 40),
    ARRAY: ([], ["x"], ["x", "safe"], [None, "z"], ["none"]),
    JSON: ({"lvl": 1}, {"lvl": 2, "nested": {"b": "x"}}, {}, [1, "two"], {"nested": {"b": None}}),
}


class DrawnColumn(NamedTuple):
    """A column: its name, its class in the grammar, its type, and when it came.

    `late` is None for one that was there from the start, else its default in a list.
    """

    name: str
    class_: str
    type: str
    late: tuple[Any, ...] | None


class DrawnTable(NamedTuple):
    """A table of a schema; the first column tells rows apart."""

    name: str
    columns: tuple[DrawnColumn, ...]


def spoken(name: str) -> str:
    """A name as statements write it."""
    return name if name.islower() and name.isidentifier() else '"' + name.replace('"', '""') + '"'


def classes(tables: tuple[DrawnTable, ...]) -> Mapping[str, list[tuple[str, str]]]:
    """The tables as the grammar knows them."""
    return {spoken(t.name): [(spoken(c.name), c.class_) for c in t.columns] for t in tables}


@st.composite
def schemas(draw: Draw) -> tuple[DrawnTable, ...]:
    """Two or three tables."""
    names = draw(st.permutations(["one", "Second Table", "third", "fourth"]))
    return tuple(_table(draw, name) for name in names[: draw(st.integers(2, 3))])


def _table(draw: Draw, name: str) -> DrawnTable:
    key = draw(st.sampled_from(["int primary_key", "int", "int32 unique"]))
    columns = [DrawnColumn("id", INT, key, None)]
    for k in range(draw(st.integers(2, 6))):
        class_ = draw(st.sampled_from(sorted(_TYPES)))
        type_ = draw(st.sampled_from(_TYPES[class_]))
        late = None
        if draw(st.integers(0, 3)) == 3:
            known = () if class_ in (BYTES, ARRAY, JSON) else _POOLS[class_]
            late = (draw(st.sampled_from([None, *known])),)
        label = draw(st.sampled_from([f"c{k}x", f"Mixed {k}", f"select{k}"]))
        columns.append(DrawnColumn(label, class_, type_, late))
    return DrawnTable(name, tuple(columns))


def history(tables: tuple[DrawnTable, ...], seed: int) -> dict[str, Database]:
    """State -> a handle on it."""
    store, source = MemoryStore(), random.Random(seed)
    db = Database(store, "main", optimizes=False)
    for table in tables:
        db.create_table(table.name, {c.name: c.type for c in table.columns if c.late is None})
    _lives(db, tables, source, first=0)
    db.branch("side")
    _changed(db, tables, source)
    _appended(db, tables, source, first=100)
    db.commit("on the side")
    db.checkout("main")
    _appended(db, tables, source, first=200)
    db.commit("on main")
    db.branch("merged")
    db.merge("side", on_conflict="theirs")
    db.branch("optimized")
    db.optimize(progress=False)
    _changed(db, tables, source)
    db.commit("after")
    found = {state: Database(store, state, optimizes=False) for state in STATES[:-1]}
    found["staged"] = Database(store, "optimized", optimizes=False)
    _changed(found["staged"], tables, source)
    _appended(found["staged"], tables, source, first=300)
    return found


def _lives(db: Database, tables: tuple[DrawnTable, ...], source: random.Random, first: int) -> None:
    """Rows in a few commits, columns added among them, rows changed."""
    parts = source.choice([0, 1, 3, 4])
    for part in range(parts):
        _appended(db, tables, source, first + 10 * part, late=False)
        db.commit(f"part {part}")
    for table in tables:
        for column in table.columns:
            if column.late is not None:
                db.table(table.name).add_column(column.name, column.type, column.late[0])
    db.commit("columns")
    _changed(db, tables, source)
    _appended(db, tables, source, first + 50)
    db.commit("changed")


def _value(column: DrawnColumn, source: random.Random) -> Any:
    return None if source.random() < 0.2 else source.choice(_POOLS[column.class_])


def _appended(
    db: Database,
    tables: tuple[DrawnTable, ...],
    source: random.Random,
    first: int,
    *,
    late: bool = True,
) -> None:
    for table in tables:
        rows = db.table(table.name)
        kept = [c for c in table.columns[1:] if late or c.late is None]
        count = min(source.choice([0, 1, 2, 5]), ROWS_MAX - len(rows) - 10)
        made = [{"id": first + k, **{c.name: _value(c, source) for c in kept}}
                for k in range(count)]  # fmt: skip
        if made:
            rows.extend(made)


def _changed(db: Database, tables: tuple[DrawnTable, ...], source: random.Random) -> None:
    for table in tables:
        rows = db.table(table.name)
        if len(rows) < 3:
            continue
        column = source.choice(table.columns[1:])
        some = sorted(source.sample(range(len(rows)), min(3, len(rows))))
        rows.update({column.name: _value(column, source)}, rows=some)
        if source.random() < 0.6:
            rows.delete(rows=[source.randrange(len(rows))])
