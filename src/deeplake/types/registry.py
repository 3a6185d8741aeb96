"""Which class each type name stands for, loaded at its first use.

One line a type; a table of an int and an emb column loads two of the files named here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from deeplake.errors import SchemaError, did_you_mean

if TYPE_CHECKING:
    from deeplake.types.base import ColumnType

# first word of a spelling -> "module:Class" of this package
HEADS: dict[str, str] = {
    "bool": "scalar:Bool",
    "int": "scalar:Int",
    "int8": "scalar:Int",
    "int16": "scalar:Int",
    "int32": "scalar:Int",
    "int64": "scalar:Int",
    "uint8": "scalar:UInt",
    "uint16": "scalar:UInt",
    "uint32": "scalar:UInt",
    "uint64": "scalar:UInt",
    "float": "scalar:Float",
    "float16": "scalar:Float",
    "float32": "scalar:Float",
    "float64": "scalar:Float",
    "decimal": "decimal:Decimal",
    "text": "text:Text",
    "json": "json:Json",
    "blob": "blob:Blob",
    "uuid": "uuid:Uuid",
    "date": "date:Date",
    "timestamp": "timestamp:Timestamp",
    "timestamptz": "timestamp:Timestamp",
    "class_label": "class_label:ClassLabel",
    "emb": "embedding:Embedding",
    "tensor": "tensor:Tensor",
    "image": "image:Image",
    "video": "video:Video",
    "audio": "audio:Audio",
    "points": "points:Points",
    "mesh": "mesh:Mesh",
    "list": "list:List",
    "struct": "struct:Struct",
}

# name in deeplake.types -> module of this package
CLASSES: dict[str, str] = {
    target.partition(":")[2]: target.partition(":")[0] for target in HEADS.values()
}


def load(head: str, rest: str = "") -> type[ColumnType]:
    """The class of a type name; imports its file the first time.

    Args:
        head: the name.
        rest: what follows it in the spelling, for the hint.

    Raises:
        SchemaError: on an unknown name, with how it is written here, or the nearest known one.

    >>> load("int8").__name__
    'Int'
    """
    if head not in HEADS:
        from deeplake.types.synonyms import written

        near = written(head, rest) or did_you_mean(head.lower(), [*HEADS, "emb-<n>"])
        raise SchemaError(f"there is no column type {head!r}.", hint=near)
    module, _, name = HEADS[head].partition(":")
    kind: type[ColumnType] = getattr(import_module(f"deeplake.types.{module}"), name)
    return kind
