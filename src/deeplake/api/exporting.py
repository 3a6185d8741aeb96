"""Rows of a dataset or view as Arrow and as Parquet files; see `Exported`."""

from __future__ import annotations

import errno
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from deeplake import settings
from deeplake.api.column import Column
from deeplake.api.positions import within
from deeplake.errors import InputError
from deeplake.query.result import cuts
from deeplake.storage.failures import store_error
from deeplake.storage.sources import target
from deeplake.types.declare import to_json
from deeplake.types.infer import FIELD_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from deeplake.api.session import Session
    from deeplake.storage.object_store import ForeignBucket
    from deeplake.types.base import ColumnData, ColumnType

    Positions = npt.NDArray[Any]

GROUP_ROWS_MAX = 1 << 20
"""Rows of a group of a Parquet file, as its other writers have them."""

UPLOADED_BYTES = 1 << 20
"""Read at once of a file on its way to a bucket."""


class Rows(Protocol):
    """Rows that are written elsewhere: how many, of which types, and their values by column."""

    @property
    def rows(self) -> int:
        """How many."""

    @property
    def types(self) -> Mapping[str, ColumnType]:
        """Column -> type, in order."""

    def data(self, column: str, rows: range) -> ColumnData:
        """A column of some rows."""

    def sizes(self, rows: range, columns: Sequence[str] | None = None) -> Positions:
        """Bytes of some rows, about."""


class SessionRows:
    """Rows of a session's table: all, or those at some positions."""

    def __init__(self, session: Session, places: range | Positions | None) -> None:
        session = session.pinned()
        names = session.columns.names if session.defined else ()
        self._columns = {name: Column(session, name, places) for name in names}
        self._session = session
        self._places = range(session.rows) if places is None else places
        self.rows = len(self._places)
        self.types = {name: column.type for name, column in self._columns.items()}

    def data(self, column: str, rows: range) -> ColumnData:
        """See `Rows.data`."""
        return self._columns[column].data(slice(rows.start, rows.stop))

    def sizes(self, rows: range, columns: Sequence[str] | None = None) -> Positions:
        """See `Rows.sizes`."""
        places = np.asarray(within(self._places, rows), np.int64)
        view, found = self._session.view(), np.zeros(len(rows), np.int64)
        for name in self.types if columns is None else columns:
            found += view.sizes(name, places)
        return found


def arrow(source: Rows, rows: range) -> pa.Table:
    """Some rows, with the column types in the fields."""
    import pyarrow as pa

    arrays = [type_.to_arrow(source.data(name, rows)) for name, type_ in source.types.items()]
    fields = [
        pa.field(name, array.type, metadata={FIELD_KEY: json.dumps(to_json(type_))})
        for (name, type_), array in zip(source.types.items(), arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def groups(source: Rows, columns: Sequence[str] | None = None) -> Iterator[range]:
    """Rows in runs that are held at once, counting all columns or some."""
    for low in range(0, source.rows, GROUP_ROWS_MAX):
        rows = range(low, min(low + GROUP_ROWS_MAX, source.rows))
        for first, end in cuts(source.sizes(rows, columns), settings.QUERY_FETCH_BYTES_MAX):
            yield range(low + first, low + end)


# --- files ----------------------------------------------------------------------------------------


def write_parquet(
    source: Rows, path: Any, storage_options: Mapping[str, object] | None = None
) -> None:
    """See `Exported.to_parquet`."""
    import pyarrow.parquet as pq

    schema = arrow(source, range(0)).schema
    with replacing(path, storage_options) as place:
        with said(path):
            file = pq.ParquetWriter(place, schema)
        try:
            for rows in groups(source):
                table = arrow(source, rows)
                with said(path):
                    file.write_table(table)
        finally:
            with said(path):
                file.close()


@contextmanager
def replacing(path: Any, storage_options: Mapping[str, object] | None = None) -> Iterator[Any]:
    """A place beside a file, which takes the file's once all went well."""
    if hasattr(path, "write") and not storage_options:
        yield path
        return
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"a Parquet file is written to a path, not {path!r}.")
    name = os.fsdecode(path)
    if "://" in name or storage_options:
        bucket, name = target(name, storage_options)
        if bucket is not None:
            with _uploaded(path, bucket, name) as file:
                yield file
            return
    name = os.path.realpath(name) if os.path.islink(name) else name
    if os.path.isdir(name):
        raise InputError(f"cannot write {name!r}: it is a folder.", hint="Name a file in it.")
    if os.path.exists(name) and not os.path.isfile(name):
        yield name  # a pipe or a device: written as it is
        return
    beside = f"{name}.{os.urandom(4).hex()}.part"
    try:
        yield beside
        with said(path):
            os.replace(beside, name)
    except BaseException:
        if os.path.exists(beside):
            os.remove(beside)
        raise


@contextmanager
def _uploaded(path: Any, bucket: ForeignBucket, key: str) -> Iterator[Any]:
    """A temporary file, which becomes an object once all went well."""
    import tempfile

    try:
        with said(path):
            made = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, its opening told apart
        with made as file:
            yield file
            with said(path):
                file.seek(0)
                bucket.put(key, iter(lambda: file.read(UPLOADED_BYTES), b""))
    finally:
        bucket.close()


@contextmanager
def said(path: Any) -> Iterator[None]:
    """What the system says against a file, as an error of ours."""
    try:
        yield
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Any, error: OSError) -> Exception:
    name = os.fsdecode(path) if isinstance(path, str | os.PathLike) else repr(path)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        folder = os.path.dirname(name) or "."
        why = f"there is no folder {folder!r}"
        return InputError(f"cannot write {name!r}: {why}.", hint="Make its folder first.")
    made = store_error(error, "write", name, os.path.dirname(name) or ".")
    made.message = f"cannot write {name!r}: {os.strerror(error.errno or 0)}."
    made.args = (made.message,)
    return made
