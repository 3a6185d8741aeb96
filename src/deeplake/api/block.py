"""BEGIN … COMMIT: a block of statements that are published together, with savepoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake.errors import CommitUnknownError, QueryError, UnsupportedQueryError
from deeplake.sql.parse import enum_name

if TYPE_CHECKING:
    from deeplake.api.stand import Stand
    from deeplake.table.transaction import Mark

SAVEPOINTS_MAX = 10_000
"""Open at a time; each holds what was staged of every table."""


class Savepoint(NamedTuple):
    """What was staged when it was set; None if nothing was."""

    name: str
    mark: Mark | None


class Block:
    """The state of an open block. The stand's snapshot stays what it was at BEGIN."""

    def __init__(self, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self.failed = False
        """A statement has failed: nothing but ROLLBACK is taken."""
        self.statements = 0
        self.savepoints: list[Savepoint] = []


def refuse_failed(block: Block | None) -> None:
    """Refuse statements after one that failed.

    Raises:
        QueryError: 25P02.
    """
    if block is not None and block.failed:
        raise QueryError(
            "current transaction is aborted, commands ignored until end of transaction block.",
            hint="ROLLBACK, or ROLLBACK TO a savepoint.",
            sqlstate="25P02",
        )


def mark(stand: Stand) -> Mark | None:
    """All that is staged now."""
    transaction = stand.open_transaction
    return None if transaction is None else transaction.mark_all()


def restore(stand: Stand, staged: Mark | None) -> None:
    """Go back to what was staged at a mark."""
    with stand.locks.writing, stand.locks.state:
        if staged is None:
            stand.drop()
        elif stand.open_transaction is not None:
            stand.open_transaction.restore_all(staged)
        stand.changed()


def run(stand: Stand, node: Any) -> str:
    """A TransactionStmt node; returns the command's tag.

    Raises:
        QueryError: 25P01 no block is open, 3B001 no such savepoint, 25P02, 0A000.
        CommitConflictError: at COMMIT; everything of the block is rolled back.
    """
    kind = enum_name(node, "kind").removeprefix("TRANS_STMT_")
    if kind in ("BEGIN", "START"):
        return _begin(stand, node)
    if kind == "COMMIT":
        return _commit(stand)
    if kind == "ROLLBACK":
        stand.rollback()
        return "ROLLBACK"
    if kind in ("SAVEPOINT", "RELEASE", "ROLLBACK_TO"):
        return _savepoint(stand, kind, node.savepoint_name)
    raise UnsupportedQueryError(f"{kind.replace('_', ' ')} is not supported.")


def _begin(stand: Stand, node: Any) -> str:
    read_only = False
    for item in node.options:
        option = item.def_elem
        value = option.arg.a_const
        if option.defname == "transaction_isolation" and value.sval.sval == "serializable":
            raise UnsupportedQueryError(
                "ISOLATION LEVEL SERIALIZABLE is not supported.",
                hint="REPEATABLE READ is: a snapshot, and conflicts by row.",
            )
        if option.defname == "transaction_read_only":
            read_only = bool(value.ival.ival)
    if stand.block is None:
        if stand.branch is not None:
            stand.refresh("BEGIN")
        stand.block = Block(read_only=read_only)
    return "BEGIN"  # within a block Postgres warns, no more


def _commit(stand: Stand) -> str:
    block = stand.block
    if block is None:
        return "COMMIT"
    if block.failed:
        stand.rollback()
        return "ROLLBACK"
    try:
        count = block.statements
        stand.commit(f"transaction of {count} statement{'' if count == 1 else 's'}", automatic=True)
    except CommitUnknownError:
        raise  # COMMIT again settles it
    except BaseException:
        stand.rollback()
        raise
    stand.block = None
    return "COMMIT"


def _savepoint(stand: Stand, kind: str, name: str) -> str:
    block = stand.block
    word = kind.replace("_", " ")
    if block is None:
        raise QueryError(f"{word} can only be used in transaction blocks.", sqlstate="25P01")
    if kind == "SAVEPOINT":
        refuse_failed(block)
        if len(block.savepoints) >= SAVEPOINTS_MAX:
            raise QueryError(f"{SAVEPOINTS_MAX:,} savepoints are open.", sqlstate="53400")
        block.savepoints.append(Savepoint(name, mark(stand)))
        return word
    place = next((k for k, s in enumerate(block.savepoints[::-1]) if s.name == name), None)
    if place is None:
        block.failed = True
        raise QueryError(f'savepoint "{name}" does not exist.', sqlstate="3B001")
    keep = len(block.savepoints) - 1 - place
    if kind == "RELEASE":
        refuse_failed(block)
        del block.savepoints[keep:]
        return word
    del block.savepoints[keep + 1 :]
    restore(stand, block.savepoints[keep].mark)
    block.failed = False
    return "ROLLBACK"
