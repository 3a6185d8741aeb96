"""What a statement answers, in one form for every system, and how two answers are compared.

An answer is columns with types as Postgres names them and rows as JSON can hold them, or the
SQLSTATE of its error. Answers of a real Postgres are recorded in files, so that a machine without
one judges as well.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from deeplake.api.database import Database

Verdict = Literal["same", "refused", "wrong"]

FLOAT_DIGITS = {
    "real": 1e-5, "double precision": 1e-10, "numeric": 1e-9, "vector": 1e-6, "halfvec": 1e-6,
}  # fmt: skip
"""Relative differences that the order of a sum, and the scale of a division, may make."""


PGVECTOR_FAMILIES = frozenset(("vectors", "vectors_held_out"))
"""Families of statements that a PostgreSQL with pgvector judges."""

PGVECTOR_FLOATS = 1e-6
"""Difference of distances that is none: pgvector adds them up in float32, we in float64."""


class Statement(NamedTuple):
    """A statement of a family's file. `marks` are its comments by their first word."""

    family: str
    text: str
    marks: dict[str, str]

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.text} {json.dumps(self.parameters)}"

    @property
    def parameters(self) -> list[Any]:
        """Of $1, $2 …"""
        found: list[Any] = json.loads(self.marks.get("parameters", "[]"))
        return found


class Answer(NamedTuple):
    """`columns` are (label, type); `error` is an SQLSTATE, `position` its character from 1."""

    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    error: str | None = None
    position: int | None = None
    message: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        if self.error is not None:
            return {"error": self.error, "position": self.position, "message": self.message}
        return {"columns": self.columns, "rows": self.rows}

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Answer:
        """What `plain` gave."""
        if "error" in plain:
            return cls(error=plain["error"], position=plain["position"], message=plain["message"])
        columns = tuple((label, type_) for label, type_ in plain["columns"])
        return cls(columns, tuple(tuple(row) for row in plain["rows"]))


def key_of(entry: dict[str, Any]) -> str:
    """`Statement.key` of a recorded answer."""
    return f"{entry['sql']} {json.dumps(entry['parameters'])}"


def read_statements(family: str, text: str) -> list[Statement]:
    r"""The statements of a file: apart by blank lines, comment lines before each are its marks.

    >>> read_statements("f", "-- refused: jsonpath\nselect 1\n\nselect 2;\n")[0]
    Statement(family='f', text='select 1', marks={'refused': 'jsonpath'})
    """
    found = []
    for block in text.replace("\r", "").split("\n\n"):
        lines = block.strip("\n").split("\n")
        marks = {}
        while lines and lines[0].startswith("-- "):
            word, _, rest = lines.pop(0)[3:].partition(":")
            marks[word] = rest.strip()
        body = "\n".join(lines).strip().removesuffix(";")
        if body:
            found.append(Statement(family, body, marks))
    return found


def is_ordered(text: str) -> bool:
    """Whether a statement says in which order its rows come."""
    from deeplake.errors import QueryError
    from deeplake.sql.parse import parse

    try:
        kind, node = parse(text)
    except QueryError:
        return True
    return kind == "select_stmt" and bool(node.sort_clause)


def ask_postgres(connection: Any, statement: str, parameters: Sequence[Any] = ()) -> Answer:
    """The answer of a Postgres."""
    import psycopg

    try:
        cursor = connection.execute(statement, list(parameters) or None, prepare=False)
        columns = tuple(
            (column.name, _type_name(connection, column.type_code))
            for column in cursor.description or ()
        )
        rows = cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        position = error.diag.statement_position
        return Answer(
            error=error.sqlstate or "client",
            position=None if position is None else int(position),
            message=error.diag.message_primary or str(error),
        )
    return Answer(columns, _json_rows(rows, columns))


def ask_us(database: Database, statement: str, parameters: Any = None) -> Answer:
    """Our answer."""
    from deeplake.errors import DeeplakeError, QueryError

    try:
        cursor = database.execute(statement, parameters)
        columns = tuple((column[0], column[1]) for column in cursor.description or ())
        rows = cursor.fetchall()
    except DeeplakeError as error:
        state = getattr(error, "sqlstate", None) or type(error).__name__
        position = error.position if isinstance(error, QueryError) else None
        return Answer(error=state, position=position, message=str(error))
    return Answer(columns, _json_rows(rows, columns))


def judge(
    ours: Answer, theirs: Answer, *, ordered: bool, refusable: bool = True, floats: float = 0.0
) -> tuple[Verdict, str]:
    """Whether ours is theirs, and what differs.

    Args:
        ordered: the statement says in which order rows come, else any order will do.
        refusable: 0A000 is no mistake.
        floats: difference of floats that is none, for whom computes in less digits.
    """
    if ours.error == "0A000" and refusable and theirs.error != "0A000":
        return "refused", ours.message
    if ours.error is not None or theirs.error is not None:
        if ours.error != theirs.error:
            return "wrong", f"{_told(ours)} instead of {_told(theirs)}"
        if None not in (ours.position, theirs.position) and ours.position != theirs.position:
            return "wrong", f"position {ours.position} instead of {theirs.position}: {_told(ours)}"
        return "same", ""
    if ours.columns != theirs.columns:
        return "wrong", f"columns {ours.columns} instead of {theirs.columns}"
    if len(ours.rows) != len(theirs.rows):
        return "wrong", f"{len(ours.rows)} rows instead of {len(theirs.rows)}"
    mine, others = list(ours.rows), list(theirs.rows)
    if not ordered:
        mine, others = sorted(mine, key=_sort_key), sorted(others, key=_sort_key)
    for number, (one, other) in enumerate(zip(mine, others, strict=True)):
        for (label, type_), a, b in zip(ours.columns, one, other, strict=True):
            if not _equal(a, b, type_, floats):
                return "wrong", f"row {number}, {label}: {a!r} instead of {b!r}"
    return "same", ""


def _told(answer: Answer) -> str:
    if answer.error is None:
        return f"{len(answer.rows)} rows {answer.rows[:3]}"
    return f"{answer.error} ({answer.message})"


def _type_name(connection: Any, oid: int) -> str:
    known = connection.adapters.types.get(oid)
    if known is None:
        return f"oid {oid}"
    name: str = known.regtype
    return f"{name}[]" if oid == known.array_oid else name


def _json_rows(
    rows: Iterable[Sequence[Any]], columns: Sequence[tuple[str, str]]
) -> tuple[tuple[Any, ...], ...]:
    return tuple(
        tuple(plain_value(value, type_) for value, (_, type_) in zip(row, columns, strict=True))
        for row in rows
    )


def plain_value(value: Any, type_: str) -> Any:
    """A value as JSON can hold it, told by its type in SQL."""
    if value is None or isinstance(value, bool):
        return value
    if type_ in ("json", "jsonb"):
        return {"json": json.dumps(value, sort_keys=True, ensure_ascii=False)}
    if type_ in ("vector", "halfvec"):
        items = value.strip("[]").split(",") if isinstance(value, str) else value
        return [repr(float(np.float32(item))) for item in items]
    if isinstance(value, list | tuple):
        return [plain_value(item, type_.removesuffix("[]")) for item in value]
    if isinstance(value, float | np.floating):
        return repr(float(np.float32(value))) if type_ == "real" else repr(float(value))
    if isinstance(value, Decimal | UUID | dt.timedelta):
        return str(value)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    if isinstance(value, int | str):
        return value
    return str(value)


def _equal(a: Any, b: Any, type_: str, floats: float = 0.0) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        inside = type_.removesuffix("[]")
        return len(a) == len(b) and all(
            _equal(x, y, inside, floats) for x, y in zip(a, b, strict=True)
        )
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return bool(json.loads(a["json"]) == json.loads(b["json"]))
    if type_ in FLOAT_DIGITS and isinstance(a, str):
        x, y = float(a), float(b)
        if math.isnan(x) or math.isnan(y) or math.isinf(x) or math.isinf(y):
            return repr(x) == repr(y)
        digits = max(FLOAT_DIGITS[type_], floats)
        return math.isclose(x, y, rel_tol=digits, abs_tol=max(1e-12, floats))
    return bool(a == b)


def _sort_key(row: Sequence[Any]) -> str:
    """Rows that differ in the last digits only come together."""
    return json.dumps([_rounded(value) for value in row], sort_keys=True)


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, str):
        try:
            return f"{float(value):.6g}"
        except ValueError:
            return value
    return value
