"""Lists: any number of values of one type a row."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, InputError, SchemaError
from deeplake.types.base import ColumnType, ListData, ListLayout
from deeplake.types.data import offsets_of
from deeplake.types.nesting import depth_of
from deeplake.types.rows import batch, refusal, shown

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.types.base import AnyArray, ColumnData


class List(ColumnType):
    """A list a row, of values that `child` takes; a value may be None.

    Args:
        child: the type of the values (a spelling or a `ColumnType`).

    >>> data = List("int").normalise([[1, 2], [], None, [None]], column="n")
    >>> List("int").values(data)
    [[1, 2], [], None, [None]]
    """

    layout: ListLayout

    def __init__(self, child: Any) -> None:
        from deeplake.types.declare import parse

        self.child: ColumnType = parse(child)
        self.depth = 1 + depth_of(self.child)
        self.name = f"list<{self.child.name}>"
        self.layout = ListLayout(self.child.layout)

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> List:
        """'list<text>'."""
        if len(arguments) != 1 or not isinstance(arguments[0], ColumnType):
            raise SchemaError(f"{head!r} needs the type of its values.", hint="Write 'list<text>'.")
        return cls(arguments[0])

    def options(self) -> dict[str, Any]:
        """The options of the child type, if any."""
        inner = self.child.options()
        return {"child": inner} if inner else {}

    def with_options(self, options: dict[str, Any]) -> ColumnType:
        """Inverse of `options`."""
        rest = dict(options)
        inner = rest.pop("child", {})
        super().with_options(rest)
        return List(self.child.with_options(inner))

    def normalise(self, values: Any, *, column: str) -> ListData:
        """Lists, tuples and arrays of values.

        Raises:
            DtypeError: on a row that is no list.
            InvalidValueError: whatever `child` raises, with the row and the place in it.
        """
        rows = batch(values, column=column)
        if isinstance(rows.rows, np.ndarray) and rows.rows.ndim < 2:
            raise _no_list(rows.rows, column=column, row=None)
        for row, value in rows.numbered():
            if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
                continue
            if not hasattr(value, "__array__"):
                raise _no_list(value, column=column, row=row)
        present = [
            value if isinstance(value, (list, tuple, np.ndarray)) else np.asarray(value)
            for value in rows.present()
        ]
        lengths = np.fromiter(map(len, present), np.int64, len(present))
        sizes = lengths
        if rows.valid is not None:
            sizes = np.zeros(len(rows.rows), np.int64)
            sizes[rows.valid] = lengths
        offsets = offsets_of(sizes)
        flat = _flattened(present)
        try:
            child = self.child.normalise(flat, column=column)
        except InputError as error:
            if error.row is None:
                raise
            raise _inside(error, offsets, column=column) from error
        return ListData(offsets, child, rows.valid)

    def cell(self, raw: Any) -> list[Any]:
        """One list."""
        found: list[Any] = self.values(raw)[0]
        return found

    def values(self, data: ColumnData) -> list[Any]:
        """Every row as a list, None where NULL."""
        assert isinstance(data, ListData)
        inner = self.child.values(data.child)
        cuts = data.offsets.tolist()
        kept = [True] * (len(cuts) - 1) if data.valid is None else data.valid.tolist()
        return [
            inner[low:high] if ok else None
            for low, high, ok in zip(cuts[:-1], cuts[1:], kept, strict=True)
        ]

    def told(self, value: Any) -> Any:
        """Each as the child tells it, if it tells anything in its own way."""
        if value is None or type(self.child).told is ColumnType.told:
            return value
        return [self.child.told(one) for one in value]

    def arrow_type(self) -> pa.DataType:
        """large_list of the child's Arrow type."""
        import pyarrow as pa

        return pa.large_list(self.child.arrow_type())

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """The child's array in runs."""
        from deeplake.types.arrow import list_array

        assert isinstance(data, ListData)
        child = self.child.to_arrow(data.child)
        return list_array(data.offsets, child, data.valid, self.arrow_type())

    def from_arrow(self, array: pa.Array, *, column: str) -> ListData:
        """Arrow lists of any kind.

        Raises:
            DtypeError: on anything else.
            InvalidValueError: whatever `child` raises, with the row and the place in it.
        """
        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        offsets, inner, valid = arrow.list_parts(array, column=column)
        try:
            child = self.child.from_arrow(inner, column=column)
        except InputError as error:
            if error.row is None:
                raise
            raise _inside(error, offsets, column=column) from error
        return ListData(offsets, child, valid)


def _flattened(rows: list[Any]) -> Any:
    """The values of all rows as one batch: one array where the rows are arrays alike."""
    kinds = set(map(type, rows))
    if kinds == {np.ndarray}:
        shapes = {(row.dtype, row.shape[1:]) for row in rows}
        if len(shapes) == 1 and rows[0].dtype.kind in "biufM":
            whole: AnyArray = np.concatenate(rows)
            return whole
    return list(chain.from_iterable(rows))


def _inside(error: InputError, offsets: AnyArray, *, column: str) -> InputError:
    """`error` about flattened values, telling row and place in the list instead."""
    assert error.row is not None
    row = int(np.searchsorted(offsets, error.row, "right")) - 1
    place = error.row - int(offsets[row])
    detail = f"item {place}: {error.detail}"
    return refusal(type(error), detail, column=column, row=row, hint=error.hint)


def _no_list(value: Any, *, column: str, row: int | None) -> Exception:
    hint = "Put the value in a list: [value]."
    return refusal(DtypeError, f"{shown(value)} is no list", column=column, row=row, hint=hint)
