"""Arrow types to column types, chosen so that no value is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake import settings
from deeplake.errors import SchemaError
from deeplake.types.arrow import number_dtype
from deeplake.types.decimal import PRECISION_MAX
from deeplake.types.declare import parse

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.types.base import ColumnType

_EXTENSIONS = {"arrow.uuid": "uuid", "arrow.json": "json"}


def of_arrow(type_: pa.DataType) -> ColumnType:
    """The column type of an Arrow type.

    Raises:
        SchemaError: naming the Arrow type, if none fits.
    """
    import pyarrow as pa

    is_ = pa.types
    if isinstance(type_, pa.BaseExtensionType):
        return _of_extension(type_)
    if is_.is_dictionary(type_) or is_.is_run_end_encoded(type_):
        return of_arrow(type_.value_type)
    number = number_dtype(type_)
    if number is not None:
        return parse(number.name)
    if is_.is_string(type_) or is_.is_large_string(type_) or is_.is_string_view(type_):
        return parse("text")
    if is_.is_decimal(type_):
        if 0 <= type_.scale <= type_.precision <= PRECISION_MAX:
            return parse(f"decimal({type_.precision},{type_.scale})")
    elif is_.is_date(type_):
        return parse("date")
    elif is_.is_timestamp(type_):
        return parse("timestamp" if type_.tz is None else "timestamptz")
    elif is_.is_fixed_size_list(type_):
        return _of_fixed_lists(type_)
    elif is_.is_struct(type_):
        return _of_struct(type_)
    elif is_.is_map(type_):
        fields = (("key", of_arrow(type_.key_type)), ("value", of_arrow(type_.item_type)))
        return _list(_struct(fields))
    elif hasattr(type_, "value_type"):  # lists and list views of either width
        return _list(of_arrow(type_.value_type))
    elif "binary" in str(type_):
        return parse("blob")
    raise _none_fits(type_)


def _of_extension(type_: pa.BaseExtensionType) -> ColumnType:
    import pyarrow as pa

    if isinstance(type_, pa.FixedShapeTensorType):
        shape = tuple(type_.shape)
        if type_.permutation is not None:
            shape = tuple(shape[axis] for axis in type_.permutation)
        dtype = number_dtype(type_.value_type)
        if dtype is None:
            raise _none_fits(type_)
        return parse(f"{dtype.name}[{','.join(map(str, shape))}]")
    known = _EXTENSIONS.get(type_.extension_name)
    return parse(known) if known is not None else of_arrow(type_.storage_type)


def _of_fixed_lists(type_: pa.DataType) -> ColumnType:
    """An emb for one level of float16 or float32, a tensor for other numbers, else a list."""
    import pyarrow as pa

    shape, inner = [], type_
    while pa.types.is_fixed_size_list(inner):
        shape.append(inner.list_size)
        inner = inner.value_type
    dtype = number_dtype(inner)
    if dtype is None or 0 in shape:
        return _list(of_arrow(type_.value_type))
    short = len(shape) == 1 and shape[0] <= settings.EMBEDDING_LENGTH_MAX
    if short and dtype.name in ("float16", "float32"):
        return parse(f"emb-{shape[0]}" + (":float16" if dtype.name == "float16" else ""))
    return parse(f"{dtype.name}[{','.join(map(str, shape))}]")


def _of_struct(type_: pa.DataType) -> ColumnType:
    fields = {field.name: field.type for field in type_}
    if len(fields) < type_.num_fields or not fields:
        raise _none_fits(type_)
    return _struct(tuple((name, of_arrow(inner)) for name, inner in fields.items()))


def _list(child: ColumnType) -> ColumnType:
    from deeplake.types.list import List

    return List(child)


def _struct(fields: tuple[tuple[str, ColumnType], ...]) -> ColumnType:
    from deeplake.types.struct import Struct

    return Struct(fields)


def _none_fits(type_: pa.DataType) -> SchemaError:
    return SchemaError(
        f"no column type holds Arrow {type_} without loss.",
        hint="Cast it first, or declare the column.",
    )
