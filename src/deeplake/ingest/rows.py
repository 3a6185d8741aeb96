"""What `extend` takes -> batches: dicts of columns, or Arrow tables. No storage, no types.

A DataFrame is a dict of columns: its objects and texts are Python values, as a dict would give
them, and everything that NumPy or pandas store in an array of its own is Arrow.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

_PYTHON_DTYPES = ("object", "str", "string")  # to Arrow, a str could also be JSON or a path

ITERATOR_ROWS = 1024
"""Rows drawn from an iterator at a time: enough to vectorise, little enough to hold."""


def batches(rows: Any) -> Iterator[Any]:
    """Batches of a source: `dict` of columns (Python values, NumPy, Arrow), or `pyarrow.Table`.

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
        yield from _frame(rows)
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


class Ragged(dict[str, Any]):
    """Columns made of dicts that do not all name the same ones.

    Attributes:
        named: column -> bool (rows,), which rows name it; of columns that not all do.
    """

    named: Mapping[str, npt.NDArray[np.bool_]]


def columns_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns; None where a row does not name one, which `Ragged.named` tells from NULL.

    >>> found = columns_of([{"a": 1}, {"b": 2}])
    >>> found, found.named["b"].tolist()
    ({'a': [1, None], 'b': [None, 2]}, [False, True])
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
    columns = {name: [row.get(name) for row in listed] for name in names}
    if all(len(row) == len(names) for row in listed):
        return columns
    found = Ragged(columns)
    masks = {name: np.array([name in row for row in listed]) for name in names}
    found.named = {name: mask for name, mask in masks.items() if not mask.all()}
    return found


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


def _frame(rows: Any) -> Iterator[dict[str, Any]]:
    """A DataFrame's columns, then the levels of its index that have a name."""
    if not hasattr(rows, "columns"):
        raise DtypeError(
            f"cannot take rows from pandas.{type(rows).__name__}.", hint="Pass a DataFrame."
        )
    given = [(name, rows.iloc[:, k]) for k, name in enumerate(rows.columns)]
    for k, level in enumerate(rows.index.names):
        if level is not None:
            given.append((level, rows.index.get_level_values(k).to_series()))
    found: dict[str, Any] = {}
    for label, series in given:
        name = str(label)
        if name in found:
            raise InputError(
                f"the DataFrame has two columns named {name!r}.",
                hint="Rename one; a named index is a column too: df.rename_axis(None).",
            )
        found[name] = _cells(series, name)
    if found:
        yield found
    elif len(rows):
        raise InputError(f"{len(rows)} rows without any column.", hint="Name the index.")


def _cells(series: Any, name: str) -> Any:
    """A column of pandas as a list (None where pandas says missing) or as Arrow.

    Arrow would give objects one common type: {"a": 1} and {"b": 2} both get both keys.
    """
    if series.dtype.name in _PYTHON_DTYPES:
        values, missing = series.tolist(), series.isna().tolist()
        if True not in missing:
            return values
        return [None if gone else v for v, gone in zip(values, missing, strict=True)]
    import pyarrow as pa

    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise _no_arrow(series, name, "; ".join(map(str, error.args))) from error
    if getattr(array.type, "extension_name", "").startswith("pandas."):
        # a period is stored as a number, an interval as a pair: neither says so in a column
        raise _no_arrow(series, name, f"Arrow has them as {array.type}")
    return array


def _no_arrow(series: Any, name: str, why: str) -> DtypeError:
    return DtypeError(
        f"column {name!r} of the DataFrame is {series.dtype}, which no column holds: {why}.",
        hint="Convert it first, as in .astype(str).",
    )
