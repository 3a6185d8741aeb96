"""Triangle meshes: vertices, and faces that name three of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deeplake.errors import DtypeError, InvalidValueError
from deeplake.types.base import ColumnType, StructData, StructLayout, VarData
from deeplake.types.free_tensor import FreeTensor
from deeplake.types.rows import batch, refusal, shown

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.types.base import AnyArray, BoolArray, ColumnData


class MeshValue(NamedTuple):
    """One mesh: float32 vertices (n, 3) and int32 faces (m, 3), indices into the vertices."""

    vertices: AnyArray
    faces: AnyArray


class Mesh(ColumnType):
    """Meshes, given as a dict, a pair or an object with `vertices` and `faces` (as trimesh has).

    >>> data = Mesh().normalise([([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]])], column="m")
    >>> Mesh().values(data)[0].faces.tolist()
    [[0, 1, 2]]
    """

    name = "mesh"
    _parts = (FreeTensor("float32", (None, 3)), FreeTensor("int32", (None, 3)))
    layout = StructLayout((("vertices", _parts[0].layout), ("faces", _parts[1].layout)))

    def normalise(self, values: Any, *, column: str) -> StructData:
        """Meshes whose faces name vertices that exist.

        Raises:
            DtypeError: on a value without vertices and faces.
            DimensionError: unless both are (n, 3).
            InvalidValueError: on a face that names no vertex.
        """
        rows = batch(values, column=column)
        vertices: list[Any] = [None] * len(rows.rows)
        faces: list[Any] = [None] * len(rows.rows)
        for row, value in rows.numbered():
            vertices[row], faces[row] = _pair(value, column=column, row=row)
        children = (
            self._parts[0].normalise(vertices, column=f"{column}.vertices"),
            self._parts[1].normalise(faces, column=f"{column}.faces"),
        )
        data = StructData(len(rows.rows), children, rows.valid)
        self._check(data, column=column)
        return data

    def _check(self, data: StructData, *, column: str) -> None:
        """Refuse faces without vertices; only faces are looked at, never the vertices' bytes."""
        vertices, faces = data.children
        assert isinstance(vertices, VarData)
        counts = vertices.extras[0][:, 0].tolist()
        for row, indices in enumerate(self._parts[1].values(faces)):
            if indices is None or not indices.size:
                continue
            low, high = int(indices.min()), int(indices.max())
            if low < 0 or high >= counts[row]:
                raise refusal(
                    InvalidValueError,
                    f"a face names vertex {low if low < 0 else high} of {counts[row]}",
                    column=column,
                    row=row,
                    hint="Faces count vertices from 0.",
                )

    def cell(self, raw: Any) -> MeshValue:
        """One `MeshValue`."""
        found: MeshValue = self.values(raw)[0]
        return found

    def values(self, data: ColumnData) -> list[Any]:
        """Every row as a `MeshValue`, None where NULL."""
        assert isinstance(data, StructData)
        vertices, faces = (p.values(c) for p, c in zip(self._parts, data.children, strict=True))
        kept = [True] * data.rows if data.valid is None else data.valid.tolist()
        return [
            MeshValue(v, f) if ok and v is not None and f is not None else None
            for v, f, ok in zip(vertices, faces, kept, strict=True)
        ]

    def arrow_type(self) -> pa.DataType:
        """struct<vertices, faces> of tensors."""
        import pyarrow as pa

        parts = zip(("vertices", "faces"), self._parts, strict=True)
        return pa.struct([pa.field(name, part.arrow_type()) for name, part in parts])

    def to_arrow(self, data: ColumnData) -> pa.Array:
        """Both tensors, side by side."""
        from deeplake.types.arrow import struct_array

        assert isinstance(data, StructData)
        children = [p.to_arrow(c) for p, c in zip(self._parts, data.children, strict=True)]
        return struct_array(data.rows, children, data.valid, self.arrow_type())

    def from_arrow(self, array: pa.Array, *, column: str) -> StructData:
        """A struct with vertices and faces."""
        import pyarrow as pa

        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        valid = arrow.validity(array)
        if pa.types.is_null(array.type):
            return self.normalise([None] * len(array), column=column)
        names = [field.name for field in array.type] if pa.types.is_struct(array.type) else []
        if set(names) != {"vertices", "faces"}:
            raise refusal(DtypeError, f"Arrow {array.type} is no mesh", column=column)
        found = dict(zip(names, array.flatten(), strict=True))
        children = (
            self._parts[0].from_arrow(found["vertices"], column=f"{column}.vertices"),
            self._parts[1].from_arrow(found["faces"], column=f"{column}.faces"),
        )
        for name, child in zip(("vertices", "faces"), children, strict=True):
            lacking = _absent(child.valid, valid)
            if lacking is not None:
                detail = f"the mesh has no {name}"
                raise refusal(InvalidValueError, detail, column=column, row=lacking)
        data = StructData(len(array), children, valid)
        self._check(data, column=column)
        return data


def _absent(part: BoolArray | None, whole: BoolArray | None) -> int | None:
    """The first row that is there as a whole but lacks this part."""
    if part is None:
        return None
    lacking = ~part if whole is None else ~part & whole
    return int(lacking.argmax()) if lacking.any() else None


def _pair(value: Any, *, column: str, row: int) -> tuple[Any, Any]:
    if isinstance(value, dict) and value.keys() == {"vertices", "faces"}:
        pair = (value["vertices"], value["faces"])
    elif hasattr(value, "vertices") and hasattr(value, "faces"):
        pair = (np.asarray(value.vertices), np.asarray(value.faces))
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        pair = (value[0], value[1])
    else:
        pair = (None, None)
    if pair[0] is None or pair[1] is None:
        raise refusal(
            DtypeError,
            f"{shown(value)} is no mesh",
            column=column,
            row=row,
            hint="Give {'vertices': …, 'faces': …} or a pair of both.",
        )
    return pair
