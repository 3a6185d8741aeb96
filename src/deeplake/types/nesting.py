"""How deep types nest: the one limit that list and struct share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeplake import settings
from deeplake.errors import SchemaError

if TYPE_CHECKING:
    from deeplake.types.base import ColumnType


def depth_of(type_: ColumnType) -> int:
    """How deep lists and structs are nested in a type.

    Raises:
        SchemaError: beyond `settings.TYPE_DEPTH_MAX`, counting one more around it.
    """
    depth: int = getattr(type_, "depth", 0)
    if depth >= settings.TYPE_DEPTH_MAX:
        raise SchemaError(f"a type is nested deeper than {settings.TYPE_DEPTH_MAX}.")
    return depth
