"""Parquet files -> Arrow batches of bounded size, with the place that each row came from.

Reads every footer first, so that a file that is no Parquet, or has columns it should not have, is
refused before any row is staged. Knows no table and stages nothing.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake import settings
from deeplake.errors import (
    ColumnNotFoundError,
    DeeplakeError,
    InputError,
    SchemaError,
    SourceNotFoundError,
    StorePermissionError,
    did_you_mean,
)
from deeplake.storage.sources import find_files

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import pyarrow as pa
    import pyarrow.parquet as pq

    from deeplake.storage.sources import RangeFile, SourceFile
    from deeplake.types.base import ColumnType

BATCH_BYTES = 16 << 20
"""Decoded size of a batch, about: 4 of them are alive at a time."""

BATCH_ROWS_MAX = 65_536

BUFFER_BYTES = 1 << 20
"""A column of a local file is read through a buffer, so that no row group is held whole."""

LOAD_BYTES_MAX = 256 << 20
"""A row group in a bucket is fetched at once, in parallel, up to this size."""

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


class ParquetFile(NamedTuple):
    """One file with its footer. `names` leaves out the unnamed index that pandas writes."""

    source: SourceFile
    footer: pq.FileMetaData
    schema: pa.Schema
    names: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows."""
        return int(self.footer.num_rows)


class Part(NamedTuple):
    """Some rows: `first` is the position of the first of them in the file."""

    file: str
    first: int
    batch: pa.RecordBatch


def open_files(
    url: str | os.PathLike[str],
    storage_options: Mapping[str, object] | None = None,
    *,
    keep_index: Collection[str] = (),
) -> list[ParquetFile]:
    """The Parquet files that `url` names, their footers read.

    Args:
        url: a file, folder or glob, local or in a bucket; see `find_files`.
        storage_options: of the bucket.
        keep_index: columns named like an index of pandas that are columns all the same.

    Raises:
        SourceNotFoundError: there is none.
        InputError: one is not Parquet.
    """
    files = find_files(url, ".parquet", storage_options)
    if files[0].bucket is None or len(files) == 1:
        return [_open(file, keep_index) for file in files]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(len(files), settings.REQUEST_THREADS)) as pool:
        return list(pool.map(lambda file: _open(file, keep_index), files))


def _open(file: SourceFile, keep_index: Collection[str]) -> ParquetFile:
    with _reading(file.name), _parquet(file) as (opened, _):
        schema, footer = opened.schema_arrow, opened.metadata
    seen: set[str] = set()
    for name in schema.names:
        if name in seen:
            raise InputError(f"{file.name} has two columns named {name!r}.", hint="Rename one.")
        seen.add(name)
    names = tuple(n for n in schema.names if n in keep_index or not _PANDAS_INDEX.fullmatch(n))
    if not names:
        raise InputError(f"{file.name} has no columns.")
    return ParquetFile(file, footer, schema, names)


@contextmanager
def _parquet(file: SourceFile, footer: Any = None) -> Iterator[tuple[Any, RangeFile | None]]:
    """The file opened, and the window through which Arrow sees it if it lies in a bucket."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    remote = None if file.bucket is None else file.open_remote()
    with pa.OSFile(file.path) if remote is None else pa.PythonFile(remote) as stream:
        yield (
            pq.ParquetFile(
                stream,
                metadata=footer,
                buffer_size=BUFFER_BYTES if remote is None else 0,
                pre_buffer=False,  # else a row group is held whole: 588 MB of 600 MB, now 64
                page_checksum_verification=True,
            ),
            remote,
        )


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """What Arrow and the system say about a file, as one of our errors that names it."""
    import pyarrow as pa

    try:
        yield
    except DeeplakeError:
        raise
    except FileNotFoundError as error:
        raise SourceNotFoundError(f"{name} is not there any more.") from error
    except PermissionError as error:
        raise StorePermissionError(
            f"{name} may not be read: {error.strerror or error}.", hint="Check its permissions."
        ) from error
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(
            f"{name} cannot be read as Parquet: {reason[:300]}.",
            hint="Check that the file is whole and is Parquet.",
        ) from error


# --- schemas ------------------------------------------------------------------------------------


def check_columns(files: Sequence[ParquetFile], known: Collection[str]) -> None:
    """Refuse a file with a column that the table does not have.

    Raises:
        ColumnNotFoundError: naming file and column.
    """
    for file in files:
        for name in file.names:
            if name not in known:
                raise ColumnNotFoundError(
                    f"{file.source.name} has a column {name!r}, which the table does not.",
                    hint=did_you_mean(name, known),
                )


def infer_schema(files: Sequence[ParquetFile], types: Mapping[str, Any]) -> dict[str, Any]:
    """Column name -> type: as `types` says, else what fits the files' own types without loss.

    A column has the widest of its types over all files.

    Raises:
        ColumnNotFoundError: `types` names a column that no file has.
        SchemaError: a column whose types do not go together, or that no column type holds.
    """
    fields: dict[str, list[tuple[str, pa.Field]]] = {}
    for file in files:
        for name in file.names:
            fields.setdefault(name, []).append((file.source.name, file.schema.field(name)))
    for name in types:
        if name not in fields:
            raise ColumnNotFoundError(
                f"types names a column {name!r}, which no file has.",
                hint=did_you_mean(name, fields),
            )
    return {n: types[n] if n in types else _infer(n, found) for n, found in fields.items()}


def _infer(name: str, found: list[tuple[str, pa.Field]]) -> ColumnType:
    import pyarrow as pa

    from deeplake.types.infer import infer_arrow

    declare = f"Say what it is: types={{{name!r}: 'text'}}."
    field = found[0][1].with_nullable(True)
    for file, other in found[1:]:
        if other.type == field.type:
            continue
        try:
            pair = [pa.schema([field]), pa.schema([other.with_nullable(True)])]
            field = pa.unify_schemas(pair, promote_options="permissive").field(0)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise SchemaError(
                f"column {name!r} is {other.type} in {file}, but {field.type} in {found[0][0]}.",
                hint=declare,
            ) from error
    try:
        return infer_arrow(field.type, field)
    except SchemaError as error:
        raise SchemaError(f"column {name!r}: {error.message}", hint=declare) from error


# --- rows ---------------------------------------------------------------------------------------


def parts(files: Sequence[ParquetFile]) -> Iterator[Part]:
    """The rows of all files in order, a batch of about 16 MiB at a time.

    Raises:
        InputError: a file that is damaged.
    """
    for file in files:
        first = 0
        for batch in _batches(file):
            yield Part(file.source.name, first, batch)
            first += batch.num_rows
        if first != file.rows:
            raise InputError(f"{file.source.name} has {first} rows, but says {file.rows}.")


def _batches(file: ParquetFile) -> Iterator[pa.RecordBatch]:
    with _reading(file.source.name), _parquet(file.source, file.footer) as (opened, remote):
        for k in range(file.footer.num_row_groups):
            group = file.footer.row_group(k)
            if not group.num_rows:
                continue
            if remote is not None:
                _load(remote, group)
            row_bytes = max(group.total_byte_size // group.num_rows, 1)
            rows = min(max(BATCH_BYTES // row_bytes, 1), BATCH_ROWS_MAX)
            for batch in opened.iter_batches(rows, row_groups=[k], use_threads=False):
                yield batch.select(file.names)


def _load(remote: RangeFile, group: pq.RowGroupMetaData) -> None:
    """Fetch a row group's bytes ahead, if they are not too many to hold."""
    chunks = [group.column(k) for k in range(group.num_columns)]
    starts = [
        min(c.dictionary_page_offset, c.data_page_offset)
        if c.has_dictionary_page
        else c.data_page_offset
        for c in chunks
    ]
    stops = [s + c.total_compressed_size for s, c in zip(starts, chunks, strict=True)]
    if 0 <= min(starts) < max(stops) <= min(starts) + LOAD_BYTES_MAX:
        remote.load(min(starts), max(stops))
