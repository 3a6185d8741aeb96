"""The disk tier of the read cache: pages as files of one folder, shared by processes.

A page is only ever missing or right: its file carries a checksum over name and bytes, and one
that is torn, damaged or misplaced is dropped. Knows no store and fetches nothing. A full or
broken disk makes it useless, never wrong, and never fails a read.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from hashlib import blake2b
from typing import TYPE_CHECKING

import google_crc32c

from deeplake.storage import disk
from deeplake.storage.failures import store_error

if TYPE_CHECKING:
    from collections.abc import Iterator

DISK_BYTES_MAX = 16 << 30
"""Size of the folder unless told otherwise."""

ROOM_SHARE = 0.9
"""Making room stops at this share of the limit, so that it is not needed at every page."""

RESCAN_SHARE = 0.05
"""The folder is measured again after writing this share of the limit: others write as well."""

TEMP_AGE_S_MAX = 3_600.0
"""A temporary file this old belongs to a process that died."""

_HEADER = struct.Struct("<8sII")  # magic, crc32c of name, page and bytes, length
_MAGIC = b"dlpage1\n"


class DiskPages:
    """Pages of objects below `folder`, at most about `bytes_max` of them.

    Raises StoreError at once if the folder cannot be made; later failures are counted in
    `failures` and otherwise ignored.
    """

    def __init__(self, folder: str, bytes_max: int = DISK_BYTES_MAX) -> None:
        self.folder = os.path.abspath(os.path.expanduser(folder))
        self.bytes_max = bytes_max
        self.failures = 0
        self._lock = threading.Lock()
        self._bytes: int | None = None  # as last measured, plus what we wrote since
        self._written = 0  # since then
        try:
            os.makedirs(self.folder, exist_ok=True)
        except OSError as error:
            raise store_error(error, "make the cache", "pages", self.folder) from error

    def get(self, name: str, page: int) -> bytes | None:
        """The page, or None. A file that is not what was written is removed."""
        path = self._path(name, page)
        try:
            fd = os.open(path, disk.READ_FLAGS)
            try:
                raw = disk.read_at(fd, 0, os.fstat(fd).st_size)
            finally:
                os.close(fd)
            data = _checked(raw, name, page)
            if data is None:
                os.unlink(path)
            else:
                os.utime(path)  # the least recently read goes first
        except FileNotFoundError:
            return None
        except OSError:
            self.failures += 1
            return None
        return data

    def put(self, name: str, page: int, data: bytes) -> None:
        """Keep a page, making room for it."""
        path = self._path(name, page)
        temp = f"{path}.{os.urandom(6).hex()}.tmp"
        header = _HEADER.pack(_MAGIC, _checksum(name, page, data), len(data))
        try:
            try:
                disk.write_new_file(temp, [header, data], durable=False)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                disk.write_new_file(temp, [header, data], durable=False)
            os.replace(temp, path)
        except OSError:
            self.failures += 1
            disk.remove(temp)
            return
        self._account(len(header) + len(data))

    def drop(self, name: str) -> None:
        """Forget every page of an object."""
        start = _hash(name)
        for entry in self._entries(start[:2]):
            if entry.name.startswith(start):
                disk.remove(entry.path)

    def _path(self, name: str, page: int) -> str:
        hashed = _hash(name)
        return f"{self.folder}/{hashed[:2]}/{hashed}-{page:x}"

    def _account(self, written: int) -> None:
        with self._lock:
            self._written += written
            if self._bytes is not None:
                self._bytes += written
                limit = max(1, int(self.bytes_max * RESCAN_SHARE))
                if self._bytes <= self.bytes_max and self._written < limit:
                    return
            self._bytes = self._make_room()
            self._written = 0

    def _make_room(self) -> int:
        """Measure the folder and remove the least recently read pages; returns what is left."""
        pages: list[tuple[float, int, str]] = []
        total = 0
        now = time.time()
        for number in range(256):
            for entry in self._entries(f"{number:02x}"):
                try:
                    info = entry.stat()
                except FileNotFoundError:
                    continue  # another process made room
                if entry.name.endswith(".tmp") and now - info.st_mtime > TEMP_AGE_S_MAX:
                    disk.remove(entry.path)
                    continue
                pages.append((info.st_mtime, info.st_size, entry.path))
                total += info.st_size
        if total > self.bytes_max:
            for _, size, path in sorted(pages):
                disk.remove(path)
                total -= size
                if total <= self.bytes_max * ROOM_SHARE:
                    break
        return total

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(f"{self.folder}/{folder}") as entries:
                yield from entries
        except FileNotFoundError:
            return  # nothing was kept there yet
        except OSError:
            self.failures += 1


def _hash(name: str) -> str:
    return blake2b(name.encode(), digest_size=16).hexdigest()


def _checksum(name: str, page: int, data: bytes) -> int:
    named: int = google_crc32c.value(f"{name}\n{page}\n".encode())
    return int(google_crc32c.extend(named, data))


def _checked(raw: bytes, name: str, page: int) -> bytes | None:
    if len(raw) < _HEADER.size:
        return None
    magic, checksum, length = _HEADER.unpack_from(raw)
    data = raw[_HEADER.size :]
    if magic != _MAGIC or length != len(data) or checksum != _checksum(name, page, data):
        return None
    return data
