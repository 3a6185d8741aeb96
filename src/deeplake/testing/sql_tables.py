"""The tables that statements are judged over, for our tables and for Postgres alike.

Small, and full of what makes answers differ: NULLs in every column, NaN and infinities, ties,
empty texts and arrays, nested JSON, names in mixed case.
"""

from __future__ import annotations

import random
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.api.database import Database


class Table(NamedTuple):
    """A table: (name, our declaration, Postgres' declaration) of each column, and its rows."""

    name: str
    columns: tuple[tuple[str, str, str], ...]
    rows: tuple[tuple[Any, ...], ...]


_NAMES = ("Ada", "Bob", "bob", "Élodie", "a_b", "100%", "", "Zoë", "it's", None, "Ada", "yan")


def _users() -> Table:
    rows = tuple(
        (
            k + 1,
            name,
            None if k == 3 else 18 + k * 7 % 40,
            None if k == 5 else k % 2 == 0,
            None if k == 7 else date(2025, 1, 1) + timedelta(days=31 * k),
            None if k == 4 else ["alpha", "beta", "gamma"][: k % 4],
            None if k == 6 else {"lvl": k % 3, "nested": {"a": [k, k + 1], "b": str(k)}},
        )
        for k, name in enumerate(_NAMES)
    )
    columns = (
        ("id", "int primary_key", "bigint primary key"),
        ("name", "text", "text"),
        ("age", "int32", "integer"),
        ("active", "bool", "boolean"),
        ("joined", "date", "date"),
        ("tags", "list<text>", "text[]"),
        ("meta", "json", "jsonb"),
    )
    return Table("users", columns, rows)


_PROMPTS = ("a golden retriever", "Golden hour, city", "ünïcode 猫", "", "50% off_sale", None)
_MODELS = ("sdxl", "flux", "sdxl", "Flux", None)


def _gens() -> Table:
    rows = tuple(
        (
            k,
            None if k % 11 == 0 else 1 + k * 5 % 14,
            _MODELS[k % 5],
            _PROMPTS[k % 6],
            None if k % 7 == 3 else (k * 37 % 50) / 10 - 0.5,
            [0.25, float("nan"), None, 0.75, float("inf"), -0.0][k % 6],
            None if k % 9 == 4 else k * 13 % 90,
            None if k % 8 == 5 else Decimal(k * 331 % 2000) / 100,
            None if k % 13 == 6 else datetime(2026, 1, 1, 6) + timedelta(hours=k * 97, minutes=k),
            None if k % 10 == 9 else [["safe", "x"], [], ["z"], ["x", "x", None]][k % 4],
            None if k % 12 == 8 else bytes([k]) * (k % 5),
        )
        for k in range(1, 41)
    )
    columns = (
        ("id", "int primary_key", "bigint primary key"),
        ("user_id", "int", "bigint"),
        ("model", "text", "text"),
        ("prompt", "text", "text"),
        ("rating", "float", "double precision"),
        ("quality", "float", "double precision"),
        ("frames", "int32", "integer"),
        ("price", "decimal(10,2)", "numeric(10,2)"),
        ("created_at", "timestamp", "timestamp"),
        ("tags", "list<text>", "text[]"),
        ("preview", "blob", "bytea"),
    )
    return Table("gens", columns, rows)


def _events() -> Table:
    rows = tuple(
        (
            k,
            ["click", "view", "Buy", None][k % 4],
            None
            if k == 5
            else datetime(2026, 3, 28, 22, tzinfo=UTC) + timedelta(hours=7 * k, microseconds=k),
            None if k == 7 else uuid.UUID(int=k * 0x1234567890ABCDEF),
            None if k == 3 else k * 3 % 11 - 5,
            None if k == 9 else k / 8,
            _PAYLOADS[k % len(_PAYLOADS)],
            None if k % 6 == 5 else list(range(k % 5)),
        )
        for k in range(1, 16)
    )
    columns = (
        ("id", "int primary_key", "bigint primary key"),
        ("kind", "text", "text"),
        ("ts", "timestamptz", "timestamptz"),
        ("u", "uuid", "uuid"),
        ("small", "int16", "smallint"),
        ("f4", "float32", "real"),
        ("payload", "json", "jsonb"),
        ("nums", "list<int>", "bigint[]"),
    )
    return Table("events", columns, rows)


_PAYLOADS: tuple[Any, ...] = (
    {"a": 1, "b": {"c": [1, 2, 3]}},
    {"a": "x", "b": None},
    [1, "two", None, {"three": 3}],
    {},
    None,
    {"a": 1.5, "s": "é", "t": True},
)


def _media() -> Table:
    rows = tuple(
        (
            k,
            None if k == 4 else 3 * k,
            None if k % 5 == 2 else bytes([k, 255 - k]) * (k % 3),
            None if k % 4 == 3 else b"file " + bytes([64 + k]) * k,
        )
        for k in range(1, 13)
    )
    columns = (
        ("id", "int primary_key", "bigint primary key"),
        ("gen_id", "int", "bigint"),
        ("thumb", "blob", "bytea"),
        ("file", "blob", "bytea"),
    )
    return Table("media", columns, rows)


_LABELED = Table(
    "labeled",
    (
        ("k", "int", "bigint"),
        ("Id", "int32", '"Id" integer'),
        ("Full Name", "text", '"Full Name" text'),
        ("select", "bool", '"select" boolean'),
    ),
    ((1, 10, "One", True), (2, 20, None, False), (3, None, "three", None)),
)
_NOTHING = Table("nothing", (("a", "int32", "integer"), ("b", "text", "text")), ())

_VECTORS = (
    (1, "a", [1, 2, 3], [1, 2, 3], [1, 2]), (2, "a", [3, 2, 1], [3, 2, 1], [2, 1]),
    (3, "b", [0, 0, 0], [0, 0, 0], [0, 0]), (4, "b", None, None, None),
    (5, None, [1, 2, 3], [0.1, 0.2, 0.3], [1, 2]), (6, "a", [-1, -2, -3], [-1, -2, -3], [-1, 2]),
    (7, "b", [1000, 1, 0], [65504, 1, 0], [1e-30, 0]), (8, "c", [2, 4, 6], None, [0.1, 0.7]),
    (9, "c", None, [1, 1, 0.0001], [5, 5]), (10, None, [0.5, 1, 1.5], [1, 2, 3], [3, 3]),
)  # fmt: skip

VECTORS = Table(
    "items",
    (
        ("id", "int primary_key", "bigint primary key"),
        ("label", "text", "text"),
        ("e", "emb-3", "vector(3)"),
        ("h", "emb-3:float16", "halfvec(3)"),
        ("w", "emb-2", "vector(2)"),
    ),
    _VECTORS,
)
"""For statements that pgvector judges: NULLs, ties, zero vectors, the same directions."""

TABLES = (_users(), _gens(), _events(), _media(), _LABELED, _NOTHING)


def drawn(seed: int) -> tuple[Table, ...]:
    """The same tables with other rows: more ties, more NULLs, now and then none at all."""
    source = random.Random(seed)
    return tuple(_drawn(table, source) for table in TABLES)


def _drawn(table: Table, source: random.Random) -> Table:
    values = [sorted({*map(_order, column)}) for column in zip(*table.rows, strict=True)]
    known = [dict(zip(map(_order, column), column, strict=True))
             for column in zip(*table.rows, strict=True)]  # fmt: skip
    count = source.choice([0, 1, 3, 12, 30]) if table.rows else 0
    rows = []
    for k in range(count):
        row = [
            known[c][source.choice(values[c][: source.choice([2, 5, 100])])]
            for c in range(len(table.columns))
        ]
        if "primary_key" in table.columns[0][1]:
            row[0] = k + 1
        rows.append(tuple(row))
    return table._replace(rows=tuple(rows))


def _order(value: Any) -> str:
    return repr(value)


def declared(column: tuple[str, str, str]) -> str:
    """A column in Postgres' CREATE TABLE."""
    name, _, type_ = column
    return type_ if type_.startswith('"') else f"{name} {type_}"


def fill(database: Database, tables: Sequence[Table] = TABLES) -> Database:
    """Our tables, committed."""
    for table in tables:
        made = database.create_table(table.name, {name: type_ for name, type_, _ in table.columns})
        names = [name for name, _, _ in table.columns]
        if table.rows:
            made.extend([dict(zip(names, row, strict=True)) for row in table.rows])
            database.commit(f"the rows of {table.name}")
    return database


def fill_postgres(connection: Any, tables: Sequence[Table] = TABLES) -> None:
    """The same tables in Postgres."""
    from psycopg.types.json import Jsonb

    from deeplake.testing.postgres import load

    def given(value: Any, type_: str) -> Any:
        if value is None:
            return None
        return Jsonb(value) if type_ == "json" else str(value) if "emb" in type_ else value

    for table in tables:
        types = [type_ for _, type_, _ in table.columns]
        rows = [[given(*pair) for pair in zip(row, types, strict=True)] for row in table.rows]
        load(connection, table.name, [declared(column) for column in table.columns], rows)
    connection.execute("ANALYZE")
