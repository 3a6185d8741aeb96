"""Class labels: one of a list of names, stored as its position in the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import InvalidValueError, SchemaError, did_you_mean
from deeplake.types.declare import spelled
from deeplake.types.rows import batch, refusal, shown
from deeplake.types.scalar import Int

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from deeplake.types.base import AnyArray, FixedData


_NAMES_SHOWN_MAX = 8


class ClassLabel(Int):
    """int32 codes with names. A row is given as code or name and read as code.

    Args:
        names: of code 0, 1, 2…; with none, any code from 0 is taken.

    >>> ClassLabel(["cat", "dog"]).normalise(["dog", 0, None], column="y").values.tolist()
    [1, 0, 0]
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        super().__init__(32)
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise SchemaError(f"class names are a list of str, got {shown(names)}.")
        self.names = tuple(names)
        self._codes = {name: code for code, name in enumerate(self.names)}
        if len(self._codes) < len(self.names):
            twice = next(n for i, n in enumerate(self.names) if self._codes[n] != i)
            raise SchemaError(f"the class name {twice!r} occurs twice.")
        self.name = "class_label"

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> ClassLabel:
        """'class_label(cat, dog)', 'class_label("big cat", dog)'."""
        if not arguments or not all(isinstance(name, str) for name in arguments):
            raise SchemaError(
                f"type {head!r} needs the names of its classes.",
                hint="Write 'class_label(cat, dog)', odd names in double quotes, or "
                "deeplake.types.ClassLabel(['cat', 'dog']).",
            )
        return cls(arguments)

    @classmethod
    def stored(cls, head: str) -> ClassLabel:
        """Without names: they are an option, and columns of plain codes have none."""
        del head
        return cls()

    def options(self) -> dict[str, Any]:
        """The names, if any."""
        return {"names": list(self.names)} if self.names else {}

    def with_options(self, options: dict[str, Any]) -> ClassLabel:
        """Inverse of `options`."""
        rest = dict(options)
        names = rest.pop("names", ())
        super().with_options(rest)
        return ClassLabel(names)

    def told(self, value: Any) -> Any:
        """The name of a code."""
        known = value is not None and 0 <= value < len(self.names)
        return self.names[value] if known else value

    def __str__(self) -> str:
        """The spelling, with the first few names."""
        listed = list(map(spelled, self.names[:_NAMES_SHOWN_MAX]))
        if len(listed) < len(self.names):
            listed.append(f"… {len(self.names):,} names")
        return f"{self.name}({', '.join(listed)})" if listed else self.name

    def normalise(self, values: Any, *, column: str) -> FixedData:
        """Codes and names, mixed as they come.

        Raises:
            InvalidValueError: on an unknown name, or a code that no name has.
            DtypeError: on anything but int and str.
        """
        rows = batch(values, column=column)
        if any(issubclass(kind, str) for kind in rows.kinds):
            codes: list[Any] = [None] * len(rows.rows)
            for row, value in rows.numbered():
                codes[row] = self._code(value, row, column) if isinstance(value, str) else value
            values = codes
        data = super().normalise(values, column=column)
        self._check(data.values, column=column)
        return data

    def single(self, value: Any, *, column: str) -> FixedData | None:
        """A known code or name."""
        code = self._codes.get(value) if type(value) is str else value
        if type(code) is not int or not 0 <= code < (len(self.names) or 1 << 31):
            return None
        return super().single(code, column=column)

    def _code(self, name: str, row: int, column: str) -> int:
        code = self._codes.get(name)
        if code is not None:
            return code
        hint = did_you_mean(name, self.names)
        if not self.names:
            hint = "Declare them: deeplake.types.ClassLabel(['cat', 'dog'])."
        raise refusal(
            InvalidValueError,
            f"{shown(name)} is none of the {len(self.names)} class names",
            column=column,
            row=row,
            hint=hint,
        )

    def _check(self, codes: AnyArray, *, column: str) -> None:
        """Refuse codes without a name; NULLs hold 0 and pass."""
        count = len(self.names) or 1 << 31
        wrong = (codes < 0) | (codes >= count)
        if wrong.any():
            row = int(wrong.argmax())
            raise refusal(
                InvalidValueError,
                f"{int(codes[row])} is no class code (0 to {count - 1})",
                column=column,
                row=row,
                hint="Use None for an unlabelled row.",
            )

    def from_arrow(self, array: pa.Array, *, column: str) -> FixedData:
        """Arrow integers, or strings (also dictionary-encoded) that are class names."""
        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        if "string" in str(array.type):
            return self.normalise(array.to_pylist(), column=column)
        data = super().from_arrow(array, column=column)
        self._check(data.values, column=column)
        return data
