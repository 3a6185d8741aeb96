"""Which column and row a step failed at, so that an epoch's error names what to mend or leave out.

Reads the rows of the failed step again, halving them; everything else is done with by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake.errors import DamageError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deeplake.errors import DeeplakeError
    from deeplake.loaders.collate import Form
    from deeplake.loaders.source import Rows, RowSource


def located(
    error: DeeplakeError, source: RowSource, forms: Iterable[Form], rows: Rows
) -> DeeplakeError:
    """The error of the first row that fails, with its place; `error` if it concerns no row.

    Args:
        error: what reading the rows together raised.
        source: what was read.
        forms: the columns read.
        rows: positions in the source, at least one.
    """
    if not isinstance(error, DamageError | InputError):
        return error  # a store that failed would be asked in vain, with its timeouts
    for form in forms:
        found = _failure(source, form, rows)
        if found is None:
            continue
        while len(rows) > 1:
            half = len(rows) // 2
            first = _failure(source, form, rows[:half])
            rows = rows[half:] if first is None else rows[:half]
            found = first or found
        found = _failure(source, form, rows) or found
        return _placed(found, form.name, source.position(int(rows[0])))
    return error


def _failure(source: RowSource, form: Form, rows: Rows) -> DeeplakeError | None:
    try:
        form.values(source.read(form.name, rows))
    except (DamageError, InputError) as error:
        return error
    return None


def _placed(error: DeeplakeError, column: str, row: int) -> DeeplakeError:
    error.column, error.row = column, row
    error.message = f"column {column!r}, row {row}: {error.message}"
    error.args = (error.message,)
    return error
