"""Statements run two ways: as they are, and with every row and column given to the engine."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

import numpy as np

import deeplake
from deeplake.api.catalog import Tables
from deeplake.query.plan import Plan, Trace, plan_of
from deeplake.query.shapes import Shape
from deeplake.query.statement import run
from deeplake.sql.parameters import number
from deeplake.sql.parse import parse
from deeplake.sql.select import bind_select

if TYPE_CHECKING:
    from deeplake.api.database import Database
    from deeplake.query.result import Result
    from deeplake.query.table_view import TableView


def planned(
    db: Database, sql: str, parameters: Any = None
) -> tuple[Plan, list[TableView], tuple[Any, ...]]:
    """A statement, its tables and values."""
    prepared = number(sql, parameters)
    _, node = parse(prepared.text)
    statement, tables = bind_select(prepared.text, node, Tables(db), prepared.values)
    return plan_of(statement), list(tables), prepared.values


def slow(plan: Plan) -> Plan:
    """The same plan without any short way."""
    scans = tuple(scan._replace(conditions=()) for scan in plan.scans)
    return plan._replace(scans=scans, shape=Shape(None))


def fast_rows(db: Database, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """The rows of a statement, by whatever way is shortest."""
    plan, tables, values = planned(db, sql, parameters)
    return list(run(plan, tables, values).rows())


def slow_rows(db: Database, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """The same rows, all of them found by the engine."""
    plan, tables, values = planned(db, sql, parameters)
    return list(run(slow(plan), tables, values).rows())


def traced(db: Database, sql: str, parameters: Any = None) -> tuple[list[Any], Trace]:
    """The rows and what was done for them."""
    plan, tables, values = planned(db, sql, parameters)
    trace = Trace()
    result: Result = run(plan, tables, values, trace)
    return list(result.rows()), trace


def comparable(rows: list[tuple[Any, ...]]) -> list[str]:
    """Rows as texts: arrays and NaN compare."""
    return [repr([_shown(value) for value in row]) for row in rows]


def _shown(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value + 0.0 if isinstance(value, float) else value


SCHEMA = {
    "id": "int", "a": "int32", "f": "float", "g": "float32", "s": "text", "b": "bool", "d": "date",
    "at": "timestamp", "u": "uint64", "img": "blob", "v": "emb-4",
}  # fmt: skip
_LONG = "a text that is longer than a bound "
TEXTS = ["", "a", "ab", "abc", "b", _LONG, _LONG + "1", _LONG + "2", "é", "zzz"]
FLOATS = [0.0, -0.0, 1.5, -2.0, 1e300, float("inf"), float("-inf"), float("nan"), 0.1]


def _moment(hour: int, microsecond: int) -> dt.datetime:
    return dt.datetime(2021, 5, 1, hour, 0, 0, microsecond)  # noqa: DTZ001 - a column without one


def rows_of(seed: int, first: int, count: int) -> list[dict[str, Any]]:
    """Rows with few different values, NULLs in between, ids in order."""
    draw = random.Random(seed * 1000 + first)

    def maybe(value: Any) -> Any:
        return None if draw.random() < 0.15 else value

    low = draw.randrange(-50, 50)
    return [
        {
            "id": first + k, "a": maybe(low + draw.randrange(10)), "f": maybe(draw.choice(FLOATS)),
            "g": maybe(draw.choice([0.1, 0.5, -3.0, 7.25])), "s": maybe(draw.choice(TEXTS)),
            "b": maybe(draw.random() < 0.5), "d": maybe(dt.date(2020, 1, 1 + draw.randrange(28))),
            "at": maybe(_moment(draw.randrange(24), draw.randrange(3))),
            "u": maybe(draw.choice([0, 7, 2**63 + 5, 2**64 - 1])),
            "img": maybe(bytes([draw.randrange(256)]) * draw.randrange(5)),
            "v": maybe([draw.choice([0.0, 1.0, -1.0, 0.25]) for _ in range(4)]),
        }
        for k in range(count)
    ]  # fmt: skip


STATES = ("appended", "edited", "side", "before", "merged", "optimized", "staged")
"""Tables of a history, by what was done to them last; 'staged' has uncommitted changes too."""


def history(name: str, seed: int) -> Database:
    """One table, t, in every state that rows can be in, each a tag or a branch: "t@merged"."""
    url = f"mem://{name}-{seed}"
    db = deeplake.connect(url)
    db._optimizes = False
    table = db.create_table("t", SCHEMA)
    at = 0
    for part in range(36):
        table.extend(rows_of(seed, at, size := 3 + (part * 7) % 11))
        db.commit(f"part {part}")
        at += size
    db.tag("appended")
    draw = random.Random(seed)
    some = sorted(draw.sample(range(at), 20))
    table.update({"a": 7, "s": _LONG + "3", "f": None, "v": [0, 0, 0, 0]}, rows=some)
    db.commit("updated")
    table.delete(rows=sorted(draw.sample(range(at), 15)))
    db.commit("deleted")
    table.add_column("late_default", "int", default=5)
    table.add_column("late_null", "text")
    table.extend([{**row, "late_default": 9, "late_null": "x"} for row in rows_of(seed, at, 12)])
    db.commit("two columns more")
    db.tag("edited")
    db.branch("side")
    table.update({"a": -7, "late_null": "ab"}, rows=[1, 5, 40])
    table.extend([{**row, "late_default": 1} for row in rows_of(seed, at + 12, 10)])
    db.commit("on the side")
    db.checkout("main")
    table.update({"b": True}, rows=[2, 6, 41])
    table.extend(rows_of(seed, at + 30, 9))
    db.commit("on main")
    db.tag("before")
    db.merge("side")
    db.tag("merged")
    db.optimize(progress=False)
    db.tag("optimized")
    table.update({"a": 3, "f": 2.5}, rows=[0, 7, 70])
    table.delete(rows=[3, 4, 60])
    table.extend(rows_of(seed, at + 50, 6))
    return db


def table_in(state: str) -> str:
    """How a state of the table is named in FROM."""
    return "t" if state == "staged" else f'"t@{state}"'
