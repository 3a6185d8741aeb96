"""File-system calls that make a write survive power loss, and their stand-ins per platform.

Paths, descriptors and OSErrors only: knows no keys and raises none of our errors. Linux has
every call; macOS needs F_FULLFSYNC to reach the platter; Windows has no folder descriptors, and
a rename there fails if the target exists, which is the link we want.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
from itertools import islice
from typing import TYPE_CHECKING

from deeplake.storage.parts import flat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deeplake.types.base import Buffer

PARTS_PER_CALL = 1_000
"""Buffers of one writev: IOV_MAX is 1,024 on Linux and macOS."""

FILE_MODE = 0o666
"""As any file the user makes: the umask takes away what it should."""

_BINARY = getattr(os, "O_BINARY", 0)
READ_FLAGS = os.O_RDONLY | _BINARY
NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
TMPFILE_FLAGS = os.O_WRONLY | getattr(os, "O_TMPFILE", 0)
HAS_TMPFILE = hasattr(os, "O_TMPFILE")
NO_TMPFILE_ERRNOS = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS})
"""What file systems without O_TMPFILE say (NFS, FUSE; EISDIR is the kernel before 3.11)."""
NO_LINK_ERRNOS = frozenset(
    {errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EACCES}
)
"""What a system says that cannot link /proc/self/fd; a real denial recurs with a named file."""

_ON_WINDOWS = sys.platform == "win32"
_HAS_WRITEV = hasattr(os, "writev")
_HAS_PREAD = hasattr(os, "pread")


def write_parts(fd: int, parts: Iterable[memoryview]) -> int:
    """Write all parts at the file's position, at most 1,000 a call; returns bytes written.

    Args:
        parts: flat, as `parts.flat` makes them.
    """
    written = 0
    todo = iter(parts)
    while group := list(islice(todo, PARTS_PER_CALL)):
        total = sum([view.nbytes for view in group])
        done = os.writev(fd, group) if _HAS_WRITEV else 0
        if done != total:
            _write_rest(fd, group, done)
        written += total
    return written


def _write_rest(fd: int, group: list[memoryview], done: int) -> None:
    """Write `group` from byte `done` on (a call writes at most 2 GiB, less on a full disk)."""
    for view in group:
        skip = min(done, view.nbytes)
        done -= skip
        while skip < view.nbytes:
            step = os.write(fd, view[skip:])
            if step == 0:
                raise OSError(errno.EIO, "the file system wrote nothing")
            skip += step


def read_at(fd: int, start: int, length: int) -> bytes:
    """Bytes start:start+length, fewer only at the end of the file."""
    data = _pread(fd, length, start)
    if len(data) == length:
        return data
    pieces = [data]  # interrupted, or the end: only a read of nothing tells
    got = len(data)
    while data and got < length:
        data = _pread(fd, length - got, start + got)
        pieces.append(data)
        got += len(data)
    return b"".join(pieces)


def _pread(fd: int, length: int, start: int) -> bytes:
    if _HAS_PREAD:
        return os.pread(fd, length, start)
    os.lseek(fd, start, os.SEEK_SET)  # Windows; the descriptor is the caller's alone
    return os.read(fd, length)


def sync_data(fd: int) -> None:
    """Bring a file's bytes and size to stable storage."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    elif hasattr(os, "fdatasync"):
        os.fdatasync(fd)
    else:
        os.fsync(fd)


def sync_folder(folder: str) -> None:
    """Bring a folder's entries to stable storage (Windows does so by itself)."""
    if _ON_WINDOWS:
        return
    fd = os.open(folder, FOLDER_FLAGS)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_new_file(path: str, parts: Iterable[Buffer], *, durable: bool) -> int:
    """Write a file that must not exist yet; returns bytes written. On failure it may remain."""
    return fill(os.open(path, NEW_FLAGS, FILE_MODE), map(flat, parts), durable=durable)


def fill(fd: int, parts: Iterable[memoryview], *, durable: bool) -> int:
    """Write the parts, sync them if asked, close the file; returns bytes written."""
    try:
        written = write_parts(fd, parts)
        if durable:
            sync_data(fd)
    finally:
        os.close(fd)
    return written


def link_unnamed(fd: int, folder_fd: int, name: str) -> bool:
    """Give an O_TMPFILE file its name; FileExistsError if the name is taken.

    False if this system cannot (no /proc, a sandbox): the caller then needs a named file.
    """
    try:
        os.link(
            f"/proc/self/fd/{fd}",
            name,
            src_dir_fd=folder_fd,  # without it Python drops follow_symlinks: EXDEV
            dst_dir_fd=folder_fd,
            follow_symlinks=True,
        )
    except FileNotFoundError:
        if os.path.exists("/proc/self/fd"):
            raise  # the folder was removed under us
        return False
    except OSError as error:
        if error.errno not in NO_LINK_ERRNOS:
            raise
        return False
    return True


def link_named(temp: str, path: str) -> None:
    """Give the file `temp` the name `path`; FileExistsError if taken. `temp` may remain."""
    if _ON_WINDOWS:
        os.rename(temp, path)
        return
    try:
        os.link(temp, path)
    except FileExistsError:
        # NFS may repeat a link whose reply was lost: two names mean that ours is in place.
        if os.stat(temp).st_nlink != 2:
            raise


def anchor(folder: str, root: str, known: set[str]) -> None:
    """Make `folder` and its missing parents, and make their own entries durable.

    A folder found in place is synced too, once per process (`known`): another process may have
    made it and not have come to syncing it.
    """
    if folder in known:
        return
    parent = os.path.dirname(folder)
    if folder == root:
        _anchor_above(parent)
    else:
        anchor(parent, root, known)
    _make(folder)
    try:
        sync_folder(parent)
    except PermissionError:
        if folder != root:  # a parent we cannot even read: the root was made before us
            raise
    known.add(folder)


def _anchor_above(folder: str) -> None:
    """Make the missing folders above a root, each synced into its parent."""
    if os.path.isdir(folder):
        return
    parent = os.path.dirname(folder)
    if parent != folder:
        _anchor_above(parent)
    _make(folder)
    sync_folder(parent)


def _make(folder: str) -> None:
    try:
        os.mkdir(folder)
    except FileExistsError:
        if not os.path.isdir(folder):
            raise NotADirectoryError(
                errno.ENOTDIR, "a file is where a folder should be", folder
            ) from None


def remove(path: str) -> None:
    """Remove a temporary file if it is there; what cannot be removed is left to the sweep."""
    try:
        os.unlink(path)
    except OSError:
        return


def remove_folder(folder: str) -> bool:
    """Remove a folder if it is empty; True if it is gone."""
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # not empty, a mount point, or not ours: it stays
    return True


def map_file(fd: int, size: int) -> mmap.mmap:
    """The file as a read-only map; ValueError if it is shorter than `size` by now.

    Python before 3.13 keeps a copy of the descriptor with each map.
    """
    if sys.version_info >= (3, 13):
        return mmap.mmap(fd, size, access=mmap.ACCESS_READ, trackfd=False)
    return mmap.mmap(fd, size, access=mmap.ACCESS_READ)


def open_files_max() -> int:
    """The soft limit of open files of this process (a guess of 512 on Windows, its stdio's)."""
    if sys.platform == "win32":
        return 512
    soft = os.sysconf("SC_OPEN_MAX")
    return 1 << 20 if soft < 0 else soft
