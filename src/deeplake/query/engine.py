"""The relational engine: DuckDB, over Arrow tables that it is given for one statement.

It owns no storage, catalog, transaction, index or wide bytes, and cannot reach files or the
network. The only module that imports it.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from deeplake import settings
from deeplake.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import duckdb
    import pyarrow as pa

BATCH_ROWS = 65_536
"""Rows of a batch of a result that streams."""

_SETTINGS = (
    "SET default_null_order='nulls_last'",
    "SET scalar_subquery_error_on_multiple_rows=true",
    "SET TimeZone='UTC'",
    "SET autoinstall_known_extensions=false",
    "SET autoload_known_extensions=false",
    "SET enable_external_access=false",
)

_lock = threading.Lock()
_base: duckdb.DuckDBPyConnection | None = None
_prepared_by: list[Callable[[Any, str], None]] = []


def extend(prepare: Callable[[Any, str], None]) -> None:
    """Have functions made known to the engine: called with it and the text of each statement."""
    _prepared_by.append(prepare)


def _connection(text: str) -> duckdb.DuckDBPyConnection:
    """The process's engine, made with the first statement; statements run on its cursors."""
    global _base
    with _lock:
        if _base is None:
            import duckdb

            made = duckdb.connect(":memory:", config={"threads": settings.QUERY_THREADS})
            for statement in _SETTINGS:
                made.execute(statement)
            made.execute("SET lock_configuration=true")
            _base = made
        for prepare in _prepared_by:
            prepare(_base, text)
        return _base


class Running:
    """A statement's result, batch by batch; the feeds live as long as it does."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader) -> None:
        self._cursor = cursor
        self._reader = reader

    @property
    def schema(self) -> pa.Schema:
        """Of the batches."""
        return self._reader.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while True:
            try:
                batch = self._reader.read_next_batch()
            except StopIteration:
                self.close()
                return
            except _failures() as error:
                self.close()
                raise refusal_of(error) from error
            yield batch

    def interrupt(self) -> None:
        """Stop it, from any thread: whoever reads it gets a QueryError 57014."""
        self._cursor.interrupt()

    def close(self) -> None:
        """Let go of the feeds."""
        self._cursor.close()


def run(text: str, feeds: Mapping[str, Any], parameters: Mapping[str, Any]) -> Running:
    """Begin a statement.

    Args:
        text: of the engine's dialect, all names our own.
        feeds: name -> Arrow table or reader.
        parameters: number -> value; those that the text has, no others.

    Raises:
        QueryError: with the SQLSTATE of what went wrong.
    """
    cursor = _connection(text).cursor()
    try:
        for name, feed in feeds.items():
            cursor.register(name, feed)
        reader = cursor.sql(text, params=dict(parameters)).to_arrow_reader(BATCH_ROWS)
    except _failures() as error:
        cursor.close()
        raise refusal_of(error) from error
    return Running(cursor, reader)


def _failures() -> tuple[type[Exception], ...]:
    """What the engine raises, by itself and through Arrow's streams."""
    import duckdb

    return duckdb.Error, OSError, RuntimeError, ValueError


_TAGGED = re.compile(r"\[([0-9A-Z]{5})\] ([^\n]*)")
_STATES = (
    (re.compile(r"More than one row returned by a subquery"), "21000"),
    (re.compile(r"[Dd]ivision by zero"), "22012"),
    (re.compile(r"of DECIMAL\(38\)|to DECIMAL\(38|type DECIMAL\(38|Needed scale"), "0A000"),
    (re.compile(r"(timestamp|date|time) field value out of range"), "22008"),
    (
        re.compile(r"(?i)invalid (date|timestamp|time|interval) field|could not .* (DATE|TIME)"),
        "22007",
    ),
    (re.compile(r"(?i)out of range|overflow"), "22003"),
    (re.compile(r"(?i)could not (convert|cast|parse)|invalid (unicode|uuid)"), "22P02"),
    (re.compile(r"(?i)interrupted"), "57014"),
    (re.compile(r"(?i)out of memory|failed to allocate"), "53200"),
    (re.compile(r"must not end with escape character"), "0A000"),
    (re.compile(r"(?i)regex|regular expression"), "2201B"),
)


def refusal_of(error: Exception) -> QueryError:
    """What the engine raised as an error of ours.

    Templates raise with error('[22012] division by zero'): that state and message are taken.
    """
    if isinstance(error, QueryError):
        return error
    said = str(error)
    tagged = _TAGGED.search(said)
    if tagged:
        return QueryError(tagged[2], sqlstate=tagged[1])
    first = said.split("\n", 1)[0]
    _, _, told = first.partition("Error: ")
    for pattern, state in _STATES:
        if pattern.search(said):
            message = "division by zero" if state == "22012" else told or first
            return QueryError(message, sqlstate=state)
    return QueryError(f"the engine failed: {first}", sqlstate="XX000")
