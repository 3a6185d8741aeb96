"""Files that others wrote: found by path, folder or glob, on this machine or in a bucket.

Lists and reads bytes; knows nothing of what is in them. Unlike the objects of a repository they
may be called anything.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from deeplake.errors import (
    InputError,
    InvalidUrlError,
    ObjectNotFoundError,
    SourceNotFoundError,
)
from deeplake.storage.resolve import BUCKET_SCHEMES, split_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from deeplake.storage.object_store import ForeignBucket
    from deeplake.storage.store import ByteView, Store

WHOLE_BYTES_MAX = 8 << 20
"""A file in a bucket up to this size is read in one request."""

WINDOW_BYTES = 8 << 20
"""Read ahead of a larger one, unless its reader says what it needs next."""

_MAGIC = re.compile(r"[*?[]")


class SourceFile(NamedTuple):
    """One file: `name` for messages, and either a local path or a key of a bucket."""

    name: str
    size_bytes: int
    path: str
    bucket: ForeignBucket | None = None

    def open_remote(self) -> RangeFile:
        """A file object over a bucket's object."""
        assert self.bucket is not None  # a local file is opened by its path
        return RangeFile(self.bucket, self.path, self.size_bytes)


def find_files(
    url: str | os.PathLike[str], suffix: str, storage_options: Mapping[str, object] | None = None
) -> list[SourceFile]:
    """The files that `url` names, sorted by name.

    Args:
        url: a file; a folder, searched recursively for files that end in `suffix`; or a glob
            (`*`, `?`, `[…]` within a folder, `**` across). In a folder or glob, names that begin
            with '.' or '_' are left out, as every tool leaves out `_SUCCESS` and `.crc` files.
        suffix: such as '.parquet', in any case.
        storage_options: of the bucket.

    Raises:
        SourceNotFoundError: nothing there.
        InvalidUrlError: a place that holds no files.
    """
    scheme, rest = _place(url, storage_options)
    if scheme in BUCKET_SCHEMES:
        found = _in_bucket(scheme, rest, suffix, dict(storage_options or {}))
    else:
        found = _on_disk(rest, suffix)
    files = sorted(found, key=lambda file: file.name)
    if not files:
        raise SourceNotFoundError(
            f"there is no {suffix} file at {os.fspath(url)!r}.",
            hint="Pass a file, a folder or a glob such as 'data/*" + suffix + "'.",
        )
    return files


def target(
    url: str | os.PathLike[str], storage_options: Mapping[str, object] | None = None
) -> tuple[ForeignBucket | None, str]:
    """Where a file is to be written: a bucket and a key of it, or no bucket and a path.

    Raises:
        InputError, InvalidUrlError: a place that takes no file.
    """
    scheme, rest = _place(url, storage_options)
    if scheme not in BUCKET_SCHEMES:
        return None, rest
    from deeplake.storage.object_store import ForeignBucket

    name, _, key = rest.partition("/")
    if not name or not key or key.endswith("/"):
        raise InvalidUrlError(
            f"{url!r} names no object.", hint="For example 's3://my-bucket/rows.parquet'."
        )
    return ForeignBucket.at(scheme, name, dict(storage_options or {})), key


def _place(
    url: str | os.PathLike[str], storage_options: Mapping[str, object] | None
) -> tuple[str, str]:
    """(scheme, rest) of a URL of files: 'file', or the scheme of a bucket."""
    scheme, rest = split_url(url)
    if scheme not in BUCKET_SCHEMES:
        if scheme != "file":
            raise InvalidUrlError(
                f"{url!r} holds no files.", hint="Pass a path, or s3://, gs:// or az://."
            )
        if storage_options:
            raise InputError(
                f"{url!r} takes no storage options: it is on this machine.",
                hint="They are for buckets: s3://, gs:// and az://.",
            )
    return scheme, rest


def _hidden(name: str) -> bool:
    """Whether any part of a relative path is hidden; 'a=1/_b=2' are partitions, not hidden."""
    return any(
        part.startswith(".") or (part.startswith("_") and "=" not in part)
        for part in name.split("/")
    )


def _base(path: str) -> str:
    """The folder that a glob starts from; a path without a glob is its own."""
    magic = _MAGIC.search(path)
    return path if magic is None else path[: magic.start()].rpartition("/")[0]


def _on_disk(path: str, suffix: str) -> list[SourceFile]:
    if os.path.isdir(path):
        return [_local_file(name) for name in _walk(path, suffix)]
    if os.path.exists(path) or not _MAGIC.search(path):
        return [_local_file(path)] if os.path.isfile(path) else []
    import glob

    names: dict[str, None] = {}
    base = len(_base(path))
    for name in glob.glob(path, recursive=True):
        if _hidden(name[base:].strip("/")):
            continue
        if os.path.isdir(name):
            names.update(dict.fromkeys(_walk(name, suffix)))
        else:
            names[name] = None
    return [_local_file(name) for name in names]


def _walk(folder: str, suffix: str) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            inside = os.path.relpath(path, folder).replace(os.sep, "/")
            if name.lower().endswith(suffix) and not _hidden(inside):
                yield path


def _local_file(path: str) -> SourceFile:
    return SourceFile(path, os.path.getsize(path) if os.path.exists(path) else 0, path)


# --- buckets ------------------------------------------------------------------------------------


def _in_bucket(
    scheme: str, rest: str, suffix: str, storage_options: dict[str, object]
) -> Iterable[SourceFile]:
    from deeplake.storage.object_store import ForeignBucket

    name, _, path = rest.partition("/")
    if not name:
        raise InvalidUrlError(f"'{scheme}://{rest}' names no bucket.")
    bucket = ForeignBucket.at(scheme, name, storage_options)
    path = path.strip("/")
    if path and not rest.endswith("/"):
        try:
            return [_object(bucket, path, bucket.size(path))]
        except ObjectNotFoundError:
            pass  # then it is a folder
    magic, base = _MAGIC.search(path), _base(path)
    wanted = _pattern(path)
    found = []
    for info in bucket.listed(base):
        match = wanted.fullmatch(info.key)
        if match is None or _hidden(info.key[len(base) :].strip("/")):
            continue
        if (match["below"] is None and magic is not None) or info.key.lower().endswith(suffix):
            found.append(_object(bucket, info.key, info.size_bytes))
    return found


def _object(bucket: ForeignBucket, key: str, size_bytes: int) -> SourceFile:
    return SourceFile(f"{bucket.url}/{key}", size_bytes, key, bucket)


_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _pattern(path: str) -> re.Pattern[str]:
    """A glob over keys; group 'below' is what lies in a folder that it names."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^]]*\])", path)
    regex = "".join(
        _WILD.get(part) or (part.replace("[!", "[^", 1) if part[:1] == "[" else re.escape(part))
        for part in parts
    )
    try:
        return re.compile(f"{regex}(?P<below>/.*)?" if path else "(?P<below>.*)", re.DOTALL)
    except re.error as error:
        raise InvalidUrlError(f"{path!r} is no glob: {error}.") from error


class RangeFile:
    """An object of a bucket as a read-only file: a window of it is kept in memory.

    >>> from deeplake.storage.memory import MemoryStore
    >>> store = MemoryStore()
    >>> _ = store.put("a", [b"0123456789"])
    >>> file = RangeFile(store, "a", 10)
    >>> _ = file.seek(-3, 2)
    >>> bytes(file.read(2))
    b'78'
    """

    closed = False

    def __init__(self, bucket: Store, key: str, size_bytes: int) -> None:
        self._bucket = bucket
        self._key = key
        self._size = size_bytes
        self._at = 0
        self._start = 0
        self._window: ByteView = b""
        if size_bytes <= WHOLE_BYTES_MAX:
            self.load(0, size_bytes)

    def load(self, start: int, stop: int) -> None:
        """Keep bytes start:stop in memory, in place of what was; fetched in parallel."""
        stop = min(stop, self._size)
        if start < self._start or stop > self._start + len(self._window):
            self._window = b""  # before the next one is fetched: one at a time
            self._window = self._bucket.get_range(self._key, start, stop - start)
            self._start = start

    def read(self, count: int = -1) -> bytes:
        """The next `count` bytes, fewer at the end; all that are left if negative."""
        left = max(self._size - self._at, 0)
        count = left if count is None or count < 0 else min(count, left)
        if not count:
            return b""
        low = self._at - self._start
        if low < 0 or low + count > len(self._window):
            self.load(self._at, self._at + max(count, WINDOW_BYTES))
            low = 0
        self._at += count
        return bytes(self._window[low : low + count])

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; returns the new position."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def writable(self) -> bool:
        """False."""
        return False

    def close(self) -> None:
        """Let go of the window."""
        self.closed = True
        self._window = b""
