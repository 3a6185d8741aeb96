"""Names of types in CREATE TABLE -> column types, and what SQL has to remember of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deeplake.errors import QueryError, UnsupportedQueryError
from deeplake.sql.parse import inner, names
from deeplake.sql.typenames import kind_of_type
from deeplake.types import declare
from deeplake.types.named import NamedTuple

if TYPE_CHECKING:
    from deeplake.query.kinds import Kind

_SERIALS = {
    "smallserial": "int16",
    "serial2": "int16",
    "serial": "int32",
    "serial4": "int32",
    "bigserial": "int64",
    "serial8": "int64",
}
_PLAIN = {
    "bool": "bool",
    "int2": "int16",
    "int4": "int32",
    "int8": "int64",
    "float4": "float32",
    "float8": "float64",
    "text": "text",
    "name": "text",
    "varchar": "text",
    "bpchar": "text",
    "bytea": "blob",
    "json": "json",
    "jsonb": "json",
    "uuid": "uuid",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "image": "image",
    "video": "video",
    "audio": "audio",
}
_OURS = frozenset(("uint8", "uint16", "uint32", "uint64", "points", "mesh"))
"""Types of columns whose names mean nothing else in SQL."""

_REMEMBERED = frozenset(("varchar", "bpchar", "json"))
"""Kinds that are stored as another type."""

NUMERIC_STORED = (38, 10)
"""Digits of a numeric without modifiers, as the engine computes with it."""


class Declared(NamedTuple):
    """A column type's spelling, the kind to remember, and whether it counts by itself."""

    spelling: str
    kind: tuple[Any, ...] | None = None
    serial: bool = False


def declared_type(node: Any) -> Declared:
    """What a TypeName node declares.

    Raises:
        UnsupportedQueryError: no column type holds it.
        QueryError: 22023, its modifiers make no sense; 42704 there is no such type.
    """
    name = names(node.names)[-1]
    if name in _SERIALS:
        return Declared(_SERIALS[name], None, serial=True)
    if name == "tensor":
        return Declared(_listed(node, _tensor(node)))
    if name in ("vector", "halfvec"):
        return Declared(_listed(node, _vector(node, name)))
    if name == "class_label":
        if not node.typmods:
            raise QueryError(
                "a column of type class_label needs the names of its classes.",
                hint="For example class_label(cat, dog).",
                sqlstate="22023",
            )
        labels = ", ".join(declare.spelled(_word(item)) for item in node.typmods)
        return Declared(_listed(node, f"class_label({labels})"))
    if name in _OURS and not node.typmods:
        return Declared(_listed(node, name))
    kind = kind_of_type(node)
    element = kind
    while element.element is not None:
        element = element.element
    remembered = None
    if kind.element is None and kind.name in _REMEMBERED:
        remembered = (kind.name, *kind.modifiers)
    return Declared(_listed(node, spelling_of(element)), remembered)


def spelling_of(kind: Kind) -> str:
    """The column type that holds values of a kind.

    Raises:
        UnsupportedQueryError: none does.
    """
    if kind.element is not None:
        return f"list<{spelling_of(kind.element)}>"
    if kind.name == "numeric":
        precision, scale = (*kind.modifiers, 0)[:2] if kind.modifiers else NUMERIC_STORED
        return f"decimal({precision},{scale})"
    if kind.name in ("vector", "halfvec") and kind.modifiers:
        return f"emb-{kind.modifiers[0]}" + (":float16" if kind.name == "halfvec" else "")
    found = _PLAIN.get(kind.name)
    if found is None:
        raise UnsupportedQueryError(f"a column of type {kind} is not supported.")
    return found


def _listed(node: Any, spelling: str) -> str:
    return f"list<{spelling}>" if node.array_bounds else spelling


def _vector(node: Any, name: str) -> str:
    if len(node.typmods) != 1:
        raise QueryError(
            f"a column of type {name} needs its number of dimensions.",
            hint=f"For example {name}(512).",
            sqlstate="22023",
        )
    dimensions = _number(node.typmods[0], name)
    if dimensions < 1:
        raise QueryError(
            f"dimensions of type {name} must be at least 1, not {dimensions}.", sqlstate="22023"
        )
    return f"emb-{dimensions}" + (":float16" if name == "halfvec" else "")


def _tensor(node: Any) -> str:
    """tensor(float32, 3, 224, 224); '*' is a free axis, and without any all are free."""
    if not node.typmods:
        raise QueryError(
            "a column of type tensor needs its element type and shape.",
            hint="For example tensor(float32, 3, 224, 224); '*' is a free axis.",
            sqlstate="22023",
        )
    element = _word(node.typmods[0])
    axes = []
    for item in node.typmods[1:]:
        kind, value = inner(item)
        free = kind == "a_const" and value.WhichOneof("val") == "sval" and value.sval.sval == "*"
        axes.append("*" if free else str(_number(item, "tensor")))
    return f"{element}[{','.join(axes) or '...'}]"


def _number(node: Any, name: str) -> int:
    kind, value = inner(node)
    if kind != "a_const" or value.WhichOneof("val") != "ival":
        raise QueryError(f"type modifiers of {name} must be whole numbers.", sqlstate="22023")
    return int(value.ival.ival)


def _word(node: Any) -> str:
    kind, value = inner(node)
    if kind == "column_ref" and len(value.fields) == 1:
        return str(value.fields[0].string.sval)
    if kind == "a_const" and value.WhichOneof("val") == "sval":
        return str(value.sval.sval)
    raise QueryError("a word or a text is needed as type modifier.", sqlstate="22023")
