"""Encoded media payloads: what image, video and audio columns share.

A payload is kept byte for byte as given; what is known of it (shape, codec) stands beside it as
extras, so that queries need no payload. Looks into no format: each type probes its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deeplake.errors import DependencyError, DtypeError, MediaError
from deeplake.loading import later
from deeplake.types.variable import Variable, check_size, raw_bytes, var_data

if TYPE_CHECKING:
    import pyarrow as pa

    from deeplake.types import rows as given
    from deeplake.types import source
    from deeplake.types.base import ColumnData, VarData
else:
    source = later("deeplake.types.source")
    given = later("deeplake.types.rows")

Facts = tuple[Any, ...]
"""One value per extra of the layout, as a probe found them."""


class Media(Variable):
    """Rows of encoded files with facts about each."""

    def probe(self, payload: bytes, *, column: str, row: int) -> Facts:
        """The facts of one payload, read from its header.

        Raises:
            MediaError: if it is no medium of this column.
        """
        raise NotImplementedError

    def encode(self, value: Any, *, column: str, row: int) -> bytes | None:
        """A decoded value (array, PIL image) as a payload; None if there is no such form."""
        del value, column, row
        return None

    def normalise(self, values: Any, *, column: str) -> VarData:
        """Encoded bytes, local paths (str or PathLike), open files, or decoded values.

        Raises:
            MediaError: on bytes that are no medium of this column.
            SourceNotFoundError: on a path that cannot be read.
            DtypeError: on a value of another kind.
            ValueTooLargeError: over the size limit.
        """
        rows = given.batch(values, column=column)
        payloads: list[bytes] = []
        facts: list[Facts] = []
        for row, value in rows.numbered():
            payload = None if type(value) is bytes else self.encode(value, column=column, row=row)
            if payload is None:
                payload = source.payload_of(value, column=column, row=row)
            else:
                check_size(len(payload), column=column, row=row)
            if payload is None:
                raise given.refusal(
                    DtypeError,
                    f"{given.shown(value)} is no {self.name}",
                    column=column,
                    row=row,
                    hint="Give encoded bytes, a path or an open file.",
                )
            facts.append(self.probe(payload, column=column, row=row))
            payloads.append(payload)
        return var_data(payloads, rows.valid, self._extras(facts))

    def single(self, value: Any, *, column: str) -> VarData | None:
        """Encoded bytes."""
        if type(value) is not bytes:
            return None
        check_size(len(value), column=column, row=0)
        facts = self.probe(value, column=column, row=0)
        return var_data([value], None, self._extras([facts]))

    def _extras(self, facts: list[Facts]) -> tuple[Any, ...]:
        if not facts:
            return tuple([
                np.zeros((0, extra.width) if extra.width else 0, extra.dtype)
                for extra in self.layout.extras
            ])  # fmt: skip
        return tuple([
            np.array(values, extra.dtype)
            for extra, values in zip(self.layout.extras, zip(*facts, strict=True), strict=True)
        ])  # fmt: skip

    def encoded(self, data: ColumnData) -> list[bytes | None]:
        """The stored bytes of every row, None where NULL."""
        from deeplake.types.data import var_rows

        rows = var_rows(data)  # type: ignore[arg-type]
        kept = [True] * len(rows) if data.valid is None else data.valid.tolist()
        return [raw_bytes(row) if ok else None for row, ok in zip(rows, kept, strict=True)]

    def from_arrow(self, array: pa.Array, *, column: str) -> VarData:
        """Binary payloads, paths as strings, or struct<bytes, path> as Hugging Face writes it."""
        import pyarrow as pa

        from deeplake.types import arrow

        array = arrow.plain(array, column=column)
        is_ = pa.types
        if is_.is_struct(array.type) and array.type.get_field_index("bytes") >= 0:
            return self.normalise([_source(row) for row in array.to_pylist()], column=column)
        if "string" in str(array.type):
            return self.normalise(array.to_pylist(), column=column)
        data = arrow.var_data(array, column=column, text=False)
        return self.normalise(self.encoded(data), column=column)


def _source(row: dict[str, Any] | None) -> Any:
    if row is None:
        return None
    return row["bytes"] if row["bytes"] is not None else row.get("path")


def not_media(
    kind: str, payload: bytes, why: str, *, column: str, row: int | None = None
) -> MediaError:
    """The error for bytes that do not hold what their column does."""
    return given.refusal(
        MediaError,
        f"{len(payload):,} bytes starting with {payload[:8]!r} are no {kind} we can read ({why})",
        column=column,
        row=row,
        hint="Store other bytes in a blob column.",
    )


def needs(package: str, what: str, error: ImportError) -> DependencyError:
    """The error for a decoder that is not installed."""
    return DependencyError(
        f"{what} needs the package {package!r}, which is not installed ({error}).",
        hint="pip install 'deeplake[media]'",
    )
