"""execute and executemany: one statement, read or written, by itself or in a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake import settings
from deeplake.api.block import mark, refuse_failed, restore
from deeplake.api.catalog import Tables
from deeplake.api.cursor import Cursor, Done
from deeplake.errors import (
    CommitConflictError,
    CommitUnknownError,
    InputError,
    QueryError,
    ReadOnlyError,
    UnsupportedQueryError,
)
from deeplake.loading import load
from deeplake.query.control import Planning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from deeplake.api.database import Database
    from deeplake.api.stand import Stand
    from deeplake.api.writing import StandWriting
    from deeplake.sql.parameters import Parameters, Prepared
    from deeplake.sql.target import Outcome


def execute(database: Database, text: str, parameters: Parameters) -> Cursor:
    """Run one statement; see `Database.execute`."""
    if not isinstance(text, str):
        raise InputError(f"a statement is text, not {type(text).__name__}.")
    with Planning(database.control):
        return _planned_before(database, text, parameters) or _executed(database, text, parameters)


def _planned_before(database: Database, text: str, parameters: Parameters) -> Cursor | None:
    """Run a statement whose plan is kept; None if there is none."""
    from deeplake.sql.planned import values_of

    values = values_of(text, parameters)
    return None if values is None else _selected_before(database, text, values)


def _executed(database: Database, text: str, parameters: Parameters) -> Cursor:
    """Run one statement by its kind."""
    from deeplake.sql.parameters import number, placed

    prepared = number(text, parameters)
    with placed(text, parameters):
        return _of_kind(database, text, parameters, prepared)


def _of_kind(database: Database, text: str, parameters: Parameters, prepared: Prepared) -> Cursor:
    from deeplake.sql.parse import parse

    kind, node = parse(prepared.text)
    if kind == "transaction_stmt":
        return _transaction(database, node)
    if kind == "select_stmt" and not node.HasField("into_clause"):
        return _select(database, text, parameters, prepared, node)
    if kind == "explain_stmt":
        from deeplake.api.explaining import explain

        return explain(database, prepared, node)
    if kind == "copy_stmt":
        return _copied(database, prepared, node, None)
    run = _writer(kind, node)
    if kind in _MAKERS:
        database.make_repository()
    stand = database._open_stand()
    return _written(stand, database, prepared.text, node, prepared.values, run)


def executemany(database: Database, text: str, sets: Iterable[Parameters]) -> Cursor:
    """Run one statement for many sets of parameters; see `Database.executemany`."""
    from deeplake.sql.parameters import placed

    every = list(sets)
    with Planning(database.control), placed(text, every[0] if every else None):
        return _executed_many(database, text, every)


def _executed_many(database: Database, text: str, sets: list[Parameters]) -> Cursor:
    from deeplake.sql.parse import parse

    given = _sets(text, sets)
    if not given:
        return Cursor(Done(None, []), 0)
    first, values = given
    kind, node = parse(first)
    if kind == "insert_stmt":
        from deeplake.sql.insert import insert

        def run(writing: StandWriting) -> Outcome:
            stand = writing.stand
            before = mark(stand)
            try:
                return insert(writing, node, values)
            except QueryError as error:
                if error.sqlstate != "21000":  # a row changed twice, by two of the sets
                    raise
                restore(stand, before)
            one = _writer(kind, node)
            return _one_by_one(writing, one, values)

    elif kind in ("update_stmt", "delete_stmt", "merge_stmt"):
        one = _writer(kind, node)

        def run(writing: StandWriting) -> Outcome:
            return _one_by_one(writing, one, values)

    else:
        raise UnsupportedQueryError(
            "executemany() runs INSERT, UPDATE, DELETE and MERGE.", hint="Call execute()."
        )
    return _written(database._open_stand(), database, first, node, values[0], run)


def _one_by_one(
    writing: StandWriting, run: Callable[[Any], Outcome], values: Sequence[Sequence[Any]]
) -> Outcome:
    """A statement for each set of parameters, in one transaction."""
    count = 0
    for each in values:
        writing.values = each
        outcome = run(writing)
        count += outcome.rowcount
    return outcome._replace(rowcount=count, columns=None, rows=[])


def copy(database: Database, text: str, file: Any) -> Cursor:
    """Run a COPY over a file; see `Database.copy`."""
    from deeplake.sql.parameters import number
    from deeplake.sql.parse import parse

    with Planning(database.control):
        prepared = number(text, None)
        kind, node = parse(prepared.text)
        if kind != "copy_stmt":
            raise InputError("copy() runs COPY, nothing else.", hint="Call execute().")
        return _copied(database, prepared, node, file)


def _copied(database: Database, prepared: Prepared, node: Any, file: Any) -> Cursor:
    from deeplake.api.copying import export, is_export, source_of

    if is_export(node):
        return export(database, prepared.text, node, prepared.values, file)
    source = source_of(node, file)

    def run(writing: StandWriting) -> Outcome:
        from deeplake.sql.copy import copy_from, lines_in

        return copy_from(writing, node, lines_in(source))

    stand = database._open_stand()
    again = isinstance(source, str) or hasattr(source, "__fspath__")
    return _written(
        stand, database, prepared.text, node, prepared.values, run, attempts=None if again else 1
    )


def run_select(database: Database, text: str, node: Any, values: Sequence[Any]) -> Cursor:
    """Run a SELECT of which only the tree is there, JSON as its text."""
    from deeplake.query.plan import plan_of
    from deeplake.query.statement import run
    from deeplake.sql.evaluate import json_as_text
    from deeplake.sql.whole import bind_whole

    stand = at_head(database)
    with _failing(stand):
        catalog = Tables(database)
        statement, tables, _ = bind_whole(text, node, catalog, values)
        return Cursor(run(plan_of(json_as_text(statement)), tables, values))


def _sets(text: str, given: list[Parameters]) -> tuple[str, list[Sequence[Any]]] | None:
    """The statement with numbered parameters, and the values of every set in that order.

    The text is read once: a mapping of names to themselves tells the order.
    """
    from deeplake.sql.parameters import number

    if not given:
        return None
    first = given[0]
    prepared = number(text, first)
    if hasattr(first, "keys"):
        order = number(text, {name: name for name in first}).values  # type: ignore[union-attr]
        try:
            return prepared.text, [[one[name] for name in order] for one in given]  # type: ignore[index]
        except (KeyError, TypeError):
            for one in given:
                number(text, one)
            raise
    width = len(prepared.values)
    for one in given:
        if isinstance(one, str | bytes) or hasattr(one, "keys") or len(one) != width:  # type: ignore[arg-type]
            number(text, one)
            raise QueryError("the sets of parameters are of different styles.", sqlstate="07001")
    return prepared.text, [tuple(one) for one in given]  # type: ignore[arg-type]


def _transaction(database: Database, node: Any) -> Cursor:
    from deeplake.api.block import run

    database.make_repository()
    stand = database._open_stand()
    return Cursor(Done(None, []), -1, run(stand, node))


def _select(
    database: Database, given: str, parameters: Parameters, prepared: Prepared, node: Any
) -> Cursor:
    """Bind a SELECT, keep its plan, run it."""
    for module in ("deeplake.query.statement", "deeplake.sql.whole"):  # with Arrow, 30 ms
        load(module)
    from deeplake.api.version_functions import label_of_call, version_call
    from deeplake.query.plan import plan_of
    from deeplake.query.statement import constant, run
    from deeplake.sql.planned import Watched, remember
    from deeplake.sql.whole import bind_whole

    text, values = prepared
    told = version_call(database, text, node, values)
    if told is not None:
        return Cursor(run(constant(label_of_call(node), told), ()))
    stand = at_head(database)
    with _failing(stand):
        catalog = Tables(database)
        watched = Watched(catalog)
        statement, tables, viewed = bind_whole(text, node, catalog, values, watched)
        if node.locking_clause and stand.block is not None:
            for table in {view.name for view in tables} & stand.snapshot.entries().keys():
                stand.transaction().watch(table)
        if viewed or node.locking_clause:  # a plan would outlive its views, and lock nothing
            return Cursor(run(plan_of(statement), tables, values, control=database.control))
        plan = remember(given, parameters, values, statement, tables, watched.asked)
        return Cursor(run(plan, tables, values, control=database.control))


def _selected_before(database: Database, text: str, values: tuple[Any, ...]) -> Cursor | None:
    """Run a SELECT that was planned before; None if its tables are others by now."""
    from deeplake.query.statement import run
    from deeplake.sql.planned import recall

    stand = at_head(database)
    with _failing(stand):
        found = recall(text, values, Tables(database))
        if found is None:
            return None
        return Cursor(run(*found, control=database.control))


def at_head(database: Database) -> Stand:
    """Where a statement reads: the newest commit, or that of the open block."""
    stand = database._open_stand()
    refuse_failed(stand.block)
    if stand.block is None and not stand.staged and stand.branch is not None:
        stand.refresh("execute()")
    return stand


_MAKERS = frozenset(("create_stmt", "create_schema_stmt", "view_stmt", "create_table_as_stmt"))
"""Statements that make the repository if they are its first."""


def _writer(kind: str, node: Any) -> Callable[[Any], Outcome]:
    """What runs a statement of a kind.

    Raises:
        UnsupportedQueryError: nothing does.
    """
    if kind == "insert_stmt":
        from deeplake.sql.insert import insert

        return lambda writing: insert(writing, node)
    if kind == "merge_stmt":
        from deeplake.sql.merge import merge

        return lambda writing: merge(writing, node)
    if kind in ("update_stmt", "delete_stmt"):
        from deeplake.sql import update

        change = update.update if kind == "update_stmt" else update.delete
        return lambda writing: change(writing, node)
    if kind in _DEFINERS:
        return _definer(kind, node)
    words = kind.removesuffix("_stmt").removeprefix("variable_").replace("_", " ").upper()
    raise UnsupportedQueryError(f"{words} is not supported.", hint=_INSTEAD.get(kind, ""))


_INSTEAD = {
    "index_stmt": "There are no indexes yet: every commit has statistics that scans are pruned by.",
    "create_extension_stmt": "Types and operators of vectors are there without.",
    "vacuum_stmt": "Call db.vacuum() or db.optimize().",
    "variable_show_stmt": "db.tables() names the tables, db.table(name).schema the columns of one.",
}
"""Statement -> what does as much."""


_DEFINERS = frozenset(
    ("create_stmt", "drop_stmt", "create_schema_stmt", "truncate_stmt", "comment_stmt",
     "view_stmt", "alter_table_stmt", "rename_stmt", "create_table_as_stmt")
)  # fmt: skip


def _definer(kind: str, node: Any) -> Callable[[Any], Outcome]:
    from deeplake.sql import alter, define, views

    if kind == "create_schema_stmt":
        return lambda w: define.create_schema(w.defining, node)
    if kind == "truncate_stmt":
        return lambda w: define.truncate(w, node)
    made: dict[str, Callable[[Any, Any, Any], Outcome]] = {
        "create_stmt": define.create_table,
        "drop_stmt": define.drop,
        "comment_stmt": define.comment,
        "view_stmt": views.create_view,
        "alter_table_stmt": alter.alter_table,
        "rename_stmt": alter.rename,
        "create_table_as_stmt": alter.create_table_as,
    }
    run = made[kind]
    return lambda w: run(w, w.defining, node)


def _written(
    stand: Stand,
    database: Database,
    text: str,
    node: Any,
    values: Sequence[Any],
    run: Callable[[Any], Outcome],
    attempts: int | None = None,
) -> Cursor:
    """Run a write: in the open block, or by itself, then published at once."""

    def attempt() -> Outcome:
        from deeplake.api.writing import StandWriting
        from deeplake.sql.versions import resolve
        from deeplake.sql.views import expand, reading

        catalog = Tables(database)
        resolve(text, node, values, catalog)
        itself = node.DESCRIPTOR.name in ("DropStmt", "RenameStmt", "ViewStmt")
        with reading([] if itself else expand(node, catalog)):
            return run(StandWriting(stand, catalog, text, values))

    with stand.locks.writing:
        refuse_failed(stand.block)
        if stand.block is None:
            outcome = _alone(stand, attempt, attempts or settings.SQL_ATTEMPTS_MAX)
        else:
            outcome = _in_block(stand, attempt)
    return Cursor(Done(outcome.columns, outcome.rows), outcome.rowcount, outcome.tag)


def _in_block(stand: Stand, attempt: Callable[[], Outcome]) -> Outcome:
    """A statement of a block: all of it is staged, or none and the block has failed."""
    block = stand.block
    assert block is not None
    with _failing(stand):
        if block.read_only:
            raise ReadOnlyError("the transaction is READ ONLY.", hint="BEGIN another one.")
        stand.not_extending("execute()")
        stand.transaction().by_row = True
        before = mark(stand)
        try:
            outcome = attempt()
        except BaseException:
            restore(stand, before)
            raise
        block.statements += 1
        return outcome


def _alone(stand: Stand, attempt: Callable[[], Outcome], tries: int) -> Outcome:
    """A statement by itself: worked out anew if another writer changed what it changes."""
    stand.settled("execute() of a statement that writes, which commits at once,")
    while True:
        stand.refresh("execute()")
        tries -= 1
        try:
            stand.transaction().by_row = True
            outcome = attempt()
            if stand.staged:
                stand.commit(outcome.tag, automatic=True)
            else:
                stand.rollback()
        except CommitUnknownError:
            raise  # it stays staged: commit() settles it
        except CommitConflictError:
            stand.rollback()
            if not tries:
                raise
        except BaseException:
            stand.rollback()
            raise
        else:
            return outcome


class _failing:  # noqa: N801 - reads as a phrase: with _failing(stand)
    """Whatever is raised within makes the open block a failed one."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and self._stand.block is not None:
            self._stand.block.failed = True


__all__: Sequence[str] = ["execute", "executemany"]
