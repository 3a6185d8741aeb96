"""What a column type is, and the four physical shapes that values of any type take.

A type turns user values into `ColumnData` and back. `ColumnData` is one of four plain shapes,
which the format room writes without knowing any type:

    FixedData    every row has the same number of bytes (numbers, vectors, fixed tensors)
    VarData      every row is a run of bytes, plus small per-row extras (text, media, tensors)
    ListData     every row is a run of rows of a child column
    StructData   every row has one row of each child column

A type's `layout` says which of them it uses, so a reader can be chosen from the schema alone.
NULL is `valid[i] == False` at every level; `valid is None` means that no row is NULL. Under a
NULL, fixed values are zero, var and list rows are empty, so equal columns have equal bytes.
This module imports NumPy only; Arrow is imported inside the methods that speak Arrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import SchemaError
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pyarrow as pa

    Buffer = bytes | bytearray | memoryview | npt.NDArray[Any]
    BoolArray = npt.NDArray[np.bool_]
    AnyArray = npt.NDArray[Any]

# --- layouts: the physical shape of a type --------------------------------------------------


class FixedLayout(NamedTuple):
    """Rows of equal size. `dtype` is a little-endian NumPy dtype string, `shape` one row's shape.

    `norms` asks for the float32 L2 norm of every row to be stored beside it (vectors).
    """

    dtype: str
    shape: tuple[int, ...] = ()
    norms: bool = False


class Extra(NamedTuple):
    """A small number (or a few) kept beside each row of a `VarLayout`.

    `width` is 0 for one number a row, k for exactly k, and -1 for a number that differs from
    row to row: stored as wide as the widest row of a frame and padded with -1 (shapes).
    """

    name: str
    dtype: str
    width: int = 0


class VarLayout(NamedTuple):
    """Rows of bytes. `compress` stores blocks of whole rows with zstd (text, JSON)."""

    extras: tuple[Extra, ...] = ()
    compress: bool = False


class ListLayout(NamedTuple):
    """Rows that are runs of rows of `child`."""

    child: Layout


class StructLayout(NamedTuple):
    """Rows with one row of each field."""

    fields: tuple[tuple[str, Layout], ...]


Layout = FixedLayout | VarLayout | ListLayout | StructLayout


def is_media(layout: Layout) -> bool:
    """Whether a column's bytes are kept as they are, in packs of their own: files, blobs."""
    return isinstance(layout, VarLayout) and not layout.compress


# --- data: the values of one column for some rows -------------------------------------------


class FixedData(NamedTuple):
    """`values` has shape (rows, *layout.shape), C-contiguous; `norms` float32 (rows,) or None."""

    values: AnyArray
    valid: BoolArray | None = None
    norms: AnyArray | None = None


class VarData(NamedTuple):
    """Row i is bytes offsets[i]:offsets[i+1] of the concatenated `buffers`.

    `offsets` is int64 (rows + 1,), starting at 0. `buffers` are the caller's own bytes, one per
    row or fewer and longer ones (an Arrow data buffer), never joined before they are written.
    `extras` has one array per `layout.extras`, of shape (rows,) or (rows, width).
    """

    offsets: AnyArray
    buffers: Sequence[Buffer]
    valid: BoolArray | None = None
    extras: tuple[AnyArray, ...] = ()


class ListData(NamedTuple):
    """Row i is child rows offsets[i]:offsets[i+1]; `offsets` is int64 (rows + 1,) from 0."""

    offsets: AnyArray
    child: ColumnData
    valid: BoolArray | None = None


class StructData(NamedTuple):
    """Row i is row i of every child; all children have `rows` rows."""

    rows: int
    children: tuple[ColumnData, ...]
    valid: BoolArray | None = None


ColumnData = FixedData | VarData | ListData | StructData


def row_count(data: ColumnData) -> int:
    """Rows of `data`.

    >>> row_count(FixedData(np.zeros((3, 2))))
    3
    """
    if isinstance(data, FixedData):
        return len(data.values)
    if isinstance(data, StructData):
        return data.rows
    return len(data.offsets) - 1


class ColumnType:
    """What the values of one column are. One subclass per file of this room; immutable.

    A subclass sets `name` and `layout` and implements the methods below. `name` is the canonical
    spelling ('emb-512', 'list<image>') that `declare.parse` reads back; whatever the spelling
    cannot hold goes into `options()`.
    """

    name: str
    layout: Layout

    decodes: bool = False
    """Whether a value costs a decoder's time, the GIL released: loaders then use threads."""

    def options(self) -> dict[str, Any]:
        """JSON-able settings beyond the name (metric, class names); {} when there are none."""
        return {}

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> ColumnType:
        """The type that a spelling names; called by `declare.parse` through the registry.

        Args:
            head: the first word ('int8', 'emb', 'list').
            arguments: what follows it, already parsed: `(10, 2)` for 'decimal(10,2)', names as
                str,
                `(512, "float16")` for 'emb-512:float16', a type for 'list<…>', pairs of name and
                type for 'struct<…>', axes (None is free) for 'uint8[*,3]'.

        Raises:
            SchemaError: if the arguments make no sense for this type.
        """
        if arguments:
            from deeplake.types.synonyms import unbracketed

            raise SchemaError(
                f"type {head!r} takes no parameters, got {arguments!r}.",
                hint=unbracketed(head, arguments, cls.__name__),
            )
        return cls()

    @classmethod
    def stored(cls, head: str) -> ColumnType:
        """The type that a stored word names, before `with_options`; a type that needs options
        takes its word here and refuses it in `from_spelling`.
        """
        return cls.from_spelling(head, ())

    def with_options(self, options: dict[str, Any]) -> ColumnType:
        """This type with what `options()` once returned; the inverse used by `from_json`.

        Raises:
            SchemaError: on an option this type does not have.
        """
        if options:
            raise SchemaError(
                f"type {self.name!r} has no option {next(iter(options))!r}.",
                hint="It may have been written by a newer deeplake.",
            )
        return self

    def normalise(self, values: Any, *, column: str) -> ColumnData:
        """User values of many rows -> `ColumnData`.

        Args:
            values: a sequence of row values (None is NULL) or a NumPy array whose first axis is
                rows. A sequence may be a list, tuple, NumPy array or anything with len and [].
            column: the column's name, for error messages.

        Raises:
            InvalidValueError: or one of its subclasses, naming column, row and value. Nothing
                is kept of the batch.
        """
        raise NotImplementedError

    def single(self, value: Any, *, column: str) -> ColumnData | None:
        """One plain value as `normalise([value])` gives it, sooner: half the time of a row's.

        None where only `normalise` can tell, for one that a type refuses too.

        Raises:
            InvalidValueError: as `normalise` would.
        """
        del value, column
        return None

    def cell(self, raw: Any) -> Any:
        """One stored non-NULL value -> what `ds[column][i]` returns.

        `raw` is, by layout: a NumPy scalar or array the callee may keep (fixed); a pair
        `(bytes, extras)` with one entry per layout extra (var); a one-row ListData/StructData.
        """
        raise NotImplementedError

    def values(self, data: ColumnData) -> list[Any]:
        """Every row as a Python value, None where NULL. Equal to `cell` row by row."""
        raise NotImplementedError

    def bulk(self, data: ColumnData) -> Any:
        """What `ds[column][a:b]` returns: an array where rows stack, else `values(data)`.

        An array with NULLs is a `numpy.ma.MaskedArray` (`.tolist()` gives None for them).
        """
        return self.values(data)

    def bound(self, raw: Any) -> Any:
        """A statistics bound (a number, or the first bytes of a text) as a user value.

        None where stored order means nothing to a user: JSON text, for example.
        """
        del raw

    def told(self, value: Any) -> Any:
        """What a printed summary, diff or conflict shows: the name of a class, not its code."""
        return value

    def slots(self, data: ColumnData) -> AnyArray | None:
        """Of a type that decodes: an uninitialised array with room for all rows decoded, or None
        if they do not stack or only decoding would tell. `data` has no NULL.
        """
        del data
        return None

    def fill(self, data: ColumnData, slots: AnyArray) -> None:
        """Decode every row of `data` into its part of what `slots` returned.

        Raises:
            MediaError: on a row that cannot be decoded.
        """
        raise NotImplementedError

    def arrow_type(self) -> pa.DataType:
        """The Arrow type that `to_arrow` produces."""
        raise NotImplementedError

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """Rows as an Arrow array of `arrow_type()`, NULLs exact, buffers shared if possible."""
        raise NotImplementedError

    def from_arrow(self, array: pa.Array, *, column: str) -> ColumnData:
        """An Arrow array of any castable type -> `ColumnData`, NULLs exact, vectorised."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<type {self}>"

    def __str__(self) -> str:
        """The name, with what people ask for that it does not hold: class names, a metric."""
        return self.name

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other)
            and isinstance(other, ColumnType)
            and self.name == other.name
            and self.options() == other.options()
        )

    def __hash__(self) -> int:
        return hash(self.name)
