"""Rows of a statement as they come: values of Python, or Arrow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from deeplake import settings
from deeplake.errors import QueryError
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from deeplake.query.direct import Ready
    from deeplake.query.engine import Running
    from deeplake.query.kinds import Kind
    from deeplake.query.relation import Output


class Fetch(Protocol):
    """Values behind a column of handles."""

    def __call__(self, handles: pa.Array, /, *, native: bool = False) -> list[Any]:
        """All of them; structs as the dataset has them if `native`."""

    def sizes(self, handles: pa.Array, /) -> npt.NDArray[np.int64]:
        """Their bytes, about."""


ROWS_ALWAYS = 32
"""So many rows are fetched at once without asking how large their values are."""


class ResultColumn(NamedTuple):
    """A column of a result: its label and kind."""

    label: str
    kind: Kind


class Result:
    """The rows of a running statement; reads them as they are asked for.

    Args:
        outputs: the statement's columns.
        running: the engine's batches.
        fetch: values of a column of handles.
    """

    def __init__(self, outputs: Sequence[Output], running: Running | Ready, fetch: Fetch) -> None:
        self.columns = [ResultColumn(o.label, o.expression.kind) for o in outputs]
        self._running = running
        self._fetch = fetch
        self._stopped = False

    @property
    def schema(self) -> pa.Schema:
        """Of the engine's batches."""
        return self._running.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The engine's batches, handles where values are late."""
        return iter(self._running)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Every row as values of Python."""
        for batch in self.batches():
            for piece in self._pieces(batch):
                if self._stopped:
                    raise QueryError("canceling statement due to user request.", sqlstate="57014")
                lists = [
                    self.python(column.kind, array)
                    for column, array in zip(self.columns, piece.columns, strict=False)
                ]
                if lists:
                    yield from zip(*lists, strict=True)
                else:
                    yield from [()] * piece.num_rows

    def _pieces(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """A batch in parts whose late values fit into what may be fetched at once."""
        late = [k for k, column in enumerate(self.columns) if column.kind.late]
        if not late or batch.num_rows <= ROWS_ALWAYS:
            yield batch
            return
        sizes = self._fetch.sizes(batch.column(late[0]))
        for k in late[1:]:
            sizes = sizes + self._fetch.sizes(batch.column(k))
        for low, high in cuts(sizes, settings.QUERY_FETCH_BYTES_MAX):
            yield batch.slice(low, high - low)

    def python(self, kind: Kind, array: pa.Array, *, native: bool = False) -> list[Any]:
        """A column of a batch as values of Python, late ones fetched; `native` as in `Fetch`."""
        if kind.late:
            return self._fetch(array, native=native)
        convert = _converter(kind)
        if kind.name == "timestamptz":
            import pyarrow as pa

            array = array.view(pa.timestamp("us", "+00:00"))  # datetime.UTC in values of Python
        if "time" in (kind.name, kind.element and kind.element.name):
            _refuse_midnight(kind, array)
        try:
            values: list[Any] = array.to_pylist()
        except (OverflowError, ValueError) as error:
            raise QueryError(
                f"a {kind.plain} beyond the years 1 to 9999 has no value of Python.",
                hint="Cast it to text, or take the result as Arrow.",
                sqlstate="0A000",
            ) from error
        if convert is None:
            return values
        try:
            return [None if v is None else convert(v) for v in values]
        except OverflowError as error:
            raise QueryError(
                f"a value of {kind.plain} is too large for Python.",
                hint="Cast it to text, or take the result as Arrow.",
                sqlstate="0A000",
            ) from error

    def interrupt(self) -> None:
        """Stop it, from any thread: whoever reads its rows gets a QueryError 57014."""
        self._stopped = True
        self._running.interrupt()

    def close(self) -> None:
        """Read no further."""
        self._running.close()


def cuts(sizes: npt.NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """(first, end) of runs of rows of so many bytes at most; a larger row is one by itself.

    >>> import numpy as np
    >>> list(cuts(np.array([3, 3, 3, 9, 1, 1]), 6))
    [(0, 2), (2, 3), (3, 4), (4, 6)]
    """
    ends = sizes.cumsum()
    low = 0
    while low < len(ends):
        before = int(ends[low - 1]) if low else 0
        high = max(int(ends.searchsorted(before + most, "right")), low + 1)
        yield low, high
        low = high


def _converter(kind: Kind) -> Callable[[Any], Any] | None:
    """What makes values of Python of Arrow's; None where these are right."""
    if kind.element is None:
        return _PYTHON.get(kind.name)
    inside = _utc if kind.element.name == "timestamptz" else _converter(kind.element)
    if inside is None:
        return None
    return lambda items: [None if item is None else inside(item) for item in items]


_DAY = 86_400_000_000
"""Microseconds of 24:00:00, which Arrow and Postgres have and Python has not."""


def _refuse_midnight(kind: Kind, array: pa.Array) -> None:
    """Refuse 24:00:00, of which pyarrow makes 00:00:00."""
    import pyarrow as pa
    import pyarrow.compute as pc

    inside = array.flatten() if kind.element is not None else array
    if len(inside) and pc.any(pc.greater_equal(inside.view(pa.int64()), _DAY)).as_py():
        raise QueryError(
            "24:00:00 has no value of Python.",
            hint="Cast it to text, or take the result as Arrow.",
            sqlstate="0A000",
        )


def _interval(value: Any) -> Any:
    from datetime import timedelta

    months, days, nanoseconds = value
    years, months = int(months / 12), months - int(months / 12) * 12
    days += 365 * years + 30 * months  # as psycopg has it
    return timedelta(days=days, microseconds=nanoseconds // 1000)


def _utc(value: Any) -> Any:
    from datetime import UTC

    return value.replace(tzinfo=UTC)


def _uuid(value: str) -> Any:
    from uuid import UUID

    return UUID(value)


_PYTHON: dict[str, Callable[[Any], Any]] = {
    "json": json.loads,
    "jsonb": json.loads,
    "uuid": _uuid,
    "interval": _interval,
}
