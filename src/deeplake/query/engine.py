"""The relational engine: DuckDB, over Arrow tables that it is given for one statement.

It owns no storage, catalog, transaction, index or wide bytes, and cannot reach files or the
network. The only module that imports it.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from _thread import allocate_lock, start_new_thread
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np

from deeplake import amounts, settings
from deeplake.errors import DeeplakeError, ForkedProcessError, InputError, QueryError
from deeplake.loading import in_forked_child, load
from deeplake.query.cache import Bounded
from deeplake.query.control import cancelled, planned_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import duckdb
    import pyarrow as pa

    from deeplake.query.control import Control

BATCH_ROWS = 65_536
"""Rows of a batch of a result that streams."""

INTERRUPT_STEP_S, INTERRUPT_S_MAX = 0.002, 10.0
"""How often and how long the engine is told to stop: it does so within a few batches."""

_SETTINGS = (
    "SET default_null_order='nulls_last'",
    "SET scalar_subquery_error_on_multiple_rows=true",
    "SET TimeZone='UTC'",
    "SET autoinstall_known_extensions=false",
    "SET autoload_known_extensions=false",
    "SET enable_external_access=false",
)

THREADS_MAX, MEMORY_BYTES_MIN, BYTES_MAX = 1024, 4 << 20, 1 << 60
"""What the settings of the engine may be: with 1 MiB it begins no statement."""

TEXTS_KEPT = 1 << 18
"""Characters of statements whose trees are kept; a tree takes 17 to 44 bytes for each."""

_statements = Bounded(lambda: TEXTS_KEPT)
_lock = threading.Lock()
_base: duckdb.DuckDBPyConnection | None = None
_prepared_by: list[Callable[[Any, str], None]] = []
_begun: WeakSet[Running] = WeakSet()


@in_forked_child
def _after_fork_in_child() -> None:
    """The engine's threads, and whoever was in it, are not here: the child starts its own.

    What is left of the parent's is kept for ever, past the end of the process, held by an array
    that holds itself, into which no collector looks: letting go of it waits for those threads, or
    ends the process by SIGSEGV.
    """
    global _base, _lock
    left = np.empty(1, dtype=object)
    left[0] = [left, _base]
    for running in list(_begun):
        left[0] += running.cut_short()
    _base, _lock = None, threading.Lock()
    _statements.after_fork_in_child()


def extend(prepare: Callable[[Any, str], None]) -> None:
    """Have functions made known to the engine: called with it and the text of each statement."""
    _prepared_by.append(prepare)


def _connection(text: str) -> duckdb.DuckDBPyConnection:
    """The process's engine, made with the first statement; statements run on its cursors."""
    global _base
    with _lock:
        if _base is None:
            made = _opened()
            for statement in _SETTINGS:
                made.execute(statement)
            made.execute("SET lock_configuration=true")
            _base = made
        for prepare in _prepared_by:
            prepare(_base, text)
        return _base


def _opened() -> duckdb.DuckDBPyConnection:
    """A new engine. Its first start takes 16 ms, most of them without the interpreter's lock: so it
    starts in another thread, while this one loads the 25 ms of modules around it.
    """
    if "duckdb" in sys.modules:
        import duckdb

        try:
            return duckdb.connect(":memory:", config=_limits())
        except duckdb.Error as error:
            raise refusal_of(error) from error
    made: list[duckdb.DuckDBPyConnection] = []
    engine: Any
    engine, limits, ended = load("_duckdb"), _limits(), allocate_lock()

    def start() -> None:
        try:
            with suppress(engine.Error):  # raised by the second attempt, in the thread that waits
                made.append(engine.connect(":memory:", config=limits))
        finally:
            ended.release()

    ended.acquire()
    try:
        start_new_thread(start, ())
    except RuntimeError:  # there is no thread to be had: one after the other
        start()
    try:
        load("duckdb")
    finally:
        ended.acquire()
    return made[0] if made else _opened()


def threads() -> int:
    """Of a statement.

    Raises:
        InputError: the setting makes no sense.
    """
    return amounts.setting("QUERY_THREADS", settings.QUERY_THREADS, 1, THREADS_MAX)


def _limits() -> dict[str, Any]:
    """Threads, memory, and where to go when that is used up.

    Raises:
        InputError: a setting makes no sense, or there is no folder for temporary files.
    """
    import tempfile

    memory = amounts.setting(
        "QUERY_MEMORY_BYTES_MAX", settings.QUERY_MEMORY_BYTES_MAX, MEMORY_BYTES_MIN, BYTES_MAX
    )
    spill = amounts.setting("QUERY_SPILL_BYTES_MAX", settings.QUERY_SPILL_BYTES_MAX, 0, BYTES_MAX)
    if hasattr(os, "sysconf"):
        memory = min(memory, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    try:
        folder = os.path.join(tempfile.gettempdir(), f"deeplake-query-{os.getpid()}")
    except FileNotFoundError as error:
        raise InputError(
            "there is no folder for temporary files, where large queries put what they sort.",
            hint="Set TMPDIR to a folder that can be written.",
        ) from error
    return {
        "threads": threads(),
        "memory_limit": f"{memory >> 20}MiB",
        "temp_directory": folder,
        "max_temp_directory_size": f"{spill >> 20}MiB",
    }


class Running:
    """A statement's result, batch by batch; the feeds live as long as it does."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, feeds: Mapping[str, Any]) -> None:
        self._cursor = cursor
        self._feeds = feeds
        self._reader: Any = None
        self._stopped = False
        self._inside = False
        """Whether a thread is in the engine with it."""
        self._cut_short = False
        _begun.add(self)

    def begin(self, text: str, parameters: Mapping[str, Any]) -> None:
        """Execute the statement, up to its first row.

        Raises:
            QueryError: with the SQLSTATE of what went wrong; or what a feed raised.
        """
        self._inside = True
        try:
            self._go_on()
            for name, feed in self._feeds.items():
                self._cursor.register(name, feed)
            made = self._cursor.sql(self._parsed(text), params=dict(parameters))
            self._reader = made.to_arrow_reader(BATCH_ROWS)
        except _failures() as error:
            self.close()
            raise self._told(error) from error
        finally:
            self._inside = False

    def _parsed(self, text: str) -> Any:
        """The statement of a text, which the engine reads in 0.2 ms: once, if it is asked again."""
        found = _statements.get(text)
        if found is None:
            (found,) = self._cursor.extract_statements(text)
            _statements.put(text, found, len(text))
        return found

    def cut_short(self) -> list[Any]:
        """In a forked child: no more of it can be read. What it holds of the engine."""
        self._cut_short, self._inside = True, False
        return [self._cursor, self._reader]

    def _go_on(self) -> None:
        """Refuse to, once it was interrupted: the engine forgets that between two batches.

        Raises:
            QueryError: 57014, it was interrupted.
            ForkedProcessError: its rows are those of another process.
        """
        if self._cut_short:
            raise ForkedProcessError(
                "the rows of this statement cannot be read on: they were half read when this "
                "process was forked.",
                hint="Execute the statement again here.",
            )
        if self._stopped:
            self.close()
            raise cancelled()

    def _told(self, error: Exception) -> Exception:
        """What went wrong: in a feed, whose error the engine only repeats, or in the engine."""
        for feed in self._feeds.values():
            found = getattr(feed, "error", None)
            if isinstance(found, DeeplakeError):
                return found
        return refusal_of(error)

    @property
    def schema(self) -> pa.Schema:
        """Of the batches."""
        return self._reader.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while True:
            self._inside = True
            try:
                self._go_on()
                batch = self._reader.read_next_batch()
            except StopIteration:
                self.close()
                return
            except _failures() as error:
                self.close()
                raise self._told(error) from error
            finally:
                self._inside = False
            yield batch

    def interrupt(self) -> None:
        """Stop it, from any thread: whoever reads it gets a QueryError 57014."""
        self._stopped = True
        for feed in self._feeds.values():
            if hasattr(feed, "stop"):
                feed.stop()
        until = time.monotonic() + INTERRUPT_S_MAX
        while self._inside and time.monotonic() < until:
            self._cursor.interrupt()  # forgotten if the engine has not begun yet
            time.sleep(INTERRUPT_STEP_S)

    def close(self) -> None:
        """Let go of the feeds."""
        if not self._cut_short:
            self._cursor.close()


def run(
    text: str,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, Any],
    control: Control | None = None,
) -> Running:
    """Begin a statement.

    Args:
        text: of the engine's dialect, all names our own.
        feeds: name -> Arrow table or reader.
        parameters: name -> value; those that the text has, no others.
        control: can stop it from another thread, if it is part of no `Planning` that can.

    Raises:
        QueryError: with the SQLSTATE of what went wrong.
    """
    running = Running(_connection(text).cursor(), feeds)
    planning = planned_here()
    if planning is not None:
        planning.runs(running)
    elif control is not None:
        control.began(running)
    running.begin(text, parameters)
    return running


def _failures() -> tuple[type[Exception], ...]:
    """What the engine raises, by itself and through Arrow's streams."""
    import duckdb

    return duckdb.Error, OSError, RuntimeError, ValueError


_TAGGED = r"\[([0-9A-Z]{5})\] ([^\n]*)"
_STATES = (
    (r"More than one row returned by a subquery", "21000"),
    (r"[Dd]ivision by zero", "22012"),
    (r"of DECIMAL\(38\)|to DECIMAL\(38|type DECIMAL\(38|Needed scale", "0A000"),
    (
        (
            r"(timestamp|date|time) field value out of range|infinite timestamps"
            r"|(?i:(date|timestamp|interval).{0,60}out of range)|Overflow in .*(DATE|TIMESTAMP)"
        ),
        "22008",
    ),
    (r"not in (date|timestamp) range", "22008"),
    (r"with value -?\d+-\d\d-\d\d\S* can't be cast", "22008"),
    (r"Timestamp difference is out of bounds", "0A000"),
    (r"SETSEED accepts", "22023"),
    (r"argument in function .* must be a constant expression", "0A000"),
    (r"Unknown TimeZone", "22023"),
    (r"window expressions cannot be volatile", "0A000"),  # scalar subqueries as keys
    (r"Argument for ntile", "22014"),
    (
        r"(?i)invalid (date|timestamp|time|interval) field|could not .* (DATE|TIME)",
        "22007",
    ),
    (r"(?i)out of range|overflow", "22003"),
    (r"BIGNUM", "0A000"),
    (r"Failed to cast decimal value|Could not cast value \S+ to DECIMAL", "22003"),
    (r"(?i)could not (convert|cast|parse)|invalid (unicode|uuid)", "22P02"),
    (r"(?i)interrupted", "57014"),
    (r"(?i)out of memory|failed to allocate", "53200"),
    (r"must not end with escape character", "0A000"),
    (r"(?i)regex|regular expression", "2201B"),
)


_SHOWN = {"INT16": "smallint", "INT32": "integer", "INT64": "bigint"}
_UNREAD = r"^Could not convert string '\s*([+-]?\d+)\s*' to (INT\d+)$"
_BEYOND = (
    r"^Overflow in \w+ of (INT\d+) |destination type (INT\d+|FLOAT|DOUBLE)\b"
    r"|^Failed to cast decimal value \S+ to type (INT\d+)"
)
_OVERFLOW = r"^Overflow (?:on abs|in division of) ?\(?(-\d+)"
_DIGITS = r"^(?:Could not c|Casting value).* to (?:type )?DECIMAL\((?!38)"


def _beyond(told: str) -> str:
    """What Postgres says of a number that its kind does not hold; '' of anything else.

    >>> _beyond("Overflow in addition of INT32 (2147483647 + 1)!")
    'integer out of range'
    """
    unread = re.search(_UNREAD, told)
    if unread:
        return f'value "{unread[1][:60]}" is out of range for type {_SHOWN[unread[2]]}'
    if re.search(_DIGITS, told):
        return "numeric field overflow"
    least = re.search(_OVERFLOW, told)
    if least:
        name = {-(1 << 15): "smallint", -(1 << 31): "integer"}.get(int(least[1]), "bigint")
        return f"{name} out of range"
    found = re.search(_BEYOND, told)
    if found is None or ("can't be cast because" not in told and found[2]):
        return ""
    name = found[1] or found[2] or found[3]
    return f"{_SHOWN[name]} out of range" if name in _SHOWN else "value out of range: overflow"


def refusal_of(error: Exception) -> QueryError:
    """What the engine raised as an error of ours.

    Templates raise with error('[22012] division by zero'): that state and message are taken.
    """
    if isinstance(error, QueryError):
        return error
    said = str(error).partition("\nLINE 1: ")[0]  # the statement, which has templates' messages
    tagged = re.search(_TAGGED, said)
    if tagged:
        told = tagged[2].removesuffix("' to INT32")  # raised by a cast, see emit
        return QueryError(told, sqlstate=tagged[1])
    first = said.split("\n", 1)[0]
    _, _, told = first.partition("Error: ")
    beyond = _beyond(told)
    if beyond:
        return QueryError(beyond, sqlstate="22003")
    for pattern, state in _STATES:
        if re.search(pattern, said):
            message = "division by zero" if state == "22012" else told or first
            return QueryError(message, sqlstate=state)
    return QueryError(f"the engine failed: {first}", sqlstate="XX000")
