"""What `extend` takes -> batches: dicts of columns, or Arrow tables. No storage, no types."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from deeplake.errors import DtypeError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ITERATOR_ROWS = 1024
"""Rows drawn from an iterator at a time: enough to vectorise, little enough to hold."""


def batches(rows: Any) -> Iterator[Any]:
    """Batches of a source: `dict` of columns, or `pyarrow.Table`.

    Args:
        rows: a list of dicts, a dict of columns, an Arrow table, batch or reader, a pandas
            DataFrame, or an iterable of dicts.

    Raises:
        DtypeError: something else.
        InputError: rows without any value.
    """
    kind = type(rows).__module__.partition(".")[0]
    if kind == "pyarrow":
        yield from _arrow(rows)
    elif kind == "pandas":
        yield _frame(rows)
    elif hasattr(rows, "keys") and hasattr(rows, "__getitem__"):
        if not len(rows.keys()):
            raise InputError("there are no columns.", hint="Pass {column: values}.")
        yield {name: rows[name] for name in rows.keys()}  # noqa: SIM118 - any mapping
    elif isinstance(rows, list | tuple):
        if rows:
            yield columns_of(rows)
    elif hasattr(rows, "__arrow_c_stream__"):
        yield from _stream(rows)
    elif hasattr(rows, "__iter__") and not isinstance(rows, str | bytes):
        source = iter(rows)
        while drawn := list(islice(source, ITERATOR_ROWS)):
            yield columns_of(drawn)
    else:
        raise DtypeError(
            f"cannot take rows from {type(rows).__name__}.",
            hint="Pass a list of dicts, a dict of columns, an Arrow table, a DataFrame or an "
            "iterator of dicts.",
        )


def columns_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns; a key missing from a row is NULL there.

    >>> columns_of([{"a": 1}, {"b": 2}])
    {'a': [1, None], 'b': [None, 2]}
    """
    listed = list(rows)
    names: dict[str, None] = {}
    for k, row in enumerate(listed):
        if not hasattr(row, "keys"):
            raise DtypeError(
                f"row {k} is {type(row).__name__}, not a dict.", hint="Rows are {column: value}."
            )
        names.update(dict.fromkeys(row))
    if not names:
        raise InputError(
            f"{len(listed)} rows without any column.", hint="Rows are {column: value}."
        )
    return {name: [row.get(name) for row in listed] for name in names}


def _arrow(rows: Any) -> Iterator[Any]:
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        yield rows
    elif isinstance(rows, pa.RecordBatch):
        yield pa.Table.from_batches([rows])
    elif isinstance(rows, pa.RecordBatchReader):
        for batch in rows:
            yield pa.Table.from_batches([batch])
    else:
        raise DtypeError(
            f"cannot take rows from pyarrow.{type(rows).__name__}.",
            hint="Pass a Table, RecordBatch or RecordBatchReader.",
        )


def _stream(rows: Any) -> Iterator[Any]:
    import pyarrow as pa

    yield from _arrow(pa.RecordBatchReader.from_stream(rows))


def _frame(rows: Any) -> Any:
    import pyarrow as pa

    if not hasattr(rows, "columns"):
        raise DtypeError(
            f"cannot take rows from pandas.{type(rows).__name__}.", hint="Pass a DataFrame."
        )
    try:
        return pa.Table.from_pandas(rows, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:  # mixed columns, a name twice
        raise DtypeError(
            f"the DataFrame cannot be read: {'; '.join(map(str, error.args))}.",
            hint="Give every column one kind of value and a name of its own, or pass a dict of "
            "columns.",
        ) from error
