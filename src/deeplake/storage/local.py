"""Objects as files under one folder, written so that an acknowledged write survives power loss.

Reads are our own system calls (an object of 20 KB in about 6 us); packs are mapped once and
read as views. Writes never show a torn object: `create` writes a nameless file, syncs it, links
it into place and syncs the folder. Works after fork, holds no locks. Knows nothing of buckets
or of what the bytes mean.

Files must not be changed or cut short by others: a mapped file that shrinks kills its readers
(SIGBUS), as with every program that maps files.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from deeplake.errors import StoreError, StoreUnavailableError, TruncatedObjectError
from deeplake.loading import later
from deeplake.storage import disk
from deeplake.storage.failures import no_folder, outside, store_error
from deeplake.storage.keys import check_key, check_prefix, is_key
from deeplake.storage.parts import Views, flat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from deeplake.storage import store
    from deeplake.storage.store import ByteView
    from deeplake.types.base import Buffer
else:
    store = later("deeplake.storage.store")

MAPS_MAX = 1_024
"""Mapped packs of one store: 64 GiB of them, far below the 65,530 maps of a Linux process."""

READ_BYTES = 64 << 10
"""First read of an object of unknown size: nearly every commit slot fits."""

TEMP_AGE_S_MAX = 86_400
"""A temporary file this old belongs to a writer that died: no write takes a day."""

MAKING = ("create", "write")
"""What needs the root to be there, or makes it."""

_HEX = frozenset("0123456789abcdef")

FOLDERS_KNOWN_MAX = 4_096
"""Folders remembered as durable (256 of packs, one per branch); then we start afresh."""

CROWDED_CREATES = 64
"""Creates that look before they write, after one that came too late: writers come in crowds."""

FOLDER_ATTEMPTS_MAX = 8
"""Times a folder may vanish under a write (a concurrent delete prunes empty ones)."""


class LocalStore:
    """A folder as a store. `root` need not exist: the first write makes it.

    >>> import tempfile
    >>> store = LocalStore(tempfile.mkdtemp())
    >>> store.create("refs/heads/0/1", [b"he", b"llo"])
    5
    >>> store.get("refs/heads/0/1", limit_bytes=4)
    b'hell'
    """

    remote = False

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = os.path.abspath(os.fspath(root))
        self.url = self.root
        self._start = self.root if self.root.endswith("/") else self.root + "/"
        self._maps: OrderedDict[str, npt.NDArray[np.uint8]] = OrderedDict()
        self._maps_max = _maps_max()
        self._known: set[str] = set()
        self._unsynced: set[str] = set()
        """Files of ours whose folder could not be synced."""
        self._use_tmpfile = disk.HAS_TMPFILE
        self._crowded = 0
        """How many creates from now on look first whether the file is there."""
        self._swept = False

    def __repr__(self) -> str:
        return f"LocalStore({self.root!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (LocalStore, (self.root,))

    # --- reading ---------------------------------------------------------------------------

    def get(self, key: str, limit_bytes: int | None = None, start: int = 0) -> bytes:
        """See `Store.get`: open, read, close."""
        check_key(key)
        try:
            fd = os.open(self._start + key, disk.READ_FLAGS)
            try:
                if limit_bytes is not None:
                    return disk.read_at(fd, start, limit_bytes)
                head = disk.read_at(fd, start, READ_BYTES)
                if len(head) < READ_BYTES:
                    return head
                rest = os.fstat(fd).st_size - start - READ_BYTES
                return head + disk.read_at(fd, start + READ_BYTES, rest) if rest > 0 else head
            finally:
                os.close(fd)
        except OSError as error:
            raise self._error(error, "read", key) from error

    def get_range(self, key: str, start: int, length: int) -> ByteView:
        """See `Store.get_range`. Of a pack: a read-only view that keeps its map alive."""
        if key.startswith("packs/"):
            whole = self._mapped(key)
            if start < 0 or length < 0 or start + length > len(whole):
                raise outside(key, start, length, len(whole))
            return whole[start : start + length]
        return self.get_ranges(key, [(start, length)])[0]

    def get_ranges(self, key: str, ranges: Sequence[tuple[int, int]]) -> list[ByteView]:
        """See `Store.get_ranges`: views of a pack, else one open and a read per range."""
        if key.startswith("packs/"):
            return [self.get_range(key, start, length) for start, length in ranges]
        check_key(key)
        try:
            fd = os.open(self._start + key, disk.READ_FLAGS)
            try:
                return _read_near(fd, ranges) or [
                    _read_exactly(fd, key, start, length) for start, length in ranges
                ]
            finally:
                os.close(fd)
        except OSError as error:
            raise self._error(error, "read", key) from error

    def map(self, key: str) -> npt.NDArray[np.uint8]:
        """See `Store.map`. Maps of packs are kept (the most recently used), others are not."""
        return self._mapped(key) if key.startswith("packs/") else self._map_file(key)

    def _mapped(self, key: str) -> npt.NDArray[np.uint8]:
        # Each OrderedDict call is atomic, so no lock is needed, and none can be held at a fork.
        maps = self._maps
        whole = maps.get(key)
        if whole is not None:
            try:  # noqa: SIM105  (suppress costs 0.4 us here)
                maps.move_to_end(key)
            except KeyError:
                pass  # evicted meanwhile; our reference keeps it mapped
            return whole
        whole = maps.setdefault(key, self._map_file(key))
        while len(maps) > self._maps_max:
            maps.popitem(last=False)
        return whole

    def _map_file(self, key: str) -> npt.NDArray[np.uint8]:
        check_key(key)
        try:
            fd = os.open(self._start + key, disk.READ_FLAGS)
            try:
                size = os.fstat(fd).st_size
                buffer = disk.map_file(fd, size) if size else b""
            finally:
                os.close(fd)
        except OSError as error:
            raise self._error(error, "map", key) from error
        except ValueError as error:
            raise TruncatedObjectError(
                f"{key!r} in {self.url} shrank while it was being mapped.",
                hint="Something other than deeplake changes files of this repository.",
            ) from error
        return np.frombuffer(buffer, dtype=np.uint8)

    def size(self, key: str) -> int:
        """See `Store.size`."""
        check_key(key)
        try:
            info = os.stat(self._start + key)
        except OSError as error:
            raise self._error(error, "look at", key) from error
        if not stat.S_ISREG(info.st_mode):
            raise self._error(IsADirectoryError(errno.EISDIR, "a folder"), "look at", key)
        return info.st_size

    def list(self, prefix: str) -> Iterator[store.ObjectInfo]:
        """See `Store.list`. Files whose names are no keys (`tmp/`, .DS_Store) are left out."""
        check_prefix(prefix)
        return self._walk(prefix)

    def _walk(self, prefix: str) -> Iterator[store.ObjectInfo]:
        folders = [prefix[: prefix.rfind("/") + 1]]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(self._start + folder) as entries:
                    for entry in entries:
                        key = folder + entry.name
                        if not key.startswith(prefix) or not is_key(key):
                            continue
                        if entry.is_dir():
                            folders.append(key + "/")
                        elif (info := _info(key, entry)) is not None:
                            yield info
            except (FileNotFoundError, NotADirectoryError):
                continue  # no such folder, or pruned while we walked
            except OSError as error:
                raise self._error(error, "list", folder) from error

    # --- writing ---------------------------------------------------------------------------

    def create(self, key: str, parts: Iterable[Buffer]) -> int:
        """See `Store.create`: durable once it returns; on failure nothing is left behind.

        If syncing the folder fails after the link (a dying disk), the outcome is unknown and
        StoreUnavailableError says so; asked again, it is StoreError until the sync succeeds, so
        that nobody takes a file that is merely there for one that will survive.
        """
        check_key(key)
        path = self._start + key
        if self._crowded:  # the link tells too, 300 us of writing later; a look is 2 to 10 us
            self._crowded -= 1
            if os.access(path, os.F_OK):
                raise self._taken(key, path)
        views = [memoryview(part) if type(part) is bytes else flat(part) for part in parts]
        self._sweep_once()
        folder, _, name = path.rpartition("/")
        try:
            for attempt in range(FOLDER_ATTEMPTS_MAX):
                self._anchor(folder)
                try:
                    return self._create_in(folder, name, views)
                except FileNotFoundError:
                    if attempt == FOLDER_ATTEMPTS_MAX - 1:
                        raise
                    self._known.clear()
        except FileExistsError as error:
            raise self._taken(key, path) from error
        except OSError as error:
            raise self._error(error, "create", key) from error
        raise AssertionError("unreachable")

    def _taken(self, key: str, path: str) -> StoreError:
        """A race is lost: the next creates look before they write."""
        self._crowded = CROWDED_CREATES
        self._sync_at_last(path)
        return self._error(FileExistsError(errno.EEXIST, "taken"), "create", key)

    def _create_in(self, folder: str, name: str, views: Sequence[memoryview]) -> int:
        if not self._use_tmpfile:
            return self._create_named(folder, name, views)
        folder_fd = os.open(folder, disk.FOLDER_FLAGS)
        try:
            try:
                fd = os.open(".", disk.TMPFILE_FLAGS, disk.FILE_MODE, dir_fd=folder_fd)
            except OSError as error:
                if error.errno not in disk.NO_TMPFILE_ERRNOS:
                    raise
                self._use_tmpfile = False
                return self._create_named(folder, name, views)
            try:
                written = disk.write_parts(fd, views)
                disk.sync_data(fd)
                if not disk.link_unnamed(fd, folder_fd, name):
                    self._use_tmpfile = False
                    return self._create_named(folder, name, views)
            finally:
                os.close(fd)
            try:
                os.fsync(folder_fd)
            except OSError as error:
                raise self._unknown(folder, name, error) from error
        finally:
            os.close(folder_fd)
        return written

    def _create_named(self, folder: str, name: str, views: Sequence[memoryview]) -> int:
        fd, temp = self._open_temp()
        try:
            written = disk.fill(fd, views, durable=True)
            disk.link_named(temp, f"{folder}/{name}")
        finally:
            disk.remove(temp)
        try:
            disk.sync_folder(folder)
        except OSError as error:
            raise self._unknown(folder, name, error) from error
        return written

    def put(self, key: str, parts: Iterable[Buffer], *, durable: bool = True) -> int:
        """See `Store.put`: a temporary file, synced if `durable`, renamed into place."""
        check_key(key)
        self._sweep_once()
        self._maps.pop(key, None)
        views = Views(parts)
        try:
            fd, temp = self._open_temp()
            try:
                written = disk.fill(fd, views, durable=durable)
                self._rename(temp, self._start + key, sync=durable)
            finally:
                disk.remove(temp)
        except OSError as error:
            if views.failed:
                raise
            raise self._error(error, "write", key) from error
        self._maps.pop(key, None)  # of a reader that came between
        return written

    def _rename(self, temp: str, path: str, *, sync: bool) -> None:
        folder = path.rpartition("/")[0]
        for attempt in range(FOLDER_ATTEMPTS_MAX):
            self._anchor(folder)
            try:
                os.replace(temp, path)
                break
            except FileNotFoundError:
                if attempt == FOLDER_ATTEMPTS_MAX - 1:
                    raise
                self._known.clear()
        if sync:
            disk.sync_folder(folder)

    def delete(self, keys: Iterable[str]) -> None:
        """See `Store.delete`. Folders left empty go too, the root with the last object."""
        folders: set[str] = set()
        for key in keys:
            check_key(key)
            self._maps.pop(key, None)  # Windows deletes no file that is mapped
            try:
                os.unlink(self._start + key)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise self._error(error, "delete", key) from error
            folders.add((self._start + key).rpartition("/")[0])
        for folder in folders:
            self._prune(folder)

    def _prune(self, folder: str) -> None:
        """Remove `folder` and the parents it leaves empty; sync the first that stays."""
        try:
            while len(folder) >= len(self.root):
                if folder == self.root:
                    disk.remove_folder(self._start + "tmp")
                if not disk.remove_folder(folder):
                    disk.sync_folder(folder)
                    return
                self._known.clear()
                folder = os.path.dirname(folder)
        except FileNotFoundError:
            return  # another process prunes the same folders
        except OSError as error:
            raise self._error(error, "delete in", folder) from error

    def sweep(self, older_than_s: float = TEMP_AGE_S_MAX) -> int:
        """Remove what writers that died left in `tmp/`, if older; returns files removed.

        Runs by itself before a store's first write, at a day. The folder may be somebody else's as
        well (`/tmp`, of a repository at `/`): only files named as ours are looked at.
        """
        limit_s = time.time() - older_than_s
        removed = 0
        try:
            with os.scandir(self._start + "tmp") as entries:
                for entry in entries:
                    if not _is_temp(entry.name) or not entry.is_file(follow_symlinks=False):
                        continue
                    if entry.stat().st_mtime <= limit_s:
                        os.unlink(entry.path)
                        removed += 1
        except (FileNotFoundError, NotADirectoryError):
            pass  # no leftovers, or another process sweeps as well
        except OSError as error:
            raise self._error(error, "sweep", "tmp/") from error
        return removed

    def close(self) -> None:
        """Forget the maps; views that callers still hold stay valid."""
        self._maps.clear()

    # --- parts of the above ----------------------------------------------------------------

    def _sweep_once(self) -> None:
        if not self._swept:
            self._swept = True
            self.sweep()

    def _anchor(self, folder: str) -> None:
        if folder not in self._known:
            if len(self._known) >= FOLDERS_KNOWN_MAX:
                self._known.clear()
            disk.anchor(folder, self.root, self._known)

    def _open_temp(self) -> tuple[int, str]:
        """A new file in `tmp/`, whose folder another process may be pruning."""
        folder = self._start + "tmp"
        temp = f"{folder}/{os.getpid():x}-{os.urandom(8).hex()}"
        for _ in range(FOLDER_ATTEMPTS_MAX):
            try:
                return os.open(temp, disk.NEW_FLAGS, disk.FILE_MODE), temp
            except FileNotFoundError:
                os.makedirs(folder, exist_ok=True)  # it may get lost: nothing in it must last
        return os.open(temp, disk.NEW_FLAGS, disk.FILE_MODE), temp

    def _unknown(self, folder: str, name: str, error: OSError) -> StoreUnavailableError:
        self._unsynced.add(f"{folder}/{name}")
        return StoreUnavailableError(
            f"{folder}/{name} was written, but syncing its folder failed: {error.strerror}.",
            hint="It may not survive power loss. Check the disk.",
        )

    def _sync_at_last(self, path: str) -> None:
        """Make up for a sync that failed, before anybody relies on the file being there."""
        if path not in self._unsynced:
            return
        try:
            disk.sync_folder(path.rpartition("/")[0])
        except OSError as error:
            raise StoreError(
                f"{path} is there, but syncing its folder fails: {error.strerror}.",
                hint="It may not survive power loss. Check the disk.",
            ) from error
        self._unsynced.discard(path)

    def _error(self, error: OSError, doing: str, key: str) -> StoreError:
        if error.errno == errno.ENOENT and doing in MAKING and not os.path.isdir(self.root):
            return no_folder(key, self.url)
        return store_error(error, doing, key, self.url)


def _maps_max() -> int:
    # A map holds a descriptor before Python 3.13: leave three quarters to everybody else.
    return max(16, min(MAPS_MAX, disk.open_files_max() // 4))


def _is_temp(name: str) -> bool:
    """Whether `_open_temp` gives files such names.

    >>> _is_temp("4d2-0123456789abcdef"), _is_temp("notes.txt")
    (True, False)
    """
    process, dash, chance = name.partition("-")
    return bool(process and dash) and len(chance) == 16 and set(process + chance) <= _HEX


def _read_near(fd: int, ranges: Sequence[tuple[int, int]]) -> list[ByteView] | None:
    """Ranges that lie close together, in one read; None if they do not, or are not all there."""
    if len(ranges) < 2:
        return None
    low = min([start for start, _ in ranges])
    high = max([start + length for start, length in ranges])
    if low < 0 or high - low > READ_BYTES or min([length for _, length in ranges]) < 0:
        return None
    whole = disk.read_at(fd, low, high - low)
    if len(whole) < high - low:
        return None
    return [whole[start - low : start - low + length] for start, length in ranges]


def _read_exactly(fd: int, key: str, start: int, length: int) -> bytes:
    if start >= 0 and length >= 0:
        data = disk.read_at(fd, start, length)
        if len(data) == length and (length or start <= os.fstat(fd).st_size):
            return data
    raise outside(key, start, length, os.fstat(fd).st_size)


def _info(key: str, entry: os.DirEntry[str]) -> store.ObjectInfo | None:
    try:
        info = entry.stat()
    except FileNotFoundError:
        return None  # deleted while we walked
    return store.ObjectInfo(key, info.st_size, info.st_mtime)
