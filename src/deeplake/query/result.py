"""Rows of a statement as they come: values of Python, or Arrow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from deeplake.query.direct import Ready
    from deeplake.query.engine import Running
    from deeplake.query.kinds import Kind
    from deeplake.query.relation import Output

    Fetch = Callable[[pa.Array], list[Any]]


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
            lists = [
                self.python(column.kind, array)
                for column, array in zip(self.columns, batch.columns, strict=False)
            ]
            if lists:
                yield from zip(*lists, strict=True)
            else:
                yield from [()] * batch.num_rows

    def python(self, kind: Kind, array: pa.Array) -> list[Any]:
        """A column of a batch as values of Python, late ones fetched."""
        if kind.late:
            return self._fetch(array)
        convert = _converter(kind)
        if kind.name == "timestamptz":
            import pyarrow as pa

            array = array.view(pa.timestamp("us", "+00:00"))  # datetime.UTC in values of Python
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
        """Stop it, from any thread."""
        self._running.interrupt()

    def close(self) -> None:
        """Read no further."""
        self._running.close()


def _converter(kind: Kind) -> Callable[[Any], Any] | None:
    """What makes values of Python of Arrow's; None where these are right."""
    if kind.element is None:
        return _PYTHON.get(kind.name)
    inside = _utc if kind.element.name == "timestamptz" else _converter(kind.element)
    if inside is None:
        return None
    return lambda items: [None if item is None else inside(item) for item in items]


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
