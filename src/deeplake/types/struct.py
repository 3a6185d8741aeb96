"""Structs: named fields of other types, one row of each a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import DtypeError, InvalidValueError, SchemaError, did_you_mean
from deeplake.types.base import ColumnType, StructData, StructLayout
from deeplake.types.declare import spelled
from deeplake.types.nesting import depth_of
from deeplake.types.rows import batch, refusal, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

    from deeplake.types.base import ColumnData


class Struct(ColumnType):
    """A dict a row. A missing field is NULL, an unknown one is refused.

    Args:
        fields: name -> type (a spelling or a `ColumnType`), in their order.

    >>> Struct({"box": "float32[4]", "label": "text"})
    <type struct<box: float32[4], label: text>>
    """

    layout: StructLayout

    def __init__(self, fields: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        from deeplake.types.declare import parse

        pairs = list(fields.items()) if hasattr(fields, "items") else list(fields)
        if not pairs:
            raise SchemaError("a struct needs at least one field.")
        self.fields: dict[str, ColumnType] = {}
        for name, spec in pairs:
            if not isinstance(name, str) or not name:
                raise SchemaError(f"a field name is a non-empty str, got {name!r}.")
            if name in self.fields:
                raise SchemaError(f"the field {name!r} occurs twice in a struct.")
            self.fields[name] = parse(spec)
        self.depth = 1 + max(depth_of(type_) for type_ in self.fields.values())
        inner = ", ".join(f"{spelled(n)}: {t.name}" for n, t in self.fields.items())
        self.name = f"struct<{inner}>"
        self.layout = StructLayout(tuple((n, t.layout) for n, t in self.fields.items()))

    @classmethod
    def from_spelling(cls, head: str, arguments: tuple[Any, ...]) -> Struct:
        """'struct<a: int, b: text>'."""
        if not arguments:
            raise SchemaError(f"{head!r} needs fields.", hint="Write 'struct<a: int, b: text>'.")
        return cls(arguments)

    def options(self) -> dict[str, Any]:
        """The options of those fields that have any."""
        given = {name: type_.options() for name, type_ in self.fields.items()}
        given = {name: options for name, options in given.items() if options}
        return {"fields": given} if given else {}

    def with_options(self, options: dict[str, Any]) -> ColumnType:
        """Inverse of `options`."""
        rest = dict(options)
        given = rest.pop("fields", {})
        super().with_options(rest)
        unknown = set(given) - set(self.fields)
        if unknown:
            raise SchemaError(f"type {self.name!r} has no field {min(unknown)!r}.")
        return Struct({n: t.with_options(given.get(n, {})) for n, t in self.fields.items()})

    def normalise(self, values: Any, *, column: str) -> StructData:
        """Dicts.

        Raises:
            DtypeError: on anything but a dict.
            InvalidValueError: on an unknown field, and whatever a field's type raises.
        """
        rows = batch(values, column=column)
        whole: list[dict[Any, Any]] = [{}] * len(rows.rows)
        for row, value in rows.numbered():
            if not isinstance(value, dict):
                raise refusal(
                    DtypeError,
                    f"{shown(value)} is no dict",
                    column=column,
                    row=row,
                    hint=f"Give one with the fields {', '.join(self.fields)}.",
                )
            if not value.keys() <= self.fields.keys():
                unknown = next(key for key in value if key not in self.fields)
                raise refusal(
                    InvalidValueError,
                    f"there is no field {unknown!r}",
                    column=column,
                    row=row,
                    hint=did_you_mean(str(unknown), self.fields),
                )
            whole[row] = value
        children = tuple(
            type_.normalise([value.get(name) for value in whole], column=f"{column}.{name}")
            for name, type_ in self.fields.items()
        )
        return StructData(len(rows.rows), children, rows.valid)

    def cell(self, raw: Any) -> dict[str, Any]:
        """One dict with every field."""
        found: dict[str, Any] = self.values(raw)[0]
        return found

    def values(self, data: ColumnData) -> list[Any]:
        """Every row as a dict with every field, None where NULL."""
        assert isinstance(data, StructData)
        columns = [
            type_.values(child)
            for type_, child in zip(self.fields.values(), data.children, strict=True)
        ]
        rows: list[Any] = [
            dict(zip(self.fields, row, strict=True)) for row in zip(*columns, strict=True)
        ]
        if data.valid is None:
            return rows
        return [row if ok else None for row, ok in zip(rows, data.valid.tolist(), strict=True)]

    def told(self, value: Any) -> Any:
        """Each field as its type tells it."""
        if value is None:
            return None
        return {name: self.fields[name].told(one) for name, one in value.items()}

    def arrow_type(self) -> pa.DataType:
        """A struct of the fields' Arrow types."""
        import pyarrow as pa

        return pa.struct([pa.field(n, t.arrow_type()) for n, t in self.fields.items()])

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """The fields' arrays, side by side."""
        from deeplake.types.arrow import struct_array

        assert isinstance(data, StructData)
        pairs = zip(self.fields.values(), data.children, strict=True)
        children = [type_.to_arrow(child) for type_, child in pairs]
        return struct_array(data.rows, children, data.valid, self.arrow_type())

    def from_arrow(self, array: pa.Array, *, column: str) -> StructData:
        """An Arrow struct; fields are found by name, missing ones are NULL.

        Raises:
            DtypeError: on anything but a struct, or one with unknown fields.
        """
        import pyarrow as pa

        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        valid = arrow.validity(array)
        found: dict[str, pa.Array] = {}
        if pa.types.is_struct(array.type):
            names = [field.name for field in array.type]
            found = dict(zip(names, array.flatten(), strict=True))
        elif not pa.types.is_null(array.type):
            raise refusal(DtypeError, f"Arrow {array.type} is no struct", column=column)
        unknown = [name for name in found if name not in self.fields]
        if unknown:
            raise refusal(
                DtypeError,
                f"there is no field {unknown[0]!r}",
                column=column,
                hint=did_you_mean(unknown[0], self.fields),
            )
        children = tuple(
            type_.from_arrow(found[name], column=f"{column}.{name}")
            if name in found
            else type_.normalise([None] * len(array), column=f"{column}.{name}")
            for name, type_ in self.fields.items()
        )
        return StructData(len(array), children, valid)
