"""What a value is: one file per column type, named here and loaded at first use.

The typed forms (`Embedding(512, metric="l2")`) say what a spelling ('emb-512') cannot. This
room turns user values into `ColumnData` (base.py) and Arrow, and back; it writes nothing.

>>> from deeplake import types
>>> types.Embedding(512, dtype="float16")
<type emb-512:float16 cosine>
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from deeplake.types.registry import CLASSES

if TYPE_CHECKING:
    from deeplake.types.audio import Audio as Audio
    from deeplake.types.base import ColumnType as ColumnType
    from deeplake.types.blob import Blob as Blob
    from deeplake.types.class_label import ClassLabel as ClassLabel
    from deeplake.types.date import Date as Date
    from deeplake.types.decimal import Decimal as Decimal
    from deeplake.types.declare import parse as parse
    from deeplake.types.embedding import Embedding as Embedding
    from deeplake.types.image import Image as Image
    from deeplake.types.json import Json as Json
    from deeplake.types.list import List as List
    from deeplake.types.mesh import Mesh as Mesh
    from deeplake.types.points import Points as Points
    from deeplake.types.scalar import Bool as Bool
    from deeplake.types.scalar import Float as Float
    from deeplake.types.scalar import Int as Int
    from deeplake.types.scalar import UInt as UInt
    from deeplake.types.struct import Struct as Struct
    from deeplake.types.tensor import Tensor as Tensor
    from deeplake.types.text import Text as Text
    from deeplake.types.timestamp import Timestamp as Timestamp
    from deeplake.types.uuid import Uuid as Uuid
    from deeplake.types.video import Video as Video

_HOMES = {**CLASSES, "ColumnType": "base", "parse": "declare"}

__all__ = [
    "Audio",
    "Blob",
    "Bool",
    "ClassLabel",
    "ColumnType",
    "Date",
    "Decimal",
    "Embedding",
    "Float",
    "Image",
    "Int",
    "Json",
    "List",
    "Mesh",
    "Points",
    "Struct",
    "Tensor",
    "Text",
    "Timestamp",
    "UInt",
    "Uuid",
    "Video",
    "parse",
]


def __getattr__(name: str) -> Any:
    """Load a public name, or a module of this room, at its first use."""
    if name in _HOMES:
        value = getattr(import_module(f"deeplake.types.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    if name in _HOMES.values():
        return import_module(f"deeplake.types.{name}")
    raise AttributeError(f"module 'deeplake.types' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
