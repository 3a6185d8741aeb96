"""COPY: rows from and to files of this process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from deeplake.api.cursor import Cursor, Done
from deeplake.errors import InputError, QueryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deeplake.api.database import Database


def is_export(node: Any) -> bool:
    """Whether a CopyStmt node writes a file, and no table."""
    return not node.is_from


def source_of(node: Any, file: Any) -> Any:
    """Where COPY … FROM reads: the file that the statement names, or the one that is given.

    Raises:
        QueryError: neither; InputError: both.
    """
    if node.is_program:
        raise QueryError("COPY … PROGRAM is not supported.", sqlstate="0A000")
    if node.filename and file is not None:
        raise InputError("the statement names a file, and another one is given.")
    if not node.filename and file is None:
        raise QueryError(
            "COPY … STDIN or STDOUT needs a file.",
            hint="db.copy('COPY t FROM STDIN', file).",
            sqlstate="08P01",
        )
    return node.filename or file


def export(database: Database, text: str, node: Any, values: Sequence[Any], file: Any) -> Cursor:
    """COPY … TO: the rows of a table or query as lines.

    Raises:
        QueryError, InputError, StoreError: nothing is at the path, or what was there.
    """
    from deeplake.api.statements import run_select
    from deeplake.sql.copy import format_of, lines_of, query_of

    format_of(node)  # refuses options before a file is made
    place = source_of(node, file)
    cursor = run_select(database, text, query_of(node), values)
    count = 0

    def counted() -> Any:
        nonlocal count
        for row in cursor:
            count += 1
            yield row

    lines = lines_of(cursor.columns, counted(), node)
    if isinstance(place, str) or hasattr(place, "__fspath__"):
        from deeplake.api.exporting import replacing, said

        if "://" in os.fsdecode(place):
            raise InputError(
                f"COPY writes to a path or a file, not {place!r}.",
                hint="query(...).to_parquet() writes to a bucket.",
            )
        with (
            replacing(place) as beside,
            said(place),
            open(beside, "w", encoding="utf-8", newline="") as opened,
        ):
            opened.writelines(lines)
    elif hasattr(place, "write"):
        _write(place, lines)
    else:
        raise InputError(f"COPY writes to a path or a file, not {type(place).__name__}.")
    return Cursor(Done(None, []), count, "COPY")


def _write(file: Any, lines: Any) -> None:
    """Lines into a file of text or, if it takes none, of bytes."""
    binary: bool | None = None
    for line in lines:
        if binary is None:
            binary = _takes_bytes(file, line)
            if not binary:
                continue
        file.write(line.encode() if binary else line)


def _takes_bytes(file: Any, line: str) -> bool:
    """Write a first line, as text if the file takes it; whether it wants bytes."""
    try:
        file.write(line)
    except TypeError:
        return True
    return False
