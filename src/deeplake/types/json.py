"""JSON documents: Python values stored as JSON text and read back exactly.

A str is a JSON string, not JSON text. Tuples come back as lists; NumPy scalars and arrays are
stored as numbers and lists. In a row, None is SQL NULL; the JSON value null is `json.NULL`, and
inside a container it is None as usual.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deeplake import settings
from deeplake.errors import (
    DtypeError,
    InvalidValueError,
    NotFiniteError,
    NumericOverflowError,
    TextEncodingError,
)
from deeplake.types.base import VarData, VarLayout
from deeplake.types.rows import batch, refusal, shown
from deeplake.types.variable import Variable, check_sizes, var_data

if TYPE_CHECKING:
    import pyarrow as pa


class _Null:
    """The JSON value null as a row; falsy, one instance."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "deeplake.types.json.NULL"

    def __reduce__(self) -> str:
        return "NULL"


NULL: Final = _Null()
"""The JSON value null as a whole row, where None would be SQL NULL."""


class Written:
    """A document and the text that it is stored as: what SQL writes keeps the digits of numbers.

    Args:
        value: of `text`, for what is refused of any document.
        text: compact JSON, without NaN and duplicate keys.
    """

    __slots__ = ("text", "value")

    def __init__(self, value: Any, text: str) -> None:
        self.value = value
        self.text = text


class Json(Variable):
    """Any JSON value.

    >>> data = Json().normalise([{"a": [1, None]}, None, NULL], column="j")
    >>> Json().values(data)
    [{'a': [1, None]}, None, deeplake.types.json.NULL]
    """

    name = "json"
    layout = VarLayout(compress=True)

    def normalise(self, values: Any, *, column: str) -> VarData:
        """Python values as compact UTF-8 JSON, keys in their order.

        Raises:
            DtypeError: on a value that JSON cannot hold, or a key that is not str.
            NotFiniteError: on NaN or infinity.
            TextEncodingError: on a lone surrogate.
            InvalidValueError: on nesting deeper than `settings.JSON_DEPTH_MAX` or a cycle.
            ValueTooLargeError: over the size limit.
        """
        rows = batch(values, column=column)
        texts = [_encoded(value, column=column, row=row) for row, value in rows.numbered()]
        sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        check_sizes(sizes, column=column, at=rows.positions())
        return var_data(texts, rows.valid)

    def cell(self, raw: Any) -> Any:
        """One Python value; JSON null as `NULL`."""
        value = json.loads(str(raw[0], "utf-8"))
        return NULL if value is None else value

    def arrow_type(self) -> pa.DataType:
        """large_string of JSON text."""
        import pyarrow as pa

        return pa.large_string()

    def from_arrow(self, array: pa.Array, *, column: str) -> VarData:
        """Strings holding JSON text, or any other Arrow values as JSON.

        Text is parsed and written anew, so equal documents have equal bytes.

        Raises:
            InvalidValueError: on text that is no JSON, naming the row.
        """
        import pyarrow as pa

        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        is_ = pa.types
        if is_.is_string_view(array.type):
            array = arrow.cast(array, pa.large_string(), column=column)
        if not (is_.is_string(array.type) or is_.is_large_string(array.type)):
            return self.normalise(array.to_pylist(), column=column)
        arrow.check_utf8(array, column=column)
        parsed = [
            None if text is None else _parsed(text, column=column, row=row)
            for row, text in enumerate(array.to_pylist())
        ]
        return self.normalise(parsed, column=column)


def _parsed(text: str, *, column: str, row: int) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refusal(
            InvalidValueError, f"{shown(text)} is not JSON: {error}", column=column, row=row
        ) from error
    return NULL if value is None else value


def _encoded(value: Any, *, column: str, row: int) -> bytes:
    if isinstance(value, Written):
        _check_containers(value.value, column=column, row=row)
        return value.text.encode()
    _check_containers(value, column=column, row=row)
    try:
        return json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
        ).encode()
    except UnicodeEncodeError as error:
        raise refusal(
            TextEncodingError, "a string has a lone surrogate", column=column, row=row
        ) from error
    except TypeError as error:
        raise refusal(
            DtypeError,
            f"JSON cannot hold {shown(value)}: {error}",
            column=column,
            row=row,
            hint="It holds dict, list, str, int, float, bool and None.",
        ) from error
    except ValueError as error:  # allow_nan=False, or an int of more than 4,300 digits
        floats = "float" in str(error)
        raise refusal(
            NotFiniteError if floats else NumericOverflowError,
            "JSON has no NaN or infinity" if floats else f"JSON cannot hold it: {error}",
            column=column,
            row=row,
            hint="Use None inside the document." if floats else "Store it as text.",
        ) from error


def _plain(value: Any) -> Any:
    """What NumPy values and NULL are in JSON; called by the encoder for what it does not know."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if value is NULL:
        return None
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _check_containers(value: Any, *, column: str, row: int) -> None:
    """Refuse what the encoder would change (keys) or not survive (depth, cycles).

    Depth first: a value that contains itself twice ends at the limit, not after 2**limit steps.
    """
    pending = [(value, 1)]
    while pending:
        item, depth = pending.pop()
        if depth > settings.JSON_DEPTH_MAX:
            raise refusal(
                InvalidValueError,
                f"the document is nested deeper than {settings.JSON_DEPTH_MAX}, or contains itself",
                column=column,
                row=row,
            )
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, str):
                    raise refusal(
                        DtypeError,
                        f"the key {shown(key)} is not str",
                        column=column,
                        row=row,
                        hint="JSON keys are strings: convert it with str().",
                    )
            item = item.values()
        elif not isinstance(item, (list, tuple)):
            continue
        pending.extend((i, depth + 1) for i in item if isinstance(i, (dict, list, tuple)))
