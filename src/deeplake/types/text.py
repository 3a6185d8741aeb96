"""Text: Unicode strings, stored as UTF-8 exactly as given (no normal form, no trimming)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DtypeError, SchemaError, TextEncodingError
from deeplake.loading import later
from deeplake.types.base import VarData, VarLayout
from deeplake.types.variable import Variable, check_size, check_sizes, var_data

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.errors import InvalidValueError
    from deeplake.types import data as columnar
    from deeplake.types import rows as given
    from deeplake.types.base import ColumnData
else:
    given = later("deeplake.types.rows")
    columnar = later("deeplake.types.data")

_INDEXES = (None, "bm25")


class Text(Variable):
    """Strings.

    Args:
        index: "bm25" asks for a full-text index; None for none.

    >>> Text().normalise(["a", None, "ß"], column="t").offsets.tolist()
    [0, 1, 1, 3]
    """

    name = "text"
    layout = VarLayout(compress=True)

    def __init__(self, index: str | None = None) -> None:
        if index not in _INDEXES:
            raise SchemaError(f"a text index is None or 'bm25', got {index!r}.")
        self.index = index

    def options(self) -> dict[str, Any]:
        """The index, if any."""
        return {} if self.index is None else {"index": self.index}

    def with_options(self, options: dict[str, Any]) -> Text:
        """Inverse of `options`."""
        rest = dict(options)
        index = rest.pop("index", None)
        super().with_options(rest)
        return Text(index=index)

    def normalise(self, values: Any, *, column: str) -> VarData:
        """Strings as UTF-8 bytes.

        Raises:
            DtypeError: on anything but str.
            TextEncodingError: on a lone surrogate, which has no UTF-8.
            ValueTooLargeError: over the size limit.
        """
        rows = given.batch(values, column=column)
        numeric = isinstance(rows.rows, np.ndarray) and len(rows.rows)
        if numeric or not all(issubclass(kind, str) for kind in rows.kinds):
            raise _not_text(rows, column=column)
        strings = rows.present()
        sizes = np.fromiter(map(len, strings), np.int64, len(strings))
        at = rows.positions()
        check_sizes(sizes, column=column, at=at)
        joined = "".join(strings)
        if joined.isascii():  # one byte a character: encode all rows at once
            if at is not None:
                whole = np.zeros(len(rows.rows), np.int64)
                whole[at] = sizes
                sizes = whole
            return VarData(columnar.offsets_of(sizes), [joined.encode("ascii")], rows.valid)
        try:
            encoded = [string.encode() for string in strings]
        except UnicodeEncodeError:
            raise _lone_surrogate(rows, column=column) from None
        sizes = np.fromiter(map(len, encoded), np.int64, len(encoded))
        check_sizes(sizes, column=column, at=at)
        return var_data(encoded, rows.valid)

    def single(self, value: Any, *, column: str) -> VarData | None:
        """A str."""
        if type(value) is not str or not value.isascii():
            return None
        check_size(len(value), column=column, row=0)
        return VarData(np.array((0, len(value))), [value.encode()])

    def cell(self, raw: Any) -> str:
        """One string."""
        return str(raw[0], "utf-8")

    def bound(self, raw: bytes) -> str:
        """The first characters of a text; one that was cut in two is left out."""
        return raw.decode("utf-8", "ignore")

    def values(self, data: ColumnData) -> list[Any]:
        """Every row as a str, None where NULL; ASCII is decoded once for all rows."""
        assert isinstance(data, VarData)
        joined = columnar.join_bytes(data.buffers)
        text, cuts = str(joined, "utf-8"), pairwise(data.offsets.tolist())
        if len(text) == len(joined):
            rows = [text[low:high] for low, high in cuts]
        else:
            whole = bytes(joined)  # whose parts are no views for the garbage collector to count
            rows = [whole[low:high].decode() for low, high in cuts]
        if data.valid is None:
            return rows
        return [row if ok else None for row, ok in zip(rows, data.valid.tolist(), strict=True)]

    def arrow_type(self) -> pa.DataType:
        """large_string."""
        import pyarrow as pa

        return pa.large_string()

    def from_arrow(self, array: pa.Array, *, column: str) -> VarData:
        """Any Arrow string type; binary is refused unless it is UTF-8.

        Raises:
            DtypeError: if the array does not cast to strings.
            TextEncodingError: if its bytes are not UTF-8.
        """
        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        numbers = "bool int uint half float double decimal"
        arrow.refuse_kinds(array, numbers + " date time duration", column=column)
        return arrow.var_data(array, column=column, text=True)


def _not_text(rows: given.Batch, *, column: str) -> InvalidValueError:
    row, value = rows.first(lambda value: not isinstance(value, str))
    binary = isinstance(value, (bytes, bytearray, memoryview))
    hint = "Decode it with .decode('utf-8')." if binary else "Convert it with str()."
    return given.refusal(
        DtypeError, f"{given.shown(value)} is not text", column=column, row=row, hint=hint
    )


def _lone_surrogate(rows: given.Batch, *, column: str) -> InvalidValueError:
    def broken(value: str) -> bool:
        return any("\ud800" <= char <= "\udfff" for char in value)

    row, value = rows.first(broken)
    return given.refusal(
        TextEncodingError,
        f"the text has a lone surrogate, which is not valid Unicode: {given.shown(value)}",
        column=column,
        row=row,
        hint="Clean it with text.encode('utf-8', 'replace').decode().",
    )
